//! Lists and tasks of To Do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cloned_ref_to_slice_refs,
    reason = "tests may panic"
)]

mod graph_common;

use graph_common::{Client, client, ids, names};
use pimkit_simulators::GraphRules;
use serde_json::{Value, json};

/// The default list.
fn tasks(alice: &Client) -> String {
    let lists = alice.get("/me/todo/lists");
    let list = lists.rows().iter().find(|list| list["wellknownListName"] == "defaultList").unwrap();
    format!("/me/todo/lists/{}/tasks", list["id"].as_str().unwrap())
}

fn on(day: &str) -> Value {
    json!({"dateTime": format!("{day}T00:00:00"), "timeZone": "UTC"})
}

#[test]
fn lists_are_made_renamed_and_deleted_but_those_of_the_service() {
    let alice = client();
    let lists = alice.get("/me/todo/lists");
    assert_eq!(names(lists.rows(), "wellknownListName"), ["defaultList", "flaggedEmails"]);
    let (_, link) = alice.round("/me/todo/lists/delta");
    let made = alice.post("/me/todo/lists", json!({"displayName": "Errands"}));
    assert_eq!((made.status, &made.body["isOwner"], made.text("wellknownListName")), (201, &json!(true), "none".to_owned()));
    let target = format!("/me/todo/lists/{}", made.id());
    assert_eq!(alice.patch(&target, json!({"displayName": "Chores"})).text("displayName"), "Chores");
    let (rows, link) = alice.round(&link);
    assert_eq!(names(&rows, "displayName"), ["Chores"]);
    assert_eq!(alice.delete(&target).status, 204);
    assert_eq!(alice.round(&link).0, [json!({"id": made.id(), "@removed": {"reason": "deleted"}})]);
    for list in lists.rows() {
        assert_eq!(alice.delete(&format!("/me/todo/lists/{}", list["id"].as_str().unwrap())).status, 400);
    }
    let flagged = lists.rows()[1]["id"].as_str().unwrap();
    assert_eq!(alice.post(&format!("/me/todo/lists/{flagged}/tasks"), json!({"title": "x"})).status, 400);
    alice.is_clean();
}

#[test]
fn a_task_is_made_changed_done_and_deleted() {
    let alice = client();
    let list = tasks(&alice);
    assert_eq!(alice.post(&list, json!({"importance": "high"})).status, 400, "a task needs a title");
    let made = alice.post(
        &list,
        json!({"title": "Call", "body": {"content": "now", "contentType": "text"}, "dueDateTime": on("2026-11-24"), "categories": ["Red"]}),
    );
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(
        (&made.body["dueDateTime"], &made.body["status"]),
        (&json!({"dateTime": "2026-11-24T00:00:00.0000000", "timeZone": "UTC"}), &json!("notStarted"))
    );
    assert!(made.body.get("completedDateTime").is_none() && made.body["body"]["content"] == "now", "{}", made.body);
    let target = format!("{list}/{}", made.id());
    let (rows, link) = alice.round(&format!("{list}/delta"));
    assert_eq!(ids(&rows), [made.id()]);
    let done = alice.patch(&target, json!({"status": "completed"}));
    assert!(done.body["completedDateTime"].is_object(), "{}", done.body);
    assert!(alice.patch(&target, json!({"status": "inProgress"})).body.get("completedDateTime").is_none());
    assert_eq!(alice.with("if-match", "W/\"x\"").patch(&target, json!({"title": "Ring"})).status, 200, "nobody looks at versions here");
    assert_eq!(alice.delete(&target).status, 204);
    assert_eq!(alice.round(&link).0, [json!({"id": made.id(), "@removed": {"reason": "deleted"}})]);
    let mut rules = GraphRules::default();
    rules.tasks.checks_versions = true;
    alice.graph.set_rules(rules);
    let other = alice.make(&list, json!({"title": "x"}));
    assert_eq!(alice.with("if-match", "W/\"x\"").patch(&format!("{list}/{other}"), json!({"title": "y"})).status, 412);
    alice.is_clean();
}

