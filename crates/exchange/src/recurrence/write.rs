//! From rules to Exchange's words.

use std::collections::BTreeSet;

use jiff::civil::Date;
use pimkit_core::{Day, Frequency, RecurrenceRule, Until, When};

use super::read::shortest;
use super::{End, Index, Pattern, Recurrence, Refusal, WEEK, day_of};

/// The years from which Exchange knows no dates: it answers `ErrorRecurrenceEndDateTooBig` for an end from 1 September 4500 on.
/// A series that goes on until then goes on for ever.
const LAST_YEAR: i16 = 4500;

/// The recurrence of these rules, for a series that starts then; `None` where there is no rule.
///
/// # Behavior
/// - It makes the same dates, with the same start.
/// - An end later than Exchange's calendar is none.
/// - How long an interval may be is left to the server.
///
/// # Errors
/// [`Refusal`], when no pattern makes these dates.
pub fn recurrence(rules: &[RecurrenceRule], excluded: &[RecurrenceRule], start: &When) -> Result<Option<Recurrence>, Refusal> {
    let rule = match (rules, excluded) {
        ([], []) => return Ok(None),
        ([rule], []) => rule,
        _ => return Err(Refusal::Rules),
    };
    let pattern = pattern(rule, start)?;
    let end = end(rule, start)?;
    if !pattern.has(start.date()) {
        return Err(Refusal::Start);
    }
    Ok(Some(Recurrence { pattern, start: start.date(), end }))
}

fn pattern(rule: &RecurrenceRule, start: &When) -> Result<Pattern, Refusal> {
    if rule.rscale.as_ref().is_some_and(|name| !name.eq_ignore_ascii_case("gregorian")) {
        return Err(Refusal::Calendar);
    }
    for (name, there) in [("BYYEARDAY", !rule.by_year_day.is_empty()), ("BYWEEKNO", !rule.by_week_no.is_empty())] {
        if there {
            return Err(Refusal::Part(name));
        }
    }
    at_the_time_of_the_start(rule, start)?;
    let interval = rule.interval.unwrap_or(1).max(1);
    match rule.frequency {
        Frequency::Daily => daily(rule, interval, start.date()),
        Frequency::Weekly => weekly(rule, interval, start.date()),
        Frequency::Monthly if rule.by_month.is_empty() => monthly(rule, interval, start.date(), Months::Every),
        Frequency::Monthly | Frequency::Yearly => yearly(rule, interval, start.date()),
        Frequency::Hourly | Frequency::Minutely | Frequency::Secondly => Err(Refusal::Frequency),
    }
}

/// A time of day in a rule may say again what the start says.
fn at_the_time_of_the_start(rule: &RecurrenceRule, start: &When) -> Result<(), Refusal> {
    if start.is_all_day() {
        return Ok(());
    }
    let time = start.wall().time();
    for (name, list, own) in
        [("BYHOUR", &rule.by_hour, time.hour()), ("BYMINUTE", &rule.by_minute, time.minute()), ("BYSECOND", &rule.by_second, time.second())]
    {
        if list.iter().any(|value| i8::try_from(*value) != Ok(own)) {
            return Err(Refusal::Part(name));
        }
    }
    Ok(())
}

/// The days of the week that are named without a number; `None` when one has a number.
fn plain_days(rule: &RecurrenceRule) -> Option<BTreeSet<Day>> {
    rule.by_day.iter().all(|nth| nth.nth_of_period.is_none()).then(|| rule.by_day.iter().map(|nth| nth.day).collect())
}

/// The one position of a rule.
fn position(rule: &RecurrenceRule) -> Result<Option<i32>, Refusal> {
    match rule.by_set_position.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        _ => Err(Refusal::ManyDates),
    }
}

/// Refuses a position that leaves out dates: of a set of one it may be the first or the last.
fn whole_set(rule: &RecurrenceRule, dates: usize) -> Result<(), Refusal> {
    match position(rule)? {
        None => Ok(()),
        Some(1 | -1) if dates <= 1 => Ok(()),
        Some(_) => Err(Refusal::Part("BYSETPOS")),
    }
}

fn no_parts_of_months(rule: &RecurrenceRule) -> Result<(), Refusal> {
    if !rule.by_month_day.is_empty() {
        return Err(Refusal::Part("BYMONTHDAY"));
    }
    if !rule.by_month.is_empty() {
        return Err(Refusal::Part("BYMONTH"));
    }
    Ok(())
}

fn daily(rule: &RecurrenceRule, interval: u32, start: Date) -> Result<Pattern, Refusal> {
    no_parts_of_months(rule)?;
    whole_set(rule, 1)?;
    let days = plain_days(rule).ok_or(Refusal::Part("BYDAY"))?;
    if days.is_empty() || days.len() == WEEK.len() {
        return Ok(Pattern::Daily { interval });
    }
    match interval {
        1 => Ok(Pattern::Weekly { interval: 1, days, first_day_of_week: Day::Mo }),
        // Whole weeks are always on the start's day.
        _ if interval.is_multiple_of(7) && days.contains(&day_of(start)) => Ok(Pattern::Daily { interval }),
        _ => Err(Refusal::Part("BYDAY")),
    }
}

