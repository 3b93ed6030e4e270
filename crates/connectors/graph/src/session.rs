//! One account's road, shared by the account's repositories: every request, by itself or in a batch, leaves here.

mod uploads;

use crate::{
    calls::{
        Call, Content, Reply, batch, odata,
        path::{Path, literal},
    },
    config::Config,
    error,
    permission::{Needs, needs},
};
use futures::lock::Mutex as AsyncMutex;
use jiff::Timestamp;
use pimkit_core::{Chance, Clock, Error, ErrorKind, Result};
use pimkit_http::{Answer, Effect, Failure, Opened, Request, Road, Verdict};
use serde_json::Value;
use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use url::Url;

/// Requests under way at once, for one app and one mailbox (<https://learn.microsoft.com/graph/throttling-limits>, Outlook).
pub(crate) const AT_ONCE: usize = 4;

/// How often a call within a batch is asked for.
const TRIES: u32 = 5;
/// The first wait before a call of a batch is asked for again, where the answer names none; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// One account.
pub(crate) struct Session {
    pub(crate) road: Road,
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<dyn Chance>,
    /// The root of the version: ends in a slash.
    root: Url,
    /// `me`, or `users/{id}`.
    mailbox: Path,
    /// Calls in one batch.
    chunk: AtomicU32,
    /// Who the mailbox is of, once it was asked.
    addresses: AsyncMutex<Option<Vec<String>>>,
    /// Who somebody else is whose mailbox it is, once it was asked.
    pub(crate) owner: AsyncMutex<Option<Option<String>>>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("road", &self.road).finish_non_exhaustive()
    }
}

