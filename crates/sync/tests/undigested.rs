//! Photos and attachments where the far side does not say what its bytes hash to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::executor::block_on;
use pimkit_contract::{
    WorstOptions, samples,
    worst::{ByHand, Failure, Fault, FaultPlan, Operation},
};
use pimkit_core::{Attachment, Blob, BlobRef, Connector, Contact, Event, ItemId, Record, Repository, Side, Stored};
use pimkit_sync::Verdict;
use std::{sync::Arc, time::Duration};
use world::{World, named};

fn undigested() -> World {
    World::with(WorstOptions::only(&["no_digests"]).unwrap())
}

fn files(blobs: Vec<BlobRef>) -> Vec<Attachment> {
    blobs.into_iter().map(|blob| Attachment { blob, name: Some("a file".into()) }).collect()
}

/// The bytes of a record, opened as anybody opens them.
fn bytes<R: Record>(repository: &Arc<dyn Repository<R>>, stored: &Stored<R>) -> Vec<Vec<u8>> {
    let open = |blob: &BlobRef| -> Blob { block_on(repository.blobs().unwrap().open(&stored.collection, &stored.id, &blob.id)).unwrap() };
    let mut all: Vec<_> = stored.record.blobs().into_iter().map(|blob| block_on(open(blob).collect(1 << 20)).unwrap()).collect();
    all.sort();
    all
}

#[test]
fn an_attachment_that_was_taken_away_or_replaced_stays_away_whichever_side_did_it() {
    let [one, two]: [&[u8]; 2] = [b"one", b"two"];
    for by_far in [true, false] {
        for (before, after) in [(vec![one], vec![]), (vec![one], vec![two]), (vec![one, two], vec![two])] {
            let world = undigested();
            let (hub, far): (ByHand<Event>, ByHand<Event>) = (world.hub_hand(), world.far_hand());
            let upload = |hand: &ByHand<Event>, all: &[&[u8]]| files(all.iter().map(|bytes| hand.upload("image/png", bytes)).collect());
            let mut event = samples::event(1);
            event.attachments = upload(&hub, &before);
            let id = hub.put(&World::home::<Event>(), event);
            world.run::<Event>(&[]);
            let there: ItemId = far.items().into_keys().next().unwrap();
            if by_far {
                let new = upload(&far, &after);
                far.edit(&there, |e| e.attachments = new);
            } else {
                let new = upload(&hub, &after);
                hub.edit(&id, |e| e.attachments = new);
            }
            for _ in 0..2 {
                world.run::<Event>(&[]);
                let sides = [
                    bytes(&world.hub.events().unwrap(), &hub.item(&id).unwrap()),
                    bytes(&world.far.events().unwrap(), &far.item(&there).unwrap()),
                ];
                assert_eq!(sides, [after.clone(), after.clone()], "{before:?} by the far side: {by_far}");
            }
        }
    }
}

#[test]
fn a_photo_that_a_run_wrote_there_is_taken_back_when_the_run_is_undone() {
    for before in [None, Some(b"old")] {
        let world = undigested();
        let (hub, far): (ByHand<Contact>, ByHand<Contact>) = (world.hub_hand(), world.far_hand());
        let mut ada = named("Ada");
        ada.photo = before.map(|bytes| hub.upload("image/png", bytes));
        let id = hub.put(&World::home::<Contact>(), ada);
        world.run::<Contact>(&[]);
        let new = hub.upload("image/png", b"new");
        hub.edit(&id, |c| c.photo = Some(new));
        let run = world.run::<Contact>(&[]).run;
        world.clock.advance(Duration::from_secs(60));
        let pair = world.pair::<Contact>(&[]);
        let report = block_on(pair.apply(block_on(pair.undo(run)).unwrap())).unwrap();
        assert_eq!((report.sync.updated.right, report.sync.verdict()), (1, Verdict::Done), "{report:?}");
        let there = far.items().into_values().next().unwrap();
        let expected: Vec<Vec<u8>> = before.iter().map(|bytes| bytes.to_vec()).collect();
        assert_eq!(bytes(&world.far.contacts().unwrap(), &there), expected);
    }
}

#[test]
fn a_write_of_bytes_whose_answer_was_lost_is_seen_to_have_arrived_and_is_in_the_journal() {
    let [one, two]: [&[u8]; 2] = [b"one", b"two"];
    for traits in [&["no_digests"][..], &["no_digests", "unconditional"]] {
        for (before, after) in [(vec![one], vec![two]), (vec![one, two], vec![two]), (vec![one], vec![])] {
            let world = World::with(WorstOptions::only(traits).unwrap());
            let (hub, far): (ByHand<Event>, ByHand<Event>) = (world.hub_hand(), world.far_hand());
            let upload = |all: &[&[u8]]| files(all.iter().map(|bytes| hub.upload("image/png", bytes)).collect());
            let mut event = samples::event(1);
            event.attachments = upload(&before);
            let id = hub.put(&World::home::<Event>(), event);
            world.run::<Event>(&[]);
            let new = upload(&after);
            hub.edit(&id, |e| e.attachments = new);
            world.far.set_faults(FaultPlan::none().at_nth(Operation::Write, 1, Fault::After(Failure::Transport)));
            world.run::<Event>(&[]);
            world.far.set_faults(FaultPlan::none());
            for _ in 0..3 {
                world.run::<Event>(&[]);
                let there = far.items().into_values().next().unwrap();
                let sides = [bytes(&world.hub.events().unwrap(), &hub.item(&id).unwrap()), bytes(&world.far.events().unwrap(), &there)];
                assert_eq!(sides, [after.clone(), after.clone()], "{traits:?} {before:?}");
            }
            let journal = world.journal();
            let told = journal.iter().filter(|row| row.changes.iter().any(|c| c.side == Side::Right && c.field.as_str() == "attachments"));
            assert_eq!(told.count(), 2, "made and changed, {traits:?} {before:?}: {journal:#?}");
        }
    }
}
