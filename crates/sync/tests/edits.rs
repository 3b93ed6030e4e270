//! Edits that are easily lost, doubled or sent back and forth.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::task::noop_waker;
use pimkit_contract::{
    WorstOptions, samples,
    state::{MemoryState, StopPoint},
    worst::{Failure, Fault, FaultPlan, Operation},
};
use pimkit_core::{Contact, Event, ItemId, Record};
use pimkit_sync::Verdict;
use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll},
};
use world::{World, named, texts};

const DELETE: &[(&str, &str)] = &[("deletes", "delete")];

/// A far side that keeps what it is given, and one that may rewrite it some time later.
fn worlds() -> [World; 2] {
    [World::kind(), World::with(WorstOptions::only(&["normalises"]).unwrap())]
}

fn ada() -> Contact {
    let mut ada = named("Ada");
    ada.uid = Some("ada".into());
    ada
}

/// One contact, made on the hub and synced: its ids.
fn pair_of(world: &World, contact: Contact, policy: &[(&str, &str)]) -> (ItemId, ItemId) {
    let hub = world.hub_hand::<Contact>().put(&World::home::<Contact>(), contact);
    world.run::<Contact>(policy);
    (hub, world.far_hand::<Contact>().items().into_keys().next().unwrap())
}

#[test]
fn a_field_that_is_cleared_at_the_far_side_is_cleared_on_the_hub() {
    for world in worlds() {
        let mut contact = samples::full_contact(1);
        contact.photo = None;
        let (hub, far) = pair_of(&world, contact, &[]);
        world.run::<Contact>(&[]);
        world.far_hand::<Contact>().edit(&far, |c| {
            c.notes.clear();
            c.nicknames.clear();
            c.name.given2 = None;
        });
        let report = world.run::<Contact>(&[]);
        assert_eq!((report.sync.updated.left, report.sync.verdict()), (1, Verdict::Done), "{report:?}");
        let now = world.hub_hand::<Contact>().item(&hub).unwrap().record;
        assert_eq!((now.notes.len(), now.nicknames.len(), now.name.given2), (0, 0, None));
    }
}

#[test]
fn two_users_who_edit_one_field_in_turns_are_always_followed() {
    for world in worlds() {
        let (hub, far) = pair_of(&world, named("Ada"), &[]);
        for n in 0..6 {
            world.hub_hand::<Contact>().edit(&hub, |c| c.name.full = Some(format!("hub {n}")));
            world.run::<Contact>(&[]);
            world.far_hand::<Contact>().edit(&far, |c| c.name.full = Some(format!("far {n}")));
            let report = world.run::<Contact>(&[]);
            let name = world.hub_hand::<Contact>().item(&hub).unwrap().record.name.full;
            assert_eq!(name, Some(format!("far {n}")), "{report:?}");
        }
    }
}

#[test]
fn a_value_that_a_side_keeps_putting_back_is_left_alone_and_told() {
    let world = World::with(WorstOptions::only(&["normalises"]).unwrap());
    let (hub, far) = pair_of(&world, named("Ada"), &[]);
    let mut writes = 0;
    for _ in 0..10 {
        // Two programs that each insist.
        world.hub_hand::<Contact>().edit(&hub, |c| c.name.full = Some("Hub".into()));
        writes += world.run::<Contact>(&[]).sync.writes();
        world.far_hand::<Contact>().edit(&far, |c| c.name.full = Some("Far".into()));
        writes += world.run::<Contact>(&[]).sync.writes();
    }
    assert!(writes <= 4, "{writes}");
    assert!(world.journal().iter().any(|row| row.why.contains("keeps coming back")), "{:?}", world.journal().last());
    // Another value is an edit like any other.
    world.far_hand::<Contact>().edit(&far, |c| c.name.full = Some("Peace".into()));
    world.run::<Contact>(&[]);
    assert_eq!(world.hub_hand::<Contact>().item(&hub).unwrap().record.name.full.as_deref(), Some("Peace"));
    assert_eq!(world.run::<Contact>(&[]).sync.writes(), 0);
}

