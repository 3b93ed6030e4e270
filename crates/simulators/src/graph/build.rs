//! What a service is made from.

use crate::faults::{FaultPlan, Faults};
use crate::graph::Graph;
use crate::graph::directory::User;
use crate::graph::ids;
use crate::graph::push::{self, Courier};
use crate::graph::rules::GraphRules;
use crate::graph::store::{Kind, Mailbox};
use crate::graph::throttle::Throttle;
use crate::graph::world::{Clock, Grant, Store, World};
use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What waits while an answer is late.
pub(crate) type Sleeper = Arc<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>;

/// The application that tokens are for when nobody says.
const APP: &str = "00000000-0000-0000-0000-00000000a001";

/// What a [`Graph`] is made from.
pub struct GraphBuilder {
    seed: u64,
    users: Vec<(String, Map<String, Value>, bool)>,
    grants: BTreeMap<String, Grant>,
    rules: GraphRules,
    clock: Clock,
    plan: FaultPlan,
    sleeper: Sleeper,
    latency: Duration,
    courier: Courier,
}

impl std::fmt::Debug for GraphBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GraphBuilder").field("seed", &self.seed).field("users", &self.users.len()).finish_non_exhaustive()
    }
}

impl GraphBuilder {
    pub(crate) fn new() -> Self {
        Self {
            seed: 0,
            users: Vec::new(),
            grants: BTreeMap::new(),
            rules: GraphRules::default(),
            clock: Arc::new(Timestamp::now),
            plan: FaultPlan::default(),
            sleeper: Arc::new(|long| Box::pin(tokio::time::sleep(long))),
            latency: Duration::ZERO,
            courier: Arc::new(push::deliver),
        }
    }

    /// What ids, change keys and tokens are made from: the same seed and calls give the same ones.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// A user of the organisation by the principal name, which is the e-mail address too, with a mailbox, and a delegated token
    /// that lets an application at all of it.
    #[must_use]
    pub fn user(mut self, name: &str, token: &str) -> Self {
        self.users.push((name.to_owned(), Map::new(), true));
        self.grant(token, name, None)
    }

    /// A user without a mailbox: `properties` as on the type `user`, with a `userPrincipalName`, without which nothing happens.
    #[must_use]
    pub fn person(mut self, properties: Value) -> Self {
        let properties = properties.as_object().cloned().unwrap_or_default();
        let name = properties.get("userPrincipalName").and_then(Value::as_str).map(str::to_owned);
        self.users.extend(name.map(|name| (name, properties, false)));
        self
    }

    /// A delegated token of a user for these permissions, as `Contacts.Read`; all of them where that is None.
    #[must_use]
    pub fn grant(mut self, token: &str, name: &str, scopes: Option<&[&str]>) -> Self {
        let scopes = scopes.map(|scopes| scopes.iter().map(|scope| (*scope).to_owned()).collect());
        self.grants.insert(token.to_owned(), Grant { user: Some(name.to_lowercase()), app: APP.to_owned(), scopes });
        self
    }

    /// A token of an application, without a user: it reaches every mailbox below `/users`, and there is no `/me`.
    #[must_use]
    pub fn application(mut self, token: &str) -> Self {
        self.grants.insert(token.to_owned(), Grant { user: None, app: APP.to_owned(), scopes: None });
        self
    }

    /// What the service does in more than one way.
    #[must_use]
    pub fn rules(mut self, rules: GraphRules) -> Self {
        self.rules = rules;
        self
    }

