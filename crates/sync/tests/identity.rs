//! Which items are one thing: moved, renamed, re-made, restored, and many of one kind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::executor::block_on;
use pimkit_contract::samples;
use pimkit_core::{Contact, LinkQuery, LinkState, State};
use pimkit_sync::Report;
use world::{World, named, texts};

const DELETE: &[(&str, &str)] = &[("deletes", "delete")];

/// A run over every collection of both sides.
fn run_all(world: &World, policy: &[(&str, &str)]) -> Report {
    world.clock.advance(std::time::Duration::from_secs(60));
    let report = block_on(world.builder::<Contact>("contacts", policy).build().unwrap().run()).unwrap();
    world.clock.advance(std::time::Duration::from_secs(60));
    report
}

#[test]
fn a_hub_record_that_moves_to_another_collection_under_its_id_takes_its_link_along() {
    for with_uid in [true, false] {
        let world = World::kind();
        let hub = world.hub_hand::<Contact>();
        for n in 0..3 {
            let mut contact = samples::contact(n);
            if !with_uid {
                contact.uid = None;
            }
            hub.put(&World::home::<Contact>(), contact);
        }
        run_all(&world, DELETE);
        let id = hub.items().into_keys().next().unwrap();
        assert!(hub.move_to(&id, &"leads".into()));
        let report = run_all(&world, DELETE);
        assert_eq!((report.sync.created.total(), report.sync.deleted.total()), (0, 0), "uid {with_uid}: {report:?}");
        assert_eq!((hub.records().len(), world.far_hand::<Contact>().records().len()), (3, 3), "uid {with_uid}");
        hub.edit(&id, |c| c.notes.push("moved".into()));
        let report = run_all(&world, DELETE);
        assert_eq!((report.sync.updated.right, report.sync.writes()), (1, 1), "uid {with_uid}: {report:?}");
        assert_eq!(run_all(&world, DELETE).sync.writes(), 0);
    }
}

#[test]
fn a_far_item_that_moves_under_its_id_and_has_no_uid_takes_its_link_along() {
    let world = World::kind();
    let far = world.far_hand::<Contact>();
    let other = far.make_collection("others");
    let ids: Vec<_> = (0..3).map(|n| far.put(&World::home::<Contact>(), named(&format!("Person {n}")))).collect();
    world.run::<Contact>(DELETE);
    assert!(far.move_to(&ids[1], &other));
    let report = world.run::<Contact>(DELETE);
    assert_eq!((report.sync.created.total(), report.sync.deleted.total()), (0, 0), "{report:?}");
    assert_eq!((world.hub_hand::<Contact>().records().len(), far.records().len()), (3, 3));
    assert_eq!(world.run::<Contact>(DELETE).sync.writes(), 0);
}

#[test]
fn a_renamed_file_keeps_its_link_whatever_the_order_of_the_names() {
    for (count, which) in [(3, 0), (3, 2), (20, 0), (20, 19), (20, 7)] {
        for far_born in [true, false] {
            let world = World::kind();
            let far = world.far_hand::<Contact>();
            for n in 0..count {
                if far_born {
                    far.put(&World::home::<Contact>(), samples::contact(n));
                } else {
                    world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n));
                }
            }
            world.run::<Contact>(DELETE);
            let old = far.items().into_keys().nth(which).unwrap();
            let new = far.copy(&old).unwrap();
            far.delete(&old);
            far.edit(&new, |c| c.notes.push("renamed".into()));
            let at = format!("{old} of {count} became {new}");
            let report = world.run::<Contact>(DELETE);
            assert_eq!((report.sync.created.total(), report.sync.deleted.total()), (0, 0), "{at}: {report:?}");
            let (hubs, fars) = (world.hub_hand::<Contact>().records(), far.records());
            assert_eq!((hubs.len(), fars.len()), (count as usize, count as usize), "{at}: {report:?}");
            assert_eq!(texts(hubs), texts(fars), "{at}");
            assert_eq!(world.run::<Contact>(DELETE).sync.writes(), 0, "{at}");
        }
    }
}

#[test]
fn two_missing_items_of_one_uid_do_not_both_take_the_one_that_came() {
    let world = World::kind();
    let far = world.far_hand::<Contact>();
    let first = far.put(&World::home::<Contact>(), samples::contact(1));
    let second = far.copy(&first).unwrap();
    far.put(&World::home::<Contact>(), samples::contact(2));
    world.run::<Contact>(DELETE);
    assert_eq!(world.hub_hand::<Contact>().records().len(), 3);
    far.copy(&first).unwrap();
    far.delete(&first);
    far.delete(&second);
    let report = world.run::<Contact>(DELETE);
    assert_eq!((report.sync.deleted.left, report.sync.created.total()), (1, 0), "{report:?}");
    assert_eq!(texts(world.hub_hand::<Contact>().records()), texts(far.records()));
    assert_eq!(world.run::<Contact>(DELETE).sync.writes(), 0);
}

