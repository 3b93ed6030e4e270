//! Who takes part ([`attendee`](https://learn.microsoft.com/graph/api/resources/attendee)).

use crate::mapping::{Item, Slots};
use pimkit_core::{Event, Organizer, Participant, Result};
use pimkit_exchange::words::Response;
use serde_json::{Map, Value, json};

/// Whether two addresses are one.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

/// Whether an address is one of the account's own.
pub(crate) fn is_own(address: &str, own: &[String]) -> bool {
    own.iter().any(|mine| same(mine, address))
}

/// Address and name; a name that only repeats the address is none.
fn mailbox(item: &Item<'_>) -> Result<Option<(String, Option<String>)>> {
    let Some(mailbox) = item.item("emailAddress")? else { return Ok(None) };
    let Some(address) = mailbox.text("address")? else { return Ok(None) };
    let name = mailbox.text("name")?.filter(|name| !same(name, address));
    Ok(Some((address.to_owned(), name.map(str::to_owned))))
}

/// Reads organiser and participants. An event without guests has no organiser: Graph names the mailbox's owner in every one.
///
/// # Errors
/// `InvalidData` when a property is of another type than it should be.
pub(crate) fn read(item: &Item<'_>, own: &[String], event: &mut Event) -> Result<()> {
    let is_organizer = item.bool("isOrganizer")?.unwrap_or(true);
    let asks = item.bool("responseRequested")?.unwrap_or(true);
    for attendee in item.items("attendees")? {
        let Some((address, name)) = mailbox(&attendee)? else { continue };
        let status = attendee.item("status")?.map(|status| status.text("response")).transpose()?.flatten();
        // In a copy the own answer is where the mailbox keeps it; the list says what the organiser knew when it was sent.
        let own_answer = if !is_organizer && is_own(&address, own) {
            item.item("responseStatus")?.map(|status| status.text("response")).transpose()?.flatten()
        } else {
            None
        };
        let response = own_answer.or(status).and_then(Response::of_word).unwrap_or(Response::None);
        let kind = attendee.text("type")?.unwrap_or_default();
        event.participants.push(Participant {
            address,
            name,
            kind: (kind == "resource").then(|| "resource".to_owned()),
            roles: [if kind == "optional" { "optional" } else { "attendee" }.to_owned()].into(),
            participation_status: response.participation(),
            expect_reply: asks,
            person: None,
        });
    }
    if (!event.participants.is_empty() || !is_organizer)
        && let Some((address, name)) = item.item("organizer")?.map(|organizer| mailbox(&organizer)).transpose()?.flatten()
    {
        event.organizer = Some(Organizer { address, name });
    }
    Ok(())
}

fn attendee(participant: &Participant) -> Value {
    let role = |word: &str| participant.roles.contains(word);
    let kind = match participant.kind.as_deref() {
        Some("resource" | "location") => "resource",
        _ if role("optional") || role("informational") => "optional",
        _ => "required",
    };
    let mut mailbox = Map::new();
    mailbox.insert("address".to_owned(), participant.address.as_str().into());
    if let Some(name) = &participant.name {
        mailbox.insert("name".to_owned(), name.as_str().into());
    }
    json!({ "emailAddress": mailbox, "type": kind })
}

/// The most that an event takes (documented).
pub(crate) const MOST: u32 = 500;

/// Puts the participants. What they answered is theirs to say, and is not sent.
pub(crate) fn write(event: &Event, slots: &mut Slots) {
    let most = usize::try_from(MOST).unwrap_or(usize::MAX);
    slots.put("attendees", event.participants.iter().take(most).map(attendee).collect::<Vec<_>>());
    let asks = event.participants.is_empty() || event.participants.iter().any(|participant| participant.expect_reply);
    slots.put("responseRequested", asks);
}

#[cfg(test)]
mod tests {
    use super::*;
    use pimkit_core::ParticipationStatus;

    fn person(address: &str, name: &str, kind: &str, response: &str) -> Value {
        json!({"emailAddress": {"address": address, "name": name}, "type": kind, "status": {"response": response, "time": "0001-01-01T00:00:00Z"}})
    }

    fn of(value: &Value, own: &[&str]) -> Event {
        let own: Vec<String> = own.iter().map(|one| (*one).to_owned()).collect();
        let mut event = Event::default();
        read(&Item::new(value).unwrap(), &own, &mut event).unwrap();
        event
    }

    #[test]
    fn guests_are_read_with_their_parts_and_answers() {
        let value = json!({
            "isOrganizer": true, "responseRequested": true,
            "organizer": {"emailAddress": {"address": "ada@x.example", "name": "Ada"}},
            "attendees": [
                person("bo@x.example", "Bo", "required", "accepted"),
                person("cy@x.example", "CY@x.example", "optional", "tentativelyAccepted"),
                person("room@x.example", "Room 1", "resource", "none"),
                person("dee@x.example", "Dee", "unknownFutureValue", "unknownFutureValue"),
                {"emailAddress": {"name": "nobody"}},
            ],
        });
        let event = of(&value, &["ada@x.example"]);
        assert_eq!(event.organizer.as_ref().map(|o| o.address.as_str()), Some("ada@x.example"));
        let read: Vec<_> = event
            .participants
            .iter()
            .map(|p| (p.address.as_str(), p.name.as_deref(), p.kind.as_deref(), p.roles.first().unwrap().as_str(), p.participation_status))
            .collect();
        assert_eq!(
            read,
            [
                ("bo@x.example", Some("Bo"), None, "attendee", ParticipationStatus::Accepted),
                ("cy@x.example", None, None, "optional", ParticipationStatus::Tentative),
                ("room@x.example", Some("Room 1"), Some("resource"), "attendee", ParticipationStatus::NeedsAction),
                ("dee@x.example", Some("Dee"), None, "attendee", ParticipationStatus::NeedsAction),
            ]
        );
        let mut slots = Slots::default();
        write(&event, &mut slots);
        let types: Vec<&str> = slots.get("attendees").unwrap().as_array().unwrap().iter().map(|a| a["type"].as_str().unwrap()).collect();
        assert_eq!(types, ["required", "optional", "resource", "required"]);
    }

    #[test]
    fn the_own_answer_of_a_copy_is_the_mailboxs() {
        let value = json!({
            "isOrganizer": false, "responseStatus": {"response": "declined"},
            "organizer": {"emailAddress": {"address": "boss@x.example"}},
            "attendees": [person("ADA@x.example", "Ada", "required", "none"), person("bo@x.example", "Bo", "required", "accepted")],
        });
        let answers: Vec<_> = of(&value, &["ada@x.example"]).participants.into_iter().map(|p| p.participation_status).collect();
        assert_eq!(answers, [ParticipationStatus::Declined, ParticipationStatus::Accepted]);
    }

    #[test]
    fn an_appointment_of_one_has_no_organiser() {
        let own = json!({"isOrganizer": true, "organizer": {"emailAddress": {"address": "ada@x.example"}}, "attendees": []});
        assert_eq!(of(&own, &[]).organizer, None);
    }
}
