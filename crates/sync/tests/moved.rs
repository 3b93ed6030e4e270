//! What was moved at the far side before anything told that its old place is empty, and what only looks as if it were.
//! The simulation found each of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use pimkit_contract::{
    WorstOptions,
    worst::{Failure, Fault, FaultPlan, Operation},
};
use pimkit_core::{CollectionId, Contact, ItemId, Sharing};
use world::{World, both, named, names};

const POLICY: &[(&str, &str)] = &[("deletes", "delete")];
const ANNEX: &str = "annex";

fn with_uid(name: &str, uid: &str) -> Contact {
    let mut contact = named(name);
    contact.uid = Some(uid.to_owned());
    contact
}

/// Ada and Bob, made at a far side that has two collections, and on the hub.
fn agreed(policy: &[(&str, &str)]) -> World {
    let world = World::kind();
    world.far_hand::<Contact>().make_collection(ANNEX);
    for name in ["Ada", "Bob"] {
        world.far_hand::<Contact>().put(&World::home::<Contact>(), with_uid(name, &format!("uid-{name}")));
    }
    world.run::<Contact>(policy);
    world
}

fn far_id(world: &World, name: &str) -> ItemId {
    let items = world.far_hand::<Contact>().items();
    items.into_iter().find(|(_, s)| s.record.name.full.as_deref() == Some(name)).unwrap().0
}

fn hub_id(world: &World, name: &str) -> ItemId {
    let items = world.hub_hand::<Contact>().items();
    items.into_iter().find(|(_, s)| s.record.name.full.as_deref() == Some(name)).unwrap().0
}

fn move_ada(world: &World) {
    assert!(world.far_hand::<Contact>().move_to(&far_id(world, "Ada"), &CollectionId::from(ANNEX)));
}

/// Ada is where she was moved to, once on each side, and what the hub's user writes arrives there.
fn assert_followed(world: &World, case: &str) {
    world.settle();
    for _ in 0..2 {
        world.run::<Contact>(POLICY);
    }
    assert_eq!(both(world), [["Ada", "Bob"], ["Ada", "Bob"]], "{case}");
    world.hub_hand::<Contact>().edit(&hub_id(world, "Ada"), |c| c.nicknames = vec!["Countess".to_owned()]);
    world.run::<Contact>(POLICY);
    let ada = world.far_hand::<Contact>().item(&far_id(world, "Ada")).unwrap();
    assert_eq!((ada.collection.as_str(), ada.record.nicknames), (ANNEX, vec!["Countess".to_owned()]), "{case}");
}

#[test]
fn what_was_moved_is_not_made_once_more_where_nothing_tells_that_its_old_place_is_empty() {
    for (case, operation, nth, fault) in [
        ("it cannot be asked for", Operation::Fetch, 1, Fault::After(Failure::Unavailable)),
        ("the listing of its old place is empty, as a success", Operation::Changes, 2, Fault::Empty),
    ] {
        let world = agreed(POLICY);
        move_ada(&world);
        world.far.set_faults(FaultPlan::none().at_nth(operation, nth, fault));
        let report = world.run::<Contact>(POLICY);
        world.far.set_faults(FaultPlan::none());
        assert_eq!((report.sync.created.total(), report.sync.deleted.total()), (0, 0), "{case}");
        assert_followed(&world, case);
    }
}

#[test]
fn what_was_moved_while_a_write_to_it_is_open_is_not_made_once_more() {
    let world = agreed(POLICY);
    world.hub_hand::<Contact>().edit(&hub_id(&world, "Ada"), |c| c.notes = vec!["by the hub user".to_owned()]);
    world.far.set_faults(FaultPlan::none().at_nth(Operation::Write, 1, Fault::HangAfter));
    assert!(!world.stop(&world.pair::<Contact>(POLICY)), "the run ends though a request is never answered");
    world.far.set_faults(FaultPlan::none());
    move_ada(&world);
    let report = world.run::<Contact>(POLICY);
    assert_eq!((report.sync.created.total(), report.sync.deleted.total()), (0, 0));
    assert_followed(&world, "open");
}

#[test]
fn what_has_no_uid_and_was_moved_under_its_id_and_edited_keeps_its_record() {
    // Where deletions are ignored, nothing takes the hub's record away: it would be there twice.
    for policy in [POLICY, &[("deletes", "ignore")], &[("direction", "to_left")]] {
        let world = World::kind();
        let far = world.far_hand::<Contact>();
        far.make_collection(ANNEX);
        let ada = far.put(&World::home::<Contact>(), named("Ada"));
        far.put(&World::home::<Contact>(), named("Bob"));
        world.run::<Contact>(policy);
        move_ada(&world);
        far.edit(&ada, |c| c.notes = vec!["after the move".to_owned()]);
        let report = world.run::<Contact>(policy);
        assert_eq!((report.sync.created.total(), report.sync.deleted.total(), report.sync.updated.left), (0, 0, 1), "{policy:?}");
        assert_eq!(both(&world), [["Ada", "Bob"], ["Ada", "Bob"]], "{policy:?}");
        assert_eq!(world.hub_hand::<Contact>().item(&hub_id(&world, "Ada")).unwrap().record.notes, ["after the move"]);
    }
}

