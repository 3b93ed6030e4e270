//! Time and chance that a test holds in its hand.

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use pimkit_core::{Chance, Clock};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// A clock that stands still until somebody moves it.
///
/// # Behavior
/// - `sleep` moves the time forward by its length and ends at once: nobody ever waits, and two
///   sleeps one after the other take their sum. A sleep that is dropped before it is first polled
///   moves nothing.
/// - Clones show the same time.
#[derive(Clone, Debug)]
pub struct FakeClock {
    hands: Arc<Mutex<Hands>>,
}

#[derive(Debug)]
struct Hands {
    now: Timestamp,
    slept: Duration,
}

/// The later time, or the last there is.
pub(crate) fn later(from: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| from.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}

impl FakeClock {
    /// A clock that shows this time.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { hands: Arc::new(Mutex::new(Hands { now, slept: Duration::ZERO })) }
    }

    /// Moves the time forward.
    pub fn advance(&self, by: Duration) {
        let mut hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
        hands.now = later(hands.now, by);
    }

    /// Sets the time, backwards too: the operating system corrects its clock.
    pub fn set(&self, now: Timestamp) {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner).now = now;
    }

    /// How long everybody has slept on this clock, all sleeps added up.
    #[must_use]
    pub fn slept(&self) -> Duration {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner).slept
    }
}

/// 2026-03-02T08:00:00Z, a Monday: the time of the samples.
impl Default for FakeClock {
    fn default() -> Self {
        Self::at(Timestamp::from_second(1_772_438_400).unwrap_or(Timestamp::UNIX_EPOCH))
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner).now
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let mut hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
            hands.now = later(hands.now, time);
            hands.slept = hands.slept.saturating_add(time);
        })
    }
}

/// Chance that repeats: the same seed gives the same numbers in the same order. Clones share the
/// sequence: no number comes out of two of them.
#[derive(Clone, Debug)]
pub struct SeededChance {
    state: Arc<Mutex<u64>>,
}

impl SeededChance {
    /// The sequence of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: Arc::new(Mutex::new(seed)) }
    }
}

/// Scrambles 64 bits: every input has an output of its own (the finaliser of SplitMix64; Steele,
/// Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
pub(crate) fn scramble(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

impl Chance for SeededChance {
    fn next(&self) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        scramble(*state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn a_sleep_moves_the_time_at_once_and_a_dropped_one_does_not() {
        let clock = FakeClock::default();
        assert_eq!(clock.now().to_string(), "2026-03-02T08:00:00Z");
        drop(clock.sleep(Duration::from_secs(60)));
        assert_eq!(clock.slept(), Duration::ZERO);
        assert!(clock.clone().sleep(Duration::from_secs(60)).now_or_never().is_some());
        clock.advance(Duration::from_secs(5));
        assert_eq!(clock.now().to_string(), "2026-03-02T08:01:05Z");
        assert_eq!(clock.slept(), Duration::from_secs(60));
    }

    #[test]
    fn a_clock_does_not_run_over_the_end_of_time() {
        let clock = FakeClock::default();
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
    }

    #[test]
    fn the_same_seed_gives_the_same_ids_and_another_seed_others() {
        let ids = |seed| {
            let chance = SeededChance::new(seed);
            (0..100).map(|_| chance.id()).collect::<Vec<_>>()
        };
        assert_eq!(ids(7), ids(7));
        assert_ne!(ids(7), ids(8));
        let mut seen = ids(7);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 100);
    }
}
