//! A sync that rests does nothing and forgets nothing; what waits for a decision gets it once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::{TryStreamExt, executor::block_on};
use pimkit_contract::{WorstOptions, samples};
use pimkit_core::{Contact, ErrorKind, Event, ItemId, Side, State, StateChange, SyncId, SyncRow, SyncState};
use pimkit_sync::{Verdict, Waiting};
use serde_json::json;
use world::{World, named, texts};

#[test]
fn a_paused_sync_does_nothing_and_catches_up_when_it_is_resumed() {
    let world = World::kind();
    let hub = world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(1));
    world.run::<Contact>(&[]);
    let pair = world.pair::<Contact>(&[]);
    block_on(pair.pause(Some("moving house"))).unwrap();
    world.hub_hand::<Contact>().edit(&hub, |c| c.notes = vec!["meanwhile".into()]);
    world.far_hand::<Contact>().put(&World::home::<Contact>(), named("New"));
    let (requests, runs) = (world.far.requests().len(), block_on(world.state.last_run()).unwrap());
    for _ in 0..2 {
        let report = world.run::<Contact>(&[]);
        assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::Done), "{report:?}");
        assert!(report.sync.rests.as_ref().unwrap().contains("paused since 2026-03-02 08:02:00 UTC: moving house"), "{report:?}");
    }
    assert_eq!((world.far.requests().len(), block_on(world.state.last_run()).unwrap()), (requests, runs), "it asked nobody");
    block_on(pair.resume()).unwrap();
    let report = world.run::<Contact>(&[]);
    assert_eq!((report.sync.updated.right, report.sync.created.left, report.sync.rests), (1, 1, None));
    assert_eq!(texts(world.hub_hand::<Contact>().records()), texts(world.far_hand::<Contact>().records()));
}

#[test]
fn a_sync_is_not_paused_while_it_runs_and_an_ended_one_neither_rests_nor_runs() {
    let world = World::kind();
    let pair = world.pair::<Contact>(&[]);
    let plan = block_on(pair.plan()).unwrap();
    assert_eq!(block_on(pair.pause(None)).unwrap_err().kind(), ErrorKind::LeaseLost);
    drop(plan);
    block_on(pair.pause(None)).unwrap();
    let kept = block_on(world.state.sync(&SyncId::from("contacts"))).unwrap().unwrap();
    assert_eq!((kept.state, kept.why.as_deref()), (SyncState::Paused, None));
    let lease = block_on(world.state.acquire(&"state".into())).unwrap();
    let ended = SyncRow { state: SyncState::Disabled, ..kept };
    block_on(world.state.commit(&lease, vec![StateChange::Sync(Box::new(ended))])).unwrap();
    drop(lease);
    assert_eq!(block_on(pair.resume()).unwrap_err().kind(), ErrorKind::Config);
    assert!(world.run::<Contact>(&[]).sync.notes[0].contains("disabled since"));
}

/// A pair whose name both sides changed under `conflicts = ask`.
fn undecided() -> (World, ItemId, ItemId, Waiting<Contact>) {
    let world = World::kind();
    let hub = world.hub_hand::<Contact>().put(&World::home::<Contact>(), named("Ada"));
    world.run::<Contact>(ASK);
    let far = world.far_hand::<Contact>().items().into_keys().next().unwrap();
    world.hub_hand::<Contact>().edit(&hub, |c| c.name.full = Some("Hub".into()));
    world.far_hand::<Contact>().edit(&far, |c| c.name.full = Some("Far".into()));
    assert_eq!(world.run::<Contact>(ASK).sync.held, 1);
    let waiting: Vec<_> = block_on(world.pair::<Contact>(ASK).conflicts().try_collect()).unwrap();
    assert_eq!(waiting.len(), 1);
    (world, hub, far, waiting.into_iter().next().unwrap())
}

const ASK: &[(&str, &str)] = &[("conflicts", "ask")];

#[test]
fn what_waits_is_shown_with_both_values_and_the_decided_side_wins_once() {
    for (side, stays, lost) in [(Side::Left, "Hub", "Far"), (Side::Right, "Far", "Hub")] {
        let (world, hub, far, waiting) = undecided();
        assert_eq!((&waiting.fields[0].hub, &waiting.fields[0].far), (&Some(json!("Hub")), &Some(json!("Far"))));
        assert!(waiting.why.contains("decide which one stays"), "{waiting:?}");
        let pair = world.pair::<Contact>(ASK);
        block_on(pair.decide(&waiting.link.id, side)).unwrap();
        let report = world.run::<Contact>(ASK);
        assert_eq!((report.sync.writes(), report.sync.verdict()), (1, Verdict::Done), "{report:?}");
        let names = || {
            [world.hub_hand::<Contact>().item(&hub), world.far_hand::<Contact>().item(&far)].map(|s| s.unwrap().record.name.full.unwrap())
        };
        assert_eq!(names(), [stays, stays]);
        let row = world.journal().into_iter().find(|row| !row.lost.is_empty()).unwrap();
        assert_eq!((row.lost[0].to.clone(), row.policy.unwrap()), (Some(json!(lost)), format!("decided = {}", side.word())));
        // The decision was for that conflict.
        world.hub_hand::<Contact>().edit(&hub, |c| c.name.full = Some("Hub again".into()));
        world.far_hand::<Contact>().edit(&far, |c| c.name.full = Some("Far again".into()));
        assert_eq!(world.run::<Contact>(ASK).sync.held, 1);
    }
}

