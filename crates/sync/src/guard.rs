//! What must wait until somebody has looked at it.
//!
//! A guard marks steps as held and writes down what it saw: an approval covers those items and
//! those counts, and no more. The guards of today: a collection with links that lists none of them,
//! and deletions under `deletes = ask`. Further guards are further entries of [`Guards`].

use crate::{
    pair::damaged,
    report::{Hold, PerSide},
    run::Run,
    step::{Action, Step},
};
use futures::TryStreamExt;
use pimkit_core::{
    ApprovalRow, CollectionId, Error, ErrorKind, ItemId, LinkQuery, LinkState, Presence, Record, Result, Side, StateChange, StepRow,
    cursor::binding,
};
use serde::Deserialize as _;
use std::collections::BTreeMap;

/// Items that one guard holds, by what it holds them for.
#[derive(Debug, Default)]
struct Guards {
    /// Items said to be deleted, by the side and collection that lost them.
    lost: BTreeMap<(Side, CollectionId), Vec<String>>,
    /// Items that `deletes = ask` would delete.
    asked: Vec<String>,
}

impl<R: Record> Run<R> {
    /// Holds what must wait. Approvals given to this run are noted first.
    pub(crate) async fn guard(&mut self) -> Result<()> {
        self.grant().await?;
        self.count_unchanged().await?;
        let mut waiting = self.unanswered().await?;
        if self.losses == 0 {
            // Nothing to guard: the steps are not read for it.
            return self.let_go(waiting).await;
        }
        let mut guards = Guards::default();
        let mut steps = self.state().steps(self.run);
        while let Some(row) = steps.try_next().await? {
            let step = body(&row)?;
            if let Some((side, collection, id)) = lost_end(&step) {
                guards.lost.entry((side, collection)).or_default().push(id.clone());
                if step.held.is_some() {
                    guards.asked.push(id);
                }
            }
        }
        drop(steps);
        let mut held: BTreeMap<(Side, CollectionId), String> = BTreeMap::new();
        for ((side, collection), items) in &guards.lost {
            if let Some(links) = self.emptied(*side, collection).await? {
                let links = links.max(items.len() as u64);
                let shown = format!("the {} collection {collection} lists none of its {links} linked items", side.word());
                if let Some(id) = self.hold("emptied", &shown, items).await? {
                    held.insert((*side, collection.clone()), id);
                }
            }
        }
        // What was held and not answered stays held, item by item, whatever else has come meanwhile.
        let mut still: BTreeMap<String, String> = BTreeMap::new();
        for ((side, collection), items) in &guards.lost {
            if held.contains_key(&(*side, collection.clone())) {
                waiting.retain(|row| !row.items.iter().any(|i| items.contains(i)));
                continue;
            }
            for row in &waiting {
                let lost: Vec<&String> = items.iter().filter(|i| row.items.contains(i)).collect();
                if lost.is_empty() {
                    continue;
                }
                let count = lost.len() as u64;
                still.extend(lost.into_iter().map(|item| (item.clone(), row.id.clone())));
                self.report.holds.push(Hold { approve: row.id.clone(), guard: row.guard.clone(), shown: row.shown.clone(), items: count });
                self.report.held += count;
            }
        }
        waiting.retain(|row| !still.values().any(|id| *id == row.id));
        self.let_go(waiting).await?;
        let asked = if guards.asked.is_empty() {
            None
        } else {
            let shown = format!("{} items are to be deleted", guards.asked.len());
            self.hold("ask", &shown, &guards.asked).await?
        };
        self.mark_held(&held, &still, asked.as_deref()).await
    }

    /// How many linked items a collection had that lists none of them; none when one is there still.
    async fn emptied(&self, side: Side, collection: &CollectionId) -> Result<Option<u64>> {
        let mut query = LinkQuery::of(self.sync());
        query.states = vec![LinkState::Live, LinkState::Held, LinkState::Quarantined, LinkState::Pending];
        query.collection = Some((side, collection.clone()));
        let mut links = self.state().links(query).try_chunks(self.setup.page_size as usize);
        let mut count = 0;
        while let Some(page) = links.try_next().await.map_err(|e| e.1)? {
            // One whose item is still to be made says nothing about those that were there.
            let items: Vec<ItemId> =
                page.into_iter().filter_map(|link| if side == Side::Left { link.hub_item } else { link.item }).collect();
            let rows = self.state().seen(&self.half(side).account.id, R::KIND, collection, &items).await?;
            if rows.into_iter().flatten().any(|row| !matches!(row.presence, Presence::Missing { .. } | Presence::Gone)) {
                return Ok(None);
            }
            count += items.len() as u64;
        }
        Ok(Some(count))
    }

    /// What was held because a collection listed none of its items, and nobody has answered.
    async fn unanswered(&self) -> Result<Vec<ApprovalRow>> {
        let rows = self.state().approvals(self.sync()).await?;
        Ok(rows.into_iter().filter(|row| row.guard == "emptied" && row.granted.is_none()).collect())
    }

    /// Nothing of these is missing any more: they need no answer. Unless something was not read:
    /// then nothing is known of it.
    async fn let_go(&mut self, rows: Vec<ApprovalRow>) -> Result<()> {
        if !self.hub.failed.is_empty() || !self.far.failed.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let rows = rows.into_iter().map(|row| StateChange::Approval(Box::new(ApprovalRow { used: Some(now), ..row })));
        let rows: Vec<StateChange> = rows.collect();
        self.commit(rows).await
    }

