//! One account's road, shared by the account's repositories.

use crate::config::Config;
use pimkit_core::{Error, ErrorKind, Result};
use pimkit_http::{Request, Road};
use std::fmt;
use url::Url;

/// One account.
pub(crate) struct Session {
    pub(crate) road: Road,
    pub(crate) config: Config,
    /// Ends in a slash.
    root: Url,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("road", &self.road).finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn new(road: Road, config: Config, root: Url) -> Self {
        Self { road, config, root }
    }

    pub(crate) fn root(&self) -> &Url {
        &self.root
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
        Request::new(operation, method, url)?.header("accept", "application/json")
    }
}
