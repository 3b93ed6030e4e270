//! Signing in over the whole road: tokens shared by all who wait, and servers that ask in their own ways.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

mod common;

use async_trait::async_trait;
use common::{answer, credentials, laid, request, scripted, url};
use futures::{FutureExt, executor::block_on, future::join_all};
use jiff::{SignedDuration, Timestamp};
use pimkit_core::{Clock, Error, ErrorKind, Result};
use pimkit_http::{Auth, Basic, Bearer, Classifier, Digest, Effect, Need, Pace, Password, Road, Secret, Seen, Token, TokenSource, Verdict};
use std::sync::{
    Arc, Mutex, OnceLock,
    atomic::{AtomicUsize, Ordering},
};
use tokio::sync::Semaphore;

const HOME: &str = "https://a.example.org/";

/// Tokens `t1`, `t2`, …, given out one for each permit of `doors`.
#[derive(Debug)]
struct Tokens {
    doors: Semaphore,
    needs: Mutex<Vec<Need>>,
    given: AtomicUsize,
    expires: Option<Timestamp>,
}

impl Tokens {
    fn new(doors: usize) -> Arc<Self> {
        Arc::new(Self { doors: Semaphore::new(doors), needs: Mutex::default(), given: AtomicUsize::new(0), expires: None })
    }

    fn needs(&self) -> Vec<Need> {
        self.needs.lock().unwrap().clone()
    }
}

#[async_trait]
impl TokenSource for Tokens {
    async fn token(&self, need: Need) -> Result<Token> {
        self.needs.lock().unwrap().push(need);
        self.doors.acquire().await.unwrap().forget();
        let number = self.given.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(Token { secret: Secret::new(format!("t{number}")), expires: self.expires })
    }
}

#[test]
fn a_token_is_kept_refreshed_once_after_a_401_and_no_more() {
    let tokens = Tokens::new(99);
    let (wire, _, builder) =
        laid(|request| async move { Ok(answer(if matches!(credentials(&request).as_deref(), Some("Bearer t2")) { 200 } else { 401 })) });
    let road = builder.auth(Arc::new(Bearer::new(tokens.clone()))).home(url(HOME)).build().unwrap();
    for _ in 0..2 {
        assert_eq!(block_on(road.send(request("GET", HOME))).unwrap().attempts, 1);
    }
    assert_eq!((tokens.needs(), wire.count()), (vec![Need::Any, Need::Fresh], 3));

    // A server that takes none: one refresh per request, then the user is asked.
    let tokens = Tokens::new(99);
    let (wire, _, builder) = laid(|_| async { Ok(answer(401)) });
    let road = builder.auth(Arc::new(Bearer::new(tokens.clone()))).home(url(HOME)).build().unwrap();
    let failure = block_on(road.send(request("POST", HOME))).unwrap_err();
    assert_eq!((failure.error().kind(), failure.effect()), (ErrorKind::Unauthenticated, Effect::Refused));
    assert_eq!((tokens.needs(), wire.count()), (vec![Need::Any, Need::Fresh], 2));
}

#[test]
fn concurrent_requests_share_one_token_and_one_refresh() {
    let tokens = Tokens::new(99);
    let (_, _, builder) = laid(|request| async move {
        // Everybody has left with the old token before the first no.
        tokio::task::yield_now().await;
        Ok(answer(if matches!(credentials(&request).as_deref(), Some("Bearer t2")) { 200 } else { 401 }))
    });
    let road = builder.auth(Arc::new(Bearer::new(tokens.clone()))).home(url(HOME)).pace(Pace::default().at_once(10)).build().unwrap();
    let answers = block_on(join_all((0..10).map(|_| road.send(request("GET", HOME)))));
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.status == 200)));
    assert_eq!(tokens.needs(), [Need::Any, Need::Fresh]);
}

#[test]
fn a_refresh_goes_on_when_the_request_that_began_it_is_dropped() {
    let tokens = Tokens::new(0);
    let (_, _, builder) = laid(|_| async { Ok(answer(200)) });
    let road = builder.auth(Arc::new(Bearer::new(tokens.clone()))).home(url(HOME)).build().unwrap();
    let mut first = Box::pin(road.send(request("GET", HOME)));
    assert!(first.as_mut().now_or_never().is_none());
    drop(first);
    tokens.doors.add_permits(1);
    assert!(block_on(road.send(request("GET", HOME))).is_ok());
    assert_eq!(tokens.needs(), [Need::Any], "the source was asked once: a refresh token is used up by asking");
}

