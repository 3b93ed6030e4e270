//! A client that says exactly what a test writes.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

use base64::Engine as _;
use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use pimkit_simulators::{Challenge, CollectionKind, Cut, Dav, Personality};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock that goes when it is told to.
#[derive(Clone)]
pub(crate) struct Hand(Arc<AtomicI64>);

impl Hand {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_780_000_000)))
    }

    pub(crate) fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn clock(&self) -> Arc<dyn Fn() -> Timestamp + Send + Sync> {
        let hand = self.0.clone();
        Arc::new(move || Timestamp::from_second(hand.load(Ordering::SeqCst)).unwrap())
    }
}

/// Somebody who is signed in.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) dav: Dav,
    pub(crate) authorization: Option<String>,
    pub(crate) hand: Hand,
    pub(crate) user: String,
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The texts of all elements with that local name.
    pub(crate) fn texts(&self, local: &str) -> Vec<String> {
        let mut found = Vec::new();
        for part in self.body.split('<').filter(|part| !part.starts_with('/')) {
            let Some((tag, text)) = part.split_once('>') else { continue };
            let name = tag.split([' ', '/']).next().unwrap();
            if name.rsplit(':').next().unwrap() == local && !tag.ends_with('/') {
                found.push(text.trim().replace("&quot;", "\"").replace("&amp;", "&"));
            }
        }
        found
    }

    pub(crate) fn has(&self, local: &str) -> bool {
        self.body.split('<').filter(|part| !part.starts_with('/')).any(|part| {
            let name = part.split([' ', '>', '/']).next().unwrap();
            name.rsplit(':').next().unwrap() == local
        })
    }

    pub(crate) fn hrefs(&self) -> Vec<String> {
        self.texts("href")
    }

    pub(crate) fn token(&self) -> String {
        self.texts("sync-token").pop().unwrap_or_default()
    }
}

pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}

/// Alice, with bob beside her.
pub(crate) fn client(personality: Personality) -> Client {
    let bearer = personality.login.challenges == [Challenge::Bearer];
    let hand = Hand::new();
    let dav = Dav::builder(personality).user("alice", "secret").user("bob", "other").clock(hand.clock()).build();
    let authorization = Some(if bearer { "Bearer secret".to_owned() } else { basic("alice", "secret") });
    Client { dav, authorization, hand, user: "alice".to_owned() }
}

pub(crate) fn named(name: &str) -> Client {
    client(Personality::named(name).unwrap())
}

impl Client {
    pub(crate) fn bob(&self) -> Self {
        Self { authorization: Some(basic("bob", "other")), user: "bob".to_owned(), ..self.clone() }
    }

    pub(crate) fn try_send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Result<Reply, Cut> {
        let mut request = Request::builder().method(method).uri(format!("http://localhost{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        if body.starts_with('<') && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/xml; charset=utf-8");
        }
        let response = self.dav.answer_now(&request.body(Bytes::copy_from_slice(body.as_bytes())).unwrap())?;
        let (parts, body) = response.into_parts();
        Ok(Reply { status: parts.status.as_u16(), headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() })
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        self.try_send(method, path, headers, body).unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "")
    }

    pub(crate) fn put(&self, path: &str, body: &str) -> Reply {
        self.put_if(path, body, &[])
    }

    pub(crate) fn put_if(&self, path: &str, body: &str, conditions: &[(&str, &str)]) -> Reply {
        let kind = if body.contains("BEGIN:VCARD") { "text/vcard; charset=utf-8" } else { "text/calendar; charset=utf-8" };
        let mut headers = vec![("content-type", kind)];
        headers.extend_from_slice(conditions);
        self.send("PUT", path, &headers, body)
    }

    pub(crate) fn propfind(&self, path: &str, depth: &str, properties: &[&str]) -> Reply {
        let properties: String = properties.iter().map(|name| format!("<{name}/>")).collect();
        let body = format!(
            "<D:propfind xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns:A=\"urn:ietf:params:xml:ns:carddav\" \
             xmlns:CS=\"http://calendarserver.org/ns/\" xmlns:I=\"http://apple.com/ns/ical/\"><D:prop>{properties}</D:prop></D:propfind>"
        );
        self.send("PROPFIND", path, &[("depth", depth)], &body)
    }

    pub(crate) fn report(&self, path: &str, depth: &str, body: &str) -> Reply {
        self.send("REPORT", path, &[("depth", depth)], body)
    }

    pub(crate) fn sync(&self, path: &str, token: &str, limit: Option<usize>) -> Reply {
        let limit = limit.map(|n| format!("<D:limit><D:nresults>{n}</D:nresults></D:limit>")).unwrap_or_default();
        let body = format!(
            "<D:sync-collection xmlns:D=\"DAV:\"><D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level>{limit}\
             <D:prop><D:getetag/></D:prop></D:sync-collection>"
        );
        self.report(path, "1", &body)
    }

    /// A calendar for events; made if there is none.
    pub(crate) fn calendar(&self) -> String {
        let views = self.dav.collections(&self.user);
        let found = views.iter().find(|c| c.kind == CollectionKind::Calendar && !c.read_only && c.components.iter().any(|c| c == "VEVENT"));
        found
            .map(|c| c.path.clone())
            .unwrap_or_else(|| self.dav.make_calendar(&self.user, "Cal", &["VEVENT", "VTODO", "VJOURNAL"]).unwrap())
    }

    pub(crate) fn book(&self) -> String {
        let found = self.dav.collections(&self.user).into_iter().find(|c| c.kind == CollectionKind::AddressBook);
        found.map(|c| c.path).unwrap_or_else(|| self.dav.make_addressbook(&self.user, "Book").unwrap())
    }

    pub(crate) fn has_books(&self) -> bool {
        !self.dav.collections("alice").is_empty()
            && self.dav.make_addressbook("alice", "probe").is_some_and(|p| self.dav.remove_collection(&p))
    }
}

pub(crate) fn event(uid: &str, extra: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n\
         DTSTART:20260302T100000Z\r\nDTEND:20260302T110000Z\r\nSUMMARY:Lunch\r\n{extra}END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

pub(crate) fn todo(uid: &str, extra: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VTODO\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Do\r\n{extra}END:VTODO\r\nEND:VCALENDAR\r\n"
    )
}

pub(crate) fn card(uid: &str, extra: &str) -> String {
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:Name {uid}\r\nN:Doe;Jo;Q;Dr.;\r\n{extra}END:VCARD\r\n")
}
