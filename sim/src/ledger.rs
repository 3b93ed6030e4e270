//! What the users did: the oracle's own book, kept by their hands and by nobody else.

use crate::{
    far::{FarWorld, Holding, Mood},
    play::{Act, Play, address},
    props::Book,
    slot::{GUESTS, Slot, birth_field, birth_text, slots},
};
use jiff::Timestamp;
use pimkit_core::{Fields, ItemId, Kind, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A token, from its writing to its end.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) thing: u32,
    pub(crate) slot: u8,
    pub(crate) side: u8,
    /// The act that wrote it.
    pub(crate) act: usize,
    /// When, by the clock of the play.
    pub(crate) at: Timestamp,
    /// When its item was changed last before anybody had listed it: an app tells that of a record, and of no field.
    pub(crate) told: Timestamp,
    /// It was written between our write and the look at what came of it, on a side that answers nothing; or between the two
    /// calls of our write, on a side that needs two.
    pub(crate) unread: bool,
    /// Tokens of the same slot that its writer saw.
    pub(crate) over: BTreeSet<u32>,
    /// The act by which a user who saw it took it away.
    pub(crate) gone: Option<Gone>,
}

/// How a token was taken away by somebody who saw it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gone {
    pub(crate) side: u8,
    pub(crate) act: usize,
    /// What was written in its place.
    pub(crate) by: Option<u32>,
    /// It was done while the outcome of a write to this side was open: nobody can tell whether the write came before or
    /// after it, or tore a hole itself, and so what was taken away may come back.
    pub(crate) blurred: bool,
    /// It was done between our write and the look at what came of it, on a side that answers nothing: it looks like what
    /// the side itself made of the write.
    pub(crate) unread: bool,
}

/// A deletion, with the tokens that the deleting user saw.
#[derive(Clone, Debug)]
pub(crate) struct Deletion {
    pub(crate) thing: u32,
    pub(crate) side: u8,
    pub(crate) act: usize,
    pub(crate) view: BTreeSet<u32>,
    /// Slots of which sides showed nothing then.
    pub(crate) blind: BTreeSet<(u8, u8)>,
    /// Sides that had the thing then, this one included.
    pub(crate) on: BTreeSet<u8>,
    /// Something in the thing came to this side by a write, or was taken away by one.
    pub(crate) brought: bool,
    /// The thing, or something in it, came to this side by a write whose outcome nobody had learnt yet: whether that came
    /// before the deletion, or never, cannot be told.
    pub(crate) blurred: bool,
}

/// Everything that users did.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) tokens: BTreeMap<u32, Token>,
    pub(crate) deletions: Vec<Deletion>,
    /// Things, and the sides on which they were made.
    pub(crate) made: BTreeMap<u32, u8>,
    /// Meetings, and the sides of their organiser and their guest.
    pub(crate) meetings: BTreeMap<u32, (u8, u8)>,
    /// Moods that are on.
    pub(crate) moods: Vec<(u8, ItemId, Mood)>,
    /// When a user last changed a thing, by thing and side.
    pub(crate) touched: BTreeMap<(u32, u8), Timestamp>,
    /// Tokens that the app's user wrote with a long text behind them.
    pub(crate) long: BTreeSet<u32>,
    /// Things, sides and slots that a user of that side has cleared.
    pub(crate) cleared: BTreeSet<(u32, u8, u8)>,
    /// Things of which a user took away what another one had taken away before, unseen, or what was back.
    pub(crate) retaken: BTreeSet<u32>,
    /// By sync, the sides to which it sent a write whose outcome is open.
    pub(crate) unclear: BTreeSet<(u8, u8)>,
    /// Things that were kept from us on a side for a while.
    pub(crate) hidden: BTreeSet<(u8, u32)>,
    /// Things that were in a mood for a while, or were taken out of one: when that ends, it is the last change of the item. And
    /// those that a process believed dead may have written to.
    pub(crate) mended: BTreeSet<(u8, u32)>,
    /// Things that came to such a side by the run that left it open.
    pub(crate) unrecorded: BTreeSet<(u8, u32)>,
    /// Things that came to a side by a write of unknown outcome and were hidden there before anybody looked, be it by their
    /// users or by listings that came short.
    pub(crate) lost_sight: BTreeSet<u32>,
    /// Sides that hid, in a listing, what a write of unknown outcome was about, and the acts before which that was.
    pub(crate) murky: BTreeMap<u8, usize>,
    /// Things that a process which was taken over may still write to.
    pub(crate) doubtful: BTreeSet<u32>,
    /// Tokens over which the second of two calls may be written late: it bears no condition, and nobody waits for it any more.
    pub(crate) overlaid: BTreeSet<u32>,
    /// Tokens of the app's user that no run has listed yet.
    untold: BTreeSet<u32>,
    /// Sides that answer nothing, or take a write in two calls, and were written to by the run that goes on, which has not
    /// taken the outcome down.
    pub(crate) unread: BTreeSet<u8>,
    /// Sides that give an item another id with every edit.
    pub(crate) rekeying: BTreeSet<u8>,
    /// Sides that told a listing short, as a success.
    pub(crate) short: BTreeSet<u8>,
    /// Sides on which somebody copied an item since the last whole run with them, and the last act that did.
    pub(crate) copied_on: BTreeMap<u8, usize>,
    /// What props were worked.
    pub(crate) book: Book,
    /// Acts that came to something.
    pub(crate) acts: usize,
    now: Timestamp,
}

