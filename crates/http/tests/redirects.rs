//! Redirects over the whole road: what goes along, and where credentials never go.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

mod common;

use common::{answer, credentials, laid, request, scripted, url};
use futures::executor::block_on;
use pimkit_core::ErrorKind;
use pimkit_http::{Basic, Effect, InProcess, Incoming, Moved, Road, RoadBuilder, Secret};
use std::sync::Arc;

fn to(status: u16, location: &str) -> Incoming {
    answer(status).header("location", location)
}

fn signed(builder: RoadBuilder, home: &str) -> RoadBuilder {
    builder.auth(Arc::new(Basic::new("ines", &Secret::new("hunter2")).unwrap())).home(url(home))
}

#[test]
fn method_body_and_headers_go_along_and_the_answer_says_where_it_came_from() {
    for (status, moved) in
        [(301, Moved::Permanently), (308, Moved::Permanently), (302, Moved::ForNow), (303, Moved::ForNow), (307, Moved::ForNow)]
    {
        let (wire, _, builder) = scripted(vec![Ok(to(status, "/dav/")), Ok(answer(207))]);
        let road = signed(builder, "https://a.example.org/").build().unwrap();
        let asked = request("PROPFIND", "https://a.example.org/.well-known/caldav").header("depth", "0").unwrap().body("<propfind/>");
        let answer = block_on(road.send(asked)).unwrap();
        assert_eq!((answer.url.as_str(), answer.moved, answer.attempts), ("https://a.example.org/dav/", moved, 1));
        let last = wire.requests().pop().unwrap();
        assert_eq!((last.method.as_str(), &last.body[..], last.url.path()), ("PROPFIND", &b"<propfind/>"[..], "/dav/"));
        assert_eq!(last.headers.get("depth").unwrap(), "0");
        assert!(credentials(&last).is_some(), "{status}");
    }
}

#[test]
fn an_answer_that_was_not_sent_on_says_so() {
    let (_, _, builder) = scripted(vec![Ok(answer(200))]);
    let answer = block_on(builder.build().unwrap().send(request("GET", "https://a.example.org/x"))).unwrap();
    assert_eq!((answer.url.as_str(), answer.moved, answer.own), ("https://a.example.org/x", Moved::No, true));
}

/// What a redirect comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leads {
    /// It is not followed.
    Nowhere,
    /// To somebody else: followed by reads, with nothing of the account's.
    Abroad,
    /// To the account's own server after all.
    Home,
}
use Leads::{Abroad, Home, Nowhere};

/// Each is what a server at `https://dav.example.org/dav/` answers; whoever is asked next answers 200.
const HOSTILE: &[(&str, Leads)] = &[
    ("https://evil.example.com/", Abroad),
    ("//evil.example.com/", Abroad),
    ("https://dav.example.org.evil.example.com/", Abroad),
    ("https://dav-example.org/", Abroad),
    ("https://evildav.example.net/", Abroad),
    ("https://example.org.example.com/", Abroad),
    ("http://dav.example.org/", Nowhere),
    ("http://evil.example.com/", Nowhere),
    ("https://dav.example.org@evil.example.com/", Nowhere),
    ("https://ines:x@dav.example.org/", Nowhere),
    ("https://evil.example.com:443/dav.example.org", Abroad),
    ("https://evil.example.com/?https://dav.example.org/", Abroad),
    ("https://evil.example.com\\@dav.example.org/", Abroad),
    // Of the scheme of its base, and thus a relative path (WHATWG URL).
    ("https:evil.example.com", Home),
    ("\\\\evil.example.com\\x", Abroad),
    ("/\t/evil.example.com/", Abroad),
    ("https://127.0.0.1/", Nowhere),
    ("https://localhost/", Nowhere),
    ("https://[::1]/", Nowhere),
    ("http://localhost/", Nowhere),
    ("https://[::ffff:127.0.0.1]/", Nowhere),
    ("https://0.0.0.0/", Nowhere),
    ("https://[::]/", Nowhere),
    ("https://dav.localhost/", Nowhere),
    ("https://localhost./", Nowhere),
    ("https://192.0.2.7/", Abroad),
    ("https://xn--dv-xka.example.com/", Abroad),
    ("https://DAV.EXAMPLE.ORG.evil.example.com/", Abroad),
    ("file:///etc/passwd", Nowhere),
    ("javascript:alert(1)", Nowhere),
    ("ftp://dav.example.org/", Nowhere),
];

