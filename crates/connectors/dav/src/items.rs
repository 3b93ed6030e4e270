//! One kind of record on the server: what the repository answers.

use crate::{
    calls::bodies,
    error, href,
    kinds::Resource,
    known::{self, Known},
    session::{Depth, Session},
    writing::Batch,
};
use async_trait::async_trait;
use pimkit_core::{
    Blobs, Categories, ChangeOptions, ChangePage, Collection, CollectionId, Error, ErrorKind, Fetched, Field, FieldSupport, Folders,
    ItemId, Key, Outcome, Position, Repository, Result, Search, Stored, Write, WriteOptions,
};
use pimkit_formats::{CardVersion, GroupModel, compose, resource::Authoring};
use std::{collections::BTreeSet, fmt, marker::PhantomData, sync::Arc};
use url::Url;

/// What group cards are for a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Items like others.
    All,
    /// No items.
    Contacts,
    /// The items that are meant; new ones are made so.
    Groups(GroupModel, CardVersion),
}

/// The repository of one kind.
pub(crate) struct Items<R> {
    pub(crate) session: Arc<Session>,
    pub(crate) sight: Sight,
    kind: PhantomData<fn() -> R>,
}

impl<R> Clone for Items<R> {
    fn clone(&self) -> Self {
        Self { session: Arc::clone(&self.session), sight: self.sight, kind: PhantomData }
    }
}

impl<R: Resource> fmt::Debug for Items<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("kind", &R::KIND).field("session", &self.session).finish()
    }
}

impl<R: Resource> Items<R> {
    pub(crate) fn new(session: Arc<Session>) -> Self {
        Self::seeing(session, Sight::All)
    }

    /// The repository that takes group cards for this.
    pub(crate) fn seeing(session: Arc<Session>, sight: Sight) -> Self {
        Self { session, sight, kind: PhantomData }
    }

    pub(crate) fn authoring(&self) -> Authoring {
        let authoring = compose::authoring(self.session.now());
        match self.sight {
            Sight::Groups(model, version) => authoring.with_groups(model).with_card_version(version),
            Sight::All | Sight::Contacts => authoring,
        }
    }

    /// What is known of a collection, which takes items of this kind.
    ///
    /// # Errors
    /// `CollectionGone` when there is none; `Unavailable` when it takes other kinds only.
    pub(crate) async fn member(&self, id: &CollectionId) -> Result<Arc<Known>> {
        let known = self.session.known(id, R::PROTOCOL).await?;
        if known.holds::<R>() { Ok(known) } else { Err(known::other_kind()) }
    }

    /// Every collection of this kind.
    pub(crate) async fn all(&self) -> Result<Vec<Collection>> {
        let endpoints = self.session.endpoints().await?;
        let found = match self.look(&endpoints).await {
            // A home that is not there any more has moved, or the account has: where it is now is discovered once.
            Err(error) if error.kind() == ErrorKind::CollectionGone => {
                let anew = self.session.rediscover(&endpoints).await?;
                self.look(&anew).await.map_err(gone_home)?
            }
            // Its host may be another one by now (iCloud's shards); what was kept must not outlive it.
            Err(error) if matches!(error.kind(), ErrorKind::Transport | ErrorKind::PermissionDenied | ErrorKind::InvalidData) => {
                match self.session.rediscover(&endpoints).await {
                    Ok(anew) if *anew != *endpoints => self.look(&anew).await.map_err(gone_home)?,
                    _ => return Err(error),
                }
            }
            found => found?,
        };
        if !found.is_empty() {
            return Ok(found);
        }
        // Nothing at all where there may have been something: a server that has just come up says so too. Two answers count.
        let endpoints = self.session.endpoints().await?;
        self.look(&endpoints).await.map_err(gone_home)
    }

