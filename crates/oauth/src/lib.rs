//! Sign-in with OAuth 2 (RFC 6749): how an account gets its access tokens, and keeps getting them.
//!
//! A [`Provider`] says as data where a provider's endpoints are and what its words mean; [`microsoft`] has those of Microsoft
//! and of its national clouds. An [`App`] is a client that is registered there, on the host's wire. It signs in by
//!
//! - **device code** (RFC 8628): [`App::device`], then [`App::poll`];
//! - **authorization code with PKCE** (RFC 7636) on this machine (RFC 8252): a [`Listener`], [`App::authorize`], and
//!   [`App::exchange`] with what [`Listener::receive`] brought;
//! - **client credentials**, for an app that acts in its own name: [`App::own`].
//!
//! What is granted is [`Kept`] in a [`Store`]; [`FileStore`] is a folder of files that only their owner reads. From then on
//! [`Refreshing`] (or [`AppOnly`]) is where access tokens come from, and [`SignedIn`] the [`Auth`](pimkit_http::Auth) over it
//! that a road takes: one refresh for all who wait, one forced refresh after a 401.
//!
//! ```
//! # use pimkit_http::{Auth, Transport};
//! # use pimkit_oauth::{App, FileStore, Refreshing, SignedIn, Store, microsoft};
//! # use std::sync::Arc;
//! # fn open(wire: Arc<dyn Transport>, clock: Arc<dyn pimkit_core::Clock>, chance: Arc<dyn pimkit_core::Chance>) -> pimkit_core::Result<Arc<dyn Auth>> {
//! let provider = microsoft::provider(&microsoft::GLOBAL.authority()?, "organizations", &microsoft::GLOBAL.root()?)?;
//! let app = App::new(provider, "00000000-1111-2222-3333-444444444444", None, wire, clock, chance)?;
//! let store: Arc<dyn Store> = Arc::new(FileStore::new("tokens"));
//! Ok(Arc::new(SignedIn::new(Arc::new(Refreshing::new(app, store, "work")))))
//! # }
//! ```
//!
//! # Behavior
//!
//! - What a token endpoint refuses is an error whose source is a [`Refusal`]: which [`Cause`] it has, and what the user must do.
//! - A 429 or 5xx of an endpoint is told from a refusal, and keeps its status and its Retry-After.
//! - A refresh token that was rotated is stored before the access token beside it is used. It goes to the endpoint and under
//!   the client that it was granted by, and to no other.
//! - What a provider or a server wants of the next sign-in (claims) is kept beside it ([`Store::claims`]), for whoever signs in next.
//! - No secret is in any `Debug`, error or log; what providers say in prose is not shown either, as it names people.
//! - Time and chance are the host's: nothing here expires but by its clock.
//!
//! # What it does not, and why
//!
//! - Client assertions (certificates) and tokens of service accounts: they need signatures that no flow here has.
//! - It does not open a browser: how that is done is the host's business.
//! - It does not read id tokens: who signed in is asked of the provider's own interface.

mod app;
mod code;
mod device;
mod granted;
mod listener;
pub mod microsoft;
mod pages;
mod provider;
mod refusal;
mod signed_in;
mod source;
mod store;
mod wire;

pub use app::App;
pub use code::Authorization;
pub use device::Device;
pub use granted::Granted;
pub use listener::{Arrived, Listener, Page};
pub use provider::{Provider, RedirectHost};
pub use refusal::{Cause, Refusal};
pub use signed_in::SignedIn;
pub use source::{AppOnly, Refreshing};
pub use store::{FileStore, Kept, Store};
