//! Batches, throttling, and faults that any request may meet.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cloned_ref_to_slice_refs,
    reason = "tests may panic"
)]

mod graph_common;

use bytes::Bytes;
use graph_common::{Client, Reply, built, client};
use http::Request;
use pimkit_simulators::{Cut, Fault, FaultPlan, FaultRule, GraphRules};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn batch(alice: &Client, requests: &[Value]) -> Reply {
    alice.post("/$batch", json!({"requests": requests}))
}

/// The answer within a batch that has this id.
fn inner<'a>(reply: &'a Reply, id: &str) -> &'a Value {
    reply.body["responses"].as_array().unwrap().iter().find(|answer| answer["id"] == id).unwrap()
}

fn get(id: usize, url: &str) -> Value {
    json!({"id": id.to_string(), "method": "GET", "url": url})
}

#[test]
fn a_batch_answers_each_request_for_itself_and_in_no_order() {
    let alice = client();
    let typed = json!({"content-type": "application/json", "Prefer": "IdType=\"ImmutableId\""});
    let reply = batch(
        &alice,
        &[
            json!({"id": "make", "method": "POST", "url": "/me/contacts", "headers": typed, "body": {"givenName": "A"}}),
            get(2, "me/contacts?$select=givenName"),
            get(3, "/me/contacts/AAMk"),
            json!({"id": "untyped", "method": "POST", "url": "/me/contacts", "body": {"givenName": "A"}}),
            get(5, "https://elsewhere.example/v1.0/me/contacts"),
            get(6, "http://localhost/v1.0/me/contacts"),
        ],
    );
    assert_eq!(reply.status, 200);
    assert_ne!(reply.body["responses"][0]["id"], "make");
    let made = inner(&reply, "make");
    assert_eq!((&made["status"], made["body"]["id"].as_str().unwrap().len()), (&json!(201), 72));
    assert!(made["headers"]["ETag"].is_string() && made["headers"]["Content-Type"].is_string(), "{made}");
    assert_eq!(inner(&reply, "2")["body"]["value"].as_array().unwrap().len(), 1);
    for (id, status) in [("3", 400), ("untyped", 400), ("5", 400), ("6", 200)] {
        assert_eq!(inner(&reply, id)["status"], status, "{id}");
    }
    let seen = alice.graph.requests();
    assert_eq!(seen.iter().filter(|seen| seen.inside_batch).count(), 4, "those that could be read");
    assert!(seen[1].immutable && !seen[2].immutable, "a preference is each request's own");
}

#[test]
fn what_waits_for_a_request_that_failed_is_not_done() {
    let alice = client();
    let make = |id: &str, after: Value| json!({"id": id, "method": "POST", "url": "/me/contacts", "headers": {"Content-Type": "application/json"}, "body": {"givenName": id}, "dependsOn": after});
    let reply = batch(&alice, &[get(1, "/me/contacts/AAMk"), make("2", json!(["1"])), make("3", json!(["2"])), make("4", json!([]))]);
    let statuses: Vec<&Value> = ["1", "2", "3", "4"].iter().map(|id| &inner(&reply, id)["status"]).collect();
    assert_eq!(statuses, [&json!(400), &json!(424), &json!(424), &json!(201)]);
    assert_eq!(alice.get("/me/contacts").rows().len(), 1);
}

#[test]
fn what_is_no_batch_is_refused_as_a_whole() {
    let alice = client();
    let many: Vec<Value> = (0..21).map(|at| get(at, "/me/contacts")).collect();
    let unknown = json!({"id": "1", "method": "GET", "url": "/me", "dependsOn": ["2"]});
    for requests in [many, vec![], vec![get(1, "/me"), get(1, "/me")], vec![unknown], vec![json!({"id": 1, "method": "GET", "url": "/me"})]]
    {
        assert_eq!(batch(&alice, &requests).status, 400, "{requests:?}");
    }
    assert_eq!(alice.post("/$batch", json!({})).status, 400);
}

#[test]
fn bytes_come_as_text_in_a_batch() {
    let alice = client();
    let id = alice.make("/me/contacts", json!({"givenName": "A"}));
    let url = format!("/me/contacts/{id}/photo/$value");
    let put = json!({"id": "1", "method": "PUT", "url": url, "headers": {"Content-Type": "image/png"}, "body": "iVBORw=="});
    let read = json!({"id": "2", "method": "GET", "url": url, "dependsOn": ["1"]});
    let reply = batch(&alice, &[put, read]);
    assert_eq!((&inner(&reply, "1")["status"], &inner(&reply, "2")["body"]), (&json!(200), &json!("iVBORw==")));
}

