//! A run between a hub and Microsoft Graph, stopped where a process can die: before a request, between its effect and its answer,
//! half through a batch, and around commits. One more run after the settle time brings everything to where it belongs, once.
//!
//! `PIMKIT_STRIDE` is how many places are passed over between two that are tried (default 5; 1 tries all).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use async_trait::async_trait;
use pimkit::{
    Clock, CollectionId, Connector, Contact, EmailAddress, Record,
    graph::{Config, Graph},
    http::{Bearer, Broken, Failure, InProcess, Incoming, Outgoing, Secret, Transport},
    sync::{Engine, Policy, Report},
};
use pimkit_contract::{
    FakeClock, MemoryHub, SeededChance,
    hub::HubSnapshot,
    state::{self, MemoryState, StopPoint},
};
use pimkit_simulators::{Cut, Graph as Simulator, GraphLimits, GraphRules, GraphSnapshot};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

const ALICE: &str = "alice@example.com";
const NEW: usize = 45;
const EDITED: usize = 25;
const DELETED: usize = 10;

/// Where the process dies, as seen by a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Death {
    /// The request never leaves.
    Before,
    /// It has its effect, and nobody hears the answer.
    After,
    /// Of a batch the first half has its effect.
    Half,
}

/// A wire on which the process dies at the request of a number.
#[derive(Debug)]
struct Wire {
    inner: InProcess,
    asked: Arc<AtomicUsize>,
    death: Option<(usize, Death)>,
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, mut request: Outgoing) -> Result<Incoming, Failure> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        match self.death {
            Some((at, Death::Before)) if at == number => std::future::pending().await,
            Some((at, death)) if at == number => {
                if death == Death::Half
                    && let Ok(Value::Object(mut batch)) = serde_json::from_slice::<Value>(&request.body)
                    && let Some(Value::Array(calls)) = batch.get_mut("requests")
                {
                    calls.truncate(calls.len() / 2);
                    request.body = Value::Object(batch).to_string().into();
                }
                let _unheard = self.inner.send(request).await;
                std::future::pending().await
            }
            _ => self.inner.send(request).await,
        }
    }
}

fn person(n: usize) -> Contact {
    Contact::build(|c| {
        c.name.full = Some(format!("Person {n}"));
        c.emails = vec![EmailAddress { address: format!("person{n}@example.org"), ..EmailAddress::default() }];
    })
}

/// All that is durable, and what a run has to do with it.
struct Scene {
    simulator: Simulator,
    hub: MemoryHub,
    state: MemoryState,
    clock: FakeClock,
    asked: Arc<AtomicUsize>,
    before: Option<(GraphSnapshot, HubSnapshot, state::Snapshot, jiff::Timestamp)>,
}

impl Scene {
    fn new() -> Self {
        let clock = FakeClock::default();
        let time = clock.clone();
        // Time is set back for every play: what one of them asks must not count against the next.
        let limits = GraphLimits { requests: usize::MAX, ..GraphRules::default().limits };
        let rules = GraphRules { limits, ..GraphRules::default() };
        let simulator = Simulator::builder().seed(5).user(ALICE, "token").rules(rules).clock(Arc::new(move || time.now())).build();
        let (hub, state) = (MemoryHub::new(&clock), MemoryState::new());
        let mut scene = Self { simulator, hub, state, clock, asked: Arc::default(), before: None };
        scene.prepare();
        scene
    }

    /// Hub and mailbox agree on some people; then each side edits, deletes and makes some.
    fn prepare(&mut self) {
        let hand = self.hub.by_hand::<Contact>();
        let book = CollectionId::from("contacts");
        let old: Vec<_> = (0..2 * EDITED + 2 * DELETED).map(|n| hand.put(&book, person(n))).collect();
        self.settled();
        self.settled();
        let there: BTreeMap<String, String> = self.there().into_iter().map(|(id, _, name)| (name, id)).collect();
        assert_eq!(there.len(), old.len());
        for (n, id) in old.iter().enumerate() {
            let path = format!("contacts/{}", there[&format!("Person {n}")]);
            if n < EDITED {
                assert!(hand.edit(id, |c| c.nicknames = vec![format!("hub-edit-{n}")]));
            } else if n < 2 * EDITED {
                assert!(self.simulator.change(ALICE, &path, &json!({"nickName": format!("far-edit-{n}")})));
            } else if n < 2 * EDITED + DELETED {
                assert!(hand.delete(id));
            } else {
                assert!(self.simulator.delete(ALICE, &path));
            }
        }
        for n in 0..NEW {
            hand.put(&book, person(1000 + n));
            let far = json!({"displayName": format!("Person {}", 2000 + n), "emailAddresses": [{"address": format!("person{}@example.org", 2000 + n)}]});
            self.simulator.create(ALICE, "contacts", &far).unwrap();
        }
        self.before = Some((self.simulator.snapshot(), self.hub.snapshot(), self.state.snapshot(), self.clock.now()));
    }

