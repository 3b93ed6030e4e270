//! A provider as the simulation sees it: whoever implements [`FarWorld`] can stand in the play.

use crate::{
    props::Stagehand,
    slot::{Born, thing_of},
};
use pimkit_contract::{
    MemoryHub, Worst,
    worst::{ByHand, FaultPlan, Kept, Mail, Request},
};
use pimkit_core::{CollectionId, Connector, Contact, Event, Fields, ItemId, Kind, Record, Task};
use std::{any::Any, sync::Arc};

/// How much of a field a side holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holding {
    /// All of it.
    Whole,
    /// Nothing that anybody but its own users sees.
    Nothing,
    /// So many values at most.
    AtMost(u32),
    /// So many characters at most.
    Cut(u32),
    /// Only the day of a time.
    Day,
}

/// What a side may be up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mood {
    /// An item is kept from us.
    Hidden,
    /// An item cannot be understood.
    Unreadable,
    /// An item may only be read.
    ReadOnly,
    /// The whole collection is away.
    Vanished,
}

/// An item as a side's own users find it in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: ItemId,
    /// Which of the things that users made it is; absent for what is none.
    pub thing: Option<u32>,
}

/// A provider, or the app, in the hands of the simulation.
///
/// # Behavior
/// - The methods that name no fault are the hands of the side's own users: no request, no mail, no fault.
/// - The same calls in the same order come to the same: ids are counted, nothing waits.
/// - Requests give way before they arrive and before they answer, so that a run may be stopped at either.
pub trait FarWorld: Stagehand {
    /// The way in for the engine.
    fn connector(&self) -> Arc<dyn Connector>;
    /// Where items of a kind are made.
    fn home(&self, kind: Kind) -> CollectionId;
    /// Everything of a kind, hidden or unreadable items too.
    fn list(&self, kind: Kind) -> Vec<Entry>;
    /// What an item says to its own user.
    fn look(&self, kind: Kind, id: &ItemId) -> Option<Fields>;
    /// Makes an item of these fields.
    fn make(&self, kind: Kind, fields: &Fields) -> Option<ItemId>;
    /// Writes fields of an item; `null` clears. False when it is not there.
    fn edit(&self, kind: Kind, id: &ItemId, fields: &Fields) -> bool;
    /// Makes an item of the same content, uid and mark, as "duplicate" does at many providers.
    fn copy(&self, kind: Kind, id: &ItemId) -> Option<ItemId>;
    /// Deletes an item. False when it is not there.
    fn delete(&self, kind: Kind, id: &ItemId) -> bool;
    /// Puts a mood on an item, or on its collection, or takes it off again.
    fn mood(&self, kind: Kind, id: &ItemId, mood: Mood, on: bool) -> bool;
    /// What is withheld every so often is withheld no more.
    fn heal(&self);
    /// While on, no cursor is taken: every round names everything.
    fn forget_cursors(&self, on: bool);
    /// How much of a field stays here.
    fn holds(&self, kind: Kind, field: &str) -> Holding;
    /// Whether a write of another version is refused.
    fn is_conditional(&self) -> bool;
    /// Whether its answers to writes say nothing.
    fn answers_nothing(&self) -> bool;
    /// Whether what an unanswered write made can be found by nothing but what it says.
    fn is_found_by_content(&self) -> bool;
    /// What goes wrong from here on; requests count from 1 again.
    fn set_faults(&self, plan: FaultPlan);
    /// The requests after this number.
    fn requests_after(&self, number: u64) -> Vec<Request>;
    /// Every mail that was sent.
    fn outbox(&self) -> Vec<Mail>;
    /// Everything as it is, for [`restore`](Self::restore).
    fn snapshot(&self) -> Box<dyn Any>;
    /// Everything as it was then; false when the snapshot is another world's.
    fn restore(&self, snapshot: &dyn Any) -> bool;
}

fn entries<R: Kept + Born>(hands: &ByHand<R>) -> Vec<Entry> {
    let mut entries = Vec::new();
    hands.each(|id, record| entries.push(Entry { id: id.clone(), thing: record.birth().and_then(thing_of) }));
    entries
}

fn make<R: Kept>(hands: &ByHand<R>, home: &CollectionId, fields: &Fields) -> Option<ItemId> {
    Some(hands.put(home, R::default().with(fields).ok()?))
}

fn edit<R: Kept>(hands: &ByHand<R>, id: &ItemId, fields: &Fields) -> bool {
    let mut taken = false;
    let there = hands.edit(id, |record| {
        if let Ok(edited) = record.with(fields) {
            *record = edited;
            taken = true;
        }
    });
    there && taken
}

fn mood<R: Kept>(hands: &ByHand<R>, home: &CollectionId, id: &ItemId, mood: Mood, on: bool) -> bool {
    match mood {
        Mood::Hidden => hands.hide(id, on),
        Mood::Unreadable => hands.make_unreadable(id, on),
        Mood::ReadOnly => hands.read_only(id, on),
        Mood::Vanished => hands.vanish(home, on),
    }
}

