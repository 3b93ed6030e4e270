//! The gate of an account, over the whole road.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

mod common;

use common::{answer, laid, request};
use futures::{FutureExt, executor::block_on, future::join_all};
use pimkit_http::{Answer, Failure, Pace, Road};
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::Semaphore;

const HERE: &str = "https://a.example.org/";

#[test]
fn a_request_that_carries_several_takes_their_places() {
    let (under_way, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, seen) = (under_way.clone(), most.clone());
    let (wire, _, builder) = laid(move |_| {
        let (now, seen) = (now.clone(), seen.clone());
        async move {
            seen.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(answer(200))
        }
    });
    let road = builder.pace(Pace::default().at_once(4)).build().unwrap();
    // Two of two places fit beside each other; one of more than there are goes alone, and does go.
    for (places, together) in [(2, 2), (4, 1), (20, 1), (0, 4)] {
        most.store(0, Ordering::SeqCst);
        let before = wire.count();
        let answers = block_on(join_all((0..8).map(|_| road.send(request("GET", HERE).places(places)))));
        assert!(answers.iter().all(Result::is_ok));
        assert_eq!((wire.count() - before, most.load(Ordering::SeqCst)), (8, together), "{places}");
    }
}

#[test]
fn no_more_requests_are_under_way_than_the_pace_allows() {
    let (under_way, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, seen) = (under_way.clone(), most.clone());
    let (wire, _, builder) = laid(move |_| {
        let (now, seen) = (now.clone(), seen.clone());
        async move {
            seen.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(answer(200))
        }
    });
    let road = builder.pace(Pace::default().at_once(3)).build().unwrap();
    let answers = block_on(join_all((0..20).map(|_| road.send(request("GET", HERE)))));
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!((wire.count(), most.load(Ordering::SeqCst)), (20, 3));
}

#[test]
fn requests_keep_the_distance_of_the_pace() {
    let (_, hands, builder) = laid(|_| async { Ok(answer(200)) });
    let road = builder.pace(Pace::default().every(Duration::from_secs(2), 1)).build().unwrap();
    for _ in 0..4 {
        block_on(road.send(request("GET", HERE))).unwrap();
    }
    assert_eq!(hands.slept(), [Duration::from_secs(2); 3]);
}

#[test]
fn a_dropped_request_and_a_dropped_body_give_back_their_place() {
    let doors = Arc::new(Semaphore::new(0));
    let held = doors.clone();
    let (_, _, builder) = laid(move |request| {
        let held = held.clone();
        async move {
            if request.url.path() == "/slow" {
                held.acquire().await.unwrap().forget();
            }
            Ok(answer(200).body("photo"))
        }
    });
    let road = builder.pace(Pace::default().at_once(1)).build().unwrap();
    let mut slow = Box::pin(road.send(request("GET", "https://a.example.org/slow")));
    assert!(slow.as_mut().now_or_never().is_none());
    assert!(road.send(request("GET", HERE)).now_or_never().is_none(), "the place is taken");
    drop(slow);
    assert!(road.send(request("GET", HERE)).now_or_never().is_some());

    let opened = block_on(road.open(request("GET", HERE))).unwrap();
    assert!(road.send(request("GET", HERE)).now_or_never().is_none(), "the body is still being read");
    drop(opened);
    assert!(road.send(request("GET", HERE)).now_or_never().is_some());
}

#[test]
fn a_request_can_be_spawned() {
    fn spawned(road: &Road) -> impl Future<Output = Result<Answer, Failure>> + Send + 'static {
        let road = road.clone();
        async move { road.send(request("GET", HERE)).await }
    }
    let (_, _, builder) = laid(|_| async { Ok(answer(200)) });
    assert!(block_on(spawned(&builder.build().unwrap())).is_ok());
}
