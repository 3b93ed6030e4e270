//! What the app knows of a record changes without the record, and so do the views that list it: each
//! run goes over all hub records once and finds the links that came in or went out since.

use super::{Scoped, facts::BY_APP};
use crate::run::Run;
use futures::TryStreamExt;
use pimkit_core::{CollectionId, ItemId, LinkRow, LinkState, Presence, Record, Result, SeenQuery, SeenRow, StateChange};

impl<R: Record> Run<R> {
    /// Marks the links whose record is no more on the side of the scope that the link says, so that they are planned in
    /// this run. No far request is made.
    pub(crate) async fn sweep_scope(&mut self) -> Result<()> {
        if !self.setup.policy.asks_the_app() && self.standing.aliases.is_empty() {
            return Ok(());
        }
        let read = |id: &CollectionId| !self.hub.failed.contains_key(id);
        let ids: Vec<CollectionId> = self.hub.collections.iter().map(|c| c.id.clone()).filter(read).collect();
        for id in ids {
            let query = SeenQuery::of(&self.hub.account.id, R::KIND).within(&id);
            let mut rows = self.state().seen_rows(query).try_chunks(self.setup.page_size as usize);
            while let Some(page) = rows.try_next().await.map_err(|e| e.1)? {
                self.sweep_page(page).await?;
            }
        }
        self.forget_facts();
        if !self.aliased && !self.standing.aliases.is_empty() && !self.far.is_incomplete() && self.hub.failed.is_empty() {
            // Where no item carries a name any more, what a user calls so from then on is the user's own. A provider may
            // rename its items some time after the list: three runs must say so.
            self.standing.aliases.values_mut().for_each(|clean| *clean += 1);
            self.standing.aliases.retain(|_, clean| *clean < 3);
            let row = self.standing_row();
            self.later([row]);
        }
        Ok(())
    }

    async fn sweep_page(&mut self, rows: Vec<SeenRow>) -> Result<()> {
        self.forget_facts();
        let rows: Vec<SeenRow> = rows.into_iter().filter(|row| row.presence == Presence::Present).collect();
        let ids: Vec<ItemId> = rows.iter().map(|row| row.item.clone()).collect();
        self.ask(ids.iter()).await?;
        let links = self.state().links_of_hub(self.sync(), &ids).await?;
        let mut pairs: Vec<(SeenRow, LinkRow)> = Vec::new();
        for (row, link) in rows.into_iter().zip(links) {
            let Some(link) = link.filter(|link| !link.again && sweeps(link)) else { continue };
            match (self.hub_scope(&row).await?, link.state == LinkState::OutOfScope) {
                (Scoped::Inside, true) if !link.note.as_deref().is_some_and(|note| note.starts_with(BY_APP)) => {}
                (Scoped::Inside, true) | (Scoped::Outside(_), false) => self.look_again(link),
                (Scoped::Inside, false) => pairs.push((row, link)),
                (Scoped::Outside(_), true) | (Scoped::Unknown, _) => {}
            }
        }
        self.sweep_tags(pairs).await?;
        self.flush().await
    }

    /// Has a link planned in this run.
    pub(crate) fn look_again(&mut self, mut link: LinkRow) {
        link.again = true;
        link.version += 1;
        self.later([StateChange::Link(Box::new(link))]);
    }
}

/// Whether scope is of any matter to the link.
fn sweeps(link: &LinkRow) -> bool {
    !link.parked && !matches!(link.state, LinkState::Suppressed | LinkState::Shadowed | LinkState::Archived)
}
