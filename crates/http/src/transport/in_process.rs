//! A wire that leads into a function: for tests and stand-ins.

use super::{Incoming, Outgoing, Transport};
use crate::Failure;
use async_trait::async_trait;
use futures::future::BoxFuture;
use std::{
    fmt,
    future::Future,
    sync::{Mutex, PoisonError},
};

type Handler = dyn Fn(Outgoing) -> BoxFuture<'static, Result<Incoming, Failure>> + Send + Sync;

/// A transport that asks a function, and keeps what it was asked.
///
/// ```
/// # use pimkit_http::{InProcess, Incoming};
/// let wire = InProcess::new(|request| async move { Incoming::status(if request.url.path() == "/" { 200 } else { 404 }) });
/// assert_eq!(wire.count(), 0);
/// ```
pub struct InProcess {
    handler: Box<Handler>,
    asked: Mutex<Vec<Outgoing>>,
}

impl InProcess {
    /// A wire that ends in this function.
    pub fn new<F, Fut>(handler: F) -> Self
    where
        F: Fn(Outgoing) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Incoming, Failure>> + Send + 'static,
    {
        Self { handler: Box::new(move |request| Box::pin(handler(request))), asked: Mutex::new(Vec::new()) }
    }

    /// How many requests came so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// What came so far, in order, credentials included.
    #[must_use]
    pub fn requests(&self) -> Vec<Outgoing> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Transport for InProcess {
    async fn send(&self, request: Outgoing) -> Result<Incoming, Failure> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        (self.handler)(request).await
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").field("requests", &self.count()).finish_non_exhaustive()
    }
}
