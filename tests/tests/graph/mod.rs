//! An app store, a mailbox at the stand-in for Microsoft Graph, and syncs of each kind between them.
#![allow(dead_code, unreachable_pub, reason = "each test program uses its own part")]

pub mod people;
pub mod rest;
#[path = "../table/mod.rs"]
pub mod table;

use bytes::Bytes;
use futures::{StreamExt, executor::block_on};
use http::{Request, Response};
use pimkit::{
    Clock, CollectionId, Connector, Contact, Event, Fetched, Field, Fields, ItemId, Kind, Mark, Outcome, Position, Record,
    RepositoryExt as _, Stored, Task, Value, Write, WriteOptions,
    graph::{Config, Graph},
    http::{Bearer, Broken, InProcess, RetryPolicy, Secret},
    local::{Local, Options},
    sync::{Engine, Pair, Policy, Report, SyncReport},
};
use pimkit_contract::{FakeClock, SeededChance, state::MemoryState};
use pimkit_simulators::{Cut, FaultPlan, FaultRule, Graph as Simulator, GraphBuilder, GraphRules, GraphSeen};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

/// Whose mailbox it is.
pub const ALICE: &str = "alice@example.com";
/// Where the stand-in is, for whoever asks it.
pub const ROOT: &str = "https://graph.example.com/v1.0";
/// Its host.
pub const HOST: &str = "graph.example.com";
/// What lets alice in.
pub const TOKEN: &str = "a-token-of-alices";

/// What becomes of a request.
pub type Answered = Result<Response<Bytes>, Broken>;
/// Who stands between the account and the service.
pub type Between = Arc<dyn Fn(&Request<Bytes>, &Simulator) -> Answered + Send + Sync>;

/// What the service itself answers.
pub fn served(simulator: &Simulator, request: &Request<Bytes>) -> Answered {
    simulator.answer_now(request).map_err(|cut| match cut {
        Cut::Reset => Broken::Reset,
        Cut::Truncated { head, body_so_far } => Broken::Truncated(Box::new(head.map(|()| body_so_far))),
    })
}

/// An answer of JSON.
pub fn json_of(status: u16, body: &Value) -> Response<Bytes> {
    let answer = Response::builder().status(status).header("content-type", "application/json");
    answer.body(Bytes::from(body.to_string())).unwrap()
}

/// A status, and nothing else.
pub fn bare(status: u16) -> Response<Bytes> {
    Response::builder().status(status).body(Bytes::new()).unwrap()
}

/// An answer told otherwise, where it is JSON; batches are answers in which others are.
pub fn retold(answer: Answered, tell: impl Fn(&mut Value)) -> Answered {
    fn inside(body: &mut Value, tell: &impl Fn(&mut Value)) {
        tell(body);
        if let Some(Value::Array(responses)) = body.get_mut("responses") {
            responses.iter_mut().filter_map(|response| response.get_mut("body")).for_each(|body| inside(body, tell));
        }
    }
    answer.map(|response| {
        let (mut head, body) = response.into_parts();
        let Ok(mut json) = serde_json::from_slice::<Value>(&body) else { return Response::from_parts(head, body) };
        inside(&mut json, &tell);
        head.headers.remove("content-length");
        Response::from_parts(head, Bytes::from(json.to_string()))
    })
}

pub struct Kit {
    pub simulator: Simulator,
    /// What was sent and to whom, with the credentials.
    pub wire: Arc<InProcess>,
    between: Arc<Mutex<Option<Between>>>,
    pub graph: Arc<Graph>,
    pub store: Arc<Local>,
    pub clock: FakeClock,
    pub policy: Policy,
    pub state: Arc<MemoryState>,
    pub engine: Engine,
    /// The calendar and the list that every mailbox has.
    homes: BTreeMap<Kind, CollectionId>,
    /// Whether what is asked and answered must be in the metadata: not where somebody else answers in the service's place.
    pub strict: bool,
}

impl fmt::Debug for Kit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kit").finish_non_exhaustive()
    }
}

impl Default for Kit {
    fn default() -> Self {
        Self::new(|builder| builder, |config| config)
    }
}

impl Kit {
    /// A service that is built, and an account that is opened, in another way.
    pub fn new(build: impl FnOnce(GraphBuilder) -> GraphBuilder, open: impl FnOnce(Config) -> Config) -> Self {
        Self::let_in(TOKEN, build, open)
    }

