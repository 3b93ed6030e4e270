//! Filters of queries: RFC 4791 section 9.7 and RFC 6352 section 10.5.

use super::instances::{instances, rules};
use super::lines::{Component, Line};
use super::time::{Moment, Span, duration};
use crate::personality::{QueryRules, Recurrences};
use crate::xml::{CAL, CARD, Element};
use jiff::Timestamp;

/// `C:comp-filter`.
#[derive(Debug, Clone)]
pub(crate) struct ComponentFilter {
    name: String,
    absent: bool,
    range: Option<Span>,
    pub(crate) children: Vec<ComponentFilter>,
    properties: Vec<PropertyFilter>,
}

/// `A:filter`.
#[derive(Debug, Clone)]
pub(crate) struct CardFilter {
    all: bool,
    properties: Vec<PropertyFilter>,
}

#[derive(Debug, Clone)]
struct PropertyFilter {
    name: String,
    absent: bool,
    all: bool,
    range: Option<Span>,
    texts: Vec<TextMatch>,
    params: Vec<(String, bool, Option<TextMatch>)>,
}

#[derive(Debug, Clone)]
struct TextMatch {
    text: String,
    negated: bool,
    exact_case: bool,
    how: How,
}

#[derive(Debug, Clone, Copy)]
enum How {
    Equals,
    Contains,
    StartsWith,
    EndsWith,
}

/// Why a filter is refused: the precondition's name.
pub(crate) type BadFilter = &'static str;

/// A `time-range` or `expand`: both ends, or far away where one is missing.
pub(crate) fn range(element: &Element) -> Result<Span, BadFilter> {
    let end = |name: &str, missing: Timestamp| match element.get(name) {
        Some(value) => Moment::parse(value, None).map(|moment| moment.instant()).ok_or("valid-filter"),
        None => Ok(missing),
    };
    if element.get("start").is_none() && element.get("end").is_none() {
        return Err("valid-filter");
    }
    let far = Timestamp::from_second(4_102_444_800).unwrap_or(Timestamp::MAX);
    let span = Span { start: end("start", Timestamp::MIN)?, end: end("end", far)? };
    if span.start < span.end { Ok(span) } else { Err("valid-filter") }
}

impl ComponentFilter {
    /// The filter of a `comp-filter` element.
    pub(crate) fn of(element: &Element, rules: &QueryRules) -> Result<Self, BadFilter> {
        let name = element.get("name").ok_or("valid-filter")?.to_uppercase();
        let range = match element.child(CAL, "time-range") {
            Some(element) if rules.both_bounds.is_some() && (element.get("start").is_none() || element.get("end").is_none()) => {
                return Err("supported-filter");
            }
            Some(element) => Some(range(element)?),
            None => None,
        };
        let children = element.named(CAL, "comp-filter").map(|child| Self::of(child, rules)).collect::<Result<_, _>>()?;
        let properties = element.named(CAL, "prop-filter").map(|child| PropertyFilter::of(child, CAL)).collect::<Result<_, _>>()?;
        Ok(Self { name, absent: element.child(CAL, "is-not-defined").is_some(), range, children, properties })
    }

    /// Whether it asks for a type of component.
    pub(crate) const fn has_component(&self) -> bool {
        !self.children.is_empty()
    }
}

impl CardFilter {
    /// The filter of an `A:filter` element.
    pub(crate) fn of(element: &Element) -> Result<Self, BadFilter> {
        let properties = element.named(CARD, "prop-filter").map(|child| PropertyFilter::of(child, CARD)).collect::<Result<_, _>>()?;
        Ok(Self { all: all_of(element)?, properties })
    }
}

fn all_of(element: &Element) -> Result<bool, BadFilter> {
    match element.get("test") {
        None | Some("anyof") => Ok(false),
        Some("allof") => Ok(true),
        Some(_) => Err("supported-filter"),
    }
}

impl PropertyFilter {
    fn of(element: &Element, space: &str) -> Result<Self, BadFilter> {
        let name = element.get("name").ok_or("supported-filter")?.to_uppercase();
        let texts = element.named(space, "text-match").map(TextMatch::of).collect::<Result<_, _>>()?;
        let mut params = Vec::new();
        for param in element.named(space, "param-filter") {
            let name = param.get("name").ok_or("supported-filter")?.to_uppercase();
            let text = param.child(space, "text-match").map(TextMatch::of).transpose()?;
            params.push((name, param.child(space, "is-not-defined").is_some(), text));
        }
        Ok(Self {
            name,
            absent: element.child(space, "is-not-defined").is_some(),
            // CalDAV's conditions all hold; CardDAV's hold as `test` says.
            all: space == CAL || all_of(element)?,
            range: element.child(space, "time-range").map(range).transpose()?,
            texts,
            params,
        })
    }

