//! What spans and logs say of a request: an allow-list, and nothing else.
//!
//! The label of the operation, the method, what kind of host, the path's template or a salted hash, the status, the try, sizes
//! and time. Never an address, a query, a header, a body.

use crate::{Request, scope};
use sha2::{Digest, Sha256};
use std::{fmt::Write, time::Duration};
use tracing::Span;
use url::Url;

/// The span of a request, around all its tries.
pub(crate) fn span(request: &Request) -> Span {
    tracing::info_span!(
        target: "pimkit_http",
        "request",
        operation = request.operation,
        method = request.method.as_str(),
        sent = request.body.len(),
        idempotent = request.idempotent,
        received = tracing::field::Empty
    )
}

/// The answer is there, and this long.
pub(crate) fn received(span: &Span, bytes: usize) {
    span.record("received", bytes);
}

/// One exchange, as it is told.
pub(crate) struct Told<'a> {
    pub(crate) url: &'a Url,
    /// None for an address that a redirect named.
    pub(crate) template: Option<&'static str>,
    pub(crate) salt: u64,
    /// Credentials may go there.
    pub(crate) own: bool,
    pub(crate) attempt: u32,
    pub(crate) took: Duration,
}

impl Told<'_> {
    /// An answer came.
    pub(crate) fn answered(&self, status: u16) {
        let took = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(
            target: "pimkit_http",
            host = self.host(),
            path = self.path(),
            attempt = self.attempt,
            status,
            took_ms = took,
            "answered"
        );
    }

    /// None came. `kind` is the word of the error's kind, `effect` what the server may have done.
    pub(crate) fn failed(&self, kind: &'static str, effect: &'static str) {
        let took = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(
            target: "pimkit_http",
            host = self.host(),
            path = self.path(),
            attempt = self.attempt,
            kind,
            effect,
            took_ms = took,
            "failed"
        );
    }

    fn host(&self) -> &'static str {
        if scope::is_loopback(self.url) {
            "loopback"
        } else if self.own {
            "own"
        } else {
            "elsewhere"
        }
    }

    /// The template, or a hash that tells paths of one run apart and is worth nothing in another: a bare hash of a path with
    /// an address in it could be guessed.
    fn path(&self) -> String {
        if let Some(template) = self.template {
            return template.to_owned();
        }
        let digest = Sha256::new().chain_update(self.salt.to_be_bytes()).chain_update(self.url.path()).finalize();
        digest.iter().take(4).fold("#".to_owned(), |mut text, byte| {
            // Writing into a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}
