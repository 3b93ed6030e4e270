//! Items by id: multiget in chunks, and one by one where that does not work.

use crate::{
    calls::{Props, Response},
    error::{self, MULTIGET},
    etag, href,
    items::{Items, Sight},
    kinds::Resource,
    known::Known,
    session,
    taken::looks_like_a_page,
};
use jiff::Timestamp;
use pimkit_core::{Error, ErrorKind, Fetched, ItemId, Kind, Result, Revision, Stored, cursor::binding};
use pimkit_formats::{
    compose::plain_uid,
    marked,
    resource::{FormatError, TextRecord},
    vcard::vlist,
};
use pimkit_http::{Failure, Request, http_date};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// The escape of a mark in a resource's name: `%` would be taken for the URL's own.
pub(crate) const ESCAPE: char = '=';

/// Requests of one question that may fail before the rest is given up: enough to find a few items that a server cannot give,
/// and an end where it can give none.
const PATIENCE: u32 = 24;

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

    pub(crate) fn answer(&self, known: &Known, id: &ItemId, got: Got) -> Fetched<R> {
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
        // Of a group card nothing is remembered as of a contact.
        let is_remembered = !matches!(self.sight, Sight::Groups(..));
        let remember = |uid| {
            if is_remembered {
                self.session.remember_uid(&known.id, R::KIND.plural(), id, &text.revision, uid);
            }
        };
        match R::read(&text.bytes) {
            Ok(record) if self.sight == Sight::Contacts && record.is_group() => {
                remember(None);
                Held::Other(None)
            }
            Ok(record) => {
                remember(record.uid().map(|uid| binding(&[plain_uid(uid)])));
                let mut stored = Stored::new(id.clone(), &known.id, text.revision.clone(), record);
                stored.modified = text.modified;
                stored.mark = stem(id.as_str()).and_then(|stem| marked::mark(stem, ESCAPE));
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
            // SOGo's lists of contacts lie among the cards.
            Err(_) if R::COMPONENT.is_none() && vlist::is_list(&text.bytes) => {
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
        let mut failures = 0;
        if chunk == 0 || wanted.len() == 1 && known.quirks.late_multiget {
            self.singly(known, ids, &wanted, &mut answers, &mut failures).await;
        } else {
            for part in wanted.chunks(chunk.max(1)) {
                self.multiget(known, ids, part, &mut answers, &mut failures).await;
            }
        }
        answers.into_iter().map(|a| a.unwrap_or_else(unanswered)).collect()
    }

    /// One multiget; halves of it where the server fails over the whole.
    async fn multiget(&self, known: &Arc<Known>, ids: &[ItemId], part: &[usize], answers: &mut [Option<Got>], failures: &mut u32) {
        let mut open: Vec<Vec<usize>> = vec![part.to_vec()];
        while let Some(part) = open.pop() {
            let (error, answered) = match self.ask_for(known, ids, &part).await {
                Ok(Ok(found)) => {
                    let missing = take(ids, &part, found, answers, known.quirks.late_multiget);
                    self.singly(known, ids, &missing, answers, failures).await;
                    continue;
                }
                Ok(Err(error)) => (error, true),
                Err(error) => (error, false),
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
                        None => self.singly(known, ids, &part, answers, failures).await,
                    }
                }
                // Down, or away: nobody is served better by smaller questions.
                _ if !answered || *failures >= PATIENCE => {
                    for place in &part {
                        put(answers, *place, Got::Failed(error.clone()));
                    }
                }
                // Not this report (405, 501, 403 supported-report), or not so much, or not with one of them in it (413, 500, 507, a
                // cut).
                _ if part.len() > 8 => {
                    *failures += 1;
                    let (first, second) = part.split_at(part.len() / 2);
                    open.push(second.to_vec());
                    open.push(first.to_vec());
                }
                _ => {
                    *failures += 1;
                    self.singly(known, ids, &part, answers, failures).await;
                }
            }
        }
    }

    /// What one multiget answers; inside, an answer that is none.
    async fn ask_for(&self, known: &Known, ids: &[ItemId], part: &[usize]) -> Result<Result<Found>> {
        let hrefs: Vec<String> = part.iter().filter_map(|place| ids.get(*place)).map(|id| self.session.spelling(id.as_str())).collect();
        let body = R::PROTOCOL.multiget(hrefs.iter().map(String::as_str), None);
        // RFC 6352 section 8.7 wants Depth 0; CalDAV does not look at it.
        let request = self.session.query(MULTIGET, "REPORT", known.url.clone(), Some(crate::session::Depth::Zero), body)?;
        let answer = self.session.send(request).await.map_err(Failure::into_error)?;
        let whole = match session::read(&answer) {
            Ok(whole) => whole,
            Err(error) => return Ok(Err(error)),
        };
        let asked: HashSet<&str> = part.iter().filter_map(|place| ids.get(*place)).map(ItemId::as_str).collect();
        let names: HashSet<&str> = asked.iter().map(|path| href::name(path)).collect();
        let mut found = Found { by_path: HashMap::with_capacity(part.len()), by_name: HashMap::new() };
        for mut response in whole.responses {
            let hrefs = std::mem::take(&mut response.hrefs);
            // A response about several resources has no properties (RFC 4918 section 14.24), and what nobody asked for is not kept:
            // memory stays within what was asked.
            if hrefs.len() > 1 {
                response.props = Props::default();
            }
            for raw in hrefs {
                let Some(path) = href::path_of(&answer.url, &raw) else { continue };
                let is_member = href::is_member(known.id.as_str(), &path);
                if !(asked.contains(path.as_str()) || !is_member && names.contains(href::name(&path))) {
                    continue;
                }
                let props = std::mem::take(&mut response.props);
                let response = Response { props, ..response.clone() };
                if !is_member {
                    // A wrong folder before the right name (davx5 1098).
                    found.by_name.insert(href::name(&path).to_owned(), response);
                    continue;
                }
                self.session.spelt(&path, &raw);
                // Duplicates are equal; one with data is worth more than one without.
                let better = found.by_path.get(&path).is_none_or(|known: &Response| known.props.data.is_none());
                if better {
                    found.by_path.insert(path, response);
                }
            }
        }
        Ok(Ok(found))
    }

    /// Items one by one.
    async fn singly(&self, known: &Arc<Known>, ids: &[ItemId], places: &[usize], answers: &mut [Option<Got>], failures: &mut u32) {
        let mut last = None;
        for place in places {
            let Some(id) = ids.get(*place) else { continue };
            let got = match last.clone() {
                Some(error) if *failures >= PATIENCE => Got::Failed(error),
                _ => self.get(known, id).await.unwrap_or_else(Got::Failed),
            };
            if let Got::Failed(error) = &got {
                *failures += 1;
                last = Some(error.clone());
            }
            put(answers, *place, got);
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
}
