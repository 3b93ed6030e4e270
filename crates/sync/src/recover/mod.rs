//! What became of writes whose answer was lost.
//!
//! The first stage of a run: an item with an open intent is not merged before its intent is
//! resolved. Creates are probed as the collection's [`Create`](pimkit_core::Create) capability
//! says; updates and deletes by a fetch.

mod create;
mod update;

use crate::{
    apply::Task,
    journal::agreed_before,
    keys,
    pair::damaged,
    planted::{Break, planted},
    report::Progress,
    run::Run,
    step::Step,
};
use futures::TryStreamExt;
use pimkit_core::{
    BlobId, CollectionId, Fetched, IntentKind, IntentRow, ItemId, Mark, Outcome, Presence, Record, Removal, Result, SeenRow, Side,
    StateChange, Stored,
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
        self.open_updates.clear();
        // What a listing shows is taken down before another listing is asked for what it does not show: that one may come short.
        self.may_list_again = false;
        self.find_all().await?;
        self.may_list_again = true;
        loop {
            let listed = self.listed_again.len();
            self.find_all().await?;
            // What is listed again for one write may show what others made, whose turn was before it.
            if self.listed_again.len() == listed {
                break;
            }
        }
        for intent in self.intents().await? {
            self.keep_open(&intent);
            self.note("the outcome of an earlier write is still open; its item waits".to_owned());
        }
        Ok(())
    }

    /// Looks for what each open write came to among what was seen.
    async fn find_all(&mut self) -> Result<()> {
        for intent in self.intents().await? {
            if self.half(intent.side).collection(&intent.collection).is_none() {
                continue;
            }
            let read = !self.half(intent.side).failed.contains_key(&intent.collection);
            match intent.write {
                IntentKind::Create => self.recover_seen(&intent, read).await?,
                IntentKind::Update | IntentKind::Move => self.recover_rekeyed(&intent, read).await?,
                IntentKind::Delete | IntentKind::Container | IntentKind::Category => false,
            };
        }
        Ok(())
    }

    /// Whether an item was seen for the first time after a write left. What the run saw that sent the write was there before it:
    /// a run looks first. Where the clock was set back meanwhile, what this run saw first came after it all the same; and it may
    /// have seen it change since.
    fn came_since(&self, intent: &IntentRow, row: &SeenRow) -> bool {
        let first = row.unchanged_at.is_none_or(|at| at >= self.started);
        let by_another_run = row.changed > intent.run;
        // At one instant two runs are told apart by their numbers, as long as nothing was kept for the next one.
        let at_once = row.changed_at == intent.at && self.started == intent.at && by_another_run;
        let set_back = intent.at > self.started && by_another_run;
        first && (set_back || at_once || row.changed_at > intent.at)
    }

    /// Whether an item may be what a create of unknown outcome made.
    pub(crate) fn is_of_open_create(&self, side: Side, row: &SeenRow) -> bool {
        let open = &self.open_creates;
        // A search, not a walk: after a crash both the creates and the rows may be many.
        let carried = || row.mark.as_ref().is_some_and(|mark| open.marks.contains(mark));
        let named = || open.marks.contains(&Mark::from(row.item.to_string()));
        carried() || named() || open.items.contains(&(side, row.collection.clone(), row.item.clone()))
    }

    /// Open intents are at most those of one batch: they are settled before the next is noted.
    pub(super) async fn intents(&self) -> Result<Vec<IntentRow>> {
        self.state().intents(self.sync()).try_collect().await
    }

    fn keep_open(&mut self, intent: &IntentRow) {
        if planted(Break::RecoverFirst) {
            return;
        }
        self.open.extend(intent.link.clone());
        self.open_creates.marks.extend(intent.mark.clone());
        if intent.write == IntentKind::Update {
            self.open_updates.push(intent.clone());
        }
    }

    /// Where the bytes are that a write is about.
    async fn blobs_of(&self, intent: &IntentRow) -> Result<BTreeMap<BlobId, (CollectionId, ItemId)>> {
        let mut blobs = BTreeMap::new();
        if let Some(task) = self.task(intent).await?
            && let Some(source) = task.row(intent.side.other())
        {
            for blob in self.record_of(source)?.blobs() {
                blobs.insert(blob.id.clone(), (source.collection.clone(), source.item.clone()));
            }
        }
        Ok(blobs)
    }

    /// The task that an intent was part of.
    async fn task(&self, intent: &IntentRow) -> Result<Option<Task<R>>> {
        let step: Step = intent.body.read().map_err(|_| damaged("an intent"))?;
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
        self.finish_gone(intent, outcome, None).await
    }

    /// The same; what was made and has `gone` since is missing by the very commit that says that it was made.
    async fn finish_gone(&mut self, intent: &IntentRow, outcome: Outcome<R>, gone: Option<&ItemId>) -> Result<bool> {
        if let (IntentKind::Create, Outcome::Written { id, .. }) = (intent.write, &outcome)
            && self.is_anothers(intent, id).await?
        {
            return self.hold_made(intent).await;
        }
        // What it does not tell may not have arrived: the outcome stays open.
        if let (IntentKind::Create, Outcome::Written { now: Some(now), .. }, Some(target)) = (intent.write, &outcome, &intent.target) {
            let sent = pimkit_core::decode_record::<R>(target)?.fields();
            if now.unread.iter().any(|field| sent.contains_key(field)) {
                return Ok(false);
            }
        }
        let Some(mut task) = self.task(intent).await? else {
            self.commit(vec![StateChange::Settled(intent.id.clone())]).await?;
            return Ok(true);
        };
        let came = self.came_whole(intent, &outcome).await?;
        // What was edited while the outcome was open has been passed over: the link is looked at again.
        task.again = true;
        let unknown = matches!(outcome, Outcome::Unknown(_));
        self.settle(intent.side, &mut task, intent, outcome).await?;
        if intent.write == IntentKind::Create {
            self.tell_edits_since(intent.side, &mut task, intent, came)?;
        }
        if !task.stopped {
            if let Some(link) = &task.link {
                task.base = self.state().bases(std::slice::from_ref(&link.id)).await?.into_iter().flatten().next();
                task.agreed_before = agreed_before(&task.step.agreed, task.base.as_ref());
            }
            self.record(&task).await?;
        }
        if let Some(item) = gone {
            self.see_gone(intent, item);
        }
        self.flush().await?;
        Ok(!unknown)
    }

    /// What waits to be taken down of an item as there is taken down as missing. A process that died between the two would leave it
    /// there for good: no listing names again what it has told to be gone.
    fn see_gone(&mut self, intent: &IntentRow, item: &ItemId) {
        let account = self.half(intent.side).account.id.clone();
        let run = self.run;
        for change in &mut self.waiting {
            if let StateChange::Seen(row) = change
                && (&row.account, &row.collection, &row.item) == (&account, &intent.collection, item)
            {
                row.presence = Presence::Missing { reason: Removal::Unknown };
                row.changed = run;
            }
        }
    }

    /// Whether another sync has seen just what a create was to make: what is missing of it now was taken away since.
    async fn came_whole(&self, intent: &IntentRow, outcome: &Outcome<R>) -> Result<bool> {
        let (IntentKind::Create, Outcome::Written { id, .. }, Some(target)) = (intent.write, outcome, intent.target.as_deref()) else {
            return Ok(false);
        };
        let sent = keys::hash(&pimkit_core::decode_record_fields::<R>(target)?);
        let row = self.sighted(intent, Some(id)).await?;
        Ok(row.is_some_and(|row| row.superseded.iter().any(|(_, was)| *was == sent)))
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

pub(crate) fn found_outcome<R: Record>(stored: Stored<R>) -> Outcome<R> {
    Outcome::Written { id: stored.id.clone(), revision: Some(stored.revision.clone()), now: Some(Box::new(stored)), left_out: Vec::new() }
}
