//! Syncs of one kind join accounts to a forest: in a ring every record would come round as one that was never seen, and be
//! made again without end.
//!
//! An engine knows the pairs that were built of it and are still there. A pair is looked at when it is built, by the
//! connectors that it shares with others, and when it runs, by its accounts. Two pairs from the same hub to the same far side
//! are no ring: the links of one are those of the other, see [`siblings`](crate::siblings).

use crate::{pair::Setup, policy::Container};
use pimkit_core::{AccountId, Connector, Error, ErrorKind, Kind, Result, Side, SyncId};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError, Weak},
};

/// The pairs of an engine.
#[derive(Debug, Default)]
pub(crate) struct Forest {
    pairs: Mutex<Vec<Edge<Weak<Setup>>>>,
}

/// A pair, and the accounts that it is between, once they are known.
#[derive(Clone, Debug)]
struct Edge<S> {
    kind: Kind,
    sync: SyncId,
    setup: S,
    accounts: Option<[AccountId; 2]>,
}

impl Edge<Arc<Setup>> {
    fn connector(&self, side: Side) -> *const () {
        let connector = if side == Side::Left { &self.setup.left } else { &self.setup.right };
        Arc::<dyn Connector>::as_ptr(connector).cast()
    }

    fn account(&self, side: Side) -> Option<&AccountId> {
        let [left, right] = self.accounts.as_ref()?;
        Some(if side == Side::Left { left } else { right })
    }

    /// The collections that take part; all when empty.
    fn collections(&self, side: Side) -> Vec<String> {
        match side {
            Side::Left => self.setup.left_collections.clone(),
            // Nobody else's, unless somebody takes all.
            Side::Right if self.setup.policy.container == Container::Dedicated => vec![format!("the own one of {}", self.sync)],
            Side::Right => self.setup.collections.clone(),
        }
    }

    /// Whether some item may be in an end of each.
    fn meets(&self, side: Side, other: &Self, there: Side) -> bool {
        let same = self.account(side).is_some_and(|account| other.account(there) == Some(account));
        let (here, there_) = (self.collections(side), other.collections(there));
        let shared = here.is_empty() || there_.is_empty() || here.iter().any(|name| there_.contains(name));
        (same || self.connector(side) == other.connector(there)) && shared
    }

    fn is_sibling(&self, other: &Self) -> bool {
        [Side::Left, Side::Right].into_iter().all(|side| self.meets(side, other, side))
    }
}

impl Forest {
    /// Takes a pair in, in place of what was known under its name.
    ///
    /// # Errors
    /// `Config` when it closes a ring; the message names the syncs of it.
    pub(crate) fn take(&self, kind: Kind, setup: &Arc<Setup>, accounts: Option<[AccountId; 2]>) -> Result<()> {
        let mut pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        pairs.retain(|pair| pair.setup.strong_count() > 0 && (pair.kind != kind || pair.sync != setup.sync));
        let others: Vec<Edge<Arc<Setup>>> = pairs
            .iter()
            .filter(|pair| pair.kind == kind)
            .filter_map(|pair| Some(Edge { kind, sync: pair.sync.clone(), setup: pair.setup.upgrade()?, accounts: pair.accounts.clone() }))
            .collect();
        let new = Edge { kind, sync: setup.sync.clone(), setup: setup.clone(), accounts };
        if let Some(way) = way(&new, &others) {
            let names: Vec<String> = way.iter().map(ToString::to_string).collect();
            return Err(Error::new(
                ErrorKind::Config,
                "these syncs are a ring, in which every record would be made again and again; take one of them out, or give them \
                 collections of their own",
            )
            .with("sync", &setup.sync)
            .with("with", names.join(", "))
            .with("kind", kind.plural()));
        }
        pairs.push(Edge { kind, sync: new.sync, setup: Arc::downgrade(setup), accounts: new.accounts });
        Ok(())
    }
}

/// How far a way has come: the end of a pair, and the syncs before it.
type Step<'a> = (&'a Edge<Arc<Setup>>, Side, Vec<SyncId>);

/// The syncs on the way from one end of a pair to its other, without it and its siblings.
fn way(new: &Edge<Arc<Setup>>, others: &[Edge<Arc<Setup>>]) -> Option<Vec<SyncId>> {
    let mut open: Vec<&Edge<Arc<Setup>>> = others.iter().filter(|other| !new.is_sibling(other)).collect();
    let mut ends: VecDeque<Step<'_>> = VecDeque::from([(new, Side::Left, Vec::new())]);
    while let Some((at, side, way)) = ends.pop_front() {
        if !way.is_empty() && at.meets(side, new, Side::Right) {
            return Some(way);
        }
        let (near, far): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|other| [Side::Left, Side::Right].into_iter().any(|end| at.meets(side, other, end)));
        open = far;
        for other in near {
            for end in [Side::Left, Side::Right].into_iter().filter(|end| at.meets(side, other, *end)) {
                ends.push_back((other, end.other(), way.iter().cloned().chain([other.sync.clone()]).collect()));
            }
        }
    }
    None
}
