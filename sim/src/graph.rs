//! Simulated Microsoft Graph as a far side: the connector speaks JSON and batches to it in process, its users work in Outlook.
//!
//! Each far side is a mailbox of its own, in its default folder and calendar. A request is one request of the play, whatever is in
//! its batch; a fault strikes some of what is in it where the service was seen to do so.

mod hands;
mod served;

use crate::{
    far::{Entry, FarWorld, Holding, Mood},
    plan::plan_of,
    play::{Play, Scene, address},
    props::{Stagehand, Where},
    wire::{Book, Way},
};
use pimkit_contract::{
    FakeClock, SeededChance,
    worst::{FaultPlan, Mail, MailKind, Request},
};
use pimkit_core::{Clock, CollectionId, Connector, Error, ErrorKind, Fields, ItemId, Kind, Result};
use pimkit_graph::{Config, Graph, Quirks};
use pimkit_http::{Bearer, RetryPolicy, Secret};
use pimkit_simulators::{DeltaRules, EventRules, Graph as Simulator, GraphLimits, GraphRules, GraphSnapshot, MailMethod};
use std::{
    any::Any,
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What the service does in more than one way, by names.
pub const WAYS: [&str; 4] = ["documented", "odd", "expanding", "crowded"];

/// What the switch of a far side begins with that is Microsoft Graph.
pub(crate) const SWITCH: &str = "graph:";

/// What plays on Graph leave out, each with its reason.
pub const NOT_PLAYED: &[(&str, &str)] = &[
    ("tasks", "no mailbox of a play keeps them yet: the same users keep contacts"),
    ("meetings in two calendars", "the guest's copy comes by mail from another organisation, and nobody may be mailed in a play"),
    ("guests that far users invite", "Outlook mails them, and nobody may be mailed in a play"),
    ("collections that are away", "default folders and calendars cannot be deleted: the whole mailbox is away for a request"),
    ("windows of occurrences", "the users' days are years apart, and outside of every window"),
];

/// A mailbox.
#[derive(Clone)]
pub struct GraphFar {
    simulator: Simulator,
    clock: FakeClock,
    number: usize,
    calendar: CollectionId,
    quirks: Quirks,
    page_size: u32,
    book: Book,
    /// Items that are kept from us, cannot be understood, or may only be read.
    moods: Arc<Mutex<BTreeMap<String, Mood>>>,
}

impl fmt::Debug for GraphFar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphFar").field("number", &self.number).finish_non_exhaustive()
    }
}

/// The service of a name, what its connector knows of it, and the rows of a page.
fn way(name: &str) -> Option<(GraphRules, Quirks, u32)> {
    let (mut rules, mut quirks, mut page) = (GraphRules::default(), Quirks::default(), 100);
    match name {
        "documented" => {}
        "odd" => {
            rules.delta = DeltaRules {
                empty_first_page: true,
                null_value: true,
                tells_twice: true,
                removed_as_changed: true,
                events_need_start: true,
                cancelled_silently: true,
                ..rules.delta
            };
            page = 2;
        }
        "expanding" => {
            rules.delta = DeltaRules { expands: true, ..rules.delta };
            quirks.expands_in_delta = true;
        }
        "crowded" => {
            rules.limits = GraphLimits { batch_at_once: Some(4), ..rules.limits };
            rules.events = EventRules { repeats_answer_first: false, ..rules.events };
            rules.contacts.refuses_surplus = false;
            rules.deleted_stay_readable = true;
        }
        _ => return None,
    }
    Some((rules, quirks, page))
}

impl GraphFar {
    /// A service that does things in the way of this name, for the far side of this number.
    ///
    /// # Errors
    /// `Config` when there is no such way.
    pub fn new(name: &str, number: usize, clock: &FakeClock) -> Result<Self> {
        let unknown = || Error::new(ErrorKind::Config, "there is no such way; see `pimkit_sim::graph::WAYS`");
        let (rules, quirks, page_size) = way(name).ok_or_else(unknown)?;
        let (user, time) = (address(number), clock.clone());
        let seed = number as u64;
        let simulator = Simulator::builder().seed(seed).user(&user, "token").rules(rules).clock(Arc::new(move || time.now())).build();
        let calendar = simulator.get(&user, "calendar").and_then(|calendar| Some(CollectionId::from(calendar.get("id")?.as_str()?)));
        let calendar = calendar.unwrap_or_default();
        let (book, moods) = (Book::default(), Arc::default());
        Ok(Self { simulator, clock: clock.clone(), number, calendar, quirks, page_size, book, moods })
    }

    fn owner(&self) -> String {
        address(self.number)
    }

