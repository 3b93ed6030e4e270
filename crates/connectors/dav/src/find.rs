//! Finding items by mark and by UID.
//!
//! A mark is a resource's name, so that it is asked for directly. A UID is searched for where the server's searches are known to
//! be good, and looked for in everything that is there elsewhere: "not found" lets a deletion be believed, and must be true. What
//! was read before is not read again, as long as it is at the same version.

use crate::{
    error::QUERY,
    fetching::{Got, Held, Text, marked_path},
    href,
    items::Items,
    kinds::Resource,
    known::Known,
    session::Depth,
};
use pimkit_core::{Error, ErrorKind, ItemId, Key, Mark, Persistence, Result, Stored, cursor::binding};
use pimkit_formats::compose::plain_uid;
use std::sync::Arc;

/// More searches than this are dearer than reading everything once more.
const SEARCHES: usize = 8;

/// One UID that is looked for.
struct Wanted {
    place: usize,
    uid: String,
    hash: u64,
}

impl Wanted {
    /// Whether servers agree on how it is searched for: `i;ascii-casemap` folds ASCII alone (RFC 4790 section 9.2), and some compare
    /// what is escaped in the text.
    fn is_plain(&self) -> bool {
        self.uid.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'\\' | b',' | b';'))
    }
}

type Answers<R> = [Result<Vec<Stored<R>>>];

fn put<T>(answers: &mut [T], place: usize, answer: T) {
    if let Some(slot) = answers.get_mut(place) {
        *slot = answer;
    }
}

impl<R: Resource> Items<R> {
    /// One answer per key, in order.
    pub(crate) async fn found(&self, known: &Arc<Known>, keys: &[Key]) -> Vec<Result<Vec<Stored<R>>>> {
        let mut answers: Vec<Result<Vec<Stored<R>>>> = keys.iter().map(|_| Ok(Vec::new())).collect();
        let (mut marks, mut wanted) = (Vec::new(), Vec::new());
        for (place, key) in keys.iter().enumerate() {
            match key {
                Key::Mark(mark) => marks.push((place, mark)),
                Key::Uid(uid) if plain_uid(uid).is_empty() => {}
                Key::Uid(uid) => wanted.push(Wanted { place, uid: plain_uid(uid), hash: binding(&[plain_uid(uid)]) }),
            }
        }
        self.by_marks(known, &marks, &mut answers).await;
        if !wanted.is_empty() {
            let searched = known.quirks.finds_uids
                && wanted.len() <= SEARCHES
                && wanted.iter().all(Wanted::is_plain)
                && self.by_search(known, &wanted, &mut answers).await;
            if !searched {
                self.by_reading(known, &wanted, &mut answers).await;
            }
        }
        answers
    }

    async fn by_marks(&self, known: &Arc<Known>, marks: &[(usize, &Mark)], answers: &mut Answers<R>) {
        let mut asked = Vec::new();
        if known.quirks.names_items_itself {
            for (place, _) in marks {
                put(answers, *place, Err(crate::error::unavailable("the server gives names of its own, so that no mark stays on an item")));
            }
            return;
        }
        for (place, mark) in marks {
            match marked_path::<R>(known, mark) {
                Ok(id) => asked.push((*place, *mark, id)),
                Err(e) => put(answers, *place, Err(e)),
            }
        }
        let ids: Vec<ItemId> = asked.iter().map(|(_, _, id)| id.clone()).collect();
        if ids.is_empty() {
            return;
        }
        for ((place, mark, id), got) in asked.iter().zip(self.texts(known, &ids).await) {
            let answer = match got {
                Got::Gone => Ok(Vec::new()),
                Got::Hidden => Err(hidden()),
                Got::Failed(e) => Err(e),
                Got::Text(text) => match self.understood(known, id, &text) {
                    Held::Item(mut stored) => {
                        stored.mark = Some((*mark).clone());
                        Ok(vec![*stored])
                    }
                    Held::Other(_) => Ok(Vec::new()),
                    Held::Unreadable(e) => Err(e),
                },
            };
            put(answers, *place, answer);
        }
    }

