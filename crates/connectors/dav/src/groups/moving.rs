//! Contacts that move to another address book: they are in the groups of the same names there.
//!
//! No server moves a contact and its groups at once. So what is there is never less than before, wherever a process dies:
//!
//! ```text
//! it dies after                              and leaves
//! the groups of the goal are joined          groups that name somebody who is not there, which no contact shows
//! the card says what is no group there       the contact where it was, with the same keywords in two ways
//! MOVE                                       the contact with its keywords, and its name in groups that it is gone from
//! the groups before are left                 nothing
//! ```
//!
//! Only who got another name by MOVE (the goal had one of its name) joins lists after it: dying in between leaves the contact
//! without the names of those.

use super::{
    Grouped,
    book::{self, Book, Index},
    decorate,
    members::Change,
    writing::{Beside, who},
};
use crate::{error, fetching::Got, href, known::Known};
use pimkit_core::{CollectionId, Contact, Fetched, Field, ItemId, Outcome, Repository as _, Revision, Stored, Write, WriteOptions};
use pimkit_formats::GroupModel;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

fn is_list(book: &Book, name: &str) -> bool {
    book.titled(name).next().map_or(book.model == GroupModel::Collections, |(_, group)| group.is_list())
}

impl Grouped {
    /// Prepares moves: what is to be in groups of the goal joins them, and what is no group there the card says itself.
    pub(super) async fn ahead(&self, known: &Arc<Known>, sent: &mut [Write<Contact>], beside: &mut [(usize, Beside)]) {
        let mut goals: BTreeMap<CollectionId, (Arc<Known>, Vec<Change>)> = BTreeMap::new();
        for (write, (place, more)) in sent.iter_mut().zip(beside) {
            let Write::Move { id, revision, to } = write else { continue };
            if *to == known.id || more.leaves.is_empty() || !known.quirks.moves {
                continue;
            }
            // A goal that cannot be looked at, or not be written to, refuses the move itself.
            let Ok(goal) = self.items.member(to).await else { continue };
            let Ok(book) = self.book(&goal).await else { continue };
            if goal.is_writable() {
                *revision = self.prepared(known, &goal, &book, id, revision.clone(), more).await;
                let change = Change { place: *place, who: more.who.clone(), joins: more.ahead.clone(), leaves: BTreeSet::new() };
                goals.entry(to.clone()).or_insert_with(|| (goal, Vec::new())).1.push(change);
            }
        }
        for (goal, changes) in goals.into_values() {
            // What could not be joined is seen when the contact is there.
            self.apply(&goal, &changes).await;
        }
    }

    /// Finds out what can be joined before a move, and lets the card say the rest. The version at which the contact is then.
    async fn prepared(
        &self,
        known: &Arc<Known>,
        goal: &Arc<Known>,
        book: &Book,
        id: &ItemId,
        mut revision: Revision,
        more: &mut Beside,
    ) -> Revision {
        let (mut joins, said): (BTreeSet<String>, BTreeSet<String>) = more.leaves.iter().cloned().partition(|name| book.takes(name));
        let lists = joins.iter().any(|name| is_list(book, name));
        if !said.is_empty() || lists || more.who.uid.is_none() {
            let record = match self.items.fetched(known, std::slice::from_ref(id)).await.pop() {
                Some(Fetched::Found(stored)) if stored.revision == revision => stored.record,
                // It is not what was planned to be moved, and so it is not moved.
                _ => return revision,
            };
            more.who = who(id, record.uid.as_deref(), Some(&record));
            let mut target = record.clone();
            target.keywords.extend(said);
            if target != record {
                let update = Write::Update {
                    id: id.clone(),
                    revision: revision.clone(),
                    base: Box::new(record),
                    target: Box::new(target),
                    mark: None,
                };
                let written = self.items.write(&known.id, vec![update], &WriteOptions::default()).await.pop();
                if let Some(Outcome::Written { revision: Some(now), .. }) = written {
                    revision = now;
                }
            }
        }
        // Whoever has its name there would be in the lists instead of it.
        if lists && !matches!(self.items.texts(goal, &[book::id(&goal.id, href::name(id.as_str()))]).await.pop(), Some(Got::Gone)) {
            joins.retain(|name| !is_list(book, name));
        }
        let index = Index::of(book);
        let there = index.names(&more.who.file, more.who.uid.as_deref());
        joins.retain(|name| !there.contains(name.as_str()));
        more.ahead = joins;
        revision
    }

    /// Completes moves: who arrived is in what could not be joined before, and who did not is in nothing there. New groups that
    /// were made for it stay, without it.
    pub(super) async fn arrived(
        &self,
        known: &Known,
        beside: &[(usize, Beside)],
        answers: &mut [Outcome<Contact>],
        options: &WriteOptions,
    ) {
        let mut back: BTreeMap<CollectionId, Vec<Change>> = BTreeMap::new();
        for ((place, more), answer) in beside.iter().zip(answers) {
            let Some(to) = more.to.as_ref().filter(|to| **to != known.id && !more.leaves.is_empty()) else { continue };
            match answer {
                Outcome::Written { .. } => self.landed(to, &more.leaves, options, answer).await,
                Outcome::Conflict { .. } | Outcome::Refused(_) if !more.ahead.is_empty() => {
                    let change = Change { place: *place, who: more.who.clone(), joins: BTreeSet::new(), leaves: more.ahead.clone() };
                    back.entry(to.clone()).or_default().push(change);
                }
                // Nobody knows where it is; wherever that is, it has its groups.
                _ => {}
            }
        }
        for (to, changes) in back {
            if let Ok(goal) = self.items.member(&to).await {
                self.apply(&goal, &changes).await;
            }
        }
    }

    /// Puts a contact that was moved into the groups of the same names that it is not in yet, and says what it is then.
    async fn landed(&self, to: &CollectionId, names: &BTreeSet<String>, options: &WriteOptions, outcome: &mut Outcome<Contact>) {
        let Outcome::Written { id, revision, now, left_out } = outcome else { return };
        let book = match self.items.member(to).await {
            Ok(goal) => self.book(&goal).await.ok(),
            Err(_) => None,
        };
        let stored = match (now.take(), &book) {
            (Some(mut stored), Some(book)) => {
                decorate(&mut stored, &Index::of(book));
                Some(*stored)
            }
            _ => match self.fetch(to, std::slice::from_ref(id)).await.pop() {
                Some(Fetched::Found(stored)) => Some(*stored),
                _ => None,
            },
        };
        let again = match stored {
            Some(stored) if names.is_subset(&stored.record.keywords) => {
                *revision = Some(stored.revision.clone());
                *now = Some(Box::new(stored));
                return;
            }
            Some(Stored { revision, record, .. }) => {
                let mut target = record.clone();
                target.keywords.extend(names.iter().cloned());
                let update = Write::Update { id: id.clone(), revision, base: Box::new(record), target: Box::new(target), mark: None };
                // It writes no move, so that this ends.
                Box::pin(self.write(to, vec![update], options)).await.pop()
            }
            None => None,
        };
        match again {
            Some(Outcome::Written { revision: own, now: stored, left_out: more, .. }) => {
                (*revision, *now) = (own, stored);
                left_out.extend(more);
            }
            Some(Outcome::Refused(e) | Outcome::Unknown(e)) => {
                *revision = None;
                left_out.push((Field::from("keywords"), e));
            }
            Some(Outcome::Conflict { .. }) | None => {
                *revision = None;
                let moved = "the contact was moved, and could not be put into its groups there; give it its categories again";
                left_out.push((Field::from("keywords"), error::unavailable(moved)));
            }
        }
    }
}
