//! How an account is opened.

use crate::quirks::Quirks;
use serde::{Deserialize, Serialize};

/// How an account is opened. There is no secret in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Where the service is. Nothing of the account is sent to another host.
    pub url: String,
    /// Who "I" am among attendees: e-mail addresses.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// The id of the account: what the state of a sync keeps its items under. A name that stays, and that no other account has.
    /// When absent, the id is made of the address.
    #[serde(default)]
    pub account: Option<String>,
    /// What is known of the service, instead of what is taken for granted.
    #[serde(default)]
    pub quirks: Quirks,
}

impl Config {
    /// An account at this address.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), addresses: Vec::new(), account: None, quirks: Quirks::default() }
    }

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

    /// The same, with what is known of the service.
    #[must_use]
    pub fn quirks(mut self, quirks: Quirks) -> Self {
        self.quirks = quirks;
        self
    }
}
