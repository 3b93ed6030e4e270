//! The occurrences of a series.
//!
//! Everything happens on the wall of the series: `rrule` gets wall times as if they were UTC. So the traps of that crate
//! (UNTIL of another type than the start, a zone that it does not know) cannot spring; what a gap or a fold means is said by
//! the start of the occurrence, a wall time like any other (RFC 5545 section 3.3.5).

use std::collections::BTreeMap;
use std::iter::Peekable;

use chrono::{Datelike as _, TimeZone as _, Timelike as _};
use jiff::civil::{DateTime, Time};
use pimkit_core::series::Series;
use pimkit_core::{Day, Frequency, Override, RecurrenceId, RecurrenceRule, Until};
use thiserror::Error;

/// The most dates that one call looks at: 27 years of an hourly rule. It bounds time, whatever the rule is.
const MOST_STEPS: usize = 240_000;

/// One occurrence of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Occurrence<R> {
    /// Where the rules put it.
    pub id: RecurrenceId,
    /// What it is like, its override applied: no rules, no overrides.
    pub record: R,
}

/// Why a series could not be expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExpandError {
    /// A calendar other than the Gregorian one, a leap month, or moved invalid dates (RFC 7529).
    #[error("the series repeats by a calendar or a SKIP that is not supported: ask the provider for its instances")]
    Calendar,
    /// The rule breaks RFC 5545 section 3.3.10.
    #[error("the recurrence rule is not valid: repair the rule")]
    Rule,
    /// The dates asked for lie too many occurrences after the start.
    #[error("the dates asked for lie more than {MOST_STEPS} occurrences after the start: ask for earlier ones or the provider's instances")]
    TooFar,
    /// An override names a field that the kind has not, or a value of another shape.
    #[error("an override of the series has a value of the wrong shape: fetch the item again")]
    Override,
}

/// At most `limit` occurrences that start at `from` or later, on the wall of the series, in the order of their starts.
///
/// # Behavior
/// - The start of the series is its first occurrence even when no rule makes it, and counts (RFC 8984 section 4.3.3).
/// - A rule with `count` 0, or that ends before the start, makes nothing.
/// - An override that moves an occurrence moves it in the list; an excluded one is not there; an added one is.
/// - In a gap of the zone an occurrence keeps the wall time of the rule: its instant is the later reading, that of a fold the
///   earlier ([`When::instant`](pimkit_core::When::instant)).
/// - A record without a start has no occurrences; one that does not repeat has one.
///
/// # Errors
/// [`ExpandError`]. A rule that never matches (30 February) ends after a bounded search and is no error.
pub fn occurrences<R: Series>(record: &R, from: DateTime, limit: usize) -> Result<Vec<Occurrence<R>>, ExpandError> {
    let mut changed: BTreeMap<(DateTime, RecurrenceId), R> = BTreeMap::new();
    for (id, what) in record.overrides() {
        let Override::Changed(patch) = what else { continue };
        let one = record.occurrence(*id).with(patch).map_err(|_| ExpandError::Override)?;
        let start = one.start().map_or(id.0, |start| start.wall());
        if start >= from {
            changed.insert((start, *id), one);
        }
    }
    let mut ids = Ids::new(record)?;
    let mut changed = changed.into_iter().peekable();
    let mut found = Vec::new();
    let mut steps = 0;
    let mut next = ids.next();
    while found.len() < limit {
        // The next one that the rules make, unless an override speaks of it.
        while let Some(at) = next {
            if at >= from && !record.overrides().contains_key(&RecurrenceId(at)) {
                break;
            }
            steps += 1;
            if steps > MOST_STEPS {
                return Err(ExpandError::TooFar);
            }
            next = ids.next();
        }
        let moved_first = match (next, changed.peek()) {
            (None, None) => break,
            (Some(at), Some(((start, _), _))) => *start < at,
            (None, Some(_)) => true,
            (Some(_), None) => false,
        };
        if moved_first {
            found.extend(changed.next().map(|((_, id), record)| Occurrence { id, record }));
        } else if let Some(at) = next.take() {
            let id = RecurrenceId(at);
            found.push(Occurrence { id, record: record.occurrence(id) });
            next = ids.next();
        }
    }
    Ok(found)
}

