//! VALARM (RFC 5545 section 3.6.6, RFC 9074).

use pimkit_core::{Alert, AlertAction, Trigger};

use super::lines::equal_sets;
use super::{Context, time};
use crate::recurrence::write_utc;
use crate::text::{Component, ContentLine, Dialect, Node};

/// The alert of a VALARM; `None` for one that a record cannot say (ACTION:NONE of Apple, PROCEDURE, a snooze, a trigger that
/// is no instant): it stays in the text.
fn read_one(alarm: &Component, context: &Context) -> Option<Alert> {
    if !alarm.is("VALARM") {
        return None;
    }
    let action = match alarm.content("ACTION")?.value().trim().to_ascii_uppercase().as_str() {
        "DISPLAY" => AlertAction::Display,
        "AUDIO" => AlertAction::Audio,
        "EMAIL" => AlertAction::Email,
        _ => return None,
    };
    // A snooze repeats an alarm that is there already (RFC 9074 section 7.2).
    let is_snooze = alarm.contents("RELATED-TO").any(|l| l.param_value("RELTYPE").is_some_and(|t| t.eq_ignore_ascii_case("SNOOZE")));
    if is_snooze {
        return None;
    }
    Some(Alert { trigger: trigger(&alarm.content("TRIGGER")?, context)?, action })
}

fn trigger(line: &ContentLine, context: &Context) -> Option<Trigger> {
    let value = line.value().trim();
    if value.starts_with(|c: char| c.is_ascii_digit()) {
        let utc = value.ends_with(['Z', 'z']) || line.param("TZID").is_some();
        return time::read_instant(line, &context.zones).filter(|_| utc).map(Trigger::At);
    }
    let seconds = time::Span::read(value)?.total();
    let from_end = line.param_value("RELATED").is_some_and(|word| word.eq_ignore_ascii_case("END"));
    Some(if from_end { Trigger::End(seconds) } else { Trigger::Start(seconds) })
}

pub(super) fn read(c: &Component, context: &Context) -> Vec<Alert> {
    c.components().filter_map(|alarm| read_one(alarm, context)).collect()
}

/// What an authored alarm shows or mails beside its trigger.
pub(super) struct Words<'a> {
    pub(super) title: Option<&'a str>,
    /// Whom an e-mail alarm mails: the standard wants an address, a record has none of its own.
    pub(super) address: Option<&'a str>,
}

pub(super) fn patch(c: &mut Component, base: &[Alert], target: &[Alert], words: &Words<'_>, context: &Context) {
    if equal_sets(base, target, &|a, b| a == b) {
        return;
    }
    let mut wanted: Vec<Option<&Alert>> = target.iter().map(Some).collect();
    let mut take = |by: &dyn Fn(&Alert) -> bool| wanted.iter_mut().find(|w| w.is_some_and(by)).and_then(Option::take);
    let nodes = c.nodes_mut();
    let mut open = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        let Some(alert) = node.as_component().and_then(|alarm| read_one(alarm, context)) else { continue };
        if take(&|w| *w == alert).is_none() {
            open.push((at, alert));
        }
    }
    let mut gone = Vec::new();
    for (at, alert) in open {
        // The same alarm at another time keeps what else it says; of another action it is another alarm.
        if !base.contains(&alert) {
            continue;
        }
        match take(&|w| w.action == alert.action && !base.contains(w)) {
            Some(new) => {
                if let Some(alarm) = nodes.get_mut(at).and_then(Node::as_component_mut) {
                    let old = alarm.content("TRIGGER").unwrap_or_else(|| ContentLine::new("TRIGGER", ""));
                    alarm.set("TRIGGER", write_trigger(old, new.trigger));
                    // It has not gone off at its new time (RFC 9074 section 6).
                    alarm.remove("ACKNOWLEDGED");
                }
            }
            None => gone.push(at),
        }
    }
    for at in gone.into_iter().rev() {
        nodes.remove(at);
    }
    for new in wanted.into_iter().flatten() {
        c.push(author(new, words, context.dialect));
    }
}

fn write_trigger(mut line: ContentLine, trigger: Trigger) -> ContentLine {
    for name in ["VALUE", "RELATED", "TZID"] {
        line.remove_param(name);
    }
    match trigger {
        Trigger::Start(seconds) => {
            line.set_value(&time::write_seconds(seconds));
        }
        Trigger::End(seconds) => {
            line.set_param("RELATED", ["END"]).set_value(&time::write_seconds(seconds));
        }
        Trigger::At(at) => {
            line.set_param("VALUE", ["DATE-TIME"]).set_value(&write_utc(at));
        }
    }
    line
}

fn author(alert: &Alert, words: &Words<'_>, dialect: Dialect) -> Component {
    let mut alarm = Component::new("VALARM");
    let title = words.title.filter(|title| !title.is_empty()).unwrap_or("Reminder");
    // Upper case: Google takes nothing else.
    let action = match alert.action {
        AlertAction::Display => "DISPLAY",
        AlertAction::Audio => "AUDIO",
        AlertAction::Email => "EMAIL",
    };
    alarm.add(ContentLine::new("ACTION", action));
    alarm.add(write_trigger(ContentLine::new("TRIGGER", ""), alert.trigger));
    if alert.action != AlertAction::Audio {
        alarm.add(ContentLine::text_line("DESCRIPTION", title, dialect));
    }
    if alert.action == AlertAction::Email {
        alarm.add(ContentLine::text_line("SUMMARY", title, dialect));
        if let Some(address) = words.address.filter(|address| address.contains('@')) {
            alarm.add(ContentLine::new("ATTENDEE", &format!("mailto:{address}")));
        }
    }
    alarm
}
