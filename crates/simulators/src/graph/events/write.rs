//! Events made and changed.

use super::mails;
use super::recur::Rule;
use super::shown::{Event, EventView};
use super::times::{Times, rule, stays_between};
use crate::graph::answer::{Answer, Result, Says, invalid, refuse};
use crate::graph::attachments::{self, Owner};
use crate::graph::store::{Extended, Kind, Part, Series};
use crate::graph::world::Call;
use crate::graph::{extended, extensions, ids, shape, strip_own};
use crate::outbox::MailMethod;
use jiff::civil::Date;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Properties that are the service's own.
const OWN: &[&str] = &[
    "id",
    "changeKey",
    "createdDateTime",
    "lastModifiedDateTime",
    "iCalUId",
    "webLink",
    "organizer",
    "isOrganizer",
    "type",
    "seriesMasterId",
    "originalStart",
    "originalStartTimeZone",
    "originalEndTimeZone",
    "bodyPreview",
    "hasAttachments",
    "isCancelled",
    "isDraft",
    "onlineMeeting",
    "onlineMeetingUrl",
    "responseStatus",
    "cancelledOccurrences",
    "@odata.type",
];
/// What an attendee may change of the organiser's event.
const ATTENDEES: &[&str] = &["categories", "isReminderOn", "reminderMinutesBeforeStart", "showAs", "sensitivity"];
/// What nobody else sees of an organiser's event.
const PRIVATE: &[&str] = &["categories", "isReminderOn", "reminderMinutesBeforeStart", "showAs"];
/// Relations that are not written in the body of an event.
const RELATIONS: &[&str] = &["calendar", "exceptionOccurrences", "instances"];
/// What begins the part of a body that an online meeting is told in.
const BLOB: &str = "<div id=\"teams-meeting\">";

/// POST to the events of a calendar.
pub(crate) fn create(call: &mut Call<'_>, calendar: u64) -> Result {
    let mut body = call.ask.read("event")?;
    writable(call, calendar)?;
    if let Some(answer) = repeated(call, calendar, &body)? {
        return Ok(answer);
    }
    let mut kept = BTreeMap::new();
    extended::take(&mut body, &mut kept)?;
    let extensions = extensions::take(&mut body)?;
    let written = body.remove("attachments").and_then(|all| all.as_array().cloned()).unwrap_or_default();
    strip_own(call, &mut body, OWN);
    let transaction = body.get("transactionId").and_then(Value::as_str).map(|word| format!("{calendar}/{word}"));
    let mut properties = Map::new();
    apply(call, &mut properties, body)?;
    let owner = Owner { kind: Kind::Event, key: 0, day: None };
    let parts: Vec<Part> =
        written.iter().map(|one| attachments::made(call, owner, shape::read(one, "attachment")?)).collect::<Result<_>>()?;
    let now = call.now;
    let mailbox = call.mailbox_mut()?;
    let key = mailbox.add(Kind::Event, calendar, properties, now);
    mailbox.transactions.extend(transaction.map(|transaction| (transaction, key)));
    let item = call.item_mut(key)?;
    (item.extended, item.extensions, item.parts) = (kept, extensions, parts);
    meet_online(call, key)?;
    let owner = call.owner.clone();
    let to = mails::attendees(call.item(key)?.properties.get("attendees"), &owner);
    mails::send(call.world, &owner, key, None, &to, MailMethod::Request, None);
    mails::deliver(call.world, &owner, key, &to);
    answer(call, key, None, 201)
}

/// The answer to a POST that was there before, by its `transactionId`.
fn repeated(call: &Call<'_>, calendar: u64, body: &Map<String, Value>) -> Result<Option<Answer>> {
    let Some(word) = body.get("transactionId").and_then(Value::as_str) else { return Ok(None) };
    let mailbox = call.mailbox()?;
    let first = mailbox.transactions.get(&format!("{calendar}/{word}"));
    let Some(key) = first.filter(|key| mailbox.items.get(key).is_some_and(|item| !mailbox.in_bin(item))) else { return Ok(None) };
    if call.rules().events.repeats_answer_first {
        return answer(call, *key, None, 201).map(Some);
    }
    refuse(409, "ErrorDuplicateTransactionId", "Your request can't be completed. The client request was completed previously.")
}

