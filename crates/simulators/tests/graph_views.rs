//! Windows of calendars and what changes in them, with the oddities that they were seen to have.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cloned_ref_to_slice_refs,
    reason = "tests may panic"
)]

mod graph_common;

use graph_common::{ALICE, Client, client, ids, names};
use pimkit_simulators::GraphRules;
use serde_json::{Value, json};

const WINDOW: &str = "startDateTime=2026-03-01T00:00:00Z&endDateTime=2026-04-01T00:00:00Z";

fn event(subject: &str, day: &str) -> Value {
    let at = |hour: &str| json!({"dateTime": format!("{day}T{hour}:00:00"), "timeZone": "UTC"});
    json!({"subject": subject, "start": at("10"), "end": at("11")})
}

/// Daily from 2 March, three of them.
fn series() -> Value {
    let mut series = event("Daily", "2026-03-02");
    series["recurrence"] = json!({"pattern": {"type": "daily", "interval": 1}, "range": {"type": "numbered", "numberOfOccurrences": 3}});
    series
}

fn kinds(rows: &[Value]) -> Vec<String> {
    names(rows, "type")
}

#[test]
fn a_window_shows_what_lies_in_it_in_the_order_of_time() {
    let alice = client();
    for (subject, day) in [("late", "2026-03-20"), ("early", "2026-03-03"), ("outside", "2026-04-01")] {
        alice.make("/me/events", event(subject, day));
    }
    alice.make("/me/events", series());
    let shown = alice.get(&format!("/me/calendarView?{WINDOW}&$top=2"));
    assert_eq!(names(shown.rows(), "subject"), ["Daily", "early"]);
    let rest = alice.get(&shown.link());
    assert_eq!(names(rest.rows(), "subject"), ["Daily", "Daily"]);
    assert_eq!(names(alice.get(&rest.link()).rows(), "subject"), ["late"]);
    assert_eq!(alice.get("/me/calendarView").status, 400);
    let long = alice.get("/me/calendarView?startDateTime=2020-01-01&endDateTime=2026-01-01");
    assert_eq!(long.code(), "ErrorCalendarViewRangeTooBig");
    alice.is_clean();
}

#[test]
fn events_delta_tells_masters_and_single_events_and_expands_nothing() {
    let alice = client();
    let calendar = alice.get("/me/calendar").id();
    let delta = format!("/me/calendars/{calendar}/events/delta?$select=id");
    let (single, master) = (alice.make("/me/events", event("A", "2026-03-03")), alice.make("/me/events", series()));
    let (rows, link) = alice.round(&delta);
    assert_eq!(ids(&rows), [single.clone(), master.clone()]);
    assert_eq!(rows[0].as_object().unwrap().keys().collect::<Vec<_>>(), ["@odata.etag", "id"]);
    // An occurrence that is deleted shows as a change of the master alone.
    let occurrence = alice.get(&format!("/me/events/{master}/instances?{WINDOW}")).rows()[1]["id"].as_str().unwrap().to_owned();
    alice.delete(&format!("/me/events/{occurrence}"));
    let (rows, link) = alice.round(&link);
    assert_eq!(ids(&rows), [master.clone()]);
    alice.delete(&format!("/me/events/{single}"));
    let (rows, _) = alice.round(&link);
    assert_eq!(rows, [json!({"id": single, "@removed": {"reason": "deleted"}})]);
    alice.is_clean();
}

#[test]
fn events_delta_can_want_a_start_or_be_missing() {
    let alice = client();
    let mut rules = GraphRules::default();
    rules.delta.events_need_start = true;
    alice.graph.set_rules(rules.clone());
    assert_eq!(alice.get("/me/calendar/events/delta").status, 400);
    let (_, link) = alice.round("/me/calendar/events/delta?startDateTime=1990-01-01T00:00:00Z");
    assert_eq!(alice.get(&link).status, 200);
    rules.delta.events_missing = true;
    alice.graph.set_rules(rules);
    assert_eq!(alice.get("/me/calendar/events/delta").status, 501);
}