    /// The same, where it is somebody else whom this token lets in.
    pub fn let_in(token: &str, build: impl FnOnce(GraphBuilder) -> GraphBuilder, open: impl FnOnce(Config) -> Config) -> Self {
        let clock = FakeClock::default();
        let time = clock.clone();
        let builder = Simulator::builder().seed(11).user(ALICE, TOKEN).clock(Arc::new(move || time.now()));
        let simulator = build(builder).build();
        let between: Arc<Mutex<Option<Between>>> = Arc::default();
        let wire = {
            let (simulator, between) = (simulator.clone(), between.clone());
            Arc::new(InProcess::serving(move |request| {
                let now = between.lock().unwrap().clone();
                match now {
                    Some(between) => between(&request, &simulator),
                    None => served(&simulator, &request),
                }
            }))
        };
        let config = open(Config::new(ROOT).account("far").address(ALICE));
        let opening = Graph::builder(config, wire.clone(), Arc::new(clock.clone()), Arc::new(SeededChance::new(1)));
        let opening = opening.auth(Arc::new(Bearer::fixed(Secret::new(token)))).policy(RetryPolicy::default().attempts(4));
        let store = Local::in_memory(Options::default().account("app").clock(Arc::new(clock.clone()))).unwrap();
        let state = Arc::new(MemoryState::new());
        let engine = Engine::new(state.clone()).clock(Arc::new(clock.clone())).chance(Arc::new(SeededChance::new(2)));
        let found = |listing: &str, is_it: fn(&Value) -> bool| {
            let all = simulator.list(ALICE, listing);
            CollectionId::from(all.iter().find(|one| is_it(one)).unwrap()["id"].as_str().unwrap())
        };
        let homes = BTreeMap::from([
            (Kind::Contact, "contacts".into()),
            (Kind::Event, found("calendars", |calendar| calendar["isDefaultCalendar"] == true)),
            (Kind::Task, found("todo/lists", |list| list["wellknownListName"] == "defaultList")),
        ]);
        let mut policy = Policy::default();
        policy.set("deletes", "delete").unwrap();
        // Two sides that know nothing of each other are what these tests begin with.
        policy.guards.matches_nothing = 0;
        Self {
            simulator,
            wire,
            between,
            graph: Arc::new(opening.open().unwrap()),
            store: Arc::new(store),
            clock,
            policy,
            state,
            engine,
            homes,
            strict: true,
        }
    }

    pub fn ruled(rules: GraphRules) -> Self {
        Self::new(|builder| builder.rules(rules), |config| config)
    }

    /// Somebody stands between from now on.
    pub fn stand_between(&self, between: impl Fn(&Request<Bytes>, &Simulator) -> Answered + Send + Sync + 'static) {
        *self.between.lock().unwrap() = Some(Arc::new(between));
    }

    /// The way is free again, and nothing goes wrong.
    pub fn free(&self) {
        *self.between.lock().unwrap() = None;
        self.simulator.set_faults(FaultPlan::default());
    }

    pub fn fault(&self, rules: impl IntoIterator<Item = FaultRule>) {
        self.simulator.set_faults(FaultPlan { seed: 1, ..FaultPlan::of(rules) });
    }

    pub fn pass(&self) {
        self.clock.advance(Duration::from_secs(60));
    }

    /// The sync of a kind with the collection that every mailbox has.
    pub fn pair<R: Thing>(&self) -> Pair<R> {
        let (left, right): (Arc<dyn Connector>, Arc<dyn Connector>) = (self.store.clone(), self.graph.clone());
        let pair = self.engine.pair::<R>(R::KIND.plural(), left, right).policy(self.policy.clone());
        pair.collections(vec![R::home(self).to_string()]).left_collections(vec![R::SHELF.to_owned()]).build().unwrap()
    }

    pub fn try_run<R: Thing>(&self) -> pimkit::Result<Report> {
        self.pass();
        block_on(self.pair::<R>().run())
    }

    /// A run that leaves nothing undone.
    pub fn run<R: Thing>(&self) -> SyncReport {
        let report = self.try_run::<R>().unwrap().sync;
        assert_eq!(report.verdict().exit_code(), 0, "{report:?}");
        report
    }

    /// A run that writes nothing and has nothing to say.
    pub fn rests<R: Thing>(&self, what: &str) {
        let report = self.run::<R>();
        assert_eq!((report.writes(), report.conflicts, report.held), (0, 0, 0), "{what}: {report:?}");
    }

    /// Two runs, after which there is nothing to do.
    pub fn settle<R: Thing>(&self) {
        self.run::<R>();
        self.run::<R>();
        self.rests::<R>("settled");
    }

