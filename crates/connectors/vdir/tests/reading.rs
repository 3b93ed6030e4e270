//! What a folder is read as, whatever lies in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::*;
use pimkit_core::{Access, Change, ChangeOptions, Connector, ErrorKind, Fetched, Key, Kind, Mark, Next, Position, Repository};
use pimkit_vdir::{Config, Vdir};
use std::{
    fs,
    sync::Arc,
    time::{Duration, SystemTime},
};

#[tokio::test]
async fn each_sub_folder_is_a_collection_of_the_kinds_that_it_may_hold() {
    let folder = Folder::new();
    folder.file("friends/a.vcf", card("a", "Ada"));
    folder.file("friends/displayname", "Friends of mine\n");
    folder.file("friends/color", "#AbCdEf\n");
    folder.file("work/b.ics", event("b", "Meeting"));
    folder.file("work/color", "red");
    folder.file("work/deep/c.ics", event("c", "Too deep"));
    folder.file(".git/d.vcf", card("d", "Hidden"));
    fs::create_dir(folder.path("new")).unwrap();

    assert_eq!(named(&folder.contacts().collections().await.unwrap()), [("friends", "Friends of mine"), ("new", "new")]);
    assert_eq!(named(&folder.events().collections().await.unwrap()), [("new", "new"), ("work", "work")]);
    let vdir = folder.open();
    assert_eq!(vdir.color(&"friends".into()).await.unwrap().as_deref(), Some("#abcdef"));
    assert_eq!(vdir.color(&"work".into()).await.unwrap(), None);

    folder.file("e.vcf", card("e", "Eve"));
    let collections = folder.contacts().collections().await.unwrap();
    assert_eq!(collections[0].id, root());
    assert_eq!(collections.len(), 3);
}

#[tokio::test]
async fn a_fresh_folder_is_one_empty_collection_of_every_kind() {
    let folder = Folder::new();
    if fs::metadata(folder.dir.path()).unwrap().created().is_err() {
        println!("skip a_fresh_folder_is_one_empty_collection_of_every_kind: this file system does not keep the time of making");
        return;
    }
    let collections = folder.contacts().collections().await.unwrap();
    assert_eq!(collections.len(), 1);
    assert!(collections[0].access == Access::Write && collections[0].capabilities.write);
    assert_eq!(folder.tasks().collections().await.unwrap()[0].id, root());
    assert!(round(&folder.tasks(), &root()).await.is_empty());
}

/// The file system's clock may tick slower than a test runs: the folder was changed a second after it was made.
fn changed_since_it_was_made(folder: &Folder) {
    let dir = fs::File::open(folder.dir.path()).unwrap();
    dir.set_modified(SystemTime::now() + Duration::from_secs(1)).unwrap();
}

#[tokio::test]
async fn a_folder_whose_sub_folders_are_away_takes_no_new_items() {
    let (folder, elsewhere) = (Folder::new(), tempfile::tempdir().unwrap());
    folder.file("friends/a.vcf", card("a", "Ada"));
    fs::rename(folder.path("friends"), elsewhere.path().join("friends")).unwrap();
    changed_since_it_was_made(&folder);
    for collections in [folder.contacts().collections().await.unwrap(), folder.tasks().collections().await.unwrap()] {
        let [only] = collections.as_slice() else { panic!("{collections:?}") };
        assert_eq!((&only.id, only.access, only.capabilities.write), (&root(), Access::Read, false));
    }
    fs::rename(elsewhere.path().join("friends"), folder.path("friends")).unwrap();
    assert_eq!(named(&folder.contacts().collections().await.unwrap()), [("friends", "friends")]);

    // With a label that is no collection either while there are sub-folders.
    folder.file("displayname", "All of mine");
    assert_eq!(named(&folder.contacts().collections().await.unwrap()), [("friends", "friends")]);
}

