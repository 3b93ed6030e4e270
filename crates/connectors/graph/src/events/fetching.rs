//! Events by their ids, in full.

use super::{Events, files};
use crate::{
    calls::{Call, Reply, calendars::Calendar, events::Place, odata},
    error,
    mapping::event::{self, Mailbox, times},
    pages::Pages,
    session::{answered, lock},
};
use pimkit_core::{Access, CollectionId, Error, ErrorKind, Event, Fetched, ItemId, Result, Revision, Stored, cursor::binding};
use pimkit_exchange::zones;
use pimkit_http::Failure;
use serde_json::Value;

/// An event as the server has it.
#[derive(Clone, Debug)]
pub(super) struct Raw {
    pub(super) item: Value,
    /// What of a series is otherwise than its rule makes it.
    pub(super) exceptions: Vec<Value>,
    /// The occurrences that do not take place, as the server names them.
    pub(super) cancelled: Vec<String>,
    /// Its attachments; absent when they could not be read.
    pub(super) files: Option<Vec<Value>>,
}

/// What is found under an id.
#[derive(Clone, Debug)]
pub(super) enum Look {
    There(Box<Raw>),
    Gone,
    Hidden,
    Failed(Error),
}

impl Raw {
    fn of(item: Value) -> Self {
        Self { item, exceptions: Vec::new(), cancelled: Vec::new(), files: Some(Vec::new()) }
    }

    /// The version as `If-Match` takes it; absent where the server names none.
    pub(super) fn etag(&self) -> Option<String> {
        odata::etag(&self.item)
    }

    /// The version of the whole: of a series with exceptions it is that of each of them too, because not every server says a new
    /// version of the series when an occurrence is changed.
    pub(super) fn revision(&self) -> Revision {
        let own = self.etag().unwrap_or_else(|| format!("h:{:016x}", binding(&[self.item.to_string()])));
        if self.exceptions.is_empty() && self.cancelled.is_empty() {
            return Revision::from(own);
        }
        let mut parts: Vec<String> = self
            .exceptions
            .iter()
            .map(|one| format!("{} {}", odata::text(one, "id").unwrap_or_default(), odata::etag(one).unwrap_or_else(|| one.to_string())))
            .chain(self.cancelled.iter().map(|day| format!("- {day}")))
            .collect();
        parts.sort_unstable();
        Revision::from(format!("{own}#{:016x}", binding(&parts)))
    }
}

