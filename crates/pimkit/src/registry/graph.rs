//! `graph`: a mailbox at Microsoft 365 or Outlook.com. Opening it sends nothing.

use super::{OpenError, check_keys, find, secret, settings, sign_in};
use pimkit_core::{Chance, Clock, Connector, ConnectorInfo, Kind, Value};
use pimkit_graph::{Config, Graph, Opening};
use pimkit_http::{Auth, Bearer, Reqwest, ReqwestOptions, Transport};
use pimkit_oauth::microsoft::{self, Cloud};
use pimkit_sync::{RandomChance, SystemClock};
use std::{path::Path, sync::Arc};
use url::Url;

pub(super) const NAME: &str = "graph";

pub(super) fn info() -> ConnectorInfo {
    pimkit_graph::INFO
}

pub(super) fn open(account: Option<&str>, settings: &Value, base: &Path) -> Result<Arc<dyn Connector>, OpenError> {
    let transport = Arc::new(Reqwest::new(&ReqwestOptions::default())?);
    let opening = opening(account, settings, base, transport, Arc::new(SystemClock), Arc::new(RandomChance::default()))?;
    Ok(Arc::new(opening.open()?))
}

/// What an account of Microsoft Graph is opened with, over a wire, a clock and a chance of the host's: to record what goes over it.
/// Its sign-in goes over the network all the same.
///
/// # Errors
/// As [`open`](super::open).
pub fn opening(
    account: Option<&str>,
    settings: &Value,
    base: &Path,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
) -> Result<Opening, OpenError> {
    check_keys(find(NAME)?, settings)?;
    let token = secret::read(NAME, "token", settings, base)?;
    let auth: Arc<dyn Auth> = match token {
        Some(_) if settings.get("client_id").is_some() => {
            return Err(refuse("token", "stands beside a client_id; keep one of the two"));
        }
        Some(token) => Arc::new(Bearer::fixed(token)),
        None => sign_in(NAME, account, settings, base, &[], &[])?.auth(),
    };
    let mut config = settings::addresses(NAME, settings)?.into_iter().fold(Config::new(url(settings)?), Config::address);
    if let Some(id) = account {
        config = config.account(id);
    }
    if let Some(mailbox) = settings::text(NAME, "mailbox", settings)? {
        config = config.mailbox(mailbox);
    }
    let wrong = "is neither the id of a group nor a list of them";
    config = settings::texts(NAME, "groups", wrong, settings)?.into_iter().fold(config, Config::group);
    Ok(Graph::builder(config, transport, clock, chance).auth(auth))
}

/// Where sign-in for these settings is, as the provider: authority, tenant, scopes.
///
/// Asked for is what the settings name as `scopes`; when they name none, what these kinds are read and written with, of every kind
/// when none is said: of a shared mailbox where the settings name one, and the members of groups where they name some. `more` are asked
/// for beside.
pub(super) fn provider(settings: &Value, kinds: &[Kind], more: &[String]) -> Result<pimkit_oauth::Provider, OpenError> {
    let graph = url(settings)?;
    let graph =
        Url::parse(&graph).map_err(|_| refuse("url", "is no address; write it as https://graph.microsoft.com/v1.0, or take it out"))?;
    let authority = match (settings::text(NAME, "authority", settings)?, Cloud::of(&graph)) {
        (Some(text), _) => {
            Url::parse(&text).map_err(|_| refuse("authority", "is no address; write it as https://login.microsoftonline.com"))?
        }
        (None, Some(cloud)) => cloud.authority()?,
        (None, None) => {
            return Err(refuse(
                "authority",
                "is missing, and the url is of no cloud that is known; say where it signs in, as authority = \"https://…\"",
            ));
        }
    };
    let tenant = settings::text(NAME, "tenant", settings)?.unwrap_or_else(|| "common".to_owned());
    let wrong = "is neither a permission such as \"Mail.Read\" nor a list of them";
    let own = settings::texts(NAME, "scopes", wrong, settings)?;
    let mut provider = microsoft::provider(&authority, &tenant, &graph)?;
    provider.scopes.retain(|scope| !scope.contains("://"));
    if own.is_empty() {
        let every: Vec<Kind> = info().kinds.iter().map(|(kind, _)| *kind).collect();
        let kinds = if kinds.is_empty() { &every } else { kinds };
        let shared = settings::text(NAME, "mailbox", settings)?.is_some();
        let mut wanted = microsoft::permissions(kinds, shared);
        if kinds.contains(&Kind::User) && settings.get("groups").is_some() {
            wanted.push("GroupMember.Read.All");
        }
        provider = provider.scopes(wanted.into_iter().map(|scope| microsoft::scope(&graph, scope)));
    }
    Ok(provider.scopes(own.iter().chain(more).map(|scope| microsoft::scope(&graph, scope))))
}

fn url(settings: &Value) -> Result<String, OpenError> {
    Ok(settings::text(NAME, "url", settings)?.unwrap_or_else(|| pimkit_graph::Cloud::default().root().to_owned()))
}

fn refuse(key: &'static str, reason: &'static str) -> OpenError {
    OpenError::Setting { connector: NAME, key, reason }
}