#[test]
fn a_token_that_is_about_to_run_out_is_renewed_before_it_is_used() {
    let (wire, hands, builder) = laid(|_| async { Ok(answer(200)) });
    let expires = hands.now().checked_add(SignedDuration::from_secs(100)).unwrap();
    let tokens = Tokens { expires: Some(expires), ..Arc::into_inner(Tokens::new(99)).unwrap() };
    let road = builder.auth(Arc::new(Bearer::new(Arc::new(tokens)))).home(url(HOME)).build().unwrap();
    for _ in 0..3 {
        block_on(road.send(request("GET", HOME))).unwrap();
        hands.advance(std::time::Duration::from_secs(40));
    }
    let used: Vec<String> = wire.requests().iter().filter_map(credentials).collect();
    assert_eq!(used, ["Bearer t1", "Bearer t1", "Bearer t2"]);
}

/// Asks for tokens over the account's own road.
#[derive(Debug, Default)]
struct OwnRoad(OnceLock<Road>);

#[async_trait]
impl TokenSource for OwnRoad {
    async fn token(&self, need: Need) -> Result<Token> {
        let road = self.0.get().unwrap();
        let answer = road.send(request("POST", "https://a.example.org/token").anonymous()).await?;
        assert_eq!(answer.status, 200);
        Ok(Token { secret: Secret::new(format!("{need:?}")), expires: None })
    }
}

#[test]
fn a_source_may_use_the_accounts_own_road_however_narrow_it_is() {
    let (wire, _, builder) = laid(|request| async move {
        let good = request.url.path() == "/token" || credentials(&request).as_deref() == Some("Bearer Fresh");
        Ok(answer(if good { 200 } else { 401 }))
    });
    let source = Arc::new(OwnRoad::default());
    let road = builder.auth(Arc::new(Bearer::new(source.clone()))).home(url(HOME)).pace(Pace::default().at_once(1)).build().unwrap();
    source.0.set(road.clone()).unwrap();
    let opened = road.open(request("GET", HOME)).now_or_never().expect("nobody waits for a place that its own question holds");
    assert_eq!((opened.unwrap().status.as_u16(), wire.count()), (200, 4));
    assert!(wire.requests().iter().filter(|request| request.url.path() == "/token").all(|request| credentials(request).is_none()));
}

/// Takes a 203 for a no.
#[derive(Debug)]
struct Distrust;

impl Classifier for Distrust {
    fn classify(&self, seen: &Seen<'_>) -> Verdict {
        if seen.status == 203 { Verdict::Reauthorise } else { Verdict::Done }
    }
}

#[test]
fn an_opened_answer_that_is_taken_for_a_no_gives_up_its_place_before_a_token_is_asked_for() {
    let (_, _, builder) = laid(|request| async move {
        let good = request.url.path() == "/token" || credentials(&request).as_deref() == Some("Bearer Fresh");
        Ok(answer(if good { 200 } else { 203 }).body("photo"))
    });
    let source = Arc::new(OwnRoad::default());
    let builder = builder.auth(Arc::new(Bearer::new(source.clone()))).home(url(HOME)).classifier(Arc::new(Distrust));
    let road = builder.pace(Pace::default().at_once(1)).build().unwrap();
    source.0.set(road.clone()).unwrap();
    let opened = road.open(request("GET", HOME)).now_or_never().expect("nobody waits for a place that its own answer holds");
    assert_eq!(opened.unwrap().status, 200);
}

/// A token endpoint that is away.
#[derive(Debug)]
struct Away(ErrorKind);

#[async_trait]
impl TokenSource for Away {
    async fn token(&self, _: Need) -> Result<Token> {
        Err(Error::new(self.0, "the token endpoint says no"))
    }
}

#[test]
fn a_source_that_fails_leaves_the_request_unsent() {
    for (kind, waits) in [(ErrorKind::Unauthenticated, 0), (ErrorKind::Transport, 4)] {
        let (wire, hands, builder) = scripted(vec![]);
        let road = builder.auth(Arc::new(Bearer::new(Arc::new(Away(kind))))).home(url(HOME)).build().unwrap();
        let failure = block_on(road.send(request("POST", HOME))).unwrap_err();
        assert_eq!((failure.effect(), failure.error().kind()), (Effect::NotSent, kind));
        assert_eq!((wire.count(), hands.slept().len()), (0, waits));
    }
}

