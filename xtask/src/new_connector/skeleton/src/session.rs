//! One account's road, shared by the account's repositories.

use crate::config::Config;
use jiff::{Timestamp, fmt::rfc2822};
use pimkit_core::{Clock, Error, ErrorKind, Result};
use pimkit_http::{Answer, Failure, Request, Road};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use url::Url;

const USER_AGENT: &str = concat!("pimkit/", env!("CARGO_PKG_VERSION"));

/// One account.
pub(crate) struct Session {
    pub(crate) road: Road,
    pub(crate) config: Config,
    clock: Arc<dyn Clock>,
    /// Ends in a slash.
    root: Url,
    skew: AtomicI64,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("road", &self.road).finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn new(road: Road, config: Config, clock: Arc<dyn Clock>, root: Url) -> Self {
        Self { road, config, clock, root, skew: AtomicI64::new(0) }
    }

    pub(crate) fn root(&self) -> &Url {
        &self.root
    }

    /// Server clock minus ours, in seconds, by the last answer that said a time.
    pub(crate) fn skew(&self) -> i64 {
        self.skew.load(Ordering::Relaxed)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The address of a path below the root.
    ///
    /// # Errors
    /// `Config` for what is no path there.
    pub(crate) fn url(&self, path: &str) -> Result<Url> {
        let wrong = || Error::new(ErrorKind::Config, "this is no path of the service; give one below its root");
        // Not `join`: a path that began with a slash, or with a host, would leave the root.
        let url = Url::parse(&format!("{}{}", self.root, path.trim_start_matches('/'))).map_err(|_| wrong())?;
        if url.path().starts_with(self.root.path()) { Ok(url) } else { Err(wrong()) }
    }

    /// A request with what all requests have.
    pub(crate) fn request(&self, operation: &'static str, method: &str, url: Url) -> Result<Request> {
        Request::new(operation, method, url)?.header("user-agent", USER_AGENT)
    }

    /// Sends, and keeps what the answer says of the server's clock.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, Failure> {
        let answer = self.road.send(request).await?;
        // Whoever stands in the server's place has a clock of its own.
        if let Some(date) = answer.header("date").filter(|_| answer.own).and_then(|text| rfc2822::parse(text).ok()) {
            self.skew.store(date.timestamp().as_second() - self.now().as_second(), Ordering::Relaxed);
        }
        Ok(answer)
    }
}
