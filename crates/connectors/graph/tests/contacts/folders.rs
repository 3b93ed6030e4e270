//! Folders and categories.

use crate::{
    common::{ALICE, Account},
    kit::{HOME, person, with},
};
use pimkit_core::{CollectionId, ErrorKind, Outcome, WriteOptions};
use serde_json::json;

async fn names(account: &Account) -> Vec<String> {
    account.items().collections().await.unwrap().into_iter().map(|c| c.name).collect()
}

#[tokio::test]
async fn folders_within_folders_are_listed_and_deleted_ones_are_not() {
    let account = Account::default();
    let outer = account.simulator.create(ALICE, "contactFolders", &json!({"displayName": "Outer"})).unwrap();
    let inner = account.simulator.create(ALICE, &format!("contactFolders/{outer}/childFolders"), &json!({"displayName": "Inner"})).unwrap();
    assert_eq!(names(&account).await, ["Contacts", "Outer", "Inner"]);
    assert!(account.simulator.delete(ALICE, &format!("contactFolders/{outer}")));
    assert_eq!(names(&account).await, ["Contacts"]);
    for id in [outer, inner] {
        let error = account.items().fields(&CollectionId::from(id)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CollectionGone);
    }
}

#[tokio::test]
async fn the_mailboxs_own_folder_stays() {
    let account = Account::default();
    let items = account.items();
    let folders = items.folders().unwrap();
    for outcome in [folders.rename(&HOME, "Mine", &WriteOptions::default()).await, folders.delete(&HOME, &WriteOptions::default()).await] {
        assert!(matches!(&outcome, Outcome::Refused(error) if error.kind() == ErrorKind::Unavailable), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_folder_is_made_once_for_its_mark_and_a_name_that_is_taken_is_refused() {
    let account = Account::default();
    let items = account.items();
    let folders = items.folders().unwrap();
    let made = |outcome: Outcome<pimkit_core::Collection>| match outcome {
        Outcome::Written { id, .. } => id,
        other => panic!("{other:?}"),
    };
    let first = made(folders.create(&"sync-1".into(), "CRM", &WriteOptions::default()).await);
    assert_eq!(made(folders.create(&"sync-1".into(), "CRM", &WriteOptions::default()).await), first);
    let outcome = folders.create(&"sync-2".into(), "crm", &WriteOptions::default()).await;
    assert!(matches!(&outcome, Outcome::Refused(error) if error.kind() == ErrorKind::InvalidData), "{outcome:?}");
    assert_eq!(names(&account).await, ["Contacts", "CRM"]);
}

/// Names are fixed once they are on the list: a new one is made with the old one's colour, contacts get it, the old one goes.
#[tokio::test]
async fn a_renamed_category_is_on_every_contact_of_every_folder() {
    let account = Account::default();
    account.simulator.create(ALICE, "outlook/masterCategories", &json!({"displayName": "Old", "color": "preset7"})).unwrap();
    let other = account.simulator.create(ALICE, "contactFolders", &json!({"displayName": "Other"})).unwrap();
    let tagged = with(&person("Ada"), "keywords", json!(["Old", "Tea"]));
    let made = account.make("m", &tagged).await;
    let elsewhere = account
        .simulator
        .create(ALICE, &format!("contactFolders/{other}/contacts"), &json!({"givenName": "Bob", "categories": ["old"]}))
        .unwrap();
    let untouched = account.make("n", &person("Cleo")).await;
    let items = account.items();
    let categories = items.categories().unwrap();
    let all = categories.list(&HOME).await.unwrap();
    let old = all.iter().find(|c| c.name == "Old").unwrap();
    let new = categories.rename(&HOME, &old.id, "New").await.unwrap();
    assert_eq!(new.name, "New");
    let keywords = |id: &str| account.simulator.get(ALICE, &format!("contacts/{id}")).unwrap()["categories"].clone();
    assert_eq!(keywords(made.id.as_str()), json!(["New", "Tea"]));
    assert_eq!(keywords(&elsewhere), json!(["New"]));
    assert_eq!(account.read(&untouched.id).await.revision, untouched.revision);
    let master = account.simulator.list(ALICE, "outlook/masterCategories");
    let colour = |name: &str| master.iter().find(|c| c["displayName"] == name).map(|c| c["color"].clone());
    assert_eq!((colour("New"), colour("Old")), (Some(json!("preset7")), None));
}

#[tokio::test]
async fn a_category_that_an_event_carries_stays_on_the_list() {
    let account = Account::default();
    account.simulator.create(ALICE, "outlook/masterCategories", &json!({"displayName": "Old", "color": "preset7"})).unwrap();
    let time = |hour: &str| json!({"dateTime": format!("2026-03-03T{hour}:00:00"), "timeZone": "UTC"});
    let event = json!({"subject": "x", "start": time("10"), "end": time("11"), "categories": ["Old"]});
    let event = account.simulator.create(ALICE, "events", &event).unwrap();
    let items = account.items();
    let categories = items.categories().unwrap();
    let old = categories.list(&HOME).await.unwrap().into_iter().find(|c| c.name == "Old").unwrap();
    categories.rename(&HOME, &old.id, "New").await.unwrap();
    assert!(categories.list(&HOME).await.unwrap().contains(&old));
    assert_eq!(account.simulator.get(ALICE, &format!("events/{event}")).unwrap()["categories"], json!(["Old"]));
}

#[tokio::test]
async fn a_category_of_a_name_that_differs_by_case_is_the_same() {
    let account = Account::default();
    let items = account.items();
    let categories = items.categories().unwrap();
    let first = categories.ensure(&HOME, "Friends").await.unwrap();
    assert_eq!(categories.ensure(&HOME, "friends").await.unwrap(), first);
    let error = categories.rename(&HOME, &first.id, "FRIENDS").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    categories.remove(&HOME, &first.id).await.unwrap();
    categories.remove(&HOME, &first.id).await.unwrap();
    assert!(categories.rename(&HOME, &first.id, "x").await.is_err());
}

/// No reference page says that folders can be searched by a property; a service that refuses it still
/// has its names once.
#[tokio::test]
async fn a_service_that_cannot_search_folders_makes_them_all_the_same() {
    let account = Account::default();
    let items = account.items();
    let folders = items.folders().unwrap();
    let refuse = crate::kit::status(400, r#"{"error":{"code":"ErrorInvalidUrlQueryFilter"}}"#);
    account.fault(vec![pimkit_simulators::FaultRule::on("GET", refuse).at("contactFolders").times(1)]);
    let outcome = folders.create(&"sync-1".into(), "CRM", &WriteOptions::default()).await;
    assert!(matches!(outcome, Outcome::Written { .. }), "{outcome:?}");
    assert_eq!(names(&account).await, ["Contacts", "CRM"]);
}
