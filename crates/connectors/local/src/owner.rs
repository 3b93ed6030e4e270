//! What the CRM's own user interface does with records.

use crate::{
    blobs::Brought,
    custom::Undefined,
    error::{Failure, Res, denied, not_there},
    repo::{self, Items},
    row::{self, COLUMNS, New, Raw},
    store::Local,
};
use pimkit_core::{
    Action, Blob, BlobRef, CollectionId, Contact, Error, Field, Fields, ItemId, Kind, Notice, Provenance, Record, Removal, Result, Stored,
    Value, diff,
};
use rusqlite::{Transaction, params};

impl Local {
    fn editable(&self, tx: &Transaction<'_>, kind: Kind, id: &ItemId, action: Action) -> Res<Raw> {
        let rights = self.rights(tx)?;
        let raw = row::visible(tx, &rights, kind, id)?;
        if kind == Kind::Message {
            return Err(pimkit_core::unsupported("local.edit").with("reason", "logged mail is never changed or deleted").into());
        }
        if action == Action::Edit && row::is_protected(tx, raw.id)? {
            return Err(denied("the record is kept elsewhere and only shown here; change it where it was made"));
        }
        if raw.may(&rights, action) { Ok(raw) } else { Err(denied("the user may not do that with this record; ask its owner or an admin")) }
    }

    fn add<R: Record>(
        &self,
        tx: &Transaction<'_>,
        collection: &CollectionId,
        record: &R,
        brought: &Brought,
        provenance: Provenance,
    ) -> Res<ItemId> {
        repo::exists(tx, R::KIND, collection)?;
        let rights = self.rights(tx)?;
        if !rights.allowed(R::KIND, Action::Create) {
            return Err(denied("the user may not make records of this kind; ask an admin"));
        }
        let mut left_out = Vec::new();
        let items = Items::<R>::new(self.clone());
        let record = items.fitting(tx, collection, &R::default(), record.fields(), brought, Undefined::LeaveOut, &mut left_out)?;
        all_taken(left_out)?;
        let owner = rights.user.as_deref();
        let new = New { collection: collection.as_str(), record: &record, mark: None, owner, provenance, now: self.db.now() };
        let number = row::insert(tx, &new)?;
        Ok(row::get(tx, R::KIND, number)?.ok_or_else(|| not_there(number))?.item())
    }

    fn one<R: Record>(&self, tx: &Transaction<'_>, id: &ItemId) -> Res<Stored<R>> {
        let rights = self.rights(tx)?;
        Ok(row::visible(tx, &rights, R::KIND, id)?.stored(&rights)?)
    }

    /// A record, when it is there for the user.
    ///
    /// # Errors
    /// `InvalidData` when it is not.
    pub async fn get<R: Record>(&self, id: &ItemId) -> Result<Stored<R>> {
        self.db.read("local.get", |tx| self.one(tx, id))
    }

    /// Makes a record; the acting user owns it.
    ///
    /// # Errors
    /// `CollectionGone`, `PermissionDenied`, or what is wrong with a field; nothing is made then.
    pub async fn create<R: Record>(&self, collection: &CollectionId, record: R) -> Result<Stored<R>> {
        self.db.write("local.create", |tx| {
            let id = self.add(tx, collection, &record, &Brought::default(), Provenance::Created)?;
            self.one(tx, &id)
        })
    }

    /// Brings records in, in bulk. All of them or none.
    ///
    /// # Errors
    /// As [`Local::create`].
    pub async fn import<R: Record>(&self, collection: &CollectionId, records: &[R], provenance: Provenance) -> Result<Vec<ItemId>> {
        self.db.write("local.import", |tx| {
            records.iter().map(|record| self.add(tx, collection, record, &Brought::default(), provenance)).collect()
        })
    }

    /// Changes a record as `set` says.
    ///
    /// # Errors
    /// `InvalidData`, `PermissionDenied`, or `Unsupported` for logged mail; nothing is changed then.
    pub async fn edit<R: Record>(&self, id: &ItemId, set: impl FnOnce(&mut R) + Send) -> Result<Stored<R>> {
        self.db.write("local.edit", |tx| {
            let raw = self.editable(tx, R::KIND, id, Action::Edit)?;
            self.change(tx, &raw, set, &Brought::default())
        })
    }

    fn change<R: Record>(&self, tx: &Transaction<'_>, raw: &Raw, set: impl FnOnce(&mut R), brought: &Brought) -> Res<Stored<R>> {
        let held: R = raw.record()?;
        let mut target = held.clone();
        set(&mut target);
        let wanted: Fields = diff(&held, &target).into_iter().map(|d| (d.field, d.to.unwrap_or(Value::Null))).collect();
        let mut left_out = Vec::new();
        let items = Items::<R>::new(self.clone());
        let record =
            items.fitting(tx, &CollectionId::from(raw.collection.clone()), &held, wanted, brought, Undefined::LeaveOut, &mut left_out)?;
        all_taken(left_out)?;
        if record != held {
            row::replace(tx, raw.id, &record, self.db.now())?;
        }
        self.one(tx, &raw.item())
    }

    /// Sets the same fields on many records. An imported record counts as mass-updated from then on.
    ///
    /// # Errors
    /// As [`Local::edit`]; all of them or none.
    pub async fn mass_update<R: Record>(&self, ids: &[ItemId], fields: &Fields) -> Result<()> {
        self.db.write("local.mass_update", |tx| {
            for id in ids {
                let raw = self.editable(tx, R::KIND, id, Action::Edit)?;
                let target: R = raw.record::<R>()?.with(fields)?;
                self.change::<R>(tx, &raw, |record| *record = target, &Brought::default())?;
                tx.execute("UPDATE item SET provenance = 'massUpdated' WHERE id = ?1 AND provenance = 'imported'", [raw.id])?;
                row::touch(tx, raw.id)?;
            }
            Ok(())
        })
    }

