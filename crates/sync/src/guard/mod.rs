//! What must wait until somebody has looked at it.
//!
//! Guards look at the plan as a whole, before caps cut it down, in this order: a side that was rolled back, a collection with
//! links that lists none of them, deletions under `deletes = ask`, two full sides of which a first run recognises nothing on the
//! other, and too many writes of one sort within 24 hours, by share or by number, per collection and on the hub. What one guard
//! holds is shown by no later one. A yes is a yes to the sort of write that was shown, and to no other: who agrees that a
//! thousand items are changed has not agreed that they lose a field. Held steps wait in every run until they are answered or have
//! taken care of themselves; all others go on.

mod answers;
mod fate;
mod held;
mod kind;
mod marked;
mod refused;
mod rolled_back;
mod state_lost;
mod tally;

pub use kind::ShownItem;
pub use tally::Tally;
pub(crate) use tally::{Sort, written_by};

use crate::{pair::damaged, run::Run, step::Step};
use answers::Answers;
use fate::Fates;
use futures::TryStreamExt;
use kind::Guard;
use pimkit_core::{ApprovalRow, CollectionId, ItemId, LinkQuery, Presence, Record, Result, SeenQuery, Side, StateChange, StepRow, SyncId};
use std::collections::{BTreeMap, BTreeSet};
use tally::Place;

pub(crate) const ROLLED_BACK: &str = "rolled_back";
const STATE_LOST: &str = "state_lost";

/// What the guards of a run know.
#[derive(Debug, Default)]
pub(crate) struct Guarding {
    /// What the plan means to write.
    planned: Vec<Tally>,
    /// How many items the plan takes for deleted, by where they were.
    lost: BTreeMap<(Side, CollectionId), u64>,
    /// Steps that `deletes = ask` holds.
    asked: u64,
    /// Items that stand as they were before.
    rolled: BTreeMap<(Side, CollectionId), BTreeSet<ItemId>>,
    /// Items, by the scope of their guard, that are to get back what the other side has.
    put_back: BTreeSet<(String, String)>,
    /// The sync had no link when the plan was begun.
    first: bool,
    answers: Answers,
}

impl<R: Record> Run<R> {
    /// Before anything is planned: what was answered, and whether the sync is new.
    pub(crate) async fn before_guards(&mut self) -> Result<()> {
        self.hear().await?;
        self.guarding.first = self.state().count_links(LinkQuery::of(self.sync())).await? == 0;
        Ok(())
    }

    /// Holds what must wait.
    pub(crate) async fn guard(&mut self) -> Result<()> {
        self.count_unchanged().await?;
        let day = if self.guarding.planned.is_empty() { Vec::new() } else { self.day().await? };
        let guards = self.guards(&day).await?;
        if !guards.is_empty() {
            let mut found: BTreeMap<&Guard, Vec<(u64, String)>> = BTreeMap::new();
            let mut fates = Fates::default();
            let mut steps = self.state().steps(self.run);
            while let Some(row) = steps.try_next().await? {
                let step = body(&row)?;
                for guard in &guards {
                    if let Some(item) = guard.item(&step, &self.guarding.rolled) {
                        fates.note(guard, row.step, &step);
                        found.entry(guard).or_default().push((row.step, item));
                    }
                }
            }
            drop(steps);
            for (guard, mut steps) in found {
                let held: Vec<_> = steps.iter().filter(|(number, _)| fates.is_held(*number)).cloned().collect();
                self.guarding.answers.put_off(guard, &held, &mut fates);
                steps.retain(|(number, _)| fates.is_open(guard, *number));
                self.judge(guard, steps, &day, &mut fates).await?;
            }
            for (id, waiting) in fates.answers() {
                self.follow(&id, waiting);
            }
            self.mark(fates).await?;
        }
        self.answered = self.answered();
        Ok(())
    }

    /// The guards that may have something to say.
    async fn guards(&self, day: &[(SyncId, Tally)]) -> Result<BTreeSet<Guard>> {
        let state = &self.guarding;
        let limits = &self.setup.policy.guards;
        let mut guards = BTreeSet::new();
        for ((side, collection), items) in &state.rolled {
            let guard = Guard::RolledBack(*side, collection.clone());
            let lost = state.lost.get(&(*side, collection.clone())).copied().unwrap_or_default();
            let several = limits.rolled_back > 0 && items.len() as u64 + lost >= limits.rolled_back;
            if several || state.answers.has(&guard) {
                guards.insert(guard);
            }
        }
        guards.extend(state.lost.keys().map(|(side, collection)| Guard::Emptied(*side, collection.clone())));
        if state.asked > 0 {
            guards.insert(Guard::Ask);
        }
        if self.is_stranger_to_itself().await? {
            guards.insert(Guard::MatchesNothing);
        }
        for tally in &state.planned {
            let side = if tally.hub { Side::Left } else { Side::Right };
            let mut places = vec![Place::Collection(side, tally.collection.clone())];
            places.extend(tally.hub.then_some(Place::Hub));
            for (place, sort) in places.into_iter().flat_map(|place| tally.sorts().into_iter().map(move |sort| (place.clone(), sort))) {
                let planned = match place {
                    Place::Hub => state.planned.iter().filter(|t| t.hub).map(|t| t.of(&sort)).sum(),
                    Place::Collection(..) => tally.of(&sort),
                };
                let passed = self.is_too_much(&place, &sort, planned, day).await?.is_some();
                let guard = Guard::Many(sort, place, side);
                if passed || state.answers.has(&guard) {
                    guards.insert(guard);
                }
            }
        }
        Ok(guards)
    }

