//! Resources in the style of several programs: what is read, and what an edit leaves alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use jiff::civil::{date, datetime};
use pimkit_core::{AlertAction, Event, FreeBusy, Kind, Override, ParticipationStatus, Privacy, Progress, Record, Task, Trigger, When};
use pimkit_formats::icalendar::{join_calendar, split_calendar};
use pimkit_formats::{FormatError, InlineBlobs, TextRecord};

mod icalendar_support;
use icalendar_support::*;

/// A weekly series as Google's CalDAV gives it: master, one moved occurrence, excluded dates.
const GOOGLE: &str = "BEGIN:VCALENDAR\r
PRODID:-//Google Inc//Google Calendar 70.9054//EN\r
VERSION:2.0\r
CALSCALE:GREGORIAN\r
BEGIN:VTIMEZONE\r
TZID:Europe/Vienna\r
X-LIC-LOCATION:Europe/Vienna\r
BEGIN:DAYLIGHT\r
TZOFFSETFROM:+0100\r
TZOFFSETTO:+0200\r
TZNAME:CEST\r
DTSTART:19700329T020000\r
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r
END:DAYLIGHT\r
BEGIN:STANDARD\r
TZOFFSETFROM:+0200\r
TZOFFSETTO:+0100\r
TZNAME:CET\r
DTSTART:19701025T030000\r
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r
END:STANDARD\r
END:VTIMEZONE\r
BEGIN:VEVENT\r
DTSTART;TZID=Europe/Vienna:20260302T090000\r
DTEND;TZID=Europe/Vienna:20260302T100000\r
RRULE:FREQ=WEEKLY;WKST=MO;UNTIL=20260701;INTERVAL=1;BYDAY=MO\r
EXDATE;TZID=Europe/Vienna:20260316T090000,20260323T090000\r
DTSTAMP:20260101T000000Z\r
ORGANIZER;CN=Boss:mailto:boss@example.org\r
UID:abc@google.com\r
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;CN=\"Doe, \r
 Jane\";X-NUM-GUESTS=0:mailto:jane@example.org\r
ATTENDEE;CUTYPE=ROOM;ROLE=OPT-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:MAILTO:room@example.org\r
X-GOOGLE-CONFERENCE:https://meet.google.com/abc-defg-hij\r
CREATED:20251201T080000Z\r
DESCRIPTION:as ever\\, \\n<b>really</b>\r
LAST-MODIFIED:20260101T000000Z\r
SEQUENCE:2\r
STATUS:CONFIRMED\r
SUMMARY:Jour fixe\r
TRANSP:OPAQUE\r
BEGIN:VALARM\r
ACTION:DISPLAY\r
DESCRIPTION:This is an event reminder\r
TRIGGER:-P0DT0H10M0S\r
END:VALARM\r
END:VEVENT\r
BEGIN:VEVENT\r
DTSTART;TZID=Europe/Vienna:20260310T110000\r
DTEND;TZID=Europe/Vienna:20260310T120000\r
DTSTAMP:20260101T000000Z\r
ORGANIZER;CN=Boss:mailto:boss@example.org\r
UID:abc@google.com\r
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;CN=\"Doe, \r
 Jane\";X-NUM-GUESTS=0:mailto:jane@example.org\r
ATTENDEE;CUTYPE=ROOM;ROLE=OPT-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:MAILTO:room@example.org\r
X-GOOGLE-CONFERENCE:https://meet.google.com/abc-defg-hij\r
RECURRENCE-ID;TZID=Europe/Vienna:20260309T090000\r
CREATED:20251201T080000Z\r
DESCRIPTION:as ever\\, \\n<b>really</b>\r
LAST-MODIFIED:20260101T000000Z\r
SEQUENCE:3\r
STATUS:CONFIRMED\r
SUMMARY:Jour fixe\r
TRANSP:OPAQUE\r
BEGIN:VALARM\r
ACTION:DISPLAY\r
DESCRIPTION:This is an event reminder\r
TRIGGER:-P0DT0H10M0S\r
END:VALARM\r
END:VEVENT\r
END:VCALENDAR\r
";

