//! Events (<https://learn.microsoft.com/graph/api/resources/event>).
//!
//! | property | what becomes of it |
//! |---|---|
//! | subject, body (as text), categories, sensitivity, importance | managed |
//! | start, end, isAllDay, originalStartTimeZone, originalEndTimeZone | managed: wall times in the zone that they were written in |
//! | recurrence, exceptionOccurrences, cancelledOccurrences, instances | managed: a series with its exceptions is one record |
//! | showAs | managed: whether the time is taken, and "perhaps"; out of office stays while both stay |
//! | location, locations | managed by name and coordinates; what else is known of a room stays with it |
//! | attendees, responseRequested | managed; what they answered is read |
//! | isReminderOn, reminderMinutesBeforeStart | managed: one reminder before the start, to the minute |
//! | attachments | files are managed, by requests of their own; items and links are kept |
//! | extended of our own: mark, UID, custom fields, zone, and whether nobody said that the time is taken | managed |
//! | organizer, isOrganizer, responseStatus, isCancelled, onlineMeeting, onlineMeetingUrl, iCalUId | read |
//! | isOnlineMeeting, onlineMeetingProvider, the body of an online meeting | the provider's own: the body holds the way in |
//! | allowNewTimeProposals, hideAttendees, webLink, bodyPreview, extensions, whatever is newer | the provider's own: never written |
//! | id, changeKey, createdDateTime, lastModifiedDateTime, transactionId, originalStart, type, seriesMasterId | made by the provider |
//! | colour, links, rules that take dates out, a second reminder, calls of others | there is no place: they stay on the other side |

pub(crate) mod people;
mod places;
mod repeats;
pub(crate) mod times;

use crate::mapping::{Item, Slots, extended};
use pimkit_core::{
    Alert, AlertAction, Custom, Error, ErrorKind, Event, EventStatus, Field, FieldSupport, Mark, Record, Result, Trigger, Zone,
    cursor::binding,
};
use pimkit_exchange::{
    global_object_id,
    property::{self, CUSTOM, MARK, Property, UID, UNSAID, ZONE},
    words::{Importance, Sensitivity, ShowAs},
};
use serde_json::{Map, Value, json};

/// What an event is read with.
pub(crate) const SELECT: &str = "id,changeKey,type,seriesMasterId,iCalUId,subject,body,start,end,originalStart,originalStartTimeZone,\
    originalEndTimeZone,isAllDay,recurrence,location,locations,attendees,organizer,isOrganizer,isCancelled,responseStatus,\
    responseRequested,sensitivity,importance,showAs,categories,isReminderOn,reminderMinutesBeforeStart,hasAttachments,isOnlineMeeting,\
    onlineMeeting,onlineMeetingUrl,createdDateTime,lastModifiedDateTime";

/// The properties of our own that an event is read with.
pub(crate) const PROPERTIES: [Property; 5] = [MARK, UID, CUSTOM, ZONE, UNSAID];

/// What must be known of the mailbox to read and write its events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mailbox {
    /// Its own zone, where its settings say one.
    pub(crate) zone: Option<Zone>,
    /// The addresses of its owner.
    pub(crate) own: Vec<String>,
    /// Private items show what they say.
    pub(crate) shows_private: bool,
}

/// Fields of a private item that its calendar's owner does not let us see.
const VEILED: [&str; 8] = ["title", "description", "locations", "participants", "organizer", "attachments", "virtualLocations", "keywords"];

/// What the mapping holds, with its limits.
pub(crate) fn fields() -> Vec<FieldSupport> {
    let read = |field: &'static str| FieldSupport { write: false, ..FieldSupport::full(field) };
    let mut all: Vec<FieldSupport> = [
        "uid",
        "title",
        "description",
        "start",
        "end",
        "recurrenceRules",
        "recurrenceOverrides",
        "status",
        "freeBusyStatus",
        "privacy",
        "priority",
        "keywords",
        "locations",
        "attachments",
        "participants",
        FieldSupport::ANY_CUSTOM,
    ]
    .map(FieldSupport::full)
    .into();
    all.push(FieldSupport { many: Some(1), ..FieldSupport::full("alerts") });
    all.extend(["organizer", "virtualLocations"].map(read));
    all
}

/// The event in a resource; exceptions and attachments are elsewhere.
///
/// # Errors
/// `InvalidData` when a property is of another type than it should be, or there is no start.
pub(crate) fn read(value: &Value, mailbox: &Mailbox) -> Result<Event> {
    let item = Item::new(value)?;
    let mut result = Ok(());
    let event = Event::build(|event| result = fill(&item, mailbox, event));
    result.map(|()| event)
}

