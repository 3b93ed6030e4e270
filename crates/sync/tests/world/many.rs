//! A hub with several far sides, each with a user of its own: `far0` of `user0@example.com`, and so on.

use futures::executor::block_on;
use pimkit_contract::{
    FakeClock, MemoryHub, SeededChance, Worst, WorstOptions,
    state::MemoryState,
    worst::{ByHand, Kept},
};
use pimkit_core::{ItemId, JournalQuery, JournalRow, LinkQuery, LinkRow, Record, State, SyncId};
use pimkit_sync::{Engine, PairBuilder, Policy, Report};
use std::{sync::Arc, time::Duration};

pub struct Many {
    pub clock: FakeClock,
    pub hub: MemoryHub,
    pub far: Vec<Worst>,
    pub state: MemoryState,
    pub chance: SeededChance,
}

/// The address of the user of the far side of this number.
pub fn user(n: usize) -> String {
    format!("user{n}@example.com")
}

impl Many {
    /// So many far sides, as one would wish them.
    pub fn of(count: usize) -> Self {
        Self::with(vec![WorstOptions::kind(); count])
    }

    pub fn with(options: Vec<WorstOptions>) -> Self {
        let clock = FakeClock::default();
        let far = options.into_iter().enumerate().map(|(n, options)| {
            let own = options.with(|o| {
                o.account = format!("far{n}");
                o.addresses = vec![user(n)];
            });
            Worst::new(own, &clock)
        });
        Self { far: far.collect(), hub: MemoryHub::new(&clock), state: MemoryState::new(), chance: SeededChance::new(1), clock }
    }

    pub fn engine(&self) -> Engine {
        let engine = Engine::new(Arc::new(self.state.clone())).clock(Arc::new(self.clock.clone())).chance(Arc::new(self.chance.clone()));
        engine.app(Arc::new(self.hub.clone()))
    }

    /// The name of the sync with a far side.
    pub fn sync(n: usize) -> SyncId {
        SyncId::from(format!("sync{n}"))
    }

    /// The sync of the hub with one far side.
    pub fn builder<R: Record>(&self, n: usize, policy: &[(&str, &str)]) -> PairBuilder<R> {
        let mut set = Policy::default();
        for (key, word) in policy {
            set.set(key, word).unwrap();
        }
        let pair = self.engine().pair::<R>(Self::sync(n).as_str(), Arc::new(self.hub.clone()), Arc::new(self.far[n].clone()));
        pair.policy(set).page_size(7).left_collections(vec![R::KIND.plural().to_owned()])
    }

    /// One run with one far side, some time after the last.
    pub fn run<R: Record>(&self, n: usize, policy: &[(&str, &str)]) -> Report {
        self.clock.advance(Duration::from_secs(60));
        let report = block_on(self.builder::<R>(n, policy).build().unwrap().run()).unwrap();
        self.clock.advance(Duration::from_secs(60));
        report
    }

    /// A run with one far side that is dropped for good where it does not go on. True: it came to its end.
    pub fn stop<R: Record>(&self, n: usize, policy: &[(&str, &str)]) -> bool {
        let pair = self.builder::<R>(n, policy).build().unwrap();
        let asked = || self.hub.requests().len() + self.far.iter().map(|far| far.requests().len()).sum::<usize>();
        super::polled(pair.run(), asked).is_some_and(|report| report.is_ok())
    }

    /// One run with each far side, twice: what one brings, the others have.
    pub fn run_all<R: Record>(&self, policy: &[(&str, &str)]) {
        for n in (0..self.far.len()).chain(0..self.far.len()) {
            self.run::<R>(n, policy);
        }
    }

    /// Every sync is run once more, and nothing is written.
    pub fn assert_quiet<R: Record>(&self, policy: &[(&str, &str)]) {
        for n in 0..self.far.len() {
            let report = self.run::<R>(n, policy);
            assert_eq!(report.sync.writes(), 0, "far side {n}: {report:?}");
        }
    }

    pub fn hub_hand<R: Kept>(&self) -> ByHand<R> {
        self.hub.by_hand()
    }

    pub fn far_hand<R: Kept>(&self, n: usize) -> ByHand<R> {
        self.far[n].by_hand()
    }

    /// The only item of a far side.
    pub fn only<R: Kept>(&self, n: usize) -> ItemId {
        let items = self.far_hand::<R>(n).items();
        assert_eq!(items.len(), 1, "far side {n}: {items:?}");
        items.into_keys().next().unwrap()
    }

    /// The only record of the hub.
    pub fn only_on_hub<R: Kept>(&self) -> ItemId {
        let items = self.hub_hand::<R>().items();
        assert_eq!(items.len(), 1, "hub: {items:?}");
        items.into_keys().next().unwrap()
    }

    pub fn links(&self, n: usize) -> Vec<LinkRow> {
        use futures::TryStreamExt;
        block_on(self.state.links(LinkQuery::of(&Self::sync(n))).try_collect()).unwrap()
    }

    pub fn journal(&self) -> Vec<JournalRow> {
        use futures::TryStreamExt;
        block_on(self.state.journal(JournalQuery::default()).try_collect()).unwrap()
    }

    /// Nobody was mailed, by any side.
    pub fn assert_no_mail(&self) {
        assert!(self.hub.outbox().is_empty(), "{:?}", self.hub.outbox());
        for far in &self.far {
            assert!(far.outbox().is_empty(), "{:?}", far.outbox());
        }
    }
}
