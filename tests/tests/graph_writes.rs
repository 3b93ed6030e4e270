//! What becomes of writes that meet trouble at Microsoft Graph, and of an account with which something is wrong: each comes to a typed
//! result, is done once, and nothing is lost or deleted for it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod graph;

use graph::{
    ALICE, Kit, Thing,
    rest::{EACH, at_rest, healed, known},
    retold, served,
    table::Table,
};
use pimkit::{Contact, ErrorKind, Event, Kind, Task};
use pimkit_simulators::{Fault, FaultRule, Trouble};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// One of each sort of write is pending.
fn pending<R: Thing>() -> Kit {
    let mut kit = at_rest::<R>();
    kit.make(R::nth(50));
    let names: Vec<String> = kit.here::<R>().into_keys().filter(|name| name.contains("App")).collect();
    let [(field, ours, _), _] = R::edits();
    kit.edit::<R>(&names[0], field, ours);
    kit.delete::<R>(&names[1]);
    kit.strict = false;
    kit
}

/// What was pending is done once.
fn all_done<R: Thing>(kit: &Kit, what: &str) {
    for _ in 0..3 {
        kit.clock.advance(Duration::from_secs(24 * 3600));
        let _ = kit.try_run::<R>();
    }
    kit.free();
    kit.clock.advance(Duration::from_secs(24 * 3600));
    kit.run::<R>();
    kit.run::<R>();
    kit.rests::<R>(what);
    let [here, there] = kit.names::<R>();
    assert_eq!(here, there, "{what}");
    assert_eq!(here.len(), 2 * EACH, "{what}: {here:?}");
    let [(field, ours, _), _] = R::edits();
    let edited = kit.there::<R>().into_values().filter(|stored| stored.record.get(field) == Some(ours.clone())).count();
    assert_eq!(edited, 1, "{what}: the edit");
    kit.silent(what);
}

fn writes_in_trouble<R: Thing>() {
    let status = |code: u16, retry: Option<&str>| Fault::Status { code, retry_after: retry.map(str::to_owned), body: String::new() };
    let mut rules: Vec<(String, FaultRule)> = Vec::new();
    // Tasks have no deletion but DELETE; what can be put into Deleted Items is deleted for good by an action.
    let deletion = if R::KIND == Kind::Task { ("DELETE", "/me/") } else { ("POST", "permanentDelete") };
    for (method, at) in [("POST", "/me/"), ("PATCH", "/me/"), deletion] {
        let on = |fault: Fault, times: u64| FaultRule::on(method, fault).at(at).times(times);
        for code in [500, 502, 503, 504] {
            rules.push((format!("{code} after a {method} of {at} that was done"), on(Fault::StatusAfter { code }, 1)));
            rules.push((format!("{code} after three {method} of {at}, done"), on(Fault::StatusAfter { code }, 3)));
        }
        rules.push((format!("a reset after a {method} that was done"), FaultRule::on(method, Fault::ResetAfter).times(1)));
        for code in [400, 403, 404, 409, 412, 423, 424, 429, 503, 507] {
            rules.push((format!("{code} to a {method} of {at}"), on(status(code, None), 1)));
        }
    }
    let mut table = Table::default();
    for (name, rule) in rules {
        let what = format!("{}: {name}", R::KIND.plural());
        table.row(&what.clone(), || {
            let kit = pending::<R>();
            kit.fault([rule]);
            let _ = kit.try_run::<R>();
            assert!(kit.simulator.requests().iter().any(|seen| seen.status >= 400 || seen.status == 0), "{what}: nothing was troubled");
            all_done::<R>(&kit, &what);
        });
    }
}

#[test]
fn writes_of_contacts_that_meet_trouble_are_done_once() {
    writes_in_trouble::<Contact>();
}

#[test]
fn writes_of_events_that_meet_trouble_are_done_once() {
    writes_in_trouble::<Event>();
}

