//! What was held, and what somebody said to it.
//!
//! What a guard holds is a row: the items that were shown and how many. An answer covers those and no more, in the place where
//! they were shown; a plan that grew is asked anew, under another id. The run that carries an answer out uses it up: a dry run
//! does not.

use super::{fate::Fates, kind::Guard};
use crate::{
    planted::{Break, planted},
    report::Hold,
    run::Run,
};
use pimkit_core::{ApprovalRow, Error, ErrorKind, Record, Result, StateChange, cursor::binding};
use std::collections::{BTreeMap, BTreeSet};

const UNDO: &str = "undo ";

/// The answers of a sync during a run.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// What comes before every scope: an undo is asked about apart from the runs.
    within: String,
    /// What is not used up: answered or not.
    rows: Vec<ApprovalRow>,
    /// What was shown again in this run, or carried out: the rest has nothing to ask for any more.
    met: BTreeSet<String>,
    /// What this run carries out, each with the items of it that wait for another answer.
    followed: BTreeMap<String, Vec<String>>,
}

/// Whether a row shows an item.
fn shows(row: &ApprovalRow, item: &str) -> bool {
    row.items.binary_search_by(|shown| shown.as_str().cmp(item)).is_ok()
}

/// How many steps were shown.
fn ceiling(row: &ApprovalRow) -> u64 {
    row.ceilings.get("items").copied().unwrap_or(row.items.len() as u64)
}

impl Answers {
    fn of(&self, guard: &Guard) -> impl Iterator<Item = &ApprovalRow> {
        let (name, scope) = (guard.name(), format!("{}{}", self.within, guard.scope()));
        self.rows.iter().filter(move |row| row.guard == name && row.scope == scope)
    }

    /// Whether anything was held or answered here.
    pub(super) fn has(&self, guard: &Guard) -> bool {
        self.of(guard).next().is_some()
    }

    pub(super) fn row(&self, id: &str) -> Option<ApprovalRow> {
        self.rows.iter().find(|row| row.id == id).cloned()
    }

    /// Who said no to an item.
    pub(super) fn refused(&self, guard: &Guard, item: &str) -> Option<String> {
        self.of(guard).find(|row| row.rejected.is_some() && shows(row, item)).map(|row| row.id.clone())
    }

    /// The approval that covers all of these steps.
    pub(super) fn allowed(&self, guard: &Guard, steps: &[(u64, String)]) -> Option<String> {
        let covers = |row: &&ApprovalRow| {
            if planted(Break::ApprovalCeiling) {
                return row.granted.is_some();
            }
            row.granted.is_some() && steps.len() as u64 <= ceiling(row) && steps.iter().all(|(_, item)| shows(row, item))
        };
        self.of(guard).find(covers).map(|row| row.id.clone())
    }

    /// What nobody has answered, and shows some of these steps.
    pub(super) fn unanswered(&self, guard: &Guard, steps: &[(u64, String)]) -> Vec<ApprovalRow> {
        let waits = |row: &&ApprovalRow| row.granted.is_none() && row.rejected.is_none();
        self.of(guard).filter(waits).filter(|row| steps.iter().any(|(_, item)| shows(row, item))).cloned().collect()
    }

    /// What was said of steps that an earlier guard holds stays as it is: it is asked for once they are let go.
    pub(super) fn put_off(&mut self, guard: &Guard, held: &[(u64, String)], fates: &mut Fates) {
        let rows: Vec<ApprovalRow> = self.of(guard).filter(|row| held.iter().any(|(_, item)| shows(row, item))).cloned().collect();
        for row in rows {
            if row.granted.is_some() || row.rejected.is_some() {
                Self::shown_in(&row, held).iter().for_each(|(number, item)| fates.speak(*number, item, &row.id));
            }
            self.met.insert(row.id);
        }
    }

    pub(super) fn shown_in(row: &ApprovalRow, steps: &[(u64, String)]) -> Vec<(u64, String)> {
        steps.iter().filter(|(_, item)| shows(row, item)).cloned().collect()
    }
}

