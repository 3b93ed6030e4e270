//! Bytes as text.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// Base64 with `+`, `/` and padding (RFC 4648 section 4).
pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// What [`encode`] made; None if it is none.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Base64 with `-`, `_` and padding (RFC 4648 section 5), as in ids.
pub(crate) fn encode_for_url(bytes: &[u8]) -> String {
    URL_SAFE.encode(bytes)
}

/// What [`encode_for_url`] made; None if it is none.
pub(crate) fn decode_for_url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE.decode(text).ok()
}
