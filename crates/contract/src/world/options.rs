//! The switches: every unpleasant trait of a provider, each on its own.

use pimkit_core::{Capabilities, Create, Error, ErrorKind, Field, Kind, Result, Role, Value};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

/// When a provider rewrites what it is given: texts are trimmed and their runs of spaces become
/// one, labels turn to capitals, lists and sets are put in another order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Normalises {
    /// Never.
    #[default]
    Never,
    /// While it stores: no version ever has what was sent.
    AtOnce,
    /// Later: the first round after the write has what was sent, the second the rewritten version
    /// under another revision.
    Late,
}

/// What an in-memory provider is like. Every switch is off in [`WorstOptions::kind`], which is the default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "snake_case")]
#[non_exhaustive]
pub struct WorstOptions {
    /// The account's id: tokens of another account are refused.
    pub account: String,
    /// Who "I" am: these addresses are never mailed.
    pub addresses: Vec<String>,
    /// Which kinds there are.
    pub kinds: Vec<Kind>,
    /// Collections that are there from the start, by kind: id and name are the same.
    pub collections: BTreeMap<Kind, Vec<String>>,

    /// Ids are made by the server; off: an item's id is its mark.
    pub server_made_ids: bool,
    /// Marks do not come back with the items.
    pub drops_marks: bool,
    /// What is known about a lost create. `Findable`: probes lag by `settles_after`.
    pub create: Create,
    /// A repeated create of a `Repeatable` provider is refused as a conflict; off: it gives back the first item.
    pub refuses_repeats: bool,

    /// A write shows in listings only after this many further rounds.
    pub listing_lag_rounds: u32,
    /// A write shows in listings only after this time.
    pub listing_lag: Duration,
    /// For this many rounds after a write, listings name the superseded version again, behind the other lines.
    pub stale_rounds: u32,
    /// A write shows only what was sent; revision and stored item are not told.
    pub answers_nothing: bool,

    /// How many values a field holds at most.
    pub at_most: BTreeMap<Field, u32>,
    /// A field with too many values is not taken at all; off: the first ones are.
    pub refuses_overflow: bool,
    /// How many characters a text holds at most; the rest is cut.
    pub cut_at: BTreeMap<Field, u32>,
    /// Times of which only the day is kept.
    pub date_only: BTreeSet<Field>,
    /// Whether and when the provider rewrites what it is given.
    pub normalises: Normalises,
    /// Fields that the provider's users have and we never see.
    pub hidden_fields: BTreeSet<Field>,
    /// Fields that are not readable every so often: see `unread_every`.
    pub unread_fields: BTreeSet<Field>,
    /// Every so many reads of a record come without `unread_fields`.
    pub unread_every: Option<u32>,
    /// Every so many items that the provider's own users make cannot be read.
    pub unreadable_every: Option<u32>,
    /// The digests of blobs are not told.
    pub no_digests: bool,

    /// Updates and deletes overwrite whatever is there.
    pub unconditional: bool,
    /// Creates and updates take two requests; the second may fail.
    pub two_calls: bool,
    /// How many writes go into one request; absent: one.
    pub write_batch: Option<u32>,
    /// Every write to a meeting with guests mails them, so it is refused unless mailing is wanted.
    pub cannot_keep_silent: bool,
    /// Every write to a meeting with guests mails them, whatever it asks for and whatever it changes, and the connector
    /// knows nothing of it. No connector may be like that, so it is none of the [`switches`](Self::switches): it is for
    /// tests in which nobody is mailed only as long as nothing is written to a meeting with guests.
    pub mails_unasked: bool,
    /// An item has another id after every edit.
    pub rekeys_on_edit: bool,
    /// An item has another id after a move.
    pub rekeys_on_move: bool,
    /// The collections are only read.
    pub read_only: bool,

    /// Listings name no revision, and hold no records.
    pub no_listed_revision: bool,
    /// Listings name ids and revisions, and hold no records.
    pub lists_only: bool,
    /// Every round names everything.
    pub not_incremental: bool,
    /// The provider's own page size.
    pub page_size: Option<u32>,
    /// A cursor is refused after this time.
    pub cursor_lives: Option<Duration>,
    /// Every so many page tokens are refused in the middle of a round.
    pub page_expires_every: Option<u32>,
    /// A full listing starts over once, after its first page.
    pub restarts_listing: bool,
    /// Every third line comes twice, with the superseded version first where there is one.
    pub repeats_lines: bool,
    /// How many resources of another kind lie in each collection, but for those that were made by request.
    pub strangers: u32,
    /// Server clock minus ours, in seconds.
    pub skew: i64,
    /// How long every request takes, on the injected clock.
    pub latency: Duration,

