//! Recorded traffic, as data: what `fixtures/<connector>/<case>/` holds.

use serde::{Deserialize, Serialize};

/// `case.toml`: what a recorded case shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Version of this format: 1.
    pub format: u32,
    /// What the case shows, in a sentence.
    pub shows: String,
    /// Where the traffic comes from.
    pub provenance: Provenance,
    /// What the connector must make of it.
    pub expect: Expectation,
}

/// Where traffic comes from. Never "recorded" when it was not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Provenance {
    /// Taken off the wire between us and this server and version.
    Recorded {
        /// Server and version.
        from: String,
        /// The day, `2026-11-22`.
        on: String,
    },
    /// Taken from somebody else's recording.
    Replayed {
        /// Whose.
        from: String,
    },
    /// Written by hand after the provider's reference page.
    Composed {
        /// The page.
        from: String,
    },
}

/// What a case must come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Expectation {
    /// The operation succeeds.
    Ok,
    /// It fails with this word of [`ErrorKind`](crate::ErrorKind).
    Error {
        /// The word.
        kind: String,
    },
}

/// One exchange of `traffic.json`; the file is a list of them, in the order of the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// What was asked.
    pub request: Message,
    /// What came back.
    pub response: Message,
}

/// One half of an exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Message {
    /// Of a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Of a request: path and query; no host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Of a response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Names in lower case, in the order of the wire; a name may come several times.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The file beside `traffic.json` that holds the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}
