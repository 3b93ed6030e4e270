//! The end of a sync, and its beginning again: what becomes of its links and of the far copies. The
//! hub's records always stay.

use crate::{
    pair::Pair,
    run::Run,
    standing::{self, Retiring},
};
use futures::TryStreamExt;
use pimkit_core::{IntentRow, LinkQuery, LinkRow, LinkState, Presence, Record, Result, Side, StateChange, SyncRow, SyncState};

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

    /// Takes the links up again that were kept aside when the sync was ended: those whose ends are both still there. What
    /// else became of an end meanwhile is nobody's deletion; the other end is new to the sync.
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
                let change = if there(Side::Left) && there(Side::Right) && self.far.collection(&linked.link.collection).is_some() {
                    let link = LinkRow { state: LinkState::Live, again: true, note: None, version: linked.link.version + 1, ..linked.link };
                    vec![StateChange::Link(Box::new(link))]
                } else {
                    self.drop_archived(linked.link)
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

    fn drop_archived(&self, link: LinkRow) -> Vec<StateChange> {
        vec![StateChange::DropTombstone { sync: self.sync().clone(), link: link.id.clone() }, StateChange::DropLink(link.id)]
    }
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
    /// Starts a sync again that was ended: the next run sets it up anew, and takes up the links that were kept aside. A
    /// sync that was not ended is left as it is.
    ///
    /// # Errors
    /// `LeaseLost` while another run has the component; what the state says when it fails.
    pub async fn enable(&self) -> Result<()> {
        let (shared, setup) = self.parts();
        let lease = shared.state.acquire(&crate::run::component()).await?;
        let Some(row) = shared.state.sync(&setup.sync).await?.filter(|row| row.state == SyncState::Disabled) else { return Ok(()) };
        let mut standing = standing::read(Some(&row))?;
        standing.reviving = true;
        standing.beginnings += 1;
        standing.begun = false;
        let body = serde_json::to_value(&standing).unwrap_or_default();
        let row = SyncRow { state: SyncState::Active, since: shared.clock.now(), why: None, body, ..row };
        shared.state.commit(&lease, vec![StateChange::Sync(Box::new(row))]).await
    }
}
