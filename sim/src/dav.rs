//! A simulated DAV server as a far side: the connector speaks XML to it in process, its users write files behind the wire.
//!
//! What goes wrong goes wrong on the wire: one request of HTTP is one request here, and every fault of a play strikes one.

use crate::{
    far::{Entry, FarWorld, Holding, Mood, by_kind_of},
    play::address,
    props::{Stagehand, Where},
    slot::{Born, thing_of},
    wire::{Answered, Book, Served, Way, answered, broken, failing},
};
use bytes::Bytes;
use pimkit_contract::{
    FakeClock, SeededChance,
    worst::{Fault, FaultPlan, Mail, MailKind, Operation, Request},
};
use pimkit_core::{Clock, CollectionId, Connector, Contact, Error, ErrorKind, Event, Fields, ItemId, Kind, Result, Task};
use pimkit_dav::{Config, Dav};
use pimkit_formats::resource::{Authoring, InlineBlobs, TextRecord};
use pimkit_http::{Basic, Incoming, Outgoing, RetryPolicy, Secret};
use pimkit_simulators::{Challenge, Cut, Dav as Simulator, MailMethod, Personality, Snapshot};
use std::{
    any::Any,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// The servers that are played, by their names.
pub const SERVERS: [&str; 4] = ["radicale", "sabre", "cyrus", "xandikos"];

/// What the switch of a far side begins with that is a DAV server.
pub(crate) const SWITCH: &str = "dav:";

/// A server with one user.
#[derive(Clone)]
pub struct DavFar {
    simulator: Simulator,
    clock: FakeClock,
    number: usize,
    homes: [CollectionId; 3],
    schedules: bool,
    book: Book,
    made: Arc<AtomicU64>,
}

impl fmt::Debug for DavFar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DavFar").field("number", &self.number).finish_non_exhaustive()
    }
}

impl DavFar {
    /// A server of this name, for the far side of this number.
    ///
    /// # Errors
    /// `Config` when there is no such server.
    pub fn new(server: &str, number: usize, clock: &FakeClock) -> Result<Self> {
        let unknown = || Error::new(ErrorKind::Config, "there is no such DAV server; see `pimkit_sim::dav::SERVERS`");
        let mut personality = Personality::named(server).ok_or_else(unknown)?;
        personality.login.challenges = vec![Challenge::Basic];
        // What the server gives an account on its own would be one more place to look at.
        (personality.layout.calendars, personality.layout.books) = (Vec::new(), Vec::new());
        let schedules = personality.scheduling.automatic;
        let (user, time) = (address(number), clock.clone());
        let simulator = Simulator::builder(personality).user(&user, "secret").clock(Arc::new(move || time.now())).build();
        let homes = [
            simulator.make_addressbook(&user, "contacts"),
            simulator.make_calendar(&user, "events", &["VEVENT"]),
            simulator.make_calendar(&user, "tasks", &["VTODO"]),
        ];
        let homes = homes.map(|home| home.map_or_else(CollectionId::default, CollectionId::from));
        Ok(Self { simulator, clock: clock.clone(), number, homes, schedules, book: Book::default(), made: Arc::default() })
    }

    fn habits(&self) -> Authoring {
        Authoring::new(self.clock.now(), "-//A user//1.0//EN")
    }

    fn read<R: TextRecord>(&self, id: &ItemId) -> Option<(String, R)> {
        let (_, text) = self.simulator.get(id.as_str())?;
        let record = R::read(text.as_bytes()).ok()?;
        Some((text, record))
    }

    fn entries<R: TextRecord + Born>(&self, home: &CollectionId) -> Vec<Entry> {
        let paths = self.simulator.list(home.as_str()).into_iter().map(ItemId::from);
        let entry = |id: ItemId| {
            let record = self.read::<R>(&id).map(|(_, record)| record);
            Entry { thing: record.as_ref().and_then(Born::birth).and_then(thing_of), id }
        };
        paths.map(entry).collect()
    }

    fn put<R: TextRecord>(&self, home: &CollectionId, fields: &Fields) -> Option<ItemId> {
        let name = format!("own-{}", self.made.fetch_add(1, Ordering::Relaxed) + 1);
        let mut record = R::default().with(fields).ok()?;
        if record.uid().is_none() {
            record = record.with(&[("uid".into(), format!("{name}@{}", self.number).into())].into()).ok()?;
        }
        let text = R::author(&record, &self.habits(), &InlineBlobs::new()).ok()?;
        let path = format!("{home}{name}.{}", R::EXTENSION);
        self.simulator.put(&path, &String::from_utf8(text).ok()?)?;
        Some(ItemId::from(path))
    }

