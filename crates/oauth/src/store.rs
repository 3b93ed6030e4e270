//! Where refresh tokens rest.

use async_trait::async_trait;
use pimkit_core::{Error, ErrorKind, Result};
use pimkit_http::Secret;
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// What is kept of a sign-in. Its `Debug` does not show the token.
#[derive(Clone)]
#[non_exhaustive]
pub struct Kept {
    /// What fetches access tokens.
    pub refresh: Secret,
    /// What was granted, where the provider said so.
    pub scopes: Vec<String>,
    /// The client that it was granted to.
    pub client: String,
    /// The token endpoint that granted it: it is sent to no other.
    pub endpoint: String,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("scopes", &self.scopes).field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// Keeps what was granted, by account.
///
/// # Behavior
/// - What [`save`](Self::save) took is there for every later [`load`](Self::load), also after a crash; a save that failed
///   leaves what was there.
/// - Nobody but the user may read it.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// What is kept for an account.
    ///
    /// # Errors
    /// `Storage` when it cannot be read, `InvalidData` when it is not understood, `Config` when others can read it too.
    async fn load(&self, account: &str) -> Result<Option<Kept>>;

    /// Keeps this for an account, in place of what was kept.
    ///
    /// # Errors
    /// `Storage` when it cannot be written.
    async fn save(&self, account: &str, kept: &Kept) -> Result<()>;

    /// The claims that the next sign-in to an account must bring along, where a server asked for some: JSON (OpenID Connect Core
    /// §5.5), and no secret. A store that keeps none has a user sign in again and be asked again.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    async fn claims(&self, _account: &str) -> Result<Option<String>> {
        Ok(None)
    }

    /// Keeps what the next sign-in must bring along, in place of what was kept; none forgets it. The sign-in that is kept stays
    /// as it is.
    ///
    /// # Errors
    /// As [`save`](Self::save).
    async fn save_claims(&self, _account: &str, _claims: Option<&str>) -> Result<()> {
        Ok(())
    }

    /// Forgets an account, and what its next sign-in must bring along; false when no sign-in was kept.
    ///
    /// # Errors
    /// `Storage` when it cannot be taken away.
    async fn remove(&self, account: &str) -> Result<bool>;
}

/// A folder with a file per account, which on Unix only its owner may read (0600). Elsewhere the folder's own rights hold.
#[derive(Clone, Debug)]
pub struct FileStore {
    folder: PathBuf,
}

/// What stands in a file.
#[derive(Serialize, Deserialize)]
struct Row {
    version: u32,
    client_id: String,
    token_endpoint: String,
    scopes: Vec<String>,
    refresh_token: Zeroizing<String>,
}

const VERSION: u32 = 1;

/// The longest claims that are kept: they go into an address, and browsers take no longer ones.
const LONGEST_CLAIMS: usize = 4096;

/// Whether these are claims to bring along: a JSON object that an address has room for.
pub(crate) fn is_claims(text: &str) -> bool {
    text.len() <= LONGEST_CLAIMS && serde_json::from_str::<serde_json::Value>(text).is_ok_and(|json| json.is_object())
}

/// The largest file that is read.
const LARGEST: u64 = 1 << 20;

