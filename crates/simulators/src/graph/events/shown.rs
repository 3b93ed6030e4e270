//! Events and occurrences as answers show them.

use super::times::{Times, exception_times};
use crate::graph::answer::Result;
use crate::graph::ids;
use crate::graph::odata::View;
use crate::graph::rules::EventRules;
use crate::graph::show;
use crate::graph::store::{Exception, Item, Mailbox, Part};
use crate::graph::text;
use crate::graph::world::Call;
use crate::graph::zones::Zone;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

/// What a request wants to see of events.
#[derive(Debug, Clone)]
pub(crate) struct EventView {
    pub(crate) view: View,
    pub(crate) zone: Zone,
    /// Properties that come only by their name.
    pub(crate) optional: &'static [&'static str],
    /// Whether one event is asked for, which tells what listings do not.
    pub(crate) single: bool,
    /// Whether what is private is not shown.
    pub(crate) guest: bool,
}

/// What comes only by its name.
const OPTIONAL: &[&str] = &["cancelledOccurrences"];
/// What does so where occurrences are listed.
pub(crate) const OF_INSTANCES: &[&str] = &["cancelledOccurrences", "originalStart"];

/// What others do not see of a private event.
const HIDDEN: &[&str] = &["subject", "body", "bodyPreview", "location", "locations", "attendees", "attachments", "categories"];

/// An event, or an occurrence of one.
#[derive(Debug, Clone)]
pub(crate) struct Event<'a> {
    pub(crate) mailbox: &'a Mailbox,
    pub(crate) item: &'a Item,
    /// The day in the rule, for an occurrence.
    pub(crate) day: Option<Date>,
    pub(crate) exception: Option<&'a Exception>,
    pub(crate) times: Times,
}

impl EventView {
    /// # Errors
    /// 400 for properties that events do not have, and for zones that are none.
    pub(crate) fn read(call: &Call<'_>, single: bool) -> Result<Self> {
        Self::of(View::read(call.ask, "event")?, call, single)
    }

    /// # Errors
    /// 400 for zones that are none.
    pub(crate) fn whole(call: &Call<'_>) -> Result<Self> {
        Self::of(View::whole(call.ask), call, true)
    }

    /// # Errors
    /// 400 for zones that are none.
    pub(crate) fn of(view: View, call: &Call<'_>, single: bool) -> Result<Self> {
        let any = EventRules { refused_zones: Vec::new(), ..call.rules().events.clone() };
        let zone = view.zone.as_ref().map_or_else(|| Ok(Zone::utc()), |name| Zone::read(name, &any))?;
        Ok(Self { view, zone, optional: OPTIONAL, single, guest: call.guest })
    }
}

impl<'a> Event<'a> {
    pub(crate) fn of(mailbox: &'a Mailbox, item: &'a Item, day: Option<Date>) -> Self {
        let exception = day.and_then(|day| item.series.exceptions.get(&day));
        let times = match (day, exception) {
            (Some(day), Some(exception)) => exception_times(item, day, exception),
            (Some(day), None) => Times::of(&item.properties).on(day),
            (None, _) => Times::of(&item.properties),
        };
        Self { mailbox, item, day, exception, times }
    }

    /// The number of its last change.
    pub(crate) fn version(&self) -> u64 {
        self.exception.map_or(self.item.version, |exception| exception.version)
    }

    pub(crate) fn change_key(&self) -> String {
        self.mailbox.change_key(self.item.key, self.version())
    }

