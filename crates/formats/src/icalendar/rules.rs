//! RRULE and EXRULE lines.

use pimkit_core::RecurrenceRule;

use crate::FormatError;
use crate::recurrence::{self, Wall};
use crate::text::{Component, ContentLine, Line};

pub(super) fn read(c: &Component, name: &str, wall: &Wall) -> Result<Vec<RecurrenceRule>, FormatError> {
    let mut rules = Vec::new();
    for line in c.lines_named(name) {
        let Some(content) = line.content() else { continue };
        let read = recurrence::read(content.value(), wall).map_err(|error| FormatError::Malformed {
            line: line.number(),
            what: match error {
                recurrence::RuleError::Frequency => "the recurrence rule has no FREQ that is known",
                recurrence::RuleError::Part(_) => "a part of the recurrence rule cannot be read",
            },
        })?;
        rules.push(read.rule);
    }
    Ok(rules)
}

/// Makes the lines say these rules. A line that reads as its rule keeps its bytes, also when the start moved; one that is
/// written anew keeps the parts that a record cannot say.
pub(super) fn patch(c: &mut Component, name: &str, target: &[RecurrenceRule], wall: &Wall) {
    let mut wanted = target.iter();
    let mut gone = Vec::new();
    for (at, line) in c.lines_mut().filter(|line| line.is(name)).enumerate() {
        let Some(rule) = wanted.next() else {
            gone.push(at);
            continue;
        };
        let Some(mut content) = line.content() else { continue };
        let old = recurrence::read(content.value(), wall).ok();
        if old.as_ref().is_some_and(|old| old.rule == recurrence::canonical(rule)) {
            continue;
        }
        let mut value = recurrence::write(rule, wall);
        for part in old.into_iter().flat_map(|old| old.unread) {
            value.push(';');
            value.push_str(&part);
        }
        content.set_value(&value);
        line.set_content(content);
    }
    let mut at = 0;
    c.remove_where(|line: &Line| {
        let is = line.is(name);
        let remove = is && gone.contains(&at);
        at += usize::from(is);
        remove
    });
    for rule in wanted {
        c.add(ContentLine::new(name, &recurrence::write(rule, wall)));
    }
}