impl FileStore {
    /// In this folder, which is made with the first file.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The file of an account. Whatever an account is called, its file lies in the folder.
    #[must_use]
    pub fn path(&self, account: &str) -> PathBuf {
        let mut name = String::with_capacity(account.len() + 5);
        for byte in account.bytes() {
            // Small letters and digits alone: some file systems do not tell capitals from them.
            if byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_' {
                name.push(char::from(byte));
            } else {
                name.push_str(&format!("%{byte:02x}"));
            }
        }
        self.folder.join(format!("{name}.json"))
    }

    /// Beside it, so that a token that another process rotates meanwhile is never written over. No account is called so: dots
    /// are escaped.
    fn claims_path(&self, account: &str) -> PathBuf {
        self.path(account).with_extension("claims.json")
    }

    fn read(&self, account: &str) -> Result<Option<Kept>> {
        let path = self.path(account);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(storage("the kept sign-in cannot be read; check the rights of its file", &path, e)),
        };
        private(&file, &path)?;
        let mut text = Zeroizing::new(String::new());
        let read = file.take(LARGEST).read_to_string(&mut text);
        read.map_err(|e| storage("the kept sign-in cannot be read; sign in again", &path, e))?;
        let wrong = |message: &'static str| Error::new(ErrorKind::InvalidData, message).with("file", path.display());
        // What serde says may quote the file.
        let row: Row = serde_json::from_str(&text).map_err(|_| wrong("the kept sign-in is damaged; sign in again"))?;
        if row.version != VERSION {
            return Err(wrong("the kept sign-in was written by another version of this program; sign in again"));
        }
        let refresh = Secret::new(row.refresh_token.as_str());
        Ok(Some(Kept { refresh, scopes: row.scopes, client: row.client_id, endpoint: row.token_endpoint }))
    }

    fn write(&self, account: &str, kept: &Kept) -> Result<()> {
        let path = self.path(account);
        let failed = |e| storage("the sign-in cannot be kept; check the rights of the folder and the space on the disk", &path, e);
        let row = Row {
            version: VERSION,
            client_id: kept.client.clone(),
            token_endpoint: kept.endpoint.clone(),
            scopes: kept.scopes.clone(),
            refresh_token: Zeroizing::new(kept.refresh.expose().to_owned()),
        };
        let text = Zeroizing::new(serde_json::to_string_pretty(&row).map_err(|e| failed(e.into()))?);
        make_folder(&self.folder).map_err(failed)?;
        replace(&path, text.as_bytes()).map_err(failed)
    }
}

#[async_trait]
impl Store for FileStore {
    async fn load(&self, account: &str) -> Result<Option<Kept>> {
        self.read(account)
    }

    async fn save(&self, account: &str, kept: &Kept) -> Result<()> {
        self.write(account, kept)
    }

    async fn claims(&self, account: &str) -> Result<Option<String>> {
        let path = self.claims_path(account);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(storage("what the next sign-in must bring along cannot be read; delete its file", &path, e)),
        };
        let mut text = String::new();
        let read = file.take(LARGEST).read_to_string(&mut text);
        // Without, the server asks for them again.
        Ok(read.is_ok_and(|_| is_claims(&text)).then_some(text))
    }

    async fn save_claims(&self, account: &str, claims: Option<&str>) -> Result<()> {
        let path = self.claims_path(account);
        let Some(claims) = claims else { return taken_away(&path).map(drop) };
        let failed = |e| storage("what the next sign-in must bring along cannot be kept; check the rights of the folder", &path, e);
        make_folder(&self.folder).map_err(failed)?;
        replace(&path, claims.as_bytes()).map_err(failed)
    }

    async fn remove(&self, account: &str) -> Result<bool> {
        let was = taken_away(&self.path(account))?;
        taken_away(&self.claims_path(account))?;
        Ok(was)
    }
}

/// Takes a file away; false when it was not there.
fn taken_away(path: &Path) -> Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(storage("the kept sign-in cannot be taken away; delete its file", path, e)),
    }
}

fn storage(message: &'static str, path: &Path, source: io::Error) -> Error {
    Error::new(ErrorKind::Storage, message).with("file", path.display()).caused_by(source)
}

