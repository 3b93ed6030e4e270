//! What an event is read as, and what a change of it says.

use super::*;
use jiff::civil::datetime;
use pimkit_core::ErrorKind;
use pimkit_core::{FreeBusy, Location, Participant, Privacy, RecurrenceRule, When};
use serde_json::{Map, json};

fn ours() -> Mailbox {
    Mailbox { zone: Some(Zone::iana("Europe/Vienna")), own: vec!["me@example.com".to_owned()], shared: false, shows_private: true }
}

fn graph() -> Value {
    json!({
        "id": "AAM=", "@odata.etag": "W/\"k1\"", "type": "singleInstance", "iCalUId": "u1@example.com", "subject": "Jour fixe",
        "body": {"contentType": "text", "content": "One\r\ntwo\r\n\r\n"},
        "start": {"dateTime": "2026-07-01T07:00:00.0000000", "timeZone": "UTC"}, "end": {"dateTime": "2026-07-01T08:00:00.0000000", "timeZone": "UTC"},
        "originalStartTimeZone": "W. Europe Standard Time", "originalEndTimeZone": "W. Europe Standard Time", "isAllDay": false,
        "recurrence": null, "locations": [{"displayName": "Room 1", "uniqueId": "r1"}], "location": {"displayName": "Room 1"},
        "attendees": [], "organizer": {"emailAddress": {"address": "me@example.com", "name": "Me"}}, "isOrganizer": true,
        "sensitivity": "private", "importance": "high", "showAs": "tentative", "categories": ["Red", "Blue"], "isCancelled": false,
        "isReminderOn": true, "reminderMinutesBeforeStart": 15, "responseRequested": true, "isOnlineMeeting": false,
        "createdDateTime": "2026-06-01T00:00:00Z", "lastModifiedDateTime": "2026-06-02T00:00:00Z",
        "singleValueExtendedProperties": [
            {"id": MARK.graph_id(), "value": "s1-m"}, {"id": CUSTOM.graph_id(), "value": "{\"Region\":\"north\",\"Size\":3}"},
        ],
    })
}

fn event() -> Event {
    read(&graph(), &ours()).unwrap()
}

fn sheet<'s>(mailbox: &'s Mailbox, now: &'s Value) -> Sheet<'s> {
    Sheet { mailbox, now: Some(now), occurrence: false }
}

fn changed(target: &Event, now: &Value) -> Map<String, Value> {
    let base = read(now, &ours()).unwrap();
    change(&base, target, None, &sheet(&ours(), now)).unwrap().body
}

#[test]
fn an_event_is_read_in_every_field_that_has_a_place() {
    let event = event();
    assert_eq!(event.uid.as_deref(), Some("u1@example.com"));
    assert_eq!((event.title.as_deref(), event.description.as_deref()), (Some("Jour fixe"), Some("One\ntwo")));
    assert_eq!(event.start, Some(When::zoned(datetime(2026, 7, 1, 9, 0, 0, 0), "Europe/Berlin")));
    assert_eq!(event.end, Some(When::zoned(datetime(2026, 7, 1, 10, 0, 0, 0), "Europe/Berlin")));
    assert_eq!((event.free_busy_status, event.status), (Some(FreeBusy::Busy), Some(EventStatus::Tentative)));
    assert_eq!((event.privacy, event.priority), (Some(Privacy::Private), Some(1)));
    assert_eq!(event.keywords.iter().map(String::as_str).collect::<Vec<_>>(), ["Blue", "Red"]);
    assert_eq!(event.locations, [Location { name: Some("Room 1".to_owned()), coordinates: None }]);
    assert_eq!(event.alerts, [Alert { trigger: Trigger::Start(-900), action: AlertAction::Display }]);
    assert_eq!(event.custom["Region"], "north");
    assert_eq!(event.organizer, None);
    assert_eq!(mark(&graph()), Some(Mark::from("s1-m")));
}

