//! What an answer means for the road: done, again, sign in, or fail.

use crate::{Effect, retry_after};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use pimkit_core::{Error, ErrorKind};
use std::{fmt::Debug, time::Duration};

/// An answer, as a classifier reads it.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Seen<'a> {
    /// The label of the operation.
    pub operation: &'static str,
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body, bounded and decompressed; empty for a good answer whose body the caller reads as it comes.
    pub body: &'a [u8],
    /// Which try this was, from 1.
    pub attempt: u32,
    /// What time it is.
    pub now: Timestamp,
}

impl Debug for Seen<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seen").field("operation", &self.operation).field("status", &self.status.as_u16()).finish_non_exhaustive()
    }
}

/// What the road does with an answer.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The caller gets it, whatever its status: what 404, 409 or 412 mean is the caller's to say.
    Done,
    /// It may work later.
    Retry(Retry),
    /// The credentials of this try are not taken.
    Reauthorise,
    /// It will not work. The provider did nothing, unless the status is 500 or above.
    Fail(Error),
}

/// A try that may be worth another.
#[derive(Clone, Debug)]
pub struct Retry {
    /// What the provider asked for. The whole account waits that long, not only this request.
    pub after: Option<Duration>,
    /// What the provider did with this try: a write is repeated after [`Effect::Refused`], and after [`Effect::Unknown`] only
    /// when it is idempotent.
    pub effect: Effect,
    /// What the caller gets when no try is left.
    pub error: Error,
}

/// Reads answers. A connector has its own, which knows the provider's words in the body.
pub trait Classifier: Debug + Send + Sync + 'static {
    /// What to do with this answer. It is asked for every answer but redirects that are followed.
    fn classify(&self, seen: &Seen<'_>) -> Verdict;
}

/// HTTP and nothing more (RFC 9110 §15, RFC 6585).
///
/// | status | verdict |
/// |---|---|
/// | 401 | sign in |
/// | 403 | fail, `PermissionDenied` |
/// | 407 | fail, `Config`: the proxy's credentials are missing |
/// | 429 | again, nothing was done |
/// | 408, 425, 500, 502, 503, 504 | again; what was done is not known |
/// | other 5xx | fail, `Unavailable` |
/// | all else | done |
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

impl Classifier for Plain {
    fn classify(&self, seen: &Seen<'_>) -> Verdict {
        let error = |kind, message: &'static str| Error::new(kind, message).with("status", seen.status.as_u16());
        let again = |effect, error| Verdict::Retry(Retry { after: retry_after(seen.headers, seen.now), effect, error });
        match seen.status.as_u16() {
            401 => Verdict::Reauthorise,
            403 => Verdict::Fail(error(ErrorKind::PermissionDenied, "the server does not allow this; check what the account may do")),
            407 => Verdict::Fail(error(ErrorKind::Config, "the proxy asks for a user and password; give them in the proxy's address")),
            429 => again(Effect::Refused, error(ErrorKind::RateLimited, "the server asks to slow down; try again later")),
            // 425 and 408 say that the request was not read to its end, yet a proxy may say so of a server that did.
            408 | 425 | 500 | 502 | 503 | 504 => {
                again(Effect::Unknown, error(ErrorKind::Unavailable, "the server cannot answer now; try again later"))
            }
            500.. => Verdict::Fail(error(ErrorKind::Unavailable, "the server cannot do this; see what it offers")),
            _ => Verdict::Done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn verdict(status: u16, retry_after: Option<&'static str>) -> Verdict {
        let mut headers = HeaderMap::new();
        headers.extend(retry_after.map(|value| (http::header::RETRY_AFTER, HeaderValue::from_static(value))));
        let status = StatusCode::from_u16(status).unwrap();
        Plain.classify(&Seen { operation: "test.ask", status, headers: &headers, body: b"", attempt: 1, now: Timestamp::UNIX_EPOCH })
    }

    #[test]
    fn every_status_has_its_verdict() {
        for status in 100..=599 {
            let verdict = verdict(status, None);
            let text = match &verdict {
                Verdict::Done => "done".to_owned(),
                Verdict::Reauthorise => "sign in".to_owned(),
                Verdict::Retry(retry) => format!("again {:?} {}", retry.effect, retry.error.kind().word()),
                Verdict::Fail(error) => format!("fail {}", error.kind().word()),
            };
            let expected = match status {
                401 => "sign in",
                403 => "fail permission_denied",
                407 => "fail config",
                429 => "again Refused rate_limited",
                408 | 425 | 500 | 502 | 503 | 504 => "again Unknown unavailable",
                500.. => "fail unavailable",
                _ => "done",
            };
            assert_eq!(text, expected, "{status}");
        }
    }

    #[test]
    fn a_retry_carries_what_the_server_asked_for() {
        for (status, asked, expected) in
            [(429, Some("7"), Some(7)), (503, Some("0"), Some(0)), (503, None, None), (503, Some("soon"), None)]
        {
            let Verdict::Retry(retry) = verdict(status, asked) else { panic!("{status}") };
            assert_eq!(retry.after, expected.map(Duration::from_secs));
        }
    }
}
