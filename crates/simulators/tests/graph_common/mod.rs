//! A client that says what it is told, and a clock that stands still.
#![allow(dead_code, reason = "every test file uses a part of it")]

use bytes::Bytes;
use http::{HeaderMap, Request};
use jiff::Timestamp;
use pimkit_simulators::{Cut, Graph, GraphBuilder};
use serde_json::Value;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

pub const ALICE: &str = "alice@example.com";
pub const BOB: &str = "bob@example.com";
pub const PROPERTY: &str = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name Link";

/// Seconds since 1970, moved by hand.
#[derive(Clone)]
pub struct Hand(Arc<AtomicI64>);

impl Hand {
    pub fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Bytes,
    pub body: Value,
}

impl Reply {
    pub fn id(&self) -> String {
        self.text("id")
    }

    pub fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.body)).to_owned()
    }

    pub fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    pub fn rows(&self) -> &[Value] {
        self.body["value"].as_array().unwrap_or_else(|| panic!("no rows in {}", self.body))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The address of the next page or round.
    pub fn link(&self) -> String {
        let link = self.body["@odata.nextLink"].as_str().or(self.body["@odata.deltaLink"].as_str());
        link.unwrap_or_else(|| panic!("no link in {}", self.body)).to_owned()
    }
}

/// A client of one token.
#[derive(Clone)]
pub struct Client {
    pub graph: Graph,
    pub hand: Hand,
    pub token: String,
    pub headers: Arc<Mutex<Vec<(String, String)>>>,
}

impl Client {
    /// The same, with a header on every request.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut headers = self.headers.lock().unwrap().clone();
        headers.push((name.to_owned(), value.to_owned()));
        Self { headers: Arc::new(Mutex::new(headers)), ..self.clone() }
    }

    /// The same, with ids that stay.
    pub fn immutable(&self) -> Self {
        self.with("prefer", "IdType=\"ImmutableId\"")
    }

    pub fn request(&self, method: &str, target: &str, body: impl Into<Bytes>, typed: &str) -> Request<Bytes> {
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

    pub fn send(&self, request: &Request<Bytes>) -> Result<Reply, Cut> {
        let response = self.graph.answer_now(request)?;
        let (parts, bytes) = response.into_parts();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Reply { status: parts.status.as_u16(), headers: parts.headers, bytes, body })
    }

    pub fn ask(&self, method: &str, target: &str, body: Option<Value>) -> Reply {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.send(&self.request(method, target, body, "application/json")).unwrap()
    }

    pub fn get(&self, target: &str) -> Reply {
        self.ask("GET", target, None)
    }

    pub fn post(&self, target: &str, body: Value) -> Reply {
        self.ask("POST", target, Some(body))
    }

    pub fn patch(&self, target: &str, body: Value) -> Reply {
        self.ask("PATCH", target, Some(body))
    }

    pub fn delete(&self, target: &str) -> Reply {
        self.ask("DELETE", target, None)
    }

    /// Makes something; its id.
    pub fn make(&self, target: &str, body: Value) -> String {
        let made = self.post(target, body);
        assert_eq!(made.status, 201, "{}", made.body);
        made.id()
    }

    /// All rows of a round, and the address of the next.
    pub fn round(&self, target: &str) -> (Vec<Value>, String) {
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
    pub fn is_clean(&self) {
        assert_eq!(self.graph.violations(), []);
    }
}

/// A service with Alice and Bob, as `build` completes it, and Alice's client.
pub fn built(build: impl FnOnce(GraphBuilder) -> GraphBuilder) -> Client {
    let hand = Hand(Arc::new(AtomicI64::new(1_780_000_000)));
    let at = hand.clone();
    let clock = Arc::new(move || Timestamp::from_second(at.0.load(Ordering::Relaxed)).unwrap());
    let builder = Graph::builder().seed(7).clock(clock).user(ALICE, "alice").user(BOB, "bob").application("app");
    Client { graph: build(builder).build(), hand, token: "alice".to_owned(), headers: Arc::default() }
}

pub fn client() -> Client {
    built(|builder| builder)
}

pub fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

pub fn names(rows: &[Value], name: &str) -> Vec<String> {
    rows.iter().map(|row| row[name].as_str().unwrap_or_default().to_owned()).collect()
}
