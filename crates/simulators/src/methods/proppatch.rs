//! PROPPATCH (RFC 4918 section 9.2): all or nothing.

use super::{Call, properties};
use crate::answer::{Answer, Member};
use crate::world::Target;
use crate::xml::{DAV, Element, Name};

pub(super) fn answer(call: &mut Call<'_>) -> Answer {
    let style = call.world.personality.xml.clone();
    if let Some(status) = call.world.personality.collections.no_proppatch {
        return Answer::of(status);
    }
    let Target::Collection(at) = call.target() else {
        return if matches!(call.target(), Target::Item(..)) { Answer::of(403) } else { call.not_found() };
    };
    let root = match call.body() {
        Err(bad) => return bad,
        Ok(Some(root)) if root.name.is(DAV, "propertyupdate") => root,
        Ok(_) => return Answer::text(400, "A propertyupdate is expected"),
    };
    if call.world.tree.collections.get(&at).is_some_and(|place| place.read_only) {
        return Answer::refused(&call.world.personality.write.read_only, super::put::need_privileges(call, &at), "read-only", &style);
    }
    let changes = changes(&root);
    let mut member = Member::new(call.href(&at));
    let rules = call.world.personality.collections.clone();
    let guarded = |name: &Name| properties::protected(name) && !rules.protected_ignored;
    let refused = changes.iter().any(|(name, _)| guarded(name)) && !rules.partial_proppatch;
    for (name, _) in &changes {
        let status = if guarded(name) { 403 } else { 424 };
        if refused || guarded(name) {
            member.others.push((status, name.clone()));
        } else {
            member.found.push(Element::empty(name));
        }
    }
    member.others.sort_by_key(|(status, _)| *status);
    if refused {
        member.error = Some(Element::new(DAV, "cannot-modify-protected-property"));
    } else if let Some(place) = call.world.tree.collections.get_mut(&at) {
        for (name, value) in changes.into_iter().filter(|(name, _)| !properties::protected(name)) {
            match value {
                Some(value) => place.properties.insert(name, value),
                None => place.properties.remove(&name),
            };
        }
    }
    Answer::multistatus(&[member], None, &style, false)
}

/// What is set and what is removed, in the order of the document.
fn changes(root: &Element) -> Vec<(Name, Option<Element>)> {
    let mut changes = Vec::new();
    for instruction in root.children() {
        let sets = instruction.name.is(DAV, "set");
        if !sets && !instruction.name.is(DAV, "remove") {
            continue;
        }
        for property in instruction.named(DAV, "prop").flat_map(Element::children) {
            changes.push((property.name.clone(), sets.then(|| property.clone())));
        }
    }
    changes
}
