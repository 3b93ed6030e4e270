//! Our marks without our state: said, asked about, and rebuilt without a duplicate.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::executor::block_on;
use pimkit_contract::{WorstOptions, samples, state::MemoryState};
use pimkit_core::{Contact, Event, ItemId};
use pimkit_sync::{Report, Verdict};
use world::{World, named, texts};

fn approved(world: &World, id: &str) -> Report {
    let pair = world.builder::<Contact>("contacts", &[]).left_collections(vec!["contacts".into()]).approve(id).build().unwrap();
    block_on(pair.run()).unwrap()
}

/// Ten records of either side, synced; and then the state is gone.
fn lost(options: WorstOptions) -> World {
    let mut world = World::with(options);
    for n in 0..10 {
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n));
    }
    world.run::<Contact>(&[]);
    for n in 0..10 {
        world.far_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(100 + n));
    }
    world.run::<Contact>(&[]);
    world.settle();
    world.run::<Contact>(&[]);
    world.state = MemoryState::new();
    world
}

#[test]
fn marks_without_their_state_stop_the_run_until_somebody_says_rebuild() {
    for options in [WorstOptions::kind(), WorstOptions::only(&["server_made_ids", "lists_only", "no_find"]).unwrap()] {
        let world = lost(options);
        let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
        let before = (hub.items(), far.items());
        let mut ids = Vec::new();
        for _ in 0..3 {
            let report = world.run::<Contact>(&[]);
            assert_eq!((report.sync.writes(), report.sync.linked, report.sync.verdict()), (0, 0, Verdict::Held), "{report:?}");
            let hold = &report.sync.holds[0];
            assert_eq!((hold.guard.as_str(), hold.items), ("state_lost", 10), "{hold:?}");
            ids.push(hold.approve.clone());
        }
        assert!(ids.iter().all(|id| *id == ids[0]), "asked under one id: {ids:?}");
        assert!((hub.items(), far.items()) == before, "nothing was written");
        let report = approved(&world, &ids[0]);
        assert_eq!((report.sync.linked, report.sync.writes()), (20, 0), "{report:?}");
        assert_eq!(texts(hub.records()), texts(far.records()));
        assert_eq!(hub.records().len(), 20);
        let report = world.run::<Contact>(&[]);
        assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::Done), "{report:?}");
        // They are pairs again.
        let some: ItemId = hub.items().into_keys().next().unwrap();
        hub.edit(&some, |c| c.notes = vec!["again".into()]);
        assert_eq!(world.run::<Contact>(&[]).sync.updated.right, 1);
    }
}

#[test]
fn what_was_edited_while_the_state_was_gone_is_not_overwritten_silently() {
    let world = lost(WorstOptions::kind());
    let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
    let of = |hand: &pimkit_contract::worst::ByHand<Contact>, name: &str| {
        hand.items().into_iter().find(|(_, s)| s.record.name.full.as_deref() == Some(name)).unwrap().0
    };
    let name = samples::contact(3).name.full.unwrap();
    let (ours, theirs) = (of(&hub, &name), of(&far, &name));
    hub.edit(&ours, |c| {
        c.name.given2 = Some("Hub".into());
        c.nicknames = vec!["only here".into()];
    });
    far.edit(&theirs, |c| c.name.given2 = Some("Far".into()));
    let held = world.run::<Contact>(&[]);
    let report = approved(&world, &held.sync.holds[0].approve);
    assert_eq!((report.sync.created.total(), report.sync.deleted.total(), report.sync.conflicts), (0, 0, 1), "{report:?}");
    assert_eq!(far.item(&theirs).unwrap().record.nicknames, ["only here"]);
    assert_eq!(texts(hub.records()), texts(far.records()));
    let kept = format!("{:?}", world.journal().into_iter().flat_map(|row| row.lost).collect::<Vec<_>>());
    assert!(kept.contains("Hub") || kept.contains("Far"), "the loser is kept: {kept}");
}

