//! What a run could not do is done by a later one, told until then, and counted as it was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::{TryStreamExt, executor::block_on};
use pimkit_contract::{
    WorstOptions, samples,
    worst::{Failure, Fault, FaultPlan, Operation},
};
use pimkit_core::{Contact, ErrorKind, Event, QuarantineRow, State};
use pimkit_sync::Verdict;
use std::time::Duration;
use world::{World, named, texts};

const DELETE: &[(&str, &str)] = &[("deletes", "delete")];
/// Guests are written to the far side, so that one that would mail them refuses.
const REAL: &[(&str, &str)] = &[("attendees", "real")];
const DELETE_REAL: &[(&str, &str)] = &[("deletes", "delete"), ("attendees", "real")];

fn quarantined(world: &World, sync: &str) -> Vec<QuarantineRow> {
    block_on(world.state.quarantine(&sync.into()).try_collect()).unwrap()
}

fn writes(world: &World) -> usize {
    world.far.requests().iter().filter(|r| r.operation == Operation::Write).count()
}

#[test]
fn what_was_read_before_a_listing_broke_off_is_synced_by_the_next_run() {
    for far_side in [true, false] {
        let world = World::kind();
        for n in 0..20 {
            if far_side {
                world.far_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n));
            } else {
                world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n));
            }
        }
        let broken = FaultPlan::none().at_nth(Operation::Changes, 2, Fault::Before(Failure::Transport));
        if far_side {
            world.far.set_faults(broken)
        } else {
            world.hub.set_faults(broken)
        }
        let report = world.run::<Contact>(&[]);
        assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::LeftOver), "{report:?}");
        let report = world.run::<Contact>(&[]);
        assert_eq!((report.sync.created.total(), report.sync.verdict()), (20, Verdict::Done), "far {far_side}: {report:?}");
        assert_eq!(world.hub_hand::<Contact>().records().len(), 20);
        assert_eq!(world.far_hand::<Contact>().records().len(), 20);
    }
}

#[test]
fn nothing_is_made_on_a_side_that_was_not_read_to_its_end() {
    for far_side in [true, false] {
        let world = World::kind();
        for n in 0..20 {
            world.far_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n));
            world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n));
        }
        let broken = FaultPlan::none().at_nth(Operation::Changes, 2, Fault::Before(Failure::Transport));
        if far_side {
            world.far.set_faults(broken)
        } else {
            world.hub.set_faults(broken)
        }
        let report = world.run::<Contact>(&[]);
        assert_eq!(report.sync.created.total(), 0, "{report:?}");
        let report = world.run::<Contact>(&[]);
        assert_eq!((report.sync.linked, report.sync.verdict()), (20, Verdict::Done), "{report:?}");
        assert_eq!(world.hub_hand::<Contact>().records().len(), 20);
        assert_eq!(world.far_hand::<Contact>().records().len(), 20);
    }
}

#[test]
fn a_new_record_waits_while_the_collection_that_it_belongs_to_is_gone() {
    let world = World::kind();
    let far = world.far_hand::<Contact>();
    let other = far.make_collection("private");
    let run = || {
        world.clock.advance(Duration::from_secs(60));
        let pair = world
            .builder::<Contact>("contacts", DELETE)
            .collections(vec!["contacts".into(), "private".into()])
            .left_collections(vec!["contacts".into()]);
        block_on(pair.build().unwrap().run()).unwrap()
    };
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(1));
    run();
    far.vanish(&World::home::<Contact>(), true);
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(2));
    let report = run();
    assert_eq!((report.sync.created.total(), report.sync.verdict()), (0, Verdict::LeftOver), "{report:?}");
    far.vanish(&World::home::<Contact>(), false);
    let report = run();
    assert_eq!((report.sync.created.right, report.sync.verdict()), (1, Verdict::Done), "{report:?}");
    assert!(far.items().values().all(|stored| stored.collection != other));
}

