//! MOVE of items (RFC 4918 section 9.9).

use super::Call;
use crate::answer::Answer;
use crate::content;
use crate::path;
use crate::world::Target;

pub(super) fn answer(call: &mut Call<'_>) -> Answer {
    if let Some(status) = call.world.personality.write.no_move {
        return Answer::of(status);
    }
    let (from, name) = match call.target() {
        Target::Item(collection, name) => (collection, name),
        Target::Collection(_) => return Answer::of(403),
        Target::Nothing(..) => return call.not_found(),
    };
    let destination = match call.header("destination") {
        Some(url) if !url.contains("://") || url.starts_with(&call.origin) || url.starts_with(&call.origin.replace("http:", "https:")) => {
            path::of_href(url)
        }
        Some(_) => return Answer::text(502, "The destination is on another server"),
        None => return Answer::text(400, "A Destination is expected"),
    };
    let Some(destination) = destination else { return Answer::of(400) };
    let (to, new_name, taken) = match call.world.target(&destination) {
        Target::Nothing(collection, name) => (collection, name, false),
        Target::Item(collection, name) => (collection, name, true),
        Target::Collection(_) => return Answer::of(403),
    };
    if call.world.personality.write.move_conflicts && to == from {
        let element =
            crate::answer::data_element(call.kind(&to) == Some(crate::world::Kind::AddressBook), "no-uid-conflict", "no-uid-conflict");
        return Answer::precondition(412, element, &call.world.personality.xml);
    }
    if to == from && new_name == name {
        return Answer::text(403, "Source and destination are the same");
    }
    let collections = &call.world.tree.collections;
    let (Some(source), Some(place)) = (collections.get(&from), collections.get(&to)) else { return Answer::of(409) };
    if place.hidden || place.owner.as_ref() != Some(&call.user) || place.kind != source.kind || place.read_only || source.read_only {
        let style = &call.world.personality.xml;
        return Answer::precondition(403, super::put::need_privileges(call, &to), style);
    }
    if taken && call.header("overwrite").is_some_and(|value| value.trim().eq_ignore_ascii_case("F")) {
        return Answer::of(412);
    }
    let Some(item) = source.items.get(&name).cloned() else { return call.not_found() };
    if let Some(unmet) = call.unmet(Some(&item)) {
        return unmet;
    }
    let object = content::parse(&item.body).ok().and_then(|roots| roots.into_iter().next());
    let card = place.kind == crate::world::Kind::AddressBook;
    if let Some(component) = object.as_ref().and_then(|root| root.children.iter().find(|child| child.name != "VTIMEZONE"))
        && !card
        && !place.components.contains(&component.name)
    {
        let refuse = call.world.personality.write.component.clone();
        let element = crate::answer::data_element(false, "supported-calendar-component", "");
        return Answer::refused(&refuse, element, "This calendar does not take such components", &call.world.personality.xml);
    }
    // The item leaves first, or it would be in conflict with itself where UIDs are unique for a user.
    let replaced = place.items.get(&new_name).cloned();
    let kept = call.world.tree.clone();
    call.world.remove(&from, &name);
    if let Some(place) = call.world.tree.collections.get_mut(&from)
        && let Some(uid) = &item.uid
    {
        place.bin.remove(uid);
    }
    let same_uid = replaced.as_ref().is_some_and(|replaced| replaced.uid == item.uid);
    let old = replaced.filter(|_| same_uid);
    if let Some(conflict) = object.as_ref().and_then(|object| call.uid_conflict(&to, &new_name, old.as_ref(), object, card)) {
        call.world.tree = kept;
        return conflict;
    }
    call.world.store(&to, &new_name, item.body, item.uid, true);
    Answer::of(if taken { 204 } else { 201 })
}
