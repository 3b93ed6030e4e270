//! The session over a wire that answers from a list.

use super::*;
use crate::{Graph, Quirks};
use futures::executor::block_on;
use pimkit_contract::{FakeClock, SeededChance};
use pimkit_http::{Bearer, InProcess, Incoming, Outgoing, Secret};
use serde_json::json;
use std::collections::VecDeque;

const ROOT: &str = "https://graph.example.com/v1.0";

type Answer = (u16, Vec<(&'static str, &'static str)>, Value);

struct World {
    graph: Graph,
    wire: Arc<InProcess>,
    clock: FakeClock,
}

/// An account whose requests are answered in this order, the last one for ever.
fn world(config: Config, answers: Vec<Answer>) -> World {
    let answers = Mutex::new(VecDeque::from(answers));
    let wire = Arc::new(InProcess::new(move |_| {
        let mut answers = lock(&answers);
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        async move {
            let (status, headers, body) = answer.unwrap();
            let incoming = Incoming::status(status)?.header("content-type", "application/json");
            let incoming = headers.iter().fold(incoming, |incoming, (name, value)| incoming.header(name, value));
            Ok(if body.is_null() { incoming } else { incoming.body(body.to_string()) })
        }
    }));
    let clock = FakeClock::default();
    let opening = Graph::builder(config, wire.clone(), Arc::new(clock.clone()), Arc::new(SeededChance::new(7)));
    let graph = opening.auth(Arc::new(Bearer::fixed(Secret::new("token")))).open().unwrap();
    World { graph, wire, clock }
}

fn ok(body: Value) -> Answer {
    (200, Vec::new(), body)
}

fn get(id: &str) -> Call {
    Call::get("graph.test.get", Path::of("me/contacts").id(id))
}

fn post(id: &str) -> Call {
    Call::post("graph.test.post", Path::of("me/contacts"), json!({ "surname": id }))
}

