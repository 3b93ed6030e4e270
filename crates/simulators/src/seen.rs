//! What was asked, for tests that count requests.

/// One request and how it was answered. Neither credentials nor bodies are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The method, in capitals.
    pub method: String,
    /// The path as it was sent.
    pub path: String,
    /// The `Depth` header.
    pub depth: Option<String>,
    /// The local name of the body's root element: which REPORT it was.
    pub report: Option<String>,
    /// The status of the answer; 0 if the connection broke without one.
    pub status: u16,
    /// Bytes of the request's body.
    pub sent: usize,
    /// Bytes of the answer's body.
    pub received: usize,
}
