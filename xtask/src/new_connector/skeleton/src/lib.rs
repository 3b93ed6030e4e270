//! Skeleton as a pimkit connector.
//!
//! [`Skeleton`] is opened with an address, credentials and a transport. It has no kind of record yet.

mod config;
mod connector;
mod cursor;
mod error;
mod quirks;
mod session;

pub use config::Config;
pub use connector::{INFO, Opening, Skeleton};
pub use quirks::Quirks;
