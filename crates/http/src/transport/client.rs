//! The real wire: reqwest over rustls.

use super::{Incoming, Outgoing, Transport};
use crate::{Body, Failure};
use async_trait::async_trait;
use futures::StreamExt;
use http::{HeaderValue, Method, header};
use pimkit_core::{Error, ErrorKind, Persistence, Result};
use std::{error::Error as StdError, fmt, time::Duration};
use url::Url;

/// Headers that are read before the road's limits have a say.
const MOST_HEADERS: usize = 1024;

/// Their bytes, under HTTP/2; HTTP/1.1 has a bound of its own, which is higher.
const MOST_HEADER_BYTES: u32 = 256 << 10;

/// How the wire is laid. The defaults suit every provider; what a server needs otherwise is said here, never taken from the
/// environment: no proxy variables, no netrc.
#[derive(Clone)]
#[non_exhaustive]
pub struct ReqwestOptions {
    /// What we call ourselves. One product name without "Mozilla", which makes some servers answer for browsers.
    pub user_agent: String,
    /// Until a connection stands: name, TCP, TLS. 20 s.
    pub connect: Duration,
    /// Until the next bytes of an answer. 120 s: some servers think that long over a large REPORT.
    pub silence: Duration,
    /// Idle connections kept per host. 4; 1 where the sign-in belongs to the connection.
    pub idle_connections: usize,
    /// HTTP/1.1 alone, for servers that break under HTTP/2.
    pub http1_only: bool,
    /// A proxy for everything.
    proxy: Option<Url>,
    /// Certificates of authorities beside the system's, PEM.
    authorities: Vec<Vec<u8>>,
}

impl Default for ReqwestOptions {
    fn default() -> Self {
        Self {
            user_agent: concat!("pimkit/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect: Duration::from_secs(20),
            silence: Duration::from_secs(120),
            idle_connections: 4,
            http1_only: false,
            proxy: None,
            authorities: Vec::new(),
        }
    }
}

impl ReqwestOptions {
    /// The same, through this proxy, but for loopback; user and password may stand in its address.
    #[must_use]
    pub fn proxy(mut self, url: Url) -> Self {
        self.proxy = Some(url);
        self
    }

    /// The same, trusting these certificates of authorities too: one or more, PEM.
    #[must_use]
    pub fn authority(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authorities.push(pem.into());
        self
    }

    /// The same, speaking HTTP/1.1 alone.
    #[must_use]
    pub fn http1_only(mut self) -> Self {
        self.http1_only = true;
        self
    }
}

impl fmt::Debug for ReqwestOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestOptions")
            .field("user_agent", &self.user_agent)
            .field("connect", &self.connect)
            .field("silence", &self.silence)
            .field("idle_connections", &self.idle_connections)
            .field("http1_only", &self.http1_only)
            .field("proxy", &self.proxy.is_some())
            .field("authorities", &self.authorities.len())
            .finish()
    }
}

/// The network. It needs a tokio runtime with I/O and time.
///
/// Redirects, repeats and cookies are off; gzip and brotli are unpacked as the bytes come, so that the bound of the body
/// counts what was unpacked; names are resolved and certificates checked as the system does.
#[derive(Clone)]
pub struct Reqwest(reqwest::Client);

