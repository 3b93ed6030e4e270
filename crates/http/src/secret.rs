//! A secret, kept out of every text that we write.

use zeroize::Zeroizing;

/// A password or a token. It has neither `Debug` nor `Display`, so that what holds one cannot be printed by accident; its
/// memory is overwritten when it is dropped.
///
/// ```compile_fail
/// let secret = pimkit_http::Secret::new("hunter2");
/// println!("{secret:?}");
/// ```
///
/// ```compile_fail
/// let secret = pimkit_http::Secret::new("hunter2");
/// println!("{secret}");
/// ```
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "a Debug that shows nothing still invites deriving it around the secret")]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The secret itself. Whoever calls this answers for where it goes.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}
