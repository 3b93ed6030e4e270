//! A resource as one record: master, overrides, added and excluded dates.

use pimkit_core::series::{Exception, assemble};
use pimkit_core::{Override, Overrides, RecurrenceId, When};

use super::item::Item;
use super::{Context, named, time};
use crate::FormatError;
use crate::text::{Component, ContentLine, Document, Line, LineEnd, Node};

/// Where the parts of a record stand in the nodes of their calendar.
pub(super) struct Parts {
    /// The component that the record is.
    pub(super) master: usize,
    /// The components of single occurrences.
    pub(super) overrides: Vec<(RecurrenceId, usize)>,
    /// Older versions of an occurrence (the same UID and RECURRENCE-ID once more), and copies of the master (no id).
    pub(super) outdated: Vec<(Option<RecurrenceId>, usize)>,
    /// The resource has no master: the record is an occurrence to which somebody is invited (RFC 4791 section 4.1), the
    /// others of that series are its overrides.
    pub(super) is_orphan: bool,
}

/// The calendar of the resource that holds the record, among the nodes of the document.
pub(super) fn calendar_at<R: Item>(document: &Document) -> Result<usize, FormatError> {
    let (other, kind) = R::OTHER;
    let mut found = None;
    let (mut is_calendar, mut is_other) = (false, false);
    for (at, node) in document.nodes().iter().enumerate() {
        let Some(calendar) = node.as_component().filter(|c| c.is("VCALENDAR")) else { continue };
        is_calendar = true;
        is_other |= calendar.component(other).is_some();
        if let Some(item) = calendar.component(R::COMPONENT) {
            if found.is_some() {
                return Err(FormatError::Several { component: R::COMPONENT, line: item.begin().number() });
            }
            found = Some(at);
        }
    }
    match (found, is_other) {
        (Some(_), true) => Err(FormatError::Several { component: "calendar item", line: 0 }),
        (Some(at), false) => Ok(at),
        (None, true) => Err(FormatError::OtherKind { found: kind }),
        (None, false) => Err(FormatError::Nothing { component: if is_calendar { R::COMPONENT } else { "VCALENDAR" } }),
    }
}

struct Candidate<'c> {
    at: usize,
    component: &'c Component,
    /// RECURRENCE-ID with its line.
    id: Option<(When, usize)>,
}

impl Candidate<'_> {
    /// The highest SEQUENCE counts, then the latest DTSTAMP (RFC 5546 section 2.1.5).
    fn version(&self) -> (u32, String) {
        let value = |name: &str| self.component.line(name).map(Line::value).unwrap_or_default();
        (value("SEQUENCE").trim().parse().unwrap_or_default(), value("DTSTAMP").trim().to_owned())
    }
}

/// What a component says, its stamps aside.
fn content(c: &Component) -> Vec<u8> {
    let mut c = c.clone();
    for stamp in ["DTSTAMP", "CREATED", "LAST-MODIFIED", "SEQUENCE"] {
        c.remove(stamp);
    }
    c.to_bytes(LineEnd::CrLf)
}

