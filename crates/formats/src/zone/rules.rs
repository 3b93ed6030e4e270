//! The rules of a `VTIMEZONE` (RFC 5545 section 3.6.5).

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::Offset;

use super::names::offset_seconds;
use crate::error::ZoneError;
use crate::text::{Component, ContentLine, Dialect};

/// A `VTIMEZONE`: its text, kept as it was read, and its observances.
#[derive(Debug, Clone)]
pub struct VTimeZone {
    component: Component,
    observances: Vec<Observance>,
    complete: bool,
}

/// One `STANDARD` or `DAYLIGHT`.
#[derive(Debug, Clone)]
pub struct Observance {
    daylight: bool,
    /// Local time (in the offset before) of the first onset, in seconds as if it were UTC.
    start: i64,
    start_at: DateTime,
    from: i32,
    to: i32,
    names: Vec<String>,
    rules: Vec<Yearly>,
    dates: Vec<i64>,
}

/// A yearly RRULE.
#[derive(Debug, Clone)]
struct Yearly {
    months: Vec<i8>,
    weekdays: Vec<(i8, Weekday)>,
    month_days: Vec<i8>,
    positions: Vec<i32>,
    time: Time,
    interval: i16,
    /// Last onset, local seconds.
    until: Option<i64>,
}

/// Local time as seconds, as if it were UTC.
fn seconds(local: DateTime) -> i64 {
    Offset::UTC.to_timestamp(local).map_or(if local.year() < 0 { i64::MIN / 4 } else { i64::MAX / 4 }, Timestamp::as_second)
}

fn year_of(seconds: i64) -> i16 {
    Timestamp::from_second(seconds).map_or(if seconds < 0 { -9999 } else { 9999 }, |instant| Offset::UTC.to_datetime(instant).year())
}

fn offset(seconds: i32) -> Offset {
    Offset::from_seconds(seconds).unwrap_or(Offset::UTC)
}

impl VTimeZone {
    /// Reads a `VTIMEZONE`. An observance without readable offsets is left out; see [`is_complete`](Self::is_complete).
    ///
    /// # Errors
    ///
    /// [`ZoneError::NotATimeZone`] for another component, [`ZoneError::NoObservance`] when nothing can be read.
    pub fn read(component: &Component) -> Result<Self, ZoneError> {
        if !component.is("VTIMEZONE") {
            return Err(ZoneError::NotATimeZone);
        }
        let mut observances = Vec::new();
        let mut complete = true;
        for inner in component.components() {
            let daylight = inner.is("DAYLIGHT");
            if !daylight && !inner.is("STANDARD") {
                continue;
            }
            match Observance::read(inner, daylight, &mut complete) {
                Some(observance) => observances.push(observance),
                None => complete = false,
            }
        }
        if observances.is_empty() {
            return Err(ZoneError::NoObservance);
        }
        Ok(Self { component: component.clone(), observances, complete })
    }

    /// The component, as it was read.
    #[must_use]
    pub const fn component(&self) -> &Component {
        &self.component
    }

    /// The TZID as it is written, escapes undone.
    #[must_use]
    pub fn tzid(&self) -> String {
        self.component.content("TZID").map(|line| line.text(Dialect::ICalendar)).unwrap_or_default()
    }

    /// The observances in the order of the file.
    #[must_use]
    pub fn observances(&self) -> &[Observance] {
        &self.observances
    }

