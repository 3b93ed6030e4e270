//! What writing leaves in a folder, whoever else is at work in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::*;
use pimkit_contract::{FakeClock, samples};
use pimkit_core::{
    Access, BlobRef, Capabilities, Clock, Connector, Contact, Create, Delete, Digest, ErrorKind, Event, Fetched, Key, Kind, Mark, Outcome,
    Record, Task, Write, WriteOptions,
};
use pimkit_vdir::{Config, INFO, Vdir};
use serde_json::json;
use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

const MARK: &str = "pk-00000000000000aa-00000000000000bb-0";

#[test]
fn a_folder_says_what_it_can_do() {
    for kind in [Kind::Contact, Kind::Event, Kind::Task] {
        let can = INFO.kind(kind).unwrap();
        let calendar = kind != Kind::Contact;
        let floor = Capabilities::none().with(|c| {
            (c.write, c.conditional, c.move_items, c.create, c.can_keep_silent, c.find) =
                (true, true, true, Create::Repeatable, true, true);
            (c.photos, c.attachments, c.exceptions, c.keeps_as_written) = (!calendar, calendar, calendar, true);
        });
        assert_eq!(can, floor, "{kind:?}");
    }
    assert!(INFO.kind(Kind::Message).is_none());
}

#[tokio::test]
async fn what_is_made_comes_back_and_its_revision_stays() {
    let folder = Folder::new();
    fs::create_dir(folder.path("c")).unwrap();
    let (contacts, collection) = (folder.contacts(), "c".into());
    let made = written(write(&contacts, &collection, create(MARK, samples::contact(1))).await);
    assert_eq!(made.id.as_str(), format!("c/{MARK}.vcf"));
    assert_eq!(made.mark, Some(Mark::from(MARK)));
    assert_eq!(made.collection, collection);
    assert!(samples::contact(1).differing(&made.record).is_empty());
    // Its time tells every later edit, so its revision has no hash, and stays when it is no longer fresh.
    for _ in 0..2 {
        assert_eq!(revisions(&contacts, &collection).await[&made.id], made.revision);
        assert_eq!(found(&contacts, &collection, &made.id).await, made);
        folder.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(folder.tree(), ["c", &format!("c/{MARK}.vcf")]);
}

#[tokio::test]
async fn an_edit_in_the_same_moment_as_our_write_is_found() {
    let folder = Folder::new();
    // A clock of the very moment: every file that another program touches counts as fresh.
    let vdir = Vdir::open(folder.dir.path(), Config::default()).unwrap();
    let contacts = vdir.contacts().unwrap();
    let made = written(write(&contacts, &root(), create(MARK, samples::contact(1))).await);
    assert_eq!(revisions(&contacts, &root()).await[&made.id], made.revision);
    assert_eq!(made.revision.as_str().split('-').count(), 3, "no hash in {}", made.revision);
    let path = folder.path(made.id.as_str());
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("REV:2", "REV:1")).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), text.len() as u64);
    assert_ne!(revisions(&contacts, &root()).await[&made.id], made.revision);
}

#[tokio::test]
async fn the_same_create_again_gives_back_the_first_and_never_overwrites() {
    let folder = Folder::new();
    let contacts = folder.contacts();
    let made = written(write(&contacts, &root(), create(MARK, samples::contact(1))).await);
    // Somebody edits it before the create is sent again.
    let edited = written(write(&contacts, &root(), update(&made, &[("notes", json!(["by hand"]))])).await);
    let text = fs::read(folder.path(made.id.as_str())).unwrap();
    for repository in [contacts, folder.contacts()] {
        let again = written(write(&repository, &root(), create(MARK, samples::contact(1))).await);
        assert_eq!((&again.id, &again.record.notes), (&edited.id, &vec!["by hand".to_owned()]));
        let other = conflict(write(&repository, &root(), create(MARK, samples::contact(2))).await).unwrap();
        assert_eq!(other.record.uid, made.record.uid);
    }
    assert_eq!(fs::read(folder.path(made.id.as_str())).unwrap(), text);
    assert_eq!(folder.tree().len(), 1);

    // An empty file of that name is what a crash leaves on a file system without hard links.
    let mark = "pk-00000000000000aa-00000000000000bb-1";
    folder.file(&format!("{mark}.vcf"), "");
    let filled = written(write(&folder.contacts(), &root(), create(mark, samples::contact(3))).await);
    assert_eq!(filled.record.uid, samples::contact(3).uid);
}

