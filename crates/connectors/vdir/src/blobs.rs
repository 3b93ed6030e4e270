//! Pictures and attached files: read out of a text.

use crate::{
    blocking::blocking,
    disk::{self, Problem},
    error::unreadable,
    files::Files,
    names,
};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use pimkit_core::{Blob, BlobId, Blobs, CollectionId, Error, ItemId, Result};
use pimkit_formats::resource::{InlineBlob, TextRecord};

/// Bytes of one piece of a stream.
const PIECE: usize = 64 << 10;

#[async_trait]
impl<R: TextRecord> Blobs for Files<R> {
    async fn open(&self, collection: &CollectionId, item: &ItemId, blob: &BlobId) -> Result<Blob> {
        let (this, collection, item, blob) = (self.clone(), collection.clone(), item.clone(), blob.clone());
        let found = blocking(move || {
            let folder = this.shared.folder(&collection)?;
            let gone = || unreadable("the item is not there any more; list the collection again").with("item", &item);
            let name = names::file_name(&collection, &item, R::EXTENSION)?.ok_or_else(gone)?;
            let text = disk::read(&folder.join(name)).map_err(|problem| match problem {
                Problem::Missing => gone(),
                Problem::Unreadable(unread) => unread.error,
            })?;
            R::blob(&text.bytes, &blob)?
                .ok_or_else(|| unreadable("the item has no such bytes any more; fetch the item again").with("item", &item))
        })
        .await?;
        let InlineBlob { media_type, bytes } = found.map_err(|e: Error| e.during("vdir.blob"))?;
        let size = Some(bytes.len() as u64);
        let whole = bytes::Bytes::from(bytes);
        let pieces = (0..whole.len()).step_by(PIECE).map(move |at| Ok(whole.slice(at..whole.len().min(at + PIECE))));
        Ok(Blob { media_type, size, bytes: stream::iter(pieces).boxed() })
    }
}
