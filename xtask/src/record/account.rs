//! An account of Microsoft Graph that somebody has: read, and nothing else.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use pimkit::registry;
use pimkit_contract::{FakeClock, SeededChance};
use pimkit_core::fixture::{Case, Expectation, Provenance};
use pimkit_core::{Clock, Error, ErrorKind};
use pimkit_http::{Failure, Incoming, Outgoing, Recorder, Sanitiser, Secret, Transport};
use serde_json::Value;
use url::Url;

use super::{keep, redact, today};
use crate::scenarios::graph::{ACCOUNT, over, play};

/// What stands where the service is.
const HOST: &str = "host-1.example";

/// Which account, and what its case says.
pub(super) struct Account<'a> {
    /// The configuration that has it.
    pub(super) config: &'a Path,
    pub(super) account: &'a str,
    pub(super) name: &'a str,
    pub(super) from: &'a str,
    pub(super) sanitiser: Sanitiser,
}

impl Account<'_> {
    /// Reads it, and writes what went over the wire.
    pub(super) async fn record(self, fixtures: &Path) -> Result<(), String> {
        let (settings, base) = (self.settings()?, self.config.parent().unwrap_or(Path::new("")));
        let wire = Arc::new(Reading::over(over::network().map_err(|e| e.to_string())?));
        let transport: Arc<dyn Transport> = Arc::<Reading>::clone(&wire);
        let recorder = Arc::new(Recorder::new(transport).keep("consistencylevel"));
        let transport: Arc<dyn Transport> = Arc::<Recorder>::clone(&recorder);
        let (clock, chance) = (Arc::new(Patient::default()), Arc::new(SeededChance::new(1)));
        let opening = registry::graph_opening(Some(self.account), &settings, base, transport, clock, chance);
        let graph = opening.and_then(|opening| Ok(opening.open()?)).map_err(|e| e.to_string())?;
        let played = play(ACCOUNT, graph, "").await;
        played.end.map_err(|e| format!("the account could not be read: {e}"))?;
        let sanitiser = wire.tokens().iter().fold(self.sanitiser, |sanitiser, token| sanitiser.secret(&Secret::new(token.as_str())));
        // A host with a port (a stand-in's, on this machine) is another one in each run.
        let root = settings.get("url").and_then(Value::as_str).and_then(|url| Url::parse(url).ok());
        let with_port = root.and_then(|root| Some(format!("{}:{}", root.host_str()?, root.port()?)));
        let sanitiser = with_port.map_or_else(|| sanitiser.clone(), |host| sanitiser.clone().replace(&host, HOST));
        let shows = "A first round of all that is there: contacts, events, tasks, mail, users.".to_owned();
        let provenance = Provenance::Recorded { from: self.from.to_owned(), on: today() };
        let case = Case { format: 1, shows, provenance, expect: Expectation::Ok };
        let write = |folder: &Path| {
            let mut redaction = redact::Graph::own(own(&settings));
            recorder.write_redacted(folder, &case, &sanitiser, &mut redaction).map_err(|e| e.to_string())?;
            looked_through(folder, &redaction)
        };
        let name = format!("{}-{ACCOUNT}", self.name);
        keep(fixtures, &name, write, async |folder: &Path| over::replay(ACCOUNT, folder).await, None).await?;
        println!("recorded fixtures/graph/{name}: {} exchanges", recorder.counts().0);
        Ok(())
    }

    /// The connector's keys of the account.
    fn settings(&self) -> Result<Value, String> {
        let file = self.config.display();
        let text = fs::read_to_string(self.config).map_err(|e| format!("{file}: {e}; give the configuration with --config"))?;
        let config: Value = toml::from_str(&text).map_err(|e| format!("{file}: {}", e.message()))?;
        let Some(Value::Object(mut settings)) = config.pointer("/accounts").and_then(|all| all.get(self.account)).cloned() else {
            return Err(format!("{file} has no account \"{}\"", self.account));
        };
        match settings.remove("connector") {
            Some(Value::String(connector)) if connector == "graph" => Ok(Value::Object(settings)),
            _ => Err(format!("\"{}\" is no account of Microsoft Graph; an account of DAV is recorded with --url", self.account)),
        }
    }
}

/// Who the account is.
fn own(settings: &Value) -> Vec<String> {
    let said = ["address", "mailbox"].into_iter().filter_map(|key| settings.get(key));
    let texts = said.flat_map(|said| said.as_array().cloned().unwrap_or_else(|| vec![said.clone()]));
    texts.filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// Looks at what was written once more.
fn looked_through(folder: &Path, redaction: &redact::Graph) -> Result<(), String> {
    for entry in fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))? {
        let path = entry.map_err(|e| format!("{}: {e}", folder.display()))?.path();
        let is_case = path.file_name().is_some_and(|name| name == "case.toml");
        let bytes = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        if !is_case && redaction.is_left(&String::from_utf8_lossy(&bytes)) {
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return Err(format!(
                "{file} would still hold a text of the account; nothing was written: tell it with --replace, or report this"
            ));
        }
    }
    Ok(())
}

/// The time of all recordings, with true waits: the service means it when it asks for patience.
#[derive(Debug, Default)]
struct Patient(FakeClock);

impl Clock for Patient {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
    fn sleep(&self, time: Duration) -> futures::future::BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// A wire on which nothing is changed, and which remembers the tokens that went over it, so that they can be looked for.
struct Reading {
    inner: Arc<dyn Transport>,
    tokens: Mutex<BTreeSet<String>>,
}

impl Reading {
    fn over(inner: Arc<dyn Transport>) -> Self {
        Self { inner, tokens: Mutex::default() }
    }

    fn tokens(&self) -> BTreeSet<String> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").field("inner", &self.inner).finish_non_exhaustive()
    }
}

/// Whether a request only asks: a GET, or a batch of nothing else.
fn asks(request: &Outgoing) -> bool {
    match request.method.as_str() {
        "GET" => true,
        "POST" if request.url.path().ends_with("/$batch") => {
            let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            let calls = body.get("requests").and_then(Value::as_array);
            calls.is_some_and(|calls| calls.iter().all(|call| call.get("method").and_then(Value::as_str) == Some("GET")))
        }
        _ => false,
    }
}

#[async_trait]
impl Transport for Reading {
    async fn send(&self, request: Outgoing) -> Result<Incoming, Failure> {
        if !asks(&request) {
            let refused = "a recording of an account asks for nothing that changes it; this was not sent";
            return Err(Failure::not_sent(Error::new(ErrorKind::Unexpected, refused)));
        }
        let signed = request.headers.get("authorization").and_then(|value| value.to_str().ok());
        if let Some(token) = signed.and_then(|value| value.split_once(' ')).map(|(_, token)| token.trim().to_owned()) {
            self.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(token);
        }
        self.inner.send(request).await
    }
}

#[cfg(test)]
mod tests;
