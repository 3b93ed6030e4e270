//! ORGANIZER and ATTENDEE (RFC 5545 sections 3.8.4.1 and 3.8.4.3).

use std::collections::BTreeSet;

use pimkit_core::{Organizer, Participant, ParticipationStatus};

use super::lines::Elements;
use crate::FormatError;
use crate::text::{Component, ContentLine};

/// The roles as written, when ROLE alone does not say them.
const ROLES: &str = "X-PIMKIT-ROLES";

/// An address without `mailto:`. Where the value is no mail address (`urn:uuid:…`, a principal's path), EMAIL says it
/// (RFC 7986 section 6.2); iCloud and Exchange-backed servers write such values.
fn address(line: &ContentLine) -> Option<String> {
    let value = line.value().trim();
    let address = match value.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:")) {
        Some(_) => value.get(7..).unwrap_or_default().trim().to_owned(),
        None => match line.param_value("EMAIL").filter(|email| email.contains('@')) {
            Some(email) if !value.contains('@') => strip_mailto(&email).to_owned(),
            _ => value.to_owned(),
        },
    };
    (!address.is_empty()).then_some(address)
}

fn strip_mailto(text: &str) -> &str {
    match text.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => text.get(7..).unwrap_or_default(),
        _ => text,
    }
}

/// An address as a URI: a bare one gets `mailto:`.
fn uri(address: &str) -> String {
    let scheme = address.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
    let has_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    if has_scheme || address.starts_with('/') { address.to_owned() } else { format!("mailto:{address}") }
}

fn name(line: &ContentLine) -> Option<String> {
    line.param_value("CN").map(|name| name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// Puts address and name on a line. An address that reads the same keeps its spelling.
fn set_person(line: &mut ContentLine, to: &str, called: Option<&str>) {
    if address(line).is_none_or(|known| !known.eq_ignore_ascii_case(to)) || address(line).as_deref() != Some(to) {
        line.remove_param("EMAIL");
        line.set_value(&uri(to));
    }
    if name(line).as_deref() != called {
        line.set_param("CN", called);
    }
}

pub(super) fn read_organizer(c: &Component) -> Option<Organizer> {
    let line = c.content("ORGANIZER")?;
    Some(Organizer { address: address(&line)?, name: name(&line) })
}

pub(super) fn patch_organizer(c: &mut Component, base: Option<&Organizer>, target: Option<&Organizer>) {
    if base == target {
        return;
    }
    match target {
        Some(organizer) => {
            let mut line = c.content("ORGANIZER").unwrap_or_else(|| ContentLine::new("ORGANIZER", ""));
            set_person(&mut line, &organizer.address, organizer.name.as_deref());
            c.set("ORGANIZER", line);
        }
        None => {
            c.remove("ORGANIZER");
        }
    }
}

/// The role of a ROLE; absent is REQ-PARTICIPANT (RFC 5545 section 3.2.16).
fn role(line: &ContentLine) -> &'static str {
    match line.param_value("ROLE").unwrap_or_default().to_ascii_uppercase().as_str() {
        "CHAIR" => "chair",
        "OPT-PARTICIPANT" => "optional",
        "NON-PARTICIPANT" => "informational",
        _ => "attendee",
    }
}

/// The one role that ROLE can say of several: the most telling.
fn main_role(roles: &BTreeSet<String>) -> &'static str {
    ["chair", "informational", "optional"].into_iter().find(|role| roles.contains(*role)).unwrap_or("attendee")
}

fn read_roles(line: &ContentLine) -> BTreeSet<String> {
    let plain = role(line);
    if line.param(ROLES).is_some() {
        let written = line.param_values(ROLES);
        let written: BTreeSet<String> = written.into_iter().filter(|role| !role.is_empty()).collect();
        // Another program may have changed ROLE beside it: then ROLE holds.
        if main_role(&written) == plain {
            return written;
        }
    }
    BTreeSet::from([plain.to_owned()])
}

