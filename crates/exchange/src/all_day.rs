//! Whole days.
//!
//! An Exchange mailbox keeps a whole day as two instants: midnight in the zone in which somebody made it, and midnight after
//! the last day. On the wire they come in whatever zone was asked for, so that the date is theirs only there. (Graph: `event`,
//! property `isAllDay`; EWS: `IsAllDayEvent`.)

use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use pimkit_formats::zone::Zone;

/// The date of a whole day that came as this time in UTC, made in this zone.
///
/// # Behavior
/// - Midnight in the zone is that date there.
/// - Midnight in UTC that is none in the zone is the date as it stands: some clients store whole days so, and some servers
///   answer so whatever the zone is.
/// - What is neither (the zone's rules changed since, or the zone is a guess) is the nearest midnight in the zone.
/// - Without a zone the date is the nearest midnight in UTC.
#[must_use]
pub fn date(utc: DateTime, zone: Option<&Zone>) -> Date {
    let wall = zone.and_then(|zone| Offset::UTC.to_timestamp(utc).ok().map(|instant| zone.to_local(instant)));
    match wall {
        Some(wall) if is_midnight(wall) => wall.date(),
        _ if is_midnight(utc) => utc.date(),
        Some(wall) => nearest(wall),
        None => nearest(utc),
    }
}

fn is_midnight(at: DateTime) -> bool {
    at.time() == jiff::civil::Time::midnight()
}

fn nearest(at: DateTime) -> Date {
    let next = at.hour() >= 12;
    if next { at.date().tomorrow().unwrap_or(at.date()) } else { at.date() }
}

/// The last day as Exchange wants it: the day after it, and at least one day after the start.
///
/// # Errors
/// None: a day that has no next one stays.
#[must_use]
pub fn end(start: Date, end: Option<Date>) -> Date {
    let least = start.tomorrow().unwrap_or(start);
    end.map_or(least, |end| end.max(least))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date as day;

    #[test]
    fn the_date_of_a_whole_day_is_that_of_its_own_zone() {
        for (utc, zone, expected) in [
            ("2026-11-21T23:00:00", Some("Europe/Vienna"), day(2026, 11, 22)),
            ("2026-07-21T22:00:00", Some("Europe/Vienna"), day(2026, 7, 22)),
            // Across the end of daylight-saving time: the 25th begins in summer time, the 26th in winter time.
            ("2026-10-24T22:00:00", Some("Europe/Vienna"), day(2026, 10, 25)),
            ("2026-10-25T23:00:00", Some("Europe/Vienna"), day(2026, 10, 26)),
            ("2026-11-22T08:00:00", Some("America/Los_Angeles"), day(2026, 11, 22)),
            ("2026-11-21T11:00:00", Some("Pacific/Auckland"), day(2026, 11, 22)),
            // As it stands, whatever the zone.
            ("2026-11-22T00:00:00", Some("America/Los_Angeles"), day(2026, 11, 22)),
            ("2026-11-22T00:00:00", Some("Europe/London"), day(2026, 11, 22)),
            ("2026-11-22T00:00:00", None, day(2026, 11, 22)),
            // Neither: an hour off, because one side's rules are older.
            ("2026-11-21T22:00:00", Some("Europe/Vienna"), day(2026, 11, 22)),
            ("2026-11-22T01:00:00", None, day(2026, 11, 22)),
            ("2026-11-21T23:00:00", None, day(2026, 11, 22)),
        ] {
            let zone = zone.map(|name| Zone::iana(name).unwrap());
            assert_eq!(date(utc.parse().unwrap(), zone.as_ref()), expected, "{utc} {zone:?}");
        }
    }

    #[test]
    fn a_whole_day_ends_a_day_later_at_the_earliest() {
        let start = day(2026, 11, 22);
        assert_eq!(end(start, None), day(2026, 11, 23));
        assert_eq!(end(start, Some(start)), day(2026, 11, 23));
        assert_eq!(end(start, Some(day(2026, 11, 25))), day(2026, 11, 25));
    }
}
