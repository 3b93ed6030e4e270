//! How long the journal is kept.

use crate::run::Run;
use futures::TryStreamExt;
use jiff::SignedDuration;
use pimkit_core::{JournalQuery, JournalRow, LinkState, Record, Result, StateChange};

impl<R: Record> Run<R> {
    /// Forgets journal rows older than the policy keeps them; but what an open conflict shows, and what belongs to a pair that an
    /// undo parked, stays until that is over.
    pub(crate) async fn forget_old(&mut self) -> Result<()> {
        let Some(days) = self.setup.policy.retention_days else { return Ok(()) };
        let kept = SignedDuration::from_hours(24 * i64::from(days));
        let Ok(since) = self.now().checked_sub(kept) else { return Ok(()) };
        let query = JournalQuery { sync: Some(self.sync().clone()), ..JournalQuery::default() };
        let mut rows = self.state().journal(query).try_chunks(self.setup.page_size as usize);
        while let Some(page) = rows.try_next().await.map_err(|e| e.1)? {
            let mut old = Vec::new();
            let mut over = false;
            for row in page {
                // Rows come in the order in which they were written.
                over |= row.at >= since;
                if !over && !self.is_needed(&row).await? {
                    old.push(row.seq);
                }
            }
            if !old.is_empty() {
                self.later([StateChange::DropJournal(old)]);
                self.flush().await?;
            }
            if over {
                break;
            }
        }
        Ok(())
    }

    async fn is_needed(&self, row: &JournalRow) -> Result<bool> {
        let Some(id) = &row.link else { return Ok(false) };
        let link = self.state().link(id).await?;
        Ok(link.is_some_and(|link| link.parked || (link.state == LinkState::Held && row.action == "held")))
    }
}