    /// Puts a photo on a contact, or takes it off.
    ///
    /// # Errors
    /// As [`Local::edit`], and what the bytes' stream says.
    pub async fn set_photo(&self, id: &ItemId, photo: Option<Blob>) -> Result<Stored<Contact>> {
        let (reference, brought): (Option<BlobRef>, Brought) = match photo {
            Some(photo) => self.put(photo).await.map(|(reference, brought)| (Some(reference), brought))?,
            None => (None, Brought::default()),
        };
        self.db.write("local.set_photo", |tx| {
            let raw = self.editable(tx, Kind::Contact, id, Action::Edit)?;
            self.change::<Contact>(tx, &raw, |contact| contact.photo = reference, &brought)
        })
    }

    /// Puts a record into the trash.
    ///
    /// # Errors
    /// `InvalidData`, `PermissionDenied`, or `Unsupported` for logged mail.
    pub async fn delete(&self, kind: Kind, id: &ItemId) -> Result<()> {
        self.db.write("local.delete", |tx| {
            let raw = self.editable(tx, kind, id, Action::Delete)?;
            row::trash(tx, &raw, self.db.now())
        })
    }

    fn trashed(&self, tx: &Transaction<'_>, kind: Kind, id: &ItemId) -> Res<Raw> {
        let rights = self.rights(tx)?;
        let raw = row::named(tx, kind, id)?.filter(|raw| raw.trashed && raw.seen_by(&rights));
        let raw = raw.ok_or_else(|| not_there(id))?;
        if raw.may(&rights, Action::Delete) { Ok(raw) } else { Err(denied("the user may not do that with this record")) }
    }

    /// Brings a record back from the trash, as it was and where it was.
    ///
    /// # Errors
    /// `InvalidData` when it is not in the trash, `CollectionGone` when its collection is gone.
    pub async fn restore(&self, kind: Kind, id: &ItemId) -> Result<()> {
        self.db.write("local.restore", |tx| {
            let raw = self.trashed(tx, kind, id)?;
            repo::exists(tx, kind, &CollectionId::from(raw.collection.clone()))?;
            tx.execute("UPDATE item SET trashed = NULL, rev = random() WHERE id = ?1", [raw.id])?;
            row::touch(tx, raw.id)
        })
    }

    /// Deletes a record in the trash for good.
    ///
    /// # Errors
    /// `InvalidData` when it is not in the trash.
    pub async fn purge(&self, kind: Kind, id: &ItemId) -> Result<()> {
        self.db.write("local.purge", |tx| {
            let raw = self.trashed(tx, kind, id)?;
            row::purge(tx, &raw, Removal::Deleted)
        })
    }

    /// What is in the trash, oldest id first.
    ///
    /// # Errors
    /// `Storage` when the disk says no.
    pub async fn trash(&self, kind: Kind) -> Result<Vec<ItemId>> {
        self.db.read("local.trash", |tx| {
            let rights = self.rights(tx)?;
            let mut rows = tx.prepare(&format!("SELECT {COLUMNS} FROM item WHERE kind = ?1 AND trashed IS NOT NULL ORDER BY id"))?;
            let rows = rows.query_map([kind.plural()], Raw::of)?.collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(rows.iter().filter(|raw| raw.seen_by(&rights)).map(Raw::item).collect())
        })
    }

    /// Gives a record to another user, or to nobody.
    ///
    /// # Errors
    /// `InvalidData` when the record or the user is not there, `PermissionDenied`.
    pub async fn set_owner(&self, kind: Kind, id: &ItemId, owner: Option<&str>) -> Result<()> {
        self.db.write("local.set_owner", |tx| {
            let raw = self.editable(tx, kind, id, Action::Edit)?;
            if let Some(owner) = owner
                && !tx.prepare_cached("SELECT 1 FROM member WHERE name = ?1")?.exists([owner])?
            {
                return Err(crate::error::invalid("there is no such user; add the user first").into());
            }
            tx.execute("UPDATE item SET owner = ?2 WHERE id = ?1", params![raw.id, owner])?;
            row::touch(tx, raw.id)
        })
    }

    /// The notices of the acting user, oldest first; without one, everybody's.
    ///
    /// # Errors
    /// `Storage` when the disk says no.
    pub async fn notices(&self) -> Result<Vec<Notice>> {
        self.db.read("local.notices", |tx| {
            let mut rows = tx.prepare("SELECT user, topic, kind, item, text FROM notice WHERE ?1 IS NULL OR user = ?1 ORDER BY id")?;
            let rows = rows.query_map([self.user.as_deref()], |r| {
                let (kind, item): (Option<String>, Option<String>) = (r.get(2)?, r.get(3)?);
                let item = kind.as_deref().and_then(Kind::parse).zip(item.map(ItemId::from));
                Ok(Notice { user: r.get(0)?, topic: r.get(1)?, item, text: r.get(4)? })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

/// A person at the screen is told at once what cannot be kept.
fn all_taken(left_out: Vec<(Field, Error)>) -> Res<()> {
    match left_out.into_iter().next() {
        Some((field, error)) => Err(Failure::Said(error.with("field", field))),
        None => Ok(()),
    }
}
