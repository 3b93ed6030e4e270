//! The step that takes back one row of the journal, as far as what it wrote still stands.

use super::Undone;
use crate::{
    journal::Trace,
    keys,
    plan::Linked,
    report::LeftOver,
    run::Run,
    scope,
    step::{Action, Agreed, End, SideWrite, Step},
};
use pimkit_core::{Delete, Field, Fields, ItemId, JournalRow, LinkRow, Presence, Record, Result, SeenRow, Side, Value};
use serde::Deserialize as _;
use std::collections::BTreeSet;

impl<R: Record> Run<R> {
    /// Plans to take back one row.
    pub(super) async fn undo_row(&mut self, number: u64, run: u64, row: JournalRow) -> Result<()> {
        let trace = Trace::deserialize(&row.body).unwrap_or_default();
        let link = self.link_of_row(&row).await?;
        if link.as_ref().is_some_and(|link| self.open.contains(&link.id)) {
            self.left_alone(&row, row.side.unwrap_or(Side::Left), "the outcome of a write of it is still open");
            return Ok(());
        }
        let step = match (row.action.as_str(), row.side) {
            ("created", Some(side)) => self.undo_created(side, &row, &trace, link).await?,
            ("deleted", Some(side)) => self.undo_deleted(side, &row, &trace, link).await?,
            _ => self.undo_updated(&row, &trace, link).await?,
        };
        let Some(mut step) = step else { return Ok(()) };
        let was = match step.action {
            Action::Create(Side::Left) => row.hub_item.clone(),
            Action::Create(Side::Right) => row.item.clone(),
            _ => None,
        };
        step.undoes = Some(Undone { run, was });
        step.reread = false;
        self.push_at(number, step).await
    }

    async fn link_of_row(&self, row: &JournalRow) -> Result<Option<LinkRow>> {
        match (&row.link, &row.hub_item) {
            (Some(id), _) => self.state().link(id).await,
            // A copy was made without one, and has got one since.
            (None, Some(item)) => {
                Ok(self.state().links_of_hub(self.sync(), std::slice::from_ref(item)).await?.into_iter().flatten().next())
            }
            (None, None) => Ok(None),
        }
    }

    /// What a row wrote has moved on: it stays as it is, and is named.
    fn left_alone(&mut self, row: &JournalRow, side: Side, why: &str) {
        let ids = match side {
            Side::Left => [&row.hub_item, &row.item],
            Side::Right => [&row.item, &row.hub_item],
        };
        let id = ids.into_iter().flatten().next().map(ToString::to_string).unwrap_or_default();
        self.report.quarantined.push(LeftOver { id, side, error: format!("left as it is: {why}") });
    }

    /// A link with what is at its ends, or the place where the row's items were.
    async fn linked_of(&self, row: &JournalRow, trace: &Trace, link: Option<LinkRow>) -> Result<(Linked, bool)> {
        let known = link.is_some();
        let link = link.unwrap_or_else(|| LinkRow {
            hub_collection: trace.hub.clone(),
            hub_item: row.hub_item.clone(),
            collection: trace.far.clone(),
            item: row.item.clone(),
            ..self.link_of_nothing()
        });
        let linked = self.load(vec![link]).await?.into_iter().next();
        let linked = linked.ok_or_else(|| crate::pair::damaged("a link"))?;
        Ok((linked, known))
    }

    fn step_of(&self, action: Action, linked: &Linked, known: bool, run: u64) -> Step {
        let mut step = self.plain_step(linked, action, format!("undo of run {run}"));
        if !known {
            (step.link, step.link_version) = (None, 0);
        }
        step.policy = Some(format!("undo = {run}"));
        step
    }

