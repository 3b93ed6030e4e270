//! Fields that a side does not tell now and then: they are unknown, and never empty.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use pimkit_contract::WorstOptions;
use pimkit_core::Contact;
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
