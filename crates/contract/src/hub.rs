//! An app in memory: the kind side of a sync, with everything an app knows beside its records.

use crate::{
    FakeClock,
    world::{ByHand, FaultPlan, Kept, Mail, Request, Snapshot, World, WorstOptions},
};
use async_trait::async_trait;
use jiff::Timestamp;
use pimkit_core::{
    Access, Account, AccountId, Action, App, AppEvent, Connector, ConnectorInfo, Contact, Cursor, Event, Facts, ItemId, Kind, Message,
    Notice, Push, Repository, Result, Task, User, View,
    cursor::{binding, decode, encode},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

const EVENTS: &str = "memory-app/1";

/// What the app knows beside its records.
#[derive(Clone, Debug, Default)]
struct Book {
    facts: BTreeMap<(Kind, ItemId), Facts>,
    events: Vec<AppEvent>,
    forbidden: BTreeSet<(Kind, &'static str)>,
    views: Vec<View>,
    notices: Vec<(Notice, Timestamp)>,
    protected: BTreeSet<(Kind, ItemId)>,
    /// What only these users see; without an entry, everybody sees a record.
    seen_by: BTreeMap<(Kind, ItemId), BTreeSet<String>>,
}

/// An app with contacts, companies, leads, events and tasks; connector and [`App`] in one. Clones
/// are the same app. It has every capability, keeps every field, and chooses an item's id from its mark.
#[derive(Clone, Debug)]
pub struct MemoryHub {
    world: Arc<World>,
    book: Arc<Mutex<Book>>,
}

/// Everything that the app has, as it was at one moment.
#[derive(Clone, Debug)]
pub struct HubSnapshot {
    records: Snapshot,
    book: Book,
}

fn word(action: Action) -> &'static str {
    match action {
        Action::View => "view",
        Action::Create => "create",
        Action::Edit => "edit",
        Action::Delete => "delete",
    }
}

impl MemoryHub {
    /// An empty app: collections `contacts`, `companies` and `leads` of contacts, `events`, `tasks`.
    #[must_use]
    pub fn new(clock: &FakeClock) -> Self {
        Self::with_options(WorstOptions::kind(), clock)
    }

    /// An empty app that is unpleasant in these ways; account and collections are the hub's.
    #[must_use]
    pub fn with_options(options: WorstOptions, clock: &FakeClock) -> Self {
        let options = options.with(|o| {
            o.account = "hub".to_owned();
            o.collections = BTreeMap::from([
                (Kind::Contact, ["contacts", "companies", "leads"].map(str::to_owned).to_vec()),
                (Kind::Event, vec!["events".to_owned()]),
                (Kind::Task, vec!["tasks".to_owned()]),
            ]);
        });
        Self { world: Arc::new(World::new("memory", options, Arc::new(clock.clone()))), book: Arc::default() }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a user does in the app.
    #[must_use]
    pub fn by_hand<R: Kept>(&self) -> ByHand<R> {
        ByHand::new(Arc::clone(&self.world))
    }

    /// Merges records: the losers go, and the app says so.
    pub fn merge<R: Kept>(&self, winner: &ItemId, losers: &[ItemId]) {
        let hands = self.by_hand::<R>();
        for loser in losers {
            hands.delete(loser);
        }
        self.book().events.push(AppEvent::Merged { kind: R::KIND, winner: winner.clone(), losers: losers.to_vec() });
    }

    /// Says that a record goes on as another; the first one goes.
    pub fn convert<R: Kept>(&self, from: &ItemId, to: &ItemId) {
        self.by_hand::<R>().delete(from);
        self.book().events.push(AppEvent::Converted { kind: R::KIND, from: from.clone(), to: to.clone() });
    }

    /// Sets what the app knows of a record; without, it is the acting user's own.
    pub fn set_facts(&self, kind: Kind, id: &ItemId, facts: Facts) {
        self.book().facts.insert((kind, id.clone()), facts);
    }

    /// Allows or forbids an action on a kind; at first everything is allowed.
    pub fn allow(&self, kind: Kind, action: Action, allowed: bool) {
        let mut book = self.book();
        if allowed {
            book.forbidden.remove(&(kind, word(action)));
        } else {
            book.forbidden.insert((kind, word(action)));
        }
    }

    /// Adds a saved view.
    pub fn add_view(&self, view: View) {
        self.book().views.push(view);
    }

    /// The notices that users got, oldest first, each with its time.
    #[must_use]
    pub fn notices(&self) -> Vec<(Notice, Timestamp)> {
        self.book().notices.clone()
    }

    /// The records that users may only look at.
    #[must_use]
    pub fn protected(&self) -> Vec<(Kind, ItemId)> {
        self.book().protected.iter().cloned().collect()
    }

    /// Only these users see the record from here on.
    pub fn show_to(&self, kind: Kind, id: &ItemId, users: &[&str]) {
        self.book().seen_by.insert((kind, id.clone()), users.iter().map(|u| (*u).to_owned()).collect());
    }

    /// The app as one of its users has it: facts are for this user.
    #[must_use]
    pub fn acting(&self, user: &str) -> Acting {
        Acting { hub: self.clone(), user: user.to_owned() }
    }

    /// Changes what the app is like as a provider.
    pub fn change(&self, set: impl FnOnce(&mut WorstOptions)) {
        set(Arc::make_mut(&mut self.world.core().options));
    }

    /// Plans what goes wrong from here on; requests count from 1 again.
    pub fn set_faults(&self, plan: FaultPlan) {
        self.world.set_faults(plan);
    }

    /// Every request that reached the app.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.world.requests()
    }

    /// The requests after this number: what came since they were last looked at.
    #[must_use]
    pub fn requests_after(&self, number: u64) -> Vec<Request> {
        self.world.requests_after(number)
    }

    /// Every mail that the app has sent.
    #[must_use]
    pub fn outbox(&self) -> Vec<Mail> {
        self.world.core().outbox.clone()
    }

    /// Everything as it is at this moment, but for the requests.
    #[must_use]
    pub fn snapshot(&self) -> HubSnapshot {
        HubSnapshot { records: self.world.snapshot(), book: self.book().clone() }
    }

    /// Everything as it was then. Requests stay counted.
    pub fn restore(&self, snapshot: &HubSnapshot) {
        self.world.restore(&snapshot.records);
        *self.book() = snapshot.book.clone();
    }

    fn is_there(&self, kind: Kind, id: &ItemId) -> bool {
        match kind {
            Kind::Contact => self.by_hand::<Contact>().item(id).is_some(),
            Kind::Event => self.by_hand::<Event>().item(id).is_some(),
            Kind::Task => self.by_hand::<Task>().item(id).is_some(),
            Kind::Message | Kind::User => false,
        }
    }
}

#[async_trait]
impl Connector for MemoryHub {
    fn info(&self) -> ConnectorInfo {
        self.world.info()
    }
    async fn account(&self) -> Result<Account> {
        self.world.account().await
    }
    fn contacts(&self) -> Option<Arc<dyn Repository<Contact>>> {
        self.world.repository()
    }
    fn events(&self) -> Option<Arc<dyn Repository<Event>>> {
        self.world.repository()
    }
    fn tasks(&self) -> Option<Arc<dyn Repository<Task>>> {
        self.world.repository()
    }
    fn messages(&self) -> Option<Arc<dyn Repository<Message>>> {
        None
    }
    fn users(&self) -> Option<Arc<dyn Repository<User>>> {
        None
    }
    fn push(&self) -> Option<Arc<dyn Push>> {
        None
    }
}

/// A [`MemoryHub`] as one of its users has it.
#[derive(Clone, Debug)]
pub struct Acting {
    hub: MemoryHub,
    user: String,
}

#[async_trait]
impl App for Acting {
    fn account(&self) -> AccountId {
        App::account(&self.hub)
    }

    fn user(&self) -> Option<String> {
        Some(self.user.clone())
    }

    async fn facts(&self, kind: Kind, ids: &[ItemId]) -> Result<Vec<Option<Facts>>> {
        let mut all = self.hub.facts(kind, ids).await?;
        let book = self.hub.book();
        for (id, facts) in ids.iter().zip(&mut all) {
            let Some(facts) = facts else { continue };
            let key = (kind, id.clone());
            if !book.facts.contains_key(&key) {
                facts.owner = Some(self.user.clone());
            }
            if let Some(users) = book.seen_by.get(&key) {
                facts.visible &= users.contains(&self.user);
            }
        }
        Ok(all)
    }

    async fn events(&self, since: Option<&Cursor>) -> Result<(Vec<AppEvent>, Cursor)> {
        App::events(&self.hub, since).await
    }

    async fn allowed(&self, kind: Kind, action: Action) -> Result<bool> {
        self.hub.allowed(kind, action).await
    }

    async fn views(&self) -> Result<Vec<View>> {
        self.hub.views().await
    }

    async fn protect(&self, kind: Kind, records: &[(ItemId, Access)]) -> Result<()> {
        self.hub.protect(kind, records).await
    }

    async fn notify(&self, notice: Notice, at: Timestamp) -> Result<()> {
        let user = notice.user.clone().or_else(|| Some(self.user.clone()));
        self.hub.notify(Notice { user, ..notice }, at).await
    }
}

#[async_trait]
impl App for MemoryHub {
    fn account(&self) -> AccountId {
        AccountId::from(self.world.core().options.account.clone())
    }

    fn user(&self) -> Option<String> {
        None
    }

    async fn facts(&self, kind: Kind, ids: &[ItemId]) -> Result<Vec<Option<Facts>>> {
        let there: Vec<bool> = ids.iter().map(|id| self.is_there(kind, id)).collect();
        let book = self.book();
        let known = |id: &ItemId| book.facts.get(&(kind, id.clone())).cloned().unwrap_or_else(|| Facts::own(None));
        Ok(ids.iter().zip(there).map(|(id, there)| there.then(|| known(id))).collect())
    }

    async fn events(&self, since: Option<&Cursor>) -> Result<(Vec<AppEvent>, Cursor)> {
        let bound = binding(&[self.world.core().options.account.as_str()]);
        let from: usize = since.map_or(Ok(0), |cursor| decode(EVENTS, bound, cursor.as_str()))?;
        let book = self.book();
        let cursor = Cursor::from(encode(EVENTS, bound, &book.events.len())?);
        Ok((book.events.iter().skip(from).cloned().collect(), cursor))
    }

    async fn allowed(&self, kind: Kind, action: Action) -> Result<bool> {
        Ok(!self.book().forbidden.contains(&(kind, word(action))))
    }

    async fn views(&self) -> Result<Vec<View>> {
        Ok(self.book().views.clone())
    }

    async fn protect(&self, kind: Kind, records: &[(ItemId, Access)]) -> Result<()> {
        let mut book = self.book();
        for (id, access) in records {
            match access {
                Access::Read => book.protected.insert((kind, id.clone())),
                Access::Write => book.protected.remove(&(kind, id.clone())),
            };
        }
        Ok(())
    }

    async fn notify(&self, notice: Notice, at: Timestamp) -> Result<()> {
        self.book().notices.push((notice, at));
        Ok(())
    }
}
