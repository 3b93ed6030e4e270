//! What is to be done: goes over everything that changed since it was last worked off, page by
//! page, and writes down one step per pair of items, each with its reason.

use crate::{
    keys,
    matching::Found,
    merge::{self, Interval, Merged, merge},
    pair::Run,
    policy::Direction,
    project::project,
    report::Progress,
    scope,
    step::{Action, Agreed, End, SideWrite, Step},
};
use futures::TryStreamExt;
use pimkit_core::{
    Access, BaseRow, CollectionId, Fields, ItemId, LinkQuery, LinkRole, LinkRow, LinkState, Presence, Record, Result, SeenQuery, SeenRow,
    Side, StateChange, StepRow, Value,
};
use std::collections::{BTreeMap, BTreeSet};

/// A link with what both its ends were seen as.
pub(crate) struct Linked {
    pub(crate) link: LinkRow,
    pub(crate) base: Option<BaseRow>,
    pub(crate) hub: Option<SeenRow>,
    pub(crate) far: Option<SeenRow>,
}

impl Linked {
    pub(crate) fn end(&self, side: Side) -> Option<&SeenRow> {
        match side {
            Side::Left => self.hub.as_ref(),
            Side::Right => self.far.as_ref(),
        }
    }
}

impl<R: Record> Run<R> {
    /// Goes over far items, then hub items, then links that wait.
    pub(crate) async fn plan_all(&mut self) -> Result<()> {
        self.progress(Progress::Stage { stage: "match", of: None });
        self.commit(vec![StateChange::DropSteps(self.run)]).await?;
        let mut progress = BTreeMap::new();
        for side in [Side::Right, Side::Left] {
            let ids: Vec<CollectionId> = self.half(side).collections.iter().map(|c| c.id.clone()).collect();
            for id in ids {
                progress.insert((side, id.clone()), self.worked_off(side, &id).await?);
            }
        }
        for side in [Side::Right, Side::Left] {
            let ids: Vec<CollectionId> = self.half(side).collections.iter().map(|c| c.id.clone()).collect();
            for id in ids {
                let since = progress.get(&(side, id.clone())).copied().unwrap_or(0);
                let mut query = SeenQuery::of(&self.half(side).account.id, R::KIND).within(&id);
                query.changed_after = Some(since);
                let mut rows = self.state().seen_rows(query).try_chunks(self.setup.page_size as usize);
                while let Some(page) = rows.try_next().await.map_err(|e| e.1)? {
                    let seen = page.len() as u64;
                    self.plan_page(side, &id, page, &progress).await?;
                    self.progress(Progress::Items(seen));
                }
            }
        }
        let mut query = LinkQuery::of(self.sync());
        query.again = true;
        let mut links = self.state().links(query).try_chunks(self.setup.page_size as usize);
        while let Some(page) = links.try_next().await.map_err(|e| e.1)? {
            let linked = self.load(page).await?;
            let fresh = linked.into_iter().filter(|l| !self.was_planned(l, &progress, None)).collect();
            self.plan_links(fresh).await?;
            self.flush().await?;
        }
        Ok(())
    }

    /// Up to which run the sightings of a collection are worked off.
    async fn worked_off(&self, side: Side, collection: &CollectionId) -> Result<u64> {
        let row = self.state().progress(self.sync(), &self.stream_key(side, collection)).await?;
        Ok(row.filter(|r| r.under == self.fingerprint()).map_or(0, |r| r.run))
    }

    /// Whether a link was planned already, by way of one of its ends. `but` is the side at work.
    fn was_planned(&self, linked: &Linked, progress: &BTreeMap<(Side, CollectionId), u64>, but: Option<Side>) -> bool {
        [Side::Right, Side::Left].into_iter().filter(|s| Some(*s) != but).any(|side| {
            linked.end(side).is_some_and(|row| progress.get(&(side, row.collection.clone())).is_some_and(|since| row.changed > *since))
        })
    }

