//! What a road takes as its credentials.

use crate::Refusal;
use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use pimkit_core::Result;
use pimkit_http::{Auth, Bearer, Challenge, Next, Offer, Signed, Signing, TokenSource};
use std::sync::Arc;
use url::Url;

/// Bearer tokens of a source, as [`Bearer`] has them; and a server that wants more of the sign-in is told from one that wants
/// a newer token.
///
/// Continuous access evaluation answers 401 with `error="insufficient_claims"` and the claims that a new sign-in must bring
/// (<https://learn.microsoft.com/en-us/entra/identity-platform/claims-challenge>): a refresh does not help, the user must come.
#[derive(Debug)]
pub struct SignedIn(Bearer);

impl SignedIn {
    /// Over this source.
    #[must_use]
    pub fn new(source: Arc<dyn TokenSource>) -> Self {
        Self(Bearer::new(source))
    }
}

#[async_trait]
impl Auth for SignedIn {
    async fn apply(&self, to: &Signing<'_>) -> Result<Signed> {
        self.0.apply(to).await
    }

    fn accepted(&self, url: &Url, stamp: u64) {
        self.0.accepted(url, stamp);
    }

    async fn challenged(&self, by: &Challenge<'_>) -> Result<Next> {
        if let Some(offer) = by.offers.iter().find(|offer| offer.scheme == "bearer" && offer.param("error") == Some("insufficient_claims"))
        {
            return Err(Refusal::of_claims(claims(offer)).error(Some(401)));
        }
        self.0.challenged(by).await
    }
}

/// The claims of a challenge, which are JSON in Base64.
fn claims(offer: &Offer) -> Option<String> {
    let json = String::from_utf8(STANDARD.decode(offer.param("claims")?).ok()?).ok()?;
    serde_json::from_str::<serde_json::Value>(&json).ok().filter(serde_json::Value::is_object).map(|_| json)
}
