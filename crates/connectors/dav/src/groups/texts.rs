//! What a resource of an address book is, by its text.

use super::book::Group;
use crate::{fetching::Text, href};
use pimkit_core::{Contact, ContactKind};
use pimkit_formats::{
    GroupModel, TextRecord,
    vcard::{group_model, vlist},
};

/// What a resource is.
pub(super) enum Is {
    Group(Group),
    /// Its UID.
    Contact(Option<String>),
    /// Nobody knows.
    Other,
}

/// What a text is.
pub(super) fn classify(text: &Text) -> Is {
    let title = |name: Option<String>| name.map(|name| name.trim().to_owned()).unwrap_or_default();
    if vlist::is_list(&text.bytes) {
        let Ok(list) = vlist::read(&text.bytes) else { return Is::Other };
        let members = list.members.into_iter().map(|member| file_of(&member.file)).collect();
        let (revision, form) = (Some(text.revision.clone()), GroupModel::Collections);
        return Is::Group(Group { revision, title: title(list.name), form, members });
    }
    match Contact::read(&text.bytes) {
        Ok(record) if record.kind == ContactKind::Group => {
            let form = match group_model([text.bytes.as_slice()]) {
                Ok(Some(GroupModel::Kind)) => GroupModel::Kind,
                _ => GroupModel::Apple,
            };
            Is::Group(Group { revision: Some(text.revision.clone()), title: title(record.name.full), form, members: record.members })
        }
        Ok(record) => Is::Contact(record.uid),
        Err(_) => Is::Other,
    }
}

/// A member of a list, as its resource is named here.
pub(super) fn file_of(member: &str) -> String {
    href::canonical(&format!("/{member}")).map_or_else(|| member.to_owned(), |path| href::name(&path).to_owned())
}
