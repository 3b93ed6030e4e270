//! Events ([resource `event`](https://learn.microsoft.com/graph/api/resources/event)).

use super::{Call, path::Path};
use crate::mapping::{event, extended};
use jiff::Timestamp;
use pimkit_core::{CollectionId, ItemId};
use pimkit_exchange::property::Property;
use serde_json::{Map, Value, json};

/// Bodies come as text; Outlook makes it of whatever was written.
const AS_TEXT: &str = "outlook.body-content-type=\"text\"";

/// A start so early that a round from it names everything; some tenants refuse one without (msgraph-sdk-dotnet 3130).
const EARLIEST: &str = "1900-01-01T00:00:00Z";

/// The calendars of a mailbox, and the events in them.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    calendar: Path,
}

/// How the changes of a calendar are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Round {
    /// `events/delta`: series and single events. Documented for beta alone, and bound in the metadata of v1.0.
    Delta {
        /// With a start in the past.
        dated: bool,
    },
    /// `calendarView/delta`: what touches a span, each occurrence by itself.
    View {
        /// The span.
        from: Timestamp,
        /// Its end.
        to: Timestamp,
    },
    /// All events, page by page.
    Listing,
}

impl Place {
    pub(crate) fn new(mailbox: Path, calendar: &CollectionId) -> Self {
        Self { calendar: mailbox.word("calendars").id(calendar.as_str()) }
    }

    fn event(&self, id: &str) -> Path {
        self.calendar.clone().word("events").id(id)
    }

    /// The first page of a round. `calendarView/delta` takes no selection (documented).
    pub(crate) fn round(&self, round: Round, rows: u32) -> Call {
        let page = format!("odata.maxpagesize={rows}");
        let calendar = self.calendar.clone();
        let path = match round {
            Round::Delta { dated: false } => calendar.word("events/delta").query("$select", "id"),
            Round::Delta { dated: true } => calendar.word("events/delta").query("$select", "id").query("startDateTime", EARLIEST),
            Round::View { from, to } => {
                calendar.word("calendarView/delta").query("startDateTime", &whole_second(from)).query("endDateTime", &whole_second(to))
            }
            Round::Listing => calendar.word("events").query("$select", "id,changeKey,type").query("$top", &rows.to_string()),
        };
        Call::get("graph.events.changes", path).prefer(page)
    }

    /// One event, its times in a zone; in UTC without.
    pub(crate) fn get(&self, id: &ItemId, zone: Option<&str>) -> Call {
        let path = self.event(id.as_str()).query("$select", event::SELECT).query("$expand", &extended::expand(&event::PROPERTIES));
        in_zone(Call::get("graph.events.get", path).prefer(AS_TEXT), zone)
    }

    /// The times of an event alone.
    pub(crate) fn times(&self, id: &ItemId, zone: &str) -> Call {
        in_zone(Call::get("graph.events.times", self.event(id.as_str()).query("$select", "id,start,end")), Some(zone))
    }

    /// What of a series is otherwise than its rule makes it. Only a question for one series gives both.
    pub(crate) fn exceptions(&self, id: &ItemId, zone: Option<&str>) -> Call {
        let path = self.event(id.as_str()).query("$select", "id,cancelledOccurrences").query("$expand", "exceptionOccurrences");
        in_zone(Call::get("graph.events.exceptions", path).prefer(AS_TEXT), zone)
    }

    /// One exception by itself.
    pub(crate) fn exception(&self, id: &str, zone: Option<&str>) -> Call {
        in_zone(Call::get("graph.events.exception", self.event(id).query("$select", event::SELECT)).prefer(AS_TEXT), zone)
    }

    /// The occurrences of a series in a span: those that do not take place are not among them.
    pub(crate) fn instances(&self, id: &ItemId, from: Timestamp, to: Timestamp) -> Call {
        let path = self.event(id.as_str()).word("instances");
        let path = path.query("startDateTime", &whole_second(from)).query("endDateTime", &whole_second(to));
        let path = path.query("$select", "id,type,start,originalStart,isAllDay,seriesMasterId").query("$top", "100");
        Call::get("graph.events.instances", path)
    }

    /// A new event. Its transaction makes a second one harmless.
    pub(crate) fn create(&self, body: Map<String, Value>) -> Call {
        let path = self.calendar.clone().word("events");
        Call::post("graph.events.create", path, Value::Object(body)).prefer(AS_TEXT).idempotent(true)
    }

    /// A change of an event or an occurrence.
    pub(crate) fn change(&self, id: &str, body: Map<String, Value>) -> Call {
        Call::patch("graph.events.change", self.event(id), Value::Object(body)).prefer(AS_TEXT)
    }

    /// A deletion: into the folder of deleted items; of an occurrence, out of its series.
    pub(crate) fn delete(&self, id: &str) -> Call {
        Call::delete("graph.events.delete", self.event(id))
    }

    /// A deletion for good ([`event: permanentDelete`](https://learn.microsoft.com/graph/api/event-permanentdelete)). A second one
    /// finds nothing.
    pub(crate) fn delete_for_good(&self, id: &str) -> Call {
        let mut call = Call::post("graph.events.delete", self.event(id).word("permanentDelete"), Value::Null).idempotent(true);
        call.body = None;
        call
    }

