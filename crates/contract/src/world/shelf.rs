//! What the provider has of one kind: collections, items with their history, and the log of changes.

use super::{options::WorstOptions, revision};
use crate::samples::Sample;
use jiff::Timestamp;
use pimkit_core::{Access, Category, CategoryId, CollectionId, Field, ItemId, Mark, Removal, Revision, Sharing, Stored};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// How many versions of an item are kept: enough for any lag and roll-back that a test asks for.
const HISTORY: usize = 16;

/// What an item is like at one version.
#[derive(Clone, Debug)]
pub(crate) struct Body<R> {
    pub(crate) record: R,
    pub(crate) mark: Option<Mark>,
    pub(crate) access: Access,
    pub(crate) hidden: bool,
    pub(crate) unreadable: bool,
    pub(crate) withheld: BTreeSet<Field>,
    pub(crate) created: Timestamp,
}

/// One version of an item; without a body it is gone.
#[derive(Clone, Debug)]
pub(crate) struct Version<R> {
    pub(crate) seq: u64,
    pub(crate) at: Timestamp,
    /// Rounds that the collection had seen by then.
    pub(crate) round: u64,
    /// Where it is, or was until then.
    pub(crate) collection: CollectionId,
    pub(crate) revision: Revision,
    pub(crate) body: Option<Body<R>>,
    pub(crate) reason: Removal,
}

impl<R> Version<R> {
    /// The body, when the item is in this collection and shown to us.
    pub(crate) fn seen_in(&self, collection: &CollectionId) -> Option<&Body<R>> {
        self.body.as_ref().filter(|body| self.collection == *collection && !body.hidden)
    }
}

/// A collection.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    pub(crate) name: String,
    pub(crate) mark: Option<Mark>,
    pub(crate) read_only: bool,
    pub(crate) sharing: Sharing,
    /// There, but not answered for: see `vanish`.
    pub(crate) vanished: bool,
    pub(crate) rounds: u64,
    /// How many resources of another kind lie in it; absent: as many as the options say.
    pub(crate) strangers: Option<u32>,
}

impl Folder {
    /// One that was made by request holds nothing of another kind, until somebody puts it there.
    pub(crate) fn new(name: &str, mark: Option<Mark>) -> Self {
        let strangers = mark.as_ref().map(|_| 0);
        Self { name: name.to_owned(), mark, read_only: false, sharing: Sharing::Private, vanished: false, rounds: 0, strangers }
    }

    pub(crate) fn strangers(&self, options: &WorstOptions) -> u32 {
        self.strangers.unwrap_or(options.strangers)
    }
}

/// Items that are computed from their number until somebody touches them.
#[derive(Clone, Debug)]
pub(crate) struct Generated<R> {
    pub(crate) collection: CollectionId,
    pub(crate) count: u64,
    pub(crate) seed: u64,
    pub(crate) at: Timestamp,
    pub(crate) edited: Option<MassEdit<R>>,
    /// What a write is foreseen to make of an item, and the items of which one did, with the write's number and time: they
    /// are computed too.
    pub(crate) foreseen: Option<fn(&mut R)>,
    written: BTreeMap<u64, (u64, Timestamp)>,
}

/// An edit of every so many generated items at once, which takes no memory either.
#[derive(Clone, Debug)]
pub(crate) struct MassEdit<R> {
    pub(crate) seq: u64,
    pub(crate) every: u64,
    pub(crate) at: Timestamp,
    pub(crate) edit: fn(&mut R),
}

impl Generated<()> {
    pub(crate) fn id(index: u64) -> ItemId {
        ItemId::from(format!("g{index:012}"))
    }
}

impl<R> Generated<R> {
    /// The number of the sample behind the item at `index`.
    fn sample(&self, index: u64) -> u64 {
        ((self.seed & 0xffff) << 32).wrapping_add(index)
    }

