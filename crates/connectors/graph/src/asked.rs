//! What questions for one item came to.

use crate::{calls::Reply, contacts::Got, error, session::answered};
use pimkit_core::{Error, Persistence};
use pimkit_http::Failure;

/// What is there under an id.
pub(crate) fn item(reply: Result<Reply, Failure>) -> Got {
    match reply {
        Err(failure) => Got::Failed(failure.into_error()),
        Ok(reply) if error::is_missing(&reply) => Got::Gone,
        Ok(reply) if reply.status == 403 => Got::Hidden,
        Ok(reply) => answered(reply).map_or_else(Got::Failed, Got::There),
    }
}

/// A question of several that was left without an answer.
pub(crate) fn unanswered() -> Error {
    error::unavailable("the question was not answered; ask again").persistence(Persistence::Temporary)
}
