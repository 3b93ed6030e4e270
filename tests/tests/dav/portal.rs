//! Who stands before a server and answers in its place.

use async_trait::async_trait;
use pimkit::http::{Failure, InProcess, Incoming, Outgoing, Transport};
use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// What a portal makes of a request; None: it lets it through.
pub type Answerer = Arc<dyn Fn(&Outgoing) -> Option<Result<Incoming, Failure>> + Send + Sync>;

/// A wire on which somebody may answer before the server.
pub struct Portal {
    inner: Arc<InProcess>,
    answerer: Mutex<Option<Answerer>>,
    answered: AtomicUsize,
}

impl Portal {
    pub fn new(inner: Arc<InProcess>) -> Self {
        Self { inner, answerer: Mutex::new(None), answered: AtomicUsize::new(0) }
    }

    pub fn close(&self, answerer: Answerer) {
        *self.answerer.lock().unwrap() = Some(answerer);
    }

    pub fn open(&self) {
        *self.answerer.lock().unwrap() = None;
    }

    /// How many requests never reached the server: a trouble that nobody met proves nothing.
    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for Portal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Portal").finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for Portal {
    async fn send(&self, request: Outgoing) -> Result<Incoming, Failure> {
        let answerer = self.answerer.lock().unwrap().clone();
        match answerer.and_then(|answer| answer(&request)) {
            Some(answer) => {
                self.answered.fetch_add(1, Ordering::SeqCst);
                answer
            }
            None => self.inner.send(request).await,
        }
    }
}

/// A page that wants to be read by a person.
pub fn page() -> Incoming {
    let page = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form></form></body></html>";
    Incoming::status(200).unwrap().header("content-type", "text/html; charset=utf-8").body(page)
}

/// A status without a body.
pub fn bare(status: u16) -> Incoming {
    Incoming::status(status).unwrap()
}

pub fn redirect(status: u16, to: &str) -> Incoming {
    bare(status).header("location", to)
}

/// A multistatus whose one member, the path that was asked for, has this status.
pub fn inside(path: &str, status: &str) -> Incoming {
    let body = format!(
        r#"<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"><D:response><D:href>{path}</D:href><D:status>HTTP/1.1 {status}</D:status></D:response></D:multistatus>"#
    );
    bare(207).header("content-type", "application/xml; charset=utf-8").body(body)
}

/// Which writes are answered by a portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    All,
    /// The how-manieth alone, from 1.
    Nth(usize),
}

/// A portal that answers PUT and DELETE, all or one, and whatever it leads to elsewhere.
pub fn of_writes(
    which: Which,
    answer: impl Fn(&Outgoing) -> Incoming + Send + Sync + 'static,
    elsewhere: impl Fn(&Outgoing) -> Option<Incoming> + Send + Sync + 'static,
) -> Answerer {
    let seen = AtomicUsize::new(0);
    Arc::new(move |request| {
        if let Some(answer) = elsewhere(request) {
            return Some(Ok(answer));
        }
        if !matches!(request.method.as_str(), "PUT" | "DELETE") {
            return None;
        }
        let number = seen.fetch_add(1, Ordering::SeqCst) + 1;
        let due = match which {
            Which::All => true,
            Which::Nth(nth) => nth == number,
        };
        due.then(|| Ok(answer(request)))
    })
}
