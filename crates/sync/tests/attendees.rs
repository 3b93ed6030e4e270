//! What becomes of attendees: what a side is not shown is never read as removed there, and nobody is mailed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use pimkit_contract::{WorstOptions, samples};
use pimkit_core::{Event, ItemId, Participant, ParticipationStatus};
use pimkit_sync::{Report, Verdict};
use world::World;

const POLICIES: [&str; 4] = ["real", "as_text", "hidden", "drop"];

/// A meeting with two guests, one of whom the app knows.
fn meeting() -> Event {
    let mut meeting = samples::meeting(1);
    meeting.description = Some("Agenda\n\n1. coffee".into());
    meeting.participants[0].person = Some(ItemId::from("person-7"));
    meeting
}

fn run(world: &World, attendees: &str) -> Report {
    world.run::<Event>(&[("attendees", attendees)])
}

fn hub(world: &World) -> (ItemId, Event) {
    let (id, stored) = world.hub_hand::<Event>().items().into_iter().next().unwrap();
    (id, stored.record)
}

fn far(world: &World) -> (ItemId, Event) {
    let (id, stored) = world.far_hand::<Event>().items().into_iter().next().unwrap();
    (id, stored.record)
}

fn assert_quiet(world: &World, attendees: &str) {
    let report = run(world, attendees);
    assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::Done), "{attendees}: {report:?}");
    assert!(world.far.outbox().is_empty() && world.hub.outbox().is_empty());
}

#[test]
fn attendees_of_the_apps_events_are_shown_as_the_policy_says_and_stay_on_the_hub() {
    for options in [WorstOptions::kind(), WorstOptions::only(&["normalises"]).unwrap()] {
        for policy in POLICIES {
            let world = World::with(options.clone());
            world.hub_hand::<Event>().put(&World::home::<Event>(), meeting());
            run(&world, policy);
            let (far_id, made) = far(&world);
            let text = made.description.clone().unwrap();
            assert_eq!(made.participants.len(), if policy == "real" { 2 } else { 0 }, "{policy}");
            assert_eq!(made.organizer.is_some(), policy == "real", "{policy}");
            assert!(made.participants.iter().all(|p| p.person.is_none()), "{policy}: whom the app knows is its own matter");
            assert_eq!(text.contains("guest1@example.net"), policy == "as_text", "{policy}: {text}");
            assert!(text.starts_with("Agenda"), "{policy}: {text}");
            assert_quiet(&world, policy);
            // An edit of anything else comes back, and takes nobody away.
            world.far_hand::<Event>().edit(&far_id, |e| e.title = Some("Edited there".into()));
            run(&world, policy);
            let (hub_id, now) = hub(&world);
            let mut expected = meeting();
            expected.title = Some("Edited there".into());
            assert_eq!((now.participants, now.organizer), (expected.participants, expected.organizer), "{policy}");
            assert_eq!((now.title, now.description), (expected.title, expected.description), "{policy}");
            assert_quiet(&world, policy);
            // Guests that come and go on the hub follow the policy too.
            world.hub_hand::<Event>().edit(&hub_id, |e| {
                e.participants.remove(1);
                e.participants.push(Participant { address: "late@example.net".into(), ..Participant::default() });
            });
            run(&world, policy);
            let made = far(&world).1;
            let addresses: Vec<&str> = made.participants.iter().map(|p| p.address.as_str()).collect();
            let listed: &[&str] = if policy == "real" { &["guest1@example.net", "late@example.net"] } else { &[] };
            assert_eq!(addresses, listed, "{policy}");
            assert_eq!(made.description.unwrap().contains("late@example.net"), policy == "as_text", "{policy}");
            assert_eq!(hub(&world).1.participants[0].person, Some(ItemId::from("person-7")), "{policy}");
            for _ in 0..3 {
                assert_quiet(&world, policy);
            }
        }
    }
}

