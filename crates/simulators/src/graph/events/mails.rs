//! What Exchange mails for meetings, and the copies that come into other mailboxes. Nothing keeps it silent.

use super::shown::uid;
use crate::graph::store::{Gone, Item, Kind, Mailbox};
use crate::graph::world::World;
use crate::outbox::{Mail, MailMethod};
use jiff::civil::Date;
use serde_json::{Value, json};

/// Properties of a copy that are its own.
const PRIVATE: &[&str] = &["categories", "isReminderOn", "reminderMinutesBeforeStart", "showAs", "responseStatus", "transactionId"];

/// The addresses of an event's attendees, without the owner's.
pub(crate) fn attendees(attendees: Option<&Value>, owner: &str) -> Vec<String> {
    let all = attendees.and_then(Value::as_array).into_iter().flatten();
    let address = |attendee: &Value| attendee.pointer("/emailAddress/address").and_then(Value::as_str).map(str::to_owned);
    all.filter_map(address).filter(|address| !address.is_empty() && !address.eq_ignore_ascii_case(owner)).collect()
}

/// Whether the owner of a mailbox made an event.
pub(crate) fn organises(item: &Item) -> bool {
    item.properties.get("isOrganizer") != Some(&Value::Bool(false))
}

/// Mails to each of these.
pub(crate) fn send(world: &mut World, owner: &str, key: u64, day: Option<Date>, to: &[String], method: MailMethod, answer: Option<&str>) {
    let Some(mailbox) = world.store.mailboxes.get(owner) else { return };
    let Some(item) = mailbox.items.get(&key) else { return };
    let own = day.and_then(|day| item.series.exceptions.get(&day)).and_then(|exception| exception.properties.get("subject"));
    let summary = own.and_then(Value::as_str).unwrap_or_else(|| item.text("subject")).to_owned();
    let (uid, from) = (uid(mailbox, item, None), mailbox.owner.clone());
    let mails = to.iter().map(|to| Mail {
        from: from.clone(),
        to: to.clone(),
        method,
        uid: uid.clone(),
        summary: summary.clone(),
        answer: answer.map(str::to_owned),
    });
    world.outbox.extend(mails);
}

/// Brings the copies of these attendees, where they have mailboxes here, to what the organiser's event is.
pub(crate) fn deliver(world: &mut World, owner: &str, key: u64, to: &[String]) {
    let Some(mailbox) = world.store.mailboxes.get(owner) else { return };
    let Some(item) = mailbox.items.get(&key).cloned() else { return };
    let uid = uid(mailbox, &item, None);
    let organiser = json!({"emailAddress": {"name": mailbox.owner, "address": mailbox.owner}});
    let now = world.now();
    for address in to {
        let Some(theirs) = world.store.mailboxes.get_mut(&address.to_lowercase()) else { continue };
        let mut properties = item.properties.clone();
        properties.retain(|name, _| !PRIVATE.contains(&name.as_str()));
        for (name, value) in [("isOrganizer", json!(false)), ("organizer", organiser.clone()), ("iCalUId", Value::from(uid.as_str()))] {
            properties.insert(name.to_owned(), value);
        }
        let key = match copy(theirs, &uid) {
            Some(key) => key,
            None => {
                let calendar = theirs.known("calendar");
                for (name, value) in [
                    ("responseStatus", json!({"response": "notResponded", "time": "0001-01-01T00:00:00Z"})),
                    ("showAs", json!("tentative")),
                ] {
                    properties.insert(name.to_owned(), value);
                }
                theirs.add(Kind::Event, calendar, properties.clone(), now)
            }
        };
        if let Some(copy) = theirs.items.get_mut(&key) {
            let own = copy.properties.iter().filter(|(name, _)| PRIVATE.contains(&name.as_str()));
            let own: Vec<(String, Value)> = own.map(|(name, value)| (name.clone(), value.clone())).collect();
            properties.extend(own);
            copy.properties = properties;
            copy.parts.clone_from(&item.parts);
            copy.series = item.series.clone();
        }
        theirs.touch(key, now);
        let version = theirs.seq;
        for exception in theirs.items.get_mut(&key).into_iter().flat_map(|copy| copy.series.exceptions.values_mut()) {
            exception.version = version;
        }
    }
}

/// Marks the copies of these attendees as cancelled.
pub(crate) fn cancel(world: &mut World, uid: &str, to: &[String]) {
    let now = world.now();
    for address in to {
        let Some(theirs) = world.store.mailboxes.get_mut(&address.to_lowercase()) else { continue };
        let Some(key) = copy(theirs, uid) else { continue };
        if let Some(copy) = theirs.items.get_mut(&key) {
            let subject = format!("Canceled: {}", copy.text("subject"));
            for (name, value) in [("isCancelled", json!(true)), ("subject", Value::from(subject)), ("showAs", json!("free"))] {
                copy.properties.insert(name.to_owned(), value);
            }
        }
        theirs.touch(key, now);
    }
}

/// An attendee's answer comes to the organiser, where that one has a mailbox here.
pub(crate) fn answered(world: &mut World, organiser: &str, uid: &str, attendee: &str, response: &str) {
    let now = world.now();
    let Some(theirs) = world.store.mailboxes.get_mut(&organiser.to_lowercase()) else { return };
    let Some(key) = copy(theirs, uid) else { return };
    let all = theirs.items.get_mut(&key).and_then(|item| item.properties.get_mut("attendees")).and_then(Value::as_array_mut);
    for one in all.into_iter().flatten() {
        let is = one.pointer("/emailAddress/address").and_then(Value::as_str).is_some_and(|address| address.eq_ignore_ascii_case(attendee));
        if let Some(one) = one.as_object_mut().filter(|_| is) {
            one.insert("status".to_owned(), json!({"response": response, "time": crate::graph::show::whole_seconds(now)}));
        }
    }
    theirs.touch(key, now);
}

/// The event of a mailbox that is the meeting with this identifier.
fn copy(mailbox: &Mailbox, wanted: &str) -> Option<u64> {
    mailbox.of(Kind::Event, None).into_iter().find(|item| uid(mailbox, item, None) == wanted).map(|item| item.key)
}

/// An event goes to Deleted Items.
pub(crate) fn bin(mailbox: &mut Mailbox, key: u64) {
    let bin = mailbox.known("deleteditems");
    mailbox.relocate(key, bin, Gone::Deleted);
}
