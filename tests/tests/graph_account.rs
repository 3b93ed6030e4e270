//! One account with all that people have in it: photos and categories, a series across the change of the clocks, a day's mail, the
//! directory; and who is mailed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod graph;

use futures::{StreamExt, executor::block_on, future::BoxFuture, stream};
use graph::{ALICE, Kit, Thing, people};
use jiff::civil::{DateTime, date};
use pimkit::{
    Blob, BlobRef, BlobSource, ChangeOptions, CollectionId, Connector, Contact, Digest, Event, Frequency, Mark, Message, Notify, Outcome,
    Override, Overrides, Participant, Position, Record, RecurrenceId, RecurrenceRule, RepositoryExt as _, Stored, Task, User, Value, When,
    Write, WriteOptions,
    sync::{Policy, SyncReport},
};
use serde_json::json;
use std::{collections::BTreeMap, sync::Arc};

// ---- photos and categories ----

/// The bytes behind a picture of the app's.
struct Bytes(Vec<u8>);

impl BlobSource for Bytes {
    fn open<'a>(&'a self, blob: &'a BlobRef) -> BoxFuture<'a, pimkit::Result<Blob>> {
        let bytes = self.0.clone();
        Box::pin(async move {
            let size = Some(bytes.len() as u64);
            Ok(Blob { media_type: blob.media_type.clone(), size, bytes: Box::pin(stream::iter([Ok(bytes::Bytes::from(bytes))])) })
        })
    }
}

fn picture(n: usize) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    bytes.extend(format!("the picture of {n}").into_bytes().repeat(50));
    bytes
}

/// The bytes of a contact's picture, as an account gives them.
fn seen(side: &dyn Connector, stored: &Stored<Contact>) -> Option<Vec<u8>> {
    let photo = stored.record.photo.as_ref()?;
    let repository = Contact::repository(side).unwrap();
    let blob = block_on(repository.blobs().unwrap().open(&stored.collection, &stored.id, &photo.id)).unwrap();
    Some(block_on(blob.collect(1 << 20)).unwrap())
}

fn pictured(kit: &Kit, id: &str, bytes: Vec<u8>) {
    let (status, _) = kit.plainly("PUT", &format!("me/contacts/{id}/photo/$value"), &[("content-type", "image/png")], bytes);
    assert!((200..300).contains(&status), "{status}");
}

#[test]
fn contacts_with_photos_and_categories_are_the_same_on_both_sides() {
    let kit = Kit::default();
    for n in 0..9 {
        let mut person = people::of_the_app(n);
        let bytes = picture(n);
        if n % 3 == 0 {
            let size = Some(bytes.len() as u64);
            let digest = Some(Digest::of(&bytes));
            person.photo = Some(BlobRef { id: "photo".into(), media_type: "image/png".to_owned(), size, digest, uri: None });
        }
        kit.make_with(person, &WriteOptions::default().blobs(Arc::new(Bytes(bytes))));
        let id = kit.put("contacts", &people::rich_of_outlook(n));
        if n % 3 == 0 {
            pictured(&kit, &id, picture(100 + n));
        }
    }
    let report = kit.run::<Contact>();
    assert_eq!((report.created.left, report.created.right), (9, 9), "{report:?}");
    kit.settle::<Contact>();
    let (here, there) = (kit.here::<Contact>(), kit.there::<Contact>());
    assert_eq!((here.len(), there.len()), (18, 18));
    let mut photos = 0;
    for (name, one) in &here {
        let other = &there[name];
        assert_eq!(one.record.keywords, other.record.keywords, "{name}: categories");
        let (mine, theirs) = (seen(&*kit.store, one), seen(&*kit.graph, other));
        assert_eq!(mine, theirs, "{name}: the picture");
        photos += usize::from(mine.is_some());
    }
    assert_eq!(photos, 6);
    // A new picture on each side, and another category.
    let id = there["Olga Outlook 3"].id.to_string();
    pictured(&kit, &id, picture(200));
    kit.change(&format!("contacts/{id}"), &json!({"categories": ["Customers", "VIP"]}));
    kit.edit::<Contact>("Ada App 1", "keywords", json!(["Family"]));
    kit.run::<Contact>();
    kit.settle::<Contact>();
    let (here, there) = (kit.here::<Contact>(), kit.there::<Contact>());
    assert_eq!(seen(&*kit.store, &here["Olga Outlook 3"]), Some(picture(200)));
    assert!(here["Olga Outlook 3"].record.keywords.contains("VIP"));
    assert_eq!(there["Ada App 1"].record.keywords, here["Ada App 1"].record.keywords);
    kit.silent("contacts");
}

