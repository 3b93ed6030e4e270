//! A clock and chance that tests hold in their hands, and roads over them.
#![allow(clippy::unwrap_used, clippy::expect_used, dead_code, unreachable_pub, reason = "each test program uses its own part")]

pub mod heard;

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use pimkit_core::{Chance, Clock};
use pimkit_http::{Failure, InProcess, Incoming, Outgoing, Request, Road, RoadBuilder, Transport};
use std::{
    collections::VecDeque,
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use url::Url;

/// A clock whose sleeps end at once, and move it; it keeps each of them.
#[derive(Clone, Debug, Default)]
pub struct Hands(Arc<Mutex<(Duration, Vec<Duration>)>>);

impl Hands {
    pub fn slept(&self) -> Vec<Duration> {
        self.0.lock().unwrap().1.clone()
    }
    pub fn advance(&self, time: Duration) {
        self.0.lock().unwrap().0 += time;
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.0.lock().unwrap().0).unwrap();
        Timestamp::from_second(1_772_438_400).unwrap().checked_add(passed).unwrap()
    }
    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let mut hands = self.0.lock().unwrap();
            hands.0 += time;
            hands.1.push(time);
        })
    }
}

/// Numbers that count up.
#[derive(Debug, Default)]
pub struct Counting(AtomicU64);

impl Chance for Counting {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

pub fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

pub fn request(method: &str, address: &str) -> Request {
    Request::new("test.ask", method, url(address)).unwrap()
}

/// A wire that ends in this function, the clock of its road, and the road's builder.
pub fn laid<F, Fut>(handler: F) -> (Arc<InProcess>, Hands, RoadBuilder)
where
    F: Fn(Outgoing) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Incoming, Failure>> + Send + 'static,
{
    let wire = Arc::new(InProcess::new(handler));
    let hands = Hands::default();
    let builder = Road::builder(wire.clone() as Arc<dyn Transport>, Arc::new(hands.clone()), Arc::new(Counting::default()));
    (wire, hands, builder)
}

/// A wire that gives these answers, one after the other.
pub fn scripted(answers: Vec<Result<Incoming, Failure>>) -> (Arc<InProcess>, Hands, RoadBuilder) {
    let answers = Mutex::new(VecDeque::from(answers));
    laid(move |_| {
        let next = answers.lock().unwrap().pop_front().expect("an answer for each request");
        async move { next }
    })
}

pub fn answer(status: u16) -> Incoming {
    Incoming::status(status).unwrap()
}

/// The value of Authorization, as it went on the wire.
pub fn credentials(request: &Outgoing) -> Option<String> {
    request.headers.get("authorization").map(|value| String::from_utf8(value.as_bytes().to_vec()).unwrap())
}