    /// Whether both sides hold much, and a first run recognises nothing.
    async fn is_stranger_to_itself(&self) -> Result<bool> {
        let least = self.setup.policy.guards.matches_nothing;
        let creates: u64 = self.guarding.planned.iter().map(|t| t.creates).sum();
        if least == 0 || !self.guarding.first || self.report.linked > 0 || creates == 0 {
            return Ok(false);
        }
        for half in [&self.hub, &self.far] {
            let mut there = 0;
            for collection in &half.collections {
                let mut rows = self.state().seen_rows(SeenQuery::of(&half.account.id, R::KIND).within(&collection.id));
                while let (true, Some(row)) = (there < least, rows.try_next().await?) {
                    there += u64::from(row.presence == Presence::Present);
                }
            }
            if there < least {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Says what is too much of it, where so many writes of a sort in a place are.
    async fn is_too_much(&self, place: &Place, sort: &Sort, planned: u64, day: &[(SyncId, Tally)]) -> Result<Option<String>> {
        let guards = &self.setup.policy.guards;
        let mut limit = match sort {
            Sort::Creates => guards.creates,
            Sort::Deletes => guards.deletes,
            Sort::Updates => guards.updates,
            Sort::Cleared(_) => guards.cleared,
        };
        let done = self.done(day, place, sort);
        let count = planned + done;
        // What does not pass where the fewest are linked that there can be needs no counting.
        if planned == 0 || !limit.is_passed(count, 0) || !limit.is_passed(count, self.linked_at_least(place).await?.saturating_sub(done)) {
            return Ok(None);
        }
        let linked = self.linked_in(place).await?;
        let before = match sort {
            Sort::Deletes => linked + done,
            Sort::Creates => linked.saturating_sub(done),
            Sort::Updates | Sort::Cleared(_) => linked,
        };
        if *sort == Sort::Creates && before == 0 && !self.holds_others(place, linked).await? {
            // The first sync into an empty side makes everything there is.
            limit.percent = None;
        }
        if !limit.is_passed(count, before) {
            return Ok(None);
        }
        let within = match place {
            Place::Collection(side, collection) => format!("the {} collection {collection}", side.word()),
            Place::Hub => "the hub".to_owned(),
        };
        let doing = match sort {
            Sort::Creates => "made".to_owned(),
            Sort::Deletes => "deleted".to_owned(),
            Sort::Updates => "changed".to_owned(),
            Sort::Cleared(field) => format!("changed so that {field} is empty"),
        };
        Ok(Some(format!("{count} items would be {doing} in {within} within a day, where {before} are linked")))
    }

    /// What a guard has to say of these steps.
    async fn judge(&mut self, guard: &Guard, mut steps: Vec<(u64, String)>, day: &[(SyncId, Tally)], fates: &mut Fates) -> Result<()> {
        steps.retain(|(number, item)| {
            let Some(id) = self.guarding.answers.refused(guard, item) else { return true };
            fates.refuse(guard, *number, item, &id);
            false
        });
        if steps.is_empty() {
            return Ok(());
        }
        if let Some(id) = self.guarding.answers.allowed(guard, &steps) {
            steps.iter().for_each(|(number, item)| fates.allow(guard, *number, item, &id));
            return Ok(());
        }
        if let Some(shown) = self.objection(guard, &steps, day).await? {
            let id = self.hold(guard, &shown, &steps).await?;
            steps.iter().for_each(|(number, _)| fates.hold(*number, &id));
            return Ok(());
        }
        // What was held and not answered stays held, item by item, whatever else has come meanwhile.
        for row in self.guarding.answers.unanswered(guard, &steps) {
            let mut still = Answers::shown_in(&row, &steps);
            still.retain(|(number, _)| fates.is_open(guard, *number));
            if !still.is_empty() {
                let asked = ApprovalRow { run: self.run, ..row.clone() };
                self.later([StateChange::Approval(Box::new(asked))]);
                self.show(&row, still.len() as u64);
                still.iter().for_each(|(number, _)| fates.hold(*number, &row.id));
            }
        }
        Ok(())
    }

    /// Why a guard does not let these steps go, in one line.
    async fn objection(&self, guard: &Guard, steps: &[(u64, String)], day: &[(SyncId, Tally)]) -> Result<Option<String>> {
        let count = steps.len() as u64;
        Ok(match guard {
            Guard::RolledBack(side, collection) => {
                let least = self.setup.policy.guards.rolled_back;
                let shown =
                    format!("{count} items of the {} collection {collection} are as they were before: it was put back", side.word());
                (least > 0 && count >= least).then_some(shown)
            }
            Guard::Emptied(side, collection) => self
                .emptied(*side, collection)
                .await?
                .map(|links| format!("the {} collection {collection} lists none of its {} linked items", side.word(), links.max(count))),
            Guard::StateLost => None,
            Guard::Ask => Some(format!("{count} items are to be deleted")),
            Guard::MatchesNothing => {
                Some(format!("both sides are full, and nothing on one is on the other: {count} items would be made on the other side"))
            }
            Guard::Many(sort, place, _) => self.is_too_much(place, sort, count, day).await?,
        })
    }

    /// How many linked items a collection had that lists none of them; none when one is there still.
    async fn emptied(&self, side: Side, collection: &CollectionId) -> Result<Option<u64>> {
        let mut query = LinkQuery::of(self.sync());
        query.states = tally::LINKED.to_vec();
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
}

pub(crate) fn body(row: &StepRow) -> Result<Step> {
    row.body.read().map_err(|_| damaged("a step"))
}
