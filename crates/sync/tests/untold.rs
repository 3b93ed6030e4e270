//! Fields that a side does not tell now and then: they are unknown, and never empty.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use pimkit_contract::{WorstOptions, worst::Operation};
use pimkit_core::Contact;
use pimkit_sync::Verdict;
use std::time::Duration;
use world::{World, named};

const POLICY: &[(&str, &str)] = &[("deletes", "delete"), ("conflicts", "right")];

/// A far side that keeps the notes back in every so many readings.
fn forgetful(every: Option<u32>) -> World {
    World::with(WorstOptions::only(&["unread_fields"]).unwrap().with(|o| o.unread_every = every))
}

fn with_note(note: &str) -> Contact {
    let mut contact = named("Ada");
    contact.notes = vec![note.to_owned()];
    contact
}

fn notes(records: Vec<Contact>) -> Vec<String> {
    records.into_iter().flat_map(|r| r.notes).collect()
}

#[test]
fn what_the_answer_to_a_write_does_not_tell_is_as_it_was_sent() {
    let world = forgetful(Some(1));
    let hub = world.hub_hand::<Contact>();
    let ada = hub.put(&World::home::<Contact>(), with_note("first"));
    world.run::<Contact>(POLICY);
    world.far.change(|o| o.unread_every = None);
    // Both sides are edited, but only the hub's user wrote notes: that is no conflict.
    hub.edit(&ada, |c| c.notes = vec!["second".to_owned()]);
    let far = world.far_hand::<Contact>();
    let made = far.items().into_keys().next().unwrap();
    far.edit(&made, |c| c.nicknames = vec!["Countess".into()]);
    let report = world.run::<Contact>(POLICY);
    assert_eq!(report.sync.conflicts, 0, "{report:?}");
    assert_eq!((notes(hub.records()), notes(far.records())), (vec!["second".to_owned()], vec!["second".to_owned()]));
}

#[test]
fn an_edit_that_the_first_reading_does_not_tell_arrives() {
    for switches in [&["unread_fields"][..], &["unread_fields", "lists_only"]] {
        let world = World::with(WorstOptions::only(switches).unwrap());
        let far = world.far_hand::<Contact>();
        let ada = far.put(&World::home::<Contact>(), with_note("first"));
        world.run::<Contact>(POLICY);
        far.edit(&ada, |c| c.notes = vec!["second".to_owned()]);
        // The next reading, and every other one after it, keeps the notes back.
        world.far.change(|o| o.unread_every = Some(2));
        world.run::<Contact>(POLICY);
        world.run::<Contact>(POLICY);
        assert_eq!(notes(world.hub_hand::<Contact>().records()), ["second"], "{switches:?}");
        assert_eq!(notes(far.records()), ["second"], "{switches:?}");
    }
}

#[test]
fn an_item_that_keeps_a_field_back_is_asked_again_until_it_tells() {
    let world = forgetful(None);
    let far = world.far_hand::<Contact>();
    let ada = far.put(&World::home::<Contact>(), with_note("first"));
    world.run::<Contact>(POLICY);
    far.edit(&ada, |c| c.notes = vec!["second".to_owned()]);
    // However often it is read in this run, it does not tell; and no later round names it.
    world.far.change(|o| o.unread_every = Some(1));
    let report = world.run::<Contact>(POLICY);
    assert_eq!((report.sync.verdict(), notes(world.hub_hand::<Contact>().records())), (Verdict::Done, vec!["first".to_owned()]));
    world.far.change(|o| o.unread_every = None);
    world.run::<Contact>(POLICY);
    assert_eq!(notes(world.hub_hand::<Contact>().records()), ["second"]);
    assert_eq!(notes(far.records()), ["second"]);
}

#[test]
fn an_item_that_never_tells_is_not_asked_for_ever() {
    let world = forgetful(None);
    let far = world.far_hand::<Contact>();
    let ada = far.put(&World::home::<Contact>(), with_note("first"));
    world.run::<Contact>(POLICY);
    far.edit(&ada, |c| c.notes = vec!["second".to_owned()]);
    world.far.change(|o| o.unread_every = Some(1));
    let asked = || {
        let before = world.far.requests().len();
        let report = world.run::<Contact>(POLICY);
        assert_eq!((report.sync.verdict(), report.sync.writes()), (Verdict::Done, 0), "{report:?}");
        world.clock.advance(Duration::from_secs(25 * 3600));
        world.far.requests().iter().skip(before).filter(|r| r.operation == Operation::Fetch).count()
    };
    let counts: Vec<usize> = (0..14).map(|_| asked()).collect();
    assert!(counts[..9].iter().all(|n| *n > 0), "{counts:?}");
    assert_eq!(counts[12..], [0, 0], "{counts:?}");
    assert_eq!(notes(world.hub_hand::<Contact>().records()), ["first"]);
}
