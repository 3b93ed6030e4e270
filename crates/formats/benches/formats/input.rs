//! What the benches read: address books and calendars as several programs write them, computed from a number.
//!
//! There is nothing in it that any of the compared readers trips over: no fold after a blank, no quoted parameter beyond
//! ASCII, no bare parameter, no empty one.

use std::fmt::Write as _;

/// Bytes of each input, about.
pub(crate) const SIZE: usize = 4 << 20;

const GIVEN: &[&str] = &["Ada", "Grace", "Émilie", "Mary", "Søren", "Jürgen", "José", "Wei", "Aiko", "Fatima"];
const SURNAME: &[&str] = &["Lovelace", "Hopper", "du Châtelet", "O'Neil", "Müller", "Núñez", "Zhang", "Tanaka"];
const COMPANY: &[&str] = &["Acme", "Globex", "Initech", "Umbrella & Sons", "Stark Industries"];
const WORDS: &[&str] = &["quarterly", "tea", "review", "notes", "Zürich", "agenda,", "budget;", "until", "friday", "again"];

/// Resources of one kind, and the same as one file.
pub(crate) struct Input {
    /// Each a text of its own, as folders and servers keep them.
    pub(crate) resources: Vec<String>,
    /// All of them in one text, as an export has them.
    pub(crate) whole: String,
}

impl Input {
    pub(crate) fn bytes(&self) -> u64 {
        self.resources.iter().map(|text| text.len() as u64).sum()
    }
}

/// Cards in the styles of three programs.
pub(crate) fn cards() -> Input {
    let resources: Vec<String> = up_to_size(|n| match n % 3 {
        0 => apple_card(n),
        1 => google_card(n),
        _ => version_4_card(n),
    });
    Input { whole: resources.concat(), resources }
}

/// Events in the styles of three programs, every resource with its zone.
pub(crate) fn calendars() -> Input {
    let event = |n: usize| match n % 3 {
        0 => google_event(n),
        1 => apple_event(n),
        _ => outlook_event(n),
    };
    let wrapped = |events: &str| {
        let head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//Bench//EN\r\nCALSCALE:GREGORIAN\r\n";
        format!("{head}{ZONE}{events}END:VCALENDAR\r\n")
    };
    let resources = up_to_size(|n| wrapped(&event(n)));
    let all: String = (0..resources.len()).map(event).collect();
    Input { resources, whole: wrapped(&all) }
}

fn up_to_size(text: impl Fn(usize) -> String) -> Vec<String> {
    let mut size = 0;
    (0..)
        .map(text)
        .take_while(|text| {
            let more = size < SIZE;
            size += text.len();
            more
        })
        .collect()
}

fn pick<'a>(from: &[&'a str], n: usize) -> &'a str {
    from.get(n % from.len()).copied().unwrap_or_default()
}

/// Words that differ from number to number, `count` of them.
fn prose(n: usize, count: usize) -> String {
    (0..count)
        .map(|i| pick(WORDS, n.wrapping_mul(7).wrapping_add(i * i + i)))
        .collect::<Vec<_>>()
        .join(" ")
        .replace(',', "\\,")
        .replace(';', "\\;")
}

/// A content line, folded at 75 octets (RFC 5545 section 3.1), never beside a blank.
fn line(out: &mut String, text: &str) {
    let mut used = 0;
    let mut last = ' ';
    for c in text.chars() {
        if used + c.len_utf8() > 70 && last != ' ' && c != ' ' {
            out.push_str("\r\n ");
            used = 1;
        }
        out.push(c);
        used += c.len_utf8();
        last = c;
    }
    out.push_str("\r\n");
}

fn lines(texts: &[String]) -> String {
    let mut out = String::new();
    for text in texts {
        line(&mut out, text);
    }
    out
}

fn apple_card(n: usize) -> String {
    let (given, surname, company) = (pick(GIVEN, n), pick(SURNAME, n / 3), pick(COMPANY, n / 5));
    lines(&[
        "BEGIN:VCARD".into(),
        "VERSION:3.0".into(),
        "PRODID:-//Apple Inc.//macOS 14.5//EN".into(),
        format!("N:{surname};{given};;;"),
        format!("FN:{given} {surname}"),
        format!("ORG:{company};Research"),
        format!("EMAIL;type=INTERNET;type=WORK;type=pref:person{n}@work.example.com"),
        format!("item1.EMAIL;type=INTERNET:person{n}@boat.example"),
        "item1.X-ABLabel:_$!<Other>!$_".into(),
        format!("TEL;type=CELL;type=VOICE;type=pref:+1 202 555 {:04}", n % 10_000),
        format!("item2.ADR;type=HOME;type=pref:;;{n} Main Street;Springfield;;{:05};USA", n % 100_000),
        "item2.X-ABADR:us".into(),
        "BDAY;value=date:1604-03-14".into(),
        format!("NOTE:{}", prose(n, 40)),
        format!("UID:{n:08x}-0000-4000-8000-{n:012x}"),
        "REV:2026-03-02T08:00:00Z".into(),
        "END:VCARD".into(),
    ])
}

