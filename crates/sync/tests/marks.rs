//! Marks that users copy along with the items that carry them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::{TryStreamExt, executor::block_on};
use pimkit_contract::{
    WorstOptions,
    state::{MemoryState, StopPoint},
    worst::{Failure, Fault, FaultPlan, Operation},
};
use pimkit_core::{Contact, Create, ItemId, LinkQuery, LinkRow, Mark, State};
use std::time::Duration;
use world::{World, named};

fn kinds() -> Vec<WorstOptions> {
    vec![
        WorstOptions::kind(),
        WorstOptions::only(&["server_made_ids"]).unwrap(),
        WorstOptions::only(&["server_made_ids", "lists_only", "no_find"]).unwrap(),
        WorstOptions::only(&["server_made_ids", "not_incremental", "unconditional"]).unwrap(),
    ]
}

fn run(world: &World) -> pimkit_sync::Report {
    world.settle();
    world.run::<Contact>(&[])
}

/// A record that the sync made at the far side, with a mark.
fn marked(options: WorstOptions) -> (World, ItemId, ItemId) {
    let world = World::with(options);
    let id = world.hub_hand::<Contact>().put(&World::home::<Contact>(), named("Ada"));
    run(&world);
    run(&world);
    let there = world.far_hand::<Contact>().items().into_keys().next().unwrap();
    (world, id, there)
}

fn mark_of(world: &World, id: &ItemId) -> Option<Mark> {
    world.far_hand::<Contact>().item(id).unwrap().mark
}

fn link_of(world: &World, far: &ItemId) -> LinkRow {
    let links: Vec<LinkRow> = block_on(world.state.links(LinkQuery::of(&"contacts".into())).try_collect()).unwrap();
    links.into_iter().find(|l| l.item.as_ref() == Some(far)).unwrap()
}

#[test]
fn a_copy_is_a_new_item_and_gets_a_mark_of_its_own_and_nothing_else() {
    for options in kinds() {
        let (world, id, first) = marked(options);
        let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
        let copied = mark_of(&world, &first);
        assert!(copied.is_some());
        let copy = far.copy(&first).unwrap();
        far.edit(&copy, |c| c.notes = vec!["the copy".into()]);
        let report = run(&world);
        assert_eq!((report.sync.created.left, report.sync.created.right), (1, 0), "{report:?}");
        let before = far.item(&copy).unwrap().record;
        let report = run(&world);
        assert_eq!((report.sync.updated.right, report.sync.writes()), (1, 1), "{report:?}");
        assert_eq!(run(&world).sync.writes(), 0);
        assert_eq!(far.item(&copy).unwrap().record, before, "nothing but the mark was written");
        assert_eq!(mark_of(&world, &first), copied);
        let own = mark_of(&world, &copy);
        assert!(own.is_some() && own != copied, "{own:?}");
        assert_eq!((link_of(&world, &copy).mark, link_of(&world, &first).hub_item), (own, Some(id.clone())));
        far.edit(&copy, |c| c.nicknames = vec!["another".into()]);
        run(&world);
        assert!(hub.item(&id).unwrap().record.nicknames.is_empty());
        assert_eq!((hub.records().len(), far.records().len()), (2, 2));
    }
}

#[test]
fn a_run_that_dies_anywhere_around_a_copy_makes_two_of_two() {
    for options in kinds() {
        let (mut world, id, first) = marked(options);
        let copy = world.far_hand::<Contact>().copy(&first).unwrap();
        world.far_hand::<Contact>().edit(&copy, |c| c.notes = vec!["the copy".into()]);
        let (hub, far, state) = (world.hub.snapshot(), world.far.snapshot(), world.state.snapshot());
        let mut places = 0;
        for point in [StopPoint::Before, StopPoint::After] {
            for commit in 1.. {
                world.hub.restore(&hub);
                world.far.restore(&far);
                world.state = MemoryState::restore(state.clone());
                world.state.crash_at(commit, point);
                // Two runs: one makes the record, one the mark.
                let died = (0..2).any(|_| world.try_run::<Contact>(&[]).is_err());
                if !died {
                    break;
                }
                places += 1;
                world.state = MemoryState::restore(world.state.snapshot());
                for _ in 0..3 {
                    run(&world);
                }
                let at = format!("commit {commit}");
                assert_eq!((world.hub_hand::<Contact>().records().len(), world.far_hand::<Contact>().records().len()), (2, 2), "{at}");
                assert_eq!(link_of(&world, &first).hub_item, Some(id.clone()), "{at}");
                assert_ne!(mark_of(&world, &first), mark_of(&world, &copy), "{at}");
                assert!(world.hub_hand::<Contact>().item(&id).unwrap().record.notes.is_empty(), "{at}");
                assert_eq!(run(&world).sync.writes(), 0, "{at}");
            }
        }
        assert!(places > 15, "{places}");
    }
}

#[test]
fn a_copy_of_what_a_lost_create_made_is_not_taken_for_it() {
    for copy_first in [false, true] {
        let settles_after = Duration::from_secs(60);
        let options = WorstOptions::only(&["server_made_ids"]).unwrap().with(|o| o.create = Create::Findable { settles_after });
        let world = World::with(options);
        let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
        let id = hub.put(&World::home::<Contact>(), named("Ada"));
        world.far.set_faults(FaultPlan::none().at_nth(Operation::Write, 1, Fault::After(Failure::Transport)));
        world.run::<Contact>(&[]);
        world.far.set_faults(FaultPlan::none());
        let made = far.items().into_keys().next().unwrap();
        let copy = far.copy(&made).unwrap();
        // Whichever of the two is found first: the one that was edited is not what was sent.
        let (edited, kept) = if copy_first { (&made, &copy) } else { (&copy, &made) };
        far.edit(edited, |c| c.notes = vec!["edited".into()]);
        for _ in 0..3 {
            run(&world);
        }
        assert_eq!((hub.records().len(), far.records().len()), (2, 2));
        assert_eq!(link_of(&world, kept).hub_item, Some(id.clone()));
        assert!(hub.item(&id).unwrap().record.notes.is_empty());
        assert_ne!(mark_of(&world, &made), mark_of(&world, &copy));
    }
}
