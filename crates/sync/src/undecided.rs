//! What waits for somebody to decide, and what becomes of it when somebody does.

use crate::{
    engine::Engine,
    pair::Pair,
    plan::word,
    policy::{Conflicts, Policy},
    run::{Run, component},
};
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use pimkit_core::{
    AccountId, ApprovalRow, CollectionId, Error, ErrorKind, Field, ItemId, JournalQuery, LinkQuery, LinkRow, LinkState, QuarantineRow,
    Record, Result, Side, State, StateChange, SyncId, Value,
};
use std::{borrow::Cow, sync::Arc};

/// How it is said that somebody must decide about a pair.
pub(crate) const DECIDE: &str = "decide which one stays";

/// How it is said that one of a pair was deleted.
pub(crate) fn was_deleted(side: Side) -> String {
    format!("the {} item was deleted", side.word())
}

/// Whether it is for somebody to say which side wins: both changed a field, or one was deleted and the other is still there. What
/// waits for anything else would keep the answer for a later conflict that nobody has seen.
fn is_open(link: &LinkRow) -> bool {
    let said = |note: &str| note.contains(DECIDE) || [Side::Left, Side::Right].iter().any(|side| note.starts_with(&was_deleted(*side)));
    link.state == LinkState::Held && link.note.as_deref().is_some_and(said)
}

/// A field that both sides changed, and what each of them has of it now.
#[derive(Clone, Debug, PartialEq)]
pub struct Undecided {
    /// The hub's field.
    pub left: Field,
    /// The far field.
    pub right: Field,
    /// What the hub has.
    pub hub: Option<Value>,
    /// What the far side has.
    pub far: Option<Value>,
}

/// A pair of items that waits for somebody.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting<R> {
    /// Their link.
    pub link: LinkRow,
    /// Why it waits, in one line.
    pub why: String,
    /// Whether it is for somebody to [decide](Engine::decide) which side wins; else it waits for something else.
    pub open: bool,
    /// What is to be decided, field by field; none where it is the whole item.
    pub fields: Vec<Undecided>,
    /// The hub's record as it was last read.
    pub hub: Option<R>,
    /// The far side's.
    pub far: Option<R>,
}

/// Everything of a sync that waits for somebody, read from the state page by page.
#[must_use]
pub fn conflicts<R: Record>(state: Arc<dyn State>, sync: &SyncId) -> BoxStream<'static, Result<Waiting<R>>> {
    let mut query = LinkQuery::of(sync);
    query.states = vec![LinkState::Held];
    let links = state.links(query);
    links
        .and_then(move |link| {
            let state = state.clone();
            async move { waiting(state.as_ref(), link).await }
        })
        .boxed()
}

/// An item without a link that waits for somebody: several others fit it, or it is a duplicate under `duplicates = hold`.
#[derive(Clone, Debug, PartialEq)]
pub struct Unlinked<R> {
    /// Its side.
    pub side: Side,
    /// Where it is.
    pub collection: CollectionId,
    /// The item.
    pub item: ItemId,
    /// Why it waits and what can be done about it, in one line.
    pub why: String,
    /// The item as it was last read.
    pub record: Option<R>,
}

/// Every item of a sync without a link that waits for somebody, read from the state page by page.
#[must_use]
pub fn unlinked<R: Record>(state: Arc<dyn State>, sync: &SyncId) -> BoxStream<'static, Result<Unlinked<R>>> {
    let asks = |row: &QuarantineRow| std::future::ready(row.asks && row.kind == R::KIND);
    let rows = state.quarantine(sync).try_filter(asks);
    rows.and_then(move |row| {
        let state = state.clone();
        async move {
            let record = record::<R>(state.as_ref(), &row.account, &row.collection, Some(&row.item)).await?;
            Ok(Unlinked { side: row.side, collection: row.collection, item: row.item, why: row.error, record })
        }
    })
    .boxed()
}

/// What guards hold of a sync, and the last run asked for.
///
/// # Errors
/// What the state says when it fails.
pub async fn held(state: &dyn State, sync: &SyncId) -> Result<Vec<ApprovalRow>> {
    let last = state.runs(Some(sync)).try_next().await?.map(|row| row.run);
    let mut rows = state.approvals(sync).await?;
    // What it did not ask for again has taken care of itself, or is asked for later.
    rows.retain(|row| row.granted.is_none() && row.rejected.is_none() && Some(row.run) == last);
    Ok(rows)
}

