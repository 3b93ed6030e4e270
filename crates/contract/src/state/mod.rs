//! The behaviour suite of state stores, and a store in memory that passes it.
//!
//! A store's own `tests/contract.rs` gives a [`StateFactory`] to [`run`]; every sentence under `# Behavior` of
//! [`State`] and every method of it has a case. [`MemoryState`] is deterministic, is called inline,
//! and can be stopped at any commit and restarted from its last durable [`Snapshot`].

mod cases;
mod memory;
mod rows;
mod tables;
mod verdict;

pub use memory::{MemoryState, Snapshot, StopPoint};

use async_trait::async_trait;
use futures::{FutureExt, future::BoxFuture};
use pimkit_core::{Error, Result, State};
use std::{any::Any, fmt, panic::AssertUnwindSafe, sync::Arc};

/// Makes places for stores; each case gets one of its own.
#[async_trait]
pub trait StateFactory: Send + Sync {
    /// A place in which no store was yet.
    async fn place(&self) -> Result<Box<dyn Place>>;
}

/// Where one store lies: a path, a schema of a server, a piece of memory.
#[async_trait]
pub trait Place: Send {
    /// Opens the store as a process does that starts: the first time there is none, and it is made; after that it has
    /// what was durable. Cases drop what an earlier call returned, with its leases and streams, before they call again.
    async fn open(&mut self) -> Result<Arc<dyn State>>;
}

/// Why a case failed, in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    /// A failure with its reason.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(format!("{}: {error}", error.kind().word()))
    }
}

type CaseFn = for<'a> fn(&'a mut dyn Place) -> BoxFuture<'a, Result<(), Failure>>;

/// One behaviour that a store must show.
#[derive(Clone, Copy)]
pub struct Case {
    name: &'static str,
    run: CaseFn,
}

impl Case {
    pub(crate) const fn new(name: &'static str, run: CaseFn) -> Self {
        Self { name, run }
    }

    /// The behaviour, as a sentence.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Tries it on a store in a place of its own.
    ///
    /// # Errors
    /// The [`Failure`] when the store does not behave; a panic of the store is one.
    pub async fn run(&self, factory: &dyn StateFactory) -> Result<(), Failure> {
        let mut place = factory.place().await?;
        match AssertUnwindSafe((self.run)(place.as_mut())).catch_unwind().await {
            Ok(outcome) => outcome,
            Err(panic) => Err(Failure(format!("panicked: {}", said(panic.as_ref())))),
        }
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).finish_non_exhaustive()
    }
}

fn said(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// Every case, in a fixed order.
#[must_use]
pub fn suite() -> Vec<Case> {
    cases::all()
}

/// Runs every case and prints a line for each; returns how many there are.
///
/// # Panics
/// When cases failed, after all have run, with their names and reasons: it is meant to be called by a test.
#[allow(clippy::print_stdout, clippy::panic, reason = "the line per case is what a test prints, and the panic is how a test fails")]
pub async fn run(factory: &dyn StateFactory) -> usize {
    let cases = suite();
    let mut failed = Vec::new();
    for case in &cases {
        match case.run(factory).await {
            Ok(()) => println!("case {}: ok", case.name),
            Err(failure) => {
                println!("case {}: FAILED: {failure}", case.name);
                failed.push(format!("case {}: {failure}", case.name));
            }
        }
    }
    if !failed.is_empty() {
        panic!("{} of {} cases failed:\n{}", failed.len(), cases.len(), failed.join("\n"));
    }
    println!("state: {} cases, all ok", cases.len());
    cases.len()
}
