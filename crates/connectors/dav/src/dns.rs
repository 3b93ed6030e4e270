//! Who is asked for the records of a domain (RFC 6764 sections 3 and 4).
//!
//! The host says who: without a resolver nobody is asked, and a domain is tried at its own address alone. With the feature `srv`
//! there is one, [`SystemDns`].

use async_trait::async_trait;
use pimkit_core::Result;
use std::fmt;

#[cfg(feature = "srv")]
mod system;
#[cfg(feature = "srv")]
pub use system::SystemDns;

/// One server of a service (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Srv {
    /// The lowest is asked first.
    pub priority: u16,
    /// How often it is the first among those of its priority.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The host's name, with or without the dot at its end; `.` alone says that the service is not offered.
    pub target: String,
}

impl Srv {
    /// A server of a service.
    #[must_use]
    pub fn new(priority: u16, weight: u16, port: u16, target: impl Into<String>) -> Self {
        Self { priority, weight, port, target: target.into() }
    }
}

/// What looks up records.
///
/// # Behavior
/// - Names are given whole, such as `_caldavs._tcp.example.org`, in ASCII and without a dot at the end; no search domain is added.
/// - A name that does not exist, and one without such records, is an empty list.
/// - Answers are not believed further than an unsigned answer can be: the caller decides where credentials go.
#[async_trait]
pub trait Dns: fmt::Debug + Send + Sync + 'static {
    /// The SRV records of a name.
    ///
    /// # Errors
    /// When it is not known whether there are any: no resolver, no answer in time, an answer that is a failure.
    async fn srv(&self, name: &str) -> Result<Vec<Srv>>;

    /// The strings of the TXT records of a name.
    ///
    /// # Errors
    /// As [`srv`](Self::srv).
    async fn txt(&self, name: &str) -> Result<Vec<String>>;
}