    pub(crate) fn index(&self, id: &str) -> Option<u64> {
        let index = id.strip_prefix('g').filter(|digits| digits.len() == 12)?.parse().ok()?;
        (index < self.count).then_some(index)
    }

    /// The mass edit that an item was part of, when that is not after `horizon`.
    pub(crate) fn edit_of(&self, index: u64, horizon: u64) -> Option<&MassEdit<R>> {
        self.edited.as_ref().filter(|edit| edit.seq <= horizon && index.is_multiple_of(edit.every))
    }
}

impl<R> Generated<R> {
    pub(crate) fn new(collection: CollectionId, count: u64, seed: u64, at: Timestamp) -> Self {
        Self { collection, count, seed, at, edited: None, foreseen: None, written: BTreeMap::new() }
    }
}

impl<R: Sample + PartialEq> Generated<R> {
    /// The item at `index` after the write that was foreseen.
    fn foreseen(&self, index: u64) -> Option<R> {
        let edit = self.foreseen?;
        let mut record = R::sample(self.sample(index));
        edit(&mut record);
        Some(record)
    }

    /// Whether a body is just what was foreseen of the item at `index`.
    fn foresees(&self, index: u64, collection: &CollectionId, body: &Body<R>) -> bool {
        let plain = body.mark.is_none() && body.access == Access::Write && !body.hidden && !body.unreadable && body.withheld.is_empty();
        plain && *collection == self.collection && self.foreseen(index).is_some_and(|record| record == body.record)
    }

    fn version(&self, options: &WorstOptions, index: u64, horizon: u64) -> Version<R> {
        let written = self.written.get(&index).filter(|(seq, _)| *seq <= horizon);
        let edited = self.edit_of(index, horizon);
        let mut record = R::sample(self.sample(index));
        if let Some(foreseen) = written.and_then(|_| self.foreseen(index)) {
            record = foreseen;
        } else if let Some(edited) = edited {
            (edited.edit)(&mut record);
        }
        let last = written.copied().or_else(|| edited.map(|edit| (edit.seq, edit.at)));
        let revision = match (written, edited) {
            (Some((seq, _)), _) => revision(*seq, Some(&record)),
            (None, Some(edit)) => Revision::from(format!("g{}", edit.seq)),
            (None, None) => Revision::from("g".to_owned()),
        };
        let body = Body {
            record: super::manners::hold(options, record),
            mark: None,
            access: Access::Write,
            hidden: false,
            unreadable: options.unreadable_every.is_some_and(|every| (index + 1).is_multiple_of(u64::from(every.max(1)))),
            withheld: BTreeSet::new(),
            created: self.at,
        };
        Version {
            seq: last.map_or(0, |(seq, _)| seq),
            at: last.map_or(self.at, |(_, at)| at),
            round: 0,
            collection: self.collection.clone(),
            revision,
            body: Some(body),
            reason: Removal::Unknown,
        }
    }
}

/// Everything of one kind.
#[derive(Clone, Debug)]
pub(crate) struct Shelf<R> {
    pub(crate) folders: BTreeMap<CollectionId, Folder>,
    /// Of each item its versions, oldest first. None is ever changed: whoever looks at one shares it.
    items: BTreeMap<ItemId, Vec<Arc<Version<R>>>>,
    pub(crate) log: BTreeMap<u64, ItemId>,
    pub(crate) seq: u64,
    /// How many ids were made; a roll-back does not turn it back.
    pub(crate) made: u64,
    /// How many records were read.
    pub(crate) reads: u64,
    /// How many page tokens were taken.
    pub(crate) pages: u64,
    /// How many items the provider's own users made.
    pub(crate) by_hand: u64,
    /// By mark and by uid, every item that ever had it.
    marks: BTreeMap<Mark, BTreeSet<ItemId>>,
    uids: BTreeMap<String, BTreeSet<ItemId>>,
    pub(crate) generated: Option<Generated<R>>,
    /// Items to be rewritten, by the number of rounds that their collection had seen when they were written.
    pub(crate) to_normalise: BTreeMap<ItemId, u64>,
    pub(crate) custom: BTreeSet<String>,
    pub(crate) categories: BTreeMap<CategoryId, Category>,
    pub(crate) trash: BTreeMap<ItemId, Stored<R>>,
}

