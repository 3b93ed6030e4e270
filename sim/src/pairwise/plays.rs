//! A play from a seed under a row's policies: the users and faults of any other play, and the props
//! that the row's words are about.

use super::axes::Setting;
use crate::{
    dice::Dice,
    plan::{plan_of, twin},
    play::{Act, Move, Play},
    props::{Caller, Fact, On, Prop, Props, Where},
};
use pimkit_core::Kind;
use pimkit_sync::AXES;

/// The play of a seed under these settings.
pub(crate) fn play(setting: &Setting, seed: u64) -> Play {
    let mut play = plan_of(seed, Some(setting.kind));
    let is_word = |key: &str| AXES.iter().any(|axis| axis.key == key);
    let (words, others) = setting.policies.clone().into_iter().partition::<std::collections::BTreeMap<_, _>, _>(|(key, _)| is_word(key));
    play.policy = words.into_iter().filter_map(|(key, word)| Some((key, word.as_str()?.to_owned()))).collect();
    play.settings = others;
    let dice = Dice::new(seed, 7);
    let props = Staged::new(setting);
    let trashes = ["deletes", "deletes_left", "deletes_right"].iter().any(|key| setting.has(key, "trash")) || !setting.sets("deletes");
    let led = setting.has("direction", "to_left");
    for far in &mut play.fars {
        // A deletion where there is no trash is held for good; the engine's own tests show that.
        far.switches.retain(|s| !(trashes && s == "no_trash"));
        if led && dice.percent(30) {
            far.switches.push("read_only".to_owned());
            far.switches.sort();
        }
    }
    play.props = Props { app: setting.app, annex: dice.percent(if setting.has("folders", "private") { 60 } else { 10 }), ends: true };
    let annex = play.props.annex;
    let fars = u64::try_from(play.fars.len()).unwrap_or(1);
    let moves = std::mem::take(&mut play.moves);
    play.moves = Staging { dice, props, annex, kind: setting.kind, fars, moves: Vec::new(), twins: 0 }.stage(moves);
    play
}

/// Which props the words of a row are about.
struct Staged {
    facts: bool,
    view: bool,
    category: bool,
    container: bool,
    managed: bool,
    alike: bool,
    rights: bool,
}

impl Staged {
    fn new(setting: &Setting) -> Self {
        let differs = |key: &str, usual: &str| setting.sets(key) && !setting.has(key, usual);
        Self {
            facts: setting.app && (differs("scope", "all") || differs("imported", "include") || setting.sets("view")),
            view: setting.app && setting.sets("view"),
            category: setting.sets("category"),
            container: setting.has("container", "dedicated"),
            managed: setting.sets("categories"),
            alike: differs("duplicates", "import") || differs("ambiguous", "ask") || setting.sets("matches"),
            rights: setting.has("enabling", "rights"),
        }
    }
}

struct Staging {
    dice: Dice,
    props: Staged,
    annex: bool,
    kind: Kind,
    fars: u64,
    moves: Vec<Move>,
    twins: u32,
}

impl Staging {
    fn stage(mut self, moves: Vec<Move>) -> Vec<Move> {
        let mut begun = false;
        for step in moves {
            match &step {
                Move::Act(Act::Make { side, thing, uid, .. }) => {
                    let (side, thing, uid) = (*side, *thing, *uid);
                    self.moves.push(step);
                    self.made(side, thing);
                    if !begun && side == 0 && uid && self.dice.percent(if self.props.alike { 50 } else { 15 }) {
                        self.twin(thing);
                    }
                }
                Move::Run(_) => {
                    begun = true;
                    if self.dice.percent(35) {
                        self.anything();
                    }
                    self.moves.push(step);
                }
                _ => self.moves.push(step),
            }
        }
        self.moves
    }

    fn put(&mut self, side: u8, on: On, prop: Prop) {
        self.moves.push(Move::Act(Act::Prop { side, on, prop }));
    }

    fn far(&self) -> u8 {
        u8::try_from(self.dice.between(1, self.fars)).unwrap_or(1)
    }

