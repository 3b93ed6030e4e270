//! A run of 200 items at Microsoft Graph, stopped where a process can die: before a request, between its effect and its answer,
//! with a batch half done, and around commits. One more run after the settle time brings everything to where it belongs, once,
//! and nobody is mailed.
//!
//! `PIMKIT_STRIDE` is how many places are passed over between two that are tried (default 9; 1 tries all).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use pimkit::{
    Clock, CollectionId, Connector, Contact, Event, Kind, Record, When,
    graph::{Config, Graph},
    http::{Bearer, Broken, InProcess, RetryPolicy, Secret},
    sync::{AnyPair, Engine, Pair, Policy, Report},
};
use pimkit_contract::{
    FakeClock, MemoryHub, SeededChance,
    hub::HubSnapshot,
    state::{self, MemoryState, StopPoint},
    worst::Kept,
};
use pimkit_simulators::{Cut, Graph as Simulator, GraphRules, GraphSnapshot};
use pimkit_tests::stops::{Asked, Death, Wire, stride, until_it_stops};
use serde_json::{Value, json};
use std::{collections::BTreeMap, marker::PhantomData, sync::Arc, time::Duration};

const NEW: usize = 70;
const EDITED: usize = 20;
const DELETED: usize = 10;
const ALICE: &str = "alice@example.com";

/// A kind with which the scene can be played.
trait Thing: Record + Kept {
    /// Where Graph keeps its items, below the user.
    const ITEMS: &str;
    /// What Graph calls its name.
    const TITLE: &str;
    fn nth(n: usize) -> Self;
    fn called(&self) -> Option<&str>;
    fn annotate(&mut self, text: &str);
    fn note(&self) -> Option<&str>;
    /// What another program of the user's makes.
    fn own(n: usize) -> Value;
    /// What it writes into the note.
    fn noted(text: &str) -> Value;
    /// Where the default collection is.
    fn home(simulator: &Simulator) -> CollectionId;
}

impl Thing for Contact {
    const ITEMS: &str = "contacts";
    const TITLE: &str = "displayName";
    fn nth(n: usize) -> Self {
        Self::build(|c| {
            c.uid = Some(format!("uid-{n}"));
            c.name.full = Some(format!("Thing {n}"));
            c.name.surname = Some(format!("Surname {n}"));
            c.emails = vec![pimkit::EmailAddress { address: format!("thing{n}@example.com"), ..Default::default() }];
            c.custom.insert("Region".to_owned(), "North".into());
        })
    }
    fn called(&self) -> Option<&str> {
        self.name.full.as_deref()
    }
    fn annotate(&mut self, text: &str) {
        self.notes = vec![text.to_owned()];
    }
    fn note(&self) -> Option<&str> {
        self.notes.first().map(String::as_str)
    }
    fn own(n: usize) -> Value {
        json!({ "displayName": format!("Thing {n}"), "businessPhones": [format!("{n}")] })
    }
    fn noted(text: &str) -> Value {
        json!({ "personalNotes": text })
    }
    fn home(_: &Simulator) -> CollectionId {
        CollectionId::from("contacts")
    }
}

impl Thing for Event {
    const ITEMS: &str = "events";
    const TITLE: &str = "subject";
    fn nth(n: usize) -> Self {
        let at = |hour: i8| When::zoned(jiff::civil::date(2026, 4, 1).at(hour, 0, 0, 0), "Europe/Vienna");
        Self::build(|e| {
            e.uid = Some(format!("uid-{n}"));
            e.title = Some(format!("Thing {n}"));
            (e.start, e.end) = (Some(at(9)), Some(at(10)));
        })
    }
    fn called(&self) -> Option<&str> {
        self.title.as_deref()
    }
    fn annotate(&mut self, text: &str) {
        self.description = Some(text.to_owned());
    }
    fn note(&self) -> Option<&str> {
        self.description.as_deref()
    }
    fn own(n: usize) -> Value {
        let at = |hour: u8| json!({ "dateTime": format!("2026-04-02T{hour:02}:00:00"), "timeZone": "Europe/Vienna" });
        json!({ "subject": format!("Thing {n}"), "start": at(9), "end": at(10) })
    }
    fn noted(text: &str) -> Value {
        json!({ "body": { "contentType": "text", "content": text } })
    }
    fn home(simulator: &Simulator) -> CollectionId {
        let calendar = simulator.get(ALICE, "calendar").unwrap();
        CollectionId::from(calendar["id"].as_str().unwrap())
    }
}

