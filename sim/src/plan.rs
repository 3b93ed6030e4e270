//! A play from a seed: who does what when, and what goes wrong.

mod aims;
mod scenes;
mod wrong;

use crate::{
    dice::Dice,
    far::Mood,
    play::{Act, FarPlan, Move, Play, RunPlan},
    props::Props,
    slot::common_slots,
};
use pimkit_contract::WorstOptions;
use pimkit_core::Kind;
use std::collections::BTreeMap;

/// What the plays leave out, each with its reason: switches of the far sides that are never on.
pub const NOT_PLAYED: &[(&str, &str)] = &[
    ("read_only", "nothing can be followed there; the pairwise plays have one-way syncs"),
    ("unreadable_every", "users damage items one by one, so that they can mend them at the end"),
    ("no_folders", "the users make no collections"),
    ("no_categories", "the users make no categories"),
    ("fixed_category_names", "the users make no categories"),
    ("no_blobs", "the users have no photos"),
    ("no_photos", "the users have no photos"),
    ("no_attachments", "the users attach nothing"),
    ("no_digests", "the users have no photos"),
    ("no_move", "the engine moves nothing"),
    ("for_good", "it says how a refusal is worded"),
    ("create", "the simulation has switches of its own for it"),
];

/// What users, providers and syncs do and these plays do not, each with its reason.
pub const NOT_ACTED: &[(&str, &str)] = &[
    ("roll-backs", "what a server took back is in no user's book; the tests of the guards script them"),
    ("undo, pause, the app's merges", "the engine's tests script them"),
    ("moves, folders, series, photos", "every user keeps plain items in one collection"),
    ("items without a uid where ids change with an edit", "edited on both sides, such an item is another one to everybody"),
    ("meetings called off, answers", "what providers tell the guests is not played"),
    (
        "copies of what its side kept back in a listing that looked whole",
        "the first item to show a uid is the one that has it to everybody",
    ),
    (
        "copies beside what two sides made and one keeps back",
        "the copy is the first item to show the uid there, and is joined as the thing",
    ),
    (
        "deletions of what was copied just now, where ids change with an edit",
        "a copy beside an original that is away is the original by another name",
    ),
];

/// Switches that make a reader lag.
const LAGGING: [&str; 5] = ["listing_lag_rounds", "listing_lag", "stale_rounds", "repeats_lines", "slow"];

/// What no far side has together: the first, others, and why no engine can be asked to bear it.
const NOT_TOGETHER: &[(&str, &[&str], &str)] = &[
    (
        "unconditional",
        &LAGGING,
        "an edit that readers do not show yet is overwritten by anybody who writes: nothing could tell that it was there",
    ),
    ("rekeys_on_edit", &LAGGING, "the old id is gone before the new one shows: until it does, nothing tells an edit from a deletion"),
    ("refuses_repeats", &["drops_marks"], "the place of what was made is taken, and nothing tells by what: the side keeps no mark of it"),
    (
        "two_calls",
        &["stale_rounds"],
        "what an item was between our two calls is shown later, and was never shown to us: it looks like a user's clearing",
    ),
    ("no_find", &["findable"], "a side that says that marks can be searched for can be searched"),
    (
        "by_content",
        &["listing_lag_rounds"],
        "what was made stays unseen for so many rounds, however long they take: there is no time after which it would show",
    ),
];

/// What is thrown for scenes, aims and twins is thrown apart: all else of a play is the same with and without them.
const SCENES: u64 = 2;

/// The play of a seed. The same seed makes the same play.
#[must_use]
pub fn plan(seed: u64) -> Play {
    plan_of(seed, None)
}

/// The play of a seed, of a kind if one is wanted.
pub(crate) fn plan_of(seed: u64, wanted: Option<Kind>) -> Play {
    let dice = Dice::new(seed, 1);
    let kind = match dice.below(10) {
        0..6 => Kind::Contact,
        6..8 => Kind::Task,
        _ => Kind::Event,
    };
    let kind = wanted.unwrap_or(kind);
    let count = match dice.below(20) {
        0..16 => 1,
        16..19 => 2,
        _ => 3,
    };
    let fars: Vec<FarPlan> = (0..count).map(|_| far(&dice)).collect();
    let mut policy = BTreeMap::from([("deletes".to_owned(), "delete".to_owned())]);
    let conflicts = dice.one(&["newest", "newest", "newest", "left", "right"]).copied().unwrap_or("newest");
    policy.insert("conflicts".to_owned(), conflicts.to_owned());
    if dice.percent(10) {
        policy.insert("granularity".to_owned(), "record".to_owned());
    }
    let trash = fars.iter().all(|f| !f.switches.iter().any(|s| s == "no_trash"));
    match dice.below(10) {
        0..3 if trash => policy.insert("deletes".to_owned(), "trash".to_owned()),
        3 => policy.insert("deletes".to_owned(), "ask".to_owned()),
        _ => None,
    };
    // Where something is wanted, no scene wants something else.
    let scene = if wanted.is_none() { scenes::of(seed) } else { None };
    let page_size = u32::try_from(dice.between(3, 12)).unwrap_or(5);
    let sqlite = seed.is_multiple_of(100);
    let (settings, props) = (BTreeMap::new(), Props::default());
    let mut play = Play { seed, kind, fars, policy, settings, props, page_size, sqlite, scene, moves: Vec::new() };
    if let Some(scene) = scene {
        scenes::set(scene, seed, &mut play);
    }
    Plotting { dice, play: &mut play, things: 0, tokens: 0 }.plot();
    if wanted.is_none() && seed % 5 == KNOWN {
        know_each_other(seed, &mut play);
    }
    play
}

