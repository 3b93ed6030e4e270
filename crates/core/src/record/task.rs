//! Tasks, in the words of JSCalendar (RFC 8984 section 5.2).

use super::{Alert, Attachment, Custom, Link, Location, Overrides, Privacy, Progress, RecurrenceRule, is_default};
use crate::When;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Something to do. A series with its overrides is one record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Task {
    /// Globally unique and stable, where the side keeps one (RFC 8984 section 4.1.2).
    #[serde(skip_serializing_if = "is_default")]
    pub uid: Option<String>,
    /// What is to be done.
    #[serde(skip_serializing_if = "is_default")]
    pub title: Option<String>,
    /// More about it, as plain text.
    #[serde(skip_serializing_if = "is_default")]
    pub description: Option<String>,
    /// When it can be started (section 5.2.2).
    #[serde(skip_serializing_if = "is_default")]
    pub start: Option<When>,
    /// When it must be done (section 5.2.1).
    #[serde(skip_serializing_if = "is_default")]
    pub due: Option<When>,
    /// How far it is (section 5.2.5).
    #[serde(skip_serializing_if = "is_default")]
    pub progress: Option<Progress>,
    /// 0 to 100 (section 5.2.4).
    #[serde(skip_serializing_if = "is_default")]
    pub percent_complete: Option<u8>,
    /// When it was done (RFC 5545 section 3.8.2.1; JSCalendar's `progressUpdated` of a completed task).
    #[serde(skip_serializing_if = "is_default")]
    pub completed: Option<Timestamp>,
    /// How it repeats.
    #[serde(skip_serializing_if = "is_default")]
    pub recurrence_rules: Vec<RecurrenceRule>,
    /// Rules whose dates are taken out.
    #[serde(skip_serializing_if = "is_default")]
    pub excluded_recurrence_rules: Vec<RecurrenceRule>,
    /// Occurrences that differ, are added or left out.
    #[serde(skip_serializing_if = "is_default")]
    pub recurrence_overrides: Overrides,
    /// 1 highest, 9 lowest, 0 none.
    #[serde(skip_serializing_if = "is_default")]
    pub priority: Option<u8>,
    /// Who may see it.
    #[serde(skip_serializing_if = "is_default")]
    pub privacy: Option<Privacy>,
    /// A CSS3 colour name or `#rrggbb`.
    #[serde(skip_serializing_if = "is_default")]
    pub color: Option<String>,
    /// Categories, by name.
    #[serde(skip_serializing_if = "is_default")]
    pub keywords: BTreeSet<String>,
    /// Places.
    #[serde(skip_serializing_if = "is_default")]
    pub locations: Vec<Location>,
    /// Web pages and linked files.
    #[serde(skip_serializing_if = "is_default")]
    pub links: Vec<Link>,
    /// Files whose bytes the side keeps.
    #[serde(skip_serializing_if = "is_default")]
    pub attachments: Vec<Attachment>,
    /// The uid of the task that this is a part of (RFC 8984 section 4.1.3, relation `parent`).
    #[serde(skip_serializing_if = "is_default")]
    pub parent: Option<String>,
    /// Reminders.
    #[serde(skip_serializing_if = "is_default")]
    pub alerts: Vec<Alert>,
    /// Fields of the user's own making, by name.
    #[serde(skip_serializing_if = "is_default")]
    pub custom: Custom,
    /// Revision count. Beside the fields: never merged.
    #[serde(skip_serializing_if = "is_default")]
    pub sequence: u32,
    /// When it was made, as the side says. Beside the fields: never merged.
    #[serde(skip_serializing_if = "is_default")]
    pub created: Option<Timestamp>,
    /// When it was last changed, as the side says. Beside the fields: never merged.
    #[serde(skip_serializing_if = "is_default")]
    pub updated: Option<Timestamp>,
}
