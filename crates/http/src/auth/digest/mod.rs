//! Digest (RFC 7616, and RFC 2617 as older servers speak it).

mod words;

use super::{Auth, Challenge, Next, Offer, Signed, Signing, credential, place, target};
use crate::Secret;
use async_trait::async_trait;
use http::header;
use pimkit_core::{Error, ErrorKind, Result};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Mutex, PoisonError},
};
use url::Url;
use words::{Algorithm, Answer};

/// Servers whose nonce is kept. An account has two or three.
const MOST_PLACES: usize = 16;

/// Replaced challenges that are remembered to have been good: more than can be replaced while a request is under way.
const MOST_RETIRED: usize = 64;

/// User and password, proven without saying the password.
///
/// The first request to a server goes out whole, body included, without credentials: some servers read the body before they
/// ask who is there. Its challenge is kept, and every later request uses the nonce again with the next count, until the
/// server calls it stale. MD5, MD5-sess, SHA-256 and SHA-256-sess; `qop=auth`, or none; `userhash`.
pub struct Digest {
    user: String,
    password: Secret,
    places: Mutex<Places>,
}

#[derive(Default)]
struct Places {
    /// How many challenges were taken.
    taken: u32,
    sessions: BTreeMap<String, Session>,
    /// Challenges that were good, and were replaced: requests signed with them may still be under way.
    retired: BTreeSet<u32>,
}

impl Places {
    /// Whether an answer to this challenge was ever taken.
    fn was_good(&self, place: &str, number: u32) -> bool {
        self.retired.contains(&number) || self.sessions.get(place).is_some_and(|current| current.number == number && current.good)
    }

    fn retire(&mut self, number: u32) {
        self.retired.insert(number);
        while self.retired.len() > MOST_RETIRED {
            self.retired.pop_first();
        }
    }
}

/// A challenge in use.
#[derive(Clone)]
struct Session {
    /// Which challenge this is, from 1.
    number: u32,
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    /// As the server spelled it; left out where it did not say any.
    spelled: Option<String>,
    qop: bool,
    userhash: bool,
    /// The server reads UTF-8 (RFC 7616 §4).
    utf8: bool,
    /// An answer to it was taken once.
    good: bool,
    /// How often the nonce was used.
    count: u32,
    /// Drawn with the first use: the key of a `-sess` algorithm holds it, so that it stays.
    cnonce: Option<String>,
}

impl Digest {
    /// These credentials.
    ///
    /// # Errors
    /// `Config` for control characters.
    pub fn new(user: &str, password: &Secret) -> Result<Self> {
        if user.chars().any(char::is_control) {
            return Err(super::unwritable());
        }
        Ok(Self { user: user.to_owned(), password: password.clone(), places: Mutex::default() })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value of the header, and its stamp.
    fn answer(&self, to: &Signing<'_>) -> Option<(String, u64)> {
        let mut places = self.lock();
        let session = places.sessions.get_mut(&place(to.url))?;
        session.count = session.count.saturating_add(1);
        let cnonce = match (&session.cnonce, session.algorithm.session()) {
            (Some(cnonce), true) => cnonce.clone(),
            _ => to.chance.id(),
        };
        session.cnonce = Some(cnonce.clone());
        let stamp = u64::from(session.number);
        let answer = Answer { session, cnonce: &cnonce, method: to.method.as_str(), uri: &target(to.url) };
        Some((answer.header(&self.user, self.password.expose()), stamp))
    }
}

/// Which challenge a stamp stands for: 0 says that there was none.
fn challenge(stamp: u64) -> u32 {
    u32::try_from(stamp).unwrap_or(0)
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(..)")
    }
}

#[async_trait]
impl Auth for Digest {
    async fn apply(&self, to: &Signing<'_>) -> Result<Signed> {
        match self.answer(to) {
            Some((value, stamp)) => Ok(Signed { header: Some(credential(header::AUTHORIZATION, value.as_bytes())?), stamp }),
            None => Ok(Signed { header: None, stamp: 0 }),
        }
    }