    async fn plan_page(
        &mut self,
        side: Side,
        collection: &CollectionId,
        rows: Vec<SeenRow>,
        progress: &BTreeMap<(Side, CollectionId), u64>,
    ) -> Result<()> {
        let ids: Vec<ItemId> = rows.iter().map(|r| r.item.clone()).collect();
        let links = match side {
            Side::Left => self.state().links_of_hub(self.sync(), &ids).await?,
            Side::Right => self.state().links_of_far(self.sync(), &self.far.account.id, collection, &ids).await?,
        };
        let mut dirty = Vec::new();
        let mut fresh = Vec::new();
        for (row, link) in rows.into_iter().zip(links) {
            match link {
                Some(link) => dirty.push(link),
                None if row.presence == Presence::Present && scope::outside(&row).is_none() => fresh.push(row),
                None => {}
            }
        }
        let mut linked = self.load(dirty).await?;
        if side == Side::Left {
            // Those whose far end changed too were planned on the way over the far side.
            linked.retain(|l| !self.was_planned(l, progress, Some(Side::Left)));
        }
        self.plan_links(linked).await?;
        self.plan_fresh(side, fresh).await?;
        self.flush().await
    }

    /// Reads base and both ends of links.
    pub(crate) async fn load(&self, links: Vec<LinkRow>) -> Result<Vec<Linked>> {
        let ids: Vec<String> = links.iter().map(|l| l.id.clone()).collect();
        let bases = self.state().bases(&ids).await?;
        let hub = self.ends(Side::Left, links.iter().map(|l| (&l.hub_collection, l.hub_item.as_ref()))).await?;
        let far = self.ends(Side::Right, links.iter().map(|l| (&l.collection, l.item.as_ref()))).await?;
        Ok(links
            .into_iter()
            .zip(bases)
            .zip(hub.into_iter().zip(far))
            .map(|((link, base), (hub, far))| Linked { link, base, hub, far })
            .collect())
    }

    /// Sightings of ends, one answer per end, in order, asked collection by collection.
    pub(crate) async fn ends(
        &self,
        side: Side,
        ends: impl Iterator<Item = (&CollectionId, Option<&ItemId>)>,
    ) -> Result<Vec<Option<SeenRow>>> {
        let ends: Vec<(CollectionId, Option<ItemId>)> = ends.map(|(c, i)| (c.clone(), i.cloned())).collect();
        let collections: BTreeSet<&CollectionId> = ends.iter().map(|(c, _)| c).collect();
        let mut found: BTreeMap<(CollectionId, ItemId), SeenRow> = BTreeMap::new();
        let account = &self.half(side).account.id;
        for collection in collections {
            let ids: Vec<ItemId> = ends.iter().filter(|(c, _)| c == collection).filter_map(|(_, i)| i.clone()).collect();
            for row in self.state().seen(account, R::KIND, collection, &ids).await?.into_iter().flatten() {
                found.insert((row.collection.clone(), row.item.clone()), row);
            }
        }
        Ok(ends.into_iter().map(|(c, i)| i.and_then(|i| found.get(&(c, i)).cloned())).collect())
    }

    /// Writes down a step.
    pub(crate) async fn push(&mut self, step: Step) -> Result<()> {
        self.steps += 1;
        let body = serde_json::to_value(&step).map_err(|_| crate::pair::damaged("a step"))?;
        let row = StepRow { run: self.run, step: self.steps, sync: self.sync().clone(), body, done: None };
        self.later([StateChange::Step(Box::new(row))]);
        Ok(())
    }

    pub(crate) async fn plan_links(&mut self, links: Vec<Linked>) -> Result<()> {
        let mut suspects = Vec::new();
        for linked in links {
            if self.open.contains(&linked.link.id) {
                continue;
            }
            let blocked = [
                self.hub.failed.contains_key(&linked.link.hub_collection) || self.hub.collection(&linked.link.hub_collection).is_none(),
                self.far.failed.contains_key(&linked.link.collection) || self.far.collection(&linked.link.collection).is_none(),
            ];
            if blocked.contains(&true) {
                self.wait(linked.link, None).await?;
                continue;
            }
            if let Some(linked) = self.plan_link(linked).await? {
                suspects.push(linked);
            }
        }
        self.plan_suspects(suspects).await
    }

    /// Looks at a link again in the next run.
    pub(crate) async fn wait(&mut self, mut link: LinkRow, note: Option<(LinkState, String)>) -> Result<()> {
        let before = link.clone();
        link.again = true;
        if let Some((state, note)) = note {
            link.state = state;
            link.note = Some(note);
        }
        if link != before {
            link.version += 1;
            self.later([StateChange::Link(Box::new(link))]);
        }
        Ok(())
    }

