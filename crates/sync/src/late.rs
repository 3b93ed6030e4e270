//! An item that we made and saw only some time after: a user may have edited it since, and the
//! write of several calls that made it may have stopped between two of them.

use crate::{
    apply::Task,
    project::{degraded, part_of},
    run::Run,
    tags,
};
use pimkit_core::{FieldChange, IntentRow, Record, Result, Side, Value};

impl<R: Record> Run<R> {
    /// Makes the base of a late-seen item remember what was made, where a user has changed it since:
    /// then that is an edit. What has arrived in part, or not at all, is not agreed yet: it is
    /// written in the next run. What the side made of a value by itself is agreed as ever.
    ///
    /// `came`: it is known to have come whole, so that all that differs is an edit.
    pub(crate) fn tell_edits_since(&self, side: Side, task: &mut Task<R>, intent: &IntentRow, came: bool) -> Result<()> {
        let (Some(wrote), Some(target)) = (task.done.get_mut(&side), intent.target.as_deref()) else { return Ok(()) };
        let sent = pimkit_core::decode_record_fields::<R>(target)?;
        let mut kept = wrote.fields().clone();
        for agreed in &mut task.step.agreed {
            let field = if side == Side::Left { &agreed.left } else { &agreed.right };
            let Some(def) = R::catalogue().field(field.as_str()).filter(|def| !def.identity) else { continue };
            let (made, now) = (sent.get(field), kept.get(field));
            if made.is_none() && now.is_some() && field.as_str() == tags::FIELD {
                // None of the names on the other side was its users' own: these are.
                kept.insert(field.clone(), Value::Null);
                task.again = true;
                continue;
            }
            if made.is_none() || def.same(made, now) || degraded(def, made, now) {
                continue;
            }
            if came {
                kept.extend(made.map(|made| (field.clone(), made.clone())));
                task.again = true;
            } else if part_of(def, made, now) {
                match side {
                    Side::Left => agreed.far = None,
                    Side::Right => agreed.hub = None,
                }
                task.again = true;
            } else if let Some(made) = made {
                // Whoever wrote over it may have done so before it had arrived.
                task.step.lost.push(FieldChange { side: side.other(), field: field.clone(), from: None, to: Some(made.clone()) });
                kept.insert(field.clone(), made.clone());
                task.again = true;
            }
        }
        let record = wrote.record().with(&kept)?;
        wrote.set_record(record);
        Ok(())
    }

    /// Of a side that keeps what it takes, what is read some time after a write and was not sent is a user's: it is an edit of
    /// what was sent. What such a side holds no more than a part of is its own doing.
    pub(crate) fn tell_edits_between(&self, side: Side, task: &mut Task<R>, intent: &IntentRow) -> Result<()> {
        if self.may_change_later(side, &intent.collection) {
            return Ok(());
        }
        let (Some(wrote), Some(target)) = (task.done.get_mut(&side), intent.target.as_deref()) else { return Ok(()) };
        let sent = pimkit_core::decode_record_fields::<R>(target)?;
        let mut kept = wrote.fields().clone();
        for agreed in &task.step.agreed {
            let field = if side == Side::Left { &agreed.left } else { &agreed.right };
            let Some(def) = R::catalogue().field(field.as_str()).filter(|def| !def.identity) else { continue };
            let Some(made) = sent.get(field) else { continue };
            if !def.same(Some(made), kept.get(field)) && !part_of(def, Some(made), kept.get(field)) {
                kept.insert(field.clone(), made.clone());
                task.again = true;
            }
        }
        let record = wrote.record().with(&kept)?;
        wrote.set_record(record);
        Ok(())
    }
}