fn weekly(rule: &RecurrenceRule, interval: u32, start: Date) -> Result<Pattern, Refusal> {
    no_parts_of_months(rule)?;
    let mut days = plain_days(rule).ok_or(Refusal::Part("BYDAY"))?;
    whole_set(rule, days.len())?;
    if days.is_empty() {
        days.insert(day_of(start));
    }
    Ok(Pattern::Weekly { interval, days, first_day_of_week: rule.first_day_of_week.unwrap_or(Day::Mo) })
}

/// In which months a rule is.
#[derive(Clone, Copy, PartialEq)]
enum Months {
    /// All, every so many from the start.
    Every,
    /// One of the year.
    One(i8),
}

/// What a rule says of a month.
enum InMonth {
    /// A day; `clamped`, when a shorter month has its last day instead.
    Day { day: i8, clamped: bool },
    /// One of some days of the week.
    Nth { days: BTreeSet<Day>, index: Index },
    /// Each of some days of the week.
    Each(BTreeSet<Day>),
}

fn monthly(rule: &RecurrenceRule, interval: u32, start: Date, months: Months) -> Result<Pattern, Refusal> {
    match (in_month(rule, start)?, months) {
        (InMonth::Day { day, clamped }, Months::Every) => {
            let long_enough = visited(start.month(), interval).all(|month| day <= shortest(month));
            if !clamped && !long_enough {
                return Err(Refusal::ShortMonths);
            }
            Ok(Pattern::AbsoluteMonthly { interval, day_of_month: day })
        }
        (InMonth::Day { day, clamped }, Months::One(month)) => {
            if !clamped && day > shortest(month) {
                return Err(Refusal::ShortMonths);
            }
            Ok(Pattern::AbsoluteYearly { interval, day_of_month: day, month })
        }
        (InMonth::Nth { days, index }, Months::Every) => Ok(Pattern::RelativeMonthly { interval, days, index }),
        (InMonth::Nth { days, index }, Months::One(month)) => Ok(Pattern::RelativeYearly { interval, days, index, month }),
        // Each Monday of each month is each Monday.
        (InMonth::Each(days), Months::Every) if interval == 1 => Ok(Pattern::Weekly { interval: 1, days, first_day_of_week: Day::Mo }),
        (InMonth::Each(_), _) => Err(Refusal::Part("BYDAY")),
    }
}

/// The months that a rule comes to, every so many from the first one: twelve steps are all of them.
fn visited(first: i8, interval: u32) -> impl Iterator<Item = i8> {
    let step = i8::try_from(interval % 12).unwrap_or(0);
    (0..12_i8).scan(first, move |month, _| {
        let this = *month;
        *month = (*month - 1 + step) % 12 + 1;
        Some(this)
    })
}

/// A rule by the year, or by the month in some months of the year.
fn yearly(rule: &RecurrenceRule, interval: u32, start: Date) -> Result<Pattern, Refusal> {
    let by_year = rule.frequency == Frequency::Yearly;
    if rule.by_month.is_empty() {
        let numbered = rule.by_day.iter().any(|nth| nth.nth_of_period.is_some());
        return match (rule.by_day.is_empty(), rule.by_month_day.is_empty()) {
            (true, true) => monthly(rule, interval, start, Months::One(start.month())),
            // The nth of a year is in no pattern; each of every year, and a day of each month of every year, are.
            _ if interval == 1 && !numbered && rule.by_set_position.is_empty() => monthly(rule, 1, start, Months::Every),
            (true, false) => Err(Refusal::Part("BYMONTHDAY")),
            (false, _) => Err(Refusal::Part("BYDAY")),
        };
    }
    // "Every second month, in March" is in March of every year, or in none: that is more than a pattern says.
    if !by_year && interval != 1 {
        return Err(Refusal::Part("BYMONTH"));
    }
    let months: Option<BTreeSet<i8>> = rule.by_month.iter().map(|month| month.parse().ok().filter(|m| (1..=12).contains(m))).collect();
    let months = months.ok_or(Refusal::Calendar)?;
    match (months.iter().next(), months.len()) {
        (Some(month), 1) => monthly(rule, interval, start, Months::One(*month)),
        // Positions would count over the whole year.
        _ if interval == 1 && (!by_year || rule.by_set_position.is_empty()) => {
            let step = even_step(&months).ok_or(Refusal::Part("BYMONTH"))?;
            if !months.contains(&start.month()) {
                return Err(Refusal::Start);
            }
            monthly(rule, step, start, Months::Every)
        }
        _ => Err(Refusal::Part("BYMONTH")),
    }
}