const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];

/// A server that redirects what comes to `/dav/` there, with this status.
fn hostile(status: u16, location: &'static str) -> (Arc<InProcess>, RoadBuilder) {
    let (wire, _, builder) =
        laid(move |request| async move { Ok(if request.url.path() == "/dav/" { to(status, location) } else { answer(200) }) });
    (wire, builder)
}

#[test]
fn no_hostile_redirect_gets_a_credential() {
    for (location, leads) in HOSTILE {
        for status in STATUSES {
            let (wire, builder) = hostile(status, location);
            let road = signed(builder, "https://dav.example.org/dav/").build().unwrap();
            let asked = request("PROPFIND", "https://dav.example.org/dav/").header("x-account", "ines").unwrap();
            let answered = block_on(road.send(asked));
            let requests = wire.requests();
            assert!(credentials(&requests[0]).is_some());
            if *leads == Nowhere {
                let failure = answered.unwrap_err();
                assert_eq!((failure.error().kind(), requests.len()), (ErrorKind::InvalidData, 1), "{status} {location}");
                continue;
            }
            let (answer, own) = (answered.unwrap(), *leads == Home);
            assert_eq!((answer.own, requests.len()), (own, 2), "{status} {location}");
            assert!(own || answer.moved == Moved::ForNow, "{status} {location}");
            let last = &requests[1];
            assert_eq!((credentials(last).is_some(), last.headers.get("x-account").is_some()), (own, own), "{status} {location}");
            assert_eq!(last.url.host_str() == Some("dav.example.org"), own, "{status} {location}");
            assert!(last.url.username().is_empty() && last.url.scheme() == "https", "{location}");
        }
    }
}

/// Roads whose requests carry no credentials: of an account, and of nobody.
fn unsigned(builder: RoadBuilder, of_an_account: bool) -> Road {
    if of_an_account { signed(builder, "https://dav.example.org/").build().unwrap() } else { builder.build().unwrap() }
}

#[test]
fn no_hostile_redirect_gets_the_body_of_a_write_without_credentials() {
    for (location, leads) in HOSTILE {
        for (status, of_an_account) in STATUSES.into_iter().flat_map(|status| [(status, true), (status, false)]) {
            let (wire, builder) = hostile(status, location);
            let asked = request("POST", "https://dav.example.org/dav/").header("x-key", "secret").unwrap().body("refresh_token=secret");
            let answered = block_on(unsigned(builder, of_an_account).send(asked.anonymous()));
            let followed = *leads == Home && status != 303;
            assert_eq!((answered.is_ok(), wire.count()), (followed, 1 + usize::from(followed)), "{status} {location}");
            for request in wire.requests() {
                assert_eq!((request.url.scheme(), request.url.host_str()), ("https", Some("dav.example.org")), "{status} {location}");
            }
            if let Err(failure) = answered {
                let effect = if status == 303 { Effect::Unknown } else { Effect::Refused };
                assert_eq!((failure.effect(), failure.error().kind()), (effect, ErrorKind::InvalidData), "{status} {location}");
                assert!(!format!("{failure} {failure:?}").contains("secret"), "{failure:?}");
            }
        }
    }
}

#[test]
fn a_read_without_credentials_goes_to_strangers_without_the_headers_of_its_own_server() {
    for of_an_account in [true, false] {
        for (location, own) in [("https://evil.example.com/", false), ("https://p07.example.org/", true)] {
            let (wire, builder) = hostile(301, location);
            let asked = request("GET", "https://dav.example.org/dav/").header("x-key", "secret").unwrap().header("accept", "a/b").unwrap();
            let answer = block_on(unsigned(builder, of_an_account).send(asked.anonymous())).unwrap();
            assert_eq!((answer.own, answer.moved == Moved::Permanently, wire.count()), (own, own, 2), "{location}");
            let last = wire.requests().pop().unwrap();
            assert_eq!(last.headers.get("x-key").is_some(), own, "{location}");
            assert_eq!(last.headers.get("accept").unwrap(), "a/b");
        }
    }
}

