//! What is to be done: goes over everything that changed since it was last worked off, page by
//! page, and writes down one step per pair of items, each with its reason.

use crate::{
    joined::{agree_with_copy, keep_what_a_copy_said},
    merge::{self, Merged, merge},
    report::Progress,
    run::Run,
    scope::{self, Scoped},
    stamp::far_times,
    step::{Action, End, SideWrite, Step},
    stranger::lost_its_item,
};
use futures::TryStreamExt;
use pimkit_core::{
    Access, BaseRow, CollectionId, Fetched, Fields, ItemId, Json, LinkQuery, LinkRow, LinkState, Presence, Record, Result, SeenQuery,
    SeenRow, Side, StateChange, StepRow, Value,
};
use std::collections::BTreeMap;

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

    pub(crate) fn set(&mut self, side: Side, row: SeenRow) {
        match side {
            Side::Left => self.hub = Some(row),
            Side::Right => self.far = Some(row),
        }
    }
}

impl<R: Record> Run<R> {
    /// Goes over the links of all items that changed and over those that wait, and only then over
    /// items without a link: by then an item that moved or was renamed has its link.
    pub(crate) async fn plan_all(&mut self) -> Result<()> {
        self.progress(Progress::Stage { stage: "match", of: None });
        let mut stale: Vec<StateChange> = self.unfinished.iter().map(|run| StateChange::DropSteps(*run)).collect();
        stale.push(StateChange::DropSteps(self.run));
        self.commit(stale).await?;
        let mut progress = BTreeMap::new();
        for side in [Side::Right, Side::Left] {
            let ids: Vec<CollectionId> = self.half(side).collections.iter().map(|c| c.id.clone()).collect();
            for id in ids {
                progress.insert((side, id.clone()), self.worked_off(side, &id).await?);
            }
        }
        if self.state().count_links(LinkQuery::of(self.sync())).await? > 0 {
            self.sweep_scope().await?;
            self.plan_changed(&progress, true).await?;
            let mut query = LinkQuery::of(self.sync());
            query.again = true;
            let mut links = self.state().links(query).try_chunks(self.setup.page_size as usize);
            while let Some(page) = links.try_next().await.map_err(|e| e.1)? {
                self.forget_facts();
                let linked = self.load(page).await?;
                let waiting =
                    linked.into_iter().filter(|l| !self.was_planned(l, &progress, None) && !self.repointed.contains(&l.link.id)).collect();
                self.plan_links(waiting).await?;
                self.flush().await?;
            }
        }
        self.plan_changed(&progress, false).await?;
        self.release_gone().await?;
        self.tell_resting();
        Ok(())
    }

