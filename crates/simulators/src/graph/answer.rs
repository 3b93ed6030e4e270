//! Answers, and refusals in the service's shape (<https://learn.microsoft.com/graph/errors>).

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

/// What an answer holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    Empty,
    Json(Value),
    /// Bytes of a content type.
    Bytes(Vec<u8>, String),
}

/// What a JSON body is said to be, for the check against the table of shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// Nothing of the table: an error, a batch.
    Nothing,
    One(&'static str),
    Many(&'static str),
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
    pub(crate) says: Says,
}

/// A refusal.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) headers: Vec<(&'static str, String)>,
}

pub(crate) type Result<T = Answer> = std::result::Result<T, Box<Refusal>>;

/// A refusal.
pub(crate) fn refuse<T>(status: u16, code: &'static str, message: impl Into<String>) -> Result<T> {
    Err(refusal(status, code, message))
}

pub(crate) fn refusal(status: u16, code: &'static str, message: impl Into<String>) -> Box<Refusal> {
    Box::new(Refusal { status, code, message: message.into(), headers: Vec::new() })
}

/// 404 for what is not there.
pub(crate) fn not_found() -> Box<Refusal> {
    refusal(404, "ErrorItemNotFound", "The specified object was not found in the store.")
}

/// 400 for a request that makes no sense here.
pub(crate) fn invalid(message: impl Into<String>) -> Box<Refusal> {
    refusal(400, "ErrorInvalidRequest", message)
}

/// 405 for a method that a resource does not have.
pub(crate) fn no_such_method() -> Box<Refusal> {
    refusal(405, "ErrorInvalidRequest", "The OData request is not supported.")
}

/// 400 for a path that names nothing.
pub(crate) fn no_such_path(segment: &str) -> Box<Refusal> {
    refusal(400, "BadRequest", format!("Resource not found for the segment '{segment}'."))
}

impl Refusal {
    pub(crate) fn header(mut self: Box<Self>, name: &'static str, value: impl Into<String>) -> Box<Self> {
        self.headers.push((name, value.into()));
        self
    }

    /// As an answer; `date`, `request_id` and `client_request_id` stand in its inner error.
    pub(crate) fn answer(self, date: &str, request_id: &str, client_request_id: &str) -> Answer {
        let inner = json!({"date": date, "request-id": request_id, "client-request-id": client_request_id});
        let body = json!({"error": {"code": self.code, "message": self.message, "innerError": inner}});
        Answer { status: self.status, headers: self.headers, body: Body::Json(body), says: Says::Nothing }
    }
}

impl Answer {
    pub(crate) const fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::Empty, says: Says::Nothing }
    }

    pub(crate) const fn json(status: u16, body: Value, says: Says) -> Self {
        Self { status, headers: Vec::new(), body: Body::Json(body), says }
    }

    pub(crate) fn bytes(bytes: Vec<u8>, content_type: &str) -> Self {
        Self { status: 200, headers: Vec::new(), body: Body::Bytes(bytes, content_type.to_owned()), says: Says::Nothing }
    }

    pub(crate) fn text(status: u16, text: &str, content_type: &str) -> Self {
        Self { status, ..Self::bytes(text.as_bytes().to_vec(), content_type) }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The content type of the body; None without a body.
    pub(crate) fn content_type(&self) -> Option<String> {
        match &self.body {
            Body::Empty => None,
            Body::Json(_) => {
                Some("application/json; odata.metadata=minimal; odata.streaming=true; IEEE754Compatible=false; charset=utf-8".to_owned())
            }
            Body::Bytes(_, content_type) => Some(content_type.clone()),
        }
    }

    pub(crate) fn response(self) -> http::Response<Bytes> {
        let content_type = self.content_type().filter(|_| !self.headers.iter().any(|(name, _)| *name == "content-type"));
        let body = match self.body {
            Body::Empty => Bytes::new(),
            Body::Json(value) => Bytes::from(value.to_string()),
            Body::Bytes(bytes, _) => Bytes::from(bytes),
        };
        let mut response = http::Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers.into_iter().chain(content_type.map(|value| ("content-type", value))) {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}
