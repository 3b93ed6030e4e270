//! The words that Microsoft Graph and Exchange Web Services share: what an Exchange mailbox means by them, and how they stand
//! in the records of pimkit. Whatever the wire, the mailbox behind it is the same, so that both connectors map alike and an
//! item that one of them wrote is understood by the other. No I/O.
//!
//! - [`recurrence`]: patterns and ranges, and the rules that they are.
//! - [`zones`]: Windows names, and what else a mailbox calls a zone.
//! - [`all_day`]: the date of a whole day that came as an instant.
//! - [`birthday`]: the same of a birthday, which is no day of any zone.
//! - [`global_object_id`]: what names a meeting in every mailbox.
//! - [`property`]: named properties: our mark, custom fields, and what Exchange has no field for.
//! - [`colour`]: the colours of categories.
//! - [`words`]: importance, sensitivity, show-as and responses.
//!
//! Facts are from the Exchange Server protocol documents (MS-OXOCAL, MS-OXCICAL, MS-OXPROPS) and the reference pages of Graph
//! and EWS, which each item names.

pub mod all_day;
pub mod birthday;
pub mod colour;
pub mod global_object_id;
pub mod property;
pub mod recurrence;
pub mod words;
pub mod zones;