// ---- a series across the change of the clocks ----

/// Tuesdays at nine in Vienna, from three weeks before the change of the clocks to three weeks after it.
fn tuesday(week: i32) -> DateTime {
    date(2026, 3, 10).saturating_add(jiff::Span::new().weeks(week)).at(9, 0, 0, 0)
}

fn at(wall: DateTime) -> Value {
    serde_json::to_value(When::zoned(wall, "Europe/Vienna")).unwrap()
}

/// When the occurrences begin, in UTC, as Outlook shows them.
fn shown(kit: &Kit, subject: &str) -> Vec<String> {
    let home = Event::home(kit);
    let view = format!("calendars/{home}/calendarView?startDateTime=2026-03-01T00:00:00Z&endDateTime=2026-05-31T00:00:00Z");
    let mut all: Vec<String> = kit
        .simulator
        .list(ALICE, &view)
        .iter()
        .filter(|one| one["subject"].as_str().unwrap().starts_with(subject))
        .map(|one| one["start"]["dateTime"].as_str().unwrap()[..16].to_owned())
        .collect();
    all.sort();
    all
}

/// Seven Tuesdays: the one behind the change of the clocks is moved to two in the afternoon, the next does not take place.
const SHOWN: [&str; 6] =
    ["2026-03-10T08:00", "2026-03-17T08:00", "2026-03-24T08:00", "2026-03-31T12:00", "2026-04-14T07:00", "2026-04-21T07:00"];

#[test]
fn a_series_of_the_app_keeps_its_wall_time_its_moved_and_its_cancelled_occurrence() {
    let kit = Kit::default();
    let moved = [("start", at(date(2026, 3, 31).at(14, 0, 0, 0))), ("end", at(date(2026, 3, 31).at(15, 0, 0, 0)))];
    let moved = Override::Changed(moved.into_iter().map(|(field, value)| (field.into(), value)).collect());
    kit.make(Event::build(|e| {
        e.title = Some("Weekly of the app".to_owned());
        e.start = Some(When::zoned(tuesday(0), "Europe/Vienna"));
        e.end = Some(When::zoned(tuesday(0).with().hour(10).build().unwrap(), "Europe/Vienna"));
        e.recurrence_rules = vec![RecurrenceRule { frequency: Frequency::Weekly, count: Some(7), ..RecurrenceRule::default() }];
        e.recurrence_overrides = Overrides::from([(RecurrenceId(tuesday(3)), moved), (RecurrenceId(tuesday(4)), Override::Excluded)]);
    }));
    let report = kit.run::<Event>();
    assert_eq!((report.created.right, report.writes()), (1, 1), "{report:?}");
    assert_eq!(shown(&kit, "Weekly"), SHOWN);
    kit.settle::<Event>();
    // Another one is moved here, across the change of the clocks from the other side.
    let stored = kit.here::<Event>().remove("Weekly of the app").unwrap();
    let mut overrides = stored.record.recurrence_overrides.clone();
    let moved = [("start", at(date(2026, 3, 28).at(9, 0, 0, 0))), ("end", at(date(2026, 3, 28).at(10, 0, 0, 0)))];
    overrides.insert(RecurrenceId(tuesday(2)), Override::Changed(moved.into_iter().map(|(field, value)| (field.into(), value)).collect()));
    kit.edit::<Event>("Weekly of the app", "recurrenceOverrides", serde_json::to_value(overrides).unwrap());
    kit.run::<Event>();
    let mut expected = SHOWN.map(str::to_owned).to_vec();
    expected[2] = "2026-03-28T08:00".to_owned();
    assert_eq!(shown(&kit, "Weekly"), expected);
    kit.settle::<Event>();
    assert_eq!(kit.names::<Event>().map(|names| names.len()), [1, 1]);
    kit.silent("a series of one's own");
}

