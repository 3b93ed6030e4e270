//! What is written down of what was done, and why.

use crate::{
    apply::{Task, written},
    run::Run,
    step::{Action, SideWrite},
};
use pimkit_core::{Error, Field, FieldChange, JournalRow, Record, Side, StateChange};

impl<R: Record> Run<R> {
    /// The journal row of a step that was done.
    pub(crate) fn journal_row(&self, task: &Task<R>) -> JournalRow {
        let step = &task.step;
        let mut changes = Vec::new();
        for (side, end) in [(Side::Left, &step.hub), (Side::Right, &step.far)] {
            if let (Some(fields), Some(SideWrite::Fields { from, .. })) = (written(end), &end.write) {
                for (field, to) in fields {
                    changes.push(FieldChange {
                        side,
                        field: field.clone(),
                        from: from.get(field).cloned().filter(|v| !v.is_null()),
                        to: Some(to.clone()).filter(|v| !v.is_null()),
                    });
                }
            }
        }
        let (action, side) = match step.action {
            Action::Create(side) => ("created", Some(side)),
            Action::Delete(side) => ("deleted", Some(side)),
            Action::Suppress(side) => ("suppressed", Some(side)),
            Action::Forget => ("forgotten", None),
            Action::Update => ("updated", None),
            Action::Agree if step.reason.starts_with("recognised") => ("linked", None),
            Action::Agree | Action::Repoint(_) => ("agreed", None),
            Action::Hold => ("held", None),
        };
        let before = side.filter(|_| matches!(step.action, Action::Delete(_))).and_then(|s| task.row(s)).and_then(|r| r.record.clone());
        let mut why = step.reason.clone();
        if !step.waiting.is_empty() {
            why = format!("{why}; waits: {}", step.waiting.join("; "));
        }
        JournalRow {
            seq: 0,
            run: self.run,
            sync: self.sync().clone(),
            at: self.now(),
            kind: R::KIND,
            link: task.link.as_ref().map(|l| l.id.clone()),
            hub_item: task.done.get(&Side::Left).map(|w| w.item.clone()).or_else(|| step.hub.item.clone()),
            account: self.far.account.id.clone(),
            item: task.done.get(&Side::Right).map(|w| w.item.clone()).or_else(|| step.far.item.clone()),
            action: action.to_owned(),
            side,
            policy: step.policy.clone(),
            why,
            changes,
            lost: step.lost.clone(),
            before,
        }
    }

    /// What waits for somebody to decide: the record, the fields, and what each side has of them.
    pub(crate) fn journal_undecided(&self, task: &Task<R>) -> Option<StateChange> {
        let step = &task.step;
        if step.undecided.is_empty() {
            return None;
        }
        let mut row = self.journal_row(task);
        row.action = "held".to_owned();
        row.side = None;
        row.why = step.waiting.join("; ");
        row.changes.clone_from(&step.undecided);
        row.lost = Vec::new();
        row.before = None;
        Some(StateChange::Journal(Box::new(row)))
    }

    /// A field that a side did not take: it stays where it is, and is told.
    pub(crate) fn journal_left_out(&mut self, task: &Task<R>, side: Side, field: &Field, error: &Error) {
        let mut row = self.journal_row(task);
        row.action = "left_out".to_owned();
        row.side = Some(side);
        row.why = format!("{field}: {error}");
        row.changes = Vec::new();
        row.lost = Vec::new();
        row.before = None;
        self.later([StateChange::Journal(Box::new(row))]);
    }
}
