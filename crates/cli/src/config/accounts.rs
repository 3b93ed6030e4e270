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
        for key in ["user", "url", "server", "client_id", "tenant", "authority", "mailbox"] {
            table.text(key)?;
        }
        Ok(Self { name: name.to_owned(), connector, settings, path, place: table.place_in_file() })
    }

    /// True when both speak of one store or folder, however they spell it.
    pub(crate) fn same_place(&self, other: &Self) -> bool {
        let same = match (self.whole_path(), other.whole_path()) {
            (Some(one), Some(other)) => one == other,
            (None, None) => {
                let told = |account: &Self, keys: [&str; 2]| keys.map(|key| account.settings.get(key).cloned());
                let same = |keys| told(self, keys)[0].is_some() && told(self, keys) == told(other, keys);
                // Where a mailbox can be named, the address is the same for everybody, and whose it is without one is not known.
                let keys = if self.connector.keys.contains(&"mailbox") { ["mailbox", "url"] } else { ["url", "user"] };
                self.name == other.name || same(keys)
            }
            _ => false,
        };
        self.connector.name == other.connector.name && same
    }

    /// True when where its things are has to be discovered.
    pub(crate) fn is_discovered(&self) -> bool {
        self.connector.keys.contains(&"url")
    }

    /// True when some item may be in both: one store or folder, or a folder that is a collection of the other.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let inside = match (self.whole_path(), other.whole_path()) {
            (Some(one), Some(other)) => one.parent() == Some(&other) || other.parent() == Some(&one),
            _ => false,
        };
        let folders = self.connector.name == "vdir" && other.connector.name == "vdir";
        self.same_place(other) || (folders && inside)
    }

    /// The path without links and detours, as far as it is there.
    fn whole_path(&self) -> Option<PathBuf> {
        let path = self.path.as_ref()?;
        let folder = || match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.canonicalize().ok(),
            _ => Path::new(".").canonicalize().ok(),
        };
        let whole = path.canonicalize().ok().or_else(|| Some(folder()?.join(path.file_name()?)));
        Some(whole.unwrap_or_else(|| path.clone()))
    }

    /// What went wrong with this account, and where the configuration speaks of it.
    pub(crate) fn blame(&self, failure: impl Into<Failure>) -> Failure {
        failure.into().about(format!("{}: account \"{}\"", self.place, self.name))
    }
}
