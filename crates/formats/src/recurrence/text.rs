//! RRULE as text (RFC 5545 section 3.3.10, RFC 7529 section 4).

use std::fmt::Write as _;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use pimkit_core::{Day, Frequency, NthDay, RecurrenceRule, Until};
use thiserror::Error;

use super::Wall;

/// A rule as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRule {
    /// What of it a record can say.
    pub rule: RecurrenceRule,
    /// The parts that a record cannot say (`X-…`, unknown names), as they are written: `X-FOO=1`. Whoever writes the rule
    /// anew puts them behind it.
    pub unread: Vec<String>,
}

/// Why a rule could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RuleError {
    /// No FREQ, or one that RFC 5545 does not know: a rule of vCalendar 1.0, or damage.
    #[error("the recurrence rule has no FREQ that is known: repair the rule or remove it")]
    Frequency,
    /// A part has a value that it cannot have.
    #[error("the recurrence rule's {0} cannot be read: repair the rule or remove it")]
    Part(&'static str),
}

/// The part names that a record can say.
const PARTS: [&str; 15] = [
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "WKST",
    "BYDAY",
    "BYMONTHDAY",
    "BYMONTH",
    "BYYEARDAY",
    "BYWEEKNO",
    "BYHOUR",
    "BYMINUTE",
    "BYSECOND",
    "BYSETPOS",
    "RSCALE",
    "SKIP",
];

/// Reads the value of an RRULE or EXRULE for a series on that wall.
///
/// # Behavior
/// - The rule is [`canonical`].
/// - `INTERVAL=0` reads as 1 (dav quirk: several exporters write it for "every").
/// - UNTIL may be UTC, floating or a date, whatever the start is: Google and old Outlook send a date with a timed start.
///   UTC is turned into the wall of the series (RFC 8984 section 4.3.3).
///
/// # Errors
/// [`RuleError`].
pub fn read(value: &str, wall: &Wall) -> Result<ReadRule, RuleError> {
    let mut rule = RecurrenceRule::default();
    let mut unread = Vec::new();
    let mut frequency = None;
    for part in value.trim().split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, text) = part.split_once('=').unwrap_or((part, ""));
        let (name, text) = (name.trim().to_ascii_uppercase(), text.trim());
        if name == "FREQ" {
            frequency = frequency_of(text);
            continue;
        }
        let Some(name) = PARTS.into_iter().find(|known| *known == name) else {
            unread.push(part.to_owned());
            continue;
        };
        read_part(&mut rule, name, text, wall).ok_or(RuleError::Part(name))?;
    }
    rule.frequency = frequency.ok_or(RuleError::Frequency)?;
    Ok(ReadRule { rule: canonical(&rule), unread })
}

fn read_part(rule: &mut RecurrenceRule, name: &'static str, text: &str, wall: &Wall) -> Option<()> {
    match name {
        "INTERVAL" => rule.interval = Some(number(text)?),
        "COUNT" => rule.count = Some(number(text)?),
        "UNTIL" => rule.until = Some(until(text, wall)?),
        "WKST" => rule.first_day_of_week = Some(day(text)?),
        "BYDAY" => rule.by_day = list(text, nth_day)?,
        "BYMONTHDAY" => rule.by_month_day = list(text, number)?,
        "BYMONTH" => rule.by_month = list(text, month)?,
        "BYYEARDAY" => rule.by_year_day = list(text, number)?,
        "BYWEEKNO" => rule.by_week_no = list(text, number)?,
        "BYHOUR" => rule.by_hour = list(text, number)?,
        "BYMINUTE" => rule.by_minute = list(text, number)?,
        "BYSECOND" => rule.by_second = list(text, number)?,
        "BYSETPOS" => rule.by_set_position = list(text, number)?,
        "RSCALE" => rule.rscale = Some(text.to_ascii_lowercase()),
        "SKIP" => rule.skip = Some(text.to_ascii_lowercase()),
        _ => return None,
    }
    Some(())
}