/// PATCH of an event, or of an occurrence of one.
pub(crate) fn update(call: &mut Call<'_>, key: u64, day: Option<Date>) -> Result {
    let mut body = call.ask.read("event")?;
    let item = call.item(key)?.clone();
    writable(call, item.parent)?;
    call.matches(&Event::of(call.mailbox()?, &item, day).change_key())?;
    if body.contains_key("transactionId") {
        return Err(invalid("The property 'transactionId' is read-only and cannot be set."));
    }
    let own = day.and_then(|day| item.series.exceptions.get(&day)).cloned();
    let mut kept: BTreeMap<String, Extended> = match (&own, day) {
        (Some(own), _) => own.extended.clone(),
        (None, Some(_)) => BTreeMap::new(),
        (None, None) => item.extended.clone(),
    };
    let extended = extended::take(&mut body, &mut kept)?;
    strip_own(call, &mut body, OWN);
    let organises = mails::organises(&item);
    if !organises && let Some(name) = body.keys().find(|name| !ATTENDEES.contains(&name.as_str())) {
        let says = format!("The property '{name}' can be changed by the organizer only.");
        let status = call.rules().events.attendee_change;
        return refuse(status, if status == 403 { "ErrorAccessDenied" } else { "ErrorInvalidRequest" }, says);
    }
    let loud = call.rules().events.private_changes_mail || body.keys().any(|name| !PRIVATE.contains(&name.as_str()));
    let said = !body.is_empty() || extended;
    match day {
        Some(day) => change_occurrence(call, key, day, body, kept)?,
        None => change_whole(call, key, body, kept)?,
    }
    meet_online(call, key)?;
    if organises && loud && said {
        notify(call, key, day, item.properties.get("attendees"))?;
    }
    answer(call, key, day, 200)
}

fn change_whole(call: &mut Call<'_>, key: u64, body: Map<String, Value>, kept: BTreeMap<String, Extended>) -> Result<()> {
    let item = call.item(key)?;
    let (before, mut properties) = (rule(item), item.properties.clone());
    apply(call, &mut properties, body)?;
    let item = call.item_mut(key)?;
    let walls = |properties: &Map<String, Value>| {
        let times = Times::of(properties);
        (times.start, times.start_zone.name, times.end, times.all_day)
    };
    let moved = walls(&item.properties) != walls(&properties);
    item.properties = properties;
    item.extended = kept;
    // A series whose times or pattern change begins anew: its exceptions are gone.
    if moved || before != rule(item) {
        item.series = Series::default();
    }
    call.touch(key)
}

fn change_occurrence(call: &mut Call<'_>, key: u64, day: Date, body: Map<String, Value>, kept: BTreeMap<String, Extended>) -> Result<()> {
    if body.contains_key("recurrence") {
        return Err(invalid("The recurrence of an occurrence cannot be set."));
    }
    let item = call.item(key)?;
    let mut exception = item.series.exceptions.get(&day).cloned().unwrap_or_default();
    let mut whole = item.properties.clone();
    whole.remove("recurrence");
    let regular = Times::of(&whole).on(day);
    let wall = |at: jiff::civil::DateTime, zone: &str| json!({"dateTime": at.to_string(), "timeZone": zone});
    whole.insert("start".to_owned(), wall(regular.start, &regular.start_zone.name));
    whole.insert("end".to_owned(), wall(regular.end, &regular.end_zone.name));
    whole.extend(exception.properties.clone());
    let mut changed = whole.clone();
    let named: Vec<String> = body.keys().cloned().collect();
    apply(call, &mut changed, body)?;
    let times = Times::read(&changed, &call.rules().events)?;
    stays_between(call.item(key)?, day, &times)?;
    for name in named.iter().map(String::as_str).chain(["locations", "location"]) {
        if changed.get(name) != whole.get(name) || named.iter().any(|other| other == name) {
            exception.properties.insert(name.to_owned(), changed.get(name).cloned().unwrap_or(Value::Null));
        }
    }
    exception.extended = kept;
    exception.modified = call.now;
    call.item_mut(key)?.series.exceptions.insert(day, exception);
    call.touch(key)?;
    let item = call.item_mut(key)?;
    let version = item.version;
    if let Some(exception) = item.series.exceptions.get_mut(&day) {
        exception.version = version;
    }
    Ok(())
}