#[test]
fn a_series_of_google_is_one_record() {
    let event = read(GOOGLE.as_bytes());
    assert_eq!((event.uid.as_deref(), event.title.as_deref()), (Some("abc@google.com"), Some("Jour fixe")));
    assert_eq!(event.description.as_deref(), Some("as ever, \n<b>really</b>"));
    assert_eq!((event.start.clone(), event.end.clone()), (Some(vienna(2, 9)), Some(vienna(2, 10))));
    assert_eq!((event.sequence, event.free_busy_status), (2, Some(FreeBusy::Busy)));
    assert_eq!(event.participants[0].name.as_deref(), Some("Doe, Jane"));
    assert_eq!(event.participants[0].participation_status, ParticipationStatus::Accepted);
    assert_eq!((event.participants[1].kind.as_deref(), event.participants[1].expect_reply), (Some("location"), true));
    assert_eq!(event.participants[1].address, "room@example.org");
    assert!(event.participants[1].roles.contains("optional"));
    assert_eq!(event.virtual_locations[0].uri, "https://meet.google.com/abc-defg-hij");
    assert_eq!((event.alerts[0].trigger, event.alerts[0].action), (Trigger::Start(-600), AlertAction::Display));
    let overrides = &event.recurrence_overrides;
    assert_eq!((&overrides[&id(16, 9)], &overrides[&id(23, 9)]), (&Override::Excluded, &Override::Excluded));
    let Override::Changed(moved) = &overrides[&id(9, 9)] else { panic!() };
    assert_eq!(moved.keys().map(|k| k.as_str()).collect::<Vec<_>>(), ["end", "start"]);
}

#[test]
fn a_new_title_touches_the_title_of_master_and_override_only() {
    let after = patch::<Event>(GOOGLE.as_bytes(), |e| e.title = Some("Monday".into()));
    let expected = ["-SUMMARY:Jour fixe", "-SUMMARY:Jour fixe", "+SUMMARY:Monday", "+SUMMARY:Monday"];
    assert_eq!(changes(GOOGLE.as_bytes(), &after), expected);
}

#[test]
fn an_answer_touches_one_attendee_and_keeps_its_other_parameters() {
    let after = patch::<Event>(GOOGLE.as_bytes(), |e| e.participants[0].participation_status = ParticipationStatus::Declined);
    assert_eq!(after.matches("PARTSTAT=DECLINED;CN=\"Doe, Jane\";X-NUM-GUESTS=0").count(), 0, "the line is folded");
    let unfolded = after.replace("\r\n ", "");
    assert_eq!(unfolded.matches("PARTSTAT=DECLINED;CN=\"Doe, Jane\";X-NUM-GUESTS=0:mailto:jane@example.org").count(), 2);
    assert!(after.contains("RSVP=TRUE:MAILTO:room@example.org\r\n"));
    assert!(after.contains("SEQUENCE:2\r\n"), "an answer is no rescheduling");
}

#[test]
fn an_override_alone_leaves_the_master_its_bytes() {
    let after = patch::<Event>(GOOGLE.as_bytes(), |e| {
        let Some(Override::Changed(fields)) = e.recurrence_overrides.get_mut(&id(9, 9)) else { panic!() };
        fields.insert("title".into(), "Later".into());
    });
    assert_eq!(changes(GOOGLE.as_bytes(), &after), ["-SUMMARY:Jour fixe", "+SUMMARY:Later"]);
    let master = |text: &str| text.split("END:VEVENT").next().unwrap().to_owned();
    assert_eq!(master(&after), master(GOOGLE), "stamps too");
}