#[test]
fn a_series_of_outlook_keeps_its_wall_time_its_moved_and_its_cancelled_occurrence() {
    let kit = Kit::default();
    let zoned = |wall: &str| json!({"dateTime": wall, "timeZone": "W. Europe Standard Time"});
    let path = Event::path(&kit);
    let id = kit.put(
        &path,
        &json!({
            "subject": "Weekly of Outlook", "start": zoned("2026-03-10T09:00:00"), "end": zoned("2026-03-10T10:00:00"),
            "recurrence": {
                "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"], "firstDayOfWeek": "monday"},
                "range": {"type": "numbered", "startDate": "2026-03-10", "numberOfOccurrences": 7, "recurrenceTimeZone": "W. Europe Standard Time"},
            },
        }),
    );
    let instances =
        kit.simulator.list(ALICE, &format!("{path}/{id}/instances?startDateTime=2026-03-01T00:00:00Z&endDateTime=2026-05-31T00:00:00Z"));
    assert_eq!(instances.len(), 7);
    let of = |week: usize| instances[week]["id"].as_str().unwrap().to_owned();
    kit.change(&format!("events/{}", of(3)), &json!({"start": zoned("2026-03-31T14:00:00"), "end": zoned("2026-03-31T15:00:00")}));
    assert!(kit.simulator.delete(ALICE, &format!("events/{}", of(4))));
    assert_eq!(shown(&kit, "Weekly"), SHOWN);
    let report = kit.run::<Event>();
    assert_eq!((report.created.left, report.writes()), (1, 1), "{report:?}");
    kit.settle::<Event>();
    let event = kit.here::<Event>().remove("Weekly of Outlook").unwrap().record;
    assert_eq!(event.start, Some(When::zoned(tuesday(0), "Europe/Berlin")));
    let overrides = &event.recurrence_overrides;
    assert_eq!(overrides.keys().copied().collect::<Vec<_>>(), [RecurrenceId(tuesday(3)), RecurrenceId(tuesday(4))]);
    assert_eq!(overrides[&RecurrenceId(tuesday(4))], Override::Excluded);
    let Override::Changed(moved) = &overrides[&RecurrenceId(tuesday(3))] else { panic!("{overrides:?}") };
    assert!(moved["start"].to_string().contains("2026-03-31T14:00:00"), "{moved:?}");
    // One more is called off there, and one is renamed here.
    assert!(kit.simulator.delete(ALICE, &format!("events/{}", of(6))));
    kit.run::<Event>();
    assert_eq!(kit.here::<Event>()["Weekly of Outlook"].record.recurrence_overrides.len(), 3);
    kit.edit::<Event>("Weekly of Outlook", "description", json!("a note of the app"));
    kit.run::<Event>();
    assert_eq!(shown(&kit, "Weekly"), SHOWN[..5]);
    kit.settle::<Event>();
    kit.silent("a series of one's own");
}

// ---- who is mailed ----

fn meeting(title: &str) -> Event {
    let mut meeting = people::date_of_the_app(3);
    meeting.title = Some(title.to_owned());
    let guest = |address: &str| Participant { address: address.to_owned(), expect_reply: true, ..Participant::default() };
    meeting.participants = vec![guest("bob@example.net"), guest("carol@example.net")];
    meeting
}

