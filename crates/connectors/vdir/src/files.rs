//! One kind of record in the folder: reading, and what the repository answers.

use crate::{
    blocking::blocking,
    connector,
    disk::{self, Problem, Text},
    folder::{Shared, damaged_name},
    listing::At,
    names,
    version::Version,
    writing::Batch,
};
use async_trait::async_trait;
use pimkit_core::{
    Access, Blobs, Categories, ChangeOptions, ChangePage, Collection, CollectionId, Error, ErrorKind, Fetched, Field, FieldSupport,
    Folders, ItemId, Key, Outcome, Position, Repository, Result, Search, Sharing, Stored, Write, WriteOptions,
};
use pimkit_formats::{
    compose,
    resource::{Authoring, FormatError, TextRecord},
};
use std::{fmt, marker::PhantomData, path::Path, sync::Arc};

/// How many files one turn on a blocking thread reads.
const CHUNK: usize = 64;

/// The repository of one kind.
pub(crate) struct Files<R> {
    pub(crate) shared: Arc<Shared>,
    kind: PhantomData<fn() -> R>,
}

impl<R> Clone for Files<R> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), kind: PhantomData }
    }
}

impl<R: TextRecord> fmt::Debug for Files<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").field("kind", &R::KIND).field("root", &self.shared.root).finish()
    }
}

/// What a file holds, for one kind.
pub(crate) enum Held<R> {
    Missing,
    Item(Box<Stored<R>>),
    Other(Version, Option<pimkit_core::Kind>),
    Unreadable(Option<Version>, Error),
}

impl<R: TextRecord> Files<R> {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, kind: PhantomData }
    }

    pub(crate) fn authoring(&self) -> Authoring {
        compose::authoring(self.shared.now())
    }

    /// The collections of this kind; blocks.
    ///
    /// A folder belongs to a kind when it holds a file of the kind's extension, or none of any: a new calendar and a new
    /// address book look the same. The root is one when it holds items itself. When there is nothing at all, it is one too,
    /// but it is offered for writing only when it never held anything or is labelled as a collection: a root whose
    /// sub-folders are away looks empty as well, and new items would be lost among them when they come back.
    fn all_collections(&self) -> Result<Vec<Collection>> {
        let shared = &self.shared;
        let folders = shared.folders()?;
        let mut found = Vec::new();
        let (own, other) = self.extensions_in(&shared.root)?;
        if own || (folders.is_empty() && !other) {
            let mut root = self.collection(&CollectionId::from(names::ROOT), &shared.root);
            if !own && !shared.never_held(&shared.root) && shared.beside(&shared.root, connector::DISPLAYNAME).is_none() {
                root.access = Access::Read;
                root.capabilities.write = false;
            }
            found.push(root);
        }
        for name in folders {
            let folder = shared.root.join(&name);
            match self.extensions_in(&folder) {
                Ok((own, other)) if own || !other => found.push(self.collection(&CollectionId::from(name), &folder)),
                Ok(_) => {}
                // Removed since the root was listed.
                Err(e) if e.kind() == ErrorKind::CollectionGone && shared.root.is_dir() => {}
                // It is there, and what is in it is not known: asking for its items says why.
                Err(e) if e.kind() == ErrorKind::PermissionDenied => found.push(self.collection(&CollectionId::from(name), &folder)),
                Err(e) => return Err(e),
            }
        }
        Ok(found)
    }

    /// Whether there are files of this kind's extension, and of another's.
    fn extensions_in(&self, folder: &Path) -> Result<(bool, bool)> {
        let (mut own, mut other) = (false, false);
        self.shared.each_entry(folder, |entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let holds = |extension| names::has_extension(&name, extension);
            if holds(R::EXTENSION) {
                own = own || !entry.file_type()?.is_dir();
            } else if connector::EXTENSIONS.iter().any(|e| holds(e)) {
                other = other || !entry.file_type()?.is_dir();
            }
            Ok(())
        })?;
        Ok((own, other))
    }

    pub(crate) fn collection(&self, id: &CollectionId, folder: &Path) -> Collection {
        let writable = disk::is_writable(folder);
        let fallback = || folder.file_name().map_or_else(|| id.to_string(), |n| n.to_string_lossy().into_owned());
        Collection {
            id: id.clone(),
            name: self.shared.beside(folder, connector::DISPLAYNAME).unwrap_or_else(fallback),
            owner: None,
            sharing: Sharing::Private,
            access: if writable { Access::Write } else { Access::Read },
            capabilities: compose::capabilities(R::KIND).with(|c| c.write = writable),
        }
    }

    /// What the file of this name holds; blocks.
    pub(crate) fn held(&self, collection: &CollectionId, folder: &Path, name: &str) -> Held<R> {
        let path = folder.join(name);
        match disk::read(&path) {
            Ok(text) => self.understood(collection, name, &path, &text),
            Err(Problem::Missing) if name.contains(char::REPLACEMENT_CHARACTER) && self.is_damaged(folder, name) => {
                Held::Unreadable(None, damaged_name())
            }
            Err(Problem::Missing) => Held::Missing,
            Err(Problem::Unreadable(unread)) => {
                Held::Unreadable(unread.stamp.map(|stamp| Version { stamp, hash: None }), unread.error.with("item", name))
            }
        }
    }

    /// Whether this is how a name that is not UTF-8 was shown.
    fn is_damaged(&self, folder: &Path, shown: &str) -> bool {
        // When the folder cannot be listed nothing is known, and the file is not gone.
        self.shared.names(folder, R::EXTENSION).is_ok_and(|names| names.iter().any(|n| n.damaged && n.text == shown))
    }

    /// What a text holds.
    pub(crate) fn understood(&self, collection: &CollectionId, name: &str, path: &Path, text: &Text) -> Held<R> {
        let version = self.shared.version_of(path, text);
        if text.bytes.is_empty() {
            let error =
                crate::error::unreadable("the file is empty; another program may be writing it, or it was cut: restore or delete it");
            return Held::Unreadable(Some(version), error.with("item", name));
        }
        match R::read(&text.bytes) {
            Ok(record) => Held::Item(Box::new(self.stored(collection, name, version, text, record))),
            Err(FormatError::OtherKind { found }) => Held::Other(version, Some(found)),
            // A journal, free-busy times, zones alone: a whole file, of none of our kinds.
            Err(error) if error.is_foreign_calendar() => Held::Other(version, None),
            Err(error) => Held::Unreadable(Some(version), Error::from(error).with("item", name)),
        }
    }

    /// What was just written with this text, which says this record.
    pub(crate) fn placed(&self, collection: &CollectionId, name: &str, path: &Path, text: &Text, record: R) -> Stored<R> {
        self.stored(collection, name, self.shared.version_of(path, text), text, record)
    }

    fn stored(&self, collection: &CollectionId, name: &str, version: Version, text: &Text, record: R) -> Stored<R> {
        let mut stored = Stored::new(names::item_id(collection, name), collection, version.revision(), record);
        stored.modified = version.stamp.modified();
        stored.mark = names::mark(name);
        stored.access = if text.meta.permissions().readonly() { Access::Read } else { Access::Write };
        stored
    }

    fn fetched(&self, collection: &CollectionId, folder: &Path, id: &ItemId) -> Fetched<R> {
        let name = match names::file_name(collection, id, R::EXTENSION) {
            Ok(name) => name,
            Err(e) => return Fetched::Failed(e),
        };
        match name.map_or(Held::Missing, |name| self.held(collection, folder, name)) {
            Held::Item(stored) => Fetched::Found(stored),
            // Gone only while the folder still answers.
            Held::Missing => match self.shared.folder(collection) {
                Ok(_) => Fetched::Gone,
                Err(e) => Fetched::Failed(e),
            },
            Held::Other(version, kind) => Fetched::OtherKind { revision: Some(version.revision()), kind },
            Held::Unreadable(version, error) => Fetched::Unreadable { revision: version.map(|v| v.revision()), error },
        }
    }
}

