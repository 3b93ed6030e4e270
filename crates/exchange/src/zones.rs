//! Zones as a mailbox names them.
//!
//! Exchange has Windows names; Graph takes IANA names as well, but not all of them. Several IANA zones are one Windows zone
//! (Madrid and Paris are `Romance Standard Time`), so that the name that came is kept beside the zone that it was taken for, and
//! is written again. (Graph: `dateTimeTimeZone`, `originalStartTimeZone`; EWS: `StartTimeZone`.)

use pimkit_core::Zone;
use pimkit_formats::zone::{self, windows_default, windows_name};

/// UTC under the name that both wires take.
pub const UTC: &str = "UTC";

/// What Exchange says instead of UTC for items of some clients.
const MICROSOFT_UTC: &str = "tzone://Microsoft/Utc";

/// What Exchange says for a zone that came with rules of its own.
const MICROSOFT_CUSTOM: &str = "tzone://Microsoft/Custom";

/// Windows names that the table of Unicode has no more, and mailboxes still have.
const RETIRED: &[(&str, &str)] = &[
    ("Kamchatka Standard Time", "Asia/Kamchatka"),
    ("Mid-Atlantic Standard Time", "America/Noronha"),
    ("Mexico Standard Time", "America/Mexico_City"),
    ("Mexico Standard Time 2", "America/Chihuahua"),
];

/// What a mailbox's name of a zone means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// This zone; the name is its spelling.
    Zone(Zone),
    /// A zone whose rules the name does not say: take the mailbox's own.
    Custom,
    /// Nothing: take the mailbox's own.
    Nothing,
    /// A name that nobody knows.
    Unknown,
}

/// Reads a name.
#[must_use]
pub fn read(name: &str) -> Named {
    let trimmed = name.trim();
    if trimmed.is_empty() {
        return Named::Nothing;
    }
    if trimmed.eq_ignore_ascii_case(MICROSOFT_CUSTOM) || trimmed.eq_ignore_ascii_case("Customized Time Zone") {
        return Named::Custom;
    }
    if trimmed.eq_ignore_ascii_case(MICROSOFT_UTC) || trimmed.eq_ignore_ascii_case(UTC) {
        return Named::Zone(Zone::utc().spelt(trimmed));
    }
    let retired = RETIRED.iter().find(|(windows, _)| windows.eq_ignore_ascii_case(trimmed)).map(|(_, iana)| (*iana).to_owned());
    let known = retired.or_else(|| zone::resolve(trimmed, None).and_then(|found| found.zone.iana_name()));
    known.map_or(Named::Unknown, |iana| {
        let iana = if iana == "Etc/UTC" { UTC.to_owned() } else { iana };
        Named::Zone(Zone::iana(iana).spelt(trimmed))
    })
}

/// The zone of a name, or the mailbox's own where the name says none: `mailbox` is what its settings say. The name stays as the
/// spelling, also where it says none. UTC where neither says one.
#[must_use]
pub fn zone(name: &str, mailbox: Option<&Zone>) -> Zone {
    let own = || mailbox.cloned().unwrap_or_else(Zone::utc);
    match read(name) {
        Named::Zone(zone) => zone,
        Named::Nothing => own(),
        Named::Custom | Named::Unknown => own().spelt(name.trim()),
    }
}

/// The offsets of a zone; `None` for rules that cannot be read and names that nobody knows.
#[must_use]
pub fn offsets(zone: &Zone) -> Option<zone::Zone> {
    let start = pimkit_core::When::Zoned { at: jiff::civil::DateTime::default(), zone: zone.clone() };
    match pimkit_formats::recurrence::Wall::of(Some(&start)) {
        pimkit_formats::recurrence::Wall::Zoned(zone) => Some(zone),
        _ => None,
    }
}

/// The name to write for a zone: the spelling that it came with where that is a name that Exchange takes and still the same
/// zone, the Windows name, or the IANA name where Windows has none for it. `None` for a zone that has only rules.
#[must_use]
pub fn write(zone: &Zone) -> Option<String> {
    if zone.is_utc() {
        return Some(UTC.to_owned());
    }
    if zone.rules.is_some() {
        return None;
    }
    if let Some(spelling) = zone.spelling.as_deref().filter(|spelling| is_windows(spelling))
        && read(spelling) == Named::Zone(zone.clone())
    {
        return Some(spelling.to_owned());
    }
    match windows_name(&zone.id) {
        Some(windows) => Some(windows.to_owned()),
        None => zone::Zone::iana(&zone.id).ok().map(|_| zone.id.clone()),
    }
}

/// Whether an IANA zone and a mailbox's name are one Windows zone: what the mailbox says is then what we wrote.
#[must_use]
pub fn same_windows(iana: &str, name: &str) -> bool {
    let windows = |zone: &str| windows_name(zone).map(str::to_owned);
    match read(name) {
        Named::Zone(zone) => iana == zone.id || windows(iana).is_some_and(|own| windows(&zone.id).as_ref() == Some(&own)),
        _ => false,
    }
}

