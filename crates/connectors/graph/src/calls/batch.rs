//! `$batch`: several calls in one request ([JSON batching](https://learn.microsoft.com/graph/json-batching)).

use super::{Call, Content, Reply};
use pimkit_core::{Error, ErrorKind, Result};
use serde_json::{Map, Value, json};

/// The most calls that one batch takes.
pub(crate) const MOST: usize = 20;

/// The body of a batch. The calls are named by their places, from 0; `always` are the preferences that every one of them has.
pub(crate) fn body(calls: &[&Call], always: &[String]) -> Value {
    let requests: Vec<Value> = calls.iter().enumerate().map(|(place, call)| request(place, call, always)).collect();
    json!({ "requests": requests })
}

fn request(place: usize, call: &Call, always: &[String]) -> Value {
    let mut headers = Map::new();
    let prefer: Vec<&str> = always.iter().chain(&call.prefer).map(String::as_str).collect();
    if !prefer.is_empty() {
        headers.insert("Prefer".to_owned(), prefer.join(", ").into());
    }
    for (name, value) in &call.headers {
        headers.insert((*name).to_owned(), value.clone().into());
    }
    let mut request = json!({ "id": place.to_string(), "method": call.method, "url": format!("/{}", call.path.as_str()) });
    if let Some(body) = &call.body {
        headers.insert("Content-Type".to_owned(), "application/json".into());
        put(&mut request, "body", body.clone());
    }
    put(&mut request, "headers", Value::Object(headers));
    request
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}

/// The answers in a batch's answer, each with the place of its call. They come in any order, and some may be missing.
///
/// # Errors
/// `InvalidData` when it is no answer to a batch.
pub(crate) fn replies(mut answer: Value) -> Result<Vec<(usize, Reply)>> {
    let odd = || Error::new(ErrorKind::InvalidData, "the answer to a batch is not one; try again, and report it when it stays");
    let Some(Value::Array(responses)) = answer.get_mut("responses").map(Value::take) else { return Err(odd()) };
    responses.into_iter().map(|response| reply(response).ok_or_else(odd)).collect()
}

fn reply(mut response: Value) -> Option<(usize, Reply)> {
    let place = response.get("id")?.as_str()?.parse().ok()?;
    let status = u16::try_from(response.get("status")?.as_u64()?).ok()?;
    let headers: Vec<(String, String)> = response
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.to_ascii_lowercase(), value.as_str()?.to_owned())))
        .collect();
    let is_json = headers.iter().all(|(name, value)| name != "content-type" || value.to_ascii_lowercase().contains("json"));
    let body = match response.get_mut("body").map(Value::take) {
        None | Some(Value::Null) => Content::Empty,
        // What is not JSON comes in base64.
        Some(Value::String(_)) if !is_json => Content::Other,
        Some(json) => Content::Json(json),
    };
    Some((place, Reply { status, headers, body, maybe_done_before: false, needs: None }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::path::Path;

    #[test]
    fn every_call_in_a_batch_has_its_own_headers() {
        let calls = [
            Call::get("graph.a", Path::of("me/contacts").id("a=")),
            Call::patch("graph.b", Path::of("me/contacts").id("b"), json!({"surname": "x"})).if_match("W/\"k\""),
        ];
        let body = body(&calls.iter().collect::<Vec<_>>(), &["IdType=\"ImmutableId\"".to_owned()]);
        assert_eq!(
            body,
            json!({"requests": [
                {"id": "0", "method": "GET", "url": "/me/contacts/a%3D", "headers": {"Prefer": "IdType=\"ImmutableId\""}},
                {"id": "1", "method": "PATCH", "url": "/me/contacts/b", "body": {"surname": "x"},
                 "headers": {"Prefer": "IdType=\"ImmutableId\"", "if-match": "W/\"k\"", "Content-Type": "application/json"}},
            ]})
        );
    }

    #[test]
    fn answers_come_in_any_order_with_json_something_else_or_nothing() {
        let answer = json!({"responses": [
            {"id": "1", "status": 429, "headers": {"Retry-After": "2.5"}, "body": {"error": {"code": "TooManyRequests"}}},
            {"id": "0", "status": 200, "headers": {"Content-Type": "image/jpeg"}, "body": "AAEC"},
            {"id": "2", "status": 204},
        ]});
        let replies = replies(answer).unwrap();
        let places: Vec<(usize, u16)> = replies.iter().map(|(place, reply)| (*place, reply.status)).collect();
        assert_eq!(places, [(1, 429), (0, 200), (2, 204)]);
        assert_eq!(replies[0].1.header("retry-after"), Some("2.5"));
        assert!(matches!(&replies[1].1.body, Content::Other));
        assert!(matches!(&replies[2].1.body, Content::Empty));
        for odd in [json!({}), json!({"responses": [{"id": 1, "status": 200}]}), json!({"responses": [{"id": "0"}]})] {
            assert!(super::replies(odd.clone()).is_err(), "{odd}");
        }
    }
}
