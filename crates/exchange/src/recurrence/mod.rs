//! Recurrence: Exchange's patterns and ranges, and the rules of RFC 5545 that they are.
//!
//! [`rule`] turns a recurrence into a rule, which always works; [`recurrence`] turns a rule into a recurrence, which works for
//! those that make what a pattern makes, however they are written, and is a [`Refusal`] for all others. Both are exact: the
//! same dates come out on either side.
//!
//! Two things differ from what the words seem to say. A day of the month that a month has not is its last day in Exchange, and
//! nothing in RFC 5545 (MS-OXOCAL section 2.2.1.44.1.3): the 30th is the last of the 28th, 29th and 30th. And a pattern moves a
//! start that it does not make, while a rule keeps it as its first date.
//!
//! (Graph: `patternedRecurrence`; EWS: `Recurrence`.)

mod read;
mod write;

use std::collections::BTreeSet;

use jiff::civil::Date;
use pimkit_core::Day;
use thiserror::Error;

pub use read::rule;
pub use write::recurrence;

/// How a series repeats, and how long.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Recurrence {
    /// How it repeats.
    pub pattern: Pattern,
    /// The day of its start, in its zone.
    pub start: Date,
    /// How long.
    pub end: End,
}

/// How a series repeats. Intervals are 1 or more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// Every so many days (Graph: `daily`).
    Daily {
        /// Days.
        interval: u32,
    },
    /// On some days of every so many weeks (Graph: `weekly`).
    Weekly {
        /// Weeks.
        interval: u32,
        /// On which days.
        days: BTreeSet<Day>,
        /// Where a week begins.
        first_day_of_week: Day,
    },
    /// On one day of every so many months (Graph: `absoluteMonthly`).
    AbsoluteMonthly {
        /// Months.
        interval: u32,
        /// 1 to 31; the last one of a shorter month.
        day_of_month: i8,
    },
    /// On one of some days of the week, in every so many months (Graph: `relativeMonthly`).
    RelativeMonthly {
        /// Months.
        interval: u32,
        /// Which days count.
        days: BTreeSet<Day>,
        /// Which of them.
        index: Index,
    },
    /// On one day of every so many years (Graph: `absoluteYearly`).
    AbsoluteYearly {
        /// Years; EWS has 1 alone.
        interval: u32,
        /// 1 to 31; the last one of a shorter month.
        day_of_month: i8,
        /// 1 to 12.
        month: i8,
    },
    /// On one of some days of the week, in one month of every so many years (Graph: `relativeYearly`).
    RelativeYearly {
        /// Years; EWS has 1 alone.
        interval: u32,
        /// Which days count.
        days: BTreeSet<Day>,
        /// Which of them.
        index: Index,
        /// 1 to 12.
        month: i8,
    },
}

/// Which of the days of a month that count (Graph: `weekIndex`; EWS: `DayOfWeekIndexType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Index {
    First,
    Second,
    Third,
    Fourth,
    Last,
}

/// How long a series goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// For ever (Graph: `noEnd`).
    Never,
    /// To this day, inclusive (Graph: `endDate`).
    On(Date),
    /// So many times (Graph: `numbered`).
    After(u32),
}

/// Why Exchange cannot hold a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It has several rules, or rules that take dates out.
    #[error("Exchange holds one rule for a series, and none that takes dates out: keep one rule")]
    Rules,
    /// It repeats by the hour, minute or second.
    #[error("Exchange repeats by the day at most: use days, weeks, months or years")]
    Frequency,
    /// It repeats by another calendar, or moves dates forward that a month has not.
    #[error("Exchange repeats by the Gregorian calendar alone: write the rule without RSCALE and SKIP")]
    Calendar,
    /// It has a part, or parts together, that no pattern has.
    #[error("Exchange has no pattern for the {0} of this recurrence rule: use a simpler rule")]
    Part(&'static str),
    /// It has several dates in a month.
    #[error("Exchange holds one date in a month: make a series for each of them")]
    ManyDates,
    /// It is on a day that some of its months have not. Exchange would take their last day.
    #[error("the rule leaves out months that lack its day, and Exchange would not: use the last day of the month, or an earlier day")]
    ShortMonths,
    /// Its start is none of its own dates. Exchange would move the start.
    #[error("the start is not on a date of the recurrence rule: move the start to its first date")]
    Start,
    /// It ends before it starts, or after no times.
    #[error("the recurrence rule ends before its first date: give it a later end")]
    Empty,
}

