//! Connectors by name: what a configuration file says, made into a [`Connector`].

use pimkit_core::{App, Connector, ConnectorInfo, Error, ErrorKind, Kind, Value};
use std::{fmt, path::Path, sync::Arc};

#[cfg(feature = "local")]
mod addressed;
#[cfg(feature = "dav")]
mod dav;
#[cfg(feature = "graph")]
mod graph;
#[cfg(feature = "local")]
mod local;
#[cfg(any(feature = "dav", feature = "graph"))]
mod secret;
#[cfg(any(feature = "dav", feature = "graph", feature = "local", feature = "vdir"))]
mod settings;
#[cfg(feature = "graph")]
mod sign_in;
#[cfg(feature = "vdir")]
mod vdir;

#[cfg(feature = "graph")]
pub use graph::opening as graph_opening;
#[cfg(feature = "graph")]
pub use sign_in::{SignIn, sign_in, sign_ins};

/// A connector that the registry knows, built in or not.
#[derive(Clone, Copy, Debug)]
pub struct Registered {
    /// The name that configurations use.
    pub name: &'static str,
    /// The Cargo feature that builds it in.
    pub feature: &'static str,
    /// The keys that it takes.
    pub keys: &'static [&'static str],
    /// What it says of itself; absent when it is not built in.
    info: Option<fn() -> ConnectorInfo>,
}

/// The key that every connector takes: who "I" am among attendees.
const ADDRESS: &str = "address";

const REGISTERED: &[Registered] = &[
    Registered {
        name: "dav",
        feature: "dav",
        keys: &["url", "user", "password", "token", "server", "groups", "groupModel", ADDRESS],
        #[cfg(feature = "dav")]
        info: Some(dav::info),
        #[cfg(not(feature = "dav"))]
        info: None,
    },
    Registered {
        name: "graph",
        feature: "graph",
        keys: &["url", "token", "client_id", "client_secret", "tenant", "authority", "scopes", "mailbox", "groups", ADDRESS],
        #[cfg(feature = "graph")]
        info: Some(graph::info),
        #[cfg(not(feature = "graph"))]
        info: None,
    },
    Registered {
        name: "local",
        feature: "local",
        keys: &["path", "user", ADDRESS],
        #[cfg(feature = "local")]
        info: Some(local::info),
        #[cfg(not(feature = "local"))]
        info: None,
    },
    Registered {
        name: "vdir",
        feature: "vdir",
        keys: &["path", ADDRESS],
        #[cfg(feature = "vdir")]
        info: Some(vdir::info),
        #[cfg(not(feature = "vdir"))]
        info: None,
    },
];

impl Registered {
    /// What the connector says of itself; `None` when it is not built in.
    #[must_use]
    pub fn info(&self) -> Option<ConnectorInfo> {
        self.info.map(|info| info())
    }

    /// True when the connector is built in and can have records of this kind.
    #[must_use]
    pub fn has(&self, kind: Kind) -> bool {
        self.info().is_some_and(|info| info.kind(kind).is_some())
    }
}

/// Every connector that the registry knows, built in or not.
#[must_use]
pub fn registered() -> &'static [Registered] {
    REGISTERED
}

/// The connector of this name, built in.
///
/// # Errors
/// [`OpenError::Unknown`] and [`OpenError::NotBuilt`].
pub fn find(name: &str) -> Result<&'static Registered, OpenError> {
    let known = REGISTERED.iter().find(|r| r.name == name).ok_or_else(|| OpenError::Unknown { name: name.to_owned() })?;
    if known.info.is_none() {
        return Err(OpenError::NotBuilt { name: known.name, feature: known.feature });
    }
    Ok(known)
}

/// What each built-in connector says of itself.
#[must_use]
pub fn connectors() -> Vec<ConnectorInfo> {
    REGISTERED.iter().filter_map(Registered::info).collect()
}