#[async_trait]
impl<R: TextRecord> Repository<R> for Files<R> {
    async fn collections(&self) -> Result<Vec<Collection>> {
        let this = self.clone();
        blocking(move || this.all_collections()).await?.map_err(|e| e.during("vdir.collections"))
    }

    async fn changes(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<R>> {
        let (this, collection, at, options) = (self.clone(), collection.clone(), At::from(at), options.clone());
        blocking(move || this.page(&collection, &at, &options)).await?.map_err(|e| e.during("vdir.changes"))
    }

    async fn fetch(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Fetched<R>> {
        let mut answers = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(CHUNK) {
            let (this, collection, chunk) = (self.clone(), collection.clone(), chunk.to_vec());
            let asked = chunk.len();
            let read = move || match this.shared.folder(&collection) {
                Ok(folder) => chunk.iter().map(|id| this.fetched(&collection, &folder, id)).collect::<Vec<_>>(),
                Err(e) => chunk.iter().map(|_| Fetched::Failed(e.clone().during("vdir.fetch"))).collect(),
            };
            match blocking(read).await {
                Ok(read) => answers.extend(read),
                Err(e) => answers.extend((0..asked).map(|_| Fetched::Failed(e.clone().during("vdir.fetch")))),
            }
        }
        answers
    }

    async fn find(&self, collection: &CollectionId, keys: &[Key]) -> Vec<Result<Vec<Stored<R>>>> {
        let (this, collection, asked) = (self.clone(), collection.clone(), keys.to_vec());
        match blocking(move || this.found(&collection, &asked)).await {
            Ok(answers) => answers,
            Err(e) => keys.iter().map(|_| Err(e.clone().during("vdir.find"))).collect(),
        }
    }

    async fn fields(&self, collection: &CollectionId) -> Result<Vec<FieldSupport>> {
        let (this, collection) = (self.clone(), collection.clone());
        let writable = blocking(move || this.shared.folder(&collection).map(|folder| disk::is_writable(&folder))).await??;
        let mut fields = R::text_fields(&self.authoring());
        for field in &mut fields {
            field.write = field.write && writable;
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
            return Err(Error::new(ErrorKind::Unavailable, "no custom fields can be written here; see the folder's permissions"));
        }
        // The name has to come back from a property name: see the formats.
        if name.is_empty() || name.len() > 200 || name.contains(char::is_control) {
            return Err(Error::new(ErrorKind::InvalidData, "a custom field needs a name of 1 to 200 bytes on one line"));
        }
        Ok(path)
    }

    async fn write(&self, collection: &CollectionId, writes: Vec<Write<R>>, options: &WriteOptions) -> Vec<Outcome<R>> {
        Batch::new(self.clone(), collection.clone()).run(writes, options).await
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
        Some(self)
    }
}
