//! At DAV servers: a fresh one of ours for each case, or an account of somebody's.

mod live;

use std::path::Path;

use pimkit_contract::replay::Played;
use pimkit_core::fixture::{Case, Expectation, Provenance};
use pimkit_http::{Sanitiser, Secret};

use super::{keep, today};
use crate::scenarios::dav::{ACCOUNT, over, program::Kept};
use crate::servers::Servers;
use live::{Login, Taken};

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

/// An account of somebody's.
pub(super) struct Account<'a> {
    pub(super) url: &'a str,
    pub(super) user: &'a str,
    /// The environment variable that holds the password.
    pub(super) variable: &'a str,
    pub(super) name: &'a str,
    pub(super) from: &'a str,
    pub(super) sanitiser: Sanitiser,
}

impl Account<'_> {
    /// Reads it, and writes what went over the wire.
    pub(super) async fn record(self, fixtures: &Path) -> Result<(), String> {
        let Self { url, user, variable, name, from, sanitiser } = self;
        let password = std::env::var(variable).map_err(|_| format!("{variable} is not set; put the password into it"))?;
        let password = Secret::new(password);
        let sanitiser = sanitiser.login(user, &password);
        let taken = live::account(url, &Login { user, password: &password }).await.map_err(|e| e.to_string())?;
        let shows = "Where things are in an account, and a first sync of all that is there.";
        let recorded = Recorded { server: name, case: ACCOUNT, shows, from: from.to_owned(), taken, sanitiser, user };
        recorded.keep(fixtures, false).await
    }
}

/// A case at a server of ours.
pub(super) async fn at_ours(servers: &Servers, kept: Kept, case: &str, shows: &str, fixtures: &Path) -> Result<(), String> {
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
        let end = match &self.taken.played.end {
            Ok(()) => Expectation::Ok,
            Err(error) if self.case == "token-unknown" && error.kind() == pimkit_core::ErrorKind::CursorExpired => {
                self.taken.played.expectation()
            }
            Err(error) => return Err(format!("the scenario failed: {error}")),
        };
        let provenance = Provenance::Recorded { from: self.from.clone(), on: today() };
        let case = Case { format: 1, shows: self.shows.to_owned(), provenance, expect: end };
        let write = |folder: &Path| self.taken.recorder.write(folder, &case, &self.sanitiser).map_err(|e| e.to_string());
        let play = async |folder: &Path| over::replay(self.server, self.case, folder).await;
        let expected = same.then(|| self.clean(&self.taken.played));
        keep(fixtures, &format!("{}-{}", self.server, self.case), write, play, expected).await?;
        println!("recorded fixtures/dav/{}-{}: {} exchanges", self.server, self.case, self.taken.recorder.counts().0);
        Ok(())
    }

    fn clean(&self, played: &Played) -> String {
        played.text().replace(self.user, over::USER)
    }
}

#[cfg(test)]
mod tests;
