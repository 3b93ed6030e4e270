//! When an event is.
//!
//! Times are asked for in the zone that the event was written in (`originalStartTimeZone`), and stand on the wall as they come: the
//! server's rules of a zone may be older than ours (Morocco changed its clock in 2026), and what people see is the server's. Where an
//! answer is in another zone, it is turned into the event's own by our rules. Writing says the wall time and the Windows name.

use crate::mapping::{Item, Slots};
use jiff::{Timestamp, civil, tz::Offset};
use pimkit_core::{Error, ErrorKind, Event, RecurrenceId, Result, When, Zone};
use pimkit_exchange::{
    all_day,
    property::ZONE,
    zones::{self, Named},
};
use serde_json::{Value, json};

/// What else must be known to read and write times: the mailbox's own zone, where its settings say one.
pub(crate) type Own<'z> = Option<&'z Zone>;

/// The zones of an event.
#[derive(Clone, Debug)]
pub(crate) struct Zones {
    pub(crate) start: Zone,
    end: Zone,
}

fn odd(property: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, "a time of the event cannot be read; look at it in Outlook").with("property", property)
}

/// The zones that an event was written in. The name of our own beside it tells Madrid from Paris, as long as the mailbox still says
/// their one Windows zone.
///
/// # Errors
/// `InvalidData` when a name is no text.
pub(crate) fn zones_of(item: &Item<'_>, own: Own<'_>) -> Result<Zones> {
    let kept = item.extended(&ZONE);
    let told = |property: &'static str, time: &'static str| -> Result<Option<Zone>> {
        let name = match item.text(property)? {
            Some(name) => Some(name),
            None => item.item(time)?.map(|time| time.text("timeZone")).transpose()?.flatten(),
        };
        let Some(name) = name else { return Ok(None) };
        if let Some(kept) = kept.filter(|kept| zones::same_windows(kept, name)) {
            return Ok(Some(Zone::iana(kept).spelt(name)));
        }
        Ok(match zones::read(name) {
            Named::Zone(zone) => Some(zone),
            // The name stays, the rules are the mailbox's.
            Named::Custom | Named::Unknown => Some(zones::zone(name, own)),
            Named::Nothing => None,
        })
    };
    let start = told("originalStartTimeZone", "start")?.unwrap_or_else(|| own.cloned().unwrap_or_else(Zone::utc));
    let end = told("originalEndTimeZone", "end")?.unwrap_or_else(|| start.clone());
    Ok(Zones { start, end })
}

/// A `dateTimeTimeZone` on the wall of a zone; the date of one that is whole days.
fn time(item: &Item<'_>, property: &'static str, zone: &Zone, whole_days: bool) -> Result<Option<When>> {
    let Some(time) = item.item(property)? else { return Ok(None) };
    let Some(text) = time.text("dateTime")? else { return Ok(None) };
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(Some(on_the_wall(instant, zone, whole_days)));
    }
    let wall: civil::DateTime = text.parse().map_err(|_| odd(property))?;
    // A time on nobody's wall is none.
    let name = time.text("timeZone")?.ok_or_else(|| odd(property))?;
    let Named::Zone(told) = zones::read(name) else { return Err(odd(property)) };
    if told == *zone || zones::same_windows(&zone.id, name) {
        let here =
            if whole_days { When::all_day(all_day::date(wall, None)) } else { When::Zoned { at: whole_seconds(wall), zone: zone.clone() } };
        return Ok(Some(here));
    }
    let offsets = zones::offsets(&told).ok_or_else(|| odd(property))?;
    let instant = offsets.to_timestamp(wall).ok_or_else(|| odd(property))?;
    Ok(Some(on_the_wall(instant, zone, whole_days)))
}

/// The name of the zone that an event is to be asked for in, where its times came in another one.
pub(crate) fn other_zone(value: &Value) -> Option<&str> {
    let name = value.get("originalStartTimeZone")?.as_str()?;
    let came = value.get("start")?.get("timeZone")?.as_str()?;
    let Named::Zone(zone) = zones::read(name) else { return None };
    (name != came && !zones::same_windows(&zone.id, came)).then_some(name)
}

