//! A server's character as data: every deviation that a client must bear is a switch here.

mod hosted;
mod measured;
mod presets;
mod rules;
mod selfhosted;

pub use rules::{
    BadToken, Challenge, CollectionRules, Counter, DefaultCollection, DigestAlgorithm, EtagOnPut, EtagSource, EtagSpelling, Etags, Expand,
    Layout, Limit, ListingCut, LoginRules, MissingProperties, Precondition, QueryRules, Recurrences, Refuse, Rewrite, RootAnswer,
    Scheduling, SyncRules, UidScope, UidUniqueness, UnknownReport, VcardVersions, WellKnown, WriteRules, XmlStyle,
};

use serde::{Deserialize, Serialize};

/// How one server behaves. The presets follow measurements and reports; a test may change any switch of theirs.
///
/// Each switch says where it was seen. What it does is shown by the tests of this crate, by group: layout and login by
/// `tests/discovery.rs`; xml and query by `tests/queries.rs`; etags and write by `tests/items.rs` and `tests/bodies.rs`; sync,
/// collections and scheduling by the tests of those names; what no preset shows by `tests/switches.rs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Personality {
    /// What [`Personality::named`] finds it by.
    pub name: String,
    /// Where its behaviour was seen: the version that was measured, or the reports it follows.
    pub seen_at: String,
    /// The `Server` header.
    pub server: String,
    /// The tokens of the `DAV` header (RFC 4918 section 10.1).
    pub dav: String,
    /// Where principals, homes and collections lie.
    pub layout: Layout,
    /// How it asks who is there.
    pub login: LoginRules,
    /// How its XML looks.
    pub xml: XmlStyle,
    /// What its entity tags are made of and how they are spelt.
    pub etags: Etags,
    /// `sync-collection` (RFC 6578).
    pub sync: SyncRules,
    /// `calendar-query` (RFC 4791 section 7.8) and `addressbook-query` (RFC 6352 section 8.6).
    pub query: QueryRules,
    /// What it stores, refuses and rewrites.
    pub write: WriteRules,
    /// Making, changing and deleting collections.
    pub collections: CollectionRules,
    /// Implicit scheduling (RFC 6638).
    pub scheduling: Scheduling,
}

impl Default for Personality {
    /// A server that does what the RFCs say and nothing else.
    fn default() -> Self {
        Self {
            name: "plain".to_owned(),
            seen_at: "RFC 4791, 6352, 6578, 6638".to_owned(),
            server: "plain".to_owned(),
            dav: "1, 3, access-control, calendar-access, addressbook, extended-mkcol".to_owned(),
            layout: Layout::default(),
            login: LoginRules::default(),
            xml: XmlStyle::default(),
            etags: Etags::default(),
            sync: SyncRules::default(),
            query: QueryRules::default(),
            write: WriteRules::default(),
            collections: CollectionRules::default(),
            scheduling: Scheduling::default(),
        }
    }
}

impl Personality {
    /// Every preset: those that were measured, then those that people run themselves, then services.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = measured::all();
        all.extend(selfhosted::all());
        all.extend(hosted::all());
        all
    }

    /// The preset of that name, such as `radicale` or `google-contacts`; None if there is none.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|personality| personality.name == name)
    }
}
