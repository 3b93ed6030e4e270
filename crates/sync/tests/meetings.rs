//! One meeting in several calendars: one record on the hub, the organiser's word for the meeting, each attendee's own for
//! the answer, and nobody is ever mailed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::executor::block_on;
use pimkit_contract::{WorstOptions, samples};
use pimkit_core::{
    Alert, AlertAction, Connector, Event, ItemId, LinkRole, LinkState, Location, Mark, Notify, Organizer, Participant, ParticipationStatus,
    Record, Trigger, When, Write, WriteOptions,
};
use pimkit_sync::Verdict;
use std::time::Duration;
use world::{
    World,
    many::{Many, user},
};

const ORDERS: [[usize; 3]; 3] = [[0, 1, 2], [1, 2, 0], [2, 1, 0]];

fn at(hour: i8) -> Option<When> {
    Some(When::zoned(jiff::civil::date(2026, 3, 9).at(hour, 0, 0, 0), "Europe/Vienna"))
}

/// A meeting that this address called, with the users of far sides 1 and 2 and somebody from outside.
fn meeting(organiser: &str) -> Event {
    let guest = |address: String| Participant { address, expect_reply: true, ..Participant::default() };
    Event::build(|e| {
        e.uid = Some("one-meeting".into());
        e.title = Some("Review".into());
        (e.start, e.end) = (at(9), at(10));
        e.organizer = Some(Organizer { address: format!("MAILTO:{organiser}"), name: None });
        e.participants = vec![guest(user(1)), guest(user(2)), guest("guest@outside.example".into())];
    })
}

/// The meeting in three calendars, as its provider put it there, each looked at once or more in this order.
fn invited(organiser: &str, order: [usize; 3], options: &WorstOptions) -> Many {
    let world = Many::with(vec![options.clone(); 3]);
    for n in 0..3 {
        world.far_hand::<Event>(n).put(&World::home::<Event>(), meeting(organiser));
        // So that a deleted one does not leave an empty calendar.
        world.far_hand::<Event>(n).put(&World::home::<Event>(), samples::event(n as u64));
    }
    run(&world, order);
    world
}

fn run(world: &Many, order: [usize; 3]) {
    for n in order.into_iter().chain(order) {
        world.run::<Event>(n, &[]);
    }
}

fn id(world: &Many, n: usize) -> ItemId {
    let items = world.far_hand::<Event>(n).items();
    items.into_iter().find(|(_, s)| s.record.uid.as_deref() == Some("one-meeting")).unwrap().0
}

fn far(world: &Many, n: usize) -> Event {
    world.far_hand::<Event>(n).item(&id(world, n)).unwrap().record
}

fn on_hub(world: &Many) -> Event {
    let mut found: Vec<Event> =
        world.hub_hand::<Event>().records().into_iter().filter(|e| e.uid.as_deref() == Some("one-meeting")).collect();
    assert_eq!(found.len(), 1, "one record for one meeting: {found:?}");
    found.pop().unwrap()
}

fn hub_id(world: &Many) -> ItemId {
    world.hub_hand::<Event>().items().into_iter().find(|(_, s)| s.record.uid.as_deref() == Some("one-meeting")).unwrap().0
}

fn link(world: &Many, n: usize) -> pimkit_core::LinkRow {
    let hub = hub_id(world);
    world.links(n).into_iter().find(|l| l.hub_item.as_ref() == Some(&hub)).unwrap()
}

fn answer(event: &Event, address: &str) -> ParticipationStatus {
    event.participants.iter().find(|p| p.address == address).unwrap().participation_status
}

fn answers(event: &mut Event, address: &str, status: ParticipationStatus) {
    event.participants.iter_mut().find(|p| p.address == address).unwrap().participation_status = status;
}

/// What every calendar and the hub hold: the meeting and one event per far side.
fn assert_counts(world: &Many, hub: usize, far: [usize; 3]) {
    assert_eq!(world.hub_hand::<Event>().records().len(), hub);
    for (n, count) in far.into_iter().enumerate() {
        assert_eq!(world.far_hand::<Event>(n).records().len(), count, "far side {n}");
    }
}