/// Whether the rules and the start of the series put an occurrence there, overrides aside; `None` when that cannot be said
/// (see [`ExpandError`]).
#[must_use]
pub fn makes<R: Series>(record: &R, id: RecurrenceId) -> Option<bool> {
    for (steps, at) in Ids::new(record).ok()?.enumerate() {
        if at >= id.0 {
            return Some(at == id.0);
        }
        if steps > MOST_STEPS {
            return None;
        }
    }
    Some(false)
}

/// The wall times that the rules make, in order, each once.
struct Ids {
    rules: Vec<Peekable<Dates>>,
    excluded: Vec<Peekable<Dates>>,
}

impl Ids {
    fn new<R: Series>(record: &R) -> Result<Self, ExpandError> {
        let Some(start) = record.start() else { return Ok(Self { rules: Vec::new(), excluded: Vec::new() }) };
        let whole_days = start.is_all_day();
        let start = start.wall();
        // `Series` speaks of the rules that add; those that take away are a field like any other.
        let excluded: Vec<RecurrenceRule> =
            record.get("excludedRecurrenceRules").and_then(|rules| serde_json::from_value(rules).ok()).unwrap_or_default();
        let mut rules = Vec::new();
        for rule in record.rules() {
            rules.push(Dates::new(rule, start, whole_days, true)?.peekable());
        }
        if rules.is_empty() {
            rules.push(Dates { inner: None, first: Some(start), start, start_counts: true, until: None, left: None }.peekable());
        }
        let excluded = excluded.iter().map(|rule| Dates::new(rule, start, whole_days, false).map(Iterator::peekable));
        Ok(Self { rules, excluded: excluded.collect::<Result<_, _>>()? })
    }

    fn is_excluded(&mut self, at: DateTime) -> bool {
        let mut found = false;
        for dates in &mut self.excluded {
            while dates.next_if(|date| *date < at).is_some() {}
            found |= dates.peek() == Some(&at);
        }
        found
    }
}

impl Iterator for Ids {
    type Item = DateTime;

    fn next(&mut self) -> Option<DateTime> {
        // Bounded: an exclusion as long as the rule itself cannot hold the loop for ever.
        for _ in 0..MOST_STEPS {
            let at = self.rules.iter_mut().filter_map(|dates| dates.peek().copied()).min()?;
            for dates in &mut self.rules {
                while dates.next_if(|date| *date <= at).is_some() {}
            }
            if !self.is_excluded(at) {
                return Some(at);
            }
        }
        None
    }
}

/// The dates of one rule.
struct Dates {
    inner: Option<rrule::RRuleSetIter>,
    first: Option<DateTime>,
    start: DateTime,
    start_counts: bool,
    until: Option<DateTime>,
    left: Option<u32>,
}

impl Dates {
    fn new(rule: &RecurrenceRule, start: DateTime, whole_days: bool, start_counts: bool) -> Result<Self, ExpandError> {
        let until = rule.until.map(|until| match until {
            Until::At(at) if !whole_days => at,
            Until::At(at) => at.date().to_datetime(Time::MAX),
            Until::On(day) => day.to_datetime(Time::MAX),
        });
        let seam = to_chrono(start).ok_or(ExpandError::Rule)?;
        let set = to_rrule(rule)?.build(seam).map_err(|_| ExpandError::Rule)?.limit();
        let inner = Some((&set).into_iter());
        Ok(Self { inner, first: start_counts.then_some(start), start, start_counts, until, left: rule.count })
    }
}

impl Iterator for Dates {
    type Item = DateTime;

    fn next(&mut self) -> Option<DateTime> {
        if self.left == Some(0) {
            return None;
        }
        let at = match self.first.take() {
            Some(first) => first,
            None => loop {
                let at = from_chrono(&self.inner.as_mut()?.next()?)?;
                // Where the start counts it came first already.
                if !(self.start_counts && at == self.start) {
                    break at;
                }
            },
        };
        if self.until.is_some_and(|until| at > until) {
            self.left = Some(0);
            return None;
        }
        if let Some(left) = &mut self.left {
            *left -= 1;
        }
        Some(at)
    }
}

