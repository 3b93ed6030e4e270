//! What the libraries below say to `tracing` while they carry a request.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

mod common;

use common::{Counting, Hands, heard::Heard, request, url};
use pimkit_http::{Basic, Reqwest, ReqwestOptions, Road, Secret};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn what_the_libraries_below_log_holds_no_secret_either() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = Vec::new();
        while !read.ends_with(b"\r\n\r\nhunter2") {
            assert!(stream.read_buf(&mut read).await.unwrap() > 0);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nset-cookie: s=hunter2\r\ncontent-length: 7\r\n\r\nhunter2").await.unwrap();
        stream
    };
    let heard = Heard::default();
    let guard = tracing::subscriber::set_default(heard.clone());
    let wire = Arc::new(Reqwest::new(&ReqwestOptions::default()).unwrap());
    let road = Road::builder(wire, Arc::new(Hands::default()), Arc::new(Counting::default()));
    let road = road.auth(Arc::new(Basic::new("alice", &Secret::new("hunter2")).unwrap())).home(url(&base)).build().unwrap();
    let asked = request("GET", &format!("{base}/alice?q=hunter2")).header("x-a", "hunter2").unwrap().body("hunter2");
    let (answer, _stream) = futures::future::join(road.send(asked), server).await;
    assert_eq!(&answer.unwrap().body[..], b"hunter2");
    drop(guard);
    let text = heard.text();
    for secret in ["hunter2", "alice", "YWxpY2U"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(text.contains("host=\"loopback\""), "{text}");
}
