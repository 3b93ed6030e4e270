//! An app store and a mailbox at Microsoft Graph, in one account: everything comes and goes, rests, is edited on both sides, and
//! nobody is mailed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod graph;

use graph::{ALICE, Kit, Thing};
use pimkit::{Contact, Event, Task};
use pimkit_simulators::{Fault, FaultRule};
use serde_json::json;

/// So many of a kind on each side, and after the first run the same on both.
fn world<R: Thing>(each: usize) -> Kit {
    let kit = Kit::default();
    for n in 0..each {
        kit.make(R::nth(n));
        kit.put(&R::path(&kit), &R::other(n));
    }
    kit.simulator.reset_requests();
    let report = kit.run::<R>();
    assert_eq!((report.created.left, report.created.right), (each as u64, each as u64), "{report:?}");
    assert_eq!((report.updated.left, report.updated.right, report.writes()), (0, 0, 2 * each as u64), "{report:?}");
    counts::<R>(&kit, 2 * each);
    kit
}

/// So many on both sides, under the same names.
fn counts<R: Thing>(kit: &Kit, count: usize) {
    let [here, there] = kit.names::<R>();
    assert_eq!((here.len(), &here), (count, &there), "{}", R::KIND.plural());
    assert_eq!(kit.simulator.list(ALICE, &R::path(kit)).len(), count, "{}", R::KIND.plural());
    kit.silent(R::KIND.plural());
}

fn everything_arrives_and_rests<R: Thing>() {
    let kit = world::<R>(12);
    for (name, here) in kit.here::<R>() {
        let there = kit.there::<R>().remove(&name).unwrap();
        let mut differences = pimkit::diff(&here.record, &there.record);
        differences.retain(|difference| !R::own_on_each_side().contains(&difference.field.as_str()));
        assert!(differences.is_empty(), "{name}: {differences:?}");
    }
    for run in ["second", "third"] {
        kit.rests::<R>(run);
    }
    counts::<R>(&kit, 24);
}

#[test]
fn contacts_arrive_on_both_sides_and_rest() {
    everything_arrives_and_rests::<Contact>();
}

#[test]
fn events_arrive_on_both_sides_and_rest() {
    everything_arrives_and_rests::<Event>();
}

#[test]
fn tasks_arrive_on_both_sides_and_rest() {
    everything_arrives_and_rests::<Task>();
}

/// What a run asks for when nothing has changed, as methods and paths without ids.
fn asked_at_rest<R: Thing>(each: usize) -> Vec<String> {
    let kit = world::<R>(each);
    kit.settle::<R>();
    kit.asked();
    kit.rests::<R>("nothing has changed");
    let named = |path: &str| path.split('/').map(|word| if word.len() > 40 { "{id}" } else { word }).collect::<Vec<_>>().join("/");
    let all = kit.simulator.requests();
    let mut asked: Vec<String> = all.iter().map(|seen| format!("{} {}", seen.method, named(&seen.path))).collect();
    asked.sort();
    asked
}

fn a_run_at_rest_asks<R: Thing>(expected: &[&str]) {
    for each in [5, 100] {
        assert_eq!(asked_at_rest::<R>(each), expected, "{} of {}", 2 * each, R::KIND.plural());
    }
}

#[test]
fn a_run_at_rest_asks_for_the_folders_and_the_changes_of_contacts() {
    a_run_at_rest_asks::<Contact>(&[
        // In one batch: the folders, and the default one, which no listing names.
        "GET /me/contactFolders",
        "GET /me/contactFolders/contacts",
        // What lies below the default folder; each folder costs one, twenty of them a batch.
        "GET /me/contactFolders/{id}/childFolders",
        "GET /me/contacts/delta",
        "POST /$batch",
    ]);
}

#[test]
fn a_run_at_rest_asks_for_the_calendars_and_the_changes_of_events() {
    a_run_at_rest_asks::<Event>(&[
        // Groups of calendars: no listing names the calendars of all of them.
        "GET /me/calendarGroups",
        "GET /me/calendarGroups/{id}/calendars",
        "GET /me/calendars",
        "GET /me/calendars/{id}/events/delta",
    ]);
}

