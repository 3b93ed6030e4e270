//! The wire between a connector and a simulated server: one request of HTTP is one request of a play, and every fault strikes one.

use async_trait::async_trait;
use bytes::Bytes;
use pimkit_contract::worst::{Failure, Fault, FaultPlan, Operation, Request};
use pimkit_core::{Error, ErrorKind, Result};
use pimkit_http::{Failure as Broken, Incoming, Outgoing, Transport};
use std::{
    fmt::Debug,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

/// What a request came to.
pub(crate) type Answered = Result<Incoming, Broken>;

/// What is known of a wire. Clones are handles of the same one.
#[derive(Clone, Default)]
pub(crate) struct Book(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    plan: FaultPlan,
    asked: Vec<Request>,
    /// Cursors are taken no more.
    forgets: bool,
}

impl Book {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request is sent; what goes wrong with it.
    fn asked(&self, operation: Operation, ids: usize) -> Option<Fault> {
        let mut entries = self.entries();
        let number = entries.asked.len() as u64 + 1;
        entries.asked.push(Request { number, operation, kind: None, collection: None, ids });
        entries.plan.next(operation)
    }

    /// What goes wrong from here on.
    pub(crate) fn set_faults(&self, plan: FaultPlan) {
        self.entries().plan = plan;
    }

    /// The requests after this number.
    pub(crate) fn after(&self, number: u64) -> Vec<Request> {
        self.entries().asked.iter().filter(|r| r.number > number).cloned().collect()
    }

    /// Whether cursors are taken from here on.
    pub(crate) fn forget(&self, on: bool) {
        self.entries().forgets = on;
    }

    /// Whether cursors are taken no more.
    pub(crate) fn forgets(&self) -> bool {
        self.entries().forgets
    }
}

/// A server behind a wire.
pub(crate) trait Served: Debug + Send + Sync {
    /// Of the wire.
    fn book(&self) -> &Book;
    /// What a request is for, and how many items or writes it names.
    fn sort(&self, request: &Outgoing) -> (Operation, usize);
    /// What a fault answers in the place of the server; nothing where the request reaches it.
    fn refused(&self, request: &Outgoing, operation: Operation, fault: Option<Fault>) -> Option<Answered>;
    /// Whether a late answer to a request that names so many is told within an answer that comes in time.
    fn tells_inside(&self, _ids: usize) -> bool {
        false
    }
    /// What the server does and answers.
    fn answered(&self, request: Outgoing, operation: Operation, fault: Option<Fault>) -> Answered;
}

/// The way from a connector to a server.
#[derive(Debug)]
pub(crate) struct Way<S>(pub(crate) S);

#[async_trait]
impl<S: Served + 'static> Transport for Way<S> {
    async fn send(&self, request: Outgoing) -> Answered {
        let server = &self.0;
        let (operation, ids) = server.sort(&request);
        Pause(false).await;
        let fault = server.book().asked(operation, ids);
        if fault == Some(Fault::HangBefore) {
            std::future::pending::<()>().await;
        }
        if let Some(answer) = server.refused(&request, operation, fault) {
            return answer;
        }
        let answer = server.answered(request, operation, fault)?;
        match fault {
            // Who is refused has done nothing: after the effect an answer is late, or lost.
            Some(Fault::After(Failure::Unavailable)) if server.tells_inside(ids) => {}
            Some(Fault::After(Failure::Unavailable)) => return Incoming::status(504),
            Some(Fault::After(_) | Fault::HalfDone) => return Err(broken()),
            Some(Fault::HangAfter) => std::future::pending::<()>().await,
            _ => {}
        }
        Pause(false).await;
        Ok(answer)
    }
}

/// Lets others go on once.
struct Pause(bool);

impl Future for Pause {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Nobody knows what became of the request.
pub(crate) fn broken() -> Broken {
    Broken::unknown(Error::new(ErrorKind::Transport, "the connection broke"))
}

/// The answer of a failing server, before it did anything.
pub(crate) fn failing(failure: Failure) -> Answered {
    match failure {
        Failure::Transport => Err(broken()),
        Failure::RateLimited => Ok(Incoming::status(429)?.header("retry-after", "30")),
        Failure::Unavailable => Incoming::status(503),
        Failure::Unauthenticated => Incoming::status(401),
    }
}

/// An answer with this body.
pub(crate) fn answered(status: u16, body: impl Into<Bytes>) -> Answered {
    Ok(Incoming::status(status)?.body(body))
}
