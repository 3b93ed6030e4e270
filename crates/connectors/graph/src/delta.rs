//! Rounds of changes by delta links (<https://learn.microsoft.com/graph/delta-query-overview>), for every kind that has them.
//!
//! A round is pages until one has a `deltaLink`; each page's `nextLink` is a token to go on from after a crash. Links are taken as
//! they are, and only to the configured host. A page may be empty, a row may come twice, and a link may be forgotten at any time,
//! within a round too (microsoft-graph-docs 2350, 2877): then the round starts anew, and nothing is read as removed.

use crate::{
    calls::{Call, odata::Page},
    error,
    pages::Trail,
    session::{Session, answered},
};
use pimkit_core::{ChangeOptions, Error, ErrorKind, Next, Persistence, Position, Result, cursor::Bound};
use pimkit_http::Failure;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Between rounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Between {
    /// The `deltaLink`.
    pub(crate) link: String,
}

/// Within a round, behind a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Within {
    /// The `nextLink`.
    pub(crate) link: String,
    /// The round started from nothing: it names everything.
    pub(crate) whole: bool,
    /// How far it has come.
    #[serde(default)]
    pub(crate) trail: Trail,
}

/// One page of rows.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<Value>,
    pub(crate) next: Next,
}

/// The rows at a position. `start` is what a round from nothing asks for.
///
/// # Errors
/// `CursorExpired` for a link that the service has forgotten; `CollectionGone` when there is nothing at `start`.
pub(crate) async fn rows(session: &Session, bound: &Bound, at: Position<'_>, start: Call, options: &ChangeOptions) -> Result<Rows> {
    let size = options.page_size.unwrap_or(session.config.page_size).clamp(1, 1000);
    // The service forgets it from page to page.
    let prefer = format!("odata.maxpagesize={size}");
    let (link, whole, trail) = match at {
        Position::Start => (None, true, Trail::default()),
        Position::Since(cursor) => (Some(bound.between::<Between>(cursor)?.link), false, Trail::default()),
        Position::Page(token) => {
            let Within { link, whole, trail } = bound.within(token)?;
            (Some(link), whole, trail)
        }
    };
    let operation = start.operation;
    let reply = match &link {
        None => session.call(&start.clone().prefer(prefer)).await.map_err(Failure::into_error)?,
        Some(link) => session.follow(operation, link, &[prefer]).await?,
    };
    if link.is_some() && error::is_lost_delta(&reply) {
        return Err(error::lost_delta());
    }
    if link.is_some() && reply.status == 404 {
        // Of a link that is forgotten or of a collection that is gone: the collection itself says which.
        let alive = session.call(&start).await.map_err(Failure::into_error)?;
        return Err(if error::is_missing(&alive) { error::collection_gone() } else { error::lost_delta() });
    }
    if link.is_none() && error::is_missing(&reply) {
        return Err(error::collection_gone());
    }
    let Page { rows, next, delta } = Page::read(answered(reply)?)?;
    let next = match (next, delta) {
        (Some(next), _) => {
            session.given(&next)?;
            let trail = trail.on(&next)?;
            Next::More(bound.page(&Within { link: next, whole, trail })?)
        }
        (None, Some(delta)) => {
            session.given(&delta)?;
            Next::Done { cursor: bound.cursor(&Between { link: delta })?, complete: whole }
        }
        (None, None) => {
            let open = "the last page does not say where the next round starts; try again later";
            return Err(Error::new(ErrorKind::InvalidData, open).persistence(Persistence::Temporary));
        }
    };
    Ok(Rows { rows, next })
}
