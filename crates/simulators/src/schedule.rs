//! Implicit scheduling (RFC 6638 section 3.2): who would get a mail because of a write.

use crate::content::{Component, Line, uid};
use crate::outbox::{Mail, MailMethod};
use crate::personality::Scheduling;
use crate::world::World;
use std::collections::BTreeMap;

/// What changes without concerning anybody else.
const OWN: &[&str] =
    &["DTSTAMP", "LAST-MODIFIED", "CREATED", "SEQUENCE", "TRANSP", "CLASS", "PERCENT-COMPLETE", "COMPLETED", "REQUEST-STATUS"];

/// What a write means for others.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) mails: Vec<Mail>,
    /// An attendee changed more than its own part (RFC 6638 section 3.2.4.3).
    pub(crate) overstepped: bool,
    /// Nothing but participation changed, so that the schedule tag stays (section 3.2.10).
    pub(crate) mild: bool,
}

/// A party of a meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Party {
    answer: String,
    /// SCHEDULE-AGENT is SERVER, said or not (section 7.1).
    server: bool,
}

/// What follows from `old` becoming `new` in a calendar of `user`; None on either side for creations and deletions.
pub(crate) fn outcome(rules: &Scheduling, user: &str, old: Option<&Component>, new: Option<&Component>, reply: bool) -> Outcome {
    let mut outcome = Outcome::default();
    let me = World::address(user).to_lowercase();
    let me = me.as_str();
    let Some(root) = new.or(old) else { return outcome };
    let Some((organizer, organizer_server)) = organizer(root) else { return outcome };
    let same_lines = |a: &Component, b: &Component| told(a, None) == told(b, None);
    outcome.mild = old.zip(new).is_some_and(|(old, new)| same_lines(old, new) && !rules.tag_on_partstat);
    if !rules.automatic || rules.sogo_switch && silenced(root) {
        return outcome;
    }
    let agent = |server: bool| server || !rules.honours_agent;
    let mail = |from: &str, to: &str, method: MailMethod, answer: Option<String>| Mail {
        from: from.to_owned(),
        to: to.to_owned(),
        method,
        uid: uid(root).unwrap_or_default().to_owned(),
        summary: components(root).find_map(|child| child.value("SUMMARY")).unwrap_or_default().to_owned(),
        answer,
    };
    let before = old.map(attendees).unwrap_or_default();
    let after = new.map(attendees).unwrap_or_default();
    let by_alias = World::alias(rules, user).is_some_and(|alias| address(&alias) == organizer);
    if organizer == me || by_alias {
        let changed = old.zip(new).is_none_or(|(old, new)| !same_lines(old, new)) || new.is_some_and(forced);
        let cancelled = new.is_some_and(|new| components(new).all(|child| child.value("STATUS") == Some("CANCELLED")));
        for (address, party) in after.iter().filter(|(address, party)| **address != me && agent(party.server)) {
            if changed || !before.contains_key(address) {
                let method = if cancelled { MailMethod::Cancel } else { MailMethod::Request };
                // Who was never invited needs no cancellation.
                if !cancelled || before.contains_key(address) {
                    outcome.mails.push(mail(me, address, method, None));
                }
            }
            let _ = party;
        }
        for (address, _) in before.iter().filter(|(address, party)| **address != me && agent(party.server) && !after.contains_key(*address))
        {
            outcome.mails.push(mail(me, address, MailMethod::Cancel, None));
        }
        return outcome;
    }
    // What is not the server's to schedule is no scheduling object (RFC 6638 section 3.1), and nobody's part is looked at.
    if rules.strict_attendees
        && agent(organizer_server)
        && let Some((old, new)) = old.zip(new)
    {
        outcome.overstepped = !within_part(old, new, me);
    }
    let answered = |parties: &BTreeMap<String, Party>| parties.get(me).map(|party| party.answer.clone());
    let (was, is) = (answered(&before), answered(&after));
    let answer = match (new, was, is) {
        (Some(_), was, Some(is)) if is != "NEEDS-ACTION" && was.as_ref() != Some(&is) => Some(is),
        (Some(_), Some(_), None) => Some("DECLINED".to_owned()),
        (None, Some(was), _) if was != "DECLINED" && (reply || !rules.honours_schedule_reply) => Some("DECLINED".to_owned()),
        _ => None,
    };
    if let Some(answer) = answer
        && agent(organizer_server)
    {
        outcome.mails.push(mail(me, &organizer, MailMethod::Reply, Some(answer)));
    }
    outcome
}

