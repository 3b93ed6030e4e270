//! The one error type of connectors, stores and apps.
//!
//! Display is one line without the source's text, without secrets and without personal data: say
//! ids, field names and sizes, never a name, an address or a note.

use std::{borrow::Cow, error::Error as StdError, fmt, sync::Arc, time::Duration};

/// What went wrong, as a caller must tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The credentials are missing, wrong or revoked: ask the user to sign in again.
    Unauthenticated,
    /// Signed in, but not allowed.
    PermissionDenied,
    /// The collection is not there. Never an empty collection.
    CollectionGone,
    /// The cursor or page token is too old, foreign or damaged: start the round anew.
    CursorExpired,
    /// The provider asks to slow down; see [`Error::retry_after`].
    RateLimited,
    /// This connector never does this.
    Unsupported,
    /// Not here and not today: this account, server or collection does not do it.
    Unavailable,
    /// The write would mail somebody, and the caller said nobody.
    WouldNotify,
    /// Bytes, a record or a value that cannot be understood or taken.
    InvalidData,
    /// The configuration is wrong.
    Config,
    /// Somebody else holds the lease, or took it meanwhile.
    LeaseLost,
    /// Reading or writing the local disk or database failed.
    Storage,
    /// The wire failed: connection, time-out, truncated answer.
    Transport,
    /// Anything else. A bug report is welcome.
    Unexpected,
}

impl ErrorKind {
    /// The word used in messages, logs and JSON: `snake_case`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::PermissionDenied => "permission_denied",
            Self::CollectionGone => "collection_gone",
            Self::CursorExpired => "cursor_expired",
            Self::RateLimited => "rate_limited",
            Self::Unsupported => "unsupported",
            Self::Unavailable => "unavailable",
            Self::WouldNotify => "would_notify",
            Self::InvalidData => "invalid_data",
            Self::Config => "config",
            Self::LeaseLost => "lease_lost",
            Self::Storage => "storage",
            Self::Transport => "transport",
            Self::Unexpected => "unexpected",
        }
    }
}

/// Whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Persistence {
    /// The same call will fail the same way.
    Permanent,
    /// Trying again later may work.
    Temporary,
    /// It was tried again as often as allowed, and still failed.
    Persistent,
}

/// Cheap to clone: one failed call answers a whole batch.
#[derive(Clone, Debug)]
pub struct Error {
    kind: ErrorKind,
    persistence: Persistence,
    message: Cow<'static, str>,
    operation: Option<&'static str>,
    context: Vec<(&'static str, String)>,
    retry_after: Option<Duration>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// `Result` with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A new error. `message` says what went wrong and what to do next, in one line, with no
    /// personal data. Rate limits, unavailability and transport failures start out temporary, all
    /// else permanent.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        let persistence = match kind {
            ErrorKind::RateLimited | ErrorKind::Unavailable | ErrorKind::Transport | ErrorKind::LeaseLost => Persistence::Temporary,
            _ => Persistence::Permanent,
        };
        Self { kind, persistence, message: message.into(), operation: None, context: Vec::new(), retry_after: None, source: None }
    }

    /// Says which operation failed, such as `vdir.write`.
    #[must_use]
    pub fn during(mut self, operation: &'static str) -> Self {
        self.operation = Some(operation);
        self
    }

    /// Adds a pair of context: an id, a path, a number. No secrets, no personal data.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.context.push((key, value.to_string()));
        self
    }

    /// Keeps what caused it.
    #[must_use]
    pub fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Says when to come back.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Overrides whether trying again can help.
    #[must_use]
    pub fn persistence(mut self, persistence: Persistence) -> Self {
        self.persistence = persistence;
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// True when trying again later may work.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.persistence == Persistence::Temporary
    }

    /// When the provider asked us to come back.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Which operation failed, such as `vdir.write`.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.operation
    }

    /// The pairs of context, in the order in which they were added.
    #[must_use]
    pub fn context(&self) -> &[(&'static str, String)] {
        &self.context
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = self.operation {
            write!(f, "{operation}: ")?;
        }
        f.write_str(&self.message)?;
        for (n, (key, value)) in self.context.iter().enumerate() {
            let open = if n == 0 { " (" } else { ", " };
            // A context value from a server may hold a line break; an error stays on one line.
            write!(f, "{open}{key} {}", value.replace(['\r', '\n'], " "))?;
        }
        if !self.context.is_empty() {
            f.write_str(")")?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|s| &**s as &(dyn StdError + 'static))
    }
}

/// `Error` as it is kept in the state: kind and line, for reports.
impl serde::Serialize for Error {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{}: {self}", self.kind.word()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line_with_its_context_and_without_its_source() {
        let source = std::io::Error::other("secret token 123");
        let error = Error::new(ErrorKind::Storage, "the file cannot be read; check its permissions")
            .during("vdir.fetch")
            .with("item", "a.vcf")
            .with("folder", "x\ny")
            .caused_by(source);
        assert_eq!(error.to_string(), "vdir.fetch: the file cannot be read; check its permissions (item a.vcf, folder x y)");
        assert!(error.source().is_some());
        assert!(!error.is_temporary());
    }

    #[test]
    fn a_rate_limit_is_temporary_and_says_when_to_come_back() {
        let error = Error::new(ErrorKind::RateLimited, "slow down").retry_after(Duration::from_secs(7));
        assert!(error.is_temporary());
        assert_eq!(error.wait(), Some(Duration::from_secs(7)));
    }
}
