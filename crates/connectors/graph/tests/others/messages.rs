//! Mail.

use crate::{
    common::{ALICE, Account, ROOT},
    reading::{found, round, there},
};
use pimkit_core::{
    Access, BlobId, Change, ChangeOptions, CollectionId, Connector, Delete, ErrorKind, Fetched, ItemId, Key, Mark, Message, Outcome,
    Position, Repository, Write, WriteOptions,
};
use pimkit_graph::Config;
use pimkit_simulators::{DeltaRules, Fault, FaultPlan, FaultRule, GraphRules};
use serde_json::{Value, json};
use std::sync::Arc;

fn items(account: &Account) -> Arc<dyn Repository<Message>> {
    account.graph.messages().unwrap()
}

async fn folder(account: &Account, name: &str) -> CollectionId {
    items(account).collections().await.unwrap().into_iter().find(|folder| folder.name == name).unwrap().id
}

fn mail(n: u32) -> Value {
    let who = |name: &str| json!({ "emailAddress": { "name": name, "address": format!("{}@example.com", name.to_lowercase()) } });
    json!({
        "subject": format!("Number {n}"), "from": who("Bob"), "toRecipients": [who("Alice"), who("Carol")],
        "internetMessageId": format!("<m{n}@mail.example>"), "conversationId": "thread-1", "isRead": false,
        "body": { "contentType": "html", "content": format!("<p>Hello {n}</p>") },
        "receivedDateTime": "2026-03-02T07:00:00Z", "sentDateTime": "2026-03-02T06:59:58Z",
    })
}

fn with_file(n: u32) -> Value {
    let mut mail = mail(n);
    // "tea" in Base64.
    mail["attachments"] = json!([
        { "@odata.type": "#microsoft.graph.fileAttachment", "name": "tea.txt", "contentType": "text/plain", "contentBytes": "dGVh" }
    ]);
    mail
}

fn outer(account: &Account) -> usize {
    account.simulator.requests().iter().filter(|seen| !seen.inside_batch).count()
}

#[tokio::test]
async fn folders_are_listed_with_those_below_them_and_nothing_can_be_written() {
    let account = Account::default();
    let inbox = folder(&account, "Inbox").await;
    let below = account.simulator.create(ALICE, &format!("mailFolders/{inbox}/childFolders"), &json!({ "displayName": "Tea" })).unwrap();
    account.simulator.create(ALICE, &format!("mailFolders/{below}/childFolders"), &json!({ "displayName": "Green" })).unwrap();
    account.simulator.create(ALICE, "mailFolders", &json!({ "displayName": "Hidden", "isHidden": true })).unwrap();
    let folders = items(&account).collections().await.unwrap();
    let names: Vec<&str> = folders.iter().map(|folder| folder.name.as_str()).collect();
    for name in ["Inbox", "Sent Items", "Tea", "Green"] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert!(!names.contains(&"Hidden"));
    assert!(folders.iter().all(|folder| folder.access == Access::Read && !folder.capabilities.write && folder.capabilities.incremental));
    assert!(items(&account).fields(&inbox).await.unwrap().iter().all(|field| field.read && !field.write));
    let writes = vec![
        Write::Create { mark: Mark::from("m"), record: Message::default() },
        Write::Delete { id: "x".into(), revision: "1".into(), mode: Delete::Trash },
    ];
    account.simulator.reset_requests();
    for outcome in items(&account).write(&inbox, writes, &WriteOptions::default()).await {
        assert!(matches!(&outcome, Outcome::Refused(error) if error.kind() == ErrorKind::Unsupported), "{outcome:?}");
    }
    assert_eq!(outer(&account), 0);
}

