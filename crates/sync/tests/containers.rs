//! A far collection of the sync's own: made once, healed, and never read as deletions when it is gone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use pimkit_contract::{
    WorstOptions, samples,
    state::StopPoint,
    worst::{Failure, Fault, FaultPlan, Operation},
};
use pimkit_core::{Contact, ErrorKind, Event};
use pimkit_sync::{Pair, Verdict};
use std::collections::BTreeSet;
use world::{World, named};

const OWN: &[(&str, &str)] = &[("container", "dedicated"), ("container_name", "CRM"), ("deletes", "delete")];

fn with(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    OWN.iter().chain(more).copied().collect()
}

fn own(world: &World) -> Vec<pimkit_core::CollectionId> {
    let names = world.far_hand::<Contact>().collection_names();
    names.into_iter().filter(|(_, name)| name == "CRM").map(|(id, _)| id).collect()
}

fn names(records: Vec<Contact>) -> BTreeSet<String> {
    let count = records.len();
    let names: BTreeSet<String> = records.into_iter().map(|c| c.name.full.unwrap_or_default()).collect();
    assert_eq!(names.len(), count, "twice: {names:?}");
    names
}

fn inside(world: &World) -> BTreeSet<String> {
    let ids = own(world);
    let items = world.far_hand::<Contact>().items();
    names(items.into_values().filter(|s| ids.contains(&s.collection)).map(|s| s.record).collect())
}

fn hub(world: &World) -> BTreeSet<String> {
    names(world.hub_hand::<Contact>().records())
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

fn begun(options: WorstOptions, policy: &[(&str, &str)]) -> World {
    let world = World::with(options);
    for name in ["A", "B", "C"] {
        world.hub_hand::<Contact>().put(&"contacts".into(), named(name));
    }
    world.far_hand::<Contact>().put(&"contacts".into(), named("Of another folder"));
    world.run_as::<Contact>("ada", policy);
    world
}

#[test]
fn it_is_made_once_and_is_all_that_is_read_and_written_of_the_far_side() {
    for switches in [&[][..], &["server_made_ids", "lists_only", "answers_nothing", "no_categories", "no_find"]] {
        let world = begun(WorstOptions::only(switches).unwrap(), OWN);
        assert_eq!(own(&world).len(), 1, "{switches:?}");
        assert_eq!((inside(&world), hub(&world)), (set(&["A", "B", "C"]), set(&["A", "B", "C"])), "{switches:?}");
        let id = own(&world).remove(0);
        world.far_hand::<Contact>().put(&id, named("Far"));
        world.settle();
        let report = world.run_as::<Contact>("ada", OWN);
        assert_eq!((report.sync.created.left, report.sync.created.right), (1, 0), "{switches:?}: {report:?}");
        let changes = |r: &pimkit_contract::worst::Request| r.operation == Operation::Changes && r.collection != Some(id.clone());
        assert!(!world.far.requests().iter().any(changes), "{switches:?}: another collection was read");
        assert_eq!(own(&world).len(), 1, "{switches:?}");
        assert_eq!(world.run_as::<Contact>("ada", OWN).sync.writes(), 0, "{switches:?}");
    }
}

#[test]
fn an_account_without_folders_is_refused_with_what_to_choose_instead_and_so_is_a_choice_beside_it() {
    let world = World::with(WorstOptions::only(&["no_folders"]).unwrap());
    let pair = world.pair_as::<Contact>("ada", OWN);
    let error = futures::executor::block_on(pair.plan()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("set container = selected"), "{error}");
    assert!(!world.far.requests().iter().any(|r| r.operation == Operation::Changes));
    let error = world.builder::<Contact>("contacts", OWN).collections(vec!["contacts".into()]).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

/// Stops the first run at each request and at each commit; the next ones bring it to its end, once.
fn each_stop(options: &WorstOptions, policy: &[(&str, &str)], prepare: impl Fn(&World), check: impl Fn(&World, &str)) {
    let scene = || {
        let world = begun_nothing(options.clone());
        prepare(&world);
        world
    };
    let whole = scene();
    let before = whole.far.requests().len();
    let first = whole.state.commits();
    assert!(whole.stop(&whole.pair_as::<Contact>("ada", policy)));
    let requests = (whole.far.requests().len() - before) as u64;
    let commits = whole.state.commits();
    for number in 1..=requests {
        for fault in [Fault::HangBefore, Fault::HangAfter, Fault::Before(Failure::Transport), Fault::After(Failure::Transport)] {
            let mut world = scene();
            world.far.set_faults(FaultPlan::none().at(number, fault));
            world.stop(&world.pair_as::<Contact>("ada", policy));
            world.restart();
            end(&world, policy, &check, &format!("{fault:?} at request {number} of {requests}"));
        }
    }
    for number in first + 1..=commits {
        for point in [StopPoint::Before, StopPoint::After] {
            let mut world = scene();
            world.state.crash_at(number, point);
            world.stop(&world.pair_as::<Contact>("ada", policy));
            world.restart();
            end(&world, policy, &check, &format!("{point:?} commit {number} of {commits}"));
        }
    }
}

fn begun_nothing(options: WorstOptions) -> World {
    let world = World::with(options);
    for name in ["A", "B", "C"] {
        world.hub_hand::<Contact>().put(&"contacts".into(), named(name));
    }
    world
}

fn end(world: &World, policy: &[(&str, &str)], check: &impl Fn(&World, &str), at: &str) {
    for _ in 0..3 {
        world.settle();
        world.run_as::<Contact>("ada", policy);
    }
    check(world, at);
    assert_eq!(world.run_as::<Contact>("ada", policy).sync.writes(), 0, "{at}");
}

#[test]
fn a_first_run_stopped_anywhere_leaves_one_collection_with_everything_in_it() {
    each_stop(
        &WorstOptions::kind(),
        OWN,
        |_| {},
        |world, at| {
            assert_eq!(own(world).len(), 1, "{at}");
            assert_eq!(inside(world), set(&["A", "B", "C"]), "{at}");
        },
    );
}

#[test]
fn a_run_that_makes_it_again_stopped_anywhere_leaves_one_collection_with_everything_in_it() {
    let again = with(&[("removed", "restore")]);
    each_stop(
        &WorstOptions::kind(),
        &again,
        |world| {
            world.run_as::<Contact>("ada", &again);
            world.far_hand::<Contact>().vanish(&own(world)[0], true);
        },
        |world, at| {
            assert_eq!(own(world).len(), 1, "{at}");
            assert_eq!((inside(world), hub(world)), (set(&["A", "B", "C"]), set(&["A", "B", "C"])), "{at}");
        },
    );
}

#[test]
fn a_name_that_a_user_changed_is_put_back_or_followed_and_a_name_that_the_config_changed_is_given() {
    for restore in [true, false] {
        let policy = with(&[("renamed", if restore { "restore" } else { "follow" })]);
        let world = begun(WorstOptions::kind(), &policy);
        let id = own(&world).remove(0);
        world.far_hand::<Contact>().rename_collection(&id, "My people");
        let report = world.run_as::<Contact>("ada", &policy);
        assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::Done), "{restore}: {report:?}");
        let name = |world: &World| world.far_hand::<Contact>().collection_names().remove(&id).unwrap();
        assert_eq!(name(&world), if restore { "CRM" } else { "My people" });
        world.far_hand::<Contact>().put(&id, named("Far"));
        assert_eq!(world.run_as::<Contact>("ada", &policy).sync.created.left, 1, "{restore}");
        assert_eq!(name(&world), if restore { "CRM" } else { "My people" });
        let other: Vec<_> =
            policy.iter().copied().filter(|(key, _)| *key != "container_name").chain([("container_name", "Sales")]).collect();
        world.run_as::<Contact>("ada", &other);
        assert_eq!(name(&world), "Sales", "{restore}");
        assert_eq!(world.far_hand::<Contact>().collection_names().len(), 2, "{restore}");
    }
}

