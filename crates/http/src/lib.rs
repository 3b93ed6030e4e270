//! The one road of pimkit's connectors to the network. It knows no provider.

mod redirect;
mod scope;
mod secret;

pub use redirect::Moved;
pub use secret::Secret;
