//! Calendars, events and series: what is kept, how it is shown, what is refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cloned_ref_to_slice_refs,
    reason = "tests may panic"
)]

mod graph_common;

use graph_common::{ALICE, Client, PROPERTY, client, ids, names};
use pimkit_simulators::GraphRules;
use serde_json::{Value, json};

const BERLIN: &str = "W. Europe Standard Time";

fn at(wall: &str, zone: &str) -> Value {
    json!({"dateTime": wall, "timeZone": zone})
}

fn event(subject: &str, day: &str) -> Value {
    json!({"subject": subject, "start": at(&format!("{day}T10:00:00"), BERLIN), "end": at(&format!("{day}T11:00:00"), BERLIN)})
}

/// Mondays from 5 October 2026, six of them, over the end of summer time.
fn series() -> Value {
    let mut series = event("Weekly", "2026-10-05");
    series["recurrence"] = json!({
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"], "firstDayOfWeek": "monday"},
        "range": {"type": "numbered", "startDate": "2026-10-05", "numberOfOccurrences": 6}
    });
    series
}

const WINDOW: &str = "startDateTime=2026-10-01T00:00:00Z&endDateTime=2026-12-01T00:00:00Z";

fn instances(alice: &Client, master: &str) -> Vec<Value> {
    alice.get(&format!("/me/events/{master}/instances?{WINDOW}&$top=100")).rows().to_vec()
}

#[test]
fn an_event_is_kept_in_its_zone_and_shown_in_any() {
    let alice = client();
    let made = alice.post("/me/events", event("Café", "2026-03-02"));
    assert_eq!(made.status, 201, "{}", made.body);
    let body = &made.body;
    assert_eq!(body["start"], at("2026-03-02T09:00:00.0000000", "UTC"));
    assert_eq!((&body["originalStartTimeZone"], &body["type"]), (&json!(BERLIN), &json!("singleInstance")));
    assert_eq!((&body["showAs"], &body["isOrganizer"], &body["recurrence"]), (&json!("busy"), &json!(true), &Value::Null));
    assert!(body["iCalUId"].as_str().unwrap().starts_with("040000008200E00074C5B7101A82E008"));
    assert!(body.get("transactionId").is_none() && body.get("cancelledOccurrences").is_none());
    let target = format!("/me/events/{}", made.id());
    for (zone, wall) in [(BERLIN, "2026-03-02T10:00:00.0000000"), ("America/New_York", "2026-03-02T04:00:00.0000000")] {
        let shown = alice.with("prefer", &format!("outlook.timezone=\"{zone}\"")).get(&target);
        assert_eq!(
            (&shown.body["start"], shown.header("preference-applied")),
            (&at(wall, zone), format!("outlook.timezone=\"{zone}\"").as_str())
        );
    }
    let unknown = alice.with("prefer", "outlook.timezone=\"\"").get(&target);
    assert_eq!((unknown.status, unknown.code()), (400, "TimeZoneNotSupportedException"));
    alice.is_clean();
}

#[test]
fn an_event_is_changed_and_deleted_and_found_by_its_identifier() {
    let alice = client();
    let made = alice.post("/me/calendar/events", event("A", "2026-03-02"));
    let target = format!("/me/events/{}", made.id());
    let body = json!({"subject": "B", "body": {"contentType": "Text", "content": "one\ntwo"}, "location": {"displayName": "Room 1"}, "showAs": "oof"});
    let changed = alice.with("prefer", "outlook.body-content-type=\"text\"").patch(&target, body);
    assert_eq!((changed.status, &changed.body["body"]), (200, &json!({"contentType": "text", "content": "one\r\ntwo"})));
    assert_eq!((&changed.body["bodyPreview"], &changed.body["locations"][0]["displayName"]), (&json!("one\r\ntwo"), &json!("Room 1")));
    assert!(alice.get(&target).body["body"]["content"].as_str().unwrap().contains("one<br>"), "HTML unless text is preferred");
    let found = alice.get(&format!("/me/events?$filter=iCalUId%20eq%20'{}'", made.text("iCalUId")));
    assert_eq!(ids(found.rows()), [made.id()]);
    assert_eq!(alice.get("/me/events?$filter=start/dateTime%20ge%20'2026-03-03T00:00'").rows().len(), 0);
    assert_eq!(alice.with("if-match", made.body["@odata.etag"].as_str().unwrap()).delete(&target).status, 412);
    assert_eq!((alice.delete(&target).status, alice.get(&target).code()), (204, "ErrorItemNotFound"));
    assert_eq!(alice.graph.outbox(), [], "nobody was invited");
    alice.is_clean();
}

