//! Authorization code with PKCE, with a browser that comes back to this machine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::{Set, authority::Authority, provider, set, still::Still, with};
use pimkit_core::{Error, ErrorKind};
use pimkit_oauth::{Arrived, Authorization, Cause, Listener, RedirectHost, Refusal};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use url::Url;

const PATIENCE: Duration = Duration::from_secs(300);

struct Tab {
    stream: TcpStream,
}

impl Tab {
    async fn open(redirect: &str) -> Self {
        let port = Url::parse(redirect).unwrap().port().unwrap();
        Self { stream: TcpStream::connect(("127.0.0.1", port)).await.unwrap() }
    }

    async fn says(mut self, text: &str) -> Self {
        self.stream.write_all(text.as_bytes()).await.unwrap();
        self
    }

    async fn sees(mut self) -> String {
        let mut page = String::new();
        // A page that never comes is a failure and no reason to wait for ever.
        let read = tokio::time::timeout(Duration::from_secs(20), self.stream.read_to_string(&mut page));
        read.await.expect("a page").unwrap();
        page
    }

    async fn goes(url: &Url) -> Self {
        let target = format!("{}?{}", url.path(), url.query().unwrap_or_default());
        Self::open(url.as_str()).await.says(&format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n")).await
    }
}

async fn begun(set: &Set) -> (Listener, Authorization) {
    let listener = Listener::bind(RedirectHost::Localhost).await.unwrap();
    let authorization = set.app.authorize(listener.redirect(), None).unwrap();
    (listener, authorization)
}

/// Waits while `browser` does its part.
async fn received<T>(listener: Listener, authorization: &Authorization, browser: impl Future<Output = T>) -> (Result<Arrived, Error>, T) {
    let clock = Still::default();
    let waiting = listener.receive(authorization, &clock, PATIENCE);
    futures::future::join(waiting, browser).await
}

#[tokio::test]
async fn a_user_signs_in_with_a_browser_and_gets_a_page() {
    for host in [RedirectHost::Localhost, RedirectHost::Address] {
        let set = set(Authority::default());
        let listener = Listener::bind(host).await.unwrap();
        let authorization = set.app.authorize(listener.redirect(), None).unwrap();
        let back = set.authority.browse(authorization.url()).unwrap();
        let (arrived, tab) = received(listener, &authorization, Tab::goes(&back)).await;
        let Arrived { code, page } = arrived.unwrap();
        let granted = set.app.exchange(authorization, &code).await.unwrap();
        page.done().await;
        let page = tab.sees().await;
        assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("Signed in"), "{page}");
        assert!(!page.contains("code-"), "{page}");
        assert!(set.authority.opens(granted.access.expose()) && set.authority.refreshes(granted.refresh.as_ref().unwrap().expose()));
        assert_eq!(granted.scopes, ["offline_access", "Contacts.ReadWrite"]);
        assert_eq!(granted.expires.unwrap().to_string(), "2026-03-02T09:00:00Z");
        let kept = set.app.keep(&granted).unwrap();
        assert_eq!(kept.endpoint, "https://login.example.com/token");
    }
}

#[tokio::test]
async fn whoever_comes_with_another_state_is_sent_away_and_the_right_one_is_waited_for() {
    let set = set(Authority::default());
    let (listener, authorization) = begun(&set).await;
    let redirect = listener.redirect().to_owned();
    let right = set.authority.browse(authorization.url()).unwrap();
    let state = right.query_pairs().find(|(name, _)| name == "state").unwrap().1.to_string();
    let asked = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
    let strangers = [
        (asked("/?code=stolen&state=guessed"), "400"),
        (asked(&format!("/?code=stolen&state={}", "x".repeat(state.len()))), "400"),
        (asked("/?code=stolen"), "400"),
        (asked("/"), "400"),
        (asked(&format!("/?state={state}")), "400"),
        (asked(&format!("/?state={state}&code=")), "400"),
        (asked(&format!("/?state={state}&code=a&code=b")), "400"),
        (asked(&format!("/?state={state}&state={state}&code=a")), "400"),
        (asked(&format!("/?state={state}&code=a&error=b")), "400"),
        (asked("/favicon.ico"), "404"),
        (asked(&format!("/other?state={state}&code=stolen")), "404"),
        (format!("POST /?state={state}&code=stolen HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"), "405"),
        ("nonsense\r\n\r\n".to_owned(), "400"),
        ("\u{1}\u{2}\r\n\r\n".to_owned(), "400"),
    ];
    let browser = async {
        for (said, status) in &strangers {
            let page = Tab::open(&redirect).await.says(said).await.sees().await;
            assert!(page.starts_with(&format!("HTTP/1.1 {status} ")), "{said:?}: {page}");
            assert!(!page.contains("stolen"), "{page}");
        }
        Tab::goes(&right).await
    };
    let (arrived, _tab) = received(listener, &authorization, browser).await;
    assert!(set.app.exchange(authorization, &arrived.unwrap().code).await.is_ok());
}

