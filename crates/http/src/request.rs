//! What is asked, as data.

use crate::{classify::Classifier, scope};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use pimkit_core::{Error, ErrorKind, Result};
use std::{fmt, sync::Arc, time::Duration};
use url::Url;

/// Methods that change nothing at the server (RFC 9110 §9.2.1, RFC 4918 §9.1, RFC 3253 §3.6, RFC 5323 §2): sent again
/// without asking, and followed out of the account's domain, though without credentials.
const READS: &[&str] = &["GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT", "SEARCH"];

/// Headers that the road or the transport writes: credentials would outlive a redirect, framing would disagree with the body.
const RESERVED: &[HeaderName] = &[
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::COOKIE,
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
];

/// One request, before credentials. Cheap to clone: the body is shared.
///
/// Its `Debug` shows neither address, nor header values, nor body.
#[derive(Clone)]
pub struct Request {
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) idempotent: bool,
    pub(crate) anonymous: bool,
    pub(crate) template: Option<&'static str>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) body_limit: Option<u64>,
    pub(crate) classifier: Option<Arc<dyn Classifier>>,
    pub(crate) places: u32,
}

impl Request {
    /// A request. `operation` is a label such as `dav.propfind`, which errors and spans carry; `method` is any HTTP method,
    /// in capitals. A fragment of the address is left out, as it never travels (RFC 9110 §4.2.5).
    ///
    /// Reads (GET, HEAD, OPTIONS, PROPFIND, REPORT, SEARCH) are idempotent; everything else is not until
    /// [`idempotent`](Self::idempotent) says so.
    ///
    /// # Errors
    /// `Config` for what is no method, an address that is not http or https, and one with a user or password in it.
    pub fn new(operation: &'static str, method: &str, mut url: Url) -> Result<Self> {
        let wrong = |message: &'static str| Error::new(ErrorKind::Config, message).during(operation);
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| wrong("this is not an HTTP method; see RFC 9110 section 9.1"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(wrong("the address must begin with https:// and a host; check the configured url"));
        }
        if scope::has_userinfo(&url) {
            return Err(
                wrong("the address holds a user or password; give the credentials apart from the url").with("host", scope::shown(&url))
            );
        }
        url.set_fragment(None);
        let idempotent = is_read(&method);
        Ok(Self {
            operation,
            method,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            idempotent,
            anonymous: false,
            template: None,
            deadline: None,
            body_limit: None,
            classifier: None,
            places: 1,
        })
    }

    /// The same, with one more header. Names are compared without case; a name may come several times.
    ///
    /// # Errors
    /// `Config` for what is no header, and for headers that the road writes itself: credentials, host and framing.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self> {
        let wrong = |message: &'static str| Error::new(ErrorKind::Config, message).during(self.operation);
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("this is not the name of a header"))?;
        if RESERVED.contains(&name) {
            return Err(wrong("this header is written by the road; give credentials to its builder").with("header", name));
        }
        // Bytes, not `from_str`: an address such as `Destination` may hold UTF-8 (RFC 9110 §5.5, obs-text).
        let value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| wrong("the value of a header holds a control character").with("header", &name))?;
        self.headers.append(name, value);
        Ok(self)
    }

    /// The same, with this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Whether sending it twice does the same as once: a precondition or a repeatable create stands behind it. What is not
    /// idempotent is never sent again once it may have been done.
    #[must_use]
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = idempotent;
        self
    }

    /// The same, without the account's credentials: a question to somebody else, or one that needs nobody's word.
    #[must_use]
    pub fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// The path with placeholders, such as `/users/{id}/events`, for spans. Without it they carry a salted hash of the path.
    #[must_use]
    pub fn template(mut self, template: &'static str) -> Self {
        self.template = Some(template);
        self
    }

    /// How long all tries and the waits between them may take; the policy's budget when absent.
    #[must_use]
    pub fn deadline(mut self, time: Duration) -> Self {
        self.deadline = Some(time);
        self
    }

    /// The largest answer, in bytes after decompression; the road's limit when absent.
    #[must_use]
    pub fn body_limit(mut self, bytes: u64) -> Self {
        self.body_limit = Some(bytes);
        self
    }

    /// Who reads the answer, instead of the road's own classifier.
    #[must_use]
    pub fn judged_by(mut self, classifier: Arc<dyn Classifier>) -> Self {
        self.classifier = Some(classifier);
        self
    }

    /// How many places at the account's gate it takes: those of the requests that are in it, for one that carries several. More
    /// than there are counts as all of them.
    #[must_use]
    pub fn places(mut self, places: u32) -> Self {
        self.places = places;
        self
    }

    pub(crate) fn is_read(&self) -> bool {
        is_read(&self.method)
    }
}

fn is_read(method: &Method) -> bool {
    READS.contains(&method.as_str())
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("operation", &self.operation)
            .field("method", &self.method.as_str())
            .field("headers", &self.headers.len())
            .field("body", &self.body.len())
            .field("idempotent", &self.idempotent)
            .field("anonymous", &self.anonymous)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, url: &str) -> Result<Request> {
        Request::new("test.ask", method, Url::parse(url).unwrap())
    }

    #[test]
    fn reads_are_idempotent_and_writes_are_not_until_the_caller_says_so() {
        for (method, idempotent) in [
            ("GET", true),
            ("PROPFIND", true),
            ("REPORT", true),
            ("OPTIONS", true),
            ("PUT", false),
            ("DELETE", false),
            ("POST", false),
            ("MKCALENDAR", false),
            ("MOVE", false),
        ] {
            assert_eq!(request(method, "https://a.example/").unwrap().idempotent, idempotent, "{method}");
        }
        assert!(request("PUT", "https://a.example/").unwrap().idempotent(true).idempotent);
    }

    #[test]
    fn what_must_not_be_asked_is_refused_before_anything_is_sent() {
        for (method, url) in [
            ("G T", "https://a.example/"),
            ("", "https://a.example/"),
            ("GET", "ftp://a.example/"),
            ("GET", "file:///etc/passwd"),
            ("GET", "https://user@a.example/"),
            ("GET", "https://:hunter2@a.example/"),
        ] {
            let error = request(method, url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{method} {url}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn headers_of_the_road_and_broken_headers_are_refused() {
        for (name, value) in [
            ("Authorization", "Basic abc"),
            ("cookie", "a=b"),
            ("Host", "b.example"),
            ("Content-Length", "3"),
            ("Transfer-Encoding", "chunked"),
            ("bad name", "x"),
            ("x-a", "one\r\nx-b: two"),
        ] {
            let error = request("GET", "https://a.example/").unwrap().header(name, value).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{name}");
            assert!(!error.to_string().contains("abc") && !error.to_string().contains("two"));
        }
        let twice = request("GET", "https://a.example/").unwrap().header("x-a", "1").unwrap().header("X-A", "ü").unwrap();
        assert_eq!(twice.headers.get_all("x-a").iter().count(), 2);
    }

    #[test]
    fn its_debug_shows_no_address_no_header_value_and_no_body() {
        let request = request("PUT", "https://a.example/alice?token=hunter2#hunter2").unwrap();
        let text = format!("{:?}", request.header("x-secret", "hunter2").unwrap().body("hunter2"));
        assert!(!text.contains("hunter2") && !text.contains("alice"), "{text}");
        assert!(text.contains("PUT") && text.contains("test.ask"));
    }
}
