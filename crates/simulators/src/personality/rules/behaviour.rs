//! The switches of what a server does with items, collections, tokens and mails.

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
            filter_optional: false,
            depth_ignored: false,
            unknown_report: UnknownReport::Precondition(403),
        }
    }
}

/// The shape of a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refuse {
    /// This status with the precondition's element in `D:error` (RFC 4918 section 16).
    Element(u16),
    /// This status with words.
    Text(u16),
    /// This status without a body.
    Bare(u16),
    /// This status with `<D:error/>` (Google, pimutils/vdirsyncer#568).
    EmptyError(u16),
    /// This status with an HTML page (iCloud).
    Html(u16),
}

/// Where a UID may be only once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UidScope {
    /// Anywhere any number of times.
    Nowhere,
    /// In a collection (RFC 4791 section 5.3.2.1, RFC 6352 section 6.3.2.1).
    Collection,
    /// Among all collections of a user and kind (Cyrus, CCS, iCloud).
    User,
}

/// `no-uid-conflict`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UidUniqueness {
    /// Where.
    pub scope: UidScope,
    /// How a second one is refused.
    pub refuse: Refuse,
    /// Whether the refusal names the first one in `D:href`.
    pub href: bool,
    /// Whether a PUT may change the UID of an item (sabre-io/dav#993, Xandikos 0.4.10).
    pub may_change: bool,
    /// Whether cards may share a UID (Xandikos 0.4.10).
    pub cards_share: bool,
}

impl Default for UidUniqueness {
    fn default() -> Self {
        Self { scope: UidScope::Collection, refuse: Refuse::Element(403), href: true, may_change: false, cards_share: false }
    }
}

/// What the server makes of what it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rewrite {
    /// Cards: properties sorted by name, groups with them, `X-ABLabel` in capitals, repeated parameters joined (Radicale 3.9.0,
    /// by vobject).
    SortCard,
    /// Calendar objects: properties in the order of Python's icalendar (Xandikos 0.4.10).
    SortCalendar,
    /// Calendar objects: properties in the order of Python's vobject (Radicale 3.9.0).
    SortCalendarVobject,
    /// Cards: groups and labels in capitals (DAViCal 1.1.12).
    UppercaseGroups,
    /// Cards: a REV of now is added if there is none (DAViCal 1.1.12).
    AddRev,
    /// Cards: N shortened to two parts (SOGo 5.8.0).
    ShortN,
    /// Cards: `CLASS:PUBLIC` added (SOGo 5.8.0).
    ClassPublic,
    /// A new UID for what is created (Google contacts; Fastmail cards).
    NewUid,
    /// This PRODID.
    Prodid(String),
    /// Properties that begin with `X-` are dropped (mail.ru).
    DropExtensions,
    /// A display alarm is added to events without one (Google).
    DefaultAlarm,
    /// A missing UID is added (sabre's repair).
    AddUid,
    /// One TYPE parameter at most, `INTERNET` dropped (Google contacts).
    OneType,
}

/// What versions of vCard come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VcardVersions {
    /// As stored.
    AsStored,
    /// 3.0 unless 4.0 is asked for, by `version` in `address-data` or by `Accept` (sabre).
    ThreeByDefault,
    /// 3.0 alone; 4.0 is refused (iCloud, Google).
    ThreeOnly,
}

/// What it means that a request's precondition does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precondition {
    /// Checked, strongly (RFC 9110 section 13).
    Strict,
    /// `If-None-Match: *` is ignored (SOGo 5.8.0: 204, overwritten).
    NoIfNoneMatch,
    /// None is checked (Google contacts).
    Ignored,
    /// `If-Match: *` never matches (DAViCal, ical4j/ical4j-connector#7).
    StarNeverMatches,
    /// A PUT of something new must have `If-None-Match`, else 409 (old Zimbra, jobisoft/TbSync#388).
    CreateMustSaySo,
}

