//! Whether the acting user may have this sync at all.

use crate::{pair::Setup, policy::Enabling};
use pimkit_core::{Action, Error, ErrorKind, Kind, Result};

/// Refuses a sync whose acting user lacks a right that it needs, and names what is missing.
pub(crate) async fn check(setup: &Setup, kind: Kind) -> Result<()> {
    let (Enabling::Rights, Some(app)) = (setup.policy.enabling, &setup.app) else { return Ok(()) };
    let mut missing = Vec::new();
    for (action, word) in [(Action::View, "view"), (Action::Create, "create"), (Action::Edit, "edit"), (Action::Delete, "delete")] {
        if !app.allowed(kind, action).await? {
            missing.push(word);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let error = Error::new(ErrorKind::PermissionDenied, "the acting user lacks rights that this sync needs; have them granted in the app");
    Err(error.with("kind", kind.plural()).with("missing", missing.join(", ")).with("sync", &setup.sync))
}
