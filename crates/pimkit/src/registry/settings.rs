//! Reading the values of a connector's keys.

use super::{ADDRESS, OpenError};
use pimkit_core::Value;
#[cfg(any(feature = "local", feature = "vdir"))]
use std::path::{Path, PathBuf};

/// The key `path`, from `base` on when it is relative.
#[cfg(any(feature = "local", feature = "vdir"))]
pub(super) fn path(connector: &'static str, settings: &Value, base: &Path) -> Result<PathBuf, OpenError> {
    let refuse = |reason| OpenError::Setting { connector, key: "path", reason };
    match settings.get("path") {
        None => Err(refuse("is missing; say where it is, as path = \"…\"")),
        Some(Value::String(text)) if text.is_empty() => Err(refuse("is empty; say where it is")),
        Some(Value::String(text)) => Ok(base.join(text)),
        Some(_) => Err(refuse("is no text; put the path in quotes")),
    }
}

/// A key that is a text, when it is there.
#[cfg(any(feature = "dav", feature = "graph", feature = "local"))]
pub(super) fn text(connector: &'static str, key: &'static str, settings: &Value) -> Result<Option<String>, OpenError> {
    match settings.get(key) {
        None => Ok(None),
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(OpenError::Setting { connector, key, reason: "is no text, or an empty one; put it in quotes, or take it out" }),
    }
}

/// The key `address`: one text or a list of texts.
pub(super) fn addresses(connector: &'static str, settings: &Value) -> Result<Vec<String>, OpenError> {
    texts(connector, ADDRESS, "is neither an address in quotes nor a list of them", settings)
}

/// A key that is one text or a list of texts.
pub(super) fn texts(connector: &'static str, key: &'static str, reason: &'static str, settings: &Value) -> Result<Vec<String>, OpenError> {
    let refuse = || OpenError::Setting { connector, key, reason };
    match settings.get(key) {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![text.clone()]),
        Some(Value::Array(list)) => list.iter().map(|v| v.as_str().map(str::to_owned).ok_or_else(refuse)).collect(),
        Some(_) => Err(refuse()),
    }
}
