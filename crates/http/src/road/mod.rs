//! The account's one road to the network.

mod attempt;
mod builder;

pub use builder::RoadBuilder;

use crate::{
    Answer, Auth, Challenge, Classifier, Effect, Failure, Limits, Offer, Opened, Request, RetryPolicy, Transport,
    gate::{Gate, later, until},
    http_date,
    scope::{Carry, Scope},
    trace,
};
use attempt::{Lost, Won};
use http::{HeaderMap, header};
use jiff::Timestamp;
use pimkit_core::{Chance, Clock, Error, ErrorKind};
use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tracing::Instrument;
use url::Url;

/// One account's road: its transport, credentials, gate and patience. Cheap to clone; clones share all of it.
///
/// # Behavior
/// - A request is tried until its classifier is content, no try or time is left, or another try could do a thing twice: what
///   is not idempotent is sent again only after the provider said that it did nothing, or when it never left.
/// - What the provider asks to wait (`Retry-After`), the whole account waits; what a stranger asks, its own request alone. A
///   wait that the request has no time for is not begun: its error says when to come back.
/// - Waits are slept on the injected clock; the time of an exchange is kept by the transport.
/// - Redirects keep method and body. Credentials go only where [`RoadBuilder::home`] and [`RoadBuilder::ally`] say, over
///   https (http is for loopback); a road that has left there does not get them back on its way. A write, signed or not, is
///   not followed to another owner, and a read goes there without the headers that only its own server should see.
/// - A dropped future gives up its request and its place at the gate. What had left may have been done.
#[derive(Clone)]
pub struct Road(Arc<Inner>);

struct Inner {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    auth: Option<Arc<dyn Auth>>,
    scope: Scope,
    classifier: Arc<dyn Classifier>,
    policy: RetryPolicy,
    limits: Limits,
    gate: Gate,
    /// Of the hashes in spans.
    salt: u64,
    /// Requests that left so far.
    sent: AtomicU64,
    /// Server clock minus ours, in seconds.
    skew: Mutex<Option<i64>>,
}

impl Road {
    /// A road over this transport. Clock and chance are the host's; `pimkit-sync` has those of the machine.
    pub fn builder(transport: Arc<dyn Transport>, clock: Arc<dyn Clock>, chance: Arc<dyn Chance>) -> RoadBuilder {
        RoadBuilder::new(transport, clock, chance)
    }

    /// How many requests have left so far: every try, and every step of a redirect or sign-in, counts.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    /// Server clock minus ours, in seconds, by the last answer from the account's own hosts that said a time (`Date`). Whoever
    /// stands in their place has a clock of its own.
    #[must_use]
    pub fn skew(&self) -> Option<i64> {
        *self.0.skew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it means that an answer within another one (a part of a batch) has these headers: when they ask for more of the sign-in
    /// (see [`Offer::wants_claims`](crate::Offer::wants_claims)) the account's credentials are told, as they are of whole answers,
    /// and what they make of it is given back. Absent when the headers ask for nothing of the kind.
    pub async fn claims_wanted(&self, url: &Url, headers: &HeaderMap) -> Option<Error> {
        let offers = crate::auth::offers(headers);
        if !offers.iter().any(Offer::wants_claims) {
            return None;
        }
        let inner = &*self.0;
        let auth = inner.auth.as_ref().filter(|_| inner.scope.carry(url) == Carry::Credentials);
        // Not the first round: the answer around it was taken, so that a fresh token of the same sign-in would not help.
        let by = Challenge { stamp: 0, round: 1, url, offers: &offers, now: inner.clock.now() };
        let told = match auth {
            Some(auth) => auth.challenged(&by).await.err(),
            None => None,
        };
        Some(told.unwrap_or_else(attempt::wants_claims))
    }

    /// Sends a request, and gives back the whole answer.
    ///
    /// # Errors
    /// What the classifier says; `Transport` when the wire fails; `Unauthenticated` when the credentials are refused; `Config`
    /// when they would go over plain http; `InvalidData` for an answer beyond its limit and for redirects that are not
    /// followed; `RateLimited` when the wait is longer than the request may take.
    pub async fn send(&self, request: Request) -> Result<Answer, Failure> {
        let span = trace::span(&request);
        let told = span.clone();
        async {
            let (won, attempts, maybe_done_before) = self.0.run(&request, false).await?;
            let Won { status, headers, body, url, moved, own } = won;
            // It was collected within its limit before.
            let body = body.collect(u64::MAX).await?;
            self.0.hear(&headers, own);
            trace::received(&told, body.len());
            Ok(Answer { status, headers, body, url, moved, own, attempts, maybe_done_before })
        }
        .instrument(span)
        .await
    }

    /// Sends a request, and gives back the answer once its headers are there. The body of a good answer (2xx) is read as it
    /// comes: once it has begun, nothing is tried again.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn open(&self, request: Request) -> Result<Opened, Failure> {
        let span = trace::span(&request);
        let (won, _, _) = self.0.run(&request, true).instrument(span).await?;
        let Won { status, headers, body, url, moved, own } = won;
        Ok(Opened { status, headers, body, url, moved, own })
    }
}

