//! Tasks at the stand-in for Microsoft Graph: what the behaviour suite does not ask.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod cases;
#[path = "../common/mod.rs"]
mod common;
#[allow(dead_code, reason = "the behaviour suite has a test program of its own")]
mod desk;
