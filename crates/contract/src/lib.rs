//! The behaviour suite that every pimkit connector and state store must pass, with an in-memory world to try it on.

pub mod clock;
pub mod hub;
#[cfg(feature = "replay")]
pub mod replay;
pub mod samples;
pub mod state;
pub mod suite;
mod world;
pub mod worst;

pub use clock::{FakeClock, SeededChance};
pub use hub::MemoryHub;
pub use worst::{Worst, WorstOptions};