/// Writes beside, and renames over: whoever reads sees the old file or the new one, and a crash leaves one of them.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // One name per process: a leftover of a crash is taken away by the next.
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    match fs::remove_file(&beside) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let written = owned().open(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    if let Err(e) = written.and_then(|()| fs::rename(&beside, path)) {
        // It holds a token; what cannot be taken away either is the owner's alone.
        let _ = fs::remove_file(&beside);
        return Err(e);
    }
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// How a file is made that only its owner may read.
fn owned() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A token that others could read is not to be trusted to be the user's alone any more.
#[cfg(unix)]
fn private(file: &File, path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let rights = file.metadata().map_err(|e| storage("the kept sign-in cannot be read; check the rights of its file", path, e))?;
    if rights.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    let message = "others than its owner may use the kept sign-in; sign in again, or say chmod 600 if nobody did";
    Err(Error::new(ErrorKind::Config, message).with("file", path.display()))
}

#[cfg(not(unix))]
fn private(_: &File, _: &Path) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;

    fn kept(refresh: &str) -> Kept {
        Kept { refresh: refresh.into(), scopes: vec!["a".into()], client: "app".into(), endpoint: "https://login.example/token".into() }
    }

    #[test]
    fn what_is_saved_is_loaded_and_what_is_removed_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(folder.path().join("deep/tokens"));
        assert!(block_on(store.load("work")).unwrap().is_none());
        for token in ["one", "two"] {
            block_on(store.save("work", &kept(token))).unwrap();
            let loaded = block_on(store.load("work")).unwrap().unwrap();
            assert_eq!((loaded.refresh.expose(), loaded.client.as_str()), (token, "app"));
        }
        assert_eq!(fs::read_dir(folder.path().join("deep/tokens")).unwrap().count(), 1);
        assert!(block_on(store.remove("work")).unwrap());
        assert!(!block_on(store.remove("work")).unwrap());
        assert!(block_on(store.load("work")).unwrap().is_none());
    }

    #[test]
    fn what_the_next_sign_in_must_bring_lies_beside_the_sign_in_and_goes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(folder.path().join("tokens"));
        let claims = "{\"access_token\":{\"acrs\":{\"essential\":true,\"value\":\"c1\"}}}";
        assert_eq!(block_on(store.claims("work")).unwrap(), None);
        // There may be claims without a sign-in, and a sign-in that is refreshed keeps them.
        block_on(store.save_claims("work", Some(claims))).unwrap();
        block_on(store.save("work", &kept("one"))).unwrap();
        assert_eq!(block_on(store.claims("work")).unwrap().as_deref(), Some(claims));
        assert_eq!(block_on(store.claims("other")).unwrap(), None);
        assert_eq!(block_on(store.load("work")).unwrap().unwrap().refresh.expose(), "one");
        block_on(store.save_claims("work", None)).unwrap();
        block_on(store.save_claims("work", None)).unwrap();
        assert_eq!(block_on(store.claims("work")).unwrap(), None);
        block_on(store.save_claims("work", Some(claims))).unwrap();
        assert!(block_on(store.remove("work")).unwrap());
        assert_eq!(fs::read_dir(folder.path().join("tokens")).unwrap().count(), 0);
        // What is none is not handed to a provider.
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(LONGEST_CLAIMS));
        for odd in ["hunter2", "[]", "", long.as_str()] {
            block_on(store.save_claims("work", Some(odd))).unwrap();
            assert_eq!(block_on(store.claims("work")).unwrap(), None, "{odd}");
        }
    }

    #[test]
    fn every_account_has_a_file_of_its_own_in_the_folder() {
        let store = FileStore::new("/tokens");
        let names = ["a", "A", "a/b", "../a", "a.json", "ä", "", "%41", ".", "con"];
        let paths: std::collections::BTreeSet<PathBuf> = names.iter().map(|name| store.path(name)).collect();
        assert_eq!(paths.len(), names.len());
        assert!(paths.iter().all(|path| path.parent() == Some(Path::new("/tokens"))), "{paths:?}");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_a_file_and_one_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(folder.path().join("tokens"));
        block_on(store.save("work", &kept("hunter2"))).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let path = store.path("work");
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = block_on(store.load("work")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        // A new sign-in makes a new file.
        block_on(store.save("work", &kept("hunter3"))).unwrap();
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn a_damaged_file_is_an_error_that_does_not_show_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(folder.path());
        for text in ["hunter2", "{\"refresh_token\":\"hunter2\"}", "{\"version\":\"hunter2\"}"] {
            replace(&store.path("work"), text.as_bytes()).unwrap();
            let error = block_on(store.load("work")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData);
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
        assert!(!format!("{:?}", kept("hunter2")).contains("hunter2"));
    }

    #[test]
    fn a_save_that_fails_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(folder.path());
        block_on(store.save("work", &kept("one"))).unwrap();
        // Something that cannot be replaced lies where the new file would be written.
        fs::create_dir(store.path("work").with_extension(format!("{}.new", std::process::id()))).unwrap();
        assert_eq!(block_on(store.save("work", &kept("two"))).unwrap_err().kind(), ErrorKind::Storage);
        assert_eq!(block_on(store.load("work")).unwrap().unwrap().refresh.expose(), "one");
    }
}
