//! The gate in front of the wire: how many requests of an account at once, how fast, and not at all while it is asked to rest.

use jiff::{SignedDuration, Timestamp};
use pimkit_core::{Clock, Error, ErrorKind, Result};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How fast an account may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pace {
    /// Requests under way at once. 4; 0 counts as 1.
    pub at_once: usize,
    /// Time from one request to the next, on average. None: as fast as they come.
    pub every: Option<Duration>,
    /// Requests that may come together before `every` is kept. 1 is an even spacing; 0 counts as 1.
    pub burst: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self { at_once: 4, every: None, burst: 1 }
    }
}

impl Pace {
    /// The same, with this many requests at once.
    #[must_use]
    pub fn at_once(mut self, requests: usize) -> Self {
        self.at_once = requests;
        self
    }

    /// The same, with this time between requests, after `burst` that may come together.
    #[must_use]
    pub fn every(mut self, time: Duration, burst: u32) -> Self {
        self.every = Some(time);
        self.burst = burst;
        self
    }
}

/// The gate of one account.
///
/// Fair: places and turns are given in the order in which they were asked for. Whoever stops waiting gives back its place.
#[derive(Debug)]
pub(crate) struct Gate {
    pace: Pace,
    places: Arc<Semaphore>,
    /// One waits for its turn, all others wait for that one: thus nobody overtakes.
    turnstile: tokio::sync::Mutex<()>,
    times: Mutex<Times>,
}

#[derive(Debug, Default)]
struct Times {
    /// When the pace would be kept exactly (the "theoretical arrival time" of the generic cell rate algorithm, ITU-T I.371).
    even: Option<Timestamp>,
    /// The account rests: since when, and how long.
    rest: Option<(Timestamp, Duration)>,
}

/// A place among those under way; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Gate {
    pub(crate) fn new(pace: Pace) -> Self {
        let most = pace.at_once.clamp(1, Semaphore::MAX_PERMITS);
        Self { pace, places: Arc::new(Semaphore::new(most)), turnstile: tokio::sync::Mutex::new(()), times: Mutex::default() }
    }

    /// Waits for a place and a turn.
    ///
    /// # Errors
    /// `RateLimited` with the time to wait when the turn comes after `until`.
    pub(crate) async fn enter(&self, clock: &dyn Clock, until: Timestamp) -> Result<Place> {
        let permit = self.places.clone().acquire_owned().await;
        let permit =
            permit.map_err(|e| Error::new(ErrorKind::Unexpected, "the gate of the account is closed; report this").caused_by(e))?;
        let _turn = self.turnstile.lock().await;
        loop {
            let now = clock.now();
            let wait = self.turn(now);
            if wait.is_zero() {
                return Ok(Place { _permit: permit });
            }
            if later(now, wait) > until {
                let limited = "the account has to wait longer than this request may take; try again later";
                return Err(Error::new(ErrorKind::RateLimited, limited).retry_after(wait));
            }
            clock.sleep(wait).await;
        }
    }

    /// Everybody waits this long, from now.
    pub(crate) fn rest(&self, now: Timestamp, time: Duration) {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let present = times.rest.map(|(since, time)| later(since, time));
        if present.is_none_or(|present| later(now, time) > present) {
            times.rest = Some((now, time));
        }
    }

    /// Takes the turn, and says zero; or says how long until there is one.
    fn turn(&self, now: Timestamp) -> Duration {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((since, time)) = times.rest {
            // A clock that was set back must not make the rest longer than it was meant.
            let since = since.min(now);
            times.rest = Some((since, time));
            let left = until(now, later(since, time));
            if !left.is_zero() {
                return left;
            }
            times.rest = None;
        }
        let Some(every) = self.pace.every else { return Duration::ZERO };
        let slack = every.saturating_mul(self.pace.burst.saturating_sub(1));
        // Never further ahead than the pace itself can put it: as above.
        let even = times.even.unwrap_or(now).max(now).min(later(now, slack.saturating_add(every)));
        let left = until(now, even).saturating_sub(slack);
        times.even = Some(if left.is_zero() { later(even, every) } else { even });
        left
    }
}

/// The later time, or the last there is.
pub(crate) fn later(from: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| from.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}

