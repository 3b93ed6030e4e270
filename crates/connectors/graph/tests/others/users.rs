//! Users of the directory.

use crate::{
    common::{ALICE, Account, ROOT, open},
    reading::{found, round, there},
};
use pimkit_contract::FakeClock;
use pimkit_core::{
    Access, BlobId, Change, ChangeOptions, Clock, CollectionId, Connector, ErrorKind, Fetched, ItemId, Key, Outcome, Position, Repository,
    User, Write, WriteOptions,
};
use pimkit_graph::{Config, Graph, Quirks};
use pimkit_http::{Broken, InProcess};
use pimkit_simulators::{Cut, Graph as Simulator, GraphRules};
use serde_json::json;
use std::sync::Arc;

/// An organisation with so many people beside Alice.
struct Organisation {
    graph: Graph,
    simulator: Simulator,
}

impl Organisation {
    fn of(people: usize, config: Config) -> Self {
        let clock = FakeClock::default();
        let now = clock.clone();
        let mut builder = Simulator::builder().seed(1).user(ALICE, "token").rules(GraphRules::default()).clock(Arc::new(move || now.now()));
        for n in 0..people {
            builder = builder.person(json!({
                "userPrincipalName": format!("p{n}@example.com"), "displayName": format!("Person {n}"), "mail": format!("p{n}@example.com"),
                "id": format!("person-{n}"), "accountEnabled": true, "jobTitle": "Taster",
                "proxyAddresses": [format!("SMTP:p{n}@example.com"), format!("smtp:alias{n}@example.com")],
            }));
        }
        let simulator = builder.build();
        let serving = simulator.clone();
        let wire = InProcess::serving(move |request| {
            serving.answer_now(&request).map_err(|cut| match cut {
                Cut::Reset => Broken::Reset,
                Cut::Truncated { head, body_so_far } => Broken::Truncated(Box::new(head.map(|()| body_so_far))),
            })
        });
        Self { graph: open(config, Arc::new(wire), &clock), simulator }
    }

    fn items(&self) -> Arc<dyn Repository<User>> {
        self.graph.users().unwrap()
    }

    fn outer(&self) -> usize {
        self.simulator.requests().iter().filter(|seen| !seen.inside_batch).count()
    }
}

impl Drop for Organisation {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.simulator.violations(), [], "not in the metadata of Microsoft Graph");
        }
    }
}

async fn directory(items: &dyn Repository<User>) -> CollectionId {
    items.collections().await.unwrap().pop().unwrap().id
}

#[tokio::test]
async fn five_hundred_users_are_read_in_batches_and_a_round_without_a_change_is_one_request() {
    let organisation = Organisation::of(500, Config::new(ROOT));
    let all = organisation.items();
    let home = directory(&*all).await;
    let (lines, cursor, complete) = round(&*all, &home, Position::Start, &ChangeOptions::default()).await.unwrap();
    let ids = there(&lines);
    assert!(complete && ids.len() == 501);
    organisation.simulator.reset_requests();
    let users = found(&*all, &home, &ids).await;
    // Each with its picture, if only to learn that there is none.
    assert_eq!((users.len(), organisation.outer()), (501, 52));
    let one = users.iter().find(|user| user.record.login.as_deref() == Some("p7@example.com")).unwrap();
    let emails: Vec<&str> = one.record.emails.iter().map(|email| email.address.as_str()).collect();
    assert_eq!(emails, ["p7@example.com", "alias7@example.com"]);
    assert_eq!((one.access, one.record.title.as_deref(), one.record.enabled), (Access::Read, Some("Taster"), Some(true)));
    organisation.simulator.reset_requests();
    let (lines, _, _) = round(&*all, &home, Position::Since(&cursor), &ChangeOptions::default()).await.unwrap();
    assert_eq!((lines.len(), organisation.outer()), (0, 1));
}

