//! What a run did, for people and programs.

use crate::{guard::Tally, score::Score};
use jiff::Timestamp;
use pimkit_core::{Kind, Side};
use serde::{Deserialize, Serialize};

/// A number per side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerSide {
    /// Of the hub.
    pub left: u64,
    /// Of the far side.
    pub right: u64,
}

impl PerSide {
    /// One more on a side.
    pub fn add(&mut self, side: Side) {
        match side {
            Side::Left => self.left += 1,
            Side::Right => self.right += 1,
        }
    }

    /// Both together.
    #[must_use]
    pub fn total(self) -> u64 {
        self.left + self.right
    }
}

/// An item that was left over, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOver {
    /// The item's id on its side.
    pub id: String,
    /// The side.
    pub side: Side,
    /// Why, in one line.
    pub error: String,
}

/// Something that a guard holds until somebody allows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// What `--approve` takes.
    pub approve: String,
    /// The guard.
    pub guard: String,
    /// What it saw, in one line.
    pub shown: String,
    /// How many items it covers.
    pub items: u64,
}

/// One of several items that an item fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its id on its side.
    pub id: String,
    /// How well it fits.
    pub score: Score,
}

/// An item that could not be told apart: it waits, or was decided about as `ambiguous` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ambiguity {
    /// The item's id on its side.
    pub id: String,
    /// The side.
    pub side: Side,
    /// Those that it fits, or that fit as well as it does; the best first.
    pub candidates: Vec<Candidate>,
}

/// What became of one sync in one run. Counts are of items written, by the side written to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncReport {
    /// The sync.
    pub name: String,
    /// The kind, in the plural.
    pub kind: String,
    /// The hub's account name.
    pub left: String,
    /// The far account's name.
    pub right: String,
    /// Items made.
    pub created: PerSide,
    /// Items changed.
    pub updated: PerSide,
    /// Items deleted or put into the trash.
    pub deleted: PerSide,
    /// Pairs joined by matching.
    pub linked: u64,
    /// Links that stand, and with nothing to write.
    pub unchanged: u64,
    /// Fields or groups that both sides had changed.
    pub conflicts: u64,
    /// Items that wait for somebody: held links and what guards hold.
    pub held: u64,
    /// Guards that hold.
    pub holds: Vec<Hold>,
    /// Items that could not be done; they are tried again.
    pub quarantined: Vec<LeftOver>,
    /// Items that several others fit, with what speaks for each; the first hundred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ambiguous: Vec<Ambiguity>,
    /// Collections that could not be read, and what else a person must know: one line each.
    pub notes: Vec<String>,
    /// Items that a cap leaves to the next run, by the side that they are to be made or changed on.
    #[serde(default)]
    pub carried_over: PerSide,
    /// What a person may like to know and need not act on: one line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// Set when the run could not go on.
    pub failed: Option<String>,
    /// Set when the sync rests and nothing was done: since when, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rests: Option<String>,
    /// The run that was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<u64>,
    /// What was written, by side and collection, as guards count it over a day: what somebody approved is not in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tally: Vec<Tally>,
}

impl SyncReport {
    /// Of a sync that has done nothing yet.
    #[must_use]
    pub fn new(name: &str, kind: Kind, left: &str, right: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: kind.plural().to_owned(),
            left: left.to_owned(),
            right: right.to_owned(),
            created: PerSide::default(),
            updated: PerSide::default(),
            deleted: PerSide::default(),
            linked: 0,
            unchanged: 0,
            conflicts: 0,
            held: 0,
            holds: Vec::new(),
            quarantined: Vec::new(),
            ambiguous: Vec::new(),
            notes: Vec::new(),
            carried_over: PerSide::default(),
            remarks: Vec::new(),
            failed: None,
            rests: None,
            undoes: None,
            tally: Vec::new(),
        }
    }

    /// How many items were written, on either side.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.created.total() + self.updated.total() + self.deleted.total()
    }

    /// How the run ended.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.failed.is_some() {
            Verdict::Failed
        } else if !self.holds.is_empty() {
            Verdict::Held
        } else if !self.quarantined.is_empty() || self.held > 0 || self.carried_over.total() > 0 || !self.notes.is_empty() {
            Verdict::LeftOver
        } else {
            Verdict::Done
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything is done: exit 0.
    Done,
    /// Some items are left over: exit 3.
    LeftOver,
    /// A guard holds: exit 4.
    Held,
    /// The run could not go on: exit 1.
    Failed,
}

impl Verdict {
    /// The exit code of the program.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::LeftOver => 3,
            Self::Held => 4,
        }
    }
}

/// What became of one run of one pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The run's number.
    pub run: u64,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
    /// What was done.
    pub sync: SyncReport,
}

/// Where a run is, for progress bars.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// A stage begins; `of` is how many items it will handle, when known.
    Stage {
        /// `recover`, `observe left`, `observe right`, `match`, `apply`.
        stage: &'static str,
        /// How many items, when known.
        of: Option<u64>,
    },
    /// So many more items of the stage are done.
    Items(u64),
}

/// Where progress goes.
pub trait Watch: Send + Sync {
    /// Called often; must not block.
    fn progress(&self, progress: Progress);
}

/// Nobody watches.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn progress(&self, _: Progress) {}
}
