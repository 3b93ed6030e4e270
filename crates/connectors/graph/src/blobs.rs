//! Pictures of contacts: read as they come, put whole.

use crate::{
    calls::contacts as calls,
    contacts::{Contacts, PHOTO, PHOTO_OF},
    error,
    session::Session,
};
use async_trait::async_trait;
use futures::StreamExt;
use pimkit_core::{Blob, BlobId, BlobRef, Blobs, CollectionId, Error, ErrorKind, ItemId, Result, WriteOptions};
use pimkit_http::Failure;

/// The largest picture that is taken, in bytes (<https://learn.microsoft.com/graph/api/profilephoto-update>: 4 MB).
const LARGEST: usize = 4 << 20;

#[async_trait]
impl Blobs for Contacts {
    async fn open(&self, collection: &CollectionId, item: &ItemId, blob: &BlobId) -> Result<Blob> {
        let during = |e: Error| e.during("graph.blob");
        let gone = || during(Error::new(ErrorKind::InvalidData, "the contact has no such picture any more; fetch it again"));
        let call = calls::photo_bytes(self.members(collection), item.as_str());
        let opened = self.session.open(&call).await.map_err(during)?;
        let status = opened.status.as_u16();
        if matches!(status, 400 | 404 | 410) {
            self.alive(collection).await.map_err(during)?;
            return Err(gone());
        }
        if !opened.status.is_success() {
            let reply = crate::calls::Reply { status, ..Default::default() };
            return Err(during(error::refused(&reply)));
        }
        let header = |name: &str| opened.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        if !is_asked(blob, header("etag").as_deref()) {
            return Err(gone());
        }
        let media_type = header("content-type").filter(|kind| kind.starts_with("image/")).unwrap_or_default();
        let size = header("content-length").and_then(|text| text.parse().ok());
        let bytes = opened.body.into_stream().map(|piece| piece.map_err(Failure::into_error)).boxed();
        Ok(Blob { media_type, size, bytes })
    }
}

/// Whether a picture of this version is the one that an id is of; where either has no version, there is no telling.
fn is_asked(blob: &BlobId, etag: Option<&str>) -> bool {
    if blob.as_str().starts_with(PHOTO_OF) {
        return true;
    }
    match (blob.as_str().strip_prefix(PHOTO), etag) {
        (Some(asked), Some(etag)) => asked == etag,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// The bytes of a picture that a write speaks of.
///
/// # Errors
/// What the source says; `InvalidData` when there is none, or the picture is too large.
pub(crate) async fn bytes(blob: &BlobRef, options: &WriteOptions) -> Result<(String, Vec<u8>)> {
    if blob.uri.is_some() {
        return Err(error::unavailable("a picture that is given by its address only cannot be kept here; it stays on the other side"));
    }
    let Some(source) = &options.blobs else {
        return Err(Error::new(ErrorKind::InvalidData, "the write speaks of bytes and names no source for them; give one in its options"));
    };
    let opened = source.open(blob).await?;
    let kind = [&blob.media_type, &opened.media_type].into_iter().find(|kind| kind.starts_with("image/")).cloned();
    Ok((kind.unwrap_or_else(|| "image/jpeg".to_owned()), opened.collect(LARGEST).await?))
}

/// Puts the picture of a contact. Twice is once.
pub(crate) async fn put(
    session: &Session,
    contacts: &Contacts,
    collection: &CollectionId,
    id: &str,
    kind: &str,
    bytes: Vec<u8>,
) -> Result<(), Failure> {
    let path = calls::photo_put(contacts.members(collection), id);
    let reply = session.put("graph.contacts.photo", path.as_str(), kind, bytes).await?;
    if reply.is_success() { Ok(()) } else { Err(Failure::refused(error::refused(&reply))) }
}