#[tokio::test]
async fn a_record_without_uid_gets_the_same_one_each_time() {
    let folder = Folder::new();
    let events = folder.events();
    let bare = Event::build(|e| {
        e.title = Some("Call".into());
        e.start = samples::event(1).start;
    });
    let made = written(write(&events, &root(), create(MARK, bare.clone())).await);
    let uid = made.record.uid.clone().unwrap();
    assert_eq!(uid.len(), 36);
    let again = written(write(&events, &root(), create(MARK, bare)).await);
    assert_eq!((again.id, again.record.uid), (made.id, Some(uid)));
    assert_eq!(folder.tree().len(), 1);
}

#[tokio::test]
async fn any_mark_makes_a_safe_file_of_its_own_and_is_found_by() {
    let folder = Folder::new();
    let contacts = folder.contacts();
    let long = "x".repeat(600);
    let marks = ["../../etc/passwd", "/abs", ".", "a/b\\c\0d", "ä 😀\n", "", "CON", "Abc", "abc", "ABC", &long, "~#"];
    for (n, mark) in marks.iter().enumerate() {
        let made = written(write(&contacts, &root(), create(mark, samples::contact(n as u64))).await);
        assert!(made.id.as_str().len() <= 255 && !made.id.as_str().contains(['/', '\\', '\0', '\n']), "{mark:?}: {}", made.id);
        if *mark != long {
            assert_eq!(found(&contacts, &root(), &made.id).await.mark, Some(Mark::from(*mark)));
        }
        let again = written(write(&contacts, &root(), create(mark, samples::contact(n as u64))).await);
        assert_eq!(again.id, made.id);
        let by_mark = contacts.find(&root(), &[Key::Mark(Mark::from(*mark))]).await.remove(0).unwrap();
        assert_eq!(by_mark.iter().map(|s| (&s.id, s.mark.as_ref().unwrap().as_str())).collect::<Vec<_>>(), [(&made.id, *mark)]);
    }
    let names = folder.tree();
    assert_eq!(names.len(), marks.len());
    // Also on a file system, or a copy on one, that does not tell case.
    let mut lower: Vec<_> = names.iter().map(|n| n.to_lowercase()).collect();
    lower.dedup();
    assert_eq!(lower.len(), marks.len());
}