#[test]
fn only_what_waits_can_be_decided() {
    let world = World::kind();
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), named("Ada"));
    world.run::<Contact>(ASK);
    let link = block_on(world.state.links(pimkit_core::LinkQuery::of(&"contacts".into())).try_next()).unwrap().unwrap();
    let pair = world.pair::<Contact>(ASK);
    assert!(block_on(pair.decide(&link.id, Side::Left)).unwrap_err().to_string().contains("nothing of this pair waits"));
    assert!(block_on(pair.decide("nowhere", Side::Left)).unwrap_err().to_string().contains("no such pair"));
}

#[test]
fn what_waits_for_anything_but_a_word_is_shown_and_not_decided() {
    // A meeting with guests, at a side that cannot write without mailing them.
    let world = World::with(WorstOptions::only(&["cannot_keep_silent"]).unwrap());
    world.hub_hand::<Event>().put(&World::home::<Event>(), samples::event(1));
    world.run::<Event>(ASK);
    let far = world.far_hand::<Event>().items().into_keys().next().unwrap();
    let hub = world.hub_hand::<Event>().items().into_keys().next().unwrap();
    world.far_hand::<Event>().edit(&far, |e| e.participants = samples::meeting(1).participants);
    world.run::<Event>(ASK);
    world.hub_hand::<Event>().edit(&hub, |e| e.title = Some("Moved".into()));
    let report = world.run::<Event>(ASK);
    assert_eq!((report.sync.held, report.sync.writes()), (1, 0), "{report:?}");
    let pair = world.pair::<Event>(ASK);
    let waiting: Vec<_> = block_on(pair.conflicts().try_collect()).unwrap();
    assert!(matches!(waiting.as_slice(), [one] if !one.open && one.fields.is_empty()), "{waiting:?}");
    let refused = block_on(pair.decide(&waiting[0].link.id, Side::Left)).unwrap_err();
    assert!(refused.to_string().contains("nothing of this pair waits for a decision"), "{refused}");
    // A real conflict that comes later is asked about, as it would have been.
    world.far_hand::<Event>().edit(&far, |e| e.title = Some("Moved there".into()));
    assert_eq!(world.run::<Event>(ASK).sync.writes(), 0);
    let waiting: Vec<_> = block_on(pair.conflicts().try_collect()).unwrap();
    assert!(matches!(waiting.as_slice(), [one] if one.open && one.fields.len() == 1), "{waiting:?}");
}

#[test]
fn a_deleted_meeting_that_was_edited_goes_or_stays_as_somebody_decides_and_is_never_made_again() {
    for (side, left) in [(Side::Left, 3), (Side::Right, 2)] {
        let policy: &[(&str, &str)] = &[("deletes", "delete")];
        let world = World::kind();
        for n in 0..3 {
            world.hub_hand::<Event>().put(&World::home::<Event>(), samples::meeting(n));
        }
        world.run::<Event>(policy);
        let far = world.far_hand::<Event>().items().into_keys().next().unwrap();
        let title = world.far_hand::<Event>().item(&far).unwrap().record.title;
        let hub = world.hub_hand::<Event>().items().into_iter().find(|(_, s)| s.record.title == title).unwrap().0;
        world.far_hand::<Event>().delete(&far);
        world.hub_hand::<Event>().edit(&hub, |e| e.description = Some("new agenda".into()));
        assert_eq!(world.run::<Event>(policy).sync.held, 1);
        let pair = world.pair::<Event>(policy);
        let waiting: Vec<_> = block_on(pair.conflicts().try_collect()).unwrap();
        block_on(pair.decide(&waiting[0].link.id, side)).unwrap();
        let report = world.run::<Event>(policy);
        assert_eq!((report.sync.verdict(), report.sync.created.total()), (Verdict::Done, 0), "{report:?}");
        assert_eq!(world.hub_hand::<Event>().records().len(), left);
        assert_eq!(world.far_hand::<Event>().records().len(), 2);
        assert!(world.far.outbox().is_empty());
    }
}