    fn accepted(&self, url: &Url, stamp: u64) {
        let number = challenge(stamp);
        let mut places = self.lock();
        match places.sessions.get_mut(&place(url)) {
            Some(current) if current.number == number => current.good = true,
            _ if number != 0 => places.retire(number),
            _ => {}
        }
    }

    async fn challenged(&self, by: &Challenge<'_>) -> Result<Next> {
        let place = place(by.url);
        let mut places = self.lock();
        let number = challenge(by.stamp);
        // An answer that was refused means a wrong password, and every further one counts towards a lock-out: also of those
        // that others signed with the same challenge meanwhile. A nonce that was good before may only have run out, at a
        // server that does not say so.
        let wrong = match stale(by.offers) {
            Some(stale) => !stale,
            None => !places.was_good(&place, number),
        };
        if number != 0 && wrong {
            if places.sessions.get(&place).is_some_and(|current| current.number == number) {
                places.sessions.remove(&place);
            }
            return Ok(Next::GiveUp);
        }
        if let Some(current) = places.sessions.get(&place)
            && current.number != number
        {
            // Another request has brought a newer challenge meanwhile.
            return Ok(Next::Again);
        }
        if !by.offers.iter().any(|offer| offer.scheme == "digest") {
            return if number == 0 { Err(not_offered()) } else { Ok(Next::GiveUp) };
        }
        let Some(mut session) = best(by.offers) else { return Err(unknown_kind()) };
        places.taken = places.taken.wrapping_add(1).max(1);
        session.number = places.taken;
        if places.sessions.len() >= MOST_PLACES && !places.sessions.contains_key(&place) {
            for forgotten in std::mem::take(&mut places.sessions).into_values().filter(|session| session.good) {
                places.retire(forgotten.number);
            }
        }
        if let Some(replaced) = places.sessions.insert(place, session).filter(|replaced| replaced.good) {
            places.retire(replaced.number);
        }
        Ok(Next::Again)
    }
}

/// The strongest challenge that can be answered; of two that are as strong the first (RFC 7616 §3.7).
fn best(offers: &[Offer]) -> Option<Session> {
    let answerable = offers.iter().filter(|offer| offer.scheme == "digest").filter_map(session);
    answerable.reduce(|best, next| if next.algorithm.strength() > best.algorithm.strength() { next } else { best })
}

/// Whether the server says that the nonce ran out (true), or that the answer is wrong (false).
fn stale(offers: &[Offer]) -> Option<bool> {
    let mut said = offers.iter().filter(|offer| offer.scheme == "digest").filter_map(|offer| offer.param("stale")).peekable();
    said.peek()?;
    Some(said.any(|said| said.eq_ignore_ascii_case("true")))
}

fn session(offer: &Offer) -> Option<Session> {
    let spelled = offer.param("algorithm");
    let qops: Vec<&str> = offer.param("qop").unwrap_or_default().split(',').map(str::trim).filter(|qop| !qop.is_empty()).collect();
    let qop = qops.iter().any(|qop| qop.eq_ignore_ascii_case("auth"));
    if !qops.is_empty() && !qop {
        // `auth-int` alone, which signs the body too: no server of the field asks for it.
        return None;
    }
    let says = |name: &str, value: &str| offer.param(name).is_some_and(|said| said.eq_ignore_ascii_case(value));
    Some(Session {
        number: 0,
        realm: offer.param("realm")?.to_owned(),
        nonce: offer.param("nonce")?.to_owned(),
        opaque: offer.param("opaque").map(str::to_owned),
        algorithm: Algorithm::named(spelled.unwrap_or("MD5"))?,
        spelled: spelled.map(str::to_owned),
        qop,
        userhash: says("userhash", "true"),
        utf8: says("charset", "utf-8"),
        good: false,
        count: 0,
        cnonce: None,
    })
}

fn not_offered() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "the server does not offer Digest; sign in with user and password the Basic way, or with a token",
    )
}

fn unknown_kind() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "the server asks for a kind of Digest that is not known here (algorithm or qop); use a token or Basic",
    )
}

#[cfg(test)]
mod tests;
