//! One hub, one simulated DAV server, and a sync of contacts between them.
#![allow(dead_code, unreachable_pub, reason = "each test program uses its own part")]

use futures::executor::block_on;
use pimkit::{
    Change, ChangeOptions, Clock, CollectionId, Connector, Contact, ItemId, Outcome, Position, Record, RepositoryExt as _, Stored, Write,
    WriteOptions,
    dav::{Config, Dav},
    formats::{Authoring, InlineBlobs, TextRecord},
    http::{Basic, Broken, InProcess, RetryPolicy, Secret, Transport},
    sync::{Engine, Policy, Report, SyncReport},
};
use pimkit_contract::{FakeClock, MemoryHub, SeededChance, samples, state::MemoryState};
use pimkit_simulators::{Challenge, Cut, Dav as Simulator, Personality};
use std::{sync::Arc, time::Duration};

/// Servers that are played: with paging, with a UID once, with rewritten bodies, and without versions of what was stored.
pub const SERVERS: [&str; 5] = ["radicale", "xandikos", "sabre", "cyrus", "davical"];

/// The records of the hub, in the hands of its users.
#[derive(Debug)]
pub struct Hub(pub MemoryHub);

pub struct Kit {
    pub simulator: Simulator,
    pub wire: Arc<InProcess>,
    pub far: Arc<Dav>,
    pub hub: Hub,
    pub clock: FakeClock,
    pub home: CollectionId,
    engine: Engine,
    policy: Policy,
}

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

/// An account of alice's at a server.
pub fn account(transport: Arc<dyn Transport>, clock: &FakeClock) -> Dav {
    let config = Config::new("http://localhost/").account("far").user("alice").address("alice@example.com");
    let auth = Arc::new(Basic::new("alice", &Secret::new("secret")).unwrap());
    let opening = Dav::builder(config, transport, Arc::new(clock.clone()), Arc::new(SeededChance::new(1)));
    opening.auth(auth).policy(RetryPolicy::default().attempts(2)).open().unwrap()
}

impl Kit {
    pub fn new(server: &str) -> Self {
        let clock = FakeClock::default();
        let mut personality = Personality::named(server).unwrap();
        personality.login.challenges = vec![Challenge::Basic];
        (personality.layout.calendars, personality.layout.books) = (Vec::new(), Vec::new());
        let time = clock.clone();
        let simulator = Simulator::builder(personality).user("alice", "secret").clock(Arc::new(move || time.now())).build();
        let home = CollectionId::from(simulator.make_addressbook("alice", "contacts").unwrap());
        let wire = wire(&simulator);
        let far = Arc::new(account(wire.clone(), &clock));
        let engine = Engine::new(Arc::new(MemoryState::new())).clock(Arc::new(clock.clone())).chance(Arc::new(SeededChance::new(2)));
        let mut policy = Policy::default();
        policy.set("deletes", "delete").unwrap();
        Self { simulator, wire, far, hub: Hub(MemoryHub::new(&clock)), clock, home, engine, policy }
    }

    pub fn person(n: usize) -> Contact {
        let mut contact = samples::contact(n as u64);
        contact.name.full = Some(format!("Person {n}"));
        contact
    }

    fn habits(&self) -> Authoring {
        Authoring::new(self.clock.now(), "-//A user//1.0//EN")
    }

    /// What another program of alice's stores.
    pub fn put(&self, n: usize) {
        let text = Contact::author(&Self::person(n), &self.habits(), &InlineBlobs::new()).unwrap();
        self.simulator.put(&format!("{}own-{n}.vcf", self.home), std::str::from_utf8(&text).unwrap()).unwrap();
    }

    pub fn edit_there(&self, n: usize) {
        let path = format!("{}own-{n}.vcf", self.home);
        let (_, text) = self.simulator.get(&path).unwrap();
        let base = Contact::read(text.as_bytes()).unwrap();
        let mut target = base.clone();
        target.notes = vec!["edited there".to_owned()];
        let text = Contact::patch(text.as_bytes(), &base, &target, &self.habits(), &InlineBlobs::new()).unwrap();
        self.simulator.put(&path, std::str::from_utf8(&text).unwrap()).unwrap();
    }

    pub fn edit_here(&self, name: &str) {
        let hand = self.hub.0.by_hand::<Contact>();
        let id = hand.items().into_iter().find(|(_, s)| s.record.name.full.as_deref() == Some(name)).unwrap().0;
        assert!(hand.edit(&id, |c| c.notes = vec!["edited here".to_owned()]));
    }

    /// Discovers, and forgets what that cost.
    pub fn discovered(&self) {
        block_on(self.far.discover()).unwrap();
        self.simulator.reset_requests();
    }

    pub fn pass(&self) {
        self.clock.advance(Duration::from_secs(60));
    }

    pub fn try_run(&self) -> pimkit::Result<Report> {
        self.pass();
        let far: Arc<dyn Connector> = self.far.clone();
        let pair = self.engine.pair::<Contact>("contacts", Arc::new(self.hub.0.clone()), far);
        let pair = pair.policy(self.policy.clone()).collections(vec![self.home.to_string()]).build().unwrap();
        block_on(pair.run())
    }

    pub fn run(&self) -> SyncReport {
        let report = self.try_run().unwrap();
        assert_eq!(report.sync.verdict().exit_code(), 0, "{:?}", report.sync);
        report.sync
    }

    /// What the server has.
    pub fn there<R: Record>(&self) -> Vec<Stored<R>> {
        let repository = R::repository(&*self.far).unwrap();
        block_on(async {
            use futures::StreamExt;
            let options = ChangeOptions::default();
            let lines: Vec<_> = repository.items(&self.home, Position::Start, &options).collect().await;
            let ids: Vec<ItemId> = lines.into_iter().map(|l: pimkit::Result<Change<R>>| l.unwrap().id().clone()).collect();
            let fetched = repository.fetch(&self.home, &ids).await;
            fetched.into_iter().map(|f| if let pimkit::Fetched::Found(s) = f { *s } else { panic!("{f:?}") }).collect()
        })
    }

    /// One write straight to the server.
    pub fn write(&self, write: Write<Contact>) -> Outcome<Contact> {
        let repository = Contact::repository(&*self.far).unwrap();
        block_on(repository.write(&self.home, vec![write], &WriteOptions::default())).pop().unwrap()
    }
}

impl Hub {
    pub fn put_all(&self, people: impl Iterator<Item = Contact>) {
        let hand = self.0.by_hand::<Contact>();
        people.for_each(|person| drop(hand.put(&"contacts".into(), person)));
    }

    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.0.by_hand::<Contact>().records().into_iter().filter_map(|r| r.name.full).collect();
        names.sort();
        names
    }
}