fn reminder() -> Alert {
    Alert { trigger: Trigger::Start(-600), action: AlertAction::Display }
}

#[test]
fn one_meeting_in_three_calendars_is_one_record_and_each_user_changes_what_is_theirs() {
    for options in [WorstOptions::kind(), WorstOptions::only(&["cannot_keep_silent"]).unwrap()] {
        for order in ORDERS {
            let world = invited(&user(0), order, &options);
            assert_counts(&world, 4, [4, 4, 4]);
            let roles: Vec<LinkRole> = (0..3).map(|n| link(&world, n).role).collect();
            assert_eq!(roles, [LinkRole::Owner, LinkRole::Copy, LinkRole::Copy], "{order:?}");
            world.assert_quiet::<Event>(&[]);
            // The organiser moves it; one attendee re-words the own copy; the other declines and wants to be reminded.
            world.far_hand::<Event>(0).edit(&id(&world, 0), |e| (e.start, e.end) = (at(14), at(15)));
            world.far_hand::<Event>(1).edit(&id(&world, 1), |e| e.title = Some("boring".into()));
            world.far_hand::<Event>(2).edit(&id(&world, 2), |e| {
                answers(e, &user(2), ParticipationStatus::Declined);
                answers(e, &user(1), ParticipationStatus::Accepted);
                e.alerts = vec![reminder()];
            });
            run(&world, order);
            let hub = on_hub(&world);
            assert_eq!((hub.title.as_deref(), hub.start.clone()), (Some("Review"), at(14)), "{order:?}");
            assert_eq!(answer(&hub, &user(2)), ParticipationStatus::Declined, "{order:?}");
            assert_eq!(answer(&hub, &user(1)), ParticipationStatus::NeedsAction, "another's answer is not the copy's to give: {order:?}");
            assert_eq!(hub.alerts, [reminder()]);
            assert_eq!(hub.participants.len(), 3);
            // A copy keeps what its user made of it, and is not moved by us: its provider does that.
            assert_eq!((far(&world, 1).title.as_deref(), far(&world, 1).start), (Some("boring"), at(9)), "{order:?}");
            world.assert_quiet::<Event>(&[]);
            // The provider brings the new time to the copies: nothing is to do.
            for n in [1, 2] {
                world.far_hand::<Event>(n).edit(&id(&world, n), |e| (e.start, e.end) = (at(14), at(15)));
            }
            world.assert_quiet::<Event>(&[]);
            assert_eq!(on_hub(&world).title.as_deref(), Some("Review"));
            world.assert_no_mail();
        }
    }
}

#[test]
fn a_meeting_that_an_attendee_deletes_stays_everywhere_else() {
    for (policy, order) in [(&[][..], ORDERS[0]), (&[("hub_delete", "any"), ("deletes", "delete")], ORDERS[1])] {
        let world = invited(&user(0), order, &WorstOptions::kind());
        let hub = hub_id(&world);
        world.far_hand::<Event>(1).delete(&id(&world, 1));
        world.run_all::<Event>(policy);
        assert_counts(&world, 4, [4, 3, 4]);
        let state = world.links(1).into_iter().find(|l| l.hub_item.as_ref() == Some(&hub)).unwrap().state;
        assert_eq!(state, LinkState::Suppressed);
        // The organiser's edits do not bring it back.
        world.far_hand::<Event>(0).edit(&id(&world, 0), |e| e.title = Some("Second review".into()));
        world.run_all::<Event>(policy);
        assert_counts(&world, 4, [4, 3, 4]);
        assert_eq!(on_hub(&world).title.as_deref(), Some("Second review"));
        world.assert_quiet::<Event>(policy);
        // The organiser's own deletion is the record's, where the policy lets it be.
        world.far_hand::<Event>(0).delete(&id(&world, 0));
        world.run_all::<Event>(policy);
        let any = !policy.is_empty();
        assert_counts(&world, if any { 3 } else { 4 }, if any { [3, 3, 3] } else { [3, 3, 4] });
        world.assert_quiet::<Event>(policy);
        world.assert_no_mail();
    }
}