fn status(line: &ContentLine) -> ParticipationStatus {
    match line.param_value("PARTSTAT").unwrap_or_default().to_ascii_uppercase().as_str() {
        "ACCEPTED" => ParticipationStatus::Accepted,
        "DECLINED" => ParticipationStatus::Declined,
        "TENTATIVE" => ParticipationStatus::Tentative,
        "DELEGATED" => ParticipationStatus::Delegated,
        "COMPLETED" => ParticipationStatus::Completed,
        "IN-PROCESS" => ParticipationStatus::InProcess,
        _ => ParticipationStatus::NeedsAction,
    }
}

fn status_word(status: ParticipationStatus) -> &'static str {
    match status {
        ParticipationStatus::NeedsAction => "NEEDS-ACTION",
        ParticipationStatus::Accepted => "ACCEPTED",
        ParticipationStatus::Declined => "DECLINED",
        ParticipationStatus::Tentative => "TENTATIVE",
        ParticipationStatus::Delegated => "DELEGATED",
        ParticipationStatus::Completed => "COMPLETED",
        ParticipationStatus::InProcess => "IN-PROCESS",
    }
}

fn kind(line: &ContentLine) -> Option<String> {
    let word = line.param_value("CUTYPE")?.to_ascii_lowercase();
    match word.as_str() {
        "unknown" | "" => None,
        "room" => Some("location".to_owned()),
        _ => Some(word),
    }
}

fn expects_reply(line: &ContentLine) -> bool {
    line.param_value("RSVP").is_some_and(|word| word.eq_ignore_ascii_case("TRUE"))
}

fn read_participant(line: &ContentLine) -> Option<Participant> {
    Some(Participant {
        address: address(line)?,
        name: name(line),
        kind: kind(line),
        roles: read_roles(line),
        participation_status: status(line),
        expect_reply: expects_reply(line),
        person: None,
    })
}

fn write_participant(old: Option<ContentLine>, to: &Participant) -> Result<ContentLine, FormatError> {
    let fresh = old.is_none();
    let mut line = old.unwrap_or_else(|| ContentLine::new("ATTENDEE", ""));
    set_person(&mut line, &to.address, to.name.as_deref());
    if kind(&line) != to.kind {
        let word = to.kind.as_deref().map(|kind| if kind == "location" { "ROOM".to_owned() } else { kind.to_ascii_uppercase() });
        line.set_param("CUTYPE", word.as_deref());
    }
    if read_roles(&line) != to.roles || fresh {
        let main = main_role(&to.roles);
        let word = match main {
            "chair" => "CHAIR",
            "informational" => "NON-PARTICIPANT",
            "optional" => "OPT-PARTICIPANT",
            _ => "REQ-PARTICIPANT",
        };
        line.set_param("ROLE", [word]);
        line.remove_param(ROLES);
        if !(to.roles.len() == 1 && to.roles.contains(main)) {
            let mut roles: Vec<&str> = to.roles.iter().map(String::as_str).collect();
            if roles.is_empty() {
                roles.push("");
            }
            line.set_param(ROLES, roles);
        }
    }
    if status(&line) != to.participation_status || fresh {
        line.set_param("PARTSTAT", [status_word(to.participation_status)]);
    }
    if expects_reply(&line) != to.expect_reply {
        line.set_param("RSVP", to.expect_reply.then_some("TRUE"));
    }
    Ok(line)
}

pub(super) fn read_participants(c: &Component) -> Vec<Participant> {
    c.contents("ATTENDEE").filter_map(|line| read_participant(&line)).collect()
}

pub(super) fn patch_participants(c: &mut Component, base: &[Participant], target: &[Participant]) -> Result<(), FormatError> {
    Elements {
        lines: &|line| line.is("ATTENDEE"),
        read: &read_participant,
        same: &|a, b| a == b,
        akin: &|a: &Participant, b: &Participant| a.address.trim().eq_ignore_ascii_case(b.address.trim()),
        write: &write_participant,
    }
    .patch(c, base, target)
}