/// The control: the stand-in does mail, when it is allowed to.
#[test]
fn a_meeting_that_may_be_told_of_is_mailed_to_its_guests_and_no_other_is() {
    let kit = Kit::default();
    let far = Event::repository(&*kit.graph).unwrap();
    let write = |title: &str, notify: Notify| {
        let create = Write::Create { mark: Mark::from(title), record: meeting(title) };
        block_on(far.write(&Event::home(&kit), vec![create], &WriteOptions::default().notify(notify))).pop().unwrap()
    };
    let silent = write("In silence", Notify::Nobody);
    assert!(matches!(&silent, Outcome::Refused(error) if error.kind() == pimkit::ErrorKind::WouldNotify), "{silent:?}");
    kit.silent("a meeting that nobody may be told of");
    assert_eq!(kit.there::<Event>().len(), 0);
    let told = write("Aloud", Notify::Attendees);
    assert!(matches!(told, Outcome::Written { .. }), "{told:?}");
    let mut to: Vec<String> = kit.simulator.outbox().into_iter().map(|mail| mail.to).collect();
    to.sort();
    assert_eq!(to, ["bob@example.net", "carol@example.net"]);
}

/// Whatever the policy makes of guests, a sync mails nobody: neither when it makes a meeting, nor changes or deletes one.
#[test]
fn no_sync_of_meetings_mails_anybody() {
    for word in ["as_text", "hidden", "drop", "real"] {
        let mut kit = Kit::default();
        kit.policy.set("attendees", word).unwrap();
        kit.make(meeting("Of the app"));
        // And one of Outlook's own, of which Outlook has told its guests.
        let mut own = people::date_of_outlook(5);
        own["attendees"] = json!([{"emailAddress": {"address": "dora@example.net", "name": "Dora"}, "type": "required"}]);
        let id = kit.put(&Event::path(&kit), &own);
        assert!(!kit.simulator.outbox().is_empty(), "Outlook does mail");
        kit.simulator.reset_outbox();
        let run = |kit: &Kit, what: &str| {
            let report = kit.try_run::<Event>().unwrap().sync;
            kit.silent(&format!("{word}: {what}: {report:?}"));
            report
        };
        run(&kit, "made");
        let here = kit.here::<Event>();
        assert!(here.contains_key("Outlook 5"), "{word}");
        kit.edit::<Event>("Of the app", "description", json!("another text"));
        kit.edit::<Event>("Outlook 5", "locations", json!([{"name": "Elsewhere"}]));
        run(&kit, "changed");
        run(&kit, "changed, once more");
        kit.delete::<Event>("Of the app");
        kit.delete::<Event>("Outlook 5");
        let reports = [run(&kit, "deleted"), run(&kit, "deleted, once more")];
        // Without a word to its guests it cannot go there, and whoever deleted it is told.
        assert!(kit.simulator.get(ALICE, &format!("events/{id}")).is_some(), "{word}: {reports:?}");
        assert!(reports.iter().any(|report| report.verdict().exit_code() != 0), "{word}: {reports:?}");
    }
}

// ---- mail and the directory ----

/// What there is to read of a kind in a collection.
fn read<R: Record>(side: &dyn Connector, collection: &CollectionId) -> Vec<Stored<R>> {
    let repository = R::repository(side).unwrap();
    block_on(async {
        let options = ChangeOptions::default();
        let lines: Vec<_> = repository.items(collection, Position::Start, &options).collect().await;
        let ids: Vec<_> = lines.into_iter().map(|line: pimkit::Result<pimkit::Change<R>>| line.unwrap().id().clone()).collect();
        let fetched = repository.fetch(collection, &ids).await;
        fetched.into_iter().map(|f| if let pimkit::Fetched::Found(stored) = f { *stored } else { panic!("{f:?}") }).collect()
    })
}

/// A sync of a kind that is only read there.
fn pulled<R: Record>(kit: &Kit, from: &CollectionId, into: &str) -> SyncReport {
    kit.pass();
    let mut policy = Policy::default();
    policy.set("direction", "to_left").unwrap();
    let pair = kit.engine.pair::<R>(R::KIND.plural(), kit.store.clone(), kit.graph.clone()).policy(policy);
    let pair = pair.collections(vec![from.to_string()]).left_collections(vec![into.to_owned()]).build().unwrap();
    let report = block_on(pair.run()).unwrap().sync;
    assert_eq!(report.verdict().exit_code(), 0, "{report:?}");
    report
}