#[test]
fn dozens_of_byte_identical_items_on_both_sides_are_joined_one_to_one() {
    let world = World::kind();
    for _ in 0..40 {
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(1));
        world.far_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(1));
    }
    let report = world.run::<Contact>(&[]);
    assert_eq!((report.sync.linked, report.sync.created.total()), (40, 0), "{report:?}");
    assert_eq!(world.hub_hand::<Contact>().records().len(), 40);
    assert_eq!(world.far_hand::<Contact>().records().len(), 40);
    assert_eq!(world.run::<Contact>(&[]).sync.writes(), 0);
}

#[test]
fn a_deleted_item_that_comes_back_joins_the_record_that_was_left_alone() {
    let ignore = &[("deletes", "ignore")];
    let world = World::kind();
    let far = world.far_hand::<Contact>();
    let ids: Vec<_> = (0..3).map(|n| far.put(&World::home::<Contact>(), samples::contact(n))).collect();
    world.run::<Contact>(ignore);
    far.delete(&ids[0]);
    world.run::<Contact>(ignore);
    assert_eq!((world.hub_hand::<Contact>().records().len(), far.records().len()), (3, 2));
    // The user takes it out of the bin: the same uid under another id.
    far.put(&World::home::<Contact>(), samples::contact(0));
    let report = world.run::<Contact>(ignore);
    assert_eq!((world.hub_hand::<Contact>().records().len(), far.records().len()), (3, 3), "{report:?}");
    for id in far.items().into_keys() {
        far.edit(&id, |c| c.notes = vec!["back".into()]);
    }
    let report = world.run::<Contact>(ignore);
    assert_eq!((report.sync.updated.left, report.sync.writes()), (3, 3), "{report:?}");
    let live = LinkQuery { states: vec![LinkState::Live], ..LinkQuery::of(&"contacts".into()) };
    assert_eq!(block_on(world.state.count_links(live)).unwrap(), 3);
}

#[test]
fn a_deletion_at_both_ends_at_once_is_forgotten_and_the_rest_of_a_suppressed_link_too() {
    let world = World::kind();
    let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
    for n in 0..3 {
        hub.put(&World::home::<Contact>(), samples::contact(n));
    }
    let ignore = &[("deletes", "ignore")];
    world.run::<Contact>(ignore);
    let of = |name: &Option<String>| hub.items().into_iter().find(|(_, s)| s.record.name.full == *name).unwrap().0;
    let ids: Vec<_> = far.items().into_iter().map(|(id, s)| (id, of(&s.record.name.full))).collect();
    far.delete(&ids[0].0);
    hub.delete(&ids[0].1);
    far.delete(&ids[1].0);
    assert_eq!(world.run::<Contact>(ignore).sync.writes(), 0);
    hub.delete(&ids[1].1);
    assert_eq!(world.run::<Contact>(ignore).sync.writes(), 0);
    assert_eq!(block_on(world.state.count_links(LinkQuery::of(&"contacts".into()))).unwrap(), 1);
    assert_eq!((hub.records().len(), far.records().len()), (1, 1));
}

#[test]
fn a_deletion_waits_while_the_other_end_cannot_be_read() {
    let world = World::kind();
    let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
    for n in 0..3 {
        far.put(&World::home::<Contact>(), samples::contact(n));
    }
    world.run::<Contact>(DELETE);
    let (far_id, stored) = far.items().into_iter().next().unwrap();
    let hub_id = hub.items().into_iter().find(|(_, s)| s.record.name.full == stored.record.name.full).unwrap().0;
    far.edit(&far_id, |c| c.notes.push("unseen".into()));
    far.make_unreadable(&far_id, true);
    hub.delete(&hub_id);
    for _ in 0..2 {
        assert_eq!(world.run::<Contact>(DELETE).sync.writes(), 0);
    }
    far.make_unreadable(&far_id, false);
    let report = world.run::<Contact>(DELETE);
    // It was edited: the edit beats the deletion.
    assert_eq!((report.sync.created.left, report.sync.deleted.total()), (1, 0), "{report:?}");
    assert_eq!(texts(hub.records()), texts(far.records()));
}
