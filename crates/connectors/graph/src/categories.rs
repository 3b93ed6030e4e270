//! The mailbox's list of categories: one for all kinds. Items carry names, and a name is fixed once it is on the list: renaming is a
//! new category, its name on every contact and task that had the old one, and the old one off the list when nothing else carries it.

use crate::{
    calls::{Call, categories as calls, contacts as items, odata, odata::Page, todo},
    contacts::Contacts,
    error,
    pages::Pages,
    session::{Session, answered},
};
use async_trait::async_trait;
use pimkit_core::{Categories, Category, CategoryId, CollectionId, Error, ErrorKind, Persistence, Result};
use pimkit_http::Failure;
use serde_json::{Map, Value};

/// How often the tasks of a list are looked through for a category that is renamed.
const TRIES: u32 = 5;

/// What else carries categories, below the mailbox.
const OTHERS: [&str; 2] = ["events", "messages"];

/// Every category of the mailbox, with its colour.
pub(crate) async fn list(session: &Session) -> Result<Vec<(Category, String)>> {
    let call = calls::list(session.mailbox());
    let first = Page::read(session.ask(&call).await?)?;
    Ok(Pages::of(session, &call).all(first).await?.iter().filter_map(calls::read).collect())
}

fn named<'c>(all: &'c [(Category, String)], name: &str) -> Option<&'c Category> {
    all.iter().map(|(category, _)| category).find(|category| category.name.to_lowercase() == name.to_lowercase())
}

/// The category of a name, made with this colour when there is none.
pub(crate) async fn ensure(session: &Session, name: &str, colour: &str) -> Result<Category> {
    if let Some(category) = named(&list(session).await?, name) {
        return Ok(category.clone());
    }
    let reply = session.call(&calls::create(session.mailbox(), name, colour)).await.map_err(Failure::into_error)?;
    if reply.status == 409 {
        // Somebody was faster, or our first try was done.
        let there = named(&list(session).await?, name).cloned();
        return there.ok_or_else(|| error::refused(&reply));
    }
    let made = answered(reply)?;
    let odd = || Error::new(ErrorKind::InvalidData, "the category was made, and the answer does not say which it is; list them again");
    calls::read(&made).map(|(category, _)| category).ok_or_else(odd)
}

/// Takes a category off the list. Twice is once.
pub(crate) async fn remove(session: &Session, id: &CategoryId) -> Result<()> {
    let reply = session.call(&calls::delete(session.mailbox(), id.as_str())).await.map_err(Failure::into_error)?;
    if reply.is_success() || error::is_missing(&reply) { Ok(()) } else { Err(error::refused(&reply)) }
}

impl Contacts {
    /// Puts one name in the place of another, on every contact.
    async fn retag(&self, old: &str, new: &str) -> Result<()> {
        let folders: Vec<CollectionId> = self.folders_now().await?.into_iter().map(|folder| folder.id).collect();
        for folder in folders {
            // What was changed is not found any more; who keeps changing a contact against us must not keep us for ever.
            for _ in 0..1000 {
                let members = || items::members(self.session.mailbox(), folder.as_str());
                let page = Page::read(self.session.ask(&items::tagged(members(), old)).await?)?;
                if page.rows.is_empty() {
                    break;
                }
                let calls: Vec<Call> = page
                    .rows
                    .iter()
                    .filter_map(|row| renamed(row, old, new).map(|(id, etag, body)| items::update(members(), id, &etag, body)))
                    .collect();
                if calls.is_empty() {
                    return Err(again());
                }
                let mut done = false;
                for reply in self.session.all(&calls).await {
                    let reply = reply.map_err(Failure::into_error)?;
                    if !reply.is_success() && !error::is_overtaken(&reply) && !error::is_missing(&reply) {
                        return Err(error::refused(&reply));
                    }
                    done |= reply.is_success();
                }
                if !done {
                    return Err(again());
                }
            }
        }
        Ok(())
    }

