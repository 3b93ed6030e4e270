//! A client that says what it is told, and a clock that stands still.
#![allow(dead_code, reason = "every test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

use bytes::Bytes;
use http::{HeaderMap, Request};
use jiff::Timestamp;
use pimkit_simulators::{Cut, Graph, GraphBuilder};
use serde_json::Value;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

pub(crate) const ALICE: &str = "alice@example.com";
pub(crate) const BOB: &str = "bob@example.com";
pub(crate) const PROPERTY: &str = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name Link";

/// Seconds since 1970, moved by hand.
#[derive(Clone)]
pub(crate) struct Hand(Arc<AtomicI64>);

impl Hand {
    pub(crate) fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn id(&self) -> String {
        self.text("id")
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.body)).to_owned()
    }

    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    pub(crate) fn rows(&self) -> &[Value] {
        self.body["value"].as_array().unwrap_or_else(|| panic!("no rows in {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The address of the next page or round.
    pub(crate) fn link(&self) -> String {
        let link = self.body["@odata.nextLink"].as_str().or(self.body["@odata.deltaLink"].as_str());
        link.unwrap_or_else(|| panic!("no link in {}", self.body)).to_owned()
    }
}

/// A client of one token.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) graph: Graph,
    pub(crate) hand: Hand,
    pub(crate) token: String,
    pub(crate) headers: Arc<Mutex<Vec<(String, String)>>>,
}

impl Client {
    /// The same, with a header on every request.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut headers = self.headers.lock().unwrap().clone();
        headers.push((name.to_owned(), value.to_owned()));
        Self { headers: Arc::new(Mutex::new(headers)), ..self.clone() }
    }

    /// The same, with ids that stay.
    pub(crate) fn immutable(&self) -> Self {
        self.with("prefer", "IdType=\"ImmutableId\"")
    }

    pub(crate) fn request(&self, method: &str, target: &str, body: impl Into<Bytes>, typed: &str) -> Request<Bytes> {
        let target = if target.starts_with("http") { target.to_owned() } else { format!("http://localhost/v1.0{target}") };
        let body = body.into();
        let mut request = Request::builder().method(method).uri(target).header("authorization", format!("Bearer {}", self.token));
        if !body.is_empty() {
            request = request.header("content-type", typed);
        }
        for (name, value) in self.headers.lock().unwrap().iter() {
            request = request.header(name, value);
        }
        request.body(body).unwrap()
    }

    pub(crate) fn send(&self, request: &Request<Bytes>) -> Result<Reply, Cut> {
        let response = self.graph.answer_now(request)?;
        let (parts, bytes) = response.into_parts();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Reply { status: parts.status.as_u16(), headers: parts.headers, bytes, body })
    }

    pub(crate) fn ask(&self, method: &str, target: &str, body: Option<Value>) -> Reply {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.send(&self.request(method, target, body, "application/json")).unwrap()
    }

    pub(crate) fn get(&self, target: &str) -> Reply {
        self.ask("GET", target, None)
    }

    pub(crate) fn post(&self, target: &str, body: Value) -> Reply {
        self.ask("POST", target, Some(body))
    }

    pub(crate) fn patch(&self, target: &str, body: Value) -> Reply {
        self.ask("PATCH", target, Some(body))
    }

    pub(crate) fn delete(&self, target: &str) -> Reply {
        self.ask("DELETE", target, None)
    }

    /// Makes something; its id.
    pub(crate) fn make(&self, target: &str, body: Value) -> String {
        let made = self.post(target, body);
        assert_eq!(made.status, 201, "{}", made.body);
        made.id()
    }

    /// All rows of a round, and the address of the next.
    pub(crate) fn round(&self, target: &str) -> (Vec<Value>, String) {
        let (mut rows, mut at) = (Vec::new(), target.to_owned());
        for _ in 0..1000 {
            let page = self.get(&at);
            assert_eq!(page.status, 200, "{}", page.body);
            rows.extend(page.rows().to_vec());
            at = page.link();
            if page.body.get("@odata.deltaLink").is_some() {
                return (rows, at);
            }
        }
        panic!("the round does not end");
    }

    /// No request and no answer so far named what v1.0 does not have.
    pub(crate) fn is_clean(&self) {
        assert_eq!(self.graph.violations(), []);
    }
}

/// A service with Alice and Bob, as `build` completes it, and Alice's client.
pub(crate) fn built(build: impl FnOnce(GraphBuilder) -> GraphBuilder) -> Client {
    let hand = Hand(Arc::new(AtomicI64::new(1_780_000_000)));
    let at = hand.clone();
    let clock = Arc::new(move || Timestamp::from_second(at.0.load(Ordering::Relaxed)).unwrap());
    let builder = Graph::builder().seed(7).clock(clock).user(ALICE, "alice").user(BOB, "bob").application("app");
    Client { graph: build(builder).build(), hand, token: "alice".to_owned(), headers: Arc::default() }
}

pub(crate) fn client() -> Client {
    built(|builder| builder)
}

pub(crate) fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

pub(crate) fn names(rows: &[Value], name: &str) -> Vec<String> {
    rows.iter().map(|row| row[name].as_str().unwrap_or_default().to_owned()).collect()
}
