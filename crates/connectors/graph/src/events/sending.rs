//! Sending writes: in batches, and again what met with a write of the server's own.

use super::{
    Events,
    fetching::Look,
    refused,
    writing::{Batch, Job, made},
};
use crate::{
    calls::{Call, Reply},
    error,
};
use pimkit_core::{CollectionId, Error, ErrorKind, Event, ItemId, Key, Outcome, Write};
use pimkit_http::Failure;
use std::time::Duration;

/// How often a write is sent again that was refused although nobody was faster: the server works on a fresh meeting itself
/// (davmail 463 and 491, msgraph-sdk-dotnet 1195).
const MEETINGS: u32 = 3;

/// What a request that got no answer leaves behind.
fn lost(failure: Failure) -> Outcome<Event> {
    failure.into_outcome("graph.events.write")
}

impl Events {
    /// Waits for the server to finish what it does to an item itself.
    pub(super) async fn pause(&self, attempt: u32) {
        let jitter = Duration::from_millis(self.session.chance.next() % 250);
        self.session.clock.sleep(Duration::from_millis(250 << attempt) + jitter).await;
    }
}

impl Batch<'_> {
    /// Sends what is open. What was taken stays open: it is read back.
    pub(super) async fn send(&self, collection: &CollectionId, jobs: &mut [Job]) {
        for attempt in 0..=MEETINGS {
            let places: Vec<usize> =
                jobs.iter().enumerate().filter(|(_, job)| job.is_open() && job.call.is_some()).map(|(place, _)| place).collect();
            let calls: Vec<Call> = places.iter().filter_map(|place| jobs.get(*place)?.call.clone()).collect();
            if calls.is_empty() {
                return;
            }
            let mut overtaken = Vec::new();
            for (place, reply) in places.into_iter().zip(self.events.session.all(&calls).await) {
                let Some(job) = jobs.get_mut(place) else { continue };
                match reply {
                    Err(failure) => job.outcome = Some(lost(failure)),
                    Ok(reply) if error::is_overtaken(&reply) => overtaken.push((place, reply)),
                    Ok(reply) => self.settle(collection, job, reply).await,
                }
            }
            if overtaken.is_empty() {
                return;
            }
            for (place, reply) in overtaken {
                if let Some(job) = jobs.get_mut(place) {
                    self.overtaken(collection, job, &reply, attempt).await;
                }
            }
            if jobs.iter().any(|job| job.is_open() && job.call.is_some()) {
                self.events.pause(attempt).await;
            }
        }
    }

    async fn settle(&self, collection: &CollectionId, job: &mut Job, reply: Reply) {
        job.call = None;
        if job.is_create() {
            return self.created(collection, job, reply).await;
        }
        job.outcome = if reply.is_success() {
            // A deletion is done; a change is read back.
            job.is_deletion().then(|| Outcome::written(job.id.clone().unwrap_or_default(), None))
        } else if error::is_missing(&reply) {
            Some(self.missing(collection, job, &reply).await)
        } else {
            Some(refused(error::refused(&reply)))
        };
    }

    async fn missing(&self, collection: &CollectionId, job: &Job, reply: &Reply) -> Outcome<Event> {
        if job.is_deletion() && reply.maybe_done_before {
            return Outcome::written(job.id.clone().unwrap_or_default(), None);
        }
        match self.events.calendar(collection).await {
            Ok(_) => Outcome::Conflict { now: None },
            Err(e) => refused(e),
        }
    }

    async fn created(&self, collection: &CollectionId, job: &mut Job, reply: Reply) {
        if reply.is_success() {
            match made(reply.json()) {
                Some(id) => job.id = Some(id),
                None => {
                    let odd = "the answer does not say which event was made; look for it";
                    job.outcome = Some(Outcome::Unknown(Error::new(ErrorKind::InvalidData, odd).during("graph.events.write")));
                }
            }
            return;
        }
        if error::is_missing(&reply) {
            let gone = self.events.calendar(collection).await.err().unwrap_or_else(|| error::refused(&reply));
            job.outcome = Some(refused(gone));
            return;
        }
        // Servers differ in how they answer a transaction that they have seen: with the first event, or so.
        // And a first try that nobody heard of may have made it, whatever the second one is told.
        if reply.status != 409 && !reply.maybe_done_before {
            job.outcome = Some(refused(error::refused(&reply)));
            return;
        }
        let Write::Create { mark, .. } = &job.write else { return };
        match self.events.found(collection, &Key::Mark(mark.clone())).await {
            Ok(found) => match found.into_iter().next() {
                Some(stored) => job.id = Some(stored.id),
                // It was there, and is not any more.
                None if reply.status == 409 => job.outcome = Some(Outcome::Conflict { now: None }),
                None => job.outcome = Some(refused(error::refused(&reply))),
            },
            Err(e) => job.outcome = Some(Outcome::Unknown(e.during("graph.events.write"))),
        }
    }

    /// A write that was refused because somebody was faster: we ourselves at a first try, somebody else, or nobody that matters.
    async fn overtaken(&self, collection: &CollectionId, job: &mut Job, reply: &Reply, attempt: u32) {
        let last = attempt >= MEETINGS;
        let Some(id) = job.id.clone() else {
            // A create: nobody can have been faster.
            if last {
                job.outcome = Some(refused(error::refused(reply)));
            }
            return;
        };
        job.outcome = match self.look_again(collection, &id).await {
            Look::There(raw) if job.planned() == Some(&raw.revision()) && !last => return,
            Look::There(raw) => {
                let stored = self.stored(&raw);
                let ours = reply.maybe_done_before && stored.as_ref().is_some_and(|stored| job.is_done_by(&stored.record));
                if ours {
                    job.call = None;
                    return;
                }
                Some(Outcome::Conflict { now: stored })
            }
            Look::Gone if reply.maybe_done_before && job.is_deletion() => Some(Outcome::written(id, None)),
            Look::Gone | Look::Hidden => Some(Outcome::Conflict { now: None }),
            Look::Failed(e) => Some(Outcome::Unknown(e.during("graph.events.write"))),
        };
    }

    async fn look_again(&self, collection: &CollectionId, id: &ItemId) -> Look {
        let looks = self.events.looks(collection, std::slice::from_ref(id)).await;
        looks.into_iter().next().unwrap_or_else(|| Look::Failed(error::unavailable("the event was not read; try again")))
    }
}
