//! What a write came to: one commit per item, with its link, base, sightings and journal row.

use crate::{
    apply::{Task, Wrote, written},
    copied::names_another,
    keys,
    pair::damaged,
    plan::Linked,
    report::LeftOver,
    run::Run,
    step::{Action, SideWrite},
    stranger::note_uid,
};
use pimkit_core::{
    BaseRow, CollectionId, Error, ErrorKind, Fetched, Field, Fields, IntentKind, IntentRow, ItemId, Key, LinkState, Outcome, Presence,
    Record, Result, SeenRow, Side, StateChange, Stored, TombstoneRow, Value, cursor::binding,
};

impl<R: Record> Run<R> {
    /// Takes the answer of a write. What is not known stays an open intent.
    pub(crate) async fn settle(&mut self, side: Side, task: &mut Task<R>, intent: &IntentRow, outcome: Outcome<R>) -> Result<()> {
        match outcome {
            Outcome::Written { id, revision, now, left_out } => {
                for (field, error) in &left_out {
                    self.journal_left_out(task, side, field, error);
                    if task.step.undoes.is_some() {
                        self.report.quarantined.push(LeftOver {
                            id: id.to_string(),
                            side,
                            error: format!("{field} is not as it was: {error}"),
                        });
                    }
                }
                let deletion = matches!(task.end(side).write, Some(SideWrite::Delete(_)));
                let named = id.clone();
                let wrote = if deletion {
                    Some(Wrote { item: id, revision: None, record: R::default(), mark: None })
                } else {
                    self.read_back(side, task, intent, id, revision, now, !left_out.is_empty()).await?
                };
                match wrote {
                    Some(wrote) => {
                        self.tally_written(side, task);
                        match (&task.end(side).write, deletion) {
                            (_, true) => self.report.deleted.add(side),
                            (Some(SideWrite::Create { .. }), _) => self.report.created.add(side),
                            _ => self.report.updated.add(side),
                        }
                        task.again |= self.shows_an_edit(side, task, &wrote)?;
                        // The sighting goes with the intent: what is known of the item is what was written.
                        let mut changes = vec![StateChange::Settled(intent.id.clone())];
                        changes.extend(self.sighting(side, task, &wrote, deletion).await?);
                        self.later(changes);
                        task.done.insert(side, wrote);
                    }
                    // Written, but what it is there could not be read: the next run reads it.
                    None => {
                        task.stopped = true;
                        self.remember_id(task, intent, named)?;
                        self.agree_on_written(side, task, intent).await?;
                        self.open_note(task);
                    }
                }
            }
            Outcome::Conflict { now } => {
                if intent.write == IntentKind::Create {
                    return self.taken(side, task, intent, now).await;
                }
                let mut changes = vec![StateChange::Settled(intent.id.clone())];
                match now {
                    Some(stored) => {
                        let epoch = self.epoch(side, &stored.collection).await?;
                        let row = self.observed(side, epoch, task.row(side), *stored).await?;
                        changes.push(StateChange::Seen(Box::new(row)));
                    }
                    None => {
                        // Not the revision that it was planned against: asked anew in the next run.
                        if let Some(row) = task.row(side).cloned() {
                            changes.extend(self.reread(side, row).await?);
                        }
                    }
                }
                self.later(changes);
                self.put_off(task, "dropped: changed meanwhile");
                self.note("some items changed while they were written; they are done in the next run".to_owned());
            }
            Outcome::Refused(error) => {
                self.later([StateChange::Settled(intent.id.clone())]);
                self.refused(side, task, &error).await?;
            }
            Outcome::Unknown(error) => {
                task.stopped = true;
                let link = task.link.as_ref().map(|l| l.id.clone());
                self.open.extend(link);
                self.note(format!("the {} side left the outcome of a write open ({error}); the next run finds out", side.word()));
            }
        }
        Ok(())
    }

