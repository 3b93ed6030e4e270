//! A side that was put back to an older state: a server restored from a backup, a folder checked out anew.
//!
//! An item that stands at a revision that was seen replaced is an edit when it stands alone. Several in one collection, with
//! what vanished at the same time, are a side that was rolled back: then everything that follows from it waits. Approved, the
//! old state is taken as what users made; rejected, the rolled-back side counts as unchanged, and gets back what the other has.

use super::kind::Guard;
use crate::{
    map::FieldMap,
    plan::Linked,
    project::value,
    run::Run,
    step::{Action, End, SideWrite, Step},
};
use pimkit_core::{BaseRow, CollectionId, Delete, Fields, ItemId, Presence, Record, Result, SeenRow, Side};

/// Whether an item is as it was once before, and as it was seen replaced since.
fn stands_as_before(row: &SeenRow) -> bool {
    row.presence == Presence::Present && row.superseded.contains(&(row.revision.clone(), row.hash))
}

impl<R: Record> Run<R> {
    /// Notes ends that stand as they were before, and were not agreed on so.
    pub(crate) fn note_rolled_back(&mut self, linked: &Linked) {
        for side in [Side::Left, Side::Right] {
            let agreed = if side == Side::Left { &linked.link.hub_revision } else { &linked.link.revision };
            if let Some(row) = linked.end(side)
                && *agreed != row.revision
                && stands_as_before(row)
            {
                self.guarding.rolled.entry((side, row.collection.clone())).or_default().insert(row.item.clone());
            }
        }
    }

    /// Whether somebody said that an item is to get back what the other side has of it.
    pub(crate) fn is_put_back(&self, side: Side, collection: &CollectionId, item: &ItemId) -> bool {
        !self.guarding.put_back.is_empty()
            && self.guarding.put_back.contains(&(Guard::RolledBack(side, collection.clone()).scope(), item.to_string()))
    }

    /// The base under which a rolled-back side counts as unchanged: what it says now is what was agreed last, and the other side
    /// has changed since wherever it says something else.
    pub(crate) fn base_of_put_back(
        &self,
        linked: &Linked,
        base: Option<&BaseRow>,
        map: &FieldMap,
        hub: &Fields,
        far: &Fields,
    ) -> Option<BaseRow> {
        let back = |side: Side| linked.end(side).is_some_and(|row| self.is_put_back(side, &row.collection, &row.item));
        let side = [Side::Left, Side::Right].into_iter().find(|side| back(*side))?;
        let mut base = base.cloned()?;
        for pair in map.pairs(&[hub, far, &base.hub, &base.far]) {
            let now = match side {
                Side::Left => value(hub, &pair.left),
                Side::Right => value(far, &pair.right),
            };
            let changed = match side {
                Side::Left => !pair.def.same(value(&base.hub, &pair.left), now),
                Side::Right => !pair.far_def.same(value(&base.far, &pair.right), now),
            };
            if changed && !pair.def.identity {
                crate::record::put(&mut base.hub, &pair.left, now.cloned());
                crate::record::put(&mut base.far, &pair.right, now.cloned());
            }
        }
        Some(base)
    }

    /// An item without a link that stands as it was before: it was deleted since, and is back. Where somebody said so it is
    /// deleted again; true when it is done with.
    pub(crate) async fn is_back_from_before(&mut self, side: Side, row: &SeenRow) -> Result<bool> {
        if !stands_as_before(row) {
            return Ok(false);
        }
        self.guarding.rolled.entry((side, row.collection.clone())).or_default().insert(row.item.clone());
        if !self.is_put_back(side, &row.collection, &row.item) || !self.may_write(side, row) {
            return Ok(false);
        }
        let trash = self.half(side).collection(&row.collection).is_some_and(|c| c.capabilities.trash);
        let write = Some(SideWrite::Delete(if trash { Delete::Trash } else { Delete::Permanent }));
        let here = End { collection: row.collection.clone(), item: Some(row.item.clone()), revision: row.revision.clone(), write };
        let (hub, far) = if side == Side::Left { (here, End::default()) } else { (End::default(), here) };
        let reason = format!("the {} side was rolled back: the item had been deleted", side.word());
        self.push(Step::new(R::KIND, Action::Delete(side), None, hub, far, reason)).await?;
        Ok(true)
    }
}