impl<R: Record> Run<R> {
    /// Notes the answers given to this run, and reads all that are open.
    pub(crate) async fn hear(&mut self) -> Result<()> {
        let setup = self.setup.clone();
        let answers = setup.approvals.iter().map(|id| (id, true)).chain(setup.rejections.iter().map(|id| (id, false)));
        for (id, yes) in answers {
            let Some(mut row) = self.state().approval(id).await? else {
                return Err(
                    Error::new(ErrorKind::Config, "nothing with this id was held; run without it and look at what is held").with("id", id)
                );
            };
            if row.sync != *self.sync() {
                continue;
            }
            if row.used.is_some() {
                return Err(Error::new(
                    ErrorKind::Config,
                    "this was answered already, or needs no answer any more; run without it and look at what is held",
                )
                .with("id", id));
            }
            let now = self.now();
            (row.granted, row.rejected) = if yes { (row.granted.or(Some(now)), None) } else { (None, row.rejected.or(Some(now))) };
            self.commit(vec![StateChange::Approval(Box::new(row))]).await?;
        }
        let mut rows = self.state().approvals(self.sync()).await?;
        let within = self.undoes.map(|run| format!("{UNDO}{run} ")).unwrap_or_default();
        rows.retain(|row| if within.is_empty() { !row.scope.starts_with(UNDO) } else { row.scope.starts_with(&within) });
        (self.guarding.answers.within, self.guarding.answers.rows) = (within, rows);
        self.guarding.note_put_back();
        Ok(())
    }

    /// Holds these steps until somebody answers. What an earlier run held and nobody has answered is asked under the same id.
    pub(super) async fn hold(&mut self, guard: &Guard, shown: &str, steps: &[(u64, String)]) -> Result<String> {
        let items: BTreeSet<String> = steps.iter().map(|(_, item)| item.clone()).collect();
        let items: Vec<String> = items.into_iter().collect();
        let count = steps.len() as u64;
        let waiting = self.guarding.answers.unanswered(guard, steps).into_iter().find(|row| row.items == items && ceiling(row) == count);
        let id = waiting.map_or_else(
            || {
                let mut parts = vec![self.sync().to_string(), guard.name().to_owned(), guard.scope(), self.run.to_string()];
                parts.extend(items.iter().cloned());
                format!("{}-{:08x}", guard.name(), binding(&parts) >> 32)
            },
            |row| row.id,
        );
        let row = ApprovalRow {
            id: id.clone(),
            sync: self.sync().clone(),
            run: self.run,
            guard: guard.name().to_owned(),
            scope: format!("{}{}", self.guarding.answers.within, guard.scope()),
            shown: shown.to_owned(),
            items,
            ceilings: BTreeMap::from([("items".to_owned(), count)]),
            granted: None,
            rejected: None,
            used: None,
        };
        self.later([StateChange::Approval(Box::new(row.clone()))]);
        self.show(&row, count);
        Ok(id)
    }

    /// Tells what waits for an answer.
    pub(super) fn show(&mut self, row: &ApprovalRow, items: u64) {
        self.guarding.answers.met.insert(row.id.clone());
        self.report.holds.push(Hold { approve: row.id.clone(), guard: row.guard.clone(), shown: row.shown.clone(), items });
        self.report.held += items;
    }

    /// This run carries an answer out, but for the items that wait for another answer.
    pub(super) fn follow(&mut self, id: &str, waiting: Vec<String>) {
        self.guarding.answers.met.insert(id.to_owned());
        self.guarding.answers.followed.insert(id.to_owned(), waiting);
    }

    /// The answers that are used up once the run is over: those that it carries out, each with what is left of it, and those
    /// that have nothing left to ask for. Where something was not read, nothing is known of the latter.
    pub(crate) fn answered(&self) -> BTreeMap<String, Vec<String>> {
        let answers = &self.guarding.answers;
        let complete = self.hub.failed.is_empty() && self.far.failed.is_empty() && self.open.is_empty();
        let over = answers.rows.iter().filter(|row| complete && !answers.met.contains(&row.id)).map(|row| (row.id.clone(), Vec::new()));
        answers.followed.clone().into_iter().chain(over).collect()
    }

    /// Uses up what was answered, unless the run could not go on: then the rest of it is carried out by the next.
    pub(crate) async fn use_up(&mut self) -> Result<()> {
        if self.report.failed.is_some() {
            return Ok(());
        }
        for (id, waiting) in std::mem::take(&mut self.answered) {
            if let Some(mut row) = self.state().approval(&id).await?.filter(|row| row.used.is_none()) {
                if waiting.is_empty() {
                    row.used = Some(self.now());
                } else {
                    // Of what it covered it covers the rest.
                    row.ceilings.insert("items".to_owned(), waiting.len() as u64);
                    row.items = BTreeSet::from_iter(waiting).into_iter().collect();
                }
                self.later([StateChange::Approval(Box::new(row))]);
            }
        }
        Ok(())
    }
}

impl super::Guarding {
    /// What somebody refused as the old state of a side that was rolled back: the other side's values are written there again.
    fn note_put_back(&mut self) {
        let refused = self.answers.rows.iter().filter(|row| row.guard == super::ROLLED_BACK && row.rejected.is_some());
        self.put_back = refused.flat_map(|row| row.items.iter().map(|item| (row.scope.clone(), item.clone()))).collect();
    }
}
