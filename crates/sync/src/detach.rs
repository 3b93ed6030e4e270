//! A record that several mailboxes have: a deletion in one of them lets go of that one alone, and
//! what the engine itself took away nobody has deleted.

use crate::{
    keys,
    plan::Linked,
    planted::{Break, planted},
    policy::HubDelete,
    run::Run,
};
use pimkit_core::{Action, IntentKind, ItemId, LinkRow, LinkState, Record, Result, SeenRow, Side, StateChange};

impl<R: Record> Run<R> {
    /// Why a deletion at the far side lets go of this link alone; absent where the hub record may follow.
    pub(crate) async fn detaches(&self, hub: &SeenRow) -> Result<Option<&'static str>> {
        if planted(Break::HubDelete) {
            return Ok(None);
        }
        Ok(match self.setup.policy.hub_delete {
            HubDelete::Never => Some("hub_delete = never"),
            HubDelete::Last if self.is_in_other_mailboxes(&hub.item).await? || self.is_made_elsewhere(hub) => {
                Some("hub_delete = last: the record is in other mailboxes too, and only this one is detached")
            }
            HubDelete::Last | HubDelete::Any => None,
        })
    }

    /// Whether another sync has the hub record too. One whose item is out of sight may have it still, and one that was cut off
    /// while it made its item may have made it.
    async fn is_in_other_mailboxes(&self, hub_item: &ItemId) -> Result<bool> {
        for sync in self.state().syncs().await? {
            if sync == *self.sync() {
                continue;
            }
            let links = self.state().links_of_hub(&sync, std::slice::from_ref(hub_item)).await?;
            let has = |state| !matches!(state, LinkState::Suppressed | LinkState::Shadowed | LinkState::Archived);
            let ours = links.into_iter().flatten().filter(|l| l.kind == R::KIND && l.hub_account == self.hub.account.id);
            if ours.into_iter().any(|l| (l.item.is_some() || l.state == LinkState::Pending) && has(l.state)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the hub record is what another sync sent of its mailbox's item, and has not taken down.
    fn is_made_elsewhere(&self, hub: &SeenRow) -> bool {
        let of_others = self.unrecorded.iter().filter(|i| i.write == IntentKind::Create && i.sync != *self.sync());
        of_others.filter_map(|intent| intent.mark.as_ref()).any(|mark| keys::carries(hub, mark))
    }

    /// Whether the hub record was changed in another mailbox's sight before its user let go of it, unseen by that user: whoever
    /// deletes it from the last one may not have seen it either.
    pub(crate) async fn is_unseen_elsewhere(&mut self, hub_item: &ItemId) -> Result<bool> {
        let mut unseen = false;
        for mut link in self.links_of_others(hub_item).await? {
            if link.state != LinkState::Suppressed || !link.unseen {
                continue;
            }
            // It counts once: the record is made again for who deletes it now, to be looked at.
            link.unseen = false;
            link.version += 1;
            unseen = true;
            self.commit(vec![StateChange::Link(Box::new(link))]).await?;
        }
        Ok(unseen)
    }

    /// Every link that other syncs have with a hub record, in whatever state.
    pub(crate) async fn links_of_others(&self, hub_item: &ItemId) -> Result<Vec<LinkRow>> {
        let mut found = Vec::new();
        for sync in self.state().syncs().await?.iter().filter(|sync| *sync != self.sync()) {
            let links = self.state().links_of_hub(sync, std::slice::from_ref(hub_item)).await?;
            found.extend(links.into_iter().flatten().filter(|link| link.kind == R::KIND && link.hub_account == self.hub.account.id));
        }
        Ok(found)
    }

    /// Whether the hub record was in another mailbox too, whose user let go of it.
    pub(crate) async fn is_let_go_elsewhere(&self, hub_item: &ItemId) -> Result<bool> {
        Ok(self.links_of_others(hub_item).await?.iter().any(|link| link.state == LinkState::Suppressed))
    }

    /// Whether the acting user may delete records of this kind on a side at all; everybody may where there is no app to ask.
    pub(crate) async fn may_delete_any(&self, side: Side) -> Result<bool> {
        match &self.setup.app {
            Some(app) if side == Side::Left => app.allowed(R::KIND, Action::Delete).await,
            _ => Ok(true),
        }
    }
}

/// Why a link whose item is gone is out of scope and no more: the engine took it away for reasons of its own.
pub(crate) fn taken_away(linked: &Linked, gone: Side) -> Option<String> {
    let by_engine = !planted(Break::EngineDelete) && linked.end(gone).is_some_and(pimkit_core::SeenRow::is_gone_by_engine);
    by_engine.then(|| format!("the {} item was taken away by the engine and by no user; the other is left as it is", gone.word()))
}
