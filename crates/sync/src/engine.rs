//! The engine and the making of pairs.

use crate::{
    clock::{RandomChance, SystemClock},
    forest::Forest,
    map::FieldPair,
    pair::{Home, Pair, Setup},
    policy::Policy,
    report::{Unwatched, Watch},
};
use pimkit_core::{App, Chance, Clock, Connector, Error, ErrorKind, Field, Record, Result, State, SyncId, Value};
use std::{fmt, marker::PhantomData, sync::Arc};

/// What all pairs of an engine share.
pub(crate) struct Shared {
    pub(crate) state: Arc<dyn State>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<dyn Chance>,
    pub(crate) watch: Arc<dyn Watch>,
    pub(crate) app: Option<Arc<dyn App>>,
    pub(crate) forest: Arc<Forest>,
}

/// The engine: makes pairs that share one state. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) shared: Arc<Shared>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("state", &self.shared.state).finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine over a state, with the system's clock and chance.
    pub fn new(state: Arc<dyn State>) -> Self {
        Self {
            shared: Arc::new(Shared {
                state,
                clock: Arc::new(SystemClock),
                chance: Arc::new(RandomChance::default()),
                watch: Arc::new(Unwatched),
                app: None,
                forest: Arc::default(),
            }),
        }
    }

    fn with(self, set: impl FnOnce(&mut Shared)) -> Self {
        let old = &self.shared;
        let mut shared = Shared {
            state: old.state.clone(),
            clock: old.clock.clone(),
            chance: old.chance.clone(),
            watch: old.watch.clone(),
            app: old.app.clone(),
            forest: old.forest.clone(),
        };
        set(&mut shared);
        Self { shared: Arc::new(shared) }
    }

    /// The same engine on another clock.
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        self.with(|s| s.clock = clock)
    }

    /// The same engine with another source of chance.
    #[must_use]
    pub fn chance(self, chance: Arc<dyn Chance>) -> Self {
        self.with(|s| s.chance = chance)
    }

    /// The same engine, watched.
    #[must_use]
    pub fn watch(self, watch: Arc<dyn Watch>) -> Self {
        self.with(|s| s.watch = watch)
    }

    /// The same engine, which asks this app what only it can know: who owns and sees a record, what was merged, whom to
    /// tell. It must speak of the records that the hub's connector gives, by the same ids.
    #[must_use]
    pub fn app(self, app: Arc<dyn App>) -> Self {
        self.with(|s| s.app = Some(app))
    }

    /// Starts a sync of one kind between a hub (left) and a far side (right). The name keeps the
    /// sync apart in the state: the same name is the same sync.
    pub fn pair<R: Record>(&self, name: &str, left: Arc<dyn Connector>, right: Arc<dyn Connector>) -> PairBuilder<R> {
        PairBuilder {
            shared: self.shared.clone(),
            setup: Setup {
                sync: SyncId::from(name),
                left_name: left.info().id.to_owned(),
                right_name: right.info().id.to_owned(),
                left,
                right,
                policy: Policy::default(),
                own_pairs: Vec::new(),
                collections: Vec::new(),
                left_collections: Vec::new(),
                homes: Vec::new(),
                page_size: 200,
                approvals: Vec::new(),
                rejections: Vec::new(),
                app: self.shared.app.clone(),
            },
            kind: PhantomData,
        }
    }
}

/// A pair in the making.
pub struct PairBuilder<R: Record> {
    shared: Arc<Shared>,
    setup: Setup,
    kind: PhantomData<fn() -> R>,
}

impl<R: Record> fmt::Debug for PairBuilder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PairBuilder").field("setup", &self.setup).finish_non_exhaustive()
    }
}

impl<R: Record> PairBuilder<R> {
    /// What to do where the answer is a matter of taste.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.setup.policy = policy;
        self
    }

    /// The app as this sync's acting user has it, in place of the engine's.
    #[must_use]
    pub fn app(mut self, app: Arc<dyn App>) -> Self {
        self.setup.app = Some(app);
        self
    }

    /// Pairs of fields in place of, or beside, the default ones.
    #[must_use]
    pub fn fields(mut self, pairs: Vec<FieldPair>) -> Self {
        self.setup.own_pairs = pairs;
        self
    }

    /// What the accounts are called in reports; the connectors' names when not said.
    #[must_use]
    pub fn names(mut self, left: &str, right: &str) -> Self {
        left.clone_into(&mut self.setup.left_name);
        right.clone_into(&mut self.setup.right_name);
        self
    }

    /// Collections of the far side, by name or id; all when empty. Hub-born records go to the first.
    #[must_use]
    pub fn collections(mut self, names: Vec<String>) -> Self {
        self.setup.collections = names;
        self
    }

    /// Collections of the hub, by name or id; all when empty. Far-born records go to the first.
    #[must_use]
    pub fn left_collections(mut self, names: Vec<String>) -> Self {
        self.setup.left_collections = names;
        self
    }

    /// Far-born records that say this in this field go to that collection of the hub, by name or
    /// id, where it is among the chosen ones.
    #[must_use]
    pub fn home(mut self, field: &str, equals: Value, left_collection: &str) -> Self {
        self.setup.homes.push(Home { field: Field::from(field), equals, collection: left_collection.to_owned() });
        self
    }

    /// How many lines a page of a listing should have, and so how much is in memory at a time.
    #[must_use]
    pub fn page_size(mut self, lines: u32) -> Self {
        self.setup.page_size = lines.max(1);
        self
    }

    /// Allows what a guard held under this id.
    #[must_use]
    pub fn approve(mut self, id: &str) -> Self {
        self.setup.approvals.push(id.to_owned());
        self
    }

    /// Says no to what a guard held under this id: it is not done, now or later.
    ///
    /// What was to be deleted because its other end is gone, and what was to be made on the other side, is left alone for good;
    /// of what was to be changed, both sides keep what they have until somebody edits it again; a side that was rolled back gets
    /// back what the other side has.
    #[must_use]
    pub fn reject(mut self, id: &str) -> Self {
        self.setup.rejections.push(id.to_owned());
        self
    }

    /// The pair.
    ///
    /// # Errors
    /// `Config` when the name is empty, a side does not have the kind at all, the policies do not go together, or it closes a ring
    /// with other pairs of this engine.
    pub fn build(self) -> Result<Pair<R>> {
        if self.setup.sync.as_str().trim().is_empty() {
            return Err(Error::new(ErrorKind::Config, "a sync needs a name"));
        }
        for (connector, name) in [(&self.setup.left, &self.setup.left_name), (&self.setup.right, &self.setup.right_name)] {
            if R::repository(connector.as_ref()).is_none() {
                return Err(Error::new(ErrorKind::Config, "the account has no records of this kind; choose another account or kind")
                    .with("account", name)
                    .with("kind", R::KIND.plural()));
            }
        }
        if self.setup.policy.container == crate::Container::Dedicated && !self.setup.collections.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                "container = dedicated has a far collection of its own: take the collections out, or set container = selected",
            )
            .with("sync", &self.setup.sync));
        }
        self.setup.policy.check(R::KIND, self.setup.app.is_some())?;
        let setup = Setup { policy: self.setup.policy.about(R::KIND), ..self.setup };
        let pair = Pair::new(self.shared, setup);
        let (shared, setup) = pair.parts();
        shared.forest.take(R::KIND, setup, None)?;
        Ok(pair)
    }
}
