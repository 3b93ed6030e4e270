//! A series as one record: read together, and taken apart again to write what differs.
//!
//! An occurrence is found by where the rule puts it, and changed or deleted under an id of its own. One that was deleted cannot be
//! brought back.

use super::{Events, fetching::Raw, files::Trouble, writing::mails};
use crate::{
    calls::{Call, calendars::Calendar, events::Place, odata, odata::Page},
    error,
    mapping::{
        Item,
        event::{self, Mailbox, Role, Sheet, times},
    },
    session::{answered, lock},
};
use jiff::{SignedDuration, Timestamp, civil};
use pimkit_core::{
    Error, ErrorKind, Event, Field, FreeBusy, ItemId, Override, Overrides, Record, RecurrenceId, Result, When, Zone,
    series::{Exception, Series, assemble},
};
use pimkit_exchange::zones;
use pimkit_formats::recurrence;
use pimkit_http::{Effect, Failure};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How far beyond today occurrences are looked at one by one, where the server does not say the exceptions of a series.
const AHEAD: SignedDuration = SignedDuration::from_hours(2 * 366 * 24);
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// The most occurrences that are looked at so.
const MOST: usize = 20_000;

/// The longest span whose occurrences are listed in one question. Graph is said to take 1,825 days.
const SPAN: SignedDuration = SignedDuration::from_hours(1800 * 24);

/// A span in pieces that Graph takes. What touches two of them is listed twice.
fn windows(from: Timestamp, to: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let mut all = Vec::new();
    let mut start = from;
    while start < to {
        let end = start.checked_add(SPAN).unwrap_or(to).min(to);
        all.push((start, end));
        start = end;
    }
    all
}

/// The record of an event with what the server has of its series.
///
/// # Errors
/// `InvalidData` when an exception cannot be read.
pub(super) fn assembled(master: Event, raw: &Raw, mailbox: &Mailbox) -> Result<Event> {
    let mut all: Vec<Exception<Event>> =
        raw.cancelled.iter().filter_map(|day| cancelled(day, &master)).map(|id| Exception { id, record: None }).collect();
    for (id, _, record) in exceptions(&master, raw, mailbox)? {
        // One that says what the rule makes is none.
        if !master.occurrence(id).differing(&record).is_empty() {
            all.push(Exception { id, record: Some(record) });
        }
    }
    if all.is_empty() { Ok(master) } else { assemble(master, all) }
}

/// The exceptions of a series: where the rule puts them, the resource, and what it says.
fn exceptions<'r>(master: &Event, raw: &'r Raw, mailbox: &Mailbox) -> Result<Vec<(RecurrenceId, &'r Value, Event)>> {
    let mut all = Vec::with_capacity(raw.exceptions.len());
    for one in &raw.exceptions {
        let id = times::recurrence_id(&Item::new(one)?, master)?;
        all.push((id, one, of_series(event::read(one, mailbox)?, one, master, mailbox)));
    }
    Ok(all)
}

/// What an exception says, but for what is the series' or was not asked for.
fn of_series(mut one: Event, value: &Value, master: &Event, mailbox: &Mailbox) -> Event {
    one.uid.clone_from(&master.uid);
    one.custom.clone_from(&master.custom);
    one.attachments.clone_from(&master.attachments);
    one.recurrence_rules.clear();
    one.excluded_recurrence_rules.clear();
    if one.organizer.is_none() {
        one.organizer.clone_from(&master.organizer);
    }
    if event::unread(value, mailbox).iter().any(|field| field.as_str() == "description") {
        one.description.clone_from(&master.description);
    }
    // Busy is what Exchange makes of a series that does not say so, and of each of its occurrences; only the series itself has the
    // property by which that is known (`UNSAID`).
    if master.free_busy_status.is_none() && one.free_busy_status == Some(FreeBusy::Busy) {
        one.free_busy_status = None;
    }
    // The name of our own that tells two zones of one Windows name apart is the series'.
    if let Some(zone) = master.start.as_ref().and_then(When::zone) {
        one.start = one.start.map(|time| in_zone_of(time, zone));
        one.end = one.end.map(|time| in_zone_of(time, zone));
    }
    one
}

