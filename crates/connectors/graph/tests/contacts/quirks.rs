//! What is known of the service otherwise than by default, and what Outlook has places for under names of its own.

use crate::{
    common::{ALICE, Account, ROOT, open},
    kit::{HOME, create, person, update, with},
};
use bytes::Bytes;
use http::Response;
use pimkit_core::{Blob, BlobRef, BlobSource, Connector, Contact, Create, Digest, Outcome, Record, Stored, WriteOptions};
use pimkit_graph::{Config, Quirks};
use pimkit_http::InProcess;
use pimkit_simulators::GraphRules;
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

fn account(set: impl FnOnce(&mut Quirks)) -> Account {
    let mut quirks = Quirks::default();
    set(&mut quirks);
    Account::new(GraphRules::default(), Config::new(ROOT).quirks(quirks))
}

struct Picture;

impl BlobSource for Picture {
    fn open<'a>(&'a self, _: &'a BlobRef) -> futures::future::BoxFuture<'a, pimkit_core::Result<Blob>> {
        Box::pin(async move { Ok(Blob::whole("image/jpeg", vec![0xff; 9])) })
    }
}

/// A contact with a picture.
async fn pictured(account: &Account) -> Stored<Contact> {
    let photo = BlobRef { id: "x".into(), digest: Some(Digest::of(b"x")), ..BlobRef::default() };
    let record = with(&person("Ada"), "photo", serde_json::to_value(&photo).unwrap());
    let options = WriteOptions::default().blobs(Arc::new(Picture));
    let outcome = account.items().write(&HOME, vec![create("m", &record)], &options).await.remove(0);
    let Outcome::Written { id, .. } = outcome else { panic!("{outcome:?}") };
    let made = account.read(&id).await;
    assert!(made.record.photo.is_some());
    made
}

#[tokio::test]
async fn every_contact_is_asked_for_a_picture_where_none_says_that_it_has_one() {
    for (by_flag, asked) in [(true, 1), (false, 2)] {
        let account = account(|quirks| quirks.pictures_by_flag = by_flag);
        let (with, without) = (pictured(&account).await, account.make("n", &person("Bob")).await);
        account.simulator.reset_requests();
        let ids = [with.id.clone(), without.id.clone()];
        let pictures: Vec<bool> = account
            .items()
            .fetch(&HOME, &ids)
            .await
            .into_iter()
            .map(|answer| matches!(answer, pimkit_core::Fetched::Found(stored) if stored.record.photo.is_some()))
            .collect();
        assert_eq!(pictures, [true, false], "{by_flag}");
        let requests = account.simulator.requests();
        assert_eq!(requests.iter().filter(|seen| seen.path.ends_with("/photo")).count(), asked, "{by_flag}");
    }
}

/// No page of the reference has a request for it; a host that knows a service with one says so.
#[tokio::test]
async fn a_picture_is_taken_away_only_where_somebody_knows_that_it_can_be() {
    for (knows, serves, deletions, is_left) in [(false, true, 0, true), (true, true, 1, false), (true, false, 1, true)] {
        let mut quirks = Quirks::default();
        quirks.removes_pictures = knows;
        let account = Account::default();
        let made = pictured(&account).await;
        let (simulator, asked) = (account.simulator.clone(), Arc::new(AtomicUsize::new(0)));
        let count = asked.clone();
        let wire = InProcess::serving(move |request| {
            let is_photo = request.uri().path().contains("/photo");
            if is_photo && request.method() == "DELETE" {
                count.fetch_add(1, Ordering::Relaxed);
            }
            let is_gone = serves && count.load(Ordering::Relaxed) > 0;
            match (is_photo, request.method().as_str()) {
                (true, "DELETE") if serves => Ok(Response::builder().status(204).body(Bytes::new()).unwrap()),
                (true, "DELETE") => Ok(Response::builder().status(405).body(Bytes::new()).unwrap()),
                (true, _) if is_gone => Ok(Response::builder().status(404).body(Bytes::new()).unwrap()),
                _ => Ok(simulator.answer_now(&request).unwrap()),
            }
        });
        let graph = open(Config::new(ROOT).quirks(quirks), Arc::new(wire), &account.clock);
        let target = with(&made.record, "photo", json!(null));
        let write = vec![update(&made, target)];
        let outcome = graph.contacts().unwrap().write(&HOME, write, &WriteOptions::default()).await.remove(0);
        let Outcome::Written { left_out, .. } = outcome else { panic!("{outcome:?}") };
        let left: Vec<&str> = left_out.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!((left == ["photo"], asked.load(Ordering::Relaxed)), (is_left, deletions), "{knows} {serves}: {left:?}");
    }
}

