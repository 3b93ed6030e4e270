//! Authorization code with PKCE (RFC 6749 §4.1, RFC 7636).

use crate::{App, app::redirect};
use oauth2::{CsrfToken, PkceCodeChallenge, PkceCodeVerifier, Scope};
use pimkit_core::Result;
use pimkit_http::Secret;
use std::{borrow::Cow, fmt};
use url::Url;

/// A sign-in that has begun in a browser. It is good for one exchange; its `Debug` shows nothing of it.
pub struct Authorization {
    url: Url,
    pub(crate) redirect: String,
    pub(crate) state: Secret,
    pub(crate) verifier: Secret,
    pub(crate) app: App,
}

impl Authorization {
    pub(crate) fn new(app: &App, back: &str, claims: Option<&str>) -> Result<Self> {
        let inner = &app.0;
        // 52 letters and digits each, 250 bits of chance: RFC 7636 §4.1 asks for 43 to 128 characters.
        let long = || format!("{}{}", inner.chance.id(), inner.chance.id());
        let (state, verifier) = (long(), long());
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.clone()));
        let client = app.client();
        let mut request = client
            .authorize_url(|| CsrfToken::new(state.clone()))
            .set_pkce_challenge(challenge)
            .set_redirect_uri(Cow::Owned(redirect(back)?))
            .add_scopes(inner.provider.scopes.iter().cloned().map(Scope::new));
        for (name, value) in &inner.provider.parameters {
            request = request.add_extra_param(name.as_str(), value.as_str());
        }
        if let Some(claims) = claims {
            request = request.add_extra_param("claims", claims);
        }
        let (url, _) = request.url();
        Ok(Self { url, redirect: back.to_owned(), state: state.into(), verifier: verifier.into(), app: app.clone() })
    }

    /// What to open in a browser on this machine. It holds no secret.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Whether a browser that says this comes back from this sign-in (RFC 6749 §10.12). It takes as long for every wrong
    /// answer of the right length.
    pub(crate) fn is_state(&self, told: &str) -> bool {
        let ours = self.state.expose().as_bytes();
        ours.len() == told.len() && ours.iter().zip(told.as_bytes()).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorization(..)")
    }
}
