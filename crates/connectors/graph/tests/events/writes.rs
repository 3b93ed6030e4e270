//! Writes whose answers are lost, that meet with others, and what stays beside them.

use crate::{
    common::{ALICE, Account, ROOT},
    kit::{appointment, at, create, delete, quiet, status, sundays, update, with},
};
use bytes::Bytes;
use futures::{FutureExt, StreamExt, future::BoxFuture, stream};
use pimkit_core::{
    Attachment, Blob, BlobRef, BlobSource, Delete, ErrorKind, Event, Fetched, Key, Outcome, Record, When, Write, WriteOptions, Zone,
};
use pimkit_graph::Config;
use pimkit_simulators::{Fault, FaultRule, GraphRules};
use serde_json::json;
use std::sync::Arc;

const OVERTAKEN: &str = r#"{"error":{"code":"ErrorIrresolvableConflict","message":"The change key does not match."}}"#;

/// A create says its transaction: sent again after a lost answer it makes nothing new, by whatever words the server knows it.
#[tokio::test]
async fn a_create_that_was_stored_without_an_answer_is_sent_again_and_makes_one_event() {
    for answers_first in [true, false] {
        for fault in [Fault::StatusAfter { code: 504 }, Fault::StatusAfter { code: 503 }, Fault::ResetAfter] {
            let mut rules = GraphRules::default();
            rules.events.repeats_answer_first = answers_first;
            let account = Account::new(rules, Config::new(ROOT));
            account.fault(vec![FaultRule::on("POST", fault.clone()).at("/events").times(1)]);
            let made = account.make("m", &sundays("Choir")).await;
            assert_eq!(account.count(), 1, "{fault:?}");
            // And again much later, by somebody who never heard of it.
            let outcome = account.write(create("m", &sundays("Choir"))).await;
            assert!(matches!(&outcome, Outcome::Written { id, .. } if *id == made.id), "{outcome:?}");
            assert_eq!(account.count(), 1);
        }
    }
}

/// What the second try is told says nothing of the first.
#[tokio::test]
async fn a_create_that_was_stored_without_an_answer_and_is_refused_when_repeated_is_found() {
    for code in [400, 403] {
        let account = Account::default();
        let posted = |fault: Fault| FaultRule::on("POST", fault).at("/events");
        account.fault(vec![posted(Fault::StatusAfter { code: 504 }).nth(1), posted(crate::kit::status(code, "{}")).nth(2)]);
        let made = account.make("m", &appointment("Plan")).await;
        assert_eq!((account.count(), made.record.title.as_deref()), (1, Some("Plan")), "{code}");
    }
}

#[tokio::test]
async fn a_create_whose_answer_stays_lost_is_unknown_and_repeatable() {
    let account = Account::default();
    account.fault(vec![FaultRule::on("POST", Fault::StatusAfter { code: 504 }).at("/events")]);
    let outcome = account.write(create("m", &appointment("Plan"))).await;
    assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
    account.fault(Vec::new());
    let found = account.items().find(&account.home().await, &[Key::Mark("m".into())]).await.remove(0).unwrap();
    let outcome = account.write(create("m", &appointment("Plan"))).await;
    assert!(matches!(&outcome, Outcome::Written { id, .. } if *id == found[0].id), "{outcome:?}");
    assert_eq!(account.count(), 1);
}