#[test]
fn an_approval_covers_no_more_than_it_showed() {
    let world = lost(WorstOptions::kind());
    let held = world.run::<Contact>(&[]);
    let id = held.sync.holds[0].approve.clone();
    // A copy made meanwhile carries a mark too.
    let far = world.far_hand::<Contact>();
    let marked = far.items().into_iter().find(|(_, s)| s.mark.is_some()).unwrap().0;
    far.copy(&marked).unwrap();
    let report = approved(&world, &id);
    assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::Held), "{report:?}");
    let again = &report.sync.holds[0];
    assert!(again.items == 11 && again.approve != id, "{again:?}");
    let report = approved(&world, &again.approve);
    assert_eq!((report.sync.linked, report.sync.created.left, report.sync.created.right), (20, 1, 0), "{report:?}");
}

#[test]
fn zg_08_a_sync_that_is_set_up_again_under_another_name_finds_its_pairs_by_address() {
    for new_state in [true, false] {
        for options in [WorstOptions::kind(), WorstOptions::only(&["server_made_ids", "lists_only"]).unwrap()] {
            let mut world = World::with(options);
            let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
            for n in 0..5 {
                hub.put(&World::home::<Contact>(), samples::contact(n));
                far.put(&World::home::<Contact>(), samples::contact(100 + n));
            }
            let run = |world: &World, name: &str| {
                world.settle();
                let builder = world.builder::<Contact>(name, &[]).left_collections(vec!["contacts".into()]);
                block_on(builder.build().unwrap().run()).unwrap()
            };
            run(&world, "first");
            if new_state {
                world.state = MemoryState::new();
            }
            for _ in 0..2 {
                let report = run(&world, "set up again");
                assert_eq!(report.sync.writes(), 0, "new state {new_state}: {report:?}");
            }
            assert_eq!((hub.records().len(), far.records().len()), (10, 10));
            let some: ItemId = far.items().into_keys().next().unwrap();
            far.edit(&some, |c| c.notes = vec!["a pair again".into()]);
            assert_eq!(run(&world, "set up again").sync.updated.left, 1);
        }
    }
}

#[test]
fn a_sync_without_marks_at_the_far_side_is_not_asked_about() {
    let world = lost(WorstOptions::only(&["drops_marks"]).unwrap());
    let report = world.run::<Contact>(&[]);
    assert_eq!((report.sync.linked, report.sync.writes(), report.sync.holds.len()), (20, 0, 0), "{report:?}");
    assert_eq!(named("x").name.full.as_deref(), Some("x"));
}

#[test]
fn the_apps_own_series_is_the_apps_again_when_its_link_is_rebuilt_and_one_from_outside_is_not() {
    const SAGE: &[(&str, &str)] = &[("recurrence", "ignore"), ("invited", "read"), ("teardown", "delete_made")];
    for options in [WorstOptions::kind(), WorstOptions::only(&["server_made_ids", "lists_only", "no_find"]).unwrap()] {
        let mut world = World::with(options);
        let (hub, far) = (world.hub_hand::<Event>(), world.far_hand::<Event>());
        let ours = hub.put(&World::home::<Event>(), samples::series(1));
        world.run::<Event>(SAGE);
        let theirs = far.put(&World::home::<Event>(), samples::series(2));
        world.run::<Event>(SAGE);
        world.settle();
        world.run::<Event>(SAGE);
        world.state = MemoryState::new();
        let held = world.run::<Event>(SAGE);
        let approved =
            world.builder::<Event>("events", SAGE).left_collections(vec!["events".into()]).app(std::sync::Arc::new(world.hub.clone()));
        let report = block_on(approved.approve(&held.sync.holds[0].approve).build().unwrap().run()).unwrap();
        assert_eq!((report.sync.linked, report.sync.writes()), (2, 0), "{report:?}");
        assert!(world.hub.protected().iter().all(|(_, item)| *item != ours), "{:?}", world.hub.protected());
        for id in hub.items().into_keys() {
            hub.edit(&id, |e| e.description = Some("by the app".into()));
        }
        let report = world.run::<Event>(SAGE);
        assert_eq!((report.sync.updated.right, report.sync.held), (1, 1), "{report:?}");
        assert_ne!(far.item(&theirs).unwrap().record.description.as_deref(), Some("by the app"));
        // And it is still known as made by the sync at its end.
        world.settle();
        let end = block_on(world.pair::<Event>(SAGE).disable(pimkit_sync::Consent::Given, None)).unwrap();
        assert_eq!((end.sync.deleted.right, far.items().into_keys().collect::<Vec<_>>()), (1, vec![theirs]), "{end:?}");
    }
}
