//! A play: everything that happens in one simulation, as data. The same play comes to the same end.

use crate::far::Mood;
use pimkit_contract::{
    WorstOptions,
    worst::{Fault, Normalises, Operation},
};
use pimkit_core::{Create, Error, ErrorKind, Kind, Result};
use pimkit_sync::Policy;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// Everything that happens in one simulation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Play {
    /// Whence the engine's ids come.
    pub seed: u64,
    /// What the users keep.
    pub kind: Kind,
    /// The far sides; each is one sync with the hub.
    pub fars: Vec<FarPlan>,
    /// The policy of every sync, by its config words.
    pub policy: BTreeMap<String, String>,
    /// Lines on a page.
    pub page_size: u32,
    /// Whether the engine's memory is SQLite.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sqlite: bool,
    /// What happens, in order.
    pub moves: Vec<Move>,
}

/// What one far side is like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FarPlan {
    /// The names of its unpleasant traits: switches of [`WorstOptions`], or one of ours.
    pub switches: Vec<String>,
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Move {
    /// A user does something.
    Act(Act),
    /// Time passes.
    Wait(u32),
    /// The operating system corrects its clock by so many seconds.
    Clock(i32),
    /// One sync runs.
    Run(RunPlan),
}

/// One run of one sync.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunPlan {
    /// Which sync: the number of its far side, from 1.
    pub far: u8,
    /// What goes wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<PlannedFault>,
    /// A commit that fails: which, from 1, and whether it took effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<(u64, bool)>,
    /// The process dies here: after so many times that the run gave way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<u32>,
    /// Another process takes the work over here, and this one finds out later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken: Option<u32>,
    /// What the last run of the sync held is approved, as it was shown.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub approve: bool,
    /// What users do while it runs: after so many times that it gave way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub acts: Vec<(u32, Act)>,
}

/// One thing that goes wrong with a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedFault {
    /// The side: 0 is the hub.
    pub side: u8,
    /// Counted among requests of this operation; among all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
    /// Which, from 1.
    pub nth: u64,
    /// What.
    pub fault: Fault,
}

/// What a user does. Items are picked by a number, whatever is there: a play with something taken out is a play.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Makes a thing.
    Make {
        /// The side.
        side: u8,
        /// Its number.
        thing: u32,
        /// Slots and the tokens in them.
        slots: Vec<(u8, u32)>,
        /// Whether it has a uid.
        uid: bool,
    },
    /// Writes a token into a slot.
    Write {
        /// The side.
        side: u8,
        /// Which item.
        pick: u32,
        /// Which slot.
        slot: u8,
        /// The token.
        token: u32,
        /// Of a set, the element that gives way; the token is added when absent.
        at: Option<u32>,
        /// Whether it is a long text.
        long: bool,
    },
    /// Takes an element, or all, out of a slot.
    Clear {
        /// The side.
        side: u8,
        /// Which item.
        pick: u32,
        /// Which slot.
        slot: u8,
        /// Which element.
        at: u32,
    },
    /// Deletes an item.
    Delete {
        /// The side.
        side: u8,
        /// Which item.
        pick: u32,
    },
    /// Duplicates an item, and calls the copy something else: it is a thing of its own.
    Copy {
        /// The side.
        side: u8,
        /// Which item.
        pick: u32,
        /// The copy's number.
        thing: u32,
    },
    /// Puts a mood on an item or collection, or takes it off.
    Mood {
        /// The side.
        side: u8,
        /// Which item.
        pick: u32,
        /// What.
        mood: Mood,
        /// On or off.
        on: bool,
    },
}

/// Traits that the simulation adds to those of [`WorstOptions::switches`].
pub(crate) const OWN_SWITCHES: [&str; 5] = ["findable", "by_content", "normalises_at_once", "pages_expire", "slow"];

impl FarPlan {
    /// The options of the far side of this number.
    ///
    /// # Errors
    /// `Config` when there is no such switch.
    pub fn options(&self, number: usize) -> Result<WorstOptions> {
        let (own, theirs): (Vec<&str>, Vec<&str>) = self.switches.iter().map(String::as_str).partition(|s| OWN_SWITCHES.contains(s));
        Ok(WorstOptions::only(&theirs)?.with(|o| {
            o.account = format!("far{number}");
            for name in own {
                match name {
                    "findable" => o.create = Create::Findable { settles_after: Duration::from_secs(30) },
                    "by_content" => o.create = Create::ByContent,
                    "pages_expire" => {
                        o.page_expires_every = Some(4);
                        o.page_size = Some(2);
                    }
                    "slow" => o.listing_lag = Duration::from_secs(60),
                    _ => o.normalises = Normalises::AtOnce,
                }
            }
            // Who makes no promise on repeats does not let us choose the id either.
            o.server_made_ids |= o.create != Create::Repeatable;
        }))
    }
}

impl Play {
    /// The policy of every sync.
    ///
    /// # Errors
    /// `Config` when a word is none of its policy's.
    pub fn policy(&self) -> Result<Policy> {
        let mut policy = Policy::default();
        for (key, word) in &self.policy {
            policy.set(key, word)?;
        }
        Ok(policy)
    }

    /// The play as one line.
    ///
    /// # Errors
    /// `Unexpected` when it cannot be said in JSON.
    pub fn to_line(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|e| Error::new(ErrorKind::Unexpected, "a play cannot be written down").caused_by(e))
    }

    /// The play of such a line.
    ///
    /// # Errors
    /// `InvalidData` when it is none.
    pub fn from_line(line: &str) -> Result<Self> {
        serde_json::from_str(line).map_err(|e| Error::new(ErrorKind::InvalidData, "this is no play; see `--seed N --json`").caused_by(e))
    }
}
