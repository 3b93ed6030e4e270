//! Which items of the two sides are one thing.
//!
//! In order: a link that stands, a mark, and then the keys of the policy `matches` in its order (a uid,
//! of events with the same organiser; an e-mail address with a compatible name, or of a label; a name
//! with a phone number, a title with a time; the very same content). Candidates have no link yet.
//! Several that differ are decided between as the policy `ambiguous` says: by default they are
//! reported with their scores, and nobody guesses.

use crate::{
    apply::Task,
    keys,
    planted::{Break, planted},
    policy::{Ambiguous, MatchKey},
    report::Candidate,
    run::Run,
    score::{Rung, score},
    step::Action,
    stranger::same_thing,
};
use pimkit_core::{CollectionId, Error, Fields, ItemId, Kind, LinkRow, Presence, Record, Result, SeenRow, Side};
use std::collections::{BTreeMap, BTreeSet};

/// What a page has settled already.
#[derive(Debug, Default)]
pub(crate) struct Given {
    /// Items of the side at hand whose other end is to be made.
    pub(crate) made: BTreeSet<(CollectionId, ItemId)>,
    /// Ends that were given away on the side of the items at hand.
    pub(crate) own: BTreeSet<(CollectionId, ItemId)>,
    /// On the other side.
    pub(crate) other: BTreeSet<(CollectionId, ItemId)>,
}

/// What a search for an item's other end found.
#[derive(Debug)]
pub(crate) enum Found {
    /// The item of the other side, and by what.
    One(Box<SeenRow>, Rung),
    /// Several that differ.
    Several(Doubt),
    /// None: it is new.
    None,
    /// Nobody knows before all others have been read.
    Later,
}

/// Several items that one item fits.
#[derive(Debug)]
pub(crate) struct Doubt {
    /// The side that the candidates are on.
    pub(crate) side: Side,
    /// The item of that other side which all of them fit, where they are on the side of the item at hand.
    pub(crate) of: Option<ItemId>,
    pub(crate) by: Rung,
    /// The best first.
    pub(crate) candidates: Vec<Candidate>,
}

/// How many candidates a line names.
const NAMED: usize = 5;

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (n, by) = (self.candidates.len(), self.by.words());
        match &self.of {
            None => write!(f, "{n} items of the {} side fit it by {by}: ", self.side.word())?,
            Some(of) => write!(f, "it is one of {n} items of the {} side that fit {of} by {by}: ", self.side.word())?,
        }
        let named: Vec<String> = self.candidates.iter().take(NAMED).map(|c| format!("{} ({})", c.id, c.score)).collect();
        write!(f, "{}", named.join(", "))?;
        if n > NAMED {
            write!(f, " and {} more", n - NAMED)?;
        }
        f.write_str("; join the right ones with `pimkit links import`, make them differ, or set the policy ambiguous")
    }
}

/// Which items of a side have a key and no link, for the keys of one page.
pub(crate) type Near = BTreeMap<String, Vec<(CollectionId, ItemId)>>;

/// How many candidates of one key are looked at first.
const CANDIDATES: u32 = 8;

/// What one look from one side found.
enum Look {
    One(Box<SeenRow>, Rung),
    Several(Vec<(SeenRow, Candidate)>, Rung),
    None,
}

