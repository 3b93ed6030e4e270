//! Recurrence rules: their text both ways, and the occurrences that they make.
//!
//! [`read`] and [`write()`] speak RFC 5545 section 3.3.10 and RFC 7529. A rule in a record stands on the wall of its series
//! (RFC 8984 section 4.3.3); [`Wall`] is that wall, and turns the UTC times of an UNTIL into it and back.
//!
//! [`occurrences`] expands a record on its wall, so a series in a zone that only its own `VTIMEZONE` describes expands as
//! well as one in Vienna. Dates come from the crate `rrule`; COUNT, UNTIL, the start that always counts, added and excluded
//! dates and overrides are applied here.

mod expand;
mod text;
mod wall;

pub use expand::{ExpandError, Occurrence, makes, occurrences};
pub use text::{ReadRule, RuleError, canonical, read, write};
pub(crate) use text::{clock, date, write_date, write_utc, write_wall};
pub use wall::Wall;
