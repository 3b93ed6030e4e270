//! Series: one record of a master, its exceptions and what does not take place.

use crate::{
    common::{ALICE, Account, ROOT},
    kit::{appointment, at, json, status, sundays, update, with},
};
use jiff::civil::datetime;
use pimkit_core::{Change, Event, Field, Fields, Outcome, Override, Position, Record, RecurrenceId, When};
use pimkit_graph::Config;
use pimkit_simulators::{FaultRule, GraphRules};
use serde_json::json as raw;

fn id(month: i8, day: i8) -> RecurrenceId {
    RecurrenceId(datetime(2026, month, day, 9, 0, 0, 0))
}

fn patch(fields: &[(&'static str, serde_json::Value)]) -> Override {
    Override::Changed(fields.iter().map(|(field, value)| (Field::of(field), value.clone())).collect::<Fields>())
}

/// One occurrence is moved on the day on which the clock changes, one is called otherwise, one does not take place.
fn with_exceptions() -> Event {
    let mut series = sundays("Choir");
    let moved = [("start", json(&at(10, 25, 11))), ("end", json(&at(10, 25, 12)))];
    series.recurrence_overrides =
        [(id(10, 18), patch(&[("title", "Concert".into())])), (id(10, 25), patch(&moved)), (id(11, 1), Override::Excluded)].into();
    series
}

#[tokio::test]
async fn a_series_over_the_end_of_daylight_saving_time_comes_back_as_it_was_written() {
    let account = Account::default();
    let made = account.make("m", &with_exceptions()).await;
    assert_eq!(made.record.recurrence_overrides, with_exceptions().recurrence_overrides);
    assert_eq!(made.record.start, with_exceptions().start);
    // As Outlook sees it.
    let dates: Vec<String> = account.occurrences(&made.id).into_iter().map(|(day, _)| day).collect();
    assert_eq!(dates, ["2026-10-11", "2026-10-18", "2026-10-25", "2026-11-08", "2026-11-15", "2026-11-22", "2026-11-29"]);
    let moved = account.simulator.get(ALICE, &format!("events/{}", account.occurrence(&made.id, "2026-10-25"))).unwrap();
    assert_eq!(moved["start"]["dateTime"], "2026-10-25T10:00:00.0000000", "11 in winter time");
    assert_eq!(account.raw(&made.id)["originalStartTimeZone"], "W. Europe Standard Time");
}

#[tokio::test]
async fn what_a_user_does_to_occurrences_is_read_as_overrides_of_a_new_version() {
    let account = Account::default();
    let made = account.make("m", &sundays("Choir")).await;
    account.by_hand(&account.occurrence(&made.id, "2026-10-25"), &raw!({"subject": "Concert"}));
    let named = account.read(&made.id).await;
    assert_eq!(named.record.recurrence_overrides, [(id(10, 25), patch(&[("title", "Concert".into())]))].into());
    assert_ne!(named.revision, made.revision);
    assert!(account.simulator.delete(ALICE, &format!("events/{}", account.occurrence(&made.id, "2026-11-01"))));
    let fewer = account.read(&made.id).await;
    assert_eq!(fewer.record.recurrence_overrides.get(&id(11, 1)), Some(&Override::Excluded));
    assert_ne!(fewer.revision, named.revision);
    // A write that was planned before is a conflict, also of the series itself.
    let outcome = account.write(update(&made, with(&made.record, "title", "Band"))).await;
    let Outcome::Conflict { now: Some(now) } = outcome else { panic!("{outcome:?}") };
    assert_eq!(now.revision, fewer.revision);
}

/// A list that an answer brings along may be a part of it, with a link to the rest (OData JSON Format 4.01, section 4.5.5).
#[tokio::test]
async fn exceptions_that_come_in_pages_are_read_to_the_last() {
    let account = Account::default();
    let made = account.make("m", &sundays("Choir")).await;
    account.by_hand(&account.occurrence(&made.id, "2026-10-25"), &raw!({"subject": "Concert"}));
    let day = "startDateTime=2026-10-24T12:00:00Z&endDateTime=2026-10-26T00:00:00Z";
    let rest = format!("{ROOT}/me/events/{}/instances?{day}", made.id);
    let first = raw!({"id": made.id, "cancelledOccurrences": [], "exceptionOccurrences": [], "exceptionOccurrences@odata.nextLink": rest});
    // Of what is asked of the event, its exceptions are the second.
    account.fault(vec![FaultRule::on("GET", status(200, &first.to_string())).at("/events/").nth(2)]);
    let read = account.read(&made.id).await;
    assert_eq!(read.record.recurrence_overrides, [(id(10, 25), patch(&[("title", "Concert".into())]))].into());
}

/// The deletion of an occurrence changes nothing that delta tells (microsoft-graph-docs 2963): it is seen when everything is named.
#[tokio::test]
async fn an_occurrence_that_was_deleted_in_silence_is_seen_within_a_week() {
    let mut rules = GraphRules::default();
    rules.delta.cancelled_silently = true;
    let account = Account::new(rules, Config::new(ROOT));
    let made = account.make("m", &sundays("Choir")).await;
    let (_, cursor, _) = account.round(Position::Start).await.unwrap();
    assert!(account.simulator.delete(ALICE, &format!("events/{}", account.occurrence(&made.id, "2026-11-01"))));
    account.clock.advance(std::time::Duration::from_secs(6 * 86_400));
    let (lines, cursor, _) = account.round(Position::Since(&cursor)).await.unwrap();
    assert!(lines.is_empty(), "{lines:?}");
    account.clock.advance(std::time::Duration::from_secs(2 * 86_400));
    let error = account.round(Position::Since(&cursor)).await.unwrap_err();
    assert_eq!(error.kind(), pimkit_core::ErrorKind::CursorExpired);
    let (lines, _, complete) = account.round(Position::Start).await.unwrap();
    assert!(complete && matches!(lines.as_slice(), [Change::Listed { id, revision: None }] if *id == made.id), "{lines:?}");
    assert_eq!(account.read(&made.id).await.record.recurrence_overrides.get(&id(11, 1)), Some(&Override::Excluded));
}

#[tokio::test]
async fn occurrences_are_changed_put_back_and_left_out_and_others_stay() {
    let account = Account::default();
    let made = account.make("m", &with_exceptions()).await;
    let mut target = made.record.clone();
    target.recurrence_overrides.insert(id(10, 18), patch(&[("title", "Gala".into())]));
    target.recurrence_overrides.remove(&id(10, 25));
    target.recurrence_overrides.insert(id(11, 8), Override::Excluded);
    let outcome = account.write(update(&made, target.clone())).await;
    let Outcome::Written { now: Some(now), left_out, .. } = outcome else { panic!("{outcome:?}") };
    assert!(left_out.is_empty(), "{left_out:?}");
    assert_eq!(now.record.recurrence_overrides, target.recurrence_overrides);
}

#[tokio::test]
async fn exceptions_outlive_another_time_and_another_rule() {
    let account = Account::default();
    let made = account.make("m", &with_exceptions()).await;
    // The whole series is an hour later: the server forgets its exceptions, and they are written anew.
    let mut target = made.record.clone();
    (target.start, target.end) = (Some(at(10, 11, 10)), Some(at(10, 11, 11)));
    let later = |key: &RecurrenceId| RecurrenceId(key.0.checked_add(jiff::Span::new().hours(1)).unwrap());
    target.recurrence_overrides = made.record.recurrence_overrides.iter().map(|(key, what)| (later(key), what.clone())).collect();
    let outcome = account.write(update(&made, target.clone())).await;
    let Outcome::Written { now: Some(now), left_out, .. } = outcome else { panic!("{outcome:?}") };
    assert!(left_out.is_empty(), "{left_out:?}");
    assert!(target.differing(&now.record).is_empty(), "{:?}", target.differing(&now.record));
    // And once more often.
    let mut longer = now.record.clone();
    longer.recurrence_rules[0].count = Some(9);
    let outcome = account.write(update(&now, longer.clone())).await;
    let Outcome::Written { now: Some(now), .. } = outcome else { panic!("{outcome:?}") };
    assert!(longer.differing(&now.record).is_empty(), "{:?}", longer.differing(&now.record));
}

#[tokio::test]
async fn another_title_of_a_series_is_none_of_its_exceptions() {
    let account = Account::default();
    let made = account.make("m", &with_exceptions()).await;
    let target = with(&made.record, "title", "Band");
    let outcome = account.write(update(&made, target.clone())).await;
    let Outcome::Written { now: Some(now), .. } = outcome else { panic!("{outcome:?}") };
    assert!(target.differing(&now.record).is_empty(), "{:?}", target.differing(&now.record));
}

#[tokio::test]
async fn what_exchange_cannot_hold_of_a_series_is_named_and_the_rest_is_written() {
    let account = Account::default();
    let made = account.make("m", &with_exceptions()).await;
    let mut target = made.record.clone();
    // One comes back that was deleted, one is on a Wednesday, one is renamed.
    target.recurrence_overrides.remove(&id(11, 1));
    target.recurrence_overrides.insert(RecurrenceId(datetime(2026, 11, 4, 9, 0, 0, 0)), Override::added());
    target.recurrence_overrides.insert(id(10, 18), patch(&[("title", "Gala".into())]));
    let outcome = account.write(update(&made, target)).await;
    let Outcome::Written { now: Some(now), left_out, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(left_out.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["recurrenceOverrides"]);
    assert_eq!(now.record.recurrence_overrides[&id(10, 18)].get("title"), Some(&"Gala".into()));
}

#[tokio::test]
async fn a_rule_that_exchange_cannot_hold_is_refused_and_nothing_is_made() {
    let account = Account::default();
    let mut event = appointment("Rent");
    event.start = Some(at(10, 31, 9));
    event.recurrence_rules = vec![pimkit_core::RecurrenceRule { frequency: pimkit_core::Frequency::Monthly, ..Default::default() }];
    let outcome = account.write(crate::kit::create("m", &event)).await;
    let Outcome::Refused(error) = outcome else { panic!("{outcome:?}") };
    assert!(error.to_string().contains("last day of the month"), "{error}");
    assert_eq!(account.count(), 0);
}

#[tokio::test]
async fn a_series_of_whole_days_is_named_by_dates() {
    let account = Account::default();
    let mut series = sundays("Market");
    (series.start, series.end) = (Some(When::all_day(at(10, 11, 0).date())), Some(When::all_day(at(10, 12, 0).date())));
    let day = |month, day| RecurrenceId(datetime(2026, month, day, 0, 0, 0, 0));
    series.recurrence_overrides = [(day(10, 25), patch(&[("title", "Fair".into())])), (day(11, 1), Override::Excluded)].into();
    let made = account.make("m", &series).await;
    assert_eq!(made.record.recurrence_overrides, series.recurrence_overrides);
    assert_eq!((made.record.start.clone(), made.record.end.clone()), (series.start.clone(), series.end.clone()));
}

/// Where a tenant does not say the exceptions of a series, they are read from its occurrences.
#[tokio::test]
async fn exceptions_are_read_from_the_occurrences_where_the_series_does_not_say_them() {
    let mut rules = GraphRules::default();
    rules.events.tells_exceptions = false;
    let account = Account::new(rules, Config::new(ROOT));
    let made = account.make("m", &with_exceptions()).await;
    assert_eq!(made.record.recurrence_overrides, with_exceptions().recurrence_overrides);
    // A series without end goes on beyond what is looked at.
    let mut endless = sundays("Endless");
    endless.recurrence_rules[0].count = None;
    let made = account.make("n", &endless).await;
    assert!(made.record.recurrence_overrides.is_empty(), "{:?}", made.record.recurrence_overrides);
}

/// Graph lists the occurrences of no more than 1,825 days in one answer; the server here refuses a longer span.
#[tokio::test]
async fn exceptions_of_a_series_of_twelve_years_are_read_from_its_occurrences() {
    let mut rules = GraphRules::default();
    rules.events.tells_exceptions = false;
    let account = Account::new(rules, Config::new(ROOT));
    let on = |year: i16, month: i8, day: i8| RecurrenceId(datetime(year, month, day, 9, 0, 0, 0));
    let mut series = sundays("Choir");
    series.recurrence_rules[0].count = None;
    let time = |hour: i8| Some(When::zoned(datetime(2014, 10, 12, hour, 0, 0, 0), crate::kit::ZONE));
    (series.start, series.end) = (time(9), time(10));
    let made = account.make("m", &series).await;
    assert!(made.record.recurrence_overrides.is_empty(), "{:?}", made.record.recurrence_overrides);
    let occurrence = |year: i16, date: &str| {
        let span = format!("startDateTime={year}-01-01T00:00:00Z&endDateTime={year}-12-31T00:00:00Z&$select=id,start,originalStart");
        let rows = account.simulator.list(ALICE, &format!("events/{}/instances?{span}", made.id));
        let row = rows.into_iter().find(|row| row["originalStart"].as_str().unwrap().starts_with(date)).unwrap();
        row["id"].as_str().unwrap().to_owned()
    };
    for (year, date) in [(2014, "2014-10-19"), (2019, "2019-09-15"), (2025, "2025-01-05")] {
        assert!(account.simulator.delete(ALICE, &format!("events/{}", occurrence(year, date))));
    }
    account.by_hand(&occurrence(2021, "2021-02-14"), &raw!({"subject": "Fair"}));
    let now = account.read(&made.id).await.record.recurrence_overrides;
    let expected = [
        (on(2014, 10, 19), Override::Excluded),
        (on(2019, 9, 15), Override::Excluded),
        (on(2021, 2, 14), patch(&[("title", "Fair".into())])),
        (on(2025, 1, 5), Override::Excluded),
    ];
    assert_eq!(now, expected.into());
}

/// The program ends between any two requests of a write: what is there by then is seen as what it is, and the next write makes it whole.
#[tokio::test]
async fn a_series_whose_write_broke_off_anywhere_is_never_taken_for_whole_and_the_next_write_makes_it_so() {
    use crate::writes::{Source, with_file};
    use pimkit_core::Connector;
    use pimkit_http::{Broken, InProcess};
    use std::sync::{Arc, Mutex};
    let options = || crate::kit::quiet().blobs(Arc::new(Source(10)));
    let mut halves = 0;
    for left in 0.. {
        let account = Account::default();
        let made = account.make("m", &with_exceptions()).await;
        // The series is an hour later, of which the server forgets all exceptions; one more occurrence is called otherwise; two files.
        let mut target = with_file(&with_file(&made.record, "a.bin"), "b.bin");
        (target.start, target.end) = (Some(at(10, 11, 10)), Some(at(10, 11, 11)));
        let later = |key: &RecurrenceId| RecurrenceId(key.0.checked_add(jiff::Span::new().hours(1)).unwrap());
        target.recurrence_overrides = made.record.recurrence_overrides.iter().map(|(key, what)| (later(key), what.clone())).collect();
        target.recurrence_overrides.insert(later(&id(11, 8)), patch(&[("title", "Rehearsal".into())]));
        let (simulator, requests) = (account.simulator.clone(), Arc::new(Mutex::new((left, false))));
        let seen = requests.clone();
        let wire = InProcess::serving(move |request| {
            let mut requests = seen.lock().unwrap();
            if requests.0 == 0 {
                requests.1 = true;
                return Err(Broken::Reset);
            }
            requests.0 -= 1;
            Ok(simulator.answer_now(&request).unwrap())
        });
        let graph = crate::common::open(Config::new(ROOT), Arc::new(wire), &account.clock);
        let write = vec![update(&made, target.clone())];
        let outcome = graph.events().unwrap().write(&account.home().await, write, &options()).await.remove(0);
        let broke_off = requests.lock().unwrap().1;
        // What the next process finds.
        let now = account.read(&made.id).await;
        let names = |event: &Event| event.attachments.iter().filter_map(|file| file.name.clone()).collect::<Vec<_>>();
        let is_whole = |event: &Event| {
            let differing = target.differing(event);
            differing.iter().all(|field| field.as_str() == "attachments") && names(event) == ["a.bin", "b.bin"]
        };
        if now.revision == made.revision {
            assert!(made.record.differing(&now.record).is_empty(), "{left}: the version hides what was done");
        }
        if let Outcome::Written { left_out, .. } = &outcome {
            assert!(is_whole(&now.record) || !left_out.is_empty(), "{left}: {outcome:?}");
        }
        halves += usize::from(now.revision != made.revision && !is_whole(&now.record));
        let mut again = target.clone();
        again.attachments.clone_from(&now.record.attachments);
        for name in ["a.bin", "b.bin"].into_iter().filter(|name| !names(&now.record).contains(&(*name).to_owned())) {
            again = with_file(&again, name);
        }
        let outcome = account.write_as(update(&now, again), &options()).await;
        assert!(matches!(&outcome, Outcome::Written { left_out, .. } if left_out.is_empty()), "{left}: {outcome:?}");
        let whole = account.read(&made.id).await.record;
        assert!(is_whole(&whole), "{left}: {:?} {:?}", target.differing(&whole), names(&whole));
        if !broke_off {
            break;
        }
    }
    assert!(halves > 3, "{halves}");
}

/// A zone that the server keeps, and takes in no question (docs-contrib 1609 and 4037).
#[tokio::test]
async fn a_zone_in_which_the_server_gives_no_times_is_no_reason_to_lose_an_event() {
    let refusal = r#"{"error":{"code":"TimeZoneNotSupportedException","message":"A valid TimeZone value must be specified."}}"#;
    for nth in [1, 2] {
        let rule = pimkit_simulators::FaultRule::on("GET", crate::kit::status(400, refusal)).at("/events/").nth(nth);
        let account = Account::default();
        let made = account.make("m", &with_exceptions()).await;
        account.simulator.reset_requests();
        account.read(&made.id).await;
        let usual = account.simulator.requests().len();
        account.simulator.reset_requests();
        account.fault(vec![rule]);
        let again = account.read(&made.id).await;
        assert!(made.record.differing(&again.record).is_empty(), "{nth}");
        assert_eq!(account.simulator.requests().len(), usual + 1, "{nth}");
    }
}

/// Nothing is written over what somebody else did to the same occurrence, and an answer that was lost is known as ours.
#[tokio::test]
async fn occurrences_are_written_on_the_version_that_is_there() {
    use pimkit_simulators::{Fault, FaultRule};
    for fault in [Fault::StatusAfter { code: 504 }, Fault::ResetAfter] {
        let account = Account::default();
        let made = account.make("m", &sundays("Choir")).await;
        let mut target = made.record.clone();
        target.recurrence_overrides.insert(id(10, 25), patch(&[("title", "Concert".into())]));
        target.recurrence_overrides.insert(id(11, 1), Override::Excluded);
        account.fault(vec![FaultRule::on("PATCH", fault.clone()).times(1), FaultRule::on("DELETE", fault.clone()).times(1)]);
        let outcome = account.write(update(&made, target.clone())).await;
        let Outcome::Written { now: Some(now), left_out, .. } = outcome else { panic!("{fault:?}: {outcome:?}") };
        assert!(left_out.is_empty(), "{left_out:?}");
        assert_eq!(now.record.recurrence_overrides, target.recurrence_overrides);
    }
}

#[tokio::test]
async fn what_somebody_else_does_to_an_occurrence_at_the_same_time_is_not_written_over() {
    use pimkit_core::Connector;
    use pimkit_http::InProcess;
    use std::sync::{Arc, Mutex};
    for (theirs, ours_is_written) in [(raw!({"subject": "Theirs"}), false), (raw!({"location": {"displayName": "Theirs"}}), true)] {
        let account = Account::default();
        let made = account.make("m", &sundays("Choir")).await;
        let name = account.occurrence(&made.id, "2026-10-25");
        let (simulator, left) = (account.simulator.clone(), Arc::new(Mutex::new(Some((name.clone(), theirs.clone())))));
        let wire = InProcess::serving(move |request| {
            if request.method() == "PATCH"
                && let Some((name, body)) = left.lock().unwrap().take()
            {
                assert!(simulator.change(ALICE, &format!("events/{name}"), &body));
            }
            Ok(simulator.answer_now(&request).unwrap())
        });
        let graph = crate::common::open(Config::new(ROOT), Arc::new(wire), &account.clock);
        let mut target = made.record.clone();
        target.recurrence_overrides.insert(id(10, 25), patch(&[("title", "Ours".into())]));
        let events = graph.events().unwrap();
        let outcome = events.write(&account.home().await, vec![update(&made, target)], &crate::kit::quiet()).await.remove(0);
        // How far it came is for the reader to see.
        match &outcome {
            Outcome::Written { left_out, .. } => assert!(ours_is_written && left_out.is_empty(), "{left_out:?}"),
            other => assert!(!ours_is_written && matches!(other, Outcome::Unknown(_)), "{other:?}"),
        }
        let now = account.simulator.get(ALICE, &format!("events/{name}")).unwrap();
        assert_eq!(now["subject"], if ours_is_written { "Ours" } else { "Theirs" });
        assert_eq!(now["location"]["displayName"] == "Theirs", ours_is_written);
    }
}

/// The clock of Morocco is an hour later by the rules of some since 2026, and not by those of others.
#[tokio::test]
async fn occurrences_are_found_and_moved_where_the_servers_rules_of_a_zone_are_not_ours() {
    let account = Account::default();
    let zoned = |when: &When| When::zoned(when.wall(), "Africa/Casablanca");
    let mut series = sundays("Choir");
    for time in [&mut series.start, &mut series.end].into_iter().flatten() {
        *time = zoned(time);
    }
    let moved = [("start", json(&zoned(&at(10, 25, 11)))), ("end", json(&zoned(&at(10, 25, 12))))];
    series.recurrence_overrides = [(id(10, 25), patch(&moved)), (id(11, 1), Override::Excluded)].into();
    let made = account.make("m", &series).await;
    assert_eq!((&made.record.start, &made.record.recurrence_overrides), (&series.start, &series.recurrence_overrides));
    let mut target = made.record.clone();
    let later = [("start", json(&zoned(&at(10, 25, 14)))), ("end", json(&zoned(&at(10, 25, 15))))];
    target.recurrence_overrides.insert(id(10, 25), patch(&later));
    let outcome = account.write(update(&made, target.clone())).await;
    let Outcome::Written { now: Some(now), left_out, .. } = outcome else { panic!("{outcome:?}") };
    assert!(left_out.is_empty() && target.differing(&now.record).is_empty(), "{left_out:?} {:?}", now.record.recurrence_overrides);
}
