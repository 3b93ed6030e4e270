//! Writing events: one outcome per write, each on the version that it was planned against.
//!
//! Graph has no word for "tell nobody": every change of a meeting by its organiser mails the guests, and every deletion of a guest's
//! copy may mail the organiser. So whatever is to be changed is read first, and what would mail is refused before anything is sent,
//! unless the caller wants the mail. A copy of somebody else's meeting is changed in what is the guest's own, and in nothing else.

use super::{
    Events,
    fetching::{Look, Raw},
    files::{self, Files},
    refused,
    series::{self, Within},
};
use crate::{
    calls::{Call, calendars::Calendar, events::Place, odata},
    error,
    mapping::event::{self, Mailbox, Role, Sheet},
};
use pimkit_core::{
    CollectionId, Delete, Error, ErrorKind, Event, Field, Fields, ItemId, Notify, Outcome, Override, Record, RecurrenceId, Revision,
    Stored, Value, Write, WriteOptions,
};
use serde_json::Map;
use std::collections::{BTreeMap, BTreeSet};

/// What of a copy is its owner's own: reminder, categories, how the time shows, and what we keep beside.
fn is_own(field: &Field) -> bool {
    matches!(field.as_str(), "alerts" | "keywords" | "freeBusyStatus" | "status") || field.as_str().starts_with("custom.")
}

fn would_mail() -> Outcome<Event> {
    refused(mails())
}

/// What would mail, and was not sent.
pub(super) fn mails() -> Error {
    let mails = "Microsoft would mail the other people of this meeting; allow it to, or change the meeting in Outlook";
    Error::new(ErrorKind::WouldNotify, mails)
}

fn not_ours() -> Error {
    Error::new(ErrorKind::PermissionDenied, "only the organiser of a meeting may change this; it stays on the other side")
}

/// One write on its way.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) write: Write<Event>,
    /// What is there, as it was read for this write.
    pub(super) now: Option<Raw>,
    /// What the item shall say, but for what cannot be written.
    target: Event,
    /// The call that does most of it.
    pub(super) call: Option<Call>,
    /// Occurrences that differ.
    overrides: BTreeSet<RecurrenceId>,
    files: Files,
    pub(super) left_out: Vec<(Field, Error)>,
    /// The item that was written.
    pub(super) id: Option<ItemId>,
    pub(super) outcome: Option<Outcome<Event>>,
}

impl Job {
    fn new(write: Write<Event>) -> Self {
        let target = match &write {
            Write::Create { record, .. } => record.clone(),
            Write::Update { target, .. } => (**target).clone(),
            Write::Move { .. } | Write::Delete { .. } => Event::default(),
        };
        Self {
            id: write.id().cloned(),
            write,
            now: None,
            target,
            call: None,
            overrides: BTreeSet::new(),
            files: Files::default(),
            left_out: Vec::new(),
            outcome: None,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.outcome.is_none()
    }

    pub(super) fn is_create(&self) -> bool {
        matches!(self.write, Write::Create { .. })
    }

    pub(super) fn is_deletion(&self) -> bool {
        matches!(self.write, Write::Delete { .. })
    }

    pub(super) fn planned(&self) -> Option<&Revision> {
        match &self.write {
            Write::Update { revision, .. } | Write::Delete { revision, .. } | Write::Move { revision, .. } => Some(revision),
            Write::Create { .. } => None,
        }
    }

    /// Whether an item says all that this write changes.
    pub(super) fn is_done_by(&self, record: &Event) -> bool {
        let Write::Update { base, target, .. } = &self.write else { return false };
        let still: BTreeSet<Field> = target.differing(record).into_iter().collect();
        !base.differing(target).iter().any(|field| still.contains(field))
    }

    fn leave_out(&mut self, field: Field, error: Error) {
        if !self.left_out.iter().any(|(known, _)| *known == field) {
            self.left_out.push((field, error));
        }
    }
}

/// The writes of one call.
pub(super) struct Batch<'b> {
    pub(super) events: &'b Events,
    pub(super) place: Place,
    pub(super) calendar: Calendar,
    pub(super) mailbox: Mailbox,
    options: &'b WriteOptions,
}

