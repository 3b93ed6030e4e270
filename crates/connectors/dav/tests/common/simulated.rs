//! Accounts on simulated servers, in process.

use super::{Account, Client, Mails, floor, prepare, spelt};
use async_trait::async_trait;
use bytes::Bytes;
use pimkit_contract::{
    FakeClock, SeededChance,
    suite::{Floor, Harness, Stage},
};
use pimkit_core::{Capabilities, Clock, CollectionId, Create, Error, ErrorKind, Fields, Kind};
use pimkit_dav::{Config, Dav};
use pimkit_http::{Auth, Basic, Bearer, Body, Digest, Failure, InProcess, Incoming, Secret, Transport};
use pimkit_simulators::{Challenge, CollectionKind, Cut, Dav as Simulator, Personality};
use std::sync::Arc;

/// A wire into a simulator.
pub fn wire(simulator: &Simulator) -> Arc<InProcess> {
    let simulator = simulator.clone();
    Arc::new(InProcess::new(move |outgoing| {
        let mut request = http::Request::builder().method(outgoing.method).uri(outgoing.url.as_str());
        for (name, value) in &outgoing.headers {
            request = request.header(name, value);
        }
        // Virtual hosts are told by it.
        let authority = outgoing.url.authority().rsplit('@').next().unwrap_or_default().to_owned();
        let request = request.header("host", authority).body(outgoing.body).unwrap();
        let answer = simulator.answer_now(&request);
        async move {
            match answer {
                Ok(response) => {
                    let (head, body) = response.into_parts();
                    Ok(Incoming::new(head.status, head.headers, Body::bytes(body)))
                }
                Err(Cut::Reset) => Err(Failure::unknown(Error::new(ErrorKind::Transport, "the connection was reset"))),
                Err(Cut::Truncated { head, body_so_far }) => {
                    let cut = || Failure::unknown(Error::new(ErrorKind::Transport, "the connection broke"));
                    let chunks = futures::stream::iter([Ok::<Bytes, Failure>(body_so_far), Err(cut())]);
                    let (head, ()) = (*head).into_parts();
                    let mut headers = head.headers;
                    headers.remove("content-length");
                    Ok(Incoming::new(head.status, headers, Body::stream(chunks)))
                }
            }
        }
    }))
}

/// A simulator of this character, at the time of a test's clock.
pub fn simulator(personality: Personality, clock: &FakeClock) -> Simulator {
    let clock = clock.clone();
    Simulator::builder(personality).user("alice", "secret").user("bob", "secret").clock(Arc::new(move || clock.now())).build()
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
pub fn account(simulator: &Simulator, personality: &Personality, clock: &FakeClock, transport: Arc<dyn Transport>) -> Dav {
    let _ = simulator;
    let secret = Secret::new("secret");
    let auth: Arc<dyn Auth> = match personality.login.challenges.iter().find(|c| !matches!(c, Challenge::Foreign(_))) {
        Some(Challenge::Digest(_)) => Arc::new(Digest::new("alice", &secret).unwrap()),
        Some(Challenge::Bearer) => Arc::new(Bearer::fixed(secret)),
        _ => Arc::new(Basic::new("alice", &secret).unwrap()),
    };
    let config = Config::new(start(&personality.name)).account("suite").user("alice").address("alice@example.org");
    Dav::builder(config, transport, Arc::new(clock.clone()), Arc::new(SeededChance::new(1))).auth(auth).open().unwrap()
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
    /// Its accounts have contacts, events and tasks.
    pub kinds: [bool; 3],
}

/// The suite over a simulated server: a world for each case.
pub struct Simulated {
    pub personality: Personality,
    pub expected: Expected,
    pub clock: FakeClock,
}

#[async_trait]
impl Harness for Simulated {
    fn name(&self) -> String {
        format!("simulated {}", self.personality.name)
    }
    fn floor(&self) -> Floor {
        floor()
    }
    fn prepare(&self, kind: Kind, fields: Fields) -> Fields {
        prepare(kind, fields)
    }
    fn spelt(&self, kind: Kind, fields: Fields) -> Fields {
        spelt(kind, fields)
    }
    fn kinds(&self) -> Vec<Kind> {
        let all = [Kind::Contact, Kind::Event, Kind::Task];
        all.into_iter().zip(self.expected.kinds).filter(|(_, has)| *has).map(|(kind, _)| kind).collect()
    }
    fn mails_guests(&self) -> bool {
        self.expected.mails
    }
    async fn fresh(&self) -> Box<dyn Stage> {
        let simulator = simulator(self.personality.clone(), &self.clock);
        stock(&simulator);
        let dav = account(&simulator, &self.personality, &self.clock, wire(&simulator));
        let client = Client(dav.clone());
        Box::new(Account { dav, client, mails: Mails::Outbox(simulator), server: None })
    }
}

impl Expected {
    /// Whether what a collection declares is what is expected.
    pub fn check(&self, kind: Kind, id: &CollectionId, can: Capabilities) {
        let Self { name, incremental, conditional, repeatable, silent, moves, .. } = *self;
        assert_eq!(can.incremental, incremental, "{name} {kind:?} {id}: incremental");
        assert_eq!(can.conditional, conditional, "{name} {kind:?} {id}: conditional");
        assert_eq!(can.create == Create::Repeatable, repeatable, "{name} {kind:?} {id}: create");
        assert_eq!(can.can_keep_silent, silent || kind == Kind::Contact, "{name} {kind:?} {id}: silent");
        assert_eq!(can.move_items, moves, "{name} {kind:?} {id}: moves");
    }
}
