//! The real wire, over loopback, against a server that writes what it is told to, byte for byte.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

mod common;

use base64::{Engine, engine::general_purpose::STANDARD};
use common::{Counting, Hands, request, url};
use pimkit_core::ErrorKind;
use pimkit_http::{Effect, Failure, Moved, Password, Request, Reqwest, ReqwestOptions, RetryPolicy, Road, RoadBuilder, Secret};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Mutex,
};

/// 100,000 zeros, packed by gzip into 132 bytes.
const BOMB: &str = "H4sIAAAAAAACA+3BMQEAAADCoPVPbQ0PoAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIBXA32VEdSghgEA";
/// `hello hello hello`.
const HELLO: &str = "H4sIAAAAAAACA8tIzcnJV8hAkACAiPnlEQAAAA==";

/// A server that reads whole requests, and answers each with the next of these; then it closes the connection.
struct Server {
    base: String,
    read: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let read = Arc::new(Mutex::new(Vec::new()));
        let heard = read.clone();
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                heard.lock().await.push(whole(&mut stream).await);
                stream.write_all(&answer).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        });
        Self { base, read }
    }

    fn road(&self) -> RoadBuilder {
        let wire = Reqwest::new(&ReqwestOptions::default().http1_only()).unwrap();
        Road::builder(Arc::new(wire), Arc::new(Hands::default()), Arc::new(Counting::default()))
            .policy(RetryPolicy::default().waits(Duration::ZERO, Duration::ZERO))
    }

    async fn ask(&self, method: &str, path: &str) -> Result<pimkit_http::Answer, Failure> {
        self.road().build().unwrap().send(self.request(method, path).body_limit(50_000)).await
    }

    fn request(&self, method: &str, path: &str) -> Request {
        request(method, &format!("{}{path}", self.base))
    }
}

async fn whole(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).await.unwrap();
        read.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        assert!(count > 0, "the request ended early: {text}");
    }
}

fn plain(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

fn packed(text: &str) -> Vec<u8> {
    plain("200 OK\r\ncontent-encoding: gzip", &STANDARD.decode(text).unwrap())
}

#[tokio::test]
async fn a_request_goes_out_as_asked_and_its_answer_comes_back_whole() {
    let server = Server::start(vec![plain("207 Multi-Status\r\nETag: \"1\"", b"<multistatus/>")]).await;
    let asked = server.request("PROPFIND", "/a%40b/c@d/?q=%2F").header("Depth", "1").unwrap().body("<propfind/>");
    let answer = server.road().build().unwrap().send(asked).await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.body[..], answer.header("etag")), (207, &b"<multistatus/>"[..], Some("\"1\"")));
    let read = server.read.lock().await.pop().unwrap();
    let lower = read.to_lowercase();
    assert!(read.starts_with("PROPFIND /a%40b/c@d/?q=%2F HTTP/1.1\r\n"), "{read}");
    assert!(
        lower.contains("\r\ndepth: 1\r\n") && lower.contains("\r\ncontent-length: 11\r\n") && read.ends_with("\r\n\r\n<propfind/>"),
        "{read}"
    );
    assert!(lower.contains("\r\nuser-agent: pimkit/") && lower.contains("\r\naccept-encoding: ") && lower.contains("gzip"), "{read}");
    for absent in ["authorization", "cookie", "referer", "transfer-encoding"] {
        assert!(!lower.contains(absent), "{read}");
    }
}

#[tokio::test]
async fn a_request_without_a_body_says_that_it_has_none() {
    let server = Server::start(vec![plain("204 No Content", b""), plain("200 OK", b"")]).await;
    server.ask("OPTIONS", "/").await.unwrap();
    server.ask("GET", "/").await.unwrap();
    let read = server.read.lock().await;
    assert_eq!(read[0].to_lowercase().matches("content-length: 0").count(), 1, "{}", read[0]);
    assert!(!read[1].to_lowercase().contains("content-length"), "{}", read[1]);
}

#[tokio::test]
async fn redirects_sign_in_and_nonces_work_on_the_real_wire() {
    let server = Server::start(vec![
        plain("301 Moved Permanently\r\nLocation: /dav/?x=1", b""),
        plain("401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"", b"who?"),
        plain("207 Multi-Status", b"<a/>"),
    ])
    .await;
    let auth = Arc::new(Password::new("ines", &Secret::new("pw")).unwrap());
    let road = server.road().auth(auth).home(url(&server.base)).build().unwrap();
    let answer = road.send(server.request("PROPFIND", "/.well-known/carddav").body("<propfind/>")).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.moved, answer.url.path()), (207, Moved::Permanently, "/dav/"));
    let read = server.read.lock().await;
    assert!(read.iter().all(|text| text.ends_with("<propfind/>")));
    assert!(read[1].to_lowercase().contains("authorization: basic ") && read[2].contains("uri=\"/dav/?x=1\""), "{}", read[2]);
}

#[tokio::test]
async fn what_is_packed_is_unpacked_within_the_limit() {
    let server = Server::start(vec![packed(HELLO), packed(BOMB)]).await;
    assert_eq!(&server.ask("GET", "/").await.unwrap().body[..], b"hello hello hello");
    let failure = server.ask("GET", "/").await.unwrap_err();
    assert_eq!(failure.error().kind(), ErrorKind::InvalidData);
    assert_eq!(server.read.lock().await.len(), 2);
}

