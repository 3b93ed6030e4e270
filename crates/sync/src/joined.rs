//! The organiser's own item joins a record that only an attendee's copy spoke for so far.
//!
//! What the record has of the copy is not the meeting's: where the organiser's item says otherwise, that counts, and an
//! attendee's own times and places never reach the organiser. What the hub's users changed since is an edit as ever.

use crate::{
    guests,
    map::FieldMap,
    merge::Merged,
    plan::Linked,
    run::Run,
    scope::writable,
    step::Agreed,
    terms::{PERSONAL, Terms},
};
use pimkit_core::{BaseRow, FieldChange, Fields, Kind, LinkRole, Record, Result, SeenRow, Side, Value};

impl<R: Record> Run<R> {
    /// What a record agreed on with the copy that spoke for it, as if the organiser's item had agreed on it too; absent
    /// where this is no first meeting of the two.
    pub(crate) async fn base_of_copy(&self, linked: &Linked, terms: &Terms, map: &FieldMap) -> Result<Option<BaseRow>> {
        let (None, Some(item), true) = (&linked.base, &linked.link.hub_item, terms.is_organisers_own()) else { return Ok(None) };
        let copies = self.links_elsewhere(item).await?.into_iter().filter(|link| link.role == LinkRole::Copy);
        let ids: Vec<String> = copies.map(|link| link.id).collect();
        let Some(mut spoken) = self.state().bases(&ids).await?.into_iter().flatten().next() else { return Ok(None) };
        // What is everybody's own meets as ever.
        spoken.hub.retain(|field, _| !PERSONAL.contains(&field.as_str()));
        let pairs = map.pairs(&[&spoken.hub]);
        let far: Fields = pairs.iter().filter_map(|pair| Some((pair.right.clone(), spoken.hub.get(&pair.left)?.clone()))).collect();
        Ok(Some(BaseRow { link: linked.link.id.clone(), hub: spoken.hub, far, ..BaseRow::default() }))
    }
}

impl<R: Record> Run<R> {
    /// Whether a new hub record is a meeting that came from one mailbox, with the owner of this one among its people, and is
    /// in this one too: its provider has put it there, and a listing came short. Made here, it would stand there twice.
    pub(crate) async fn may_be_invited(&mut self, hub: &SeenRow, fields: &Fields) -> Result<bool> {
        let own = self.far.account.addresses.clone();
        let people = guests::addresses(fields);
        let takes_part = R::KIND == Kind::Event && people.iter().any(|address| guests::is_among(address, &own));
        if !takes_part || self.links_elsewhere(&hub.item).await?.iter().all(|link| link.origin == Side::Left) {
            return Ok(false);
        }
        let Some(home) = self.far.collections.iter().find(|c| writable(c)).map(|c| c.id.clone()) else { return Ok(false) };
        if !self.listed_again.contains(&(Side::Right, home.clone())) {
            self.list_again(Side::Right, &home).await?;
        }
        if self.far.failed.contains_key(&home) {
            return Ok(true);
        }
        let named: Vec<String> = hub.keys.iter().filter(|key| key.starts_with("uid:")).cloned().collect();
        Ok(!self.unlinked(Side::Right, &named, 1, None).await?.is_empty())
    }
}

/// What the hub had of the copy and gives up is kept.
pub(crate) fn keep_what_a_copy_said(hub: &Fields, merged: &mut Merged) {
    for field in merged.hub.keys() {
        let known = merged.lost.iter().any(|lost| lost.side == Side::Left && lost.field == *field);
        if let Some(value) = hub.get(field).filter(|value| !value.is_null() && !known) {
            merged.lost.push(FieldChange { side: Side::Left, field: field.clone(), from: None, to: Some(Value::clone(value)) });
        }
    }
}

/// What the organiser's item says as the copy did is agreed with it from now on: another base it has none.
pub(crate) fn agree_with_copy(map: &FieldMap, spoken: Option<&BaseRow>, hub: &Fields, far: &Fields, merged: &mut Merged) {
    let Some(spoken) = spoken else { return };
    for pair in map.pairs(&[&spoken.hub]) {
        let (on_hub, there) = (hub.get(&pair.left), far.get(&pair.right));
        let same = pair.def.same(spoken.hub.get(&pair.left), on_hub) && pair.far_def.same(spoken.far.get(&pair.right), there);
        if same && !merged.agreed.iter().any(|agreed| agreed.left == pair.left) {
            merged.agreed.push(Agreed { left: pair.left.clone(), hub: on_hub.cloned(), right: pair.right.clone(), far: there.cloned() });
        }
    }
}
