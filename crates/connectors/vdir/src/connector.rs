//! The connector: one folder, three kinds.

use crate::{blocking::blocking, config::Config, error, files::Files, folder::Shared, names};
use async_trait::async_trait;
use pimkit_core::{
    Account, AccountId, Capabilities, CollectionId, Connector, ConnectorInfo, Contact, Error, ErrorKind, Event, Kind, Message, Push,
    Repository, Result, Role, Task, User, cursor::binding,
};
use pimkit_formats::{compose::capabilities, resource::TextRecord};
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What the names of items end in.
pub(crate) const EXTENSIONS: [&str; 2] = [Contact::EXTENSION, Event::EXTENSION];
/// The file that holds a collection's name (vdirsyncer's vdir format).
pub(crate) const DISPLAYNAME: &str = "displayname";
/// The file that holds a collection's colour as `#rrggbb` (vdirsyncer's vdir format).
pub(crate) const COLOR: &str = "color";

/// A folder of .vcf and .ics files.
///
/// # Behavior
/// - The account's id is the one that [`Config::account`] gives. Without, it is made of the folder's canonical path: the
///   same in every run, another when the folder is moved. No file is written into the folder for it.
/// - Reading writes nothing; a listing removes what a killed process of ours left. Writing makes, replaces and removes
///   items, and for a moment hidden files named `.pimkit-….tmp` or `.pimkit-….old`.
#[derive(Clone, Debug)]
pub struct Vdir {
    shared: Arc<Shared>,
}

impl Vdir {
    /// Opens a folder.
    ///
    /// # Errors
    /// `CollectionGone` when the folder is not there; `PermissionDenied` or `Storage` when it cannot be looked at; `Config`
    /// when the account's id is empty or not one line.
    pub fn open(path: impl AsRef<Path>, config: Config) -> Result<Self> {
        let path = path.as_ref();
        let root = std::fs::canonicalize(path).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => error::root_gone(path),
            _ => error::disk("the folder cannot be opened; check the path and its permissions", e).with("path", path.display()),
        })?;
        if !root.is_dir() {
            return Err(error::root_gone(path));
        }
        let account = match &config.account {
            Some(id) if id.trim().is_empty() || id.contains(char::is_control) => {
                return Err(Error::new(ErrorKind::Config, "the id of the account is empty or not one line; give it a name"));
            }
            Some(id) => id.clone(),
            None => format!("vdir-{:016x}", binding(&[root.as_os_str().as_encoded_bytes()])),
        };
        let account = AccountId::from(account);
        Ok(Self { shared: Arc::new(Shared::new(root, account, config)) })
    }

    /// Where the folder is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared.root
    }

    /// The id of the collection of items that lie directly in the folder.
    #[must_use]
    pub fn root_collection() -> CollectionId {
        CollectionId::from(names::ROOT)
    }

    /// A collection's colour, as `#rrggbb` in lower case, when a file `color` says one.
    ///
    /// # Errors
    /// `CollectionGone` when the collection is not there; `InvalidData` when the id is not one.
    pub async fn color(&self, collection: &CollectionId) -> Result<Option<String>> {
        let (shared, collection) = (Arc::clone(&self.shared), collection.clone());
        let color: Result<Option<String>> = blocking(move || {
            let folder: PathBuf = shared.folder(&collection)?;
            Ok(shared.beside(&folder, COLOR))
        })
        .await?;
        let is_color = |text: &String| text.len() == 7 && text.strip_prefix('#').is_some_and(|h| h.chars().all(|c| c.is_ascii_hexdigit()));
        Ok(color.map_err(|e| e.during("vdir.color"))?.filter(is_color).map(|text| text.to_ascii_lowercase()))
    }
}

const KINDS: &[(Kind, Capabilities)] =
    &[(Kind::Contact, capabilities(Kind::Contact)), (Kind::Event, capabilities(Kind::Event)), (Kind::Task, capabilities(Kind::Task))];

/// What a folder can do, without opening one.
pub const INFO: ConnectorInfo = ConnectorInfo { id: "vdir", kinds: KINDS, roles: &[Role::Folders, Role::Blobs, Role::Search] };

#[async_trait]
impl Connector for Vdir {
    fn info(&self) -> ConnectorInfo {
        INFO
    }

    async fn account(&self) -> Result<Account> {
        Ok(Account { id: self.shared.account.clone(), addresses: self.shared.config.addresses.clone(), skew: 0 })
    }

    fn contacts(&self) -> Option<Arc<dyn Repository<Contact>>> {
        Some(Arc::new(Files::<Contact>::new(Arc::clone(&self.shared))))
    }
    fn events(&self) -> Option<Arc<dyn Repository<Event>>> {
        Some(Arc::new(Files::<Event>::new(Arc::clone(&self.shared))))
    }
    fn tasks(&self) -> Option<Arc<dyn Repository<Task>>> {
        Some(Arc::new(Files::<Task>::new(Arc::clone(&self.shared))))
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