#[test]
fn the_uid_that_a_record_came_with_is_its_uid_and_that_of_a_series_has_no_day() {
    let mut value = graph();
    value["iCalUId"] =
        "040000008200e00074c5b7101a82e00807ea0a1900000000000000000000000000000000100000000123456789abcdef0123456789abcdef".into();
    let uid = read(&value, &ours()).unwrap().uid.unwrap();
    assert!(uid.starts_with("040000008200E00074C5B7101A82E0080000000000"), "{uid}");
    value["singleValueExtendedProperties"].as_array_mut().unwrap().push(json!({"id": UID.graph_id(), "value": "ours"}));
    assert_eq!(read(&value, &ours()).unwrap().uid.as_deref(), Some("ours"));
}

#[test]
fn nulls_and_new_words_are_no_reason_to_lose_an_event() {
    let mut value = graph();
    let keep = ["id", "type", "start", "end"];
    for (name, property) in value.as_object_mut().unwrap() {
        if !keep.contains(&name.as_str()) {
            *property = Value::Null;
        }
    }
    let event = read(&value, &ours()).unwrap();
    assert_eq!(event.fields().keys().map(Field::as_str).collect::<Vec<_>>(), ["end", "start"]);
    for (property, word) in [("showAs", "unknownFutureValue"), ("sensitivity", "x"), ("importance", "x"), ("newer", "x")] {
        value[property] = word.into();
    }
    assert!(read(&value, &ours()).is_ok());
    for (property, odd) in [("subject", json!(5)), ("categories", json!("Red")), ("attendees", json!({})), ("isAllDay", json!("yes"))] {
        let mut value = graph();
        value[property] = odd;
        assert_eq!(read(&value, &ours()).unwrap_err().kind(), ErrorKind::InvalidData, "{property}");
    }
}

