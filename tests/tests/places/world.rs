//! Records in Outlook with something in every place, and the same in the app.

use crate::graph::{ALICE, Kit, Thing, people};
use futures::{StreamExt, executor::block_on};
use pimkit::{
    ChangeOptions, CollectionId, Contact, Event, Fetched, Fields, ItemId, Message, Position, Record, Repository, RepositoryExt as _, Task,
    User, sync::SyncReport,
};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, time::Duration};

/// A type of the metadata, and how what is of it is known in an answer.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The type.
    pub of: &'static str,
    /// A property that it has in every answer that shows it, and no other type of the same kind.
    has: &'static str,
    exception: bool,
}

impl Part {
    const fn new(of: &'static str, has: &'static str) -> Self {
        Self { of, has, exception: false }
    }
    pub const CONTACT: Self = Self::new("contact", "emailAddresses");
    pub const EVENT: Self = Self::new("event", "subject");
    pub const EXCEPTION: Self = Self { exception: true, ..Self::EVENT };
    pub const FILE: Self = Self::new("fileAttachment", "isInline");
    pub const TASK: Self = Self::new("todoTask", "importance");
    pub const STEP: Self = Self::new("checklistItem", "isChecked");
    pub const LINK: Self = Self::new("linkedResource", "applicationName");
    pub const MESSAGE: Self = Self::new("message", "internetMessageId");
    pub const USER: Self = Self::new("user", "userPrincipalName");

    /// Whether a value is one.
    pub fn is(self, value: &Value) -> bool {
        value.get(self.has).is_some() && value.get("id").is_some() && (value.get("type") == Some(&json!("exception"))) == self.exception
    }
}

/// A kind that is synced, or read, with everything in it.
pub trait Whole: Record {
    /// A sync at rest.
    fn world() -> Kit;
    /// A run.
    fn run(kit: &Kit) -> pimkit::Result<SyncReport>;
    /// Every item changes its version, so that it is read again.
    fn touched(kit: &Kit);
    /// What the app has of it.
    fn shelf() -> CollectionId;
    /// How many there are in the mailbox.
    fn there(kit: &Kit) -> usize;

    /// What the app has, item by item.
    fn snapshot(kit: &Kit) -> BTreeMap<ItemId, Map<String, Value>> {
        // The order of addresses, numbers and their like says nothing.
        fn sorted(value: &mut Value) {
            match value {
                Value::Array(all) => all.sort_by_key(Value::to_string),
                Value::Object(object) => object.values_mut().for_each(sorted),
                _ => {}
            }
        }
        let plain = |fields: &Fields| {
            let mut value = serde_json::to_value(fields).unwrap();
            sorted(&mut value);
            let Value::Object(plain) = value else { panic!("{value}") };
            plain
        };
        let repository = Self::repository(&*kit.store).unwrap();
        read(repository.as_ref(), &Self::shelf()).into_iter().map(|(id, record)| (id, plain(&record.fields()))).collect()
    }

    /// A run, whatever comes of it: nothing is deleted or made, and nothing is written to the mailbox. Whether it tells of something.
    fn harmless(kit: &Kit, what: &str) -> bool {
        let before = Self::there(kit);
        let told = match Self::run(kit) {
            Ok(sync) => {
                assert_eq!((sync.deleted.left, sync.created.left), (0, 0), "{what}: {sync:?}");
                assert_eq!((sync.created.right, sync.updated.right, sync.deleted.right), (0, 0, 0), "{what}: {sync:?}");
                sync.verdict().exit_code() != 0
            }
            Err(error) => {
                assert!(!error.to_string().contains('\n'), "{what}: {error}");
                true
            }
        };
        assert_eq!(Self::there(kit), before, "{what}");
        told
    }

    /// Nothing goes wrong any more: all is read anew, and there is nothing to do.
    fn healed(kit: &Kit, what: &str) {
        // What failed is asked for again after a while.
        kit.clock.advance(Duration::from_secs(24 * 3600));
        Self::touched(kit);
        for _ in 0..2 {
            let sync = Self::run(kit).unwrap();
            assert_eq!(sync.verdict().exit_code(), 0, "{what}: {sync:?}");
        }
        let sync = Self::run(kit).unwrap();
        assert_eq!((sync.writes(), sync.conflicts, sync.held, sync.verdict().exit_code()), (0, 0, 0, 0), "{what}: {sync:?}");
        kit.silent(what);
        kit.stayed_home(what);
    }
}

