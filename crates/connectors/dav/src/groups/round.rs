//! Rounds of changes where groups are categories.
//!
//! A round of the cards is gone through to its end, and then, once, the groups are looked at: only then is it known which cards
//! are groups and who is in them. So a round here is one page, of ids and versions alone.
//!
//! ```text
//! nothing named          ──> nothing is asked; the groups are as the cursor has them
//! something named        ──> what is named is read (a search where that is much), and compared with the cursor
//! everything listed      ──> group cards are searched for (all is read where that cannot be), and the members' places found
//! ```

use super::{
    Grouped,
    book::{self, Book, Index},
    finding::Scope,
};
use crate::{
    changes::expired,
    cursor::{self, Between, Within},
    href,
    known::Known,
};
use pimkit_core::{
    Change, ChangeOptions, ChangePage, CollectionId, Contact, ItemId, Kind, Next, Position, Result, Revision, cursor::Bound,
};
use std::{collections::HashSet, sync::Arc};

impl Grouped {
    /// One whole round.
    pub(super) async fn round(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<Contact>> {
        let bound = cursor::bound(self.session(), Kind::Contact, collection, options);
        let before = match at {
            Position::Start => None,
            Position::Since(cursor) => bound.between::<Between>(cursor)?.groups,
            // No round here has pages.
            Position::Page(token) => return Err(bound.within::<Within>(token).err().unwrap_or_else(expired)),
        };
        // Without groups to compare with, every contact is named with those it has.
        let at = if before.is_none() { Position::Start } else { at };
        let (changes, between, complete) = self.drained(collection, at, options, &bound).await?;
        let known = self.items.member(collection).await?;
        self.session().hand_over_nothing(&known.id);
        if let Some(before) = before.clone().filter(|_| changes.is_empty() && !complete) {
            if self.session().book(&known.id).is_none() {
                self.session().keep_book(&known.id, before.clone());
            }
            return ended(&bound, Between { groups: Some(before), ..between }, Vec::new(), complete);
        }
        let mut listed: Vec<(ItemId, Option<Revision>)> = Vec::with_capacity(changes.len());
        let mut gone: Vec<ItemId> = Vec::new();
        for change in &changes {
            match change {
                Change::Removed { id, .. } => gone.push(id.clone()),
                Change::Listed { id, revision } | Change::OtherKind { id, revision, .. } | Change::Unreadable { id, revision, .. } => {
                    listed.push((id.clone(), revision.clone()));
                }
                Change::Upserted(stored) => listed.push((stored.id.clone(), Some(stored.revision.clone()))),
            }
        }
        let there: HashSet<&ItemId> = listed.iter().map(|(id, _)| id).collect();
        let scope = if complete { Scope::Whole(Some(&listed)) } else { Scope::Named(&listed, &gone) };
        let seen_last = self.session().book(&known.id);
        let now = self.look(&known, before.as_ref().or(seen_last.as_deref()), &scope).await?;
        let before = before.unwrap_or_default();
        let mut lines = seen(changes, &before, &now);
        if !complete {
            let named: HashSet<&ItemId> = there.into_iter().chain(&gone).collect();
            lines.extend(self.regrouped(&known, &before, &now, &named).await?);
        }
        let between = Between { groups: Some((*now).clone()), ..between };
        ended(&bound, between, lines, complete)
    }

    /// The cards' own round, to its end.
    async fn drained(
        &self,
        collection: &CollectionId,
        at: Position<'_>,
        options: &ChangeOptions,
        bound: &Bound,
    ) -> Result<(Vec<Change<Contact>>, Between, bool)> {
        let mut page = self.items.page(collection, at, options).await?;
        let mut changes = std::mem::take(&mut page.changes);
        loop {
            match page.next {
                Next::Done { cursor, complete } => return Ok((latest(changes), bound.between(&cursor)?, complete)),
                Next::More(token) => {
                    page = self.items.page(collection, Position::Page(&token), options).await?;
                    changes.append(&mut page.changes);
                }
            }
        }
    }

    /// Contacts whose groups changed though their cards did not, at the versions that they have now.
    ///
    /// # Errors
    /// When a contact's version could not be read.
    async fn regrouped(&self, known: &Arc<Known>, before: &Book, now: &Book, named: &HashSet<&ItemId>) -> Result<Vec<Change<Contact>>> {
        let ids = book::differing(before, now).into_iter().map(|file| book::id(&known.id, &file));
        let ids: Vec<ItemId> = ids.filter(|id| !named.contains(id) && !now.has(id)).collect();
        let own = |id: &ItemId| self.session().revision(&known.id, Kind::Contact.plural(), id);
        let unread: Vec<ItemId> = ids.iter().filter(|id| own(id).is_none()).cloned().collect();
        // Members that no contact is are named by nobody; a list of SOGo's may have such.
        let there = self.versions(known, &unread).await?;
        let index = Index::of(now);
        let line = |id: ItemId| {
            let revision = own(&id).or_else(|| there.get(&id).cloned().flatten());
            let names = index.names(href::name(id.as_str()), None);
            let is_there = revision.is_some() || there.contains_key(&id);
            is_there.then(|| Change::Listed { revision: revision.map(|own| book::joined(own, &names)), id })
        };
        Ok(ids.into_iter().filter_map(line).collect())
    }
}

/// Each item's last line: the one that counts.
fn latest(changes: Vec<Change<Contact>>) -> Vec<Change<Contact>> {
    let mut seen: HashSet<ItemId> = HashSet::with_capacity(changes.len());
    let mut latest: Vec<Change<Contact>> = changes.into_iter().rev().filter(|change| seen.insert(change.id().clone())).collect();
    latest.reverse();
    latest
}

/// The lines of a round: contacts with what their revision says of groups, groups as what they are.
fn seen(changes: Vec<Change<Contact>>, before: &Book, now: &Book) -> Vec<Change<Contact>> {
    let index = Index::of(now);
    let line = |change| match change {
        Change::Listed { id, revision } if now.has(&id) => Some(Change::OtherKind { id, revision, kind: None }),
        Change::Listed { id, revision } => {
            let names = index.names(href::name(id.as_str()), None);
            Some(Change::Listed { revision: revision.map(|own| book::joined(own, &names)), id })
        }
        // A group never was an item.
        Change::Removed { id, .. } if before.has(&id) => None,
        other => Some(other),
    };
    changes.into_iter().filter_map(line).collect()
}

fn ended(bound: &Bound, between: Between, changes: Vec<Change<Contact>>, complete: bool) -> Result<ChangePage<Contact>> {
    Ok(ChangePage { changes, next: Next::Done { cursor: bound.cursor(&between)?, complete } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::book::Group;
    use pimkit_core::Removal;

    fn listed(file: &str) -> Change<Contact> {
        Change::Listed { id: format!("/b/{file}").as_str().into(), revision: Some("e:1".into()) }
    }

    fn removed(file: &str) -> Change<Contact> {
        Change::Removed { id: format!("/b/{file}").as_str().into(), reason: Removal::Unknown }
    }

    fn said(changes: &[Change<Contact>]) -> Vec<String> {
        let word = |change: &Change<Contact>| match change {
            Change::Listed { id, revision } => format!("{id} {}", revision.as_ref().map_or("", Revision::as_str)),
            Change::Removed { id, .. } => format!("{id} removed"),
            Change::OtherKind { id, .. } => format!("{id} other"),
            other => format!("{other:?}"),
        };
        changes.iter().map(word).collect()
    }

    #[test]
    fn the_last_line_of_an_item_counts() {
        let changes = latest(vec![listed("a"), removed("b"), removed("a"), listed("b"), listed("c")]);
        assert_eq!(said(&changes), ["/b/a removed", "/b/b e:1", "/b/c e:1"]);
    }

    #[test]
    fn a_group_is_named_as_what_it_is_and_never_as_removed() {
        let group = Group { title: "Team".into(), members: ["u".to_owned()].into(), ..Group::default() };
        let mut before = Book::default();
        before.groups.insert("old".into(), group.clone());
        let mut now = Book::default();
        now.groups.insert("g".into(), group);
        now.places.insert("u".into(), ["a".to_owned()].into());
        let changes = vec![listed("a"), listed("g"), removed("old"), removed("b"), listed("c")];
        let hash = book::hash(&["Team"].into()).unwrap();
        let expected = [format!("/b/a g:{hash}:e:1"), "/b/g other".into(), "/b/b removed".into(), "/b/c e:1".into()];
        assert_eq!(said(&seen(changes, &before, &now)), expected);
    }
}
