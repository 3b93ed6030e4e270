//! What waits for somebody's word: conflicts under `conflicts = ask`, and what a guard holds.

use crate::{
    failure::Result,
    kinds::with_kind,
    output::{Out, shown},
    reading,
};
use futures::TryStreamExt;
use pimkit::{
    AccountId, ApprovalRow, CollectionId, Field, ItemId, Kind, LinkQuery, LinkRow, Record, Side, State, SyncId, Value,
    sync::{self, ShownItem},
};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// More of one sort are summed up for people.
pub(crate) const SHOWN: usize = 20;

/// A field that both sides changed, and what each of them has of it.
struct Undecided {
    left: Field,
    right: Field,
    values: [Option<Value>; 2],
}

/// A pair of records that waits.
pub(crate) struct Waiting {
    link: LinkRow,
    /// What the record is called.
    name: String,
    /// Why it waits, in one line.
    why: String,
    /// Whether somebody can decide which side wins.
    open: bool,
    fields: Vec<Undecided>,
}

/// An item without a link that waits: several others fit it, or it is a duplicate.
pub(crate) struct Unlinked {
    side: Side,
    collection: CollectionId,
    item: ItemId,
    name: String,
    why: String,
}

/// Everything of a sync that waits for somebody's word.
#[derive(Default)]
pub(crate) struct All {
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) unlinked: Vec<Unlinked>,
    pub(crate) approvals: Vec<ApprovalRow>,
}

impl All {
    pub(crate) async fn read(state: &Arc<dyn State>, sync: &str, kind: Kind) -> Result<Self> {
        let waiting = waiting(state, sync, kind).await?;
        let unlinked = with_kind!(kind, R => sync::unlinked::<R>(state.clone(), &sync.into()).map_ok(of_unlinked).try_collect().await)?;
        Ok(Self { waiting, unlinked, approvals: sync::held(state.as_ref(), &sync.into()).await? })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.unlinked.is_empty() && self.approvals.is_empty()
    }

    /// The object for programs.
    pub(crate) async fn json(&self, state: &dyn State, sync: &str, kind: Kind) -> Result<Value> {
        let mut approvals = Vec::new();
        for row in &self.approvals {
            let held = held_json(state, &row.sync, kind, &row.items).await?;
            approvals.push(json!({ "id": row.id, "run": row.run, "guard": row.guard, "shown": row.shown, "held": held }));
        }
        Ok(json!({
            "name": sync,
            "waiting": self.waiting.iter().map(Waiting::json).collect::<Vec<_>>(),
            "unlinked": self.unlinked.iter().map(Unlinked::json).collect::<Vec<_>>(),
            "approvals": approvals,
        }))
    }

    /// The lines for people; `file` is the configuration.
    pub(crate) async fn tell(&self, state: &dyn State, sync: &str, kind: Kind, file: &str, out: &mut Out) -> Result<()> {
        for row in &self.approvals {
            tell_approval(state, kind, file, row, out).await?;
        }
        tell(sync, &self.waiting, out)?;
        for one in self.unlinked.iter().take(SHOWN) {
            let side = one.side.word();
            out.line(format_args!("{sync}: waits: {} ({side} {} in {}): {}", one.name, one.item, one.collection, one.why))?;
        }
        more(sync, self.unlinked.len(), out)
    }
}

impl Unlinked {
    fn json(&self) -> Value {
        json!({ "side": self.side.word(), "collection": self.collection, "id": self.item, "name": self.name, "why": self.why })
    }
}

fn of_unlinked<R: Record>(one: sync::Unlinked<R>) -> Unlinked {
    let name = one.record.as_ref().map_or_else(|| "(no name)".to_owned(), reading::title);
    Unlinked { side: one.side, collection: one.collection, item: one.item, name, why: one.why }
}

/// What a guard holds, and how it is answered.
pub(crate) async fn tell_approval(state: &dyn State, kind: Kind, file: &str, row: &ApprovalRow, out: &mut Out) -> Result<()> {
    out.line(format_args!("{}: waits: {} ({} items)", row.sync, row.shown, row.items.len()))?;
    tell_held(state, &row.sync, kind, &row.items, out).await?;
    out.line(format_args!("    if that is right: pimkit sync -c {file} --approve {}; if not: --reject", row.id))
}

/// The held links of a sync, with what both sides have of what is to be decided.
pub(crate) async fn waiting(state: &Arc<dyn State>, sync: &str, kind: Kind) -> Result<Vec<Waiting>> {
    Ok(with_kind!(kind, R => sync::conflicts::<R>(state.clone(), &sync.into()).map_ok(of_waiting).try_collect().await)?)
}

fn of_waiting<R: Record>(waiting: pimkit::sync::Waiting<R>) -> Waiting {
    let fields = waiting.fields.into_iter().map(|f| Undecided { left: f.left, right: f.right, values: [f.hub, f.far] });
    let name = waiting.hub.as_ref().or(waiting.far.as_ref()).map_or_else(|| "(no name)".to_owned(), reading::title);
    Waiting { fields: fields.collect(), open: waiting.open, name, why: waiting.why, link: waiting.link }
}

/// The two records of a link, as they were last read.
async fn ends<R: Record>(state: &dyn State, link: &LinkRow) -> Result<(Option<R>, Option<R>)> {
    let left = record::<R>(state, &link.hub_account, &link.hub_collection, link.hub_item.as_ref()).await?;
    let right = record::<R>(state, &link.account, &link.collection, link.item.as_ref()).await?;
    Ok((left, right))
}

