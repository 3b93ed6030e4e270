//! The connector: one account, and the most that can be done with it.

use crate::{config::Config, error::Reader, session::Session};
use async_trait::async_trait;
use pimkit_core::{
    Account, AccountId, Capabilities, Chance, Clock, Connector, ConnectorInfo, Contact, Error, ErrorKind, Event, Kind, Message,
    Push, Repository, Result, Role, Task, User, cursor::binding,
};
use pimkit_http::{Answer, Auth, Failure, Pace, RetryPolicy, Road, Transport};
use std::{fmt, sync::Arc};
use url::Url;

/// An account.
///
/// # Behavior
/// - Opening sends nothing.
/// - All repositories share one road: its gate, its credentials.
/// - The account's id is the one that [`Config::account`] gives; without, it is made of the address.
#[derive(Clone, Debug)]
pub struct Skeleton {
    session: Arc<Session>,
}

/// What an account is opened with.
pub struct Opening {
    config: Config,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    auth: Option<Arc<dyn Auth>>,
    policy: RetryPolicy,
    pace: Pace,
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Opening {
    /// The same, signed in.
    #[must_use]
    pub fn auth(mut self, auth: Arc<dyn Auth>) -> Self {
        self.auth = Some(auth);
        self
    }

    /// The same, with this patience.
    #[must_use]
    pub fn policy(mut self, policy: RetryPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// The same, at this pace.
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Opens the account. Nothing is sent.
    ///
    /// # Errors
    /// `Config` when the address is none, or the credentials would go over plain http to another machine.
    pub fn open(self) -> Result<Skeleton> {
        let Self { config, transport, clock, chance, auth, policy, pace } = self;
        let root = root(&config.url)?;
        if config.account.as_ref().is_some_and(|id| id.trim().is_empty() || id.contains(char::is_control)) {
            let what = "the id of the account is empty or not one line; give it a name";
            return Err(Error::new(ErrorKind::Config, what));
        }
        let mut road = Road::builder(transport, clock, chance);
        road = road.classifier(Arc::new(Reader)).policy(policy).pace(pace).home(root.clone());
        if let Some(auth) = auth {
            road = road.auth(auth);
        }
        Ok(Skeleton { session: Arc::new(Session::new(road.build()?, config, root)) })
    }
}

/// The root of everything that is asked for, with a slash at its end.
fn root(text: &str) -> Result<Url> {
    let wrong = || Error::new(ErrorKind::Config, "this is no address of the service; give one such as https://example.org/");
    let mut url = Url::parse(text.trim()).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(wrong());
    }
    if !url.username().is_empty() || url.password().is_some() {
        let what = "the address holds a user or password; give the credentials apart from the url";
        return Err(Error::new(ErrorKind::Config, what));
    }
    url.set_fragment(None);
    url.set_query(None);
    let path = format!("{}/", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

impl Skeleton {
    /// What an account is opened with. Clock and chance are the host's; `pimkit-sync` has those of the machine.
    #[must_use]
    pub fn builder(
        config: Config,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
    ) -> Opening {
        let (policy, pace) = (RetryPolicy::default(), Pace::default());
        Opening { config, transport, clock, chance, auth: None, policy, pace }
    }

    /// Sends a request of the caller's own over the account's road: with its credentials, gate, patience and bounds. `path` is
    /// below the root, with its query, escaped.
    ///
    /// # Errors
    /// As [`Road::send`]; `Config` for a path that is none.
    pub async fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<Answer> {
        let mut request = self.session.request("skeleton.request", method, self.session.url(path)?)?;
        for (name, value) in headers {
            request = request.header(name, value)?;
        }
        self.session.road.send(request.body(body)).await.map_err(Failure::into_error)
    }

    fn account_id(&self) -> AccountId {
        match &self.session.config.account {
            Some(id) => AccountId::from(id.as_str()),
            None => AccountId::from(format!("skeleton-{:016x}", binding(&[self.session.root().as_str()]))),
        }
    }
}

/// A kind and the most that can be done with it: one line for each kind that this connector has.
const KINDS: &[(Kind, Capabilities)] = &[];
const ROLES: &[Role] = &[];

/// What the service can do, without asking it.
pub const INFO: ConnectorInfo = ConnectorInfo { id: "skeleton", kinds: KINDS, roles: ROLES };

#[async_trait]
impl Connector for Skeleton {
    fn info(&self) -> ConnectorInfo {
        INFO
    }

    async fn account(&self) -> Result<Account> {
        let addresses = self.session.config.addresses.clone();
        Ok(Account { id: self.account_id(), addresses, skew: self.session.road.skew().unwrap_or_default() })
    }

    fn contacts(&self) -> Option<Arc<dyn Repository<Contact>>> {
        None
    }
    fn events(&self) -> Option<Arc<dyn Repository<Event>>> {
        None
    }
    fn tasks(&self) -> Option<Arc<dyn Repository<Task>>> {
        None
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
    fn requests(&self) -> Option<u64> {
        Some(self.session.road.requests())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_as_people_type_it_and_shows_no_secret_where_it_is_none() {
        for (typed, expected) in [
            (" https://skeleton.example ", "https://skeleton.example/"),
            ("https://skeleton.example/v1?x#y", "https://skeleton.example/v1/"),
        ] {
            assert_eq!(root(typed).unwrap().as_str(), expected);
        }
        for wrong in ["", "skeleton.example", "ftp://skeleton.example/", "https://ada:hunter2@skeleton.example/"] {
            let error = root(wrong).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{wrong}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
