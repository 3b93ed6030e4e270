//! The hands that work the props of a side.

use super::{ANNEX, CONTAINER, USER, VIEW, Where};
use crate::far::by_kind;
use pimkit_contract::{
    MemoryHub, Worst,
    worst::{ByHand, Kept},
};
use pimkit_core::{Action, App, CollectionId, Contact, Event, Facts, ItemId, Kind, Sharing, Task, View};
use std::{fmt::Debug, sync::Arc};

/// What can be done with a side beside what its users do to items. A side that has no such thing says false.
pub trait Stagehand: Debug {
    /// The app of the hub, as its acting user has it. It has the saved view that plays sync.
    fn app(&self, _kind: Kind) -> Option<Arc<dyn App>> {
        None
    }
    /// Sets what the app knows of a record.
    fn know(&self, _kind: Kind, _id: &ItemId, _facts: Facts) -> bool {
        false
    }
    /// Grants, or takes away, the right to change records.
    fn allow(&self, _kind: Kind, _on: bool) -> bool {
        false
    }
    /// The topics of what the app's users were told.
    fn told(&self) -> Vec<String> {
        Vec::new()
    }
    /// Makes the shared collection.
    fn add_annex(&self, _kind: Kind) {}
    /// Where an item lies.
    fn place(&self, _kind: Kind, _id: &ItemId) -> Option<Where> {
        None
    }
    /// Moves an item; false where there is no such place.
    fn put_into(&self, _kind: Kind, _id: &ItemId, _to: Where) -> bool {
        false
    }
    /// Gives the sync's container another name.
    fn rename_container(&self, _kind: Kind) -> bool {
        false
    }
    /// Deletes the sync's container with all that is in it.
    fn remove_container(&self, _kind: Kind) -> bool {
        false
    }
    /// Gives one of the categories another name.
    fn rename_category(&self, _kind: Kind) -> bool {
        false
    }
    /// Whether meetings can be written without a word to their guests.
    fn can_keep_silent(&self) -> bool {
        true
    }
}

impl Stagehand for MemoryHub {
    fn app(&self, kind: Kind) -> Option<Arc<dyn App>> {
        self.add_view(View { name: VIEW.to_owned(), kind });
        Some(Arc::new(self.acting(USER)))
    }

    fn know(&self, kind: Kind, id: &ItemId, facts: Facts) -> bool {
        self.set_facts(kind, id, facts);
        true
    }

    fn allow(&self, kind: Kind, on: bool) -> bool {
        Self::allow(self, kind, Action::Edit, on);
        true
    }

    fn told(&self) -> Vec<String> {
        self.notices().into_iter().map(|(notice, _)| notice.topic).collect()
    }
}

/// Whatever is neither home nor annex was made by the engine.
fn place_of(kind: Kind, collection: &CollectionId) -> Where {
    match collection.as_str() {
        ANNEX => Where::Annex,
        home if home == kind.plural() => Where::Home,
        _ => Where::Container,
    }
}

fn container<R: Kept>(hands: &ByHand<R>) -> Option<CollectionId> {
    hands.collections().into_iter().find(|id| place_of(R::KIND, id) == Where::Container)
}

fn put_into<R: Kept>(hands: &ByHand<R>, id: &ItemId, to: Where) -> bool {
    let there = match to {
        Where::Home => Some(CollectionId::from(R::KIND.plural())),
        Where::Annex => hands.collections().into_iter().find(|id| id.as_str() == ANNEX),
        Where::Container => container(hands),
    };
    let now = hands.item(id).map(|stored| stored.collection);
    there.is_some_and(|there| now != Some(there.clone()) && hands.move_to(id, &there))
}

fn remove<R: Kept>(hands: &ByHand<R>) -> bool {
    let Some(id) = container(hands) else { return false };
    hands.empty(&id);
    hands.vanish(&id, true)
}

fn rename_category<R: Kept>(hands: &ByHand<R>) -> bool {
    let all = hands.categories();
    all.iter().min_by(|a, b| a.name.cmp(&b.name)).is_some_and(|one| hands.rename_category(&one.id, &format!("{} (ours)", one.name)))
}

impl Stagehand for Worst {
    fn add_annex(&self, kind: Kind) {
        by_kind!(self, kind, (), |hands| {
            let id = hands.make_collection(ANNEX);
            hands.share(&id, Sharing::Shared);
        });
    }

    fn place(&self, kind: Kind, id: &ItemId) -> Option<Where> {
        by_kind!(self, kind, None, |hands| hands.item(id).map(|stored| place_of(kind, &stored.collection)))
    }

    fn put_into(&self, kind: Kind, id: &ItemId, to: Where) -> bool {
        by_kind!(self, kind, false, |hands| put_into(hands, id, to))
    }

    fn rename_container(&self, kind: Kind) -> bool {
        let name = format!("{CONTAINER} of ours");
        by_kind!(self, kind, false, |hands| container(hands).is_some_and(|id| hands.rename_collection(&id, &name)))
    }

    fn remove_container(&self, kind: Kind) -> bool {
        by_kind!(self, kind, false, |hands| remove(hands))
    }

    fn rename_category(&self, kind: Kind) -> bool {
        by_kind!(self, kind, false, |hands| rename_category(hands))
    }

    fn can_keep_silent(&self) -> bool {
        !self.options().cannot_keep_silent
    }
}