fn google_card(n: usize) -> String {
    let (given, surname, company) = (pick(GIVEN, n / 2), pick(SURNAME, n), pick(COMPANY, n));
    lines(&[
        "BEGIN:VCARD".into(),
        "VERSION:3.0".into(),
        format!("FN:{given} {surname}"),
        format!("N:{surname};{given};;;"),
        format!("EMAIL;TYPE=INTERNET;TYPE=HOME:{}.{n}@mail.example", given.to_lowercase()),
        format!("TEL;TYPE=WORK:+43 1 555 {:04}", n % 10_000),
        format!("ORG:{company}"),
        "TITLE:Engineer".into(),
        format!("item1.URL:https://example.org/people/{n}"),
        "item1.X-ABLabel:PROFILE".into(),
        "CATEGORIES:myContacts".into(),
        "END:VCARD".into(),
    ])
}

fn version_4_card(n: usize) -> String {
    let (given, surname) = (pick(GIVEN, n / 3), pick(SURNAME, n));
    lines(&[
        "BEGIN:VCARD".into(),
        "VERSION:4.0".into(),
        format!("UID:urn:uuid:{n:08x}-0000-4000-8000-{n:012x}"),
        format!("FN:{given} {surname}"),
        format!("N:{surname};{given};;;"),
        format!("EMAIL;TYPE=work;PREF=1:person{n}@work.example.com"),
        format!("TEL;VALUE=uri;TYPE=cell:tel:+1-202-555-{:04}", n % 10_000),
        format!("ADR;TYPE=home:;;Gasse {n};Wien;;1010;Austria"),
        "BDAY:--0314".into(),
        "LANG;PREF=1:de".into(),
        format!("NOTE:{}", prose(n, 15)),
        "REV:20260302T080000Z".into(),
        "END:VCARD".into(),
    ])
}

const ZONE: &str = "BEGIN:VTIMEZONE\r\nTZID:Europe/Vienna\r\nBEGIN:DAYLIGHT\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\n\
DTSTART:19700329T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\nBEGIN:STANDARD\r\nTZOFFSETFROM:+0200\r\n\
TZOFFSETTO:+0100\r\nTZNAME:CET\r\nDTSTART:19701025T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\n\
END:VTIMEZONE\r\n";

fn day(n: usize) -> String {
    format!("2026{:02}{:02}", 1 + n % 12, 1 + n % 28)
}

fn google_event(n: usize) -> String {
    let day = day(n);
    lines(&[
        "BEGIN:VEVENT".into(),
        format!("DTSTART;TZID=Europe/Vienna:{day}T100000"),
        format!("DTEND;TZID=Europe/Vienna:{day}T110000"),
        "RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=20".into(),
        "DTSTAMP:20260302T080000Z".into(),
        "ORGANIZER;CN=Ada Lovelace:mailto:ada@example.com".into(),
        format!("UID:g{n:020x}@example.com"),
        format!(
            "ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;CN=Grace Hopper;X-NUM-GUESTS=0:mailto:grace{n}@example.com"
        ),
        format!("ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;CN=\"Hopper, Grace\":mailto:other{n}@example.com"),
        "CREATED:20260101T080000Z".into(),
        format!("DESCRIPTION:{}", prose(n, 60)),
        "LAST-MODIFIED:20260102T080000Z".into(),
        "LOCATION:Café Central\\, Wien".into(),
        "SEQUENCE:1".into(),
        "STATUS:CONFIRMED".into(),
        format!("SUMMARY:Jour fixe {n}"),
        "TRANSP:OPAQUE".into(),
        "END:VEVENT".into(),
    ])
}

fn apple_event(n: usize) -> String {
    let day = day(n);
    lines(&[
        "BEGIN:VEVENT".into(),
        "CREATED:20260101T080000Z".into(),
        format!("UID:{n:08X}-0000-4000-8000-{n:012X}"),
        format!("DTEND;TZID=Europe/Vienna:{day}T180000"),
        "TRANSP:OPAQUE".into(),
        format!("SUMMARY:Dentist {n}"),
        "LAST-MODIFIED:20260102T080000Z".into(),
        "DTSTAMP:20260302T080000Z".into(),
        format!("DTSTART;TZID=Europe/Vienna:{day}T170000"),
        "SEQUENCE:0".into(),
        "X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC".into(),
        "BEGIN:VALARM".into(),
        format!("X-WR-ALARMUID:{n:08X}-0000-4000-9000-{n:012X}"),
        "UID:0".into(),
        "TRIGGER:-PT15M".into(),
        "DESCRIPTION:Reminder".into(),
        "ACTION:DISPLAY".into(),
        "END:VALARM".into(),
        "END:VEVENT".into(),
    ])
}

fn outlook_event(n: usize) -> String {
    let day = day(n);
    let mut out = lines(&[
        "BEGIN:VEVENT".into(),
        format!("DESCRIPTION:{}", prose(n, 90)),
        format!("UID:040000008200E00074C5B7101A82E008{n:032X}"),
        format!("SUMMARY:Planning {n}"),
        format!("DTSTART;VALUE=DATE:{day}"),
        "CLASS:PUBLIC".into(),
        "PRIORITY:5".into(),
        "DTSTAMP:20260302T080000Z".into(),
        "TRANSP:TRANSPARENT".into(),
        "SEQUENCE:0".into(),
        "X-MICROSOFT-CDO-APPT-SEQUENCE:0".into(),
        "X-MICROSOFT-CDO-BUSYSTATUS:FREE".into(),
        "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE".into(),
        "X-MICROSOFT-CDO-IMPORTANCE:1".into(),
        "X-MICROSOFT-DISALLOW-COUNTER:FALSE".into(),
    ]);
    let _ = write!(out, "END:VEVENT\r\n");
    out
}
