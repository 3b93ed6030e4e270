//! A glob import of the facade changes the meaning of no name that everybody uses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod root {
    // Everything at once: whatever the facade exports, these must still mean the standard library's.
    #[allow(unused_imports)]
    use pimkit::*;

    pub fn both<T: Send + Sync + Sized + Unpin + Clone + Copy>(value: T) -> T {
        value
    }

    pub fn one_parameter(text: &str) -> Result<u8> {
        text.parse().map_err(|_| Error::new(ErrorKind::InvalidData, "no number"))
    }

    pub fn two_parameters(text: &str) -> Result<u8, std::num::ParseIntError> {
        text.parse()
    }

    pub fn standard(list: Vec<String>) -> Option<Box<dyn Fn(usize) -> Option<String> + Send + Sync>> {
        Some(Box::new(move |n| list.iter().map(ToString::to_string).chain(core::iter::empty()).nth(n)))
    }
}

mod prelude {
    use pimkit::prelude::*;

    pub fn shared<T: Connector + Send + Sync>() {}

    pub fn standard_result(text: &str) -> Result<u8, std::num::ParseIntError> {
        text.parse()
    }

    pub fn record<R: Record + Send + Sync>() -> Kind {
        R::KIND
    }
}

#[test]
fn a_glob_import_leaves_the_standard_names_alone() {
    assert_eq!(root::both(3_u8), 3);
    assert!(root::one_parameter("x").is_err());
    assert_eq!(root::two_parameters("7"), Ok(7));
    let nth = root::standard(vec!["a".to_owned()]).unwrap();
    assert_eq!(nth(0).as_deref(), Some("a"));
    assert_eq!(prelude::standard_result("7"), Ok(7));
    assert_eq!(prelude::record::<pimkit::Contact>(), pimkit::Kind::Contact);
    fn _compiles<T: pimkit::Connector>() {
        prelude::shared::<T>();
    }
}
