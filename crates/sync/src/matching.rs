//! Which items of the two sides are one thing.
//!
//! In order: a link that stands, a mark, a uid, and keys of the content (an e-mail address with a
//! compatible name, a name with a phone number, a title with a time, the very same content).
//! Candidates have no link yet. Several that differ are reported, never guessed between.

use crate::{keys, run::Run};
use pimkit_core::{CollectionId, Fields, ItemId, Presence, Record, Result, SeenRow, Side};
use std::collections::{BTreeMap, BTreeSet};

/// What a search for an item's other end found.
#[derive(Debug)]
pub(crate) enum Found {
    /// The item of the other side, and by what.
    One(Box<SeenRow>, &'static str),
    /// Several that differ.
    Several(usize, &'static str),
    /// None: it is new.
    None,
}

const BY_MARK: &str = "its mark";
const BY_UID: &str = "its uid";
const BY_MAIL: &str = "its e-mail address and name";

/// Whether an item says itself that it is the other end: no guess by what it holds.
pub(crate) fn is_proof(why: &str) -> bool {
    matches!(why, BY_MARK | BY_UID)
}

/// Which items of a side have a key and no link, for the keys of one page.
pub(crate) type Near = BTreeMap<String, Vec<(CollectionId, ItemId)>>;

/// How many candidates of one key are looked at first.
const CANDIDATES: u32 = 8;

impl<R: Record> Run<R> {
    /// Looks for the other end of an item that has no link. `taken` are ends that this run gave
    /// away. What fits by its content must fit from the other end too: one of three Adas on this
    /// side is not the only Ada of the other.
    pub(crate) async fn find_match(
        &self,
        side: Side,
        row: &SeenRow,
        fields: &Fields,
        near: &Near,
        taken: &BTreeSet<(CollectionId, ItemId)>,
    ) -> Result<Found> {
        let found = self.find_one_way(side, row, fields, near, taken).await?;
        let Found::One(other, why) = found else { return Ok(found) };
        if matches!(why, BY_MARK | BY_UID) {
            return Ok(Found::One(other, why));
        }
        let back = self.record_of(&other)?.fields();
        let around = self.near(side, std::slice::from_ref(&other)).await?;
        match self.find_one_way(side.other(), &other, &back, &around, &BTreeSet::new()).await? {
            Found::Several(n, why) => Ok(Found::Several(n, why)),
            _ => Ok(Found::One(other, why)),
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
                let links = match side {
                    Side::Left => self.state().links_of_hub(self.sync(), &ids).await?,
                    Side::Right => self.state().links_of_far(self.sync(), &account, collection, &ids).await?,
                };
                let others = ids.into_iter().zip(links).filter(|(_, link)| link.as_ref().is_some_and(|l| Some(l.id.as_str()) != own));
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
    fn ladder(&self, row: &SeenRow) -> Vec<(&'static str, Vec<String>)> {
        let with = |prefixes: &[&str]| -> Vec<String> {
            row.keys.iter().filter(|key| prefixes.iter().any(|prefix| key.starts_with(prefix))).cloned().collect()
        };
        let marked = row.mark.as_ref().and_then(keys::parts).filter(|p| keys::is_of(p, self.sync()));
        let ladder = vec![
            (BY_MARK, marked.map(|parts| keys::id_key(parts.item)).into_iter().collect()),
            (BY_UID, with(&["uid:"])),
            (BY_MAIL, with(&["mail:"])),
            ("its name or title, and number or time", with(&["np:", "at:"])),
            ("its content", with(&["hash:"])),
        ];
        ladder.into_iter().filter(|(_, keys)| !keys.is_empty()).collect()
    }

    async fn find_one_way(
        &self,
        side: Side,
        row: &SeenRow,
        fields: &Fields,
        near: &Near,
        taken: &BTreeSet<(CollectionId, ItemId)>,
    ) -> Result<Found> {
        for (why, keys) in self.ladder(row) {
            let candidates = self.candidates(side.other(), &keys, near, taken).await?;
            let mut fitting = Vec::new();
            for candidate in candidates {
                let fits = why != BY_MAIL || {
                    let record = self.record_of(&candidate)?;
                    keys::compatible(&record.fields(), fields)
                };
                // An item that carries another uid is another thing, whatever else it says; a mark outweighs that.
                let other_uid = !matches!(why, BY_MARK | BY_UID) && has_other_uid(row, &candidate);
                if fits && !other_uid {
                    fitting.push(candidate);
                }
            }
            let alike = fitting.windows(2).all(|pair| matches!(pair, [a, b] if a.hash == b.hash));
            match fitting.len() {
                0 => {}
                // Those that say the same are as good as each other: the first in the order of their ids.
                _ if alike => {
                    if let Some(first) = fitting.into_iter().next() {
                        return Ok(Found::One(Box::new(first), why));
                    }
                }
                n => return Ok(Found::Several(n, why)),
            }
        }
        Ok(Found::None)
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

    /// The record of a sighting.
    pub(crate) fn record_of(&self, row: &SeenRow) -> Result<R> {
        match &row.record {
            Some(bytes) => pimkit_core::decode_record(bytes),
            None => Ok(R::default()),
        }
    }
}

fn has_other_uid(a: &SeenRow, b: &SeenRow) -> bool {
    let uid = |row: &SeenRow| row.keys.iter().find(|k| k.starts_with("uid:")).cloned();
    // Contacts get a uid from every program that stores them: it says nothing there.
    a.kind != pimkit_core::Kind::Contact && matches!((uid(a), uid(b)), (Some(x), Some(y)) if x != y)
}
