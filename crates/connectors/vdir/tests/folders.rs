//! Making, renaming and deleting collections.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::*;
use pimkit_contract::samples;
use pimkit_core::{Collection, ErrorKind, Mark, Outcome, WriteOptions};
use std::fs;

fn done(outcome: Outcome<Collection>) -> Collection {
    match outcome {
        Outcome::Written { now: Some(now), .. } => now.record,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_folder_is_made_once_per_mark_and_called_what_people_call_it() {
    let folder = Folder::new();
    let contacts = folder.contacts();
    let folders = contacts.folders().unwrap();
    let options = WriteOptions::default();
    let made = done(folders.create(&Mark::from("pk-1"), "Friends / Freunde", &options).await);
    assert_eq!((made.id.as_str(), made.name.as_str()), ("pk-1", "Friends / Freunde"));
    let again = done(folders.create(&Mark::from("pk-1"), "Friends / Freunde", &options).await);
    assert_eq!(again.id, made.id);
    let escape = done(folders.create(&Mark::from("../x"), "Escape", &options).await);
    assert!(!escape.id.as_str().contains('/'));
    assert_eq!(folder.tree().len(), 4);
    let renamed = done(folders.rename(&made.id, "Enemies", &options).await);
    assert_eq!((&renamed.id, renamed.name.as_str()), (&made.id, "Enemies"));
    assert!(named(&contacts.collections().await.unwrap()).contains(&("pk-1", "Enemies")));
    for bad in ["", "  ", "two\nlines", &"x".repeat(2000)] {
        let outcome = folders.rename(&made.id, bad, &options).await;
        assert!(matches!(&outcome, Outcome::Refused(e) if e.kind() == ErrorKind::InvalidData), "{bad:?}: {outcome:?}");
    }
    written(write(&contacts, &made.id, create("pk-9", samples::contact(1))).await);
}

#[tokio::test]
async fn a_folder_goes_with_its_items_and_stays_for_anything_else() {
    let folder = Folder::new();
    folder.file("a/1.vcf", card("1", "One"));
    folder.file("a/displayname", "A");
    folder.file("a/color", "#000000");
    folder.file("b/1.vcf", card("1", "One"));
    folder.file("b/notes.txt", "keep me");
    folder.file("c/1.vcf", card("1", "One"));
    folder.file("c/e.ics", event("e", "E"));
    folder.file("d/deep/1.vcf", card("1", "One"));
    let contacts = folder.contacts();
    let folders = contacts.folders().unwrap();
    let options = WriteOptions::default();
    let before = folder.tree();
    for kept in ["b", "c", "d", "/", "..", "nowhere"] {
        let outcome = folders.delete(&kept.into(), &options).await;
        assert!(matches!(outcome, Outcome::Refused(_)), "{kept}: {outcome:?}");
    }
    assert_eq!(folder.tree(), before);
    let outcome = folders.delete(&"a".into(), &options).await;
    assert!(matches!(outcome, Outcome::Written { .. }), "{outcome:?}");
    assert!(!folder.path("a").exists());
    assert!(fs::read_dir(folder.dir.path()).unwrap().all(|e| !e.unwrap().file_name().to_string_lossy().starts_with('.')));
}