    /// What was made is deleted, where it still is what was made.
    async fn undo_created(&mut self, side: Side, row: &JournalRow, trace: &Trace, link: Option<LinkRow>) -> Result<Option<Step>> {
        let (linked, known) = self.linked_of(row, trace, link).await?;
        let Some(seen) = linked.end(side).filter(|seen| seen.presence == Presence::Present).cloned() else {
            let gone_by_us = linked.link.parked || linked.end(side).is_some_and(SeenRow::is_gone_by_engine);
            if !gone_by_us {
                self.left_alone(row, side, "it is not there any more");
            }
            return Ok(None);
        };
        let now = self.fields_of(&seen)?;
        let mut made: Fields = Fields::new();
        made.extend(row.changes.iter().filter(|c| c.side == side).filter_map(|c| Some((c.field.clone(), c.to.clone()?))));
        let moved = pimkit_core::diff_fields::<R>(&made, &now);
        if !moved.is_empty() || !seen.unread.is_empty() {
            let names: Vec<&str> = moved.iter().map(|d| d.field.as_str()).collect();
            self.left_alone(row, side, &format!("it was changed since ({})", names.join(", ")));
            return Ok(None);
        }
        if !self.may_write(side, &seen) {
            self.left_alone(row, side, "it may not be deleted");
            return Ok(None);
        }
        let trash = self.half(side).collection(&seen.collection).is_some_and(|c| c.capabilities.trash);
        let mut step = self.step_of(Action::Delete(side), &linked, known, row.run);
        end_mut(&mut step, side).write = Some(SideWrite::Delete(if trash { Delete::Trash } else { Delete::Permanent }));
        Ok(Some(step))
    }

    /// What was deleted is made again from what it was.
    async fn undo_deleted(&mut self, side: Side, row: &JournalRow, trace: &Trace, link: Option<LinkRow>) -> Result<Option<Step>> {
        let Some(before) = &row.before else {
            self.left_alone(row, side, "what it was is not kept");
            return Ok(None);
        };
        let record: R = pimkit_core::decode_record(before)?;
        let (old, place) = match side {
            Side::Left => (row.hub_item.clone(), &trace.hub),
            Side::Right => (row.item.clone(), &trace.far),
        };
        let old = old.unwrap_or_default();
        // It is back, under its own id or another: brought back by a user, or by an undo that was held half way.
        let mut there = self.ends(side, std::iter::once((place, Some(&old)))).await?.into_iter().flatten().collect::<Vec<_>>();
        if let Some(uid) = record.uid().filter(|uid| !uid.is_empty()) {
            there.extend(self.carriers(side, &keys::uid_key(uid)).await?);
        }
        there.retain(|seen| seen.presence == Presence::Present);
        if let Some(seen) = there.first() {
            let ids = [seen.item.clone()];
            let links = match side {
                Side::Left => self.state().links_of_hub(self.sync(), &ids).await?,
                Side::Right => self.state().links_of_far(self.sync(), &self.far.account.id, &seen.collection, &ids).await?,
            };
            if !links.into_iter().flatten().any(|link| link.parked) {
                self.left_alone(row, side, "it is there again");
            }
            return Ok(None);
        }
        let whole = |link: &LinkRow| if side == Side::Left { link.hub_item.is_some() } else { link.item.is_some() };
        let Some(home) = self.half(side).collection(place).filter(|c| scope::writable(c)).map(|c| c.id.clone()) else {
            self.left_alone(row, side, "the collection that it was in is not there, or may not be written");
            return Ok(None);
        };
        if link.as_ref().is_some_and(whole) || !self.setup.policy.writes(side) {
            self.left_alone(row, side, "another item has its place, or the side may not be written");
            return Ok(None);
        }
        let generation = u32::try_from(self.run).unwrap_or(u32::MAX);
        let mark = keys::mint(self.sync(), &ItemId::from(format!("undo:{old}")), generation);
        let write = Some(SideWrite::Create { mark, generation, record: before.clone() });
        let made = End { collection: home, item: None, revision: None, write };
        let mut step = match link {
            Some(link) => {
                let linked = self.load(vec![link]).await?.into_iter().next().ok_or_else(|| crate::pair::damaged("a link"))?;
                self.step_of(Action::Create(side), &linked, true, row.run)
            }
            None => {
                let other = if side == Side::Left { trace.far.clone() } else { trace.hub.clone() };
                let rest = End { collection: other, ..End::default() };
                let (hub, far) = if side == Side::Left { (End::default(), rest) } else { (rest, End::default()) };
                let step = Step::new(R::KIND, Action::Create(side), None, hub, far, format!("undo of run {}", row.run));
                Step { policy: Some(format!("undo = {}", row.run)), ..step }
            }
        };
        *end_mut(&mut step, side) = made;
        Ok(Some(step))
    }