#[test]
fn what_is_refused_is_tried_again_with_growing_pauses_and_told_meanwhile() {
    let world = World::with(WorstOptions::only(&["cannot_keep_silent"]).unwrap());
    let hub = world.hub_hand::<Event>().put(&World::home::<Event>(), samples::meeting(1));
    let mut tries = Vec::new();
    let mut since = None;
    for minute in 0..60 {
        let before = writes(&world);
        let report = world.run::<Event>(REAL);
        assert_eq!((report.sync.quarantined.len(), report.sync.verdict()), (1, Verdict::LeftOver), "{minute}: {report:?}");
        if writes(&world) > before {
            tries.push(minute);
        }
        let rows = quarantined(&world, "events");
        assert_eq!((rows.len(), rows[0].tries as usize), (1, tries.len()), "{minute}");
        assert_eq!(*since.get_or_insert(rows[0].since), rows[0].since);
    }
    assert_eq!(tries[..3], [0, 1, 2]);
    assert!((5..9).contains(&tries.len()), "{tries:?}");
    assert!(tries.windows(3).all(|t| t[2] - t[1] >= t[1] - t[0]), "{tries:?}");
    // An edit is tried at once.
    let before = writes(&world);
    world.hub_hand::<Event>().edit(&hub, |e| e.description = Some("edited".into()));
    world.run::<Event>(REAL);
    assert_eq!(writes(&world), before + 1);
    // Once it is taken, nothing is left of it.
    world.far.change(|o| o.cannot_keep_silent = false);
    world.settle();
    let report = world.run::<Event>(REAL);
    assert_eq!((report.sync.created.right, report.sync.verdict()), (1, Verdict::Done), "{report:?}");
    assert_eq!(quarantined(&world, "events"), []);
}

#[test]
fn a_refused_update_waits_too_and_does_not_keep_the_other_direction() {
    let world = World::kind();
    let hub = world.hub_hand::<Event>().put(&World::home::<Event>(), samples::meeting(1));
    world.run::<Event>(REAL);
    world.far.change(|o| o.cannot_keep_silent = true);
    world.hub_hand::<Event>().edit(&hub, |e| e.title = Some("hub".into()));
    let before = writes(&world);
    for _ in 0..8 {
        assert_eq!(world.run::<Event>(REAL).sync.quarantined.len(), 1);
    }
    assert!(writes(&world) - before < 6, "{}", writes(&world) - before);
    let far = world.far_hand::<Event>().items().into_keys().next().unwrap();
    world.far_hand::<Event>().edit(&far, |e| e.description = Some("far".into()));
    world.run::<Event>(REAL);
    world.far.change(|o| o.cannot_keep_silent = false);
    world.settle();
    world.run::<Event>(REAL);
    for record in [world.hub_hand::<Event>().records(), world.far_hand::<Event>().records()].concat() {
        assert_eq!((record.title.as_deref(), record.description.as_deref()), (Some("hub"), Some("far")));
    }
    assert_eq!(quarantined(&world, "events"), []);
    assert_eq!(world.run::<Event>(REAL).sync.verdict(), Verdict::Done);
}

#[test]
fn an_unreadable_item_is_told_in_every_run_until_it_is_mended_or_gone() {
    for mended in [true, false] {
        let world = World::kind();
        let far = world.far_hand::<Contact>();
        let bad = far.put(&World::home::<Contact>(), samples::contact(1));
        far.put(&World::home::<Contact>(), samples::contact(2));
        far.make_unreadable(&bad, true);
        for _ in 0..3 {
            let report = world.run::<Contact>(&[]);
            assert_eq!((report.sync.quarantined.len(), report.sync.verdict()), (1, Verdict::LeftOver), "{report:?}");
        }
        if mended {
            far.make_unreadable(&bad, false);
        } else {
            far.delete(&bad);
        }
        let report = world.run::<Contact>(&[]);
        assert_eq!((report.sync.created.left, report.sync.verdict()), (u64::from(mended), Verdict::Done), "{report:?}");
        assert_eq!(quarantined(&world, "contacts"), []);
    }
}

#[test]
fn an_item_that_could_not_be_fetched_is_out_of_quarantine_once_it_was_read() {
    let world = World::with(WorstOptions::only(&["lists_only"]).unwrap());
    world.far_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(1));
    world.run::<Contact>(&[]);
    let id = world.far_hand::<Contact>().items().into_keys().next().unwrap();
    world.far_hand::<Contact>().edit(&id, |c| c.notes.push("x".into()));
    world.far.set_faults(FaultPlan::none().at_nth(Operation::Fetch, 1, Fault::Before(Failure::Unavailable)));
    let report = world.run::<Contact>(&[]);
    assert_eq!((report.sync.quarantined.len(), quarantined(&world, "contacts").len()), (1, 1), "{report:?}");
    let report = world.run::<Contact>(&[]);
    assert_eq!((report.sync.updated.left, report.sync.verdict()), (1, Verdict::Done), "{report:?}");
    assert_eq!(quarantined(&world, "contacts"), []);
}

