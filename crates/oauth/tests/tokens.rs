//! Access tokens on a road: refreshed once, stored first, forced fresh after a 401.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use async_trait::async_trait;
use common::{
    Counting, Set,
    authority::{Authority, Fault, fault},
    provider, set, with,
};
use http::Response;
use pimkit_core::{Error, ErrorKind, Result};
use pimkit_http::{Failure, InProcess, Need, Request, Road, Secret, TokenSource};
use pimkit_oauth::{App, AppOnly, Cause, FileStore, Kept, Refreshing, Refusal, SignedIn, Store};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use url::Url;

/// A store in memory that can be made to fail.
#[derive(Debug, Default)]
struct Memory {
    kept: Mutex<Option<Kept>>,
    claims: Mutex<Option<String>>,
    full: Mutex<bool>,
}

impl Memory {
    fn token(&self) -> String {
        self.kept.lock().unwrap().as_ref().unwrap().refresh.expose().to_owned()
    }
}

#[async_trait]
impl Store for Memory {
    async fn load(&self, _: &str) -> Result<Option<Kept>> {
        Ok(self.kept.lock().unwrap().clone())
    }
    async fn save(&self, _: &str, kept: &Kept) -> Result<()> {
        if *self.full.lock().unwrap() {
            return Err(Error::new(ErrorKind::Storage, "the disk is full; make room"));
        }
        *self.kept.lock().unwrap() = Some(kept.clone());
        Ok(())
    }
    async fn claims(&self, _: &str) -> Result<Option<String>> {
        Ok(self.claims.lock().unwrap().clone())
    }
    async fn save_claims(&self, _: &str, claims: Option<&str>) -> Result<()> {
        *self.claims.lock().unwrap() = claims.map(str::to_owned);
        Ok(())
    }
    async fn remove(&self, _: &str) -> Result<bool> {
        Ok(self.kept.lock().unwrap().take().is_some())
    }
}

/// An account that has signed in, and what it is kept in.
async fn signed_in(set: &Set) -> Arc<Memory> {
    let device = set.app.device().await.unwrap();
    let granted = set.app.poll(&device).await.unwrap();
    let store = Arc::new(Memory::default());
    store.save("work", &set.app.keep(&granted).unwrap()).await.unwrap();
    store
}

fn refreshing(app: &App, store: &Arc<Memory>) -> Refreshing {
    Refreshing::new(app.clone(), store.clone(), "work")
}

/// A road to a resource that takes the authority's tokens, and says 401 to all others.
fn road(set: &Set, source: Arc<dyn TokenSource>, store: Option<Arc<Memory>>) -> Road {
    let authority = set.authority.clone();
    let wire = InProcess::serving(move |request| {
        let told = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        let good = authority.opens(told.strip_prefix("Bearer ").unwrap_or_default());
        // Whoever uses a token has stored what came with it.
        assert!(
            store.as_ref().is_none_or(|store| !good || authority.refreshes(&store.token())),
            "a token is used before its refresh token is stored"
        );
        Ok(Response::builder().status(if good { 200 } else { 401 }).body(Default::default()).unwrap())
    });
    let home = Url::parse("https://graph.example.com/").unwrap();
    let builder = Road::builder(Arc::new(wire), Arc::new(set.hands.clone()), Arc::new(Counting::default()));
    builder.auth(Arc::new(SignedIn::new(source))).home(home).build().unwrap()
}

async fn ask(road: &Road) -> Result<u16, Failure> {
    let url = Url::parse("https://graph.example.com/v1.0/me").unwrap();
    Ok(road.send(Request::new("test.ask", "GET", url).unwrap()).await?.status.as_u16())
}

fn refreshes(set: &Set) -> usize {
    set.authority.requests().iter().filter(|(_, form)| form.get("grant_type").is_some_and(|grant| grant == "refresh_token")).count()
}

