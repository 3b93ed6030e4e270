//! Redirects, followed by hand (RFC 9110 §15.4): the client's own ways turn PROPFIND into GET and forget where they went.

use crate::scope::{has_userinfo, may_be_here, shown};
use http::{HeaderMap, StatusCode, header};
use pimkit_core::{Error, ErrorKind, Result};
use url::Url;

/// Redirects followed for one request.
const MOST_HOPS: usize = 5;

/// Whether a request was sent elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moved {
    /// It was answered where it was asked.
    No,
    /// All redirects were permanent (301, 308), and none left the account's domain: the final address is to be kept.
    Permanently,
    /// At least one redirect was for this time only, or led to somebody else, whose word is not to be kept.
    ForNow,
}

/// The way that a request took.
#[derive(Clone)]
pub(crate) struct Trail {
    /// All addresses, the first and the present one included.
    seen: Vec<Url>,
    moved: Moved,
}

pub(crate) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

impl Trail {
    pub(crate) fn new(start: Url) -> Self {
        Self { seen: vec![start], moved: Moved::No }
    }

    pub(crate) fn moved(&self) -> Moved {
        self.moved
    }

    /// It leads to somebody else: whatever it comes to from here on is for this time only.
    pub(crate) fn leave(&mut self) {
        self.moved = Moved::ForNow;
    }

    /// Where an answer with a redirect leads, from `here`.
    ///
    /// # Errors
    /// `InvalidData` for a redirect that says no usable address or that is not safe to follow.
    pub(crate) fn follow(&mut self, here: &Url, status: StatusCode, headers: &HeaderMap) -> Result<Url> {
        let next = target(here, headers)?;
        if self.seen.len() > MOST_HOPS {
            return Err(bad("the server redirects too often; check the configured url").with("redirects", MOST_HOPS));
        }
        if self.seen.contains(&next) {
            return Err(bad("the server redirects in a circle; check the configured url").with("host", shown(&next)));
        }
        self.seen.push(next.clone());
        let permanent = matches!(status.as_u16(), 301 | 308) && self.moved != Moved::ForNow;
        self.moved = if permanent { Moved::Permanently } else { Moved::ForNow };
        Ok(next)
    }
}

fn target(here: &Url, headers: &HeaderMap) -> Result<Url> {
    let mut locations = headers.get_all(header::LOCATION).iter();
    let Some(location) = locations.next() else {
        return Err(bad("the server redirects without saying where (no Location header); check the configured url"));
    };
    if locations.any(|other| other != location) {
        return Err(bad("the server redirects to several places at once; check what stands between us and it"));
    }
    let location = std::str::from_utf8(location.as_bytes()).ok();
    // RFC 9110 §10.2.2: resolved against the address of the request that was answered.
    let next = location.filter(|text| !text.trim().is_empty()).and_then(|text| here.join(text.trim()).ok());
    let Some(mut next) = next else {
        return Err(bad("the server redirects to what is no address; check the configured url"));
    };
    if !matches!(next.scheme(), "http" | "https") || next.host().is_none() {
        return Err(bad("the server redirects to something else than http or https; it is not followed"));
    }
    if has_userinfo(&next) {
        return Err(bad("the server redirects to an address with a user or password in it; it is not followed").with("host", shown(&next)));
    }
    if here.scheme() == "https" && next.scheme() == "http" {
        return Err(bad("the server redirects from https to plain http; ask for the https address").with("host", shown(&next)));
    }
    // Whoever answers out there must not reach what listens on this machine through us.
    if may_be_here(&next) && !may_be_here(here) {
        return Err(bad("a server elsewhere redirects to this machine; it is not followed"));
    }
    next.set_fragment(None);
    Ok(next)
}

