//! Rounds of changes: what they tell, how they page, how they are lost.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cloned_ref_to_slice_refs,
    reason = "tests may panic"
)]

mod graph_common;

use graph_common::{ALICE, Client, client, ids, names};
use pimkit_simulators::{DeltaRules, Fault, FaultPlan, FaultRule, GraphRules};
use serde_json::{Value, json};

const DELTA: &str = "/me/contactFolders/contacts/contacts/delta";

fn contacts(alice: &Client, count: usize) -> Vec<String> {
    (0..count).map(|at| alice.make("/me/contacts", json!({"givenName": format!("c{at}")}))).collect()
}

fn ruled(change: impl FnOnce(&mut DeltaRules)) -> GraphRules {
    let mut rules = GraphRules::default();
    change(&mut rules.delta);
    rules
}

#[test]
fn a_round_tells_all_then_nothing_then_what_has_changed() {
    let alice = client();
    let made = contacts(&alice, 3);
    for spelled in [DELTA, "/me/contacts/delta", "/me/contacts/delta()", "/me/contactFolders('contacts')/contacts/microsoft.graph.delta()"]
    {
        assert_eq!(ids(&alice.round(spelled).0), made, "{spelled}");
    }
    let (_, link) = alice.round(DELTA);
    let (rows, link) = alice.round(&link);
    assert_eq!(rows, [] as [Value; 0]);
    alice.patch(&format!("/me/contacts/{}", made[1]), json!({"surname": "x"}));
    alice.delete(&format!("/me/contacts/{}", made[0]));
    let made_after = contacts(&alice, 1);
    let (rows, link) = alice.round(&link);
    assert_eq!(ids(&rows), [made[1].clone(), made[0].clone(), made_after[0].clone()]);
    assert_eq!((&rows[0]["surname"], &rows[1]["@removed"]), (&json!("x"), &json!({"reason": "deleted"})));
    assert_eq!(alice.round(&link).0, [] as [Value; 0]);
    alice.is_clean();
}

#[test]
fn what_came_and_went_between_two_rounds_is_not_told() {
    let alice = client();
    let (_, link) = alice.round(DELTA);
    let made = contacts(&alice, 1);
    alice.delete(&format!("/me/contacts/{}", made[0]));
    assert_eq!(alice.round(&link).0, [] as [Value; 0]);
}

#[test]
fn pages_are_as_long_as_was_preferred_and_what_changes_meanwhile_comes_in_the_next_round() {
    let alice = client().with("prefer", "odata.maxpagesize=2");
    let made = contacts(&alice, 5);
    let first = alice.get(&format!("{DELTA}?$select=surname"));
    assert_eq!((ids(first.rows()), first.rows()[0].get("givenName")), (made[..2].to_vec(), None));
    alice.patch(&format!("/me/contacts/{}", made[0]), json!({"surname": "x"}));
    alice.delete(&format!("/me/contacts/{}", made[4]));
    let (rest, link) = alice.round(&first.link());
    assert_eq!(ids(&rest), made[2..4]);
    assert!(rest[0].get("givenName").is_none(), "what was selected is remembered");
    let (rows, _) = alice.round(&link);
    assert_eq!(ids(&rows), [made[0].clone(), made[4].clone()]);
}

#[test]
fn an_item_that_moves_leaves_one_folder_and_comes_into_the_other() {
    let alice = client();
    let folder = alice.make("/me/contactFolders", json!({"displayName": "F"}));
    let id = contacts(&alice, 1).remove(0);
    let stays = alice.immutable().get(&format!("/me/contacts/{id}")).id();
    let other = format!("/me/contactFolders/{folder}/contacts/delta");
    let (left, came) = (alice.round(DELTA).1, alice.round(&other).1);
    alice.graph.move_item(ALICE, &stays, &folder);
    let moved = ids(alice.get(&format!("/me/contactFolders/{folder}/contacts")).rows());
    assert_eq!(ids(&alice.round(&left).0), [id.clone()], "under the id that it had");
    assert_eq!((ids(&alice.round(&came).0), moved[0] == id), (moved.clone(), false));
    assert_eq!(ids(&alice.immutable().round(&left).0), [stays.clone()], "tokens are good for both forms");
    assert_eq!(ids(&alice.immutable().round(&came).0), [stays]);
}

#[test]
fn an_item_that_left_and_came_back_can_be_told_as_gone() {
    let alice = client().immutable();
    let folder = alice.make("/me/contactFolders", json!({"displayName": "F"}));
    let id = contacts(&alice, 1).remove(0);
    let (_, link) = alice.round(DELTA);
    alice.graph.move_item(ALICE, &id, &folder);
    alice.graph.move_item(ALICE, &id, "contacts");
    let (rows, _) = alice.round(&link);
    assert!(ids(&rows) == [id.clone()] && rows[0].get("@removed").is_none(), "{rows:?}");
    alice.graph.set_rules(ruled(|delta| delta.forgets_returns = true));
    let (rows, _) = alice.round(&link);
    assert!(ids(&rows) == [id] && rows[0].get("@removed").is_some(), "{rows:?}");
}

