//! `calendar-multiget` (RFC 4791 section 7.9) and `addressbook-multiget` (RFC 6352 section 8.7).

use super::Call;
use super::report::Columns;
use crate::answer::{Answer, Member, data_element};
use crate::path;
use crate::world::Target;
use crate::xml::{CARD, DAV, Element};

pub(super) fn answer(call: &mut Call<'_>, root: &Element) -> Answer {
    let rules = call.world.personality.query.clone();
    let style = call.world.personality.xml.clone();
    let columns = Columns::of(root);
    let hrefs: Vec<String> = root.named(DAV, "href").map(Element::content).collect();
    if hrefs.is_empty()
        && let Some(status) = rules.empty_multiget
    {
        return Answer::of(status);
    }
    if hrefs.iter().filter_map(|href| path::of_href(href)).any(|path| call.is_poison(&path)) {
        return Answer::html(500, "Internal Server Error");
    }
    let mut members = Vec::new();
    for href in hrefs.into_iter().take(rules.multiget_cap.unwrap_or(usize::MAX)) {
        let place = path::of_href(&href).map(|path| call.world.target(&path));
        let owned = |collection: &str| {
            call.world.tree.collections.get(collection).is_some_and(|place| !place.hidden && place.owner.as_ref() == Some(&call.user))
        };
        let found = match place {
            Some(Target::Item(collection, name)) if owned(&collection) => call.report_member(&collection, &name, &columns),
            _ => Ok(None),
        };
        match found {
            Ok(Some(member)) => members.push(member),
            Ok(None) => members.push(Member::status(href, 404)),
            Err(precondition) => {
                let card = root.name.space == CARD;
                return Answer::precondition(403, data_element(card, precondition, precondition), &style);
            }
        }
    }
    Answer::multistatus(&members, None, &style, call.minimal)
}
