//! Writes that are looked at only later: what users did meanwhile stays what users did.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use pimkit_contract::{
    WorstOptions,
    worst::{Failure, Fault, FaultPlan, Operation},
};
use pimkit_core::{Contact, Phone, Record};
use world::{World, named};

const POLICY: &[(&str, &str)] = &[("deletes", "delete")];

fn with_note(name: &str, note: &str) -> Contact {
    let mut contact = named(name);
    contact.uid = Some(format!("uid-{name}"));
    contact.notes = vec![note.to_owned()];
    contact.phones = vec![Phone { number: "+43 1 5550123".to_owned(), ..Phone::default() }];
    contact
}

/// A run whose nth write to the far side never answers.
fn cut_off(world: &World, nth: u64, fault: Fault) {
    world.far.set_faults(FaultPlan::none().at_nth(Operation::Write, nth, fault));
    assert!(!world.stop(&world.pair::<Contact>(POLICY)), "the run ends though a write never answers");
    world.far.set_faults(FaultPlan::none());
}

fn notes(world: &World) -> (Vec<Vec<String>>, Vec<Vec<String>>) {
    let of = |records: Vec<Contact>| records.into_iter().map(|r| r.notes).collect();
    (of(world.hub_hand().records()), of(world.far_hand().records()))
}

#[test]
fn an_edit_of_a_new_item_whose_making_was_never_answered_outlives_the_deletion_on_the_other_side() {
    let world = World::kind();
    // Another one keeps a side from being found empty.
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), named("Bob"));
    world.run::<Contact>(POLICY);
    let id = world.hub_hand::<Contact>().put(&World::home::<Contact>(), with_note("Ada", "made"));
    cut_off(&world, 1, Fault::HangAfter);
    let far = world.far_hand::<Contact>();
    let made = far.items().into_iter().find(|(_, s)| !s.record.notes.is_empty()).unwrap().0;
    assert!(far.edit(&made, |c| c.notes = vec!["edited by its user".to_owned()]));
    world.hub_hand::<Contact>().delete(&id);
    world.settle();
    world.run::<Contact>(POLICY);
    world.run::<Contact>(POLICY);
    let (hub, far) = notes(&world);
    for side in [hub, far] {
        assert_eq!(side.concat(), ["edited by its user"]);
    }
    assert_eq!(world.run::<Contact>(POLICY).sync.writes(), 0);
}

#[test]
fn a_new_item_whose_second_call_never_left_gets_the_rest_of_its_fields() {
    let world = World::with(WorstOptions::only(&["two_calls"]).unwrap());
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), with_note("Ada", "in the second call"));
    cut_off(&world, 1, Fault::HangAfter);
    assert_eq!(notes(&world).1, [Vec::<String>::new()]);
    world.settle();
    world.run::<Contact>(POLICY);
    world.run::<Contact>(POLICY);
    assert_eq!(notes(&world).1, [["in the second call"]]);
    assert_eq!(world.run::<Contact>(POLICY).sync.writes(), 0);
}

#[test]
fn an_item_that_got_another_id_with_a_write_that_was_not_read_back_is_not_taken_for_a_new_one() {
    let world = World::with(WorstOptions::only(&["answers_nothing", "rekeys_on_edit"]).unwrap());
    // Nothing but its id names it.
    world.far_hand::<Contact>().put(&World::home::<Contact>(), Contact::build(|c| c.name.full = Some("Ada".to_owned())));
    world.run::<Contact>(POLICY);
    let id = world.hub_hand::<Contact>().items().into_keys().next().unwrap();
    world.hub_hand::<Contact>().edit(&id, |c| c.notes = vec!["second".to_owned()]);
    world.far.set_faults(FaultPlan::none().at_nth(Operation::Fetch, 1, Fault::CollectionGone));
    world.run::<Contact>(POLICY);
    world.far.set_faults(FaultPlan::none());
    world.settle();
    world.run::<Contact>(POLICY);
    world.run::<Contact>(POLICY);
    assert_eq!(notes(&world), (vec![vec!["second".to_owned()]], vec![vec!["second".to_owned()]]));
    assert_eq!(world.run::<Contact>(POLICY).sync.writes(), 0);
}

#[test]
fn a_thing_that_an_edit_brought_back_can_be_deleted_by_who_has_seen_it() {
    let world = World::kind();
    // Another one keeps a side from being found empty.
    world.far_hand::<Contact>().put(&World::home::<Contact>(), with_note("Bob", "stays"));
    world.run::<Contact>(POLICY);
    let id = world.hub_hand::<Contact>().put(&World::home::<Contact>(), with_note("Ada", "goes"));
    world.run::<Contact>(POLICY);
    let far = world.far_hand::<Contact>();
    let there = far.items().into_iter().find(|(_, s)| s.record.name.full.as_deref() == Some("Ada")).unwrap().0;
    far.edit(&there, |c| c.notes.clear());
    world.hub_hand::<Contact>().delete(&id);
    world.run::<Contact>(POLICY);
    assert_eq!(world.hub_hand::<Contact>().records().len(), 2, "the edit beats the deletion");
    far.delete(&there);
    world.run::<Contact>(POLICY);
    assert_eq!(notes(&world), (vec![vec!["stays".to_owned()]], vec![vec!["stays".to_owned()]]));
}

