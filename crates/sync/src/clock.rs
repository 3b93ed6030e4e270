//! The real clock, and real chance.

use futures::future::BoxFuture;
use jiff::Timestamp;
use pimkit_core::{Chance, Clock};
use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// The operating system's clock; sleeps on tokio's timer.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// Chance from the operating system, by way of the standard library's hash keys.
#[derive(Debug, Default)]
pub struct RandomChance(AtomicU64);

impl Chance for RandomChance {
    fn next(&self) -> u64 {
        // Every RandomState of a thread differs from the last, and starts from the system's chance;
        // the count and the time keep apart what two processes draw from one snapshot of a machine.
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u64(self.0.fetch_add(1, Ordering::Relaxed));
        hasher.write_i128(Timestamp::now().as_nanosecond());
        hasher.finish()
    }
}