    /// What an account has of a kind in a collection, by title or name.
    pub fn held<R: Thing>(&self, side: &dyn Connector, collection: &CollectionId) -> BTreeMap<String, Stored<R>> {
        let repository = R::repository(side).unwrap();
        block_on(async {
            let options = pimkit::ChangeOptions::default();
            // A round may name an item twice.
            let mut ids: BTreeSet<ItemId> = BTreeSet::new();
            let mut lines = repository.items(collection, Position::Start, &options);
            while let Some(line) = lines.next().await {
                ids.insert(line.unwrap().id().clone());
            }
            drop(lines);
            let ids: Vec<ItemId> = ids.into_iter().collect();
            let mut all = BTreeMap::new();
            for fetched in repository.fetch(collection, &ids).await {
                let Fetched::Found(stored) = fetched else { panic!("{fetched:?}") };
                let name = stored.record.called().unwrap_or_default().to_owned();
                assert!(all.insert(name.clone(), *stored).is_none(), "{name} is there twice");
            }
            all
        })
    }

    pub fn here<R: Thing>(&self) -> BTreeMap<String, Stored<R>> {
        self.held(&*self.store, &CollectionId::of(R::SHELF))
    }

    pub fn there<R: Thing>(&self) -> BTreeMap<String, Stored<R>> {
        self.held(&*self.graph, &R::home(self))
    }

    pub fn names<R: Thing>(&self) -> [Vec<String>; 2] {
        [self.here::<R>(), self.there::<R>()].map(|all| all.into_keys().collect())
    }

    /// What the app's user makes.
    pub fn make<R: Thing>(&self, record: R) -> ItemId {
        self.make_with(record, &WriteOptions::default())
    }

    pub fn make_with<R: Thing>(&self, record: R, options: &WriteOptions) -> ItemId {
        let mark = Mark::from(format!("by-hand-{}-{}", R::KIND.plural(), record.called().unwrap_or_default()));
        let store = R::repository(&*self.store).unwrap();
        let write = Write::Create { mark, record };
        match block_on(store.write(&CollectionId::of(R::SHELF), vec![write], options)).pop() {
            Some(Outcome::Written { id, .. }) => id,
            other => panic!("{other:?}"),
        }
    }

    /// What the app's user does to an item.
    pub fn edit<R: Thing>(&self, name: &str, field: &'static str, value: impl Into<Value>) {
        let stored = self.here::<R>().remove(name).unwrap_or_else(|| panic!("no {name} here"));
        let target = stored.record.with(&Fields::from([(Field::of(field), value.into())])).unwrap();
        let write =
            Write::Update { id: stored.id, revision: stored.revision, base: Box::new(stored.record), target: Box::new(target), mark: None };
        let store = R::repository(&*self.store).unwrap();
        let outcome = block_on(store.write(&CollectionId::of(R::SHELF), vec![write], &WriteOptions::default())).pop();
        assert!(matches!(outcome, Some(Outcome::Written { .. })), "{outcome:?}");
    }

    /// What the app's user throws away.
    pub fn delete<R: Thing>(&self, name: &str) {
        let stored = self.here::<R>().remove(name).unwrap_or_else(|| panic!("no {name} here"));
        let write = Write::Delete { id: stored.id, revision: stored.revision, mode: pimkit::Delete::Trash };
        let store = R::repository(&*self.store).unwrap();
        let outcome = block_on(store.write(&CollectionId::of(R::SHELF), vec![write], &WriteOptions::default())).pop();
        assert!(matches!(outcome, Some(Outcome::Written { .. })), "{outcome:?}");
    }

    /// What another program of alice's makes; the id.
    pub fn put(&self, collection: &str, body: &Value) -> String {
        self.simulator.create(ALICE, collection, body).unwrap_or_else(|| panic!("{collection} does not take {body}"))
    }

    /// What another program of alice's does to an item.
    pub fn change(&self, item: &str, body: &Value) {
        assert!(self.simulator.change(ALICE, item, body), "{item} does not take {body}");
    }

