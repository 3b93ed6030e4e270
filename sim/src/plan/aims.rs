//! Aims: what goes wrong at places of a run that chance seldom comes by. What became of earlier
//! writes is only found out where some were left open, and taking down asks a side only where a
//! write was refused or its answer said nothing.

use super::Plotting;
use crate::{
    coverage::{Hit, Place, Wrong},
    play::{Act, Aim, Cue, Move, PlannedFault, RunPlan},
};
use pimkit_contract::worst::{Failure, Fault, Operation};

impl Plotting<'_> {
    /// A run whose writes are left open, and one that finds out about them while something goes wrong; one that is refused, with
    /// something going wrong when it looks why; and one that dies, or loses its work, among its writes.
    pub(super) fn aimed(&mut self) {
        let far = self.far();
        for _ in 0..3 {
            let act = self.act(None);
            self.push(act);
        }
        let (stage, place) = self
            .dice
            .one(&[(Hit::Apply, Place::AfterEffect), (Hit::Record, Place::BeforeCommit)])
            .copied()
            .unwrap_or((Hit::Apply, Place::AfterEffect));
        let open = Aim { wrong: Wrong::Crash, stage, place, nth: self.few(3) };
        self.play.moves.push(Move::Run(RunPlan { far, aim: Some(open), ..RunPlan::default() }));
        let run = self.aim_at(Hit::Recover, far);
        self.play.moves.push(Move::Run(run));
        let run = self.refused(far);
        self.play.moves.push(Move::Run(run));
        let act = self.act(None);
        self.push(act);
        let run = self.aim_at(Hit::Apply, far);
        self.play.moves.push(Move::Run(run));
    }

    /// A run of which the users are faster than its writes.
    fn refused(&mut self, far: u8) -> RunPlan {
        let mut run = self.aim_at(Hit::Record, far);
        let overwrites = self.play.fars.get(usize::from(far) - 1).is_some_and(|f| f.switches.iter().any(|s| s == "unconditional"));
        // What readers do not see yet would be overwritten where nothing checks.
        let there = if overwrites { 0 } else { far };
        let here = if there == 0 { far } else { 0 };
        let cue = Cue { side: there, operation: Operation::Changes, nth: 1 };
        for _ in 0..4 {
            let (pick, slot) = (self.dice.pick(), self.slot());
            let act = Act::Write { side: here, pick, slot, token: self.token(), at: None, long: false };
            self.push(act);
            let act = if self.dice.percent(20) {
                Act::Delete { side: there, pick }
            } else {
                Act::Write { side: there, pick, slot: self.slot(), token: self.token(), at: None, long: false }
            };
            run.on.push((cue, act));
        }
        run
    }

    /// A run with something that goes wrong in this stage.
    fn aim_at(&mut self, stage: Hit, far: u8) -> RunPlan {
        let mut run = RunPlan { far, ..RunPlan::default() };
        if stage != Hit::Apply && self.dice.percent(65) {
            run.faults = self.faults_in(stage, far);
            return run;
        }
        let places = [Place::BeforeRequest, Place::AfterEffect, Place::AfterAnswer, Place::BeforeCommit];
        let wrong = self.dice.one(&[Wrong::Crash, Wrong::Lease, Wrong::DiskFull]).copied().unwrap_or(Wrong::Crash);
        let place = if wrong == Wrong::DiskFull { None } else { self.dice.one(&places).copied() };
        run.aim = Some(Aim { wrong, stage, place: place.unwrap_or(Place::BeforeCommit), nth: self.few(2) });
        run
    }

    /// The same fault for each of the requests that a stage may send.
    fn faults_in(&mut self, stage: Hit, far: u8) -> Vec<PlannedFault> {
        let side = if self.dice.percent(75) { far } else { 0 };
        let failures = [Failure::Transport, Failure::RateLimited, Failure::Unavailable, Failure::Unauthenticated];
        let failure = self.dice.one(&failures).copied().unwrap_or(Failure::Transport);
        let writes = stage == Hit::Recover;
        let fault = match self.dice.below(12) {
            0..4 => Fault::Before(failure),
            4..8 => Fault::After(failure),
            8 => Fault::HangBefore,
            9 => Fault::HangAfter,
            10 if writes => Fault::HalfDone,
            _ => Fault::CollectionGone,
        };
        let nth = if self.dice.percent(75) { 1 } else { 2 };
        let of = [Operation::Fetch, Operation::Find, Operation::Write];
        let of = of.into_iter().filter(|operation| *operation != Operation::Write || writes);
        of.map(|operation| PlannedFault { side, operation: Some(operation), stage: Some(stage), nth, fault }).collect()
    }

    fn few(&self, most: u64) -> u32 {
        u32::try_from(self.dice.between(1, most)).unwrap_or(1)
    }
}
