//! The people of a meeting: whom a side is shown, and what comes back of them.

use pimkit_core::{Field, Fields, Value};
use std::borrow::Cow;

/// The field that lists who takes part.
pub(crate) const PARTICIPANTS: &str = "participants";
/// The field that says who called the meeting.
pub(crate) const ORGANIZER: &str = "organizer";

/// The first line of the block that attendees stand in where they are kept as text. What follows its last line belongs to the
/// text: people write at the end.
const BLOCK: &str = "[Attendees, kept by the app]";
/// Its last line.
const BLOCK_END: &str = "[End of the attendees]";

/// An address as it is compared.
pub(crate) fn plain(address: &str) -> String {
    let address = address.trim();
    let scheme = address.get(..7).filter(|s| s.eq_ignore_ascii_case("mailto:")).map_or(0, str::len);
    address.get(scheme..).unwrap_or(address).trim().to_lowercase()
}

fn address(person: &Value) -> Option<String> {
    person.get("address").and_then(Value::as_str).map(plain).filter(|a| !a.is_empty())
}

/// The organiser's address, where a record that others take part in names one.
pub(crate) fn organiser(fields: &Fields) -> Option<String> {
    let meeting = matches!(fields.get(PARTICIPANTS), Some(Value::Array(list)) if !list.is_empty());
    fields.get(ORGANIZER).and_then(address).filter(|_| meeting)
}

/// The addresses of who takes part, and of who called the meeting.
pub(crate) fn addresses(fields: &Fields) -> Vec<String> {
    let people = match fields.get(PARTICIPANTS) {
        Some(Value::Array(list)) => list.as_slice(),
        _ => &[],
    };
    people.iter().chain(fields.get(ORGANIZER)).filter_map(address).collect()
}

/// Whether an address is one of these.
pub(crate) fn is_among(address: &str, own: &[String]) -> bool {
    own.iter().any(|a| plain(a) == plain(address))
}

/// Leaves only the entries of these addresses.
pub(crate) fn only(own: &[String], fields: &mut Fields) {
    let Some(Value::Array(list)) = fields.get_mut(PARTICIPANTS) else { return };
    list.retain(|person| address(person).is_some_and(|a| is_among(&a, own)));
    if list.is_empty() {
        fields.remove(PARTICIPANTS);
    }
}

/// Takes out which records of the app the people are.
pub(crate) fn without_records(fields: &mut Fields) {
    if let Some(Value::Array(list)) = fields.get_mut(PARTICIPANTS) {
        list.iter_mut().filter_map(Value::as_object_mut).for_each(|person| drop(person.remove("person")));
    }
}

/// Whether there is anything of the app's own among the people.
pub(crate) fn has_records(fields: &Fields) -> bool {
    matches!(fields.get(PARTICIPANTS), Some(Value::Array(list)) if list.iter().any(|person| person.get("person").is_some()))
}

/// A list of people that is written over `now`: those who are known keep the record that they are, and where only the
/// entries of `own` were shown, all others stay.
pub(crate) fn put_back(own: Option<&[String]>, written: &Value, now: Option<&Value>) -> Value {
    let empty = Vec::new();
    let before = now.and_then(Value::as_array).unwrap_or(&empty);
    let mut written: Vec<Value> = written.as_array().cloned().unwrap_or_default();
    for person in &mut written {
        let known = before.iter().find(|b| address(b).is_some() && address(b) == address(person)).and_then(|b| b.get("person"));
        if let (Some(known), Value::Object(person)) = (known, person) {
            person.insert("person".to_owned(), known.clone());
        }
    }
    let Some(own) = own else { return Value::Array(written) };
    let is_own = |person: &Value| address(person).is_some_and(|a| is_among(&a, own));
    let mut all: Vec<Value> = Vec::new();
    for person in before {
        if !is_own(person) {
            all.push(person.clone());
        } else if let Some(at) = written.iter().position(|w| address(w) == address(person)) {
            all.push(written.remove(at));
        }
    }
    all.extend(written);
    Value::Array(all)
}

/// A text with the attendees behind it.
pub(crate) fn with_block(text: Option<&str>, fields: &Fields) -> Option<String> {
    let text = text.filter(|t| !t.is_empty());
    let people: Vec<&Value> = match fields.get(PARTICIPANTS) {
        Some(Value::Array(list)) => list.iter().collect(),
        _ => Vec::new(),
    };
    if people.is_empty() {
        return text.map(str::to_owned);
    }
    let mut block = vec![BLOCK.to_owned()];
    block.extend(fields.get(ORGANIZER).and_then(line).map(|who| format!("{who} (organiser)")));
    block.extend(people.into_iter().filter_map(|person| {
        let status = person.get("participationStatus").and_then(Value::as_str).filter(|s| *s != "needs-action");
        line(person).map(|who| status.map_or(who.clone(), |status| format!("{who} ({status})")))
    }));
    block.push(BLOCK_END.to_owned());
    let block = block.join("\n");
    Some(text.map_or(block.clone(), |text| format!("{text}\n\n{block}")))
}

