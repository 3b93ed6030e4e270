//! Pictures and attached files: read out of a text, and fetched for one.

use crate::{
    blocking::blocking,
    disk::{self, Problem},
    error::unreadable,
    files::Files,
    names,
};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use pimkit_core::{
    Blob, BlobId, BlobRef, Blobs, CollectionId, Error, ErrorKind, Field, FieldDef, Fields, ItemId, Result, Shape, Value, WriteOptions,
};
use pimkit_formats::resource::{InlineBlob, InlineBlobs, TextRecord};

/// The most bytes of blobs that one item is given: in base64 they still fit into the largest file.
const MOST: usize = 40 << 20;
/// Bytes of one piece of a stream.
const PIECE: usize = 64 << 10;

/// A target, and the bytes that its text will hold.
pub(crate) struct Given<R> {
    pub(crate) target: R,
    pub(crate) inline: InlineBlobs,
    pub(crate) left_out: Vec<(Field, Error)>,
}

fn blob_fields<R: TextRecord>() -> impl Iterator<Item = &'static FieldDef> {
    R::catalogue().fields().iter().filter(|f| matches!(f.shape, Shape::Blob | Shape::List("Attachment")))
}

/// The blobs in a field's value.
fn refs(value: Option<&Value>) -> Vec<BlobRef> {
    let read = |v: &Value| serde_json::from_value::<BlobRef>(v.clone()).ok();
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(|a| a.get("blob").and_then(read)).collect(),
        Some(value) => read(value).into_iter().collect(),
        None => Vec::new(),
    }
}

/// The record with a field, and what goes with it, as it was before.
pub(crate) fn as_before<R: TextRecord>(base: &R, target: &R, field: &str) -> Option<R> {
    let def = R::catalogue().field(field)?;
    let with: Vec<&str> = match def.group {
        Some(group) => R::catalogue().group(group).map(|f| f.path).collect(),
        None => vec![field],
    };
    let before: Fields = with.into_iter().map(|path| (Field::from(path), base.get(path).unwrap_or(Value::Null))).collect();
    target.with(&before).ok()
}

/// Opens the blobs in which target and base differ. A field whose bytes cannot be had stays as it was, and is named.
pub(crate) async fn gather<R: TextRecord>(base: &R, mut target: R, options: &WriteOptions) -> Given<R> {
    let mut inline = InlineBlobs::new();
    let mut left_out = Vec::new();
    let mut room = MOST;
    for def in blob_fields::<R>() {
        let (was, wanted) = (base.get(def.path), target.get(def.path));
        if def.same(was.as_ref(), wanted.as_ref()) {
            continue;
        }
        let known = refs(was.as_ref());
        for blob in refs(wanted.as_ref()) {
            // Given by its address only, or standing in the text already.
            if blob.uri.is_some() || known.iter().any(|k| k.id == blob.id || (k.digest.is_some() && k.digest == blob.digest)) {
                continue;
            }
            match open(&blob, room, options).await {
                Ok(opened) => {
                    room = room.saturating_sub(opened.bytes.len());
                    inline.insert(blob.id, opened);
                }
                Err(error) => {
                    left_out.push((Field::from(def.path), error));
                    if let Some(before) = as_before(base, &target, def.path) {
                        target = before;
                    }
                    break;
                }
            }
        }
    }
    Given { target, inline, left_out }
}

async fn open(blob: &BlobRef, room: usize, options: &WriteOptions) -> Result<InlineBlob> {
    let Some(source) = &options.blobs else {
        return Err(Error::new(ErrorKind::InvalidData, "the write speaks of bytes and names no source for them; give one in its options"));
    };
    let opened = source.open(blob).await?;
    let media_type = if blob.media_type.is_empty() { opened.media_type.clone() } else { blob.media_type.clone() };
    Ok(InlineBlob { media_type, bytes: opened.collect(room).await? })
}

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
