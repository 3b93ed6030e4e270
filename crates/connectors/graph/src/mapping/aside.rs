//! What is kept aside: the parts of a value that Graph has no place for (whether an address is of work, the name of a service, what
//! a number is labelled), in a property of our own, beside the form in which Graph says the value.
//!
//! A value is read in full only while Graph says it in that form: whoever changes it in Outlook has changed it, and what was kept
//! of the old one counts no more.

use pimkit_core::{Contact, Field, Fields, Record, Result, Value};
use serde_json::{Map, json};

/// The lists whose elements have parts without a place.
pub(crate) const LISTS: [&str; 8] = ["emails", "phones", "onlineServices", "addresses", "links", "organizations", "titles", "relatedTo"];

fn list(contact: &Contact, path: &str) -> Vec<Value> {
    match contact.get(path) {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    }
}

/// What has to be kept aside of a contact that Graph says as `said`: by field, pairs of what an element is said as and what it is.
pub(crate) fn of(contact: &Contact, said: &Contact, say: impl Fn(&Contact) -> Result<Contact>) -> Result<Map<String, Value>> {
    let mut aside = Map::new();
    for path in LISTS {
        let mut there = list(said, path);
        let mut pairs = Vec::new();
        for own in list(contact, path) {
            // By what it is called where it has a name; else as it is said by itself.
            let key = |value: &Value| Contact::catalogue().field(path).and_then(|def| def.element).map(|element| element(value));
            let named = there.iter().position(|said| key(said) == key(&own));
            let alone = || -> Result<Option<usize>> {
                let alone = Contact::default().with(&Fields::from([(Field::from(path), json!([own]))]))?;
                let said = list(&say(&alone)?, path);
                Ok(said.first().and_then(|said| there.iter().position(|there| there == said)))
            };
            let place = match named {
                Some(place) => Some(place),
                // Or it lies where another sort of its like belongs.
                None => alone()?.or_else(|| there.iter().position(|said| own.get("name").is_some() && said.get("name") == own.get("name"))),
            };
            if let Some(place) = place {
                let said = there.swap_remove(place);
                if said != own {
                    pairs.push(json!({ "as": said, "is": own }));
                }
            }
        }
        if !pairs.is_empty() {
            aside.insert(path.to_owned(), pairs.into());
        }
    }
    Ok(aside)
}

/// The contact with what was kept aside of its values, as far as they are still said as they were.
pub(crate) fn restore(contact: Contact, aside: &str) -> Contact {
    // Another program may have written anything there.
    let Ok(Value::Object(aside)) = serde_json::from_str(aside) else { return contact };
    let mut whole = contact;
    for path in LISTS {
        let Some(Value::Array(pairs)) = aside.get(path) else { continue };
        let mut pairs: Vec<(&Value, &Value)> = pairs.iter().filter_map(|pair| Some((pair.get("as")?, pair.get("is")?))).collect();
        let mut all = list(&whole, path);
        for value in &mut all {
            if let Some(place) = pairs.iter().position(|(said, _)| *said == value) {
                *value = pairs.swap_remove(place).1.clone();
            }
        }
        if let Ok(restored) = whole.with(&Fields::from([(Field::from(path), all.into())])) {
            whole = restored;
        }
    }
    whole
}

/// What is written for what is kept aside; empty for nothing.
pub(crate) fn text(aside: &Map<String, Value>) -> String {
    if aside.is_empty() { String::new() } else { Value::Object(aside.clone()).to_string() }
}

/// What is kept aside after a change from `base` to `target`: what is there of the fields that do not change, and what `target`
/// has of those that do.
pub(crate) fn merged(base: &Contact, target: &Contact, new: Map<String, Value>, there: Option<&str>) -> Map<String, Value> {
    let there = there.and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok()).unwrap_or_default();
    let changed = base.differing(target);
    let is_changed = |path: &str| changed.iter().any(|field| field.as_str() == path);
    let kept = there.into_iter().filter(|(path, _)| !is_changed(path));
    kept.chain(new.into_iter().filter(|(path, _)| is_changed(path))).collect()
}
