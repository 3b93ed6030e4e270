//! Writes that a sync asks for.

use crate::{
    blobs::{self, Brought},
    custom::{self, Undefined},
    error::{Res, denied, storage},
    repo::Items,
    rights::Rights,
    row::{self, New, Raw},
};
use pimkit_core::{
    Action, CollectionId, Contact, ContactKind, Delete, Error, ErrorKind, Event, Field, Fields, ItemId, Kind, Mark, Outcome, Record,
    Revision, Task, Value, Write, WriteOptions, diff, unsupported,
};
use rusqlite::{OptionalExtension, Transaction, params};
use std::any::Any;

/// Writes that go into one transaction.
const GROUP: usize = 100;
/// Bytes of blobs that are held in memory until their transaction.
const HELD: usize = 4 << 20;

impl<R: Record> Items<R> {
    pub(crate) async fn write_all(&self, collection: &CollectionId, writes: Vec<Write<R>>, options: &WriteOptions) -> Vec<Outcome<R>> {
        let mut outcomes = Vec::with_capacity(writes.len());
        let (mut group, mut held) = (Vec::new(), 0);
        for write in writes {
            let brought = self.bring(&write, options).await;
            held += brought.held();
            group.push((write, brought));
            if group.len() >= GROUP || held >= HELD {
                outcomes.extend(self.write_group(collection, std::mem::take(&mut group)));
                held = 0;
            }
        }
        outcomes.extend(self.write_group(collection, group));
        outcomes
    }

    fn write_group(&self, collection: &CollectionId, group: Vec<(Write<R>, Brought)>) -> Vec<Outcome<R>> {
        if group.is_empty() {
            return Vec::new();
        }
        let count = group.len();
        let written = self.local.db.write("local.write", |tx| {
            self.exists(tx, collection)?;
            let rights = self.local.rights(tx)?;
            let mut outcomes = Vec::with_capacity(count);
            for (write, brought) in group {
                tx.execute_batch("SAVEPOINT one")?;
                outcomes.push(match self.write_one(tx, &rights, collection, write, &brought) {
                    Ok(outcome) => outcome,
                    Err(failure) => {
                        tx.execute_batch("ROLLBACK TO one")?;
                        Outcome::Refused(failure.told("local.write"))
                    }
                });
                tx.execute_batch("RELEASE one")?;
            }
            Ok(outcomes)
        });
        written.unwrap_or_else(|error| {
            let failed = |_| match error.kind() {
                // The commit may have reached the disk before it failed.
                ErrorKind::Storage => Outcome::Unknown(error.clone()),
                _ => Outcome::Refused(error.clone()),
            };
            (0..count).map(failed).collect()
        })
    }

    fn write_one(
        &self,
        tx: &Transaction<'_>,
        rights: &Rights,
        collection: &CollectionId,
        write: Write<R>,
        brought: &Brought,
    ) -> Res<Outcome<R>> {
        if R::KIND == Kind::Message && !matches!(write, Write::Create { .. }) {
            let error = unsupported("local.write").with("reason", "logged mail is never changed or deleted");
            return Err(error.into());
        }
        match write {
            Write::Create { mark, record } => self.create(tx, rights, collection, &mark, &record, brought),
            Write::Update { id, revision, base, target, mark } => {
                let raw = match self.planned(tx, rights, collection, &id, &revision, Action::Edit)? {
                    Ok(raw) => raw,
                    Err(outcome) => return Ok(outcome),
                };
                self.update(tx, rights, &raw, &base, &target, mark.as_ref(), brought)
            }
            Write::Move { id, revision, to } => {
                if !matches!(R::KIND, Kind::Contact | Kind::Event | Kind::Task) {
                    return Err(unsupported("local.write").with("write", "move").into());
                }
                let raw = match self.planned(tx, rights, collection, &id, &revision, Action::Edit)? {
                    Ok(raw) => raw,
                    Err(outcome) => return Ok(outcome),
                };
                self.exists(tx, &to)?;
                if raw.collection != to.as_str() {
                    row::relocate(tx, &raw, to.as_str())?;
                    settle_kind::<R>(tx, &raw, &to, self.local.db.now())?;
                }
                self.written(tx, rights, raw.id, None, Vec::new())
            }
            Write::Delete { id, revision, mode } => {
                let raw = match self.planned(tx, rights, collection, &id, &revision, Action::Delete)? {
                    Ok(raw) => raw,
                    Err(outcome) => return Ok(outcome),
                };
                match mode {
                    Delete::Trash => row::trash(tx, &raw, self.local.db.now())?,
                    Delete::Permanent => row::purge(tx, &raw, pimkit_core::Removal::Deleted)?,
                }
                Ok(Outcome::written(id, None))
            }
        }
    }

