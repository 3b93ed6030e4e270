//! Which lines an edit may touch, and which it did touch.
//!
//! The tables are written from the RFCs and from what programs write, not taken from the mapping: a shared mistake would
//! be invisible.

use pimkit_core::Kind;
use pimkit_formats::ParseError;
use pimkit_formats::text::{Component, Document, Line, Node};

/// What an edit touched that is not its own.
pub(super) struct Touched {
    pub(super) line: usize,
    /// The component and property.
    pub(super) what: String,
}

/// The line, starting at 1, on which two texts first differ.
pub(super) fn first_difference(a: &[u8], b: &[u8]) -> usize {
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    1 + a.iter().take(same).filter(|byte| **byte == b'\n').count()
}

/// The stamps that the formats ask for: REV (RFC 6350 section 6.7.4); DTSTAMP, LAST-MODIFIED and SEQUENCE (RFC 5545
/// section 3.8.7).
///
/// X-PIMKITNAMED is a stamp of an override: which of its fields are held at the series' own value, which any edit may change.
const STAMPS: &[&str] = &["REV", "DTSTAMP", "LAST-MODIFIED", "SEQUENCE", "X-PIMKITNAMED"];

/// Outlook's word on whether the times are days (MS-OXCICAL, X-MICROSOFT-CDO-ALLDAYEVENT).
const ALL_DAY: &str = "X-MICROSOFT-CDO-ALLDAYEVENT";

/// The properties of a field, and the components that belong to it as a whole.
struct Own {
    properties: &'static [&'static str],
    components: &'static [&'static str],
}

const fn own(properties: &'static [&'static str]) -> Own {
    Own { properties, components: &[] }
}

fn of(kind: Kind, field: &str) -> Own {
    match kind {
        Kind::Contact => own(pimkit_formats::vcard::properties(field)),
        _ => calendar(field),
    }
}

fn calendar(field: &str) -> Own {
    match field {
        "title" => own(&["SUMMARY"]),
        // Kept beside it as HTML by Outlook and Thunderbird: it would contradict the edited text.
        "description" => own(&["DESCRIPTION", "X-ALT-DESC"]),
        // An RDATE that names the start says nothing more than DTSTART (RFC 5545 section 3.8.5.2); it would become an
        // occurrence of its own when the start moves away from it.
        "start" => {
            Own { properties: &["DTSTART", "DTEND", "DUE", "DURATION", "RRULE", "EXRULE", "RDATE", ALL_DAY], components: &["VTIMEZONE"] }
        }
        // An RDATE may be a PERIOD that says its end itself (RFC 5545 section 3.8.5.2): it would contradict the edited one.
        "end" => Own { properties: &["DTEND", "DURATION", "RDATE", ALL_DAY], components: &["VTIMEZONE"] },
        "recurrenceRules" | "excludedRecurrenceRules" => {
            Own { properties: &["DTSTART", "DTEND", "DUE", "DURATION", "RRULE", "EXRULE", ALL_DAY], components: &["VTIMEZONE"] }
        }
        "due" | "progress" | "percentComplete" | "completed" => {
            Own { properties: &["DUE", "DURATION", "STATUS", "PERCENT-COMPLETE", "COMPLETED"], components: &["VTIMEZONE"] }
        }
        "recurrenceOverrides" => Own { properties: &["EXDATE", "RDATE"], components: &["OVERRIDE", "VTIMEZONE"] },
        "status" => own(&["STATUS"]),
        "freeBusyStatus" => own(&["TRANSP", "X-MICROSOFT-CDO-BUSYSTATUS"]),
        "privacy" => own(&["CLASS"]),
        "priority" => own(&["PRIORITY"]),
        "color" => own(&["COLOR"]),
        "keywords" => own(&["CATEGORIES"]),
        "locations" => Own { properties: &["LOCATION", "GEO"], components: &["VLOCATION"] },
        "virtualLocations" => own(&["CONFERENCE", "X-GOOGLE-CONFERENCE", "X-MICROSOFT-SKYPETEAMSMEETINGURL"]),
        "links" => own(&["URL", "ATTACH", "LINK"]),
        "attachments" => own(&["ATTACH"]),
        "organizer" => own(&["ORGANIZER"]),
        "participants" => own(&["ATTENDEE"]),
        "parent" => own(&["RELATED-TO"]),
        "alerts" => Own { properties: &[], components: &["VALARM"] },
        custom if custom.starts_with("custom.") => own(&["X-PIMKIT-"]),
        _ => own(&[]),
    }
}

/// A line that must stay, with where it stands.
struct Kept<'d> {
    number: usize,
    place: String,
    bytes: std::borrow::Cow<'d, [u8]>,
}