    /// What another program of alice's is answered, which asks for no ids that stay.
    pub fn plainly(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> (u16, Value) {
        let mut request =
            Request::builder().method(method).uri(format!("{ROOT}/{path}")).header("authorization", format!("Bearer {TOKEN}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.simulator.answer_now(&request.body(Bytes::from(body)).unwrap()).unwrap();
        (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or(Value::Null))
    }

    /// What was asked since it was last looked at, without what stood inside of batches.
    pub fn asked(&self) -> Vec<GraphSeen> {
        let asked = self.simulator.requests().into_iter().filter(|seen| !seen.inside_batch).collect();
        self.simulator.reset_requests();
        asked
    }

    /// Fails when anything was mailed.
    pub fn silent(&self, what: &str) {
        let mails: Vec<_> = self.simulator.outbox().into_iter().map(|mail| (mail.method, mail.to, mail.summary)).collect();
        assert_eq!(mails, [], "{what}");
    }

    /// Fails when credentials, or anything else, went to another host.
    pub fn stayed_home(&self, what: &str) {
        for request in self.wire.requests() {
            assert!(request.url.scheme() == "https" && request.url.host_str() == Some(HOST), "{what}: something went to {}", request.url);
        }
    }
}

/// Whatever a test looks at: requests and answers name only what the service's metadata has.
impl Drop for Kit {
    fn drop(&mut self) {
        if self.strict && !std::thread::panicking() {
            assert_eq!(self.simulator.violations(), [], "not in the metadata of Microsoft Graph");
        }
    }
}

/// A kind that is synced.
pub trait Thing: Record {
    /// Where the app keeps them.
    const SHELF: &'static str;
    /// The collection that every mailbox has.
    fn home(kit: &Kit) -> CollectionId {
        kit.homes[&Self::KIND].clone()
    }
    /// Where another program of the mailbox's owner makes them, below the user.
    fn path(kit: &Kit) -> String;
    fn called(&self) -> Option<&str>;
    /// The how-manieth, as the app's user writes it.
    fn nth(n: usize) -> Self;
    /// The how-manieth, as another program of the mailbox's owner writes it.
    fn other(n: usize) -> Value;
    /// The same with something in every place that it has.
    fn rich(n: usize) -> Value {
        Self::other(n)
    }
    /// A field that both can change, what the app writes into it, and what the other program does.
    fn edits() -> [(&'static str, Value, Value); 2];
    /// Fields that each side has of its own.
    fn own_on_each_side() -> &'static [&'static str] {
        &["uid"]
    }
}

impl Thing for Contact {
    const SHELF: &'static str = "contacts";
    fn path(_: &Kit) -> String {
        "contacts".to_owned()
    }
    fn called(&self) -> Option<&str> {
        self.name.full.as_deref()
    }
    fn nth(n: usize) -> Self {
        people::of_the_app(n)
    }
    fn other(n: usize) -> Value {
        people::of_outlook(n)
    }
    fn rich(n: usize) -> Value {
        people::rich_of_outlook(n)
    }
    fn edits() -> [(&'static str, Value, Value); 2] {
        [
            ("nicknames", json!(["Nick of the app"]), json!({"nickName": "Nick of Outlook"})),
            ("notes", json!(["a note of the app"]), json!({"personalNotes": "a note of Outlook"})),
        ]
    }
}

impl Thing for Event {
    const SHELF: &'static str = "calendar";
    fn path(kit: &Kit) -> String {
        format!("calendars/{}/events", Self::home(kit))
    }
    fn called(&self) -> Option<&str> {
        self.title.as_deref()
    }
    fn nth(n: usize) -> Self {
        people::date_of_the_app(n)
    }
    fn other(n: usize) -> Value {
        people::date_of_outlook(n)
    }
    fn rich(n: usize) -> Value {
        people::rich_date_of_outlook(n)
    }
    fn edits() -> [(&'static str, Value, Value); 2] {
        [
            ("description", json!("a note of the app"), json!({"body": {"contentType": "text", "content": "a note of Outlook"}})),
            ("locations", json!([{"name": "A room of the app"}]), json!({"location": {"displayName": "A room of Outlook"}})),
        ]
    }
}

impl Thing for Task {
    const SHELF: &'static str = "tasks";
    fn path(kit: &Kit) -> String {
        format!("todo/lists/{}/tasks", Self::home(kit))
    }
    fn called(&self) -> Option<&str> {
        self.title.as_deref()
    }
    fn nth(n: usize) -> Self {
        people::chore_of_the_app(n)
    }
    fn other(n: usize) -> Value {
        people::chore_of_outlook(n)
    }
    fn rich(n: usize) -> Value {
        people::rich_chore_of_outlook(n)
    }
    fn edits() -> [(&'static str, Value, Value); 2] {
        [
            ("description", json!("a note of the app"), json!({"body": {"contentType": "text", "content": "a note of Outlook"}})),
            ("title", json!("A title of the app"), json!({"title": "A title of Outlook"})),
        ]
    }
}
