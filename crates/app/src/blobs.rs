//! Photos and attachments of records on their way into the host's store.

use crate::{AppStore, repository::Hosted};
use async_trait::async_trait;
use pimkit_core::{Blob, BlobId, BlobRef, BlobSource, Blobs, CollectionId, Error, ErrorKind, Field, ItemId, Record, Result, Value};

#[async_trait]
impl<R: Record> Blobs for Hosted<R> {
    async fn open(&self, collection: &CollectionId, item: &ItemId, blob: &BlobId) -> Result<Blob> {
        self.store().open(collection, item, blob).await
    }
}

/// The field's value with every blob's bytes in the store, and what had to stay out.
pub(crate) async fn kept<R: Record>(
    store: &dyn AppStore<R>,
    source: Option<&dyn BlobSource>,
    field: &Field,
    value: Value,
    held: Option<&Value>,
) -> (Value, Vec<(Field, Error)>) {
    let mut left_out = Vec::new();
    let value = match (field.as_str(), value) {
        ("photo", value) => match one::<R>(store, source, value.clone(), held.into_iter()).await {
            Ok(value) => value,
            Err(error) => {
                left_out.push((field.clone(), error));
                held.cloned().unwrap_or(Value::Null)
            }
        },
        ("attachments", Value::Array(list)) => {
            let held = held.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let mut all = Vec::with_capacity(list.len());
            for mut attachment in list {
                let blob = attachment.get("blob").cloned().unwrap_or(Value::Null);
                let known = held.iter().filter_map(|a| a.get("blob"));
                match one::<R>(store, source, blob, known).await {
                    Ok(blob) => {
                        if let Some(object) = attachment.as_object_mut() {
                            object.insert("blob".to_owned(), blob);
                        }
                        all.push(attachment);
                    }
                    Err(error) => left_out.push((field.clone(), error)),
                }
            }
            Value::Array(all)
        }
        (_, value) => value,
    };
    (value, left_out)
}

async fn one<'a, R: Record>(
    store: &dyn AppStore<R>,
    source: Option<&dyn BlobSource>,
    value: Value,
    mut held: impl Iterator<Item = &'a Value>,
) -> Result<Value> {
    if value.is_null() {
        return Ok(value);
    }
    let wrong = || Error::new(ErrorKind::InvalidData, "a blob has not the shape of one; write the field anew");
    let blob: BlobRef = serde_json::from_value(value.clone()).map_err(|_| wrong())?;
    // Bytes that the item has already, and bytes that nobody keeps, need no copying.
    let same = |other: &&Value| value.get("digest").is_some_and(|d| other.get("digest") == Some(d)) || **other == value;
    if let Some(held) = held.find(same) {
        return Ok(held.clone());
    }
    if blob.uri.is_some() && blob.id.as_str().is_empty() {
        return Ok(value);
    }
    let Some(source) = source else {
        return Err(Error::new(ErrorKind::InvalidData, "a blob came without its bytes; pass a blob source in the write options"));
    };
    let kept = store.keep(&blob, source.open(&blob).await?).await?;
    serde_json::to_value(&kept).map_err(|_| wrong())
}