#[test]
fn folders_have_rounds_of_their_own_without_the_default_one() {
    let alice = client();
    let (rows, link) = alice.round("/me/contactFolders/delta");
    assert_eq!(rows, [] as [Value; 0]);
    let folder = alice.make("/me/contactFolders", json!({"displayName": "F"}));
    let (rows, link) = alice.round(&link);
    assert_eq!(names(&rows, "displayName"), ["F"]);
    alice.delete(&format!("/me/contactFolders/{folder}"));
    let (rows, _) = alice.round(&link);
    assert_eq!(rows, [json!({"id": folder, "@removed": {"reason": "deleted"}})]);
}

#[test]
fn tokens_are_lost_with_410_and_a_place_to_start_again() {
    let alice = client();
    let made = contacts(&alice, 3);
    let (_, link) = alice.round(DELTA);
    let snapshot = alice.graph.snapshot();
    let paging = alice.with("prefer", "odata.maxpagesize=1").get(DELTA).link();
    alice.graph.expire_tokens();
    for lost in [&link, &paging] {
        let refused = alice.get(lost);
        assert_eq!((refused.status, refused.code()), (410, "SyncStateNotFound"));
        assert_eq!(ids(&alice.round(refused.header("location")).0), made);
    }
    // A restored backup: what was given out after it is lost, what was given out before is not.
    let (_, early) = alice.round(DELTA);
    contacts(&alice, 1);
    let (_, late) = alice.round(DELTA);
    alice.graph.restore(&snapshot);
    assert_eq!((alice.get(&early).status, alice.get(&late).status), (200, 410));
    contacts(&alice, 1);
    assert_eq!((alice.get(&early).rows().len(), alice.get(&late).status), (1, 410));
}

#[test]
fn foreign_tokens_and_options_that_are_not_tracked_are_refused() {
    let alice = client();
    let folder = alice.make("/me/contactFolders", json!({"displayName": "F"}));
    let (_, link) = alice.round(DELTA);
    let token = link.split_once('?').unwrap().1;
    let (first, second) = (token.split_at(20).0, token.split_at(20).1);
    for target in [
        format!("/me/contactFolders/{folder}/contacts/delta?{token}"),
        format!("{DELTA}?$deltatoken=nonsense"),
        format!("{DELTA}?{first}x{second}"),
    ] {
        let refused = alice.get(&target);
        assert_eq!((refused.status, refused.code()), (400, "SyncStateInvalid"), "{target}");
    }
    let bob = Client { token: "bob".to_owned(), ..alice.clone() };
    assert_eq!(bob.get(&format!("{DELTA}?{token}")).status, 400, "another mailbox");
    for option in ["$filter=surname%20eq%20'a'", "$orderby=surname", "$search=a", "$expand=photo"] {
        assert_eq!(alice.get(&format!("{DELTA}?{option}")).status, 400, "{option}");
    }
}

#[test]
fn what_delta_was_seen_to_do_can_be_switched_on() {
    let alice = client();
    let made = contacts(&alice, 2);
    alice.graph.set_rules(ruled(|delta| delta.empty_first_page = true));
    let first = alice.get(DELTA);
    assert!(first.rows().is_empty() && first.body.get("@odata.nextLink").is_some(), "{}", first.body);
    assert_eq!(ids(&alice.round(&first.link()).0), made);
    alice.graph.set_rules(ruled(|delta| delta.tells_twice = true));
    assert_eq!(alice.round(DELTA).0.len(), 4);
    alice.graph.set_rules(ruled(|delta| delta.removed_as_changed = true));
    let (_, link) = alice.round(DELTA);
    alice.delete(&format!("/me/contacts/{}", made[0]));
    assert_eq!(alice.round(&link).0[0]["@removed"]["reason"], "changed");
    alice.graph.set_rules(ruled(|delta| delta.null_value = true));
    let (_, link) = (0, alice.get(&link).link());
    assert_eq!(alice.get(&link).body["value"], Value::Null);
    alice.graph.prune_changes();
    alice.delete(&format!("/me/contacts/{}", made[1]));
    alice.graph.prune_changes();
    assert_eq!(alice.get(&link).body["value"], Value::Null, "silently not told");
}

#[test]
fn faults_lose_tokens_and_show_what_was_before() {
    let alice = client();
    let made = contacts(&alice, 1);
    let (_, link) = alice.round(DELTA);
    let plan = |rule: FaultRule| alice.graph.set_faults(FaultPlan::of([rule]));
    plan(FaultRule::on("GET", Fault::LaggingReads { reports: 1 }).at("delta"));
    alice.patch(&format!("/me/contacts/{}", made[0]), json!({"surname": "x"}));
    assert_eq!(alice.round(&link).0, [] as [Value; 0]);
    plan(FaultRule::on("GET", Fault::NoNextLink));
    assert_eq!(ids(&alice.round(&link).0), made, "nothing was lost");
    plan(FaultRule::always(Fault::ForeignLinks { host: "evil.example".to_owned() }));
    assert!(alice.get(DELTA).link().starts_with("https://evil.example/v1.0/me/"));
    plan(FaultRule::always(Fault::ExpireTokens).times(1));
    assert_eq!((alice.get(&link).status, alice.get(DELTA).status), (410, 200));
    plan(FaultRule::always(Fault::NullValue));
    assert_eq!(alice.get("/me/contacts").body["value"], Value::Null);
}
