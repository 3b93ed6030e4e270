//! Errors of the formats: what, where (line number, starting at 1) and what to do.
//!
//! No error carries text of the card or the event: such text is personal data and would land in logs.

use thiserror::Error;

/// Why a vCard or iCalendar file could not be read as a tree of components.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The document is larger than [`Limits::max_bytes`](crate::text::Limits::max_bytes).
    #[error("the document has {size} bytes and the limit is {limit}: raise the limit or split the document")]
    TooLarge {
        /// Size of the document in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The document has more logical lines than [`Limits::max_lines`](crate::text::Limits::max_lines).
    #[error("line {line}: the document has more than {limit} lines: raise the limit or split the document")]
    TooManyLines {
        /// First physical line beyond the limit.
        line: usize,
        /// The limit in logical lines.
        limit: usize,
    },
    /// Components are nested deeper than [`Limits::max_depth`](crate::text::Limits::max_depth).
    #[error("line {line}: components are nested deeper than {limit}: the document is damaged or hostile, refuse it")]
    TooDeep {
        /// Line of the BEGIN that goes too deep.
        line: usize,
        /// The limit in levels.
        limit: usize,
    },
    /// An END names another component than the innermost open BEGIN.
    #[error("line {line}: END does not match the BEGIN of line {begun}: fetch the document again or repair it")]
    MismatchedEnd {
        /// Line of the END.
        line: usize,
        /// Line of the innermost open BEGIN.
        begun: usize,
    },
    /// An END stands where no component is open.
    #[error("line {line}: END without BEGIN: fetch the document again or repair it")]
    UnexpectedEnd {
        /// Line of the END.
        line: usize,
    },
    /// The document ends inside a component.
    #[error("line {line}: BEGIN without END: the document is cut, fetch it again")]
    Unclosed {
        /// Line of the innermost BEGIN that stays open.
        line: usize,
    },
    /// The document starts with a UTF-16 byte order mark.
    #[error("the document is UTF-16: convert it to UTF-8 first")]
    Utf16,
}

/// Why a time zone could not be read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ZoneError {
    /// The component is not a `VTIMEZONE`.
    #[error("the component is not a VTIMEZONE: pass the VTIMEZONE whose TZID is used")]
    NotATimeZone,
    /// The `VTIMEZONE` has no `STANDARD` or `DAYLIGHT` that can be read.
    #[error("the VTIMEZONE has no readable STANDARD or DAYLIGHT: use the zone's name or ask for the zone")]
    NoObservance,
    /// The name is not in the IANA database that is compiled in.
    #[error("the name is not an IANA time zone: resolve it first")]
    UnknownZone,
}