/// Does the writes.
pub(super) async fn run(
    events: &Events,
    collection: &CollectionId,
    writes: Vec<Write<Event>>,
    options: &WriteOptions,
) -> Vec<Outcome<Event>> {
    if writes.is_empty() {
        return Vec::new();
    }
    // What is not there any more says so itself.
    let calendar = match events.known(collection).await {
        Ok(calendar) if calendar.can_edit => calendar,
        Ok(_) => {
            let read_only = || error::unavailable("the calendar is only read; ask its owner for the right to edit it");
            return writes.iter().map(|_| refused(read_only())).collect();
        }
        Err(e) => return writes.iter().map(|_| refused(e.clone())).collect(),
    };
    let mailbox = events.mailbox(&calendar).await;
    let batch = Batch { events, place: events.place(collection), calendar, mailbox, options };
    let mut jobs: Vec<Job> = writes.into_iter().map(Job::new).collect();
    batch.look(collection, &mut jobs).await;
    jobs.iter_mut().filter(|job| job.is_open()).for_each(|job| batch.prepare(job));
    batch.send(collection, &mut jobs).await;
    for job in jobs.iter_mut().filter(|job| job.is_open()) {
        batch.rest(collection, job).await;
    }
    batch.read_back(collection, &mut jobs).await;
    let silent = || refused(Error::new(ErrorKind::Unexpected, "the write was not carried out; try again"));
    jobs.into_iter().map(|job| job.outcome.unwrap_or_else(silent)).collect()
}

