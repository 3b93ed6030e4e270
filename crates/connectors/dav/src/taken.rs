//! Whether the answer to a write is the server's word on that write.
//!
//! A login page says 200, and so does a proxy that signs people in; a multistatus has the status inside (Xandikos says 207 to a
//! PUT: measured at 0.4.10). What is no word on the write leaves open what became of it.

use crate::{
    calls::{Multistatus, Props, Response, multistatus::unreadable},
    href,
};
use http::StatusCode;
use pimkit_core::{Error, ErrorKind};
use pimkit_http::{Answer, Failure};

/// Whether a body is a page for people.
pub(crate) fn looks_like_a_page(body: &[u8]) -> bool {
    let start: Vec<u8> = body.iter().copied().skip_while(u8::is_ascii_whitespace).take(1024).map(|b| b.to_ascii_lowercase()).collect();
    // XHTML begins as XML.
    let root = start.strip_prefix(b"<?xml").and_then(|rest| rest.windows(5).any(|part| part == b"<html").then_some(()));
    start.starts_with(b"<!doctype") || start.starts_with(b"<html") || root.is_some()
}

fn open(kind: ErrorKind, message: &'static str) -> Failure {
    Failure::unknown(Error::new(kind, message))
}

/// The answer to a write, with the status of what was written.
///
/// # Errors
/// Of unknown effect: the answer is another host's, a page for people, or says no status.
pub(crate) fn taken(mut answer: Answer) -> Result<Answer, Failure> {
    if !answer.own {
        let stranger = "another host answered in the server's place; check the network, and whether a login page stands between";
        return Err(open(ErrorKind::Transport, stranger));
    }
    let html = || answer.header("content-type").is_some_and(|t| t.to_ascii_lowercase().contains("html"));
    match answer.status.as_u16() {
        // Apache says 201 and 204 in HTML, and means them.
        200 | 202 | 203 if !answer.body.is_empty() && (html() || looks_like_a_page(&answer.body)) => {
            let page = "the server answered with a web page; check the address, and whether a login page stands between";
            Err(open(ErrorKind::Transport, page))
        }
        207 => {
            let whole = Multistatus::read(&answer.body).map_err(|e| Failure::unknown(unreadable(e)))?;
            let status = inner(&answer, &whole).and_then(|status| StatusCode::from_u16(status).ok());
            let silent = || open(ErrorKind::InvalidData, "the answer does not say whether the item was stored; list the collection again");
            answer.status = status.ok_or_else(silent)?;
            Ok(answer)
        }
        _ => Ok(answer),
    }
}

/// The status of the resource that was written; of several, that of the one whose address was asked.
fn inner(answer: &Answer, whole: &Multistatus) -> Option<u16> {
    let asked = href::canonical(answer.url.path());
    let is_asked = |response: &&Response| asked.is_some() && href::path_of(&answer.url, response.href()) == asked;
    whole.responses.iter().find(is_asked).or(whole.responses.first()).and_then(said)
}

fn said(response: &Response) -> Option<u16> {
    response.status.or_else(|| response.refused.first().copied()).or((response.props != Props::default()).then_some(200))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status_of(responses: &str) -> Option<u16> {
        let text = format!("<D:multistatus xmlns:D='DAV:'>{responses}</D:multistatus>");
        let whole = Multistatus::read(text.as_bytes()).unwrap();
        whole.responses.first().and_then(said)
    }

    #[test]
    fn a_multistatus_says_what_became_of_a_write() {
        for (inside, expected) in [
            ("<D:response><D:href>/a</D:href><D:status>HTTP/1.1 201 Created</D:status></D:response>", Some(201)),
            ("<D:response><D:href>/a</D:href><D:status>HTTP/1.1 412 Precondition Failed</D:status></D:response>", Some(412)),
            (
                "<D:response><D:href>/a</D:href><D:propstat><D:prop><D:getetag/></D:prop><D:status>HTTP/1.1 403 Forbidden</D:status></D:propstat></D:response>",
                Some(403),
            ),
            ("<D:response><D:href>/a</D:href></D:response>", None),
            ("", None),
        ] {
            assert_eq!(status_of(inside), expected, "{inside}");
        }
    }

    #[test]
    fn web_pages_are_no_items() {
        assert!(looks_like_a_page(b"\n <!DOCTYPE HTML><p>"));
        assert!(looks_like_a_page(b"<HTML>"));
        assert!(looks_like_a_page(b"<?xml version=\"1.0\"?>\n<html xmlns=\"http://www.w3.org/1999/xhtml\">"));
        assert!(!looks_like_a_page(b"BEGIN:VCARD"));
    }
}