/// What was asked since it was last looked at, as methods and paths without ids, in batches and beside them.
fn told(kit: &Kit) -> Vec<String> {
    let named = |path: &str| path.split('/').map(|word| if word.len() > 40 { "{id}" } else { word }).collect::<Vec<_>>().join("/");
    let mut told: Vec<String> = kit.simulator.requests().iter().map(|seen| format!("{} {}", seen.method, named(&seen.path))).collect();
    told.sort();
    kit.simulator.reset_requests();
    told
}

fn mail(n: usize) -> Value {
    let who = |name: &str| json!({"emailAddress": {"name": name, "address": format!("{}@example.net", name.to_lowercase())}});
    let mut mail = json!({
        "subject": format!("Mail {n}"), "from": who("Bob"), "toRecipients": [who("Alice"), who("Carol")],
        "internetMessageId": format!("<m{n}@mail.example>"), "conversationId": format!("thread-{}", n / 3), "isRead": n.is_multiple_of(2),
        "body": {"contentType": "html", "content": format!("<p>Hello {n}</p>")},
        "receivedDateTime": format!("2026-03-02T{:02}:{:02}:00Z", 6 + n / 60, n % 60), "sentDateTime": "2026-03-02T05:59:58Z",
    });
    if n.is_multiple_of(4) {
        // "tea" in Base64 (RFC 4648).
        let file = json!({"@odata.type": "#microsoft.graph.fileAttachment", "name": "tea.txt", "contentType": "text/plain", "contentBytes": "dGVh"});
        mail["attachments"] = json!([file]);
    }
    mail
}

#[test]
fn a_days_mail_with_attachments_is_read_and_left_as_it_is() {
    let kit = Kit::default();
    for n in 0..60 {
        kit.simulator.bring(ALICE, "inbox", &mail(n)).unwrap();
    }
    let inbox = block_on(Message::repository(&*kit.graph).unwrap().collections()).unwrap();
    let inbox = inbox.into_iter().find(|folder| folder.name == "Inbox").unwrap().id;
    let before = kit.simulator.list(ALICE, "mailFolders/inbox/messages");
    let messages = read::<Message>(&*kit.graph, &inbox);
    assert_eq!(messages.len(), 60);
    let mut files = 0;
    for stored in &messages {
        let n: usize = stored.record.subject.as_deref().unwrap().trim_start_matches("Mail ").parse().unwrap();
        assert_eq!(stored.record.message_id.as_deref(), Some(format!("m{n}@mail.example").as_str()));
        assert_eq!(stored.record.to.len(), 2);
        assert!(stored.record.html.as_deref().is_some_and(|html| html.contains(&format!("Hello {n}"))), "{n}");
        assert_eq!(stored.record.keywords.contains("$seen"), n.is_multiple_of(2), "{n}");
        for file in &stored.record.attachments {
            let repository = Message::repository(&*kit.graph).unwrap();
            let blob = block_on(repository.blobs().unwrap().open(&inbox, &stored.id, &file.blob.id)).unwrap();
            assert_eq!(block_on(blob.collect(100)).unwrap(), b"tea");
            files += 1;
        }
    }
    assert_eq!(files, 15);
    // Into the app, once; later what is new.
    assert_eq!(pulled::<Message>(&kit, &inbox, "activities").created.left, 60);
    assert_eq!(pulled::<Message>(&kit, &inbox, "activities").writes(), 0);
    kit.simulator.reset_requests();
    assert_eq!(pulled::<Message>(&kit, &inbox, "activities").writes(), 0);
    // The folders of the mailbox, to know what is there, and the changes of the one that is read.
    assert_eq!(told(&kit), ["GET /me/mailFolders", "GET /me/mailFolders/{id}/messages/delta"]);
    kit.simulator.bring(ALICE, "inbox", &mail(60)).unwrap();
    assert_eq!(pulled::<Message>(&kit, &inbox, "activities").created.left, 1);
    assert_eq!(read::<Message>(&*kit.store, &"activities".into()).len(), 61);
    let mut after = kit.simulator.list(ALICE, "mailFolders/inbox/messages");
    after.retain(|message| message["subject"] != "Mail 60");
    assert_eq!(after, before, "reading changes nothing");
    kit.silent("reading mail");
}