/// The first line outside the field that is not the same; none when all are.
pub(super) fn touched(kind: Kind, field: &str, before: &[u8], after: &[u8]) -> Result<Option<Touched>, ParseError> {
    let own = of(kind, field);
    let (before, after) = (Document::parse(before.to_vec())?, Document::parse(after.to_vec())?);
    let (mut a, mut b) = (Vec::new(), Vec::new());
    collect(before.nodes(), "", &own, &mut a);
    collect(after.nodes(), "", &own, &mut b);
    let same = a.iter().zip(&b).take_while(|(x, y)| x.place == y.place && x.bytes == y.bytes).count();
    Ok(match (a.get(same), b.get(same)) {
        (None, None) => None,
        (Some(lost), _) => Some(Touched { line: lost.number, what: lost.place.clone() }),
        (None, Some(more)) => Some(Touched { line: more.number, what: format!("{}, which was not there", more.place) }),
    })
}

fn collect<'d>(nodes: &'d [Node], place: &str, own: &Own, out: &mut Vec<Kept<'d>>) {
    // Lines in a group with one of the field's own (X-ABLabel, X-ABADR) belong to it.
    let groups: Vec<String> =
        nodes.iter().filter_map(Node::as_line).filter(|l| is_own(l, own)).filter_map(|l| l.group().map(str::to_ascii_lowercase)).collect();
    for node in nodes {
        match node {
            Node::Line(line) => {
                let grouped = line.group().is_some_and(|g| groups.contains(&g.to_ascii_lowercase()))
                    && line.name().to_ascii_uppercase().starts_with("X-AB");
                if !grouped && !is_own(line, own) && !STAMPS.iter().any(|stamp| line.is(stamp)) {
                    keep(line, place, out);
                }
            }
            Node::Component(component) => {
                if own.components.iter().any(|name| belongs(component, name)) {
                    continue;
                }
                let place = format!("{place}{}/", component.name().to_ascii_uppercase());
                keep(component.begin(), &place, out);
                collect(component.nodes(), &place, own, out);
                keep(component.end(), &place, out);
            }
        }
    }
}

fn keep<'d>(line: &'d Line, place: &str, out: &mut Vec<Kept<'d>>) {
    let bytes = line.raw().map_or_else(|| line.logical(), std::borrow::Cow::Borrowed);
    out.push(Kept { number: line.number(), place: format!("{place}{}", line.name().to_ascii_uppercase()), bytes });
}

fn is_own(line: &Line, own: &Own) -> bool {
    let name = line.name();
    own.properties.iter().any(|property| match property.strip_suffix('-') {
        Some(_) => name.get(..property.len()).is_some_and(|start| start.eq_ignore_ascii_case(property)),
        None => name.eq_ignore_ascii_case(property),
    })
}

/// An override is a component of a series that says which occurrence it is.
fn belongs(component: &Component, name: &str) -> bool {
    if name == "OVERRIDE" { component.line("RECURRENCE-ID").is_some() } else { component.is(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: &str = "BEGIN:VCARD\nVERSION:3.0\nNOTE:a\nitem1.ADR:;;s;;;;\nitem1.X-ABADR:at\nX-OWN:1\nEND:VCARD\n";

    #[test]
    fn what_belongs_to_the_field_may_change_and_nothing_else_may() {
        let free = [CARD.replace("NOTE:a", "NOTE:b"), CARD.replace("NOTE:a\n", ""), CARD.replace("NOTE:a", "NOTE:a\nREV:x")];
        for text in free {
            assert!(touched(Kind::Contact, "notes", CARD.as_bytes(), text.as_bytes()).unwrap().is_none(), "{text}");
        }
        for (from, to, line) in [("X-OWN:1", "X-OWN:2", 6), ("X-OWN:1\n", "", 6), ("X-OWN:1", "x-own:1", 6), ("ADR:;;s", "ADR:;;t", 4)] {
            let found = touched(Kind::Contact, "notes", CARD.as_bytes(), CARD.replace(from, to).as_bytes()).unwrap().unwrap();
            assert_eq!(found.line, line, "{from}: {}", found.what);
        }
        let address = CARD.replace("item1.ADR:;;s;;;;\nitem1.X-ABADR:at\n", "");
        assert!(touched(Kind::Contact, "addresses", CARD.as_bytes(), address.as_bytes()).unwrap().is_none());
        assert!(touched(Kind::Contact, "notes", CARD.as_bytes(), CARD.replace('\n', "\r\n").as_bytes()).unwrap().is_some());
    }

    #[test]
    fn texts_differ_on_a_line() {
        assert_eq!(first_difference(b"a\nb\nc", b"a\nb\nd"), 3);
        assert_eq!(first_difference(b"a", b"b"), 1);
    }
}
