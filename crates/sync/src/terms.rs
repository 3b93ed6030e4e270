//! On what terms the two ends of a link follow each other.
//!
//! Most fields go both ways. A meeting is somebody's: an attendee's copy yields only that attendee's
//! answer, reminders and categories, and is never written otherwise; where the organiser's own item
//! is not synced by anybody, the first copy speaks for it. Attendees are shown to a far side as the
//! policy says, and the app's own knowledge of who they are never leaves it. What a side is not
//! shown is never read as removed there.

use crate::{
    guests::{self, ORGANIZER, PARTICIPANTS},
    keys,
    map::{FieldMap, Pass},
    merge::Merged,
    plan::Linked,
    planted::{Break, planted},
    policy::{Attendees, Recurrence},
    run::Run,
};
use pimkit_core::{BaseRow, Fields, ItemId, Kind, LinkRole, LinkRow, LinkState, Record, Result, Side, Value, cursor::binding};
use std::borrow::Cow;

/// What a copy may change of the hub record, and has of it, whoever's meeting it is.
pub(crate) const PERSONAL: [&str; 2] = ["alerts", "keywords"];
const NOT_OURS: &str = "it was made outside of the app, and only its organiser may change it";

/// Where the attendees of an event are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guests {
    /// On both sides.
    Both,
    /// They come from the far side, and are never written there.
    Inward,
    /// On the hub, and as text at the far side.
    Text,
    /// Each side has its own.
    Apart,
}

/// How far a far item speaks for a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    /// It is the item itself.
    Owner,
    /// A copy, and nobody syncs the item itself: it says what the organiser says. `met`: both ends agreed before.
    Speaker { met: bool },
    /// A copy beside the item itself, or beside one that speaks for it.
    Copy,
}

/// On what terms the ends of one link follow each other.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    guests: Guests,
    voice: Voice,
    /// What is changed of single occurrences stays at the far side.
    bare_series: bool,
    own: Vec<String>,
    /// The side of the organiser, where that is known.
    pub(crate) organiser: Option<Side>,
}

impl Terms {
    /// Both sides are the same to each other.
    fn plain() -> Self {
        Self { guests: Guests::Both, voice: Voice::Owner, bare_series: false, own: Vec::new(), organiser: None }
    }

    fn is_plain(&self) -> bool {
        self.guests == Guests::Both && self.voice == Voice::Owner && !self.bare_series
    }

    /// The far item is a meeting itself, in the calendar of who called it.
    pub(crate) fn is_organisers_own(&self) -> bool {
        self.voice == Voice::Owner && self.organiser == Some(Side::Right)
    }

