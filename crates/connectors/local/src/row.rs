//! One row of the item table: reading it, writing it, taking it out.

use crate::{
    blobs,
    error::{Res, not_there},
    index::Index,
    rights::Rights,
    store::next_seq,
};
use jiff::Timestamp;
use pimkit_core::{
    Access, Action, CollectionId, ItemId, Kind, Mark, Provenance, Record, Removal, Result, Revision, Stored, decode_record, encode_record,
};
use rusqlite::{OptionalExtension, Row, Transaction, params};

/// A row as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(crate) id: i64,
    pub(crate) chance: String,
    pub(crate) kind: Kind,
    pub(crate) collection: String,
    pub(crate) rev: i64,
    pub(crate) owner: Option<String>,
    pub(crate) provenance: Provenance,
    pub(crate) mark: Option<String>,
    pub(crate) modified: i64,
    pub(crate) trashed: bool,
    pub(crate) record: String,
}

pub(crate) const COLUMNS: &str = "id, kind, collection, rev, owner, provenance, mark, modified, trashed IS NOT NULL, record, chance";

/// The id by which others know a row: its number, which tells people what came first, and what it got
/// by chance, so that the id is not given out again after an older copy of the file was put in its place.
pub(crate) fn item(number: i64, chance: &str) -> ItemId {
    ItemId::from(format!("{number}-{chance}"))
}

impl Raw {
    pub(crate) fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let kind: String = row.get(1)?;
        let provenance: String = row.get(5)?;
        Ok(Self {
            id: row.get(0)?,
            // The program wrote these words; a word of another version reads as the plainest one.
            kind: Kind::parse(&kind).unwrap_or(Kind::Contact),
            collection: row.get(2)?,
            rev: row.get(3)?,
            owner: row.get(4)?,
            provenance: parse_provenance(&provenance),
            mark: row.get(6)?,
            modified: row.get(7)?,
            trashed: row.get(8)?,
            record: row.get(9)?,
            chance: row.get(10)?,
        })
    }

    pub(crate) fn item(&self) -> ItemId {
        item(self.id, &self.chance)
    }

    pub(crate) fn revision(&self) -> Revision {
        Revision::from(self.rev.to_string())
    }

    pub(crate) fn record<R: Record>(&self) -> Result<R> {
        decode_record(self.record.as_bytes()).map_err(|e| e.with("item", self.id))
    }

    pub(crate) fn stored<R: Record>(&self, rights: &Rights) -> Result<Stored<R>> {
        let mut stored = Stored::new(self.item(), &CollectionId::from(self.collection.clone()), self.revision(), self.record()?);
        stored.modified = Timestamp::from_microsecond(self.modified).ok();
        stored.mark = self.mark.clone().map(Mark::from);
        stored.access = if self.may(rights, Action::Edit) { Access::Write } else { Access::Read };
        Ok(stored)
    }

    pub(crate) fn seen_by(&self, rights: &Rights) -> bool {
        rights.sees(self.kind, self.owner.as_deref())
    }

    pub(crate) fn may(&self, rights: &Rights, action: Action) -> bool {
        rights.may(self.kind, action, self.owner.as_deref())
    }
}

pub(crate) fn provenance_word(provenance: Provenance) -> &'static str {
    match provenance {
        Provenance::Created => "created",
        Provenance::Imported => "imported",
        Provenance::MassUpdated => "massUpdated",
        Provenance::Synced => "synced",
    }
}

fn parse_provenance(word: &str) -> Provenance {
    [Provenance::Imported, Provenance::MassUpdated, Provenance::Synced]
        .into_iter()
        .find(|p| provenance_word(*p) == word)
        .unwrap_or(Provenance::Created)
}

/// The word of a reason in the table `gone`.
pub(crate) fn reason_word(reason: Removal) -> &'static str {
    match reason {
        Removal::Left => "left",
        Removal::Deleted | Removal::Unknown => "deleted",
    }
}

/// Whether the app's users may only look at a row: its other end takes no changes.
pub(crate) fn is_protected(tx: &Transaction<'_>, id: i64) -> Res<bool> {
    Ok(tx.prepare_cached("SELECT 1 FROM protected WHERE item = ?1")?.exists([id])?)
}

/// The row of this number, in the trash or not.
pub(crate) fn get(tx: &Transaction<'_>, kind: Kind, id: i64) -> Res<Option<Raw>> {
    let query = format!("SELECT {COLUMNS} FROM item WHERE id = ?1 AND kind = ?2");
    Ok(tx.prepare_cached(&query)?.query_row(params![id, kind.plural()], Raw::of).optional()?)
}

/// The row of this id, in the trash or not.
pub(crate) fn named(tx: &Transaction<'_>, kind: Kind, id: &ItemId) -> Res<Option<Raw>> {
    let Some(number) = id.as_str().split_once('-').and_then(|(number, _)| number.parse().ok()) else { return Ok(None) };
    // `+7` and `007` are not spellings of 7, and the 7 of another copy of the file is another record.
    Ok(get(tx, kind, number)?.filter(|raw| raw.item() == *id))
}

/// The row of this id, when it is there for the user.
pub(crate) fn visible(tx: &Transaction<'_>, rights: &Rights, kind: Kind, id: &ItemId) -> Res<Raw> {
    named(tx, kind, id)?.filter(|raw| !raw.trashed && raw.seen_by(rights)).ok_or_else(|| not_there(id))
}