#[tokio::test]
async fn a_day_of_mail_is_read_and_later_rounds_name_what_changed() {
    let odd = DeltaRules { empty_first_page: true, null_value: true, tells_twice: true, ..GraphRules::default().delta };
    for delta in [GraphRules::default().delta, odd] {
        let account = Account::new(GraphRules { delta, ..GraphRules::default() }, Config::new(ROOT).page_size(3));
        let (inbox, archive) = (folder(&account, "Inbox").await, folder(&account, "Archive").await);
        let ids: Vec<String> = (0..7).map(|n| account.simulator.bring(ALICE, "inbox", &mail(n)).unwrap()).collect();
        let all = items(&account);
        let (lines, cursor, complete) = round(&*all, &inbox, Position::Start, &ChangeOptions::default()).await.unwrap();
        let there = there(&lines);
        assert!(complete && there.len() == 7);
        let stored = found(&*all, &inbox, &there).await;
        let mut subjects: Vec<_> = stored.iter().map(|s| s.record.subject.clone().unwrap()).collect();
        subjects.sort();
        assert_eq!(subjects, (0..7).map(|n| format!("Number {n}")).collect::<Vec<_>>());
        let one = &stored.iter().find(|s| s.record.subject.as_deref() == Some("Number 3")).unwrap();
        assert_eq!((one.record.message_id.as_deref(), one.record.text.as_deref()), (Some("m3@mail.example"), Some("Hello 3")));
        assert_eq!((one.access, one.record.to.len(), one.record.thread_id.is_some()), (Access::Read, 2, true));
        // Read, moved, deleted, come.
        assert!(account.simulator.change(ALICE, &format!("messages/{}", ids[0]), &json!({ "isRead": true })));
        assert!(account.simulator.move_item(ALICE, &ids[1], archive.as_str()));
        assert!(account.simulator.delete(ALICE, &format!("messages/{}", ids[2])));
        account.simulator.bring(ALICE, "inbox", &mail(9)).unwrap();
        let (lines, cursor, complete) = round(&*all, &inbox, Position::Since(&cursor), &ChangeOptions::default()).await.unwrap();
        assert!(!complete);
        let named = self::there(&lines);
        assert_eq!(named.len(), 2, "{lines:?}");
        let read = found(&*all, &inbox, &named).await;
        assert!(read.iter().any(|s| s.id.as_str() == ids[0] && s.record.keywords.contains("$seen")));
        for gone in [&ids[1], &ids[2]] {
            assert!(lines.iter().any(|line| matches!(line, Change::Removed { id, .. } if id.as_str() == gone)), "{lines:?}");
            // It answers under its id, and is not in the folder.
            let answer = all.fetch(&inbox, &[ItemId::from(gone.as_str())]).await.pop().unwrap();
            assert!(matches!(answer, Fetched::Gone), "{answer:?}");
        }
        assert_eq!(found(&*all, &archive, &[ItemId::from(ids[1].as_str())]).await.len(), 1);
        account.simulator.reset_requests();
        let (lines, _, _) = round(&*all, &inbox, Position::Since(&cursor), &ChangeOptions::default()).await.unwrap();
        assert_eq!(lines.len(), 0);
    }
}

#[tokio::test]
async fn a_round_without_a_change_is_one_request_and_messages_come_ten_at_a_time() {
    let account = Account::default();
    let inbox = folder(&account, "Inbox").await;
    for n in 0..30 {
        account.simulator.bring(ALICE, "inbox", &mail(n)).unwrap();
    }
    let all = items(&account);
    let (lines, cursor, _) = round(&*all, &inbox, Position::Start, &ChangeOptions::default()).await.unwrap();
    account.simulator.reset_requests();
    assert_eq!(found(&*all, &inbox, &there(&lines)).await.len(), 30);
    assert_eq!(outer(&account), 3);
    account.simulator.reset_requests();
    round(&*all, &inbox, Position::Since(&cursor), &ChangeOptions::default()).await.unwrap();
    assert_eq!(outer(&account), 1);
}

