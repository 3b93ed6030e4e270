//! How much is taken (<https://learn.microsoft.com/graph/throttling-limits#outlook-service-limits>): for each application and mailbox,
//! so many requests at a time and so many within a window.

use crate::graph::answer::{Refusal, refusal};
use crate::graph::rules::GraphLimits;
use jiff::Timestamp;
use std::collections::{BTreeMap, VecDeque};

/// An application and a mailbox.
pub(crate) type Lane = (String, String);

/// What is under way, and what was asked lately.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    under_way: BTreeMap<Lane, usize>,
    lately: BTreeMap<Lane, VecDeque<Timestamp>>,
}

impl Throttle {
    /// Requests under way.
    pub(crate) fn under_way(&self, lane: &Lane) -> usize {
        self.under_way.get(lane).copied().unwrap_or_default()
    }

    /// So many requests begin.
    pub(crate) fn enter(&mut self, lane: &Lane, count: usize) {
        *self.under_way.entry(lane.clone()).or_default() += count;
    }

    /// So many requests are done.
    pub(crate) fn leave(&mut self, lane: &Lane, count: usize) {
        if let Some(under_way) = self.under_way.get_mut(lane) {
            *under_way = under_way.saturating_sub(count);
        }
    }

    /// Counts a request; refused if there were too many. Those that are refused count too.
    pub(crate) fn count(&mut self, lane: &Lane, now: Timestamp, limits: &GraphLimits) -> Option<Box<Refusal>> {
        let lately = self.lately.entry(lane.clone()).or_default();
        let window = i64::try_from(limits.window.as_secs()).unwrap_or(i64::MAX);
        while lately.front().is_some_and(|at| now.as_second().saturating_sub(at.as_second()) >= window) {
            lately.pop_front();
        }
        lately.push_back(now);
        if lately.len() > limits.requests {
            // What is above the limit is not remembered for longer than it takes to be seen.
            lately.pop_front();
            return Some(too_many("Application is over its RequestsPerWindow limit.", "TooManyRequests", limits));
        }
        None
    }
}

/// 429.
pub(crate) fn too_many(message: &str, code: &'static str, limits: &GraphLimits) -> Box<Refusal> {
    refusal(429, code, message).header("retry-after", limits.retry_after.clone())
}

/// 429 for too much at a time.
pub(crate) fn too_many_at_once(limits: &GraphLimits) -> Box<Refusal> {
    too_many("Application is over its MailboxConcurrency limit.", "ApplicationThrottled", limits)
}
