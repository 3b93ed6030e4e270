//! What holds for every text that is sanitised.

use super::{Sanitiser, spellings};
use crate::Secret;
use proptest::prelude::*;

const PASSWORD: &str = "h&nter/2 p\u{e4}ssword";

fn sanitiser() -> Sanitiser {
    Sanitiser::new().login("alice.smith", &Secret::new(PASSWORD)).host("dav.corp.invented.net")
}

/// The password in one of its dresses.
fn dressed() -> impl Strategy<Value = String> {
    let mut all = spellings::of(PASSWORD);
    all.extend(spellings::packed(PASSWORD));
    all.extend(spellings::packed(&format!("alice.smith:{PASSWORD}")));
    prop::sample::select(all)
}

proptest! {
    #[test]
    fn a_secret_is_taken_out_wherever_it_stands(before in "[ -~\n\r\u{e4}]{0,30}", secret in dressed(), behind in "[ -~\n\r\u{e4}]{0,30}") {
        let clean = sanitiser().begin().apply(format!("{before}{secret}{behind}").as_bytes());
        prop_assert!(!sanitiser().leaks(&clean), "{}", String::from_utf8_lossy(&clean));
    }

    #[test]
    fn a_secret_is_taken_out_across_folds(secret in dressed(), at in 1_usize..8) {
        let at = (at..secret.len()).find(|at| secret.is_char_boundary(*at)).unwrap_or(0);
        let text = format!("BEGIN:VCARD\r\nNOTE:{}\r\n {}\r\nEND:VCARD\r\n", &secret[..at], &secret[at..]);
        let clean = sanitiser().begin().apply(text.as_bytes());
        prop_assert!(!sanitiser().leaks(&clean) && clean.ends_with(b"\r\nEND:VCARD\r\n"), "{}", String::from_utf8_lossy(&clean));
    }

    #[test]
    fn any_bytes_can_be_sanitised_and_a_second_time_changes_nothing(bytes in prop::collection::vec(any::<u8>(), 0..200), words in "[a-z@.%\\\\:=\"<>/_ \n]{0,60}password[a-z@.%\\\\:=\"<>/_ \n]{0,60}") {
        let _ = sanitiser().leaks(&bytes);
        let _ = sanitiser().begin().apply(&bytes);
        let once = sanitiser().begin().apply(words.as_bytes());
        let twice = sanitiser().begin().apply(&once);
        prop_assert_eq!(String::from_utf8_lossy(&once), String::from_utf8_lossy(&twice));
    }
}