#[test]
fn a_run_at_rest_asks_for_the_lists_and_the_changes_of_tasks() {
    a_run_at_rest_asks::<Task>(&["GET /me/todo/lists", "GET /me/todo/lists/{id}/tasks/delta"]);
}

fn edits_of_both_sides_are_merged<R: Thing>() {
    let kit = world::<R>(4);
    kit.settle::<R>();
    let name = kit.names::<R>()[0][1].clone();
    let item = kit.there::<R>().remove(&name).unwrap().id;
    let path = format!("{}/{item}", R::path(&kit));
    let [(field, ours, _), (other, _, theirs)] = R::edits();
    kit.edit::<R>(&name, field, ours.clone());
    kit.change(&path, &theirs);
    let report = kit.run::<R>();
    assert_eq!((report.updated.left, report.updated.right, report.conflicts), (1, 1, 0), "{report:?}");
    kit.run::<R>();
    kit.rests::<R>("both have both edits");
    for all in [kit.here::<R>(), kit.there::<R>()] {
        let record = all.into_values().find(|stored| stored.record.get(field) == Some(ours.clone())).expect("our edit").record;
        let told = record.get(other).unwrap_or_default().to_string();
        assert!(told.contains("of Outlook"), "{told}");
    }
    // And a deletion on each side, of what the other one made.
    let names = kit.names::<R>()[0].clone();
    kit.delete::<R>(names.last().unwrap());
    let gone = kit.there::<R>().remove(&names[2]).unwrap().id;
    assert!(kit.simulator.delete(ALICE, &format!("{}/{gone}", R::path(&kit))));
    let report = kit.run::<R>();
    assert_eq!((report.deleted.left, report.deleted.right), (1, 1), "{report:?}");
    counts::<R>(&kit, 6);
    kit.rests::<R>("both have let go");
}

/// Outlook says of every event whether it makes one busy. What the app did not say, and means busy by itself (RFC 8984 section 4.4.2),
/// is no edit of Outlook's that would bring back what the app's user deletes.
#[test]
fn an_event_that_says_nothing_of_being_busy_is_changed_and_deleted_as_any_other() {
    let kit = Kit::default();
    for n in 0..5 {
        let mut event = Event::nth(n);
        event.free_busy_status = None;
        kit.make(event);
    }
    kit.settle::<Event>();
    kit.edit::<Event>("App 0", "description", json!("another text"));
    let report = kit.run::<Event>();
    assert_eq!((report.updated.right, report.writes()), (1, 1), "{report:?}");
    kit.settle::<Event>();
    kit.delete::<Event>("App 0");
    kit.delete::<Event>("App 1");
    let report = kit.run::<Event>();
    assert_eq!((report.deleted.right, report.writes()), (2, 2), "{report:?}");
    counts::<Event>(&kit, 3);
}

/// What another program made has neither mark nor uid of ours: where ids stay through a move, the other folders are asked by its id.
#[test]
fn a_deletion_is_told_from_a_move_by_ids_that_stay() {
    let kit = Kit::default();
    let folder = kit.put("contactFolders", &json!({"displayName": "Elsewhere"}));
    let ids: Vec<String> = (0..4).map(|n| kit.put("contacts", &Contact::other(n))).collect();
    kit.settle::<Contact>();
    assert!(kit.simulator.delete(ALICE, &format!("contacts/{}", ids[0])));
    assert!(kit.simulator.move_item(ALICE, &ids[1], &folder));
    let report = kit.try_run::<Contact>().unwrap().sync;
    assert_eq!((report.deleted.left, report.deleted.right), (1, 0), "{report:?}");
    let names = kit.names::<Contact>();
    assert!(!names[0].contains(&"Olga Outlook 0".to_owned()) && names[0].contains(&"Olga Outlook 1".to_owned()), "{names:?}; {report:?}");
    // And back again.
    assert!(kit.simulator.move_item(ALICE, &ids[1], "contacts"));
    kit.run::<Contact>();
    kit.run::<Contact>();
    counts::<Contact>(&kit, 3);
}