#[test]
fn a_fixed_token_that_is_refused_asks_the_user() {
    let (wire, _, builder) = scripted(vec![Ok(answer(401))]);
    let road = builder.auth(Arc::new(Bearer::fixed("abc"))).home(url(HOME)).build().unwrap();
    let failure = block_on(road.send(request("GET", HOME))).unwrap_err();
    assert_eq!((failure.error().kind(), wire.count()), (ErrorKind::Unauthenticated, 1));
    assert_eq!(credentials(&wire.requests()[0]).as_deref(), Some("Bearer abc"));
}

#[test]
fn basic_is_sent_before_anybody_asks_and_is_not_sent_twice() {
    let (wire, _, builder) = scripted(vec![Ok(answer(401).header("www-authenticate", "Basic realm=\"x\""))]);
    let road = builder.auth(Arc::new(Basic::new("ines", &Secret::new("pw")).unwrap())).home(url(HOME)).build().unwrap();
    let failure = block_on(road.send(request("GET", HOME))).unwrap_err();
    assert_eq!((failure.error().kind(), wire.count()), (ErrorKind::Unauthenticated, 1));
    assert!(failure.to_string().contains("app password"), "{failure}");
    assert_eq!(credentials(&wire.requests()[0]).as_deref(), Some("Basic aW5lczpwdw=="));
}

const CHALLENGE: &str = "Digest realm=\"BaikalDAV\", nonce=\"n1\", qop=\"auth\", opaque=\"o\"";
const STALE: &str = "Digest realm=\"BaikalDAV\", nonce=\"n2\", qop=\"auth\", opaque=\"o\", stale=true";

#[test]
fn digest_sends_the_whole_request_first_and_then_uses_the_nonce_again() {
    let (wire, _, builder) = scripted(vec![
        Ok(answer(401).header("www-authenticate", CHALLENGE)),
        Ok(answer(207)),
        Ok(answer(207)),
        Ok(answer(401).header("www-authenticate", STALE)),
        Ok(answer(207)),
    ]);
    let road = builder.auth(Arc::new(Digest::new("ines", &Secret::new("pw")).unwrap())).home(url(HOME)).build().unwrap();
    for _ in 0..3 {
        block_on(road.send(request("REPORT", "https://a.example.org/cal/%40x/?a=1").body("<query/>"))).unwrap();
    }
    let requests = wire.requests();
    assert!(requests.iter().all(|request| &request.body[..] == b"<query/>"));
    let words: Vec<String> = requests.iter().map(|request| credentials(request).unwrap_or_default()).collect();
    assert_eq!(words[0], "");
    for (header, nonce, count) in [(&words[1], "n1", 1), (&words[2], "n1", 2), (&words[3], "n1", 3), (&words[4], "n2", 1)] {
        assert!(header.contains(&format!("nonce=\"{nonce}\"")) && header.contains(&format!("nc={count:08x}")), "{header}");
        assert!(header.contains("uri=\"/cal/%40x/?a=1\"") && !header.contains("pw"), "{header}");
    }
}

#[test]
fn a_wrong_password_ends_after_one_signed_try() {
    let (wire, _, builder) = laid(|_| async { Ok(answer(401).header("www-authenticate", CHALLENGE)) });
    let road = builder.auth(Arc::new(Digest::new("ines", &Secret::new("pw")).unwrap())).home(url(HOME)).build().unwrap();
    let failure = block_on(road.send(request("GET", HOME))).unwrap_err();
    assert_eq!((failure.error().kind(), wire.count()), (ErrorKind::Unauthenticated, 2));
}

#[test]
fn a_nonce_that_was_good_and_is_refused_without_a_word_is_replaced_once() {
    let (user, password) = ("ines", Secret::new("pw"));
    let auths: [Arc<dyn Auth>; 2] = [Arc::new(Digest::new(user, &password).unwrap()), Arc::new(Password::new(user, &password).unwrap())];
    for auth in auths {
        let no = || Ok(answer(401).header("www-authenticate", CHALLENGE));
        let (wire, _, builder) = scripted(vec![no(), Ok(answer(207)), no(), Ok(answer(207)), no(), no()]);
        let road = builder.auth(auth).home(url(HOME)).build().unwrap();
        for _ in 0..2 {
            block_on(road.send(request("GET", HOME))).unwrap();
        }
        // The password was changed meanwhile: one new nonce, and no more.
        let failure = block_on(road.send(request("GET", HOME))).unwrap_err();
        assert_eq!((failure.error().kind(), wire.count()), (ErrorKind::Unauthenticated, 6));
    }
}

