//! How an account is opened.

use crate::{discovery::Endpoints, quirks::Quirks};
use pimkit_formats::GroupModel;
use serde::{Deserialize, Serialize};

/// What the groups of an address book are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Groups {
    /// Group cards are contacts like others, with members: right for copies that are to lose nothing.
    #[default]
    Cards,
    /// A group is a category: its name is a keyword of each of its members, and it is no contact itself.
    Categories,
}

/// How an account is opened. There is no secret in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Where discovery starts: an address (`https://dav.example.org/`), of a server, a principal, a home or one collection; a
    /// domain (`example.org`), or an e-mail address, of which the domain behind the last `@` counts. A domain is looked up in
    /// DNS where the host gives a resolver ([`Opening::dns`](crate::Opening::dns)), and is `https://example.org/` otherwise.
    pub url: String,
    /// Who "I" am among attendees: e-mail addresses, beside those that the server says.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// The id of the account: what the state of a sync keeps its items under. A name that stays, such as the account's name
    /// in the host's configuration, and that no other account has. When absent, the id is made of user and address.
    #[serde(default)]
    pub account: Option<String>,
    /// The user's name at the server, for the account's id when `account` is absent.
    #[serde(default)]
    pub user: Option<String>,
    /// What was discovered before ([`Dav::endpoints`](crate::Dav::discovered)): then discovery runs only when it fails.
    #[serde(default)]
    pub endpoints: Option<Endpoints>,
    /// What is known of the server, instead of what is recognised.
    #[serde(default)]
    pub quirks: Option<Quirks>,
    /// Whether a domain is also looked up for services without TLS (`_caldav._tcp`, `_carddav._tcp`), where it names none with it.
    /// What is found so is asked over plain http, and never with credentials: it is of use for servers without sign-in alone.
    #[serde(default)]
    pub plain_dns: bool,
    /// Days after which a collection is listed whole although its changes are known: servers lose parts of their change logs
    /// without saying so (nextcloud/server 36644). 7; 0: never.
    #[serde(default = "week")]
    pub whole_listing_days: u32,
    /// What the groups of an address book are. As categories they cost nothing where nothing changes; where everything is listed
    /// they cost searches, or a reading of the whole address book where the server's searches are not believed. So does the list
    /// of categories, in each run whose policy keeps categories (the crate's documentation has the numbers).
    #[serde(default)]
    pub groups: Groups,
    /// How every address book of the account keeps its groups, instead of what each one's groups show. Looked at where groups are
    /// categories.
    #[serde(default)]
    pub group_model: Option<GroupModel>,
}

fn week() -> u32 {
    7
}

impl Config {
    /// An account that is discovered from this address.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            addresses: Vec::new(),
            account: None,
            user: None,
            endpoints: None,
            quirks: None,
            plain_dns: false,
            whole_listing_days: week(),
            groups: Groups::default(),
            group_model: None,
        }
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

    /// The same, for this user.
    #[must_use]
    pub fn user(mut self, name: impl Into<String>) -> Self {
        self.user = Some(name.into());
        self
    }

    /// The same, with what was discovered before.
    #[must_use]
    pub fn endpoints(mut self, endpoints: Option<Endpoints>) -> Self {
        self.endpoints = endpoints;
        self
    }

    /// The same, with or without services that have no TLS.
    #[must_use]
    pub fn plain_dns(mut self, allowed: bool) -> Self {
        self.plain_dns = allowed;
        self
    }

    /// The same, with groups of contacts as this.
    #[must_use]
    pub fn groups(mut self, groups: Groups) -> Self {
        self.groups = groups;
        self
    }

    /// The same, with groups of contacts kept in this way.
    #[must_use]
    pub fn group_model(mut self, model: GroupModel) -> Self {
        self.group_model = Some(model);
        self
    }

    /// The same, with what is known of the server.
    #[must_use]
    pub fn quirks(mut self, quirks: Quirks) -> Self {
        self.quirks = Some(quirks);
        self
    }
}
