//! Listings that name less than there is, as a success, and writes that meet what nobody was told of. The simulation found
//! each of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use pimkit_contract::{
    WorstOptions,
    worst::{Failure, Fault, FaultPlan, Operation},
};
use pimkit_core::{Contact, Create, EmailAddress, Field};
use std::time::Duration;
use world::{World, agreed, both, ids, named};

const POLICY: &[(&str, &str)] = &[("deletes", "delete")];

fn short(world: &World, operation: Operation, fault: Fault) {
    world.far.set_faults(FaultPlan::none().at_nth(operation, 1, fault));
}

#[test]
fn a_side_that_takes_a_write_whatever_is_there_is_asked_what_is_there() {
    let world = agreed(WorstOptions::kind().with(|o| o.unconditional = true), POLICY);
    let (hub, far) = ids(&world, "Ada");
    world.far_hand::<Contact>().edit(&far, |c| c.notes = vec!["not listed yet".to_owned()]);
    world.clock.advance(Duration::from_secs(60));
    world.hub_hand::<Contact>().edit(&hub, |c| c.notes = vec!["of the hub".to_owned()]);
    short(&world, Operation::Changes, Fault::Empty);
    world.run::<Contact>(POLICY);
    world.far.set_faults(FaultPlan::none());
    world.run::<Contact>(POLICY);
    assert_eq!(world.run::<Contact>(POLICY).sync.writes(), 0);
    for notes in
        [&world.far_hand::<Contact>().item(&far).unwrap().record.notes, &world.hub_hand::<Contact>().item(&hub).unwrap().record.notes]
    {
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert!(notes.contains(&"not listed yet".to_owned()) && notes.contains(&"of the hub".to_owned()), "{notes:?}");
    }
}

#[test]
fn one_look_before_the_writes_of_a_batch_is_one_request() {
    let world = agreed(WorstOptions::kind().with(|o| o.unconditional = true), POLICY);
    for name in ["Ada", "Bob"] {
        let (hub, _) = ids(&world, name);
        world.hub_hand::<Contact>().edit(&hub, |c| c.notes = vec!["edited".to_owned()]);
    }
    let before = world.far.requests().len();
    let report = world.run::<Contact>(POLICY);
    assert_eq!(report.sync.updated.right, 2);
    let looks = world.far.requests().into_iter().skip(before).filter(|r| r.operation == Operation::Fetch);
    assert_eq!(looks.map(|r| r.ids).collect::<Vec<_>>(), [2]);
}

#[test]
fn that_a_create_did_not_arrive_is_told_by_a_whole_listing_only() {
    let world = agreed(WorstOptions::kind().with(|o| o.create = Create::ByContent), POLICY);
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), named("Eve"));
    short(&world, Operation::Write, Fault::HangAfter);
    assert!(!world.stop(&world.pair::<Contact>(POLICY)), "the run ends though a request is never answered");
    // What was made is kept back once, and no round that names only changes ever names it again.
    short(&world, Operation::Changes, Fault::Empty);
    world.run::<Contact>(POLICY);
    world.far.set_faults(FaultPlan::none());
    world.settle();
    for _ in 0..3 {
        world.run::<Contact>(POLICY);
    }
    assert_eq!(both(&world), [["Ada", "Bob", "Eve"], ["Ada", "Bob", "Eve"]]);
}

#[test]
fn an_entry_that_came_with_a_write_and_was_taken_away_stays_away_though_the_other_write_failed() {
    let world = agreed(WorstOptions::kind(), POLICY);
    let (hub, far) = ids(&world, "Ada");
    let entry = |address: &str| EmailAddress { address: address.to_owned(), ..EmailAddress::default() };
    world.hub_hand::<Contact>().edit(&hub, |c| c.emails.push(entry("hub@example.com")));
    world.far_hand::<Contact>().edit(&far, |c| c.emails.push(entry("far@example.com")));
    // The far side has both; the hub is not written.
    world.hub.set_faults(FaultPlan::none().at_nth(Operation::Write, 1, Fault::Before(Failure::Unavailable)));
    world.run::<Contact>(POLICY);
    world.hub.set_faults(FaultPlan::none());
    let addresses = |contact: Contact| contact.emails.into_iter().map(|e| e.address).collect::<Vec<_>>();
    let there = || addresses(world.far_hand::<Contact>().item(&far).unwrap().record);
    assert_eq!(there().len(), 2, "{:?}", there());
    world.far_hand::<Contact>().edit(&far, |c| c.emails.retain(|e| e.address != "hub@example.com"));
    world.run::<Contact>(POLICY);
    world.run::<Contact>(POLICY);
    assert_eq!(there(), ["far@example.com"]);
    assert_eq!(addresses(world.hub_hand::<Contact>().item(&hub).unwrap().record), ["far@example.com"]);
}

#[test]
fn a_record_that_is_made_again_on_the_hub_has_what_the_far_side_could_not_hold() {
    let world = agreed(
        WorstOptions::kind().with(|o| {
            o.cut_at.insert(Field::from("notes"), 12);
        }),
        POLICY,
    );
    let (hub, far) = ids(&world, "Ada");
    let long = "a note that goes on for quite a while";
    world.hub_hand::<Contact>().edit(&hub, |c| c.notes = vec![long.to_owned()]);
    world.run::<Contact>(POLICY);
    assert_ne!(world.far_hand::<Contact>().item(&far).unwrap().record.notes, [long]);
    world.hub_hand::<Contact>().delete(&hub);
    world.far_hand::<Contact>().edit(&far, |c| c.nicknames = vec!["Countess".to_owned()]);
    world.run::<Contact>(POLICY);
    let again = ids(&world, "Ada").0;
    let again = world.hub_hand::<Contact>().item(&again).unwrap().record;
    assert_eq!((again.notes, again.nicknames), (vec![long.to_owned()], vec!["Countess".to_owned()]));
}

#[test]
fn where_ids_stay_a_copy_with_another_name_is_no_move_of_the_original() {
    let world = agreed(WorstOptions::kind(), POLICY);
    let (_, far) = ids(&world, "Ada");
    let copy = world.far_hand::<Contact>().copy(&far).unwrap();
    world.far_hand::<Contact>().edit(&copy, |c| c.name.full = Some("Grace".to_owned()));
    world.far_hand::<Contact>().delete(&far);
    let report = world.run::<Contact>(POLICY);
    assert_eq!((report.sync.created.left, report.sync.deleted.left), (1, 1));
    assert_eq!(both(&world), [["Bob", "Grace"], ["Bob", "Grace"]]);
}