    async fn look(&self, endpoints: &crate::Endpoints) -> Result<Vec<Collection>> {
        let homes = if R::COMPONENT.is_some() { &endpoints.calendars } else { &endpoints.address_books };
        let principal = endpoints.principal.as_deref().and_then(|p| Url::parse(p).ok()).and_then(|url| href::canonical(url.path()));
        let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
        for (address, depth) in
            homes.iter().map(|home| (home, Depth::One)).chain(endpoints.collections.iter().map(|own| (own, Depth::Zero)))
        {
            let Ok(home) = Url::parse(address) else { continue };
            let request = self.session.query("dav.collections", "PROPFIND", home, Some(depth), bodies::collections())?;
            let (answer, whole) = self.session.ask(request).await?;
            if answer.responses.is_empty() {
                return Err(error::collection_gone());
            }
            for response in answer.responses {
                if response.is_gone() {
                    // Of the home itself (Xandikos says so inside of a 207: measured at 0.4.10) it says that there is none.
                    let path = href::path_of(&whole.url, response.href());
                    if depth == Depth::One && path.is_some_and(|path| href::folder(&path) == href::folder(whole.url.path())) {
                        return Err(error::collection_gone());
                    }
                    continue;
                }
                // What answers for the one address that was asked is that, whatever it is called (iCloud).
                let path =
                    if depth == Depth::Zero { href::canonical(whole.url.path()) } else { href::path_of(&whole.url, response.href()) };
                let Some(path) = path else { continue };
                let mut url = whole.url.clone();
                url.set_path(&href::folder(&path));
                url.set_query(None);
                if let Some(known) = Known::new(&self.session, url, response.props).filter(Known::holds::<R>)
                    && seen.insert(known.id.clone())
                {
                    found.push(known.collection::<R>(principal.as_deref()));
                    self.session.learn(Arc::new(known));
                }
            }
        }
        Ok(found)
    }
}

/// The home is gone, which says nothing of what was in it.
fn gone_home(error: Error) -> Error {
    if error.kind() != ErrorKind::CollectionGone {
        return error;
    }
    Error::new(ErrorKind::Unavailable, "the account's home is not there any more; check the address, and whether the account still exists")
        .caused_by(error)
}

#[async_trait]
impl<R: Resource> Repository<R> for Items<R> {
    async fn collections(&self) -> Result<Vec<Collection>> {
        self.all().await.map_err(|e| e.during("dav.collections"))
    }

    async fn changes(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<R>> {
        self.page(collection, at, options).await.map_err(|e| e.during("dav.changes"))
    }

    async fn fetch(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Fetched<R>> {
        if ids.is_empty() {
            return Vec::new();
        }
        match self.member(collection).await {
            Ok(known) => self.fetched(&known, ids).await,
            Err(e) => ids.iter().map(|_| Fetched::Failed(e.clone().during("dav.fetch"))).collect(),
        }
    }

    async fn find(&self, collection: &CollectionId, keys: &[Key]) -> Vec<Result<Vec<Stored<R>>>> {
        if keys.is_empty() {
            return Vec::new();
        }
        let answers = match self.member(collection).await {
            Ok(known) => self.found(&known, keys).await,
            Err(e) => keys.iter().map(|_| Err(e.clone())).collect(),
        };
        answers.into_iter().map(|answer| answer.map_err(|e| e.during("dav.find"))).collect()
    }

    async fn fields(&self, collection: &CollectionId) -> Result<Vec<FieldSupport>> {
        let known = self.member(collection).await?;
        let mut fields = R::text_fields(&self.authoring());
        fields.retain(|f| f.field.as_str() != FieldSupport::ANY_CUSTOM || !known.quirks.refuses(R::KIND, FieldSupport::ANY_CUSTOM));
        for field in &mut fields {
            field.write = field.write && known.is_writable() && !known.quirks.refuses(R::KIND, field.field.as_str());
        }
        Ok(fields)
    }

    async fn ensure_field(&self, collection: &CollectionId, name: &str) -> Result<Field> {
        let fields = self.fields(collection).await?;
        let path = Field::from(format!("{}.{name}", FieldSupport::ANY_CUSTOM));
        if fields.iter().any(|f| f.field == path) {
            return Ok(path);
        }
        if !fields.iter().any(|f| f.field.as_str() == FieldSupport::ANY_CUSTOM && f.write) {
            return Err(error::unavailable("no custom fields can be written here; ask the collection's owner for the right to write"));
        }
        // The name has to come back from a property name: see the formats.
        if name.is_empty() || name.len() > 200 || name.contains(char::is_control) {
            return Err(Error::new(ErrorKind::InvalidData, "a custom field needs a name of 1 to 200 bytes on one line"));
        }
        Ok(path)
    }

    async fn write(&self, collection: &CollectionId, writes: Vec<Write<R>>, options: &WriteOptions) -> Vec<Outcome<R>> {
        if writes.is_empty() {
            return Vec::new();
        }
        Batch::run(self, collection, writes, options).await
    }

    fn folders(&self) -> Option<&dyn Folders> {
        Some(self)
    }
    fn categories(&self) -> Option<&dyn Categories> {
        None
    }
    fn blobs(&self) -> Option<&dyn Blobs> {
        Some(self)
    }
    fn search(&self) -> Option<&dyn Search<R>> {
        None
    }
}
