//! What is in the cursor.

use crate::session::Session;
use pimkit_core::{ChangeOptions, CollectionId, Cursor, Kind, PageToken, Result, cursor};
use serde::{Serialize, de::DeserializeOwned};

/// Connector and version of tokens.
const TOKENS: &str = "graph/1";

/// What tokens are bound to: account, kind, collection, window, the sort of ids, and whatever a kind adds.
pub(crate) struct Bound(u64);

impl Bound {
    /// `mode` is what else makes a token another one: how a kind reads its changes.
    pub(crate) fn to(session: &Session, kind: Kind, collection: &CollectionId, options: &ChangeOptions, mode: &str) -> Self {
        let window = options.window.map(|(from, to)| format!("{from}/{to}")).unwrap_or_default();
        let ids = if session.config.quirks.immutable_ids { "immutable" } else { "default" };
        let account = session.config.account.as_deref().unwrap_or_default();
        Self(cursor::binding(&[account, kind.plural(), collection.as_str(), &window, ids, mode]))
    }

    /// Reads a cursor between rounds.
    ///
    /// # Errors
    /// `CursorExpired` for anything that is not of this account, kind, collection and way of reading.
    pub(crate) fn between<T: DeserializeOwned>(&self, cursor: &Cursor) -> Result<T> {
        cursor::decode(TOKENS, self.0, cursor.as_str())
    }

    /// Reads a token within a round.
    ///
    /// # Errors
    /// As [`between`](Self::between).
    pub(crate) fn within<T: DeserializeOwned>(&self, token: &PageToken) -> Result<T> {
        cursor::decode(TOKENS, self.0, token.as_str())
    }

    pub(crate) fn cursor<T: Serialize>(&self, between: &T) -> Result<Cursor> {
        cursor::encode(TOKENS, self.0, between).map(Cursor::from)
    }

    pub(crate) fn page<T: Serialize>(&self, within: &T) -> Result<PageToken> {
        cursor::encode(TOKENS, self.0, within).map(PageToken::from)
    }
}