/// Calls a function of the hands of a kind, where the side keeps that kind.
macro_rules! by_kind {
    ($side:expr, $kind:expr, $otherwise:expr, |$hands:ident| $body:expr) => {
        match $kind {
            Kind::Contact => {
                let $hands = &$side.by_hand::<Contact>();
                $body
            }
            Kind::Event => {
                let $hands = &$side.by_hand::<Event>();
                $body
            }
            Kind::Task => {
                let $hands = &$side.by_hand::<Task>();
                $body
            }
            Kind::Message | Kind::User => $otherwise,
        }
    };
}

pub(crate) use by_kind;

/// Calls a function of the type of a kind's records.
macro_rules! by_kind_of {
    ($kind:expr, $otherwise:expr, |$R:ident| $body:expr) => {
        match $kind {
            Kind::Contact => {
                type $R = Contact;
                $body
            }
            Kind::Event => {
                type $R = Event;
                $body
            }
            Kind::Task => {
                type $R = Task;
                $body
            }
            Kind::Message | Kind::User => $otherwise,
        }
    };
}

pub(crate) use by_kind_of;

macro_rules! far_world {
    ($side:ty, $snapshot:ty, { $($own:item)* }) => {
        impl FarWorld for $side {
            fn connector(&self) -> Arc<dyn Connector> {
                Arc::new(self.clone())
            }
            fn home(&self, kind: Kind) -> CollectionId {
                CollectionId::from(kind.plural())
            }
            fn list(&self, kind: Kind) -> Vec<Entry> {
                by_kind!(self, kind, Vec::new(), |hands| entries(hands))
            }
            fn look(&self, kind: Kind, id: &ItemId) -> Option<Fields> {
                by_kind!(self, kind, None, |hands| hands.see(id, Record::fields))
            }
            fn make(&self, kind: Kind, fields: &Fields) -> Option<ItemId> {
                let home = self.home(kind);
                by_kind!(self, kind, None, |hands| make(hands, &home, fields))
            }
            fn edit(&self, kind: Kind, id: &ItemId, fields: &Fields) -> bool {
                by_kind!(self, kind, false, |hands| edit(hands, id, fields))
            }
            fn copy(&self, kind: Kind, id: &ItemId) -> Option<ItemId> {
                by_kind!(self, kind, None, |hands| hands.copy(id))
            }
            fn delete(&self, kind: Kind, id: &ItemId) -> bool {
                by_kind!(self, kind, false, |hands| hands.delete(id))
            }
            fn mood(&self, kind: Kind, id: &ItemId, put: Mood, on: bool) -> bool {
                let home = self.home(kind);
                by_kind!(self, kind, false, |hands| mood(hands, &home, id, put, on))
            }
            fn forget_cursors(&self, on: bool) {
                self.change(|o| o.cursor_lives = on.then_some(std::time::Duration::from_secs(1)));
            }
            fn set_faults(&self, plan: FaultPlan) {
                self.set_faults(plan);
            }
            fn requests_after(&self, number: u64) -> Vec<Request> {
                self.requests_after(number)
            }
            fn outbox(&self) -> Vec<Mail> {
                self.outbox()
            }
            fn snapshot(&self) -> Box<dyn Any> {
                Box::new(self.snapshot())
            }
            fn restore(&self, snapshot: &dyn Any) -> bool {
                snapshot.downcast_ref::<$snapshot>().map(|snapshot| self.restore(snapshot)).is_some()
            }
            $($own)*
        }
    };
}

far_world!(MemoryHub, pimkit_contract::hub::HubSnapshot, {
    fn heal(&self) {}
    // The app keeps every field.
    fn holds(&self, _: Kind, _: &str) -> Holding {
        Holding::Whole
    }
    fn is_conditional(&self) -> bool {
        true
    }
    fn answers_nothing(&self) -> bool {
        false
    }
    fn is_found_by_content(&self) -> bool {
        false
    }
});

far_world!(Worst, pimkit_contract::worst::Snapshot, {
    fn heal(&self) {
        self.change(|o| {
            o.unread_every = None;
            o.page_expires_every = None;
        });
    }
    fn holds(&self, kind: Kind, field: &str) -> Holding {
        let options = self.options();
        let unmade = options.makes_custom_fields
            && field.strip_prefix("custom.").is_some_and(|name| !by_kind!(self, kind, false, |hands| hands.has_custom_field(name)));
        if unmade || options.hidden_fields.contains(field) || (options.no_custom_fields && field.starts_with("custom.")) {
            Holding::Nothing
        } else if let Some(most) = options.at_most.get(field) {
            Holding::AtMost(*most)
        } else if let Some(most) = options.cut_at.get(field) {
            Holding::Cut(*most)
        } else if options.date_only.contains(field) {
            Holding::Day
        } else {
            Holding::Whole
        }
    }
    fn is_conditional(&self) -> bool {
        !self.options().unconditional
    }
    fn answers_nothing(&self) -> bool {
        self.options().answers_nothing
    }
    fn is_found_by_content(&self) -> bool {
        self.options().create == pimkit_core::Create::ByContent
    }
});
