//! Each pattern and each way to write it, held against the dates that the rules make.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime, date};
use pimkit_core::{Day, Event, Record as _, RecurrenceRule, When};
use pimkit_exchange::recurrence::{End, Index, Pattern, Recurrence, Refusal, recurrence, rule};
use pimkit_formats::recurrence::{Wall, occurrences, read};

const VIENNA: &str = "Europe/Vienna";

fn at(text: &str) -> When {
    When::zoned(text.parse().unwrap(), VIENNA)
}

fn parsed(text: &str, start: &When) -> RecurrenceRule {
    read(text, &Wall::of(Some(start))).unwrap().rule
}

fn days(text: &str) -> BTreeSet<Day> {
    text.split(' ').map(|day| serde_json::from_value(serde_json::Value::from(day)).unwrap()).collect()
}

fn dates(rule: &RecurrenceRule, start: &When, limit: usize) -> Vec<DateTime> {
    let event = Event::build(|e| {
        e.start = Some(start.clone());
        e.recurrence_rules = vec![rule.clone()];
    });
    occurrences(&event, DateTime::MIN, limit).unwrap().into_iter().map(|one| one.id.0).collect()
}

/// What the text of a rule is to Exchange.
fn exchange(text: &str, start: &When) -> Result<Recurrence, Refusal> {
    recurrence(&[parsed(text, start)], &[], start).map(Option::unwrap)
}

fn weekly(interval: u32, on: &str) -> Pattern {
    Pattern::Weekly { interval, days: days(on), first_day_of_week: Day::Mo }
}

#[test]
fn every_pattern_has_its_rule_and_the_rule_its_pattern() {
    let nth = |interval, on: &str, index| Pattern::RelativeMonthly { interval, days: days(on), index };
    let of_year = |on: &str, index, month| Pattern::RelativeYearly { interval: 1, days: days(on), index, month };
    let day = |interval, day_of_month| Pattern::AbsoluteMonthly { interval, day_of_month };
    let of_month = |interval, day_of_month, month| Pattern::AbsoluteYearly { interval, day_of_month, month };
    for (text, start, expected) in [
        ("FREQ=DAILY", "2026-10-23T02:30", Pattern::Daily { interval: 1 }),
        ("FREQ=DAILY;INTERVAL=3", "2026-03-28T02:30", Pattern::Daily { interval: 3 }),
        ("FREQ=WEEKLY;BYDAY=MO,WE", "2026-10-19T09:00", weekly(1, "mo we")),
        (
            "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,SU",
            "2026-10-20T09:00",
            Pattern::Weekly { interval: 2, days: days("tu su"), first_day_of_week: Day::Su },
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=15", "2026-10-15T09:00", day(1, 15)),
        ("FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=28", "2026-10-28T09:00", day(2, 28)),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-10-31T09:00", day(1, 31)),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1", "2026-10-30T09:00", day(1, 30)),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29;BYSETPOS=-1", "2026-02-28T09:00", day(1, 29)),
        ("FREQ=MONTHLY;BYDAY=2WE", "2026-10-14T09:00", nth(1, "we", Index::Second)),
        ("FREQ=MONTHLY;BYDAY=-1SU", "2026-10-25T02:30", nth(1, "su", Index::Last)),
        ("FREQ=MONTHLY;INTERVAL=3;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1", "2026-10-01T09:00", nth(3, "mo tu we th fr", Index::First)),
        ("FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=-1", "2026-10-31T09:00", nth(1, "sa su", Index::Last)),
        ("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=10", "2026-12-10T09:00", of_month(1, 10, 12)),
        ("FREQ=YEARLY;INTERVAL=5;BYMONTH=1;BYMONTHDAY=31", "2026-01-31T09:00", of_month(5, 31, 1)),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1", "2024-02-29T09:00", of_month(1, 29, 2)),
        ("FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "2026-10-25T02:30", of_year("su", Index::Last, 10)),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=SA,SU;BYSETPOS=2", "2026-11-07T09:00", of_year("sa su", Index::Second, 11)),
    ] {
        let start = at(start);
        let found = exchange(text, &start).unwrap_or_else(|refusal| panic!("{text}: {refusal}"));
        let expected = Recurrence { pattern: expected, start: start.date(), end: End::Never };
        assert_eq!(found, expected, "{text}");
        assert_eq!(rule(&expected), parsed(text, &start), "{text}");
    }
}

