//! Credentials, applied per try.

mod basic;
mod bearer;
mod challenge;
mod digest;
mod password;

pub use basic::Basic;
pub use bearer::{Bearer, Need, Token, TokenSource};
pub use challenge::Offer;
pub(crate) use challenge::offers;
pub use digest::Digest;
pub use password::Password;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use pimkit_core::{Chance, Error, ErrorKind, Result};
use std::fmt::Debug;
use url::Url;

/// How an account proves who it is.
///
/// # Behavior
/// - [`apply`](Self::apply) is asked before every try, so that a repeated request never carries what was refused or has run
///   out meanwhile.
/// - [`challenged`](Self::challenged) is asked after an answer 401, or one that the classifier takes for one, and says
///   whether to try again at once. The road asks at most three times per request.
/// - One value serves all concurrent requests of an account, and what it shares (a refresh, a nonce) it shares once.
/// - It is never asked for requests that must go without credentials, nor for a proxy (407): these are not the account's.
#[async_trait]
pub trait Auth: Debug + Send + Sync + 'static {
    /// The header for one try.
    ///
    /// # Errors
    /// `Unauthenticated` when the user must sign in again, `Config` for credentials that cannot be written into a header.
    async fn apply(&self, to: &Signing<'_>) -> Result<Signed>;

    /// A try that it signed was answered by something else than a no: the credential with this stamp is good there.
    /// Redirects do not count, as they may come from whoever never looked at it.
    fn accepted(&self, _url: &Url, _stamp: u64) {}

    /// What to do after the server refused.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    async fn challenged(&self, by: &Challenge<'_>) -> Result<Next>;
}

/// A try that is about to leave.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Signing<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its address; [`target`] is what goes on the request line.
    pub url: &'a Url,
    /// Its body.
    pub body: &'a Bytes,
    /// What time it is.
    pub now: Timestamp,
    /// For what must not be guessed.
    pub chance: &'a dyn Chance,
}

/// What a try takes along.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it is a credential")]
pub struct Signed {
    /// The header; none when there is nothing to say before the server asked.
    pub header: Option<(HeaderName, HeaderValue)>,
    /// Which credential this was, in the implementation's own counting: [`Challenge::stamp`] gives it back.
    pub stamp: u64,
}

/// A server's no.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Challenge<'a> {
    /// What [`Signed::stamp`] said about the refused try.
    pub stamp: u64,
    /// How often this request was refused before.
    pub round: u32,
    /// The address that refused.
    pub url: &'a Url,
    /// What `WWW-Authenticate` offers, in order.
    pub offers: &'a [Offer],
    /// What time it is.
    pub now: Timestamp,
}

/// What to do after a server's no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Apply, and send again.
    Again,
    /// Nothing left to try: the user must sign in again.
    GiveUp,
}

/// What stands on the request line: path and query, in the very bytes that go on the wire (RFC 9112 §3.2.1).
#[must_use]
pub fn target(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// A header whose value no log of any library may show.
fn credential(name: HeaderName, value: &[u8]) -> Result<(HeaderName, HeaderValue)> {
    let mut value = HeaderValue::from_bytes(value).map_err(|_| unwritable())?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// Credentials with bytes that no header can hold.
fn unwritable() -> Error {
    Error::new(ErrorKind::Config, "the credentials hold a control character; type them again")
}

/// The place whose challenges belong together: scheme, host and port.
fn place(url: &Url) -> String {
    url.origin().ascii_serialization()
}
