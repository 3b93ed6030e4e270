//! Tasks of To Do (<https://learn.microsoft.com/graph/api/resources/todotask>).
//!
//! | property | what becomes of it |
//! |---|---|
//! | title | managed |
//! | body | the description, as text; one that another program wrote as HTML is read as its text, and stays HTML until the description is changed |
//! | startDateTime, dueDateTime | managed, to the day |
//! | isReminderOn, reminderDateTime | one reminder, at an instant |
//! | status | progress; waiting on others and deferred are read as in process and needs action, and stay as they are until it is changed |
//! | importance | the priority: high is 1, low is 9, normal none |
//! | categories | keywords |
//! | recurrence | managed; when a repeating task is due stays, because a change of it was seen to make a second task (microsoft-graph-docs 5424) |
//! | checklistItems | the custom field `checklist`: a list of `{"title", "done"}`, by requests of their own |
//! | linkedResources: ours | the mark |
//! | linkedResources with a web address | links, by requests of their own |
//! | completedDateTime | read: the service makes it when the status changes |
//! | hasAttachments, attachments, extensions, other linkedResources, whatever is newer | the provider's own: never written |
//! | id, createdDateTime, lastModifiedDateTime, bodyLastModifiedDateTime | made by the provider |
//! | uid, percent, privacy, colour, places, parent, attachments, cancelled and failed, overrides, rules that exclude | there is no place: they stay on the other side |

pub(crate) mod hanging;
mod times;

use crate::{
    mapping::{Item, Slots, html, pattern},
    quirks::Quirks,
};
use jiff::{SignedDuration, Timestamp};
use pimkit_core::{
    Alert, AlertAction, Error, ErrorKind, Field, FieldSupport, Mark, Precision, Progress, Record, Result, Task, Trigger, When,
};
use pimkit_exchange::{
    recurrence::{recurrence, rule},
    words::Importance,
};
use serde_json::{Map, Value, json};

/// The custom field of the steps of a task.
pub(crate) const CHECKLIST: &str = "checklist";

/// What the mapping holds, with its limits; only read in lists that are only read.
pub(crate) fn fields(writes: bool) -> Vec<FieldSupport> {
    let day = |field: &'static str| FieldSupport { precision: Some(Precision::Day), ..FieldSupport::full(field) };
    let mut all: Vec<FieldSupport> =
        ["title", "description", "progress", "recurrenceRules", "priority", "keywords", "links", "custom.checklist"]
            .map(FieldSupport::full)
            .into();
    all.extend([day("start"), day("due"), FieldSupport { many: Some(1), ..FieldSupport::full("alerts") }]);
    all.push(FieldSupport { write: false, ..FieldSupport::full("completed") });
    for support in &mut all {
        support.write &= writes;
    }
    all
}

/// The task in a resource, with what hangs on it.
///
/// # Errors
/// `InvalidData` when a property is of another type than it should be, or repeats in a way that is not known.
pub(crate) fn read(value: &Value) -> Result<Task> {
    let item = Item::new(value)?;
    let mut error = None;
    let task = Task::build(|t| {
        if let Err(e) = fill(&item, value, t) {
            error = Some(e);
        }
    });
    match error {
        Some(error) => Err(error),
        None => Ok(task),
    }
}

fn fill(item: &Item<'_>, value: &Value, t: &mut Task) -> Result<()> {
    t.title = item.text("title")?.map(str::to_owned);
    if let Some(body) = item.item("body")? {
        let is_html = body.text("contentType")?.is_some_and(|kind| kind.eq_ignore_ascii_case("html"));
        let text = body.lines("content")?;
        t.description = if is_html { text.map(|text| html::text(&text)) } else { text }.filter(|text| !text.is_empty());
    }
    t.start = times::day(item, "startDateTime")?.map(When::all_day);
    t.due = times::day(item, "dueDateTime")?.map(When::all_day);
    t.progress = item.text("status")?.and_then(progress);
    t.completed = times::instant(item, "completedDateTime")?;
    t.priority = item.text("importance")?.and_then(Importance::of_word).and_then(Importance::priority);
    t.keywords = item.texts("categories")?.into_iter().map(str::to_owned).collect();
    let repeats = value.get("recurrence").map(pattern::read).transpose()?.flatten();
    t.recurrence_rules = repeats.as_ref().map(rule).into_iter().collect();
    if value.get("isReminderOn").and_then(Value::as_bool).unwrap_or_default()
        && let Some(at) = times::instant(item, "reminderDateTime")?
    {
        t.alerts = vec![Alert { trigger: Trigger::At(at), action: AlertAction::Display }];
    }
    hanging::fill(item, value, t)?;
    t.created = item.instant("createdDateTime")?;
    t.updated = item.instant("lastModifiedDateTime")?;
    Ok(())
}

fn progress(word: &str) -> Option<Progress> {
    match word.to_ascii_lowercase().as_str() {
        "notstarted" | "deferred" => Some(Progress::NeedsAction),
        "inprogress" | "waitingonothers" => Some(Progress::InProcess),
        "completed" => Some(Progress::Completed),
        _ => None,
    }
}

fn status(progress: Option<Progress>) -> &'static str {
    match progress {
        Some(Progress::InProcess) => "inProgress",
        Some(Progress::Completed) => "completed",
        _ => "notStarted",
    }
}

/// What is sent for a task, and what cannot be.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) body: Map<String, Value>,
    pub(crate) left_out: Vec<(Field, Error)>,
}

