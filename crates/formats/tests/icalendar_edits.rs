//! What an edit of the one says about the other: periods, overrides, copies, the same text in two forms.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use pimkit_core::{Event, Override, Progress, Record, Task};
use pimkit_formats::{FormatError, InlineBlobs, TextRecord};

mod icalendar_support;
use icalendar_support::*;

#[test]
fn two_items_of_one_uid_are_refused_and_two_copies_are_one() {
    let one = |lines: &str| format!("BEGIN:VEVENT\nUID:u\n{lines}\nEND:VEVENT\n");
    let first = one("DTSTAMP:20260101T000000Z\nDTSTART:20260321T063000Z\nSUMMARY:Bicycle");
    for other in [
        "DTSTAMP:20260101T000000Z\nDTSTART:20260328T063000Z\nSUMMARY:Bicycle",
        "DTSTAMP:20260101T000000Z\nSEQUENCE:1\nDTSTART:20260321T063000Z\nSUMMARY:Ride",
        "DTSTART:20260321T063000Z\nSUMMARY:Bicycle\nX-OWN:1",
    ] {
        let text = calendar(&format!("{first}{}", one(other)));
        assert_eq!(Event::read(&text), Err(FormatError::Several { component: "VEVENT", line: 10 }), "{other}");
    }
    let copy = one("DTSTAMP:20260102T000000Z\nSEQUENCE:1\nDTSTART:20260321T063000Z\nSUMMARY:Bicycle");
    for copy in [&first, &copy] {
        let text = calendar(&format!("{first}{copy}"));
        let after = patch::<Event>(&text, |e| e.title = Some("Ride".into()));
        assert_eq!(after.matches("BEGIN:VEVENT").count(), 1, "the copy would be another item");
    }
}

/// The times of Lotus Notes: each date of the series as a PERIOD, the first among them.
#[test]
fn periods_follow_the_end_of_the_series_and_keep_an_end_of_their_own() {
    let text = event(
        "DTSTART;TZID=Europe/Vienna:20260302T090000\nDTEND;TZID=Europe/Vienna:20260302T100000\nRDATE;TZID=Europe/Vienna;VALUE=PERIOD:20260302T090000/20260302T100000,20260303T090000/PT1H,20260304T090000/20260304T120000\nRDATE;VALUE=PERIOD:20260305T080000Z/20260305T090000Z\nRDATE;TZID=Europe/Vienna:20260306T090000",
    );
    let after = patch::<Event>(&text, |e| e.end = Some(vienna(2, 11)));
    let expected = [
        "-DTEND;TZID=Europe/Vienna:20260302T100000",
        "-RDATE;TZID=Europe/Vienna;VALUE=PERIOD:20260302T090000/20260302T100000,20260303T090000/PT1H,20260304T090000/20260304T120000",
        "-RDATE;VALUE=PERIOD:20260305T080000Z/20260305T090000Z",
        "+DTEND;TZID=Europe/Vienna:20260302T110000",
        "+RDATE;TZID=Europe/Vienna;VALUE=PERIOD:20260302T090000/20260302T110000,20260303T090000/20260303T110000,20260304T090000/20260304T120000",
        "+RDATE;VALUE=PERIOD:20260305T080000Z/20260305T100000Z",
        "+SEQUENCE:1",
    ];
    assert_eq!(changes(&text, &after.replace("\n ", "")), expected);
    // The series ends when the one of its own end does, which is held there all the same.
    let after = patch::<Event>(&text, |e| e.end = Some(vienna(2, 12)));
    assert!(after.contains("X-PIMKITNAMED:end\n"), "{after}");
    assert_eq!(after.matches("BEGIN:VEVENT").count(), 2);
    let after = patch::<Event>(after.as_bytes(), |e| e.end = Some(vienna(2, 13)));
    let held = read(after.as_bytes());
    assert_eq!(held.recurrence_overrides[&id(4, 9)].get("end").unwrap()["at"], "2026-03-04T12:00:00");
    let inherits = [2, 3, 5, 6].map(|day| held.recurrence_overrides[&id(day, 9)] == Override::added());
    assert_eq!(inherits, [true; 4]);
    let after = patch::<Event>(&text, |e| e.end = None);
    assert!(after.contains("RDATE;TZID=Europe/Vienna:20260303T090000\n"), "a period would say an end: {after}");
    let after = patch::<Event>(&text, |e| {
        e.recurrence_overrides.insert(id(3, 9), Override::Changed([("end".into(), serde_json::to_value(vienna(3, 14)).unwrap())].into()));
    });
    assert!(after.replace("\n ", "").contains(",20260303T090000/20260303T140000,"), "{after}");
    assert!(!after.contains("RECURRENCE-ID"), "{after}");
}

