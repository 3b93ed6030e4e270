//! Photos and attachments: streamed in and out, kept once, taken out with their last record.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use bytes::Bytes;
use futures::{StreamExt, executor::block_on, future::BoxFuture, stream};
use pimkit_core::{
    Attachment, Blob, BlobRef, BlobSource, Contact, Delete, Digest, Error, ErrorKind, Event, ItemId, Kind, Outcome, Record, Result, Write,
    WriteOptions,
};
use pimkit_local::Local;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use world::*;

/// The other side: gives `len` bytes in uneven pieces; breaks off after `breaks` bytes.
struct Far {
    len: usize,
    breaks: Option<usize>,
    opened: AtomicUsize,
}

impl Far {
    fn new(len: usize) -> Arc<Self> {
        Arc::new(Self { len, breaks: None, opened: AtomicUsize::new(0) })
    }
}

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n * 31 % 251) as u8).collect()
}

impl BlobSource for Far {
    fn open<'a>(&'a self, _: &'a BlobRef) -> BoxFuture<'a, Result<Blob>> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        let all = bytes(self.len);
        let pieces: Vec<Result<Bytes>> = match self.breaks {
            Some(at) => vec![Ok(Bytes::copy_from_slice(&all[..at])), Err(Error::new(ErrorKind::Transport, "the connection broke"))],
            None => all.chunks(99_991).map(|c| Ok(Bytes::copy_from_slice(c))).collect(),
        };
        Box::pin(std::future::ready(Ok(Blob { media_type: "image/png".into(), size: None, bytes: stream::iter(pieces).boxed() })))
    }
}

fn with_photo(blob: BlobRef) -> Contact {
    let mut contact = person("Ada", "ada@example.org");
    contact.photo = Some(blob);
    contact
}

fn far_ref() -> BlobRef {
    BlobRef { id: "theirs/1".into(), media_type: "image/png".into(), ..BlobRef::default() }
}

fn options(source: &Arc<Far>) -> WriteOptions {
    WriteOptions::default().blobs(source.clone())
}

fn stored(store: &Local, outcome: Outcome<Contact>) -> (ItemId, BlobRef) {
    let Outcome::Written { id, left_out, .. } = outcome else { panic!("{outcome:?}") };
    assert!(left_out.is_empty(), "{left_out:?}");
    let photo = block_on(store.get::<Contact>(&id)).unwrap().record.photo.unwrap();
    (id, photo)
}

fn read(store: &Local, item: &ItemId, blob: &BlobRef) -> Result<Vec<u8>> {
    let repository = repository::<Contact>(store);
    let blob = block_on(repository.blobs().unwrap().open(&"contacts".into(), item, &blob.id))?;
    block_on(blob.collect(usize::MAX))
}

#[test]
fn bytes_of_any_size_come_back_as_they_went_in() {
    for len in [0, 1, 262_143, 262_144, 262_145, 1_000_000] {
        let store = store();
        let far = Far::new(len);
        let create = Write::Create { mark: "m".into(), record: with_photo(far_ref()) };
        let (id, photo) = stored(&store, write_with(&store, "contacts", create, &options(&far)));
        assert_eq!((photo.size, photo.digest), (Some(len as u64), Some(Digest::of(&bytes(len)))));
        assert_eq!(read(&store, &id, &photo).unwrap(), bytes(len), "{len} bytes");
    }
}

#[test]
fn the_same_bytes_are_kept_once_and_go_with_their_last_record() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    let store = Local::open(&path, world::options()).unwrap();
    let count = |table: &str| -> i64 {
        let sql = rusqlite::Connection::open(&path).unwrap();
        sql.query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get(0)).unwrap()
    };
    let far = Far::new(600_000);
    let make = |mark: &str, photo: BlobRef| Write::Create { mark: mark.into(), record: with_photo(photo) };
    let (first, photo) = stored(&store, write_with(&store, "contacts", make("m1", far_ref()), &options(&far)));
    let (second, _) = stored(&store, write_with(&store, "contacts", make("m2", far_ref()), &options(&far)));
    assert_eq!((count("blob"), count("chunk"), count("staging")), (1, 3, 0));
    // Bytes whose digest is known to be here are not fetched again.
    let opened = far.opened.load(Ordering::Relaxed);
    let known = BlobRef { digest: photo.digest, ..far_ref() };
    let (third, _) = stored(&store, write_with(&store, "contacts", make("m3", known), &options(&far)));
    assert_eq!(far.opened.load(Ordering::Relaxed), opened);

    block_on(store.set_photo(&first, None)).unwrap();
    assert_eq!(read(&store, &first, &photo).unwrap_err().kind(), ErrorKind::InvalidData, "the item does not name it any more");
    for id in [&second, &third] {
        assert_eq!(count("blob"), 1);
        let revision = block_on(store.get::<Contact>(id)).unwrap().revision;
        write(&store, "contacts", Write::<Contact>::Delete { id: id.clone(), revision, mode: Delete::Permanent });
    }
    assert_eq!((count("blob"), count("chunk")), (0, 0));
}