#[test]
fn what_events_cannot_be_is_refused() {
    let alice = client();
    let made = alice.make("/me/events", event("A", "2026-03-02"));
    let with = |name: &str, value: Value| {
        let mut body = event("A", "2026-03-02");
        body[name] = value;
        body
    };
    for (body, code) in [
        (json!({"subject": "A"}), "ErrorPropertyValidationFailure"),
        (with("isAllDay", json!(true)), "ErrorPropertyValidationFailure"),
        (with("end", at("2026-03-02T09:00:00", BERLIN)), "ErrorPropertyValidationFailure"),
        (with("end", at("2026-03-02T12:00:00", "Mars/Base")), "TimeZoneNotSupportedException"),
        (with("end", at("2026-03-02T12:00:00", "Africa/Casablanca")), "ErrorPropertyValidationFailure"),
        (with("uid", json!("x")), "RequestBodyRead"),
        (with("attendees", json!([{"type": "required"}])), "ErrorInvalidRecipients"),
        (
            with("recurrence", json!({"pattern": {"type": "weekly", "interval": 1}, "range": {"type": "noEnd"}})),
            "ErrorPropertyValidationFailure",
        ),
    ] {
        let refused = alice.post("/me/events", body.clone());
        assert_eq!((refused.status, refused.code()), (400, code), "{body}");
    }
    let late = alice.patch(&format!("/me/events/{made}"), json!({"transactionId": "t"}));
    assert_eq!((late.status, late.code()), (400, "ErrorInvalidRequest"));
}

#[test]
fn days_are_midnights_of_their_own_zone() {
    let alice = client();
    let body =
        json!({"subject": "Day", "isAllDay": true, "start": at("2026-03-02T00:00:00", BERLIN), "end": at("2026-03-04T00:00:00", BERLIN)});
    let made = alice.post("/me/events", body);
    assert_eq!(made.body["start"], at("2026-03-01T23:00:00.0000000", "UTC"));
    let own = alice.with("prefer", &format!("outlook.timezone=\"{BERLIN}\"")).get(&format!("/me/events/{}", made.id()));
    assert_eq!(
        (&own.body["start"]["dateTime"], &own.body["end"]["dateTime"]),
        (&json!("2026-03-02T00:00:00.0000000"), &json!("2026-03-04T00:00:00.0000000"))
    );
}

#[test]
fn a_post_that_is_repeated_answers_with_the_first_event() {
    let alice = client();
    let mut body = event("A", "2026-03-02");
    body["transactionId"] = json!("tx-1");
    let (first, second) = (alice.post("/me/events", body.clone()), alice.post("/me/events", body.clone()));
    assert_eq!((second.status, second.id(), second.text("transactionId")), (201, first.id(), "tx-1".to_owned()));
    assert_eq!(alice.get("/me/events").rows().len(), 1);
    let mut rules = GraphRules::default();
    rules.events.repeats_answer_first = false;
    alice.graph.set_rules(rules);
    assert_eq!(alice.post("/me/events", body.clone()).status, 409);
    alice.delete(&format!("/me/events/{}", first.id()));
    assert_eq!(alice.post("/me/events", body).status, 201, "what was deleted may come again");
}

