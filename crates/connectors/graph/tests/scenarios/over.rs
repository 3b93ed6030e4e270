//! A scenario over a recording, and over answers that are to become one.

use super::{ACCOUNT, CASES, play};
use pimkit_contract::{
    FakeClock, SeededChance,
    replay::{Played, Recording, Replay, Replayed},
};
use pimkit_core::{Clock, Error, ErrorKind, Result};
use pimkit_graph::{Config, Graph, Opening};
use pimkit_http::{Bearer, Failure, InProcess, Incoming, Recorder, Reqwest, ReqwestOptions, Secret, Transport};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Where the service is, in recordings.
pub const HOST: &str = "https://host-1.example";

/// The network.
pub fn network() -> Result<Arc<dyn Transport>> {
    Ok(Arc::new(Reqwest::new(&ReqwestOptions::default())?))
}

/// An account as all recordings open it: at the time of the samples, with the same chance.
pub fn opening(config: Config, transport: Arc<dyn Transport>) -> Opening {
    with_clock(config, transport, Arc::new(FakeClock::default()))
}

/// The same, with a clock of the caller's.
pub fn with_clock(config: Config, transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Opening {
    let opening = Graph::builder(config.account("recorded"), transport, clock, Arc::new(SeededChance::new(1)));
    opening.auth(Arc::new(Bearer::fixed(Secret::new("removed-1"))))
}

/// What a case is called: its folder's name, or `account` for `mine-account`.
///
/// # Errors
/// `Config` for a folder of another name.
pub fn case(folder: &Path) -> Result<String> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if CASES.iter().any(|(known, _)| *known == name) {
        return Ok(name.to_owned());
    }
    match name.rsplit_once('-') {
        Some((_, ACCOUNT)) => Ok(ACCOUNT.to_owned()),
        _ => Err(Error::new(ErrorKind::Config, "the folder is not named after a case; name it as `cargo xtask record` does")),
    }
}

/// What is kept in a mailbox, as the paths below `/users/{id}` have it.
const OF_A_MAILBOX: [&str; 8] =
    ["contacts", "contactFolders", "calendars", "calendarGroups", "todo", "mailFolders", "messages", "mailboxSettings"];

/// How an account was opened, by what was asked: whose mailbox, when it was not `me`, and to which groups it was limited.
fn opened(recording: &Recording, mut config: Config) -> Config {
    let inner = recording.exchanges.iter().flat_map(|one| {
        let body: Value = serde_json::from_slice(&one.sent).unwrap_or_default();
        let calls = body.get("requests").and_then(Value::as_array).cloned().unwrap_or_default();
        calls.into_iter().filter_map(|call| call.get("url").and_then(Value::as_str).map(|url| format!("/v1.0{url}")))
    });
    let mut groups = BTreeSet::new();
    for target in recording.exchanges.iter().map(|one| one.target.clone()).chain(inner) {
        let path = target.split('?').next().unwrap_or_default();
        match path.split('/').skip(2).collect::<Vec<_>>().as_slice() {
            ["users", user, what, ..] if config.mailbox.is_none() && OF_A_MAILBOX.contains(what) => {
                config = config.mailbox(user.replace("%40", "@"));
            }
            ["groups", group, "transitiveMembers"] if groups.insert((*group).to_owned()) => config = config.group(*group),
            _ => {}
        }
    }
    config
}

/// Plays the case of a name over the recording in a folder.
pub async fn replay(case: &str, folder: &Path) -> Result<Replayed> {
    let recording = Recording::read(folder)?;
    let expect = recording.expect();
    // An account that was not told who it is of asks.
    let asks = recording.exchanges.iter().any(|one| one.target.contains("$select=mail,userPrincipalName,proxyAddresses"));
    let config = if asks { Config::default() } else { Config::default().address("me@example.org") };
    let mut config = opened(&recording, config);
    let replay = Replay::strict(recording).await;
    config.url = format!("{}/v1.0", replay.base());
    let played = play(case, opening(config, network()?).open()?, &replay.base()).await;
    Ok(Replayed::of(&replay, expect.as_ref(), played))
}

/// Plays the case of a name over the answers in a folder, in their order, whatever is asked: what is asked is recorded.
///
/// # Errors
/// `Unexpected` when more, or less, is asked than there are answers.
pub async fn compose(case: &str, recording: Recording) -> Result<(Recorder, Played)> {
    let answers = recording.exchanges.len();
    let next = Arc::new(AtomicUsize::new(0));
    let beyond = Arc::new(Mutex::new(None::<String>));
    let (counter, first) = (Arc::clone(&next), Arc::clone(&beyond));
    let wire = InProcess::new(move |request| {
        let place = counter.fetch_add(1, Ordering::Relaxed);
        let answer = recording.exchanges.get(place).cloned();
        if answer.is_none() {
            let asked = format!("{} {}", request.method, request.url);
            first.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(asked);
        }
        async move {
            let Some(answer) = answer else {
                return Err(Failure::refused(Error::new(ErrorKind::Unexpected, "there is no answer left for this")));
            };
            let head = Incoming::status(answer.status)?;
            Ok(answer.answered.iter().fold(head, |head, (name, value)| head.header(name, value)).body(answer.received))
        }
    });
    let recorder = Arc::new(Recorder::new(Arc::new(wire)).keep("consistencylevel"));
    let config = Config::new(format!("{HOST}/v1.0")).address("me@example.org");
    let transport: Arc<dyn Transport> = Arc::<Recorder>::clone(&recorder);
    let played = play(case, opening(config, transport).open()?, HOST).await;
    let asked = next.load(Ordering::Relaxed);
    let short = |message: &'static str| Error::new(ErrorKind::Unexpected, message).with("answers", answers).with("asked", asked);
    if let Some(first) = beyond.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(short("more is asked than there are answers").with("first", first));
    }
    if asked < answers {
        return Err(short("there are more answers than are asked for"));
    }
    let recorder = Arc::try_unwrap(recorder).map_err(|_| Error::new(ErrorKind::Unexpected, "the account is still open"))?;
    Ok((recorder, played))
}