#[tokio::test]
async fn an_update_touches_its_own_lines_and_no_other_byte() {
    let folder = Folder::new();
    let photo = "/9j/4AAQSkZJRgABAQEAYABgAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AVN//2Q==";
    let text = format!(
        "BEGIN:VCARD\nVERSION:3.0\nX-PROGRAM-STATE;X-A=\"b;c\":k\\;ept, as: is \nuid:abc\nFN:Ada Lovelace\nN:Lovelace;Ada;;;\n\
         item1.X-ABDATE:2001-02-03\nitem1.X-ABLabel:_$!<Anniversary>!$_\nNOTE:old\n\
         PHOTO;ENCODING=b;TYPE=JPEG:{}\n {}\nx-last:\t tab\nEND:VCARD\n",
        &photo[..60],
        &photo[60..]
    );
    let path = folder.file("a.vcf", &text);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    }
    let contacts = folder.contacts();
    let stored = found(&contacts, &root(), &id("a.vcf")).await;
    let now = written(write(&contacts, &root(), update(&stored, &[("notes", json!(["new"]))])).await);
    assert_eq!(now.record.notes, ["new"]);
    assert_eq!(now.record.photo, stored.record.photo);
    let after = fs::read_to_string(&path).unwrap();
    let outside =
        |text: &str| text.lines().filter(|l| !l.starts_with("NOTE") && !l.starts_with("REV")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(outside(&after), outside(&text));
    assert!(!after.contains('\r') && after.contains("\nNOTE:new\n"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    }
    // Nothing to change: not even the file's time.
    let same = written(write(&contacts, &root(), update(&now, &[])).await);
    assert_eq!(same.revision, now.revision);
    assert_eq!(fs::read_to_string(&path).unwrap(), after);
    let photo = contacts.blobs().unwrap().open(&root(), &now.id, &now.record.photo.unwrap().id).await.unwrap();
    assert_eq!(photo.media_type, "image/jpeg");
    assert_eq!(photo.collect(1 << 20).await.unwrap().get(..3), Some(&b"\xff\xd8\xff"[..]));
    assert_eq!(folder.tree(), ["a.vcf"]);
}

#[tokio::test]
async fn a_write_of_another_version_is_a_conflict_that_shows_what_is_there() {
    let folder = Folder::new();
    let path = folder.file("a.vcf", card("a", "Ada"));
    folder.file("b.vcf", card("b", "Bob"));
    fs::create_dir(folder.path("sub")).unwrap();
    let contacts = folder.contacts();
    let stored = found(&contacts, &root(), &id("a.vcf")).await;
    fs::write(&path, card("a", "Somebody else")).unwrap();
    let stale = |mode| Write::Delete { id: stored.id.clone(), revision: stored.revision.clone(), mode };
    let moved = Write::Move { id: stored.id.clone(), revision: stored.revision.clone(), to: "sub".into() };
    let good = found(&contacts, &root(), &id("b.vcf")).await;
    let writes =
        vec![update(&stored, &[("notes", json!(["x"]))]), stale(Delete::Permanent), moved, update(&good, &[("notes", json!(["y"]))])];
    let mut outcomes = contacts.write(&root(), writes, &WriteOptions::default()).await;
    assert_eq!(written(outcomes.pop().unwrap()).record.notes, ["y"], "a bad write does not stop the others");
    for outcome in outcomes {
        assert_eq!(conflict(outcome).unwrap().record.name.full.as_deref(), Some("Somebody else"));
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), card("a", "Somebody else"));

    fs::remove_file(&path).unwrap();
    assert!(conflict(write(&contacts, &root(), update(&stored, &[("notes", json!(["x"]))])).await).is_none());
    assert!(conflict(write(&contacts, &root(), stale(Delete::Permanent)).await).is_none());
    assert!(matches!(fetch(&contacts, &root(), &stored.id).await, Fetched::Gone));
    assert_eq!(folder.tree(), ["b.vcf", "sub"]);
}

#[tokio::test]
async fn a_deletion_is_for_good_and_a_trash_is_refused() {
    let folder = Folder::new();
    folder.file("a.ics", event("a", "A"));
    let events = folder.events();
    let stored = found(&events, &root(), &id("a.ics")).await;
    let delete = |mode| Write::<Event>::Delete { id: stored.id.clone(), revision: stored.revision.clone(), mode };
    let error = refused(write(&events, &root(), delete(Delete::Trash)).await);
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    // Not a task either.
    let as_task = Write::<Task>::Delete { id: stored.id.clone(), revision: stored.revision.clone(), mode: Delete::Permanent };
    assert_eq!(refused(write(&folder.tasks(), &root(), as_task).await).kind(), ErrorKind::InvalidData);
    let outcome = write(&events, &root(), delete(Delete::Permanent)).await;
    assert!(matches!(&outcome, Outcome::Written { id, revision: None, now: None, .. } if *id == stored.id), "{outcome:?}");
    assert!(folder.tree().is_empty());
}

