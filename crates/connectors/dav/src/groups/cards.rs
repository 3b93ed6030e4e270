//! Group cards: read and written as contacts of the kind group, by what writes contacts.

use super::{
    Grouped,
    book::{self, Group},
    members::{Edit, Step},
};
use crate::{href, known::Known, writing::Batch};
use pimkit_core::{
    Contact, ContactKind, Delete, Error, ItemId, Mark, Outcome, Record, Revision, Stored, Write, WriteOptions, cursor::binding,
};
use pimkit_formats::GroupModel;
use std::sync::Arc;

/// Names of resources that are tried for one group.
pub(super) const NAMES: u32 = 4;

/// The mark of the group of this name in an address book, so that whoever makes it makes it once. `salt` is for a name whose
/// resource another group has by now.
pub(super) fn mark(known: &Known, title: &str, salt: u32) -> Mark {
    let salt = salt.to_string();
    Mark::from(format!("group-{:016x}", binding(&[known.id.as_str(), title, &salt])))
}

/// What became of a write whose answer says nothing of the group.
pub(super) fn silent(outcome: Outcome<Contact>) -> Step {
    match outcome {
        Outcome::Refused(e) => Step::Failed(e),
        Outcome::Unknown(e) => Step::Overtaken(Some(e)),
        Outcome::Conflict { .. } | Outcome::Written { .. } => Step::Overtaken(None),
    }
}

fn record(title: &str, group: &Group) -> Contact {
    Contact::build(|c| {
        c.kind = ContactKind::Group;
        c.name.full = Some(title.to_owned());
        c.members = group.members.clone();
    })
}

/// The group as the server has it: what it says, or what was sent.
fn stored(sent: Group, revision: Option<Revision>, now: Option<Box<Stored<Contact>>>) -> Group {
    match now {
        Some(now) if now.record.kind == ContactKind::Group => Group {
            revision: Some(now.revision),
            title: now.record.name.full.map(|name| name.trim().to_owned()).unwrap_or_default(),
            members: now.record.members,
            form: sent.form,
        },
        _ => Group { revision, ..sent },
    }
}

impl Grouped {
    /// Edits group cards: one conditional PUT each, and nothing where nothing changes.
    pub(super) async fn edit_cards(&self, known: &Arc<Known>, edits: &[(&str, &Group, &Edit)]) -> Vec<Step> {
        let mut steps: Vec<Step> = edits.iter().map(|_| Step::Overtaken(None)).collect();
        let (mut writes, mut sent) = (Vec::new(), Vec::new());
        for ((file, group, edit), step) in edits.iter().zip(&mut steps) {
            let after = edit.made(group);
            if after == **group {
                *step = Step::Stored((*file).to_owned(), after);
                sent.push(None);
                continue;
            }
            // Without its version it has to be read first.
            let Some(revision) = group.revision.clone() else {
                sent.push(None);
                continue;
            };
            writes.push(Write::Update {
                id: book::id(&known.id, file),
                revision,
                base: Box::new(record(&group.title, group)),
                target: Box::new(record(&after.title, &after)),
                mark: None,
            });
            sent.push(Some(after));
        }
        if writes.is_empty() {
            return steps;
        }
        // A card that is there keeps its form, whichever is asked for.
        let cards = self.cards(known, GroupModel::Apple);
        let mut outcomes = Batch::run(&cards, &known.id, writes, &WriteOptions::default()).await.into_iter();
        for (((file, ..), after), step) in edits.iter().zip(sent).zip(&mut steps) {
            let Some(after) = after else { continue };
            *step = match outcomes.next() {
                Some(Outcome::Written { revision, now, left_out, .. }) => match left_out.into_iter().next() {
                    Some((_, e)) => Step::Failed(e),
                    None => Step::Stored((*file).to_owned(), stored(after, revision, now)),
                },
                Some(outcome) => silent(outcome),
                None => Step::Overtaken(None),
            };
        }
        steps
    }

    /// Makes a group card. What comes back may be one that is there already, without those who shall join.
    pub(super) async fn make_card(&self, known: &Arc<Known>, model: GroupModel, title: &str, edit: &Edit) -> Step {
        let form = if model == GroupModel::Kind { GroupModel::Kind } else { GroupModel::Apple };
        let cards = self.cards(known, form);
        let group = edit.made(&Group { title: title.to_owned(), form, ..Group::default() });
        for salt in 0..NAMES {
            let write = Write::Create { mark: mark(known, title, salt), record: record(title, &group) };
            match Batch::run(&cards, &known.id, vec![write], &WriteOptions::default()).await.pop() {
                Some(Outcome::Written { id, revision, now, left_out }) => {
                    if let Some((_, e)) = left_out.into_iter().next() {
                        return Step::Failed(e);
                    }
                    let there = now.is_none() || now.as_ref().is_some_and(|now| now.record.kind == ContactKind::Group);
                    let group = stored(group.clone(), revision, now);
                    if there && group.title == title {
                        return Step::Stored(href::name(id.as_str()).to_owned(), group);
                    }
                    // Another name was given to it since.
                }
                Some(Outcome::Conflict { .. }) => {}
                Some(outcome) => return silent(outcome),
                None => return Step::Overtaken(None),
            }
        }
        Step::Failed(taken())
    }

    /// Deletes a group card or a list.
    pub(super) async fn delete_group(&self, known: &Arc<Known>, file: &str, revision: Revision) -> Step {
        let id: ItemId = book::id(&known.id, file);
        let write = Write::Delete { id, revision, mode: Delete::Permanent };
        match Batch::run(&self.cards(known, GroupModel::Apple), &known.id, vec![write], &WriteOptions::default()).await.pop() {
            Some(Outcome::Written { .. }) => Step::Gone,
            Some(outcome) => silent(outcome),
            None => Step::Overtaken(None),
        }
    }
}

/// Every name of a resource that a group could have is another's.
pub(super) fn taken() -> Error {
    crate::error::unavailable("other groups have the places of this one; remove groups that nobody needs at the server")
}