#[test]
fn a_write_without_credentials_is_followed_at_its_own_owner() {
    for (here, there) in [
        ("https://token.example.com/", "https://login.example.com/x"),
        ("http://token.example.com/", "https://token.example.com/"),
        ("http://127.0.0.1:1/", "http://localhost:2/"),
    ] {
        let (wire, _, builder) = scripted(vec![Ok(to(307, there)), Ok(answer(200))]);
        block_on(builder.build().unwrap().send(request("POST", here).body("code"))).unwrap();
        assert_eq!((wire.count(), &wire.requests()[1].body[..]), (2, &b"code"[..]), "{here}");
    }
}

#[test]
fn an_answer_that_came_by_way_of_a_stranger_is_not_the_accounts_own_and_its_address_is_not_kept() {
    for way in [&["https://evil.example.com/"][..], &["https://evil.example.com/", "https://dav.example.org/x"]] {
        let mut answers: Vec<_> = way.iter().map(|location| Ok(to(301, location))).collect();
        answers.push(Ok(answer(200)));
        let (_, _, builder) = scripted(answers);
        let road = signed(builder, "https://dav.example.org/").build().unwrap();
        let opened = block_on(road.open(request("GET", "https://dav.example.org/"))).unwrap();
        assert_eq!((opened.own, opened.moved), (false, Moved::ForNow), "{way:?}");
    }
    // Asked straight away, and sent on by the stranger itself.
    let (_, _, builder) = scripted(vec![Ok(to(301, "/b")), Ok(answer(200))]);
    let road = signed(builder, "https://dav.example.org/").build().unwrap();
    let answer = block_on(road.send(request("GET", "https://photos.example.net/a"))).unwrap();
    assert_eq!((answer.own, answer.moved), (false, Moved::ForNow));
}

#[test]
fn a_neighbour_of_the_same_domain_and_an_ally_get_the_credentials() {
    for (location, gets) in [
        ("https://p07-cal.example.org/", true),
        ("https://dav.example.org:8443/", true),
        ("https://www.allied.example.net/", true),
        ("https://other.example.net/", false),
    ] {
        let (wire, _, builder) = scripted(vec![Ok(to(302, location)), Ok(answer(207))]);
        let road = signed(builder, "https://dav.example.org/").ally("example.org", "allied.example.net").build().unwrap();
        block_on(road.send(request("PROPFIND", "https://dav.example.org/"))).unwrap();
        assert_eq!(credentials(&wire.requests()[1]).is_some(), gets, "{location}");
    }
}

#[test]
fn who_was_sent_abroad_comes_back_without_credentials() {
    let (wire, _, builder) =
        scripted(vec![Ok(to(302, "https://evil.example.com/")), Ok(to(302, "https://dav.example.org/secret")), Ok(answer(200))]);
    let road = signed(builder, "https://dav.example.org/").build().unwrap();
    block_on(road.send(request("GET", "https://dav.example.org/"))).unwrap();
    let signed: Vec<bool> = wire.requests().iter().map(|request| credentials(request).is_some()).collect();
    assert_eq!(signed, [true, false, false]);
}

#[test]
fn a_write_is_not_carried_out_of_the_accounts_domain() {
    let (wire, _, builder) = scripted(vec![Ok(to(307, "https://evil.example.com/"))]);
    let road = signed(builder, "https://dav.example.org/").build().unwrap();
    let failure =
        block_on(road.send(request("PUT", "https://dav.example.org/a.ics").idempotent(true).body("BEGIN:VCALENDAR"))).unwrap_err();
    assert_eq!((failure.effect(), failure.error().kind(), wire.count()), (Effect::Refused, ErrorKind::InvalidData, 1));
}

#[test]
fn a_303_after_any_write_is_not_followed_as_the_write_was_taken() {
    for (method, idempotent) in [("POST", false), ("PUT", true), ("DELETE", true), ("PUT", false)] {
        let (wire, _, builder) = scripted(vec![Ok(to(303, "/done")), Ok(answer(200))]);
        let asked = request(method, "https://a.example.org/").body("x").idempotent(idempotent);
        let failure = block_on(builder.build().unwrap().send(asked)).unwrap_err();
        assert_eq!((failure.effect(), wire.count()), (Effect::Unknown, 1), "{method}");
        assert!(failure.to_string().contains("303"), "{failure}");
    }
}

