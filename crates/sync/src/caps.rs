//! How much a run may make or change: what is over the cap is carried over to the next run, in order,
//! and nothing of it is forgotten.
//!
//! Guards have looked at the whole plan before. A step that is carried over is marked as done with in
//! this run, and its link, or the item that has none, is looked at again in the next one; cursors
//! and sightings stand as if there were no cap.

use crate::{
    guard,
    policy::{Caps, Order},
    run::Run,
    step::{SideWrite, Step},
};
use futures::TryStreamExt;
use pimkit_core::{Fields, Json, Record, Result, SeenRow, Side, StateChange, StepRow, When};
use std::collections::{BTreeMap, BinaryHeap};

/// What comes first among steps: the smallest. The last part is the step's number.
type Key = (u8, i64, u64);

/// The caps of a run, by the side that is written to.
#[derive(Debug)]
struct Room {
    most: BTreeMap<Side, u64>,
}

impl Room {
    fn new(caps: &Caps, first: bool) -> Self {
        let by_side = if first { [caps.initial_left, caps.initial_right] } else { [caps.run_left, caps.run_right] };
        let most = [Side::Left, Side::Right].into_iter().zip(by_side).filter_map(|(side, most)| most.map(|most| (side, most))).collect();
        Self { most }
    }

    /// The capped sides on which a step makes or changes something.
    fn sides(&self, step: &Step) -> Vec<Side> {
        // A copy belongs to its conflict, which is settled only with it.
        if step.held.is_some() || step.is_copy() {
            return Vec::new();
        }
        let writes = |side: &Side| {
            let end = if *side == Side::Left { &step.hub } else { &step.far };
            match &end.write {
                Some(SideWrite::Create { .. } | SideWrite::Fields { .. }) => true,
                Some(SideWrite::Delete(_)) | None => false,
            }
        };
        self.most.keys().copied().filter(writes).collect()
    }
}

impl<R: Record> Run<R> {
    /// Carries over what is more than this run may do.
    pub(crate) async fn cap(&mut self) -> Result<()> {
        let Some(caps) = self.setup.policy.caps.of(R::KIND).cloned() else { return Ok(()) };
        let room = Room::new(&caps, !self.has_begun().await?);
        if room.most.is_empty() {
            return Ok(());
        }
        // The last one of each side that has room; nothing but keys is held.
        let mut chosen: BTreeMap<Side, BinaryHeap<Key>> = BTreeMap::new();
        let mut over = false;
        let mut rows = self.state().steps(self.run).try_chunks(self.setup.page_size as usize);
        while let Some(page) = rows.try_next().await.map_err(|e| e.1)? {
            for (_, sides, key, _) in self.keyed(page, &room, caps.order).await? {
                for side in sides {
                    let heap = chosen.entry(side).or_default();
                    heap.push(key);
                    if heap.len() as u64 > room.most.get(&side).copied().unwrap_or(u64::MAX) {
                        heap.pop();
                        over = true;
                    }
                }
            }
        }
        drop(rows);
        if !over {
            return Ok(());
        }
        let last: BTreeMap<Side, Key> = chosen.into_iter().filter_map(|(side, heap)| heap.peek().map(|key| (side, *key))).collect();
        let mut rows = self.state().steps(self.run).try_chunks(self.setup.page_size as usize);
        while let Some(page) = rows.try_next().await.map_err(|e| e.1)? {
            for (row, sides, key, step) in self.keyed(page, &room, caps.order).await? {
                if sides.iter().any(|side| last.get(side).is_none_or(|last| key > *last)) {
                    self.carry_over(row, sides, step).await?;
                }
            }
            self.flush().await?;
        }
        Ok(())
    }

