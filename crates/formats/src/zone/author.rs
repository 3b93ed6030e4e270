//! A minimal `VTIMEZONE` for an IANA zone.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::{Offset, TimeZone};

use super::database;
use crate::error::ZoneError;
use crate::text::{Component, ContentLine, Dialect};

/// How many years past 2037 (or past the first use) changes are compared before a rule counts as one without end. Morocco's
/// changes are listed in the database one by one up to 2087.
const HORIZON: i16 = 53;

/// Changes that fewer years in a row repeat are listed with RDATE.
const SHORTEST_RULE: usize = 3;

/// The `VTIMEZONE` of an IANA zone for a resource whose earliest date is `earliest`: the observance in force then, and all
/// later ones. TZID is `name`.
///
/// # Errors
///
/// [`ZoneError::UnknownZone`].
pub fn vtimezone(name: &str, earliest: Timestamp) -> Result<Component, ZoneError> {
    vtimezone_as(name, name, earliest)
}

/// The same under the TZID that the resource uses already; X-LIC-LOCATION names the zone when `tzid` does not.
///
/// # Errors
///
/// [`ZoneError::UnknownZone`].
pub fn vtimezone_as(tzid: &str, name: &str, earliest: Timestamp) -> Result<Component, ZoneError> {
    let rules = database().get(name).map_err(|_| ZoneError::UnknownZone)?;
    let mut zone = Component::new("VTIMEZONE");
    zone.add(ContentLine::text_line("TZID", tzid, Dialect::ICalendar));
    if tzid != name {
        zone.add(ContentLine::new("X-LIC-LOCATION", name));
    }
    let last_year = Offset::UTC.to_datetime(earliest).year().max(2037).saturating_add(HORIZON).min(9990);
    let changes = changes(&rules, earliest, last_year);
    if changes.first().is_none_or(|first| first.instant > earliest.as_second()) {
        // No change before: the offset held always.
        let info = rules.to_offset_info(earliest);
        let mut standard = Component::new("STANDARD");
        standard.add(ContentLine::new("DTSTART", "16010101T000000"));
        offsets(&mut standard, info.offset().seconds(), info.offset().seconds(), info.abbreviation());
        zone.push(standard);
    }
    let mut observances: Vec<(DateTime, Component)> = Vec::new();
    let mut listed: Vec<Run> = Vec::new();
    for run in runs(changes) {
        if run.dates.len() >= SHORTEST_RULE {
            observances.push((run.first(), run.component(last_year)));
        } else if let Some(same) = listed.iter_mut().find(|known| known.like(&run)) {
            same.dates.extend(run.dates);
        } else {
            listed.push(run);
        }
    }
    observances.extend(listed.into_iter().map(|run| (run.first(), run.component_with_dates())));
    observances.sort_by_key(|(first, _)| *first);
    for (_, observance) in observances {
        zone.push(observance);
    }
    Ok(zone)
}

/// One change of offset, daylight flag or abbreviation.
#[derive(Debug, Clone)]
struct Change {
    instant: i64,
    /// Local time in the offset before.
    local: DateTime,
    from: i32,
    to: i32,
    daylight: bool,
    name: String,
}

fn changes(rules: &TimeZone, earliest: Timestamp, last_year: i16) -> Vec<Change> {
    let just_after = Timestamp::from_second(earliest.as_second().saturating_add(1)).unwrap_or(earliest);
    let begin = rules.preceding(just_after).next().map_or(earliest, |change| change.timestamp());
    let just_before = Timestamp::from_second(begin.as_second().saturating_sub(1)).unwrap_or(begin);
    let mut before = rules.to_offset_info(just_before);
    let mut changes = Vec::new();
    for change in rules.following(just_before) {
        let from = before.offset();
        let local = from.to_datetime(change.timestamp());
        if local.year() > last_year {
            break;
        }
        let (from, to) = (from.seconds(), change.offset().seconds());
        // Where the database has summer as standard time (Ireland), the later clock still is DAYLIGHT to a client.
        let daylight = if change.dst().is_dst() { to >= from } else { before.dst().is_dst() && to > from };
        changes.push(Change { instant: change.timestamp().as_second(), local, from, to, daylight, name: change.abbreviation().to_owned() });
        before = rules.to_offset_info(change.timestamp());
    }
    changes
}

/// Changes of years in a row that one yearly rule gives.
#[derive(Debug, Clone)]
struct Run {
    sample: Change,
    dates: Vec<Change>,
    /// Days on or after which the weekday is the first: all that fit.
    on_or_after: (i8, i8),
    /// Always the last such weekday of the month?
    last: bool,
    /// Always the same weekday?
    weekday: Option<Weekday>,
    /// Always the same day of the month?
    day: Option<i8>,
}

fn window(date: Date) -> (i8, i8) {
    ((date.day() - 6).max(1), date.day().min(date.days_in_month() - 6))
}

fn is_last(date: Date) -> bool {
    date.day() + 7 > date.days_in_month()
}

