//! When a hub field was changed, and by whom.
//!
//! The hub says of a record when it was changed last; where several far sides write to it, that is
//! when the engine brought a user's edit, not when the user made it. So each hub field carries the
//! time of the change that its value came from: a user's on the hub, or the far side's that was
//! carried over. A conflict is then between two users, whenever their edits were synced.

use crate::{
    apply::{Task, Wrote},
    merge::{Interval, Times},
    planted::{Break, planted},
    policy::Conflicts,
    project::degraded,
    run::Run,
    step::SideWrite,
};
use futures::TryStreamExt;
use pimkit_core::{
    Field, IntentKind, IntentRow, ItemId, Record, Result, SeenRow, Side, Stamp, StampRow, StateChange, Stored, Value, diff_fields,
};
use std::collections::BTreeMap;

/// Stands for every field that has no stamp of its own.
const REST: &str = "*";

/// When an item was changed: between two looks, or when its side says, where that lies between.
pub(crate) fn interval(row: &SeenRow) -> Interval {
    match row.modified {
        Some(at) if at <= row.changed_at => Interval { after: Some(at), until: at },
        _ => Interval { after: row.unchanged_at, until: row.changed_at },
    }
}

/// When a far item was changed: as a whole, since far sides are asked for no more.
pub(crate) fn far_times(row: &SeenRow) -> Times {
    Times { rest: interval(row), fields: BTreeMap::new() }
}

fn of(stamp: &Stamp) -> Interval {
    Interval { after: stamp.after, until: stamp.until }
}

impl<R: Record> Run<R> {
    /// The sighting of an item as a side has it now, given what was known of it. What a user changed of a hub record is stamped.
    pub(crate) async fn observed(&mut self, side: Side, epoch: u64, known: Option<&SeenRow>, stored: Stored<R>) -> Result<SeenRow> {
        let row = self.seen_row(side, epoch, known, stored).await?;
        if let (Side::Left, Some(known)) = (side, known)
            && known.record.is_some()
            && known.hash != row.hash
        {
            let stamps = self.stamp_seen(known, &row).await?;
            self.later(stamps);
        }
        Ok(row)
    }

    async fn kept_stamps(&self, item: &ItemId) -> Result<BTreeMap<Field, Stamp>> {
        let row = self.state().stamps(&self.hub.account.id, R::KIND, item).await?;
        Ok(row.map(|row| row.stamps).unwrap_or_default())
    }

    fn stamp_row(&self, item: &ItemId, stamps: BTreeMap<Field, Stamp>) -> StateChange {
        StateChange::Stamps(StampRow { account: self.hub.account.id.clone(), kind: R::KIND, item: item.clone(), stamps })
    }

    async fn stamp_seen(&self, known: &SeenRow, row: &SeenRow) -> Result<Option<StateChange>> {
        let (before, now) = (self.fields_of(known)?, self.fields_of(row)?);
        let hub = &self.hub.account.id;
        let mut stamps = self.kept_stamps(&row.item).await?;
        let stamp = |change: Interval| Stamp { after: change.after, until: change.until, origin: hub.clone() };
        let mut changed = Vec::new();
        for difference in diff_fields::<R>(&before, &now) {
            let ours = stamps.get(&difference.field).or_else(|| stamps.get(REST)).is_some_and(|s| s.origin != *hub);
            let def = R::catalogue().field(difference.field.as_str());
            // What the hub made by itself of a value that we brought is still that user's change.
            if !(ours && def.is_some_and(|def| degraded(def, difference.from.as_ref(), difference.to.as_ref()))) {
                changed.push(difference.field);
            }
        }
        if changed.is_empty() {
            return Ok(None);
        }
        stamps.entry(Field::from(REST)).or_insert_with(|| stamp(interval(known)));
        for field in changed {
            let brought = self.brought(row, &field, now.get(&field)).await?;
            stamps.insert(field, brought.unwrap_or_else(|| stamp(interval(row))));
        }
        Ok(Some(self.stamp_row(&row.item, stamps)))
    }

    /// When a value was changed that a sync has brought to the hub, in a write that it has not taken down yet.
    async fn brought(&self, row: &SeenRow, field: &Field, value: Option<&Value>) -> Result<Option<Stamp>> {
        let def = R::catalogue().field(field.as_str());
        let updates = self.unrecorded.iter().filter(|i| i.write == IntentKind::Update && i.collection == row.collection);
        for intent in updates.filter(|i| i.item.as_ref() == Some(&row.item)) {
            let (Some(target), Some(link)) = (intent.target.as_deref(), &intent.link) else { continue };
            let target = pimkit_core::decode_record::<R>(target)?.fields();
            if !def.as_ref().is_some_and(|def| def.same(target.get(field), value)) {
                continue;
            }
            let Some(link) = self.state().link(link).await? else { continue };
            let ends = self.state().seen(&link.account, R::KIND, &link.collection, link.item.as_slice()).await?;
            if let Some(far) = ends.into_iter().flatten().next() {
                let change = interval(&far);
                return Ok(Some(Stamp { after: change.after, until: change.until, origin: link.account }));
            }
        }
        Ok(None)
    }

