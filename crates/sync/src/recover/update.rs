//! What became of updates whose answer was lost: the item is fetched, and what it is now says how far the write came.

use super::found_outcome;
use crate::{
    keys,
    pair::damaged,
    project::{elements, from_elements, part_of},
    record::{UNNAMED, arrived, put},
    run::Run,
    step::Step,
    stranger::same_thing,
};
use futures::TryStreamExt;
use jiff::SignedDuration;
use pimkit_core::{
    BaseRow, Difference, Fetched, Field, FieldDef, Fields, IntentRow, ItemId, Outcome, Presence, Record, Result, SeenQuery, SeenRow, Side,
    StateChange, Stored, Value, Write,
};

impl<R: Record> Run<R> {
    pub(super) async fn recover_update(&mut self, intent: &IntentRow) -> Result<bool> {
        let Some(item) = &intent.item else { return Ok(false) };
        let repository = self.half(intent.side).repository.clone();
        match repository.fetch(&intent.collection, std::slice::from_ref(item)).await.into_iter().next() {
            Some(Fetched::Found(stored)) => {
                let known = self.sighted(intent, Some(item)).await?;
                let stored = self.digested(intent.side, known.as_ref(), *stored).await?;
                self.updated(intent, stored).await
            }
            Some(Fetched::Gone) => {
                // Deleted, or the write itself gave it another id: the sides are read first.
                self.to_find.insert(intent.id.clone());
                Ok(false)
            }
            _ => Ok(false),
        }
    }

    /// What was written to is gone, or could not be asked for, and the sides were read: it stands there under another id, or it is an absence like any other.
    /// Where it does not show yet, it may as long as the settle time lasts, or the collection was not `read`.
    pub(super) async fn recover_rekeyed(&mut self, intent: &IntentRow, read: bool) -> Result<bool> {
        let known = self.sighted(intent, intent.item.as_ref()).await?;
        if known.as_ref().is_some_and(|row| row.presence == Presence::Present) && !self.to_find.contains(&intent.id) {
            return Ok(false);
        }
        if let Some(row) = self.rekeyed(intent, known.as_ref()).await? {
            let stored = self.stored_as(&row)?;
            return self.updated(intent, stored).await;
        }
        // Only a fetch by its id says that it is gone.
        if !self.to_find.contains(&intent.id) || self.has_unread_since(intent.side, &intent.collection, intent.at).await? {
            return Ok(false);
        }
        let shown = intent.at.checked_add(SignedDuration::try_from(self.setup.policy.settle()).unwrap_or_default()).unwrap_or(intent.at);
        if !read || self.now() < shown.max(intent.settles) {
            return Ok(false);
        }
        // One listing may have come short.
        if !self.listed_again.contains(&(intent.side, intent.collection.clone())) {
            if !self.may_list_again {
                return Ok(false);
            }
            let read = self.list_again(intent.side, &intent.collection).await?;
            return Box::pin(self.recover_rekeyed(intent, read)).await;
        }
        // Whether it arrived nobody will know: what it wrote over is kept.
        if let Some(mut task) = self.task(intent).await? {
            self.journal_lost(&mut task, intent.side);
        }
        let mut changes = vec![StateChange::Settled(intent.id.clone())];
        changes.extend(known.map(|row| {
            let presence = Presence::Missing { reason: pimkit_core::Removal::Unknown };
            StateChange::Seen(Box::new(SeenRow { presence, changed: self.run, ..row }))
        }));
        changes.extend(self.plan_again(intent).await?);
        self.commit(changes).await?;
        Ok(true)
    }

    /// What is known of an item of the collection that an intent speaks of.
    pub(super) async fn sighted(&self, intent: &IntentRow, item: Option<&ItemId>) -> Result<Option<SeenRow>> {
        let account = &self.half(intent.side).account.id;
        let items = item.map_or(&[][..], std::slice::from_ref);
        Ok(self.state().seen(account, R::KIND, &intent.collection, items).await?.into_iter().flatten().next())
    }

