//! Batches (<https://learn.microsoft.com/graph/json-batching>): several requests in one, each with an answer of its own.

use crate::graph::answer::{Answer, Body, Refusal, Result, Says, refusal, refuse};
use crate::graph::ask::Ask;
use crate::graph::bytes;
use ::bytes::Bytes;
use http::Response;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// A request of a batch.
#[derive(Debug, Clone)]
pub(crate) struct Inner {
    pub(crate) id: String,
    /// The ids of those that must be done well before.
    pub(crate) after: Vec<String>,
    /// The request, or why there is none.
    pub(crate) ask: std::result::Result<Ask, Box<Refusal>>,
}

/// The requests of a batch, `most` of them at most.
///
/// # Errors
/// 400 for what is no batch, or too large a one.
pub(crate) fn read(ask: &Ask, most: usize) -> Result<Vec<Inner>> {
    let body = ask.json()?;
    let Some(requests) = body.get("requests").and_then(Value::as_array) else {
        return refuse(400, "BadRequest", "Invalid batch payload format.");
    };
    if requests.is_empty() || requests.len() > most {
        return refuse(400, "BadRequest", format!("The batch must hold between 1 and {most} requests."));
    }
    let mut ids = BTreeSet::new();
    let mut out = Vec::new();
    for request in requests {
        let Some(id) = request.get("id").and_then(Value::as_str) else {
            return refuse(400, "BadRequest", "Every request of a batch needs an id that is a string.");
        };
        let after: Vec<String> =
            request.get("dependsOn").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        if let Some(unknown) = after.iter().find(|other| !ids.contains(*other)) {
            return refuse(400, "BadRequest", format!("The request '{id}' depends on '{unknown}', which does not come before it."));
        }
        if !ids.insert(id.to_owned()) {
            return refuse(400, "BadRequest", format!("The id '{id}' stands more than once in the batch."));
        }
        out.push(Inner { id: id.to_owned(), after, ask: inner(ask, request) });
    }
    Ok(out)
}

fn inner(outer: &Ask, request: &Value) -> std::result::Result<Ask, Box<Refusal>> {
    let text = |name: &str| request.get(name).and_then(Value::as_str);
    let (Some(method), Some(url)) = (text("method"), text("url")) else {
        return Err(refusal(400, "BadRequest", "A request of a batch needs a method and an url."));
    };
    // Microsoft's own SDK for Python sends whole addresses, so that those of this service must be good.
    let url = url.strip_prefix(outer.root.as_str()).unwrap_or(url);
    if url.contains("://") || url.trim_start_matches('/').to_lowercase().starts_with("v1.0/") {
        return Err(refusal(400, "BadRequest", "The url of a request in a batch is relative to the version."));
    }
    if url.to_lowercase().contains("$batch") {
        return Err(refusal(400, "BadRequest", "A batch cannot hold another."));
    }
    let headers: Vec<(String, String)> = request
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.to_lowercase(), value.as_str()?.to_owned())))
        .collect();
    let body = request.get("body").filter(|body| !body.is_null());
    let typed = headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.to_lowercase());
    let body = match (body, typed) {
        (None, _) => Vec::new(),
        (Some(_), None) => {
            return Err(refusal(400, "BadRequest", "A request of a batch that has a body needs the header Content-Type."));
        }
        (Some(body), Some(typed)) if typed.starts_with("application/json") => body.to_string().into_bytes(),
        (Some(body), Some(_)) => body
            .as_str()
            .and_then(bytes::decode)
            .ok_or_else(|| refusal(400, "BadRequest", "A body that is not JSON must be a base64 text in a batch."))?,
    };
    Ask::new(method, outer.root.clone(), url, headers, body)
}

/// The answer to a batch: those to its requests, in no order that anybody may rely on.
pub(crate) fn gathered(mut answers: Vec<(String, Answer)>) -> Answer {
    let half = answers.len() / 2;
    answers.rotate_left(half);
    let responses: Vec<Value> = answers.into_iter().map(|(id, answer)| outcome(&id, answer)).collect();
    Answer::json(200, json!({"responses": responses}), Says::Nothing)
}

fn outcome(id: &str, answer: Answer) -> Value {
    let mut headers = Map::new();
    if let Some(content_type) = answer.content_type() {
        headers.insert("Content-Type".to_owned(), Value::from(content_type));
    }
    for (name, value) in &answer.headers {
        let name = match *name {
            "etag" => "ETag",
            "retry-after" => "Retry-After",
            "location" => "Location",
            other => other,
        };
        headers.insert(name.to_owned(), Value::from(value.as_str()));
    }
    let mut out = Map::new();
    out.insert("id".to_owned(), Value::from(id));
    out.insert("status".to_owned(), Value::from(answer.status));
    out.insert("headers".to_owned(), Value::Object(headers));
    match answer.body {
        Body::Empty => {}
        Body::Json(value) => {
            out.insert("body".to_owned(), value);
        }
        Body::Bytes(raw, _) => {
            out.insert("body".to_owned(), Value::from(bytes::encode(&raw)));
        }
    }
    Value::Object(out)
}

/// The answer to a batch in which a subscription was made that its address does not want; None if the answer is that of no batch.
pub(crate) fn refused_inside(answer: &Response<Bytes>, subscription: &str, refused: &Response<Bytes>) -> Option<Response<Bytes>> {
    let mut body: Value = serde_json::from_slice(answer.body()).ok()?;
    let responses = body.get_mut("responses")?.as_array_mut()?;
    let made = responses.iter_mut().find(|one| one.pointer("/body/id").and_then(Value::as_str) == Some(subscription))?;
    let object = made.as_object_mut()?;
    object.insert("status".to_owned(), Value::from(refused.status().as_u16()));
    object.insert("body".to_owned(), serde_json::from_slice(refused.body()).ok()?);
    let mut whole = Response::new(Bytes::from(body.to_string()));
    *whole.status_mut() = answer.status();
    answer.headers().clone_into(whole.headers_mut());
    Some(whole)
}

/// What a request is answered that waited for one that failed.
pub(crate) fn failed_before() -> Box<Refusal> {
    refusal(424, "FailedDependency", "Request execution failed because one of its dependencies failed.")
}
