//! Requests as data, and what their answers say. Nothing here sends anything: a file per resource, and what they share.

pub(crate) mod batch;
pub(crate) mod calendars;
pub(crate) mod categories;
pub(crate) mod contacts;
pub(crate) mod events;
pub(crate) mod folders;
pub(crate) mod messages;
pub(crate) mod odata;
pub(crate) mod path;
pub(crate) mod subscriptions;
pub(crate) mod todo;
pub(crate) mod users;

use crate::permission::Needs;
use http::{HeaderMap, HeaderValue, header::WWW_AUTHENTICATE};
use path::Path;
use pimkit_core::{Error, ErrorKind, Result};
use serde_json::Value;

/// One request below the root of the version, sent by itself or within a batch.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    /// The label of errors and spans: `graph.contacts.get`.
    pub(crate) operation: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: Path,
    /// Preferences beside those that every request has (`odata.maxpagesize=50`).
    pub(crate) prefer: Vec<String>,
    /// Other headers, such as `if-match`.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<Value>,
    /// Sending it twice does the same as once.
    pub(crate) idempotent: bool,
}

impl Call {
    fn new(operation: &'static str, method: &'static str, path: Path) -> Self {
        let idempotent = method == "GET";
        Self { operation, method, path, prefer: Vec::new(), headers: Vec::new(), body: None, idempotent }
    }

    /// A question.
    pub(crate) fn get(operation: &'static str, path: Path) -> Self {
        Self::new(operation, "GET", path)
    }

    /// A new item, or an action. Never sent twice when it may have been done.
    pub(crate) fn post(operation: &'static str, path: Path, body: Value) -> Self {
        Self { body: Some(body), ..Self::new(operation, "POST", path) }
    }

    /// A change. With a condition it may be sent again: what a second one finds is looked at.
    pub(crate) fn patch(operation: &'static str, path: Path, body: Value) -> Self {
        Self { body: Some(body), ..Self::new(operation, "PATCH", path) }
    }

    /// A deletion: sent twice it finds nothing the second time.
    pub(crate) fn delete(operation: &'static str, path: Path) -> Self {
        Self { idempotent: true, ..Self::new(operation, "DELETE", path) }
    }

    /// The same, on the version with this etag only.
    pub(crate) fn if_match(mut self, etag: &str) -> Self {
        self.headers.push(("if-match", etag.to_owned()));
        self.idempotent = true;
        self
    }

    /// The same, with one more preference.
    pub(crate) fn prefer(mut self, preference: impl Into<String>) -> Self {
        self.prefer.push(preference.into());
        self
    }

    /// The same, with or without harm when it is sent twice.
    pub(crate) fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = idempotent;
        self
    }
}

/// What a call came to: an answer of its own, or one inside of a batch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Content,
    /// An earlier try was perhaps done, though its answer was lost.
    pub(crate) maybe_done_before: bool,
    /// What the question needed, where it was refused (403).
    pub(crate) needs: Option<Needs>,
}

/// The body of a [`Reply`].
#[derive(Clone, Debug, Default)]
pub(crate) enum Content {
    #[default]
    Empty,
    Json(Value),
    /// Something else than JSON: a page for people, bytes.
    Other,
}

impl Reply {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What it says of signing in (`WWW-Authenticate`).
    pub(crate) fn challenge(&self) -> HeaderMap {
        let value = self.header("www-authenticate").and_then(|value| HeaderValue::from_str(value).ok());
        value.map(|value| (WWW_AUTHENTICATE, value)).into_iter().collect()
    }

    /// The body as JSON; `Null` when it is none.
    pub(crate) fn json(&self) -> &Value {
        match &self.body {
            Content::Json(value) => value,
            Content::Empty | Content::Other => &Value::Null,
        }
    }

    /// The object in the body.
    ///
    /// # Errors
    /// `InvalidData` when there is none: a login page, a proxy's word, a cut answer.
    pub(crate) fn into_object(self) -> Result<Value> {
        match self.body {
            Content::Json(value) if value.is_object() => Ok(value),
            _ => Err(Error::new(
                ErrorKind::InvalidData,
                "the answer is not an answer of Microsoft Graph; check the address, and what stands between",
            )
            .with("status", self.status)),
        }
    }
}
