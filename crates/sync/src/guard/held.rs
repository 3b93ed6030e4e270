//! What becomes of a held step when its plan is applied: nothing, and the next run plans it again.

use crate::apply::Task;
use crate::{
    run::Run,
    step::{Action, Step},
};
use pimkit_core::{LinkRow, Record, Result, Side, StateChange};

impl<R: Record> Run<R> {
    /// Leaves a held step to the next run: its link is looked at again, or the item that has none yet.
    pub(crate) async fn hold_back(&mut self, number: u64, step: &Step, link: Option<LinkRow>, by: &str) -> Result<()> {
        self.later([StateChange::StepDone { run: self.run, step: number, done: format!("held: {by}") }]);
        self.leave_to_next(step, link).await
    }

    /// Has what a step is about looked at again in the next run.
    pub(crate) async fn leave_to_next(&mut self, step: &Step, link: Option<LinkRow>) -> Result<()> {
        if let Some(mut link) = link {
            link.again = true;
            self.later([StateChange::Link(Box::new(link))]);
            return Ok(());
        }
        if step.is_copy() {
            // The conflict whose loser it keeps is not settled before it is made.
            self.uncopied.extend(step.far.item.clone().map(|item| (step.far.collection.clone(), item)));
            return Ok(());
        }
        let source = match step.action {
            Action::Create(on) => on.other(),
            Action::Delete(on) => on,
            _ => return Ok(()),
        };
        let end = if source == Side::Left { &step.hub } else { &step.far };
        let rows = self.ends(source, std::iter::once((&end.collection, end.item.as_ref()))).await?;
        for row in rows.into_iter().flatten() {
            self.keep_dirty(row);
        }
        Ok(())
    }

    /// A link of one end, for an item that somebody did not want on the other side.
    pub(crate) fn link_of_refused(&mut self, task: &Task<R>) -> Option<LinkRow> {
        let Action::Suppress(rest) = task.step.action else { return None };
        let generation = u32::try_from(self.run).unwrap_or(u32::MAX);
        let mut link = self.new_link(rest, task.hub.as_ref(), task.far.as_ref(), generation);
        for side in [Side::Left, Side::Right] {
            let collection = task.end(side).collection.clone();
            if side == Side::Left { link.hub_collection = collection } else { link.collection = collection }
        }
        Some(link)
    }
}