#[test]
fn an_edit_of_what_we_wrote_beats_a_deletion() {
    for world in worlds() {
        for n in 5..8 {
            world.far_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n));
        }
        let hub = world.hub_hand::<Contact>().put(&World::home::<Contact>(), ada());
        world.run::<Contact>(DELETE);
        let far = world.far_hand::<Contact>().items().into_iter().find(|(_, s)| s.record.name.full.as_deref() == Some("Ada")).unwrap().0;
        world.hub_hand::<Contact>().delete(&hub);
        world.far_hand::<Contact>().edit(&far, |c| c.name.full = Some("Ada, Countess".into()));
        let report = world.run::<Contact>(DELETE);
        assert_eq!((report.sync.created.left, report.sync.deleted.total()), (1, 0), "{report:?}");
        assert_eq!(texts(world.hub_hand::<Contact>().records()), texts(world.far_hand::<Contact>().records()));
        assert_eq!(world.run::<Contact>(DELETE).sync.writes(), 0);
    }
}

#[test]
fn one_way_a_group_is_taken_whole_and_the_loser_kept() {
    let world = World::kind();
    let policy = &[("direction", "to_right")];
    let mut ada = named("Ada Lovelace");
    (ada.name.given, ada.name.surname) = (Some("Ada".into()), Some("Lovelace".into()));
    let (hub, far) = pair_of(&world, ada, policy);
    world.hub_hand::<Contact>().edit(&hub, |c| c.name.given = Some("Augusta".into()));
    world.far_hand::<Contact>().edit(&far, |c| c.name.surname = Some("Byron".into()));
    world.run::<Contact>(policy);
    let now = world.far_hand::<Contact>().item(&far).unwrap().record.name;
    assert_eq!((now.given.as_deref(), now.surname.as_deref()), (Some("Augusta"), Some("Lovelace")));
    let lost: Vec<_> = world.journal().into_iter().flat_map(|r| r.lost).filter_map(|l| l.to).collect();
    assert!(lost.contains(&serde_json::json!("Byron")), "{lost:?}");
}

#[test]
fn when_one_record_is_one_field_the_winners_record_stands_on_both_sides() {
    for (winner, edited) in [("left", "hub"), ("right", "far")] {
        let world = World::kind();
        let policy = &[("granularity", "record"), ("conflicts", winner)];
        let (hub, far) = pair_of(&world, samples::contact(1), policy);
        world.hub_hand::<Contact>().edit(&hub, |c| {
            c.nicknames.push("hub".into());
            c.notes = vec!["hub".into()];
        });
        world.far_hand::<Contact>().edit(&far, |c| {
            c.nicknames.push("far".into());
            c.keywords.insert("far".into());
        });
        let report = world.run::<Contact>(policy);
        assert_eq!(report.sync.conflicts, 1, "{report:?}");
        let (h, f) = (world.hub_hand::<Contact>().item(&hub).unwrap().record, world.far_hand::<Contact>().item(&far).unwrap().record);
        assert_eq!(texts(vec![h.clone()]), texts(vec![f]), "{winner}");
        assert!(
            h.nicknames.contains(&edited.to_owned()) && h.nicknames.len() == samples::contact(1).nicknames.len() + 1,
            "{winner}: {h:?}"
        );
        assert_eq!(world.run::<Contact>(policy).sync.writes(), 0);
    }
}

#[test]
fn keep_both_copies_once_with_the_photo_and_only_when_the_conflict_is_written() {
    let policy = &[("conflicts", "keep_both")];
    let world = World::kind();
    let (hub, far) = pair_of(&world, named("Ada"), policy);
    let photo = world.far_hand::<Contact>().upload("image/png", b"a picture");
    world.far_hand::<Contact>().edit(&far, |c| c.photo = Some(photo));
    world.run::<Contact>(policy);
    world.hub_hand::<Contact>().edit(&hub, |c| c.name.full = Some("Hub".into()));
    world.far_hand::<Contact>().edit(&far, |c| c.name.full = Some("Far".into()));
    world.far_hand::<Contact>().read_only(&far, true);
    for _ in 0..3 {
        let report = world.run::<Contact>(policy);
        assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::LeftOver), "{report:?}");
    }
    assert_eq!(world.hub_hand::<Contact>().records().len(), 1);
    world.far_hand::<Contact>().read_only(&far, false);
    world.run::<Contact>(policy);
    world.run::<Contact>(policy);
    let (hubs, fars) = (world.hub_hand::<Contact>().records(), world.far_hand::<Contact>().records());
    assert_eq!((hubs.len(), fars.len()), (2, 2));
    for record in hubs.iter().chain(&fars) {
        assert_eq!(record.photo.as_ref().and_then(|p| p.digest), Some(pimkit_core::Digest::of(b"a picture")), "{:?}", record.name.full);
    }
    assert_eq!(world.run::<Contact>(policy).sync.writes(), 0);
}

