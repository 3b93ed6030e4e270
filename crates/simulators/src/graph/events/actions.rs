//! Events deleted, answered, cancelled and forwarded.

use super::mails;
use super::shown::uid;
use super::write::writable;
use crate::graph::answer::{Answer, Result, invalid, no_such_path, refuse};
use crate::graph::show;
use crate::graph::store::Item;
use crate::graph::world::Call;
use crate::outbox::MailMethod;
use jiff::civil::Date;
use serde_json::{Value, json};

/// DELETE of an event, or of an occurrence of one.
pub(crate) fn delete(call: &mut Call<'_>, key: u64, day: Option<Date>, for_good: bool) -> Result {
    let item = call.item(key)?.clone();
    writable(call, item.parent)?;
    let event = super::shown::Event::of(call.mailbox()?, &item, day);
    let version = event.change_key();
    call.matches(&version)?;
    withdraw(call, &item, day)?;
    match day {
        Some(day) => cancel_day(call, key, day)?,
        None if for_good => call.mailbox_mut()?.remove(key),
        None => mails::bin(call.mailbox_mut()?, key),
    }
    Ok(Answer::empty(204))
}

/// Tells the others that a meeting will not be, or will be without this one.
pub(crate) fn withdraw(call: &mut Call<'_>, item: &Item, day: Option<Date>) -> Result<()> {
    let owner = call.owner.clone();
    let meeting = uid(call.mailbox()?, item, None);
    if mails::organises(item) {
        let mut to = mails::attendees(item.properties.get("attendees"), &owner);
        // Those too who were invited to one occurrence alone.
        let of = item.series.exceptions.iter().filter(|(at, _)| day.is_none_or(|day| day == **at));
        for address in of.flat_map(|(_, exception)| mails::attendees(exception.properties.get("attendees"), &owner)) {
            if !to.contains(&address) {
                to.push(address);
            }
        }
        mails::send(call.world, &owner, item.key, day, &to, MailMethod::Cancel, None);
        match day {
            None => mails::cancel(call.world, &meeting, &to),
            Some(day) => {
                cancel_day(call, item.key, day)?;
                mails::deliver(call.world, &owner, item.key, &to);
            }
        }
        return Ok(());
    }
    let declined = item.properties.pointer_text("/responseStatus/response") == "declined";
    if call.rules().events.deleting_declines && !declined && !item.is("isCancelled") {
        reply(call, item, day, "declined");
    }
    Ok(())
}

/// Text deep in properties.
trait Pointer {
    fn pointer_text(&self, path: &str) -> String;
}

impl Pointer for serde_json::Map<String, Value> {
    fn pointer_text(&self, path: &str) -> String {
        let mut names = path.split('/').skip(1);
        let first = names.next().and_then(|name| self.get(name));
        let found = names.try_fold(first, |at, name| at.map(|at| at.get(name)));
        found.flatten().and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

fn cancel_day(call: &mut Call<'_>, key: u64, day: Date) -> Result<()> {
    let silently = call.rules().delta.cancelled_silently;
    let series = &mut call.item_mut(key)?.series;
    series.exceptions.remove(&day);
    let fresh = series.cancelled.insert(day);
    if fresh && !silently { call.touch(key) } else { Ok(()) }
}

/// Mails an attendee's answer to the organiser.
fn reply(call: &mut Call<'_>, item: &Item, day: Option<Date>, response: &str) {
    let owner = call.owner.clone();
    let organiser = item.properties.pointer_text("/organizer/emailAddress/address");
    let Ok(meeting) = call.mailbox().map(|mailbox| uid(mailbox, item, None)) else { return };
    let answer = match response {
        "accepted" => "ACCEPTED",
        "tentativelyAccepted" => "TENTATIVE",
        _ => "DECLINED",
    };
    mails::send(call.world, &owner, item.key, day, std::slice::from_ref(&organiser), MailMethod::Reply, Some(answer));
    mails::answered(call.world, &organiser, &meeting, &owner, response);
}

/// POST of an action.
pub(crate) fn act(call: &mut Call<'_>, key: u64, day: Option<Date>, action: &str) -> Result {
    let parameters = call.ask.parameters()?;
    let item = call.item(key)?.clone();
    writable(call, item.parent)?;
    let organises = mails::organises(&item);
    match action.to_lowercase().as_str() {
        "permanentdelete" => delete(call, key, day, true),
        answer @ ("accept" | "tentativelyaccept" | "decline") => {
            if organises {
                return Err(invalid(
                    "Your request can't be completed. You can't respond to this meeting because you're the meeting organizer.",
                ));
            }
            let (response, shows) = match answer {
                "accept" => ("accepted", "busy"),
                "decline" => ("declined", "free"),
                _ => ("tentativelyAccepted", "tentative"),
            };
            if parameters.get("sendresponse") != Some(&Value::Bool(false)) {
                reply(call, &item, day, response);
            }
            match (response, day) {
                ("declined", Some(day)) => cancel_day(call, key, day)?,
                ("declined", None) => mails::bin(call.mailbox_mut()?, key),
                _ => {
                    let status = json!({"response": response, "time": show::whole_seconds(call.now)});
                    let properties = &mut call.item_mut(key)?.properties;
                    properties.insert("responseStatus".to_owned(), status);
                    properties.insert("showAs".to_owned(), Value::from(shows));
                    call.touch(key)?;
                }
            }
            Ok(Answer::empty(202))
        }
        "cancel" => {
            if !organises {
                return Err(invalid("Your request can't be completed. You need to be an organizer to cancel a meeting."));
            }
            delete(call, key, day, false)?;
            Ok(Answer::empty(202))
        }
        "forward" => {
            let to: Vec<String> = mails::attendees(parameters.get("torecipients"), "");
            if to.is_empty() {
                return refuse(400, "ErrorInvalidRecipients", "At least one recipient is needed.");
            }
            let owner = call.owner.clone();
            mails::send(call.world, &owner, key, day, &to, MailMethod::Request, None);
            Ok(Answer::empty(202))
        }
        "dismissreminder" => {
            call.item_mut(key)?.properties.insert("isReminderOn".to_owned(), Value::Bool(false));
            call.touch(key)?;
            Ok(Answer::empty(200))
        }
        "snoozereminder" => {
            if parameters.get("newremindertime").is_none_or(|time| !time.is_object()) {
                return Err(invalid("The parameter NewReminderTime is needed."));
            }
            Ok(Answer::empty(200))
        }
        _ => Err(no_such_path(action)),
    }
}
