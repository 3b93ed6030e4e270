//! `record`: what goes over the wire between a connector and a service, as cases in `fixtures/`.
//!
//! A case is played by a scenario of the connector's tests (`crates/connectors/*/tests/scenarios`) with a fixed clock and chance,
//! goes to disk through the sanitiser, and is played once more over what was written: what that play came to is kept as
//! `expected.json`.
//!
//! Cases of DAV are recorded at servers. Those of Microsoft Graph are composed: their answers were put together after the
//! reference, and stay as they are; what the connector asks for them is taken down anew.

mod account;
mod composed;
mod dav;
mod redact;

use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use pimkit_contract::replay::Replayed;
use pimkit_http::Sanitiser;

use crate::outcome::{Failures, Outcome};
use crate::scenarios::{dav as dav_scenarios, graph as graph_scenarios};
use crate::servers::{Choice, Servers};
use crate::workspace::Workspace;
use dav_scenarios::program::Kept;

/// Record cases for `fixtures/`.
///
/// DAV: without `--url` a server of `cargo xtask servers` is started for each case. With it, an account of yours is read, and
/// nothing is changed: where things are, and a first sync of all that is there. Names and texts of people are not known to be
/// such: record an account of invented people, or tell each with `--replace`.
///
/// Microsoft Graph: without `--account` the requests of the composed cases are taken down anew. With it, an account of a
/// configuration is read, and nothing is changed. Every text in it is replaced: names, addresses, ids, bodies.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which connector asks.
    #[arg(long, default_value = "dav", value_parser = ["dav", "graph"])]
    connector: String,
    /// At which server.
    #[arg(long, value_enum, default_value = "all", conflicts_with_all = ["url", "account"])]
    server: Which,
    /// Only this case.
    #[arg(long, conflicts_with_all = ["url", "account"])]
    case: Option<String>,
    /// The address of a DAV account.
    #[arg(long, requires_all = ["user", "password_env", "name", "from"], conflicts_with = "account")]
    url: Option<String>,
    /// Its user.
    #[arg(long, requires = "url")]
    user: Option<String>,
    /// The environment variable that holds its password.
    #[arg(long, requires = "url")]
    password_env: Option<String>,
    /// An account of Microsoft Graph, by its name in the configuration: with a token, or signed in by `pimkit login`.
    #[arg(long, requires_all = ["name", "from"])]
    account: Option<String>,
    /// The configuration.
    #[arg(long, short, default_value = "pimkit.toml", requires = "account")]
    config: PathBuf,
    /// What the case is called: `fixtures/dav/NAME-account`. A word in small letters and digits.
    #[arg(long)]
    name: Option<String>,
    /// Server and version, as the case shall say where it is from.
    #[arg(long)]
    from: Option<String>,
    /// `TEXT=OTHER`: what else is somebody's, and what stands there instead. May be given several times.
    #[arg(long)]
    replace: Vec<String>,
}

/// Which of the servers.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Which {
    /// Radicale alone.
    Radicale,
    /// Xandikos alone.
    Xandikos,
    /// One after the other.
    All,
}

impl Which {
    fn kept(self) -> Vec<Kept> {
        match self {
            Self::Radicale => vec![Choice::Radicale.into()],
            Self::Xandikos => vec![Choice::Xandikos.into()],
            Self::All => Kept::ALL.to_vec(),
        }
    }
}

