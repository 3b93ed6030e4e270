//! What the wire to a mailbox does: faults as Microsoft Graph shows them, outside and inside of batches, and what an item keeps back.

use super::GraphFar;
use crate::{
    far::Mood,
    wire::{Answered, Book, Served, answered, broken, failing},
};
use bytes::Bytes;
use pimkit_contract::worst::{Failure, Fault, Operation};
use pimkit_http::Outgoing;
use pimkit_simulators::Cut;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One call: a whole request, or one of a batch.
struct Call {
    /// The name in its batch.
    id: Value,
    method: String,
    /// Below the version.
    path: String,
    query: String,
}

impl Call {
    fn of(id: Value, method: &str, address: &str) -> Self {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        Self { id, method: method.to_owned(), path: path.trim_start_matches('/').to_owned(), query: query.to_owned() }
    }

    /// Behind the name of the items of a collection: nothing for what is about none.
    fn items(&self) -> Option<Vec<&str>> {
        let mut segments = self.path.split('/');
        segments.find(|name| matches!(*name, "contacts" | "events" | "calendarView" | "tasks")).map(|_| segments.collect())
    }

    /// The item that it is about.
    fn item(&self) -> Option<String> {
        let items = self.items()?;
        let id = items.first().filter(|id| **id != "delta")?;
        Some(id.replace("%3D", "=").replace("%2F", "/").replace("%2B", "+"))
    }

    fn operation(&self) -> Operation {
        let is_read = self.method == "GET";
        // The default folder is asked for by the name of its contacts.
        let items = self.items().filter(|_| !self.path.ends_with("contactFolders/contacts"));
        match items.as_deref() {
            Some(["delta"]) => Operation::Changes,
            Some(_) if !is_read => Operation::Write,
            Some([]) if self.query.contains("$filter") => Operation::Find,
            Some([]) => Operation::Changes,
            Some(_) => Operation::Fetch,
            None if ["contactFolders", "calendar", "todo/lists"].iter().any(|word| self.path.contains(word)) => {
                if is_read {
                    Operation::Collections
                } else {
                    Operation::Folders
                }
            }
            None => Operation::Account,
        }
    }

    /// Whether it goes on where another one ended: a round, or a page.
    fn goes_on(&self, word: &str) -> bool {
        self.query.to_lowercase().contains(word)
    }
}

fn is_batch(request: &Outgoing) -> bool {
    request.url.path().ends_with("/$batch")
}