#[tokio::test]
async fn a_move_keeps_the_file_and_overwrites_none() {
    let folder = Folder::new();
    let name = format!("{MARK}.vcf");
    let path = folder.file(&format!("a/{name}"), card("a", "Ada"));
    folder.file(&format!("b/{name}"), card("b", "Bob"));
    fs::create_dir(folder.path("c")).unwrap();
    let contacts = folder.contacts();
    let (a, b, c) = ("a".into(), "b".into(), "c".into());
    let stored = found(&contacts, &a, &id(&format!("a/{name}"))).await;
    let relocate = |stored: &pimkit_core::Stored<Contact>, to: &pimkit_core::CollectionId| Write::Move {
        id: stored.id.clone(),
        revision: stored.revision.clone(),
        to: to.clone(),
    };
    let here = written(write(&contacts, &a, relocate(&stored, &a)).await);
    assert_eq!((&here.id, &here.revision), (&stored.id, &stored.revision));
    let moved = written(write(&contacts, &a, relocate(&stored, &c)).await);
    assert_eq!((moved.id.as_str(), &moved.collection), (format!("c/{name}").as_str(), &c));
    assert!(!path.exists());
    assert!(matches!(fetch(&contacts, &a, &stored.id).await, Fetched::Gone));
    assert_eq!(found(&contacts, &c, &moved.id).await, moved);
    let beside = written(write(&contacts, &c, relocate(&moved, &b)).await);
    assert_ne!(beside.id.as_str(), format!("b/{name}"));
    assert_eq!(beside.mark, Some(Mark::from(MARK)));
    assert_eq!(beside.record.name.full.as_deref(), Some("Ada"));
    assert_eq!(found(&contacts, &b, &id(&format!("b/{name}"))).await.record.name.full.as_deref(), Some("Bob"));
    let gone = write(&contacts, &b, relocate(&beside, &"nowhere".into())).await;
    assert_eq!(refused(gone).kind(), ErrorKind::CollectionGone);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_never_sees_half_a_file_nor_none() {
    let folder = Folder::new();
    let long = |n: usize| format!("{n} {}", "long ".repeat(20_000));
    let path = folder.file("a.vcf", card("a", "Ada"));
    let contacts = folder.contacts();
    let mut stored =
        written(write(&contacts, &root(), update(&found(&contacts, &root(), &id("a.vcf")).await, &[("notes", json!([long(0)]))])).await);
    let stop = Arc::new(AtomicBool::new(false));
    let reader = std::thread::spawn({
        let (stop, path) = (Arc::clone(&stop), path.clone());
        move || {
            let mut reads = 0;
            while !stop.load(Ordering::Relaxed) || reads == 0 {
                let text = fs::read_to_string(&path).unwrap();
                assert!(text.starts_with("BEGIN:VCARD") && text.ends_with("END:VCARD\r\n"), "{} bytes", text.len());
                reads += 1;
            }
            reads
        }
    });
    for n in 1..40 {
        stored = written(write(&contacts, &root(), update(&stored, &[("notes", json!([long(n)]))])).await);
    }
    stop.store(true, Ordering::Relaxed);
    assert!(reader.join().unwrap() > 0);
    assert_eq!(folder.tree(), ["a.vcf"]);
}

#[tokio::test]
async fn what_a_kill_left_is_no_item_and_goes_with_the_next_listing_or_write() {
    let folder = Folder::new();
    let edit = "the hashes in its name say that this is neither the replaced nor the written version";
    let kept = [".other.tmp", ".pimkit-3-0-0000000000000001-0000000000000002.old", "a.vcf"];
    folder.file("a.vcf", card("a", "Ada"));
    folder.file(kept[0], "of another program");
    folder.file(kept[1], edit);
    let half = "BEGIN:VCARD\r\nFN:Ha";
    folder.file(".pimkit-1-0.tmp", half);
    let contacts = folder.contacts();
    assert_eq!(revisions(&contacts, &root()).await.len(), 1);
    assert_eq!(folder.tree(), kept);
    // The same process looks again in its next listing.
    folder.file(".pimkit-1-1.tmp", half);
    assert_eq!(revisions(&contacts, &root()).await.len(), 1);
    assert_eq!(folder.tree(), kept);

    folder.file(".pimkit-1-2.tmp", half);
    let later = folder.contacts();
    let made = written(write(&later, &root(), create(MARK, samples::contact(1))).await);
    written(write(&later, &root(), update(&made, &[("notes", json!(["x"]))])).await);
    assert_eq!(folder.tree(), [kept.as_slice(), &[made.id.as_str()]].concat());
    assert_eq!(fs::read_to_string(folder.path(kept[1])).unwrap(), edit);
}

#[tokio::test]
async fn a_folder_that_was_being_deleted_goes_when_it_is_old_and_holds_nothing_else() {
    let folder = Folder::new();
    folder.file("a.vcf", card("a", "Ada"));
    folder.file(".pimkit-2-0.tmp/x.vcf", card("x", "Deleted"));
    folder.file(".pimkit-2-1.tmp/notes.txt", "came in meanwhile");
    let there = |name: &str| folder.path(name).exists();
    // At this time it may be another process's work.
    revisions(&folder.contacts(), &root()).await;
    assert!(there(".pimkit-2-0.tmp") && there(".pimkit-2-1.tmp"));
    folder.clock.advance(Duration::from_secs(7200));
    revisions(&folder.contacts(), &root()).await;
    assert!(!there(".pimkit-2-0.tmp") && there(".pimkit-2-1.tmp/notes.txt"));
}

#[tokio::test]
async fn a_picture_is_fetched_from_its_source_and_one_without_source_is_left_out() {
    struct Source(Vec<u8>);
    impl pimkit_core::BlobSource for Source {
        fn open<'a>(&'a self, blob: &'a BlobRef) -> futures::future::BoxFuture<'a, pimkit_core::Result<pimkit_core::Blob>> {
            Box::pin(async move { Ok(pimkit_core::Blob::whole(blob.media_type.clone(), self.0.clone())) })
        }
    }
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let folder = Folder::new();
    let contacts = folder.contacts();
    let with_photo = Contact::build(|c| {
        c.uid = Some("p".into());
        c.name.full = Some("Pia".into());
        c.photo =
            Some(BlobRef { id: "far-7".into(), media_type: "image/png".into(), digest: Some(Digest::of(&bytes)), ..BlobRef::default() });
    });

    let bare = contacts.write(&root(), vec![create("pk-1", with_photo.clone())], &WriteOptions::default()).await.remove(0);
    let Outcome::Written { now: Some(now), left_out, .. } = bare else { panic!("{bare:?}") };
    assert_eq!(left_out.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["photo"]);
    assert_eq!((now.record.photo.as_ref(), now.record.name.full.as_deref()), (None, Some("Pia")));

    let options = WriteOptions::default().blobs(Arc::new(Source(bytes.clone())));
    let made = written(contacts.write(&root(), vec![create("pk-2", with_photo.clone())], &options).await.remove(0));
    let photo = made.record.photo.clone().unwrap();
    assert!(with_photo.differing(&made.record).is_empty());
    let opened = contacts.blobs().unwrap().open(&root(), &made.id, &photo.id).await.unwrap();
    assert_eq!((opened.size, opened.media_type.as_str()), (Some(300_000), "image/png"));
    assert_eq!(opened.collect(1 << 20).await.unwrap(), bytes);

    // An unrelated edit needs no bytes and keeps them.
    let edited = written(write(&contacts, &root(), update(&made, &[("notes", json!(["n"]))])).await);
    assert_eq!(edited.record.photo.as_ref().unwrap().digest, Some(Digest::of(&bytes)));
    assert!(contacts.blobs().unwrap().open(&root(), &made.id, &"none".into()).await.is_err());
    let removed = written(write(&contacts, &root(), update(&edited, &[("photo", json!(null))])).await);
    assert_eq!(removed.record.photo, None);
}

#[cfg(unix)]
#[tokio::test]
async fn a_write_protected_file_and_folder_stay_as_they_are() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let path = folder.file("c/a.vcf", card("a", "Ada"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let (contacts, collection) = (folder.contacts(), "c".into());
    let stored = found(&contacts, &collection, &id("c/a.vcf")).await;
    assert_eq!(stored.access, Access::Read);
    let delete = Write::Delete { id: stored.id.clone(), revision: stored.revision.clone(), mode: Delete::Permanent };
    for bad in [update(&stored, &[("notes", json!(["x"]))]), delete] {
        assert_eq!(refused(write(&contacts, &collection, bad).await).kind(), ErrorKind::PermissionDenied);
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), card("a", "Ada"));

    fs::set_permissions(folder.path("c"), fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(folder.path("c/probe"), "").is_ok() {
        println!("skip a_write_protected_file_and_folder_stay_as_they_are: this user may write everywhere");
        return;
    }
    let collections = contacts.collections().await.unwrap();
    assert_eq!((collections[0].access, collections[0].capabilities.write), (Access::Read, false));
    assert!(contacts.fields(&collection).await.unwrap().iter().all(|f| !f.write));
    assert_eq!(refused(write(&contacts, &collection, create("pk-1", samples::contact(1))).await).kind(), ErrorKind::Unavailable);
    fs::set_permissions(folder.path("c"), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Uids of members and relatives are written without `urn:uuid:` where the card's version does without.
fn spelt<R: Record>(record: &R) -> R {
    let as_json = serde_json::to_value(record).unwrap();
    match R::KIND {
        Kind::Contact => {
            let contact: Contact = serde_json::from_value(as_json).unwrap();
            serde_json::from_value(serde_json::to_value(pimkit_formats::vcard::normalised(&contact)).unwrap()).unwrap()
        }
        _ => record.clone(),
    }
}

#[tokio::test]
async fn every_field_of_every_kind_survives_a_folder() {
    async fn survives<R: samples::Sample>(folder: &Folder) {
        struct Source;
        impl pimkit_core::BlobSource for Source {
            fn open<'a>(&'a self, _: &'a BlobRef) -> futures::future::BoxFuture<'a, pimkit_core::Result<pimkit_core::Blob>> {
                Box::pin(async { Err(pimkit_core::Error::new(ErrorKind::InvalidData, "no bytes here")) })
            }
        }
        let repository = R::repository(&folder.open()).unwrap();
        let full = R::full(3);
        let options = WriteOptions::default().blobs(Arc::new(Source));
        let outcome = repository.write(&root(), vec![create(&format!("pk-{:?}", R::KIND), full.clone())], &options).await.remove(0);
        let Outcome::Written { id, left_out, .. } = outcome else { panic!("{outcome:?}") };
        let back = found(&repository, &root(), &id).await.record;
        let lost: Vec<_> = spelt(&full).differing(&back).into_iter().filter(|f| !left_out.iter().any(|(l, _)| l == f)).collect();
        assert!(lost.is_empty(), "{:?}: {lost:?}", R::KIND);
        assert!(left_out.iter().all(|(f, _)| ["photo", "attachments"].contains(&f.as_str())), "{left_out:?}");
    }
    let folder = Folder::new();
    survives::<Contact>(&folder).await;
    survives::<Event>(&folder).await;
    survives::<Task>(&folder).await;
}

#[tokio::test]
async fn a_file_from_before_the_epoch_and_one_from_the_future_are_read_and_written() {
    let folder = Folder::new();
    let contacts = folder.contacts();
    for (name, time) in
        [("old.vcf", SystemTime::UNIX_EPOCH - Duration::from_millis(1500)), ("new.vcf", SystemTime::now() + Duration::from_secs(1_000_000))]
    {
        let path = folder.file(name, card(name, "Ada"));
        set_changed(&path, time);
        let stored = found(&contacts, &root(), &id(name)).await;
        assert_eq!(revisions(&contacts, &root()).await[&stored.id], stored.revision);
        written(write(&contacts, &root(), update(&stored, &[("notes", json!(["x"]))])).await);
    }
}

#[test]
fn the_clock_of_the_config_stamps_what_is_written() {
    let folder = Folder::new();
    let clock = FakeClock::default();
    let vdir = Vdir::open(folder.dir.path(), Config::default().clock(Arc::new(clock.clone()))).unwrap();
    let events = vdir.events().unwrap();
    let made = futures::executor::block_on(write(&events, &root(), create(MARK, samples::event(1))));
    let text = fs::read_to_string(folder.path(written(made).id.as_str())).unwrap();
    let stamp = clock.now().strftime("%Y%m%dT%H%M%SZ").to_string();
    assert!(text.contains(&format!("DTSTAMP:{stamp}")), "{text}");
}
