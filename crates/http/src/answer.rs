//! What a request came to.

use crate::{Body, Moved};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use std::fmt;
use url::Url;

/// An answer, whole. Its `Debug` shows neither address, nor header values, nor body.
#[derive(Clone)]
#[non_exhaustive]
pub struct Answer {
    /// 200, 207, 404, …
    pub status: StatusCode,
    /// All headers.
    pub headers: HeaderMap,
    /// Decompressed and complete.
    pub body: Bytes,
    /// Who answered, after redirects: what relative addresses in the body are resolved against.
    pub url: Url,
    /// Whether `url` is another address than was asked, and for how long.
    pub moved: Moved,
    /// It came from the account's own hosts, where its credentials may go, and its way led over no other; for a road without
    /// credentials: from the owner of the address that was asked. Keep an address, and believe a listing, only when this is
    /// true: whoever else answers may say that everything is gone.
    pub own: bool,
    /// Tries it took, from 1.
    pub attempts: u32,
    /// An earlier try of this request was perhaps done, though its answer was lost: a 412 or 409 may then be our own doing.
    pub maybe_done_before: bool,
}

impl Answer {
    /// A header as text; the first of its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status.as_u16())
            .field("headers", &self.headers.len())
            .field("body", &self.body.len())
            .field("moved", &self.moved)
            .field("own", &self.own)
            .field("attempts", &self.attempts)
            .field("maybe_done_before", &self.maybe_done_before)
            .finish_non_exhaustive()
    }
}

/// An answer whose body is read as it comes: a photo, an attachment. Its place at the gate is taken until the body ends or
/// is dropped. Its `Debug` shows neither address, nor header values, nor body.
#[non_exhaustive]
pub struct Opened {
    /// 200, 404, …
    pub status: StatusCode,
    /// All headers.
    pub headers: HeaderMap,
    /// Decompressed, held to its limit and to its announced length.
    pub body: Body,
    /// Who answered, after redirects.
    pub url: Url,
    /// Whether `url` is another address than was asked.
    pub moved: Moved,
    /// It came from the account's own hosts: see [`Answer::own`].
    pub own: bool,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("status", &self.status.as_u16()).field("headers", &self.headers.len()).finish_non_exhaustive()
    }
}
