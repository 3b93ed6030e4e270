//! Push at the stand-in for Microsoft Graph: a host's address is asked, told to look, and told of its subscriptions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use http::{Request, Response};
use pimkit_contract::{FakeClock, SeededChance};
use pimkit_core::{Clock, CollectionId, Connector, Deliver, ErrorKind, Kind, Push, Subscription};
use pimkit_graph::{
    Config, Graph, Notices,
    notices::{self, Notice, Says},
};
use pimkit_http::{Bearer, Failure, InProcess, Incoming, Secret};
use pimkit_simulators::{Fault, FaultPlan, FaultRule, Graph as Simulator};
use serde_json::json;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

const ALICE: &str = "alice@example.com";
const ADDRESS: &str = "https://host.example/notices";

/// A host with an address, which hands on what it is told.
#[derive(Clone, Default)]
struct Host {
    told: Arc<Mutex<Vec<Notice>>>,
    /// It does not know the address.
    deaf: Arc<Mutex<bool>>,
}

impl Host {
    /// What the host's handler does, whatever its framework.
    fn handle(&self, request: &Request<bytes::Bytes>) -> Option<Response<bytes::Bytes>> {
        if *self.deaf.lock().unwrap() {
            return None;
        }
        let query = request.uri().query().unwrap_or_default();
        if let Some(token) = notices::validation(query) {
            return Some(Response::builder().header("content-type", "text/plain").body(token.into()).unwrap());
        }
        let read = notices::read(request.body(), &secret()).unwrap();
        self.told.lock().unwrap().extend(read);
        Some(Response::builder().status(202).body(bytes::Bytes::new()).unwrap())
    }

    fn told(&self) -> Vec<Notice> {
        std::mem::take(&mut self.told.lock().unwrap())
    }
}

fn secret() -> Secret {
    Secret::new("only Microsoft and we know")
}

struct World {
    simulator: Simulator,
    graph: Graph,
    host: Host,
    clock: FakeClock,
}

fn world() -> World {
    let (clock, host) = (FakeClock::default(), Host::default());
    let (time, courier) = (clock.clone(), host.clone());
    let simulator = Simulator::builder()
        .seed(1)
        .user(ALICE, "token")
        .clock(Arc::new(move || time.now()))
        .courier(Arc::new(move |request| {
            let answer = courier.handle(&request);
            Box::pin(async move { answer })
        }))
        .build();
    let served = simulator.clone();
    let wire = InProcess::new(move |outgoing| {
        let served = served.clone();
        async move {
            let answer = served.answer(outgoing.into_http()?).await;
            answer.map(Incoming::from).map_err(|_| Failure::unknown(pimkit_core::Error::new(ErrorKind::Transport, "cut")))
        }
    });
    let config = Config::new("https://graph.example.com/v1.0").account("far");
    let opening = Graph::builder(config, Arc::new(wire), Arc::new(clock.clone()), Arc::new(SeededChance::new(1)));
    let graph = opening.auth(Arc::new(Bearer::fixed(Secret::new("token")))).notices(Notices::new(secret())).open().unwrap();
    World { simulator, graph, host, clock }
}

impl World {
    fn push(&self) -> Arc<dyn Push> {
        self.graph.push().unwrap()
    }

    async fn subscribe(&self, to: &[(Kind, CollectionId)]) -> pimkit_core::Result<Subscription> {
        self.push().subscribe(to, Deliver::Webhook { url: ADDRESS.to_owned() }).await
    }

    fn subscriptions(&self) -> usize {
        self.simulator.requests().iter().filter(|seen| seen.method == "POST" && seen.path == "/subscriptions" && seen.status == 201).count()
    }
}

fn contacts() -> (Kind, CollectionId) {
    (Kind::Contact, CollectionId::of("contacts"))
}

