//! VEVENT (RFC 5545 section 3.6.1).

use jiff::Timestamp;
use jiff::civil::Time;
use pimkit_core::series::Series;
use pimkit_core::{Event, EventStatus, Field, Fields, FreeBusy, Kind, RecurrenceId, When};

use super::item::{Item, Pen};
use super::lines::set_value;
use super::shared::{self, Shared, choice};
use super::{Context, alarms, files, people, rules, time};
use crate::FormatError;
use crate::recurrence::Wall;
use crate::text::{Component, ContentLine};

/// Outlook's way to say that an event at midnight is all-day.
const ALL_DAY: &str = "X-MICROSOFT-CDO-ALLDAYEVENT";

fn says_all_day(c: &Component) -> bool {
    c.content(ALL_DAY).is_some_and(|line| line.value().trim().eq_ignore_ascii_case("TRUE"))
}

/// A time line; one that is there but is no time is damage.
pub(super) fn time_of(c: &Component, name: &'static str, context: &Context, what: &'static str) -> Result<Option<When>, FormatError> {
    let Some(line) = c.line(name) else { return Ok(None) };
    let read = line.content().and_then(|content| time::read(&content, &context.zones));
    read.map(Some).ok_or(FormatError::Malformed { line: line.number(), what })
}

fn is_midnight(time: &When) -> bool {
    time.wall().time() == Time::midnight()
}

fn read_start(c: &Component, context: &Context) -> Result<Option<When>, FormatError> {
    let start = time_of(c, "DTSTART", context, "DTSTART is no date or time")?;
    Ok(start.map(|start| if !start.is_all_day() && says_all_day(c) && is_midnight(&start) { When::all_day(start.date()) } else { start }))
}

/// The end, repaired to the type of the start: a date with a timed start is midnight on its wall, a time with an all-day start
/// the day after it began (the end is exclusive). An end at or before the start of a day is one day
/// (SimpleMobileTools/Simple-Calendar#976); one before a timed start is the start.
fn read_end(c: &Component, start: Option<&When>, context: &Context) -> Result<Option<When>, FormatError> {
    let end = time_of(c, "DTEND", context, "DTEND is no date or time")?;
    let Some(start) = start else { return Ok(end) };
    let end = match end {
        Some(end) => end,
        None => {
            let Some(line) = c.line("DURATION") else { return Ok(None) };
            let span = line.content().and_then(|content| time::Span::read(content.value()));
            match span.and_then(|span| span.after(start)) {
                Some(end) => end,
                None => return Err(FormatError::Malformed { line: line.number(), what: "DURATION is no duration" }),
            }
        }
    };
    let end = match (start, end) {
        (When::AllDay { on: first }, end) => {
            let last = if end.is_all_day() || is_midnight(&end) { Some(end.date()) } else { end.date().tomorrow().ok() };
            let next = first.tomorrow().unwrap_or(*first);
            When::all_day(last.filter(|last| last > first).unwrap_or(next))
        }
        (start, When::AllDay { on }) => start.with_wall(on.to_datetime(Time::midnight())),
        (When::Zoned { zone, .. }, When::Floating { at }) => When::Zoned { at, zone: zone.clone() },
        (_, end) => end,
    };
    let before = match (instant(start), instant(&end)) {
        (Some(start), Some(end)) => end < start,
        _ => start.zone() == end.zone() && end.wall() < start.wall(),
    };
    Ok(Some(if before { start.clone() } else { end }))
}

fn instant(time: &When) -> Option<Timestamp> {
    Wall::of(Some(time)).instant(time.wall())
}

fn status_word(status: EventStatus) -> &'static str {
    match status {
        EventStatus::Confirmed => "CONFIRMED",
        EventStatus::Cancelled => "CANCELLED",
        EventStatus::Tentative => "TENTATIVE",
    }
}

fn shared_of(event: &Event) -> Shared {
    let e = event.clone();
    Shared {
        uid: e.uid,
        title: e.title,
        description: e.description,
        privacy: e.privacy,
        priority: e.priority,
        color: e.color,
        keywords: e.keywords,
        locations: e.locations,
        links: e.links,
        attachments: e.attachments,
        alerts: e.alerts,
        custom: e.custom,
        sequence: e.sequence,
        created: e.created,
        updated: e.updated,
    }
}