impl<R: Record> Run<R> {
    /// Looks for the other end of an item that has no link. `given` are ends that this page gave away.
    /// What fits must fit from the other end too: one of three Adas on this side is not the only Ada
    /// of the other.
    pub(crate) async fn find_match(&self, side: Side, row: &SeenRow, fields: &Fields, near: &Near, given: &Given) -> Result<Found> {
        let policy = self.setup.policy.ambiguous;
        let doubt = |side, of, by, rows: Vec<(SeenRow, Candidate)>| {
            Ok(Found::Several(Doubt { side, of, by, candidates: rows.into_iter().map(|(_, candidate)| candidate).collect() }))
        };
        let (others, by) = match (self.look(side, row, fields, near, &given.other).await?, policy) {
            (Look::None, _) | (Look::Several(..), Ambiguous::Make) => return Ok(Found::None),
            (Look::One(other, by), _) => (vec![*other], by),
            (Look::Several(rows, by), Ambiguous::Ask) => return doubt(side.other(), None, by, rows),
            (Look::Several(rows, by), Ambiguous::Best) => (rows.into_iter().map(|(other, _)| other).collect(), by),
        };
        let is_this = |found: &SeenRow| found.item == row.item && found.collection == row.collection;
        for other in others {
            match (self.look_back(side, row, &other, &by, given).await?, policy) {
                // Another one says the very same, and this one does not.
                (Look::One(better, _), _) if !is_this(&better) && better.hash != row.hash => {}
                // Seen from there its uid names nothing: others of this side carry it too.
                (Look::None, _) if by == Rung::Key(MatchKey::Uid) => {}
                (Look::Several(..), Ambiguous::Make) => {}
                (Look::Several(rows, by), Ambiguous::Ask) => return doubt(side, Some(other.item), by, rows),
                (Look::Several(rows, _), Ambiguous::Best) if rows.first().is_some_and(|(best, _)| !is_this(best)) => {}
                // Of one uid and another name, it may be a user's copy of the right one, which is among what nobody could read.
                _ if by == Rung::Key(MatchKey::Uid)
                    && !same_thing(R::KIND, fields, &self.fields_of(&other)?)
                    && self.may_be_unreadable(side, row).await? =>
                {
                    return Ok(Found::Later);
                }
                _ => return Ok(Found::One(Box::new(other), by)),
            }
        }
        Ok(Found::None)
    }

    /// What the other end of an item would be joined with, seen from there.
    async fn look_back(&self, side: Side, row: &SeenRow, other: &SeenRow, by: &Rung, given: &Given) -> Result<Look> {
        let back = self.fields_of(other)?;
        match (by, &row.mark) {
            // Of the items that carry one mark, all but one are copies.
            (Rung::Mark, Some(mark)) => {
                let keys = [keys::mark_key(mark)];
                let around = self.unlinked(side, &keys, 4, None).await?;
                let rows = self.candidates(side, &keys, &around, &given.own).await?;
                self.pick(Rung::Mark, other, &back, rows)
            }
            _ => {
                let around = self.near(side, std::slice::from_ref(other)).await?;
                self.look(side.other(), other, &back, &around, &given.own).await
            }
        }
    }

    /// The items of a side that have a key of one of these items, which are of the other side: what
    /// [`find_match`](Self::find_match) looks at, read at once for a page.
    pub(crate) async fn near(&self, side: Side, rows: &[SeenRow]) -> Result<Near> {
        let keys: BTreeSet<String> = rows.iter().flat_map(|row| self.ladder(row)).flat_map(|(_, keys)| keys).collect();
        let keys: Vec<String> = keys.into_iter().collect();
        // Each row of a page may take one: the others must still see some.
        self.unlinked(side, &keys, rows.len() + 2, None).await
    }

    /// Where items are that have one of these keys and no link, or none but `own`. Of each key at
    /// least `want`, where there are so many: hundreds may share a uid, and the first ones may all be linked.
    pub(crate) async fn unlinked(&self, side: Side, keys: &[String], want: usize, own: Option<&str>) -> Result<Near> {
        let account = self.half(side).account.id.clone();
        let mut near = Near::new();
        let mut open = keys.to_vec();
        let mut limit = CANDIDATES;
        while !open.is_empty() {
            let found = self.state().seen_by_keys(&account, R::KIND, &open, limit).await?;
            let mut by_collection: BTreeMap<&CollectionId, BTreeSet<&ItemId>> = BTreeMap::new();
            for (collection, item) in found.iter().flatten() {
                by_collection.entry(collection).or_default().insert(item);
            }
            let mut linked: BTreeSet<(CollectionId, ItemId)> = BTreeSet::new();
            for (collection, items) in by_collection {
                let ids: Vec<ItemId> = items.into_iter().cloned().collect();
                let links = self.links_of(side, collection, &ids).await?;
                let others = ids.into_iter().zip(links).filter(|(_, link)| link.as_ref().is_some_and(|l| Some(l.id.as_str()) != own));
                let others = others.filter(|_| !planted(Break::MarkCheck));
                linked.extend(others.map(|(item, _)| (collection.clone(), item)));
            }
            let mut more = Vec::new();
            for (key, places) in open.into_iter().zip(found) {
                let all = places.len() < limit as usize;
                let free: Vec<_> = places.into_iter().filter(|place| !linked.contains(place)).collect();
                if !all && free.len() < want {
                    more.push(key);
                } else if !free.is_empty() {
                    near.insert(key, free);
                }
            }
            open = more;
            limit = limit.saturating_mul(4);
        }
        Ok(near)
    }

