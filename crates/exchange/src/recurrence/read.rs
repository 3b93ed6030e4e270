//! From Exchange's words to rules.

use std::collections::BTreeSet;

use pimkit_core::{Day, Frequency, NthDay, RecurrenceRule, Until};

use super::{End, Index, Pattern, Recurrence};

/// The rule of a recurrence. It makes the dates that Exchange makes.
#[must_use]
pub fn rule(recurrence: &Recurrence) -> RecurrenceRule {
    let mut rule = RecurrenceRule::default();
    let interval = match &recurrence.pattern {
        Pattern::Daily { interval } => {
            rule.frequency = Frequency::Daily;
            *interval
        }
        Pattern::Weekly { interval, days, first_day_of_week } => {
            rule.frequency = Frequency::Weekly;
            rule.by_day = each(days);
            rule.first_day_of_week = Some(*first_day_of_week).filter(|day| *day != Day::Mo);
            *interval
        }
        Pattern::AbsoluteMonthly { interval, day_of_month } => {
            rule.frequency = Frequency::Monthly;
            by_month_day(&mut rule, *day_of_month, 28);
            *interval
        }
        Pattern::RelativeMonthly { interval, days, index } => {
            rule.frequency = Frequency::Monthly;
            nth(&mut rule, days, *index);
            *interval
        }
        Pattern::AbsoluteYearly { interval, day_of_month, month } => {
            rule.frequency = Frequency::Yearly;
            rule.by_month = vec![month.to_string()];
            by_month_day(&mut rule, *day_of_month, shortest(*month));
            *interval
        }
        Pattern::RelativeYearly { interval, days, index, month } => {
            rule.frequency = Frequency::Yearly;
            rule.by_month = vec![month.to_string()];
            nth(&mut rule, days, *index);
            *interval
        }
    };
    rule.interval = Some(interval).filter(|interval| *interval > 1);
    match recurrence.end {
        End::Never => {}
        End::On(date) => rule.until = Some(Until::On(date)),
        End::After(count) => rule.count = Some(count),
    }
    rule
}

fn each(days: &BTreeSet<Day>) -> Vec<NthDay> {
    days.iter().map(|day| NthDay { day: *day, nth_of_period: None }).collect()
}

fn nth(rule: &mut RecurrenceRule, days: &BTreeSet<Day>, index: Index) {
    rule.by_day = each(days);
    // One day is said as people and most programs say it: the second Wednesday, `2WE`.
    match rule.by_day.as_mut_slice() {
        [one] => one.nth_of_period = Some(index.position()),
        _ => rule.by_set_position = vec![index.position()],
    }
}

/// A day that every month has is said as it is, the 31st of all months as the last day, and others as the last of the days
/// that a month has up to it.
fn by_month_day(rule: &mut RecurrenceRule, day: i8, shortest: i8) {
    match day {
        _ if day <= shortest => rule.by_month_day = vec![day],
        31 => rule.by_month_day = vec![-1],
        _ => {
            rule.by_month_day = (shortest..=day).collect();
            rule.by_set_position = vec![-1];
        }
    }
}

/// How many days a month always has.
pub(super) fn shortest(month: i8) -> i8 {
    match month {
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
