//! What becomes of each property of a task, in tables.

use super::{hanging::Hang, *};
use crate::calls::todo::{LINKS, STEPS};
use pimkit_core::{Frequency, Link, RecurrenceRule};

fn quirks() -> Quirks {
    Quirks::default()
}

fn zoned(at: &str) -> Option<When> {
    Some(When::zoned(at.parse().unwrap(), "Europe/Vienna"))
}

fn day(on: &str) -> Option<When> {
    Some(When::all_day(on.parse().unwrap()))
}

fn left(body: &Body) -> Vec<&str> {
    body.left_out.iter().map(|(field, _)| field.as_str()).collect()
}

/// As the reference page shows one, with what hangs on it.
fn resource() -> Value {
    json!({
        "@odata.etag": "W/\"xzyPKP0BiUGgld+lMKXwbQAAgdhkVw==\"",
        "importance": "high",
        "isReminderOn": true,
        "status": "waitingOnOthers",
        "title": "Tea",
        "createdDateTime": "2020-07-22T10:39:03.7937971Z",
        "lastModifiedDateTime": "2020-07-22T12:02:10.8835421Z",
        "categories": ["Important", "Kitchen"],
        "id": "AAMkADA1MTHgwAAA=",
        "body": { "content": "<p>One<br>two</p>", "contentType": "html" },
        "bodyLastModifiedDateTime": "2020-07-22T12:02:10.8835421Z",
        "dueDateTime": { "dateTime": "2020-07-22T00:00:00.0000000", "timeZone": "UTC" },
        "reminderDateTime": { "dateTime": "2020-07-22T08:30:00.0000000", "timeZone": "UTC" },
        "recurrence": {
            "pattern": { "type": "daily", "interval": 2, "month": 0, "dayOfMonth": 0, "daysOfWeek": [], "firstDayOfWeek": "sunday", "index": "first" },
            "range": { "type": "noEnd", "startDate": "2020-07-22", "endDate": "0001-01-01", "recurrenceTimeZone": "UTC", "numberOfOccurrences": 0 },
        },
        "linkedResources": [
            { "id": "l1", "applicationName": "pimkit", "displayName": "pimkit", "externalId": "mark-1", "webUrl": null },
            { "id": "l2", "applicationName": "Outlook", "displayName": "Mail about tea", "webUrl": "https://mail.example/1" },
            { "id": "l3", "applicationName": "Elsewhere", "externalId": "7" },
        ],
        "checklistItems": [
            { "id": "c1", "displayName": "Water", "isChecked": true },
            { "id": "c2", "displayName": "Leaves", "isChecked": false },
        ],
    })
}

#[test]
fn a_task_is_read_with_all_that_hangs_on_it() {
    let task = read(&resource()).unwrap();
    let fields = task.fields();
    let shown = |path: &str| fields.iter().find(|(field, _)| field.as_str() == path).map(|(_, value)| value.clone()).unwrap_or_default();
    for (path, expected) in [
        ("title", json!("Tea")),
        ("description", json!("One\ntwo")),
        ("due", json!({ "on": "2020-07-22" })),
        ("progress", json!("in-process")),
        ("priority", json!(1)),
        ("keywords", json!(["Important", "Kitchen"])),
        ("links", json!([{ "uri": "https://mail.example/1", "label": "Mail about tea" }])),
        ("custom.checklist", json!([{ "title": "Water", "done": true }, { "title": "Leaves", "done": false }])),
        ("alerts", json!([{ "trigger": { "at": "2020-07-22T08:30:00Z" } }])),
    ] {
        assert_eq!(shown(path), expected, "{path}");
    }
    assert_eq!((task.recurrence_rules[0].frequency, task.recurrence_rules[0].interval), (Frequency::Daily, Some(2)));
    assert_eq!(hanging::mark(&resource()), Some(Mark::from("mark-1")));
}

#[test]
fn nulls_everywhere_and_newer_words_cost_nothing_but_themselves() {
    let mut value = resource();
    for (name, slot) in value.as_object_mut().unwrap() {
        if !matches!(name.as_str(), "id" | "@odata.etag") {
            *slot = Value::Null;
        }
    }
    assert_eq!(read(&value).unwrap(), Task::default());
    let newer = json!({ "id": "1", "status": "unknownFutureValue", "importance": "urgent", "something": { "new": 1 } });
    assert_eq!(read(&newer).unwrap(), Task::default());
    for odd in [json!({ "title": 5 }), json!({ "dueDateTime": "tomorrow" }), json!({ "recurrence": {} }), json!({ "checklistItems": {} })] {
        assert_eq!(read(&odd).unwrap_err().kind(), ErrorKind::InvalidData, "{odd}");
    }
}

