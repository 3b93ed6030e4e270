//! Pictures and attached files: read out of a text.

use crate::{fetching::Got, items::Items, kinds::Resource};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use pimkit_core::{Blob, BlobId, Blobs, CollectionId, Error, ErrorKind, ItemId, Result};
use pimkit_formats::resource::InlineBlob;

/// Bytes of one piece of a stream.
const PIECE: usize = 64 << 10;

fn gone(item: &ItemId, message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, message).with("item", crate::href::name(item.as_str()))
}

#[async_trait]
impl<R: Resource> Blobs for Items<R> {
    async fn open(&self, collection: &CollectionId, item: &ItemId, blob: &BlobId) -> Result<Blob> {
        let during = |e: Error| e.during("dav.blob");
        let known = self.member(collection).await.map_err(during)?;
        let text = match self.texts(&known, std::slice::from_ref(item)).await.pop() {
            Some(Got::Text(text)) => text,
            Some(Got::Failed(e)) => return Err(during(e)),
            _ => return Err(during(gone(item, "the item is not there any more; list the collection again"))),
        };
        let found = R::blob(&text.bytes, blob).map_err(|e| during(e.into()))?;
        let found = found.ok_or_else(|| during(gone(item, "the item has no such bytes any more; fetch the item again")))?;
        let InlineBlob { media_type, bytes } = found;
        let size = Some(bytes.len() as u64);
        let whole = bytes::Bytes::from(bytes);
        let pieces = (0..whole.len()).step_by(PIECE).map(move |at| Ok(whole.slice(at..whole.len().min(at + PIECE))));
        Ok(Blob { media_type, size, bytes: stream::iter(pieces).boxed() })
    }
}