    /// Notes the approvals given to this run.
    async fn grant(&mut self) -> Result<()> {
        for id in &self.setup.clone().approvals {
            let Some(mut row) = self.state().approval(id).await? else { continue };
            if row.sync != *self.sync() {
                continue;
            }
            if row.used.is_some() {
                return Err(Error::new(ErrorKind::Config, "this approval was used up already; run without it and look at what is held")
                    .with("approve", id));
            }
            if row.granted.is_none() {
                row.granted = Some(self.now());
                self.commit(vec![StateChange::Approval(Box::new(row))]).await?;
            }
        }
        Ok(())
    }

    /// Holds these items for a guard, unless an approval covers them. The same items make the same id.
    async fn hold(&mut self, guard: &str, shown: &str, items: &[String]) -> Result<Option<String>> {
        let mut sorted = items.to_vec();
        sorted.sort();
        let count = sorted.len() as u64;
        let mut waiting = None;
        for mut row in self.state().approvals(self.sync()).await? {
            // What an earlier run held and nobody has answered is asked under the same id.
            if row.guard == guard && row.granted.is_none() && row.items == sorted {
                waiting = Some(row.id.clone());
            }
            let covers = row.guard == guard && row.granted.is_some() && sorted.iter().all(|i| row.items.contains(i));
            if covers && row.ceilings.get("items").is_none_or(|most| count <= *most) {
                row.used = Some(self.now());
                self.commit(vec![StateChange::Approval(Box::new(row))]).await?;
                return Ok(None);
            }
        }
        let mut parts = vec![self.sync().to_string(), guard.to_owned(), self.run.to_string()];
        parts.extend(sorted.iter().cloned());
        let id = waiting.unwrap_or_else(|| format!("{guard}-{:08x}", binding(&parts) >> 32));
        let row = ApprovalRow {
            id: id.clone(),
            sync: self.sync().clone(),
            run: self.run,
            guard: guard.to_owned(),
            shown: shown.to_owned(),
            items: sorted,
            ceilings: BTreeMap::from([("items".to_owned(), count)]),
            granted: None,
            used: None,
        };
        self.commit(vec![StateChange::Approval(Box::new(row))]).await?;
        self.report.holds.push(Hold { approve: id.clone(), guard: guard.to_owned(), shown: shown.to_owned(), items: count });
        self.report.held += count;
        Ok(Some(id))
    }

    async fn mark_held(
        &mut self,
        emptied: &BTreeMap<(Side, CollectionId), String>,
        still: &BTreeMap<String, String>,
        asked: Option<&str>,
    ) -> Result<()> {
        let mut steps = self.state().steps(self.run);
        while let Some(mut row) = steps.try_next().await? {
            let mut step = body(&row)?;
            let Some((side, collection, item)) = lost_end(&step) else { continue };
            let by = emptied
                .get(&(side, collection))
                .or_else(|| still.get(&item))
                .cloned()
                .or_else(|| step.held.as_ref().and(asked.map(str::to_owned)));
            if by.is_some() {
                self.uncount(&step);
            }
            if by != step.held {
                step.held = by;
                row.body = serde_json::to_value(&step).map_err(|_| damaged("a step"))?;
                self.later([StateChange::Step(Box::new(row))]);
            }
        }
        drop(steps);
        self.flush().await
    }

    /// Takes back what was counted of a step that is held.
    fn uncount(&mut self, step: &Step) {
        let less = |counts: &mut PerSide, side: Side| {
            let count = if side == Side::Left { &mut counts.left } else { &mut counts.right };
            *count = count.saturating_sub(1);
        };
        match step.action {
            Action::Create(side) => less(&mut self.report.created, side),
            Action::Delete(side) => less(&mut self.report.deleted, side),
            _ => {}
        }
    }

    /// Counts what a step means to write, for the dry run, and what there is to guard.
    pub(crate) fn count(&mut self, step: &Step) {
        self.touched += u64::from(step.action == Action::Update);
        self.losses += u64::from(lost_end(step).is_some());
        match step.action {
            Action::Create(side) => self.report.created.add(side),
            Action::Delete(side) => self.report.deleted.add(side),
            Action::Update => {
                for (side, end) in [(Side::Left, &step.hub), (Side::Right, &step.far)] {
                    if end.write.is_some() {
                        self.report.updated.add(side);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The end that a step takes for deleted, and the item that it is about.
fn lost_end(step: &Step) -> Option<(Side, CollectionId, String)> {
    let end = |side: Side| if side == Side::Left { &step.hub } else { &step.far };
    let (lost, named) = match step.action {
        Action::Delete(rest) | Action::Suppress(rest) => (rest.other(), rest.other()),
        // One that was deleted, but edited on the other side, is made again.
        Action::Create(on) if step.evidence.is_some() => (on, on.other()),
        _ => return None,
    };
    // Of one whose place another item has taken, only the other end has an id.
    end(named).item.as_ref().or(end(named.other()).item.as_ref()).map(|item| (lost, end(lost).collection.clone(), item.to_string()))
}

pub(crate) fn body(row: &StepRow) -> Result<Step> {
    Step::deserialize(&row.body).map_err(|_| damaged("a step"))
}
