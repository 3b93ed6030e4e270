//! A run does at most so much, the nearest first; the rest is carried over, and nothing of it is forgotten.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use pimkit_contract::{
    WorstOptions, samples,
    state::StopPoint,
    worst::{Failure, Fault, FaultPlan, Operation},
};
use pimkit_core::{Contact, Event, Kind, Record, State, StateChange, When};
use pimkit_sync::{ByKind, Caps, Order, Pair, Policy, Report, Verdict};
use std::collections::BTreeSet;
use world::{World, named};

fn capped(caps: Caps) -> Policy {
    let mut policy = Policy::default();
    policy.caps = ByKind::every(caps);
    policy.set("deletes", "delete").unwrap();
    policy
}

fn pair<R: Record>(world: &World, policy: &Policy) -> Pair<R> {
    world.builder::<R>(R::KIND.plural(), &[]).policy(policy.clone()).build().unwrap()
}

fn run<R: Record>(world: &World, policy: &Policy) -> Report {
    world.run_pair(&pair::<R>(world, policy)).unwrap()
}

fn far_names(world: &World) -> Vec<String> {
    let mut names: Vec<String> = world.far_hand::<Contact>().records().into_iter().map(|c| c.name.full.unwrap()).collect();
    names.sort();
    names
}

fn fill(world: &World, count: u64) {
    for n in 0..count {
        world.hub_hand::<Contact>().put(&"contacts".into(), named(&format!("Hub {n:02}")));
    }
}

#[test]
fn the_first_run_makes_so_many_and_the_later_ones_as_many_as_they_may_until_all_are_through() {
    for options in
        [WorstOptions::kind(), WorstOptions::only(&["lists_only", "server_made_ids", "answers_nothing", "not_incremental"]).unwrap()]
    {
        let case = options.to_string();
        let world = World::with(options);
        fill(&world, 20);
        let policy = capped(Caps { initial_right: Some(8), run_right: Some(5), ..Caps::default() });
        let plan = futures::executor::block_on(pair::<Contact>(&world, &policy).plan()).unwrap();
        assert_eq!((plan.report().created.right, plan.report().carried_over.right), (8, 12), "{case}");
        drop(plan);
        for (made, left) in [(8, 12), (5, 7), (5, 2), (2, 0), (0, 0)] {
            let report = run::<Contact>(&world, &policy);
            assert_eq!((report.sync.created.right, report.sync.carried_over.right), (made, left), "{case}: {report:?}");
            let verdict = if left == 0 { Verdict::Done } else { Verdict::LeftOver };
            assert_eq!(report.sync.verdict(), verdict, "{case}: {report:?}");
        }
        let names = far_names(&world);
        assert_eq!((names.len(), names.iter().collect::<BTreeSet<_>>().len()), (20, 20), "{case}");
    }
}

#[test]
fn each_side_has_a_cap_of_its_own_and_changes_count_as_what_is_made() {
    let world = World::kind();
    fill(&world, 6);
    for n in 0..6 {
        world.far_hand::<Contact>().put(&"contacts".into(), named(&format!("Far {n:02}")));
    }
    let policy = capped(Caps { initial_left: Some(2), initial_right: Some(4), run_left: Some(3), run_right: Some(3), ..Caps::default() });
    let report = run::<Contact>(&world, &policy);
    assert_eq!((report.sync.created.left, report.sync.created.right), (2, 4), "{report:?}");
    assert_eq!((report.sync.carried_over.left, report.sync.carried_over.right), (4, 2), "{report:?}");
    for _ in 0..3 {
        run::<Contact>(&world, &policy);
    }
    assert_eq!((far_names(&world).len(), world.hub_hand::<Contact>().records().len()), (12, 12));
    // Edits of both sides, of one field each: nothing is lost while they wait.
    let ids: Vec<_> = world.hub_hand::<Contact>().items().into_keys().collect();
    for (n, id) in ids.iter().enumerate() {
        world.hub_hand::<Contact>().edit(id, |c| c.nicknames = vec![format!("n{n}")]);
    }
    let mut changed = 0;
    for left in [9, 6, 3, 0] {
        let report = run::<Contact>(&world, &policy);
        changed += report.sync.updated.right;
        assert_eq!((report.sync.updated.right, report.sync.carried_over.right), (3, left), "{report:?}");
        // Another edit of one that waits or was written: it goes the way of all others.
        world.far_hand::<Contact>().edit(&world.far_hand::<Contact>().items().into_keys().next().unwrap(), |c| {
            c.notes = vec![format!("far {left}")];
        });
    }
    assert_eq!(changed, 12);
    for _ in 0..2 {
        run::<Contact>(&world, &policy);
    }
    let (hub, far) = (world.hub_hand::<Contact>().records(), world.far_hand::<Contact>().records());
    assert_eq!(world::texts(hub), world::texts(far.clone()));
    assert!(far.iter().all(|c| c.nicknames.len() == 1));
    assert_eq!(run::<Contact>(&world, &policy).sync.writes(), 0);
}

