//! Photos go along with their bytes, and every field with every kind, from a folder into the app store and from there into
//! a second folder, each kind in a collection of its own; however often, nothing is written again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod road;

use pimkit::{Contact, Event, Task, formats::InlineBlobs};
use road::{Road, assert_equal, contact, event, habits, photo, records, task};

const CARDS: u64 = 100;
const EVENTS: u64 = 50;
const TASKS: u64 = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn photos_arrive_with_their_bytes_and_every_kind_in_its_collection() {
    let road = Road::new();
    for n in 0..CARDS {
        let (contact, blobs) = contact(n);
        road.put("first", &format!("c{n}"), &contact, &habits(n), &blobs);
    }
    for n in 0..EVENTS {
        road.put("first", &format!("e{n}"), &event(n), &habits(n), &InlineBlobs::new());
    }
    for n in 0..TASKS {
        road.put("first", &format!("t{n}"), &task(n), &habits(n), &InlineBlobs::new());
    }
    let written = |reports: [pimkit::sync::Report; 3]| reports.map(|r| r.sync.writes());
    assert_eq!(written(road.run_all("first").await), [CARDS, EVENTS, TASKS]);
    assert_eq!(written(road.run_all("second").await), [CARDS, EVENTS, TASKS]);

    let (first, second) = (road.folder("first"), road.folder("second"));
    assert_equal::<Contact>(first.as_ref(), second.as_ref(), CARDS as usize).await;
    assert_equal::<Contact>(first.as_ref(), road.store.as_ref(), CARDS as usize).await;
    assert_equal::<Event>(first.as_ref(), second.as_ref(), EVENTS as usize).await;
    assert_equal::<Event>(first.as_ref(), road.store.as_ref(), EVENTS as usize).await;
    assert_equal::<Task>(first.as_ref(), second.as_ref(), TASKS as usize).await;
    assert_equal::<Task>(first.as_ref(), road.store.as_ref(), TASKS as usize).await;

    // A digest is what a side says of a photo; here are its bytes.
    let repository = second.contacts().unwrap();
    let mut photos = 0;
    for stored in records::<Contact>(second.as_ref()).await.values() {
        if let Some(bytes) = photo(repository.as_ref(), stored).await {
            assert!(bytes.starts_with(b"the picture of "), "{bytes:?}");
            photos += 1;
        }
    }
    assert_eq!(photos, CARDS / 10);

    // Twice around: both syncs find everything as it was.
    for side in ["first", "second", "first"] {
        assert_eq!(written(road.run_all(side).await), [0, 0, 0], "{side}");
    }
}
