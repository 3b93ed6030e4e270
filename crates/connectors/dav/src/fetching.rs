//! Items by id: multiget in chunks, and one by one where that does not work.

use crate::{
    calls::Response,
    error::{self, MULTIGET},
    etag, href,
    items::Items,
    kinds::Resource,
    known::Known,
    session::http_date,
};
use jiff::Timestamp;
use pimkit_core::{Access, Error, ErrorKind, Fetched, ItemId, Kind, Result, Revision, Stored, cursor::binding};
use pimkit_formats::{
    compose::plain_uid,
    marked,
    resource::{FormatError, TextRecord},
};
use pimkit_http::{Failure, Request};
use std::{collections::HashMap, sync::Arc};

/// The escape of a mark in a resource's name: `%` would be taken for the URL's own.
pub(crate) const ESCAPE: char = '=';

/// The text of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) bytes: Vec<u8>,
    pub(crate) revision: Revision,
    pub(crate) modified: Option<Timestamp>,
}

/// What was found under an id.
#[derive(Clone, Debug)]
pub(crate) enum Got {
    Text(Box<Text>),
    Gone,
    Hidden,
    Failed(Error),
}

/// What a text is, for one kind.
pub(crate) enum Held<R> {
    Item(Box<Stored<R>>),
    Other(Option<Kind>),
    Unreadable(Error),
}

impl Text {
    /// A text whose lines end as they should: servers write LF into XML.
    pub(crate) fn new(data: Vec<u8>, tag: Option<&str>, modified: Option<&str>) -> Self {
        let revision = tag.and_then(etag::revision);
        let bytes = if data.contains(&b'\r') { data } else { data.split_inclusive(|b| *b == b'\n').flat_map(ended).collect() };
        let revision = revision.unwrap_or_else(|| etag::of_body(&bytes));
        Self { bytes, revision, modified: modified.and_then(http_date) }
    }
}

/// A line with CRLF at its end.
fn ended(line: &[u8]) -> Vec<u8> {
    match line.strip_suffix(b"\n") {
        Some(line) => [line, b"\r\n"].concat(),
        None => line.to_vec(),
    }
}

impl<R: Resource> Items<R> {
    /// One answer per id, in order.
    pub(crate) async fn fetched(&self, known: &Arc<Known>, ids: &[ItemId]) -> Vec<Fetched<R>> {
        let texts = self.texts(known, ids).await;
        ids.iter().zip(texts).map(|(id, got)| self.answer(known, id, got)).collect()
    }

    fn answer(&self, known: &Known, id: &ItemId, got: Got) -> Fetched<R> {
        match got {
            Got::Gone => Fetched::Gone,
            Got::Hidden => Fetched::Hidden,
            Got::Failed(error) => Fetched::Failed(error.during("dav.fetch")),
            Got::Text(text) => match self.understood(known, id, &text) {
                Held::Item(stored) => Fetched::Found(stored),
                Held::Other(kind) => Fetched::OtherKind { revision: Some(text.revision), kind },
                Held::Unreadable(error) => Fetched::Unreadable { revision: Some(text.revision), error },
            },
        }
    }

    /// What a text holds.
    pub(crate) fn understood(&self, known: &Known, id: &ItemId, text: &Text) -> Held<R> {
        let remember = |uid| self.session.remember_uid(&known.id, R::KIND.plural(), id, &text.revision, uid);
        match R::read(&text.bytes) {
            Ok(record) => {
                remember(record.uid().map(|uid| binding(&[plain_uid(uid)])));
                let mut stored = Stored::new(id.clone(), &known.id, text.revision.clone(), record);
                stored.modified = text.modified;
                stored.mark = stem(id.as_str()).and_then(|stem| marked::mark(stem, ESCAPE));
                stored.access = if known.is_writable() { Access::Write } else { Access::Read };
                Held::Item(Box::new(stored))
            }
            Err(FormatError::OtherKind { found }) => {
                remember(None);
                Held::Other(Some(found))
            }
            // A journal, free-busy times, zones alone: a whole calendar, of none of our kinds.
            Err(error) if error.is_foreign_calendar() => {
                remember(None);
                Held::Other(None)
            }
            Err(error) => Held::Unreadable(Error::from(error).with("item", href::name(id.as_str()))),
        }
    }

