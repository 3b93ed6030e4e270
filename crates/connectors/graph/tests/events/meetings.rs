//! Meetings: nobody is mailed who should not be, whatever is written.

use crate::{
    common::{ALICE, Account, BOB},
    kit::{appointment, create, delete, loud, meeting, sundays, update, with},
    writes::{Source, with_file},
};
use pimkit_core::{
    Access, Delete, ErrorKind, Event, FreeBusy, Mark, Outcome, Override, ParticipationStatus, Position, Record, RecurrenceId, Stored, Write,
};
use serde_json::json;

fn would_mail(outcome: &Outcome<Event>) -> bool {
    matches!(outcome, Outcome::Refused(error) if error.kind() == ErrorKind::WouldNotify)
}

fn left_out(outcome: &Outcome<Event>) -> Vec<&str> {
    match outcome {
        Outcome::Written { left_out, .. } => left_out.iter().map(|(field, _)| field.as_str()).collect(),
        other => panic!("{other:?}"),
    }
}

/// What Bob has invited Alice to, as she has it.
async fn invited(account: &Account, more: serde_json::Value) -> Stored<Event> {
    let time = |hour: u8| json!({"dateTime": format!("2026-10-11T{hour:02}:00:00"), "timeZone": "W. Europe Standard Time"});
    let mut body = json!({
        "subject": "Plan", "start": time(9), "end": time(10),
        "attendees": [{"emailAddress": {"address": ALICE}, "type": "required"}],
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    account.simulator.create(BOB, "events", &body).unwrap();
    account.simulator.reset_outbox();
    let (lines, _, _) = account.round(Position::Start).await.unwrap();
    for line in &lines {
        let stored = account.read(line.id()).await;
        if stored.record.organizer.as_ref().is_some_and(|organizer| organizer.address == BOB) {
            return stored;
        }
    }
    panic!("the copy is not there")
}

#[tokio::test]
async fn whatever_would_mail_the_guests_is_refused_before_anything_is_sent() {
    let account = Account::default();
    let event = meeting("Plan", &["guest@example.net"]);
    assert!(would_mail(&account.write(create("m", &event)).await));
    assert_eq!(account.count(), 0);
    let made = account.make_as("m", &event, &loud()).await;
    assert!(!account.simulator.outbox().is_empty(), "the control: a write that may mail does");
    account.simulator.reset_outbox();
    let before = account.raw(&made.id);
    // Also what nobody else sees: Graph was seen to mail it all the same.
    for target in [
        with(&made.record, "title", "Other"),
        with(&made.record, "keywords", json!(["Red"])),
        with(&made.record, "alerts", json!([{"trigger": {"start": -300}}])),
        with(&made.record, "custom.Region", "north"),
        with(&made.record, "participants", json!([])),
        with(&made.record, "attachments", json!([{"blob": {"id": "x"}}])),
    ] {
        assert!(would_mail(&account.write(update(&made, target.clone())).await), "{:?}", made.record.differing(&target));
    }
    for mode in [Delete::Trash, Delete::Permanent] {
        assert!(would_mail(&account.write(delete(&made, mode)).await), "{mode:?}");
    }
    let marked = Write::Update {
        id: made.id.clone(),
        revision: made.revision.clone(),
        base: Box::new(made.record.clone()),
        target: Box::new(made.record.clone()),
        mark: Some(Mark::from("other")),
    };
    assert!(would_mail(&account.write(marked).await));
    assert_eq!((account.raw(&made.id), account.simulator.outbox().len()), (before, 0));
}

#[tokio::test]
async fn nobody_is_invited_in_silence_to_an_event_or_one_of_its_occurrences() {
    let account = Account::default();
    let made = account.make("m", &appointment("Plan")).await;
    let guests = json!([{"address": "guest@example.net", "roles": ["attendee"]}]);
    assert!(would_mail(&account.write(update(&made, with(&made.record, "participants", guests.clone()))).await));
    let mut series = sundays("Choir");
    let key = RecurrenceId(jiff::civil::datetime(2026, 10, 25, 9, 0, 0, 0));
    let invited = Override::Changed([(pimkit_core::Field::of("participants"), guests)].into());
    series.recurrence_overrides.insert(key, invited);
    assert!(would_mail(&account.write(create("n", &series)).await));
    assert!(account.simulator.outbox().is_empty());
    assert_eq!(account.count(), 1);
}

#[tokio::test]
async fn a_series_with_guests_at_one_occurrence_is_a_meeting() {
    let account = Account::default();
    let made = account.make("m", &sundays("Choir")).await;
    let guests = json!({"attendees": [{"emailAddress": {"address": "guest@example.net"}, "type": "required"}]});
    account.by_hand(&account.occurrence(&made.id, "2026-10-25"), &guests);
    account.simulator.reset_outbox();
    let made = account.read(&made.id).await;
    assert!(would_mail(&account.write(update(&made, with(&made.record, "title", "Band"))).await));
    assert!(would_mail(&account.write(delete(&made, Delete::Trash)).await));
    assert!(account.simulator.outbox().is_empty());
}

#[tokio::test]
async fn guests_who_came_after_the_plan_was_made_are_seen() {
    let account = Account::default();
    let made = account.make("m", &appointment("Plan")).await;
    account.by_hand(made.id.as_str(), &json!({"attendees": [{"emailAddress": {"address": "guest@example.net"}}]}));
    account.simulator.reset_outbox();
    let outcome = account.write(update(&made, with(&made.record, "title", "Other"))).await;
    assert!(matches!(outcome, Outcome::Conflict { now: Some(_) }), "{outcome:?}");
    // Who knows the version and not the guests is refused all the same.
    let mut blind = account.read(&made.id).await;
    blind.record.participants.clear();
    assert!(would_mail(&account.write(update(&blind, with(&blind.record, "title", "Other"))).await));
    assert!(account.simulator.outbox().is_empty());
}

/// Whatever the moment at which somebody is invited while a write is under way: nobody hears of the write. Before each request that the
/// write sends there is one such moment; requests for files have no condition, so that theirs is the look before them.
#[tokio::test]
async fn guests_who_come_while_a_series_is_written_are_mailed_nothing() {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };
    let mut refusals = 0;
    for at_one in [false, true] {
        let mut moment = 0;
        loop {
            let account = Account::default();
            let made = account.make("m", &sundays("Choir")).await;
            let invited = if at_one { account.occurrence(&made.id, "2026-10-25") } else { made.id.to_string() };
            let day = |month, day| RecurrenceId(jiff::civil::datetime(2026, month, day, 9, 0, 0, 0));
            let mut target = with_file(&with(&made.record, "title", "Band"), "a.bin");
            let concert = Override::Changed([(pimkit_core::Field::of("title"), "Concert".into())].into());
            target.recurrence_overrides.insert(day(10, 25), concert);
            target.recurrence_overrides.insert(day(11, 1), Override::Excluded);
            let asked = Arc::new(AtomicUsize::new(0));
            let (simulator, count) = (account.simulator.clone(), asked.clone());
            let wire = pimkit_http::InProcess::serving(move |request| {
                let is_file = request.method() == "POST" && request.uri().path().ends_with("/attachments");
                if count.fetch_add(1, Ordering::Relaxed) == moment && !is_file {
                    let guests = json!({"attendees": [{"emailAddress": {"address": "guest@example.net"}, "type": "required"}]});
                    assert!(simulator.change(ALICE, &format!("events/{invited}"), &guests));
                    simulator.reset_outbox();
                }
                Ok(simulator.answer_now(&request).unwrap())
            });
            let graph = crate::common::open(pimkit_graph::Config::new(crate::common::ROOT), Arc::new(wire), &account.clock);
            let events = pimkit_core::Connector::events(&graph).unwrap();
            let home = account.home().await;
            let options = crate::kit::quiet().blobs(Arc::new(Source(10)));
            account.simulator.reset_outbox();
            let outcome = events.write(&home, vec![update(&made, target.clone())], &options).await.remove(0);
            assert_eq!(account.simulator.outbox().len(), 0, "{at_one} {moment}: {outcome:?}");
            match &outcome {
                Outcome::Written { left_out, .. } => {
                    let mail = |error: &pimkit_core::Error| error.kind() == ErrorKind::WouldNotify;
                    assert!(left_out.iter().all(|(_, error)| mail(error)), "{at_one} {moment}: {left_out:?}");
                    refusals += left_out.len();
                }
                Outcome::Conflict { .. } => {}
                other => assert!(would_mail(other) || matches!(other, Outcome::Unknown(_)), "{at_one} {moment}: {other:?}"),
            }
            if asked.load(Ordering::Relaxed) <= moment {
                let now = account.read(&made.id).await.record;
                assert_eq!((now.recurrence_overrides, now.attachments.len()), (target.recurrence_overrides, 1), "the control: all of it");
                break;
            }
            moment += 1;
        }
        assert!(moment > 8, "{moment}");
    }
    assert!(refusals > 4, "{refusals}");
}

#[tokio::test]
async fn a_meeting_is_changed_and_called_off_where_that_may_be_mailed() {
    let account = Account::default();
    let made = account.make_as("m", &meeting("Plan", &["guest@example.net"]), &loud()).await;
    assert_eq!(made.record.organizer.as_ref().map(|o| o.address.as_str()), Some(ALICE));
    let outcome = account.write_as(update(&made, with(&made.record, "title", "Other")), &loud()).await;
    let Outcome::Written { now: Some(now), .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(now.record.title.as_deref(), Some("Other"));
    account.simulator.reset_outbox();
    let outcome = account.write_as(delete(&now, Delete::Trash), &loud()).await;
    assert!(matches!(outcome, Outcome::Written { .. }), "{outcome:?}");
    assert_eq!(account.simulator.outbox().len(), 1);
}

#[tokio::test]
async fn a_copy_is_changed_in_what_is_its_owners_own_and_in_nothing_else() {
    let account = Account::default();
    let copy = invited(&account, json!({})).await;
    assert_eq!(copy.record.organizer.as_ref().map(|o| o.address.as_str()), Some(BOB));
    assert_eq!(copy.access, Access::Write);
    let mut target = copy.record.clone();
    target.keywords = ["Red".to_owned()].into();
    target.alerts = vec![pimkit_core::Alert { trigger: pimkit_core::Trigger::Start(-300), action: Default::default() }];
    target.custom.insert("Region".into(), "north".into());
    (target.free_busy_status, target.status) = (Some(FreeBusy::Busy), None);
    target.title = Some("Mine".into());
    target.participants[0].participation_status = ParticipationStatus::Accepted;
    let outcome = account.write(update(&copy, target)).await;
    assert_eq!(left_out(&outcome), ["participants", "title"]);
    let now = account.read(&copy.id).await;
    assert_eq!(now.record.title.as_deref(), Some("Plan"));
    assert!(now.record.keywords.contains("Red") && now.record.custom["Region"] == "north");
    assert_eq!((now.record.free_busy_status, now.record.status), (Some(FreeBusy::Busy), None));
    assert_eq!(now.record.alerts[0].trigger, pimkit_core::Trigger::Start(-300));
    let outcome = account.write(update(&now, with(&now.record, "description", "Mine"))).await;
    assert!(matches!(&outcome, Outcome::Refused(error) if error.kind() == ErrorKind::PermissionDenied), "{outcome:?}");
    // To delete it declines it.
    for mode in [Delete::Trash, Delete::Permanent] {
        assert!(would_mail(&account.write(delete(&now, mode)).await));
    }
    assert!(account.simulator.outbox().is_empty());
}

#[tokio::test]
async fn an_answer_is_read_from_the_copy() {
    let account = Account::default();
    let copy = invited(&account, json!({})).await;
    assert_eq!(copy.record.participants[0].participation_status, ParticipationStatus::NeedsAction);
    let (status, _) = account.simulator.act(ALICE, "POST", &format!("events/{}/accept", copy.id), Some(&json!({"sendResponse": false})));
    assert_eq!(status, 202);
    let now = account.read(&copy.id).await;
    assert_eq!(now.record.participants[0].participation_status, ParticipationStatus::Accepted);
}

#[tokio::test]
async fn an_online_meeting_keeps_its_way_in() {
    let account = Account::default();
    let made = account.make("m", &appointment("Call")).await;
    account.by_hand(made.id.as_str(), &json!({"isOnlineMeeting": true}));
    let online = account.read(&made.id).await;
    let uri = online.record.virtual_locations[0].uri.clone();
    let mut target = with(&online.record, "description", "New");
    target.title = Some("Renamed".into());
    let outcome = account.write(update(&online, target)).await;
    assert_eq!(left_out(&outcome), ["description"]);
    let now = account.read(&made.id).await;
    assert_eq!((now.record.title.as_deref(), &now.record.virtual_locations[0].uri), (Some("Renamed"), &uri));
}

#[tokio::test]
async fn a_calendar_with_meetings_is_not_deleted_in_silence() {
    use pimkit_core::CollectionId;
    let account = Account::default();
    let items = account.items();
    let folders = items.folders().unwrap();
    let Outcome::Written { id, .. } = folders.create(&Mark::from("c"), "Team", &crate::kit::quiet()).await else { panic!("made") };
    let team = CollectionId::from(id.as_str());
    let event = meeting("Plan", &["guest@example.net"]);
    items.write(&team, vec![create("m", &event)], &loud()).await;
    account.simulator.reset_outbox();
    let outcome = folders.delete(&team, &crate::kit::quiet()).await;
    assert!(matches!(&outcome, Outcome::Refused(error) if error.kind() == ErrorKind::WouldNotify), "{outcome:?}");
    assert!(account.simulator.outbox().is_empty() && items.collections().await.unwrap().iter().any(|c| c.id == team));
    assert!(matches!(folders.delete(&team, &loud()).await, Outcome::Written { .. }));
}

/// A series of one's own is a meeting too where one of its occurrences has a guest.
#[tokio::test]
async fn a_calendar_with_guests_at_one_occurrence_is_not_deleted_in_silence() {
    use pimkit_core::CollectionId;
    let account = Account::default();
    let items = account.items();
    let folders = items.folders().unwrap();
    let Outcome::Written { id, .. } = folders.create(&Mark::from("c"), "Team", &crate::kit::quiet()).await else { panic!("made") };
    let team = CollectionId::from(id.as_str());
    let outcomes = items.write(&team, vec![create("m", &sundays("Alone"))], &crate::kit::quiet()).await;
    let [Outcome::Written { id: series, .. }] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    let occurrence = account.occurrence(series, "2026-10-18");
    account.by_hand(&occurrence, &json!({"attendees": [{"emailAddress": {"address": BOB}, "type": "required"}]}));
    account.simulator.reset_outbox();
    let outcome = folders.delete(&team, &crate::kit::quiet()).await;
    assert!(matches!(&outcome, Outcome::Refused(error) if error.kind() == ErrorKind::WouldNotify), "{outcome:?}");
    assert!(items.collections().await.unwrap().iter().any(|c| c.id == team));
}

/// Where it was measured that they mail nobody, changes that nobody else sees are written, and copies deleted.
#[tokio::test]
async fn what_is_known_to_mail_nobody_is_written_in_silence() {
    let mut rules = pimkit_simulators::GraphRules::default();
    (rules.events.private_changes_mail, rules.events.deleting_declines) = (false, false);
    let mut quirks = pimkit_graph::Quirks::default();
    (quirks.own_changes_mail, quirks.deletions_decline) = (false, false);
    let account = Account::new(rules, pimkit_graph::Config::new(crate::common::ROOT).quirks(quirks));
    let made = account.make_as("m", &meeting("Plan", &["guest@example.net"]), &loud()).await;
    account.simulator.reset_outbox();
    let outcome = account.write(update(&made, with(&made.record, "keywords", json!(["Red"])))).await;
    let Outcome::Written { now: Some(now), .. } = outcome else { panic!("{outcome:?}") };
    assert!(would_mail(&account.write(update(&now, with(&now.record, "title", "Other"))).await));
    assert!(would_mail(&account.write(delete(&now, Delete::Trash)).await));
    let copy = invited(&account, json!({})).await;
    assert!(matches!(account.write(delete(&copy, Delete::Trash)).await, Outcome::Written { .. }));
    assert!(account.simulator.outbox().is_empty(), "{:?}", account.simulator.outbox());
}
