//! Which faults are planned, and how often.

use crate::{dice::Dice, play::PlannedFault};
use pimkit_contract::worst::{Failure, Fault, Operation};

/// A fault of a run with this far side.
pub(super) fn fault(dice: &Dice, far: u8) -> PlannedFault {
    let side = if dice.percent(70) { far } else { 0 };
    let failures = [Failure::Transport, Failure::RateLimited, Failure::Unavailable, Failure::Unauthenticated];
    let failure = dice.one(&failures).copied().unwrap_or(Failure::Transport);
    let (fault, operation) = match dice.below(100) {
        0..22 => (Fault::Before(failure), operation(dice)),
        22..44 => (Fault::After(failure), operation(dice)),
        44..54 => (Fault::HangBefore, operation(dice)),
        54..68 => (Fault::HangAfter, operation(dice)),
        68..78 => (Fault::HalfDone, Some(Operation::Write)),
        78..84 => (Fault::TruncatedPage, Some(Operation::Changes)),
        84..91 => (Fault::Empty, Some(if dice.percent(85) { Operation::Changes } else { Operation::Collections })),
        _ => (Fault::CollectionGone, operation(dice)),
    };
    let nth = match operation {
        Some(Operation::Write) => dice.between(1, 6),
        Some(Operation::Changes | Operation::Fetch) => dice.between(1, 4),
        Some(_) => dice.between(1, 2),
        None => dice.between(1, 18),
    };
    PlannedFault { side, operation, stage: None, nth, fault }
}

fn operation(dice: &Dice) -> Option<Operation> {
    match dice.below(100) {
        0..38 => Some(Operation::Write),
        38..52 => Some(Operation::Changes),
        52..72 => Some(Operation::Fetch),
        72..78 => Some(Operation::Find),
        78..81 => Some(Operation::Collections),
        _ => None,
    }
}