    /// The item that a write may have made of another: it has its uid, its mark, or just what was written, no link of
    /// its own, and no other name. What says all that was written comes first.
    async fn rekeyed(&self, intent: &IntentRow, known: Option<&SeenRow>) -> Result<Option<SeenRow>> {
        let Some(target) = intent.target.as_deref() else { return Ok(None) };
        let target: R = pimkit_core::decode_record(target)?;
        let fields = target.fields();
        let names = known.map_or(&[][..], |row| &row.keys).iter().filter(|k| k.starts_with("uid:") || k.starts_with("mark:"));
        let mut asked: Vec<String> = names.cloned().collect();
        asked.push(keys::hash_key(keys::hash(&fields)));
        let mut first = None;
        for (collection, item) in self.unlinked(intent.side, &asked, 4, intent.link.as_deref()).await?.into_values().flatten() {
            if collection != intent.collection || Some(&item) == intent.item.as_ref() {
                continue;
            }
            let Some(row) = self.sighted(intent, Some(&item)).await?.filter(|r| r.presence == Presence::Present) else { continue };
            let now = self.record_of(&row)?;
            if !same_thing(R::KIND, &fields, &now.fields()) {
                continue;
            }
            if self.is_done(intent, &now)? {
                return Ok(Some(row));
            }
            first.get_or_insert(row);
        }
        if first.is_none() && target.uid().is_none() {
            first = self.rekeyed_and_edited(intent, &target).await?;
        }
        Ok(first)
    }

    /// Of what has no uid, the one item that a write gave another id and that its user has edited already: it came since
    /// the write, has no link, is called the same, and where something was written it is not just as it was before.
    async fn rekeyed_and_edited(&self, intent: &IntentRow, target: &R) -> Result<Option<SeenRow>> {
        let Some(before) = intent.before.as_deref() else { return Ok(None) };
        let written = pimkit_core::diff(&pimkit_core::decode_record::<R>(before)?, target);
        let mut query = SeenQuery::of(&self.half(intent.side).account.id, R::KIND).within(&intent.collection);
        query.changed_after = Some(intent.run.saturating_sub(1));
        let mut rows = self.state().seen_rows(query);
        let mut found = None;
        while let Some(row) = rows.try_next().await?.filter(|_| !written.is_empty()) {
            let came = row.presence == Presence::Present && self.came_since(intent, &row);
            if !came || Some(&row.item) == intent.item.as_ref() {
                continue;
            }
            let (now, was) = (self.fields_of(&row)?, target.fields());
            let untouched =
                |d: &Difference| R::catalogue().field(d.field.as_str()).is_some_and(|f| f.same(now.get(&d.field), d.from.as_ref()));
            let named = row.keys.iter().any(|key| key.starts_with("uid:"));
            if named || !same_thing(R::KIND, &was, &now) || written.iter().all(untouched) || self.is_anothers(intent, &row.item).await? {
                continue;
            }
            // Of several nobody can tell which.
            if found.replace(row).is_some() {
                return Ok(None);
            }
        }
        Ok(found)
    }

    /// The link of an intent is planned anew.
    async fn plan_again(&self, intent: &IntentRow) -> Result<Option<StateChange>> {
        let Some(id) = &intent.link else { return Ok(None) };
        Ok(self.state().link(id).await?.map(|mut link| {
            link.again = true;
            StateChange::Link(Box::new(link))
        }))
    }

