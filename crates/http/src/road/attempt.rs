//! One try of a request: sign, pass the gate, send, follow redirects, read, judge.

use super::Inner;
use crate::{
    Auth, Body, Challenge, Effect, Failure, Incoming, Moved, Next, Offer, Outgoing, Request, Seen, Signing, Verdict,
    auth::offers,
    gate::Place,
    limits::announced,
    redirect::{Trail, is_redirect},
    scope::{self, Carry, plain, shown, together},
    trace::Told,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use pimkit_core::{Error, ErrorKind};
use std::{sync::atomic::Ordering, time::Duration};
use url::Url;

/// Rounds of sign-in within one try: a challenge, a stale nonce, and one more.
const MOST_ROUNDS: u32 = 3;

/// What goes along to a host that is not the account's: how to read the answer. A caller's other headers may hold what only
/// the account's own server should see.
const TO_STRANGERS: &[header::HeaderName] = &[header::ACCEPT, header::ACCEPT_ENCODING, header::ACCEPT_LANGUAGE, header::CONTENT_TYPE];

/// Who asks, where a request does not say it itself.
const USER_AGENT: &str = concat!("pimkit/", env!("CARGO_PKG_VERSION"));

const STRANGE: &str = "this write would leave the account's domain, and carry data to strangers; it was not sent there";

/// An answer that the classifier is content with.
pub(super) struct Won {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
    pub(super) url: Url,
    pub(super) moved: Moved,
    pub(super) own: bool,
}

/// No such answer.
pub(super) enum Lost {
    /// Another try would not help.
    Final(Failure),
    /// It might.
    Again {
        wish: Option<Duration>,
        /** The provider asked it of the whole account. */
        everybody: bool,
        failure: Failure,
    },
}

/// A failure that may pass is worth another try.
fn lost(failure: Failure) -> Lost {
    if failure.error().is_temporary() {
        Lost::Again { wish: failure.error().wait(), everybody: false, failure }
    } else {
        Lost::Final(failure)
    }
}

/// Where a try stands.
struct Way<'a> {
    request: &'a Request,
    attempt: u32,
    end: Timestamp,
    url: Url,
    trail: Trail,
    /// Signs what is sent from here on.
    auth: Option<&'a dyn Auth>,
    /// It is, or was sent, out of the account's domain.
    abroad: bool,
    round: u32,
}

impl Inner {
    /// One try. Its error says operation and host.
    pub(super) async fn attempt(&self, request: &Request, attempt: u32, end: Timestamp, open: bool) -> Result<Won, Lost> {
        let mut way = Way {
            request,
            attempt,
            end,
            url: request.url.clone(),
            trail: Trail::new(request.url.clone()),
            auth: None,
            abroad: false,
            round: 0,
        };
        let outcome = self.walk(&mut way, open).await;
        let told = |failure: Failure| failure.map(|error| placed(error, request, &way.url));
        outcome.map_err(|lost| match lost {
            Lost::Final(failure) => Lost::Final(told(failure)),
            Lost::Again { wish, everybody, failure } => Lost::Again { wish, everybody, failure: told(failure) },
        })
    }

