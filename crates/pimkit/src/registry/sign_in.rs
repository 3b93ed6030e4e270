//! How an account of a configuration signs in.

use super::{OpenError, check_keys, find, graph, secret, settings};
use pimkit_core::{Error, ErrorKind, Kind, Result, Value};
use pimkit_http::{Auth, Reqwest, ReqwestOptions};
use pimkit_oauth::{App, AppOnly, FileStore, Granted, Refreshing, SignedIn, Store};
use pimkit_sync::{RandomChance, SystemClock};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// The folder beside the configuration in which sign-ins are kept.
const FOLDER: &str = "tokens";

/// The sign-in of one account: the app that signs in, and where what it is granted is kept.
#[derive(Debug)]
pub struct SignIn {
    app: App,
    store: FileStore,
    account: String,
    own_name: bool,
}

/// The sign-in of an account that has a `client_id`; `settings` and `base` are those of [`open`](super::open). What it asks
/// for are the `scopes` of the settings, or what these `kinds` are read and written with where the settings name none (every kind
/// when none is said), and `more` beside.
///
/// An account with `client_secret` and `mailbox` acts in the app's own name: nobody signs in, and nothing is kept. Any other
/// acts for whoever signs in; what is granted is kept in the folder `tokens` at `base`, under the account's name.
///
/// # Errors
/// [`OpenError`]: for connectors without a sign-in, and for settings without a `client_id`.
pub fn sign_in(
    name: &str,
    account: Option<&str>,
    settings: &Value,
    base: &Path,
    kinds: &[Kind],
    more: &[String],
) -> Result<SignIn, OpenError> {
    let known = find(name)?;
    check_keys(known, settings)?;
    let refuse = |key, reason| OpenError::Setting { connector: known.name, key, reason };
    if known.name != graph::NAME {
        return Err(refuse("connector", "does not sign in; its password or token is in the configuration by reference"));
    }
    let id = settings::text(known.name, "client_id", settings)?;
    let missing = "is missing; take it from the app's registration, or give a token, as token = { env = \"NAME\" }";
    let id = id.ok_or_else(|| refuse("client_id", missing))?;
    let secret = secret::read(known.name, "client_secret", settings, base)?;
    let own_name = secret.is_some() && settings::text(known.name, "mailbox", settings)?.is_some();
    let everybody =
        matches!(settings::text(known.name, "tenant", settings)?.as_deref(), None | Some("common" | "organizations" | "consumers"));
    if own_name && everybody {
        return Err(refuse("tenant", "is missing; in its own name an app signs in at one tenant: give its id or domain"));
    }
    let provider = graph::provider(settings, kinds, more)?;
    let wire = Arc::new(Reqwest::new(&ReqwestOptions::default())?);
    let app = App::new(provider, &id, secret, wire, Arc::new(SystemClock), Arc::new(RandomChance::default()))?;
    let account = account.unwrap_or(&id).to_owned();
    Ok(SignIn { app, store: sign_ins(base), account, own_name })
}

/// Where the sign-ins of a configuration's accounts are kept: by [`Store::remove`] one is forgotten, whatever the settings say by now.
#[must_use]
pub fn sign_ins(base: &Path) -> FileStore {
    FileStore::new(base.join(FOLDER))
}

impl SignIn {
    /// What signs in.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Whether the app acts in its own name: nobody has to sign in.
    #[must_use]
    pub fn is_own_name(&self) -> bool {
        self.own_name
    }

    /// Where what is granted is kept.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.store.path(&self.account)
    }

    /// What a server said that the next sign-in must bring along: for [`App::authorize`] and [`App::device_for`].
    ///
    /// # Errors
    /// As [`Store::claims`].
    pub async fn claims(&self) -> Result<Option<String>> {
        self.store.claims(&self.account).await
    }

    /// Keeps what was granted. What the sign-in had to bring along is done with.
    ///
    /// # Errors
    /// As [`App::keep`] and [`Store::save`].
    pub async fn keep(&self, granted: &Granted) -> Result<()> {
        self.store.save(&self.account, &self.app.keep(granted)?).await?;
        self.store.save_claims(&self.account, None).await
    }

    /// Proves the sign-in in the app's own name.
    ///
    /// # Errors
    /// As [`App::own`]; `Config` for an account that somebody has to sign in to.
    pub async fn prove(&self) -> Result<()> {
        if !self.own_name {
            return Err(Error::new(ErrorKind::Config, "somebody has to sign in to this account; nothing can be proven without"));
        }
        self.app.own().await.map(drop)
    }

    /// The credentials of the account's road.
    #[must_use]
    pub fn auth(self) -> Arc<dyn Auth> {
        if self.own_name {
            return Arc::new(SignedIn::new(Arc::new(AppOnly::new(self.app))));
        }
        Arc::new(SignedIn::new(Arc::new(Refreshing::new(self.app, Arc::new(self.store), self.account))))
    }
}