#[test]
fn calendars_are_made_renamed_and_removed_and_read_only_ones_are_left_alone() {
    let alice = client();
    let made = alice.post("/me/calendars", json!({"name": "Team", "color": "lightBlue"}));
    assert_eq!((made.status, &made.body["isDefaultCalendar"], &made.body["canEdit"]), (201, &json!(false), &json!(true)));
    assert_eq!(names(alice.get("/me/calendars").rows(), "name"), ["Calendar", "Team"]);
    assert_eq!(alice.post("/me/calendars", json!({"name": "team"})).status, 409);
    let target = format!("/me/calendars/{}", made.id());
    let event_id = alice.make(&format!("{target}/events"), event("A", "2026-03-02"));
    assert_eq!(alice.get("/me/events").rows().len(), 0, "the default calendar's own");
    assert_eq!(alice.get(&format!("/me/events/{event_id}")).status, 200, "and an id is good anywhere");
    assert_eq!(alice.get(&format!("/me/events/{event_id}/calendar")).id(), made.id());
    assert_eq!(alice.patch(&target, json!({"name": "Crew"})).text("name"), "Crew");
    alice.graph.set_read_only(ALICE, &made.id(), true);
    assert_eq!(alice.get(&target).body["canEdit"], false);
    for refused in [alice.post(&format!("{target}/events"), event("B", "2026-03-02")), alice.delete(&format!("/me/events/{event_id}"))] {
        assert_eq!((refused.status, refused.code()), (403, "ErrorAccessDenied"));
    }
    assert_eq!((alice.delete(&target).status, alice.get(&format!("/me/events/{event_id}")).status), (204, 404));
    let home = alice.get("/me/calendar").id();
    assert_eq!(alice.delete(&format!("/me/calendars/{home}")).status, 403);
    let group = alice.make("/me/calendarGroups", json!({"name": "Others"}));
    alice.make(&format!("/me/calendarGroups/{group}/calendars"), json!({"name": "Inner"}));
    assert_eq!(names(alice.get(&format!("/me/calendarGroups/{group}/calendars")).rows(), "name"), ["Inner"]);
    assert_eq!(names(alice.get("/me/calendars").rows(), "name"), ["Calendar", "Inner"]);
    alice.is_clean();
}

#[test]
fn a_new_calendar_can_come_under_another_id_later() {
    let alice = client();
    let mut rules = GraphRules::default();
    rules.events.new_calendars_change_ids = true;
    alice.graph.set_rules(rules);
    let made = alice.make("/me/calendars", json!({"name": "Team"}));
    let listed = ids(alice.get("/me/calendars").rows()).remove(1);
    assert_ne!(made, listed);
    assert_eq!((alice.get(&format!("/me/calendars/{made}")).status, alice.get(&format!("/me/calendars/{listed}")).status), (404, 200));
}