/// Mails the attendees of an event that its organiser has changed; those who are none any more hear that it is cancelled.
pub(crate) fn notify(call: &mut Call<'_>, key: u64, day: Option<Date>, before: Option<&Value>) -> Result<()> {
    let owner = call.owner.clone();
    let item = call.item(key)?;
    let own = day.and_then(|day| item.series.exceptions.get(&day)).and_then(|exception| exception.properties.get("attendees"));
    let now = mails::attendees(own.or_else(|| item.properties.get("attendees")), &owner);
    let gone: Vec<String> = mails::attendees(before, &owner).into_iter().filter(|address| !now.contains(address)).collect();
    let uid = super::shown::uid(call.mailbox()?, call.item(key)?, None);
    mails::send(call.world, &owner, key, day, &gone, MailMethod::Cancel, None);
    mails::send(call.world, &owner, key, day, &now, MailMethod::Request, None);
    if day.is_none() {
        mails::cancel(call.world, &uid, &gone);
    }
    mails::deliver(call.world, &owner, key, &now);
    Ok(())
}

/// Writes a body into the properties of an event.
fn apply(call: &Call<'_>, properties: &mut Map<String, Value>, mut body: Map<String, Value>) -> Result<()> {
    if let Some(name) = RELATIONS.iter().chain(["attachments", "extensions"].iter()).find(|name| body.contains_key(**name)) {
        return Err(invalid(format!("The relation '{name}' cannot be written here.")));
    }
    if let Some(Value::Array(written)) = body.get("attendees") {
        let attendees = invited(written, properties.get("attendees"), call.rules().limits.attendees)?;
        body.insert("attendees".to_owned(), Value::Array(attendees));
    }
    places(&mut body);
    if properties.get("isOnlineMeeting") == Some(&Value::Bool(true)) {
        // What is online stays online.
        body.remove("isOnlineMeeting");
        body.remove("onlineMeetingProvider");
    }
    let says_rule = body.contains_key("recurrence");
    for (name, value) in body {
        match value {
            Value::Null => {
                properties.remove(&name);
            }
            value => {
                properties.insert(name, value);
            }
        }
    }
    let mut times = Times::read(properties, &call.rules().events)?;
    if let Some(mut recurrence) = properties.get("recurrence").filter(|value| value.is_object()).cloned() {
        // A rule that nobody speaks of follows its event to another day.
        if let Some(range) = recurrence.get_mut("range").and_then(Value::as_object_mut).filter(|_| !says_rule) {
            range.remove("startDate");
        }
        let rule = Rule::read(&recurrence, times.start.date())?;
        if rule.start != times.start.date() {
            times = times.on(rule.start);
            for (name, at, zone) in [("start", times.start, &times.start_zone), ("end", times.end, &times.end_zone)] {
                properties.insert(name.to_owned(), json!({"dateTime": at.to_string(), "timeZone": zone.name}));
            }
        }
        let next = rule.days().nth(1).map(|day| times.on(day).starts());
        if next.is_some_and(|next| next < times.ends()) {
            return refuse(400, "ErrorOccurrenceTimeSpanTooBig", "The occurrences of the series overlap.");
        }
        let written = rule.written(&recurrence, &times.start_zone.name);
        properties.insert("recurrence".to_owned(), written);
    }
    Ok(())
}

/// Attendees as they are kept, with the answers of those who were there before.
fn invited(written: &[Value], before: Option<&Value>, most: usize) -> Result<Vec<Value>> {
    if written.len() > most {
        return refuse(400, "ErrorInvalidRecipients", format!("An event has {most} attendees at most."));
    }
    let address = |attendee: &Value| attendee.pointer("/emailAddress/address").and_then(Value::as_str).map(str::to_lowercase);
    let before = before.and_then(Value::as_array);
    let mut out = Vec::new();
    for attendee in written {
        let Some(who) = address(attendee).filter(|who| who.contains('@')) else {
            return refuse(400, "ErrorInvalidRecipients", "An attendee needs an e-mail address.");
        };
        let known = before.into_iter().flatten().find(|other| address(other).as_deref() == Some(who.as_str()));
        let status = known.and_then(|known| known.get("status")).cloned();
        let mut kept = attendee.as_object().cloned().unwrap_or_default();
        kept.insert("status".to_owned(), status.unwrap_or_else(|| json!({"response": "none", "time": "0001-01-01T00:00:00Z"})));
        kept.entry("type").or_insert(json!("required"));
        if let Some(email) = kept.get_mut("emailAddress").and_then(Value::as_object_mut) {
            let address = email.get("address").cloned().unwrap_or(Value::Null);
            if email.get("name").is_none_or(Value::is_null) {
                email.insert("name".to_owned(), address);
            }
        }
        out.push(Value::Object(kept));
    }
    Ok(out)
}

