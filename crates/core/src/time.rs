//! Points in time as calendars mean them: all-day, floating, or wall time in a zone.

use jiff::{Timestamp, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::hash::{Hash, Hasher};

/// A time zone by its IANA name, or, where no IANA zone fits, by the rules that came with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Zone {
    /// IANA name (`Europe/Vienna`, `UTC`); the provider's own name when `rules` is there.
    pub id: String,
    /// The text of a VTIMEZONE component (RFC 5545 section 3.6.5), when no IANA zone fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// How the provider spelt it (`W. Europe Standard Time`, `/mozilla.org/20050126_1/Europe/Berlin`).
    /// Beside the value, not part of it: it takes no part in comparison and is not stored.
    #[serde(skip)]
    pub spelling: Option<String>,
}

impl Zone {
    /// The zone with this IANA name.
    pub fn iana(id: impl Into<String>) -> Self {
        Self { id: id.into(), rules: None, spelling: None }
    }

    /// Coordinated universal time.
    #[must_use]
    pub fn utc() -> Self {
        Self::iana("UTC")
    }

    /// True for UTC under any of its usual names.
    #[must_use]
    pub fn is_utc(&self) -> bool {
        self.rules.is_none() && matches!(self.id.as_str(), "UTC" | "Etc/UTC" | "Z" | "Etc/Zulu" | "Zulu" | "Etc/UCT")
    }

    /// Keeps the provider's own spelling beside the zone.
    #[must_use]
    pub fn spelt(mut self, spelling: impl Into<String>) -> Self {
        self.spelling = Some(spelling.into());
        self
    }

    /// The zone's transitions. `None` when the name is unknown here or the zone has rules of its
    /// own; `pimkit-formats` reads those.
    #[must_use]
    pub fn time_zone(&self) -> Option<TimeZone> {
        if self.rules.is_some() {
            return None;
        }
        if self.is_utc() {
            return Some(TimeZone::UTC);
        }
        TimeZone::get(&self.id).ok()
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        (self.is_utc() && other.is_utc()) || (self.id == other.id && self.rules == other.rules)
    }
}
impl Eq for Zone {}
impl Hash for Zone {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if self.is_utc() { "UTC".hash(state) } else { self.id.hash(state) }
    }
}

/// When something is, as the person who wrote it meant it.
///
/// Ordering is by wall time, then by kind; it is for keys and lists, not for telling which of two
/// instants comes first ([`When::instant`] does that).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", untagged)]
pub enum When {
    /// A time on the wall in a zone.
    Zoned {
        /// Wall time, to the second.
        at: civil::DateTime,
        /// The wall's zone.
        zone: Zone,
    },
    /// A time on the wall, wherever the reader is (RFC 5545 section 3.3.5, form 1).
    Floating {
        /// Wall time, to the second.
        at: civil::DateTime,
    },
    /// A whole day, in no zone.
    AllDay {
        /// The day.
        on: civil::Date,
    },
}

impl When {
    /// A wall time in an IANA zone.
    pub fn zoned(at: civil::DateTime, zone: impl Into<String>) -> Self {
        Self::Zoned { at, zone: Zone::iana(zone) }
    }

    /// A wall time in no zone.
    #[must_use]
    pub fn floating(at: civil::DateTime) -> Self {
        Self::Floating { at }
    }

    /// A whole day.
    #[must_use]
    pub fn all_day(on: civil::Date) -> Self {
        Self::AllDay { on }
    }

    /// An instant, written in UTC.
    #[must_use]
    pub fn utc(at: Timestamp) -> Self {
        Self::Zoned { at: TimeZone::UTC.to_datetime(at), zone: Zone::utc() }
    }

    /// Wall time; midnight for a whole day.
    #[must_use]
    pub fn wall(&self) -> civil::DateTime {
        match self {
            Self::Zoned { at, .. } | Self::Floating { at } => *at,
            Self::AllDay { on } => on.to_datetime(civil::Time::midnight()),
        }
    }

    /// The day on the wall.
    #[must_use]
    pub fn date(&self) -> civil::Date {
        self.wall().date()
    }

    /// True for a whole day.
    #[must_use]
    pub fn is_all_day(&self) -> bool {
        matches!(self, Self::AllDay { .. })
    }