#[test]
fn a_series_keeps_its_wall_time_and_tells_what_is_not_as_the_rule_says() {
    let alice = client();
    let made = alice.post("/me/events", series());
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(
        made.body["recurrence"]["pattern"],
        json!({"type": "weekly", "interval": 1, "daysOfWeek": ["monday"], "firstDayOfWeek": "monday", "dayOfMonth": 0, "index": "first", "month": 0})
    );
    assert_eq!(
        (&made.body["recurrence"]["range"]["endDate"], &made.body["recurrence"]["range"]["recurrenceTimeZone"]),
        (&json!("0001-01-01"), &json!(BERLIN))
    );
    let master = made.id();
    let all = instances(&alice, &master);
    assert_eq!(
        (all.len(), &all[2]["start"]["dateTime"], &all[3]["start"]["dateTime"]),
        (6, &json!("2026-10-19T08:00:00.0000000"), &json!("2026-10-26T09:00:00.0000000"))
    );
    assert!(all[0]["type"] == "occurrence" && all[0]["seriesMasterId"] == master && all[0].get("originalStart").is_none(), "{}", all[0]);
    assert_ne!(all[0]["iCalUId"], made.body["iCalUId"]);
    // One moved, one renamed, one cancelled.
    let target = |at: usize| format!("/me/events/{}", all[at]["id"].as_str().unwrap());
    let moved = alice.patch(&target(3), json!({"start": at("2026-10-27T15:00:00", BERLIN), "end": at("2026-10-27T16:00:00", BERLIN)}));
    assert_eq!(
        (moved.status, &moved.body["type"], &moved.body["originalStart"]),
        (200, &json!("exception"), &json!("2026-10-26T09:00:00Z"))
    );
    assert_eq!(moved.id(), all[3]["id"].as_str().unwrap(), "an exception keeps the id of its occurrence");
    assert_eq!(alice.patch(&target(4), json!({"subject": "Other"})).text("subject"), "Other");
    assert_eq!(alice.delete(&target(1)).status, 204);
    assert_eq!((alice.get(&target(1)).status, instances(&alice, &master).len()), (404, 5));
    let told = alice.get(&format!("/me/events/{master}?$select=subject,cancelledOccurrences&$expand=exceptionOccurrences"));
    assert_eq!(told.body["cancelledOccurrences"], json!([format!("OID.{master}.2026-10-12")]));
    assert_eq!(names(told.body["exceptionOccurrences"].as_array().unwrap(), "subject"), ["Weekly", "Other"]);
    // The series is renamed: what has a name of its own keeps it.
    alice.patch(&format!("/me/events/{master}"), json!({"subject": "New"}));
    assert_eq!(names(&instances(&alice, &master), "subject"), ["New", "New", "New", "Other", "New"]);
    alice.is_clean();
}

#[test]
fn exceptions_are_told_of_a_single_master_alone() {
    let alice = client();
    let master = alice.make("/me/events", series());
    let first = instances(&alice, &master)[0]["id"].as_str().unwrap().to_owned();
    alice.delete(&format!("/me/events/{first}"));
    assert_eq!(alice.get("/me/events?$expand=exceptionOccurrences").status, 400);
    assert_eq!(alice.get("/me/events?$select=cancelledOccurrences").rows()[0]["cancelledOccurrences"], json!([]));
    let single = alice.make("/me/events", event("A", "2026-03-02"));
    assert_eq!(alice.get(&format!("/me/events/{single}?$expand=exceptionOccurrences")).status, 400);
    let mut rules = GraphRules::default();
    rules.events.tells_exceptions = false;
    alice.graph.set_rules(rules);
    assert_eq!(alice.get(&format!("/me/events/{master}?$expand=exceptionOccurrences")).status, 400);
}

#[test]
fn an_occurrence_stays_between_its_neighbours() {
    let alice = client();
    let master = alice.make("/me/events", series());
    let second = instances(&alice, &master)[1]["id"].as_str().unwrap().to_owned();
    for day in ["2026-10-05", "2026-10-19", "2026-11-30"] {
        let refused = alice.patch(
            &format!("/me/events/{second}"),
            json!({"start": at(&format!("{day}T15:00:00"), BERLIN), "end": at(&format!("{day}T16:00:00"), BERLIN)}),
        );
        assert_eq!(refused.code(), "ErrorOccurrenceCrossingBoundary", "{day}");
    }
    let there = alice.patch(
        &format!("/me/events/{second}"),
        json!({"start": at("2026-10-18T15:00:00", BERLIN), "end": at("2026-10-18T16:00:00", BERLIN)}),
    );
    assert_eq!(there.status, 200, "{}", there.body);
    assert_eq!(alice.patch(&format!("/me/events/{second}"), json!({"recurrence": null})).status, 400);
}

