//! CalDAV and CardDAV as a pimkit connector: contacts, events and tasks on any server (RFC 4791, RFC 6352, RFC 6578, RFC 6638).
//!
//! [`Dav`] is opened with an address, credentials and a transport; what it discovers ([`Endpoints`]) the host keeps.
//!
//! # What is where
//!
//! - A collection's id is its path, an item's id is the path of its resource, in one spelling whatever the server writes
//!   (`%40` and `@`). The host is not part of it: some providers move accounts between hosts.
//! - What we make is called after its mark, so that the same create finds the first one; the UID stays the record's.
//! - A revision is the ETag without what proxies add to it, or a hash of the body where there is none.
//!
//! # What it covers
//!
//! - Discovery from an address, a domain or an e-mail address (RFC 6764). DNS is asked where the host gives a resolver
//!   ([`Opening::dns`]; `SystemDns`, with the feature `srv`, is this machine's). Its answers are not signed, so that a server of
//!   another owner than the domain's is refused: the user gives its address, or nobody goes there.
//! - Changes by sync-collection, with every way in which servers refuse, cut, or forget it; listings by ETag behind a ctag
//!   elsewhere.
//! - Items in multigets of 50, smaller where the server fails over them, one by one as the last resort. A broken item is
//!   `Unreadable` and never stops the rest.
//! - Every write is conditional, on what it was planned against. Only the changed lines of a text are changed; what a server
//!   rewrote, or names no version of, is read back.
//! - Meetings: copies that we make tell the server to mail nobody; what would mail all the same is refused.
//! - Collections are made, renamed and deleted.
//! - Groups of contacts: group cards are contacts with members, or, with [`Groups::Categories`], groups are categories of their
//!   members, whichever way the server keeps them: Apple's cards, cards of vCard 4.0, SOGo's lists, CATEGORIES of each card.
//!   Which one it is each address book shows; [`Config::group_model`] overrides that.
//! - What a server does differently is data: [`Quirks`].
//!
//! # What it does not, and why
//!
//! - There is no trash, no search and no push: no standard that servers share has them.
//! - [`ChangeOptions::window`](pimkit_core::ChangeOptions::window) narrows nothing: searches by time are wrong at most servers
//!   (recurring events, tasks without a start), so that everything is read.
//! - The address book is read in the version of vCard that the server gives on its own; a server that turns stored 4.0 into 3.0
//!   (sabre) gives 3.0.
//! - Bytes that are given by address (`PHOTO;VALUE=uri`) are not fetched: the address is a stranger's.
//! - Two contacts of one UID are in the same groups.
//!
//! # What groups as categories cost
//!
//! With [`Groups::Categories`], for N contacts of which M are in groups, beside what a sync without them costs:
//!
//! - A round that names nothing: nothing, in a new process too. One that names something: one request, to read what is named.
//! - A round that lists everything (the first one, one in [`Config::whole_listing_days`], one after a token was lost): where
//!   searches are believed ([`Quirks::finds_groups`]; elsewhere where [`Quirks::finds_uids`] and a group was found), 1 + M/50
//!   searches. Elsewhere every card that is not known is read, N/50 requests. What that reads, up to 32 MiB of it, is handed to
//!   the fetch that follows within ten minutes, so that a first sync costs no more than without groups. A later round that lists
//!   everything costs N/50 in a new process, and what changed in one that goes on.
//! - The list of categories, which a policy that keeps categories asks for in every run: the same as a round that lists
//!   everything, without the hand-over, and where cards carry the names one search more, or N/50 where searches are not believed
//!   or find none.
//! - A contact that is put into a group that is not there yet: the same once for each batch, to see whether somebody has made it.

mod blobs;
mod calls;
mod cards;
mod changes;
mod config;
mod connector;
mod cursor;
mod discovery;
mod dns;
mod error;
mod etag;
mod fetching;
mod find;
mod folders;
mod groups;
mod href;
mod items;
mod kinds;
mod known;
mod located;
mod quirks;
mod scheduling;
mod session;
mod taken;
mod writing;

pub use config::{Config, Groups};
pub use connector::{Dav, INFO, Opening};
pub use discovery::Endpoints;
#[cfg(feature = "srv")]
pub use dns::SystemDns;
pub use dns::{Dns, Srv};
pub use quirks::Quirks;
