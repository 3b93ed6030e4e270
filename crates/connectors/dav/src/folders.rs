//! Making, renaming and deleting collections.

use crate::{
    calls::bodies,
    error,
    fetching::{ESCAPE, Got, Held},
    href,
    items::Items,
    kinds::Resource,
    known::{self, Known},
    scheduling::Meeting,
};
use async_trait::async_trait;
use pimkit_core::{Collection, CollectionId, Error, ErrorKind, Folders, Mark, Notify, Outcome, Result, Revision, Stored, WriteOptions};
use pimkit_formats::marked;
use pimkit_http::{Failure, Request};
use std::sync::Arc;
use url::Url;

/// Longest name, in bytes.
const LONGEST: usize = 1024;

type Done = Result<Outcome<Collection>, Outcome<Collection>>;

/// # Behavior
/// - A new collection is named after the mark, so that the same create finds the first one; its name for people is a property.
/// - Renaming changes that property; address and id stay.
/// - A collection that may hold other kinds too is deleted only when all in it are of this kind.
#[async_trait]
impl<R: Resource> Folders for Items<R> {
    async fn create(&self, mark: &Mark, name: &str, _: &WriteOptions) -> Outcome<Collection> {
        let (Ok(outcome) | Err(outcome)) = self.make(mark, name).await;
        outcome
    }
    async fn rename(&self, id: &CollectionId, name: &str, _: &WriteOptions) -> Outcome<Collection> {
        let (Ok(outcome) | Err(outcome)) = self.rename_to(id, name).await;
        outcome
    }
    async fn delete(&self, id: &CollectionId, options: &WriteOptions) -> Outcome<Collection> {
        let (Ok(outcome) | Err(outcome)) = self.remove(id, options).await;
        outcome
    }
}

fn refused(error: Error) -> Outcome<Collection> {
    Outcome::Refused(error.during("dav.folders"))
}

fn lost(failure: Failure) -> Outcome<Collection> {
    failure.into_outcome("dav.folders")
}

/// A name for people on one line.
fn label(name: &str) -> Result<&str, Outcome<Collection>> {
    let name = name.trim();
    if name.is_empty() || name.len() > LONGEST || name.contains(char::is_control) {
        return Err(refused(Error::new(ErrorKind::InvalidData, "a collection needs a name of 1 to 1024 bytes on one line")));
    }
    Ok(name)
}

impl<R: Resource> Items<R> {
    fn told(&self, known: &Known, principal: Option<&str>) -> Outcome<Collection> {
        let collection = known.collection::<R>(principal);
        // A collection has no version: its name is all there is.
        let revision = Revision::from(collection.name.clone());
        let now = Stored::new(known.id.as_str(), &known.id, revision.clone(), collection);
        Outcome::Written { id: known.id.as_str().into(), revision: Some(revision), now: Some(Box::new(now)), left_out: Vec::new() }
    }

    async fn principal(&self) -> Option<String> {
        let endpoints = self.session.discovered()?;
        let url = Url::parse(endpoints.principal.as_deref()?).ok()?;
        href::canonical(url.path())
    }

    /// A collection as the server has it now.
    async fn anew(&self, id: &CollectionId) -> Result<Arc<Known>> {
        self.session.forget(id);
        self.member(id).await
    }

    async fn make(&self, mark: &Mark, name: &str) -> Done {
        let name = label(name)?;
        let endpoints = self.session.endpoints().await.map_err(refused)?;
        let homes = if R::COMPONENT.is_some() { &endpoints.calendars } else { &endpoints.address_books };
        let Some(home) = homes.first().and_then(|home| Url::parse(home).ok()) else {
            return Err(refused(error::unavailable("one collection was given, and no home; give the account's address to make others")));
        };
        let path = href::canonical(&format!("{}{}/", home.path(), marked::stem(mark, ESCAPE)));
        let path = path.ok_or_else(|| refused(error::foreign_id("mark", mark.as_str())))?;
        let mut url = home;
        url.set_path(&path);
        let id = CollectionId::from(path);
        let quirks = Known::new(&self.session, url.clone(), crate::calls::Props { types: Some(Default::default()), ..Default::default() });
        let deletes = quirks.as_ref().is_none_or(|k| k.quirks.deletes_collections);
        let able = quirks.is_none_or(|k| if R::COMPONENT.is_some() { k.quirks.makes_calendars } else { k.quirks.makes_address_books });
        // What could not be taken back is not made.
        if !able || !deletes {
            return Err(refused(error::unavailable("the server lets nobody make collections; make one in its own pages")));
        }
        let (method, body) = match R::COMPONENT {
            Some(component) => ("MKCALENDAR", bodies::make_calendar(name, component)),
            None => ("MKCOL", bodies::make_address_book(name)),
        };
        let request = self.session.query("dav.make", method, url, None, body).map_err(refused)?.idempotent(true);
        let answer = self.session.store(request).await.map_err(lost)?;
        match answer.status.as_u16() {
            200 | 201 => {}
            // RFC 4791 section 5.3.1.2 and RFC 4918 section 9.3.1: something is there. The first one, or another's.
            403 | 405 | 409 | 412 if self.anew(&id).await.is_ok() => {}
            _ => return Err(refused(error::refused(&answer))),
        }
        // DAViCal, Zimbra and OX leave the name out; ownCloud once said 201 and made nothing.
        let known = self.anew(&id).await.map_err(|e| Outcome::Unknown(e.during("dav.folders")))?;
        if known.props.display_name.as_deref() != Some(name) {
            return self.rename_to(&id, name).await;
        }
        Ok(self.told(&known, self.principal().await.as_deref()))
    }