#[test]
fn another_person_under_the_same_file_name_in_another_collection_is_no_move() {
    let world = World::kind();
    let far = world.far_hand::<Contact>();
    far.make_collection(ANNEX);
    let ada = far.put(&World::home::<Contact>(), named("Ada"));
    far.put(&World::home::<Contact>(), named("Bob"));
    world.run::<Contact>(POLICY);
    move_ada(&world);
    far.edit(&ada, |c| c.name.full = Some("Grace".to_owned()));
    let report = world.run::<Contact>(POLICY);
    assert_eq!((report.sync.created.left, report.sync.deleted.left), (1, 1));
    assert_eq!(both(&world), [["Bob", "Grace"], ["Bob", "Grace"]]);
}

#[test]
fn what_left_for_a_collection_that_is_not_read_is_not_taken_for_a_copy_of_another_name() {
    let policy = &[("deletes", "delete"), ("folders", "private")];
    let world = agreed(policy);
    let far = world.far_hand::<Contact>();
    far.share(&CollectionId::from(ANNEX), Sharing::Shared);
    // Grace is a copy of Ada, and has her uid.
    let grace = far.copy(&far_id(&world, "Ada")).unwrap();
    far.edit(&grace, |c| c.name.full = Some("Grace".to_owned()));
    world.run::<Contact>(policy);
    assert!(far.move_to(&grace, &CollectionId::from(ANNEX)));
    far.copy(&far_id(&world, "Ada")).unwrap();
    for _ in 0..2 {
        world.run::<Contact>(policy);
    }
    assert_eq!(names(world.hub_hand::<Contact>().records()), ["Ada", "Ada", "Bob", "Grace"]);
}

#[test]
fn a_record_of_another_name_under_the_uid_of_a_deleted_one_is_not_that_one_come_back() {
    let policy = &[("deletes_right", "ignore")];
    let world = agreed(policy);
    world.hub_hand::<Contact>().delete(&hub_id(&world, "Ada"));
    world.run::<Contact>(policy);
    assert_eq!(both(&world), [vec!["Bob"], vec!["Ada", "Bob"]]);
    // Another sync brings a copy that its user had given another name.
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), with_uid("Grace", "uid-Ada"));
    for _ in 0..2 {
        world.run::<Contact>(policy);
    }
    assert_eq!(both(&world), [vec!["Bob", "Grace"], vec!["Ada", "Bob", "Grace"]]);
}

#[test]
fn a_record_that_no_deletion_reaches_does_not_become_a_copy_of_another_name() {
    for policy in [&[("hub_delete", "never")], &[("deletes", "ignore")]] {
        // Ids may change with an edit: the copy may be the very item.
        let world = World::with(WorstOptions::kind().with(|o| o.rekeys_on_edit = true));
        let far = world.far_hand::<Contact>();
        let ada = far.put(&World::home::<Contact>(), with_uid("Ada", "uid-Ada"));
        far.put(&World::home::<Contact>(), with_uid("Bob", "uid-Bob"));
        world.run::<Contact>(policy);
        let grace = far.copy(&ada).unwrap();
        far.edit(&grace, |c| c.name.full = Some("Grace".to_owned()));
        far.delete(&ada);
        for _ in 0..2 {
            world.run::<Contact>(policy);
        }
        assert_eq!(both(&world), [vec!["Ada", "Bob", "Grace"], vec!["Bob", "Grace"]], "{policy:?}");
    }
}

#[test]
fn a_copy_of_another_name_of_what_was_left_alone_is_not_left_alone() {
    let policy = &[("direction", "to_left")];
    let world = agreed(policy);
    let far = world.far_hand::<Contact>();
    world.hub_hand::<Contact>().delete(&hub_id(&world, "Ada"));
    world.run::<Contact>(policy);
    let grace = far.copy(&far_id(&world, "Ada")).unwrap();
    far.edit(&grace, |c| c.name.full = Some("Grace".to_owned()));
    far.delete(&far_id(&world, "Ada"));
    for _ in 0..2 {
        world.run::<Contact>(policy);
    }
    assert_eq!(both(&world), [["Bob", "Grace"], ["Bob", "Grace"]]);
}
