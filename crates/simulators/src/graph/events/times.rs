//! When an event is, and when each occurrence of a series is.

use super::recur::Rule;
use crate::graph::answer::{Result, refuse};
use crate::graph::rules::EventRules;
use crate::graph::store::{Exception, Item};
use crate::graph::zones::{Zone, written};
use jiff::civil::{Date, DateTime, Time};
use jiff::{Span, Timestamp, ToSpan as _, Unit};
use serde_json::{Map, Value, json};

/// Start and end on the walls of their zones.
#[derive(Debug, Clone)]
pub(crate) struct Times {
    pub(crate) start: DateTime,
    pub(crate) end: DateTime,
    pub(crate) start_zone: Zone,
    pub(crate) end_zone: Zone,
    pub(crate) all_day: bool,
}

/// An occurrence of a series.
#[derive(Debug, Clone)]
pub(crate) struct Occurrence {
    /// The day in the rule that it stands for.
    pub(crate) day: Date,
    pub(crate) times: Times,
}

fn unset() -> Zone {
    Zone::utc()
}

/// A `dateTimeTimeZone` as it was kept.
fn kept(value: Option<&Value>) -> (DateTime, Zone) {
    let text = |name: &str| value.and_then(|value| value.get(name)).and_then(Value::as_str);
    let wall = text("dateTime").and_then(parse).unwrap_or(DateTime::constant(1601, 1, 1, 0, 0, 0, 0));
    (wall, text("timeZone").and_then(Zone::named).unwrap_or_else(unset))
}

/// A wall time; what follows it as an offset is not looked at, as the zone has a property of its own.
pub(crate) fn parse(text: &str) -> Option<DateTime> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    text.parse().ok().or_else(|| text.parse::<Date>().ok().map(|day| day.to_datetime(Time::midnight())))
}

impl Times {
    /// When an event is that was checked when it was written.
    pub(crate) fn of(properties: &Map<String, Value>) -> Self {
        let (start, start_zone) = kept(properties.get("start"));
        let (end, end_zone) = kept(properties.get("end"));
        Self { start, end, start_zone, end_zone, all_day: properties.get("isAllDay") == Some(&Value::Bool(true)) }
    }

    /// When an event is that is about to be written.
    ///
    /// # Errors
    /// 400 for zones and times that are none, an end before the start, and days that are not whole.
    pub(crate) fn read(properties: &Map<String, Value>, rules: &EventRules) -> Result<Self> {
        for name in ["start", "end"] {
            let Some(value) = properties.get(name).filter(|value| value.is_object()) else {
                return refuse(
                    400,
                    "ErrorPropertyValidationFailure",
                    format!("At least one property failed validation: {name} is required."),
                );
            };
            let zone = value.get("timeZone").and_then(Value::as_str).unwrap_or("UTC");
            Zone::read(zone, rules)?;
            if value.get("dateTime").and_then(Value::as_str).and_then(parse).is_none() {
                return refuse(
                    400,
                    "ErrorPropertyValidationFailure",
                    format!("At least one property failed validation: {name}/dateTime is no time."),
                );
            }
        }
        let times = Self::of(properties);
        if times.ends() < times.starts() {
            return refuse(400, "ErrorPropertyValidationFailure", "At least one property failed validation: the end is before the start.");
        }
        let midnight = |at: DateTime| at.time() == Time::midnight();
        let whole = midnight(times.start) && midnight(times.end) && times.start_zone.name.eq_ignore_ascii_case(&times.end_zone.name);
        if times.all_day && (!whole || times.end <= times.start) {
            return refuse(
                400,
                "ErrorPropertyValidationFailure",
                "The Event.Start and Event.End properties of an all-day event must be at midnight in the same time zone, and at least 24 hours apart.",
            );
        }
        Ok(times)
    }

    pub(crate) fn starts(&self) -> Timestamp {
        self.start_zone.instant(self.start)
    }

    pub(crate) fn ends(&self) -> Timestamp {
        self.end_zone.instant(self.end)
    }

    /// The same on another day.
    pub(crate) fn on(&self, day: Date) -> Self {
        let start = day.to_datetime(self.start.time());
        let long = self.start.until((Unit::Second, self.end)).unwrap_or_default();
        let end = start.checked_add(long).unwrap_or(start);
        Self { start, end, ..self.clone() }
    }

    /// Whether some of it lies in a window; an event without length counts where it starts.
    pub(crate) fn within(&self, from: Timestamp, to: Timestamp) -> bool {
        let (starts, ends) = (self.starts(), self.ends());
        starts < to && (ends > from || starts == ends && starts >= from)
    }

    /// Start or end as the service shows it.
    pub(crate) fn shown(&self, end: bool, zone: &Zone) -> Value {
        let at = if end { self.ends() } else { self.starts() };
        json!({"dateTime": written(zone.wall(at)), "timeZone": zone.name})
    }
}

/// The rule of a series; None for a single event.
pub(crate) fn rule(item: &Item) -> Option<Rule> {
    let recurrence = item.properties.get("recurrence").filter(|value| value.is_object())?;
    Rule::read(recurrence, Times::of(&item.properties).start.date()).ok()
}