#[tokio::test]
async fn how_long_a_create_stays_unseen_is_what_its_host_knows() {
    let account = account(|quirks| quirks.settles_seconds = 7);
    let contacts = account.items().collections().await.unwrap().remove(0).capabilities.create;
    let tasks = account.graph.tasks().unwrap().collections().await.unwrap().remove(0).capabilities.create;
    for create in [contacts, tasks] {
        assert_eq!(create, Create::Findable { settles_after: Duration::from_secs(7) });
    }
}

/// Offices, initials and how a company sounds are custom fields, in Outlook's own places.
#[tokio::test]
async fn what_outlook_has_a_place_for_is_read_and_written_there() {
    let account = Account::default();
    let native = json!({"givenName": "Ada", "initials": "A.L.", "officeLocation": "12/3", "yomiCompanyName": "akume"});
    let id = account.simulator.create(ALICE, "contacts", &native).unwrap();
    let read = account.read(&id.as_str().into()).await;
    let custom = |name: &str| read.record.custom.get(name).cloned();
    assert_eq!(
        (custom("initials"), custom("officeLocation"), custom("yomiCompanyName")),
        (Some(json!("A.L.")), Some(json!("12/3")), Some(json!("akume")))
    );
    // One is changed, one goes, one stays, and so does a field that Outlook has no place for.
    let target = with(&with(&with(&read.record, "custom.initials", "A."), "custom.officeLocation", json!(null)), "custom.Region", "north");
    let outcome = account.write(update(&read, target.clone())).await;
    let Outcome::Written { left_out, .. } = outcome else { panic!("{outcome:?}") };
    assert!(left_out.is_empty(), "{left_out:?}");
    let seen = account.simulator.get(ALICE, &format!("contacts/{id}")).unwrap();
    assert_eq!((&seen["initials"], &seen["officeLocation"], &seen["yomiCompanyName"]), (&json!("A."), &json!(null), &json!("akume")));
    let now = account.read(&id.as_str().into()).await;
    assert!(target.differing(&now.record).is_empty(), "{:?}", target.differing(&now.record));
    // A change of another field leaves them, and what is no text has no place there and is kept all the same.
    let target = with(&with(&now.record, "name.given", "Augusta"), "custom.initials", json!({"a": 1}));
    let outcome = account.write(update(&now, target.clone())).await;
    assert!(matches!(outcome, Outcome::Written { .. }), "{outcome:?}");
    let seen = account.simulator.get(ALICE, &format!("contacts/{id}")).unwrap();
    assert_eq!((&seen["initials"], &seen["yomiCompanyName"]), (&json!(null), &json!("akume")));
    let last = account.read(&id.as_str().into()).await;
    assert!(target.differing(&last.record).is_empty(), "{:?}", target.differing(&last.record));
    // And so in one that is made.
    let made = account.make("m", &with(&person("Bob"), "custom.officeLocation", "9")).await;
    assert_eq!(account.simulator.get(ALICE, &format!("contacts/{}", made.id)).unwrap()["officeLocation"], "9");
}

/// The list of categories is one for the mailbox.
#[tokio::test]
async fn a_renamed_category_is_on_tasks_too() {
    let account = Account::default();
    let list = account.simulator.list(ALICE, "todo/lists").remove(0)["id"].as_str().unwrap().to_owned();
    account.simulator.create(ALICE, "outlook/masterCategories", &json!({"displayName": "Old", "color": "preset7"})).unwrap();
    let task = |categories| json!({"title": "x", "categories": categories});
    let path = format!("todo/lists/{list}/tasks");
    let tagged = account.simulator.create(ALICE, &path, &task(json!(["Tea", "old"]))).unwrap();
    let other = account.simulator.create(ALICE, &path, &task(json!(["Tea"]))).unwrap();
    let items = account.items();
    let categories = items.categories().unwrap();
    let old = categories.list(&HOME).await.unwrap().into_iter().find(|c| c.name == "Old").unwrap();
    let before = account.simulator.get(ALICE, &format!("{path}/{other}")).unwrap();
    categories.rename(&HOME, &old.id, "New").await.unwrap();
    assert_eq!(account.simulator.get(ALICE, &format!("{path}/{tagged}")).unwrap()["categories"], json!(["Tea", "New"]));
    assert_eq!(account.simulator.get(ALICE, &format!("{path}/{other}")).unwrap(), before, "untouched");
    assert!(!categories.list(&HOME).await.unwrap().contains(&old));
}