    /// Was every observance and every rule understood? A rule that is not yearly is read as its DTSTART only.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.complete
    }

    /// The offset at a local time: see [`Zone::offset_at_local`](super::Zone::offset_at_local).
    #[must_use]
    pub fn offset_at_local(&self, local: DateTime) -> Offset {
        let local = seconds(local);
        // In a gap the offset before holds to the end of the gap; in a fold it holds to the onset's second reading.
        self.effective(|observance| local - i64::from((observance.to - observance.from).max(0)))
    }

    /// The offset at an instant.
    #[must_use]
    pub fn offset_at(&self, instant: Timestamp) -> Offset {
        let instant = instant.as_second();
        self.effective(|observance| instant + i64::from(observance.from))
    }

    /// The offset of the observance with the latest onset, where `bound` gives the latest local onset that counts.
    fn effective(&self, bound: impl Fn(&Observance) -> i64) -> Offset {
        let mut best: Option<(i64, i32)> = None;
        for observance in &self.observances {
            let Some(onset) = observance.latest(bound(observance)) else { continue };
            let instant = onset - i64::from(observance.from);
            if best.is_none_or(|(latest, _)| instant >= latest) {
                best = Some((instant, observance.to));
            }
        }
        let before_all = || self.observances.iter().min_by_key(|observance| observance.start).map_or(0, |first| first.from);
        offset(best.map_or_else(before_all, |(_, to)| to))
    }

    /// Changes of offset between two instants: (instant in seconds, offset from then on in seconds).
    pub(super) fn changes(&self, from: i64, to: i64) -> Vec<(i64, i32)> {
        let mut onsets = Vec::new();
        for observance in &self.observances {
            for year in year_of(from).saturating_sub(1)..=year_of(to).saturating_add(1) {
                for local in observance.onsets_in(year) {
                    onsets.push((local - i64::from(observance.from), observance.to));
                }
            }
        }
        onsets.retain(|(instant, _)| (from..to).contains(instant));
        onsets.sort_by_key(|(instant, _)| *instant);
        let mut current = Timestamp::from_second(from.saturating_sub(1)).map_or(0, |before| self.offset_at(before).seconds());
        onsets.retain(|&(_, to)| {
            let changed = to != current;
            current = to;
            changed
        });
        onsets
    }
}

impl Observance {
    /// Is it `DAYLIGHT`?
    #[must_use]
    pub const fn is_daylight(&self) -> bool {
        self.daylight
    }

    /// TZOFFSETFROM.
    #[must_use]
    pub fn offset_from(&self) -> Offset {
        offset(self.from)
    }

    /// TZOFFSETTO.
    #[must_use]
    pub fn offset_to(&self) -> Offset {
        offset(self.to)
    }

    /// DTSTART: local time of the first onset, in the offset before it.
    #[must_use]
    pub const fn start(&self) -> DateTime {
        self.start_at
    }

