//! What becomes of the links and the far copies of a sync that ends or begins again. The hub's records always stay.

use crate::{
    container::About,
    ground::Ground,
    keys,
    pair::{Pair, Plan},
    plan::Linked,
    policy::Teardown,
    report::Progress,
    run::Run,
    standing::{Own, Retiring},
    step::{Action, SideWrite},
};
use futures::TryStreamExt;
use pimkit_core::{
    CollectionId, Delete, ErrorKind, IntentRow, ItemId, JournalRow, LinkQuery, LinkRow, LinkState, Outcome, Presence, Record, Result,
    SeenQuery, SeenRow, Side, StateChange, WriteOptions,
};

impl<R: Record> Run<R> {
    /// Finishes what was begun with the links of a sync that was ended; may be done again after a crash.
    pub(crate) async fn finish_retiring(&mut self) -> Result<()> {
        let Some(how) = self.standing.retiring else { return Ok(()) };
        // Nothing that was open matters any more: neither side is written for this sync.
        let intents: Vec<IntentRow> = self.state().intents(self.sync()).try_collect().await?;
        self.later(intents.into_iter().filter(|i| i.kind == R::KIND).map(|intent| StateChange::Settled(intent.id)));
        let mut links = self.state().links(LinkQuery::of(self.sync())).try_chunks(self.setup.page_size as usize);
        while let Some(page) = links.try_next().await.map_err(|e| e.1)? {
            let page: Vec<StateChange> = page.into_iter().filter(|link| link.kind == R::KIND).flat_map(|link| retired(link, how)).collect();
            self.commit(page).await?;
        }
        drop(links);
        if let Some(gone) = self.standing.gone.take() {
            self.forget_collection(&gone).await?;
        }
        self.standing.retiring = None;
        let row = self.standing_row();
        self.commit(vec![row]).await
    }

    /// Takes the links up again that were kept aside when the sync was ended. What became of an end meanwhile is carried
    /// over to nobody: a far copy that is gone is made again, and one whose record is gone is left alone.
    pub(crate) async fn revive(&mut self) -> Result<()> {
        if !self.standing.reviving {
            return Ok(());
        }
        let mut query = LinkQuery::of(self.sync());
        query.states = vec![LinkState::Archived];
        let mut waits = false;
        let mut links = self.state().links(query).try_chunks(self.setup.page_size as usize);
        while let Some(page) = links.try_next().await.map_err(|e| e.1)? {
            let page = page.into_iter().filter(|link| link.kind == R::KIND).collect();
            for linked in self.load(page).await? {
                let unread =
                    self.hub.failed.contains_key(&linked.link.hub_collection) || self.far.failed.contains_key(&linked.link.collection);
                if unread {
                    waits = true;
                    continue;
                }
                let there =
                    |side: Side| linked.end(side).is_some_and(|row| !matches!(row.presence, Presence::Missing { .. } | Presence::Gone));
                let read = self.far.collection(&linked.link.collection).is_some();
                let state = match (there(Side::Left), there(Side::Right) && read) {
                    (true, true) => Some(LinkState::Live),
                    // As of what was deleted while it was out of scope: it is left alone, and not made again on the hub.
                    (false, true) if linked.hub.is_some() => Some(LinkState::OutOfScope),
                    _ => None,
                };
                let change = match state {
                    Some(state) => {
                        let link = LinkRow { state, again: true, note: None, version: linked.link.version + 1, ..linked.link };
                        vec![StateChange::Link(Box::new(link))]
                    }
                    None => self.drop_archived(linked.link),
                };
                self.later(change);
            }
            self.flush().await?;
        }
        drop(links);
        if !waits {
            self.standing.reviving = false;
            let row = self.standing_row();
            self.commit(vec![row]).await?;
        }
        Ok(())
    }

    /// Plans to take away what the sync made at the far side. Only that of which the hub still has its own.
    async fn plan_ending(&mut self) -> Result<()> {
        self.progress(Progress::Stage { stage: "match", of: None });
        let mut stale: Vec<StateChange> = self.unfinished.iter().map(|run| StateChange::DropSteps(*run)).collect();
        stale.push(StateChange::DropSteps(self.run));
        self.commit(stale).await?;
        if self.standing.ending != Some(Teardown::DeleteMade) {
            return Ok(());
        }
        let mut links = self.state().links(LinkQuery::of(self.sync())).try_chunks(self.setup.page_size as usize);
        while let Some(page) = links.try_next().await.map_err(|e| e.1)? {
            for linked in self.made(page).await? {
                let Some(far) = linked.far.clone() else { continue };
                // What was not read this time may have been edited: nothing of that would be kept.
                if self.far.failed.contains_key(&far.collection) {
                    continue;
                }
                let trash = self.far.collection(&far.collection).is_some_and(|c| c.capabilities.trash);
                let mode = if trash { Delete::Trash } else { Delete::Permanent };
                let mut step = self.plain_step(&linked, Action::Delete(Side::Right), "the sync was ended".to_owned());
                step.far.write = Some(SideWrite::Delete(mode));
                step.policy = Some("teardown = delete_made".to_owned());
                step.ends = true;
                self.push(step).await?;
            }
            self.flush().await?;
        }
        Ok(())
    }