#[test]
fn a_wrong_password_is_tried_once_by_each_of_those_who_ask_together() {
    let given = Arc::new(AtomicUsize::new(0));
    let (wire, _, builder) = laid(move |_| {
        let number = given.fetch_add(1, Ordering::SeqCst);
        async move {
            // Everybody has left before the first no.
            tokio::task::yield_now().await;
            Ok(answer(401).header("www-authenticate", &format!("Digest realm=\"r\", nonce=\"n{number}\", qop=\"auth\"")))
        }
    });
    let road = builder.auth(Arc::new(Digest::new("ines", &Secret::new("pw")).unwrap())).home(url(HOME)).build().unwrap();
    let answers = block_on(join_all((0..4).map(|_| road.send(request("GET", HOME)))));
    assert!(answers.iter().all(|answer| answer.as_ref().is_err_and(|failure| failure.error().kind() == ErrorKind::Unauthenticated)));
    let signed = wire.requests().iter().filter(|request| credentials(request).is_some()).count();
    assert!((1..=4).contains(&signed), "{signed}");
}

#[test]
fn a_server_that_calls_every_nonce_stale_is_left_alone() {
    let (wire, _, builder) = laid(|_| async { Ok(answer(401).header("www-authenticate", STALE)) });
    let road = builder.auth(Arc::new(Digest::new("ines", &Secret::new("pw")).unwrap())).home(url(HOME)).build().unwrap();
    let failure = block_on(road.send(request("GET", HOME))).unwrap_err();
    assert_eq!((failure.error().kind(), wire.count()), (ErrorKind::Unauthenticated, 4));
}

#[test]
fn a_password_is_said_as_the_server_wants_to_hear_it() {
    let road = |answers| {
        let (wire, _, builder) = scripted(answers);
        (wire, builder.auth(Arc::new(Password::new("ines", &Secret::new("pw")).unwrap())).home(url(HOME)).build().unwrap())
    };
    let (wire, digest) = road(vec![Ok(answer(401).header("www-authenticate", CHALLENGE)), Ok(answer(207)), Ok(answer(207))]);
    for _ in 0..2 {
        block_on(digest.send(request("PROPFIND", HOME))).unwrap();
    }
    let schemes: Vec<String> = wire.requests().iter().map(|r| credentials(r).unwrap().split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(schemes, ["Basic", "Digest", "Digest"]);

    // Basic on offer and refused: a wrong password, which is not tried a second way.
    let both = answer(401).header("www-authenticate", CHALLENGE).header("www-authenticate", "Basic realm=\"x\"");
    for refused in [both, answer(401), answer(401).header("www-authenticate", "X-MobileMe-AuthToken realm=\"m\", Basic realm=\"m\"")] {
        let (wire, basic) = road(vec![Ok(refused)]);
        let failure = block_on(basic.send(request("PROPFIND", HOME))).unwrap_err();
        assert_eq!((failure.error().kind(), wire.count()), (ErrorKind::Unauthenticated, 1));
    }
}

#[test]
fn a_proxys_question_is_not_answered_with_the_accounts_credentials() {
    let (wire, _, builder) = scripted(vec![Ok(answer(407).header("proxy-authenticate", CHALLENGE))]);
    let road = builder.auth(Arc::new(Digest::new("ines", &Secret::new("pw")).unwrap())).home(url(HOME)).build().unwrap();
    let failure = block_on(road.send(request("GET", HOME))).unwrap_err();
    assert_eq!((failure.error().kind(), wire.count()), (ErrorKind::Config, 1));
}

#[test]
fn no_debug_of_credentials_shows_them() {
    let password = Secret::new("hunter2");
    let (_, _, builder) = scripted(vec![]);
    let text = format!(
        "{:?} {:?} {:?} {:?}",
        Basic::new("ines", &password).unwrap(),
        Bearer::fixed("hunter2"),
        Digest::new("ines", &password).unwrap(),
        builder.auth(Arc::new(Password::new("ines", &password).unwrap())).home(url("https://a.example.org/ines")).build().unwrap()
    );
    assert!(!text.contains("hunter2") && !text.contains("ines") && !text.contains("aW5lc"), "{text}");
}
