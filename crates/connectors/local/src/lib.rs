//! The app side of pimkit: a complete reference app store in SQLite.
//!
//! It is a small CRM: people, companies and leads (three collections of contacts), deals and
//! customer status, custom fields, merges and lead conversions, calendars, tasks, logged mail that
//! nobody can change, users with roles and teams, owners, saved views, provenance, a trash, photos
//! and attachments, and notices to its users.
//!
//! - [`Local`] implements [`Connector`](pimkit_core::Connector) and [`App`](pimkit_core::App) for
//!   one acting user ([`Local::acting`]), or without one for the owner of the file.
//! - The methods of [`Local`] beside these traits are what the CRM's own user interface does.
//!
//! | collection | kind | what is special |
//! |---|---|---|
//! | `contacts` | contact | |
//! | `companies` | contact | what is put here is of kind `org` |
//! | `leads` | contact | [`Local::convert`] makes a contact of one |
//! | `calendar` and others that are made | event | |
//! | `tasks` and others that are made | task | |
//! | `activities` | message | logged mail: written once, never changed or deleted |
//! | `users` | user | written by admins only |
//!
//! The database is one file in WAL mode with `synchronous=FULL`; several handles and processes may
//! use it at once. Calls run where they are made and never hold a lock across an await: nothing is
//! half done when a future is dropped.
//!
//! Not here: full rights management (roles are four), price lists, pipelines with own stages.

mod app;
mod blobs;
mod categories;
mod connector;
mod crm;
mod custom;
mod error;
mod feed;
mod folders;
mod index;
mod merge;
mod owner;
mod repo;
mod rights;
mod row;
mod schema;
mod store;
mod users;
mod view;
mod write;

pub use connector::INFO;
pub use crm::{CustomerStatus, Deal, Stage};
pub use custom::FieldType;
pub use rights::UserRole;
pub use store::{Local, Options};
pub use users::AppUser;
pub use view::{Filter, SavedView, Who};
