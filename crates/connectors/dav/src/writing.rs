//! Writing items: one outcome per write, each on the version that it was planned against.
//!
//! The server's current text is read once per batch, patched, and put back with `If-Match`; what a create makes is called after
//! its mark and put with `If-None-Match: *`, so that the same create finds the first one. What a server may have rewritten without
//! saying so is read back in one request at the end.

use crate::{
    calls::refusal,
    cards, error, etag,
    fetching::{Got, Held, Text, marked_path},
    href,
    items::{Items, Sight},
    kinds::Resource,
    known::{self, Known},
    scheduling::{self, Meeting},
    session::Session,
};
use pimkit_core::{
    CollectionId, Delete, Error, ErrorKind, Field, ItemId, Mark, Notify, Outcome, Result, Revision, Stored, Write, WriteOptions,
};
use pimkit_formats::{
    compose::{self, Composed},
    marked,
};
use pimkit_http::{Answer, Failure, Request};
use std::{collections::HashMap, sync::Arc};

/// The largest text that is sent, in bytes, where the server names no limit: as much as is read.
const LARGEST: u64 = 64 << 20;

type Step<R> = Result<Outcome<R>, Outcome<R>>;

fn refused<R>(error: Error) -> Outcome<R> {
    Outcome::Refused(error.during("dav.write"))
}

/// What a request that got no answer leaves behind.
fn lost<R>(failure: Failure) -> Outcome<R> {
    failure.into_outcome("dav.write")
}

fn would_mail<R>() -> Outcome<R> {
    let mails = "the server would mail the guests of this meeting; allow it to, or leave the meeting to its organiser";
    refused(Error::new(ErrorKind::WouldNotify, mails))
}

/// The writes of one call.
pub(crate) struct Batch<'b, R> {
    items: &'b Items<R>,
    known: Arc<Known>,
    options: &'b WriteOptions,
    /// Who "I" am.
    addresses: Vec<String>,
    /// The texts of what is to be changed.
    texts: HashMap<ItemId, Got>,
    /// What was stored, and has to be read to know as what.
    open: Vec<(Arc<Known>, ItemId)>,
}

impl<'b, R: Resource> Batch<'b, R> {
    /// Does the writes in order.
    pub(crate) async fn run(
        items: &'b Items<R>,
        collection: &CollectionId,
        writes: Vec<Write<R>>,
        options: &'b WriteOptions,
    ) -> Vec<Outcome<R>> {
        let known = match items.member(collection).await {
            Ok(known) if known.is_writable() => known,
            Ok(_) => return writes.iter().map(|_| refused(known::read_only())).collect(),
            Err(e) => return writes.iter().map(|_| refused(e.clone())).collect(),
        };
        let found = items.session.discovered();
        let addresses = items.session.config.addresses.iter().chain(found.iter().flat_map(|e| &e.addresses)).cloned().collect();
        let mut batch = Self { items, known, options, addresses, texts: HashMap::new(), open: Vec::new() };
        batch.read(&writes).await;
        let mut outcomes = Vec::with_capacity(writes.len());
        for write in writes {
            let (Ok(outcome) | Err(outcome)) = batch.one(write).await;
            outcomes.push(outcome);
        }
        batch.read_back(&mut outcomes).await;
        outcomes
    }

    fn session(&self) -> &Session {
        &self.items.session
    }

    /// Whether writes of this kind may mail anybody here.
    fn may_mail(&self) -> bool {
        R::COMPONENT.is_some() && self.known.schedules
    }

    /// Reads what is to be changed.
    async fn read(&mut self, writes: &[Write<R>]) {
        let needed = |write: &Write<R>| match write {
            Write::Update { id, .. } => Some(id.clone()),
            // Only whether it is a meeting has to be known.
            Write::Move { id, .. } | Write::Delete { id, .. } if self.may_mail() => Some(id.clone()),
            _ => None,
        };
        let ids: Vec<ItemId> = writes.iter().filter_map(needed).collect();
        if !ids.is_empty() {
            let texts = self.items.texts(&self.known, &ids).await;
            self.texts = ids.into_iter().zip(texts).collect();
        }
    }