#[tokio::test]
async fn every_kind_of_cut_off_answer_is_a_failure_of_the_wire() {
    let half = STANDARD.decode(HELLO).unwrap();
    let half = &half[..half.len() - 12];
    for answer in [
        b"".to_vec(),
        b"HTTP/1.1 200 OK\r\ncontent-le".to_vec(),
        b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nshort".to_vec(),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nshort\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nshort".to_vec(),
        plain("200 OK\r\ncontent-encoding: gzip", half),
        b"not http at all\r\n\r\n".to_vec(),
    ] {
        let server = Server::start(vec![answer.clone()]).await;
        let failure = server.road().build().unwrap().send(server.request("PUT", "/alice").body("x")).await.unwrap_err();
        let shown = String::from_utf8_lossy(&answer);
        assert_eq!((failure.effect(), failure.error().kind()), (Effect::Unknown, ErrorKind::Transport), "{shown}");
        assert_eq!(server.read.lock().await.len(), 1, "{shown}");
        assert!(!format!("{failure} {failure:?}").contains("alice"), "{failure:?}");
    }
}

#[tokio::test]
async fn who_cannot_be_reached_was_not_sent_anything() {
    // A port that was free a moment ago, and that nobody listens on.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let server = Server { base, read: Arc::default() };
    let failure = server.road().build().unwrap().send(server.request("POST", "/alice")).await.unwrap_err();
    assert_eq!((failure.effect(), failure.error().kind()), (Effect::NotSent, ErrorKind::Transport));
    assert!(failure.error().is_temporary());
    assert!(!format!("{failure} {failure:?}").contains("alice"), "{failure:?}");
}

#[tokio::test]
async fn who_speaks_no_tls_where_https_was_asked_for_was_not_sent_anything() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut hello = [0; 5];
        stream.read_exact(&mut hello).await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        hello[0]
    });
    let server = Server { base, read: Arc::default() };
    let road = server.road().policy(RetryPolicy::default().attempts(1)).build().unwrap();
    let failure = road.send(server.request("POST", "/alice").body("alice")).await.unwrap_err();
    assert_eq!((failure.effect(), failure.error().kind()), (Effect::NotSent, ErrorKind::Transport));
    assert_eq!(heard.await.unwrap(), 22, "what came was the beginning of a TLS handshake (RFC 8446 §5.1)");
}

#[tokio::test]
async fn a_proxy_carries_what_is_for_elsewhere_and_nothing_for_this_machine() {
    let server = Server::start(vec![plain("200 OK", b"by proxy"), plain("200 OK", b"straight")]).await;
    let wire = Reqwest::new(&ReqwestOptions::default().proxy(url(&server.base))).unwrap();
    let road = Road::builder(Arc::new(wire), Arc::new(Hands::default()), Arc::new(Counting::default())).build().unwrap();
    assert_eq!(&road.send(request("GET", "http://far.invalid/x")).await.unwrap().body[..], b"by proxy");
    assert_eq!(&road.send(server.request("GET", "/x")).await.unwrap().body[..], b"straight");
    let read = server.read.lock().await;
    assert!(read[0].starts_with("GET http://far.invalid/x HTTP/1.1\r\n") && read[1].starts_with("GET /x HTTP/1.1\r\n"), "{read:?}");
}

#[tokio::test]
async fn a_proxy_that_asks_who_is_there_is_a_matter_of_its_address() {
    let server = Server::start(vec![plain("407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\"", b"")]).await;
    let wire = Reqwest::new(&ReqwestOptions::default().proxy(url(&server.base))).unwrap();
    let road = Road::builder(Arc::new(wire), Arc::new(Hands::default()), Arc::new(Counting::default())).build().unwrap();
    let failure = road.send(request("POST", "https://far.invalid/alice")).await.unwrap_err();
    assert_eq!((failure.effect(), failure.error().kind()), (Effect::NotSent, ErrorKind::Config), "{failure}");
    assert!(failure.to_string().contains("proxy") && !format!("{failure:?}").contains("alice"), "{failure:?}");
    assert!(server.read.lock().await[0].starts_with("CONNECT far.invalid:443 "));
}

#[tokio::test]
async fn a_server_that_never_answers_an_opened_request_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server { base: format!("http://{}", listener.local_addr().unwrap()), read: Arc::default() };
    let silent = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        whole(&mut stream).await;
        std::future::pending::<()>().await;
    });
    let road = server.road().policy(RetryPolicy::default().attempts(1)).build().unwrap();
    let open = road.open(server.request("GET", "/photo").deadline(Duration::from_millis(300)));
    let failure = tokio::time::timeout(Duration::from_secs(20), open).await.expect("it ends by itself").unwrap_err();
    assert_eq!((failure.effect(), failure.error().kind()), (Effect::Unknown, ErrorKind::Transport));
    assert!(failure.to_string().contains("in time"), "{failure}");
    silent.abort();
}

#[tokio::test]
async fn many_headers_are_read_and_too_many_are_told_as_such() {
    let answer = |headers| plain(&format!("200 OK{}", (0..headers).map(|n| format!("\r\nx-{n}: 1")).collect::<String>()), b"");
    let server = Server::start(vec![answer(120), answer(130)]).await;
    assert_eq!(server.ask("GET", "/").await.unwrap().header("x-119"), Some("1"));
    let failure = server.ask("GET", "/").await.unwrap_err();
    assert!(failure.to_string().contains("too many headers"), "{failure}");
}

#[tokio::test]
async fn options_show_no_proxy_and_refuse_what_is_no_certificate() {
    let options = ReqwestOptions::default().proxy(url("http://user:hunter2@proxy.example:3128/"));
    assert!(!format!("{options:?} {:?}", Reqwest::new(&options).unwrap()).contains("hunter2"));
    let error =
        Reqwest::new(&ReqwestOptions::default().authority("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}