    /// Searches at the server. False when it cannot, or did not answer as it should.
    async fn by_search(&self, known: &Arc<Known>, wanted: &[Wanted], answers: &mut Answers<R>) -> bool {
        // CardDAV takes all at once; CalDAV one at a time.
        let size = if R::COMPONENT.is_some() { 1 } else { SEARCHES };
        for part in wanted.chunks(size) {
            let uids: Vec<&str> = part.iter().map(|w| w.uid.as_str()).collect();
            let body = R::PROTOCOL.by_uid(R::COMPONENT, &uids, None);
            let Ok(request) = self.session.query(QUERY, "REPORT", known.url.clone(), Some(Depth::One), body) else { return false };
            let Ok((whole, answer)) = self.session.ask(request).await else { return false };
            // A result that is cut shows nothing of what is not in it.
            if answer.status.as_u16() == 507 || whole.responses.iter().any(|r| r.status == Some(507)) {
                return false;
            }
            for response in whole.responses {
                let Some(path) = href::path_of(&answer.url, response.href()).filter(|p| href::is_member(known.id.as_str(), p)) else {
                    continue;
                };
                let Some(data) = response.props.data else { return false };
                let id = ItemId::from(path);
                let text = Text::new(data.into_bytes(), response.props.etag.as_deref(), response.props.modified.as_deref());
                // Servers find more than was asked for (RFC 4791 section 7.5 compares parts of texts); what counts is what it is.
                if let Held::Item(stored) = self.understood(known, &id, &text) {
                    add(part, answers, &stored);
                }
            }
        }
        true
    }

    /// Reads everything whose UID is not known.
    async fn by_reading(&self, known: &Arc<Known>, wanted: &[Wanted], answers: &mut Answers<R>) {
        let listed = match self.everything(known).await {
            Ok(listed) => listed,
            Err(e) => {
                for w in wanted {
                    put(answers, w.place, Err(e.clone()));
                }
                return;
            }
        };
        let other = |id: &ItemId, revision: &Option<_>| {
            let revision = revision.as_ref()?;
            self.session.uid(&known.id, R::KIND.plural(), id, revision)
        };
        let unknown = |(id, revision): &(ItemId, Option<_>)| match other(id, revision) {
            Some(Some(uid)) => wanted.iter().any(|w| w.hash == uid),
            Some(None) => false,
            None => true,
        };
        let ids: Vec<ItemId> = listed.into_iter().filter(unknown).map(|(id, _)| id).collect();
        let chunk = usize::try_from(known.quirks.multiget).unwrap_or(usize::MAX).max(1);
        for part in ids.chunks(chunk) {
            for (id, got) in part.iter().zip(self.texts(known, part).await) {
                match got {
                    Got::Gone => {}
                    Got::Text(text) => match self.understood(known, id, &text) {
                        Held::Item(stored) => add(wanted, answers, &stored),
                        Held::Other(_) => {}
                        // "Not found" would let a deletion be believed, while the item may well be in there.
                        Held::Unreadable(e) => {
                            let text = String::from_utf8_lossy(&text.bytes).replace("\r\n ", "").replace("\n ", "").to_lowercase();
                            doubt(wanted, answers, &e, |w| text.contains(&w.uid));
                        }
                    },
                    Got::Hidden => doubt(wanted, answers, &hidden(), |w| plain_uid(href::name(id.as_str())).starts_with(&w.uid)),
                    Got::Failed(e) => doubt(wanted, answers, &e, |_| true),
                }
            }
        }
    }
}

fn add<R: Resource>(wanted: &[Wanted], answers: &mut Answers<R>, stored: &Stored<R>) {
    let uid = stored.record.uid().map(plain_uid);
    for w in wanted.iter().filter(|w| uid.as_deref() == Some(w.uid.as_str())) {
        if let Some(Ok(found)) = answers.get_mut(w.place)
            && !found.iter().any(|known| known.id == stored.id)
        {
            found.push(stored.clone());
        }
    }
}

fn hidden() -> Error {
    let message = "an item that may not be read may be the one; ask its owner for the right to read";
    Error::new(ErrorKind::PermissionDenied, message).persistence(Persistence::Temporary)
}

/// A key that was not found elsewhere is not "not found" when what could not be read may have it.
fn doubt<R>(wanted: &[Wanted], answers: &mut Answers<R>, error: &Error, may: impl Fn(&Wanted) -> bool) {
    for w in wanted.iter().filter(|w| may(w)) {
        if matches!(answers.get(w.place), Some(Ok(found)) if found.is_empty()) {
            put(answers, w.place, Err(error.clone().persistence(Persistence::Temporary)));
        }
    }
}
