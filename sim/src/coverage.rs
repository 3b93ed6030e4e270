//! Which faults hit which stage, and where: the table that says what the simulation has tried.

use pimkit_contract::worst::{Failure, Fault, Operation};
use std::collections::BTreeMap;

/// The stage that was hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hit {
    /// Finding out what became of earlier writes.
    Recover,
    /// Reading the sides.
    Observe,
    /// Looking into what is missing, while planning; not a row of the table.
    Plan,
    /// Sending writes.
    Apply,
    /// Taking down what became of them.
    Record,
}

/// Where in the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Before the request has an effect.
    BeforeRequest,
    /// Between its effect and its answer.
    AfterEffect,
    /// With the answer, or right after it.
    AfterAnswer,
    /// Before the commit of what was learnt has an effect.
    BeforeCommit,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrong {
    /// The wire broke.
    Transport,
    /// The provider asked to slow down.
    RateLimited,
    /// The provider was down.
    Unavailable,
    /// The sign-in had ended.
    Unauthenticated,
    /// The request never ended.
    Hang,
    /// Half of a batch was done.
    HalfDone,
    /// A page came without its second half.
    Truncated,
    /// A listing came empty.
    Empty,
    /// The collection was not there.
    CollectionGone,
    /// A cursor or page token was refused.
    Expired,
    /// The state could not be written.
    DiskFull,
    /// The process died.
    Crash,
    /// Another process took the work over.
    Lease,
}

/// All stages of the table.
pub const STAGES: [Hit; 4] = [Hit::Recover, Hit::Observe, Hit::Apply, Hit::Record];
/// All places.
pub const PLACES: [Place; 4] = [Place::BeforeRequest, Place::AfterEffect, Place::AfterAnswer, Place::BeforeCommit];
/// All faults.
pub const WRONGS: [Wrong; 13] = [
    Wrong::Transport,
    Wrong::RateLimited,
    Wrong::Unavailable,
    Wrong::Unauthenticated,
    Wrong::Hang,
    Wrong::HalfDone,
    Wrong::Truncated,
    Wrong::Empty,
    Wrong::CollectionGone,
    Wrong::Expired,
    Wrong::DiskFull,
    Wrong::Crash,
    Wrong::Lease,
];

/// How often each cell was hit.
pub type Coverage = BTreeMap<(Hit, Wrong, Place), u64>;

/// What a planned fault is, and where it strikes.
#[must_use]
pub(crate) fn classify(fault: Fault) -> (Wrong, Place) {
    let failure = |f: Failure| match f {
        Failure::Transport => Wrong::Transport,
        Failure::RateLimited => Wrong::RateLimited,
        Failure::Unavailable => Wrong::Unavailable,
        Failure::Unauthenticated => Wrong::Unauthenticated,
    };
    match fault {
        Fault::Before(f) => (failure(f), Place::BeforeRequest),
        Fault::After(f) => (failure(f), Place::AfterEffect),
        Fault::HangBefore => (Wrong::Hang, Place::BeforeRequest),
        Fault::HangAfter => (Wrong::Hang, Place::AfterEffect),
        Fault::HalfDone => (Wrong::HalfDone, Place::AfterEffect),
        Fault::TruncatedPage => (Wrong::Truncated, Place::AfterAnswer),
        Fault::Empty => (Wrong::Empty, Place::AfterAnswer),
        Fault::CollectionGone => (Wrong::CollectionGone, Place::BeforeRequest),
        Fault::Expired => (Wrong::Expired, Place::BeforeRequest),
    }
}

/// Whether a fault can strike a request of this operation at all.
#[must_use]
pub(crate) fn strikes(fault: Fault, operation: Operation) -> bool {
    match fault {
        Fault::HalfDone => operation == Operation::Write,
        Fault::TruncatedPage | Fault::Expired => operation == Operation::Changes,
        Fault::Empty => matches!(operation, Operation::Changes | Operation::Collections),
        Fault::CollectionGone => operation != Operation::Account,
        _ => true,
    }
}