#[test]
fn writes_of_tasks_that_meet_trouble_are_done_once() {
    writes_in_trouble::<Task>();
}

/// Answers within a batch come in another order, some of them refused and some lost.
#[test]
fn mixed_answers_of_batches_out_of_order_lose_and_double_nothing() {
    fn play<R: Thing>() {
        let mut kit = Kit::default();
        for n in 0..25 {
            kit.make(R::nth(n));
            kit.put(&R::path(&kit), &R::other(n));
        }
        kit.strict = false;
        let refused = |code, retry: &str| Fault::Status { code, retry_after: Some(retry.to_owned()), body: String::new() };
        kit.fault([
            FaultRule::always(refused(429, "1.5")).at("/me/").every(5),
            FaultRule::always(refused(503, "2")).at("/me/").every(7),
            FaultRule::on("POST", Fault::StatusAfter { code: 504 }).at("/me/").every(11),
        ]);
        let reordered = Arc::new(AtomicUsize::new(0));
        let count = reordered.clone();
        kit.stand_between(move |request, simulator| {
            retold(served(simulator, request), |answer| {
                if let Some(Value::Array(all)) = answer.get_mut("responses") {
                    all.reverse();
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        for _ in 0..4 {
            let _ = kit.try_run::<R>();
            kit.clock.advance(Duration::from_secs(24 * 3600));
        }
        kit.free();
        kit.run::<R>();
        kit.run::<R>();
        kit.rests::<R>("after the storm");
        let [here, there] = kit.names::<R>();
        assert_eq!((here.len(), &here), (50, &there), "{}", R::KIND.plural());
        if R::KIND != Kind::Event {
            assert!(reordered.load(Ordering::Relaxed) > 2, "{}: no batch was met", R::KIND.plural());
        }
        kit.silent(R::KIND.plural());
    }
    play::<Contact>();
    play::<Event>();
    play::<Task>();
}

#[test]
fn the_time_to_wait_is_understood_however_it_is_said() {
    let mut table = Table::default();
    let date = "Thu, 01 Jan 2026 00:00:09 GMT";
    for (said, least, most) in [
        (Some("7"), 7, 60),
        (Some("2.128"), 2, 60),
        (Some("0"), 0, 60),
        (Some(date), 0, 3700),
        (Some("Wed, 21 Oct 2015 07:28:00 GMT"), 0, 60),
        (Some("soon"), 0, 60),
        (Some("-5"), 0, 60),
        (Some(""), 0, 60),
        (None, 0, 60),
    ] {
        let what = format!("Retry-After {said:?}");
        table.row(&what.clone(), || {
            let kit = pending::<Contact>();
            let refused = Fault::Status { code: 429, retry_after: said.map(str::to_owned), body: String::new() };
            kit.fault([FaultRule::always(refused).times(2)]);
            let before = kit.clock.slept();
            kit.run::<Contact>();
            let waited = (kit.clock.slept() - before).as_secs();
            assert!((least..=most).contains(&waited), "{what}: waited {waited} s");
            all_done::<Contact>(&kit, &what);
        });
    }
}

// ---- what is wrong with the account ----

/// What an account's trouble is called, as it is answered.
fn account_troubles() -> Vec<(&'static str, ErrorKind, u16, Value)> {
    let said = |code: &str, message: &str| json!({"error": {"code": code, "message": message}});
    use ErrorKind::{PermissionDenied, Unauthenticated, Unavailable};
    vec![
        (
            "mailbox_missing",
            Unavailable,
            404,
            said("MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is hosted on-premise."),
        ),
        ("mailbox_missing", Unavailable, 404, said("ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it.")),
        ("licence_gone", Unavailable, 403, said("ErrorInvalidLicense", "x")),
        ("licence_gone", Unavailable, 400, said("BadRequest", "Tenant does not have a valid license.")),
        (
            "consent_missing",
            PermissionDenied,
            403,
            said("Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
        ),
        ("consent_missing", PermissionDenied, 403, said("AccessDenied", "Either scp or roles claim need to be present in the token.")),
        ("account_disabled", Unauthenticated, 401, said("x", "AADSTS50057: The user account is disabled.")),
        ("account_disabled", Unauthenticated, 403, said("ErrorAccountDisabled", "x")),
        ("conditional_access", Unauthenticated, 401, said("x", "AADSTS53003: Access has been blocked by Conditional Access policies.")),
        ("mailbox_moving", Unavailable, 503, said("ErrorMailboxMoveInProgress", "x")),
        ("mailbox_moving", Unavailable, 503, said("MailboxInfoStale", "Mailbox info is stale.")),
        ("mailbox_on_hold", Unavailable, 403, said("ErrorAccountSuspend", "x")),
        (
            "mailbox_out_of_scope",
            PermissionDenied,
            403,
            said("ErrorAccessDenied", "Access to OData is disabled: blocked by tenant configured AppAccessPolicy settings."),
        ),
    ]
}

#[test]
fn what_is_wrong_with_an_account_is_told_as_what_it_is_and_nothing_is_gone() {
    fn play<R: Thing>(table: &mut Table) {
        for (word, kind, status, body) in account_troubles() {
            let what = format!("{}: {word} by {status} {body}", R::KIND.plural());
            table.row(&what.clone(), || {
                let kit = pending::<R>();
                kit.fault([FaultRule::always(Fault::Status { code: status, retry_after: None, body: body.to_string() })]);
                let far = R::repository(&*kit.graph).unwrap();
                let error = futures::executor::block_on(far.collections()).unwrap_err();
                let trouble = error.context().iter().find(|(key, _)| *key == "trouble").map(|(_, value)| value.to_string());
                assert_eq!((error.kind(), trouble.as_deref()), (kind, Some(word)), "{what}: {error}");
                let [here, there] = [kit.here::<R>().len(), kit.simulator.list(ALICE, &R::path(&kit)).len()];
                for _ in 0..3 {
                    match kit.try_run::<R>() {
                        Ok(report) => {
                            let sync = &report.sync;
                            assert_ne!(sync.verdict().exit_code(), 0, "{what}: {sync:?}");
                            assert_eq!(sync.writes(), 0, "{what}: {sync:?}");
                        }
                        Err(error) => assert_eq!(error.kind(), kind, "{what}: {error}"),
                    }
                }
                assert_eq!([kit.here::<R>().len(), kit.simulator.list(ALICE, &R::path(&kit)).len()], [here, there], "{what}");
                kit.free();
                all_done::<R>(&kit, &what);
            });
        }
    }
    let mut table = Table::default();
    play::<Contact>(&mut table);
    play::<Event>(&mut table);
    play::<Task>(&mut table);
}

#[test]
fn a_mailbox_that_goes_away_and_comes_back_has_lost_nothing() {
    fn play<R: Thing>(table: &mut Table) {
        for trouble in [Trouble::NotHere, Trouble::Disabled, Trouble::Moving, Trouble::Denied] {
            let what = format!("{}: {trouble:?}", R::KIND.plural());
            table.row(&what.clone(), || {
                let kit = at_rest::<R>();
                let before = known::<R>(&kit);
                assert!(kit.simulator.set_trouble(ALICE, Some(trouble)));
                for _ in 0..3 {
                    if let Ok(report) = kit.try_run::<R>() {
                        assert_eq!(report.sync.writes(), 0, "{what}: {:?}", report.sync);
                        assert_ne!(report.sync.verdict().exit_code(), 0, "{what}: {:?}", report.sync);
                    }
                }
                assert_eq!(known::<R>(&kit), before, "{what}");
                assert!(kit.simulator.set_trouble(ALICE, None));
                healed::<R>(&kit, &before, &what);
            });
        }
    }
    let mut table = Table::default();
    play::<Contact>(&mut table);
    play::<Event>(&mut table);
    play::<Task>(&mut table);
}