#[tokio::test]
async fn a_flat_folder_is_written_to_while_it_holds_an_item_or_a_label() {
    let folder = Folder::new();
    let item = folder.file("a.vcf", card("a", "Ada"));
    let access = async || folder.contacts().collections().await.unwrap()[0].access;
    changed_since_it_was_made(&folder);
    assert_eq!(access().await, Access::Write);
    fs::remove_file(item).unwrap();
    changed_since_it_was_made(&folder);
    assert_eq!(access().await, Access::Read);
    // Whoever names the folder all the same means it: a run that deletes the last item makes the next.
    let made = written(write(&folder.contacts(), &root(), create("pk-1", pimkit_contract::samples::contact(1))).await);
    assert_eq!(access().await, Access::Write);
    fs::remove_file(folder.path(made.id.as_str())).unwrap();
    folder.file("displayname", "Mine");
    changed_since_it_was_made(&folder);
    assert_eq!(access().await, Access::Write);
}

#[tokio::test]
async fn a_whole_calendar_without_events_and_tasks_is_of_another_kind_and_a_broken_one_unreadable() {
    let folder = Folder::new();
    let calendar = |body: &str| format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//EN\r\n{body}END:VCALENDAR\r\n");
    let zone = "BEGIN:VTIMEZONE\r\nTZID:X\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\n\
                END:STANDARD\r\nEND:VTIMEZONE\r\n";
    let part = |name: &str| format!("BEGIN:{name}\r\nUID:u\r\nDTSTAMP:20260101T000000Z\r\nEND:{name}\r\n");
    let journal = calendar(&part("VJOURNAL"));
    let cases = [
        ("journal.ics", journal.clone(), true),
        ("busy.ics", calendar(&part("VFREEBUSY")), true),
        ("zone.ics", calendar(zone), true),
        ("bare.ics", calendar(""), true),
        ("empty.ics", String::new(), false),
        ("blank.ics", "\r\n".to_owned(), false),
        ("cut.ics", journal.replace("END:VCALENDAR\r\n", ""), false),
        ("card.ics", card("a", "Ada"), false),
        ("page.ics", "<html>Sign in</html>\r\n".to_owned(), false),
    ];
    for (name, text, _) in &cases {
        folder.file(name, text);
    }
    async fn check<R: pimkit_core::Record>(repository: Arc<dyn Repository<R>>, cases: &[(&str, String, bool)]) {
        for (name, _, is_other) in cases {
            match fetch(&repository, &root(), &id(name)).await {
                Fetched::OtherKind { revision: Some(_), kind: None } => assert!(is_other, "{name}"),
                Fetched::Unreadable { revision: Some(_), .. } => assert!(!is_other, "{name}"),
                other => panic!("{name}: {other:?}"),
            }
        }
        // "u" stands in the cut file only: the whole ones are known to be no items.
        for (key, known) in [("u", false), ("none", true)] {
            let found = repository.find(&root(), &[Key::Uid(key.into())]).await.remove(0);
            assert_eq!(found.is_ok(), known, "{key}");
        }
    }
    check(folder.events(), &cases).await;
    check(folder.tasks(), &cases).await;
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_gone_and_never_empty() {
    let missing = std::env::temp_dir().join("pimkit-no-such-folder").join("x");
    let error = Vdir::open(&missing, Config::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CollectionGone);
    assert!(error.to_string().contains("is the disk mounted?"));

    let folder = Folder::new();
    folder.file("friends/a.vcf", card("a", "Ada"));
    let contacts = folder.contacts();
    let friends = "friends".into();
    let listed = revisions(&contacts, &friends).await;

    fs::remove_dir_all(folder.path("friends")).unwrap();
    let options = ChangeOptions::default();
    let gone = contacts.changes(&friends, Position::Start, &options).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::CollectionGone);
    assert!(!gone.to_string().contains("disk"), "{gone}");

    fs::remove_dir_all(folder.dir.path()).unwrap();
    let gone = contacts.changes(&root(), Position::Start, &options).await.unwrap_err();
    assert!(gone.to_string().contains("is the disk mounted?"), "{gone}");
    assert_eq!(contacts.collections().await.unwrap_err().kind(), ErrorKind::CollectionGone);
    for id in listed.keys() {
        let Fetched::Failed(error) = fetch(&contacts, &friends, id).await else { panic!() };
        assert_eq!(error.kind(), ErrorKind::CollectionGone);
    }
    let found = contacts.find(&friends, &[Key::Uid("a".into()), Key::Mark(Mark::from("pk-1"))]).await;
    assert!(found.iter().all(|f| f.as_ref().unwrap_err().kind() == ErrorKind::CollectionGone));
    let outcome = write(&contacts, &friends, create("pk-x", pimkit_contract::samples::contact(1))).await;
    assert_eq!(refused(outcome).kind(), ErrorKind::CollectionGone);
    assert!(!folder.dir.path().exists());
}