    async fn rename_to(&self, id: &CollectionId, name: &str) -> Done {
        let name = label(name)?;
        let known = self.member(id).await.map_err(refused)?;
        if !known.quirks.renames {
            return Err(refused(error::unavailable("the server keeps the names of collections; rename it in the server's own pages")));
        }
        if known.props.privileges.is_some_and(|p| !p.write_properties) {
            return Err(refused(known::read_only()));
        }
        let request = self.session.query("dav.rename", "PROPPATCH", known.url.clone(), None, bodies::rename(name)).map_err(refused)?;
        let answer = self.session.send(request.idempotent(true)).await.map_err(lost)?;
        if !matches!(answer.status.as_u16(), 200..=207) {
            return Err(refused(error::refused(&answer)));
        }
        // Each property has its own status in the answer (RFC 4918 section 9.2.1); what is there now tells.
        let known = self.anew(id).await.map_err(|e| Outcome::Unknown(e.during("dav.folders")))?;
        if known.props.display_name.as_deref() != Some(name) {
            let kept = "the server kept the collection's name; rename it in the server's own pages";
            return Err(refused(error::unavailable(kept)));
        }
        Ok(self.told(&known, self.principal().await.as_deref()))
    }

    async fn remove(&self, id: &CollectionId, options: &WriteOptions) -> Done {
        let known = self.member(id).await.map_err(refused)?;
        if known.props.privileges.is_some_and(|p| !p.unbind && !p.write_content) {
            return Err(refused(known::read_only()));
        }
        if !known.quirks.deletes_collections {
            return Err(refused(error::unavailable("the server lets nobody delete collections; delete it in the server's own pages")));
        }
        let mails = R::COMPONENT.is_some() && known.schedules && options.notify == Notify::Nobody;
        if mails || known.is_mixed::<R>() {
            self.only_ours(&known, mails).await?;
        }
        let request = || -> Result<Request> { Ok(Request::new("dav.remove", "DELETE", known.url.clone())?.idempotent(true)) };
        let answer = self.session.store(request().map_err(refused)?).await.map_err(lost)?;
        self.session.forget(id);
        let there = || async { self.anew(id).await.map(|_| ()) };
        match answer.status.as_u16() {
            200..=204 => Ok(Outcome::written(id.as_str(), None)),
            // Cyrus 3.6 deletes later and says 404 (measured); it was there a moment ago.
            404 | 410 => match there().await {
                Err(e) if e.kind() == ErrorKind::CollectionGone => Ok(Outcome::written(id.as_str(), None)),
                _ => Err(refused(error::refused(&answer))),
            },
            _ => Err(refused(error::refused(&answer))),
        }
    }

    /// Refuses when something of another kind is in it, or a meeting whose removal would mail.
    async fn only_ours(&self, known: &Arc<Known>, mails: bool) -> Result<(), Outcome<Collection>> {
        let listed = self.everything(known).await.map_err(refused)?;
        let ids: Vec<_> = listed.into_iter().map(|(id, _)| id).collect();
        let chunk = usize::try_from(known.quirks.multiget).unwrap_or(usize::MAX).max(1);
        for part in ids.chunks(chunk) {
            for (id, got) in part.iter().zip(self.texts(known, part).await) {
                let text = match got {
                    Got::Gone => continue,
                    Got::Text(text) => text,
                    Got::Failed(e) => return Err(refused(e)),
                    Got::Hidden => return Err(refused(stranger())),
                };
                if !matches!(self.understood(known, id, &text), Held::Item(_)) {
                    return Err(refused(stranger()));
                }
                let meeting = Meeting::read(&text.bytes);
                if mails && meeting.guests && !(meeting.silent && known.quirks.obeys_schedule_agent) {
                    let told = "the collection holds a meeting whose guests the server would mail; move it away first, or allow mails";
                    return Err(refused(Error::new(ErrorKind::WouldNotify, told)));
                }
            }
        }
        Ok(())
    }
}

fn stranger() -> Error {
    let message = "the collection holds what is no item of this kind, or cannot be read; move it away first";
    Error::new(ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_and_not_too_long() {
        assert_eq!(label(" Home ").unwrap(), "Home");
        for bad in ["", "  ", "a\nb", &"x".repeat(1025)] {
            assert!(label(bad).is_err(), "{bad:?}");
        }
    }
}