fn in_zone_of(time: When, series: &Zone) -> When {
    match time {
        When::Zoned { at, zone } if zones::same_windows(&series.id, &zone.id) => When::Zoned { at, zone: series.clone() },
        other => other,
    }
}

/// Which occurrence does not take place: `OID.{series}.{date}`, a date behind the last dot. Whether it is the date on the series'
/// wall or in UTC is not documented: the first counts where the rule puts an occurrence.
fn cancelled(name: &str, master: &Event) -> Option<RecurrenceId> {
    let date: civil::Date = name.rsplit('.').next()?.parse().ok()?;
    let time = master.start.as_ref()?.wall().time();
    let on = |date: civil::Date| RecurrenceId(date.to_datetime(time));
    let made = |id: &RecurrenceId| recurrence::makes(master, *id);
    let own = on(date);
    if made(&own) != Some(false) {
        return Some(own);
    }
    let in_utc =
        |id: &RecurrenceId| times::instant_of(*id, master, None).is_some_and(|at| jiff::tz::Offset::UTC.to_datetime(at).date() == date);
    let beside = [date.yesterday(), date.tomorrow()].into_iter().flatten().map(on);
    Some(beside.into_iter().find(|id| in_utc(id) && made(id) == Some(true)).unwrap_or(own))
}

/// Which occurrences of a target are to be looked at.
pub(super) fn differing(base: &Overrides, target: &Overrides) -> BTreeSet<RecurrenceId> {
    base.keys().chain(target.keys()).filter(|id| base.get(id) != target.get(id)).copied().collect()
}

/// What is to become of one occurrence: what it is like now, and shall be; nothing when it is not to take place.
#[derive(Clone, Debug, PartialEq)]
struct Step {
    now: Event,
    wanted: Option<Event>,
}

/// What the occurrences of a series are written within.
#[derive(Clone, Copy)]
pub(super) struct Within<'w> {
    pub(super) place: &'w Place,
    pub(super) calendar: &'w Calendar,
    pub(super) mailbox: &'w Mailbox,
    /// Nobody is to be mailed.
    pub(super) is_silent: bool,
}

/// How often an occurrence is looked at again that others write to at the same time.
const LOOKS: u32 = 4;

impl Events {
    /// Reads the exceptions of a series from its occurrences, one by one: those that a rule makes and the server does not list do
    /// not take place (closeio/sync-engine 389).
    pub(super) async fn exceptions_by_instances(&self, place: &Place, id: &ItemId, raw: &mut Raw) -> Result<()> {
        let mailbox = Mailbox { zone: self.own_zone().await, ..Mailbox::default() };
        let master = event::read(&raw.item, &mailbox)?;
        let Some(start) = master.start.as_ref() else { return Ok(()) };
        let from = times::instant_of(RecurrenceId::of(start), &master, mailbox.zone.as_ref()).unwrap_or_else(|| self.session.now());
        let to = self.session.now().max(from).checked_add(AHEAD).unwrap_or(Timestamp::MAX);
        let mut there = BTreeSet::new();
        let mut exceptions = BTreeSet::new();
        for (from, to) in windows(from.checked_sub(DAY).unwrap_or(from), to) {
            for row in self.rows(&place.instances(id, from, to)).await? {
                there.insert(times::recurrence_id(&Item::new(&row)?, &master)?);
                if odata::text(&row, "type") == Some("exception") {
                    exceptions.extend(odata::text(&row, "id").map(str::to_owned));
                }
            }
        }
        let changed: Vec<Call> = exceptions.iter().map(|id| place.exception(id, times::own_zone(&raw.item))).collect();
        for answer in self.session.all(&changed).await {
            raw.exceptions.push(answered(answer.map_err(Failure::into_error)?)?);
        }
        let expected =
            recurrence::occurrences(&master, civil::DateTime::MIN, MOST).map_err(|e| Error::new(ErrorKind::InvalidData, e.to_string()))?;
        let before = |id: &RecurrenceId| times::instant_of(*id, &master, mailbox.zone.as_ref()).is_some_and(|at| at < to);
        let missing = expected.iter().map(|one| one.id).filter(before).filter(|id| !there.contains(id));
        raw.cancelled = missing.map(|id| id.0.date().to_string()).collect();
        Ok(())
    }