#[tokio::test]
async fn a_create_that_died_before_its_exceptions_is_completed_and_a_users_edit_of_them_is_not_overruled() {
    let account = Account::default();
    let mut series = sundays("Choir");
    let key = pimkit_core::RecurrenceId(jiff::civil::datetime(2026, 10, 25, 9, 0, 0, 0));
    series.recurrence_overrides.insert(key, pimkit_core::Override::Excluded);
    account.fault(vec![FaultRule::on("DELETE", status(403, "{}"))]);
    let outcome = account.write(create("m", &series)).await;
    let id = match &outcome {
        Outcome::Written { id, left_out, .. } if !left_out.is_empty() => Some(id.clone()),
        Outcome::Unknown(_) => None,
        other => panic!("{other:?}"),
    };
    account.fault(Vec::new());
    let outcome = account.write(create("m", &series)).await;
    let Outcome::Written { id: again, now: Some(now), left_out, .. } = outcome else { panic!("{outcome:?}") };
    assert!(id.is_none_or(|id| id == again) && left_out.is_empty());
    assert_eq!(now.record.recurrence_overrides, series.recurrence_overrides);
    account.by_hand(&account.occurrence(&again, "2026-11-01"), &json!({"subject": "Theirs"}));
    let outcome = account.write(create("m", &series)).await;
    let Outcome::Written { left_out, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(left_out[0].0.as_str(), "recurrenceOverrides");
}

#[tokio::test]
async fn a_change_that_was_stored_without_an_answer_is_known_as_ours() {
    for fault in [Fault::StatusAfter { code: 504 }, Fault::StatusAfter { code: 502 }, Fault::ResetAfter] {
        let account = Account::default();
        let made = account.make("m", &appointment("Plan")).await;
        account.fault(vec![FaultRule::on("PATCH", fault).times(1)]);
        let outcome = account.write(update(&made, with(&made.record, "title", "New"))).await;
        let Outcome::Written { revision: Some(revision), now: Some(now), .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(now.record.title.as_deref(), Some("New"));
        assert_eq!(account.read(&made.id).await.revision, revision);
    }
}

#[tokio::test]
async fn somebody_else_between_our_two_tries_is_a_conflict() {
    let account = Account::default();
    let made = account.make("m", &appointment("Plan")).await;
    account.by_hand(made.id.as_str(), &json!({"subject": "Theirs"}));
    let outcome = account.write(update(&made, with(&made.record, "title", "Ours"))).await;
    let Outcome::Conflict { now: Some(now) } = outcome else { panic!("{outcome:?}") };
    assert_eq!(now.record.title.as_deref(), Some("Theirs"));
    let outcome = account.write(delete(&made, Delete::Permanent)).await;
    assert!(matches!(outcome, Outcome::Conflict { now: Some(_) }), "{outcome:?}");
}

/// Exchange refuses writes that meet with its own, with a condition and without (davmail 463 and 491).
#[tokio::test]
async fn a_write_that_met_one_of_the_servers_own_is_sent_again_and_not_for_ever() {
    let account = Account::default();
    account.fault(vec![FaultRule::on("POST", status(412, OVERTAKEN)).at("/events").times(2)]);
    let made = account.make("m", &sundays("Choir")).await;
    account.fault(vec![FaultRule::on("PATCH", status(412, OVERTAKEN)).times(2)]);
    let outcome = account.write(update(&made, with(&made.record, "title", "Band"))).await;
    assert!(matches!(outcome, Outcome::Written { .. }), "{outcome:?}");
    let made = account.read(&made.id).await;
    let mut target = made.record.clone();
    let key = pimkit_core::RecurrenceId(jiff::civil::datetime(2026, 10, 25, 9, 0, 0, 0));
    target.recurrence_overrides.insert(key, pimkit_core::Override::Excluded);
    account.fault(vec![FaultRule::on("DELETE", status(412, OVERTAKEN)).times(2)]);
    let outcome = account.write(update(&made, target.clone())).await;
    let Outcome::Written { now: Some(made), left_out, .. } = outcome else { panic!("{outcome:?}") };
    assert!(left_out.is_empty() && target.differing(&made.record).is_empty(), "{left_out:?}");
    account.fault(vec![FaultRule::on("PATCH", status(412, OVERTAKEN))]);
    let outcome = account.write(update(&made, with(&made.record, "title", "Trio"))).await;
    assert!(matches!(outcome, Outcome::Conflict { now: Some(_) }), "{outcome:?}");
    account.fault(vec![FaultRule::on("POST", status(412, OVERTAKEN)).at("/events")]);
    let outcome = account.write(create("n", &appointment("Plan"))).await;
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
}

#[tokio::test]
async fn a_deletion_that_was_done_without_an_answer_is_done() {
    for (mode, method) in [(Delete::Trash, "DELETE"), (Delete::Permanent, "POST")] {
        let account = Account::default();
        let made = account.make("m", &appointment("Plan")).await;
        account.fault(vec![FaultRule::on(method, Fault::StatusAfter { code: 504 }).at("/events/").times(1)]);
        let outcome = account.write(delete(&made, mode)).await;
        assert!(matches!(outcome, Outcome::Written { revision: None, .. }), "{mode:?}: {outcome:?}");
        assert!(matches!(account.fetch(&made.id).await, Fetched::Gone));
        assert_eq!(account.simulator.restore_item(ALICE, made.id.as_str(), "calendar"), mode == Delete::Trash);
    }
}

#[tokio::test]
async fn one_transaction_is_said_at_the_create_and_never_again() {
    let account = Account::default();
    let made = account.make("m", &appointment("Plan")).await;
    let first = account.raw(&made.id)["transactionId"].clone();
    assert!(first.is_string());
    // A transaction in a change would be refused by the stand-in.
    let outcome = account.write(update(&made, with(&made.record, "title", "New"))).await;
    assert!(matches!(outcome, Outcome::Written { .. }), "{outcome:?}");
    assert_eq!(account.raw(&made.id)["transactionId"], first);
}

#[tokio::test]
async fn what_outlook_keeps_beside_our_fields_stays_through_our_changes() {
    let account = Account::default();
    let mut event = appointment("Plan");
    event.custom = [("Region".to_owned(), "north".into()), ("Size".to_owned(), 3.into())].into();
    event.locations = vec![pimkit_core::Location { name: Some("Room 1".to_owned()), coordinates: None }];
    let made = account.make("m", &event).await;
    account.by_hand(
        made.id.as_str(),
        &json!({
            "hideAttendees": true, "allowNewTimeProposals": false, "showAs": "oof",
            "locations": [{"displayName": "Room 1", "locationEmailAddress": "room1@example.com"}],
            "body": {"contentType": "html", "content": "<p>Formatted <b>text</b></p>"},
        }),
    );
    let now = account.read(&made.id).await;
    assert_eq!(now.record.description.as_deref(), Some("Formatted text"));
    let mut target = now.record.clone();
    target.title = Some("New".into());
    target.custom.insert("Region".into(), "south".into());
    target.locations.push(pimkit_core::Location { name: Some("Garden".to_owned()), coordinates: None });
    let outcome = account.write(update(&now, target.clone())).await;
    let Outcome::Written { now: Some(after), .. } = outcome else { panic!("{outcome:?}") };
    assert!(target.differing(&after.record).is_empty(), "{:?}", target.differing(&after.record));
    let raw = account.raw(&made.id);
    assert_eq!((&raw["hideAttendees"], &raw["allowNewTimeProposals"], &raw["showAs"]), (&json!(true), &json!(false), &json!("oof")));
    assert_eq!(raw["locations"][0]["locationEmailAddress"], "room1@example.com");
    assert!(raw["body"]["content"].as_str().unwrap().contains("<b>text</b>"), "the text was not touched");
}

#[tokio::test]
async fn zones_keep_their_names_and_those_without_one_their_instants() {
    let account = Account::default();
    for (zone, written) in [
        ("Europe/Madrid", "Romance Standard Time"),
        ("Africa/Casablanca", "Morocco Standard Time"),
        ("Asia/Kolkata", "India Standard Time"),
    ] {
        let mut event = appointment(zone);
        (event.start, event.end) = (Some(at(10, 11, 9)), Some(at(10, 11, 10)));
        for time in [&mut event.start, &mut event.end].into_iter().flatten() {
            *time = When::Zoned { at: time.wall(), zone: Zone::iana(zone) };
        }
        let made = account.make(zone, &event).await;
        assert_eq!((&made.record.start, &made.record.end), (&event.start, &event.end));
        assert_eq!(account.raw(&made.id)["originalStartTimeZone"], written);
        // Reading is no reason to write.
        let again = account.read(&made.id).await;
        let outcome = account.write(update(&again, again.record.clone())).await;
        assert!(matches!(&outcome, Outcome::Written { revision: Some(revision), .. } if *revision == again.revision), "{outcome:?}");
    }
}

/// Bytes of a length.
pub struct Source(pub usize);

impl BlobSource for Source {
    fn open<'a>(&'a self, _: &'a BlobRef) -> BoxFuture<'a, pimkit_core::Result<Blob>> {
        let bytes = Bytes::from(vec![7; self.0]);
        async move { Ok(Blob { media_type: String::new(), size: None, bytes: stream::iter([Ok(bytes)]).boxed() }) }.boxed()
    }
}

pub fn with_file(event: &Event, name: &str) -> Event {
    let mut event = event.clone();
    event.attachments.push(Attachment { blob: BlobRef { id: name.into(), ..BlobRef::default() }, name: Some(name.to_owned()) });
    event
}

#[tokio::test]
async fn files_are_attached_and_taken_off_and_others_stay() {
    let account = Account::default();
    let options = || WriteOptions::default().blobs(Arc::new(Source(1000)));
    let made = account.make_as("m", &with_file(&appointment("Plan"), "a.bin"), &options()).await;
    // What a user attached, an item among it.
    let item = json!({"@odata.type": "#microsoft.graph.fileAttachment", "name": "theirs.txt", "contentBytes": "aGk="});
    assert!(account.simulator.create(ALICE, &format!("events/{}/attachments", made.id), &item).is_some());
    let both = account.read(&made.id).await;
    assert_eq!(both.record.attachments.len(), 2);
    let mut target = with_file(&both.record, "b.bin");
    target.attachments.retain(|file| file.name.as_deref() != Some("a.bin"));
    let outcome = account.write_as(update(&both, target), &options()).await;
    let Outcome::Written { now: Some(now), left_out, .. } = outcome else { panic!("{outcome:?}") };
    assert!(left_out.is_empty(), "{left_out:?}");
    let mut names: Vec<_> = now.record.attachments.iter().filter_map(|file| file.name.as_deref()).collect();
    names.sort_unstable();
    assert_eq!(names, ["b.bin", "theirs.txt"]);
}

/// The bytes of the only file of an event, as the connector reads them.
async fn downloaded(account: &Account, id: &pimkit_core::ItemId) -> Vec<u8> {
    let stored = account.read(id).await;
    let [file] = stored.record.attachments.as_slice() else { panic!("{:?}", stored.record.attachments) };
    let items = account.items();
    let blob = items.blobs().unwrap().open(&account.home().await, id, &file.blob.id).await.unwrap();
    blob.collect(20 << 20).await.unwrap()
}

/// Bytes that differ from place to place, in pieces.
fn bytes_of(length: usize) -> Vec<u8> {
    (0..length).map(|n| u8::try_from((n / 7 + n / 4099) % 251).unwrap()).collect()
}

struct Varied(usize);

impl BlobSource for Varied {
    fn open<'a>(&'a self, _: &'a BlobRef) -> BoxFuture<'a, pimkit_core::Result<Blob>> {
        let pieces: Vec<pimkit_core::Result<Bytes>> = bytes_of(self.0).chunks(700_001).map(|p| Ok(Bytes::copy_from_slice(p))).collect();
        async move { Ok(Blob { media_type: String::new(), size: None, bytes: stream::iter(pieces).boxed() }) }.boxed()
    }
}

#[tokio::test]
async fn files_of_every_size_come_back_as_they_were_and_large_ones_go_up_in_parts() {
    for (length, parts) in [(0, 0), (1, 0), (2_999_999, 0), (3_000_000, 1), (3_932_160, 1), (3_932_161, 2), (10 << 20, 3)] {
        for host in [None, Some("outlook.example.org")] {
            let mut rules = GraphRules::default();
            rules.limits.upload_host = host.map(str::to_owned);
            let account = Account::new(rules, Config::new(ROOT).upload_host("outlook.example.org"));
            let options = WriteOptions::default().blobs(Arc::new(Varied(length)));
            let made = account.make_as("m", &with_file(&appointment("Plan"), "a.bin"), &options).await;
            assert_eq!(downloaded(&account, &made.id).await, bytes_of(length), "{length}");
            let sent: Vec<_> = account.simulator.requests().into_iter().filter(|seen| seen.path.starts_with("/uploads")).collect();
            assert_eq!(sent.len(), parts, "{length}");
            assert!(sent.iter().all(|seen| seen.sent <= 4_000_000 && seen.method == "PUT"), "{length}");
            if length == 10 << 20 {
                let signed = account.wire.requests().into_iter().filter(|request| request.url.path().starts_with("/uploads"));
                assert!(signed.into_iter().all(|request| !request.headers.contains_key("authorization")));
            }
        }
    }
}

/// Whatever becomes of one request of an upload: the file is there as it was, or none of it is and the write says so.
#[tokio::test]
async fn a_part_that_breaks_is_sent_again_from_where_the_server_says() {
    let lost = || crate::kit::status(503, "");
    for fault in [Fault::ResetBefore, Fault::ResetAfter, Fault::StatusAfter { code: 504 }, lost(), crate::kit::status(416, "")] {
        for nth in 1..=3 {
            let account = Account::default();
            let options = WriteOptions::default().blobs(Arc::new(Varied(9 << 20)));
            account.fault(vec![FaultRule::on("PUT", fault.clone()).at("/uploads/").nth(nth)]);
            let outcome = account.write_as(create("m", &with_file(&appointment("Plan"), "a.bin")), &options).await;
            match outcome {
                Outcome::Written { id, left_out, .. } => {
                    assert!(left_out.is_empty(), "{fault:?} {nth}: {left_out:?}");
                    assert_eq!(downloaded(&account, &id).await, bytes_of(9 << 20), "{fault:?} {nth}");
                }
                // The end of the file was sent, and the answer lost: its reader sees that it is there.
                Outcome::Unknown(_) => {
                    assert_eq!(nth, 3, "{fault:?}");
                    let (lines, _, _) = account.round(pimkit_core::Position::Start).await.unwrap();
                    assert_eq!(downloaded(&account, lines[0].id()).await, bytes_of(9 << 20), "{fault:?} {nth}");
                }
                other => panic!("{fault:?} {nth}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn an_upload_that_does_not_end_leaves_nothing_behind_and_says_so() {
    let account = Account::default();
    let options = WriteOptions::default().blobs(Arc::new(Varied(5 << 20)));
    account.fault(vec![FaultRule::on("PUT", Fault::ResetBefore).at("/uploads/")]);
    let outcome = account.write_as(create("m", &with_file(&appointment("Plan"), "a.bin")), &options).await;
    assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
    let last = account.simulator.requests().into_iter().rfind(|seen| seen.path.starts_with("/uploads")).unwrap();
    assert_eq!((last.method.as_str(), last.status), ("DELETE", 204));
}

#[tokio::test]
async fn a_file_stays_on_the_other_side_that_is_too_large_or_would_go_to_strangers() {
    for (length, host, says) in [(151_000_000, None, "150 MB"), (5 << 20, Some("evil.example.net"), "upload_hosts")] {
        let mut rules = GraphRules::default();
        rules.limits.upload_host = host.map(str::to_owned);
        let account = Account::new(rules, Config::new(ROOT));
        let options = WriteOptions::default().blobs(Arc::new(Source(length)));
        let outcome = account.write_as(create("m", &with_file(&appointment("Plan"), "a.bin")), &options).await;
        let Outcome::Written { now: Some(now), left_out, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(left_out[0].0.as_str(), "attachments");
        assert!(left_out[0].1.to_string().contains(says) && !left_out[0].1.to_string().contains("evil"), "{}", left_out[0].1);
        assert!(now.record.attachments.is_empty());
        assert!(account.wire.requests().iter().all(|request| request.url.host_str() == Some("graph.example.com")));
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_not_written() {
    use pimkit_contract::suite::BackDoor;
    let account = Account::default();
    let made = account.make("m", &appointment("Plan")).await;
    assert!(account.damage(&made).await);
    let Fetched::Unreadable { revision: Some(revision), .. } = account.fetch(&made.id).await else { panic!("unreadable") };
    let blind = pimkit_core::Stored { revision, ..made.clone() };
    let outcome = account.write(update(&blind, with(&made.record, "priority", 1))).await;
    assert!(matches!(&outcome, Outcome::Refused(error) if error.kind() == ErrorKind::InvalidData), "{outcome:?}");
}

#[tokio::test]
async fn a_calendar_that_is_only_read_refuses_every_write() {
    let account = Account::default();
    let made = account.make("m", &appointment("Plan")).await;
    assert!(account.simulator.set_read_only(ALICE, "calendar", true));
    let all = account.items().collections().await.unwrap();
    assert_eq!((all[0].access, all[0].capabilities.write), (pimkit_core::Access::Read, false));
    let home = account.home().await;
    assert!(account.items().fields(&home).await.unwrap().iter().all(|field| !field.write));
    // It is said of the calendar, whose events change by none of it: said of each, it would stay when the calendar is opened again.
    let before = account.read(&made.id).await;
    assert!(account.simulator.set_read_only(ALICE, "calendar", false));
    let after = account.read(&made.id).await;
    assert_eq!((before.revision, before.access), (after.revision, after.access), "nobody is told to read it again");
    assert!(account.simulator.set_read_only(ALICE, "calendar", true));
    account.items().collections().await.unwrap();
    let move_it = Write::Move { id: made.id.clone(), revision: made.revision.clone(), to: home.clone() };
    let writes =
        vec![create("n", &appointment("Other")), update(&made, with(&made.record, "title", "x")), delete(&made, Delete::Trash), move_it];
    for outcome in account.items().write(&home, writes, &quiet()).await {
        assert!(matches!(&outcome, Outcome::Refused(error) if error.kind() == ErrorKind::Unavailable), "{outcome:?}");
    }
}

/// What is in the way for a while is not what Exchange cannot hold: it is tried again, and nothing is said to be left out.
#[tokio::test]
async fn an_occurrence_that_cannot_be_written_now_leaves_the_write_open() {
    let account = Account::default();
    let made = account.make("m", &sundays("Choir")).await;
    let mut target = with(&made.record, "title", "Band");
    let key = pimkit_core::RecurrenceId(jiff::civil::datetime(2026, 10, 25, 9, 0, 0, 0));
    target.recurrence_overrides.insert(key, pimkit_core::Override::Excluded);
    account.fault(vec![FaultRule::on("DELETE", status(503, ""))]);
    let outcome = account.write(update(&made, target.clone())).await;
    assert!(matches!(&outcome, Outcome::Unknown(error) if error.is_temporary()), "{outcome:?}");
    account.fault(Vec::new());
    // As the engine does it: what is there is read, and the rest is written.
    let now = account.read(&made.id).await;
    assert_eq!(now.record.title.as_deref(), Some("Band"));
    let outcome = account.write(update(&now, target.clone())).await;
    let Outcome::Written { now: Some(now), left_out, .. } = outcome else { panic!("{outcome:?}") };
    assert!(left_out.is_empty() && target.differing(&now.record).is_empty());
}