#[test]
fn what_a_first_run_finds_on_both_sides_and_overwrites_is_capped_too() {
    let world = World::kind();
    let noted = |n: u64, note: &str| {
        let mut contact = samples::contact(n);
        contact.notes = vec![note.into()];
        contact
    };
    for n in 0..8 {
        world.hub_hand::<Contact>().put(&"contacts".into(), noted(n, "hub"));
        world.far_hand::<Contact>().put(&"contacts".into(), noted(n, "far"));
    }
    let mut policy = capped(Caps { initial_right: Some(3), run_right: Some(2), ..Caps::default() });
    policy.set("conflicts", "left").unwrap();
    policy.set("granularity", "record").unwrap();
    let overwritten = || world.far_hand::<Contact>().records().iter().filter(|c| c.notes == ["hub"]).count();
    for (written, left) in [(3, 5), (5, 3), (7, 1), (8, 0)] {
        let report = run::<Contact>(&world, &policy);
        assert_eq!((overwritten(), report.sync.carried_over.right), (written, left), "{report:?}");
    }
    assert_eq!(world.far_hand::<Contact>().records().len(), 8);
}

#[test]
fn a_sync_that_gets_caps_later_has_its_first_run_behind_it_and_one_that_waited_or_failed_before_it_wrote_has_not() {
    let policy = capped(Caps { initial_right: Some(8), run_right: Some(2), ..Caps::default() });
    let world = World::kind();
    fill(&world, 1);
    run::<Contact>(&world, &Policy::default());
    fill(&world, 10);
    assert_eq!(run::<Contact>(&world, &policy).sync.created.right, 2);
    // As a state says it that was written before this was remembered.
    let row = futures::executor::block_on(world.state.sync(&"contacts".into())).unwrap();
    let lease = futures::executor::block_on(world.state.acquire(&"state".into())).unwrap();
    let row = pimkit_core::SyncRow { body: serde_json::json!({}), ..row.unwrap() };
    futures::executor::block_on(world.state.commit(&lease, vec![StateChange::Sync(Box::new(row))])).unwrap();
    drop(lease);
    assert_eq!(run::<Contact>(&world, &policy).sync.created.right, 2);
    // Two full sides that match nothing: the first run waits, and is the first one still when it is approved.
    let world = World::kind();
    fill(&world, 10);
    (0..10).for_each(|n| drop(world.far_hand::<Contact>().put(&"contacts".into(), named(&format!("Far {n:02}")))));
    let held = run::<Contact>(&world, &policy);
    assert_eq!((held.sync.verdict(), held.sync.writes()), (Verdict::Held, 0));
    let approved = world.builder::<Contact>("contacts", &[]).policy(policy.clone()).approve(&held.sync.holds[0].approve);
    assert_eq!(world.run_pair(&approved.build().unwrap()).unwrap().sync.created.right, 8);
    assert_eq!(run::<Contact>(&world, &policy).sync.created.right, 2);
    // The sign-in ends in the middle of the first run: what follows is a later one.
    let world = World::kind();
    fill(&world, 150);
    let policy = capped(Caps { initial_right: Some(120), run_right: Some(2), ..Caps::default() });
    let ended = |plan: FaultPlan, nth| plan.at_nth(Operation::Write, nth, Fault::Before(Failure::Unauthenticated));
    world.far.set_faults((101..=120).fold(FaultPlan::none(), ended));
    let failed = run::<Contact>(&world, &policy);
    assert!(failed.sync.failed.is_some() && failed.sync.writes() > 0, "{failed:?}");
    world.far.set_faults(FaultPlan::none());
    assert_eq!(run::<Contact>(&world, &policy).sync.created.right, 2);
}

