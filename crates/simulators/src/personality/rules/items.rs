//! What the server stores, refuses and rewrites.

use serde::{Deserialize, Serialize};

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
    /// Whether address books take `VLIST`s too, as SOGo's own lists are; else 415 at sabre (owncloud/core#27418).
    pub takes_lists: bool,
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
    /// PUT does nothing and is answered by a multistatus of one member with this status: RFC 4918 section 13 leaves a server free
    /// to say 207 where it says no, and who looks at the outer status alone takes that for success.
    pub refuses_inside: Option<u16>,
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
            takes_lists: false,
            rewrites: Vec::new(),
            vcards: VcardVersions::AsStored,
            created: 201,
            updated: 204,
            deleted: 204,
            put_multistatus: false,
            refuses_inside: None,
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
