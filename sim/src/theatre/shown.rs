//! What sides show before and after a run. What no user took away does not go, not even for a while: a
//! record that vanishes and comes back has been gone for whoever looked in between.

use super::Theatre;
use crate::{
    far::{FarWorld, Holding},
    ledger::side_name,
    oracle::is_kept_as_loser,
    play::{RunPlan, Scene},
    slot::slots,
};
use pimkit_core::JournalRow;
use std::collections::BTreeSet;

/// What one side shows.
#[derive(Debug, Default)]
pub(super) struct Shown {
    things: BTreeSet<u32>,
    /// Tokens, where the play is about them.
    tokens: BTreeSet<u32>,
}

impl Theatre<'_> {
    pub(super) fn look_at_all(&self) -> Vec<Shown> {
        let kind = self.play.kind;
        let closely = self.play.scene == Some(Scene::Unread);
        let shown = |world: &dyn FarWorld| {
            let mut shown = Shown::default();
            for entry in world.list(kind) {
                let Some(thing) = entry.thing else { continue };
                shown.things.insert(thing);
                if closely && let Some(fields) = world.look(kind, &entry.id) {
                    shown.tokens.extend(self.ledger.view(kind, thing, &fields));
                }
            }
            shown
        };
        self.sides.iter().map(|world| shown(world.as_ref())).collect()
    }

    /// Looks for what a run took away though no user had.
    pub(super) fn check_shown(&mut self, plan: &RunPlan, before: &[Shown]) {
        let after = self.look_at_all();
        for ((side, was), is) in (0_u8..).zip(before).zip(&after) {
            for thing in was.things.difference(&is.things) {
                if plan.ends && side == plan.far {
                    self.taken_away.insert((side, *thing));
                } else if !self.ledger.deletions.iter().any(|d| d.thing == *thing) {
                    let line = format!("b{thing} went from {} in a run of {}, and no user had deleted it", side_name(side), plan.sync());
                    self.said.failures.push(line);
                }
            }
            // Whether it lost a conflict is known when its write is taken down, which may be later.
            let went = was.tokens.difference(&is.tokens).filter(|token| self.is_missed(**token, is));
            let went: Vec<(u8, u32)> = went.map(|token| (side, *token)).collect();
            self.went.extend(went);
        }
        self.shown = Some(after);
    }

    /// Whether somebody may miss a token that went.
    fn is_missed(&self, number: u32, is: &Shown) -> bool {
        let Some(token) = self.ledger.tokens.get(&number) else { return false };
        let Some(slot) = slots(self.play.kind).get(usize::from(token.slot)) else { return false };
        let whole = self.sides.iter().all(|world| world.holds(self.play.kind, slot.field) == Holding::Whole);
        let deleted = self.ledger.deletions.iter().any(|d| d.thing == token.thing);
        token.gone.is_none() && !deleted && whole && is.things.contains(&token.thing)
    }

    /// What went in a run and neither was taken away by a user nor lost a conflict.
    pub(super) fn missed(&self, journal: &[JournalRow]) -> Vec<String> {
        let line = |(side, number): &(u8, u32)| {
            let token = self.ledger.tokens.get(number)?;
            let slot = slots(self.play.kind).get(usize::from(token.slot)).filter(|slot| !is_kept_as_loser(journal, *number, slot))?;
            Some(format!("k{number} in {} of b{} went from {}, and no user had taken it away", slot.field, token.thing, side_name(*side)))
        };
        self.went.iter().filter_map(line).collect()
    }
}
