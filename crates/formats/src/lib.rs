//! Lossless vCard and iCalendar, and their mapping to the records of pimkit.
//!
//! - [`text`]: content lines and components as they stand in a file, kept byte for byte until a line is edited.
//! - [`zone`]: every sort of time-zone name, `VTIMEZONE` read and written.
//! - [`resource`]: the interface that folders and DAV servers use, generic over the kind.
//! - [`compose`]: the text of an item that is written, with its bytes and its UID.
//! - [`marked`]: marks as names of files and resources.
//! - [`recurrence`]: recurrence rules and what they make.
//! - [`icalendar`]: events and tasks as iCalendar.
//! - [`vcard`]: contacts as vCard.
//! - [`error`]: what can be wrong with a file, without the text of the file.

pub mod compose;
pub mod error;
pub mod icalendar;
pub mod marked;
pub mod recurrence;
pub mod resource;
pub mod text;
pub mod vcard;
#[cfg(feature = "xml")]
pub mod xml;
pub mod zone;

pub use error::{ParseError, ZoneError};
pub use resource::{Authoring, CardVersion, FormatError, GroupModel, InlineBlob, InlineBlobs, TextRecord};
