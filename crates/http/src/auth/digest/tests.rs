//! Digest against the examples of its RFCs, and against servers of all habits.

use super::super::offers;
use super::*;
use bytes::Bytes;
use futures::executor::block_on;
use http::{HeaderMap, HeaderValue, Method};
use jiff::Timestamp;
use pimkit_core::Chance;
use url::Url;

/// A client nonce that the RFCs use.
#[derive(Debug)]
struct Said(&'static str);

impl Chance for Said {
    fn next(&self) -> u64 {
        7
    }
    fn id(&self) -> String {
        self.0.to_owned()
    }
}

const FROM_7616: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
const NONCE_7616: &str = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";

struct Server {
    digest: Digest,
    chance: Said,
    url: Url,
}

impl Server {
    fn new(user: &str, password: &str, chance: &'static str) -> Self {
        let url = Url::parse("https://www.example.org/dir/index.html").unwrap();
        Self { digest: Digest::new(user, &Secret::new(password)).unwrap(), chance: Said(chance), url }
    }

    fn apply(&self) -> (Option<String>, u64) {
        let (method, body) = (Method::GET, Bytes::new());
        let to = Signing { method: &method, url: &self.url, body: &body, now: Timestamp::UNIX_EPOCH, chance: &self.chance };
        let signed = block_on(self.digest.apply(&to)).unwrap();
        (signed.header.map(|(_, value)| String::from_utf8(value.as_bytes().to_vec()).unwrap()), signed.stamp)
    }

    fn challenged(&self, stamp: u64, values: &[&str]) -> Result<Next> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_str(value).unwrap());
        }
        let offers = offers(&headers);
        let by = Challenge { stamp, round: 0, url: &self.url, offers: &offers, now: Timestamp::UNIX_EPOCH };
        block_on(self.digest.challenged(&by))
    }

    /// What is sent after one challenge.
    fn answer(&self, challenge: &str) -> String {
        assert_eq!(self.challenged(0, &[challenge]).unwrap(), Next::Again);
        self.apply().0.unwrap()
    }
}

fn word<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = header.split_once(&format!("{name}="))?;
    Some(rest.split([',']).next().unwrap().trim_matches('"'))
}

