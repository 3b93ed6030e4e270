//! What must hold where the policies make it otherwise than in a sync of everything, both ways.
//!
//! For each thing: it is on no side more often than somebody made it; where it is missing, some word
//! or some user wanted it so; what one side says the other does, as far as the words let it; and
//! nothing that a user wrote is lost silently. A thing that no word is about is judged as ever.

use super::{Fate, Judge};
use crate::{
    far::Holding,
    ledger::{Deletion, Token, side_name},
    slot::Slot,
    terms::Term,
};
use pimkit_core::Fields;
use std::collections::BTreeSet;

/// An item of a thing as it lies there in the end.
struct Lies {
    fields: Fields,
    /// Whether the policies take it for one of theirs.
    inside: bool,
}

impl Judge<'_> {
    fn has(&self, term: Term) -> bool {
        self.evidence.terms.has(term)
    }

    /// The items of a thing on a side.
    fn lies(&self, side: u8, thing: u32) -> Vec<Lies> {
        let (terms, kind) = (self.evidence.terms, self.evidence.kind);
        let Some(world) = self.evidence.sides.get(usize::from(side)) else { return Vec::new() };
        let of_it = world.list(kind).into_iter().filter(|entry| entry.thing == Some(thing));
        of_it
            .filter_map(|entry| {
                let fields = world.look(kind, &entry.id)?;
                let inside = if side == 0 {
                    terms.takes(&self.evidence.ledger.book.facts(&entry.id))
                } else {
                    terms.takes_far(world.place(kind, &entry.id), fields.get("keywords"))
                };
                Some(Lies { fields, inside })
            })
            .collect()
    }

    /// Whether a far side's sync has ended with its container.
    fn is_over(&self, side: u8) -> bool {
        !self.has(Term::MadeAgain) && self.evidence.ledger.book.stopped.contains(&side)
    }

    fn deletions(&self, thing: u32) -> Vec<&Deletion> {
        self.evidence.ledger.deletions.iter().filter(|d| d.thing == thing).collect()
    }

    /// How often a thing may be on one side.
    fn most(&self, thing: u32, tokens: &[(u32, &Token)]) -> usize {
        let book = &self.evidence.ledger.book;
        if self.evidence.ledger.lost_sight.contains(&thing) {
            return usize::MAX;
        }
        let wrote: BTreeSet<u8> = tokens.iter().map(|(_, t)| t.side).chain(tokens.iter().filter_map(|(_, t)| Some(t.gone?.side))).collect();
        if book.doubled.contains(&thing) || (self.has(Term::Twofold) && wrote.len() > 1) {
            return usize::MAX;
        }
        // A copy that was seen before it was given its name, and is outside since, keeps the old one.
        if book.is_copied(thing) && self.evidence.terms.is_scoped() {
            return usize::MAX;
        }
        // What users made alike on several sides, and what nothing names as one: of what is outside nobody asks.
        if self.has(Term::Strangers) || self.has(Term::Wait) || self.evidence.terms.is_scoped() {
            book.twins.get(&thing).copied().unwrap_or(1).max(1)
        } else {
            1
        }
    }

    /// Whether nothing but what always holds is to be said of a thing.
    pub(super) fn is_ordinary(&self, thing: u32) -> bool {
        let book = &self.evidence.ledger.book;
        let terms = self.evidence.terms;
        let deleted = !self.deletions(thing).is_empty();
        let stays = [Term::HubStays, Term::FarStays, Term::AnyTakes, Term::Elsewhere].into_iter().any(|term| terms.has(term));
        let odd = !terms.is_two_way()
            || terms.has(Term::Undecided)
            || terms.has(Term::Twofold)
            || self.sides().any(|side| self.is_over(side))
            || (deleted && (stays || terms.is_scoped()))
            || (terms.has(Term::Wait) && book.is_alike(thing))
            || book.is_twin(thing)
            || book.doubled.contains(&thing)
            || book.looked_at.contains(&thing);
        !odd && (!terms.is_scoped() || self.sides().all(|side| self.lies(side, thing).iter().all(|item| item.inside)))
    }

    /// Judges a thing of which the policies say something of their own.
    pub(super) fn thing_by_terms(&mut self, thing: u32) {
        let ledger = self.evidence.ledger;
        let tokens: Vec<(u32, &Token)> = ledger.tokens.iter().filter(|(_, t)| t.thing == thing).map(|(n, t)| (*n, t)).collect();
        let all: Vec<Vec<Lies>> = self.sides().map(|side| self.lies(side, thing)).collect();
        let counts: Vec<usize> = all.iter().map(Vec::len).collect();
        let most = self.most(thing, &tokens);
        let mut wrong = Vec::new();
        if counts.iter().any(|n| *n > most) {
            wrong.push("is on a side more often than anybody made it".to_owned());
        }
        let hub = all.first().map_or(&[][..], Vec::as_slice);
        for (side, far) in (0_u8..).zip(&all).skip(1) {
            if self.is_over(side) {
                let with_it = |d: &&Deletion| d.side == side && ledger.book.removed.contains(&(thing, side));
                let deletions = self.deletions(thing);
                if hub.is_empty() && !deletions.is_empty() && deletions.iter().all(|d| with_it(d) && d.on.contains(&0)) {
                    wrong.push(format!("went from the hub with the container of {}", side_name(side)));
                }
                continue;
            }
            wrong.extend(self.missing(thing, side, hub, far, &tokens));
            // Of what was there twice, each side's users may have taken away another one.
            let halved = ledger.book.doubled.contains(&thing) && !self.deletions(thing).is_empty();
            if let ([hub], [far]) = (hub, far.as_slice())
                && hub.inside
                && far.inside
                && !halved
                && !ledger.book.looked_at.contains(&thing)
                && !ledger.book.is_twin(thing)
            {
                wrong.extend(self.differing(side, &hub.fields, &far.fields, &tokens));
            }
        }
        if counts.iter().all(|n| *n == 0) && self.deletions(thing).is_empty() {
            wrong.push("is nowhere, and nobody deleted it".to_owned());
        }
        self.failures.extend(wrong.into_iter().map(|what| format!("b{thing} {what}; it is there {counts:?} times (the hub first)")));
        for (number, token) in &tokens {
            self.kept(*number, token, &all);
        }
    }

    /// Why a thing may not be missing from the hub, or from a far side, when the other one has it.
    fn missing(&self, thing: u32, side: u8, hub: &[Lies], far: &[Lies], tokens: &[(u32, &Token)]) -> Vec<String> {
        let book = &self.evidence.ledger.book;
        let deletions = self.deletions(thing);
        let by = |side: u8| deletions.iter().any(|d| d.side == side);
        let by_far = deletions.iter().any(|d| d.side > 0);
        let removed = book.removed.iter().any(|(of, _)| *of == thing);
        let waits = book.doubled.contains(&thing) || (self.has(Term::Wait) && book.is_alike(thing));
        let name = side_name(side);
        let mut wrong = Vec::new();
        match (hub, far) {
            ([hub, ..], []) => {
                let wanted = self.has(Term::NothingToFar) || !hub.inside || by(side) || waits || book.looked_at.contains(&thing);
                if !wanted && !by(0) {
                    wrong.push(format!("must be on {name} too"));
                }
            }
            ([], [far, ..]) => {
                let wanted = self.has(Term::NothingToHub) || !far.inside || waits;
                if !wanted && !by(0) && !by_far {
                    wrong.push("must be on the hub too".to_owned());
                }
            }
            _ => {}
        }
        // A deletion that is no business of the other side.
        let had = |other: u8, by: u8| deletions.iter().any(|d| d.side == by && d.on.contains(&other));
        let outlives_far = self.has(Term::NothingToHub) || self.has(Term::HubStays);
        if hub.is_empty() && !by(0) && (outlives_far || removed) && had(0, side) {
            wrong.push(format!("was deleted on {name}, and that is no business of the hub"));
        }
        let outlives_hub = self.has(Term::NothingToFar) || self.has(Term::FarStays);
        if far.is_empty() && !by(side) && outlives_hub && had(side, 0) {
            wrong.push(format!("was deleted on the hub, and that is no business of {name}"));
        }
        // A deletion that is. What the scope kept apart, or somebody is still to look at, is left alone.
        let plain =
            !self.evidence.terms.is_scoped() && !self.has(Term::Elsewhere) && !waits && !book.looked_at.contains(&thing) && !removed;
        if plain && self.evidence.sides.len() == 2 && self.fate(thing, tokens) == Fate::Gone {
            if !far.is_empty() && !by(side) && by(0) && !outlives_hub {
                wrong.push(format!("was deleted on the hub by somebody who had seen it all, and is on {name}"));
            }
            if !hub.is_empty() && !by(0) && by(side) && !outlives_far {
                wrong.push(format!("was deleted on {name} by somebody who had seen it all, and is on the hub"));
            }
        }
        wrong
    }

    /// Where two items that are one thing differ, and should not.
    fn differing(&self, side: u8, hub: &Fields, far: &Fields, tokens: &[(u32, &Token)]) -> Vec<String> {
        let mut wrong = Vec::new();
        for (number, token) in tokens {
            let Some(slot) = self.slot(token) else { continue };
            if !self.shared(token.slot, 0, side) {
                continue;
            }
            let (on_hub, on_far) = (slot.holds(hub.get(slot.field), *number), slot.holds(far.get(slot.field), *number));
            let full = !on_far && matches!(self.holding(side, token.slot), Holding::AtMost(_));
            let unread = token.unread || token.gone.is_some_and(|gone| gone.unread);
            if on_hub != on_far && !unread && !full && !self.may_differ(side, token, slot, on_hub, tokens) {
                let (on, off) = if on_hub { (side_name(0), side_name(side)) } else { (side_name(side), side_name(0)) };
                wrong.push(format!("has k{number} in {} on {on} and not on {off}", slot.field));
            }
        }
        wrong
    }

    /// Whether the users of a side did anything to what goes together with a slot.
    fn touched(&self, side: u8, slot: &Slot, tokens: &[(u32, &Token)]) -> bool {
        let together = |token: &Token| {
            let other = self.slot(token);
            self.by_record() || other.is_some_and(|other| other.field == slot.field || (other.group && slot.group))
        };
        tokens.iter().any(|(_, t)| together(t) && (t.side == side || t.gone.is_some_and(|gone| gone.side == side)))
    }

    /// Whether the words let a token be on one side only.
    fn may_differ(&self, far: u8, token: &Token, slot: &Slot, on_hub: bool, tokens: &[(u32, &Token)]) -> bool {
        let (leads, follows) = if self.has(Term::NothingToFar) {
            (far, 0)
        } else if self.has(Term::NothingToHub) {
            (0, far)
        } else {
            // Both ways: only where both sides changed it and nobody decided, or each has its own.
            let undecided = self.has(Term::Undecided) || self.has(Term::Twofold);
            // What another far side's user wrote has come to the hub as well.
            return undecided
                && self.touched(far, slot, tokens)
                && self.sides().any(|side| side != far && self.touched(side, slot, tokens));
        };
        if self.has(Term::PutBack) {
            return false;
        }
        // What the following side's users did stays, until the leading side changes the same.
        let on_leading = on_hub == (leads == 0);
        self.touched(follows, slot, tokens) && (on_leading || token.side == follows || token.gone.is_some())
    }

    /// A token is live, replaced by somebody who had seen it, gone with a thing that somebody deleted who had seen it, or in
    /// the journal.
    fn kept(&mut self, number: u32, token: &Token, all: &[Vec<Lies>]) {
        let Some(slot) = self.slot(token) else { return };
        let live = all.iter().flatten().any(|item| slot.holds(item.fields.get(slot.field), number));
        let deletions = self.deletions(token.thing);
        let answered = deletions.iter().any(|d| Self::answered(d, number, token) || (d.side == token.side && d.act > token.act));
        let private = self.holding(token.side, token.slot) == Holding::Nothing && !deletions.is_empty();
        if live || token.gone.is_some() || answered || private || self.is_lost(number, slot) || self.is_buried(number, slot) {
            return;
        }
        let by = side_name(token.side);
        self.failures.push(format!(
            "k{number} in {} of b{}, written by the user of {by}, is lost: on no side, not replaced, and not in the journal",
            slot.field, token.thing
        ));
    }

    /// What is not about one thing: who is never written to, and who is told.
    pub(super) fn the_rest_by_terms(&mut self) {
        let written = self.evidence.written;
        if self.has(Term::NothingToHub) && written.contains(&0) {
            self.failures.push("the hub was written to, and it leads".to_owned());
        }
        if let Some(far) = written.iter().find(|side| **side > 0).filter(|_| self.has(Term::NothingToFar)) {
            self.failures.push(format!("{} was written to, and it leads", side_name(*far)));
        }
        let Some(hub) = self.evidence.sides.first() else { return };
        // How often somebody is told of one record is no law: a notice goes out at least once, whatever is cut off.
        for topic in hub.told() {
            let (created, updated) = (topic.ends_with(".created"), topic.ends_with(".updated"));
            if (created && self.has(Term::Untold)) || (updated && self.has(Term::ChangesUntold)) {
                self.failures.push(format!("the app's users were told of {topic}, and are not to be"));
            }
        }
    }
}