/// A new row.
pub(crate) struct New<'a, R> {
    pub(crate) collection: &'a str,
    pub(crate) record: &'a R,
    pub(crate) mark: Option<&'a str>,
    pub(crate) owner: Option<&'a str>,
    pub(crate) provenance: Provenance,
    pub(crate) now: i64,
}

/// Makes the row, and gives back its number.
pub(crate) fn insert<R: Record>(tx: &Transaction<'_>, new: &New<'_, R>) -> Res<i64> {
    let index = Index::of(new.record);
    let kind = R::KIND.plural();
    tx.prepare_cached(
        "INSERT INTO item (chance, kind, collection, rev, seq, uid, name, search, owner, provenance, mark, created, modified, record)
         VALUES (lower(hex(randomblob(8))), ?1, ?2, random(), ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?11)",
    )?
    .execute(params![
        kind,
        new.collection,
        next_seq(tx)?,
        new.record.uid(),
        index.name,
        index.search,
        new.owner,
        provenance_word(new.provenance),
        new.mark,
        new.now,
        json(new.record)?
    ])?;
    let id = tx.last_insert_rowid();
    index.save(tx, R::KIND, id)?;
    if let Some(mark) = new.mark {
        set_mark(tx, R::KIND, id, mark)?;
    }
    Ok(id)
}

fn json<R: Record>(record: &R) -> Res<String> {
    // serde_json writes UTF-8.
    Ok(String::from_utf8_lossy(&encode_record(record)?).into_owned())
}

pub(crate) fn set_mark(tx: &Transaction<'_>, kind: Kind, id: i64, mark: &str) -> Res<()> {
    tx.prepare_cached("UPDATE item SET mark = ?2 WHERE id = ?1")?.execute(params![id, mark])?;
    tx.prepare_cached("INSERT OR REPLACE INTO mark (kind, mark, item) VALUES (?1, ?2, ?3)")?.execute(params![kind.plural(), mark, id])?;
    Ok(())
}

/// Hands every mark of one row to another, which stands for the same record from then on.
pub(crate) fn hand_marks(tx: &Transaction<'_>, from: i64, to: i64) -> Res<()> {
    tx.prepare_cached("UPDATE mark SET item = ?2 WHERE item = ?1")?.execute([from, to])?;
    Ok(())
}

/// Takes the mark from a row in the trash: another record is made with it.
pub(crate) fn release_mark(tx: &Transaction<'_>, id: i64, mark: &str) -> Res<()> {
    tx.prepare_cached("UPDATE item SET mark = NULL WHERE id = ?1 AND mark = ?2")?.execute(params![id, mark])?;
    Ok(())
}

/// Puts another record in place of the one that is there: a change of the record.
pub(crate) fn replace<R: Record>(tx: &Transaction<'_>, id: i64, record: &R, now: i64) -> Res<()> {
    let index = Index::of(record);
    let held = blobs::of_item(tx, id)?;
    tx.prepare_cached(
        "UPDATE item SET rev = random(), seq = ?2, uid = ?3, name = ?4, search = ?5, modified = ?6, record = ?7 WHERE id = ?1",
    )?
    .execute(params![id, next_seq(tx)?, record.uid(), index.name, index.search, now, json(record)?])?;
    index.save(tx, R::KIND, id)?;
    blobs::forget_unused(tx, &held)
}

/// Brings the item to the end of the feed: something about it changed that is not in its record.
pub(crate) fn touch(tx: &Transaction<'_>, id: i64) -> Res<()> {
    tx.prepare_cached("UPDATE item SET seq = ?2 WHERE id = ?1")?.execute(params![id, next_seq(tx)?])?;
    Ok(())
}

/// Says in the feed that the item is not in its collection any more.
pub(crate) fn left(tx: &Transaction<'_>, raw: &Raw, reason: Removal) -> Res<()> {
    tx.prepare_cached("INSERT OR REPLACE INTO gone (kind, collection, item, chance, seq, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![raw.kind.plural(), raw.collection, raw.id, raw.chance, next_seq(tx)?, reason_word(reason)])?;
    Ok(())
}

/// Puts the item into another collection; it keeps its id, and what is known of it.
pub(crate) fn relocate(tx: &Transaction<'_>, raw: &Raw, to: &str) -> Res<()> {
    left(tx, raw, Removal::Left)?;
    tx.prepare_cached("UPDATE item SET collection = ?2, rev = random(), seq = ?3 WHERE id = ?1")?.execute(params![
        raw.id,
        to,
        next_seq(tx)?
    ])?;
    Ok(())
}

/// Puts the item into the trash.
pub(crate) fn trash(tx: &Transaction<'_>, raw: &Raw, now: i64) -> Res<()> {
    left(tx, raw, Removal::Deleted)?;
    tx.prepare_cached("UPDATE item SET trashed = ?2, rev = random() WHERE id = ?1")?.execute(params![raw.id, now])?;
    Ok(())
}

/// Deletes the item for good, with everything that hangs on it.
pub(crate) fn purge(tx: &Transaction<'_>, raw: &Raw, reason: Removal) -> Res<()> {
    if !raw.trashed {
        left(tx, raw, reason)?;
    }
    let held = blobs::of_item(tx, raw.id)?;
    tx.prepare_cached("DELETE FROM item WHERE id = ?1")?.execute([raw.id])?;
    blobs::forget_unused(tx, &held)
}
