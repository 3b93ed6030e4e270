//! The pieces of `pimkit quickstart`: sample folders, an app store with records of its own, and edits on both sides.

mod edits;
mod layout;
mod store;

pub(crate) use edits::{Edit, both, far, hub};
pub(crate) use layout::{CONFIG, SAMPLES, lay_out};
pub(crate) use store::fill;