/// Polls a run until it ends or hangs.
fn run_until_stopped(world: &World, policy: &[(&str, &str)]) -> bool {
    let pair = world.pair::<Contact>(policy);
    let mut run = pin!(pair.run());
    let waker = noop_waker();
    let mut context = Context::from_waker(&waker);
    for _ in 0..5000 {
        if let Poll::Ready(result) = run.as_mut().poll(&mut context) {
            return result.is_ok();
        }
    }
    false
}

#[test]
fn keep_both_makes_one_copy_and_loses_none_wherever_it_is_cut_off() {
    let policy = &[("conflicts", "keep_both")];
    let scene = || {
        let world = World::kind();
        let (hub, far) = pair_of(&world, named("Ada"), policy);
        world.hub_hand::<Contact>().edit(&hub, |c| c.name.full = Some("Hub".into()));
        world.far_hand::<Contact>().edit(&far, |c| c.name.full = Some("Far".into()));
        world.settle();
        world
    };
    let check = |mut world: World, at: String| {
        world.state = MemoryState::restore(world.state.snapshot());
        world.far.set_faults(FaultPlan::none());
        world.hub.set_faults(FaultPlan::none());
        for _ in 0..3 {
            world.settle();
            world.run::<Contact>(policy);
        }
        for records in [world.hub_hand::<Contact>().records(), world.far_hand::<Contact>().records()] {
            let mut names: Vec<_> = records.into_iter().map(|r| r.name.full.unwrap()).collect();
            names.sort();
            assert_eq!(names, ["Far", "Hub"], "{at}");
        }
        assert_eq!(world.run::<Contact>(policy).sync.writes(), 0, "{at}");
    };
    for commit in 1..40 {
        for point in [StopPoint::Before, StopPoint::After] {
            let mut world = scene();
            world.state = MemoryState::restore(world.state.snapshot());
            world.state.crash_at(commit, point);
            if run_until_stopped(&world, policy) {
                continue;
            }
            check(world, format!("{point:?} commit {commit}"));
        }
    }
    for request in 1..20 {
        for fault in [Fault::HangBefore, Fault::HangAfter, Fault::Before(Failure::Unavailable), Fault::After(Failure::Transport)] {
            for far_side in [true, false] {
                let world = scene();
                let plan = FaultPlan::none().at(request, fault);
                if far_side {
                    world.far.set_faults(plan)
                } else {
                    world.hub.set_faults(plan)
                }
                run_until_stopped(&world, policy);
                check(world, format!("{fault:?} at request {request}, far side {far_side}"));
            }
        }
    }
}

#[test]
fn an_edit_made_while_a_create_was_open_arrives() {
    let settles_after = std::time::Duration::from_secs(3600);
    let world = World::with(WorstOptions::kind().with(|o| {
        o.create = pimkit_core::Create::Findable { settles_after };
        o.server_made_ids = true;
        o.listing_lag = settles_after;
    }));
    let hub = world.hub_hand::<Contact>().put(&World::home::<Contact>(), named("Ada"));
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(2));
    world.far.set_faults(FaultPlan::none().at_nth(Operation::Write, 1, Fault::After(Failure::Transport)));
    world.run::<Contact>(&[]);
    world.hub_hand::<Contact>().edit(&hub, |c| c.notes = vec!["later".into()]);
    world.run::<Contact>(&[]);
    world.run::<Contact>(&[]);
    world.settle();
    world.run::<Contact>(&[]);
    world.settle();
    world.run::<Contact>(&[]);
    assert_eq!(texts(world.hub_hand::<Contact>().records()), texts(world.far_hand::<Contact>().records()));
}