#[test]
fn an_override_inherits_what_it_does_not_name_and_holds_what_it_names() {
    // ical.js' sample: the overrides have no place, the series has one.
    let one = |lines: &str| format!("BEGIN:VEVENT\nUID:u\n{lines}\nSUMMARY:s\nX-OWN:1\nEND:VEVENT\n");
    let text = calendar(&format!(
        "{}{}{}",
        one("DTSTART:20260302T090000\nRRULE:FREQ=DAILY\nLOCATION:Here"),
        one("RECURRENCE-ID:20260303T090000\nDTSTART:20260303T100000"),
        one("RECURRENCE-ID:20260304T090000\nDTSTART:20260304T100000\nLOCATION:Here"),
    ));
    let after = patch::<Event>(&text, |e| e.locations[0].name = Some("There".into()));
    assert_eq!(changes(&text, &after), ["-LOCATION:Here", "-LOCATION:Here", "+LOCATION:There", "+LOCATION:There"]);
    let nowhere = patch::<Event>(&text, |e| e.locations.clear());
    assert_eq!(changes(&text, &nowhere), ["-LOCATION:Here", "-LOCATION:Here", "+X-PIMKITNAMED:locations"]);
    assert_eq!(read(nowhere.as_bytes()).recurrence_overrides[&id(3, 9)].get("locations"), Some(&pimkit_core::Value::Null));
    // The one without a place stays so when the series has one again, and takes part again when it is told to.
    let again = patch::<Event>(nowhere.as_bytes(), |e| e.locations = read(&text).locations);
    assert_eq!(changes(nowhere.as_bytes(), &again), ["+LOCATION:Here", "+LOCATION:Here"]);
    let inherits = patch::<Event>(nowhere.as_bytes(), |e| {
        let Some(Override::Changed(fields)) = e.recurrence_overrides.get_mut(&id(3, 9)) else { panic!() };
        fields.remove("locations");
    });
    assert_eq!(changes(nowhere.as_bytes(), &inherits), ["-X-PIMKITNAMED:locations"]);
    let other_program = nowhere.replacen("RRULE", "LOCATION:Elsewhere\nRRULE", 1);
    let found = read(other_program.as_bytes());
    assert_eq!(found.recurrence_overrides[&id(3, 9)].get("locations"), Some(&pimkit_core::Value::Null));
    let odd = String::from_utf8(text.clone()).unwrap().replace("X-OWN:1", "X-PIMKITNAMED:uid,nonsense,recurrenceRules,");
    assert_eq!(read(odd.as_bytes()), read(&text), "what is no field of an override says nothing");
}

#[test]
fn the_description_in_another_form_goes_with_the_text_it_repeats() {
    let text = event(
        "DTSTART:20260302T090000\nDESCRIPTION;ALTREP=\"data:text/html,%3Cb%3Eold%3C/b%3E\";LANGUAGE=en:old\nX-ALT-DESC;FMTTYPE=text/html:<b>old</b>\nLOCATION;ALTREP=\"https://example.org/room.vcf\":Room\nSUMMARY:s",
    );
    let after = patch::<Event>(&text, |e| e.title = Some("t".into()));
    assert_eq!(changes(&text, &after), ["-SUMMARY:s", "+SUMMARY:t"]);
    for (description, line) in [(Some("new".to_owned()), Some("DESCRIPTION;LANGUAGE=en:new\n")), (None, None)] {
        let after = patch::<Event>(&text, |e| e.description = description);
        assert!(!after.contains("old") && !after.contains("X-ALT-DESC"), "{after}");
        assert!(line.is_none_or(|line| after.contains(line)), "{after}");
        assert!(after.contains("LOCATION;ALTREP="), "{after}");
    }
    let after = patch::<Event>(&text, |e| e.locations[0].name = Some("Hall".into()));
    assert!(after.contains("LOCATION:Hall\n") && after.contains("X-ALT-DESC"), "{after}");
}

#[test]
fn a_failed_task_is_written_in_a_word_that_every_server_knows() {
    let task = |status: &str| calendar(&format!("BEGIN:VTODO\nUID:u\n{status}\nEND:VTODO"));
    for (status, progress) in [
        ("STATUS:NEEDS-ACTION", Progress::NeedsAction),
        ("STATUS;X-PIMKIT-PROGRESS=failed:NEEDS-ACTION", Progress::Failed),
        ("STATUS;X-PIMKIT-PROGRESS=failed:COMPLETED", Progress::Completed),
        ("STATUS:FAILED", Progress::Failed),
    ] {
        let text = task(status);
        assert_eq!(Task::read(&text).unwrap().progress, Some(progress), "{status}");
        let after = patch::<Task>(&text, |t| t.title = Some("t".into()));
        assert_eq!(changes(&text, &after), ["+SUMMARY:t"], "{status}");
        for other in [Progress::NeedsAction, Progress::Failed, Progress::Completed] {
            let after = patch::<Task>(&text, |t| t.progress = Some(other));
            let marked = after.contains("STATUS;X-PIMKIT-PROGRESS=failed:NEEDS-ACTION\n");
            assert!(marked == (other == Progress::Failed) || other == progress, "{status}: {after}");
        }
    }
    let failed = Task::build(|t| {
        t.uid = Some("u".into());
        t.progress = Some(Progress::Failed);
        t.custom.insert("progress".into(), "my own".into());
    });
    let text = Task::author(&failed, &options(), &InlineBlobs::new()).unwrap();
    assert!(String::from_utf8_lossy(&text).contains("STATUS;X-PIMKIT-PROGRESS=failed:NEEDS-ACTION\r\n"));
    assert!(pimkit_core::diff(&Task::read(&text).unwrap(), &failed).is_empty());
}
