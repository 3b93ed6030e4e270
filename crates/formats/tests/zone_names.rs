//! Time-zone names and rules.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZoneDatabase;
use pimkit_formats::text::{Component, Document, LineEnd};
use pimkit_formats::zone::{Rung, VTimeZone, Zone, find, resolve, resolve_in, vtimezone, vtimezone_as, windows_default, windows_name};

fn zone_of(text: &str) -> Component {
    Document::parse(format!("BEGIN:VTIMEZONE\r\n{}\r\nEND:VTIMEZONE\r\n", text.trim().replace('\n', "\r\n")))
        .unwrap()
        .component("VTIMEZONE")
        .unwrap()
        .clone()
}

const EU: &str = "BEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\n\
                  BEGIN:DAYLIGHT\nDTSTART:16010101T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT";

#[test]
fn names_of_every_sort_find_their_zone() {
    use Rung::{DisplayName, FixedOffset, Iana, Prefixed, Windows};
    for (tzid, name, rung) in [
        ("Europe/Berlin", "Europe/Berlin", Iana),
        ("europe/berlin", "Europe/Berlin", Iana),
        (" \"Europe/Berlin\" ", "Europe/Berlin", Iana),
        ("Europe/Kiev", "Europe/Kiev", Iana),
        ("US/Pacific", "US/Pacific", Iana),
        ("Etc/GMT-1", "Etc/GMT-1", Iana),
        ("/mozilla.org/20050126_1/Europe/Berlin", "Europe/Berlin", Prefixed),
        ("/softwarestudio.org/Olson_20011030_5/America/Chicago", "America/Chicago", Prefixed),
        ("/freeassociation.sourceforge.net/Europe/Vienna", "Europe/Vienna", Prefixed),
        ("/citadel.org/20190914_1/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires", Prefixed),
        ("/example.org/EST5EDT", "EST5EDT", Prefixed),
        ("custom_America/New_York", "America/New_York", Prefixed),
        ("US-Eastern", "US/Eastern", Prefixed),
        ("tzone://Microsoft/Utc", "Etc/UTC", Prefixed),
        ("W. Europe Standard Time", "Europe/Berlin", Windows),
        ("w. europe standard time", "Europe/Berlin", Windows),
        ("FLE Standard Time", "Europe/Kyiv", Windows),
        ("India Standard Time", "Asia/Kolkata", Windows),
        ("Nepal Standard Time", "Asia/Kathmandu", Windows),
        ("Eastern Standard Time 1", "America/New_York", Windows),
        ("Eastern Daylight Time", "America/New_York", Windows),
        ("South Sudan Standard Time", "Africa/Juba", Windows),
        ("UTC-11", "Etc/GMT+11", Windows),
        ("(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "Europe/Berlin", DisplayName),
        ("(UTC+01:00) Amsterdam\\, Berlin\\, Bern\\, Rom\\, Stockholm\\, Wien", "Europe/Berlin", DisplayName),
        ("(GMT+01.00) Sarajevo/Warsaw/Zagreb", "Europe/Warsaw", DisplayName),
        ("(GMT-05:00) Eastern Time (US & Canada)", "America/New_York", DisplayName),
        ("(UTC+00:00) Dublin, Edinburgh, Lisbon, London", "Europe/London", DisplayName),
        ("(UTC-03:00) Brasília", "America/Sao_Paulo", DisplayName),
        ("Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "Europe/Berlin", DisplayName),
        ("GMT+0100", "Etc/GMT-1", FixedOffset),
        ("UTC+1", "Etc/GMT-1", FixedOffset),
        ("UTC-05:00", "Etc/GMT+5", FixedOffset),
        ("(GMT +01:00)", "Etc/GMT-1", FixedOffset),
        ("GMT-1", "Etc/GMT+1", FixedOffset),
        ("Z", "Etc/UTC", FixedOffset),
    ] {
        let found = resolve(tzid, None).unwrap_or_else(|| panic!("{tzid}"));
        assert_eq!((found.zone.iana_name().as_deref(), found.rung), (Some(name), rung), "{tzid}");
    }
    for unknown in [
        "",
        "tzone://Microsoft/Custom",
        "Customized Time Zone",
        "Custom Time Zone",
        "Eastern",
        "Factory",
        "(UTC+01:00) Nowhere",
        "UTC+99",
        "Mitteleuropäische Zeit",
    ] {
        assert!(resolve(unknown, None).is_none(), "{unknown}");
    }
}

#[test]
fn the_sign_of_etc_names_is_not_the_sign_of_offsets() {
    let at = date(2024, 1, 1).at(0, 0, 0, 0);
    for (tzid, hours) in [("Etc/GMT-1", 1), ("GMT-1", -1), ("UTC+1", 1), ("UTC+12", 12), ("UTC-02", -2)] {
        assert_eq!(resolve(tzid, None).unwrap().zone.offset_at_local(at).seconds(), hours * 3600, "{tzid}");
    }
}

#[test]
fn a_vtimezone_names_its_zone_by_location_or_by_rules() {
    let located = zone_of(&format!("TZID:x\nX-LIC-LOCATION:Europe/Vienna\n{EU}"));
    let found = resolve("x", Some(&located)).unwrap();
    assert_eq!((found.zone.iana_name().as_deref(), found.rung), (Some("Europe/Vienna"), Rung::Location));
    for (tzid, name) in
        [("tzone://Microsoft/Custom", "Europe/Berlin"), ("Mitteleuropäische Zeit", "Europe/Berlin"), ("Paris time", "Europe/Paris")]
    {
        let found = resolve(tzid, Some(&zone_of(&format!("TZID:{tzid}\n{EU}")))).unwrap();
        assert_eq!((found.zone.iana_name().as_deref(), found.rung), (Some(name), Rung::SameRules), "{tzid}");
    }
    let named = zone_of(&format!("TZID:Asia/Tokyo\n{EU}"));
    assert_eq!(resolve("Asia/Tokyo", Some(&named)).unwrap().zone.iana_name().as_deref(), Some("Asia/Tokyo"), "the name beats the rules");
}

#[test]
fn rules_are_compared_in_the_years_of_use() {
    // The rules of the United States until 2006.
    let old = zone_of(
        "TZID:Eastern\nBEGIN:STANDARD\nDTSTART:19671029T020000\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nTZOFFSETFROM:-0400\nTZOFFSETTO:-0500\nTZNAME:EST\nEND:STANDARD\n\
         BEGIN:DAYLIGHT\nDTSTART:19870405T020000\nRRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=4\nTZOFFSETFROM:-0500\nTZOFFSETTO:-0400\nTZNAME:EDT\nEND:DAYLIGHT",
    );
    let then = resolve_in("Eastern", Some(&old), 1998..=1999).unwrap();
    assert_eq!((then.zone.iana_name().as_deref(), then.rung), (Some("America/New_York"), Rung::SameRules));
    let today = resolve("Eastern", Some(&old)).unwrap();
    assert_eq!(today.rung, Rung::OwnRules);
    assert_eq!(today.zone.iana_name(), None);
    assert_eq!(today.zone.offset_at_local(date(2026, 3, 20).at(12, 0, 0, 0)).seconds(), -5 * 3600, "no daylight time before April");
    assert_eq!(today.zone.offset_at_local(date(2026, 4, 20).at(12, 0, 0, 0)).seconds(), -4 * 3600);
}

#[test]
fn rules_without_changes_are_an_offset() {
    let fixed =
        zone_of("TZID:Customized Time Zone\nBEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:+0300\nTZOFFSETTO:+0300\nEND:STANDARD");
    let found = resolve("Customized Time Zone", Some(&fixed)).unwrap();
    assert!(matches!(found.zone, Zone::Fixed(offset) if offset.seconds() == 3 * 3600));
    let half = zone_of("TZID:x\nBEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:+0530\nTZOFFSETTO:+0530\nEND:STANDARD");
    assert_eq!(resolve("x", Some(&half)).unwrap().zone.iana_name().as_deref(), Some("Asia/Kolkata"));
}

#[test]
fn own_rules_are_kept_verbatim_and_compute() {
    let text = "TZID:Own\nX-KEPT:yes\nBEGIN:STANDARD\nDTSTART:20000101T000000\nTZOFFSETFROM:-003645\nTZOFFSETTO:+005730\nRDATE:20100101T000000,20200601T000000\nEND:STANDARD\n\
                BEGIN:DAYLIGHT\nDTSTART:20050301T000000\nTZOFFSETFROM:+5730\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=1;UNTIL=20150301\nEND:DAYLIGHT";
    let component = zone_of(text);
    let own = VTimeZone::read(&component).unwrap();
    assert!(own.is_complete());
    assert_eq!(own.tzid(), "Own");
    assert_eq!(own.component().to_bytes(LineEnd::CrLf), component.to_bytes(LineEnd::CrLf));
    for (year, month, seconds) in [
        (1999, 1, -2205),
        (2003, 1, 3450),
        (2005, 2, 3450),
        (2005, 4, 7200),
        (2010, 2, 3450),
        (2010, 4, 7200),
        (2019, 1, 7200),
        (2021, 1, 3450),
    ] {
        assert_eq!(own.offset_at_local(date(year, month, 15).at(0, 0, 0, 0)).seconds(), seconds, "{year}-{month}");
    }
}

#[test]
fn gaps_and_folds_take_the_offset_before() {
    let own = VTimeZone::read(&zone_of(&format!("TZID:x\n{EU}"))).unwrap();
    let berlin = Zone::iana("Europe/Berlin").unwrap();
    for (month, day, hour, minute, hours) in [
        (3, 31, 1, 59, 1),
        (3, 31, 2, 0, 1),
        (3, 31, 2, 59, 1),
        (3, 31, 3, 0, 2),
        (10, 27, 1, 59, 2),
        (10, 27, 2, 30, 2),
        (10, 27, 3, 0, 1),
    ] {
        let local = date(2024, month, day).at(hour, minute, 0, 0);
        assert_eq!(own.offset_at_local(local).seconds(), hours * 3600, "{local}");
        assert_eq!(berlin.offset_at_local(local).seconds(), hours * 3600, "{local}");
    }
}

#[test]
fn shapes_that_programs_write_are_understood() {
    let base = Zone::iana("Europe/Berlin").unwrap();
    for (what, standard, daylight) in [
        ("Lotus Notes", "FREQ=YEARLY;BYMINUTE=0;BYHOUR=3;BYDAY=-1SU;BYMONTH=10", "FREQ=YEARLY;BYMINUTE=0;BYHOUR=2;BYDAY=-1SU;BYMONTH=3"),
        ("BYSETPOS", "FREQ=YEARLY;BYMONTH=10;BYDAY=SU;BYSETPOS=-1", "FREQ=YEARLY;BYMONTH=3;BYDAY=SU;BYSETPOS=-1"),
        (
            "days of month",
            "FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=25,26,27,28,29,30,31;BYDAY=SU",
            "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=-7,-6,-5,-4,-3,-2,-1;BYDAY=SU",
        ),
        ("month of DTSTART", "FREQ=YEARLY;BYDAY=-1SU", "FREQ=YEARLY;BYDAY=-1SU"),
    ] {
        let text = format!(
            "TZID:x\nBEGIN:STANDARD\nDTSTART:19701025T030000\nTZOFFSETFROM:+02:00\nTZOFFSETTO:+1\nRRULE:{standard}\nEND:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:19700329T020000\nTZOFFSETFROM:0100\nTZOFFSETTO:+0200\nRRULE:{daylight}\nEND:DAYLIGHT"
        );
        let own = VTimeZone::read(&zone_of(&text)).unwrap();
        assert!(own.is_complete(), "{what}");
        for day in 0..3650 {
            let local = date(2015, 1, 1).at(12, 0, 0, 0).checked_add(jiff::Span::new().days(day)).unwrap();
            assert_eq!(own.offset_at_local(local), base.offset_at_local(local), "{what} {local}");
        }
    }
    let odd =
        zone_of("TZID:x\nBEGIN:STANDARD\nDTSTART:19701025T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nRRULE:FREQ=DAILY\nEND:STANDARD");
    assert!(!VTimeZone::read(&odd).unwrap().is_complete());
}

#[test]
fn a_tzid_finds_its_vtimezone_in_another_spelling() {
    let document =
        Document::parse("BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:(UTC+01:00) Amsterdam\\, Berlin\nEND:VTIMEZONE\nEND:VCALENDAR\n").unwrap();
    let calendar = document.component("VCALENDAR").unwrap();
    assert!(find(calendar, "\"(UTC+01:00) Amsterdam, Berlin\"").is_some());
    assert!(find(calendar, "(utc+01:00) amsterdam\\, berlin").is_some());
    assert!(find(calendar, "Berlin").is_none());
}

#[test]
fn every_windows_name_has_a_zone_and_every_zone_of_use_a_windows_name() {
    for (iana, windows) in [
        ("Europe/Vienna", "W. Europe Standard Time"),
        ("Europe/Kyiv", "FLE Standard Time"),
        ("Europe/Kiev", "FLE Standard Time"),
        ("Asia/Calcutta", "India Standard Time"),
        ("asia/kolkata", "India Standard Time"),
        ("US/Eastern", "Eastern Standard Time"),
        ("America/Nuuk", "Greenland Standard Time"),
        ("Etc/UTC", "UTC"),
        ("UTC", "UTC"),
        ("Etc/GMT-13", "UTC+13"),
        ("Asia/Ho_Chi_Minh", "SE Asia Standard Time"),
    ] {
        assert_eq!(windows_name(iana), Some(windows), "{iana}");
    }
    assert_eq!(windows_name("Mars/Olympus"), None);
    let database = TimeZoneDatabase::bundled();
    let mut without = Vec::new();
    for name in database.available() {
        match windows_name(name.as_str()) {
            Some(windows) => assert!(database.get(windows_default(windows).unwrap()).is_ok(), "{windows}"),
            None => without.push(name.to_string()),
        }
    }
    // Troll has a rule of its own; the others are abbreviations that name no place, and "no zone".
    without.retain(|name| name.contains('/') && !name.starts_with("Etc/"));
    assert_eq!(without, ["Antarctica/Troll"]);
}

const ZONES: [&str; 46] = [
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Lisbon",
    "Europe/Moscow",
    "Europe/Istanbul",
    "Europe/Kyiv",
    "Europe/Chisinau",
    "Atlantic/Azores",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "Africa/Windhoek",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Asia/Jerusalem",
    "Asia/Gaza",
    "Asia/Beirut",
    "Asia/Tokyo",
    "Asia/Shanghai",
    "Asia/Pyongyang",
    "Asia/Almaty",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Australia/Adelaide",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Pacific/Fiji",
    "Pacific/Kiritimati",
    "America/New_York",
    "America/Los_Angeles",
    "America/Phoenix",
    "America/St_Johns",
    "America/Mexico_City",
    "America/Havana",
    "America/Santiago",
    "America/Asuncion",
    "America/Sao_Paulo",
    "America/Nuuk",
    "America/Caracas",
    "America/Scoresbysund",
    "Antarctica/Troll",
    "Etc/UTC",
];

#[test]
fn a_written_vtimezone_has_the_offsets_of_its_zone() {
    for name in ZONES {
        let zone = Zone::iana(name).unwrap();
        for first in [1995_i16, 2024] {
            let earliest: Timestamp = format!("{first}-06-15T12:00:00Z").parse().unwrap();
            let written = Document::from(vtimezone(name, earliest).unwrap()).to_bytes();
            let read = VTimeZone::read(Document::parse(written).unwrap().component("VTIMEZONE").unwrap()).unwrap();
            assert!(read.is_complete(), "{name}");
            let end: Timestamp = "2065-01-01T00:00:00Z".parse().unwrap();
            let mut at = earliest;
            while at < end {
                assert_eq!(read.offset_at(at), zone.offset_at(at), "{name} from {first} at {at}");
                at = at.checked_add(jiff::Span::new().hours(499)).unwrap();
            }
            // Around every change, to the second, by instant and by local time.
            let Zone::Iana { rules, .. } = &zone else { panic!("{name}") };
            for change in rules.following(earliest).take_while(|change| change.timestamp() < end) {
                for seconds in [-7200, -3600, -1, 0, 1, 1800, 3600] {
                    let at = change.timestamp().checked_add(jiff::Span::new().seconds(seconds)).unwrap();
                    assert_eq!(read.offset_at(at), zone.offset_at(at), "{name} from {first} at {at}");
                    let local = zone.to_local(at);
                    assert_eq!(read.offset_at_local(local), zone.offset_at_local(local), "{name} from {first} at local {local}");
                }
            }
        }
    }
}

#[test]
fn a_written_vtimezone_is_small_and_ends_its_old_rules() {
    let earliest: Timestamp = "2005-01-01T00:00:00Z".parse().unwrap();
    let text = String::from_utf8(Document::from(vtimezone("America/New_York", earliest).unwrap()).to_bytes()).unwrap();
    let expected = "BEGIN:VTIMEZONE
TZID:America/New_York
BEGIN:STANDARD
DTSTART:20041031T020000
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
TZNAME:EST
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU;UNTIL=20061029T060000Z
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20050403T020000
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
TZNAME:EDT
RDATE:20060402T020000
END:DAYLIGHT
BEGIN:DAYLIGHT
DTSTART:20070311T020000
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
TZNAME:EDT
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:20071104T020000
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
TZNAME:EST
RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
END:STANDARD
END:VTIMEZONE
";
    assert_eq!(text.replace("\r\n", "\n"), expected);
    let today: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    for name in ["Europe/Berlin", "America/New_York", "Asia/Jerusalem", "America/Nuuk"] {
        assert_eq!(vtimezone(name, today).unwrap().components().count(), 2, "{name}");
    }
    for name in ["Asia/Kolkata", "Etc/UTC", "America/Phoenix"] {
        assert_eq!(vtimezone(name, today).unwrap().components().count(), 1, "{name}");
    }
    let kept = vtimezone_as("W. Europe Standard Time", "Europe/Berlin", today).unwrap();
    assert_eq!(kept.line("TZID").unwrap().value(), "W. Europe Standard Time");
    assert_eq!(kept.line("X-LIC-LOCATION").unwrap().value(), "Europe/Berlin");
    assert!(vtimezone("Mars/Olympus", today).is_err());
}
