//! Judges what is there at the end by what the users did. It knows nothing of the engine but its
//! journal, and asks the sides only through the hands of their users.

mod by_terms;

use crate::{
    far::{FarWorld, Holding},
    ledger::{Deletion, Ledger, Token, side_name},
    slot::{GUESTS, Slot, slot_of, slots},
    terms::Terms,
};
use pimkit_core::{Fields, JournalRow, Kind, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What the oracle judges by.
pub(crate) struct Evidence<'a> {
    pub(crate) kind: Kind,
    pub(crate) sides: &'a [Box<dyn FarWorld>],
    pub(crate) ledger: &'a Ledger,
    pub(crate) journal: &'a [JournalRow],
    pub(crate) policy: &'a BTreeMap<String, String>,
    /// Things that the end of a sync took away from a side.
    pub(crate) taken_away: &'a BTreeSet<(u8, u32)>,
    /// By far side whose sync was ended, the first act that it may not have carried over: another sync meets both sides anew.
    pub(crate) parted: &'a BTreeMap<u8, usize>,
    pub(crate) terms: &'a Terms,
    /// Sides that show late what their users did.
    pub(crate) late: &'a BTreeSet<u8>,
    /// Sides that rewrite an item some time after they took it, and say the time of that: when its user wrote, nobody can tell.
    pub(crate) rewriting: &'a BTreeSet<u8>,
    /// Sides that were written to.
    pub(crate) written: &'a BTreeSet<u8>,
    /// Times of users and sides cannot be compared.
    pub(crate) clock_jumped: bool,
}

/// What it found.
pub(crate) struct Verdict {
    pub(crate) failures: Vec<String>,
    /// What is there, side by side.
    pub(crate) there: Vec<BTreeMap<String, Fields>>,
}

/// What must have become of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Lives,
    Gone,
    /// Two users did things that neither saw, and one of them where the other cannot see.
    Either,
}

struct Judge<'a> {
    evidence: &'a Evidence<'a>,
    /// By side, what each thing says there: all its items.
    there: Vec<BTreeMap<u32, Vec<Fields>>>,
    /// By side, how much of each slot it holds.
    holding: Vec<Vec<Holding>>,
    failures: Vec<String>,
}

/// Whether the policy keeps from far sides who takes part.
fn keeps_guests(policy: &BTreeMap<String, String>) -> bool {
    policy.get("attendees").is_none_or(|word| word == "hidden" || word == "drop")
}

/// Whether the journal keeps a token as the loser of a conflict.
pub(crate) fn is_kept_as_loser(journal: &[JournalRow], token: u32, slot: &Slot) -> bool {
    let kept = |value: &Option<Value>| slot.holds(value.as_ref(), token);
    journal.iter().flat_map(|row| &row.lost).any(|lost| lost.field.as_str() == slot.field && kept(&lost.to))
}

/// Judges.
pub(crate) fn judge(evidence: &Evidence<'_>) -> Verdict {
    let mut failures = Vec::new();
    let mut there = Vec::new();
    let mut listed = Vec::new();
    for (n, world) in (0_u8..).zip(evidence.sides) {
        let mut things: BTreeMap<u32, Vec<Fields>> = BTreeMap::new();
        let mut all = BTreeMap::new();
        for entry in world.list(evidence.kind) {
            let Some(fields) = world.look(evidence.kind, &entry.id) else { continue };
            all.insert(entry.id.to_string(), fields.clone());
            match entry.thing {
                Some(thing) => things.entry(thing).or_default().push(fields),
                None => failures.push(format!("{} has an item that nobody made: {}", side_name(n), entry.id)),
            }
        }
        if let Some(mail) = world.outbox().first() {
            failures.push(format!("{} has mailed {:?} ({:?})", side_name(n), mail.to, mail.what));
        }
        there.push(things);
        listed.push(all);
    }
    let mut holding: Vec<Vec<Holding>> =
        evidence.sides.iter().map(|w| slots(evidence.kind).iter().map(|s| w.holds(evidence.kind, s.field)).collect()).collect();
    if let (Some(guests), true) = (slot_of(evidence.kind, GUESTS), keeps_guests(evidence.policy)) {
        holding.iter_mut().skip(1).filter_map(|far| far.get_mut(usize::from(guests))).for_each(|of| *of = Holding::Nothing);
    }
    let mut judge = Judge { evidence, there, holding, failures };
    for thing in evidence.ledger.made.keys() {
        if judge.is_ordinary(*thing) {
            judge.thing(*thing);
        } else {
            judge.thing_by_terms(*thing);
        }
    }
    judge.the_rest_by_terms();
    for (n, things) in (0_u8..).zip(&judge.there) {
        for thing in things.keys().filter(|t| !evidence.ledger.made.contains_key(t)) {
            judge.failures.push(format!("{} has b{thing}, which nobody made", side_name(n)));
        }
    }
    Verdict { failures: judge.failures, there: listed }
}

