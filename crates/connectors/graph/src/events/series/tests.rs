//! What a series is read as, and what is done to make it another.

use super::*;
use jiff::civil::datetime;
use pimkit_core::Fields;
use serde_json::json;

fn mailbox() -> Mailbox {
    Mailbox { zone: Some(Zone::iana("Europe/Vienna")), own: vec!["me@example.com".to_owned()], shared: false, shows_private: true }
}

fn time(at: &str) -> Value {
    json!({ "dateTime": at, "timeZone": "UTC" })
}

/// A series on Sundays at 9 in Vienna, across the end of daylight-saving time on 25 October 2026.
fn sundays() -> Value {
    json!({
        "id": "S", "@odata.etag": "W/\"1\"", "type": "seriesMaster", "subject": "Sunday", "isAllDay": false,
        "start": time("2026-10-11T07:00:00"), "end": time("2026-10-11T08:00:00"),
        "originalStartTimeZone": "W. Europe Standard Time", "originalEndTimeZone": "W. Europe Standard Time",
        "recurrence": {
            "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["sunday"], "firstDayOfWeek": "monday"},
            "range": {"type": "numbered", "startDate": "2026-10-11", "numberOfOccurrences": 6},
        },
        "locations": [{"displayName": "Room 1"}], "showAs": "busy", "isOrganizer": true, "attendees": [], "isReminderOn": false,
    })
}

/// What a server says of an occurrence that was changed.
fn exception(original: &str, start: &str, end: &str, subject: &str) -> Value {
    let mut one = sundays();
    for (name, value) in [
        ("id", json!(format!("S-{original}"))),
        ("type", "exception".into()),
        ("originalStart", json!(format!("{original}Z"))),
        ("start", time(start)),
        ("end", time(end)),
        ("subject", subject.into()),
        ("recurrence", Value::Null),
    ] {
        one[name] = value;
    }
    one
}

fn raw(exceptions: Vec<Value>, cancelled: &[&str]) -> Raw {
    Raw { item: sundays(), exceptions, cancelled: cancelled.iter().map(|day| (*day).to_owned()).collect(), files: Some(Vec::new()) }
}

fn read(raw: &Raw) -> Event {
    assembled(event::read(&raw.item, &mailbox()).unwrap(), raw, &mailbox()).unwrap()
}

fn id(day: i8, month: i8) -> RecurrenceId {
    RecurrenceId(datetime(2026, month, day, 9, 0, 0, 0))
}

#[test]
fn a_series_is_one_record_on_both_sides_of_a_change_of_the_clock() {
    let raw = raw(
        vec![
            // Before the change, moved; on its day, renamed; and one that says what the rule makes.
            exception("2026-10-18T07:00:00", "2026-10-18T09:00:00", "2026-10-18T10:00:00", "Sunday"),
            exception("2026-10-25T08:00:00", "2026-10-25T08:00:00", "2026-10-25T09:00:00", "Last of summer"),
            exception("2026-11-08T08:00:00", "2026-11-08T08:00:00", "2026-11-08T09:00:00", "Sunday"),
        ],
        &["OID.S.2026-11-01"],
    );
    let series = read(&raw);
    let overrides: Vec<(RecurrenceId, Vec<&str>)> = series
        .recurrence_overrides
        .iter()
        .map(|(id, what)| match what {
            Override::Excluded => (*id, vec!["excluded"]),
            Override::Changed(patch) => (*id, patch.keys().map(Field::as_str).collect()),
        })
        .collect();
    assert_eq!(overrides, [(id(18, 10), vec!["end", "start"]), (id(25, 10), vec!["title"]), (id(1, 11), vec!["excluded"])]);
    let moved = series.recurrence_overrides[&id(18, 10)].get("start").unwrap();
    assert_eq!(moved["at"], "2026-10-18T11:00:00");
}