#[tokio::test]
async fn connections_that_say_nothing_or_too_much_do_not_keep_the_browser_out() {
    let set = set(Authority::default());
    let (listener, authorization) = begun(&set).await;
    let redirect = listener.redirect().to_owned();
    let right = set.authority.browse(authorization.url()).unwrap();
    let browser = async {
        let silent = Tab::open(&redirect).await;
        let half = Tab::open(&redirect).await.says("GET /?code=").await;
        drop(Tab::open(&redirect).await);
        let mut endless = Tab::open(&redirect).await;
        // It is cut off before all of it was taken.
        let _ = endless.stream.write_all(&vec![b'x'; 200_000]).await;
        (silent, half, Tab::goes(&right).await)
    };
    let (arrived, _tabs) = received(listener, &authorization, browser).await;
    assert!(set.app.exchange(authorization, &arrived.unwrap().code).await.is_ok());
}

#[tokio::test]
async fn a_user_who_says_no_is_told_so_here_and_there() {
    for (said, cause) in [
        ("error=access_denied&error_description=AADSTS65004%3A+ada%40example.com+declined", Cause::Declined),
        ("error=access_denied", Cause::Declined),
        ("error=consent_required", Cause::Consent),
        ("error=server_error", Cause::Trouble),
        ("error=%3Cb%3Eada%40example.com", Cause::Other),
    ] {
        let set = set(Authority::default());
        let (listener, authorization) = begun(&set).await;
        let mut back = set.authority.browse(authorization.url()).unwrap();
        let state = back.query_pairs().find(|(name, _)| name == "state").unwrap().1.to_string();
        back.set_query(Some(&format!("{said}&state={state}")));
        let (arrived, tab) = received(listener, &authorization, Tab::goes(&back)).await;
        let error = arrived.unwrap_err();
        assert_eq!(Refusal::of(&error).unwrap().cause, cause, "{said}");
        let page = tab.sees().await;
        assert!(page.contains("Not signed in") && page.contains(cause.advice().split(';').next().unwrap()), "{page}");
        assert!(!format!("{page}{error}{error:?}").contains("ada"), "{page} {error:?}");
    }
}

#[tokio::test]
async fn nobody_is_waited_for_longer_than_the_clock_says() {
    let set = set(Authority::default());
    let (listener, authorization) = begun(&set).await;
    let redirect = listener.redirect().to_owned();
    let clock = Still::default();
    let waiting = listener.receive(&authorization, &clock, PATIENCE);
    let late = async {
        let silent = Tab::open(&redirect).await;
        clock.end();
        silent
    };
    let (arrived, _silent) = futures::future::join(waiting, late).await;
    let error = arrived.unwrap_err();
    assert_eq!(Refusal::of(&error).unwrap().cause, Cause::Expired);
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    // And the port is free again.
    let port = Url::parse(&redirect).unwrap().port().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn a_code_is_of_no_use_with_another_verifier_or_twice() {
    let set = set(Authority::default());
    let code = |authorization: &Authorization| {
        let back = set.authority.browse(authorization.url()).unwrap();
        pimkit_http::Secret::new(back.query_pairs().find(|(name, _)| name == "code").unwrap().1)
    };
    let one = set.app.authorize("http://localhost:4000", None).unwrap();
    let other = set.app.authorize("http://localhost:4000", None).unwrap();
    let error = set.app.exchange(other, &code(&one)).await.unwrap_err();
    assert_eq!(Refusal::of(&error).unwrap().word, "invalid_grant");
    let one = set.app.authorize("http://localhost:4000", None).unwrap();
    let used = code(&one);
    set.app.exchange(one, &used).await.unwrap();
    let again = set.app.authorize("http://localhost:4000", None).unwrap();
    assert!(set.app.exchange(again, &used).await.is_err());
}

#[tokio::test]
async fn what_a_provider_wants_in_the_browser_is_there_and_the_secret_is_not() {
    let mut provider = provider();
    provider.parameters = vec![("access_type".to_owned(), "offline".to_owned())];
    let set = with(Authority { secret: Some("hunter2"), ..Authority::default() }, provider, Some("hunter2"));
    let authorization = set.app.authorize("http://localhost:4000", Some("{\"access_token\":{}}")).unwrap();
    let pairs: Vec<(String, String)> = authorization.url().query_pairs().into_owned().collect();
    for (name, value) in [("access_type", "offline"), ("claims", "{\"access_token\":{}}"), ("redirect_uri", "http://localhost:4000")] {
        assert!(pairs.contains(&(name.to_owned(), value.to_owned())), "{name}");
    }
    assert!(!authorization.url().as_str().contains("hunter2"));
    let back = set.authority.browse(authorization.url()).unwrap();
    let code = pimkit_http::Secret::new(back.query_pairs().find(|(name, _)| name == "code").unwrap().1);
    assert!(set.app.exchange(authorization, &code).await.is_ok());
}
