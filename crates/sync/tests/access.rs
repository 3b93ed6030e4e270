//! Meetings that a user is only invited to, and other people's series: looked at, not changed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use pimkit_contract::samples;
use pimkit_core::{Event, ItemId, Kind, Organizer, Override, RecurrenceId};
use pimkit_sync::Verdict;
use world::{
    World,
    many::{Many, user},
};

const READ: &[(&str, &str)] = &[("invited", "read")];

fn called_by(mut event: Event, organiser: &str) -> Event {
    event.organizer = Some(Organizer { address: organiser.to_owned(), name: None });
    event.participants = samples::meeting(1).participants;
    event.participants[0].address = user(0);
    event
}

fn hub_ids(world: &Many) -> Vec<ItemId> {
    world.hub_hand::<Event>().items().into_keys().collect()
}

#[test]
fn a_meeting_that_the_user_is_only_invited_to_is_seen_on_the_hub_and_not_editable_there() {
    for policy in [READ, &[]] {
        let world = Many::of(1);
        let far = world.far_hand::<Event>(0);
        let foreign = far.put(&World::home::<Event>(), called_by(samples::event(1), "boss@outside.example"));
        far.put(&World::home::<Event>(), called_by(samples::event(2), &user(0)));
        far.put(&World::home::<Event>(), samples::event(3));
        world.run::<Event>(0, policy);
        assert_eq!(hub_ids(&world).len(), 3, "all are seen, also what was not answered yet");
        let title = |id: &ItemId| world.hub_hand::<Event>().item(id).unwrap().record.title;
        let boss = hub_ids(&world).into_iter().find(|id| title(id) == far.item(&foreign).unwrap().record.title).unwrap();
        let expected = if policy.is_empty() { vec![] } else { vec![(Kind::Event, boss.clone())] };
        assert_eq!(world.hub.protected(), expected);
        // Edited all the same: held, shown, and never sent.
        let before = far.item(&foreign).unwrap();
        world.hub_hand::<Event>().edit(&boss, |e| e.description = Some("ours".into()));
        let report = world.run::<Event>(0, policy);
        assert_eq!((report.sync.writes(), report.sync.held, report.sync.verdict()), (0, 1, Verdict::LeftOver), "{report:?}");
        assert_eq!(far.item(&foreign).unwrap(), before);
        assert_eq!(world.hub_hand::<Event>().item(&boss).unwrap().record.description.as_deref(), Some("ours"));
        // Those of the user's own are edited as ever.
        for id in hub_ids(&world).into_iter().filter(|id| *id != boss) {
            world.hub_hand::<Event>().edit(&id, |e| e.description = Some("mine".into()));
        }
        let report = world.run::<Event>(0, policy);
        assert_eq!(report.sync.updated.right, 2, "{report:?}");
        // The meeting becomes the user's own.
        far.edit(&foreign, |e| e.organizer.as_mut().unwrap().address = user(0));
        world.run::<Event>(0, policy);
        assert!(world.hub.protected().is_empty());
        assert_eq!(far.item(&foreign).unwrap().record.description.as_deref(), Some("ours"), "what was held is sent now");
        world.assert_no_mail();
    }
}

#[test]
fn the_organisers_own_calendar_makes_the_record_editable() {
    let world = Many::of(2);
    let meeting = called_by(samples::event(1), &user(1));
    for n in [0, 1] {
        world.far_hand::<Event>(n).put(&World::home::<Event>(), meeting.clone());
    }
    world.run::<Event>(0, READ);
    assert_eq!(world.hub.protected().len(), 1);
    world.run::<Event>(1, READ);
    assert!(world.hub.protected().is_empty());
    let hub = world.only_on_hub::<Event>();
    world.hub_hand::<Event>().edit(&hub, |e| e.description = Some("ours".into()));
    world.run_all::<Event>(READ);
    let text = |n: usize| world.far_hand::<Event>(n).item(&world.only::<Event>(n)).unwrap().record.description;
    assert_eq!((text(0), text(1).as_deref()), (None, Some("ours")), "it goes to the organiser; the provider brings it to the copies");
    world.assert_quiet::<Event>(READ);
}

#[test]
fn an_occurrence_of_a_series_from_outside_that_is_changed_there_changes_nothing_in_the_app() {
    for (policy, organiser, follows) in [
        (&[("recurrence", "ignore")][..], "boss@outside.example".to_owned(), false),
        (&[("recurrence", "ignore")], user(0), false),
        (&[], "boss@outside.example".to_owned(), true),
    ] {
        let world = Many::of(1);
        let series = called_by(samples::series(1), &organiser);
        let far = world.far_hand::<Event>(0).put(&World::home::<Event>(), series.clone());
        world.run::<Event>(0, policy);
        let hub = world.only_on_hub::<Event>();
        let now = || world.hub_hand::<Event>().item(&hub).unwrap().record;
        assert_eq!(now().recurrence_rules, series.recurrence_rules);
        assert_eq!(now().recurrence_overrides.len(), if follows { 2 } else { 0 }, "{organiser}");
        // Another one is left out, and later the series as a whole is renamed.
        let first = RecurrenceId::of(series.start.as_ref().unwrap());
        world.far_hand::<Event>(0).edit(&far, |e| drop(e.recurrence_overrides.insert(first, Override::Excluded)));
        let report = world.run::<Event>(0, policy);
        assert_eq!((report.sync.writes() > 0, now().recurrence_overrides.len()), (follows, if follows { 3 } else { 0 }), "{report:?}");
        world.far_hand::<Event>(0).edit(&far, |e| e.title = Some("Renamed".into()));
        world.run::<Event>(0, policy);
        assert_eq!(now().title.as_deref(), Some("Renamed"));
        world.assert_quiet::<Event>(policy);
        assert_eq!(world.far_hand::<Event>(0).item(&far).unwrap().record.recurrence_overrides.len(), 3, "the far side keeps its own");
    }
}
