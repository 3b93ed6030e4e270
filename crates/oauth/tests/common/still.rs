//! A clock on which nothing happens until a test says so.

use futures::future::BoxFuture;
use jiff::Timestamp;
use pimkit_core::Clock;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// Sleeps end when [`end`](Still::end) is called, whatever they were meant to take.
#[derive(Clone, Debug)]
pub struct Still(Arc<watch::Sender<bool>>);

impl Default for Still {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Still {
    pub fn end(&self) {
        self.0.send_replace(true);
    }
}

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_772_438_400).unwrap()
    }
    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        let mut end = self.0.subscribe();
        Box::pin(async move {
            end.wait_for(|end| *end).await.unwrap();
        })
    }
}
