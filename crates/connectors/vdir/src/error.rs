//! What the file system says, in the words of core.

use pimkit_core::{Error, ErrorKind, Persistence};
use std::{io, path::Path};

/// An error of the file system. `message` says what failed and what to do next.
pub(crate) fn disk(message: &'static str, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
        _ => ErrorKind::Storage,
    };
    // A full disk, a busy file or a network folder that went away come right without a change of ours.
    let passes = matches!(
        error.kind(),
        io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::Interrupted
            | io::ErrorKind::TimedOut
            | io::ErrorKind::ResourceBusy
            | io::ErrorKind::StaleNetworkFileHandle
    );
    let persistence = if passes { Persistence::Temporary } else { Persistence::Permanent };
    Error::new(kind, message).persistence(persistence).caused_by(error)
}

/// The root folder is not there.
pub(crate) fn root_gone(path: &Path) -> Error {
    Error::new(ErrorKind::CollectionGone, "the folder is not there; is the disk mounted?").with("path", path.display())
}

/// A collection's folder is not there, while the root is.
pub(crate) fn folder_gone(id: &str) -> Error {
    Error::new(ErrorKind::CollectionGone, "the collection's folder is not there; was it renamed or deleted?").with("collection", id)
}

/// An id that this connector never hands out.
pub(crate) fn foreign_id(what: &'static str, id: &str) -> Error {
    // The id is shortened and escaped: it may come from a damaged state.
    let shown: String = id.chars().take(80).flat_map(char::escape_default).collect();
    Error::new(ErrorKind::InvalidData, "the id is not of a file in this folder; list the collection again").with(what, shown)
}

/// What a file that cannot be taken is, and what to do.
pub(crate) fn unreadable(message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, message)
}