async fn record<R: Record>(state: &dyn State, account: &AccountId, collection: &CollectionId, item: Option<&ItemId>) -> Result<Option<R>> {
    let Some(item) = item else { return Ok(None) };
    let rows = state.seen(account, R::KIND, collection, std::slice::from_ref(item)).await?;
    let bytes = rows.into_iter().flatten().next().and_then(|row| row.record);
    Ok(bytes.and_then(|bytes| pimkit::decode_record(&bytes).ok()))
}

impl Waiting {
    /// The link, as a decision names it.
    pub(crate) fn link(&self) -> &str {
        &self.link.id
    }

    /// Whether one of its records has this id.
    pub(crate) fn is_of(&self, record: &str) -> bool {
        [&self.link.hub_item, &self.link.item].into_iter().flatten().any(|item| item.as_str() == record)
    }

    /// The object for programs.
    pub(crate) fn json(&self) -> Value {
        let field = |f: &Undecided| {
            let [left, right] = &f.values;
            json!({ "left": { "field": f.left, "value": left }, "right": { "field": f.right, "value": right } })
        };
        json!({
            "left": self.link.hub_item,
            "right": self.link.item,
            "name": self.name,
            "why": self.why,
            "open": self.open,
            "fields": self.fields.iter().map(field).collect::<Vec<_>>(),
        })
    }
}

/// The lines for people.
pub(crate) fn tell(sync: &str, waiting: &[Waiting], out: &mut Out) -> Result<()> {
    for one in waiting.iter().take(SHOWN) {
        let id = |item: &Option<ItemId>| item.as_ref().map_or("-".to_owned(), ToString::to_string);
        let (left, right) = (id(&one.link.hub_item), id(&one.link.item));
        out.line(format_args!("{sync}: waits: {} ({left} <-> {right}): {}", one.name, one.why))?;
        for field in &one.fields {
            let [left, right] = &field.values;
            out.line(format_args!("    left  {}: {}", field.left, shown(left.as_ref())))?;
            out.line(format_args!("    right {}: {}", field.right, shown(right.as_ref())))?;
        }
        if one.open {
            out.line(format_args!(
                "    to decide: `pimkit conflicts --take left {shown}`, or `--take right`; or write the value that is to stay on both sides",
                shown = if one.link.hub_item.is_some() { &left } else { &right },
            ))?;
        }
    }
    more(sync, waiting.len(), out)
}

pub(crate) fn more(sync: &str, count: usize, out: &mut Out) -> Result<()> {
    match count.saturating_sub(SHOWN) {
        0 => Ok(()),
        rest => out.line(format_args!("{sync}: and {rest} more; --json lists all")),
    }
}

/// What items are called, as far as they are linked.
async fn names(state: &dyn State, sync: &SyncId, kind: Kind, items: &[ShownItem]) -> Result<BTreeMap<ShownItem, String>> {
    let mut wanted: BTreeSet<&ShownItem> = items.iter().collect();
    let mut names = BTreeMap::new();
    let mut links = state.links(LinkQuery::of(sync));
    while !wanted.is_empty() {
        let Some(link) = links.try_next().await? else { break };
        let ends = [(Side::Left, &link.hub_collection, &link.hub_item), (Side::Right, &link.collection, &link.item)];
        for (side, collection, id) in ends {
            let Some(id) = id else { continue };
            for place in [None, Some((side, collection.clone()))] {
                let shown = ShownItem { place, id: id.clone() };
                if wanted.remove(&shown) {
                    names.insert(shown, with_kind!(kind, R => name_of::<R>(state, &link).await)?);
                }
            }
        }
    }
    Ok(names)
}

async fn name_of<R: Record>(state: &dyn State, link: &LinkRow) -> Result<String> {
    let (left, right) = ends::<R>(state, link).await?;
    Ok(left.as_ref().or(right.as_ref()).map_or_else(|| "(no name)".to_owned(), reading::title))
}

/// The items that a guard holds, for programs.
pub(crate) async fn held_json(state: &dyn State, sync: &SyncId, kind: Kind, items: &[String]) -> Result<Value> {
    let items: Vec<ShownItem> = items.iter().map(|item| ShownItem::parse(item)).collect();
    let names = names(state, sync, kind, &items).await?;
    let object = |item: &ShownItem| match &item.place {
        None => json!({ "id": item.id, "name": names.get(item) }),
        Some((side, collection)) => {
            json!({ "id": item.id, "name": names.get(item), "side": side.word(), "collection": collection })
        }
    };
    Ok(items.iter().map(object).collect())
}

/// The items that a guard holds, for people.
pub(crate) async fn tell_held(state: &dyn State, sync: &SyncId, kind: Kind, items: &[String], out: &mut Out) -> Result<()> {
    let first: Vec<ShownItem> = items.iter().take(SHOWN).map(|item| ShownItem::parse(item)).collect();
    let names = names(state, sync, kind, &first).await?;
    for item in &first {
        match names.get(item) {
            Some(name) => out.line(format_args!("    {} ({name})", item.id))?,
            None => out.line(format_args!("    {}", item.id))?,
        }
    }
    more(sync.as_str(), items.len(), out)
}
