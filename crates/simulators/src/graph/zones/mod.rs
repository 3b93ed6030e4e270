//! Time zones by the names that the service takes (<https://learn.microsoft.com/graph/api/outlookuser-supportedtimezones>).

mod table;

use crate::graph::answer::{Refusal, Result, refusal};
use crate::graph::rules::EventRules;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit};
use serde_json::{Value, json};

/// A zone under the name that somebody gave it.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    pub(crate) name: String,
    pub(crate) zone: TimeZone,
}

impl Zone {
    pub(crate) fn utc() -> Self {
        Self { name: "UTC".to_owned(), zone: TimeZone::UTC }
    }

    /// A zone by its name, of Windows or of IANA.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let zone = match name {
            "UTC" | "tzone://Microsoft/Utc" | "Etc/UTC" | "Etc/GMT" => TimeZone::UTC,
            _ => {
                let windows = table::TABLE.iter().find(|(windows, _, _)| windows.eq_ignore_ascii_case(name));
                let iana = windows.map_or(name, |(_, iana, _)| iana);
                // Everything that IANA has a name for has a slash in it; what has none is an abbreviation.
                if windows.is_none() && !name.contains('/') {
                    return None;
                }
                TimeZone::get(iana).ok()?
            }
        };
        Some(Self { name: name.to_owned(), zone })
    }

    /// # Errors
    /// 400 for names that are no zone, and for those that are refused although they are one.
    pub(crate) fn read(name: &str, rules: &EventRules) -> Result<Self> {
        if rules.refused_zones.iter().any(|refused| refused.eq_ignore_ascii_case(name)) {
            return Err(refusal(400, "ErrorPropertyValidationFailure", "At least one property failed validation."));
        }
        Self::named(name).ok_or_else(|| unsupported(name))
    }

    /// The instant of a wall time; one in a gap is later by the gap, the first of two where clocks go back.
    pub(crate) fn instant(&self, wall: DateTime) -> Timestamp {
        self.zone.to_ambiguous_zoned(wall).compatible().map_or_else(|_| Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
    }

    pub(crate) fn wall(&self, at: Timestamp) -> DateTime {
        at.to_zoned(self.zone.clone()).datetime()
    }
}

fn unsupported(name: &str) -> Box<Refusal> {
    let says = format!("A valid TimeZone value must be specified. The following TimeZone value is not supported: '{name}'.");
    refusal(400, "TimeZoneNotSupportedException", says)
}

/// A wall time with seven digits of a fraction, as the service writes it.
pub(crate) fn written(wall: DateTime) -> String {
    let wall = wall.round(Unit::Microsecond).unwrap_or(wall);
    format!("{}.{:07}", wall.strftime("%Y-%m-%dT%H:%M:%S"), wall.subsec_nanosecond() / 100)
}

/// All zones, by their Windows names or by those of IANA.
pub(crate) fn all(iana: bool) -> Value {
    let utc = [("UTC".to_owned(), "(UTC) Coordinated Universal Time".to_owned())];
    let others = table::TABLE.iter().filter(|(windows, _, _)| *windows != "UTC").flat_map(|(windows, first, others)| {
        let names: Vec<&str> = if iana { std::iter::once(*first).chain(others.split_whitespace()).collect() } else { vec![*windows] };
        names.into_iter().map(|name| (name.to_owned(), name.to_owned())).collect::<Vec<_>>()
    });
    utc.into_iter().chain(others).map(|(alias, shown)| json!({"alias": alias, "displayName": shown})).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_windows_is_a_zone_and_iana_has_its_own() {
        for (windows, _, _) in table::TABLE {
            assert!(Zone::named(windows).is_some(), "{windows}");
        }
        let at: Timestamp = "2026-07-01T10:00:00Z".parse().unwrap();
        for (name, hour) in [("W. Europe Standard Time", 12), ("Europe/Kyiv", 13), ("tzone://Microsoft/Utc", 10), ("UTC", 10)] {
            assert_eq!(Zone::named(name).unwrap().wall(at).hour(), hour, "{name}");
        }
        for unknown in ["", "CET", "Nowhere/Land", "tzone://Microsoft/Custom", "Customized Time Zone"] {
            assert!(Zone::named(unknown).is_none(), "{unknown}");
        }
    }
}
