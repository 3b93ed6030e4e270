//! The most unpleasant provider there is, one switch per trait.
//!
//! ```
//! use pimkit_contract::{FakeClock, samples, worst::{Worst, WorstOptions}};
//! use pimkit_core::{Connector, Contact, Kind};
//!
//! let clock = FakeClock::default();
//! let worst = Worst::new(WorstOptions::only(&["lists_only", "cannot_keep_silent"])?, &clock);
//! let friends = worst.by_hand::<Contact>();
//! let ada = friends.put(&"contacts".into(), samples::contact(1));
//! assert!(friends.edit(&ada, |c| c.notes = vec!["likes tea".into()]));
//! assert!(worst.contacts().is_some());
//! # Ok::<(), pimkit_core::Error>(())
//! ```

pub use crate::world::{
    ByHand, Failure, Fault, FaultPlan, Kept, Mail, MailKind, Normalises, Operation, Request, Snapshot, WorstOptions, normalised,
};

use crate::{FakeClock, world::World};
use async_trait::async_trait;
use pimkit_core::{Account, Connector, ConnectorInfo, Contact, Event, Message, Push, Repository, Result, Task, User};
use std::sync::Arc;

/// An in-memory account at a provider that is as unpleasant as its [`WorstOptions`] say. Clones are the same account.
///
/// # Behavior
/// - Nothing is random and nothing waits: maps are ordered, time is the clock's, and ids are counted.
/// - Every request gives way once before it arrives and once before it answers: a caller may be
///   stopped before each, and between effect and answer.
#[derive(Clone, Debug)]
pub struct Worst {
    world: Arc<World>,
}

impl Worst {
    /// An account of this kind. It starts with the collections that the options name, all empty.
    #[must_use]
    pub fn new(options: WorstOptions, clock: &FakeClock) -> Self {
        Self { world: Arc::new(World::new("worst", options, Arc::new(clock.clone()))) }
    }

    /// A kind account whose first collection of this kind holds `count` items that are computed
    /// from their number ([`Sample`](crate::samples::Sample)): only those that somebody writes take memory.
    #[must_use]
    pub fn generated<R: Kept>(count: u64, seed: u64, clock: &FakeClock) -> Self {
        let worst = Self::new(WorstOptions::kind(), clock);
        worst.generate::<R>(count, seed);
        worst
    }

    /// Puts `count` items that are computed from their number into the first collection of this kind.
    pub fn generate<R: Kept>(&self, count: u64, seed: u64) {
        self.world.generate::<R>(count, seed);
    }

    /// What a user does who edits every so many generated items at once: their records are computed too. The edit before
    /// it, if there was one, is taken back.
    pub fn edit_generated<R: Kept>(&self, every: u64, edit: fn(&mut R)) {
        self.world.edit_generated::<R>(every, edit);
    }

    /// A write that makes of a generated item just what this edit makes of it takes no memory beyond its number: so
    /// the memory of a process that writes many says what the writer takes.
    pub fn foresee<R: Kept>(&self, edit: fn(&mut R)) {
        self.world.foresee::<R>(edit);
    }

    /// What a user does at the provider.
    #[must_use]
    pub fn by_hand<R: Kept>(&self) -> ByHand<R> {
        ByHand::new(Arc::clone(&self.world))
    }

    /// What it is like.
    #[must_use]
    pub fn options(&self) -> WorstOptions {
        WorstOptions::clone(&self.world.core().options)
    }

    /// Changes what it is like. Collections named by the options are only made at the start.
    pub fn change(&self, set: impl FnOnce(&mut WorstOptions)) {
        set(Arc::make_mut(&mut self.world.core().options));
    }

    /// Plans what goes wrong from here on; requests count from 1 again.
    pub fn set_faults(&self, plan: FaultPlan) {
        self.world.set_faults(plan);
    }

    /// Every request that reached the provider.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.world.requests()
    }

    /// The requests after this number: what came since they were last looked at.
    #[must_use]
    pub fn requests_after(&self, number: u64) -> Vec<Request> {
        self.world.requests_after(number)
    }

    /// Every mail that the provider has sent.
    #[must_use]
    pub fn outbox(&self) -> Vec<Mail> {
        self.world.core().outbox.clone()
    }

    /// Everything as it is at this moment, but for the requests.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.world.snapshot()
    }

    /// Everything as it was then. Requests stay counted.
    pub fn restore(&self, snapshot: &Snapshot) {
        self.world.restore(snapshot);
    }
}

#[async_trait]
impl Connector for Worst {
    fn info(&self) -> ConnectorInfo {
        self.world.info()
    }
    async fn account(&self) -> Result<Account> {
        self.world.account().await
    }
    fn contacts(&self) -> Option<Arc<dyn Repository<Contact>>> {
        self.world.repository()
    }
    fn events(&self) -> Option<Arc<dyn Repository<Event>>> {
        self.world.repository()
    }
    fn tasks(&self) -> Option<Arc<dyn Repository<Task>>> {
        self.world.repository()
    }
    fn messages(&self) -> Option<Arc<dyn Repository<Message>>> {
        None
    }
    fn users(&self) -> Option<Arc<dyn Repository<User>>> {
        None
    }
    fn push(&self) -> Option<Arc<dyn Push>> {
        None
    }
}
