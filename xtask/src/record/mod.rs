//! `record`: what goes over the wire between a connector and a server, as cases in `fixtures/`.
//!
//! A case is recorded by a scenario (`crates/connectors/dav/tests/scenarios`) at a fresh server with a fixed clock and chance,
//! goes to disk through the sanitiser, and is played once more over what was written: what that play came to is kept as
//! `expected.json`, and must be what the recording came to.

mod live;

use std::fs;
use std::path::Path;

use clap::ValueEnum;
use pimkit_core::fixture::{Case, Expectation, Provenance};
use pimkit_http::{Sanitiser, Secret};

use crate::outcome::{Failures, Outcome};
use crate::scenarios::{ACCOUNT, CASES, Played, over, program::Kept};
use crate::servers::{Choice, Servers};
use crate::workspace::Workspace;
use live::{Login, Taken};

/// Record cases for `fixtures/` at a real server.
///
/// Without `--url` a server of `cargo xtask servers` is started for each case. With it, an account of yours is read, and
/// nothing is changed: where things are, and a first sync of all that is there. Names and texts of people are not known to be
/// such: record an account of invented people, or tell each with `--replace`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which connector asks.
    #[arg(long, default_value = "dav", value_parser = ["dav"])]
    connector: String,
    /// At which server.
    #[arg(long, value_enum, default_value = "all", conflicts_with = "url")]
    server: Which,
    /// Only this case.
    #[arg(long, conflicts_with = "url")]
    case: Option<String>,
    /// The address of an account.
    #[arg(long, requires_all = ["user", "password_env", "name", "from"])]
    url: Option<String>,
    /// Its user.
    #[arg(long, requires = "url")]
    user: Option<String>,
    /// The environment variable that holds its password.
    #[arg(long, requires = "url")]
    password_env: Option<String>,
    /// What the case is called: `fixtures/dav/NAME-account`. A word in small letters and digits.
    #[arg(long, requires = "url")]
    name: Option<String>,
    /// Server and version, as the case shall say where it is from.
    #[arg(long, requires = "url")]
    from: Option<String>,
    /// `TEXT=OTHER`: what else is somebody's, and what stands there instead. May be given several times.
    #[arg(long, requires = "url")]
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

/// The user of recordings at servers of ours, and the password, which they do not look at.
const USER: &str = "recorder";
const PASSWORD: &str = "recorded-password-1";

/// The host that stands where the server listened.
const HOST: &str = "host-1.example";

/// One case on its way to disk.
struct Recorded<'a> {
    server: &'a str,
    case: &'a str,
    shows: &'a str,
    from: String,
    taken: Taken,
    sanitiser: Sanitiser,
    /// How the account was called.
    user: &'a str,
}

impl Args {
    /// Records, and tells each case that was written.
    pub(crate) fn run(&self, workspace: &Workspace) -> Outcome {
        let fixtures = workspace.root.join("fixtures").join(&self.connector);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| Failures::one(format!("record: no runtime: {e}")))?;
        if let Some(url) = &self.url {
            return runtime.block_on(self.account(url, &fixtures)).map_err(|why| Failures::one(format!("record: {why}")));
        }
        let chosen: Vec<_> = CASES.iter().filter(|(name, _)| self.case.as_deref().is_none_or(|case| case == *name)).collect();
        if chosen.is_empty() {
            let known: Vec<&str> = CASES.iter().map(|(name, _)| *name).collect();
            return Err(Failures::one(format!("record: no such case; there are: {}", known.join(", "))));
        }
        let servers = Servers::of(workspace);
        let mut failures = Failures::default();
        for kept in self.server.kept() {
            for (case, shows) in &chosen {
                let done = runtime.block_on(at_ours(&servers, kept, case, shows, &fixtures));
                failures.extend(done.err().map(|why| format!("record: {} {case}: {why}", kept.word())));
            }
        }
        failures.into_outcome()
    }

    async fn account(&self, url: &str, fixtures: &Path) -> Result<(), String> {
        let (Some(user), Some(variable), Some(name), Some(from)) = (&self.user, &self.password_env, &self.name, &self.from) else {
            return Err("an account needs --user, --password-env, --name and --from".to_owned());
        };
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()) {
            return Err("--name must be one word in small letters and digits".to_owned());
        }
        let password = std::env::var(variable).map_err(|_| format!("{variable} is not set; put the password into it"))?;
        let password = Secret::new(password);
        let mut sanitiser = Sanitiser::new().login(user, &password);
        for pair in &self.replace {
            let (text, other) = pair.split_once('=').ok_or_else(|| format!("--replace {pair}: write TEXT=OTHER"))?;
            sanitiser = sanitiser.replace(text, other);
        }
        let taken = live::account(url, &Login { user, password: &password }).await.map_err(|e| e.to_string())?;
        let shows = "Where things are in an account, and a first sync of all that is there.";
        let recorded = Recorded { server: name, case: ACCOUNT, shows, from: from.clone(), taken, sanitiser, user };
        recorded.keep(fixtures, false).await
    }
}