    /// What an item is looked for by, the strongest first.
    fn ladder(&self, row: &SeenRow) -> Vec<(Rung, Vec<String>)> {
        let marked = row.mark.as_ref().and_then(keys::parts).filter(|p| keys::is_of(p, self.sync()));
        let mut ladder = vec![(Rung::Mark, marked.map(|parts| keys::id_key(parts.item)).into_iter().collect())];
        ladder.extend(self.setup.policy.matches.iter().map(|key| (Rung::Key(key.clone()), self.rung_keys(row, key))));
        ladder.retain(|(_, keys): &(Rung, Vec<String>)| !keys.is_empty());
        ladder
    }

    /// The keys of an item that a key of the policy looks for it by.
    fn rung_keys(&self, row: &SeenRow, key: &MatchKey) -> Vec<String> {
        let prefixes: &[&str] = match key {
            MatchKey::Uid => &["uid:"],
            // Which of them is of the label is looked at with the candidates.
            MatchKey::Email | MatchKey::LabelledEmail { .. } => &["mail:"],
            MatchKey::NamePhone => &["np:", "at:"],
            MatchKey::Content => &["hash:"],
        };
        row.keys.iter().filter(|key| prefixes.iter().any(|prefix| key.starts_with(prefix))).cloned().collect()
    }

    /// Whether two items, the first of this side, fit by a key that they share. They may be of one side.
    fn fits(by: &Rung, side: Side, fields: &Fields, row: &SeenRow, other: Side, theirs: &Fields, candidate: &SeenRow) -> bool {
        match by {
            Rung::Mark => true,
            Rung::Key(MatchKey::Uid) => row.kind != Kind::Event || keys::same_organizer(fields, theirs),
            Rung::Key(MatchKey::LabelledEmail { left, right }) => {
                let label = |side: Side| if side == Side::Left { left } else { right };
                let ours = keys::labelled(fields, label(side));
                keys::labelled(theirs, label(other)).iter().any(|address| ours.contains(address))
            }
            // An item that carries another uid is another thing, whatever else it says. Contacts get a
            // uid from every program that stores them: it says nothing there.
            Rung::Key(_) if row.kind != Kind::Contact && rows_differ_in_uid(row, candidate) => false,
            Rung::Key(MatchKey::Email) => keys::compatible(fields, theirs),
            Rung::Key(MatchKey::NamePhone | MatchKey::Content) => true,
        }
    }

    /// Looks for an item among those of the other side.
    async fn look(
        &self,
        side: Side,
        row: &SeenRow,
        fields: &Fields,
        near: &Near,
        taken: &BTreeSet<(CollectionId, ItemId)>,
    ) -> Result<Look> {
        for (by, keys) in self.ladder(row) {
            let mut fitting = Vec::new();
            for candidate in self.candidates(side.other(), &keys, near, taken).await? {
                let theirs = self.fields_of(&candidate)?;
                if Self::fits(&by, side, fields, row, side.other(), &theirs, &candidate) {
                    fitting.push(candidate);
                }
            }
            // A uid that several items of one side carry names none of them: a user copied one.
            if by == Rung::Key(MatchKey::Uid) && !fitting.is_empty() && self.shares_its_uid(side, row, fields, &keys).await? {
                continue;
            }
            let mut alike = Vec::new();
            for other in &fitting {
                if same_thing(R::KIND, fields, &self.fields_of(other)?) {
                    alike.push(other.clone());
                }
            }
            // Of those that are called the same none needs to be a copy.
            if alike.len() < fitting.len() && self.was_copied(&by, side, row, &fitting, &keys).await? {
                fitting = alike;
            }
            match self.pick(by, row, fields, fitting)? {
                Look::None => {}
                found => return Ok(found),
            }
        }
        Ok(Look::None)
    }

