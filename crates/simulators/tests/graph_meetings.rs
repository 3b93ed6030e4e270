//! Meetings: whom Exchange mails, and what the others get.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cloned_ref_to_slice_refs,
    reason = "tests may panic"
)]

mod graph_common;

use graph_common::{BOB, Client, client};
use pimkit_simulators::{GraphRules, MailMethod};
use serde_json::{Value, json};

fn meeting(attendees: &[&str]) -> Value {
    let at = |hour: u8| json!({"dateTime": format!("2026-03-02T{hour}:00:00"), "timeZone": "UTC"});
    let attendees: Vec<Value> = attendees.iter().map(|address| json!({"emailAddress": {"address": address}, "type": "required"})).collect();
    json!({"subject": "Plan", "start": at(10), "end": at(11), "attendees": attendees})
}

fn bob(alice: &Client) -> Client {
    Client { token: "bob".to_owned(), ..alice.clone() }
}

/// To whom what was mailed since the last look.
fn mailed(alice: &Client) -> Vec<(String, MailMethod)> {
    let mails = alice.graph.outbox().into_iter().map(|mail| (mail.to, mail.method)).collect();
    alice.graph.reset_outbox();
    mails
}

#[test]
fn an_organiser_mails_with_every_write() {
    let alice = client();
    let made = alice.post("/me/events", meeting(&[BOB, "eve@elsewhere.example"]));
    let all = |method: MailMethod| vec![(BOB.to_owned(), method), ("eve@elsewhere.example".to_owned(), method)];
    let first = alice.graph.outbox().remove(0);
    assert_eq!((first.from.as_str(), first.summary.as_str(), first.uid), ("alice@example.com", "Plan", made.text("iCalUId")));
    assert_eq!(mailed(&alice), all(MailMethod::Request));
    let target = format!("/me/events/{}", made.id());
    alice.patch(&target, json!({"categories": ["Red"]}));
    assert_eq!(mailed(&alice), all(MailMethod::Request), "whatever it is that is written");
    alice.patch(&target, json!({"attendees": meeting(&[BOB])["attendees"]}));
    assert_eq!(mailed(&alice), [("eve@elsewhere.example".to_owned(), MailMethod::Cancel), (BOB.to_owned(), MailMethod::Request)]);
    alice.delete(&target);
    assert_eq!(mailed(&alice), [(BOB.to_owned(), MailMethod::Cancel)]);
    alice.is_clean();
}

#[test]
fn a_calendar_with_meetings_is_not_deleted_in_silence() {
    let alice = client();
    let calendar = alice.post("/me/calendars", json!({"name": "Team"})).id();
    let calendar = alice
        .get("/me/calendars")
        .rows()
        .iter()
        .find(|row| row["name"] == "Team")
        .map_or(calendar, |row| row["id"].as_str().unwrap().to_owned());
    alice.make(&format!("/me/calendars/{calendar}/events"), meeting(&[BOB]));
    alice.make(&format!("/me/calendars/{calendar}/events"), meeting(&[]));
    alice.graph.reset_outbox();
    assert_eq!(alice.delete(&format!("/me/calendars/{calendar}")).status, 204);
    assert_eq!(mailed(&alice), [(BOB.to_owned(), MailMethod::Cancel)]);
}

#[test]
fn what_nobody_else_sees_can_be_written_in_silence() {
    let alice = client();
    let mut rules = GraphRules::default();
    rules.events.private_changes_mail = false;
    alice.graph.set_rules(rules);
    let id = alice.make("/me/events", meeting(&[BOB]));
    alice.graph.reset_outbox();
    alice.patch(&format!("/me/events/{id}"), json!({"categories": ["Red"], "isReminderOn": false}));
    assert_eq!(mailed(&alice), []);
    alice.patch(&format!("/me/events/{id}"), json!({"categories": ["Red"], "subject": "x"}));
    assert_eq!(mailed(&alice).len(), 1);
}

#[test]
fn an_attendee_gets_a_copy_that_only_the_organiser_changes() {
    let alice = client();
    let made = alice.post("/me/events", meeting(&[BOB]));
    let bob = bob(&alice);
    let copy = bob.get("/me/events").rows()[0].clone();
    assert_eq!(
        (&copy["isOrganizer"], &copy["responseStatus"]["response"], &copy["iCalUId"]),
        (&json!(false), &json!("notResponded"), &made.body["iCalUId"])
    );
    assert_ne!(copy["id"], json!(made.id()));
    let target = format!("/me/events/{}", copy["id"].as_str().unwrap());
    let refused = bob.patch(&target, json!({"subject": "Mine"}));
    assert_eq!((refused.status, refused.code()), (403, "ErrorAccessDenied"));
    assert_eq!(bob.patch(&target, json!({"categories": ["Red"], "showAs": "free", "isReminderOn": false})).status, 200);
    alice.graph.reset_outbox();
    alice.patch(&format!("/me/events/{}", made.id()), json!({"subject": "New plan"}));
    let copy = bob.get(&target).body;
    assert_eq!((&copy["subject"], &copy["categories"], &copy["showAs"]), (&json!("New plan"), &json!(["Red"]), &json!("free")));
    alice.delete(&format!("/me/events/{}", made.id()));
    let copy = bob.get(&target).body;
    assert_eq!((&copy["isCancelled"], &copy["subject"]), (&json!(true), &json!("Canceled: New plan")));
}