    async fn one(&mut self, write: Write<R>) -> Step<R> {
        match write {
            Write::Create { mark, record } => self.create(&mark, record).await,
            Write::Update { id, revision, base, target, mark: _ } => self.update(id, &revision, &base, *target).await,
            Write::Move { id, revision, to } => self.relocate(id, &revision, &to).await,
            Write::Delete { mode: Delete::Trash, .. } => {
                Err(refused(error::unavailable("DAV has no trash; delete for good, or ignore deletes")))
            }
            Write::Delete { id, revision, mode: Delete::Permanent } => self.delete(id, &revision).await,
        }
    }

    /// The text of an item that is to be changed, at the version that this was planned against.
    fn planned(&mut self, id: &ItemId, revision: &Revision) -> Result<Text, Outcome<R>> {
        match self.texts.remove(id) {
            Some(Got::Text(text)) if text.revision == *revision => Ok(*text),
            Some(Got::Text(text)) => Err(self.conflict(id, &text)),
            Some(Got::Gone) => Err(Outcome::Conflict { now: None }),
            Some(Got::Hidden) => {
                Err(refused(Error::new(ErrorKind::PermissionDenied, "the item may not be read, so it is not changed; ask its owner")))
            }
            Some(Got::Failed(e)) => Err(refused(e)),
            // Written twice in one batch: the first write has made another version of it.
            None => Err(Outcome::Conflict { now: None }),
        }
    }

    fn conflict(&self, id: &ItemId, text: &Text) -> Outcome<R> {
        Outcome::Conflict { now: self.stored(id, text) }
    }

    fn stored(&self, id: &ItemId, text: &Text) -> Option<Box<Stored<R>>> {
        match self.items.understood(&self.known, id, text) {
            Held::Item(stored) => Some(stored),
            _ => None,
        }
    }

    /// The current text of an item.
    async fn current(&self, id: &ItemId) -> Result<Option<Text>, Outcome<R>> {
        match self.items.get(&self.known, id).await {
            Ok(Got::Text(text)) => Ok(Some(*text)),
            Ok(Got::Gone) => Ok(None),
            Ok(Got::Hidden) => Err(Outcome::Conflict { now: None }),
            Ok(Got::Failed(e)) | Err(e) => Err(Outcome::Unknown(e.during("dav.write"))),
        }
    }

    /// What the text of a new or changed item shall be, so that nobody is mailed who should not be.
    fn voiced(&self, composed: Vec<u8>, old: Option<&Meeting>) -> Result<Vec<u8>, Outcome<R>> {
        if !self.may_mail() || !Meeting::read(&composed).guests {
            return Ok(composed);
        }
        if self.options.notify == Notify::Attendees {
            return Ok(scheduling::loud(composed));
        }
        if !self.known.quirks.obeys_schedule_agent {
            return Err(would_mail());
        }
        match old {
            // Somebody else's: whoever changes it was checked before; its lines stay as they are.
            Some(old) if old.guests && !old.silent => Ok(composed),
            _ => Ok(scheduling::silenced(composed)),
        }
    }

    /// The text of a target, without what this server does not take.
    async fn compose(&self, old: Option<(&[u8], &R)>, target: R) -> Result<Composed<R>> {
        let empty = R::default();
        let base = old.map_or(&empty, |(_, base)| base);
        let given = compose::gather(base, target, self.options).await;
        let given = compose::withhold(base, given, |field, value| {
            if compose::is_beyond_xml(value) {
                let control = "the text holds control characters, which DAV cannot carry; remove them";
                return Some(Error::new(ErrorKind::InvalidData, control));
            }
            if self.items.sight == Sight::Contacts && (field.as_str() == "members" || field.as_str() == "kind" && *value == "group") {
                return Some(error::unavailable("groups are categories here; make a category, and give its name to the contacts"));
            }
            // A UID goes along all the same: no format is without, and who gives its own takes no harm from ours.
            let refuses = field.as_str() != "uid" && self.known.quirks.refuses(R::KIND, field.as_str());
            refuses.then(|| error::unavailable("the server does not take this field; it stays on the other side"))
        });
        let mut composed = compose::compose(old, given, &self.items.authoring(), self.most())?;
        if self.known.quirks.cuts_values && R::COMPONENT.is_none() && old.is_none_or(|(text, _)| text != composed.bytes) {
            composed.bytes = cards::uncut(composed.bytes);
        }
        Ok(composed)
    }