#[test]
fn whole_days_are_left_out_by_their_dates_wherever_the_mailbox_is() {
    for (zone, start) in [("W. Europe Standard Time", "2026-10-10T22:00:00"), ("New Zealand Standard Time", "2026-10-10T11:00:00")] {
        let mut item = sundays();
        (item["isAllDay"], item["start"], item["end"]) = (true.into(), time(start), Value::Null);
        (item["originalStartTimeZone"], item["originalEndTimeZone"]) = (zone.into(), zone.into());
        let raw = Raw { item, ..raw(Vec::new(), &["OID.S.2026-11-01"]) };
        let keys: Vec<RecurrenceId> = read(&raw).recurrence_overrides.into_keys().collect();
        assert_eq!(keys, [RecurrenceId(datetime(2026, 11, 1, 0, 0, 0, 0))], "{zone}");
    }
}

#[test]
fn a_date_in_utc_is_the_occurrence_that_the_rule_makes() {
    // Sundays at 9 in Auckland are Saturdays in UTC.
    let mut item = sundays();
    (item["start"], item["end"]) = (time("2026-10-10T20:00:00"), time("2026-10-10T21:00:00"));
    (item["originalStartTimeZone"], item["originalEndTimeZone"]) = ("New Zealand Standard Time".into(), "New Zealand Standard Time".into());
    let master = event::read(&item, &mailbox()).unwrap();
    assert_eq!(cancelled("OID.S.2026-10-25", &master), Some(id(25, 10)));
    assert_eq!(cancelled("OID.S.2026-10-24", &master), Some(id(25, 10)));
    // What no rule makes is taken as it stands.
    assert_eq!(cancelled("OID.S.2026-10-22", &master), Some(id(22, 10)));
    assert_eq!(cancelled("OID.S.soon", &master), None);
}

#[test]
fn an_exception_without_its_own_zone_name_is_in_that_of_its_series() {
    let mut raw = raw(vec![exception("2026-10-18T07:00:00", "2026-10-18T07:00:00", "2026-10-18T08:00:00", "Other")], &[]);
    raw.item["singleValueExtendedProperties"] = json!([{"id": pimkit_exchange::property::ZONE.graph_id(), "value": "Europe/Vienna"}]);
    let series = read(&raw);
    assert_eq!(series.start.as_ref().and_then(When::zone).map(|zone| zone.id.as_str()), Some("Europe/Vienna"));
    let Override::Changed(patch) = &series.recurrence_overrides[&id(18, 10)] else { panic!("changed") };
    assert_eq!(patch.keys().map(Field::as_str).collect::<Vec<_>>(), ["title"]);
}

/// What is written of a step.
fn body(step: &Step, raw: &Raw) -> serde_json::Map<String, Value> {
    let mailbox = mailbox();
    let sheet = Sheet { mailbox: &mailbox, now: Some(&raw.item), occurrence: true };
    event::change(&step.now, step.wanted.as_ref().unwrap(), None, &sheet).unwrap().body
}

/// The steps that bring what is there to a target.
fn steps(raw: &Raw, target: &Event) -> Vec<String> {
    let there = read(raw);
    let master = there.clone().with_overrides(Overrides::new());
    let known: BTreeMap<_, _> =
        exceptions(&master, raw, &mailbox()).unwrap().into_iter().map(|(id, value, record)| (id, (value, record))).collect();
    let keys = differing(&there.recurrence_overrides, &target.recurrence_overrides);
    let say = |id: RecurrenceId| match step(id, &there, &master, known.get(&id), target, raw, &mailbox()) {
        Ok(None) => format!("{} nothing", id.0.date()),
        Ok(Some(Step { wanted: None, .. })) => format!("{} delete", id.0.date()),
        Ok(Some(step)) => format!("{} {}", id.0.date(), body(&step, raw).keys().cloned().collect::<Vec<_>>().join(" ")),
        Err(e) => format!("{} {}", id.0.date(), e.kind().word()),
    };
    keys.into_iter().map(say).collect()
}

fn patch(fields: Value) -> Override {
    let fields: Fields = serde_json::from_value(fields).unwrap();
    Override::Changed(fields)
}