#[tokio::test]
async fn many_requests_wait_for_one_refresh_and_a_token_is_kept_while_it_is_good() {
    let set = set(Authority { rotates: true, ..Authority::default() });
    let store = signed_in(&set).await;
    let road = road(&set, Arc::new(refreshing(&set.app, &store)), Some(store.clone()));
    let all = futures::future::join_all((0..20).map(|_| ask(&road))).await;
    assert!(all.into_iter().all(|answer| answer.unwrap() == 200));
    assert_eq!(refreshes(&set), 1);
    set.hands.advance(Duration::from_secs(3000));
    assert_eq!(ask(&road).await.unwrap(), 200);
    assert_eq!(refreshes(&set), 1);
    // Just before the hour is over it is renewed, with the rotated token.
    set.hands.advance(Duration::from_secs(580));
    assert_eq!(ask(&road).await.unwrap(), 200);
    assert_eq!(refreshes(&set), 2);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_not_again() {
    let set = set(Authority { rotates: true, ..Authority::default() });
    let store = signed_in(&set).await;
    let road = road(&set, Arc::new(refreshing(&set.app, &store)), Some(store.clone()));
    assert_eq!(ask(&road).await.unwrap(), 200);
    set.authority.forget_access();
    let all = futures::future::join_all((0..5).map(|_| ask(&road))).await;
    assert!(all.into_iter().all(|answer| answer.unwrap() == 200));
    assert_eq!(refreshes(&set), 2);
    // Where no token is ever good, one more is fetched and no third.
    let never = InProcess::serving(|_| Ok(Response::builder().status(401).body(Default::default()).unwrap()));
    let never = Arc::new(never);
    let builder = Road::builder(never.clone(), Arc::new(set.hands.clone()), Arc::new(Counting::default()));
    let auth = Arc::new(SignedIn::new(Arc::new(refreshing(&set.app, &store))));
    let road = builder.auth(auth).home(Url::parse("https://graph.example.com/").unwrap()).build().unwrap();
    assert_eq!(ask(&road).await.unwrap_err().error().kind(), ErrorKind::Unauthenticated);
    assert_eq!((refreshes(&set), never.count()), (4, 2));
}

#[tokio::test]
async fn what_is_over_says_that_the_user_must_sign_in_again() {
    let set = set(Authority::default());
    let store = signed_in(&set).await;
    let road = road(&set, Arc::new(refreshing(&set.app, &store)), None);
    assert_eq!(ask(&road).await.unwrap(), 200);
    set.authority.revoke();
    let error = ask(&road).await.unwrap_err().into_error();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    let refusal = Refusal::of(&error).unwrap();
    assert_eq!((refusal.cause, refusal.code), (Cause::SignIn, Some(700_082)));
    assert!(error.to_string().contains("sign in again"), "{error}");
    assert!(!format!("{error:?}").contains("ada") && !format!("{error:?}").contains("refresh-"), "{error:?}");
}

#[tokio::test]
async fn a_rotated_token_that_cannot_be_stored_is_not_used_and_stored_the_next_time() {
    let set = set(Authority { rotates: true, ..Authority::default() });
    let store = signed_in(&set).await;
    let source = refreshing(&set.app, &store);
    let old = store.token();
    *store.full.lock().unwrap() = true;
    let error = source.token(Need::Any).await.err().unwrap();
    assert_eq!((error.kind(), store.token()), (ErrorKind::Storage, old.clone()));
    // Still full: the endpoint is not asked with the used one, which would end the sign-in.
    assert_eq!(source.token(Need::Any).await.err().unwrap().kind(), ErrorKind::Storage);
    assert_eq!(refreshes(&set), 1);
    *store.full.lock().unwrap() = false;
    let token = source.token(Need::Any).await.unwrap();
    assert!(set.authority.opens(token.secret.expose()) && set.authority.refreshes(&store.token()));
    assert_ne!(store.token(), old);
}

#[tokio::test]
async fn a_refresh_is_finished_though_nobody_waits_for_it() {
    let set = set(Authority { rotates: true, ..Authority::default() });
    let store = signed_in(&set).await;
    let old = store.token();
    let source = refreshing(&set.app, &store);
    {
        let mut asked = source.token(Need::Any);
        // Begun, and dropped.
        assert!(futures::poll!(&mut asked).is_pending());
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_ne!(store.token(), old);
    assert!(set.authority.refreshes(&store.token()));
}

#[tokio::test]
async fn what_another_process_has_refreshed_is_taken() {
    let set = set(Authority::default());
    let store = signed_in(&set).await;
    let source = refreshing(&set.app, &store);
    // The other process keeps its new token between our reading and our asking.
    let stale = Arc::new(Racing { store: store.clone(), authority: set.authority.clone(), first: Mutex::new(true) });
    let racing = Refreshing::new(set.app.clone(), stale, "work");
    let token = racing.token(Need::Any).await.unwrap();
    assert!(set.authority.opens(token.secret.expose()));
    assert!(source.token(Need::Any).await.is_ok());
}

/// Gives what was kept, and then lets another process sign in anew.
struct Racing {
    store: Arc<Memory>,
    authority: Arc<Authority>,
    first: Mutex<bool>,
}

impl std::fmt::Debug for Racing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Racing")
    }
}

