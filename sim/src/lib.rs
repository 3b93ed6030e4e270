//! The simulation of the sync engine: a machine that tries to break it, and says so when it can.
//!
//! A **seed** makes a [`Play`]: users on a hub and on one to three far sides, what they do and when,
//! what goes wrong, and when the process dies. [`perform`] plays it: one thread, a clock that stands
//! still, every future polled by hand, so that the same play comes to the same end. An **oracle**
//! that shares no code with the engine then looks at what is there: it knows what each user wrote and
//! had seen, and holds every value to be where it belongs, replaced by somebody who had seen it, or
//! kept in the journal.
//!
//! A far side is whatever implements [`FarWorld`]: the in-memory `Worst`, and simulated servers behind their connectors ([`dav`],
//! [`graph`]).
//!
//! Modules: `play` (the data), `plan` (a play from a seed), `slot` and `ledger` (what users write,
//! and the book of it), `theatre` (playing it), `probe` and `store` (the engine's memory), `oracle`,
//! `coverage`, `campaign` (many seeds), `shrink`, `regression`. `pairwise` plays any two words of the
//! policies together: `props` are what such plays have beside users and sides, and `terms` what the
//! words change of what the oracle demands.

mod breaks;
mod campaign;
mod committed;
mod coverage;
pub mod dav;
mod dice;
mod far;
pub mod graph;
mod ledger;
mod oracle;
mod pairwise;
mod plan;
mod play;
mod probe;
mod props;
mod regression;
mod shrink;
mod slot;
mod store;
mod terms;
mod theatre;
mod wire;

pub use breaks::{BREAKS, planted};
pub use campaign::{Campaign, Failed, Providers, Summary};
pub use coverage::{Coverage, Hit, PLACES, Place, STAGES, WRONGS, Wrong, impossible, missing, reasons, table};
pub use far::{Entry, FarWorld, Holding, Mood};
pub use pairwise::{FailedSeed, Outcome, Pairwise, RefusedPair};
pub use plan::{NOT_ACTED, NOT_PLAYED, plan};
pub use play::{Act, Aim, Cue, FarPlan, Move, PlannedFault, Play, RunPlan, Scene};
pub use props::{Caller, Fact, On, Prop, Props, Stagehand, Where};
pub use regression::{Regression, regressions};
pub use shrink::shrink;
pub use theatre::{Performance, perform, perform_with};
