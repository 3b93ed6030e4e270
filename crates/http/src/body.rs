//! The bytes of an answer, as they come.

use crate::failure::{Failure, cut_off, too_large};
use bytes::{Bytes, BytesMut};
use futures::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use std::{any::Any, fmt};

/// The bytes of an answer. Dropping it gives up the rest.
pub struct Body(Chunks);

type Chunks = BoxStream<'static, Result<Bytes, Failure>>;

impl Body {
    /// No bytes.
    #[must_use]
    pub fn empty() -> Self {
        Self(stream::empty().boxed())
    }

    /// These bytes.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self(stream::once(async move { Ok(bytes) }).boxed())
    }

    /// Bytes that come one after the other; the first failure is the end.
    pub fn stream(chunks: impl Stream<Item = Result<Bytes, Failure>> + Send + 'static) -> Self {
        Self(chunks.boxed())
    }

    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// `Transport` when the connection broke or the answer was cut off, `InvalidData` when it grew beyond its limit.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        self.0.next().await.transpose()
    }

    /// All bytes, if they are not more than `limit`.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk).
    pub async fn collect(mut self, limit: u64) -> Result<Bytes, Failure> {
        let mut first = Bytes::new();
        let mut all = BytesMut::new();
        let mut length: u64 = 0;
        while let Some(chunk) = self.chunk().await? {
            length = length.saturating_add(chunk.len() as u64);
            if length > limit {
                return Err(too_large(TOO_LONG, limit));
            }
            // Most answers are one chunk, which needs no copy.
            if first.is_empty() && all.is_empty() {
                first = chunk;
            } else {
                if all.is_empty() {
                    all.extend_from_slice(&first);
                }
                all.extend_from_slice(&chunk);
            }
        }
        Ok(if all.is_empty() { first } else { all.freeze() })
    }

    /// The rest as a stream.
    #[must_use]
    pub fn into_stream(self) -> BoxStream<'static, Result<Bytes, Failure>> {
        self.0
    }

    /// The same bytes, held to a bound and to the length that was announced; `held` is let go with the last of them.
    pub(crate) fn guarded(self, limit: u64, announced: Option<u64>, held: Box<dyn Any + Send>) -> Self {
        let state = Guarded { inner: Some((self.0, held)), limit, announced, length: 0 };
        Self(stream::unfold(state, Guarded::next).boxed())
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body(..)")
    }
}

const TOO_LONG: &str = "the answer is longer than allowed; raise the limit of the body, or ask for less at a time";

struct Guarded {
    inner: Option<(Chunks, Box<dyn Any + Send>)>,
    limit: u64,
    announced: Option<u64>,
    length: u64,
}

impl Guarded {
    async fn next(mut self) -> Option<(Result<Bytes, Failure>, Self)> {
        let (mut chunks, held) = self.inner.take()?;
        let failure = match chunks.next().await {
            Some(Ok(chunk)) => {
                self.length = self.length.saturating_add(chunk.len() as u64);
                if self.length > self.limit {
                    too_large(TOO_LONG, self.limit)
                } else if self.announced.is_some_and(|announced| self.length > announced) {
                    cut_off("the answer is longer than it says; try again, and check what stands between us and the server")
                } else {
                    self.inner = Some((chunks, held));
                    return Some((Ok(chunk), self));
                }
            }
            Some(Err(failure)) => failure,
            // A short answer must never pass for a whole one: a listing that lost its end reads as deletions.
            None if self.announced.is_some_and(|announced| self.length < announced) => {
                cut_off("the answer was cut off before its end; try again")
            }
            None => return None,
        };
        Some((Err(failure), self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use pimkit_core::ErrorKind;

    fn chunks(parts: &[&'static str]) -> Body {
        let parts: Vec<_> = parts.iter().map(|part| Ok(Bytes::from_static(part.as_bytes()))).collect();
        Body::stream(stream::iter(parts))
    }

    #[test]
    fn a_body_is_held_to_its_limit_and_to_the_length_that_was_announced() {
        for (parts, limit, announced, expected) in [
            (&["abc", "def"][..], 6, None, Ok("abcdef")),
            (&["abc", "def"], 6, Some(6), Ok("abcdef")),
            (&[], 0, Some(0), Ok("")),
            (&["", "abc"], 3, None, Ok("abc")),
            (&["abc", "def"], 5, None, Err(ErrorKind::InvalidData)),
            (&["abc", "def"], 9, Some(7), Err(ErrorKind::Transport)),
            (&["abc", "def"], 9, Some(4), Err(ErrorKind::Transport)),
            (&[], 9, Some(1), Err(ErrorKind::Transport)),
        ] {
            let found = block_on(chunks(parts).guarded(limit, announced, Box::new(())).collect(u64::MAX));
            let found = found.map_err(|failure| failure.error().kind());
            assert_eq!(found, expected.map(|text| Bytes::from_static(text.as_bytes())), "{parts:?} {limit} {announced:?}");
        }
    }

    #[test]
    fn what_a_body_holds_is_let_go_with_its_last_bytes_and_when_it_is_dropped() {
        let held = std::sync::Arc::new(());
        let mut body = chunks(&["a"]).guarded(9, None, Box::new(held.clone()));
        assert_eq!(std::sync::Arc::strong_count(&held), 2);
        assert!(block_on(body.chunk()).unwrap().is_some());
        assert!(block_on(body.chunk()).unwrap().is_none());
        assert_eq!(std::sync::Arc::strong_count(&held), 1);
        drop(chunks(&["a"]).guarded(9, None, Box::new(held.clone())));
        assert_eq!(std::sync::Arc::strong_count(&held), 1);
    }

    #[test]
    fn collecting_stops_at_its_limit() {
        assert!(block_on(chunks(&["abc", "d"]).collect(4)).is_ok());
        assert_eq!(block_on(chunks(&["abc", "de"]).collect(4)).unwrap_err().error().kind(), ErrorKind::InvalidData);
    }
}