    fn change<R: TextRecord>(&self, id: &ItemId, fields: &Fields) -> bool {
        let Some((text, base)) = self.read::<R>(id) else { return false };
        let Ok(target) = base.with(fields) else { return false };
        let patched = R::patch(text.as_bytes(), &base, &target, &self.habits(), &InlineBlobs::new());
        let Some(patched) = patched.ok().and_then(|bytes| String::from_utf8(bytes).ok()) else { return false };
        self.simulator.put(id.as_str(), &patched).is_some()
    }
}

/// What a request is for, by its label.
fn operation(label: &str) -> Operation {
    match label {
        "dav.sync" | "dav.list" | "dav.gate" => Operation::Changes,
        "dav.multiget" | "dav.get" => Operation::Fetch,
        "dav.query" => Operation::Find,
        "dav.put" | "dav.delete" | "dav.move" | "dav.post" => Operation::Write,
        "dav.make" | "dav.rename" | "dav.remove" => Operation::Folders,
        "dav.collections" | "dav.collection" => Operation::Collections,
        _ => Operation::Account,
    }
}

/// A multistatus without some of its responses: without all, or without the second half.
fn without(body: &Bytes, all: bool) -> Bytes {
    let text = String::from_utf8_lossy(body);
    // Where each response ends: behind its closing tag, whatever the prefix.
    let ends: Vec<usize> = text
        .match_indices("response>")
        .filter(|(at, _)| text.get(..*at).and_then(|before| before.rfind('<')).and_then(|tag| text.get(tag..tag + 2)) == Some("</"))
        .map(|(at, word)| at + word.len())
        .collect();
    let Some(last) = ends.last().copied() else { return body.clone() };
    let start = text.find("response>").and_then(|at| text.get(..at)).and_then(|before| before.rfind('<')).unwrap_or(last);
    let keep = if all { start } else { ends.get(ends.len() / 2).copied().filter(|_| ends.len() > 1).unwrap_or(start) };
    Bytes::from(format!("{}{}", text.get(..keep).unwrap_or_default(), text.get(last..).unwrap_or_default()))
}

impl Served for DavFar {
    fn book(&self) -> &Book {
        &self.book
    }

    fn sort(&self, request: &Outgoing) -> (Operation, usize) {
        (operation(request.operation), 1)
    }