    /// This is what the item is now: the write has arrived, in whole, in part, or not at all.
    async fn updated(&mut self, intent: &IntentRow, stored: Stored<R>) -> Result<bool> {
        // What it keeps back may be what we wrote, or not: the outcome stays open.
        if Self::keeps_back_written(intent, &stored)? {
            return Ok(false);
        }
        if self.is_done(intent, &stored.record)? {
            return self.finish_intent(intent, found_outcome(stored)).await;
        }
        if self.may_repeat(intent, &stored)? {
            let outcome = self.repeat(intent).await?;
            return self.finish_intent(intent, outcome).await;
        }
        let known = match self.sighted(intent, Some(&stored.id)).await? {
            Some(row) => Some(row),
            None => self.sighted(intent, intent.item.as_ref()).await?,
        };
        let epoch = known.as_ref().map_or(0, |k| k.epoch);
        let now = stored.record.fields();
        let (partly, revision) = (!stored.unread.is_empty(), stored.revision.clone());
        let mut changes = vec![StateChange::Settled(intent.id.clone())];
        let followed = self.follow_id(intent, &stored).await?;
        let mut row = self.observed(intent.side, epoch, known.as_ref(), stored).await?;
        row.changed = self.run;
        if partly {
            row.epoch = UNNAMED;
        }
        if let Some(known) = &known
            && Self::is_only_ours(intent, &self.fields_of(known)?, &now)?
        {
            row.modified = known.modified;
        }
        if followed.is_empty() {
            changes.extend(self.plan_again(intent).await?);
        }
        changes.extend(followed);
        changes.push(StateChange::Seen(Box::new(row)));
        if let Some(link) = &intent.link {
            // Somebody saw it as we wrote it, and what it says since was written over that.
            let came = self.had_come(intent, known.as_ref())?;
            changes.extend(self.half_done(intent, link, came.as_ref().unwrap_or(&now)).await?);
        }
        if let Some(mut task) = self.task(intent).await? {
            // Lost is what is not there any more. Whoever wrote over it since may have done so before our write, or after it.
            let before = match intent.before.as_deref() {
                Some(bytes) => pimkit_core::decode_record::<R>(bytes)?.fields(),
                None => Fields::new(),
            };
            // Where nothing stops it, the write of a process believed dead may come yet.
            let stopped = self.is_conditional(intent.side, &intent.collection) && intent.revision.as_ref() != Some(&revision);
            let kept =
                |field: &Field| stopped && R::catalogue().field(field.as_str()).is_some_and(|d| d.same(now.get(field), before.get(field)));
            task.step.lost.retain(|change| !kept(&change.field));
            self.journal_lost(&mut task, intent.side);
        }
        self.commit(changes).await?;
        Ok(true)
    }

    /// Whether an item is just as it was when a write to it left, on a side that takes a write for one revision only: then
    /// the write is sent again. Whoever may still be about to send it, believed dead, comes too late.
    fn may_repeat(&self, intent: &IntentRow, stored: &Stored<R>) -> Result<bool> {
        let Some(before) = intent.before.as_deref() else { return Ok(false) };
        let before: R = pimkit_core::decode_record(before)?;
        let untouched = intent.revision.as_ref() == Some(&stored.revision) && pimkit_core::diff(&before, &stored.record).is_empty();
        Ok(untouched && self.is_conditional(intent.side, &intent.collection) && stored.unread.is_empty() && is_alone(intent)?)
    }

    /// Sends the write of an intent again.
    async fn repeat(&self, intent: &IntentRow) -> Result<Outcome<R>> {
        let (Some(before), Some(target), Some(id)) = (intent.before.as_deref(), intent.target.as_deref(), &intent.item) else {
            return Err(damaged("an intent"));
        };
        let write = Write::Update {
            id: id.clone(),
            revision: intent.revision.clone().unwrap_or_default(),
            base: Box::new(pimkit_core::decode_record(before)?),
            target: Box::new(pimkit_core::decode_record(target)?),
            mark: intent.mark.clone(),
        };
        let blobs = self.blobs_of(intent).await?;
        let outcomes = self.send(intent.side, &intent.collection, vec![write], intent.side.other(), blobs).await;
        Ok(outcomes.into_iter().next().unwrap_or_else(|| Outcome::Unknown(damaged("an answer"))))
    }

    /// What other syncs have agreed on of the hub record of an intent.
    async fn agreed_elsewhere(&self, intent: &IntentRow) -> Result<Vec<Fields>> {
        let (Side::Left, Some(item), Some(id)) = (intent.side, &intent.item, &intent.link) else { return Ok(Vec::new()) };
        if self.state().link(id).await?.is_none() {
            return Ok(Vec::new());
        }
        let others: Vec<String> = self.links_elsewhere(item).await?.into_iter().map(|other| other.id).collect();
        Ok(self.state().bases(&others).await?.into_iter().flatten().map(|base| base.hub).collect())
    }