#[test]
fn a_due_date_is_the_day_that_a_time_has_in_utc() {
    let alice = client();
    let due = json!({"dateTime": "2026-11-24T00:00:00", "timeZone": "W. Europe Standard Time"});
    let made = alice.post(&tasks(&alice), json!({"title": "x", "dueDateTime": due, "reminderDateTime": due}));
    assert_eq!(made.body["dueDateTime"]["dateTime"], "2026-11-23T00:00:00.0000000");
    assert_eq!(made.body["reminderDateTime"]["dateTime"], "2026-11-23T23:00:00.0000000");
}

#[test]
fn checklist_items_and_linked_resources_change_their_task() {
    let alice = client();
    let list = tasks(&alice);
    let link = json!({"applicationName": "CRM", "externalId": "crm-1", "displayName": "Deal", "webUrl": "https://crm.example/1"});
    let made = alice.post(&list, json!({"title": "x", "linkedResources": [link]}));
    assert_eq!(made.status, 201, "{}", made.body);
    let target = format!("{list}/{}", made.id());
    assert_eq!(alice.get(&format!("{target}/linkedResources")).rows()[0]["externalId"], "crm-1");
    let shown = alice.get(&format!("{list}?$expand=linkedResources,checklistItems"));
    assert_eq!(
        (&shown.rows()[0]["linkedResources"][0]["applicationName"], &shown.rows()[0]["checklistItems"]),
        (&json!("CRM"), &json!([]))
    );
    assert_eq!(alice.get(&format!("{list}?$filter=linkedResources/any(l:l/externalId%20eq%20'crm-1')")).status, 400);
    let (_, round) = alice.round(&format!("{list}/delta"));
    let item = alice.post(&format!("{target}/checklistItems"), json!({"displayName": "one"}));
    let checked = alice.patch(&format!("{target}/checklistItems/{}", item.id()), json!({"isChecked": true}));
    assert!(checked.body["checkedDateTime"].is_string(), "{}", checked.body);
    assert_eq!(ids(&alice.round(&round).0), [made.id()]);
    assert_eq!(alice.delete(&format!("{target}/checklistItems/{}", item.id())).status, 204);
    assert_eq!(alice.post(&format!("{target}/linkedResources"), json!({"webUrl": "x"})).status, 400);
    let file =
        json!({"@odata.type": "#microsoft.graph.taskFileAttachment", "name": "a", "contentType": "text/plain", "contentBytes": "aGk="});
    let attached = alice.post(&format!("{target}/attachments"), file);
    assert_eq!((attached.status, alice.get(&format!("{target}/attachments/{}/$value", attached.id())).bytes), (201, "hi".into()));
    assert_eq!(alice.get(&target).body["hasAttachments"], true);
    alice.is_clean();
}

#[test]
fn a_task_that_recurs_is_followed_by_another_when_it_is_done_or_due_on_another_day() {
    let alice = client();
    let list = tasks(&alice);
    let recurrence = json!({"pattern": {"type": "daily", "interval": 2}, "range": {"type": "noEnd"}});
    let made = alice.post(&list, json!({"title": "x", "dueDateTime": on("2026-11-24"), "recurrence": recurrence}));
    assert_eq!(made.body["recurrence"]["range"]["startDate"], "2026-11-24", "{}", made.body);
    assert_eq!(alice.post(&list, json!({"title": "x", "recurrence": recurrence})).status, 400, "from which day?");
    alice.patch(&format!("{list}/{}", made.id()), json!({"status": "completed"}));
    let all = alice.get(&list);
    assert_eq!(all.rows().len(), 2);
    let (done, next) = (&all.rows()[0], &all.rows()[1]);
    assert!(done.get("recurrence").is_none() && next["dueDateTime"]["dateTime"] == "2026-11-26T00:00:00.0000000", "{next}");
    alice.patch(&format!("{list}/{}", next["id"].as_str().unwrap()), json!({"dueDateTime": on("2026-11-27")}));
    assert_eq!(alice.get(&list).rows().len(), 3);
    let mut rules = GraphRules::default();
    rules.tasks.due_change_makes_another = false;
    alice.graph.set_rules(rules);
    let other = alice.get(&list).rows()[2]["id"].as_str().unwrap().to_owned();
    alice.patch(&format!("{list}/{other}"), json!({"dueDateTime": on("2026-11-28")}));
    assert_eq!(alice.get(&list).rows().len(), 3);
    alice.is_clean();
}
