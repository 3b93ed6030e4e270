//! Where the engine's memory lies in a play, and how a process starts anew from it.

use pimkit_contract::state::MemoryState;
use pimkit_core::{Error, ErrorKind, Result, State};
use pimkit_state_sqlite::SqliteState;
use std::{path::PathBuf, sync::Arc};

/// The durable bytes behind the engine's memory.
#[derive(Debug)]
pub(crate) enum Store {
    Memory(MemoryState),
    Sqlite { state: Option<SqliteState>, path: PathBuf, _folder: tempfile::TempDir },
}

fn no_folder(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Storage, "no folder for the SQLite file of a play can be made").caused_by(error)
}

/// Where systems keep files that never reach a disk.
const IN_MEMORY: &str = "/dev/shm";

/// A folder for the file of a play. No play cuts the power, so that waiting for a disk would prove nothing.
fn folder() -> std::io::Result<tempfile::TempDir> {
    tempfile::tempdir_in(IN_MEMORY).or_else(|_| tempfile::tempdir())
}

impl Store {
    pub(crate) fn memory() -> Self {
        Self::Memory(MemoryState::new())
    }

    pub(crate) fn sqlite() -> Result<Self> {
        let folder = folder().map_err(no_folder)?;
        let path = folder.path().join("sync.db");
        Ok(Self::Sqlite { state: Some(SqliteState::open(&path)?), path, _folder: folder })
    }

    pub(crate) fn state(&self) -> Result<Arc<dyn State>> {
        match self {
            Self::Memory(state) => Ok(Arc::new(state.clone())),
            Self::Sqlite { state: Some(state), .. } => Ok(Arc::new(state.clone())),
            Self::Sqlite { state: None, .. } => Err(Error::new(ErrorKind::Storage, "the SQLite file of the play is closed")),
        }
    }

    /// The process is gone, and another one opens what was durable.
    pub(crate) fn restart(&mut self) -> Result<()> {
        match self {
            Self::Memory(state) => *state = MemoryState::restore(state.snapshot()),
            Self::Sqlite { state, path, .. } => {
                *state = None;
                *state = Some(SqliteState::open(&*path)?);
            }
        }
        Ok(())
    }
}
