//! Where users write: fields of each kind, and how a token looks in them.
//!
//! A token is a word that is written once and never again, so that whoever finds it knows who wrote
//! it, when, and into what.

use pimkit_core::{Contact, Event, Fields, Kind, Task, Value};
use serde_json::json;

/// How a field holds tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// One text.
    Text,
    /// A set of texts.
    Texts,
    /// A set of structures with the token under this key, with this behind it.
    Set(&'static str, &'static str),
    /// A time: each token is a day of its own.
    Day,
    /// A time and its end: each token is a day of its own.
    Span,
}

/// A field that users write tokens into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) field: &'static str,
    pub(crate) form: Form,
    /// It goes together with other fields.
    pub(crate) group: bool,
}

const fn slot(field: &'static str, form: Form) -> Slot {
    Slot { field, form, group: false }
}

const fn part(field: &'static str, form: Form) -> Slot {
    Slot { field, form, group: true }
}

/// Who takes part in an event: only written where a play is about that.
pub(crate) const GUESTS: &str = "participants";

const CONTACT: &[Slot] = &[
    slot("nicknames", Form::Texts),
    slot("notes", Form::Texts),
    slot("emails", Form::Set("address", "@x.example")),
    slot("phones", Form::Set("number", "")),
    slot("titles", Form::Set("name", "")),
    slot("links", Form::Set("uri", "")),
    slot("keywords", Form::Texts),
    part("name.given2", Form::Text),
    part("name.credential", Form::Text),
    slot("custom.Region", Form::Text),
];
const EVENT: &[Slot] = &[
    slot("description", Form::Text),
    slot("color", Form::Text),
    slot("keywords", Form::Texts),
    slot("locations", Form::Set("name", "")),
    slot("links", Form::Set("uri", "")),
    part("start", Form::Span),
    slot("custom.Region", Form::Text),
    slot(GUESTS, Form::Set("address", "@guests.example")),
];
const TASK: &[Slot] = &[
    slot("description", Form::Text),
    slot("color", Form::Text),
    slot("keywords", Form::Texts),
    slot("locations", Form::Set("name", "")),
    slot("links", Form::Set("uri", "")),
    part("due", Form::Day),
    slot("parent", Form::Text),
    slot("custom.Region", Form::Text),
];

/// The fields of a kind that tokens are written into.
pub(crate) fn slots(kind: Kind) -> &'static [Slot] {
    match kind {
        Kind::Event => EVENT,
        Kind::Task => TASK,
        _ => CONTACT,
    }
}

/// The fields of a kind that tokens are written into in any play.
pub(crate) fn common_slots(kind: Kind) -> &'static [Slot] {
    let all = slots(kind);
    all.split_last().filter(|(last, _)| last.field == GUESTS).map_or(all, |(_, rest)| rest)
}

/// The number of the slot with this field.
pub(crate) fn slot_of(kind: Kind, field: &str) -> Option<u8> {
    slots(kind).iter().position(|slot| slot.field == field).and_then(|n| u8::try_from(n).ok())
}

/// The field that tells what a thing is, written when it is made and never after.
pub(crate) fn birth_field(kind: Kind) -> &'static str {
    if kind == Kind::Contact { "name.full" } else { "title" }
}

/// A record whose [birth field](birth_field) can be read without taking it apart: users look for their things all the time.
pub(crate) trait Born {
    /// What its birth field says.
    fn birth(&self) -> Option<&str>;
}

impl Born for Contact {
    fn birth(&self) -> Option<&str> {
        self.name.full.as_deref()
    }
}

impl Born for Event {
    fn birth(&self) -> Option<&str> {
        self.title.as_deref()
    }
}

impl Born for Task {
    fn birth(&self) -> Option<&str> {
        self.title.as_deref()
    }
}

/// What the birth field of a thing says.
pub(crate) fn birth_text(thing: u32) -> String {
    format!("Thing b{thing}z")
}

/// The thing that a birth field speaks of.
pub(crate) fn thing_of(text: &str) -> Option<u32> {
    // Mostly it stands as it was written, and is read without a copy of it: users look for their things all the time.
    if let Some(rest) = text.strip_prefix("Thing b") {
        return rest.split_once(['z', 'Z'])?.0.parse().ok();
    }
    text.to_lowercase().split_once("thing b")?.1.split_once('z')?.0.parse().ok()
}

/// A token's day: none is another's.
fn day(token: u32) -> String {
    let first = jiff::civil::date(2030, 1, 1);
    first.checked_add(jiff::Span::new().days(i64::from(token))).unwrap_or(first).to_string()
}

/// What a long text goes on with.
const TAIL: &str = " and so on, for longer than some provider will keep it";

impl Slot {
    /// What is looked for to find a token.
    pub(crate) fn word(&self, token: u32) -> String {
        match self.form {
            Form::Day | Form::Span => day(token),
            _ => format!("k{token}z"),
        }
    }

