//! `calendar-query` (RFC 4791 section 7.8) and `addressbook-query` (RFC 6352 section 8.6).

use super::Call;
use super::report::Columns;
use crate::answer::{Answer, Member};
use crate::content::{CardFilter, Component, ComponentFilter, card_matches, component_matches, parse};
use crate::personality::QueryRules;
use crate::xml::{CAL, CARD, DAV, Element};

pub(super) fn calendar(call: &mut Call<'_>, at: &str, root: &Element) -> Answer {
    let rules = call.world.personality.query.clone();
    let style = call.world.personality.xml.clone();
    let refuse = |status: u16, name: &str| Answer::precondition(status, Element::new(CAL, name), &style);
    let Some(filter) = root.child(CAL, "filter").and_then(|filter| filter.child(CAL, "comp-filter")) else {
        if rules.filter_optional && root.child(CAL, "filter").is_none() {
            return match call.matching(at, root, |_| true) {
                Ok(members) => Answer::multistatus(&members, None, &style, call.minimal),
                Err(name) => refuse(403, name),
            };
        }
        return refuse(403, "valid-filter");
    };
    let filter = match ComponentFilter::of(filter, &rules) {
        Ok(filter) => filter,
        Err("supported-filter") => return refuse(rules.both_bounds.unwrap_or(403), "supported-filter"),
        Err(name) => return refuse(403, name),
    };
    if let (Some(status), false) = (rules.component_required, filter.has_component()) {
        return refuse(status, "supported-filter");
    }
    // Depth 0 is the collection alone, which is no calendar object (RFC 4791 section 7.8).
    let members = if !rules.depth_ignored && call.header("depth").is_none_or(|depth| depth == "0") {
        Ok(Vec::new())
    } else {
        call.matching(at, root, |object| component_matches(object, &filter, &rules))
    };
    match members {
        Ok(members) => Answer::multistatus(&members, None, &style, call.minimal),
        Err(name) => refuse(403, name),
    }
}

pub(super) fn addressbook(call: &mut Call<'_>, at: &str, root: &Element) -> Answer {
    let rules = call.world.personality.query.clone();
    let style = call.world.personality.xml.clone();
    let refuse = |name: &str| Answer::precondition(403, Element::new(CARD, name), &style);
    let filter = match root.child(CARD, "filter").map(CardFilter::of) {
        Some(Ok(filter)) => filter,
        Some(Err(name)) => return refuse(name),
        None => return Answer::text(400, "A filter is expected"),
    };
    let matches = |card: &Component, rules: &QueryRules| rules.text_match && card_matches(card, &filter);
    let members = if !rules.depth_ignored && call.header("depth").is_none_or(|depth| depth == "0") {
        Ok(Vec::new())
    } else {
        call.matching(at, root, |card| matches(card, &rules))
    };
    let mut members = match members {
        Ok(members) => members,
        Err(name) => return refuse(name),
    };
    let limit = root.child(CARD, "limit").and_then(|limit| limit.child(CARD, "nresults")).and_then(|n| n.content().trim().parse().ok());
    if let Some(limit) = limit
        && members.len() > limit
    {
        // RFC 6352 section 8.6.1: 507 for the collection tells that there is more.
        members.truncate(limit);
        let mut more = Member::status(call.href(at), 507);
        more.error = Some(Element::new(DAV, "number-of-matches-within-limits"));
        members.push(more);
    }
    Answer::multistatus(&members, None, &style, call.minimal)
}

impl Call<'_> {
    fn matching(
        &mut self,
        at: &str,
        root: &Element,
        matches: impl Fn(&Component) -> bool,
    ) -> Result<Vec<Member>, crate::content::BadFilter> {
        let columns = Columns::of(root);
        let names: Vec<String> = self.world.tree.collections.get(at).map_or_else(Vec::new, |place| {
            let matching = place.items.iter().filter(|(_, item)| parse(&item.body).is_ok_and(|roots| roots.iter().any(&matches)));
            matching.map(|(name, _)| name.clone()).collect()
        });
        let style = self.world.personality.xml.clone();
        let mut members = Vec::new();
        if style.lists_itself {
            members.push(self.collection_member(at, &super::propfind::Wanted::Named(columns.names())));
        }
        for name in names {
            let member = self.report_member(at, &name, &columns)?;
            members.extend(member.clone().filter(|_| style.repeats_members));
            members.extend(member);
        }
        Ok(members)
    }
}
