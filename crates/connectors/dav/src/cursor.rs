//! What is in the cursor.

use crate::{groups::Book, session::Session};
use pimkit_core::{ChangeOptions, CollectionId, Kind, cursor::Bound};
use serde::{Deserialize, Serialize};

/// Connector and version of tokens.
const TOKENS: &str = "dav/1";

/// Between rounds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Between {
    /// The server's token (RFC 6578); none where it has none, or none that could be trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    /// What else says that nothing changed: ctag and token, as properties.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gate: Option<String>,
    /// When everything was listed last, in seconds.
    pub(crate) listed: i64,
    /// How many items there were then.
    pub(crate) items: u64,
    /// What was named last, as hashes, where a server names it again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) named: Vec<u64>,
    /// The groups of the address book, where they are categories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) groups: Option<Book>,
}

/// Within a round, behind a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Within {
    /// The token of the page before.
    pub(crate) token: String,
    /// The round started from nothing: it names everything.
    pub(crate) whole: bool,
    /// Items named so far.
    pub(crate) items: u64,
    /// Pages so far.
    pub(crate) pages: u32,
    /// What the round started from.
    pub(crate) since: Option<Between>,
}

/// What the tokens of a collection are bound to.
pub(crate) fn bound(session: &Session, kind: Kind, collection: &CollectionId, options: &ChangeOptions) -> Bound {
    // The host is no part of it: accounts move between hosts with their paths and tokens kept (iCloud).
    Bound::to(TOKENS, session.config.account.as_deref(), kind, collection, options, &[])
}