    fn moods(&self) -> MutexGuard<'_, BTreeMap<String, Mood>> {
        self.moods.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stagehand for GraphFar {
    /// Whatever is written to a meeting, its guests are told.
    fn can_keep_silent(&self) -> bool {
        false
    }
    fn place(&self, _: Kind, _: &ItemId) -> Option<Where> {
        Some(Where::Home)
    }
}

impl FarWorld for GraphFar {
    fn connector(&self) -> Arc<dyn Connector> {
        let config = Config::new("https://graph.example.com/v1.0").account(format!("far{}", self.number)).address(self.owner());
        let config = config.page_size(self.page_size).quirks(self.quirks.clone());
        // Each try is a request of the play's.
        let policy = RetryPolicy::default().attempts(1);
        let opening = Graph::builder(config, Arc::new(Way(self.clone())), Arc::new(self.clock.clone()), Arc::new(SeededChance::new(1)));
        match opening.policy(policy).auth(Arc::new(Bearer::fixed(Secret::new("token")))).open() {
            Ok(graph) => Arc::new(graph),
            // The address and the name above are good ones.
            Err(error) => unreachable!("the mailbox of a play cannot be opened: {error}"),
        }
    }
    fn home(&self, kind: Kind) -> CollectionId {
        match kind {
            Kind::Event => self.calendar.clone(),
            _ => CollectionId::from("contacts"),
        }
    }
    fn list(&self, kind: Kind) -> Vec<Entry> {
        hands::list(&self.simulator, &self.owner(), kind)
    }
    fn look(&self, kind: Kind, id: &ItemId) -> Option<Fields> {
        hands::look(&self.simulator, &self.owner(), kind, id)
    }
    fn make(&self, kind: Kind, fields: &Fields) -> Option<ItemId> {
        hands::make(&self.simulator, &self.owner(), kind, fields)
    }
    fn edit(&self, kind: Kind, id: &ItemId, fields: &Fields) -> bool {
        hands::edit(&self.simulator, &self.owner(), kind, id, fields)
    }
    fn copy(&self, kind: Kind, id: &ItemId) -> Option<ItemId> {
        hands::copy(&self.simulator, &self.owner(), kind, id)
    }
    fn delete(&self, kind: Kind, id: &ItemId) -> bool {
        self.simulator.delete(&self.owner(), &hands::path(kind, id))
    }
    fn mood(&self, _: Kind, id: &ItemId, mood: Mood, on: bool) -> bool {
        if mood == Mood::Vanished {
            return false;
        }
        let mut moods = self.moods();
        if on {
            moods.insert(id.to_string(), mood);
        } else if moods.get(id.as_str()) == Some(&mood) {
            moods.remove(id.as_str());
        } else {
            return false;
        }
        drop(moods);
        // Something about it changes.
        mood == Mood::ReadOnly || self.simulator.touch(&self.owner(), id.as_str())
    }
    fn heal(&self) {}
    fn forget_cursors(&self, on: bool) {
        self.book.forget(on);
    }
    fn holds(&self, kind: Kind, field: &str) -> Holding {
        match (kind, field) {
            (Kind::Contact, "nicknames" | "notes") => Holding::AtMost(1),
            (Kind::Contact, "links" | "titles") => Holding::AtMost(2),
            (Kind::Contact, "emails") => Holding::AtMost(3),
            // Of those that are neither mobile nor of work or home.
            (Kind::Contact, "phones") => Holding::AtMost(5),
            (Kind::Event, "color" | "links") => Holding::Nothing,
            _ => Holding::Whole,
        }
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
    fn set_faults(&self, plan: FaultPlan) {
        self.book.set_faults(plan);
    }
    fn requests_after(&self, number: u64) -> Vec<Request> {
        self.book.after(number)
    }
    fn outbox(&self) -> Vec<Mail> {
        let kind = |method| match method {
            MailMethod::Cancel => MailKind::Cancellation,
            _ => MailKind::Invitation,
        };
        let at = self.clock.now();
        let mails = self.simulator.outbox().into_iter();
        mails.map(|mail| Mail { to: vec![mail.to], item: ItemId::from(mail.uid), what: kind(mail.method), at }).collect()
    }
    fn snapshot(&self) -> Box<dyn Any> {
        Box::new(self.simulator.snapshot())
    }
    fn restore(&self, snapshot: &dyn Any) -> bool {
        snapshot.downcast_ref::<GraphSnapshot>().map(|snapshot| self.simulator.restore(snapshot)).is_some()
    }
}

/// The play of a seed, with a mailbox at Microsoft's in place of every far side. Traits of theirs go with them.
#[must_use]
pub fn on_graph(seed: u64) -> Play {
    let mut play = plan_of(seed, None);
    if play.scene == Some(Scene::Meeting) {
        play = plan_of(seed, Some(Kind::Event));
    }
    if play.kind == Kind::Task {
        play.kind = Kind::Contact;
    }
    for (n, far) in play.fars.iter_mut().enumerate() {
        let at = (usize::try_from(seed).unwrap_or_default() + n) % WAYS.len();
        far.switches = vec![format!("{SWITCH}{}", WAYS.get(at).copied().unwrap_or("documented"))];
    }
    play
}