    /// Another user has made the same on a far side, before the two sides ever met.
    fn twin(&mut self, thing: u32) {
        self.twins += 1;
        let act = twin(&self.dice, self.fars, 5, thing, self.twins);
        let side = act.side();
        self.moves.push(Move::Act(act));
        self.made(side, thing);
    }

    /// What belongs to a thing from the beginning.
    fn made(&mut self, side: u8, thing: u32) {
        let on = On::Thing(thing);
        if self.kind == Kind::Event {
            match self.dice.below(100) {
                0..12 => self.put(side, on, Prop::Meeting(Caller::Me)),
                12..22 if side > 0 => self.put(side, on, Prop::Meeting(Caller::Another)),
                22..32 => self.put(side, on, Prop::Series),
                _ => {}
            }
        }
        if side == 0 {
            if self.props.view && self.dice.percent(75) {
                self.put(0, on, Prop::Fact(Fact::Listed));
            }
            if self.props.facts {
                match self.dice.below(100) {
                    0..12 => self.put(0, on, Prop::Fact(Fact::Others)),
                    12..20 => self.put(0, on, Prop::Fact(Fact::Hidden)),
                    20..32 => self.put(0, on, Prop::Fact(Fact::Imported)),
                    _ => {}
                }
            }
            if self.props.managed && self.dice.percent(30) {
                self.put(0, on, Prop::Fact(Fact::Big));
            }
            return;
        }
        if self.props.category && self.dice.percent(75) {
            self.put(side, on, Prop::Tagged(true));
        }
        if self.props.container && self.dice.percent(80) {
            self.put(side, on, Prop::Moved(Where::Container));
        } else if self.annex && self.dice.percent(20) {
            self.put(side, on, Prop::Moved(Where::Annex));
        }
    }

    /// Something with one of the props, at some time.
    fn anything(&mut self) {
        let far = self.far();
        let on = On::Any(self.dice.pick());
        let mut can: Vec<(u8, Prop)> = Vec::new();
        if self.props.facts {
            let facts = [Fact::Others, Fact::Own, Fact::Hidden, Fact::Shown, Fact::Imported, Fact::MassUpdated, Fact::Own, Fact::Shown];
            can.extend(facts.map(|fact| (0, Prop::Fact(fact))));
        }
        if self.props.view {
            let facts = [Fact::Listed, Fact::Listed, Fact::Listed, Fact::Listed, Fact::Unlisted];
            can.extend(facts.map(|fact| (0, Prop::Fact(fact))));
        }
        if self.props.category {
            can.extend([(far, Prop::Tagged(true)), (far, Prop::Tagged(true)), (far, Prop::Tagged(false))]);
        }
        if self.props.container {
            let to = [Where::Container, Where::Container, Where::Home].map(|to| (far, Prop::Moved(to)));
            can.extend(to);
            can.push((far, Prop::ContainerRenamed));
            if self.dice.percent(15) {
                can.push((far, Prop::ContainerRemoved));
            }
        }
        if self.annex {
            can.extend([(far, Prop::Moved(Where::Annex)), (far, Prop::Moved(Where::Home))]);
        }
        if self.props.managed {
            can.extend([(0, Prop::Fact(Fact::Big)), (far, Prop::CategoryRenamed)]);
        }
        if self.props.alike {
            can.extend([(0, Prop::Doubled), (far, Prop::Doubled)]);
        }
        if self.props.rights {
            can.extend([(0, Prop::Allowed(false)), (0, Prop::Allowed(true))]);
        }
        if let Some((side, prop)) = self.dice.one(&can).copied() {
            self.put(side, on, prop);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairwise::axes::{dimensions, setting};

    #[test]
    fn the_play_of_a_row_and_seed_is_the_same_each_time_and_a_line() {
        let all = dimensions();
        for n in 0..4 {
            let row: Vec<usize> = all.iter().map(|d| n % d.choices.len()).collect();
            let setting = setting(&all, &row);
            for seed in 1..20 {
                let made = play(&setting, seed);
                assert_eq!(made, play(&setting, seed));
                assert_eq!(Play::from_line(&made.to_line().unwrap()).unwrap(), made);
                assert_eq!(made.policy().unwrap(), setting.policy().unwrap());
                assert_eq!(made.kind, setting.kind);
            }
        }
    }
}
