//! What the suite does not ask of tasks.

use super::{
    common::{ALICE, ROOT},
    desk::Desk,
};
use pimkit_core::{
    Access, ChangeOptions, CollectionId, Connector, Delete, ErrorKind, Fetched, Frequency, ItemId, Key, Link, Mark, Next, Outcome,
    Position, Progress, Record, RecurrenceRule, Repository, Stored, Task, When, Write, WriteOptions,
};
use pimkit_graph::Config;
use pimkit_simulators::{Fault, FaultPlan, FaultRule, GraphRules};
use serde_json::{Value, json};
use std::sync::Arc;

fn desk() -> Desk {
    Desk::new(GraphRules::default(), Config::new(ROOT))
}

fn titled(title: &str, set: impl FnOnce(&mut Task)) -> Task {
    Task::build(|t| {
        t.title = Some(title.to_owned());
        set(t);
    })
}

fn day(on: &str) -> Option<When> {
    Some(When::all_day(on.parse().unwrap()))
}

impl Desk {
    fn items(&self) -> Arc<dyn Repository<Task>> {
        self.graph.tasks().unwrap()
    }

    async fn home(&self) -> CollectionId {
        self.items().collections().await.unwrap().into_iter().find(|list| list.access == Access::Write).unwrap().id
    }

    async fn write(&self, write: Write<Task>) -> Outcome<Task> {
        self.items().write(&self.home().await, vec![write], &WriteOptions::default()).await.pop().unwrap()
    }

    async fn make(&self, mark: &str, record: Task) -> Stored<Task> {
        let outcome = self.write(Write::Create { mark: Mark::from(mark), record }).await;
        let Outcome::Written { id, left_out, .. } = outcome else { panic!("{outcome:?}") };
        assert!(left_out.is_empty(), "{left_out:?}");
        self.read(&id).await
    }

    async fn read(&self, id: &ItemId) -> Stored<Task> {
        match self.items().fetch(&self.home().await, std::slice::from_ref(id)).await.pop().unwrap() {
            Fetched::Found(stored) => *stored,
            other => panic!("{other:?}"),
        }
    }

    async fn update(&self, stored: &Stored<Task>, edit: impl FnOnce(&mut Task)) -> Outcome<Task> {
        let (id, revision, base) = (stored.id.clone(), stored.revision.clone(), Box::new(stored.record.clone()));
        let mut target = base.clone();
        edit(&mut target);
        self.write(Write::Update { id, revision, base, target, mark: None }).await
    }

    /// What the user sees.
    async fn seen(&self) -> Vec<Value> {
        self.simulator.list(ALICE, &format!("todo/lists/{}/tasks", self.home().await))
    }

    fn outer(&self) -> usize {
        self.simulator.requests().iter().filter(|seen| !seen.inside_batch).count()
    }
}

#[tokio::test]
async fn a_round_without_a_change_is_one_request_whatever_there_is() {
    for items in [0, 30] {
        let desk = desk();
        let home = desk.home().await;
        let writes = (0..items).map(|n| Write::Create { mark: Mark::from(format!("m-{n}")), record: titled(&format!("T{n}"), |_| {}) });
        desk.items().write(&home, writes.collect(), &WriteOptions::default()).await;
        let options = ChangeOptions::default();
        let mut at = desk.items().changes(&home, Position::Start, &options).await.unwrap();
        let cursor = loop {
            match at.next {
                Next::Done { cursor, .. } => break cursor,
                Next::More(token) => at = desk.items().changes(&home, Position::Page(&token), &options).await.unwrap(),
            }
        };
        desk.simulator.reset_requests();
        let page = desk.items().changes(&home, Position::Since(&cursor), &options).await.unwrap();
        assert_eq!((page.changes.len(), desk.outer()), (0, 1));
    }
}