    /// TZNAME, all of them.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    fn read(component: &Component, daylight: bool, complete: &mut bool) -> Option<Self> {
        let offset_of = |name: &str| component.content(name).and_then(|line| offset_seconds(line.value()));
        let to = offset_of("TZOFFSETTO")?;
        let from = offset_of("TZOFFSETFROM").unwrap_or_else(|| {
            *complete = false;
            to
        });
        // Without DTSTART the observance holds always.
        let start_at = component
            .content("DTSTART")
            .and_then(|line| date_time(line.value()))
            .map_or(DateTime::constant(1, 1, 1, 0, 0, 0, 0), |(at, _)| at);
        let mut observance = Self {
            daylight,
            start: seconds(start_at),
            start_at,
            from,
            to,
            names: component.contents("TZNAME").map(|line| line.text(Dialect::ICalendar)).collect(),
            rules: Vec::new(),
            dates: Vec::new(),
        };
        for line in component.contents("RDATE") {
            observance.dates.extend(line.value().split(',').filter_map(|text| {
                // A PERIOD gives its start.
                let (at, utc) = date_time(text.split('/').next().unwrap_or_default())?;
                Some(seconds(at) + if utc { i64::from(from) } else { 0 })
            }));
        }
        for line in component.contents("RRULE") {
            match Yearly::read(&line, start_at, from) {
                Some((mut rule, count)) => {
                    if let Some(count) = count {
                        rule.until = observance.nth_onset(&rule, count);
                    }
                    observance.rules.push(rule);
                }
                None => *complete = false,
            }
        }
        Some(observance)
    }

    /// All onsets of a year, local seconds.
    fn onsets_in(&self, year: i16) -> Vec<i64> {
        let mut onsets: Vec<i64> = self.dates.iter().copied().chain([self.start]).filter(|&at| year_of(at) == year).collect();
        for rule in &self.rules {
            onsets.extend(rule.onsets(self.start_at, year).into_iter().filter(|&at| at > self.start));
        }
        onsets.sort_unstable();
        onsets.dedup();
        onsets
    }

    /// The latest onset not after `bound`, local seconds.
    fn latest(&self, bound: i64) -> Option<i64> {
        let mut best = self.dates.iter().copied().chain([self.start]).filter(|&at| at <= bound).max();
        if self.start > bound {
            return best;
        }
        for rule in &self.rules {
            let last = rule.until.map_or(bound, |until| until.min(bound));
            let mut year = year_of(last).saturating_add(1);
            while year >= self.start_at.year() && best.is_none_or(|found| year_of(found) <= year) {
                let found = rule.onsets(self.start_at, year).into_iter().filter(|&at| at <= last && at >= self.start).max();
                if found.is_some() {
                    best = best.max(found);
                    break;
                }
                year -= 1;
            }
        }
        best
    }

    /// The local seconds of the onset with which COUNT ends.
    fn nth_onset(&self, rule: &Yearly, count: usize) -> Option<i64> {
        let mut left = count;
        for year in self.start_at.year()..=self.start_at.year().saturating_add(1000) {
            for at in rule.onsets(self.start_at, year) {
                if at < self.start {
                    continue;
                }
                left = left.saturating_sub(1);
                if left == 0 {
                    return Some(at);
                }
            }
        }
        None
    }
}

impl Yearly {
    /// The rule and its COUNT; `None` when it is not a yearly rule of the shapes that time zones use.
    fn read(line: &ContentLine, start: DateTime, from: i32) -> Option<(Self, Option<usize>)> {
        let mut rule = Self {
            months: Vec::new(),
            weekdays: Vec::new(),
            month_days: Vec::new(),
            positions: Vec::new(),
            time: start.time(),
            interval: 1,
            until: None,
        };
        let (mut yearly, mut count) = (false, None);
        for part in line.value().split(';') {
            let Some((name, value)) = part.split_once('=') else { continue };
            match name.trim().to_ascii_uppercase().as_str() {
                "FREQ" => yearly = value.trim().eq_ignore_ascii_case("YEARLY"),
                "BYMONTH" => rule.months = numbers(value)?,
                "BYMONTHDAY" => rule.month_days = numbers(value)?,
                "BYSETPOS" => rule.positions = numbers(value)?,
                "BYDAY" => rule.weekdays = value.split(',').map(weekday).collect::<Option<_>>()?,
                // Lotus Notes gives the time here too.
                "BYHOUR" => rule.time = rule.time.with().hour(value.trim().parse().ok()?).build().ok()?,
                "BYMINUTE" => rule.time = rule.time.with().minute(value.trim().parse().ok()?).build().ok()?,
                "BYSECOND" => rule.time = rule.time.with().second(value.trim().parse().ok()?).build().ok()?,
                "INTERVAL" => rule.interval = value.trim().parse::<i16>().ok()?.max(1),
                "COUNT" => count = value.trim().parse::<usize>().ok(),
                "UNTIL" => {
                    let (until, utc) = date_time(value)?;
                    let whole_day = !value.contains(['T', 't']);
                    let until = if whole_day { until.date().at(23, 59, 59, 0) } else { until };
                    rule.until = Some(seconds(until) + if utc { i64::from(from) } else { 0 });
                }
                "BYYEARDAY" | "BYWEEKNO" | "RSCALE" | "SKIP" => return None,
                _ => {}
            }
        }
        yearly.then_some((rule, count))
    }

