//! Groups of contacts as categories, on simulated servers of every group model.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]
#![allow(unreachable_pub, reason = "the modules share a kit")]

#[path = "../common/mod.rs"]
mod common;
mod kit;
mod many;
mod models;
mod real;
mod rounds;
mod trouble;
mod writes;