    /// Plans one link. Comes back with it when an end is missing: that has to be looked into first.
    async fn plan_link(&mut self, linked: Linked) -> Result<Option<Linked>> {
        let missing = |row: Option<&SeenRow>| matches!(row.map(|r| &r.presence), Some(Presence::Missing { .. } | Presence::Gone));
        let present = |row: Option<&SeenRow>| matches!(row.map(|r| &r.presence), Some(Presence::Present));
        match linked.link.state {
            LinkState::Suppressed => {
                // One end is gone for good; once the other is too, there is nothing to remember.
                if missing(linked.hub.as_ref()) && missing(linked.far.as_ref()) {
                    return Ok(Some(linked));
                }
                return Ok(None);
            }
            LinkState::Shadowed | LinkState::Archived => return Ok(None),
            _ => {}
        }
        for side in [Side::Left, Side::Right] {
            if let Some(why) = linked.end(side).and_then(scope::outside) {
                let note = format!("the {} item is out of scope: {why}", side.word());
                self.out_of_scope(linked.link, note).await?;
                return Ok(None);
            }
        }
        if missing(linked.hub.as_ref()) || missing(linked.far.as_ref()) {
            return Ok(Some(linked));
        }
        match (present(linked.hub.as_ref()), present(linked.far.as_ref())) {
            (true, true) => self.plan_merge(linked, None).await?,
            (true, false) if linked.link.item.is_none() => self.plan_remake(Side::Right, linked).await?,
            (false, true) if linked.link.hub_item.is_none() => self.plan_remake(Side::Left, linked).await?,
            // Not readable this time: nothing is known, and nothing is done.
            _ => self.wait(linked.link, None).await?,
        }
        Ok(None)
    }

    /// A create that was refused before is planned again.
    async fn plan_remake(&mut self, on: Side, linked: Linked) -> Result<()> {
        let Some(row) = linked.end(on.other()).cloned() else { return Ok(()) };
        let link = linked.link;
        self.plan_create(on, &row, Some(&link), link.generation, "it was not taken the last time".to_owned(), None).await
    }

    pub(crate) async fn out_of_scope(&mut self, mut link: LinkRow, note: String) -> Result<()> {
        if link.state == LinkState::OutOfScope && link.note.as_deref() == Some(&note) && !link.again {
            return Ok(());
        }
        link.state = LinkState::OutOfScope;
        link.note = Some(note);
        link.again = false;
        link.version += 1;
        self.later([StateChange::Link(Box::new(link))]);
        Ok(())
    }

    /// Whether an item of a side may be written.
    pub(crate) fn may_write(&self, side: Side, row: &SeenRow) -> bool {
        let follows = match side {
            Side::Left => self.setup.policy.direction != Direction::ToRight,
            Side::Right => self.setup.policy.direction != Direction::ToLeft,
        };
        follows && row.access == Access::Write && self.half(side).collection(&row.collection).is_some_and(scope::writable)
    }

    /// Merges two items that are both there.
    pub(crate) async fn plan_merge(&mut self, linked: Linked, reason: Option<String>) -> Result<()> {
        let (Some(hub), Some(far)) = (&linked.hub, &linked.far) else { return Ok(()) };
        let Some(map) = self.map(&hub.collection, &far.collection) else { return Ok(()) };
        let (hub_record, far_record) = (self.record_of(hub)?, self.record_of(far)?);
        let (hub_fields, far_fields) = (hub_record.fields(), far_record.fields());
        let reread = linked.link.revision != far.revision;
        let base = linked.base.as_ref();
        let merged = merge(
            &map,
            &self.setup.policy,
            base,
            reread,
            merge::Half { fields: &hub_fields, unread: &hub.unread, change: interval(hub), writable: self.may_write(Side::Left, hub) },
            merge::Half { fields: &far_fields, unread: &far.unread, change: interval(far), writable: self.may_write(Side::Right, far) },
        );
        self.report.conflicts += merged.conflicts;
        if !merged.waiting.is_empty() {
            self.report.held += 1;
        }
        let nothing = merged.hub.is_empty() && merged.far.is_empty() && merged.lost.is_empty();
        let settled = base.is_some() && linked.link.state == LinkState::Live && linked.link.hub_revision == hub.revision && !reread;
        if nothing && merged.agreed.is_empty() && merged.waiting.is_empty() && merged.flipped.is_empty() && settled && !linked.link.again {
            return Ok(());
        }
        if linked.link.state == LinkState::Pending && base.is_none() {
            self.report.linked += 1;
        }
        if merged.keep_both {
            self.plan_copy(&linked, far, &far_fields).await?;
        }
        let step = self.merge_step(&linked, hub, far, &hub_fields, &far_fields, merged, reread, reason);
        self.push(step).await
    }

