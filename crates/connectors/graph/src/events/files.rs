//! Attached files ([`fileAttachment`](https://learn.microsoft.com/graph/api/resources/fileattachment)).
//!
//! Items and links that are attached, and pictures within the text, are kept as they are and are no attachments of the record.

use super::{
    Events,
    fetching::Look,
    uploading::{Measured, Upload, measured},
    writing::{mails, whose},
};
use crate::{calls::odata, error, mapping::event::Role};
use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::StreamExt;
use pimkit_core::{
    Attachment, Blob, BlobId, BlobRef, Blobs, CollectionId, Error, ErrorKind, Event, Field, ItemId, Notify, Result, WriteOptions,
};
use pimkit_http::{Effect, Failure};
use serde_json::Value;

const NAMELESS: &str = "file";

/// The files among the attachments of an event. Their sizes are those of their encoding, and so are not said.
pub(super) fn read(rows: &[Value]) -> Vec<Attachment> {
    let is_file = |row: &&Value| odata::text(row, "@odata.type").is_none_or(|kind| kind.ends_with("fileAttachment"));
    let inline = |row: &Value| row.get("isInline").and_then(Value::as_bool) == Some(true);
    rows.iter()
        .filter(|row| is_file(row) && !inline(row))
        .filter_map(|row| {
            Some(Attachment {
                blob: BlobRef {
                    id: BlobId::from(odata::text(row, "id")?),
                    media_type: odata::text(row, "contentType").unwrap_or_default().to_owned(),
                    ..BlobRef::default()
                },
                name: odata::text(row, "name").map(str::to_owned),
            })
        })
        .collect()
}

/// Files to attach and to take off.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Files {
    pub(super) add: Vec<Attachment>,
    pub(super) remove: Vec<BlobId>,
}

