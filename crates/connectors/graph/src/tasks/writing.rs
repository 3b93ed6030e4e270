//! Writing tasks: one outcome per write.
//!
//! A change is a PATCH of what differs; what hangs on a task (steps, links, a new mark) is requests of its own behind it, and the
//! task is read back then. What is changed or deleted is read first, and is a conflict when it is at another version than the one that
//! the write was planned on. The condition goes along too, but To Do is not said to hold to it: between the look and the write
//! somebody may still be faster, and a change whose answer was lost is not sent again.

use super::{Tasks, revision};
use crate::{
    calls::{
        Call, Reply, odata,
        todo::{self as calls, LINKS, STEPS},
    },
    contacts::Got,
    error,
    mapping::{
        contact,
        task::{self, hanging, hanging::Hang},
    },
    session::answered,
};
use pimkit_core::{CollectionId, Delete, Error, ErrorKind, Field, ItemId, Outcome, Record, Revision, Stored, Task, Write};
use pimkit_http::Failure;
use serde_json::Value;
use std::collections::HashMap;

fn refused(error: Error) -> Outcome<Task> {
    Outcome::Refused(error.during("graph.write"))
}

fn lost(failure: Failure) -> Outcome<Task> {
    failure.into_outcome("graph.write")
}

/// One write on its way.
struct Job {
    write: Write<Task>,
    body: task::Body,
    /// The task as it was read for this write, with what hangs on it.
    there: Option<Value>,
    /// What it is after the write has to be asked.
    read_back: bool,
    outcome: Option<Outcome<Task>>,
}

/// Does the writes.
pub(super) async fn run(tasks: &Tasks, collection: &CollectionId, writes: Vec<Write<Task>>) -> Vec<Outcome<Task>> {
    let all = |error: Error| writes.iter().map(|_| refused(error.clone())).collect();
    match tasks.known(collection).await {
        Err(error) => return all(error),
        Ok(list) if list.flagged => {
            return all(error::unavailable("the list of flagged mails is only read; flag the mail itself"));
        }
        Ok(_) => {}
    }
    let batch = Batch { tasks, collection };
    let mut jobs: Vec<Job> = writes.into_iter().map(|write| batch.job(write)).collect();
    batch.look(&mut jobs).await;
    batch.send(&mut jobs).await;
    batch.hang(&mut jobs).await;
    batch.read_back(&mut jobs).await;
    let silent = || refused(Error::new(ErrorKind::Unexpected, "the write was not carried out; try again"));
    jobs.into_iter().map(|job| job.outcome.unwrap_or_else(silent)).collect()
}

struct Batch<'b> {
    tasks: &'b Tasks,
    collection: &'b CollectionId,
}

