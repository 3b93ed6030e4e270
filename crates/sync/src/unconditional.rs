//! Sides that take a write whatever they hold by then. What a user edited and no listing named yet would be overwritten, or
//! go with its item: such a side is asked just before.
//!
//! What comes between our look and our write is lost there all the same: nothing but the side itself could tell.

use crate::{
    apply::Task,
    plan::Linked,
    planted::{Break, planted},
    record::UNNAMED,
    run::Run,
    step::SideWrite,
};
use pimkit_core::{CollectionId, Fetched, ItemId, Presence, Record, Removal, Result, SeenRow, Side, StateChange};

/// How often an item is asked for what it kept back.
const ASKED: usize = 2;

impl<R: Record> Run<R> {
    /// Whether the writes to a collection say which revision they are meant for.
    pub(crate) fn is_conditional(&self, side: Side, collection: &CollectionId) -> bool {
        self.half(side).collection(collection).is_none_or(|c| c.capabilities.conditional)
    }

    /// What an item is now. Nothing where it is not there to be read.
    pub(crate) async fn now_there(&mut self, side: Side, row: &SeenRow) -> Result<Option<SeenRow>> {
        let repository = self.half(side).repository.clone();
        let answer = repository.fetch(&row.collection, std::slice::from_ref(&row.item)).await.into_iter().next();
        let Some(Fetched::Found(stored)) = answer else { return Ok(None) };
        let now = self.observed(side, row.epoch, Some(row), *stored).await?;
        if now.hash != row.hash {
            self.later([StateChange::Seen(Box::new(now.clone()))]);
        }
        Ok(Some(now))
    }

    /// Asks again for what an item did not tell after an unanswered write: a listing that named it since may have been read.
    pub(crate) async fn ask_for_untold(&mut self, linked: &mut Linked) -> Result<()> {
        for side in [Side::Left, Side::Right] {
            let untold = |row: &SeenRow| {
                !planted(Break::UnreadAsUnknown) && row.epoch == UNNAMED && !row.unread.is_empty() && row.presence == Presence::Present
            };
            let Some(mut row) = linked.end(side).filter(|row| untold(row)).cloned() else { continue };
            for _ in 0..ASKED {
                let Some(now) = self.now_there(side, &row).await? else { break };
                row = now;
                if row.unread.is_empty() {
                    break;
                }
            }
            if !row.unread.is_empty() {
                self.ask_later(side, &row.collection, &row.item);
            }
            row.epoch = self.epoch(side, &row.collection).await?.max(1);
            self.later([StateChange::Seen(Box::new(row.clone()))]);
            linked.set(side, row);
        }
        Ok(())
    }

    /// Asks for all that a batch is about to update, in one call; what is not as it was planned against is planned anew.
    pub(crate) async fn look_before_updates(&mut self, side: Side, collection: &CollectionId, tasks: &mut [Task<R>]) -> Result<()> {
        if self.is_conditional(side, collection) {
            return Ok(());
        }
        let updates = |task: &Task<R>| {
            let end = task.end(side);
            !task.stopped && end.collection == *collection && matches!(end.write, Some(SideWrite::Fields { .. }))
        };
        let known: Vec<(usize, SeenRow)> =
            tasks.iter().enumerate().filter(|(_, task)| updates(task)).filter_map(|(n, task)| Some((n, task.row(side)?.clone()))).collect();
        if known.is_empty() {
            return Ok(());
        }
        let ids: Vec<ItemId> = known.iter().map(|(_, row)| row.item.clone()).collect();
        let mut answers = self.half(side).repository.clone().fetch(collection, &ids).await.into_iter();
        for (place, row) in known {
            let now = match answers.next() {
                Some(Fetched::Found(stored)) => {
                    let now = self.observed(side, row.epoch, Some(&row), *stored).await?;
                    let differences = pimkit_core::diff(&self.record_of(&row)?, &self.record_of(&now)?);
                    if differences.iter().all(|d| row.unread.contains(&d.field) || now.unread.contains(&d.field)) {
                        continue;
                    }
                    Some(now)
                }
                Some(Fetched::Gone) => {
                    let presence = Presence::Missing { reason: Removal::Unknown };
                    Some(SeenRow { presence, changed: self.run, changed_at: self.now(), ..row })
                }
                // Not to be read for now: it is written when it can be.
                _ => None,
            };
            self.later(now.map(|row| StateChange::Seen(Box::new(row))));
            if let Some(task) = tasks.get_mut(place) {
                self.put_off(task, "dropped: changed meanwhile");
            }
        }
        Ok(())
    }
}
