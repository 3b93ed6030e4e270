//! What events and tasks share, in the words of JSCalendar (RFC 8984).

use super::is_default;
use crate::{BlobRef, Fields, ItemId, Value, When};
use jiff::{Timestamp, civil};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How a series repeats (RFC 8984 section 4.3.3; RFC 5545 section 3.3.10).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RecurrenceRule {
    /// The unit that repeats.
    pub frequency: Frequency,
    /// Every so many units; 1 when absent.
    #[serde(skip_serializing_if = "is_default")]
    pub interval: Option<u32>,
    /// The calendar, when not Gregorian (RFC 7529).
    #[serde(skip_serializing_if = "is_default")]
    pub rscale: Option<String>,
    /// What to do with invalid dates: `omit`, `backward`, `forward` (RFC 7529).
    #[serde(skip_serializing_if = "is_default")]
    pub skip: Option<String>,
    /// First day of the week; Monday when absent.
    #[serde(skip_serializing_if = "is_default")]
    pub first_day_of_week: Option<Day>,
    /// Days of the week, each perhaps "the nth of the period".
    #[serde(skip_serializing_if = "is_default")]
    pub by_day: Vec<NthDay>,
    /// Days of the month: 1 to 31, or -31 to -1 from the end.
    #[serde(skip_serializing_if = "is_default")]
    pub by_month_day: Vec<i8>,
    /// Months: `1` to `12`, with an `L` behind a leap month (RFC 7529).
    #[serde(skip_serializing_if = "is_default")]
    pub by_month: Vec<String>,
    /// Days of the year.
    #[serde(skip_serializing_if = "is_default")]
    pub by_year_day: Vec<i16>,
    /// ISO weeks of the year.
    #[serde(skip_serializing_if = "is_default")]
    pub by_week_no: Vec<i8>,
    /// Hours.
    #[serde(skip_serializing_if = "is_default")]
    pub by_hour: Vec<u8>,
    /// Minutes.
    #[serde(skip_serializing_if = "is_default")]
    pub by_minute: Vec<u8>,
    /// Seconds.
    #[serde(skip_serializing_if = "is_default")]
    pub by_second: Vec<u8>,
    /// Which of the set.
    #[serde(skip_serializing_if = "is_default")]
    pub by_set_position: Vec<i32>,
    /// How often at most.
    #[serde(skip_serializing_if = "is_default")]
    pub count: Option<u32>,
    /// The last possible start, on the wall of the series' zone, inclusive (RFC 8984 section
    /// 4.3.3). A date means the whole day.
    #[serde(skip_serializing_if = "is_default")]
    pub until: Option<Until>,
}

/// The end of a rule. In JSON a string: `2026-03-01T09:00:00`, or `2026-03-01` for the whole day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum Until {
    /// On the wall of the series' zone.
    At(civil::DateTime),
    /// The whole day.
    On(civil::Date),
}

/// By hand: a date parses as a date-time at midnight and a date-time as its date, so trying one after the other would turn
/// one into the other.
impl<'de> Deserialize<'de> for Until {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.contains(['T', 't', ' ']) {
            text.parse().map(Self::At).map_err(serde::de::Error::custom)
        } else {
            text.parse().map(Self::On).map_err(serde::de::Error::custom)
        }
    }
}

/// The unit that repeats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum Frequency {
    Yearly,
    Monthly,
    Weekly,
    #[default]
    Daily,
    Hourly,
    Minutely,
    Secondly,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum Day {
    Mo,
    Tu,
    We,
    Th,
    Fr,
    Sa,
    Su,
}

/// A day of the week, perhaps only the nth of the period (negative: from its end).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NthDay {
    /// The day.
    pub day: Day,
    /// Which one of the period; every one when absent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub nth_of_period: Option<i32>,
}

/// What differs in one occurrence of a series (RFC 8984 section 4.3.5). An occurrence that the
/// rules do not make and that is changed (even by nothing) is an added one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Override {
    /// The occurrence does not take place.
    Excluded,
    /// The occurrence has these fields in place of the series'; `null` means "not there".
    /// Empty: an added date (RDATE), or an occurrence that is as the rules make it.
    Changed(Fields),
}

