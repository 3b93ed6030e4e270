//! Collections, and the mails that their changes cause.

use serde::{Deserialize, Serialize};

/// How a listing is cut that is longer than a server likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListingCut {
    /// 207 with the first so many members, and 507 for the collection itself beside its properties (as RFC 6578 section 3.6 does it
    /// in reports).
    Inside(usize),
    /// HTTP status 507, with a multistatus of the collection and the first so many members.
    Status(usize),
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
    /// PROPFIND of depth 1 of a calendar or address book is cut, where there is more than that.
    pub listing_cut: Option<ListingCut>,
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
            listing_cut: None,
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
    /// What the server makes of an organizer who is the user that stores: another of the user's addresses, which
    /// `calendar-user-address-set` lists too; `{user}` is the name (Apple's server and its kin: `urn:uuid:…`, `/principals/…`).
    pub organizer_as: Option<String>,
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
            organizer_as: None,
            sogo_switch: false,
        }
    }
}