    /// Goes over what was seen changed, side by side and page by page: the links of it, or what has none.
    async fn plan_changed(&mut self, progress: &BTreeMap<(Side, CollectionId), u64>, with_link: bool) -> Result<()> {
        for side in [Side::Right, Side::Left] {
            let ids: Vec<CollectionId> = self.half(side).collections.iter().map(|c| c.id.clone()).collect();
            for id in ids {
                let since = progress.get(&(side, id.clone())).copied().unwrap_or(0);
                let mut query = SeenQuery::of(&self.half(side).account.id, R::KIND).within(&id);
                // What the app knows of a record changes without the record: each one without a link is asked for anew.
                let all = !with_link && side == Side::Left && self.setup.policy.asks_the_app();
                query.changed_after = (!all).then_some(since);
                let mut rows = self.state().seen_rows(query).try_chunks(self.setup.page_size as usize);
                while let Some(page) = rows.try_next().await.map_err(|e| e.1)? {
                    let seen = page.len() as u64;
                    self.plan_page(side, &id, page, progress, with_link).await?;
                    if !with_link {
                        self.progress(Progress::Items(seen));
                    }
                }
            }
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
        with_link: bool,
    ) -> Result<()> {
        self.forget_facts();
        let ids: Vec<ItemId> = rows.iter().map(|r| r.item.clone()).collect();
        let links = match side {
            Side::Left => self.state().links_of_hub(self.sync(), &ids).await?,
            Side::Right => self.state().links_of_far(self.sync(), &self.far.account.id, collection, &ids).await?,
        };
        if with_link {
            let links = links.into_iter().flatten().filter(|link| !self.repointed.contains(&link.id)).collect();
            let mut linked = self.load(links).await?;
            if side == Side::Left {
                // Those whose far end changed too were planned on the way over the far side.
                linked.retain(|l| !self.was_planned(l, progress, Some(Side::Left)));
            }
            self.plan_links(linked).await?;
        } else {
            let here = |row: &SeenRow| row.presence == Presence::Present && scope::outside(row).is_none();
            let fresh = rows.into_iter().zip(links).filter(|(row, link)| link.is_none() && here(row)).map(|(row, _)| row).collect();
            let fresh = self.in_scope(side, fresh).await?;
            self.plan_fresh(side, fresh).await?;
        }
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
        let mut found = Vec::new();
        let mut asked: BTreeMap<CollectionId, (Vec<usize>, Vec<ItemId>)> = BTreeMap::new();
        for (place, (collection, item)) in ends.enumerate() {
            found.push(None);
            if let Some(item) = item {
                let (places, items) = asked.entry(collection.clone()).or_default();
                places.push(place);
                items.push(item.clone());
            }
        }
        for (collection, (places, items)) in asked {
            let rows = self.state().seen(&self.half(side).account.id, R::KIND, &collection, &items).await?;
            for (place, row) in places.into_iter().zip(rows) {
                if let Some(found) = found.get_mut(place) {
                    *found = row;
                }
            }
        }
        Ok(found)
    }

    /// Writes down a step.
    pub(crate) async fn push(&mut self, step: Step) -> Result<()> {
        self.steps += 1;
        self.push_at(self.steps, step).await
    }

    /// Writes down a step at this place of the plan.
    pub(crate) async fn push_at(&mut self, number: u64, step: Step) -> Result<()> {
        self.count(&step);
        let body = Json::of(&step)?;
        let row = StepRow { run: self.run, step: number, sync: self.sync().clone(), body, done: None };
        self.later([StateChange::Step(Box::new(row))]);
        Ok(())
    }

    pub(crate) async fn plan_links(&mut self, links: Vec<Linked>) -> Result<()> {
        let mut suspects = Vec::new();
        let links = links.into_iter().filter(|linked| !linked.link.parked).collect();
        let links = self.read_again(links).await?;
        self.ask(links.iter().filter_map(|linked| linked.link.hub_item.as_ref())).await?;
        for mut linked in self.part_from_strangers(links).await? {
            if self.open.contains(&linked.link.id) {
                continue;
            }
            if self.is_still_unseen(&mut linked).await? {
                self.wait(linked.link, None).await?;
                continue;
            }
            if let Some(why) = self.is_in_an_unchosen_collection(&linked.link) {
                self.out_of_scope(linked.link, why).await?;
                continue;
            }
            let blocked = [
                self.hub.failed.contains_key(&linked.link.hub_collection) || self.hub.collection(&linked.link.hub_collection).is_none(),
                self.far.failed.contains_key(&linked.link.collection) || self.far.collection(&linked.link.collection).is_none(),
            ];
            // What was asked for and not told: what is known of it is out of date, and an edit or a deletion decided by that one
            // would be decided without its user.
            if blocked.contains(&true) || self.was_not_read(&linked) {
                self.wait(linked.link, None).await?;
                continue;
            }
            if let Some(linked) = self.plan_link(linked).await? {
                suspects.push(linked);
            }
        }
        self.plan_suspects(suspects).await
    }

    /// Whether this run asked for an end of a link and was not told what it says now.
    fn was_not_read(&self, linked: &Linked) -> bool {
        let not_read = |side: Side, row: &SeenRow| self.not_read.contains(&(side, row.collection.clone(), row.item.clone()));
        [Side::Left, Side::Right].into_iter().any(|side| linked.end(side).is_some_and(|row| not_read(side, row)))
    }

    /// Where an edit waits for a field that could not be read, the item is read once more: a listing
    /// that names only changes would never bring it.
    async fn read_again(&mut self, mut links: Vec<Linked>) -> Result<Vec<Linked>> {
        for side in [Side::Left, Side::Right] {
            let mut by_collection: BTreeMap<CollectionId, Vec<(usize, SeenRow)>> = BTreeMap::new();
            for (n, linked) in links.iter().enumerate() {
                if let (LinkState::Held, true, Some(row)) = (linked.link.state, linked.link.again, linked.end(side))
                    && row.presence == Presence::Present
                    && !row.unread.is_empty()
                    && row.changed != self.run
                {
                    by_collection.entry(row.collection.clone()).or_default().push((n, row.clone()));
                }
            }
            for (collection, rows) in by_collection {
                let ids: Vec<ItemId> = rows.iter().map(|(_, row)| row.item.clone()).collect();
                let answers = self.half(side).repository.clone().fetch(&collection, &ids).await;
                for ((n, row), answer) in rows.into_iter().zip(answers) {
                    if let Fetched::Found(stored) = answer {
                        let row = self.observed(side, row.epoch, Some(&row), *stored).await?;
                        self.later([StateChange::Seen(Box::new(row.clone()))]);
                        if let Some(linked) = links.get_mut(n) {
                            linked.set(side, row);
                        }
                    }
                }
            }
        }
        Ok(links)
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
        match linked.link.state {
            LinkState::Suppressed => match (missing(linked.hub.as_ref()), missing(linked.far.as_ref())) {
                // One end is gone for good; once the other is too, there is nothing to remember.
                (true, true) => return Ok(Some(linked)),
                // It is back: somebody took it out of the bin, or it never was gone.
                (false, false) if present(linked.hub.as_ref()) && present(linked.far.as_ref()) => {}
                _ => return Ok(None),
            },
            LinkState::Shadowed => return self.plan_shadowed(linked).await,
            LinkState::Archived => return Ok(None),
            _ => {}
        }
        if self.rests(&linked) {
            self.wait(linked.link, None).await?;
            return Ok(None);
        }
        if let Some(linked) = self.stay_outside(linked).await? {
            return self.plan_inside(linked).await;
        }
        Ok(None)
    }

    /// Leaves a link alone that is out of scope, or of which that cannot be told. Comes back with one that is inside.
    async fn stay_outside(&mut self, linked: Linked) -> Result<Option<Linked>> {
        match self.scoped(&linked).await? {
            Scoped::Inside => return Ok(Some(linked)),
            Scoped::Outside(why) => {
                let link = self.follow_moved(linked).await?;
                self.out_of_scope(link, why).await?;
            }
            Scoped::Unknown => {
                let link = self.follow_moved(linked).await?;
                self.wait(link, None).await?;
            }
        }
        Ok(None)
    }

    async fn plan_inside(&mut self, linked: Linked) -> Result<Option<Linked>> {
        if missing(linked.hub.as_ref()) || missing(linked.far.as_ref()) {
            return Ok(Some(linked));
        }
        match (present(linked.hub.as_ref()), present(linked.far.as_ref())) {
            (true, true) => self.plan_merge(linked, None).await?,
            (true, false) if lost_its_item(&linked, Side::Right) => self.plan_lost(Side::Right, linked).await?,
            (false, true) if lost_its_item(&linked, Side::Left) => self.plan_lost(Side::Left, linked).await?,
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
        // What was to be made and was not is wanted by nobody any more.
        match (&link.hub_item, &link.item) {
            (Some(item), None) => self.release(Side::Left, &link.hub_collection, item),
            (None, Some(item)) => self.release(Side::Right, &link.collection, item),
            _ => {}
        }
        if link.state == LinkState::OutOfScope && link.note.as_deref() == Some(&note) && !link.again {
            return Ok(());
        }
        if link.state != LinkState::OutOfScope {
            let row = self.journal_link(&link, "out_of_scope", None, note.clone());
            self.later([row]);
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
        self.setup.policy.writes(side)
            && row.access == Access::Write
            && self.is_editable(side, &row.item)
            && self.half(side).collection(&row.collection).is_some_and(scope::writable)
    }

    /// Merges two items that are both there.
    pub(crate) async fn plan_merge(&mut self, linked: Linked, mut reason: Option<String>) -> Result<()> {
        self.ask(linked.hub.iter().map(|hub| &hub.item)).await?;
        let Some(mut linked) = self.stay_outside(linked).await? else { return Ok(()) };
        self.ask_for_untold(&mut linked).await?;
        self.note_rolled_back(&linked);
        let fields = |row: Option<&SeenRow>| row.map(|row| self.fields_of(row)).transpose();
        let (Some(hub_fields), Some(far_fields)) = (fields(linked.hub.as_ref())?, fields(linked.far.as_ref())?) else { return Ok(()) };
        self.decide_role(&mut linked, &far_fields);
        let (Some(hub), Some(far)) = (&linked.hub, &linked.far) else { return Ok(()) };
        let Some(whole) = self.map(&hub.collection, &far.collection) else { return Ok(()) };
        let terms = self.terms(&linked, &hub_fields, &far_fields).await?;
        let map = terms.map(&whole);
        let reread = linked.link.revision != far.revision;
        let plain = self.plain(&linked, &hub_fields, &far_fields);
        let (hub_seen, far_seen) = plain.as_ref().map_or((&hub_fields, &far_fields), |plain| (&plain.hub, &plain.far));
        let base = plain.as_ref().map_or(linked.base.as_ref(), |plain| plain.base.as_ref()).map(|base| terms.base(&whole, base));
        let (hub_view, far_view) = (terms.view(Side::Left, &whole, hub_seen), terms.view(Side::Right, &whole, far_seen));
        let put_back = self.base_of_put_back(&linked, base.as_ref(), &map, &hub_view, &far_view);
        let spoken = self.base_of_copy(&linked, &terms, &map).await?;
        let joins = spoken.is_some();
        let base = put_back.or(base).or(spoken);
        let (hub_times, far_times) = (self.hub_times(hub).await?, far_times(far));
        let mut merged = merge(
            &map,
            &self.policy_of(&linked.link),
            base.as_ref(),
            reread,
            merge::Half {
                fields: &hub_view,
                unread: &hub.unread,
                times: &hub_times,
                writable: self.may_write(Side::Left, hub),
                leads: terms.organiser == Some(Side::Left),
            },
            merge::Half {
                fields: &far_view,
                unread: &self.unread_of(Side::Right, far),
                times: &far_times,
                writable: self.may_write(Side::Right, far),
                leads: terms.organiser == Some(Side::Right),
            },
        );
        if joins {
            keep_what_a_copy_said(&hub_fields, &mut merged);
            agree_with_copy(&map, base.as_ref(), &hub_view, &far_view, &mut merged);
        }
        terms.settle(&whole, &hub_fields, &far_fields, &mut merged);
        if let Some(plain) = &plain
            && self.tag(plain, (hub, &hub_fields), (far, &far_fields), &mut merged)
        {
            reason.get_or_insert_with(|| "its categories follow what the app knows".to_owned());
        }
        self.keep_losers(&map, hub, &hub_fields, &mut merged);
        self.report.conflicts += merged.conflicts;
        for field in &merged.given_up {
            self.note(format!("{field} keeps coming back on the right as it was before it was written; it is left as it is on both sides"));
        }
        let settled =
            base.is_some() && !joins && linked.link.state == LinkState::Live && linked.link.hub_revision == hub.revision && !reread;
        let remark = self.mark_for_copy(&linked).await?;
        if merged.does_nothing() && merged.waiting.is_empty() && settled && !linked.link.again && remark.is_none() {
            return Ok(());
        }
        if !merged.waiting.is_empty() {
            self.report.held += 1;
            // Told in every run, and written down once.
            let known = linked.link.state == LinkState::Held && linked.link.note == Some(merged.waiting.join("; "));
            if known && merged.does_nothing() {
                return self.wait(linked.link, None).await;
            }
        }
        if linked.link.state == LinkState::Pending && (base.is_none() || joins) {
            self.report.linked += 1;
        }
        if merged.keep_both {
            self.plan_copy(&linked, far, far_seen).await?;
        }
        let mut step = self.merge_step(&linked, hub, far, &hub_fields, &far_fields, merged, reread, reason);
        if let Some(mark) = remark {
            step.give_mark(mark);
        }
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
                _ if merged.restored => "an edit on the side that only follows is put back",
                (true, true) if !merged.given_up.is_empty() => "what was written keeps coming back as it was: it is left alone",
                (true, true) if !merged.waiting.is_empty() => "both sides stay as they are",
                (true, true) => "both sides say the same",
                (true, false) => "changed on the left",
                (false, true) => "changed on the right",
                (false, false) => "changed on both sides",
            }
            .to_owned()
        });
        let end = |row: &SeenRow, write: Option<SideWrite>| End {
            collection: row.collection.clone(),
            item: Some(row.item.clone()),
            revision: row.revision.clone(),
            write,
        };
        let action = if merged.hub.is_empty() && merged.far.is_empty() { Action::Agree } else { Action::Update };
        let link = (linked.link.id.clone(), linked.link.version);
        let (hub, far) = (end(hub, write(&merged.hub, hub_fields)), end(far, write(&merged.far, far_fields)));
        Step {
            policy: (merged.conflicts > 0)
                .then(|| self.word_of_conflicts(&linked.link))
                .or_else(|| merged.restored.then(|| "drift = restore".to_owned())),
            agreed: merged.agreed,
            lost: merged.lost,
            conflicts: merged.conflicts,
            waiting: merged.waiting,
            undecided: merged.undecided,
            reread,
            flipped: merged.flipped,
            ..Step::new(R::KIND, action, Some(link), hub, far, reason)
        }
    }
}

pub(crate) fn missing(row: Option<&SeenRow>) -> bool {
    matches!(row.map(|r| &r.presence), Some(Presence::Missing { .. } | Presence::Gone))
}

pub(crate) fn present(row: Option<&SeenRow>) -> bool {
    matches!(row.map(|r| &r.presence), Some(Presence::Present))
}

/// The config word of a policy.
pub(crate) fn word<T: serde::Serialize>(policy: &T) -> String {
    match serde_json::to_value(policy) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}
