//! Calendar events, in the words of JSCalendar (RFC 8984 section 5.1).

use super::{
    Alert, Attachment, Custom, EventStatus, FreeBusy, Link, Location, Organizer, Overrides, Participant, Privacy, RecurrenceRule,
    VirtualLocation, is_default,
};
use crate::When;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// An event. A series with its overrides is one record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Event {
    /// Globally unique and stable, where the side keeps one (RFC 8984 section 4.1.2).
    #[serde(skip_serializing_if = "is_default")]
    pub uid: Option<String>,
    /// What it is called (section 4.2.1).
    #[serde(skip_serializing_if = "is_default")]
    pub title: Option<String>,
    /// What it is about, as plain text (section 4.2.2).
    #[serde(skip_serializing_if = "is_default")]
    pub description: Option<String>,
    /// When it starts (section 5.1.1). Absent only in damaged data.
    #[serde(skip_serializing_if = "is_default")]
    pub start: Option<When>,
    /// When it ends, exclusive, in its own zone. Absent: one day for an all-day event, no time at
    /// all for others (RFC 5545 section 3.6.1).
    #[serde(skip_serializing_if = "is_default")]
    pub end: Option<When>,
    /// How it repeats (section 4.3.3).
    #[serde(skip_serializing_if = "is_default")]
    pub recurrence_rules: Vec<RecurrenceRule>,
    /// Rules whose dates are taken out (section 4.3.4).
    #[serde(skip_serializing_if = "is_default")]
    pub excluded_recurrence_rules: Vec<RecurrenceRule>,
    /// Occurrences that differ, are added or left out (section 4.3.5).
    #[serde(skip_serializing_if = "is_default")]
    pub recurrence_overrides: Overrides,
    /// Whether it is on.
    #[serde(skip_serializing_if = "is_default")]
    pub status: Option<EventStatus>,
    /// Whether the time counts as taken.
    #[serde(skip_serializing_if = "is_default")]
    pub free_busy_status: Option<FreeBusy>,
    /// Who may see it.
    #[serde(skip_serializing_if = "is_default")]
    pub privacy: Option<Privacy>,
    /// 1 highest, 9 lowest, 0 none (section 4.4.1).
    #[serde(skip_serializing_if = "is_default")]
    pub priority: Option<u8>,
    /// A CSS3 colour name or `#rrggbb` (section 4.2.11).
    #[serde(skip_serializing_if = "is_default")]
    pub color: Option<String>,
    /// Categories, by name (section 4.2.9).
    #[serde(skip_serializing_if = "is_default")]
    pub keywords: BTreeSet<String>,
    /// Places.
    #[serde(skip_serializing_if = "is_default")]
    pub locations: Vec<Location>,
    /// Video calls.
    #[serde(skip_serializing_if = "is_default")]
    pub virtual_locations: Vec<VirtualLocation>,
    /// Web pages and linked files (section 4.2.7).
    #[serde(skip_serializing_if = "is_default")]
    pub links: Vec<Link>,
    /// Files whose bytes the side keeps.
    #[serde(skip_serializing_if = "is_default")]
    pub attachments: Vec<Attachment>,
    /// Who called the meeting.
    #[serde(skip_serializing_if = "is_default")]
    pub organizer: Option<Organizer>,
    /// Who takes part.
    #[serde(skip_serializing_if = "is_default")]
    pub participants: Vec<Participant>,
    /// Reminders.
    #[serde(skip_serializing_if = "is_default")]
    pub alerts: Vec<Alert>,
    /// Fields of the user's own making, by name.
    #[serde(skip_serializing_if = "is_default")]
    pub custom: Custom,
    /// The organiser's revision count (section 4.1.7). Beside the fields: never merged.
    #[serde(skip_serializing_if = "is_default")]
    pub sequence: u32,
    /// When it was made, as the side says. Beside the fields: never merged.
    #[serde(skip_serializing_if = "is_default")]
    pub created: Option<Timestamp>,
    /// When it was last changed, as the side says. Beside the fields: never merged.
    #[serde(skip_serializing_if = "is_default")]
    pub updated: Option<Timestamp>,
}
