//! Times of iCalendar: dates, floating, UTC and zoned, and the spans between them.

use super::lines::{Component, Line};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A time as it is written: what the clock on the wall says, and where the wall is.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    pub(crate) wall: DateTime,
    pub(crate) zone: TimeZone,
    pub(crate) date_only: bool,
}

/// From here to there, the end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
}

impl Span {
    /// The overlap of RFC 4791 section 9.9; what has no length overlaps where it begins.
    pub(crate) fn overlaps(self, other: Self) -> bool {
        if other.start == other.end {
            self.start <= other.start && other.start < self.end
        } else {
            self.start < other.end && other.start < self.end
        }
    }
}

impl Moment {
    /// The time of a line such as `DTSTART;TZID=Europe/Berlin:20260101T090000`; None if it is none.
    pub(crate) fn of(line: &Line) -> Option<Self> {
        let zone = line.param("TZID").map(zone_named);
        Self::parse(line.value.split(',').next()?, zone)
    }

    /// All times of a line that has a list.
    pub(crate) fn list(line: &Line) -> Vec<Self> {
        let zone = line.param("TZID").map(zone_named);
        line.value.split(',').filter_map(|value| Self::parse(value.split('/').next()?, zone.clone())).collect()
    }

    /// A value; what floats is taken to be in UTC, as RFC 4791 section 9.9 lets a server without a zone.
    pub(crate) fn parse(value: &str, zone: Option<TimeZone>) -> Option<Self> {
        let value = value.trim();
        let (value, utc) = value.strip_suffix(['Z', 'z']).map_or((value, false), |value| (value, true));
        let (date, time) = value.split_once('T').map_or((value, None), |(date, time)| (date, Some(time)));
        let number = |text: &str, from: usize, to: usize| -> Option<i16> {
            let digits = text.get(from..to)?;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        let small = |text: &str, from: usize, to: usize| number(text, from, to).and_then(|n| i8::try_from(n).ok());
        if date.len() != 8 || time.is_some_and(|time| time.len() != 6) {
            return None;
        }
        let day = Date::new(number(date, 0, 4)?, small(date, 4, 6)?, small(date, 6, 8)?).ok()?;
        let wall = match time {
            Some(time) => {
                day.to_datetime(jiff::civil::Time::new(small(time, 0, 2)?, small(time, 2, 4)?, small(time, 4, 6)?.min(59), 0).ok()?)
            }
            None => day.to_datetime(jiff::civil::Time::midnight()),
        };
        let zone = if utc || time.is_none() { TimeZone::UTC } else { zone.unwrap_or(TimeZone::UTC) };
        Some(Self { wall, zone, date_only: time.is_none() })
    }

    /// The same wall at another time.
    pub(crate) fn at(&self, wall: DateTime) -> Self {
        Self { wall, zone: self.zone.clone(), date_only: self.date_only }
    }

    pub(crate) fn instant(&self) -> Timestamp {
        self.zone.to_timestamp(self.wall).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// A zone by its name, after its registry prefix; UTC for what is unknown.
fn zone_named(name: &str) -> TimeZone {
    let name = name.trim_matches('"');
    let mut rest = name;
    loop {
        if let Ok(zone) = TimeZone::get(rest) {
            return zone;
        }
        match rest.trim_start_matches('/').split_once('/') {
            Some((_, tail)) => rest = tail,
            None => return TimeZone::UTC,
        }
    }
}

/// `PT1H`, `-P2D`, `P1W`; days are 24 hours here, a server's query needs no better.
pub(crate) fn duration(text: &str) -> Option<SignedDuration> {
    let text = text.trim();
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
    let body = text.trim_start_matches('+').strip_prefix('P')?;
    let (mut seconds, mut digits) = (0_i64, String::new());
    for c in body.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if c == 'T' {
            continue;
        }
        let unit = match c {
            'W' => 604_800,
            'D' => 86_400,
            'H' => 3_600,
            'M' => 60,
            'S' => 1,
            _ => return None,
        };
        let n: i64 = digits.parse().ok()?;
        seconds = seconds.checked_add(n.checked_mul(unit)?)?;
        digits.clear();
    }
    let seconds = if negative { seconds.checked_neg()? } else { seconds };
    digits.is_empty().then(|| SignedDuration::from_secs(seconds))
}

/// How long a component's instances last: DTEND or DUE, DURATION, a day for dates, else nothing.
pub(crate) fn length(component: &Component, start: &Moment) -> SignedDuration {
    let end = component.line("DTEND").or_else(|| component.line("DUE")).and_then(Moment::of);
    let day = if start.date_only { SignedDuration::from_hours(24) } else { SignedDuration::ZERO };
    let length = match (end, component.value("DURATION").and_then(duration)) {
        (Some(end), _) => end.instant().duration_since(start.instant()),
        (None, Some(length)) => length,
        (None, None) => day,
    };
    if length.is_negative() || length.is_zero() { day } else { length }
}