/// One seed in five has sides whose users made some of the same things before the sides ever met.
const KNOWN: u64 = 4;

/// Tokens of what is made on two sides begin here: no play has so many others.
const TWIN_TOKENS: u32 = 500_000;

/// A far user has made the same as somebody on the hub, with something of the own: in one of the first `slots`. `nth`: twins
/// before it in the play.
pub(crate) fn twin(dice: &Dice, fars: u64, slots: u64, thing: u32, nth: u32) -> Act {
    let side = u8::try_from(dice.between(1, fars)).unwrap_or(1);
    let slot = u8::try_from(dice.below(slots)).unwrap_or(0);
    Act::Make { side, thing, slots: vec![(slot, TWIN_TOKENS + nth)], uid: true }
}

/// Far users have made some of the hub's things too, each with something of their own.
fn know_each_other(seed: u64, play: &mut Play) {
    let dice = Dice::new(seed, SCENES + 2);
    let met = play.moves.iter().position(|step| matches!(step, Move::Run(_))).unwrap_or_default();
    let made = play.moves.iter().take(met).filter_map(|step| match step {
        Move::Act(Act::Make { side: 0, thing, uid: true, .. }) => Some(*thing),
        _ => None,
    });
    let mut twins = Vec::new();
    for (thing, nth) in made.zip(0..) {
        if dice.percent(60) {
            twins.push(Move::Act(twin(&dice, play.fars.len() as u64, common_slots(play.kind).len() as u64, thing, nth)));
        }
    }
    play.moves.splice(met..met, twins);
}

fn far(dice: &Dice) -> FarPlan {
    let own = ["findable", "findable", "by_content", "by_content", "normalises_at_once", "pages_expire", "pages_expire", "slow"];
    let own = own.map(str::to_owned);
    let theirs = WorstOptions::switches().into_iter().filter(|s| !NOT_PLAYED.iter().any(|(not, _)| not == s));
    let all: Vec<String> = theirs.chain(own).collect();
    let count = dice.one(&[0, 0, 1, 1, 2, 3, 4, 6, 9]).copied().unwrap_or(0);
    let mut switches: Vec<String> = Vec::new();
    for _ in 0..count {
        if let Some(switch) = dice.one(&all).filter(|s| !switches.contains(s)) {
            switches.push(switch.clone());
        }
    }
    let has = |list: &[String], name: &str| list.iter().any(|s| s == name);
    if has(&switches, "by_content") {
        switches.retain(|s| s != "findable");
    }
    if has(&switches, "normalises") {
        switches.retain(|s| s != "normalises_at_once");
    }
    for (first, others, _) in NOT_TOGETHER {
        if has(&switches, first) {
            switches.retain(|s| !others.contains(&s.as_str()));
        }
    }
    switches.sort();
    FarPlan { switches }
}

/// Writing a play.
struct Plotting<'p> {
    dice: Dice,
    play: &'p mut Play,
    things: u32,
    tokens: u32,
}

