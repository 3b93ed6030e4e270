//! Ids that another program noted down, as this one keeps them.
//!
//! A program that did not ask for ids that stay has ids that change when an item is moved, and no delta will ever name an item by
//! them. They are translated a thousand at a time (<https://learn.microsoft.com/graph/api/user-translateexchangeids>). That action is
//! not there for applications without a user nor in every cloud (same page), and was seen to find items that are there not
//! (microsoft-graph-docs-contrib 4823): the rest is asked for one by one, since a question with the one sort of id is answered with
//! the other (<https://learn.microsoft.com/graph/outlook-immutable-id>).

use crate::{
    calls::{Call, odata},
    error,
    session::Session,
};
use pimkit_core::{ItemId, Result};
use pimkit_http::Failure;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Ids in one request (same page).
const MOST: usize = 1000;

impl Session {
    /// The ids that stay of items below `collection` of the mailbox (`contacts`, `events`): one answer per id, in order. An id of
    /// which nothing is known stays as it is.
    pub(crate) async fn lasting(&self, collection: &'static str, ids: &[ItemId]) -> Vec<Result<ItemId>> {
        if !self.config.quirks.immutable_ids {
            return ids.iter().cloned().map(Ok).collect();
        }
        let mut known: HashMap<&str, ItemId> = HashMap::new();
        for part in ids.chunks(MOST) {
            for (asked, found) in self.translated(part).await {
                known.insert(asked, found);
            }
        }
        let open: Vec<&ItemId> = ids.iter().filter(|id| !known.contains_key(id.as_str())).collect();
        let ask = |id: &&ItemId| Call::get("graph.ids", self.mailbox().word(collection).id(id.as_str()).query("$select", "id"));
        let calls: Vec<Call> = open.iter().map(ask).collect();
        let mut told = self.all(&calls).await.into_iter();
        ids.iter()
            .map(|id| match known.get(id.as_str()) {
                Some(found) => Ok(found.clone()),
                None => match told.next() {
                    Some(Ok(reply)) if reply.is_success() => Ok(odata::text(reply.json(), "id").map_or_else(|| id.clone(), ItemId::from)),
                    Some(Ok(reply)) if error::is_missing(&reply) => Ok(id.clone()),
                    Some(Ok(reply)) => Err(error::refused(&reply).during("graph.ids")),
                    Some(Err(failure)) => Err(failure.into_error()),
                    None => Ok(id.clone()),
                },
            })
            .collect()
    }

    /// Those that the service translates.
    async fn translated<'a>(&self, ids: &'a [ItemId]) -> Vec<(&'a str, ItemId)> {
        let words: Vec<&str> = ids.iter().map(ItemId::as_str).collect();
        let body = json!({"inputIds": words, "sourceIdType": "restId", "targetIdType": "restImmutableEntryId"});
        let call = Call::post("graph.ids.translate", self.mailbox().word("translateExchangeIds"), body).idempotent(true);
        let Ok(reply) = self.call(&call).await.map_err(Failure::into_error) else { return Vec::new() };
        let rows = reply.json().get("value").and_then(Value::as_array).filter(|_| reply.is_success());
        let found: HashMap<&str, &str> = rows
            .into_iter()
            .flatten()
            .filter_map(|row| Some((odata::text(row, "sourceId")?, odata::text(row, "targetId")?)))
            .collect();
        words.into_iter().filter_map(|id| Some((id, ItemId::from(*found.get(id)?)))).collect()
    }
}
