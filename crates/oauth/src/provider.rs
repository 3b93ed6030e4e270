//! What is to be known of a provider, as data.

use crate::Cause;
use pimkit_core::{Error, ErrorKind, Result};
use std::collections::BTreeMap;
use url::{Host, Url};

/// The host in the address to which a browser is sent back (RFC 8252 §7.3): which of the two a provider takes with any port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectHost {
    /// `http://127.0.0.1:PORT`.
    Address,
    /// `http://localhost:PORT`.
    Localhost,
}

/// A provider's endpoints, what is asked of them, and what their words mean.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Provider {
    /// Where the user's browser goes (RFC 6749 §3.1).
    pub authorize: Url,
    /// Where tokens are fetched (RFC 6749 §3.2).
    pub token: Url,
    /// Where device codes are fetched (RFC 8628 §3.1); absent where the provider has none.
    pub device: Option<Url>,
    /// What is asked for in a user's name.
    pub scopes: Vec<String>,
    /// What is asked for in the app's own name.
    pub own_scopes: Vec<String>,
    /// Parameters that the provider wants in the browser beside those of the RFC.
    pub parameters: Vec<(String, String)>,
    /// Where the browser is sent back to.
    pub redirect: RedirectHost,
    /// Whether a refresh may be sent again when its answer was lost. Not where a refresh token is good for one use: the second
    /// use of it would end the sign-in.
    pub refresh_repeats: bool,
    /// What the provider's own error numbers mean, beyond the words of the RFCs.
    pub codes: BTreeMap<u32, Cause>,
}

impl Provider {
    /// A provider without a device endpoint and without scopes, that is sent no parameters beyond the RFC's, and whose refresh
    /// tokens may be good for one use.
    ///
    /// # Errors
    /// `Config` for endpoints that are not https; http is for this machine alone.
    pub fn new(authorize: Url, token: Url) -> Result<Self> {
        check(&authorize)?;
        check(&token)?;
        Ok(Self {
            authorize,
            token,
            device: None,
            scopes: Vec::new(),
            own_scopes: Vec::new(),
            parameters: Vec::new(),
            redirect: RedirectHost::Address,
            refresh_repeats: false,
            codes: BTreeMap::new(),
        })
    }

    /// The same, with a device endpoint.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn device(mut self, device: Url) -> Result<Self> {
        check(&device)?;
        self.device = Some(device);
        Ok(self)
    }

    /// The same, asking for these as well in a user's name.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        for scope in scopes.into_iter().map(Into::into) {
            if !self.scopes.contains(&scope) {
                self.scopes.push(scope);
            }
        }
        self
    }

    /// The fields are public and may have been changed since they were checked.
    pub(crate) fn checked(self) -> Result<Self> {
        check(&self.authorize)?;
        check(&self.token)?;
        self.device.as_ref().map_or(Ok(()), check)?;
        Ok(self)
    }
}

/// Secrets go there: over https, or no further than this machine.
fn check(endpoint: &Url) -> Result<()> {
    let here = match endpoint.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let named = !endpoint.username().is_empty() || endpoint.password().is_some();
    if named || !(endpoint.scheme() == "https" || endpoint.scheme() == "http" && here) {
        return Err(Error::new(
            ErrorKind::Config,
            "the address of the sign-in must begin with https:// and hold no user; check the authority",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_sent_over_https_or_to_this_machine_alone() {
        for (url, good) in [
            ("https://login.example.com/token", true),
            ("http://127.0.0.1:8080/token", true),
            ("http://[::1]/token", true),
            ("http://localhost/token", true),
            ("http://login.example.com/token", false),
            ("http://localhost.example.com/token", false),
            ("https://user@login.example.com/token", false),
            ("ftp://login.example.com/token", false),
        ] {
            let url = Url::parse(url).unwrap();
            let fine = Url::parse("https://login.example.com/authorize").unwrap();
            assert_eq!(Provider::new(fine.clone(), url.clone()).is_ok(), good, "{url}");
            let provider = Provider::new(fine.clone(), fine.clone()).unwrap();
            assert_eq!(provider.clone().device(url.clone()).is_ok(), good, "{url}");
            let changed = Provider { token: url.clone(), ..provider };
            assert_eq!(changed.checked().is_ok(), good, "{url}");
        }
    }
}