async fn at_ours(servers: &Servers, kept: Kept, case: &str, shows: &str, fixtures: &Path) -> Result<(), String> {
    let running = servers.fresh(kept)?;
    let password = Secret::new(PASSWORD);
    let taken = live::ours(kept, case, running.port, &Login { user: USER, password: &password }).await.map_err(|e| e.to_string())?;
    let sanitiser = Sanitiser::new().login(USER, &password).replace(&format!("127.0.0.1:{}", running.port), HOST);
    let from = format!("{} {}", kept.name(), kept.version());
    let recorded = Recorded { server: kept.word(), case, shows, from, taken, sanitiser, user: USER };
    recorded.keep(fixtures, true).await
}

impl Recorded<'_> {
    /// Writes the case, plays it once more, and puts it where an older one of its name was.
    ///
    /// `same`: the play must come to what the recording came to. In an account of somebody's, more than the user's name is
    /// called otherwise behind the sanitiser.
    async fn keep(&self, fixtures: &Path, same: bool) -> Result<(), String> {
        let name = format!("{}-{}", self.server, self.case);
        let (folder, new) = (fixtures.join(&name), fixtures.join(format!(".{name}.new")));
        let done = self.write(&new, same).await.and_then(|exchanges| swap(&new, &folder).map(|()| exchanges));
        // What failed is no case; nothing is left of it.
        let _ = fs::remove_dir_all(&new);
        println!("recorded fixtures/dav/{name}: {} exchanges", done?);
        Ok(())
    }

    async fn write(&self, folder: &Path, same: bool) -> Result<usize, String> {
        let end = match &self.taken.played.end {
            Ok(()) => Expectation::Ok,
            Err(error) if self.case == "token-unknown" && error.kind() == pimkit_core::ErrorKind::CursorExpired => {
                Expectation::Error { kind: error.kind().word().to_owned() }
            }
            Err(error) => return Err(format!("the scenario failed: {error}")),
        };
        let on = jiff::Zoned::now().date().to_string();
        let provenance = Provenance::Recorded { from: self.from.clone(), on };
        let case = Case { format: 1, shows: self.shows.to_owned(), provenance, expect: end };
        self.taken.recorder.write(folder, &case, &self.sanitiser).map_err(|e| e.to_string())?;
        let replayed = over::replay(self.server, self.case, folder).await.map_err(|e| e.to_string())?;
        if let Some(first) = replayed.problems.first() {
            return Err(format!("what was written does not play as it was recorded: {first}"));
        }
        if same && self.clean(&self.taken.played) != replayed.played.text() {
            return Err("what was written comes to something else than what was recorded; the sanitiser took out what mattered".to_owned());
        }
        fs::write(folder.join("expected.json"), replayed.played.text()).map_err(|e| format!("{}: {e}", folder.display()))?;
        Ok(self.taken.recorder.counts().0)
    }

    fn clean(&self, played: &Played) -> String {
        played.text().replace(self.user, over::USER)
    }
}

fn swap(new: &Path, folder: &Path) -> Result<(), String> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|e| format!("{}: cannot be removed: {e}", folder.display()))?;
    }
    fs::rename(new, folder).map_err(|e| format!("{}: cannot be made: {e}", folder.display()))
}

#[cfg(test)]
mod tests;