impl Batch<'_> {
    fn job(&self, write: Write<Task>) -> Job {
        let quirks = self.tasks.quirks();
        let mut outcome = None;
        let body = match &write {
            Write::Create { mark, record } => task::create(record, mark, quirks),
            Write::Update { base, target, .. } => task::change(base, target, quirks),
            Write::Move { .. } => {
                let never = "Microsoft Graph moves no tasks between lists; copy it and delete the first one";
                outcome = Some(refused(Error::new(ErrorKind::Unsupported, never)));
                task::Body::default()
            }
            Write::Delete { mode: Delete::Trash, .. } => {
                outcome = Some(refused(error::unavailable("To Do has no trash; delete the task for good, or leave it")));
                task::Body::default()
            }
            Write::Delete { mode: Delete::Permanent, .. } => task::Body::default(),
        };
        Job { write, body, there: None, read_back: false, outcome }
    }

    /// Reads what is to be changed or deleted, and ends the writes whose task is at another version.
    async fn look(&self, jobs: &mut [Job]) {
        let needed = |job: &Job| job.outcome.is_none() && planned(&job.write).is_some();
        let ids: Vec<ItemId> = jobs.iter().filter(|job| needed(job)).filter_map(|job| job.write.id().cloned()).collect();
        if ids.is_empty() {
            return;
        }
        let mut there: HashMap<ItemId, Got> = ids.iter().cloned().zip(self.tasks.got(self.collection, &ids).await).collect();
        for job in jobs.iter_mut().filter(|job| needed(job)) {
            match job.write.id().and_then(|id| there.remove(id)) {
                Some(Got::There(value)) if revision(&value).as_ref() == planned(&job.write) => job.there = Some(value),
                Some(Got::There(value)) => {
                    job.outcome = Some(Outcome::Conflict { now: self.tasks.understood(self.collection, &value).ok() });
                }
                // Written twice in one call, or not there.
                None | Some(Got::Gone) => job.outcome = Some(Outcome::Conflict { now: None }),
                Some(Got::Hidden) => {
                    let hidden = "the task may not be read, so it is not changed; ask the owner of its list";
                    job.outcome = Some(refused(Error::new(ErrorKind::PermissionDenied, hidden)));
                }
                Some(Got::Failed(error)) => job.outcome = Some(refused(error)),
            }
        }
    }

    fn call(&self, job: &Job) -> Option<Call> {
        let members = self.tasks.members(self.collection);
        match &job.write {
            Write::Create { .. } => Some(calls::create(members, job.body.body.clone())),
            Write::Update { id, .. } => (!job.body.body.is_empty())
                .then(|| conditional(calls::update(members, id.as_str(), job.body.body.clone()), job))
                .map(|call| call.idempotent(false)),
            Write::Delete { id, .. } => Some(conditional(calls::delete(members, id.as_str()), job)),
            Write::Move { .. } => None,
        }
    }

    async fn send(&self, jobs: &mut [Job]) {
        let (mut places, mut calls, mut missing, mut overtaken) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (place, job) in jobs.iter_mut().enumerate().filter(|(_, job)| job.outcome.is_none()) {
            match (self.call(job), &job.write) {
                (Some(call), _) => {
                    places.push(place);
                    calls.push(call);
                }
                // Nothing of the task itself.
                (None, Write::Update { id, revision, .. }) => {
                    job.outcome = Some(written(id.clone(), Some(revision.clone()), None, job));
                }
                (None, _) => {}
            }
        }
        for (place, reply) in places.into_iter().zip(self.tasks.session.all(&calls).await) {
            let Some(job) = jobs.get_mut(place) else { continue };
            job.outcome = Some(match reply {
                Err(failure) => lost(failure),
                Ok(reply) if error::is_overtaken(&reply) && job.write.id().is_some() => {
                    overtaken.push(place);
                    Outcome::Conflict { now: None }
                }
                Ok(reply) if error::is_missing(&reply) => {
                    missing.push(place);
                    gone(&job.write, &reply)
                }
                Ok(reply) => self.settled(job, reply),
            });
        }
        self.show(jobs, overtaken).await;
        // Gone, or in a list that is.
        if !missing.is_empty()
            && let Err(error) = self.tasks.alive(self.collection).await
        {
            for place in missing {
                if let Some(job) = jobs.get_mut(place).filter(|job| !matches!(job.outcome, Some(Outcome::Written { .. }))) {
                    job.outcome = Some(refused(error.clone()));
                }
            }
        }
    }

    /// Puts into these conflicts what the tasks are like now.
    async fn show(&self, jobs: &mut [Job], places: Vec<usize>) {
        let ids: Vec<ItemId> = places.iter().filter_map(|place| jobs.get(*place)?.write.id().cloned()).collect();
        if ids.is_empty() {
            return;
        }
        for (place, got) in places.into_iter().zip(self.tasks.got(self.collection, &ids).await) {
            if let (Some(job), Got::There(value)) = (jobs.get_mut(place), got) {
                job.outcome = Some(Outcome::Conflict { now: self.tasks.understood(self.collection, &value).ok() });
            }
        }
    }

    fn settled(&self, job: &mut Job, reply: Reply) -> Outcome<Task> {
        if !reply.is_success() {
            return refused(error::refused(&reply));
        }
        if let Write::Delete { id, .. } = &job.write {
            return Outcome::written(id.clone(), None);
        }
        let mut answer = match (answered(reply), job.write.id().cloned()) {
            (Ok(answer), _) => answer,
            // It was taken, and what it is now has to be asked.
            (Err(_), Some(id)) => {
                job.read_back = true;
                return written(id, None, None, job);
            }
            (Err(error), None) => return Outcome::Unknown(error.during("graph.write")),
        };
        let Ok(id) = contact::id(&answer).map(ItemId::from) else {
            let odd = "the answer does not say which task was written; look for it";
            return Outcome::Unknown(Error::new(ErrorKind::InvalidData, odd).during("graph.write"));
        };
        let revision = revision(&answer);
        let mut now = None;
        if let (Write::Create { .. }, Some(object)) = (&job.write, answer.as_object_mut()) {
            // Answers need not say what was sent along.
            let sent = job.body.body.get(LINKS).cloned().unwrap_or_default();
            object.entry(LINKS).or_insert(sent);
            object.entry(STEPS).or_insert(Value::Array(Vec::new()));
            now = self.tasks.understood(self.collection, &answer).ok();
            job.there = Some(answer);
        }
        written(id, revision, now, job)
    }

    /// What hangs on the tasks that were written.
    async fn hang(&self, jobs: &mut [Job]) {
        let (mut places, mut calls) = (Vec::new(), Vec::new());
        for (place, job) in jobs.iter_mut().enumerate() {
            let Some(Outcome::Written { id, left_out, .. }) = &job.outcome else { continue };
            let without = Value::Null;
            let there = job.there.as_ref().unwrap_or(&without);
            let left = |field: &Field| left_out.iter().any(|(left, _)| left == field);
            let requests = match &job.write {
                // Its mark and links went along.
                Write::Create { record, .. } => hanging::requests(&Task::build(|t| t.links.clone_from(&record.links)), record, None, there),
                Write::Update { base, target, mark, .. } => hanging::requests(base, target, mark.as_ref(), there),
                Write::Move { .. } | Write::Delete { .. } => continue,
            };
            for (field, hang) in requests.into_iter().filter(|(field, _)| !left(field)) {
                places.push((place, field));
                calls.push(self.hanging(id.as_str(), hang));
            }
        }
        for ((place, field), reply) in places.into_iter().zip(self.tasks.session.all(&calls).await) {
            let Some(job) = jobs.get_mut(place) else { continue };
            job.read_back = true;
            let error = match reply {
                Ok(reply) if reply.is_success() || error::is_missing(&reply) => continue,
                Ok(reply) => error::refused(&reply),
                // Whether it was stored is seen when the task is read back.
                Err(failure) => failure.into_error(),
            };
            if let (Some(Outcome::Written { left_out, .. }), false) = (&mut job.outcome, field.as_str() == "mark") {
                left_out.push((field, error.during("graph.write")));
            }
        }
    }

    fn hanging(&self, id: &str, hang: Hang) -> Call {
        let members = self.tasks.members(self.collection);
        match hang {
            Hang::Add { sort, body } => calls::hang(members, id, sort, body),
            Hang::Change { sort, id: what, body } => calls::rehang(members, id, sort, &what, body),
            Hang::Remove { sort, id: what } => calls::unhang(members, id, sort, &what),
        }
    }

    /// Reads the tasks of which more than one request was about, and says of each field that failed whether it is there after all.
    async fn read_back(&self, jobs: &mut [Job]) {
        let mut places = Vec::new();
        let mut ids = Vec::new();
        for (place, job) in jobs.iter().enumerate().filter(|(_, job)| job.read_back) {
            if let Some(Outcome::Written { id, .. }) = &job.outcome {
                places.push(place);
                ids.push(id.clone());
            }
        }
        if ids.is_empty() {
            return;
        }
        for (place, got) in places.into_iter().zip(self.tasks.got(self.collection, &ids).await) {
            let Some(job) = jobs.get_mut(place) else { continue };
            let Some(Outcome::Written { id, left_out, .. }) = job.outcome.take() else { continue };
            job.outcome = Some(match got {
                Got::There(value) => match self.tasks.understood(self.collection, &value) {
                    Ok(stored) => {
                        let left_out = still(&job.write, &stored, left_out);
                        Outcome::Written { id, revision: Some(stored.revision.clone()), now: Some(stored), left_out }
                    }
                    Err(_) => Outcome::Written { id, revision: revision(&value), now: None, left_out },
                },
                // Written, and away since: the next round says so.
                Got::Gone | Got::Hidden => Outcome::Written { id, revision: None, now: None, left_out },
                Got::Failed(error) => Outcome::Unknown(error.during("graph.write")),
            });
        }
    }
}