#[tokio::test]
async fn changes_and_departures_are_named_and_an_unchanged_user_keeps_its_revision() {
    let organisation = Organisation::of(4, Config::new(ROOT));
    let all = organisation.items();
    let home = directory(&*all).await;
    let (lines, cursor, _) = round(&*all, &home, Position::Start, &ChangeOptions::default()).await.unwrap();
    let before = found(&*all, &home, &there(&lines)).await;
    assert!(organisation.simulator.set_user(&json!({ "userPrincipalName": "p0@example.com", "jobTitle": "Blender" })));
    assert!(organisation.simulator.remove_user("p1@example.com", true));
    assert!(organisation.simulator.remove_user("p2@example.com", false));
    let (lines, _, complete) = round(&*all, &home, Position::Since(&cursor), &ChangeOptions::default()).await.unwrap();
    assert!(!complete);
    assert_eq!(there(&lines).len(), 1);
    assert_eq!(lines.iter().filter(|line| matches!(line, Change::Removed { .. })).count(), 2);
    let after = found(&*all, &home, &there(&lines)).await.pop().unwrap();
    assert_eq!(after.record.title.as_deref(), Some("Blender"));
    let old = before.iter().find(|user| user.id == after.id).unwrap();
    assert_ne!(old.revision, after.revision);
    let same = before.iter().find(|user| user.record.login.as_deref() == Some("p3@example.com")).unwrap();
    assert_eq!(found(&*all, &home, std::slice::from_ref(&same.id)).await[0].revision, same.revision);
    let gone = before.iter().find(|user| user.record.login.as_deref() == Some("p1@example.com")).unwrap();
    assert!(matches!(all.fetch(&home, std::slice::from_ref(&gone.id)).await.pop().unwrap(), Fetched::Gone));
}

#[tokio::test]
async fn managers_and_pictures_come_along_and_pictures_can_be_left_out() {
    let mut quirks = Quirks::default();
    quirks.pictures_of_users = false;
    for (config, pictures) in [(Config::new(ROOT), true), (Config::new(ROOT).quirks(quirks), false)] {
        let organisation = Organisation::of(2, config);
        let all = organisation.items();
        let home = directory(&*all).await;
        assert!(organisation.simulator.set_manager("p0@example.com", "p1@example.com"));
        assert!(organisation.simulator.set_user_photo("p0@example.com", Some((b"\xff\xd8picture", "image/jpeg"))));
        let id = ItemId::from("person-0");
        let stored = found(&*all, &home, std::slice::from_ref(&id)).await.pop().unwrap();
        assert_eq!((stored.record.manager.as_deref(), stored.record.photo.is_some()), (Some("person-1"), pictures));
        assert_eq!(all.fields(&home).await.unwrap().iter().any(|field| field.field.as_str() == "photo"), pictures);
        if let Some(photo) = &stored.record.photo {
            let opened = all.blobs().unwrap().open(&home, &id, &photo.id).await.unwrap();
            assert_eq!(
                (opened.media_type.clone(), opened.collect(100).await.unwrap()),
                ("image/jpeg".to_owned(), b"\xff\xd8picture".to_vec())
            );
            organisation.simulator.set_user_photo("p0@example.com", Some((b"\xff\xd8other", "image/jpeg")));
            let again = found(&*all, &home, std::slice::from_ref(&id)).await.pop().unwrap();
            assert_ne!(again.record.photo.as_ref().map(|photo| &photo.id), Some(&photo.id));
        }
        let error = all.blobs().unwrap().open(&home, &"person-1".into(), &BlobId::from("photo")).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
    }
}

