//! The wire, as a trait.

mod client;
mod in_process;

pub use client::{Reqwest, ReqwestOptions};
pub use in_process::{Broken, InProcess};

use crate::{Body, Failure, RetryPolicy};
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use pimkit_core::{Error, ErrorKind};
use std::{
    fmt::{self, Debug},
    time::Duration,
};
use url::Url;

/// Sends one request and gives back one answer.
///
/// # Behavior
/// - One call is one request on the wire: a transport follows no redirect, repeats nothing, keeps no cookie and adds no
///   credentials.
/// - It gives up after [`Outgoing::head`] and [`Outgoing::time`], on the real clock: only it can tell a slow wire from a
///   stopped test clock.
/// - A failure says [`Effect::NotSent`](crate::Effect) only when no byte can have reached the server; when in doubt, it is
///   unknown.
/// - An answer that ends early is a failure of its [`Body`], never a short body.
/// - Dropping the future, or the body, gives up the request.
#[async_trait]
pub trait Transport: Debug + Send + Sync + 'static {
    /// Sends it. The answer's body may still be on its way.
    ///
    /// # Errors
    /// `Transport` when the wire fails, `Config` for a request that this transport cannot send.
    async fn send(&self, request: Outgoing) -> Result<Incoming, Failure>;
}

/// A request as it goes on the wire, credentials included. Its `Debug` shows neither address, nor header values, nor body.
#[derive(Clone)]
#[non_exhaustive]
pub struct Outgoing {
    /// GET, PROPFIND, …
    pub method: Method,
    /// Without a fragment, user or password.
    pub url: Url,
    /// All headers but Host and those of framing. Values of credentials are marked as sensitive.
    pub headers: HeaderMap,
    /// Empty when there is none.
    pub body: Bytes,
    /// The label of the operation.
    pub operation: &'static str,
    /// From 1: which try of the request this is. Redirects and rounds of sign-in belong to their try.
    pub attempt: u32,
    /// How long it may take until the headers of the answer are there.
    pub head: Duration,
    /// How long the whole exchange may take; no bound for a body that is read as it comes.
    pub time: Option<Duration>,
}

impl Outgoing {
    /// A request without headers and body, whose answer may take as long as a road allows by default.
    #[must_use]
    pub fn new(operation: &'static str, method: Method, url: Url) -> Self {
        let head = RetryPolicy::default().exchange;
        Self { method, url, headers: HeaderMap::new(), body: Bytes::new(), operation, attempt: 1, head, time: None }
    }
}

impl Outgoing {
    /// The same as a server gets it: with its `Host`.
    ///
    /// # Errors
    /// `Unexpected` for what cannot be written as a request.
    pub fn into_http(self) -> Result<http::Request<Bytes>, Failure> {
        let mut request = http::Request::builder().method(self.method).uri(self.url.as_str());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let host = match (self.url.host_str(), self.url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (host, _) => host.unwrap_or_default().to_owned(),
        };
        let request = request.header(http::header::HOST, host).body(self.body);
        request.map_err(|e| Failure::not_sent(Error::new(ErrorKind::Unexpected, "the request cannot be written; report this").caused_by(e)))
    }
}

impl Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("operation", &self.operation)
            .field("method", &self.method.as_str())
            .field("headers", &self.headers.len())
            .field("body", &self.body.len())
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// An answer as it comes off the wire. Its `Debug` shows neither header values nor body.
#[non_exhaustive]
pub struct Incoming {
    /// 200, 207, …
    pub status: StatusCode,
    /// In the order of the wire per name. Without Content-Length and Content-Encoding where the transport decompressed.
    pub headers: HeaderMap,
    /// Decompressed.
    pub body: Body,
}

impl Incoming {
    /// An answer.
    #[must_use]
    pub fn new(status: StatusCode, headers: HeaderMap, body: Body) -> Self {
        Self { status, headers, body }
    }

    /// An answer without headers and body.
    ///
    /// # Errors
    /// `Unexpected` for what is no status.
    pub fn status(code: u16) -> Result<Self, Failure> {
        let status = StatusCode::from_u16(code)
            .map_err(|_| Failure::unknown(Error::new(ErrorKind::Unexpected, "this is no HTTP status").with("status", code)))?;
        Ok(Self::new(status, HeaderMap::new(), Body::empty()))
    }

    /// The same, with one more header; what is no header is left out.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = http::HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, http::HeaderValue::from_bytes(value.as_bytes())) {
            self.headers.append(name, value);
        }
        self
    }

    /// The same, with this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Body::bytes(body);
        self
    }
}

impl From<http::Response<Bytes>> for Incoming {
    fn from(response: http::Response<Bytes>) -> Self {
        let (head, body) = response.into_parts();
        Self::new(head.status, head.headers, Body::bytes(body))
    }
}

impl Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("status", &self.status.as_u16()).field("headers", &self.headers.len()).finish_non_exhaustive()
    }
}
