//! VTODO (RFC 5545 section 3.6.2).

use jiff::Timestamp;
use pimkit_core::series::Series;
use pimkit_core::{Fields, Kind, Progress, RecurrenceId, Task, When};

use super::event::{put_time, time_of};
use super::item::{Item, Pen};
use super::lines::{put_value, set_value};
use super::shared::{self, Shared, choice};
use super::{Context, alarms, rules, time};
use crate::FormatError;
use crate::recurrence::{Wall, write_utc};
use crate::text::{Component, ContentLine, Line};

/// DUE, or DTSTART and DURATION.
fn read_due(c: &Component, start: Option<&When>, context: &Context) -> Result<Option<When>, FormatError> {
    if let Some(due) = time_of(c, "DUE", context, "DUE is no date or time")? {
        return Ok(Some(due));
    }
    let (Some(start), Some(line)) = (start, c.line("DURATION")) else { return Ok(None) };
    let span = line.content().and_then(|content| time::Span::read(content.value()));
    match span.and_then(|span| span.after(start)) {
        Some(due) => Ok(Some(due)),
        None => Err(FormatError::Malformed { line: line.number(), what: "DURATION is no duration" }),
    }
}

fn completed(c: &Component, context: &Context) -> Option<Timestamp> {
    time::read_instant(&c.content("COMPLETED")?, &context.zones)
}

fn percent(c: &Component) -> Option<u8> {
    c.content("PERCENT-COMPLETE").and_then(|line| line.value().trim().parse::<u32>().ok()).and_then(|n| u8::try_from(n.min(100)).ok())
}

fn progress_word(progress: Progress) -> &'static str {
    match progress {
        Progress::NeedsAction => "NEEDS-ACTION",
        Progress::InProcess => "IN-PROCESS",
        Progress::Completed => "COMPLETED",
        // RFC 5545 has no word for it, and servers refuse words that it lacks: the parameter says the rest.
        Progress::Failed => "NEEDS-ACTION",
        Progress::Cancelled => "CANCELLED",
    }
}

/// Says on STATUS what its word cannot (RFC 8984 section 5.2.5: `failed`). A parameter, so that a program that sets another
/// status takes it away.
const PROGRESS: &str = "X-PIMKIT-PROGRESS";

fn progress(c: &Component) -> Option<Progress> {
    let says_failed = |line: &ContentLine| line.param_value(PROGRESS).is_some_and(|word| word.eq_ignore_ascii_case("failed"));
    choice(c, "STATUS", |word| match word {
        "NEEDS-ACTION" if c.content("STATUS").is_some_and(|line| says_failed(&line)) => Some(Progress::Failed),
        "NEEDS-ACTION" => Some(Progress::NeedsAction),
        "IN-PROCESS" => Some(Progress::InProcess),
        "COMPLETED" => Some(Progress::Completed),
        // A word of draft-ietf-calext-ical-tasks: read, and never written.
        "FAILED" => Some(Progress::Failed),
        "CANCELLED" => Some(Progress::Cancelled),
        _ => None,
    })
}

fn patch_progress(c: &mut Component, base: Option<Progress>, target: Option<Progress>) {
    if base == target {
        return;
    }
    put_value(c, "STATUS", target.map(progress_word));
    if let Some(mut line) = c.content("STATUS") {
        if target == Some(Progress::Failed) {
            line.set_param(PROGRESS, ["failed"]);
        } else {
            line.remove_param(PROGRESS);
        }
        c.set("STATUS", line);
    }
}

/// A RELATED-TO that names the parent: RELTYPE is PARENT when absent (RFC 5545 section 3.2.15).
fn is_parent(line: &Line) -> bool {
    line.is("RELATED-TO")
        && line.content().is_some_and(|content| {
            !content.value().trim().is_empty() && content.param_value("RELTYPE").is_none_or(|kind| kind.eq_ignore_ascii_case("PARENT"))
        })
}

fn parent(c: &Component, context: &Context) -> Option<String> {
    let line = c.lines().find(|line| is_parent(line))?.content()?;
    Some(line.text(context.dialect).trim().to_owned())
}

fn patch_parent(c: &mut Component, base: Option<&str>, target: Option<&str>, context: &Context) {
    if base == target {
        return;
    }
    let Some(target) = target else {
        // Of several parents a record knows the first; the others stay.
        let first = c.lines().find(|line| is_parent(line)).map(Line::value);
        c.remove_where(|line| is_parent(line) && Some(line.value()) == first);
        return;
    };
    if let Some(line) = c.lines_mut().find(|line| is_parent(line)) {
        if let Some(mut content) = line.content() {
            content.set_text(target, context.dialect);
            line.set_content(content);
        }
        return;
    }
    c.add(ContentLine::text_line("RELATED-TO", target, context.dialect));
}

