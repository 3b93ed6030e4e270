//! One hub, one simulated DAV server, and a sync of contacts between them.
#![allow(dead_code, unreachable_pub, reason = "each test program uses its own part")]

pub mod portal;
#[path = "../table/mod.rs"]
pub mod table;

use futures::executor::block_on;
use pimkit::{
    Change, ChangeOptions, Clock, CollectionId, Connector, Contact, Event, ItemId, Outcome, Position, Record, RepositoryExt as _, Stored,
    Task, Write, WriteOptions,
    dav::{Config, Dav, Endpoints},
    formats::{Authoring, InlineBlobs, TextRecord},
    http::{Basic, Broken, InProcess, RetryPolicy, Secret, Transport},
    sync::{Engine, Policy, Report, SyncReport},
};
use pimkit_contract::{FakeClock, MemoryHub, SeededChance, samples, state::MemoryState, worst::Kept};
use pimkit_simulators::{Challenge, Cut, Dav as Simulator, Personality};
use portal::Portal;
use std::{sync::Arc, time::Duration};

/// Servers that are played: with paging, with a UID once, with rewritten bodies, and without versions of what was stored.
pub const SERVERS: [&str; 5] = ["radicale", "xandikos", "sabre", "cyrus", "davical"];

/// The records of the hub, in the hands of its users.
#[derive(Debug)]
pub struct Hub(pub MemoryHub);

/// A kind with which the same scene can be played.
pub trait Thing: Record + TextRecord + Kept {
    /// Where the hub keeps them.
    const SHELF: &str;
    /// One that is told from others by its name.
    fn nth(n: usize) -> Self;
    fn called(&self) -> Option<&str>;
    fn annotate(&mut self, text: &str);
    fn note(&self) -> Option<&str>;
    /// A collection of the kind, new at the server.
    fn make(simulator: &Simulator) -> Option<String>;
}

impl Thing for Contact {
    const SHELF: &str = "contacts";
    fn nth(n: usize) -> Self {
        let mut contact = samples::contact(n as u64);
        contact.name.full = Some(format!("Person {n}"));
        contact
    }
    fn called(&self) -> Option<&str> {
        self.name.full.as_deref()
    }
    fn annotate(&mut self, text: &str) {
        self.notes = vec![text.to_owned()];
    }
    fn note(&self) -> Option<&str> {
        self.notes.first().map(String::as_str)
    }
    fn make(simulator: &Simulator) -> Option<String> {
        simulator.make_addressbook("alice", "contacts")
    }
}

impl Thing for Event {
    const SHELF: &str = "events";
    fn nth(n: usize) -> Self {
        let mut event = samples::event(n as u64);
        event.title = Some(format!("Event {n}"));
        event
    }
    fn called(&self) -> Option<&str> {
        self.title.as_deref()
    }
    fn annotate(&mut self, text: &str) {
        self.description = Some(text.to_owned());
    }
    fn note(&self) -> Option<&str> {
        self.description.as_deref()
    }
    fn make(simulator: &Simulator) -> Option<String> {
        simulator.make_calendar("alice", "events", &["VEVENT"])
    }
}

impl Thing for Task {
    const SHELF: &str = "tasks";
    fn nth(n: usize) -> Self {
        let mut task = samples::task(n as u64);
        task.title = Some(format!("Task {n}"));
        task
    }
    fn called(&self) -> Option<&str> {
        self.title.as_deref()
    }
    fn annotate(&mut self, text: &str) {
        self.description = Some(text.to_owned());
    }
    fn note(&self) -> Option<&str> {
        self.description.as_deref()
    }
    fn make(simulator: &Simulator) -> Option<String> {
        simulator.make_calendar("alice", "tasks", &["VTODO"])
    }
}

pub struct Kit {
    pub simulator: Simulator,
    pub wire: Arc<InProcess>,
    /// Who may stand before the server.
    pub portal: Arc<Portal>,
    pub far: Arc<Dav>,
    pub hub: Hub,
    pub clock: FakeClock,
    pub home: CollectionId,
    pub policy: Policy,
    pub state: Arc<MemoryState>,
    engine: Engine,
    /// How the account is opened otherwise.
    config: Arc<dyn Fn(Config) -> Config + Send + Sync>,
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

/// A server of alice's, in which there is nothing yet.
pub fn served(mut personality: Personality, clock: &FakeClock) -> Simulator {
    personality.login.challenges = vec![Challenge::Basic];
    (personality.layout.calendars, personality.layout.books) = (Vec::new(), Vec::new());
    let time = clock.clone();
    Simulator::builder(personality).user("alice", "secret").clock(Arc::new(move || time.now())).build()
}

/// An account of alice's at a server.
pub fn account(transport: Arc<dyn Transport>, clock: &FakeClock) -> Dav {
    reopened(transport, clock, "http://localhost/", None)
}

/// The same account in another process, which has what the first one discovered.
pub fn reopened(transport: Arc<dyn Transport>, clock: &FakeClock, url: &str, endpoints: Option<Endpoints>) -> Dav {
    opened(transport, clock, url, |config| config.endpoints(endpoints))
}

/// An account of alice's that is opened in another way.
pub fn opened(transport: Arc<dyn Transport>, clock: &FakeClock, url: &str, with: impl FnOnce(Config) -> Config) -> Dav {
    let config = with(Config::new(url)).account("far").user("alice").address("alice@example.com");
    let auth = Arc::new(Basic::new("alice", &Secret::new("secret")).unwrap());
    let opening = Dav::builder(config, transport, Arc::new(clock.clone()), Arc::new(SeededChance::new(1)));
    opening.auth(auth).policy(RetryPolicy::default().attempts(2)).open().unwrap()
}

impl Kit {
    /// Contacts at a server of that name.
    pub fn new(server: &str) -> Self {
        Self::of::<Contact>(Personality::named(server).unwrap())
    }

