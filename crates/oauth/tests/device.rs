//! Device code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::{
    Set,
    authority::{Authority, Fault, fault},
    set,
};
use pimkit_core::{Error, ErrorKind};
use pimkit_oauth::{Cause, Granted, Refusal};
use std::time::Duration;

async fn signed_in(set: &Set) -> Result<Granted, Error> {
    let device = set.app.device().await.unwrap();
    assert_eq!((device.user_code(), device.verification_uri()), ("ABCD-EFGH", "https://login.example.com/link"));
    set.app.poll(&device).await
}

fn waiting(waits: &[&'static str]) -> Set {
    set(Authority { waits: waits.to_vec(), ..Authority::default() })
}

#[tokio::test]
async fn a_device_asks_at_the_pace_that_it_is_told() {
    for (interval, waits, slept) in [
        (None, &["authorization_pending"][..], &[5][..]),
        (Some(2), &["authorization_pending", "authorization_pending"], &[2, 2]),
        (Some(5), &["authorization_pending", "slow_down", "authorization_pending", "slow_down"], &[5, 10, 10, 15]),
        (Some(5), &[], &[]),
    ] {
        let set = waiting(waits);
        if let Some(interval) = interval {
            set.authority.set_interval(interval);
        }
        let granted = signed_in(&set).await.unwrap();
        assert!(set.authority.opens(granted.access.expose()) && granted.refresh.is_some());
        assert_eq!(set.hands.slept(), slept, "{waits:?}");
    }
}

#[tokio::test]
async fn claims_go_along_with_both_questions_of_a_device() {
    let set = waiting(&["authorization_pending"]);
    let device = set.app.device_for(Some("{\"access_token\":{}}")).await.unwrap();
    set.app.poll(&device).await.unwrap();
    let asked: Vec<Option<String>> = set.authority.requests().into_iter().map(|(_, form)| form.get("claims").cloned()).collect();
    assert_eq!(asked, vec![Some("{\"access_token\":{}}".to_owned()); 3]);
    assert!(signed_in(&set).await.is_ok());
    assert!(set.authority.requests().iter().skip(3).all(|(_, form)| !form.contains_key("claims")));
}

#[tokio::test]
async fn a_user_or_provider_who_says_no_ends_the_asking() {
    for (word, cause) in [
        ("access_denied", Cause::Declined),
        ("authorization_declined", Cause::Declined),
        ("expired_token", Cause::Expired),
        ("bad_verification_code", Cause::Expired),
        ("invalid_grant", Cause::SignIn),
    ] {
        let set = waiting(&["authorization_pending", word]);
        let error = signed_in(&set).await.unwrap_err();
        assert_eq!(Refusal::of(&error).unwrap().cause, cause, "{word}");
        assert_eq!(set.hands.slept(), [5], "{word}");
        assert!(!format!("{error:?}").contains("device-"), "{error:?}");
    }
}

#[tokio::test]
async fn codes_that_run_out_end_the_asking() {
    let set = waiting(&["authorization_pending"; 400]);
    let error = signed_in(&set).await.unwrap_err();
    assert_eq!((Refusal::of(&error).unwrap().cause, error.kind()), (Cause::Expired, ErrorKind::Unauthenticated));
    // 900 seconds, every five.
    assert!((900..=910).contains(&set.hands.slept().iter().sum::<u64>()));
}

#[tokio::test]
async fn codes_that_ran_out_before_are_asked_about_no_more_than_once() {
    let set = waiting(&["authorization_pending"; 9]);
    let device = set.app.device().await.unwrap();
    set.hands.advance(Duration::from_secs(901));
    let error = set.app.poll(&device).await.unwrap_err();
    assert_eq!(Refusal::of(&error).unwrap().cause, Cause::Expired);
    assert!(set.authority.requests().len() <= 2);
}

#[tokio::test]
async fn trouble_of_the_provider_is_waited_out_and_its_wish_kept() {
    let set = waiting(&["authorization_pending"]);
    let device = set.app.device().await.unwrap();
    let busy = || Fault { headers: vec![("retry-after", "120")], ..fault(429, "slow down") };
    set.authority.fail(busy());
    set.authority.fail(fault(503, ""));
    let granted = set.app.poll(&device).await.unwrap();
    assert!(set.authority.opens(granted.access.expose()));
    assert!(set.hands.slept().contains(&120), "{:?}", set.hands.slept());
}

#[tokio::test]
async fn what_will_not_get_better_ends_the_asking() {
    let set = waiting(&[]);
    let device = set.app.device().await.unwrap();
    set.authority.fail(fault(407, ""));
    let error = set.app.poll(&device).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("proxy"), "{error}");
    assert_eq!(set.hands.slept(), [] as [u64; 0]);
    // A page for people is no answer, and none to wait on.
    let device = set.app.device().await.unwrap();
    set.authority.fail(Fault { headers: vec![("content-type", "text/html")], ..fault(200, "<html>hunter2") });
    let error = set.app.poll(&device).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_provider_without_device_codes_says_so() {
    let mut provider = common::provider();
    provider.device = None;
    let set = common::with(Authority::default(), provider, None);
    assert_eq!(set.app.device().await.unwrap_err().kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn neither_code_is_in_a_debug() {
    let set = waiting(&[]);
    let device = set.app.device().await.unwrap();
    let granted = set.app.poll(&device).await.unwrap();
    let text = format!("{device:?} {granted:?} {:?} {:?}", set.app, set.app.keep(&granted).unwrap());
    for secret in ["device-", "ABCD", "access-", "refresh-"] {
        assert!(!text.contains(secret), "{text}");
    }
}
