//! Zones of a resource: from TZID to the language's [`Zone`], and back to a TZID with its `VTIMEZONE`.

use std::cell::RefCell;
use std::collections::BTreeMap;

use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp, civil};
use pimkit_core::{When, Zone};

use crate::FormatError;
use crate::recurrence::Wall;
use crate::text::{Component, ContentLine, Dialect, Document, LineEnd, Node};
use crate::zone;

/// The zones of one resource.
pub(super) struct Zones {
    /// A calendar with nothing but the `VTIMEZONE`s of the resource.
    known: Component,
    /// What the TZIDs met so far mean.
    met: RefCell<BTreeMap<String, Zone>>,
    /// Zones that were written and may have no `VTIMEZONE` yet, by TZID.
    written: RefCell<BTreeMap<String, Zone>>,
}

impl Zones {
    pub(super) fn of(calendar: &Component) -> Self {
        let mut known = Component::new("VCALENDAR");
        for zone in calendar.components_named("VTIMEZONE") {
            known.push(zone.clone());
        }
        Self { known, met: RefCell::default(), written: RefCell::default() }
    }

    /// What a TZID means. One that nothing describes stays a name: nothing of it is lost, and its offsets are unknown.
    pub(super) fn zone(&self, tzid: &str) -> Zone {
        if let Some(zone) = self.met.borrow().get(tzid) {
            return zone.clone();
        }
        let component = zone::find(&self.known, tzid);
        let zone = match zone::resolve(tzid, component).map(|resolved| resolved.zone) {
            None => Zone::iana(tzid),
            Some(found) => match (found.iana_name(), component) {
                (Some(name), _) => Zone::iana(name),
                (None, Some(component)) => Zone { id: tzid.to_owned(), rules: Some(rules_text(component)), spelling: None },
                (None, None) => {
                    let offset = found.offset_at(Timestamp::UNIX_EPOCH);
                    Zone { id: tzid.to_owned(), rules: Some(rules_text(&fixed(tzid, offset))), spelling: None }
                }
            },
        };
        let zone = zone.spelt(tzid);
        self.met.borrow_mut().insert(tzid.to_owned(), zone.clone());
        zone
    }

    /// The TZID under which to write a zone: the spelling of the resource where it has one, else the zone's own name.
    ///
    /// # Errors
    /// The name stands for other rules in this resource.
    fn tzid(&self, zone: &Zone) -> Result<String, FormatError> {
        let met = self.met.borrow();
        if let Some((tzid, _)) = met.iter().find(|(_, known)| *known == zone) {
            return Ok(tzid.clone());
        }
        let taken = met.get(&zone.id).is_some_and(|known| known != zone);
        drop(met);
        if taken || (zone::find(&self.known, &zone.id).is_some() && self.zone(&zone.id) != *zone) {
            return Err(FormatError::Unwritable {
                field: "start".to_owned(),
                reason: "its zone has the name of another zone of the resource; use a zone with an IANA name",
            });
        }
        self.met.borrow_mut().insert(zone.id.clone(), zone.clone());
        self.written.borrow_mut().insert(zone.id.clone(), zone.clone());
        Ok(zone.id.clone())
    }

    /// Writes a time into a line: value, VALUE and TZID; other parameters stay.
    ///
    /// # Errors
    /// See [`tzid`](Self::tzid).
    pub(super) fn set_time(&self, line: &mut ContentLine, time: &When) -> Result<(), FormatError> {
        line.remove_param("VALUE");
        match time {
            When::AllDay { on } => {
                line.remove_param("TZID");
                line.set_param("VALUE", ["DATE"]);
                line.set_value(&crate::recurrence::write_date(*on));
            }
            When::Floating { at } => {
                line.remove_param("TZID");
                line.set_value(&crate::recurrence::write_wall(*at));
            }
            When::Zoned { at, zone } if zone.is_utc() => {
                line.remove_param("TZID");
                line.set_value(&format!("{}Z", crate::recurrence::write_wall(*at)));
            }
            When::Zoned { at, zone } => {
                let tzid = self.tzid(zone)?;
                line.set_param("TZID", [tzid.as_str()]);
                line.set_value(&crate::recurrence::write_wall(*at));
            }
        }
        Ok(())
    }

    /// Adds the `VTIMEZONE`s of zones that were written and have none. `times` are the times of the record: each zone is
    /// described from the earliest of them on (RFC 5545 section 3.6.5).
    pub(super) fn complete<'t>(&self, calendar: &mut Component, times: impl Iterator<Item = &'t When>) {
        let earliest = times.filter_map(instant).min().unwrap_or(Timestamp::UNIX_EPOCH);
        // A day earlier: the same wall time may be another instant in another zone of the record.
        let earliest = earliest.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(earliest);
        for (tzid, zone) in self.written.borrow().iter() {
            if zone::find(calendar, tzid).is_some() {
                continue;
            }
            let component = match &zone.rules {
                Some(rules) => Document::parse(rules.clone().into_bytes()).ok().and_then(|d| d.component("VTIMEZONE").cloned()),
                None => zone::vtimezone_as(tzid, &zone.id, earliest).ok(),
            };
            let Some(component) = component else { continue };
            // Before the components that use it: some readers go through the file once.
            let nodes = calendar.nodes_mut();
            let at = nodes.iter().position(|node| node.as_component().is_some_and(|c| !c.is("VTIMEZONE"))).unwrap_or(nodes.len());
            nodes.insert(at, Node::Component(component));
        }
    }
}

/// The instant of a time, for "which is earliest": times in no zone count as UTC.
fn instant(time: &When) -> Option<Timestamp> {
    let wall = time.wall();
    Wall::of(Some(time)).instant(wall).or_else(|| Offset::UTC.to_timestamp(wall).ok())
}

/// A component as text in one spelling, whatever the file's line ends and folds are: this text is compared.
fn rules_text(component: &Component) -> String {
    fn put(component: &Component, out: &mut Vec<u8>) {
        let mut line = |bytes: &[u8]| {
            if !bytes.is_empty() {
                out.extend_from_slice(bytes);
                out.extend_from_slice(b"\r\n");
            }
        };
        line(&component.begin().logical());
        let lines: Vec<_> = component.lines().map(|l| l.logical().into_owned()).collect();
        for bytes in &lines {
            line(bytes);
        }
        for inner in component.components() {
            put(inner, out);
        }
        out.extend_from_slice(&component.end().logical());
        out.extend_from_slice(b"\r\n");
    }
    let mut out = Vec::new();
    put(component, &mut out);
    String::from_utf8(out).unwrap_or_else(|_| String::from_utf8_lossy(&component.to_bytes(LineEnd::CrLf)).into_owned())
}

/// A zone of one offset that no IANA name has (`GMT+0530`).
fn fixed(tzid: &str, offset: Offset) -> Component {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    let offset = format!("{sign}{:02}{:02}", minutes / 60, minutes % 60);
    let mut standard = Component::new("STANDARD");
    let since = civil::Date::new(1601, 1, 1).map(|d| d.to_datetime(civil::Time::midnight())).unwrap_or_default();
    standard.add(ContentLine::new("DTSTART", &crate::recurrence::write_wall(since)));
    standard.add(ContentLine::new("TZOFFSETFROM", &offset));
    standard.add(ContentLine::new("TZOFFSETTO", &offset));
    let mut zone = Component::new("VTIMEZONE");
    zone.add(ContentLine::text_line("TZID", tzid, Dialect::ICalendar));
    zone.push(standard);
    zone
}