/// How far apart months are, when it is always as far: January, April, July and October are 3.
fn even_step(months: &BTreeSet<i8>) -> Option<u32> {
    let count = u32::try_from(months.len()).ok().filter(|count| 12_u32.is_multiple_of(*count))?;
    let step = 12 / count;
    let first = *months.iter().next()?;
    visited(first, step).all(|month| months.contains(&month)).then_some(step)
}

fn in_month(rule: &RecurrenceRule, start: Date) -> Result<InMonth, Refusal> {
    let clamped = match rule.skip.as_deref().map(str::to_ascii_lowercase).as_deref() {
        None | Some("omit") => false,
        Some("backward") => true,
        Some(_) => return Err(Refusal::Calendar),
    };
    if rule.by_day.is_empty() { day_in_month(rule, start, clamped) } else { weekday_in_month(rule) }
}

fn day_in_month(rule: &RecurrenceRule, start: Date, clamped: bool) -> Result<InMonth, Refusal> {
    let days: BTreeSet<i8> = rule.by_month_day.iter().copied().collect();
    let position = position(rule)?;
    let (Some(first), Some(last)) = (days.first().copied(), days.last().copied()) else {
        whole_set(rule, 1)?;
        return Ok(InMonth::Day { day: start.day(), clamped });
    };
    if days.len() == 1 {
        whole_set(rule, 1)?;
        return match first {
            -1 => Ok(InMonth::Day { day: 31, clamped: true }),
            1..=31 => Ok(InMonth::Day { day: first, clamped }),
            _ => Err(Refusal::Part("BYMONTHDAY")),
        };
    }
    if first < 1 || clamped {
        return Err(Refusal::Part("BYMONTHDAY"));
    }
    match position {
        Some(1) => Ok(InMonth::Day { day: first, clamped: false }),
        // The last one of these that a month has: as Exchange counts, when none from the 28th on is left out.
        Some(-1) if (28..=last).all(|day| days.contains(&day)) => Ok(InMonth::Day { day: last, clamped: true }),
        Some(_) => Err(Refusal::Part("BYSETPOS")),
        None => Err(Refusal::ManyDates),
    }
}

fn weekday_in_month(rule: &RecurrenceRule) -> Result<InMonth, Refusal> {
    if let Some(days) = plain_days(rule) {
        if !rule.by_month_day.is_empty() {
            return week_of_month(rule, days);
        }
        return match position(rule)? {
            None => Ok(InMonth::Each(days)),
            Some(position) => Index::of_position(position).map(|index| InMonth::Nth { days, index }).ok_or(Refusal::Part("BYSETPOS")),
        };
    }
    let [one] = rule.by_day.as_slice() else { return Err(Refusal::ManyDates) };
    if !rule.by_month_day.is_empty() {
        return Err(Refusal::Part("BYMONTHDAY"));
    }
    whole_set(rule, 1)?;
    let index = one.nth_of_period.and_then(Index::of_position).ok_or(Refusal::Part("BYDAY"))?;
    Ok(InMonth::Nth { days: BTreeSet::from([one.day]), index })
}

/// "The Friday among the 8th to the 14th" is the second Friday: some programs say it so.
fn week_of_month(rule: &RecurrenceRule, days: BTreeSet<Day>) -> Result<InMonth, Refusal> {
    whole_set(rule, days.len())?;
    let dates: BTreeSet<i8> = rule.by_month_day.iter().copied().collect();
    let is = |first: i8| dates.len() == 7 && (first..first + 7).all(|date| dates.contains(&date));
    let index = [(1, Index::First), (8, Index::Second), (15, Index::Third), (22, Index::Fourth), (-7, Index::Last)]
        .into_iter()
        .find_map(|(first, index)| is(first).then_some(index));
    match index {
        Some(index) if days.len() == 1 => Ok(InMonth::Nth { days, index }),
        _ => Err(Refusal::Part("BYMONTHDAY")),
    }
}

fn end(rule: &RecurrenceRule, start: &When) -> Result<End, Refusal> {
    let last = match (rule.count, rule.until) {
        (None, None) => return Ok(End::Never),
        (Some(0), None) => return Err(Refusal::Empty),
        (Some(count), None) => return Ok(End::After(count)),
        (Some(_), Some(_)) => return Err(Refusal::Part("COUNT")),
        (None, Some(Until::On(date))) => date,
        (None, Some(Until::At(at))) if start.is_all_day() || at.time() >= start.wall().time() => at.date(),
        // On its last day it would begin too late.
        (None, Some(Until::At(at))) => at.date().yesterday().map_err(|_| Refusal::Empty)?,
    };
    if last < start.date() {
        return Err(Refusal::Empty);
    }
    Ok(if last < jiff::civil::date(LAST_YEAR, 9, 1) { End::On(last) } else { End::Never })
}
