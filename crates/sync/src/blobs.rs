//! Bytes of one side, for a write to the other: streamed, never kept.

use futures::future::BoxFuture;
use pimkit_core::{Blob, BlobId, BlobRef, BlobSource, CollectionId, Error, ErrorKind, ItemId, Record, Repository, Result};
use std::{collections::BTreeMap, sync::Arc};

/// Opens the blobs of the items that a batch of writes was made from.
#[derive(Debug)]
pub(crate) struct FromSide<R: Record> {
    pub(crate) repository: Arc<dyn Repository<R>>,
    /// Which item names which blob.
    pub(crate) items: BTreeMap<BlobId, (CollectionId, ItemId)>,
}

impl<R: Record> BlobSource for FromSide<R> {
    fn open<'a>(&'a self, blob: &'a BlobRef) -> BoxFuture<'a, Result<Blob>> {
        Box::pin(async move {
            let missing =
                || Error::new(ErrorKind::InvalidData, "the bytes of a blob are not there; the field is left out").with("blob", &blob.id);
            let (collection, item) = self.items.get(&blob.id).ok_or_else(missing)?;
            let blobs = self.repository.blobs().ok_or_else(missing)?;
            blobs.open(collection, item, &blob.id).await
        })
    }
}

/// Reads a blob through and says what its bytes hash to; nothing is kept.
pub(crate) async fn digest<R: Record>(
    repository: &dyn Repository<R>,
    collection: &CollectionId,
    item: &ItemId,
    blob: &BlobId,
) -> Result<pimkit_core::Digest> {
    use futures::StreamExt as _;
    use sha2::{Digest as _, Sha256};
    let blobs = repository.blobs().ok_or_else(|| {
        Error::new(ErrorKind::Unavailable, "the side names a blob and cannot open it; the field is left out").with("item", item)
    })?;
    let mut opened = blobs.open(collection, item, blob).await?;
    let mut hash = Sha256::new();
    while let Some(piece) = opened.bytes.next().await {
        hash.update(&piece?);
    }
    Ok(pimkit_core::Digest(hash.finalize().into()))
}