    /// There is no trash.
    pub no_trash: bool,
    /// Nothing can be searched by uid or mark.
    pub no_find: bool,
    /// Nothing can be moved.
    pub no_move: bool,
    /// Photos are not held.
    pub no_photos: bool,
    /// Attachments are not held.
    pub no_attachments: bool,
    /// Series have no overrides.
    pub no_exceptions: bool,
    /// There are no custom fields.
    pub no_custom_fields: bool,
    /// A custom field is held only after it was made; off: one of any name is held.
    pub makes_custom_fields: bool,
    /// Collections cannot be made, renamed or deleted.
    pub no_folders: bool,
    /// There is no list of categories.
    pub no_categories: bool,
    /// The names of categories are fixed.
    pub fixed_category_names: bool,
    /// The bytes of blobs cannot be opened.
    pub no_blobs: bool,
    /// What is missing is missing for good: said in `info`, refused with `Unsupported`. Off: `Unavailable`.
    pub for_good: bool,
}

impl Default for WorstOptions {
    fn default() -> Self {
        Self {
            account: "worst".to_owned(),
            addresses: vec!["me@example.com".to_owned()],
            kinds: vec![Kind::Contact, Kind::Event, Kind::Task],
            collections: BTreeMap::from([Kind::Contact, Kind::Event, Kind::Task].map(|k| (k, vec![k.plural().to_owned()]))),
            server_made_ids: false,
            drops_marks: false,
            create: Create::Repeatable,
            refuses_repeats: false,
            listing_lag_rounds: 0,
            listing_lag: Duration::ZERO,
            stale_rounds: 0,
            answers_nothing: false,
            at_most: BTreeMap::new(),
            refuses_overflow: false,
            cut_at: BTreeMap::new(),
            date_only: BTreeSet::new(),
            normalises: Normalises::Never,
            hidden_fields: BTreeSet::new(),
            unread_fields: BTreeSet::new(),
            unread_every: None,
            unreadable_every: None,
            no_digests: false,
            unconditional: false,
            two_calls: false,
            write_batch: None,
            cannot_keep_silent: false,
            mails_unasked: false,
            rekeys_on_edit: false,
            rekeys_on_move: false,
            read_only: false,
            no_listed_revision: false,
            lists_only: false,
            not_incremental: false,
            page_size: None,
            cursor_lives: None,
            page_expires_every: None,
            restarts_listing: false,
            repeats_lines: false,
            strangers: 0,
            skew: 0,
            latency: Duration::ZERO,
            no_trash: false,
            no_find: false,
            no_move: false,
            no_photos: false,
            no_attachments: false,
            no_exceptions: false,
            no_custom_fields: false,
            makes_custom_fields: false,
            no_folders: false,
            no_categories: false,
            fixed_category_names: false,
            no_blobs: false,
            for_good: false,
        }
    }
}

/// The switches that leave nothing to measure when they are on together with the others.
const NOT_TOGETHER: [&str; 10] = [
    "read_only",
    "no_photos",
    "no_attachments",
    "no_exceptions",
    "no_custom_fields",
    "no_folders",
    "no_categories",
    "no_blobs",
    "no_move",
    "for_good",
];

impl WorstOptions {
    /// Everything as one would wish it.
    #[must_use]
    pub fn kind() -> Self {
        Self::default()
    }

    /// Every unpleasant trait at once, but for those that leave nothing to try: read-only, and whole roles missing.
    #[must_use]
    pub fn worst() -> Self {
        let mut json = object(&Self::extreme());
        let kind = object(&Self::kind());
        for name in NOT_TOGETHER {
            if let Some(value) = kind.get(name) {
                json.insert(name.to_owned(), value.clone());
            }
        }
        serde_json::from_value(Value::Object(json)).unwrap_or_default()
    }

    fn extreme() -> Self {
        let field = |name: &str| Field::from(name);
        Self {
            server_made_ids: true,
            drops_marks: true,
            create: Create::ByContent,
            refuses_repeats: true,
            listing_lag_rounds: 1,
            listing_lag: Duration::from_secs(5),
            stale_rounds: 1,
            answers_nothing: true,
            at_most: BTreeMap::from([(field("emails"), 3)]),
            refuses_overflow: true,
            cut_at: BTreeMap::from([(field("notes"), 40), (field("description"), 40)]),
            date_only: BTreeSet::from([field("due")]),
            normalises: Normalises::Late,
            hidden_fields: BTreeSet::from(["nicknames", "relatedTo", "virtualLocations", "priority", "parent"].map(field)),
            unread_fields: BTreeSet::from(["notes", "description"].map(field)),
            unread_every: Some(5),
            unreadable_every: Some(7),
            no_digests: true,
            unconditional: true,
            two_calls: true,
            write_batch: Some(4),
            cannot_keep_silent: true,
            rekeys_on_edit: true,
            rekeys_on_move: true,
            read_only: true,
            no_listed_revision: true,
            lists_only: true,
            not_incremental: true,
            page_size: Some(3),
            cursor_lives: Some(Duration::from_secs(3600)),
            page_expires_every: Some(50),
            restarts_listing: true,
            repeats_lines: true,
            strangers: 2,
            skew: 90,
            latency: Duration::from_millis(20),
            no_trash: true,
            no_find: true,
            no_move: true,
            no_photos: true,
            no_attachments: true,
            no_exceptions: true,
            no_custom_fields: true,
            makes_custom_fields: true,
            no_folders: true,
            no_categories: true,
            fixed_category_names: true,
            no_blobs: true,
            for_good: true,
            ..Self::default()
        }
    }