impl<R: Sample> Shelf<R> {
    pub(crate) fn new(collections: &[String]) -> Self {
        let folders = collections
            .iter()
            .map(|name| {
                let folder = Folder::new(name, None);
                (CollectionId::from(name.clone()), folder)
            })
            .collect();
        Self {
            folders,
            items: BTreeMap::new(),
            log: BTreeMap::new(),
            seq: 0,
            made: 0,
            reads: 0,
            pages: 0,
            by_hand: 0,
            marks: BTreeMap::new(),
            uids: BTreeMap::new(),
            generated: None,
            to_normalise: BTreeMap::new(),
            custom: BTreeSet::new(),
            categories: BTreeMap::new(),
            trash: BTreeMap::new(),
        }
    }

    /// Every id that is or was there, but for untouched generated ones, in order.
    pub(crate) fn ids_after<'a>(&'a self, after: Option<&ItemId>) -> impl Iterator<Item = &'a ItemId> + use<'a, R> {
        use std::ops::Bound;
        let from = after.map_or(Bound::Unbounded, |id| Bound::Excluded(id.clone()));
        self.items.range((from, Bound::Unbounded)).map(|(id, _)| id)
    }

    /// The last version of every item that is or was there, but for untouched generated ones, in the order of their ids.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (&ItemId, &Arc<Version<R>>)> {
        self.items.iter().filter_map(|(id, versions)| Some((id, versions.last()?)))
    }

    pub(crate) fn is_kept(&self, id: &ItemId) -> bool {
        self.items.contains_key(id)
    }

    /// The last version of an item.
    pub(crate) fn version(&self, options: &WorstOptions, id: &ItemId) -> Option<Arc<Version<R>>> {
        self.version_at(options, id, u64::MAX)
    }

    /// The last version that is not after `horizon`.
    pub(crate) fn version_at(&self, options: &WorstOptions, id: &ItemId, horizon: u64) -> Option<Arc<Version<R>>> {
        match self.items.get(id) {
            Some(versions) => versions.iter().rev().find(|v| v.seq <= horizon).cloned(),
            None => {
                let generated = self.generated.as_ref()?;
                Some(Arc::new(generated.version(options, generated.index(id.as_str())?, horizon)))
            }
        }
    }

    /// The version before the one at `seq`.
    pub(crate) fn version_before(&self, id: &ItemId, seq: u64) -> Option<&Arc<Version<R>>> {
        self.items.get(id)?.iter().rev().find(|v| v.seq < seq)
    }

    /// Whether the item was in the collection at any version up to `horizon`.
    pub(crate) fn was_in(&self, id: &ItemId, collection: &CollectionId, horizon: u64) -> bool {
        self.items.get(id).is_some_and(|versions| versions.iter().any(|v| v.seq <= horizon && v.seen_in(collection).is_some()))
    }

    /// Puts down another version.
    pub(crate) fn push(
        &mut self,
        options: &WorstOptions,
        id: &ItemId,
        collection: &CollectionId,
        body: Result<Body<R>, Removal>,
        now: Timestamp,
    ) -> Arc<Version<R>> {
        self.seq += 1;
        let round = self.folders.get(collection).map_or(0, |f| f.rounds);
        let (body, reason) = match body {
            Ok(body) => (Some(body), Removal::Unknown),
            Err(reason) => (None, reason),
        };
        if !options.looks_back() && !self.items.contains_key(id) {
            let seq = self.seq;
            let generated = self.generated.as_mut().and_then(|g| Some((g.index(id.as_str())?, g)));
            if let (Some((index, generated)), Some(body)) = (generated, &body)
                && generated.foresees(index, collection, body)
            {
                generated.written.insert(index, (seq, now));
                let version = Arc::new(generated.version(options, index, u64::MAX));
                self.log.insert(seq, id.clone());
                return version;
            }
        }
        if let Some(body) = &body {
            if let Some(mark) = &body.mark {
                self.marks.entry(mark.clone()).or_default().insert(id.clone());
            }
            if let Some(uid) = body.record.uid() {
                self.uids.entry(uid.to_owned()).or_default().insert(id.clone());
            }
        }
        let version = Arc::new(Version {
            seq: self.seq,
            at: now,
            round,
            collection: collection.clone(),
            revision: revision(self.seq, body.as_ref().map(|b| &b.record)),
            body,
            reason,
        });
        // What a generated item was like before is kept only for a provider that looks back: many small writes take little memory.
        let before = self.generated.as_ref().filter(|_| options.looks_back());
        let first = before.and_then(|g| Some(Arc::new(g.version(options, g.index(id.as_str())?, u64::MAX))));
        let versions = self.items.entry(id.clone()).or_insert_with(|| first.into_iter().collect());
        versions.push(Arc::clone(&version));
        if versions.len() > HISTORY {
            versions.remove(0);
        }
        self.log.insert(self.seq, id.clone());
        version
    }

    /// Undoes the last `writes` versions, as a server that was restored from a backup.
    pub(crate) fn roll_back(&mut self, writes: u64) {
        for _ in 0..writes {
            let Some((seq, id)) = self.log.pop_last() else { break };
            if let Some(versions) = self.items.get_mut(&id) {
                versions.retain(|v| v.seq != seq);
                if versions.is_empty() {
                    self.items.remove(&id);
                }
            } else if let Some(generated) = &mut self.generated
                && let Some(index) = generated.index(id.as_str())
            {
                generated.written.remove(&index);
            }
            self.seq = seq.saturating_sub(1);
        }
    }

    /// The items that ever had this mark, or this uid.
    pub(crate) fn with_mark(&self, mark: &str) -> Vec<ItemId> {
        self.marks.get(mark).into_iter().flatten().cloned().collect()
    }

    pub(crate) fn with_uid(&self, uid: &str) -> Vec<ItemId> {
        let mut found: Vec<ItemId> = self.uids.get(uid).into_iter().flatten().cloned().collect();
        if let Some(generated) = &self.generated {
            // The last group of a sample's uid is its number.
            let number = uid.rsplit('-').next().and_then(|hex| u64::from_str_radix(hex, 16).ok());
            let index = number.and_then(|n| n.checked_sub(generated.sample(0))).filter(|i| *i < generated.count);
            if let Some(index) = index {
                let id = Generated::id(index);
                if !self.is_kept(&id) && R::sample(generated.sample(index)).uid() == Some(uid) {
                    found.push(id);
                }
            }
        }
        found
    }

    /// The last change that listings of this collection may speak of: nothing that lags comes before it.
    pub(crate) fn horizon(&self, collection: &CollectionId, options: &WorstOptions, now: Timestamp) -> u64 {
        if options.listing_lag_rounds == 0 && options.listing_lag == Duration::ZERO {
            return self.seq;
        }
        let rounds = self.folders.get(collection).map_or(0, |f| f.rounds);
        let visible = |v: &Version<R>| {
            crate::clock::later(v.at, options.listing_lag) <= now && rounds > v.round.saturating_add(u64::from(options.listing_lag_rounds))
        };
        let mut horizon = self.seq;
        for (seq, id) in self.log.iter().rev() {
            let lags = self.items.get(id).into_iter().flatten().any(|v| v.seq == *seq && v.collection == *collection && !visible(v));
            if lags {
                horizon = seq.saturating_sub(1);
            }
        }
        horizon
    }
}
