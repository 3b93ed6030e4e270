//! What an answer means: for the road, and for whoever asked.

use crate::calls::{Preconditions, refusal};
use http::StatusCode;
use pimkit_core::{Error, ErrorKind, Persistence};
use pimkit_http::{Answer, Classifier, Effect, Retry, Seen, Verdict, retry_after};
use std::{error::Error as _, io, time::Duration};

/// Operations whose caller makes something of a 500: it is how some servers say that they have lost a token (Nextcloud after
/// deletions, python-caldav 183), or that they do not know a report.
const JUDGED: [&str; 5] = [SYNC, MULTIGET, QUERY, DISCOVER, OPTIONS];

/// sync-collection.
pub(crate) const SYNC: &str = "dav.sync";
/// Items by href.
pub(crate) const MULTIGET: &str = "dav.multiget";
/// Items by UID.
pub(crate) const QUERY: &str = "dav.query";
/// Discovery.
pub(crate) const DISCOVER: &str = "dav.discover";
/// What the server can do.
pub(crate) const OPTIONS: &str = "dav.options";

/// Reads answers of DAV servers for the road.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reader;

impl Classifier for Reader {
    fn classify(&self, seen: &Seen<'_>) -> Verdict {
        judge(seen.operation, seen.status, seen.body, || retry_after(seen.headers, seen.now))
    }
}

fn judge(operation: &str, status: StatusCode, body: &[u8], wait: impl Fn() -> Option<Duration>) -> Verdict {
    let error = |kind, message: &'static str| Error::new(kind, message).with("status", status.as_u16());
    let again = |effect, error| Verdict::Retry(Retry { after: wait(), effect, error });
    let slower = || again(Effect::Refused, error(ErrorKind::RateLimited, "the server asks to slow down; try again later"));
    match status.as_u16() {
        401 => Verdict::Reauthorise,
        407 => Verdict::Fail(error(ErrorKind::Config, "the proxy asks for a user and password; give them in the proxy's address")),
        429 => slower(),
        // Google says quotas in JSON (`error.errors[].domain` is `usageLimits`).
        403 if body.starts_with(b"{") && contains(body, b"usageLimits") => slower(),
        500 if JUDGED.contains(&operation) => Verdict::Done,
        408 | 425 | 500 | 502 | 503 | 504 => {
            again(Effect::Unknown, error(ErrorKind::Unavailable, "the server cannot answer now; try again later"))
        }
        _ => Verdict::Done,
    }
}

fn contains(body: &[u8], word: &[u8]) -> bool {
    body.windows(word.len()).any(|part| part == word)
}

/// A refusal, as an error that says what to do.
pub(crate) fn refused(answer: &Answer) -> Error {
    let (status, conditions) = (answer.status, refusal(&answer.body));
    let (kind, message, persistence) = meaning(status, &conditions);
    let error = Error::new(kind, message).with("status", status.as_u16()).persistence(persistence);
    match conditions.first() {
        // The name of an element, which may be the server's own invention.
        Some(name) if name.len() < 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') => error.with("condition", name),
        _ => error,
    }
}

