//! Making, renaming and deleting calendars.

use super::{
    Events,
    fetching::Look,
    writing::{made, whose},
};
use crate::{
    calls::{
        calendars::{self as calls, Calendar},
        odata::Page,
    },
    error,
    mapping::event,
    pages::Pages,
    session::{answered, lock},
};
use async_trait::async_trait;
use pimkit_core::{Collection, CollectionId, Error, ErrorKind, Folders, ItemId, Mark, Notify, Outcome, Persistence, Result, WriteOptions};
use pimkit_http::Failure;
use serde_json::Value;
use std::time::Duration;

/// How often a new calendar is looked for under the id that it was made with: soon after, a listing may give another one
/// (microsoft-graph-docs 5580 and 11296).
const LOOKS: u32 = 4;

fn refused(error: Error) -> Outcome<Collection> {
    Outcome::Refused(error.during("graph.calendars"))
}

fn lost(failure: Failure) -> Outcome<Collection> {
    failure.into_outcome("graph.calendars")
}

fn written(id: &CollectionId) -> Outcome<Collection> {
    Outcome::written(ItemId::from(id.as_str()), None)
}

impl Events {
    /// The calendar that carries a mark; nothing where there is none, or where it cannot be asked.
    async fn marked(&self, mark: &Mark) -> Result<Option<CollectionId>> {
        let reply = self.session.call(&calls::marked(self.session.mailbox(), mark)).await.map_err(Failure::into_error)?;
        if matches!(reply.status, 400 | 405 | 501) {
            return Ok(None);
        }
        let page = Page::read(answered(reply)?)?;
        Ok(page.rows.iter().find_map(Calendar::read).map(|calendar| calendar.id))
    }

    /// The id under which a new calendar is listed.
    async fn listed(&self, made: Calendar) -> CollectionId {
        for attempt in 0..LOOKS {
            if let Ok(all) = self.all_calendars().await {
                if all.iter().any(|calendar| calendar.id == made.id) {
                    return made.id;
                }
                let same = |one: &&Collection| one.name == made.name && one.owner.is_none();
                if let [one] = all.iter().filter(same).collect::<Vec<_>>().as_slice() {
                    return one.id.clone();
                }
            }
            self.session.clock.sleep(Duration::from_millis(500 << attempt)).await;
        }
        made.id
    }

    /// Whether a calendar holds something whose removal may mail: a meeting of anybody's, be it one occurrence of a series.
    async fn holds_meetings(&self, id: &CollectionId) -> Result<bool> {
        let call = self.place(id).meetings(self.session.config.page_size);
        let mut page = Page::read(self.session.ask(&call).await?)?;
        let mut pages = Pages::of(&self.session, &call);
        loop {
            if page.rows.iter().any(|row| event::role(row) != event::Role::Alone) {
                return Ok(true);
            }
            let is_series = |row: &&Value| event::is_master(row);
            let series: Vec<ItemId> = page.rows.iter().filter(is_series).filter_map(made).collect();
            // What cannot be looked into may have guests.
            let is_alone = |look: &Look| match look {
                Look::There(raw) => whose(raw) == event::Role::Alone,
                Look::Gone => true,
                _ => false,
            };
            if !self.looks(id, &series).await.iter().all(is_alone) {
                return Ok(true);
            }
            match page.next.take() {
                Some(next) => page = pages.at(&next).await?,
                None => return Ok(false),
            }
        }
    }
}

#[async_trait]
impl Folders for Events {
    async fn create(&self, mark: &Mark, name: &str, _: &WriteOptions) -> Outcome<Collection> {
        match self.marked(mark).await {
            Ok(Some(id)) => return written(&id),
            Ok(None) => {}
            Err(e) => return refused(e),
        }
        let reply = match self.session.call(&calls::create(self.session.mailbox(), mark, name)).await {
            Ok(reply) => reply,
            Err(failure) => return lost(failure),
        };
        if reply.status == 409 {
            // Made by a first try of ours, or of that name already.
            return match self.marked(mark).await {
                Ok(Some(id)) => written(&id),
                Ok(None) => refused(Error::new(ErrorKind::InvalidData, "there is a calendar of this name already; choose another name")),
                Err(e) => Outcome::Unknown(e.during("graph.calendars")),
            };
        }
        let made = match answered(reply) {
            Ok(row) => Calendar::read(&row),
            Err(e) => return refused(e),
        };
        let Some(made) = made else {
            let odd = "the answer does not say which calendar was made; list them again";
            return Outcome::Unknown(Error::new(ErrorKind::InvalidData, odd).during("graph.calendars"));
        };
        written(&self.listed(made).await)
    }

    async fn rename(&self, id: &CollectionId, name: &str, _: &WriteOptions) -> Outcome<Collection> {
        match self.session.call(&calls::rename(self.session.mailbox(), id, name)).await {
            Ok(reply) if reply.is_success() => written(id),
            Ok(reply) if error::is_missing(&reply) => refused(error::collection_gone()),
            Ok(reply) if reply.status == 409 => {
                refused(Error::new(ErrorKind::InvalidData, "there is a calendar of this name already; choose another name"))
            }
            Ok(reply) => refused(error::refused(&reply)),
            Err(failure) => lost(failure),
        }
    }

    async fn delete(&self, id: &CollectionId, options: &WriteOptions) -> Outcome<Collection> {
        if let Err(e) = self.calendar(id).await {
            return refused(e);
        }
        if options.notify == Notify::Nobody {
            match self.holds_meetings(id).await {
                Ok(false) => {}
                Ok(true) => {
                    let mails = "the calendar holds meetings, whose people may be mailed; allow it, or delete it in Outlook";
                    return refused(Error::new(ErrorKind::WouldNotify, mails));
                }
                Err(e) => return refused(e.persistence(Persistence::Temporary)),
            }
        }
        match self.session.call(&calls::delete(self.session.mailbox(), id)).await {
            Ok(reply) if reply.is_success() || (error::is_missing(&reply) && reply.maybe_done_before) => {
                lock(&self.calendars).remove(id);
                written(id)
            }
            Ok(reply) if error::is_missing(&reply) => refused(error::collection_gone()),
            Ok(reply) => refused(error::refused(&reply)),
            Err(failure) => lost(failure),
        }
    }
}
