//! Accounts on simulated servers, in process.

use super::{Account, Client, Mails, floor, kinds_with, prepare, spelt};
use async_trait::async_trait;
use pimkit_contract::{
    FakeClock, SeededChance,
    suite::{BackDoor, Floor, Harness, Stage},
};
use pimkit_core::{
    Capabilities, Clock, CollectionId, Connector, Contact, Create, Event, Fields, Kind, Outcome, Record, Repository, Stored, Task,
    WriteOptions,
};
use pimkit_dav::{Config, Dav, Groups, Quirks};
use pimkit_formats::resource::{Authoring, InlineBlobs, TextRecord};
use pimkit_http::{Auth, Basic, Bearer, Broken, Digest, InProcess, Secret, Transport};
use pimkit_simulators::{Challenge, CollectionKind, Cut, Dav as Simulator, Personality};
use std::{sync::Arc, time::Duration};

/// A wire into a simulator.
pub fn wire(simulator: &Simulator) -> Arc<InProcess> {
    let simulator = simulator.clone();
    Arc::new(InProcess::serving(move |request| {
        simulator.answer_now(&request).map_err(|cut| match cut {
            Cut::Reset => Broken::Reset,
            Cut::Truncated { head, body_so_far } => Broken::Truncated(Box::new(head.map(|()| body_so_far))),
        })
    }))
}

/// A simulator of this character, at the time of a test's clock.
pub fn simulator(personality: Personality, clock: &FakeClock) -> Simulator {
    let clock = clock.clone();
    Simulator::builder(personality).user("alice", "secret").user("bob", "secret").clock(Arc::new(move || clock.now())).build()
}

/// One account for one case.
struct SimulatedAccount(Account, Simulator, FakeClock);

#[async_trait]
impl Stage for SimulatedAccount {
    fn connector(&self) -> Arc<dyn Connector> {
        self.0.connector()
    }
    async fn second_collection(&self, kind: Kind) -> Option<CollectionId> {
        match kind {
            Kind::Contact => self.1.make_addressbook("alice", "Second"),
            Kind::Event => self.1.make_calendar("alice", "Second", &["VEVENT"]),
            _ => self.1.make_calendar("alice", "Second", &["VTODO"]),
        }
        .map(CollectionId::from)
    }
    fn contact_door(&self) -> Option<&dyn BackDoor<Contact>> {
        Some(self)
    }
    fn event_door(&self) -> Option<&dyn BackDoor<Event>> {
        Some(self)
    }
    fn task_door(&self) -> Option<&dyn BackDoor<Task>> {
        Some(self)
    }
    fn mails(&self) -> Option<usize> {
        self.0.mails()
    }
    async fn settle(&self) {
        self.2.advance(Duration::from_secs(2));
    }
}

/// What the user's other programs do, behind the wire.
#[async_trait]
impl<R: TextRecord> BackDoor<R> for SimulatedAccount {
    async fn edit(&self, item: &Stored<R>, record: &R) -> bool {
        let (_, text) = self.1.get(item.id.as_str()).unwrap();
        let options = Authoring::new(self.2.now(), "-//another//program//EN");
        let text = R::patch(text.as_bytes(), &R::read(text.as_bytes()).unwrap(), record, &options, &InlineBlobs::new()).unwrap();
        self.1.put(item.id.as_str(), std::str::from_utf8(&text).unwrap()).is_some()
    }
    async fn delete(&self, item: &Stored<R>) -> bool {
        self.1.delete(item.id.as_str())
    }
    async fn damage(&self, item: &Stored<R>) -> bool {
        self.1.put(item.id.as_str(), "BEGIN:VCARD\r\nBEGIN:VCALENDAR\r\nFN:Ha").is_some()
    }
}

/// Gives the account what its server leaves to its user to make.
fn stock(simulator: &Simulator) {
    let there = simulator.collections("alice");
    let holds = |component: &str| there.iter().any(|c| c.components.iter().any(|known| known == component) && !c.read_only);
    if !there.iter().any(|c| c.kind == CollectionKind::AddressBook) {
        simulator.make_addressbook("alice", "Book");
    }
    for (component, name) in [("VEVENT", "Events"), ("VTODO", "Tasks")] {
        if !holds(component) {
            simulator.make_calendar("alice", name, &[component]);
        }
    }
}