fn read<R: Record>(repository: &dyn Repository<R>, collection: &CollectionId) -> Vec<(ItemId, R)> {
    block_on(async {
        let options = ChangeOptions::default();
        let lines: Vec<_> = repository.items(collection, Position::Start, &options).collect().await;
        let mut ids: Vec<ItemId> = lines.into_iter().map(|line| line.unwrap().id().clone()).collect();
        ids.sort();
        ids.dedup();
        let fetched = repository.fetch(collection, &ids).await;
        fetched.into_iter().map(|f| if let Fetched::Found(stored) = f { (stored.id, stored.record) } else { panic!("{f:?}") }).collect()
    })
}

/// At rest, and nothing is looked for in the metadata any more: somebody else answers from here on.
fn rested<R: Whole>(mut kit: Kit) -> Kit {
    for _ in 0..3 {
        let sync = R::run(&kit).unwrap();
        assert_eq!(sync.verdict().exit_code(), 0, "{sync:?}");
    }
    let sync = R::run(&kit).unwrap();
    assert_eq!(sync.writes(), 0, "{sync:?}");
    kit.strict = false;
    kit.simulator.reset_outbox();
    kit.simulator.reset_requests();
    kit
}

fn synced<R: Thing>(kit: &Kit) -> pimkit::Result<SyncReport> {
    kit.try_run::<R>().map(|report| report.sync)
}

fn touch(kit: &Kit, listing: &str) {
    for item in kit.simulator.list(ALICE, listing) {
        assert!(kit.simulator.touch(ALICE, item["id"].as_str().unwrap()));
    }
}

/// "tea" in Base64 (RFC 4648).
fn file() -> Value {
    json!({"@odata.type": "#microsoft.graph.fileAttachment", "name": "tea.txt", "contentType": "text/plain", "contentBytes": "dGVh"})
}

impl Whole for Contact {
    fn world() -> Kit {
        let kit = Kit::default();
        (0..2).for_each(|n| drop(kit.make(Self::nth(n))));
        (0..2).for_each(|n| drop(kit.put("contacts", &people::rich_of_outlook(n))));
        rested::<Self>(kit)
    }
    fn run(kit: &Kit) -> pimkit::Result<SyncReport> {
        synced::<Self>(kit)
    }
    fn touched(kit: &Kit) {
        touch(kit, "contacts");
    }
    fn shelf() -> CollectionId {
        CollectionId::of(<Self as Thing>::SHELF)
    }
    fn there(kit: &Kit) -> usize {
        kit.simulator.list(ALICE, "contacts").len()
    }
}

fn guest(name: &str, answer: &str) -> Value {
    let address = json!({"name": name, "address": format!("{}@elsewhere.example", name.to_lowercase())});
    json!({"emailAddress": address, "type": "required", "status": {"response": answer, "time": "2026-01-05T08:00:00Z"}})
}

