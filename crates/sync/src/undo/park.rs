//! Pairs that an undo touched: parked until somebody releases them.

use super::Undone;
use crate::{
    apply::Task,
    pair::Pair,
    run::{Run, component},
    step::Action,
};
use futures::TryStreamExt;
use pimkit_core::{
    CollectionId, Error, ErrorKind, ItemId, JournalQuery, LinkQuery, LinkRow, LinkState, Record, Result, SeenRow, Side, StateChange,
};
use std::collections::BTreeSet;

/// Which parked pairs to release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parked {
    /// All of the sync.
    All,
    /// Those that the undo of this run parked, or that this run parked as an undo.
    Run(u64),
    /// One, by its link.
    Link(String),
}

/// What is read of the report of a run.
#[derive(serde::Deserialize)]
struct Undoing {
    undoes: Option<u64>,
}

impl<R: Record> Run<R> {
    /// What a step of an undo leaves behind: the pair parked, and other syncs told the new id of what was made again.
    pub(crate) async fn park(&mut self, task: &Task<R>, link: LinkRow, undone: &Undone) -> Result<Vec<StateChange>> {
        let mut changes = match task.step.action {
            Action::Delete(side) => {
                let mut link = link;
                match side {
                    Side::Left => (link.hub_item, link.hub_revision) = (None, None),
                    Side::Right => (link.item, link.revision) = (None, None),
                }
                link.again = false;
                link.version += 1;
                vec![StateChange::Link(Box::new(link))]
            }
            _ => self.live(task, link),
        };
        for change in &mut changes {
            if let StateChange::Link(link) = change {
                link.parked = true;
                link.again = false;
            }
        }
        if let (Action::Create(Side::Left), Some(old), Some(wrote)) = (task.step.action, &undone.was, task.done.get(&Side::Left)) {
            changes.extend(self.repoint_others(old, &wrote.item, &task.step.hub.collection).await?);
        }
        Ok(changes)
    }

    /// What other syncs had linked to a record that is made again is theirs again.
    async fn repoint_others(&self, old: &ItemId, new: &ItemId, collection: &CollectionId) -> Result<Vec<StateChange>> {
        let mut changes = Vec::new();
        for sync in self.state().syncs().await? {
            if sync == *self.sync() {
                continue;
            }
            let links = self.state().links_of_hub(&sync, std::slice::from_ref(old)).await?.into_iter().flatten();
            for mut link in links.filter(|l| l.kind == R::KIND && l.hub_account == self.hub.account.id && l.state != LinkState::Suppressed)
            {
                link.hub_item = Some(new.clone());
                link.hub_collection = collection.clone();
                link.hub_revision = None;
                link.again = true;
                link.version += 1;
                changes.push(StateChange::Link(Box::new(link)));
            }
        }
        Ok(changes)
    }
}

impl<R: Record> Pair<R> {
    /// Lets pairs that an undo parked be synced again; how many. They stand as before the run that was undone: edits flow again from
    /// where they were made, and what has no other end any more is new to the next run.
    ///
    /// # Errors
    /// `Config` when there is no such link, or it is not parked; `LeaseLost` while a run is under way; what the state says.
    pub async fn release(&self, which: &Parked) -> Result<u64> {
        let lease = self.shared.state.acquire(&component()).await?;
        let state = &self.shared.state;
        let mut released = 0;
        match which {
            Parked::Link(id) => {
                let link = state.link(id).await?.filter(|link| link.parked && link.sync == self.setup.sync);
                let link = link.ok_or_else(|| Error::new(ErrorKind::Config, "no pair of this link is parked").with("link", id))?;
                let changes = self.released(link).await?;
                state.commit(&lease, changes).await?;
                released += 1;
            }
            Parked::All => {
                let mut links = state.links(LinkQuery::of(&self.setup.sync)).try_chunks(self.setup.page_size as usize);
                while let Some(page) = links.try_next().await.map_err(|e| e.1)? {
                    let mut changes = Vec::new();
                    for link in page.into_iter().filter(|link| link.parked) {
                        changes.extend(self.released(link).await?);
                        released += 1;
                    }
                    state.commit(&lease, changes).await?;
                }
            }
            Parked::Run(run) => {
                let mut undos: BTreeSet<u64> = BTreeSet::from([*run]);
                let mut rows = state.runs(Some(&self.setup.sync));
                while let Some(row) = rows.try_next().await? {
                    if row.report.read::<Undoing>().is_ok_and(|of| of.undoes == Some(*run)) {
                        undos.insert(row.run);
                    }
                }
                drop(rows);
                for undo in undos {
                    let query = JournalQuery { sync: Some(self.setup.sync.clone()), run: Some(undo), item: None };
                    let mut rows = state.journal(query).try_chunks(self.setup.page_size as usize);
                    while let Some(page) = rows.try_next().await.map_err(|e| e.1)? {
                        let ids: BTreeSet<String> = page.into_iter().filter_map(|row| row.link).collect();
                        for id in ids {
                            let Some(link) = state.link(&id).await?.filter(|link| link.parked) else { continue };
                            let changes = self.released(link).await?;
                            state.commit(&lease, changes).await?;
                            released += 1;
                        }
                    }
                }
            }
        }
        Ok(released)
    }

    /// A link as the next run looks at it. One that lacks an end is dropped: what is left of it is new.
    async fn released(&self, mut link: LinkRow) -> Result<Vec<StateChange>> {
        if link.hub_item.is_some() && link.item.is_some() {
            link.parked = false;
            link.again = true;
            link.version += 1;
            return Ok(vec![StateChange::Link(Box::new(link))]);
        }
        let state = &self.shared.state;
        let next = state.last_run().await? + 1;
        let mut changes = vec![StateChange::DropLink(link.id.clone())];
        let ends = [(&link.hub_account, &link.hub_collection, &link.hub_item), (&link.account, &link.collection, &link.item)];
        for (account, collection, item) in ends {
            let Some(item) = item else { continue };
            let rows = state.seen(account, R::KIND, collection, std::slice::from_ref(item)).await?;
            let rows = rows.into_iter().flatten().map(|row| SeenRow { changed: next, ..row });
            changes.extend(rows.map(|row| StateChange::Seen(Box::new(row))));
        }
        Ok(changes)
    }
}
