//! Large files: sessions in which they go up part by part
//! ([attach large files](https://learn.microsoft.com/graph/outlook-large-attachments)).
//!
//! The address of a session is the server's, and a token stands in it: it is asked at hosts of the cloud alone, without the account's
//! credentials, and shown nowhere. What the server has not got is sent again, from where it says.

use super::{
    Events,
    files::{Trouble, lost},
};
use crate::{
    calls::{Reply, events::Place},
    error,
};
use bytes::Bytes;
use futures::StreamExt;
use pimkit_core::{Blob, BlobRef, BlobSource, CollectionId, Error, ErrorKind, ItemId, Persistence, Result, WriteOptions};
use pimkit_http::Effect;
use serde_json::Value;
use url::Url;

/// Files of this many bytes and more have a session (documented: 3 MB). What one request takes at most was measured as 3,145,611
/// bytes, and what a session wants at least as 2,097,152 (msgraph-sdk-java 52), so that there is room on both sides.
pub(super) const LARGE: usize = 3_000_000;

/// The most bytes of a file (documented: 150 MB).
const MOST: u64 = 150_000_000;

/// The bytes of one part: below 4 MB (documented), and a multiple of the 320 KiB that upload sessions want elsewhere in Graph.
const PART: usize = 12 * 320 * 1024;

/// How often a part is sent that does not arrive.
const TRIES: u32 = 5;

/// A file, as it is to go up.
pub(super) enum Measured {
    /// In one request.
    Small(Vec<u8>),
    /// So many bytes, in a session.
    Large(u64),
}

/// How large a file is. One whose source does not say it is read for that, and read again to be sent.
///
/// # Errors
/// What the source says; `InvalidData` above 150 MB.
pub(super) async fn measured(source: &dyn BlobSource, blob: &BlobRef) -> Result<Measured> {
    let too_large = || {
        let says = "the file is larger than the 150 MB that Microsoft takes; it stays on the other side";
        Error::new(ErrorKind::InvalidData, says).with("limit", MOST)
    };
    let Blob { size, mut bytes, .. } = source.open(blob).await?;
    if size.is_some_and(|size| size > MOST) {
        return Err(too_large());
    }
    let mut all = Vec::new();
    let mut count = 0;
    while let Some(piece) = bytes.next().await {
        let piece = piece?;
        count += piece.len() as u64;
        if count > MOST {
            return Err(too_large());
        }
        if all.len() < LARGE {
            all.extend_from_slice(&piece);
        }
        if let (Some(size), true) = (size, all.len() >= LARGE) {
            return Ok(Measured::Large(size));
        }
    }
    Ok(if all.len() >= LARGE { Measured::Large(count) } else { Measured::Small(all) })
}

/// The bytes of a file, part by part; again from the beginning where the server lost some.
struct Parts<'s> {
    source: &'s dyn BlobSource,
    blob: &'s BlobRef,
    open: Option<Blob>,
    /// Where the bytes in hand begin.
    at: u64,
    held: Vec<u8>,
}

impl Parts<'_> {
    /// The part that begins here: [`PART`] bytes, or what is left.
    async fn from(&mut self, start: u64) -> Result<Bytes> {
        if start < self.at || self.open.is_none() {
            self.open = Some(self.source.open(self.blob).await?);
            (self.at, self.held) = (0, Vec::new());
        }
        loop {
            let skip = usize::try_from(start - self.at).unwrap_or(usize::MAX).min(self.held.len());
            self.held.drain(..skip);
            self.at += skip as u64;
            if self.held.len() >= PART {
                break;
            }
            let piece = match &mut self.open {
                Some(open) => open.bytes.next().await,
                None => None,
            };
            match piece {
                Some(piece) => self.held.extend_from_slice(&piece?),
                None => break,
            }
        }
        if self.at != start {
            return Err(changed());
        }
        Ok(Bytes::copy_from_slice(self.held.get(..PART.min(self.held.len())).unwrap_or_default()))
    }
}