fn runs(changes: Vec<Change>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for change in changes {
        let extended = runs.iter_mut().any(|run| run.extend(&change));
        if !extended {
            let date = change.local.date();
            runs.push(Run {
                on_or_after: window(date),
                last: is_last(date),
                weekday: Some(date.weekday()),
                day: Some(date.day()),
                dates: vec![change.clone()],
                sample: change,
            });
        }
    }
    runs
}

impl Run {
    fn first(&self) -> DateTime {
        self.sample.local
    }

    fn like(&self, other: &Self) -> bool {
        let (a, b) = (&self.sample, &other.sample);
        (a.from, a.to, a.daylight, &a.name) == (b.from, b.to, b.daylight, &b.name)
    }

    /// Takes a change in when it is of the next year and one rule gives it with all others.
    fn extend(&mut self, change: &Change) -> bool {
        let Some(previous) = self.dates.last() else { return false };
        let same = (previous.from, previous.to, previous.daylight, &previous.name)
            == (change.from, change.to, change.daylight, &change.name)
            && previous.local.year() + 1 == change.local.year()
            && previous.local.month() == change.local.month()
            && previous.local.time() == change.local.time();
        if !same {
            return false;
        }
        let date = change.local.date();
        let weekday = self.weekday.filter(|known| *known == date.weekday());
        let day = self.day.filter(|known| *known == date.day());
        let (low, high) = window(date);
        let on_or_after = (self.on_or_after.0.max(low), self.on_or_after.1.min(high));
        let last = self.last && is_last(date);
        let by_weekday = weekday.is_some() && (last || on_or_after.0 <= on_or_after.1);
        if !by_weekday && day.is_none() {
            return false;
        }
        self.weekday = weekday;
        self.day = day;
        self.on_or_after = on_or_after;
        self.last = last;
        self.dates.push(change.clone());
        true
    }

    fn named(&self) -> Component {
        let mut observance = Component::new(if self.sample.daylight { "DAYLIGHT" } else { "STANDARD" });
        observance.add(ContentLine::new("DTSTART", &local(self.first())));
        offsets(&mut observance, self.sample.from, self.sample.to, &self.sample.name);
        observance
    }

    fn component(&self, last_year: i16) -> Component {
        let mut observance = self.named();
        let month = self.sample.local.month();
        let mut rule = format!("FREQ=YEARLY;BYMONTH={month}");
        let (low, high) = self.on_or_after;
        match (self.weekday, self.day) {
            (Some(weekday), _) if self.last => rule.push_str(&format!(";BYDAY=-1{}", two_letters(weekday))),
            (Some(weekday), _) if low <= high => {
                let weekday = two_letters(weekday);
                match [1, 8, 15, 22].into_iter().find(|day| (low..=high).contains(day)) {
                    Some(day) => rule.push_str(&format!(";BYDAY={}{weekday}", (day - 1) / 7 + 1)),
                    None => {
                        let days: Vec<String> = (low..low + 7).map(|day| day.to_string()).collect();
                        rule.push_str(&format!(";BYMONTHDAY={};BYDAY={weekday}", days.join(",")));
                    }
                }
            }
            (_, Some(day)) => rule.push_str(&format!(";BYMONTHDAY={day}")),
            _ => {}
        }
        if let Some(last) = self.dates.last().filter(|last| last.local.year() < last_year) {
            let until = Timestamp::from_second(last.instant).map(|instant| Offset::UTC.to_datetime(instant)).unwrap_or(last.local);
            rule.push_str(&format!(";UNTIL={}Z", local(until)));
        }
        observance.add(ContentLine::new("RRULE", &rule));
        observance
    }

    fn component_with_dates(&self) -> Component {
        let mut observance = self.named();
        let others: Vec<String> = self.dates.iter().skip(1).map(|change| local(change.local)).collect();
        if !others.is_empty() {
            observance.add(ContentLine::new("RDATE", &others.join(",")));
        }
        observance
    }
}

fn offsets(observance: &mut Component, from: i32, to: i32, name: &str) {
    observance.add(ContentLine::new("TZOFFSETFROM", &utc_offset(from)));
    observance.add(ContentLine::new("TZOFFSETTO", &utc_offset(to)));
    observance.add(ContentLine::text_line("TZNAME", name, Dialect::ICalendar));
}

/// `±hhmm[ss]` (RFC 5545 section 3.3.14).
fn utc_offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let all = seconds.abs();
    let (hours, minutes, rest) = (all / 3600, all / 60 % 60, all % 60);
    if rest == 0 { format!("{sign}{hours:02}{minutes:02}") } else { format!("{sign}{hours:02}{minutes:02}{rest:02}") }
}

fn local(at: DateTime) -> String {
    format!("{:04}{:02}{:02}T{:02}{:02}{:02}", at.year(), at.month(), at.day(), at.hour(), at.minute(), at.second())
}

const fn two_letters(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "MO",
        Weekday::Tuesday => "TU",
        Weekday::Wednesday => "WE",
        Weekday::Thursday => "TH",
        Weekday::Friday => "FR",
        Weekday::Saturday => "SA",
        Weekday::Sunday => "SU",
    }
}
