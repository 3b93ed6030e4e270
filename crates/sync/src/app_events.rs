//! What the app says of the identity of its records: merges and conversions.
//!
//! They are taken after the hub was read and before anything is matched, for every sync of this hub
//! at once, in one commit with the place where the next ones begin. A record that was merged away or
//! converted is gone from the hub, and nobody deleted it: its link goes on at the record that stands
//! for it. Where that has a link of its own, the far item is shadowed: it stays as it is, is neither
//! written nor taken for new, and when its own user deletes it, the link goes quietly.
//!
//! Events may come twice, late, and of records that were never seen. A record that is there (again)
//! was not merged away, whatever an event says.

use crate::{keys, plan::Linked, run::Run, step::Action};
use pimkit_core::{
    AccountId, App, AppEvent, BaseRow, CollectionId, ErrorKind, Fetched, ItemId, JournalRow, Kind, LinkRow, LinkState, Presence, Record,
    Removal, Result, SeenRow, Side, StateChange, SyncId, cursor::binding,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// How many events are looked up at a time: an app that starts over names everything that it kept.
const CHUNK: usize = 200;

/// One event: these records went, that one stands for them.
struct Passing<'a> {
    kind: Kind,
    to: &'a ItemId,
    from: &'a [ItemId],
    /// A record that went on as another may still be there; one that was merged away is not.
    conversion: bool,
}

impl<'a> Passing<'a> {
    fn of(event: &'a AppEvent) -> Option<Self> {
        match event {
            AppEvent::Merged { kind, winner, losers } => Some(Self { kind: *kind, to: winner, from: losers, conversion: false }),
            AppEvent::Converted { kind, from, to } => Some(Self { kind: *kind, to, from: std::slice::from_ref(from), conversion: true }),
            _ => None,
        }
    }

    fn word(&self) -> &'static str {
        if self.conversion { "converted" } else { "merged" }
    }
}

/// What the events come to, before it is written down.
struct Taken {
    app: Arc<dyn App>,
    account: AccountId,
    syncs: Vec<SyncId>,
    /// The links of the hub records of the events at hand, as the state has them.
    links: BTreeMap<(SyncId, ItemId), LinkRow>,
    /// What the events so far made of the links of hub records.
    moved: BTreeMap<(SyncId, ItemId), Option<LinkRow>>,
    /// Whether records are there, as the app says now.
    there: BTreeMap<(Kind, ItemId), bool>,
    changes: Vec<StateChange>,
}

impl Taken {
    async fn is_there(&mut self, kind: Kind, id: &ItemId) -> Result<bool> {
        let key = (kind, id.clone());
        if let Some(there) = self.there.get(&key) {
            return Ok(*there);
        }
        let there = self.app.facts(kind, std::slice::from_ref(id)).await?.into_iter().flatten().next().is_some();
        self.there.insert(key, there);
        Ok(there)
    }

    fn link(&self, sync: &SyncId, kind: Kind, item: &ItemId) -> Option<LinkRow> {
        let key = (sync.clone(), item.clone());
        let link = match self.moved.get(&key) {
            Some(moved) => moved.clone(),
            None => self.links.get(&key).cloned(),
        };
        link.filter(|l| l.kind == kind && l.hub_account == self.account)
    }

    fn write(&mut self, mut link: LinkRow) {
        link.again = true;
        link.version += 1;
        self.changes.push(StateChange::Link(Box::new(link)));
    }
}

