//! The configuration: one TOML file, read whole and checked before anything is opened.

mod accounts;
pub(crate) mod forest;
mod syncs;
mod tree;

pub(crate) use accounts::AccountConfig;
pub(crate) use syncs::SyncConfig;

use crate::failure::{Failure, Result};
use pimkit::Kind;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use tree::Table;

/// What the file says.
#[derive(Debug)]
pub(crate) struct Config {
    /// The file, as it was named.
    pub(crate) file: PathBuf,
    /// Where its relative paths start.
    pub(crate) base: PathBuf,
    /// Where the engine keeps what it knows.
    state: Option<PathBuf>,
    /// The accounts by name.
    pub(crate) accounts: BTreeMap<String, AccountConfig>,
    /// The syncs, in the order of the file.
    pub(crate) syncs: Vec<SyncConfig>,
}

impl Config {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// A usage failure with file, line and what to do.
    pub(crate) fn load(file: &Path) -> Result<Self> {
        let bytes = std::fs::read(file).map_err(|e| {
            let what = match e.kind() {
                std::io::ErrorKind::NotFound => {
                    "there is no such configuration; name one with -c FILE, or see `pimkit quickstart`".to_owned()
                }
                _ => format!("the configuration cannot be read: {e}; name a file that can be read with -c FILE"),
            };
            Failure::usage(format!("{}: {what}", file.display()))
        })?;
        let text = String::from_utf8(bytes).map_err(|e| {
            Failure::usage(format!("{}: byte {} is no UTF-8; save the file as UTF-8", file.display(), e.utf8_error().valid_up_to()))
        })?;
        Self::parse(file, text.trim_start_matches('\u{feff}'))
    }

    fn parse(file: &Path, text: &str) -> Result<Self> {
        let source = tree::Source::new(file, text);
        let parsed = source.parse()?;
        let root = Table::root(&source, &parsed);
        root.only(&["state", "accounts", "syncs"])?;
        let base = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let state = root.text("state")?.map(|s| base.join(s));
        let mut accounts = BTreeMap::new();
        if let Some(table) = root.table("accounts")? {
            for name in table.keys() {
                let account = AccountConfig::read(name, &table.required_table(name)?, &base)?;
                accounts.insert(name.to_owned(), account);
            }
        }
        let mut syncs: Vec<SyncConfig> = Vec::new();
        for table in root.tables("syncs")? {
            let sync = SyncConfig::read(&table, &accounts)?;
            if syncs.iter().any(|s| s.name == sync.name) {
                return Err(table.refuse("name", format!("there are two syncs named \"{}\"; give each a name of its own", sync.name)));
            }
            syncs.push(sync);
        }
        forest::check(&syncs, &accounts)?;
        Ok(Self { file: file.to_owned(), base, state, accounts, syncs })
    }

    /// Where the engine's state is.
    ///
    /// # Errors
    /// A usage failure when the file does not say.
    pub(crate) fn state(&self) -> Result<&Path> {
        self.state.as_deref().ok_or_else(|| self.refuse("the key \"state\" is missing; add state = \"sync.db\" at the top"))
    }

    /// An account by name.
    ///
    /// # Errors
    /// A usage failure with the names that there are.
    pub(crate) fn account(&self, name: &str) -> Result<&AccountConfig> {
        self.accounts
            .get(name)
            .ok_or_else(|| self.refuse(format!("there is no account \"{name}\"; {}", there_are(self.accounts.keys(), "[accounts.NAME]"))))
    }

    /// The kinds that the syncs of an account have; none when it has none.
    pub(crate) fn kinds_of(&self, account: &str) -> Vec<Kind> {
        let mut kinds = Vec::new();
        for sync in self.syncs.iter().filter(|sync| sync.left == account || sync.right == account) {
            if !kinds.contains(&sync.kind) {
                kinds.push(sync.kind);
            }
        }
        kinds
    }

    /// The syncs to run: all, or the one that is named.
    ///
    /// # Errors
    /// A usage failure when there is none, with the names that there are.
    pub(crate) fn chosen(&self, name: Option<&str>) -> Result<Vec<&SyncConfig>> {
        let chosen: Vec<&SyncConfig> = self.syncs.iter().filter(|s| name.is_none_or(|n| s.name == n)).collect();
        match name {
            Some(name) if chosen.is_empty() => {
                let names = there_are(self.syncs.iter().map(|s| &s.name), "[[syncs]]");
                Err(self.refuse(format!("there is no sync \"{name}\"; {names}")))
            }
            None if chosen.is_empty() => Err(self.refuse("there is nothing to sync; add a [[syncs]] table")),
            _ => Ok(chosen),
        }
    }

    fn refuse(&self, line: impl std::fmt::Display) -> Failure {
        Failure::usage(format!("{}: {line}", self.file.display()))
    }
}

/// "there are: a, b", or what to add when there is nothing.
fn there_are<'a>(names: impl Iterator<Item = &'a String>, else_add: &str) -> String {
    let names: Vec<&str> = names.map(String::as_str).collect();
    if names.is_empty() { format!("there is none at all: add {else_add}") } else { format!("there are: {}", names.join(", ")) }
}

#[cfg(test)]
mod tests;
