//! The one road of pimkit's connectors to the network. It knows no provider.

mod scope;
mod secret;

pub use secret::Secret;
