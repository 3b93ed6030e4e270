//! Copied marks: a user who duplicates an item duplicates the mark that we left on it.
//!
//! A mark counts only if no live link has it. An item that carries the mark of another one's link is a
//! copy: it is new, and gets a mark of its own, so that nobody who looks for the first one by its
//! mark finds the copy.

use crate::{keys, plan::Linked, run::Run};
use pimkit_core::{LinkRow, Mark, Record, Result, SeenRow, Side, cursor::binding};

/// Whether an item carries one of this sync's marks that names another hub record than its link does.
pub(crate) fn names_another(link: &LinkRow, far: &SeenRow) -> bool {
    let parts = far.mark.as_ref().and_then(keys::parts).filter(|parts| keys::is_of(parts, &link.sync));
    matches!((parts, &link.hub_item), (Some(parts), Some(item)) if parts.item != binding(&[item.as_str()]))
}

impl<R: Record> Run<R> {
    /// The mark that a copy is to get in place of the one that was copied with it.
    pub(crate) async fn mark_for_copy(&self, linked: &Linked) -> Result<Option<Mark>> {
        let (Some(far), Some(hub_item)) = (&linked.far, &linked.link.hub_item) else { return Ok(None) };
        if !names_another(&linked.link, far) || !self.may_write(Side::Right, far) {
            return Ok(None);
        }
        let Some(mark) = &far.mark else { return Ok(None) };
        let account = &self.far.account.id;
        for (collection, item) in self.state().seen_by_keys(account, R::KIND, &[keys::mark_key(mark)], 16).await?.into_iter().flatten() {
            let links = self.links_of(Side::Right, &collection, &[item]).await?;
            let holder = links.into_iter().flatten().find(|link| link.id != linked.link.id);
            if holder.is_some_and(|link| link.mark.as_ref() == Some(mark) || !names_another(&link, far)) {
                return Ok(Some(keys::mint(self.sync(), hub_item, linked.link.generation)));
            }
        }
        Ok(None)
    }
}
