//! Subscriptions: the handshake, their life, what they tell.
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
use graph_common::{BOB, Client, Reply, built};
use http::{Request, Response};
use pimkit_simulators::GraphRules;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

type Mail = Arc<Mutex<Vec<Request<Bytes>>>>;

/// A service whose subscriber answers handshakes as `answers` says, and what the subscriber got.
fn subscribed(answers: fn(&str) -> Response<Bytes>) -> (Client, Mail) {
    let mail = Mail::default();
    let kept = mail.clone();
    let courier = Arc::new(move |request: Request<Bytes>| {
        let kept = kept.clone();
        let answer: futures::future::BoxFuture<'static, Option<Response<Bytes>>> = Box::pin(async move {
            let token = request.uri().query().and_then(|query| query.split_once("validationToken=")).map(|(_, token)| decoded(token));
            let answer = token.map_or_else(|| Response::builder().status(202).body(Bytes::new()).unwrap(), |token| answers(&token));
            kept.lock().unwrap().push(request);
            Some(answer)
        });
        answer
    });
    (built(|builder| builder.courier(courier)), mail)
}

fn decoded(text: &str) -> String {
    text.replace("%20", " ").replace("%3A", ":")
}

fn agrees(token: &str) -> Response<Bytes> {
    Response::builder().header("content-type", "text/plain").body(Bytes::from(token.to_owned())).unwrap()
}

async fn ask(alice: &Client, method: &str, target: &str, body: Value) -> Reply {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let response = alice.graph.answer(alice.request(method, target, body, "application/json")).await.unwrap();
    let (parts, bytes) = response.into_parts();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Reply { status: parts.status.as_u16(), headers: parts.headers, bytes, body }
}

fn at(alice: &Client, minutes: i64) -> String {
    let now = alice.get("/me/contacts").header("date").to_owned();
    let now = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(now).unwrap();
    now.checked_add(jiff::SignedDuration::from_mins(minutes)).unwrap().to_string()
}

fn wanted(alice: &Client, resource: &str) -> Value {
    json!({
        "changeType": "created,updated,deleted", "notificationUrl": "https://crm.example/hook?x=1", "resource": resource,
        "lifecycleNotificationUrl": "https://crm.example/life", "clientState": "secret", "expirationDateTime": at(alice, 4200)
    })
}

/// What was told since the last look: the change, and of what.
fn told(mail: &Mail) -> Vec<(String, Value)> {
    let all: Vec<Request<Bytes>> = std::mem::take(&mut *mail.lock().unwrap());
    let notices = all.iter().filter(|request| !request.body().is_empty());
    notices.map(|request| (request.uri().to_string(), serde_json::from_slice(request.body()).unwrap())).collect()
}

