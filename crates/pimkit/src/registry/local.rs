//! `local`: a store that is made when it is not there.

use super::{OpenError, Opened, addressed::addressed, settings};
use pimkit_core::{ConnectorInfo, Value};
use pimkit_local::{Local, Options};
use std::{path::Path, sync::Arc};

const NAME: &str = "local";

pub(super) fn info() -> ConnectorInfo {
    pimkit_local::INFO
}

pub(super) fn open(settings: &Value, base: &Path) -> Result<Opened, OpenError> {
    let path = settings::path(NAME, settings, base)?;
    let addresses = settings::addresses(NAME, settings)?;
    let user = settings::text(NAME, "user", settings)?;
    let local = Local::open(path, Options::default())?;
    let app = user.map_or_else(|| Ok(local.clone()), |user| local.acting(&user))?;
    Ok((addressed(Arc::new(local), addresses), Some(Arc::new(app))))
}
