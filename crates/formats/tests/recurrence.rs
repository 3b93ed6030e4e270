//! Recurrence rules: text both ways, and what they make.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use jiff::civil::{DateTime, date, datetime};
use jiff::tz::TimeZone;
use pimkit_core::series::Series;
use pimkit_core::{Event, Fields, Override, Record, RecurrenceId, RecurrenceRule, Task, Until, Value, When};
use pimkit_formats::recurrence::{self, ExpandError, RuleError, Wall, makes, occurrences};

const NEW_YORK: &str = "America/New_York";

fn start(text: &str) -> DateTime {
    text.parse().unwrap()
}

fn series(start: When, rules: &[&str]) -> Event {
    let wall = Wall::of(Some(&start));
    let rules = rules.iter().map(|rule| recurrence::read(rule, &wall).unwrap().rule).collect();
    Event::build(|e| {
        e.start = Some(start);
        e.recurrence_rules = rules;
    })
}

fn walls(event: &Event, limit: usize) -> Vec<DateTime> {
    let from = event.start.as_ref().unwrap().wall();
    occurrences(event, from, limit).unwrap().into_iter().map(|o| o.record.start.unwrap().wall()).collect()
}

/// The examples of RFC 5545 section 3.8.5.3: start in New York at 09:00, rule, the first dates, and how many there are at all
/// (0: without end).
#[rustfmt::skip]
const EXAMPLES: &[(&str, &str, &str, usize)] = &[
    ("1997-09-02", "FREQ=DAILY;COUNT=10", "1997-09-02 1997-09-03 1997-09-04 1997-09-05 1997-09-06 1997-09-07 1997-09-08 1997-09-09 1997-09-10 1997-09-11", 10),
    ("1997-09-02", "FREQ=DAILY;UNTIL=19971224T000000Z", "1997-09-02 1997-09-03", 113),
    ("1997-09-02", "FREQ=DAILY;INTERVAL=2", "1997-09-02 1997-09-04 1997-09-06", 0),
    ("1997-09-02", "FREQ=DAILY;INTERVAL=10;COUNT=5", "1997-09-02 1997-09-12 1997-09-22 1997-10-02 1997-10-12", 5),
    ("1998-01-01", "FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA", "1998-01-01 1998-01-02", 93),
    ("1998-01-01", "FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1", "1998-01-01 1998-01-02", 93),
    ("1997-09-02", "FREQ=WEEKLY;COUNT=10", "1997-09-02 1997-09-09 1997-09-16 1997-09-23 1997-09-30 1997-10-07 1997-10-14 1997-10-21 1997-10-28 1997-11-04", 10),
    ("1997-09-02", "FREQ=WEEKLY;UNTIL=19971224T000000Z", "1997-09-02 1997-09-09", 17),
    ("1997-09-02", "FREQ=WEEKLY;INTERVAL=2;WKST=SU", "1997-09-02 1997-09-16 1997-09-30 1997-10-14 1997-10-28 1997-11-11 1997-11-25 1997-12-09 1997-12-23 1998-01-06", 0),
    ("1997-09-02", "FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH", "1997-09-02 1997-09-04 1997-09-09 1997-09-11 1997-09-16 1997-09-18 1997-09-23 1997-09-25 1997-09-30 1997-10-02", 10),
    ("1997-09-02", "FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH", "1997-09-02 1997-09-04 1997-09-09 1997-09-11 1997-09-16 1997-09-18 1997-09-23 1997-09-25 1997-09-30 1997-10-02", 10),
    ("1997-09-01", "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR", "1997-09-01 1997-09-03 1997-09-05 1997-09-15 1997-09-17 1997-09-19 1997-09-29 1997-10-01 1997-10-03 1997-10-13 1997-10-15 1997-10-17 1997-10-27 1997-10-29 1997-10-31 1997-11-10 1997-11-12 1997-11-14 1997-11-24 1997-11-26 1997-11-28 1997-12-08 1997-12-10 1997-12-12 1997-12-22", 25),
    ("1997-09-02", "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH", "1997-09-02 1997-09-04 1997-09-16 1997-09-18 1997-09-30 1997-10-02 1997-10-14 1997-10-16", 8),
    ("1997-09-05", "FREQ=MONTHLY;COUNT=10;BYDAY=1FR", "1997-09-05 1997-10-03 1997-11-07 1997-12-05 1998-01-02 1998-02-06 1998-03-06 1998-04-03 1998-05-01 1998-06-05", 10),
    ("1997-09-05", "FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR", "1997-09-05 1997-10-03 1997-11-07 1997-12-05", 4),
    ("1997-09-07", "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU", "1997-09-07 1997-09-28 1997-11-02 1997-11-30 1998-01-04 1998-01-25 1998-03-01 1998-03-29 1998-05-03 1998-05-31", 10),
    ("1997-09-22", "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO", "1997-09-22 1997-10-20 1997-11-17 1997-12-22 1998-01-19 1998-02-16", 6),
    ("1997-09-28", "FREQ=MONTHLY;BYMONTHDAY=-3", "1997-09-28 1997-10-29 1997-11-28 1997-12-29 1998-01-29 1998-02-26", 0),
    ("1997-09-02", "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15", "1997-09-02 1997-09-15 1997-10-02 1997-10-15 1997-11-02 1997-11-15 1997-12-02 1997-12-15 1998-01-02 1998-01-15", 10),
    ("1997-09-30", "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1", "1997-09-30 1997-10-01 1997-10-31 1997-11-01 1997-11-30 1997-12-01 1997-12-31 1998-01-01 1998-01-31 1998-02-01", 10),
    ("1997-09-10", "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15", "1997-09-10 1997-09-11 1997-09-12 1997-09-13 1997-09-14 1997-09-15 1999-03-10 1999-03-11 1999-03-12 1999-03-13", 10),
    ("1997-09-02", "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU", "1997-09-02 1997-09-09 1997-09-16 1997-09-23 1997-09-30 1997-11-04 1997-11-11 1997-11-18 1997-11-25 1998-01-06", 0),
    ("1997-06-10", "FREQ=YEARLY;COUNT=10;BYMONTH=6,7", "1997-06-10 1997-07-10 1998-06-10 1998-07-10 1999-06-10 1999-07-10 2000-06-10 2000-07-10 2001-06-10 2001-07-10", 10),
    ("1997-03-10", "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3", "1997-03-10 1999-01-10 1999-02-10 1999-03-10 2001-01-10 2001-02-10 2001-03-10 2003-01-10 2003-02-10 2003-03-10", 10),
    ("1997-01-01", "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200", "1997-01-01 1997-04-10 1997-07-19 2000-01-01 2000-04-09 2000-07-18 2003-01-01 2003-04-10 2003-07-19 2006-01-01", 10),
    ("1997-05-19", "FREQ=YEARLY;BYDAY=20MO", "1997-05-19 1998-05-18 1999-05-17", 0),
    ("1997-05-12", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "1997-05-12 1998-05-11 1999-05-17", 0),
    ("1997-03-13", "FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "1997-03-13 1997-03-20 1997-03-27 1998-03-05 1998-03-12 1998-03-19 1998-03-26 1999-03-04", 0),
    ("1997-06-05", "FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8", "1997-06-05 1997-06-12 1997-06-19 1997-06-26 1997-07-03 1997-07-10 1997-07-17 1997-07-24 1997-07-31 1997-08-07 1997-08-14 1997-08-21 1997-08-28 1998-06-04", 0),
    ("1997-09-13", "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13", "1997-09-13 1997-10-11 1997-11-08 1997-12-13 1998-01-10 1998-02-07 1998-03-07 1998-04-11 1998-05-09 1998-06-13", 0),
    ("1996-11-05", "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", "1996-11-05 2000-11-07 2004-11-02", 0),
    ("1997-09-04", "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "1997-09-04 1997-10-07 1997-11-06", 3),
    ("1997-09-29", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "1997-09-29 1997-10-30 1997-11-27 1997-12-30 1998-01-29 1998-02-26 1998-03-30", 0),
    ("1997-09-02", "FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T210000Z", "1997-09-02 1997-09-02T12:00:00 1997-09-02T15:00:00", 3),
    ("1997-09-02", "FREQ=MINUTELY;INTERVAL=15;COUNT=6", "1997-09-02 1997-09-02T09:15:00 1997-09-02T09:30:00 1997-09-02T09:45:00 1997-09-02T10:00:00 1997-09-02T10:15:00", 6),
    ("1997-09-02", "FREQ=MINUTELY;INTERVAL=90;COUNT=4", "1997-09-02 1997-09-02T10:30:00 1997-09-02T12:00:00 1997-09-02T13:30:00", 4),
    ("1997-09-02", "FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40", "1997-09-02 1997-09-02T09:20:00 1997-09-02T09:40:00 1997-09-02T10:00:00", 0),
    ("1997-09-02", "FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16", "1997-09-02 1997-09-02T09:20:00 1997-09-02T09:40:00 1997-09-02T10:00:00", 0),
    ("1997-08-05", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "1997-08-05 1997-08-10 1997-08-19 1997-08-24", 4),
    ("1997-08-05", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "1997-08-05 1997-08-17 1997-08-19 1997-08-31", 4),
    ("2007-01-15", "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "2007-01-15 2007-01-30 2007-02-15 2007-03-15 2007-03-30", 5),
];

#[test]
fn the_examples_of_rfc_5545_have_the_dates_it_gives() {
    for (first, rule, expected, total) in EXAMPLES {
        let event = series(When::zoned(start(&format!("{first}T09:00:00")), NEW_YORK), &[rule]);
        let expected: Vec<DateTime> =
            expected.split(' ').map(|text| if text.contains('T') { start(text) } else { start(&format!("{text}T09:00:00")) }).collect();
        assert_eq!(walls(&event, expected.len()), expected, "{rule}");
        if *total > 0 {
            assert_eq!(walls(&event, 500).len(), *total, "{rule}");
        } else {
            assert_eq!(walls(&event, 150).len(), 150, "{rule}");
        }
    }
}

#[test]
fn friday_the_thirteenth_leaves_out_the_start_that_is_excluded() {
    let mut event = series(When::zoned(datetime(1997, 9, 2, 9, 0, 0, 0), NEW_YORK), &["FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13"]);
    assert_eq!(walls(&event, 1), [datetime(1997, 9, 2, 9, 0, 0, 0)], "the start counts although no rule makes it");
    event.recurrence_overrides.insert(RecurrenceId(datetime(1997, 9, 2, 9, 0, 0, 0)), Override::Excluded);
    let dates: Vec<_> = walls(&event, 5).into_iter().map(DateTime::date).collect();
    assert_eq!(dates, [date(1998, 2, 13), date(1998, 3, 13), date(1998, 11, 13), date(1999, 8, 13), date(2000, 10, 13)]);
}

#[test]
fn a_start_that_no_rule_makes_counts() {
    let event = series(When::floating(datetime(2026, 3, 3, 9, 0, 0, 0)), &["FREQ=WEEKLY;BYDAY=MO;COUNT=3"]);
    let dates: Vec<_> = walls(&event, 9).into_iter().map(DateTime::date).collect();
    assert_eq!(dates, [date(2026, 3, 3), date(2026, 3, 9), date(2026, 3, 16)]);
}

#[test]
fn until_in_utc_loses_no_occurrence_east_of_greenwich_and_adds_none_west_of_it() {
    let tokyo = series(When::zoned(datetime(2020, 1, 1, 9, 0, 0, 0), "Asia/Tokyo"), &["FREQ=DAILY;UNTIL=20200105T000000Z"]);
    assert_eq!(walls(&tokyo, 99).len(), 5);
    let new_york = series(When::zoned(datetime(1997, 9, 2, 9, 0, 0, 0), NEW_YORK), &["FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000Z"]);
    assert_eq!(walls(&new_york, 99), [datetime(1997, 9, 2, 9, 0, 0, 0), datetime(1997, 9, 2, 12, 0, 0, 0)]);
}

#[test]
fn until_may_be_a_date_or_floating_beside_a_start_in_a_zone() {
    for until in ["20200105", "20200105T235959", "20200105T090000"] {
        let event = series(When::zoned(datetime(2020, 1, 1, 9, 0, 0, 0), "Europe/Vienna"), &[&format!("FREQ=DAILY;UNTIL={until}")]);
        assert_eq!(walls(&event, 99).len(), 5, "{until}");
    }
}

#[test]
fn an_all_day_series_takes_until_in_utc_as_its_day() {
    let event = series(When::all_day(date(2020, 1, 1)), &["FREQ=DAILY;UNTIL=20200105T000000Z"]);
    assert_eq!(event.recurrence_rules[0].until, Some(Until::On(date(2020, 1, 5))));
    assert_eq!(walls(&event, 99).len(), 5);
    assert!(
        occurrences(&event, datetime(2020, 1, 1, 0, 0, 0, 0), 9).unwrap().iter().all(|o| o.record.start.as_ref().unwrap().is_all_day())
    );
}

#[test]
fn a_count_of_nought_and_an_until_before_the_start_make_nothing() {
    for rule in ["FREQ=DAILY;COUNT=0", "FREQ=DAILY;UNTIL=20191231T000000Z"] {
        let event = series(When::zoned(datetime(2020, 1, 1, 9, 0, 0, 0), "Europe/Vienna"), &[rule]);
        assert!(walls(&event, 99).is_empty(), "{rule}");
    }
}

#[test]
fn a_rule_that_never_matches_ends() {
    let event = series(When::floating(datetime(2020, 1, 1, 9, 0, 0, 0)), &["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"]);
    assert_eq!(walls(&event, 99).len(), 1, "the start alone");
}

#[test]
fn expansion_is_bounded_whatever_is_asked() {
    let event = series(When::floating(datetime(1990, 1, 1, 0, 0, 0, 0)), &["FREQ=SECONDLY"]);
    assert_eq!(occurrences(&event, datetime(2026, 1, 1, 0, 0, 0, 0), 1), Err(ExpandError::TooFar));
    let mut all_excluded = series(When::floating(datetime(1990, 1, 1, 0, 0, 0, 0)), &["FREQ=HOURLY"]);
    all_excluded.excluded_recurrence_rules = all_excluded.recurrence_rules.clone();
    assert!(occurrences(&all_excluded, datetime(1990, 1, 1, 0, 0, 0, 0), 1).is_ok_and(|found| found.len() <= 1));
}

#[test]
fn another_calendar_is_read_and_refused_when_expanded() {
    for rule in ["RSCALE=CHINESE;FREQ=YEARLY", "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=FORWARD", "RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5L"] {
        let event = series(When::all_day(date(2020, 1, 31)), &[rule]);
        assert_eq!(occurrences(&event, datetime(2020, 1, 1, 0, 0, 0, 0), 3), Err(ExpandError::Calendar), "{rule}");
        let written = recurrence::write(&event.recurrence_rules[0], &Wall::AllDay);
        assert_eq!(recurrence::read(&written, &Wall::AllDay).unwrap().rule, event.recurrence_rules[0], "{rule}");
    }
    let plain = recurrence::read("RSCALE=GREGORIAN;FREQ=DAILY;SKIP=OMIT", &Wall::AllDay).unwrap().rule;
    assert_eq!(plain, RecurrenceRule::default(), "what the standard says anyway is not kept");
}

#[test]
fn parts_that_nobody_knows_are_reported_and_do_not_stop_the_rule() {
    let read = recurrence::read("FREQ=WEEKLY;X-FOO=1;BYDAY=MO;FANCY=a", &Wall::Floating).unwrap();
    assert_eq!(read.unread, ["X-FOO=1", "FANCY=a"]);
    assert_eq!(recurrence::write(&read.rule, &Wall::Floating), "FREQ=WEEKLY;BYDAY=MO");
}

#[test]
fn what_is_no_rule_is_an_error_that_names_the_part() {
    let cases = [
        ("", RuleError::Frequency),
        ("D1 #5", RuleError::Frequency),
        ("FREQ=FORTNIGHTLY", RuleError::Frequency),
        ("FREQ=DAILY;COUNT=-1", RuleError::Part("COUNT")),
        ("FREQ=DAILY;UNTIL=20201301", RuleError::Part("UNTIL")),
        ("FREQ=WEEKLY;BYDAY=XX", RuleError::Part("BYDAY")),
        ("FREQ=WEEKLY;BYDAY=é", RuleError::Part("BYDAY")),
        ("FREQ=YEARLY;BYMONTH=99", RuleError::Part("BYMONTH")),
    ];
    for (text, error) in cases {
        assert_eq!(recurrence::read(text, &Wall::Floating), Err(error), "{text}");
    }
}

#[test]
fn an_interval_of_nought_reads_as_one() {
    assert_eq!(recurrence::read("FREQ=DAILY;INTERVAL=0", &Wall::Floating).unwrap().rule.interval, None);
}

#[test]
fn until_is_written_in_the_type_of_the_start() {
    let vienna = Wall::of(Some(&When::zoned(datetime(2026, 1, 1, 9, 0, 0, 0), "Europe/Vienna")));
    let at = |until| RecurrenceRule { until: Some(until), ..RecurrenceRule::default() };
    let noon = Until::At(datetime(2026, 7, 1, 12, 0, 0, 0));
    let day = Until::On(date(2026, 7, 1));
    let cases = [
        (noon, &vienna, "FREQ=DAILY;UNTIL=20260701T100000Z"),
        (day, &vienna, "FREQ=DAILY;UNTIL=20260701T215959Z"),
        (noon, &Wall::Floating, "FREQ=DAILY;UNTIL=20260701T120000"),
        (day, &Wall::Floating, "FREQ=DAILY;UNTIL=20260701T235959"),
        (day, &Wall::AllDay, "FREQ=DAILY;UNTIL=20260701"),
    ];
    for (until, wall, text) in cases {
        assert_eq!(recurrence::write(&at(until), wall), text);
        assert_eq!(recurrence::read(text, wall).unwrap().rule, at(until), "{text}");
    }
}

#[test]
fn a_gap_shifts_one_occurrence_and_a_fold_takes_the_first_reading() {
    let gap = series(When::zoned(datetime(2026, 3, 28, 2, 30, 0, 0), "Europe/Vienna"), &["FREQ=DAILY;COUNT=3"]);
    let instants: Vec<String> = occurrences(&gap, datetime(2026, 3, 28, 0, 0, 0, 0), 9)
        .unwrap()
        .into_iter()
        .map(|o| o.record.start.unwrap().instant().unwrap().to_zoned(TimeZone::get("Europe/Vienna").unwrap()).time().to_string())
        .collect();
    assert_eq!(instants, ["02:30:00", "03:30:00", "02:30:00"]);
    let fold = series(When::zoned(datetime(2026, 10, 24, 2, 30, 0, 0), "Europe/Vienna"), &["FREQ=DAILY;COUNT=2"]);
    let last = occurrences(&fold, datetime(2026, 10, 25, 0, 0, 0, 0), 9).unwrap().remove(0);
    assert_eq!(last.record.start.unwrap().instant().unwrap().to_string(), "2026-10-25T00:30:00Z");
}

#[test]
fn overrides_move_add_and_take_away_occurrences() {
    let mut event = series(When::zoned(datetime(2026, 3, 2, 9, 0, 0, 0), "Europe/Vienna"), &["FREQ=WEEKLY;COUNT=4"]);
    event.title = Some("Jour fixe".into());
    event.end = Some(When::zoned(datetime(2026, 3, 2, 10, 0, 0, 0), "Europe/Vienna"));
    let id = |day| RecurrenceId(datetime(2026, 3, day, 9, 0, 0, 0));
    let later = serde_json::to_value(When::zoned(datetime(2026, 3, 20, 9, 0, 0, 0), "Europe/Vienna")).unwrap();
    event.recurrence_overrides.insert(id(9), Override::Changed(Fields::from([("start".into(), later)])));
    event.recurrence_overrides.insert(id(16), Override::Excluded);
    event.recurrence_overrides.insert(id(18), Override::Changed(Fields::from([("title".into(), Value::from("extra"))])));
    let found = occurrences(&event, datetime(2026, 3, 3, 0, 0, 0, 0), 99).unwrap();
    let shown: Vec<(i8, i8, &str)> =
        found.iter().map(|o| (o.id.0.day(), o.record.start.as_ref().unwrap().wall().day(), o.record.title.as_deref().unwrap())).collect();
    assert_eq!(shown, [(18, 18, "extra"), (9, 20, "Jour fixe"), (23, 23, "Jour fixe")]);
    assert_eq!(found[0].record.end.as_ref().unwrap().wall(), datetime(2026, 3, 18, 10, 0, 0, 0));
    assert!(found.iter().all(|o| !o.record.repeats()));
    assert_eq!((makes(&event, id(16)), makes(&event, id(18))), (Some(true), Some(false)));
}

#[test]
fn excluding_rules_take_dates_away() {
    let mut event = series(When::floating(datetime(2026, 3, 2, 9, 0, 0, 0)), &["FREQ=DAILY;COUNT=6"]);
    event.excluded_recurrence_rules = vec![recurrence::read("FREQ=WEEKLY;BYDAY=WE,FR", &Wall::Floating).unwrap().rule];
    let days: Vec<i8> = walls(&event, 9).into_iter().map(DateTime::day).collect();
    assert_eq!(days, [2, 3, 5, 7]);
}

#[test]
fn a_task_without_a_start_repeats_from_its_due_time() {
    let task = Task::build(|t| {
        t.due = Some(When::all_day(date(2026, 1, 31)));
        t.recurrence_rules = vec![recurrence::read("FREQ=MONTHLY;BYMONTHDAY=-1", &Wall::AllDay).unwrap().rule];
    });
    let due: Vec<_> = occurrences(&task, datetime(2026, 2, 1, 0, 0, 0, 0), 2).unwrap().into_iter().map(|o| o.record.due.unwrap()).collect();
    assert_eq!(due, [When::all_day(date(2026, 2, 28)), When::all_day(date(2026, 3, 31))]);
}

#[test]
fn a_record_that_does_not_repeat_has_one_occurrence_and_one_without_start_none() {
    let once = series(When::floating(datetime(2026, 3, 2, 9, 0, 0, 0)), &[]);
    assert_eq!(walls(&once, 9).len(), 1);
    assert!(occurrences(&Event::default(), datetime(2026, 1, 1, 0, 0, 0, 0), 9).unwrap().is_empty());
}