    /// The map under these terms.
    pub(crate) fn map<'m>(&self, map: &'m FieldMap) -> Cow<'m, FieldMap> {
        if self.is_plain() {
            return Cow::Borrowed(map);
        }
        let mut own = map.clone();
        own.change(|pair| {
            let field = pair.right.as_str();
            let people = field == PARTICIPANTS || field == ORGANIZER;
            match self.guests {
                Guests::Apart if people => return false,
                Guests::Text if people => pair.pass = Pass::Never,
                Guests::Inward if people => pair.far.write = false,
                _ => {}
            }
            if self.bare_series && field == "recurrenceOverrides" {
                pair.hub.write = false;
            }
            if PERSONAL.contains(&field) {
                return true;
            }
            match self.voice {
                Voice::Owner => {}
                Voice::Speaker { .. } if people => pair.far.write = false,
                Voice::Speaker { met: true } => pair.pass = Pass::Held(NOT_OURS),
                Voice::Speaker { met: false } => pair.far.write = false,
                Voice::Copy if field == PARTICIPANTS => {
                    pair.far.write = false;
                    pair.pass = Pass::Answer;
                }
                Voice::Copy => pair.pass = Pass::Never,
            }
            true
        });
        Cow::Owned(own)
    }

    /// The addresses whose entries alone count among the participants.
    fn only(&self) -> Option<&[String]> {
        (self.voice == Voice::Copy).then_some(self.own.as_slice())
    }

    /// What a side says, as the other one is to see it.
    pub(crate) fn view<'f>(&self, side: Side, map: &FieldMap, fields: &'f Fields) -> Cow<'f, Fields> {
        let text = (side == Side::Left && self.guests == Guests::Text).then(|| map.left_of("description")).flatten();
        if text.is_none() && self.only().is_none() && !guests::has_records(fields) {
            return Cow::Borrowed(fields);
        }
        let mut view = fields.clone();
        guests::without_records(&mut view);
        if let Some(own) = self.only() {
            guests::only(own, &mut view);
        }
        if let Some(field) = text {
            guests::add_block(&mut view, &field);
        }
        Cow::Owned(view)
    }

    /// What was agreed, as a merge is to see it.
    pub(crate) fn base(&self, map: &FieldMap, base: &BaseRow) -> BaseRow {
        let view = |side, fields| self.view(side, map, fields).into_owned();
        BaseRow { hub: view(Side::Left, &base.hub), far: view(Side::Right, &base.far), ..base.clone() }
    }

    /// Turns what a merge came to back into what the two sides really say: `now` and `far` are what they say now.
    pub(crate) fn settle(&self, map: &FieldMap, now: &Fields, far: &Fields, merged: &mut Merged) {
        if let Some(own) = self.only() {
            for agreed in merged.agreed.iter_mut().filter(|a| a.left.as_str() == PARTICIPANTS) {
                let shown = agreed.hub.take().unwrap_or_default();
                agreed.hub = Some(guests::put_back(Some(own), &shown, now.get(PARTICIPANTS)));
                agreed.far = far.get(&agreed.right).cloned();
            }
        }
        if let Some(field) = (self.guests == Guests::Text).then(|| map.left_of("description")).flatten() {
            let cut = |value: &mut Option<Value>| *value = value.as_ref().map(guests::cut_block).filter(|v| !v.is_null());
            merged.agreed.iter_mut().filter(|a| a.left == field).for_each(|a| cut(&mut a.hub));
            let changes = merged.lost.iter_mut().chain(&mut merged.undecided);
            changes.filter(|c| c.side == Side::Left && c.field == field).for_each(|c| {
                cut(&mut c.from);
                cut(&mut c.to);
            });
            if let Some(text) = merged.hub.remove(&field).map(|text| guests::cut_block(&text))
                && now.get(&field).unwrap_or(&Value::Null) != &text
            {
                merged.hub.insert(field, text);
            }
        }
        if let Some(people) = merged.hub.get_mut(PARTICIPANTS) {
            *people = guests::put_back(self.only(), people, now.get(PARTICIPANTS));
        }
    }
}

/// Whether an event repeats by a rule.
pub(crate) fn is_series(fields: &Fields) -> bool {
    matches!(fields.get("recurrenceRules"), Some(Value::Array(rules)) if !rules.is_empty())
}

/// Whether the far item of a link was made by this sync from the hub record, and is no copy that a provider made.
pub(crate) fn is_made(link: &LinkRow) -> bool {
    let parts = link.mark.as_ref().and_then(keys::parts).filter(|parts| keys::is_of(parts, &link.sync));
    let of = |item: &ItemId| binding(&[item.as_str()]);
    parts.is_some_and(|parts| link.origin == Side::Left || link.hub_item.as_ref().is_some_and(|item| of(item) == parts.item))
}

impl<R: Record> Run<R> {
    /// Whose copy a far item is, by what it says of its organiser. Where it cannot be told who "I" am, it is the item itself.
    pub(crate) fn role(&self, link: &LinkRow, far: &Fields) -> LinkRole {
        let own = &self.far.account.addresses;
        match guests::organiser(far) {
            Some(organiser) if !own.is_empty() && !is_made(link) && !guests::is_among(&organiser, own) && !planted(Break::CopyRole) => {
                LinkRole::Copy
            }
            _ => LinkRole::Owner,
        }
    }

    /// The terms of a link whose two ends are there.
    pub(crate) async fn terms(&self, linked: &Linked, hub: &Fields, far: &Fields) -> Result<Terms> {
        if R::KIND != Kind::Event {
            return Ok(Terms::plain());
        }
        let link = &linked.link;
        let voice = match (link.role, &link.hub_item) {
            (LinkRole::Owner, _) if self.is_only_shown(link, far) => Voice::Speaker { met: linked.base.is_some() },
            (LinkRole::Owner, _) | (_, None) => Voice::Owner,
            (LinkRole::Copy, Some(item)) if self.is_spoken_for(link, item).await? => Voice::Copy,
            (LinkRole::Copy, Some(_)) => Voice::Speaker { met: linked.base.is_some() },
        };
        let own = &self.far.account.addresses;
        let named = guests::organiser(far).or_else(|| guests::organiser(hub));
        let is_own = named.map(|organiser| guests::is_among(&organiser, own));
        let organiser = match (voice, is_own) {
            (Voice::Speaker { .. }, _) => Some(Side::Right),
            // Both are the organiser's own.
            (_, Some(true)) if is_made(link) => None,
            (_, Some(true)) => Some(Side::Right),
            (_, Some(false)) if is_made(link) => Some(Side::Left),
            _ => None,
        };
        Ok(self.terms_for(voice, is_made(link), organiser))
    }