#[test]
fn a_change_sends_what_differs_and_nothing_else() {
    let base = read(&resource()).unwrap();
    let changed = |edit: &dyn Fn(&mut Task)| {
        let mut target = base.clone();
        edit(&mut target);
        let body = change(&base, &target, &quirks());
        assert_eq!(left(&body), [] as [&str; 0]);
        Value::Object(body.body)
    };
    assert_eq!(changed(&|_| {}), json!({}), "what was read in coarser words is not written back");
    assert_eq!(changed(&|t| t.title = Some("Coffee".into())), json!({ "title": "Coffee" }));
    assert_eq!(changed(&|t| t.description = None), json!({ "body": { "content": "", "contentType": "text" } }));
    assert_eq!(changed(&|t| t.progress = Some(Progress::Completed)), json!({ "status": "completed" }));
    assert_eq!(changed(&|t| t.priority = Some(2)), json!({}), "2 is high too");
    assert_eq!(changed(&|t| t.priority = None), json!({ "importance": "normal" }));
    assert_eq!(changed(&|t| t.keywords.clear()), json!({ "categories": [] }));
    assert_eq!(changed(&|t| t.alerts.clear()), json!({ "isReminderOn": false, "reminderDateTime": null }));
    assert_eq!(changed(&|t| t.recurrence_rules.clear()), json!({ "recurrence": null }));
    assert_eq!(
        changed(&|t| t.start = zoned("2020-07-20T23:30:00")),
        json!({ "startDateTime": { "dateTime": "2020-07-20T00:00:00", "timeZone": "UTC" } })
    );
    assert_eq!(changed(&|t| t.links.clear()), json!({}), "what hangs on a task has requests of its own");
}

#[test]
fn when_a_repeating_task_is_due_stays_unless_somebody_knows_better() {
    let base = read(&resource()).unwrap();
    let mut target = base.clone();
    target.due = day("2020-07-24");
    let body = change(&base, &target, &quirks());
    assert_eq!((left(&body), body.body.len()), (vec!["due"], 0));
    let mut knows = quirks();
    knows.due_of_series = true;
    let body = change(&base, &target, &knows);
    assert_eq!((left(&body), body.body.keys().map(String::as_str).collect::<Vec<_>>()), (vec![], vec!["dueDateTime"]));
    // With another rule it is another series anyway.
    target.recurrence_rules[0].interval = Some(3);
    let body = change(&base, &target, &quirks());
    assert_eq!(body.body.keys().map(String::as_str).collect::<Vec<_>>(), ["dueDateTime", "recurrence"]);
}

#[test]
fn what_to_do_cannot_hold_is_left_out_by_name() {
    let rule = |frequency| vec![RecurrenceRule { frequency, ..RecurrenceRule::default() }];
    let alert = |trigger| vec![Alert { trigger, action: AlertAction::Display }];
    for (edit, expected) in [
        (Box::new(|t: &mut Task| t.progress = Some(Progress::Cancelled)) as Box<dyn Fn(&mut Task)>, vec!["progress"]),
        (Box::new(move |t: &mut Task| t.alerts = alert(Trigger::Start(-300))), vec!["alerts"]),
        (Box::new(move |t: &mut Task| t.recurrence_rules = rule(Frequency::Daily)), vec!["recurrenceRules"]),
        (
            Box::new(|t: &mut Task| {
                t.due = day("2026-03-02");
                t.recurrence_rules = vec![RecurrenceRule { frequency: Frequency::Hourly, ..RecurrenceRule::default() }];
            }),
            vec!["recurrenceRules"],
        ),
        (
            Box::new(|t: &mut Task| {
                t.custom.insert("checklist".into(), json!("Water"));
            }),
            vec!["custom.checklist"],
        ),
    ] {
        let task = Task::build(|t| edit(t));
        let body = create(&task, &Mark::from("m"), &quirks());
        assert_eq!(left(&body), expected, "{task:?}");
        assert!(!body.body.contains_key("recurrence") && !body.body.contains_key("reminderDateTime"), "{:?}", body.body);
    }
}

