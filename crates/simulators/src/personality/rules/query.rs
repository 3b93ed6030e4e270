//! Reports that look for something.

use serde::{Deserialize, Serialize};

/// What time ranges do with recurring events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recurrences {
    /// Expanded, every instance looked at.
    Exact,
    /// Endless rules are not found after their first instance (Nextcloud, Baikal, Zimbra, Posteo).
    MissesEndless,
    /// Every recurring event matches.
    AlwaysMatch,
}

/// What `C:expand` does (RFC 4791 section 9.6.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expand {
    /// Instances in UTC.
    Yes,
    /// Nothing: the stored object comes (GMX, SOGo, OX).
    Ignored,
}

/// How a report that the server does not have is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownReport {
    /// This status with `D:supported-report` (403 by RFC 3253 section 3.6, 415 at sabre).
    Precondition(u16),
    /// This status alone (501 at SOGo).
    Bare(u16),
    /// A multistatus without members (Radicale 3.9.0).
    Nothing,
}

/// Queries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueryRules {
    /// Whether `calendar-query` is there.
    pub calendar: bool,
    /// Whether `addressbook-query` is there (missing at rustical).
    pub addressbook: bool,
    /// Whether the multigets are there.
    pub multiget: bool,
    /// Time ranges and recurrences.
    pub recurrences: Recurrences,
    /// `C:expand`.
    pub expand: Expand,
    /// A query without an inner `comp-filter` is answered with this status.
    pub component_required: Option<u16>,
    /// Time ranges must have both ends; else this status (GMX, CCS).
    pub both_bounds: Option<u16>,
    /// Whether `text-match` works; else nothing matches (SOGo, Purelymail).
    pub text_match: bool,
    /// Tasks without a start are not found by time (DAViCal, Synology, Stalwart, Zimbra), against RFC 4791 section 9.9.
    pub skips_undated_tasks: bool,
    /// A multiget without hrefs is answered with this status (400 at GMX).
    pub empty_multiget: Option<u16>,
    /// At most so many members of a multiget are answered (Zoho, pimutils/vdirsyncer#988).
    pub multiget_cap: Option<usize>,
    /// An item whose path contains this cannot be shown: GET of it is answered 500, and so is a multiget that asks for it among
    /// others, whatever these are: one stored object that a server fails over.
    pub poison: Option<String>,
    /// A query without a filter matches everything (Radicale 3.9.0, Xandikos 0.4.10); else 403 `valid-filter`.
    pub filter_optional: bool,
    /// `Depth: 0` matches members too (Radicale 3.9.0).
    pub depth_ignored: bool,
    /// How reports that are not there are answered.
    pub unknown_report: UnknownReport,
}

impl Default for QueryRules {
    fn default() -> Self {
        Self {
            calendar: true,
            addressbook: true,
            multiget: true,
            recurrences: Recurrences::Exact,
            expand: Expand::Yes,
            component_required: None,
            both_bounds: None,
            text_match: true,
            skips_undated_tasks: false,
            empty_multiget: None,
            multiget_cap: None,
            poison: None,
            filter_optional: false,
            depth_ignored: false,
            unknown_report: UnknownReport::Precondition(403),
        }
    }
}