fn changed() -> Error {
    Error::new(ErrorKind::InvalidData, "the file is not as long as it was; it changes while it is read, try again later")
        .persistence(Persistence::Temporary)
}

/// Where the server wants to go on: `["3932160-"]`, or `["3932160"]`.
fn expected(reply: &Reply) -> Option<u64> {
    let ranges = reply.json().get("nextExpectedRanges").or_else(|| reply.json().get("NextExpectedRanges"))?;
    let starts = ranges.as_array()?.iter().filter_map(Value::as_str);
    starts.filter_map(|range| range.split('-').next()?.trim().parse().ok()).min()
}

/// A file that goes up.
pub(super) struct Upload<'u> {
    pub(super) name: &'u str,
    pub(super) media_type: &'u str,
    pub(super) blob: &'u BlobRef,
    pub(super) size: u64,
}

impl Events {
    /// Attaches a large file. What was sent of one that did not arrive whole is taken back.
    pub(super) async fn upload(
        &self,
        place: &Place,
        (collection, id): (&CollectionId, &ItemId),
        file: &Upload<'_>,
        options: &WriteOptions,
    ) -> Result<(), Trouble> {
        let Some(source) = &options.blobs else { return Err(Trouble::LeftOut(changed())) };
        let call = place.upload(id, file.name, file.media_type, file.size);
        let reply = self.session.call(&call).await.map_err(lost)?;
        if !reply.is_success() {
            return Err(Trouble::of(error::refused(&reply)));
        }
        let address = reply.json().get("uploadUrl").and_then(Value::as_str).unwrap_or_default();
        let url = self.session.upload_url(address).map_err(Trouble::LeftOut)?;
        let parts = Parts { source: source.as_ref(), blob: file.blob, open: None, at: 0, held: Vec::new() };
        let done = self.parts(&url, parts, file.size, expected(&reply).unwrap_or_default(), (collection, id), options).await;
        if done.is_err() {
            // Where it was done all the same, there is nothing to take back.
            let _ = self.session.upload("graph.events.upload", "DELETE", &url, None, Bytes::new()).await;
        }
        done
    }

