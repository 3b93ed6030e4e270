//! The frame of every request: tokens, addressing, preferences, errors, options of queries.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cloned_ref_to_slice_refs,
    reason = "tests may panic"
)]

mod graph_common;

use graph_common::{ALICE, BOB, Client, PROPERTY, built, client, names};
use pimkit_simulators::Trouble;
use serde_json::json;

fn as_(client: &Client, token: &str) -> Client {
    Client { token: token.to_owned(), ..client.clone() }
}

#[test]
fn nobody_is_let_in_without_a_token() {
    let alice = client();
    for token in ["", "wrong"] {
        let refused = as_(&alice, token).get("/me/contacts");
        assert_eq!((refused.status, refused.code()), (401, "InvalidAuthenticationToken"));
        assert!(refused.header("www-authenticate").starts_with("Bearer"));
    }
    alice.graph.revoke("alice");
    assert_eq!(alice.get("/me/contacts").status, 401);
}

#[test]
fn mailboxes_are_addressed_by_me_and_by_name_and_by_id() {
    let alice = client();
    alice.make("/me/contacts", json!({"givenName": "A"}));
    let app = as_(&alice, "app");
    assert_eq!(app.get("/me/contacts").status, 400, "there is no me without a user");
    assert_eq!(app.get(&format!("/users/{ALICE}/contacts")).rows().len(), 1);
    assert_eq!(app.get(&format!("/users('{}')/contacts", "ALICE@example.com")).rows().len(), 1);
    assert_eq!(app.get("/users/nobody@example.com/contacts").code(), "ErrorInvalidUser");
    let other = alice.get(&format!("/users/{BOB}/contacts"));
    assert_eq!((other.status, other.code()), (403, "ErrorAccessDenied"));
    alice.graph.share(BOB, ALICE, true);
    assert_eq!(alice.get(&format!("/users/{BOB}/contacts")).status, 200);
}

#[test]
fn permissions_are_of_ones_own_of_what_is_shared_and_of_everybody() {
    let alice = client();
    alice.graph.share(BOB, ALICE, true);
    for (scope, own, shared, users) in [
        ("Contacts.Read", 200, 403, 403),
        ("Contacts.ReadWrite", 200, 403, 403),
        ("Contacts.Read.Shared", 200, 200, 403),
        ("User.Read", 403, 403, 403),
        ("User.ReadBasic.All", 403, 403, 200),
    ] {
        alice.graph.let_in("limited", ALICE, Some(&[scope]));
        let limited = as_(&alice, "limited");
        let others = format!("/users/{BOB}/contacts");
        let statuses = ["/me/contacts", others.as_str(), "/users"].map(|path| limited.get(path).status);
        assert_eq!(statuses, [own, shared, users], "{scope}");
        assert_eq!(limited.get("/me").status, 200, "{scope}");
    }
}

#[test]
fn a_demand_of_the_organisation_is_met_by_tokens_of_after_it() {
    let alice = client();
    alice.graph.demand("contacts", "{\"access_token\":{}}");
    let refused = alice.get("/me/contacts");
    assert_eq!((refused.status, refused.code()), (401, "InvalidAuthenticationToken"));
    let challenge = refused.header("www-authenticate").to_owned();
    assert!(challenge.contains("error=\"insufficient_claims\", claims=\"eyJhY2Nlc3NfdG9rZW4iOnt9fQ==\""), "{challenge}");
    let inside = alice.post("/$batch", json!({"requests": [{"id": "1", "method": "GET", "url": "/me/contacts"}]}));
    let answer = &inside.body["responses"][0];
    assert_eq!((inside.status, &answer["status"], answer["headers"]["www-authenticate"].is_string()), (200, &json!(401), true));
    assert_eq!(alice.get("/me/events").status, 200, "elsewhere nothing more is wanted");
    alice.graph.let_in("later", ALICE, None);
    assert_eq!(as_(&alice, "later").get("/me/contacts").status, 200);
}