    /// The place of a create is taken: by what an earlier try of it made, or by something else, and
    /// then the next try takes another place.
    async fn taken(&mut self, side: Side, task: &mut Task<R>, intent: &IntentRow, now: Option<Box<Stored<R>>>) -> Result<()> {
        let mut found = now.map(|stored| *stored);
        if let (None, Some(mark)) = (&found, &intent.mark) {
            let repository = self.half(side).repository.clone();
            let answer = repository.find(&intent.collection, &[Key::Mark(mark.clone())]).await.into_iter().next();
            found = answer.and_then(pimkit_core::Result::ok).and_then(|items| items.into_iter().next());
        }
        let sent: Option<R> = intent.target.as_deref().and_then(|bytes| pimkit_core::decode_record(bytes).ok());
        let ours = |stored: &Stored<R>| {
            let same_uid = stored.record.uid().is_some() && stored.record.uid() == sent.as_ref().and_then(Record::uid);
            (stored.mark.is_some() && stored.mark == intent.mark) || same_uid
        };
        let mut adopted = found.filter(ours);
        if let Some(stored) = &adopted {
            let linked = match side {
                Side::Left => self.state().links_of_hub(self.sync(), std::slice::from_ref(&stored.id)).await?,
                Side::Right => {
                    let (account, ids) = (self.far.account.id.clone(), std::slice::from_ref(&stored.id));
                    self.state().links_of_far(self.sync(), &account, &stored.collection, ids).await?
                }
            };
            if linked.into_iter().flatten().next().is_some() {
                adopted = None;
            }
        }
        if let Some(stored) = adopted {
            let made = Outcome::Written {
                id: stored.id.clone(),
                revision: Some(stored.revision.clone()),
                now: Some(Box::new(stored)),
                left_out: Vec::new(),
            };
            Box::pin(self.settle(side, task, intent, made)).await?;
            return self.tell_edits_since(side, task, intent);
        }
        self.later([StateChange::Settled(intent.id.clone())]);
        if let Some(link) = &mut task.link {
            link.generation += 1;
        }
        self.put_off(task, "dropped: its place is taken");
        self.note("some new items found their place taken; they are made in the next run".to_owned());
        Ok(())
    }

    /// What was made, and what has another id after a write, is looked for under that one.
    fn remember_id(&mut self, task: &Task<R>, intent: &IntentRow, id: ItemId) -> Result<()> {
        if intent.item.as_ref() != Some(&id) {
            let body = serde_json::to_value(&task.step).map_err(|_| damaged("a step"))?;
            self.later([StateChange::Intent(Box::new(IntentRow { item: Some(id), body, ..intent.clone() }))]);
        }
        Ok(())
    }

    /// An update was answered and could not be read back: what was sent has arrived, whatever comes after it. Who deletes the
    /// item now has seen it.
    async fn agree_on_written(&mut self, side: Side, task: &Task<R>, intent: &IntentRow) -> Result<()> {
        let (Some(link), Some(target)) = (&task.link, intent.target.as_deref()) else { return Ok(()) };
        if intent.write != IntentKind::Update {
            return Ok(());
        }
        let sent = pimkit_core::decode_record::<R>(target)?.fields();
        let kept = self.state().bases(std::slice::from_ref(&link.id)).await?.into_iter().flatten().next();
        let moved = kept.and_then(|mut base| arrived::<R>(&task.step, side, &mut base, &sent).then_some(base));
        self.later(moved.map(|base| StateChange::Base(Box::new(base))));
        Ok(())
    }

    fn open_note(&mut self, task: &Task<R>) {
        self.open.extend(task.link.as_ref().map(|l| l.id.clone()));
        self.note("an item was written and could not be read back; the next run finds out what became of it".to_owned());
    }

    /// The link, to be looked at again.
    fn again(&self, task: &Task<R>, note: Option<(LinkState, String)>) -> Vec<StateChange> {
        let Some(mut link) = task.link.clone() else { return Vec::new() };
        // What was to stand for a record that is gone was not made: the link still leads to that one.
        link.hub_item = link.hub_item.or_else(|| task.step.replaces.clone());
        link.again = true;
        link.version += 1;
        if let Some((state, note)) = note {
            link.state = state;
            link.note = Some(note);
        }
        vec![StateChange::Link(Box::new(link))]
    }