/// An item that an act is about.
pub(crate) struct Picked {
    pub(crate) id: ItemId,
    pub(crate) thing: u32,
    pub(crate) before: Fields,
}

pub(crate) fn picked(kind: Kind, world: &dyn FarWorld, pick: u32) -> Option<Picked> {
    let mut things: Vec<(u32, ItemId)> = world.list(kind).into_iter().filter_map(|e| Some((e.thing?, e.id))).collect();
    things.sort();
    let at = usize::try_from(pick).ok()?.checked_rem(things.len())?;
    let (thing, id) = things.into_iter().nth(at)?;
    let before = world.look(kind, &id)?;
    Some(Picked { id, thing, before })
}

/// What a new thing says.
fn new_thing(kind: Kind, thing: u32, written: &[(u8, u32)], uid: bool) -> Option<Fields> {
    let mut fields = Fields::from([(birth_field(kind).into(), birth_text(thing).into())]);
    if uid {
        fields.insert("uid".into(), format!("uid-b{thing}z").into());
    }
    for (slot, token) in written {
        let of = slots(kind).get(usize::from(*slot))?;
        let value = of.write(fields.get(of.field), *token, None, false);
        fields.extend(value);
    }
    if kind == Kind::Event && !fields.contains_key("start") {
        let times = Slot { field: "start", form: crate::slot::Form::Span, group: true };
        fields.extend(times.write(None, 1_000_000 + thing, None, false));
    }
    Some(fields)
}

/// Who is at a meeting.
fn people(organiser: u8, guest: u8) -> Fields {
    let person = |side: u8| serde_json::json!({ "address": address(side.into()), "expectReply": true });
    let organizer = serde_json::json!({ "address": address(organiser.into()) });
    Fields::from([("organizer".into(), organizer), (GUESTS.into(), [person(organiser), person(guest)].into_iter().collect())])
}

impl Ledger {
    /// The empty book of a play.
    pub(crate) fn of(play: &Play) -> Self {
        Self { rekeying: play.sides_with("rekeys_on_edit"), ..Self::default() }
    }

    /// The tokens of a thing that an item shows.
    pub(crate) fn view(&self, kind: Kind, thing: u32, fields: &Fields) -> BTreeSet<u32> {
        let shows = |token: u32, slot: u8| slots(kind).get(usize::from(slot)).is_some_and(|s| s.holds(fields.get(s.field), token));
        self.tokens.iter().filter(|(n, t)| t.thing == thing && shows(**n, t.slot)).map(|(n, _)| *n).collect()
    }