#[test]
fn an_item_that_an_open_create_made_is_not_made_on_the_hub() {
    for switches in [vec![], vec!["server_made_ids"], vec!["refuses_repeats"]] {
        let world = World::with(WorstOptions::only(&switches).unwrap());
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(1));
        world.far.set_faults(FaultPlan::none().at_nth(Operation::Write, 1, Fault::After(Failure::Transport)));
        world.run::<Contact>(&[]);
        assert_eq!(world.far_hand::<Contact>().records().len(), 1);
        // The answer to the second try is lost too, while the listing shows what the first one made.
        world.far.set_faults(FaultPlan::none().at_nth(Operation::Write, 1, Fault::Before(Failure::Transport)));
        world.run::<Contact>(&[]);
        world.far.set_faults(FaultPlan::none());
        let report = world.run::<Contact>(&[]);
        assert_eq!((world.hub_hand::<Contact>().records().len(), world.far_hand::<Contact>().records().len()), (1, 1), "{switches:?}");
        assert_eq!(report.sync.verdict(), Verdict::Done, "{switches:?} {report:?}");
        assert_eq!(world.run::<Contact>(&[]).sync.writes(), 0);
    }
}

#[test]
fn of_two_that_an_open_create_may_have_made_neither_is_doubled_on_the_hub() {
    let world = World::with(WorstOptions::only(&["create", "server_made_ids", "drops_marks", "no_find"]).unwrap());
    let hub = world.hub_hand::<Contact>().put(&World::home::<Contact>(), named("Ada"));
    world.far.set_faults(FaultPlan::none().at_nth(Operation::Write, 1, Fault::After(Failure::Transport)));
    world.run::<Contact>(&[]);
    // A user makes the same one at the far side at the same time.
    world.far_hand::<Contact>().put(&World::home::<Contact>(), named("Ada"));
    for _ in 0..3 {
        let report = world.run::<Contact>(&[]);
        assert_eq!(world.hub_hand::<Contact>().records().len(), 1, "{report:?}");
        assert_eq!((world.far_hand::<Contact>().records().len(), report.sync.verdict()), (2, Verdict::LeftOver), "{report:?}");
    }
    // The user takes one away: the other is the one.
    let id = world.far_hand::<Contact>().items().into_keys().next().unwrap();
    world.far_hand::<Contact>().delete(&id);
    world.settle();
    world.run::<Contact>(&[]);
    world.run::<Contact>(&[]);
    assert_eq!((world.hub_hand::<Contact>().records().len(), world.far_hand::<Contact>().records().len()), (1, 1));
    assert!(world.hub_hand::<Contact>().item(&hub).is_some());
}

#[test]
fn an_edit_of_a_field_that_could_not_be_read_arrives_when_it_can() {
    let world = World::kind();
    let (hub, far) = pair_of(&world, samples::contact(1), &[]);
    world.far_hand::<Contact>().withhold(&far, &["notes"]);
    world.hub_hand::<Contact>().edit(&hub, |c| c.notes = vec!["mine".into()]);
    let report = world.run::<Contact>(&[]);
    assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::LeftOver), "{report:?}");
    world.far_hand::<Contact>().withhold(&far, &[]);
    let report = world.run::<Contact>(&[]);
    assert_eq!((report.sync.updated.right, report.sync.verdict()), (1, Verdict::Done), "{report:?}");
    assert_eq!(world.far_hand::<Contact>().item(&far).unwrap().record.notes, ["mine"]);
}

