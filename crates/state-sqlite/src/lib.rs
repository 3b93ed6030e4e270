//! The embedded state of the pimkit engine, in SQLite.
//!
//! [`SqliteState`] is a [`State`](pimkit_core::State) in one file (with SQLite's `-wal` and `-shm` beside it while it
//! is open). A commit is one transaction in a write-ahead log that is flushed to the disk before the commit returns
//! (`synchronous = FULL`). Every read of the trait is answered from an index; streams read pages and keep no
//! transaction between them.
//!
//! Who holds a component is an advisory lock of the operating system on a file beside the database, one per component
//! (`sync.db.0123456789abcdef.lock`): it ends with the process, however that ends, so that a killed one blocks nobody.
//! Over it stands a fencing token in the database that only grows; a commit under an older one is refused, also where
//! a file system does not keep its locks. The lock files stay; they are empty but for the number of the last process.
//!
//! A file that is not of pimkit, or of a version that this one does not know, is refused and not touched.

mod codec;
mod commit;
mod fault;
mod file;
mod lease;
mod pages;
mod read;
mod sql;
mod store;

pub use store::SqliteState;