impl Override {
    /// An added date, or an occurrence as the rules make it.
    #[must_use]
    pub fn added() -> Self {
        Self::Changed(Fields::new())
    }

    /// The value of a field in this occurrence, when it differs from the series'.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&Value> {
        match self {
            Self::Excluded => None,
            Self::Changed(fields) => fields.get(field),
        }
    }
}

/// Overrides by the start that the rules give the occurrence. As a key it has the case (zone,
/// floating, all-day) of the series' start; in JSON it is the wall time.
pub type Overrides = BTreeMap<RecurrenceId, Override>;

/// The wall time at which the rules put an occurrence: midnight for an all-day series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecurrenceId(pub civil::DateTime);

impl RecurrenceId {
    /// The key of the occurrence that starts then on the wall of the series.
    #[must_use]
    pub fn of(start: &When) -> Self {
        Self(start.wall())
    }
}

/// Whether an event is on (RFC 8984 section 5.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum EventStatus {
    Confirmed,
    Cancelled,
    Tentative,
}

/// Whether the time counts as taken (RFC 8984 section 4.4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum FreeBusy {
    Free,
    Busy,
}

/// Who may see it (RFC 8984 section 4.4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum Privacy {
    Public,
    Private,
    Secret,
}

/// How far a task is (RFC 8984 section 5.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Progress {
    NeedsAction,
    InProcess,
    Completed,
    Failed,
    Cancelled,
}

/// A place (RFC 8984 section 4.2.5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Location {
    /// As written.
    #[serde(skip_serializing_if = "is_default")]
    pub name: Option<String>,
    /// A `geo:` URI (RFC 5870).
    #[serde(skip_serializing_if = "is_default")]
    pub coordinates: Option<String>,
}

/// A video call, a chat room (RFC 8984 section 4.2.6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct VirtualLocation {
    /// Where to go.
    pub uri: String,
    /// As written.
    #[serde(skip_serializing_if = "is_default")]
    pub name: Option<String>,
}

/// Who called the meeting (RFC 5545 section 3.8.4.3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Organizer {
    /// E-mail address without `mailto:`, or another URI as it stands.
    pub address: String,
    /// As written.
    #[serde(skip_serializing_if = "is_default")]
    pub name: Option<String>,
}

/// Who takes part (RFC 8984 section 4.4.6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Participant {
    /// E-mail address without `mailto:`, or another URI as it stands.
    pub address: String,
    /// As written.
    #[serde(skip_serializing_if = "is_default")]
    pub name: Option<String>,
    /// `individual`, `group`, `resource`, `location`.
    #[serde(skip_serializing_if = "is_default")]
    pub kind: Option<String>,
    /// `attendee`, `optional`, `informational`, `chair`.
    #[serde(skip_serializing_if = "is_default")]
    pub roles: BTreeSet<String>,
    /// What was answered.
    #[serde(skip_serializing_if = "is_default")]
    pub participation_status: ParticipationStatus,
    /// Whether an answer is asked for.
    #[serde(skip_serializing_if = "is_default")]
    pub expect_reply: bool,
    /// The app's own record of this person, by its id there. No other side is told, and none is believed.
    #[serde(skip_serializing_if = "is_default")]
    pub person: Option<ItemId>,
}

/// What a participant answered (RFC 8984 section 4.4.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum ParticipationStatus {
    #[default]
    NeedsAction,
    Accepted,
    Declined,
    Tentative,
    Delegated,
    Completed,
    InProcess,
}

/// A reminder (RFC 8984 section 4.5.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// When it goes off.
    pub trigger: Trigger,
    /// What it does.
    #[serde(default, skip_serializing_if = "is_default")]
    pub action: AlertAction,
}

/// When a reminder goes off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Trigger {
    /// Seconds from the start; negative is before it.
    Start(i64),
    /// Seconds from the end, or from a task's due time.
    End(i64),
    /// At an instant.
    At(Timestamp),
}

/// What a reminder does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum AlertAction {
    #[default]
    Display,
    Audio,
    Email,
}

/// A file that belongs to the item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// The bytes.
    pub blob: BlobRef,
    /// The file's name.
    #[serde(default, skip_serializing_if = "is_default")]
    pub name: Option<String>,
}
