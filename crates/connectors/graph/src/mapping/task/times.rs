//! Times of tasks (`dateTimeTimeZone`): days, and instants.
//!
//! To Do shows and keeps days: what is due has no time of day (documented for its apps; the API answers midnight in UTC). Other
//! programs of Microsoft's wrote midnight of the user's own zone there, as an instant in UTC (evolution-ews 117).

use crate::mapping::Item;
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use pimkit_core::{Error, ErrorKind, Result, Zone};
use pimkit_exchange::{all_day, zones};
use serde_json::{Value, json};

fn odd(name: &str) -> Error {
    Error::new(ErrorKind::InvalidData, "a time of the task is none; look at it in To Do").with("property", name)
}

/// The time on the wall, and its zone.
fn read(item: &Item<'_>, name: &str) -> Result<Option<(DateTime, Zone)>> {
    let Some(structure) = item.item(name)? else { return Ok(None) };
    let Some(text) = structure.text("dateTime")? else { return Ok(None) };
    let at = text.trim_end_matches(['Z', 'z']).parse::<DateTime>().map_err(|_| odd(name))?;
    let zone = structure.text("timeZone")?.map_or_else(Zone::utc, |name| zones::zone(name, None));
    Ok(Some((at, zone)))
}

/// The day of a property.
///
/// # Errors
/// `InvalidData` for what is no time.
pub(super) fn day(item: &Item<'_>, name: &str) -> Result<Option<Date>> {
    let Some((at, zone)) = read(item, name)? else { return Ok(None) };
    // In a zone of its own it is said as it was meant; in UTC it may be the midnight of another zone.
    Ok(Some(if zone.is_utc() { all_day::date(at, None) } else { at.date() }))
}

/// The instant of a property.
///
/// # Errors
/// `InvalidData` for what is no time.
pub(super) fn instant(item: &Item<'_>, name: &str) -> Result<Option<Timestamp>> {
    let Some((at, zone)) = read(item, name)? else { return Ok(None) };
    let zone = zone.time_zone().unwrap_or(TimeZone::UTC);
    zone.to_timestamp(at).map(Some).map_err(|_| odd(name))
}

/// A day, as it is written.
pub(super) fn of_day(day: Date) -> Value {
    json!({ "dateTime": format!("{day}T00:00:00"), "timeZone": "UTC" })
}

/// An instant, as it is written.
pub(super) fn of_instant(at: Timestamp) -> Value {
    let at = TimeZone::UTC.to_datetime(at);
    json!({ "dateTime": at.strftime("%Y-%m-%dT%H:%M:%S").to_string(), "timeZone": "UTC" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_the_day_that_was_meant() {
        for (time, zone, expected) in [
            ("2026-11-24T00:00:00.0000000", Some("UTC"), "2026-11-24"),
            ("2026-11-24T00:00:00", None, "2026-11-24"),
            ("2026-11-24T00:00:00Z", Some("Etc/UTC"), "2026-11-24"),
            // Midnight in Vienna and in Los Angeles, as an instant.
            ("2026-11-23T23:00:00.0000000", Some("UTC"), "2026-11-24"),
            ("2026-11-24T08:00:00.0000000", Some("UTC"), "2026-11-24"),
            // In a zone of its own.
            ("2026-11-24T17:00:00.0000000", Some("W. Europe Standard Time"), "2026-11-24"),
            ("2026-11-24T23:00:00.0000000", Some("Europe/Vienna"), "2026-11-24"),
        ] {
            let value = json!({ "due": { "dateTime": time, "timeZone": zone } });
            let item = Item::new(&value).unwrap();
            assert_eq!(day(&item, "due").unwrap().unwrap().to_string(), expected, "{time} {zone:?}");
        }
    }

    #[test]
    fn an_instant_is_that_of_its_zone() {
        let value = json!({ "r": { "dateTime": "2026-11-24T17:00:00.0000000", "timeZone": "W. Europe Standard Time" }, "n": null, "o": { "dateTime": "soon" } });
        let item = Item::new(&value).unwrap();
        assert_eq!(instant(&item, "r").unwrap().unwrap().to_string(), "2026-11-24T16:00:00Z");
        assert_eq!((instant(&item, "n").unwrap(), day(&item, "z").unwrap()), (None, None));
        assert_eq!(day(&item, "o").unwrap_err().kind(), ErrorKind::InvalidData);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let at: Timestamp = "2026-11-24T16:05:06Z".parse().unwrap();
        let value = json!({ "d": of_day("2026-11-24".parse().unwrap()), "i": of_instant(at) });
        assert_eq!(value["d"], json!({ "dateTime": "2026-11-24T00:00:00", "timeZone": "UTC" }));
        let item = Item::new(&value).unwrap();
        assert_eq!((day(&item, "d").unwrap().unwrap().to_string().as_str(), instant(&item, "i").unwrap()), ("2026-11-24", Some(at)));
    }
}