    /// What is there now, for an item that was not as it was thought to be.
    async fn reread(&mut self, side: Side, row: SeenRow) -> Result<Vec<StateChange>> {
        let repository = self.half(side).repository.clone();
        let answer = repository.fetch(&row.collection, std::slice::from_ref(&row.item)).await.into_iter().next();
        Ok(match answer {
            Some(Fetched::Found(stored)) => vec![StateChange::Seen(Box::new(self.observed(side, row.epoch, Some(&row), *stored).await?))],
            Some(Fetched::Gone) => {
                let mut row = row;
                row.presence = Presence::Missing { reason: pimkit_core::Removal::Unknown };
                row.changed = self.run;
                row.changed_at = self.now();
                vec![StateChange::Seen(Box::new(row))]
            }
            _ => Vec::new(),
        })
    }

    /// A write that was not taken: the item is quarantined and tried again.
    pub(crate) async fn refused(&mut self, side: Side, task: &mut Task<R>, error: &Error) -> Result<()> {
        task.stopped = true;
        let held = matches!(error.kind(), ErrorKind::WouldNotify | ErrorKind::PermissionDenied);
        let (state, said) = if held { (LinkState::Held, "held") } else { (LinkState::Quarantined, "refused") };
        let mut changes = vec![StateChange::StepDone { run: self.run, step: task.number, done: format!("{said}: {error}") }];
        changes.extend(self.again(task, Some((state, error.to_string()))));
        self.later(changes);
        if held {
            self.report.held += 1;
        }
        let end = task.end(side.other());
        let source = end.item.clone().map(|item| (side.other(), end.collection.clone(), item)).or_else(|| {
            let end = task.end(side);
            end.item.clone().map(|item| (side, end.collection.clone(), item))
        });
        if let Some((side, collection, item)) = source {
            self.left_over(side, &collection, &item, &error.to_string());
        }
        Ok(())
    }

    /// What the side made of a write.
    #[allow(clippy::too_many_arguments)]
    async fn read_back(
        &self,
        side: Side,
        task: &Task<R>,
        intent: &IntentRow,
        id: ItemId,
        revision: Option<pimkit_core::Revision>,
        now: Option<Box<Stored<R>>>,
        partly: bool,
    ) -> Result<Option<Wrote<R>>> {
        if let Some(stored) = now {
            let stored =
                Stored { revision: revision.unwrap_or_else(|| stored.revision.clone()), record: told(intent, &stored)?, ..*stored };
            return Ok(Some(Wrote::read(id, stored)));
        }
        if revision.is_some() && !partly {
            let sent: R = match &intent.target {
                Some(bytes) => pimkit_core::decode_record(bytes)?,
                None => R::default(),
            };
            return Ok(Some(Wrote { item: id, revision, record: sent, mark: intent.mark.clone() }));
        }
        // A side that does not say which revision it made, or that left fields out, may hold anything: it is asked.
        let repository = self.half(side).repository.clone();
        match repository.fetch(&task.end(side).collection, std::slice::from_ref(&id)).await.into_iter().next() {
            Some(Fetched::Found(stored)) => {
                let record = told(intent, &stored)?;
                Ok(Some(Wrote::read(id, Stored { record, ..*stored })))
            }
            _ => Ok(None),
        }
    }

    /// Whether the answer to an update says something else than we knew in a field that we did not write. Where a write
    /// replaces fields whatever is there, a user's edit that no listing named yet shows only here.
    fn shows_an_edit(&self, side: Side, task: &Task<R>, wrote: &Wrote<R>) -> Result<bool> {
        let (Some(SideWrite::Fields { fields, .. }), Some(known)) = (&task.end(side).write, task.row(side)) else { return Ok(false) };
        let differences = pimkit_core::diff(&self.record_of(known)?, &wrote.record);
        Ok(differences.iter().any(|d| !fields.contains_key(&d.field) && !known.unread.contains(&d.field)))
    }

