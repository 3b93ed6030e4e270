//! Plays that once failed, kept so that they never fail again.

use crate::play::Play;
use pimkit_core::{Error, ErrorKind, Result};
use serde::Deserialize;

const KEPT: &str = include_str!("../regressions.toml");

/// A play that once failed.
#[derive(Clone, Debug)]
pub struct Regression {
    /// What was wrong.
    pub why: String,
    /// The play.
    pub play: Play,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    why: String,
    play: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    regression: Vec<Kept>,
}

/// Every play of `regressions.toml`.
///
/// # Errors
/// `InvalidData` when the file is not what it must be.
pub fn regressions() -> Result<Vec<Regression>> {
    let file: File =
        toml::from_str(KEPT).map_err(|e| Error::new(ErrorKind::InvalidData, "sim/regressions.toml cannot be read").caused_by(e))?;
    file.regression.into_iter().map(|kept| Ok(Regression { why: kept.why, play: Play::from_line(&kept.play)? })).collect()
}
