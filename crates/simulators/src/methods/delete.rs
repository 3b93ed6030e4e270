//! DELETE (RFC 4918 section 9.6).

use super::Call;
use crate::answer::{Answer, Member};
use crate::content;
use crate::schedule;
use crate::world::{Kind, Target, World};

pub(super) fn answer(call: &mut Call<'_>) -> Answer {
    let rules = call.world.personality.write.clone();
    let style = call.world.personality.xml.clone();
    let (collection, name) = match call.target() {
        Target::Item(collection, name) => (collection, name),
        Target::Collection(at) => return whole(call, &at),
        Target::Nothing(..) => return call.not_found(),
    };
    let Some(place) = call.world.tree.collections.get(&collection) else { return call.not_found() };
    let (kind, item) = (place.kind, place.items.get(&name).cloned());
    if place.read_only {
        return Answer::refused(&rules.read_only, super::put::need_privileges(call, &collection), "This collection is read-only", &style);
    }
    if let Some(unmet) = call.unmet(item.as_ref()) {
        return unmet;
    }
    let object = item.and_then(|item| content::parse(&item.body).ok()).and_then(|roots| roots.into_iter().next());
    call.world.remove(&collection, &name);
    if let Some(object) = object.filter(|_| kind == Kind::Calendar) {
        let reply = call.header("schedule-reply").is_none_or(|value| !value.trim().eq_ignore_ascii_case("F"));
        let follows = schedule::outcome(&call.world.personality.scheduling, &call.user, Some(&object), None, reply);
        call.world.deliver(follows.mails, &object);
    }
    deleted(call, rules.deleted)
}

/// The answer of this server to a DELETE that was done.
fn deleted(call: &Call<'_>, status: u16) -> Answer {
    if !call.world.personality.write.delete_multistatus {
        return Answer::of(status);
    }
    let mut answer = Answer::multistatus(&[Member::status(call.href(&call.path), 200)], None, &call.world.personality.xml, false);
    answer.status = status;
    answer
}

fn whole(call: &mut Call<'_>, at: &str) -> Answer {
    let rules = call.world.personality.collections.clone();
    let Some(place) = call.world.tree.collections.get(at) else { return call.not_found() };
    let layout = &call.world.personality.layout;
    let fixed = place.owner.is_none()
        || matches!(place.kind, Kind::Principal | Kind::Inbox | Kind::Outbox)
        || layout.calendar_homes.iter().chain(&layout.book_homes).any(|home| World::path_of(home, &call.user) == at);
    if fixed || place.read_only {
        return Answer::precondition(403, super::put::need_privileges(call, at), &call.world.personality.xml);
    }
    if let Some(status) = rules.no_delete {
        return Answer::of(status);
    }
    call.world.remember();
    call.world.tree.cut(at);
    if rules.bin_keeps_slugs {
        call.world.tree.slugs.insert(at.to_owned());
    }
    deleted(call, rules.deleted)
}