#[test]
fn errors_have_the_shape_of_graph_and_echo_the_clients_id() {
    let alice = client().with("client-request-id", "11111111-1111-1111-1111-111111111111");
    let refused = alice.get("/me/contacts/AAMkAGVmMDEz");
    assert_eq!((refused.status, refused.code()), (400, "ErrorInvalidIdMalformed"));
    let inner = &refused.body["error"]["innerError"];
    assert_eq!(inner["client-request-id"], "11111111-1111-1111-1111-111111111111");
    assert!(inner["request-id"].is_string() && inner["date"].is_string());
    assert_eq!(refused.header("client-request-id"), "11111111-1111-1111-1111-111111111111");
    assert!(!refused.header("request-id").is_empty());
    assert_eq!(alice.graph.requests()[0].client_request_id.as_deref(), Some("11111111-1111-1111-1111-111111111111"));
}

#[test]
fn what_v1_does_not_have_is_refused_and_told_as_a_violation() {
    let alice = client();
    let id = alice.make("/me/contacts", json!({"givenName": "A"}));
    alice.is_clean();
    let table = [
        ("GET", "/me/kontakte".to_owned(), None, "BadRequest"),
        ("GET", "/me/contacts?$select=phones".to_owned(), None, "RequestBroker--ParseUri"),
        ("GET", "/me/contacts?$selct=id".to_owned(), None, "BadRequest"),
        ("GET", "/me/contacts?$filter=phones eq 'x'".replace(' ', "%20"), None, "BadRequest"),
        ("POST", "/me/contacts".to_owned(), Some(json!({"phones": []})), "RequestBodyRead"),
        ("POST", "/me/contacts".to_owned(), Some(json!({"surname": 5})), "RequestBodyRead"),
        ("PATCH", "/me/contacts".to_owned(), Some(json!({"surname": "x"})), "ErrorInvalidRequest"),
        ("PUT", format!("/me/contacts/{id}"), Some(json!({"surname": "x"})), "ErrorInvalidRequest"),
    ];
    for (at, (method, target, body, code)) in table.into_iter().enumerate() {
        let refused = alice.ask(method, &target, body);
        assert!(matches!(refused.status, 400 | 405) && refused.code() == code, "{method} {target}: {}", refused.body);
        let told = alice.graph.violations();
        assert!(told.len() == at + 1 && !told[at].in_answer && !told[at].path.contains(&id), "{method} {target}: {told:?}");
    }
    assert_eq!(alice.send(&alice.request("POST", "/me/contacts", "{}", "text/plain")).unwrap().status, 415);
    let beta = alice.send(&alice.request("GET", "http://localhost/beta/me/contacts", "", ""));
    assert_eq!(beta.unwrap().status, 400);
}

#[test]
fn every_item_has_an_id_that_stays_and_one_that_does_not() {
    let alice = client();
    let made = alice.make("/me/contacts", json!({"givenName": "A"}));
    let stays = alice.immutable().get(&format!("/me/contacts/{made}")).id();
    assert_eq!((made.len(), stays.len()), (152, 72));
    assert_eq!(alice.get(&format!("/me/contacts/{stays}")).id(), made);
    let folder = alice.make("/me/contactFolders", json!({"displayName": "F"}));
    assert_eq!(alice.immutable().get(&format!("/me/contactFolders/{folder}")).id(), folder, "containers have one");
    assert!(alice.graph.move_item(ALICE, &stays, &folder));
    assert_eq!(alice.get(&format!("/me/contacts/{made}")).code(), "ErrorItemNotFound");
    assert_eq!(alice.immutable().get(&format!("/me/contacts/{stays}")).text("parentFolderId"), folder);
    assert_eq!(as_(&alice, "bob").get(&format!("/me/contacts/{stays}")).status, 404, "an id of another mailbox finds nothing");
    let echoed = alice.immutable().get("/me/contacts");
    assert_eq!(echoed.header("preference-applied"), "IdType=\"ImmutableId\"");
}

