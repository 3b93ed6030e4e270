//! `local`: a store that is made when it is not there.

use super::{OpenError, addressed::addressed, settings};
use pimkit_core::{Connector, ConnectorInfo, Value};
use pimkit_local::{Local, Options};
use std::{path::Path, sync::Arc};

const NAME: &str = "local";

pub(super) fn info() -> ConnectorInfo {
    pimkit_local::INFO
}

pub(super) async fn open(settings: &Value, base: &Path) -> Result<Arc<dyn Connector>, OpenError> {
    let path = settings::path(NAME, settings, base)?;
    let addresses = settings::addresses(NAME, settings)?;
    Ok(addressed(Arc::new(Local::open(path, Options::default())?), addresses))
}
