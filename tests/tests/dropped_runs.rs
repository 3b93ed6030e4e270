//! A run is a future like any other: it is `Send`, may be spawned, and may be dropped at any await.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod road;

use pimkit::{Contact, formats::InlineBlobs, sync::Policy};
use pimkit_contract::samples::Sample;
use road::{Road, assert_equal, habits};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// Polls a future so many times at most, then lets it go.
struct Cut<F> {
    future: Pin<Box<F>>,
    polls: usize,
}

impl<F: Future> Future for Cut<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        self.future.as_mut().poll(cx).map(Some)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_dropped_at_any_await_is_made_good_by_the_next() {
    const ITEMS: u64 = 20;
    let mut whole = 0;
    // Until a run is over before it is cut: every await before that was one at which it was dropped.
    for polls in 1..10_000 {
        // Far apart where the awaits are many: each place of a short run, every seventh of a long one.
        let polls = if polls <= 30 { polls } else { 30 + (polls - 30) * 7 };
        let road = Road::new();
        for n in 0..ITEMS {
            road.put("first", &format!("x{n}"), &Contact::sample(n), &habits(n), &InlineBlobs::new());
        }
        let pair = road.pair::<Contact>("first", Policy::default());
        let future = Box::pin(async move { pair.run().await });
        let ended = tokio::spawn(Cut { future, polls }).await.unwrap();
        // What a dropped run had asked of the state may still be under way: the lease is free when that is done.
        let pair = road.pair::<Contact>("first", Policy::default());
        let report = loop {
            match pair.run().await {
                Ok(report) => break report,
                Err(error) if error.kind() == pimkit::ErrorKind::LeaseLost => tokio::task::yield_now().await,
                Err(error) => panic!("after {polls} polls: {error}"),
            }
        };
        assert_eq!(report.sync.verdict().exit_code(), 0, "after {polls} polls: {:?}", report.sync);
        assert_equal::<Contact>(road.folder("first").as_ref(), road.store.as_ref(), ITEMS as usize).await;
        assert_eq!(road.run::<Contact>("first").await.sync.writes(), 0, "after {polls} polls");
        if let Some(ended) = ended {
            ended.unwrap();
            whole = polls;
            break;
        }
    }
    assert!(whole > 10, "a run has awaits to be dropped at, {whole} is too few");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_runs_of_different_stores_go_side_by_side() {
    let roads: Vec<Road> = (0..3).map(|_| Road::new()).collect();
    for road in &roads {
        for n in 0..20 {
            road.put("first", &format!("x{n}"), &Contact::sample(n), &habits(n), &InlineBlobs::new());
        }
    }
    let runs: Vec<_> = roads
        .iter()
        .map(|road| {
            let pair = road.pair::<Contact>("first", Policy::default());
            tokio::spawn(async move { pair.run().await })
        })
        .collect();
    for run in runs {
        assert_eq!(run.await.unwrap().unwrap().sync.created.left, 20);
    }
}