    /// A user acts. Comes back with what happened, for the trace; with nothing when there was nothing to act on.
    pub(crate) fn act(&mut self, kind: Kind, sides: &[Box<dyn FarWorld>], act: &Act, at: Timestamp) -> Option<String> {
        self.now = at;
        let side = act.side();
        let world = sides.get(usize::from(side))?.as_ref();
        let said = match act {
            Act::Make { thing, slots: written, uid, .. } => {
                let fields = new_thing(kind, *thing, written, *uid)?;
                self.make(kind, world, side, *thing, written, &fields)
            }
            Act::Meet { guest, thing, slots: written, .. } => {
                let mut fields = new_thing(kind, *thing, written, true)?;
                fields.extend(people(side, *guest));
                sides.get(usize::from(*guest))?.make(kind, &fields)?;
                self.meetings.insert(*thing, (side, *guest));
                self.make(kind, world, side, *thing, written, &fields)
            }
            Act::Write { pick, slot, token, at, long, .. } => {
                let of = slots(kind).get(usize::from(*slot))?;
                // Guests that are added to somebody else's event, or to one that another deletes, wait to be looked at.
                let is_deleted = |thing: u32| self.deletions.iter().any(|d| d.thing == thing);
                let is_own = |item: &Picked| of.field != GUESTS || (self.made.get(&item.thing) == Some(&side) && !is_deleted(item.thing));
                let item = picked(kind, world, *pick).filter(is_own)?;
                let fields = of.write(item.before.get(of.field), *token, *at, *long);
                if side == 0 && fields.get(of.field).is_some_and(|value| of.holds_whole(Some(value), *token)) {
                    self.long.insert(*token);
                }
                self.change(kind, world, side, &item, &fields, Some((*token, *slot, of)))
            }
            Act::Clear { pick, slot, at, .. } => {
                let of = slots(kind).get(usize::from(*slot))?;
                let item = picked(kind, world, *pick)?;
                let fields = of.clear(item.before.get(of.field), *at)?;
                self.cleared.insert((item.thing, side, *slot));
                self.change(kind, world, side, &item, &fields, None)
            }
            Act::Delete { pick, .. } => {
                let item = picked(kind, world, *pick).filter(|item| self.may_delete(kind, side, item.thing))?;
                let having = (0_u8..).zip(sides).filter(|(_, w)| w.list(kind).iter().any(|e| e.thing == Some(item.thing)));
                let on = having.map(|(n, _)| n).collect();
                world.delete(kind, &item.id).then(|| {
                    let view = self.view(kind, item.thing, &item.before);
                    // What a write brought, or took away, came with an outcome that is open.
                    let brought = |(n, t): (&u32, &Token)| {
                        let shown = view.contains(n) || t.gone.is_some_and(|gone| gone.side == side);
                        t.thing == item.thing && (t.side != side && shown || t.gone.is_some_and(|gone| gone.side != side))
                    };
                    let shows_nothing = |world: &dyn FarWorld, of: &Slot| world.holds(kind, of.field) == Holding::Nothing;
                    let of_side = |side: u8, world: &dyn FarWorld| {
                        let slots = (0_u8..).zip(slots(kind));
                        let blind = slots.filter(|(_, of)| shows_nothing(world, of)).map(|(slot, _)| (side, slot));
                        blind.collect::<Vec<_>>()
                    };
                    let mut blind: BTreeSet<(u8, u8)> =
                        (0_u8..).zip(sides).flat_map(|(side, world)| of_side(side, world.as_ref())).collect();
                    // Where there is no room for another value, what others have beside those that are there shows nowhere.
                    let is_full = |of: &Slot| match (world.holds(kind, of.field), item.before.get(of.field)) {
                        (Holding::AtMost(most), Some(Value::Array(list))) => list.len() >= most as usize,
                        _ => false,
                    };
                    let full = (0_u8..).zip(slots(kind)).filter(|(_, of)| is_full(of));
                    blind.extend(full.map(|(slot, _)| (side, slot)));
                    let doubtful = self.doubtful.contains(&item.thing);
                    if doubtful {
                        self.lost_sight.insert(item.thing);
                    }
                    let brought = self.tokens.iter().any(brought);
                    let open_update = self.is_unclear(side) && brought;
                    let blurred = open_update || doubtful || self.unrecorded.contains(&(side, item.thing));
                    self.deletions.push(Deletion { thing: item.thing, side, act: self.acts, view, blind, on, brought, blurred });
                    format!("deletes b{}", item.thing)
                })
            }
            Act::Copy { pick, thing, .. } => {
                // Of two items with the mark of a write whose outcome is open nobody can tell the copy.
                // Where the original was kept back, nobody can tell that the first to show its uid is the copy.
                let is_told = !self.is_unclear(side) && !self.short.contains(&side);
                let item = picked(kind, world, *pick).filter(|item| is_told && !self.meetings.contains_key(&item.thing))?;
                // Nor where others made it too, and a user keeps it back here: the copy would be joined with theirs.
                if self.book.is_twin(item.thing) && self.hidden.contains(&(side, item.thing)) {
                    return None;
                }
                let id = world.copy(kind, &item.id)?;
                let name = Fields::from([(birth_field(kind).into(), birth_text(*thing).into())]);
                world.edit(kind, &id, &name).then(|| {
                    self.made.insert(*thing, side);
                    self.book.copied(item.thing, *thing);
                    self.copied_on.insert(side, self.acts);
                    format!("copies b{} as b{thing}", item.thing)
                })
            }
            Act::Prop { on, prop, .. } => self.prop(kind, sides, side, *on, *prop),
            Act::Mood { pick, mood, on, .. } => {
                let item = picked(kind, world, *pick)?;
                // Nor where it is kept back once it was copied.
                let away = *on && matches!(mood, Mood::Hidden | Mood::Vanished);
                if away && self.book.is_twin(item.thing) && self.book.is_copied(item.thing) {
                    return None;
                }
                if *mood != Mood::Vanished {
                    self.mended.insert((side, item.thing));
                }
                if *on && *mood == Mood::Hidden {
                    // Where a write gives it another id, what became of it is told by nothing but itself.
                    let renamed = self.rekeying.contains(&side) && self.is_unclear(side);
                    if renamed || self.unrecorded.contains(&(side, item.thing)) {
                        self.lost_sight.insert(item.thing);
                    }
                    self.hidden.insert((side, item.thing));
                }
                world.mood(kind, &item.id, *mood, *on).then(|| {
                    if *on {
                        self.moods.push((side, item.id, *mood));
                    }
                    format!("b{} is {mood:?}: {on}", item.thing)
                })
            }
        }?;
        if !matches!(act, Act::Mood { .. }) {
            self.acts += 1;
        }
        Some(format!("user of {}: {said}", side_name(side)))
    }

