//! Another thing under a known id: a program that rewrites a folder gives each file the next
//! person, a store restored from a backup gives an id away again.
//!
//! A record's uid names it. Where an item says another uid than the one that was agreed, and says
//! something else besides, it is not an edit of what was there: the link lets go of it, the thing
//! that was there is looked for, and the newcomer is treated as new.

use crate::{fresh::set_end, keys, plan::Linked, run::Run};
use pimkit_core::{CollectionId, Fields, ItemId, Kind, LinkState, Presence, Record, Result, SeenRow, Side, StateChange, Value};

/// The path of the field that names a record of this kind.
pub(crate) fn identity<R: Record>() -> Option<&'static str> {
    R::catalogue().fields().iter().find(|f| f.identity).map(|f| f.path)
}

fn uid_of<'a>(fields: &'a Fields, path: &str) -> Option<&'a str> {
    fields.get(path).and_then(Value::as_str).filter(|uid| !uid.trim().is_empty())
}

/// Whether two records with different uids are all the same one thing: some programs give a card
/// another uid with every export.
pub(crate) fn same_thing(kind: Kind, agreed: &Fields, now: &Fields) -> bool {
    match kind {
        Kind::Contact | Kind::User => keys::compatible(agreed, now),
        _ => agreed.get("title") == now.get("title"),
    }
}

impl<R: Record> Run<R> {
    /// Whether the item at this end of a link is another thing than the one that was agreed.
    fn is_stranger(&self, side: Side, linked: &Linked) -> Result<bool> {
        let (Some(base), Some(row), Some(path)) = (&linked.base, linked.end(side), identity::<R>()) else { return Ok(false) };
        if row.presence != Presence::Present || (side == Side::Right && !base.sent.is_empty()) {
            return Ok(false);
        }
        let agreed = if side == Side::Left { &base.hub } else { &base.far };
        let Some(was) = uid_of(agreed, path) else { return Ok(false) };
        // The sighting's key says it without reading the record.
        if row.keys.contains(&keys::uid_key(was)) {
            return Ok(false);
        }
        let now = self.fields_of(row)?;
        Ok(uid_of(&now, path).is_some() && !same_thing(R::KIND, agreed, &now))
    }

    /// Lets links go of strangers. Comes back with those that have none; the strangers are new
    /// items from here on.
    pub(crate) async fn part_from_strangers(&mut self, links: Vec<Linked>) -> Result<Vec<Linked>> {
        let mut rest = Vec::with_capacity(links.len());
        for mut linked in links {
            let mut parted = false;
            for side in [Side::Left, Side::Right] {
                if linked.link.state != LinkState::Live || self.open.contains(&linked.link.id) || !self.is_stranger(side, &linked)? {
                    continue;
                }
                parted = true;
                self.part(side, &mut linked).await?;
                break;
            }
            if !parted {
                rest.push(linked);
            }
        }
        Ok(rest)
    }

    async fn part(&mut self, side: Side, linked: &mut Linked) -> Result<()> {
        let Some(stranger) = linked.end(side).cloned() else { return Ok(()) };
        match side {
            Side::Left => linked.link.hub_item = None,
            Side::Right => linked.link.item = None,
        }
        linked.link.again = true;
        linked.link.version += 1;
        self.commit(vec![StateChange::Link(Box::new(linked.link.clone()))]).await?;
        // It is worked off with the items that have no link.
        self.later([StateChange::Seen(Box::new(SeenRow { changed: self.run, ..stranger }))]);
        let gone = Linked {
            link: linked.link.clone(),
            base: linked.base.clone(),
            hub: linked.hub.clone().filter(|_| side == Side::Right),
            far: linked.far.clone().filter(|_| side == Side::Left),
        };
        // What stands under another id gets its link back there.
        self.plan_lost(side, gone).await
    }

    /// A link that lost its item to another thing, and was not given another: what it was either
    /// stands elsewhere, and is found there, or is gone.
    pub(crate) async fn plan_lost(&mut self, side: Side, linked: Linked) -> Result<()> {
        let was = linked.base.as_ref().and_then(|b| {
            let agreed = if side == Side::Left { &b.hub } else { &b.far };
            identity::<R>().and_then(|path| uid_of(agreed, path)).map(keys::uid_key)
        });
        let elsewhere = match was {
            Some(key) => self.is_present(side, &key).await?,
            None => false,
        };
        if elsewhere {
            return self.wait(linked.link, None).await;
        }
        self.plan_deleted(side, linked, "another item stands in its place, and nothing carries its uid".to_owned()).await
    }