#[test]
fn a_write_is_followed_inside_of_the_domain_with_its_body() {
    let (wire, _, builder) = scripted(vec![Ok(to(301, "https://p07.example.org/a.ics")), Ok(answer(201))]);
    let road = signed(builder, "https://dav.example.org/").build().unwrap();
    block_on(road.send(request("PUT", "https://dav.example.org/a.ics").body("BEGIN:VCALENDAR"))).unwrap();
    let last = wire.requests().pop().unwrap();
    assert_eq!((last.method.as_str(), &last.body[..], credentials(&last).is_some()), ("PUT", &b"BEGIN:VCALENDAR"[..], true));
}

#[test]
fn a_circle_and_a_long_way_end_in_a_typed_error_that_names_no_path() {
    let (wire, _, builder) = laid(|request| async move {
        let hop: u32 = request.url.path().trim_matches('/').parse().unwrap_or(0);
        Ok(to(302, &format!("/{}", hop + 1)))
    });
    let failure = block_on(builder.build().unwrap().send(request("GET", "https://a.example.org/alice"))).unwrap_err();
    assert_eq!((failure.error().kind(), wire.count()), (ErrorKind::InvalidData, 6));
    let text = failure.to_string();
    assert!(text.starts_with("test.ask: ") && text.contains("host a.example.org") && !text.contains("alice"), "{text}");
    let (wire, _, builder) = scripted(vec![Ok(to(302, "/b")), Ok(to(302, "/a"))]);
    assert!(block_on(builder.build().unwrap().send(request("GET", "https://a.example.org/a"))).is_err());
    assert_eq!(wire.count(), 2);
}

#[test]
fn credentials_never_go_over_plain_http_but_to_this_machine() {
    let (wire, _, builder) = scripted(vec![Ok(answer(200)), Ok(answer(200))]);
    let road = signed(builder, "https://dav.example.org/").build().unwrap();
    let failure = block_on(road.send(request("GET", "http://dav.example.org/alice"))).unwrap_err();
    assert_eq!((failure.effect(), failure.error().kind(), wire.count()), (Effect::NotSent, ErrorKind::Config, 0));
    assert!(failure.to_string().contains("https") && !failure.to_string().contains("alice"), "{failure}");
    block_on(road.send(request("GET", "http://dav.example.org/").anonymous())).unwrap();
    assert!(credentials(&wire.requests()[0]).is_none());

    let (_, _, builder) = scripted(vec![]);
    assert_eq!(signed(builder, "http://dav.example.org/").build().unwrap_err().kind(), ErrorKind::Config);
    let (_, _, builder) = scripted(vec![]);
    let nowhere = builder.auth(Arc::new(Basic::new("a", &Secret::new("b")).unwrap())).build();
    assert_eq!(nowhere.unwrap_err().kind(), ErrorKind::Config);

    let (wire, _, builder) = scripted(vec![Ok(answer(200))]);
    let road = signed(builder, "http://127.0.0.1:8080/").build().unwrap();
    block_on(road.send(request("GET", "http://127.0.0.1:8080/"))).unwrap();
    assert!(credentials(&wire.requests()[0]).is_some());
}

#[test]
fn a_write_to_an_address_outside_of_the_accounts_domain_is_not_sent_unless_it_is_meant() {
    let (wire, _, builder) = scripted(vec![Ok(answer(200))]);
    let road = signed(builder, "https://dav.example.org/").build().unwrap();
    let failure = block_on(road.send(request("PUT", "https://evil.example.com/a.ics").body("BEGIN:VCALENDAR"))).unwrap_err();
    assert_eq!((failure.effect(), failure.error().kind(), wire.count()), (Effect::NotSent, ErrorKind::InvalidData, 0));
    block_on(road.send(request("POST", "https://token.example.com/").anonymous())).unwrap();
    assert!(credentials(&wire.requests()[0]).is_none());
}

#[test]
fn a_stranger_is_asked_without_credentials_and_its_no_says_why() {
    let (wire, _, builder) = scripted(vec![Ok(answer(401))]);
    let road = signed(builder, "https://dav.example.org/").build().unwrap();
    let failure = block_on(road.send(request("GET", "https://photos.example.net/1.jpg"))).unwrap_err();
    assert_eq!((failure.error().kind(), wire.count()), (ErrorKind::Unauthenticated, 1));
    assert!(credentials(&wire.requests()[0]).is_none());
    assert!(failure.to_string().contains("outside of the account's domain"), "{failure}");
}