/// When an occurrence is that is not as the rule says.
pub(crate) fn exception_times(item: &Item, day: Date, exception: &Exception) -> Times {
    let regular = Times::of(&item.properties).on(day);
    let moved = Times::of(&exception.properties);
    let has = |name: &str| exception.properties.contains_key(name);
    Times {
        start: if has("start") { moved.start } else { regular.start },
        start_zone: if has("start") { moved.start_zone } else { regular.start_zone },
        end: if has("end") { moved.end } else { regular.end },
        end_zone: if has("end") { moved.end_zone } else { regular.end_zone },
        all_day: if has("isAllDay") { moved.all_day } else { regular.all_day },
    }
}

/// The occurrences of a series that lie in a window, by their day in the rule.
pub(crate) fn occurrences(item: &Item, from: Timestamp, to: Timestamp) -> Vec<Occurrence> {
    let Some(rule) = rule(item) else { return Vec::new() };
    let regular = Times::of(&item.properties);
    let series = &item.series;
    let mut out: Vec<Occurrence> = series
        .exceptions
        .iter()
        .map(|(day, exception)| Occurrence { day: *day, times: exception_times(item, *day, exception) })
        .filter(|occurrence| occurrence.times.within(from, to))
        .collect();
    for day in rule.days() {
        let times = regular.on(day);
        if times.starts() >= to {
            break;
        }
        if !series.exceptions.contains_key(&day) && !series.cancelled.contains(&day) && times.within(from, to) {
            out.push(Occurrence { day, times });
        }
    }
    out.sort_by_key(|occurrence| occurrence.day);
    out
}

/// Whether a series has an occurrence on a day, be it as the rule says or not.
pub(crate) fn occurs(item: &Item, day: Date) -> bool {
    if item.series.cancelled.contains(&day) {
        return false;
    }
    item.series.exceptions.contains_key(&day)
        || rule(item).is_some_and(|rule| rule.days().take_while(|other| *other <= day).any(|other| other == day))
}

/// Whether an occurrence may lie where it is about to: behind the one before it, before the one after it.
///
/// # Errors
/// 400 if not.
pub(crate) fn stays_between(item: &Item, day: Date, times: &Times) -> Result<()> {
    let near = |span: Span| Times::of(&item.properties).on(day).starts().checked_add(span).unwrap_or(Timestamp::MAX);
    let reach = (400 * 24).hours();
    let around: Vec<Occurrence> = occurrences(item, near(-reach), near(reach));
    let local = |times: &Times| times.start_zone.wall(times.starts()).date();
    let before = around.iter().filter(|other| other.day < day).map(|other| local(&other.times)).max();
    let after = around.iter().filter(|other| other.day > day).map(|other| local(&other.times)).min();
    let here = local(times);
    if before.is_some_and(|before| here <= before) || after.is_some_and(|after| here >= after) {
        return refuse(400, "ErrorOccurrenceCrossingBoundary", "Modified occurrence is crossing or overlapping adjacent occurrence.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::rules::GraphRules;

    fn read(start: (&str, &str), end: (&str, &str), all_day: bool) -> Result<Times> {
        let one = |(at, zone): (&str, &str)| json!({"dateTime": at, "timeZone": zone});
        let properties = json!({"start": one(start), "end": one(end), "isAllDay": all_day});
        Times::read(properties.as_object().unwrap(), &GraphRules::default().events)
    }

    #[test]
    fn days_are_whole_and_in_one_zone() {
        let berlin = "W. Europe Standard Time";
        let times = read(("2026-03-02T00:00:00", berlin), ("2026-03-03T00:00:00.0000000", berlin), true).unwrap();
        assert_eq!(times.shown(false, &Zone::utc()), json!({"dateTime": "2026-03-01T23:00:00.0000000", "timeZone": "UTC"}));
        for (start, end, all_day) in [
            (("2026-03-02T00:00:00", berlin), ("2026-03-02T00:00:00", berlin), true),
            (("2026-03-02T00:00:00", berlin), ("2026-03-03T00:00:00", "UTC"), true),
            (("2026-03-02T01:00:00", berlin), ("2026-03-03T01:00:00", berlin), true),
            (("2026-03-02T10:00:00", berlin), ("2026-03-02T09:00:00", berlin), false),
            (("2026-03-02T10:00:00", "Nowhere"), ("2026-03-02T11:00:00", berlin), false),
            (("2026-03-02T10:00:00", "Africa/Casablanca"), ("2026-03-02T11:00:00", berlin), false),
            (("soon", berlin), ("2026-03-02T11:00:00", berlin), false),
        ] {
            assert!(read(start, end, all_day).is_err(), "{start:?} {end:?}");
        }
    }

    #[test]
    fn a_series_keeps_its_wall_time_over_a_change_of_clocks() {
        let times = read(("2026-03-23T10:00:00", "Europe/Berlin"), ("2026-03-23T11:00:00", "Europe/Berlin"), false).unwrap();
        let later = times.on("2026-03-30".parse().unwrap());
        assert_eq!(
            (times.starts().to_string(), later.starts().to_string()),
            ("2026-03-23T09:00:00Z".to_owned(), "2026-03-30T08:00:00Z".to_owned())
        );
    }
}