/// The same rule in the one spelling by which rules are compared: what the standard says when a part is absent is absent
/// (`INTERVAL=1`, `WKST=MO`, `RSCALE=GREGORIAN`, `SKIP=OMIT`), and a last start at 23:59:59 is the whole day.
///
/// Every reader of rules should hand out canonical ones: Graph always says interval and first day, Google never does.
#[must_use]
pub fn canonical(rule: &RecurrenceRule) -> RecurrenceRule {
    let mut rule = rule.clone();
    rule.interval = rule.interval.filter(|n| *n > 1);
    rule.first_day_of_week = rule.first_day_of_week.filter(|day| *day != Day::Mo);
    rule.rscale = rule.rscale.filter(|name| !name.eq_ignore_ascii_case("gregorian"));
    rule.skip = rule.skip.filter(|word| !word.eq_ignore_ascii_case("omit"));
    if let Some(Until::At(at)) = rule.until
        && (at.hour(), at.minute(), at.second()) == (23, 59, 59)
    {
        rule.until = Some(Until::On(at.date()));
    }
    rule
}

fn number<N: FromStr>(text: &str) -> Option<N> {
    let text = text.trim();
    text.strip_prefix('+').unwrap_or(text).parse().ok()
}

fn list<T>(text: &str, one: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(one).collect()
}

fn frequency_of(text: &str) -> Option<Frequency> {
    Some(match text.to_ascii_uppercase().as_str() {
        "YEARLY" => Frequency::Yearly,
        "MONTHLY" => Frequency::Monthly,
        "WEEKLY" => Frequency::Weekly,
        "DAILY" => Frequency::Daily,
        "HOURLY" => Frequency::Hourly,
        "MINUTELY" => Frequency::Minutely,
        "SECONDLY" => Frequency::Secondly,
        _ => return None,
    })
}

fn frequency_name(frequency: Frequency) -> &'static str {
    match frequency {
        Frequency::Yearly => "YEARLY",
        Frequency::Monthly => "MONTHLY",
        Frequency::Weekly => "WEEKLY",
        Frequency::Daily => "DAILY",
        Frequency::Hourly => "HOURLY",
        Frequency::Minutely => "MINUTELY",
        Frequency::Secondly => "SECONDLY",
    }
}

fn day(text: &str) -> Option<Day> {
    Some(match text.to_ascii_uppercase().as_str() {
        "MO" => Day::Mo,
        "TU" => Day::Tu,
        "WE" => Day::We,
        "TH" => Day::Th,
        "FR" => Day::Fr,
        "SA" => Day::Sa,
        "SU" => Day::Su,
        _ => return None,
    })
}

fn day_name(day: Day) -> &'static str {
    match day {
        Day::Mo => "MO",
        Day::Tu => "TU",
        Day::We => "WE",
        Day::Th => "TH",
        Day::Fr => "FR",
        Day::Sa => "SA",
        Day::Su => "SU",
    }
}

fn nth_day(text: &str) -> Option<NthDay> {
    let at = text.char_indices().rev().nth(1).map(|(at, _)| at)?;
    let (nth, name) = text.split_at(at);
    let nth_of_period = if nth.is_empty() { None } else { Some(number::<i32>(nth)?).filter(|n| *n != 0) };
    Some(NthDay { day: day(name)?, nth_of_period })
}

/// `1` to `12`, `5L` for a leap month (RFC 7529 section 4.1), without leading zeros.
fn month(text: &str) -> Option<String> {
    let leap = text.ends_with(['L', 'l']);
    let digits = text.trim_end_matches(['L', 'l']);
    let month: u8 = number(digits).filter(|n| (1..=13).contains(n))?;
    Some(if leap { format!("{month}L") } else { month.to_string() })
}

fn until(text: &str, wall: &Wall) -> Option<Until> {
    let (day, time) = match text.split_once(['T', 't']) {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    let day = date(day)?;
    let Some(time) = time else { return Some(Until::On(day)) };
    let (time, utc) = match time.strip_suffix(['Z', 'z']) {
        Some(time) => (time, true),
        None => (time, false),
    };
    let at = day.to_datetime(clock(time)?);
    Some(match wall {
        Wall::AllDay => Until::On(day),
        _ if utc => Until::At(wall.at(jiff::tz::Offset::UTC.to_timestamp(at).ok()?)),
        _ => Until::At(at),
    })
}

/// `YYYYMMDD`.
pub(crate) fn date(text: &str) -> Option<Date> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Date::new(text.get(..4)?.parse().ok()?, text.get(4..6)?.parse().ok()?, text.get(6..)?.parse().ok()?).ok()
}

