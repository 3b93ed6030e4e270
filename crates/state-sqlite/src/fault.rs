//! What goes wrong below, told in our own words: no type and no text of SQLite's reaches a caller but as a cause.

use pimkit_core::{Error, ErrorKind, Persistence};
use rusqlite::ErrorCode;
use std::path::Path;

/// Why a piece of work on the database failed.
#[derive(Debug)]
pub(crate) enum Fault {
    /// SQLite refused.
    Sql(rusqlite::Error),
    /// A row does not hold what we wrote; the table.
    Damaged(&'static str),
    /// Refused by the rules of the state.
    Refused(Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl Fault {
    /// The error for a caller.
    pub(crate) fn told(self, operation: &'static str, path: &Path) -> Error {
        match self {
            Self::Refused(error) => error.during(operation),
            Self::Damaged(table) => {
                Error::new(ErrorKind::Storage, "a row of the state file cannot be read; restore the file from a backup")
                    .during(operation)
                    .with("table", table)
                    .with("file", path.display())
            }
            Self::Sql(error) => {
                let (kind, what) = words(&error);
                let mut told = Error::new(kind, what).during(operation).with("file", path.display());
                if busy(&error) {
                    told = told.persistence(Persistence::Temporary);
                }
                // As text: the cause must not show a type that is not ours.
                told.caused_by(std::io::Error::other(error.to_string()))
            }
        }
    }
}

/// True where another process holds the file just then.
pub(crate) fn busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// True where a unique index refused a row.
pub(crate) fn twice(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|e| e.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE)
}

fn words(error: &rusqlite::Error) -> (ErrorKind, &'static str) {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            (ErrorKind::Storage, "another program keeps the state file locked; let it end, then try again")
        }
        Some(ErrorCode::DiskFull) => (ErrorKind::Storage, "the disk is full; make room, then run again"),
        Some(ErrorCode::ReadOnly) => (ErrorKind::Storage, "the state file cannot be written; make it and its folder writable"),
        Some(ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied) => {
            (ErrorKind::Storage, "the state file may not be used; check its permissions")
        }
        Some(ErrorCode::CannotOpen) => {
            (ErrorKind::Storage, "the state file cannot be opened; check that its folder is there and may be written to")
        }
        Some(ErrorCode::NotADatabase) => (ErrorKind::Config, "this is not a state file of pimkit; name another file"),
        Some(ErrorCode::DatabaseCorrupt) => (ErrorKind::Storage, "the state file is damaged; restore it from a backup"),
        Some(ErrorCode::SystemIoFailure) => {
            (ErrorKind::Storage, "the disk failed while the state file was used; check the disk, then run again")
        }
        Some(ErrorCode::TooBig) => (ErrorKind::InvalidData, "a row is greater than the state file can hold (1 GB)"),
        _ => (ErrorKind::Storage, "the state file cannot be used"),
    }
}
