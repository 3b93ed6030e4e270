//! The one road of pimkit's connectors to the network. It knows no provider.
//!
//! A connector builds [`Request`]s and reads [`Answer`]s; between them lies its account's [`Road`]:
//!
//! ```text
//! Request ─> sign (Auth) ─> gate (Pace) ─> Transport ─> redirects ─> bounds (Limits) ─> Classifier ─> Answer
//!    ^                                                                                      │
//!    └──────────────── wait (RetryPolicy, Retry-After) <── once more ───────────────────────┘
//! ```
//!
//! - **Credentials** ([`Basic`], [`Bearer`], [`Digest`], [`Password`], or an [`Auth`] of the connector's own) are applied per
//!   try, refreshed once for all who wait, and go only to the account's own domain, over https.
//! - **Redirects** are followed by hand, method and body kept, five at most, never from https to http, and by writes never to
//!   another owner. [`Answer::own`] says whether the account's own hosts answered: only then keep an address, or believe a
//!   listing.
//! - **Again** is decided by a [`Classifier`] and by what a repeat could do: a [`Failure`] says with its [`Effect`] whether the
//!   request never left, was refused, or may have been done. What is not idempotent is never repeated blindly.
//! - **Gates** hold an account's requests to its [`Pace`], and rest all of them while the provider asks for it.
//! - **Bounds** hold for headers, bodies and what is unpacked; a body that was cut off is an error, never a short answer.
//! - **Logs** (`tracing`, target `pimkit_http`) say what an allow-list allows, and no `Debug` here shows a secret.
//! - **The wire** is a trait, [`Transport`]: [`Reqwest`] is the network, [`InProcess`] a function, [`Recorder`] writes fixtures.
//!
//! ```
//! # use pimkit_http::{Basic, Incoming, InProcess, Request, Road, Secret, Transport};
//! # use std::sync::Arc;
//! # async fn ask(home: url::Url, clock: Arc<dyn pimkit_core::Clock>, chance: Arc<dyn pimkit_core::Chance>) -> pimkit_core::Result<()> {
//! let wire: Arc<dyn Transport> = Arc::new(InProcess::new(|_| async { Incoming::status(207) }));
//! let road = Road::builder(wire, clock, chance)
//!     .auth(Arc::new(Basic::new("ines", &Secret::new("app-password"))?))
//!     .home(home.clone())
//!     .build()?;
//! let answer = road.send(Request::new("dav.propfind", "PROPFIND", home)?.header("depth", "0")?).await?;
//! assert_eq!(answer.status, 207);
//! # Ok(()) }
//! ```
//!
//! # What it does not, and why
//!
//! - It keeps no cookies: no provider needs them, and they would tie requests together that are none of each other's business.
//! - It does not pin a request to a connection, as NTLM wants; [`ReqwestOptions::idle_connections`] and
//!   [`Pace::at_once`] of 1 come near.
//! - A proxy's credentials stand in the proxy's address; an account's never answer a proxy's 407.
//! - Inner answers of a batch are not unpacked here.

mod answer;
mod auth;
mod body;
mod classify;
mod date;
mod failure;
mod gate;
mod limits;
mod policy;
mod record;
mod redirect;
mod request;
mod retry_after;
mod road;
mod scope;
mod secret;
mod trace;
mod transport;

pub use answer::{Answer, Opened};
pub use auth::{Auth, Basic, Bearer, Challenge, Digest, Need, Next, Offer, Password, Signed, Signing, Token, TokenSource, target};
pub use body::Body;
pub use classify::{Classifier, Plain, Retry, Seen, Verdict};
pub use date::http_date;
pub use failure::{Effect, Failure};
pub use gate::Pace;
pub use limits::Limits;
pub use policy::RetryPolicy;
pub use record::{Recorder, Redaction, Sanitiser};
pub use redirect::Moved;
pub use request::Request;
pub use retry_after::retry_after;
pub use road::{Road, RoadBuilder};
pub use scope::together;
pub use secret::Secret;
pub use transport::{Broken, InProcess, Incoming, Outgoing, Reqwest, ReqwestOptions, Transport};