#[test]
fn the_examples_of_the_rfcs_come_out_to_the_letter() {
    // RFC 2617 §3.5; RFC 7616 §3.9.1; the others are computed after RFC 7616 §3.4 by another program.
    let of_2617 = "realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
    let of_7616 = format!("realm=\"http-auth@example.org\", nonce=\"{NONCE_7616}\"");
    for (password, cnonce, challenge, expected) in [
        ("Circle Of Life", "0a4f113b", format!("{of_2617}, qop=\"auth,auth-int\""), "6629fae49393a05397450978507c4ef1"),
        ("Circle of Life", FROM_7616, format!("{of_7616}, qop=auth, algorithm=MD5"), "8ca523f5e9506fed4657c9700eebdbec"),
        ("Circle of Life", FROM_7616, format!("{of_7616}, qop=auth, algorithm=MD5-sess"), "e783283f46242139c486a698fec7211d"),
        (
            "Circle of Life",
            FROM_7616,
            format!("{of_7616}, qop=auth, algorithm=SHA-256"),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
        (
            "Circle of Life",
            FROM_7616,
            format!("{of_7616}, qop=auth, algorithm=sha-256-sess"),
            "2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7",
        ),
        ("Circle of Life", FROM_7616, of_7616.clone(), "7b2cc3b30e75b4777ea31027084363fd"),
        ("Circle of Life", FROM_7616, format!("{of_7616}, qop=\"\""), "7b2cc3b30e75b4777ea31027084363fd"),
        (
            "Circle of Life",
            FROM_7616,
            format!("{of_7616}, algorithm=SHA-256"),
            "a1306b0595a6c7fe96c448631fb5cfbd5107bd1fe1da729d978dd7446b812363",
        ),
    ] {
        let server = Server::new("Mufasa", password, cnonce);
        let header = server.answer(&format!("Digest {challenge}"));
        assert_eq!(word(&header, "response"), Some(expected), "{challenge}");
        assert_eq!(word(&header, "uri"), Some("/dir/index.html"));
        assert_eq!(header.contains("qop=auth"), challenge.contains("auth,") || challenge.contains("=auth"), "{header}");
        assert_eq!(header.contains("opaque="), challenge.contains("opaque="), "{header}");
        assert_eq!(header.contains("algorithm="), challenge.contains("algorithm="), "{header}");
    }
}

#[test]
fn a_nonce_is_used_again_with_the_next_count() {
    let server = Server::new("u", "p", "c");
    assert_eq!(server.apply(), (None, 0), "nothing is said before the server asked");
    assert_eq!(word(&server.answer("Digest realm=\"r\", nonce=\"n\", qop=auth"), "nc"), Some("00000001"));
    let header = server.apply().0.unwrap();
    assert_eq!((word(&header, "nc"), word(&header, "nonce")), (Some("00000002"), Some("n")));
}

#[test]
fn the_target_is_the_one_of_the_request_line_byte_for_byte() {
    let mut server = Server::new("u", "p", "c");
    server.url = Url::parse("https://www.example.org/a%40b@c/ü%2F?q=1&x=%20y").unwrap();
    let header = server.answer("Digest realm=\"r\", nonce=\"n\", qop=auth");
    assert!(header.contains("uri=\"/a%40b@c/%C3%BC%2F?q=1&x=%20y\""), "{header}");
}

#[test]
fn a_stale_nonce_is_replaced_and_a_refused_fresh_one_means_a_wrong_password() {
    let server = Server::new("u", "p", "c");
    server.answer("Digest realm=\"r\", nonce=\"one\", qop=auth");
    let stamp = server.apply().1;
    server.digest.accepted(&server.url, stamp);
    // It was good before, and the server does not say why it no longer is: it may have forgotten the nonce.
    assert_eq!(server.challenged(stamp, &["Digest realm=\"r\", nonce=\"two\", qop=auth"]).unwrap(), Next::Again);
    let (header, stamp) = server.apply();
    assert_eq!(word(&header.unwrap(), "nonce"), Some("two"));
    // Never good, and stale all the same: the server gave us an old one.
    assert_eq!(server.challenged(stamp, &["Digest realm=\"r\", nonce=\"three\", qop=auth, stale=TRUE"]).unwrap(), Next::Again);
    let (header, stamp) = server.apply();
    assert_eq!(word(&header.unwrap(), "nonce"), Some("three"));
    // Never good, and not stale.
    assert_eq!(server.challenged(stamp, &["Digest realm=\"r\", nonce=\"four\", qop=auth, stale=false"]).unwrap(), Next::GiveUp);
}

#[test]
fn a_nonce_that_was_never_good_and_one_that_is_said_not_to_be_stale_end_every_request_that_was_signed_with_it() {
    let (silent, not_stale) = ("Digest realm=\"r\", nonce=\"b\", qop=auth", "Digest realm=\"r\", nonce=\"b\", qop=auth, stale=false");
    for (good, says, expected) in [
        (false, silent, [Next::GiveUp; 3]),
        (false, not_stale, [Next::GiveUp; 3]),
        (true, not_stale, [Next::GiveUp; 3]),
        (true, silent, [Next::Again; 3]),
    ] {
        let server = Server::new("u", "p", "c");
        server.answer("Digest realm=\"r\", nonce=\"a\", qop=auth");
        let stamps = [server.apply().1, server.apply().1, server.apply().1];
        if good {
            server.digest.accepted(&server.url, stamps[0]);
        }
        // Also when somebody else has brought a new challenge in between.
        let next = stamps.map(|stamp| {
            let next = server.challenged(stamp, &[says]).unwrap();
            assert_eq!(server.challenged(0, &[silent]).unwrap(), Next::Again);
            next
        });
        assert_eq!(next, expected, "{good} {says}");
    }
}

#[test]
fn one_new_challenge_serves_all_requests_that_were_refused_with_the_old_one() {
    let server = Server::new("u", "p", "c");
    server.answer("Digest realm=\"r\", nonce=\"one\", qop=auth");
    let (first, second) = (server.apply().1, server.apply().1);
    assert_eq!(server.challenged(first, &["Digest realm=\"r\", nonce=\"two\", qop=auth, stale=true"]).unwrap(), Next::Again);
    assert_eq!(server.challenged(second, &["Digest realm=\"r\", nonce=\"three\", qop=auth, stale=true"]).unwrap(), Next::Again);
    assert_eq!(word(&server.apply().0.unwrap(), "nonce"), Some("two"));
}

#[test]
fn the_strongest_answerable_offer_is_taken() {
    let md5 = "Digest realm=\"r\", nonce=\"m\", qop=auth, algorithm=MD5";
    let sha = "Digest realm=\"r\", nonce=\"s\", qop=auth, algorithm=SHA-256";
    let odd = "Digest realm=\"r\", nonce=\"o\", qop=auth, algorithm=SHA-512-256";
    let int = "Digest realm=\"r\", nonce=\"i\", qop=auth-int, algorithm=SHA-256";
    for (values, expected) in [
        (&[md5, sha][..], "s"),
        (&[sha, md5], "s"),
        (&[odd, md5], "m"),
        (&[int, md5], "m"),
        (&["Basic realm=\"r\"", md5], "m"),
        (&["Digest nonce=\"x\"", md5], "m"),
    ] {
        let server = Server::new("u", "p", "c");
        server.challenged(0, values).unwrap();
        assert_eq!(word(&server.apply().0.unwrap(), "nonce"), Some(expected), "{values:?}");
    }
    for values in [&[odd][..], &[int], &["Basic realm=\"r\""], &[]] {
        let error = Server::new("u", "p", "c").challenged(0, values).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{values:?}");
    }
}

#[test]
fn names_and_realms_with_quotes_and_letters_beyond_ascii_are_written_as_the_server_reads_them() {
    let server = Server::new("J\u{e4}s\u{f8}n \"D\"", "p", "c");
    assert!(
        server
            .answer("Digest realm=\"a \\\"b\\\"\", nonce=\"n\"")
            .starts_with("Digest username=\"Jäsøn \\\"D\\\"\", realm=\"a \\\"b\\\"\"")
    );
    let server = Server::new("J\u{e4}s\u{f8}n Doe", "p", "c");
    let header = server.answer("Digest realm=\"r\", nonce=\"n\", charset=UTF-8");
    assert!(header.starts_with("Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, "), "{header}");
    let header =
        Server::new("Mufasa", "p", "c").answer("Digest realm=\"http-auth@example.org\", nonce=\"n\", userhash=true, algorithm=SHA-256");
    // SHA-256 of `Mufasa:http-auth@example.org`.
    assert!(!header.contains("Mufasa") && header.ends_with("userhash=true"), "{header}");
    assert_eq!(word(&header, "username").map(str::len), Some(64));
}

#[test]
fn a_user_with_a_control_character_is_refused() {
    assert_eq!(Digest::new("a\r\nx: y", &Secret::new("p")).unwrap_err().kind(), ErrorKind::Config);
}