    /// Makes these occurrences of a series what the target says.
    pub(super) async fn put_overrides(
        &self,
        raw: &Raw,
        target: &Event,
        ids: &BTreeSet<RecurrenceId>,
        of: &Within<'_>,
    ) -> Result<(), Trouble> {
        let out = Trouble::of;
        let Within { place, calendar, mailbox, .. } = *of;
        let there = self.understood(raw, calendar, mailbox).map_err(out)?.record;
        let master = there.clone().with_overrides(Overrides::new());
        let known: BTreeMap<RecurrenceId, (&Value, Event)> =
            exceptions(&master, raw, mailbox).map_err(out)?.into_iter().map(|(id, value, record)| (id, (value, record))).collect();
        let mut refused = None;
        let mut steps = Vec::new();
        for id in ids {
            match step(*id, &there, &master, known.get(id), target, raw, mailbox) {
                Ok(Some(step)) => steps.push((*id, step)),
                Ok(None) => {}
                Err(e) => refused = Some(e),
            }
        }
        let series = ItemId::from(odata::text(&raw.item, "id").unwrap_or_default());
        let unknown: Vec<RecurrenceId> = steps.iter().map(|(id, _)| *id).filter(|id| !known.contains_key(id)).collect();
        let mut found = self.occurrences(place, &series, &unknown, &master, mailbox).await?;
        found.extend(known.iter().filter_map(|(id, (value, _))| Some((*id, odata::text(value, "id")?.to_owned()))));
        let zone = times::own_zone(&raw.item).filter(|zone| !lock(&self.refused_zones).contains(*zone));
        for (id, step) in steps {
            let Some(name) = found.get(&id) else {
                let says = "the series has no such occurrence there; it stays on the other side";
                refused = Some(error::unavailable(says));
                continue;
            };
            match self.put_occurrence(of, (name, zone), &step, &master).await {
                Err(Trouble::LeftOut(e)) => refused = Some(e),
                other => other?,
            }
        }
        refused.map_or(Ok(()), |e| Err(Trouble::LeftOut(e)))
    }

    /// Makes one occurrence what it shall be, on the version that is there; not when somebody else changed the same about it, and not
    /// when it became a meeting whose people would hear of it.
    async fn put_occurrence(
        &self,
        of: &Within<'_>,
        (name, zone): (&str, Option<&str>),
        step: &Step,
        master: &Event,
    ) -> Result<(), Trouble> {
        let out = Trouble::of;
        let Within { place, mailbox, is_silent, .. } = *of;
        let faster = || {
            let says = "somebody changed the same occurrence meanwhile; read the series again";
            Trouble::Unknown(Error::new(ErrorKind::Unavailable, says))
        };
        for attempt in 0..LOOKS {
            let looked = self.session.call(&place.exception(name, zone)).await.map_err(Failure::into_error).map_err(out)?;
            if error::is_missing(&looked) {
                return if step.wanted.is_none() { Ok(()) } else { Err(faster()) };
            }
            let there = answered(looked).map_err(out)?;
            if is_silent && event::role(&there) != Role::Alone {
                return Err(Trouble::LeftOut(mails()));
            }
            let call = match self.occurrence_call(place, name, &there, step, master, mailbox).map_err(out)? {
                Due::Call(call) => call,
                Due::Done => return Ok(()),
                Due::Overtaken => return Err(faster()),
            };
            let call = match odata::etag(&there) {
                Some(etag) => call.if_match(&etag),
                None => call,
            };
            match self.session.call(&call).await {
                Ok(reply) if reply.is_success() => return Ok(()),
                Ok(reply) if step.wanted.is_none() && error::is_missing(&reply) => return Ok(()),
                Ok(reply) if error::is_overtaken(&reply) => self.pause(attempt).await,
                Ok(reply) => return Err(out(error::refused(&reply))),
                Err(failure) if failure.effect() == Effect::Unknown => return Err(Trouble::Unknown(failure.into_error())),
                Err(failure) => return Err(out(failure.into_error())),
            }
        }
        Err(faster())
    }