#[test]
fn a_change_says_what_differs_and_nothing_else() {
    let event = event();
    let with = |set: &dyn Fn(&mut Event)| {
        let mut target = event.clone();
        set(&mut target);
        target
    };
    type Set<'f> = &'f dyn Fn(&mut Event);
    let cases: &[(Set<'_>, &[&str])] = &[
        (&|_| {}, &[]),
        (&|e| e.title = None, &["subject"]),
        (&|e| e.description = Some("New".into()), &["body"]),
        (&|e| e.end = Some(When::zoned(datetime(2026, 7, 1, 11, 0, 0, 0), "Europe/Berlin")), &["end", "isAllDay", "start"]),
        (&|e| e.free_busy_status = Some(FreeBusy::Free), &["showAs"]),
        (&|e| e.privacy = Some(Privacy::Secret), &["sensitivity"]),
        (&|e| e.priority = Some(2), &[]),
        (&|e| e.priority = None, &["importance"]),
        (
            &|e| {
                e.keywords.clear();
            },
            &["categories"],
        ),
        (&|e| e.locations.clear(), &["location", "locations"]),
        (&|e| e.locations[0].name = Some("Room 2".into()), &["location"]),
        (&|e| e.locations.push(Location { name: Some("Room 2".into()), coordinates: None }), &["locations"]),
        (&|e| e.alerts.clear(), &["isReminderOn"]),
        (&|e| e.alerts[0].trigger = Trigger::Start(-300), &["reminderMinutesBeforeStart"]),
        (
            &|e| e.participants.push(Participant { address: "a@x.example".into(), ..Participant::default() }),
            &["attendees", "responseRequested"],
        ),
        (
            &|e| {
                e.custom.remove("Size");
            },
            &["singleValueExtendedProperties"],
        ),
        (&|e| e.recurrence_rules = vec![RecurrenceRule::default()], &["recurrence"]),
        (&|e| e.uid = Some("other".into()), &[]),
        (&|e| e.color = Some("red".into()), &[]),
    ];
    for (n, (set, expected)) in cases.iter().enumerate() {
        let body = changed(&with(set), &graph());
        assert_eq!(body.keys().map(String::as_str).collect::<Vec<_>>(), *expected, "case {n}");
    }
}

#[test]
fn what_a_write_does_not_speak_of_stays() {
    let now = graph();
    // Of the base only the custom field and the time's state are known.
    let base = Event::build(|e| e.custom = [("Region".to_owned(), "north".into())].into());
    let target = Event::build(|e| {
        e.custom = [("Region".to_owned(), "south".into())].into();
        e.free_busy_status = Some(FreeBusy::Busy);
    });
    let body = change(&base, &target, None, &sheet(&ours(), &now)).unwrap().body;
    let custom = property::read_custom(body["singleValueExtendedProperties"][0]["value"].as_str().unwrap());
    assert_eq!((custom["Region"].clone(), custom["Size"].clone()), ("south".into(), 3.into()));
    assert!(!body.contains_key("start"), "a start that was not read is not sent");
    // Out of office is busy: saying busy again leaves it.
    let mut oof = graph();
    oof["showAs"] = "oof".into();
    let mut target = read(&oof, &ours()).unwrap();
    target.title = Some("New".into());
    assert_eq!(changed(&target, &oof).keys().collect::<Vec<_>>(), ["subject"]);
}

#[test]
fn what_is_known_of_a_room_is_sent_along() {
    let mut target = event();
    target.locations.push(Location { name: Some("Garden".into()), coordinates: None });
    assert_eq!(changed(&target, &graph())["locations"][0]["uniqueId"], "r1");
}

#[test]
fn a_start_of_a_series_brings_its_rule_along() {
    let mut now = graph();
    now["recurrence"] = json!({"pattern": {"type": "daily", "interval": 1}, "range": {"type": "noEnd", "startDate": "2026-07-01"}});
    let mut target = read(&now, &ours()).unwrap();
    target.start = Some(When::zoned(datetime(2026, 7, 2, 9, 0, 0, 0), "Europe/Berlin"));
    target.end = Some(When::zoned(datetime(2026, 7, 2, 10, 0, 0, 0), "Europe/Berlin"));
    let body = changed(&target, &now);
    assert_eq!(body["recurrence"]["range"]["startDate"], "2026-07-02");
    assert_eq!(body["start"], json!({"dateTime": "2026-07-02T09:00:00", "timeZone": "W. Europe Standard Time"}));
    target.recurrence_rules.clear();
    assert_eq!(changed(&target, &now)["recurrence"], Value::Null);
}

#[test]
fn a_new_event_carries_its_mark_its_uid_and_one_transaction_for_a_mark() {
    let mut event = event();
    event.uid = Some("hub-1".into());
    let body = create(&event, &Mark::from("m1"), &ours()).unwrap();
    let sent = extended::read(&Value::Object(body.clone())).into_iter().map(|(p, v)| (p, v.to_owned())).collect::<Vec<_>>();
    assert!(sent.contains(&(MARK, "m1".to_owned())) && sent.contains(&(UID, "hub-1".to_owned())), "{sent:?}");
    let transaction = |mark: &str| create(&event, &Mark::from(mark), &ours()).unwrap()["transactionId"].clone();
    assert_eq!(transaction("m1"), transaction("m1"));
    assert_ne!(transaction("m1"), transaction("m2"));
    assert_eq!(transaction("m1").as_str().unwrap().len(), 36);
    assert_eq!(body["start"]["timeZone"], "W. Europe Standard Time");
    assert_eq!(body["location"]["displayName"], "Room 1");
    assert!(!body.contains_key("attendees") && !body.contains_key("responseRequested") && !body.contains_key("recurrence"));
    // The mailbox's own default is 15 minutes: no reminder has to be said.
    let bare = create(&Event::build(|e| e.start = event.start.clone()), &Mark::from("m"), &ours()).unwrap();
    assert_eq!(bare["isReminderOn"], false);
    assert!(!["subject", "body", "showAs", "sensitivity", "importance"].iter().any(|name| bare.contains_key(*name)), "{bare:?}");
}

#[test]
fn a_transaction_is_never_part_of_a_change() {
    let mut target = event();
    target.title = Some("New".into());
    let body = change(&event(), &target, Some(&Mark::from("m2")), &sheet(&ours(), &graph())).unwrap().body;
    assert_eq!(body.keys().collect::<Vec<_>>(), ["singleValueExtendedProperties", "subject"]);
}

#[test]
fn the_text_of_an_online_meeting_is_not_overwritten() {
    let mut now = graph();
    now["isOnlineMeeting"] = true.into();
    let mut target = read(&now, &ours()).unwrap();
    target.description = Some("New".into());
    target.title = Some("New".into());
    let change = change(&read(&now, &ours()).unwrap(), &target, None, &sheet(&ours(), &now)).unwrap();
    assert_eq!(change.body.keys().collect::<Vec<_>>(), ["subject"]);
    assert_eq!(change.left_out[0].0.as_str(), "description");
}

#[test]
fn whose_meeting_it_is_decides_what_may_be_written() {
    let guests = json!([{"emailAddress": {"address": "a@x.example"}}]);
    for (is_organizer, attendees, expected) in [
        (json!(true), json!([]), Role::Alone),
        (json!(null), json!([]), Role::Alone),
        (json!(true), json!(null), Role::Organizer),
        (json!(true), guests.clone(), Role::Organizer),
        (json!(null), guests.clone(), Role::Organizer),
        (json!(false), guests, Role::Guest),
        (json!(false), json!([]), Role::Guest),
        // What cannot be read is taken for a meeting.
        (json!(true), json!("odd"), Role::Organizer),
        (json!("odd"), json!([]), Role::Organizer),
    ] {
        assert_eq!(role(&json!({"isOrganizer": is_organizer, "attendees": attendees})), expected);
    }
    assert_eq!(role(&json!([])), Role::Organizer);
}

#[test]
fn what_a_private_item_hides_and_html_are_unknown_and_not_empty() {
    let veiled = Mailbox { shows_private: false, ..ours() };
    let names = |value: &Value, mailbox: &Mailbox| unread(value, mailbox).iter().map(|f| f.as_str().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&graph(), &ours()), Vec::<String>::new());
    assert!(names(&graph(), &veiled).contains(&"title".to_owned()));
    let mut html = graph();
    html["body"] = json!({"contentType": "html", "content": "<b>x</b>"});
    assert_eq!(names(&html, &ours()), ["description"]);
    assert_eq!(read(&html, &ours()).unwrap().description, None);
}

