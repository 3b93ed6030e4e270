//! The steps that both kinds share.

use pimkit_core::{Change, ChangeOptions, CollectionId, Cursor, Error, Fetched, ItemId, Next, Position, Record, Repository, Stored};

/// Every line of a round, where the next one starts, and whether it named everything.
pub(crate) async fn round<R: Record>(
    items: &dyn Repository<R>,
    collection: &CollectionId,
    at: Position<'_>,
    options: &ChangeOptions,
) -> Result<(Vec<Change<R>>, Cursor, bool), Error> {
    let mut lines = Vec::new();
    let mut page = items.changes(collection, at, options).await?;
    loop {
        lines.append(&mut page.changes);
        match page.next {
            Next::Done { cursor, complete } => return Ok((lines, cursor, complete)),
            Next::More(token) => page = items.changes(collection, Position::Page(&token), options).await?,
        }
    }
}

/// The items that lines say are there, the later line counting.
pub(crate) fn there<R>(lines: &[Change<R>]) -> Vec<ItemId> {
    let mut ids: Vec<ItemId> = Vec::new();
    for line in lines {
        ids.retain(|id| id != line.id());
        if !matches!(line, Change::Removed { .. }) {
            ids.push(line.id().clone());
        }
    }
    ids
}

/// The items with these ids, which must all be there.
pub(crate) async fn found<R: Record>(items: &dyn Repository<R>, collection: &CollectionId, ids: &[ItemId]) -> Vec<Stored<R>> {
    let one = |answer| match answer {
        Fetched::Found(stored) => *stored,
        other => panic!("{other:?}"),
    };
    items.fetch(collection, ids).await.into_iter().map(one).collect()
}