    /// What the mailbox has: id, nickname, name.
    fn there(&self) -> Vec<(String, Option<String>, String)> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let all = self.simulator.list(ALICE, "contacts");
        all.iter().map(|c| (text(&c["id"]).unwrap(), text(&c["nickName"]), text(&c["displayName"]).unwrap())).collect()
    }

    /// Everything as it was before the run.
    fn reset(&mut self) {
        let (far, hub, state, now) = self.before.as_ref().unwrap();
        self.simulator.restore(far);
        self.hub.restore(hub);
        self.state = MemoryState::restore(state.clone());
        self.clock.set(*now);
    }

    /// One run, of a process in which nothing is remembered; nothing where it stopped for good.
    fn run(&self, death: Option<(usize, Death)>) -> Option<pimkit::Result<Report>> {
        self.asked.store(0, Ordering::SeqCst);
        let served = self.simulator.clone();
        let inner = InProcess::serving(move |request| {
            served.answer_now(&request).map_err(|cut| match cut {
                Cut::Reset => Broken::Reset,
                Cut::Truncated { head, body_so_far } => Broken::Truncated(Box::new(head.map(|()| body_so_far))),
            })
        });
        let transport = Arc::new(Wire { inner, asked: self.asked.clone(), death });
        let config = Config::new("https://graph.example.com/v1.0").account("far").address(ALICE);
        let opening = Graph::builder(config, transport, Arc::new(self.clock.clone()), Arc::new(SeededChance::new(1)));
        let far: Arc<dyn Connector> = Arc::new(opening.auth(Arc::new(Bearer::fixed(Secret::new("token")))).open().unwrap());
        let mut policy = Policy::default();
        policy.set("deletes", "delete").unwrap();
        let engine = Engine::new(Arc::new(self.state.clone())).clock(Arc::new(self.clock.clone())).chance(Arc::new(SeededChance::new(2)));
        let pair = engine.pair::<Contact>("contacts", Arc::new(self.hub.clone()), far).policy(policy);
        let pair = pair.collections(vec!["contacts".to_owned()]).build().unwrap();
        let mut run = pin!(pair.run());
        let mut context = Context::from_waker(Waker::noop());
        let asked = || self.asked.load(Ordering::SeqCst) + self.hub.requests().len();
        let (mut idle, mut seen) = (0, asked());
        while idle < 50 {
            if let Poll::Ready(report) = run.as_mut().poll(&mut context) {
                return Some(report);
            }
            idle = if asked() == seen { idle + 1 } else { 0 };
            seen = asked();
        }
        None
    }

    /// One whole run, and the time it takes to settle.
    fn settled(&self) -> Report {
        let report = self.run(None).unwrap().unwrap();
        self.clock.advance(Duration::from_secs(24 * 3600));
        report
    }

    /// The process starts anew from what is durable, and everything is where it belongs, once.
    fn restart(&mut self, at: &str) {
        self.state = MemoryState::restore(self.state.snapshot());
        self.clock.advance(Duration::from_secs(24 * 3600));
        let report = self.settled();
        let hub = self.hub.by_hand::<Contact>().records();
        let hub = hub.into_iter().map(|c| (c.name.full.unwrap(), c.nicknames.into_iter().next())).collect::<Vec<_>>();
        let far = self.there().into_iter().map(|(_, nickname, name)| (name, nickname)).collect();
        for (side, records) in [("hub", hub), ("mailbox", far)] {
            let count = records.len();
            let records: BTreeMap<String, Option<String>> = records.into_iter().collect();
            assert_eq!(records.len(), count, "{at}: something is doubled in the {side}\n{report:?}");
            for n in (0..2 * EDITED).chain(1000..1000 + NEW).chain(2000..2000 + NEW) {
                let record = records.get(&format!("Person {n}"));
                let nickname = record.unwrap_or_else(|| panic!("{at}: Person {n} is lost in the {side}\n{report:?}"));
                if n < 2 * EDITED {
                    let by = if n < EDITED { "hub" } else { "far" };
                    assert_eq!(
                        nickname.as_deref(),
                        Some(format!("{by}-edit-{n}").as_str()),
                        "{at}: a stale value in the {side}\n{report:?}"
                    );
                }
            }
            assert_eq!(count, 2 * EDITED + 2 * NEW, "{at}: what was deleted is still in the {side}\n{report:?}");
        }
        assert_eq!(self.settled().sync.writes(), 0, "{at}: does not come to rest");
    }
}

fn stride() -> usize {
    std::env::var("PIMKIT_STRIDE").ok().and_then(|s| s.parse().ok()).unwrap_or(5).max(1)
}

#[test]
fn a_run_stopped_before_after_or_half_through_any_request_is_finished_by_the_next() {
    let mut scene = Scene::new();
    scene.reset();
    scene.run(None).unwrap().unwrap();
    let requests = scene.asked.load(Ordering::SeqCst);
    assert!(requests > 12, "{requests} requests");
    scene.restart("not stopped");
    for death in [Death::Before, Death::After, Death::Half] {
        for number in (1..=requests).step_by(stride()) {
            scene.reset();
            assert!(scene.run(Some((number, death))).is_none(), "no {death:?} at request {number}");
            scene.restart(&format!("{death:?} at request {number} of {requests}"));
        }
    }
}

#[test]
fn a_run_stopped_before_or_after_any_commit_is_finished_by_the_next() {
    let mut scene = Scene::new();
    scene.reset();
    scene.run(None).unwrap().unwrap();
    let commits = scene.state.commits();
    for point in [StopPoint::Before, StopPoint::After] {
        for number in (1..=commits).step_by(stride()) {
            scene.reset();
            scene.state.crash_at(number, point);
            assert!(scene.run(None).is_none_or(|ended| ended.is_err()), "no stop at commit {number}");
            scene.restart(&format!("{point:?} commit {number} of {commits}"));
        }
    }
}
