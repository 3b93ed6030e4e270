//! What a token endpoint gives.

use jiff::{SignedDuration, Timestamp};
use oauth2::{
    TokenResponse,
    basic::{BasicTokenResponse, BasicTokenType},
};
use pimkit_core::{Error, ErrorKind, Result};
use pimkit_http::{Secret, Token};
use std::fmt;

/// What was granted. Its `Debug` shows no token.
#[derive(Clone)]
#[non_exhaustive]
pub struct Granted {
    /// What opens the account for a while.
    pub access: Secret,
    /// When that runs out, where the provider says so.
    pub expires: Option<Timestamp>,
    /// What fetches the next one; a provider that does not rotate may leave it out of a refresh.
    pub refresh: Option<Secret>,
    /// What it is for; empty where the provider does not say.
    pub scopes: Vec<String>,
}

impl Granted {
    /// `asked` is when it was asked for: a token that was long on its way runs out no later.
    pub(crate) fn of(response: &BasicTokenResponse, asked: Timestamp) -> Result<Self> {
        if *response.token_type() != BasicTokenType::Bearer {
            return Err(Error::new(
                ErrorKind::InvalidData,
                "the provider gives tokens that are no bearer tokens; see how its app is registered",
            ));
        }
        if response.access_token().secret().is_empty() {
            return Err(Error::new(ErrorKind::InvalidData, "the provider gave an empty token; sign in again"));
        }
        let expires =
            response.expires_in().and_then(|time| SignedDuration::try_from(time).ok()).and_then(|time| asked.checked_add(time).ok());
        let refresh = response.refresh_token().map(|token| Secret::new(token.secret())).filter(|token| !token.expose().is_empty());
        Ok(Self {
            access: Secret::new(response.access_token().secret()),
            expires,
            refresh,
            scopes: response.scopes().into_iter().flatten().map(|scope| scope.to_string()).collect(),
        })
    }

    /// As a road's credentials take it.
    pub(crate) fn token(self) -> Token {
        Token { secret: self.access, expires: self.expires }
    }
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granted")
            .field("expires", &self.expires)
            .field("refresh", &self.refresh.is_some())
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}
