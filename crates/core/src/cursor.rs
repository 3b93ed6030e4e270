//! Tokens that a connector hands out and reads back: versioned, bound to connector and options,
//! refused as `CursorExpired` when they are anything else.

use crate::{Error, ErrorKind, Result};
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
    fn a_binding_tells_its_parts_apart() {
        assert_ne!(binding(&["ab", "c"]), binding(&["a", "bc"]));
        assert_eq!(binding(&["ab", "c"]), binding(&["ab", "c"]));
    }
}
