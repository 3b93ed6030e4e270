//! How large an answer may be.

use crate::{
    Failure,
    failure::{cut_off, too_large},
};
use http::{HeaderMap, Method, StatusCode, header};

/// How large an answer may be. A request can set its own limit for the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a body, after decompression. 64 MiB.
    pub body: u64,
    /// Headers. 128.
    pub headers: usize,
    /// Bytes of all names and values of headers. 64 KiB.
    pub header_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body: 64 << 20, headers: 128, header_bytes: 64 << 10 }
    }
}

impl Limits {
    /// The same, with this many bytes of body.
    #[must_use]
    pub fn body(mut self, bytes: u64) -> Self {
        self.body = bytes;
        self
    }

    /// The same, with this many headers, and this many bytes of them.
    #[must_use]
    pub fn headers(mut self, headers: usize, bytes: usize) -> Self {
        self.headers = headers;
        self.header_bytes = bytes;
        self
    }

    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Failure> {
        if headers.len() > self.headers {
            return Err(too_large("the answer has too many headers; check what stands between us and the server", self.headers as u64));
        }
        let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if bytes > self.header_bytes {
            return Err(too_large(
                "the headers of the answer are too long; check what stands between us and the server",
                self.header_bytes as u64,
            ));
        }
        Ok(())
    }
}

/// How long the body will be, where the answer says so (RFC 9112 §6.3).
///
/// # Errors
/// `Transport` when it says two lengths, or is packed in a way that we did not ask for.
pub(crate) fn announced(method: &Method, status: StatusCode, headers: &HeaderMap) -> Result<Option<u64>, Failure> {
    if *method == Method::HEAD || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        return Ok(None);
    }
    let packed = headers.get_all(header::CONTENT_ENCODING).iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"));
    if packed {
        return Err(cut_off("the answer is packed in a way that was not asked for; check what stands between us and the server"));
    }
    let mut lengths =
        headers.get_all(header::CONTENT_LENGTH).iter().map(|value| value.to_str().ok().and_then(|text| text.trim().parse().ok()));
    let first: Option<Option<u64>> = lengths.next();
    match first {
        None => Ok(None),
        Some(None) => Err(cut_off("the answer says a length that is no number; check what stands between us and the server")),
        Some(length) if lengths.all(|other| other == length) => Ok(length),
        Some(_) => Err(cut_off("the answer says two lengths; check what stands between us and the server")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};
    use pimkit_core::ErrorKind;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn too_many_or_too_long_headers_are_refused() {
        let limits = Limits::default().headers(2, 20);
        assert!(limits.check(&headers(&[("a", "1"), ("b", "2")])).is_ok());
        for pairs in [&[("a", "1"), ("b", "2"), ("c", "3")][..], &[("a", "12345678901234567890")]] {
            assert_eq!(limits.check(&headers(pairs)).unwrap_err().error().kind(), ErrorKind::InvalidData);
        }
    }

    #[test]
    fn the_length_is_known_where_the_answer_says_one_and_has_a_body() {
        for (method, status, pairs, expected) in [
            ("GET", 200, &[][..], Ok(None)),
            ("GET", 200, &[("content-length", "7")], Ok(Some(7))),
            ("PROPFIND", 207, &[("content-length", " 7 ")], Ok(Some(7))),
            ("HEAD", 200, &[("content-length", "7")], Ok(None)),
            ("PUT", 204, &[("content-length", "7")], Ok(None)),
            ("GET", 304, &[("content-length", "7")], Ok(None)),
            ("GET", 200, &[("content-encoding", "identity"), ("content-length", "7")], Ok(Some(7))),
            ("GET", 200, &[("content-encoding", "gzip")], Err(ErrorKind::Transport)),
            ("GET", 200, &[("content-length", "-7")], Err(ErrorKind::Transport)),
        ] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let found = announced(&method, StatusCode::from_u16(status).unwrap(), &headers(pairs));
            assert_eq!(found.map_err(|failure| failure.error().kind()), expected, "{method} {status} {pairs:?}");
        }
        let mut twice = headers(&[("content-length", "7")]);
        twice.append("content-length", HeaderValue::from_static("7"));
        assert_eq!(announced(&Method::GET, StatusCode::OK, &twice).unwrap(), Some(7));
        twice.append("content-length", HeaderValue::from_static("8"));
        assert!(announced(&Method::GET, StatusCode::OK, &twice).is_err());
    }
}
