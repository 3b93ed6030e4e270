//! The one road of pimkit's connectors to the network. It knows no provider.

mod answer;
mod auth;
mod body;
mod classify;
mod failure;
mod limits;
mod redirect;
mod request;
mod retry_after;
mod scope;
mod secret;
mod transport;

pub use answer::{Answer, Opened};
pub use auth::{Auth, Basic, Bearer, Challenge, Digest, Need, Next, Offer, Password, Signed, Signing, Token, TokenSource, target};
pub use body::Body;
pub use classify::{Classifier, Plain, Retry, Seen, Verdict};
pub use failure::{Effect, Failure};
pub use limits::Limits;
pub use redirect::Moved;
pub use request::Request;
pub use retry_after::retry_after;
pub use secret::Secret;
pub use transport::{InProcess, Incoming, Outgoing, Reqwest, ReqwestOptions, Transport};
