//! What servers make of what they are sent, one function for each of [`Rewrite`].

use super::lines::{Component, Line};
use super::object::uid;
use crate::personality::Rewrite;
use jiff::Timestamp;

/// `root` after `rewrites`; `minted` is the UID for those who make one.
pub(crate) fn rewritten(mut root: Component, rewrites: &[Rewrite], creates: bool, minted: &str, now: Timestamp) -> Component {
    let card = root.name == "VCARD";
    for rewrite in rewrites {
        match rewrite {
            Rewrite::SortCard if card => sort_card(&mut root),
            Rewrite::SortCalendar if !card => sort(&mut root, ICALENDAR),
            Rewrite::SortCalendarVobject if !card => sort(&mut root, VOBJECT),
            Rewrite::UppercaseGroups if card => root.lines.iter_mut().for_each(uppercase_group),
            Rewrite::AddRev if card && root.line("REV").is_none() => {
                root.lines.push(Line::plain("REV", &now.strftime("%Y%m%dT%H%M%SZ").to_string()));
            }
            Rewrite::ShortN if card => short_name(&mut root),
            Rewrite::ClassPublic if card && root.line("CLASS").is_none() => root.lines.push(Line::plain("CLASS", "PUBLIC")),
            Rewrite::NewUid if creates => set_uid(&mut root, minted),
            Rewrite::AddUid if uid(&root).is_none() => set_uid(&mut root, minted),
            Rewrite::Prodid(id) => {
                root.lines.retain(|line| line.name != "PRODID");
                root.lines.push(Line::plain("PRODID", id));
            }
            Rewrite::DropExtensions => drop_extensions(&mut root),
            Rewrite::DefaultAlarm if !card => default_alarm(&mut root),
            Rewrite::OneType if card => root.lines.iter_mut().for_each(one_type),
            _ => {}
        }
    }
    root
}

/// vobject's order for cards.
const CARD: &[&str] = &["VERSION", "PRODID", "UID"];
/// vobject's orders for calendars.
const VOBJECT: &[&str] = &["VERSION", "CALSCALE", "METHOD", "PRODID", "UID", "RECURRENCE-ID", "DTSTART", "DURATION", "DTEND", "DUE"];
/// icalendar's orders.
const ICALENDAR: &[&str] = &[
    "VERSION",
    "PRODID",
    "CALSCALE",
    "METHOD",
    "SUMMARY",
    "DTSTART",
    "DTEND",
    "DUE",
    "DURATION",
    "DTSTAMP",
    "UID",
    "RECURRENCE-ID",
    "SEQUENCE",
    "RRULE",
    "RDATE",
    "EXDATE",
];

/// Some first, then by name, groups wherever that leads.
fn sort_card(root: &mut Component) {
    for line in &mut root.lines {
        join_params(line);
    }
    sort_lines(root, CARD);
}

fn sort(root: &mut Component, first: &[&str]) {
    sort_lines(root, first);
    for child in root.children.iter_mut().filter(|child| child.name != "VTIMEZONE") {
        sort(child, first);
    }
}

fn sort_lines(root: &mut Component, first: &[&str]) {
    let rank = |line: &Line| first.iter().position(|name| *name == line.name).unwrap_or(first.len());
    root.lines.sort_by(|a, b| (rank(a), &a.name).cmp(&(rank(b), &b.name)));
}

/// Names in capitals, and parameters that are there twice as one with a list, as vobject writes them.
fn join_params(line: &mut Line) {
    let mut joined: Vec<(String, String)> = Vec::new();
    for (name, value) in &line.params {
        match joined.iter_mut().find(|(other, _)| other == name) {
            Some((_, values)) => {
                values.push(',');
                values.push_str(value);
            }
            None => joined.push((name.clone(), value.clone())),
        }
    }
    line.params = joined;
    let group = line.group.as_ref().map(|group| format!("{group}.")).unwrap_or_default();
    let params: String = line
        .params
        .iter()
        .map(|(name, value)| if value.contains([':', ';']) { format!(";{name}=\"{value}\"") } else { format!(";{name}={value}") })
        .collect();
    line.raw = format!("{group}{}{params}:{}", line.name, line.value);
}

/// The name of a line in capitals, its group and its value as they are.
fn uppercase_name(line: &mut Line) {
    let params: String =
        line.raw.split_once(':').and_then(|(head, _)| head.split_once(';')).map(|(_, rest)| format!(";{rest}")).unwrap_or_default();
    let group = line.group.as_ref().map(|group| format!("{group}.")).unwrap_or_default();
    line.raw = format!("{group}{}{params}:{}", line.name, line.value);
}

fn uppercase_group(line: &mut Line) {
    if let Some(group) = &mut line.group {
        *group = group.to_uppercase();
        uppercase_name(line);
    }
}

fn short_name(root: &mut Component) {
    for line in root.lines.iter_mut().filter(|line| line.name == "N") {
        let mut escaped = false;
        let mut parts = 1;
        let end = line.value.find(|c: char| {
            parts += usize::from(c == ';' && !escaped);
            escaped = c == '\\' && !escaped;
            parts > 2
        });
        if let Some(end) = end {
            line.value.truncate(end);
        }
        uppercase_name(line);
    }
}

fn set_uid(root: &mut Component, minted: &str) {
    let line = Line::plain("UID", minted);
    if root.name == "VCARD" {
        root.lines.retain(|line| line.name != "UID");
        root.lines.push(line);
        return;
    }
    for child in root.children.iter_mut().filter(|child| child.name != "VTIMEZONE") {
        child.lines.retain(|line| line.name != "UID");
        child.lines.push(line.clone());
    }
}

fn drop_extensions(component: &mut Component) {
    component.lines.retain(|line| !line.name.starts_with("X-"));
    component.children.iter_mut().for_each(drop_extensions);
}

fn default_alarm(root: &mut Component) {
    for event in root.children.iter_mut().filter(|child| child.name == "VEVENT") {
        if event.children.iter().any(|child| child.name == "VALARM") {
            continue;
        }
        let lines = vec![
            Line::plain("ACTION", "DISPLAY"),
            Line::plain("DESCRIPTION", "This is an event reminder"),
            Line::plain("TRIGGER", "-P0DT0H30M0S"),
        ];
        event.children.push(Component { name: "VALARM".to_owned(), lines, children: Vec::new() });
    }
}

fn one_type(line: &mut Line) {
    let mut seen = false;
    let before = line.params.len();
    line.params.retain(|(name, value)| {
        let keep = name != "TYPE" || !(seen || value.eq_ignore_ascii_case("INTERNET"));
        seen |= name == "TYPE" && keep;
        keep
    });
    if line.params.len() != before {
        let group = line.group.as_ref().map(|group| format!("{group}.")).unwrap_or_default();
        let params: String = line.params.iter().map(|(name, value)| format!(";{name}={value}")).collect();
        line.raw = format!("{group}{}{params}:{}", line.name, line.value);
    }
}
