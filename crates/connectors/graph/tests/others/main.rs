//! Messages and users at the stand-in for Microsoft Graph. The behaviour suite has no samples of what is only read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "../common/mod.rs"]
mod common;
mod consent;
mod messages;
mod pages;
mod reading;
mod users;