#[test]
fn where_the_organisers_calendar_is_not_synced_the_first_copy_speaks_for_it() {
    let world = invited("boss@outside.example", ORDERS[0], &WorstOptions::kind());
    assert!((0..3).all(|n| link(&world, n).role == LinkRole::Copy));
    world.far_hand::<Event>(0).edit(&id(&world, 0), |e| (e.start, e.end) = (at(11), at(12)));
    world.far_hand::<Event>(1).edit(&id(&world, 1), |e| e.title = Some("boring".into()));
    run(&world, ORDERS[0]);
    assert_eq!((on_hub(&world).title.as_deref(), on_hub(&world).start), (Some("Review"), at(11)));
    assert_eq!(far(&world, 1).start, at(9));
    world.assert_quiet::<Event>(&[]);
    // The first lets go of it: the next one speaks from then on, but does not say again what was passed over.
    world.far_hand::<Event>(0).delete(&id(&world, 0));
    run(&world, ORDERS[0]);
    assert_eq!(on_hub(&world).title.as_deref(), Some("Review"));
    world.far_hand::<Event>(1).edit(&id(&world, 1), |e| (e.start, e.end) = (at(16), at(17)));
    run(&world, ORDERS[0]);
    assert_eq!((on_hub(&world).title.as_deref(), on_hub(&world).start), (Some("Review"), at(16)));
    world.assert_quiet::<Event>(&[]);
    world.assert_no_mail();
}

#[test]
fn an_edit_of_somebody_elses_meeting_on_the_hub_is_held_and_shown_and_never_sent_or_reverted() {
    let world = Many::of(1);
    world.far_hand::<Event>(0).put(&World::home::<Event>(), meeting("boss@outside.example"));
    world.run::<Event>(0, &[]);
    let before = far(&world, 0);
    world.hub_hand::<Event>().edit(&hub_id(&world), |e| e.title = Some("ours".into()));
    for _ in 0..2 {
        let report = world.run::<Event>(0, &[]);
        assert_eq!((report.sync.writes(), report.sync.held, report.sync.verdict()), (0, 1, Verdict::LeftOver), "{report:?}");
        assert!(link(&world, 0).note.unwrap().contains("only its organiser may change it"));
    }
    assert_eq!((far(&world, 0), on_hub(&world).title.as_deref()), (before, Some("ours")));
    // Reminders and categories are everybody's own.
    world.hub_hand::<Event>().edit(&hub_id(&world), |e| {
        e.title = Some("Review".into());
        e.alerts = vec![reminder()];
    });
    let report = world.run::<Event>(0, &[]);
    assert_eq!((report.sync.updated.right, report.sync.verdict()), (1, Verdict::Done), "{report:?}");
    assert_eq!(far(&world, 0).alerts, [reminder()]);
    world.assert_no_mail();
}

#[test]
fn the_role_follows_the_organiser() {
    let world = Many::of(1);
    let far_id = world.far_hand::<Event>(0).put(&World::home::<Event>(), meeting("boss@outside.example"));
    world.run::<Event>(0, &[]);
    assert_eq!(link(&world, 0).role, LinkRole::Copy);
    world.far_hand::<Event>(0).edit(&far_id, |e| e.organizer.as_mut().unwrap().address = user(0));
    world.run::<Event>(0, &[]);
    assert_eq!(link(&world, 0).role, LinkRole::Owner);
    world.hub_hand::<Event>().edit(&hub_id(&world), |e| e.title = Some("ours".into()));
    world.run::<Event>(0, &[]);
    assert_eq!(far(&world, 0).title.as_deref(), Some("ours"));
    // Without guests it is nobody's meeting.
    world.far_hand::<Event>(0).edit(&far_id, |e| e.organizer.as_mut().unwrap().address = "boss@outside.example".into());
    world.run::<Event>(0, &[]);
    assert_eq!(link(&world, 0).role, LinkRole::Copy);
    world.far_hand::<Event>(0).edit(&far_id, |e| e.participants.clear());
    world.run::<Event>(0, &[]);
    assert_eq!(link(&world, 0).role, LinkRole::Owner);
}