impl Whole for Event {
    fn world() -> Kit {
        let mut kit = Kit::default();
        kit.policy.set("attendees", "real").unwrap();
        let path = Self::path(&kit);
        kit.make(Self::nth(0));
        // A series with a changed occurrence and one that does not take place, and a single date.
        let somewhere = json!({
            "displayName": "Room 1", "locationEmailAddress": "room1@example.com", "locationUri": "https://rooms.example/1", "uniqueId": "room-1",
            "address": {"street": "1 Work Street", "city": "Oslo", "state": "Viken", "postalCode": "0150", "countryOrRegion": "Norway"},
            "coordinates": {"latitude": 59.9, "longitude": 10.7, "accuracy": 1.0, "altitude": 2.0, "altitudeAccuracy": 3.0},
        });
        let mut repeated = people::rich_date_of_outlook(0);
        repeated["attendees"] = json!([guest("Dora", "accepted")]);
        (repeated["isOnlineMeeting"], repeated["onlineMeetingProvider"]) = (json!(true), json!("teamsForBusiness"));
        repeated["location"] = somewhere.clone();
        let series = kit.put(&path, &repeated);
        let mut single = people::rich_date_of_outlook(1);
        single["location"] = somewhere.clone();
        kit.put(&path, &single);
        let days = "startDateTime=2026-01-01T00:00:00Z&endDateTime=2026-12-31T00:00:00Z";
        let days = kit.simulator.list(ALICE, &format!("events/{series}/instances?{days}"));
        let changed = json!({
            "subject": "Outlook, moved", "location": somewhere.as_object().unwrap().clone().into_iter().chain([("displayName".to_owned(), json!("Room 9"))]).collect::<Map<_, _>>(), "body": {"contentType": "text", "content": "moved"},
            "start": {"dateTime": "2026-02-04T16:00:00", "timeZone": "W. Europe Standard Time"},
            "end": {"dateTime": "2026-02-04T17:00:00", "timeZone": "W. Europe Standard Time"},
        });
        kit.change(&format!("events/{}", days[1]["id"].as_str().unwrap()), &changed);
        assert!(kit.simulator.delete(ALICE, &format!("events/{}", days[2]["id"].as_str().unwrap())));
        // A meeting of one's own with a file, and one of somebody else's.
        let mut own = people::rich_date_of_outlook(3);
        own["attendees"] = json!([guest("Dora", "accepted"), guest("Emil", "none")]);
        (own["isOnlineMeeting"], own["onlineMeetingProvider"]) = (json!(true), json!("teamsForBusiness"));
        let own = kit.put(&path, &own);
        kit.put(&format!("events/{own}/attachments"), &file());
        let mut theirs = people::rich_date_of_outlook(5);
        theirs["organizer"] = json!({"emailAddress": {"name": "The Boss", "address": "boss@elsewhere.example"}});
        let mut dora = guest("Dora", "tentativelyAccepted");
        let at = |hour: u32| json!({"dateTime": format!("2026-02-06T{hour}:00:00.0000000"), "timeZone": "UTC"});
        dora["proposedNewTime"] = json!({"start": at(10), "end": at(11)});
        theirs["attendees"] = json!([dora, {"emailAddress": {"name": "Alice", "address": ALICE}, "type": "optional"}]);
        theirs["iCalUId"] = json!("a-meeting-of-the-boss");
        kit.simulator.invite(ALICE, &theirs).unwrap();
        rested::<Self>(kit)
    }
    fn run(kit: &Kit) -> pimkit::Result<SyncReport> {
        synced::<Self>(kit)
    }
    fn touched(kit: &Kit) {
        touch(kit, &Self::path(kit));
    }
    fn shelf() -> CollectionId {
        CollectionId::of(<Self as Thing>::SHELF)
    }
    fn there(kit: &Kit) -> usize {
        kit.simulator.list(ALICE, &Self::path(kit)).len()
    }
}

impl Whole for Task {
    fn world() -> Kit {
        let kit = Kit::default();
        let path = Self::path(&kit);
        kit.make(Self::nth(0));
        kit.put(&path, &people::rich_chore_of_outlook(1));
        let mut whole = people::rich_chore_of_outlook(2);
        whole["checklistItems"] = json!([{"displayName": "boil water", "isChecked": true}, {"displayName": "pour", "isChecked": false}]);
        whole["linkedResources"] = json!([{
            "applicationName": "Another app", "displayName": "An order", "externalId": "order-1", "webUrl": "https://orders.example/1",
        }]);
        whole["recurrence"] = json!({
            "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"], "firstDayOfWeek": "monday"},
            "range": {"type": "endDate", "startDate": "2026-03-03", "endDate": "2026-04-28", "recurrenceTimeZone": "UTC"},
        });
        kit.put(&path, &whole);
        let mut done = people::rich_chore_of_outlook(4);
        done["status"] = json!("completed");
        done["completedDateTime"] = json!({"dateTime": "2026-01-02T00:00:00.0000000", "timeZone": "UTC"});
        kit.put(&path, &done);
        rested::<Self>(kit)
    }
    fn run(kit: &Kit) -> pimkit::Result<SyncReport> {
        synced::<Self>(kit)
    }
    fn touched(kit: &Kit) {
        touch(kit, &Self::path(kit));
    }
    fn shelf() -> CollectionId {
        CollectionId::of(<Self as Thing>::SHELF)
    }
    fn there(kit: &Kit) -> usize {
        kit.simulator.list(ALICE, &Self::path(kit)).len()
    }
}