#[test]
fn a_rename_that_is_cut_off_is_done_by_the_next_run() {
    for fault in [Fault::HangBefore, Fault::HangAfter, Fault::After(Failure::Transport)] {
        let mut world = begun(WorstOptions::kind(), OWN);
        let id = own(&world).remove(0);
        world.far_hand::<Contact>().rename_collection(&id, "My people");
        world.far.set_faults(FaultPlan::none().at_nth(Operation::Folders, 1, fault));
        world.stop(&world.pair_as::<Contact>("ada", OWN));
        world.restart();
        let report = world.run_as::<Contact>("ada", OWN);
        assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::Done), "{fault:?}: {report:?}");
        assert_eq!(own(&world), [id], "{fault:?}");
    }
}

fn pair(world: &World, policy: &[(&str, &str)]) -> Pair<Contact> {
    world.pair_as::<Contact>("ada", policy)
}

#[test]
fn a_user_who_deletes_it_ends_the_sync_and_no_record_is_deleted_and_to_enable_it_sets_it_up_again() {
    for teardown in ["leave", "archive", "delete_made", "delete_container"] {
        let policy = with(&[("teardown", teardown)]);
        let world = begun(WorstOptions::kind(), &policy);
        let id = own(&world).remove(0);
        world.far_hand::<Contact>().put(&id, named("Far"));
        world.run_as::<Contact>("ada", &policy);
        assert_eq!(hub(&world), set(&["A", "B", "C", "Far"]));
        world.far_hand::<Contact>().vanish(&id, true);
        for _ in 0..3 {
            let report = world.run_as::<Contact>("ada", &policy);
            assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::LeftOver), "{teardown}: {report:?}");
            assert!(report.sync.notes[0].contains("disabled") && report.sync.notes[0].contains("enable it"), "{report:?}");
        }
        assert_eq!(hub(&world), set(&["A", "B", "C", "Far"]), "{teardown}");
        let notices = world.hub.notices();
        assert_eq!(notices.len(), 1, "{notices:?}");
        assert_eq!((notices[0].0.topic.as_str(), notices[0].0.user.as_deref()), ("sync.disabled", Some("ada")));
        // What happens while it is ended does not matter to it until it is enabled.
        world.hub_hand::<Contact>().put(&"contacts".into(), named("D"));
        assert_eq!(world.run_as::<Contact>("ada", &policy).sync.writes(), 0);
        futures::executor::block_on(pair(&world, &policy).enable()).unwrap();
        let report = world.run_as::<Contact>("ada", &policy);
        assert_eq!((report.sync.created.right, report.sync.writes()), (5, 5), "{teardown}: {report:?}");
        assert_eq!((own(&world).len(), inside(&world)), (1, set(&["A", "B", "C", "D", "Far"])), "{teardown}");
        assert_eq!(hub(&world), inside(&world), "{teardown}");
        assert_eq!(world.run_as::<Contact>("ada", &policy).sync.writes(), 0, "{teardown}");
    }
}

