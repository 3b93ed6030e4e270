//! A wire that leads into a function: for tests and stand-ins.

use super::{Incoming, Outgoing, Transport};
use crate::{Body, Failure};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{future::BoxFuture, stream};
use pimkit_core::{Error, ErrorKind};
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

    /// A wire to a server that is a function: of a whole request to a whole answer, or to one that breaks off.
    ///
    /// The request says its `host`, as it would on the wire.
    pub fn serving<F>(serve: F) -> Self
    where
        F: Fn(http::Request<Bytes>) -> Result<http::Response<Bytes>, Broken> + Send + Sync + 'static,
    {
        Self::new(move |outgoing| {
            let answer = outgoing.into_http().map(&serve);
            async move {
                let cut = || Failure::unknown(Error::new(ErrorKind::Transport, "the connection broke"));
                match answer? {
                    Ok(response) => Ok(response.into()),
                    Err(Broken::Reset) => Err(cut()),
                    Err(Broken::Truncated(response)) => {
                        let (mut head, body) = (*response).into_parts();
                        head.headers.remove(http::header::CONTENT_LENGTH);
                        let chunks = stream::iter([Ok(body), Err(cut())]);
                        Ok(Incoming::new(head.status, head.headers, Body::stream(chunks)))
                    }
                }
            }
        })
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

/// How an answer of [`InProcess::serving`] breaks off.
#[derive(Debug)]
pub enum Broken {
    /// Before anything of it came.
    Reset,
    /// Behind the body that is here.
    Truncated(Box<http::Response<Bytes>>),
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
