//! Bearer tokens (RFC 6750) from a source that refreshes them.

use super::{Auth, Challenge, Next, Offer, Signed, Signing, credential};
use crate::Secret;
use async_trait::async_trait;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use http::header;
use jiff::{SignedDuration, Timestamp};
use pimkit_core::{Error, ErrorKind, Result};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};
use zeroize::Zeroizing;

/// A token that runs out within this time is renewed before it is used: it must still be good when the server reads it.
const MARGIN: SignedDuration = SignedDuration::from_secs(30);

/// An access token.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it is a credential")]
pub struct Token {
    /// What goes after `Bearer `.
    pub secret: Secret,
    /// When it runs out, where that is known.
    pub expires: Option<Timestamp>,
}

/// Which token is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// One that should be good.
    Any,
    /// Another than the last one, which the server refused before its time.
    Fresh,
}

/// Where access tokens come from.
///
/// # Behavior
/// - It is asked once at a time, however many requests wait.
/// - A call that began is kept when the request that began it is dropped, yet it stands still until the next one needs a
///   token and carries it on. A source whose exchange rotates tokens must therefore finish it without us, such as in a task
///   of its own: else its answer, with the only refresh token that is still good, may time out on the wire, or be lost with
///   the process.
/// - Its own requests do not go through the road that asks it with these credentials: they are
///   [`anonymous`](crate::Request::anonymous), or go elsewhere.
#[async_trait]
pub trait TokenSource: fmt::Debug + Send + Sync + 'static {
    /// A token.
    ///
    /// # Errors
    /// `Unauthenticated` when the user must sign in again; whatever the way to the token endpoint brings.
    async fn token(&self, need: Need) -> Result<Token>;

    /// A server wants these claims of the next sign-in (OpenID Connect Core §5.5, as JSON). Whoever keeps sign-ins keeps them
    /// until the user comes; they are no secret.
    ///
    /// # Errors
    /// `Storage` when they cannot be kept.
    async fn wanted(&self, _claims: &str) -> Result<()> {
        Ok(())
    }
}

/// A token that nobody renews.
#[derive(Clone)]
struct Fixed(Token);

impl fmt::Debug for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fixed(..)")
    }
}

#[async_trait]
impl TokenSource for Fixed {
    async fn token(&self, need: Need) -> Result<Token> {
        match need {
            Need::Any => Ok(self.0.clone()),
            Need::Fresh => {
                Err(Error::new(ErrorKind::Unauthenticated, "the token was refused, and nothing here can renew it; sign in again"))
            }
        }
    }
}

/// Bearer tokens: kept while they are good, renewed once for all who wait, and forced fresh once per request after a 401.
pub struct Bearer {
    source: Arc<dyn TokenSource>,
    state: Mutex<State>,
}

type Flight = Shared<BoxFuture<'static, Result<Token>>>;

#[derive(Default)]
struct State {
    /// How many tokens were asked for; the number of the asking is the stamp of its token.
    asked: u64,
    token: Option<(u64, Token)>,
    flight: Option<(u64, Flight)>,
}

impl Bearer {
    /// Tokens from this source.
    pub fn new(source: Arc<dyn TokenSource>) -> Self {
        Self { source, state: Mutex::default() }
    }

    /// One token, never renewed.
    pub fn fixed(token: impl Into<Secret>) -> Self {
        Self::new(Arc::new(Fixed(Token { secret: token.into(), expires: None })))
    }

    /// A good token and its stamp. `refused` is the stamp of one that a server would not have.
    async fn obtain(&self, refused: Option<u64>, now: Timestamp) -> Result<(Token, u64)> {
        let (stamp, flight) = {
            let mut state = self.lock();
            // The state keeps the flight, so that it goes on with the next who asks when this future is dropped.
            if let Some(flight) = &state.flight {
                flight.clone()
            } else {
                if let Some((stamp, token)) = &state.token {
                    let usable = match refused {
                        // Somebody else has renewed it since.
                        Some(refused) => *stamp != refused,
                        None => token.expires.is_none_or(|expires| expires.duration_since(now) > MARGIN),
                    };
                    if usable {
                        return Ok((token.clone(), *stamp));
                    }
                }
                let need = if refused.is_some() { Need::Fresh } else { Need::Any };
                let source = self.source.clone();
                let flight = async move { source.token(need).await }.boxed().shared();
                state.asked += 1;
                let flight = (state.asked, flight);
                state.flight = Some(flight.clone());
                flight
            }
        };
        let landed = flight.await;
        let mut state = self.lock();
        if state.flight.as_ref().is_some_and(|(current, _)| *current == stamp) {
            state.flight = None;
            if let Ok(token) = &landed {
                state.token = Some((stamp, token.clone()));
            }
        }
        landed.map(|token| (token, stamp))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer(..)")
    }
}

#[async_trait]
impl Auth for Bearer {
    async fn apply(&self, to: &Signing<'_>) -> Result<Signed> {
        let (token, stamp) = self.obtain(None, to.now).await?;
        let value = Zeroizing::new(format!("Bearer {}", token.secret.expose()));
        Ok(Signed { header: Some(credential(header::AUTHORIZATION, value.as_bytes())?), stamp })
    }

    async fn challenged(&self, by: &Challenge<'_>) -> Result<Next> {
        // Another token of the same sign-in shows no more of it.
        if by.round > 0 || by.offers.iter().any(Offer::wants_claims) {
            return Ok(Next::GiveUp);
        }
        self.obtain(Some(by.stamp), by.now).await.map(|_| Next::Again)
    }
}