/// Writes SCHEDULE-STATUS to those who got one of `mails` (RFC 6638 section 7.3): 1.1, sent.
pub(crate) fn with_status(root: &mut Component, mails: &[Mail]) {
    for child in &mut root.children {
        for line in child.lines.iter_mut().filter(|line| matches!(line.name.as_str(), "ATTENDEE" | "ORGANIZER")) {
            if line.param("SCHEDULE-STATUS").is_none() && mails.iter().any(|mail| mail.to == address(&line.value)) {
                let raw = line.raw.replacen(&line.name, &format!("{};SCHEDULE-STATUS=1.1", line.name), 1);
                if let Some(changed) = Line::of(&raw) {
                    *line = changed;
                }
            }
        }
    }
}

/// Calls an organizer who is `me` by that other address.
pub(crate) fn with_organizer(root: &mut Component, me: &str, alias: &str) {
    for line in root.children.iter_mut().flat_map(|child| &mut child.lines).filter(|line| line.name == "ORGANIZER") {
        if address(&line.value) == me
            && let Some(head) = line.raw.strip_suffix(&line.value)
            && let Some(changed) = Line::of(&format!("{head}{alias}"))
        {
            *line = changed;
        }
    }
}

/// `mailto:A@B` as `a@b`.
fn address(value: &str) -> String {
    let lower = value.trim().to_lowercase();
    lower.strip_prefix("mailto:").unwrap_or(&lower).to_owned()
}

fn components(root: &Component) -> impl Iterator<Item = &Component> {
    root.children.iter().filter(|child| child.name != "VTIMEZONE")
}

fn by_server(line: &Line) -> bool {
    line.param("SCHEDULE-AGENT").is_none_or(|agent| agent.eq_ignore_ascii_case("SERVER"))
}

fn organizer(root: &Component) -> Option<(String, bool)> {
    components(root).find_map(|child| child.line("ORGANIZER")).map(|line| (address(&line.value), by_server(line)))
}

fn attendees(root: &Component) -> BTreeMap<String, Party> {
    let mut parties = BTreeMap::new();
    for line in components(root).flat_map(|child| child.all("ATTENDEE")) {
        let answer = line.param("PARTSTAT").unwrap_or("NEEDS-ACTION").to_uppercase();
        parties.entry(address(&line.value)).or_insert(Party { answer, server: by_server(line) });
    }
    parties
}

fn forced(root: &Component) -> bool {
    components(root).flat_map(|child| child.all("ATTENDEE")).any(|line| line.param("SCHEDULE-FORCE-SEND").is_some())
}

fn silenced(root: &Component) -> bool {
    components(root).any(|child| child.value("X-SOGO-SEND-APPOINTMENT-NOTIFICATIONS").is_some_and(|value| value.eq_ignore_ascii_case("NO")))
}

/// What of each component concerns others, by its instance; `me`'s own attendance left out if it is given.
fn told(root: &Component, me: Option<&str>) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for child in components(root) {
        let mut lines: Vec<String> = Vec::new();
        for line in &child.lines {
            let name = line.name.as_str();
            if OWN.contains(&name) || name.starts_with("X-") {
                continue;
            }
            match name {
                "ATTENDEE" if me == Some(address(&line.value).as_str()) => {}
                // Who is invited concerns others; how they answered and what the server noted does not.
                "ATTENDEE" | "ORGANIZER" => lines.push(format!("{name}:{}", address(&line.value))),
                _ => lines.push(format!("{name}:{}", line.value)),
            }
        }
        lines.sort();
        all.insert(child.value("RECURRENCE-ID").unwrap_or_default().to_owned(), lines);
    }
    all
}

/// Whether an attendee stayed within what RFC 6638 section 3.2.2.1 lets it change: EXDATE and new overrides too.
fn within_part(old: &Component, new: &Component, me: &str) -> bool {
    let strip = |lines: &Vec<String>| lines.iter().filter(|line| !line.starts_with("EXDATE")).cloned().collect::<Vec<_>>();
    let (old, new) = (told(old, Some(me)), told(new, Some(me)));
    new.iter().all(|(instance, lines)| old.get(instance).is_none_or(|before| strip(before) == strip(lines)))
}
