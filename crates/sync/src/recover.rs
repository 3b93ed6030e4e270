//! What became of writes whose answer was lost.
//!
//! The first stage of a run: an item with an open intent is not merged before its intent is
//! resolved. Creates are probed as the collection's [`Create`](pimkit_core::Create) capability
//! says; updates and deletes by a fetch.

use crate::{
    apply::{Task, written},
    journal::agreed_before,
    keys,
    pair::damaged,
    planted::{Break, planted},
    project::part_of,
    record::arrived,
    report::Progress,
    run::Run,
    step::Step,
};
use futures::TryStreamExt;
use pimkit_core::{
    BaseRow, CollectionId, Create, Fetched, Field, Fields, IntentKind, IntentRow, ItemId, Key, LinkState, Mark, Outcome, Presence, Record,
    Result, SeenRow, Side, StateChange, Stored, Write,
};
use std::collections::{BTreeMap, BTreeSet};

/// What creates of unknown outcome may have made.
#[derive(Debug, Default)]
pub(crate) struct OpenCreates {
    marks: BTreeSet<Mark>,
    items: BTreeSet<(Side, CollectionId, ItemId)>,
}

impl<R: Record> Run<R> {
    /// Resolves every open intent that can be resolved before the sides are read.
    pub(crate) async fn recover(&mut self) -> Result<()> {
        let intents = self.intents().await?;
        if !intents.is_empty() {
            self.progress(Progress::Stage { stage: "recover", of: Some(intents.len() as u64) });
        }
        for intent in intents {
            let known = self.half(intent.side).collection(&intent.collection).is_some();
            let resolved = known
                && match intent.write {
                    IntentKind::Create => self.recover_create(&intent).await?,
                    IntentKind::Update | IntentKind::Move => self.recover_update(&intent).await?,
                    IntentKind::Delete => self.recover_delete(&intent).await?,
                    IntentKind::Container | IntentKind::Category => false,
                };
            if !resolved {
                self.keep_open(&intent);
            }
            self.progress(Progress::Items(1));
        }
        Ok(())
    }

    /// After the sides were read: what was seen of creates whose outcome is still open.
    pub(crate) async fn find_again(&mut self) -> Result<()> {
        self.open.clear();
        for intent in self.intents().await? {
            let create = intent.write == IntentKind::Create && self.half(intent.side).collection(&intent.collection).is_some();
            let read = !self.half(intent.side).failed.contains_key(&intent.collection);
            let resolved = create && self.recover_seen(&intent, read).await?;
            if !resolved {
                self.keep_open(&intent);
                self.note("the outcome of an earlier write is still open; its item waits".to_owned());
            }
        }
        Ok(())
    }

    /// Whether an item may be what a create of unknown outcome made.
    pub(crate) fn is_of_open_create(&self, side: Side, row: &SeenRow) -> bool {
        let open = &self.open_creates;
        row.mark.as_ref().is_some_and(|mark| open.marks.contains(mark))
            || open.items.contains(&(side, row.collection.clone(), row.item.clone()))
    }

    /// Open intents are at most those of one batch: they are settled before the next is noted.
    async fn intents(&self) -> Result<Vec<IntentRow>> {
        self.state().intents(self.sync()).try_collect().await
    }

    fn keep_open(&mut self, intent: &IntentRow) {
        if planted(Break::RecoverFirst) {
            return;
        }
        self.open.extend(intent.link.clone());
        self.open_creates.marks.extend(intent.mark.clone());
    }

    /// The task that an intent was part of.
    async fn task(&self, intent: &IntentRow) -> Result<Option<Task<R>>> {
        let step: Step = serde_json::from_value(intent.body.clone()).map_err(|_| damaged("an intent"))?;
        let link = match &intent.link {
            Some(id) => match self.state().link(id).await? {
                Some(link) => Some(link),
                // The link was given up meanwhile: there is nothing to finish.
                None => return Ok(None),
            },
            None => None,
        };
        let find = |side: Side| {
            let end = if side == Side::Left { step.hub.clone() } else { step.far.clone() };
            async move {
                let Some(item) = end.item else { return Ok::<Option<SeenRow>, pimkit_core::Error>(None) };
                let rows = self.state().seen(&self.half(side).account.id, R::KIND, &end.collection, &[item]).await?;
                Ok(rows.into_iter().flatten().next())
            }
        };
        let (hub, far) = (find(Side::Left).await?, find(Side::Right).await?);
        Ok(Some(Task {
            number: intent.step,
            step,
            link,
            hub,
            far,
            base: None,
            done: BTreeMap::new(),
            agreed_before: Vec::new(),
            again: false,
            stopped: false,
        }))
    }