    #[allow(clippy::too_many_arguments)]
    fn merge_step(
        &self,
        linked: &Linked,
        hub: &SeenRow,
        far: &SeenRow,
        hub_fields: &Fields,
        far_fields: &Fields,
        merged: Merged,
        reread: bool,
        reason: Option<String>,
    ) -> Step {
        let from = |fields: &Fields, now: &Fields| -> Fields {
            now.keys().map(|field| (field.clone(), fields.get(field).cloned().unwrap_or(Value::Null))).collect()
        };
        let write = |changes: &Fields, fields: &Fields| {
            (!changes.is_empty()).then(|| SideWrite::Fields { fields: changes.clone(), from: from(fields, changes) })
        };
        let reason = reason.unwrap_or_else(|| {
            match (merged.hub.is_empty(), merged.far.is_empty()) {
                (true, true) => "both sides say the same",
                (true, false) => "changed on the left",
                (false, true) => "changed on the right",
                (false, false) => "changed on both sides",
            }
            .to_owned()
        });
        Step {
            kind: R::KIND,
            action: if merged.hub.is_empty() && merged.far.is_empty() { Action::Agree } else { Action::Update },
            link: Some(linked.link.id.clone()),
            link_version: linked.link.version,
            hub: End {
                collection: hub.collection.clone(),
                item: Some(hub.item.clone()),
                revision: hub.revision.clone(),
                write: write(&merged.hub, hub_fields),
            },
            far: End {
                collection: far.collection.clone(),
                item: Some(far.item.clone()),
                revision: far.revision.clone(),
                write: write(&merged.far, far_fields),
            },
            reason,
            policy: (merged.conflicts > 0).then(|| format!("conflicts = {}", word(&self.setup.policy.conflicts))),
            agreed: merged.agreed,
            lost: merged.lost,
            conflicts: merged.conflicts,
            evidence: None,
            held: None,
            waiting: merged.waiting,
            reread,
            flipped: merged.flipped,
        }
    }

    /// The far side's version of a conflict becomes a record of its own on the hub.
    async fn plan_copy(&mut self, linked: &Linked, far: &SeenRow, far_fields: &Fields) -> Result<()> {
        // The same conflict makes the same mark, so that a run cut off here does not copy twice.
        let of = ItemId(format!("copy:{}:{:016x}", linked.link.id, far.hash));
        let mark = keys::mint(self.sync(), &of, 1);
        let Some(hub) = &linked.hub else { return Ok(()) };
        let Some(map) = self.map(&hub.collection, &far.collection) else { return Ok(()) };
        let mut record = Fields::new();
        for pair in map.pairs(&[far_fields]) {
            if pair.hub.write
                && !pair.def.identity
                && let Some(value) = project(pair.def, &pair.hub, far_fields.get(&pair.right), None)
            {
                record.insert(pair.left.clone(), value);
            }
        }
        let record = R::default().with(&record)?;
        let step = Step {
            kind: R::KIND,
            action: Action::Create(Side::Left),
            link: None,
            link_version: 0,
            hub: End {
                collection: hub.collection.clone(),
                item: None,
                revision: None,
                write: Some(SideWrite::Create { mark, generation: 1, record: pimkit_core::encode_record(&record)? }),
            },
            far: End { collection: far.collection.clone(), item: None, revision: None, write: None },
            reason: "both sides changed one field: the right one's version becomes a record of its own".to_owned(),
            policy: Some("conflicts = keep_both".to_owned()),
            agreed: Vec::new(),
            lost: Vec::new(),
            conflicts: 0,
            evidence: Some(far.item.to_string()),
            held: None,
            waiting: Vec::new(),
            reread: false,
            flipped: Vec::new(),
        };
        self.push(step).await
    }

