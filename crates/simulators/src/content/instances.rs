//! Instances of a calendar object: its rule, its dates, its exceptions and its overrides.

use super::lines::{Component, Line};
use super::recur::Rule;
use super::time::{Moment, Span, length};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// One instance.
#[derive(Debug, Clone)]
pub(crate) struct Instance<'a> {
    /// The component that says how it is: the master, or its override.
    pub(crate) component: &'a Component,
    /// When the rule has it.
    pub(crate) slot: Option<Moment>,
    pub(crate) start: Moment,
    pub(crate) span: Span,
}

/// All instances of `name` components that begin before `before`, bounded.
pub(crate) fn instances<'a>(root: &'a Component, name: &str, before: Timestamp) -> Vec<Instance<'a>> {
    let components = || root.children.iter().filter(|child| child.name == name);
    let overrides: Vec<(&Component, Moment)> =
        components().filter_map(|child| child.line("RECURRENCE-ID").and_then(Moment::of).map(|slot| (child, slot))).collect();
    let mut found = Vec::new();
    for master in components().filter(|child| child.line("RECURRENCE-ID").is_none()) {
        let Some(start) = master.line("DTSTART").and_then(Moment::of) else { continue };
        let long = length(master, &start);
        let mut slots = rules(master).iter().fold(vec![start.clone()], |mut slots, rule| {
            slots.extend(rule.instances(&start, before).into_iter().skip(1));
            slots
        });
        slots.extend(master.all("RDATE").flat_map(Moment::list));
        slots.sort_by_key(Moment::instant);
        slots.dedup_by_key(|slot| slot.instant());
        let excluded: Vec<Timestamp> = master.all("EXDATE").flat_map(Moment::list).map(|slot| slot.instant()).collect();
        for slot in slots {
            let at = slot.instant();
            if !excluded.contains(&at) && !overrides.iter().any(|(_, other)| other.instant() == at) {
                found.push(Instance { component: master, span: span(&slot, long), start: slot.clone(), slot: Some(slot) });
            }
        }
    }
    for (component, slot) in overrides {
        let Some(start) = component.line("DTSTART").and_then(Moment::of) else { continue };
        let long = length(component, &start);
        found.push(Instance { component, span: span(&start, long), start, slot: Some(slot) });
    }
    found.sort_by_key(|instance| instance.span.start);
    found
}

/// The rules of a component.
pub(crate) fn rules(component: &Component) -> Vec<Rule> {
    component.all("RRULE").filter_map(|line| Rule::parse(&line.value)).collect()
}

fn span(start: &Moment, long: SignedDuration) -> Span {
    let start = start.instant();
    Span { start, end: start.checked_add(long).unwrap_or(Timestamp::MAX) }
}

/// The object as `C:expand` shows it: every instance within `range` for itself, in UTC, without rules (RFC 4791 section 9.6.5).
pub(crate) fn expanded(root: &Component, range: Span) -> Component {
    let mut out = Component { name: root.name.clone(), lines: root.lines.clone(), children: Vec::new() };
    for name in ["VEVENT", "VTODO", "VJOURNAL"] {
        for instance in instances(root, name, range.end).into_iter().filter(|instance| range.overlaps(instance.span)) {
            let recurs =
                root.children.iter().any(|child| child.name == name && (child.line("RRULE").is_some() || child.line("RDATE").is_some()));
            out.children.push(alone(&instance, recurs || instance.component.line("RECURRENCE-ID").is_some()));
        }
    }
    out
}

fn alone(instance: &Instance<'_>, recurs: bool) -> Component {
    let mut out = instance.component.clone();
    let dropped = ["RRULE", "RDATE", "EXDATE", "EXRULE", "DTSTART", "DTEND", "DUE", "RECURRENCE-ID"];
    let end = ["DTEND", "DUE"].into_iter().find(|name| out.line(name).is_some());
    out.lines.retain(|line| !dropped.contains(&line.name.as_str()));
    out.lines.push(stamped("DTSTART", &instance.start, instance.span.start));
    if let Some(name) = end {
        out.lines.push(stamped(name, &instance.start, instance.span.end));
    }
    if let Some(slot) = instance.slot.as_ref().filter(|_| recurs) {
        out.lines.push(stamped("RECURRENCE-ID", slot, slot.instant()));
    }
    out
}

fn stamped(name: &str, like: &Moment, at: Timestamp) -> Line {
    let at = at.to_zoned(TimeZone::UTC);
    let raw = if like.date_only {
        format!("{name};VALUE=DATE:{}", at.strftime("%Y%m%d"))
    } else {
        format!("{name}:{}", at.strftime("%Y%m%dT%H%M%SZ"))
    };
    Line::of(&raw).unwrap_or_else(|| Line::plain(name, ""))
}
