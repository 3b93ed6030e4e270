//! Resources made of a few lines, and what an edit changes in them.

use jiff::civil::datetime;
use pimkit_core::{Event, RecurrenceId, When};
use pimkit_formats::{Authoring, InlineBlobs, TextRecord};

pub(crate) fn options() -> Authoring {
    Authoring::new("2026-11-22T12:00:00Z".parse().unwrap(), "-//pimkit//tests//EN")
}

pub(crate) fn calendar(body: &str) -> Vec<u8> {
    format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//EN\n{}\nEND:VCALENDAR\n", body.trim()).into_bytes()
}

pub(crate) fn event(lines: &str) -> Vec<u8> {
    calendar(&format!("BEGIN:VEVENT\nUID:u1\nDTSTAMP:20260101T000000Z\n{}\nEND:VEVENT", lines.trim()))
}

pub(crate) fn read(text: &[u8]) -> Event {
    Event::read(text).unwrap()
}

pub(crate) fn patch<R: TextRecord>(text: &[u8], change: impl FnOnce(&mut R)) -> String {
    let base = R::read(text).unwrap();
    let mut target = base.clone();
    change(&mut target);
    let patched = R::patch(text, &base, &target, &options(), &InlineBlobs::new()).unwrap();
    let found = R::read(&patched).unwrap();
    assert!(pimkit_core::diff(&found, &target).is_empty(), "{}", String::from_utf8_lossy(&patched));
    String::from_utf8(patched).unwrap()
}

/// The lines that are not in both, removed ones with `-`, added ones with `+`; stamps aside.
pub(crate) fn changes(before: &[u8], after: &str) -> Vec<String> {
    let before = String::from_utf8(before.to_vec()).unwrap();
    let stamp = |line: &str| line.starts_with("DTSTAMP") || line.starts_with("LAST-MODIFIED");
    let (mut old, mut new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    old.retain(|line| match new.iter().position(|l| l == line) {
        Some(at) => {
            new.remove(at);
            false
        }
        None => !stamp(line),
    });
    new.retain(|line| !stamp(line));
    old.iter().map(|l| format!("-{l}")).chain(new.iter().map(|l| format!("+{l}"))).collect()
}

pub(crate) const VIENNA: &str = "Europe/Vienna";

pub(crate) fn vienna(day: i8, hour: i8) -> When {
    When::zoned(datetime(2026, 3, day, hour, 0, 0, 0), VIENNA)
}

pub(crate) fn id(day: i8, hour: i8) -> RecurrenceId {
    RecurrenceId(datetime(2026, 3, day, hour, 0, 0, 0))
}
