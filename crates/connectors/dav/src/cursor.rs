//! What is in the cursor.

use crate::{groups::Book, session::Session};
use pimkit_core::{ChangeOptions, CollectionId, Cursor, Kind, PageToken, Result, cursor};
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

/// What tokens are bound to.
pub(crate) struct Bound(u64);

impl Bound {
    pub(crate) fn to(session: &Session, kind: Kind, collection: &CollectionId, options: &ChangeOptions) -> Self {
        let window = options.window.map(|(from, to)| format!("{from}/{to}")).unwrap_or_default();
        // The host is no part of it: accounts move between hosts with their paths and tokens kept (iCloud).
        let account = session.config.account.as_deref().unwrap_or_default();
        Self(cursor::binding(&[account, kind.plural(), collection.as_str(), &window]))
    }

    pub(crate) fn between(&self, cursor: &Cursor) -> Result<Between> {
        cursor::decode(TOKENS, self.0, cursor.as_str())
    }

    pub(crate) fn within(&self, token: &PageToken) -> Result<Within> {
        cursor::decode(TOKENS, self.0, token.as_str())
    }

    pub(crate) fn cursor(&self, between: &Between) -> Result<Cursor> {
        Ok(Cursor::from(cursor::encode(TOKENS, self.0, between)?))
    }

    pub(crate) fn page(&self, within: &Within) -> Result<PageToken> {
        Ok(PageToken::from(cursor::encode(TOKENS, self.0, within)?))
    }
}
