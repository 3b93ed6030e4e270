//! Writes of contacts whose keywords are groups: the card first, then the groups that it joins or leaves.

use super::{
    Grouped,
    book::{self, Book, Index, Who},
    decorate,
    members::Change,
};
use crate::{
    href,
    known::{self, Known},
};
use pimkit_core::{CollectionId, Contact, Error, Fetched, Field, ItemId, Kind, Outcome, Repository, Result, Revision, Write, WriteOptions};
use pimkit_formats::{GroupModel, compose};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// What a write does beside writing the card.
#[derive(Debug, Default)]
pub(super) struct Beside {
    pub(super) who: Who,
    joins: BTreeSet<String>,
    pub(super) leaves: BTreeSet<String>,
    /// Where the contact goes.
    pub(super) to: Option<CollectionId>,
    /// Names of groups there that it joined before it went.
    pub(super) ahead: BTreeSet<String>,
    /// It is gone afterwards.
    deleted: bool,
}

fn refused(error: Error) -> Outcome<Contact> {
    Outcome::Refused(error.during("dav.write"))
}

pub(super) fn who(id: &ItemId, uid: Option<&str>, record: Option<&Contact>) -> Who {
    Who {
        file: href::name(id.as_str()).to_owned(),
        uid: uid.map(str::to_owned),
        email: record.and_then(|r| r.emails.first()).map(|email| email.address.clone()),
        name: record.and_then(|r| r.name.full.clone()),
    }
}