    /// Puts one name in the place of another, on every task; where the account may not look at tasks, or has none, they stay.
    async fn retag_tasks(&self, old: &str, new: &str) -> Result<()> {
        let session = &self.session;
        let call = todo::all_lists(session.mailbox());
        let reply = match session.call(&call).await.map_err(Failure::into_error) {
            Ok(reply) if reply.is_success() => reply,
            Err(error) if error.is_temporary() => return Err(error),
            Ok(_) | Err(_) => return Ok(()),
        };
        let lists = Pages::of(session, &call).all_of(reply).await?;
        for list in lists.iter().filter_map(todo::List::read).filter(|list| !list.flagged) {
            let members = || todo::members(session.mailbox(), &list.id);
            // Who keeps changing a task against us must not keep us for ever.
            for _ in 0..TRIES {
                let all = todo::all(members());
                let rows = Pages::of(session, &all).all(Page::read(session.ask(&all).await?)?).await?;
                let tagged = rows.iter().filter(|row| carries(row, old));
                let calls: Vec<Call> = tagged
                    .filter_map(|row| renamed(row, old, new))
                    .map(|(id, etag, body)| todo::update(members(), id, body).if_match(&etag).idempotent(false))
                    .collect();
                if calls.is_empty() {
                    break;
                }
                for reply in session.all(&calls).await {
                    let reply = reply.map_err(Failure::into_error)?;
                    if !reply.is_success() && !error::is_overtaken(&reply) && !error::is_missing(&reply) {
                        return Err(error::refused(&reply));
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether anything but contacts and tasks carries a category, as far as the account may look: names stay on items that it may not see,
    /// whatever is on the list.
    async fn is_elsewhere(&self, name: &str) -> Result<bool> {
        let calls = OTHERS.map(|kind| calls::elsewhere(self.session.mailbox(), kind, name));
        for reply in self.session.all(&calls).await {
            match reply.map_err(Failure::into_error) {
                Ok(reply) if reply.is_success() => {
                    let page = Page::read(answered(reply)?)?;
                    if !page.rows.is_empty() || page.next.is_some() {
                        return Ok(true);
                    }
                }
                Err(error) if error.is_temporary() => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(false)
    }
}

/// Whether an item carries a category.
fn carries(row: &Value, name: &str) -> bool {
    let names = row.get("categories").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    names.into_iter().any(|known| known.to_lowercase() == name.to_lowercase())
}

/// An item's categories with one name in the place of another: id, version, body.
fn renamed<'r>(row: &'r Value, old: &str, new: &str) -> Option<(&'r str, String, Map<String, Value>)> {
    let (id, etag) = (odata::text(row, "id")?, odata::etag(row)?);
    let mut names: Vec<String> = Vec::new();
    for name in row.get("categories")?.as_array()?.iter().filter_map(Value::as_str) {
        let name = if name.to_lowercase() == old.to_lowercase() { new } else { name };
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    Some((id, etag, Map::from_iter([("categories".to_owned(), names.into())])))
}

fn again() -> Error {
    Error::new(ErrorKind::Unavailable, "the contacts of the category keep changing; try again later").persistence(Persistence::Temporary)
}

#[async_trait]
impl Categories for Contacts {
    async fn list(&self, _: &CollectionId) -> Result<Vec<Category>> {
        let all = list(&self.session).await.map_err(|e| e.during("graph.categories"))?;
        Ok(all.into_iter().map(|(category, _)| category).collect())
    }

    async fn ensure(&self, _: &CollectionId, name: &str) -> Result<Category> {
        ensure(&self.session, name, "none").await.map_err(|e| e.during("graph.categories"))
    }

    async fn rename(&self, _: &CollectionId, id: &CategoryId, name: &str) -> Result<Category> {
        let during = |e: Error| e.during("graph.categories");
        let all = list(&self.session).await.map_err(during)?;
        let gone = || Error::new(ErrorKind::InvalidData, "the category is not on the list any more; list them again");
        let (old, colour) = all.iter().find(|(category, _)| category.id == *id).ok_or_else(|| during(gone()))?;
        if old.name == name {
            return Ok(old.clone());
        }
        if old.name.to_lowercase() == name.to_lowercase() {
            let fixed = "the list takes no two names that differ by case alone; give the category a name between";
            return Err(during(error::unavailable(fixed)));
        }
        let new = ensure(&self.session, name, colour).await.map_err(during)?;
        self.retag(&old.name, &new.name).await.map_err(during)?;
        self.retag_tasks(&old.name, &new.name).await.map_err(during)?;
        if !self.is_elsewhere(&old.name).await.map_err(during)? {
            remove(&self.session, &old.id).await.map_err(during)?;
        }
        Ok(new)
    }

    async fn remove(&self, _: &CollectionId, id: &CategoryId) -> Result<()> {
        remove(&self.session, id).await.map_err(|e| e.during("graph.categories"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_contact_keeps_its_other_categories_and_has_none_twice() {
        let row = json!({"id": "1", "@odata.etag": "W/\"a\"", "categories": ["x", "OLD", "new", "y"]});
        let (id, etag, body) = renamed(&row, "old", "new").unwrap();
        assert_eq!((id, etag.as_str(), Value::Object(body)), ("1", "W/\"a\"", json!({"categories": ["x", "new", "y"]})));
        assert!(renamed(&json!({"id": "1", "categories": ["old"]}), "old", "new").is_none(), "without a version nothing is written");
    }
}
