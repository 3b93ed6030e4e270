//! User and password, said as the server wants to hear it.

use super::{Auth, Basic, Challenge, Digest, Next, Signed, Signing, place};
use crate::Secret;
use async_trait::async_trait;
use pimkit_core::Result;
use std::{
    collections::BTreeSet,
    fmt,
    sync::{Mutex, PoisonError},
};
use url::Url;

/// Stamps of Basic; those of Digest begin at 0 and never come near.
const BASIC: u64 = u64::MAX;

/// Servers that are remembered to want Digest. An account has two or three.
const MOST_PLACES: usize = 16;

/// Basic first, and Digest from the moment on at which a server offers Digest and no Basic.
///
/// Where the server is known to want Digest, use [`Digest`] itself: the password is then never said, not even under TLS.
pub struct Password {
    basic: Basic,
    digest: Digest,
    /// Where Digest is wanted.
    digested: Mutex<BTreeSet<String>>,
}

impl Password {
    /// These credentials.
    ///
    /// # Errors
    /// `Config` as of [`Basic::new`].
    pub fn new(user: &str, password: &Secret) -> Result<Self> {
        Ok(Self { basic: Basic::new(user, password)?, digest: Digest::new(user, password)?, digested: Mutex::default() })
    }

    fn wants_digest(&self, place: &str) -> bool {
        self.digested.lock().unwrap_or_else(PoisonError::into_inner).contains(place)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

#[async_trait]
impl Auth for Password {
    async fn apply(&self, to: &Signing<'_>) -> Result<Signed> {
        if self.wants_digest(&place(to.url)) {
            return self.digest.apply(to).await;
        }
        self.basic.apply(to).await.map(|signed| Signed { stamp: BASIC, ..signed })
    }

    fn accepted(&self, url: &Url, stamp: u64) {
        if stamp != BASIC {
            self.digest.accepted(url, stamp);
        }
    }

    async fn challenged(&self, by: &Challenge<'_>) -> Result<Next> {
        if by.stamp != BASIC {
            return self.digest.challenged(by).await;
        }
        let offers = |scheme: &str| by.offers.iter().any(|offer| offer.scheme == scheme);
        // Basic on offer and refused is a wrong password: saying it in another way only counts towards a lock-out.
        if offers("basic") || !offers("digest") {
            return Ok(Next::GiveUp);
        }
        let next = self.digest.challenged(&Challenge { stamp: 0, ..*by }).await?;
        if next == Next::Again {
            let mut digested = self.digested.lock().unwrap_or_else(PoisonError::into_inner);
            if digested.len() >= MOST_PLACES {
                digested.clear();
            }
            digested.insert(place(by.url));
        }
        Ok(next)
    }
}
