//! Simulated servers as the program starts them: on loopback, with one account each.

mod graph;
mod load;
mod plan;

pub(crate) use graph::{load_all, serve_graph};
pub(crate) use load::{Loaded, load};
pub(crate) use plan::plan;

use crate::failure::{Failure, Result};
use pimkit_simulators::{Dav, Personality, RootAnswer, Serving, WellKnown};
use std::net::SocketAddr;

/// Every provider that can be simulated.
pub(crate) const PROVIDERS: &[&str] = &["dav", "graph"];

/// The server that the CalDAV and CardDAV simulator behaves like when nothing else is said.
pub(crate) const SERVER: &str = "radicale";

/// The account's user.
pub(crate) const USER: &str = "alice";

/// The account's password: that of a server which nobody but this machine reaches, and which holds samples. It is no secret.
pub(crate) const PASSWORD: &str = "secret";

/// The user at Graph, and the address of the mailbox.
pub(crate) const MAILBOX: &str = "alice@example.com";

/// The token at Graph; as little of a secret as [`PASSWORD`].
pub(crate) const TOKEN: &str = "secret-token";

/// Begins to serve.
///
/// # Errors
/// A failure that says where it could not listen.
pub(crate) async fn serve(dav: &Dav, listen: SocketAddr) -> Result<Serving> {
    dav.serve(listen)
        .await
        .map_err(|e| Failure::machine(format!("{listen}: cannot be listened on: {e}; name another one with --listen 127.0.0.1:PORT")))
}

/// Where discovery starts: the root, unless it leads nowhere and neither do the well-known addresses (Google's calendars).
pub(crate) fn start(personality: &Personality, serving: &Serving) -> String {
    let layout = &personality.layout;
    let nowhere = matches!((&layout.root, &layout.well_known), (RootAnswer::Status(_), WellKnown::Status(_)));
    let path = if nowhere { layout.context.replace("{user}", USER) } else { String::new() };
    format!("{}{}", serving.base_url(), path.trim_start_matches('/'))
}
