//! The switches, grouped by what they are about. Each group's default is what the RFCs ask for.

mod collections;
mod items;
mod query;
mod sync;

pub use collections::{CollectionRules, ListingCut, Scheduling};
pub use items::{Precondition, Refuse, Rewrite, UidScope, UidUniqueness, VcardVersions, WriteRules};
pub use query::{Expand, QueryRules, Recurrences, UnknownReport};
pub use sync::{BadToken, Counter, Limit, SyncRules};

use crate::path::HrefStyle;
use crate::xml::Spelling;
use serde::{Deserialize, Serialize};

/// Paths, with `{user}` for the user's name. All end with a slash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Layout {
    /// Where a client starts, and what the root answers for.
    pub context: String,
    /// A user's principal (RFC 3744 section 2).
    pub principal: String,
    /// A user's calendar homes; several are legal (aluxnimm/outlookcaldavsynchronizer#139). Empty: no CalDAV here.
    pub calendar_homes: Vec<String>,
    /// A user's address book homes. Empty: no CardDAV here.
    pub book_homes: Vec<String>,
    /// Calendars that every user has from the start, in the first home.
    pub calendars: Vec<DefaultCollection>,
    /// Address books that every user has from the start.
    pub books: Vec<DefaultCollection>,
    /// What `/.well-known/caldav` and `carddav` answer (RFC 6764 section 5).
    pub well_known: WellKnown,
    /// What `/` answers to PROPFIND.
    pub root: RootAnswer,
    /// The schedule inbox, within the first calendar home (RFC 6638 section 2.2).
    pub inbox: Option<String>,
    /// The schedule outbox (RFC 6638 section 2.1).
    pub outbox: Option<String>,
    /// Whether `current-user-principal` is there (missing at Synology, pimutils/vdirsyncer#498).
    pub current_user_principal: bool,
    /// Whether `calendar-home-set` is there (missing at GMX).
    pub calendar_home_set: bool,
    /// Whether home-sets end with a slash.
    pub home_slash: bool,
    /// The host of home-sets, as iCloud's shards; None: a path. On loopback the host is the request's own.
    pub home_host: Option<String>,
    /// The host of address book homes.
    pub book_home_host: Option<String>,
    /// What unknown paths above the homes answer: 404, or 405 as at Cyrus.
    pub elsewhere: u16,
    /// Whether collections answer 404 without their trailing slash (Kozea/Radicale#2187).
    pub slash_required: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            context: "/".to_owned(),
            principal: "/principals/{user}/".to_owned(),
            calendar_homes: vec!["/calendars/{user}/".to_owned()],
            book_homes: vec!["/addressbooks/{user}/".to_owned()],
            calendars: vec![DefaultCollection::new("default", "Calendar", &["VEVENT", "VTODO", "VJOURNAL"])],
            books: vec![DefaultCollection::new("default", "Contacts", &[])],
            well_known: WellKnown::Redirect(301),
            root: RootAnswer::Principal,
            inbox: None,
            outbox: None,
            current_user_principal: true,
            calendar_home_set: true,
            home_slash: true,
            home_host: None,
            book_home_host: None,
            elsewhere: 404,
            slash_required: false,
        }
    }
}

/// A collection that is there from the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefaultCollection {
    /// The last segment of its path.
    pub slug: String,
    /// Its display name.
    pub name: String,
    /// The component types of a calendar; empty in address books.
    pub components: Vec<String>,
    /// Whether only its owner's server may write, as a birthday calendar.
    #[serde(default)]
    pub read_only: bool,
}

impl DefaultCollection {
    /// One that its user may write.
    #[must_use]
    pub fn new(slug: &str, name: &str, components: &[&str]) -> Self {
        let components = components.iter().map(|&component| component.to_owned()).collect();
        Self { slug: slug.to_owned(), name: name.to_owned(), components, read_only: false }
    }
}

/// What the well-known addresses do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WellKnown {
    /// A redirect with this status to the context.
    Redirect(u16),
    /// A redirect of GET alone, with this status (seen in tsdav).
    RedirectGet(u16),
    /// A redirect straight to the user's first address book (Google, t-brown/mcds#15).
    RedirectToBook(u16),
    /// Answered in place, as the context is.
    InPlace,
    /// This status.
    Status(u16),
}

/// What the root answers to PROPFIND.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RootAnswer {
    /// Properties, `current-user-principal` among them.
    Principal,
    /// This status, with an HTML body (404 at Fastmail, tasks/tasks#896).
    Status(u16),
}

/// Digest algorithms (RFC 7616).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DigestAlgorithm {
    /// `MD5`.
    Md5,
    /// `SHA-256`.
    Sha256,
}