/// Why a cell cannot be hit; nothing where it can.
#[must_use]
pub fn impossible(stage: Hit, wrong: Wrong, place: Place) -> Option<&'static str> {
    match (wrong, place) {
        (Wrong::DiskFull, Place::BeforeCommit) | (Wrong::Crash | Wrong::Lease, _) => None,
        (Wrong::DiskFull, _) => Some("the disk is asked at a commit only"),
        (_, Place::BeforeCommit) => Some("a provider has no part in a commit"),
        (Wrong::Truncated | Wrong::Empty, Place::AfterAnswer) if stage == Hit::Observe => None,
        (Wrong::Truncated | Wrong::Empty, Place::AfterAnswer) => Some("listings are read while observing only"),
        (Wrong::Truncated | Wrong::Empty, _) => Some("it is the answer that is wrong"),
        (Wrong::Expired, Place::BeforeRequest) if stage == Hit::Observe => None,
        (Wrong::Expired, Place::BeforeRequest) => Some("rounds are read while observing only"),
        (Wrong::Expired, Place::AfterEffect) => Some("what is refused has no effect"),
        (_, Place::AfterAnswer) => Some("a failure is itself the answer"),
        (Wrong::HalfDone, Place::AfterEffect) if matches!(stage, Hit::Apply | Hit::Recover) => None,
        (Wrong::HalfDone, Place::AfterEffect) => Some("only writes come in batches, and none is sent there"),
        (Wrong::HalfDone, _) => Some("half an effect is an effect"),
        (Wrong::CollectionGone, Place::AfterEffect) => Some("what is not there has no effect"),
        _ => None,
    }
}

/// The cells that should have been hit and were not.
#[must_use]
pub fn missing(coverage: &Coverage) -> Vec<(Hit, Wrong, Place)> {
    let mut cells = Vec::new();
    for stage in STAGES {
        for wrong in WRONGS {
            for place in PLACES {
                let hit = coverage.get(&(stage, wrong, place)).is_some_and(|n| *n > 0);
                if !hit && impossible(stage, wrong, place).is_none() {
                    cells.push((stage, wrong, place));
                }
            }
        }
    }
    cells
}

/// The cells that cannot be hit, by their reason: one line each.
#[must_use]
pub fn reasons() -> Vec<String> {
    let mut cells: BTreeMap<&str, BTreeMap<(String, String), Vec<String>>> = BTreeMap::new();
    for stage in STAGES {
        for wrong in WRONGS {
            for place in PLACES {
                if let Some(reason) = impossible(stage, wrong, place) {
                    cells.entry(reason).or_default().entry((word(&wrong), word(&place))).or_default().push(word(&stage));
                }
            }
        }
    }
    let line = |(reason, cells): (&str, BTreeMap<(String, String), Vec<String>>)| {
        let cells = cells.into_iter().map(|((wrong, place), stages)| format!("{wrong} {place} ({})", stages.join(", ")));
        format!("{reason}: {}", cells.collect::<Vec<_>>().join("; "))
    };
    cells.into_iter().map(line).collect()
}

/// A word of the table.
fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word.replace('_', " "),
        _ => String::new(),
    }
}

/// The table, a line per stage and fault; `-` where it cannot be hit.
#[must_use]
pub fn table(coverage: &Coverage) -> String {
    let mut text = format!("{:<9}{:<17}", "stage", "fault");
    for place in PLACES {
        text.push_str(&format!("{:>16}", word(&place)));
    }
    text.push('\n');
    for stage in STAGES {
        for wrong in WRONGS {
            text.push_str(&format!("{:<9}{:<17}", word(&stage), word(&wrong)));
            for place in PLACES {
                let count = coverage.get(&(stage, wrong, place)).copied().unwrap_or(0);
                let cell = match impossible(stage, wrong, place) {
                    Some(_) if count == 0 => "-".to_owned(),
                    _ => count.to_string(),
                };
                text.push_str(&format!("{cell:>16}"));
            }
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_the_worlds_has_a_possible_cell() {
        let failures = [Failure::Transport, Failure::RateLimited, Failure::Unavailable, Failure::Unauthenticated];
        let faults = failures.iter().flat_map(|f| [Fault::Before(*f), Fault::After(*f)]).chain([
            Fault::HangBefore,
            Fault::HangAfter,
            Fault::HalfDone,
            Fault::TruncatedPage,
            Fault::Empty,
            Fault::CollectionGone,
            Fault::Expired,
        ]);
        for fault in faults {
            let (wrong, place) = classify(fault);
            assert!(STAGES.iter().any(|stage| impossible(*stage, wrong, place).is_none()), "{fault:?}");
        }
    }

    #[test]
    fn an_untried_cell_is_missing_until_it_is_hit() {
        let mut coverage = Coverage::new();
        let cell = (Hit::Observe, Wrong::Truncated, Place::AfterAnswer);
        assert!(missing(&coverage).contains(&cell));
        coverage.insert(cell, 1);
        assert!(!missing(&coverage).contains(&cell));
        assert!(reasons().iter().any(|line| line.contains("hang after answer (recover, observe, apply, record)")), "{:?}", reasons());
        assert!(table(&coverage).lines().count() == 1 + STAGES.len() * WRONGS.len());
    }
}
