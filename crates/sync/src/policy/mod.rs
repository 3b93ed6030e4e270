//! What the engine does where the answer is a matter of taste. Data: from a config, or from code.

use pimkit_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Which side follows the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Both follow each other.
    #[default]
    TwoWay,
    /// The hub follows the far side; the far side is never written.
    ToLeft,
    /// The far side follows the hub; the hub is never written.
    ToRight,
}

/// Which value wins where both sides changed one field. The loser is kept in the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conflicts {
    /// The one changed later; where that cannot be told, the left one.
    #[default]
    Newest,
    /// The hub's.
    Left,
    /// The far side's.
    Right,
    /// The left one stays, and the other side's record becomes a record of its own.
    KeepBoth,
    /// Neither: both sides stay as they are until somebody decides.
    Ask,
}

/// What a deletion on one side does to the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deletes {
    /// Nothing; a tombstone keeps the deleted one from coming back.
    Ignore,
    /// It is held and shown; an approval carries it over.
    Ask,
    /// The other goes to the trash; where there is none, it is held.
    #[default]
    Trash,
    /// The other is deleted for good; the journal keeps what it was.
    Delete,
}

/// What a change is measured by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Granularity {
    /// Each field, or atomic group of fields, for itself.
    #[default]
    Field,
    /// The whole record is one field.
    Record,
}

/// Where a conflict's loser is kept beside the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loser {
    /// In the journal only.
    #[default]
    Journal,
}

/// Everything that is a matter of taste in one sync.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Policy {
    /// Which side follows the other.
    pub direction: Direction,
    /// Which value wins.
    pub conflicts: Conflicts,
    /// What a deletion does.
    pub deletes: Deletes,
    /// What a change is measured by.
    pub granularity: Granularity,
    /// Where a loser is kept.
    pub loser: Loser,
    /// How long a store whose items cannot be searched for may take to show a new item, in
    /// seconds. Until then a create whose answer was lost is neither repeated nor given up.
    pub settle_seconds: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            direction: Direction::default(),
            conflicts: Conflicts::default(),
            deletes: Deletes::default(),
            granularity: Granularity::default(),
            loser: Loser::default(),
            settle_seconds: 600,
        }
    }
}

impl Policy {
    /// Sets one policy by its config word.
    ///
    /// # Errors
    /// `Config` when the key is no policy, the word is none of its words, or is one that this
    /// version does not do; the message names it and says which words there are.
    pub fn set(&mut self, key: &str, word: &str) -> Result<()> {
        fn parse<T: for<'a> Deserialize<'a>>(key: &str, word: &str, words: &str, later: &[&str]) -> Result<T> {
            if later.contains(&word) {
                return Err(Error::new(ErrorKind::Config, format!("the policy {key} = \"{word}\" is not built yet; take one of: {words}")));
            }
            serde_json::from_value(serde_json::Value::String(word.to_owned()))
                .map_err(|_| Error::new(ErrorKind::Config, format!("the policy {key} has no word \"{word}\"; take one of: {words}")))
        }
        match key {
            "direction" => self.direction = parse(key, word, "two_way, to_left, to_right", &[])?,
            "conflicts" => self.conflicts = parse(key, word, "newest, left, right, keep_both, ask", &["organiser"])?,
            "deletes" => self.deletes = parse(key, word, "ignore, ask, trash, delete", &[])?,
            "granularity" => self.granularity = parse(key, word, "field, record", &[])?,
            "loser" => self.loser = parse(key, word, "journal", &["field"])?,
            _ => {
                return Err(Error::new(
                    ErrorKind::Config,
                    format!("there is no policy \"{key}\" in this version; there are: direction, conflicts, deletes, granularity, loser"),
                ));
            }
        }
        Ok(())
    }

    /// How long an item that cannot be searched for may stay unseen.
    #[must_use]
    pub fn settle(&self) -> Duration {
        Duration::from_secs(self.settle_seconds)
    }

    /// A number that changes when a policy changes: what was worked off under another is looked at again.
    #[must_use]
    pub(crate) fn fingerprint(&self) -> u64 {
        pimkit_core::cursor::binding(&[format!("{self:?}")])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_word_that_does_not_exist_is_refused_with_those_that_do() {
        let mut policy = Policy::default();
        policy.set("deletes", "ignore").unwrap();
        assert_eq!(policy.deletes, Deletes::Ignore);
        for (key, word, says) in [
            ("deletes", "burn", "no word \"burn\""),
            ("conflicts", "organiser", "not built yet"),
            ("loser", "field", "not built yet"),
            ("caps", "5", "no policy \"caps\""),
        ] {
            let error = policy.set(key, word).unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
            assert_eq!(error.kind(), ErrorKind::Config);
        }
    }
}
