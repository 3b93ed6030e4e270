//! The end of the syncs themselves: each is disabled, and what becomes of the far copies is as its
//! policy says. Whatever that is, the hub keeps all it has.

use super::Theatre;
use crate::{ledger::side_name, play::RunPlan, props::Where, terms::Term};
use futures::executor::block_on;
use pimkit_core::{Fields, ItemId, Kind, Result};
use pimkit_sync::{AnyPair, Consent};
use std::{collections::BTreeMap, time::Duration};

/// An item as it was before the end.
struct Was {
    thing: Option<u32>,
    place: Option<Where>,
    fields: Fields,
}

impl Theatre<'_> {
    fn all(&self, side: u8) -> BTreeMap<ItemId, Was> {
        let (Some(world), kind) = (self.sides.get(usize::from(side)), self.play.kind) else { return BTreeMap::new() };
        let entries = world.list(kind).into_iter();
        let was = entries.filter_map(|e| {
            let was = Was { thing: e.thing, place: world.place(kind, &e.id), fields: world.look(kind, &e.id)? };
            Some((e.id, was))
        });
        was.collect()
    }

    /// Disables every sync, and judges what that did.
    pub(super) fn curtain(&mut self) -> Result<Vec<String>> {
        let mut wrong = Vec::new();
        let hub = self.all(0);
        for far in 1..self.sides.len() {
            let side = u8::try_from(far).unwrap_or(u8::MAX);
            let before = self.all(side);
            self.clock.advance(Duration::from_secs(60));
            let pair = self.any_pair(far)?;
            if let Err(error) = block_on(pair.disable(Consent::Given, None)) {
                wrong.push(format!("sync{far} cannot be disabled: {error}"));
                continue;
            }
            wrong.extend(self.judge_end(side, &before, &hub));
        }
        for far in 1..self.sides.len() {
            self.clock.advance(Duration::from_secs(60));
            match block_on(self.any_pair(far)?.run()) {
                Ok(report) if report.sync.writes() > 0 => wrong.push(format!("sync{far} writes after its end")),
                Ok(_) => {}
                Err(error) => wrong.push(format!("sync{far} fails after its end: {error}")),
            }
        }
        let after = self.all(0);
        let same = hub.len() == after.len() && hub.iter().all(|(id, was)| after.get(id).is_some_and(|now| now.fields == was.fields));
        if !same {
            wrong.push("the end of the syncs changed the hub".to_owned());
        }
        for (side, world) in (0_u8..).zip(&self.sides) {
            if !world.outbox().is_empty() {
                wrong.push(format!("{} has mailed somebody at the end of its sync", side_name(side)));
            }
        }
        Ok(wrong)
    }

    fn any_pair(&self, far: usize) -> Result<Box<dyn AnyPair>> {
        let far = &RunPlan { far: u8::try_from(far).unwrap_or(u8::MAX), ..RunPlan::default() };
        let watching = super::Watching::new();
        match self.play.kind {
            Kind::Event => self.pair::<pimkit_core::Event>(&self.probe, far, watching),
            Kind::Task => self.pair::<pimkit_core::Task>(&self.probe, far, watching),
            _ => self.pair::<pimkit_core::Contact>(&self.probe, far, watching),
        }
    }

    fn judge_end(&self, side: u8, before: &BTreeMap<ItemId, Was>, hub: &BTreeMap<ItemId, Was>) -> Vec<String> {
        let after = self.all(side);
        let name = side_name(side);
        let gone: Vec<&Was> = before.iter().filter(|(id, _)| !after.contains_key(*id)).map(|(_, was)| was).collect();
        let mut wrong = Vec::new();
        let takes = match self.terms.teardown() {
            "delete_made" => {
                // Of what became two things the one that was made of the other is the sync's.
                let is_left = |thing: u32| self.terms.has(Term::Twofold) && after.values().any(|now| now.thing == Some(thing));
                gone.iter().find(|was| was.thing.is_some_and(|thing| self.is_of(side, thing) && !is_left(thing))).copied()
            }
            "delete_container" => gone.iter().find(|was| was.place != Some(Where::Container)).copied(),
            _ => gone.first().copied(),
        };
        if let Some(taken) = takes {
            wrong.push(format!("the end of the sync took b{:?} from {name}, and that was its users' own", taken.thing));
        }
        let left = match self.terms.teardown() {
            "delete_made" if self.terms.is_two_way() => after.values().find(|now| self.is_of_the_sync(now, hub)),
            // A collection that cannot be deleted without a word to somebody's guests stays as it is.
            "delete_container" if !self.terms.has(Term::NothingToFar) && !self.would_mail(side, &after) => {
                after.values().find(|now| now.place == Some(Where::Container) && !self.is_kept(now))
            }
            _ => None,
        };
        if let Some(left) = left {
            wrong.push(format!("the end of the sync left b{:?} on {name}, and was to take it", left.thing));
        }
        wrong
    }

    /// Whether a far side's own user made a thing, or may have.
    fn is_of(&self, side: u8, thing: u32) -> bool {
        self.ledger.made.get(&thing) == Some(&side)
            && !self.ledger.book.is_alike(thing)
            && !self.ledger.deletions.iter().any(|d| d.thing == thing)
    }

    /// Whether a side's container holds something that it cannot delete in silence.
    fn would_mail(&self, side: u8, items: &BTreeMap<ItemId, Was>) -> bool {
        let loud = self.sides.get(usize::from(side)).is_some_and(|world| !world.can_keep_silent());
        loud && items.values().any(|item| item.place == Some(Where::Container) && item.fields.contains_key("participants"))
    }

    /// What would mail somebody, or is not ours to write, is kept.
    fn is_kept(&self, item: &Was) -> bool {
        item.fields.contains_key("participants") || item.thing.is_some_and(|thing| self.ledger.book.looked_at.contains(&thing))
    }

    /// Whether an item is nobody's but the sync's: it came from the hub, and nobody ever doubted that.
    fn is_of_the_sync(&self, item: &Was, hub: &BTreeMap<ItemId, Was>) -> bool {
        let book = &self.ledger.book;
        let Some(thing) = item.thing.filter(|thing| self.ledger.made.get(thing) == Some(&0)) else { return false };
        let plain = !book.is_alike(thing) && !self.ledger.deletions.iter().any(|d| d.thing == thing);
        plain && !self.terms.is_scoped() && !self.is_kept(item) && hub.values().any(|record| record.thing == Some(thing))
    }
}