    /// Takes an outcome as if it had come at once.
    async fn finish_intent(&mut self, intent: &IntentRow, outcome: Outcome<R>) -> Result<bool> {
        let Some(mut task) = self.task(intent).await? else {
            self.commit(vec![StateChange::Settled(intent.id.clone())]).await?;
            return Ok(true);
        };
        // What was edited while the outcome was open has been passed over: the link is looked at again.
        task.again = true;
        let unknown = matches!(outcome, Outcome::Unknown(_));
        self.settle(intent.side, &mut task, intent, outcome).await?;
        if intent.write == IntentKind::Create {
            self.tell_edits_since(intent.side, &mut task, intent)?;
        }
        if !task.stopped {
            if let Some(link) = &task.link {
                task.base = self.state().bases(std::slice::from_ref(&link.id)).await?.into_iter().flatten().next();
                task.agreed_before = agreed_before(&task.step.agreed, task.base.as_ref());
            }
            self.record(&task).await?;
        }
        self.flush().await?;
        Ok(!unknown)
    }

    async fn recover_create(&mut self, intent: &IntentRow) -> Result<bool> {
        let Some(collection) = self.half(intent.side).collection(&intent.collection).cloned() else { return Ok(false) };
        let (Some(mark), Some(target)) = (intent.mark.clone(), intent.target.as_deref()) else { return Ok(false) };
        match collection.capabilities.create {
            Create::Repeatable => {
                let record: R = pimkit_core::decode_record(target)?;
                let mut blobs = BTreeMap::new();
                if let Some(task) = self.task(intent).await?
                    && let Some(source) = task.row(intent.side.other())
                {
                    for blob in self.record_of(source)?.blobs() {
                        blobs.insert(blob.id.clone(), (source.collection.clone(), source.item.clone()));
                    }
                }
                let outcome = self
                    .send(intent.side, &intent.collection, vec![Write::Create { mark, record }], intent.side.other(), blobs)
                    .await
                    .into_iter()
                    .next();
                match outcome {
                    // That it is not done again now says nothing of the first time.
                    Some(Outcome::Refused(error)) if !is_lasting(&error) => self.finish_intent(intent, Outcome::Unknown(error)).await,
                    Some(outcome) => self.finish_intent(intent, outcome).await,
                    None => Ok(false),
                }
            }
            Create::Findable { .. } => {
                let repository = self.half(intent.side).repository.clone();
                match repository.find(&intent.collection, &[Key::Mark(mark)]).await.into_iter().next() {
                    Some(Ok(mut found)) => {
                        // A user may have copied it meanwhile, mark and all, and edited the copy: what we sent is ours.
                        let sent: R = pimkit_core::decode_record(target)?;
                        let ours = found.iter().position(|stored| pimkit_core::diff(&sent, &stored.record).is_empty());
                        found.drain(..ours.unwrap_or_default());
                        match found.into_iter().next() {
                            Some(stored) => self.finish_intent(intent, found_outcome(stored)).await,
                            None => Ok(false),
                        }
                    }
                    _ => Ok(false),
                }
            }
            Create::ByContent => Ok(false),
        }
    }