    /// Of a page of links those whose far item the sync made, while both items are there and nothing is open.
    async fn made(&self, page: Vec<LinkRow>) -> Result<Vec<Linked>> {
        let made = |link: &LinkRow| link.kind == R::KIND && link.state != LinkState::Suppressed && is_made_by_us(link);
        let there = |row: Option<&SeenRow>| row.is_some_and(|row| row.presence == Presence::Present);
        let linked = self.load(page.into_iter().filter(made).collect()).await?;
        Ok(linked.into_iter().filter(|l| there(l.hub.as_ref()) && there(l.far.as_ref()) && !self.open.contains(&l.link.id)).collect())
    }

    /// Finishes the end of a sync, once what it made is away.
    pub(crate) async fn finish_ending(&mut self) -> Result<()> {
        let Some(ending) = self.standing.ending else { return Ok(()) };
        if self.report.failed.is_some() {
            return Ok(());
        }
        let done = match ending {
            Teardown::DeleteContainer => self.delete_container().await?,
            _ => self.is_all_away().await?,
        };
        if !done {
            return Ok(());
        }
        self.standing.ending = None;
        self.standing.retiring = Some(if ending == Teardown::DeleteContainer { Retiring::Archive } else { Retiring::Forget });
        let row = self.standing_row();
        self.commit(vec![row]).await?;
        self.finish_retiring().await
    }

    /// Whether nothing that the sync made is left but what was refused, and shown.
    async fn is_all_away(&mut self) -> Result<bool> {
        let mut left = u64::from(!self.far.failed.is_empty());
        let mut links = self.state().links(LinkQuery::of(self.sync())).try_chunks(self.setup.page_size as usize);
        while let Some(page) = links.try_next().await.map_err(|e| e.1)? {
            let open = page.iter().filter(|link| self.open.contains(&link.id)).count();
            let rest = self.made(page).await?;
            let waits = rest.iter().filter(|l| !matches!(l.link.state, LinkState::Held | LinkState::Quarantined)).count();
            left += (open + waits) as u64;
        }
        drop(links);
        if left > 0 {
            self.note("some far items that the sync made are not away yet; the next run goes on".to_owned());
        }
        Ok(left == 0)
    }

    /// Deletes the sync's own collection. False when that is still to be done.
    async fn delete_container(&mut self) -> Result<bool> {
        let Some(own) = self.standing.container.clone() else { return Ok(true) };
        let there = self.far.collection(&own.id).is_some();
        let repository = self.far.repository.clone();
        let Some(folders) = repository.folders().filter(|_| there) else {
            if !self.is_container_gone(&own).await? {
                return Ok(false);
            }
            self.standing.gone = Some(own.id);
            self.standing.container = None;
            return Ok(true);
        };
        if !self.is_container_read(&own).await? {
            return Ok(false);
        }
        self.journal_container(&own.id).await?;
        let intent = self.container_intent(&own.id, None, &About::Delete);
        self.commit(vec![StateChange::Intent(Box::new(intent.clone()))]).await?;
        match folders.delete(&own.id, &WriteOptions::default()).await {
            Outcome::Written { .. } => {}
            Outcome::Refused(error) if error.kind() == ErrorKind::CollectionGone => {}
            Outcome::Refused(error) if error.kind() == ErrorKind::WouldNotify => {
                self.later([StateChange::Settled(intent.id)]);
                self.report.held += 1;
                self.note(format!("the right collection {} stays, since to delete it would mail people: {error}", own.name));
                // It stays as it is, and is nobody's from here on.
                self.standing.container = None;
                return Ok(true);
            }
            Outcome::Refused(error) => {
                self.commit(vec![StateChange::Settled(intent.id)]).await?;
                self.note(format!("the right collection {} could not be deleted, and is in the next run: {error}", own.name));
                return Ok(false);
            }
            Outcome::Conflict { .. } | Outcome::Unknown(_) => {
                self.note(format!("it is not known whether the right collection {} was deleted; the next run finds out", own.name));
                return Ok(false);
            }
        }
        self.later([StateChange::Settled(intent.id)]);
        self.report.deleted.add(Side::Right);
        self.standing.gone = Some(own.id);
        self.standing.container = None;
        Ok(true)
    }

    /// Whether the container is away. A listing that leaves it out is no proof.
    async fn is_container_gone(&mut self, own: &Own) -> Result<bool> {
        match self.look_twice(&own.id).await {
            Ok(None) => Ok(true),
            Ok(Some(_)) => {
                self.note(format!("the right collection {} was not listed, and is there; the next run goes on", own.name));
                Ok(false)
            }
            Err(error) => {
                self.note(format!("it could not be found out whether the right collection {} is there: {error}", own.name));
                Ok(false)
            }
        }
    }