impl<R: Record> Run<R> {
    /// Takes what happened in the app since the last time.
    pub(crate) async fn take_app_events(&mut self) -> Result<()> {
        let Some(app) = self.setup.app.clone() else { return Ok(()) };
        let account = self.hub.account.id.clone();
        let Some(mut row) = self.state().account(&account).await? else { return Ok(()) };
        let told = match app.events(row.app_cursor.as_ref()).await {
            // Everything that is still kept, once more.
            Err(error) if error.kind() == ErrorKind::CursorExpired => app.events(None).await,
            told => told,
        };
        let (events, cursor) = match told {
            Ok(told) => told,
            Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(()),
            // What is missing on the hub may have been merged away: nothing can be told before the app is asked.
            Err(error) => return Err(error.during("app.events")),
        };
        if row.app_cursor.as_ref() == Some(&cursor) && events.is_empty() {
            return Ok(());
        }
        let syncs = self.state().syncs().await?;
        let mut taken =
            Taken { app, account, syncs, links: BTreeMap::new(), moved: BTreeMap::new(), there: BTreeMap::new(), changes: Vec::new() };
        for chunk in events.chunks(CHUNK) {
            let passings: Vec<Passing<'_>> = chunk.iter().filter_map(Passing::of).collect();
            let sighted = self.look_up(&mut taken, &passings).await?;
            for passing in &passings {
                self.pass(&mut taken, passing, &sighted).await?;
            }
            taken.links.clear();
            taken.there.clear();
        }
        row.app_cursor = Some(cursor);
        taken.changes.push(StateChange::Account(row));
        self.commit(taken.changes).await
    }