    /// What was changed gets its value back, where it still has the one that was written.
    async fn undo_updated(&mut self, row: &JournalRow, trace: &Trace, link: Option<LinkRow>) -> Result<Option<Step>> {
        let Some(link) = link else {
            self.left_alone(row, Side::Left, "it was deleted, or parted from its other end, since");
            return Ok(None);
        };
        let (linked, known) = self.linked_of(row, trace, Some(link)).await?;
        let mut step = self.step_of(Action::Agree, &linked, known, row.run);
        let mut stays: BTreeSet<(Side, Field)> = BTreeSet::new();
        for side in [Side::Left, Side::Right] {
            let changes: Vec<_> = row.changes.iter().filter(|c| c.side == side).collect();
            if changes.is_empty() {
                continue;
            }
            let Some(seen) = linked.end(side).filter(|seen| seen.presence == Presence::Present) else {
                self.left_alone(row, side, "it is not there any more");
                return Ok(None);
            };
            let now = self.fields_of(seen)?;
            let def = |field: &Field| R::catalogue().field(field.as_str());
            let same = |field: &Field, a: Option<&Value>, b: Option<&Value>| def(field).is_some_and(|def| def.same(a, b));
            let mut moved: BTreeSet<Field> = BTreeSet::new();
            for change in &changes {
                let is = now.get(&change.field);
                let stands = same(&change.field, is, change.to.as_ref()) || same(&change.field, is, change.from.as_ref());
                if !stands || seen.unread.contains(&change.field) || !self.may_write(side, seen) {
                    moved.insert(change.field.clone());
                }
            }
            // What belongs together goes back together, or not at all.
            let groups: BTreeSet<&str> = moved.iter().filter_map(|field| def(field)?.group).collect();
            moved.extend(
                changes.iter().map(|c| &c.field).filter(|f| def(f).and_then(|d| d.group).is_some_and(|g| groups.contains(g))).cloned(),
            );
            let back = changes.iter().filter(|c| !moved.contains(&c.field) && !same(&c.field, now.get(&c.field), c.from.as_ref()));
            let fields: Fields = back.map(|c| (c.field.clone(), c.from.clone().unwrap_or(Value::Null))).collect();
            if !moved.is_empty() {
                let names: Vec<&str> = moved.iter().map(Field::as_str).collect();
                self.left_alone(row, side, &format!("it was changed since, or may not be written ({})", names.join(", ")));
            }
            if !fields.is_empty() {
                let from = fields.keys().map(|f| (f.clone(), now.get(f).cloned().unwrap_or(Value::Null))).collect();
                end_mut(&mut step, side).write = Some(SideWrite::Fields { fields, from });
                step.action = Action::Update;
            }
            stays.extend(moved.into_iter().map(|field| (side, field)));
        }
        let goes = |a: &&Agreed| !stays.contains(&(Side::Left, a.left.clone())) && !stays.contains(&(Side::Right, a.right.clone()));
        step.agreed = trace.agreed.iter().filter(goes).cloned().collect();
        // Taken back already, by an undo that was held half way.
        let nothing = step.action == Action::Agree && linked.link.parked;
        Ok((!nothing).then_some(step))
    }
}

fn end_mut(step: &mut Step, side: Side) -> &mut End {
    match side {
        Side::Left => &mut step.hub,
        Side::Right => &mut step.far,
    }
}