    /// The terms under which it is told whether an end was edited: nobody's copy is edited by what the organiser does.
    pub(crate) async fn terms_of_edit(&self, linked: &Linked, fields: &Fields) -> Result<Terms> {
        let terms = self.terms(linked, fields, fields).await?;
        Ok(if terms.voice == Voice::Owner { terms } else { Terms { voice: Voice::Copy, ..terms } })
    }

    /// The terms on which an item is made on a side from one of the other.
    pub(crate) fn terms_of_new(&self, on: Side, far: &Fields, link: Option<&LinkRow>) -> Terms {
        if R::KIND != Kind::Event {
            return Terms::plain();
        }
        let made = on == Side::Right;
        let copy = !made && link.map_or_else(|| self.is_copy(far), |link| self.role(link, far) == LinkRole::Copy);
        let shown = copy || (!made && link.is_none_or(|link| link.origin == Side::Right) && self.ignores(far));
        self.terms_for(if shown { Voice::Speaker { met: false } } else { Voice::Owner }, made, None)
    }

    /// Whether the policy takes these fields of a far item for a series that is not followed occurrence by occurrence.
    fn ignores(&self, far: &Fields) -> bool {
        self.setup.policy.recurrence == Recurrence::Ignore && is_series(far)
    }

    /// Whether the far item of a link is a series that was made outside of the app and is only shown there.
    pub(crate) fn is_only_shown(&self, link: &LinkRow, far: &Fields) -> bool {
        link.origin == Side::Right && !is_made(link) && self.ignores(far)
    }

    fn is_copy(&self, far: &Fields) -> bool {
        let own = &self.far.account.addresses;
        guests::organiser(far).is_some_and(|organiser| !own.is_empty() && !guests::is_among(&organiser, own))
    }

    fn terms_for(&self, voice: Voice, made: bool, organiser: Option<Side>) -> Terms {
        let policy = &self.setup.policy;
        let guests = match (policy.attendees, made) {
            _ if planted(Break::WithheldFields) => Guests::Both,
            (Attendees::Real, _) => Guests::Both,
            (Attendees::Drop, _) | (Attendees::Hidden, true) => Guests::Apart,
            (Attendees::AsText, true) => Guests::Text,
            (Attendees::AsText | Attendees::Hidden, false) => Guests::Inward,
        };
        let bare_series = policy.recurrence == Recurrence::Ignore && voice != Voice::Owner;
        Terms { guests, voice, bare_series, own: self.far.account.addresses.clone(), organiser }
    }

    /// Whether another mailbox has the meeting itself, or a copy that came before this one and speaks for it.
    async fn is_spoken_for(&self, link: &LinkRow, item: &ItemId) -> Result<bool> {
        let others = self.links_elsewhere(item).await?;
        Ok(others.iter().any(|other| match other.role {
            LinkRole::Owner => !is_made(other),
            LinkRole::Copy => other.id < link.id,
        }))
    }

    /// The links that other syncs have with a hub record, as far as their far items are there.
    pub(crate) async fn links_elsewhere(&self, item: &ItemId) -> Result<Vec<LinkRow>> {
        let mut found = self.links_of_others(item).await?;
        found.retain(|other| matches!(other.state, LinkState::Live | LinkState::Held | LinkState::Quarantined) && other.item.is_some());
        Ok(found)
    }

    /// Decides whose copy the far item of a link is, and says so in the link when that changed.
    pub(crate) fn decide_role(&mut self, linked: &mut Linked, far: &Fields) {
        let unread = linked.far.as_ref().is_some_and(|row| row.unread.iter().any(|f| [PARTICIPANTS, ORGANIZER].contains(&f.as_str())));
        if R::KIND != Kind::Event || unread {
            return;
        }
        let role = self.role(&linked.link, far);
        if role != linked.link.role {
            linked.link.role = role;
            linked.link.version += 1;
            self.later([pimkit_core::StateChange::Link(Box::new(linked.link.clone()))]);
            let shown = self.is_only_shown(&linked.link, far);
            if let (LinkRole::Owner, Some(item), false) = (role, &linked.link.hub_item, shown) {
                self.protect(item.clone(), pimkit_core::Access::Write);
            }
        }
    }
}
