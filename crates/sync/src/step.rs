//! One step of a plan, as it lies in the state.

use crate::{guard::Sort, undo::Undone};
use pimkit_core::{CollectionId, Delete, Field, FieldChange, Fields, ItemId, Kind, Mark, Revision, Side};
use serde::{Deserialize, Serialize};

/// What is to be done with one pair of items, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The kind of the items.
    pub kind: Kind,
    /// What is done.
    pub action: Action,
    /// The link; absent for an item that has none yet.
    pub link: Option<String>,
    /// The link's version that the step was planned against.
    pub link_version: u64,
    /// The hub end.
    pub hub: End,
    /// The far end.
    pub far: End,
    /// Why, for people; no personal data.
    pub reason: String,
    /// The policy that decided, as `key = word`.
    pub policy: Option<String>,
    /// What becomes the base of the link once the writes are done.
    pub agreed: Vec<Agreed>,
    /// Values that lost a conflict.
    pub lost: Vec<FieldChange>,
    /// How many fields or groups both sides had changed.
    pub conflicts: u64,
    /// Evidence of a deletion.
    pub evidence: Option<String>,
    /// Set by a guard: what must be approved first.
    pub held: Option<String>,
    /// What somebody said to it, when a guard had asked.
    #[serde(default)]
    pub approved: Option<String>,
    /// What of its writes somebody said yes to: it is in no later count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) answered: Vec<(Sort, Option<Side>)>,
    /// It belongs to the end of the sync: what it takes away nobody deleted.
    #[serde(default)]
    pub ends: bool,
    /// A cap leaves it to a later run.
    #[serde(default)]
    pub carried: bool,
    /// What is taken back by it.
    #[serde(default)]
    pub undoes: Option<Undone>,
    /// The hub record that was deleted, and is made again by it.
    #[serde(default)]
    pub replaces: Option<ItemId>,
    /// Fields that wait: both sides changed them and somebody must decide, or a side may not be
    /// written. For people.
    pub waiting: Vec<String>,
    /// What each side has of the fields that somebody must decide on, from what was agreed last.
    #[serde(default)]
    pub undecided: Vec<FieldChange>,
    /// A mark of its own for a far item that carries another one's.
    #[serde(default)]
    pub remark: Option<Mark>,
    /// The far item was read since we wrote it last.
    pub reread: bool,
    /// Far fields that came back other than we wrote them: the field, and a number for what was
    /// sent and what came.
    pub flipped: Vec<Field>,
}

impl Step {
    /// A step that agrees on nothing and lost nothing yet.
    pub(crate) fn new(kind: Kind, action: Action, link: Option<(String, u64)>, hub: End, far: End, reason: String) -> Self {
        let (link, link_version) = link.map_or((None, 0), |(id, version)| (Some(id), version));
        Self {
            kind,
            action,
            link,
            link_version,
            hub,
            far,
            reason,
            policy: None,
            agreed: Vec::new(),
            lost: Vec::new(),
            conflicts: 0,
            evidence: None,
            held: None,
            approved: None,
            answered: Vec::new(),
            carried: false,
            ends: false,
            undoes: None,
            replaces: None,
            waiting: Vec::new(),
            undecided: Vec::new(),
            remark: None,
            reread: true,
            flipped: Vec::new(),
        }
    }

    /// Has the far item get a mark of its own, beside what else is written to it.
    pub(crate) fn give_mark(&mut self, mark: Mark) {
        self.remark = Some(mark);
        if self.far.write.is_none() {
            self.far.write = Some(SideWrite::Fields { fields: Fields::new(), from: Fields::new() });
        }
        if self.action == Action::Agree {
            self.action = Action::Update;
            "it is a copy, and gets a mark of its own".clone_into(&mut self.reason);
        }
    }

    /// Whether the step makes a record of its own of a conflict's loser: it has no link, and the
    /// next run finds it as any other record.
    pub(crate) fn is_copy(&self) -> bool {
        matches!(self.action, Action::Create(_)) && self.link.is_none() && self.policy.is_some() && self.undoes.is_none()
    }
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Makes an item on this side.
    Create(Side),
    /// Changes one or both ends.
    Update,
    /// Nothing is written; the base moves.
    Agree,
    /// Deletes the item on this side.
    Delete(Side),
    /// Leaves the item on this side alone for good; the other end is gone.
    Suppress(Side),
    /// Forgets a link whose both ends are gone.
    Forget,
    /// The item on this side takes the place of the link's end, which moved or was re-made.
    Repoint(Side),
    /// Nothing is done until somebody decides.
    Hold,
}

impl Action {
    /// The word used in plans and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::Update => "update",
            Self::Agree => "agree",
            Self::Delete(_) => "delete",
            Self::Suppress(_) => "suppress",
            Self::Forget => "forget",
            Self::Repoint(_) => "repoint",
            Self::Hold => "hold",
        }
    }
}

/// One end of a step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// Where the item is, or is to be.
    pub collection: CollectionId,
    /// The item; absent while it is to be made.
    pub item: Option<ItemId>,
    /// The revision that the step was planned against.
    pub revision: Option<Revision>,
    /// What is written here.
    pub write: Option<SideWrite>,
}

/// What is written to one side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SideWrite {
    /// A new item.
    Create {
        /// Its mark.
        mark: Mark,
        /// Its generation.
        generation: u32,
        /// The record, encoded.
        #[serde(with = "as_text")]
        record: Vec<u8>,
    },
    /// Fields of the item that is there; `null` clears.
    Fields {
        /// What they are to be.
        fields: Fields,
        /// What they are, for people and undo.
        from: Fields,
    },
    /// The item goes.
    Delete(Delete),
}

/// Encoded records are JSON: as a text they take a tenth of the room that a list of numbers takes, in memory and on disk.
mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, ser::Error};

    pub(super) fn serialize<S: Serializer>(record: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(std::str::from_utf8(record).map_err(S::Error::custom)?)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        String::deserialize(from).map(String::into_bytes)
    }
}

/// A pair of values that the base of a link becomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreed {
    /// The hub's field.
    pub left: Field,
    /// Its value.
    pub hub: Option<pimkit_core::Value>,
    /// The far field.
    pub right: Field,
    /// Its value; where the far side is written, what was sent, until it is read back.
    pub far: Option<pimkit_core::Value>,
}

/// A step as a plan shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Its place.
    pub step: u64,
    /// What and why.
    #[serde(flatten)]
    pub body: Step,
}
