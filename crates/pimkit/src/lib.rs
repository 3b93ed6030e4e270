//! The facade of pimkit: one dependency, a Cargo feature per connector, a registry by name.
//!
//! Everything of `pimkit-core` stands at the root: records, traits, errors. Each feature adds a
//! module with the crate of its name:
//!
//! | feature | adds |
//! |---|---|
//! | `local` | `local`: the reference app store in SQLite, and its name in the [`registry`] |
//! | `vdir` | `vdir`: folders of .vcf and .ics files, and its name in the [`registry`] |
//! | `dav` | `dav`: CalDAV and CardDAV, `http`: its road, and its name in the [`registry`] |
//! | `dav-srv` | the same, with domains looked up in DNS by this machine's resolver |
//! | `graph` | `graph`: Microsoft 365 and Outlook.com, `oauth`: sign-in, `http`: its road, and its name in the [`registry`] |
//! | `sync` | `sync`: the two-way sync engine |
//! | `app` | `app`: the port by which a host adapts its own database |
//! | `state-sqlite` | `state_sqlite`: the engine's state in SQLite |
//! | `formats` | `formats`: vCard and iCalendar as text |
//! | `full` | all of them |
//!
//! ```
//! use pimkit::prelude::*;
//!
//! let contact = Contact::build(|c| c.name.given = Some("Ada".into()));
//! assert_eq!(contact.get("name.given"), Some("Ada".into()));
//! ```

pub mod registry;

pub use pimkit_core::*;
pub use registry::{OpenError, connectors, open};

#[cfg(feature = "app")]
pub use pimkit_app as app;
#[cfg(feature = "dav")]
pub use pimkit_dav as dav;
#[cfg(feature = "formats")]
pub use pimkit_formats as formats;
#[cfg(feature = "graph")]
pub use pimkit_graph as graph;
#[cfg(any(feature = "dav", feature = "graph"))]
pub use pimkit_http as http;
#[cfg(feature = "local")]
pub use pimkit_local as local;
#[cfg(feature = "graph")]
pub use pimkit_oauth as oauth;
#[cfg(feature = "state-sqlite")]
pub use pimkit_state_sqlite as state_sqlite;
#[cfg(feature = "sync")]
pub use pimkit_sync as sync;
#[cfg(feature = "vdir")]
pub use pimkit_vdir as vdir;

/// What most programs name: the records, and the traits by which they are read and written.
///
/// It holds no `Result` and no `Error`, and no name of the standard prelude: `use
/// pimkit::prelude::*` changes the meaning of nothing.
pub mod prelude {
    pub use pimkit_core::{Connector, Contact, Event, Kind, Message, Record, Repository, RepositoryExt, State, Task, User};
}
