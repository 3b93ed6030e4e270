//! The gate in front of the wire: how many requests of an account at once, how fast, and not at all while it is asked to rest.

use futures::{
    FutureExt,
    future::{Either, select},
};
use jiff::{SignedDuration, Timestamp};
use pimkit_core::{Clock, Error, ErrorKind, Result};
use std::{
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{MutexGuard, OwnedSemaphorePermit, Semaphore};

/// Any time at all: no real sleep is over when it is looked at first.
const MOMENT: Duration = Duration::from_millis(1);

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

impl Times {
    fn resting(&mut self, now: Timestamp) -> Duration {
        let Some((since, time)) = self.rest else { return Duration::ZERO };
        // A clock that was set back must not make the rest longer than it was meant.
        let since = since.min(now);
        let left = until(now, later(since, time));
        self.rest = if left.is_zero() { None } else { Some((since, time)) };
        left
    }
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
    /// As [`enter_as`](Self::enter_as).
    #[cfg(test)]
    pub(crate) async fn enter(&self, clock: &dyn Clock, end: Timestamp) -> Result<Place> {
        self.enter_as(1, clock, end).await
    }

    /// Waits for this many places, all there are at most, and a turn.
    ///
    /// # Errors
    /// `RateLimited` with the time to wait when the turn comes after `end`; `Transport`, temporary, when no place became free
    /// until then.
    pub(crate) async fn enter_as(&self, places: u32, clock: &dyn Clock, end: Timestamp) -> Result<Place> {
        // Before queueing: whoever has no time for the rest need not wait for others to find out.
        let now = clock.now();
        in_time(now, self.resting(now), end)?;
        let (permit, _turn) = self.queue(places, clock, end).await?;
        loop {
            let now = clock.now();
            let wait = self.turn(now);
            if wait.is_zero() {
                return Ok(Place { _permit: permit });
            }
            in_time(now, wait, end)?;
            clock.sleep(wait).await;
        }
    }

    /// Places, and the head of the queue for a turn, before `end`.
    async fn queue(&self, places: u32, clock: &dyn Clock, end: Timestamp) -> Result<(OwnedSemaphorePermit, MutexGuard<'_, ()>)> {
        let most = u32::try_from(self.pace.at_once).unwrap_or(u32::MAX).max(1);
        let mut queue = pin!(async {
            let permit = self.places.clone().acquire_many_owned(places.clamp(1, most)).await;
            let permit =
                permit.map_err(|e| Error::new(ErrorKind::Unexpected, "the gate of the account is closed; report this").caused_by(e))?;
            Ok((permit, self.turnstile.lock().await))
        });
        if let Some(got) = queue.as_mut().now_or_never() {
            return got;
        }
        if ends_sleeps_at_once(clock) {
            return queue.await;
        }
        loop {
            let left = until(clock.now(), end);
            if left.is_zero() {
                let full = "no place among the account's requests became free in time; try again later, or allow more at once";
                return Err(Error::new(ErrorKind::Transport, full));
            }
            // A sleep may end early, and a clock may be set back: what counts is what it shows then.
            if let Either::Left((got, _)) = select(queue.as_mut(), clock.sleep(left)).await {
                return got;
            }
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

    /// How long the account still rests.
    fn resting(&self, now: Timestamp) -> Duration {
        self.times.lock().unwrap_or_else(PoisonError::into_inner).resting(now)
    }

    /// Takes the turn, and says zero; or says how long until there is one.
    fn turn(&self, now: Timestamp) -> Duration {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let left = times.resting(now);
        if !left.is_zero() {
            return left;
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

/// Whether there is time for this wait before `end`.
fn in_time(now: Timestamp, wait: Duration, end: Timestamp) -> Result<()> {
    if wait.is_zero() || later(now, wait) <= end {
        return Ok(());
    }
    let limited = "the account has to wait longer than this request may take; try again later";
    Err(Error::new(ErrorKind::RateLimited, limited).retry_after(wait))
}

/// Whether this is a test's clock, which ends every sleep at once and moves its hands: it cannot bound the wait for another
/// request, as its time would be over before the other one was polled again.
fn ends_sleeps_at_once(clock: &dyn Clock) -> bool {
    clock.sleep(MOMENT).now_or_never().is_some()
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
    fn who_has_no_time_for_the_rest_is_told_before_a_place_is_free() {
        let (gate, clock) = gate(1, None, 1);
        let _place = now_or_never(&gate, &clock).unwrap().unwrap();
        gate.rest(clock.now(), SECOND * 60);
        let error = gate.enter(&clock, later(clock.now(), SECOND)).now_or_never().expect("it does not queue").unwrap_err();
        assert_eq!((error.kind(), error.wait()), (ErrorKind::RateLimited, Some(SECOND * 60)));
    }

    #[test]
    fn queueing_ends_with_the_request_and_says_that_no_place_became_free() {
        block_on(async {
            let (gate, clock) = gate(1, None, 1);
            let place = now_or_never(&gate, &clock).unwrap().unwrap();
            let mut hurried = Box::pin(gate.enter(&clock, later(clock.now(), SECOND * 2)));
            let mut patient = Box::pin(gate.enter(&clock, later(clock.now(), SECOND * 9)));
            clock.advance(SECOND);
            assert!(poll!(&mut hurried).is_pending() && poll!(&mut patient).is_pending());
            clock.advance(SECOND);
            let std::task::Poll::Ready(Err(error)) = poll!(&mut hurried) else { panic!("its time is over") };
            assert!(error.is_temporary() && error.to_string().contains("no place"), "{error}");
            assert!(poll!(&mut patient).is_pending());
            drop(place);
            assert!(matches!(poll!(&mut patient), std::task::Poll::Ready(Ok(_))));
        });
    }

    #[test]
    fn queueing_for_the_turnstile_ends_with_the_request_too() {
        block_on(async {
            let (gate, clock) = gate(9, Some(SECOND * 60), 1);
            assert!(now_or_never(&gate, &clock).is_some());
            let mut first = Box::pin(gate.enter(&clock, Timestamp::MAX));
            assert!(poll!(&mut first).is_pending());
            let mut second = Box::pin(gate.enter(&clock, later(clock.now(), SECOND)));
            assert!(poll!(&mut second).is_pending());
            clock.advance(SECOND);
            assert!(matches!(poll!(&mut second), std::task::Poll::Ready(Err(_))));
        });
    }

    /// A clock whose sleeps end at once, and move it.
    #[derive(Debug, Default)]
    struct Hasty(Held);

    impl Clock for Hasty {
        fn now(&self) -> Timestamp {
            self.0.now()
        }
        fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
            Box::pin(async move { self.0.advance(time) })
        }
    }

    #[test]
    fn a_clock_whose_sleeps_end_at_once_does_not_end_the_queueing() {
        block_on(async {
            let (gate, clock) = (Gate::new(Pace::default().at_once(1)), Hasty::default());
            let end = later(clock.now(), SECOND);
            let place = gate.enter(&clock, end).await.unwrap();
            let mut second = Box::pin(gate.enter(&clock, end));
            assert!(poll!(&mut second).is_pending());
            drop(place);
            assert!(matches!(poll!(&mut second), std::task::Poll::Ready(Ok(_))));
        });
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
