//! Events: calendars and what is in them.
//!
//! What a round of changes names is read in full by a fetch: a series needs a question of its own for what is otherwise than its
//! rule makes it, because an occurrence that was deleted shows nowhere else (microsoft-graph-docs 2963 and 4501).

mod categories;
mod changes;
mod fetching;
mod files;
mod folders;
mod sending;
mod series;
mod uploading;
mod writing;

use crate::{
    calls::{Call, calendars, calendars::Calendar, events::Place, odata, odata::Page},
    error,
    mapping::event::{self, Mailbox},
    pages::Pages,
    session::{Session, lock},
};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use pimkit_core::{
    Blobs, Capabilities, Categories, ChangeOptions, ChangePage, Collection, CollectionId, Create, Error, Event, Fetched, Field,
    FieldSupport, Folders, ItemId, Key, Outcome, Position, Repository, Result, Search, Stored, Write, WriteOptions, Zone,
};
use pimkit_exchange::{
    global_object_id::GlobalObjectId,
    property::{MARK, UID},
    zones::{self, Named},
};
use serde_json::Value;
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
};

/// The most that can be done with events.
pub(crate) const CAPABILITIES: Capabilities = {
    let mut can = Capabilities::none();
    can.write = true;
    can.incremental = true;
    can.conditional = true;
    can.trash = true;
    // The transaction of a create is made of its mark.
    can.create = Create::Repeatable;
    can.attachments = true;
    can.exceptions = true;
    can.find = true;
    can.keeps_as_written = true;
    can.keeps_ids = true;
    can.moves_keep_ids = true;
    can.write_batch = Some(20);
    can
};

/// The account's events.
#[derive(Debug)]
pub(crate) struct Events {
    session: Arc<Session>,
    calendars: Mutex<HashMap<CollectionId, Calendar>>,
    /// What the mailbox's settings say of its zone, once they were asked.
    zone: Mutex<Option<Option<Zone>>>,
    /// The zone of the event that was read last.
    last_zone: Mutex<Option<String>>,
    /// Zones in which the server gives no times.
    refused_zones: Mutex<BTreeSet<String>>,
    /// How changes of a calendar are asked for, where the server refused a better way.
    ways: Mutex<HashMap<CollectionId, changes::Way>>,
    /// Whose the default calendar is.
    owner: Mutex<Option<String>>,
}

impl Events {
    pub(crate) fn new(session: Arc<Session>) -> Self {
        Self {
            session,
            calendars: Mutex::default(),
            zone: Mutex::default(),
            last_zone: Mutex::default(),
            refused_zones: Mutex::default(),
            ways: Mutex::default(),
            owner: Mutex::default(),
        }
    }

    fn place(&self, collection: &CollectionId) -> Place {
        Place::new(self.session.mailbox(), collection)
    }

    /// All rows of a collection of Graph's, page by page. For what is never many.
    async fn rows(&self, call: &Call) -> Result<Vec<Value>> {
        let first = Page::read(self.session.ask(call).await?)?;
        Pages::of(&self.session, call).all(first).await
    }

    /// The calendar, asked for anew.
    ///
    /// # Errors
    /// `CollectionGone` when it is not there.
    async fn calendar(&self, id: &CollectionId) -> Result<Calendar> {
        let reply = self.session.call(&calendars::get(self.session.mailbox(), id)).await.map_err(pimkit_http::Failure::into_error)?;
        self.calendar_of(id, &reply)
    }

    fn calendar_of(&self, id: &CollectionId, reply: &crate::calls::Reply) -> Result<Calendar> {
        if !reply.is_success() {
            return Err(if error::is_missing(reply) { error::collection_gone() } else { error::refused(reply) });
        }
        let mut calendar = Calendar::read(reply.json()).ok_or_else(error::collection_gone)?;
        // The id that was asked by is the collection's, however the server spells it today.
        calendar.id = id.clone();
        lock(&self.calendars).insert(id.clone(), calendar.clone());
        Ok(calendar)
    }

    /// The calendar as it is known, asked for when it is not.
    async fn known(&self, id: &CollectionId) -> Result<Calendar> {
        let known = lock(&self.calendars).get(id).cloned();
        match known {
            Some(calendar) => Ok(calendar),
            None => self.calendar(id).await,
        }
    }

    /// What must be known of the mailbox to read and write the events of a calendar.
    async fn mailbox(&self, calendar: &Calendar) -> Mailbox {
        let mut own = self.session.addresses().await.unwrap_or_default();
        own.extend(lock(&self.owner).clone());
        let shared = calendar.owner.as_ref().is_some_and(|owner| !own.is_empty() && !event::people::is_own(owner, &own));
        own.extend(calendar.owner.clone());
        Mailbox { zone: self.own_zone().await, own, shared, shows_private: calendar.shows_private }
    }

    /// The zone of the mailbox's settings. Who may not read them does without; so does who is told an empty name
    /// (msgraph-sample-rubyrailsapp 195).
    async fn own_zone(&self) -> Option<Zone> {
        if let Some(known) = lock(&self.zone).clone() {
            return known;
        }
        let path = self.session.mailbox().word("mailboxSettings").query("$select", "timeZone");
        let zone = match self.session.call(&Call::get("graph.mailboxSettings", path)).await {
            Ok(reply) => match zones::read(odata::text(reply.json(), "timeZone").unwrap_or_default()) {
                Named::Zone(zone) => Some(zone),
                _ => None,
            },
            Err(failure) if failure.error().is_temporary() => return None,
            Err(_) => None,
        };
        *lock(&self.zone) = Some(zone.clone());
        zone
    }

