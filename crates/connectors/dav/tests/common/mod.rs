//! Accounts on DAV servers to try things on.
#![allow(dead_code, unreachable_pub, reason = "each test file takes what it needs")]

#[path = "../scenarios/made.rs"]
mod made;
pub mod named;
pub mod servers;
pub mod simulated;

pub use made::make;

use async_trait::async_trait;
use pimkit_contract::{
    FakeClock, SeededChance, samples,
    suite::{BackDoor, Floor, Harness, Stage},
};
use pimkit_core::{Capabilities, CollectionId, Connector, Contact, Create, Event, Fields, Kind, Record, Role, Stored, Task};
use pimkit_dav::{Config, Dav, Groups};
use pimkit_formats::{
    resource::{Authoring, InlineBlobs, TextRecord},
    vcard,
};
use pimkit_http::{Basic, Reqwest, ReqwestOptions, Secret, Transport};
use std::sync::Arc;

/// The network.
pub fn network() -> Arc<dyn Transport> {
    Arc::new(Reqwest::new(&ReqwestOptions::default()).unwrap())
}

/// An account over a transport.
pub fn open(config: Config, login: Option<(&str, &str)>, transport: Arc<dyn Transport>, clock: &FakeClock) -> Dav {
    let mut opening = Dav::builder(config, transport, Arc::new(clock.clone()), Arc::new(SeededChance::new(1)));
    if let Some((user, password)) = login {
        opening = opening.auth(Arc::new(Basic::new(user, &Secret::new(password)).unwrap()));
    }
    opening.open().unwrap()
}

/// Another client of the same account, which writes texts.
pub struct Client(pub Dav);

impl Client {
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> u16 {
        let answer = self.0.request(method, path, headers, body.into()).await.unwrap();
        answer.status.as_u16()
    }

    /// Deletes every collection in a home.
    pub async fn empty(&self, home: &str) {
        let answer = self.0.request("PROPFIND", home, &[("depth", "1")], Vec::new()).await.unwrap();
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        for part in text.split("href>").filter(|part| part.starts_with(home)) {
            let path = part.split('<').next().unwrap();
            if path != home {
                self.send("DELETE", path, &[], "").await;
            }
        }
    }

    pub async fn get(&self, path: &str) -> Vec<u8> {
        let answer = self.0.request("GET", path, &[], Vec::new()).await.unwrap();
        assert!(answer.status.is_success(), "GET is {}", answer.status);
        answer.body.to_vec()
    }
}

#[async_trait]
impl<R: TextRecord> BackDoor<R> for Client {
    async fn edit(&self, item: &Stored<R>, record: &R) -> bool {
        let text = self.get(item.id.as_str()).await;
        let options = Authoring::new(jiff::Timestamp::now(), "-//another//program//EN");
        let text = R::patch(&text, &R::read(&text).unwrap(), record, &options, &InlineBlobs::new()).unwrap();
        let status = self.send("PUT", item.id.as_str(), &[("content-type", R::MEDIA_TYPE)], text).await;
        assert!((200..300).contains(&status), "PUT is {status}");
        true
    }
    async fn delete(&self, item: &Stored<R>) -> bool {
        let status = self.send("DELETE", item.id.as_str(), &[], "").await;
        assert!((200..300).contains(&status), "DELETE is {status}");
        true
    }
    async fn damage(&self, _: &Stored<R>) -> bool {
        // Servers take no damaged items.
        false
    }
}

/// One account for one case.
pub struct Account {
    pub dav: Dav,
    pub client: Client,
    pub mails: Mails,
    /// What has to stay alive.
    pub server: Option<Arc<servers::Server>>,
}

#[async_trait]
impl Stage for Account {
    fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(self.dav.clone())
    }
    fn contact_door(&self) -> Option<&dyn BackDoor<Contact>> {
        Some(&self.client)
    }
    fn event_door(&self) -> Option<&dyn BackDoor<Event>> {
        Some(&self.client)
    }
    fn task_door(&self) -> Option<&dyn BackDoor<Task>> {
        Some(&self.client)
    }
    fn mails(&self) -> Option<usize> {
        match &self.mails {
            Mails::Never => Some(0),
            Mails::Outbox(simulator) => Some(simulator.outbox().len()),
        }
    }
}

