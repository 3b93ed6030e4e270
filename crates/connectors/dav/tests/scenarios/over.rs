//! A scenario over a recording.

use super::{ACCOUNT, CASES, Past, plain, play, program::Kept};
use pimkit_contract::{
    FakeClock, SeededChance,
    replay::{Recording, Replay, Replayed},
};
use pimkit_core::{Error, ErrorKind, Result};
use pimkit_dav::{Config, Dav, Opening};
use pimkit_http::{Basic, Reqwest, ReqwestOptions, Secret, Transport};
use std::{path::Path, sync::Arc};

/// Whoever a recording is of, after the sanitiser.
pub const USER: &str = "user-1";

/// The network.
pub fn network() -> Result<Arc<dyn Transport>> {
    Ok(Arc::new(Reqwest::new(&ReqwestOptions::default())?))
}

/// An account as all recordings open it: at the time of the samples, with the same chance.
pub fn opening(url: &str, transport: Arc<dyn Transport>) -> Opening {
    opened(Config::new(url).account("recorded").address("me@example.org"), transport)
}

/// The same, with a configuration of the caller's.
pub fn opened(config: Config, transport: Arc<dyn Transport>) -> Opening {
    Dav::builder(config, transport, Arc::new(FakeClock::default()), Arc::new(SeededChance::new(1)))
}

/// The same, signed in.
pub fn signed_in(opening: Opening, user: &str, password: &Secret) -> Result<Opening> {
    Ok(opening.auth(Arc::new(Basic::new(user, password)?)))
}

/// Server and case in the name of a folder: `radicale-first-events`.
pub fn parts(folder: &Path) -> Result<(String, String)> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let known = |case: &str| case == ACCOUNT || CASES.iter().any(|(name, _)| *name == case);
    let unknown =
        || Error::new(ErrorKind::Config, "the folder is not named after a server and a case; name it as `cargo xtask record` does");
    let (server, case) = name.split_once('-').filter(|(_, case)| known(case)).ok_or_else(unknown)?;
    Ok((server.to_owned(), case.to_owned()))
}

/// Plays the case of a name over the recording in a folder.
pub async fn replay(server: &str, case: &str, folder: &Path) -> Result<Replayed> {
    let recording = Recording::read(folder)?.plainly(plain);
    let expect = recording.expect();
    let start = recording.start().to_owned();
    let replay = Replay::strict(recording).await;
    let kept = Kept::ALL.into_iter().find(|kept| kept.word() == server);
    let mut opening = opening(&format!("{}{start}", replay.base()), network()?);
    if kept.is_none_or(Kept::signs_in) {
        opening = signed_in(opening, USER, &Secret::new("removed-1"))?;
    }
    let homes = kept.map(|kept| kept.homes(USER)).unwrap_or_default();
    let played = play(case, opening.open()?, &Past, homes, &replay.base()).await;
    Ok(Replayed::of(&replay, expect.as_ref(), played))
}