async fn waiting<R: Record>(state: &dyn State, link: LinkRow) -> Result<Waiting<R>> {
    let hub = record::<R>(state, &link.hub_account, &link.hub_collection, link.hub_item.as_ref()).await?;
    let far = record::<R>(state, &link.account, &link.collection, link.item.as_ref()).await?;
    // The journal says which fields; what the records have of them may have changed since.
    let item = link.item.clone().or_else(|| link.hub_item.clone());
    let mut rows = state.journal(JournalQuery { sync: Some(link.sync.clone()), run: None, item });
    let mut held = Vec::new();
    let open = is_open(&link);
    while let (true, Some(row)) = (open, rows.try_next().await?) {
        if row.action == "held" && row.link.as_deref() == Some(&link.id) {
            held = row.changes;
        }
    }
    let value = |record: &Option<R>, change: &pimkit_core::FieldChange| match record {
        Some(record) => record.get(change.field.as_str()),
        None => change.to.clone(),
    };
    let (lefts, rights): (Vec<_>, Vec<_>) = held.into_iter().partition(|change| change.side == Side::Left);
    let fields =
        lefts.into_iter().zip(rights).map(|(l, r)| Undecided { hub: value(&hub, &l), far: value(&far, &r), left: l.field, right: r.field });
    Ok(Waiting { fields: fields.collect(), open, why: link.note.clone().unwrap_or_default(), link, hub, far })
}

async fn record<R: Record>(state: &dyn State, account: &AccountId, collection: &CollectionId, item: Option<&ItemId>) -> Result<Option<R>> {
    let Some(item) = item else { return Ok(None) };
    let rows = state.seen(account, R::KIND, collection, std::slice::from_ref(item)).await?;
    let bytes = rows.into_iter().flatten().next().and_then(|row| row.record);
    bytes.map(|bytes| pimkit_core::decode_record(&bytes)).transpose()
}

impl Engine {
    /// Says which side wins what is in conflict in a link: the next run takes it for that merge, and for no later one.
    ///
    /// # Errors
    /// `Config` when there is no such link, or nothing of it waits; `LeaseLost` while a run is under way.
    pub async fn decide(&self, link: &str, side: Side) -> Result<()> {
        let lease = self.shared.state.acquire(&component()).await?;
        let refuse = |why: &'static str| Error::new(ErrorKind::Config, why).with("link", link);
        let row = self.shared.state.link(link).await?;
        let mut row = row.ok_or_else(|| refuse("there is no such pair of items; list what waits and take one of it"))?;
        if !is_open(&row) {
            return Err(refuse("nothing of this pair waits for a decision; list what waits and take one of it"));
        }
        row.decision = Some(side);
        row.again = true;
        row.version += 1;
        self.shared.state.commit(&lease, vec![StateChange::Link(Box::new(row))]).await
    }
}

impl<R: Record> Pair<R> {
    /// Everything of this sync that waits for somebody, with what both sides have of it.
    #[must_use]
    pub fn conflicts(&self) -> BoxStream<'static, Result<Waiting<R>>> {
        conflicts(self.shared.state.clone(), &self.setup.sync)
    }

    /// As [`Engine::decide`].
    ///
    /// # Errors
    /// As [`Engine::decide`].
    pub async fn decide(&self, link: &str, side: Side) -> Result<()> {
        Engine { shared: self.shared.clone() }.decide(link, side).await
    }
}

impl<R: Record> Run<R> {
    /// The policies for one pair: where somebody decided, that side wins.
    pub(crate) fn policy_of(&self, link: &LinkRow) -> Cow<'_, Policy> {
        let Some(side) = link.decision else { return Cow::Borrowed(&self.setup.policy) };
        let conflicts = if side == Side::Left { Conflicts::Left } else { Conflicts::Right };
        Cow::Owned(Policy { conflicts, ..self.setup.policy.clone() })
    }

    /// What decided the conflicts of a pair, for its journal.
    pub(crate) fn word_of_conflicts(&self, link: &LinkRow) -> String {
        match link.decision {
            Some(side) => format!("decided = {}", side.word()),
            None => format!("conflicts = {}", word(&self.setup.policy.conflicts)),
        }
    }
}