fn meaning(status: StatusCode, conditions: &Preconditions) -> (ErrorKind, &'static str, Persistence) {
    use Persistence::{Permanent, Temporary};
    let has = |names: &[&str]| names.iter().any(|name| conditions.has(name));
    if has(&["need-privileges"]) {
        return (ErrorKind::PermissionDenied, "the account may not do this here; check who shares the collection and how", Permanent);
    }
    if has(&["quota-not-exceeded", "sufficient-disk-space"]) {
        return (ErrorKind::Unavailable, "the account is full; make room at the server", Temporary);
    }
    if has(&["lock-token-submitted", "no-conflicting-lock"]) {
        return (ErrorKind::Unavailable, "somebody else has locked it; try again later", Temporary);
    }
    if has(&["max-resource-size"]) {
        return (ErrorKind::InvalidData, "the item is larger than the server takes; leave its picture or files out", Permanent);
    }
    if has(&["no-uid-conflict", "unique-scheduling-object-resource"]) {
        return (ErrorKind::InvalidData, "the server has an item with this UID elsewhere; remove one of the two", Permanent);
    }
    if has(&[
        "allowed-organizer-scheduling-object-change",
        "allowed-attendee-scheduling-object-change",
        "same-organizer-in-all-components",
        "valid-organizer",
        "attendee-allowed",
    ]) {
        return (ErrorKind::PermissionDenied, "only the meeting's organiser may change this; ask the organiser", Permanent);
    }
    if has(&["supported-calendar-component"]) {
        return (ErrorKind::Unavailable, "the collection takes no items of this kind; use another collection", Permanent);
    }
    match status.as_u16() {
        400 | 415 | 422 => (ErrorKind::InvalidData, "the server does not take the item as it is; change it, or leave it out", Permanent),
        403 if conditions.first().is_some() => {
            (ErrorKind::InvalidData, "the server does not take the item as it is; change it, or leave it out", Permanent)
        }
        403 => (ErrorKind::PermissionDenied, "the server does not allow this; check what the account may do", Permanent),
        404 | 410 => (ErrorKind::CollectionGone, "it is not there; was it renamed or deleted?", Permanent),
        405 | 501 => (ErrorKind::Unavailable, "the server cannot do this; see what it offers", Permanent),
        409 => (ErrorKind::InvalidData, "the server has an item there already, or one with this UID; list the collection again", Permanent),
        412 => {
            (ErrorKind::InvalidData, "the server says that a condition does not hold, and not which; list the collection again", Permanent)
        }
        413 => (ErrorKind::InvalidData, "the item is larger than the server takes; leave its picture or files out", Permanent),
        423 => (ErrorKind::Unavailable, "somebody else has locked it; try again later", Temporary),
        507 => {
            (ErrorKind::Unavailable, "the account is full, or the list too long for the server; make room, or try again later", Temporary)
        }
        500.. => (ErrorKind::Unavailable, "the server cannot do this now; try again later", Temporary),
        200..300 => {
            (ErrorKind::InvalidData, "the answer is no DAV answer; check that the address is that of a CalDAV or CardDAV server", Permanent)
        }
        _ => (ErrorKind::Unexpected, "the server's answer is not one to this question; report this", Permanent),
    }
}

/// Whether an error says that there is nothing at an address. Silence, a wire that breaks and a server that is down do not.
pub(crate) fn denies(error: &Error) -> bool {
    if error.kind() != ErrorKind::Transport {
        return !error.is_temporary();
    }
    // Nobody listens there: only the cause says so.
    let mut cause = error.source();
    while let Some(now) = cause {
        if now.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::ConnectionRefused) {
            return true;
        }
        cause = now.source();
    }
    false
}

/// A part was found, and the domain itself, which may have the rest, does not say.
pub(crate) fn half(error: Error) -> Error {
    let half = "a part of the account was found, and the domain itself does not say whether it has the rest; try again later, or give the provider's address as the url";
    let lasts = if error.is_temporary() { Persistence::Temporary } else { Persistence::Permanent };
    let told = Error::new(error.kind(), half).persistence(lasts).during(DISCOVER);
    let told = error.context().iter().fold(told, |told, (key, value)| told.with(key, value));
    match error.wait() {
        Some(wait) => told.retry_after(wait).caused_by(error),
        None => told.caused_by(error),
    }
}

/// DNS left open where to look, and nothing was found without it.
pub(crate) fn unanswered() -> Error {
    let unanswered = "DNS did not say where the domain has its servers; try again later, or give the provider's address as the url";
    Error::new(ErrorKind::Transport, unanswered).persistence(Persistence::Temporary).during(DISCOVER)
}

/// The collection is not there.
pub(crate) fn collection_gone() -> Error {
    Error::new(ErrorKind::CollectionGone, "the collection is not there; was it renamed or deleted?")
}

/// An id that this connector never hands out.
pub(crate) fn foreign_id(what: &'static str, id: &str) -> Error {
    // The id is shortened and escaped: it may come from a damaged state.
    let shown: String = id.chars().take(80).flat_map(char::escape_default).collect();
    Error::new(ErrorKind::InvalidData, "the id is not of this server; list the collection again").with(what, shown)
}

