//! The file: opening it, refusing what is not ours, two handles at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::executor::block_on;
use pimkit_core::{Connector, Contact, ErrorKind};
use pimkit_local::{Local, Options};
use std::fs;
use world::*;

#[test]
fn what_is_written_is_there_when_the_file_is_opened_again_under_the_same_account() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    let (account, cursor, id) = {
        let store = Local::open(&path, Options::default()).unwrap();
        let (id, _) = create(&store, "contacts", "m", &person("Ada", "a@example.org"));
        (store.account_id(), round::<Contact>(&store, "contacts", None).1, id)
    };
    let store = Local::open(&path, Options::default()).unwrap();
    assert_eq!(store.account_id(), account);
    assert_eq!(block_on(Connector::account(&store)).unwrap().id, account);
    assert_eq!(block_on(store.get::<Contact>(&id)).unwrap().record.name.full.as_deref(), Some("Ada"));
    assert!(round::<Contact>(&store, "contacts", Some(&cursor)).0.is_empty());
    let other = Local::open(folder.path().join("other.db"), Options::default()).unwrap();
    assert_ne!(other.account_id(), account, "two stores are two accounts");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_file_that_is_not_ours_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let strange = |name: &str| {
        let path = folder.path().join(name);
        match name {
            "text" => fs::write(&path, "name,email\nAda,ada@example.org\n").unwrap(),
            "short" => fs::write(&path, "x").unwrap(),
            "damaged" => fs::write(&path, [b"SQLite format 3\0".as_slice(), &[0; 40]].concat()).unwrap(),
            "foreign" | "wal" => {
                let connection = rusqlite::Connection::open(&path).unwrap();
                if name == "wal" {
                    let _: String = connection.query_row("PRAGMA journal_mode = WAL", [], |r| r.get(0)).unwrap();
                }
                connection.execute_batch("CREATE TABLE theirs (x)").unwrap();
            }
            _ => fs::create_dir(&path).unwrap(),
        }
        path
    };
    for name in ["text", "short", "damaged", "foreign", "wal", "folder"] {
        let path = strange(name);
        let before = fs::read(&path).ok();
        let error = Local::open(&path, Options::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{name}: {error}");
        assert_eq!(fs::read(&path).ok(), before, "{name}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{name} got company");
        if path.is_dir() { fs::remove_dir(&path).unwrap() } else { fs::remove_file(&path).unwrap() }
    }
    let nowhere = Local::open(folder.path().join("no/such/crm.db"), Options::default()).unwrap_err();
    assert_eq!(nowhere.kind(), ErrorKind::Config);
    let path = folder.path().join("mine.db");
    let nobody = Local::open(&path, Options::default().user("nobody")).unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::Config);
}

#[test]
fn a_store_of_a_later_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    drop(Local::open(&path, Options::default()).unwrap());
    rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    let error = Local::open(&path, Options::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.context().contains(&("schema", "99".to_owned())), "{error}");
}

#[test]
fn an_empty_file_becomes_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    fs::write(&path, "").unwrap();
    let store = Local::open(&path, Options::default()).unwrap();
    create(&store, "contacts", "m", &person("Ada", "a@example.org"));
}

#[test]
fn several_handles_make_open_and_write_one_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    let threads: Vec<_> = (0..4)
        .map(|n| {
            let path = path.clone();
            std::thread::spawn(move || {
                let store = Local::open(&path, Options::default()).unwrap();
                for k in 0..10 {
                    create(&store, "contacts", &format!("m{n}-{k}"), &person("Ada", "a@example.org"));
                    create(&store, "contacts", &format!("shared-{k}"), &person("Grace", "g@example.org"));
                }
                store.account_id()
            })
        })
        .collect();
    let accounts: std::collections::BTreeSet<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    assert_eq!(accounts.len(), 1);
    let store = Local::open(&path, Options::default()).unwrap();
    assert_eq!(round::<Contact>(&store, "contacts", None).0.len(), 4 * 10 + 10, "one item per mark");
}

#[test]
fn a_reader_sees_what_another_handle_wrote_since_its_cursor() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    let reader = Local::open(&path, Options::default()).unwrap();
    let writer = Local::open(&path, Options::default()).unwrap();
    let (_, cursor, _) = round::<Contact>(&reader, "contacts", None);
    let (id, _) = create(&writer, "contacts", "m", &person("Ada", "a@example.org"));
    let (changes, ..) = round::<Contact>(&reader, "contacts", Some(&cursor));
    assert_eq!(said(&changes), [id.to_string()]);
}