fn to_chrono(at: DateTime) -> Option<chrono::DateTime<rrule::Tz>> {
    let number = |n: i8| u32::try_from(n).ok();
    rrule::Tz::UTC
        .with_ymd_and_hms(
            at.year().into(),
            number(at.month())?,
            number(at.day())?,
            number(at.hour())?,
            number(at.minute())?,
            number(at.second())?,
        )
        .single()
}

fn from_chrono(at: &chrono::DateTime<rrule::Tz>) -> Option<DateTime> {
    let number = |n: u32| i8::try_from(n).ok();
    DateTime::new(
        at.year().try_into().ok()?,
        number(at.month())?,
        number(at.day())?,
        number(at.hour())?,
        number(at.minute())?,
        number(at.second())?,
        0,
    )
    .ok()
}

/// COUNT and UNTIL stay out of it: they are applied on the wall, and the crate would refuse an UNTIL of another type or one
/// before the start.
fn to_rrule(rule: &RecurrenceRule) -> Result<rrule::RRule<rrule::Unvalidated>, ExpandError> {
    let foreign = |name: &Option<String>, own: &str| name.as_ref().is_some_and(|name| !name.eq_ignore_ascii_case(own));
    if foreign(&rule.rscale, "gregorian") || foreign(&rule.skip, "omit") {
        return Err(ExpandError::Calendar);
    }
    let months = rule.by_month.iter().map(|month| month.parse::<u8>().ok().and_then(|month| chrono::Month::try_from(month).ok()));
    let months: Vec<chrono::Month> = months.collect::<Option<_>>().ok_or(ExpandError::Calendar)?;
    let days = rule.by_day.iter().map(|nth| match nth.nth_of_period {
        Some(n) => i16::try_from(n).map(|n| rrule::NWeekday::Nth(n, weekday(nth.day))),
        None => Ok(rrule::NWeekday::Every(weekday(nth.day))),
    });
    let days: Vec<rrule::NWeekday> = days.collect::<Result<_, _>>().map_err(|_| ExpandError::Rule)?;
    let frequency = match rule.frequency {
        Frequency::Yearly => rrule::Frequency::Yearly,
        Frequency::Monthly => rrule::Frequency::Monthly,
        Frequency::Weekly => rrule::Frequency::Weekly,
        Frequency::Daily => rrule::Frequency::Daily,
        Frequency::Hourly => rrule::Frequency::Hourly,
        Frequency::Minutely => rrule::Frequency::Minutely,
        Frequency::Secondly => rrule::Frequency::Secondly,
    };
    let interval = u16::try_from(rule.interval.unwrap_or(1).max(1)).map_err(|_| ExpandError::Rule)?;
    let leap_second_aside = rule.by_second.iter().map(|second| (*second).min(59)).collect();
    Ok(rrule::RRule::new(frequency)
        .interval(interval)
        .week_start(weekday(rule.first_day_of_week.unwrap_or(Day::Mo)))
        .by_set_pos(rule.by_set_position.clone())
        .by_month(&months)
        .by_month_day(rule.by_month_day.clone())
        .by_year_day(rule.by_year_day.clone())
        .by_week_no(rule.by_week_no.clone())
        .by_weekday(days)
        .by_hour(rule.by_hour.clone())
        .by_minute(rule.by_minute.clone())
        .by_second(leap_second_aside))
}

fn weekday(day: Day) -> rrule::Weekday {
    match day {
        Day::Mo => rrule::Weekday::Mon,
        Day::Tu => rrule::Weekday::Tue,
        Day::We => rrule::Weekday::Wed,
        Day::Th => rrule::Weekday::Thu,
        Day::Fr => rrule::Weekday::Fri,
        Day::Sa => rrule::Weekday::Sat,
        Day::Su => rrule::Weekday::Sun,
    }
}
