//! What a run did to photos and attachments is taken back with their bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::executor::block_on;
use pimkit_contract::{
    WorstOptions,
    worst::{ByHand, Kept},
};
use pimkit_core::{Attachment, BlobRef, Connector, Contact, Event, ItemId};
use pimkit_sync::{Report, Verdict};
use std::time::Duration;
use world::World;

/// A record whose bytes can be told and set: the photo of a contact, the attachments of an event.
trait Bytes: Kept {
    fn blobs_mut(&mut self, blobs: Vec<BlobRef>);
    fn plain() -> Self;
}

impl Bytes for Contact {
    fn blobs_mut(&mut self, blobs: Vec<BlobRef>) {
        self.photo = blobs.into_iter().next();
    }
    fn plain() -> Self {
        world::named("Ada")
    }
}

impl Bytes for Event {
    fn blobs_mut(&mut self, blobs: Vec<BlobRef>) {
        self.attachments = blobs.into_iter().map(|blob| Attachment { blob, name: Some("a file".into()) }).collect();
    }
    fn plain() -> Self {
        pimkit_contract::samples::event(1)
    }
}

/// The side on which a user acts, and the one to which it is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Hub,
    Far,
}

struct Sides<R: Kept> {
    world: World,
    hub: ItemId,
    far: ItemId,
    kind: std::marker::PhantomData<R>,
}

impl<R: Bytes> Sides<R> {
    /// A record that both sides have, with these bytes.
    fn agreed(options: WorstOptions, bytes: &[&[u8]]) -> Self {
        let world = World::with(options);
        let hub = world.hub_hand::<R>();
        let blobs: Vec<BlobRef> = bytes.iter().map(|bytes| hub.upload("image/png", bytes)).collect();
        let mut record = R::plain();
        record.blobs_mut(blobs);
        let id = hub.put(&World::home::<R>(), record);
        world.run::<R>(&[]);
        let far = world.far_hand::<R>().items().into_keys().next().unwrap();
        let sides = Self { world, hub: id, far, kind: std::marker::PhantomData };
        assert_eq!([sides.bytes(Of::Hub), sides.bytes(Of::Far)], [sorted(bytes), sorted(bytes)]);
        sides
    }

    fn hand(&self, of: Of) -> (ByHand<R>, &ItemId) {
        match of {
            Of::Hub => (self.world.hub_hand(), &self.hub),
            Of::Far => (self.world.far_hand(), &self.far),
        }
    }

    /// A user puts other bytes in place of those that are there.
    fn set(&self, of: Of, bytes: &[&[u8]]) {
        let (hand, id) = self.hand(of);
        let blobs = bytes.iter().map(|bytes| hand.upload("image/png", bytes)).collect();
        assert!(hand.edit(id, |r| r.blobs_mut(blobs)));
    }

    /// The bytes of the record, opened as anybody opens them.
    fn bytes(&self, of: Of) -> Vec<Vec<u8>> {
        let (hand, id) = self.hand(of);
        let stored = hand.item(id).unwrap();
        let connector: &dyn Connector = match of {
            Of::Hub => &self.world.hub,
            Of::Far => &self.world.far,
        };
        let repository = R::repository(connector).unwrap();
        let blobs = repository.blobs().unwrap();
        let open = |blob: &BlobRef| block_on(blobs.open(&stored.collection, id, &blob.id)).unwrap();
        let mut all: Vec<Vec<u8>> = stored.record.blobs().into_iter().map(|blob| block_on(open(blob).collect(1 << 20)).unwrap()).collect();
        all.sort();
        all
    }

    fn undo(&self, run: u64) -> Report {
        self.world.clock.advance(Duration::from_secs(60));
        let pair = self.world.pair::<R>(&[]);
        let plan = block_on(pair.undo(run)).unwrap();
        let report = block_on(pair.apply(plan)).unwrap();
        self.world.clock.advance(Duration::from_secs(60));
        report
    }
}

fn sorted(bytes: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = bytes.iter().map(|bytes| bytes.to_vec()).collect();
    all.sort();
    all
}

/// Bytes that were replaced, taken away or added on one side, carried to the other, and taken back there.
fn taken_back<R: Bytes>(changes: &[[&[&[u8]]; 2]]) {
    for options in [WorstOptions::kind(), WorstOptions::only(&["server_made_ids", "two_calls"]).unwrap()] {
        for (user, other) in [(Of::Far, Of::Hub), (Of::Hub, Of::Far)] {
            for [before, after] in changes {
                let said = format!("{options}, by {user:?}: {before:?} to {after:?}");
                let sides = Sides::<R>::agreed(options.clone(), before);
                sides.set(user, after);
                let report = sides.world.run::<R>(&[]);
                assert_eq!((report.sync.updated.total(), report.sync.verdict()), (1, Verdict::Done), "{said}: {report:?}");
                assert_eq!([sides.bytes(user), sides.bytes(other)], [sorted(after), sorted(after)], "{said}");

                let undone = sides.undo(report.run);
                assert_eq!((undone.sync.updated.total(), undone.sync.verdict()), (1, Verdict::Done), "{said}: {undone:?}");
                assert_eq!(sides.bytes(other), sorted(before), "{said}: what the run wrote is taken back");
                assert_eq!(sides.bytes(user), sorted(after), "{said}: what its user did is not");
                // It rests so, until the undo is undone.
                assert_eq!(sides.world.run::<R>(&[]).sync.writes(), 0, "{said}");
                let again = sides.undo(undone.run);
                assert_eq!(again.sync.verdict(), Verdict::Done, "{said}: {again:?}");
                assert_eq!([sides.bytes(user), sides.bytes(other)], [sorted(after), sorted(after)], "{said}");
                assert_eq!(sides.world.run::<R>(&[]).sync.writes(), 0, "{said}");
            }
        }
    }
}

#[test]
fn a_photo_that_a_run_replaced_added_or_took_away_is_as_it_was_with_its_bytes() {
    taken_back::<Contact>(&[[&[b"old"], &[b"new"]], [&[], &[b"new"]], [&[b"old"], &[]]]);
}

#[test]
fn attachments_that_a_run_replaced_added_or_took_away_are_as_they_were_with_their_bytes() {
    let [one, two]: [&[u8]; 2] = [b"one", b"two"];
    taken_back::<Event>(&[[&[one], &[two]], [&[one], &[one, two]], [&[one, two], &[two]], [&[one], &[]]]);
}
