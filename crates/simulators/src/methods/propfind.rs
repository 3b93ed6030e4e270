//! PROPFIND (RFC 4918 section 9.1), at depth 0 and 1.

use super::Call;
use super::properties::{OF_COLLECTIONS, OF_ITEMS};
use crate::answer::{Answer, Member};
use crate::path;
use crate::personality::ListingCut;
use crate::world::{Collection, Target};
use crate::xml::{DAV, Element, Name};

/// Which properties are wanted.
pub(super) enum Wanted {
    Named(Vec<Name>),
    All,
    Names,
}

pub(super) fn answer(call: &mut Call<'_>) -> Answer {
    let deep = match call.header("depth") {
        Some("0") => false,
        Some("1") => true,
        Some("infinity") if call.world.personality.collections.infinite_depth => true,
        None if call.world.personality.collections.zero_by_default => false,
        // Without the header it is infinity (RFC 4918 section 9.1), which a server may refuse.
        _ => return Answer::precondition(403, Element::new(DAV, "propfind-finite-depth"), &call.world.personality.xml),
    };
    let wanted = match call.body() {
        Err(bad) => return bad,
        Ok(None) => Wanted::All,
        Ok(Some(root)) => match wanted(&root) {
            Some(wanted) => wanted,
            None => return Answer::text(400, "A propfind with prop, allprop or propname is expected"),
        },
    };
    let mut members = Vec::new();
    match call.target() {
        Target::Nothing(..) if call.world.personality.collections.missing_in_multistatus => {
            members.push(Member::status(call.href(&call.path), 404))
        }
        Target::Nothing(..) => return call.not_found(),
        Target::Item(collection, name) => members.extend(call.item_member(&collection, &name, &wanted)),
        Target::Collection(at) => {
            let place = call.world.tree.collections.get(&at);
            let empty = place.is_some_and(|place| place.holds_items() && place.items.is_empty());
            if deep && empty && call.world.personality.collections.empty_is_missing {
                return call.not_found();
            }
            let holds = place.is_some_and(Collection::holds_items);
            members.push(call.collection_member(&at, &wanted));
            if deep {
                members.extend(call.inner_members(&at, &wanted));
                if let Some(cut) = call.world.personality.collections.listing_cut.filter(|_| holds) {
                    return call.cut(members, cut, &at);
                }
            }
        }
    }
    Answer::multistatus(&members, None, &call.world.personality.xml, call.minimal).header("dav", call.world.personality.dav.clone())
}

fn wanted(root: &Element) -> Option<Wanted> {
    if !root.name.is(DAV, "propfind") {
        return None;
    }
    if let Some(prop) = root.child(DAV, "prop") {
        return Some(Wanted::Named(prop.children().map(|property| property.name.clone()).collect()));
    }
    if root.child(DAV, "allprop").is_some() {
        return Some(Wanted::All);
    }
    root.child(DAV, "propname").map(|_| Wanted::Names)
}

impl Call<'_> {
    /// A listing as far as it is shown. The collection itself comes first.
    fn cut(&self, mut members: Vec<Member>, cut: ListingCut, at: &str) -> Answer {
        let (ListingCut::Inside(most) | ListingCut::Status(most)) = cut;
        let more = members.len() > most + 1;
        members.truncate(most + 1);
        if more && matches!(cut, ListingCut::Inside(_)) {
            members.push(Member::status(self.href(at), 507));
        }
        let mut answer = Answer::multistatus(&members, None, &self.world.personality.xml, self.minimal);
        if more && matches!(cut, ListingCut::Status(_)) {
            answer.status = 507;
        }
        answer
    }

    fn inner_members(&mut self, at: &str, wanted: &Wanted) -> Vec<Member> {
        let mut members = Vec::new();
        for inner in self.world.tree.within(at) {
            let visible = self
                .world
                .tree
                .collections
                .get(&inner)
                .is_some_and(|inner| !inner.hidden && inner.owner.as_ref().is_none_or(|owner| *owner == self.user));
            if visible {
                members.push(self.collection_member(&inner, wanted));
            }
        }
        let names: Vec<String> = self.world.tree.collections.get(at).map(|place| place.items.keys().cloned().collect()).unwrap_or_default();
        let twice = self.world.personality.xml.repeats_members;
        for name in names {
            let member = self.item_member(at, &name, wanted);
            members.extend(member.clone().filter(|_| twice));
            members.extend(member);
        }
        members
    }

    /// A collection with its properties.
    pub(super) fn collection_member(&mut self, at: &str, wanted: &Wanted) -> Member {
        let mut member = Member::new(self.href(at));
        let dead =
            self.world.tree.collections.get(at).map(|place| place.properties.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
        for name in names(wanted, OF_COLLECTIONS, &dead) {
            sort_in(&mut member, self.of_collection(at, &name), name, wanted);
        }
        member
    }

    /// An item with its properties; None if it is not there.
    pub(super) fn item_member(&mut self, collection: &str, name: &str, wanted: &Wanted) -> Option<Member> {
        let item = self.world.tree.collections.get(collection)?.items.get(name)?.clone();
        let mut member = Member::new(self.href(&format!("{}{name}", path::folder(collection))));
        for name in names(wanted, OF_ITEMS, &[]) {
            sort_in(&mut member, self.of_item(collection, &item, &name), name, wanted);
        }
        Some(member)
    }
}

fn names(wanted: &Wanted, usual: &[(&str, &str)], dead: &[Name]) -> Vec<Name> {
    match wanted {
        Wanted::Named(names) => names.clone(),
        Wanted::All | Wanted::Names => {
            let mut names: Vec<Name> = usual.iter().map(|(space, local)| Name::new(space, local)).collect();
            names.extend(dead.iter().filter(|name| !usual.iter().any(|(space, local)| name.is(space, local))).cloned());
            names
        }
    }
}

fn sort_in(member: &mut Member, value: Option<Element>, name: Name, wanted: &Wanted) {
    match (value, wanted) {
        (Some(_), Wanted::Names) => member.found.push(Element::empty(&name)),
        (Some(value), _) => member.found.push(value),
        (None, Wanted::Named(_)) => member.missing.push(name),
        (None, _) => {}
    }
}