#[tokio::test]
async fn attachments_are_named_and_their_bytes_stream() {
    let account = Account::default();
    let inbox = folder(&account, "Inbox").await;
    let id = ItemId::from(account.simulator.bring(ALICE, "inbox", &with_file(1)).unwrap());
    let all = items(&account);
    let stored = found(&*all, &inbox, std::slice::from_ref(&id)).await.pop().unwrap();
    let [attachment] = stored.record.attachments.as_slice() else { panic!("{:?}", stored.record.attachments) };
    assert_eq!((attachment.name.as_deref(), attachment.blob.media_type.as_str()), (Some("tea.txt"), "text/plain"));
    let blobs = all.blobs().unwrap();
    let opened = blobs.open(&inbox, &id, &attachment.blob.id).await.unwrap();
    assert_eq!(opened.collect(1024).await.unwrap(), b"tea");
    let error = blobs.open(&inbox, &id, &BlobId::from("no-such-file")).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    let error = blobs.open(&CollectionId::from("no-such-folder"), &id, &BlobId::from("no-such-file")).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::CollectionGone);
    // What is attached and cannot be asked for is unknown, and not nothing.
    let refuse = Fault::Status { code: 403, retry_after: None, body: String::new() };
    account.simulator.set_faults(FaultPlan::of([FaultRule::on("GET", refuse).at("/attachments")]));
    let stored = found(&*all, &inbox, std::slice::from_ref(&id)).await.pop().unwrap();
    assert_eq!((stored.unread.len(), stored.record.attachments.len()), (1, 0));
}

#[tokio::test]
async fn a_message_is_found_by_its_message_id_and_by_words() {
    let account = Account::default();
    let (inbox, sent) = (folder(&account, "Inbox").await, folder(&account, "Sent Items").await);
    for n in 0..3 {
        account.simulator.bring(ALICE, "inbox", &mail(n)).unwrap();
    }
    account.simulator.bring(ALICE, "sentitems", &mail(7)).unwrap();
    let all = items(&account);
    let keys = ["m1@mail.example", "M1@mail.example", "none@mail.example", ""].map(|id| Key::Uid(id.to_owned()));
    let counts: Vec<usize> = all.find(&inbox, &keys).await.into_iter().map(|answer| answer.unwrap().len()).collect();
    assert_eq!(counts, [1, 0, 0, 0]);
    assert_eq!(all.find(&sent, &keys[..1]).await.pop().unwrap().unwrap().len(), 0);
    assert_eq!(all.find(&inbox, &[Key::Mark("m".into())]).await.pop().unwrap().unwrap_err().kind(), ErrorKind::Unsupported);
    let search = all.search().unwrap();
    let hits = search.search("Number 7", 5).await.unwrap();
    assert_eq!(
        hits.iter().map(|hit| (hit.collection.clone(), hit.record.subject.clone().unwrap())).collect::<Vec<_>>(),
        [(sent, "Number 7".to_owned())]
    );
    assert!(search.search("Number 7", 0).await.unwrap().is_empty() && search.search("  ", 5).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_folder_that_is_gone_is_gone_in_every_method() {
    let account = Account::default();
    let all = items(&account);
    let nowhere = CollectionId::from("no-such-folder");
    let gone = |error: pimkit_core::Error| assert_eq!(error.kind(), ErrorKind::CollectionGone, "{error}");
    gone(all.changes(&nowhere, Position::Start, &ChangeOptions::default()).await.unwrap_err());
    gone(all.fields(&nowhere).await.unwrap_err());
    gone(all.find(&nowhere, &[Key::Uid("x".into())]).await.pop().unwrap().unwrap_err());
    let answer = all.fetch(&nowhere, &["x".into()]).await.pop().unwrap();
    assert!(matches!(&answer, Fetched::Failed(error) if error.kind() == ErrorKind::CollectionGone), "{answer:?}");
}

#[tokio::test]
async fn a_round_that_the_service_forgot_starts_anew() {
    let account = Account::default();
    let inbox = folder(&account, "Inbox").await;
    account.simulator.bring(ALICE, "inbox", &mail(1)).unwrap();
    let all = items(&account);
    let (_, cursor, _) = round(&*all, &inbox, Position::Start, &ChangeOptions::default()).await.unwrap();
    account.simulator.expire_tokens();
    let error = all.changes(&inbox, Position::Since(&cursor), &ChangeOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CursorExpired);
    assert_eq!(round(&*all, &inbox, Position::Start, &ChangeOptions::default()).await.unwrap().0.len(), 1);
}