/// Where discovery starts, for servers that are known by their address.
pub fn start(name: &str) -> &'static str {
    match name {
        "icloud" => "https://caldav.icloud.com/",
        "google-calendar" => "https://apidata.googleusercontent.com/caldav/v2/alice/user",
        "google-contacts" => "https://www.googleapis.com/carddav/v1/principals/alice/lists/",
        "fastmail" => "https://caldav.fastmail.com/",
        "gmx" => "https://caldav.gmx.net/",
        "posteo" => "https://posteo.de:8443/",
        "purelymail" => "https://purelymail.com/",
        "mailru" => "https://calendar.mail.ru/",
        "yahoo" => "https://caldav.calendar.yahoo.com/",
        "ox" => "https://dav.mailbox.org/",
        _ => "http://localhost/",
    }
}

/// An account at a simulator.
pub fn account(personality: &Personality, clock: &FakeClock, transport: Arc<dyn Transport>) -> Dav {
    account_as(personality, clock, transport, |config| config)
}

/// An account at a simulator, opened with more than where it is.
pub fn account_as(personality: &Personality, clock: &FakeClock, transport: Arc<dyn Transport>, with: impl FnOnce(Config) -> Config) -> Dav {
    let secret = Secret::new("secret");
    let auth: Arc<dyn Auth> = match personality.login.challenges.iter().find(|c| !matches!(c, Challenge::Foreign(_))) {
        Some(Challenge::Digest(_)) => Arc::new(Digest::new("alice", &secret).unwrap()),
        Some(Challenge::Bearer) => Arc::new(Bearer::fixed(secret)),
        _ => Arc::new(Basic::new("alice", &secret).unwrap()),
    };
    let mut config = Config::new(start(&personality.name)).account("suite").user("alice").address("alice@example.org");
    // Nothing tells these from others.
    if matches!(personality.name.as_str(), "synology" | "robur" | "ccs" | "zimbra") {
        config = config.quirks(Quirks::named(&personality.name).unwrap());
    }
    Dav::builder(with(config), transport, Arc::new(clock.clone()), Arc::new(SeededChance::new(1))).auth(auth).open().unwrap()
}

/// A fresh account at a simulated server.
pub fn fresh(personality: &Personality, clock: &FakeClock) -> Dav {
    let simulator = simulator(personality.clone(), clock);
    stock(&simulator);
    account(personality, clock, wire(&simulator))
}

/// What a server of a name declares, beside what all do.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    pub name: &'static str,
    /// It tells changes since a token.
    pub incremental: bool,
    /// It looks at `If-Match`.
    pub conditional: bool,
    /// Items keep the names that we give.
    pub repeatable: bool,
    /// It can be kept from mailing.
    pub silent: bool,
    pub moves: bool,
    /// It mails guests at all.
    pub mails: bool,
    /// It drops properties of nobody's standard.
    pub drops_extensions: bool,
    /// Fields that it does not let go.
    pub required: &'static [&'static str],
    /// Its accounts have contacts, events and tasks.
    pub kinds: [bool; 3],
    /// Address books and calendars can be made.
    pub makes: [bool; 2],
}

/// All that the floor asks.
pub const fn of(name: &'static str) -> Expected {
    Expected {
        name,
        incremental: true,
        conditional: true,
        repeatable: true,
        silent: true,
        moves: true,
        mails: false,
        drops_extensions: false,
        required: &[],
        kinds: [true; 3],
        makes: [true; 2],
    }
}

/// The suite over a simulated server: a world for each case.
pub struct Simulated {
    pub personality: Personality,
    pub expected: Expected,
    pub groups: Groups,
    pub clock: FakeClock,
}

