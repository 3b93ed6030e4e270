//! Birthdays and other days of the year, which Exchange keeps as instants (Graph: `contact`, property `birthday`; EWS:
//! `Birthday`, `WeddingAnniversary`).
//!
//! Clients write midnight of their own zone, or a minute before noon in UTC, which is the same day from twelve hours west to
//! twelve hours east. Reading takes the nearest day.

use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use pimkit_core::PartialDate;

/// The year that stands for "no year": mobile clients write it, because it has a 29 February and is the first such year that
/// Exchange can say.
pub const NO_YEAR: i16 = 1604;

/// The day of an instant.
#[must_use]
pub fn read(instant: Timestamp) -> PartialDate {
    let nearest = instant.checked_add(SignedDuration::from_hours(12)).unwrap_or(instant);
    let date = Offset::UTC.to_datetime(nearest).date();
    let year = (date.year() != NO_YEAR).then_some(date.year());
    PartialDate { year, month: Some(date.month()), day: Some(date.day()) }
}

/// The instant to write for a day: 11:59 UTC. `None` for what Exchange cannot say: no month, no day, no such day, or a year
/// before 1601.
#[must_use]
pub fn write(date: &PartialDate) -> Option<Timestamp> {
    let date = Date::new(date.year.unwrap_or(NO_YEAR), date.month?, date.day?).ok()?;
    let at = date.to_datetime(Time::new(11, 59, 0, 0).ok()?);
    (date.year() > 1600).then(|| Offset::UTC.to_timestamp(at).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_the_nearest_one() {
        for instant in [
            "1815-12-10T11:59:00Z",
            "1815-12-10T00:00:00Z",
            // Midnight in Vienna, in Honolulu.
            "1815-12-09T23:00:00Z",
            "1815-12-10T10:00:00Z",
            // Midnight twelve hours east.
            "1815-12-09T12:00:00Z",
        ] {
            assert_eq!(read(instant.parse().unwrap()), PartialDate::full(1815, 12, 10), "{instant}");
        }
    }

    #[test]
    fn a_day_without_a_year_is_written_as_1604_and_read_back() {
        let leap = PartialDate::yearless(2, 29);
        assert_eq!(write(&leap).unwrap().to_string(), "1604-02-29T11:59:00Z");
        assert_eq!(read(write(&leap).unwrap()), leap);
    }

    #[test]
    fn what_is_no_day_is_not_written() {
        let none = PartialDate { year: Some(1990), month: None, day: None };
        for date in [none, PartialDate::full(1990, 2, 30), PartialDate::full(1500, 1, 1), PartialDate { day: None, ..none }] {
            assert_eq!(write(&date), None, "{date:?}");
        }
    }
}