#[test]
fn an_attendee_answers_by_mail_and_the_organiser_sees_it() {
    let alice = client();
    let made = alice.post("/me/events", meeting(&[BOB]));
    let bob = bob(&alice);
    let target = format!("/me/events/{}", bob.get("/me/events").rows()[0]["id"].as_str().unwrap());
    alice.graph.reset_outbox();
    let status = |alice: &Client| alice.get(&format!("/me/events/{}", made.id())).body["attendees"][0]["status"]["response"].clone();
    assert_eq!(bob.post(&format!("{target}/accept"), json!({"sendResponse": false})).status, 202);
    assert_eq!((mailed(&alice), status(&alice)), (vec![], json!("none")));
    assert_eq!(bob.post(&format!("{target}/tentativelyAccept"), json!({"comment": "x"})).status, 202);
    assert_eq!(alice.graph.outbox()[0].answer.as_deref(), Some("TENTATIVE"));
    assert_eq!((mailed(&alice), status(&alice)), (vec![("alice@example.com".to_owned(), MailMethod::Reply)], json!("tentativelyAccepted")));
    assert_eq!(bob.get(&target).body["responseStatus"]["response"], "tentativelyAccepted");
    assert_eq!(bob.post(&format!("{target}/decline"), json!({})).status, 202);
    assert_eq!((bob.get(&target).status, status(&alice)), (404, json!("declined")));
    let own = alice.post(&format!("/me/events/{}/accept", made.id()), json!({}));
    assert_eq!(own.status, 400, "an organiser does not answer");
}

#[test]
fn an_attendee_who_deletes_declines_or_goes_in_silence() {
    for (declines, mails) in [(true, 1), (false, 0)] {
        let alice = client();
        let mut rules = GraphRules::default();
        rules.events.deleting_declines = declines;
        alice.graph.set_rules(rules);
        alice.make("/me/events", meeting(&[BOB]));
        alice.graph.reset_outbox();
        let bob = bob(&alice);
        let id = bob.get("/me/events").rows()[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(bob.delete(&format!("/me/events/{id}")).status, 204);
        assert_eq!(mailed(&alice).len(), mails);
    }
}

#[test]
fn one_occurrence_of_a_meeting_is_changed_and_cancelled_by_mail() {
    let alice = client();
    let mut body = meeting(&[BOB]);
    body["recurrence"] = json!({"pattern": {"type": "daily", "interval": 1}, "range": {"type": "numbered", "numberOfOccurrences": 3}});
    let id = alice.make("/me/events", body);
    let window = "startDateTime=2026-03-01T00:00:00Z&endDateTime=2026-04-01T00:00:00Z";
    let days = alice.get(&format!("/me/events/{id}/instances?{window}")).rows().to_vec();
    alice.graph.reset_outbox();
    alice.patch(&format!("/me/events/{}", days[1]["id"].as_str().unwrap()), json!({"subject": "Other"}));
    assert_eq!(mailed(&alice), [(BOB.to_owned(), MailMethod::Request)]);
    alice.delete(&format!("/me/events/{}", days[2]["id"].as_str().unwrap()));
    assert_eq!(mailed(&alice), [(BOB.to_owned(), MailMethod::Cancel)]);
    let theirs = bob(&alice).get(&format!("/me/calendarView?{window}"));
    assert_eq!(graph_common::names(theirs.rows(), "subject"), ["Plan", "Other"]);
    assert_eq!(alice.post(&format!("/me/events/{id}/cancel"), json!({"comment": "no"})).status, 202);
    assert_eq!((mailed(&alice).len(), alice.get(&format!("/me/events/{id}")).status), (1, 404));
    let forwarded = json!({"toRecipients": [{"emailAddress": {"address": "eve@elsewhere.example"}}]});
    let other = alice.make("/me/events", meeting(&[]));
    assert_eq!(alice.post(&format!("/me/events/{other}/forward"), forwarded).status, 202);
    assert_eq!(mailed(&alice), [("eve@elsewhere.example".to_owned(), MailMethod::Request)]);
}

#[test]
fn what_is_private_is_not_shown_to_others() {
    let alice = client();
    let mut body = meeting(&[]);
    body["sensitivity"] = json!("private");
    let id = alice.make("/me/events", body);
    alice.graph.share(graph_common::ALICE, BOB, true);
    let seen = bob(&alice).get(&format!("/users/{}/events/{id}", graph_common::ALICE));
    assert_eq!((seen.status, &seen.body["subject"], &seen.body["attendees"]), (200, &json!(""), &json!([])));
    assert_eq!(alice.get(&format!("/me/events/{id}")).text("subject"), "Plan");
    alice.is_clean();
}

#[test]
fn a_meeting_of_an_organiser_elsewhere_is_a_copy() {
    let alice = client();
    let mut body = meeting(&[graph_common::ALICE]);
    body["organizer"] = json!({"emailAddress": {"name": "Eve", "address": "eve@elsewhere.example"}});
    body["iCalUId"] =
        json!("040000008200E00074C5B7101A82E00800000000AAAAAAAAAAAAAAAA00000000000000001000000000000000BBBBBBBBBBBBBBBB0000000000000000");
    let id = alice.graph.invite(graph_common::ALICE, &body).unwrap();
    assert_eq!(mailed(&alice), []);
    let target = format!("/me/events/{id}");
    let copy = alice.get(&target);
    assert_eq!((&copy.body["isOrganizer"], &copy.body["iCalUId"]), (&json!(false), &body["iCalUId"]));
    assert_eq!(alice.patch(&target, json!({"subject": "x"})).status, 403);
    alice.post(&format!("{target}/accept"), json!({}));
    assert_eq!(mailed(&alice), [("eve@elsewhere.example".to_owned(), MailMethod::Reply)]);
    alice.is_clean();
}
