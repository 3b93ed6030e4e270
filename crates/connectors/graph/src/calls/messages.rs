//! Mail: folders, messages and what is attached to them (<https://learn.microsoft.com/graph/api/resources/mail-api-overview>).

use super::{
    Call, odata,
    path::{Path, literal},
};
use crate::mapping::message;
use serde_json::Value;

const FOLDER: &str = "id,displayName,parentFolderId,childFolderCount";

fn folders(mailbox: Path) -> Path {
    mailbox.word("mailFolders")
}

/// Where the messages of a folder are.
fn members(mailbox: Path, folder: &str) -> Path {
    folders(mailbox).id(folder).word("messages")
}

fn message(mailbox: Path, id: &str) -> Path {
    mailbox.word("messages").id(id)
}

/// The folders of the mailbox, without those below them and without hidden ones.
pub(crate) fn roots(mailbox: Path) -> Call {
    Call::get("graph.mailFolders.list", folders(mailbox).query("$select", FOLDER).query("$top", "100"))
}

/// The folders in a folder.
pub(crate) fn children(mailbox: Path, id: &str) -> Call {
    let path = folders(mailbox).id(id).word("childFolders");
    Call::get("graph.mailFolders.children", path.query("$select", FOLDER).query("$top", "100"))
}

/// The start of a round of changes: ids and versions. Rows of later rounds say only what changed, and bodies of a page together may
/// be larger than anything.
pub(crate) fn delta(mailbox: Path, folder: &str) -> Call {
    Call::get("graph.messages.delta", members(mailbox, folder).word("delta").query("$select", "id,changeKey"))
}

/// One message, wherever in the mailbox it is.
pub(crate) fn get(mailbox: Path, id: &str) -> Call {
    Call::get("graph.messages.get", message(mailbox, id).query("$select", message::SELECT))
}

/// What is attached to a message, without the bytes.
pub(crate) fn attached(mailbox: Path, id: &str) -> Call {
    let path = message(mailbox, id).word("attachments");
    Call::get("graph.messages.attachments", path.query("$select", "id,name,contentType,size,isInline").query("$top", "100"))
}

/// The bytes of an attachment; of an attached item its MIME text.
pub(crate) fn bytes(mailbox: Path, id: &str, attachment: &str) -> Call {
    Call::get("graph.messages.attachment", message(mailbox, id).word("attachments").id(attachment).word("$value"))
}

/// The messages of a folder with this Message-ID, which comes without its brackets.
pub(crate) fn find(mailbox: Path, folder: &str, message_id: &str) -> Call {
    let filter = format!("internetMessageId eq {}", literal(&format!("<{message_id}>")));
    Call::get(
        "graph.messages.find",
        members(mailbox, folder).query("$filter", &filter).query("$select", "id,internetMessageId").query("$top", "10"),
    )
}

/// The best matches for words, anywhere in the mailbox.
pub(crate) fn search(mailbox: Path, text: &str, limit: u32) -> Call {
    // In quotes the words are words, and no operators (KQL).
    let words: String = text.chars().map(|c| if matches!(c, '"' | '\\') || c.is_control() { ' ' } else { c }).collect();
    let path = mailbox.word("messages").query("$search", &format!("\"{}\"", words.trim()));
    Call::get("graph.messages.search", path.query("$select", "id,parentFolderId").query("$top", &limit.min(250).to_string()))
}

/// A folder in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Folder {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) has_children: bool,
}

impl Folder {
    /// The folder in a row; none when it has no id, and for a search that looks like a folder: its messages are elsewhere.
    pub(crate) fn read(row: &Value) -> Option<Self> {
        if odata::text(row, "@odata.type").is_some_and(|kind| kind.ends_with("mailSearchFolder")) {
            return None;
        }
        Some(Self {
            id: odata::text(row, "id")?.to_owned(),
            name: odata::text(row, "displayName").unwrap_or_default().to_owned(),
            // Not knowing is asking.
            has_children: row.get("childFolderCount").and_then(Value::as_i64) != Some(0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn everything_has_its_path() {
        let me = || Path::of("me");
        for (call, path) in [
            (delta(me(), "in/box="), "me/mailFolders/in%2Fbox%3D/messages/delta?$select=id,changeKey"),
            (children(me(), "a"), "me/mailFolders/a/childFolders?$select=id,displayName,parentFolderId,childFolderCount&$top=100"),
            (attached(me(), "m"), "me/messages/m/attachments?$select=id,name,contentType,size,isInline&$top=100"),
            (bytes(Path::of("users/u"), "m", "a+"), "users/u/messages/m/attachments/a%2B/$value"),
            (
                find(me(), "f", "o'x@y"),
                "me/mailFolders/f/messages?$filter=internetMessageId%20eq%20'%3Co''x@y%3E'&$select=id,internetMessageId&$top=10",
            ),
            (search(me(), "say \"tea\"", 9999), "me/messages?$search=%22say%20%20tea%22&$select=id,parentFolderId&$top=250"),
        ] {
            assert_eq!(call.path.as_str(), path);
        }
        assert!(get(me(), "m").path.as_str().starts_with("me/messages/m?$select=id,changeKey,parentFolderId,"));
    }

    #[test]
    fn searches_are_no_folders() {
        assert_eq!(Folder::read(&json!({"id": "s", "@odata.type": "#microsoft.graph.mailSearchFolder"})), None);
        assert_eq!(Folder::read(&json!({"displayName": "x"})), None);
        let folder = Folder::read(&json!({"id": "1", "displayName": "In", "childFolderCount": 0})).unwrap();
        assert_eq!((folder.name.as_str(), folder.has_children), ("In", false));
        assert!(Folder::read(&json!({"id": "1", "childFolderCount": null})).unwrap().has_children);
    }
}
