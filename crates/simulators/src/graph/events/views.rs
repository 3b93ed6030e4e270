//! Windows of a calendar, the instances of a series, and what changed in either.

use super::shown::{Event, EventView, OF_INSTANCES};
use super::times::{Times, occurrences, parse, rule};
use crate::graph::answer::{Result, Says, refuse};
use crate::graph::ask::Ask;
use crate::graph::delta::{Followed, Round, places, refuse_options, removed};
use crate::graph::ids::{self, Form};
use crate::graph::odata::View;
use crate::graph::show;
use crate::graph::store::{Gone, Item, Kind, Row, Scope};
use crate::graph::world::Call;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

/// The longest window, in days.
const LONGEST: i64 = 1825;

/// The window that a request names.
///
/// # Errors
/// 400 without both ends, and for windows that are too long.
fn window(ask: &Ask) -> Result<(Timestamp, Timestamp)> {
    let read = |name: &str| {
        let text = ask.option(name)?;
        let utc = |text: &str| parse(text).and_then(|wall| wall.to_zoned(TimeZone::UTC).ok()).map(|zoned| zoned.timestamp());
        text.parse::<Timestamp>().ok().or_else(|| utc(text))
    };
    let (Some(from), Some(to)) = (read("startdatetime"), read("enddatetime")) else {
        return refuse(
            400,
            "ErrorInvalidParameter",
            "This request requires a time window specified by the query string parameters StartDateTime and EndDateTime.",
        );
    };
    if to < from {
        return refuse(400, "ErrorInvalidParameter", "The end of the time window is before its start.");
    }
    if to.as_second() - from.as_second() > LONGEST * 86_400 {
        return refuse(400, "ErrorCalendarViewRangeTooBig", format!("The requested time window is longer than {LONGEST} days."));
    }
    Ok((from, to))
}

/// What of an event lies in a window: the event itself, or occurrences of it.
fn parts(item: &Item, from: Timestamp, to: Timestamp) -> Vec<Option<Date>> {
    if rule(item).is_some() {
        return occurrences(item, from, to).into_iter().map(|occurrence| Some(occurrence.day)).collect();
    }
    if Times::of(&item.properties).within(from, to) { vec![None] } else { Vec::new() }
}

/// `/calendarView` of a calendar.
pub(crate) fn calendar_view(call: &Call<'_>, calendar: u64) -> Result {
    let (from, to) = window(call.ask)?;
    let view = EventView::read(call, false)?;
    not_in_listings(&view)?;
    let mailbox = call.mailbox()?;
    let items = mailbox.of(Kind::Event, Some(calendar));
    let mut all: Vec<Event<'_>> =
        items.into_iter().flat_map(|item| parts(item, from, to).into_iter().map(move |day| Event::of(mailbox, item, day))).collect();
    all.sort_by_key(|event| event.times.starts());
    let utc = in_utc(&view);
    let context = call.context(&format!("users('{}')/calendarView", call.owner));
    show::listing(call.ask, "event", context, all, &|event, name| event.value(name, &utc), &|event| event.shown(&view))
}

/// `/instances` of a series.
pub(crate) fn instances(call: &Call<'_>, key: u64) -> Result {
    let (from, to) = window(call.ask)?;
    let view = EventView { optional: OF_INSTANCES, ..EventView::read(call, false)? };
    not_in_listings(&view)?;
    let (mailbox, item) = (call.mailbox()?, call.item(key)?);
    if rule(item).is_none() {
        return refuse(400, "ErrorInvalidRequest", "Expanding instances is only supported for recurring master events.");
    }
    let all: Vec<Event<'_>> =
        occurrences(item, from, to).into_iter().map(|occurrence| Event::of(mailbox, item, Some(occurrence.day))).collect();
    let utc = in_utc(&view);
    let context = call.context(&format!("users('{}')/events/instances", call.owner));
    show::listing(call.ask, "event", context, all, &|event, name| event.value(name, &utc), &|event| event.shown(&view))
}

/// `/events` of a calendar: single events and series.
pub(crate) fn list(call: &Call<'_>, calendar: u64) -> Result {
    let view = EventView::read(call, false)?;
    not_in_listings(&view)?;
    let mailbox = call.mailbox()?;
    let all: Vec<Event<'_>> = mailbox.of(Kind::Event, Some(calendar)).into_iter().map(|item| Event::of(mailbox, item, None)).collect();
    let utc = in_utc(&view);
    let context = call.context(&format!("users('{}')/events", call.owner));
    show::listing(call.ask, "event", context, all, &|event, name| event.value(name, &utc), &|event| event.shown(&view))
}

/// Where filters look, times are in UTC.
pub(crate) fn in_utc(view: &EventView) -> EventView {
    EventView { zone: crate::graph::zones::Zone::utc(), ..view.clone() }
}