    /// The events that carry a property.
    pub(crate) fn with_property(&self, property: &Property, value: &str) -> Call {
        self.filtered(&extended::filter(property, value))
    }

    /// The events of a uid that is Exchange's own.
    pub(crate) fn with_uid(&self, uid: &str) -> Call {
        self.filtered(&format!("iCalUId eq {}", super::path::literal(uid)))
    }

    fn filtered(&self, filter: &str) -> Call {
        let path = self.calendar.clone().word("events").query("$select", "id,type").query("$filter", filter);
        Call::get("graph.events.find", path)
    }

    /// Whose the events of a calendar are, page by page.
    pub(crate) fn meetings(&self, rows: u32) -> Call {
        let path = self.calendar.clone().word("events").query("$select", "id,attendees,isOrganizer,type").query("$top", &rows.to_string());
        Call::get("graph.events.meetings", path)
    }

    /// The attachments of an event, without their bytes.
    pub(crate) fn attachments(&self, id: &ItemId) -> Call {
        let path = self.event(id.as_str()).word("attachments").query("$select", "id,name,contentType,size,isInline");
        Call::get("graph.events.attachments", path)
    }

    /// The bytes of one.
    pub(crate) fn bytes(&self, id: &ItemId, attachment: &str) -> Call {
        Call::get("graph.events.attachment", self.event(id.as_str()).word("attachments").id(attachment).word("$value"))
    }

    /// A new attachment. `content` is base64.
    pub(crate) fn attach(&self, id: &ItemId, name: &str, media_type: &str, content: String) -> Call {
        let kind = "#microsoft.graph.fileAttachment";
        let body = json!({ "@odata.type": kind, "name": name, "contentType": media_type, "contentBytes": content });
        Call::post("graph.events.attach", self.event(id.as_str()).word("attachments"), body)
    }

    /// A session in which a large attachment goes up.
    pub(crate) fn upload(&self, id: &ItemId, name: &str, media_type: &str, size: u64) -> Call {
        let item = json!({ "attachmentType": "file", "name": name, "contentType": media_type, "size": size, "isInline": false });
        let path = self.event(id.as_str()).word("attachments/createUploadSession");
        Call::post("graph.events.upload", path, json!({ "AttachmentItem": item }))
    }

    /// An attachment less.
    pub(crate) fn detach(&self, id: &ItemId, attachment: &str) -> Call {
        Call::delete("graph.events.detach", self.event(id.as_str()).word("attachments").id(attachment))
    }
}

/// The zone is said with every question that has times in its answer: the service keeps no word of it.
fn in_zone(call: Call, zone: Option<&str>) -> Call {
    // Nothing that could end the word: names come from the server, and from other programs.
    match zone.filter(|zone| !zone.contains(['"', '\\', ',']) && zone.is_ascii() && !zone.contains(char::is_control)) {
        Some(zone) => call.prefer(format!("outlook.timezone=\"{zone}\"")),
        None => call,
    }
}

fn whole_second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place::new(Path::of("me"), &CollectionId::from("c/1="))
    }

    #[test]
    fn rounds_are_asked_for_in_three_ways() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let view = Round::View { from: at("2025-01-01T00:00:00.5Z"), to: at("2028-01-01T00:00:00Z") };
        for (round, expected) in [
            (Round::Delta { dated: false }, "me/calendars/c%2F1%3D/events/delta?$select=id"),
            (Round::Delta { dated: true }, "me/calendars/c%2F1%3D/events/delta?$select=id&startDateTime=1900-01-01T00:00:00Z"),
            (view, "me/calendars/c%2F1%3D/calendarView/delta?startDateTime=2025-01-01T00:00:00Z&endDateTime=2028-01-01T00:00:00Z"),
            (Round::Listing, "me/calendars/c%2F1%3D/events?$select=id,changeKey,type&$top=50"),
        ] {
            let call = place().round(round, 50);
            assert_eq!(call.path.as_str(), expected);
            assert_eq!(call.prefer, ["odata.maxpagesize=50"]);
        }
    }

    #[test]
    fn times_are_asked_for_in_a_zone_whose_name_is_one_word() {
        let id = ItemId::from("e");
        assert_eq!(place().get(&id, Some("W. Europe Standard Time")).prefer[1], "outlook.timezone=\"W. Europe Standard Time\"");
        for odd in ["a\", IdType=\"x", "a,b", "a\r\nb", "Zürich"] {
            assert_eq!(place().get(&id, Some(odd)).prefer, [AS_TEXT], "{odd}");
        }
    }

    #[test]
    fn only_a_create_and_what_has_a_condition_may_be_sent_twice() {
        assert!(place().create(Map::new()).idempotent);
        assert!(place().change("e", Map::new()).if_match("W/\"k\"").idempotent);
        assert!(!place().change("e", Map::new()).idempotent);
        assert!(!place().attach(&ItemId::from("e"), "a", "b", String::new()).idempotent);
        assert_eq!(place().delete_for_good("e").body, None);
    }
}