/// Tasks get another id when they are moved to another list (reference of todoTask: `id`), and no program but ours marks them: what
/// was made in To Do and is missing waits for somebody's word, and is not deleted.
#[test]
fn a_task_of_another_program_that_is_missing_waits() {
    let kit = world::<Task>(3);
    kit.settle::<Task>();
    let gone = kit.there::<Task>().remove("Outlook 1").unwrap().id;
    assert!(kit.simulator.delete(ALICE, &format!("{}/{gone}", Task::path(&kit))));
    let report = kit.try_run::<Task>().unwrap().sync;
    assert_eq!((report.deleted.left, report.held), (0, 1), "{report:?}");
    assert!(kit.here::<Task>().contains_key("Outlook 1"));
}

#[test]
fn edits_of_contacts_on_both_sides_are_merged() {
    edits_of_both_sides_are_merged::<Contact>();
}

#[test]
fn edits_of_events_on_both_sides_are_merged() {
    edits_of_both_sides_are_merged::<Event>();
}

#[test]
fn edits_of_tasks_on_both_sides_are_merged() {
    edits_of_both_sides_are_merged::<Task>();
}

/// A round that the service has forgotten is read from the start, and what is missing meanwhile is not gone.
fn a_forgotten_round_deletes_nothing<R: Thing>() {
    let kit = world::<R>(6);
    kit.settle::<R>();
    for round in 0..3 {
        kit.simulator.expire_tokens();
        kit.asked();
        let report = kit.run::<R>();
        assert_eq!((report.writes(), report.deleted.left + report.deleted.right), (0, 0), "{round}: {report:?}");
        assert!(kit.asked().iter().any(|seen| seen.status == 410), "the round was not forgotten");
    }
    // What changed while it was forgotten comes all the same.
    kit.simulator.expire_tokens();
    kit.put(&R::path(&kit), &R::other(100));
    let gone = kit.there::<R>().pop_first().unwrap().1.id;
    assert!(kit.simulator.delete(ALICE, &format!("{}/{gone}", R::path(&kit))));
    let report = kit.run::<R>();
    assert_eq!((report.created.left, report.deleted.left, report.deleted.right), (1, 1, 0), "{report:?}");
    counts::<R>(&kit, 12);
}

#[test]
fn a_forgotten_round_of_contacts_is_read_anew_without_a_deletion() {
    a_forgotten_round_deletes_nothing::<Contact>();
}

#[test]
fn a_forgotten_round_of_events_is_read_anew_without_a_deletion() {
    a_forgotten_round_deletes_nothing::<Event>();
}

#[test]
fn a_forgotten_round_of_tasks_is_read_anew_without_a_deletion() {
    a_forgotten_round_deletes_nothing::<Task>();
}

/// A third of all requests is refused, those within batches too, for a whole first run and every run after it.
fn storms_are_survived<R: Thing>() {
    let kit = Kit::default();
    for n in 0..30 {
        kit.make(R::nth(n));
        kit.put(&R::path(&kit), &R::other(n));
    }
    let refused = Fault::Status { code: 429, retry_after: Some("2.128".to_owned()), body: String::new() };
    kit.fault([FaultRule::always(refused).probability(0.3)]);
    let mut made = 0;
    for _ in 0..6 {
        // A run may end early; what it says was done is done.
        let Ok(report) = kit.try_run::<R>() else { continue };
        let report = report.sync;
        assert_eq!((report.deleted.left, report.deleted.right), (0, 0), "{report:?}");
        made += report.created.left + report.created.right;
        // What failed is tried again after a while.
        kit.clock.advance(std::time::Duration::from_secs(6 * 3600));
    }
    assert!(kit.simulator.requests().iter().filter(|seen| seen.status == 429).count() > 5, "there was no storm");
    assert!(made >= 55, "{made} of 60 were made in the storm");
    kit.free();
    kit.run::<R>();
    kit.run::<R>();
    kit.rests::<R>("after the storm");
    counts::<R>(&kit, 60);
}

#[test]
fn storms_of_refusals_lose_and_double_no_contact() {
    storms_are_survived::<Contact>();
}

#[test]
fn storms_of_refusals_lose_and_double_no_event() {
    storms_are_survived::<Event>();
}

#[test]
fn storms_of_refusals_lose_and_double_no_task() {
    storms_are_survived::<Task>();
}