impl Plotting<'_> {
    fn plot(mut self) {
        for side in self.sides() {
            for _ in 0..self.dice.between(2, 4) {
                let act = self.make(side);
                self.play.moves.push(Move::Act(act));
            }
        }
        for far in self.fars() {
            self.run(far);
        }
        let rounds = self.dice.one(&[2, 3, 3, 3, 4]).copied().unwrap_or(3);
        for _ in 0..rounds {
            for _ in 0..self.dice.between(9, 12) {
                let act = self.act(None);
                self.play.moves.push(Move::Act(act));
                if self.dice.percent(15) {
                    let wait = self.dice.one(&[1, 20, 300, 4000]).copied().unwrap_or(1);
                    self.play.moves.push(Move::Wait(wait));
                }
            }
            if self.dice.percent(4) {
                let jump = self.dice.one(&[-3600, -60, 5, 86_400]).copied().unwrap_or(5);
                self.play.moves.push(Move::Clock(jump));
            }
            for far in self.fars() {
                self.run(far);
                if self.dice.percent(12) {
                    self.run(far);
                }
            }
        }
        self.set_the_scene();
    }

    fn set_the_scene(&mut self) {
        if let Some(scene) = self.play.scene {
            self.dice = Dice::new(self.play.seed, SCENES);
            scenes::play(self, scene);
            if scenes::bears_aims(scene) {
                self.aimed();
                self.aimed();
            }
        }
    }

    fn sides(&self) -> std::ops::RangeInclusive<u8> {
        0..=u8::try_from(self.play.fars.len()).unwrap_or(1)
    }

    fn fars(&self) -> std::ops::RangeInclusive<u8> {
        1..=u8::try_from(self.play.fars.len()).unwrap_or(1)
    }

    fn side(&self) -> u8 {
        if self.dice.percent(50) { 0 } else { u8::try_from(self.dice.between(1, self.play.fars.len() as u64)).unwrap_or(1) }
    }

    fn slot(&self) -> u8 {
        u8::try_from(self.dice.below(common_slots(self.play.kind).len() as u64)).unwrap_or(0)
    }

    fn token(&mut self) -> u32 {
        self.tokens += 1;
        self.tokens
    }

    fn make(&mut self, side: u8) -> Act {
        self.things += 1;
        let thing = self.things;
        let mut written: Vec<(u8, u32)> = Vec::new();
        for _ in 0..self.dice.between(1, 4) {
            let slot = self.slot();
            if !written.iter().any(|(s, _)| *s == slot) {
                let token = self.token();
                written.push((slot, token));
            }
        }
        // The app keeps people in several collections: one that is deleted is looked for in the others by its uid, and
        // is held where it has none. Where ids change with an edit, nothing else would name what was edited.
        let rekeys = usize::from(side).checked_sub(1).and_then(|n| self.play.fars.get(n)).is_some_and(|far| far.has("rekeys_on_edit"));
        Act::Make { side, thing, slots: written, uid: side == 0 || self.dice.percent(75) || rekeys }
    }

    /// What a user does; `but`: not on this side.
    fn act(&mut self, but: Option<u8>) -> Act {
        let mut side = self.side();
        if but == Some(side) {
            side = 0;
        }
        let pick = self.dice.pick();
        match self.dice.below(100) {
            0..12 => self.make(side),
            12..22 => Act::Clear { side, pick, slot: self.slot(), at: self.dice.pick() },
            22..30 => Act::Delete { side, pick },
            33..36 => {
                self.things += 1;
                // A reader of superseded versions shows the copy under the name of the original, and users would take it for that.
                let stale = usize::from(side).checked_sub(1).and_then(|n| self.play.fars.get(n)).is_some_and(|far| far.has("stale_rounds"));
                Act::Copy { side: if stale { 0 } else { side }, pick, thing: self.things }
            }
            30..33 if side != 0 => {
                let mood =
                    self.dice.one(&[Mood::Hidden, Mood::Unreadable, Mood::ReadOnly, Mood::Vanished]).copied().unwrap_or(Mood::Hidden);
                Act::Mood { side, pick, mood, on: self.dice.percent(70) }
            }
            _ => {
                let at = self.dice.percent(50).then(|| self.dice.pick());
                Act::Write { side, pick, slot: self.slot(), token: self.token(), at, long: self.dice.percent(25) }
            }
        }
    }

    fn run(&mut self, far: u8) {
        let mut run = RunPlan { far, approve: self.dice.percent(50), ..RunPlan::default() };
        if self.dice.percent(95) {
            for _ in 0..self.dice.between(2, 6) {
                run.faults.push(wrong::fault(&self.dice, far));
            }
        }
        match self.dice.below(100) {
            0..27 => run.stop = Some(self.moment()),
            27..36 => run.commit = Some((self.dice.between(1, 14), self.dice.percent(50))),
            36..44 => run.taken = Some(self.moment()),
            _ => {}
        }
        if self.dice.percent(20) {
            let overwrites = self.play.fars.get(usize::from(far) - 1).is_some_and(|f| f.switches.iter().any(|s| s == "unconditional"));
            for _ in 0..self.dice.between(1, 3) {
                let at = self.moment();
                // Between our look at an item and our write to it an edit is lost where nothing checks.
                let act = self.act(overwrites.then_some(far));
                run.acts.push((at, act));
            }
        }
        self.play.moves.push(Move::Run(run));
    }

    /// After so many polls.
    fn moment(&self) -> u32 {
        let most = self.dice.one(&[20, 60, 100]).copied().unwrap_or(60);
        u32::try_from(self.dice.between(1, most)).unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_play_and_a_line_of_it() {
        for seed in 0..50 {
            let play = plan(seed);
            assert_eq!(play, plan(seed));
            assert_eq!(Play::from_line(&play.to_line().unwrap()).unwrap(), play);
            for (n, far) in play.fars.iter().enumerate() {
                far.options(n + 1).unwrap();
            }
            play.policy().unwrap();
        }
        assert_ne!(plan(1), plan(2));
    }

    #[test]
    fn what_is_left_alone_is_a_switch() {
        for (name, _) in NOT_PLAYED {
            assert!(WorstOptions::switches().iter().any(|s| s == name), "{name}");
        }
    }
}
