//! The end of a sync, as somebody asks for it: shown before anything is taken away, and begun again.

use crate::{
    pair::Pair,
    policy::Teardown,
    report::{Hold, Report, SyncReport},
    run::component,
    standing::{self, Retiring, Standing},
    teardown::is_made_by_us,
};
use futures::{StreamExt, TryFutureExt, TryStreamExt, stream, stream::BoxStream};
use pimkit_core::{
    AccountId, CollectionId, Error, ItemId, LinkQuery, LinkRow, LinkState, Presence, Record, Result, SeenQuery, SeenRow, State,
    StateChange, SyncId, SyncRow, SyncState,
};
use std::sync::Arc;

/// Whether somebody agreed to what the end of a sync takes away at the far side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Not yet: what would be taken away is shown, and nothing is done.
    Asked,
    /// Yes.
    Given,
}

/// A far item that the end of a sync takes away.
#[derive(Clone, Debug, PartialEq)]
pub struct Going<R> {
    /// Where it is.
    pub collection: CollectionId,
    /// The item.
    pub item: ItemId,
    /// The hub record that it is a copy of; absent where it is none, and goes with the collection that it is in.
    pub hub_item: Option<ItemId>,
    /// The item as it was last read; absent where it could not be.
    pub record: Option<R>,
}

/// Whether the end of a sync deletes the far item of a link as one that it made.
fn is_to_go(link: &LinkRow) -> bool {
    link.state != LinkState::Suppressed && is_made_by_us(link)
}

fn going<R: Record>(row: SeenRow, hub_item: Option<ItemId>) -> Result<Going<R>> {
    let record = row.record.as_deref().map(pimkit_core::decode_record).transpose()?;
    Ok(Going { collection: row.collection, item: row.item, hub_item, record })
}

/// What a sync made at the far side.
fn made<R: Record>(state: Arc<dyn State>, sync: &SyncId) -> BoxStream<'static, Result<Going<R>>> {
    let links = state.links(LinkQuery::of(sync)).try_filter(|link| std::future::ready(link.kind == R::KIND && is_to_go(link)));
    links
        .try_filter_map(move |link| {
            let state = state.clone();
            async move {
                let Some(item) = link.item else { return Ok(None) };
                let rows = state.seen(&link.account, R::KIND, &link.collection, &[item]).await?;
                let there = rows.into_iter().flatten().find(|row| row.presence == Presence::Present);
                there.map(|row| going(row, link.hub_item)).transpose()
            }
        })
        .boxed()
}

/// What is in a collection.
fn inside<R: Record>(
    state: Arc<dyn State>,
    sync: &SyncId,
    account: &AccountId,
    collection: &CollectionId,
) -> BoxStream<'static, Result<Going<R>>> {
    let (sync, account) = (sync.clone(), account.clone());
    let rows = state.seen_rows(SeenQuery::of(&account, R::KIND).within(collection));
    let there = |row: &SeenRow| std::future::ready(!matches!(row.presence, Presence::Missing { .. } | Presence::Gone));
    rows.try_filter(there)
        .and_then(move |row| {
            let (state, sync, account) = (state.clone(), sync.clone(), account.clone());
            async move {
                let links = state.links_of_far(&sync, &account, &row.collection, std::slice::from_ref(&row.item)).await?;
                going(row, links.into_iter().flatten().next().and_then(|link| link.hub_item))
            }
        })
        .boxed()
}

