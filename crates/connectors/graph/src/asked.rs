//! What questions came to: one item, or all rows of a list.

use crate::{
    calls::{Reply, odata::Page},
    contacts::Got,
    error,
    session::{Session, answered},
};
use pimkit_core::{Error, Persistence, Result};
use pimkit_http::Failure;
use serde_json::Value;

/// What is there under an id.
pub(crate) fn item(reply: Result<Reply, Failure>) -> Got {
    match reply {
        Err(failure) => Got::Failed(failure.into_error()),
        Ok(reply) if error::is_missing(&reply) => Got::Gone,
        Ok(reply) if reply.status == 403 => Got::Hidden,
        Ok(reply) => answered(reply).map_or_else(Got::Failed, Got::There),
    }
}

/// The rows of an answer and of the pages that follow it.
///
/// # Errors
/// What an answer says that is no list; `CollectionGone` where there is none.
pub(crate) async fn rows(session: &Session, operation: &'static str, reply: Reply) -> Result<Vec<Value>> {
    let mut page = Page::read(answered(reply)?)?;
    let mut rows = Vec::new();
    loop {
        rows.append(&mut page.rows);
        let Some(next) = page.next else { return Ok(rows) };
        page = Page::read(answered(session.follow(operation, &next, &[]).await?)?)?;
    }
}

/// A question of several that was left without an answer.
pub(crate) fn unanswered() -> Error {
    error::unavailable("the question was not answered; ask again").persistence(Persistence::Temporary)
}
