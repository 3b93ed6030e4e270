//! Microsoft 365 and Outlook.com as a pimkit connector, through [Microsoft Graph](https://learn.microsoft.com/graph/overview) v1.0.
//!
//! [`Graph`] is opened with the address of a cloud ([`Cloud`]), credentials and a transport.
//!
//! # What is where
//!
//! - Every request leaves through one session: four at a time for one mailbox, those within a batch counted one by one, each with
//!   immutable ids (`Prefer: IdType`), a `client-request-id`, and only to the configured host, whatever address an answer gives.
//! - What is refused within a batch is asked for again after the time that it names; what may have been done is not repeated
//!   blindly. After a refusal for too many at once, batches of the session have four calls.
//! - What touches the whole account (a mailbox that moves or is on hold, a licence that is gone, consent that is missing, an account
//!   that is disabled, access rules) is an error of its own, whose context says under `trouble` which one; it is never taken for an
//!   item that is gone.
//! - A plain 403 says under `permission` which permission the request needs: the least that its reference page names. A call for more of
//!   the sign-in (`insufficient_claims`) is handed to the account's credentials, from within batches too.
//! - An item's id is Graph's; a revision is its ETag. Marks, UIDs, custom fields and what Graph has no place for lie in named
//!   properties that Exchange Web Services sees too (`pimkit_exchange::property`).
//! - A round of changes is a delta link. A link that was forgotten (410, any 400, `SyncStateNotFound`) starts the round anew, and
//!   nothing is read as removed. "Removed" may mean moved: who believes a deletion asks for the item first.
//!
//! # What each kind can do
//!
//! | kind | changes | stale writes | a create without an answer | beside |
//! |---|---|---|---|---|
//! | contacts | delta per folder, items by batches | refused (`If-Match`) | found by its mark | folders within folders, categories, pictures, push |
//! | events | `events/delta`, or `calendarView/delta` | refused | repeated (`transactionId`) | calendars, series with exceptions, attachments, push |
//! | tasks | delta per list, tasks by batches | looked for before the write (To Do holds to no condition) | found by its mark, in one look through the list | lists, steps, links, reminders, recurrence |
//! | messages | delta per folder, messages by batches | only read | only read | folders, attachments, search |
//! | users | `users/delta`; the members of groups are listed whole | only read | only read | managers, pictures, search |
//!
//! # Contacts
//!
//! - The default folder's id is `contacts`: no listing of Graph's names it. What lies in Deleted Items is gone.
//! - Extended properties come only with a question for one item, so that rounds name ids and versions, and items are read in batches
//!   of twenty. For N contacts a first pull is N/1000 pages (N/[`Config::page_size`]) and N/20 batches, and N/20 more for those
//!   that have a picture; a round without a change is one request, and the listing of folders two and one for each level of them.
//! - A change writes what differs. Changes of names, addresses, numbers, custom fields and pictures read the contact first, in
//!   batches, because Outlook keeps something beside them: whom it is filed under, what an address is called.
//! - A contact without a UID is known by its id, which stays, so that it is found in whatever folder it was dragged into.
//! - Names of categories are fixed once they are on the mailbox's list: to rename one is to make another in its colour, to put it on
//!   every contact and task that had the old one, and to take that off the list unless an event or a message carries it.
//! - Graph v1.0 has no request that takes a picture away from a contact, none that moves one to another folder, and no search in
//!   contacts.
//!
//! # Events
//!
//! - A collection is a calendar, of whatever group; each is made, renamed and deleted, but for the mailbox's own.
//! - A series is one record. `events/delta` names it, and a fetch asks for what of it is otherwise than its rule makes it, because an
//!   occurrence that was deleted shows nowhere else. Its version is that of the series and of each of its exceptions. Where
//!   `events/delta` is refused, a round is a listing and then `calendarView/delta`; where that is refused too, a listing each time
//!   ([`EventRounds`]). Everything is named anew every week ([`Quirks::event_reread_days`]).
//! - For N events of which S are series a first pull is N/[`Config::page_size`] pages and (N + S)/20 batches, and one for every
//!   twenty that have files, or are in another zone than the ones before them. A round without a change is one request; the listing
//!   of calendars is two, and one for each group. A batch of writes is one request to read what is changed, one for the changes and
//!   one to read them back; an occurrence that differs is two more, one of them to look at it.
//! - Graph cannot keep silent on meetings. An organiser's change, a new meeting, the deletion of a guest's copy and of a calendar
//!   with meetings are `WouldNotify` unless the caller wants the mail, and nothing is sent before that is known
//!   ([`Quirks::own_changes_mail`], [`Quirks::deletions_decline`]). Of a copy, reminder, categories, how the time shows and what we
//!   keep beside are written, and nothing else.
//! - Times are read and written on the wall of the event's own zone, by the server's rules of it. Windows names are written, and the
//!   name that came is kept.
//! - A rule that Exchange has no pattern for is refused with its reason (`pimkit_exchange::recurrence`), and so is the event. A deleted
//!   occurrence cannot be brought back, and there are no dates beside the rule: these are left out by name.
//! - Graph v1.0 moves no events between calendars and has no search in them. Files of 3 MB and more go up in parts, to the hosts of
//!   [`Cloud::uploads`] and [`Config::upload_hosts`], without the account's credentials; more than 150 MB stay on the other side. [`ChangeOptions::window`](pimkit_core::ChangeOptions::window) narrows nothing: everything is read.
//!
//! # Tasks
//!
//! - A round without a change is one request. For N tasks a first pull is N/[`Config::page_size`] pages and N/20 batches; N/20 more for
//!   each of steps and links where [`Quirks::tasks_expand`] is off.
//! - What is due, and when it starts, are days. A reminder is an instant. Of priorities there are three.
//! - Steps are the custom field `checklist`. They and links change one by one, so that those that somebody else added stay.
//! - What is changed or deleted is read before, in batches, and is a conflict when it is at another version.
//! - When a repeating task is due is left out of changes, because To Do would make a second task ([`Quirks::due_of_series`]).
//! - There is no trash, no move, no condition and no place for a UID; the list of flagged mails is only read.
//!
//! # Messages
//!
//! - All folders that are not hidden, without searches that look like folders. Ids and versions come by rounds, and messages ten at a
//!   time, because bodies may be large; what is attached is asked for where something is, and its bytes stream.
//! - A Message-ID is searched for within its folder; words are searched for in the whole mailbox.
//!
//! # Users
//!
//! - One collection, `directory`. A user has no version: what was read of one is its version, so that every user that a round names is
//!   read. Managers and pictures are not among what rounds tell of. Who may not read managers (`User.Read.All`) reads users without.
//! - For N users a first pull is the service's pages and N/20 batches, and N/20 more for pictures ([`Quirks::pictures_of_users`]).
//! - An account that is limited to groups ([`Config::groups`]) lists their members each time; whoever is in none is hidden.
//!
//! # Push
//!
//! Opened with [`Notices`], an account has subscriptions: [`notices`] reads what comes to the host's address, whatever its framework.

mod asked;
mod blobs;
mod calls;
mod categories;
mod config;
mod connector;
mod contacts;
mod current;
mod cursor;
mod delta;
mod error;
mod events;
mod folders;
mod ids;
mod mapping;
mod messages;
pub mod notices;
mod pages;
mod permission;
mod push;
mod quirks;
mod session;
mod tasks;
mod users;
mod whose;
mod writing;

pub use config::{Cloud, Config};
pub use connector::{Graph, INFO, Opening};
pub use ids::IdSort;
pub use push::Notices;
pub use quirks::{EventRounds, Quirks};
