//! Reading all records of a collection, page by page.

use crate::failure::{Failure, Result};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use pimkit::{Change, ChangeOptions, Collection, Connector, Fetched, ItemId, Kind, Position, Record, Repository, Stored};
use std::{collections::BTreeMap, sync::Arc};

/// How many records are asked for at a time.
pub(crate) const PAGE: u32 = 200;

/// What is there of one item.
pub(crate) enum Found<R> {
    /// A record.
    Record(Box<Stored<R>>),
    /// An item that cannot be read, and why.
    Unreadable(ItemId, String),
}

/// The account's repository of a kind.
pub(crate) fn repository<R: Record>(account: &str, connector: &dyn Connector) -> Result<Arc<dyn Repository<R>>> {
    R::repository(connector).ok_or_else(|| no_kind(account, connector.info().id, R::KIND))
}

/// The refusal of a kind that a connector has not.
pub(crate) fn no_kind(account: &str, connector: &str, kind: Kind) -> Failure {
    Failure::usage(format!("account \"{account}\": the connector \"{connector}\" has no {}; choose another kind", kind.plural()))
}

/// The collections of an account: all, or the one of this name or id.
pub(crate) async fn collections<R: Record>(account: &str, repository: &dyn Repository<R>, wanted: Option<&str>) -> Result<Vec<Collection>> {
    let mut all = repository.collections().await.map_err(|e| Failure::from(e).about(format!("account \"{account}\"")))?;
    let Some(wanted) = wanted else { return Ok(all) };
    let names = all.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
    // An id is exact; a name may be another collection's id.
    let by_id = all.iter().any(|c| c.id.as_str() == wanted);
    all.retain(|c| if by_id { c.id.as_str() == wanted } else { c.name == wanted });
    if all.is_empty() {
        let there = if names.is_empty() { "it has none".to_owned() } else { format!("there are: {names}") };
        return Err(Failure::usage(format!("account \"{account}\": there is no collection \"{wanted}\" of {}; {there}", R::KIND.plural())));
    }
    Ok(all)
}

/// Every item of a collection, each once per page.
pub(crate) fn items<'a, R: Record>(repository: &'a dyn Repository<R>, collection: &'a Collection) -> BoxStream<'a, Result<Found<R>>> {
    pages(repository, collection, ChangeOptions::default().page_size(PAGE))
}

fn pages<'a, R: Record>(
    repository: &'a dyn Repository<R>,
    collection: &'a Collection,
    options: ChangeOptions,
) -> BoxStream<'a, Result<Found<R>>> {
    // The options live as long as the stream does.
    stream::unfold(Some((None, options)), move |at| async move {
        let (token, options) = at?;
        let position = match &token {
            None => Position::Start,
            Some(token) => Position::Page(token),
        };
        let page = match repository.changes(&collection.id, position, &options).await {
            Ok(page) => page,
            Err(error) => return Some((vec![Err(error.into())], None)),
        };
        let next = match page.next {
            pimkit::Next::More(token) => Some((Some(token), options)),
            pimkit::Next::Done { .. } => None,
        };
        Some((resolve(repository, collection, page.changes).await, next))
    })
    .flat_map(stream::iter)
    .boxed()
}

/// The lines of a page as records: what was only listed is fetched.
async fn resolve<R: Record>(repository: &dyn Repository<R>, collection: &Collection, changes: Vec<Change<R>>) -> Vec<Result<Found<R>>> {
    // An id may come twice; the later line counts.
    let mut lines: BTreeMap<ItemId, Option<Found<R>>> = BTreeMap::new();
    for change in changes {
        let id = change.id().clone();
        match change {
            Change::Upserted(stored) => lines.insert(id, Some(Found::Record(stored))),
            Change::Listed { .. } => lines.insert(id, None),
            Change::Unreadable { error, .. } => lines.insert(id.clone(), Some(Found::Unreadable(id, error.to_string()))),
            Change::Removed { .. } | Change::OtherKind { .. } => lines.remove(&id).flatten().map(Some),
        };
    }
    let listed: Vec<ItemId> = lines.iter().filter(|(_, found)| found.is_none()).map(|(id, _)| id.clone()).collect();
    let fetched = if listed.is_empty() { Vec::new() } else { repository.fetch(&collection.id, &listed).await };
    let mut failed = Vec::new();
    for (id, answer) in listed.into_iter().zip(fetched) {
        match answer {
            Fetched::Found(stored) => lines.insert(id, Some(Found::Record(stored))),
            Fetched::Unreadable { error, .. } => lines.insert(id.clone(), Some(Found::Unreadable(id, error.to_string()))),
            Fetched::Gone | Fetched::Hidden | Fetched::OtherKind { .. } => lines.remove(&id),
            Fetched::Failed(error) => {
                failed.push(Err(error.into()));
                lines.remove(&id)
            }
        };
    }
    lines.into_values().flatten().map(Ok).chain(failed).collect()
}

/// What a record is called, for people.
pub(crate) fn title<R: Record>(record: &R) -> String {
    let text = |field: &str| record.get(field).and_then(|v| v.as_str().map(str::to_owned)).filter(|t| !t.trim().is_empty());
    let first = |field: &str, key: &str| {
        record.get(field).and_then(|v| v.get(0).and_then(|e| e.get(key)).and_then(|t| t.as_str()).map(str::to_owned))
    };
    let parts = || {
        let parts: Vec<String> = ["name.given", "name.surname"].into_iter().filter_map(text).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    ["name.full", "title", "subject"]
        .into_iter()
        .find_map(text)
        .or_else(parts)
        .or_else(|| first("organizations", "name"))
        .or_else(|| first("emails", "address"))
        .or_else(|| text("login"))
        .unwrap_or_else(|| "(no name)".to_owned())
}
