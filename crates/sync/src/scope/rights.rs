//! Whether the acting user may have this sync at all, and whether the app has the view that it is of.

use crate::{pair::Setup, policy::Enabling};
use pimkit_core::{Action, Error, ErrorKind, Kind, Result};

/// Refuses a sync of a view that the app does not have, and one whose acting user lacks a right that it needs; names what
/// is missing.
pub(crate) async fn check(setup: &Setup, kind: Kind) -> Result<()> {
    if let (Some(name), Some(app)) = (&setup.policy.view, &setup.app) {
        // Without the view every record would be out of scope, and what is linked to one taken for new on the other side.
        let views = app.views().await?;
        if !views.iter().any(|view| view.kind == kind && view.name == *name) {
            let there: Vec<&str> = views.iter().filter(|view| view.kind == kind).map(|view| view.name.as_str()).collect();
            let error = Error::new(ErrorKind::Config, "the app has no saved view of this name; correct the config, or save the view again");
            return Err(error.with("view", name).with("there are", there.join(", ")).with("sync", &setup.sync));
        }
    }
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
