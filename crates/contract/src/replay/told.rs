//! What came of something, as data that can be compared.

use pimkit_core::{Change, Error, Fetched, Outcome, Record, Stored};
use serde::Serialize;
use serde_json::{Value, json};

/// A value as JSON.
pub fn value(of: &impl Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}

/// An error: its kind alone, as texts may change.
#[must_use]
pub fn error(error: &Error) -> Value {
    json!(error.kind().word())
}

/// A line of a round.
#[must_use]
pub fn change<R: Record>(change: &Change<R>) -> Value {
    match change {
        Change::Upserted(stored) => json!({ "upserted": value(stored) }),
        Change::Listed { id, revision } => json!({ "listed": id, "revision": revision }),
        Change::Removed { id, .. } => json!({ "removed": id }),
        Change::OtherKind { id, .. } => json!({ "otherKind": id }),
        Change::Unreadable { id, error, .. } => json!({ "unreadable": id, "why": error.kind().word() }),
    }
}

/// An answer to a fetch.
#[must_use]
pub fn fetched<R: Record>(fetched: &Fetched<R>) -> Value {
    match fetched {
        Fetched::Found(stored) => json!({ "found": value(stored) }),
        Fetched::Gone => json!("gone"),
        Fetched::Hidden => json!("hidden"),
        Fetched::OtherKind { .. } => json!("otherKind"),
        Fetched::Unreadable { error, .. } => json!({ "unreadable": error.kind().word() }),
        Fetched::Failed(e) => json!({ "failed": error(e) }),
    }
}

/// What came of a write.
#[must_use]
pub fn outcome<R: Serialize>(outcome: &Outcome<R>) -> Value {
    let now = |now: &Option<Box<Stored<R>>>| now.as_ref().map(value);
    match outcome {
        Outcome::Written { id, revision, now: there, left_out } => {
            let left_out: Vec<Value> = left_out.iter().map(|(field, e)| json!([field, error(e)])).collect();
            json!({ "written": id, "revision": revision, "now": now(there), "leftOut": left_out })
        }
        Outcome::Conflict { now: there } => json!({ "conflict": now(there) }),
        Outcome::Refused(e) => json!({ "refused": error(e) }),
        Outcome::Unknown(e) => json!({ "unknown": error(e) }),
    }
}
