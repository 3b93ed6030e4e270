//! Time zones: names of every sort, `VTIMEZONE` read and written.
//!
//! [`resolve`] goes down a ladder: IANA name, IANA name behind a registry prefix, X-LIC-LOCATION, Windows name, display
//! name, fixed offset, a zone with the same rules as the `VTIMEZONE`, and at last the `VTIMEZONE`'s own rules. A TZID that
//! names an IANA zone beats the content of its `VTIMEZONE`, as clients do it.
//!
//! The zone data is the IANA database compiled into the program, so that the same input gives the same answer everywhere.

mod author;
mod matching;
mod names;
mod rules;
mod table;
mod windows;

use std::ops::RangeInclusive;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

use crate::error::ZoneError;
use crate::text::{Component, Dialect, unescape};

pub use author::{vtimezone, vtimezone_as};
pub use rules::{Observance, VTimeZone};
pub use windows::{windows_default, windows_name};

/// The years in which rules are compared when the caller names none: those of the rules that hold in most zones today.
pub const USUAL_YEARS: RangeInclusive<i16> = 2025..=2030;

/// A time zone that can compute offsets.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Zone {
    /// A zone of the IANA database.
    Iana {
        /// Its name in the spelling of the database.
        name: String,
        /// Its rules.
        rules: TimeZone,
    },
    /// A fixed offset from UTC.
    Fixed(Offset),
    /// The rules of a `VTIMEZONE` that no IANA zone has.
    Own(Arc<VTimeZone>),
}

/// The rung of the ladder on which a TZID was understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rung {
    /// An IANA name.
    Iana,
    /// An IANA name behind a prefix (`/mozilla.org/20050126_1/Europe/Berlin`).
    Prefixed,
    /// X-LIC-LOCATION of the `VTIMEZONE`.
    Location,
    /// A Windows name (`W. Europe Standard Time`).
    Windows,
    /// A display name (`(UTC+01:00) Amsterdam, Berlin, …`).
    DisplayName,
    /// A fixed offset (`GMT+0100`).
    FixedOffset,
    /// A zone whose offsets are those of the `VTIMEZONE` in the years compared.
    SameRules,
    /// The `VTIMEZONE`'s own rules.
    OwnRules,
}

/// What a TZID means.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The zone.
    pub zone: Zone,
    /// How it was found.
    pub rung: Rung,
}

pub(crate) fn database() -> &'static TimeZoneDatabase {
    static DATABASE: OnceLock<TimeZoneDatabase> = OnceLock::new();
    DATABASE.get_or_init(TimeZoneDatabase::bundled)
}

/// The zone of a TZID, with [`USUAL_YEARS`] for the comparison of rules. See [`resolve_in`].
#[must_use]
pub fn resolve(tzid: &str, vtimezone: Option<&Component>) -> Option<Resolved> {
    resolve_in(tzid, vtimezone, USUAL_YEARS)
}

/// The zone of a TZID; `None` when nothing names it and no readable `VTIMEZONE` is given.
///
/// `years` are the years in which the zone is used: an IANA zone counts as the same as the `VTIMEZONE` when all their
/// offsets agree in these years.
#[must_use]
pub fn resolve_in(tzid: &str, vtimezone: Option<&Component>, years: RangeInclusive<i16>) -> Option<Resolved> {
    let name = clean(tzid);
    if let Some(zone) = names::iana(&name) {
        return Some(Resolved { zone, rung: Rung::Iana });
    }
    if let Some(zone) = names::prefixed(&name) {
        return Some(Resolved { zone, rung: Rung::Prefixed });
    }
    let location = vtimezone.and_then(|component| component.content("X-LIC-LOCATION"));
    if let Some(zone) = location.and_then(|line| names::iana(&clean(line.value()))) {
        return Some(Resolved { zone, rung: Rung::Location });
    }
    if let Some(zone) = windows::by_name(&name).and_then(names::iana) {
        return Some(Resolved { zone, rung: Rung::Windows });
    }
    if let Some(zone) = windows::by_display_name(&name).and_then(names::iana) {
        return Some(Resolved { zone, rung: Rung::DisplayName });
    }
    if let Some(offset) = names::fixed(&name) {
        return Some(Resolved { zone: Zone::Fixed(offset), rung: Rung::FixedOffset });
    }
    let own = VTimeZone::read(vtimezone?).ok()?;
    if let Some(zone) = matching::same_rules(&own, &name, years) {
        return Some(Resolved { zone, rung: Rung::SameRules });
    }
    Some(Resolved { zone: Zone::Own(Arc::new(own)), rung: Rung::OwnRules })
}

/// The `VTIMEZONE` of a calendar that a TZID parameter means. The spelling may differ in quotes, escapes and case.
#[must_use]
pub fn find<'a>(calendar: &'a Component, tzid: &str) -> Option<&'a Component> {
    let wanted = clean(tzid);
    calendar
        .components_named("VTIMEZONE")
        .find(|zone| zone.content("TZID").is_some_and(|line| clean(line.value()).eq_ignore_ascii_case(&wanted)))
}

/// A TZID without quotes, blanks around it and text escapes (`\,` in the `VTIMEZONE`, not in the parameter).
fn clean(tzid: &str) -> String {
    unescape(tzid.trim().trim_matches('"').trim(), Dialect::ICalendar)
}

impl Zone {
    /// A zone of the IANA database, case-insensitive.
    ///
    /// # Errors
    ///
    /// [`ZoneError::UnknownZone`].
    pub fn iana(name: &str) -> Result<Self, ZoneError> {
        names::iana(name).ok_or(ZoneError::UnknownZone)
    }

    /// The IANA name: of the zone, `Etc/UTC`, or `Etc/GMT-1` for a fixed offset of whole hours (east of Greenwich is minus
    /// there). `None` for other offsets and own rules.
    #[must_use]
    pub fn iana_name(&self) -> Option<String> {
        match self {
            Self::Iana { name, .. } => Some(name.clone()),
            Self::Fixed(offset) => names::etc(*offset),
            Self::Own(_) => None,
        }
    }

    /// The offset at a local time. A local time that a change skips has the offset before the change (RFC 5545 section
    /// 3.3.5); of one that occurs twice, the first is meant.
    #[must_use]
    pub fn offset_at_local(&self, local: DateTime) -> Offset {
        match self {
            Self::Iana { rules, .. } => match rules.to_ambiguous_timestamp(local).offset() {
                jiff::tz::AmbiguousOffset::Unambiguous { offset } => offset,
                jiff::tz::AmbiguousOffset::Gap { before, .. } | jiff::tz::AmbiguousOffset::Fold { before, .. } => before,
            },
            Self::Fixed(offset) => *offset,
            Self::Own(own) => own.offset_at_local(local),
        }
    }

    /// The offset at an instant.
    #[must_use]
    pub fn offset_at(&self, instant: Timestamp) -> Offset {
        match self {
            Self::Iana { rules, .. } => rules.to_offset(instant),
            Self::Fixed(offset) => *offset,
            Self::Own(own) => own.offset_at(instant),
        }
    }

    /// The instant of a local time; `None` outside the range of instants (years -9999 to 9999).
    #[must_use]
    pub fn to_timestamp(&self, local: DateTime) -> Option<Timestamp> {
        self.offset_at_local(local).to_timestamp(local).ok()
    }

    /// The local time of an instant.
    #[must_use]
    pub fn to_local(&self, instant: Timestamp) -> DateTime {
        self.offset_at(instant).to_datetime(instant)
    }
}
