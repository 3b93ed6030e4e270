//! What folders and DAV servers have in common: a record kept as a text of its own.
//!
//! [`TextRecord`] reads such a text, writes one for a record that has none yet, and changes one so that only the lines
//! of changed fields are touched. vCard carries contacts ([`crate::vcard`]), iCalendar events and tasks.

use crate::error::ParseError;
use jiff::Timestamp;
use pimkit_core::{BlobId, Error, ErrorKind, FieldSupport, Kind, Record};
use std::{collections::BTreeMap, fmt};

/// A kind that is kept as text: vCard for contacts, iCalendar for events and tasks.
///
/// # Behavior
/// - `read(author(r))` has every field of `r` that [`text_fields`](Self::text_fields) says is written.
/// - `patch(text, base, target)` with `base` equal to `target` is `text`, byte for byte. Otherwise the fields in which
///   the two differ have the target's values afterwards, and every line outside them is the same bytes, but for the
///   stamps that the format asks for.
/// - A many-valued field is patched by element: what the text has, and neither `base` nor `target` knows, stays.
/// - Nothing here does I/O or asks a clock.
pub trait TextRecord: Record {
    /// What a file's name ends in, without the dot: `vcf`, `ics`.
    const EXTENSION: &'static str;
    /// The media type: `text/vcard`, `text/calendar`.
    const MEDIA_TYPE: &'static str;

    /// What a resource's text says.
    ///
    /// # Errors
    /// See [`FormatError`]: the text is broken, is of another kind, or holds several records.
    fn read(text: &[u8]) -> Result<Self, FormatError>;

    /// The bytes of an inline blob that [`read`](Self::read) named; `None` when the text has no such blob.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn blob(text: &[u8], id: &BlobId) -> Result<Option<InlineBlob>, FormatError>;

    /// A resource for a record that has none.
    ///
    /// # Errors
    /// [`FormatError::MissingBlob`] when the record speaks of bytes that `blobs` has not;
    /// [`FormatError::Unwritable`] when the format cannot say a value; an event or task without a `uid` is such a value.
    fn author(record: &Self, options: &Authoring, blobs: &InlineBlobs) -> Result<Vec<u8>, FormatError>;

    /// The same resource with the fields changed in which `base` and `target` differ.
    ///
    /// # Errors
    /// As [`read`](Self::read) and [`author`](Self::author).
    fn patch(text: &[u8], base: &Self, target: &Self, options: &Authoring, blobs: &InlineBlobs) -> Result<Vec<u8>, FormatError>;

    /// Which part of the catalogue the text holds under these options. (Not named `fields`: that is
    /// [`Record::fields`].)
    fn text_fields(options: &Authoring) -> Vec<FieldSupport>;
}

/// How texts are authored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Authoring {
    /// What REV, DTSTAMP and LAST-MODIFIED say.
    pub now: Timestamp,
    /// What PRODID says of a text that is made; a text that is there keeps its own.
    pub product_id: String,
    /// Which vCard is made; a card that is there keeps its version.
    pub card_version: CardVersion,
    /// How groups of contacts are said; a group card that is there keeps its form.
    pub groups: GroupModel,
}

impl Authoring {
    /// vCard 3.0 with Apple's group cards, which every server takes.
    pub fn new(now: Timestamp, product_id: impl Into<String>) -> Self {
        Self { now, product_id: product_id.into(), card_version: CardVersion::default(), groups: GroupModel::default() }
    }

    /// The same, for another version of vCard.
    #[must_use]
    pub fn with_card_version(mut self, version: CardVersion) -> Self {
        self.card_version = version;
        self
    }

    /// The same, for another model of groups.
    #[must_use]
    pub fn with_groups(mut self, groups: GroupModel) -> Self {
        self.groups = groups;
        self
    }
}

/// Which vCard is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CardVersion {
    /// vCard 3.0 (RFC 2426): what every CardDAV server takes (RFC 6352 section 5.1).
    #[default]
    V3,
    /// vCard 4.0 (RFC 6350).
    V4,
}

/// How an address book says which contacts are in a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GroupModel {
    /// A card of its own with KIND:group and MEMBER (RFC 6350 sections 6.1.4 and 6.6.5).
    Kind,
    /// A card of its own with X-ADDRESSBOOKSERVER-KIND and X-ADDRESSBOOKSERVER-MEMBER (Apple, iCloud).
    #[default]
    Apple,
    /// CATEGORIES on each member (Nextcloud, Evolution): groups have no card, so members are not written.
    Categories,
    /// Collections are the groups: nothing of membership is written into cards.
    Collections,
}

/// Bytes that stand inside a text.
#[derive(Clone, PartialEq, Eq)]
pub struct InlineBlob {
    /// `image/jpeg`; empty when unknown.
    pub media_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for InlineBlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InlineBlob").field("media_type", &self.media_type).field("bytes", &self.bytes.len()).finish()
    }
}

/// Bytes for the blobs of a target that the text does not hold yet, by the id in the target's
/// [`BlobRef`](pimkit_core::BlobRef).
pub type InlineBlobs = BTreeMap<BlobId, InlineBlob>;

/// Why a text could not be read as a record, or a record not be written as text. Never holds text of the resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The text is no tree of components, or larger than allowed ([`ParseError::TooLarge`]).
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// The text is a record, but of another kind.
    #[error("the resource holds one of the {}: read it as that", .found.plural())]
    OtherKind {
        /// Which kind it is.
        found: Kind,
    },
    /// There is no such component in the text. A text without any VCALENDAR misses that one; a calendar without items of
    /// our kinds (a journal, free-busy times, zones alone) misses `VEVENT` or `VTODO`, see
    /// [`is_foreign_calendar`](Self::is_foreign_calendar).
    #[error("the resource holds no {component}: leave it out or fetch it again")]
    Nothing {
        /// The component that was looked for: `VCARD`.
        component: &'static str,
    },
    /// The text holds several records that are not one.
    #[error("line {line}: the resource holds a second {component}: give each a UID of its own and import it, so that each gets a resource")]
    Several {
        /// The component.
        component: &'static str,
        /// Line where the second starts.
        line: usize,
    },
    /// A line that the record cannot do without cannot be understood.
    #[error("line {line}: {what}: repair the resource or leave it out")]
    Malformed {
        /// Physical line, starting at 1; 0 for the resource as a whole.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The target speaks of bytes that were not given.
    #[error("the bytes of {field} were not given: open the blob at the side that said it and pass them")]
    MissingBlob {
        /// The field.
        field: &'static str,
    },
    /// The format cannot say a value.
    #[error("the text form cannot say the value of {field}: {reason}")]
    Unwritable {
        /// The field.
        field: String,
        /// Why, and what to do.
        reason: &'static str,
    },
}

impl FormatError {
    /// Whether the text is a whole calendar that holds neither an event nor a task: nothing is wrong with it, and it is
    /// of none of our kinds (VJOURNAL and VFREEBUSY, RFC 5545 sections 3.6.3 and 3.6.4; a VTIMEZONE alone).
    #[must_use]
    pub fn is_foreign_calendar(&self) -> bool {
        matches!(self, Self::Nothing { component: "VEVENT" | "VTODO" })
    }
}

impl From<FormatError> for Error {
    fn from(error: FormatError) -> Self {
        Self::new(ErrorKind::InvalidData, error.to_string())
    }
}