#[tokio::test]
async fn many_tasks_are_made_and_read_in_batches_of_twenty() {
    let desk = desk();
    let home = desk.home().await;
    desk.simulator.reset_requests();
    let writes: Vec<_> =
        (0..100).map(|n| Write::Create { mark: Mark::from(format!("m-{n}")), record: titled(&format!("T{n}"), |_| {}) }).collect();
    let outcomes = desk.items().write(&home, writes, &WriteOptions::default()).await;
    assert_eq!((outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Written { .. })).count(), desk.outer()), (100, 5));
    let ids: Vec<ItemId> =
        outcomes.iter().filter_map(|o| if let Outcome::Written { id, .. } = o { Some(id.clone()) } else { None }).collect();
    desk.simulator.reset_requests();
    let found = desk.items().fetch(&home, &ids).await;
    assert!(found.iter().all(|answer| matches!(answer, Fetched::Found(stored) if stored.mark.is_some())));
    assert_eq!(desk.outer(), 5);
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_found_by_its_mark_in_one_look() {
    let desk = desk();
    let home = desk.home().await;
    desk.make("m-0", titled("before", |_| {})).await;
    desk.simulator.set_faults(FaultPlan::of([FaultRule::on("POST", Fault::StatusAfter { code: 504 }).at("/tasks")]));
    let outcome = desk.write(Write::Create { mark: Mark::from("m-1"), record: titled("lost", |_| {}) }).await;
    assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
    desk.simulator.set_faults(FaultPlan::default());
    desk.simulator.reset_requests();
    let keys = [Key::Mark("m-1".into()), Key::Mark("m-2".into()), Key::Mark("m-0".into()), Key::Uid("x".into())];
    let found = desk.items().find(&home, &keys).await;
    let titles: Vec<_> =
        found.iter().take(3).map(|one| one.as_ref().unwrap().iter().map(|s| s.record.title.clone().unwrap()).collect::<Vec<_>>()).collect();
    assert_eq!(titles, [vec!["lost".to_owned()], vec![], vec!["before".to_owned()]]);
    assert_eq!(found[3].as_ref().unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(desk.outer(), 2, "the list, and the two that were found");
    assert_eq!(desk.seen().await.len(), 2);
}

#[tokio::test]
async fn a_change_whose_answer_is_lost_is_not_sent_again() {
    let desk = desk();
    let made = desk.make("m-1", titled("one", |_| {})).await;
    desk.simulator.set_faults(FaultPlan::of([FaultRule::on("PATCH", Fault::StatusAfter { code: 504 })]));
    desk.simulator.reset_requests();
    let outcome = desk.update(&made, |t| t.title = Some("two".into())).await;
    assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
    assert_eq!(desk.simulator.requests().iter().filter(|seen| seen.method == "PATCH").count(), 1);
}

#[tokio::test]
async fn steps_and_links_go_there_and_those_of_others_stay() {
    let desk = desk();
    let home = desk.home().await;
    let made = desk
        .make(
            "m-1",
            titled("Tea", |t| {
                t.custom.insert("checklist".into(), json!([{ "title": "Water", "done": false }, "Leaves"]));
                t.links = vec![Link { uri: "https://tea.example/1".into(), label: Some("Recipe".into()), ..Link::default() }];
            }),
        )
        .await;
    assert_eq!(made.record.custom["checklist"], json!([{ "title": "Water", "done": false }, { "title": "Leaves", "done": false }]));
    assert_eq!((made.record.links[0].label.as_deref(), made.mark.as_ref()), (Some("Recipe"), Some(&Mark::from("m-1"))));
    let path = format!("todo/lists/{home}/tasks/{}", made.id);
    desk.simulator.create(ALICE, &format!("{path}/checklistItems"), &json!({ "displayName": "Milk" })).unwrap();
    desk.simulator
        .create(ALICE, &format!("{path}/linkedResources"), &json!({ "applicationName": "Other", "webUrl": "https://other.example" }))
        .unwrap();
    let edit = |t: &mut Task| {
        t.custom.insert("checklist".into(), json!([{ "title": "Water", "done": true }, "Sugar"]));
        t.links.clear();
    };
    let outcome = desk.update(&made, edit).await;
    assert!(matches!(outcome, Outcome::Conflict { now: Some(_) }), "another version: {outcome:?}");
    // What the write does not speak of stays, also when it knows the version and not the rest.
    let known = Stored { revision: desk.read(&made.id).await.revision, ..made.clone() };
    let outcome = desk.update(&known, edit).await;
    let Outcome::Written { now: Some(now), left_out, revision, .. } = outcome else { panic!("{outcome:?}") };
    assert!(left_out.is_empty(), "{left_out:?}");
    let steps = now.record.custom["checklist"].as_array().unwrap().iter().map(|step| step["title"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(steps, ["Water", "Milk", "Sugar"]);
    assert_eq!(now.record.links.iter().map(|link| link.uri.as_str()).collect::<Vec<_>>(), ["https://other.example"]);
    assert_eq!((now.mark.clone(), revision.as_ref()), (Some(Mark::from("m-1")), Some(&now.revision)));
    assert_eq!(desk.read(&made.id).await.record, now.record);
}

#[tokio::test]
async fn a_step_that_cannot_be_hung_is_left_out_and_the_task_is_there() {
    let desk = desk();
    desk.simulator.set_faults(FaultPlan::of([
        FaultRule::on("POST", Fault::Status { code: 403, retry_after: None, body: String::new() }).at("/checklistItems")
    ]));
    let record = titled("Tea", |t| {
        t.custom.insert("checklist".into(), json!(["Water"]));
    });
    let outcome = desk.write(Write::Create { mark: Mark::from("m-1"), record }).await;
    let Outcome::Written { now: Some(now), left_out, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(left_out.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["custom.checklist"]);
    assert_eq!((now.record.title.as_deref(), now.record.custom.len()), (Some("Tea"), 0));
}

fn weekly() -> Vec<RecurrenceRule> {
    vec![RecurrenceRule { frequency: Frequency::Weekly, ..RecurrenceRule::default() }]
}

#[tokio::test]
async fn a_repeating_task_that_is_done_makes_way_for_the_next_one() {
    let desk = desk();
    let made = desk
        .make(
            "m-1",
            titled("Tea", |t| {
                t.due = day("2026-03-02");
                t.recurrence_rules = weekly();
            }),
        )
        .await;
    let Outcome::Written { .. } = desk.update(&made, |t| t.progress = Some(Progress::Completed)).await else { panic!() };
    let done = desk.read(&made.id).await.record;
    assert_eq!((done.progress, done.recurrence_rules.len()), (Some(Progress::Completed), 0));
    let seen = desk.seen().await;
    let next = seen.iter().find(|task| task["id"] != json!(made.id.as_str())).unwrap();
    let next = desk.read(&ItemId::from(next["id"].as_str().unwrap())).await;
    assert_eq!(
        (next.record.due, next.record.recurrence_rules.len(), next.record.progress),
        (day("2026-03-09"), 1, Some(Progress::NeedsAction))
    );
}

#[tokio::test]
async fn when_a_repeating_task_is_due_is_left_alone_so_that_no_second_one_comes() {
    let desk = desk();
    let made = desk
        .make(
            "m-1",
            titled("Tea", |t| {
                t.due = day("2026-03-02");
                t.recurrence_rules = weekly();
            }),
        )
        .await;
    let outcome = desk
        .update(&made, |t| {
            t.due = day("2026-03-04");
            t.title = Some("Coffee".into());
        })
        .await;
    let Outcome::Written { left_out, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(left_out.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["due"]);
    let seen = desk.seen().await;
    assert_eq!((seen.len(), &seen[0]["title"]), (1, &json!("Coffee")));
}

#[tokio::test]
async fn flagged_mails_are_only_read_and_lists_of_the_mailbox_stay() {
    let desk = desk();
    let lists = desk.items().collections().await.unwrap();
    let flagged = lists.iter().find(|list| list.access == Access::Read).unwrap();
    assert!(!flagged.capabilities.write && desk.items().fields(&flagged.id).await.unwrap().iter().all(|field| !field.write));
    let write = Write::Create { mark: Mark::from("m-1"), record: titled("x", |_| {}) };
    desk.simulator.reset_requests();
    let outcome = desk.items().write(&flagged.id, vec![write], &WriteOptions::default()).await.pop().unwrap();
    assert!(matches!(&outcome, Outcome::Refused(error) if error.kind() == ErrorKind::Unavailable), "{outcome:?}");
    assert_eq!(desk.outer(), 0);
    let items = desk.items();
    let folders = items.folders().unwrap();
    for list in &lists {
        for outcome in
            [folders.rename(&list.id, "x", &WriteOptions::default()).await, folders.delete(&list.id, &WriteOptions::default()).await]
        {
            assert!(matches!(&outcome, Outcome::Refused(error) if error.kind() == ErrorKind::Unavailable), "{}: {outcome:?}", list.name);
        }
    }
    assert_eq!(desk.items().collections().await.unwrap().len(), lists.len());
}

#[tokio::test]
async fn a_list_that_is_deleted_is_gone_and_its_tasks_are_not_taken_for_deleted() {
    let desk = desk();
    let list = CollectionId::from(desk.simulator.create(ALICE, "todo/lists", &json!({ "displayName": "Going" })).unwrap());
    let write = Write::Create { mark: Mark::from("m-1"), record: titled("x", |_| {}) };
    let outcome = desk.items().write(&list, vec![write], &WriteOptions::default()).await.pop().unwrap();
    let Outcome::Written { id, revision, .. } = outcome else { panic!("{outcome:?}") };
    let page = desk.items().changes(&list, Position::Start, &ChangeOptions::default()).await.unwrap();
    let Next::Done { cursor, .. } = page.next else { panic!() };
    assert!(desk.simulator.delete(ALICE, &format!("todo/lists/{list}")));
    let error = desk.items().changes(&list, Position::Since(&cursor), &ChangeOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CollectionGone, "{error}");
    let answer = desk.items().fetch(&list, std::slice::from_ref(&id)).await.pop().unwrap();
    assert!(matches!(&answer, Fetched::Failed(error) if error.kind() == ErrorKind::CollectionGone), "{answer:?}");
    let gone = Write::Delete { id, revision: revision.unwrap(), mode: Delete::Permanent };
    let outcome = desk.items().write(&list, vec![gone], &WriteOptions::default()).await.pop().unwrap();
    assert!(matches!(&outcome, Outcome::Refused(error) if error.kind() == ErrorKind::CollectionGone), "{outcome:?}");
}

/// To Do may not hold to a condition, so that the version is looked at before each write.
#[tokio::test]
async fn a_task_that_somebody_changed_meanwhile_is_neither_changed_nor_deleted_and_shown_as_it_is() {
    for checks in [false, true] {
        let mut rules = GraphRules::default();
        rules.tasks.checks_versions = checks;
        let desk = Desk::new(rules, Config::new(ROOT));
        let made =
            desk.make("m", titled("Plan", |t| t.links = vec![Link { uri: "https://example.org/".to_owned(), ..Link::default() }])).await;
        let path = format!("todo/lists/{}/tasks/{}", desk.home().await, made.id);
        assert!(desk.simulator.change(ALICE, &path, &json!({"title": "Theirs"})));
        let conflict = |outcome: Outcome<Task>| match outcome {
            Outcome::Conflict { now: Some(now) } => now.record.title.clone(),
            other => panic!("{checks}: {other:?}"),
        };
        assert_eq!(conflict(desk.update(&made, |t| t.title = Some("Ours".to_owned())).await).as_deref(), Some("Theirs"));
        // What hangs on a task is no other matter.
        assert_eq!(conflict(desk.update(&made, |t| t.links.clear()).await).as_deref(), Some("Theirs"));
        let delete = Write::Delete { id: made.id.clone(), revision: made.revision.clone(), mode: Delete::Permanent };
        assert_eq!(conflict(desk.write(delete).await).as_deref(), Some("Theirs"));
        let now = desk.read(&made.id).await;
        assert_eq!((now.record.title.as_deref(), now.record.links.len()), (Some("Theirs"), 1));
        let outcome = desk.update(&now, |t| t.title = Some("Ours".to_owned())).await;
        assert!(matches!(outcome, Outcome::Written { .. }), "{outcome:?}");
        let delete = Write::Delete { id: made.id.clone(), revision: desk.read(&made.id).await.revision, mode: Delete::Permanent };
        assert!(matches!(desk.write(delete).await, Outcome::Written { .. }));
    }
}

/// Where To Do holds to the condition, it goes along with the write: between the look and the write nobody is written over.
#[tokio::test]
async fn a_condition_goes_along_and_counts_where_the_service_holds_to_it() {
    use pimkit_http::InProcess;
    use std::sync::Mutex;
    let mut rules = GraphRules::default();
    rules.tasks.checks_versions = true;
    let desk = Desk::new(rules, Config::new(ROOT));
    let made = desk.make("m", titled("Plan", |_| {})).await;
    let path = format!("todo/lists/{}/tasks/{}", desk.home().await, made.id);
    let (simulator, left) = (desk.simulator.clone(), Mutex::new(Some(path)));
    let wire = InProcess::serving(move |request| {
        if request.method() == "PATCH"
            && let Some(path) = left.lock().unwrap().take()
        {
            assert!(simulator.change(ALICE, &path, &json!({"title": "Theirs"})));
        }
        Ok(simulator.answer_now(&request).unwrap())
    });
    let graph = super::common::open(Config::new(ROOT), Arc::new(wire), &desk.clock);
    let write = Write::Update {
        id: made.id.clone(),
        revision: made.revision.clone(),
        base: Box::new(made.record.clone()),
        target: Box::new(titled("Ours", |_| {})),
        mark: None,
    };
    let outcome = graph.tasks().unwrap().write(&desk.home().await, vec![write], &WriteOptions::default()).await.remove(0);
    let Outcome::Conflict { now: Some(now) } = outcome else { panic!("{outcome:?}") };
    assert_eq!(now.record.title.as_deref(), Some("Theirs"));
}