    /// Items without a link: their other end is found, or made.
    async fn plan_fresh(&mut self, side: Side, rows: Vec<SeenRow>) -> Result<()> {
        let mut taken: BTreeSet<(CollectionId, ItemId)> = BTreeSet::new();
        let buried = self.buried(&rows).await?;
        let near = self.near(side.other(), &rows).await?;
        for row in rows {
            if self.open.contains(row.item.as_str()) || self.half(side).failed.contains_key(&row.collection) {
                continue;
            }
            let fields = self.record_of(&row)?.fields();
            let is_buried = !buried.is_empty() && keys::hashed(&named(&row)).iter().any(|key| buried.contains(key));
            if is_buried && self.reappeared(side, &row).await? {
                continue;
            }
            match self.find_match(side, &row, &fields, &near, &taken).await? {
                Found::One(other, why) => {
                    taken.insert((other.collection.clone(), other.item.clone()));
                    let (hub, far) = match side {
                        Side::Left => (row, *other),
                        Side::Right => (*other, row),
                    };
                    let link = self.new_link(side, Some(&hub), Some(&far), 1);
                    self.later([StateChange::Link(Box::new(link.clone()))]);
                    self.plan_merge(Linked { link, base: None, hub: Some(hub), far: Some(far) }, Some(format!("recognised by {why}")))
                        .await?;
                }
                Found::Several(n, why) => {
                    let text = format!("{n} items of the other side fit it by {why}; join the right one by hand or make them differ");
                    self.left_over(side, &row.collection, &row.item, &text).await?;
                    self.keep_dirty(row).await?;
                }
                Found::None => self.plan_create(side.other(), &row, None, 1, "it is new".to_owned(), None).await?,
            }
        }
        Ok(())
    }

    /// Looks at an item without a link again in the next run.
    async fn keep_dirty(&mut self, mut row: SeenRow) -> Result<()> {
        row.changed = self.run + 1;
        self.later([StateChange::Seen(Box::new(row))]);
        Ok(())
    }

    /// The keys of every tombstone that one of the items may be kept from coming back by.
    async fn buried(&self, rows: &[SeenRow]) -> Result<BTreeSet<String>> {
        let keys: Vec<String> = rows.iter().flat_map(named).collect();
        if keys.is_empty() {
            return Ok(BTreeSet::new());
        }
        let tombstones = self.state().tombstones(self.sync(), &keys::hashed(&keys)).await?;
        Ok(tombstones.into_iter().flat_map(|tombstone| tombstone.keys).collect())
    }