    fn refused(&self, _: &Outgoing, operation: Operation, fault: Option<Fault>) -> Option<Answered> {
        if self.book.forgets() && operation == Operation::Changes {
            self.simulator.expire_tokens();
        }
        match fault? {
            Fault::Before(failure) => Some(failing(failure)),
            Fault::CollectionGone => Some(Incoming::status(404)),
            Fault::Expired if operation == Operation::Changes => {
                Some(answered(403, r#"<D:error xmlns:D="DAV:"><D:valid-sync-token/></D:error>"#))
            }
            _ => None,
        }
    }

    /// One write is one request here: half of it is all of it.
    fn answered(&self, request: Outgoing, operation: Operation, fault: Option<Fault>) -> Answered {
        let answer = self.simulator.answer_now(&request.into_http()?).map_err(|cut| match cut {
            Cut::Reset | Cut::Truncated { .. } => broken(),
        })?;
        let (head, body) = answer.into_parts();
        let body = match fault {
            Some(Fault::Empty) if operation == Operation::Changes => without(&body, true),
            Some(Fault::TruncatedPage) if operation == Operation::Changes => without(&body, false),
            _ => body,
        };
        Ok(http::Response::from_parts(head, body).into())
    }
}

impl Stagehand for DavFar {
    /// Of what its users organise themselves such a server tells their guests.
    fn can_keep_silent(&self) -> bool {
        !self.schedules
    }
    fn place(&self, _: Kind, id: &ItemId) -> Option<Where> {
        self.homes.iter().any(|home| id.as_str().starts_with(home.as_str())).then_some(Where::Home)
    }
}

impl FarWorld for DavFar {
    fn connector(&self) -> Arc<dyn Connector> {
        let config = Config::new("http://localhost/").account(format!("far{}", self.number)).user(address(self.number));
        let config = config.address(address(self.number));
        // Each try is a request of the play's.
        let policy = RetryPolicy::default().attempts(1);
        let opening = Dav::builder(config, Arc::new(Way(self.clone())), Arc::new(self.clock.clone()), Arc::new(SeededChance::new(1)));
        let auth = Basic::new(&address(self.number), &Secret::new("secret"));
        match auth.map(|auth| opening.policy(policy).auth(Arc::new(auth))).and_then(pimkit_dav::Opening::open) {
            Ok(dav) => Arc::new(dav),
            // The address and the name above are good ones.
            Err(error) => unreachable!("the server of a play cannot be opened: {error}"),
        }
    }
    fn home(&self, kind: Kind) -> CollectionId {
        let [contacts, events, tasks] = &self.homes;
        match kind {
            Kind::Event => events.clone(),
            Kind::Task => tasks.clone(),
            _ => contacts.clone(),
        }
    }
    fn list(&self, kind: Kind) -> Vec<Entry> {
        by_kind_of!(kind, Vec::new(), |R| self.entries::<R>(&self.home(kind)))
    }
    fn look(&self, kind: Kind, id: &ItemId) -> Option<Fields> {
        by_kind_of!(kind, None, |R| self.read::<R>(id).map(|(_, record)| pimkit_core::Record::fields(&record)))
    }
    fn make(&self, kind: Kind, fields: &Fields) -> Option<ItemId> {
        by_kind_of!(kind, None, |R| self.put::<R>(&self.home(kind), fields))
    }
    fn edit(&self, kind: Kind, id: &ItemId, fields: &Fields) -> bool {
        by_kind_of!(kind, false, |R| self.change::<R>(id, fields))
    }
    /// No server keeps two items of one UID in a collection (RFC 4791 section 5.3.2.1).
    fn copy(&self, _: Kind, _: &ItemId) -> Option<ItemId> {
        None
    }
    fn delete(&self, _: Kind, id: &ItemId) -> bool {
        self.simulator.delete(id.as_str())
    }
    fn mood(&self, _: Kind, id: &ItemId, mood: Mood, on: bool) -> bool {
        match mood {
            Mood::Hidden if on => self.simulator.hide(id.as_str()),
            Mood::Hidden => self.simulator.show(id.as_str()),
            // No text on a server is broken, no single item write-protected.
            Mood::Unreadable | Mood::ReadOnly | Mood::Vanished => false,
        }
    }
    fn heal(&self) {}
    fn forget_cursors(&self, on: bool) {
        self.book.forget(on);
    }
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
    fn set_faults(&self, plan: FaultPlan) {
        self.book.set_faults(plan);
    }
    fn requests_after(&self, number: u64) -> Vec<Request> {
        self.book.after(number)
    }
    fn outbox(&self) -> Vec<Mail> {
        let mails = self.simulator.outbox().into_iter();
        let kind = |method| match method {
            MailMethod::Cancel => MailKind::Cancellation,
            _ => MailKind::Invitation,
        };
        let at = self.clock.now();
        mails.map(|mail| Mail { to: vec![mail.to], item: ItemId::from(mail.uid), what: kind(mail.method), at }).collect()
    }
    fn snapshot(&self) -> Box<dyn Any> {
        Box::new(self.simulator.snapshot())
    }
    fn restore(&self, snapshot: &dyn Any) -> bool {
        snapshot.downcast_ref::<Snapshot>().map(|snapshot| self.simulator.restore(snapshot)).is_some()
    }
}

/// The same play, with a DAV server in place of every far side. Traits of theirs go with them.
#[must_use]
pub fn on_dav(mut play: crate::Play) -> crate::Play {
    for (n, far) in play.fars.iter_mut().enumerate() {
        let at = (usize::try_from(play.seed).unwrap_or_default() + n) % SERVERS.len();
        let server = SERVERS.get(at).copied().unwrap_or("radicale");
        far.switches = vec![format!("{SWITCH}{server}")];
    }
    // A copy of the same uid, as an app makes one, has no place beside the first.
    play.moves.retain(|step| !matches!(step, crate::Move::Act(crate::Act::Copy { .. })));
    for step in &mut play.moves {
        if let crate::Move::Run(run) = step {
            run.acts.retain(|(_, act)| !matches!(act, crate::Act::Copy { .. }));
        }
    }
    // There is no trash on a DAV server.
    if play.policy.get("deletes").is_none_or(|word| word == "trash") {
        play.policy.insert("deletes".to_owned(), "delete".to_owned());
    }
    play
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_loses_all_or_half_of_its_responses_and_stays_whole() {
        let body = "<D:multistatus xmlns:D='DAV:'><D:response>1</D:response><D:response>2</D:response><D:sync-token>t</D:sync-token></D:multistatus>";
        let body = Bytes::from_static(body.as_bytes());
        assert_eq!(without(&body, true), "<D:multistatus xmlns:D='DAV:'><D:sync-token>t</D:sync-token></D:multistatus>");
        let half = without(&body, false);
        assert!(half.starts_with(b"<D:multistatus xmlns:D='DAV:'><D:response>1</D:response>"), "{half:?}");
        assert_eq!(without(&Bytes::from_static(b"nothing"), true), "nothing");
    }
}