    async fn all_calendars(&self) -> Result<Vec<Collection>> {
        let mailbox = || self.session.mailbox();
        let mut rows = self.rows(&calendars::list(mailbox())).await?;
        for group in self.groups().await? {
            rows.extend(self.rows(&calendars::of_group(mailbox(), &group)).await?);
        }
        let own = rows.iter().find(|row| calendars::is_default(row)).and_then(Calendar::read).and_then(|calendar| calendar.owner);
        lock(&self.owner).clone_from(&own);
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        let mut known = HashMap::new();
        for calendar in rows.iter().filter_map(Calendar::read) {
            if seen.insert(calendar.id.clone()) {
                found.push(calendar.collection(own.as_deref(), self.most()));
                known.insert(calendar.id.clone(), calendar);
            }
        }
        *lock(&self.calendars) = known;
        Ok(found)
    }

    /// The ids of the groups; none where the account has none.
    async fn groups(&self) -> Result<Vec<String>> {
        let call = calendars::groups(self.session.mailbox());
        let reply = self.session.call(&call).await.map_err(pimkit_http::Failure::into_error)?;
        if matches!(reply.status, 400 | 403 | 404 | 405 | 501) {
            return Ok(Vec::new());
        }
        let rows = Pages::of(&self.session, &call).all_of(reply).await?;
        Ok(rows.iter().filter_map(|row| odata::text(row, "id")).map(str::to_owned).collect())
    }

    fn most(&self) -> Capabilities {
        let stay = self.session.config.quirks.immutable_ids;
        CAPABILITIES.with(|can| (can.keeps_ids, can.moves_keep_ids) = (stay, stay))
    }

    async fn found(&self, collection: &CollectionId, key: &Key) -> Result<Vec<Stored<Event>>> {
        let place = self.place(collection);
        let calls = match key {
            Key::Mark(mark) => vec![place.with_property(&MARK, mark.as_str())],
            Key::Uid(uid) => {
                // A uid from elsewhere is the mailbox's in its own words, or as it was.
                let wrapped = GlobalObjectId::of_uid(uid).hex();
                let mut calls = vec![place.with_property(&UID, uid), place.with_uid(uid)];
                if wrapped != *uid {
                    calls.push(place.with_uid(&wrapped));
                }
                calls
            }
        };
        let mut ids = BTreeSet::new();
        for call in &calls {
            ids.extend(self.rows(call).await?.iter().filter_map(|row| odata::text(row, "id")).map(ItemId::from));
        }
        let ids: Vec<ItemId> = ids.into_iter().collect();
        let mut found = Vec::new();
        for answer in self.fetch(collection, &ids).await {
            match answer {
                Fetched::Found(stored) => found.push(*stored),
                // Between the two questions it went, or is not ours to see.
                Fetched::Gone | Fetched::Hidden | Fetched::OtherKind { .. } => {}
                Fetched::Unreadable { error, .. } | Fetched::Failed(error) => return Err(error),
            }
        }
        // Values are compared without case, and a copy has what its original has: only what says the key itself counts.
        found.retain(|stored| match key {
            Key::Mark(mark) => stored.mark.as_ref() == Some(mark),
            Key::Uid(uid) => stored.record.uid.as_deref() == Some(uid),
        });
        Ok(found)
    }
}

#[async_trait]
impl Repository<Event> for Events {
    async fn collections(&self) -> Result<Vec<Collection>> {
        let listed = async { self.session.owned(self.all_calendars().await?).await };
        listed.await.map_err(|e: Error| e.during("graph.events.collections"))
    }

    async fn changes(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<Event>> {
        self.page(collection, at, options).await.map_err(|e| e.during("graph.events.changes"))
    }

    async fn fetch(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Fetched<Event>> {
        self.fetched(collection, ids).await
    }

    async fn current_ids(&self, _: &CollectionId, ids: &[ItemId]) -> Vec<Result<ItemId>> {
        self.session.lasting("events", ids).await
    }

    async fn find(&self, collection: &CollectionId, keys: &[Key]) -> Vec<Result<Vec<Stored<Event>>>> {
        if keys.is_empty() {
            return Vec::new();
        }
        if let Err(e) = self.calendar(collection).await {
            return keys.iter().map(|_| Err(e.clone().during("graph.events.find"))).collect();
        }
        let answers =
            stream::iter(keys).then(|key| self.found(collection, key)).map(|found| found.map_err(|e| e.during("graph.events.find")));
        answers.collect().await
    }

    async fn fields(&self, collection: &CollectionId) -> Result<Vec<FieldSupport>> {
        let calendar = self.known(collection).await.map_err(|e| e.during("graph.events.fields"))?;
        let mut fields = event::fields();
        fields.iter_mut().for_each(|field| field.write &= calendar.can_edit);
        Ok(fields)
    }

    async fn ensure_field(&self, collection: &CollectionId, name: &str) -> Result<Field> {
        self.calendar(collection).await.map_err(|e| e.during("graph.events.fields"))?;
        // Custom fields of any name are there.
        Ok(Field::from(format!("custom.{name}")))
    }

    async fn write(&self, collection: &CollectionId, writes: Vec<Write<Event>>, options: &WriteOptions) -> Vec<Outcome<Event>> {
        writing::run(self, collection, writes, options).await
    }

    fn folders(&self) -> Option<&dyn Folders> {
        Some(self)
    }

    fn categories(&self) -> Option<&dyn Categories> {
        Some(self)
    }

    fn blobs(&self) -> Option<&dyn Blobs> {
        Some(self)
    }

    fn search(&self) -> Option<&dyn Search<Event>> {
        None
    }
}

/// A write that is refused.
fn refused<T>(error: Error) -> Outcome<T> {
    Outcome::Refused(error.during("graph.events.write"))
}
