//! Scenes: what must come together for some promises to be tried, and by chance does so too seldom.
//!
//! Two seeds of five have one. It comes after everything else of the play, and what it needs of the
//! sides is set before.

use super::{LAGGING, Plotting, SCENES, wrong};
use crate::{
    dice::Dice,
    far::Mood,
    play::{Act, Cue, FarPlan, Move, PlannedFault, Play, RunPlan, Scene},
    slot::{GUESTS, slot_of},
};
use pimkit_contract::worst::{Fault, Operation};
use pimkit_core::Kind;

/// The scene of a seed.
pub(super) fn of(seed: u64) -> Option<Scene> {
    let dice = Dice::new(seed, SCENES);
    if matches!(seed % 5, 2 | 3) { dice.one(&Scene::ALL).copied() } else { None }
}

/// What a scene needs of the sides and the policy.
pub(super) fn set(scene: Scene, seed: u64, play: &mut Play) {
    let dice = Dice::new(seed, SCENES + 1);
    let without =
        |play: &mut Play, names: &[&str]| play.fars.iter_mut().for_each(|far| far.switches.retain(|s| !names.contains(&s.as_str())));
    let several = |play: &mut Play, count: usize| {
        play.fars.truncate(count);
        play.fars.resize(count, FarPlan::default());
    };
    match scene {
        Scene::StartsOver => {
            several(play, 1);
            without(play, &LAGGING);
            // They would have everything listed anew, and what was missed found.
            without(play, &["not_incremental", "cursor_lives", "pages_expire", "page_expires_every", "restarts_listing"]);
            play.page_size = 3;
        }
        Scene::TwoWriters => {
            several(play, 2);
            without(play, &LAGGING);
            if play.kind == Kind::Contact {
                play.kind = Kind::Task;
            }
            play.policy.insert("conflicts".to_owned(), "newest".to_owned());
            play.policy.remove("granularity");
        }
        Scene::Unread => {
            without(play, &["unread_every", "unread_fields"]);
            // What readers are late with is between two calls of a write at times, and comes back whole.
            without(play, &LAGGING);
            // What loses with a whole record goes for a while and may come back.
            play.policy.remove("granularity");
            let both = ["unread_every", "unread_fields"].map(str::to_owned);
            play.fars.iter_mut().take(1).for_each(|far| far.switches.extend(both.clone()));
        }
        Scene::Unreadable => {}
        Scene::Grows => {
            several(play, 1);
            play.policy.insert("deletes".to_owned(), "ask".to_owned());
        }
        Scene::Meeting => {
            several(play, 2);
            play.kind = Kind::Event;
            without(play, &LAGGING);
            without(play, &["cannot_keep_silent"]);
            play.policy.remove("granularity");
        }
        Scene::Guests => {
            play.kind = Kind::Event;
            // What cannot be written without mailing people waits for somebody to allow that.
            without(play, &["cannot_keep_silent"]);
            if dice.percent(50) {
                play.policy.insert("attendees".to_owned(), "drop".to_owned());
            }
        }
        Scene::TwoSyncs => {
            several(play, 1);
            play.policy.insert("teardown".to_owned(), "delete_made".to_owned());
        }
    }
    play.fars.iter_mut().for_each(|far| far.switches.sort());
}

/// Plays a scene, a few times.
pub(super) fn play(plot: &mut Plotting<'_>, scene: Scene) {
    plot.play.moves.retain(|step| is_part(scene, step));
    for step in &mut plot.play.moves {
        simplify(scene, step);
    }
    let times = if scene == Scene::TwoSyncs { 1 } else { 3 };
    for _ in 0..times {
        match scene {
            Scene::StartsOver => plot.starts_over(),
            Scene::TwoWriters => plot.two_writers(),
            Scene::Unread => plot.unread(),
            Scene::Unreadable => plot.unreadable(),
            Scene::Grows => plot.grows(),
            Scene::Meeting => plot.meeting(),
            Scene::Guests => plot.guests(),
            Scene::TwoSyncs => plot.two_syncs(),
        }
    }
}

