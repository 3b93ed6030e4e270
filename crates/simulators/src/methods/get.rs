//! GET and HEAD of items (RFC 4918 section 9.4).

use super::{Call, properties};
use crate::answer::Answer;
use crate::world::{Kind, Target};

pub(super) fn answer(call: &mut Call<'_>, head: bool) -> Answer {
    let (collection, name) = match call.target() {
        Target::Item(collection, name) => (collection, name),
        Target::Collection(_) => return Answer::html(200, "Collection"),
        Target::Nothing(..) => return call.not_found(),
    };
    let item = call.world.tree.collections.get(&collection).and_then(|place| place.items.get(&name)).cloned();
    let Some(item) = item else { return call.not_found() };
    if call.is_poison(&call.path) {
        return Answer::html(500, "Internal Server Error");
    }
    let etag = call.world.spelt(&item.etag);
    let mut answer = Answer::of(200).header("etag", etag).header("last-modified", properties::http_date(item.modified));
    if let Some(tag) = properties::schedule_tag(&item).filter(|_| call.world.personality.scheduling.tags) {
        answer = answer.header("schedule-tag", tag);
    }
    if call.header("if-none-match").is_some_and(|list| list.trim() == "*" || call.lists(list, &item.etag)) {
        answer.status = 304;
        return answer;
    }
    let body = if call.kind(&collection) == Some(Kind::AddressBook) {
        let four = call.header("accept").is_some_and(|accept| accept.split(',').next().is_some_and(|first| first.contains("version=4.0")));
        match call.card_in(&item, four.then_some("4.0")) {
            Ok(body) => body,
            Err(_) => return Answer::of(406),
        }
    } else {
        item.body.clone()
    };
    answer = answer.header("content-length", body.len().to_string()).typed(&call.content_type(&collection, &item));
    if head { answer } else { answer.body(body) }
}