    /// Whether a user deletes a thing in these plays. Who calls a meeting off tells its guests through the provider, which is
    /// not played; and one that was deleted and edited at once is not made again by anybody, but waits to be looked at.
    fn may_delete(&self, kind: Kind, side: u8, thing: u32) -> bool {
        // Where a copy keeps the uid of a thing that others made too, and the original is away, nobody can tell the two.
        if self.book.is_twin(thing) && self.book.is_copied(thing) {
            return false;
        }
        // Where every edit gives an item another id, a copy beside an original that is away is the original by another name.
        if self.rekeying.contains(&side) && self.copied_on.contains_key(&side) && self.book.is_copied(thing) {
            return false;
        }
        let has_guests = |token: &Token| slots(kind).get(usize::from(token.slot)).is_some_and(|slot| slot.field == GUESTS);
        self.meetings.get(&thing).is_none_or(|(_, guest)| *guest == side)
            && !self.tokens.values().any(|token| token.thing == thing && has_guests(token))
    }

    /// Whether the outcome of a write to this side is open.
    pub(crate) fn is_unclear(&self, side: u8) -> bool {
        self.unclear.iter().any(|(_, of)| *of == side)
    }

    /// A run with this far side ended. What users did while it went on, where it left a write open, is blurred too.
    /// `listed`: it saw all that is on the hub.
    pub(crate) fn ended(&mut self, far: u8, since: usize, clean: bool, listed: bool, open: &BTreeSet<u8>, lied: &BTreeMap<u8, u32>) {
        if listed {
            // What was written while it went on may have come after its look at the hub.
            self.untold.retain(|n| self.tokens.get(n).is_some_and(|token| token.act >= since));
        }
        let hidden: Vec<u8> = lied.keys().copied().filter(|side| self.is_unclear(*side)).collect();
        // What is not there is believed when two listings say so.
        let twice = |side: &u8| lied.get(side).is_some_and(|times| *times > 1);
        self.lost_sight.extend(self.unrecorded.iter().filter(|(side, _)| twice(side)).map(|(_, thing)| *thing));
        self.murky.extend(hidden.into_iter().map(|side| (side, self.acts)));
        if clean {
            self.unclear.retain(|(sync, _)| *sync != far);
            self.unrecorded.retain(|(side, _)| *side != far && *side != 0);
            self.doubtful.clear();
        }
        self.unclear.extend(open.iter().map(|side| (far, *side)));
        for gone in self.tokens.values_mut().filter_map(|t| t.gone.as_mut()) {
            gone.blurred |= gone.act >= since && open.contains(&gone.side);
        }
        // Whether what such a write brought came before a deletion, or never, is told by nobody either.
        for deletion in self.deletions.iter_mut().filter(|d| d.brought && d.act >= since) {
            deletion.blurred |= open.contains(&deletion.side);
        }
    }

