//! What a run did, for people: a table, then what they must know or do, in sentences.

use super::{Align, table};
use crate::runner::{Ended, RunOutcome};
use pimkit::{FieldChange, JournalRow, Side, Value, sync::PerSide};

const HEADINGS: &[(&str, Align)] = &[
    ("sync", Align::Left),
    ("kind", Align::Left),
    ("left", Align::Left),
    ("right", Align::Left),
    ("created l/r", Align::Right),
    ("updated l/r", Align::Right),
    ("deleted l/r", Align::Right),
    ("linked", Align::Right),
    ("unchanged", Align::Right),
    ("conflicts", Align::Right),
    ("held", Align::Right),
    ("left over", Align::Right),
    ("result", Align::Left),
];

fn per_side(count: PerSide) -> String {
    if count.total() == 0 { "-".to_owned() } else { format!("{}/{}", count.left, count.right) }
}

fn number(count: u64) -> String {
    if count == 0 { "-".to_owned() } else { count.to_string() }
}

/// The table of a run: a row per sync.
pub(crate) fn report(outcome: &RunOutcome) -> String {
    let row = |ended: &Ended| {
        let r = &ended.report;
        vec![
            r.name.clone(),
            r.kind.clone(),
            r.left.clone(),
            r.right.clone(),
            per_side(r.created),
            per_side(r.updated),
            per_side(r.deleted),
            number(r.linked),
            number(r.unchanged),
            number(r.conflicts),
            number(r.held),
            number(r.quarantined.len() as u64),
            ended.word().to_owned(),
        ]
    };
    table(HEADINGS, outcome.syncs.iter().map(row).collect())
}

/// What a person must know or do after a run.
pub(crate) fn sentences(outcome: &RunOutcome, config: &str) -> Vec<String> {
    /// More of one sort are summed up.
    const SHOWN: usize = 20;
    let mut lines = Vec::new();
    for ended in &outcome.syncs {
        let r = &ended.report;
        for hold in &r.holds {
            lines.push(format!("{}: held: {} ({})", r.name, hold.shown, counted(hold.items, "item")));
            lines.push(format!("    if that is right: pimkit sync -c {config} --approve {}", hold.approve));
        }
        let others = r.held.saturating_sub(r.holds.iter().map(|h| h.items).sum());
        if others > 0 && r.holds.is_empty() {
            lines.push(format!(
                "{}: {} held until both sides agree; see `pimkit history -c {config} --sync {}`",
                r.name,
                waits(others),
                r.name
            ));
        }
        for left in r.quarantined.iter().take(SHOWN) {
            lines.push(format!(
                "{}: left over on the {}: {}: {}; the next sync tries it again",
                r.name,
                account(r, left.side),
                left.id,
                left.error
            ));
        }
        if r.quarantined.len() > SHOWN {
            let rest = r.quarantined.len() - SHOWN;
            lines.push(format!("{}: and {} more left over; see `pimkit status -c {config}`", r.name, counted(rest as u64, "item")));
        }
        lines.extend(r.notes.iter().map(|note| format!("{}: {note}", r.name)));
        if let Some(failed) = &r.failed {
            lines.push(format!("{}: failed: {failed}", r.name));
        }
    }
    lines
}

fn account(report: &pimkit::sync::SyncReport, side: Side) -> String {
    let name = match side {
        Side::Left => &report.left,
        Side::Right => &report.right,
    };
    format!("{} side ({name})", side.word())
}

fn waits(count: u64) -> String {
    if count == 1 { "1 item is".to_owned() } else { format!("{count} items are") }
}

/// `1 item`, `3 items`.
fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// What became of the conflicts of a journal row: one line per value that lost.
pub(crate) fn conflicts(row: &JournalRow) -> Vec<String> {
    let item = row.item.as_ref().or(row.hub_item.as_ref()).map_or("", |i| i.as_str());
    let policy = row.policy.as_deref().map(|p| format!(" ({p})")).unwrap_or_default();
    let line = |lost: &FieldChange| {
        let value = lost.to.as_ref().or(lost.from.as_ref());
        format!(
            "{item}: both sides changed {}; the value of the {} side lost and is kept in the journal: {}{policy}",
            lost.field,
            lost.side.word(),
            shown(value)
        )
    };
    row.lost.iter().map(line).collect()
}

/// A value for people: texts without quotes, all else as JSON.
pub(crate) fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