impl Reqwest {
    /// Lays the wire; nothing is sent.
    ///
    /// # Errors
    /// `Config` for a proxy or a certificate that cannot be used.
    pub fn new(options: &ReqwestOptions) -> Result<Self> {
        let mut builder = reqwest::Client::builder()
            .user_agent(options.user_agent.as_str())
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .connect_timeout(options.connect)
            .read_timeout(options.silence)
            .pool_max_idle_per_host(options.idle_connections)
            // Beyond the road's own limits, whose errors say what is wrong; hyper's would look like a broken connection.
            .http1_max_headers(MOST_HEADERS)
            .http2_max_header_list_size(MOST_HEADER_BYTES);
        if options.http1_only {
            builder = builder.http1_only();
        }
        if let Some(proxy) = &options.proxy {
            let proxy = reqwest::Proxy::all(proxy.clone()).map_err(|e| wrong("the proxy's address cannot be used", e))?;
            // What is for this machine stays on it: credentials may go there in the clear.
            builder = builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_string("localhost,127.0.0.0/8,::1")));
        }
        let mut authorities = Vec::new();
        for pem in &options.authorities {
            authorities.extend(reqwest::Certificate::from_pem_bundle(pem).map_err(|e| wrong("a certificate is not PEM", e))?);
        }
        if !authorities.is_empty() {
            builder = builder.tls_certs_merge(authorities);
        }
        builder.build().map(Self).map_err(|e| wrong("the HTTP client cannot be made; check its options", e))
    }
}

impl fmt::Debug for Reqwest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reqwest(..)")
    }
}

#[async_trait]
impl Transport for Reqwest {
    async fn send(&self, request: Outgoing) -> Result<Incoming, Failure> {
        let mut headers = request.headers;
        if request.body.is_empty() && !matches!(request.method, Method::GET | Method::HEAD) {
            // Some servers wait for a body, or answer 411, when OPTIONS, DELETE or MKCOL do not say that there is none.
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let mut builder = self.0.request(request.method, request.url).headers(headers);
        if !request.body.is_empty() {
            builder = builder.body(request.body);
        }
        if let Some(time) = request.time {
            builder = builder.timeout(time);
        }
        // The read timeout begins anew with every byte, and a body that is read as it comes has no timeout of its own.
        let answer = match tokio::time::timeout(request.head, builder.send()).await {
            Ok(answer) => answer.map_err(failed)?,
            Err(late) => return Err(Failure::unknown(Error::new(ErrorKind::Transport, LATE).caused_by(late))),
        };
        let status = answer.status();
        let headers = answer.headers().clone();
        Ok(Incoming::new(status, headers, Body::stream(answer.bytes_stream().map(|chunk| chunk.map_err(broken)))))
    }
}

const LATE: &str = "the server did not answer in time; try again";

fn wrong(message: &'static str, error: reqwest::Error) -> Error {
    Error::new(ErrorKind::Config, message).caused_by(error.without_url())
}

/// No answer came.
fn failed(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    if error.is_builder() {
        return Failure::not_sent(wrong("this request cannot be sent; check its address and headers", error));
    }
    // A connection that never stood took nothing. Everything else may have been read by the server.
    if error.is_connect() {
        if mentions(&error, "certificate") {
            let refused =
                Error::new(ErrorKind::Transport, "the server's certificate is not trusted; check the address, the date, and who issued it");
            return Failure::not_sent(refused.persistence(Persistence::Permanent).caused_by(error));
        }
        if mentions(&error, "proxy authorization required") {
            return Failure::not_sent(wrong("the proxy asks for a user and password; give them in the proxy's address", error));
        }
        let refused = Error::new(ErrorKind::Transport, "no connection to the server; check the address and the network");
        return Failure::not_sent(refused.caused_by(error));
    }
    let message = if error.is_timeout() { LATE } else { "the connection broke before the answer; try again" };
    Failure::unknown(Error::new(ErrorKind::Transport, message).caused_by(error))
}

/// The answer broke off.
fn broken(error: reqwest::Error) -> Failure {
    let message =
        if error.is_timeout() { "the answer did not come in time; try again" } else { "the answer was cut off before its end; try again" };
    Failure::unknown(Error::new(ErrorKind::Transport, message).caused_by(error.without_url()))
}

/// Whether an error or one of its causes speaks of this: the type of a TLS error is not among those that reqwest shows.
fn mentions(error: &dyn StdError, word: &str) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.to_string().contains(word) {
            return true;
        }
        next = error.source();
    }
    false
}
