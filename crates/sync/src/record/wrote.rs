//! What a side made of a write, and the sighting that comes of it.

use crate::{
    apply::{Task, Wrote},
    keys,
    run::Run,
    step::SideWrite,
};
use pimkit_core::{
    CollectionId, Fetched, Field, IntentRow, ItemId, Presence, Record, Result, SeenRow, Side, StateChange, Stored, cursor::binding,
};

impl<R: Record> Run<R> {
    /// What the side made of a write.
    #[allow(clippy::too_many_arguments)]
    pub(super) async fn read_back(
        &self,
        side: Side,
        task: &Task<R>,
        intent: &IntentRow,
        id: ItemId,
        revision: Option<pimkit_core::Revision>,
        now: Option<Box<Stored<R>>>,
        partly: bool,
    ) -> Result<Option<Wrote<R>>> {
        // What is agreed and what is journalled is compared with what is seen later: by the same digests.
        if let Some(stored) = now {
            let stored = Stored { revision: revision.unwrap_or_else(|| stored.revision.clone()), ..*stored };
            let stored = self.digested(side, task.row(side), stored).await?;
            let record = told(intent, &stored)?;
            return Ok(Some(Wrote::read(id, untold(intent, Stored { record, ..stored })?)));
        }
        if revision.is_some() && !partly {
            let sent: R = match &intent.target {
                Some(bytes) => pimkit_core::decode_record(bytes)?,
                None => R::default(),
            };
            return Ok(Some(Wrote::new(id, revision, sent, intent.mark.clone())));
        }
        // A side that does not say which revision it made, or that left fields out, may hold anything: it is asked.
        let repository = self.half(side).repository.clone();
        match repository.fetch(&task.end(side).collection, std::slice::from_ref(&id)).await.into_iter().next() {
            Some(Fetched::Found(stored)) => {
                let stored = self.digested(side, task.row(side), *stored).await?;
                let record = told(intent, &stored)?;
                let mut wrote = Wrote::read(id, untold(intent, Stored { record, ..stored })?);
                wrote.asked = true;
                Ok(Some(wrote))
            }
            _ => Ok(None),
        }
    }

    /// Whether the answer to an update says something else than we knew in a field that we did not write. Where a write
    /// replaces fields whatever is there, a user's edit that no listing named yet shows only here.
    pub(super) fn shows_an_edit(&self, side: Side, task: &Task<R>, wrote: &Wrote<R>) -> Result<bool> {
        let (Some(SideWrite::Fields { fields, .. }), Some(known)) = (&task.end(side).write, task.row(side)) else { return Ok(false) };
        let differences = pimkit_core::diff_fields::<R>(&self.fields_of(known)?, wrote.fields());
        Ok(differences.iter().any(|d| !fields.contains_key(&d.field) && !known.unread.contains(&d.field)))
    }

    /// The newest round of a collection. Nothing is read while steps are applied: it is asked once.
    pub(crate) async fn epoch(&mut self, side: Side, collection: &CollectionId) -> Result<u64> {
        if let Some(epoch) = self.epochs.get(&(side, collection.clone())) {
            return Ok(*epoch);
        }
        let epoch = self.state().stream(&self.stream_key(side, collection)).await?.map_or(0, |row| row.epoch);
        self.epochs.insert((side, collection.clone()), epoch);
        Ok(epoch)
    }

