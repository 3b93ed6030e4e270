//! Which events touch a span.

use jiff::{Timestamp, tz::TimeZone};
use pimkit_core::{Event, Record, When};
use std::any::Any;

/// Whether a record belongs into the window. Only events have one. A series is taken from its first
/// occurrence on: when it ends takes its expansion, and one too many is nothing lost.
pub(crate) fn touches<R: Record>(record: &R, window: Option<(Timestamp, Timestamp)>) -> bool {
    let (Some((from, to)), Some(event)) = (window, (record as &dyn Any).downcast_ref::<Event>()) else { return true };
    let instant = |when: &When| when.instant().or_else(|| TimeZone::UTC.to_timestamp(when.wall()).ok());
    let Some(start) = event.start.as_ref().and_then(instant) else { return true };
    // Floating times and whole days are in the reader's zone, at most 14 hours off.
    let slack = if event.start.as_ref().is_some_and(|s| s.zone().is_none()) { 14 * 3600 } else { 0 };
    if start.as_second() - slack >= to.as_second() {
        return false;
    }
    if !event.recurrence_rules.is_empty() || !event.recurrence_overrides.is_empty() {
        return true;
    }
    let whole_day = event.start.as_ref().is_some_and(When::is_all_day);
    let end = match event.end.as_ref().and_then(instant) {
        Some(end) => end.as_second(),
        None if whole_day => start.as_second() + 86_400,
        None => start.as_second(),
    };
    end + slack >= from.as_second()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_touches_a_window_that_it_overlaps() {
        let window = Some(("2026-03-02T00:00:00Z".parse().unwrap(), "2026-03-09T00:00:00Z".parse().unwrap()));
        for (start, end, rules, expected) in [
            ("2026-03-01T10:00", "2026-03-01T11:00", 0, false),
            ("2026-03-01T23:00", "2026-03-02T01:00", 0, true),
            ("2026-03-05T10:00", "2026-03-05T11:00", 0, true),
            ("2026-03-09T00:00", "2026-03-09T01:00", 0, false),
            ("2020-01-01T10:00", "2020-01-01T11:00", 1, true),
        ] {
            let event = Event::build(|e| {
                e.start = Some(When::zoned(start.parse().unwrap(), "UTC"));
                e.end = Some(When::zoned(end.parse().unwrap(), "UTC"));
                e.recurrence_rules = vec![Default::default(); rules];
            });
            assert_eq!(touches(&event, window), expected, "{start}");
        }
    }
}