/// Where mails are seen.
pub enum Mails {
    /// The server sends none.
    Never,
    /// In the simulator's outbox.
    Outbox(pimkit_simulators::Dav),
}

/// What a server must declare: all that the floor asks, but for what this one is known to lack.
pub fn floor(expected: &simulated::Expected, groups: Groups) -> Floor {
    let all = |c: &mut Capabilities| {
        (c.write, c.find, c.can_keep_silent) = (true, true, expected.silent);
        (c.incremental, c.conditional, c.move_items) = (expected.incremental, expected.conditional, expected.moves);
        c.create = if expected.repeatable { Create::Repeatable } else { Create::ByContent };
    };
    let calendar = move |c: &mut Capabilities| {
        all(c);
        c.exceptions = true;
    };
    let floor = Floor::default()
        .kind(Kind::Contact, |c| {
            all(c);
            (c.photos, c.can_keep_silent) = (true, true);
        })
        .kind(Kind::Event, calendar)
        .kind(Kind::Task, calendar)
        .role(Role::Folders)
        .role(Role::Blobs);
    match groups {
        Groups::Cards => floor,
        Groups::Categories => floor.role(Role::Categories),
    }
}

/// The kinds that are tried: events and tasks know nothing of groups, so that they are not tried twice.
pub fn kinds_with(groups: Groups) -> &'static [Kind] {
    match groups {
        Groups::Cards => &[Kind::Contact, Kind::Event, Kind::Task],
        Groups::Categories => &[Kind::Contact],
    }
}

/// What a sample must be like so that DAV takes it.
pub fn prepare(kind: Kind, mut fields: Fields) -> Fields {
    // A VTODO with overrides is a series, and a series has a start (RFC 5545 section 3.8.5.3).
    if kind == Kind::Task && fields.contains_key("recurrenceOverrides") && !fields.contains_key("start") {
        let start = samples::task_series(1).get("start").unwrap();
        fields.insert("start".into(), start);
    }
    // Whoever stores a meeting of somebody else's is a guest of it.
    if let Some(organizer) = fields.get_mut("organizer").and_then(|o| o.as_object_mut()) {
        organizer.insert("address".to_owned(), "alice@example.com".into());
    }
    fields
}

/// A uid is a uid with and without `urn:uuid:`.
pub fn spelt(kind: Kind, fields: Fields) -> Fields {
    match kind {
        Kind::Contact => vcard::normalised(&Contact::default().with(&fields).unwrap()).fields(),
        _ => fields,
    }
}

/// The suite over a real server: an account for each case.
pub struct Real {
    pub server: Arc<servers::Server>,
    pub groups: Groups,
    pub clock: FakeClock,
}

#[async_trait]
impl Harness for Real {
    fn name(&self) -> String {
        format!("{}, groups as {:?}", self.server.name(), self.groups)
    }
    fn floor(&self) -> Floor {
        floor(&simulated::of(""), self.groups)
    }
    fn kinds(&self) -> Vec<Kind> {
        kinds_with(self.groups).to_vec()
    }
    fn prepare(&self, kind: Kind, fields: Fields) -> Fields {
        prepare(kind, fields)
    }
    fn spelt(&self, kind: Kind, fields: Fields) -> Fields {
        spelt(kind, fields)
    }
    async fn fresh(&self) -> Box<dyn Stage> {
        let dav = self.server.account(&self.clock, self.groups).await;
        let client = Client(dav.clone());
        Box::new(Account { dav, client, mails: Mails::Never, server: Some(Arc::clone(&self.server)) })
    }
}

/// The path of a collection, for requests by hand.
pub fn path(id: &CollectionId) -> &str {
    id.as_str()
}