fn line(person: &Value) -> Option<String> {
    let address = person.get("address").and_then(Value::as_str)?;
    let name = person.get("name").and_then(Value::as_str).map(str::trim).filter(|name| !name.is_empty());
    Some(name.map_or_else(|| address.to_owned(), |name| format!("{name} <{address}>")))
}

/// The text without the block; absent when there is nothing else.
pub(crate) fn without_block(text: &str) -> Option<Cow<'_, str>> {
    let Some((before, block)) = text.split_once(BLOCK) else { return Some(Cow::Borrowed(text)) };
    let before = before.strip_suffix("\n\n").unwrap_or(before.trim_end());
    // Where somebody took its last line away, the block ends with its paragraph.
    let after = block.split_once(BLOCK_END).or_else(|| block.split_once("\n\n")).map_or("", |(_, after)| after.trim());
    match (before.is_empty(), after.is_empty()) {
        (true, true) => None,
        (false, true) => Some(Cow::Borrowed(before)),
        (true, false) => Some(Cow::Borrowed(after)),
        (false, false) => Some(Cow::Owned(format!("{before}\n\n{after}"))),
    }
}

/// Puts the block behind the text in this field.
pub(crate) fn add_block(fields: &mut Fields, field: &Field) {
    let text = with_block(fields.get(field).and_then(Value::as_str), fields);
    match text {
        Some(text) => drop(fields.insert(field.clone(), Value::String(text))),
        None => drop(fields.remove(field)),
    }
}

/// Takes the block out of a value.
pub(crate) fn cut_block(value: &Value) -> Value {
    match value.as_str() {
        Some(text) => without_block(text).map_or(Value::Null, |text| Value::from(text.into_owned())),
        None => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(json: Value) -> Fields {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_text_comes_back_from_behind_its_block_as_it_was() {
        let people = json!([{"address": "a@b", "name": "Ada"}, {"address": "c@d", "participationStatus": "declined"}]);
        for text in [None, Some("agenda"), Some("two\n\nparagraphs "), Some("ends in a line\n")] {
            let all = fields(json!({"participants": people, "organizer": {"address": "o@p"}}));
            let shown = with_block(text, &all).unwrap();
            assert!(shown.contains("Ada <a@b>") && shown.contains("c@d (declined)") && shown.contains("o@p (organiser)"), "{shown}");
            assert_eq!(without_block(&shown).as_deref(), text, "{shown}");
            // What somebody writes at the end is part of it, also where the block's last line is gone.
            for end in ["\nby hand", "\n\nby hand\n", " by hand"] {
                let written = format!("{}by hand", text.map(|text| format!("{text}\n\n")).unwrap_or_default());
                assert_eq!(without_block(&format!("{shown}{end}")).as_deref(), Some(&*written), "{shown}{end}");
            }
            let cut = shown.replace(BLOCK_END, "");
            assert!(without_block(&format!("{cut}\nby hand")).unwrap().ends_with("by hand"));
            // With what a provider makes of spaces, the words are still there.
            let trimmed = shown.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(
                without_block(&trimmed).as_deref().map(str::trim),
                text.map(|t| t.split_whitespace().collect::<Vec<_>>().join(" ")).as_deref()
            );
        }
        assert_eq!(with_block(Some("no meeting"), &Fields::new()).as_deref(), Some("no meeting"));
    }

    #[test]
    fn only_ones_own_answer_is_written_among_the_others() {
        let now = json!([{"address": "a@b", "person": "7"}, {"address": "Me@x", "person": "8"}]);
        let own = ["me@X".to_owned()];
        let written = json!([{"address": "me@x", "participationStatus": "accepted"}]);
        assert_eq!(
            put_back(Some(&own), &written, Some(&now)),
            json!([{"address": "a@b", "person": "7"}, {"address": "me@x", "participationStatus": "accepted", "person": "8"}])
        );
        assert_eq!(put_back(Some(&own), &Value::Null, Some(&now)), json!([{"address": "a@b", "person": "7"}]));
        assert_eq!(put_back(None, &json!([{"address": "A@B"}]), Some(&now)), json!([{"address": "A@B", "person": "7"}]));
    }

    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        assert!(is_among("MAILTO:Ada@Example.com ", &["ada@example.com".to_owned()]));
        assert!(!is_among("ada@example.com", &[]));
        let alone = fields(json!({"organizer": {"address": "a@b"}}));
        assert_eq!(organiser(&alone), None, "nobody else takes part");
    }
}