/// Items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WriteRules {
    /// Preconditions.
    pub precondition: Precondition,
    /// UIDs.
    pub uids: UidUniqueness,
    /// How what does not parse is refused (`valid-calendar-data`, `valid-address-data`).
    pub invalid: Refuse,
    /// How the wrong media type is refused (`supported-calendar-data`, `supported-address-data`).
    pub media_type: Refuse,
    /// Media types are not looked at (Radicale 3.9.0, Xandikos 0.4.10).
    pub any_type: bool,
    /// How a component that the calendar does not take is refused (`supported-calendar-component`).
    pub component: Refuse,
    /// How a body above `max_size` is refused (`max-resource-size`).
    pub too_large: Refuse,
    /// The most octets of an item; None: no limit and no property.
    pub max_size: Option<usize>,
    /// How writing a read-only collection is refused (`need-privileges`; 404 at Nextcloud, nextcloud/server#11633).
    pub read_only: Refuse,
    /// The status of a PUT into a collection that is not there (409 by RFC 4918 section 9.7.1).
    pub no_parent: u16,
    /// Whether such a PUT makes the collection (Stalwart, Purelymail).
    pub makes_parent: bool,
    /// Whether a stored METHOD is refused (RFC 4791 section 4.1).
    pub refuses_method: bool,
    /// Whether an event without an end is answered 404 (iCloud, bitfireAT/davx5-ose#1859).
    pub end_required: bool,
    /// Whether a card without FN is refused (Radicale, Kozea/Radicale#1066).
    pub fn_required: bool,
    /// Whether a UID is required.
    pub uid_required: bool,
    /// Whether an object must be one: one UID, one type of component, a start (not looked at by Xandikos 0.4.10).
    pub one_object: bool,
    /// What is made of bodies, in order.
    pub rewrites: Vec<Rewrite>,
    /// What comes out of address books.
    pub vcards: VcardVersions,
    /// The status of a PUT that created.
    pub created: u16,
    /// The status of a PUT that changed.
    pub updated: u16,
    /// The status of a DELETE of an item.
    pub deleted: u16,
    /// PUT is answered by a multistatus of one member (older Xandikos).
    pub put_multistatus: bool,
    /// DELETE is answered by a multistatus of one member (Radicale 3.9.0).
    pub delete_multistatus: bool,
    /// MOVE: refused with this status (412 at iCloud, 405 at Google).
    pub no_move: Option<u16>,
    /// Cards are made by POST to the collection, and a PUT of a new one is refused (Google contacts).
    pub post_creates: bool,
    /// MOVE within a collection is in conflict with itself (Xandikos 0.4.10: 412 `no-uid-conflict`).
    pub move_conflicts: bool,
    /// POST to a collection makes an item at an address of the server's own (RFC 5995; Xandikos 0.4.10 answers 200 with a
    /// `Location` that begins with two slashes).
    pub adds_members: bool,
    /// Deleted items keep their UID taken: a PUT of it again is answered 400 (Nextcloud's bin, nextcloud/server#30096).
    pub bin_keeps_uids: bool,
    /// `component=VEVENT` in the `Content-Type` of calendar objects (DAViCal, sabre).
    pub component_parameter: bool,
    /// The media type of cards (`text/x-vcard` at SOGo).
    pub card_type: String,
    /// The media type of calendar objects.
    pub calendar_type: String,
    /// What `supported-address-data` offers.
    pub offered_vcards: Vec<String>,
    /// Whether `getcontenttype` is a property (missing at Google contacts, mstilkerich/rcmcarddav#258).
    pub content_type_listed: bool,
}

impl Default for WriteRules {
    fn default() -> Self {
        Self {
            precondition: Precondition::Strict,
            uids: UidUniqueness::default(),
            invalid: Refuse::Element(403),
            media_type: Refuse::Element(403),
            any_type: false,
            component: Refuse::Element(403),
            too_large: Refuse::Element(403),
            max_size: Some(10_000_000),
            read_only: Refuse::Element(403),
            no_parent: 409,
            makes_parent: false,
            refuses_method: true,
            end_required: false,
            fn_required: true,
            uid_required: true,
            one_object: true,
            rewrites: Vec::new(),
            vcards: VcardVersions::AsStored,
            created: 201,
            updated: 204,
            deleted: 204,
            put_multistatus: false,
            delete_multistatus: false,
            no_move: None,
            post_creates: false,
            move_conflicts: false,
            adds_members: false,
            bin_keeps_uids: false,
            component_parameter: false,
            card_type: "text/vcard; charset=utf-8".to_owned(),
            calendar_type: "text/calendar; charset=utf-8".to_owned(),
            offered_vcards: vec!["3.0".to_owned(), "4.0".to_owned()],
            content_type_listed: true,
        }
    }
}

