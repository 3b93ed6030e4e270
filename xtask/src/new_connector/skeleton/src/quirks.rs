//! What the service does otherwise than one would think, as data: each with where it was seen, and the test that shows it.

use serde::{Deserialize, Serialize};

/// How the service differs. Nothing is known yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Quirks {}