#[test]
fn rules_that_are_written_otherwise_make_the_dates_of_their_pattern() {
    for (text, start, expected) in [
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "2026-10-19T09:00", weekly(1, "mo tu we th fr")),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR,SA,SU;INTERVAL=2", "2026-10-19T09:00", Pattern::Daily { interval: 2 }),
        ("FREQ=DAILY;INTERVAL=14;BYDAY=MO,TU", "2026-10-19T09:00", Pattern::Daily { interval: 14 }),
        ("FREQ=WEEKLY", "2026-10-21T09:00", weekly(1, "we")),
        ("FREQ=WEEKLY;BYSETPOS=1;BYHOUR=9;BYMINUTE=0", "2026-10-21T09:00", weekly(1, "we")),
        ("FREQ=MONTHLY;BYDAY=MO,TH", "2026-10-22T09:00", weekly(1, "mo th")),
        ("FREQ=YEARLY;BYDAY=MO", "2026-10-19T09:00", weekly(1, "mo")),
        ("FREQ=MONTHLY", "2026-10-12T09:00", Pattern::AbsoluteMonthly { interval: 1, day_of_month: 12 }),
        ("FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31", "2026-10-31T09:00", Pattern::AbsoluteMonthly { interval: 12, day_of_month: 31 }),
        (
            "FREQ=MONTHLY;INTERVAL=5;BYMONTHDAY=25,26;BYSETPOS=1",
            "2026-10-25T09:00",
            Pattern::AbsoluteMonthly { interval: 5, day_of_month: 25 },
        ),
        (
            "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=8,9,10,11,12,13,14",
            "2026-10-09T09:00",
            Pattern::RelativeMonthly { interval: 1, days: days("fr"), index: Index::Second },
        ),
        (
            "FREQ=MONTHLY;BYDAY=SU;BYMONTHDAY=-1,-2,-3,-4,-5,-6,-7",
            "2026-10-25T09:00",
            Pattern::RelativeMonthly { interval: 1, days: days("su"), index: Index::Last },
        ),
        ("FREQ=YEARLY", "2026-10-25T09:00", Pattern::AbsoluteYearly { interval: 1, day_of_month: 25, month: 10 }),
        ("FREQ=YEARLY;BYMONTHDAY=7", "2026-10-07T09:00", Pattern::AbsoluteMonthly { interval: 1, day_of_month: 7 }),
        ("FREQ=YEARLY;BYMONTH=1,4,7,10;BYMONTHDAY=1", "2026-10-01T09:00", Pattern::AbsoluteMonthly { interval: 3, day_of_month: 1 }),
        (
            "FREQ=YEARLY;BYMONTH=4,10;BYDAY=1MO",
            "2026-10-05T09:00",
            Pattern::RelativeMonthly { interval: 6, days: days("mo"), index: Index::First },
        ),
        (
            "FREQ=MONTHLY;BYMONTH=3;BYDAY=-1SU",
            "2026-03-29T02:30",
            Pattern::RelativeYearly { interval: 1, days: days("su"), index: Index::Last, month: 3 },
        ),
    ] {
        let start = at(start);
        let found = exchange(text, &start).unwrap_or_else(|refusal| panic!("{text}: {refusal}"));
        assert_eq!(found.pattern, expected, "{text}");
        assert_eq!(dates(&rule(&found), &start, 40), dates(&parsed(text, &start), &start, 40), "{text}");
    }
}

