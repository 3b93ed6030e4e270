//! A hub, a far side and a state in memory, for the tests of the engine.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    missing_debug_implementations,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic
)]

pub mod many;

use futures::executor::block_on;
use pimkit_contract::{
    FakeClock, MemoryHub, SeededChance, Worst, WorstOptions,
    state::MemoryState,
    worst::{ByHand, FaultPlan, Kept},
};
use pimkit_core::{CollectionId, Contact, ErrorKind, ItemId, JournalQuery, JournalRow, Record, Result, State, Stored};
use pimkit_sync::{Engine, Pair, PairBuilder, Policy, Report};
use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

pub struct World {
    pub clock: FakeClock,
    pub hub: MemoryHub,
    pub far: Worst,
    pub state: MemoryState,
    pub chance: SeededChance,
}

impl World {
    pub fn kind() -> Self {
        Self::with(WorstOptions::kind())
    }

    pub fn with(options: WorstOptions) -> Self {
        let clock = FakeClock::default();
        Self {
            hub: MemoryHub::new(&clock),
            far: Worst::new(options, &clock),
            state: MemoryState::new(),
            chance: SeededChance::new(1),
            clock,
        }
    }

    pub fn engine(&self) -> Engine {
        Engine::new(Arc::new(self.state.clone())).clock(Arc::new(self.clock.clone())).chance(Arc::new(self.chance.clone()))
    }

    pub fn builder<R: Record>(&self, name: &str, policy: &[(&str, &str)]) -> PairBuilder<R> {
        let mut set = Policy::default();
        for (key, word) in policy {
            set.set(key, word).unwrap();
        }
        self.engine().pair::<R>(name, Arc::new(self.hub.clone()), Arc::new(self.far.clone())).policy(set).page_size(7)
    }

    pub fn pair<R: Record>(&self, policy: &[(&str, &str)]) -> Pair<R> {
        self.builder::<R>(R::KIND.plural(), policy).left_collections(vec![R::KIND.plural().to_owned()]).build().unwrap()
    }

    /// The pair of one of the app's users, over all collections of the hub.
    pub fn pair_as<R: Record>(&self, user: &str, policy: &[(&str, &str)]) -> Pair<R> {
        self.builder::<R>(R::KIND.plural(), policy).app(Arc::new(self.hub.acting(user))).build().unwrap()
    }

    /// One run for one of the app's users.
    pub fn run_as<R: Record>(&self, user: &str, policy: &[(&str, &str)]) -> Report {
        self.run_pair(&self.pair_as::<R>(user, policy)).unwrap()
    }

    /// One run of a pair, some time after the last.
    pub fn run_pair<R: Record>(&self, pair: &Pair<R>) -> Result<Report> {
        self.clock.advance(Duration::from_secs(60));
        let report = block_on(pair.run());
        self.clock.advance(Duration::from_secs(60));
        report
    }

    /// A run that is dropped for good where it does not go on, as a process that dies there. True: it came to its end.
    pub fn stop<R: Record>(&self, pair: &Pair<R>) -> bool {
        self.stopped(pair.run()).is_some_and(|report| report.is_ok())
    }

    /// What something comes to, or nothing where it does not go on.
    pub fn stopped<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        polled(future, || self.far.requests().len() + self.hub.requests().len())
    }

    /// The process starts anew from what is durable, and nothing fails any more.
    pub fn restart(&mut self) {
        self.state = MemoryState::restore(self.state.snapshot());
        self.far.set_faults(FaultPlan::none());
        self.hub.set_faults(FaultPlan::none());
    }

    /// One run, some time after the last.
    pub fn run<R: Record>(&self, policy: &[(&str, &str)]) -> Report {
        self.try_run::<R>(policy).unwrap()
    }

    pub fn try_run<R: Record>(&self, policy: &[(&str, &str)]) -> Result<Report> {
        self.clock.advance(Duration::from_secs(60));
        let report = block_on(self.pair::<R>(policy).run());
        self.clock.advance(Duration::from_secs(60));
        report
    }

    pub fn hub_hand<R: Kept>(&self) -> ByHand<R> {
        self.hub.by_hand()
    }

    pub fn far_hand<R: Kept>(&self) -> ByHand<R> {
        self.far.by_hand()
    }

    pub fn home<R: Record>() -> CollectionId {
        CollectionId::from(R::KIND.plural())
    }

    pub fn journal(&self) -> Vec<JournalRow> {
        use futures::TryStreamExt;
        block_on(self.state.journal(JournalQuery::default()).try_collect()).unwrap()
    }

    /// Waits longer than anything takes to settle.
    pub fn settle(&self) {
        self.clock.advance(Duration::from_secs(24 * 3600));
    }
}

/// What something comes to, or nothing where it asks for no more and does not end either.
pub fn polled<T>(future: impl Future<Output = T>, asked: impl Fn() -> usize) -> Option<T> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    let (mut idle, mut seen) = (0, asked());
    while idle < 50 {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return Some(done);
        }
        idle = if asked() == seen { idle + 1 } else { 0 };
        seen = asked();
    }
    None
}

/// The records of both sides without what names them, sorted, as fields.
pub fn texts<R: Record>(records: Vec<R>) -> Vec<String> {
    let mut texts: Vec<String> = records
        .into_iter()
        .map(|r| {
            let mut fields = r.fields();
            fields.remove("uid");
            format!("{fields:?}")
        })
        .collect();
    texts.sort();
    texts
}

pub fn named(name: &str) -> Contact {
    Contact::build(|c| c.name.full = Some(name.to_owned()))
}

pub fn is_storage(kind: ErrorKind) -> bool {
    kind == ErrorKind::Storage
}

/// Their full names, sorted.
pub fn names(records: Vec<Contact>) -> Vec<String> {
    let mut names: Vec<String> = records.into_iter().filter_map(|r| r.name.full).collect();
    names.sort();
    names
}

/// The names of the contacts of the hub and of the far side.
pub fn both(world: &World) -> [Vec<String>; 2] {
    [names(world.hub_hand::<Contact>().records()), names(world.far_hand::<Contact>().records())]
}

/// A world in which Ada and Bob are on both sides, each with a uid and a note.
pub fn agreed(options: WorstOptions, policy: &[(&str, &str)]) -> World {
    let world = World::with(options);
    for name in ["Ada", "Bob"] {
        let mut contact = named(name);
        contact.uid = Some(format!("uid-{name}"));
        contact.notes = vec![format!("note of {name}")];
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), contact);
    }
    world.run::<Contact>(policy);
    world
}

/// The ids of a contact on the hub and at the far side.
pub fn ids(world: &World, name: &str) -> (ItemId, ItemId) {
    let is = |contact: &Contact| contact.name.full.as_deref() == Some(name);
    let find = |items: std::collections::BTreeMap<ItemId, Stored<Contact>>| items.into_iter().find(|(_, s)| is(&s.record)).unwrap().0;
    (find(world.hub_hand::<Contact>().items()), find(world.far_hand::<Contact>().items()))
}
