//! Syncs that join the same two accounts: what one of them has linked is no news to the others.

use crate::{
    fresh::set_end,
    keys,
    pair::damaged,
    plan::{Linked, present},
    run::Run,
    step::Step,
};
use futures::TryStreamExt;
use pimkit_core::{
    BaseRow, CollectionId, Fetched, IntentKind, ItemId, LinkQuery, LinkRow, LinkState, Mark, Presence, Record, Result, SeenRow, Side,
    StateChange, SyncId, cursor::binding,
};

impl<R: Record> Run<R> {
    /// The other syncs of this kind between the same two accounts.
    pub(crate) async fn find_siblings(&self) -> Result<Vec<SyncId>> {
        let mut siblings = Vec::new();
        for sync in self.state().syncs().await? {
            if sync == *self.sync() {
                continue;
            }
            // A sync has one kind and two accounts: any of its links tells.
            let link = self.state().links(LinkQuery::of(&sync)).try_next().await?;
            if link.is_some_and(|link| self.is_between_the_same(&link)) {
                siblings.push(sync);
            }
        }
        Ok(siblings)
    }

    fn is_between_the_same(&self, link: &LinkRow) -> bool {
        link.kind == R::KIND && link.hub_account == self.hub.account.id && link.account == self.far.account.id
    }