impl<R: Record> Pair<R> {
    /// Ends the sync, as the policy `teardown` says. The hub's records stay, whatever becomes of the far copies. Where some
    /// of those are taken away and nobody agreed to it yet, the report holds what it would be, and the sync goes on.
    ///
    /// It is a run like any other: cut off, it goes on with the next run, or when this is called again. What would mail
    /// somebody is held and shown, and stays.
    ///
    /// # Errors
    /// As [`Pair::run`].
    pub async fn disable(&self, consent: Consent, why: Option<&str>) -> Result<Report> {
        let (shared, setup) = self.parts();
        let teardown = setup.policy.teardown;
        let lease = shared.state.acquire(&component()).await?;
        let row = shared.state.sync(&setup.sync).await?;
        let mut standing = standing::read(row.as_ref())?;
        if row.as_ref().is_none_or(|row| row.state != SyncState::Disabled) {
            let deletes = matches!(teardown, Teardown::DeleteMade | Teardown::DeleteContainer);
            if deletes && consent == Consent::Asked {
                return self.show_end(teardown, &standing).await;
            }
            match teardown {
                Teardown::Leave => standing.retiring = Some(Retiring::Forget),
                Teardown::Archive => standing.retiring = Some(Retiring::Archive),
                Teardown::DeleteMade | Teardown::DeleteContainer => standing.ending = Some(teardown),
            }
            let row = SyncRow {
                sync: setup.sync.clone(),
                state: SyncState::Disabled,
                since: shared.clock.now(),
                why: Some(why.unwrap_or("somebody ended it").to_owned()),
                body: serde_json::to_value(&standing).unwrap_or_default(),
            };
            shared.state.commit(&lease, vec![StateChange::Sync(Box::new(row))]).await?;
        }
        drop(lease);
        let mut report = self.run().await?;
        // That it rests from now on is what was asked for.
        report.sync.notes.retain(|note| !note.starts_with(crate::run::RESTS));
        Ok(report)
    }

    /// What the end would take away.
    async fn show_end(&self, teardown: Teardown, standing: &Standing) -> Result<Report> {
        let (shared, setup) = self.parts();
        let items = self.goes().try_fold(0, |count, _| async move { Ok(count + 1) }).await?;
        let shown = match (teardown, &standing.container) {
            (Teardown::DeleteContainer, Some(own)) => {
                format!("the right collection {} is to be deleted with all that is in it, {items} items as it was read last", own.name)
            }
            _ => format!("{items} items that the sync made on the right are to be deleted"),
        };
        let mut report = SyncReport::new(setup.sync.as_str(), R::KIND, &setup.left_name, &setup.right_name);
        report.held = items;
        report.holds.push(Hold { approve: "teardown".to_owned(), guard: "teardown".to_owned(), shown, items });
        let now = shared.clock.now();
        Ok(Report { run: 0, started: now, finished: now, sync: report })
    }

    /// The far items that the end of the sync takes away, as its policy `teardown` says and as they were read last; none where
    /// all of them stay. Of a collection of the sync's own that is everything in it, linked or not.
    #[must_use]
    pub fn goes(&self) -> BoxStream<'static, Result<Going<R>>> {
        let (shared, setup) = self.parts();
        let (state, setup) = (shared.state.clone(), setup.clone());
        let going = async move {
            let standing = standing::read(state.sync(&setup.sync).await?.as_ref())?;
            let none = stream::empty::<Result<Going<R>>>().boxed();
            Ok::<_, Error>(match (setup.policy.teardown, standing.container) {
                (Teardown::DeleteMade, _) => made(state, &setup.sync),
                (Teardown::DeleteContainer, Some(own)) => inside(state, &setup.sync, &setup.right.account().await?.id, &own.id),
                _ => none,
            })
        };
        going.try_flatten_stream().boxed()
    }

    /// Starts a sync again that was ended: the next run sets it up anew, and takes up the links that were kept aside. A
    /// sync that was not ended is left as it is.
    ///
    /// # Errors
    /// `LeaseLost` while another run has the component; what the state says when it fails.
    pub async fn enable(&self) -> Result<()> {
        let (shared, setup) = self.parts();
        let lease = shared.state.acquire(&component()).await?;
        let Some(row) = shared.state.sync(&setup.sync).await?.filter(|row| row.state == SyncState::Disabled) else { return Ok(()) };
        let mut standing = standing::read(Some(&row))?;
        standing.reviving = true;
        standing.ending = None;
        standing.beginnings += 1;
        standing.begun = false;
        let body = serde_json::to_value(&standing).unwrap_or_default();
        let row = SyncRow { state: SyncState::Active, since: shared.clock.now(), why: None, body, ..row };
        shared.state.commit(&lease, vec![StateChange::Sync(Box::new(row))]).await
    }
}