/// Not here, for good.
pub(crate) fn unavailable(message: &'static str) -> Error {
    Error::new(ErrorKind::Unavailable, message).persistence(Persistence::Permanent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(operation: &'static str, status: u16, body: &[u8]) -> String {
        match judge(operation, StatusCode::from_u16(status).unwrap(), body, || None) {
            Verdict::Done => "done".to_owned(),
            Verdict::Reauthorise => "sign in".to_owned(),
            Verdict::Retry(retry) => format!("again {:?} {}", retry.effect, retry.error.kind().word()),
            Verdict::Fail(error) => format!("fail {}", error.kind().word()),
        }
    }

    #[test]
    fn every_status_has_its_verdict() {
        for (operation, status, body, expected) in [
            ("dav.put", 201, "", "done"),
            ("dav.put", 403, "", "done"),
            ("dav.put", 412, "", "done"),
            ("dav.put", 401, "", "sign in"),
            ("dav.put", 429, "", "again Refused rate_limited"),
            ("dav.put", 403, r#"{"error":{"errors":[{"domain":"usageLimits"}]}}"#, "again Refused rate_limited"),
            ("dav.put", 500, "", "again Unknown unavailable"),
            ("dav.put", 507, "", "done"),
            (SYNC, 500, "", "done"),
            (SYNC, 503, "", "again Unknown unavailable"),
            (SYNC, 507, "", "done"),
            ("dav.put", 407, "", "fail config"),
        ] {
            assert_eq!(verdict(operation, status, body.as_bytes()), expected, "{operation} {status}");
        }
    }

    #[test]
    fn refusals_say_what_to_do() {
        let with = |name: &str| refusal(format!(r#"<D:error xmlns:D="DAV:"><D:{name}/></D:error>"#).as_bytes());
        for (status, conditions, expected) in [
            (403, with("need-privileges"), ErrorKind::PermissionDenied),
            (403, with("valid-calendar-data"), ErrorKind::InvalidData),
            (403, Preconditions::default(), ErrorKind::PermissionDenied),
            (412, with("valid-calendar-data"), ErrorKind::InvalidData),
            (507, with("quota-not-exceeded"), ErrorKind::Unavailable),
            (404, Preconditions::default(), ErrorKind::CollectionGone),
            (405, Preconditions::default(), ErrorKind::Unavailable),
            (415, Preconditions::default(), ErrorKind::InvalidData),
            (302, Preconditions::default(), ErrorKind::Unexpected),
        ] {
            assert_eq!(meaning(StatusCode::from_u16(status).unwrap(), &conditions).0, expected, "{status} {conditions:?}");
        }
    }

    /// Over a true transport, as only the cause says it. Nothing leaves this machine.
    #[tokio::test]
    async fn only_who_refuses_the_connection_says_that_nobody_is_there() {
        use pimkit_http::{Outgoing, Reqwest, ReqwestOptions, Transport};
        use std::net::{Ipv4Addr, TcpListener};

        let transport = Reqwest::new(&ReqwestOptions::default()).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = url::Url::parse(&format!("https://{}/", listener.local_addr().unwrap())).unwrap();
        let mut request = Outgoing::new(DISCOVER, http::Method::GET, url);
        // Somebody listens, and says nothing.
        request.head = Duration::from_millis(100);
        let silent = transport.send(request.clone()).await.err().unwrap().into_error();
        assert!(silent.kind() == ErrorKind::Transport && !denies(&silent), "{silent}");
        drop(listener);
        request.head = Duration::from_secs(10);
        let refused = transport.send(request).await.err().unwrap().into_error();
        assert!(refused.kind() == ErrorKind::Transport && denies(&refused), "{refused}");
        let untrusted = Error::new(ErrorKind::Transport, "a certificate").persistence(Persistence::Permanent);
        assert!(!denies(&untrusted), "it may be renewed tomorrow");
    }
}
