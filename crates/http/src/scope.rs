//! Where an account's credentials may go.
//!
//! They belong to the registrable domain of the account's own addresses (`example.org` for `dav.example.org`), as the
//! [public suffix list](https://publicsuffix.org/) tells it, and to domains that the provider is known to share its sign-in
//! with. They go over https alone; plain http is for loopback, from loopback.

use pimkit_core::{Error, ErrorKind, Result};
use std::fmt;
use url::{Host, Url};

/// Where the credentials of one account may go.
#[derive(Clone, Default)]
pub(crate) struct Scope {
    homes: Vec<Url>,
    allies: Vec<(String, String)>,
}

/// What a request to an address may take along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carry {
    /// The credentials.
    Credentials,
    /// No credentials: it is somebody else's.
    Nothing,
    /// It is the account's own domain, but over plain http.
    Plain,
}

impl Scope {
    /// Adds an address of the account.
    pub(crate) fn home(&mut self, url: Url) {
        self.homes.push(url);
    }

    /// Adds a domain whose hosts get the credentials that belong to hosts of another one.
    pub(crate) fn ally(&mut self, home: &str, other: &str) {
        self.allies.push((home.to_ascii_lowercase(), other.to_ascii_lowercase()));
    }

    /// Whether the addresses of the account can hold a secret.
    ///
    /// # Errors
    /// `Config` when there is none, for one that is plain http beyond this machine, and for an ally without an owner.
    pub(crate) fn check(&self) -> Result<()> {
        if self.homes.is_empty() {
            return Err(Error::new(ErrorKind::Config, "say which address the credentials belong to; without one they go nowhere"));
        }
        if self.allies.iter().any(|(from, to)| !from.contains('.') || !to.contains('.')) {
            return Err(Error::new(
                ErrorKind::Config,
                "an ally must be a domain of one owner, such as googleapis.com, not a whole top level",
            ));
        }
        for home in &self.homes {
            if self.carry(home) != Carry::Credentials {
                return Err(plain(home));
            }
        }
        Ok(())
    }

    /// What a request to this address may take along.
    pub(crate) fn carry(&self, url: &Url) -> Carry {
        let best = self.homes.iter().map(|home| self.carry_of(home, url));
        best.min_by_key(|carry| match carry {
            Carry::Credentials => 0,
            Carry::Plain => 1,
            Carry::Nothing => 2,
        })
        .unwrap_or(Carry::Nothing)
    }

    fn carry_of(&self, home: &Url, url: &Url) -> Carry {
        if is_loopback(url) {
            // A home elsewhere never lends its credentials to whatever listens on this machine.
            return if is_loopback(home) { Carry::Credentials } else { Carry::Nothing };
        }
        if is_loopback(home) || !self.same_owner(home, url) {
            return Carry::Nothing;
        }
        if url.scheme() == "https" { Carry::Credentials } else { Carry::Plain }
    }

    fn same_owner(&self, home: &Url, url: &Url) -> bool {
        if home.host() == url.host() {
            return true;
        }
        if self.allies.iter().any(|(from, to)| within(home, from) && within(url, to)) {
            return true;
        }
        registrable(home).is_some_and(|home| registrable(url) == Some(home))
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("homes", &self.homes.iter().map(shown).collect::<Vec<_>>()).field("allies", &self.allies).finish()
    }
}

/// Whether two addresses are of one owner, for requests that carry no credentials: the same host, or hosts of one registrable
/// domain; what is on this machine goes with nothing but this machine.
#[must_use]
pub fn together(one: &Url, other: &Url) -> bool {
    match (is_loopback(one), is_loopback(other)) {
        (false, false) => one.host() == other.host() || registrable(one).is_some_and(|one| registrable(other) == Some(one)),
        (one, other) => one && other,
    }
}

/// Credentials were about to go over plain http.
pub(crate) fn plain(url: &Url) -> Error {
    Error::new(ErrorKind::Config, "credentials never go over plain http; use the https address (http is for this machine alone)")
        .with("host", shown(url))
}

/// Whether the host is this domain or below it. The caller named the domain, so that the list has no say: `googleapis.com`
/// is a public suffix there.
fn within(url: &Url, domain: &str) -> bool {
    let Some(Host::Domain(host)) = url.host() else { return false };
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The registrable domain: the public suffix and one label. None for an address of numbers, a single label and a public
/// suffix itself (`github.io`), which are nobody's but their own.
fn registrable(url: &Url) -> Option<String> {
    let Some(Host::Domain(name)) = url.host() else { return None };
    // An address spells its name in Punycode; the list has that spelling too.
    psl::domain_str(name).map(str::to_owned)
}

/// Whether the address is of this machine: `localhost`, 127.0.0.0/8, `[::1]`.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether a connection to the address may end on this machine. Wider than [`is_loopback`]: what must not be reached through
/// us is refused in every spelling, while credentials go to the plain ones alone.
pub(crate) fn may_be_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name.strip_suffix("localhost").is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        }
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        // `::1`, `::`, and the two of IPv4 inside of IPv6.
        Some(Host::Ipv6(address)) => {
            let inner = address.to_ipv4_mapped();
            address.is_loopback() || address.is_unspecified() || inner.is_some_and(|it| it.is_loopback() || it.is_unspecified())
        }
        None => false,
    }
}