    /// Whether an item of a side that is there carries this key.
    async fn is_present(&self, side: Side, key: &str) -> Result<bool> {
        Ok(!self.carriers(side, key).await?.is_empty())
    }

    pub(crate) async fn carriers(&self, side: Side, key: &str) -> Result<Vec<SeenRow>> {
        self.carriers_that(side, key, |presence| *presence == Presence::Present).await
    }

    /// The items of a side that carry this key, or did when they were read last, and are as told.
    pub(crate) async fn carriers_that(&self, side: Side, key: &str, are: fn(&Presence) -> bool) -> Result<Vec<SeenRow>> {
        let account = &self.half(side).account.id;
        let mut rows = Vec::new();
        for (collection, item) in self.state().seen_by_keys(account, R::KIND, &[key.to_owned()], 8).await?.into_iter().flatten() {
            let seen = self.state().seen(account, R::KIND, &collection, &[item]).await?;
            rows.extend(seen.into_iter().flatten().filter(|r| are(&r.presence)));
        }
        Ok(rows)
    }

    /// Gives an item without a link the link that lost it: the one whose other end carries its uid,
    /// and whose end on this side is free, holds a stranger, or lies in a collection that is gone.
    pub(crate) async fn rejoin(&mut self, side: Side, row: &SeenRow) -> Result<bool> {
        let Some(key) = row.keys.iter().find(|k| k.starts_with("uid:")).cloned() else { return Ok(false) };
        for other in self.carriers(side.other(), &key).await? {
            let ids = [other.item.clone()];
            let links = match side.other() {
                Side::Left => self.state().links_of_hub(self.sync(), &ids).await?,
                Side::Right => self.state().links_of_far(self.sync(), &self.far.account.id, &other.collection, &ids).await?,
            };
            let Some(link) = links.into_iter().flatten().next() else { continue };
            if link.kind != R::KIND || self.open.contains(&link.id) || link.state == LinkState::Suppressed || link.parked {
                continue;
            }
            let Some(mut linked) = self.load(vec![link]).await?.into_iter().next() else { continue };
            let end: Option<(CollectionId, ItemId)> = match side {
                Side::Left => linked.link.hub_item.clone().map(|i| (linked.link.hub_collection.clone(), i)),
                Side::Right => linked.link.item.clone().map(|i| (linked.link.collection.clone(), i)),
            };
            let free = match &end {
                // A create that was refused has no base; what lost its item has one. What was deleted and is to be made again has
                // one too: of another name, what carries its uid is a user's copy of it.
                None if matches!(linked.link.state, LinkState::Pending | LinkState::Quarantined) => {
                    linked.base.is_some() && same_thing(R::KIND, &self.fields_of(&other)?, &self.fields_of(row)?)
                }
                None => linked.base.is_some(),
                Some((collection, _)) => self.half(side).is_vanished(collection) || self.is_stranger(side, &linked)?,
            };
            if !free {
                continue;
            }
            set_end(&mut linked.link, side, row);
            linked.link.again = true;
            linked.link.version += 1;
            self.commit(vec![StateChange::Link(Box::new(linked.link.clone()))]).await?;
            linked.set(side, row.clone());
            self.plan_merge(linked, Some("it stands under another id".to_owned())).await?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Whether an item's uid belongs to an item of a collection that is gone, or was not read: it
    /// may be that very item.
    pub(crate) async fn is_of_a_missing_collection(&self, side: Side, row: &SeenRow) -> Result<bool> {
        let half = self.half(side);
        let Some(key) = row.keys.iter().find(|k| k.starts_with("uid:")) else { return Ok(false) };
        if half.failed.is_empty() {
            return Ok(false);
        }
        Ok(self.carriers(side, key).await?.iter().any(|other| half.failed.contains_key(&other.collection)))
    }
}

/// Whether a link once had an item at this end, and lost it to another thing.
pub(crate) fn lost_its_item(linked: &Linked, side: Side) -> bool {
    let none = if side == Side::Left { linked.link.hub_item.is_none() } else { linked.link.item.is_none() };
    none && linked.base.is_some() && linked.link.state == LinkState::Live
}

/// The uids of both ends, for the base.
pub(crate) fn note_uid<R: Record>(fields: &mut Fields, of: &Fields) {
    if let Some((field, uid)) = identity::<R>().and_then(|path| of.get_key_value(path)) {
        fields.insert(field.clone(), uid.clone());
    }
}
