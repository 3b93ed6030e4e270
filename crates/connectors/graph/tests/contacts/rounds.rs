//! Rounds of changes: links that are forgotten, pages that lead elsewhere, moves.

use crate::{
    common::{ALICE, Account, ROOT},
    kit::{HOME, person},
};
use pimkit_core::{Change, ChangeOptions, CollectionId, ErrorKind, Fetched, Next, Position};
use pimkit_graph::Config;
use pimkit_simulators::{DeltaRules, Fault, FaultRule, GraphRules};
use serde_json::json;

#[tokio::test]
async fn a_forgotten_link_is_said_and_a_new_round_names_everything() {
    let account = Account::default();
    let made = account.make("m", &person("Ada")).await;
    let (_, cursor, _) = account.round(Position::Start).await.unwrap();
    account.simulator.expire_tokens();
    let error = account.round(Position::Since(&cursor)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CursorExpired);
    let (lines, _, complete) = account.round(Position::Start).await.unwrap();
    assert!(complete && lines.iter().any(|line| *line.id() == made.id));
}

/// Any 400 to a stored link means so too (evolution-ews 313), and so does a 404 that says so, or that is of the link alone.
#[tokio::test]
async fn a_refused_link_is_a_forgotten_one_however_it_is_refused() {
    for (code, body) in [(400, "{}"), (410, ""), (404, r#"{"error":{"code":"syncStateNotFound"}}"#), (404, "{}")] {
        let account = Account::default();
        let (_, cursor, _) = account.round(Position::Start).await.unwrap();
        account.fault(vec![FaultRule::on("GET", Fault::Status { code, retry_after: None, body: body.to_owned() }).times(1)]);
        assert_eq!(account.round(Position::Since(&cursor)).await.unwrap_err().kind(), ErrorKind::CursorExpired, "{code}");
    }
    let account = Account::default();
    let (_, cursor, _) = account.round(Position::Start).await.unwrap();
    account.fault(vec![FaultRule::on("GET", Fault::Status { code: 404, retry_after: None, body: "{}".to_owned() })]);
    assert_eq!(account.round(Position::Since(&cursor)).await.unwrap_err().kind(), ErrorKind::CollectionGone, "the folder too");
}

#[tokio::test]
async fn a_link_may_be_forgotten_within_a_round() {
    let account = Account::default();
    for n in 0..5 {
        account.make(&format!("m-{n}"), &person(&format!("P{n}"))).await;
    }
    let options = ChangeOptions::default().page_size(2);
    let page = account.items().changes(&HOME, Position::Start, &options).await.unwrap();
    let Next::More(token) = page.next else { panic!("five items on one page of two") };
    account.simulator.expire_tokens();
    let error = account.items().changes(&HOME, Position::Page(&token), &options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CursorExpired);
}

#[tokio::test]
async fn what_leaves_a_folder_is_removed_there_and_not_gone() {
    let account = Account::default();
    let made = account.make("m", &person("Ada")).await;
    let other = account.simulator.create(ALICE, "contactFolders", &json!({"displayName": "Other"})).unwrap();
    let (_, cursor, _) = account.round(Position::Start).await.unwrap();
    account.simulator.move_item(ALICE, made.id.as_str(), &other);
    let (lines, _, _) = account.round(Position::Since(&cursor)).await.unwrap();
    assert!(matches!(lines.as_slice(), [Change::Removed { id, .. }] if *id == made.id), "{lines:?}");
    let (lines, _, _) = account.round_in(&CollectionId::from(other), Position::Start, &ChangeOptions::default()).await.unwrap();
    assert!(lines.iter().any(|line| *line.id() == made.id), "an id that stays");
}

/// microsoft-graph-docs 21752: with ids that stay, an item that left and came back between two rounds is told as removed.
#[tokio::test]
async fn an_item_that_left_and_came_back_is_found_by_asking() {
    let delta = DeltaRules { forgets_returns: true, ..GraphRules::default().delta };
    let account = Account::new(GraphRules { delta, ..GraphRules::default() }, Config::new(ROOT));
    let made = account.make("m", &person("Ada")).await;
    let other = account.simulator.create(ALICE, "contactFolders", &json!({"displayName": "Other"})).unwrap();
    let (_, cursor, _) = account.round(Position::Start).await.unwrap();
    account.simulator.move_item(ALICE, made.id.as_str(), &other);
    account.simulator.move_item(ALICE, made.id.as_str(), "contacts");
    let (lines, _, _) = account.round(Position::Since(&cursor)).await.unwrap();
    assert!(matches!(lines.as_slice(), [Change::Removed { .. }]), "{lines:?}");
    assert!(matches!(account.fetch(&made.id).await, Fetched::Found(_)));
}

#[tokio::test]
async fn an_answer_that_is_no_list_is_never_an_empty_one() {
    for fault in [Fault::LoginPage, Fault::Status { code: 200, retry_after: None, body: "{}".to_owned() }, Fault::Truncate { bytes: 30 }] {
        let account = Account::default();
        account.make("m", &person("Ada")).await;
        account.fault(vec![FaultRule::on("GET", fault.clone())]);
        let error = account.round(Position::Start).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Transport | ErrorKind::InvalidData), "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn a_cursor_of_other_ids_is_no_cursor() {
    let account = Account::default();
    let (_, cursor, _) = account.round(Position::Start).await.unwrap();
    let mut quirks = pimkit_graph::Quirks::default();
    quirks.immutable_ids = false;
    let other = crate::common::open(Config::new(ROOT).quirks(quirks), account.wire.clone(), &account.clock);
    let items = pimkit_core::Connector::contacts(&other).unwrap();
    let error = items.changes(&HOME, Position::Since(&cursor), &ChangeOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CursorExpired);
}

#[tokio::test]
async fn ids_that_do_not_stay_are_brought_to_those_that_do() {
    let account = Account::default();
    let made = account.make("m", &person("Ada")).await;
    let mut quirks = pimkit_graph::Quirks::default();
    quirks.immutable_ids = false;
    let other = crate::common::open(Config::new(ROOT).quirks(quirks), account.wire.clone(), &account.clock);
    let items = pimkit_core::Connector::contacts(&other).unwrap();
    let page = items.changes(&HOME, Position::Start, &ChangeOptions::default()).await.unwrap();
    let old = page.changes[0].id().to_string();
    assert_ne!(old, made.id.to_string());
    let asked = ["no such id".to_owned(), old.clone(), old];
    let ids = account.graph.immutable_ids(&asked, pimkit_graph::IdSort::Rest).await.unwrap();
    assert_eq!(ids, [None, Some(made.id.to_string()), Some(made.id.to_string())]);
}