impl Judge<'_> {
    fn slot(&self, token: &Token) -> Option<&'static Slot> {
        slots(self.evidence.kind).get(usize::from(token.slot))
    }

    fn holding(&self, side: u8, slot: u8) -> Holding {
        self.holding.get(usize::from(side)).and_then(|s| s.get(usize::from(slot))).copied().unwrap_or(Holding::Nothing)
    }

    /// Whether both sides show a slot to us.
    fn shared(&self, slot: u8, a: u8, b: u8) -> bool {
        self.holding(a, slot) != Holding::Nothing && self.holding(b, slot) != Holding::Nothing
    }

    /// Whether the journal keeps a token as the loser of a conflict.
    fn is_lost(&self, token: u32, slot: &Slot) -> bool {
        is_kept_as_loser(self.evidence.journal, token, slot)
    }

    /// Whether the journal keeps, as the loser of a conflict, that a token was taken away.
    fn removal_is_lost(&self, token: u32, slot: &Slot) -> bool {
        let holds = |value: &Option<Value>| slot.holds(value.as_ref(), token);
        let lost = self.evidence.journal.iter().flat_map(|row| &row.lost);
        lost.filter(|lost| lost.field.as_str() == slot.field).any(|lost| holds(&lost.from) && !holds(&lost.to))
    }

    /// Whether the journal keeps a token in what a thing was before it was deleted.
    fn is_buried(&self, token: u32, slot: &Slot) -> bool {
        let word = slot.word(token);
        self.evidence.journal.iter().filter_map(|row| row.before.as_deref()).any(|before| String::from_utf8_lossy(before).contains(&word))
    }

    /// What of a thing's history a deletion did not see: tokens, and takings away.
    fn unseen<'t>(&self, deletion: &Deletion, tokens: &[(u32, &'t Token)]) -> Vec<(u32, &'t Token)> {
        self.changes(deletion, tokens).into_iter().filter(|(.., kept)| !kept).map(|(number, token, _)| (number, token)).collect()
    }

    /// The same, and whether the journal keeps it: at some time it did speak against the deletion, or lost to it.
    fn changes<'t>(&self, deletion: &Deletion, tokens: &[(u32, &'t Token)]) -> Vec<(u32, &'t Token, bool)> {
        let mut unseen = Vec::new();
        for (number, token) in tokens {
            let seen = deletion.view.contains(number);
            let change = match token.gone {
                None => token.side != deletion.side && !seen,
                // Written where the deleting user did not see it, and taken away by that user later: the thing was back.
                Some(gone) if !seen => token.side != deletion.side && gone.side == deletion.side && gone.act > deletion.act,
                Some(gone) => gone.side != deletion.side,
            };
            // What lost a conflict is kept in the journal, be it a value or the taking away of one, and speaks against no deletion.
            let removal = |slot| {
                let by = token.gone.and_then(|gone| gone.by);
                token.gone.is_some() && (by.is_some_and(|by| self.is_lost(by, slot)) || self.removal_is_lost(*number, slot))
            };
            let kept = self.slot(token).is_some_and(|slot| self.is_lost(*number, slot) || removal(slot));
            if change {
                unseen.push((*number, *token, kept));
            }
        }
        unseen
    }

    /// Whether of a slot nothing was shown by one of two sides when a user of one of them deleted a thing.
    fn was_blind(deletion: &Deletion, slot: u8, side: u8) -> bool {
        [side, deletion.side].iter().any(|side| deletion.blind.contains(&(*side, slot)))
    }

    /// Whether another deletion answers what one did not see.
    fn answered(deletion: &Deletion, number: u32, token: &Token) -> bool {
        let seen = deletion.view.contains(&number);
        match token.gone {
            None => seen || (deletion.side == token.side && deletion.act > token.act),
            Some(gone) if deletion.act > gone.act => !seen || deletion.side == gone.side,
            Some(_) => false,
        }
    }

    fn fate(&self, thing: u32, tokens: &[(u32, &Token)]) -> Fate {
        let deletions: Vec<&Deletion> = self.evidence.ledger.deletions.iter().filter(|d| d.thing == thing).collect();
        if deletions.is_empty() {
            return Fate::Lives;
        }
        let mut either = false;
        for deletion in &deletions {
            // Written by somebody who did not see the deletion, and taken away by another than who deleted it: whether a run
            // came between the two decides what became of the thing.
            let passing = |(n, t): &(u32, &Token)| {
                let later = t.gone.is_some_and(|gone| gone.act > deletion.act && gone.side != deletion.side);
                let late = t.gone.is_some() && self.evidence.late.contains(&t.side);
                t.side != deletion.side && !deletion.view.contains(n) && (later || late)
            };
            // What two users took away at once is in the book as taken by the first alone.
            let cleared = |(of, side, slot): &(u32, u8, u8)| {
                let taken = tokens.iter().any(|(_, t)| t.slot == *slot && t.gone.is_some_and(|gone| gone.side != *side));
                *of == thing && *side != deletion.side && taken
            };
            let kept = self.changes(deletion, tokens).iter().any(|(.., kept)| *kept);
            let retaken = self.evidence.ledger.retaken.contains(&thing);
            either |= kept || retaken || deletion.blurred || tokens.iter().any(passing) || self.evidence.ledger.cleared.iter().any(cleared);
            for (number, token) in self.unseen(deletion, tokens) {
                if deletions.iter().any(|other| Self::answered(other, number, token)) {
                    continue;
                }
                let side = token.gone.map_or(token.side, |gone| gone.side);
                let blurred = deletion.blurred || token.unread || token.gone.is_some_and(|gone| gone.blurred);
                if self.shared(token.slot, side, deletion.side) && !Self::was_blind(deletion, token.slot, side) && !blurred {
                    return Fate::Lives;
                }
                either = true;
            }
        }
        if either { Fate::Either } else { Fate::Gone }
    }

    fn items(&self, side: u8, thing: u32) -> &[Fields] {
        self.there.get(usize::from(side)).and_then(|t| t.get(&thing)).map_or(&[], Vec::as_slice)
    }

    fn sides(&self) -> impl Iterator<Item = u8> + use<> {
        0..u8::try_from(self.evidence.sides.len()).unwrap_or(u8::MAX)
    }

    fn thing(&mut self, thing: u32) {
        let ledger = self.evidence.ledger;
        let tokens: Vec<(u32, &Token)> = ledger.tokens.iter().filter(|(_, t)| t.thing == thing).map(|(n, t)| (*n, t)).collect();
        let fate = self.fate(thing, &tokens);
        let counts: Vec<usize> = self.sides().map(|side| self.items(side, thing).len()).collect();
        let alone = counts.len() <= 2;
        // Where the end of a sync took it away, it is away; the other side's stays.
        let is_away = |(side, count): &(u8, &usize)| **count == 0 && self.evidence.taken_away.contains(&(*side, thing));
        let left: Vec<usize> = (0_u8..).zip(&counts).filter(|at| !is_away(at)).map(|(_, n)| *n).collect();
        let wrong = if alone { self.wrong_in_one(thing, fate, &left) } else { self.wrong_in_several(thing, fate, &counts, &tokens) };
        if let Some(must) = wrong {
            self.failures.push(format!("b{thing} {must}; it is there {counts:?} times (the hub first)"));
            return;
        }
        let alive = counts.first().is_some_and(|n| *n > 0);
        if ledger.lost_sight.contains(&thing) && counts.iter().any(|n| *n > 1) {
            return;
        }
        for (number, token) in &tokens {
            if alive {
                self.token(*number, token, &tokens);
            } else {
                self.buried(*number, token);
            }
        }
    }

    /// Whether a thing may have stayed on a side although it was deleted on another: it was kept from us for a while, and
    /// what is deleted while it is outside of what we see is nobody's to carry over.
    fn may_stay(&self, side: u8, thing: u32) -> bool {
        let ledger = self.evidence.ledger;
        ledger.hidden.contains(&(side, thing)) && ledger.deletions.iter().any(|d| d.thing == thing && d.side != side)
    }

    /// What is wrong with where a thing is, when there is one far side.
    fn wrong_in_one(&self, thing: u32, fate: Fate, counts: &[usize]) -> Option<&'static str> {
        // What came by a write of unknown outcome and was hidden from us before we looked may have been made once more.
        let most = if self.evidence.ledger.lost_sight.contains(&thing) { 2 } else { 1 };
        let alive = counts.iter().all(|n| (1..=most).contains(n));
        let gone = counts.iter().all(|n| *n == 0);
        let hidden = self.evidence.ledger.hidden.contains(&(1, thing));
        let own = self.evidence.ledger.deletions.iter().any(|d| d.thing == thing && d.side == 1);
        // Deleted by its own user where we did not see it, it stays on the hub for the same reason.
        if (counts == [0, 1] && self.may_stay(1, thing)) || (counts == [1, 0] && hidden && own) {
            return None;
        }
        match fate {
            Fate::Lives => (!alive).then_some("must be on every side once"),
            Fate::Gone => (!gone).then_some("was deleted by somebody who had seen it all, and must be nowhere"),
            Fate::Either => (!alive && !gone).then_some("must be on every side once, or nowhere"),
        }
    }

    /// What is wrong with where a thing is, when there are several far sides. A deletion in one of several mailboxes lets go of
    /// that one alone.
    fn wrong_in_several(&self, thing: u32, fate: Fate, counts: &[usize], tokens: &[(u32, &Token)]) -> Option<&'static str> {
        let deletions: Vec<&Deletion> = self.evidence.ledger.deletions.iter().filter(|d| d.thing == thing).collect();
        let on_hub = deletions.iter().any(|d| d.side == 0);
        // What came by a write of unknown outcome and was hidden from us before we looked may have been made once more; beside
        // what stayed where it was hidden, what somebody else had edited may have been.
        let twice = |side: u8| self.evidence.ledger.lost_sight.contains(&thing) || self.may_stay(side, thing);
        if (0_u8..).zip(counts).any(|(side, n)| *n > if twice(side) { 2 } else { 1 }) {
            return Some("must be on no side twice");
        }
        let hub = counts.first().is_some_and(|n| *n > 0);
        let absent: Vec<u8> = (0_u8..).zip(counts).filter(|(side, n)| *side > 0 && **n == 0).map(|(side, _)| side).collect();
        if hub {
            let doubtful = self.evidence.ledger.doubtful.contains(&thing);
            if !doubtful && absent.iter().any(|side| !deletions.iter().any(|d| d.side == *side)) {
                return Some("must be in every mailbox whose user has not deleted it");
            }
            let only_hub = deletions.iter().all(|d| d.side == 0);
            return (on_hub && only_hub && fate == Fate::Gone).then_some("was deleted on the hub, and nobody has edited it since");
        }
        let behind = (1_u8..).zip(counts.iter().skip(1)).filter(|(_, n)| **n > 0);
        let mut behind = behind.map(|(side, _)| self.may_stay(side, thing)).peekable();
        if behind.peek().is_some() {
            return (!behind.all(|may| may)).then_some("is gone from the hub and left behind in a mailbox");
        }
        // Gone everywhere: somebody deleted it on the hub, or in the last mailbox that had it, and no edit speaks against it.
        let last = deletions.iter().filter(|d| d.side > 0 && d.on.iter().all(|side| *side == 0 || *side == d.side));
        let free = |d: &&Deletion| {
            // What was done where the deleting user cannot look speaks against nothing.
            let of = |t: &Token| t.gone.map_or(t.side, |gone| gone.side);
            let shown = |t: &Token| !Self::was_blind(d, t.slot, of(t)) && self.shared(t.slot, of(t), d.side);
            let mut unseen = self.unseen(d, tokens).into_iter().filter(|(_, t)| shown(t));
            let blurred = |t: &Token| t.unread || t.gone.is_some_and(|gone| gone.blurred);
            unseen.all(|(n, t)| blurred(t) || deletions.iter().any(|other| Self::answered(other, n, t)))
        };
        if on_hub {
            return (fate == Fate::Lives).then_some("was edited by somebody who did not see its deletion, and is nowhere");
        }
        (!last.clone().any(free)).then_some("was deleted in one of several mailboxes, and is nowhere")
    }

    /// A token of a thing that is gone: seen by who deleted it, or kept in the journal.
    fn buried(&mut self, number: u32, token: &Token) {
        let deletions = self.evidence.ledger.deletions.iter().filter(|d| d.thing == token.thing);
        let answered = token.gone.is_some() || deletions.clone().any(|d| Self::answered(d, number, token));
        let Some(slot) = self.slot(token) else { return };
        if self.sides().any(|side| self.items(side, token.thing).iter().any(|f| slot.holds(f.get(slot.field), number))) {
            return;
        }
        // What only its own user could ever see dies with the item.
        let private = deletions.clone().any(|d| !self.shared(token.slot, token.side, d.side));
        if !answered && !private && !self.is_lost(number, slot) && !self.is_buried(number, slot) {
            self.failures.push(format!(
                "k{number} in {} of b{} went with its thing, and nobody who deleted it had seen it",
                slot.field, token.thing
            ));
        }
    }

    fn by_record(&self) -> bool {
        self.evidence.policy.get("granularity").is_some_and(|word| word == "record")
    }

    /// Whether a user of another side wrote or took away something that a token may have met in a conflict.
    fn has_rival(&self, number: u32, token: &Token, slot: &Slot, all: &[(u32, &Token)]) -> bool {
        let elsewhere = |side: u8| side != token.side;
        let rivals = |(n, other): &(u32, &Token)| {
            let together = slot.group && self.slot(other).is_some_and(|of| of.group);
            // What was written over while a write of it was open may not have arrived yet.
            let open = other.gone.is_some_and(|gone| gone.by == Some(number) && gone.blurred);
            let unseen = !token.over.contains(n) && !other.over.contains(&number) || open;
            let meets = (other.slot == token.slot && unseen) || (other.slot != token.slot && (together || self.by_record()));
            let taken = other.gone.is_some_and(|gone| elsewhere(gone.side));
            (meets && elsewhere(other.side)) || ((other.slot == token.slot || together || self.by_record()) && taken)
        };
        // What two users took away at once is in the book as taken by the first alone.
        let cleared = |(thing, side, of): &(u32, u8, u8)| {
            let together = slot.group && slots(self.evidence.kind).get(usize::from(*of)).is_some_and(|of| of.group);
            *thing == token.thing && elsewhere(*side) && (*of == token.slot || together || self.by_record())
        };
        let cleared = self.evidence.ledger.cleared.iter().any(cleared);
        cleared || all.iter().any(rivals)
    }

    /// Under `newest`, what lost a conflict was not provably the later of the two.
    fn loser(&mut self, number: u32, token: &Token, slot: &Slot, all: &[(u32, &Token)]) {
        let newest = self.evidence.policy.get("conflicts").is_none_or(|word| word == "newest");
        if !newest || slot.group || slot.is_set() || self.by_record() || self.evidence.clock_jumped || !self.is_lost(number, slot) {
            return;
        }
        // It may have lost to somebody who took away what was there, whatever was written after that.
        let cleared = |(thing, side, of): &(u32, u8, u8)| *thing == token.thing && *side != token.side && *of == token.slot;
        if self.evidence.ledger.cleared.iter().any(cleared) {
            return;
        }
        let touched = |side: u8| self.evidence.ledger.touched.get(&(token.thing, side)).copied();
        for (other, winner) in all.iter().filter(|(n, t)| *n != number && t.slot == token.slot && t.gone.is_none()) {
            let rivals = !winner.over.contains(&number) && !token.over.contains(other);
            let everywhere = self.sides().all(|s| self.items(s, token.thing).iter().all(|f| slot.holds(f.get(slot.field), *other)));
            // The app tells when each field was changed; a far side, when the whole item was.
            let latest = if winner.side == 0 {
                Some(winner.told)
            } else {
                let mended = self.evidence.ledger.mended.contains(&(winner.side, token.thing));
                touched(winner.side).filter(|_| !mended && !self.evidence.rewriting.contains(&winner.side))
            };
            if rivals && everywhere && latest.is_some_and(|latest| latest < token.at) {
                self.failures
                    .push(format!("k{number} in {} of b{} lost to k{other}, though it was written later", slot.field, token.thing));
            }
        }
    }

    /// Of a meeting, the sides that must agree with the one where a token was written: its guest speaks for the copy alone,
    /// and what providers tell the guests is not played. Keywords are everybody's.
    fn of_meeting(&self, token: &Token, slot: &Slot) -> Option<Vec<u8>> {
        let (organiser, guest) = *self.evidence.ledger.meetings.get(&token.thing).filter(|_| slot.field != "keywords")?;
        let sides = if token.side == guest { vec![guest] } else { vec![0, organiser] };
        Some(sides.into_iter().filter(|side| *side == token.side || self.holding(*side, token.slot) != Holding::Nothing).collect())
    }

    /// Whether a side must never see what another one wrote.
    fn is_kept_from(&self, side: u8, token: &Token, slot: &Slot) -> bool {
        // Where the organiser's mailbox shows nothing of the field, the hub has nothing but the guest's copy to go by.
        let of_guest = self.evidence.ledger.meetings.get(&token.thing).is_some_and(|(organiser, guest)| {
            token.side == *guest && (side > 0 || self.holding(*organiser, token.slot) != Holding::Nothing)
        });
        let kept = slot.field == GUESTS && side > 0 && self.holding(side, token.slot) == Holding::Nothing;
        kept || (of_guest && slot.field != "keywords")
    }

    /// Whether a side tells the guests of a meeting whatever is written to it. Then a merge of both ends is held as a whole, and said
    /// to be: an edit waits where it was made, whichever end that is.
    fn would_be_told(&self, token: &Token) -> bool {
        self.evidence.ledger.meetings.contains_key(&token.thing) && self.evidence.sides.iter().any(|side| !side.can_keep_silent())
    }

    /// A token of a thing that lives.
    fn token(&mut self, number: u32, token: &Token, all: &[(u32, &Token)]) {
        let Some(slot) = self.slot(token) else { return };
        if token.gone.is_some() && self.would_be_told(token) {
            return;
        }
        let home = self.holding(token.side, token.slot);
        let shows = |judge: &Self, side: u8| judge.items(side, token.thing).iter().any(|f| slot.holds(f.get(slot.field), number));
        // Where a side shows us nothing of the field, it is a matter of its own users.
        let scope: Vec<u8> = if home == Holding::Nothing || self.would_be_told(token) {
            vec![token.side]
        } else if let Some(own) = self.of_meeting(token, slot) {
            own
        } else {
            let there = |side: &u8| self.holding(*side, token.slot) != Holding::Nothing && !self.items(*side, token.thing).is_empty();
            self.sides().filter(there).collect()
        };
        if let Some(side) = self.sides().find(|side| *side != token.side && self.is_kept_from(*side, token, slot) && shows(self, *side)) {
            let line = format!("k{number} in {} of b{} is on {}, which was not to have it", slot.field, token.thing, side_name(side));
            self.failures.push(line);
        }
        // The end that another side cannot hold is no edit of it: here it stays.
        let cut = |f: &Fields| slot.holds(f.get(slot.field), number) && !slot.holds_whole(f.get(slot.field), number);
        if token.gone.is_none() && self.evidence.ledger.long.contains(&number) && self.items(0, token.thing).iter().any(cut) {
            self.failures.push(format!("k{number} in {} of b{} has lost its end on the hub", slot.field, token.thing));
        }
        let (on, off): (Vec<u8>, Vec<u8>) = scope.into_iter().partition(|side| shows(self, *side));
        let what = format!("k{number} in {} of b{}", slot.field, token.thing);
        let deleted = self.evidence.ledger.deletions.iter().any(|d| d.thing == token.thing);
        if on.is_empty() && !deleted {
            self.loser(number, token, slot, all);
            if token.gone.is_none() && self.is_lost(number, slot) && !self.has_rival(number, token, slot, all) {
                self.failures.push(format!("{what} lost a conflict, and nobody else had written there"));
            }
        }
        if on.is_empty() {
            let answered = self.evidence.ledger.deletions.iter().any(|d| d.thing == token.thing && Self::answered(d, number, token));
            // What was changed before a sync took it away is kept in the journal as it was by then.
            let away = self.evidence.taken_away.contains(&(token.side, token.thing));
            let taken = away && (home == Holding::Nothing || self.is_buried(number, slot));
            // What only its own user could ever see went with an item of which another side's user had seen all there was to see.
            let mut deletions = self.evidence.ledger.deletions.iter().filter(|d| d.thing == token.thing);
            let private = deletions.any(|d| home == Holding::Nothing || Self::was_blind(d, token.slot, token.side));
            let overlaid = self.evidence.ledger.overlaid.contains(&number);
            if token.gone.is_none() && !answered && !taken && !private && !token.unread && !overlaid && !self.is_lost(number, slot) {
                let by = side_name(token.side);
                self.failures
                    .push(format!("{what}, written by the user of {by}, is lost: on no side, not replaced, and not in the journal"));
            }
            return;
        }
        if let (Some(gone), false) = (token.gone, deleted) {
            // It may be there only where what took it away has lost a conflict. A value that its writer saw is no rival of what
            // was written over it: only what goes together with other fields can lose to others.
            let lost = gone.by.is_some_and(|by| self.is_lost(by, slot)) || self.removal_is_lost(number, slot);
            // What a sync took away with its end had changes that never went anywhere: they are kept in the journal.
            let ended = self.evidence.taken_away.contains(&(gone.side, token.thing)) && gone.by.is_none_or(|by| self.is_buried(by, slot));
            let anew = self.evidence.parted.values().any(|act| gone.act >= *act);
            // Of a write that was never looked for, since a listing hid what it was about, nobody knows what it left.
            // What a guest wrote into the copy of a meeting is the guest's: nobody else takes it away there.
            let own = self.evidence.ledger.meetings.get(&token.thing).is_some_and(|(_, guest)| {
                slot.field != "keywords" && token.side == *guest && gone.side != *guest && on.as_slice() == [*guest]
            });
            let murky = self.evidence.ledger.murky.iter().any(|(side, act)| token.act < *act && (*side == gone.side || on.contains(side)));
            let lost = own || murky || gone.blurred || gone.unread || ended || anew || (lost && (slot.group || self.by_record()));
            if !lost {
                let by = side_name(gone.side);
                self.failures.push(format!("{what} is back on {on:?}, though the user of {by} had taken it away"));
                return;
            }
        }
        for side in off {
            let full = match self.holding(side, token.slot) {
                Holding::AtMost(most) => {
                    let living: BTreeSet<u32> = all
                        .iter()
                        .filter(|(n, t)| {
                            t.slot == token.slot && self.items(0, token.thing).iter().any(|f| slot.holds(f.get(slot.field), *n))
                        })
                        .map(|(n, _)| *n)
                        .collect();
                    living.len() > most as usize
                }
                _ => false,
            };
            let cleared = token.gone.is_some_and(|gone| gone.unread && gone.side == side);
            if !full && !cleared && !token.unread {
                let on: Vec<String> = on.iter().map(|s| side_name(*s)).collect();
                self.failures.push(format!("{what} is on {} and not on {}", on.join(", "), side_name(side)));
            }
        }
    }
}