    /// The zone of a zoned time.
    #[must_use]
    pub fn zone(&self) -> Option<&Zone> {
        match self {
            Self::Zoned { zone, .. } => Some(zone),
            _ => None,
        }
    }

    /// The same case (zone, floating, all-day) at another wall time.
    #[must_use]
    pub fn with_wall(&self, at: civil::DateTime) -> Self {
        match self {
            Self::Zoned { zone, .. } => Self::Zoned { at, zone: zone.clone() },
            Self::Floating { .. } => Self::Floating { at },
            Self::AllDay { .. } => Self::AllDay { on: at.date() },
        }
    }

    /// The instant, where there is one: zoned times in a zone that this machine knows. In a gap
    /// the later reading is taken, in a fold the earlier (RFC 5545 section 3.3.5).
    #[must_use]
    pub fn instant(&self) -> Option<Timestamp> {
        match self {
            Self::Zoned { at, zone } => zone.time_zone()?.to_ambiguous_timestamp(*at).compatible().ok(),
            _ => None,
        }
    }
}

impl PartialOrd for When {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for When {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let rank = |w: &Self| match w {
            Self::AllDay { .. } => 0_u8,
            Self::Floating { .. } => 1,
            Self::Zoned { .. } => 2,
        };
        self.wall().cmp(&other.wall()).then(rank(self).cmp(&rank(other))).then_with(|| {
            let name = |w: &Self| w.zone().map(|z| if z.is_utc() { ("UTC".to_owned(), None) } else { (z.id.clone(), z.rules.clone()) });
            name(self).cmp(&name(other))
        })
    }
}

/// A date of which the year, or the day, may be unknown (RFC 9553 section 2.8.1, `PartialDate`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PartialDate {
    /// Year, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<i16>,
    /// Month 1 to 12, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<i8>,
    /// Day 1 to 31, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<i8>,
}

impl PartialDate {
    /// A full date.
    #[must_use]
    pub fn full(year: i16, month: i8, day: i8) -> Self {
        Self { year: Some(year), month: Some(month), day: Some(day) }
    }

    /// A day of the year, the year unknown.
    #[must_use]
    pub fn yearless(month: i8, day: i8) -> Self {
        Self { year: None, month: Some(month), day: Some(day) }
    }

    /// The calendar date, when all three parts are there and such a day exists.
    #[must_use]
    pub fn date(&self) -> Option<civil::Date> {
        civil::Date::new(self.year?, self.month?, self.day?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, datetime};

    #[test]
    fn each_case_of_when_survives_json() {
        let cases = [
            When::all_day(date(2026, 3, 1)),
            When::floating(datetime(2026, 3, 1, 9, 30, 0, 0)),
            When::zoned(datetime(2026, 3, 1, 9, 30, 0, 0), "Europe/Vienna"),
            When::Zoned {
                at: datetime(2026, 3, 1, 9, 30, 0, 0),
                zone: Zone { id: "Ours".into(), rules: Some("BEGIN:VTIMEZONE".into()), spelling: None },
            },
        ];
        for case in cases {
            let json = serde_json::to_string(&case).unwrap();
            assert_eq!(serde_json::from_str::<When>(&json).unwrap(), case, "{json}");
        }
    }

    #[test]
    fn a_spelling_is_beside_the_value() {
        let plain = Zone::iana("Europe/Berlin");
        let spelt = Zone::iana("Europe/Berlin").spelt("W. Europe Standard Time");
        assert_eq!(plain, spelt);
        assert_eq!(serde_json::to_string(&plain).unwrap(), serde_json::to_string(&spelt).unwrap());
    }

    #[test]
    fn a_wall_time_in_a_gap_reads_as_the_later_and_in_a_fold_as_the_earlier() {
        let gap = When::zoned(datetime(2026, 3, 29, 2, 30, 0, 0), "Europe/Vienna");
        assert_eq!(gap.instant().unwrap().to_string(), "2026-03-29T01:30:00Z");
        let fold = When::zoned(datetime(2026, 10, 25, 2, 30, 0, 0), "Europe/Vienna");
        assert_eq!(fold.instant().unwrap().to_string(), "2026-10-25T00:30:00Z");
    }
}
