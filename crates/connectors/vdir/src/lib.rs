//! Folders of .vcf and .ics files as a pimkit connector, kept as vdirsyncer keeps them.
//!
//! [`Vdir`] opens a folder. Each sub-folder is a collection, and the folder itself is one when it holds items directly;
//! each file is one item. The files `displayname` and `color` of vdirsyncer's vdir format are read.
//!
//! A folder without sub-folders and items is listed as one collection, so that a folder can be used flat from its first
//! item on. It is offered for writing (`access`) when it never held anything, or when a file `displayname` says that it
//! is meant as a collection. Otherwise it looks like a folder whose sub-folders are away (moved, unmounted), where no new
//! item belongs; a write that names it all the same is done.
//!
//! # What is where
//!
//! - A collection's id is its folder's name, `/` for the root. An item's id is `folder/file`, in the root `file`; ids
//!   that would lead out of the folder are refused.
//! - A file that we make is called after its mark, so the same create finds the first one's file. The UID stays the
//!   record's; a record that has none gets one made from the mark.
//! - A revision is time of change, size and inode, with a hash of the content while two edits might share a time.
//!
//! # What it covers
//!
//! - Every round names everything; nothing is read for it but files that were changed just now. What cannot be read
//!   (permissions, damage, two cards in one file, a name that is not UTF-8) is `Unreadable`, never absent, and never
//!   stops the rest. Events and tasks share .ics: a fetch answers `OtherKind`, and for a whole calendar without either (a
//!   journal, free-busy times, zones alone) too.
//! - Files are written beside and put in place in one step; an update or delete of another version than planned is a
//!   conflict. What the record does not say stays in the file byte for byte.
//! - What a killed process left is removed by the next listing of, or write into, the folder: hidden `.pimkit-….tmp` files
//!   that nobody has locked. A `.pimkit-….old` file whose content is neither the replaced nor the written version is
//!   somebody's edit, caught in the moment of the kill; it stays.
//!
//! # What it does not, and why
//!
//! - Symbolic links are not followed: a link to an item is `Unreadable`, a link to a folder no collection. What a link
//!   leads to may lie outside, or be here a second time.
//! - Folders in sub-folders are not looked into, hidden files and editors' leftovers are not items.
//! - [`ChangeOptions::window`](pimkit_core::ChangeOptions::window) narrows nothing: a listing does not read the files.
//! - There is no trash and no push. A new mark for a file that exists is not taken: its name is its id.
//! - Extended attributes and access lists of a file are not kept when it is written.
//! - Two writers that exchange a file within the same microseconds are told apart where the system can exchange files in
//!   one step (Linux, macOS); elsewhere the file is looked at right before it is replaced.

mod blobs;
mod blocking;
mod config;
mod connector;
mod disk;
mod error;
mod files;
mod find;
mod folder;
mod folders;
mod leftover;
mod listing;
mod names;
mod version;
mod writing;

pub use config::Config;
pub use connector::{INFO, Vdir};