fn changes(told: &[(String, Value)]) -> Vec<String> {
    told.iter().map(|(_, body)| body["value"][0]["changeType"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_subscription_is_made_when_its_addresses_agree() {
    let (alice, mail) = subscribed(agrees);
    let made = ask(&alice, "POST", "/subscriptions", wanted(&alice, "me/contacts")).await;
    assert_eq!((made.status, made.text("resource")), (201, "me/contacts".to_owned()), "{}", made.body);
    let asked: Vec<String> = mail.lock().unwrap().iter().map(|request| request.uri().to_string()).collect();
    assert!(
        asked[0].starts_with("https://crm.example/hook?x=1&validationToken=")
            && asked[1].starts_with("https://crm.example/life?validationToken="),
        "{asked:?}"
    );
    assert_eq!(alice.get("/subscriptions").rows().len(), 1);
    alice.is_clean();
    type Answers = fn(&str) -> Response<Bytes>;
    let others: [Answers; 4] = [
        |_| Response::new(Bytes::from("no")),
        |token| Response::new(Bytes::from(token.to_owned())),
        |token| Response::builder().header("content-type", "text/plain").body(Bytes::from(token.replace(' ', "%20"))).unwrap(),
        |token| Response::builder().status(202).header("content-type", "text/plain").body(Bytes::from(token.to_owned())).unwrap(),
    ];
    for answers in others {
        let (alice, _) = subscribed(answers);
        let refused = ask(&alice, "POST", "/subscriptions", wanted(&alice, "me/contacts")).await;
        assert_eq!((refused.status, refused.code()), (400, "ValidationError"));
        assert_eq!(alice.get("/subscriptions").rows().len(), 0);
    }
}

#[tokio::test]
async fn a_subscription_in_a_batch_is_refused_inside_of_it() {
    let (alice, _) = subscribed(|_| Response::new(Bytes::from("no")));
    let typed = json!({"Content-Type": "application/json"});
    let inner = json!({"id": "1", "method": "POST", "url": "/subscriptions", "headers": typed, "body": wanted(&alice, "me/contacts")});
    let reply = ask(&alice, "POST", "/$batch", json!({"requests": [inner, {"id": "2", "method": "GET", "url": "/me"}]})).await;
    let all = reply.body["responses"].as_array().unwrap();
    let of = |id: &str| all.iter().find(|one| one["id"] == id).unwrap();
    assert_eq!((reply.status, &of("1")["status"], &of("1")["body"]["error"]["code"]), (200, &json!(400), &json!("ValidationError")));
    assert_eq!(of("2")["status"], 200);
    assert_eq!(alice.get("/subscriptions").rows().len(), 0);
}

#[tokio::test]
async fn a_subscriber_is_told_what_was_made_changed_and_deleted() {
    let (alice, mail) = subscribed(agrees);
    let made = ask(&alice.immutable(), "POST", "/subscriptions", wanted(&alice, "me/contacts")).await;
    told(&mail);
    let contact = alice.immutable().make("/me/contacts", json!({"givenName": "A"}));
    alice.make(
        "/me/events",
        json!({"start": {"dateTime": "2026-03-02T10:00", "timeZone": "UTC"}, "end": {"dateTime": "2026-03-02T10:00", "timeZone": "UTC"}}),
    );
    assert_eq!(alice.graph.push().await, 2);
    let first = told(&mail);
    assert_eq!(changes(&first), ["created", "updated"], "contacts alone, and what was made twice");
    let notice = &first[0].1["value"][0];
    assert_eq!(
        (&notice["clientState"], &notice["subscriptionId"], &notice["resourceData"]["id"]),
        (&json!("secret"), &json!(made.id()), &json!(contact))
    );
    alice.patch(&format!("/me/contacts/{contact}"), json!({"surname": "x"}));
    alice.graph.push().await;
    assert_eq!(changes(&told(&mail)), ["updated"]);
    let mut rules = GraphRules::default();
    rules.push.made_is_updated_too = false;
    alice.graph.set_rules(rules);
    alice.delete(&format!("/me/contacts/{contact}"));
    alice.make("/me/contacts", json!({"givenName": "B"}));
    alice.graph.push().await;
    assert_eq!(changes(&told(&mail)), ["deleted", "created"]);
    assert_eq!(alice.graph.push().await, 0);
    alice.is_clean();
}

#[tokio::test]
async fn an_occurrence_that_is_deleted_is_told_as_a_change_of_its_series() {
    let (alice, mail) = subscribed(agrees);
    let day = |hour: u8| json!({"dateTime": format!("2026-03-02T{hour}:00:00"), "timeZone": "UTC"});
    let recurrence = json!({"pattern": {"type": "daily", "interval": 1}, "range": {"type": "numbered", "numberOfOccurrences": 3}});
    let master = alice.make("/me/events", json!({"start": day(10), "end": day(11), "recurrence": recurrence}));
    ask(&alice, "POST", "/subscriptions", wanted(&alice, "me/events")).await;
    told(&mail);
    let days = alice.get(&format!("/me/events/{master}/instances?startDateTime=2026-03-01&endDateTime=2026-04-01"));
    alice.delete(&format!("/me/events/{}", days.rows()[1]["id"].as_str().unwrap()));
    alice.graph.push().await;
    let told = told(&mail);
    assert_eq!((changes(&told), &told[0].1["value"][0]["resourceData"]["id"]), (vec!["updated".to_owned()], &json!(master)));
}

#[tokio::test]
async fn a_subscription_expires_unless_it_is_renewed() {
    let (alice, _) = subscribed(agrees);
    let mut short = wanted(&alice, "me/contacts");
    short["expirationDateTime"] = json!(at(&alice, 5));
    let made = ask(&alice, "POST", "/subscriptions", short).await;
    assert_eq!(made.text("expirationDateTime"), at(&alice, 45), "raised to the least");
    let target = format!("/subscriptions/{}", made.id());
    assert_eq!(alice.patch(&target, json!({"expirationDateTime": at(&alice, 60)})).status, 200);
    assert_eq!(alice.patch(&target, json!({"clientState": "x"})).status, 400);
    assert_eq!(alice.post(&format!("{target}/reauthorize"), json!({})).status, 204);
    alice.hand.forward(3599);
    assert_eq!(alice.get(&target).status, 200);
    alice.hand.forward(1);
    assert_eq!((alice.get(&target).status, alice.patch(&target, json!({"expirationDateTime": at(&alice, 60)})).status), (404, 404));
    let other = ask(&alice, "POST", "/subscriptions", wanted(&alice, "me/todo/lists/x/tasks")).await;
    assert_eq!(other.status, 404, "{}", other.body);
}

#[tokio::test]
async fn subscriptions_that_cannot_be_are_refused() {
    let (alice, _) = subscribed(agrees);
    let with = |name: &str, value: Value| {
        let mut body = wanted(&alice, "me/contacts");
        body[name] = value;
        body
    };
    for (body, status) in [
        (with("expirationDateTime", json!(at(&alice, 4231))), 400),
        (with("expirationDateTime", json!(at(&alice, -1))), 400),
        (with("notificationUrl", json!("http://crm.example/hook")), 400),
        (with("clientState", json!("x".repeat(129))), 400),
        (with("changeType", json!("made")), 400),
        (with("resource", json!("me/calendars")), 400),
        (with("resource", json!(format!("users/{BOB}/contacts"))), 403),
    ] {
        let refused = ask(&alice, "POST", "/subscriptions", body.clone()).await;
        assert_eq!(refused.status, status, "{body}");
    }
    let mut rules = GraphRules::default();
    rules.limits.subscriptions = 1;
    alice.graph.set_rules(rules);
    assert_eq!(ask(&alice, "POST", "/subscriptions", wanted(&alice, "me/contacts")).await.status, 201);
    assert_eq!(ask(&alice, "POST", "/subscriptions", wanted(&alice, "me/events")).await.status, 403);
}

#[tokio::test]
async fn a_subscriber_is_told_about_the_subscription_itself() {
    let (alice, mail) = subscribed(agrees);
    let made = ask(&alice, "POST", "/subscriptions", wanted(&alice, "users")).await;
    told(&mail);
    assert!(alice.graph.tell_lifecycle(&made.id(), "missed"));
    alice.graph.set_user(&json!({"userPrincipalName": "new@example.com"}));
    alice.graph.push().await;
    let all = told(&mail);
    assert_eq!((all[0].0.as_str(), &all[0].1["value"][0]["lifecycleEvent"]), ("https://crm.example/life", &json!("missed")));
    assert_eq!(all[1].1["value"][0]["resourceData"]["@odata.type"], "#Microsoft.Graph.User");
    assert!(alice.graph.tell_lifecycle(&made.id(), "subscriptionRemoved"));
    assert_eq!(alice.get(&format!("/subscriptions/{}", made.id())).status, 404);
    assert!(!alice.graph.tell_lifecycle(&made.id(), "missed"));
}

#[tokio::test]
async fn over_loopback_a_subscriber_is_told_by_itself() {
    let (seen, mut seeing) = tokio::sync::mpsc::unbounded_channel();
    let hook = axum::Router::new().fallback(move |request: axum::extract::Request| {
        let seen = seen.clone();
        async move {
            let token = request.uri().query().and_then(|query| query.split_once("validationToken=")).map(|(_, token)| decoded(token));
            let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
            if token.is_none() {
                seen.send(serde_json::from_slice::<Value>(&body).unwrap()).unwrap();
            }
            ([("content-type", "text/plain")], token.unwrap_or_default())
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move { axum::serve(listener, hook).await.unwrap() });
    let alice = built(|builder| builder);
    let serving = alice.graph.serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let mut body = wanted(&alice, "me/contacts");
    body["notificationUrl"] = json!(format!("http://{address}/hook"));
    body.as_object_mut().unwrap().remove("lifecycleNotificationUrl");
    assert_eq!(ask(&alice, "POST", "/subscriptions", body).await.status, 201);
    alice.make("/me/contacts", json!({"givenName": "A"}));
    // Any request to the served address sends what there is to tell.
    let mut stream = tokio::net::TcpStream::connect(serving.address()).await.unwrap();
    use tokio::io::AsyncWriteExt as _;
    stream.write_all(b"GET /v1.0/me HTTP/1.1\r\nhost: x\r\nauthorization: Bearer alice\r\n\r\n").await.unwrap();
    let notice = seeing.recv().await.unwrap();
    assert_eq!(notice["value"][0]["changeType"], "created");
    served.abort();
}
