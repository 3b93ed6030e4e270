//! The behaviour suite of all connectors. It says what this one does not have; with the first kind, set a floor and use
//! `suite::run`, which fails on what is failed here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use pimkit_contract::suite;

#[tokio::test]
async fn the_connector_has_no_kind_and_no_floor() {
    let report = suite::observe(&common::Nothing).await;
    println!("behaviour suite over skeleton\n{report}");
    let names = |all: &[(String, String)]| all.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&report.skipped), ["contacts::*", "events::*", "tasks::*"]);
    assert_eq!(names(&report.failed), ["connector::the_floor_is_declared"]);
}

#[tokio::test]
async fn a_request_of_the_callers_own_goes_over_the_accounts_road() {
    let account = common::account();
    for path in ["/items?x=1", "items"] {
        let error = account.request("GET", path, &[], Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), pimkit_core::ErrorKind::Transport, "{path}: {error}");
    }
    assert_eq!(account.request("G ET", "items", &[], Vec::new()).await.unwrap_err().kind(), pimkit_core::ErrorKind::Config);
}
