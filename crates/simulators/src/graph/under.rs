//! Faults, as the service shows them.

use crate::dav::Cut;
use crate::faults::Fault;
use crate::graph::answer::{Answer, Body, Says};
use crate::graph::shape;
use crate::graph::world::World;
use serde_json::{Value, json};

/// What a fault answers before anything is done; None where the request goes on.
///
/// # Errors
/// A [`Cut`] if the connection breaks.
pub(crate) fn before(world: &mut World, fault: Option<&Fault>) -> Result<Option<Answer>, Cut> {
    match fault {
        Some(Fault::Status { code, retry_after, body }) => {
            let answer = plain(*code, body);
            Ok(Some(retry_after.iter().fold(answer, |answer, value| answer.header("retry-after", value.clone()))))
        }
        Some(Fault::RefusedInside { code }) => Ok(Some(plain(*code, ""))),
        Some(Fault::LoginPage) => Ok(Some(Answer::text(200, PAGE, "text/html; charset=utf-8"))),
        Some(Fault::Redirect { to }) => Ok(Some(Answer::empty(307).header("location", to.clone()))),
        Some(Fault::ResetBefore) => Err(Cut::Reset),
        Some(Fault::ExpireTokens) => {
            world.store.epoch += 1;
            Ok(None)
        }
        Some(Fault::LaggingReads { reports }) if world.lagging == 0 => {
            world.lagging = *reports;
            Ok(None)
        }
        _ => Ok(None),
    }
}

/// A captive portal's page.
const PAGE: &str = "<!DOCTYPE html><html><head><title>Sign in to the network</title></head><body></body></html>";

/// What a fault makes of an answer, and after how many bytes it breaks off.
///
/// # Errors
/// A [`Cut`] if the connection breaks without an answer.
pub(crate) fn after(fault: Option<&Fault>, mut answer: Answer) -> Result<(Answer, Option<usize>), Cut> {
    match fault {
        Some(Fault::ResetAfter) => return Err(Cut::Reset),
        Some(Fault::StatusAfter { code }) => return Ok((plain(*code, ""), None)),
        Some(Fault::Truncate { bytes }) => return Ok((answer, Some(*bytes))),
        Some(Fault::ContentType { value }) => answer = answer.header("content-type", value.clone()),
        _ => {}
    }
    let says = answer.says;
    if let (Body::Json(body), Some(Fault::Nulls { .. } | Fault::Unknowns)) = (&mut answer.body, fault) {
        let bend = |one: &mut Value, of: &str| match fault {
            Some(Fault::Nulls { deep }) => shape::nulls(one, of, *deep),
            _ => shape::unknowns(one, of),
        };
        match says {
            Says::One(of) => bend(body, of),
            Says::Many(of) => body.get_mut("value").and_then(Value::as_array_mut).into_iter().flatten().for_each(|one| bend(one, of)),
            Says::Nothing => {}
        }
    }
    if let Body::Json(Value::Object(body)) = &mut answer.body {
        match fault {
            Some(Fault::NullValue) if body.contains_key("value") => {
                body.insert("value".to_owned(), Value::Null);
            }
            Some(Fault::EmptyListing) if body.contains_key("value") => {
                body.insert("value".to_owned(), json!([]));
            }
            Some(Fault::DropMember { index }) => {
                for name in ["value", "responses"] {
                    if let Some(Value::Array(rows)) = body.get_mut(name) {
                        let at = index.saturating_sub(1);
                        if at < rows.len() {
                            rows.remove(at);
                        }
                    }
                }
            }
            Some(Fault::NoNextLink) => {
                body.remove("@odata.nextLink");
            }
            Some(Fault::ForeignLinks { host }) => {
                for name in ["@odata.nextLink", "@odata.deltaLink"] {
                    if let Some(Value::String(link)) = body.get_mut(name) {
                        let rest = link.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, rest)| rest);
                        *link = format!("https://{host}/{rest}");
                    }
                }
            }
            _ => {}
        }
    }
    Ok((answer, None))
}

/// A status: with this body where there is one, else as the service words it.
fn plain(code: u16, body: &str) -> Answer {
    if !body.is_empty() {
        let content_type = if body.trim_start().starts_with('{') { "application/json" } else { "text/html; charset=utf-8" };
        return Answer::text(code, body, content_type);
    }
    let (name, message) = match code {
        401 => ("InvalidAuthenticationToken", "Access token has expired or is not yet valid."),
        403 => ("ErrorAccessDenied", "Access is denied. Check credentials and try again."),
        404 => ("ErrorItemNotFound", "The specified object was not found in the store."),
        410 => ("SyncStateNotFound", "The sync state generation is not found; a full synchronization is needed."),
        412 => (
            "ErrorIrresolvableConflict",
            "The send or update operation could not be performed because the change key passed in the request does not match the current change key for the item.",
        ),
        429 => ("ApplicationThrottled", "Application is over its MailboxConcurrency limit."),
        500 => ("InternalServerError", "An internal server error occurred. The operation failed."),
        503 => ("UnknownError", ""),
        504 => ("UnknownError", "The request timed out."),
        _ => ("UnknownError", "Error while processing the request."),
    };
    let body = json!({"error": {"code": name, "message": message, "innerError": {"date": "2026-01-01T00:00:00"}}});
    Answer::json(code, body, Says::Nothing)
}
