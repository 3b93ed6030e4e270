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
    ids::{IdSort, MOST},
    session::Session,
};
use pimkit_core::{ItemId, Result};
use std::collections::HashMap;

impl Session {
    /// The ids that stay of items below `collection` of the mailbox (`contacts`, `events`): one answer per id, in order. An id of
    /// which nothing is known stays as it is.
    pub(crate) async fn lasting(&self, collection: &'static str, ids: &[ItemId]) -> Vec<Result<ItemId>> {
        if !self.config.quirks.immutable_ids {
            return ids.iter().cloned().map(Ok).collect();
        }
        let words: Vec<String> = ids.iter().map(ItemId::to_string).collect();
        let mut known: HashMap<String, String> = HashMap::new();
        for part in words.chunks(MOST) {
            // Where it is refused, they are asked for one by one, which says why where it matters.
            known.extend(self.translated(part, IdSort::Rest).await.unwrap_or_default());
        }
        let open: Vec<&ItemId> = ids.iter().filter(|id| !known.contains_key(id.as_str())).collect();
        let ask = |id: &&ItemId| Call::get("graph.ids", self.mailbox().word(collection).id(id.as_str()).query("$select", "id"));
        let calls: Vec<Call> = open.iter().map(ask).collect();
        let mut told = self.all(&calls).await.into_iter();
        ids.iter()
            .map(|id| match known.get(id.as_str()) {
                Some(found) => Ok(ItemId::from(found.as_str())),
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
}