/// The name of the zone of an event, as a question for others like it takes it.
pub(crate) fn own_zone(value: &Value) -> Option<&str> {
    let name = value.get("originalStartTimeZone")?.as_str()?;
    matches!(zones::read(name), Named::Zone(_)).then_some(name)
}

fn utc(at: Timestamp) -> civil::DateTime {
    Offset::UTC.to_datetime(at)
}

fn whole_seconds(at: civil::DateTime) -> civil::DateTime {
    at.with().subsec_nanosecond(0).build().unwrap_or(at)
}

/// An instant on the wall of an event; the date of one that is whole days.
fn on_the_wall(at: Timestamp, zone: &Zone, whole_days: bool) -> When {
    let offsets = zones::offsets(zone);
    if whole_days {
        return When::all_day(all_day::date(utc(at), offsets.as_ref()));
    }
    match offsets {
        Some(offsets) => When::Zoned { at: whole_seconds(offsets.to_local(at)), zone: zone.clone() },
        None => When::utc(at),
    }
}

/// Start and end of an event.
///
/// # Errors
/// `InvalidData` when there is no start, or a time cannot be read.
pub(crate) fn read(item: &Item<'_>, zones: &Zones, event: &mut Event) -> Result<()> {
    let whole_days = is_all_day(item)?;
    event.start = Some(time(item, "start", &zones.start, whole_days)?.ok_or_else(|| odd("start"))?);
    let zone = if whole_days { &zones.start } else { &zones.end };
    event.end = time(item, "end", zone, whole_days)?;
    Ok(())
}

/// Whether an event is whole days.
///
/// # Errors
/// `InvalidData` when the flag is none.
pub(crate) fn is_all_day(item: &Item<'_>) -> Result<bool> {
    item.bool("isAllDay").map(Option::unwrap_or_default)
}

/// Which occurrence of its series an exception is: `originalStart` is where the rules put it, as an instant.
///
/// # Errors
/// `InvalidData` when it does not say.
pub(crate) fn recurrence_id(item: &Item<'_>, master: &Event) -> Result<RecurrenceId> {
    let start = master.start.as_ref().ok_or_else(|| odd("start"))?;
    let zone = start.zone().cloned().unwrap_or_else(Zone::utc);
    let at = match item.instant("originalStart")? {
        Some(at) => on_the_wall(at, &zone, start.is_all_day()),
        None => time(item, "start", &zone, start.is_all_day())?.ok_or_else(|| odd("originalStart"))?,
    };
    Ok(nearest(at.wall(), start.wall().time()))
}

/// An occurrence of a series stands where the series does, once a day at most. What is an hour off by our rules of a zone is the
/// occurrence beside it.
fn nearest(at: civil::DateTime, time: civil::Time) -> RecurrenceId {
    let on = |date: civil::Date| date.to_datetime(time);
    let days = [at.date().yesterday(), Ok(at.date()), at.date().tomorrow()].into_iter().flatten().map(on);
    RecurrenceId(days.min_by_key(|day| day.duration_since(at).abs()).unwrap_or(at))
}

/// The instant of an occurrence: where the rules put it, in the zone of the series; whole days at midnight of the mailbox's.
pub(crate) fn instant_of(id: RecurrenceId, master: &Event, own: Own<'_>) -> Option<Timestamp> {
    let zone = match master.start.as_ref()? {
        When::Zoned { zone, .. } => zone.clone(),
        _ => own.cloned().unwrap_or_else(Zone::utc),
    };
    zones::offsets(&zone)?.to_timestamp(id.0)
}

/// What a time is on the wire: wall time and the name of its zone.
struct Wire {
    at: civil::DateTime,
    zone: String,
}

impl Wire {
    fn json(&self) -> Value {
        let at = self.at;
        json!({ "dateTime": at.strftime("%Y-%m-%dT%H:%M:%S").to_string(), "timeZone": self.zone })
    }
}