    /// The newest round of a collection. Nothing is read while steps are applied: it is asked once.
    pub(crate) async fn epoch(&mut self, side: Side, collection: &CollectionId) -> Result<u64> {
        if let Some(epoch) = self.epochs.get(&(side, collection.clone())) {
            return Ok(*epoch);
        }
        let epoch = self.state().stream(&self.stream_key(side, collection)).await?.map_or(0, |row| row.epoch);
        self.epochs.insert((side, collection.clone()), epoch);
        Ok(epoch)
    }

    /// The sighting of an item that we wrote.
    async fn sighting(&mut self, side: Side, task: &Task<R>, wrote: &Wrote<R>, deletion: bool) -> Result<Vec<StateChange>> {
        let collection = task.end(side).collection.clone();
        let known = task.row(side);
        if deletion {
            let Some(mut row) = known.cloned() else { return Ok(Vec::new()) };
            row.superseded.push((row.revision.clone(), row.hash));
            row.presence = Presence::Gone;
            row.deleted_by = Some(match &task.step.undoes {
                _ if task.step.ends => format!("{}teardown", SeenRow::BY_ENGINE),
                Some(_) => format!("{}undo", SeenRow::BY_ENGINE),
                None => self.sync().to_string(),
            });
            row.changed = self.run;
            row.changed_at = self.now();
            return Ok(vec![StateChange::Seen(Box::new(row))]);
        }
        let mut stored = Stored::new(wrote.item.clone(), &collection, wrote.revision.clone().unwrap_or_default(), wrote.record.clone());
        stored.mark = wrote.mark.clone().or_else(|| known.and_then(|k| k.mark.clone()));
        stored.unread = known.map(|k| k.unread.clone()).unwrap_or_default();
        stored.access = known.map_or(pimkit_core::Access::Write, |k| k.access);
        let epoch = self.epoch(side, &collection).await?;
        let mut row = self.seen_row(side, epoch, known, stored).await?;
        // A record made without a link (a copy) is new to the next run.
        row.changed = if task.link.is_some() { self.run } else { self.run + 1 };
        row.changed_at = self.now();
        // Links of other syncs may still lead to the record that this one stands for.
        row.keys.extend(task.step.replaces.iter().map(|old| keys::id_key(binding(&[old.as_str()]))));
        let mut changes = Vec::new();
        // A side may give the item another id with a write.
        if let Some(old) = known.filter(|k| k.item != wrote.item) {
            changes.push(StateChange::DropSeen {
                account: old.account.clone(),
                kind: old.kind,
                collection: old.collection.clone(),
                item: old.item.clone(),
            });
        }
        changes.push(StateChange::Seen(Box::new(row)));
        if side == Side::Left {
            changes.extend(self.stamp_written(task, &wrote.item).await?);
        }
        Ok(changes)
    }

    /// Writes down what a step came to: link, base, journal, and that it is done.
    pub(crate) async fn record(&mut self, task: &Task<R>) -> Result<()> {
        self.note_told(task).await?;
        let mut changes = vec![StateChange::StepDone { run: self.run, step: task.number, done: "done".to_owned() }];
        let step = &task.step;
        changes.push(StateChange::Journal(Box::new(self.journal_row(task))));
        changes.extend(self.journal_undecided(task));
        changes.extend(self.journal_cut(task));
        if !task.done.is_empty() && !matches!(step.action, Action::Delete(_)) {
            self.touched += 1;
        }
        let Some(link) = task.link.clone().or_else(|| self.link_of_refused(task)) else {
            // A copy, made by keep_both: the next run links it.
            self.later(changes);
            return Ok(());
        };
        let linked = Linked { link, base: None, hub: task.hub.clone(), far: task.far.clone() };
        match step.action {
            _ if step.undoes.is_some() => {
                if let Some(undone) = step.undoes.clone() {
                    changes.extend(self.park(task, linked.link, &undone).await?);
                }
            }
            Action::Forget | Action::Delete(_) => {
                changes.push(StateChange::DropTombstone { sync: self.sync().clone(), link: linked.link.id.clone() });
                changes.push(StateChange::DropLink(linked.link.id));
            }
            Action::Suppress(rest) => {
                let row = TombstoneRow {
                    sync: self.sync().clone(),
                    link: linked.link.id.clone(),
                    kind: R::KIND,
                    hub_item: linked.link.hub_item.clone(),
                    account: linked.link.account.clone(),
                    collection: linked.link.collection.clone(),
                    item: linked.link.item.clone(),
                    side: rest.other(),
                    keys: self.tombstone_keys(&linked),
                    evidence: step.evidence.clone().unwrap_or_default(),
                    at: self.now(),
                };
                changes.push(StateChange::Tombstone(Box::new(row)));
                let mut link = linked.link;
                link.state = LinkState::Suppressed;
                link.note = step.policy.clone();
                link.again = false;
                link.version += 1;
                changes.push(StateChange::Link(Box::new(link)));
            }
            _ => {
                if linked.link.state == LinkState::Suppressed {
                    changes.push(StateChange::DropTombstone { sync: self.sync().clone(), link: linked.link.id.clone() });
                }
                changes.extend(self.live(task, linked.link));
            }
        }
        for side in [Side::Left, Side::Right] {
            let end = task.end(side);
            for item in end.item.iter().chain(task.done.get(&side).map(|wrote| &wrote.item)) {
                self.release(side, &end.collection, item);
            }
        }
        self.later(changes);
        Ok(())
    }

