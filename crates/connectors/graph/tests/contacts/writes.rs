//! Writes whose answers are lost, that meet with others, and what stays beside them.

use crate::{
    common::{ALICE, Account},
    kit::{HOME, create, person, status, status_after, update, with},
};
use pimkit_core::{Delete, Fetched, ItemId, Key, Outcome, Write, WriteOptions};
use pimkit_simulators::{Fault, FaultRule};
use serde_json::json;

/// What has no answer is found by its mark: as the engine asks after a 504, a 503 or a broken connection.
#[tokio::test]
async fn a_create_that_was_stored_without_an_answer_is_unknown_and_found_by_its_mark() {
    for fault in [status_after(504), status_after(503), Fault::ResetAfter] {
        let account = Account::default();
        account.fault(vec![FaultRule::on("POST", fault.clone()).at("/contacts").times(1)]);
        let outcome = account.write(create("sync-7", &person("Ada"))).await;
        assert!(matches!(outcome, Outcome::Unknown(_)), "{fault:?}: {outcome:?}");
        assert_eq!(account.count(), 1);
        let found = account.items().find(&HOME, &[Key::Mark("sync-7".into()), Key::Mark("SYNC-7".into())]).await;
        let [Ok(found), Ok(other)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((found.len(), other.len()), (1, 0), "the service compares without case, and we do not");
        assert_eq!(found[0].record.name.given.as_deref(), Some("Ada"));
    }
}

#[tokio::test]
async fn in_a_batch_only_the_write_without_an_answer_is_unknown() {
    let account = Account::default();
    account.fault(vec![FaultRule::on("POST", status_after(504)).at("/contacts").nth(2)]);
    let writes = vec![create("m-1", &person("Ada")), create("m-2", &person("Bob")), create("m-3", &person("Cleo"))];
    let outcomes = account.items().write(&HOME, writes, &WriteOptions::default()).await;
    assert!(matches!(outcomes.as_slice(), [Outcome::Written { .. }, Outcome::Unknown(_), Outcome::Written { .. }]), "{outcomes:?}");
    assert_eq!(account.count(), 3, "nothing was sent twice");
}

#[tokio::test]
async fn a_change_that_was_stored_without_an_answer_is_repeated_and_known_as_ours() {
    for fault in [status_after(504), status_after(502), Fault::ResetAfter] {
        let account = Account::default();
        let made = account.make("m", &person("Ada")).await;
        account.fault(vec![FaultRule::on("PATCH", fault).times(1)]);
        let outcome = account.write(update(&made, with(&made.record, "notes", json!(["new"])))).await;
        let Outcome::Written { revision: Some(revision), now: Some(now), .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(now.record.notes, ["new"]);
        assert_eq!(account.read(&made.id).await.revision, revision);
    }
}

#[tokio::test]
async fn a_change_of_somebody_else_between_our_two_tries_is_a_conflict() {
    let account = Account::default();
    let made = account.make("m", &person("Ada")).await;
    account.simulator.change(ALICE, &format!("contacts/{}", made.id), &json!({"personalNotes": "theirs"}));
    account.fault(vec![FaultRule::on("PATCH", status(504, "")).times(1)]);
    let outcome = account.write(update(&made, with(&made.record, "notes", json!(["ours"])))).await;
    let Outcome::Conflict { now: Some(now) } = outcome else { panic!("{outcome:?}") };
    assert_eq!(now.record.notes, ["theirs"]);
}

#[tokio::test]
async fn a_deletion_that_was_done_without_an_answer_is_done() {
    for mode in [Delete::Trash, Delete::Permanent] {
        let account = Account::default();
        let made = account.make("m", &person("Ada")).await;
        account
            .fault(vec![FaultRule::on(if mode == Delete::Trash { "DELETE" } else { "POST" }, status_after(504)).at("/contacts/").times(1)]);
        let outcome = account.write(Write::Delete { id: made.id.clone(), revision: made.revision.clone(), mode }).await;
        assert!(matches!(outcome, Outcome::Written { revision: None, .. }), "{mode:?}: {outcome:?}");
        assert!(matches!(account.fetch(&made.id).await, Fetched::Gone));
    }
}

#[tokio::test]
async fn what_is_deleted_lies_in_deleted_items_or_nowhere() {
    for (mode, expected) in [(Delete::Trash, true), (Delete::Permanent, false)] {
        let account = Account::default();
        let made = account.make("m", &person("Ada")).await;
        account.write(Write::Delete { id: made.id.clone(), revision: made.revision.clone(), mode }).await;
        assert_eq!(account.simulator.restore_item(ALICE, made.id.as_str(), "contacts"), expected, "{mode:?}");
    }
}

/// Exchange refuses a write that meets with one of its own, whatever version it was for (davmail 463).
#[tokio::test]
async fn a_write_that_met_one_of_the_servers_own_is_sent_again() {
    let account = Account::default();
    let made = account.make("m", &person("Ada")).await;
    let body = r#"{"error":{"code":"ErrorIrresolvableConflict","message":"The send or update operation could not be performed because the change key passed in the request does not match the current change key for the item."}}"#;
    account.fault(vec![FaultRule::on("PATCH", status(412, body)).times(2)]);
    let outcome = account.write(update(&made, with(&made.record, "notes", json!(["new"])))).await;
    assert!(matches!(outcome, Outcome::Written { .. }), "{outcome:?}");
    // Not for ever.
    let made = account.read(&made.id).await;
    account.fault(vec![FaultRule::on("PATCH", status(412, body))]);
    let outcome = account.write(update(&made, with(&made.record, "notes", json!(["newer"])))).await;
    assert!(matches!(outcome, Outcome::Conflict { now: Some(_) }), "{outcome:?}");
}

#[tokio::test]
async fn a_conflict_says_what_is_there_now() {
    let account = Account::default();
    let made = account.make("m", &person("Ada")).await;
    account.simulator.change(ALICE, &format!("contacts/{}", made.id), &json!({"jobTitle": "Countess"}));
    for target in
        [with(&made.record, "notes", json!(["x"])), with(&made.record, "name.given", "Augusta"), with(&made.record, "emails", json!([]))]
    {
        let outcome = account.write(update(&made, target)).await;
        let Outcome::Conflict { now: Some(now) } = outcome else { panic!("{outcome:?}") };
        assert_eq!(now.record.titles[0].name, "Countess");
        assert_eq!(now.mark, Some("m".into()));
    }
    assert_eq!(account.raw(&made.id)["givenName"], "Ada");
}

#[tokio::test]
async fn what_outlook_keeps_beside_our_fields_stays_through_our_changes() {
    let account = Account::default();
    let made = account.make("m", &person("Ada")).await;
    let own = json!({
        "fileAs": "The Countess", "initials": "A.L.", "officeLocation": "Tower", "yomiCompanyName": "yomi",
        "emailAddresses": [{"name": "Ada at home", "address": "ada@example.org"}],
        "singleValueExtendedProperties": [{"id": "String {00020329-0000-0000-C000-000000000046} Name Theirs", "value": "kept"}],
    });
    assert!(account.simulator.change(ALICE, &format!("contacts/{}", made.id), &own));
    let now = account.read(&made.id).await;
    let mut target = with(&now.record, "name.given", "Augusta");
    target = with(&target, "emails", json!([{"address": "new@example.org"}, {"address": "ada@example.org"}]));
    target = with(&target, "custom.Region", "North");
    target = with(&target, "phones", json!([{"number": "1", "features": ["pager"]}]));
    let outcome = account.write(update(&now, target.clone())).await;
    let Outcome::Written { now: Some(after), left_out, .. } = outcome else { panic!("{outcome:?}") };
    assert!(left_out.is_empty());
    assert_eq!(after.record, account.read(&made.id).await.record);
    let expand =
        "$expand=singleValueExtendedProperties($filter=id%20eq%20'String%20{00020329-0000-0000-C000-000000000046}%20Name%20Theirs')";
    let raw = account.simulator.get(ALICE, &format!("contacts/{}?{expand}", made.id)).unwrap();
    for (name, expected) in [("fileAs", "The Countess"), ("initials", "A.L."), ("officeLocation", "Tower"), ("yomiCompanyName", "yomi")] {
        assert_eq!(raw[name], expected, "{name}");
    }
    assert_eq!(raw["displayName"], "Ada Example", "it is a field of its own");
    assert_eq!(raw["emailAddresses"][1], json!({"name": "Ada at home", "address": "ada@example.org"}));
    assert_eq!(raw["singleValueExtendedProperties"][0]["value"], "kept");
}

#[tokio::test]
async fn a_fourth_address_is_cut_before_it_is_refused() {
    let account = Account::default();
    let emails: Vec<_> = (0..5).map(|n| json!({"address": format!("a{n}@example.org")})).collect();
    let made = account.make("m", &with(&person("Ada"), "emails", json!(emails))).await;
    assert_eq!(made.record.emails.len(), 3);
}

#[tokio::test]
async fn an_item_of_another_folder_is_none_of_this_one() {
    let account = Account::default();
    let made = account.make("m", &person("Ada")).await;
    let other = account.simulator.create(ALICE, "contactFolders", &json!({"displayName": "Other"})).unwrap();
    assert!(account.simulator.move_item(ALICE, made.id.as_str(), &other));
    assert!(matches!(account.fetch(&made.id).await, Fetched::Gone));
    let there = account.items().fetch(&other.as_str().into(), std::slice::from_ref(&made.id)).await.pop();
    let Some(Fetched::Found(there)) = there else { panic!("{there:?}") };
    assert_eq!(there.collection.as_str(), other);
    let found = account.items().find(&HOME, &[Key::Mark("m".into())]).await;
    assert!(found[0].as_ref().unwrap().is_empty());
}

/// What another program made carries no UID; its id is one, and stays.
#[tokio::test]
async fn a_contact_of_another_program_is_found_in_whatever_folder_it_was_dragged_into() {
    let account = Account::default();
    let id = ItemId::from(account.simulator.create(ALICE, "contacts", &json!({"givenName": "Ada"})).unwrap());
    let uid = account.read(&id).await.record.uid.unwrap();
    let other = account.simulator.create(ALICE, "contactFolders", &json!({"displayName": "Other"})).unwrap();
    let find = async |collection: &str, uid: &str| {
        account
            .items()
            .find(&collection.into(), &[Key::Uid(uid.to_owned())])
            .await
            .pop()
            .unwrap()
            .unwrap()
            .into_iter()
            .map(|s| s.id)
            .collect::<Vec<_>>()
    };
    assert_eq!((find("contacts", &uid).await, find(&other, &uid).await), (vec![id.clone()], vec![]));
    account.simulator.move_item(ALICE, id.as_str(), &other);
    assert_eq!((find("contacts", &uid).await, find(&other, &uid).await), (vec![], vec![id.clone()]));
    account.simulator.delete(ALICE, &format!("contacts/{id}"));
    assert_eq!((find("contacts", &uid).await, find(&other, &uid).await), (vec![], vec![]));
    assert_eq!(find("contacts", "outlook:nothing of the kind").await, vec![]);
}

#[tokio::test]
async fn a_picture_that_cannot_be_stored_leaves_the_rest_written() {
    use pimkit_core::{Blob, BlobRef, BlobSource, Digest};
    struct Bytes(usize);
    impl BlobSource for Bytes {
        fn open<'a>(&'a self, _: &'a BlobRef) -> futures::future::BoxFuture<'a, pimkit_core::Result<Blob>> {
            Box::pin(async move { Ok(Blob::whole("image/jpeg", vec![0xff; self.0])) })
        }
    }
    let photo = BlobRef { id: "x".into(), digest: Some(Digest::of(b"x")), ..BlobRef::default() };
    let record = with(&person("Ada"), "photo", serde_json::to_value(&photo).unwrap());
    for (size, fault) in [(5 << 20, None), (100, Some(status(413, r#"{"error":{"code":"ErrorMessageSizeExceeded"}}"#)))] {
        let account = Account::default();
        account.fault(fault.into_iter().map(|fault| FaultRule::on("PUT", fault)).collect());
        let options = WriteOptions::default().blobs(std::sync::Arc::new(Bytes(size)));
        let outcome = account.items().write(&HOME, vec![create("m", &record)], &options).await.pop().unwrap();
        let Outcome::Written { id, left_out, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(left_out.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["photo"]);
        assert_eq!(account.read(&id).await.record.photo, None);
    }
    // An answer that is lost: what is there says what became of it.
    let account = Account::default();
    account.fault(vec![FaultRule::on("PUT", status_after(504)).times(1)]);
    let options = WriteOptions::default().blobs(std::sync::Arc::new(Bytes(100)));
    let outcome = account.items().write(&HOME, vec![create("m", &record)], &options).await.pop().unwrap();
    let Outcome::Written { now: Some(now), left_out, revision, id, .. } = outcome else { panic!("{outcome:?}") };
    assert!(left_out.is_empty() && now.record.photo.is_some());
    assert_eq!(revision, Some(account.read(&id).await.revision));
}

#[tokio::test]
async fn one_unreadable_id_does_not_stop_the_others() {
    let account = Account::default();
    let made = account.make("m", &person("Ada")).await;
    let odd: Vec<ItemId> =
        ["", "no such", "a/b", "%2e%2e", "../me", "ä\u{0}"].into_iter().map(ItemId::from).chain([made.id.clone()]).collect();
    let answers = account.items().fetch(&HOME, &odd).await;
    assert!(matches!(answers.last(), Some(Fetched::Found(_))), "{answers:?}");
    assert!(answers[..odd.len() - 1].iter().all(|answer| !matches!(answer, Fetched::Found(_))), "{answers:?}");
}
