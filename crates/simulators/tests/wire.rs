//! Over loopback: the same answers, and connections that really break.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

mod common;

use common::{basic, card, named};
use pimkit_simulators::{Fault, FaultPlan, FaultRule};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What comes back for a request, byte for byte, until the server closes.
async fn raw(address: std::net::SocketAddr, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let authorization = basic("alice", "secret");
    let length = body.len();
    let request = format!(
        "{head}\r\nHost: {address}\r\nAuthorization: {authorization}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A reset is an end too.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn answers_over_the_wire_are_those_in_process() {
    let alice = named("radicale");
    let book = alice.book();
    alice.dav.put(&format!("{book}a.vcf"), &card("a", ""));
    let serving = alice.dav.serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
    assert!(serving.base_url().starts_with("http://127.0.0.1:"));
    let answer = raw(serving.address(), &format!("GET {book}a.vcf HTTP/1.1"), "").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK") && head.contains("etag: \""), "{head}");
    assert_eq!(body, alice.get(&format!("{book}a.vcf")).body);
    let listing = raw(serving.address(), &format!("PROPFIND {book} HTTP/1.1\r\nDepth: 1"), "").await;
    assert!(listing.starts_with("HTTP/1.1 207") && listing.contains("a.vcf"), "{listing}");
    serving.stop().await;
}

#[tokio::test]
async fn a_reset_leaves_not_a_byte_and_the_effect_only_if_it_comes_after() {
    let alice = named("radicale");
    let book = alice.book();
    let serving = alice.dav.serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
    for (fault, stored) in [(Fault::ResetBefore, false), (Fault::ResetAfter, true)] {
        alice.dav.set_faults(FaultPlan::of([FaultRule::on("PUT", fault)]));
        let answer = raw(serving.address(), &format!("PUT {book}a.vcf HTTP/1.1\r\nContent-Type: text/vcard"), &card("a", "")).await;
        assert_eq!(answer, "");
        assert_eq!(alice.dav.get(&format!("{book}a.vcf")).is_some(), stored);
    }
    serving.stop().await;
}

#[tokio::test]
async fn a_truncated_body_ends_before_its_length() {
    let alice = named("radicale");
    let path = format!("{}a.vcf", alice.book());
    alice.dav.put(&path, &card("a", ""));
    alice.dav.set_faults(FaultPlan::of([FaultRule::on("GET", Fault::Truncate { bytes: 20 })]));
    let serving = alice.dav.serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let answer = raw(serving.address(), &format!("GET {path} HTTP/1.1"), "").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let length: usize = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap().parse().unwrap();
    assert_eq!(body, &card("a", "")[..20]);
    assert!(length > 20, "{head}");
    alice.dav.set_faults(FaultPlan::of([FaultRule::on("PROPFIND", Fault::Truncate { bytes: 60 })]));
    let chunked = raw(serving.address(), "PROPFIND /alice/ HTTP/1.1\r\nDepth: 1", "").await;
    assert!(chunked.starts_with("HTTP/1.1 207") && !chunked.ends_with("0\r\n\r\n"), "{chunked}");
    serving.stop().await;
}

#[tokio::test]
async fn only_loopback_is_served() {
    let refused = named("radicale").dav.serve("0.0.0.0:0".parse().unwrap()).await;
    assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
}

#[tokio::test]
async fn a_stopped_server_takes_no_more_connections() {
    let alice = named("radicale");
    let serving = alice.dav.serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = serving.address();
    serving.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
}
