//! Opening what the configuration names, so that a mistake leaves nothing half-made behind.

use crate::{
    config::{AccountConfig, Config},
    failure::{Failure, Result},
};
use pimkit::{
    App, Connector, Provenance, State, Value,
    local::{Local, Options},
    registry,
    state_sqlite::SqliteState,
};
use std::{path::Path, sync::Arc};

/// Whether what is not there may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is made.
    Make,
    /// It is refused.
    Refuse,
}

/// An account that is a store of its own, made when it is not there.
fn is_made(account: &AccountConfig) -> bool {
    account.connector.name == "local"
}

/// Checks, without touching anything, that an account can be there.
pub(crate) fn check(account: &AccountConfig, missing: Missing) -> Result<()> {
    let Some(path) = &account.path else { return Ok(()) };
    let refuse = |line: String| Err(account.blame(Failure::usage(line)));
    if is_made(account) {
        if path.is_dir() {
            return refuse(format!("{} is a folder; name the file of the app store", path.display()));
        }
        if !path.exists() {
            return match (missing, parent(path)) {
                (Missing::Refuse, _) => refuse(format!("there is no app store at {}; the first sync or import makes it", path.display())),
                (Missing::Make, Some(folder)) => refuse(format!("there is no folder {}; make it, or correct the path", folder.display())),
                (Missing::Make, None) => Ok(()),
            };
        }
        return Ok(());
    }
    if path.is_dir() {
        return Ok(());
    }
    let what = if path.exists() { "is no folder" } else { "is not there" };
    refuse(format!("the folder {} {what}; make it, mount it, or correct the path", path.display()))
}

/// The folder of a file that is to be made, when it is not there.
fn parent(path: &Path) -> Option<&Path> {
    path.parent().filter(|p| !p.as_os_str().is_empty() && !p.is_dir())
}

/// Opens one account.
pub(crate) async fn open(config: &Config, account: &AccountConfig, missing: Missing) -> Result<Arc<dyn Connector>> {
    check(account, missing)?;
    let known = match config.state() {
        Ok(_) => state(config, For::Reading)?,
        Err(_) => None,
    };
    let kept = endpoints(known.as_ref(), account).await?;
    let opened = registry::open(account.connector.name, Some(&account.name), &account.settings, &config.base, kept.as_ref()).await;
    opened.map_err(|e| account.blame(e))
}

/// What was discovered of an account in an earlier run.
async fn endpoints(state: Option<&Arc<dyn State>>, account: &AccountConfig) -> Result<Option<Value>> {
    match state {
        Some(state) if account.is_discovered() => Ok(state.account(&account.name.as_str().into()).await?.and_then(|row| row.endpoints)),
        _ => Ok(None),
    }
}

/// Opens one account, with the app behind it where it is one.
pub(crate) async fn open_with_app(
    config: &Config,
    account: &AccountConfig,
    known: Option<&Arc<dyn State>>,
) -> Result<(Arc<dyn Connector>, Option<Arc<dyn App>>)> {
    check(account, Missing::Make)?;
    let kept = endpoints(known, account).await?;
    let name = Some(account.name.as_str());
    let opened = registry::open_with_app(account.connector.name, name, &account.settings, &config.base, kept.as_ref()).await;
    opened.map_err(|e| account.blame(e))
}

/// Opens one account whose records come in this way: an app store keeps it with them.
pub(crate) async fn open_as(
    config: &Config,
    account: &AccountConfig,
    missing: Missing,
    provenance: Provenance,
) -> Result<Arc<dyn Connector>> {
    let (true, Some(path)) = (is_made(account), &account.path) else { return open(config, account, missing).await };
    check(account, missing)?;
    let local = Local::open(path, Options::default()).map_err(|e| account.blame(e))?;
    Ok(Arc::new(local.bringing(provenance)))
}

/// An account that is a store which is not there yet.
pub(crate) fn is_to_be_made(account: &AccountConfig) -> bool {
    is_made(account) && account.path.as_ref().is_some_and(|path| !path.exists())
}

/// A store as it is when it is made, without making it.
pub(crate) fn blank(account: &AccountConfig) -> Result<Arc<dyn Connector>> {
    Ok(Arc::new(Local::in_memory(Options::default()).map_err(|e| account.blame(e))?))
}

/// Checks, without touching anything, that the state can be there.
pub(crate) fn check_state(config: &Config) -> Result<&Path> {
    let path = config.state()?;
    let refuse = |line: String| Err(Failure::usage(format!("{}: state: {line}", config.file.display())));
    if path.is_dir() {
        return refuse(format!("{} is a folder; name a file", path.display()));
    }
    if let (false, Some(folder)) = (path.exists(), parent(path)) {
        return refuse(format!("there is no folder {}; make it, or correct the path", folder.display()));
    }
    Ok(path)
}

/// What the state is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    /// To look at it, also while a run writes to it.
    Reading,
    /// To run.
    Running,
}

/// Opens the engine's state; `None` when it is not there.
pub(crate) fn state(config: &Config, purpose: For) -> Result<Option<Arc<dyn State>>> {
    let path = check_state(config)?;
    // An empty file is what a process leaves that was killed while it made the state.
    if std::fs::metadata(path).map_or(true, |m| m.len() == 0) {
        return Ok(None);
    }
    let state = match purpose {
        For::Reading => SqliteState::open_read_only(path),
        For::Running => SqliteState::open(path),
    };
    Ok(Some(Arc::new(state.map_err(|e| blame_state(config, e))?.reading_in_place())))
}

/// Opens the engine's state, and makes it where it is not there.
pub(crate) fn make_state(config: &Config) -> Result<Arc<dyn State>> {
    let state = SqliteState::open(check_state(config)?).map_err(|e| blame_state(config, e))?;
    Ok(Arc::new(state.reading_in_place()))
}

fn blame_state(config: &Config, error: pimkit::Error) -> Failure {
    Failure::from(error).about(format!("{}: state", config.file.display()))
}