#[test]
fn five_hundred_users_are_read_into_the_app_and_left_as_they_are() {
    let kit = Kit::new(
        |mut builder| {
            for n in 0..499 {
                builder = builder.person(json!({
                    "userPrincipalName": format!("p{n}@example.com"), "displayName": format!("Person {n}"), "mail": format!("p{n}@example.com"),
                    "givenName": "Person", "surname": n.to_string(), "jobTitle": "Taster", "accountEnabled": n % 10 != 0,
                }));
            }
            builder
        },
        |config| config.page_size(500),
    );
    kit.simulator.set_user_photo("p7@example.com", Some((&picture(7), "image/png")));
    kit.simulator.set_manager("p8@example.com", "p7@example.com");
    let directory = block_on(User::repository(&*kit.graph).unwrap().collections()).unwrap().remove(0).id;
    let users: BTreeMap<String, Stored<User>> =
        read::<User>(&*kit.graph, &directory).into_iter().map(|user| (user.record.login.clone().unwrap(), user)).collect();
    assert_eq!(users.len(), 500);
    assert_eq!(users["p10@example.com"].record.enabled, Some(false));
    assert_eq!(users["p8@example.com"].record.manager, users["p7@example.com"].record.uid);
    assert!(users["p7@example.com"].record.photo.is_some() && users["p6@example.com"].record.photo.is_none());
    assert_eq!(pulled::<User>(&kit, &directory, "users").created.left, 500);
    assert_eq!(pulled::<User>(&kit, &directory, "users").writes(), 0);
    kit.simulator.reset_requests();
    assert_eq!(pulled::<User>(&kit, &directory, "users").writes(), 0);
    // The changes of the directory, and nothing of any one user.
    assert_eq!(told(&kit), ["GET /users/delta"]);
    assert!(kit.simulator.set_user(&json!({"userPrincipalName": "p9@example.com", "jobTitle": "Chief taster"})));
    assert_eq!(pulled::<User>(&kit, &directory, "users").updated.left, 1);
    assert_eq!(read::<User>(&*kit.store, &"users".into()).len(), 500);
}

// ---- everything in one account ----

#[test]
fn one_account_holds_every_kind_and_each_sync_leaves_the_others_alone() {
    fn count<R: Thing>(kit: &Kit) -> [usize; 2] {
        kit.names::<R>().map(|names| names.len())
    }
    fn fill<R: Thing>(kit: &Kit, each: usize) {
        for n in 0..each {
            kit.make(R::nth(n));
            kit.put(&R::path(kit), &R::other(n));
        }
    }
    let kit = Kit::default();
    fill::<Contact>(&kit, 8);
    fill::<Event>(&kit, 6);
    fill::<Task>(&kit, 5);
    (0..10).for_each(|n| drop(kit.simulator.bring(ALICE, "inbox", &mail(n)).unwrap()));
    for run in 0..2 {
        kit.run::<Contact>();
        kit.run::<Event>();
        kit.run::<Task>();
        assert_eq!((count::<Contact>(&kit), count::<Event>(&kit), count::<Task>(&kit)), ([16; 2], [12; 2], [10; 2]), "run {run}");
    }
    kit.rests::<Contact>("contacts");
    kit.rests::<Event>("events");
    kit.rests::<Task>("tasks");
    assert_eq!(kit.simulator.list(ALICE, "mailFolders/inbox/messages").len(), 10);
    kit.silent("everything");
    kit.stayed_home("everything");
    let asked = kit.simulator.requests();
    assert!(asked.iter().filter(|seen| seen.path != "/$batch").all(|seen| seen.immutable), "ids that stay, inside of batches too");
    assert!(asked.iter().filter(|seen| !seen.inside_batch).all(|seen| seen.client_request_id.is_some()));
}
