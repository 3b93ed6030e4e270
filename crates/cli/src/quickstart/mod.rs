//! The pieces of `pimkit quickstart`: sample folders, a simulated server, an app store with records of its own, and edits on both sides.

mod edits;
mod layout;
mod server;
mod store;

pub(crate) use edits::{Edit, both, far, hub};
pub(crate) use layout::{CONFIG, SAMPLES, lay_out};
pub(crate) use server::{FOLDER, PASSWORD_FILE, Server};
pub(crate) use store::fill;
