//! Runs that stop for good: the process dies at a request, and nothing of it is left but what was durable.

use async_trait::async_trait;
use pimkit::http::{Failure, InProcess, Incoming, Outgoing, Transport};
use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

/// Where the process dies, as seen by a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// The request never leaves.
    Before,
    /// The first half of it has its effect, when it is a batch; another has all of it.
    Half,
    /// It has its effect, and nobody hears the answer.
    After,
}

/// How many requests were made since the last run began.
#[derive(Clone, Debug, Default)]
pub struct Asked(Arc<AtomicUsize>);

impl Asked {
    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    pub fn from_none(&self) {
        self.0.store(0, Ordering::SeqCst);
    }
}

/// A wire on which the process dies at the request of a number.
#[derive(Debug)]
pub struct Wire {
    pub inner: Arc<InProcess>,
    pub asked: Asked,
    pub death: Option<(usize, Death)>,
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, mut request: Outgoing) -> Result<Incoming, Failure> {
        let number = self.asked.0.fetch_add(1, Ordering::SeqCst) + 1;
        let Some((_, death)) = self.death.filter(|(at, _)| *at == number) else { return self.inner.send(request).await };
        if death == Death::Half {
            halve(&mut request);
        }
        if death != Death::Before {
            let _unheard = self.inner.send(request).await;
        }
        std::future::pending().await
    }
}

/// Takes the second half of its calls out of a JSON batch.
fn halve(request: &mut Outgoing) {
    let Ok(mut body) = serde_json::from_slice::<serde_json::Value>(&request.body) else { return };
    if let Some(calls) = body.get_mut("requests").and_then(serde_json::Value::as_array_mut) {
        calls.truncate(calls.len() / 2);
        request.body = body.to_string().into();
    }
}

/// What a run comes to; nothing where it stopped for good: it asks for nothing any more and is not done.
///
/// `asked` counts what it asks of either side.
pub fn until_it_stops<T>(run: impl Future<Output = T>, asked: impl Fn() -> usize) -> Option<T> {
    let mut run = pin!(run);
    let mut context = Context::from_waker(Waker::noop());
    let (mut idle, mut seen) = (0, asked());
    while idle < 50 {
        if let Poll::Ready(outcome) = run.as_mut().poll(&mut context) {
            return Some(outcome);
        }
        idle = if asked() == seen { idle + 1 } else { 0 };
        seen = asked();
    }
    None
}

/// How many places are passed over between two that are tried: `PIMKIT_STRIDE`, or `unless_told`; 1 tries all.
pub fn stride(unless_told: usize) -> usize {
    std::env::var("PIMKIT_STRIDE").ok().and_then(|s| s.parse().ok()).unwrap_or(unless_told).max(1)
}