/// The version that a write was planned on.
fn planned(write: &Write<Task>) -> Option<&Revision> {
    match write {
        Write::Update { revision, .. } | Write::Delete { revision, .. } => Some(revision),
        Write::Create { .. } | Write::Move { .. } => None,
    }
}

/// The same call, on the version that was read alone, where the service holds to it.
fn conditional(call: Call, job: &Job) -> Call {
    match job.there.as_ref().and_then(odata::etag) {
        Some(etag) => call.if_match(&etag),
        None => call,
    }
}

/// The fields that are not there as they were to be, each once.
fn still(write: &Write<Task>, stored: &Stored<Task>, left_out: Vec<(Field, Error)>) -> Vec<(Field, Error)> {
    let wanted = match write {
        Write::Create { record, .. } => record,
        Write::Update { target, .. } => target,
        Write::Move { .. } | Write::Delete { .. } => return left_out,
    };
    let mut all: Vec<(Field, Error)> = Vec::new();
    for (field, error) in left_out {
        let same = Task::catalogue()
            .field(field.as_str())
            .is_some_and(|def| def.same(stored.record.get(field.as_str()).as_ref(), wanted.get(field.as_str()).as_ref()));
        if !same && !all.iter().any(|(known, _)| *known == field) {
            all.push((field, error));
        }
    }
    all
}

fn written(id: ItemId, revision: Option<Revision>, now: Option<Box<Stored<Task>>>, job: &mut Job) -> Outcome<Task> {
    Outcome::Written { id, revision, now, left_out: std::mem::take(&mut job.body.left_out) }
}

/// The outcome for what is not there.
fn gone(write: &Write<Task>, reply: &Reply) -> Outcome<Task> {
    match write {
        Write::Create { .. } => refused(error::refused(reply)),
        // Our own first try.
        Write::Delete { id, .. } if reply.maybe_done_before => Outcome::written(id.clone(), None),
        Write::Update { .. } | Write::Move { .. } | Write::Delete { .. } => Outcome::Conflict { now: None },
    }
}
