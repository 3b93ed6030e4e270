//! Events (<https://learn.microsoft.com/graph/api/resources/event>).

mod actions;
mod mails;
mod recur;
mod shown;
mod times;
mod views;
mod write;

pub(crate) use actions::withdraw;
pub(crate) use recur::Rule;
pub(crate) use times::parse as wall;
pub(crate) use views::{calendar_view, view_delta};

use crate::graph::answer::{Result, no_such_method, no_such_path, not_found};
use crate::graph::attachments::{self, Owner};
use crate::graph::store::Kind;
use crate::graph::world::Call;
use jiff::civil::Date;
use shown::EventView;

/// Requests below `/events` of a calendar; single events are found wherever they are if `anywhere`.
pub(crate) fn events(call: &mut Call<'_>, calendar: u64, anywhere: bool, rest: &[&str]) -> Result {
    let method = call.ask.method.as_str();
    let [id, rest @ ..] = rest else {
        return match method {
            "GET" => views::list(call, calendar),
            "POST" => write::create(call, calendar),
            _ => Err(no_such_method()),
        };
    };
    match (method, id.to_lowercase().as_str(), rest) {
        ("GET", "delta", []) => return views::events_delta(call, calendar),
        ("GET", "$count", []) => return views::count(call, calendar),
        _ => {}
    }
    let (key, day) = found(call, id)?;
    if !anywhere && call.item(key)?.parent != calendar {
        return Err(not_found());
    }
    one(call, key, day, rest)
}

/// The event of an id, and the day of the occurrence that it is of.
pub(crate) fn found(call: &Call<'_>, id: &str) -> Result<(u64, Option<Date>)> {
    let (item, named) = call.find(id, Kind::Event)?;
    match named.day {
        Some(day) if !times::occurs(item, day) => Err(not_found()),
        day => Ok((item.key, day)),
    }
}

fn one(call: &mut Call<'_>, key: u64, day: Option<Date>, rest: &[&str]) -> Result {
    let method = call.ask.method.as_str();
    match (method, rest) {
        ("GET", []) => {
            let rules = &call.rules().events;
            let view = EventView::read(call, true)?;
            let tells = rules.tells_exceptions && day.is_none() && times::rule(call.item(key)?).is_some();
            let named = view.view.expands("exceptionOccurrences").is_some();
            if named && !tells {
                return crate::graph::answer::refuse(
                    400,
                    "ErrorInvalidRequest",
                    "$expand of 'exceptionOccurrences' is supported for a series master only.",
                );
            }
            let view = EventView { single: view.single && rules.tells_exceptions, ..view };
            write::one(call, key, day, 200, &view)
        }
        ("PATCH", []) => write::update(call, key, day),
        ("DELETE", []) => actions::delete(call, key, day, false),
        (_, []) => Err(no_such_method()),
        ("GET", [name]) if name.eq_ignore_ascii_case("instances") => views::instances(call, key),
        ("GET", [name]) if name.eq_ignore_ascii_case("calendar") => {
            let calendar = call.item(key)?.parent;
            crate::graph::calendars::one(call, calendar, &[])
        }
        (_, [name, rest @ ..]) if name.eq_ignore_ascii_case("attachments") => {
            write::writable(call, call.item(key)?.parent)?;
            let before = call.item(key)?.version;
            let answer = attachments::attachments(call, Owner { kind: Kind::Event, key, day }, rest, true)?;
            if call.item(key)?.version != before {
                tell_of_attachment(call, key, day)?;
            }
            Ok(answer)
        }
        (_, [name, rest @ ..]) if name.eq_ignore_ascii_case("extensions") => crate::graph::extensions::extensions(call, key, rest),
        ("POST", [action]) => actions::act(call, key, day, action),
        (_, [name, ..]) => Err(no_such_path(name)),
    }
}

/// The guests of a meeting hear of what was attached to it, or taken off.
pub(crate) fn tell_of_attachment(call: &mut Call<'_>, key: u64, day: Option<Date>) -> Result<()> {
    if !mails::organises(call.item(key)?) {
        return Ok(());
    }
    let attendees = call.item(key)?.properties.get("attendees").cloned();
    write::notify(call, key, day, attendees.as_ref())
}
