//! Every recorded case, played again: the connector asks what it asked, and makes of the answers what it made.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod scenarios;

use scenarios::{CASES, over, program::Kept};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn folders() -> Vec<PathBuf> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fixtures/dav");
    let mut all: Vec<PathBuf> = fs::read_dir(&fixtures).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    all.sort();
    all
}

/// What is wrong with a case.
async fn problems(folder: &Path) -> Vec<String> {
    let (server, case) = over::parts(folder).unwrap();
    let replayed = over::replay(&server, &case, folder).await;
    replayed.and_then(|replayed| replayed.against(folder)).unwrap_or_else(|error| vec![error.to_string()])
}

#[tokio::test]
async fn every_recorded_case_comes_to_what_it_came_to() {
    let mut failed = Vec::new();
    for folder in folders() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        failed.extend(problems(&folder).await.into_iter().map(|problem| format!("{name}: {problem}")));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_case_is_recorded_at_every_server() {
    let there: BTreeSet<(String, String)> = folders().iter().map(|folder| over::parts(folder).unwrap()).collect();
    for kept in Kept::ALL {
        for (case, _) in CASES {
            assert!(there.contains(&(kept.word().to_owned(), (*case).to_owned())), "{} {case}: run cargo xtask record", kept.word());
        }
    }
}

/// A case, with one of its files changed.
async fn changed(file: &str, from: &str, to: &str) -> Vec<String> {
    let folder = folders().into_iter().find(|folder| folder.ends_with("radicale-conflict")).unwrap();
    let copy = tempfile::tempdir().unwrap();
    let copy = copy.path().join("radicale-conflict");
    fs::create_dir(&copy).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    let text = fs::read_to_string(copy.join(file)).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    fs::write(copy.join(file), text.replacen(from, to, 1)).unwrap();
    problems(&copy).await
}

#[tokio::test]
async fn a_recording_that_says_something_else_is_seen() {
    assert_eq!(changed("traffic.json", "", "").await, Vec::<String>::new());
    for (file, from, to) in [
        ("traffic.json", "\"if-match\",\n          \"", "\"if-match\",\n          \"W/"),
        ("traffic.json", "\"status\": 412", "\"status\": 204"),
        ("traffic.json", "/user-1/book/s1.vcf\"", "/user-1/book/other.vcf\""),
        ("case.toml", "expect = \"ok\"", "[expect.error]\nkind = \"config\""),
        ("expected.json", "\"conflict\"", "\"written\""),
    ] {
        assert!(!changed(file, from, to).await.is_empty(), "{file}: {from} -> {to}");
    }
}
