//! Users and groups of the directory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cloned_ref_to_slice_refs,
    reason = "tests may panic"
)]

mod graph_common;

use graph_common::{ALICE, BOB, Client, client, ids, names};
use serde_json::{Value, json};

fn people(alice: &Client, count: usize) {
    for at in 0..count {
        alice.graph.set_user(
            &json!({"userPrincipalName": format!("p{at:03}@example.com"), "displayName": format!("Person {at:03}"), "department": "Sales"}),
        );
    }
}

#[test]
fn users_are_listed_in_pages_with_what_comes_by_itself() {
    let alice = client();
    people(&alice, 248);
    let (mut rows, mut at) = (Vec::new(), "/users".to_owned());
    loop {
        let page = alice.get(&at);
        assert!(page.rows().len() <= 100, "{}", page.rows().len());
        rows.extend(page.rows().to_vec());
        match page.body["@odata.nextLink"].as_str() {
            Some(next) => at = next.to_owned(),
            None => break,
        }
    }
    let mut all = ids(&rows);
    all.sort();
    all.dedup();
    assert_eq!((all.len(), rows[0].as_object().unwrap().len()), (250, 11));
    assert_eq!(alice.get("/users?$top=999&$select=id,department").rows().len(), 250);
    assert_eq!(alice.get("/users?$top=1000").status, 400);
    assert_eq!(alice.get("/users?$filter=department%20eq%20'sales'&$top=2&$count=true").body["@odata.count"], 248);
    alice.is_clean();
}

#[test]
fn searches_need_a_consistency_level() {
    let alice = client();
    people(&alice, 3);
    let target = "/users?$search=%22displayName:person%20001%22";
    assert_eq!(alice.get(target).code(), "Request_UnsupportedQuery");
    let found = alice.with("consistencylevel", "eventual").get(target);
    assert_eq!(names(found.rows(), "displayName"), ["Person 001"]);
    assert_eq!(
        (alice.get("/users/$count").status, alice.with("consistencylevel", "eventual").get("/users/$count").bytes),
        (400, "5".into())
    );
}

#[test]
fn a_user_is_found_by_name_and_id_with_manager_and_photo() {
    let alice = client();
    alice.graph.set_user(&json!({"userPrincipalName": BOB, "displayName": "Bob B", "jobTitle": "Boss", "aboutMe": "hi"}));
    alice.graph.set_manager(ALICE, BOB);
    let bob = alice.get(&format!("/users/{BOB}"));
    assert_eq!(bob.id(), alice.get(&format!("/users/{}", bob.id())).id());
    assert_eq!(alice.get("/me").text("userPrincipalName"), ALICE);
    let manager = alice.get("/me/manager?$select=displayName");
    assert_eq!((manager.text("displayName"), manager.text("@odata.type")), ("Bob B".to_owned(), "#microsoft.graph.user".to_owned()));
    assert_eq!(alice.get("/me?$expand=manager($select=id)").body["manager"]["id"], json!(bob.id()));
    assert_eq!(alice.get(&format!("/users/{BOB}/manager")).status, 404);
    assert_eq!(names(alice.get(&format!("/users/{BOB}/directReports")).rows(), "userPrincipalName"), [ALICE]);
    assert_eq!(alice.get(&format!("/users/{BOB}?$select=aboutMe")).text("aboutMe"), "hi");
    assert_eq!(alice.get("/users?$select=aboutMe").status, 501, "of a single user alone");
    assert_eq!(alice.get(&format!("/users/{BOB}/photo/$value")).status, 404);
    alice.graph.set_user_photo(BOB, Some((b"\xff\xd8", "image/jpeg")));
    for photo in ["photo/$value", "photos/48x48/$value"] {
        assert_eq!(alice.get(&format!("/users/{BOB}/{photo}")).bytes.as_ref(), b"\xff\xd8");
    }
    assert_eq!(alice.get(&format!("/users/{BOB}/photos/47x47/$value")).status, 404);
    let nobody = alice.get("/users/nobody@example.com");
    assert_eq!((nobody.status, nobody.code()), (404, "Request_ResourceNotFound"));
    assert_eq!(alice.patch(&format!("/users/{BOB}"), json!({"jobTitle": "x"})).code(), "Authorization_RequestDenied");
    alice.is_clean();
}

#[test]
fn groups_tell_who_is_in_them() {
    let alice = client();
    people(&alice, 3);
    alice.graph.set_group("g1", &["p000@example.com", "p002@example.com", "nobody@example.com"]);
    let members = alice.get("/groups/g1/members?$select=displayName");
    assert_eq!(members.rows().len(), 2);
    assert_eq!(members.rows()[0]["@odata.type"], "#microsoft.graph.user");
    assert_eq!(alice.get("/groups/g1/members/microsoft.graph.user?$top=1").rows().len(), 1);
    assert_eq!(alice.get("/groups/g2/members").status, 404);
    alice.is_clean();
}

#[test]
fn rounds_of_users_follow_what_was_selected_and_live_for_seven_days() {
    let alice = client();
    people(&alice, 2);
    let (rows, link) = alice.round("/users/delta?$select=displayName");
    assert_eq!(rows.len(), 4);
    alice.graph.set_user(&json!({"userPrincipalName": "p000@example.com", "department": "Support"}));
    let (rows, link) = alice.round(&link);
    assert_eq!(rows, [] as [Value; 0], "nobody asked for departments");
    alice.graph.set_user(&json!({"userPrincipalName": "p000@example.com", "displayName": "New"}));
    let gone: Vec<String> = ["p001@example.com", BOB].iter().map(|name| alice.get(&format!("/users/{name}")).id()).collect();
    alice.graph.remove_user("p001@example.com", true);
    alice.graph.remove_user(BOB, false);
    let (rows, link) = alice.round(&link);
    assert_eq!(rows[0]["displayName"], "New");
    assert_eq!(
        rows[1..],
        [json!({"id": gone[0], "@removed": {"reason": "changed"}}), json!({"id": gone[1], "@removed": {"reason": "deleted"}})]
    );
    let latest = alice.get("/users/delta?$deltatoken=latest");
    assert!(latest.rows().is_empty() && latest.body.get("@odata.deltaLink").is_some(), "{}", latest.body);
    alice.hand.forward(7 * 86_400);
    assert_eq!(alice.get(&link).status, 200);
    alice.hand.forward(1);
    assert_eq!((alice.get(&link).status, alice.get(&latest.link()).status), (410, 410));
    assert_eq!(alice.get("/users/delta?$top=5").status, 400);
    let one = alice.get("/me").id();
    assert_eq!(ids(&alice.round(&format!("/users/delta?$filter=id%20eq%20'{one}'")).0), [one]);
    alice.is_clean();
}