    pub fn of<R: Thing>(personality: Personality) -> Self {
        let clock = FakeClock::default();
        let simulator = served(personality, &clock);
        let home = CollectionId::from(R::make(&simulator).unwrap());
        let wire = wire(&simulator);
        let portal = Arc::new(Portal::new(wire.clone()));
        let far = Arc::new(account(portal.clone(), &clock));
        let state = Arc::new(MemoryState::new());
        let engine = Engine::new(state.clone()).clock(Arc::new(clock.clone())).chance(Arc::new(SeededChance::new(2)));
        let mut policy = Policy::default();
        policy.set("deletes", "delete").unwrap();
        Self {
            simulator,
            wire,
            portal,
            far,
            hub: Hub(MemoryHub::new(&clock)),
            clock,
            home,
            policy,
            state,
            engine,
            config: Arc::new(|config| config),
        }
    }

    /// A new process with what the old one discovered, as the state keeps it.
    pub fn restart(&mut self) {
        let kept = self.far.endpoints().map(|kept| serde_json::from_value(kept).unwrap());
        let config = self.config.clone();
        self.far = Arc::new(opened(self.portal.clone(), &self.clock, "http://localhost/", |c| config(c).endpoints(kept)));
    }

    /// The account is opened in another way from now on.
    pub fn with(&mut self, config: impl Fn(Config) -> Config + Send + Sync + 'static) {
        self.config = Arc::new(config);
        self.restart();
    }

    pub fn person(n: usize) -> Contact {
        Contact::nth(n)
    }

    fn habits(&self) -> Authoring {
        Authoring::new(self.clock.now(), "-//A user//1.0//EN")
    }

    fn path<R: Thing>(&self, n: usize) -> String {
        format!("{}own-{n}.{}", self.home, R::EXTENSION)
    }

    /// What another program of alice's stores.
    pub fn put(&self, n: usize) {
        self.store::<Contact>(n);
    }

    pub fn store<R: Thing>(&self, n: usize) {
        let text = R::author(&R::nth(n), &self.habits(), &InlineBlobs::new()).unwrap();
        self.simulator.put(&self.path::<R>(n), std::str::from_utf8(&text).unwrap()).unwrap();
    }

    pub fn edit_there(&self, n: usize) {
        self.revise::<Contact>(n);
    }

    pub fn revise<R: Thing>(&self, n: usize) {
        let path = self.path::<R>(n);
        let (_, text) = self.simulator.get(&path).unwrap();
        let base = R::read(text.as_bytes()).unwrap();
        let mut target = base.clone();
        target.annotate("edited there");
        let text = R::patch(text.as_bytes(), &base, &target, &self.habits(), &InlineBlobs::new()).unwrap();
        self.simulator.put(&path, std::str::from_utf8(&text).unwrap()).unwrap();
    }

    pub fn edit_here(&self, name: &str) {
        self.hub.annotate::<Contact>(name);
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
        self.try_run_of::<Contact>()
    }

    pub fn try_run_of<R: Thing>(&self) -> pimkit::Result<Report> {
        self.pass();
        let far: Arc<dyn Connector> = self.far.clone();
        let pair = self.engine.pair::<R>(R::SHELF, Arc::new(self.hub.0.clone()), far);
        let pair = pair.policy(self.policy.clone()).collections(vec![self.home.to_string()]).build().unwrap();
        block_on(pair.run())
    }

    pub fn run(&self) -> SyncReport {
        self.run_of::<Contact>()
    }

    pub fn run_of<R: Thing>(&self) -> SyncReport {
        let report = self.try_run_of::<R>().unwrap();
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
    pub fn put_all<R: Thing>(&self, records: impl Iterator<Item = R>) {
        let hand = self.0.by_hand::<R>();
        records.for_each(|record| drop(hand.put(&R::SHELF.into(), record)));
    }

    pub fn id<R: Thing>(&self, name: &str) -> ItemId {
        self.0.by_hand::<R>().items().into_iter().find(|(_, s)| s.record.called() == Some(name)).unwrap().0
    }

    pub fn annotate<R: Thing>(&self, name: &str) {
        assert!(self.0.by_hand::<R>().edit(&self.id::<R>(name), |r| r.annotate("edited here")));
    }

    pub fn delete<R: Thing>(&self, name: &str) {
        assert!(self.0.by_hand::<R>().delete(&self.id::<R>(name)));
    }

    pub fn names(&self) -> Vec<String> {
        named(&self.0.by_hand::<Contact>().records())
    }
}

/// The names of records, in order.
pub fn named<R: Thing>(records: &[R]) -> Vec<String> {
    let mut names: Vec<String> = records.iter().filter_map(|r| r.called().map(str::to_owned)).collect();
    names.sort();
    names
}