    /// The sighting of an item that we wrote.
    pub(super) async fn sighting(&mut self, side: Side, task: &Task<R>, wrote: &Wrote<R>, deletion: bool) -> Result<Vec<StateChange>> {
        let collection = task.end(side).collection.clone();
        let known = task.row(side);
        if deletion {
            let Some(mut row) = known.cloned() else { return Ok(Vec::new()) };
            row.superseded.push((row.revision.clone(), row.hash));
            row.presence = Presence::Gone;
            row.deleted_by = Some(match &task.step.undoes {
                _ if task.step.ends => format!("{}teardown", SeenRow::BY_ENGINE),
                Some(_) => format!("{}undo", SeenRow::BY_ENGINE),
                None => self.sync().to_string(),
            });
            row.changed = self.run;
            row.changed_at = self.now();
            return Ok(vec![StateChange::Seen(Box::new(row))]);
        }
        let mut stored = Stored::new(wrote.item.clone(), &collection, wrote.revision.clone().unwrap_or_default(), wrote.record().clone());
        stored.mark = wrote.mark.clone().or_else(|| known.and_then(|k| k.mark.clone()));
        stored.modified = wrote.modified;
        stored.unread = known.map(|k| k.unread.clone()).unwrap_or_default();
        let partly = !wrote.unread.is_empty();
        let untold: Vec<Field> = wrote.unread.iter().filter(|field| !stored.unread.contains(field)).cloned().collect();
        stored.unread.extend(untold);
        stored.access = known.map_or(pimkit_core::Access::Write, |k| k.access);
        let epoch = self.epoch(side, &collection).await?;
        let mut row = self.seen_row(side, epoch, known, stored).await?;
        // What we write was changed where it came from: of this side's user it says nothing.
        if let Some(known) = known.filter(|_| matches!(task.end(side).write, Some(SideWrite::Fields { .. })))
            && !self.shows_an_edit(side, task, wrote)?
        {
            row.modified = known.modified;
        }
        // A record made without a link (a copy) is new to the next run.
        row.changed = if task.link.is_some() { self.run } else { self.run + 1 };
        row.changed_at = self.now();
        // What we made, a round that only tells changes need never name: it may be gone again by then.
        let made = side == Side::Right && known.is_none();
        if partly || made {
            row.epoch = UNNAMED;
        }
        // Links of other syncs may still lead to the record that this one stands for.
        if let Some(old) = &task.step.replaces {
            row.keys.push(keys::id_key(binding(&[old.as_str()])));
            // And to those that that one stood for.
            let rows = self.state().seen(&self.half(side).account.id, R::KIND, &collection, std::slice::from_ref(old)).await?;
            for key in rows.into_iter().flatten().flat_map(|row| row.keys) {
                if key.starts_with("id:") && !row.keys.contains(&key) {
                    row.keys.push(key);
                }
            }
        }
        let mut changes = Vec::new();
        // A side may give the item another id with a write.
        if let Some(old) = known.filter(|k| k.item != wrote.item) {
            changes.push(StateChange::DropSeen {
                account: old.account.clone(),
                kind: old.kind,
                collection: old.collection.clone(),
                item: old.item.clone(),
            });
        }
        if side == Side::Left {
            changes.extend(self.stamp_written(task, wrote, &row).await?);
        }
        changes.push(StateChange::Seen(Box::new(row)));
        Ok(changes)
    }
}

/// The round of an item that did not tell all of itself after a write, or that we made, and that no listing has named since: it is
/// asked for when one does, or when one that should have did not.
pub(crate) const UNNAMED: u64 = 0;

/// Of what an item did not tell after our write, what we did not change either: where the answer was found later, its user may
/// have.
fn untold<R: Record>(intent: &IntentRow, mut stored: Stored<R>) -> Result<Stored<R>> {
    if let Some(target) = intent.target.as_deref().filter(|_| !stored.unread.is_empty()) {
        let before = intent.before.as_deref().map(pimkit_core::decode_record_fields::<R>).transpose()?.unwrap_or_default();
        let changed = pimkit_core::diff_fields::<R>(&before, &pimkit_core::decode_record_fields::<R>(target)?);
        stored.unread.retain(|field| !changed.iter().any(|d| d.field == *field));
    }
    Ok(stored)
}

/// What an item says after our write. What it does not tell this time is as we sent it: it was not read, and so is not empty.
fn told<R: Record>(intent: &IntentRow, stored: &Stored<R>) -> Result<R> {
    let Some(target) = intent.target.as_deref().filter(|_| !stored.unread.is_empty()) else { return Ok(stored.record.clone()) };
    let sent: R = pimkit_core::decode_record(target)?;
    let unread = stored.unread.iter().map(|field| (field.clone(), sent.get(field.as_str()).unwrap_or_default()));
    stored.record.with(&unread.collect())
}