impl fmt::Debug for Road {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Road")
            .field("transport", &self.0.transport)
            .field("auth", &self.0.auth)
            .field("scope", &self.0.scope)
            .field("policy", &self.0.policy)
            .finish_non_exhaustive()
    }
}

impl Inner {
    /// All tries of a request: the answer, how many tries it took, and whether one before may have been done.
    async fn run(&self, request: &Request, open: bool) -> Result<(Won, u32, bool), Failure> {
        let end = later(self.clock.now(), request.deadline.unwrap_or(self.policy.budget));
        let mut maybe_done = false;
        let mut attempt = 1;
        loop {
            let lost = match self.attempt(request, attempt, end, open).await {
                Ok(won) => return Ok((won, attempt, maybe_done)),
                Err(lost) => lost,
            };
            let (wish, failure) = match lost {
                Lost::Final(failure) => {
                    // What the server says of itself is more telling than that nobody knows.
                    let known = failure.error().kind() == ErrorKind::InvalidData;
                    let failure = if known { failure } else { named(request, failure) };
                    return Err(failure.after_unknown(maybe_done));
                }
                Lost::Again { wish, everybody, failure } => {
                    if let Some(wish) = self.policy.wish(wish).filter(|_| everybody) {
                        self.gate.rest(self.clock.now(), wish);
                    }
                    (wish, failure)
                }
            };
            maybe_done |= failure.effect() == Effect::Unknown;
            if maybe_done && !request.idempotent {
                return Err(named(request, failure).after_unknown(true));
            }
            if attempt >= self.policy.attempts.max(1) {
                // It stays temporary: a server that is down is down for the next item too, and up again in the next run.
                return Err(failure.after_unknown(maybe_done));
            }
            let wait = self.policy.wait(attempt, wish, &*self.chance);
            if wait >= until(self.clock.now(), end) {
                return Err(failure.map(|error| error.retry_after(wait)).after_unknown(maybe_done));
            }
            self.clock.sleep(wait).await;
            attempt += 1;
        }
    }

    /// Keeps what an answer says of the server's clock.
    fn hear(&self, headers: &HeaderMap, own: bool) {
        let date = headers.get(header::DATE).filter(|_| own).and_then(|date| http_date(date.to_str().ok()?));
        if let Some(date) = date {
            let skew = date.as_second() - self.clock.now().as_second();
            *self.skew.lock().unwrap_or_else(PoisonError::into_inner) = Some(skew);
        }
    }

    /// How long one exchange may take that must be over at `end`.
    fn time_for(&self, now: Timestamp, end: Timestamp) -> Duration {
        until(now, end).min(self.policy.exchange)
    }
}

/// A write that may have been done says so in its error: whoever only sees the line must not repeat it either.
fn named(request: &Request, failure: Failure) -> Failure {
    if request.idempotent || failure.effect() != Effect::Unknown {
        return failure;
    }
    failure.map(|error| {
        let told =
            Error::new(error.kind(), "it is not known whether this was done; look for it before asking again").during(request.operation);
        let told = error.context().iter().fold(told, |told, (key, value)| told.with(key, value));
        match error.wait() {
            Some(wait) => told.retry_after(wait).caused_by(error),
            None => told.caused_by(error),
        }
    })
}