/// What a 401 says of how to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Challenge {
    /// `Basic realm=..`.
    Basic,
    /// One `Digest` challenge for each algorithm.
    Digest(DigestAlgorithm),
    /// `Bearer realm=..`; the password of the user is the token.
    Bearer,
    /// A scheme that no client of ours speaks, as iCloud's `X-MobileMe-AuthToken` (home-assistant/core#91711).
    Foreign(String),
}

/// How a server asks who is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoginRules {
    /// The challenges of a 401, in order. Each of them is accepted.
    pub challenges: Vec<Challenge>,
    /// Basic is accepted, but no 401 has a challenge (Yahoo, jobisoft/DAV-4-TbSync#17).
    pub silent: bool,
    /// The realm.
    pub realm: String,
    /// No login at all: everybody is the first user (Xandikos behind nothing).
    pub open: bool,
    /// OPTIONS without a login (Google).
    pub open_options: bool,
    /// After how many requests a nonce is stale; None: by age alone, 5 minutes.
    pub nonce_uses: Option<u32>,
    /// The connection is closed after a 401 (SOGo 5.8.0).
    pub closes: bool,
    /// A REPORT with an empty body is answered before the login is, with 500 (sabre-io/dav#932).
    pub body_first: bool,
}

impl Default for LoginRules {
    fn default() -> Self {
        Self {
            challenges: vec![Challenge::Basic],
            silent: false,
            realm: "DAV".to_owned(),
            open: false,
            open_options: false,
            nonce_uses: None,
            closes: false,
            body_first: false,
        }
    }
}

/// What happens to properties that a resource does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingProperties {
    /// A propstat of 404 after the good one, unless `Prefer: return=minimal` (RFC 8144).
    After,
    /// A propstat of 404 before the good one.
    Before,
    /// Left out.
    Omitted,
}

/// How XML answers look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct XmlStyle {
    /// Prefixes.
    pub spelling: Spelling,
    /// Hrefs.
    pub hrefs: HrefStyle,
    /// Missing properties.
    pub missing: MissingProperties,
    /// `status` before `prop` in each propstat (Xandikos 0.4.10).
    pub status_first: bool,
    /// `<status/>` without text in propstats of 200 (iCloud, dengste/org-caldav#305).
    pub empty_status: bool,
    /// The type that XML answers claim (iCloud and OX lie, python-caldav/caldav#142).
    pub content_type: String,
    /// CR kept in `calendar-data` as `&#13;` (sabre); else lines end with LF, as XML readers see raw CRLF (Radicale, Xandikos).
    pub keeps_cr: bool,
    /// Query and sync answers have the collection itself among the members (mail.ru, Yandex; iCloud, lfos/calcurse#60).
    pub lists_itself: bool,
    /// An entry of members comes twice (iCloud, DavMail: pimutils/vdirsyncer#144).
    pub repeats_members: bool,
}

impl Default for XmlStyle {
    fn default() -> Self {
        Self {
            spelling: Spelling::UpperPrefix,
            hrefs: HrefStyle::default(),
            missing: MissingProperties::After,
            status_first: false,
            empty_status: false,
            content_type: "application/xml; charset=utf-8".to_owned(),
            keeps_cr: true,
            lists_itself: false,
            repeats_members: false,
        }
    }
}

/// What an entity tag is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EtagSource {
    /// The bytes: an equal PUT keeps the tag.
    Content,
    /// A counter of the server: every PUT makes a new one.
    Change,
    /// A counter of the item, `gcs00000000`: equal across items (SOGo).
    Revision,
}

/// How tags are spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EtagSpelling {
    /// `"tag"`.
    Quoted,
    /// `tag` in properties (Kerio, GroupOffice: Intermesh/groupoffice#556).
    Bare,
    /// `W/"tag"` (behind proxies).
    Weak,
    /// `"tag-gzip"` in answers, `"tag"` in preconditions (nextcloud/server#28140).
    Gzip,
}

/// When the answer to a PUT has an `ETag`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EtagOnPut {
    /// Always, even if the body was rewritten: what RFC 4791 section 5.3.4 forbids and many do.
    Always,
    /// Only if the stored bytes are those sent.
    Faithful,
    /// Never.
    Never,
}

/// Entity tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Etags {
    /// What they are made of.
    pub source: EtagSource,
    /// How they are spelt.
    pub spelling: EtagSpelling,
    /// On PUT of calendar objects.
    pub on_put: EtagOnPut,
    /// On PUT of cards (DAViCal has none).
    pub on_put_card: EtagOnPut,
    /// Whether listings have `getetag` (SmarterMail has none, twentyhq/twenty#25648).
    pub listed: bool,
}

impl Default for Etags {
    fn default() -> Self {
        Self {
            source: EtagSource::Content,
            spelling: EtagSpelling::Quoted,
            on_put: EtagOnPut::Faithful,
            on_put_card: EtagOnPut::Faithful,
            listed: true,
        }
    }
}
