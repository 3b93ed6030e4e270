//! What the plan counts, and what is written down with the steps that a guard has looked at.

use super::{body, fate::Fates, kind::lost_end, refused};
use crate::{
    run::Run,
    step::{Action, Step},
};
use futures::TryStreamExt;
use pimkit_core::{Json, Record, Result, Side, StateChange};

impl<R: Record> Run<R> {
    /// Writes down with each step what was said to it.
    pub(super) async fn mark(&mut self, mut fates: Fates) -> Result<()> {
        let mut steps = self.state().steps(self.run);
        let mut written = 0;
        while let Some(mut row) = steps.try_next().await? {
            let Some(fate) = fates.take(row.step) else { continue };
            let mut step = body(&row)?;
            self.uncount(&step);
            match (fate.held, fate.refused.first()) {
                (Some(id), _) => step.held = Some(id),
                (None, Some((id, _))) if step.undoes.is_some() => row.done = Some(format!("rejected: {id}")),
                (None, _) => {
                    step.held = None;
                    step.approved = fate.allowed;
                    step.answered = fate.answered;
                    step = fate.refused.iter().fold(step, |step, (id, sort)| refused::refused(step, sort, id));
                    self.count_writes(&step);
                }
            }
            row.body = Json::of(&step)?;
            self.later([StateChange::Step(Box::new(row))]);
            written += 1;
            if written % 500 == 0 {
                self.flush().await?;
            }
        }
        drop(steps);
        self.flush().await
    }

    /// Takes back what was counted of a step.
    pub(crate) fn uncount(&mut self, step: &Step) {
        let less = |count: &mut u64| *count = count.saturating_sub(1);
        for side in writing_sides(step) {
            let counts = match step.action {
                Action::Create(_) => &mut self.report.created,
                Action::Delete(_) => &mut self.report.deleted,
                _ => &mut self.report.updated,
            };
            less(if side == Side::Left { &mut counts.left } else { &mut counts.right });
        }
        if step.action == Action::Update {
            less(&mut self.touched);
        }
    }

    fn count_writes(&mut self, step: &Step) {
        self.touched += u64::from(step.action == Action::Update);
        for side in writing_sides(step) {
            match step.action {
                Action::Create(_) => self.report.created.add(side),
                Action::Delete(_) => self.report.deleted.add(side),
                _ => self.report.updated.add(side),
            }
        }
    }

    /// Counts what a step means to write, for the dry run, and what there is to guard.
    pub(crate) fn count(&mut self, step: &Step) {
        self.count_writes(step);
        self.tally_planned(step);
        // An undo takes nothing for deleted.
        if let Some((side, collection, _)) = lost_end(step).filter(|_| step.undoes.is_none()) {
            *self.guarding.lost.entry((side, collection)).or_default() += 1;
            self.guarding.asked += u64::from(step.held.is_some());
        }
    }
}

/// The sides that a step writes to.
fn writing_sides(step: &Step) -> Vec<Side> {
    let ends = [(Side::Left, &step.hub), (Side::Right, &step.far)];
    ends.into_iter().filter(|(_, end)| end.write.is_some()).map(|(side, _)| side).collect()
}