#[test]
fn what_has_no_place_is_named_with_its_reason() {
    let mut target = event();
    target.color = Some("red".into());
    target.status = Some(EventStatus::Cancelled);
    target.organizer = Some(pimkit_core::Organizer { address: "boss@x.example".into(), name: None });
    target.alerts = vec![Alert { trigger: Trigger::End(60), action: AlertAction::Display }];
    target.excluded_recurrence_rules = vec![RecurrenceRule::default()];
    let found: Vec<String> = homeless(&event(), &target, &ours().own).into_iter().map(|(field, _)| field.as_str().to_owned()).collect();
    assert_eq!(found, ["alerts", "color", "excludedRecurrenceRules", "organizer", "status"]);
    target = event();
    target.organizer = Some(pimkit_core::Organizer { address: "ME@example.com".into(), name: None });
    assert!(homeless(&event(), &target, &ours().own).is_empty());
}

#[test]
fn what_exchange_says_of_an_event_whose_record_says_nothing_is_not_read_as_said() {
    let plain = Event::build(|e| {
        e.title = Some("Plain".to_owned());
        (e.start, e.end) =
            (Some(When::all_day(datetime(2026, 7, 1, 0, 0, 0, 0).date())), Some(When::all_day(datetime(2026, 7, 2, 0, 0, 0, 0).date())));
    });
    let mut there = Value::Object(create(&plain, &Mark::of("m"), &ours()).unwrap());
    there["showAs"] = "busy".into();
    assert_eq!(read(&there, &ours()).unwrap().free_busy_status, None);
    // Whoever says something is heard.
    there["showAs"] = "free".into();
    assert_eq!(read(&there, &ours()).unwrap().free_busy_status, Some(FreeBusy::Free));
    there["showAs"] = "busy".into();
    let mut said = read(&there, &ours()).unwrap();
    said.free_busy_status = Some(FreeBusy::Busy);
    let body = changed(&said, &there);
    assert_eq!(body.keys().collect::<Vec<_>>(), ["singleValueExtendedProperties"]);
    there["singleValueExtendedProperties"] = body["singleValueExtendedProperties"].clone();
    assert_eq!(read(&there, &ours()).unwrap().free_busy_status, Some(FreeBusy::Busy));
}
