//! Tokens that a connector hands out and reads back: versioned, bound to connector and options,
//! refused as `CursorExpired` when they are anything else.

use crate::{ChangeOptions, CollectionId, Cursor, Error, ErrorKind, Kind, PageToken, Result};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    /// Connector and version: `vdir/1`.
    c: String,
    /// What the token is bound to.
    b: u64,
    t: T,
}

/// Writes a token. `connector` names connector and token version (`vdir/1`); `bound` is what the
/// token is bound to, usually [`binding`] of the options and the collection.
///
/// # Errors
/// `Unexpected` when the content cannot be written as JSON.
pub fn encode<T: Serialize>(connector: &str, bound: u64, content: &T) -> Result<String> {
    let json = serde_json::to_vec(&Envelope { c: connector.to_owned(), b: bound, t: content })
        .map_err(|e| Error::new(ErrorKind::Unexpected, "a cursor cannot be written").caused_by(e))?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

/// Reads a token that [`encode`] wrote with the same `connector` and `bound`.
///
/// # Errors
/// `CursorExpired` for anything else: the round has to start anew.
pub fn decode<T: DeserializeOwned>(connector: &str, bound: u64, token: &str) -> Result<T> {
    let expired =
        || Error::new(ErrorKind::CursorExpired, "the cursor is not of this connector, version or collection; read from the start");
    let json = URL_SAFE_NO_PAD.decode(token).map_err(|_| expired())?;
    let envelope: Envelope<T> = serde_json::from_slice(&json).map_err(|_| expired())?;
    if envelope.c != connector || envelope.b != bound {
        return Err(expired());
    }
    Ok(envelope.t)
}

/// What the cursors and page tokens of one collection are bound to: those of any other are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    connector: &'static str,
    bound: u64,
}

impl Bound {
    /// Bound to the tokens of a connector (`vdir/1`), an account, a kind, a collection, the window that is read, and to whatever
    /// else makes a token another one.
    #[must_use]
    pub fn to(
        connector: &'static str,
        account: Option<&str>,
        kind: Kind,
        collection: &CollectionId,
        options: &ChangeOptions,
        more: &[&str],
    ) -> Self {
        let window = options.window.map(|(from, to)| format!("{from}/{to}")).unwrap_or_default();
        let parts = [account.unwrap_or_default(), kind.plural(), collection.as_str(), &window];
        let parts: Vec<&str> = parts.into_iter().chain(more.iter().copied()).collect();
        Self { connector, bound: binding(&parts) }
    }

    /// What is in a cursor, which stands between rounds.
    ///
    /// # Errors
    /// As [`decode`].
    pub fn between<T: DeserializeOwned>(&self, cursor: &Cursor) -> Result<T> {
        decode(self.connector, self.bound, cursor.as_str())
    }

    /// What is in a token, which stands within a round.
    ///
    /// # Errors
    /// As [`decode`].
    pub fn within<T: DeserializeOwned>(&self, token: &PageToken) -> Result<T> {
        decode(self.connector, self.bound, token.as_str())
    }

    /// A cursor.
    ///
    /// # Errors
    /// As [`encode`].
    pub fn cursor<T: Serialize>(&self, between: &T) -> Result<Cursor> {
        encode(self.connector, self.bound, between).map(Cursor::from)
    }

    /// A token.
    ///
    /// # Errors
    /// As [`encode`].
    pub fn page<T: Serialize>(&self, within: &T) -> Result<PageToken> {
        encode(self.connector, self.bound, within).map(PageToken::from)
    }
}

/// A number that is the same for the same parts, on every machine and in every version.
pub fn binding<T: AsRef<[u8]>>(parts: &[T]) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.as_ref().len() as u64).to_le_bytes());
        hash.update(part.as_ref());
    }
    let digest = hash.finalize();
    digest.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_only_to_the_connector_and_options_that_made_it() {
        let token = encode("vdir/1", 7, &"x").unwrap();
        assert_eq!(decode::<String>("vdir/1", 7, &token).unwrap(), "x");
        for (connector, bound, text) in [("vdir/2", 7, token.as_str()), ("vdir/1", 8, &token), ("vdir/1", 7, "garbage!"), ("vdir/1", 7, "")]
        {
            assert_eq!(decode::<String>(connector, bound, text).unwrap_err().kind(), ErrorKind::CursorExpired);
        }
    }

    #[test]
    fn tokens_are_those_of_one_account_kind_collection_window_and_way_of_reading() {
        let window = |from: &str| ChangeOptions {
            window: Some((from.parse().unwrap(), "2027-01-01T00:00:00Z".parse().unwrap())),
            ..ChangeOptions::default()
        };
        let (work, home) = (CollectionId::from("work"), CollectionId::from("home"));
        let (none, one, other) = (ChangeOptions::default(), window("2025-01-01T00:00:00Z"), window("2026-01-01T00:00:00Z"));
        let all = [
            Bound::to("x/1", Some("a"), Kind::Contact, &work, &none, &[]),
            Bound::to("x/2", Some("a"), Kind::Contact, &work, &none, &[]),
            Bound::to("x/1", Some("b"), Kind::Contact, &work, &none, &[]),
            Bound::to("x/1", Some("a"), Kind::Event, &work, &none, &[]),
            Bound::to("x/1", Some("a"), Kind::Contact, &home, &none, &[]),
            Bound::to("x/1", Some("a"), Kind::Contact, &work, &one, &[]),
            Bound::to("x/1", Some("a"), Kind::Contact, &work, &other, &[]),
            Bound::to("x/1", Some("a"), Kind::Contact, &work, &none, &["ids"]),
        ];
        for (at, bound) in all.iter().enumerate() {
            let (cursor, token) = (bound.cursor(&at).unwrap(), bound.page(&at).unwrap());
            for (other, reader) in all.iter().enumerate() {
                let read = [reader.between::<usize>(&cursor), reader.within::<usize>(&token)];
                for read in read {
                    assert_eq!(read.ok(), (at == other).then_some(at), "{at} read as {other}");
                }
            }
        }
    }

    #[test]
    fn a_binding_tells_its_parts_apart() {
        assert_ne!(binding(&["ab", "c"]), binding(&["a", "bc"]));
        assert_eq!(binding(&["ab", "c"]), binding(&["ab", "c"]));
    }
}