    async fn parts(
        &self,
        url: &Url,
        mut parts: Parts<'_>,
        size: u64,
        mut next: u64,
        (collection, id): (&CollectionId, &ItemId),
        options: &WriteOptions,
    ) -> Result<(), Trouble> {
        let broken = |says: &'static str| Trouble::Unknown(Error::new(ErrorKind::Unavailable, says));
        let mut tries = 0;
        let mut perhaps_done = false;
        loop {
            let part = parts.from(next).await.map_err(Trouble::of)?;
            let end = next + part.len() as u64;
            if part.is_empty() || end > size || (end < size && part.len() < PART) {
                return Err(Trouble::of(changed()));
            }
            let is_last = end == size;
            if is_last {
                // Only now the event changes.
                self.tells_nobody(collection, id, options).await?;
            }
            let range = format!("bytes {next}-{}/{size}", end - 1);
            let sent = self.session.upload("graph.events.upload", "PUT", url, Some(&range), part).await;
            let trouble = match sent {
                Ok(reply) if reply.is_success() => {
                    match expected(&reply).filter(|_| reply.status != 201) {
                        // A server that says nothing has it all.
                        None if is_last => return Ok(()),
                        None => return Err(broken("the server ended the upload of a file before its end; try again later")),
                        Some(wish) if wish > next && wish <= size => {
                            (next, tries) = (wish, 0);
                            continue;
                        }
                        Some(_) => broken("the server wants the same part of a file again; try again later"),
                    }
                }
                // Another range is expected, or its time ran out: it says which.
                Ok(reply) if matches!(reply.status, 404 | 409 | 410 | 416) => broken("a part of a file did not arrive; try again later"),
                Ok(reply) => return Err(Trouble::of(error::refused(&reply))),
                Err(failure) => {
                    perhaps_done |= is_last && failure.effect() == Effect::Unknown;
                    if !failure.error().is_temporary() && failure.effect() != Effect::Unknown {
                        return Err(lost(failure));
                    }
                    Trouble::Unknown(failure.into_error())
                }
            };
            tries += 1;
            if tries >= TRIES {
                return Err(trouble);
            }
            self.pause(tries).await;
            next = match self.session.upload("graph.events.upload", "GET", url, None, Bytes::new()).await {
                Ok(reply) if reply.is_success() => expected(&reply).filter(|wish| *wish <= size).unwrap_or(next),
                // It is over: done, where the end of it was sent.
                Ok(reply) if matches!(reply.status, 404 | 410) => {
                    return if perhaps_done {
                        Err(broken("the end of a file was sent, and the answer lost; read the event again"))
                    } else {
                        Err(trouble)
                    };
                }
                // Not to be asked here: the same part again.
                _ => next,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::Content;
    use futures::{FutureExt, executor::block_on, future::BoxFuture, stream};
    use serde_json::json;

    /// A file of so many bytes, in pieces of so many; whether it says its size.
    struct Source(usize, usize, bool);

    impl BlobSource for Source {
        fn open<'a>(&'a self, _: &'a BlobRef) -> BoxFuture<'a, Result<Blob>> {
            let Self(all, piece, says) = *self;
            let bytes: Vec<u8> = (0..all).map(|n| u8::try_from(n % 251).unwrap()).collect();
            let pieces: Vec<Result<Bytes>> = bytes.chunks(piece.max(1)).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
            let size = says.then_some(all as u64);
            async move { Ok(Blob { media_type: String::new(), size, bytes: stream::iter(pieces).boxed() }) }.boxed()
        }
    }

    #[test]
    fn a_file_is_measured_whether_or_not_its_source_says_its_size() {
        for says in [true, false] {
            for (all, large) in [(0, false), (10, false), (LARGE - 1, false), (LARGE, true), (PART + 7, true)] {
                let measured = block_on(measured(&Source(all, 100_000, says), &BlobRef::default())).unwrap();
                match measured {
                    Measured::Small(bytes) => assert!(!large && bytes.len() == all, "{all} {says}"),
                    Measured::Large(size) => assert!(large && size == all as u64, "{all} {says}"),
                }
            }
        }
    }

    #[test]
    fn parts_come_from_wherever_they_are_wanted() {
        let all = PART * 2 + 1000;
        for piece in [1 << 20, PART, all] {
            let source = Source(all, piece, false);
            let mut parts = Parts { source: &source, blob: &BlobRef::default(), open: None, at: 0, held: Vec::new() };
            for (start, length) in [(0, PART), (0, PART), (PART, PART), (10, PART), (PART + 5, PART), (2 * PART, 1000), (all, 0)] {
                let part = block_on(parts.from(start as u64)).unwrap();
                assert_eq!(part.len(), length.min(all - start), "{piece} {start}");
                assert!(part.iter().enumerate().all(|(n, byte)| *byte == u8::try_from((start + n) % 251).unwrap()), "{piece} {start}");
            }
            assert!(block_on(parts.from(all as u64 + 1)).is_err());
        }
    }

    #[test]
    fn where_to_go_on_is_read_in_both_spellings() {
        for (body, at) in [
            (json!({"nextExpectedRanges": ["0-"]}), Some(0)),
            (json!({"nextExpectedRanges": ["2097152"]}), Some(2_097_152)),
            (json!({"NextExpectedRanges": ["1998457-2097094", "5-9"]}), Some(5)),
            (json!({"nextExpectedRanges": []}), None),
            (json!({"nextExpectedRanges": ["x"]}), None),
            (json!({}), None),
        ] {
            let reply = Reply { status: 200, body: Content::Json(body.clone()), ..Reply::default() };
            assert_eq!(expected(&reply), at, "{body}");
        }
    }
}
