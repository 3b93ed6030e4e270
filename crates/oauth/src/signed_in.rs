//! What a road takes as its credentials.

use crate::{Refusal, store::is_claims};
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
///
/// Those claims are handed to the source ([`TokenSource::wanted`]), for the user's next sign-in.
#[derive(Debug)]
pub struct SignedIn {
    bearer: Bearer,
    source: Arc<dyn TokenSource>,
}

impl SignedIn {
    /// Over this source.
    #[must_use]
    pub fn new(source: Arc<dyn TokenSource>) -> Self {
        Self { bearer: Bearer::new(source.clone()), source }
    }
}

#[async_trait]
impl Auth for SignedIn {
    async fn apply(&self, to: &Signing<'_>) -> Result<Signed> {
        self.bearer.apply(to).await
    }

    fn accepted(&self, url: &Url, stamp: u64) {
        self.bearer.accepted(url, stamp);
    }

    async fn challenged(&self, by: &Challenge<'_>) -> Result<Next> {
        if let Some(offer) = by.offers.iter().find(|offer| offer.wants_claims()) {
            let claims = claims(offer);
            if let Some(claims) = &claims {
                // That the user must come counts, whether or not it could be kept what for.
                let _ = self.source.wanted(claims).await;
            }
            return Err(Refusal::of_claims(claims).error(Some(401)));
        }
        self.bearer.challenged(by).await
    }
}

/// The claims of a challenge, which are JSON in Base64.
fn claims(offer: &Offer) -> Option<String> {
    let json = String::from_utf8(STANDARD.decode(offer.param("claims")?).ok()?).ok()?;
    is_claims(&json).then_some(json)
}
