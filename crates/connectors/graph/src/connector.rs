//! The connector: one mailbox, and what else its owner's organisation lets it see.

use crate::{
    config::Config,
    contacts::{self, Contacts},
    error::Reader,
    events::{self, Events},
    messages::{self, Messages},
    push::{Notices, Pushing},
    session::{AT_ONCE, Session},
    tasks::{self, Tasks},
    users::{self, Users},
};
use async_trait::async_trait;
use pimkit_core::{
    Account, AccountId, Capabilities, Chance, Clock, Connector, ConnectorInfo, Contact, Error, ErrorKind, Event, Kind, Message, Push,
    Repository, Result, Role, Task, User, cursor::binding,
};
use pimkit_http::{Answer, Auth, Failure, Pace, RetryPolicy, Road, Transport};
use std::{fmt, sync::Arc};
use url::Url;

/// A mailbox at Microsoft 365 or Outlook.com.
///
/// # Behavior
/// - Opening sends nothing.
/// - All repositories share one road: its gate of four requests at once, its credentials.
/// - The account's id is the one that [`Config::account`] gives; without, it is made of the mailbox and the host.
#[derive(Clone, Debug)]
pub struct Graph {
    pub(crate) session: Arc<Session>,
    contacts: Arc<Contacts>,
    events: Arc<Events>,
    tasks: Arc<Tasks>,
    messages: Arc<Messages>,
    users: Arc<Users>,
    push: Option<Arc<Pushing>>,
}

/// What an account is opened with.
pub struct Opening {
    config: Config,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    auth: Option<Arc<dyn Auth>>,
    notices: Option<Notices>,
    policy: RetryPolicy,
    pace: Pace,
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Opening {
    /// The same, signed in: [`pimkit_http::Bearer`] over a source of tokens.
    #[must_use]
    pub fn auth(mut self, auth: Arc<dyn Auth>) -> Self {
        self.auth = Some(auth);
        self
    }

    /// The same, with push: subscriptions are made, and their notices told from those of others, with this.
    #[must_use]
    pub fn notices(mut self, notices: Notices) -> Self {
        self.notices = Some(notices);
        self
    }

    /// The same, with this patience.
    #[must_use]
    pub fn policy(mut self, policy: RetryPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// The same, at this pace. Outlook takes four requests of an app at once for one mailbox.
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Opens the account. Nothing is sent.
    ///
    /// # Errors
    /// `Config` when the address is none, or the credentials would go over plain http to another machine.
    pub fn open(self) -> Result<Graph> {
        let Self { config, transport, clock, chance, auth, notices, policy, pace } = self;
        let root = root(&config.url)?;
        for (name, what) in [
            (&config.account, "the id of the account is empty or not one line; give it a name"),
            (&config.mailbox, "the mailbox is empty or not one line; give the user's principal name, or leave it out for your own"),
        ] {
            if name.as_ref().is_some_and(|name| name.trim().is_empty() || name.contains(char::is_control)) {
                return Err(Error::new(ErrorKind::Config, what));
            }
        }
        if notices.as_ref().is_some_and(|n| n.client_state.expose().is_empty() || n.client_state.expose().chars().count() > 128) {
            return Err(Error::new(ErrorKind::Config, "the secret of notices has 1 to 128 characters; give such a one"));
        }
        if config.page_size == 0 || config.page_size > 1000 {
            return Err(Error::new(ErrorKind::Config, "a page has 1 to 1000 rows; give such a page size"));
        }
        let mut road =
            Road::builder(transport, Arc::clone(&clock), Arc::clone(&chance)).classifier(Arc::new(Reader)).policy(policy).pace(pace);
        road = road.home(root.clone());
        if let Some(auth) = auth {
            road = road.auth(auth);
        }
        let session = Arc::new(Session::new(road.build()?, config, clock, chance, root));
        let push = notices.map(|notices| Arc::new(Pushing::new(Arc::clone(&session), notices)));
        Ok(Graph {
            contacts: Arc::new(Contacts::new(Arc::clone(&session))),
            events: Arc::new(Events::new(Arc::clone(&session))),
            tasks: Arc::new(Tasks::new(Arc::clone(&session))),
            messages: Arc::new(Messages::new(Arc::clone(&session))),
            users: Arc::new(Users::new(Arc::clone(&session))),
            push,
            session,
        })
    }
}

/// The root of the version, with a slash at its end.
fn root(text: &str) -> Result<Url> {
    let wrong =
        || Error::new(ErrorKind::Config, "this is no address of Microsoft Graph; give one such as https://graph.microsoft.com/v1.0");
    let mut url = Url::parse(text.trim()).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(wrong());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::new(ErrorKind::Config, "the address holds a user or password; give the credentials apart from the url"));
    }
    url.set_fragment(None);
    url.set_query(None);
    let path = url.path().trim_matches('/').to_owned();
    // Without a version there is nothing; 1.0 is what this connector speaks.
    let path = if path.is_empty() { "/v1.0/".to_owned() } else { format!("/{path}/") };
    url.set_path(&path);
    Ok(url)
}

