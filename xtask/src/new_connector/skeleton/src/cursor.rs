//! What is in the cursor.

use crate::session::Session;
use pimkit_core::{ChangeOptions, CollectionId, Kind, cursor::Bound};

/// Connector and version of tokens.
const TOKENS: &str = "skeleton/1";

/// What the tokens of a collection are bound to.
#[expect(dead_code, reason = "no kind of record tells its changes yet")]
pub(crate) fn bound(session: &Session, kind: Kind, collection: &CollectionId, options: &ChangeOptions) -> Bound {
    Bound::to(TOKENS, session.config.account.as_deref(), kind, collection, options, &[])
}
