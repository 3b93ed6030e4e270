//! Writing contacts: one outcome per write, each on the version that it was planned against.
//!
//! A change is a PATCH of what differs, with `If-Match`, together in batches. What Outlook keeps beside the changed fields is read
//! first, where there is anything. A picture is a request of its own behind the change; what has one is read back, because its
//! version is another one then.

use crate::{
    blobs,
    calls::{Call, Reply, contacts as calls, odata},
    contacts::{Contacts, Got, Held},
    error,
    mapping::contact,
    quirks::Quirks,
    session::answered,
};
use pimkit_core::{
    BlobRef, CollectionId, Contact, Delete, Error, ErrorKind, Field, ItemId, Outcome, Record, Revision, Stored, Write, WriteOptions,
};
use pimkit_formats::compose;
use pimkit_http::{Effect, Failure};
use serde_json::{Map, Value};
use std::{collections::HashMap, time::Duration};

/// How often a write is sent again that was refused although nobody was faster: writes of the server's own meet with ours right
/// after a create (davmail 463 and 491; `a_write_that_met_one_of_the_servers_own_is_sent_again`).
const MEETINGS: u32 = 3;

fn refused(error: Error) -> Outcome<Contact> {
    Outcome::Refused(error.during("graph.write"))
}

/// What a request that got no answer leaves behind.
fn lost(failure: Failure) -> Outcome<Contact> {
    failure.into_outcome("graph.write")
}

/// What is to become of a picture.
enum Picture {
    Stays,
    Put { kind: String, bytes: Vec<u8> },
    Taken,
}

/// One write on its way.
struct Job {
    write: Write<Contact>,
    picture: Picture,
    /// The item as it was before, where that had to be known.
    now: Option<Value>,
    body: Map<String, Value>,
    /// What it is after the write has to be asked.
    read_back: bool,
    left_out: Vec<(Field, Error)>,
    outcome: Option<Outcome<Contact>>,
}

impl Job {
    fn id(&self) -> Option<&ItemId> {
        self.write.id()
    }

    fn is_open(&self) -> bool {
        self.outcome.is_none()
    }
}

/// Does the writes.
pub(crate) async fn run(
    contacts: &Contacts,
    collection: &CollectionId,
    writes: Vec<Write<Contact>>,
    options: &WriteOptions,
) -> Vec<Outcome<Contact>> {
    let mut jobs = Vec::with_capacity(writes.len());
    for write in writes {
        jobs.push(job(write, options, &contacts.session.config.quirks).await);
    }
    let batch = Batch { contacts, collection };
    batch.look(&mut jobs).await;
    batch.compose(&mut jobs);
    batch.send(&mut jobs).await;
    batch.pictures(&mut jobs).await;
    let silent = || refused(Error::new(ErrorKind::Unexpected, "the write was not carried out; try again"));
    jobs.into_iter().map(|job| job.outcome.unwrap_or_else(silent)).collect()
}

async fn job(write: Write<Contact>, options: &WriteOptions, quirks: &Quirks) -> Job {
    let mut job =
        Job { write, picture: Picture::Stays, now: None, body: Map::new(), read_back: false, left_out: Vec::new(), outcome: None };
    let (was, wanted) = match &job.write {
        Write::Create { record, .. } => (None, record.photo.clone()),
        Write::Update { base, target, .. } => (base.photo.clone(), target.photo.clone()),
        Write::Move { .. } => {
            job.outcome = Some(refused(error::unsupported_move()));
            return job;
        }
        Write::Delete { .. } => return job,
    };
    if same(was.as_ref(), wanted.as_ref()) {
        return job;
    }
    match wanted {
        None if quirks.removes_pictures => job.picture = Picture::Taken,
        None => {
            let fixed = "Microsoft Graph takes no picture away from a contact; remove it in Outlook";
            job.left_out.push((Field::of("photo"), error::unavailable(fixed)));
        }
        Some(blob) => match blobs::bytes(&blob, options).await {
            Ok((kind, bytes)) => job.picture = Picture::Put { kind, bytes },
            Err(error) => job.left_out.push((Field::of("photo"), error)),
        },
    }
    job
}

fn same(one: Option<&BlobRef>, other: Option<&BlobRef>) -> bool {
    let with = |photo: Option<&BlobRef>| Contact::build(|c| c.photo = photo.cloned());
    with(one).differing(&with(other)).is_empty()
}

