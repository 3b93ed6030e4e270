//! What reading and patching a series need to know of its kind.

use jiff::Timestamp;
use pimkit_core::series::Series;
use pimkit_core::{Fields, Kind, RecurrenceId, When};

use super::Context;
use crate::FormatError;
use crate::resource::InlineBlobs;
use crate::text::Component;

/// What a patch writes with.
pub(super) struct Pen<'a> {
    pub(super) context: &'a Context,
    pub(super) blobs: &'a InlineBlobs,
}

/// A kind whose records stand in components of an iCalendar resource.
pub(super) trait Item: Series {
    /// The component's name.
    const COMPONENT: &'static str;
    /// The component of the other kind.
    const OTHER: (&'static str, Kind);

    /// One component, as a record without overrides. RRULE and EXRULE are read from a master only
    /// (bitfireAT/ical4android#138: they are seen in overrides, where they mean nothing).
    fn read_component(c: &Component, with_rules: bool, context: &Context) -> Result<Self, FormatError>;

    /// Writes into a component what differs between `base` and `target`, overrides aside.
    fn patch_component(c: &mut Component, base: &Self, target: &Self, pen: &Pen<'_>) -> Result<(), FormatError>;

    /// Does it take place at another time (RFC 5546 section 2.1.4: SEQUENCE grows)?
    fn is_rescheduled(base: &Self, target: &Self) -> bool;

    /// Every time of the record.
    fn times(&self) -> Vec<&When>;

    /// Takes the times of `expected` when it has none: an override without DTSTART is where the rules put it.
    fn take_times_from(&mut self, expected: &Self);

    /// The override of an added occurrence that ends then (RDATE of a PERIOD).
    fn lasting_until(&self, id: RecurrenceId, end: When) -> Fields;

    /// Sequence, created, updated.
    fn stamps(&self) -> (u32, Option<Timestamp>, Option<Timestamp>);
}
