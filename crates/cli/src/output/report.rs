//! What a run did, for people: a table, then what they must know or do, in sentences.

use super::{Align, table};
use crate::outcome::{Ended, RunOutcome};
use pimkit::{FieldChange, JournalRow, Side, Value, sync::PerSide};

/// A column: its heading, where its text stands, whether it is there when nothing is in it, and its text.
type Column = (&'static str, Align, bool, fn(&Ended) -> String);

const COLUMNS: &[Column] = &[
    ("sync", Align::Left, true, |e| e.report.name.clone()),
    ("kind", Align::Left, true, |e| e.report.kind.clone()),
    ("left", Align::Left, true, |e| e.report.left.clone()),
    ("right", Align::Left, true, |e| e.report.right.clone()),
    ("created left/right", Align::Right, true, |e| per_side(e.report.created)),
    ("updated left/right", Align::Right, true, |e| per_side(e.report.updated)),
    ("deleted left/right", Align::Right, false, |e| per_side(e.report.deleted)),
    ("joined", Align::Right, false, |e| number(e.report.linked)),
    ("unchanged", Align::Right, false, |e| number(e.report.unchanged)),
    ("conflicts", Align::Right, false, |e| number(e.report.conflicts)),
    ("held", Align::Right, false, |e| number(e.report.held)),
    ("left over", Align::Right, false, |e| number(e.report.quarantined.len() as u64)),
    ("result", Align::Left, true, |e| e.word().to_owned()),
];

/// What stands in a cell that has nothing to say.
const NOTHING: &str = "-";

fn per_side(count: PerSide) -> String {
    if count.total() == 0 { NOTHING.to_owned() } else { format!("{}/{}", count.left, count.right) }
}

fn number(count: u64) -> String {
    if count == 0 { NOTHING.to_owned() } else { count.to_string() }
}

/// The table of a run: a row per sync.
pub(crate) fn report(outcome: &RunOutcome) -> String {
    let says = |column: &&Column| column.2 || outcome.syncs.iter().any(|ended| (column.3)(ended) != NOTHING);
    let columns: Vec<&Column> = COLUMNS.iter().filter(says).collect();
    let headings: Vec<(&str, Align)> = columns.iter().map(|c| (c.0, c.1)).collect();
    table(&headings, outcome.syncs.iter().map(|ended| columns.iter().map(|c| (c.3)(ended)).collect()).collect())
}

/// What a person must know or do after a run.
pub(crate) fn sentences(outcome: &RunOutcome, config: &str) -> Vec<String> {
    /// More of one sort are summed up.
    const SHOWN: usize = 20;
    let mut lines = Vec::new();
    for ended in &outcome.syncs {
        let r = &ended.report;
        if let Some(rests) = &r.rests {
            lines.push(format!("{}: nothing was done: it is {rests}; `pimkit resume {}` lets it go on", r.name, r.name));
        }
        for hold in &r.holds {
            lines.push(format!("{}: held: {} ({})", r.name, hold.shown, counted(hold.items, "item")));
            lines.push(match r.undoes {
                Some(run) => format!("    if that is right: pimkit undo {run} -c {config} --approve {}", hold.approve),
                None => format!("    if that is right: pimkit sync -c {config} --approve {}; if not: --reject", hold.approve),
            });
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
                "{}: left over on the {}: {}: {}{}",
                r.name,
                account(r, left.side),
                left.id,
                left.error,
                if r.undoes.is_some() { "" } else { "; the next sync tries it again" }
            ));
        }
        if r.quarantined.len() > SHOWN {
            let rest = r.quarantined.len() - SHOWN;
            lines.push(format!("{}: and {} more left over; see `pimkit status -c {config}`", r.name, counted(rest as u64, "item")));
        }
        for (side, count) in [(Side::Left, r.carried_over.left), (Side::Right, r.carried_over.right)] {
            if count > 0 {
                lines.push(format!("{}: {} carried over to the next sync on the {}", r.name, counted(count, "item"), account(r, side)));
            }
        }
        lines.extend(r.notes.iter().chain(&r.remarks).map(|note| format!("{}: {note}", r.name)));
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
