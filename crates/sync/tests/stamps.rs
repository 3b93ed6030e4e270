//! A conflict is between two users, whenever the engine came by: what it writes carries the time of the edit that it carries.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use pimkit_contract::{WorstOptions, samples};
use pimkit_core::{Contact, Event, Record, When};
use std::time::Duration;
use world::{World, many::Many, named};

const MINUTE: Duration = Duration::from_secs(60);

fn name(world: &Many, n: usize) -> Option<String> {
    let id = world.only::<Contact>(n);
    world.far_hand::<Contact>(n).item(&id).unwrap().record.name.full
}

fn rename(world: &Many, n: usize, to: &str) {
    let id = world.only::<Contact>(n);
    world.far_hand::<Contact>(n).edit(&id, |c| c.name.full = Some(to.to_owned()));
}

/// Ada on the hub and on both far sides.
fn ada(world: &Many) {
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), named("Ada"));
    world.run_all::<Contact>(&[]);
}

#[test]
fn of_two_users_edits_the_later_wins_in_whatever_order_their_mailboxes_are_synced() {
    let skewed = |skew| WorstOptions::kind().with(|o| o.skew = skew);
    for (says, sides) in [
        ("clocks that agree", vec![WorstOptions::kind(), WorstOptions::kind()]),
        ("clocks that are minutes apart", vec![skewed(400), skewed(-400)]),
    ] {
        for first in [0, 1] {
            for later in [0, 1] {
                let world = Many::with(sides.clone());
                ada(&world);
                rename(&world, 1 - later, "earlier");
                world.clock.advance(5 * MINUTE);
                rename(&world, later, "later");
                world.clock.advance(5 * MINUTE);
                world.run::<Contact>(first, &[]);
                world.run::<Contact>(1 - first, &[]);
                world.run::<Contact>(first, &[]);
                let hub = world.hub_hand::<Contact>().records()[0].name.full.clone();
                let now = [hub, name(&world, 0), name(&world, 1)];
                assert!(now.iter().all(|n| n.as_deref() == Some("later")), "{says}, {first} first, {later} later: {now:?}");
                let lost: Vec<_> = world.journal().into_iter().flat_map(|row| row.lost).filter_map(|l| l.to).collect();
                assert_eq!(lost, [serde_json::json!("earlier")], "{says}, {first} first, {later} later");
                world.assert_quiet::<Contact>(&[]);
            }
        }
    }
}

#[test]
fn an_edit_on_the_hub_is_measured_by_its_own_time_though_another_field_was_brought_later() {
    for hub_is_later in [true, false] {
        let world = Many::of(2);
        world.hub_hand::<Event>().put(&World::home::<Event>(), samples::event(1));
        world.run_all::<Event>(&[]);
        let hub = world.only_on_hub::<Event>();
        let ids = [world.only::<Event>(0), world.only::<Event>(1)];
        let edit_hub = || world.hub_hand::<Event>().edit(&hub, |e| e.description = Some("hub".into()));
        let edit_far = || world.far_hand::<Event>(1).edit(&ids[1], |e| e.description = Some("far".into()));
        if hub_is_later {
            edit_far()
        } else {
            edit_hub()
        };
        world.clock.advance(MINUTE);
        if hub_is_later {
            edit_hub()
        } else {
            edit_far()
        };
        world.clock.advance(MINUTE);
        // The hub record changes again, in another field, by way of the other mailbox.
        world.far_hand::<Event>(0).edit(&ids[0], |e| e.title = Some("brought".into()));
        world.run::<Event>(0, &[]);
        world.run::<Event>(1, &[]);
        let now = world.hub_hand::<Event>().item(&hub).unwrap().record;
        let later = if hub_is_later { "hub" } else { "far" };
        assert_eq!((now.description.as_deref(), now.title.as_deref()), (Some(later), Some("brought")));
    }
}

#[test]
fn a_group_is_as_late_as_the_latest_of_its_changed_fields() {
    let world = Many::of(2);
    let at = |hour: i8| Some(When::zoned(jiff::civil::date(2026, 3, 2).at(hour, 0, 0, 0), "Europe/Vienna"));
    let event = Event::build(|e| {
        e.uid = Some("talk".into());
        e.title = Some("Talk".into());
        (e.start, e.end) = (at(9), at(10));
    });
    world.hub_hand::<Event>().put(&World::home::<Event>(), event);
    world.run_all::<Event>(&[]);
    let ids = [world.only::<Event>(0), world.only::<Event>(1)];
    // One user moves the start early and the end late; the other moves both in between.
    world.far_hand::<Event>(0).edit(&ids[0], |e| e.start = at(8));
    world.clock.advance(MINUTE);
    world.far_hand::<Event>(1).edit(&ids[1], |e| (e.start, e.end) = (at(14), at(15)));
    world.clock.advance(MINUTE);
    world.run::<Event>(0, &[]);
    let hub = world.only_on_hub::<Event>();
    world.hub_hand::<Event>().edit(&hub, |e| e.end = at(12));
    world.run::<Event>(1, &[]);
    let now = world.hub_hand::<Event>().item(&hub).unwrap().record;
    assert_eq!((now.start, now.end), (at(8), at(12)), "the end was changed last, and the group goes as a whole");
}

#[test]
fn a_mailbox_that_joins_later_is_compared_by_when_users_edited_not_by_when_the_first_was_imported() {
    for joins_with_newer in [true, false] {
        let world = Many::of(2);
        let card = |title: &str| {
            Contact::build(|c| {
                c.name.full = Some("Ada".into());
                c.emails = vec![pimkit_core::EmailAddress { address: "ada@example.com".into(), ..Default::default() }];
                c.name.credential = Some(title.to_owned());
            })
        };
        let (first, second) = if joins_with_newer { (0, 1) } else { (1, 0) };
        world.far_hand::<Contact>(first).put(&World::home::<Contact>(), card("older"));
        world.clock.advance(MINUTE);
        world.far_hand::<Contact>(second).put(&World::home::<Contact>(), card("newer"));
        world.clock.advance(MINUTE);
        world.run::<Contact>(0, &[]);
        world.clock.advance(10 * MINUTE);
        world.run::<Contact>(1, &[]);
        let now = world.hub_hand::<Contact>().records();
        assert_eq!(now.len(), 1, "{now:?}");
        assert_eq!(now[0].name.credential.as_deref(), Some("newer"), "the joining one is newer: {joins_with_newer}");
    }
}