    /// The onsets of the rule in a year, local seconds, in order, within UNTIL.
    fn onsets(&self, start: DateTime, year: i16) -> Vec<i64> {
        if year < start.year() || (year - start.year()) % self.interval != 0 {
            return Vec::new();
        }
        let of_start = [start.month()];
        let months = if self.months.is_empty() { of_start.as_slice() } else { &self.months };
        let mut onsets = Vec::new();
        for &month in months {
            let Ok(first) = Date::new(year, month, 1) else { continue };
            let mut days = self.days(first, start.day());
            days.sort_unstable();
            days.dedup();
            for day in self.picked(&days) {
                if let Ok(date) = Date::new(year, month, day) {
                    onsets.push(seconds(date.to_datetime(self.time)));
                }
            }
        }
        onsets.sort_unstable();
        onsets.retain(|&at| self.until.is_none_or(|until| at <= until));
        onsets
    }

    fn days(&self, first: Date, of_start: i8) -> Vec<i8> {
        let length = first.days_in_month();
        let listed = |day: i8| self.month_days.iter().any(|&wanted| wanted == day || (wanted < 0 && length + 1 + wanted == day));
        if self.weekdays.is_empty() {
            return (1..=length).filter(|&day| if self.month_days.is_empty() { day == of_start } else { listed(day) }).collect();
        }
        let mut days = Vec::new();
        let first_weekday = first.weekday().to_monday_zero_offset();
        for day in 1..=length {
            let weekday_of_day = (first_weekday + day - 1) % 7;
            let from_start = (day - 1) / 7 + 1;
            let from_end = -((length - day) / 7 + 1);
            let named = self.weekdays.iter().any(|&(nth, weekday)| {
                weekday.to_monday_zero_offset() == weekday_of_day && (nth == 0 || nth == from_start || nth == from_end)
            });
            if named && (self.month_days.is_empty() || listed(day)) {
                days.push(day);
            }
        }
        days
    }

    /// BYSETPOS.
    fn picked(&self, days: &[i8]) -> Vec<i8> {
        if self.positions.is_empty() {
            return days.to_vec();
        }
        let at = |position: i32| {
            let index = if position > 0 {
                usize::try_from(position - 1).ok()?
            } else {
                days.len().checked_sub(usize::try_from(-position).ok()?)?
            };
            days.get(index).copied()
        };
        self.positions.iter().filter_map(|&position| at(position)).collect()
    }
}

fn numbers<N: std::str::FromStr>(list: &str) -> Option<Vec<N>> {
    list.split(',').map(|number| number.trim().trim_start_matches('+').parse().ok()).collect()
}

/// `-1SU`, `2SU`, `SU` (0: every one of the month).
fn weekday(text: &str) -> Option<(i8, Weekday)> {
    let text = text.trim();
    let (nth, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let weekday = match name.to_ascii_uppercase().as_str() {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    };
    let nth = if nth.is_empty() { 0 } else { nth.trim_start_matches('+').parse().ok()? };
    Some((nth, weekday))
}

/// `19701025T030000`, with or without `Z` (then true), or a date; `T240000` is the next midnight.
fn date_time(text: &str) -> Option<(DateTime, bool)> {
    let text = text.trim();
    let (text, utc) = match text.strip_suffix(['Z', 'z']) {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let (date, time) = text.split_once(['T', 't']).unwrap_or((text, ""));
    let number = |text: &str, from: usize, to: usize| text.get(from..to)?.parse::<i8>().ok();
    let date = Date::new(date.get(..4)?.parse().ok()?, number(date, 4, 6)?, number(date, 6, 8)?).ok()?;
    if time.is_empty() {
        return Some((date.at(0, 0, 0, 0), utc));
    }
    let (hour, minute, second) = (number(time, 0, 2)?, number(time, 2, 4)?, number(time, 4, 6).unwrap_or(0));
    if hour == 24 {
        return Some((date.tomorrow().ok()?.at(0, 0, 0, 0), utc));
    }
    Some((date.to_datetime(Time::new(hour, minute, second.min(59), 0).ok()?), utc))
}