    /// The link and base of two items that agree now, as far as they do.
    pub(crate) fn live(&self, task: &Task<R>, mut link: pimkit_core::LinkRow) -> Vec<StateChange> {
        let step = &task.step;
        // What is made anew was agreed on whole: of what stood there before nothing is left to compare with.
        let made = matches!(step.action, Action::Create(_));
        let kept = task.base.clone().filter(|_| !made);
        let mut base = kept.unwrap_or_else(|| BaseRow { link: link.id.clone(), ..BaseRow::default() });
        let now = |side: Side| task.done.get(&side).map(|w| w.record.fields());
        let (hub_now, far_now) = (now(Side::Left), now(Side::Right));
        let far_written: Vec<Field> = match &step.far.write {
            Some(SideWrite::Fields { fields, .. }) => fields.keys().cloned().collect(),
            Some(SideWrite::Create { .. }) => step.agreed.iter().map(|a| a.right.clone()).collect(),
            _ => Vec::new(),
        };
        let hub_written: Vec<Field> = match &step.hub.write {
            Some(SideWrite::Fields { fields, .. }) => fields.keys().cloned().collect(),
            Some(SideWrite::Create { .. }) => step.agreed.iter().map(|a| a.left.clone()).collect(),
            _ => Vec::new(),
        };
        if step.reread {
            for field in std::mem::take(&mut base.sent) {
                // What came back is counted by field and by what was sent and came; another value starts anew.
                let flip = step.flipped.iter().find(|flip| flip_of(flip, &field)).cloned();
                base.flips.retain(|known, _| !flip_of(known, &field) || flip.as_ref() == Some(known));
                if let Some(flip) = flip {
                    *base.flips.entry(flip).or_insert(0) += 1;
                }
            }
        }
        for agreed in &step.agreed {
            // Where a side was written, the base remembers what the side has now.
            let pick = |fields: &Option<Fields>, written: &[Field], field: &Field, value: &Option<Value>| match fields {
                Some(fields) if written.contains(field) => fields.get(field).cloned(),
                _ => value.clone(),
            };
            put(&mut base.hub, &agreed.left, pick(&hub_now, &hub_written, &agreed.left, &agreed.hub));
            put(&mut base.far, &agreed.right, pick(&far_now, &far_written, &agreed.right, &agreed.far));
        }
        // What names the two records, so that another thing under one of their ids is told from an edit.
        for (side, fields) in [(Side::Left, &mut base.hub), (Side::Right, &mut base.far)] {
            match task.done.get(&side) {
                Some(wrote) => note_uid(fields, Some(&wrote.record)),
                None => note_uid(fields, task.row(side).and_then(|row| self.record_of(row).ok()).as_ref()),
            }
        }
        if task.done.contains_key(&Side::Right) {
            for field in far_written {
                base.sent.retain(|f| *f != field);
                if self.may_change_later(&step.far.collection) {
                    base.sent.push(field);
                }
            }
        }
        for (side, wrote) in &task.done {
            match side {
                Side::Left => link.hub_item = Some(wrote.item.clone()),
                Side::Right => {
                    link.item = Some(wrote.item.clone());
                    link.mark = wrote.mark.clone().or(link.mark);
                }
            }
        }
        let revision =
            |side: Side| task.done.get(&side).and_then(|w| w.revision.clone()).or_else(|| task.row(side).and_then(|r| r.revision.clone()));
        link.hub_revision = revision(Side::Left).or(link.hub_revision);
        link.revision = revision(Side::Right).or(link.revision);
        let new = link.state == LinkState::Pending;
        // One whose record was merged away while the outcome of the write was open stays aside.
        if link.state != LinkState::Shadowed || link.hub_item.is_some() {
            link.state = if step.waiting.is_empty() { LinkState::Live } else { LinkState::Held };
            link.note = (!step.waiting.is_empty()).then(|| step.waiting.join("; "));
        }
        let copy = new && task.far.as_ref().is_some_and(|far| names_another(&link, far));
        link.again = task.again || copy || !step.waiting.is_empty();
        // Somebody's decision is good for one merge.
        link.decision = link.decision.filter(|_| !step.waiting.is_empty());
        link.version += 1;
        vec![StateChange::Link(Box::new(link)), StateChange::Base(Box::new(base))]
    }