#[test]
fn a_series_that_gets_another_pattern_begins_anew() {
    let alice = client();
    let master = alice.make("/me/events", series());
    let first = instances(&alice, &master)[0]["id"].as_str().unwrap().to_owned();
    alice.patch(&format!("/me/events/{first}"), json!({"subject": "Other"}));
    let mut other = series()["recurrence"].clone();
    alice.patch(&format!("/me/events/{master}"), json!({"recurrence": other}));
    assert_eq!(names(&instances(&alice, &master), "subject")[0], "Other", "the same pattern is no change");
    other["range"]["numberOfOccurrences"] = json!(3);
    alice.patch(&format!("/me/events/{master}"), json!({"recurrence": other}));
    assert_eq!(names(&instances(&alice, &master), "subject"), ["Weekly"; 3]);
    let single = alice.patch(&format!("/me/events/{master}"), json!({"recurrence": null}));
    assert_eq!(
        (single.text("type"), alice.get(&format!("/me/events/{master}/instances?{WINDOW}")).status),
        ("singleInstance".to_owned(), 400)
    );
}

#[test]
fn a_start_that_the_pattern_does_not_have_is_moved_to_the_first_day_that_it_has() {
    let alice = client();
    let mut body = series();
    body["start"] = at("2026-10-06T10:00:00", BERLIN);
    body["end"] = at("2026-10-06T11:00:00", BERLIN);
    body["recurrence"]["range"]["startDate"] = json!("2026-10-06");
    let made = alice.post("/me/events", body);
    assert_eq!((made.text("type"), &made.body["start"]["dateTime"]), ("seriesMaster".to_owned(), &json!("2026-10-12T08:00:00.0000000")));
    assert_eq!(made.body["recurrence"]["range"]["startDate"], "2026-10-12");
}

#[test]
fn extended_properties_and_attachments_lie_beside_an_event() {
    let alice = client();
    let mut body = event("A", "2026-03-02");
    body["singleValueExtendedProperties"] = json!([{"id": PROPERTY, "value": "crm-1"}]);
    let id = alice.make("/me/events", body);
    let encoded = PROPERTY.replace(' ', "%20").replace('{', "%7B").replace('}', "%7D");
    let filter = format!("singleValueExtendedProperties/Any(ep:%20ep/id%20eq%20'{encoded}'%20and%20ep/value%20eq%20'crm-1')");
    assert_eq!(ids(alice.get(&format!("/me/events?$filter={filter}")).rows()), [id.clone()]);
    let target = format!("/me/events/{id}/attachments");
    let file =
        json!({"@odata.type": "#microsoft.graph.fileAttachment", "name": "a.txt", "contentType": "text/plain", "contentBytes": "aGk="});
    let made = alice.post(&target, file.clone());
    assert_eq!((made.status, &made.body["contentBytes"], &made.body["isInline"]), (201, &json!("aGk="), &json!(false)));
    assert_eq!(alice.get(&format!("/me/events/{id}")).body["hasAttachments"], true);
    assert!(alice.get(&format!("{target}?$select=name")).rows()[0].get("contentBytes").is_none());
    assert_eq!(alice.get(&format!("{target}/{}/$value", made.id())).bytes, "hi");
    assert_eq!(alice.get(&format!("/me/events/{id}?$expand=attachments")).body["attachments"][0]["name"], "a.txt");
    assert_eq!(alice.post(&target, json!({"name": "x"})).status, 400);
    let large = json!({"@odata.type": "#microsoft.graph.fileAttachment", "name": "b", "contentBytes": "A".repeat(4 * 1024 * 1024 + 4)});
    assert_eq!(alice.post(&target, large).status, 413);
    assert_eq!((alice.delete(&format!("{target}/{}", made.id())).status, alice.get(&target).rows().len()), (204, 0));
    alice.is_clean();
}

