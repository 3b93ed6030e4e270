//! The resolver of this machine, by hickory.

use super::{Dns, Srv};
use async_trait::async_trait;
use hickory_resolver::{
    TokioResolver,
    config::{ResolveHosts, ResolverConfig},
    lookup::Lookup,
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr::{Name, RData, RecordType},
};
use pimkit_core::{Error, ErrorKind, Persistence, Result};
use std::{
    borrow::Cow,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The longest that one look-up waits, with all repeats and aliases: somebody waits too, and the domain itself may still answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Names that one name may be an alias of, one of the other.
const ALIASES: usize = 4;

/// Answers that are kept, until they run out.
const KEPT: u64 = 64;

/// The name servers that this machine is configured with.
///
/// # Behavior
/// - Nothing is read and nobody is asked before the first name is looked up, which has to happen in a tokio runtime.
/// - A look-up waits no longer than five seconds, however many questions it takes. Answers are kept for as long as they say;
///   after a failure the configuration is read anew.
/// - Nothing is verified (no DNSSEC).
pub struct SystemDns {
    /// Other servers than the machine's, in tests.
    servers: Option<ResolverConfig>,
    patience: Duration,
    /// None before the first name, and after a failure: the machine may be on another network since.
    resolver: Mutex<Option<TokioResolver>>,
}

impl fmt::Debug for SystemDns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemDns").finish_non_exhaustive()
    }
}

impl Default for SystemDns {
    fn default() -> Self {
        Self::new()
    }
}

impl SystemDns {
    /// The resolver of this machine. Nothing is read yet.
    #[must_use]
    pub fn new() -> Self {
        Self { servers: None, patience: PATIENCE, resolver: Mutex::default() }
    }

    fn build(&self) -> Result<TokioResolver, NetError> {
        let mut builder = match &self.servers {
            Some(servers) => TokioResolver::builder_with_config(servers.clone(), TokioRuntimeProvider::default()),
            None => TokioResolver::builder_tokio()?,
        };
        let options = builder.options_mut();
        options.timeout = self.patience / 2;
        options.attempts = 1;
        options.cache_size = KEPT;
        // They name addresses alone.
        options.use_hosts_file = ResolveHosts::Never;
        builder.build()
    }

    /// The answer; none when there are no such records.
    async fn ask(&self, name: &str, kind: RecordType) -> Result<Option<Lookup>> {
        let unreadable = "the name servers of this machine cannot be read; check how its network is set up, or give the whole url";
        let known = self.held().clone();
        let resolver = match known {
            Some(resolver) => resolver,
            None => self.held().insert(self.build().map_err(|error| unknown(unreadable).caused_by(error))?).clone(),
        };
        // A label of more than 63 bytes, a name of more than 255.
        let Ok(mut whole) = Name::from_ascii(name) else { return Ok(None) };
        whole.set_fqdn(true);
        match resolver.lookup(whole, kind).await {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.is_no_records_found() => Ok(None),
            Err(error) => Err(unknown("DNS did not answer; check the network, or give the whole url").caused_by(error)),
        }
    }

    fn held(&self) -> MutexGuard<'_, Option<TokioResolver>> {
        self.resolver.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One look-up, within its time: a chain of slow answers must not take as many times as long.
    async fn look<T>(&self, questions: impl Future<Output = Result<T>>) -> Result<T> {
        let late = || unknown("DNS did not answer in time; check the network, or give the whole url");
        let answer = tokio::time::timeout(self.patience, questions).await.unwrap_or_else(|_| Err(late()));
        if answer.is_err() {
            *self.held() = None;
        }
        answer
    }

    async fn servers(&self, name: &str) -> Result<Vec<Srv>> {
        let mut owner = Cow::Borrowed(name);
        for _ in 0..ALIASES {
            let answer = self.ask(&owner, RecordType::SRV).await?;
            let records = answer.iter().flat_map(Lookup::answers).filter_map(|record| match &record.data {
                RData::SRV(srv) => Some(Srv::new(srv.priority, srv.weight, srv.port, srv.target.to_ascii())),
                _ => None,
            });
            let records: Vec<Srv> = records.collect();
            if !records.is_empty() {
                return Ok(records);
            }
            // The resolver takes the target of an SRV record for an alias, and loses the records behind a true one (0.26.3).
            let alias = self.ask(&owner, RecordType::CNAME).await?;
            let alias = alias.iter().flat_map(Lookup::answers).find_map(|record| match &record.data {
                RData::CNAME(alias) => Some(alias.to_ascii()),
                _ => None,
            });
            match alias {
                Some(alias) => owner = Cow::Owned(alias),
                None => break,
            }
        }
        Ok(Vec::new())
    }

    async fn texts(&self, name: &str) -> Result<Vec<String>> {
        let answer = self.ask(name, RecordType::TXT).await?;
        let records = answer.iter().flat_map(Lookup::answers);
        let strings = records.filter_map(|record| match &record.data {
            RData::TXT(txt) => Some(txt.txt_data.iter()),
            _ => None,
        });
        Ok(strings.flatten().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect())
    }
}

fn unknown(message: &'static str) -> Error {
    Error::new(ErrorKind::Transport, message).persistence(Persistence::Temporary)
}

#[async_trait]
impl Dns for SystemDns {
    async fn srv(&self, name: &str) -> Result<Vec<Srv>> {
        self.look(self.servers(name)).await
    }

    async fn txt(&self, name: &str) -> Result<Vec<String>> {
        self.look(self.texts(name)).await
    }
}

#[cfg(test)]
mod tests;