struct Batch<'b> {
    contacts: &'b Contacts,
    collection: &'b CollectionId,
}

impl Batch<'_> {
    /// Reads what has to be known before the writes, and ends those whose item is at another version.
    async fn look(&self, jobs: &mut [Job]) {
        let needed = |job: &Job| match &job.write {
            Write::Update { base, target, .. } => contact::needs_now(base, target),
            // Not every service looks at a condition of an action.
            Write::Delete { mode, .. } => *mode == Delete::Permanent,
            Write::Create { .. } | Write::Move { .. } => false,
        };
        let ids: Vec<ItemId> = jobs.iter().filter(|job| job.is_open() && needed(job)).filter_map(|job| job.id().cloned()).collect();
        if ids.is_empty() {
            return;
        }
        let mut there: HashMap<ItemId, Got> = ids.iter().cloned().zip(self.contacts.got(self.collection, &ids).await).collect();
        for job in jobs.iter_mut().filter(|job| job.is_open() && needed(job)) {
            // Written twice in one call: the first write makes another version of it.
            let Some(got) = job.id().and_then(|id| there.remove(id)) else {
                job.outcome = Some(Outcome::Conflict { now: None });
                continue;
            };
            match got {
                Got::There(value) if is_at(&value, &job.write) => job.now = Some(value),
                Got::There(value) => job.outcome = Some(self.conflict(&value).await),
                Got::Gone => job.outcome = Some(Outcome::Conflict { now: None }),
                Got::Hidden => {
                    let hidden = "the contact may not be read, so it is not changed; ask its owner";
                    job.outcome = Some(refused(Error::new(ErrorKind::PermissionDenied, hidden)));
                }
                Got::Failed(error) => job.outcome = Some(refused(error)),
            }
        }
    }

    async fn conflict(&self, value: &Value) -> Outcome<Contact> {
        Outcome::Conflict { now: self.stored(value).await }
    }

    async fn stored(&self, value: &Value) -> Option<Box<Stored<Contact>>> {
        let photo = self.contacts.pictures(self.collection, &[value]).await.pop().flatten();
        match self.contacts.understood(self.collection, value, photo) {
            Held::Item(stored) => Some(stored),
            Held::Unreadable(_) => None,
        }
    }

    /// What is sent for each write.
    fn compose(&self, jobs: &mut [Job]) {
        for job in jobs.iter_mut().filter(|job| job.is_open()) {
            let body = match &job.write {
                // Searches for what is missing, and other connectors, tell a contact by its UID.
                Write::Create { mark, record } => {
                    compose::with_uid(record.clone(), "pimkit-graph", mark).and_then(|record| contact::create(&record, mark))
                }
                Write::Update { base, target, mark, .. } => contact::change(base, target, mark.as_ref(), job.now.as_ref()),
                Write::Move { .. } | Write::Delete { .. } => Ok(Map::new()),
            };
            match body {
                Ok(body) => {
                    job.body = body;
                    job.left_out.extend(without_place(&job.write));
                }
                Err(error) => job.outcome = Some(refused(error)),
            }
        }
    }

    fn call(&self, job: &Job) -> Option<Call> {
        let members = self.contacts.members(self.collection);
        match &job.write {
            Write::Create { .. } => Some(calls::create(members, job.body.clone())),
            Write::Update { id, revision, .. } => {
                (!job.body.is_empty()).then(|| calls::update(members, id.as_str(), revision.as_str(), job.body.clone()))
            }
            Write::Delete { id, revision, mode: Delete::Trash } => Some(calls::delete(members, id.as_str(), revision.as_str())),
            Write::Delete { id, revision, mode: Delete::Permanent } => Some(calls::purge(members, id.as_str(), revision.as_str())),
            Write::Move { .. } => None,
        }
    }

    /// Sends what is open, and again what met with a write of the server's own.
    async fn send(&self, jobs: &mut [Job]) {
        let mut missing = Vec::new();
        for attempt in 0..=MEETINGS {
            let mut places = Vec::new();
            let mut calls = Vec::new();
            for (place, job) in jobs.iter_mut().enumerate().filter(|(_, job)| job.is_open()) {
                match self.call(job) {
                    Some(call) => {
                        places.push(place);
                        calls.push(call);
                    }
                    None => job.outcome = unchanged(job),
                }
            }
            if calls.is_empty() {
                break;
            }
            let mut overtaken = Vec::new();
            for (place, reply) in places.into_iter().zip(self.contacts.session.all(&calls).await) {
                let Some(job) = jobs.get_mut(place) else { continue };
                match reply {
                    Err(failure) => job.outcome = Some(lost(failure)),
                    Ok(reply) if error::is_overtaken(&reply) && job.id().is_some() => overtaken.push((place, reply)),
                    Ok(reply) if error::is_missing(&reply) => {
                        missing.push(place);
                        job.outcome = Some(self.missing(job, &reply));
                    }
                    Ok(reply) => job.outcome = Some(self.settled(job, reply)),
                }
            }
            if overtaken.is_empty() {
                break;
            }
            if !self.overtaken(jobs, overtaken, attempt).await {
                break;
            }
        }
        // Gone, or in a folder that is.
        if !missing.is_empty()
            && let Err(error) = self.contacts.alive(self.collection).await
        {
            for place in missing {
                if let Some(job) =
                    jobs.get_mut(place).filter(|job| matches!(job.outcome, Some(Outcome::Conflict { .. } | Outcome::Refused(_))))
                {
                    job.outcome = Some(refused(error.clone()));
                }
            }
        }
    }

    fn missing(&self, job: &Job, reply: &Reply) -> Outcome<Contact> {
        match &job.write {
            Write::Create { .. } => refused(error::refused(reply)),
            // Our own first try.
            Write::Delete { id, .. } if reply.maybe_done_before => Outcome::written(id.clone(), None),
            Write::Update { .. } | Write::Move { .. } | Write::Delete { .. } => Outcome::Conflict { now: None },
        }
    }

    fn settled(&self, job: &mut Job, reply: Reply) -> Outcome<Contact> {
        if !reply.is_success() {
            return refused(error::refused(&reply));
        }
        if let Write::Delete { id, .. } = &job.write {
            return Outcome::written(id.clone(), None);
        }
        let answer = match (answered(reply), job.id().cloned()) {
            (Ok(answer), _) => answer,
            // 204: it was taken, and what it is now has to be asked.
            (Err(_), Some(id)) => {
                job.read_back = true;
                return Outcome::written(id, None);
            }
            (Err(error), None) => return Outcome::Unknown(error.during("graph.write")),
        };
        let Ok(id) = contact::id(&answer).map(ItemId::from) else {
            return Outcome::Unknown(
                Error::new(ErrorKind::InvalidData, "the answer does not say which contact was written; look for it").during("graph.write"),
            );
        };
        let revision = odata::etag(&answer).map(Revision::from);
        let is_new = matches!(job.write, Write::Create { .. });
        // Extended properties that nobody has read are not to be taken for empty.
        let now = (is_new || job.now.is_some()).then(|| contact::after(answer, job.now.as_ref(), &job.body));
        let photo = match &job.write {
            Write::Update { base, .. } => base.photo.clone(),
            Write::Create { .. } | Write::Move { .. } | Write::Delete { .. } => None,
        };
        let now = now.and_then(|value| match self.contacts.understood(self.collection, &value, Some(photo)) {
            Held::Item(stored) => Some(stored),
            Held::Unreadable(_) => None,
        });
        Outcome::Written { id, revision, now, left_out: std::mem::take(&mut job.left_out) }
    }

    /// Writes that were refused because somebody was faster: ours of a first try, somebody else's, or nobody's that matters.
    /// True when any is to be sent again.
    async fn overtaken(&self, jobs: &mut [Job], overtaken: Vec<(usize, Reply)>, attempt: u32) -> bool {
        let ids: Vec<ItemId> = overtaken.iter().filter_map(|(place, _)| jobs.get(*place)?.id().cloned()).collect();
        let got = self.contacts.got(self.collection, &ids).await;
        let mut again = false;
        for ((place, reply), got) in overtaken.into_iter().zip(got) {
            let Some(job) = jobs.get_mut(place) else { continue };
            job.outcome = match got {
                Got::There(value) if is_at(&value, &job.write) && attempt < MEETINGS => {
                    again = true;
                    None
                }
                Got::There(value) if reply.maybe_done_before && says(&value, job) => {
                    let now = self.stored(&value).await;
                    let (id, revision) = (job.id().cloned().unwrap_or_default(), odata::etag(&value).map(Revision::from));
                    Some(Outcome::Written { id, revision, now, left_out: std::mem::take(&mut job.left_out) })
                }
                Got::There(value) => Some(self.conflict(&value).await),
                Got::Gone if reply.maybe_done_before && matches!(job.write, Write::Delete { .. }) => {
                    Some(Outcome::written(job.id().cloned().unwrap_or_default(), None))
                }
                Got::Gone | Got::Hidden => Some(Outcome::Conflict { now: None }),
                Got::Failed(error) => Some(Outcome::Unknown(error.during("graph.write"))),
            };
        }
        if again {
            let session = &self.contacts.session;
            let jitter = Duration::from_millis(session.chance.next() % 250);
            session.clock.sleep(Duration::from_millis(250 << attempt) + jitter).await;
        }
        again
    }

    /// Pictures, behind what was written; and what has to be read back.
    async fn pictures(&self, jobs: &mut [Job]) {
        let mut behind = Vec::new();
        for (place, job) in jobs.iter_mut().enumerate() {
            let Some(Outcome::Written { id, left_out, .. }) = &mut job.outcome else { continue };
            let done = match std::mem::replace(&mut job.picture, Picture::Stays) {
                Picture::Stays if job.read_back => Ok(()),
                Picture::Stays => continue,
                Picture::Put { kind, bytes } => {
                    blobs::put(&self.contacts.session, self.contacts, self.collection, id.as_str(), &kind, bytes).await
                }
                Picture::Taken => self.taken(id.as_str()).await,
            };
            if let Err(failure) = done {
                // Whether it was stored is seen when the contact is read back.
                if failure.effect() != Effect::Unknown {
                    left_out.push((Field::of("photo"), failure.into_error()));
                }
            }
            behind.push((place, id.clone()));
        }
        if behind.is_empty() {
            return;
        }
        let ids: Vec<ItemId> = behind.iter().map(|(_, id)| id.clone()).collect();
        for ((place, id), stored) in behind.into_iter().zip(self.contacts.stored(self.collection, &ids).await) {
            let Some(job) = jobs.get_mut(place) else { continue };
            let Some(Outcome::Written { left_out, .. }) = job.outcome.take() else { continue };
            job.outcome = Some(match stored {
                Ok(Some(stored)) => Outcome::Written { id, revision: Some(stored.revision.clone()), now: Some(stored), left_out },
                // Written, and away since: the next round says so.
                Ok(None) => Outcome::Written { id, revision: None, now: None, left_out },
                Err(error) => Outcome::Unknown(error.during("graph.write")),
            });
        }
    }

    async fn taken(&self, id: &str) -> Result<(), Failure> {
        let reply = self.contacts.session.call(&calls::photo_delete(self.contacts.members(self.collection), id)).await?;
        if reply.is_success() || error::is_missing(&reply) { Ok(()) } else { Err(Failure::refused(error::refused(&reply))) }
    }
}

