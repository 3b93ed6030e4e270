//! What is in the cursor.

use crate::session::Session;
use pimkit_core::{ChangeOptions, CollectionId, Kind, cursor::Bound};

/// Connector and version of tokens.
const TOKENS: &str = "graph/1";

/// What the tokens of a collection are bound to: the sort of ids too, and `mode`, which is how a kind reads its changes.
pub(crate) fn bound(session: &Session, kind: Kind, collection: &CollectionId, options: &ChangeOptions, mode: &str) -> Bound {
    let ids = if session.config.quirks.immutable_ids { "immutable" } else { "default" };
    Bound::to(TOKENS, session.config.account.as_deref(), kind, collection, options, &[ids, mode])
}