fn header(request: &Outgoing, name: &str) -> String {
    request.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

fn sent(request: &Outgoing) -> Value {
    serde_json::from_slice(&request.body).unwrap_or_default()
}

fn statuses(answers: &[Result<Reply, Failure>]) -> Vec<String> {
    answers
        .iter()
        .map(|answer| match answer {
            Ok(reply) => reply.status.to_string(),
            Err(failure) => format!("{:?} {}", failure.effect(), failure.error().kind().word()),
        })
        .collect()
}

#[test]
fn every_request_says_who_asks_and_wants_ids_that_stay() {
    let w = world(Config::new(ROOT), vec![ok(json!({"id": "1"}))]);
    block_on(w.graph.session.ask(&get("1").prefer("odata.maxpagesize=5"))).unwrap();
    block_on(w.graph.session.ask(&get("1"))).unwrap();
    let requests = w.wire.requests();
    assert_eq!(requests[0].url.as_str(), "https://graph.example.com/v1.0/me/contacts/1");
    assert_eq!(header(&requests[0], "authorization"), "Bearer token");
    assert_eq!(header(&requests[0], "prefer"), "IdType=\"ImmutableId\", odata.maxpagesize=5");
    assert_eq!(header(&requests[0], "return-client-request-id"), "true");
    assert!(header(&requests[0], "user-agent").starts_with("pimkit/"));
    let (one, other) = (header(&requests[0], "client-request-id"), header(&requests[1], "client-request-id"));
    assert_ne!(one, other);
    let shape: String = one.chars().map(|c| if c == '-' { '-' } else { 'x' }).collect();
    assert_eq!(shape, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
    assert!(one.chars().nth(14) == Some('4') && one.chars().nth(19).is_some_and(|c| "89ab".contains(c)), "{one}");
}

#[test]
fn a_mailbox_of_others_has_a_path_of_its_own() {
    for (mailbox, expected) in [
        (None, "me"),
        (Some("ada@example.org"), "users/ada%40example.org"),
        (Some("$ada@example.org"), "users('$ada@example.org')"),
        (Some("o'neil@example.org"), "users/o%27neil%40example.org"),
    ] {
        assert_eq!(super::mailbox(mailbox).as_str(), expected);
    }
}

#[test]
fn an_address_of_another_host_is_not_followed_and_nothing_is_sent_there() {
    let w = world(Config::new(ROOT), vec![ok(json!({"value": []}))]);
    for odd in [
        "https://evil.example/v1.0/me/contacts?$skiptoken=1",
        "http://graph.example.com/v1.0/me",
        "https://graph.example.com:444/v1.0/me",
        "https://other.example.com/v1.0/me",
        "https://user@graph.example.com/v1.0/me",
        "/v1.0/me",
        "",
    ] {
        let error = block_on(w.graph.session.follow("graph.test.follow", odd, &[])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{odd}");
    }
    assert_eq!(w.wire.count(), 0);
    let link = "https://graph.example.com/v1.0/me/contacts/delta?$deltatoken=a%2Bb";
    block_on(w.graph.session.follow("graph.test.follow", link, &[])).unwrap();
    assert_eq!(w.wire.requests()[0].url.as_str(), link, "as it was given");
}

#[test]
fn what_is_refused_within_a_batch_is_asked_again_after_the_time_it_names_and_nothing_else_is() {
    let first = json!({"responses": [
        {"id": "1", "status": 429, "headers": {"Retry-After": "2.5"}, "body": {"error": {"code": "ApplicationThrottled"}}},
        {"id": "0", "status": 200, "body": {"id": "a"}},
        {"id": "2", "status": 404, "body": {"error": {"code": "ErrorItemNotFound"}}},
    ]});
    let w = world(Config::new(ROOT), vec![ok(first), ok(json!({"id": "b"}))]);
    let answers = block_on(w.graph.session.all(&[get("a"), get("b"), get("c")]));
    assert_eq!(statuses(&answers), ["200", "200", "404"]);
    assert_eq!(answers[1].as_ref().unwrap().json()["id"], "b");
    assert!(w.clock.slept() >= Duration::from_millis(2500), "{:?}", w.clock.slept());
    let requests = w.wire.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(sent(&requests[0])["requests"].as_array().unwrap().len(), 3);
    assert_eq!(sent(&requests[0])["requests"][1]["headers"]["Prefer"], "IdType=\"ImmutableId\"");
    assert_eq!(requests[1].url.path(), "/v1.0/me/contacts/b", "one call needs no batch");
}

#[test]
fn after_a_mailbox_refused_part_of_a_batch_later_ones_have_four_calls() {
    let refused = |n: usize| json!({"id": n.to_string(), "status": 429, "body": {"error": {"code": "ApplicationThrottled"}}});
    let good = |n: usize| json!({"id": n.to_string(), "status": 200, "body": {"id": n.to_string()}});
    let twenty: Vec<Value> = (0..20).map(|n| if n < 4 { good(n) } else { refused(n) }).collect();
    let four: Vec<Value> = (0..4).map(good).collect();
    let w = world(Config::new(ROOT), vec![ok(json!({ "responses": twenty })), ok(json!({ "responses": four }))]);
    let calls: Vec<Call> = (0..20).map(|n| get(&n.to_string())).collect();
    let answers = block_on(w.graph.session.all(&calls));
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(Reply::is_success)));
    let sizes: Vec<usize> = w.wire.requests().iter().map(|r| sent(r)["requests"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [20, 4, 4, 4, 4]);
}

#[test]
fn what_may_have_been_done_within_a_batch_is_repeated_only_where_that_does_no_harm() {
    let lost = |n: u8| json!({"id": n.to_string(), "status": 504, "body": null});
    let w = world(
        Config::new(ROOT),
        vec![ok(json!({"responses": [lost(0), lost(1), {"id": "2", "status": 201, "body": {}}]})), ok(json!({"id": "a"}))],
    );
    let answers = block_on(w.graph.session.all(&[get("a"), post("b"), post("c")]));
    assert_eq!(statuses(&answers), ["200", "Unknown unavailable", "201"]);
    assert!(answers[0].as_ref().unwrap().maybe_done_before);
    assert_eq!(w.wire.count(), 2);
}

#[test]
fn a_batch_that_is_lost_leaves_its_writes_open_and_a_call_without_an_answer_too() {
    let w = world(Config::new(ROOT), vec![(504, Vec::new(), Value::Null)]);
    assert_eq!(statuses(&block_on(w.graph.session.all(&[post("a"), get("b")]))), ["Unknown unavailable", "Unknown unavailable"]);
    assert_eq!(w.wire.count(), 1, "a batch with a create in it is not repeated");
    let w = world(Config::new(ROOT), vec![ok(json!({"responses": [{"id": "1", "status": 200, "body": {}}, {"id": "7", "status": 200}]}))]);
    assert_eq!(statuses(&block_on(w.graph.session.all(&[post("a"), get("b")]))), ["Unknown unexpected", "200"]);
}

#[test]
fn an_inner_refusal_that_never_ends_says_so() {
    let refused = |n: usize| json!({"id": n.to_string(), "status": 429, "headers": {"Retry-After": "1"}});
    let w = world(Config::new(ROOT), vec![ok(json!({"responses": [refused(0), refused(1)]}))]);
    assert_eq!(statuses(&block_on(w.graph.session.all(&[post("a"), post("b")]))), ["Refused rate_limited", "Refused rate_limited"]);
    assert_eq!(w.wire.count(), 5);
}

#[test]
fn batches_are_as_large_as_is_said_and_twenty_at_most() {
    for (batch, expected) in [(1, 45), (10, 5), (20, 3), (500, 3)] {
        let all: Vec<Value> = (0..20).map(|n| json!({"id": n.to_string(), "status": 204})).collect();
        let quirks = Quirks { batch, ..Quirks::default() };
        let answer = if batch == 1 { json!({}) } else { json!({ "responses": all }) };
        let w = world(Config::new(ROOT).quirks(quirks), vec![ok(answer)]);
        let calls: Vec<Call> = (0..45).map(|n| get(&n.to_string())).collect();
        let answers = block_on(w.graph.session.all(&calls));
        assert_eq!((answers.len(), w.wire.count()), (45, expected), "{batch}");
        assert!(answers.iter().all(Result::is_ok));
    }
}

#[test]
fn a_page_for_people_is_no_answer() {
    let answer = Incoming::status(200).unwrap().header("content-type", "text/html; charset=utf-8").body("<html>Sign in</html>");
    let answer = Mutex::new(Some(answer));
    let wire = Arc::new(InProcess::new(move |_| {
        let answer = lock(&answer).take();
        async move { answer.map_or_else(|| Incoming::status(204), Ok) }
    }));
    let clock = FakeClock::default();
    let graph = Graph::builder(Config::new(ROOT), wire, Arc::new(clock), Arc::new(SeededChance::new(7))).open().unwrap();
    let failure = block_on(graph.session.call(&post("1"))).unwrap_err();
    assert_eq!((failure.effect(), failure.error().kind()), (Effect::Unknown, ErrorKind::Transport));
}

#[test]
fn troubles_of_the_account_are_told_from_items_that_are_gone() {
    let gone = json!({"error": {"code": "MailboxNotEnabledForRESTAPI", "message": "x"}});
    let w = world(Config::new(ROOT), vec![(404, Vec::new(), gone.clone())]);
    let failure = block_on(w.graph.session.call(&get("1"))).unwrap_err();
    assert!(failure.error().context().contains(&("trouble", "mailbox_missing".to_owned())), "{failure}");
    let inner = json!({"responses": [{"id": "0", "status": 404, "body": gone}, {"id": "1", "status": 200, "body": {}}]});
    let w = world(Config::new(ROOT), vec![ok(inner)]);
    assert_eq!(statuses(&block_on(w.graph.session.all(&[get("a"), get("b")]))), ["Refused unavailable", "200"]);
}

#[test]
fn whoever_asks_for_much_time_within_a_batch_is_asked_another_time() {
    let refused = |n: usize| json!({"id": n.to_string(), "status": 429, "headers": {"Retry-After": "600"}});
    let w = world(Config::new(ROOT), vec![ok(json!({"responses": [refused(0), refused(1)]}))]);
    let answers = block_on(w.graph.session.all(&[post("a"), get("b")]));
    assert_eq!(statuses(&answers), ["Refused rate_limited", "Refused rate_limited"]);
    assert_eq!(answers[0].as_ref().unwrap_err().error().wait(), Some(Duration::from_secs(600)));
    assert_eq!((w.wire.count(), w.clock.slept()), (1, Duration::ZERO));
}

#[test]
fn a_request_of_the_callers_own_goes_to_the_account_and_nowhere_else() {
    let w = world(Config::new(ROOT), vec![ok(json!({}))]);
    for path in [
        "me/contacts?$top=1",
        "/me/contacts",
        "//evil.example/me",
        "https://evil.example/me",
        "../beta/me",
        "@evil.example/",
        "\\\\evil.example",
    ] {
        block_on(w.graph.request("GET", path, &[("x-own", "1")], Vec::new())).unwrap();
    }
    for request in w.wire.requests() {
        assert_eq!((request.url.host_str(), header(&request, "authorization").as_str()), (Some("graph.example.com"), "Bearer token"));
        assert_eq!(header(&request, "x-own"), "1");
    }
}
