//! The same server over HTTP/1.1, where a [`Cut`] is a connection that really breaks.

use crate::dav::{Cut, Dav};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream;
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Bodies above this are refused with 413 before they are read whole: far above every personality's limit.
const BODY: usize = 64 * 1024 * 1024;

/// A server that is being served. It stops when this is dropped.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
}

impl Serving {
    /// `http://127.0.0.1:port/`, where discovery starts.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// No more connections are taken; those that are idle are closed.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // Whoever is gone already needs not be told.
            let _ = stop.send(());
        }
        if let Some(task) = self.task.take() {
            let _ = tokio::time::timeout(std::time::Duration::from_secs(5), task).await;
        }
    }
}

impl Dav {
    /// The server as a service of axum.
    pub fn router(&self) -> Router {
        let dav = self.clone();
        Router::new().fallback(move |request: Request| {
            let dav = dav.clone();
            async move { respond(&dav, request).await }
        })
    }

    /// Listens on `address` and serves until it is stopped; port 0 picks a free one. Needs a tokio runtime.
    ///
    /// # Errors
    /// `InvalidInput` for an address that is not of loopback: simulators are not for networks. Else what listening failed with.
    pub async fn serve(&self, address: SocketAddr) -> io::Result<Serving> {
        listen(address, self.router()).await
    }
}

/// Serves a router on loopback until it is stopped.
pub(crate) async fn listen(address: SocketAddr, router: Router) -> io::Result<Serving> {
    if !address.ip().is_loopback() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "simulators listen on loopback alone"));
    }
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(async move {
        let until = async {
            // A dropped sender stops it too.
            let _ = stopped.await;
        };
        let _ = axum::serve(listener, router).with_graceful_shutdown(until).await;
    });
    Ok(Serving { address, stop: Some(stop), task: Some(task) })
}

async fn respond(dav: &Dav, request: Request) -> Response {
    match whole(request).await {
        Ok(request) => answered(dav.answer(request).await),
        Err(refused) => *refused,
    }
}

/// The request with its body, or 413 for one that is too large.
pub(crate) async fn whole(request: Request) -> Result<http::Request<Bytes>, Box<Response>> {
    let (parts, body) = request.into_parts();
    match axum::body::to_bytes(body, BODY).await {
        Ok(body) => Ok(http::Request::from_parts(parts, body)),
        Err(_) => {
            let mut refused = Response::new(Body::empty());
            *refused.status_mut() = http::StatusCode::PAYLOAD_TOO_LARGE;
            Err(Box::new(refused))
        }
    }
}

/// The answer as the wire has it.
pub(crate) fn answered(answer: Result<http::Response<Bytes>, Cut>) -> Response {
    match answer {
        Ok(response) => response.map(Body::from),
        // A body that fails at once takes its head with it: nothing is flushed before.
        Err(Cut::Reset) => Response::new(Body::from_stream(stream::once(async { Err::<Bytes, _>(broken()) }))),
        Err(Cut::Truncated { head, body_so_far }) => {
            // The pause lets what came so far be flushed.
            let pause = stream::once(async {
                tokio::task::yield_now().await;
                Err(broken())
            });
            let body = stream::once(async { Ok(body_so_far) }).chain(pause);
            let (parts, ()) = head.into_parts();
            Response::from_parts(parts, Body::from_stream(body))
        }
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "the fault plan breaks this connection")
}