    /// Whether the first run of the sync is over: caps are those of later runs. Where nothing was written down of it, because the
    /// sync had no caps then, its runs tell; unless it was ended since, and begins anew.
    async fn has_begun(&self) -> Result<bool> {
        if self.standing.begun || self.standing.beginnings > 0 {
            return Ok(self.standing.begun);
        }
        let mut runs = self.state().runs(Some(self.sync()));
        while let Some(row) = runs.try_next().await? {
            let wrote = !guard::written_by(&row).is_empty();
            if row.run != self.run && row.finished.is_some() && (wrote || ["done", "partial"].contains(&row.outcome.as_str())) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The first run is over, also where it failed or waits, once it has written something.
    pub(crate) fn note_begun(&mut self) {
        let whole = self.report.failed.is_none() && self.report.holds.is_empty();
        if !self.standing.begun && (whole || self.report.writes() > 0) {
            self.standing.begun = true;
            let row = self.standing_row();
            self.later([row]);
        }
    }

    /// The steps of a page that count, each with the sides on which it does, and its place in the order.
    async fn keyed(&self, page: Vec<StepRow>, room: &Room, order: Order) -> Result<Vec<(StepRow, Vec<Side>, Key, Step)>> {
        let mut keyed = Vec::new();
        for row in page.into_iter().filter(|row| row.done.is_none()) {
            let step = guard::body(&row)?;
            let sides = room.sides(&step);
            if !sides.is_empty() {
                keyed.push((row, sides, (0, 0, 0), step));
            }
        }
        let hub = match order {
            Order::Plan => Vec::new(),
            Order::FutureFirst => self.ends(Side::Left, keyed.iter().map(|(_, _, _, s)| (&s.hub.collection, s.hub.item.as_ref()))).await?,
        };
        let mut hub = hub.into_iter();
        for (row, _, key, step) in &mut keyed {
            let (tier, distance) = match order {
                Order::Plan => (0, 0),
                Order::FutureFirst => self.nearness(step, hub.next().flatten().as_ref())?,
            };
            *key = (tier, distance, row.step);
        }
        Ok(keyed)
    }

    /// Where a step stands when the future comes first: by the time of what is made, or of the hub's record.
    fn nearness(&self, step: &Step, hub: Option<&SeenRow>) -> Result<(u8, i64)> {
        let made = [&step.far.write, &step.hub.write].into_iter().find_map(|write| match write {
            Some(SideWrite::Create { record, .. }) => Some(pimkit_core::decode_record::<R>(record)),
            _ => None,
        });
        let fields = match (made, hub) {
            (Some(made), _) => made?.fields(),
            (None, Some(hub)) => self.fields_of(hub)?,
            (None, None) => Fields::new(),
        };
        Ok(nearness(&fields, self.started.as_second()))
    }

    async fn carry_over(&mut self, mut row: StepRow, sides: Vec<Side>, mut step: Step) -> Result<()> {
        self.uncount(&step);
        sides.into_iter().for_each(|side| self.report.carried_over.add(side));
        let link = match &step.link {
            Some(id) => self.state().link(id).await?,
            None => None,
        };
        self.leave_to_next(&step, link).await?;
        step.carried = true;
        row.body = Json::of(&step)?;
        row.done = Some("carried over".to_owned());
        self.later([StateChange::Step(Box::new(row))]);
        Ok(())
    }
}

/// What lies in the future, nearest first; then what is past, latest first; then what has no time.
fn nearness(fields: &Fields, now: i64) -> (u8, i64) {
    let time = ["start", "due"].into_iter().find_map(|field| {
        let when: When = serde_json::from_value(fields.get(field)?.clone()).ok()?;
        // A time without a zone is in the reader's: taken as UTC, it is off by some hours at most.
        let instant = when.instant().or_else(|| jiff::tz::TimeZone::UTC.to_timestamp(when.wall()).ok())?;
        Some(instant.as_second())
    });
    match time {
        Some(at) if at >= now => (0, at - now),
        Some(at) => (1, now - at),
        None => (2, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_future_comes_first_then_the_latest_past_then_what_has_no_time() {
        let at = |field: &str, value: serde_json::Value| Fields::from_iter([(pimkit_core::Field::from(field), value)]);
        let now: jiff::Timestamp = "2026-03-02T08:00:00Z".parse().unwrap();
        let order: Vec<(u8, i64)> = [
            at("start", json!({"at": "2026-03-02T09:00:00", "zone": {"id": "UTC"}})),
            at("due", json!({"on": "2026-04-01"})),
            at("start", json!({"at": "2026-03-02T07:00:00"})),
            at("start", json!({"at": "2020-01-01T00:00:00", "zone": {"id": "UTC"}})),
            at("title", json!("x")),
        ]
        .iter()
        .map(|fields| nearness(fields, now.as_second()))
        .collect();
        assert!(order.is_sorted(), "{order:?}");
        assert_eq!(order.iter().map(|(tier, _)| *tier).collect::<Vec<_>>(), [0, 0, 1, 1, 2]);
    }
}