impl Index {
    /// 1 to 4, or -1 for the last.
    #[must_use]
    pub fn position(self) -> i32 {
        match self {
            Self::First => 1,
            Self::Second => 2,
            Self::Third => 3,
            Self::Fourth => 4,
            Self::Last => -1,
        }
    }

    /// The index of a position: 1 to 4, or -1.
    #[must_use]
    pub fn of_position(position: i32) -> Option<Self> {
        match position {
            1 => Some(Self::First),
            2 => Some(Self::Second),
            3 => Some(Self::Third),
            4 => Some(Self::Fourth),
            -1 => Some(Self::Last),
            _ => None,
        }
    }

    /// The index of a word of either wire: `first`, `Last`.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::First, Self::Second, Self::Third, Self::Fourth, Self::Last].into_iter().find(|one| one.word().eq_ignore_ascii_case(word))
    }

    /// Graph's word; EWS's begins with a capital.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
            Self::Third => "third",
            Self::Fourth => "fourth",
            Self::Last => "last",
        }
    }
}

/// Every day of the week, Monday first.
pub const WEEK: [Day; 7] = [Day::Mo, Day::Tu, Day::We, Day::Th, Day::Fr, Day::Sa, Day::Su];

/// Graph's word for a day of the week; EWS's begins with a capital.
#[must_use]
pub fn day_word(day: Day) -> &'static str {
    match day {
        Day::Mo => "monday",
        Day::Tu => "tuesday",
        Day::We => "wednesday",
        Day::Th => "thursday",
        Day::Fr => "friday",
        Day::Sa => "saturday",
        Day::Su => "sunday",
    }
}

/// The days of a word of either wire: one, or those of EWS's `Day`, `Weekday` and `WeekendDay`.
#[must_use]
pub fn days_of_word(word: &str) -> Option<BTreeSet<Day>> {
    let one = WEEK.into_iter().find(|day| day_word(*day).eq_ignore_ascii_case(word));
    let range = match word.to_ascii_lowercase().as_str() {
        "day" => WEEK.get(..),
        "weekday" => WEEK.get(..5),
        "weekendday" => WEEK.get(5..),
        _ => None,
    };
    one.map(|day| BTreeSet::from([day])).or_else(|| range.map(|days| days.iter().copied().collect()))
}

/// The day of the week of a date.
#[must_use]
pub fn day_of(date: Date) -> Day {
    let at = date.weekday().to_monday_zero_offset();
    usize::try_from(at).ok().and_then(|at| WEEK.get(at).copied()).unwrap_or(Day::Mo)
}

impl Pattern {
    /// Whether it makes this date, leaving aside every how many units.
    #[must_use]
    pub fn has(&self, date: Date) -> bool {
        match self {
            Self::Daily { .. } => true,
            Self::Weekly { days, .. } => days.contains(&day_of(date)),
            Self::AbsoluteMonthly { day_of_month, .. } => is_day(date, *day_of_month),
            Self::RelativeMonthly { days, index, .. } => is_nth(date, days, *index),
            Self::AbsoluteYearly { day_of_month, month, .. } => date.month() == *month && is_day(date, *day_of_month),
            Self::RelativeYearly { days, index, month, .. } => date.month() == *month && is_nth(date, days, *index),
        }
    }
}

/// The day of the month, or the last one of a month that is shorter.
fn is_day(date: Date, day: i8) -> bool {
    date.day() == day.min(date.days_in_month())
}

fn is_nth(date: Date, days: &BTreeSet<Day>, index: Index) -> bool {
    let (first, last) = (date.first_of_month(), date.last_of_month());
    let mut dates = first.series(jiff::Span::new().days(1)).take_while(|one| *one <= last).filter(|one| days.contains(&day_of(*one)));
    let found = match usize::try_from(index.position() - 1) {
        Ok(skipped) => dates.nth(skipped),
        Err(_) => dates.last(),
    };
    found == Some(date)
}