/// A run of a kind that is only read.
fn pulled<R: Whole>(kit: &Kit) -> pimkit::Result<SyncReport> {
    kit.pass();
    let mut policy = kit.policy.clone();
    policy.set("direction", "to_left").unwrap();
    let pair = kit.engine.pair::<R>(R::KIND.plural(), kit.store.clone(), kit.graph.clone()).policy(policy);
    let pair = pair.collections(vec![home::<R>(kit)]).left_collections(vec![R::shelf().to_string()]).build().unwrap();
    block_on(pair.run()).map(|report| report.sync)
}

/// What is read of it, by id.
fn home<R: Record>(kit: &Kit) -> String {
    match R::KIND {
        pimkit::Kind::User => "directory".to_owned(),
        _ => kit.simulator.get(ALICE, "mailFolders/inbox").unwrap()["id"].as_str().unwrap().to_owned(),
    }
}

impl Whole for Message {
    fn world() -> Kit {
        let kit = Kit::default();
        let who = |name: &str| json!({"emailAddress": {"name": name, "address": format!("{}@example.net", name.to_lowercase())}});
        for n in 0..2 {
            let at = |day: u32| json!({"dateTime": format!("2026-03-{day:02}T00:00:00.0000000"), "timeZone": "UTC"});
            let mail = json!({
                "subject": format!("Mail {n}"), "from": who("Bob"), "sender": who("Secretary"), "toRecipients": [who("Alice"), who("Carol")],
                "ccRecipients": [who("Dora")], "bccRecipients": [who("Emil")], "replyTo": [who("Office")], "importance": "high",
                "internetMessageId": format!("<m{n}@mail.example>"), "conversationId": format!("thread-{n}"), "isRead": true,
                "body": {"contentType": if n == 0 { "html" } else { "text" }, "content": format!("Hello {n}")},
                "receivedDateTime": "2026-03-02T06:00:00Z", "sentDateTime": "2026-03-02T05:59:58Z", "categories": ["Customers"],
                "flag": {"flagStatus": "flagged", "startDateTime": at(3), "dueDateTime": at(4)}, "attachments": [file()],
            });
            kit.simulator.bring(ALICE, "inbox", &mail).unwrap();
        }
        rested::<Self>(kit)
    }
    fn run(kit: &Kit) -> pimkit::Result<SyncReport> {
        pulled::<Self>(kit)
    }
    fn touched(kit: &Kit) {
        touch(kit, "mailFolders/inbox/messages");
    }
    fn shelf() -> CollectionId {
        CollectionId::of("activities")
    }
    fn there(kit: &Kit) -> usize {
        kit.simulator.list(ALICE, "messages").len()
    }
}

impl Whole for User {
    fn world() -> Kit {
        let whole = json!({
            "userPrincipalName": "ada@example.com", "displayName": "Ada Lovelace", "mail": "ada@example.com", "givenName": "Ada",
            "surname": "Lovelace", "jobTitle": "Countess", "department": "Engines", "companyName": "Analytical", "officeLocation": "Room 1",
            "city": "London", "country": "England", "employeeId": "1815", "userType": "Member", "mobilePhone": "+44 1", "faxNumber": "+44 2",
            "businessPhones": ["+44 3"], "proxyAddresses": ["SMTP:ada@example.com", "smtp:al@example.com"],
        });
        let kit = Kit::new(|builder| builder.person(whole), |config| config);
        assert!(kit.simulator.set_manager("ada@example.com", ALICE));
        rested::<Self>(kit)
    }
    fn run(kit: &Kit) -> pimkit::Result<SyncReport> {
        pulled::<Self>(kit)
    }
    fn touched(kit: &Kit) {
        // Whoever changes in the directory is told of again.
        for name in ["ada@example.com", ALICE] {
            assert!(kit.simulator.set_user(&json!({"userPrincipalName": name})));
        }
    }
    fn shelf() -> CollectionId {
        CollectionId::of("users")
    }
    fn there(_: &Kit) -> usize {
        2
    }
}
