//! The wall of a series: in which case of time its dates are meant.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{Timestamp, civil};
use pimkit_core::When;

use crate::text::Document;
use crate::zone::{self, VTimeZone};

/// The case of time in which the dates of a series stand: that of its start.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Wall {
    /// Wall time in a zone whose offsets are known.
    Zoned(zone::Zone),
    /// Wall time in a zone that nothing describes.
    Unknown,
    /// Wall time in no zone.
    Floating,
    /// Whole days.
    AllDay,
}

/// The offsets of a zone of the language: of its own rules when it has some, else of its IANA name.
pub(crate) fn offsets(zone: &pimkit_core::Zone) -> Option<zone::Zone> {
    if let Some(rules) = &zone.rules {
        let document = Document::parse(rules.clone().into_bytes()).ok()?;
        let own = VTimeZone::read(document.component("VTIMEZONE")?).ok()?;
        return Some(zone::Zone::Own(std::sync::Arc::new(own)));
    }
    if zone.is_utc() {
        return Some(zone::Zone::Fixed(Offset::UTC));
    }
    zone::Zone::iana(&zone.id).ok()
}

impl Wall {
    /// The wall of a series that starts then; floating when it has no start.
    #[must_use]
    pub fn of(start: Option<&When>) -> Self {
        match start {
            None | Some(When::Floating { .. }) => Self::Floating,
            Some(When::AllDay { .. }) => Self::AllDay,
            Some(When::Zoned { zone, .. }) => offsets(zone).map_or(Self::Unknown, Self::Zoned),
        }
    }

    /// What this wall shows at an instant. Where no zone says, UTC is taken as it stands.
    #[must_use]
    pub fn at(&self, instant: Timestamp) -> DateTime {
        match self {
            Self::Zoned(zone) => zone.to_local(instant),
            Self::Unknown | Self::Floating => Offset::UTC.to_datetime(instant),
            Self::AllDay => Offset::UTC.to_datetime(instant).date().to_datetime(civil::Time::midnight()),
        }
    }

    /// The instant of a wall time; `None` when no zone says.
    #[must_use]
    pub fn instant(&self, wall: DateTime) -> Option<Timestamp> {
        match self {
            Self::Zoned(zone) => zone.to_timestamp(wall),
            _ => None,
        }
    }
}