    /// The texts of items, one answer per id, in order.
    pub(crate) async fn texts(&self, known: &Arc<Known>, ids: &[ItemId]) -> Vec<Got> {
        let mut answers: Vec<Option<Got>> = ids.iter().map(|_| None).collect();
        let mut wanted: Vec<usize> = Vec::with_capacity(ids.len());
        let mut strangers = Vec::new();
        for (place, id) in ids.iter().enumerate() {
            if href::is_member(known.id.as_str(), id.as_str()) && href::canonical(id.as_str()).as_deref() == Some(id.as_str()) {
                wanted.push(place);
            } else {
                strangers.push(place);
            }
        }
        if !strangers.is_empty() {
            // Of no item that this collection can have: gone, as long as the collection is there.
            let alive = if wanted.is_empty() { self.alive(known).await } else { Ok(()) };
            for place in strangers {
                put(&mut answers, place, alive.clone().map_or_else(Got::Failed, |()| Got::Gone));
            }
        }
        let chunk = usize::try_from(known.quirks.multiget).unwrap_or(usize::MAX);
        if chunk == 0 || wanted.len() == 1 && known.quirks.late_multiget {
            self.singly(known, ids, &wanted, &mut answers).await;
        } else {
            for part in wanted.chunks(chunk.max(1)) {
                self.multiget(known, ids, part, &mut answers).await;
            }
        }
        answers.into_iter().map(|a| a.unwrap_or_else(unanswered)).collect()
    }

    /// One multiget; halves of it where the server fails over the whole.
    async fn multiget(&self, known: &Arc<Known>, ids: &[ItemId], part: &[usize], answers: &mut [Option<Got>]) {
        let mut open: Vec<Vec<usize>> = vec![part.to_vec()];
        while let Some(part) = open.pop() {
            let error = match self.ask_for(known, ids, &part).await {
                Ok(found) => {
                    let missing = take(ids, &part, found, answers, known.quirks.late_multiget);
                    self.singly(known, ids, &missing, answers).await;
                    continue;
                }
                Err(error) => error,
            };
            match error.kind() {
                // Nothing that smaller pieces would cure.
                ErrorKind::Unauthenticated | ErrorKind::RateLimited | ErrorKind::Config => {
                    for place in &part {
                        put(answers, *place, Got::Failed(error.clone()));
                    }
                }
                ErrorKind::CollectionGone => {
                    let error = self.alive(known).await.err();
                    match error {
                        Some(error) => {
                            for place in &part {
                                put(answers, *place, Got::Failed(error.clone()));
                            }
                        }
                        None => self.singly(known, ids, &part, answers).await,
                    }
                }
                // Not this report (405, 501, 403 supported-report), or not so much (413, 500, 507, a cut).
                _ if part.len() > 1 && !error.is_temporary() => {
                    let (first, second) = part.split_at(part.len() / 2);
                    if part.len() <= 8 {
                        self.singly(known, ids, &part, answers).await;
                    } else {
                        open.push(first.to_vec());
                        open.push(second.to_vec());
                    }
                }
                _ if error.is_temporary() => {
                    for place in &part {
                        put(answers, *place, Got::Failed(error.clone()));
                    }
                }
                _ => self.singly(known, ids, &part, answers).await,
            }
        }
    }

    async fn ask_for(&self, known: &Known, ids: &[ItemId], part: &[usize]) -> Result<Found> {
        let hrefs: Vec<String> = part.iter().filter_map(|place| ids.get(*place)).map(|id| self.session.spelling(id.as_str())).collect();
        let body = R::PROTOCOL.multiget(hrefs.iter().map(String::as_str), None);
        // RFC 6352 section 8.7 wants Depth 0; CalDAV does not look at it.
        let request = self.session.query(MULTIGET, "REPORT", known.url.clone(), Some(crate::session::Depth::Zero), body)?;
        let (whole, answer) = self.session.ask(request).await?;
        let mut found = Found { by_path: HashMap::with_capacity(whole.responses.len()), by_name: HashMap::new() };
        for response in whole.responses {
            for raw in response.hrefs.clone() {
                let Some(path) = href::path_of(&answer.url, &raw) else { continue };
                if !href::is_member(known.id.as_str(), &path) {
                    // A wrong folder before the right name (davx5 1098).
                    found.by_name.insert(href::name(&path).to_owned(), response.clone());
                    continue;
                }
                self.session.spelt(&path, &raw);
                // Duplicates are equal; one with data is worth more than one without.
                let better = found.by_path.get(&path).is_none_or(|known: &Response| known.props.data.is_none());
                if better {
                    found.by_path.insert(path, response.clone());
                }
            }
        }
        Ok(found)
    }

    /// Items one by one.
    async fn singly(&self, known: &Arc<Known>, ids: &[ItemId], places: &[usize], answers: &mut [Option<Got>]) {
        for place in places {
            let Some(id) = ids.get(*place) else { continue };
            put(answers, *place, self.get(known, id).await.unwrap_or_else(Got::Failed));
        }
    }