#[test]
fn a_windows_delta_expands_series_and_tells_little_of_occurrences() {
    let alice = client();
    let master = alice.make("/me/events", series());
    let single = alice.make("/me/events", event("A", "2026-03-20"));
    alice.make("/me/events", event("outside", "2026-05-01"));
    let view = format!("/me/calendarView/delta?{WINDOW}");
    let (rows, link) = alice.round(&view);
    assert_eq!(kinds(&rows), ["seriesMaster", "occurrence", "occurrence", "occurrence", "singleInstance"]);
    assert_eq!(rows[1].as_object().unwrap().keys().collect::<Vec<_>>(), ["@odata.etag", "end", "id", "seriesMasterId", "start", "type"]);
    assert_eq!((&rows[1]["seriesMasterId"], &rows[0]["id"]), (&json!(master), &json!(master)));
    // Every change of a series tells all of it; a deleted occurrence is not told.
    let occurrence = rows[2]["id"].as_str().unwrap().to_owned();
    alice.delete(&format!("/me/events/{occurrence}"));
    let (rows, link) = alice.round(&link);
    assert_eq!(kinds(&rows), ["seriesMaster", "occurrence", "occurrence"]);
    assert!(!ids(&rows).contains(&occurrence));
    // What leaves the window, and what is made outside of it, is told as deleted.
    let far = json!({"dateTime": "2026-06-01T10:00:00", "timeZone": "UTC"});
    alice.patch(&format!("/me/events/{single}"), json!({"start": far, "end": far}));
    let outside = alice.make("/me/events", event("new", "2026-05-02"));
    let (rows, link) = alice.round(&link);
    assert_eq!(rows, [&single, &outside].map(|id| json!({"id": id, "@removed": {"reason": "deleted"}})));
    assert_eq!(alice.get(&format!("/me/events/{single}")).status, 200);
    assert_eq!(alice.round(&link).0, [] as [Value; 0]);
    alice.is_clean();
}

#[test]
fn a_window_is_paged_and_does_not_slide_and_takes_no_options() {
    let alice = client().with("prefer", "odata.maxpagesize=2");
    alice.make("/me/events", series());
    let view = format!("/me/calendar/calendarView/delta?{WINDOW}");
    let first = alice.get(&view);
    assert_eq!(kinds(first.rows()), ["seriesMaster", "occurrence"]);
    let (rest, link) = alice.round(&first.link());
    assert_eq!(kinds(&rest), ["occurrence", "occurrence"]);
    alice.hand.forward(400 * 86_400);
    assert_eq!(alice.get(&link).status, 200);
    assert_eq!(alice.get("/me/calendarView/delta").status, 400);
    for option in ["$select=id", "$filter=subject%20eq%20'a'", "$expand=attachments", "$orderby=subject", "$search=a"] {
        assert_eq!(alice.get(&format!("{view}&{option}")).status, 400, "{option}");
    }
}

#[test]
fn a_deleted_occurrence_can_change_nothing_at_all() {
    let alice = client();
    let master = alice.make("/me/events", series());
    let mut rules = GraphRules::default();
    rules.delta.cancelled_silently = true;
    alice.graph.set_rules(rules);
    let (_, link) = alice.round("/me/calendar/events/delta");
    let occurrence = alice.get(&format!("/me/events/{master}/instances?{WINDOW}")).rows()[1]["id"].as_str().unwrap().to_owned();
    alice.delete(&format!("/me/events/{occurrence}"));
    assert_eq!(alice.round(&link).0, [] as [Value; 0]);
    assert_eq!(alice.get(&format!("/me/events/{master}/instances?{WINDOW}")).rows().len(), 2);
}

#[test]
fn an_event_that_moves_between_calendars_leaves_one_and_comes_into_the_other() {
    let alice: Client = client().immutable();
    let other = alice.make("/me/calendars", json!({"name": "Other"}));
    let id = alice.make("/me/events", event("A", "2026-03-03"));
    let (left, came) = (alice.round("/me/calendar/events/delta").1, alice.round(&format!("/me/calendars/{other}/events/delta")).1);
    assert!(alice.graph.move_item(ALICE, &id, &other));
    assert_eq!(alice.round(&left).0, [json!({"id": id, "@removed": {"reason": "deleted"}})]);
    assert_eq!(ids(&alice.round(&came).0), [id]);
}
