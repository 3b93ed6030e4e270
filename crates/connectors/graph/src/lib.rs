//! Microsoft 365 and Outlook.com as a pimkit connector, through [Microsoft Graph](https://learn.microsoft.com/graph/overview) v1.0.
//!
//! [`Graph`] is opened with the address of a cloud ([`Cloud`]), credentials and a transport.
//!
//! # What is where
//!
//! - Every request leaves through one session: four at a time for one mailbox, each with immutable ids (`Prefer: IdType`), a
//!   `client-request-id`, and only to the configured host, whatever address an answer gives.
//! - What is refused within a batch is asked for again; what may have been done is not repeated blindly.
//! - What touches the whole account (a mailbox that moves, a licence that is gone, consent that is missing, …) is an error of its
//!   own, whose context says under `trouble` which one.

mod asked;
mod blobs;
mod calls;
mod categories;
mod config;
mod connector;
mod contacts;
mod cursor;
mod delta;
mod error;
mod events;
mod folders;
mod mapping;
mod messages;
pub mod notices;
mod push;
mod quirks;
mod session;
mod tasks;
mod users;
mod writing;

pub use config::{Cloud, Config};
pub use connector::{Graph, INFO, Opening};
pub use push::Notices;
pub use quirks::{EventRounds, Quirks};