    fn most(&self) -> u64 {
        self.known.props.max_size.unwrap_or(LARGEST).min(LARGEST)
    }

    async fn create(&mut self, mark: &Mark, record: R) -> Step<R> {
        let id = marked_path::<R>(&self.known, mark).map_err(refused)?;
        let record = compose::with_uid(record, "pimkit-dav", mark).map_err(refused)?;
        let Composed { bytes, left_out, .. } = self.compose(None, record).await.map_err(refused)?;
        let bytes = self.voiced(bytes, None)?;
        if self.known.quirks.names_items_itself {
            return self.post(&bytes, left_out).await;
        }
        if self.known.quirks.ignores_if_none_match
            && let Some(text) = self.current(&id).await?
        {
            return self.first(&id, &text, &bytes);
        }
        let answer = self.put(&id, &bytes, ("if-none-match", "*")).await.map_err(lost)?;
        match answer.status.as_u16() {
            200..=204 => Ok(self.put_done(&id, &answer, left_out)),
            _ if is_uid_conflict(&answer) => Err(self.same_uid(&answer, &bytes).await),
            // A resource of this name: the first one, or somebody else's.
            409 | 412 => match self.current(&id).await? {
                Some(text) => self.first(&id, &text, &bytes),
                None => Err(refused(error::refused(&answer))),
            },
            404 => Err(self.missing(&answer).await),
            _ => Err(refused(error::refused(&answer))),
        }
    }

    /// A new item whose name the server chooses (RFC 5995). Sent twice it would be there twice.
    async fn post(&mut self, bytes: &[u8], left_out: Vec<(Field, Error)>) -> Step<R> {
        let request = || -> Result<Request> {
            let request = Request::new("dav.post", "POST", self.known.url.clone())?.header("content-type", R::CONTENT_TYPE)?;
            Ok(request.body(bytes.to_vec()))
        };
        let answer = self.session().store(request().map_err(refused)?).await.map_err(lost)?;
        match answer.status.as_u16() {
            200..=204 => {}
            404 => return Err(self.missing(&answer).await),
            _ => return Err(refused(error::refused(&answer))),
        }
        let at = answer.header("location").and_then(|at| href::path_of(&answer.url, at));
        match at.filter(|path| href::is_member(self.known.id.as_str(), path)) {
            Some(path) => Ok(self.put_done(&ItemId::from(path), &answer, left_out)),
            None => {
                let lost = "the server made the item and did not say where; the next listing shows it";
                Err(Outcome::Unknown(Error::new(ErrorKind::Unexpected, lost).during("dav.write")))
            }
        }
    }

    /// The answer of a create whose item is there already.
    fn first(&self, id: &ItemId, text: &Text, bytes: &[u8]) -> Step<R> {
        let meant = R::read(bytes).map_err(|e| refused(e.into()))?;
        match self.items.understood(&self.known, id, text) {
            Held::Item(stored) if stored.record.uid().map(compose::plain_uid) == meant.uid().map(compose::plain_uid) => {
                Ok(Outcome::Written { id: id.clone(), revision: Some(stored.revision.clone()), now: Some(stored), left_out: Vec::new() })
            }
            Held::Item(stored) => Err(Outcome::Conflict { now: Some(stored) }),
            _ => Err(Outcome::Conflict { now: None }),
        }
    }

    /// An item with the same UID is there: the one that the server names, or that a search finds.
    async fn same_uid(&self, answer: &Answer, bytes: &[u8]) -> Outcome<R> {
        let named = refusal(&answer.body).href.and_then(|href| href::path_of(&answer.url, &href));
        match named {
            Some(path) if href::is_member(self.known.id.as_str(), &path) => {
                let id = ItemId::from(path);
                if let Ok(Some(text)) = self.current(&id).await {
                    return self.conflict(&id, &text);
                }
            }
            Some(_) => return refused(error::refused(answer)),
            None => {
                let uid = R::read(bytes).ok().and_then(|record| record.uid().map(str::to_owned));
                let keys: Vec<_> = uid.into_iter().map(pimkit_core::Key::Uid).collect();
                if let Some(Ok(found)) = self.items.found(&self.known, &keys).await.pop()
                    && let Some(stored) = found.into_iter().next()
                {
                    return Outcome::Conflict { now: Some(Box::new(stored)) };
                }
                // Something nobody can see has the UID: in the trash (nextcloud/server 30096), or in a collection of others.
                return Outcome::Conflict { now: None };
            }
        }
        refused(error::refused(answer))
    }

