//! Rows as columns: numbers and words that compare as ours do, and bodies as JSON.

use crate::fault::Fault;
use pimkit_core::{Error, ErrorKind, Kind};
use serde::{Serialize, de::DeserializeOwned};

/// A number that rows are ordered by. SQLite's integers end at 2^63 - 1, and so do these.
pub(crate) fn ordered(number: u64) -> Result<i64, Fault> {
    i64::try_from(number).map_err(|_| {
        let error = Error::new(ErrorKind::InvalidData, "a run, step, epoch or place is greater than the state can hold (2^63 - 1)");
        Fault::Refused(error.with("number", number))
    })
}

/// The same, for a bound of a query: no row lies beyond the greatest.
pub(crate) fn bound(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number read back from [`ordered`].
pub(crate) fn number(column: i64) -> u64 {
    u64::try_from(column).unwrap_or_default()
}

/// A number that is only compared for equality, such as a hash: its bits.
pub(crate) fn bits(number: u64) -> i64 {
    number.cast_signed()
}

/// The word of a kind in a column.
pub(crate) fn word(kind: Kind) -> &'static str {
    kind.plural()
}

/// A row, or what is left of it, as JSON.
pub(crate) fn body<T: Serialize>(row: &T) -> Result<String, Fault> {
    serde_json::to_string(row)
        .map_err(|_| Fault::Refused(Error::new(ErrorKind::InvalidData, "a row of the state cannot be written as JSON")))
}

/// A row from its JSON. The parser's message may quote the row, which may be personal: only the table is told.
pub(crate) fn row<T: DeserializeOwned>(table: &'static str, body: &str) -> Result<T, Fault> {
    serde_json::from_str(body).map_err(|_| Fault::Damaged(table))
}