    /// The row that a write was planned against, or why it is not.
    #[allow(clippy::type_complexity, reason = "the row, or the outcome in its place")]
    fn planned(
        &self,
        tx: &Transaction<'_>,
        rights: &Rights,
        collection: &CollectionId,
        id: &ItemId,
        revision: &Revision,
        action: Action,
    ) -> Res<Result<Raw, Outcome<R>>> {
        let raw = row::named(tx, R::KIND, id)?;
        let Some(raw) = raw.filter(|raw| !raw.trashed && raw.collection == collection.as_str() && raw.seen_by(rights)) else {
            return Ok(Err(Outcome::Conflict { now: None }));
        };
        if raw.revision() != *revision {
            return Ok(Err(Outcome::Conflict { now: raw.stored(rights).ok().map(Box::new) }));
        }
        if !raw.may(rights, action) {
            return Err(denied("the user may not do that with this record; ask its owner or an admin"));
        }
        Ok(Ok(raw))
    }

    fn create(
        &self,
        tx: &Transaction<'_>,
        rights: &Rights,
        collection: &CollectionId,
        mark: &Mark,
        record: &R,
        brought: &Brought,
    ) -> Res<Outcome<R>> {
        if !rights.allowed(R::KIND, Action::Create) {
            return Err(denied("the user may not make records of this kind; ask an admin"));
        }
        let first: Option<i64> = tx
            .prepare_cached("SELECT item FROM mark WHERE kind = ?1 AND mark = ?2")?
            .query_row(params![R::KIND.plural(), mark.as_str()], |r| r.get(0))
            .optional()?;
        if let Some(first) = first {
            match row::get(tx, R::KIND, first)? {
                // Made before: the answer was lost.
                Some(raw) if !raw.trashed => return self.written(tx, rights, raw.id, Some(record), Vec::new()),
                // Deleted since: whoever asks again wants it to be there.
                _ => row::release_mark(tx, first, mark.as_str())?,
            }
        }
        let mut left_out = Vec::new();
        let stored = self.fitting(tx, collection, &R::default(), record.fields(), brought, Undefined::Make, &mut left_out)?;
        let stored = beside(&stored, record);
        let new = New {
            collection: collection.as_str(),
            record: &stored,
            mark: Some(mark.as_str()),
            owner: rights.user.as_deref(),
            provenance: self.local.bringing,
            now: self.local.db.now(),
        };
        let id = row::insert(tx, &new)?;
        self.written(tx, rights, id, Some(record), left_out)
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one write")]
    fn update(
        &self,
        tx: &Transaction<'_>,
        rights: &Rights,
        raw: &Raw,
        base: &R,
        target: &R,
        mark: Option<&Mark>,
        brought: &Brought,
    ) -> Res<Outcome<R>> {
        let held: R = raw.record()?;
        let wanted: Fields = diff(base, target).into_iter().map(|d| (d.field, d.to.unwrap_or(Value::Null))).collect();
        let mut left_out = Vec::new();
        let stored =
            self.fitting(tx, &CollectionId::from(raw.collection.clone()), &held, wanted, brought, Undefined::Make, &mut left_out)?;
        let stored = beside(&stored, target);
        if stored != held {
            row::replace(tx, raw.id, &stored, self.local.db.now())?;
        }
        if let Some(mark) = mark.filter(|mark| raw.mark.as_deref() != Some(mark.as_str())) {
            row::set_mark(tx, R::KIND, raw.id, mark.as_str())?;
            row::touch(tx, raw.id)?;
        }
        self.written(tx, rights, raw.id, Some(target), left_out)
    }

    /// The held record with the wanted fields, as far as this store takes them.
    #[allow(clippy::too_many_arguments, reason = "the parts of one write")]
    pub(crate) fn fitting(
        &self,
        tx: &Transaction<'_>,
        collection: &CollectionId,
        held: &R,
        mut wanted: Fields,
        brought: &Brought,
        undefined: Undefined,
        left_out: &mut Vec<(Field, Error)>,
    ) -> Res<R> {
        let identity = |field: &Field| R::catalogue().field(field.as_str()).is_some_and(|def| def.identity);
        if held.uid().is_some() {
            wanted.retain(|field, value| {
                let keep = !identity(field) || held.get(field.as_str()).as_ref() == Some(value);
                if !keep {
                    left_out.push((field.clone(), Error::new(ErrorKind::InvalidData, "what names a record is set once and never changed")));
                }
                keep
            });
        }
        custom::check(tx, R::KIND, undefined, &mut wanted, left_out)?;
        blobs::settle(tx, &mut wanted, brought, left_out)?;
        if R::KIND == Kind::Contact && collection.as_str() == "companies" {
            wanted.insert(Field::from("kind"), Value::from("org"));
        }
        Ok(held.with(&wanted)?)
    }

    /// The answer to a write: with the item as it is, where it is not as it was asked for.
    fn written(&self, tx: &Transaction<'_>, rights: &Rights, id: i64, asked: Option<&R>, left_out: Vec<(Field, Error)>) -> Res<Outcome<R>> {
        let raw = row::get(tx, R::KIND, id)?.ok_or_else(|| storage(rusqlite::Error::QueryReturnedNoRows))?;
        let stored = raw.stored::<R>(rights)?;
        let same = left_out.is_empty() && asked.is_none_or(|asked| stored.record.differing(asked).is_empty());
        let now = (!same).then(|| Box::new(stored));
        Ok(Outcome::Written { id: raw.item(), revision: Some(raw.revision()), now, left_out })
    }
}

/// What stands beside the fields: the organiser's revision count only grows; when the record was
/// made and changed elsewhere is kept as it came.
fn beside<R: Record>(stored: &R, asked: &R) -> R {
    let mut stored = stored.clone();
    let (to, from) = (&mut stored as &mut dyn Any, asked as &dyn Any);
    if let (Some(to), Some(from)) = (to.downcast_mut::<Event>(), from.downcast_ref::<Event>()) {
        (to.sequence, to.created, to.updated) = (to.sequence.max(from.sequence), to.created.or(from.created), from.updated.or(to.updated));
    }
    if let (Some(to), Some(from)) = (to.downcast_mut::<Task>(), from.downcast_ref::<Task>()) {
        (to.sequence, to.created, to.updated) = (to.sequence.max(from.sequence), to.created.or(from.created), from.updated.or(to.updated));
    }
    if let (Some(to), Some(from)) = (to.downcast_mut::<Contact>(), from.downcast_ref::<Contact>()) {
        (to.created, to.updated) = (to.created.or(from.created), from.updated.or(to.updated));
    }
    stored
}

/// A company is of kind `org`, also when it comes from another collection.
fn settle_kind<R: Record>(tx: &Transaction<'_>, raw: &Raw, to: &CollectionId, now: i64) -> Res<()> {
    if R::KIND != Kind::Contact || to.as_str() != "companies" {
        return Ok(());
    }
    let mut contact: Contact = raw.record()?;
    if contact.kind != ContactKind::Org {
        contact.kind = ContactKind::Org;
        row::replace(tx, raw.id, &contact, now)?;
    }
    Ok(())
}