impl Files {
    /// What differs: a file is known by the id that it has there, or by what its bytes hash to.
    pub(super) fn between(base: &Event, target: &Event) -> Self {
        let same = |one: &Attachment, other: &Attachment| {
            one.blob.id == other.blob.id || (one.blob.digest.is_some() && one.blob.digest == other.blob.digest && one.name == other.name)
        };
        let missing = |from: &[Attachment], of: &[Attachment]| -> Vec<Attachment> {
            of.iter().filter(|one| !from.iter().any(|other| same(one, other))).cloned().collect()
        };
        Self {
            add: missing(&base.attachments, &target.attachments),
            remove: missing(&target.attachments, &base.attachments).into_iter().map(|one| one.blob.id).collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }
}

/// Why files were not all attached or taken off.
pub(super) enum Trouble {
    /// They stay on the other side.
    LeftOut(Error),
    /// Perhaps they were.
    Unknown(Error),
}

impl Trouble {
    /// What is only in the way for now is tried again: whoever hears that something was left out lets it rest.
    pub(super) fn of(error: Error) -> Self {
        if error.is_temporary() { Self::Unknown(error) } else { Self::LeftOut(error) }
    }
}

/// How large a file is; its bytes, where one request takes them.
async fn content(blob: &BlobRef, options: &WriteOptions) -> Result<Measured> {
    if blob.uri.is_some() {
        return Err(error::unavailable("Microsoft keeps files, not addresses of files; it stays on the other side"));
    }
    let Some(source) = &options.blobs else {
        return Err(Error::new(ErrorKind::InvalidData, "the write speaks of bytes and names no source for them; give one in its options"));
    };
    measured(source.as_ref(), blob).await
}

impl Events {
    /// Attaches and takes off. New ones come first, so that a failure leaves more and not less. Requests for attachments have no
    /// condition, so that each time the event is looked at before: by now it may be a meeting, whose people would be mailed.
    pub(super) async fn put_files(
        &self,
        collection: &CollectionId,
        id: &ItemId,
        files: &Files,
        options: &WriteOptions,
    ) -> Result<(), Trouble> {
        let place = &self.place(collection);
        for file in &files.add {
            let content = content(&file.blob, options).await.map_err(Trouble::of)?;
            self.tells_nobody(collection, id, options).await?;
            let name = file.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(NAMELESS);
            let media_type = Some(file.blob.media_type.as_str()).filter(|kind| !kind.is_empty()).unwrap_or("application/octet-stream");
            let bytes = match content {
                Measured::Small(bytes) => bytes,
                Measured::Large(size) => {
                    let file = Upload { name, media_type, blob: &file.blob, size };
                    self.upload(place, (collection, id), &file, options).await?;
                    continue;
                }
            };
            let reply = self.session.call(&place.attach(id, name, media_type, STANDARD.encode(bytes))).await.map_err(lost)?;
            if !reply.is_success() {
                return Err(Trouble::of(error::refused(&reply)));
            }
        }
        for blob in &files.remove {
            self.tells_nobody(collection, id, options).await?;
            let reply = self.session.call(&place.detach(id, blob.as_str())).await.map_err(lost)?;
            if !reply.is_success() && reply.status != 404 {
                return Err(Trouble::of(error::refused(&reply)));
            }
        }
        Ok(())
    }
}

impl Events {
    /// Whether a change of an event mails nobody, where that is wanted, by what is there now.
    pub(super) async fn tells_nobody(&self, collection: &CollectionId, id: &ItemId, options: &WriteOptions) -> Result<(), Trouble> {
        if options.notify != Notify::Nobody {
            return Ok(());
        }
        match self.looks(collection, std::slice::from_ref(id)).await.pop() {
            Some(Look::There(raw)) if whose(&raw) == Role::Alone => Ok(()),
            Some(Look::There(_)) => Err(Trouble::LeftOut(mails())),
            Some(Look::Failed(e)) => Err(Trouble::of(e)),
            Some(Look::Gone | Look::Hidden) | None => {
                Err(Trouble::LeftOut(error::unavailable("the event went while its files were written; read it again")))
            }
        }
    }
}

pub(super) fn lost(failure: Failure) -> Trouble {
    match failure.effect() {
        Effect::Unknown => Trouble::Unknown(failure.into_error()),
        Effect::NotSent | Effect::Refused => Trouble::of(failure.into_error()),
    }
}

/// The field that files are in.
pub(super) fn field() -> Field {
    Field::of("attachments")
}

#[async_trait]
impl Blobs for Events {
    async fn open(&self, collection: &CollectionId, item: &ItemId, blob: &BlobId) -> Result<Blob> {
        let during = |e: Error| e.during("graph.events.open");
        let gone = || during(Error::new(ErrorKind::InvalidData, "the event has no such file any more; fetch it again"));
        let opened = self.session.open(&self.place(collection).bytes(item, blob.as_str())).await.map_err(during)?;
        let status = opened.status.as_u16();
        if matches!(status, 400 | 404 | 410) {
            self.calendar(collection).await.map_err(during)?;
            return Err(gone());
        }
        if !opened.status.is_success() {
            return Err(during(error::refused(&crate::calls::Reply { status, ..Default::default() })));
        }
        let header = |name: &str| opened.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let media_type = header("content-type").unwrap_or_default();
        let size = header("content-length").and_then(|text| text.parse().ok());
        let bytes = opened.body.into_stream().map(|piece| piece.map_err(Failure::into_error)).boxed();
        Ok(Blob { media_type, size, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pimkit_core::{Digest, Record as _};
    use serde_json::json;

    fn file(id: &str, bytes: Option<&[u8]>) -> Attachment {
        Attachment { blob: BlobRef { id: BlobId::from(id), digest: bytes.map(Digest::of), ..BlobRef::default() }, name: Some("a".into()) }
    }

    fn with(files: &[Attachment]) -> Event {
        Event::build(|e| e.attachments = files.to_vec())
    }

    #[test]
    fn only_files_that_are_not_in_the_text_are_attachments() {
        let rows = [
            json!({"id": "1", "@odata.type": "#microsoft.graph.fileAttachment", "name": "a.pdf", "contentType": "application/pdf", "size": 99}),
            json!({"id": "2", "@odata.type": "#microsoft.graph.fileAttachment", "isInline": true}),
            json!({"id": "3", "@odata.type": "#microsoft.graph.itemAttachment"}),
            json!({"id": "4", "@odata.type": "#microsoft.graph.referenceAttachment"}),
            json!({"name": "no id"}),
        ];
        let files = read(&rows);
        assert_eq!(files.len(), 1);
        assert_eq!(
            (files[0].name.as_deref(), files[0].blob.media_type.as_str(), files[0].blob.size),
            (Some("a.pdf"), "application/pdf", None)
        );
    }

    #[test]
    fn a_file_is_known_by_its_id_or_its_bytes() {
        let base = with(&[file("1", Some(b"x")), file("2", None)]);
        assert!(Files::between(&base, &base).is_empty());
        // The other side calls the same bytes otherwise.
        assert!(Files::between(&base, &with(&[file("hub-1", Some(b"x")), file("2", None)])).is_empty());
        let files = Files::between(&base, &with(&[file("1", Some(b"x")), file("hub-3", Some(b"z"))]));
        assert_eq!((files.add.len(), files.remove), (1, vec![BlobId::from("2")]));
    }
}
