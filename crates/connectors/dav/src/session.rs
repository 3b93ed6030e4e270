//! One account's road and what was learnt on it, shared by the account's repositories.

use crate::{
    calls::{Multistatus, Protocol, bodies::CARDDAV, multistatus::unreadable},
    config::Config,
    discovery::{Endpoints, Explorer},
    error,
    fetching::Text,
    groups::Book,
    href,
    known::{self, Known},
    located::Names,
    taken::taken,
};
use futures::lock::Mutex as AsyncMutex;
use jiff::Timestamp;
use pimkit_core::{Clock, CollectionId, Error, ErrorKind, ItemId, Result, Revision};
use pimkit_http::{Answer, Failure, Request, Road};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use url::Url;

/// Items whose UIDs are remembered, and hrefs whose spelling is.
const REMEMBERED: usize = 300_000;

/// Bytes of texts that are kept from a round for the fetch that follows it.
const HANDED: usize = 32 << 20;
/// How long they are kept, in seconds.
const FRESH: i64 = 600;

/// At which version an item had which UID, as a hash; none when it is no item of the kind that was asked for.
type Uid = (Revision, Option<u64>);

/// The UIDs of one collection, for one kind.
type Uids = HashMap<(CollectionId, &'static str), HashMap<ItemId, Uid>>;

/// Texts that a round has read of a whole address book, for the fetch that follows it.
#[derive(Default)]
struct Handed {
    /// When the round began, in seconds.
    since: i64,
    bytes: usize,
    texts: HashMap<ItemId, Text>,
}

/// One account.
pub(crate) struct Session {
    pub(crate) road: Road,
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    /// Where it starts.
    pub(crate) start: Url,
    /// Who is asked where a domain has its servers; none when an address was given, or nobody is there to ask.
    pub(crate) names: Option<Names>,
    endpoints: AsyncMutex<Option<Arc<Endpoints>>>,
    /// The same, for those who cannot wait.
    latest: Mutex<Option<Arc<Endpoints>>>,
    known: Mutex<HashMap<CollectionId, Arc<Known>>>,
    /// Hrefs whose spelling is not the canonical one: some servers find only their own.
    spelt: Mutex<HashMap<String, String>>,
    uids: Mutex<Uids>,
    /// The groups of address books, as they were seen last.
    books: Mutex<HashMap<CollectionId, Arc<Book>>>,
    handed: Mutex<HashMap<CollectionId, Handed>>,
    /// Categories that are to be there, where only contacts say them.
    ensured: Mutex<HashMap<CollectionId, BTreeSet<String>>>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("road", &self.road).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How deep a request looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    Zero,
    One,
}

impl Depth {
    fn word(self) -> &'static str {
        match self {
            Self::Zero => "0",
            Self::One => "1",
        }
    }
}

impl Session {
    pub(crate) fn new(road: Road, config: Config, clock: Arc<dyn Clock>, start: Url, names: Option<Names>) -> Self {
        let endpoints = config.endpoints.clone().map(Arc::new);
        Self {
            road,
            config,
            clock,
            start,
            names,
            endpoints: AsyncMutex::new(endpoints.clone()),
            latest: Mutex::new(endpoints),
            known: Mutex::default(),
            spelt: Mutex::default(),
            uids: Mutex::default(),
            books: Mutex::default(),
            handed: Mutex::default(),
            ensured: Mutex::default(),
        }
    }

    /// What was discovered; discovers when nothing was.
    pub(crate) async fn endpoints(&self) -> Result<Arc<Endpoints>> {
        let mut held = self.endpoints.lock().await;
        if let Some(endpoints) = &*held {
            return Ok(Arc::clone(endpoints));
        }
        let found = Arc::new(Explorer::new(self).explore().await?);
        *held = Some(Arc::clone(&found));
        *lock(&self.latest) = Some(Arc::clone(&found));
        Ok(found)
    }

    /// Discovers anew, because `failed` did not answer; at most once for all who saw it fail.
    pub(crate) async fn rediscover(&self, failed: &Arc<Endpoints>) -> Result<Arc<Endpoints>> {
        let mut held = self.endpoints.lock().await;
        if let Some(endpoints) = held.as_ref().filter(|held| !Arc::ptr_eq(held, failed)) {
            return Ok(Arc::clone(endpoints));
        }
        let found = Arc::new(Explorer::new(self).explore().await?);
        *held = Some(Arc::clone(&found));
        *lock(&self.latest) = Some(Arc::clone(&found));
        lock(&self.known).clear();
        Ok(found)
    }

    /// What was discovered last, if anything was.
    pub(crate) fn discovered(&self) -> Option<Arc<Endpoints>> {
        lock(&self.latest).clone()
    }