/// A mailbox and a hub between which a run has 200 things to do, and all that is durable of them.
struct Scene<R> {
    simulator: Simulator,
    hub: MemoryHub,
    state: MemoryState,
    clock: FakeClock,
    home: CollectionId,
    asked: Asked,
    before: Option<(GraphSnapshot, HubSnapshot, state::Snapshot, jiff::Timestamp)>,
    of: PhantomData<R>,
}

impl<R: Thing> Scene<R>
where
    Pair<R>: AnyPair,
{
    fn new(rules: GraphRules) -> Self {
        let clock = FakeClock::default();
        let time = clock.clone();
        let simulator = Simulator::builder().seed(1).user(ALICE, "token").rules(rules).clock(Arc::new(move || time.now())).build();
        let home = R::home(&simulator);
        let (hub, state) = (MemoryHub::new(&clock), MemoryState::new());
        let mut scene = Self { simulator, hub, state, clock, home, asked: Asked::default(), before: None, of: PhantomData };
        scene.prepare();
        scene
    }

    fn prepare(&mut self) {
        let hand = self.hub.by_hand::<R>();
        let shelf = CollectionId::from(R::KIND.plural());
        let old: Vec<_> = (0..2 * EDITED + 2 * DELETED).map(|n| hand.put(&shelf, R::nth(n))).collect();
        self.settled();
        self.settled();
        let there = self.there();
        assert_eq!(there.len(), old.len());
        for (n, id) in old.iter().enumerate() {
            let (at, _) = &there[&format!("Thing {n}")];
            let at = format!("{}/{at}", R::ITEMS);
            if n < EDITED {
                assert!(hand.edit(id, |r| r.annotate(&format!("hub-edit-{n}."))));
            } else if n < 2 * EDITED {
                assert!(self.simulator.change(ALICE, &at, &R::noted(&format!("far-edit-{n}."))));
            } else if n < 2 * EDITED + DELETED {
                hand.delete(id);
            } else {
                assert!(self.simulator.delete(ALICE, &at));
            }
        }
        for n in 0..NEW {
            hand.put(&shelf, R::nth(1000 + n));
            self.simulator.create(ALICE, R::ITEMS, &R::own(2000 + n)).unwrap();
        }
        self.clock.advance(Duration::from_secs(24 * 3600));
        self.before = Some((self.simulator.snapshot(), self.hub.snapshot(), self.state.snapshot(), self.clock.now()));
    }

    /// What is in the mailbox, by its name: its id, and all that it says.
    fn there(&self) -> BTreeMap<String, (String, Value)> {
        let all = self.simulator.list(ALICE, R::ITEMS);
        let count = all.len();
        let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
        let named: BTreeMap<_, _> = all.into_iter().map(|row| (text(&row, R::TITLE), (text(&row, "id"), row))).collect();
        assert_eq!(named.len(), count, "something is doubled in the mailbox");
        named
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
        self.asked.from_none();
        let simulator = self.simulator.clone();
        let inner = Arc::new(InProcess::serving(move |request| {
            simulator.answer_now(&request).map_err(|cut| match cut {
                Cut::Reset => Broken::Reset,
                Cut::Truncated { head, body_so_far } => Broken::Truncated(Box::new(head.map(|()| body_so_far))),
            })
        }));
        let config = Config::new("https://graph.example.com/v1.0").account("far").address(ALICE);
        let transport = Arc::new(Wire { inner, asked: self.asked.clone(), death });
        let opening = Graph::builder(config, transport, Arc::new(self.clock.clone()), Arc::new(SeededChance::new(1)));
        let opening = opening.auth(Arc::new(Bearer::fixed(Secret::new("token")))).policy(RetryPolicy::default().attempts(2));
        let far: Arc<dyn Connector> = Arc::new(opening.open().unwrap());
        let mut policy = Policy::default();
        policy.set("deletes", "delete").unwrap();
        let engine = Engine::new(Arc::new(self.state.clone())).clock(Arc::new(self.clock.clone())).chance(Arc::new(SeededChance::new(2)));
        let pair = engine.pair::<R>(R::KIND.plural(), Arc::new(self.hub.clone()), far).policy(policy);
        let pair = pair.collections(vec![self.home.to_string()]).build().unwrap();
        until_it_stops(AnyPair::run(&pair), || self.asked.count() + self.hub.requests().len())
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
        let records = self.hub.by_hand::<R>().records();
        let count = records.len();
        let hub: BTreeMap<String, R> = records.into_iter().map(|r| (r.called().unwrap().to_owned(), r)).collect();
        assert_eq!(hub.len(), count, "{at}: something is doubled on the hub\n{report:?}");
        let far = self.there();
        for n in (0..2 * EDITED).chain(1000..1000 + NEW).chain(2000..2000 + NEW) {
            let name = format!("Thing {n}");
            let (here, (_, there)) = match (hub.get(&name), far.get(&name)) {
                (Some(here), Some(there)) => (here, there),
                (here, there) => panic!("{at}: {name} is lost (hub {}, mailbox {})\n{report:?}", here.is_some(), there.is_some()),
            };
            if n < 2 * EDITED {
                let text = format!("{}-edit-{n}.", if n < EDITED { "hub" } else { "far" });
                assert_eq!(here.note(), Some(text.as_str()), "{at}: a stale value on the hub\n{report:?}");
                assert!(there.to_string().contains(&text), "{at}: a stale value in the mailbox\n{report:?}");
            }
        }
        let all = 2 * EDITED + 2 * NEW;
        assert_eq!((hub.len(), far.len()), (all, all), "{at}: what was deleted is still there\n{report:?}");
        assert_eq!(self.settled().sync.writes(), 0, "{at}: does not come to rest");
        assert_eq!(self.simulator.outbox(), [], "{at}: somebody was mailed");
    }
}

