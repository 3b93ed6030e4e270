//! One in-memory provider: the store behind [`Worst`](crate::Worst) and [`MemoryHub`](crate::MemoryHub).

mod by_hand;
mod fault;
pub(crate) mod manners;
pub(crate) mod options;
mod reading;
mod roles;
mod shelf;
mod writing;

pub use by_hand::ByHand;
pub use fault::{Failure, Fault, FaultPlan, Mail, MailKind, Operation, Request};
pub use manners::normalised;
pub use options::{Normalises, WorstOptions};

use crate::samples::Sample;
use bytes::Bytes;
use fault::Fault as F;
use jiff::{SignedDuration, Timestamp};
use pimkit_core::{
    Account, AccountId, BlobId, BlobRef, Capabilities, Clock, CollectionId, ConnectorInfo, Contact, Digest, Error, ErrorKind, Event,
    ItemId, Kind, Record, Repository, Result, Revision, Role, Task, unsupported,
};
use shelf::{Generated, MassEdit, Shelf};
use std::{
    collections::BTreeMap,
    marker::PhantomData,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A kind that the in-memory connectors keep.
#[allow(private_bounds, reason = "the bound seals the trait: what it names is the inside of the store")]
pub trait Kept: Sample + Keep {}
impl<R: Keep> Kept for R {}

/// How a kind lies in the store.
pub(crate) trait Keep: Sample {
    fn shelf(core: &Core) -> &Shelf<Self>;
    fn shelf_mut(core: &mut Core) -> &mut Shelf<Self>;
    fn blobs_mut(&mut self) -> Vec<&mut BlobRef>;
    /// Whom a write would be mailed to.
    fn guests(&self) -> Vec<&str> {
        Vec::new()
    }
    /// How the provider's user gets at items of this kind in the behaviour suite.
    fn door(stage: &dyn crate::suite::Stage) -> Option<&dyn crate::suite::BackDoor<Self>>;
    /// What lies beside items of this kind in a mixed collection.
    fn stranger() -> Option<Kind> {
        None
    }
}

macro_rules! kept {
    ($($record:ident, $shelf:ident, $door:ident, $blobs:expr, { $($more:item)* };)*) => {$(
        impl Keep for $record {
            fn shelf(core: &Core) -> &Shelf<Self> {
                &core.$shelf
            }
            fn shelf_mut(core: &mut Core) -> &mut Shelf<Self> {
                &mut core.$shelf
            }
            fn blobs_mut(&mut self) -> Vec<&mut BlobRef> {
                let blobs: fn(&mut Self) -> Vec<&mut BlobRef> = $blobs;
                blobs(self)
            }
            fn door(stage: &dyn crate::suite::Stage) -> Option<&dyn crate::suite::BackDoor<Self>> {
                stage.$door()
            }
            $($more)*
        }
    )*};
}

kept! {
    Contact, contacts, contact_door, |r| r.photo.iter_mut().collect(), {};
    Event, events, event_door, |r| r.attachments.iter_mut().map(|a| &mut a.blob).collect(), {
        fn guests(&self) -> Vec<&str> {
            self.participants.iter().map(|p| p.address.as_str()).collect()
        }
        fn stranger() -> Option<Kind> {
            Some(Kind::Task)
        }
    };
    Task, tasks, task_door, |r| r.attachments.iter_mut().map(|a| &mut a.blob).collect(), {
        fn stranger() -> Option<Kind> {
            Some(Kind::Event)
        }
    };
}

/// Bytes that the provider keeps.
#[derive(Clone, Debug)]
pub(crate) struct KeptBlob {
    pub(crate) media_type: String,
    pub(crate) bytes: Bytes,
    pub(crate) digest: Digest,
}

/// Everything that the provider has.
#[derive(Clone, Debug)]
pub(crate) struct Core {
    /// Shared, since whoever works on a shelf keeps them at hand meanwhile.
    pub(crate) options: Arc<WorstOptions>,
    pub(crate) contacts: Shelf<Contact>,
    pub(crate) events: Shelf<Event>,
    pub(crate) tasks: Shelf<Task>,
    pub(crate) blobs: BTreeMap<BlobId, KeptBlob>,
    pub(crate) outbox: Vec<Mail>,
}

/// What is noted about the wire, and survives a roll-back of the store.
#[derive(Debug, Default)]
struct Wire {
    requests: Vec<Request>,
    faults: FaultPlan,
}

/// Everything that an in-memory provider has, as it was at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot(Box<Core>);

/// One account at an in-memory provider.
#[derive(Debug)]
pub(crate) struct World {
    /// What `ConnectorInfo` calls it.
    pub(crate) name: &'static str,
    pub(crate) clock: Arc<dyn Clock>,
    core: Mutex<Core>,
    wire: Mutex<Wire>,
}

/// Opaque and different for every version and content, like a strong ETag.
fn revision<R: Record>(seq: u64, record: Option<&R>) -> Revision {
    let json = record.and_then(|r| serde_json::to_vec(r).ok()).unwrap_or_default();
    let [a, b, c, d, ..] = Digest::of(&json).0;
    Revision::from(format!("{seq}-{:08x}", u32::from_be_bytes([a, b, c, d])))
}

/// Gives way once, so that a caller may drop us here.
async fn breath() {
    let mut taken = false;
    futures::future::poll_fn(|context| {
        if std::mem::replace(&mut taken, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

impl World {
    pub(crate) fn new(name: &'static str, options: WorstOptions, clock: Arc<dyn Clock>) -> Self {
        let named = |kind: Kind| options.collections.get(&kind).cloned().unwrap_or_default();
        let core = Core {
            contacts: Shelf::new(&named(Kind::Contact)),
            events: Shelf::new(&named(Kind::Event)),
            tasks: Shelf::new(&named(Kind::Task)),
            blobs: BTreeMap::new(),
            outbox: Vec::new(),
            options: Arc::new(options),
        };
        Self { name, clock, core: Mutex::new(core), wire: Mutex::default() }
    }

    pub(crate) fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wire(&self) -> MutexGuard<'_, Wire> {
        self.wire.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The provider's own time: ours plus its skew.
    pub(crate) fn server_time(&self, skew: i64) -> Timestamp {
        let now = self.clock.now();
        now.checked_add(SignedDuration::from_secs(skew)).unwrap_or(now)
    }

    pub(crate) fn generate<R: Keep>(&self, count: u64, seed: u64) {
        let at = self.clock.now();
        let mut core = self.core();
        let shelf = R::shelf_mut(&mut core);
        if let Some(collection) = shelf.folders.keys().next().cloned() {
            shelf.generated = Some(Generated::new(collection, count, seed, at));
        }
    }

    pub(crate) fn edit_generated<R: Keep>(&self, every: u64, edit: fn(&mut R)) {
        let at = self.clock.now();
        let mut core = self.core();
        let shelf = R::shelf_mut(&mut core);
        shelf.seq += 1;
        let seq = shelf.seq;
        if let Some(generated) = &mut shelf.generated {
            generated.edited = Some(MassEdit { seq, every: every.max(1), at, edit });
        }
    }

    pub(crate) fn foresee<R: Keep>(&self, edit: fn(&mut R)) {
        let mut core = self.core();
        if let Some(generated) = &mut R::shelf_mut(&mut core).generated {
            generated.foreseen = Some(edit);
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot(Box::new(self.core().clone()))
    }

    pub(crate) fn restore(&self, snapshot: &Snapshot) {
        *self.core() = (*snapshot.0).clone();
    }

    pub(crate) fn set_faults(&self, plan: FaultPlan) {
        self.wire().faults = plan;
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.wire().requests.clone()
    }

    pub(crate) fn requests_after(&self, number: u64) -> Vec<Request> {
        let from = usize::try_from(number).unwrap_or(usize::MAX);
        self.wire().requests.get(from..).map(<[Request]>::to_vec).unwrap_or_default()
    }

    /// A request on its way to the provider: may be dropped before it arrives; fails or hangs as planned.
    ///
    /// Answers the fault that still is to happen, for [`World::answer`].
    async fn ask(&self, operation: Operation, kind: Option<Kind>, collection: Option<&CollectionId>, ids: usize) -> Result<Option<Fault>> {
        let latency = self.core().options.latency;
        breath().await;
        if !latency.is_zero() {
            self.clock.sleep(latency).await;
        }
        let fault = {
            let mut wire = self.wire();
            let number = wire.requests.len() as u64 + 1;
            wire.requests.push(Request { number, operation, kind, collection: collection.cloned(), ids });
            wire.faults.next(operation)
        };
        match fault {
            Some(F::Before(failure)) => Err(failure.error("memory.request")),
            Some(F::HangBefore) => futures::future::pending().await,
            Some(F::CollectionGone) => Err(gone(collection)),
            other => Ok(other),
        }
    }

    /// The answer on its way back: may be dropped before it arrives; lost or held back as planned.
    async fn answer(&self, fault: Option<Fault>) -> Result<()> {
        breath().await;
        match fault {
            Some(F::After(failure)) => Err(failure.error("memory.answer")),
            Some(F::HalfDone) => Err(Failure::Transport.error("memory.answer")),
            Some(F::HangAfter) => futures::future::pending().await,
            _ => Ok(()),
        }
    }

    pub(crate) async fn account(&self) -> Result<Account> {
        let fault = self.ask(Operation::Account, None, None, 0).await?;
        let account = {
            let core = self.core();
            let options = &core.options;
            Account { id: AccountId::from(options.account.clone()), addresses: options.addresses.clone(), skew: options.skew }
        };
        self.answer(fault).await?;
        Ok(account)
    }

    pub(crate) fn info(&self) -> ConnectorInfo {
        let core = self.core();
        let options = if core.options.for_good { Arc::clone(&core.options) } else { Arc::new(WorstOptions::kind()) };
        let kinds: Vec<_> = core.options.kinds.iter().map(|kind| (*kind, options.capabilities(*kind))).collect();
        ConnectorInfo { id: self.name, kinds: intern(&KINDS, kinds), roles: intern(&ROLES, options.roles()) }
    }

    pub(crate) fn repository<R: Keep>(self: &Arc<Self>) -> Option<Arc<dyn Repository<R>>> {
        let there = self.core().options.kinds.contains(&R::KIND);
        there.then(|| Arc::new(Face::<R> { world: Arc::clone(self), kind: PhantomData }) as Arc<dyn Repository<R>>)
    }
}

static KINDS: Mutex<Vec<&'static [(Kind, Capabilities)]>> = Mutex::new(Vec::new());
static ROLES: Mutex<Vec<&'static [Role]>> = Mutex::new(Vec::new());

/// One static copy of each distinct list: as many as there are kinds of provider, not as many as there are connectors.
fn intern<T: PartialEq>(known: &Mutex<Vec<&'static [T]>>, list: Vec<T>) -> &'static [T] {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(same) = known.iter().find(|k| **k == list.as_slice()) {
        return same;
    }
    let fresh: &'static [T] = Box::leak(list.into_boxed_slice());
    known.push(fresh);
    fresh
}

/// One kind of the provider, as a connector shows it.
#[derive(Debug)]
pub(crate) struct Face<R> {
    world: Arc<World>,
    kind: PhantomData<fn() -> R>,
}

/// The refusal of what this provider cannot do.
fn cannot(options: &WorstOptions, operation: &'static str) -> Error {
    if options.for_good {
        unsupported(operation)
    } else {
        Error::new(ErrorKind::Unavailable, "this collection does not do that; see its capabilities").during(operation)
    }
}

fn gone(collection: Option<&CollectionId>) -> Error {
    let error = Error::new(ErrorKind::CollectionGone, "the collection is not there; list the collections again");
    match collection {
        Some(id) => error.with("collection", id),
        None => error,
    }
}

fn denied(id: &ItemId) -> Error {
    Error::new(ErrorKind::PermissionDenied, "the item may not be changed by this account; ask its owner").with("item", id)
}

impl Core {
    /// The collection, when it is there.
    fn present<R: Keep>(&self, collection: &CollectionId) -> Result<&shelf::Folder> {
        R::shelf(self).folders.get(collection).filter(|f| !f.vanished).ok_or_else(|| gone(Some(collection)))
    }
}
