//! An account whose tasks are looked at, and what its user's other programs do.

use super::common::{ALICE, open, simulator};
use async_trait::async_trait;
use bytes::Bytes;
use pimkit_contract::{
    FakeClock,
    suite::{BackDoor, Floor, Harness, Stage},
};
use pimkit_core::{Alert, AlertAction, CollectionId, Connector, Create, Fields, Kind, Record, Role, Stored, Task, Trigger, When};
use pimkit_exchange::{recurrence, words::Importance};
use pimkit_graph::{Config, Graph};
use pimkit_http::{Broken, InProcess};
use pimkit_simulators::{Cut, Graph as Simulator, GraphRules};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

/// A stand-in and an account at it.
pub(crate) struct Desk {
    pub(crate) graph: Graph,
    pub(crate) simulator: Simulator,
    pub clock: FakeClock,
    damaged: Arc<Mutex<BTreeSet<String>>>,
}

impl Desk {
    pub(crate) fn new(rules: GraphRules, config: Config) -> Self {
        let clock = FakeClock::default();
        let simulator = simulator(rules, &clock);
        let damaged: Arc<Mutex<BTreeSet<String>>> = Arc::default();
        let (serving, broken) = (simulator.clone(), damaged.clone());
        let wire = Arc::new(InProcess::serving(move |request| {
            let answer = serving.answer_now(&request).map_err(|cut| match cut {
                Cut::Reset => Broken::Reset,
                Cut::Truncated { head, body_so_far } => Broken::Truncated(Box::new(head.map(|()| body_so_far))),
            })?;
            let broken = broken.lock().unwrap();
            Ok(answer.map(|body| match serde_json::from_slice::<Value>(&body) {
                Ok(mut json) if !broken.is_empty() => {
                    damage(&mut json, &broken);
                    Bytes::from(json.to_string())
                }
                _ => body,
            }))
        }));
        let graph = open(config, wire, &clock);
        Self { graph, simulator, clock, damaged }
    }

    fn path(item: &Stored<Task>) -> String {
        format!("todo/lists/{}/tasks/{}", item.collection, item.id)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.simulator.violations(), [], "not in the metadata of Microsoft Graph");
        }
    }
}

/// A task whose title is no text.
fn damage(value: &mut Value, damaged: &BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if object.get("id").and_then(Value::as_str).is_some_and(|id| damaged.contains(id)) && object.contains_key("title") {
                object.insert("title".to_owned(), json!({"not": "a text"}));
            }
            object.values_mut().for_each(|value| damage(value, damaged));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| damage(value, damaged)),
        _ => {}
    }
}

#[async_trait]
impl Stage for Desk {
    fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(self.graph.clone())
    }
    async fn second_collection(&self, _: Kind) -> Option<CollectionId> {
        self.simulator.create(ALICE, "todo/lists", &json!({"displayName": "Second"})).map(CollectionId::from)
    }
    fn task_door(&self) -> Option<&dyn BackDoor<Task>> {
        Some(self)
    }
    fn mails(&self) -> Option<usize> {
        Some(self.simulator.outbox().len())
    }
    async fn settle(&self) {
        self.clock.advance(Duration::from_secs(61));
    }
}

#[async_trait]
impl BackDoor<Task> for Desk {
    async fn edit(&self, item: &Stored<Task>, record: &Task) -> bool {
        self.simulator.change(ALICE, &Self::path(item), &json!({"title": record.title}))
    }
    async fn delete(&self, item: &Stored<Task>) -> bool {
        self.simulator.delete(ALICE, &Self::path(item))
    }
    async fn damage(&self, item: &Stored<Task>) -> bool {
        self.damaged.lock().unwrap().insert(item.id.to_string());
        self.simulator.touch(ALICE, item.id.as_str())
    }
}

/// The suite over the stand-in: an account for each case.
pub(crate) struct Desks {
    pub(crate) name: &'static str,
    pub(crate) rules: GraphRules,
    pub(crate) config: Config,
}

#[async_trait]
impl Harness for Desks {
    fn name(&self) -> String {
        format!("simulated To Do, {}", self.name)
    }
    fn floor(&self) -> Floor {
        let tasks = |can: &mut pimkit_core::Capabilities| {
            (can.write, can.incremental, can.find, can.can_keep_silent) = (true, true, true, true);
            can.create = Create::Findable { settles_after: Duration::from_secs(60) };
        };
        let read = |can: &mut pimkit_core::Capabilities| can.incremental = true;
        Floor::default().kind(Kind::Task, tasks).kind(Kind::Message, read).kind(Kind::User, read).role(Role::Folders)
    }
    fn kinds(&self) -> Vec<Kind> {
        vec![Kind::Task]
    }
    /// To Do reminds at a time, repeats from a day on, and knows three sorts of importance.
    fn prepare(&self, _: Kind, fields: Fields) -> Fields {
        let mut task = Task::default().with(&fields).unwrap();
        for (n, alert) in task.alerts.iter_mut().enumerate() {
            let Trigger::Start(seconds) = alert.trigger else { continue };
            let at = jiff::Timestamp::from_second(1_772_500_000 + 60 * i64::try_from(n).unwrap() - seconds).unwrap();
            *alert = Alert { trigger: Trigger::At(at), action: AlertAction::Display };
        }
        let from = task.due.as_ref().or(task.start.as_ref()).map(|when| When::all_day(when.date()));
        let kept = from.and_then(|from| recurrence::recurrence(&task.recurrence_rules, &[], &from).ok().flatten());
        task.recurrence_rules = kept.as_ref().map(recurrence::rule).into_iter().collect();
        task.priority = Importance::of_priority(task.priority).priority();
        task.fields()
    }
    fn required(&self, kind: Kind, field: &str) -> bool {
        // A task is always somehow far.
        matches!((kind, field), (Kind::Task, "title" | "progress"))
    }
    async fn fresh(&self) -> Box<dyn Stage> {
        Box::new(Desk::new(self.rules.clone(), self.config.clone()))
    }
}
