//! Every case of the fixtures, played again: the connector asks what it asked, and makes of the answers what it made.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod scenarios;

use pimkit_core::fixture::{Case, Provenance};
use scenarios::{ACCOUNT, CASES, over};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn folders() -> Vec<PathBuf> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fixtures/graph");
    let mut all: Vec<PathBuf> = fs::read_dir(&fixtures).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    all.sort();
    all
}

/// What is wrong with a case.
async fn problems(folder: &Path) -> Vec<String> {
    let replayed = over::replay(&over::case(folder).unwrap(), folder).await;
    replayed.and_then(|replayed| replayed.against(folder)).unwrap_or_else(|error| vec![error.to_string()])
}

#[tokio::test]
async fn every_case_comes_to_what_it_came_to() {
    let mut failed = Vec::new();
    for folder in folders() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        failed.extend(problems(&folder).await.into_iter().map(|problem| format!("{name}: {problem}")));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Nobody had a tenant to record them at.
#[test]
fn every_case_is_there_and_says_that_it_was_composed_and_after_what() {
    let mut there = BTreeSet::new();
    for folder in folders() {
        let said: Case = toml::from_slice(&fs::read(folder.join("case.toml")).unwrap()).unwrap();
        let case = over::case(&folder).unwrap();
        if case == ACCOUNT {
            assert!(matches!(said.provenance, Provenance::Recorded { .. }), "{case}");
            continue;
        }
        match &said.provenance {
            Provenance::Composed { from } => assert!(from.starts_with("https://learn.microsoft.com/graph/"), "{case}: {from}"),
            other => panic!("{case}: {other:?}"),
        }
        let shows = CASES.iter().find(|(name, _)| *name == case).unwrap().1;
        assert_eq!(said.shows, shows, "{case}: run cargo xtask record --connector graph");
        there.insert(case);
    }
    assert_eq!(there, CASES.iter().map(|(name, _)| (*name).to_owned()).collect());
}

/// A case, with one of its files changed.
async fn changed(case: &str, file: &str, from: &str, to: &str) -> Vec<String> {
    let folder = folders().into_iter().find(|folder| folder.ends_with(case)).unwrap();
    let copy = tempfile::tempdir().unwrap();
    let copy = copy.path().join(case);
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
async fn a_case_that_says_something_else_is_seen() {
    assert_eq!(changed("conflict", "traffic.json", "", "").await, Vec::<String>::new());
    for (case, file, from, to) in [
        ("conflict", "traffic.json", "\"if-match\",\n          \"W/", "\"if-match\",\n          \"V/"),
        ("conflict", "traffic.json", "\"status\": 412", "\"status\": 200"),
        ("conflict", "traffic.json", "/v1.0/me/contacts/contact-ana?", "/v1.0/me/contacts/contact-other?"),
        ("conflict", "case.toml", "expect = \"ok\"", "[expect.error]\nkind = \"config\""),
        ("conflict", "expected.json", "\"conflict\"", "\"written\""),
        ("conditional-access", "expected.json", "conditional_access", "consent_missing"),
        ("delta-expired", "traffic.json", "$deltatoken=old", "$deltatoken=older"),
    ] {
        assert!(!changed(case, file, from, to).await.is_empty(), "{case} {file}: {from} -> {to}");
    }
}
