//! Contacts at the stand-in for Microsoft Graph: what the suite of all connectors does not ask.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs, unreachable_pub)]

#[path = "../common/mod.rs"]
mod common;
mod economy;
mod folders;
mod kit;
mod quirks;
mod rounds;
mod trouble;
mod writes;
