//! Contacts, their folders, photos and categories.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cloned_ref_to_slice_refs,
    reason = "tests may panic"
)]

mod graph_common;

use graph_common::{ALICE, client, ids, names};
use pimkit_simulators::GraphRules;
use serde_json::{Value, json};

#[test]
fn a_contact_is_made_read_changed_and_deleted() {
    let alice = client();
    let made = alice.post(
        "/me/contacts",
        json!({
            "@odata.type": "#microsoft.graph.contact", "givenName": "Zoë", "surname": "Peer", "birthday": "1980-02-29T12:59:00+01:00",
            "emailAddresses": [{"name": "Zoë", "address": "zoe@example.com"}], "businessPhones": ["+1 555 0100"],
            "homeAddress": {"street": "Main 1\nRear", "city": "Oslo"}, "createdDateTime": "2001-01-01T00:00:00Z"
        }),
    );
    assert_eq!(made.status, 201, "{}", made.body);
    let body = &made.body;
    assert_eq!(
        (&body["displayName"], &body["fileAs"], &body["birthday"]),
        (&json!("Zoë Peer"), &json!("Peer, Zoë"), &json!("1980-02-29T11:59:00Z"))
    );
    assert_eq!((&body["jobTitle"], &body["children"], &body["otherAddress"]), (&Value::Null, &json!([]), &json!({})));
    assert_eq!(body["primaryEmailAddress"], json!({"name": "Zoë", "address": "zoe@example.com"}));
    assert_eq!(alice.graph.requests()[0].ignored, ["createdDateTime"]);
    let at = format!("/me/contacts/{}", made.id());
    assert_eq!(made.header("location"), format!("http://localhost/v1.0/me/contacts('{}')", made.id()));
    alice.hand.forward(60);
    let changed =
        alice.patch(&at, json!({"surname": "Changed", "businessPhones": [], "homeAddress": {"city": "Bergen"}, "birthday": null}));
    assert_eq!((changed.status, &changed.body["surname"], &changed.body["givenName"]), (200, &json!("Changed"), &json!("Zoë")));
    assert_eq!(changed.body["homeAddress"], json!({"street": "Main 1\nRear", "city": "Bergen"}));
    assert_eq!((&changed.body["businessPhones"], &changed.body["birthday"]), (&json!([]), &Value::Null));
    assert_ne!(changed.text("changeKey"), made.text("changeKey"));
    assert_eq!(changed.body["@odata.etag"], json!(format!("W/\"{}\"", changed.text("changeKey"))));
    assert_eq!(alice.delete(&at).status, 204);
    assert_eq!((alice.get(&at).status, alice.delete(&at).status), (404, 404));
    alice.is_clean();
}

#[test]
fn a_version_that_is_not_current_changes_nothing() {
    let alice = client();
    let made = alice.post("/me/contacts", json!({"surname": "A"}));
    let at = format!("/me/contacts/{}", made.id());
    let stale = alice.with("if-match", "W/\"bogus\"");
    for refused in [stale.patch(&at, json!({"surname": "B"})), stale.delete(&at)] {
        assert_eq!((refused.status, refused.code()), (412, "ErrorIrresolvableConflict"));
    }
    let current = alice.with("if-match", made.body["@odata.etag"].as_str().unwrap());
    assert_eq!(current.patch(&at, json!({"surname": "B"})).status, 200);
    assert_eq!(current.patch(&at, json!({"surname": "C"})).status, 412);
    assert_eq!(alice.with("if-match", "*").delete(&at).status, 204);
}

#[test]
fn more_values_than_a_contact_has_room_for_are_refused_or_cut() {
    let alice = client();
    let four: Vec<Value> = (0..4).map(|at| json!({"address": format!("{at}@example.com")})).collect();
    let body = json!({"emailAddresses": four, "homePhones": ["1", "2", "3"]});
    assert_eq!(alice.post("/me/contacts", body.clone()).status, 400);
    let mut rules = GraphRules::default();
    rules.contacts.refuses_surplus = false;
    alice.graph.set_rules(rules);
    let made = alice.post("/me/contacts", body);
    assert_eq!(made.body["emailAddresses"].as_array().unwrap().len(), 3);
    assert_eq!(made.body["homePhones"], json!(["1", "2"]));
}

