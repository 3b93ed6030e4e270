//! Undo over stores that keep no bytes that nothing names any more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod road;

use pimkit::{
    Attachment, Blob, BlobId, BlobRef, Connector, Contact, Digest, Event, Phone, Record, Stored,
    formats::{InlineBlob, InlineBlobs},
    local::{Local, Options},
    sync::{Policy, Report, Verdict},
};
use pimkit_contract::samples;
use road::{Road, habits, photo, records};

const OLD: &[u8] = b"the old picture";
const NEW: &[u8] = b"the new picture";

/// Bytes as a program puts them into a file.
fn inline(blobs: &mut InlineBlobs, bytes: &[u8]) -> BlobRef {
    let (media_type, digest) = ("image/png".to_owned(), Digest::of(bytes));
    let id = BlobId::from(digest.to_string());
    blobs.insert(id.clone(), InlineBlob { media_type: media_type.clone(), bytes: bytes.to_vec() });
    BlobRef { id, media_type, size: Some(bytes.len() as u64), digest: Some(digest), uri: None }
}

/// Ada, as a program writes her into the folder: with this picture and number.
fn write(road: &Road, picture: Option<&[u8]>, number: &str) {
    let mut blobs = InlineBlobs::new();
    let ada = Contact::build(|c| {
        c.uid = Some("ada".into());
        c.name.full = Some("Ada Lovelace".into());
        c.phones = vec![Phone { number: number.to_owned(), ..Phone::default() }];
        c.photo = picture.map(|bytes| inline(&mut blobs, bytes));
    });
    road.put("first", "ada", &ada, &habits(0), &blobs);
}

/// An event with these files, as a program writes it into the folder.
fn write_event(road: &Road, title: &str, files: &[&[u8]]) {
    let mut blobs = InlineBlobs::new();
    let mut lunch = samples::event(1);
    lunch.uid = Some("lunch".into());
    lunch.title = Some(title.to_owned());
    lunch.attachments = files.iter().map(|bytes| Attachment { blob: inline(&mut blobs, bytes), name: None }).collect();
    road.put("first", "lunch", &lunch, &habits(0), &blobs);
}

/// What an account has of the event: its title, and the bytes of its files.
async fn lunch(connector: &dyn Connector) -> (String, Vec<Vec<u8>>) {
    let stored: Stored<Event> = records::<Event>(connector).await.remove("lunch").unwrap();
    let repository = connector.events().unwrap();
    let mut files = Vec::new();
    for attachment in &stored.record.attachments {
        let blob = repository.blobs().unwrap().open(&stored.collection, &stored.id, &attachment.blob.id).await.unwrap();
        files.push(blob.collect(1 << 20).await.unwrap());
    }
    files.sort();
    (stored.record.title.unwrap(), files)
}

/// What an account has of her: the number, and the bytes of the picture.
async fn ada(connector: &dyn Connector) -> (String, Option<Vec<u8>>) {
    let stored: Stored<Contact> = records::<Contact>(connector).await.remove("ada").unwrap();
    let picture = photo(connector.contacts().unwrap().as_ref(), &stored).await;
    (stored.record.phones[0].number.clone(), picture)
}

async fn undo<R: Record>(road: &Road, run: u64) -> Report {
    let pair = road.pair::<R>("first", Policy::default());
    let plan = pair.undo(run).await.unwrap();
    pair.apply(plan).await.unwrap()
}

/// A picture before and after what a run carries over.
type Change = (Option<&'static [u8]>, Option<&'static [u8]>);
const CHANGES: [Change; 3] = [(None, Some(NEW)), (Some(OLD), Some(NEW)), (Some(OLD), None)];

