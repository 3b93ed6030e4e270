//! Streams that read a page at a time and hold nothing of the database between two pages.

use crate::{fault::Fault, store::SqliteState};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use pimkit_core::Result;
use rusqlite::Connection;
use std::sync::Arc;

/// Rows of a page at most: as JSON trees they take ten times the room that they have on disk.
pub(crate) const ROWS: usize = 200;
/// A page ends with the row that reaches this many bytes: rows may hold whole records.
const BYTES: usize = 4 << 20;

/// Rows in order, and the key after which the next page begins; without one there is none.
#[derive(Debug)]
pub(crate) struct Page<R, K> {
    rows: Vec<R>,
    last: Option<K>,
    bytes: usize,
    full: bool,
}

impl<R, K> Page<R, K> {
    pub(crate) fn new() -> Self {
        Self { rows: Vec::new(), last: None, bytes: 0, full: false }
    }

    /// Adds a row of about this many bytes; false when the page has room for no other.
    pub(crate) fn push(&mut self, key: K, row: R, bytes: usize) -> bool {
        self.rows.push(row);
        self.last = Some(key);
        self.bytes += bytes;
        self.full = self.rows.len() >= ROWS || self.bytes >= BYTES;
        !self.full
    }

    /// How many more rows it takes.
    pub(crate) fn room(&self) -> usize {
        ROWS.saturating_sub(self.rows.len())
    }

    pub(crate) fn is_full(&self) -> bool {
        self.full
    }
}

/// The rows of every page that `fetch` gives, one after the other. `fetch` gets the key of the last row of the page
/// before, and gives rows with greater keys only: that no row comes twice follows from keys that do not move.
pub(crate) fn pages<R, K, F>(state: &SqliteState, operation: &'static str, fetch: F) -> BoxStream<'static, Result<R>>
where
    R: Send + 'static,
    K: Send + Sync + 'static,
    F: Fn(&Connection, Option<&K>) -> Result<Page<R, K>, Fault> + Send + Sync + 'static,
{
    let fetch = Arc::new(fetch);
    let start = (state.clone(), fetch, Some(None::<K>));
    stream::try_unfold(start, move |(state, fetch, at)| async move {
        let Some(last) = at else { return Ok(None) };
        let job = Arc::clone(&fetch);
        let page = state.read(operation, move |conn| job(conn, last.as_ref())).await?;
        // A page that is not full is the last one.
        let next = page.full.then_some(page.last);
        Ok(Some((stream::iter(page.rows.into_iter().map(Ok)), (state, fetch, next))))
    })
    .try_flatten()
    .boxed()
}