impl Batch<'_> {
    /// Whether an organiser's change of these fields mails.
    fn tells(&self, fields: &[Field]) -> bool {
        self.events.session.config.quirks.own_changes_mail || !fields.iter().all(is_own)
    }

    fn is_silent(&self) -> bool {
        self.options.notify == Notify::Nobody
    }

    pub(super) fn stored(&self, raw: &Raw) -> Option<Box<Stored<Event>>> {
        self.events.understood(raw, &self.calendar, &self.mailbox).ok().map(Box::new)
    }

    /// Reads what is to be changed or deleted, and ends the writes whose item is at another version.
    async fn look(&self, collection: &CollectionId, jobs: &mut [Job]) {
        let ids: BTreeSet<ItemId> = jobs.iter().filter_map(|job| job.write.id().cloned()).collect();
        let ids: Vec<ItemId> = ids.into_iter().collect();
        let looks = self.events.looks(collection, &ids).await;
        let mut there: BTreeMap<ItemId, Look> = ids.into_iter().zip(looks).collect();
        for job in jobs.iter_mut() {
            let Some(id) = job.write.id() else { continue };
            job.outcome = match there.remove(id) {
                Some(Look::There(raw)) if job.planned() == Some(&raw.revision()) => {
                    job.now = Some(*raw);
                    None
                }
                Some(Look::There(raw)) => Some(Outcome::Conflict { now: self.stored(&raw) }),
                // Or written twice in one call: the first write makes another version of it.
                Some(Look::Gone) | None => Some(Outcome::Conflict { now: None }),
                Some(Look::Hidden) => {
                    let hidden = "the event may not be read, so it is not changed; ask its owner";
                    Some(refused(Error::new(ErrorKind::PermissionDenied, hidden)))
                }
                Some(Look::Failed(e)) => Some(refused(e)),
            };
        }
    }

    /// What is sent for a write, or why nothing is.
    fn prepare(&self, job: &mut Job) {
        if let Err(outcome) = self.prepared(job) {
            job.outcome = Some(outcome);
        }
    }

    fn prepared(&self, job: &mut Job) -> Result<(), Outcome<Event>> {
        match job.write.clone() {
            Write::Create { mark, record } => {
                if self.is_silent() && invites(&record) {
                    return Err(would_mail());
                }
                let body = event::create(&record, &mark, &self.mailbox).map_err(refused)?;
                self.name_homeless(job, &Event::default());
                job.overrides = record.recurrence_overrides.keys().copied().collect();
                job.files = Files::between(&Event::default(), &record);
                job.call = Some(self.place.create(body));
                Ok(())
            }
            Write::Update { id, base, mark, .. } => {
                let Some(raw) = job.now.take() else { return Err(Outcome::Conflict { now: None }) };
                let done = self.changed(job, &id, &base, mark.as_ref(), &raw);
                job.now = Some(raw);
                done
            }
            Write::Delete { id, mode, .. } => {
                let Some(raw) = &job.now else { return Err(Outcome::Conflict { now: None }) };
                let mails = match whose(raw) {
                    Role::Alone => false,
                    Role::Organizer => true,
                    Role::Guest => self.events.session.config.quirks.deletions_decline,
                };
                if self.is_silent() && mails {
                    return Err(would_mail());
                }
                let call = match mode {
                    Delete::Trash => match raw.etag() {
                        Some(etag) => self.place.delete(id.as_str()).if_match(&etag),
                        None => self.place.delete(id.as_str()),
                    },
                    Delete::Permanent => self.place.delete_for_good(id.as_str()),
                };
                job.call = Some(call);
                Ok(())
            }
            Write::Move { .. } => {
                let moves = "Microsoft Graph moves no events between calendars; copy it and delete the first one";
                Err(refused(Error::new(ErrorKind::Unsupported, moves)))
            }
        }
    }

    fn changed(&self, job: &mut Job, id: &ItemId, base: &Event, mark: Option<&pimkit_core::Mark>, raw: &Raw) -> Result<(), Outcome<Event>> {
        // What is not understood is not changed: something would be lost with it.
        self.events.understood(raw, &self.calendar, &self.mailbox).map_err(refused)?;
        let differing = base.differing(&job.target);
        if differing.is_empty() && mark.is_none() {
            return Ok(());
        }
        match whose(raw) {
            Role::Guest => {
                let (own, other): (Vec<&Field>, Vec<&Field>) = differing.iter().partition(|field| is_own(field));
                if own.is_empty() && mark.is_none() {
                    return Err(refused(not_ours()));
                }
                other.into_iter().for_each(|field| job.leave_out(field.clone(), not_ours()));
                let kept: Fields = own.into_iter().map(|f| (f.clone(), job.target.get(f.as_str()).unwrap_or(Value::Null))).collect();
                job.target = base.with(&kept).map_err(refused)?;
            }
            Role::Organizer if self.is_silent() && self.tells(&differing) => return Err(would_mail()),
            Role::Alone if self.is_silent() && invites(&job.target) => return Err(would_mail()),
            Role::Organizer | Role::Alone => {}
        }
        self.name_homeless(job, base);
        let sheet = Sheet { mailbox: &self.mailbox, now: Some(&raw.item), occurrence: false };
        let event::Change { body, left_out } = event::change(base, &job.target, mark, &sheet).map_err(refused)?;
        left_out.into_iter().for_each(|(field, error)| job.leave_out(field, error));
        job.overrides = series::differing(&base.recurrence_overrides, &job.target.recurrence_overrides);
        if !body.is_empty() {
            // A server that was given another rule or start forgets the exceptions, and one that was given another text may have
            // put it into them.
            // Of a meeting that nobody is to hear of nothing more is written than was asked for.
            if !(self.is_silent() && whose(raw) != Role::Alone) {
                job.overrides.extend(job.target.recurrence_overrides.keys());
            }
            job.call = Some(self.change(id, body, raw));
        }
        job.files = Files::between(base, &job.target);
        Ok(())
    }

    fn change(&self, id: &ItemId, body: Map<String, Value>, raw: &Raw) -> Call {
        let call = self.place.change(id.as_str(), body);
        match raw.etag() {
            Some(etag) => call.if_match(&etag),
            None => call,
        }
    }

    fn name_homeless(&self, job: &mut Job, base: &Event) {
        for (field, error) in event::homeless(base, &job.target, &self.mailbox.own) {
            job.leave_out(field, error);
        }
    }

    /// What a write takes beside its one call: occurrences and files.
    async fn rest(&self, collection: &CollectionId, job: &mut Job) {
        let Some(id) = job.id.clone().filter(|_| !job.is_deletion()) else { return };
        if !job.overrides.is_empty()
            && let Err(trouble) = self.put_series(collection, &id, job).await
        {
            self.troubled(job, series::field(), trouble);
        }
        if job.is_open() && !job.files.is_empty() {
            let files = std::mem::take(&mut job.files);
            // A create that was sent before may have attached them.
            let attached = job.is_create() && self.has_files(collection, &id).await;
            if !attached && let Err(trouble) = self.events.put_files(collection, &id, &files, self.options).await {
                self.troubled(job, files::field(), trouble);
            }
        }
    }

    async fn put_series(&self, collection: &CollectionId, id: &ItemId, job: &Job) -> Result<(), files::Trouble> {
        let out = |says: &'static str| files::Trouble::LeftOut(error::unavailable(says));
        let raw = match self.events.looks(collection, std::slice::from_ref(id)).await.pop() {
            Some(Look::There(raw)) => raw,
            Some(Look::Failed(e)) => return Err(files::Trouble::Unknown(e)),
            Some(Look::Gone | Look::Hidden) | None => return Err(out("the series went while it was written; read it again")),
        };
        // It may have become a meeting since it was looked at.
        if self.is_silent() && whose(&raw) != Role::Alone {
            return Err(files::Trouble::LeftOut(mails()));
        }
        if !event::is_master(&raw.item) {
            return Err(out("the event does not repeat there, and has no occurrences; give it a rule"));
        }
        if job.is_create() && self.is_edited(&raw, job) {
            // The first of two creates was done, and somebody was there before the second.
            return Err(out("somebody changed occurrences of the series meanwhile; they are left as they are"));
        }
        let of = Within { place: &self.place, calendar: &self.calendar, mailbox: &self.mailbox, is_silent: self.is_silent() };
        self.events.put_overrides(&raw, &job.target, &job.overrides, &of).await
    }

    /// Whether a new series has exceptions that are not those that it shall have.
    fn is_edited(&self, raw: &Raw, job: &Job) -> bool {
        let Some(stored) = self.stored(raw) else { return true };
        let wanted = &job.target.recurrence_overrides;
        stored.record.recurrence_overrides.iter().any(|(id, what)| {
            let same = matches!(
                (what, wanted.get(id)),
                (Override::Excluded, Some(Override::Excluded)) | (Override::Changed(_), Some(Override::Changed(_)))
            );
            !same
        })
    }

    async fn has_files(&self, collection: &CollectionId, id: &ItemId) -> bool {
        match self.events.looks(collection, std::slice::from_ref(id)).await.pop() {
            Some(Look::There(raw)) => raw.files.is_none_or(|files| !files.is_empty()),
            _ => false,
        }
    }

    fn troubled(&self, job: &mut Job, field: Field, trouble: files::Trouble) {
        match trouble {
            files::Trouble::LeftOut(e) => job.leave_out(field, e),
            files::Trouble::Unknown(e) => job.outcome = Some(Outcome::Unknown(e.during("graph.events.write"))),
        }
    }

    /// Reads what was written: its version, and what the server made of it.
    async fn read_back(&self, collection: &CollectionId, jobs: &mut [Job]) {
        let ids: Vec<ItemId> = jobs.iter().filter(|job| job.is_open()).filter_map(|job| job.id.clone()).collect();
        let looks = self.events.looks(collection, &ids).await;
        for (job, look) in jobs.iter_mut().filter(|job| job.is_open() && job.id.is_some()).zip(looks) {
            let id = job.id.clone().unwrap_or_default();
            let left_out = std::mem::take(&mut job.left_out);
            job.outcome = Some(match look {
                Look::There(raw) => {
                    let now = self.stored(&raw);
                    Outcome::Written { id, revision: Some(raw.revision()), now, left_out }
                }
                // A create whose first try was done, and whose item was deleted since.
                Look::Gone => Outcome::Conflict { now: None },
                Look::Hidden | Look::Failed(_) => Outcome::Written { id, revision: None, now: None, left_out },
            });
        }
    }
}

/// Whose an event and its exceptions are: a meeting where any of them is one.
pub(super) fn whose(raw: &Raw) -> Role {
    let own = event::role(&raw.item);
    if own == Role::Alone && raw.exceptions.iter().any(|one| event::role(one) != Role::Alone) { Role::Organizer } else { own }
}

/// Whether somebody is invited to an event, or to one of its occurrences.
fn invites(event: &Event) -> bool {
    let somebody = |value: Option<&Value>| value.and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    !event.participants.is_empty() || event.recurrence_overrides.values().any(|what| somebody(what.get("participants")))
}

/// The id of what a create made.
pub(super) fn made(answer: &Value) -> Option<ItemId> {
    odata::text(answer, "id").map(ItemId::from)
}