    /// A write gave the item another id, and was not read back: the link follows it there.
    async fn follow_id(&self, intent: &IntentRow, stored: &Stored<R>) -> Result<Vec<StateChange>> {
        let link = match &intent.link {
            Some(id) => self.state().link(id).await?,
            None => None,
        };
        let Some(mut link) = link else { return Ok(Vec::new()) };
        let (account, end) = match intent.side {
            Side::Left => (link.hub_account.clone(), &mut link.hub_item),
            Side::Right => (link.account.clone(), &mut link.item),
        };
        let Some(old) = end.replace(stored.id.clone()).filter(|old| *old != stored.id) else { return Ok(Vec::new()) };
        link.again = true;
        link.version += 1;
        let mut changes = vec![StateChange::Link(Box::new(link))];
        // Links of other syncs may still lead to a hub record that was.
        if intent.side == Side::Right {
            changes.push(StateChange::DropSeen { account, kind: R::KIND, collection: intent.collection.clone(), item: old });
        }
        Ok(changes)
    }

    /// What a write was to make of an item that is known to have said just that.
    fn had_come(&self, intent: &IntentRow, known: Option<&SeenRow>) -> Result<Option<Fields>> {
        let (Some(before), Some(target), Some(known)) = (intent.before.as_deref(), intent.target.as_deref(), known) else {
            return Ok(None);
        };
        let target = pimkit_core::decode_record_fields::<R>(target)?;
        let (first, then) = (keys::hash(&pimkit_core::decode_record_fields::<R>(before)?), keys::hash(&target));
        // It may have said that long before as well: only what came after what the write was planned against counts.
        let at = |hash: u64| known.superseded.iter().rposition(|(_, was)| *was == hash);
        Ok(at(first).zip(at(then)).is_some_and(|(first, then)| first < then).then_some(target))
    }

    /// Whether an item says nothing else than it did but what a write to it changed: of its user's edits its time says nothing.
    pub(crate) fn is_only_ours(intent: &IntentRow, known: &Fields, now: &Fields) -> Result<bool> {
        let (Some(before), Some(target)) = (&intent.before, &intent.target) else { return Ok(false) };
        let (before, target): (R, R) = (pimkit_core::decode_record(before)?, pimkit_core::decode_record(target)?);
        let ours = pimkit_core::diff(&before, &target);
        let is_ours = |d: &Difference| {
            let written = ours.iter().find(|of| of.field == d.field);
            let def = R::catalogue().field(d.field.as_str());
            written.zip(def).is_some_and(|(of, def)| def.same(of.to.as_ref(), now.get(&d.field)))
        };
        Ok(pimkit_core::diff_fields::<R>(known, now).iter().all(is_ours))
    }

    /// Whether an item does not tell this time of a field that a write changed.
    fn keeps_back_written(intent: &IntentRow, stored: &Stored<R>) -> Result<bool> {
        let (Some(before), Some(target), false) = (&intent.before, &intent.target, stored.unread.is_empty()) else { return Ok(false) };
        let (before, target): (R, R) = (pimkit_core::decode_record(before)?, pimkit_core::decode_record(target)?);
        Ok(pimkit_core::diff(&before, &target).iter().any(|d| stored.unread.contains(&d.field)))
    }

    /// Whether a write has arrived whole, and its step has nothing else to do.
    fn is_done(&self, intent: &IntentRow, now: &R) -> Result<bool> {
        Ok(is_alone(intent)? && self.says_what_was_sent(intent, now)?)
    }

    /// Whether an item has all that an update changes as the update was to make it.
    pub(crate) fn says_what_was_sent(&self, intent: &IntentRow, now: &R) -> Result<bool> {
        let (Some(before), Some(target)) = (&intent.before, &intent.target) else { return Ok(false) };
        let (before, target): (R, R) = (pimkit_core::decode_record(before)?, pimkit_core::decode_record(target)?);
        let (now, differences) = (now.fields(), pimkit_core::diff(&before, &target));
        let same = |d: &Difference| R::catalogue().field(d.field.as_str()).is_some_and(|def| def.same(now.get(&d.field), d.to.as_ref()));
        Ok(differences.iter().all(same))
    }