/// A lock that a panic elsewhere does not make useless.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    pub(crate) fn new(road: Road, config: Config, clock: Arc<dyn Clock>, chance: Arc<dyn Chance>, root: Url) -> Self {
        let mailbox = mailbox(config.mailbox.as_deref());
        let most = u32::try_from(batch::MOST).unwrap_or(u32::MAX);
        let chunk = AtomicU32::new(config.quirks.batch.clamp(1, most));
        Self { road, config, clock, chance, root, mailbox, chunk, addresses: AsyncMutex::default(), owner: AsyncMutex::default() }
    }

    /// The path of the mailbox; what Outlook keeps lies below it.
    pub(crate) fn mailbox(&self) -> Path {
        self.mailbox.clone()
    }

    pub(crate) fn root(&self) -> &Url {
        &self.root
    }

    /// Server clock minus ours, in seconds, by the last answer that said a time.
    pub(crate) fn skew(&self) -> i64 {
        self.road.skew().unwrap_or_default()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The addresses of the mailbox's owner: those of the configuration, or those that Graph says.
    ///
    /// # Errors
    /// What may pass: who may not ask has no address to be known by, and that is no error.
    pub(crate) async fn addresses(&self) -> Result<Vec<String>> {
        if !self.config.addresses.is_empty() {
            return Ok(self.config.addresses.clone());
        }
        let mut known = self.addresses.lock().await;
        if let Some(known) = &*known {
            return Ok(known.clone());
        }
        let call = Call::get("graph.account", self.mailbox().query("$select", "mail,userPrincipalName,proxyAddresses"));
        let addresses = match self.ask(&call).await {
            Ok(user) => odata::addresses(&user),
            Err(error) if error.is_temporary() => return Err(error),
            Err(_) => Vec::new(),
        };
        *known = Some(addresses.clone());
        Ok(addresses)
    }

    /// What every request asks for.
    fn always(&self) -> Vec<String> {
        if self.config.quirks.immutable_ids { vec!["IdType=\"ImmutableId\"".to_owned()] } else { Vec::new() }
    }

    /// The address of a path.
    ///
    /// # Errors
    /// `Config` for what is no path below the root.
    pub(crate) fn url(&self, path: &str) -> Result<Url> {
        // Not `join`: a path that began with a slash would leave the version.
        Url::parse(&format!("{}{path}", self.root))
            .map_err(|_| Error::new(ErrorKind::Config, "this is no path of Microsoft Graph; give one such as me/contacts"))
    }

    /// An address that the server gave (nextLink, deltaLink, Location): taken as it is, and only on the configured host.
    ///
    /// # Errors
    /// `InvalidData` for any other host, port or scheme: the account's token would go there.
    pub(crate) fn given(&self, address: &str) -> Result<Url> {
        let odd =
            || Error::new(ErrorKind::InvalidData, "the server points to another host; it was not followed, and nothing was sent there");
        let url = Url::parse(address).map_err(|_| odd())?;
        let same = url.origin() == self.root.origin() && url.username().is_empty() && url.password().is_none();
        if same { Ok(url) } else { Err(odd()) }
    }

    /// A request with what all requests have.
    pub(crate) fn request(&self, operation: &'static str, method: &str, url: Url, prefer: &[String]) -> Result<Request> {
        self.wanting("application/json", operation, method, url, prefer)
    }

    fn wanting(&self, accept: &str, operation: &'static str, method: &str, url: Url, prefer: &[String]) -> Result<Request> {
        let mut request = Request::new(operation, method, url)?
            .header("accept", accept)?
            .header("client-request-id", &self.request_id())?
            .header("return-client-request-id", "true")?;
        let prefer: Vec<String> = self.always().into_iter().chain(prefer.iter().cloned()).collect();
        if !prefer.is_empty() {
            request = request.header("prefer", &prefer.join(", "))?;
        }
        Ok(request)
    }

    /// A UUID of version 4 (RFC 9562 section 5.4), by which Microsoft's support finds a request.
    fn request_id(&self) -> String {
        let bits = (u128::from(self.chance.next()) << 64) | u128::from(self.chance.next());
        let bits = bits & !(0xf000 << 64) & !(0xc000 << 48) | (0x4000 << 64) | (0x8000 << 48);
        let hex = format!("{bits:032x}");
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
    }

    fn prepared(&self, call: &Call) -> Result<Request> {
        let mut request = self.request(call.operation, call.method, self.url(call.path.as_str())?, &call.prefer)?;
        for (name, value) in &call.headers {
            request = request.header(name, value)?;
        }
        if let Some(body) = &call.body {
            request = request.header("content-type", "application/json")?.body(body.to_string());
        }
        Ok(request.idempotent(call.idempotent))
    }

    /// Sends a request.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, Failure> {
        self.road.send(request).await.map_err(|failure| told(failure, None))
    }

    /// Sends a call. What its status means is the caller's to say.
    ///
    /// # Errors
    /// What the road says; of unknown effect when it is not Graph that answers.
    pub(crate) async fn call(&self, call: &Call) -> Result<Reply, Failure> {
        let needs = needs(call.method, call.path.as_str());
        let answer = self.send(self.prepared(call).map_err(Failure::not_sent)?).await;
        reply(answer.map_err(|failure| told(failure, needs))?).map(|reply| Reply { needs, ..reply })
    }

    /// Sends a question, and gives the object in the answer.
    ///
    /// # Errors
    /// What the answer says when it is none.
    pub(crate) async fn ask(&self, call: &Call) -> Result<Value> {
        answered(self.call(call).await.map_err(Failure::into_error)?)
    }

    /// Sends a question to an address that the server gave: the next page, the next round.
    ///
    /// # Errors
    /// `InvalidData` when it is on another host; what the road says otherwise.
    pub(crate) async fn follow(&self, operation: &'static str, address: &str, prefer: &[String]) -> Result<Reply> {
        let url = self.given(address).map_err(|e| e.during(operation))?;
        let needs = needs("GET", self.below(&url));
        let answer = self.send(self.request(operation, "GET", url, prefer)?).await;
        let answer = answer.map_err(|failure| told(failure, needs).into_error())?;
        reply(answer).map(|reply| Reply { needs, ..reply }).map_err(Failure::into_error)
    }

    /// What of an address lies below the root of the version.
    fn below<'u>(&self, url: &'u Url) -> &'u str {
        url.path().strip_prefix(self.root.path()).unwrap_or_default()
    }

    /// Puts bytes. Twice is once.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub(crate) async fn put(&self, operation: &'static str, path: &str, kind: &str, bytes: Vec<u8>) -> Result<Reply, Failure> {
        let prepared = || self.request(operation, "PUT", self.url(path)?, &[])?.header("content-type", kind);
        let needs = needs("PUT", path);
        let answer = self.send(prepared().map_err(Failure::not_sent)?.body(bytes).idempotent(true)).await;
        reply(answer.map_err(|failure| told(failure, needs))?).map(|reply| Reply { needs, ..reply })
    }

    /// Opens bytes.
    ///
    /// # Errors
    /// What the road says; `Transport` when it is not Graph that answers.
    pub(crate) async fn open(&self, call: &Call) -> Result<Opened> {
        let request = self.wanting("*/*", call.operation, call.method, self.url(call.path.as_str())?, &call.prefer)?;
        let needs = needs(call.method, call.path.as_str());
        let opened = self.road.open(request).await.map_err(|failure| told(failure, needs).into_error())?;
        if opened.own { Ok(opened) } else { Err(error::stranger().during(call.operation)) }
    }

    /// Sends several calls, in batches, and gives one answer per call, in order. What is refused within a batch is asked for
    /// again after the time that the answer names; what may have been done is asked for again only when that does no harm.
    pub(crate) async fn all(&self, calls: &[Call]) -> Vec<Result<Reply, Failure>> {
        let mut answers: Vec<Option<Result<Reply, Failure>>> = calls.iter().map(|_| None).collect();
        let mut maybe_done = vec![false; calls.len()];
        let mut open: Vec<usize> = (0..calls.len()).collect();
        let mut attempt = 1;
        while !open.is_empty() {
            let (mut again, mut wish) = (Vec::new(), None::<Duration>);
            let mut left = open.as_slice();
            while !left.is_empty() {
                let (part, rest) = left.split_at(self.chunk().min(left.len()));
                left = rest;
                for (place, answer) in self.batch(calls, part).await {
                    let Some(call) = calls.get(place) else { continue };
                    let before = maybe_done.get(place).copied().unwrap_or_default();
                    let settled = match self.settled(call, answer, before).await {
                        Settled::Answer(answer) => answer,
                        Settled::Again { after, effect, failure } => {
                            if let Some(flag) = maybe_done.get_mut(place) {
                                *flag |= effect == Effect::Unknown;
                            }
                            // Who asks for more time than this is asked in another run.
                            if attempt < TRIES && after.is_none_or(|after| after <= LONGEST_WAIT) {
                                wish = wish.max(after);
                                again.push(place);
                                continue;
                            }
                            Err(failure)
                        }
                    };
                    if let Some(slot) = answers.get_mut(place) {
                        *slot = Some(settled);
                    }
                }
            }
            if !again.is_empty() {
                let own = FIRST_WAIT.saturating_mul(1 << (attempt - 1)).min(LONGEST_WAIT);
                self.clock.sleep(wish.map_or(own, |wish| wish.max(own))).await;
            }
            open = again;
            attempt += 1;
        }
        let missing = || Failure::unknown(Error::new(ErrorKind::Unexpected, "a call of a batch was not answered; try again"));
        answers.into_iter().map(|answer| answer.unwrap_or_else(|| Err(missing()))).collect()
    }

    fn chunk(&self) -> usize {
        usize::try_from(self.chunk.load(Ordering::Relaxed)).unwrap_or(AT_ONCE).max(1)
    }

    /// One batch: the places of its calls, each with its answer.
    async fn batch(&self, calls: &[Call], part: &[usize]) -> Vec<(usize, Result<Reply, Failure>)> {
        let asked: Vec<&Call> = part.iter().filter_map(|place| calls.get(*place)).collect();
        if let ([place], [call]) = (part, asked.as_slice()) {
            return vec![(*place, self.call(call).await)];
        }
        let replies = match self.exchange(&asked).await {
            Ok(replies) => replies,
            Err(failure) => return part.iter().map(|place| (*place, Err(failure.clone()))).collect(),
        };
        let missing = || Failure::unknown(Error::new(ErrorKind::Unexpected, "a call of a batch was not answered; try again"));
        let mut found: Vec<Option<Reply>> = part.iter().map(|_| None).collect();
        for (at, reply) in replies {
            if let Some(slot) = found.get_mut(at) {
                *slot = Some(reply);
            }
        }
        part.iter().copied().zip(found.into_iter().map(|reply| reply.ok_or_else(missing))).collect()
    }

    async fn exchange(&self, asked: &[&Call]) -> Result<Vec<(usize, Reply)>, Failure> {
        let prepared = || -> Result<Request> {
            let body = batch::body(asked, &self.always());
            let request = self.request("graph.batch", "POST", self.url("$batch")?, &[])?.header("content-type", "application/json")?;
            // Its calls count one by one, and run four at a time.
            let places = u32::try_from(asked.len()).unwrap_or(u32::MAX);
            Ok(request.body(body.to_string()).places(places).idempotent(asked.iter().all(|call| call.idempotent)))
        };
        let answer = self.send(prepared().map_err(Failure::not_sent)?).await?;
        let reply = reply(answer)?;
        if !reply.is_success() {
            return Err(Failure::refused(error::refused(&reply)));
        }
        reply.into_object().and_then(batch::replies).map_err(Failure::unknown)
    }

    /// What one answer within a batch means.
    async fn settled(&self, call: &Call, answer: Result<Reply, Failure>, before: bool) -> Settled {
        let reply = match answer {
            Ok(reply) => reply,
            Err(failure) if before && failure.effect() != Effect::Unknown => {
                return Settled::Answer(Err(Failure::unknown(failure.into_error())));
            }
            Err(failure) => return Settled::Answer(Err(failure)),
        };
        let needs = needs(call.method, call.path.as_str());
        let reply = Reply { needs, ..reply };
        match error::judge_reply(&reply, self.now()) {
            Verdict::Done => {
                let maybe_done_before = reply.maybe_done_before || before;
                Settled::Answer(Ok(Reply { maybe_done_before, ..reply }))
            }
            Verdict::Retry(retry) => {
                if retry.effect == Effect::Refused && retry.error.kind() == ErrorKind::RateLimited {
                    // Four at a time is what a mailbox takes for certain.
                    self.chunk.fetch_min(u32::try_from(AT_ONCE).unwrap_or(1), Ordering::Relaxed);
                }
                let error = retry.error.during(call.operation);
                let error = match retry.after {
                    Some(after) => error.retry_after(after),
                    None => error,
                };
                let failure = if retry.effect == Effect::Unknown || before { Failure::unknown(error) } else { Failure::refused(error) };
                if retry.effect == Effect::Unknown && !call.idempotent {
                    return Settled::Answer(Err(failure));
                }
                Settled::Again { after: retry.after, effect: retry.effect, failure }
            }
            // The outer request was signed; an inner 401 is a token that is refused for this call alone.
            Verdict::Reauthorise => {
                let wanted = self.road.claims_wanted(&self.root, &reply.challenge()).await;
                let error = wanted.map_or_else(|| error::refused(&reply), |error| error::told(error, needs));
                Settled::Answer(Err(Failure::refused(error.during(call.operation))))
            }
            Verdict::Fail(error) => {
                let effect = if reply.status >= 500 { Failure::unknown } else { Failure::refused };
                Settled::Answer(Err(effect(error::told(error, needs).during(call.operation))))
            }
        }
    }
}