/// Whether anything may go wrong after a scene, and it is still what it was.
pub(super) fn bears_aims(scene: Scene) -> bool {
    !matches!(scene, Scene::Meeting | Scene::TwoSyncs)
}

/// Whether what happens before a scene leaves it what it needs.
fn is_part(scene: Scene, step: &Move) -> bool {
    match (scene, step) {
        // The times of users would not be comparable.
        (Scene::TwoWriters, Move::Clock(_)) => false,
        // An organiser's item that is away for a while makes the guest's copy the one that speaks.
        (Scene::Meeting, Move::Act(act)) => !matches!(act, Act::Mood { .. }),
        // What goes and comes back of a record in one mailbox that two syncs share is a play of its own.
        (Scene::TwoSyncs, Move::Act(act)) => !matches!(act, Act::Mood { .. } | Act::Delete { .. } | Act::Copy { .. }),
        _ => true,
    }
}

/// Takes out of a step what a scene does not bear.
fn simplify(scene: Scene, step: &mut Move) {
    match (scene, step) {
        (Scene::Meeting, Move::Run(run)) => {
            run.faults.retain(|f| !matches!(f.fault, Fault::TruncatedPage | Fault::Empty));
            run.acts.retain(|(_, act)| !matches!(act, Act::Mood { .. }));
        }
        (Scene::TwoSyncs, Move::Run(run)) => *run = RunPlan { far: run.far, approve: run.approve, ..RunPlan::default() },
        // Two syncs know a thing of the same mailbox by its uid.
        (Scene::TwoSyncs, Move::Act(Act::Make { uid, .. })) => *uid = true,
        _ => {}
    }
}