    /// A write of several calls that stopped between two of them leaves fields that are neither as
    /// they were nor as they were to be. Where such a field is empty, or a part of either, our own
    /// unfinished write did it: it becomes the base, so that it is not taken for a user's edit.
    async fn half_done(&self, intent: &IntentRow, link: &str, now: &Fields) -> Result<Vec<StateChange>> {
        let decode = |bytes: &Option<Vec<u8>>| -> Result<Fields> {
            Ok(match bytes {
                Some(bytes) => pimkit_core::decode_record::<R>(bytes)?.fields(),
                None => Fields::new(),
            })
        };
        let (before, target) = (decode(&intent.before)?, decode(&intent.target)?);
        let kept = self.state().bases(&[link.to_owned()]).await?.into_iter().flatten().next();
        let Some(mut base) = kept else { return Ok(Vec::new()) };
        // What did arrive is agreed, whatever comes after it.
        let step: Step = intent.body.read().map_err(|_| damaged("an intent"))?;
        let elsewhere = self.agreed_elsewhere(intent).await?;
        let mut touched = arrived::<R>(&step, intent.side, &mut base, now);
        for difference in pimkit_core::diff_fields::<R>(&before, &target) {
            let field = &difference.field;
            let Some(def) = R::catalogue().field(field.as_str()) else { continue };
            let value = now.get(field);
            if def.same(value, difference.to.as_ref()) || def.same(value, difference.from.as_ref()) {
                continue;
            }
            // What another sync has agreed on with its far side since is its user's edit, whatever of ours it lacks.
            if elsewhere.iter().any(|agreed| def.same(agreed.get(field), value)) {
                continue;
            }
            let ours = part_of(def, difference.to.as_ref(), value) || part_of(def, difference.from.as_ref(), value);
            if ours && def.mergeable() && value.is_some() {
                // Of a set, what is there stays what it was; what is missing is agreed by nobody, and comes again from who has it.
                let missing = |kept: Option<&Value>| without(def, kept, [difference.from.as_ref(), difference.to.as_ref()], value);
                let pair = step.agreed.iter().map(|a| if intent.side == Side::Left { (&a.left, &a.right) } else { (&a.right, &a.left) });
                let other = pair.into_iter().find(|(own, _)| *own == field).map(|(_, other)| other);
                let (here, there) = match intent.side {
                    Side::Left => (&mut base.hub, &mut base.far),
                    Side::Right => (&mut base.far, &mut base.hub),
                };
                let left = missing(here.get(field));
                put(here, field, left);
                if let Some(other) = other {
                    let left = missing(there.get(other));
                    put(there, other, left);
                }
                touched = true;
            } else if ours {
                let (here, there) = match intent.side {
                    Side::Left => (&mut base.hub, &mut base.far),
                    Side::Right => (&mut base.far, &mut base.hub),
                };
                put(here, field, value.cloned());
                // The other side is to write what is missing again, all of it.
                let pair = step.agreed.iter().map(|a| if intent.side == Side::Left { (&a.left, &a.right) } else { (&a.right, &a.left) });
                if let Some((_, other)) = pair.into_iter().find(|(own, _)| *own == field) {
                    put(there, other, value.cloned());
                }
                touched = true;
            }
        }
        Ok(if touched { vec![StateChange::Base(Box::new(BaseRow { link: link.to_owned(), ..base }))] } else { Vec::new() })
    }
}

/// A set without those elements of others that are not in `now`.
fn without(def: &FieldDef, kept: Option<&Value>, others: [Option<&Value>; 2], now: Option<&Value>) -> Option<Value> {
    let now = elements(def, now);
    let is_there = |name: &str| now.iter().any(|(n, _)| n == name);
    let gone: Vec<String> = others.into_iter().flat_map(|of| elements(def, of)).map(|(name, _)| name).filter(|n| !is_there(n)).collect();
    from_elements(def, elements(def, kept).into_iter().filter(|(name, _)| !gone.contains(name)).collect())
}

/// Whether a write is all that its step has to do.
fn is_alone(intent: &IntentRow) -> Result<bool> {
    let step: Step = intent.body.read().map_err(|_| damaged("an intent"))?;
    let other = if intent.side == Side::Left { &step.far } else { &step.hub };
    Ok(other.write.is_none())
}