    /// 404 for a write: the collection is gone, or the server says so of content that it does not take (iCloud, of events
    /// without an end: davx5 1859).
    async fn missing(&self, answer: &Answer) -> Outcome<R> {
        match self.items.alive(&self.known).await {
            Ok(()) => {
                let odd = "the server says that the item is not there, and means that it does not take it; change it, or leave it out";
                refused(Error::new(ErrorKind::InvalidData, odd).with("status", answer.status.as_u16()))
            }
            Err(e) => refused(e),
        }
    }

    async fn put(&self, id: &ItemId, bytes: &[u8], condition: (&str, &str)) -> Result<Answer, Failure> {
        let request = || -> Result<Request> {
            let request =
                Request::new("dav.put", "PUT", self.session().url(&self.known, id.as_str()))?.header("content-type", R::CONTENT_TYPE)?;
            let request = if condition.0.is_empty() { request } else { request.header(condition.0, condition.1)? };
            // With a precondition a second one does no harm: what it finds is looked at.
            Ok(request.body(bytes.to_vec()).idempotent(!condition.0.is_empty()))
        };
        self.session().store(request().map_err(Failure::not_sent)?).await
    }

    /// The outcome of a PUT that was taken.
    fn put_done(&mut self, id: &ItemId, answer: &Answer, left_out: Vec<(Field, Error)>) -> Outcome<R> {
        // A weak one says that the body is not as sent (RFC 9110 section 8.8.1).
        let tag = answer.header("etag").filter(|tag| !tag.trim_start().starts_with("W/"));
        let revision = tag.and_then(etag::revision);
        if revision.is_none() {
            self.open.push((Arc::clone(&self.known), id.clone()));
        }
        Outcome::Written { id: id.clone(), revision, now: None, left_out }
    }

    async fn update(&mut self, id: ItemId, revision: &Revision, base: &R, target: R) -> Step<R> {
        let text = self.planned(&id, revision)?;
        if let Held::Unreadable(e) = self.items.understood(&self.known, &id, &text) {
            return Err(refused(e));
        }
        let old = Meeting::read(&text.bytes);
        if self.may_mail() && self.options.notify == Notify::Nobody && old.guests && !(old.silent && self.known.quirks.obeys_schedule_agent)
        {
            let changed = base.differing(&target);
            let organiser = old.is_organised_by(&self.addresses);
            if changed.iter().any(|field| scheduling::tells(field.as_str(), organiser)) {
                return Err(would_mail());
            }
        }
        let composed = self.compose(Some((&text.bytes, base)), target).await;
        let Composed { bytes, left_out, .. } = composed.map_err(|e| refused(e.with("item", href::name(id.as_str()))))?;
        let bytes = if bytes == text.bytes { bytes } else { self.voiced(bytes, Some(&old))? };
        if bytes == text.bytes {
            let now = self.stored(&id, &text);
            return Ok(Outcome::Written { id, revision: Some(text.revision), now, left_out });
        }
        let condition = etag::condition(revision);
        if condition.is_none() {
            // No ETag to be checked by the server: look right before.
            match self.current(&id).await? {
                Some(now) if now.revision != *revision => return Err(self.conflict(&id, &now)),
                Some(_) => {}
                None => return Err(Outcome::Conflict { now: None }),
            }
        }
        let answer = self.put(&id, &bytes, condition.as_deref().map_or(("", ""), |c| ("if-match", c))).await.map_err(lost)?;
        match answer.status.as_u16() {
            200..=204 => Ok(self.put_done(&id, &answer, left_out)),
            412 => self.overtaken(id, revision, &bytes, left_out, &answer).await,
            // Gone, or content that it does not take.
            404 | 410 => match self.current(&id).await? {
                None => Err(Outcome::Conflict { now: None }),
                Some(text) if text.revision != *revision => Err(self.conflict(&id, &text)),
                Some(_) => Err(self.missing(&answer).await),
            },
            _ => Err(refused(error::refused(&answer))),
        }
    }