    fn matches(&self, lines: &[Line]) -> bool {
        let mut named = lines.iter().filter(|line| line.name == self.name).peekable();
        if self.absent || named.peek().is_none() {
            return self.absent == named.peek().is_none();
        }
        let conditions = self.texts.len() + self.params.len() + usize::from(self.range.is_some());
        named.any(|line| {
            let texts = self.texts.iter().map(|text| text.matches(&line.value));
            let params = self.params.iter().map(|(name, absent, text)| match (line.param(name), text) {
                (None, _) => *absent,
                (Some(_), _) if *absent => false,
                (Some(value), Some(text)) => text.matches(value),
                (Some(_), None) => true,
            });
            let range = self.range.iter().map(|range| {
                Moment::of(line).is_some_and(|moment| range.overlaps(Span { start: moment.instant(), end: moment.instant() }))
            });
            let mut held = texts.chain(params).chain(range);
            conditions == 0 || if self.all { held.all(|held| held) } else { held.any(|held| held) }
        })
    }
}

impl TextMatch {
    fn of(element: &Element) -> Result<Self, BadFilter> {
        let exact_case = match element.get("collation") {
            None | Some("i;unicode-casemap" | "i;ascii-casemap" | "default") => false,
            Some("i;octet") => true,
            Some(_) => return Err("supported-collation"),
        };
        let how = match element.get("match-type") {
            None | Some("contains") => How::Contains,
            Some("equals") => How::Equals,
            Some("starts-with") => How::StartsWith,
            Some("ends-with") => How::EndsWith,
            Some(_) => return Err("supported-filter"),
        };
        Ok(Self { text: element.content(), negated: element.get("negate-condition") == Some("yes"), exact_case, how })
    }

    fn matches(&self, value: &str) -> bool {
        let value = unescaped(value);
        let (value, text) = if self.exact_case { (value, self.text.clone()) } else { (value.to_lowercase(), self.text.to_lowercase()) };
        let found = match self.how {
            How::Equals => value == text,
            How::Contains => value.contains(&text),
            How::StartsWith => value.starts_with(&text),
            How::EndsWith => value.ends_with(&text),
        };
        found != self.negated
    }
}

fn unescaped(value: &str) -> String {
    value.replace("\\n", "\n").replace("\\N", "\n").replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\")
}

/// Whether a card matches.
pub(crate) fn card_matches(card: &Component, filter: &CardFilter) -> bool {
    let mut held = filter.properties.iter().map(|property| property.matches(&card.lines));
    filter.properties.is_empty() || if filter.all { held.all(|held| held) } else { held.any(|held| held) }
}

/// Whether the calendar object `root` matches.
pub(crate) fn component_matches(root: &Component, filter: &ComponentFilter, rules: &QueryRules) -> bool {
    (root.name == filter.name) != filter.absent
        && filter.children.iter().all(|child| inner_matches(root, child, rules))
        && filter.properties.iter().all(|property| property.matches(&root.lines))
}

fn inner_matches(parent: &Component, filter: &ComponentFilter, rules: &QueryRules) -> bool {
    let mut named = parent.children.iter().filter(|child| child.name == filter.name).peekable();
    if filter.absent || named.peek().is_none() {
        return filter.absent == named.peek().is_none();
    }
    if filter.range.is_some_and(|range| !in_range(parent, &filter.name, range, rules)) {
        return false;
    }
    named.any(|child| {
        filter.properties.iter().all(|property| property.matches(&child.lines))
            && filter.children.iter().all(|inner| inner_matches(child, inner, rules))
    })
}

/// RFC 4791 section 9.9, for all components of a name together.
fn in_range(parent: &Component, name: &str, range: Span, query: &QueryRules) -> bool {
    let children = || parent.children.iter().filter(|child| child.name == name);
    if name == "VALARM" {
        return alarm_in_range(parent, range);
    }
    if name == "VTODO" && children().any(|child| child.line("DTSTART").is_none()) {
        return children().any(|child| undated_task(child, range, query));
    }
    let recurring = children().any(|child| child.line("RRULE").is_some());
    if recurring && query.recurrences == Recurrences::AlwaysMatch {
        return true;
    }
    let endless = children().flat_map(rules).any(|rule| rule.endless());
    let mut all = instances(parent, name, range.end);
    if endless && query.recurrences == Recurrences::MissesEndless {
        all.truncate(1);
    }
    all.iter().any(|instance| range.overlaps(instance.span))
}

fn undated_task(task: &Component, range: Span, query: &QueryRules) -> bool {
    if query.skips_undated_tasks {
        return false;
    }
    let at = |name: &str| task.line(name).and_then(Moment::of).map(|moment| moment.instant());
    if let Some(due) = at("DUE") {
        return range.start < due && due <= range.end;
    }
    match (at("COMPLETED"), at("CREATED")) {
        (Some(completed), Some(created)) => range.start <= completed.max(created) && range.end >= completed.min(created),
        (Some(completed), None) => range.start <= completed && completed <= range.end,
        (None, Some(created)) => range.end > created,
        (None, None) => true,
    }
}

fn alarm_in_range(parent: &Component, range: Span) -> bool {
    let start = parent.line("DTSTART").and_then(Moment::of).map(|moment| moment.instant());
    parent.children.iter().filter(|child| child.name == "VALARM").filter_map(|alarm| alarm.line("TRIGGER")).any(|trigger| {
        let absolute = Moment::of(trigger).map(|moment| moment.instant());
        let relative = duration(&trigger.value).zip(start).and_then(|(before, start)| start.checked_add(before).ok());
        absolute.or(relative).is_some_and(|at| range.start <= at && at < range.end)
    })
}