impl Events {
    pub(super) async fn fetched(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Fetched<Event>> {
        if ids.is_empty() {
            return Vec::new();
        }
        let failed = |e: &Error| Fetched::Failed(e.clone().during("graph.events.fetch"));
        let calendar = match self.known(collection).await {
            Ok(calendar) => calendar,
            Err(e) => return ids.iter().map(|_| failed(&e)).collect(),
        };
        let mailbox = self.mailbox(&calendar).await;
        let looks = self.looks(collection, ids).await;
        looks
            .iter()
            .map(|look| match look {
                Look::There(raw) => match self.understood(raw, &calendar, &mailbox) {
                    Ok(stored) => Fetched::Found(Box::new(stored)),
                    Err(error) => Fetched::Unreadable { revision: Some(raw.revision()), error: error.during("graph.events.fetch") },
                },
                Look::Gone => Fetched::Gone,
                Look::Hidden => Fetched::Hidden,
                Look::Failed(e) => failed(e),
            })
            .collect()
    }

    /// What is under these ids, one answer each. An absence counts only while the calendar answers.
    pub(super) async fn looks(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Look> {
        let place = self.place(collection);
        let zone = self.usual_zone().await;
        let ask = |id: &ItemId, zone: Option<&str>| place.get(id, zone);
        let mut looks: Vec<Look> = self.in_zones(ids, |_| zone.clone(), ask).await.into_iter().map(look).collect();
        if looks.iter().any(|look| matches!(look, Look::Gone))
            && let Err(e) = self.calendar(collection).await
        {
            for look in looks.iter_mut().filter(|look| matches!(look, Look::Gone)) {
                *look = Look::Failed(e.clone());
            }
        }
        self.put_on_the_wall(&place, ids, &mut looks).await;
        self.add_exceptions(&place, ids, &mut looks).await;
        self.add_files(&place, ids, &mut looks).await;
        looks
    }

    /// Asks a question about each of some events, its times in the zone that `zone` says. A zone that the server does not take
    /// (names that it keeps itself may be such: docs-contrib 1609 and 4037) is remembered, and the question asked without.
    async fn in_zones(
        &self,
        ids: &[ItemId],
        zone: impl Fn(usize) -> Option<String>,
        ask: impl Fn(&ItemId, Option<&str>) -> Call,
    ) -> Vec<Result<Reply, Failure>> {
        let zones: Vec<Option<String>> =
            (0..ids.len()).map(|at| zone(at).filter(|name| !lock(&self.refused_zones).contains(name))).collect();
        let calls: Vec<Call> = ids.iter().zip(&zones).map(|(id, zone)| ask(id, zone.as_deref())).collect();
        let mut answers = self.session.all(&calls).await;
        let is_odd = |answer: &Result<Reply, Failure>| matches!(answer, Ok(reply) if reply.status == 400 && !error::is_missing(reply));
        let odd: Vec<usize> = answers
            .iter()
            .zip(&zones)
            .enumerate()
            .filter(|(_, (answer, zone))| zone.is_some() && is_odd(answer))
            .map(|(at, _)| at)
            .collect();
        let again: Vec<Call> = odd.iter().filter_map(|at| ids.get(*at)).map(|id| ask(id, None)).collect();
        for (at, answer) in odd.into_iter().zip(self.session.all(&again).await) {
            if let (Ok(reply), Some(Some(zone))) = (&answer, zones.get(at))
                && reply.is_success()
            {
                lock(&self.refused_zones).insert(zone.clone());
            }
            if let Some(slot) = answers.get_mut(at) {
                *slot = answer;
            }
        }
        answers
    }

    /// The zone that most events are in, as far as is known: that of the last one, or that of the mailbox's settings.
    async fn usual_zone(&self) -> Option<String> {
        let last = lock(&self.last_zone).clone();
        match last {
            Some(last) => Some(last),
            None => self.own_zone().await.as_ref().and_then(zones::write),
        }
    }

    /// Asks for the times of events once more that came in another zone than their own.
    async fn put_on_the_wall(&self, place: &Place, ids: &[ItemId], looks: &mut [Look]) {
        let mut asked = Vec::new();
        let mut calls = Vec::new();
        for ((at, look), id) in looks.iter().enumerate().zip(ids) {
            let Look::There(raw) = look else { continue };
            let taken = |zone: &&str| !lock(&self.refused_zones).contains(*zone);
            if let Some(zone) = times::other_zone(&raw.item).filter(taken) {
                asked.push(at);
                calls.push(place.times(id, zone));
            }
            if let Some(zone) = times::own_zone(&raw.item).filter(taken) {
                *lock(&self.last_zone) = Some(zone.to_owned());
            }
        }
        for (at, answer) in asked.into_iter().zip(self.session.all(&calls).await) {
            // A zone that the server does not take after all: what came is turned into it by our rules.
            let Ok(answer) = answer.map_err(Failure::into_error).and_then(answered) else { continue };
            let Some(Look::There(raw)) = looks.get_mut(at) else { continue };
            for name in ["start", "end"] {
                if let (Some(slot), Some(time)) = (raw.item.get_mut(name), answer.get(name).filter(|time| time.is_object())) {
                    *slot = time.clone();
                }
            }
        }
    }

    /// Reads what of each series is otherwise than its rule makes it.
    async fn add_exceptions(&self, place: &Place, ids: &[ItemId], looks: &mut [Look]) {
        let is_series = |look: &Look| matches!(look, Look::There(raw) if event::is_master(&raw.item));
        let places: Vec<usize> = looks.iter().enumerate().filter(|(_, look)| is_series(look)).map(|(at, _)| at).collect();
        let named: Vec<ItemId> = places.iter().filter_map(|at| ids.get(*at).cloned()).collect();
        let zone = |nth: usize| match places.get(nth).and_then(|at| looks.get(*at)) {
            Some(Look::There(raw)) => times::own_zone(&raw.item).map(str::to_owned),
            _ => None,
        };
        let answers = self.in_zones(&named, zone, |id, zone| place.exceptions(id, zone)).await;
        for (at, answer) in places.into_iter().zip(answers) {
            let (Some(slot), Some(id)) = (looks.get_mut(at), ids.get(at)) else { continue };
            let Look::There(raw) = slot else { continue };
            let verdict = match answer {
                Ok(reply) if reply.is_success() => self.exceptions_of(place, raw, reply).await,
                // The question is documented for beta, and in the metadata of v1.0: a tenant that refuses it is asked otherwise.
                Ok(reply) if matches!(reply.status, 400 | 501) => self.exceptions_by_instances(place, id, raw).await,
                Ok(reply) if error::is_missing(&reply) => {
                    *slot = Look::Gone;
                    continue;
                }
                Ok(reply) => Err(error::refused(&reply)),
                Err(failure) => Err(failure.into_error()),
            };
            if let Err(e) = verdict {
                *slot = Look::Failed(e);
            }
        }
    }

    async fn exceptions_of(&self, place: &Place, raw: &mut Raw, reply: Reply) -> Result<()> {
        let mut answer = reply.into_object()?;
        let list = |value: Option<Value>| match value {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(Error::new(ErrorKind::InvalidData, "the exceptions of a series are no list; look at it in Outlook")),
        };
        let more = odata::rest(&answer, "exceptionOccurrences").map(str::to_owned);
        let mut exceptions = list(answer.get_mut("exceptionOccurrences").map(Value::take))?;
        if let Some(next) = more {
            let mut pages = Pages::named(&self.session, "graph.events.exceptions");
            let first = pages.at(&next).await?;
            exceptions.append(&mut pages.all(first).await?);
        }
        raw.cancelled =
            list(answer.get_mut("cancelledOccurrences").map(Value::take))?.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        // Some answers leave out where the rule put an exception, or its text.
        let bare: Vec<usize> = exceptions.iter().enumerate().filter(|(_, one)| !is_whole(one)).map(|(at, _)| at).collect();
        let zone = times::own_zone(&raw.item).filter(|zone| !lock(&self.refused_zones).contains(*zone));
        let named = bare.iter().filter_map(|at| exceptions.get(*at)).filter_map(|one| odata::text(one, "id"));
        let calls: Vec<Call> = named.map(|id| place.exception(id, zone)).collect();
        if calls.len() == bare.len() {
            for (at, answer) in bare.into_iter().zip(self.session.all(&calls).await) {
                let whole = answered(answer.map_err(Failure::into_error)?)?;
                if let Some(slot) = exceptions.get_mut(at) {
                    *slot = whole;
                }
            }
        }
        raw.exceptions = exceptions;
        Ok(())
    }

    async fn add_files(&self, place: &Place, ids: &[ItemId], looks: &mut [Look]) {
        // Where it is not said, they are asked for: no answer is not a "no".
        let has = |look: &Look| matches!(look, Look::There(raw) if raw.item.get("hasAttachments") != Some(&Value::Bool(false)));
        let places: Vec<usize> = looks.iter().enumerate().filter(|(_, look)| has(look)).map(|(at, _)| at).collect();
        let calls: Vec<Call> = places.iter().filter_map(|at| ids.get(*at)).map(|id| place.attachments(id)).collect();
        let answers = self.session.all(&calls).await;
        for ((at, answer), call) in places.into_iter().zip(answers).zip(&calls) {
            let files = match answer.map_err(Failure::into_error).and_then(answered) {
                Ok(answer) => self.all_files(call, answer).await.ok(),
                Err(_) => None,
            };
            if let Some(Look::There(raw)) = looks.get_mut(at) {
                raw.files = files;
            }
        }
    }

    async fn all_files(&self, call: &Call, answer: Value) -> Result<Vec<Value>> {
        Pages::of(&self.session, call).all(odata::Page::read(answer)?).await
    }

    /// The event in what the server has.
    ///
    /// # Errors
    /// `InvalidData` when it cannot be understood: it is there all the same.
    pub(super) fn understood(&self, raw: &Raw, calendar: &Calendar, mailbox: &Mailbox) -> Result<Stored<Event>> {
        let id = odata::text(&raw.item, "id")
            .ok_or_else(|| Error::new(ErrorKind::InvalidData, "an event of the answer has no id; report this"))?;
        let mut master = event::read(&raw.item, mailbox)?;
        let mut unread = event::unread(&raw.item, mailbox);
        match &raw.files {
            Some(all) => master.attachments = files::read(all),
            None => unread.push(pimkit_core::Field::of("attachments")),
        }
        let record = super::series::assembled(master, raw, mailbox)?;
        let mut stored = Stored::new(ItemId::from(id), &calendar.id, raw.revision(), record);
        stored.mark = event::mark(&raw.item);
        stored.modified = std::iter::once(&raw.item)
            .chain(&raw.exceptions)
            .filter_map(|one| odata::text(one, "lastModifiedDateTime").and_then(|text| text.parse().ok()))
            .max();
        stored.access = access(&raw.item, mailbox);
        stored.unread = unread;
        Ok(stored)
    }
}

/// What may be done with an event: everything, but for somebody else's meeting in somebody else's calendar. Of a meeting that the
/// mailbox's owner was invited to, reminder and categories are the owner's own. Whether a calendar may be edited is said of the
/// calendar alone: no event changes when its owner lets somebody edit it, and none would be read again.
fn access(item: &Value, mailbox: &Mailbox) -> Access {
    if event::role(item) == event::Role::Guest && mailbox.shared { Access::Read } else { Access::Write }
}

fn is_whole(exception: &Value) -> bool {
    ["originalStart", "start", "end"].iter().all(|name| exception.get(*name).is_some_and(|value| !value.is_null()))
        && exception.get("body").is_some()
}

fn look(answer: Result<Reply, Failure>) -> Look {
    match answer {
        Ok(reply) if reply.is_success() => match reply.into_object() {
            Ok(item) => Look::There(Box::new(Raw::of(item))),
            Err(e) => Look::Failed(e),
        },
        Ok(reply) if error::is_missing(&reply) => Look::Gone,
        Ok(reply) if reply.status == 403 => Look::Hidden,
        Ok(reply) => Look::Failed(error::refused(&reply)),
        Err(failure) => Look::Failed(failure.into_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::Content;
    use serde_json::json;

    #[test]
    fn the_version_of_a_series_is_that_of_its_exceptions_too() {
        let raw = |exceptions: &[&str], cancelled: &[&str]| Raw {
            item: json!({"@odata.etag": "W/\"k\""}),
            exceptions: exceptions.iter().map(|key| json!({"id": "x", "changeKey": key})).collect(),
            cancelled: cancelled.iter().map(|day| (*day).to_owned()).collect(),
            files: Some(Vec::new()),
        };
        assert_eq!(raw(&[], &[]).revision().as_str(), "W/\"k\"");
        let all = [raw(&["1"], &[]), raw(&["2"], &[]), raw(&["1"], &["d"]), raw(&[], &["d"]), raw(&[], &["d", "e"])];
        let revisions: std::collections::BTreeSet<_> = all.iter().map(Raw::revision).collect();
        assert_eq!(revisions.len(), all.len());
        assert_eq!(raw(&[], &["d", "e"]).revision(), raw(&[], &["e", "d"]).revision());
        // A server without versions: what it says is one.
        let none = |subject: &str| Raw::of(json!({"subject": subject}));
        assert_ne!(none("a").revision(), none("b").revision());
    }

    #[test]
    fn an_absence_is_told_from_a_refusal() {
        let reply = |status, code: &str| Ok(Reply { status, body: Content::Json(json!({"error": {"code": code}})), ..Reply::default() });
        let said = |look: Look| match look {
            Look::There(_) => "there",
            Look::Gone => "gone",
            Look::Hidden => "hidden",
            Look::Failed(_) => "failed",
        };
        for (status, code, expected) in [
            (404, "ErrorItemNotFound", "gone"),
            (400, "ErrorInvalidIdMalformed", "gone"),
            (400, "ErrorInvalidRequest", "failed"),
            (403, "ErrorAccessDenied", "hidden"),
            (500, "", "failed"),
            (200, "", "there"),
        ] {
            assert_eq!(said(look(reply(status, code))), expected, "{status} {code}");
        }
    }

    #[test]
    fn somebody_elses_meeting_is_only_read_in_a_calendar_of_theirs() {
        let (own, guest) = (json!({"isOrganizer": true}), json!({"isOrganizer": false, "attendees": [{}]}));
        for (item, shared, expected) in
            [(&own, false, Access::Write), (&own, true, Access::Write), (&guest, false, Access::Write), (&guest, true, Access::Read)]
        {
            let mailbox = Mailbox { shared, ..Mailbox::default() };
            assert_eq!(access(item, &mailbox), expected, "{item} {shared}");
        }
    }
}
