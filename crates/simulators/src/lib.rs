//! Stateful, strict stand-ins for the servers that pimkit talks to: for our tests, and for those of our users.
//!
//! [`Dav`] is a CalDAV and CardDAV server. It keeps what it is given, refuses what a real server refuses, and answers in that
//! server's spelling: which server it is, is a [`Personality`], a plain struct of switches with a preset for each server that we
//! know of. What would have been mailed lies in an outbox; what goes wrong is a [`FaultPlan`].
//!
//! [`Graph`] is Microsoft Graph v1.0 with mailboxes, to-do lists and a directory; its page says how it is used.
//!
//! ```
//! use pimkit_simulators::{Dav, Personality};
//!
//! let dav = Dav::builder(Personality::radicale()).user("alice", "secret").build();
//! let book = dav.make_addressbook("alice", "Friends").unwrap();
//! dav.put(&format!("{book}bob.vcf"), "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:bob\r\nFN:Bob\r\nN:;Bob;;;\r\nEND:VCARD\r\n");
//! let request = http::Request::get("http://localhost/alice/friends/bob.vcf")
//!     .header("authorization", "Basic YWxpY2U6c2VjcmV0")
//!     .body(bytes::Bytes::new())
//!     .unwrap();
//! assert_eq!(dav.answer_now(&request).unwrap().status(), 200);
//! ```
//!
//! The same calls under the same clock give the same bytes: nothing is random, and nothing is read but the clock.
//!
//! Nothing here uses another crate of pimkit, not even to read XML, iCalendar or vCard: a mistake that both sides share would
//! be seen by nobody.
//!
//! # What it does not, and why
//!
//! - Locks (RFC 4918 section 6), `COPY`, ACL (RFC 3744 section 8), attachments (RFC 8607), free-busy queries and sharing: no
//!   connector of ours asks for them. They are answered 405, or as reports that are not there.
//! - `limit-recurrence-set` and partial `calendar-data` or `address-data` (RFC 4791 section 9.6): whole objects come, as some
//!   servers do.
//! - Scheduling works on whole objects: an override that invites somebody to one instance mails as the series does.
//! - Times that float are taken for UTC, and durations of days for 24 hours.

mod answer;
mod backdoor;
mod content;
mod dav;
mod faults;
mod graph;
mod hash;
mod login;
mod methods;
mod outbox;
mod path;
mod personality;
mod schedule;
mod seen;
mod wire;
mod world;
mod xml;

pub use backdoor::{CollectionKind, CollectionView, Snapshot};
pub use dav::{Cut, Dav, DavBuilder};
pub use faults::{BadPlan, Fault, FaultPlan, FaultRule};
pub use graph::{
    ContactRules, Courier, DeltaRules, EventRules, Graph, GraphBuilder, GraphLimits, GraphRules, GraphSeen, GraphServing, GraphSnapshot,
    PushRules, TaskRules, Trouble, Violation, graph_enumerated, graph_nullable,
};
pub use outbox::{Mail, MailMethod};
pub use path::HrefStyle;
pub use personality::{
    BadToken, Challenge, CollectionRules, Counter, DefaultCollection, DigestAlgorithm, EtagOnPut, EtagSource, EtagSpelling, Etags, Expand,
    Layout, Limit, ListingCut, LoginRules, MissingProperties, Personality, Precondition, QueryRules, Recurrences, Refuse, Rewrite,
    RootAnswer, Scheduling, SyncRules, UidScope, UidUniqueness, UnknownReport, VcardVersions, WellKnown, WriteRules, XmlStyle,
};
pub use seen::Seen;
pub use wire::Serving;
pub use xml::Spelling;