#[test]
fn a_day_that_short_months_lack_is_their_last_day() {
    let of = |day_of_month| Recurrence {
        pattern: Pattern::AbsoluteMonthly { interval: 1, day_of_month },
        start: date(2028, 1, day_of_month),
        end: End::Never,
    };
    for (day, expected) in
        [(29, [(1, 29), (2, 29), (3, 29), (4, 29)]), (30, [(1, 30), (2, 29), (3, 30), (4, 30)]), (31, [(1, 31), (2, 29), (3, 31), (4, 30)])]
    {
        let found: Vec<Date> = dates(&rule(&of(day)), &When::all_day(date(2028, 1, day)), 4).into_iter().map(DateTime::date).collect();
        assert_eq!(found, expected.map(|(month, day)| date(2028, month, day)));
    }
    let backward = RecurrenceRule { skip: Some("backward".into()), ..parsed("FREQ=MONTHLY;BYMONTHDAY=31", &at("2028-01-31T09:00")) };
    let found = recurrence(&[backward], &[], &at("2028-01-31T09:00")).unwrap().unwrap();
    assert_eq!(found.pattern, Pattern::AbsoluteMonthly { interval: 1, day_of_month: 31 });
}

#[test]
fn an_end_is_a_day_in_the_zone_of_the_series() {
    for (text, start, expected) in [
        ("FREQ=DAILY;COUNT=10", "2026-10-19T09:00", End::After(10)),
        ("FREQ=DAILY;UNTIL=20261030", "2026-10-19T09:00", End::On(date(2026, 10, 30))),
        // 09:00 in winter time is 08:00 UTC: the last one is that of the 30th, or it is not.
        ("FREQ=DAILY;UNTIL=20261030T080000Z", "2026-10-19T09:00", End::On(date(2026, 10, 30))),
        ("FREQ=DAILY;UNTIL=20261030T075959Z", "2026-10-19T09:00", End::On(date(2026, 10, 29))),
        // In summer time, a day earlier in UTC than on the wall.
        ("FREQ=DAILY;UNTIL=20261023T223000Z", "2026-10-19T00:30", End::On(date(2026, 10, 24))),
        // The night in which an hour comes twice.
        ("FREQ=DAILY;UNTIL=20261025T003000Z", "2026-10-19T02:30", End::On(date(2026, 10, 25))),
        ("FREQ=DAILY;UNTIL=20261025T013000Z", "2026-10-19T02:30", End::On(date(2026, 10, 25))),
        ("FREQ=DAILY;UNTIL=20261024T235959Z", "2026-10-19T02:30", End::On(date(2026, 10, 24))),
        // The night in which an hour is left out.
        ("FREQ=DAILY;UNTIL=20260329T013000Z", "2026-03-20T02:30", End::On(date(2026, 3, 29))),
        ("FREQ=DAILY;UNTIL=90001231T235959Z", "2026-10-19T09:00", End::Never),
    ] {
        let start = at(start);
        let found = exchange(text, &start).unwrap();
        assert_eq!(found.end, expected, "{text}");
        if found.end != End::Never {
            assert_eq!(dates(&rule(&found), &start, 60), dates(&parsed(text, &start), &start, 60), "{text}");
        }
    }
    let whole_days = When::all_day(date(2026, 10, 19));
    assert_eq!(exchange("FREQ=DAILY;UNTIL=20261030T000000", &whole_days).unwrap().end, End::On(date(2026, 10, 30)));
}