/// Names as groups have them: without blanks around them.
fn trimmed(names: &BTreeSet<String>) -> impl Iterator<Item = String> {
    names.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// The id and the revision that a write was planned against.
fn planned(write: &Write<Contact>) -> Option<(&ItemId, &Revision)> {
    match write {
        Write::Create { .. } => None,
        Write::Update { id, revision, .. } | Write::Move { id, revision, .. } | Write::Delete { id, revision, .. } => Some((id, revision)),
    }
}

/// Whether the groups are still those that the write was planned against.
fn holds(index: &Index<'_>, write: &Write<Contact>, uid: Option<&str>) -> bool {
    let Some((id, revision)) = planned(write) else { return true };
    let names = index.names(href::name(id.as_str()), uid);
    book::apart(revision).1.map(str::to_owned) == book::hash(&names)
}

/// The UID of the contact that is written, as far as it is known.
fn uid_of(book: &Book, write: &Write<Contact>) -> Option<String> {
    match write {
        Write::Create { record, .. } => record.uid.clone(),
        Write::Update { base, .. } => base.uid.clone(),
        Write::Move { id, .. } | Write::Delete { id, .. } => book.uid_at(href::name(id.as_str())).map(str::to_owned),
    }
}

/// Whether the UID has to be found out, because groups change and whoever planned the write does not say it.
fn lacks_uid(book: &Book, write: &Write<Contact>) -> bool {
    let cards = book.groups.values().any(|group| !group.is_list()) || matches!(book.model, GroupModel::Apple | GroupModel::Kind);
    matches!(write, Write::Update { base, target, .. } if cards && base.uid.is_none() && base.keywords != target.keywords)
}

/// The write of the card alone, and what else is to be done.
fn parted(book: &Book, index: &Index<'_>, write: Write<Contact>, uid: Option<&str>) -> Result<(Write<Contact>, Beside)> {
    // Where no group has the name, a card says it itself, or a group is made.
    let is_group = |name: &String| book.takes(name);
    let own = |revision: &Revision| book::apart(revision).0;
    let names = |id: &ItemId| index.names(href::name(id.as_str()), uid).into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    Ok(match write {
        Write::Create { mark, record } => {
            let mut record = compose::with_uid(record, "pimkit-dav", &mark)?;
            let (joins, said) = trimmed(&record.keywords).partition(is_group);
            record.keywords = said;
            (Write::Create { mark, record }, Beside { joins, ..Beside::default() })
        }
        Write::Update { id, revision, base, mut target, mark } => {
            let added = trimmed(&target.keywords).filter(|name| !base.keywords.contains(name));
            let (joins, said): (BTreeSet<String>, BTreeSet<String>) = added.partition(is_group);
            let stay: BTreeSet<String> = trimmed(&target.keywords).collect();
            let leaves: BTreeSet<String> = base.keywords.difference(&stay).cloned().collect();
            // What goes goes from the card's own words too.
            target.keywords = base.keywords.difference(&leaves).cloned().chain(said).collect();
            let who = who(&id, uid, Some(&target));
            (Write::Update { revision: own(&revision), id, base, target, mark }, Beside { who, joins, leaves, ..Beside::default() })
        }
        Write::Move { id, revision, to } => {
            let beside = Beside { who: who(&id, uid, None), leaves: names(&id), to: Some(to.clone()), ..Beside::default() };
            (Write::Move { revision: own(&revision), id, to }, beside)
        }
        Write::Delete { id, revision, mode } => {
            let beside = Beside { who: who(&id, uid, None), leaves: names(&id), deleted: true, ..Beside::default() };
            (Write::Delete { revision: own(&revision), id, mode }, beside)
        }
    })
}

impl Grouped {
    /// Does the writes: cards in order, then the groups of all of them.
    pub(super) async fn written(
        &self,
        collection: &CollectionId,
        writes: Vec<Write<Contact>>,
        options: &WriteOptions,
    ) -> Vec<Outcome<Contact>> {
        let all = |e: &Error| writes.iter().map(|_| refused(e.clone())).collect();
        let known = match self.items.member(collection).await {
            Ok(known) if known.is_writable() => known,
            Ok(_) => return all(&known::read_only()),
            Err(e) => return all(&e),
        };
        let book = match self.book(&known).await {
            Ok(book) => book,
            Err(e) => return all(&e),
        };
        let index = Index::of(&book);
        let mut outcomes: Vec<Option<Outcome<Contact>>> = writes.iter().map(|_| None).collect();
        let (mut sent, mut beside) = (Vec::new(), Vec::new());
        // What is written is not what a round has read any more.
        let touched: Vec<ItemId> = writes.iter().filter_map(planned).map(|(id, _)| id.clone()).collect();
        self.session().handed(&known.id, &touched);
        let looked_at = self.doubted(&known, &book, &index, &writes).await;
        for (place, write) in writes.into_iter().enumerate() {
            let uid = match looked_at.get(&place) {
                None => uid_of(&book, &write),
                Some(Ok(uid)) => uid.clone(),
                Some(Err(outcome)) => {
                    put(&mut outcomes, place, outcome.clone());
                    continue;
                }
            };
            match parted(&book, &index, write, uid.as_deref()) {
                Ok((write, more)) => {
                    sent.push(write);
                    beside.push((place, more));
                }
                Err(e) => put(&mut outcomes, place, refused(e)),
            }
        }
        let uids: Vec<Option<Contact>> = sent
            .iter()
            .map(|write| match write {
                Write::Create { record, .. } => Some(record.clone()),
                _ => None,
            })
            .collect();
        self.ahead(&known, &mut sent, &mut beside).await;
        let leaving: Vec<Option<ItemId>> = sent
            .iter()
            .map(|write| match write {
                Write::Delete { id, .. } => Some(id.clone()),
                Write::Move { id, to, .. } if *to != known.id => Some(id.clone()),
                _ => None,
            })
            .collect();
        let mut answers = self.items.write(collection, sent, options).await;
        self.arrived(&known, &beside, &mut answers, options).await;
        let mut changes = Vec::new();
        for ((((place, more), made), left), answer) in beside.iter_mut().zip(&uids).zip(&leaving).zip(&answers) {
            let Outcome::Written { id, now, .. } = answer else { continue };
            if let Some(record) = made {
                // Who gives UIDs of its own says so.
                let uid = now.as_ref().and_then(|now| now.record.uid.as_deref()).or(record.uid.as_deref());
                more.who = who(id, uid, Some(record));
            }
            if let Some(left) = left {
                self.session().forget_uid(&known.id, Kind::Contact.plural(), left);
            }
            if more.to.as_ref().is_some_and(|to| *to == known.id) {
                continue;
            }
            changes.push(Change { place: *place, who: more.who.clone(), joins: more.joins.clone(), leaves: more.leaves.clone() });
        }
        let mut failures = self.apply(&known, &changes).await;
        let now = self.session().book(&known.id).unwrap_or(book);
        let index = Index::of(&now);
        for ((place, more), answer) in beside.iter().zip(&mut answers) {
            // A group that keeps somebody who is gone is no harm.
            let failure = failures.remove(place).filter(|_| !more.deleted && more.to.is_none());
            self.told(&known, &index, more, answer, failure);
        }
        for ((place, _), answer) in beside.into_iter().zip(answers) {
            put(&mut outcomes, place, answer);
        }
        let unanswered = || refused(Error::new(pimkit_core::ErrorKind::Unexpected, "a write was not answered; report this"));
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(unanswered)).collect()
    }

    /// Looks at contacts whose groups do not seem to be those that a write was planned against: their UID when they are all the
    /// same, else the conflict.
    async fn doubted(
        &self,
        known: &Arc<Known>,
        book: &Book,
        index: &Index<'_>,
        writes: &[Write<Contact>],
    ) -> HashMap<usize, Result<Option<String>, Outcome<Contact>>> {
        let doubted =
            |(_, write): &(usize, &Write<Contact>)| !holds(index, write, uid_of(book, write).as_deref()) || lacks_uid(book, write);
        let doubted: Vec<(usize, &Write<Contact>)> = writes.iter().enumerate().filter(doubted).collect();
        let ids: Vec<ItemId> = doubted.iter().filter_map(|(_, write)| planned(write)).map(|(id, _)| id.clone()).collect();
        if ids.is_empty() {
            return HashMap::new();
        }
        let found = self.decorated(book, self.items.fetched(known, &ids).await);
        let judged = doubted.into_iter().zip(found).map(|((place, write), found)| {
            let revision = planned(write).map(|(_, revision)| revision);
            let verdict = match found {
                Fetched::Found(stored) if Some(&stored.revision) == revision => Ok(stored.record.uid),
                Fetched::Found(stored) => Err(Outcome::Conflict { now: Some(stored) }),
                Fetched::Failed(e) => Err(refused(e)),
                _ => Err(Outcome::Conflict { now: None }),
            };
            (place, verdict)
        });
        judged.collect()
    }

    /// Adds to an answer what became of the groups.
    fn told(&self, known: &Known, index: &Index<'_>, more: &Beside, answer: &mut Outcome<Contact>, failure: Option<Error>) {
        match answer {
            Outcome::Written { id, revision, now, left_out } if !more.deleted && more.to.as_ref().is_none_or(|to| *to == known.id) => {
                left_out.extend(failure.map(|e| (Field::from("keywords"), e.during("dav.groups"))));
                if let Some(own) = revision.take() {
                    self.remember(known, id, &own, more.who.uid.as_deref());
                    *revision = Some(book::joined(own, &index.names(&more.who.file, more.who.uid.as_deref())));
                }
                if let Some(stored) = now {
                    decorate(stored, index);
                }
            }
            Outcome::Conflict { now: Some(stored) } => decorate(stored, index),
            _ => {}
        }
    }
}

fn put(outcomes: &mut [Option<Outcome<Contact>>], place: usize, outcome: Outcome<Contact>) {
    if let Some(slot) = outcomes.get_mut(place) {
        *slot = Some(outcome);
    }
}
