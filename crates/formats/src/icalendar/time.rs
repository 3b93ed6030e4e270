//! DATE, DATE-TIME, DURATION and PERIOD (RFC 5545 sections 3.3.4 to 3.3.9).

use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp, ToSpan as _, civil};
use pimkit_core::{When, Zone};

use super::zones::Zones;
use crate::recurrence::{Wall, clock, date};
use crate::text::ContentLine;

/// A time as its line says it: VALUE, TZID, `Z` or none of them. `None` when it is no time.
pub(super) fn read(line: &ContentLine, zones: &Zones) -> Option<When> {
    one(line.value(), line, zones)
}

/// One value of a line that may hold several.
pub(super) fn one(value: &str, line: &ContentLine, zones: &Zones) -> Option<When> {
    let value = value.trim();
    let (day, time) = match value.split_once(['T', 't']) {
        Some((day, time)) => (date(day)?, Some(time)),
        None => (date(value)?, None),
    };
    // `VALUE=DATE:20200101T000000` is seen, and a date without VALUE too: the value decides where it can.
    let is_date = line.param_value("VALUE").is_some_and(|value| value.eq_ignore_ascii_case("DATE"));
    let Some(time) = time.filter(|_| !is_date) else { return Some(When::AllDay { on: day }) };
    if let Some(time) = time.strip_suffix(['Z', 'z']) {
        return Some(When::Zoned { at: day.to_datetime(clock(time)?), zone: Zone::utc() });
    }
    let at = day.to_datetime(clock(time)?);
    Some(match line.param_value("TZID").filter(|tzid| !tzid.trim().is_empty()) {
        Some(tzid) => When::Zoned { at, zone: zones.zone(&tzid) },
        None => When::Floating { at },
    })
}

/// An instant: UTC as the standard asks, else the zone of the line, else UTC. A date is noon of it: SOGo and Google write
/// COMPLETED as a date (home-assistant/core#106671), and noon is that day nearly everywhere.
pub(super) fn read_instant(line: &ContentLine, zones: &Zones) -> Option<Timestamp> {
    let time = read(line, zones)?;
    match &time {
        When::AllDay { on } => Offset::UTC.to_timestamp(on.at(12, 0, 0, 0)).ok(),
        time => Wall::of(Some(time)).instant(time.wall()).or_else(|| Offset::UTC.to_timestamp(time.wall()).ok()),
    }
}

/// A duration: nominal days and exact seconds, both with the sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) days: i64,
    pub(super) seconds: i64,
}

impl Span {
    /// Reads a DURATION. `-PT2D` and `P2DT` are accepted (bitfireAT/ical4android#77).
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let mut rest = rest.strip_prefix(['P', 'p'])?;
        let (mut days, mut seconds, mut parts) = (0_i64, 0_i64, 0);
        let mut in_time = false;
        while !rest.is_empty() {
            if let Some(time) = rest.strip_prefix(['T', 't']) {
                rest = time;
                in_time = true;
                continue;
            }
            let digits = rest.find(|c: char| !c.is_ascii_digit())?;
            let count: i64 = rest.get(..digits)?.parse().ok()?;
            let unit = rest.get(digits..)?.chars().next()?;
            rest = rest.get(digits + unit.len_utf8()..)?;
            let (add_days, add_seconds) = match unit.to_ascii_uppercase() {
                'W' => (7, 0),
                'D' => (1, 0),
                'H' => (0, 3600),
                'M' if in_time => (0, 60),
                'S' => (0, 1),
                _ => return None,
            };
            days = days.checked_add(count.checked_mul(add_days)?)?;
            seconds = seconds.checked_add(count.checked_mul(add_seconds)?)?;
            parts += 1;
        }
        // A century of seconds is more than any calendar means.
        if parts == 0 || days.abs() > 1_000_000 || seconds.abs() > 100_000_000_000 {
            return None;
        }
        Some(if negative { Self { days: -days, seconds: -seconds } } else { Self { days, seconds } })
    }

    /// All of it in seconds, a day being 24 hours.
    pub(super) const fn total(self) -> i64 {
        self.days * 86_400 + self.seconds
    }

    /// The time that is so much later: days on the wall, the rest exactly (RFC 5545 section 3.3.6).
    pub(super) fn after(self, start: &When) -> Option<When> {
        let days = start.wall().checked_add(self.days.days()).ok()?;
        if start.is_all_day() {
            let more = self.seconds.div_euclid(86_400) + i64::from(self.seconds.rem_euclid(86_400) > 0);
            return Some(start.with_wall(days.checked_add(more.days()).ok()?));
        }
        let by = SignedDuration::from_secs(self.seconds);
        let wall = Wall::of(Some(start));
        let end = match wall.instant(days) {
            Some(instant) => wall.at(instant.checked_add(by).ok()?),
            None => days.checked_add(by).ok()?,
        };
        Some(start.with_wall(end))
    }
}

/// Seconds as a DURATION: `-PT15M`, `P1D`, `PT0S`.
pub(super) fn write_seconds(seconds: i64) -> String {
    let mut out = String::from(if seconds < 0 { "-P" } else { "P" });
    let left = seconds.unsigned_abs();
    let (days, hours, minutes, rest) = (left / 86_400, left / 3_600 % 24, left / 60 % 60, left % 60);
    if days > 0 {
        out.push_str(&format!("{days}D"));
    }
    if hours + minutes + rest > 0 || days == 0 {
        out.push('T');
        for (count, unit) in [(hours, 'H'), (minutes, 'M'), (rest, 'S')] {
            if count > 0 || (unit == 'S' && left == 0) {
                out.push_str(&format!("{count}{unit}"));
            }
        }
    }
    out
}

/// A time in the case of the series (zone, floating, all-day), as the wall shows it there: how a RECURRENCE-ID, EXDATE or
/// RDATE of another type names an occurrence.
///
/// Outlook and its sync tools write EXDATE in UTC beside a start with TZID (aluxnimm/outlookcaldavsynchronizer#253); a date
/// beside a timed start means the occurrence of that day.
pub(super) fn on_wall(time: &When, start: &When) -> civil::DateTime {
    match (time, start) {
        (_, When::AllDay { .. }) => time.date().to_datetime(civil::Time::midnight()),
        (When::AllDay { on }, _) => on.to_datetime(start.wall().time()),
        (When::Zoned { zone: own, .. }, When::Zoned { zone, .. }) if own != zone => {
            let wall = Wall::of(Some(start));
            match (Wall::of(Some(time)).instant(time.wall()), &wall) {
                (Some(instant), Wall::Zoned(_)) => wall.at(instant),
                _ => time.wall(),
            }
        }
        _ => time.wall(),
    }
}
