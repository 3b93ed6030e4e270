//! Basic (RFC 7617): sent before anybody asks.

use super::{Auth, Challenge, Next, Signed, Signing, credential};
use crate::Secret;
use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue, header};
use pimkit_core::{Error, ErrorKind, Result};
use std::fmt;
use zeroize::Zeroizing;

/// User and password with every request, in UTF-8. What a server's challenge says is not read: iCloud lists a scheme of its
/// own first, and Yahoo sends none.
#[derive(Clone)]
pub struct Basic {
    header: (HeaderName, HeaderValue),
}

impl Basic {
    /// These credentials.
    ///
    /// # Errors
    /// `Config` for a user with a colon (RFC 7617 §2), and for control characters.
    pub fn new(user: &str, password: &Secret) -> Result<Self> {
        if user.contains(':') {
            return Err(Error::new(ErrorKind::Config, "a user name with a colon cannot sign in with Basic; check the user"));
        }
        if user.chars().chain(password.expose().chars()).any(char::is_control) {
            return Err(super::unwritable());
        }
        let pair = Zeroizing::new(format!("{user}:{}", password.expose()));
        let value = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        Ok(Self { header: credential(header::AUTHORIZATION, value.as_bytes())? })
    }
}

impl fmt::Debug for Basic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Basic(..)")
    }
}

#[async_trait]
impl Auth for Basic {
    async fn apply(&self, _: &Signing<'_>) -> Result<Signed> {
        Ok(Signed { header: Some(self.header.clone()), stamp: 0 })
    }

    async fn challenged(&self, _: &Challenge<'_>) -> Result<Next> {
        Ok(Next::GiveUp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_are_utf_8_and_the_header_is_kept_from_logs() {
        // RFC 7617 §2.1 has this pair.
        let basic = Basic::new("test", &Secret::new("123\u{a3}")).unwrap();
        assert_eq!(basic.header.1.as_bytes(), b"Basic dGVzdDoxMjPCow==");
        assert!(basic.header.1.is_sensitive());
        assert!(!format!("{basic:?}{:?}", basic.header).contains("dGVzd"));
    }

    #[test]
    fn what_basic_cannot_say_is_refused() {
        for (user, password) in [("a:b", "c"), ("a\n", "c"), ("a", "c\r\nx: y")] {
            let error = Basic::new(user, &Secret::new(password)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!error.to_string().contains("x: y"));
        }
    }
}
