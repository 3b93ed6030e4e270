//! What moved before its old place was known to be empty: the two are told by two listings, and one of them may be
//! late, short, or not to be had at all. Taken for new, it would be made once more on the other side.

use crate::{fresh::named, keys, run::Run, stranger::same_thing};
use pimkit_core::{Fetched, ItemId, LinkState, Presence, Record, Removal, Result, SeenRow, Side, StateChange};

impl<R: Record> Run<R> {
    /// Whether a far item without a link may be one that has a link and was moved, or was given another id: it carries the
    /// uid or mark of that one, and whether that one still stands is open. It is looked at again when that is known.
    pub(crate) async fn may_have_moved(&mut self, row: &SeenRow) -> Result<bool> {
        let account = self.far.account.id.clone();
        for (collection, item) in self.state().seen_by_keys(&account, R::KIND, &named(row), 8).await?.into_iter().flatten() {
            let here = collection == row.collection && item == row.item;
            if here || self.far.collection(&collection).is_none() {
                continue;
            }
            let link = self.links_of(Side::Right, &collection, std::slice::from_ref(&item)).await?.into_iter().flatten().next();
            let loose = |state| matches!(state, LinkState::Suppressed | LinkState::Shadowed | LinkState::Archived);
            let Some(link) = link.filter(|link| !loose(link.state) && !link.parked) else { continue };
            let Some(linked) = self.load(vec![link]).await?.into_iter().next() else { continue };
            let Some(was) = linked.far.clone() else { continue };
            if self.is_renamed_copy(Side::Right, &linked, &was, row).await? {
                continue;
            }
            let open = match was.presence {
                _ if self.open.contains(&linked.link.id) => true,
                // That it is gone is looked into before anything is new: it could not be told. Of what is found outside of
                // what is read, one of another name is a copy.
                Presence::Missing { .. } => {
                    let outside = linked.link.state == LinkState::OutOfScope;
                    !outside || same_thing(R::KIND, &self.fields_of(&was)?, &self.fields_of(row)?)
                }
                Presence::Present => self.is_gone_untold(&was).await?,
                _ => false,
            };
            if open {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a far item without a link cannot be found by its id, and is one that was here before: it carries a mark of this
    /// sync, and was deleted before we ever saw it; or it has been another one, or gone; or another one that we follow has its
    /// name by now. A late listing shows it all the same.
    pub(crate) async fn is_of_the_past(&mut self, row: &SeenRow) -> Result<bool> {
        let ours = row.mark.as_ref().and_then(keys::parts).is_some_and(|parts| keys::is_of(&parts, self.sync()));
        let alone =
            self.links_of(Side::Right, &row.collection, std::slice::from_ref(&row.item)).await?.into_iter().flatten().next().is_none();
        if !alone || !(ours || !row.superseded.is_empty() || self.stands_beside(row).await?) {
            return Ok(false);
        }
        let missing = match self.far.repository.clone().fetch(&row.collection, std::slice::from_ref(&row.item)).await.into_iter().next() {
            Some(Fetched::Gone) => SeenRow { presence: Presence::Missing { reason: Removal::Unknown }, ..row.clone() },
            // It may be there: it is asked for again in the next run, and not forgotten.
            Some(Fetched::Failed(_)) | None => row.clone(),
            Some(_) => return Ok(false),
        };
        self.keep_dirty(missing);
        Ok(true)
    }

    /// Whether a far item has the uid or mark of another one that has a link.
    async fn stands_beside(&self, row: &SeenRow) -> Result<bool> {
        for (collection, item) in self.state().seen_by_keys(&self.far.account.id, R::KIND, &named(row), 8).await?.into_iter().flatten() {
            let here = collection == row.collection && item == row.item;
            if !here && self.links_of(Side::Right, &collection, &[item]).await?.into_iter().flatten().next().is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether an item that no listing says is missing cannot be found by its id. It is looked into in the next run.
    async fn is_gone_untold(&mut self, was: &SeenRow) -> Result<bool> {
        let ids: [ItemId; 1] = [was.item.clone()];
        match self.far.repository.clone().fetch(&was.collection, &ids).await.into_iter().next() {
            Some(Fetched::Gone) => {
                let missing = SeenRow { presence: Presence::Missing { reason: Removal::Unknown }, changed: self.run + 1, ..was.clone() };
                self.later([StateChange::Seen(Box::new(missing))]);
                Ok(true)
            }
            Some(Fetched::Failed(_)) | None => Ok(true),
            Some(_) => Ok(false),
        }
    }
}