#[async_trait]
impl Store for Racing {
    async fn load(&self, account: &str) -> Result<Option<Kept>> {
        let kept = self.store.load(account).await?;
        if std::mem::take(&mut *self.first.lock().unwrap()) {
            self.authority.revoke();
            let mut other = kept.clone().unwrap();
            other.refresh = self.authority.grant().into();
            self.store.save(account, &other).await?;
        }
        Ok(kept)
    }
    async fn save(&self, account: &str, kept: &Kept) -> Result<()> {
        self.store.save(account, kept).await
    }
    async fn remove(&self, account: &str) -> Result<bool> {
        self.store.remove(account).await
    }
}

#[tokio::test]
async fn a_kept_sign_in_goes_to_no_other_endpoint_and_under_no_other_client() {
    let set = set(Authority::default());
    let store = signed_in(&set).await;
    let mut other = provider();
    other.token = Url::parse("https://evil.example.net/token").unwrap();
    let evil = with(Authority::default(), other, None);
    let error = refreshing(&evil.app, &store).token(Need::Any).await.err().unwrap();
    assert_eq!((error.kind(), evil.wire.count()), (ErrorKind::Unauthenticated, 0));
    let app = App::new(provider(), "another", None, set.wire.clone(), Arc::new(set.hands.clone()), Arc::new(Counting::default())).unwrap();
    let before = set.wire.count();
    assert_eq!(refreshing(&app, &store).token(Need::Any).await.err().unwrap().kind(), ErrorKind::Unauthenticated);
    assert_eq!(set.wire.count(), before);
    let nobody = Refreshing::new(set.app.clone(), Arc::new(Memory::default()), "work");
    assert_eq!(nobody.token(Need::Any).await.err().unwrap().kind(), ErrorKind::Unauthenticated);
}