    /// Looks among what was seen for the item that a lost create may have made. Where the collection
    /// was not `read` to its end, or the side tells repeats by itself, only a mark is proof.
    async fn recover_seen(&mut self, intent: &IntentRow, read: bool) -> Result<bool> {
        let repeatable = self.half(intent.side).collection(&intent.collection).is_some_and(|c| c.capabilities.create == Create::Repeatable);
        let by_content = read && !repeatable;
        let Some(target) = intent.target.as_deref() else { return Ok(false) };
        let record: R = pimkit_core::decode_record(target)?;
        let fields = record.fields();
        let account = self.half(intent.side).account.id.clone();
        let mut asked: Vec<String> = intent.mark.iter().map(keys::mark_key).collect();
        if by_content {
            asked.extend(keys::content_keys(R::KIND, &fields));
            asked.extend(record.uid().map(keys::uid_key));
            asked.push(keys::hash_key(keys::hash(&fields)));
        }
        let mut fitting: Vec<SeenRow> = Vec::new();
        for (collection, item) in self.unlinked(intent.side, &asked, 16, None).await?.into_values().flatten() {
            if collection != intent.collection || fitting.iter().any(|r| r.item == item) {
                continue;
            }
            let ids = [item];
            let row = self.state().seen(&account, R::KIND, &collection, &ids).await?.into_iter().flatten().next();
            let Some(row) = row.filter(|r| r.presence == Presence::Present) else { continue };
            let marked = row.mark.is_some() && row.mark == intent.mark;
            let since = row.unchanged_at.is_none() && row.changed_at >= intent.at;
            if marked || (since && self.may_be(&fields, &row)?) {
                fitting.push(row);
            }
        }
        let sent = keys::hash(&fields);
        let mut marked = fitting.iter().filter(|r| r.mark.is_some() && r.mark == intent.mark);
        if let Some(row) = marked.clone().find(|r| r.hash == sent).or_else(|| marked.next()).cloned() {
            fitting = vec![row];
        }
        match fitting.as_slice() {
            [row] => {
                let mut stored =
                    Stored::new(row.item.clone(), &row.collection, row.revision.clone().unwrap_or_default(), self.record_of(row)?);
                stored.mark = row.mark.clone();
                self.finish_intent(intent, found_outcome(stored)).await
            }
            [] if by_content && (self.now() >= intent.settles || planted(Break::SettleTime)) => {
                // It was not made: the item is planned anew.
                let mut changes = vec![StateChange::Settled(intent.id.clone())];
                if let Some(id) = &intent.link
                    && let Some(mut link) = self.state().link(id).await?
                {
                    link.again = true;
                    link.version += 1;
                    changes.push(StateChange::Link(Box::new(link)));
                }
                self.commit(changes).await?;
                Ok(true)
            }
            [] => Ok(false),
            several => {
                let n = several.len();
                for row in several {
                    self.open_creates.items.insert((intent.side, row.collection.clone(), row.item.clone()));
                }
                if let Some(mut link) = match &intent.link {
                    Some(id) => self.state().link(id).await?,
                    None => None,
                } {
                    let note = Some(format!("a create was cut off, and {n} items may be the one it made"));
                    if link.state != LinkState::Held || link.note != note {
                        link.state = LinkState::Held;
                        link.note = note;
                        link.version += 1;
                        self.commit(vec![StateChange::Link(Box::new(link))]).await?;
                    }
                }
                self.report.held += 1;
                Ok(false)
            }
        }
    }

    /// Whether an item may be what a side made of these fields.
    fn may_be(&self, target: &Fields, row: &SeenRow) -> Result<bool> {
        let now = self.fields_of(row)?;
        Ok(now.iter().all(|(field, value)| match R::catalogue().field(field.as_str()) {
            _ if row.unread.contains(field) => true,
            Some(def) if def.identity => true,
            Some(def) => match target.get(field) {
                Some(sent) => def.same(Some(sent), Some(value)) || part_of(def, Some(sent), Some(value)),
                // A default of the side's own.
                None => !value.is_array() && !value.is_object() && value.as_str().is_none_or(|t| t.len() < 16),
            },
            None => true,
        }))
    }

    async fn recover_update(&mut self, intent: &IntentRow) -> Result<bool> {
        let Some(item) = &intent.item else { return Ok(false) };
        let repository = self.half(intent.side).repository.clone();
        let answer = repository.fetch(&intent.collection, std::slice::from_ref(item)).await.into_iter().next();
        let account = self.half(intent.side).account.id.clone();
        let known =
            self.state().seen(&account, R::KIND, &intent.collection, std::slice::from_ref(item)).await?.into_iter().flatten().next();
        let mut changes = vec![StateChange::Settled(intent.id.clone())];
        match answer {
            // What it keeps back may be what we wrote, or not: the outcome stays open.
            Some(Fetched::Found(stored)) if Self::keeps_back_written(intent, &stored)? => return Ok(false),
            Some(Fetched::Found(stored)) => {
                if self.is_done(intent, &stored.record)? {
                    return self.finish_intent(intent, found_outcome(*stored)).await;
                }
                let epoch = known.as_ref().map_or(0, |k| k.epoch);
                let now = stored.record.fields();
                changes.extend(self.follow_id(intent, &stored).await?);
                let mut row = self.observed(intent.side, epoch, known.as_ref(), *stored).await?;
                row.changed = self.run;
                changes.push(StateChange::Seen(Box::new(row)));
                if let Some(link) = &intent.link {
                    changes.extend(self.half_done(intent, link, &now).await?);
                }
                if let Some(mut task) = self.task(intent).await? {
                    let sent = written(task.end(intent.side)).cloned().unwrap_or_default();
                    let arrived =
                        |field: &Field| R::catalogue().field(field.as_str()).is_some_and(|def| def.same(now.get(field), sent.get(field)));
                    task.step.lost.retain(|change| arrived(&change.field));
                    self.journal_lost(&mut task, intent.side);
                }
            }
            // Gone: an absence like any other, for the stages to come.
            Some(Fetched::Gone) => {
                if let Some(mut row) = known {
                    row.presence = Presence::Missing { reason: pimkit_core::Removal::Unknown };
                    row.changed = self.run;
                    changes.push(StateChange::Seen(Box::new(row)));
                }
            }
            _ => return Ok(false),
        }
        let followed = changes.iter().any(|change| matches!(change, StateChange::Link(_)));
        if let Some(id) = intent.link.as_ref().filter(|_| !followed)
            && let Some(mut link) = self.state().link(id).await?
        {
            link.again = true;
            changes.push(StateChange::Link(Box::new(link)));
        }
        self.commit(changes).await?;
        Ok(true)
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
        let drop = StateChange::DropSeen { account, kind: R::KIND, collection: intent.collection.clone(), item: old };
        link.again = true;
        link.version += 1;
        Ok(vec![drop, StateChange::Link(Box::new(link))])
    }

