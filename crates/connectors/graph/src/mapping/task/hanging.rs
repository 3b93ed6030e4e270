//! What hangs on a task: steps (`checklistItem`), and linked resources, of which one of ours holds the mark.

use super::CHECKLIST;
use crate::{
    calls::{
        odata,
        todo::{LINKS, STEPS},
    },
    mapping::Item,
};
use pimkit_core::{Error, ErrorKind, Field, Link, Mark, Result, Task};
use serde_json::{Value, json};

/// The application that our mark says it is of; To Do shows it with the task.
const OURS: &str = "pimkit";

/// One request about what hangs on a task.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Hang {
    Add { sort: &'static str, body: Value },
    Change { sort: &'static str, id: String, body: Value },
    Remove { sort: &'static str, id: String },
}

/// One step: what, and whether it is done.
type Step = (String, bool);

/// Our mark, as it hangs on a task.
pub(super) fn marking(mark: &Mark) -> Value {
    json!({ "applicationName": OURS, "displayName": OURS, "externalId": mark.as_str() })
}

/// A web page, as it hangs on a task.
pub(super) fn linking(link: &Link) -> Value {
    let name = link.label.as_deref().filter(|label| !label.is_empty()).unwrap_or(&link.uri);
    json!({ "applicationName": host(&link.uri), "displayName": name, "webUrl": link.uri })
}

/// To Do says "Open in …" with it.
fn host(uri: &str) -> String {
    let host = url::Url::parse(uri).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.unwrap_or_else(|| "Link".to_owned())
}

fn rows<'v>(value: &'v Value, sort: &str) -> &'v [Value] {
    value.get(sort).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn is_ours(row: &Value) -> bool {
    odata::text(row, "applicationName") == Some(OURS) && odata::text(row, "externalId").is_some() && odata::text(row, "webUrl").is_none()
}

/// The mark of a task.
pub(crate) fn mark(value: &Value) -> Option<Mark> {
    rows(value, LINKS).iter().find(|row| is_ours(row)).and_then(|row| odata::text(row, "externalId")).map(Mark::from)
}

/// Puts what hangs on a task into its record.
pub(super) fn fill(item: &Item<'_>, value: &Value, task: &mut Task) -> Result<()> {
    for link in item.items(LINKS)? {
        let Some(uri) = link.text("webUrl")? else { continue };
        let label = link.text("displayName")?.filter(|name| *name != uri);
        task.links.push(Link { uri: uri.to_owned(), label: label.map(str::to_owned), ..Link::default() });
    }
    let mut steps = Vec::new();
    for (step, row) in item.items(STEPS)?.iter().zip(rows(value, STEPS).iter().filter(|row| !row.is_null())) {
        let done = row.get("isChecked").and_then(Value::as_bool).unwrap_or_default();
        steps.push(json!({ "title": step.text("displayName")?.unwrap_or_default(), "done": done }));
    }
    if !steps.is_empty() {
        task.custom.insert(CHECKLIST.to_owned(), steps.into());
    }
    Ok(())
}

/// The steps that a record speaks of.
///
/// # Errors
/// `InvalidData` when the custom field is something else than steps.
pub(super) fn steps(task: &Task) -> Result<Vec<Step>> {
    let odd = || Error::new(ErrorKind::InvalidData, "the field checklist is a list of {\"title\", \"done\"}, or of texts; write it so");
    let Some(value) = task.custom.get(CHECKLIST) else { return Ok(Vec::new()) };
    let one = |row: &Value| match row {
        Value::String(text) => Some((text.clone(), false)),
        Value::Object(_) => {
            let done = row.get("done").map_or(Some(false), Value::as_bool)?;
            Some((row.get("title")?.as_str()?.to_owned(), done))
        }
        _ => None,
    };
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(list) => list.iter().map(|row| one(row).ok_or_else(odd)).collect(),
        _ => Err(odd()),
    }
}

/// What is to be asked so that a task that is there as `there` says gets from `base` to `target`. What is in neither of them was hung
/// there by somebody else meanwhile, and stays.
pub(crate) fn requests(base: &Task, target: &Task, mark: Option<&Mark>, there: &Value) -> Vec<(Field, Hang)> {
    let mut all = Vec::new();
    if let Some(mark) = mark {
        let known = rows(there, LINKS).iter().find(|row| is_ours(row)).and_then(|row| odata::text(row, "id"));
        let hang = match known {
            Some(id) => Hang::Change { sort: LINKS, id: id.to_owned(), body: json!({ "externalId": mark.as_str() }) },
            None => Hang::Add { sort: LINKS, body: marking(mark) },
        };
        all.push((Field::of("mark"), hang));
    }
    if base.links != target.links {
        links(base, target, there, &mut all);
    }
    // What is no list of steps was left out before.
    if let (true, Ok(old), Ok(new)) = (base.custom.get(CHECKLIST) != target.custom.get(CHECKLIST), steps(base), steps(target)) {
        self::checklist(&old, new, there, &mut all);
    }
    all
}

fn links(base: &Task, target: &Task, there: &Value, all: &mut Vec<(Field, Hang)>) {
    let field = || Field::of("links");
    let mut there: Vec<&Value> = rows(there, LINKS).iter().filter(|row| odata::text(row, "webUrl").is_some()).collect();
    let mut find = |link: &Link| {
        let place = there.iter().position(|row| odata::text(row, "webUrl") == Some(link.uri.as_str()))?;
        odata::text(there.remove(place), "id").map(str::to_owned)
    };
    for link in &target.links {
        let found = find(link);
        let old = base.links.iter().find(|old| old.uri == link.uri);
        match found {
            Some(_) if old == Some(link) => {}
            Some(id) => all.push((field(), Hang::Change { sort: LINKS, id, body: linking(link) })),
            None => all.push((field(), Hang::Add { sort: LINKS, body: linking(link) })),
        }
    }
    for link in base.links.iter().filter(|link| !target.links.iter().any(|new| new.uri == link.uri)) {
        if let Some(id) = find(link) {
            all.push((field(), Hang::Remove { sort: LINKS, id }));
        }
    }
}

fn checklist(base: &[Step], target: Vec<Step>, there: &Value, all: &mut Vec<(Field, Hang)>) {
    let field = || Field::of("custom.checklist");
    let mut there: Vec<(String, &str, bool)> = rows(there, STEPS)
        .iter()
        .filter_map(|row| {
            let done = row.get("isChecked").and_then(Value::as_bool).unwrap_or_default();
            Some((odata::text(row, "id")?.to_owned(), odata::text(row, "displayName").unwrap_or_default(), done))
        })
        .collect();
    let mut old: Vec<&Step> = base.iter().collect();
    for (title, done) in target {
        // As many of a title as there are.
        if let Some(place) = old.iter().position(|(known, _)| *known == title) {
            old.remove(place);
        }
        match there.iter().position(|(_, known, _)| *known == title) {
            Some(place) => {
                let (id, _, known) = there.remove(place);
                if known != done {
                    all.push((field(), Hang::Change { sort: STEPS, id, body: json!({ "isChecked": done }) }));
                }
            }
            None => all.push((field(), Hang::Add { sort: STEPS, body: json!({ "displayName": title, "isChecked": done }) })),
        }
    }
    for (title, _) in old {
        if let Some(place) = there.iter().position(|(_, known, _)| known == title) {
            let (id, _, _) = there.remove(place);
            all.push((field(), Hang::Remove { sort: STEPS, id }));
        }
    }
}
