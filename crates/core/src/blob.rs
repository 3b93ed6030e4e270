//! Bytes that a record speaks of but does not carry.

use crate::{BlobId, Result};
use bytes::Bytes;
use futures::{
    StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// SHA-256 of the bytes; hexadecimal in JSON.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of bytes in hand.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0_u8; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(serde::de::Error::custom("a digest is 64 hexadecimal digits"));
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(serde::de::Error::custom)?;
            *byte = u8::from_str_radix(pair, 16).map_err(serde::de::Error::custom)?;
        }
        Ok(Self(bytes))
    }
}

/// Bytes that a record speaks of but does not carry: a photo, an attached file.
///
/// # Behavior
/// - The id is the side's own, and changes when the bytes change.
/// - Two references speak of the same bytes when their digests, or their `uri`s, are equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlobRef {
    /// What [`Blobs::open`](crate::Blobs::open) of the side that said it takes.
    pub id: BlobId,
    /// `image/jpeg`; empty when unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub media_type: String,
    /// In bytes, when known without reading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// SHA-256, when known without reading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Where the bytes are when neither side keeps them: a picture given by its address only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
}

/// Opened bytes.
pub struct Blob {
    /// `image/jpeg`; empty when unknown.
    pub media_type: String,
    /// In bytes, when known.
    pub size: Option<u64>,
    /// The bytes, in pieces. An error ends the stream; what came before it is not the whole.
    pub bytes: BoxStream<'static, Result<Bytes>>,
}

impl Blob {
    /// A blob of bytes in hand.
    pub fn whole(media_type: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self { media_type: media_type.into(), size: Some(bytes.len() as u64), bytes: stream::iter([Ok(bytes)]).boxed() }
    }

    /// All bytes at once, at most `limit`.
    ///
    /// # Errors
    /// What the stream says, or `InvalidData` when there are more bytes than `limit`.
    pub async fn collect(mut self, limit: usize) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        while let Some(piece) = self.bytes.next().await {
            let piece = piece?;
            if all.len() + piece.len() > limit {
                return Err(crate::Error::new(
                    crate::ErrorKind::InvalidData,
                    "a blob is larger than allowed; raise the limit or leave it out",
                )
                .with("limit", limit));
            }
            all.extend_from_slice(&piece);
        }
        Ok(all)
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blob").field("media_type", &self.media_type).field("size", &self.size).finish_non_exhaustive()
    }
}

/// Where the bytes behind a [`BlobRef`] of a write's target come from: usually the other side.
pub trait BlobSource: Send + Sync {
    /// Opens the bytes.
    fn open<'a>(&'a self, blob: &'a BlobRef) -> BoxFuture<'a, Result<Blob>>;
}