#[test]
fn one_write_that_fails_does_not_stop_the_others() {
    for failure in [Failure::Unavailable, Failure::Transport, Failure::RateLimited] {
        let world = World::kind();
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(1));
        for n in 2..5 {
            world.far_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n));
        }
        world.far.set_faults(FaultPlan::none().at_nth(Operation::Write, 1, Fault::Before(failure)));
        let report = world.run::<Contact>(&[]);
        assert_eq!((report.sync.created.left, report.sync.verdict()), (3, Verdict::LeftOver), "{failure:?}: {report:?}");
        world.settle();
        let report = world.run::<Contact>(&[]);
        assert_eq!((report.sync.created.right, report.sync.verdict()), (1, Verdict::Done), "{failure:?}: {report:?}");
        assert_eq!(texts(world.hub_hand::<Contact>().records()), texts(world.far_hand::<Contact>().records()));
    }
}

#[test]
fn items_are_not_blamed_for_a_side_that_is_down() {
    let world = World::kind();
    for n in 0..5 {
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n));
    }
    for _ in 0..6 {
        let down = (1..=9).fold(FaultPlan::none(), |p, n| p.at_nth(Operation::Write, n, Fault::Before(Failure::Unavailable)));
        world.far.set_faults(down);
        let report = world.run::<Contact>(&[]);
        assert_eq!((report.sync.verdict(), report.sync.quarantined.len()), (Verdict::Failed, 0), "{report:?}");
    }
    world.far.set_faults(FaultPlan::none());
    let report = world.run::<Contact>(&[]);
    assert_eq!((report.sync.created.right, report.sync.verdict()), (5, Verdict::Done), "{report:?}");
}

#[test]
fn a_dry_run_leaves_no_steps_behind_once_another_run_began() {
    let world = World::kind();
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(1));
    let mut numbers = Vec::new();
    for _ in 0..3 {
        let plan = block_on(world.pair::<Contact>(&[]).plan()).unwrap();
        numbers.push(plan.run());
    }
    world.far.set_faults(FaultPlan::none().at_nth(Operation::Write, 1, Fault::Before(Failure::Unauthenticated)));
    numbers.push(world.run::<Contact>(&[]).run);
    numbers.push(world.run::<Contact>(&[]).run);
    for run in numbers {
        let left: Vec<_> = block_on(world.state.steps(run).try_collect()).unwrap();
        assert_eq!(left, [], "run {run}");
    }
}

#[test]
fn a_plan_counts_what_applying_it_writes_and_not_what_is_held() {
    let world = World::kind();
    for n in 0..4 {
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n));
    }
    world.run::<Contact>(DELETE);
    world.far_hand::<Contact>().empty(&World::home::<Contact>());
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(9));
    world.clock.advance(Duration::from_secs(60));
    let pair = world.pair::<Contact>(DELETE);
    let plan = block_on(pair.plan()).unwrap();
    assert_eq!((plan.report().deleted.total(), plan.report().created.right, plan.report().held), (0, 1, 4), "{plan:?}");
    let planned = plan.report().clone();
    let report = block_on(pair.apply(plan)).unwrap();
    assert_eq!((report.sync.created, report.sync.updated, report.sync.deleted), (planned.created, planned.updated, planned.deleted));
}

#[test]
fn an_emptied_collection_is_held_though_some_of_its_items_are_no_deletions() {
    // (what is different about one of five, what happens to it)
    for case in ["edited", "a refused create beside", "read-only"] {
        let world = World::kind();
        let hub = world.hub_hand::<Event>();
        let ids: Vec<_> = (0..5).map(|n| hub.put(&World::home::<Event>(), samples::event(n))).collect();
        world.run::<Event>(DELETE_REAL);
        match case {
            "edited" => assert!(hub.edit(&ids[0], |e| e.description = Some("edited".into()))),
            "read-only" => assert!(hub.read_only(&ids[0], true)),
            _ => {
                world.far.change(|o| o.cannot_keep_silent = true);
                hub.put(&World::home::<Event>(), samples::meeting(7));
                world.run::<Event>(DELETE_REAL);
            }
        }
        world.far_hand::<Event>().empty(&World::home::<Event>());
        let report = world.run::<Event>(DELETE_REAL);
        assert_eq!((report.sync.verdict(), report.sync.writes()), (Verdict::Held, 0), "{case}: {report:?}");
        assert!(hub.records().len() >= 5, "{case}: {report:?}");
    }
}

#[test]
fn a_plan_of_another_sync_is_refused() {
    let world = World::kind();
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), named("Ada"));
    let plan = block_on(world.pair::<Contact>(&[]).plan()).unwrap();
    let error = block_on(world.pair::<Event>(&[]).apply(plan)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(world.far_hand::<Contact>().records().is_empty());
}
