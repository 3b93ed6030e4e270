//! The mailbox's list of categories (<https://learn.microsoft.com/graph/api/resources/outlookcategory>).

use super::{Call, odata, path::Path};
use pimkit_core::Category;
use serde_json::{Value, json};

fn all(mailbox: Path) -> Path {
    mailbox.word("outlook/masterCategories")
}

/// Every category.
pub(crate) fn list(mailbox: Path) -> Call {
    Call::get("graph.categories.list", all(mailbox))
}

/// A new category, without a colour: whoever wants one chooses it in Outlook.
pub(crate) fn create(mailbox: Path, name: &str, colour: &str) -> Call {
    // A second one is refused as one that is there.
    Call::post("graph.categories.create", all(mailbox), json!({ "displayName": name, "color": colour })).idempotent(true)
}

/// A category off the list. Items keep its name.
pub(crate) fn delete(mailbox: Path, id: &str) -> Call {
    Call::delete("graph.categories.delete", all(mailbox).id(id))
}

/// Something else than a contact that carries this category; a path below the mailbox.
pub(crate) fn elsewhere(mailbox: Path, kind: &'static str, name: &str) -> Call {
    let filter = format!("categories/any(c:c eq {})", super::path::literal(name));
    Call::get("graph.categories.elsewhere", mailbox.word(kind).query("$select", "id").query("$filter", &filter).query("$top", "1"))
}

/// A category in an answer, with its colour.
pub(crate) fn read(row: &Value) -> Option<(Category, String)> {
    let text = |name: &str| odata::text(row, name).map(str::to_owned);
    let category = Category { id: text("id")?.into(), name: text("displayName")? };
    // Colours that are newer than we are go along as they are.
    Some((category, text("color").unwrap_or_else(|| "none".to_owned())))
}