#[async_trait]
impl Harness for Simulated {
    fn name(&self) -> String {
        format!("simulated {}, groups as {:?}", self.personality.name, self.groups)
    }
    fn floor(&self) -> Floor {
        floor(&self.expected, self.groups)
    }
    fn prepare(&self, kind: Kind, fields: Fields) -> Fields {
        prepare(kind, fields)
    }
    fn spelt(&self, kind: Kind, fields: Fields) -> Fields {
        let fields = spelt(kind, fields);
        if self.expected.drops_extensions { without_extensions(fields) } else { fields }
    }
    fn required(&self, kind: Kind, field: &str) -> bool {
        let always = matches!((kind, field), (Kind::Event, "start") | (Kind::Contact, "name.full") | (Kind::Task, "title"));
        always || self.expected.required.contains(&field)
    }
    fn kinds(&self) -> Vec<Kind> {
        let all = kinds_with(self.groups).iter().zip(self.expected.kinds);
        all.filter(|(_, has)| *has).map(|(kind, _)| *kind).collect()
    }
    fn mails_guests(&self) -> bool {
        self.expected.mails
    }
    async fn fresh(&self) -> Box<dyn Stage> {
        let simulator = simulator(self.personality.clone(), &self.clock);
        stock(&simulator);
        let dav = account_as(&self.personality, &self.clock, wire(&simulator), |config| config.groups(self.groups));
        let client = Client(dav.clone());
        Box::new(SimulatedAccount(
            Account { dav, client, mails: Mails::Outbox(simulator.clone()), server: None },
            simulator,
            self.clock.clone(),
        ))
    }
}

/// The fields without what is said in properties of nobody's standard, which travel with others: labels, anniversaries of vCard
/// 3.0, the codes of countries.
fn without_extensions(mut fields: Fields) -> Fields {
    for path in ["emails", "phones", "addresses", "links"] {
        if let Some(serde_json::Value::Array(list)) = fields.get_mut(path) {
            for entry in list.iter_mut().filter_map(|e| e.as_object_mut()) {
                for key in ["label", "countryCode"] {
                    entry.remove(key);
                }
            }
        }
    }
    if let Some(serde_json::Value::Array(list)) = fields.get_mut("anniversaries") {
        list.retain(|entry| entry.get("kind").is_some_and(|kind| kind == "birth"));
    }
    fields
}

impl Expected {
    /// Whether what collections declare is what is expected.
    pub async fn check<R: Record>(&self, items: &dyn Repository<R>, kind: Kind) {
        let all = items.collections().await.unwrap();
        assert!(!all.is_empty(), "{} {kind:?}", self.name);
        let [books, calendars] = self.makes;
        let made = items.folders().unwrap().create(&kind.plural().into(), "Made", &WriteOptions::default()).await;
        let makes = matches!(made, Outcome::Written { .. });
        assert_eq!(makes, if kind == Kind::Contact { books } else { calendars }, "{} {kind:?}: a collection is made", self.name);
        for collection in all {
            self.check_one(kind, &collection.id, collection.capabilities);
        }
    }

    fn check_one(&self, kind: Kind, id: &CollectionId, can: Capabilities) {
        let Self { name, incremental, conditional, repeatable, silent, moves, .. } = *self;
        assert_eq!(can.incremental, incremental, "{name} {kind:?} {id}: incremental");
        assert_eq!(can.conditional, conditional, "{name} {kind:?} {id}: conditional");
        assert_eq!(can.create == Create::Repeatable, repeatable, "{name} {kind:?} {id}: create");
        assert_eq!(can.can_keep_silent, silent || kind == Kind::Contact, "{name} {kind:?} {id}: silent");
        assert_eq!(can.move_items, moves, "{name} {kind:?} {id}: moves");
        assert_eq!(can.photos, kind == Kind::Contact, "{name} {kind:?} {id}: photos");
        assert_eq!(can.exceptions, kind != Kind::Contact, "{name} {kind:?} {id}: exceptions");
        assert_eq!(can.attachments, kind != Kind::Contact, "{name} {kind:?} {id}: attachments");
        assert!(can.find, "{name} {kind:?} {id}: find");
    }
}
