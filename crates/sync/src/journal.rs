//! What is written down of what was done, and why: each value that was written, before and after, and each that was not carried
//! over, with the policy or the side that kept it from it.

use crate::{
    apply::Task,
    run::Run,
    step::{Action, Agreed, SideWrite},
};
use pimkit_core::{BaseRow, CollectionId, Error, Field, FieldChange, Fields, JournalRow, LinkRow, Record, Side, StateChange, Value};
use serde::{Deserialize, Serialize};

/// What undo needs of a row besides what people read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Trace {
    /// Where the hub record is or was.
    pub(crate) hub: CollectionId,
    /// Where the far item is or was.
    pub(crate) far: CollectionId,
    /// What the link had agreed on before, of the fields that it agreed on then.
    pub(crate) agreed: Vec<Agreed>,
}

/// What a link had agreed on, of the fields that a step is about.
pub(crate) fn agreed_before(agreed: &[Agreed], base: Option<&BaseRow>) -> Vec<Agreed> {
    let was = |fields: Option<&Fields>, field: &Field| fields.and_then(|fields| fields.get(field).cloned());
    let before = |a: &Agreed| Agreed {
        left: a.left.clone(),
        hub: was(base.map(|b| &b.hub), &a.left),
        right: a.right.clone(),
        far: was(base.map(|b| &b.far), &a.right),
    };
    agreed.iter().map(before).collect()
}

fn some(value: Option<&Value>) -> Option<Value> {
    value.filter(|v| !v.is_null()).cloned()
}

impl<R: Record> Run<R> {
    /// A line about something that no step did.
    pub(crate) fn journal_line(&self, action: &str, why: String) -> JournalRow {
        JournalRow {
            seq: 0,
            run: self.run,
            sync: self.sync().clone(),
            at: self.now(),
            kind: R::KIND,
            link: None,
            hub_item: None,
            account: self.far.account.id.clone(),
            item: None,
            action: action.to_owned(),
            side: None,
            policy: None,
            why,
            changes: Vec::new(),
            lost: Vec::new(),
            before: None,
            body: pimkit_core::Value::Null,
        }
    }

