//! What is written of an event: the body of a new one, and of a change.

use super::{Mailbox, is_online, people, places, repeats, times};
use crate::{
    error,
    mapping::{Item, Slots},
};
use pimkit_core::{Alert, Custom, Error, ErrorKind, Event, EventStatus, Field, Mark, Record, Result, Trigger, cursor::binding};
use pimkit_exchange::{
    property::{self, CUSTOM, MARK, UID},
    words::{Importance, Sensitivity, ShowAs},
};
use serde_json::{Map, Value, json};

/// What else a body is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sheet<'s> {
    pub(crate) mailbox: &'s Mailbox,
    /// The resource as it is there, for what stands beside what we manage.
    pub(crate) now: Option<&'s Value>,
    /// It is one occurrence: what belongs to the series as a whole is not its own.
    pub(crate) occurrence: bool,
}

/// What an event says in each property.
fn slots(event: &Event, sheet: &Sheet<'_>) -> Result<Slots> {
    let mut slots = Slots::default();
    slots.put("subject", event.title.as_deref().unwrap_or_default());
    slots.put("body", json!({ "contentType": "text", "content": event.description.as_deref().unwrap_or_default() }));
    let zone = times::write(event, sheet.mailbox.zone.as_ref(), &mut slots)?;
    if !sheet.occurrence {
        slots.put("recurrence", repeats::write(event, zone.as_deref())?);
        slots.extend(&CUSTOM, Some(property::write_custom(&event.custom)).as_deref().filter(|text| !text.is_empty()));
    }
    slots.put("showAs", ShowAs::of(event.free_busy_status, event.status).graph());
    slots.put("sensitivity", Sensitivity::of_privacy(event.privacy).graph());
    slots.put("importance", Importance::of_priority(event.priority).graph());
    slots.put("categories", event.keywords.iter().map(String::as_str).collect::<Vec<_>>());
    slots.put("locations", places::write(&event.locations, sheet.now));
    people::write(event, &mut slots);
    let minutes = event.alerts.iter().find_map(minutes);
    slots.put("isReminderOn", minutes.is_some());
    slots.put("reminderMinutesBeforeStart", minutes.unwrap_or_default());
    Ok(slots)
}

/// How many minutes before the start a reminder goes off, where Outlook has such a one.
fn minutes(alert: &Alert) -> Option<i64> {
    match alert.trigger {
        Trigger::Start(seconds) if seconds <= 0 => Some(seconds / -60),
        _ => None,
    }
}

/// The body of a new event. What a record does not say is not sent, but for the reminder, of which the mailbox has one by default.
///
/// # Errors
/// `InvalidData` when Exchange cannot hold its rule or its zone.
pub(crate) fn create(event: &Event, mark: &Mark, mailbox: &Mailbox) -> Result<Map<String, Value>> {
    let sheet = Sheet { mailbox, now: None, occurrence: false };
    let mut slots = slots(event, &sheet)?;
    slots.extend(&MARK, Some(mark.as_str()));
    slots.extend(&UID, event.uid.as_deref());
    let mut body = slots.whole();
    let said = event.fields();
    for (property, fields) in [
        ("subject", &["title"][..]),
        ("body", &["description"]),
        ("showAs", &["freeBusyStatus", "status"]),
        ("sensitivity", &["privacy"]),
        ("importance", &["priority"]),
    ] {
        if !fields.iter().any(|field| said.contains_key(*field)) {
            body.remove(property);
        }
    }
    if event.participants.is_empty() {
        body.remove("responseRequested");
    }
    if event.alerts.is_empty() {
        body.remove("reminderMinutesBeforeStart");
    }
    only_location(&mut body);
    body.insert("transactionId".to_owned(), transaction(mark).into());
    Ok(body)
}

/// The key by which the server knows a create that it has seen: always the same for a mark, in the form of a UUID of version 8
/// (RFC 9562 section 5.8).
fn transaction(mark: &Mark) -> String {
    let half = |part: &str| binding(&["pimkit-graph", part, mark.as_str()]);
    let bits = (u128::from(half("1")) << 64) | u128::from(half("2"));
    let bits = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x8 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)].map(|(from, to)| hex.get(from..to).unwrap_or_default()).join("-")
}

/// One place is said by `location` alone, and none by both: setting `location` overwrites `locations` (documented), and servers
/// were seen to answer an old `location` beside new `locations`.
fn only_location(body: &mut Map<String, Value>) {
    let Some(Value::Array(list)) = body.get("locations") else { return };
    match list.as_slice() {
        [] => {
            body.insert("location".to_owned(), json!({ "displayName": "" }));
        }
        [one] => {
            let one = one.clone();
            body.remove("locations");
            body.insert("location".to_owned(), one);
        }
        _ => {}
    }
}

/// A change, and what of it cannot be said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    pub(crate) body: Map<String, Value>,
    pub(crate) left_out: Vec<(Field, Error)>,
}