/// That the picture on the side that a run wrote to is as it was; or, where its bytes are nowhere any more, that it is named and
/// as the run left it. All else is back in either case, and the side where its user changed it is let alone.
async fn assert_taken_back(report: &Report, wrote: &dyn Connector, user: &dyn Connector, change: Change) {
    let (before, after) = change;
    let bytes_are_gone = before.is_some();
    let sync = &report.sync;
    assert_eq!(sync.updated.total(), 1, "{change:?}: {report:?}");
    let named = sync.quarantined.iter().filter(|left| left.error.contains("photo is not as it was")).count();
    assert_eq!((sync.quarantined.len(), named), if bytes_are_gone { (1, 1) } else { (0, 0) }, "{change:?}: {report:?}");
    assert_eq!(sync.verdict(), if bytes_are_gone { Verdict::LeftOver } else { Verdict::Done }, "{change:?}");
    let picture = if bytes_are_gone { after } else { before };
    assert_eq!(ada(wrote).await, ("1".to_owned(), picture.map(<[u8]>::to_vec)), "{change:?}");
    assert_eq!(ada(user).await, ("2".to_owned(), after.map(<[u8]>::to_vec)), "{change:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_that_came_from_the_folder_is_taken_back_or_named() {
    for change in CHANGES {
        let road = Road::new();
        write(&road, change.0, "1");
        road.run::<Contact>("first").await;
        write(&road, change.1, "2");
        let report = road.run::<Contact>("first").await;
        assert_eq!(ada(road.store.as_ref()).await, ("2".to_owned(), change.1.map(<[u8]>::to_vec)));
        let undone = undo::<Contact>(&road, report.run).await;
        assert_taken_back(&undone, road.store.as_ref(), road.folder("first").as_ref(), change).await;
        assert_eq!(road.run::<Contact>("first").await.sync.writes(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_that_came_from_the_app_is_taken_back_or_named() {
    for change in CHANGES {
        let road = Road::new();
        write(&road, change.0, "1");
        road.run::<Contact>("first").await;
        let app = Local::open(road.dir.path().join("crm.db"), Options::default()).unwrap();
        let id = records::<Contact>(&app).await.remove("ada").unwrap().id;
        app.set_photo(&id, change.1.map(|bytes| Blob::whole("image/png", bytes.to_vec()))).await.unwrap();
        app.edit::<Contact>(&id, |c| c.phones[0].number = "2".to_owned()).await.unwrap();
        let report = road.run::<Contact>("first").await;
        assert_eq!(ada(road.folder("first").as_ref()).await, ("2".to_owned(), change.1.map(<[u8]>::to_vec)));
        let undone = undo::<Contact>(&road, report.run).await;
        assert_taken_back(&undone, road.folder("first").as_ref(), road.store.as_ref(), change).await;
        assert_eq!(road.run::<Contact>("first").await.sync.writes(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attachments_that_came_from_the_folder_are_taken_back_or_named() {
    let changes: [[&[&[u8]]; 2]; 4] = [[&[], &[NEW]], [&[OLD], &[OLD, NEW]], [&[OLD], &[NEW]], [&[OLD, NEW], &[NEW]]];
    for [before, after] in changes {
        let bytes_are_gone = before.iter().any(|bytes| !after.contains(bytes));
        let sorted = |files: &[&[u8]]| {
            let mut files: Vec<Vec<u8>> = files.iter().map(|bytes| bytes.to_vec()).collect();
            files.sort();
            files
        };
        let road = Road::new();
        write_event(&road, "Lunch", before);
        road.run::<Event>("first").await;
        write_event(&road, "Late lunch", after);
        let report = road.run::<Event>("first").await;
        assert_eq!(lunch(road.store.as_ref()).await, ("Late lunch".to_owned(), sorted(after)));
        let undone = undo::<Event>(&road, report.run).await;
        let named: Vec<_> = undone.sync.quarantined.iter().filter(|left| left.error.contains("attachments is not as it was")).collect();
        assert_eq!(named.len(), usize::from(bytes_are_gone), "{undone:?}");
        // Of what was there before, that of which there are bytes; what the run brought is gone again.
        let files: Vec<&[u8]> = before.iter().copied().filter(|bytes| after.contains(bytes)).collect();
        assert_eq!(lunch(road.store.as_ref()).await, ("Lunch".to_owned(), sorted(&files)), "{before:?} {after:?} {undone:?}");
        assert_eq!(lunch(road.folder("first").as_ref()).await, ("Late lunch".to_owned(), sorted(after)));
        assert_eq!(road.run::<Event>("first").await.sync.writes(), 0);
    }
}