/// The service as it is documented, and one that runs only some of a batch, refuses a second create and shows what was deleted.
fn services() -> [(&'static str, GraphRules); 2] {
    let mut documented = GraphRules::default();
    // The clock is set back for each try, so that the requests of all of them would count as those of one window.
    documented.limits.requests = usize::MAX;
    let mut crowded = documented.clone();
    (crowded.limits.batch_at_once, crowded.events.repeats_answer_first, crowded.deleted_stay_readable) = (Some(4), false, true);
    [("documented", documented), ("crowded", crowded)]
}

fn at_any_request<R: Thing>()
where
    Pair<R>: AnyPair,
{
    for (service, rules) in services() {
        let of = format!("{} at a {service} service", Kind::plural(R::KIND));
        let mut scene = Scene::<R>::new(rules);
        scene.reset();
        scene.run(None).unwrap().unwrap();
        let requests = scene.asked.count();
        scene.restart(&format!("{of}, not stopped"));
        for death in [Death::Before, Death::Half, Death::After] {
            for number in (1..=requests).step_by(stride(9)) {
                scene.reset();
                assert!(scene.run(Some((number, death))).is_none(), "{of}: no {death:?} at request {number}");
                scene.restart(&format!("{of}, {death:?} at request {number} of {requests}"));
            }
        }
    }
}

fn at_any_commit<R: Thing>()
where
    Pair<R>: AnyPair,
{
    let [(_, rules), _] = services();
    let mut scene = Scene::<R>::new(rules);
    scene.reset();
    scene.run(None).unwrap().unwrap();
    let commits = scene.state.commits();
    for point in [StopPoint::Before, StopPoint::After] {
        for number in (1..=commits).step_by(2 * stride(9)) {
            scene.reset();
            scene.state.crash_at(number, point);
            assert!(scene.run(None).is_none_or(|ended| ended.is_err()), "{}: no stop at commit {number}", R::KIND.plural());
            scene.restart(&format!("{}, {point:?} commit {number} of {commits}", R::KIND.plural()));
        }
    }
}

#[test]
fn a_run_of_contacts_stopped_at_any_request_is_finished_by_the_next() {
    at_any_request::<Contact>();
}

#[test]
fn a_run_of_events_stopped_at_any_request_is_finished_by_the_next_and_mails_nobody() {
    at_any_request::<Event>();
}

#[test]
fn a_run_stopped_before_or_after_any_commit_is_finished_by_the_next() {
    at_any_commit::<Contact>();
    at_any_commit::<Event>();
}
