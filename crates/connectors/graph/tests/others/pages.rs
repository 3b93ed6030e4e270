//! A service whose pages have no end keeps nobody for good, and what was read of them is not taken for all there is.

use crate::common::{ROOT, open};
use bytes::Bytes;
use futures::TryStreamExt;
use http::Response;
use pimkit_contract::FakeClock;
use pimkit_core::{
    ChangeOptions, CollectionId, Connector, Error, ErrorKind, ItemId, Key, Mark, Outcome, Position, Record, Repository, RepositoryExt,
    Result, WriteOptions,
};
use pimkit_graph::{Config, EventRounds, Graph, Quirks};
use pimkit_http::InProcess;
use serde_json::{Value, json};
use std::sync::Arc;

/// An account of which every listing goes in a circle of so many pages.
fn circling(config: Config, length: usize) -> (Graph, Arc<InProcess>) {
    let wire = Arc::new(InProcess::serving(move |request| {
        let page = |at: usize| {
            let next = format!("{ROOT}/me/next?$skiptoken={}", (at + 1) % length);
            json!({"id": "x", "name": "x", "displayName": "x", "canEdit": true, "value": [], "@odata.nextLink": next})
        };
        let body = match serde_json::from_slice::<Value>(request.body()) {
            Ok(asked) if asked["requests"].is_array() => {
                let answers = asked["requests"].as_array().unwrap().iter();
                let answers: Vec<Value> = answers.map(|one| json!({"id": one["id"], "status": 200, "body": page(0)})).collect();
                json!({ "responses": answers })
            }
            _ => {
                let at = request.uri().query().and_then(|query| query.strip_prefix("$skiptoken=")).and_then(|at| at.parse().ok());
                page(at.unwrap_or_default())
            }
        };
        let answer = Response::builder().status(200).header("content-type", "application/json");
        Ok(answer.body(Bytes::from(body.to_string())).unwrap())
    }));
    (open(config, wire.clone(), &FakeClock::default()), wire)
}

async fn round<R: Record>(items: &dyn Repository<R>, collection: &str) -> Result<()> {
    let options = ChangeOptions::default();
    let collection = CollectionId::from(collection);
    items.pages(&collection, Position::Start, &options).try_collect::<Vec<_>>().await.map(drop)
}

async fn marked<R: Record>(items: &dyn Repository<R>) -> Result<()> {
    items.find(&CollectionId::from("x"), &[Key::Mark(Mark::from("m"))]).await.remove(0).map(drop)
}

async fn asked(graph: &Graph, what: &str) -> Result<()> {
    let (contacts, events) = (graph.contacts().unwrap(), graph.events().unwrap());
    let home = CollectionId::from("x");
    match what {
        "folders of contacts" => contacts.collections().await.map(drop),
        "categories" => contacts.categories().unwrap().list(&home).await.map(drop),
        "contacts by a mark" => marked(&*contacts).await,
        "a round of contacts" => round(&*contacts, "contacts").await,
        "calendars" => events.collections().await.map(drop),
        "events by a mark" => marked(&*events).await,
        "a round of events" => round(&*events, "x").await,
        "meetings in a calendar" => match events.folders().unwrap().delete(&home, &WriteOptions::default()).await {
            Outcome::Refused(error) => Err(error),
            other => panic!("{other:?}"),
        },
        "lists of tasks" => graph.tasks().unwrap().collections().await.map(drop),
        "tasks by a mark" => marked(&*graph.tasks().unwrap()).await,
        "a round of tasks" => round(&*graph.tasks().unwrap(), "x").await,
        "folders of messages" => graph.messages().unwrap().collections().await.map(drop),
        "a round of messages" => round(&*graph.messages().unwrap(), "x").await,
        "a round of users" => round(&*graph.users().unwrap(), "directory").await,
        _ => panic!("{what}"),
    }
}

fn is_endless(error: &Error) -> bool {
    error.kind() == ErrorKind::InvalidData && error.is_temporary() && error.to_string().contains("circle")
}

#[tokio::test]
async fn pages_that_go_in_a_circle_are_followed_once_around_and_no_further() {
    let rounds = |rounds: EventRounds| {
        let mut quirks = Quirks::default();
        quirks.event_rounds = rounds;
        Config::new(ROOT).quirks(quirks)
    };
    for (what, config) in [
        ("folders of contacts", Config::new(ROOT)),
        ("categories", Config::new(ROOT)),
        ("contacts by a mark", Config::new(ROOT)),
        ("a round of contacts", Config::new(ROOT)),
        ("calendars", Config::new(ROOT)),
        ("events by a mark", Config::new(ROOT)),
        ("a round of events", rounds(EventRounds::Delta)),
        ("a round of events", rounds(EventRounds::View)),
        ("a round of events", rounds(EventRounds::Listing)),
        ("meetings in a calendar", Config::new(ROOT)),
        ("lists of tasks", Config::new(ROOT)),
        ("tasks by a mark", Config::new(ROOT)),
        ("a round of tasks", Config::new(ROOT)),
        ("folders of messages", Config::new(ROOT)),
        ("a round of messages", Config::new(ROOT)),
        ("a round of users", Config::new(ROOT)),
        ("a round of users", Config::new(ROOT).group("g")),
    ] {
        for length in [1, 3] {
            let (graph, wire) = circling(config.clone(), length);
            let error = asked(&graph, what).await.unwrap_err();
            assert!(is_endless(&error), "{what}: {error}");
            assert!(wire.count() <= 20, "{what} {length}: {} requests", wire.count());
        }
    }
}

/// What hangs on one item is that item's own trouble.
#[tokio::test]
async fn an_item_whose_attachments_have_no_end_is_read_without_them() {
    let (graph, wire) = circling(Config::new(ROOT), 2);
    let ids = [ItemId::from("x")];
    let answer = graph.tasks().unwrap().fetch(&CollectionId::from("x"), &ids).await.remove(0);
    assert!(!matches!(answer, pimkit_core::Fetched::Gone), "{answer:?}");
    assert!(wire.count() <= 20, "{}", wire.count());
}