#[test]
fn what_the_far_user_makes_of_a_text_with_attendees_comes_back_without_them() {
    let world = World::kind();
    world.hub_hand::<Event>().put(&World::home::<Event>(), meeting());
    run(&world, "as_text");
    let (id, made) = far(&world);
    let text = made.description.unwrap();
    for (edited, back) in [
        (text.replace("1. coffee", "1. tea"), Some("Agenda\n\n1. tea")),
        ("short".to_owned(), Some("short")),
        (String::new(), None),
        (text.replace("Guest", "Ghost"), Some("Agenda\n\n1. coffee")),
        (format!("{text}\nBring the plans"), Some("Agenda\n\n1. coffee\n\nBring the plans")),
        (format!("{text}\n\nBring nothing\n"), Some("Agenda\n\n1. coffee\n\nBring nothing")),
    ] {
        world.far_hand::<Event>().edit(&id, |e| e.description = Some(edited.clone()).filter(|t| !t.is_empty()));
        run(&world, "as_text");
        let (hub_id, now) = hub(&world);
        assert_eq!((now.description.as_deref(), now.participants), (back, meeting().participants), "{edited:?}");
        assert_quiet(&world, "as_text");
        // The block follows the hub's attendees, also where the far user had taken it out.
        world.hub_hand::<Event>().edit(&hub_id, |e| e.participants[1].participation_status = ParticipationStatus::Declined);
        run(&world, "as_text");
        let shown = far(&world).1.description.unwrap();
        assert!(shown.contains("other1@example.net (declined)") && shown.starts_with(back.unwrap_or("[Attendees")), "{shown}");
        world.hub_hand::<Event>().edit(&hub_id, |e| e.participants[1].participation_status = ParticipationStatus::Accepted);
        run(&world, "as_text");
        assert_quiet(&world, "as_text");
    }
}

#[test]
fn attendees_that_are_at_the_far_side_stay_there_and_are_rewritten_only_when_real() {
    for policy in POLICIES {
        let world = World::kind();
        let mut own = samples::meeting(1);
        own.participants[0].person = Some(ItemId::from("no record of the app"));
        world.far_hand::<Event>().put(&World::home::<Event>(), own.clone());
        run(&world, policy);
        let (hub_id, came) = hub(&world);
        assert_eq!(came.participants.len(), if policy == "drop" { 0 } else { 2 }, "{policy}");
        // Guests from outside are addresses, and no records of the app.
        assert!(came.participants.iter().all(|p| p.person.is_none()), "{policy}");
        world.hub_hand::<Event>().edit(&hub_id, |e| {
            e.title = Some("ours".into());
            e.participants.retain(|p| !p.address.starts_with("other"));
            e.participants.push(Participant { address: "added@example.net".into(), ..Participant::default() });
        });
        run(&world, policy);
        let now = far(&world).1;
        assert_eq!(now.title.as_deref(), Some("ours"), "{policy}");
        let addresses: Vec<&str> = now.participants.iter().map(|p| p.address.as_str()).collect();
        let expected =
            if policy == "real" { ["guest1@example.net", "added@example.net"] } else { ["guest1@example.net", "other1@example.net"] };
        assert_eq!(addresses, expected, "{policy}");
        assert_quiet(&world, policy);
        // An answer at the far side comes in, and meets what the hub made of the list.
        world.far_hand::<Event>().edit(&far(&world).0, |e| e.participants[0].participation_status = ParticipationStatus::Accepted);
        run(&world, policy);
        let accepted = hub(&world)
            .1
            .participants
            .iter()
            .any(|p| p.participation_status == ParticipationStatus::Accepted && p.address == "guest1@example.net");
        assert_eq!(accepted, policy != "drop", "{policy}");
        assert_quiet(&world, policy);
    }
}

#[test]
fn a_provider_that_cannot_keep_silent_gets_no_attendees_or_nothing_at_all() {
    for policy in POLICIES {
        let world = World::with(WorstOptions::only(&["cannot_keep_silent"]).unwrap());
        world.hub_hand::<Event>().put(&World::home::<Event>(), meeting());
        let report = run(&world, policy);
        let real = policy == "real";
        assert_eq!((report.sync.created.right, report.sync.held), (u64::from(!real), u64::from(real)), "{policy}: {report:?}");
        assert!(world.far.outbox().is_empty(), "{policy}");
        if real {
            assert!(report.sync.quarantined[0].error.contains("would mail"), "{report:?}");
        }
    }
}

#[test]
fn an_event_of_the_app_keeps_its_guests_records_when_the_far_side_answers_for_them() {
    let world = World::kind();
    world.hub_hand::<Event>().put(&World::home::<Event>(), meeting());
    run(&world, "real");
    world.far_hand::<Event>().edit(&far(&world).0, |e| e.participants[0].participation_status = ParticipationStatus::Tentative);
    run(&world, "real");
    let guest = hub(&world).1.participants.remove(0);
    assert_eq!((guest.participation_status, guest.person), (ParticipationStatus::Tentative, Some(ItemId::from("person-7"))));
    assert_quiet(&world, "real");
}
