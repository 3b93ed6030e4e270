//! A whole calendar in one file, and its items as resources of their own.

use std::collections::BTreeMap;

use crate::FormatError;
use crate::text::{Component, ContentLine, Dialect, Document, LineEnd, Node};
use crate::zone;

/// What is an item of a calendar.
const ITEMS: [&str; 4] = ["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"];

fn is_item(c: &Component) -> bool {
    ITEMS.iter().any(|name| c.is(name))
}

/// Every TZID parameter of a component and what is in it.
fn tzids(c: &Component, out: &mut Vec<String>) {
    for line in c.lines() {
        let Some(content) = line.content() else { continue };
        for tzid in content.param_values("TZID") {
            if !out.contains(&tzid) {
                out.push(tzid);
            }
        }
    }
    c.components().for_each(|inner| tzids(inner, out));
}

/// Takes the export of a calendar apart: the components of one UID and kind become one resource, with the `VTIMEZONE`s they
/// use, in the order of the file. The lines of the items keep their bytes.
///
/// # Behavior
/// - VERSION, PRODID and CALSCALE go along; METHOD (a resource never has one, RFC 4791 section 4.1) and what names the
///   calendar (X-WR-CALNAME…) do not.
/// - An item without a UID is a resource of its own, without a UID.
/// - Journals and free-busy times are split too; reading them as an event says what they are.
///
/// # Errors
/// [`FormatError::Parse`]; [`FormatError::Nothing`] when there is no VCALENDAR. A calendar without items is no error.
pub fn split_calendar(text: &[u8]) -> Result<Vec<Vec<u8>>, FormatError> {
    let document = Document::parse(text.to_vec())?;
    if document.component("VCALENDAR").is_none() {
        return Err(FormatError::Nothing { component: "VCALENDAR" });
    }
    let mut resources = Vec::new();
    for calendar in document.components_named("VCALENDAR") {
        let mut order: Vec<Vec<&Component>> = Vec::new();
        let mut by_uid: BTreeMap<(String, String), usize> = BTreeMap::new();
        for item in calendar.components().filter(|c| is_item(c)) {
            let uid = item.line("UID").map(|line| line.value().trim().to_owned()).unwrap_or_default();
            let key = (item.name().to_ascii_uppercase(), uid);
            let known = by_uid.get(&key).copied().filter(|_| !key.1.is_empty());
            match known.and_then(|at| order.get_mut(at)) {
                Some(items) => items.push(item),
                None => {
                    by_uid.insert(key, order.len());
                    order.push(vec![item]);
                }
            }
        }
        for items in order {
            resources.push(resource(calendar, &items, document.line_end()));
        }
    }
    Ok(resources)
}

fn resource(calendar: &Component, items: &[&Component], line_end: LineEnd) -> Vec<u8> {
    let mut one = Component::new("VCALENDAR");
    for node in calendar.nodes() {
        if let Node::Line(line) = node
            && ["VERSION", "PRODID", "CALSCALE"].iter().any(|name| line.is(name))
        {
            one.nodes_mut().push(node.clone());
        }
    }
    let mut used = Vec::new();
    items.iter().for_each(|item| tzids(item, &mut used));
    for tzid in &used {
        if let Some(zone) = zone::find(calendar, tzid)
            && zone::find(&one, tzid).is_none()
        {
            one.push(zone.clone());
        }
    }
    for item in items {
        one.push((*item).clone());
    }
    one.to_bytes(line_end)
}

/// Puts resources together into one calendar: their items in the given order, each `VTIMEZONE` once.
///
/// Where two resources describe one zone differently, the zone with an IANA name keeps the description that begins earlier;
/// another zone is named anew in the later resource, so that no item's time changes.
///
/// # Errors
/// [`FormatError::Parse`] of the first resource that is broken.
pub fn join_calendar<'t>(texts: impl IntoIterator<Item = &'t [u8]>, product_id: &str) -> Result<Vec<u8>, FormatError> {
    let mut zones: BTreeMap<String, Component> = BTreeMap::new();
    let mut items: Vec<Component> = Vec::new();
    for text in texts {
        let document = Document::parse(text.to_vec())?;
        for calendar in document.components_named("VCALENDAR") {
            let mut renamed: Vec<(String, String)> = Vec::new();
            for zone in calendar.components_named("VTIMEZONE") {
                let tzid = zone.content("TZID").map(|line| line.text(Dialect::ICalendar)).unwrap_or_default();
                add_zone(&mut zones, &mut renamed, tzid, zone);
            }
            for item in calendar.components().filter(|c| is_item(c)) {
                let mut item = item.clone();
                for (from, to) in &renamed {
                    rename(&mut item, from, to);
                }
                items.push(item);
            }
        }
    }
    let mut calendar = Component::new("VCALENDAR");
    calendar.add(ContentLine::new("VERSION", "2.0"));
    calendar.add(ContentLine::text_line("PRODID", product_id, Dialect::ICalendar));
    zones.into_values().chain(items).for_each(|component| calendar.push(component));
    Ok(Document::from(calendar).to_bytes())
}

fn add_zone(zones: &mut BTreeMap<String, Component>, renamed: &mut Vec<(String, String)>, tzid: String, zone: &Component) {
    let bytes = |c: &Component| c.to_bytes(LineEnd::CrLf);
    let Some(known) = zones.get(&tzid) else {
        zones.insert(tzid, zone.clone());
        return;
    };
    if bytes(known) == bytes(zone) {
        return;
    }
    if zone::resolve(&tzid, None).is_some() {
        if first_observance(zone) < first_observance(known) {
            zones.insert(tzid, zone.clone());
        }
        return;
    }
    let mut count = 2;
    let mut name = format!("{tzid} ({count})");
    while zones.get(&name).is_some_and(|known| bytes(known) != bytes(&named(zone, &name))) {
        count += 1;
        name = format!("{tzid} ({count})");
    }
    zones.insert(name.clone(), named(zone, &name));
    renamed.push((tzid, name));
}

fn named(zone: &Component, tzid: &str) -> Component {
    let mut zone = zone.clone();
    zone.set("TZID", ContentLine::text_line("TZID", tzid, Dialect::ICalendar));
    zone
}

fn first_observance(zone: &Component) -> Option<String> {
    zone.components().filter_map(|c| c.line("DTSTART").map(|line| line.value().trim().to_owned())).min()
}

fn rename(c: &mut Component, from: &str, to: &str) {
    for line in c.lines_mut() {
        let Some(mut content) = line.content() else { continue };
        if content.param_value("TZID").as_deref() == Some(from) {
            content.set_param("TZID", [to]);
            line.set_content(content);
        }
    }
    c.components_mut().for_each(|inner| rename(inner, from, to));
}
