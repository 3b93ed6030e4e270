//! How many requests things cost, and how many are under way at once.

use crate::{
    common::{ALICE, Account, ROOT, open},
    kit::{HOME, create, person},
};
use futures::future::join_all;
use pimkit_contract::FakeClock;
use pimkit_core::{ChangeOptions, Connector, Fetched, ItemId, Outcome, Position, WriteOptions};
use pimkit_graph::Config;
use pimkit_http::{Failure, InProcess, Incoming};
use pimkit_simulators::{Graph as Simulator, GraphRules};
use std::{sync::Arc, time::Duration};

fn outer(account: &Account) -> usize {
    account.simulator.requests().iter().filter(|seen| !seen.inside_batch).count()
}

#[tokio::test]
async fn a_round_without_a_change_is_one_request_whatever_there_is() {
    for items in [0, 40] {
        let account = Account::default();
        let writes = (0..items).map(|n| create(&format!("m-{n}"), &person(&format!("P{n}")))).collect();
        account.items().write(&HOME, writes, &WriteOptions::default()).await;
        let (_, cursor, _) = account.round(Position::Start).await.unwrap();
        account.simulator.reset_requests();
        let (lines, _, _) = account.round(Position::Since(&cursor)).await.unwrap();
        assert_eq!((lines.len(), outer(&account)), (0, 1));
        account.simulator.reset_requests();
        account.items().collections().await.unwrap();
        assert_eq!(outer(&account), 2, "the folders, and what is in the default one");
    }
}

#[tokio::test]
async fn many_contacts_are_made_and_read_in_batches_of_twenty() {
    let account = Account::new(GraphRules::default(), Config::new(ROOT).page_size(1000));
    let writes: Vec<_> = (0..500).map(|n| create(&format!("m-{n}"), &person(&format!("P{n}")))).collect();
    account.simulator.reset_requests();
    let outcomes = account.items().write(&HOME, writes, &WriteOptions::default()).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Written { .. })));
    assert_eq!((account.count(), outer(&account)), (500, 25));
    // As a sync begins: what is in the default folder is told by its id.
    account.items().collections().await.unwrap();
    account.simulator.reset_requests();
    let (lines, _, _) = account.round(Position::Start).await.unwrap();
    assert_eq!((lines.len(), outer(&account)), (500, 1));
    let ids: Vec<ItemId> = lines.iter().map(|line| line.id().clone()).collect();
    let fetched = account.items().fetch(&HOME, &ids).await;
    assert!(fetched.iter().all(|answer| matches!(answer, Fetched::Found(_))));
    assert_eq!(outer(&account), 1 + 25);
    assert!(account.simulator.requests().iter().filter(|seen| seen.path != "/$batch").all(|seen| seen.immutable), "inside of batches too");
}

#[tokio::test]
async fn pages_are_as_large_as_is_asked_for() {
    let account = Account::default();
    let writes = (0..10).map(|n| create(&format!("m-{n}"), &person(&format!("P{n}")))).collect();
    account.items().write(&HOME, writes, &WriteOptions::default()).await;
    account.simulator.reset_requests();
    let (lines, _, _) = account.round_in(&HOME, Position::Start, &ChangeOptions::default().page_size(3)).await.unwrap();
    assert_eq!((lines.len(), outer(&account)), (10, 4));
}

/// An account whose answers take some time, so that requests overlap.
fn slow(clock: &FakeClock) -> (Simulator, pimkit_graph::Graph) {
    let now = clock.clone();
    let simulator = Simulator::builder()
        .seed(1)
        .user(ALICE, "token")
        .latency(Duration::from_millis(5))
        .sleeper(Arc::new(|_| {
            Box::pin(async {
                for _ in 0..5 {
                    tokio::task::yield_now().await;
                }
            })
        }))
        .clock(Arc::new(move || pimkit_core::Clock::now(&now)))
        .build();
    let served = simulator.clone();
    let wire = InProcess::new(move |outgoing| {
        let served = served.clone();
        async move {
            let request = outgoing.into_http()?;
            let answer = served.answer(request).await;
            answer.map(Incoming::from).map_err(|_| Failure::unknown(pimkit_core::Error::new(pimkit_core::ErrorKind::Transport, "cut")))
        }
    });
    let graph = open(Config::new(ROOT), Arc::new(wire), clock);
    (simulator, graph)
}

/// A mailbox takes four requests at once, those within batches counted one by one (microsoft-graph-docs 8760).
#[tokio::test]
async fn no_more_than_four_requests_of_a_mailbox_are_under_way() {
    let clock = FakeClock::default();
    let (simulator, graph) = slow(&clock);
    let items = graph.contacts().unwrap();
    let batches = (0..6).map(|b| {
        let items = items.clone();
        async move {
            let writes: Vec<_> = (0..30).map(|n| create(&format!("m-{b}-{n}"), &person(&format!("P{n}")))).collect();
            items.write(&HOME, writes, &WriteOptions::default()).await
        }
    });
    let reads = (0..20).map(|_| {
        let items = items.clone();
        async move { items.changes(&HOME, Position::Start, &ChangeOptions::default()).await.map(|_| ()) }
    });
    let (written, read) = futures::future::join(join_all(batches), join_all(reads)).await;
    assert!(written.iter().flatten().all(|outcome| matches!(outcome, Outcome::Written { .. })));
    assert!(read.iter().all(Result::is_ok));
    let refused = simulator.requests().iter().filter(|seen| seen.status == 429).count();
    assert_eq!(refused, 0, "of {} requests", simulator.requests().len());
}
