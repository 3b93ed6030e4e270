//! The connector: one account, three kinds.

use crate::{
    config::{Config, Groups},
    discovery::{Endpoints, shown},
    dns::Dns,
    error::Reader,
    groups::Grouped,
    items::Items,
    known::most,
    located::Names,
    session::Session,
};
use async_trait::async_trait;
use pimkit_core::{
    Account, AccountId, Chance, Clock, Connector, ConnectorInfo, Contact, Error, ErrorKind, Event, Kind, Message, Push, Repository, Result,
    Role, Task, User, Value, cursor::binding,
};
use pimkit_http::{Answer, Auth, Failure, Pace, Request, RetryPolicy, Road, Transport};
use std::{fmt, sync::Arc};
use url::{Host, Url};

/// An account at a CalDAV or CardDAV server, or at both of one provider.
///
/// # Behavior
/// - Opening sends nothing. What is first asked for discovers where things are, unless the configuration has it.
/// - All repositories share one road: its gate, its credentials, what was discovered.
/// - The account's id is the one that [`Config::account`] gives; without, it is made of the user's name and the host.
#[derive(Clone, Debug)]
pub struct Dav {
    session: Arc<Session>,
}

/// What an account is opened with.
pub struct Opening {
    config: Config,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    auth: Option<Arc<dyn Auth>>,
    dns: Option<Arc<dyn Dns>>,
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

    /// The same, with a resolver: an account that is given by a domain or an e-mail address is looked up (RFC 6764).
    #[must_use]
    pub fn dns(mut self, dns: Arc<dyn Dns>) -> Self {
        self.dns = Some(dns);
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
    pub fn open(self) -> Result<Dav> {
        let Self { mut config, transport, clock, chance, auth, dns, policy, pace } = self;
        let Start { url: start, domain } = address(&config.url)?;
        // What was found from another address is another account's, or the same account's elsewhere.
        config.endpoints = config
            .endpoints
            .filter(|kept| match &kept.domain {
                Some(kept) => domain.as_ref().and_then(Url::host_str) == Some(kept),
                None => kept.asked.first().is_none_or(|asked| *asked == shown(&start)),
            })
            .filter(|kept| kept.user.is_none() || kept.user == config.user)
            .filter(|kept| !kept.is_empty());
        if let Some(id) = &config.account
            && (id.trim().is_empty() || id.contains(char::is_control))
        {
            return Err(Error::new(ErrorKind::Config, "the id of the account is empty or not one line; give it a name"));
        }
        let names = dns.zip(domain).map(|(dns, domain)| Names { dns, chance: Arc::clone(&chance), domain, plain: config.plain_dns });
        let mut road = Road::builder(transport, Arc::clone(&clock), chance).classifier(Arc::new(Reader)).policy(policy).pace(pace);
        road = road.home(start.clone());
        if let Some(names) = names.as_ref().filter(|names| names.domain != start) {
            road = road.home(names.domain.clone());
        }
        if let Some(auth) = auth {
            road = road.auth(auth);
        }
        // Google's contacts and calendars lie on other domains than where they are looked for.
        road = road
            .ally("google.com", "googleapis.com")
            .ally("googleapis.com", "googleusercontent.com")
            .ally("google.com", "googleusercontent.com");
        Ok(Dav { session: Arc::new(Session::new(road.build()?, config, clock, start, names)) })
    }
}

/// Where an account starts.
#[derive(Debug)]
struct Start {
    url: Url,
    /// The domain as an address, when no more than a domain was given: then it may be looked up.
    domain: Option<Url>,
}

/// An address that was typed: with or without scheme, or an e-mail address, whose host is asked.
fn address(text: &str) -> Result<Start> {
    let text = text.trim();
    let wrong = || Error::new(ErrorKind::Config, "this is no address of a server; give one such as https://dav.example.org/");
    let mut domain = None;
    let whole = if text.contains("://") {
        text.to_owned()
    } else {
        let host = text.rsplit_once('@').map_or(text, |(_, host)| host);
        domain = bare(host);
        let host = PRESETS.iter().find(|(domain, _)| host.eq_ignore_ascii_case(domain)).map_or(host, |(_, host)| host);
        format!("https://{host}")
    };
    let mut url = Url::parse(&whole).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(wrong());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::new(ErrorKind::Config, "the address holds a user or password; give the credentials apart from the url"));
    }
    url.set_fragment(None);
    let path = crate::href::canonical(url.path()).ok_or_else(wrong)?;
    url.set_path(&path);
    Ok(Start { url, domain })
}

/// A name that DNS can be asked for, as an address. None with a port or a path, for a number, and for a name of one label, which
/// is of this network alone and nobody else's to hear of.
fn bare(host: &str) -> Option<Url> {
    let name = host.strip_suffix('.').unwrap_or(host);
    if !name.contains('.') || name.contains(|c: char| c.is_whitespace() || c.is_control() || "/\\:?#[]%".contains(c)) {
        return None;
    }
    Url::parse(&format!("https://{name}/")).ok().filter(|url| matches!(url.host(), Some(Host::Domain(_))))
}

/// Domains whose own hosts do not answer (icloud.com says 501: DAV-4-TbSync 95), and where to ask instead.
const PRESETS: [(&str, &str); 7] = [
    ("icloud.com", "caldav.icloud.com"),
    ("me.com", "caldav.icloud.com"),
    ("mac.com", "caldav.icloud.com"),
    ("fastmail.com", "caldav.fastmail.com"),
    ("yahoo.com", "caldav.calendar.yahoo.com"),
    ("gmx.net", "caldav.gmx.net"),
    ("mailbox.org", "dav.mailbox.org"),
];

