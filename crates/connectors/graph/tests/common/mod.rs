//! Accounts at the stand-in for Microsoft Graph, in process.
#![allow(dead_code, unreachable_pub, reason = "each test file takes what it needs")]

mod sources;
mod spelt;

use async_trait::async_trait;
use bytes::Bytes;
use pimkit_contract::{
    FakeClock, SeededChance,
    suite::{BackDoor, Floor, Harness, Source, Stage},
};
use pimkit_core::{
    Capabilities, Clock, CollectionId, Connector, Contact, Create, Event, Fields, Kind, Message, Record, Role, Stored, User,
};
use pimkit_graph::{Config, Graph};
use pimkit_http::{Bearer, Broken, InProcess, Secret, Transport};
use pimkit_simulators::{Cut, Graph as Simulator, GraphRules};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

/// Who the account is of.
pub const ALICE: &str = "alice@example.com";
/// Who else has a mailbox there.
pub const BOB: &str = "bob@example.com";
/// Where the stand-in is, for whoever asks it.
pub const ROOT: &str = "https://graph.example.com/v1.0";

/// A stand-in with one mailbox, at the time of a test's clock.
pub fn simulator(rules: GraphRules, clock: &FakeClock) -> Simulator {
    let clock = clock.clone();
    Simulator::builder().seed(1).user(ALICE, "token").user(BOB, "bob").rules(rules).clock(Arc::new(move || clock.now())).build()
}

/// Ids of items that cannot be read any more.
pub type Damaged = Arc<Mutex<BTreeSet<String>>>;

/// A wire into a stand-in. What it says of damaged items is of another type than it should be.
pub fn wire(simulator: &Simulator, damaged: &Damaged) -> Arc<InProcess> {
    let (simulator, damaged) = (simulator.clone(), damaged.clone());
    Arc::new(InProcess::serving(move |request| {
        let answer = simulator.answer_now(&request).map_err(|cut| match cut {
            Cut::Reset => Broken::Reset,
            Cut::Truncated { head, body_so_far } => Broken::Truncated(Box::new(head.map(|()| body_so_far))),
        })?;
        let damaged = damaged.lock().unwrap();
        if damaged.is_empty() {
            return Ok(answer);
        }
        Ok(answer.map(|body| match serde_json::from_slice::<Value>(&body) {
            Ok(mut json) => {
                damage(&mut json, &damaged);
                Bytes::from(json.to_string())
            }
            Err(_) => body,
        }))
    }))
}

fn damage(value: &mut Value, damaged: &BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            let is_it = object.get("id").and_then(Value::as_str).is_some_and(|id| damaged.contains(id));
            for name in ["displayName", "subject"] {
                if is_it && object.contains_key(name) {
                    object.insert(name.to_owned(), json!({"not": "a text"}));
                }
            }
            object.values_mut().for_each(|value| damage(value, damaged));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| damage(value, damaged)),
        _ => {}
    }
}

/// An account over a transport.
pub fn open(config: Config, transport: Arc<dyn Transport>, clock: &FakeClock) -> Graph {
    let opening =
        Graph::builder(config.account("suite").address(ALICE), transport, Arc::new(clock.clone()), Arc::new(SeededChance::new(1)));
    opening.auth(Arc::new(Bearer::fixed(Secret::new("token")))).open().unwrap()
}

/// One account for one test.
pub struct Account {
    pub graph: Graph,
    pub simulator: Simulator,
    pub wire: Arc<InProcess>,
    pub clock: FakeClock,
    damaged: Damaged,
}

impl Account {
    pub fn new(rules: GraphRules, config: Config) -> Self {
        let clock = FakeClock::default();
        let simulator = simulator(rules, &clock);
        let damaged = Damaged::default();
        let wire = wire(&simulator, &damaged);
        let graph = open(config, wire.clone(), &clock);
        Self { graph, simulator, wire, clock, damaged }
    }
}

impl Default for Account {
    fn default() -> Self {
        Self::new(GraphRules::default(), Config::new(ROOT))
    }
}

/// What is asked and answered is in the service's metadata, whatever a test looks at.
impl Drop for Account {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.simulator.violations(), [], "not in the metadata of Microsoft Graph");
        }
    }
}

