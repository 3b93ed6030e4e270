//! Recording an account into whose traffic secrets were planted: none is in what is written, and what is written plays.

use super::*;
use base64::{Engine, engine::general_purpose::STANDARD};
use pimkit_contract::replay::{Recording, Replay, Taken as Exchange};
use std::collections::BTreeMap;
use std::fs;

const PLANTED_USER: &str = "alice.smith";
const PLANTED: &str = "h&nter/2 p\u{e4}ssword";
/// As it stands in addresses.
const ESCAPED: &str = "h%26nter%2F2%20p%C3%A4ssword";

const PRINCIPAL: &str = "<d:current-user-principal><d:href>/users/alice.smith/</d:href></d:current-user-principal>\
    <r:addressbook-home-set><d:href>/users/alice.smith/</d:href></r:addressbook-home-set>\
    <c:calendar-home-set><d:href>/users/alice.smith/</d:href></c:calendar-home-set>\
    <c:calendar-user-address-set><d:href>mailto:Alice.Smith@corp.invented.net</d:href></c:calendar-user-address-set>";
const BOOK: &str = "<d:resourcetype><d:collection/><r:addressbook/></d:resourcetype>\
    <d:displayname>Book of alice.smith (access_token=ya29-planted)</d:displayname>";

fn response(href: &str, props: &str) -> String {
    format!(
        "<d:response><d:href>{href}</d:href><d:propstat><d:prop>{props}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
    )
}

fn exchange(method: &str, target: &str, asked: &[(&str, &str)], sent: &str, status: u16, received: &str) -> Exchange {
    let text = if received.starts_with("<d:response>") {
        format!(
            "<?xml version=\"1.0\"?><d:multistatus xmlns:d=\"DAV:\" xmlns:c=\"urn:ietf:params:xml:ns:caldav\" \
             xmlns:r=\"urn:ietf:params:xml:ns:carddav\">{received}</d:multistatus>"
        )
    } else {
        received.to_owned()
    };
    let pairs = |all: &[(&str, &str)]| all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let cookie = ("set-cookie", "session=cookie-planted; Path=/");
    let answered = [
        cookie,
        ("location", "/users/alice.smith/?refresh_token=planted-3"),
        ("x-secret", "planted-4"),
        ("content-type", "application/xml"),
    ];
    let answered = if status == 301 { &answered[..] } else { &[cookie, answered[2], answered[3]] };
    Exchange {
        method: method.to_owned(),
        target: target.to_owned(),
        asked: pairs(asked),
        sent: sent.as_bytes().to_vec(),
        status,
        answered: pairs(answered),
        received: text.into_bytes(),
    }
}

/// A server that says what it should keep to itself.
fn indiscreet() -> Recording {
    let basic = STANDARD.encode(format!("{PLANTED_USER}:{PLANTED}"));
    let card = format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nFN:Alice Smith\r\nN:Smith;Alice;;;\r\nEMAIL:alice.smith@corp.inven\r\n ted.net\r\n\
         NOTE:{{\"token\": \"planted-5\"\\, \"pw\": \"h&amp;nter/2 p\u{e4}ss\r\n word\"}} Basic {basic}\r\nEND:VCARD\r\n"
    );
    let (zero, one) = ([("depth", "0")], [("depth", "1")]);
    let (home, book, item) = ("/users/alice.smith/", "/users/alice.smith/book/", "/users/alice.smith/book/1.vcf");
    let etag = "<d:getetag>\"1\"</d:getetag>";
    Recording::of(vec![
        exchange("PROPFIND", "/", &zero, "", 301, "see https://alice.smith:h%26nter%2F2%20p%C3%A4ssword@dav.corp.invented.net/"),
        exchange("PROPFIND", home, &zero, "", 207, &response(home, PRINCIPAL)),
        exchange("PROPFIND", home, &one, "", 207, &(response(home, "") + &response(book, BOOK))),
        exchange("PROPFIND", book, &zero, "", 207, &response(book, BOOK)),
        exchange("PROPFIND", book, &one, "", 207, &(response(book, BOOK) + &response(item, etag))),
        exchange(
            "REPORT",
            book,
            &[],
            "<addressbook-multiget/>",
            207,
            &response(item, &format!("{etag}<r:address-data>{card}</r:address-data>")),
        ),
    ])
}

#[test]
fn nothing_that_was_planted_is_in_any_file_and_the_case_plays() {
    let fixtures = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let files: BTreeMap<String, String> = runtime.block_on(async {
        let server = Replay::loose(indiscreet()).await;
        let password = Secret::new(PLANTED);
        let url = format!("{}/?pw={ESCAPED}", server.base());
        let taken = live::account(&url, &Login { user: PLANTED_USER, password: &password }).await.unwrap();
        let sanitiser = Sanitiser::new().login(PLANTED_USER, &password).replace("Alice", "Somebody").replace("Smith", "Real");
        let from = "an indiscreet server 1".to_owned();
        let recorded = Recorded { server: "told", case: ACCOUNT, shows: "Secrets.", from, taken, sanitiser, user: PLANTED_USER };
        recorded.keep(fixtures.path(), false).await.unwrap();
        let read = |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap());
        fs::read_dir(fixtures.path().join("told-account")).unwrap().map(|entry| read(entry.unwrap())).collect()
    });
    assert!(["case.toml", "traffic.json", "expected.json"].iter().all(|name| files.contains_key(*name)), "{:?}", files.keys());
    let basic = STANDARD.encode(format!("{PLANTED_USER}:{PLANTED}"));
    for (name, text) in &files {
        // Lines of cards are folded, and JSON escapes: neither hides anything.
        let plain = text.replace("\r\n ", "").replace("\n ", "");
        for text in [text, &plain] {
            let lower = text.to_lowercase();
            for secret in ["nter", "ssword", "planted", "ya29", "alice", "smith", "corp", "invented", "cookie", "authorization"] {
                assert!(!lower.contains(secret), "{secret} in {name}: {text}");
            }
            assert!(!text.contains(&basic) && !text.contains(&basic[4..basic.len() - 4]), "{name}: {text}");
        }
    }
    // It is the account all the same: user and card are there, under other names.
    assert!(files["traffic.json"].contains("/users/user-1/book/") && files["expected.json"].contains("person-2@example.org"));
    assert!(files["expected.json"].contains("Somebody Real"), "{}", files["expected.json"]);
}

#[test]
fn what_could_not_be_made_clean_is_not_written() {
    let fixtures = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let why = runtime.block_on(async {
        // Escaped twice, so that no stand-in fits.
        let twice = ESCAPED.replace('%', "%25");
        let server = Replay::loose(Recording::of(vec![exchange("PROPFIND", "/", &[], "", 404, &twice)])).await;
        let password = Secret::new(PLANTED);
        let login = Login { user: PLANTED_USER, password: &password };
        let mut taken = live::account(&server.base(), &login).await.unwrap();
        taken.played.end = Ok(());
        let sanitiser = Sanitiser::new().login(PLANTED_USER, &password);
        let from = "an indiscreet server 1".to_owned();
        let recorded = Recorded { server: "told", case: ACCOUNT, shows: "Secrets.", from, taken, sanitiser, user: PLANTED_USER };
        recorded.keep(fixtures.path(), false).await.unwrap_err()
    });
    assert!(why.contains("nothing was written"), "{why}");
    assert_eq!(fs::read_dir(fixtures.path()).unwrap().count(), 0);
}