    /// Whether a value holds a token.
    pub(crate) fn holds(&self, value: Option<&Value>, token: u32) -> bool {
        value.is_some_and(|value| contains(value, &self.word(token)))
    }

    /// Whether a value holds all of a long text with a token.
    pub(crate) fn holds_whole(&self, value: Option<&Value>, token: u32) -> bool {
        value.is_some_and(|value| contains(value, &format!("{}{TAIL}", self.word(token))))
    }

    /// An element, or the text, with a token; `long` ones go on behind it.
    fn element(&self, token: u32, long: bool) -> Value {
        let word = self.word(token);
        match self.form {
            Form::Day => json!({ "at": format!("{word}T17:30:00"), "zone": { "id": "Europe/Vienna" } }),
            Form::Span => json!({ "at": format!("{word}T09:00:00"), "zone": { "id": "Europe/Vienna" } }),
            Form::Set("uri", _) => json!({ "uri": format!("https://x.example/{word}") }),
            Form::Set(key, tail) => json!({ key: format!("{word}{tail}") }),
            Form::Text | Form::Texts if long => Value::String(format!("{word}{TAIL}")),
            Form::Text | Form::Texts => Value::String(word),
        }
    }

    pub(crate) fn is_set(&self) -> bool {
        matches!(self.form, Form::Texts | Form::Set(..))
    }

    /// What must be written for a value with this token in place of, or beside, what is there.
    /// `at` says which element of a set gives way; none does when it is absent.
    pub(crate) fn write(&self, now: Option<&Value>, token: u32, at: Option<u32>, long: bool) -> Fields {
        let element = self.element(token, long);
        let value = if self.is_set() {
            let mut list = now.and_then(Value::as_array).cloned().unwrap_or_default();
            match at.map(|at| at as usize).and_then(|at| at.checked_rem(list.len())).and_then(|at| list.get_mut(at)) {
                Some(place) => *place = element,
                None => list.push(element),
            }
            Value::Array(list)
        } else {
            element
        };
        let mut fields = Fields::new();
        if self.form == Form::Span {
            fields.insert("end".into(), json!({ "at": format!("{}T10:00:00", self.word(token)), "zone": { "id": "Europe/Vienna" } }));
        }
        fields.insert(self.field.into(), value);
        fields
    }

    /// What must be written to take out an element, or all there is. Absent when there is nothing to take.
    pub(crate) fn clear(&self, now: Option<&Value>, at: u32) -> Option<Fields> {
        let value = match now? {
            // An event has its times.
            _ if self.form == Form::Span => return None,
            Value::Array(list) => {
                let mut list = list.clone();
                let place = (at as usize).checked_rem(list.len())?;
                list.remove(place);
                if list.is_empty() { Value::Null } else { Value::Array(list) }
            }
            _ => Value::Null,
        };
        Some(Fields::from([(self.field.into(), value)]))
    }
}

/// Whether a text of the value contains the word, however it is cased.
fn contains(value: &Value, word: &str) -> bool {
    match value {
        Value::String(text) => text.contains(word) || (text.chars().any(char::is_uppercase) && text.to_lowercase().contains(word)),
        Value::Array(list) => list.iter().any(|v| contains(v, word)),
        Value::Object(map) => map.values().any(|v| contains(v, word)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pimkit_core::Record;

    fn every_slot_is_a_field_and_holds_its_token<R: Record + Born>() {
        for slot in slots(R::KIND) {
            assert!(R::catalogue().field(slot.field).is_some(), "{}", slot.field);
            let record = R::default().with(&slot.write(None, 12, None, true)).unwrap();
            let value = record.get(slot.field);
            assert!(slot.holds(value.as_ref(), 12), "{}: {value:?}", slot.field);
            for other in [1, 2, 121, 112] {
                assert!(!slot.holds(value.as_ref(), other), "{}: {value:?} {other}", slot.field);
            }
            let both = record.with(&slot.write(value.as_ref(), 13, None, false)).unwrap().get(slot.field);
            assert!(slot.holds(both.as_ref(), 13));
            assert_eq!(slot.holds(both.as_ref(), 12), slot.is_set(), "{}", slot.field);
            let swapped = record.with(&slot.write(value.as_ref(), 14, Some(0), false)).unwrap().get(slot.field);
            assert!(slot.holds(swapped.as_ref(), 14) && !slot.holds(swapped.as_ref(), 12), "{}", slot.field);
        }
        let birth = R::default().with(&Fields::from([(birth_field(R::KIND).into(), birth_text(7).into())])).unwrap();
        assert_eq!(birth.birth().and_then(thing_of), Some(7));
    }

    #[test]
    fn slots_hold_their_tokens_and_no_others() {
        every_slot_is_a_field_and_holds_its_token::<Contact>();
        every_slot_is_a_field_and_holds_its_token::<Event>();
        every_slot_is_a_field_and_holds_its_token::<Task>();
    }
}
