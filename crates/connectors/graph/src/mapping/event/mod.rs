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
mod written;

pub(crate) use written::{Change, Sheet, change, create, homeless};

use crate::mapping::{Item, extended};
use pimkit_core::{Alert, AlertAction, Event, EventStatus, Field, FieldSupport, Mark, Record, Result, Trigger, Zone};
use pimkit_exchange::{
    global_object_id,
    property::{self, CUSTOM, MARK, Property, UID, UNSAID, ZONE},
    words::{Importance, Sensitivity, ShowAs},
};
use serde_json::Value;

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
    /// The addresses of the calendar's owner, and of the mailbox's.
    pub(crate) own: Vec<String>,
    /// The calendar is somebody else's.
    pub(crate) shared: bool,
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
        FieldSupport::ANY_CUSTOM,
    ]
    .map(FieldSupport::full)
    .into();
    all.push(FieldSupport { many: Some(1), ..FieldSupport::full("alerts") });
    all.push(FieldSupport { many: Some(people::MOST), ..FieldSupport::full("participants") });
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
        Some(Value::Array(list)) => !list.is_empty(),
        // It was asked for, and is kept back.
        _ => true,
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
    match value.get("type").and_then(Value::as_str) {
        Some("singleInstance" | "occurrence" | "exception") => false,
        Some("seriesMaster") => true,
        // Not said, or in a word of tomorrow's: what repeats has occurrences.
        _ => value.get("recurrence").is_some_and(Value::is_object),
    }
}

#[cfg(test)]
mod tests;