    /// What users of a side have taken away since an act is blurred: a write whose outcome is open may have met it.
    pub(crate) fn blur(&mut self, side: u8, since: usize) {
        for gone in self.tokens.values_mut().filter_map(|t| t.gone.as_mut()) {
            gone.blurred |= gone.side == side && gone.act >= since;
        }
    }

    /// A listing hid what a write of unknown outcome was about, twice, where a write gives items other ids.
    pub(crate) fn lose_sight(&mut self, side: u8) {
        if self.is_unclear(side) {
            self.lost_sight.extend(self.made.keys());
        }
    }

    /// Another process took over: what the first one was about to send may still come, whatever was deleted since the last
    /// whole run began (at the act `since`), and whatever is deleted later may be what a late write left of it.
    pub(crate) fn overtaken(&mut self, far: u8, since: usize) {
        // What it writes late is the last change of its item.
        self.mended.extend(self.made.keys().map(|thing| (far, *thing)));
        self.doubtful.extend(self.made.keys());
        for deletion in self.deletions.iter_mut().filter(|d| d.act >= since) {
            deletion.blurred = true;
            // What that process is about to make of it comes after its deletion, and stands there as new.
            self.lost_sight.insert(deletion.thing);
        }
    }

    /// It was taken over between the two calls of a write: the second one lays what it was meant to say over all that the other
    /// process wrote there meanwhile, which is what users had written by now; and brings back what they have taken away since the last whole
    /// run began, at the act `since`.
    pub(crate) fn between_calls(&mut self, since: usize) {
        self.overlaid.extend(self.tokens.keys());
        for gone in self.tokens.values_mut().filter_map(|t| t.gone.as_mut()) {
            gone.blurred |= gone.act >= since;
        }
    }

    /// What a run brought to sides whose writes it left open; `before`: what was there when it began.
    /// `since`: the act that it began with. What came and was deleted at once may not have come whole, or may come again.
    pub(crate) fn came(
        &mut self,
        kind: Kind,
        sides: &[Box<dyn FarWorld>],
        before: &BTreeSet<(u8, u32)>,
        open: &BTreeSet<u8>,
        since: usize,
    ) {
        // What its maker had deleted before, and what was not there when the run began, is back by a write.
        let deleted: Vec<(u8, u32, usize)> = self.deletions.iter().map(|d| (d.side, d.thing, d.act)).collect();
        let came = |at: (u8, u32), act: usize| {
            let is_back = deleted.iter().any(|(side, thing, before)| (*side, *thing) == at && *before < act);
            !before.contains(&at) && (self.made.get(&at.1) != Some(&at.0) || is_back)
        };
        for deletion in self.deletions.iter_mut().filter(|d| d.act >= since) {
            deletion.blurred |= came((deletion.side, deletion.thing), deletion.act);
        }
        let new = there(kind, sides, open).into_iter().filter(|at| came(*at, usize::MAX));
        self.unrecorded.extend(new);
    }

    fn make(&mut self, kind: Kind, world: &dyn FarWorld, side: u8, thing: u32, written: &[(u8, u32)], fields: &Fields) -> Option<String> {
        let id = world.make(kind, fields)?;
        let after = world.look(kind, &id)?;
        self.made.insert(thing, side);
        *self.book.twins.entry(thing).or_default() += 1;
        for (slot, token) in written {
            self.note(kind, thing, side, *slot, *token, &after, BTreeSet::new());
        }
        Some(format!("makes b{thing} with {written:?}"))
    }