    /// An item without a link that a sibling has linked gets the same other end here. One whose other end is not part of this
    /// sync is the sibling's alone: the hub does not get it a second time.
    pub(crate) async fn join_sibling(&mut self, side: Side, row: &SeenRow) -> Result<bool> {
        for sync in self.siblings.clone() {
            let ids = std::slice::from_ref(&row.item);
            let links = match side {
                Side::Left => self.state().links_of_hub(&sync, ids).await?,
                Side::Right => self.state().links_of_far(&sync, &self.far.account.id, &row.collection, ids).await?,
            };
            let Some(link) = links.into_iter().flatten().find(|link| self.is_between_the_same(link)) else { continue };
            let (collection, item) = match side {
                Side::Left => (link.collection, link.item),
                Side::Right => (link.hub_collection, link.hub_item),
            };
            let Some(item) = item else {
                if side == Side::Left {
                    continue;
                }
                // It is being made there: looked at again when that is known.
                self.keep_dirty(row.clone());
                return Ok(true);
            };
            if let Some(end) = self.free(side.other(), &collection, item.clone()).await? {
                let (hub, far) = match side {
                    Side::Left => (row.clone(), end),
                    Side::Right => (end, row.clone()),
                };
                // What the two agreed on there they agreed on: what changed since is an edit, and not two strangers' difference.
                let agreed = self.state().bases(std::slice::from_ref(&link.id)).await?.into_iter().flatten().next();
                let link = self.new_link(side, Some(&hub), Some(&far), 1);
                let base = agreed.map(|base| BaseRow { link: link.id.clone(), hub: base.hub, far: base.far, ..BaseRow::default() });
                let mut changes = vec![StateChange::Link(Box::new(link.clone()))];
                changes.extend(base.iter().map(|base| StateChange::Base(Box::new(base.clone()))));
                self.commit(changes).await?;
                let linked = Linked { link, base, hub: Some(hub), far: Some(far) };
                self.plan_merge(linked, Some("recognised by another sync's link".to_owned())).await?;
                return Ok(true);
            }
            if side == Side::Right {
                return Ok(true);
            }
            if self.is_missed(&collection, &item).await? {
                // A listing does not show it: one made now would stand beside it.
                self.keep_dirty(row.clone());
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a far item is missing from a listing, and its side does not say that it is gone.
    async fn is_missed(&self, collection: &CollectionId, item: &ItemId) -> Result<bool> {
        let ids = std::slice::from_ref(item);
        let rows = self.state().seen(&self.far.account.id, R::KIND, collection, ids).await?;
        if !rows.into_iter().flatten().any(|row| matches!(row.presence, Presence::Missing { .. })) {
            return Ok(false);
        }
        let answer = self.far.repository.fetch(collection, ids).await.into_iter().next();
        Ok(!matches!(answer, Some(Fetched::Gone)))
    }

    /// The hub records that other syncs were about to make in place of deleted ones, and of which they have not learnt what came
    /// of it: which one it stands for, and its mark.
    fn made_again_elsewhere(&self) -> Result<Vec<(ItemId, Option<Mark>)>> {
        let mut found = Vec::new();
        for intent in self.unrecorded.iter().filter(|i| i.write == IntentKind::Create && i.sync != *self.sync()) {
            let step: Step = intent.body.read().map_err(|_| damaged("an intent"))?;
            found.extend(step.replaces.map(|replaced| (replaced, intent.mark.clone())));
        }
        Ok(found)
    }

    /// Whether another sync was about to make a deleted hub record again: a second one would stand beside it.
    pub(crate) fn is_to_be_made_again(&self, deleted: Option<&ItemId>) -> Result<bool> {
        Ok(self.made_again_elsewhere()?.iter().any(|(replaced, _)| Some(replaced) == deleted))
    }

    /// Whether a hub record is one that another sync was about to make in place of a deleted one.
    pub(crate) fn is_made_again(&self, row: &SeenRow) -> Result<bool> {
        Ok(self.made_again_elsewhere()?.iter().any(|(_, mark)| mark.as_ref().is_some_and(|mark| keys::carries(row, mark))))
    }

    /// Whether a hub record without a link stands for one that was deleted and that a link of this sync leads to: another sync
    /// made it again, because its own user had edited it. The link follows it.
    pub(crate) async fn follow_replaced(&mut self, row: &SeenRow) -> Result<bool> {
        let own = keys::id_key(binding(&[row.item.as_str()]));
        let replaced: Vec<String> = row.keys.iter().filter(|key| key.starts_with("id:") && **key != own).cloned().collect();
        if replaced.is_empty() {
            return Ok(false);
        }
        let found = self.state().seen_by_keys(&self.hub.account.id, R::KIND, &replaced, 8).await?;
        let items: Vec<ItemId> = found.into_iter().flatten().map(|(_, item)| item).filter(|item| *item != row.item).collect();
        let links = self.state().links_of_hub(self.sync(), &items).await?;
        let Some(mut link) = links.into_iter().flatten().find(|link| link.kind == R::KIND) else { return Ok(false) };
        if self.open.contains(&link.id) {
            // What became of a write under it is found out first.
            self.keep_dirty(row.clone());
            return Ok(true);
        }
        set_end(&mut link, Side::Left, row);
        link.again = true;
        link.version += 1;
        self.commit(vec![StateChange::Link(Box::new(link.clone()))]).await?;
        if let Some(mut linked) = self.load(vec![link]).await?.into_iter().next() {
            linked.set(Side::Left, row.clone());
            // What its own user deleted stays deleted; what was only let go of is there at both ends again.
            if linked.link.state == LinkState::Suppressed && !present(linked.far.as_ref()) {
                return Ok(true);
            }
            self.plan_merge(linked, Some("it was made again under another id".to_owned())).await?;
        }
        Ok(true)
    }

    /// The sighting of an item that is there, is part of this sync, and has no link in it.
    async fn free(&self, side: Side, collection: &CollectionId, item: ItemId) -> Result<Option<SeenRow>> {
        let half = self.half(side);
        if half.collection(collection).is_none() {
            return Ok(None);
        }
        let ids = [item];
        let links = match side {
            Side::Left => self.state().links_of_hub(self.sync(), &ids).await?,
            Side::Right => self.state().links_of_far(self.sync(), &half.account.id, collection, &ids).await?,
        };
        if links.into_iter().flatten().next().is_some() {
            return Ok(None);
        }
        let rows = self.state().seen(&half.account.id, R::KIND, collection, &ids).await?;
        Ok(rows.into_iter().flatten().find(|row| row.presence == Presence::Present && row.record.is_some()))
    }
}
