//! A host's stores as one connector and app.

use crate::{
    AppStore, Host,
    host::Plain,
    repository::{Hosted, capabilities},
};
use async_trait::async_trait;
use jiff::Timestamp;
use pimkit_core::{
    Access, Account, AccountId, Action, App, AppEvent, Capabilities, Clock, Connector, ConnectorInfo, Contact, Cursor, Event, Facts,
    ItemId, Kind, Message, Notice, Push, Record, Repository, Result, Role, Task, User, View,
};
use std::sync::{Arc, Mutex, PoisonError};

/// A host app, adapted: one acting user's view of it.
///
/// ```
/// # use pimkit_app::{Adapted, AppStore};
/// # use pimkit_core::{Clock, Contact};
/// # use std::sync::Arc;
/// fn adapt(people: Arc<dyn AppStore<Contact>>, clock: Arc<dyn Clock>) -> Adapted {
///     Adapted::new("our-crm", "our-crm/ann", clock).with_contacts(people)
/// }
/// ```
#[derive(Debug)]
pub struct Adapted {
    id: &'static str,
    account: AccountId,
    clock: Arc<dyn Clock>,
    host: Arc<dyn Host>,
    contacts: Option<Arc<Hosted<Contact>>>,
    events: Option<Arc<Hosted<Event>>>,
    tasks: Option<Arc<Hosted<Task>>>,
    messages: Option<Arc<Hosted<Message>>>,
    users: Option<Arc<Hosted<User>>>,
}

macro_rules! stores {
    ($($with:ident, $name:ident, $record:ident, $doc:literal;)*) => {$(
        #[doc = $doc]
        #[must_use]
        pub fn $with(mut self, store: Arc<dyn AppStore<$record>>) -> Self {
            self.$name = Some(Arc::new(Hosted::new(self.id, store, self.clock.clone())));
            self
        }
    )*};
}

impl Adapted {
    /// A host without stores. `id` is the connector's name; `account` must be the same in every run,
    /// and another one for every acting user who sees other records.
    pub fn new(id: &'static str, account: impl Into<AccountId>, clock: Arc<dyn Clock>) -> Self {
        Self {
            id,
            account: account.into(),
            clock,
            host: Arc::new(Plain),
            contacts: None,
            events: None,
            tasks: None,
            messages: None,
            users: None,
        }
    }

    /// What the host tells beside its records.
    #[must_use]
    pub fn with_host(mut self, host: Arc<dyn Host>) -> Self {
        self.host = host;
        self
    }

    stores! {
        with_contacts, contacts, Contact, "The host's people and companies.";
        with_events, events, Event, "The host's events.";
        with_tasks, tasks, Task, "The host's tasks.";
        with_messages, messages, Message, "The host's logged mail.";
        with_users, users, User, "The host's own users.";
    }

    fn kinds(&self) -> Vec<(Kind, Capabilities)> {
        fn of<R: Record>(hosted: Option<&Arc<Hosted<R>>>) -> Option<(Kind, Capabilities)> {
            hosted.map(|h| (R::KIND, capabilities::<R>(&h.abilities())))
        }
        [of(self.contacts.as_ref()), of(self.events.as_ref()), of(self.tasks.as_ref()), of(self.messages.as_ref()), of(self.users.as_ref())]
            .into_iter()
            .flatten()
            .collect()
    }

    fn blobs(&self) -> bool {
        self.kinds().iter().any(|(_, c)| c.photos || c.attachments)
    }
}

type Kinds = [(Kind, Capabilities)];

/// A table with a static life, as [`ConnectorInfo`] wants it. Equal tables are one, so that a server
/// that adapts a store per request keeps a handful of them and not one per request.
fn interned(kinds: Vec<(Kind, Capabilities)>) -> &'static Kinds {
    static TABLES: Mutex<Vec<&'static Kinds>> = Mutex::new(Vec::new());
    let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(table) = tables.iter().find(|t| ***t == *kinds) {
        return table;
    }
    let table: &'static Kinds = Box::leak(kinds.into_boxed_slice());
    tables.push(table);
    table
}

fn repository<R: Record>(hosted: Option<&Arc<Hosted<R>>>) -> Option<Arc<dyn Repository<R>>> {
    hosted.map(|h| Arc::clone(h) as Arc<dyn Repository<R>>)
}

#[async_trait]
impl Connector for Adapted {
    fn info(&self) -> ConnectorInfo {
        ConnectorInfo { id: self.id, kinds: interned(self.kinds()), roles: if self.blobs() { &[Role::Blobs] } else { &[] } }
    }
    async fn account(&self) -> Result<Account> {
        Ok(Account { id: self.account.clone(), addresses: self.host.addresses(), skew: 0 })
    }
    fn contacts(&self) -> Option<Arc<dyn Repository<Contact>>> {
        repository(self.contacts.as_ref())
    }
    fn events(&self) -> Option<Arc<dyn Repository<Event>>> {
        repository(self.events.as_ref())
    }
    fn tasks(&self) -> Option<Arc<dyn Repository<Task>>> {
        repository(self.tasks.as_ref())
    }
    fn messages(&self) -> Option<Arc<dyn Repository<Message>>> {
        repository(self.messages.as_ref())
    }
    fn users(&self) -> Option<Arc<dyn Repository<User>>> {
        repository(self.users.as_ref())
    }
    fn push(&self) -> Option<Arc<dyn Push>> {
        None
    }
}

#[async_trait]
impl App for Adapted {
    fn account(&self) -> AccountId {
        self.account.clone()
    }
    fn user(&self) -> Option<String> {
        self.host.user()
    }
    async fn facts(&self, kind: Kind, ids: &[ItemId]) -> Result<Vec<Option<Facts>>> {
        async fn of<R: Record>(hosted: Option<&Arc<Hosted<R>>>, ids: &[ItemId]) -> Result<Vec<Option<Facts>>> {
            match hosted {
                Some(hosted) => hosted.facts(ids).await,
                None => Ok(vec![None; ids.len()]),
            }
        }
        match kind {
            Kind::Contact => of(self.contacts.as_ref(), ids).await,
            Kind::Event => of(self.events.as_ref(), ids).await,
            Kind::Task => of(self.tasks.as_ref(), ids).await,
            Kind::Message => of(self.messages.as_ref(), ids).await,
            Kind::User => of(self.users.as_ref(), ids).await,
        }
    }
    async fn events(&self, since: Option<&Cursor>) -> Result<(Vec<AppEvent>, Cursor)> {
        self.host.events(since).await
    }
    async fn allowed(&self, kind: Kind, action: Action) -> Result<bool> {
        self.host.allowed(kind, action).await
    }
    async fn views(&self) -> Result<Vec<View>> {
        self.host.views().await
    }
    async fn protect(&self, kind: Kind, records: &[(ItemId, Access)]) -> Result<()> {
        self.host.protect(kind, records).await
    }
    async fn notify(&self, notice: Notice, at: Timestamp) -> Result<()> {
        self.host.notify(notice, at).await
    }
}
