//! Ids of the other sort: links that were made with ids that do not stay are brought to those that do before they are adopted
//! (<https://learn.microsoft.com/graph/api/user-translateexchangeids>).

use crate::{
    calls::{Call, odata, odata::Page},
    connector::Graph,
    session::Session,
};
use pimkit_core::{Error, Result};
use serde_json::json;
use std::collections::HashMap;

/// Ids in one request.
pub(crate) const MOST: usize = 1000;

/// Which sort an id is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IdSort {
    /// Graph's own, which change when an item is moved: what is given to who does not ask for others.
    Rest,
    /// Those of Exchange Web Services.
    Ews,
    /// Those that stay within a mailbox: what this connector works with.
    Immutable,
}

impl IdSort {
    fn word(self) -> &'static str {
        match self {
            Self::Rest => "restId",
            Self::Ews => "ewsId",
            Self::Immutable => "restImmutableEntryId",
        }
    }
}

impl Graph {
    /// The ids by which this connector knows items that others know by these: one answer per id, in order; none for an id that the
    /// mailbox does not know. Ids of folders and calendars are of one sort only, and stay.
    ///
    /// # Errors
    /// What Graph says.
    pub async fn immutable_ids(&self, ids: &[String], from: IdSort) -> Result<Vec<Option<String>>> {
        let during = |e: Error| e.during("graph.ids");
        let mut all = Vec::with_capacity(ids.len());
        for part in ids.chunks(MOST) {
            let known = self.session.translated(part, from).await.map_err(during)?;
            all.extend(part.iter().map(|id| known.get(id).cloned()));
        }
        Ok(all)
    }
}

impl Session {
    /// What ids are in the sort that stays, by these ids; those that the mailbox does not know are not in it. At most
    /// [`MOST`] at a time.
    ///
    /// # Errors
    /// What Graph says.
    pub(crate) async fn translated(&self, ids: &[String], from: IdSort) -> Result<HashMap<String, String>> {
        let body = json!({ "inputIds": ids, "sourceIdType": from.word(), "targetIdType": IdSort::Immutable.word() });
        let path = self.mailbox().word("translateExchangeIds");
        // It changes nothing.
        let call = Call::post("graph.ids", path, body).idempotent(true);
        let page = self.ask(&call).await.and_then(Page::read)?;
        let pair = |row| Some((odata::text(row, "sourceId")?.to_owned(), odata::text(row, "targetId")?.to_owned()));
        Ok(page.rows.iter().filter_map(pair).collect())
    }
}
