//! The laws of both ways, over recurrences and rules at random.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime, date};
use pimkit_core::{Day, Event, Frequency, NthDay, Record as _, RecurrenceRule, Until, When};
use pimkit_exchange::recurrence::{End, Index, Pattern, Recurrence, WEEK, recurrence, rule};
use pimkit_formats::recurrence::occurrences;
use proptest::prelude::*;

fn dates(rule: &RecurrenceRule, start: &When, limit: usize) -> Vec<DateTime> {
    let event = Event::build(|e| {
        e.start = Some(start.clone());
        e.recurrence_rules = vec![rule.clone()];
    });
    occurrences(&event, DateTime::MIN, limit).unwrap().into_iter().map(|one| one.id.0).collect()
}

fn any_days() -> impl Strategy<Value = BTreeSet<Day>> {
    proptest::collection::btree_set(proptest::sample::select(WEEK.to_vec()), 1..=7)
}

fn any_pattern() -> impl Strategy<Value = Pattern> {
    let index = || proptest::sample::select(vec![Index::First, Index::Second, Index::Third, Index::Fourth, Index::Last]);
    let interval = || 1..20_u32;
    prop_oneof![
        interval().prop_map(|interval| Pattern::Daily { interval }),
        (interval(), any_days(), proptest::sample::select(WEEK.to_vec())).prop_map(|(interval, days, first_day_of_week)| Pattern::Weekly {
            interval,
            days,
            first_day_of_week
        }),
        (interval(), 1..=31_i8).prop_map(|(interval, day_of_month)| Pattern::AbsoluteMonthly { interval, day_of_month }),
        (interval(), any_days(), index()).prop_map(|(interval, days, index)| Pattern::RelativeMonthly { interval, days, index }),
        (interval(), 1..=31_i8, 1..=12_i8).prop_map(|(interval, day_of_month, month)| Pattern::AbsoluteYearly {
            interval,
            day_of_month,
            month
        }),
        (interval(), any_days(), index(), 1..=12_i8).prop_map(|(interval, days, index, month)| Pattern::RelativeYearly {
            interval,
            days,
            index,
            month
        }),
    ]
}

fn any_date() -> impl Strategy<Value = Date> {
    (2020..2040_i16, 1..=12_i8, 1..=28_i8).prop_map(|(year, month, day)| date(year, month, day))
}

/// A start that the pattern makes, on the day or after it.
fn first_of(pattern: &Pattern, from: Date) -> Date {
    from.series(jiff::Span::new().days(1)).take(400).find(|date| pattern.has(*date)).expect("every pattern has a date in a year")
}

