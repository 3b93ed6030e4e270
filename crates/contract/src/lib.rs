//! The behaviour suite that every pimkit connector and state store must pass, with an in-memory world to try it on.

pub mod clock;
pub mod samples;

pub use clock::{FakeClock, SeededChance};