#[test]
fn a_mailbox_can_take_a_part_of_a_batch_and_refuse_the_rest_inside() {
    let alice = client();
    let mut rules = GraphRules::default();
    rules.limits.batch_at_once = Some(16);
    alice.graph.set_rules(rules);
    let requests: Vec<Value> = (0..20).map(|at| get(at, "/me/contacts")).collect();
    let reply = batch(&alice, &requests);
    let refused: Vec<&Value> = reply.body["responses"].as_array().unwrap().iter().filter(|answer| answer["status"] == 429).collect();
    assert_eq!((reply.status, refused.len()), (200, 4));
    assert_eq!(refused[0]["headers"]["Retry-After"], "2.128");
    assert_eq!(refused[0]["body"]["error"]["code"], "ApplicationThrottled");
    let chained: Vec<Value> = (0..20)
        .map(|at: usize| json!({"id": at.to_string(), "method": "GET", "url": "/me/contacts", "dependsOn": at.checked_sub(1).map(|at| at.to_string()).into_iter().collect::<Vec<_>>()}))
        .collect();
    assert!(batch(&alice, &chained).body["responses"].as_array().unwrap().iter().all(|answer| answer["status"] == 200));
}

#[test]
fn faults_strike_within_a_batch() {
    let alice = client();
    let rule = FaultRule::on("GET", Fault::Status { code: 429, retry_after: Some("0.5".to_owned()), body: String::new() })
        .at("/me/contacts")
        .nth(2);
    alice.graph.set_faults(FaultPlan::of([rule]));
    let reply = batch(&alice, &[get(1, "/me/contacts"), get(2, "/me/contacts"), get(3, "/me/contacts")]);
    let statuses: Vec<&Value> = ["1", "2", "3"].iter().map(|id| &inner(&reply, id)["status"]).collect();
    assert_eq!(statuses, [&json!(200), &json!(429), &json!(200)]);
    assert_eq!(inner(&reply, "2")["headers"]["Retry-After"], "0.5");
}

#[test]
fn so_many_requests_are_taken_within_a_window() {
    let alice = client();
    let mut rules = GraphRules::default();
    rules.limits.requests = 3;
    alice.graph.set_rules(rules);
    for _ in 0..3 {
        assert_eq!(alice.get("/me/contacts").status, 200);
    }
    let refused = alice.get("/me/contacts");
    assert_eq!((refused.status, refused.header("retry-after"), refused.code()), (429, "2.128", "TooManyRequests"));
    let bob = Client { token: "bob".to_owned(), ..alice.clone() };
    assert_eq!(bob.get("/me/contacts").status, 200, "another mailbox");
    alice.hand.forward(600);
    assert_eq!(alice.get("/me/contacts").status, 200);
}

#[tokio::test]
async fn four_requests_at_a_time_are_taken_for_a_mailbox() {
    let open = Arc::new(tokio::sync::Semaphore::new(0));
    let waiting = Arc::new(AtomicUsize::new(0));
    let (gate, count) = (open.clone(), waiting.clone());
    let sleeper = Arc::new(move |_| {
        let (gate, count) = (gate.clone(), count.clone());
        let wait: futures::future::BoxFuture<'static, ()> = Box::pin(async move {
            count.fetch_add(1, Ordering::SeqCst);
            gate.acquire().await.unwrap().forget();
        });
        wait
    });
    let alice = built(|builder| builder.sleeper(sleeper).latency(Duration::from_millis(1)));
    let ask = |client: &Client, body: &Value| {
        let (graph, request) = (client.graph.clone(), client.request("POST", "/$batch", body.to_string(), "application/json"));
        tokio::spawn(async move { graph.answer(request).await.unwrap() })
    };
    let one = json!({"requests": [get(1, "/me/contacts")]});
    let mut first = Vec::new();
    for at in 1..=3 {
        first.push(ask(&alice, &one));
        while waiting.load(Ordering::SeqCst) < at {
            tokio::task::yield_now().await;
        }
    }
    // Three places are taken: of each four requests of a batch one finds a place.
    let four = json!({"requests": (0..8).map(|at| get(at, "/me/contacts")).collect::<Vec<_>>()});
    let batch = ask(&alice, &four);
    while waiting.load(Ordering::SeqCst) < 4 {
        tokio::task::yield_now().await;
    }
    let last: Request<Bytes> = alice.request("GET", "/me/contacts", "", "");
    let last = tokio::spawn({
        let graph = alice.graph.clone();
        async move { graph.answer(last).await.unwrap() }
    });
    open.add_permits(5);
    let body: Value = serde_json::from_slice(batch.await.unwrap().body()).unwrap();
    let taken: Vec<&Value> = body["responses"].as_array().unwrap().iter().filter(|answer| answer["status"] == 200).collect();
    assert_eq!(taken.len(), 2, "{body}");
    let last = last.await.unwrap();
    assert!(last.status() == 429 && String::from_utf8_lossy(last.body()).contains("MailboxConcurrency"), "{last:?}");
    for one in first {
        assert_eq!(one.await.unwrap().status(), 200);
    }
    assert_eq!(alice.get("/me/contacts").status, 200, "and places are free again");
}

