//! What goes wrong, and when; and what was asked.

use jiff::Timestamp;
use pimkit_core::{CollectionId, Error, ErrorKind, ItemId, Kind};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum Operation {
    Account,
    Collections,
    Changes,
    Fetch,
    Find,
    Fields,
    EnsureField,
    Write,
    Folders,
    Categories,
    Blobs,
}

/// How a request fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Failure {
    /// The wire breaks: nobody knows whether the request arrived.
    Transport,
    /// The provider asks to come back in 30 seconds.
    RateLimited,
    /// The provider is down.
    Unavailable,
    /// The sign-in has ended.
    Unauthenticated,
}

impl Failure {
    pub(crate) fn error(self, operation: &'static str) -> Error {
        let (kind, says) = match self {
            Self::Transport => (ErrorKind::Transport, "the connection broke before the answer; try again"),
            Self::RateLimited => (ErrorKind::RateLimited, "the provider asks to slow down; come back later"),
            Self::Unavailable => (ErrorKind::Unavailable, "the provider is down; try again later"),
            Self::Unauthenticated => (ErrorKind::Unauthenticated, "the sign-in has ended; sign in again"),
        };
        let error = Error::new(kind, says).during(operation);
        if self == Self::RateLimited { error.retry_after(Duration::from_secs(30)) } else { error }
    }
}

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fault {
    /// It fails and has no effect. A write that the wire lost is `Unknown` all the same: the caller cannot tell.
    Before(Failure),
    /// It has its effect, and its answer is lost: a write is `Unknown`.
    After(Failure),
    /// It never ends and has no effect: drop the future.
    HangBefore,
    /// It has its effect and never ends: drop the future.
    HangAfter,
    /// The first half of a batch of writes is stored, and the answer is lost: all of them are `Unknown`.
    HalfDone,
    /// A page comes without its second half, as a success: a server that counts wrong.
    TruncatedPage,
    /// A listing comes back empty, finished and complete, as a success.
    Empty,
    /// The collection is not there for this one request.
    CollectionGone,
    /// The cursor or page token of a round is refused: it has to start over. A round from the start has none.
    Expired,
}

/// Which requests fail, and how. Requests count from 1 from the moment when the plan is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultPlan {
    by_number: BTreeMap<u64, Fault>,
    by_operation: BTreeMap<(Operation, u64), Fault>,
    seen: u64,
    seen_of: BTreeMap<Operation, u64>,
}

impl FaultPlan {
    /// Nothing fails.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The same, and request `number` (from 1) meets this fault.
    #[must_use]
    pub fn at(mut self, number: u64, fault: Fault) -> Self {
        self.by_number.insert(number, fault);
        self
    }

    /// The same, and the `nth` request (from 1) of this operation meets this fault.
    #[must_use]
    pub fn at_nth(mut self, operation: Operation, nth: u64, fault: Fault) -> Self {
        self.by_operation.insert((operation, nth), fault);
        self
    }

    /// Counts a request and says what becomes of it.
    pub fn next(&mut self, operation: Operation) -> Option<Fault> {
        self.seen += 1;
        let nth = self.seen_of.entry(operation).or_default();
        *nth += 1;
        self.by_number.get(&self.seen).or_else(|| self.by_operation.get(&(operation, *nth))).copied()
    }
}

/// One request that reached the provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// From 1, since the connector was made.
    pub number: u64,
    /// What it asked for.
    pub operation: Operation,
    /// Of which kind; absent for the account.
    pub kind: Option<Kind>,
    /// Where; absent when it is not about one collection.
    pub collection: Option<CollectionId>,
    /// How many items, keys or writes it named.
    pub ids: usize,
}

/// Why a provider mails somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum MailKind {
    Invitation,
    Update,
    Cancellation,
}

/// A mail that the provider has sent, had it been a real one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mail {
    /// To whom: the guests, never the account's own addresses.
    pub to: Vec<String>,
    /// About what.
    pub item: ItemId,
    /// Why.
    pub what: MailKind,
    /// When, by the provider's clock.
    pub at: Timestamp,
}
