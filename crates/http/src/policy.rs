//! How often, how long, and after which waits a request is tried again.

use pimkit_core::Chance;
use std::time::Duration;

/// How a road tries again. A request's own deadline goes before [`budget`](Self::budget).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Tries in all, the first included. 5; 0 counts as 1.
    pub attempts: u32,
    /// How long all tries and waits may take together. 5 minutes.
    pub budget: Duration,
    /// How long one exchange may take, body included. 3 minutes.
    pub exchange: Duration,
    /// The first wait, where the provider names none; each further one is twice as long. 0.5 s.
    pub first: Duration,
    /// The longest such wait. 30 s.
    pub most: Duration,
    /// The longest that a provider's own wish is taken for. 2 hours: what is beyond is a mistake.
    pub longest_wish: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 5,
            budget: Duration::from_secs(300),
            exchange: Duration::from_secs(180),
            first: Duration::from_millis(500),
            most: Duration::from_secs(30),
            longest_wish: Duration::from_secs(2 * 60 * 60),
        }
    }
}

impl RetryPolicy {
    /// The same, with this many tries.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// The same, with this much time for everything.
    #[must_use]
    pub fn budget(mut self, budget: Duration) -> Self {
        self.budget = budget;
        self
    }

    /// The same, with these waits where the provider names none.
    #[must_use]
    pub fn waits(mut self, first: Duration, most: Duration) -> Self {
        self.first = first;
        self.most = most;
        self
    }

    /// How long to wait after try number `attempt`: what the provider wishes, but never less than our own back-off, so that
    /// a wish of 0 does not turn into a storm. Half of the back-off is chance, so that many accounts do not come back at once.
    pub(crate) fn wait(&self, attempt: u32, wish: Option<Duration>, chance: &dyn Chance) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        let full = self.first.saturating_mul(1 << doublings).min(self.most);
        let half = full / 2;
        let nanos = u64::try_from(half.as_nanos()).unwrap_or(u64::MAX);
        let part = if nanos == 0 { 0 } else { chance.next() % nanos };
        let own = half.saturating_add(Duration::from_nanos(part));
        self.wish(wish).map_or(own, |wish| wish.max(own))
    }

    /// What a provider wishes, within reason.
    pub(crate) fn wish(&self, wish: Option<Duration>) -> Option<Duration> {
        wish.map(|wish| wish.min(self.longest_wish))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Fixed(u64);

    impl Chance for Fixed {
        fn next(&self) -> u64 {
            self.0
        }
    }

    #[test]
    fn waits_double_up_to_the_longest_and_half_of_each_is_chance() {
        let policy = RetryPolicy::default();
        for (attempt, full) in [(1, 500), (2, 1_000), (3, 2_000), (6, 16_000), (7, 30_000), (40, 30_000), (u32::MAX, 30_000)] {
            let full = Duration::from_millis(full);
            for chance in [0, 1, 12_345_678_901, u64::MAX] {
                let wait = policy.wait(attempt, None, &Fixed(chance));
                assert!(wait >= full / 2 && wait < full, "{attempt} {chance} {wait:?}");
            }
        }
        assert_eq!(policy.waits(Duration::ZERO, Duration::ZERO).wait(1, None, &Fixed(3)), Duration::ZERO);
    }

    #[test]
    fn a_providers_wish_is_kept_within_reason() {
        let policy = RetryPolicy::default();
        let wait = |wish| policy.wait(1, Some(Duration::from_secs(wish)), &Fixed(0));
        assert_eq!(wait(90), Duration::from_secs(90));
        assert_eq!(wait(1_000_000), Duration::from_secs(7_200));
        assert_eq!(wait(0), Duration::from_millis(250));
    }
}