impl Item for Event {
    const COMPONENT: &'static str = "VEVENT";
    const OTHER: (&'static str, Kind) = ("VTODO", Kind::Task);

    fn read_component(c: &Component, with_rules: bool, context: &Context) -> Result<Self, FormatError> {
        let shared = shared::read(c, context);
        let start = read_start(c, context)?;
        let end = read_end(c, start.as_ref(), context)?;
        let wall = Wall::of(start.as_ref());
        let rules = |name| if with_rules { rules::read(c, name, &wall) } else { Ok(Vec::new()) };
        let (recurrence_rules, excluded_recurrence_rules) = (rules("RRULE")?, rules("EXRULE")?);
        Ok(pimkit_core::Record::build(|e: &mut Self| {
            e.uid = shared.uid;
            e.title = shared.title;
            e.description = shared.description;
            e.privacy = shared.privacy;
            e.priority = shared.priority;
            e.color = shared.color;
            e.keywords = shared.keywords;
            e.locations = shared.locations;
            e.links = shared.links;
            e.attachments = shared.attachments;
            e.alerts = shared.alerts;
            e.custom = shared.custom;
            e.sequence = shared.sequence;
            e.created = shared.created;
            e.updated = shared.updated;
            e.start = start;
            e.end = end;
            e.recurrence_rules = recurrence_rules;
            e.excluded_recurrence_rules = excluded_recurrence_rules;
            e.status = choice(c, "STATUS", |word| match word {
                "CONFIRMED" => Some(EventStatus::Confirmed),
                "CANCELLED" => Some(EventStatus::Cancelled),
                "TENTATIVE" => Some(EventStatus::Tentative),
                _ => None,
            });
            e.free_busy_status = choice(c, "TRANSP", |word| match word {
                "OPAQUE" => Some(FreeBusy::Busy),
                "TRANSPARENT" => Some(FreeBusy::Free),
                _ => None,
            });
            e.virtual_locations = files::read_conferences(c);
            e.organizer = people::read_organizer(c);
            e.participants = people::read_participants(c);
        }))
    }

    fn patch_component(c: &mut Component, base: &Self, target: &Self, pen: &Pen<'_>) -> Result<(), FormatError> {
        let context = pen.context;
        let times_differ = base.start != target.start
            || base.end != target.end
            || base.recurrence_rules != target.recurrence_rules
            || base.excluded_recurrence_rules != target.excluded_recurrence_rules;
        if times_differ {
            patch_times(c, base, target, context)?;
        }
        set_value(c, "STATUS", base.status.map(status_word), target.status.map(status_word));
        let transparency = |status: Option<FreeBusy>| {
            status.map(|status| match status {
                FreeBusy::Busy => "OPAQUE",
                FreeBusy::Free => "TRANSPARENT",
            })
        };
        set_value(c, "TRANSP", transparency(base.free_busy_status), transparency(target.free_busy_status));
        people::patch_organizer(c, base.organizer.as_ref(), target.organizer.as_ref());
        people::patch_participants(c, &base.participants, &target.participants)?;
        files::patch_conferences(c, &base.virtual_locations, &target.virtual_locations)?;
        let words = alarms::Words {
            title: target.title.as_deref(),
            address: target.organizer.as_ref().map(|o| o.address.as_str()).or(target.participants.first().map(|p| p.address.as_str())),
        };
        shared::patch(c, &shared_of(base), &shared_of(target), &words, pen.blobs, context)
    }

    fn is_rescheduled(base: &Self, target: &Self) -> bool {
        base.start != target.start
            || base.end != target.end
            || base.recurrence_rules != target.recurrence_rules
            || base.excluded_recurrence_rules != target.excluded_recurrence_rules
            || base.status != target.status
    }

    fn times(&self) -> Vec<&When> {
        self.start.iter().chain(self.end.iter()).collect()
    }

    fn take_times_from(&mut self, expected: &Self) {
        if self.start.is_none() {
            self.start = expected.start.clone();
            self.end = self.end.take().or_else(|| expected.end.clone());
        }
    }

    fn lasting_until(&self, id: RecurrenceId, end: When) -> Fields {
        if self.occurrence(id).end.as_ref() == Some(&end) {
            return Fields::new();
        }
        serde_json::to_value(end).map(|end| Fields::from([(Field::from("end"), end)])).unwrap_or_default()
    }

    fn stamps(&self) -> (u32, Option<Timestamp>, Option<Timestamp>) {
        (self.sequence, self.created, self.updated)
    }
}

fn patch_times(c: &mut Component, base: &Event, target: &Event, context: &Context) -> Result<(), FormatError> {
    if base.start != target.start {
        put_time(c, "DTSTART", target.start.as_ref(), context)?;
        let whole_days = target.start.as_ref().is_some_and(When::is_all_day);
        if c.line(ALL_DAY).is_some() && says_all_day(c) != whole_days {
            super::lines::put_value(c, ALL_DAY, Some(if whole_days { "TRUE" } else { "FALSE" }));
        }
    }
    // A DURATION that still says the end, and a DTEND that nothing changed, stay as they are.
    if read_end(c, target.start.as_ref(), context).ok().flatten() != target.end {
        c.remove("DURATION");
        put_time(c, "DTEND", target.end.as_ref(), context)?;
    }
    // UNTIL has the case of the start (RFC 5545 section 3.3.10).
    if base.start != target.start
        || base.recurrence_rules != target.recurrence_rules
        || base.excluded_recurrence_rules != target.excluded_recurrence_rules
    {
        let wall = Wall::of(target.start.as_ref());
        rules::patch(c, "RRULE", &target.recurrence_rules, &wall);
        rules::patch(c, "EXRULE", &target.excluded_recurrence_rules, &wall);
    }
    Ok(())
}

/// Makes a time property say `time`.
pub(super) fn put_time(c: &mut Component, name: &str, time: Option<&When>, context: &Context) -> Result<(), FormatError> {
    match time {
        Some(time) => {
            let mut line = c.content(name).unwrap_or_else(|| ContentLine::new(name, ""));
            if time::read(&line, &context.zones).as_ref() != Some(time) {
                context.zones.set_time(&mut line, time)?;
            }
            c.set(name, line);
        }
        None => {
            c.remove(name);
        }
    }
    Ok(())
}