    /// The precondition of an update does not hold: it is ours that was stored, or the server compares another spelling, or
    /// somebody was faster.
    async fn overtaken(
        &mut self,
        id: ItemId,
        revision: &Revision,
        bytes: &[u8],
        left_out: Vec<(Field, Error)>,
        answer: &Answer,
    ) -> Step<R> {
        let Some(text) = self.current(&id).await? else { return Err(Outcome::Conflict { now: None }) };
        if answer.maybe_done_before && self.says_the_same(&text.bytes, bytes) {
            let now = self.stored(&id, &text);
            return Ok(Outcome::Written { id, revision: Some(text.revision), now, left_out });
        }
        if text.revision != *revision {
            return Err(self.conflict(&id, &text));
        }
        if refusal(&answer.body).first().is_some() {
            // Stalwart says 412 of content (its preconditions are those of section 10 of RFC 4791, 5.3.2.1).
            return Err(refused(error::refused(answer)));
        }
        for spelling in etag::spellings(revision) {
            let answer = self.put(&id, bytes, ("if-match", &spelling)).await.map_err(lost)?;
            match answer.status.as_u16() {
                200..=204 => return Ok(self.put_done(&id, &answer, left_out)),
                412 => {}
                _ => return Err(refused(error::refused(&answer))),
            }
        }
        Err(self.conflict(&id, &text))
    }

    fn says_the_same(&self, there: &[u8], sent: &[u8]) -> bool {
        there == sent || matches!((R::read(there), R::read(sent)), (Ok(there), Ok(sent)) if there == sent)
    }

    async fn delete(&mut self, id: ItemId, revision: &Revision) -> Step<R> {
        let reply = self.leave(&id, revision)?;
        let mut spellings = vec![etag::condition(revision)];
        spellings.extend(etag::spellings(revision).into_iter().map(Some));
        for condition in spellings {
            if condition.is_none() {
                // No ETag to be checked by the server: look right before.
                match self.current(&id).await? {
                    Some(text) if text.revision != *revision => return Err(self.conflict(&id, &text)),
                    Some(_) => {}
                    None => return Err(Outcome::Conflict { now: None }),
                }
            }
            let request = || -> Result<Request> {
                let mut request = Request::new("dav.delete", "DELETE", self.session().url(&self.known, id.as_str()))?;
                if let Some(condition) = &condition {
                    request = request.header("if-match", condition)?;
                }
                if reply {
                    // RFC 6638 section 8.1: no answer to the organiser.
                    request = request.header("schedule-reply", "F")?;
                }
                Ok(request.idempotent(true))
            };
            let answer = self.session().store(request().map_err(refused)?).await.map_err(lost)?;
            match answer.status.as_u16() {
                200..=204 => return Ok(Outcome::written(id, None)),
                404 | 410 => {
                    self.items.alive(&self.known).await.map_err(refused)?;
                    return if answer.maybe_done_before { Ok(Outcome::written(id, None)) } else { Err(Outcome::Conflict { now: None }) };
                }
                412 => match self.current(&id).await? {
                    Some(text) if text.revision == *revision => {}
                    Some(text) => return Err(self.conflict(&id, &text)),
                    None if answer.maybe_done_before => return Ok(Outcome::written(id, None)),
                    None => return Err(Outcome::Conflict { now: None }),
                },
                _ => return Err(refused(error::refused(&answer))),
            }
        }
        Err(Outcome::Conflict { now: None })
    }

    /// Whether an item may leave its place without mail; true when the server has to be told not to answer its organiser.
    fn leave(&mut self, id: &ItemId, revision: &Revision) -> Result<bool, Outcome<R>> {
        if !self.may_mail() {
            return Ok(false);
        }
        let meeting = Meeting::read(&self.planned(id, revision)?.bytes);
        if !meeting.guests || self.options.notify == Notify::Attendees {
            return Ok(false);
        }
        if meeting.silent && self.known.quirks.obeys_schedule_agent {
            return Ok(true);
        }
        if meeting.is_organised_by(&self.addresses) || !self.known.quirks.obeys_schedule_agent {
            return Err(would_mail());
        }
        Ok(true)
    }