/// What of a write finds no place there. Who is not told would take what is read later for somebody's edit.
fn without_place(write: &Write<Contact>) -> Vec<(Field, Error)> {
    match write {
        Write::Create { record, .. } => contact::without_place(None, record),
        Write::Update { base, target, .. } => contact::without_place(Some(base), target),
        Write::Move { .. } | Write::Delete { .. } => Vec::new(),
    }
}

/// The outcome of an update that changes nothing that is kept here.
fn unchanged(job: &mut Job) -> Option<Outcome<Contact>> {
    let Write::Update { id, revision, .. } = &job.write else { return None };
    let (id, revision) = (id.clone(), revision.clone());
    Some(Outcome::Written { id, revision: Some(revision), now: None, left_out: std::mem::take(&mut job.left_out) })
}

/// Whether an item is at the version that a write was planned against.
fn is_at(value: &Value, write: &Write<Contact>) -> bool {
    let planned = match write {
        Write::Update { revision, .. } | Write::Move { revision, .. } | Write::Delete { revision, .. } => revision,
        Write::Create { .. } => return false,
    };
    odata::etag(value).is_some_and(|etag| etag == planned.as_str())
}

/// Whether an item says what a change would make it say.
fn says(value: &Value, job: &Job) -> bool {
    let Write::Update { base, target, .. } = &job.write else { return false };
    let Ok(there) = contact::read(value) else { return false };
    let wanted = base.differing(target).into_iter().filter(|field| field.as_str() != "photo");
    let same = |field: Field| {
        let def = Contact::catalogue().field(field.as_str());
        def.is_some_and(|def| def.same(there.get(field.as_str()).as_ref(), target.get(field.as_str()).as_ref()))
    };
    wanted.into_iter().all(same)
}