/// The body of a change: what differs.
///
/// # Errors
/// `InvalidData` when Exchange cannot hold the new rule or zone.
pub(crate) fn change(base: &Event, target: &Event, mark: Option<&Mark>, sheet: &Sheet<'_>) -> Result<Change> {
    let now = sheet.now.map(Item::new).transpose()?;
    let mut left_out = Vec::new();
    let (mut base, mut target) = (base.clone(), target.clone());
    if base.custom != target.custom {
        // Custom fields share one property: those that this write does not speak of stay.
        let there = now.as_ref().and_then(|item| item.extended(&CUSTOM)).map(property::read_custom).unwrap_or_default();
        target.custom = merged(&base.custom, &target.custom, there);
    }
    if target.description != base.description && sheet.now.is_some_and(is_online) {
        let kept = "the text of an online meeting holds the way in, and is not overwritten; change it in Outlook";
        left_out.push((Field::of("description"), error::unavailable(kept)));
        target.description.clone_from(&base.description);
    }
    beside(&mut base, &mut target, now.as_ref())?;
    let from = slots(&base, sheet).or_else(|_| {
        // What it was before need not be sayable.
        let mut unruled = base.clone();
        (unruled.start, unruled.recurrence_rules, unruled.excluded_recurrence_rules) = (None, Vec::new(), Vec::new());
        slots(&unruled, sheet)
    })?;
    let mut to = slots(&target, sheet)?;
    if let Some(mark) = mark {
        to.extend(&MARK, Some(mark.as_str()));
    }
    let mut body = to.since(&from);
    times_go_together(&mut body, &to, sheet.occurrence);
    if body.contains_key("isReminderOn") && body.get("isReminderOn") == Some(&Value::Bool(false)) {
        body.remove("reminderMinutesBeforeStart");
    }
    if base.participants == target.participants {
        body.remove("responseRequested");
    }
    only_location(&mut body);
    Ok(Change { body, left_out })
}

/// Fields that share a word with others: what the write does not speak of is as it is there, on both sides of the difference.
fn beside(base: &mut Event, target: &mut Event, now: Option<&Item<'_>>) -> Result<()> {
    let Some(now) = now else { return Ok(()) };
    let show_as = now.text("showAs")?.and_then(ShowAs::of_word);
    let (free_busy, status) = show_as.map_or((None, None), |word| (word.free_busy(), word.status()));
    let changed = (base.free_busy_status != target.free_busy_status, base.status != target.status);
    if changed.0 != changed.1 {
        if changed.0 {
            (base.status, target.status) = (status, status);
        } else {
            (base.free_busy_status, target.free_busy_status) = (free_busy, free_busy);
        }
    }
    Ok(())
}

/// Start, end and "whole days" are checked together, and a series begins where its rule does. What was not read is not sent.
fn times_go_together(body: &mut Map<String, Value>, to: &Slots, occurrence: bool) {
    let times = ["start", "end", "isAllDay"];
    if times.iter().any(|name| body.contains_key(*name)) {
        for name in times {
            match to.get(name) {
                Some(value) if !value.is_null() => {
                    body.insert(name.to_owned(), value.clone());
                }
                _ => {
                    body.remove(name);
                }
            }
        }
        if !occurrence && body.contains_key("start") {
            match to.get("recurrence") {
                Some(rule) if !rule.is_null() => {
                    body.insert("recurrence".to_owned(), rule.clone());
                }
                _ => {}
            }
        }
    }
}

fn merged(base: &Custom, target: &Custom, mut there: Custom) -> Custom {
    for name in base.keys().chain(target.keys()) {
        match target.get(name) {
            value if value == base.get(name) => {}
            Some(value) => {
                there.insert(name.clone(), value.clone());
            }
            None => {
                there.remove(name);
            }
        }
    }
    there
}

/// Why a field of a target cannot be kept here; the rest is written.
pub(crate) fn homeless(base: &Event, target: &Event, own: &[String]) -> Vec<(Field, Error)> {
    let mut found = Vec::new();
    let says = |text: &'static str| error::unavailable(text);
    for field in base.differing(target) {
        let value = target.get(field.as_str());
        let error = match field.as_str() {
            "color" | "links" if value.is_some() => says("Outlook's events have no place for it; it stays on the other side"),
            "virtualLocations" if value.is_some() => says("Outlook makes calls of its own alone; put the address into the description"),
            "excludedRecurrenceRules" if value.is_some() => {
                says("Exchange has no rules that take dates out; leave the dates out one by one")
            }
            "organizer" if target.organizer.as_ref().is_some_and(|o| !own.is_empty() && !people::is_own(&o.address, own)) => {
                says("the owner of the calendar is the organiser of all that is made in it")
            }
            "status" if target.status == Some(EventStatus::Cancelled) => {
                says("cancelling a meeting mails its guests; cancel it in Outlook, or delete it")
            }
            "alerts" if !target.alerts.is_empty() && target.alerts.iter().all(|alert| minutes(alert).is_none()) => {
                Error::new(ErrorKind::InvalidData, "Outlook has one reminder for an event, before its start; keep such a one")
            }
            _ => continue,
        };
        found.push((field, error));
    }
    found
}