    async fn relocate(&mut self, id: ItemId, revision: &Revision, to: &CollectionId) -> Step<R> {
        let target = self.items.member(to).await.map_err(refused)?;
        if !self.known.quirks.moves {
            return Err(refused(error::unavailable("the server cannot move items; copy it and delete the first one")));
        }
        if !target.is_writable() {
            return Err(refused(known::read_only()));
        }
        if self.leave(&id, revision)? && !self.known.quirks.obeys_schedule_agent {
            return Err(would_mail());
        }
        // MOVE has no precondition that every server looks at.
        let Some(text) = self.current(&id).await? else { return Err(Outcome::Conflict { now: None }) };
        if text.revision != *revision {
            return Err(self.conflict(&id, &text));
        }
        if target.id == self.known.id {
            let now = self.stored(&id, &text);
            return Ok(Outcome::Written { id, revision: Some(text.revision), now, left_out: Vec::new() });
        }
        let name = href::name(id.as_str());
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, R::EXTENSION));
        let elsewhere = format!("{}.{extension}", marked::apart(stem.split('~').next().unwrap_or(stem), id.as_str()));
        for name in [name, &elsewhere] {
            let goal = ItemId::from(format!("{}{name}", target.id));
            let mut url = target.url.clone();
            url.set_path(goal.as_str());
            let request = || -> Result<Request> {
                Request::new("dav.move", "MOVE", self.session().url(&self.known, id.as_str()))?
                    .header("destination", url.as_str())?
                    .header("overwrite", "F")
            };
            let answer = self.session().store(request().map_err(refused)?).await.map_err(lost)?;
            match answer.status.as_u16() {
                201 | 204 | 200 => {
                    self.open.push((target, goal.clone()));
                    return Ok(Outcome::Written { id: goal, revision: None, now: None, left_out: Vec::new() });
                }
                // Something of the name is there (RFC 4918 section 9.9.4).
                412 if !is_uid_conflict(&answer) => {}
                404 | 410 => return Err(Outcome::Conflict { now: None }),
                _ => return Err(refused(error::refused(&answer))),
            }
        }
        Err(refused(Error::new(ErrorKind::InvalidData, "the collection has an item of this name; rename one of the two")))
    }

    /// Reads back what a server did not say the version of, because it changed it, or moved it.
    async fn read_back(&mut self, outcomes: &mut [Outcome<R>]) {
        let mut open = std::mem::take(&mut self.open);
        let mut there: HashMap<ItemId, (Arc<Known>, Text)> = HashMap::new();
        while let Some((known, _)) = open.first().cloned() {
            let (now, later): (Vec<_>, Vec<_>) = open.into_iter().partition(|(k, _)| k.id == known.id);
            open = later;
            let ids: Vec<ItemId> = now.into_iter().map(|(_, id)| id).collect();
            for (id, got) in ids.iter().zip(self.items.texts(&known, &ids).await) {
                if let Got::Text(text) = got {
                    there.insert(id.clone(), (Arc::clone(&known), *text));
                }
            }
        }
        for outcome in outcomes {
            if let Outcome::Written { id, revision: revision @ None, now, .. } = outcome
                && let Some((known, text)) = there.get(id)
            {
                *revision = Some(text.revision.clone());
                if let Held::Item(stored) = self.items.understood(known, id, text) {
                    *now = Some(stored);
                }
            }
        }
    }
}

/// "There is one with this UID", in its five shapes: 403 (Cyrus, CCS), 409 (Radicale, Nextcloud) and 412 (Stalwart) with the
/// precondition, 400 with a sentence (older sabre and Nextcloud), and the RFC 6638 name for meetings.
fn is_uid_conflict(answer: &Answer) -> bool {
    let conditions = refusal(&answer.body);
    if conditions.has("no-uid-conflict") || conditions.has("unique-scheduling-object-resource") {
        return true;
    }
    if answer.status.as_u16() != 400 {
        return false;
    }
    let text = String::from_utf8_lossy(&answer.body).to_lowercase();
    text.contains("uid") && (text.contains("already exists") || text.contains("uid conflict"))
}
