//! What went wrong on the road, and what the provider may have done all the same.

use pimkit_core::{Error, ErrorKind, Outcome};
use std::{error::Error as StdError, fmt};

/// What a request that failed may have done at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Nothing: it never left, or no connection was there to take it.
    NotSent,
    /// Nothing: the provider answered that it did not do it.
    Refused,
    /// Perhaps everything: it left, and what became of it is not known.
    Unknown,
}

impl Effect {
    /// The word of logs: `snake_case`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// A failed request. A read needs only the [`Error`] (`?` takes it out); a write asks [`Failure::effect`] first: what is
/// [`Effect::Unknown`] must be probed before it is repeated.
#[derive(Clone, Debug)]
pub struct Failure {
    effect: Effect,
    error: Error,
}

impl Failure {
    /// It never left.
    #[must_use]
    pub fn not_sent(error: Error) -> Self {
        Self { effect: Effect::NotSent, error }
    }

    /// The provider refused it.
    #[must_use]
    pub fn refused(error: Error) -> Self {
        Self { effect: Effect::Refused, error }
    }

    /// It left, and nobody knows.
    #[must_use]
    pub fn unknown(error: Error) -> Self {
        Self { effect: Effect::Unknown, error }
    }

    /// What the provider may have done.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// What went wrong.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// The error alone.
    #[must_use]
    pub fn into_error(self) -> Error {
        self.error
    }

    /// What it means for a write: only what is known not to have been done is refused.
    #[must_use]
    pub fn into_outcome<R>(self, operation: &'static str) -> Outcome<R> {
        let error = self.error.during(operation);
        match self.effect {
            Effect::Unknown => Outcome::Unknown(error),
            Effect::NotSent | Effect::Refused => Outcome::Refused(error),
        }
    }

    pub(crate) fn map(self, change: impl FnOnce(Error) -> Error) -> Self {
        Self { effect: self.effect, error: change(self.error) }
    }

    /// The same, after an earlier try of the same request that may have been done.
    pub(crate) fn after_unknown(self, earlier: bool) -> Self {
        if earlier { Self { effect: Effect::Unknown, ..self } } else { self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.error.source()
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// An answer that was cut off, or is not what its headers say.
pub(crate) fn cut_off(message: &'static str) -> Failure {
    Failure::unknown(Error::new(ErrorKind::Transport, message))
}

/// An answer beyond a bound.
pub(crate) fn too_large(message: &'static str, limit: u64) -> Failure {
    Failure::unknown(Error::new(ErrorKind::InvalidData, message).with("limit", limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_refused_only_when_it_is_known_not_to_have_been_done() {
        let error = || Error::new(ErrorKind::Transport, "the connection broke");
        for (failure, unknown) in
            [(Failure::not_sent(error()), false), (Failure::refused(error()), false), (Failure::unknown(error()), true)]
        {
            match failure.into_outcome::<()>("x.write") {
                Outcome::Unknown(error) => assert!(unknown && error.to_string().contains("x.write"), "{error}"),
                Outcome::Refused(error) => assert!(!unknown && error.to_string().contains("x.write"), "{error}"),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_try_that_was_not_sent_stays_unknown_after_one_that_may_have_been_done() {
        let failure = Failure::not_sent(Error::new(ErrorKind::Transport, "no connection"));
        assert_eq!(failure.clone().after_unknown(false).effect(), Effect::NotSent);
        assert_eq!(failure.after_unknown(true).effect(), Effect::Unknown);
    }
}
