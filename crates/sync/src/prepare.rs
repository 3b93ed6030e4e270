//! The write of a step, and the intent that is noted before it leaves.

use crate::{apply::Task, run::Run, step::SideWrite};
use pimkit_core::{
    CollectionId, Error, ErrorKind, IntentKind, IntentRow, Json, LinkRow, LinkState, Record, Result, Side, StateChange, Write,
};

impl<R: Record> Run<R> {
    /// The write of a step, and the intent that is noted before it leaves.
    pub(crate) fn prepare(&mut self, side: Side, task: &mut Task<R>, changes: &mut Vec<StateChange>) -> Result<(Write<R>, IntentRow)> {
        let now = self.now();
        let end = task.end(side).clone();
        let settles = self.half(side).settles(&end.collection, &self.setup.policy);
        let mut intent = IntentRow {
            id: self.shared.chance.id(),
            run: self.run,
            step: task.number,
            sync: self.sync().clone(),
            side,
            account: self.half(side).account.id.clone(),
            kind: R::KIND,
            collection: end.collection.clone(),
            link: task.step.link.clone(),
            write: IntentKind::Update,
            item: end.item.clone(),
            mark: None,
            before: None,
            target: None,
            revision: end.revision.clone(),
            at: now,
            settles: now.checked_add(jiff::SignedDuration::try_from(settles).unwrap_or_default()).unwrap_or(now),
            body: Json::default(),
        };
        let missing = || Error::new(ErrorKind::Unexpected, "a step speaks of an item that is not known; it is planned anew");
        let write = match end.write {
            None => return Err(missing()),
            Some(SideWrite::Create { mark, generation, record }) => {
                let made: R = pimkit_core::decode_record(&record)?;
                if !task.step.is_copy() {
                    let mut link = match task.link.take() {
                        Some(link) => link,
                        None => self.new_link(side.other(), task.hub.as_ref(), task.far.as_ref(), generation),
                    };
                    clear_end(&mut link, side, &end.collection);
                    link.state = LinkState::Pending;
                    link.generation = generation;
                    link.mark = Some(mark.clone());
                    link.version += 1;
                    link.again = true;
                    changes.push(StateChange::Link(Box::new(link.clone())));
                    task.step.link = Some(link.id.clone());
                    task.step.link_version = link.version;
                    intent.link = Some(link.id.clone());
                    task.link = Some(link);
                }
                intent.write = IntentKind::Create;
                intent.mark = Some(mark.clone());
                intent.target = Some(record);
                Write::Create { mark, record: made }
            }
            Some(SideWrite::Fields { fields, .. }) => {
                let row = task.row(side).ok_or_else(missing)?;
                let base = self.record_of(row)?;
                let target = base.with(&fields)?;
                let remark = task.step.remark.clone().filter(|_| side == Side::Right);
                intent.mark.clone_from(&remark);
                intent.before = row.record.clone();
                intent.target = Some(pimkit_core::encode_record(&target)?);
                Write::Update {
                    id: row.item.clone(),
                    revision: row.revision.clone().unwrap_or_default(),
                    base: Box::new(base),
                    target: Box::new(target),
                    mark: remark,
                }
            }
            Some(SideWrite::Delete(mode)) => {
                let row = task.row(side).ok_or_else(missing)?;
                intent.write = IntentKind::Delete;
                intent.before = row.record.clone();
                Write::Delete { id: row.item.clone(), revision: row.revision.clone().unwrap_or_default(), mode }
            }
        };
        intent.body = Json::of(&task.step)?;
        Ok((write, intent))
    }
}

fn clear_end(link: &mut LinkRow, side: Side, collection: &CollectionId) {
    match side {
        Side::Left => {
            link.hub_collection = collection.clone();
            link.hub_item = None;
            link.hub_revision = None;
        }
        Side::Right => {
            link.collection = collection.clone();
            link.item = None;
            link.revision = None;
        }
    }
}