/// The body of a new task, with its mark and links. Its steps come after it.
pub(crate) fn create(task: &Task, mark: &Mark, quirks: &Quirks) -> Body {
    let (task, left_out) = taken(&Task::default(), task, quirks);
    let mut body = slots(&task, true).whole();
    // To Do wants one, if only an empty one.
    body.entry("title").or_insert_with(|| "".into());
    let links: Vec<Value> = std::iter::once(hanging::marking(mark)).chain(task.links.iter().map(hanging::linking)).collect();
    body.insert(crate::calls::todo::LINKS.to_owned(), links.into());
    Body { body, left_out }
}

/// The body of a change: what differs. What hangs on a task is not in it.
pub(crate) fn change(base: &Task, target: &Task, quirks: &Quirks) -> Body {
    let (target, left_out) = taken(base, target, quirks);
    let repeats = base.recurrence_rules != target.recurrence_rules;
    let mut body = slots(&target, repeats).since(&slots(base, repeats));
    if body.get("body").is_some_and(Value::is_null) {
        body.insert("body".to_owned(), content(""));
    }
    Body { body, left_out }
}

/// The task with what To Do can take, and what it cannot: there the old value stays.
fn taken(base: &Task, target: &Task, quirks: &Quirks) -> (Task, Vec<(Field, Error)>) {
    let mut left_out = Vec::new();
    let mut leave = |field: &'static str, error: Error| left_out.push((Field::of(field), error));
    let cannot = |message: &'static str| Error::new(ErrorKind::Unavailable, message);
    let mut task = target.clone();
    if base.progress != target.progress && matches!(target.progress, Some(Progress::Cancelled | Progress::Failed)) {
        leave("progress", cannot("To Do knows neither cancelled nor failed; complete or delete the task"));
        task.progress = base.progress;
    }
    if base.alerts != target.alerts && !target.alerts.is_empty() && remind(target).is_none() {
        leave("alerts", cannot("To Do reminds at a time, and this reminder depends on one that the task does not have; give it a time"));
        task.alerts.clone_from(&base.alerts);
    }
    let series = !base.recurrence_rules.is_empty() && base.recurrence_rules == target.recurrence_rules;
    let day = |task: &Task| task.due.as_ref().map(When::date);
    if series && day(base) != day(target) && !quirks.due_of_series {
        leave("due", cannot("a change of when a repeating task is due would make a second task in To Do; change it there"));
        task.due.clone_from(&base.due);
    }
    if base.recurrence_rules != target.recurrence_rules && !target.recurrence_rules.is_empty() {
        let error = match anchor(&task) {
            None => Some(cannot("To Do repeats from a day on, and the task has none; give it a day on which it is due")),
            Some(start) => recurrence(&task.recurrence_rules, &task.excluded_recurrence_rules, &start)
                .err()
                .map(|refusal| Error::new(ErrorKind::InvalidData, refusal.to_string())),
        };
        if let Some(error) = error {
            leave("recurrenceRules", error);
            task.recurrence_rules.clone_from(&base.recurrence_rules);
        }
    }
    if let Err(error) = hanging::steps(target) {
        leave("custom.checklist", error);
        match base.custom.get(CHECKLIST) {
            Some(old) => task.custom.insert(CHECKLIST.to_owned(), old.clone()),
            None => task.custom.remove(CHECKLIST),
        };
    }
    (task, left_out)
}

/// From when on it repeats: To Do counts from the day on which a task is due.
fn anchor(task: &Task) -> Option<When> {
    task.due.as_ref().or(task.start.as_ref()).map(|when| When::all_day(when.date()))
}

/// When it reminds.
fn remind(task: &Task) -> Option<Timestamp> {
    let from = |when: Option<&When>, seconds: i64| when?.instant()?.checked_add(SignedDuration::from_secs(seconds)).ok();
    match task.alerts.first()?.trigger {
        Trigger::At(at) => Some(at),
        Trigger::Start(seconds) => from(task.start.as_ref(), seconds),
        Trigger::End(seconds) => from(task.due.as_ref(), seconds),
    }
}

fn content(text: &str) -> Value {
    json!({ "content": text, "contentType": "text" })
}

fn slots(task: &Task, repeats: bool) -> Slots {
    let mut slots = Slots::default();
    slots.put("title", task.title.as_deref().unwrap_or_default());
    slots.put("body", task.description.as_deref().map_or(Value::Null, content));
    slots.put("importance", Importance::of_priority(task.priority).graph());
    slots.put("status", status(task.progress));
    for (name, when) in [("startDateTime", &task.start), ("dueDateTime", &task.due)] {
        slots.put(name, when.as_ref().map_or(Value::Null, |when| times::of_day(when.date())));
    }
    slots.put("categories", task.keywords.iter().map(String::as_str).collect::<Vec<_>>());
    let remind = remind(task);
    slots.put("isReminderOn", remind.is_some());
    slots.put("reminderDateTime", remind.map_or(Value::Null, times::of_instant));
    if repeats {
        let repeats = anchor(task).and_then(|start| recurrence(&task.recurrence_rules, &task.excluded_recurrence_rules, &start).ok()?);
        slots.put("recurrence", repeats.map_or(Value::Null, |recurrence| pattern::write(&recurrence, "UTC")));
    }
    slots
}

#[cfg(test)]
mod tests;