    /// Server clock minus ours, in seconds, by the last answer that said a time, or as it was when discovery ran.
    pub(crate) fn skew(&self) -> i64 {
        self.road.skew().or_else(|| self.config.endpoints.as_ref().map(|kept| kept.skew)).unwrap_or_default()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A request that asks in XML.
    pub(crate) fn query(&self, operation: &'static str, method: &str, url: Url, depth: Option<Depth>, body: String) -> Result<Request> {
        // `text/vcard` here makes some servers answer with a bare card.
        let mut request = Request::new(operation, method, url)?
            .header("content-type", "application/xml; charset=utf-8")?
            .header("accept", "application/xml, text/xml")?;
        if let Some(depth) = depth {
            request = request.header("depth", depth.word())?;
        }
        Ok(request.body(body))
    }

    /// Sends.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, Failure> {
        self.road.send(request).await
    }

    /// Sends a write. The answer is the server's word on it, with the status of what was written.
    ///
    /// # Errors
    /// Of unknown effect when the answer says nothing of the write: see [`taken`].
    pub(crate) async fn store(&self, request: Request) -> Result<Answer, Failure> {
        taken(self.send(request).await?)
    }

    /// Sends a question whose answer is a multistatus.
    ///
    /// # Errors
    /// `CollectionGone` for 404 and 410; what the answer says otherwise; `InvalidData` for web pages, answers of strangers and
    /// whatever else is no answer.
    pub(crate) async fn ask(&self, request: Request) -> Result<(Multistatus, Answer)> {
        let answer = self.send(request).await.map_err(Failure::into_error)?;
        let whole = read(&answer)?;
        Ok((whole, answer))
    }

    /// What is known of a collection; asks when nothing is.
    ///
    /// # Errors
    /// `CollectionGone` when there is none.
    pub(crate) async fn known(&self, id: &CollectionId, protocol: Protocol) -> Result<Arc<Known>> {
        if let Some(known) = lock(&self.known).get(id) {
            return Ok(Arc::clone(known));
        }
        let path = known::path(id)?;
        let url = self.endpoints().await?.at(&self.start, &path, protocol == CARDDAV);
        Known::ask(self, id, url).await
    }

    pub(crate) fn learn(&self, known: Arc<Known>) -> Arc<Known> {
        lock(&self.known).insert(known.id.clone(), Arc::clone(&known));
        known
    }

    pub(crate) fn forget(&self, id: &CollectionId) {
        lock(&self.known).remove(id);
    }

    /// Keeps how a server spells a path.
    pub(crate) fn spelt(&self, path: &str, href: &str) {
        // Only the path: the rest is known, or not the server's to choose.
        let raw = match href.find("://") {
            Some(at) => href.get(at + 3..).and_then(|rest| rest.find('/').and_then(|slash| rest.get(slash..))).unwrap_or_default(),
            None => href,
        };
        if raw == path || !raw.starts_with('/') || raw.starts_with("//") || href::canonical(raw).as_deref() != Some(path) {
            return;
        }
        let mut spelt = lock(&self.spelt);
        if spelt.len() >= REMEMBERED {
            spelt.clear();
        }
        spelt.insert(path.to_owned(), raw.to_owned());
    }

    /// A path as its server spells it.
    pub(crate) fn spelling(&self, path: &str) -> String {
        lock(&self.spelt).get(path).cloned().unwrap_or_else(|| path.to_owned())
    }

    /// The address of a path in a collection, as its server spells it.
    pub(crate) fn url(&self, known: &Known, path: &str) -> Url {
        let mut url = known.url.clone();
        url.set_path(&self.spelling(path));
        url
    }

    /// The UID that an item had at a version, when that is known: `Some(None)` for what is no item of the kind.
    pub(crate) fn uid(&self, collection: &CollectionId, kind: &'static str, item: &ItemId, revision: &Revision) -> Option<Option<u64>> {
        let uids = lock(&self.uids);
        let (at, uid) = uids.get(&(collection.clone(), kind))?.get(item)?;
        (at == revision).then_some(*uid)
    }

    pub(crate) fn remember_uid(&self, collection: &CollectionId, kind: &'static str, item: &ItemId, revision: &Revision, uid: Option<u64>) {
        let mut uids = lock(&self.uids);
        if uids.values().map(HashMap::len).sum::<usize>() >= REMEMBERED {
            uids.clear();
        }
        uids.entry((collection.clone(), kind)).or_default().insert(item.clone(), (revision.clone(), uid));
    }
}