/// `HHMMSS`; `HHMM` is accepted, and a leap second reads as the one before (RFC 5545 section 3.3.12).
pub(crate) fn clock(text: &str) -> Option<Time> {
    if !matches!(text.len(), 4 | 6) || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let second: i8 = if text.len() == 6 { text.get(4..)?.parse().ok()? } else { 0 };
    Time::new(text.get(..2)?.parse().ok()?, text.get(2..4)?.parse().ok()?, second.min(59), 0).ok()
}

/// `YYYYMMDD` of a date.
pub(crate) fn write_date(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
}

/// `YYYYMMDDTHHMMSS` of a wall time.
pub(crate) fn write_wall(at: DateTime) -> String {
    format!("{}T{:02}{:02}{:02}", write_date(at.date()), at.hour(), at.minute(), at.second())
}

/// `YYYYMMDDTHHMMSSZ` of an instant.
pub(crate) fn write_utc(at: Timestamp) -> String {
    format!("{}Z", write_wall(jiff::tz::Offset::UTC.to_datetime(at)))
}

/// Writes a rule of a series on that wall as the value of an RRULE.
///
/// UNTIL has the type that the start has (RFC 5545 section 3.3.10): a date for whole days, UTC for a zone, else floating.
/// A whole day becomes its last second in a timed series, and reads back as the whole day.
#[must_use]
pub fn write(rule: &RecurrenceRule, wall: &Wall) -> String {
    let mut out = String::new();
    if rule.rscale.is_some() || rule.skip.is_some() {
        // SKIP must not stand without RSCALE (RFC 7529 section 4.1).
        let name = rule.rscale.as_deref().unwrap_or("gregorian").to_ascii_uppercase();
        let _ = write!(out, "RSCALE={};", word(&name));
    }
    let _ = write!(out, "FREQ={}", frequency_name(rule.frequency));
    if let Some(interval) = rule.interval {
        let _ = write!(out, ";INTERVAL={}", interval.max(1));
    }
    if let Some(count) = rule.count {
        let _ = write!(out, ";COUNT={count}");
    }
    if let Some(until) = rule.until {
        let _ = write!(out, ";UNTIL={}", write_until(until, wall));
    }
    if let Some(day) = rule.first_day_of_week {
        let _ = write!(out, ";WKST={}", day_name(day));
    }
    let months: Vec<String> = rule.by_month.iter().map(|month| word(month)).collect();
    push_list(&mut out, "BYMONTH", &months);
    push_list(&mut out, "BYWEEKNO", &rule.by_week_no);
    push_list(&mut out, "BYYEARDAY", &rule.by_year_day);
    push_list(&mut out, "BYMONTHDAY", &rule.by_month_day);
    let days: Vec<String> = rule
        .by_day
        .iter()
        .map(|nth| match nth.nth_of_period {
            Some(n) => format!("{n}{}", day_name(nth.day)),
            None => day_name(nth.day).to_owned(),
        })
        .collect();
    push_list(&mut out, "BYDAY", &days);
    push_list(&mut out, "BYHOUR", &rule.by_hour);
    push_list(&mut out, "BYMINUTE", &rule.by_minute);
    push_list(&mut out, "BYSECOND", &rule.by_second);
    push_list(&mut out, "BYSETPOS", &rule.by_set_position);
    if let Some(skip) = &rule.skip {
        let _ = write!(out, ";SKIP={}", word(&skip.to_ascii_uppercase()));
    }
    out
}

/// A word of a rule cannot end its part or its line.
fn word(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
}

fn push_list<T: ToString>(out: &mut String, name: &str, items: &[T]) {
    if !items.is_empty() {
        let items: Vec<String> = items.iter().map(ToString::to_string).collect();
        let _ = write!(out, ";{name}={}", items.join(","));
    }
}

fn write_until(until: Until, wall: &Wall) -> String {
    let at = match (until, wall) {
        (Until::On(day), Wall::AllDay) => return write_date(day),
        (Until::At(at), Wall::AllDay) => return write_date(at.date()),
        (Until::On(day), _) => day.at(23, 59, 59, 0),
        (Until::At(at), _) => at,
    };
    match wall.instant(at) {
        Some(instant) => write_utc(instant),
        None => write_wall(at),
    }
}
