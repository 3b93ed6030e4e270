//! What may be synced at all: an item outside of it keeps its link and its base, and is left alone.
//!
//! An item is in scope when its collection was chosen, it is of the kind, we may see it, and what the
//! policies ask for is so: of a hub record what the app knows of it ([`facts`]), of a far item its
//! category. To go out is never a deletion; to come in again is a merge against what was agreed last.

mod facts;
mod folders;
mod rights;
mod sweep;

pub(crate) use facts::Known;
pub use folders::NotPrivate;
pub(crate) use rights::check as check_rights;

use crate::{plan::Linked, run::Run};
use pimkit_core::{Access, Collection, Presence, Record, Result, SeenRow, Side};

/// Whether an item is in scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scoped {
    Inside,
    /// Why not, in one line.
    Outside(String),
    /// It cannot be told this time: it is left alone.
    Unknown,
}

/// Why an item is outside; absent when it is inside.
pub(crate) fn outside(row: &SeenRow) -> Option<&'static str> {
    match row.presence {
        Presence::Hidden => Some("it is hidden from this account"),
        Presence::OtherKind => Some("it is of another kind"),
        _ => None,
    }
}

/// Whether items of the collection may be written.
pub(crate) fn writable(collection: &Collection) -> bool {
    collection.access == Access::Write && collection.capabilities.write
}

impl<R: Record> Run<R> {
    /// Whether both ends of a link are in scope. Of an end that is not there nothing is known.
    pub(crate) async fn scoped(&mut self, linked: &Linked) -> Result<Scoped> {
        for side in [Side::Left, Side::Right] {
            if let Some(why) = linked.end(side).and_then(outside) {
                return Ok(Scoped::Outside(format!("the {} item is out of scope: {why}", side.word())));
            }
        }
        if let Some(hub) = linked.hub.as_ref().filter(|row| row.presence == Presence::Present) {
            match self.hub_scope(hub).await? {
                Scoped::Inside => {}
                other => return Ok(other),
            }
        }
        // What was never agreed has not left the category: the first merge puts it in.
        match linked.far.as_ref().filter(|row| row.presence == Presence::Present && linked.base.is_some()) {
            Some(far) => self.far_scope(far),
            None => Ok(Scoped::Inside),
        }
    }

    /// Whether a far item that is there is in the category that is synced.
    pub(crate) fn far_scope(&self, row: &SeenRow) -> Result<Scoped> {
        let Some(name) = &self.setup.policy.category else { return Ok(Scoped::Inside) };
        if row.unread.iter().any(|field| field.as_str() == crate::tags::FIELD) {
            return Ok(Scoped::Unknown);
        }
        Ok(if crate::tags::names(&self.fields_of(row)?).contains(name.as_str()) {
            Scoped::Inside
        } else {
            Scoped::Outside("the right item is out of scope: it is not in the category that is synced".to_owned())
        })
    }

    /// Whether a far item that nothing on the hub fits may come into it.
    pub(crate) fn is_picked(&self, row: &SeenRow) -> Result<Scoped> {
        let picked = &self.setup.policy.incoming;
        if picked.is_empty() {
            return Ok(Scoped::Inside);
        }
        if row.unread.iter().any(|field| field.as_str() == crate::tags::FIELD) {
            return Ok(Scoped::Unknown);
        }
        let fields = self.fields_of(row)?;
        let names = crate::tags::names(&fields);
        Ok(if picked.iter().any(|name| names.contains(name.as_str())) {
            Scoped::Inside
        } else {
            Scoped::Outside("the right item is in none of the categories that come in".to_owned())
        })
    }

    /// Of items without a link those that are in scope.
    pub(crate) async fn in_scope(&mut self, side: Side, rows: Vec<SeenRow>) -> Result<Vec<SeenRow>> {
        if side == Side::Left && self.setup.policy.asks_the_app() {
            self.ask(rows.iter().map(|row| &row.item)).await?;
        }
        let mut inside = Vec::with_capacity(rows.len());
        for row in rows {
            let scoped = match side {
                Side::Left => self.hub_scope(&row).await?,
                Side::Right => self.far_scope(&row)?,
            };
            match scoped {
                Scoped::Inside => inside.push(row),
                // Nobody wants its other end any more, whatever kept it from being made.
                Scoped::Outside(_) => self.release(side, &row.collection, &row.item),
                Scoped::Unknown => {}
            }
        }
        Ok(inside)
    }
}
