//! The end of a play, in which nothing goes wrong any more: within a few rounds everything is where it belongs.

use super::{Ended, Theatre, brief};
use crate::{
    play::{RunPlan, Scene},
    terms::Term,
};
use pimkit_contract::worst::FaultPlan;
use pimkit_core::Result;
use std::{collections::BTreeSet, time::Duration};

/// Longer than anything rests, settles or lags.
const LONG: Duration = Duration::from_secs(26 * 3600);

/// After so many rounds in which no sync has anything to do, on sides that show what they have, none of them will have.
const STILL: u32 = 2;

impl Theatre<'_> {
    /// Nothing goes wrong any more; a few rounds, and a last one that must find nothing to do.
    pub(super) fn end(&mut self) -> Result<Vec<String>> {
        let mut wrong = Vec::new();
        self.tell(|| "-- from here on nothing goes wrong".to_owned());
        for side in &self.sides {
            side.set_faults(FaultPlan::none());
            side.heal();
            side.allow(self.play.kind, true);
        }
        self.shown = None;
        for (side, id, mood) in std::mem::take(&mut self.ledger.moods) {
            if let Some(world) = self.sides.get(usize::from(side)) {
                world.mood(self.play.kind, &id, mood, false);
            }
        }
        for sync in std::mem::take(&mut self.stale) {
            self.held.remove(&sync);
        }
        let lied = std::mem::take(&mut self.lied);
        self.forget_cursors(&lied, true);
        let mut held_rounds = 0;
        let mut round = 0;
        let mut still = 0;
        // What a side shows late is carried on once it is shown.
        let late = self.play.fars.iter().any(|far| far.has("stale_rounds"));
        let rounds = self.terms.rounds() + if late { 2 } else { 0 };
        let waiting = [Term::Undecided, Term::Wait, Term::Elsewhere];
        let may_wait = waiting.into_iter().any(|term| self.terms.has(term)) || !self.ledger.book.looked_at.is_empty();
        while round <= rounds {
            self.clock.advance(LONG);
            let last = round == rounds;
            let mut holds = Vec::new();
            let mut is_still = true;
            for plan in self.last_runs() {
                let sync = plan.sync();
                match self.run(&plan)? {
                    Ended::Failed(error) => wrong.push(format!("round {round} after the last edit: {sync} fails: {error}")),
                    Ended::Stopped => wrong.push(format!("round {round} after the last edit: {sync} hangs")),
                    Ended::Report(report) => {
                        holds.extend(report.sync.holds.iter().map(|h| h.approve.clone()));
                        is_still &= report.sync.writes() == 0 && report.sync.held == 0 && report.sync.quarantined.is_empty();
                        if let Some(failed) = &report.sync.failed {
                            wrong.push(format!("round {round} after the last edit: {sync}: {failed}"));
                        }
                        if last && report.sync.writes() > 0 {
                            wrong.push(format!("{sync} does not come to rest: {}", brief(&report)));
                        }
                        if last && holds.is_empty() && !may_wait && (report.sync.held > 0 || !report.sync.quarantined.is_empty()) {
                            wrong.push(format!("{sync} leaves something over: {}", brief(&report)));
                        }
                    }
                }
            }
            self.forget_cursors(&lied, false);
            still = if is_still && holds.is_empty() { still + 1 } else { 0 };
            if still == STILL && !late {
                break;
            }
            if holds.is_empty() || held_rounds == 2 {
                round += 1;
            } else {
                held_rounds += 1;
            }
        }
        Ok(wrong)
    }

    /// A run of every sync that goes on. Somebody looks at what is held, finds that it is as the users want it, and says so.
    fn last_runs(&self) -> Vec<RunPlan> {
        let fars = 1..u8::try_from(self.sides.len()).unwrap_or(u8::MAX);
        let first = fars.map(|far| RunPlan { far, approve: true, ..RunPlan::default() });
        let second = RunPlan { far: 1, second: true, approve: true, ..RunPlan::default() };
        let all = first.chain((self.play.scene == Some(Scene::TwoSyncs)).then_some(second));
        all.filter(|plan| !self.ended.contains(&plan.sync())).collect()
    }

    /// Where a listing was told short, as a success, what it kept back is found by a whole one: cursors do not last for ever.
    fn forget_cursors(&self, of: &BTreeSet<u8>, on: bool) {
        of.iter().filter_map(|side| self.sides.get(usize::from(*side))).for_each(|world| world.forget_cursors(on));
    }
}
