//! What Microsoft Graph, or whoever stands between, may answer: each comes to a typed result, nothing is lost or deleted for it, and
//! nothing is sent to anybody else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod graph;

use bytes::Bytes;
use graph::{
    ALICE, Answered, Kit, Thing, bare, json_of,
    rest::{EACH, at_rest, fill, harmless, healed, known, touched},
    retold, served,
    table::Table,
};
use http::Response;
use pimkit::{Contact, Event, Task, http::Broken};
use pimkit_simulators::{Fault, FaultRule, GraphRules};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

// ---- where the server points ----

/// Addresses that are not the account's, however they look.
const HOSTILE: [&str; 24] = [
    "https://evil.example/v1.0/me/contacts/delta?$deltatoken=x",
    "https://evil.example:443/v1.0/me/contacts/delta",
    "http://graph.example.com/v1.0/me/contacts/delta?$deltatoken=x",
    "HTTP://GRAPH.EXAMPLE.COM/v1.0/me/contacts/delta",
    "http://graph.example.com:443/v1.0/me/contacts/delta",
    "https://graph.example.com:8443/v1.0/me/contacts/delta",
    "//evil.example/v1.0/me/contacts/delta",
    "https://graph.example.com.evil.example/v1.0/me/contacts/delta",
    "https://graph.example.com%2eevil.example/v1.0/me",
    "https://graph-example.com/v1.0/me/contacts/delta",
    "https://example.com/v1.0/me/contacts/delta",
    "https://com/v1.0",
    "https://graph.example.com@evil.example/v1.0/me/contacts/delta",
    "https://alice:secret@graph.example.com/v1.0/me/contacts/delta",
    "https://evil.example#@graph.example.com/v1.0",
    "https://evil.example\\@graph.example.com/v1.0",
    "https://evil.example/?https://graph.example.com/v1.0/me",
    "https://[::1]/v1.0/me/contacts/delta",
    "https://127.0.0.1/v1.0/me/contacts/delta",
    "/v1.0/me/contacts/delta?$deltatoken=x",
    "ftp://graph.example.com/v1.0/me",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:application/json,{\"value\":[]}",
];

fn led_astray<R: Thing>(link: &'static str) {
    let mut table = Table::default();
    for to in HOSTILE {
        let what = format!("{} {link} {to}", R::KIND.plural());
        table.row(&what.clone(), || {
            let kit = at_rest::<R>();
            let before = known::<R>(&kit);
            kit.stand_between(move |request, simulator| {
                retold(served(simulator, request), |answer| {
                    // Rounds alone for deltaLinks; every listing for the others, whether it has a next page or not.
                    let Some(page) = answer.as_object_mut().filter(|page| page.contains_key("value")) else { return };
                    if link == "@odata.nextLink" || page.contains_key(link) {
                        page.remove("@odata.deltaLink");
                        page.insert(link.to_owned(), json!(to));
                    }
                })
            });
            let told = [harmless::<R>(&kit, &what), harmless::<R>(&kit, &what)];
            assert!(told.iter().all(|said| !said.starts_with('0')), "{what}: nothing is said of it: {told:?}");
            healed::<R>(&kit, &before, &what);
        });
    }
}

#[test]
fn no_next_page_is_asked_of_another_host() {
    led_astray::<Contact>("@odata.nextLink");
    led_astray::<Event>("@odata.nextLink");
    led_astray::<Task>("@odata.nextLink");
}

#[test]
fn no_next_round_is_asked_of_another_host() {
    led_astray::<Contact>("@odata.deltaLink");
    led_astray::<Event>("@odata.deltaLink");
    led_astray::<Task>("@odata.deltaLink");
}

#[test]
fn no_redirect_takes_a_request_to_another_host() {
    let mut table = Table::default();
    for status in [301, 302, 303, 307, 308] {
        // A redirect may lead to another server of the same owner (`pimkit_http`, scope): of the same registrable domain.
        for to in HOSTILE.into_iter().filter(|to| !to.starts_with("https://example.com/")) {
            let what = format!("{status} {to}");
            table.row(&what.clone(), || {
                let mut kit = at_rest::<Contact>();
                let before = known::<Contact>(&kit);
                kit.edit::<Contact>("Ada App 1", "nicknames", json!(["pending"]));
                kit.stand_between(move |request, _| {
                    let own = request.uri().host().is_none_or(|host| host == graph::HOST);
                    if own {
                        return Ok(Response::builder().status(status).header("location", to).body(Bytes::new()).unwrap());
                    }
                    // The stranger plays the service, and takes everything.
                    Ok(json_of(
                        200,
                        &json!({"value": [], "id": "x", "@odata.deltaLink": "https://graph.example.com/v1.0/me/contacts/delta"}),
                    ))
                });
                for _ in 0..2 {
                    harmless::<Contact>(&kit, &what);
                }
                for request in kit.wire.requests() {
                    let own = request.url.scheme() == "https" && request.url.host_str() == Some(graph::HOST);
                    assert!(own || !request.headers.contains_key("authorization"), "{what}: the token went to {}", request.url);
                    assert!(own || request.method == "GET", "{what}: {} went to {}", request.method, request.url);
                }
                kit.free();
                kit.clock.advance(Duration::from_secs(24 * 3600));
                kit.run::<Contact>();
                kit.run::<Contact>();
                kit.rests::<Contact>(&what);
                assert_eq!(kit.there::<Contact>()["Ada App 1"].record.nicknames, ["pending"], "{what}");
                assert_eq!(known::<Contact>(&kit).len(), before.len());
                kit.strict = false;
            });
        }
    }
}

// ---- what bodies hold ----

/// Null in a place of every item.
fn nulled(value: &mut Value, names: &[&str]) {
    let Some((name, rest)) = names.split_first() else { return };
    match value {
        Value::Array(all) => all.iter_mut().for_each(|one| nulled(one, names)),
        Value::Object(object) => match object.get_mut(*name) {
            Some(here) if rest.is_empty() => *here = Value::Null,
            Some(here) => nulled(here, rest),
            None => {}
        },
        _ => {}
    }
}

/// Does it to every item in an answer: what has an id and a version.
fn each_item(answer: &mut Value, work: &impl Fn(&mut Value)) {
    match answer {
        Value::Array(all) => all.iter_mut().for_each(|one| each_item(one, work)),
        Value::Object(object) => {
            let is_item = object.contains_key("id") && object.contains_key("@odata.etag") && !object.contains_key("status");
            object.values_mut().for_each(|inner| each_item(inner, work));
            if is_item || object.contains_key("id") && object.contains_key("changeKey") {
                work(answer);
            }
        }
        _ => {}
    }
}

/// Something is done to every item in every answer; then it is as it was.
fn tampered<R: Thing>(what: &str, work: impl Fn(&mut Value) + Send + Sync + 'static) {
    let kit = at_rest::<R>();
    let before = known::<R>(&kit);
    touched::<R>(&kit);
    let met = Arc::new(AtomicUsize::new(0));
    let count = met.clone();
    kit.stand_between(move |request, simulator| {
        retold(served(simulator, request), |answer| {
            each_item(answer, &|item: &mut Value| {
                count.fetch_add(1, Ordering::Relaxed);
                work(item);
            });
        })
    });
    for _ in 0..2 {
        harmless::<R>(&kit, what);
    }
    assert!(met.load(Ordering::Relaxed) > 0, "{what}: no item was met");
    healed::<R>(&kit, &before, what);
}

/// Names that no metadata lets be null, and that a proxy may still lose; what it does let be null is played place by place elsewhere
/// (`graph_places`).
#[test]
fn names_that_are_never_null_and_are_lose_nothing() {
    fn play<R: Thing>() {
        let mut table = Table::default();
        for place in ["id", "@odata.etag", "categories", "parentFolderId"] {
            let what = format!("{} {place}: null", R::KIND.plural());
            table.row(&what.clone(), || {
                tampered::<R>(&what, move |item| nulled(item, &[place]));
            });
        }
    }
    play::<Contact>();
    play::<Event>();
    play::<Task>();
}

#[test]
fn fields_that_nobody_knows_change_nothing() {
    fn play<R: Thing>() {
        tampered::<R>(&format!("{}: unknown fields", R::KIND.plural()), |item| {
            let Some(item) = item.as_object_mut() else { return };
            item.insert("aFieldOfTomorrow".to_owned(), json!({"with": ["things", 1, null]}));
            item.insert("@odata.tomorrow".to_owned(), json!("x"));
        });
    }
    play::<Contact>();
    play::<Event>();
    play::<Task>();
}

/// What is answered instead.
type Instead = fn() -> Answered;

/// What a whole answer may be instead of what it should be.
fn bodies() -> Vec<(&'static str, Instead)> {
    fn typed(kind: &str, body: impl Into<Bytes>) -> Answered {
        Ok(Response::builder().status(200).header("content-type", kind).body(body.into()).unwrap())
    }
    vec![
        ("a page for people", || typed("text/html; charset=utf-8", "<!DOCTYPE html><html><body>Sign in</body></html>")),
        ("a page that says it is JSON", || typed("application/json", "<!DOCTYPE html><html></html>")),
        ("XML", || typed("application/atom+xml", "<?xml version=\"1.0\"?><feed/>")),
        ("a picture", || typed("image/png", &b"\x89PNG\r\n"[..])),
        ("nothing", || typed("application/json", "")),
        ("an empty object", || typed("application/json", "{}")),
        ("null", || typed("application/json", "null")),
        ("a list", || typed("application/json", "[]")),
        ("a number", || typed("application/json", "17")),
        ("half of it", || typed("application/json", "{\"value\": [{\"id\": \"AAkA")),
        ("no UTF-8", || typed("application/json", &b"{\"value\": [{\"id\": \"\xff\xfe\"}]}"[..])),
        ("value is an object", || typed("application/json", "{\"value\": {}, \"@odata.deltaLink\": \"https://graph.example.com/v1.0/x\"}")),
        ("rows that are none", || {
            typed("application/json", "{\"value\": [1, null, \"x\", []], \"@odata.deltaLink\": \"https://graph.example.com/v1.0/x\"}")
        }),
        ("deeper than anybody reads", || typed("application/json", format!("{{\"value\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000)))),
        ("larger than anybody wants", || {
            let mut body = b"{\"value\": [{\"id\": \"".to_vec();
            body.resize(65 << 20, b'A');
            typed("application/json", body)
        }),
        ("an error of 200", || typed("application/json", "{\"error\": {\"code\": \"ErrorItemNotFound\", \"message\": \"x\"}}")),
        ("202", || Ok(bare(202))),
        ("204", || Ok(bare(204))),
        ("a reset", || Err(Broken::Reset)),
    ]
}

fn other_bodies<R: Thing>() {
    let mut table = Table::default();
    for (name, body) in bodies() {
        for nth in [0, 1, 2, 3] {
            let what = format!("{} {name}, {}", R::KIND.plural(), if nth == 0 { "always".to_owned() } else { format!("request {nth}") });
            table.row(&what.clone(), || {
                let kit = at_rest::<R>();
                let before = known::<R>(&kit);
                touched::<R>(&kit);
                let seen = AtomicUsize::new(0);
                kit.stand_between(move |request, simulator| {
                    let number = seen.fetch_add(1, Ordering::Relaxed) + 1;
                    if nth == 0 || number == nth { body() } else { served(simulator, request) }
                });
                for _ in 0..2 {
                    harmless::<R>(&kit, &what);
                }
                healed::<R>(&kit, &before, &what);
            });
        }
    }
}

#[test]
fn answers_that_are_none_lose_no_contact() {
    other_bodies::<Contact>();
}

#[test]
fn answers_that_are_none_lose_no_event() {
    other_bodies::<Event>();
}

#[test]
fn answers_that_are_none_lose_no_task() {
    other_bodies::<Task>();
}

// ---- what rounds do ----

#[test]
fn rounds_with_every_oddity_lose_and_double_nothing() {
    fn play<R: Thing>() {
        let rules = GraphRules::default();
        let mut table = Table::default();
        for (name, set) in [
            ("empty first page", (|r: &mut GraphRules| r.delta.empty_first_page = true) as fn(&mut GraphRules)),
            ("null value", |r| r.delta.null_value = true),
            ("everything twice", |r| r.delta.tells_twice = true),
            ("left instead of deleted", |r| r.delta.removed_as_changed = true),
            ("returns forgotten", |r| r.delta.forgets_returns = true),
        ] {
            let mut rules = rules.clone();
            set(&mut rules);
            let what = format!("{}: {name}", R::KIND.plural());
            table.row(&what.clone(), || {
                let mut kit = Kit::new(|builder| builder.rules(rules), |config| config.page_size(2));
                fill::<R>(&mut kit);
                let before = known::<R>(&kit);
                touched::<R>(&kit);
                kit.rests::<R>(&what);
                healed::<R>(&kit, &before, &what);
                // A deletion is one all the same.
                let gone = kit.there::<R>().pop_first().unwrap().1.id;
                assert!(kit.simulator.delete(ALICE, &format!("{}/{gone}", R::path(&kit))));
                kit.run::<R>();
                kit.run::<R>();
                assert_eq!((kit.here::<R>().len(), kit.there::<R>().len()), (2 * EACH - 1, 2 * EACH - 1), "{what}");
            });
        }
    }
    play::<Contact>();
    play::<Event>();
    play::<Task>();
}

/// Lines of removed items that nobody knows, and of known ones that are there.
#[test]
fn what_is_said_to_be_removed_and_is_not_stays() {
    fn play<R: Thing>() {
        for reason in [json!({"reason": "deleted"}), json!({"reason": "changed"}), json!({}), Value::Null] {
            let what = format!("{} removed {reason}", R::KIND.plural());
            let kit = at_rest::<R>();
            let before = known::<R>(&kit);
            let mut rows: Vec<Value> = kit.there::<R>().into_values().map(|item| json!({"id": item.id, "@removed": reason})).collect();
            rows.push(json!({"id": "AAkALgAAno-such-thing", "@removed": reason}));
            rows.push(json!({"id": "", "@removed": reason}));
            kit.stand_between(move |request, simulator| {
                let is_round = request.uri().path().contains("delta");
                retold(served(simulator, request), |answer| {
                    if let Some(Value::Array(all)) = answer.get_mut("value").filter(|_| is_round) {
                        all.extend(rows.clone());
                    }
                })
            });
            for _ in 0..2 {
                harmless::<R>(&kit, &what);
            }
            healed::<R>(&kit, &before, &what);
        }
    }
    play::<Contact>();
    play::<Event>();
    play::<Task>();
}

#[test]
fn a_round_that_is_forgotten_while_it_is_read_starts_anew() {
    fn play<R: Thing>() {
        let mut table = Table::default();
        for (status, code) in [(410, "SyncStateNotFound"), (410, "resyncRequired"), (400, "ErrorInvalidRequest"), (404, "SyncStateInvalid")]
        {
            for nth in 1..=4 {
                let what = format!("{} {status} {code} to request {nth} of the round", R::KIND.plural());
                table.row(&what.clone(), || {
                    let mut kit = Kit::new(|builder| builder, |config| config.page_size(2));
                    fill::<R>(&mut kit);
                    let before = known::<R>(&kit);
                    touched::<R>(&kit);
                    let body = json!({"error": {"code": code, "message": "x"}}).to_string();
                    kit.fault([FaultRule::on("GET", Fault::Status { code: status, retry_after: None, body }).at("delta").nth(nth)]);
                    for _ in 0..2 {
                        harmless::<R>(&kit, &what);
                    }
                    healed::<R>(&kit, &before, &what);
                });
            }
        }
    }
    play::<Contact>();
    play::<Event>();
    play::<Task>();
}