#[tokio::test]
async fn trouble_of_the_endpoint_keeps_its_status_and_its_wish() {
    let busy = |status, wish| Fault { headers: vec![("retry-after", wish)], ..fault(status, "<html>busy") };
    // A wish beyond the patience is handed on.
    let set = set(Authority::default());
    let store = signed_in(&set).await;
    set.authority.fail(busy(429, "600"));
    let error = refreshing(&set.app, &store).token(Need::Any).await.err().unwrap();
    assert_eq!((error.kind(), error.wait()), (ErrorKind::RateLimited, Some(Duration::from_secs(600))));
    assert!(error.is_temporary() && error.to_string().contains("status 429"), "{error}");
    // Until then nothing is sent; one within the patience is waited for.
    let asked = set.wire.count();
    assert_eq!(refreshing(&set.app, &store).token(Need::Any).await.err().unwrap().kind(), ErrorKind::RateLimited);
    assert_eq!(set.wire.count(), asked);
    set.hands.advance(Duration::from_secs(600));
    set.authority.fail(busy(429, "7"));
    assert!(refreshing(&set.app, &store).token(Need::Any).await.is_ok());
    assert_eq!(set.hands.slept(), [7]);
    // A refresh token that may be good for one use is not sent again when it is not known what became of it.
    let asked = set.wire.count();
    set.authority.fail(busy(503, "1"));
    let error = refreshing(&set.app, &store).token(Need::Any).await.err().unwrap();
    assert_eq!((error.kind(), set.wire.count() - asked), (ErrorKind::Unavailable, 1));
    assert!(error.to_string().contains("status 503") && error.is_temporary(), "{error}");
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_where_the_provider_takes_a_token_twice() {
    let lost = || Fault { done_but_lost: true, ..fault(200, "") };
    for (repeats, ends) in [(true, true), (false, false)] {
        let provider = {
            let mut provider = provider();
            provider.refresh_repeats = repeats;
            provider
        };
        let set = with(Authority::default(), provider, None);
        let store = signed_in(&set).await;
        set.authority.fail(lost());
        assert_eq!(refreshing(&set.app, &store).token(Need::Any).await.is_ok(), ends, "{repeats}");
    }
}

#[tokio::test]
async fn an_app_signs_in_in_its_own_name() {
    let authority = || Authority { secret: Some("hunter2"), ..Authority::default() };
    let set = with(authority(), provider(), Some("hunter2"));
    let road = road(&set, Arc::new(AppOnly::new(set.app.clone())), None);
    assert_eq!(ask(&road).await.unwrap(), 200);
    set.authority.forget_access();
    assert_eq!(ask(&road).await.unwrap(), 200);
    assert_eq!(set.wire.count(), 2);
    let wrong = with(authority(), provider(), Some("hunter3"));
    let error = wrong.app.own().await.unwrap_err();
    assert_eq!((error.kind(), Refusal::of(&error).unwrap().cause), (ErrorKind::Config, Cause::Secret));
    assert!(!format!("{error:?}{:?}", wrong.app).contains("hunter"));
    let none = with(authority(), provider(), None);
    assert_eq!((none.app.own().await.unwrap_err().kind(), none.wire.count()), (ErrorKind::Config, 0));
}

#[tokio::test]
async fn what_is_no_answer_of_a_token_endpoint_is_never_a_token() {
    for (status, kind, body) in [
        (200, "text/html", "<html>hunter2</html>"),
        (200, "application/json", "{\"access_token\":\"hunter2\"}"),
        (200, "application/json", "{\"access_token\":\"\",\"token_type\":\"bearer\"}"),
        (200, "application/json", "{\"access_token\":\"hunter2\",\"token_type\":\"mac\"}"),
        (200, "application/json", "{\"access_token\":7,\"token_type\":\"bearer\",\"x\":\"hunter2\"}"),
        (200, "application/json", ""),
        (204, "application/json", ""),
        (400, "text/html", "<html>hunter2</html>"),
        (404, "text/html", ""),
    ] {
        let set = set(Authority::default());
        set.authority.fail(Fault { headers: vec![("content-type", kind)], ..fault(status, body) });
        let error = set.app.refresh(&Secret::new("hunter2")).await.unwrap_err();
        let whole = format!("{error} {error:?}");
        assert!(!whole.contains("hunter2"), "{whole}");
        assert!(matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::Unauthenticated), "{status} {body}: {error}");
        assert!(!error.is_temporary());
    }
}