/// A place is the first of the places: who writes one writes the other.
fn places(body: &mut Map<String, Value>) {
    let complete = |place: &Value| {
        let mut place = place.as_object().cloned().unwrap_or_default();
        let name = place.get("displayName").cloned().unwrap_or(json!(""));
        for (key, value) in [("locationType", json!("default")), ("uniqueId", name), ("uniqueIdType", json!("private"))] {
            if place.get(key).is_none_or(Value::is_null) {
                place.insert(key.to_owned(), value);
            }
        }
        place.retain(|_, value| !value.is_null());
        Value::Object(place)
    };
    match (body.get("location").cloned(), body.get("locations").cloned()) {
        (Some(place @ Value::Object(_)), _) => {
            let place = complete(&place);
            body.insert("locations".to_owned(), json!([place]));
            body.insert("location".to_owned(), place);
        }
        (Some(_), None) => {
            body.insert("locations".to_owned(), json!([]));
        }
        (None, Some(Value::Array(places))) => {
            let places: Vec<Value> = places.iter().map(complete).collect();
            body.insert("location".to_owned(), places.first().cloned().unwrap_or(Value::Null));
            body.insert("locations".to_owned(), Value::Array(places));
        }
        _ => {}
    }
}

/// Gives an online meeting its address, and takes it away where the body lost what tells of it.
fn meet_online(call: &mut Call<'_>, key: u64) -> Result<()> {
    let secret = call.mailbox()?.secret.clone();
    let properties = &mut call.item_mut(key)?.properties;
    if properties.get("isOnlineMeeting") != Some(&Value::Bool(true)) {
        return Ok(());
    }
    let content = properties.get("body").and_then(|body| body.get("content")).and_then(Value::as_str).unwrap_or_default().to_owned();
    if properties.contains_key("onlineMeeting") {
        if !content.contains(BLOB) {
            properties.insert("onlineMeeting".to_owned(), Value::Null);
        }
        return Ok(());
    }
    let word = ids::guid(&secret, &format!("meeting {key}"));
    let url = format!("https://teams.microsoft.com/l/meetup-join/{word}");
    let is_text = properties.get("body").and_then(|body| body.get("contentType")).and_then(Value::as_str) == Some("text");
    let content = if is_text { format!("<div>{content}</div>") } else { content };
    let told = format!("{content}{BLOB}<a href=\"{url}\">Join the meeting</a></div>");
    properties.insert("body".to_owned(), json!({"contentType": "html", "content": told}));
    properties.insert("onlineMeeting".to_owned(), json!({"joinUrl": url, "conferenceId": "123456789", "tollNumber": "+1 555 0100"}));
    let provider = properties.get("onlineMeetingProvider").and_then(Value::as_str).filter(|provider| *provider != "unknown");
    let provider = Value::from(provider.unwrap_or("teamsForBusiness"));
    properties.insert("onlineMeetingProvider".to_owned(), provider);
    Ok(())
}

/// # Errors
/// 403 for calendars that are only read.
pub(crate) fn writable(call: &Call<'_>, calendar: u64) -> Result<()> {
    if call.item(calendar).is_ok_and(|item| item.properties.get("canEdit") == Some(&Value::Bool(false))) {
        return refuse(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.");
    }
    Ok(())
}

/// An event as the answer to a request that wrote it.
pub(crate) fn answer(call: &Call<'_>, key: u64, day: Option<Date>, status: u16) -> Result {
    one(call, key, day, status, &EventView::whole(call)?)
}

/// An event as an answer.
pub(crate) fn one(call: &Call<'_>, key: u64, day: Option<Date>, status: u16, view: &EventView) -> Result {
    let event = Event::of(call.mailbox()?, call.item(key)?, day);
    let mut body = event.shown(view);
    if let Some(object) = body.as_object_mut() {
        object.insert("@odata.context".to_owned(), call.context(&format!("users('{}')/events/$entity", call.owner)));
    }
    Ok(Answer::json(status, body, Says::One("event")).header("etag", format!("W/\"{}\"", event.change_key())))
}
