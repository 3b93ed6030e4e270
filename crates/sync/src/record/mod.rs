//! What a write came to: one commit per item, with its link, base, sightings and journal row.

mod agreed;
mod wrote;

pub(crate) use agreed::{arrived, put};
pub(crate) use wrote::UNNAMED;

use crate::{
    apply::{Task, Wrote},
    keys,
    plan::Linked,
    recover::found_outcome,
    report::LeftOver,
    run::Run,
    step::{Action, SideWrite},
};
use pimkit_core::{
    Error, ErrorKind, Fetched, IntentKind, IntentRow, ItemId, Json, Key, LinkState, Mark, Outcome, Presence, Record, Result, SeenRow, Side,
    StateChange, Stored, TombstoneRow,
};

/// Places that a create tries before what takes them is believed to take all.
const PLACES: u32 = 3;

impl<R: Record> Run<R> {
    /// Takes the answer of a write. What is not known stays an open intent.
    pub(crate) async fn settle(&mut self, side: Side, task: &mut Task<R>, intent: &IntentRow, outcome: Outcome<R>) -> Result<()> {
        match outcome {
            Outcome::Written { id, .. } if intent.write == IntentKind::Create && self.is_anothers(intent, &id).await? => {
                task.stopped = true;
                self.hold_made(intent).await?;
                let done = "held: what was made for it has a link to another item".to_owned();
                self.later([StateChange::StepDone { run: self.run, step: task.number, done }]);
            }
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
                    Some(Wrote::new(id, None, R::default(), None))
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
                        let asked = wrote.asked;
                        // The sighting goes with the intent: what is known of the item is what was written.
                        let mut changes = vec![StateChange::Settled(intent.id.clone())];
                        changes.extend(self.sighting(side, task, &wrote, deletion).await?);
                        self.later(changes);
                        if intent.write == IntentKind::Create {
                            self.claims.insert((side, wrote.item.clone()), intent.link.clone());
                        }
                        task.done.insert(side, wrote);
                        if asked {
                            self.tell_edits_between(side, task, intent)?;
                        }
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
                // Our own write that came twice, or late from a process believed dead: it is taken down as any other.
                let (now, answer) = match now {
                    Some(now) => (Some(now), None),
                    None => self.asked(task.row(side), side).await,
                };
                if let Some(stored) = &now
                    && intent.write == IntentKind::Update
                    && intent.before != intent.target
                    && self.says_what_was_sent(intent, &stored.record)?
                {
                    return Box::pin(self.settle(side, task, intent, found_outcome(Stored::clone(stored)))).await;
                }
                let mut changes = vec![StateChange::Settled(intent.id.clone())];
                match now {
                    Some(stored) => {
                        let epoch = self.epoch(side, &stored.collection).await?;
                        let mut row = self.observed(side, epoch, task.row(side), *stored).await?;
                        if !row.unread.is_empty() {
                            row.epoch = UNNAMED;
                        }
                        changes.push(StateChange::Seen(Box::new(row)));
                    }
                    None => {
                        // Not the revision that it was planned against: asked anew in the next run.
                        if let Some(row) = task.row(side).cloned() {
                            changes.extend(self.reread(row, answer));
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
            match repository.find(&intent.collection, &[Key::Mark(mark.clone())]).await.into_iter().next() {
                Some(Ok(items)) => found = items.into_iter().next(),
                // Whose place it is could not be asked this time. What cannot be asked at all is another thing's.
                Some(Err(error)) if error.kind() != ErrorKind::Unsupported => {
                    self.open_note(task);
                    task.stopped = true;
                    return Ok(());
                }
                _ => {}
            }
        }
        let sent: Option<R> = intent.target.as_deref().and_then(|bytes| pimkit_core::decode_record(bytes).ok());
        // Made for another record of ours, whose answer may be lost: its uid is the copy's, it is not.
        let other = |mark: &Mark| match (keys::parts(mark), intent.mark.as_ref().and_then(keys::parts)) {
            (Some(theirs), Some(own)) => theirs.sync == own.sync && theirs.item != own.item,
            _ => false,
        };
        let ours = |stored: &Stored<R>| {
            let same_uid = stored.record.uid().is_some() && stored.record.uid() == sent.as_ref().and_then(Record::uid);
            (stored.mark.is_some() && stored.mark == intent.mark) || same_uid
        };
        let seen = found.is_some();
        let mut adopted = found.filter(ours);
        if let Some(stored) = &adopted {
            let linked = match side {
                Side::Left => self.state().links_of_hub(self.sync(), std::slice::from_ref(&stored.id)).await?,
                Side::Right => {
                    let (account, ids) = (self.far.account.id.clone(), std::slice::from_ref(&stored.id));
                    self.state().links_of_far(self.sync(), &account, &stored.collection, ids).await?
                }
            };
            let anothers = stored.mark.as_ref().is_some_and(other);
            if anothers || linked.into_iter().flatten().next().is_some() || self.is_anothers(intent, &stored.id).await? {
                // Another place would be refused for the same reason: the uid is another record's, which has its link.
                if stored.mark.is_none() || stored.mark != intent.mark {
                    let taken = "an item with this uid is there already, as another record's; give one of the two another uid";
                    let refused = Outcome::Refused(Error::new(ErrorKind::InvalidData, taken));
                    return Box::pin(self.settle(side, task, intent, refused)).await;
                }
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
            return self.tell_edits_since(side, task, intent, false);
        }
        // Whatever has the place cannot be seen, and has every other place too: its uid is the record's (a trash: nextcloud/server
        // 30096).
        if !seen && task.link.as_ref().is_some_and(|link| link.generation >= PLACES) {
            let taken = "an item that is not shown has the place, perhaps in the trash; empty the trash, or give the record another uid";
            let refused = Outcome::Refused(Error::new(ErrorKind::InvalidData, taken));
            return Box::pin(self.settle(side, task, intent, refused)).await;
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
            let body = Json::of(&task.step)?;
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

    /// What an item is now, whose side did not say it with a conflict; else what it answered.
    async fn asked(&self, row: Option<&SeenRow>, side: Side) -> (Option<Box<Stored<R>>>, Option<Fetched<R>>) {
        let Some(row) = row else { return (None, None) };
        let repository = self.half(side).repository.clone();
        match repository.fetch(&row.collection, std::slice::from_ref(&row.item)).await.into_iter().next() {
            Some(Fetched::Found(stored)) => (Some(stored), None),
            answer => (None, answer),
        }
    }

    /// An item that was not there as it was thought to be, and could not be read.
    fn reread(&self, mut row: SeenRow, answer: Option<Fetched<R>>) -> Option<StateChange> {
        matches!(answer, Some(Fetched::Gone)).then(|| {
            row.presence = Presence::Missing { reason: pimkit_core::Removal::Unknown };
            row.changed = self.run;
            row.changed_at = self.now();
            StateChange::Seen(Box::new(row))
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
                self.release_done(side, &end.collection, item);
            }
        }
        self.later(changes);
        Ok(())
    }
}