/// Finds the parts of the record.
pub(super) fn parts<R: Item>(calendar: &Component, context: &Context) -> Result<Parts, FormatError> {
    let mut candidates = Vec::new();
    let mut uid: Option<String> = None;
    for (at, node) in calendar.nodes().iter().enumerate() {
        let Some(component) = node.as_component().filter(|c| c.is(R::COMPONENT)) else { continue };
        let own = component.line("UID").map(|line| line.value().trim().to_owned()).unwrap_or_default();
        if uid.get_or_insert_with(|| own.clone()) != &own {
            return Err(FormatError::Several { component: R::COMPONENT, line: component.begin().number() });
        }
        let id = match component.line("RECURRENCE-ID") {
            None => None,
            Some(line) => Some((read_id(line, context)?, line.number())),
        };
        candidates.push(Candidate { at, component, id });
    }
    // Without a UID two components are two items: nothing says that they are one.
    if let (Some(""), Some(second)) = (uid.as_deref(), candidates.get(1)) {
        return Err(FormatError::Several { component: R::COMPONENT, line: second.component.begin().number() });
    }
    // A copy says nothing more; another item under the same UID must not be hidden behind the first.
    let mut same_uid = candidates.iter().filter(|c| c.id.is_none());
    if let Some(first) = same_uid.next()
        && let Some(other) = same_uid.find(|other| content(other.component) != content(first.component))
    {
        return Err(FormatError::Several { component: R::COMPONENT, line: other.component.begin().number() });
    }
    let masters = candidates.iter().filter(|c| c.id.is_none());
    let master = masters.max_by(|a, b| a.version().cmp(&b.version()).then(b.at.cmp(&a.at)));
    let is_orphan = master.is_none();
    let first = candidates.iter().min_by_key(|c| c.id.as_ref().map(|(id, _)| id.wall()));
    let Some(master) = master.or(first) else { return Err(FormatError::Nothing { component: R::COMPONENT }) };
    let record = R::read_component(master.component, false, context)?;
    let mut parts = Parts { master: master.at, overrides: Vec::new(), outdated: Vec::new(), is_orphan };
    let mut versions: Vec<(RecurrenceId, &Candidate<'_>)> = Vec::new();
    for candidate in &candidates {
        if candidate.at == master.at {
            continue;
        }
        let Some((id, line)) = &candidate.id else {
            parts.outdated.push((None, candidate.at));
            continue;
        };
        let Some(start) = record.start() else {
            return Err(FormatError::Malformed { line: *line, what: "an occurrence of a series that has no start" });
        };
        let id = RecurrenceId(time::on_wall(id, start));
        match versions.iter_mut().find(|(known, _)| *known == id) {
            Some((_, known)) if candidate.version() > known.version() => {
                parts.outdated.push((Some(id), known.at));
                *known = candidate;
            }
            Some(_) => parts.outdated.push((Some(id), candidate.at)),
            None => versions.push((id, candidate)),
        }
    }
    parts.overrides = versions.into_iter().map(|(id, candidate)| (id, candidate.at)).collect();
    Ok(parts)
}

/// RECURRENCE-ID; one that means all later occurrences too is refused: a record has one override per occurrence, and taking it
/// for one would show the wrong times on the other side.
fn read_id(line: &Line, context: &Context) -> Result<When, FormatError> {
    let malformed = |what| FormatError::Malformed { line: line.number(), what };
    let content = line.content().ok_or_else(|| malformed("RECURRENCE-ID is no date or time"))?;
    if content.param("RANGE").is_some() {
        return Err(malformed("a change of all later occurrences (RANGE) cannot be held; split the series there"));
    }
    time::read(&content, &context.zones).ok_or_else(|| malformed("RECURRENCE-ID is no date or time"))
}

/// Where an override component's RECURRENCE-ID stands on the wall of a series that starts then.
pub(super) fn id_of(c: &Component, start: &When, context: &Context) -> Option<RecurrenceId> {
    let id = time::read(&c.content("RECURRENCE-ID")?, &context.zones)?;
    Some(RecurrenceId(time::on_wall(&id, start)))
}

/// One value of EXDATE or RDATE.
pub(super) struct DateValue {
    pub(super) text: String,
    /// When it is, or when the PERIOD begins.
    pub(super) from: Option<When>,
    /// The occurrence it names; `None` when it is no date.
    pub(super) id: Option<RecurrenceId>,
    /// The end of a PERIOD.
    pub(super) end: Option<When>,
}

/// The values of an EXDATE or RDATE line for a series that starts then.
pub(super) fn date_values(line: &ContentLine, start: &When, context: &Context) -> Vec<DateValue> {
    line.value()
        .split(',')
        .map(|text| {
            let (from, to) = text.split_once('/').map_or((text, None), |(from, to)| (from, Some(to)));
            let from = time::one(from, line, &context.zones);
            let id = from.as_ref().map(|from| RecurrenceId(time::on_wall(from, start)));
            let end = from.as_ref().and_then(|from| {
                let to = to?.trim();
                match time::Span::read(to) {
                    Some(span) => span.after(from),
                    None => time::one(to, line, &context.zones),
                }
            });
            // As the occurrence's own end: on the wall of the series.
            let end = end.map(|end| start.with_wall(time::on_wall(&end, start)));
            DateValue { text: text.to_owned(), from, id, end }
        })
        .collect()
}

/// The override that one RDATE value is.
pub(super) fn added<R: Item>(master: &R, value: &DateValue) -> Option<(RecurrenceId, Override)> {
    let id = value.id?;
    let fields = value.end.clone().map(|end| master.lasting_until(id, end)).unwrap_or_default();
    Some((id, Override::Changed(fields)))
}

/// One component in full, where the rules of `master` put it when it does not say.
pub(super) fn read_override<R: Item>(c: &Component, id: RecurrenceId, master: &R, context: &Context) -> Result<R, FormatError> {
    let mut record = R::read_component(c, false, context)?;
    record.take_times_from(&master.occurrence(id));
    Ok(record)
}

/// The record of a calendar.
pub(super) fn read<R: Item>(calendar: &Component, parts: &Parts, context: &Context) -> Result<R, FormatError> {
    let component = |at: usize| calendar.nodes().get(at).and_then(Node::as_component);
    let nothing = || FormatError::Nothing { component: R::COMPONENT };
    let master_component = component(parts.master).ok_or_else(nothing)?;
    let master = R::read_component(master_component, !parts.is_orphan, context)?;
    let start = master.start().cloned();
    let mut overrides = Overrides::new();
    let mut excluded = Vec::new();
    if let Some(start) = start.as_ref().filter(|_| !parts.is_orphan) {
        for line in master_component.contents("RDATE") {
            overrides.extend(date_values(&line, start, context).iter().filter_map(|value| added(&master, value)));
        }
        for line in master_component.contents("EXDATE") {
            excluded.extend(date_values(&line, start, context).iter().filter_map(|value| value.id));
        }
    }
    let mut exceptions = Vec::new();
    for (id, at) in &parts.overrides {
        let component = component(*at).ok_or_else(nothing)?;
        exceptions.push(Exception { id: *id, record: Some(read_override(component, *id, &master, context)?) });
    }
    // Excluded last: where a resource has both, the occurrence does not take place.
    exceptions.extend(excluded.into_iter().map(|id| Exception { id, record: None }));
    let record = assemble(master.clone().with_overrides(overrides), exceptions)
        .map_err(|_| FormatError::Malformed { line: 0, what: "an occurrence of a series that has no start" })?;
    let mut overrides = record.overrides().clone();
    for (id, at) in &parts.overrides {
        if let (Some(Override::Changed(patch)), Some(component)) = (overrides.get_mut(id), component(*at)) {
            named::read(component, &master, *id, patch, context);
        }
    }
    Ok(record.with_overrides(overrides))
}