    /// The same, with what `set` changes.
    #[must_use]
    pub fn with(mut self, set: impl FnOnce(&mut Self)) -> Self {
        set(&mut self);
        self
    }

    /// The names of all switches.
    #[must_use]
    pub fn switches() -> Vec<String> {
        let (kind, extreme) = (object(&Self::kind()), object(&Self::extreme()));
        extreme.into_iter().filter(|(name, value)| kind.get(name) != Some(value)).map(|(name, _)| name).collect()
    }

    /// The kind provider with these switches on, each by its name.
    ///
    /// # Errors
    /// `Config` when there is no such switch.
    pub fn only<S: AsRef<str>>(names: &[S]) -> Result<Self> {
        let extreme = object(&Self::extreme());
        let mut json = object(&Self::kind());
        for name in names {
            let value = extreme.get(name.as_ref()).filter(|value| json.get(name.as_ref()) != Some(*value)).cloned();
            let Some(value) = value else {
                return Err(Error::new(ErrorKind::Config, "no such switch; WorstOptions::switches lists them").with("name", name.as_ref()));
            };
            json.insert(name.as_ref().to_owned(), value);
        }
        serde_json::from_value(Value::Object(json))
            .map_err(|e| Error::new(ErrorKind::Unexpected, "the switches cannot be read back").caused_by(e))
    }

    /// The names of the switches that are on.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let (kind, own) = (object(&Self::kind()), object(self));
        own.into_iter().filter(|(name, value)| kind.get(name) != Some(value)).map(|(name, _)| name).collect()
    }

    /// Whether listings may speak of versions that were superseded.
    pub(crate) fn looks_back(&self) -> bool {
        self.listing_lag_rounds > 0 || !self.listing_lag.is_zero() || self.stale_rounds > 0 || self.repeats_lines
    }

    /// What a collection can do with a kind.
    pub(crate) fn capabilities(&self, kind: Kind) -> Capabilities {
        Capabilities::none().with(|c| {
            c.write = !self.read_only;
            c.incremental = !self.not_incremental;
            c.conditional = !self.unconditional;
            c.move_items = !self.no_move;
            c.trash = !self.no_trash;
            c.create = self.create;
            c.can_keep_silent = !self.cannot_keep_silent;
            c.photos = kind == Kind::Contact && !self.no_photos;
            c.attachments = kind != Kind::Contact && !self.no_attachments;
            c.exceptions = kind != Kind::Contact && !self.no_exceptions;
            c.find = !self.no_find;
            c.keeps_as_written = self.normalises != Normalises::Late;
            c.keeps_ids = !self.rekeys_on_edit;
            c.write_batch = self.write_batch;
        })
    }

    /// The roles of every repository.
    pub(crate) fn roles(&self) -> Vec<Role> {
        [(Role::Folders, !self.no_folders), (Role::Categories, !self.no_categories), (Role::Blobs, !self.no_blobs)]
            .into_iter()
            .filter_map(|(role, there)| there.then_some(role))
            .collect()
    }

    /// Whether some field is kept from us, or not held at all.
    pub(crate) fn withholds_anything(&self) -> bool {
        !self.hidden_fields.is_empty() || self.no_photos || self.no_attachments || self.no_exceptions || self.no_custom_fields
    }

    /// Whether a field is kept from us, or not held at all.
    pub(crate) fn withholds(&self, path: &str) -> bool {
        let custom = path == "custom" || path.starts_with("custom.");
        self.hidden_fields.contains(path)
            || (self.no_photos && path == "photo")
            || (self.no_attachments && path == "attachments")
            || (self.no_exceptions && path == "recurrenceOverrides")
            || (self.no_custom_fields && custom)
    }
}

/// The switches that are on, or `kind`.
impl fmt::Display for WorstOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.names();
        f.write_str(&if names.is_empty() { "kind".to_owned() } else { names.join(", ") })
    }
}

fn object(options: &WorstOptions) -> serde_json::Map<String, Value> {
    match serde_json::to_value(options) {
        Ok(Value::Object(map)) => map,
        // The options are a struct with string keys: JSON can always say them.
        _ => serde_json::Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_switch_can_be_switched_on_alone_by_its_name() {
        let switches = WorstOptions::switches();
        assert!(switches.len() > 40, "{switches:?}");
        for name in &switches {
            let options = WorstOptions::only(&[name]).unwrap();
            assert_eq!(options.names(), std::slice::from_ref(name));
            assert_eq!(options.to_string(), *name);
        }
        assert_eq!(WorstOptions::only(&["nonsense"]).unwrap_err().kind(), ErrorKind::Config);
        assert_eq!(WorstOptions::only(&["account"]).unwrap_err().kind(), ErrorKind::Config);
    }

    #[test]
    fn the_worst_has_every_switch_on_that_leaves_something_to_try() {
        let mut on = WorstOptions::worst().names();
        on.extend(NOT_TOGETHER.map(str::to_owned));
        on.sort();
        assert_eq!(on, WorstOptions::switches());
        assert_eq!(WorstOptions::kind().to_string(), "kind");
    }
}