    /// One item, by GET.
    pub(crate) async fn get(&self, known: &Known, id: &ItemId) -> Result<Got> {
        let request = Request::new("dav.get", "GET", self.session.url(known, id.as_str()))?.header("accept", R::MEDIA_TYPE)?;
        let answer = self.session.send(request).await.map_err(Failure::into_error)?;
        if !answer.own {
            let stranger = "another host answered in the server's place; check the network, and whether a login page stands between";
            return Err(Error::new(ErrorKind::Transport, stranger));
        }
        match answer.status.as_u16() {
            200 => {
                if looks_like_a_page(&answer.body) {
                    let page = "the server answered with a web page; check the address, and whether a login page stands between";
                    return Err(Error::new(ErrorKind::Transport, page));
                }
                let text = Text::new(answer.body.to_vec(), answer.header("etag"), answer.header("last-modified"));
                Ok(Got::Text(Box::new(text)))
            }
            // Gone only while the collection is there.
            404 | 410 => self.alive(known).await.map(|()| Got::Gone),
            403 => Ok(Got::Hidden),
            _ => Err(error::refused(&answer)),
        }
    }
}

fn looks_like_a_page(body: &[u8]) -> bool {
    let start: Vec<u8> = body.iter().copied().skip_while(u8::is_ascii_whitespace).take(15).map(|b| b.to_ascii_lowercase()).collect();
    start.starts_with(b"<!doctype") || start.starts_with(b"<html")
}

/// What a multiget answered.
struct Found {
    by_path: HashMap<String, Response>,
    by_name: HashMap<String, Response>,
}

/// Puts the answers into their places, and says which are still to be asked for.
fn take(ids: &[ItemId], part: &[usize], mut found: Found, answers: &mut [Option<Got>], late: bool) -> Vec<usize> {
    let mut missing = Vec::new();
    for place in part {
        let Some(id) = ids.get(*place) else { continue };
        let response = found.by_path.remove(id.as_str()).or_else(|| found.by_name.remove(href::name(id.as_str())));
        match response {
            Some(response) if response.props.data.is_some() => {
                let props = response.props;
                let data = props.data.unwrap_or_default().into_bytes();
                put(answers, *place, Got::Text(Box::new(Text::new(data, props.etag.as_deref(), props.modified.as_deref()))));
            }
            Some(response) if response.is_gone() && !late => put(answers, *place, Got::Gone),
            Some(response) if response.status == Some(403) || response.refused.contains(&403) => put(answers, *place, Got::Hidden),
            // Missing, empty, or gone at a server that says so too early.
            _ => missing.push(*place),
        }
    }
    missing
}

fn put(answers: &mut [Option<Got>], place: usize, got: Got) {
    if let Some(slot) = answers.get_mut(place) {
        *slot = Some(got);
    }
}

fn unanswered() -> Got {
    Got::Failed(Error::new(ErrorKind::Unexpected, "the item was asked for and not answered; report this"))
}

/// A resource's name without its extension.
fn stem(path: &str) -> Option<&str> {
    href::name(path).rsplit_once('.').map(|(stem, _)| stem)
}

/// The path of the item that a mark makes.
pub(crate) fn marked_path<R: TextRecord>(known: &Known, mark: &pimkit_core::Mark) -> Result<ItemId> {
    let path = format!("{}{}.{}", known.id, marked::stem(mark, ESCAPE), R::EXTENSION);
    let path = href::canonical(&path).ok_or_else(|| error::foreign_id("mark", mark.as_str()))?;
    Ok(ItemId::from(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_with_bare_line_feeds_get_their_ends_back() {
        let text = Text::new(b"BEGIN:VCARD\nFN:x\nEND:VCARD\n".to_vec(), Some("W/\"1\""), None);
        assert_eq!(text.bytes, b"BEGIN:VCARD\r\nFN:x\r\nEND:VCARD\r\n");
        assert_eq!(text.revision.as_str(), "e:1");
        let text = Text::new(b"BEGIN:VCARD\r\nFN:x\n".to_vec(), None, None);
        assert_eq!(text.bytes, b"BEGIN:VCARD\r\nFN:x\n");
    }

    #[test]
    fn web_pages_are_no_items() {
        assert!(looks_like_a_page(b"\n <!DOCTYPE HTML><p>"));
        assert!(looks_like_a_page(b"<HTML>"));
        assert!(!looks_like_a_page(b"BEGIN:VCARD"));
    }
}
