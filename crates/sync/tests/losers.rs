//! What loses a conflict: the address of one label, and where the loser is kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::executor::block_on;
use pimkit_contract::{MemoryHub, WorstOptions};
use pimkit_core::{Contact, EmailAddress, ItemId};
use world::{World, named};

const FIELD: &[(&str, &str)] = &[("loser", "field")];
const LOST: &str = "pimkit lost emails";

fn mail(address: &str, context: &str) -> EmailAddress {
    EmailAddress { address: address.to_owned(), contexts: [context.to_owned()].into(), ..EmailAddress::default() }
}

/// A pair that agrees, and its two ends.
fn pair(options: WorstOptions, policy: &[(&str, &str)]) -> (World, ItemId, ItemId) {
    paired(World::with(options), policy)
}

fn paired(world: World, policy: &[(&str, &str)]) -> (World, ItemId, ItemId) {
    let mut ada = named("Ada");
    ada.emails = vec![mail("ada@work.example", "work"), mail("ada@home.example", "private")];
    let id = world.hub_hand::<Contact>().put(&World::home::<Contact>(), ada);
    world.run::<Contact>(policy);
    world.settle();
    world.run::<Contact>(policy);
    let there = world.far_hand::<Contact>().items().into_keys().next().unwrap();
    (world, id, there)
}

fn at(contact: &Contact, context: &str) -> Vec<String> {
    contact.emails.iter().filter(|e| e.contexts.contains(context)).map(|e| e.address.clone()).collect()
}

fn set(contact: &mut Contact, context: &str, address: &str) {
    for email in contact.emails.iter_mut().filter(|e| e.contexts.contains(context)) {
        address.clone_into(&mut email.address);
    }
}

fn both(world: &World, id: &ItemId, there: &ItemId) -> [Contact; 2] {
    [world.hub_hand::<Contact>().item(id).unwrap().record, world.far_hand::<Contact>().item(there).unwrap().record]
}

#[test]
fn sell_32_two_new_addresses_of_one_label_are_one_conflict_and_the_newest_wins() {
    for options in [WorstOptions::kind(), WorstOptions::only(&["lists_only", "server_made_ids"]).unwrap()] {
        for hub_last in [true, false] {
            let (world, id, there) = pair(options.clone(), &[]);
            let at_hub = || world.hub_hand::<Contact>().edit(&id, |c| set(c, "work", "hub@work.example"));
            let at_far = || {
                world.far_hand::<Contact>().edit(&there, |c| {
                    set(c, "work", "far@work.example");
                    set(c, "private", "new@home.example");
                })
            };
            if hub_last {
                at_far();
                world.settle();
                at_hub();
            } else {
                at_hub();
                world.settle();
                at_far();
            }
            let report = world.run::<Contact>(&[]);
            assert_eq!(report.sync.conflicts, 1, "{report:?}");
            let newest = if hub_last { "hub@work.example" } else { "far@work.example" };
            for contact in both(&world, &id, &there) {
                assert_eq!((at(&contact, "work"), at(&contact, "private")), (vec![newest.to_owned()], vec!["new@home.example".to_owned()]));
            }
            let lost = format!("{:?}", world.journal().into_iter().flat_map(|row| row.lost).collect::<Vec<_>>());
            assert!(lost.contains(if hub_last { "far@work" } else { "hub@work" }), "{lost}");
            assert_eq!(world.run::<Contact>(&[]).sync.writes(), 0);
        }
    }
}

#[test]
fn addresses_that_are_added_on_both_sides_under_one_label_are_both_kept() {
    let (world, id, there) = pair(WorstOptions::kind(), &[]);
    world.hub_hand::<Contact>().edit(&id, |c| c.emails.push(mail("hub@work.example", "work")));
    world.far_hand::<Contact>().edit(&there, |c| c.emails.push(mail("far@work.example", "work")));
    let report = world.run::<Contact>(&[]);
    assert_eq!(report.sync.conflicts, 0, "{report:?}");
    for contact in both(&world, &id, &there) {
        let mut work = at(&contact, "work");
        work.sort();
        assert_eq!(work, ["ada@work.example", "far@work.example", "hub@work.example"]);
    }
}

#[test]
fn sell_33_the_replaced_value_is_kept_in_a_field_of_the_hub_and_never_at_the_far_side() {
    for makes in [false, true] {
        for winner in ["left", "right"] {
            let policy = &[("loser", "field"), ("conflicts", winner)];
            let mut world = World::kind();
            if makes {
                // A hub that holds a custom field only after it was made; it has one already.
                world.hub = MemoryHub::with_options(WorstOptions::only(&["makes_custom_fields"]).unwrap(), &world.clock);
                let mut other = named("Grace");
                other.custom.insert("region".into(), "north".into());
                world.hub_hand::<Contact>().put(&"leads".into(), other);
            }
            let (world, id, there) = paired(world, policy);
            let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
            let mut losers = Vec::new();
            for round in 0..5 {
                hub.edit(&id, |c| set(c, "work", &format!("hub{round}@work.example")));
                far.edit(&there, |c| set(c, "work", &format!("far{round}@work.example")));
                let (won, lost) = if winner == "left" { ("hub", "far") } else { ("far", "hub") };
                losers.insert(0, format!("{lost}{round}@work.example"));
                losers.truncate(3);
                world.run::<Contact>(policy);
                let [ours, theirs] = both(&world, &id, &there);
                assert_eq!(ours.custom.get(LOST).and_then(|v| v.as_str()), Some(losers.join("\n").as_str()), "{winner} {makes}");
                assert!(theirs.custom.is_empty(), "{theirs:?}");
                assert_eq!(at(&ours, "work"), [format!("{won}{round}@work.example")]);
                assert_eq!(at(&theirs, "work"), at(&ours, "work"));
                world.settle();
                assert_eq!(world.run::<Contact>(policy).sync.writes(), 0);
            }
        }
    }
}

#[test]
fn losers_stay_with_the_hub_when_its_record_is_made_anew_at_a_far_side() {
    let (world, id, there) = pair(WorstOptions::kind(), FIELD);
    world.hub_hand::<Contact>().edit(&id, |c| drop(c.custom.insert(LOST.into(), "old@work.example".into())));
    world.far_hand::<Contact>().edit(&there, |c| drop(c.custom.insert("Area".into(), "south".into())));
    assert_eq!(world.run::<Contact>(FIELD).sync.writes(), 1);
    world.far_hand::<Contact>().put(&World::home::<Contact>(), named("Grace"));
    world.run::<Contact>(FIELD);
    world.far_hand::<Contact>().delete(&there);
    world.hub_hand::<Contact>().edit(&id, |c| c.notes = vec!["edited".into()]);
    world.run::<Contact>(&[("loser", "field"), ("deletes", "delete")]);
    let again = world.far_hand::<Contact>().records();
    let again: Vec<_> = again.iter().filter(|c| c.name.full.as_deref() == Some("Ada")).collect();
    assert_eq!((again.len(), again[0].custom.len()), (1, 1), "{again:?}");
    assert_eq!(world.hub_hand::<Contact>().item(&id).unwrap().record.custom.len(), 2);
}

#[test]
fn a_hub_without_custom_fields_is_refused_with_a_sentence_before_anything_is_read() {
    let mut world = World::kind();
    world.hub = MemoryHub::with_options(WorstOptions::only(&["no_custom_fields"]).unwrap(), &world.clock);
    let error = block_on(world.pair::<Contact>(FIELD).plan()).unwrap_err();
    assert!(error.to_string().contains("take loser = journal"), "{error}");
    block_on(world.pair::<Contact>(&[]).plan()).unwrap();
}