#[tokio::test]
async fn a_folder_that_vanishes_in_mid_round_does_not_end_the_round() {
    let folder = Folder::new();
    for n in 0..4 {
        folder.file(&format!("a/{n}.vcf"), card("x", "X"));
    }
    let contacts = folder.contacts();
    let (collection, options) = ("a".into(), ChangeOptions::default().page_size(2));
    let first = contacts.changes(&collection, Position::Start, &options).await.unwrap();
    let Next::More(token) = first.next else { panic!() };
    fs::rename(folder.path("a"), folder.path("b")).unwrap();
    let error = contacts.changes(&collection, Position::Page(&token), &options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CollectionGone);
    fs::rename(folder.path("b"), folder.path("a")).unwrap();
    let second = contacts.changes(&collection, Position::Page(&token), &options).await.unwrap();
    assert_eq!(second.changes.len(), 2);
}

#[tokio::test]
async fn a_bad_file_never_stops_the_rest_and_says_why() {
    let folder = Folder::new();
    folder.file("good.vcf", card("good", "Good"));
    let two = card("1", "One") + &card("2", "Two");
    let bad: [(&str, Vec<u8>, &str); 6] = [
        ("empty.vcf", Vec::new(), "empty"),
        ("half.vcf", b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ha".to_vec(), "BEGIN without END"),
        ("junk.vcf", vec![0xff, 0x00, 0xc3, 0x28], "holds no VCARD"),
        ("two.vcf", two.clone().into_bytes(), "second VCARD"),
        ("utf16.vcf", "\u{feff}BEGIN:VCARD".encode_utf16().flat_map(u16::to_le_bytes).collect(), "UTF-16"),
        ("zeros.vcf", vec![0; 4096], "holds no VCARD"),
    ];
    for (name, content, _) in &bad {
        folder.file(name, content);
    }
    folder.file("wrong.vcf", event("e", "E"));
    let contacts = folder.contacts();
    assert_eq!(revisions(&contacts, &root()).await.len(), 8);
    for (name, content, why) in &bad {
        let Fetched::Unreadable { revision, error } = fetch(&contacts, &root(), &id(name)).await else { panic!("{name}") };
        assert!(revision.is_some(), "{name}");
        assert!(error.to_string().contains(why), "{name}: {error}");
        assert!(error.to_string().contains(name), "{name}: {error}");
        assert_eq!(&fs::read(folder.path(name)).unwrap(), content);
    }
    let wrong = fetch(&contacts, &root(), &id("wrong.vcf")).await;
    assert!(matches!(wrong, Fetched::OtherKind { kind: Some(Kind::Event), .. }), "{wrong:?}");
    let good = found(&contacts, &root(), &id("good.vcf")).await;
    assert_eq!(good.record.name.full.as_deref(), Some("Good"));
    assert_eq!(good.mark, None);
}

#[tokio::test]
async fn several_uids_in_one_calendar_file_are_unreadable_and_events_and_tasks_tell_each_other_apart() {
    let folder = Folder::new();
    folder.file("e.ics", event("e", "Meeting"));
    folder.file("t.ics", task("t", "Work"));
    let both = event("1", "One").replace("END:VCALENDAR\r\n", "")
        + event("2", "Two").split_once("BEGIN:VEVENT").map(|(_, b)| format!("BEGIN:VEVENT{b}")).unwrap().as_str();
    folder.file("two.ics", both);
    let (events, tasks) = (folder.events(), folder.tasks());
    assert_eq!(revisions(&events, &root()).await, revisions(&tasks, &root()).await);
    assert!(matches!(fetch(&events, &root(), &id("e.ics")).await, Fetched::Found(_)));
    assert!(matches!(fetch(&tasks, &root(), &id("t.ics")).await, Fetched::Found(_)));
    assert!(matches!(fetch(&tasks, &root(), &id("e.ics")).await, Fetched::OtherKind { kind: Some(Kind::Event), revision: Some(_) }));
    assert!(matches!(fetch(&events, &root(), &id("t.ics")).await, Fetched::OtherKind { kind: Some(Kind::Task), revision: Some(_) }));
    let Fetched::Unreadable { error, .. } = fetch(&events, &root(), &id("two.ics")).await else { panic!() };
    assert!(error.to_string().contains("second VEVENT"), "{error}");
}

#[tokio::test]
async fn a_file_that_may_not_be_read_is_there_and_unreadable() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    folder.file("a.vcf", card("a", "Ada"));
    let path = folder.file("b.vcf", card("b", "Bob"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&path).is_ok() {
        println!("skip a_file_that_may_not_be_read_is_there_and_unreadable: this user may read everything");
        return;
    }
    let contacts = folder.contacts();
    let changes = round(&contacts, &root()).await;
    assert_eq!(changes.len(), 2);
    let Fetched::Unreadable { error, .. } = fetch(&contacts, &root(), &id("b.vcf")).await else { panic!() };
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(matches!(fetch(&contacts, &root(), &id("a.vcf")).await, Fetched::Found(_)));
}

#[cfg(unix)]
#[tokio::test]
async fn links_pipes_and_names_that_are_no_text_are_unreadable_and_harm_nobody() {
    use std::os::unix::{ffi::OsStrExt, fs::symlink};
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.vcf"), card("s", "Secret")).unwrap();
    let folder = Folder::new();
    folder.file("good.vcf", card("g", "Good"));
    symlink(outside.path().join("secret.vcf"), folder.path("link.vcf")).unwrap();
    symlink(outside.path().join("nothing"), folder.path("dangling.vcf")).unwrap();
    symlink(outside.path(), folder.path("linked")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.path("pipe.vcf")).unwrap();
    fs::create_dir(folder.path("folder.vcf")).unwrap();
    fs::write(folder.dir.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.vcf")), card("c", "Café")).unwrap();
    let contacts = folder.contacts();

    let mut unreadable = Vec::new();
    for change in round(&contacts, &root()).await {
        match change {
            Change::Unreadable { id, .. } => {
                let Fetched::Unreadable { .. } = fetch(&contacts, &root(), &id).await else { panic!("{id}") };
                unreadable.push(id.to_string());
            }
            Change::Listed { id, .. } => assert_eq!(id.as_str(), "good.vcf"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(unreadable, ["caf\u{fffd}.vcf", "dangling.vcf", "link.vcf", "pipe.vcf"]);
    let collections = contacts.collections().await.unwrap();
    assert_eq!(named(&collections).iter().map(|(id, _)| *id).collect::<Vec<_>>(), ["/", "folder.vcf"]);
    let linked = contacts.changes(&"linked".into(), Position::Start, &ChangeOptions::default()).await.unwrap_err();
    assert_eq!(linked.kind(), ErrorKind::CollectionGone);

    // Nor is a link written through or removed.
    let write_to =
        |revision: &str| pimkit_core::Write::Delete { id: id("link.vcf"), revision: revision.into(), mode: pimkit_core::Delete::Permanent };
    assert_eq!(refused(write(&contacts, &root(), write_to("0-0-0")).await).kind(), ErrorKind::InvalidData);
    assert!(folder.path("link.vcf").is_symlink() && outside.path().join("secret.vcf").exists());
}

#[tokio::test]
async fn ids_of_the_state_that_lead_elsewhere_are_refused_and_nothing_is_touched() {
    let folder = Folder::new();
    let outside = folder.file("outside.vcf", card("o", "Outside"));
    folder.file("in/side/a.vcf", card("a", "Ada"));
    let vdir = Vdir::open(folder.path("in"), Config::default()).unwrap();
    let contacts = vdir.contacts().unwrap();
    let before = folder.tree();
    let absolute = outside.to_str().unwrap();
    for bad in ["../outside.vcf", "..", ".", "", "/", "side/../../outside.vcf", "side/a.vcf\0", "side\\a.vcf", absolute, "side/.a.vcf"] {
        for collection in [root(), "side".into()] {
            let item = id(bad);
            let Fetched::Failed(error) = fetch(&contacts, &collection, &item).await else { panic!("{bad}") };
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{bad}");
            let revision = pimkit_core::Revision::from("1-1-1");
            for write_to in [
                pimkit_core::Write::Delete { id: item.clone(), revision: revision.clone(), mode: pimkit_core::Delete::Permanent },
                pimkit_core::Write::Move { id: item.clone(), revision: revision.clone(), to: "side".into() },
            ] {
                assert_eq!(refused(write(&contacts, &collection, write_to).await).kind(), ErrorKind::InvalidData, "{bad}");
            }
            assert!(contacts.blobs().unwrap().open(&collection, &item, &"x".into()).await.is_err());
        }
        if bad != "/" {
            let collection = bad.into();
            let error = contacts.changes(&collection, Position::Start, &ChangeOptions::default()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{bad}");
            let outcome = contacts.folders().unwrap().delete(&collection, &pimkit_core::WriteOptions::default()).await;
            assert!(matches!(outcome, pimkit_core::Outcome::Refused(_)), "{bad}");
        }
    }
    let stored = found(&contacts, &"side".into(), &id("side/a.vcf")).await;
    let away = pimkit_core::Write::Move { id: stored.id, revision: stored.revision, to: "..".into() };
    assert_eq!(refused(write(&contacts, &"side".into(), away).await).kind(), ErrorKind::InvalidData);
    assert_eq!(folder.tree(), before);
}

#[tokio::test]
async fn edits_by_other_programs_are_found_however_alike_they_look() {
    let folder = Folder::new();
    let path = folder.file("a.vcf", card("a", "Ada"));
    let contacts = folder.contacts();
    let seen = async |what: &str, last: &mut Vec<String>| {
        let revision = revisions(&contacts, &root()).await.remove(&id("a.vcf")).unwrap().to_string();
        assert!(!last.contains(&revision), "{what}");
        last.push(revision);
    };
    let mut last = Vec::new();
    seen("first", &mut last).await;
    let second = SystemTime::now() - Duration::from_secs(5);

    fs::write(&path, card("a", "Adam")).unwrap();
    seen("other size", &mut last).await;
    fs::write(&path, card("a", "Eve!")).unwrap();
    set_changed(&path, second);
    seen("same size", &mut last).await;
    fs::write(&path, card("a", "Eva!")).unwrap();
    set_changed(&path, second + Duration::from_millis(1));
    seen("same size, same second", &mut last).await;
    let beside = folder.file("new", card("a", "Evi!"));
    set_changed(&beside, second + Duration::from_millis(1));
    fs::rename(&beside, &path).unwrap();
    seen("same size, same time, put in place", &mut last).await;
    set_changed(&path, second);
    seen("an old copy put back", &mut last).await;
    assert_eq!(found(&contacts, &root(), &id("a.vcf")).await.record.name.full.as_deref(), Some("Evi!"));
}

#[tokio::test]
async fn a_second_edit_within_one_tick_of_the_clock_is_found() {
    let folder = Folder::new();
    let path = folder.file("a.vcf", card("a", "Ada"));
    let contacts = folder.contacts();
    // The file was changed one second before it is looked at; then again, and nothing but the content shows it.
    let tick = SystemTime::from(pimkit_core::Clock::now(&folder.clock)) - Duration::from_secs(1);
    set_changed(&path, tick);
    let first = found(&contacts, &root(), &id("a.vcf")).await;
    assert_eq!(revisions(&contacts, &root()).await[&id("a.vcf")], first.revision);
    fs::write(&path, card("a", "Bob")).unwrap();
    set_changed(&path, tick);
    assert_ne!(revisions(&contacts, &root()).await[&id("a.vcf")], first.revision);
    let now = conflict(write(&contacts, &root(), update(&first, &[("notes", serde_json::json!(["x"]))])).await).unwrap();
    assert_eq!(now.record.name.full.as_deref(), Some("Bob"));

    // Later the time alone tells. What was planned with the hash still holds.
    folder.clock.advance(Duration::from_secs(10));
    assert_ne!(revisions(&contacts, &root()).await[&id("a.vcf")], now.revision);
    written(write(&contacts, &root(), update(&now, &[("notes", serde_json::json!(["x"]))])).await);
}

#[tokio::test]
async fn a_thousand_files_of_odd_names_come_in_pages_and_in_order() {
    let folder = Folder::new();
    let odd = ["ä ö.vcf", "100%.vcf", "%2e%2e.vcf", "new\nline.vcf", "-rf.vcf", "…….VCF", "a'b\"c.vcf", "x.y.z.vcf", "😀.vcf", "CON.vcf"];
    for name in odd {
        folder.file(name, card(name.trim(), "Odd"));
    }
    for n in 0..990 {
        folder.file(&format!("{n:04}.vcf"), card(&n.to_string(), "Some"));
    }
    for other in [".hidden.vcf", "x.vcf~", "#x.vcf#", "x.vcf.lock", "x.txt", "displayname", ".pimkit-1-1.tmp"] {
        folder.file(other, "not an item");
    }
    let contacts = folder.contacts();
    let (changes, pages) = paged(&contacts, &root(), 300).await;
    assert_eq!((changes.len(), pages), (1000, 4));
    let ids: Vec<_> = changes.iter().map(|c| c.id().clone()).collect();
    assert!(ids.is_sorted());
    let odd_ids: Vec<_> = ids.iter().filter(|i| odd.contains(&i.as_str())).cloned().collect();
    assert_eq!(odd_ids.len(), odd.len());
    let fetched = contacts.fetch(&root(), &ids).await;
    assert_eq!(fetched.len(), 1000);
    for (asked, answer) in ids.iter().zip(&fetched) {
        assert!(matches!(answer, Fetched::Found(stored) if stored.id == *asked), "{asked:?}: {answer:?}");
    }
    let keys: Vec<_> = [7, 500, 989].map(|n| Key::Uid(n.to_string())).into_iter().chain([Key::Uid("none".into())]).collect();
    for _ in 0..2 {
        let counts: Vec<_> = contacts.find(&root(), &keys).await.into_iter().map(|f| f.unwrap().len()).collect();
        assert_eq!(counts, [1, 1, 1, 0]);
    }
}

#[tokio::test]
async fn a_round_goes_on_in_another_process_and_tokens_are_bound() {
    let folder = Folder::new();
    for n in 0..5 {
        folder.file(&format!("{n}.vcf"), card("x", "X"));
    }
    let options = ChangeOptions::default().page_size(2);
    let first = folder.contacts().changes(&root(), Position::Start, &options).await.unwrap();
    let Next::More(token) = first.next else { panic!() };
    fs::remove_file(folder.path("3.vcf")).unwrap();
    folder.file("0a.vcf", card("y", "Y"));
    let again = folder.contacts();
    let second = again.changes(&root(), Position::Page(&token), &options).await.unwrap();
    assert_eq!(second.changes.iter().map(|c| c.id().as_str()).collect::<Vec<_>>(), ["2.vcf", "4.vcf"]);
    let Next::Done { cursor, complete: true } = second.next else { panic!() };
    let since = again.changes(&root(), Position::Since(&cursor), &ChangeOptions::default().page_size(2)).await.unwrap();
    assert_eq!(since.changes.len(), 2);

    folder.file("other/z.vcf", card("z", "Z"));
    let expired =
        |r: Result<_, pimkit_core::Error>| r.map(|_: pimkit_core::ChangePage<_>| ()).unwrap_err().kind() == ErrorKind::CursorExpired;
    assert!(expired(again.changes(&"other".into(), Position::Page(&token), &options).await));
    assert!(expired(again.changes(&root(), Position::Page(&token), &ChangeOptions::default()).await));
    assert!(expired(again.changes(&root(), Position::Page(&cursor.as_str().into()), &options).await));
    assert!(expired(again.changes(&root(), Position::Since(&"junk".into()), &options).await));
}

#[tokio::test]
async fn items_are_found_by_uid_in_every_spelling_and_an_unreadable_holder_is_no_absence() {
    let folder = Folder::new();
    folder.file("a.vcf", card("urn:uuid:ABC-1", "Ada"));
    folder.file("copy.vcf", card("abc-1", "Ada"));
    folder.file("broken.vcf", "BEGIN:VCARD\r\nUID:lost-1\r\n");
    let contacts = folder.contacts();
    let keys = ["abc-1", "ABC-1", "lost-1", "none"].map(|u| Key::Uid(u.into()));
    for _ in 0..2 {
        let answers = contacts.find(&root(), &keys).await;
        let mut places = answers[0].as_ref().unwrap().iter().map(|s| s.id.as_str()).collect::<Vec<_>>();
        places.sort_unstable();
        assert_eq!(places, ["a.vcf", "copy.vcf"]);
        assert_eq!(answers[1].as_ref().unwrap().len(), 2);
        let error = answers[2].as_ref().unwrap_err();
        assert!(error.is_temporary() && error.to_string().contains("broken.vcf"), "{error}");
        assert!(answers[3].as_ref().unwrap().is_empty());
    }
    // What the index knows is forgotten with the version.
    folder.file("copy.vcf", card("another", "Eve"));
    assert_eq!(contacts.find(&root(), &keys[..1]).await[0].as_ref().unwrap().len(), 1);
    assert_eq!(contacts.find(&root(), &[Key::Uid("another".into())]).await[0].as_ref().unwrap().len(), 1);
}

#[tokio::test]
async fn a_search_reads_all_collections_and_stops_at_the_limit() {
    let folder = Folder::new();
    folder.file("a/1.vcf", card("1", "Grace Hopper"));
    folder.file("b/2.vcf", card("2", "Grace Kelly"));
    folder.file("b/3.vcf", card("3", "Ada"));
    let contacts = folder.contacts();
    let search = contacts.search().unwrap();
    let ids = |found: Vec<pimkit_core::Stored<_>>| found.into_iter().map(|s| s.id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(search.search("grace", 10).await.unwrap()), ["a/1.vcf", "b/2.vcf"]);
    assert_eq!(ids(search.search("GRACE", 1).await.unwrap()), ["a/1.vcf"]);
    assert!(search.search("nobody", 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_account_is_the_same_in_every_run_and_another_for_another_folder() {
    let (one, other) = (Folder::new(), Folder::new());
    let account = one.open().account().await.unwrap();
    assert_eq!(account, Vdir::open(one.path("."), Config::default()).unwrap().account().await.unwrap());
    assert_ne!(account.id, other.open().account().await.unwrap().id);
    assert!(one.tree().is_empty());
    let mine = Vdir::open(one.dir.path(), Config::default().address("me@example.org")).unwrap();
    assert_eq!(mine.account().await.unwrap().addresses, ["me@example.org"]);
}

#[tokio::test]
async fn an_account_with_an_id_of_its_own_stays_the_same_when_its_folder_moves() {
    let folder = Folder::new();
    folder.file("one/a.vcf", card("a", "Ada"));
    let open = |name: &str| Vdir::open(folder.path(name), Config::default().account("home"));
    let (before, contacts) = {
        let vdir = open("one").unwrap();
        (vdir.account().await.unwrap(), vdir.contacts().unwrap())
    };
    let Next::Done { cursor, .. } = contacts.changes(&root(), Position::Start, &ChangeOptions::default()).await.unwrap().next else {
        panic!()
    };
    let listed = revisions(&contacts, &root()).await;
    fs::rename(folder.path("one"), folder.path("two")).unwrap();
    let moved = open("two").unwrap();
    assert_eq!((before.id.as_str(), &moved.account().await.unwrap()), ("home", &before));
    let contacts = moved.contacts().unwrap();
    assert!(contacts.changes(&root(), Position::Since(&cursor), &ChangeOptions::default()).await.is_ok());
    assert_eq!(revisions(&contacts, &root()).await, listed);
    for bad in ["", " ", "a\nb"] {
        assert_eq!(Vdir::open(folder.path("two"), Config::default().account(bad)).unwrap_err().kind(), ErrorKind::Config, "{bad:?}");
    }
}

#[test]
fn reading_works_without_a_runtime_of_tokio() {
    let folder = Folder::new();
    folder.file("a.vcf", card("a", "Ada"));
    let contacts: Arc<dyn Repository<_>> = folder.contacts();
    let stored = futures::executor::block_on(found::<pimkit_core::Contact>(&contacts, &root(), &id("a.vcf")));
    assert_eq!(stored.record.uid.as_deref(), Some("a"));
}
