//! To Do: lists, tasks, and what hangs on a task (<https://learn.microsoft.com/graph/api/resources/todo-overview>).

use super::{Call, odata, path::Path};
use serde_json::{Map, Value, json};

/// What hangs on a task.
pub(crate) const STEPS: &str = "checklistItems";
/// What hangs on a task: our mark, and web pages.
pub(crate) const LINKS: &str = "linkedResources";

fn lists(mailbox: Path) -> Path {
    mailbox.word("todo/lists")
}

/// Where the tasks of a list are.
pub(crate) fn members(mailbox: Path, list: &str) -> Path {
    lists(mailbox).id(list).word("tasks")
}

/// The lists.
pub(crate) fn all_lists(mailbox: Path) -> Call {
    Call::get("graph.todo.lists", lists(mailbox).query("$top", "100"))
}

/// A new list. There is no place for a mark.
pub(crate) fn create_list(mailbox: Path, name: &str) -> Call {
    Call::post("graph.todo.createList", lists(mailbox), json!({ "displayName": name }))
}

/// Another name for a list. Twice the same is once.
pub(crate) fn rename_list(mailbox: Path, id: &str, name: &str) -> Call {
    Call::patch("graph.todo.renameList", lists(mailbox).id(id), json!({ "displayName": name })).idempotent(true)
}

/// A list taken away, with all that is in it.
pub(crate) fn delete_list(mailbox: Path, id: &str) -> Call {
    Call::delete("graph.todo.deleteList", lists(mailbox).id(id))
}

/// The start of a round of changes. `$select` is not sent: it was refused for tasks (RogerSelwyn/MS365-ToDo).
pub(crate) fn delta(members: Path) -> Call {
    Call::get("graph.tasks.delta", members.word("delta"))
}

/// One task; with what hangs on it, where the service brings that along.
pub(crate) fn get(members: Path, id: &str, expands: bool) -> Call {
    let path = members.id(id);
    Call::get("graph.tasks.get", if expands { path.query("$expand", "checklistItems,linkedResources") } else { path })
}

/// Everything of one sort that hangs on a task.
pub(crate) fn hanging(members: Path, id: &str, sort: &'static str) -> Call {
    Call::get("graph.tasks.get", members.id(id).word(sort))
}

/// The tasks of a list with their links: where marks are looked for.
pub(crate) fn marked(members: Path) -> Call {
    Call::get("graph.tasks.find", members.query("$expand", LINKS).query("$top", "100"))
}

/// All tasks of a list, with the categories that they carry; `$select` is not sent, as it was refused for tasks.
pub(crate) fn all(members: Path) -> Call {
    Call::get("graph.tasks.tagged", members.query("$top", "100"))
}

/// A new task.
pub(crate) fn create(members: Path, body: Map<String, Value>) -> Call {
    Call::post("graph.tasks.create", members, Value::Object(body))
}

/// A change of whatever version is there.
pub(crate) fn update(members: Path, id: &str, body: Map<String, Value>) -> Call {
    Call::patch("graph.tasks.update", members.id(id), Value::Object(body))
}

/// A task taken away, for good.
pub(crate) fn delete(members: Path, id: &str) -> Call {
    Call::delete("graph.tasks.delete", members.id(id))
}

/// Something new that hangs on a task.
pub(crate) fn hang(members: Path, id: &str, sort: &'static str, body: Value) -> Call {
    Call::post("graph.tasks.update", members.id(id).word(sort), body)
}

/// A change of something that hangs on a task. Twice the same is once.
pub(crate) fn rehang(members: Path, id: &str, sort: &'static str, what: &str, body: Value) -> Call {
    Call::patch("graph.tasks.update", members.id(id).word(sort).id(what), body).idempotent(true)
}

/// Something that hangs on a task taken away.
pub(crate) fn unhang(members: Path, id: &str, sort: &'static str, what: &str) -> Call {
    Call::delete("graph.tasks.update", members.id(id).word(sort).id(what))
}

/// A list in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) shared: bool,
    /// The list of flagged mails: its items are mails, and nothing can be written there.
    pub(crate) flagged: bool,
    /// A list of the mailbox's own: it can be neither renamed nor taken away.
    pub(crate) own: bool,
}

impl List {
    /// The list in a row; none when it has no id, or is one that was removed.
    pub(crate) fn read(row: &Value) -> Option<Self> {
        let known = odata::text(row, "wellknownListName").unwrap_or("none");
        Some(Self {
            id: odata::text(row, "id").filter(|_| odata::removed(row).is_none())?.to_owned(),
            name: odata::text(row, "displayName").unwrap_or_default().to_owned(),
            shared: row.get("isShared").and_then(Value::as_bool).unwrap_or_default(),
            flagged: known.eq_ignore_ascii_case("flaggedEmails"),
            // A name that is newer is the mailbox's own too.
            own: !known.eq_ignore_ascii_case("none"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_has_its_path() {
        let at = || members(Path::of("me"), "L=");
        for (call, method, path) in [
            (all_lists(Path::of("me")), "GET", "me/todo/lists?$top=100"),
            (rename_list(Path::of("users/u"), "a/b", "x"), "PATCH", "users/u/todo/lists/a%2Fb"),
            (delta(at()), "GET", "me/todo/lists/L%3D/tasks/delta"),
            (get(at(), "t", true), "GET", "me/todo/lists/L%3D/tasks/t?$expand=checklistItems,linkedResources"),
            (get(at(), "t", false), "GET", "me/todo/lists/L%3D/tasks/t"),
            (hanging(at(), "t", LINKS), "GET", "me/todo/lists/L%3D/tasks/t/linkedResources"),
            (marked(at()), "GET", "me/todo/lists/L%3D/tasks?$expand=linkedResources&$top=100"),
            (rehang(at(), "t", STEPS, "s/1", json!({})), "PATCH", "me/todo/lists/L%3D/tasks/t/checklistItems/s%2F1"),
            (unhang(at(), "t", LINKS, "1"), "DELETE", "me/todo/lists/L%3D/tasks/t/linkedResources/1"),
        ] {
            assert_eq!((call.method, call.path.as_str()), (method, path));
        }
    }

    #[test]
    fn what_was_perhaps_done_is_not_done_twice() {
        let at = || members(Path::of("me"), "l");
        assert!(!create(at(), Map::new()).idempotent && !update(at(), "t", Map::new()).idempotent);
        assert!(!hang(at(), "t", STEPS, json!({})).idempotent && !create_list(Path::of("me"), "x").idempotent);
        assert!(delete(at(), "t").idempotent && unhang(at(), "t", STEPS, "1").idempotent);
    }

    #[test]
    fn lists_say_what_they_are() {
        let list = |row: Value| List::read(&row).map(|list| (list.flagged, list.own, list.shared));
        assert_eq!(list(json!({"id": "1", "displayName": "x", "wellknownListName": "none", "isShared": true})), Some((false, false, true)));
        assert_eq!(list(json!({"id": "1", "wellknownListName": "defaultList", "isShared": null})), Some((false, true, false)));
        assert_eq!(list(json!({"id": "1", "wellknownListName": "flaggedEmails"})), Some((true, true, false)));
        assert_eq!(list(json!({"id": "1", "wellknownListName": "unknownFutureValue"})), Some((false, true, false)));
        assert_eq!(list(json!({"id": "1"})), Some((false, false, false)));
        assert_eq!((list(json!({"id": "1", "@removed": {"reason": "deleted"}})), list(json!({"displayName": "x"}))), (None, None));
    }
}