/// Opens an account.
///
/// `settings` is a JSON object with the connector's keys ([`Registered::keys`]); relative paths in
/// it start at `base`. A `local` store that is not there is made; a `vdir` folder must be there.
///
/// `account` is what the host calls the account: where the provider has no id of its own for it (a
/// folder), this is the id under which the state knows it, wherever the folder moves.
///
/// `endpoints` is what [`Connector::endpoints`] said the last time; without, what has to be discovered is discovered anew.
///
/// # Errors
/// [`OpenError`]; nothing was made.
pub async fn open(
    name: &str,
    account: Option<&str>,
    settings: &Value,
    base: &Path,
    endpoints: Option<&Value>,
) -> Result<Arc<dyn Connector>, OpenError> {
    Ok(open_with_app(name, account, settings, base, endpoints).await?.0)
}

/// A connector, and the app behind it where it is one.
pub type Opened = (Arc<dyn Connector>, Option<Arc<dyn App>>);

/// Opens an account, and the app behind it where it is one: what the engine asks beside the records. The key `user` of `local`
/// names the user for whom the app answers; the records are those of the whole store.
///
/// # Errors
/// As [`open`].
pub async fn open_with_app(
    name: &str,
    account: Option<&str>,
    settings: &Value,
    base: &Path,
    endpoints: Option<&Value>,
) -> Result<Opened, OpenError> {
    let known = find(name)?;
    check_keys(known, settings)?;
    match known.name {
        #[cfg(feature = "dav")]
        "dav" => Ok((dav::open(account, settings, base, endpoints)?, None)),
        #[cfg(feature = "graph")]
        "graph" => Ok((graph::open(account, settings, base)?, None)),
        #[cfg(feature = "local")]
        "local" => local::open(settings, base),
        #[cfg(feature = "vdir")]
        "vdir" => Ok((vdir::open(account, settings, base).await?, None)),
        _ => {
            // Without a connector built in nothing is left that reads it.
            let _ = (base, account, endpoints);
            Err(OpenError::NotBuilt { name: known.name, feature: known.feature })
        }
    }
}

fn check_keys(known: &'static Registered, settings: &Value) -> Result<(), OpenError> {
    let Some(object) = settings.as_object() else {
        return Err(OpenError::Setting { connector: known.name, key: "connector", reason: "the settings are no table of keys" });
    };
    match object.keys().find(|key| !known.keys.contains(&key.as_str())) {
        Some(key) => Err(OpenError::Key { connector: known.name, key: key.clone(), keys: known.keys }),
        None => Ok(()),
    }
}

/// Why an account could not be opened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no connector of this name.
    Unknown {
        /// The name.
        name: String,
    },
    /// This build of pimkit leaves the connector out.
    NotBuilt {
        /// The name.
        name: &'static str,
        /// The Cargo feature that builds it in.
        feature: &'static str,
    },
    /// The connector has no such key.
    Key {
        /// The connector.
        connector: &'static str,
        /// The key.
        key: String,
        /// The keys that it has.
        keys: &'static [&'static str],
    },
    /// A key is missing, or its value is of no use.
    Setting {
        /// The connector.
        connector: &'static str,
        /// The key.
        key: &'static str,
        /// What is wrong, and what to do.
        reason: &'static str,
    },
    /// The connector could not open the account.
    Failed(Error),
}

fn names() -> String {
    REGISTERED.iter().filter(|r| r.info.is_some()).map(|r| r.name).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name } if names().is_empty() => {
                write!(f, "there is no connector \"{name}\", and this build has none at all; build with the feature of one")
            }
            Self::Unknown { name } => write!(f, "there is no connector \"{name}\"; there are: {}", names()),
            Self::NotBuilt { name, feature } => {
                write!(f, "this build has no connector \"{name}\": it was built without the feature {feature}; build with it")?;
                let names = names();
                if names.is_empty() { Ok(()) } else { write!(f, ", or use: {names}") }
            }
            Self::Key { connector, key, keys } => {
                write!(f, "the connector \"{connector}\" has no key \"{key}\"; its keys are: {}", keys.join(", "))
            }
            Self::Setting { connector, key, reason } => write!(f, "the key \"{key}\" of the connector \"{connector}\": {reason}"),
            Self::Failed(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // The message already is the error's own line; what caused that is the source.
            Self::Failed(error) => std::error::Error::source(error),
            _ => None,
        }
    }
}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Failed(error) => error,
            other => Error::new(ErrorKind::Config, other.to_string()),
        }
    }
}
