//! `vdir`: a folder that must be there.

use super::{OpenError, settings};
use pimkit_core::{Connector, ConnectorInfo, Value};
use pimkit_vdir::{Config, Vdir};
use std::{path::Path, sync::Arc};

const NAME: &str = "vdir";

pub(super) fn info() -> ConnectorInfo {
    pimkit_vdir::INFO
}

pub(super) async fn open(account: Option<&str>, settings: &Value, base: &Path) -> Result<Arc<dyn Connector>, OpenError> {
    let path = settings::path(NAME, settings, base)?;
    let config = settings::addresses(NAME, settings)?.into_iter().fold(Config::default(), Config::address);
    let config = match account {
        Some(id) => config.account(id),
        None => config,
    };
    Ok(Arc::new(Vdir::open(path, config)?))
}