    /// A property as it was written, the exception's before the series'.
    pub(crate) fn written(&self, name: &str) -> Option<&'a Value> {
        let own = self.exception.and_then(|exception| exception.properties.get(name));
        own.or_else(|| self.item.properties.get(name)).filter(|value| !value.is_null())
    }

    pub(crate) fn parts(&self) -> &'a [Part] {
        match self.exception {
            Some(exception) if !exception.parts.is_empty() => &exception.parts,
            _ => &self.item.parts,
        }
    }

    fn is_series(&self) -> bool {
        self.day.is_none() && self.item.properties.get("recurrence").is_some_and(Value::is_object)
    }

    /// The instant of the rule that an occurrence stands for.
    fn original(&self) -> Value {
        let at = self.day.map_or_else(|| self.times.starts(), |day| Times::of(&self.item.properties).on(day).starts());
        Value::from(at.to_string())
    }

    pub(crate) fn value(&self, name: &str, view: &EventView) -> Value {
        let (mailbox, item) = (self.mailbox, self.item);
        let set = |default: Value| self.written(name).cloned().unwrap_or(default);
        let master = || mailbox.id_of(item, None, view.view.form);
        let hidden = view.guest && matches!(self.written("sensitivity").and_then(Value::as_str), Some("private" | "confidential"));
        if hidden && HIDDEN.contains(&name) {
            return match name {
                "body" => text::body(None, view.view.text_body),
                "subject" | "bodyPreview" => json!(""),
                _ => show::unset("event", name),
            };
        }
        match name {
            "id" => Value::from(mailbox.id_of(item, self.day, view.view.form)),
            "changeKey" => Value::from(self.change_key()),
            "lastModifiedDateTime" => {
                Value::from(show::whole_seconds(self.exception.map_or(item.modified, |exception| exception.modified)))
            }
            "start" => self.times.shown(false, &view.zone),
            "end" => self.times.shown(true, &view.zone),
            "originalStartTimeZone" => set(Value::from(self.times.start_zone.name.as_str())),
            "originalEndTimeZone" => set(Value::from(self.times.end_zone.name.as_str())),
            "originalStart" => {
                if self.is_series() {
                    Value::Null
                } else {
                    self.original()
                }
            }
            "type" => Value::from(match (self.day, self.exception) {
                (Some(_), Some(_)) => "exception",
                (Some(_), None) => "occurrence",
                _ if self.is_series() => "seriesMaster",
                _ => "singleInstance",
            }),
            "seriesMasterId" => {
                if self.day.is_some() {
                    Value::from(master())
                } else {
                    Value::Null
                }
            }
            "recurrence" => {
                if self.day.is_some() {
                    Value::Null
                } else {
                    set(Value::Null)
                }
            }
            "cancelledOccurrences" => {
                let told = view.single && self.is_series();
                let days = item.series.cancelled.iter().filter(|_| told);
                days.map(|day| Value::from(format!("OID.{}.{day}", master()))).collect()
            }
            "iCalUId" => Value::from(uid(mailbox, item, self.day)),
            "body" => text::body(self.written("body"), view.view.text_body),
            "bodyPreview" => Value::from(text::preview(self.written("body"))),
            "hasAttachments" => Value::Bool(self.parts().iter().any(|part| part.properties.get("isInline") != Some(&Value::Bool(true)))),
            "webLink" => Value::from(format!("https://outlook.office365.com/owa/?itemid={}&exvsurl=1&path=/calendar/item", master())),
            "organizer" => set(json!({"emailAddress": {"name": mailbox.owner, "address": mailbox.owner}})),
            "isOrganizer" => set(json!(true)),
            "responseStatus" => set(json!({"response": "organizer", "time": "0001-01-01T00:00:00Z"})),
            "showAs" => set(json!("busy")),
            "importance" | "sensitivity" => set(json!("normal")),
            "isAllDay" | "isCancelled" | "isDraft" | "hideAttendees" | "isOnlineMeeting" => set(json!(false)),
            "isReminderOn" | "responseRequested" | "allowNewTimeProposals" => set(json!(true)),
            "reminderMinutesBeforeStart" => set(json!(15)),
            "onlineMeetingProvider" => set(json!("unknown")),
            "subject" => set(json!("")),
            "location" => {
                set(json!({"displayName": "", "locationType": "default", "uniqueIdType": "unknown", "address": {}, "coordinates": {}}))
            }
            "transactionId" => {
                if self.day.is_some() {
                    Value::Null
                } else {
                    set(Value::Null)
                }
            }
            "singleValueExtendedProperties" | "multiValueExtendedProperties" => {
                let mut kept = item.extended.clone();
                kept.extend(self.exception.into_iter().flat_map(|exception| exception.extended.clone()));
                show::extended(&kept, name.starts_with("multi"))
            }
            "attachments" => self.parts().iter().map(|part| crate::graph::attachments::shown(part, usize::MAX)).collect(),
            "exceptionOccurrences" => self.exceptions(view),
            "categories" | "attendees" | "locations" => set(json!([])),
            _ => self.written(name).cloned().unwrap_or_else(|| show::kept(mailbox, item, name, &view.view)),
        }
    }

    /// The occurrences that are not as the rule says.
    fn exceptions(&self, view: &EventView) -> Value {
        let view = EventView { view: View { select: None, expand: Vec::new(), ..view.view.clone() }, ..view.clone() };
        let days = self.item.series.exceptions.keys().filter(|_| self.is_series());
        days.map(|day| Event::of(self.mailbox, self.item, Some(*day)).shown(&view)).collect()
    }

    pub(crate) fn shown(&self, view: &EventView) -> Value {
        let mut out = show::entity("event", &view.view, view.optional, &|name| self.value(name, view));
        if view.view.select.is_none() {
            // Some properties are told of those alone that have them.
            if out.get("transactionId").is_some_and(Value::is_null) {
                out.remove("transactionId");
            }
            if self.day.is_none() {
                out.remove("originalStart");
            }
        }
        out.insert("@odata.etag".to_owned(), Value::from(format!("W/\"{}\"", self.change_key())));
        show::relations(&mut out, &view.view, &|name| self.value(name, view));
        Value::Object(out)
    }

    /// The little that a delta of a calendar's view tells of an occurrence (microsoftgraph/microsoft-graph-docs#7632).
    pub(crate) fn bare(&self, view: &EventView) -> Value {
        let mut out: Map<String, Value> =
            ["id", "seriesMasterId", "type", "start", "end"].into_iter().map(|name| (name.to_owned(), self.value(name, view))).collect();
        out.insert("@odata.etag".to_owned(), Value::from(format!("W/\"{}\"", self.change_key())));
        Value::Object(out)
    }
}

/// The identifier of a meeting, which an occurrence has its day in.
pub(crate) fn uid(mailbox: &Mailbox, item: &Item, day: Option<Date>) -> String {
    let shared = item.text("iCalUId");
    if shared.is_empty() {
        return ids::global_object_id(&mailbox.secret, item.key, day);
    }
    match (day, shared.get(..32), shared.get(40..)) {
        (Some(day), Some(head), Some(tail)) => {
            let mut bytes = day.year().to_be_bytes().to_vec();
            bytes.extend([day.month().unsigned_abs(), day.day().unsigned_abs()]);
            format!("{head}{}{tail}", ids::hex(&bytes))
        }
        _ => shared.to_owned(),
    }
}