    /// Whether another item of the same side that is there carries its uid too.
    async fn shares_its_uid(&self, side: Side, row: &SeenRow, fields: &Fields, keys: &[String]) -> Result<bool> {
        for key in keys {
            for other in self.carriers(side, key).await? {
                let theirs = self.fields_of(&other)?;
                let is_this = other.item == row.item && other.collection == row.collection;
                if !is_this && Self::fits(&Rung::Key(MatchKey::Uid), side, fields, row, side, &theirs, &other) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Whether the item that an item's uid names may be one that nobody can read: it was never read, or carried it before.
    async fn may_be_unreadable(&self, side: Side, row: &SeenRow) -> Result<bool> {
        for of in [side, side.other()] {
            if self.has_never_read(of).await? {
                return Ok(true);
            }
            for key in self.rung_keys(row, &MatchKey::Uid) {
                if !self.carriers_that(of, &key, |presence| *presence == Presence::Unreadable).await?.is_empty() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Whether an item, or one that fits it, stood beside another one that carried its uid or mark too and is away now: of the
    /// two one was a copy, and neither says which.
    async fn was_copied(&self, by: &Rung, side: Side, row: &SeenRow, fitting: &[SeenRow], keys: &[String]) -> Result<bool> {
        let here = |rows: &[SeenRow], gone: &SeenRow| {
            // What we deleted has no other id now; what was missing was there until the look before; and of another name it is
            // no other id of it either.
            let stood = |row: &SeenRow| {
                let seen = gone.deleted_by.is_some() || gone.unchanged_at.is_some_and(|until| row.changed_at <= until);
                Ok::<_, Error>(seen || !same_thing(R::KIND, &self.fields_of(gone)?, &self.fields_of(row)?))
            };
            if !matches!(gone.presence, Presence::Missing { .. } | Presence::Gone) || gone.record.is_none() {
                return Ok(false);
            }
            for row in rows.iter().filter(|row| row.item != gone.item) {
                if stood(row)? {
                    return Ok(true);
                }
            }
            Ok::<_, Error>(false)
        };
        let own = std::slice::from_ref(row);
        for (of, rows) in [(side, own), (side.other(), fitting)] {
            let marks: Vec<String> = rows.iter().filter_map(|row| row.mark.as_ref()).map(keys::mark_key).collect();
            let named = match by {
                Rung::Key(MatchKey::Uid) => keys,
                Rung::Mark if of == Side::Right => marks.as_slice(),
                _ => continue,
            };
            if fitting.is_empty() || named.is_empty() {
                continue;
            }
            let account = &self.half(of).account.id;
            for (collection, item) in self.state().seen_by_keys(account, R::KIND, named, CANDIDATES).await?.into_iter().flatten() {
                let seen = self.state().seen(account, R::KIND, &collection, &[item]).await?;
                for gone in seen.into_iter().flatten() {
                    if here(rows, &gone)? {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    /// Chooses among items that fit: the one that says the very same; the first of those that say the
    /// same as each other; else there are several.
    fn pick(&self, by: Rung, row: &SeenRow, fields: &Fields, mut fitting: Vec<SeenRow>) -> Result<Look> {
        if fitting.iter().any(|other| other.hash == row.hash) {
            fitting.retain(|other| other.hash == row.hash);
        }
        let alike = fitting.windows(2).all(|pair| matches!(pair, [a, b] if a.hash == b.hash));
        if alike {
            // Those that say the same are as good as each other: the first in the order of their ids.
            return Ok(fitting.into_iter().next().map_or(Look::None, |first| Look::One(Box::new(first), by)));
        }
        let mut scored = Vec::with_capacity(fitting.len());
        for other in fitting {
            let theirs = self.fields_of(&other)?;
            let score = score(R::KIND, &by, other.hash == row.hash, fields, &theirs);
            scored.push((other.clone(), Candidate { id: other.item.to_string(), score }));
        }
        scored.sort_by(|(x, a), (y, b)| {
            b.score.points.cmp(&a.score.points).then_with(|| (&x.item, &x.collection).cmp(&(&y.item, &y.collection)))
        });
        Ok(Look::Several(scored, by))
    }

    /// An item of the same side that says the same as this one, and comes before it: it has a link, was
    /// given one on this page, or stands first in the order of the ids.
    pub(crate) async fn find_twin(&self, side: Side, row: &SeenRow, fields: &Fields, given: &Given) -> Result<Option<(ItemId, Rung)>> {
        let account = &self.half(side).account.id;
        for (by, keys) in self.ladder(row).into_iter().filter(|(by, _)| *by != Rung::Mark) {
            let places: BTreeSet<_> =
                self.state().seen_by_keys(account, R::KIND, &keys, 4 * CANDIDATES).await?.into_iter().flatten().collect();
            for place in places {
                let here = place.0 == row.collection && place.1 == row.item;
                if here || self.half(side).collection(&place.0).is_none() {
                    continue;
                }
                let ids = [place.1.clone()];
                let twin = self.state().seen(account, R::KIND, &place.0, &ids).await?.into_iter().flatten().next();
                let Some(twin) = twin.filter(|twin| twin.presence == Presence::Present) else { continue };
                let theirs = self.fields_of(&twin)?;
                if !Self::fits(&by, side, fields, row, side, &theirs, &twin) {
                    continue;
                }
                let links = self.links_of(side, &place.0, &ids).await?;
                let linked = links.into_iter().flatten().next().is_some() || given.own.contains(&place) || given.made.contains(&place);
                if linked || place < (row.collection.clone(), row.item.clone()) {
                    return Ok(Some((place.1, by)));
                }
            }
        }
        Ok(None)
    }

    /// Passes over the creation of other ends for items that were given one after it was planned.
    pub(crate) async fn drop_joined(&mut self, tasks: &mut [Task<R>]) -> Result<()> {
        let mut joined: BTreeSet<(Side, CollectionId, ItemId)> = BTreeSet::new();
        let source = |task: &Task<R>| match task.step.action {
            Action::Create(on) if task.step.link.is_none() && !task.step.is_copy() && !task.stopped => {
                let end = task.end(on.other());
                end.item.clone().map(|item| (on.other(), end.collection.clone(), item))
            }
            _ => None,
        };
        let mut asked: BTreeMap<(Side, CollectionId), Vec<ItemId>> = BTreeMap::new();
        for (side, collection, item) in tasks.iter().filter_map(source) {
            asked.entry((side, collection)).or_default().push(item);
        }
        for ((side, collection), items) in asked {
            let links = self.links_of(side, &collection, &items).await?;
            let linked = items.into_iter().zip(links).filter(|(_, link)| link.is_some());
            joined.extend(linked.map(|(item, _)| (side, collection.clone(), item)));
        }
        for task in tasks {
            if source(task).is_some_and(|place| joined.contains(&place)) {
                self.put_off(task, "dropped: it was joined with another item");
            }
        }
        Ok(())
    }

    /// The claiming links of items of a side in this sync, one answer per id, in order.
    pub(crate) async fn links_of(&self, side: Side, collection: &CollectionId, items: &[ItemId]) -> Result<Vec<Option<LinkRow>>> {
        match side {
            Side::Left => self.state().links_of_hub(self.sync(), items).await,
            Side::Right => self.state().links_of_far(self.sync(), &self.far.account.id, collection, items).await,
        }
    }

    /// Items of a side that have one of the keys, are there, were chosen, and have no link.
    async fn candidates(&self, side: Side, keys: &[String], near: &Near, taken: &BTreeSet<(CollectionId, ItemId)>) -> Result<Vec<SeenRow>> {
        let half = self.half(side);
        let places: BTreeSet<(CollectionId, ItemId)> = keys.iter().filter_map(|key| near.get(key)).flatten().cloned().collect();
        let mut rows = Vec::new();
        for (collection, item) in places {
            if half.collection(&collection).is_none() || taken.contains(&(collection.clone(), item.clone())) {
                continue;
            }
            let ids = [item];
            let seen = self.state().seen(&half.account.id, R::KIND, &collection, &ids).await?;
            let there = |r: &SeenRow| r.presence == Presence::Present && r.record.is_some() && !self.is_of_open_create(side, r);
            rows.extend(seen.into_iter().flatten().filter(there));
        }
        Ok(rows)
    }

    /// The fields of the record of a sighting.
    pub(crate) fn fields_of(&self, row: &SeenRow) -> Result<Fields> {
        row.record.as_deref().map_or_else(|| Ok(Fields::new()), pimkit_core::decode_record_fields::<R>)
    }

    /// The record of a sighting.
    pub(crate) fn record_of(&self, row: &SeenRow) -> Result<R> {
        match &row.record {
            Some(bytes) => pimkit_core::decode_record(bytes),
            None => Ok(R::default()),
        }
    }
}

fn rows_differ_in_uid(a: &SeenRow, b: &SeenRow) -> bool {
    let uid = |row: &SeenRow| row.keys.iter().find(|k| k.starts_with("uid:")).cloned();
    matches!((uid(a), uid(b)), (Some(x), Some(y)) if x != y)
}