    /// Whether the far side may change what it was given some time after it answered.
    fn may_change_later(&self, collection: &CollectionId) -> bool {
        self.far.collection(collection).is_none_or(|c| !c.capabilities.keeps_as_written)
    }
}

/// What an item says after our write. What it does not tell this time is as we sent it: it was not read, and so is not empty.
fn told<R: Record>(intent: &IntentRow, stored: &Stored<R>) -> Result<R> {
    let Some(target) = intent.target.as_deref().filter(|_| !stored.unread.is_empty()) else { return Ok(stored.record.clone()) };
    let sent: R = pimkit_core::decode_record(target)?;
    let unread = stored.unread.iter().map(|field| (field.clone(), sent.get(field.as_str()).unwrap_or_default()));
    stored.record.with(&unread.collect())
}

/// Whether a flip is one of this field.
fn flip_of(flip: &Field, field: &Field) -> bool {
    flip.as_str().rsplit_once(' ').is_some_and(|(of, _)| of == field.as_str())
}

/// Moves the base of the pairs that were written to one side only, and have arrived there: `now` is
/// what the side says. What comes later on either side is then an edit of that, not of what was before.
pub(crate) fn arrived<R: Record>(step: &crate::Step, side: Side, base: &mut BaseRow, now: &Fields) -> bool {
    let end = |side: Side| if side == Side::Left { &step.hub } else { &step.far };
    let (here, there) = (written(end(side)), written(end(side.other())));
    let mut moved = false;
    for agreed in &step.agreed {
        let (field, other) = if side == Side::Left { (&agreed.left, &agreed.right) } else { (&agreed.right, &agreed.left) };
        let Some(target) = here.and_then(|fields| fields.get(field)) else { continue };
        if there.is_some_and(|fields| fields.contains_key(other)) {
            continue;
        }
        let same = R::catalogue().field(field.as_str()).is_some_and(|def| def.same(now.get(field), Some(target)));
        if same {
            let (hub, far) = match side {
                Side::Left => (now.get(field).cloned(), agreed.far.clone()),
                Side::Right => (agreed.hub.clone(), now.get(field).cloned()),
            };
            put(&mut base.hub, &agreed.left, hub);
            put(&mut base.far, &agreed.right, far);
            moved = true;
        }
    }
    moved
}

pub(crate) fn put(fields: &mut Fields, field: &Field, value: Option<Value>) {
    match value {
        Some(value) if !value.is_null() => {
            fields.insert(field.clone(), value);
        }
        _ => {
            fields.remove(field);
        }
    }
}