fn own_name(own: Own<'_>) -> String {
    own.and_then(zones::write).unwrap_or_else(|| zones::UTC.to_owned())
}

/// A time on the wire. Floating times and whole days are in the mailbox's own zone, as Outlook shows them. A zone that only its
/// rules describe has no name: a single event is written in UTC, which is the same time; `None` for a series, whose later
/// occurrences would not be.
fn wire(when: &When, own: Own<'_>, repeats: bool) -> Option<Wire> {
    match when {
        When::AllDay { .. } | When::Floating { .. } => Some(Wire { at: when.wall(), zone: own_name(own) }),
        When::Zoned { at, zone } => match zones::write(zone) {
            Some(name) => Some(Wire { at: *at, zone: name }),
            None if repeats => None,
            None => zones::offsets(zone)?.to_timestamp(*at).map(|at| Wire { at: utc(at), zone: zones::UTC.to_owned() }),
        },
    }
}

/// Puts start, end and what goes with them; gives the name of the zone that the start is written in.
///
/// # Errors
/// `InvalidData` for a time in a zone that Exchange has no name for.
pub(crate) fn write(event: &Event, own: Own<'_>, slots: &mut Slots) -> Result<Option<String>> {
    let Some(start) = &event.start else { return Ok(None) };
    let repeats = !event.recurrence_rules.is_empty();
    let unnamed = || {
        Error::new(ErrorKind::InvalidData, "the event is in a time zone that Exchange has no name for; choose a zone from the list of all")
    };
    let from = wire(start, own, repeats).ok_or_else(unnamed)?;
    let end = match (start, &event.end) {
        (When::AllDay { on }, end) => When::all_day(all_day::end(*on, end.as_ref().map(When::date))),
        (_, Some(end)) if !end.is_all_day() => end.clone(),
        // Without an end it takes no time (RFC 5545 section 3.6.1).
        _ => start.clone(),
    };
    let mut to = wire(&end, own, repeats).ok_or_else(unnamed)?;
    if start.is_all_day() {
        to.zone.clone_from(&from.zone);
    }
    slots.put("start", from.json());
    slots.put("end", to.json());
    slots.put("isAllDay", start.is_all_day());
    // Kept only where the name that is written means another zone to whoever reads it.
    let kept =
        start.zone().filter(|zone| zones::read(&from.zone) != Named::Zone((*zone).clone()) && zones::same_windows(&zone.id, &from.zone));
    slots.extend(&ZONE, kept.map(|zone| zone.id.as_str()));
    Ok(Some(from.zone))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, datetime};
    use pimkit_core::Record as _;

    fn starting(start: When) -> Event {
        Event::build(|e| e.start = Some(start))
    }

    fn read_one(value: &Value, own: Own<'_>) -> Event {
        let item = Item::new(value).unwrap();
        let zones = zones_of(&item, own).unwrap();
        let mut event = Event::default();
        read(&item, &zones, &mut event).unwrap();
        event
    }

    fn graph(start: &str, end: &str, zone: &str, all_day: bool) -> Value {
        json!({
            "start": {"dateTime": start, "timeZone": "UTC"}, "end": {"dateTime": end, "timeZone": "UTC"}, "isAllDay": all_day,
            "originalStartTimeZone": zone, "originalEndTimeZone": zone,
        })
    }

    #[test]
    fn times_stand_on_the_wall_of_the_zone_that_they_were_written_in() {
        let vienna = Zone::iana("Europe/Vienna");
        for (start, zone, own, expected, iana, spelling) in [
            (
                "2026-07-01T07:00:00.0000000",
                "W. Europe Standard Time",
                None,
                "2026-07-01T09:00:00",
                "Europe/Berlin",
                Some("W. Europe Standard Time"),
            ),
            ("2026-12-01T08:00:00.0000000", "Europe/Vienna", None, "2026-12-01T09:00:00", "Europe/Vienna", Some("Europe/Vienna")),
            (
                "2026-12-01T08:00:00.0000000",
                "tzone://Microsoft/Utc",
                Some(&vienna),
                "2026-12-01T08:00:00",
                "UTC",
                Some("tzone://Microsoft/Utc"),
            ),
            (
                "2026-12-01T08:00:00.0000000",
                "tzone://Microsoft/Custom",
                Some(&vienna),
                "2026-12-01T09:00:00",
                "Europe/Vienna",
                Some("tzone://Microsoft/Custom"),
            ),
            ("2026-12-01T08:00:00.0000000", "", Some(&vienna), "2026-12-01T08:00:00", "UTC", Some("UTC")),
            (
                "2026-12-01T08:00:00.0000000",
                "Middle-earth Standard Time",
                None,
                "2026-12-01T08:00:00",
                "UTC",
                Some("Middle-earth Standard Time"),
            ),
        ] {
            let event = read_one(&graph(start, start, zone, false), own);
            let Some(When::Zoned { at, zone: found }) = event.start else { panic!("{zone}") };
            assert_eq!((at, found.id.as_str(), found.spelling.as_deref()), (expected.parse().unwrap(), iana, spelling), "{zone}");
        }
    }

    #[test]
    fn whole_days_are_the_dates_of_their_own_zone_east_and_west() {
        for (start, end, zone) in [
            ("2026-11-21T23:00:00.0000000", "2026-11-23T23:00:00.0000000", "W. Europe Standard Time"),
            ("2026-11-22T08:00:00.0000000", "2026-11-24T08:00:00.0000000", "Pacific Standard Time"),
            ("2026-11-21T11:00:00.0000000", "2026-11-23T11:00:00.0000000", "New Zealand Standard Time"),
            ("2026-11-22T00:00:00.0000000", "2026-11-24T00:00:00.0000000", "New Zealand Standard Time"),
            ("2026-11-22T00:00:00.0000000", "2026-11-24T00:00:00.0000000", "tzone://Microsoft/Utc"),
        ] {
            let event = read_one(&graph(start, end, zone, true), None);
            assert_eq!(event.start, Some(When::all_day(date(2026, 11, 22))), "{zone}");
            assert_eq!(event.end, Some(When::all_day(date(2026, 11, 24))), "{zone}");
        }
    }

    #[test]
    fn times_are_written_on_the_wall_with_the_windows_name() {
        let vienna = Zone::iana("Europe/Vienna");
        let at = datetime(2026, 10, 25, 2, 30, 0, 0);
        for (when, own, expected) in [
            (When::zoned(at, "Europe/Vienna"), None, ("2026-10-25T02:30:00", "W. Europe Standard Time")),
            (When::zoned(at, "UTC"), None, ("2026-10-25T02:30:00", "UTC")),
            (When::floating(at), Some(&vienna), ("2026-10-25T02:30:00", "W. Europe Standard Time")),
            (When::floating(at), None, ("2026-10-25T02:30:00", "UTC")),
            (When::all_day(at.date()), Some(&vienna), ("2026-10-25T00:00:00", "W. Europe Standard Time")),
        ] {
            let mut slots = Slots::default();
            let event = starting(when.clone());
            write(&event, own, &mut slots).unwrap();
            let start = slots.get("start").unwrap();
            assert_eq!((start["dateTime"].as_str().unwrap(), start["timeZone"].as_str().unwrap()), expected, "{when:?}");
            let end = slots.get("end").unwrap()["dateTime"].as_str().unwrap();
            assert_eq!(end == "2026-10-26T00:00:00", when.is_all_day(), "{when:?}");
        }
    }

    #[test]
    fn a_zone_that_windows_does_not_tell_apart_comes_back() {
        let mut slots = Slots::default();
        let when = When::zoned(datetime(2026, 7, 1, 9, 0, 0, 0), "Europe/Madrid");
        write(&starting(when.clone()), None, &mut slots).unwrap();
        let mut graph = graph("2026-07-01T07:00:00", "2026-07-01T07:00:00", "Romance Standard Time", false);
        graph["singleValueExtendedProperties"] = slots.whole()["singleValueExtendedProperties"].clone();
        assert_eq!(read_one(&graph, None).start, Some(when));
        // Somebody moved it to another zone meanwhile.
        graph["originalStartTimeZone"] = "GMT Standard Time".into();
        assert_eq!(read_one(&graph, None).start, Some(When::zoned(datetime(2026, 7, 1, 8, 0, 0, 0), "Europe/London")));
    }

    #[test]
    fn an_occurrence_is_named_by_the_wall_of_its_series_on_both_sides_of_a_change_of_the_clock() {
        let master = starting(When::zoned(datetime(2026, 10, 18, 9, 0, 0, 0), "Europe/Vienna"));
        for (instant, wall) in [("2026-10-18T07:00:00Z", "2026-10-18T09:00:00"), ("2026-10-25T08:00:00Z", "2026-10-25T09:00:00")] {
            let value = json!({ "originalStart": instant });
            let id = recurrence_id(&Item::new(&value).unwrap(), &master).unwrap();
            assert_eq!(id.0, wall.parse().unwrap());
            assert_eq!(instant_of(id, &master, None).unwrap().to_string(), instant);
        }
    }

    /// Morocco's clock is an hour later since 2026 by the rules of some, and not of others.
    #[test]
    fn the_servers_rules_of_a_zone_count_where_they_are_not_ours() {
        let zone = "Morocco Standard Time";
        let mut value = graph("2026-10-11T09:00:00", "2026-10-11T10:00:00", zone, false);
        assert_eq!(other_zone(&value), Some(zone));
        (value["start"]["timeZone"], value["end"]["timeZone"]) = (zone.into(), zone.into());
        assert_eq!((other_zone(&value), own_zone(&value)), (None, Some(zone)));
        let event = read_one(&value, None);
        assert_eq!(event.start, Some(When::zoned(datetime(2026, 10, 11, 9, 0, 0, 0), "Africa/Casablanca")));
        for original in ["2026-10-25T08:00:00Z", "2026-10-25T09:00:00Z"] {
            let exception = json!({ "originalStart": original });
            let id = recurrence_id(&Item::new(&exception).unwrap(), &event).unwrap();
            assert_eq!(id.0, datetime(2026, 10, 25, 9, 0, 0, 0));
        }
        // Shortly before midnight an hour later is the next day, and the same occurrence.
        assert_eq!(nearest(datetime(2026, 10, 26, 0, 30, 0, 0), civil::time(23, 30, 0, 0)).0, datetime(2026, 10, 25, 23, 30, 0, 0));
    }

    #[test]
    fn a_zone_of_rules_alone_is_utc_for_one_event_and_refused_for_a_series() {
        let rules = "BEGIN:VTIMEZONE\r\nTZID:Ours\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0130\r\nTZOFFSETTO:+0130\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";
        let zone = Zone { id: "Ours".into(), rules: Some(rules.into()), spelling: None };
        let mut event = starting(When::Zoned { at: datetime(2026, 7, 1, 9, 0, 0, 0), zone });
        let mut slots = Slots::default();
        write(&event, None, &mut slots).unwrap();
        assert_eq!(slots.get("start").unwrap()["dateTime"], "2026-07-01T07:30:00");
        event.recurrence_rules.push(Default::default());
        assert_eq!(write(&event, None, &mut Slots::default()).unwrap_err().kind(), ErrorKind::InvalidData);
    }

    #[test]
    fn a_damaged_time_is_an_error_that_names_it() {
        for value in [
            json!({}),
            json!({"start": null}),
            json!({"start": {"dateTime": "soon", "timeZone": "UTC"}}),
            json!({"start": {"dateTime": "2026-01-01T00:00:00", "timeZone": "Nowhere"}}),
        ] {
            let item = Item::new(&value).unwrap();
            let zones = zones_of(&item, None).unwrap();
            let error = read(&item, &zones, &mut Event::default()).unwrap_err();
            assert!(error.kind() == ErrorKind::InvalidData && error.to_string().contains("start"), "{error}");
        }
    }
}
