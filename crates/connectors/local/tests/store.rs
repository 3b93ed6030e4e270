//! The file: opening it, refusing what is not ours, two handles at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::executor::block_on;
use pimkit_core::{
    Action, App, ChangeOptions, CollectionId, Connector, Contact, Delete, ErrorKind, Fetched, ItemId, Kind, Next, Outcome, Position,
    Provenance, Record, Task, User, Write, WriteOptions,
};
use pimkit_local::{Local, Options};
use std::{collections::BTreeSet, fs};
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

fn expired<R: Record>(store: &Local, collection: &str, at: Position<'_>) -> bool {
    match block_on(repository::<R>(store).changes(&collection.into(), at, &ChangeOptions::default())) {
        Ok(_) => false,
        Err(error) if error.kind() == ErrorKind::CursorExpired => true,
        Err(error) => panic!("{error}"),
    }
}

fn calendar(store: &Local, mark: &str) -> CollectionId {
    let events = store_events(store);
    let made = block_on(events.folders().unwrap().create(&mark.into(), "Team", &WriteOptions::default()));
    let Outcome::Written { id, .. } = made else { panic!("{made:?}") };
    CollectionId::from(id.as_str())
}

#[test]
fn an_older_copy_that_is_put_back_gives_out_no_id_revision_or_cursor_a_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("crm.db"), folder.path().join("copy.db"));
    let open = || Local::open(&path, options()).unwrap();
    let ann = pimkit_local::AppUser { name: "ann".into(), role: pimkit_local::UserRole::Admin, ..Default::default() };
    let deny = |store: &Local, action| block_on(store.deny("ann", Kind::Task, action, true)).unwrap();

    let store = open();
    block_on(store.put_user(&ann)).unwrap();
    let (ada, _) = create(&store, "contacts", "ada", &person("Ada", "a@example.org"));
    let (_, before, _) = round::<Contact>(&store, "contacts", None);
    let (_, events_before) = block_on(App::events(&store, None)).unwrap();
    // With the last handle the log is written into the file, so that the file alone is the store.
    drop(store);
    fs::copy(&path, &copy).unwrap();

    let go_on = |store: &Local, word: &str| {
        let mut ids: BTreeSet<ItemId> =
            (0..4).map(|n| create(store, "contacts", &format!("{word}{n}"), &person(word, "x@example.org")).0).collect();
        let made = block_on(store.create::<Contact>(&"leads".into(), person(word, "x@example.org"))).unwrap().id;
        let converted = block_on(store.convert(&made)).unwrap().id;
        ids.extend(block_on(store.import(&"contacts".into(), &[person(word, "x@example.org")], Provenance::Imported)).unwrap());
        ids.extend([made, converted]);
        let edited = block_on(store.edit::<Contact>(&ada, |c| c.notes = vec![word.to_owned()])).unwrap();
        (ids, edited.revision, calendar(store, word))
    };

    let store = open();
    // What the user may see changes, and nothing in the feed does.
    deny(&store, Action::Create);
    let (_, lost_tasks_cursor, _) = round::<Task>(&store.acting("ann").unwrap(), "tasks", None);
    // A listing that goes on while others write: its cursor starts where it began, what it named is of later.
    let page_of = |at: Position<'_>, size| {
        let options = ChangeOptions::default().page_size(size);
        block_on(repository::<Contact>(&store).changes(&"contacts".into(), at, &options)).unwrap()
    };
    let Next::More(begun) = page_of(Position::Start, 1).next else { panic!("a full page is followed by another") };
    let (lost, lost_revision, lost_calendar) = go_on(&store, "lost");
    let Next::More(lost_page) = page_of(Position::Start, 1).next else { panic!("there are more") };
    let Next::Done { cursor: ended, .. } = page_of(Position::Page(&begun), 100).next else { panic!("there are more") };
    let (_, lost_cursor, _) = round::<Contact>(&store, "contacts", None);
    let (_, lost_users_cursor, _) = round::<User>(&store, "users", None);
    let (_, lost_events) = block_on(App::events(&store, None)).unwrap();
    drop(store);
    fs::copy(&copy, &path).unwrap();

    let ask = |store: &Local, also: bool| {
        assert!(expired::<Contact>(store, "contacts", Position::Since(&lost_cursor)), "a cursor of the lost part, {also}");
        assert!(expired::<Contact>(store, "contacts", Position::Page(&lost_page)), "a page of the lost part, {also}");
        assert!(expired::<User>(store, "users", Position::Since(&lost_users_cursor)), "where nothing was lost, {also}");
        assert!(expired::<Task>(&store.acting("ann").unwrap(), "tasks", Position::Since(&lost_tasks_cursor)), "{also}");
        assert_eq!(block_on(App::events(store, Some(&lost_events))).unwrap_err().kind(), ErrorKind::CursorExpired);
        assert!(!expired::<Contact>(store, "contacts", Position::Since(&before)), "a cursor of before the copy, {also}");
        assert!(expired::<Contact>(store, "contacts", Position::Since(&ended)), "a cursor that starts before the lost part, {also}");
        assert!(!expired::<Contact>(store, "contacts", Position::Page(&begun)), "a page of before the copy, {also}");
        block_on(App::events(store, Some(&events_before))).unwrap();
    };
    let store = open();
    ask(&store, false);
    // The numbers of the lost part are given out again, and more.
    let (ids, revision, again) = go_on(&store, "again");
    deny(&store, Action::Delete);
    go_on(&store, "more");
    ask(&store, true);
    assert_eq!((ids.len(), lost.len()), (7, 7));
    assert!(ids.is_disjoint(&lost), "an id is given out a second time");
    assert_ne!(revision, lost_revision, "a revision is given out a second time");
    assert_ne!(again, lost_calendar, "a collection's id is given out a second time");
    for id in &lost {
        assert!(matches!(fetch::<Contact>(&store, "contacts", id), Fetched::Gone), "an item of the lost part is there");
    }
    let update = Write::Delete::<Contact> { id: ada, revision: lost_revision, mode: Delete::Permanent };
    assert!(matches!(write(&store, "contacts", update), Outcome::Conflict { now: Some(_) }));
    let (changes, ..) = round::<Contact>(&store, "contacts", Some(&before));
    assert!(ids.iter().all(|id| changes.iter().any(|c| c.id() == id) || matches!(fetch::<Contact>(&store, "contacts", id), Fetched::Gone)));
}
