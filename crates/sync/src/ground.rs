//! What a run finds out of both sides before it reads any item: accounts, collections, fields, and what of them goes
//! with what.

use crate::{
    engine::Shared,
    map::FieldMap,
    pair::{Carried, Plan, Setup},
    policy::Policy,
    report::PerSide,
    run::Run,
    tags::Tags,
};
use pimkit_core::{Account, Collection, CollectionId, Connector, Error, ErrorKind, FieldSupport, Record, Repository, Result, Side};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// One side during a run.
pub(crate) struct Half<R: Record> {
    pub(crate) account: Account,
    pub(crate) repository: Arc<dyn Repository<R>>,
    /// The chosen collections, in the order in which they were chosen.
    pub(crate) collections: Vec<Collection>,
    /// Every collection of the account.
    pub(crate) all: Vec<Collection>,
    /// Collections that were not read to the end this time, and why.
    pub(crate) failed: BTreeMap<CollectionId, String>,
    /// Collections of which something was listed and could not be read this time.
    pub(crate) unread: BTreeSet<CollectionId>,
    /// The collection that was chosen first, where new items belong, is not there.
    pub(crate) first_is_gone: bool,
    pub(crate) fields: BTreeMap<CollectionId, Vec<FieldSupport>>,
}

impl<R: Record> Half<R> {
    pub(crate) fn collection(&self, id: &CollectionId) -> Option<&Collection> {
        self.collections.iter().find(|c| c.id == *id)
    }

    /// Whether a collection that is there was not read to its end: an item that was not seen may be in it.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.collections.iter().any(|c| self.failed.contains_key(&c.id))
    }

    /// Whether a collection that was linked to is not there any more.
    pub(crate) fn is_vanished(&self, id: &CollectionId) -> bool {
        self.failed.contains_key(id) && self.collection(id).is_none()
    }

    pub(crate) fn settles(&self, id: &CollectionId, policy: &Policy) -> std::time::Duration {
        match self.collection(id).map(|c| c.capabilities.create) {
            Some(pimkit_core::Create::Findable { settles_after }) => settles_after,
            Some(pimkit_core::Create::ByContent) => policy.settle(),
            _ => std::time::Duration::ZERO,
        }
    }
}

/// What a plan was made on, for who applies it at once: nobody is asked for it twice in one run.
pub(crate) struct Ground<R: Record> {
    sides: [Half<R>; 2],
    maps: BTreeMap<(CollectionId, CollectionId), Arc<FieldMap>>,
    prints: Vec<String>,
    tags: Tags,
}

impl<R: Record> Run<R> {
    /// The run is planned: what its plan carries, and what it was made on.
    pub(crate) fn planned(self, idle: bool, recovered: [PerSide; 3]) -> (Plan, Ground<R>) {
        let (failed, under) = ([self.hub.failed.clone(), self.far.failed.clone()], self.fingerprint());
        let carried = Carried { failed, recovered, answered: self.answered, undoes: self.undoes, first: self.first, under };
        let (state, sync) = (self.shared.state.clone(), self.setup.sync.clone());
        let plan = Plan { run: self.run, report: self.report, started: self.started, lease: self.lease, state, sync, carried, idle };
        (plan, Ground { sides: [self.hub, self.far], maps: self.maps, prints: self.prints, tags: self.tags })
    }

    /// Goes on with a run that is planned. What was found out for the plan may be handed over; else it is asked for anew.
    pub(crate) async fn resume(shared: &Arc<Shared>, setup: &Arc<Setup>, plan: Plan, ground: Option<Ground<R>>) -> Result<Self> {
        let mut run = match ground {
            Some(ground) => {
                let mut run = Self::new(shared, setup, plan.lease, plan.run, plan.started, ground.sides).await?;
                (run.maps, run.prints, run.tags) = (ground.maps, ground.prints, ground.tags);
                run
            }
            None => {
                let mut run = Self::new(shared, setup, plan.lease, plan.run, plan.started, sides(setup).await?).await?;
                run.note_accounts().await?;
                run.set_up(false).await?;
                run
            }
        };
        // Ids of links made while planning are taken.
        run.links = 1 << 31;
        let gone = std::mem::take(&mut run.report.notes);
        let mut remarks = std::mem::take(&mut run.report.remarks);
        run.report = plan.report;
        remarks.retain(|remark| !run.report.remarks.contains(remark));
        run.report.remarks.extend(remarks);
        gone.into_iter().for_each(|note| run.note(note));
        // What was not read then is not worked off, whatever is there by this time.
        run.answered = plan.carried.answered;
        run.undoes = plan.carried.undoes;
        run.first = plan.carried.first;
        run.planned_under = plan.carried.under;
        let [left, right] = plan.carried.failed;
        run.hub.failed.extend(left);
        run.far.failed.extend(right);
        // Applying counts what is written; the plan counted what it meant to write.
        run.planned = run.report.writes();
        let [created, updated, deleted] = plan.carried.recovered;
        run.report.created = created;
        run.report.updated = updated;
        run.report.deleted = deleted;
        Ok(run)
    }
}

/// Both sides of a run, of which nothing is known yet but whose accounts they are.
pub(crate) async fn sides<R: Record>(setup: &Setup) -> Result<[Half<R>; 2]> {
    let left = setup.left.account().await?;
    let right = setup.right.account().await?;
    if left.id == right.id {
        return Err(Error::new(ErrorKind::Config, "both sides of the sync are one account; choose two").with("account", &left.id));
    }
    Ok([half(Side::Left, left, setup.left.as_ref())?, half(Side::Right, right, setup.right.as_ref())?])
}

fn half<R: Record>(side: Side, account: Account, connector: &dyn Connector) -> Result<Half<R>> {
    let repository = R::repository(connector).ok_or_else(|| {
        Error::new(ErrorKind::Config, "the account has no records of this kind; choose another account or kind")
            .with("side", side.word())
            .with("kind", R::KIND.plural())
    })?;
    Ok(Half {
        account,
        repository,
        collections: Vec::new(),
        all: Vec::new(),
        failed: BTreeMap::new(),
        unread: BTreeSet::new(),
        first_is_gone: false,
        fields: BTreeMap::new(),
    })
}
