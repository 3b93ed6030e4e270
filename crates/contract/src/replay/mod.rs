//! Recorded traffic, answered over loopback.
//!
//! [`Replay::strict`] is for cases of ours: a request gets the first answer that was recorded for its method, path, query and
//! body and was not given yet, and must carry the headers that were recorded. A request that was not recorded, and an exchange
//! that nobody asked for, are [`problems`](Replay::problems), each with what is nearest to it. [`Replay::loose`] is for
//! recordings of others' programs, which ask in other words: a request gets what was recorded for its method, its path and the
//! sort of its question.
//!
//! Hosts that a recording calls `host-1.example` and the like are this server.
//!
//! A connector's scenarios take down what it answers in [`Notes`]; over a recording they must come to what they came to
//! ([`Replayed`]).

mod desk;
mod play;
mod recording;
pub mod told;

pub use play::{Notes, Played, Replayed};
pub use recording::{Recording, Taken};

use desk::Desk;
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use wiremock::{Match, Mock, MockServer, Request, Respond, ResponseTemplate};

/// A server on loopback that answers as it was recorded. Dropped, it is gone.
pub struct Replay {
    server: MockServer,
    desk: Shared,
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay").field("used", &self.used()).finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Shared(Arc<Mutex<Desk>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Everything;

impl Match for Everything {
    fn matches(&self, _: &Request) -> bool {
        true
    }
}

impl Respond for Shared {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let target = match request.url.query() {
            Some(query) => format!("{}?{query}", request.url.path()),
            None => request.url.path().to_owned(),
        };
        let headers =
            request.headers.iter().map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into()));
        let asked = Taken {
            method: request.method.as_str().to_owned(),
            target,
            asked: headers.collect(),
            sent: request.body.clone(),
            ..Taken::default()
        };
        let answer = self.lock().answer(asked);
        let mut template = ResponseTemplate::new(answer.status);
        for (name, value) in &answer.answered {
            template = template.append_header(name.as_str(), value.as_str());
        }
        template.set_body_bytes(answer.received)
    }
}

impl Replay {
    /// Answers with a case of ours.
    pub async fn strict(recording: Recording) -> Self {
        Self::start(recording, true).await
    }

    /// Answers with somebody else's recording.
    pub async fn loose(recording: Recording) -> Self {
        Self::start(recording, false).await
    }

    async fn start(recording: Recording, strict: bool) -> Self {
        // What came is kept by the desk, as far as it is needed; kept twice, a long recording would fill the memory.
        let server = MockServer::builder().disable_request_recording().start().await;
        let desk = Shared(Arc::new(Mutex::new(Desk::new(recording.led_to(&server.uri()), strict))));
        Mock::given(Everything).respond_with(desk.clone()).mount(&server).await;
        Self { server, desk }
    }

    /// Where it answers: `http://127.0.0.1:4711`.
    #[must_use]
    pub fn base(&self) -> String {
        self.server.uri()
    }

    /// How many exchanges were asked for, and how many there are.
    #[must_use]
    pub fn used(&self) -> (usize, usize) {
        self.desk.lock().used()
    }

    /// What does not agree with the recording, one line each: requests that were not recorded, headers that are others, and
    /// exchanges that nobody has asked for so far.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        self.desk.lock().problems()
    }
}

#[cfg(test)]
mod tests;
