//! What is wrong with a whole account is said as such, and never taken for items that are gone.

use crate::{
    common::{ALICE, Account, ROOT, open},
    kit::{create, person, status, trouble},
};
use pimkit_contract::SeededChance;
use pimkit_core::{Connector, ErrorKind, Fetched, Outcome, Position};
use pimkit_graph::{Config, Graph};
use pimkit_http::{Bearer, Secret};
use pimkit_simulators::{FaultRule, Trouble};
use std::sync::Arc;

#[tokio::test]
async fn each_trouble_of_a_mailbox_is_its_own_and_nothing_is_gone() {
    for (what, kind, word) in [
        (Trouble::NotHere, ErrorKind::Unavailable, Some("mailbox_missing")),
        (Trouble::Disabled, ErrorKind::Unauthenticated, Some("account_disabled")),
        (Trouble::Moving, ErrorKind::Unavailable, Some("mailbox_moving")),
        (Trouble::Denied, ErrorKind::PermissionDenied, None),
    ] {
        let account = Account::default();
        let made = account.make("m", &person("Ada")).await;
        let (_, cursor, _) = account.round(Position::Start).await.unwrap();
        account.simulator.set_trouble(ALICE, Some(what));
        for error in [account.items().collections().await.unwrap_err(), account.round(Position::Since(&cursor)).await.unwrap_err()] {
            assert_eq!((error.kind(), trouble(&error)), (kind, word), "{what:?}: {error}");
        }
        let answer = account.fetch(&made.id).await;
        assert!(matches!(answer, Fetched::Failed(_) | Fetched::Hidden), "{what:?}: {answer:?}");
        let outcome = account.write(create("n", &person("Bob"))).await;
        assert!(matches!(outcome, Outcome::Refused(_) | Outcome::Unknown(_)), "{what:?}: {outcome:?}");
        account.simulator.set_trouble(ALICE, None);
        assert!(matches!(account.fetch(&made.id).await, Fetched::Found(_)));
    }
}

#[tokio::test]
async fn a_full_mailbox_is_read_and_not_written() {
    let account = Account::default();
    let made = account.make("m", &person("Ada")).await;
    account.simulator.set_trouble(ALICE, Some(Trouble::Full));
    assert!(matches!(account.fetch(&made.id).await, Fetched::Found(_)));
    let outcome = account.write(create("n", &person("Bob"))).await;
    assert!(matches!(&outcome, Outcome::Refused(error) if trouble(error) == Some("mailbox_full")), "{outcome:?}");
}

#[tokio::test]
async fn refusals_that_are_about_the_sign_in_say_so() {
    for (code, body, kind, word) in [
        (
            403,
            r#"{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges"}}"#,
            ErrorKind::PermissionDenied,
            Some("consent_missing"),
        ),
        (403, r#"{"error":{"code":"ErrorAccountSuspend","message":"x"}}"#, ErrorKind::Unavailable, Some("mailbox_on_hold")),
        (403, r#"{"error":{"code":"ErrorInvalidLicense","message":"x"}}"#, ErrorKind::Unavailable, Some("licence_gone")),
        (
            401,
            r#"{"error":{"code":"x","message":"AADSTS53003: blocked by Conditional Access"}}"#,
            ErrorKind::Unauthenticated,
            Some("conditional_access"),
        ),
        (
            404,
            r#"{"error":{"code":"ResourceNotFound","message":"Resource could not be discovered."}}"#,
            ErrorKind::Unavailable,
            Some("mailbox_missing"),
        ),
        (404, r#"{"error":{"code":"ErrorInvalidUser","message":"x"}}"#, ErrorKind::Unavailable, Some("mailbox_missing")),
        (403, r#"{"error":{"code":"extensionError","message":"x"}}"#, ErrorKind::Unavailable, Some("mailbox_unreachable")),
        (401, r#"{"error":{"code":"InvalidAuthenticationToken","message":"expired"}}"#, ErrorKind::Unauthenticated, None),
    ] {
        let account = Account::default();
        account.fault(vec![FaultRule::always(status(code, body))]);
        let error = account.items().collections().await.unwrap_err();
        assert_eq!((error.kind(), trouble(&error)), (kind, word), "{body}: {error}");
    }
}

#[tokio::test]
async fn a_mailbox_of_somebody_who_did_not_share_it_is_not_allowed() {
    let account = Account::default();
    let other = open(Config::new(ROOT).mailbox("bob@example.com"), account.wire.clone(), &account.clock);
    let error = other.contacts().unwrap().collections().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::Unavailable | ErrorKind::CollectionGone), "{error}");
}

/// A burst of refusals ends, and nothing is lost or there twice.
#[tokio::test]
async fn storms_of_refusals_lose_and_double_nothing() {
    let account = Account::default();
    let refuse = pimkit_simulators::Fault::Status { code: 429, retry_after: Some("0.7".to_owned()), body: String::new() };
    account.fault(vec![FaultRule::always(refuse).probability(0.25)]);
    let writes: Vec<_> = (0..60).map(|n| create(&format!("m-{n}"), &person(&format!("P{n}")))).collect();
    let outcomes = account.items().write(&crate::kit::HOME, writes, &Default::default()).await;
    let written = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Written { .. })).count();
    let refused = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Refused(e) if e.kind() == ErrorKind::RateLimited)).count();
    assert_eq!(written + refused, 60);
    account.fault(Vec::new());
    assert_eq!(account.count(), written);
    assert!(written >= 55, "{written}");
    assert!(account.clock.slept().as_secs() >= 1);
}

#[tokio::test]
async fn who_the_mailbox_is_of_is_asked_once_where_nobody_says() {
    let account = Account::default();
    let known = account.graph.account().await.unwrap();
    assert_eq!((known.addresses, account.wire.count()), (vec![ALICE.to_owned()], 0), "the configuration says it");
    let opening = Graph::builder(Config::new(ROOT), account.wire.clone(), Arc::new(account.clock.clone()), Arc::new(SeededChance::new(1)));
    let other = opening.auth(Arc::new(Bearer::fixed(Secret::new("token")))).open().unwrap();
    for _ in 0..2 {
        assert_eq!(other.account().await.unwrap().addresses, [ALICE]);
    }
    assert_eq!(account.wire.count(), 1);
}