#[test]
fn under_conflicts_organiser_the_organisers_side_wins_whoever_was_later() {
    for (conflicts, organiser, wins) in [
        ("organiser", user(0), "far"),
        ("newest", user(0), "hub"),
        ("organiser", "boss@outside.example".to_owned(), "far"),
        ("left", user(0), "hub"),
    ] {
        let world = Many::of(1);
        let policy = &[("conflicts", conflicts)];
        let far_id = world.far_hand::<Event>(0).put(&World::home::<Event>(), meeting(&organiser));
        world.run::<Event>(0, policy);
        world.far_hand::<Event>(0).edit(&far_id, |e| e.title = Some("far".into()));
        world.clock.advance(Duration::from_secs(60));
        world.hub_hand::<Event>().edit(&hub_id(&world), |e| e.title = Some("hub".into()));
        world.run::<Event>(0, policy);
        assert_eq!(on_hub(&world).title.as_deref(), Some(wins), "{conflicts} {organiser}");
        let lost: Vec<_> = world.journal().into_iter().flat_map(|row| row.lost).filter_map(|l| l.to).collect();
        assert_eq!(lost.len(), 1, "{conflicts} {organiser}: {lost:?}");
    }
    // A meeting of the app's own, copied to somebody who did not call it: the hub is the organiser's side.
    let world = Many::of(1);
    let policy = &[("conflicts", "organiser")];
    world.hub_hand::<Event>().put(&World::home::<Event>(), meeting("app@example.com"));
    world.run::<Event>(0, policy);
    world.hub_hand::<Event>().edit(&hub_id(&world), |e| e.title = Some("hub".into()));
    world.clock.advance(Duration::from_secs(60));
    world.far_hand::<Event>(0).edit(&id(&world, 0), |e| e.title = Some("far".into()));
    world.run::<Event>(0, policy);
    assert_eq!((on_hub(&world).title.as_deref(), far(&world, 0).title.as_deref()), (Some("hub"), Some("hub")));
}

#[test]
fn the_same_write_with_a_word_to_the_attendees_mails_them() {
    // The negative control: the calendars of these tests do mail, when they are told to.
    let world = Many::of(1);
    let events = world.far[0].events().unwrap();
    let write = Write::Create { mark: Mark::from("m"), record: meeting(&user(0)) };
    let mut options = WriteOptions::default();
    options.notify = Notify::Attendees;
    block_on(events.write(&World::home::<Event>(), vec![write], &options));
    assert_eq!(world.far[0].outbox()[0].to, ["guest@outside.example".to_owned(), user(1), user(2)]);
}

#[test]
fn what_a_guest_wrote_into_the_own_copy_never_reaches_the_organiser_who_is_read_later() {
    let world = Many::with(vec![WorstOptions::kind(); 3]);
    let place = |name: &str| vec![Location { name: Some(name.to_owned()), ..Location::default() }];
    for n in [0, 1] {
        world.far_hand::<Event>(n).put(&World::home::<Event>(), meeting(&user(0)));
    }
    // The guest's calendar is read first: its copy speaks for the meeting.
    world.far_hand::<Event>(1).edit(&id(&world, 1), |e| {
        (e.start, e.end) = (at(16), at(17));
        e.locations = place("my desk");
    });
    world.run::<Event>(1, &[]);
    assert_eq!(on_hub(&world).start, at(16));
    world.hub_hand::<Event>().edit(&hub_id(&world), |e| e.description = Some("by the app".into()));
    for n in [0, 1, 0, 1] {
        world.run::<Event>(n, &[]);
    }
    let organisers = far(&world, 0);
    assert_eq!((organisers.start, organisers.locations, organisers.description), (at(9), vec![], Some("by the app".into())));
    assert_eq!((on_hub(&world).start, on_hub(&world).locations), (at(9), vec![]));
    let lost: Vec<String> = world.journal().iter().flat_map(|row| &row.lost).filter_map(|l| Some(l.to.as_ref()?.to_string())).collect();
    assert!(lost.iter().any(|value| value.contains("my desk")), "{lost:?}");
    assert_eq!(far(&world, 1).locations, place("my desk"));
    world.assert_no_mail();
}