impl Graph {
    /// What an account is opened with. Clock and chance are the host's; `pimkit-sync` has those of the machine.
    #[must_use]
    pub fn builder(config: Config, transport: Arc<dyn Transport>, clock: Arc<dyn Clock>, chance: Arc<dyn Chance>) -> Opening {
        Opening {
            config,
            transport,
            clock,
            chance,
            auth: None,
            notices: None,
            policy: RetryPolicy::default(),
            pace: Pace::default().at_once(AT_ONCE),
        }
    }

    /// Sends a request of the caller's own over the account's road, with its credentials, gate, patience and bounds. `path` is below
    /// the root of the version, with its query, escaped: `me/outlook/masterCategories?$top=5`.
    ///
    /// # Errors
    /// As [`Road::send`]; `Config` for a path that is none.
    pub async fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<Answer> {
        let url = self.session.given(self.session.url(path.trim_start_matches('/'))?.as_str())?;
        let mut request = self.session.request("graph.request", method, url, &[])?;
        for (name, value) in headers {
            request = request.header(name, value)?;
        }
        self.session.send(request.body(body)).await.map_err(Failure::into_error)
    }

    fn account_id(&self) -> AccountId {
        let config = &self.session.config;
        match &config.account {
            Some(id) => AccountId::from(id.as_str()),
            None => {
                let host = self.session.root().host_str().unwrap_or_default();
                let mailbox = config.mailbox.as_deref().unwrap_or("me");
                AccountId::from(format!("graph-{:016x}", binding(&[mailbox, host])))
            }
        }
    }
}

/// A kind and the most that can be done with it: one line for each kind that this connector has.
const KINDS: &[(Kind, Capabilities)] = &[
    (Kind::Contact, contacts::most()),
    (Kind::Event, events::CAPABILITIES),
    (Kind::Task, tasks::most()),
    (Kind::Message, messages::most()),
    (Kind::User, users::most()),
];

/// What Microsoft Graph can do, without asking it.
pub const INFO: ConnectorInfo =
    ConnectorInfo { id: "graph", kinds: KINDS, roles: &[Role::Folders, Role::Categories, Role::Blobs, Role::Search, Role::Push] };

#[async_trait]
impl Connector for Graph {
    fn info(&self) -> ConnectorInfo {
        INFO
    }

    async fn account(&self) -> Result<Account> {
        Ok(Account { id: self.account_id(), addresses: self.session.addresses().await?, skew: self.session.skew() })
    }

    fn contacts(&self) -> Option<Arc<dyn Repository<Contact>>> {
        Some(self.contacts.clone())
    }
    fn events(&self) -> Option<Arc<dyn Repository<Event>>> {
        Some(self.events.clone())
    }
    fn tasks(&self) -> Option<Arc<dyn Repository<Task>>> {
        Some(self.tasks.clone())
    }
    fn messages(&self) -> Option<Arc<dyn Repository<Message>>> {
        Some(self.messages.clone())
    }
    fn users(&self) -> Option<Arc<dyn Repository<User>>> {
        Some(self.users.clone())
    }
    fn push(&self) -> Option<Arc<dyn Push>> {
        self.push.clone().map(|push| -> Arc<dyn Push> { push })
    }
    fn requests(&self) -> Option<u64> {
        Some(self.session.road.requests())
    }
}