impl Plotting<'_> {
    pub(super) fn push(&mut self, act: Act) {
        self.play.moves.push(Move::Act(act));
    }

    fn write(&mut self, side: u8, pick: u32, slot: u8) -> Act {
        Act::Write { side, pick, slot, token: self.token(), at: None, long: false }
    }

    /// Runs in which nothing goes wrong, until everything is everywhere.
    fn quiet(&mut self) {
        for _ in 0..2 {
            self.play.moves.push(Move::Wait(4000));
            for far in self.fars() {
                self.play.moves.push(Move::Run(clean(far)));
            }
        }
    }

    fn starts_over(&mut self) {
        self.quiet();
        let first = self.dice.pick();
        for n in 0..5 {
            let slot = self.slot();
            let act = self.write(1, first.wrapping_add(n), slot);
            self.push(act);
        }
        let deleted = Act::Delete { side: 1, pick: first.wrapping_add(u32::try_from(self.dice.below(3)).unwrap_or(0)) };
        let fault = |nth, fault| PlannedFault { side: 1, operation: Some(Operation::Changes), stage: None, nth, fault };
        if self.dice.percent(50) {
            let on = vec![(Cue { side: 1, operation: Operation::Changes, nth: 2 }, deleted)];
            self.play.moves.push(Move::Run(RunPlan { faults: vec![fault(2, Fault::Expired)], on, ..clean(1) }));
        } else {
            let broken = Fault::Before(pimkit_contract::worst::Failure::Transport);
            self.play.moves.push(Move::Run(RunPlan { faults: vec![fault(2, broken)], ..clean(1) }));
            self.push(deleted);
            self.play.moves.push(Move::Run(RunPlan { faults: vec![fault(1, Fault::Expired)], ..clean(1) }));
        }
    }

    fn two_writers(&mut self) {
        self.quiet();
        let (pick, slot) = (self.dice.pick(), u8::try_from(self.dice.below(2)).unwrap_or(0));
        let (early, late) = if self.dice.percent(50) { (1, 2) } else { (2, 1) };
        for side in [early, late] {
            let act = self.write(side, pick, slot);
            self.push(act);
            self.play.moves.push(Move::Wait(600));
        }
        self.play.moves.push(Move::Run(clean(early)));
        self.play.moves.push(Move::Run(clean(late)));
    }

    fn unread(&mut self) {
        let field = if self.play.kind == Kind::Contact { "notes" } else { "description" };
        let slot = slot_of(self.play.kind, field).unwrap_or(0);
        for _ in 0..4 {
            let (side, other) = (self.side(), self.slot());
            for slot in [slot, other] {
                let pick = self.dice.pick();
                let act = self.write(side, pick, slot);
                self.push(act);
            }
            for far in self.fars() {
                self.play.moves.push(Move::Run(clean(far)));
            }
        }
    }

    fn unreadable(&mut self) {
        self.quiet();
        let far = self.far();
        let pick = self.dice.pick();
        self.push(Act::Mood { side: far, pick, mood: Mood::Unreadable, on: true });
        for far in self.fars() {
            self.play.moves.push(Move::Run(clean(far)));
        }
    }

    fn grows(&mut self) {
        self.quiet();
        let side = self.side();
        for _ in 0..2 {
            let act = Act::Delete { side, pick: self.dice.pick() };
            self.push(act);
            self.play.moves.push(Move::Run(RunPlan { approve: false, ..clean(1) }));
            let act = Act::Delete { side, pick: self.dice.pick() };
            self.push(act);
            self.play.moves.push(Move::Run(clean(1)));
        }
    }

    fn meeting(&mut self) {
        self.quiet();
        let (organiser, guest) = if self.dice.percent(50) { (1, 2) } else { (2, 1) };
        let slots = vec![(self.slot(), self.token())];
        self.things += 1;
        let act = Act::Meet { side: organiser, guest, thing: self.things, slots };
        self.push(act);
        // The organiser's own item is known before the copy.
        for far in [organiser, guest, organiser, guest] {
            self.play.moves.push(Move::Run(clean(far)));
        }
        for _ in 0..6 {
            let (side, pick, slot) = (u8::try_from(self.dice.below(3)).unwrap_or(0), self.dice.pick(), self.slot());
            let act = self.write(side, pick, slot);
            self.push(act);
        }
        for far in [guest, organiser] {
            let faults = vec![wrong::fault(&self.dice, far)];
            self.play.moves.push(Move::Run(RunPlan { faults, ..clean(far) }));
            self.play.moves.push(Move::Run(clean(far)));
        }
    }

    fn guests(&mut self) {
        let slot = slot_of(self.play.kind, GUESTS).unwrap_or(0);
        for _ in 0..3 {
            self.things += 1;
            let slots = vec![(slot, self.token())];
            let act = Act::Make { side: 0, thing: self.things, slots, uid: true };
            self.push(act);
            let pick = self.dice.pick();
            let act = self.write(0, pick, slot);
            self.push(act);
        }
        for far in self.fars() {
            self.play.moves.push(Move::Run(clean(far)));
        }
    }

    fn two_syncs(&mut self) {
        let both = [clean(1), RunPlan { second: true, ..clean(1) }];
        for _ in 0..2 {
            self.play.moves.push(Move::Wait(4000));
            self.play.moves.extend(both.clone().map(Move::Run));
        }
        for _ in 0..2 {
            let act = self.make(0);
            self.push(act);
            self.play.moves.extend(both.clone().map(Move::Run));
        }
        self.play.moves.push(Move::Wait(4000));
        self.play.moves.push(Move::Run(RunPlan { ends: true, ..clean(1) }));
        for _ in 0..2 {
            let pick = self.dice.pick();
            let slot = self.slot();
            let act = self.write(0, pick, slot);
            self.push(act);
            self.play.moves.push(Move::Run(RunPlan { second: true, ..clean(1) }));
        }
    }

    pub(super) fn far(&self) -> u8 {
        u8::try_from(self.dice.between(1, self.play.fars.len() as u64)).unwrap_or(1)
    }
}

/// A run in which nothing goes wrong.
fn clean(far: u8) -> RunPlan {
    RunPlan { far, approve: true, ..RunPlan::default() }
}