#[test]
fn a_date_that_takes_place_again_leaves_its_list_and_one_more_excluded_gets_a_line() {
    let after = patch::<Event>(GOOGLE.as_bytes(), |e| {
        e.recurrence_overrides.remove(&id(16, 9));
        e.recurrence_overrides.insert(id(30, 9), Override::Excluded);
    });
    let expected = [
        "-EXDATE;TZID=Europe/Vienna:20260316T090000,20260323T090000",
        "-SEQUENCE:2",
        "+EXDATE;TZID=Europe/Vienna:20260323T090000",
        "+EXDATE;TZID=Europe/Vienna:20260330T090000",
        "+SEQUENCE:3",
    ];
    let mut found = changes(GOOGLE.as_bytes(), &after);
    found.sort();
    let mut expected = expected.map(str::to_owned);
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn an_override_that_is_excluded_goes_and_one_that_is_dropped_goes_too() {
    for excluded in [true, false] {
        let after = patch::<Event>(GOOGLE.as_bytes(), |e| {
            e.recurrence_overrides.remove(&id(9, 9));
            if excluded {
                e.recurrence_overrides.insert(id(9, 9), Override::Excluded);
            }
        });
        assert_eq!(after.matches("BEGIN:VEVENT").count(), 1);
        assert_eq!(after.contains("EXDATE;TZID=Europe/Vienna:20260309T090000"), excluded);
    }
}

#[test]
fn an_excluded_occurrence_with_a_component_of_its_own_keeps_it() {
    // Seen in exports of Apple's calendar of 2004: EXDATE and RECURRENCE-ID of the same day.
    let one = "BEGIN:VEVENT\nUID:u\nRECURRENCE-ID;VALUE=DATE:20260309\nDTSTART;VALUE=DATE:20260310\nSUMMARY:moved\nEND:VEVENT\n";
    let text = calendar(&format!(
        "BEGIN:VEVENT\nUID:u\nDTSTART;VALUE=DATE:20260302\nRRULE:FREQ=WEEKLY\nEXDATE;VALUE=DATE:20260309\nSUMMARY:all\nEND:VEVENT\n{one}"
    ));
    assert_eq!(read(&text).recurrence_overrides[&id(9, 0)], Override::Excluded);
    let after = patch::<Event>(&text, |e| e.title = Some("each".into()));
    assert_eq!(changes(&text, &after), ["-SUMMARY:all", "+SUMMARY:each"]);
    let after = patch::<Event>(&text, |e| e.recurrence_overrides.clear());
    assert!(!after.contains("RECURRENCE-ID") && !after.contains("EXDATE"), "neither says anything any more");
    let after = patch::<Event>(&text, |e| {
        e.recurrence_overrides.insert(id(9, 0), Override::Changed([("title".into(), "back".into())].into()));
    });
    assert!(after.contains("SUMMARY:back") && !after.contains("EXDATE"));
}

#[test]
fn a_new_override_is_the_master_with_what_differs() {
    let text = GOOGLE.replace("SUMMARY:Jour fixe\r\n", "SUMMARY:Jour fixe\r\nX-ALT-DESC;FMTTYPE=text/html:<i>kept</i>\r\n");
    let after = patch::<Event>(text.as_bytes(), |e| {
        e.recurrence_overrides.insert(id(30, 9), Override::Changed([("title".into(), "Only here".into())].into()));
    });
    let last = after.rsplit("BEGIN:VEVENT").next().unwrap();
    assert!(last.contains("RECURRENCE-ID;TZID=Europe/Vienna:20260330T090000\r\n"), "{last}");
    assert!(
        last.contains("DTSTART;TZID=Europe/Vienna:20260330T090000\r\n") && last.contains("DTEND;TZID=Europe/Vienna:20260330T100000\r\n")
    );
    assert!(last.contains("SUMMARY:Only here\r\n") && last.contains("X-ALT-DESC;FMTTYPE=text/html:<i>kept</i>\r\n"));
    assert!(!last.contains("RRULE") && !last.contains("EXDATE"));
    assert!(!after.contains("RDATE"), "the rules make that date");
}

#[test]
fn a_series_that_moves_takes_its_overrides_along() {
    let base = read(GOOGLE.as_bytes());
    let after = patch::<Event>(GOOGLE.as_bytes(), |e| {
        let later = vienna(2, 10);
        e.recurrence_overrides = pimkit_core::series::shifted(&base.recurrence_overrides, &vienna(2, 9), &later);
        e.start = Some(later);
        e.end = Some(vienna(2, 11));
    });
    assert_eq!(after.matches("BEGIN:VEVENT").count(), 2);
    assert!(after.contains("RECURRENCE-ID;TZID=Europe/Vienna:20260309T100000\r\n"), "{after}");
    assert!(!after.contains("T090000"), "{after}");
    assert!(after.contains("X-NUM-GUESTS=0"), "the override's own lines stay");
}

/// As Exchange writes it: Windows zone with its rules, no IANA name, UNTIL in UTC, busy status of its own.
const OUTLOOK: &str = "BEGIN:VCALENDAR
METHOD:PUBLISH
PRODID:Microsoft Exchange Server 2010
VERSION:2.0
BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
RRULE:FREQ=DAILY;UNTIL=20260305T080000Z;INTERVAL=1;X-OWN=1
EXDATE:20260303T080000Z
UID:040000008200E00074C5B7101A82E008
SUMMARY;LANGUAGE=de-DE:Besprechung
DTSTART;TZID=W. Europe Standard Time:20260302T090000
DTEND;TZID=W. Europe Standard Time:20260302T093000
CLASS:PRIVATE
PRIORITY:5
DTSTAMP:20260101T000000Z
TRANSP:OPAQUE
STATUS:CONFIRMED
SEQUENCE:0
LOCATION;LANGUAGE=de-DE:Zimmer 1
X-MICROSOFT-CDO-BUSYSTATUS:BUSY
X-ALT-DESC;FMTTYPE=text/html:<html>x</html>
BEGIN:VALARM
DESCRIPTION:REMINDER
TRIGGER;RELATED=START:-PT15M
ACTION:DISPLAY
END:VALARM
END:VEVENT
END:VCALENDAR
";

#[test]
fn a_windows_zone_is_its_iana_zone_and_keeps_its_spelling() {
    let event = read(OUTLOOK.as_bytes());
    assert_eq!(event.start, Some(When::zoned(datetime(2026, 3, 2, 9, 0, 0, 0), "Europe/Berlin")));
    assert_eq!(event.start.as_ref().unwrap().zone().unwrap().spelling.as_deref(), Some("W. Europe Standard Time"));
    assert_eq!(event.recurrence_overrides.keys().collect::<Vec<_>>(), [&id(3, 9)], "EXDATE in UTC names an occurrence of the zone");
    assert_eq!((event.privacy, event.priority), (Some(Privacy::Private), Some(5)));
    let after = patch::<Event>(OUTLOOK.as_bytes(), |e| e.end = Some(When::zoned(datetime(2026, 3, 2, 10, 0, 0, 0), "Europe/Berlin")));
    assert!(after.contains("DTEND;TZID=W. Europe Standard Time:20260302T100000\n"), "the resource's own TZID is used");
    assert!(after.contains("RRULE:FREQ=DAILY;UNTIL=20260305T080000Z;INTERVAL=1;X-OWN=1\n"), "an untouched rule keeps its bytes");
    assert!(after.contains("METHOD:PUBLISH\n") && after.contains("SEQUENCE:1\n"));
}

#[test]
fn a_rule_written_anew_keeps_the_parts_nobody_knows() {
    let after = patch::<Event>(OUTLOOK.as_bytes(), |e| e.recurrence_rules[0].interval = Some(2));
    assert!(after.contains("RRULE:FREQ=DAILY;INTERVAL=2;UNTIL=20260305T080000Z;X-OWN=1\n"), "{after}");
}

#[test]
fn a_zone_that_a_patch_brings_in_gets_its_vtimezone() {
    let after = patch::<Event>(OUTLOOK.as_bytes(), |e| e.end = Some(When::zoned(datetime(2026, 3, 2, 20, 0, 0, 0), "Asia/Tokyo")));
    assert!(after.contains("TZID:Asia/Tokyo\n") && after.contains("DTEND;TZID=Asia/Tokyo:20260302T200000\n"));
    assert!(after.find("TZID:Asia/Tokyo").unwrap() < after.find("BEGIN:VEVENT").unwrap());
}

#[test]
fn a_zone_of_its_own_rules_carries_them_and_takes_them_elsewhere() {
    let text = calendar(
        "BEGIN:VTIMEZONE\nTZID:Customized Time Zone\nBEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:+0217\nTZOFFSETTO:+0217\nEND:STANDARD\nEND:VTIMEZONE\nBEGIN:VEVENT\nUID:u\nDTSTART;TZID=\"Customized Time Zone\":20260302T090000\nRRULE:FREQ=DAILY;UNTIL=20260305T064300Z\nEND:VEVENT",
    );
    let event = read(&text);
    let zone = event.start.as_ref().unwrap().zone().unwrap();
    assert!(zone.rules.as_deref().unwrap().contains("TZOFFSETTO:+0217\r\n"));
    let days = pimkit_formats::recurrence::occurrences(&event, datetime(2026, 1, 1, 0, 0, 0, 0), 99).unwrap();
    assert_eq!(days.len(), 4, "UNTIL is read by the zone's own rules");
    let authored = Event::author(&event, &options(), &InlineBlobs::new()).unwrap();
    assert_eq!(read(&authored).start, event.start);
    assert!(String::from_utf8(authored).unwrap().contains("TZOFFSETTO:+0217"));
}

#[test]
fn apples_lines_and_its_silent_alarm_stay() {
    let text = event(
        "SUMMARY:Lunch\nDTSTART;TZID=Europe/Vienna:20260302T120000\nDURATION:PT1H\nLOCATION:Cafe\\nMain street\nGEO:48.2;16.37\nX-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-TITLE=\"Cafe, x\":geo:48.2,16.37\nX-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC\nBEGIN:VALARM\nUID:A1\nX-WR-ALARMUID:A1\nTRIGGER;VALUE=DATE-TIME:19760401T005545Z\nACTION:NONE\nEND:VALARM\nBEGIN:VALARM\nUID:A2\nTRIGGER:-PT2D\nACKNOWLEDGED:20260101T000000Z\nACTION:AUDIO\nATTACH;VALUE=URI:Chord\nEND:VALARM",
    );
    let read = read(&text);
    assert_eq!(read.end, Some(vienna(2, 13)));
    assert_eq!(read.locations[0].name.as_deref(), Some("Cafe\nMain street"));
    assert_eq!(read.locations[0].coordinates.as_deref(), Some("geo:48.2,16.37"));
    assert_eq!(read.alerts.len(), 1, "a silent alarm is no alert");
    assert_eq!(read.alerts[0].trigger, Trigger::Start(-2 * 86_400));
    assert!(read.links.is_empty(), "the sound of an alarm is no link of the event");
    let after = patch::<Event>(&text, |e| {
        e.start = Some(vienna(3, 12));
        e.end = Some(vienna(3, 13));
    });
    assert_eq!(
        changes(&text, &after),
        ["-DTSTART;TZID=Europe/Vienna:20260302T120000", "+DTSTART;TZID=Europe/Vienna:20260303T120000", "+SEQUENCE:1"],
        "DURATION still says the end"
    );
    let after = patch::<Event>(&text, |e| e.alerts[0].trigger = Trigger::Start(-900));
    assert_eq!(changes(&text, &after), ["-TRIGGER:-PT2D", "-ACKNOWLEDGED:20260101T000000Z", "+TRIGGER:-PT15M"]);
}

#[test]
fn whole_days_are_read_in_every_shape() {
    let first = When::all_day(date(2026, 3, 2));
    let next = Some(When::all_day(date(2026, 3, 3)));
    let cases = [
        ("DTSTART;VALUE=DATE:20260302", None),
        ("DTSTART;VALUE=DATE:20260302\nDTEND;VALUE=DATE:20260303", next.clone()),
        ("DTSTART;VALUE=DATE:20260302\nDTEND;VALUE=DATE:20260302", next.clone()),
        ("DTSTART;VALUE=DATE:20260302\nDURATION:P1D", next.clone()),
        ("DTSTART:20260302\nDTEND:20260303T000000", next.clone()),
        ("DTSTART;VALUE=DATE:20260302T000000\nDTEND:20260302T170000", next.clone()),
        ("DTSTART;TZID=Europe/Vienna:20260302T000000\nDTEND;TZID=Europe/Vienna:20260303T000000\nX-MICROSOFT-CDO-ALLDAYEVENT:TRUE", next),
    ];
    for (lines, end) in cases {
        let found = read(&event(lines));
        assert_eq!((found.start, found.end), (Some(first.clone()), end), "{lines}");
    }
}

#[test]
fn odd_ends_of_timed_events_are_repaired() {
    let cases = [
        ("DTEND;VALUE=DATE:20260303", When::zoned(datetime(2026, 3, 3, 0, 0, 0, 0), VIENNA)),
        ("DTEND:20260302T100000", vienna(2, 10)),
        ("DTEND;TZID=Europe/Vienna:20260302T080000", vienna(2, 9)),
        ("DTEND:20260302T090000Z", When::zoned(datetime(2026, 3, 2, 9, 0, 0, 0), "UTC")),
        ("DURATION:P1D", vienna(3, 9)),
        ("DTEND;TZID=Europe/Vienna:20260302T110000\nDURATION:PT1H", vienna(2, 11)),
    ];
    for (end, expected) in cases {
        let found = read(&event(&format!("DTSTART;TZID=Europe/Vienna:20260302T090000\n{end}")));
        assert_eq!(found.end, Some(expected), "{end}");
    }
}

#[test]
fn a_nominal_day_and_24_hours_differ_when_clocks_change() {
    let of = |duration: &str| read(&event(&format!("DTSTART;TZID=Europe/Vienna:20260328T120000\nDURATION:{duration}"))).end.unwrap().wall();
    assert_eq!(of("P1D"), datetime(2026, 3, 29, 12, 0, 0, 0));
    assert_eq!(of("PT24H"), datetime(2026, 3, 29, 13, 0, 0, 0));
}

#[test]
fn dates_that_are_added_are_read_in_every_shape() {
    let text = event(
        "DTSTART;TZID=Europe/Vienna:20260302T090000\nDTEND;TZID=Europe/Vienna:20260302T100000\nRRULE:FREQ=WEEKLY\nRDATE;TZID=Europe/Vienna:20260304T090000,20260305T090000\nRDATE:20260306T080000Z\nRDATE;VALUE=PERIOD;TZID=Europe/Vienna:20260307T090000/PT3H,20260308T090000/20260308T100000\nEXDATE;VALUE=DATE:20260316",
    );
    let found = read(&text);
    let overrides = &found.recurrence_overrides;
    for day in [4, 5, 6, 8] {
        assert_eq!(overrides[&id(day, 9)], Override::added(), "{day}");
    }
    assert_eq!(overrides[&id(7, 9)].get("end").unwrap()["at"], "2026-03-07T12:00:00");
    assert_eq!(overrides[&id(16, 9)], Override::Excluded, "a date excludes the occurrence of that day");
    let after = patch::<Event>(&text, |e| {
        e.recurrence_overrides.remove(&id(5, 9));
    });
    let expected =
        ["-RDATE;TZID=Europe/Vienna:20260304T090000,20260305T090000", "+RDATE;TZID=Europe/Vienna:20260304T090000", "+SEQUENCE:1"];
    assert_eq!(changes(&text, &after), expected);
    let after = patch::<Event>(&text, |e| {
        e.recurrence_overrides.insert(id(7, 9), Override::Changed([("title".into(), "Now by name".into())].into()));
    });
    assert!(after.contains("SUMMARY:Now by name"));
}

#[test]
fn an_occurrence_changed_on_a_day_without_one_is_added_too() {
    let text = event("DTSTART:20260302T090000\nRRULE:FREQ=WEEKLY");
    let after = patch::<Event>(&text, |e| {
        e.recurrence_overrides.insert(id(4, 9), Override::Changed([("title".into(), "Extra".into())].into()));
    });
    assert!(after.contains("RDATE:20260304T090000\n") && after.contains("RECURRENCE-ID:20260304T090000\n"), "{after}");
}

#[test]
fn invitations_to_single_occurrences_are_one_record() {
    let one = |day: i8, title: &str| {
        format!(
            "BEGIN:VEVENT\nUID:u\nRECURRENCE-ID;TZID=Europe/Vienna:202603{day:02}T090000\nDTSTART;TZID=Europe/Vienna:202603{day:02}T100000\nSUMMARY:{title}\nRRULE:FREQ=DAILY\nX-OWN:{day}\nEND:VEVENT\n"
        )
    };
    let text = calendar(&format!("{}{}", one(9, "second"), one(2, "first")));
    let event = read(&text);
    assert_eq!((event.start.clone(), event.title.as_deref()), (Some(vienna(2, 10)), Some("first")));
    assert!(event.recurrence_rules.is_empty(), "a rule in an override means nothing");
    assert_eq!(event.recurrence_overrides.len(), 1);
    let after = patch::<Event>(&text, |e| e.title = Some("first of all".into()));
    assert_eq!(changes(&text, &after), ["-SUMMARY:first", "+SUMMARY:first of all"]);
    let mut target = event.clone();
    target.recurrence_overrides.insert(id(16, 9), Override::Excluded);
    let refused = Event::patch(&text, &event, &target, &options(), &InlineBlobs::new());
    assert!(matches!(refused, Err(FormatError::Unwritable { .. })), "{refused:?}");
}

#[test]
fn of_two_versions_of_an_override_the_later_counts() {
    let one = |sequence: u8, title: &str| {
        format!(
            "BEGIN:VEVENT\nUID:u\nRECURRENCE-ID:20260309T090000\nDTSTART:20260309T090000\nSEQUENCE:{sequence}\nSUMMARY:{title}\nEND:VEVENT\n"
        )
    };
    let master = "BEGIN:VEVENT\nUID:u\nDTSTART:20260302T090000\nRRULE:FREQ=WEEKLY\nEND:VEVENT\n";
    let text = calendar(&format!("{}{}{master}", one(2, "later"), one(1, "earlier")));
    assert_eq!(read(&text).recurrence_overrides[&id(9, 9)].get("title").unwrap(), "later");
    let gone = patch::<Event>(&text, |e| e.recurrence_overrides.clear());
    assert_eq!(gone.matches("BEGIN:VEVENT").count(), 1, "the earlier version does not come back");
}

#[test]
fn what_cannot_be_read_says_what_and_where() {
    let cases: Vec<(Vec<u8>, FormatError)> = vec![
        (calendar("BEGIN:VTODO\nUID:u\nEND:VTODO"), FormatError::OtherKind { found: Kind::Task }),
        (calendar("BEGIN:VJOURNAL\nUID:u\nEND:VJOURNAL"), FormatError::Nothing { component: "VEVENT" }),
        (calendar("BEGIN:VFREEBUSY\nUID:u\nEND:VFREEBUSY"), FormatError::Nothing { component: "VEVENT" }),
        (b"".to_vec(), FormatError::Nothing { component: "VCALENDAR" }),
        (b"BEGIN:VCARD\r\nEND:VCARD\r\n".to_vec(), FormatError::Nothing { component: "VCALENDAR" }),
        (
            calendar("BEGIN:VEVENT\nUID:a\nEND:VEVENT\nBEGIN:VEVENT\nUID:b\nEND:VEVENT"),
            FormatError::Several { component: "VEVENT", line: 7 },
        ),
        (event("DTSTART:yesterday"), FormatError::Malformed { line: 7, what: "DTSTART is no date or time" }),
        (
            event("DTSTART:20260302T090000\nRRULE:D1 #5"),
            FormatError::Malformed { line: 8, what: "the recurrence rule has no FREQ that is known" },
        ),
    ];
    for (text, error) in cases {
        assert_eq!(Event::read(&text), Err(error), "{}", String::from_utf8_lossy(&text));
    }
    assert_eq!(Task::read(&event("DTSTART:20260302T090000")), Err(FormatError::OtherKind { found: Kind::Event }));
    let range = event(
        "DTSTART:20260302T090000\nRRULE:FREQ=DAILY\nEND:VEVENT\nBEGIN:VEVENT\nUID:u1\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260304T090000\nDTSTART:20260304T100000",
    );
    assert!(matches!(Event::read(&range), Err(FormatError::Malformed { line: 12, .. })), "{:?}", Event::read(&range));
    let nameless = Event::author(&Event::build(|e| e.start = Some(vienna(2, 9))), &options(), &InlineBlobs::new());
    assert!(matches!(&nameless, Err(FormatError::Unwritable { field, .. }) if field == "uid"), "{nameless:?}");
}

#[test]
fn attachments_are_known_by_their_bytes() {
    let text = event(
        "DTSTART:20260302T090000\nATTACH;FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY;X-FILENAME=a.txt:aGVsbG8=\nATTACH;FMTTYPE=image/png;MANAGED-ID=7;SIZE=99;FILENAME=b.png:https://dav.example/7\nATTACH:https://example.org/c\nURL:https://example.org/",
    );
    let found = read(&text);
    let [inline, managed] = &found.attachments[..] else { panic!("{:?}", found.attachments) };
    assert_eq!((inline.name.as_deref(), inline.blob.size, inline.blob.media_type.as_str()), (Some("a.txt"), Some(5), "text/plain"));
    assert_eq!(inline.blob.digest, Some(pimkit_core::Digest::of(b"hello")));
    assert_eq!(Event::blob(&text, &inline.blob.id).unwrap().unwrap().bytes, b"hello");
    assert_eq!(Event::blob(&text, &managed.blob.id).unwrap(), None);
    assert_eq!((managed.blob.size, managed.blob.uri.as_deref()), (Some(99), Some("https://dav.example/7")));
    let links: Vec<_> = found.links.iter().map(|l| (l.uri.as_str(), l.rel.as_deref())).collect();
    assert_eq!(links, [("https://example.org/c", Some("enclosure")), ("https://example.org/", Some("describedby"))]);
    let mut target = found.clone();
    target.attachments[0].blob.digest = Some(pimkit_core::Digest::of(b"other"));
    target.attachments[0].blob.id = "elsewhere".into();
    let refused = Event::patch(&text, &found, &target, &options(), &InlineBlobs::new());
    assert_eq!(refused, Err(FormatError::MissingBlob { field: "attachments" }));
}

#[test]
fn tasks_of_several_programs_are_read() {
    // Nextcloud with a sub-task, SOGo with COMPLETED as a date, KOrganizer with a percentage and words on two lines.
    let text = calendar(
        "BEGIN:VTODO\nUID:u\nSUMMARY:Buy\nDUE;VALUE=DATE:20260302\nRELATED-TO:parent-1\nRELATED-TO;RELTYPE=CHILD:c-1\nSTATUS:COMPLETED\nCOMPLETED;VALUE=DATE:20260301\nPERCENT-COMPLETE:100\nCATEGORIES:a\\,b,c\nCATEGORIES:d\nX-OC-HIDESUBTASKS:1\nEND:VTODO",
    );
    let task = Task::read(&text).unwrap();
    assert_eq!((task.progress, task.percent_complete, task.parent.as_deref()), (Some(Progress::Completed), Some(100), Some("parent-1")));
    assert_eq!(task.completed.unwrap().to_string(), "2026-03-01T12:00:00Z");
    assert_eq!(task.keywords.iter().map(String::as_str).collect::<Vec<_>>(), ["a,b", "c", "d"]);
    let after = patch::<Task>(&text, |t| {
        t.progress = Some(Progress::NeedsAction);
        t.completed = None;
        t.percent_complete = None;
    });
    let expected = ["-STATUS:COMPLETED", "-COMPLETED;VALUE=DATE:20260301", "-PERCENT-COMPLETE:100", "+STATUS:NEEDS-ACTION"];
    assert_eq!(changes(&text, &after), expected);
    let after = patch::<Task>(&text, |t| {
        t.keywords.remove("d");
        t.parent = None;
    });
    assert_eq!(changes(&text, &after), ["-RELATED-TO:parent-1", "-CATEGORIES:d"]);
    // Evolution and Thunderbird: a start, and how long it takes.
    let text = calendar(
        "BEGIN:VTODO\nUID:u\nDTSTART;TZID=/freeassociation.sourceforge.net/Europe/Vienna:20260302T090000\nDURATION:PT2H\nRRULE:FREQ=DAILY;COUNT=3\nEND:VTODO",
    );
    let task = Task::read(&text).unwrap();
    assert_eq!(task.due, Some(vienna(2, 11)));
    let after = patch::<Task>(&text, |t| t.due = Some(vienna(2, 12)));
    let expected = ["-DURATION:PT2H", "+DUE;TZID=/freeassociation.sourceforge.net/Europe/Vienna:20260302T120000", "+SEQUENCE:1"];
    assert_eq!(changes(&text, &after), expected);
}

#[test]
fn an_export_splits_into_resources_and_joins_again() {
    let export = GOOGLE.replace(
        "END:VCALENDAR",
        "BEGIN:VEVENT\r\nUID:second\r\nDTSTART:20260302T090000Z\r\nSUMMARY:alone\r\nEND:VEVENT\r\nBEGIN:VTODO\r\nUID:second\r\nEND:VTODO\r\nBEGIN:VJOURNAL\r\nUID:j\r\nEND:VJOURNAL\r\nEND:VCALENDAR",
    );
    let export = export.replace("CALSCALE", "METHOD:PUBLISH\r\nX-WR-CALNAME:Mine\r\nCALSCALE");
    let parts = split_calendar(export.as_bytes()).unwrap();
    assert_eq!(parts.len(), 4);
    assert_eq!(String::from_utf8(parts[0].clone()).unwrap().lines().collect::<Vec<_>>(), GOOGLE.lines().collect::<Vec<_>>());
    let alone = String::from_utf8(parts[1].clone()).unwrap();
    assert!(!alone.contains("VTIMEZONE") && !alone.contains("METHOD") && !alone.contains("X-WR-CALNAME"));
    assert_eq!(read(&parts[1]).title.as_deref(), Some("alone"));
    assert!(Task::read(&parts[2]).is_ok());
    assert_eq!(Event::read(&parts[3]), Err(FormatError::Nothing { component: "VEVENT" }));

    let joined = join_calendar(parts.iter().map(Vec::as_slice), "-//pimkit//tests//EN").unwrap();
    let again = split_calendar(&joined).unwrap();
    assert_eq!(again.len(), 4);
    assert_eq!(read(&again[0]), read(&parts[0]));
    assert_eq!(String::from_utf8(joined).unwrap().matches("BEGIN:VTIMEZONE").count(), 1);
}

#[test]
fn zones_of_one_name_and_other_rules_stay_apart_when_joined() {
    let with = |offset: &str| {
        calendar(&format!(
            "BEGIN:VTIMEZONE\nTZID:Custom\nBEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\nEND:STANDARD\nEND:VTIMEZONE\nBEGIN:VEVENT\nUID:{offset}\nDTSTART;TZID=Custom:20260302T090000\nEND:VEVENT"
        ))
    };
    let parts = [with("+0217"), with("+0319")];
    let joined = join_calendar(parts.iter().map(Vec::as_slice), "-//pimkit//tests//EN").unwrap();
    for (part, offset) in split_calendar(&joined).unwrap().iter().zip(["+0217", "+0319"]) {
        let zone = read(part).start.unwrap().zone().unwrap().clone();
        assert!(zone.rules.unwrap().contains(&format!("TZOFFSETTO:{offset}")), "{offset}");
    }
}

#[test]
fn authored_resources_never_have_a_method_and_name_their_zone() {
    let event = Event::build(|e| {
        e.uid = Some("u".into());
        e.start = Some(vienna(2, 9));
    });
    let text = String::from_utf8(Event::author(&event, &options(), &InlineBlobs::new()).unwrap()).unwrap();
    assert!(!text.contains("METHOD") && text.contains("BEGIN:VTIMEZONE\r\nTZID:Europe/Vienna\r\n"));
    assert!(text.contains("DTSTAMP:20261122T120000Z\r\n") && text.contains("PRODID:-//pimkit//tests//EN\r\n"));
    assert_eq!(Event::text_fields(&options()).len(), Event::catalogue().fields().len() + 1);
}
