//! Our marks without our state: what this sync made is at the far side, and it knows of none of it.
//!
//! The state was lost, or another program uses the sync's name. Links can be rebuilt by marks, uids and
//! content, but somebody must say so first: nothing is planned before.

use super::{
    STATE_LOST,
    kind::{Guard, placed_in},
};
use crate::{keys, run::Run};
use futures::TryStreamExt;
use pimkit_core::{Presence, Record, Result, SeenQuery, Side};

impl<R: Record> Run<R> {
    /// Whether the run must stop because the sync's state was lost, and nobody has said yet that it is to be rebuilt.
    pub(crate) async fn is_state_lost(&mut self) -> Result<bool> {
        // A sync that was ended and begins again forgot its links because somebody said so.
        if !self.guarding.first || self.standing.beginnings > 0 {
            return Ok(false);
        }
        let mut marked: Vec<(u64, String)> = Vec::new();
        for collection in &self.far.collections {
            let mut rows = self.state().seen_rows(SeenQuery::of(&self.far.account.id, R::KIND).within(&collection.id));
            while let Some(row) = rows.try_next().await? {
                let ours = row.mark.as_ref().and_then(keys::parts).is_some_and(|parts| keys::is_of(&parts, self.sync()));
                if ours && row.presence == Presence::Present {
                    marked.push((0, placed_in(Side::Right, &row.collection, &row.item)));
                }
            }
        }
        if marked.is_empty() {
            return Ok(false);
        }
        if let Some(id) = self.guarding.answers.allowed(&Guard::StateLost, &marked) {
            self.follow(&id, Vec::new());
            return Ok(false);
        }
        let no = marked.iter().find_map(|(_, item)| self.guarding.answers.refused(&Guard::StateLost, item));
        let row = no.and_then(|id| self.guarding.answers.row(&id));
        let count = marked.len() as u64;
        match row {
            Some(row) => self.show(&row, count),
            None => {
                let shown = format!(
                    "{count} items of the right side were made by this sync, whose state knows of none: it was lost; bring it back, or \
                     approve that their links are rebuilt"
                );
                self.hold(&Guard::StateLost, &shown, &marked).await?;
            }
        }
        Ok(true)
    }

    /// Whether this run stopped before it planned anything.
    pub(crate) fn has_lost_its_state(&self) -> bool {
        self.report.holds.iter().any(|hold| hold.guard == STATE_LOST)
    }
}