fn calls(request: &Outgoing) -> Vec<Call> {
    let path = request.url.path().trim_start_matches("/v1.0");
    if !is_batch(request) {
        let address = format!("{path}?{}", request.url.query().unwrap_or_default());
        return vec![Call::of(Value::Null, request.method.as_str(), &address)];
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let text = |call: &Value, name: &str| call.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let inner = body.get("requests").and_then(Value::as_array).into_iter().flatten();
    inner.map(|call| Call::of(call.get("id").cloned().unwrap_or_default(), &text(call, "method"), &text(call, "url"))).collect()
}

fn error(code: &str) -> Value {
    json!({ "error": { "code": code, "message": "The request was not carried out." } })
}

/// A status in the place of an answer.
type Denial = (u16, &'static str);

const TOO_MANY: Denial = (429, "ApplicationThrottled");
const FORGOTTEN: Denial = (410, "SyncStateNotFound");

/// Whether a fault strikes within a batch, and not the whole of it.
fn is_inside(ids: usize) -> bool {
    ids > 1 && ids.is_multiple_of(2)
}

impl Served for GraphFar {
    fn book(&self) -> &Book {
        &self.book
    }

    fn sort(&self, request: &Outgoing) -> (Operation, usize) {
        let calls = calls(request);
        (calls.first().map_or(Operation::Account, Call::operation), calls.len())
    }

    fn refused(&self, request: &Outgoing, _: Operation, fault: Option<Fault>) -> Option<Answered> {
        let Some(Fault::Before(failure)) = fault else { return None };
        match failure {
            Failure::RateLimited | Failure::Unavailable if is_inside(calls(request).len()) => None,
            Failure::Transport | Failure::RateLimited | Failure::Unavailable | Failure::Unauthenticated => Some(failing(failure)),
        }
    }

    fn tells_inside(&self, ids: usize) -> bool {
        is_inside(ids)
    }

    fn answered(&self, request: Outgoing, _: Operation, fault: Option<Fault>) -> Answered {
        let calls = calls(&request);
        let denials: Vec<Option<Denial>> =
            calls.iter().enumerate().map(|(n, call)| self.denial(call, n >= calls.len().div_ceil(2), calls.len(), fault)).collect();
        let is_plain = denials.iter().all(Option::is_none) && self.moods().is_empty();
        if is_plain && !matches!(fault, Some(Fault::Empty | Fault::TruncatedPage | Fault::HalfDone | Fault::After(_))) {
            return Ok(self.told(request)?.into());
        }
        if !is_batch(&request) {
            let (Some(call), Some(denial)) = (calls.first(), denials.first()) else { return Err(broken()) };
            if let Some((status, code)) = denial {
                return said(*status, &error(code));
            }
            let (head, body) = self.told(request)?.into_parts();
            let body = match serde_json::from_slice::<Value>(&body) {
                Ok(mut json) => {
                    self.spoil(&mut json, call.operation(), fault);
                    Bytes::from(json.to_string())
                }
                Err(_) => body,
            };
            return Ok(http::Response::from_parts(head, body).into());
        }
        self.batch(request, &calls, &denials, fault)
    }
}

fn said(status: u16, body: &Value) -> Answered {
    let answer = answered(status, body.to_string())?.header("content-type", "application/json");
    Ok(if status == 429 { answer.header("retry-after", "2.128") } else { answer })
}

impl GraphFar {
    fn told(&self, request: Outgoing) -> Result<http::Response<Bytes>, pimkit_http::Failure> {
        self.simulator.answer_now(&request.into_http()?).map_err(|cut| match cut {
            Cut::Reset | Cut::Truncated { .. } => broken(),
        })
    }

    /// What is answered to a call that does not reach the mailbox; `late`: it is in the second half of so many.
    fn denial(&self, call: &Call, late: bool, of: usize, fault: Option<Fault>) -> Option<Denial> {
        let is_round = call.operation() == Operation::Changes;
        match fault {
            Some(Fault::CollectionGone) => return Some((404, "MailboxNotEnabledForRESTAPI")),
            Some(Fault::Expired) if is_round && call.goes_on("token=") => return Some(FORGOTTEN),
            Some(Fault::Before(Failure::RateLimited)) if late && is_inside(of) => return Some(TOO_MANY),
            Some(Fault::Before(Failure::Unavailable)) if late && is_inside(of) => return Some((503, "UnknownError")),
            // The connection breaks while the second half has not begun.
            Some(Fault::HalfDone) if late && of > 1 => return Some((503, "UnknownError")),
            _ => {}
        }
        if self.book.forgets() && is_round && call.goes_on("deltatoken=") {
            return Some(FORGOTTEN);
        }
        let mood = call.item().and_then(|id| self.moods().get(&id).copied())?;
        (mood == Mood::Hidden || (mood == Mood::ReadOnly && call.method != "GET")).then_some((403, "ErrorAccessDenied"))
    }

    fn batch(&self, mut request: Outgoing, calls: &[Call], denials: &[Option<Denial>], fault: Option<Fault>) -> Answered {
        let mut body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        if let Some(Value::Array(inner)) = body.get_mut("requests") {
            let mut reaches = denials.iter().map(Option::is_none);
            inner.retain(|_| reaches.next().unwrap_or_default());
        }
        let mut responses: Vec<Value> = Vec::new();
        if denials.iter().any(Option::is_none) {
            request.body = Bytes::from(body.to_string());
            let answer = self.told(request)?;
            let Ok(mut json) = serde_json::from_slice::<Value>(answer.body()) else { return Ok(answer.into()) };
            match json.get_mut("responses").map(Value::take) {
                Some(Value::Array(told)) => responses = told,
                _ => return Ok(answer.into()),
            }
        }
        let places: BTreeMap<String, usize> = calls.iter().enumerate().map(|(n, call)| (call.id.to_string(), n)).collect();
        for response in &mut responses {
            let place = places.get(&response.get("id").cloned().unwrap_or_default().to_string()).copied();
            let Some((place, call)) = place.and_then(|place| Some((place, calls.get(place)?))) else { continue };
            let late = place >= calls.len().div_ceil(2);
            if fault == Some(Fault::After(Failure::Unavailable)) && late && is_inside(calls.len()) {
                *response = json!({ "id": call.id, "status": 504, "headers": {}, "body": error("UnknownError") });
            } else if let Some(body) = response.get_mut("body") {
                self.spoil(body, call.operation(), fault);
            }
        }
        for (call, denial) in calls.iter().zip(denials) {
            if let Some((status, code)) = denial {
                let headers = if *status == 429 { json!({ "Retry-After": "2.128" }) } else { json!({}) };
                responses.push(json!({ "id": call.id, "status": status, "headers": headers, "body": error(code) }));
            }
        }
        said(200, &json!({ "responses": responses }))
    }

    /// What is kept back of an answer, and what cannot be understood in it.
    fn spoil(&self, body: &mut Value, operation: Operation, fault: Option<Fault>) {
        let moods = self.moods();
        let mood = |row: &Value| row.get("id").and_then(Value::as_str).and_then(|id| moods.get(id));
        if let Some(Value::Array(rows)) = body.get_mut("value") {
            if matches!(operation, Operation::Changes | Operation::Find) {
                rows.retain(|row| row.get("@removed").is_some() || mood(row) != Some(&Mood::Hidden));
            }
            match (fault, operation) {
                (Some(Fault::Empty), Operation::Changes | Operation::Collections) => rows.clear(),
                (Some(Fault::TruncatedPage), Operation::Changes) => rows.truncate(rows.len() / 2),
                _ => {}
            }
            rows.iter_mut().filter(|row| mood(row) == Some(&Mood::Unreadable)).for_each(damage);
        }
        if mood(body) == Some(&Mood::Unreadable) {
            damage(body);
        }
    }
}

/// What an item is called is of another type than it should be.
fn damage(item: &mut Value) {
    for name in ["displayName", "subject"] {
        if let Some(title) = item.get_mut(name) {
            *title = json!({ "not": "a text" });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_known_by_its_method_and_path() {
        for (method, address, operation, item) in [
            ("GET", "/me/contacts/delta?$select=id", Operation::Changes, None),
            ("GET", "/me/calendars/AA/events/delta?$deltatoken=x", Operation::Changes, None),
            ("GET", "/me/contacts?$filter=singleValueExtendedProperties/any(x)", Operation::Find, None),
            ("GET", "/me/contacts/AA%3D?$select=id", Operation::Fetch, Some("AA=")),
            ("GET", "/me/calendars/AA/events/BB/instances?startDateTime=x", Operation::Fetch, Some("BB")),
            ("POST", "/me/contacts", Operation::Write, None),
            ("PATCH", "/me/calendars/AA/events/BB", Operation::Write, Some("BB")),
            ("POST", "/me/contactFolders/AA/contacts/BB/permanentDelete", Operation::Write, Some("BB")),
            ("GET", "/me/contactFolders?$top=100", Operation::Collections, None),
            ("GET", "/me/contactFolders/contacts?$select=id", Operation::Collections, None),
            ("GET", "/me/calendars/AA", Operation::Collections, None),
            ("POST", "/me/calendars", Operation::Folders, None),
            ("GET", "/me/mailboxSettings/timeZone", Operation::Account, None),
        ] {
            let call = Call::of(Value::Null, method, address);
            assert_eq!((call.operation(), call.item().as_deref()), (operation, item), "{method} {address}");
        }
    }

    #[test]
    fn a_half_of_a_batch_is_struck_and_the_other_one_is_answered() {
        let far = GraphFar::new("documented", 1, &pimkit_contract::FakeClock::default()).unwrap();
        let post = |n: usize| json!({ "id": n.to_string(), "method": "POST", "url": "/me/contacts", "body": {"givenName": "B"}, "headers": {"Content-Type": "application/json"} });
        let statuses = |fault| {
            let url = "https://graph.example.com/v1.0/$batch".parse().unwrap();
            let mut request = Outgoing::new("graph.batch", http::Method::POST, url);
            request.headers.insert("authorization", "Bearer token".parse().unwrap());
            request.headers.insert("content-type", "application/json".parse().unwrap());
            request.body = json!({ "requests": (0..4).map(post).collect::<Vec<_>>() }).to_string().into();
            assert!(far.refused(&request, Operation::Write, fault).is_none());
            let answer = far.answered(request, Operation::Write, fault).unwrap();
            let body = futures::executor::block_on(answer.body.collect(1 << 20)).unwrap();
            let json: Value = serde_json::from_slice(&body).unwrap();
            let mut all: Vec<_> = json["responses"].as_array().unwrap().iter().map(|r| (r["id"].clone(), r["status"].clone())).collect();
            all.sort_by_key(|(id, _)| id.to_string());
            let stored = far.simulator.list(&far.owner(), "contacts").len();
            (all.into_iter().map(|(_, status)| status).collect::<Value>(), stored)
        };
        assert_eq!(statuses(Some(Fault::Before(Failure::RateLimited))), (json!([201, 201, 429, 429]), 2));
        assert_eq!(statuses(Some(Fault::After(Failure::Unavailable))), (json!([201, 201, 504, 504]), 6));
        assert_eq!(statuses(Some(Fault::CollectionGone)), (json!([404, 404, 404, 404]), 6));
        assert_eq!(statuses(None), (json!([201, 201, 201, 201]), 10));
    }
}