#[async_trait]
impl Stage for Account {
    fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(self.graph.clone())
    }
    async fn second_collection(&self, kind: Kind) -> Option<CollectionId> {
        match kind {
            Kind::Contact => self.simulator.create(ALICE, "contactFolders", &json!({"displayName": "Second"})).map(CollectionId::from),
            Kind::Event => self.simulator.create(ALICE, "calendars", &json!({"name": "Second"})).map(CollectionId::from),
            _ => None,
        }
    }
    fn event_door(&self) -> Option<&dyn BackDoor<Event>> {
        Some(self)
    }
    fn contact_door(&self) -> Option<&dyn BackDoor<Contact>> {
        Some(self)
    }
    fn message_source(&self) -> Option<&dyn Source<Message>> {
        Some(self)
    }
    fn user_source(&self) -> Option<&dyn Source<User>> {
        Some(self)
    }
    fn mails(&self) -> Option<usize> {
        Some(self.simulator.outbox().len())
    }
    async fn settle(&self) {
        self.clock.advance(Duration::from_secs(61));
    }
}

/// What the user's other programs do.
#[async_trait]
impl BackDoor<Contact> for Account {
    async fn edit(&self, item: &Stored<Contact>, record: &Contact) -> bool {
        let name = &record.name;
        let body = json!({"givenName": name.given, "surname": name.surname, "displayName": name.full});
        self.simulator.change(ALICE, &format!("contacts/{}", item.id), &body)
    }
    async fn delete(&self, item: &Stored<Contact>) -> bool {
        self.simulator.delete(ALICE, &format!("contacts/{}", item.id))
    }
    async fn damage(&self, item: &Stored<Contact>) -> bool {
        self.damaged.lock().unwrap().insert(item.id.to_string());
        // Something about it changes.
        self.simulator.touch(ALICE, item.id.as_str())
    }
}

#[async_trait]
impl BackDoor<Event> for Account {
    async fn edit(&self, item: &Stored<Event>, record: &Event) -> bool {
        self.simulator.change(ALICE, &format!("events/{}", item.id), &json!({"subject": record.title}))
    }
    async fn delete(&self, item: &Stored<Event>) -> bool {
        self.simulator.delete(ALICE, &format!("events/{}", item.id))
    }
    async fn damage(&self, item: &Stored<Event>) -> bool {
        self.damaged.lock().unwrap().insert(item.id.to_string());
        self.simulator.touch(ALICE, item.id.as_str())
    }
}

/// The suite over the stand-in: an account for each case.
pub struct Simulated {
    pub name: &'static str,
    pub rules: GraphRules,
    pub config: Config,
}

/// What the connector must declare.
pub fn floor() -> Floor {
    Floor::default()
        .kind(Kind::Contact, |c: &mut Capabilities| {
            (c.write, c.incremental, c.conditional, c.photos, c.find, c.can_keep_silent) = (true, true, true, true, true, true);
            c.create = Create::Findable { settles_after: Duration::from_secs(60) };
        })
        .kind(Kind::Event, |c: &mut Capabilities| {
            (c.write, c.incremental, c.conditional, c.attachments, c.exceptions) = (true, true, true, true, true);
            c.create = Create::Repeatable;
        })
        .role(Role::Folders)
        .role(Role::Categories)
        .role(Role::Blobs)
        .role(Role::Push)
}

#[async_trait]
impl Harness for Simulated {
    fn name(&self) -> String {
        format!("simulated Graph, {}", self.name)
    }
    fn floor(&self) -> Floor {
        floor()
    }
    fn kinds(&self) -> Vec<Kind> {
        vec![Kind::Contact, Kind::Event]
    }
    fn prepare(&self, kind: Kind, fields: Fields) -> Fields {
        match kind {
            Kind::Event => spelt::sayable(Event::default().with(&fields).unwrap()).fields(),
            _ => fields,
        }
    }
    fn spelt(&self, kind: Kind, fields: Fields) -> Fields {
        match kind {
            Kind::Event => spelt::event(Event::default().with(&fields).unwrap()).fields(),
            Kind::Contact => spelt::contact(Contact::default().with(&fields).unwrap()).fields(),
            _ => fields,
        }
    }
    fn required(&self, kind: Kind, field: &str) -> bool {
        match (kind, field) {
            // Graph v1.0 has no request that takes a picture away.
            (Kind::Contact, "photo") => true,
            // Every event has a start and an end, its time shows as something, and what was deleted of a series does not come back.
            (Kind::Event, "start" | "end" | "freeBusyStatus" | "recurrenceOverrides") => true,
            _ => false,
        }
    }
    fn mails_guests(&self) -> bool {
        true
    }
    async fn fresh(&self) -> Box<dyn Stage> {
        Box::new(Account::new(self.rules.clone(), self.config.clone()))
    }
}