#[test]
fn folders_lie_in_the_default_one_which_no_listing_names() {
    let alice = client();
    let home = alice.get("/me/contactFolders/contacts");
    let made = alice.post("/me/contactFolders", json!({"displayName": "Team"}));
    assert_eq!((made.status, made.text("parentFolderId")), (201, home.id()));
    assert_eq!(names(alice.get("/me/contactFolders").rows(), "displayName"), ["Team"]);
    let again = alice.post("/me/contactFolders", json!({"displayName": "team"}));
    assert_eq!((again.status, again.code()), (409, "ErrorFolderExists"));
    assert_eq!(alice.post("/me/contactFolders", json!({})).status, 400);
    let at = format!("/me/contactFolders/{}", made.id());
    let child = alice.make(&format!("{at}/childFolders"), json!({"displayName": "Inner"}));
    assert_eq!(ids(alice.get(&format!("{at}/childFolders")).rows()), [child.clone()]);
    let contact = alice.make(&format!("{at}/contacts"), json!({"givenName": "A"}));
    assert_eq!(alice.get("/me/contacts").rows().len(), 0, "contacts are those of the default folder");
    assert_eq!(alice.get(&format!("/me/contacts/{contact}")).text("parentFolderId"), made.id(), "and an id is good anywhere");
    assert_eq!(alice.patch(&at, json!({"displayName": "Crew"})).text("displayName"), "Crew");
    let home = format!("/me/contactFolders/{}", home.id());
    assert_eq!((alice.delete(&home).status, alice.delete(&at).status), (403, 204));
    for gone in [at, format!("/me/contacts/{contact}"), format!("/me/contactFolders/{child}")] {
        assert_eq!(alice.get(&gone).status, 404, "{gone}");
    }
    assert_eq!(alice.get("/me/contacts?$top=1&$select=parentFolderId").rows().len(), 0);
    alice.is_clean();
}

#[test]
fn a_photo_is_put_and_replaced_and_never_taken_away() {
    let alice = client();
    let made = alice.post("/me/contacts", json!({"givenName": "A"}));
    let at = format!("/me/contacts/{}/photo", made.id());
    assert_eq!(alice.get(&format!("{at}/$value")).status, 404);
    let put = |bytes: &'static [u8], typed: &str| alice.send(&alice.request("PUT", &format!("{at}/$value"), bytes, typed)).unwrap();
    assert_eq!((put(b"\xff\xd8one", "text/plain").status, put(b"\xff\xd8one", "image/jpeg").status), (415, 200));
    let got = alice.get(&format!("{at}/$value"));
    assert_eq!((got.bytes.as_ref(), got.header("content-type")), (b"\xff\xd8one".as_slice(), "image/jpeg"));
    let before = alice.get(&at).text("@odata.mediaEtag");
    put(b"\xff\xd8two", "image/jpeg");
    assert_ne!(alice.get(&at).text("@odata.mediaEtag"), before);
    assert_ne!(alice.get(&format!("/me/contacts/{}", made.id())).text("changeKey"), made.text("changeKey"));
    alice.is_clean();
    assert_eq!(alice.delete(&format!("{at}/$value")).status, 405);
}

#[test]
fn categories_keep_the_name_that_they_were_made_with() {
    let alice = client();
    let made = alice.post("/me/outlook/masterCategories", json!({"displayName": "Sync", "color": "preset9"}));
    assert_eq!(made.status, 201, "{}", made.body);
    let again = alice.post("/me/outlook/masterCategories", json!({"displayName": "sync"}));
    assert_eq!((again.status, again.code()), (409, "ErrorCategoryAlreadyExists"));
    let at = format!("/me/outlook/masterCategories/{}", made.id());
    assert_eq!(alice.patch(&at, json!({"displayName": "Other"})).status, 400);
    assert_eq!(alice.patch(&at, json!({"color": "preset1"})).text("color"), "preset1");
    assert_eq!(names(alice.get("/me/outlook/masterCategories").rows(), "displayName"), ["Sync"]);
    assert_eq!((alice.delete(&at).status, alice.get(&at).status), (204, 404));
    assert_eq!(alice.post("/me/outlook/masterCategories", json!({"displayName": "x", "color": "pink"})).status, 400);
}

#[test]
fn an_item_that_is_deleted_can_be_readable_by_the_id_that_stays() {
    let alice = client();
    let id = alice.immutable().make("/me/contacts", json!({"givenName": "A"}));
    let at = format!("/me/contacts/{id}");
    alice.delete(&at);
    assert_eq!(alice.get(&at).status, 404);
    alice.graph.set_rules(GraphRules { deleted_stay_readable: true, ..GraphRules::default() });
    let bin = alice.get(&at).text("parentFolderId");
    assert_ne!(bin, alice.get("/me/contactFolders/contacts").id());
    assert!(alice.graph.restore_item(ALICE, &id, "contacts"));
    assert_eq!(alice.get("/me/contacts").rows().len(), 1);
}

#[test]
fn open_extensions_are_kept_beside_the_contact() {
    let alice = client();
    let extension = json!({"@odata.type": "microsoft.graph.openTypeExtension", "extensionName": "com.example.sync", "k": "v"});
    let id = alice.make("/me/contacts", json!({"givenName": "A"}));
    assert_eq!(alice.post(&format!("/me/contacts/{id}/extensions"), extension.clone()).status, 201);
    assert_eq!(alice.post(&format!("/me/contacts/{id}/extensions"), extension).status, 409);
    let one = alice.get(&format!("/me/contacts/{id}/extensions/com.example.sync"));
    assert_eq!((one.status, one.text("k")), (200, "v".to_owned()));
    let shown = alice.get(&format!("/me/contacts/{id}?$expand=extensions"));
    assert_eq!(shown.body["extensions"][0]["extensionName"], "com.example.sync");
    alice.is_clean();
}