#[tokio::test]
async fn a_change_tells_the_host_where_to_look() {
    let w = world();
    let other = CollectionId::from(w.simulator.create(ALICE, "contactFolders", &json!({"displayName": "Other"})).unwrap());
    let events = [(Kind::Event, CollectionId::of("a")), (Kind::Event, CollectionId::of("b"))];
    let to = [contacts(), (Kind::Contact, other.clone()), events[0].clone(), events[1].clone()];
    let subscription = w.subscribe(&to).await.unwrap();
    assert_eq!(w.subscriptions(), 3, "all calendars are one resource");
    assert!(subscription.expires.unwrap().duration_since(w.clock.now()).as_hours() >= 69);
    w.simulator.create(ALICE, &format!("contactFolders/{other}/contacts"), &json!({"givenName": "Ada"})).unwrap();
    w.simulator.push().await;
    let told = w.host.told();
    assert!(!told.is_empty() && told.iter().all(|notice| notice.says == Says::Look), "{told:?}");
    // The mailbox's own contacts tell of all folders; looking there too does no harm.
    let looks: Vec<_> = told.iter().flat_map(|notice| notice.within(&subscription)).collect();
    assert!(looks.contains(&(Kind::Contact, other.clone())) && looks.iter().all(|(kind, _)| *kind == Kind::Contact), "{looks:?}");
    let time = |hour: u8| json!({"dateTime": format!("2026-03-03T{hour}:00:00"), "timeZone": "UTC"});
    w.simulator.create(ALICE, "events", &json!({"subject": "x", "start": time(10), "end": time(11)})).unwrap();
    w.simulator.push().await;
    assert_eq!(w.host.told()[0].within(&subscription), events);
    w.push().unsubscribe(&subscription).await.unwrap();
    w.push().unsubscribe(&subscription).await.unwrap();
    w.simulator.create(ALICE, "contacts", &json!({"givenName": "Bob"})).unwrap();
    w.simulator.push().await;
    assert_eq!(w.host.told(), []);
    let asked: Vec<_> = w.simulator.violations().into_iter().filter(|violation| !violation.in_answer).collect();
    assert_eq!(asked, []);
}

#[tokio::test]
async fn a_subscription_is_renewed_and_one_that_has_ended_says_so() {
    let w = world();
    let subscription = w.subscribe(&[contacts()]).await.unwrap();
    w.clock.advance(Duration::from_secs(35 * 3600));
    let renewed = w.push().renew(&subscription).await.unwrap();
    assert!(renewed.expires > subscription.expires && renewed.id == subscription.id && renewed.covers == subscription.covers);
    w.clock.advance(Duration::from_secs(80 * 3600));
    let error = w.push().renew(&renewed).await.unwrap_err();
    assert_eq!((error.kind(), error.is_temporary()), (ErrorKind::Unavailable, false), "{error}");
}

#[tokio::test]
async fn the_host_is_told_what_becomes_of_its_subscription() {
    let w = world();
    let subscription = w.subscribe(&[contacts()]).await.unwrap();
    for (event, says) in [
        ("missed", Says::Missed),
        ("reauthorizationRequired", Says::Renew),
        ("unheardOf", Says::Other),
        ("subscriptionRemoved", Says::Removed),
    ] {
        assert!(w.simulator.tell_lifecycle(&subscription.id, event));
        w.simulator.push().await;
        let told = w.host.told();
        assert_eq!(told.iter().map(|notice| notice.says).collect::<Vec<_>>(), [says], "{event}");
        assert_eq!(told[0].within(&subscription), [contacts()]);
    }
    assert!(w.push().renew(&subscription).await.is_err(), "removed");
}

#[tokio::test]
async fn an_address_that_does_not_answer_or_is_no_good_gets_no_subscription() {
    let w = world();
    *w.host.deaf.lock().unwrap() = true;
    assert_eq!(w.subscribe(&[contacts()]).await.unwrap_err().kind(), ErrorKind::InvalidData);
    for url in ["http://host.example/", "host.example", "https://", "ftp://host.example/"] {
        let error = w.push().subscribe(&[contacts()], Deliver::Webhook { url: url.to_owned() }).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}");
    }
    assert_eq!(w.subscribe(&[]).await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(w.push().subscribe(&[contacts()], Deliver::Stream).await.unwrap_err().kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn where_one_of_several_fails_the_others_are_taken_back() {
    let w = world();
    let other = CollectionId::from(w.simulator.create(ALICE, "contactFolders", &json!({"displayName": "Other"})).unwrap());
    let refuse = Fault::Status { code: 403, retry_after: None, body: r#"{"error":{"code":"ExtensionError"}}"#.to_owned() };
    w.simulator.set_faults(FaultPlan { seed: 0, rules: vec![FaultRule::on("POST", refuse).at("/subscriptions").nth(2)] });
    assert!(w.subscribe(&[contacts(), (Kind::Contact, other)]).await.is_err());
    w.simulator.create(ALICE, "contacts", &json!({"givenName": "Ada"})).unwrap();
    w.simulator.push().await;
    assert_eq!(w.host.told(), []);
}