    fn occurrence_call(&self, place: &Place, name: &str, there: &Value, step: &Step, master: &Event, mailbox: &Mailbox) -> Result<Due> {
        let Some(wanted) = &step.wanted else { return Ok(Due::Call(place.delete(name))) };
        let record = of_series(event::read(there, mailbox)?, there, master, mailbox);
        let ours: BTreeSet<Field> = step.now.differing(wanted).into_iter().collect();
        let still: BTreeSet<Field> = wanted.differing(&record).into_iter().filter(|field| ours.contains(field)).collect();
        if still.is_empty() {
            return Ok(Due::Done);
        }
        if step.now.differing(&record).iter().any(|field| still.contains(field)) {
            return Ok(Due::Overtaken);
        }
        let body = event::change(&step.now, wanted, None, &Sheet { mailbox, now: Some(there), occurrence: true })?.body;
        Ok(if body.is_empty() { Due::Done } else { Due::Call(place.change(name, body)) })
    }

    /// The ids of occurrences that are as the rule makes them.
    async fn occurrences(
        &self,
        place: &Place,
        series: &ItemId,
        ids: &[RecurrenceId],
        master: &Event,
        mailbox: &Mailbox,
    ) -> Result<BTreeMap<RecurrenceId, String>, Trouble> {
        let around = |id: &RecurrenceId| {
            let at = times::instant_of(*id, master, mailbox.zone.as_ref())?;
            Some(place.instances(series, at.checked_sub(DAY).ok()?, at.checked_add(DAY).ok()?))
        };
        let calls: Vec<Call> = ids.iter().filter_map(around).collect();
        let mut found = BTreeMap::new();
        for answer in self.session.all(&calls).await {
            let page = answer.map_err(Failure::into_error).and_then(answered).and_then(Page::read).map_err(Trouble::of)?;
            for row in &page.rows {
                let at = Item::new(row).and_then(|item| times::recurrence_id(&item, master));
                if let (Ok(at), Some(name)) = (at, odata::text(row, "id")) {
                    found.insert(at, name.to_owned());
                }
            }
        }
        Ok(found)
    }
}

/// What is to become of an occurrence; nothing when it is as it shall be.
fn step(
    id: RecurrenceId,
    there: &Event,
    master: &Event,
    exception: Option<&(&Value, Event)>,
    target: &Event,
    raw: &Raw,
    mailbox: &Mailbox,
) -> Result<Option<Step>> {
    let gone = there.recurrence_overrides.get(&id) == Some(&Override::Excluded);
    let beside = exception.is_none() && recurrence::makes(master, id) == Some(false);
    // Of what the series says there, whatever of it the writer knew.
    let wanted = match target.recurrence_overrides.get(&id) {
        Some(Override::Excluded) if gone || beside => return Ok(None),
        Some(Override::Excluded) => None,
        Some(Override::Changed(patch)) => Some(master.occurrence(id).with(patch)?),
        None if beside => return Ok(None),
        None => Some(master.occurrence(id)),
    };
    if gone {
        let says = "Exchange brings no deleted occurrence back; make an event of its own for it";
        return Err(error::unavailable(says));
    }
    if beside {
        return Err(error::unavailable("Exchange has no dates beside the rule of a series; make an event of its own for it"));
    }
    let now = exception.map_or_else(|| master.occurrence(id), |(_, record)| record.clone());
    if let Some(wanted) = &wanted {
        let sheet = Sheet { mailbox, now: Some(exception.map_or(&raw.item, |(value, _)| *value)), occurrence: true };
        if event::change(&now, wanted, None, &sheet)?.body.is_empty() {
            return Ok(None);
        }
    }
    Ok(Some(Step { now, wanted }))
}

/// What is to be done to an occurrence that was looked at again.
enum Due {
    Call(Call),
    Done,
    Overtaken,
}

/// The field that exceptions are in.
pub(super) fn field() -> Field {
    Field::of("recurrenceOverrides")
}

#[cfg(test)]
mod tests;
