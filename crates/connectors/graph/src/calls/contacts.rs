//! Contacts and their photos (<https://learn.microsoft.com/graph/api/resources/contact>).

use super::{Call, path::Path};
use crate::mapping::{contact, extended};
use pimkit_exchange::property::Property;
use serde_json::{Map, Value, json};

/// The name under which the default folder is asked for. Its items have a path of their own, which needs no id.
pub(crate) const DEFAULT: &str = "contacts";

/// Where the contacts of a folder are.
pub(crate) fn members(mailbox: Path, folder: &str) -> Path {
    if folder == DEFAULT { mailbox.word("contacts") } else { mailbox.word("contactFolders").id(folder).word("contacts") }
}

fn whole(path: Path) -> Path {
    path.query("$select", contact::SELECT).query("$expand", &extended::expand(contact::properties::read()))
}

/// The start of a round of changes: ids and versions, or everything where the service brings extended properties along.
pub(crate) fn delta(members: Path, with_everything: bool) -> Call {
    let path = members.word("delta");
    let path = if with_everything { whole(path) } else { path.query("$select", "id,changeKey") };
    Call::get("graph.contacts.delta", path)
}

/// One contact.
pub(crate) fn get(members: Path, id: &str) -> Call {
    Call::get("graph.contacts.get", whole(members.id(id)))
}

/// The contacts with this value of a property.
pub(crate) fn find(members: Path, property: &Property, value: &str) -> Call {
    Call::get("graph.contacts.find", whole(members).query("$filter", &extended::filter(property, value)).query("$top", "10"))
}

/// The contacts with this category.
pub(crate) fn tagged(members: Path, category: &str) -> Call {
    let filter = format!("categories/any(c:c eq {})", super::path::literal(category));
    Call::get("graph.contacts.tagged", members.query("$select", "id,changeKey,categories").query("$filter", &filter).query("$top", "100"))
}

/// A new contact.
pub(crate) fn create(members: Path, body: Map<String, Value>) -> Call {
    Call::post("graph.contacts.create", members, Value::Object(body))
}

/// A change of one version.
pub(crate) fn update(members: Path, id: &str, etag: &str, body: Map<String, Value>) -> Call {
    Call::patch("graph.contacts.update", members.id(id), Value::Object(body)).if_match(etag)
}

/// A deletion of one version, to Deleted Items.
pub(crate) fn delete(members: Path, id: &str, etag: &str) -> Call {
    Call::delete("graph.contacts.delete", members.id(id)).if_match(etag)
}

/// A deletion for good (<https://learn.microsoft.com/graph/api/contact-permanentdelete>).
pub(crate) fn purge(members: Path, id: &str, etag: &str) -> Call {
    // Sent twice it finds nothing the second time.
    Call::post("graph.contacts.purge", members.id(id).word("permanentDelete"), json!({})).if_match(etag)
}

fn photo(members: Path, id: &str) -> Path {
    members.id(id).word("photo")
}

/// What is known of a photo without its bytes.
pub(crate) fn photo_said(members: Path, id: &str) -> Call {
    Call::get("graph.contacts.photo", photo(members, id))
}

/// The bytes of a photo.
pub(crate) fn photo_bytes(members: Path, id: &str) -> Call {
    Call::get("graph.contacts.photo", photo(members, id).word("$value"))
}

/// A photo taken away.
pub(crate) fn photo_delete(members: Path, id: &str) -> Call {
    Call::delete("graph.contacts.photo", photo(members, id).word("$value"))
}

/// Where the bytes of a photo are put.
pub(crate) fn photo_put(members: Path, id: &str) -> Path {
    photo(members, id).word("$value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_folder_and_others_have_their_paths() {
        let me = || Path::of("me");
        assert_eq!(members(me(), DEFAULT).as_str(), "me/contacts");
        assert_eq!(members(me(), "AA=").as_str(), "me/contactFolders/AA%3D/contacts");
        assert_eq!(delta(members(me(), "f"), false).path.as_str(), "me/contactFolders/f/contacts/delta?$select=id,changeKey");
        assert_eq!(photo_bytes(members(me(), "f"), "a/b").path.as_str(), "me/contactFolders/f/contacts/a%2Fb/photo/$value");
        let get = get(members(me(), DEFAULT), "x");
        assert!(get.path.as_str().starts_with("me/contacts/x?$select=id,changeKey,"), "{get:?}");
        assert!(get.path.as_str().contains("$expand=singleValueExtendedProperties($filter=id%20eq%20'String%20%7B"), "{get:?}");
        let tagged = tagged(members(me(), DEFAULT), "Tea, 'green'");
        assert!(tagged.path.as_str().contains("$filter=categories/any(c:c%20eq%20'Tea,%20''green''')"), "{tagged:?}");
    }

    #[test]
    fn what_is_conditional_may_be_sent_again_and_a_create_may_not() {
        let at = || members(Path::of("me"), DEFAULT);
        assert!(update(at(), "a", "W/\"1\"", Map::new()).idempotent);
        assert!(delete(at(), "a", "W/\"1\"").idempotent && purge(at(), "a", "W/\"1\"").idempotent);
        assert!(!create(at(), Map::new()).idempotent);
    }
}