#[test]
fn a_photo_whose_bytes_do_not_come_is_left_out_and_the_rest_is_written() {
    let broken = Arc::new(Far { len: 700_000, breaks: Some(500_000), opened: AtomicUsize::new(0) });
    let wrong = BlobRef { digest: Some(Digest([7; 32])), ..far_ref() };
    let cases = [
        (WriteOptions::default(), far_ref(), ErrorKind::InvalidData),
        (options(&broken), far_ref(), ErrorKind::Transport),
        (options(&Far::new(700_000)), wrong, ErrorKind::InvalidData),
    ];
    for (options, photo, kind) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crm.db");
        let store = Local::open(&path, world::options()).unwrap();
        let create = Write::Create { mark: "m".into(), record: with_photo(photo) };
        let Outcome::Written { left_out, now: Some(now), .. } = write_with(&store, "contacts", create, &options) else {
            panic!("{kind:?}")
        };
        assert_eq!(left_out.iter().map(|(f, e)| (f.as_str(), e.kind())).collect::<Vec<_>>(), [("photo", kind)]);
        assert_eq!((now.record.photo, now.record.name.full.as_deref()), (None, Some("Ada")));
        let sql = rusqlite::Connection::open(&path).unwrap();
        for table in ["blob", "chunk", "staging"] {
            assert_eq!(sql.query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get::<_, i64>(0)).unwrap(), 0, "{table}");
        }
    }
}

#[test]
fn an_update_that_does_not_touch_the_photo_neither_fetches_nor_loses_it() {
    let store = store();
    let far = Far::new(1_000);
    let create = Write::Create { mark: "m".into(), record: with_photo(far_ref()) };
    let (id, photo) = stored(&store, write_with(&store, "contacts", create, &options(&far)));
    let base = block_on(store.get::<Contact>(&id)).unwrap();
    let mut target = base.record.clone();
    target.notes = vec!["more".into()];
    let update =
        Write::Update { id: id.clone(), revision: base.revision, base: Box::new(base.record), target: Box::new(target), mark: None };
    assert!(matches!(write(&store, "contacts", update), Outcome::Written { now: None, .. }));
    assert_eq!(far.opened.load(Ordering::Relaxed), 1);
    assert_eq!(read(&store, &id, &photo).unwrap(), bytes(1_000));
}

#[test]
fn attachments_of_events_are_kept_and_one_that_does_not_come_does_not_take_the_others_along() {
    let store = store();
    let far = Far::new(5);
    let attach = |blob: BlobRef| Attachment { blob, name: Some("a.png".into()) };
    let wrong = BlobRef { id: "2".into(), digest: Some(Digest([7; 32])), ..BlobRef::default() };
    let event = Event::build(|e| e.attachments = vec![attach(far_ref()), attach(wrong)]);
    let outcome = write_with(&store, "calendar", Write::Create { mark: "m".into(), record: event }, &options(&far));
    let Outcome::Written { left_out, now: Some(now), .. } = outcome else { panic!() };
    assert_eq!((left_out.len(), now.record.attachments.len()), (1, 1));
    assert_eq!(now.record.attachments[0].name.as_deref(), Some("a.png"));
    let events = store_events(&store);
    let blob = block_on(events.blobs().unwrap().open(&"calendar".into(), &now.id, &now.record.attachments[0].blob.id)).unwrap();
    assert_eq!(block_on(blob.collect(10)).unwrap(), bytes(5));
    block_on(store.delete(Kind::Event, &now.id)).unwrap();
    assert!(block_on(events.blobs().unwrap().open(&"calendar".into(), &now.id, &now.record.attachments[0].blob.id)).is_err());
}

#[test]
fn a_picture_that_is_only_an_address_stays_one() {
    let store = store();
    let address = BlobRef { uri: Some("https://example.org/ada.png".into()), ..BlobRef::default() };
    let (_, photo) = stored(&store, write(&store, "contacts", Write::Create { mark: "m".into(), record: with_photo(address.clone()) }));
    assert_eq!(photo, address);
}

#[test]
fn pieces_that_a_stopped_writer_left_are_swept_after_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    drop(Local::open(&path, world::options()).unwrap());
    let sql = rusqlite::Connection::open(&path).unwrap();
    let noon: i64 = "2026-03-02T12:00:00Z".parse::<jiff::Timestamp>().unwrap().as_microsecond();
    for (key, hours) in [("staged:old", 25), ("staged:young", 1)] {
        sql.execute("INSERT INTO staging VALUES (?1, ?2)", rusqlite::params![key, noon - hours * 3_600_000_000]).unwrap();
        sql.execute("INSERT INTO chunk VALUES (?1, 0, x'00')", [key]).unwrap();
    }
    drop(Local::open(&path, world::options()).unwrap());
    let left: String = sql.query_row("SELECT group_concat(blob) FROM chunk", [], |r| r.get(0)).unwrap();
    assert_eq!(left, "staged:young");
}
