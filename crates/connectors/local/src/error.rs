//! Failures inside a transaction.

use pimkit_core::{Error, ErrorKind, Persistence};

/// What went wrong inside a transaction: SQLite, or what we said.
#[derive(Debug)]
pub(crate) enum Failure {
    Sql(rusqlite::Error),
    Said(Error),
}

/// A result inside a transaction.
pub(crate) type Res<T> = std::result::Result<T, Failure>;

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Said(error)
    }
}

impl Failure {
    /// As the caller sees it.
    pub(crate) fn told(self, operation: &'static str) -> Error {
        match self {
            Self::Said(error) => error.during(operation),
            Self::Sql(error) => storage(error).during(operation),
        }
    }
}

/// A failure of SQLite. Its text may quote values, so it stays in the source.
pub(crate) fn storage(error: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode as Code;
    let (message, again) = match error.sqlite_error_code() {
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => ("another program holds the app store; try again", true),
        Some(Code::DiskFull) => ("the disk is full; make room", true),
        Some(Code::ReadOnly | Code::PermissionDenied) => ("the app store may not be written; check the file's permissions", false),
        Some(Code::CannotOpen) => ("the app store cannot be opened; check the path and its permissions", false),
        Some(Code::DatabaseCorrupt | Code::NotADatabase) => ("the app store is damaged; restore a copy", false),
        Some(Code::SystemIoFailure) => ("the disk fails while the app store is read or written", true),
        _ => ("the app store cannot be read or written; see the source", false),
    };
    let error = Error::new(ErrorKind::Storage, message).caused_by(error);
    if again { error.persistence(Persistence::Temporary) } else { error }
}

/// Nothing of that id is there, or not for this user.
pub(crate) fn not_there(id: impl std::fmt::Display) -> Failure {
    Failure::Said(Error::new(ErrorKind::InvalidData, "there is no such item, or not for this user").with("item", id))
}

/// The user may not do that.
pub(crate) fn denied(message: &'static str) -> Failure {
    Failure::Said(Error::new(ErrorKind::PermissionDenied, message))
}

/// What the user gave is not usable.
pub(crate) fn invalid(message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, message)
}
