//! Folders of contacts (<https://learn.microsoft.com/graph/api/resources/contactfolder>).

use super::{Call, contacts::DEFAULT, path::Path};
use crate::mapping::extended;
use pimkit_core::Mark;
use pimkit_exchange::property::MARK;
use serde_json::{Value, json};

const SELECT: &str = "id,displayName,parentFolderId";

fn all(mailbox: Path) -> Path {
    mailbox.word("contactFolders")
}

/// The folders beside the default one, which no listing names.
pub(crate) fn list(mailbox: Path) -> Call {
    Call::get("graph.contactFolders.list", all(mailbox).query("$select", SELECT).query("$top", "100"))
}

/// The folders in a folder.
pub(crate) fn children(mailbox: Path, id: &str) -> Call {
    let path = all(mailbox).id(id).word("childFolders");
    Call::get("graph.contactFolders.children", path.query("$select", SELECT).query("$top", "100"))
}

/// The default folder, by its well-known name.
pub(crate) fn default(mailbox: Path) -> Call {
    Call::get("graph.contactFolders.default", all(mailbox).word(DEFAULT).query("$select", SELECT))
}

/// A contact of the default folder, which knows where it is.
pub(crate) fn someone(mailbox: Path) -> Call {
    Call::get("graph.contactFolders.default", mailbox.word("contacts").query("$select", "id,parentFolderId").query("$top", "1"))
}

/// The folders with this mark.
pub(crate) fn find(mailbox: Path, mark: &Mark) -> Call {
    let path = all(mailbox).query("$select", SELECT).query("$filter", &extended::filter(&MARK, mark.as_str()));
    Call::get("graph.contactFolders.find", path.query("$expand", &extended::expand([&MARK])))
}

/// A new folder.
pub(crate) fn create(mailbox: Path, name: &str, mark: &Mark) -> Call {
    let body = json!({ "displayName": name, extended::LIST: [extended::entry(&MARK, mark.as_str().into())] });
    Call::post("graph.contactFolders.create", all(mailbox), body)
}

/// Another name for a folder. Twice the same is once.
pub(crate) fn rename(mailbox: Path, id: &str, name: &str) -> Call {
    Call::patch("graph.contactFolders.rename", all(mailbox).id(id), json!({ "displayName": name })).idempotent(true)
}

/// A folder to Deleted Items, with all that is in it.
pub(crate) fn delete(mailbox: Path, id: &str) -> Call {
    Call::delete("graph.contactFolders.delete", all(mailbox).id(id))
}

/// A folder in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Folder {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) parent: Option<String>,
}

impl Folder {
    /// The folder in a row; none when it has no id.
    pub(crate) fn read(row: &Value) -> Option<Self> {
        let text = |name: &str| super::odata::text(row, name).map(str::to_owned);
        Some(Self { id: text("id")?, name: text("displayName").unwrap_or_default(), parent: text("parentFolderId") })
    }
}