/// A name of Windows's own, not another one that is understood.
fn is_windows(name: &str) -> bool {
    windows_default(name).is_some() || RETIRED.iter().any(|(windows, _)| windows.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_sort_are_read() {
        for (name, iana) in [
            ("W. Europe Standard Time", "Europe/Berlin"),
            ("FLE Standard Time", "Europe/Kyiv"),
            ("Europe/Vienna", "Europe/Vienna"),
            ("utc", "UTC"),
            ("Etc/GMT", "Etc/GMT"),
            ("tzone://Microsoft/Utc", "UTC"),
            ("Kamchatka Standard Time", "Asia/Kamchatka"),
            ("(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "Europe/Berlin"),
            ("UTC-02", "Etc/GMT+2"),
            ("Pacific Daylight Time", "America/Los_Angeles"),
        ] {
            let Named::Zone(zone) = read(name) else { panic!("{name}: {:?}", read(name)) };
            assert_eq!((zone.id.as_str(), zone.spelling.as_deref()), (iana, Some(name)));
        }
        assert_eq!(read("tzone://Microsoft/Custom"), Named::Custom);
        assert_eq!(read("Customized Time Zone"), Named::Custom);
        assert_eq!((read(""), read("  ")), (Named::Nothing, Named::Nothing));
        assert_eq!(read("Middle-earth Standard Time"), Named::Unknown);
    }

    #[test]
    fn a_name_that_says_no_zone_is_the_mailboxs_own() {
        let vienna = Zone::iana("Europe/Vienna");
        for name in ["", "tzone://Microsoft/Custom", "Middle-earth Standard Time"] {
            assert_eq!(zone(name, Some(&vienna)), vienna, "{name}");
            assert!(zone(name, None).is_utc(), "{name}");
        }
        assert_eq!(zone("tzone://Microsoft/Custom", Some(&vienna)).spelling.as_deref(), Some("tzone://Microsoft/Custom"));
        assert_eq!(zone("GMT Standard Time", Some(&vienna)).id, "Europe/London");
    }

    #[test]
    fn windows_names_are_written_and_the_one_that_came_is_kept() {
        for (zone, expected) in [
            (Zone::iana("Europe/Vienna"), Some("W. Europe Standard Time")),
            (Zone::iana("Europe/Madrid"), Some("Romance Standard Time")),
            (Zone::iana("Asia/Calcutta"), Some("India Standard Time")),
            (Zone::iana("Europe/Kiev"), Some("FLE Standard Time")),
            (Zone::utc(), Some("UTC")),
            (Zone::iana("Etc/UTC").spelt("tzone://Microsoft/Utc"), Some("UTC")),
            (Zone::iana("Asia/Kamchatka").spelt("Kamchatka Standard Time"), Some("Kamchatka Standard Time")),
            // Of another provider, or of another zone.
            (Zone::iana("Europe/Berlin").spelt("/mozilla.org/20050126_1/Europe/Berlin"), Some("W. Europe Standard Time")),
            (Zone::iana("Europe/Berlin").spelt("GMT Standard Time"), Some("W. Europe Standard Time")),
            (Zone::iana("America/New_York").spelt("Eastern Daylight Time"), Some("Eastern Standard Time")),
            (Zone { id: "Ours".into(), rules: Some("BEGIN:VTIMEZONE".into()), spelling: None }, None),
            (Zone::iana("Middle/Earth"), None),
        ] {
            assert_eq!(write(&zone).as_deref(), expected, "{zone:?}");
        }
    }

    #[test]
    fn every_windows_name_comes_back_as_it_was() {
        for name in ["Romance Standard Time", "Central European Standard Time", "Morocco Standard Time", "Samoa Standard Time"] {
            let Named::Zone(zone) = read(name) else { panic!("{name}") };
            assert_eq!(write(&zone).as_deref(), Some(name));
            // And from the IANA name alone, because it is the Windows zone's own.
            assert_eq!(write(&Zone::iana(zone.id)).as_deref(), Some(name));
        }
    }

    #[test]
    fn zones_that_windows_does_not_tell_apart_are_known_as_one() {
        assert!(same_windows("Europe/Madrid", "Romance Standard Time"));
        assert!(same_windows("Europe/Madrid", "Europe/Paris"));
        assert!(!same_windows("Europe/Madrid", "GMT Standard Time"));
        assert!(!same_windows("Europe/Madrid", ""));
    }

    #[test]
    fn an_occurrence_is_found_by_its_instant_on_both_sides_of_a_change_of_the_clock() {
        let zone = offsets(&zone("W. Europe Standard Time", None)).unwrap();
        for (instant, wall) in [("2026-10-24T07:00:00Z", "2026-10-24T09:00:00"), ("2026-10-25T08:00:00Z", "2026-10-25T09:00:00")] {
            assert_eq!(zone.to_local(instant.parse().unwrap()), wall.parse().unwrap());
        }
    }
}
