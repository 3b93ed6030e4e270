//! `[accounts.NAME]`: which connector, and its keys.

use super::tree::Table;
use crate::failure::{Failure, Result};
use pimkit::{
    Value,
    registry::{self, Registered},
};
use std::path::{Path, PathBuf};

/// One account of the configuration.
#[derive(Clone, Debug)]
pub(crate) struct AccountConfig {
    /// Its name.
    pub(crate) name: String,
    /// Its connector.
    pub(crate) connector: &'static Registered,
    /// The connector's keys.
    pub(crate) settings: Value,
    /// Where it is, when that is a place on this machine.
    pub(crate) path: Option<PathBuf>,
    /// Where the configuration speaks of it: `pimkit.toml:4`.
    pub(crate) place: String,
}

impl AccountConfig {
    pub(super) fn read(name: &str, table: &Table<'_>, base: &Path) -> Result<Self> {
        let connector = table.required_text("connector", "connector = \"vdir\", or another name")?;
        let connector = registry::find(connector).map_err(|e| table.refuse("connector", e))?;
        let known: Vec<&str> = std::iter::once("connector").chain(connector.keys.iter().copied()).collect();
        table.only(&known)?;
        let settings = table.json(&["connector"]);
        let path = if connector.keys.contains(&"path") {
            Some(base.join(table.required_text("path", "path = \"…\": where it is on this machine")?))
        } else {
            None
        };
        let is_list = settings.get("address").is_some_and(Value::is_array);
        if is_list { table.texts("address").map(drop) } else { table.text("address").map(drop) }?;
        Ok(Self { name: name.to_owned(), connector, settings, path, place: table.place_in_file() })
    }

    /// True when both speak of one store or folder, however they spell it.
    pub(crate) fn same_place(&self, other: &Self) -> bool {
        fn whole(path: &Option<PathBuf>) -> Option<PathBuf> {
            path.as_ref().map(|p| p.canonicalize().unwrap_or_else(|_| p.clone()))
        }
        self.connector.name == other.connector.name && self.path.is_some() && whole(&self.path) == whole(&other.path)
    }

    /// What went wrong with this account, and where the configuration speaks of it.
    pub(crate) fn blame(&self, failure: impl Into<Failure>) -> Failure {
        failure.into().about(format!("{}: account \"{}\"", self.place, self.name))
    }
}