#[test]
fn a_deletion_has_no_cap_and_no_cap_keeps_it_waiting() {
    let world = World::kind();
    fill(&world, 8);
    run::<Contact>(&world, &capped(Caps::default()));
    let ids: Vec<_> = world.hub_hand::<Contact>().items().into_keys().collect();
    for id in &ids[..2] {
        world.hub_hand::<Contact>().delete(id);
    }
    for id in &ids[2..] {
        world.hub_hand::<Contact>().edit(id, |c| c.notes = vec!["n".into()]);
    }
    let policy = capped(Caps { run_right: Some(1), ..Caps::default() });
    run::<Contact>(&world, &policy);
    let report = run::<Contact>(&world, &policy);
    assert_eq!((report.sync.updated.right, report.sync.deleted.right), (1, 0), "{report:?}");
    assert_eq!(far_names(&world).len(), 6);
}

fn event(title: &str, at: Option<&str>) -> Event {
    let mut event = samples::event(1);
    event.uid = None;
    event.title = Some(title.into());
    event.start = at.map(|at| When::zoned(at.parse().unwrap(), "UTC"));
    event.end = None;
    event
}

#[test]
fn the_future_comes_first_nearest_first_then_the_past_latest_first() {
    let world = World::kind();
    for (title, at) in [
        ("6 long ago", Some("2001-01-01T10:00")),
        ("3 next year", Some("2027-03-02T10:00")),
        ("5 last week", Some("2026-02-24T10:00")),
        ("1 tonight", Some("2026-03-02T20:00")),
        ("7 some day", None),
        ("4 yesterday", Some("2026-03-01T10:00")),
        ("2 tomorrow", Some("2026-03-03T10:00")),
    ] {
        world.hub_hand::<Event>().put(&"events".into(), event(title, at));
    }
    let mut policy = capped(Caps::default());
    policy.caps = ByKind::default()
        .with(Kind::Event, Caps { initial_right: Some(3), run_right: Some(2), order: Order::FutureFirst, ..Caps::default() });
    let mut there = BTreeSet::new();
    for expected in [&["1 tonight", "2 tomorrow", "3 next year"][..], &["4 yesterday", "5 last week"], &["6 long ago", "7 some day"]] {
        run::<Event>(&world, &policy);
        let now: BTreeSet<String> = world.far_hand::<Event>().records().into_iter().map(|e| e.title.unwrap()).collect();
        let new: Vec<&String> = now.difference(&there).collect();
        assert_eq!(new, expected);
        there = now;
    }
    assert_eq!(run::<Event>(&world, &policy).sync.verdict(), Verdict::Done);
}

#[test]
fn a_capped_run_stopped_at_any_commit_loses_nothing_of_what_was_carried_over() {
    let policy = capped(Caps { initial_right: Some(4), run_right: Some(4), ..Caps::default() });
    let whole = World::kind();
    fill(&whole, 10);
    assert!(whole.stop(&pair::<Contact>(&whole, &policy)));
    let commits = whole.state.commits();
    for number in 1..=commits {
        for point in [StopPoint::Before, StopPoint::After] {
            let mut world = World::kind();
            fill(&world, 10);
            world.state.crash_at(number, point);
            world.stop(&pair::<Contact>(&world, &policy));
            world.restart();
            for _ in 0..4 {
                world.settle();
                let report = run::<Contact>(&world, &policy);
                // What the stopped run had sent and never heard of is found out first, and is no part of this run.
                assert!(report.sync.created.right <= 8, "{point:?} commit {number}: {report:?}");
            }
            let names = far_names(&world);
            assert_eq!((names.len(), names.iter().collect::<BTreeSet<_>>().len()), (10, 10), "{point:?} commit {number} of {commits}");
            assert_eq!(run::<Contact>(&world, &policy).sync.verdict(), Verdict::Done, "{point:?} commit {number}");
        }
    }
}
