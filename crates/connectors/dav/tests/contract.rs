//! The behaviour suite of all connectors, on DAV servers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::{
    Real,
    servers::{Kept, Server},
};
use pimkit_contract::{FakeClock, suite};

#[tokio::test]
async fn the_suite_holds_on_a_real_radicale() {
    let Some(server) = Server::start(Kept::Radicale, "the suite") else { return };
    suite::run(&Real { server, clock: FakeClock::default() }).await;
}

#[tokio::test]
async fn the_suite_holds_on_a_real_xandikos() {
    let Some(server) = Server::start(Kept::Xandikos, "the suite") else { return };
    suite::run(&Real { server, clock: FakeClock::default() }).await;
}