/// The exceptions of a series are told of a single one.
fn not_in_listings(view: &EventView) -> Result<()> {
    match view.view.expand.iter().find(|expand| matches!(expand.name, "exceptionOccurrences" | "instances")) {
        Some(expand) => {
            refuse(400, "ErrorInvalidRequest", format!("$expand of '{}' is supported for a single series master only.", expand.name))
        }
        None => Ok(()),
    }
}

/// `/events/delta` of a calendar: single events and series, nothing expanded.
pub(crate) fn events_delta(call: &Call<'_>, calendar: u64) -> Result {
    let rules = call.rules();
    if rules.delta.events_missing {
        return refuse(501, "NotImplemented", "Change tracking is not supported against 'microsoft.graph.event'.");
    }
    let started = call.ask.option("startdatetime").or(call.ask.option("deltatoken")).or(call.ask.option("skiptoken"));
    if rules.delta.events_need_start && started.is_none() {
        return refuse(400, "ErrorInvalidParameter", "This request requires the query string parameter StartDateTime.");
    }
    let mailbox = call.mailbox()?;
    let scope = Scope { kind: Kind::Event, parent: Some(calendar) };
    let refused = &["filter", "orderby", "search", "expand", "skip", "count"];
    let followed = Followed { scope, of: "event", refused, context: call.context("Collection(event)") };
    let there = |key: u64| mailbox.items.get(&key).filter(|item| item.parent == calendar);
    followed.answer(call.world, mailbox, call.ask, &|key, view, _| {
        let item = there(key)?;
        let view = EventView::of(view.clone(), call, false).ok()?;
        Some(Event::of(mailbox, item, None).shown(&view))
    })
}

/// `/calendarView/delta` of a calendar: everything expanded within a window that does not slide. What changed and lies outside of it
/// is told as removed, be it there or not (microsoftgraph/microsoft-graph-docs#6599).
pub(crate) fn view_delta(call: &Call<'_>, calendar: u64) -> Result {
    let mailbox = call.mailbox()?;
    for (name, code) in
        [("expand", "initialState"), ("select", "$select"), ("filter", "$filter"), ("orderby", "$orderby"), ("search", "$search")]
    {
        if call.ask.option(name).is_some() {
            return refuse(
                400,
                "ErrorInvalidUrlQuery",
                format!("The following parameters are not supported with change tracking over the 'CalendarView' resource: '{code}'."),
            );
        }
    }
    refuse_options(call.ask, &["skip", "count"])?;
    let what = format!("{}/view/{calendar}", mailbox.owner.to_lowercase());
    let round = Round::read(call.world, call.ask, &what, mailbox.seq, &mailbox.undone)?;
    let (from, to) = window(&round.asked(call.ask))?;
    let rules = call.rules();
    let view = EventView::of(View::whole(call.ask), call, false)?;
    let first = round.token.since.is_none();
    let immutable = call.ask.prefer.immutable;
    let scope = Scope { kind: Kind::Event, parent: Some(calendar) };
    let places = places(mailbox, &round, scope, immutable, rules.delta.forgets_returns);
    let form = if immutable { Form::Immutable } else { Form::Default };
    let gone = |key: u64, generation: u32| removed(ids::write(&mailbox.secret, key, None, generation, form), Gone::Deleted);
    let rows = |row: &Row| match row {
        Row::Gone(key, generation, _) => vec![gone(*key, *generation)],
        Row::There(key) => {
            let Some(item) = mailbox.items.get(key).filter(|item| item.parent == calendar) else { return Vec::new() };
            let days = parts(item, from, to);
            let whole = Event::of(mailbox, item, None);
            match days.as_slice() {
                [] if first => Vec::new(),
                [] => vec![gone(item.key, item.generation)],
                [None] => vec![whole.shown(&view)],
                days => {
                    let mut rows = vec![whole.shown(&view)];
                    rows.extend(days.iter().flatten().map(|day| {
                        let event = Event::of(mailbox, item, Some(*day));
                        if event.exception.is_some() { event.shown(&view) } else { event.bare(&view) }
                    }));
                    rows
                }
            }
        }
    };
    Ok(round.page(call.world, call.ask, Says::Many("event"), call.context("Collection(event)"), places, &rows))
}

/// `/events/$count` of a calendar.
pub(crate) fn count(call: &Call<'_>, calendar: u64) -> Result {
    let mailbox = call.mailbox()?;
    let view = EventView::whole(call)?;
    let all: Vec<Event<'_>> = mailbox.of(Kind::Event, Some(calendar)).into_iter().map(|item| Event::of(mailbox, item, None)).collect();
    show::count(call.ask, "event", &all, &|event, name| -> Value { event.value(name, &view) })
}