impl Args {
    /// Records, and tells each case that was written.
    pub(crate) fn run(&self, workspace: &Workspace) -> Outcome {
        let fixtures = |connector: &str| workspace.root.join("fixtures").join(connector);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| Failures::one(format!("record: no runtime: {e}")))?;
        let one = |done: Result<(), String>| done.map_err(|why| Failures::one(format!("record: {why}")));
        if let Some(url) = &self.url {
            return one(runtime.block_on(self.dav(url, &fixtures("dav"))));
        }
        if let Some(account) = &self.account {
            return one(runtime.block_on(self.graph(account, &fixtures("graph"))));
        }
        if self.connector == "graph" {
            let fixtures = fixtures("graph");
            return self.each(graph_scenarios::CASES, |case, shows| runtime.block_on(composed::case(case, shows, &fixtures)));
        }
        self.chosen(dav_scenarios::CASES)?;
        let servers = Servers::of(workspace);
        let fixtures = fixtures("dav");
        let mut failures = Failures::default();
        for kept in self.server.kept() {
            let at = |case: &str, shows: &str| {
                let done = runtime.block_on(dav::at_ours(&servers, kept, case, shows, &fixtures));
                done.map_err(|why| format!("{}: {why}", kept.word()))
            };
            failures.extend(self.each(dav_scenarios::CASES, at).err().map(|Failures(lines)| lines).unwrap_or_default());
        }
        failures.into_outcome()
    }

    /// The cases that were chosen.
    fn chosen<'c>(&self, cases: &'c [(&'c str, &'c str)]) -> Result<Vec<&'c (&'c str, &'c str)>, Failures> {
        let chosen: Vec<_> = cases.iter().filter(|(name, _)| self.case.as_deref().is_none_or(|case| case == *name)).collect();
        if chosen.is_empty() {
            let known: Vec<&str> = cases.iter().map(|(name, _)| *name).collect();
            return Err(Failures::one(format!("record: no such case; there are: {}", known.join(", "))));
        }
        Ok(chosen)
    }

    /// Does this for every case that was chosen.
    fn each(&self, cases: &[(&str, &str)], mut record: impl FnMut(&str, &str) -> Result<(), String>) -> Outcome {
        let mut failures = Failures::default();
        for (case, shows) in self.chosen(cases)? {
            failures.extend(record(case, shows).err().map(|why| format!("record: {case}: {why}")));
        }
        failures.into_outcome()
    }

    async fn dav(&self, url: &str, fixtures: &Path) -> Result<(), String> {
        let (Some(user), Some(variable)) = (&self.user, &self.password_env) else {
            return Err("an account needs --user and --password-env".to_owned());
        };
        let (name, from) = self.named()?;
        dav::Account { url, user, variable, name, from, sanitiser: self.sanitiser()? }.record(fixtures).await
    }

    async fn graph(&self, account: &str, fixtures: &Path) -> Result<(), String> {
        let (name, from) = self.named()?;
        account::Account { config: &self.config, account, name, from, sanitiser: self.sanitiser()? }.record(fixtures).await
    }

    /// What the case shall be called, and where it is from.
    fn named(&self) -> Result<(&str, &str), String> {
        let (Some(name), Some(from)) = (&self.name, &self.from) else {
            return Err("an account needs --name and --from".to_owned());
        };
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()) {
            return Err("--name must be one word in small letters and digits".to_owned());
        }
        Ok((name, from))
    }

    fn sanitiser(&self) -> Result<Sanitiser, String> {
        self.replace.iter().try_fold(Sanitiser::new(), |sanitiser, pair| {
            let (text, other) = pair.split_once('=').ok_or_else(|| format!("--replace {pair}: write TEXT=OTHER"))?;
            Ok(sanitiser.replace(text, other))
        })
    }
}

/// Today, as a case says it.
fn today() -> String {
    jiff::Zoned::now().date().to_string()
}

/// Writes a case, plays it once more, and puts it where an older one of its name was. Where `expected` is told, the play must
/// come to just that.
async fn keep(
    fixtures: &Path,
    name: &str,
    write: impl FnOnce(&Path) -> Result<(), String>,
    play: impl AsyncFn(&Path) -> pimkit_core::Result<Replayed>,
    expected: Option<String>,
) -> Result<(), String> {
    let (folder, new) = (fixtures.join(name), fixtures.join(format!(".{name}.new")));
    let done = async {
        write(&new)?;
        let replayed = play(&new).await.map_err(|e| e.to_string())?;
        if let Some(first) = replayed.problems.first() {
            return Err(format!("what was written does not play as it was recorded: {first}"));
        }
        let text = replayed.played.text();
        if expected.is_some_and(|expected| expected != text) {
            return Err("what was written comes to something else than what was recorded; the sanitiser took out what mattered".to_owned());
        }
        fs::write(new.join("expected.json"), text).map_err(|e| format!("{}: {e}", new.display()))?;
        swap(&new, &folder)
    };
    let done = done.await;
    // What failed is no case; nothing is left of it.
    let _ = fs::remove_dir_all(&new);
    done
}

fn swap(new: &Path, folder: &Path) -> Result<(), String> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|e| format!("{}: cannot be removed: {e}", folder.display()))?;
    }
    fs::rename(new, folder).map_err(|e| format!("{}: cannot be made: {e}", folder.display()))
}

#[cfg(test)]
mod tests;
