//! A play: everything that happens in one simulation, as data. The same play comes to the same end.

use crate::{
    coverage::{Hit, Place, Wrong},
    far::Mood,
    props::{On, Prop, Props},
};
use pimkit_contract::{
    WorstOptions,
    worst::{Fault, Normalises, Operation},
};
use pimkit_core::{Create, Error, ErrorKind, Kind, Result, Value};
use pimkit_sync::Policy;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

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
    /// Policies of every sync whose values are no words.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, Value>,
    /// What there is beside users and sides.
    #[serde(default, skip_serializing_if = "Props::is_none")]
    pub props: Props,
    /// Lines on a page.
    pub page_size: u32,
    /// Whether the engine's memory is SQLite.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sqlite: bool,
    /// What the play is about, beside everything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scene: Option<Scene>,
    /// What happens, in order.
    pub moves: Vec<Move>,
}

/// Something that comes together by chance too seldom, and so is set up in some of the plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scene {
    /// A round starts over, and something of its first pages is deleted meanwhile.
    StartsOver,
    /// Users of two mailboxes write into the same field, one after the other, and are synced later.
    TwoWriters,
    /// A side does not tell a field every so often.
    Unread,
    /// A side cannot read some of its items.
    Unreadable,
    /// More is deleted between the question and the answer.
    Grows,
    /// A meeting is in two calendars, and its guest writes into the copy there.
    Meeting,
    /// The app knows who takes part, and keeps it to itself.
    Guests,
    /// Two syncs share a mailbox, and one of them is ended.
    TwoSyncs,
}

impl Scene {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::StartsOver, Self::TwoWriters, Self::Unread, Self::Unreadable, Self::Grows, Self::Meeting, Self::Guests, Self::TwoSyncs];
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
    /// The second sync with that far side.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub second: bool,
    /// The sync is ended with this run, and takes away what it made.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ends: bool,
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
    /// What users do while it runs: when a certain request has arrived.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<(Cue, Act)>,
    /// What goes wrong at a certain place of a stage, wherever in the run that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aim: Option<Aim>,
}

impl RunPlan {
    /// What the sync is called.
    pub(crate) fn sync(&self) -> String {
        format!("sync{}{}", self.far, if self.second { "b" } else { "" })
    }
}

/// A request of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cue {
    /// The side: 0 is the hub.
    pub side: u8,
    /// What it asks for.
    pub operation: Operation,
    /// Which of these, from 1.
    pub nth: u64,
}

/// The process dies, loses its work to another one, or cannot write its memory, at a place of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aim {
    /// What.
    pub wrong: Wrong,
    /// The stage.
    pub stage: Hit,
    /// Where in it.
    pub place: Place,
    /// Which time that the run comes by there, from 1.
    pub nth: u32,
}

/// One thing that goes wrong with a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedFault {
    /// The side: 0 is the hub.
    pub side: u8,
    /// Counted among requests of this operation; among all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
    /// Counted among the requests of this stage and operation; of the whole run when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Hit>,
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
    /// Calls a meeting, and the providers put a copy into the calendar of its guest.
    Meet {
        /// The side of its organiser.
        side: u8,
        /// The side of its guest.
        guest: u8,
        /// Its number.
        thing: u32,
        /// Slots and the tokens in them.
        slots: Vec<(u8, u32)>,
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
    /// Does something with a prop.
    Prop {
        /// The side.
        side: u8,
        /// Which item.
        on: On,
        /// What.
        prop: Prop,
    },
}

impl RunPlan {
    /// Whether the run may end before it has taken down what came of its writes, or users act while it writes.
    pub(crate) fn leaves_doubts(&self) -> bool {
        !self.acts.is_empty()
            || !self.on.is_empty()
            || !self.faults.is_empty()
            || self.commit.is_some()
            || self.stop.is_some()
            || self.taken.is_some()
    }
}

/// Traits that the simulation adds to those of [`WorstOptions::switches`].
pub(crate) const OWN_SWITCHES: [&str; 5] = ["findable", "by_content", "normalises_at_once", "pages_expire", "slow"];

/// The address of the user of a far side.
pub(crate) fn address(far: usize) -> String {
    format!("user{far}@far.example")
}

impl FarPlan {
    /// Whether it has this trait.
    #[must_use]
    pub fn has(&self, switch: &str) -> bool {
        self.switches.iter().any(|s| s == switch)
    }

    /// Whether its listings show what is there some time after it came to be.
    pub(crate) fn lists_late(&self) -> bool {
        self.switches.iter().any(|s| s == "slow" || s.starts_with("listing_lag"))
    }

    /// The options of the far side of this number.
    ///
    /// # Errors
    /// `Config` when there is no such switch.
    pub fn options(&self, number: usize) -> Result<WorstOptions> {
        let (own, theirs): (Vec<&str>, Vec<&str>) = self.switches.iter().map(String::as_str).partition(|s| OWN_SWITCHES.contains(s));
        Ok(WorstOptions::only(&theirs)?.with(|o| {
            o.account = format!("far{number}");
            o.addresses = vec![address(number)];
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
    /// The far sides that have a switch, by their number, from 1.
    pub(crate) fn sides_with(&self, switch: &str) -> BTreeSet<u8> {
        (1..).zip(&self.fars).filter(|(_, far)| far.has(switch)).map(|(side, _)| side).collect()
    }

    /// The policy of every sync.
    ///
    /// # Errors
    /// `Config` when a word is none of its policy's.
    pub fn policy(&self) -> Result<Policy> {
        let mut policy = Policy::default();
        for (key, word) in &self.policy {
            policy.set(key, word)?;
        }
        for (key, value) in &self.settings {
            policy.set_value(key, value.clone())?;
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