    /// The journal row of a step that was done.
    pub(crate) fn journal_row(&self, task: &Task<R>) -> JournalRow {
        let step = &task.step;
        let mut changes = Vec::new();
        for (side, end) in [(Side::Left, &step.hub), (Side::Right, &step.far)] {
            // Where the side said what it made of it, that is what it has now.
            let now = task.done.get(&side).map(|wrote| wrote.fields());
            match &end.write {
                Some(SideWrite::Fields { fields, from }) => {
                    for (field, sent) in fields {
                        let to = now.map_or(Some(sent), |now| now.get(field));
                        changes.push(FieldChange { side, field: field.clone(), from: some(from.get(field)), to: some(to) });
                    }
                }
                Some(SideWrite::Create { .. }) => {
                    let made = now.into_iter().flatten();
                    changes.extend(made.map(|(field, to)| FieldChange { side, field: field.clone(), from: None, to: some(Some(to)) }));
                }
                Some(SideWrite::Delete(_)) | None => {}
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
        if let Some(id) = &step.approved {
            why = format!("{why}; answered: {id}");
        }
        let trace = Trace { hub: step.hub.collection.clone(), far: step.far.collection.clone(), agreed: task.agreed_before.clone() };
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
            body: serde_json::to_value(trace).unwrap_or_default(),
        }
    }

    /// A row beside the one of a step, about something that was not carried over.
    fn beside(&self, task: &Task<R>, action: &str, side: Option<Side>, why: String) -> JournalRow {
        let row = self.journal_row(task);
        JournalRow { action: action.to_owned(), side, why, changes: Vec::new(), lost: Vec::new(), before: None, body: Value::Null, ..row }
    }

    /// What has lost on a side is written down as soon as that side is overwritten, whatever becomes of the rest of its step.
    pub(crate) fn journal_lost(&mut self, task: &mut Task<R>, side: Side) {
        let (lost, rest): (Vec<FieldChange>, Vec<FieldChange>) =
            std::mem::take(&mut task.step.lost).into_iter().partition(|change| change.side == side);
        task.step.lost = rest;
        if !lost.is_empty() {
            let row = JournalRow { lost, ..self.beside(task, "conflict", None, task.step.reason.clone()) };
            self.later([StateChange::Journal(Box::new(row))]);
        }
    }

    /// What waits for somebody to decide: the record, the fields, and what each side has of them.
    pub(crate) fn journal_undecided(&self, task: &Task<R>) -> Option<StateChange> {
        let step = &task.step;
        if step.undecided.is_empty() {
            return None;
        }
        let row = self.beside(task, "held", None, step.waiting.join("; "));
        Some(StateChange::Journal(Box::new(JournalRow { changes: step.undecided.clone(), ..row })))
    }

    /// A field that a side did not take: it stays where it is, and is told.
    pub(crate) fn journal_left_out(&mut self, task: &Task<R>, side: Side, field: &Field, error: &Error) {
        let mut row = self.beside(task, "left_out", Some(side), format!("{field}: {error}"));
        row.changes.extend(self.sent(task, side).remove(field).map(|sent| change(side, field, some(Some(&sent)), None)));
        self.later([StateChange::Journal(Box::new(row))]);
    }

    /// Values of which a side holds something else than the other has, or than it was given: the whole stays on the other side.
    pub(crate) fn journal_cut(&self, task: &Task<R>) -> Option<StateChange> {
        let mut cut = Vec::new();
        for (side, wrote) in &task.done {
            let now = wrote.fields();
            for (field, sent) in self.sent(task, *side) {
                let Some(def) = R::catalogue().field(field.as_str()).filter(|def| !def.identity) else { continue };
                // What the far side cannot hold was not even sent.
                // An undo brings back what was there, whatever the other side has.
                let carried = *side == Side::Right && task.step.undoes.is_none();
                let whole = task.step.agreed.iter().find(|a| carried && a.right == field).map(|a| a.hub.clone());
                let whole = whole.unwrap_or_else(|| some(Some(&sent)));
                if !def.same(whole.as_ref(), now.get(&field)) {
                    cut.push(change(*side, &field, whole, some(now.get(&field))));
                }
            }
            let made =
                matches!(task.end(*side).write, Some(SideWrite::Create { .. })) && *side == Side::Right && task.step.undoes.is_none();
            for agreed in task.step.agreed.iter().filter(|a| made && a.hub.is_some() && a.far.is_none()) {
                if !now.contains_key(&agreed.right) {
                    cut.push(change(*side, &agreed.right, agreed.hub.clone(), None));
                }
            }
        }
        if cut.is_empty() {
            return None;
        }
        let side = cut.first().map(|c| c.side);
        let row = self.beside(task, "cut", side, "the side does not hold the whole of it".to_owned());
        Some(StateChange::Journal(Box::new(JournalRow { changes: cut, ..row })))
    }

    /// What was sent to a side, field by field.
    fn sent(&self, task: &Task<R>, side: Side) -> Fields {
        match &task.end(side).write {
            Some(SideWrite::Fields { fields, .. }) => fields.clone(),
            Some(SideWrite::Create { record, .. }) => pimkit_core::decode_record_fields::<R>(record).unwrap_or_default(),
            Some(SideWrite::Delete(_)) | None => Fields::new(),
        }
    }

    /// What became of a link without any write: it left the scope, was shadowed, or is left alone.
    pub(crate) fn journal_link(&self, link: &LinkRow, action: &str, policy: Option<String>, why: String) -> StateChange {
        StateChange::Journal(Box::new(JournalRow {
            seq: 0,
            run: self.run,
            sync: self.sync().clone(),
            at: self.now(),
            kind: R::KIND,
            link: Some(link.id.clone()),
            hub_item: link.hub_item.clone(),
            account: link.account.clone(),
            item: link.item.clone(),
            action: action.to_owned(),
            side: None,
            policy,
            why,
            changes: Vec::new(),
            lost: Vec::new(),
            before: None,
            body: Value::Null,
        }))
    }
}

fn change(side: Side, field: &Field, from: Option<Value>, to: Option<Value>) -> FieldChange {
    FieldChange { side, field: field.clone(), from, to }
}