#[test]
fn under_restore_it_is_made_again_with_everything_that_was_in_it() {
    let policy = with(&[("removed", "restore")]);
    let world = begun(WorstOptions::kind(), &policy);
    let id = own(&world).remove(0);
    world.far_hand::<Contact>().put(&id, named("Far"));
    let b = world.far_hand::<Contact>().items().into_iter().find(|(_, s)| s.record.name.full.as_deref() == Some("B")).unwrap().0;
    world.far_hand::<Contact>().delete(&b);
    world.run_as::<Contact>("ada", &policy);
    assert_eq!(hub(&world), set(&["A", "C", "Far"]));
    world.far_hand::<Contact>().vanish(&id, true);
    let report = world.run_as::<Contact>("ada", &policy);
    assert_eq!((report.sync.created.right, report.sync.deleted.total()), (3, 0), "{report:?}");
    assert_eq!((own(&world).len(), inside(&world), hub(&world)), (1, set(&["A", "C", "Far"]), set(&["A", "C", "Far"])));
    assert_ne!(own(&world)[0], id);
    assert!(world.hub.notices().is_empty());
    let report = world.run_as::<Contact>("ada", &policy);
    assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::Done), "{report:?}");
}

#[test]
fn a_listing_that_fails_or_leaves_it_out_once_ends_nothing() {
    for fault in [Fault::Empty, Fault::Before(Failure::Unavailable), Fault::After(Failure::Transport), Fault::CollectionGone] {
        for operation in [Operation::Collections, Operation::Changes] {
            let mut world = begun(WorstOptions::kind(), OWN);
            world.far.set_faults(FaultPlan::none().at_nth(operation, 1, fault));
            let _ = world.run_pair(&pair(&world, OWN));
            world.restart();
            let report = world.run_as::<Contact>("ada", OWN);
            assert_eq!((report.sync.deleted.total(), report.sync.created.total()), (0, 0), "{operation:?} {fault:?}: {report:?}");
            assert!(world.hub.notices().is_empty(), "{operation:?} {fault:?}");
            assert_eq!((own(&world).len(), inside(&world), hub(&world)), (1, set(&["A", "B", "C"]), set(&["A", "B", "C"])));
        }
    }
}

#[test]
fn one_listing_without_it_is_asked_again_and_two_prove_nothing_while_it_does_not_answer_for_itself() {
    let world = begun(WorstOptions::kind(), OWN);
    world.far.set_faults(FaultPlan::none().at_nth(Operation::Collections, 1, Fault::Empty));
    let report = world.run_as::<Contact>("ada", OWN);
    assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::Done), "{report:?}");
    for failure in [Failure::Unavailable, Failure::Transport, Failure::RateLimited, Failure::Unauthenticated] {
        let twice = FaultPlan::none().at_nth(Operation::Collections, 1, Fault::Empty).at_nth(Operation::Collections, 2, Fault::Empty);
        world.far.set_faults(twice.at_nth(Operation::Changes, 1, Fault::Before(failure)));
        assert!(world.run_pair(&pair(&world, OWN)).is_err(), "{failure:?}");
        world.far.set_faults(FaultPlan::none());
        let report = world.run_as::<Contact>("ada", OWN);
        assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::Done), "{failure:?}: {report:?}");
        assert!(world.hub.notices().is_empty(), "{failure:?}");
    }
    assert_eq!((own(&world).len(), inside(&world)), (1, set(&["A", "B", "C"])));
}

#[test]
fn a_calendar_of_its_own_is_no_folder_of_contacts() {
    let world = World::kind();
    world.hub_hand::<Event>().put(&"events".into(), samples::event(1));
    world.hub_hand::<Contact>().put(&"contacts".into(), named("A"));
    world.run_as::<Event>("ada", OWN);
    world.run_as::<Contact>("ada", OWN);
    assert_eq!(world.far_hand::<Event>().records().len(), 1);
    assert_eq!(inside(&world), set(&["A"]));
    let calendars = world.far_hand::<Event>().collection_names();
    assert_eq!(calendars.values().filter(|name| *name == "CRM").count(), 1, "{calendars:?}");
    // The end of one is not the end of the other.
    world.far_hand::<Contact>().vanish(&own(&world)[0], true);
    world.run_as::<Contact>("ada", OWN);
    world.hub_hand::<Event>().put(&"events".into(), samples::event(2));
    assert_eq!(world.run_as::<Event>("ada", OWN).sync.created.right, 1);
}