#[test]
fn an_item_that_could_not_be_read_and_then_went_is_not_waited_for() {
    let world = World::with(WorstOptions::only(&["lists_only"]).unwrap());
    let far = world.far_hand::<Contact>();
    let id = far.put(&World::home::<Contact>(), with_note("Ada", "goes"));
    far.put(&World::home::<Contact>(), with_note("Bob", "stays"));
    world.far.set_faults(FaultPlan::none().at_nth(Operation::Fetch, 1, Fault::After(Failure::Transport)));
    assert_eq!(world.run::<Contact>(POLICY).sync.quarantined.len(), 2);
    world.far.set_faults(FaultPlan::none());
    far.delete(&id);
    world.settle();
    world.run::<Contact>(POLICY);
    let report = world.run::<Contact>(POLICY);
    assert!(report.sync.quarantined.is_empty(), "{:?}", report.sync.quarantined);
    assert_eq!(notes(&world).0, [["stays"]]);
}

#[test]
fn a_loser_is_kept_though_the_other_half_of_its_step_has_to_wait() {
    let world = World::kind();
    let id = world.hub_hand::<Contact>().put(&World::home::<Contact>(), with_note("Ada", "note"));
    world.run::<Contact>(POLICY);
    let far = world.far_hand::<Contact>();
    let there = far.items().into_keys().next().unwrap();
    let policy: &[(&str, &str)] = &[("conflicts", "left")];
    world.hub_hand::<Contact>().edit(&id, |c| c.name.given2 = Some("of the hub".to_owned()));
    far.edit(&there, |c| {
        c.name.given2 = Some("of the far side".to_owned());
        c.nicknames = vec!["Adi".to_owned()];
    });
    // The far side is written, and the answer of the hub is lost.
    world.hub.set_faults(FaultPlan::none().at_nth(Operation::Write, 1, Fault::Before(Failure::Transport)));
    world.run::<Contact>(policy);
    world.hub.set_faults(FaultPlan::none());
    world.settle();
    world.run::<Contact>(policy);
    let (hub, far) = (world.hub_hand::<Contact>().records(), far.records());
    assert_eq!((hub[0].name.given2.as_deref(), far[0].name.given2.as_deref()), (Some("of the hub"), Some("of the hub")));
    assert_eq!(hub[0].nicknames, ["Adi"]);
    let lost: Vec<_> = world.journal().into_iter().flat_map(|row| row.lost).filter_map(|change| change.to).collect();
    assert_eq!(lost, ["of the far side"]);
}

#[test]
fn an_item_that_got_another_id_keeps_its_link_though_the_other_half_of_its_step_has_to_wait() {
    let world = World::with(WorstOptions::only(&["rekeys_on_edit"]).unwrap());
    let id = world.hub_hand::<Contact>().put(&World::home::<Contact>(), with_note("Ada", "note"));
    world.run::<Contact>(POLICY);
    let far = world.far_hand::<Contact>();
    let there = far.items().into_keys().next().unwrap();
    far.edit(&there, |c| c.nicknames = vec!["Adi".to_owned()]);
    world.hub_hand::<Contact>().edit(&id, |c| c.notes = vec!["edited".to_owned()]);
    world.hub.set_faults(FaultPlan::none().at_nth(Operation::Write, 1, Fault::Before(Failure::Transport)));
    world.run::<Contact>(POLICY);
    world.hub.set_faults(FaultPlan::none());
    world.settle();
    world.run::<Contact>(POLICY);
    world.run::<Contact>(POLICY);
    for records in [world.hub_hand::<Contact>().records(), far.records()] {
        assert_eq!(records.len(), 1);
        assert_eq!((&records[0].notes, &records[0].nicknames), (&vec!["edited".to_owned()], &vec!["Adi".to_owned()]));
    }
    assert_eq!(world.run::<Contact>(POLICY).sync.writes(), 0);
}

#[test]
fn a_create_that_was_stored_is_no_less_stored_when_its_repeat_is_refused() {
    for failure in [Failure::RateLimited, Failure::Unavailable, Failure::Unauthenticated] {
        let world = World::kind();
        for name in ["Ada", "Bob"] {
            world.far_hand::<Contact>().put(&World::home::<Contact>(), with_note(name, "made there"));
        }
        // The process dies when the hub has stored them and nothing of it was taken down.
        world.hub.set_faults(FaultPlan::none().at_nth(Operation::Write, 2, Fault::HangAfter));
        assert!(!world.stop(&world.pair::<Contact>(POLICY)), "the run ends though a write never answers");
        assert_eq!(world.hub_hand::<Contact>().records().len(), 2);
        world.hub.set_faults(FaultPlan::none().at_nth(Operation::Write, 1, Fault::Before(failure)));
        world.settle();
        world.run::<Contact>(POLICY);
        world.hub.set_faults(FaultPlan::none());
        for _ in 0..3 {
            world.settle();
            world.run::<Contact>(POLICY);
        }
        let (hub, far) = notes(&world);
        assert_eq!((hub.len(), far.len()), (2, 2), "{failure:?}");
        assert_eq!(world.run::<Contact>(POLICY).sync.writes(), 0);
    }
}

#[test]
fn what_a_create_of_unknown_outcome_may_have_made_is_known_by_its_id_where_no_mark_comes_back() {
    for refused in [Fault::Before(Failure::RateLimited), Fault::After(Failure::Unavailable)] {
        let world = World::with(WorstOptions::only(&["drops_marks"]).unwrap());
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), with_note("Ada", "made here"));
        cut_off(&world, 1, Fault::HangAfter);
        world.far.set_faults(FaultPlan::none().at_nth(Operation::Write, 1, refused));
        world.settle();
        world.run::<Contact>(POLICY);
        world.far.set_faults(FaultPlan::none());
        for _ in 0..3 {
            world.settle();
            world.run::<Contact>(POLICY);
        }
        assert_eq!(notes(&world), (vec![vec!["made here".to_owned()]], vec![vec!["made here".to_owned()]]), "{refused:?}");
        assert_eq!(world.run::<Contact>(POLICY).sync.writes(), 0);
    }
}