#[test]
fn only_occurrences_that_differ_are_changed_deleted_or_put_back() {
    let there = raw(
        vec![
            exception("2026-10-18T07:00:00", "2026-10-18T09:00:00", "2026-10-18T10:00:00", "Moved"),
            exception("2026-10-25T08:00:00", "2026-10-25T08:00:00", "2026-10-25T09:00:00", "Named"),
        ],
        &["OID.S.2026-11-01"],
    );
    let with = |set: &dyn Fn(&mut Overrides)| {
        let mut target = read(&there);
        set(&mut target.recurrence_overrides);
        target
    };
    type Set<'f> = &'f dyn Fn(&mut Overrides);
    let cases: &[(Set<'_>, &[&str])] = &[
        (&|_| {}, &[]),
        (&|o| drop(o.insert(id(25, 10), patch(json!({"title": "Other"})))), &["2026-10-25 subject"]),
        (&|o| drop(o.insert(id(25, 10), patch(json!({"title": "Named", "locations": null})))), &["2026-10-25 location locations"]),
        (&|o| drop(o.insert(id(25, 10), Override::Excluded)), &["2026-10-25 delete"]),
        (&|o| drop(o.insert(id(8, 11), Override::Excluded)), &["2026-11-08 delete"]),
        (&|o| drop(o.insert(id(8, 11), patch(json!({"title": "New"})))), &["2026-11-08 subject"]),
        // Back to what the rule makes.
        (&|o| drop(o.remove(&id(18, 10))), &["2026-10-18 end isAllDay start subject"]),
        // What Exchange cannot: bring back what was deleted, and dates beside the rule. Leaving out what is none is nothing.
        (&|o| drop(o.remove(&id(1, 11))), &["2026-11-01 unavailable"]),
        (&|o| drop(o.insert(id(1, 11), patch(json!({"title": "Back"})))), &["2026-11-01 unavailable"]),
        (&|o| drop(o.insert(id(3, 11), patch(json!({})))), &["2026-11-03 unavailable"]),
        (&|o| drop(o.insert(id(3, 11), Override::Excluded)), &["2026-11-03 nothing"]),
        // An occurrence that is said to be as the rule makes it.
        (&|o| drop(o.insert(id(8, 11), Override::added())), &["2026-11-08 nothing"]),
    ];
    for (n, (set, expected)) in cases.iter().enumerate() {
        assert_eq!(steps(&there, &with(set)), *expected, "case {n}");
    }
}

#[test]
fn an_occurrence_that_is_moved_says_its_wall_time() {
    let there = raw(Vec::new(), &[]);
    let mut target = read(&there);
    let at = |hour| serde_json::to_value(When::zoned(datetime(2026, 10, 25, hour, 0, 0, 0), "Europe/Berlin")).unwrap();
    target.recurrence_overrides.insert(id(25, 10), patch(json!({"start": at(11), "end": at(12)})));
    let master = read(&there);
    let Ok(Some(step)) = step(id(25, 10), &master, &master, None, &target, &there, &mailbox()) else { panic!("changed") };
    let body = body(&step, &there);
    assert_eq!(body["start"], json!({"dateTime": "2026-10-25T11:00:00", "timeZone": "W. Europe Standard Time"}));
    assert!(!body.contains_key("recurrence") && !body.contains_key("singleValueExtendedProperties"), "{body:?}");
}

#[test]
fn a_writer_that_knows_little_of_a_series_takes_nothing_from_its_occurrences() {
    let there = raw(vec![exception("2026-10-25T08:00:00", "2026-10-25T08:00:00", "2026-10-25T09:00:00", "Named")], &[]);
    let full = read(&there);
    // Only the exceptions and the start were read.
    let mut target = Event::build(|e| e.start.clone_from(&full.start));
    target.recurrence_overrides.insert(id(25, 10), patch(json!({"title": "Other"})));
    target.recurrence_overrides.insert(id(8, 11), patch(json!({"title": "New"})));
    assert_eq!(steps(&there, &target), ["2026-10-25 subject", "2026-11-08 subject"]);
}