#[test]
fn a_rule_without_a_pattern_is_refused_by_what_it_lacks() {
    for (text, start, expected) in [
        ("FREQ=HOURLY", "2026-10-19T09:00", Refusal::Frequency),
        ("FREQ=SECONDLY", "2026-10-19T09:00", Refusal::Frequency),
        ("RSCALE=HEBREW;FREQ=YEARLY", "2026-10-19T09:00", Refusal::Calendar),
        ("RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;SKIP=FORWARD", "2026-10-31T09:00", Refusal::Calendar),
        ("FREQ=YEARLY;BYYEARDAY=100", "2026-04-10T09:00", Refusal::Part("BYYEARDAY")),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "2026-05-11T09:00", Refusal::Part("BYWEEKNO")),
        ("FREQ=DAILY;BYHOUR=9,17", "2026-10-19T09:00", Refusal::Part("BYHOUR")),
        ("FREQ=DAILY;BYMINUTE=30", "2026-10-19T09:00", Refusal::Part("BYMINUTE")),
        ("FREQ=DAILY;INTERVAL=2;BYDAY=MO,FR", "2026-10-19T09:00", Refusal::Part("BYDAY")),
        ("FREQ=DAILY;BYMONTH=10", "2026-10-19T09:00", Refusal::Part("BYMONTH")),
        ("FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1", "2026-10-19T09:00", Refusal::Part("BYSETPOS")),
        ("FREQ=MONTHLY;BYDAY=5MO", "2026-11-30T09:00", Refusal::Part("BYDAY")),
        ("FREQ=MONTHLY;BYDAY=-2MO", "2026-10-19T09:00", Refusal::Part("BYDAY")),
        ("FREQ=MONTHLY;BYDAY=1MO,3MO", "2026-10-19T09:00", Refusal::ManyDates),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "2026-11-13T09:00", Refusal::Part("BYMONTHDAY")),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15", "2026-10-15T09:00", Refusal::ManyDates),
        ("FREQ=MONTHLY;BYMONTHDAY=-2", "2026-10-30T09:00", Refusal::Part("BYMONTHDAY")),
        ("FREQ=MONTHLY;BYMONTHDAY=28,30;BYSETPOS=-1", "2026-10-30T09:00", Refusal::Part("BYSETPOS")),
        ("FREQ=MONTHLY;INTERVAL=2;BYDAY=MO", "2026-10-19T09:00", Refusal::Part("BYDAY")),
        ("FREQ=MONTHLY;INTERVAL=2;BYMONTH=10;BYMONTHDAY=1", "2026-10-01T09:00", Refusal::Part("BYMONTH")),
        ("FREQ=MONTHLY;BYMONTHDAY=31", "2026-10-31T09:00", Refusal::ShortMonths),
        ("FREQ=MONTHLY", "2026-10-29T09:00", Refusal::ShortMonths),
        ("FREQ=YEARLY", "2028-02-29T09:00", Refusal::ShortMonths),
        ("FREQ=YEARLY;BYDAY=20MO", "2026-05-18T09:00", Refusal::Part("BYDAY")),
        ("FREQ=YEARLY;BYMONTH=1,2;BYMONTHDAY=1", "2026-01-01T09:00", Refusal::Part("BYMONTH")),
        ("FREQ=YEARLY;BYMONTH=4,10;BYDAY=MO;BYSETPOS=1", "2026-04-06T09:00", Refusal::Part("BYMONTH")),
        ("FREQ=WEEKLY;BYDAY=TU", "2026-10-19T09:00", Refusal::Start),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-10-30T09:00", Refusal::Start),
        ("FREQ=YEARLY;BYMONTH=1,7;BYMONTHDAY=5", "2026-10-05T09:00", Refusal::Start),
        ("FREQ=DAILY;UNTIL=20261018", "2026-10-19T09:00", Refusal::Empty),
        ("FREQ=DAILY;COUNT=0", "2026-10-19T09:00", Refusal::Empty),
    ] {
        assert_eq!(exchange(text, &at(start)), Err(expected), "{text}");
    }
    let start = at("2026-10-19T09:00");
    let daily = parsed("FREQ=DAILY", &start);
    assert_eq!(recurrence(&[daily.clone(), daily.clone()], &[], &start), Err(Refusal::Rules));
    assert_eq!(recurrence(std::slice::from_ref(&daily), std::slice::from_ref(&daily), &start), Err(Refusal::Rules));
    assert_eq!(recurrence(&[], &[], &start), Ok(None));
}

#[test]
fn what_a_pattern_says_of_a_start_is_what_its_rule_makes() {
    let recurrence = Recurrence {
        pattern: Pattern::RelativeMonthly { interval: 1, days: days("mo tu we th fr"), index: Index::Fourth },
        start: date(2026, 10, 6),
        end: End::Never,
    };
    let made: Vec<Date> = dates(&rule(&recurrence), &When::all_day(date(2026, 10, 6)), 12).into_iter().map(DateTime::date).collect();
    for day in date(2026, 10, 6).series(jiff::Span::new().days(1)).take(300) {
        assert_eq!(recurrence.pattern.has(day), made.contains(&day), "{day}");
    }
}
