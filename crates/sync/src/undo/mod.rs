//! Taking back what a run did.
//!
//! Undo is a run of its own: a plan of steps that are guarded, conditional and journalled like any other, and can be undone in
//! turn. It goes over the run's journal backwards. What was made is deleted where it is still what was made; what was changed gets
//! its value back where it still has the one that was written; what was deleted is made again, under a new id. What has moved on
//! since is left as it is and named.
//!
//! The next run would only do it all over again: so every pair that an undo touches is parked, and nothing is done with it until
//! somebody releases it ([`Pair::release`]). Then it stands as before the run that was undone: edits flow again from where they were
//! made, and what has no other end any more is new.

mod combined;
mod park;
mod planned;

pub use park::Parked;

use crate::{
    pair::{Pair, Plan},
    run::{Run, component},
};
use futures::TryStreamExt;
use pimkit_core::{Error, ErrorKind, ItemId, JournalQuery, JournalRow, Record, Result, Side};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a step of an undo takes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// The run that is undone.
    pub run: u64,
    /// The id under which an item that is made again was known.
    pub was: Option<ItemId>,
}

/// Where steps of an undo begin to be numbered, downwards: the last row of the journal comes first.
const LAST: u64 = 1 << 40;

impl<R: Record> Pair<R> {
    /// Plans to take back what a run of this sync did. [`apply`](Self::apply) does it. A plan that a guard holds is approved as any
    /// other: undo again with [`approve`](crate::PairBuilder::approve); what was taken back already is passed over.
    ///
    /// # Errors
    /// `Config` when the sync has no such run; otherwise as [`plan`](Self::plan).
    pub async fn undo(&self, run: u64) -> Result<Plan> {
        let lease = self.shared.state.acquire(&component()).await?;
        let mut known = self.shared.state.runs(Some(&self.setup.sync));
        let mut found = false;
        while let (false, Some(row)) = (found, known.try_next().await?) {
            found = row.run == run;
        }
        drop(known);
        if !found {
            let error = Error::new(ErrorKind::Config, "the sync has no such run; its history lists what there is to undo");
            return Err(error.with("sync", &self.setup.sync).with("run", run));
        }
        let mut work = Run::<R>::begin(&self.shared, &self.setup, lease).await?;
        // Somebody may well pause a sync before undoing what it did.
        if work.rests_as().is_some() {
            work.set_up(false).await?;
        }
        work.undoes = Some(run);
        work.report.undoes = Some(run);
        work.recover().await?;
        work.observe(Side::Left).await?;
        work.observe(Side::Right).await?;
        work.find_again().await?;
        let recovered = work.take_counts();
        work.hear().await?;
        work.plan_undo(run).await?;
        work.guard().await?;
        work.note_run(if work.report.holds.is_empty() { "planned" } else { "held" }, None).await?;
        Ok(work.planned(false, recovered).0)
    }
}

/// What rows of the journal are about: a link, or a record that had none.
fn about(row: &JournalRow) -> String {
    row.link.clone().unwrap_or_else(|| format!("{:?} {:?}", row.hub_item, row.item))
}

/// Whether a row says that something was done that can be taken back.
fn did_something(row: &JournalRow) -> bool {
    matches!(row.action.as_str(), "created" | "updated" | "deleted" | "linked")
}

impl<R: Record> Run<R> {
    /// Writes down the steps, the run's last deed first.
    async fn plan_undo(&mut self, run: u64) -> Result<()> {
        let query = JournalQuery { sync: Some(self.sync().clone()), run: Some(run), item: None };
        // What a run did twice with one pair is taken back at once.
        let (mut once, mut twice) = (BTreeSet::new(), BTreeSet::new());
        let mut rows = self.state().journal(query.clone());
        while let Some(row) = rows.try_next().await? {
            if did_something(&row) && !once.insert(about(&row)) {
                twice.insert(about(&row));
            }
        }
        drop((rows, once));
        let mut several: BTreeMap<String, (u64, Vec<JournalRow>)> = BTreeMap::new();
        let mut number = LAST;
        let mut pages = self.state().journal(query).try_chunks(self.setup.page_size as usize);
        while let Some(page) = pages.try_next().await.map_err(|e| e.1)? {
            for row in page.into_iter().filter(did_something) {
                number -= 1;
                let name = about(&row);
                if twice.contains(&name) {
                    let of = several.entry(name).or_default();
                    of.0 = number;
                    of.1.push(row);
                } else {
                    self.undo_row(number, run, row).await?;
                }
            }
            self.flush().await?;
        }
        for (number, rows) in several.into_values() {
            if let Some(row) = combined::combined::<R>(rows)? {
                self.undo_row(number, run, row).await?;
            }
        }
        self.flush().await
    }
}