#[tokio::test]
async fn a_token_is_sent_on_to_nobody() {
    let set = set(Authority::default());
    let store = signed_in(&set).await;
    let asked = set.wire.count();
    set.authority.fail(Fault { headers: vec![("location", "https://evil.example.net/token")], ..fault(307, "") });
    let error = refreshing(&set.app, &store).token(Need::Any).await.err().unwrap();
    assert_eq!((error.kind(), set.wire.count() - asked), (ErrorKind::InvalidData, 1));
}

#[tokio::test]
async fn a_server_that_wants_more_of_the_sign_in_sends_the_user_there_with_its_claims() {
    let set = set(Authority::default());
    let store = signed_in(&set).await;
    let wire = InProcess::serving(|_| {
        // {"access_token":{"nbf":{"essential":true}}}
        let offer = "Bearer realm=\"\", authorization_uri=\"https://login.example.com/authorize\", error=\"insufficient_claims\", \
                     claims=\"eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ==\"";
        Ok(Response::builder().status(401).header("www-authenticate", offer).body(Default::default()).unwrap())
    });
    let builder = Road::builder(Arc::new(wire), Arc::new(set.hands.clone()), Arc::new(Counting::default()));
    let auth = Arc::new(SignedIn::new(Arc::new(refreshing(&set.app, &store))));
    let road = builder.auth(auth).home(Url::parse("https://graph.example.com/").unwrap()).build().unwrap();
    let error = ask(&road).await.unwrap_err().into_error();
    let refusal = Refusal::of(&error).unwrap();
    assert_eq!(refusal.cause, Cause::Interaction);
    assert_eq!(refusal.claims.as_deref(), Some("{\"access_token\":{\"nbf\":{\"essential\":true}}}"));
    assert_eq!(refreshes(&set), 1, "a refresh does not help");
    assert_eq!(store.claims("work").await.unwrap(), refusal.claims, "kept for the next sign-in");
}

#[tokio::test]
async fn what_a_refused_refresh_wants_of_the_next_sign_in_is_kept() {
    for (claims, kept) in [
        (
            r#""claims":"{\"access_token\":{\"polids\":{\"essential\":true}}}","#,
            Some("{\"access_token\":{\"polids\":{\"essential\":true}}}"),
        ),
        (r#""claims":"hunter2","#, None),
        ("", None),
    ] {
        let set = set(Authority::default());
        let store = signed_in(&set).await;
        let body = format!("{{{claims}\"error\":\"interaction_required\",\"error_codes\":[50076]}}");
        set.authority.fail(fault(400, body.leak()));
        let error = refreshing(&set.app, &store).token(Need::Any).await.err().unwrap();
        assert_eq!(Refusal::of(&error).unwrap().cause, Cause::Interaction);
        assert_eq!(store.claims("work").await.unwrap().as_deref(), kept, "{claims}");
        assert!(set.authority.refreshes(&store.token()), "the sign-in is kept as it was");
    }
}

#[tokio::test]
async fn tokens_rest_in_a_file_and_come_back_in_the_next_process() {
    let folder = tempfile::tempdir().unwrap();
    let set = set(Authority { rotates: true, ..Authority::default() });
    let device = set.app.device().await.unwrap();
    let granted = set.app.poll(&device).await.unwrap();
    let store: Arc<dyn Store> = Arc::new(FileStore::new(folder.path()));
    store.save("work", &set.app.keep(&granted).unwrap()).await.unwrap();
    for _ in 0..3 {
        let process = Refreshing::new(set.app.clone(), store.clone(), "work");
        let token = process.token(Need::Any).await.unwrap();
        assert!(set.authority.opens(token.secret.expose()));
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_provider_that_gives_nothing_to_refresh_with_is_told_from_one_that_does() {
    let set = set(Authority { stingy: true, ..Authority::default() });
    let device = set.app.device().await.unwrap();
    let granted = set.app.poll(&device).await.unwrap();
    assert_eq!(set.app.keep(&granted).unwrap_err().kind(), ErrorKind::InvalidData);
}
