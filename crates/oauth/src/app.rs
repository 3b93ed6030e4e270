//! A client that is registered at a provider.

use crate::{Authorization, Granted, Kept, Provider, wire::Wire};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, DeviceAuthorizationUrl, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    PkceCodeVerifier, RedirectUrl, RefreshToken, Scope, TokenUrl, basic::BasicClient,
};
use pimkit_core::{Chance, Clock, Error, ErrorKind, Result};
use pimkit_http::{RetryPolicy, Road, Secret, Transport};
use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

pub(crate) type Client = BasicClient<EndpointSet, EndpointMaybeSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// A client of a provider: its id, its secret where it has one, and the wire on which it speaks. Cheap to clone.
#[derive(Clone)]
pub struct App(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) provider: Provider,
    pub(crate) id: String,
    secret: Option<Secret>,
    pub(crate) road: Road,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<dyn Chance>,
}

impl App {
    /// A client. Clock and chance are the host's; `chance` must not be guessable, as what proves a sign-in to be ours is made
    /// of it.
    ///
    /// # Errors
    /// `Config` for an empty id, an empty secret, and endpoints that are not https.
    pub fn new(
        provider: Provider,
        id: &str,
        secret: Option<Secret>,
        wire: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
    ) -> Result<Self> {
        let wrong = |message: &'static str| Error::new(ErrorKind::Config, message);
        if id.trim().is_empty() {
            return Err(wrong("the client id is empty; take it from the app's registration"));
        }
        if secret.as_ref().is_some_and(|secret| secret.expose().is_empty()) {
            return Err(wrong("the client secret is empty; leave it out, or take it from the app's registration"));
        }
        let provider = provider.checked()?;
        let policy = RetryPolicy::default().attempts(4).budget(Duration::from_secs(90));
        let road = Road::builder(wire, clock.clone(), chance.clone()).policy(policy).build()?;
        Ok(Self(Arc::new(Inner { provider, id: id.to_owned(), secret, road, clock, chance })))
    }

    /// Where and how it signs in.
    #[must_use]
    pub fn provider(&self) -> &Provider {
        &self.0.provider
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The address to show to the user in a browser on this machine, and what must be kept until the browser comes back to
    /// `redirect` (a [`Listener`](crate::Listener)'s).
    ///
    /// `claims` is what a [`Refusal`](crate::Refusal) said that a new sign-in must bring along.
    ///
    /// # Errors
    /// `Config` for a redirect that is no address.
    pub fn authorize(&self, redirect: &str, claims: Option<&str>) -> Result<Authorization> {
        Authorization::new(self, redirect, claims)
    }

    /// The tokens for the code that a browser brought back. A code is good for one use, and so is the authorization.
    ///
    /// # Errors
    /// With a [`Refusal`](crate::Refusal) when the provider says no; `Transport`, `RateLimited`, `Unavailable`; `InvalidData`
    /// for an answer that is none.
    pub async fn exchange(&self, authorization: Authorization, code: &Secret) -> Result<Granted> {
        let wire = self.wire("oauth.exchange");
        let asked = self.0.clock.now();
        let client = self.client();
        let request = client
            .exchange_code(AuthorizationCode::new(code.expose().to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(authorization.verifier.expose().to_owned()))
            .set_redirect_uri(Cow::Owned(redirect(&authorization.redirect)?));
        Granted::of(&request.request_async(&wire).await.map_err(|e| wire.failed(e))?, asked)
    }

    /// New tokens for a refresh token.
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange).
    pub async fn refresh(&self, token: &Secret) -> Result<Granted> {
        let wire = self.wire("oauth.refresh").repeats(self.0.provider.refresh_repeats);
        let asked = self.0.clock.now();
        let token = RefreshToken::new(token.expose().to_owned());
        let client = self.client();
        let request = client.exchange_refresh_token(&token);
        Granted::of(&request.request_async(&wire).await.map_err(|e| wire.failed(e))?, asked)
    }

    /// A token in the app's own name (RFC 6749 §4.4).
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange); `Config` without a secret.
    pub async fn own(&self) -> Result<Granted> {
        if self.0.secret.is_none() {
            return Err(Error::new(ErrorKind::Config, "in its own name an app needs a secret; give client_secret").during("oauth.own"));
        }
        let wire = self.wire("oauth.own").repeats(true);
        let asked = self.0.clock.now();
        let client = self.client();
        let request = client.exchange_client_credentials().add_scopes(self.0.provider.own_scopes.iter().cloned().map(Scope::new));
        Granted::of(&request.request_async(&wire).await.map_err(|e| wire.failed(e))?, asked)
    }

    /// What is to be kept of a grant.
    ///
    /// # Errors
    /// `InvalidData` when there is nothing to refresh it with.
    pub fn keep(&self, granted: &Granted) -> Result<Kept> {
        let missing = "the provider gave no refresh token; see that the app may ask for offline access, and sign in again";
        let refresh = granted.refresh.clone().ok_or_else(|| Error::new(ErrorKind::InvalidData, missing))?;
        Ok(Kept { refresh, scopes: granted.scopes.clone(), client: self.0.id.clone(), endpoint: self.0.provider.token.to_string() })
    }

    /// Whether this was granted to this client, at this endpoint.
    pub(crate) fn granted(&self, kept: &Kept) -> bool {
        kept.client == self.0.id && kept.endpoint == self.0.provider.token.as_str()
    }

    pub(crate) fn wire(&self, operation: &'static str) -> Wire<'_> {
        Wire::new(&self.0.road, &self.0.provider, operation)
    }

    /// The crate's client. The secret goes into the body: a header of credentials is the road's own.
    pub(crate) fn client(&self) -> Client {
        let provider = &self.0.provider;
        let mut client = BasicClient::new(ClientId::new(self.0.id.clone())).set_auth_type(AuthType::RequestBody);
        if let Some(secret) = &self.0.secret {
            client = client.set_client_secret(ClientSecret::new(secret.expose().to_owned()));
        }
        client
            .set_auth_uri(AuthUrl::from_url(provider.authorize.clone()))
            .set_token_uri(TokenUrl::from_url(provider.token.clone()))
            .set_device_authorization_url_option(provider.device.clone().map(DeviceAuthorizationUrl::from_url))
    }
}

/// A redirect, in just the letters in which it is registered: a slash more is another one.
pub(crate) fn redirect(text: &str) -> Result<RedirectUrl> {
    RedirectUrl::new(text.to_owned())
        .map_err(|_| Error::new(ErrorKind::Config, "the address to come back to is none; take it from a listener"))
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("token", &self.0.provider.token.as_str())
            .field("secret", &self.0.secret.is_some())
            .finish_non_exhaustive()
    }
}
