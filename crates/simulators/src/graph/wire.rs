//! The service over HTTP/1.1.

use crate::graph::Graph;
use crate::wire::{Serving, answered, listen, whole};
use axum::Router;
use axum::extract::Request;
use std::io;
use std::net::SocketAddr;

/// A service that is being served. It stops when this is dropped.
#[derive(Debug)]
pub struct GraphServing(Serving);

impl GraphServing {
    /// `http://127.0.0.1:port/v1.0`, below which all paths lie.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1.0", self.0.address())
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// No more connections are taken; those that are idle are closed.
    pub async fn stop(self) {
        self.0.stop().await;
    }
}

impl Graph {
    /// The service as a service of axum.
    pub fn router(&self) -> Router {
        let graph = self.clone();
        Router::new().fallback(move |request: Request| {
            let graph = graph.clone();
            async move {
                match whole(request).await {
                    Ok(request) => {
                        let answer = graph.answer(request).await;
                        tokio::spawn(async move { graph.push().await });
                        answered(answer)
                    }
                    Err(refused) => *refused,
                }
            }
        })
    }

    /// Listens on `address` and serves until it is stopped; port 0 picks a free one. Needs a tokio runtime.
    ///
    /// # Errors
    /// `InvalidInput` for an address that is not of loopback: simulators are not for networks. Else what listening failed with.
    pub async fn serve(&self, address: SocketAddr) -> io::Result<GraphServing> {
        listen(address, self.router()).await.map(GraphServing)
    }
}