fn bad(message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn follow(trail: &mut Trail, here: &str, status: u16, locations: &[&[u8]]) -> Result<Url> {
        let mut headers = HeaderMap::new();
        for location in locations {
            headers.append(header::LOCATION, HeaderValue::from_bytes(location).unwrap());
        }
        trail.follow(&Url::parse(here).unwrap(), StatusCode::from_u16(status).unwrap(), &headers)
    }

    fn once(here: &str, locations: &[&[u8]]) -> Result<Url> {
        follow(&mut Trail::new(Url::parse(here).unwrap()), here, 302, locations)
    }

    #[test]
    fn a_location_is_resolved_against_the_address_that_answered() {
        for (here, location, expected) in [
            ("https://a.example/x/y?q", "/dav/", "https://a.example/dav/"),
            ("https://a.example/x/y?q", "z", "https://a.example/x/z"),
            ("https://a.example/x/y", "?p=1", "https://a.example/x/y?p=1"),
            ("https://a.example/x", "//b.example/z", "https://b.example/z"),
            ("https://a.example/x", "https://b.example:8443/z#part", "https://b.example:8443/z"),
            ("https://a.example/x", " /z ", "https://a.example/z"),
            ("https://a.example/x", "/a%40b@c", "https://a.example/a%40b@c"),
            ("http://a.example/x", "https://a.example/x", "https://a.example/x"),
            ("http://127.0.0.1:1/x", "http://127.0.0.1:2/x", "http://127.0.0.1:2/x"),
        ] {
            assert_eq!(once(here, &[location.as_bytes()]).unwrap().as_str(), expected, "{here} {location}");
        }
    }

    #[test]
    fn what_leads_nowhere_or_is_not_safe_is_refused_in_one_line() {
        for (here, locations, expected) in [
            ("https://a.example/", &[][..], "no Location"),
            ("https://a.example/", &[b"".as_slice()], "no address"),
            ("https://a.example/", &[b"https://"], "no address"),
            ("https://a.example/", &[b"http://[::1/"], "no address"),
            ("https://a.example/", &[b"/\xff"], "no address"),
            ("https://a.example/", &[b"/b", b"/c"], "several places"),
            ("https://a.example/", &[b"ftp://b.example/"], "something else"),
            ("https://a.example/", &[b"javascript:alert(1)"], "something else"),
            ("https://a.example/", &[b"file:///etc/passwd"], "something else"),
            ("https://a.example/", &[b"data:text/plain,x"], "something else"),
            ("https://a.example/", &[b"https://user:hunter2@b.example/"], "user or password"),
            ("https://a.example/", &[b"https://a.example@b.example/"], "user or password"),
            ("https://a.example/", &[b"http://a.example/"], "plain http"),
            ("https://a.example/", &[b"http://localhost/"], "plain http"),
            ("https://a.example/", &[b"https://127.0.0.1/"], "this machine"),
            ("http://a.example/", &[b"http://[::1]/"], "this machine"),
            ("http://a.example/", &[b"http://127.1/"], "this machine"),
            ("http://a.example/", &[b"http://0x7f000001/"], "this machine"),
            ("https://a.example/", &[b"https://[::ffff:127.0.0.1]/"], "this machine"),
            ("https://a.example/", &[b"https://0.0.0.0/"], "this machine"),
            ("https://a.example/", &[b"https://[::]/"], "this machine"),
            ("https://a.example/", &[b"https://dav.localhost/"], "this machine"),
            ("https://a.example/", &[b"https://localhost./"], "this machine"),
            ("https://a.example/", &[b"/"], "circle"),
            ("https://a.example/", &[b"#top"], "circle"),
        ] {
            let error = once(here, locations).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData);
            let text = error.to_string();
            assert!(text.contains(expected) && !text.contains('\n') && !text.contains("hunter2"), "{text}");
        }
        assert!(once("https://a.example/", &[b"/b", b"/b"]).is_ok(), "the same place twice is one place");
    }

    #[test]
    fn five_hops_are_followed_and_no_more_and_never_in_a_circle() {
        let mut trail = Trail::new(Url::parse("https://a.example/0").unwrap());
        let mut here = "https://a.example/0".to_owned();
        for hop in 1..=5 {
            here = follow(&mut trail, &here, 302, &[format!("/{hop}").as_bytes()]).unwrap().to_string();
        }
        assert!(follow(&mut trail, &here, 302, &[b"/6"]).unwrap_err().to_string().contains("too often"));
        let mut trail = Trail::new(Url::parse("https://a.example/0").unwrap());
        follow(&mut trail, "https://a.example/0", 302, &[b"/1"]).unwrap();
        assert!(follow(&mut trail, "https://a.example/1", 302, &[b"/0"]).unwrap_err().to_string().contains("circle"));
    }

    #[test]
    fn an_address_is_to_be_kept_only_when_every_hop_was_permanent() {
        for (statuses, expected) in [
            (&[][..], Moved::No),
            (&[301], Moved::Permanently),
            (&[301, 308], Moved::Permanently),
            (&[302], Moved::ForNow),
            (&[301, 307], Moved::ForNow),
            (&[303, 301], Moved::ForNow),
        ] {
            let mut trail = Trail::new(Url::parse("https://a.example/0").unwrap());
            for (hop, status) in statuses.iter().enumerate() {
                follow(&mut trail, "https://a.example/0", *status, &[format!("/to{hop}").as_bytes()]).unwrap();
            }
            assert_eq!(trail.moved(), expected, "{statuses:?}");
        }
    }

    #[test]
    fn only_the_five_redirects_are_followed() {
        let followed: Vec<u16> = (100..600).filter(|code| is_redirect(StatusCode::from_u16(*code).unwrap())).collect();
        assert_eq!(followed, [301, 302, 303, 307, 308]);
    }
}