fn fill(item: &Item<'_>, mailbox: &Mailbox, event: &mut Event) -> Result<()> {
    event.uid = match item.extended(&UID) {
        Some(uid) => Some(uid.to_owned()),
        None => item.text("iCalUId")?.map(global_object_id::series_uid),
    };
    event.title = item.text("subject")?.map(str::to_owned);
    event.description = body(item)?;
    let zones = times::zones_of(item, mailbox.zone.as_ref())?;
    times::read(item, &zones, event)?;
    event.recurrence_rules = repeats::read(item)?.into_iter().collect();
    let show_as = item.text("showAs")?.and_then(ShowAs::of_word).unwrap_or(ShowAs::Unknown);
    // Busy is what Exchange makes of nothing, too.
    let is_unsaid = item.flag(&UNSAID) && matches!(show_as, ShowAs::Busy | ShowAs::Tentative);
    event.free_busy_status = show_as.free_busy().filter(|_| !is_unsaid);
    event.status = if item.bool("isCancelled")? == Some(true) { Some(EventStatus::Cancelled) } else { show_as.status() };
    event.privacy = item.text("sensitivity")?.and_then(Sensitivity::of_word).and_then(Sensitivity::privacy);
    event.priority = item.text("importance")?.and_then(Importance::of_word).and_then(Importance::priority);
    event.keywords = item.texts("categories")?.into_iter().map(str::to_owned).collect();
    event.locations = places::read(item)?;
    event.virtual_locations = places::call(item)?.into_iter().collect();
    people::read(item, &mailbox.own, event)?;
    if item.bool("isReminderOn")? == Some(true) {
        let minutes = item.whole_number("reminderMinutesBeforeStart")?.unwrap_or_default();
        event.alerts.push(Alert { trigger: Trigger::Start(minutes.saturating_mul(-60)), action: AlertAction::Display });
    }
    event.custom = item.extended(&CUSTOM).map(property::read_custom).unwrap_or_default();
    event.created = item.instant("createdDateTime")?;
    event.updated = item.instant("lastModifiedDateTime")?;
    Ok(())
}

/// The body as text: it is asked for so. Line breaks are as records have them, and none stand at the end, where Outlook puts some.
fn body(item: &Item<'_>) -> Result<Option<String>> {
    let Some(body) = item.item("body")? else { return Ok(None) };
    if !is_text(&body)? {
        return Ok(None);
    }
    let text = body.lines("content")?.map(|text| text.trim_end_matches(['\n', '\r']).to_owned());
    Ok(text.filter(|text| !text.is_empty()))
}

fn is_text(body: &Item<'_>) -> Result<bool> {
    Ok(body.text("contentType")?.is_none_or(|kind| kind.eq_ignore_ascii_case("text")) || body.text("content")?.is_none())
}

/// The fields of a resource that say nothing about what is there: HTML that was not asked for, and what a private item hides.
pub(crate) fn unread(value: &Value, mailbox: &Mailbox) -> Vec<Field> {
    let Ok(item) = Item::new(value) else { return Vec::new() };
    let mut unread: Vec<Field> = Vec::new();
    if let Ok(Some(body)) = item.item("body")
        && !is_text(&body).unwrap_or(true)
    {
        unread.push(Field::of("description"));
    }
    let private = matches!(item.text("sensitivity"), Ok(Some("private" | "confidential")));
    if private && !mailbox.shows_private {
        unread.extend(
            VEILED
                .iter()
                .filter(|field| !unread.iter().any(|known| known.as_str() == **field))
                .map(|field| Field::of(field))
                .collect::<Vec<_>>(),
        );
    }
    unread
}

/// The mark of a resource.
pub(crate) fn mark(value: &Value) -> Option<Mark> {
    extended::read(value).into_iter().find(|(property, _)| *property == MARK).map(|(_, mark)| Mark::from(mark))
}

/// Whether somebody else is told of a change, or whose item it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// An event of one.
    Alone,
    /// A meeting that the mailbox's owner called: every write mails the guests
    /// (microsoft-graph-docs 7339, 7968, 2309; msgraph-sdk-dotnet 2172, 1996).
    Organizer,
    /// Somebody else's meeting.
    Guest,
}

/// Whose an event is. What cannot be read is taken for a meeting.
pub(crate) fn role(value: &Value) -> Role {
    let Ok(item) = Item::new(value) else { return Role::Organizer };
    let guests = match value.get("attendees") {
        None | Some(Value::Null) => false,
        Some(Value::Array(list)) => !list.is_empty(),
        Some(_) => true,
    };
    match item.bool("isOrganizer") {
        Ok(Some(false)) => Role::Guest,
        Ok(_) if !guests => Role::Alone,
        _ => Role::Organizer,
    }
}

/// Whether an event is an online meeting, whose body holds the way in.
pub(crate) fn is_online(value: &Value) -> bool {
    value.get("isOnlineMeeting").and_then(Value::as_bool) == Some(true)
}

/// Whether a resource is a series.
pub(crate) fn is_master(value: &Value) -> bool {
    value.get("type").and_then(Value::as_str) == Some("seriesMaster")
}

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
        slots.extend(&UNSAID, event.free_busy_status.is_none().then_some("true"));
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
        left_out.push((Field::of("description"), crate::error::unavailable(kept)));
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
    let says = |text: &'static str| crate::error::unavailable(text);
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

#[cfg(test)]
mod tests;
