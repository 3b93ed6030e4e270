//! A scenario at a server, with what goes over the wire kept.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use pimkit_contract::replay::Played;
use pimkit_core::{Error, ErrorKind, Result};
use pimkit_dav::Dav;
use pimkit_http::{Failure, Incoming, Outgoing, Recorder, Secret, Transport};

use crate::scenarios::dav::{ACCOUNT, Elsewhere, Other, Past, over, play, program::Kept};

/// Who signs in.
pub(super) struct Login<'a> {
    pub(super) user: &'a str,
    pub(super) password: &'a Secret,
}

/// What was recorded, and what it came to.
pub(super) struct Taken {
    pub(super) recorder: Arc<Recorder>,
    pub(super) played: Played,
}

/// A case at a server of ours.
pub(super) async fn ours(kept: Kept, case: &str, port: u16, login: &Login<'_>) -> Result<Taken> {
    let base = format!("http://127.0.0.1:{port}/");
    let open = |transport| -> Result<Dav> {
        let opening = over::opening(&base, transport);
        if kept.signs_in() { over::signed_in(opening, login.user, login.password)?.open() } else { opening.open() }
    };
    let others = Others { client: open(over::network()?)?, waiting: Arc::default() };
    let wire = Interrupted { inner: over::network()?, others: others.clone() };
    let recorder = Arc::new(Recorder::new(Arc::new(wire)));
    let played = play(case, open(Arc::<Recorder>::clone(&recorder))?, &others, kept.homes(login.user), &base).await;
    Ok(Taken { recorder, played })
}

/// An account of somebody's, read.
pub(super) async fn account(url: &str, login: &Login<'_>) -> Result<Taken> {
    let recorder = Arc::new(Recorder::new(over::network()?));
    let dav = over::signed_in(over::opening(url, Arc::<Recorder>::clone(&recorder)), login.user, login.password)?.open()?;
    let played = play(ACCOUNT, dav, &Past, Default::default(), url).await;
    Ok(Taken { recorder, played })
}

/// The account's other programs: what they do is not recorded.
#[derive(Clone, Debug)]
struct Others {
    client: Dav,
    waiting: Arc<Mutex<Option<Waiting>>>,
}

/// A request, and before which of the connector's it is sent.
type Waiting = (&'static str, Other);

#[async_trait]
impl Elsewhere for Others {
    async fn send(&self, request: Other) -> Result<()> {
        let Other { method, path, content_type, body } = request;
        let answer = self.client.request(method, &path, &[("content-type", content_type)], body).await?;
        let status = answer.status.as_u16();
        // 207 is what Xandikos says of a collection that it made.
        if (200..300).contains(&status) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Unexpected, "the server refused another program's request; the scenario asks too much of it")
            .with("method", method)
            .with("status", status))
    }

    async fn ahead_of(&self, method: &'static str, request: Other) -> Result<()> {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some((method, request));
        Ok(())
    }
}

/// A wire on which another program comes in between.
struct Interrupted {
    inner: Arc<dyn Transport>,
    others: Others,
}

impl fmt::Debug for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupted").field("inner", &self.inner).finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for Interrupted {
    async fn send(&self, request: Outgoing) -> Result<Incoming, Failure> {
        let now = {
            let mut waiting = self.others.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.take_if(|(method, _)| request.method.as_str() == *method)
        };
        if let Some((_, other)) = now {
            self.others.send(other).await.map_err(Failure::not_sent)?;
        }
        self.inner.send(request).await
    }
}