/// What became of one call of a batch.
enum Settled {
    Answer(Result<Reply, Failure>),
    Again { after: Option<Duration>, effect: Effect, failure: Failure },
}

fn mailbox(name: Option<&str>) -> Path {
    match name {
        None => Path::of("me"),
        // `$` begins a word of OData's (<https://learn.microsoft.com/graph/api/user-get>, user principal names with `$`).
        Some(name) if name.starts_with('$') => Path::of("users").argument(&literal(name)),
        Some(name) => Path::of("users").id(name),
    }
}

/// The same failure, with what is known of it here.
fn told(failure: Failure, needs: Option<Needs>) -> Failure {
    let rebuilt = match failure.effect() {
        Effect::NotSent => Failure::not_sent,
        Effect::Refused => Failure::refused,
        Effect::Unknown => Failure::unknown,
    };
    rebuilt(error::told(failure.into_error(), needs))
}

/// The answer, when it is Graph that answers.
///
/// # Errors
/// Of unknown effect when another host does, or a page for people stands in its place.
fn reply(answer: Answer) -> Result<Reply, Failure> {
    if answer.own { read(answer) } else { Err(Failure::unknown(error::stranger())) }
}

fn read(answer: Answer) -> Result<Reply, Failure> {
    let kind = answer.header("content-type").unwrap_or_default().to_ascii_lowercase();
    if answer.status.is_success() && kind.contains("html") {
        return Err(Failure::unknown(error::stranger()));
    }
    let headers =
        answer.headers.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))).collect();
    let body = if answer.body.is_empty() {
        Content::Empty
    } else {
        match serde_json::from_slice(&answer.body) {
            Ok(json) => Content::Json(json),
            Err(_) => Content::Other,
        }
    };
    Ok(Reply { status: answer.status.as_u16(), headers, body, maybe_done_before: answer.maybe_done_before, needs: None })
}

/// The object in a good answer.
///
/// # Errors
/// What a bad one says.
pub(crate) fn answered(reply: Reply) -> Result<Value> {
    if reply.is_success() { reply.into_object() } else { Err(error::refused(&reply)) }
}

#[cfg(test)]
mod tests;
