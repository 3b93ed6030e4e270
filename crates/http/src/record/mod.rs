//! Recording: a wire that keeps what went over it, and writes it down as a fixture.

mod sanitise;
mod spellings;
mod write;

pub use sanitise::Sanitiser;

use crate::{Body, Failure, Incoming, Outgoing, Transport, auth::target};
use async_trait::async_trait;
use bytes::Bytes;
use http::HeaderMap;
use pimkit_core::{Error, ErrorKind, Result, fixture::Case};
use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};
use url::Url;

/// The largest body that is recorded: a fixture is read by people.
const MOST_BODY: u64 = 16 << 20;

/// Headers that are recorded. No credential, no cookie, nothing that changes with every run and means nothing.
const KEPT: &[&str] = &[
    "accept",
    "allow",
    "content-location",
    "content-type",
    "dav",
    "depth",
    "destination",
    "etag",
    "if",
    "if-match",
    "if-none-match",
    "if-schedule-tag-match",
    "last-modified",
    "location",
    "overwrite",
    "prefer",
    "preference-applied",
    "retry-after",
    "schedule-reply",
    "schedule-tag",
];

/// Headers that are never recorded, whoever asks for them.
const NEVER: &[&str] =
    &["authorization", "proxy-authorization", "authentication-info", "cookie", "set-cookie", "www-authenticate", "proxy-authenticate"];

/// A transport that sends over another one, and keeps each exchange.
///
/// Bodies are taken in whole before they are given on, so that it is for recording, not for production. An exchange that
/// failed on the wire has no answer that a fixture could hold; it is counted.
///
/// Its `Debug` shows counts alone. What it keeps is raw: it goes to disk only by [`write`](Self::write), through a
/// [`Sanitiser`].
pub struct Recorder {
    inner: Arc<dyn Transport>,
    kept: Vec<String>,
    taken: Mutex<Vec<Option<Taken>>>,
}

/// Takes out of a provider's traffic what is somebody's and what no rule for texts can know: names, notes, ids. It is given
/// everything that is written, in order, before the [`Sanitiser`] is.
pub trait Redaction {
    /// Path and query of a request.
    fn target(&mut self, target: &str) -> String;
    /// The value of a header, whose name is in lower case.
    fn header(&mut self, name: &str, value: &str) -> String;
    /// A body, of the type that its header says.
    fn body(&mut self, media_type: &str, body: &[u8]) -> Vec<u8>;
}

/// What was recorded stays as it is.
struct AsItIs;

impl Redaction for AsItIs {
    fn target(&mut self, target: &str) -> String {
        target.to_owned()
    }
    fn header(&mut self, _: &str, value: &str) -> String {
        value.to_owned()
    }
    fn body(&mut self, _: &str, body: &[u8]) -> Vec<u8> {
        body.to_vec()
    }
}

/// One exchange.
#[derive(Clone)]
pub(crate) struct Taken {
    pub(crate) method: String,
    pub(crate) url: Url,
    pub(crate) asked: Vec<(String, Vec<u8>)>,
    pub(crate) sent: Bytes,
    pub(crate) status: u16,
    pub(crate) answered: Vec<(String, Vec<u8>)>,
    pub(crate) received: Bytes,
}

impl Recorder {
    /// Records what goes over this transport.
    pub fn new(inner: Arc<dyn Transport>) -> Self {
        Self { inner, kept: KEPT.iter().map(|name| (*name).to_owned()).collect(), taken: Mutex::default() }
    }

    /// The same, keeping one more header. Headers of credentials and cookies are never kept.
    #[must_use]
    pub fn keep(mut self, header: &str) -> Self {
        let header = header.to_ascii_lowercase();
        if !NEVER.contains(&header.as_str()) {
            self.kept.push(header);
        }
        self
    }

    /// Exchanges that were kept, and exchanges that failed on the wire or are still under way.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let taken = self.lock();
        let kept = taken.iter().flatten().count();
        (kept, taken.len() - kept)
    }

    /// Writes what was kept as a case: `case.toml`, `traffic.json`, and the bodies beside them, in the order in which the
    /// requests left. `folder` is made; it must not hold a case yet.
    ///
    /// # Errors
    /// `InvalidData` when nothing was kept, or a secret would still be readable after sanitising: then nothing is written.
    /// `Storage` when the folder holds a case, or cannot be written.
    pub fn write(&self, folder: &Path, case: &Case, sanitiser: &Sanitiser) -> Result<()> {
        self.write_redacted(folder, case, sanitiser, &mut AsItIs)
    }

    /// The same, with what this takes out beforehand.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_redacted(&self, folder: &Path, case: &Case, sanitiser: &Sanitiser, redaction: &mut dyn Redaction) -> Result<()> {
        let taken: Vec<Taken> = self.lock().iter().flatten().cloned().collect();
        if taken.is_empty() {
            return Err(Error::new(ErrorKind::InvalidData, "nothing was recorded; let the connector ask something first"));
        }
        let files = write::files(case, &taken, sanitiser, redaction)?;
        write::to_disk(folder, &files)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Option<Taken>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept_of(&self, headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
        let kept = headers.iter().filter(|(name, _)| self.kept.iter().any(|kept| kept == name.as_str()));
        kept.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect()
    }
}

#[async_trait]
impl Transport for Recorder {
    async fn send(&self, request: Outgoing) -> Result<Incoming, Failure> {
        // The place in the order is taken when the request leaves, not when its answer is there.
        let place = {
            let mut taken = self.lock();
            taken.push(None);
            taken.len() - 1
        };
        let (method, url, sent) = (request.method.as_str().to_owned(), request.url.clone(), request.body.clone());
        let asked = self.kept_of(&request.headers);
        let Incoming { status, headers, body } = self.inner.send(request).await?;
        let received = body.collect(MOST_BODY).await?;
        let exchange =
            Taken { method, url, asked, sent, status: status.as_u16(), answered: self.kept_of(&headers), received: received.clone() };
        if let Some(slot) = self.lock().get_mut(place) {
            *slot = Some(exchange);
        }
        Ok(Incoming::new(status, headers, Body::bytes(received)))
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kept, failed) = self.counts();
        f.debug_struct("Recorder").field("inner", &self.inner).field("kept", &kept).field("failed", &failed).finish_non_exhaustive()
    }
}

/// The path and query of a recorded request.
pub(crate) fn path_and_query(url: &Url) -> String {
    target(url)
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