/// What is remembered of groups.
impl Session {
    /// An item is gone: who has its UID is not there any more.
    pub(crate) fn forget_uid(&self, collection: &CollectionId, kind: &'static str, item: &ItemId) {
        if let Some(items) = lock(&self.uids).get_mut(&(collection.clone(), kind)) {
            items.remove(item);
        }
    }

    /// Everything that is there was listed: what is remembered of anything else is of what is gone.
    pub(crate) fn forget_others(&self, collection: &CollectionId, kind: &'static str, listed: &HashSet<&ItemId>) {
        if let Some(items) = lock(&self.uids).get_mut(&(collection.clone(), kind)) {
            items.retain(|id, _| listed.contains(id));
        }
    }

    /// The groups of an address book, when they were seen in this session.
    pub(crate) fn book(&self, collection: &CollectionId) -> Option<Arc<Book>> {
        lock(&self.books).get(collection).cloned()
    }

    pub(crate) fn keep_book(&self, collection: &CollectionId, book: Book) -> Arc<Book> {
        let book = Arc::new(book);
        lock(&self.books).insert(collection.clone(), Arc::clone(&book));
        book
    }

    /// What is read of an address book from now on is kept for the next fetch.
    pub(crate) fn hand_over(&self, collection: &CollectionId) {
        let handed = Handed { since: self.now().as_second(), ..Handed::default() };
        lock(&self.handed).insert(collection.clone(), handed);
    }

    /// What was kept of an address book is of a round before.
    pub(crate) fn hand_over_nothing(&self, collection: &CollectionId) {
        lock(&self.handed).remove(collection);
    }

    /// Keeps a text that was read, where it is wanted and there is room.
    pub(crate) fn hand(&self, collection: &CollectionId, item: &ItemId, text: Text) {
        if let Some(handed) = lock(&self.handed).get_mut(collection)
            && handed.bytes.saturating_add(text.bytes.len()) <= HANDED
        {
            handed.bytes += text.bytes.len();
            handed.texts.insert(item.clone(), text);
        }
    }

    /// Takes the texts of items that were kept, each once.
    pub(crate) fn handed(&self, collection: &CollectionId, items: &[ItemId]) -> HashMap<ItemId, Text> {
        let now = self.now().as_second();
        let mut all = lock(&self.handed);
        let Some(handed) = all.get_mut(collection).filter(|handed| (handed.since..=handed.since + FRESH).contains(&now)) else {
            return HashMap::new();
        };
        let taken: HashMap<ItemId, Text> = items.iter().filter_map(|item| handed.texts.remove_entry(item)).collect();
        handed.bytes = handed.bytes.saturating_sub(taken.values().map(|text| text.bytes.len()).sum());
        taken
    }

    /// The categories that were asked for and that no contact carries yet.
    pub(crate) fn ensured(&self, collection: &CollectionId) -> BTreeSet<String> {
        lock(&self.ensured).get(collection).cloned().unwrap_or_default()
    }

    pub(crate) fn ensure(&self, collection: &CollectionId, name: &str) {
        lock(&self.ensured).entry(collection.clone()).or_default().insert(name.to_owned());
    }

    /// The version at which an item was read or written last in this session.
    pub(crate) fn revision(&self, collection: &CollectionId, kind: &'static str, item: &ItemId) -> Option<Revision> {
        let uids = lock(&self.uids);
        uids.get(&(collection.clone(), kind))?.get(item).map(|(revision, _)| revision.clone())
    }

    /// Where the items with these UIDs were seen, by hash.
    pub(crate) fn places(&self, collection: &CollectionId, kind: &'static str, wanted: &HashSet<u64>) -> Vec<(u64, ItemId)> {
        let uids = lock(&self.uids);
        let Some(items) = uids.get(&(collection.clone(), kind)) else { return Vec::new() };
        items.iter().filter_map(|(id, (_, uid))| uid.filter(|uid| wanted.contains(uid)).map(|uid| (uid, id.clone()))).collect()
    }
}

/// The multistatus in an answer.
///
/// # Errors
/// As [`Session::ask`].
pub(crate) fn read(answer: &Answer) -> Result<Multistatus> {
    let status = answer.status.as_u16();
    if !answer.own {
        let stranger = "another host answered in the server's place; check the network, and whether a login page stands between";
        return Err(Error::new(ErrorKind::Transport, stranger));
    }
    match status {
        207 => Multistatus::read(&answer.body).map_err(unreadable),
        // Some servers say 507 for a list that is cut, with the list (RFC 6578 section 3.6), and 200 for a good one.
        200 | 507 => Multistatus::read(&answer.body).map_err(|e| if status == 507 { error::refused(answer) } else { unreadable(e) }),
        _ => Err(error::refused(answer)),
    }
}