pub(crate) fn has_userinfo(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// The host alone, as errors show it.
pub(crate) fn shown(url: &Url) -> String {
    url.host_str().unwrap_or_default().chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn carry(home: &str, to: &str) -> Carry {
        let mut scope = Scope::default();
        scope.home(url(home));
        scope.ally("google.com", "googleapis.com");
        scope.carry(&url(to))
    }

    #[test]
    fn credentials_stay_in_the_registrable_domain_over_https() {
        use Carry::{Credentials, Nothing, Plain};
        for (home, to, expected) in [
            ("https://dav.example.org/", "https://dav.example.org/x", Credentials),
            ("https://dav.example.org/", "https://dav.example.org:8443/x", Credentials),
            ("https://dav.example.org/", "https://DAV.EXAMPLE.ORG/x", Credentials),
            ("https://dav.example.org/", "https://p07.cal.example.org/x", Credentials),
            ("https://dav.example.org/", "https://example.org/", Credentials),
            ("https://dav.example.org/", "http://dav.example.org/", Plain),
            ("https://dav.example.org/", "https://example.com/", Nothing),
            ("https://dav.example.org/", "https://evilexample.org/", Nothing),
            ("https://dav.example.org/", "https://dav.example.org.evil.com/", Nothing),
            ("https://dav.example.org/", "http://evil.com/", Nothing),
            // Public suffixes are shared by strangers.
            ("https://a.co.uk/", "https://b.co.uk/", Nothing),
            ("https://alice.github.io/", "https://mallory.github.io/", Nothing),
            ("https://github.io/", "https://mallory.github.io/", Nothing),
            ("https://a.xn--55qx5d.cn/", "https://b.xn--55qx5d.cn/", Nothing),
            ("https://dav.a.xn--55qx5d.cn/", "https://a.xn--55qx5d.cn/", Credentials),
            // Addresses of numbers and single labels are their own owners.
            ("https://192.0.2.1/", "https://192.0.2.1/x", Credentials),
            ("https://192.0.2.1/", "https://192.0.2.2/", Nothing),
            ("https://nas/", "https://nas/x", Credentials),
            ("https://nas/", "https://router/", Nothing),
            ("https://[2001:db8::1]/", "https://[2001:db8::2]/", Nothing),
            // This machine.
            ("http://127.0.0.1:8080/", "http://127.0.0.1:9090/", Credentials),
            ("http://localhost/", "http://[::1]/", Credentials),
            ("http://localhost/", "https://localhost/", Credentials),
            ("http://localhost/", "https://example.org/", Nothing),
            ("https://dav.example.org/", "http://localhost/", Nothing),
            ("https://dav.example.org/", "https://127.0.0.1/", Nothing),
            ("http://localhost/", "http://localhost.evil.com/", Nothing),
            ("http://localhost/", "http://127.0.0.1.evil.com/", Nothing),
            // Allies, one way.
            ("https://www.google.com/", "https://www.googleapis.com/", Credentials),
            ("https://www.googleapis.com/", "https://www.google.com/", Nothing),
            ("https://www.google.com/", "http://www.googleapis.com/", Plain),
            ("https://www.google.com/", "https://mallory.googleapis.com.evil.com/", Nothing),
        ] {
            assert_eq!(carry(home, to), expected, "{home} -> {to}");
        }
    }

    #[test]
    fn every_spelling_of_this_machine_is_known_and_only_the_plain_ones_get_credentials() {
        for (host, plain) in [
            ("localhost", true),
            ("127.0.0.1", true),
            ("127.1", true),
            ("[::1]", true),
            ("localhost.", false),
            ("dav.localhost", false),
            ("dav.localhost.", false),
            ("0.0.0.0", false),
            ("0", false),
            ("[::]", false),
            ("[::ffff:127.0.0.1]", false),
            ("[::ffff:7f00:1]", false),
            ("[::ffff:0.0.0.0]", false),
        ] {
            let url = url(&format!("https://{host}/"));
            assert!(may_be_here(&url), "{host}");
            assert_eq!(is_loopback(&url), plain, "{host}");
        }
        for host in ["example.org", "notlocalhost", "localhost.example.org", "192.0.2.1", "[2001:db8::1]", "[::ffff:192.0.2.1]"] {
            assert!(!may_be_here(&url(&format!("https://{host}/"))), "{host}");
        }
    }

    #[test]
    fn addresses_of_one_owner_belong_together() {
        for (one, other, expected) in [
            ("https://dav.example.org/", "https://p07.example.org:8443/x", true),
            ("http://nas/", "https://nas/x", true),
            ("http://127.0.0.1:1/", "http://[::1]:2/", true),
            ("https://dav.example.org/", "https://dav.example.org.evil.com/", false),
            ("https://dav.example.org/", "https://example.com/", false),
            ("https://alice.github.io/", "https://mallory.github.io/", false),
            ("https://192.0.2.1/", "https://192.0.2.2/", false),
            ("http://127.0.0.1/", "https://example.org/", false),
            ("https://example.org/", "http://localhost/", false),
        ] {
            assert_eq!((together(&url(one), &url(other)), together(&url(other), &url(one))), (expected, expected), "{one} {other}");
        }
    }

    #[test]
    fn an_account_without_an_address_or_with_a_plain_one_is_refused() {
        let mut scope = Scope::default();
        assert_eq!(scope.check().unwrap_err().kind(), ErrorKind::Config);
        scope.home(url("https://dav.example.org/"));
        assert!(scope.check().is_ok());
        let mut wide = scope.clone();
        wide.ally("example.org", "com");
        assert_eq!(wide.check().unwrap_err().kind(), ErrorKind::Config);
        scope.home(url("http://other.example/alice"));
        let error = scope.check().unwrap_err();
        assert!(error.to_string().contains("https") && !error.to_string().contains("alice"), "{error}");
    }
}