/// Collections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CollectionRules {
    /// What MKCALENDAR is refused with; None: it works.
    pub no_mkcalendar: Option<u16>,
    /// What MKCOL is refused with.
    pub no_mkcol: Option<u16>,
    /// Calendars take exactly one type of component; more are answered 400 (iCloud, CCS, Zimbra, OX).
    pub one_component: bool,
    /// `displayname` of a creation is ignored (DAViCal, Zimbra, OX).
    pub ignores_name: bool,
    /// What deleting a collection is refused with.
    pub no_delete: Option<u16>,
    /// The status of a DELETE of a collection (404 at Cyrus 3.6.1 though it is deleted).
    pub deleted: u16,
    /// Deleted collections keep their path taken (Nextcloud's bin).
    pub bin_keeps_slugs: bool,
    /// After how many creations of one user the next is answered 403 (Nextcloud, nextcloud/server#43732).
    pub most_creations: Option<u32>,
    /// What PROPPATCH is refused with (OX).
    pub no_proppatch: Option<u16>,
    /// MKCALENDAR without a body is answered 500 (Zimbra).
    pub body_required: bool,
    /// `supported-calendar-component-set` is there.
    pub components_listed: bool,
    /// `current-user-privilege-set` is there (missing at Google).
    pub privileges_listed: bool,
    /// All privileges stand in one `privilege` element (old Radicale).
    pub privileges_nested: bool,
    /// The privileges of an owner (RFC 3744 section 3).
    pub privileges: Vec<String>,
    /// What MKCALENDAR is answered with where there is something (409 at Radicale 3.9.0).
    pub exists: u16,
    /// What creations without a parent are answered with (403 at Radicale 3.9.0).
    pub no_parent: u16,
    /// What a MKCOL of neither calendar nor address book is answered with (403 at Radicale 3.9.0).
    pub no_plain: Option<u16>,
    /// Whether collections have `getetag` (Radicale, Xandikos, mail.ru).
    pub tagged: bool,
    /// PROPPATCH of protected properties is answered with 200 and does nothing (Radicale 3.9.0).
    pub protected_ignored: bool,
    /// PROPPATCH does what it can, instead of all or nothing (Xandikos 0.4.10), against RFC 4918 section 9.2.
    pub partial_proppatch: bool,
    /// PROPFIND of depth infinity is answered like depth 1; else 403 `propfind-finite-depth` (RFC 4918 section 9.1).
    pub infinite_depth: bool,
    /// PROPFIND without a `Depth` is one of depth 0 (Radicale, Xandikos), against RFC 4918 section 9.1.
    pub zero_by_default: bool,
    /// PROPFIND of what is not there is a multistatus with 404 (Xandikos 0.4.10).
    pub missing_in_multistatus: bool,
    /// PROPFIND and REPORT without an XML `Content-Type` are answered with this status (415 at Xandikos 0.4.10).
    pub xml_type_required: Option<u16>,
    /// Whether principals are called by their user's name.
    pub principals_named: bool,
    /// Whether `calendar-user-address-set` has a `mailto:` (not at Radicale 3.9.0).
    pub mail_addresses: bool,
    /// PROPFIND of an empty collection is answered 404 (old Synology).
    pub empty_is_missing: bool,
    /// What OPTIONS of a collection is answered with (400 at Google contacts, 404 at iCloud contacts, both seen by Evolution).
    pub options: Option<u16>,
}

impl Default for CollectionRules {
    fn default() -> Self {
        Self {
            no_mkcalendar: None,
            no_mkcol: None,
            one_component: false,
            ignores_name: false,
            no_delete: None,
            deleted: 204,
            bin_keeps_slugs: false,
            most_creations: None,
            no_proppatch: None,
            body_required: false,
            components_listed: true,
            privileges_listed: true,
            privileges_nested: false,
            privileges: ["read", "read-current-user-privilege-set", "write", "write-content", "write-properties", "bind", "unbind"]
                .map(str::to_owned)
                .to_vec(),
            exists: 403,
            no_parent: 409,
            no_plain: None,
            tagged: false,
            protected_ignored: false,
            partial_proppatch: false,
            infinite_depth: false,
            zero_by_default: false,
            missing_in_multistatus: false,
            xml_type_required: None,
            principals_named: true,
            mail_addresses: true,
            empty_is_missing: false,
            options: None,
        }
    }
}

/// Implicit scheduling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scheduling {
    /// Whether the server mails by itself (`calendar-auto-schedule`).
    pub automatic: bool,
    /// Whether `SCHEDULE-AGENT=CLIENT` and `NONE` keep it from mailing (RFC 6638 section 7.1; not at Google).
    pub honours_agent: bool,
    /// Whether `Schedule-Reply: F` keeps it from declining (RFC 6638 section 8.1).
    pub honours_schedule_reply: bool,
    /// Whether items have `Schedule-Tag` (RFC 6638 section 3.2.10).
    pub tags: bool,
    /// Whether a change of PARTSTAT alone changes the tag (Cyrus, CCS), against RFC 6638 section 3.2.10.
    pub tag_on_partstat: bool,
    /// Whether SCHEDULE-STATUS is written into what is stored.
    pub writes_status: bool,
    /// Whether an attendee's change of more than its own part is refused (RFC 6638 section 3.2.4.3).
    pub strict_attendees: bool,
    /// Whether `X-SOGO-SEND-APPOINTMENT-NOTIFICATIONS:NO` silences it (SOGo).
    pub sogo_switch: bool,
}

impl Default for Scheduling {
    fn default() -> Self {
        Self {
            automatic: false,
            honours_agent: true,
            honours_schedule_reply: true,
            tags: false,
            tag_on_partstat: false,
            writes_status: false,
            strict_attendees: false,
            sogo_switch: false,
        }
    }
}