    /// Where the time comes from; the system's clock if this is not called.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Self {
        self.clock = clock;
        self
    }

    /// What goes wrong from the start.
    #[must_use]
    pub fn faults(mut self, plan: FaultPlan) -> Self {
        self.plan = plan;
        self
    }

    /// What waits for late answers; tokio's sleep if this is not called.
    #[must_use]
    pub fn sleeper(mut self, sleeper: Arc<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>) -> Self {
        self.sleeper = sleeper;
        self
    }

    /// How long every answer takes; no time if this is not called. Requests that overlap are counted against
    /// [`GraphLimits::concurrent`](crate::GraphLimits::concurrent).
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// What carries handshakes and notifications to subscribers: the answer of one, or None if none came. Plain HTTP to loopback if
    /// this is not called.
    #[must_use]
    pub fn courier(mut self, courier: Courier) -> Self {
        self.courier = courier;
        self
    }

    /// The service.
    #[must_use]
    pub fn build(self) -> Graph {
        let mut store = Store::default();
        let now = (self.clock)();
        for (name, properties, mailbox) in self.users {
            let key = name.to_lowercase();
            let user = made(self.seed, &name, properties);
            store.directory.users.insert(key.clone(), user);
            store.directory.touch(&key, Vec::new());
            if mailbox {
                store.mailboxes.insert(key, furnished(&name, self.seed, now));
            }
        }
        let world = World {
            rules: self.rules,
            seed: self.seed,
            clock: self.clock,
            store,
            before: None,
            lagging: 0,
            grants: self.grants,
            demands: Vec::new(),
            faults: Faults::new(self.plan),
            throttle: Throttle::default(),
            uploads: BTreeMap::new(),
            handshakes: Vec::new(),
            notices: Vec::new(),
            outbox: Vec::new(),
            seen: Vec::new(),
            violations: Vec::new(),
            ignored: Vec::new(),
            asked: 0,
        };
        Graph { world: Arc::new(Mutex::new(world)), sleeper: self.sleeper, latency: self.latency, courier: self.courier }
    }
}

/// A user with what every user has.
pub(crate) fn made(seed: u64, name: &str, properties: Map<String, Value>) -> User {
    let local = name.split('@').next().unwrap_or(name);
    let id = properties.get("id").and_then(Value::as_str).map_or_else(|| ids::guid(&ids::secret(seed, "users"), name), str::to_owned);
    let mut all = json!({
        "userPrincipalName": name, "mail": name, "mailNickname": local, "displayName": local, "accountEnabled": true, "userType": "Member",
        "businessPhones": [], "otherMails": [], "proxyAddresses": [format!("SMTP:{name}")],
    });
    if let Some(all) = all.as_object_mut() {
        all.extend(properties);
        all.insert("id".to_owned(), Value::from(id.as_str()));
    }
    User { id, properties: all.as_object().cloned().unwrap_or_default(), photo: None, manager: None, seq: 0 }
}

/// A mailbox with the folders that every mailbox has.
pub(crate) fn furnished(name: &str, seed: u64, now: Timestamp) -> Mailbox {
    let mut mailbox = Mailbox::new(name, seed);
    let named = |name: &str, value: &str| Map::from_iter([(name.to_owned(), Value::from(value))]);
    let root = mailbox.add(Kind::MailFolder, 0, named("displayName", "Top of Information Store"), now);
    mailbox.known.insert("msgfolderroot", root);
    for (known, shown) in [
        ("inbox", "Inbox"),
        ("drafts", "Drafts"),
        ("sentitems", "Sent Items"),
        ("deleteditems", "Deleted Items"),
        ("junkemail", "Junk Email"),
        ("outbox", "Outbox"),
        ("archive", "Archive"),
        ("conversationhistory", "Conversation History"),
    ] {
        let key = mailbox.add(Kind::MailFolder, root, named("displayName", shown), now);
        mailbox.known.insert(known, key);
    }
    let contacts = mailbox.add(Kind::ContactFolder, root, named("displayName", "Contacts"), now);
    mailbox.known.insert("contacts", contacts);
    let group = mailbox.add(Kind::CalendarGroup, 0, named("name", "My Calendars"), now);
    mailbox.known.insert("calendargroup", group);
    let calendar = mailbox.add(Kind::Calendar, group, named("name", "Calendar"), now);
    mailbox.known.insert("calendar", calendar);
    for (known, shown) in [("tasks", "Tasks"), ("flaggedemails", "Flagged Emails")] {
        let key = mailbox.add(Kind::TaskList, 0, named("displayName", shown), now);
        mailbox.known.insert(known, key);
    }
    mailbox.settings = Map::from_iter([("timeZone".to_owned(), Value::from("UTC"))]);
    mailbox
}