    /// The creates and updates of hub records that any sync has sent and not taken down.
    pub(crate) async fn find_unrecorded(&self) -> Result<Vec<IntentRow>> {
        let mut found = Vec::new();
        let mut syncs = self.state().syncs().await?;
        if !syncs.contains(self.sync()) {
            syncs.push(self.sync().clone());
        }
        for sync in syncs {
            let open: Vec<IntentRow> = self.state().intents(&sync).try_collect().await?;
            let ours = |intent: &IntentRow| intent.side == Side::Left && intent.kind == R::KIND && intent.account == self.hub.account.id;
            let writes = |intent: &IntentRow| matches!(intent.write, IntentKind::Create | IntentKind::Update);
            found.extend(open.into_iter().filter(|intent| ours(intent) && writes(intent)));
        }
        Ok(found)
    }

    /// What a write to the hub says of its fields: they were changed when the far side was, and there. `row`: the record as it
    /// is there now. What else it says than we knew is its user's.
    pub(crate) async fn stamp_written(&self, task: &Task<R>, wrote: &Wrote<R>, row: &SeenRow) -> Result<Option<StateChange>> {
        let written = &wrote.item;
        let Some(far) = &task.far else { return Ok(None) };
        let change = interval(far);
        let stamp = Stamp { after: change.after, until: change.until, origin: self.far.account.id.clone() };
        match &task.end(Side::Left).write {
            Some(SideWrite::Create { record, .. }) => {
                // Found late, it may have been changed already: what is known of its fields stays.
                let mut stamps = self.kept_stamps(written).await?;
                stamps.insert(Field::from(REST), stamp);
                let (own, origin) = (interval(row), &self.hub.account.id);
                for difference in diff_fields::<R>(&pimkit_core::decode_record_fields::<R>(record)?, wrote.fields()) {
                    let def = R::catalogue().field(difference.field.as_str());
                    if !def.is_some_and(|def| degraded(def, difference.from.as_ref(), difference.to.as_ref())) {
                        let stamp = || Stamp { after: own.after, until: own.until, origin: origin.clone() };
                        stamps.entry(difference.field).or_insert_with(stamp);
                    }
                }
                Ok(Some(self.stamp_row(written, stamps)))
            }
            Some(SideWrite::Fields { fields, .. }) => {
                let Some(hub) = &task.hub else { return Ok(None) };
                let mut stamps = self.kept_stamps(&hub.item).await?;
                stamps.entry(Field::from(REST)).or_insert_with(|| {
                    let before = interval(hub);
                    Stamp { after: before.after, until: before.until, origin: self.hub.account.id.clone() }
                });
                for field in fields.keys() {
                    // A set may hold entries of both: the later change counts.
                    let merges = R::catalogue().field(field.as_str()).is_some_and(pimkit_core::FieldDef::mergeable);
                    if !(merges && stamps.get(field).is_some_and(|kept| kept.until > stamp.until)) {
                        stamps.insert(field.clone(), stamp.clone());
                    }
                }
                for difference in diff_fields::<R>(&self.fields_of(hub)?, wrote.fields()) {
                    if !fields.contains_key(&difference.field) && !hub.unread.contains(&difference.field) {
                        let change = interval(row);
                        let origin = self.hub.account.id.clone();
                        stamps.insert(difference.field, Stamp { after: change.after, until: change.until, origin });
                    }
                }
                Ok(Some(self.stamp_row(written, stamps)))
            }
            _ => Ok(None),
        }
    }

    /// Whether the hub's user has changed a record since its sightings were worked off last, in whatever field.
    pub(crate) async fn was_just_edited(&self, hub: &SeenRow) -> Result<bool> {
        // Under whatever maps: that a field is synced from now on is no edit of it.
        let worked_off = self.state().progress(self.sync(), &self.stream_key(Side::Left, &hub.collection)).await?;
        if worked_off.is_some_and(|row| hub.changed <= row.run) {
            return Ok(false);
        }
        let (last, own) = (interval(hub), &self.hub.account.id);
        Ok(self
            .kept_stamps(&hub.item)
            .await?
            .iter()
            .any(|(field, stamp)| field.as_str() != REST && stamp.origin == *own && of(stamp) == last))
    }

    /// When the fields of a hub record were changed; as a whole, where the policy does not ask.
    pub(crate) async fn hub_times(&self, hub: &SeenRow) -> Result<Times> {
        let mut times = Times { rest: interval(hub), fields: BTreeMap::new() };
        if !matches!(self.setup.policy.conflicts, Conflicts::Newest | Conflicts::Organiser) || planted(Break::EchoTime) {
            return Ok(times);
        }
        for (field, stamp) in self.kept_stamps(&hub.item).await? {
            if field.as_str() == REST {
                times.rest = of(&stamp);
            } else {
                times.fields.insert(field, of(&stamp));
            }
        }
        Ok(times)
    }
}
