//! Calendars and their groups ([resource `calendar`](https://learn.microsoft.com/graph/api/resources/calendar)).

use super::{Call, odata, path::Path};
use crate::mapping::extended;
use pimkit_core::{Access, Collection, CollectionId, Mark, Sharing};
use pimkit_exchange::property::MARK;
use serde_json::{Value, json};

/// What is read of a calendar.
const SELECT: &str = "id,name,owner,canEdit,canViewPrivateItems,isDefaultCalendar,isRemovable";

/// The most calendars on a page; the default is 10.
const PAGE: &str = "100";

/// What is known of a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Calendar {
    pub(crate) id: CollectionId,
    pub(crate) name: String,
    /// Whose it is: an address.
    pub(crate) owner: Option<String>,
    /// Items are made and changed in it; subscribed calendars and birthdays are only read.
    pub(crate) can_edit: bool,
    /// Private items show what they say. Elsewhere they come without.
    pub(crate) shows_private: bool,
}

impl Calendar {
    /// Reads a row; nothing when it has no id.
    pub(crate) fn read(row: &Value) -> Option<Self> {
        let flag = |name: &str| row.get(name).and_then(Value::as_bool).unwrap_or(true);
        Some(Self {
            id: CollectionId::from(odata::text(row, "id")?),
            name: odata::text(row, "name").unwrap_or_default().to_owned(),
            owner: row.get("owner").and_then(|owner| odata::text(owner, "address")).map(str::to_owned),
            can_edit: flag("canEdit"),
            shows_private: flag("canViewPrivateItems"),
        })
    }

    /// What it is for the engine. `own` is whose calendars are the account's own: the owner of the default one.
    pub(crate) fn collection(&self, own: Option<&str>, most: pimkit_core::Capabilities) -> Collection {
        let foreign = match (&self.owner, own) {
            (Some(owner), Some(own)) => !owner.eq_ignore_ascii_case(own),
            _ => false,
        };
        Collection {
            id: self.id.clone(),
            name: self.name.clone(),
            owner: self.owner.clone().filter(|_| foreign),
            sharing: if foreign { Sharing::Shared } else { Sharing::Private },
            access: if self.can_edit { Access::Write } else { Access::Read },
            capabilities: most.with(|c| c.write = self.can_edit),
        }
    }
}

/// Whether a row is that of the default calendar.
pub(crate) fn is_default(row: &Value) -> bool {
    row.get("isDefaultCalendar").and_then(Value::as_bool) == Some(true)
}

fn calendar(mailbox: Path, id: &CollectionId) -> Path {
    mailbox.word("calendars").id(id.as_str())
}

/// The calendars of the mailbox.
pub(crate) fn list(mailbox: Path) -> Call {
    Call::get("graph.calendars.list", mailbox.word("calendars").query("$select", SELECT).query("$top", PAGE))
}

/// The groups of calendars.
pub(crate) fn groups(mailbox: Path) -> Call {
    Call::get("graph.calendars.groups", mailbox.word("calendarGroups").query("$select", "id").query("$top", PAGE))
}

/// The calendars of a group.
pub(crate) fn of_group(mailbox: Path, group: &str) -> Call {
    let path = mailbox.word("calendarGroups").id(group).word("calendars");
    Call::get("graph.calendars.list", path.query("$select", SELECT).query("$top", PAGE))
}

/// One calendar.
pub(crate) fn get(mailbox: Path, id: &CollectionId) -> Call {
    Call::get("graph.calendars.get", calendar(mailbox, id).query("$select", SELECT))
}

/// A new calendar, which carries its mark.
pub(crate) fn create(mailbox: Path, mark: &Mark, name: &str) -> Call {
    let body = json!({ "name": name, extended::LIST: [extended::entry(&MARK, mark.as_str().into())] });
    Call::post("graph.calendars.create", mailbox.word("calendars"), body)
}

/// The calendars that carry a mark.
pub(crate) fn marked(mailbox: Path, mark: &Mark) -> Call {
    let path = mailbox.word("calendars").query("$select", SELECT).query("$filter", &extended::filter(&MARK, mark.as_str()));
    Call::get("graph.calendars.find", path)
}

/// Another name.
pub(crate) fn rename(mailbox: Path, id: &CollectionId, name: &str) -> Call {
    // Twice the same name is once.
    Call::patch("graph.calendars.rename", calendar(mailbox, id), json!({ "name": name })).idempotent(true)
}

/// The calendar with all that is in it.
pub(crate) fn delete(mailbox: Path, id: &CollectionId) -> Call {
    Call::delete("graph.calendars.delete", calendar(mailbox, id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pimkit_core::Capabilities;

    #[test]
    fn a_calendar_is_the_accounts_own_or_shared_read_or_written() {
        let row = |owner: &str, can_edit: Value| json!({"id": "a", "name": "Work", "owner": {"address": owner}, "canEdit": can_edit});
        let most = Capabilities::none().with(|c| c.write = true);
        for (row, owner, sharing, access) in [
            (row("ada@x.example", json!(true)), None, Sharing::Private, Access::Write),
            (row("ADA@x.example", json!(false)), None, Sharing::Private, Access::Read),
            (row("boss@x.example", json!(true)), Some("boss@x.example"), Sharing::Shared, Access::Write),
            // A server that does not say is asked by the write.
            (json!({"id": "a", "name": "Work", "owner": null, "canEdit": null}), None, Sharing::Private, Access::Write),
        ] {
            let found = Calendar::read(&row).unwrap().collection(Some("ada@x.example"), most);
            assert_eq!((found.owner.as_deref(), found.sharing, found.access), (owner, sharing, access), "{row}");
            assert_eq!(found.capabilities.write, access == Access::Write);
        }
        assert_eq!(Calendar::read(&json!({"name": "Work"})), None);
    }

    #[test]
    fn a_new_calendar_carries_its_mark_and_is_found_by_it() {
        let mark = Mark::from("s1-o'x");
        let body = create(Path::of("me"), &mark, "Work").body.unwrap();
        assert_eq!(body["singleValueExtendedProperties"][0]["value"], "s1-o'x");
        let path = marked(Path::of("me"), &mark);
        assert!(path.path.as_str().contains("ep/value%20eq%20's1-o''x')"), "{}", path.path.as_str());
    }
}
