//! A glob import of the facade changes the meaning of no name that everybody uses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod root {
    // Everything at once: whatever the facade exports, these must still mean the standard library's.
    #[allow(unused_imports)]
    use pimkit::*;

    pub(crate) fn both<T: Send + Sync + Sized + Unpin + Clone + Copy>(value: T) -> T {
        value
    }

    pub(crate) fn one_parameter(text: &str) -> Result<u8> {
        text.parse().map_err(|_| Error::new(ErrorKind::InvalidData, "no number"))
    }

    pub(crate) fn two_parameters(text: &str) -> Result<u8, std::num::ParseIntError> {
        text.parse()
    }

    pub(crate) fn standard(list: Vec<String>) -> Option<Box<dyn Fn(usize) -> Option<String> + Send + Sync>> {
        Some(Box::new(move |n| list.iter().map(ToString::to_string).chain(core::iter::empty()).nth(n)))
    }
}

mod prelude {
    use pimkit::prelude::*;

    pub(crate) fn shared<T: Connector + Send + Sync>() -> &'static str {
        std::any::type_name::<T>().rsplit("::").next().unwrap_or_default()
    }

    pub(crate) fn standard_result(text: &str) -> Result<u8, std::num::ParseIntError> {
        text.parse()
    }

    pub(crate) fn record<R: Record + Send + Sync>() -> Kind {
        R::KIND
    }
}

/// A connector that has nothing.
#[derive(Debug)]
struct NoAccount;

#[async_trait::async_trait]
impl pimkit::Connector for NoAccount {
    fn info(&self) -> pimkit::ConnectorInfo {
        pimkit::ConnectorInfo { id: "none", kinds: &[], roles: &[] }
    }
    async fn account(&self) -> pimkit::Result<pimkit::Account> {
        Err(pimkit::unsupported("none"))
    }
    fn contacts(&self) -> Option<std::sync::Arc<dyn pimkit::Repository<pimkit::Contact>>> {
        None
    }
    fn events(&self) -> Option<std::sync::Arc<dyn pimkit::Repository<pimkit::Event>>> {
        None
    }
    fn tasks(&self) -> Option<std::sync::Arc<dyn pimkit::Repository<pimkit::Task>>> {
        None
    }
    fn messages(&self) -> Option<std::sync::Arc<dyn pimkit::Repository<pimkit::Message>>> {
        None
    }
    fn users(&self) -> Option<std::sync::Arc<dyn pimkit::Repository<pimkit::User>>> {
        None
    }
    fn push(&self) -> Option<std::sync::Arc<dyn pimkit::Push>> {
        None
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
    assert_eq!(prelude::shared::<NoAccount>(), "NoAccount");
}