fn shared_of(task: &Task) -> Shared {
    let t = task.clone();
    Shared {
        uid: t.uid,
        title: t.title,
        description: t.description,
        privacy: t.privacy,
        priority: t.priority,
        color: t.color,
        keywords: t.keywords,
        locations: t.locations,
        links: t.links,
        attachments: t.attachments,
        alerts: t.alerts,
        custom: t.custom,
        sequence: t.sequence,
        created: t.created,
        updated: t.updated,
    }
}

impl Item for Task {
    const COMPONENT: &'static str = "VTODO";
    const OTHER: (&'static str, Kind) = ("VEVENT", Kind::Event);

    fn read_component(c: &Component, with_rules: bool, context: &Context) -> Result<Self, FormatError> {
        let shared = shared::read(c, context);
        let start = time_of(c, "DTSTART", context, "DTSTART is no date or time")?;
        let due = read_due(c, start.as_ref(), context)?;
        let wall = Wall::of(start.as_ref().or(due.as_ref()));
        let rules = |name| if with_rules { rules::read(c, name, &wall) } else { Ok(Vec::new()) };
        let (recurrence_rules, excluded_recurrence_rules) = (rules("RRULE")?, rules("EXRULE")?);
        Ok(pimkit_core::Record::build(|t: &mut Self| {
            t.uid = shared.uid;
            t.title = shared.title;
            t.description = shared.description;
            t.privacy = shared.privacy;
            t.priority = shared.priority;
            t.color = shared.color;
            t.keywords = shared.keywords;
            t.locations = shared.locations;
            t.links = shared.links;
            t.attachments = shared.attachments;
            t.alerts = shared.alerts;
            t.custom = shared.custom;
            t.sequence = shared.sequence;
            t.created = shared.created;
            t.updated = shared.updated;
            t.start = start;
            t.due = due;
            t.recurrence_rules = recurrence_rules;
            t.excluded_recurrence_rules = excluded_recurrence_rules;
            t.progress = progress(c);
            t.percent_complete = percent(c);
            t.completed = completed(c, context);
            t.parent = parent(c, context);
        }))
    }

    fn patch_component(c: &mut Component, base: &Self, target: &Self, pen: &Pen<'_>) -> Result<(), FormatError> {
        let context = pen.context;
        if base.start != target.start {
            put_time(c, "DTSTART", target.start.as_ref(), context)?;
        }
        if (base.start != target.start || base.due != target.due)
            && read_due(c, target.start.as_ref(), context).ok().flatten() != target.due
        {
            c.remove("DURATION");
            put_time(c, "DUE", target.due.as_ref(), context)?;
        }
        let anchor_differs = Series::start(base) != Series::start(target);
        if anchor_differs
            || base.recurrence_rules != target.recurrence_rules
            || base.excluded_recurrence_rules != target.excluded_recurrence_rules
        {
            let wall = Wall::of(Series::start(target));
            rules::patch(c, "RRULE", &target.recurrence_rules, &wall);
            rules::patch(c, "EXRULE", &target.excluded_recurrence_rules, &wall);
        }
        patch_progress(c, base.progress, target.progress);
        let number = |n: Option<u8>| n.map(|n| n.min(100).to_string());
        set_value(c, "PERCENT-COMPLETE", number(base.percent_complete).as_deref(), number(target.percent_complete).as_deref());
        if base.completed != target.completed {
            let mut line = c.content("COMPLETED").unwrap_or_else(|| ContentLine::new("COMPLETED", ""));
            match target.completed {
                Some(at) => {
                    line.remove_param("VALUE");
                    line.remove_param("TZID");
                    line.set_value(&write_utc(at));
                    c.set("COMPLETED", line);
                }
                None => {
                    c.remove("COMPLETED");
                }
            }
        }
        patch_parent(c, base.parent.as_deref(), target.parent.as_deref(), context);
        let words = alarms::Words { title: target.title.as_deref(), address: None };
        shared::patch(c, &shared_of(base), &shared_of(target), &words, pen.blobs, context)
    }

    fn is_rescheduled(base: &Self, target: &Self) -> bool {
        base.start != target.start
            || base.due != target.due
            || base.recurrence_rules != target.recurrence_rules
            || base.excluded_recurrence_rules != target.excluded_recurrence_rules
    }

    fn times(&self) -> Vec<&When> {
        self.start.iter().chain(self.due.iter()).collect()
    }

    fn take_times_from(&mut self, expected: &Self) {
        if self.start.is_none() && self.due.is_none() {
            self.start = expected.start.clone();
            self.due = expected.due.clone();
        }
    }

    fn lasting_until(&self, _: RecurrenceId, _: When) -> Fields {
        // A task is due, it does not last: a period says no more than its start.
        Fields::new()
    }

    fn stamps(&self) -> (u32, Option<Timestamp>, Option<Timestamp>) {
        (self.sequence, self.created, self.updated)
    }
}
