//! What is kept of an item that was seen, and what makes one sighting another.

use crate::{blobs, keys, run::Run};
use jiff::Timestamp;
use pimkit_core::{BlobRef, Presence, Record, Result, SeenRow, Side, Stored, Value};

impl<R: Record> Run<R> {
    /// The sighting that an item makes, given what was known of it.
    pub(crate) async fn seen_row(&self, side: Side, epoch: u64, known: Option<&SeenRow>, stored: Stored<R>) -> Result<SeenRow> {
        let half = self.half(side);
        let modified = self.modified(side, &stored);
        let stored = self.digested(side, known, stored).await?;
        let fields = stored.record.fields();
        let hash = keys::hash(&fields);
        let now = self.now();
        let mut row = SeenRow {
            account: half.account.id.clone(),
            kind: R::KIND,
            collection: stored.collection.clone(),
            item: stored.id.clone(),
            keys: keys::keys(R::KIND, &stored.id, &fields, stored.record.uid(), stored.mark.as_ref(), hash),
            record: Some(pimkit_core::encode_record(&stored.record)?),
            revision: Some(stored.revision),
            hash,
            unread: stored.unread,
            access: stored.access,
            mark: stored.mark,
            modified,
            epoch,
            presence: Presence::Present,
            changed: self.run,
            // Another sync may have seen it since this one's last run.
            unchanged_at: known.filter(|k| k.record.is_some()).map(|k| self.before.map_or(k.changed_at, |before| before.max(k.changed_at))),
            changed_at: now,
            superseded: known.map(|k| k.superseded.clone()).unwrap_or_default(),
            deleted_by: None,
        };
        if let Some(known) = known {
            // What it stands for beside itself is told by no reader.
            let stands_for = known.keys.iter().filter(|key| key.starts_with("id:") && !row.keys.contains(key)).cloned();
            let stands_for: Vec<String> = if known.item == row.item { stands_for.collect() } else { Vec::new() };
            row.keys.extend(stands_for);
            let before = (known.revision.clone(), known.hash);
            if (known.revision != row.revision || known.hash != row.hash) && !row.superseded.contains(&before) {
                row.superseded.push(before);
                let over = row.superseded.len().saturating_sub(4);
                row.superseded.drain(..over);
            }
            if known.presence == Presence::Present && known.hash == row.hash && known.unread == row.unread {
                // What it says came to be then, whatever its side counts as a change.
                row.modified = known.modified.or(row.modified);
                row.changed_at = known.changed_at;
                row.unchanged_at = known.unchanged_at;
                if known.access == row.access && known.mark == row.mark {
                    row.changed = known.changed;
                }
            }
        }
        Ok(row)
    }

    /// When an item was changed last, as its side says, by our clock.
    pub(crate) fn modified(&self, side: Side, stored: &Stored<R>) -> Option<Timestamp> {
        let skew = jiff::SignedDuration::from_secs(self.half(side).account.skew);
        stored.modified.and_then(|at| at.checked_sub(skew).ok())
    }

    /// An item with what its bytes hash to. Blobs are compared by their bytes: where a side does not say what they hash to, they
    /// are read once, and again only when their id changes. One that cannot be read is unknown, not gone.
    pub(crate) async fn digested(&self, side: Side, known: Option<&SeenRow>, mut stored: Stored<R>) -> Result<Stored<R>> {
        if !stored.record.blobs().iter().any(|b| b.digest.is_none() && b.uri.is_none()) {
            return Ok(stored);
        }
        let missing = |blob: &Value| blob.get("digest").is_none() && blob.get("uri").is_none();
        let mut fields = stored.record.fields();
        let before: Option<R> = known.and_then(|k| k.record.as_deref()).and_then(|bytes| pimkit_core::decode_record(bytes).ok());
        let before: Vec<BlobRef> = before.map(|r| r.blobs().into_iter().cloned().collect()).unwrap_or_default();
        for name in ["photo", "attachments"] {
            let Some(value) = fields.get_mut(name) else { continue };
            let blobs: Vec<&mut Value> = match value {
                Value::Array(list) => list.iter_mut().filter_map(|e| e.get_mut("blob")).collect(),
                photo => vec![photo],
            };
            for blob in blobs.into_iter().filter(|b| missing(b)) {
                let Some(id) = blob.get("id").and_then(Value::as_str).map(pimkit_core::BlobId::from) else { continue };
                let digest = match before.iter().find(|b| b.id == id).and_then(|b| b.digest) {
                    Some(digest) => Some(digest),
                    None => blobs::digest(self.half(side).repository.as_ref(), &stored.collection, &stored.id, &id).await.ok(),
                };
                match (digest, blob) {
                    (Some(digest), Value::Object(blob)) => {
                        blob.insert("digest".to_owned(), Value::String(digest.to_string()));
                    }
                    _ => {
                        let field = keys::field(name);
                        if !stored.unread.contains(&field) {
                            stored.unread.push(field);
                        }
                    }
                }
            }
        }
        stored.record = stored.record.with(&fields)?;
        Ok(stored)
    }
}

/// Deleted by us, and there again: a reader that lags, or somebody who brought it back.
pub(crate) fn returned(row: &SeenRow) -> bool {
    row.presence == Presence::Gone && row.deleted_by.is_some()
}

pub(crate) fn superseded<R: Record>(row: &SeenRow, stored: &Stored<R>) -> bool {
    if row.superseded.is_empty() {
        return false;
    }
    if row.superseded.iter().any(|(revision, _)| revision.as_ref() == Some(&stored.revision)) {
        return true;
    }
    let hash = keys::hash(&stored.record.fields());
    row.hash != hash && row.superseded.iter().any(|(_, old)| *old == hash)
}

/// Nothing that is kept of the item changed but the round that named it.
pub(crate) fn same_row(old: &SeenRow, new: &mut SeenRow) -> bool {
    let epoch = std::mem::replace(&mut new.epoch, old.epoch);
    let same = *old == *new;
    new.epoch = epoch;
    same
}
