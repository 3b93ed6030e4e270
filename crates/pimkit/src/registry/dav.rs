//! `dav`: an account at a CalDAV or CardDAV server. Opening it sends nothing, and looks nothing up.

use super::{OpenError, secret, settings};
use pimkit_core::{Connector, ConnectorInfo, Value};
use pimkit_dav::{Config, Dav, Quirks};
use pimkit_http::{Bearer, Password, Reqwest, ReqwestOptions};
use pimkit_sync::{RandomChance, SystemClock};
use std::{path::Path, sync::Arc};

const NAME: &str = "dav";

pub(super) fn info() -> ConnectorInfo {
    pimkit_dav::INFO
}

pub(super) fn open(
    account: Option<&str>,
    settings: &Value,
    base: &Path,
    endpoints: Option<&Value>,
) -> Result<Arc<dyn Connector>, OpenError> {
    let refuse = |key, reason| OpenError::Setting { connector: NAME, key, reason };
    let url = settings::text(NAME, "url", settings)?;
    let url = url.ok_or_else(|| refuse("url", "is missing; say where the account is, as url = \"https://…\""))?;
    let user = settings::text(NAME, "user", settings)?;
    let password = secret::read(NAME, "password", settings, base)?;
    let token = secret::read(NAME, "token", settings, base)?;
    let mut config = settings::addresses(NAME, settings)?.into_iter().fold(Config::new(url), Config::address);
    if let Some(id) = account {
        config = config.account(id);
    }
    if let Some(user) = &user {
        config = config.user(user);
    }
    if let Some(server) = settings::text(NAME, "server", settings)? {
        let unknown = "is no server that is known by name; take it out, and the server is recognised";
        config = config.quirks(Quirks::named(&server).ok_or_else(|| refuse("server", unknown))?);
    }
    if let Some(groups) = settings::text(NAME, "groups", settings)? {
        let wrong = "is neither \"cards\" (group cards are contacts) nor \"categories\" (their names are categories of their members)";
        config = config.groups(serde_json::from_value(groups.into()).map_err(|_| refuse("groups", wrong))?);
    }
    if let Some(model) = settings::text(NAME, "groupModel", settings)? {
        let wrong = "is none of \"apple\", \"kind\", \"categories\" and \"collections\"; take it out, and each address book shows its own";
        config = config.group_model(serde_json::from_value(model.into()).map_err(|_| refuse("groupModel", wrong))?);
    }
    // What an older version wrote and this one cannot read is discovered anew.
    config = config.endpoints(endpoints.and_then(|kept| serde_json::from_value(kept.clone()).ok()));
    let transport = Arc::new(Reqwest::new(&ReqwestOptions::default())?);
    let mut opening = Dav::builder(config, transport, Arc::new(SystemClock), Arc::new(RandomChance::default()));
    #[cfg(feature = "dav-srv")]
    {
        opening = opening.dns(Arc::new(pimkit_dav::SystemDns::new()));
    }
    opening = match (user, password, token) {
        (Some(user), Some(password), None) => opening.auth(Arc::new(Password::new(&user, &password)?)),
        (None | Some(_), None, Some(token)) => opening.auth(Arc::new(Bearer::fixed(token))),
        (None, None, None) => opening,
        (_, Some(_), Some(_)) => return Err(refuse("token", "stands beside a password; keep one of the two")),
        (None, Some(_), _) => return Err(refuse("user", "is missing beside the password; say whose it is")),
        (Some(_), None, None) => {
            return Err(refuse("password", "is missing; say where it is kept, as password = { env = \"NAME\" }"));
        }
    };
    Ok(Arc::new(opening.open()?))
}