#[test]
fn a_new_task_brings_its_mark_and_links_along() {
    let task = Task::build(|t| {
        t.title = Some("Tea".into());
        t.start = zoned("2026-03-02T09:00:00");
        t.due = zoned("2026-03-02T11:00:00");
        t.alerts = vec![Alert { trigger: Trigger::End(-600), action: AlertAction::Display }];
        t.links = vec![Link { uri: "https://tea.example/x".into(), ..Link::default() }];
        t.recurrence_rules = vec![RecurrenceRule { frequency: Frequency::Weekly, count: Some(4), ..RecurrenceRule::default() }];
    });
    let body = create(&task, &Mark::from("mark-1"), &quirks());
    assert_eq!(left(&body), [] as [&str; 0]);
    let body = Value::Object(body.body);
    let at = |time: &str| json!({ "dateTime": time, "timeZone": "UTC" });
    for (name, expected) in [
        ("title", json!("Tea")),
        ("status", json!("notStarted")),
        ("dueDateTime", at("2026-03-02T00:00:00")),
        // 11:00 in Vienna, less ten minutes.
        ("reminderDateTime", at("2026-03-02T09:50:00")),
        ("isReminderOn", json!(true)),
        (
            "linkedResources",
            json!([
                { "applicationName": "pimkit", "displayName": "pimkit", "externalId": "mark-1" },
                { "applicationName": "tea.example", "displayName": "https://tea.example/x", "webUrl": "https://tea.example/x" },
            ]),
        ),
        (
            "recurrence",
            json!({
                "pattern": { "type": "weekly", "interval": 1, "daysOfWeek": ["monday"], "firstDayOfWeek": "monday" },
                "range": { "type": "numbered", "startDate": "2026-03-02", "numberOfOccurrences": 4, "recurrenceTimeZone": "UTC" },
            }),
        ),
    ] {
        assert_eq!(body[name], expected, "{name}");
    }
    assert_eq!(hanging::mark(&body), Some(Mark::from("mark-1")));
}

#[test]
fn steps_and_links_change_one_by_one_and_those_of_others_stay() {
    let base = read(&resource()).unwrap();
    let requests = |edit: &dyn Fn(&mut Task), mark: Option<&str>| {
        // Meanwhile somebody hung a step and a link there.
        let mut there = resource();
        there[STEPS].as_array_mut().unwrap().push(json!({ "id": "c3", "displayName": "Milk", "isChecked": false }));
        there[LINKS].as_array_mut().unwrap().push(json!({ "id": "l4", "applicationName": "x", "webUrl": "https://new.example" }));
        let mut target = base.clone();
        edit(&mut target);
        let mark = mark.map(Mark::from);
        hanging::requests(&base, &target, mark.as_ref(), &there).into_iter().map(|(_, hang)| hang).collect::<Vec<_>>()
    };
    let steps = |list: Value| {
        move |t: &mut Task| {
            t.custom.insert("checklist".into(), list.clone());
        }
    };
    let change = |sort, id: &str, body| Hang::Change { sort, id: id.to_owned(), body };
    let remove = |sort, id: &str| Hang::Remove { sort, id: id.to_owned() };
    assert_eq!(requests(&|_| {}, None), []);
    assert_eq!(
        requests(&steps(json!([{ "title": "Water", "done": true }, { "title": "Leaves", "done": true }])), None),
        [change(STEPS, "c2", json!({ "isChecked": true }))]
    );
    assert_eq!(
        requests(&steps(json!(["Sugar", { "title": "Water", "done": true }])), None),
        [Hang::Add { sort: STEPS, body: json!({ "displayName": "Sugar", "isChecked": false }) }, remove(STEPS, "c2")]
    );
    assert_eq!(requests(&|t| t.custom.clear(), None), [remove(STEPS, "c1"), remove(STEPS, "c2")]);
    assert_eq!(requests(&|t| t.links.clear(), None), [remove(LINKS, "l2")]);
    assert_eq!(
        requests(&|t| t.links[0].label = Some("Other".into()), None),
        [change(LINKS, "l2", json!({ "applicationName": "mail.example", "displayName": "Other", "webUrl": "https://mail.example/1" }))]
    );
    assert_eq!(requests(&|_| {}, Some("mark-2")), [change(LINKS, "l1", json!({ "externalId": "mark-2" }))]);
}

#[test]
fn fields_are_only_read_where_nothing_can_be_written() {
    assert!(fields(false).iter().all(|field| !field.write && field.read));
    assert!(fields(true).iter().any(|field| field.write));
}