fn any_rule() -> impl Strategy<Value = RecurrenceRule> {
    let frequency = proptest::sample::select(vec![Frequency::Daily, Frequency::Weekly, Frequency::Monthly, Frequency::Yearly]);
    let nth = (proptest::sample::select(WEEK.to_vec()), proptest::option::weighted(0.4, prop_oneof![-2..=-1_i32, 1..=5_i32]))
        .prop_map(|(day, nth_of_period)| NthDay { day, nth_of_period });
    let by_month_day = proptest::collection::vec(prop_oneof![4 => 1..=31_i8, 1 => -3..=-1_i8], 0..3);
    let tail = proptest::collection::vec(27..=31_i8, 0..5);
    (
        frequency,
        proptest::option::of(1..14_u32),
        proptest::collection::vec(nth, 0..4),
        prop_oneof![by_month_day, tail],
        proptest::collection::btree_set(1..=12_u8, 0..4),
        proptest::option::weighted(0.3, prop_oneof![-2..=-1_i32, 1..=4_i32]),
        proptest::option::of(proptest::sample::select(WEEK.to_vec())),
        proptest::option::of(1..30_u32),
    )
        .prop_map(|(frequency, interval, mut by_day, by_month_day, months, position, first_day_of_week, count)| {
            if matches!(frequency, Frequency::Daily | Frequency::Weekly) {
                for nth in &mut by_day {
                    nth.nth_of_period = None;
                }
            }
            let by_something = !(by_day.is_empty() && by_month_day.is_empty());
            RecurrenceRule {
                frequency,
                interval,
                by_month_day: if frequency == Frequency::Weekly { Vec::new() } else { by_month_day },
                by_month: months.iter().map(ToString::to_string).collect(),
                by_set_position: position.filter(|_| by_something).into_iter().collect(),
                by_day,
                first_day_of_week,
                count,
                ..RecurrenceRule::default()
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn a_recurrence_comes_back_from_its_rule(pattern in any_pattern(), from in any_date(), end in 0..3_u8, length in 1..500_u32) {
        let start = first_of(&pattern, from);
        let end = match end {
            0 => End::Never,
            1 => End::After(length),
            _ => End::On(start.saturating_add(jiff::Span::new().days(length))),
        };
        let given = Recurrence { pattern, start, end };
        let back = recurrence(&[rule(&given)], &[], &When::all_day(start)).unwrap().unwrap();
        prop_assert_eq!(back, given);
    }

    #[test]
    fn the_dates_of_a_pattern_are_those_of_its_rule(pattern in any_pattern(), from in any_date()) {
        let start = first_of(&pattern, from);
        let made = dates(&rule(&Recurrence { pattern: pattern.clone(), start, end: End::Never }), &When::all_day(start), 25);
        for date in made {
            prop_assert!(pattern.has(date.date()), "{:?} {}", pattern, date);
        }
    }

    #[test]
    fn a_rule_that_is_taken_makes_the_same_dates(rule_given in any_rule(), day in any_date()) {
        let start = When::zoned(day.at(2, 30, 0, 0), "Europe/Vienna");
        let Ok(Some(taken)) = recurrence(std::slice::from_ref(&rule_given), &[], &start) else { return Ok(()) };
        prop_assert_eq!(dates(&rule(&taken), &start, 40), dates(&rule_given, &start, 40), "{:?}", taken);
    }

    #[test]
    fn the_last_of_some_days_is_taken_only_where_exchange_counts_so(
        days in proptest::collection::btree_set(26..=31_i8, 1..6),
        first in proptest::sample::select(vec![1, -1_i32]),
        month in 1..=12_i8,
        interval in 1..13_u32,
    ) {
        let length = date(2026, month, 1).days_in_month();
        let there: Vec<i8> = days.iter().copied().filter(|day| *day <= length).collect();
        let Some(day) = (if first == 1 { there.first() } else { there.last() }) else { return Ok(()) };
        let start = When::zoned(date(2026, month, *day).at(2, 30, 0, 0), "Europe/Vienna");
        let given = RecurrenceRule {
            frequency: Frequency::Monthly,
            interval: Some(interval),
            by_month_day: days.into_iter().collect(),
            by_set_position: vec![first],
            ..RecurrenceRule::default()
        };
        if let Ok(Some(taken)) = recurrence(std::slice::from_ref(&given), &[], &start) {
            prop_assert_eq!(dates(&rule(&taken), &start, 40), dates(&given, &start, 40), "{:?}", taken);
        }
    }

    #[test]
    fn an_end_at_any_time_leaves_the_same_dates(hour in 0..24_i8, until_hour in 0..24_i8, days in 0..40_i64) {
        let start = When::zoned(date(2026, 10, 19).at(hour, 30, 0, 0), "Europe/Vienna");
        let until = date(2026, 10, 19).saturating_add(jiff::Span::new().days(days)).at(until_hour, 30, 0, 0);
        let given = RecurrenceRule { until: Some(Until::At(until)), ..RecurrenceRule::default() };
        match recurrence(std::slice::from_ref(&given), &[], &start) {
            Ok(Some(taken)) => prop_assert_eq!(dates(&rule(&taken), &start, 60), dates(&given, &start, 60)),
            _ => prop_assert!(dates(&given, &start, 60).is_empty()),
        }
    }
}