    /// Whether everything in the container was read as it is now, so that the journal has all of it once it is deleted. What
    /// cannot be read, and what is of another kind, is kept by nobody else: while such a thing is in it, it stays.
    async fn is_container_read(&mut self, own: &Own) -> Result<bool> {
        if !self.far.is_incomplete() {
            self.observe_whole(Side::Right, &own.id).await?;
        }
        if self.far.is_incomplete() || self.far.unread.contains(&own.id) {
            self.note(format!(
                "the right collection {} could not be read to its end, and stays until it is known what would go; the next run goes on",
                own.name
            ));
            return Ok(false);
        }
        let mut kept = 0;
        let mut rows = self.state().seen_rows(SeenQuery::of(&self.far.account.id, R::KIND).within(&own.id));
        while let Some(row) = rows.try_next().await? {
            let gone = matches!(row.presence, Presence::Missing { .. } | Presence::Gone);
            kept += u64::from(!gone && (row.presence != Presence::Present || row.record.is_none()));
        }
        drop(rows);
        if kept > 0 {
            self.report.held += kept;
            self.note(format!(
                "the right collection {} stays: {kept} items in it are of another kind or cannot be read, and would be lost; move them \
                 away, or delete the collection yourself",
                own.name
            ));
        }
        Ok(kept == 0)
    }

    /// Writes down what was in the container, item by item.
    async fn journal_container(&mut self, id: &CollectionId) -> Result<()> {
        let query = SeenQuery::of(&self.far.account.id, R::KIND).within(id);
        let mut rows = self.state().seen_rows(query).try_chunks(self.setup.page_size as usize);
        while let Some(page) = rows.try_next().await.map_err(|e| e.1)? {
            let ids: Vec<ItemId> = page.iter().map(|row| row.item.clone()).collect();
            let links = self.state().links_of_far(self.sync(), &self.far.account.id, id, &ids).await?;
            // What was not named may be there all the same.
            let there = page.into_iter().zip(links).filter(|(row, _)| row.presence != Presence::Gone);
            let rows = there.map(|(row, link)| {
                StateChange::Journal(Box::new(JournalRow {
                    seq: 0,
                    run: self.run,
                    sync: self.sync().clone(),
                    at: self.now(),
                    kind: R::KIND,
                    link: link.as_ref().map(|link| link.id.clone()),
                    hub_item: link.and_then(|link| link.hub_item),
                    account: row.account,
                    item: Some(row.item),
                    action: "deleted".to_owned(),
                    side: Some(Side::Right),
                    policy: Some("teardown = delete_container".to_owned()),
                    why: "the sync was ended, and its own collection goes with all that is in it".to_owned(),
                    changes: Vec::new(),
                    lost: Vec::new(),
                    before: row.record,
                    body: pimkit_core::Value::Null,
                }))
            });
            self.commit(rows.collect()).await?;
        }
        Ok(())
    }

    fn drop_archived(&self, link: LinkRow) -> Vec<StateChange> {
        vec![StateChange::DropTombstone { sync: self.sync().clone(), link: link.id.clone() }, StateChange::DropLink(link.id)]
    }
}

/// Whether the far item of a link was made by the sync, and not joined: its mark is ours and names the hub record.
pub(crate) fn is_made_by_us(link: &LinkRow) -> bool {
    let parts = link.mark.as_ref().and_then(keys::parts).filter(|parts| keys::is_of(parts, &link.sync));
    let of_hub = |parts: keys::MarkParts| link.hub_item.as_ref().is_some_and(|item| keys::names(&parts, item));
    link.origin == Side::Left && !link.parked && parts.is_some_and(of_hub)
}

/// What becomes of a link of a sync that is ended.
fn retired(mut link: LinkRow, how: Retiring) -> Vec<StateChange> {
    match how {
        Retiring::Forget => {
            vec![StateChange::DropTombstone { sync: link.sync.clone(), link: link.id.clone() }, StateChange::DropLink(link.id)]
        }
        // What says that somebody deleted an end, or merged it away, goes on saying so.
        Retiring::Archive if matches!(link.state, LinkState::Suppressed | LinkState::Shadowed | LinkState::Archived) => Vec::new(),
        Retiring::Archive => {
            link.state = LinkState::Archived;
            link.note = Some("the sync was ended".to_owned());
            link.again = false;
            link.version += 1;
            vec![StateChange::Link(Box::new(link))]
        }
    }
}

impl<R: Record> Pair<R> {
    /// The plan of a sync that is being ended: what it made at the far side goes.
    pub(crate) async fn plan_end(&self, mut run: Run<R>) -> Result<(Plan, Ground<R>)> {
        run.set_up(false).await?;
        run.recover().await?;
        run.observe(Side::Right).await?;
        run.find_again().await?;
        let recovered = run.take_counts();
        run.plan_ending().await?;
        run.note_run("planned", None).await?;
        Ok(run.planned(false, recovered))
    }
}