    /// Whether an item does not tell this time of a field that a write changed.
    fn keeps_back_written(intent: &IntentRow, stored: &Stored<R>) -> Result<bool> {
        let (Some(before), Some(target), false) = (&intent.before, &intent.target, stored.unread.is_empty()) else { return Ok(false) };
        let (before, target): (R, R) = (pimkit_core::decode_record(before)?, pimkit_core::decode_record(target)?);
        Ok(pimkit_core::diff(&before, &target).iter().any(|d| stored.unread.contains(&d.field)))
    }

    /// Whether a write has arrived whole, and its step has nothing else to do.
    fn is_done(&self, intent: &IntentRow, now: &R) -> Result<bool> {
        let (Some(before), Some(target)) = (&intent.before, &intent.target) else { return Ok(false) };
        let (before, target): (R, R) = (pimkit_core::decode_record(before)?, pimkit_core::decode_record(target)?);
        let step: Step = serde_json::from_value(intent.body.clone()).map_err(|_| damaged("an intent"))?;
        let other = if intent.side == Side::Left { &step.far } else { &step.hub };
        let now = now.fields();
        let arrived = pimkit_core::diff(&before, &target)
            .iter()
            .all(|d| R::catalogue().field(d.field.as_str()).is_some_and(|def| def.same(now.get(&d.field), d.to.as_ref())));
        Ok(other.write.is_none() && arrived)
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
        let step: Step = serde_json::from_value(intent.body.clone()).map_err(|_| damaged("an intent"))?;
        let mut touched = arrived::<R>(&step, intent.side, &mut base, now);
        for difference in pimkit_core::diff_fields::<R>(&before, &target) {
            let field = &difference.field;
            let Some(def) = R::catalogue().field(field.as_str()) else { continue };
            let value = now.get(field);
            if def.same(value, difference.to.as_ref()) || def.same(value, difference.from.as_ref()) {
                continue;
            }
            let ours = part_of(def, difference.to.as_ref(), value) || part_of(def, difference.from.as_ref(), value);
            if ours {
                let side = if intent.side == Side::Left { &mut base.hub } else { &mut base.far };
                match value {
                    Some(value) => side.insert(field.clone(), value.clone()),
                    None => side.remove(field),
                };
                touched = true;
            }
        }
        Ok(if touched { vec![StateChange::Base(Box::new(BaseRow { link: link.to_owned(), ..base }))] } else { Vec::new() })
    }

    async fn recover_delete(&mut self, intent: &IntentRow) -> Result<bool> {
        let Some(item) = &intent.item else { return Ok(false) };
        let repository = self.half(intent.side).repository.clone();
        match repository.fetch(&intent.collection, std::slice::from_ref(item)).await.into_iter().next() {
            Some(Fetched::Gone) => self.finish_intent(intent, Outcome::written(item.clone(), None)).await,
            // Still there: whether it is to go is planned anew.
            Some(Fetched::Found(_) | Fetched::Hidden | Fetched::OtherKind { .. } | Fetched::Unreadable { .. }) => {
                let mut changes = vec![StateChange::Settled(intent.id.clone())];
                if let Some(id) = &intent.link
                    && let Some(mut link) = self.state().link(id).await?
                {
                    link.again = true;
                    changes.push(StateChange::Link(Box::new(link)));
                }
                self.commit(changes).await?;
                Ok(true)
            }
            Some(Fetched::Failed(_)) | None => Ok(false),
        }
    }
}

/// Whether a refusal is about what was sent, so that it was refused the first time too.
fn is_lasting(error: &pimkit_core::Error) -> bool {
    use pimkit_core::ErrorKind;
    matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::Unsupported | ErrorKind::WouldNotify)
}

fn found_outcome<R: Record>(stored: Stored<R>) -> Outcome<R> {
    Outcome::Written { id: stored.id.clone(), revision: Some(stored.revision.clone()), now: Some(Box::new(stored)), left_out: Vec::new() }
}