    /// An item that a standing link had under another id, or that a tombstone keeps from coming back.
    async fn reappeared(&mut self, side: Side, row: &SeenRow) -> Result<bool> {
        for tombstone in self.state().tombstones(self.sync(), &keys::hashed(&named(row))).await? {
            let Some(mut link) = self.state().link(&tombstone.link).await? else { continue };
            if link.state != LinkState::Suppressed || tombstone.side == side {
                continue;
            }
            let end = match side {
                Side::Left => link.hub_item.clone().map(|i| (link.hub_collection.clone(), i)),
                Side::Right => link.item.clone().map(|i| (link.collection.clone(), i)),
            };
            let Some((collection, item)) = end else { continue };
            let old = self.state().seen(&self.half(side).account.id, R::KIND, &collection, &[item]).await?.into_iter().flatten().next();
            if old.is_some_and(|o| matches!(o.presence, Presence::Missing { .. } | Presence::Gone)) {
                set_end(&mut link, side, row);
                link.version += 1;
                self.commit(vec![StateChange::Link(Box::new(link))]).await?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A fresh id. Ids of one run follow each other, so that a store adds their rows at the end of
    /// its indexes and not all over them.
    fn link_id(&mut self) -> String {
        self.links += 1;
        format!("{:010x}-{:08x}", self.run, self.links)
    }

    pub(crate) fn new_link(&mut self, origin: Side, hub: Option<&SeenRow>, far: Option<&SeenRow>, generation: u32) -> LinkRow {
        LinkRow {
            id: self.link_id(),
            sync: self.sync().clone(),
            kind: R::KIND,
            hub_account: self.hub.account.id.clone(),
            hub_collection: hub.map(|r| r.collection.clone()).unwrap_or_default(),
            hub_item: hub.map(|r| r.item.clone()),
            account: self.far.account.id.clone(),
            collection: far.map(|r| r.collection.clone()).unwrap_or_default(),
            item: far.map(|r| r.item.clone()),
            role: LinkRole::Owner,
            origin,
            state: LinkState::Pending,
            generation,
            mark: None,
            hub_revision: None,
            revision: None,
            note: None,
            again: true,
            version: 1,
        }
    }

    /// Where a record that is made on a side goes.
    fn home(&self, on: Side, fields: &Fields) -> Option<CollectionId> {
        let half = self.half(on);
        let open = || half.collections.iter().filter(|c| scope::writable(c));
        if on == Side::Left {
            for home in &self.setup.homes {
                if fields.get(&home.field) == Some(&home.equals)
                    && let Some(found) = open().find(|c| c.id.as_str() == home.collection || c.name == home.collection)
                {
                    return Some(found.id.clone());
                }
            }
        }
        open().next().map(|c| c.id.clone())
    }

    /// Makes the other end of an item.
    pub(crate) async fn plan_create(
        &mut self,
        on: Side,
        row: &SeenRow,
        link: Option<&LinkRow>,
        generation: u32,
        reason: String,
        base: Option<&BaseRow>,
    ) -> Result<()> {
        let follows = match on {
            Side::Left => self.setup.policy.direction != Direction::ToRight,
            Side::Right => self.setup.policy.direction != Direction::ToLeft,
        };
        if !follows {
            return Ok(());
        }
        let fields = self.record_of(row)?.fields();
        let kept = link.map(|l| if on == Side::Left { l.hub_collection.clone() } else { l.collection.clone() });
        let home = kept.filter(|c| self.half(on).collection(c).is_some_and(scope::writable)).or_else(|| self.home(on, &fields));
        let Some(home) = home else {
            let text = "the other side has no collection that may be written; choose one in the config";
            self.left_over(on.other(), &row.collection, &row.item, text).await?;
            return self.keep_dirty(row.clone()).await;
        };
        let (hub_home, far_home) = match on {
            Side::Left => (home.clone(), row.collection.clone()),
            Side::Right => (row.collection.clone(), home.clone()),
        };
        let Some(map) = self.map(&hub_home, &far_home) else { return Ok(()) };
        let empty = Fields::new();
        let before = base.map_or(&empty, |b| if on == Side::Left { &b.hub } else { &b.far });
        let mut record = Fields::new();
        let mut agreed = Vec::new();
        for pair in map.pairs(&[&fields]) {
            let (from, to, def, support) = match on {
                Side::Left => (&pair.right, &pair.left, pair.def, &pair.hub),
                Side::Right => (&pair.left, &pair.right, pair.far_def, &pair.far),
            };
            if row.unread.contains(from) {
                continue;
            }
            let value = fields.get(from).filter(|v| !v.is_null());
            let made = if support.write { project(def, support, value, before.get(to)) } else { None };
            if let Some(made) = &made {
                record.insert(to.clone(), made.clone());
            }
            if value.is_some() {
                let (hub, far) = match on {
                    Side::Left => (made, value.cloned()),
                    Side::Right => (value.cloned(), made),
                };
                agreed.push(Agreed { left: pair.left.clone(), hub, right: pair.right.clone(), far });
            }
        }
        let record = R::default().with(&record)?;
        let mark = keys::mint(self.sync(), &row.item, generation);
        let source = End { collection: row.collection.clone(), item: Some(row.item.clone()), revision: row.revision.clone(), write: None };
        let write = SideWrite::Create { mark, generation, record: pimkit_core::encode_record(&record)? };
        let made = End { collection: home, item: None, revision: None, write: Some(write) };
        let (hub, far) = match on {
            Side::Left => (made, source),
            Side::Right => (source, made),
        };
        let step = Step {
            kind: R::KIND,
            action: Action::Create(on),
            link: link.map(|l| l.id.clone()),
            link_version: link.map_or(0, |l| l.version),
            hub,
            far,
            reason: format!("{reason} on the {}", on.other().word()),
            policy: None,
            agreed,
            lost: Vec::new(),
            conflicts: 0,
            evidence: None,
            held: None,
            waiting: Vec::new(),
            reread: true,
            flipped: Vec::new(),
        };
        self.push(step).await
    }
}

/// The keys that name an item, whatever it says.
fn named(row: &SeenRow) -> Vec<String> {
    row.keys.iter().filter(|key| key.starts_with("uid:") || key.starts_with("mark:")).cloned().collect()
}

/// Gives a link another end.
pub(crate) fn set_end(link: &mut LinkRow, side: Side, row: &SeenRow) {
    match side {
        Side::Left => {
            link.hub_collection = row.collection.clone();
            link.hub_item = Some(row.item.clone());
        }
        Side::Right => {
            link.collection = row.collection.clone();
            link.item = Some(row.item.clone());
        }
    }
}

/// When an item was changed: between two looks, or when its side says, where that lies between.
fn interval(row: &SeenRow) -> Interval {
    match row.modified {
        Some(at) if at <= row.changed_at => Interval { after: Some(at), until: at },
        _ => Interval { after: row.unchanged_at, until: row.changed_at },
    }
}

/// The config word of a policy.
pub(crate) fn word<T: serde::Serialize>(policy: &T) -> String {
    match serde_json::to_value(policy) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}
