//! How a folder is opened.

use jiff::Timestamp;
use pimkit_core::Clock;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How a folder is opened. There is no secret in it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Who "I" am among attendees: e-mail addresses.
    pub addresses: Vec<String>,
    /// The id of the account: what the state of a sync keeps this folder's items under. A name that stays when the folder
    /// moves, such as the account's name in the host's configuration, and that no other account has. When absent, the id
    /// is made of the folder's path.
    pub account: Option<String>,
    /// What time it is; the system's clock when absent. The file system's own times are compared with it, so it should
    /// show the time of the machine that keeps the files.
    #[serde(skip)]
    pub clock: Option<Arc<dyn Clock>>,
}

impl Config {
    /// The same, with this address of mine.
    #[must_use]
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.addresses.push(address.into());
        self
    }

    /// The same, with this id of the account.
    #[must_use]
    pub fn account(mut self, id: impl Into<String>) -> Self {
        self.account = Some(id.into());
        self
    }

    /// The same, with this clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.as_ref().map_or_else(Timestamp::now, |clock| clock.now())
    }
}
