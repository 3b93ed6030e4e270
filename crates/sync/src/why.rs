//! How a field came to what it is: every value that it had on both sides, when, by which run, and why.

use crate::journal::Trace;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use jiff::Timestamp;
use pimkit_core::{Contact, Event, Field, ItemId, JournalQuery, JournalRow, Kind, Record, Result, Side, State, SyncId, Task, Value};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

/// One thing that happened to a field.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// By which run.
    pub run: u64,
    /// Of which sync.
    pub sync: SyncId,
    /// On which side.
    pub side: Side,
    /// The field of that side.
    pub field: Field,
    /// The side that the value came from; absent where no side wrote it.
    pub origin: Option<Side>,
    /// `created`, `updated`, `deleted`, `lost`, `cut`, `left_out`, `held`.
    pub action: String,
    /// Before.
    pub from: Option<Value>,
    /// After; of what was lost, cut, left out or held: the value that was not taken.
    pub to: Option<Value>,
    /// Why, in one line.
    pub why: String,
    /// The policy that decided.
    pub policy: Option<String>,
}

/// Everything that the journal knows of a field of one item, oldest first, read page by page. The item may be of the hub or of
/// a far side, and the field may be called as on either.
#[must_use]
pub fn why(state: &Arc<dyn State>, item: &ItemId, field: &Field) -> BoxStream<'static, Result<Told>> {
    let rows = state.journal(JournalQuery { sync: None, run: None, item: Some(item.clone()) });
    let field = field.clone();
    let told = rows.map_ok(move |row| futures::stream::iter(told(&row, &field).into_iter().map(Ok)));
    told.try_flatten().boxed()
}

/// What a row says of a field.
fn told(row: &JournalRow, field: &Field) -> VecDeque<Told> {
    let trace = Trace::deserialize(&row.body).unwrap_or_default();
    let mut names: BTreeSet<(Side, &Field)> = BTreeSet::from([(Side::Left, field), (Side::Right, field)]);
    for pair in trace.agreed.iter().filter(|pair| pair.left == *field || pair.right == *field) {
        names.extend([(Side::Left, &pair.left), (Side::Right, &pair.right)]);
    }
    let one = |side: Side, field: &Field, action: &str, from: Option<Value>, to: Option<Value>| Told {
        at: row.at,
        run: row.run,
        sync: row.sync.clone(),
        side,
        field: field.clone(),
        // A value is written to one side because the other has it; an undo brings it back from nowhere.
        origin: (matches!(action, "created" | "updated") && !row.why.starts_with("undo")).then(|| side.other()),
        action: action.to_owned(),
        from,
        to,
        why: row.why.clone(),
        policy: row.policy.clone(),
    };
    let mut all = VecDeque::new();
    for change in row.changes.iter().filter(|c| names.contains(&(c.side, &c.field))) {
        all.push_back(match row.action.as_str() {
            // What was sent, of which the side keeps something else.
            "cut" | "left_out" => one(change.side, &change.field, &row.action, change.to.clone(), change.from.clone()),
            action => one(change.side, &change.field, action, change.from.clone(), change.to.clone()),
        });
    }
    for lost in row.lost.iter().filter(|c| names.contains(&(c.side, &c.field))) {
        all.push_back(one(lost.side, &lost.field, "lost", lost.from.clone(), lost.to.clone()));
    }
    if let (Some(side), Some(bytes)) = (row.side, &row.before) {
        let value = value_of(row.kind, bytes, field);
        if value.is_some() {
            all.push_back(one(side, field, &row.action, value, None));
        }
    }
    all
}

fn value_of(kind: Kind, bytes: &[u8], field: &Field) -> Option<Value> {
    fn get<R: Record>(bytes: &[u8], field: &Field) -> Option<Value> {
        pimkit_core::decode_record::<R>(bytes).ok()?.get(field.as_str())
    }
    match kind {
        Kind::Contact => get::<Contact>(bytes, field),
        Kind::Event => get::<Event>(bytes, field),
        Kind::Task => get::<Task>(bytes, field),
        Kind::Message | Kind::User => None,
    }
}
