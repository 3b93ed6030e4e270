//! https on the real wire, with a certificate of our own making.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

mod common;

use common::{Counting, Hands, request, url};
use pimkit_core::ErrorKind;
use pimkit_http::{Basic, Effect, Failure, Reqwest, ReqwestOptions, Road, Secret};
use std::sync::Arc;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer},
};

/// A server for one connection; its address, its certificate in PEM, and what it read.
async fn server(names: &[&str]) -> (String, String, tokio::task::JoinHandle<Option<String>>) {
    let made = rcgen::generate_simple_self_signed(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config =
        ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider())).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let read = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = TlsAcceptor::from(Arc::new(config)).accept(stream).await.ok()?;
        let mut read = Vec::new();
        while !read.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut read).await.ok()? == 0 {
                return None;
            }
        }
        stream.write_all(b"HTTP/1.1 207 Multi-Status\r\ncontent-length: 4\r\n\r\n<a/>").await.unwrap();
        stream.shutdown().await.unwrap();
        Some(String::from_utf8(read).unwrap())
    });
    (base, made.cert.pem(), read)
}

async fn ask(base: &str, options: &ReqwestOptions) -> Result<pimkit_http::Answer, Failure> {
    let wire = Arc::new(Reqwest::new(options).unwrap());
    let road = Road::builder(wire, Arc::new(Hands::default()), Arc::new(Counting::default()));
    let road = road.auth(Arc::new(Basic::new("ines", &Secret::new("pw")).unwrap())).home(url(base)).build().unwrap();
    road.send(request("PROPFIND", &format!("{base}/alice"))).await
}

#[tokio::test]
async fn a_server_whose_authority_is_trusted_is_asked_with_credentials() {
    let (base, pem, read) = server(&["localhost"]).await;
    let answer = ask(&base, &ReqwestOptions::default().authority(pem)).await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (207, &b"<a/>"[..]));
    let read = read.await.unwrap().unwrap();
    assert!(read.starts_with("PROPFIND /alice HTTP/1.1") && read.to_lowercase().contains("authorization: basic"), "{read}");
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_or_of_another_name_ends_the_request_before_anything_is_sent() {
    for (names, trusted) in [(&["localhost"], false), (&["other.example"], true)] {
        let (base, pem, read) = server(names).await;
        let options = ReqwestOptions::default();
        let failure = ask(&base, &if trusted { options.authority(pem) } else { options }).await.unwrap_err();
        assert_eq!((failure.effect(), failure.error().kind()), (Effect::NotSent, ErrorKind::Transport));
        assert!(failure.to_string().contains("certificate") && !failure.error().is_temporary(), "{failure}");
        assert!(!format!("{failure:?}").contains("alice"), "{failure:?}");
        assert_eq!(read.await.unwrap(), None, "no request came through");
    }
}