    /// Takes a token into the book, where the side kept it.
    #[allow(clippy::too_many_arguments, reason = "the parts of one entry")]
    fn note(&mut self, kind: Kind, thing: u32, side: u8, slot: u8, token: u32, after: &Fields, over: BTreeSet<u32>) -> bool {
        let kept = slots(kind).get(usize::from(slot)).is_some_and(|of| of.holds(after.get(of.field), token));
        if kept {
            let unread = self.unread.contains(&side);
            self.tokens.insert(token, Token { thing, slot, side, act: self.acts, at: self.now, told: self.now, unread, over, gone: None });
            if side == 0 {
                self.untold.insert(token);
            }
        }
        kept
    }

    fn change(
        &mut self,
        kind: Kind,
        world: &dyn FarWorld,
        side: u8,
        item: &Picked,
        fields: &Fields,
        token: Option<(u32, u8, &Slot)>,
    ) -> Option<String> {
        // What an unanswered write made, and somebody edited since, is found by its content no more.
        if world.is_found_by_content() && self.unrecorded.contains(&(side, item.thing)) {
            return None;
        }
        if !world.edit(kind, &item.id, fields) {
            return None;
        }
        let after = world.look(kind, &item.id)?;
        let seen = self.view(kind, item.thing, &item.before);
        let left = self.view(kind, item.thing, &after);
        let by = token.filter(|(token, slot, _)| {
            let over = seen.iter().copied().filter(|t| self.tokens.get(t).is_some_and(|t| t.slot == *slot)).collect();
            self.note(kind, item.thing, side, *slot, *token, &after, over)
        });
        let by = by.map(|(token, ..)| token);
        self.touched.insert((item.thing, side), self.now);
        if side == 0 {
            let untold = self.tokens.iter_mut().filter(|(n, t)| t.thing == item.thing && self.untold.contains(n));
            untold.for_each(|(_, token)| token.told = self.now);
        }
        let act = self.acts;
        let (blurred, unread) = (self.is_unclear(side), self.unread.contains(&side));
        // What a guest writes into the copy of a meeting takes nothing from the meeting.
        let guest = self.meetings.get(&item.thing).is_some_and(|(_, guest)| *guest == side) && !fields.contains_key("keywords");
        let own = |token: &u32| !guest || self.tokens.get(token).is_some_and(|t| t.side == side);
        let gone: Vec<u32> = seen.difference(&left).copied().filter(own).collect();
        for gone in &gone {
            if let Some(token) = self.tokens.get_mut(gone) {
                if token.gone.is_some() {
                    self.retaken.insert(item.thing);
                }
                token.gone.get_or_insert(Gone { side, act, by, blurred, unread });
            }
        }
        let field = fields.keys().next_back().map(ToString::to_string).unwrap_or_default();
        let wrote = by.map(|token| format!(" writes k{token}")).unwrap_or_default();
        Some(format!("b{} {field}{wrote}, takes away {gone:?}", item.thing))
    }
}

/// The things that are on these sides.
pub(crate) fn there(kind: Kind, sides: &[Box<dyn FarWorld>], of: &BTreeSet<u8>) -> BTreeSet<(u8, u32)> {
    let worlds = (0_u8..).zip(sides).filter(|(side, _)| of.contains(side));
    worlds.flat_map(|(side, world)| world.list(kind).into_iter().filter_map(move |e| Some((side, e.thing?)))).collect()
}

impl Act {
    /// The side whose user acts.
    #[must_use]
    pub fn side(&self) -> u8 {
        match self {
            Self::Make { side, .. }
            | Self::Write { side, .. }
            | Self::Clear { side, .. }
            | Self::Delete { side, .. }
            | Self::Copy { side, .. }
            | Self::Meet { side, .. }
            | Self::Mood { side, .. }
            | Self::Prop { side, .. } => *side,
        }
    }
}

/// What a side is called in traces.
pub(crate) fn side_name(side: u8) -> String {
    if side == 0 { "the hub".to_owned() } else { format!("far {side}") }
}
