//! The language of pimkit: what connectors, stores, apps and the engine say to each other.
//!
//! Nothing here does I/O, and no third-party type shows in an error.
//!
//! - **Records** ([`Contact`], [`Event`], [`Task`], [`Message`], [`User`]) are plain structs in the
//!   vocabulary of JSContact (RFC 9553) and JSCalendar (RFC 8984). Each kind has a field
//!   [`Catalogue`], by which records are read, compared, mapped and merged.
//! - **Connectors** ([`Connector`], [`Repository`]) stand for one account at one provider.
//! - **Stores** ([`State`]) keep what the engine knows; the host **app** ([`App`]) answers what only
//!   it can know.
//! - Shared pieces: [`cursor`] tokens, [`series`] (master plus exceptions <-> one record), [`batch`].

mod app;
pub mod batch;
mod blob;
mod capability;
mod catalogue;
mod change;
mod clock;
mod connector;
pub mod cursor;
mod diff;
mod error;
mod ext;
mod fields;
pub mod fixture;
mod id;
mod json;
mod layer;
mod record;
pub mod series;
mod state;
mod time;
mod write;

pub use app::{Action, App, AppEvent, Facts, Notice, Provenance, View};
pub use blob::{Blob, BlobRef, BlobSource, Digest};
pub use capability::{Access, Capabilities, Category, Collection, Create, FieldSupport, Precision, Sharing};
pub use catalogue::{Catalogue, FieldDef, Shape};
pub use change::{Change, ChangeOptions, ChangePage, Fetched, Next, Position, Removal, Stored};
pub use clock::{Chance, Clock};
pub use connector::{
    Account, Blobs, Categories, Connector, ConnectorInfo, Deliver, Folders, Key, Push, Repository, Role, Search, Subscription, unsupported,
};
pub use diff::{Difference, diff, diff_fields};
pub use error::{Error, ErrorKind, Persistence, Result};
pub use ext::RepositoryExt;
pub use id::{AccountId, BlobId, CategoryId, CollectionId, ComponentId, Cursor, Field, ItemId, Mark, PageToken, Revision, SyncId};
pub use json::Json;
pub use layer::{Layer, Layered, ReadOnly};
pub use record::{
    Address, Alert, AlertAction, Anniversary, AnniversaryKind, Attachment, Contact, ContactKind, Custom, Day, EmailAddress, Event,
    EventStatus, Fields, FreeBusy, Frequency, Kind, Link, Location, Mailbox, Message, Name, NthDay, OnlineService, Organization, Organizer,
    Override, Overrides, Participant, ParticipationStatus, Phone, Privacy, Progress, Record, RecurrenceId, RecurrenceRule, Relation, Task,
    Title, TitleKind, Trigger, Until, User, Value, VirtualLocation, decode as decode_record, decode_fields as decode_record_fields,
    encode as encode_record,
};
pub use state::{
    AccountRow, ApprovalRow, BaseRow, FieldChange, IntentKind, IntentRow, JournalQuery, JournalRow, Lease, LinkQuery, LinkRole, LinkRow,
    LinkState, Presence, ProgressRow, QuarantineRow, RunRow, SeenQuery, SeenRow, Side, Stamp, StampRow, State, StateChange, StepRow,
    StreamKey, StreamRow, SyncRow, SyncState, TombstoneRow,
};
pub use time::{PartialDate, When, Zone};
pub use write::{Delete, Notify, Outcome, Write, WriteOptions};
