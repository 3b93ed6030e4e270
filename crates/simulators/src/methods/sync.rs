//! `sync-collection` (RFC 6578).

use super::Call;
use super::report::Columns;
use crate::answer::{Answer, Member};
use crate::personality::{BadToken, Limit};
use crate::world::Since;
use crate::xml::{DAV, Element};

pub(super) fn answer(call: &mut Call<'_>, at: &str, root: &Element) -> Answer {
    let rules = call.world.personality.sync.clone();
    let style = call.world.personality.xml.clone();
    let level = root.child(DAV, "sync-level").map(|level| level.content().trim().to_owned());
    match level.as_deref() {
        Some("infinite" | "infinity") => match rules.infinite {
            Some(status @ 403) => return Answer::precondition(status, Element::new(DAV, "sync-traversal-supported"), &style),
            Some(status) => return Answer::of(status),
            None => {}
        },
        // Before RFC 6578 was finished, the level was the Depth header.
        Some("1") | None => {}
        Some(_) => return Answer::text(400, "sync-level is 1 or infinite"),
    }
    let token = root.child(DAV, "sync-token").map(|token| token.content().trim().to_owned()).unwrap_or_default();
    if let (Some(bad), true) = (&rules.empty_token, token.is_empty()) {
        return refused(call, bad);
    }
    let since = match call.world.since(at, &token) {
        Some(since) => since,
        None if rules.bad_token == BadToken::FullListing => Since::Start,
        None => return refused(call, &rules.bad_token),
    };
    let Some(place) = call.world.tree.collections.get(at) else { return call.not_found() };
    let (latest, size) = (place.seq, place.items.len());
    if rules.too_many.is_some_and(|most| size > most) {
        return Answer::precondition(507, Element::new(DAV, "number-of-matches-within-limits"), &style);
    }
    let mut told = place.delta(since, rules.tells_short_lived).members;
    if rules.depth_one_only && call.header("depth") != Some("1") {
        told.clear();
    }
    let asked: Option<usize> =
        root.child(DAV, "limit").and_then(|limit| limit.child(DAV, "nresults")).and_then(|limit| limit.content().trim().parse().ok());
    if asked.is_some() && rules.limit == Limit::RefusesFirst && since == Since::Start {
        return Answer::precondition(507, Element::new(DAV, "number-of-matches-within-limits"), &style);
    }
    let page = match rules.limit {
        Limit::Pages | Limit::Loses => asked.or(rules.page),
        Limit::Ignored | Limit::RefusesFirst => rules.page,
    };
    let cut = page.filter(|page| told.len() > *page);
    if let Some(page) = cut {
        told.truncate(page);
    }
    let truncated = cut.is_some() && rules.limit != Limit::Loses;
    let reached = if truncated { told.last().map_or(latest, |(seq, ..)| *seq) } else { latest };
    let columns = Columns::of(root);
    let mut members = Vec::new();
    if style.lists_itself {
        members.push(call.collection_member(at, &super::propfind::Wanted::Named(columns.names())));
    }
    for (_, name, there) in told {
        let href = call.href(&format!("{at}{name}"));
        if !there {
            members.push(Member::status(href, 404));
            continue;
        }
        match call.report_member(at, &name, &columns) {
            Ok(member) => {
                members.extend(member.clone().filter(|_| style.repeats_members));
                members.extend(member);
            }
            Err(_) => return Answer::of(403),
        }
    }
    if truncated {
        let mut more = Member::status(call.href(at), 507);
        more.error = Some(Element::new(DAV, "number-of-matches-within-limits"));
        members.push(more);
    }
    let token = if truncated { call.world.page_token(at, reached) } else { call.world.token_at(at, reached, 0) };
    let token = token.filter(|_| rules.in_report);
    Answer::multistatus(&members, token.as_deref(), &style, call.minimal)
}

fn refused(call: &Call<'_>, bad: &BadToken) -> Answer {
    let style = &call.world.personality.xml;
    match bad {
        BadToken::Precondition(status) => Answer::precondition(*status, Element::new(DAV, "valid-sync-token"), style),
        BadToken::Bare(status) => Answer::of(*status),
        BadToken::Text(status, words) => Answer::text(*status, words),
        // Google's empty token may not list all either; everything else that is refused so was listed before.
        BadToken::FullListing => Answer::of(403),
    }
}