#[tokio::test]
async fn an_account_that_is_limited_to_groups_sees_their_members_and_takes_nobody_for_deleted() {
    let organisation = Organisation::of(4, Config::new(ROOT).group("group-1").group("group-2"));
    organisation.simulator.set_group("group-1", &["p0@example.com", "p1@example.com"]);
    organisation.simulator.set_group("group-2", &["p1@example.com", "p2@example.com"]);
    let all = organisation.items();
    let collection = all.collections().await.unwrap().pop().unwrap();
    assert!(!collection.capabilities.incremental);
    let home = collection.id;
    let (lines, cursor, complete) = round(&*all, &home, Position::Start, &ChangeOptions::default()).await.unwrap();
    assert!(complete);
    assert_eq!(there(&lines), ["person-0", "person-1", "person-2"].map(ItemId::from));
    let outside = all.fetch(&home, &["person-3".into(), "person-0".into()]).await;
    assert!(matches!(outside.as_slice(), [Fetched::Hidden, Fetched::Found(_)]), "{outside:?}");
    organisation.simulator.set_group("group-1", &["p3@example.com"]);
    let (lines, _, complete) = round(&*all, &home, Position::Since(&cursor), &ChangeOptions::default()).await.unwrap();
    assert!(complete);
    assert_eq!(there(&lines), ["person-1", "person-2", "person-3"].map(ItemId::from));
    // Out of the group is not deleted.
    assert!(matches!(all.fetch(&home, &["person-0".into()]).await.pop().unwrap(), Fetched::Hidden));
    let limited = Organisation::of(1, Config::new(ROOT).group("no-such-group"));
    let error = limited.items().changes(&home, Position::Start, &ChangeOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn users_are_found_by_id_name_and_address_and_never_written() {
    let organisation = Organisation::of(3, Config::new(ROOT));
    let all = organisation.items();
    let home = directory(&*all).await;
    let keys = [Key::Uid("person-1".into()), Key::Uid("nobody".into()), Key::Uid(String::new())];
    let counts: Vec<usize> = all.find(&home, &keys).await.into_iter().map(|answer| answer.unwrap().len()).collect();
    assert_eq!(counts, [1, 0, 0]);
    assert_eq!(all.find(&home, &[Key::Mark("m".into())]).await.pop().unwrap().unwrap_err().kind(), ErrorKind::Unsupported);
    let search = all.search().unwrap();
    for text in ["Person 2", "p2@example.com"] {
        let hits = search.search(text, 5).await.unwrap();
        assert_eq!(hits.iter().map(|hit| hit.id.as_str()).collect::<Vec<_>>(), ["person-2"], "{text}");
    }
    assert_eq!(search.search("Person", 2).await.unwrap().len(), 2);
    let write = Write::Create { mark: "m".into(), record: User::default() };
    let outcome = all.write(&home, vec![write], &WriteOptions::default()).await.pop().unwrap();
    assert!(matches!(&outcome, Outcome::Refused(error) if error.kind() == ErrorKind::Unsupported), "{outcome:?}");
    assert!(all.fields(&home).await.unwrap().iter().all(|field| field.read && !field.write));
    let nowhere = CollectionId::from("elsewhere");
    for kind in [
        all.changes(&nowhere, Position::Start, &ChangeOptions::default()).await.unwrap_err().kind(),
        all.fields(&nowhere).await.unwrap_err().kind(),
        all.find(&nowhere, &keys[..1]).await.pop().unwrap().unwrap_err().kind(),
    ] {
        assert_eq!(kind, ErrorKind::CollectionGone);
    }
}

#[tokio::test]
async fn an_app_that_may_not_read_the_directory_is_told_what_to_do() {
    let account = Account::default();
    let refuse = pimkit_simulators::Fault::Status {
        code: 403,
        retry_after: None,
        body: json!({ "error": { "code": "Authorization_RequestDenied", "message": "Insufficient privileges" } }).to_string(),
    };
    account.simulator.set_faults(pimkit_simulators::FaultPlan::of([pimkit_simulators::FaultRule::on("GET", refuse)]));
    let all = account.graph.users().unwrap();
    let home = directory(&*all).await;
    let error = all.changes(&home, Position::Start, &ChangeOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("consent"), "{error}");
    let answer = all.fetch(&home, &["x".into()]).await.pop().unwrap();
    assert!(matches!(&answer, Fetched::Failed(error) if error.kind() == ErrorKind::PermissionDenied), "{answer:?}");
}

#[tokio::test]
async fn the_members_of_a_group_come_page_by_page() {
    let organisation = Organisation::of(25, Config::new(ROOT).group("team").page_size(10));
    let members: Vec<String> = (0..25).map(|n| format!("p{n}@example.com")).collect();
    organisation.simulator.set_group("team", &members.iter().map(String::as_str).collect::<Vec<_>>());
    let all = organisation.items();
    let home = directory(&*all).await;
    let options = ChangeOptions::default();
    let (mut sizes, mut named, mut tokens) = (Vec::new(), Vec::new(), Vec::new());
    let mut page = all.changes(&home, Position::Start, &options).await.unwrap();
    loop {
        sizes.push(page.changes.len());
        named.extend(page.changes.iter().map(|line| line.id().clone()));
        match page.next {
            pimkit_core::Next::Done { complete, .. } => break assert!(complete),
            pimkit_core::Next::More(token) => {
                page = all.changes(&home, Position::Page(&token), &options).await.unwrap();
                tokens.push(token);
            }
        }
    }
    named.sort();
    named.dedup();
    assert_eq!((sizes, named.len()), (vec![10, 10, 5], 25));
    // After a crash a page goes on where it was.
    let other = Organisation { graph: organisation.graph.clone(), simulator: organisation.simulator.clone() };
    let page = other.items().changes(&home, Position::Page(&tokens[1]), &options).await.unwrap();
    assert_eq!(page.changes.len(), 5);
}