#[test]
fn what_waits_for_a_decision_is_noted_once_and_told_every_time() {
    let world = World::kind();
    let ask = &[("conflicts", "ask")];
    let (hub, far) = pair_of(&world, named("Ada"), ask);
    world.hub_hand::<Contact>().edit(&hub, |c| c.name.full = Some("Hub".into()));
    world.far_hand::<Contact>().edit(&far, |c| c.name.full = Some("Far".into()));
    world.run::<Contact>(ask);
    let rows = world.journal().len();
    for _ in 0..3 {
        let report = world.run::<Contact>(ask);
        assert_eq!((report.sync.held, report.sync.conflicts, report.sync.verdict()), (1, 1, Verdict::LeftOver), "{report:?}");
    }
    assert_eq!(world.journal().len(), rows);
}

#[test]
fn a_photo_with_another_id_and_the_same_bytes_is_no_edit_and_one_without_bytes_is_left_out_once() {
    for no_digests in [true, false] {
        let world = World::with(WorstOptions::kind().with(|o| o.no_digests = no_digests));
        let (hub, far) = pair_of(&world, named("Ada"), &[]);
        let upload = |bytes: &[u8]| world.far_hand::<Contact>().upload("image/png", bytes);
        let first = upload(b"one");
        world.far_hand::<Contact>().edit(&far, |c| c.photo = Some(first.clone()));
        world.run::<Contact>(&[]);
        let photo = world.hub_hand::<Contact>().item(&hub).unwrap().record.photo.unwrap();
        assert_eq!(photo.digest, Some(pimkit_core::Digest::of(b"one")));
        let again = upload(b"one");
        world.far_hand::<Contact>().edit(&far, |c| c.photo = Some(again.clone()));
        assert_eq!(world.run::<Contact>(&[]).sync.writes(), 0, "no digests {no_digests}");
        // A reference whose bytes are nowhere.
        let lost = pimkit_core::BlobRef { id: "nowhere".into(), digest: Some(pimkit_core::Digest::of(b"lost")), ..Default::default() };
        world.hub_hand::<Contact>().edit(&hub, |c| {
            c.photo = Some(lost.clone());
            c.notes = vec!["n".into()];
        });
        world.run::<Contact>(&[]);
        for _ in 0..3 {
            let report = world.run::<Contact>(&[]);
            assert_eq!(report.sync.writes(), 0, "no digests {no_digests}: {report:?}");
        }
        assert_eq!(world.hub_hand::<Contact>().item(&hub).unwrap().record.photo, Some(lost));
        let now = world.far_hand::<Contact>().item(&far).unwrap().record;
        assert_eq!((now.notes, now.photo.map(|p| p.id)), (vec!["n".to_owned()], Some(again.id)));
    }
}

#[test]
fn series_that_both_sides_moved_keep_the_overrides_of_the_one_that_wins() {
    for winner in ["left", "right"] {
        let world = World::kind();
        let policy = &[("conflicts", winner)];
        let hub = world.hub_hand::<Event>().put(&World::home::<Event>(), samples::series(1));
        world.run::<Event>(policy);
        let far = world.far_hand::<Event>().items().into_keys().next().unwrap();
        let shift = |e: &mut Event, minutes: i64| {
            let (from, later) = (e.start.clone().unwrap(), jiff::SignedDuration::from_mins(minutes));
            let move_by = |w: &pimkit_core::When| w.with_wall(w.wall().checked_add(later).unwrap());
            e.start = Some(move_by(&from));
            e.end = e.end.as_ref().map(move_by);
            e.recurrence_overrides = pimkit_core::series::shifted(&e.recurrence_overrides, &from, e.start.as_ref().unwrap());
        };
        world.hub_hand::<Event>().edit(&hub, |e| shift(e, 30));
        world.far_hand::<Event>().edit(&far, |e| shift(e, 60));
        let report = world.run::<Event>(policy);
        assert_eq!(report.sync.conflicts, 1, "{report:?}");
        let mut expected = samples::series(1);
        shift(&mut expected, if winner == "left" { 30 } else { 60 });
        for record in [world.hub_hand::<Event>().records(), world.far_hand::<Event>().records()].concat() {
            assert_eq!(record.get("start"), expected.get("start"), "{winner}");
            assert_eq!(record.recurrence_overrides, expected.recurrence_overrides, "{winner}");
        }
        assert_eq!(world.run::<Event>(policy).sync.writes(), 0, "{winner}");
    }
}