/// From one time to a later one; zero when it is not later.
pub(crate) fn until(now: Timestamp, then: Timestamp) -> Duration {
    Duration::try_from(then.duration_since(now)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{FutureExt, executor::block_on, future::BoxFuture, poll};

    /// A clock that a test sets; a sleep ends when the test has moved it far enough, and is polled again.
    #[derive(Debug, Default)]
    struct Held(Mutex<Duration>);

    impl Held {
        fn advance(&self, time: Duration) {
            *self.0.lock().unwrap() += time;
        }
        fn set(&self, time: Duration) {
            *self.0.lock().unwrap() = time;
        }
    }

    impl Clock for Held {
        fn now(&self) -> Timestamp {
            later(Timestamp::UNIX_EPOCH, *self.0.lock().unwrap())
        }
        fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
            let end = later(self.now(), time);
            Box::pin(futures::future::poll_fn(
                move |_| if self.now() >= end { std::task::Poll::Ready(()) } else { std::task::Poll::Pending },
            ))
        }
    }

    const SECOND: Duration = Duration::from_secs(1);

    fn gate(at_once: usize, every: Option<Duration>, burst: u32) -> (Gate, Held) {
        (Gate::new(Pace { at_once, every, burst }), Held::default())
    }

    fn now_or_never(gate: &Gate, clock: &Held) -> Option<Result<Place>> {
        gate.enter(clock, Timestamp::MAX).now_or_never()
    }

    #[test]
    fn no_more_are_under_way_than_allowed_and_a_place_is_given_back_when_dropped() {
        let (gate, clock) = gate(2, None, 1);
        let places: Vec<Place> = (0..2).map(|_| now_or_never(&gate, &clock).unwrap().unwrap()).collect();
        assert!(now_or_never(&gate, &clock).is_none());
        drop(places);
        assert!(now_or_never(&gate, &clock).is_some());
        assert!(now_or_never(&super::Gate::new(Pace { at_once: 0, every: None, burst: 0 }), &clock).is_some());
    }

    #[test]
    fn places_are_given_in_the_order_in_which_they_were_asked_for_and_who_leaves_is_passed_over() {
        block_on(async {
            let (gate, clock) = gate(1, None, 1);
            let place = gate.enter(&clock, Timestamp::MAX).await.unwrap();
            let mut first = Box::pin(gate.enter(&clock, Timestamp::MAX));
            let mut second = Box::pin(gate.enter(&clock, Timestamp::MAX));
            let mut third = Box::pin(gate.enter(&clock, Timestamp::MAX));
            assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending() && poll!(&mut third).is_pending());
            drop(first);
            drop(place);
            assert!(poll!(&mut third).is_pending(), "it came after the second");
            let std::task::Poll::Ready(place) = poll!(&mut second) else { panic!("the first has left") };
            drop(place);
            assert!(poll!(&mut third).is_ready());
        });
    }

    #[test]
    fn requests_keep_their_distance_after_a_burst() {
        block_on(async {
            let (gate, clock) = gate(9, Some(SECOND), 3);
            for _ in 0..3 {
                assert!(now_or_never(&gate, &clock).is_some());
            }
            let mut fourth = Box::pin(gate.enter(&clock, Timestamp::MAX));
            let mut fifth = Box::pin(gate.enter(&clock, Timestamp::MAX));
            assert!(poll!(&mut fourth).is_pending() && poll!(&mut fifth).is_pending());
            clock.advance(SECOND);
            assert!(poll!(&mut fifth).is_pending() && poll!(&mut fourth).is_ready() && poll!(&mut fifth).is_pending());
            clock.advance(SECOND);
            assert!(poll!(&mut fifth).is_ready());
            // After a long silence the burst is there again, and no larger.
            clock.advance(SECOND * 1000);
            assert_eq!((0..9).filter(|_| now_or_never(&gate, &clock).is_some()).count(), 3);
        });
    }

    #[test]
    fn who_leaves_while_waiting_takes_no_turn() {
        block_on(async {
            let (gate, clock) = gate(9, Some(SECOND), 1);
            assert!(now_or_never(&gate, &clock).is_some());
            for _ in 0..20 {
                assert!(now_or_never(&gate, &clock).is_none());
            }
            clock.advance(SECOND);
            assert!(now_or_never(&gate, &clock).is_some());
        });
    }

    #[test]
    fn a_rest_holds_everybody_and_the_longer_of_two_counts() {
        let (gate, clock) = gate(9, None, 1);
        gate.rest(clock.now(), SECOND * 60);
        gate.rest(clock.now(), SECOND * 10);
        clock.advance(SECOND * 59);
        assert!(now_or_never(&gate, &clock).is_none());
        clock.advance(SECOND);
        assert!(now_or_never(&gate, &clock).is_some());
    }

    #[test]
    fn a_wait_beyond_the_end_of_the_request_is_told_at_once() {
        let (gate, clock) = gate(9, None, 1);
        gate.rest(clock.now(), SECOND * 60);
        let error = block_on(gate.enter(&clock, later(clock.now(), SECOND))).unwrap_err();
        assert_eq!((error.kind(), error.wait()), (ErrorKind::RateLimited, Some(SECOND * 60)));
    }

    #[test]
    fn a_clock_that_is_set_back_makes_nobody_wait_longer_than_was_meant() {
        let (gate, clock) = gate(9, Some(SECOND), 2);
        clock.set(SECOND * 10_000);
        assert!(now_or_never(&gate, &clock).is_some() && now_or_never(&gate, &clock).is_some());
        gate.rest(clock.now(), SECOND * 5);
        clock.set(Duration::ZERO);
        assert!(now_or_never(&gate, &clock).is_none());
        // The rest as it was meant, and at most one distance.
        clock.advance(SECOND * 5);
        assert!(now_or_never(&gate, &clock).is_none());
        clock.advance(SECOND);
        assert!(now_or_never(&gate, &clock).is_some());
    }
}