#[test]
fn a_large_attachment_is_uploaded_in_order_at_an_address_without_a_token() {
    let alice = client();
    let id = alice.make("/me/events", event("A", "2026-03-02"));
    let target = format!("/me/events/{id}/attachments");
    let item = json!({"AttachmentItem": {"attachmentType": "file", "name": "big.bin", "size": 6}});
    let small = alice.post(&format!("{target}/createUploadSession"), item);
    assert_eq!((small.status, &small.body["error"]["code"]), (400, &json!("ErrorAttachmentSizeShouldNotBeLessThanMinimumSize")));
    let mut rules = pimkit_simulators::GraphRules::default();
    (rules.limits.upload, rules.limits.upload_parts) = (1, 3);
    alice.graph.set_rules(rules);
    let session = alice.post(
        &format!("{target}/createUploadSession"),
        json!({"AttachmentItem": {"attachmentType": "file", "name": "big.bin", "size": 6}}),
    );
    assert_eq!(session.status, 201, "{}", session.body);
    let put = |bytes: &'static [u8], range: &str| {
        let request = http::Request::put(session.text("uploadUrl")).header("content-range", range).body(bytes.into()).unwrap();
        alice.send(&request).unwrap()
    };
    assert_eq!(put(b"def", "bytes 3-5/6").status, 416, "parts come in order");
    let first = put(b"abc", "bytes 0-2/6");
    assert_eq!((first.status, &first.body["nextExpectedRanges"]), (200, &json!(["3-"])));
    let asked = alice.send(&http::Request::get(session.text("uploadUrl")).body(Default::default()).unwrap()).unwrap();
    assert_eq!((asked.status, &asked.body["nextExpectedRanges"]), (200, &json!(["3-"])));
    let signed = http::Request::put(session.text("uploadUrl")).header("authorization", "Bearer x").header("content-range", "bytes 3-5/6");
    assert_eq!(alice.send(&signed.body("def".into()).unwrap()).unwrap().status, 401, "the address has its own token");
    assert_eq!(alice.graph.violations().len(), 1);
    alice.graph.reset_violations();
    let last = put(b"def", "bytes 3-5/6");
    assert_eq!(last.status, 201);
    let attachment = last.header("location").rsplit('/').next().unwrap().to_owned();
    assert_eq!(alice.get(&format!("{target}/{attachment}/$value")).bytes, "abcdef");
    assert_eq!(put(b"def", "bytes 3-5/6").status, 404);
}

#[test]
fn an_online_meeting_stays_online_and_loses_its_address_with_the_text_that_tells_it() {
    let alice = client();
    let mut body = event("A", "2026-03-02");
    body["isOnlineMeeting"] = json!(true);
    let made = alice.post("/me/events", body);
    assert!(made.body["onlineMeeting"]["joinUrl"].as_str().unwrap().starts_with("https://teams."), "{}", made.body);
    assert_eq!((made.text("onlineMeetingProvider"), &made.body["onlineMeetingUrl"]), ("teamsForBusiness".to_owned(), &Value::Null));
    let target = format!("/me/events/{}", made.id());
    assert_eq!(alice.patch(&target, json!({"isOnlineMeeting": false, "subject": "B"})).body["isOnlineMeeting"], true);
    assert!(alice.get(&target).body["onlineMeeting"].is_object());
    let lost = alice.patch(&target, json!({"body": {"contentType": "html", "content": "mine"}}));
    assert_eq!(lost.body["onlineMeeting"], Value::Null);
}

#[test]
fn the_zone_that_an_event_tells_can_be_one_that_nobody_knows() {
    let alice = client();
    let id = alice.immutable().make("/me/events", event("A", "2026-03-02"));
    assert!(alice.graph.set_original_zone(ALICE, &id, "tzone://Microsoft/Custom"));
    let shown = alice.get(&format!("/me/events/{id}"));
    assert_eq!(
        (shown.text("originalStartTimeZone"), &shown.body["start"]),
        ("tzone://Microsoft/Custom".to_owned(), &at("2026-03-02T09:00:00.0000000", "UTC"))
    );
}

#[test]
fn a_series_that_is_moved_takes_its_rule_along() {
    let alice = client();
    let master = alice.make("/me/events", series());
    let moved = alice.patch(
        &format!("/me/events/{master}"),
        json!({"start": at("2026-10-12T10:00:00", BERLIN), "end": at("2026-10-12T11:00:00", BERLIN)}),
    );
    assert_eq!((moved.status, &moved.body["recurrence"]["range"]["startDate"]), (200, &json!("2026-10-12")), "{}", moved.body);
}