impl Dav {
    /// What an account is opened with. Clock and chance are the host's; `pimkit-sync` has those of the machine.
    #[must_use]
    pub fn builder(config: Config, transport: Arc<dyn Transport>, clock: Arc<dyn Clock>, chance: Arc<dyn Chance>) -> Opening {
        Opening { config, transport, clock, chance, auth: None, dns: None, policy: RetryPolicy::default(), pace: Pace::default() }
    }

    /// Discovers where things are, unless that is known.
    ///
    /// # Errors
    /// `Unauthenticated` when the credentials are refused; `Config` when nothing was found; what the network says otherwise.
    pub async fn discover(&self) -> Result<Endpoints> {
        self.session.endpoints().await.map(|e| (*e).clone())
    }

    /// What was discovered, to be kept and handed back ([`Config::endpoints`]): it may have changed in any call.
    #[must_use]
    pub fn discovered(&self) -> Option<Endpoints> {
        self.session.discovered().map(|e| (*e).clone())
    }

    /// Sends a request of the caller's own over the account's road: with its credentials, gate, patience and bounds.
    ///
    /// # Errors
    /// As [`Road::send`]; `Config` for a path that is none.
    pub async fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<Answer> {
        let endpoints = self.session.endpoints().await?;
        let path = crate::href::canonical(path)
            .ok_or_else(|| Error::new(ErrorKind::Config, "the path leads above the root; give one that begins with a slash"))?;
        let mut request = Request::new("dav.request", method, endpoints.at(&self.session.start, &path, false))?;
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
                let host = self.session.start.host_str().unwrap_or_default();
                let user = config.user.as_deref().unwrap_or_default();
                AccountId::from(format!("dav-{:016x}", binding(&[user, host])))
            }
        }
    }
}

const KINDS: &[(Kind, pimkit_core::Capabilities)] =
    &[(Kind::Contact, most(Kind::Contact)), (Kind::Event, most(Kind::Event)), (Kind::Task, most(Kind::Task))];

/// What a DAV server can do, without asking one.
pub const INFO: ConnectorInfo = ConnectorInfo { id: "dav", kinds: KINDS, roles: &[Role::Folders, Role::Blobs, Role::Categories] };

#[async_trait]
impl Connector for Dav {
    fn info(&self) -> ConnectorInfo {
        match self.session.config.groups {
            Groups::Categories => INFO,
            // Groups are contacts, and categories only words on cards.
            Groups::Cards => ConnectorInfo { roles: &[Role::Folders, Role::Blobs], ..INFO },
        }
    }

    async fn account(&self) -> Result<Account> {
        let endpoints = self.session.endpoints().await?;
        let mut addresses = self.session.config.addresses.clone();
        for address in &endpoints.addresses {
            if !addresses.iter().any(|known| known.eq_ignore_ascii_case(address)) {
                addresses.push(address.clone());
            }
        }
        Ok(Account { id: self.account_id(), addresses, skew: self.session.skew() })
    }

    fn contacts(&self) -> Option<Arc<dyn Repository<Contact>>> {
        Some(match self.session.config.groups {
            Groups::Cards => Arc::new(Items::<Contact>::new(Arc::clone(&self.session))),
            Groups::Categories => Arc::new(Grouped::new(Arc::clone(&self.session))),
        })
    }
    fn events(&self) -> Option<Arc<dyn Repository<Event>>> {
        Some(Arc::new(Items::<Event>::new(Arc::clone(&self.session))))
    }
    fn tasks(&self) -> Option<Arc<dyn Repository<Task>>> {
        Some(Arc::new(Items::<Task>::new(Arc::clone(&self.session))))
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
    fn endpoints(&self) -> Option<Value> {
        self.session.discovered().and_then(|e| serde_json::to_value(&*e).ok())
    }
    fn requests(&self) -> Option<u64> {
        Some(self.session.road.requests())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_as_people_type_them() {
        for (typed, expected) in [
            ("https://dav.example.org", "https://dav.example.org/"),
            (" dav.example.org/dav ", "https://dav.example.org/dav"),
            ("ada@example.org", "https://example.org/"),
            ("ada@b@icloud.com", "https://caldav.icloud.com/"),
            ("http://127.0.0.1:5232/alice//x/../", "http://127.0.0.1:5232/alice/"),
        ] {
            assert_eq!(address(typed).unwrap().url.as_str(), expected, "{typed}");
        }
        for wrong in ["", "ftp://a.example/", "https://", "https://ada:hunter2@a.example/", "https://a.example/../x"] {
            let error = match address(wrong) {
                Err(error) => error.to_string(),
                Ok(start) => start.url.to_string(),
            };
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(address("https://ada:hunter2@a.example/").is_err());
    }

    #[test]
    fn what_is_looked_up_in_dns_is_a_domain_and_nothing_more() {
        for (typed, expected) in [
            ("example.org", Some("https://example.org/")),
            (" Example.ORG. ", Some("https://example.org/")),
            ("ada@example.org", Some("https://example.org/")),
            ("\"a@b\"@example.org", Some("https://example.org/")),
            ("ada@icloud.com", Some("https://icloud.com/")),
            ("m\u{fc}ller.example", Some("https://xn--mller-kva.example/")),
            ("https://example.org", None),
            ("example.org/dav", None),
            ("example.org:8443", None),
            ("192.0.2.1", None),
            ("nas", None),
            ("ada@localhost", None),
        ] {
            assert_eq!(address(typed).unwrap().domain.as_ref().map(Url::as_str), expected, "{typed}");
        }
    }
}
