//! What was asked, for tests that count requests, and what nobody may ask or answer.

/// One request and how it was answered; those within a batch come after it, one by one. Neither credentials nor bodies are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphSeen {
    /// The method, in capitals.
    pub method: String,
    /// The path as it was sent, below the version, without the query.
    pub path: String,
    /// The query as it was sent, without `?`; empty if there was none.
    pub query: String,
    /// The status of the answer; 0 if the connection broke without one.
    pub status: u16,
    /// Whether immutable ids were preferred.
    pub immutable: bool,
    /// Whether it stood in a batch.
    pub inside_batch: bool,
    /// The `client-request-id` header.
    pub client_request_id: Option<String>,
    /// Properties of the body that the service ignores because they are its own.
    pub ignored: Vec<String>,
    /// Bytes of the request's body.
    pub sent: usize,
    /// Bytes of the answer's body.
    pub received: usize,
}

/// Something that v1.0 does not have, in a request or in an answer of this simulator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Whether an answer had it, which is a fault of the simulator, and not a request.
    pub in_answer: bool,
    /// The method, in capitals.
    pub method: String,
    /// The path below the version, without ids.
    pub path: String,
    /// What it was.
    pub what: String,
}