    async fn walk<'a>(&'a self, way: &mut Way<'a>, open: bool) -> Result<Won, Lost> {
        if let Some(auth) = self.auth.as_deref().filter(|_| !way.request.anonymous) {
            match self.scope.carry(&way.url) {
                Carry::Credentials => way.auth = Some(auth),
                Carry::Nothing if way.request.is_read() => way.abroad = true,
                // An address that a server put into its answer is not a place to write to.
                Carry::Nothing => return Err(Lost::Final(Failure::not_sent(Error::new(ErrorKind::InvalidData, STRANGE)))),
                Carry::Plain => return Err(Lost::Final(Failure::not_sent(plain(&way.url)))),
            }
        }
        loop {
            let (incoming, stamp, place) = self.exchange(way, open).await?;
            let Incoming { status, headers, body } = incoming;
            if is_redirect(status) {
                self.follow(way, status, &headers).map_err(Lost::Final)?;
                continue;
            }
            let length = announced(&way.request.method, status, &headers).map_err(lost)?;
            let streamed = open && status.is_success();
            let mut limit = way.request.body_limit.unwrap_or(self.limits.body);
            if open && !streamed {
                // The request's limit is that of a body that is read as it comes; this one is taken in whole.
                limit = limit.min(self.limits.body);
            }
            let body = body.guarded(limit, length, Box::new(place));
            let (open_body, whole) =
                if streamed { (Some(body), Default::default()) } else { (None, body.collect(u64::MAX).await.map_err(lost)?) };
            let now = self.clock.now();
            let seen = Seen { operation: way.request.operation, status, headers: &headers, body: &whole, attempt: way.attempt, now };
            let verdict = way.request.classifier.as_ref().unwrap_or(&self.classifier).classify(&seen);
            let own = self.is_own(way);
            if let (Some(auth), false) = (way.auth, matches!(verdict, Verdict::Reauthorise)) {
                auth.accepted(&way.url, stamp);
            }
            match verdict {
                Verdict::Done => {
                    let body = open_body.unwrap_or_else(|| Body::bytes(whole));
                    return Ok(Won { status, headers, body, url: way.url.clone(), moved: way.trail.moved(), own });
                }
                Verdict::Retry(retry) => {
                    let error = match retry.after {
                        Some(after) => retry.error.retry_after(after),
                        None => retry.error,
                    };
                    let failure = with_effect(retry.effect, self.within_reason(error));
                    // Only the account's provider may make all of it rest.
                    return Err(Lost::Again { wish: retry.after, everybody: own, failure });
                }
                Verdict::Fail(error) => {
                    let effect = if status.is_server_error() { Effect::Unknown } else { Effect::Refused };
                    return Err(Lost::Final(with_effect(effect, self.within_reason(error))));
                }
                Verdict::Reauthorise => {
                    // Its place first: whoever renews a token may need one.
                    drop(open_body);
                    self.sign_in_again(way, stamp, &headers, now).await?;
                }
            }
        }
    }

    /// Signs, waits at the gate, and sends.
    async fn exchange(&self, way: &Way<'_>, open: bool) -> Result<(Incoming, u64, Place), Lost> {
        let request = way.request;
        let mut headers = request.headers.clone();
        // Some servers refuse whoever says none.
        headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static(USER_AGENT));
        if way.abroad {
            headers = headers.into_iter().filter_map(|(name, value)| Some((name?, value))).filter(|(name, _)| goes_abroad(name)).collect();
        }
        let mut stamp = 0;
        if let Some(auth) = way.auth {
            // Before the gate: a token source may need a place there itself.
            let signing =
                Signing { method: &request.method, url: &way.url, body: &request.body, now: self.clock.now(), chance: &*self.chance };
            let signed = auth.apply(&signing).await.map_err(|error| lost(Failure::not_sent(error)))?;
            stamp = signed.stamp;
            if let Some((name, mut value)) = signed.header {
                value.set_sensitive(true);
                headers.insert(name, value);
            }
        }
        let place =
            self.gate.enter_as(request.places, &*self.clock, way.end).await.map_err(|error| Lost::Final(Failure::not_sent(error)))?;
        let begun = self.clock.now();
        let time = self.time_for(begun, way.end);
        if time.is_zero() {
            let late = Error::new(ErrorKind::Transport, "the time for this request ran out before it was sent; give it more, or try again");
            return Err(Lost::Final(Failure::not_sent(late)));
        }
        let outgoing = Outgoing {
            method: request.method.clone(),
            url: way.url.clone(),
            headers,
            body: request.body.clone(),
            operation: request.operation,
            attempt: way.attempt,
            head: time,
            time: (!open).then_some(time),
        };
        self.sent.fetch_add(1, Ordering::Relaxed);
        let answer = self.transport.send(outgoing).await;
        let told = Told {
            url: &way.url,
            template: request.template.filter(|_| way.trail.moved() == Moved::No),
            salt: self.salt,
            own: self.scope.carry(&way.url) == Carry::Credentials,
            attempt: way.attempt,
            took: crate::gate::until(begun, self.clock.now()),
        };
        match answer {
            Ok(incoming) => {
                told.answered(incoming.status.as_u16());
                self.limits.check(&incoming.headers).map_err(lost)?;
                Ok((incoming, stamp, place))
            }
            Err(failure) => {
                told.failed(failure.error().kind().word(), failure.effect().word());
                Err(lost(failure))
            }
        }
    }

    /// Turns to where a redirect leads.
    fn follow(&self, way: &mut Way<'_>, status: StatusCode, headers: &HeaderMap) -> Result<(), Failure> {
        let request = way.request;
        if status == StatusCode::SEE_OTHER && !request.is_read() {
            // RFC 9110 §15.4.4: the request was taken, and its outcome lies elsewhere. What may be sent twice to one address may
            // still not be sent to another.
            let taken = "the server answers this write by pointing elsewhere (303); look there for what became of it";
            return Err(Failure::unknown(Error::new(ErrorKind::InvalidData, taken)));
        }
        let next = way.trail.follow(&way.url, status, headers).map_err(Failure::refused)?;
        // A request without credentials has secrets too: a refresh token in its body, a key in a header.
        let stays = match way.auth {
            Some(_) => self.scope.carry(&next) == Carry::Credentials,
            None => together(&request.url, &next),
        };
        if !stays {
            if !request.is_read() {
                return Err(Failure::refused(Error::new(ErrorKind::InvalidData, STRANGE).with("to", shown(&next))));
            }
            // For good: whoever we were sent to does not get to steer a signed request back at the account's own server.
            way.auth = None;
            way.abroad = true;
        }
        if way.abroad {
            way.trail.leave();
        }
        way.url = next;
        Ok(())
    }

    /// Whether who answers here is the account's own provider: what it says is to be believed and kept.
    fn is_own(&self, way: &Way<'_>) -> bool {
        let own = if self.auth.is_some() { self.scope.carry(&way.url) == Carry::Credentials } else { together(&way.request.url, &way.url) };
        own && !way.abroad
    }

    /// The same error, with a wait that is no longer than a wish may be.
    fn within_reason(&self, error: Error) -> Error {
        match self.policy.wish(error.wait()) {
            Some(wait) => error.retry_after(wait),
            None => error,
        }
    }

    /// After a no: new credentials to try with, or the end.
    async fn sign_in_again(&self, way: &mut Way<'_>, stamp: u64, headers: &HeaderMap, now: Timestamp) -> Result<(), Lost> {
        let no = |message: &'static str| Lost::Final(Failure::refused(Error::new(ErrorKind::Unauthenticated, message)));
        let offers = offers(headers);
        let Some(auth) = way.auth else {
            if offers.iter().any(Offer::wants_claims) {
                return Err(Lost::Final(Failure::refused(wants_claims())));
            }
            return Err(no(if self.auth.is_none() || way.request.anonymous {
                "the server wants credentials, and this request carries none; sign in"
            } else {
                "the server wants credentials, and lies outside of the account's domain, so that it got none; check the configured url"
            }));
        };
        if way.round >= MOST_ROUNDS {
            return Err(no("the server asks again and again who is there; check what stands between us and it"));
        }
        let by = Challenge { stamp, round: way.round, url: &way.url, offers: &offers, now };
        match auth.challenged(&by).await.map_err(|error| lost(Failure::refused(error)))? {
            Next::Again => {
                way.round += 1;
                Ok(())
            }
            Next::GiveUp if offers.iter().any(Offer::wants_claims) => Err(Lost::Final(Failure::refused(wants_claims()))),
            Next::GiveUp => {
                Err(no("the server refuses the credentials; sign in again, or make a new app password where the provider wants one"))
            }
        }
    }
}

/// A server that wants more of the sign-in than the token shows, as an error: its context says `insufficient_claims`.
pub(super) fn wants_claims() -> Error {
    let says = "the organisation's access rules ask for another sign-in; sign in again, from a device and place that they allow";
    Error::new(ErrorKind::Unauthenticated, says).with("error", "insufficient_claims")
}

fn goes_abroad(name: &header::HeaderName) -> bool {
    TO_STRANGERS.contains(name) || name == "depth" || name == "prefer"
}

fn with_effect(effect: Effect, error: Error) -> Failure {
    match effect {
        Effect::NotSent => Failure::not_sent(error),
        Effect::Refused => Failure::refused(error),
        Effect::Unknown => Failure::unknown(error),
    }
}

/// Says which operation failed, and at which host.
fn placed(error: Error, request: &Request, url: &Url) -> Error {
    let error = if error.operation().is_none() { error.during(request.operation) } else { error };
    if error.context().iter().any(|(key, _)| *key == "host") { error } else { error.with("host", scope::shown(url)) }
}