#[test]
fn listings_are_selected_filtered_ordered_and_paged() {
    let alice = client();
    for (given, surname) in [("Ada", "Byron"), ("Bo", "Ek"), ("Cy", "Byron")] {
        alice.make("/me/contacts", json!({"givenName": given, "surname": surname, "categories": [surname]}));
    }
    let page = alice.get("/me/contacts?$select=givenName&$orderby=givenName%20desc&$top=2&$count=true");
    assert_eq!((names(page.rows(), "givenName"), &page.body["@odata.count"]), (vec!["Cy".to_owned(), "Bo".to_owned()], &json!(3)));
    let keys: Vec<&String> = page.rows()[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["@odata.etag", "givenName", "id"]);
    let rest = alice.get(&page.link());
    assert!(names(rest.rows(), "givenName") == ["Ada"] && rest.body.get("@odata.nextLink").is_none(), "{}", rest.body);
    let byrons = alice.get("/me/contacts?filter=surname%20eq%20'byron'%20and%20categories/any(c:c%20eq%20'Byron')&top=1&skip=1");
    assert_eq!(names(byrons.rows(), "givenName"), ["Cy"]);
    assert_eq!(alice.get("/me/contacts/$count").bytes, "3");
    for refused in ["$top=0", "$top=1001", "$top=x", "$skip=-1", "$orderby=emailAddresses"] {
        assert_eq!(alice.get(&format!("/me/contacts?{refused}")).status, 400, "{refused}");
    }
    assert_eq!(alice.with("prefer", "odata.maxpagesize=1").get("/me/contacts").rows().len(), 1);
}

#[test]
fn extended_properties_are_expanded_by_id_and_found_by_value() {
    let alice = client();
    let link = |value: &str| json!({"givenName": value, "singleValueExtendedProperties": [{"id": PROPERTY, "value": value}]});
    let id = alice.make("/me/contacts", link("crm-1"));
    alice.make("/me/contacts", link("crm-2"));
    let encoded = PROPERTY.replace(' ', "%20").replace('{', "%7B").replace('}', "%7D");
    let found = alice.get(&format!(
        "/me/contacts?$filter=singleValueExtendedProperties/Any(ep:%20ep/id%20eq%20'{encoded}'%20and%20ep/value%20eq%20'CRM-1')&$expand=singleValueExtendedProperties($filter=id%20eq%20'{encoded}')"
    ));
    assert_eq!(names(found.rows(), "id"), [id.clone()]);
    assert_eq!(found.rows()[0]["singleValueExtendedProperties"], json!([{"id": PROPERTY, "value": "crm-1"}]));
    assert!(alice.get(&format!("/me/contacts/{id}")).body.get("singleValueExtendedProperties").is_none(), "only when asked for");
    assert_eq!(alice.get("/me/contacts?$expand=singleValueExtendedProperties").status, 400);
    alice.patch(&format!("/me/contacts/{id}"), link("crm-3"));
    let other = encoded.replace("Link", "link");
    let none = alice.get(&format!("/me/contacts/{id}?$expand=singleValueExtendedProperties($filter=id%20eq%20'{other}')"));
    assert!(none.status == 200 && none.body.get("singleValueExtendedProperties").is_none(), "names are told apart by case");
    alice.is_clean();
}

#[test]
fn a_mailbox_in_trouble_says_which() {
    let alice = client();
    for (trouble, status, code) in [
        (Trouble::NotHere, 404, "MailboxNotEnabledForRESTAPI"),
        (Trouble::Disabled, 403, "ErrorAccountDisabled"),
        (Trouble::Moving, 503, "ErrorMailboxMoveInProgress"),
        (Trouble::Denied, 403, "ErrorAccessDenied"),
    ] {
        alice.graph.set_trouble(ALICE, Some(trouble));
        let refused = alice.get("/me/contacts");
        assert_eq!((refused.status, refused.code()), (status, code));
    }
    alice.graph.set_trouble(ALICE, Some(Trouble::Full));
    assert_eq!((alice.get("/me/contacts").status, alice.post("/me/contacts", json!({})).status), (200, 507));
    alice.graph.set_trouble(ALICE, None);
    assert_eq!(alice.post("/me/contacts", json!({"givenName": "A"})).status, 201);
}

#[test]
fn a_token_reaches_what_was_consented_to() {
    let alice = built(|builder| builder.grant("reader", ALICE, Some(&["Contacts.Read"])));
    let reader = as_(&alice, "reader");
    assert_eq!(reader.get("/me/contacts").status, 200);
    assert_eq!(reader.post("/me/contacts", json!({})).code(), "ErrorAccessDenied");
    assert_eq!(reader.get("/me/outlook/masterCategories").code(), "ErrorAccessDenied");
}
