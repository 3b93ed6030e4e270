//! Sync tokens and `sync-collection` (RFC 6578).

use serde::{Deserialize, Serialize};

/// What a sync token counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counter {
    /// Changes of the collection: 0, 1, 2.
    Number,
    /// A hash of 64 hex digits.
    Sha256,
    /// A hash of 40 hex digits.
    Sha1,
    /// `<uidvalidity>-<modseq>` (Cyrus).
    ValidityModseq,
    /// The unix second of the last change, -1 when empty (SOGo): everything of that second is reported again.
    Second,
}

/// What a REPORT with a token that the server does not know is answered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadToken {
    /// This status with `D:error/D:valid-sync-token` (RFC 6578 section 3.2 says 403).
    Precondition(u16),
    /// This status without a body.
    Bare(u16),
    /// This status with these words.
    Text(u16, String),
    /// 207 with every member, as if there had been no token.
    FullListing,
}

/// What `D:limit/D:nresults` does in `sync-collection` (RFC 6578 section 3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Nothing.
    Ignored,
    /// Pages: 507 for the collection in the answer, and a token that advances.
    Pages,
    /// The first N, and a token that says all were told: the rest is lost (Xandikos 0.4.10).
    Loses,
    /// HTTP 507 `number-of-matches-within-limits` without a token, ignored with one (nextcloud/server#48678).
    RefusesFirst,
}

/// `sync-collection`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SyncRules {
    /// Whether the report is there at all.
    pub supported: bool,
    /// What stands before the counter.
    pub prefix: String,
    /// What the counter is.
    pub counter: Counter,
    /// Added to the counter of PROPFIND's token, which is then not the REPORT's (1 at SOGo).
    pub propfind_offset: i64,
    /// Whether PROPFIND has `sync-token`.
    pub in_propfind: bool,
    /// Whether the REPORT's answer has `sync-token` (missing at Yahoo).
    pub in_report: bool,
    /// What an unknown token is answered with.
    pub bad_token: BadToken,
    /// What the empty token is answered with, if it is refused (400 at Google contacts; 403 at Cyrus, cyrus-imapd#4985).
    pub empty_token: Option<BadToken>,
    /// What a limit does.
    pub limit: Limit,
    /// Members of a page that the server makes even if no limit was asked for.
    pub page: Option<usize>,
    /// Whether an item that came and went between two syncs is told as removed.
    pub tells_short_lived: bool,
    /// With `Depth: 0` there are never changes (Google contacts).
    pub depth_one_only: bool,
    /// Whether `getctag` is there, and that of calendars is the token (else the bare counter).
    pub ctag: bool,
    /// Quotes around `getctag` (Radicale, DAViCal).
    pub ctag_quoted: bool,
    /// Collections with more members than this answer HTTP 507 to the REPORT (python-caldav/caldav#340, #353).
    pub too_many: Option<usize>,
    /// What a `sync-level` of infinite is answered with; None: as if it were 1 (Radicale 3.9.0; 400 at Xandikos 0.4.10).
    pub infinite: Option<u16>,
}

impl Default for SyncRules {
    fn default() -> Self {
        Self {
            supported: true,
            prefix: "http://example.com/ns/sync/".to_owned(),
            counter: Counter::Number,
            propfind_offset: 0,
            in_propfind: true,
            in_report: true,
            bad_token: BadToken::Precondition(403),
            empty_token: None,
            limit: Limit::Pages,
            page: None,
            tells_short_lived: true,
            depth_one_only: false,
            ctag: true,
            ctag_quoted: false,
            too_many: None,
            infinite: Some(403),
        }
    }
}