#[test]
fn a_write_can_be_stored_and_answered_with_an_error_or_not_at_all() {
    let alice = client();
    let post = alice.request("POST", "/me/contacts", json!({"givenName": "A"}).to_string(), "application/json");
    let faulty = |fault: Fault| {
        alice.graph.set_faults(FaultPlan::of([FaultRule::on("POST", fault)]));
        alice.send(&post)
    };
    assert_eq!(faulty(Fault::StatusAfter { code: 504 }).unwrap().status, 504);
    assert!(matches!(faulty(Fault::ResetAfter), Err(Cut::Reset)));
    assert!(
        matches!(faulty(Fault::Truncate { bytes: 5 }), Err(Cut::Truncated { head, body_so_far }) if head.status() == 201 && body_so_far.len() == 5)
    );
    assert!(matches!(faulty(Fault::ResetBefore), Err(Cut::Reset)));
    let late = faulty(Fault::Status { code: 503, retry_after: None, body: "<html>".to_owned() }).unwrap();
    assert_eq!((late.status, late.header("content-type")), (503, "text/html; charset=utf-8"));
    assert_eq!(faulty(Fault::LoginPage).unwrap().header("content-type"), "text/html; charset=utf-8");
    alice.graph.set_faults(FaultPlan::default());
    assert_eq!(alice.get("/me/contacts").rows().len(), 3);
    assert_eq!(alice.graph.requests().iter().map(|seen| seen.status).collect::<Vec<_>>(), [504, 0, 201, 0, 503, 200, 200]);
}

#[tokio::test]
async fn the_service_answers_over_loopback_below_its_version() {
    let alice = client();
    let serving = alice.graph.serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
    assert!(serving.base_url().starts_with("http://127.0.0.1:") && serving.base_url().ends_with("/v1.0"));
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(serving.address()).await.unwrap();
    let request = format!(
        "GET /v1.0/me/contacts/delta HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer alice\r\nconnection: close\r\n\r\n",
        serving.address()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains(&format!("\"@odata.deltaLink\":\"{}/me/contacts/delta?$deltatoken=", serving.base_url())), "{answer}");
    assert!(alice.graph.serve("0.0.0.0:0".parse().unwrap()).await.is_err());
    serving.stop().await;
}

#[test]
fn answers_can_be_bent_within_what_the_metadata_allows() {
    let alice = client();
    let id = alice.make("/me/contacts", json!({"givenName": "A", "emailAddresses": [{"address": "a@example.com", "name": "A"}]}));
    let faulty = |fault: Fault| {
        alice.graph.set_faults(FaultPlan::of([FaultRule::always(fault)]));
        alice.get("/me/contacts").rows()[0].clone()
    };
    let flat = faulty(Fault::Nulls { deep: false });
    assert_eq!((&flat["id"], &flat["givenName"], &flat["emailAddresses"][0]["name"]), (&json!(id), &Value::Null, &json!("A")));
    let deep = faulty(Fault::Nulls { deep: true });
    assert_eq!((&deep["givenName"], &deep["emailAddresses"][0]["name"]), (&json!("A"), &Value::Null));
    assert!(faulty(Fault::Unknowns).get("propertyOfTomorrow").is_some());
    alice.is_clean();
}
