//! Composed pipelines of pimkit, each a test program of its own in `tests/`; the program `pimkit` is tested in its own
//! crate, where cargo builds it.
//!
//! [`rules`] holds the tests of the rules, written once over any far side; [`stops`] lets a process die in the middle of a run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "everything here is a test")]
#![allow(missing_docs, reason = "the name of a rule test says what it is")]

pub mod rules;
pub mod stops;
