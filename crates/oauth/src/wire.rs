//! The `oauth2` crate's requests on our own wire.
//!
//! That crate reads whatever is no 200 as an OAuth error, and loses status and headers of what is none. So an answer is judged
//! here before the crate sees it: it gets good answers, and the two words by which a device is told to wait.

use crate::{Provider, Refusal};
use futures::future::BoxFuture;
use http::header;
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse, RequestTokenError};
use pimkit_core::{Error, ErrorKind, Result};
use pimkit_http::{Classifier, Effect, Request, Retry, Road, Seen, Verdict, retry_after};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use url::Url;

/// The largest answer of an endpoint. Real ones have some 10 KiB.
const LARGEST: u64 = 1 << 20;

/// How long one request may take, with all its tries: somebody waits for it.
const PATIENCE: Duration = Duration::from_secs(90);

/// A token endpoint's answers: what is trouble of its own is told from what it refuses. A 401 is a refusal: there are no
/// credentials to try anew.
#[derive(Debug)]
struct Endpoint;

impl Classifier for Endpoint {
    fn classify(&self, seen: &Seen<'_>) -> Verdict {
        let error = |kind, message: &'static str| Error::new(kind, message).with("status", seen.status.as_u16());
        let (effect, error) = match seen.status.as_u16() {
            429 => (Effect::Refused, error(ErrorKind::RateLimited, "the provider's sign-in asks to slow down; try again later")),
            407 => {
                return Verdict::Fail(error(ErrorKind::Config, "the proxy asks for a user and password; give them in the proxy's address"));
            }
            408 | 425 | 500.. => {
                (Effect::Unknown, error(ErrorKind::Unavailable, "the provider's sign-in cannot answer now; try again later"))
            }
            _ => return Verdict::Done,
        };
        Verdict::Retry(Retry { after: retry_after(seen.headers, seen.now), effect, error })
    }
}

/// The wire of one exchange.
pub(crate) struct Wire<'a> {
    pub(crate) road: &'a Road,
    pub(crate) provider: &'a Provider,
    pub(crate) operation: &'static str,
    /// Whether the request may be sent again when its answer was lost.
    pub(crate) repeats: bool,
    /// Whether it asks again and again until a user has signed in somewhere else.
    pub(crate) polls: bool,
    /// What went wrong last.
    pub(crate) trouble: Mutex<Option<Error>>,
}

impl<'a> Wire<'a> {
    pub(crate) fn new(road: &'a Road, provider: &'a Provider, operation: &'static str) -> Self {
        Self { road, provider, operation, repeats: false, polls: false, trouble: Mutex::new(None) }
    }

    /// The same, for what may be sent again.
    pub(crate) fn repeats(mut self, repeats: bool) -> Self {
        self.repeats = repeats;
        self
    }

    /// The same, for polling.
    pub(crate) fn polls(mut self) -> Self {
        self.polls = true;
        self.repeats = true;
        self
    }

    /// What went wrong last, taken away.
    pub(crate) fn take_trouble(&self) -> Option<Error> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse> {
        let (head, body) = request.into_parts();
        let url = Url::parse(&head.uri.to_string())
            .map_err(|_| self.error(ErrorKind::Config, "the address of the sign-in is none; check the authority"))?;
        let mut asked = Request::new(self.operation, head.method.as_str(), url)?;
        for (name, value) in &head.headers {
            let value = value.to_str().map_err(|_| self.error(ErrorKind::Unexpected, "a header of the sign-in is no text; report this"))?;
            asked = asked.header(name.as_str(), value)?;
        }
        let asked =
            asked.body(body).anonymous().idempotent(self.repeats).deadline(PATIENCE).body_limit(LARGEST).judged_by(Arc::new(Endpoint));
        let answer = self.road.send(asked).await.map_err(pimkit_http::Failure::into_error)?;
        if answer.status == http::StatusCode::OK || self.polls && is_wait(&answer.body) {
            let mut response = HttpResponse::new(answer.body.to_vec());
            *response.status_mut() = answer.status;
            response.headers_mut().extend(answer.headers.get(header::CONTENT_TYPE).map(|kind| (header::CONTENT_TYPE, kind.clone())));
            return Ok(response);
        }
        if answer.status.is_client_error() {
            return Err(Refusal::of_body(self.provider, &answer.body).error(Some(answer.status.as_u16())).during(self.operation));
        }
        let odd =
            self.error(ErrorKind::InvalidData, "this is no answer of a sign-in; check the authority, and what stands between us and it");
        Err(odd.with("status", answer.status.as_u16()))
    }

    fn error(&self, kind: ErrorKind, message: &'static str) -> Error {
        Error::new(kind, message).during(self.operation)
    }

    /// What an exchange came to, as an error of ours. Neither the body nor what the crate makes of it is kept: both may hold
    /// tokens.
    pub(crate) fn failed<T: oauth2::ErrorResponse + 'static>(&self, error: RequestTokenError<Error, T>) -> Error {
        let strange =
            "the provider's sign-in answers in words that are not understood; check the authority, and what stands between us and it";
        match error {
            RequestTokenError::Request(error) => error,
            _ => self.take_trouble().unwrap_or_else(|| self.error(ErrorKind::InvalidData, strange)),
        }
    }
}

/// Whether the body is one of the words by which a device is told to go on asking (RFC 8628 §3.5).
fn is_wait(body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Word {
        error: String,
    }
    serde_json::from_slice::<Word>(body).is_ok_and(|word| matches!(word.error.as_str(), "authorization_pending" | "slow_down"))
}

/// Ends the crate's polling: it goes on over whatever is no answer. What really happened is in [`Wire::trouble`].
fn end() -> HttpResponse {
    let mut response = HttpResponse::new(br#"{"error":"invalid_request"}"#.to_vec());
    *response.status_mut() = http::StatusCode::BAD_REQUEST;
    response
}

impl<'c> AsyncHttpClient<'c> for Wire<'_> {
    type Error = Error;
    type Future = BoxFuture<'c, Result<HttpResponse>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let answer = self.send(request).await;
            let Err(error) = answer else { return answer };
            if !self.polls {
                return Err(error);
            }
            let goes_on = error.is_temporary();
            *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
            if goes_on { Err(error) } else { Ok(end()) }
        })
    }
}

impl fmt::Debug for Wire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("operation", &self.operation).field("polls", &self.polls).finish_non_exhaustive()
    }
}