    /// Reads the links of the records that events are about, and comes back with where they were seen.
    async fn look_up(&self, taken: &mut Taken, passings: &[Passing<'_>]) -> Result<BTreeMap<(Kind, ItemId), SeenRow>> {
        let mut by_kind: BTreeMap<Kind, BTreeSet<ItemId>> = BTreeMap::new();
        for passing in passings {
            by_kind.entry(passing.kind).or_default().extend(passing.from.iter().chain([passing.to]).cloned());
        }
        let mut sighted = BTreeMap::new();
        for (kind, ids) in by_kind {
            let ids: Vec<ItemId> = ids.into_iter().collect();
            for sync in taken.syncs.clone() {
                let links = self.state().links_of_hub(&sync, &ids).await?;
                let found = ids.iter().zip(links).filter_map(|(id, link)| Some(((sync.clone(), id.clone()), link?)));
                taken.links.extend(found);
            }
            for row in self.places_of(kind, &ids).await? {
                sighted.insert((kind, row.item.clone()), row);
            }
        }
        Ok(sighted)
    }

    /// Sightings of hub records, in whatever collection they are; one that is there before one that is not.
    async fn places_of(&self, kind: Kind, ids: &[ItemId]) -> Result<Vec<SeenRow>> {
        let account = &self.hub.account.id;
        let wanted: Vec<String> = ids.iter().map(|id| keys::id_key(binding(&[id.as_str()]))).collect();
        let mut by_collection: BTreeMap<CollectionId, Vec<ItemId>> = BTreeMap::new();
        for (collection, item) in self.state().seen_by_keys(account, kind, &wanted, 16).await?.into_iter().flatten() {
            by_collection.entry(collection).or_default().push(item);
        }
        let mut rows: Vec<SeenRow> = Vec::new();
        for (collection, items) in by_collection {
            rows.extend(self.state().seen(account, kind, &collection, &items).await?.into_iter().flatten());
        }
        rows.retain(|row| ids.contains(&row.item));
        rows.sort_by_key(|row| !is_missing(row));
        Ok(rows)
    }

    async fn pass(&self, taken: &mut Taken, passing: &Passing<'_>, sighted: &BTreeMap<(Kind, ItemId), SeenRow>) -> Result<()> {
        let kind = passing.kind;
        let mut gone = Vec::new();
        for id in passing.from.iter().filter(|id| *id != passing.to) {
            let seen = sighted.get(&(kind, id.clone())).filter(|row| !is_missing(row));
            let linked = taken.syncs.iter().any(|sync| taken.link(sync, kind, id).is_some());
            if seen.is_none() && !linked {
                continue;
            }
            let there = taken.is_there(kind, id).await?;
            if there && !(passing.conversion && taken.is_there(kind, passing.to).await?) {
                continue;
            }
            gone.push((id, there));
            if let (Some(row), false) = (seen, there) {
                // It was read before it went: it is not to be taken for a record without a link.
                let row = SeenRow {
                    presence: Presence::Missing { reason: Removal::Left },
                    changed: self.run,
                    changed_at: self.now(),
                    ..row.clone()
                };
                taken.changes.push(StateChange::Seen(Box::new(row)));
            }
        }
        let place = sighted.get(&(kind, passing.to.clone())).filter(|row| !is_missing(row)).map(|row| row.collection.clone());
        for sync in taken.syncs.clone() {
            let mut stands = match taken.link(&sync, kind, passing.to) {
                Some(link) => Some((self.is_of_use(&link).await?, link)),
                None => None,
            };
            for (id, there) in &gone {
                let Some(link) = taken.link(&sync, kind, id) else { continue };
                let of_use = self.is_of_use(&link).await?;
                match &stands {
                    Some((true, _)) if *there => {}
                    Some((true, _)) => self.shadow(taken, passing, link),
                    _ if of_use => {
                        if let Some((_, useless)) = stands.take() {
                            taken.changes.push(StateChange::DropTombstone { sync: sync.clone(), link: useless.id.clone() });
                            taken.changes.push(StateChange::DropLink(useless.id));
                        }
                        stands = Some((true, self.hand_on(taken, passing, link, place.clone()).await?));
                    }
                    _ => self.shadow(taken, passing, link),
                }
            }
        }
        Ok(())
    }

    /// Whether a link has a far item, or is about to, that can follow another record.
    async fn is_of_use(&self, link: &LinkRow) -> Result<bool> {
        if link.state != LinkState::Suppressed {
            return Ok(true);
        }
        let Some(item) = &link.item else { return Ok(false) };
        let seen = self.state().seen(&link.account, link.kind, &link.collection, std::slice::from_ref(item)).await?;
        Ok(seen.into_iter().flatten().next().is_some_and(|row| !is_missing(&row)))
    }

    /// The far item follows the record that stands for its own from here on. What was agreed stays
    /// agreed, but for the uid, which names another record now.
    async fn hand_on(&self, taken: &mut Taken, passing: &Passing<'_>, link: LinkRow, place: Option<CollectionId>) -> Result<LinkRow> {
        let sync = link.sync.clone();
        let from = link.hub_item.clone().unwrap_or_default();
        let mut moved = LinkRow { hub_item: Some(passing.to.clone()), hub_revision: None, ..link };
        if let Some(place) = place {
            moved.hub_collection = place;
        }
        if moved.state == LinkState::Suppressed {
            // It had been taken for deleted before the app said what became of it.
            moved.state = LinkState::Live;
            moved.note = None;
            taken.changes.push(StateChange::DropTombstone { sync: sync.clone(), link: moved.id.clone() });
        }
        let named = passing.kind.catalogue().fields().iter().find(|f| f.identity);
        let base = self.state().bases(std::slice::from_ref(&moved.id)).await?.into_iter().flatten().next();
        if let (Some(mut base), Some(named)) = (base, named)
            && base.hub.remove(&keys::field(named.path)).is_some()
        {
            taken.changes.push(StateChange::Base(Box::new(BaseRow { link: moved.id.clone(), ..base })));
        }
        let why = format!("its record {from} was {} into {}: that one is followed from here on", passing.word(), passing.to);
        taken.changes.push(self.passed(&moved, "repointed", why));
        taken.moved.insert((sync.clone(), from), None);
        taken.moved.insert((sync, passing.to.clone()), Some(moved.clone()));
        taken.write(moved.clone());
        Ok(moved)
    }

    fn shadow(&self, taken: &mut Taken, passing: &Passing<'_>, link: LinkRow) {
        let from = link.hub_item.clone().unwrap_or_default();
        let note = format!("its record {from} was {} into {}, which has an item of its own here", passing.word(), passing.to);
        taken.moved.insert((link.sync.clone(), from), None);
        let link = LinkRow { hub_item: None, hub_revision: None, state: LinkState::Shadowed, note: Some(note.clone()), ..link };
        taken.changes.push(self.passed(&link, "shadowed", note));
        taken.write(link);
    }

    fn passed(&self, link: &LinkRow, action: &str, why: String) -> StateChange {
        StateChange::Journal(Box::new(JournalRow {
            sync: link.sync.clone(),
            kind: link.kind,
            link: Some(link.id.clone()),
            hub_item: link.hub_item.clone(),
            account: link.account.clone(),
            item: link.item.clone(),
            side: Some(Side::Left),
            ..self.journal_line(action, why)
        }))
    }

    /// A link whose record went to another one: nothing is done with its far item. Comes back with the
    /// link when that is missing and has to be looked into.
    pub(crate) async fn plan_shadowed(&mut self, linked: Linked) -> Result<Option<Linked>> {
        match (&linked.far, &linked.link.item) {
            (Some(row), _) if is_missing(row) => return Ok(Some(linked)),
            // It was never made.
            (None, None) => {
                let step = self.plain_step(&linked, Action::Forget, "its record went to another one, and it has no far item".to_owned());
                self.push(step).await?;
            }
            _ if linked.link.again => {
                let mut link = linked.link;
                link.again = false;
                link.version += 1;
                self.later([StateChange::Link(Box::new(link))]);
            }
            _ => {}
        }
        Ok(None)
    }

    /// Looks for the hub record of a link that no listing has brought where the link says: one that it was
    /// handed on to, or that somebody named. True when nothing more can be done with the link in this run.
    pub(crate) async fn is_still_unseen(&mut self, linked: &mut Linked) -> Result<bool> {
        let Some(item) = linked.link.hub_item.clone() else { return Ok(false) };
        if linked.hub.is_some() && self.hub.collection(&linked.link.hub_collection).is_some() {
            return Ok(false);
        }
        let seen = self.places_of(R::KIND, std::slice::from_ref(&item)).await?;
        let chosen = seen.iter().rev().find(|row| self.hub.collection(&row.collection).is_some());
        let mut place = chosen.or(seen.last()).map(|row| row.collection.clone());
        if place.is_none() {
            let mut sure = true;
            for collection in self.hub.all.iter().map(|c| c.id.clone()).collect::<Vec<_>>() {
                let answer = self.hub.repository.fetch(&collection, std::slice::from_ref(&item)).await;
                match answer.into_iter().next() {
                    Some(Fetched::Gone) => {}
                    Some(Fetched::Failed(_)) | None => sure = false,
                    Some(_) => place = Some(collection),
                }
            }
            if place.is_none() && sure {
                // It went before anybody saw it: an absence like any other.
                let row = self.never_seen(&linked.link, item);
                self.later([StateChange::Seen(Box::new(row.clone()))]);
                linked.set(Side::Left, row);
                return Ok(false);
            }
        }
        if let Some(place) = place.filter(|place| *place != linked.link.hub_collection) {
            linked.link.hub_collection = place;
            linked.link.version += 1;
            self.later([StateChange::Link(Box::new(linked.link.clone()))]);
            let end = (&linked.link.hub_collection, linked.link.hub_item.as_ref());
            linked.hub = self.ends(Side::Left, std::iter::once(end)).await?.into_iter().next().flatten();
        }
        Ok(linked.hub.is_none() && self.hub.collection(&linked.link.hub_collection).is_some())
    }

    /// Why the hub record of a link is out of scope: it is in a collection that was not chosen, and nothing else is wrong.
    pub(crate) fn is_in_an_unchosen_collection(&self, link: &LinkRow) -> Option<String> {
        let id = &link.hub_collection;
        if link.hub_item.is_none() || self.hub.collection(id).is_some() || self.hub.failed.contains_key(id) {
            return None;
        }
        let name = &self.hub.all.iter().find(|c| c.id == *id)?.name;
        Some(format!("the left record is in the collection {name}, which this sync does not read"))
    }

    fn never_seen(&self, link: &LinkRow, item: ItemId) -> SeenRow {
        SeenRow {
            account: self.hub.account.id.clone(),
            kind: R::KIND,
            collection: link.hub_collection.clone(),
            keys: vec![keys::id_key(binding(&[item.as_str()]))],
            item,
            revision: None,
            hash: 0,
            record: None,
            unread: Vec::new(),
            access: pimkit_core::Access::Write,
            mark: None,
            modified: None,
            epoch: 0,
            presence: Presence::Missing { reason: Removal::Unknown },
            changed: self.run,
            unchanged_at: None,
            changed_at: self.now(),
            superseded: Vec::new(),
            deleted_by: None,
        }
    }
}

fn is_missing(row: &SeenRow) -> bool {
    matches!(row.presence, Presence::Missing { .. } | Presence::Gone)
}
