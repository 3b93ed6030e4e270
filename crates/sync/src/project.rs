//! What a side can hold of a value, and what a change of the held part means for the whole.
//!
//! [`project`] says what a side makes of a value; [`lift`] carries a change of that back, so that
//! what the side cannot hold (the fourth e-mail, the cut end of a note, the time of day of a due
//! date) stays where it is held and is never read as removed.

use pimkit_core::{Field, FieldDef, FieldSupport, Precision, Shape, Value};
use std::collections::BTreeMap;

/// The elements of a many-valued field, by what names them. The nth element of one name is `name#n`.
pub(crate) fn elements(def: &FieldDef, value: Option<&Value>) -> Vec<(String, Value)> {
    match (value, def.element) {
        (Some(Value::Array(list)), Some(name)) => {
            let mut seen: BTreeMap<String, usize> = BTreeMap::new();
            list.iter()
                .map(|element| {
                    let name = name(element);
                    let n = seen.entry(name.clone()).or_insert(0);
                    *n += 1;
                    (format!("{name}#{n}"), element.clone())
                })
                .collect()
        }
        (Some(Value::Object(map)), None) if def.shape == Shape::Overrides => map.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        _ => Vec::new(),
    }
}

/// The value that has these elements; absent when there are none.
pub(crate) fn from_elements(def: &FieldDef, elements: Vec<(String, Value)>) -> Option<Value> {
    if elements.is_empty() {
        return None;
    }
    Some(if def.shape == Shape::Overrides {
        Value::Object(elements.into_iter().collect())
    } else {
        Value::Array(elements.into_iter().map(|(_, v)| v).collect())
    })
}

/// What the side holds of the value. `held` is what it holds already: of a list with too many
/// values, those stay rather than others take their place.
pub(crate) fn project(def: &FieldDef, support: &FieldSupport, value: Option<&Value>, held: Option<&Value>) -> Option<Value> {
    let value = value?;
    let mut value = value.clone();
    if let (Some(most), Value::Array(list)) = (support.many, &value) {
        let most = most as usize;
        if list.len() > most {
            let kept: Vec<String> = elements(def, held).into_iter().map(|(name, _)| name).collect();
            let all = elements(def, Some(&value));
            let mut chosen: Vec<(String, Value)> = all.iter().filter(|(name, _)| kept.contains(name)).take(most).cloned().collect();
            for element in &all {
                if chosen.len() >= most {
                    break;
                }
                if !chosen.contains(element) {
                    chosen.push(element.clone());
                }
            }
            // Their order is the value's own.
            let ordered = all.into_iter().filter(|e| chosen.contains(e)).collect();
            value = from_elements(def, ordered)?;
        }
    }
    if let Some(most) = support.max_len {
        cut(&mut value, most as usize);
    }
    match support.precision {
        Some(Precision::Day) => {
            if let Some(day) = day_of(&value) {
                value = day;
            }
        }
        Some(Precision::Minute) => {
            if let Some(Value::String(at)) = value.get_mut("at") {
                // `2026-03-01T09:30:15`: the seconds are behind the second colon.
                if let Some((minute, _)) = at.rsplit_once(':').filter(|(m, _)| m.contains(':')) {
                    *at = format!("{minute}:00");
                }
            }
        }
        None => {}
    }
    Some(value)
}

fn cut(value: &mut Value, most: usize) {
    match value {
        Value::String(text) => {
            if let Some((at, _)) = text.char_indices().nth(most) {
                text.truncate(at);
            }
        }
        Value::Array(list) => list.iter_mut().filter(|e| e.is_string()).for_each(|e| cut(e, most)),
        _ => {}
    }
}

/// The whole day of a time, as a `When`.
fn day_of(value: &Value) -> Option<Value> {
    if value.get("on").is_some() {
        return Some(value.clone());
    }
    let at = value.get("at")?.as_str()?;
    let (day, _) = at.split_once('T')?;
    Some(serde_json::json!({ "on": day }))
}

/// The whole that results when the held part changes from `before` to `after`.
///
/// `whole` is the side's own value that the held part is of.
pub(crate) fn lift(def: &FieldDef, whole: Option<&Value>, before: Option<&Value>, after: Option<&Value>) -> Option<Value> {
    let (Some(whole), Some(before)) = (whole, before) else { return after.cloned() };
    let Some(after) = after else {
        // Cleared there. What was never there stays; a list loses only what was there.
        return if def.mergeable() { lift_set(def, whole, before, &Value::Null) } else { None };
    };
    if def.mergeable() {
        return lift_set(def, whole, before, after);
    }
    match (whole, before, after) {
        (Value::String(whole), Value::String(before), Value::String(after)) => Some(Value::String(lift_text(whole, before, after))),
        (Value::Object(_), Value::Object(_), Value::Object(_)) if def.shape == Shape::Time => Some(lift_time(whole, before, after)),
        _ => Some(after.clone()),
    }
}

/// A text that was held only in its beginning keeps its end.
fn lift_text(whole: &str, before: &str, after: &str) -> String {
    match whole.strip_prefix(before) {
        Some(end) if !before.is_empty() && !end.is_empty() => format!("{after}{end}"),
        _ => after.to_owned(),
    }
}

/// A time of which only the day was held keeps its time of day and zone.
fn lift_time(whole: &Value, before: &Value, after: &Value) -> Value {
    let (Some(at), Some(_), Some(day)) =
        (whole.get("at").and_then(Value::as_str), before.get("on"), after.get("on").and_then(Value::as_str))
    else {
        return after.clone();
    };
    let mut lifted = whole.clone();
    if let (Some((_, time)), Some(slot)) = (at.split_once('T'), lifted.get_mut("at")) {
        *slot = Value::String(format!("{day}T{time}"));
    }
    lifted
}

fn lift_set(def: &FieldDef, whole: &Value, before: &Value, after: &Value) -> Option<Value> {
    let (old, new) = (elements(def, Some(before)), elements(def, Some(after)));
    let removed: Vec<&(String, Value)> = old.iter().filter(|(name, _)| !new.iter().any(|(n, _)| n == name)).collect();
    let added: Vec<&(String, Value)> = new.iter().filter(|(name, _)| !old.iter().any(|(n, _)| n == name)).collect();
    let mut result = elements(def, Some(whole));
    // Under which name an element is held: its own, or, where it is a text and was cut, that of its beginning.
    let whole_names: Vec<String> = result.iter().map(|(name, _)| name.clone()).collect();
    let held_as = |name: &String, value: &Value| {
        let begins = |(held, text): &&(String, Value)| !whole_names.contains(held) && is_beginning(value, text);
        old.iter().find(|(held, _)| held == name).or_else(|| old.iter().find(begins)).map(|(held, _)| held)
    };
    // One gone and one come: it was edited. What the side does not hold of it (a label, the end of a text) stays.
    let edited = match (removed.as_slice(), added.as_slice()) {
        ([gone], [come]) => Some(((*gone).clone(), (*come).clone())),
        _ => None,
    };
    result.retain_mut(|(name, value)| {
        let held = held_as(name, value);
        if let Some(((gone, was), (come, is))) = &edited
            && held == Some(gone)
        {
            *value = match (&*value, was, is) {
                (Value::String(whole), Value::String(was), Value::String(is)) => Value::String(lift_text(whole, was, is)),
                _ => lift_element(value, was, is),
            };
            name.clone_from(come);
            return true;
        }
        if removed.iter().any(|(gone, _)| Some(gone) == held) {
            return false;
        }
        if let (Some((_, was)), Some((_, is))) = (old.iter().find(|(n, _)| n == name), new.iter().find(|(n, _)| n == name))
            && was != is
        {
            *value = lift_element(value, was, is);
        }
        true
    });
    for (name, value) in added {
        if !result.iter().any(|(n, _)| n == name) {
            result.push((name.clone(), value.clone()));
        }
    }
    from_elements(def, result)
}

/// Whether a text is the beginning of a longer one.
pub(crate) fn is_beginning(whole: &Value, text: &Value) -> bool {
    match (whole.as_str(), text.as_str()) {
        (Some(whole), Some(text)) => !text.is_empty() && whole.len() > text.len() && whole.starts_with(text),
        _ => false,
    }
}

/// Of a structure, only the parts that changed.
pub(crate) fn lift_element(whole: &Value, before: &Value, after: &Value) -> Value {
    let (Value::Object(whole), Value::Object(before), Value::Object(after)) = (whole, before, after) else { return after.clone() };
    let mut lifted = whole.clone();
    for key in before.keys().chain(after.keys()) {
        if before.get(key) != after.get(key) {
            match after.get(key) {
                Some(value) => {
                    lifted.insert(key.clone(), value.clone());
                }
                None => {
                    lifted.remove(key);
                }
            }
        }
    }
    Value::Object(lifted)
}

/// Whether `now` is what a server may have made of `sent` by itself, some time after it took it:
/// cut far behind, trimmed, re-cased, re-ordered, with parts of an entry left out. Then it says
/// nothing about what a user wants. A list with an entry less is a user's edit, and so is a field
/// that is empty: what a side does not hold at all it says at once.
pub(crate) fn degraded(def: &FieldDef, sent: Option<&Value>, now: Option<&Value>) -> bool {
    let same_length = match (sent, now) {
        (Some(Value::Array(sent)), Some(Value::Array(now))) => sent.len() == now.len(),
        (Some(Value::Object(sent)), Some(Value::Object(now))) if def.shape == Shape::Overrides => sent.len() == now.len(),
        (Some(Value::String(sent)), Some(Value::String(now))) => plain(sent) == plain(now) || now.chars().count() >= LONG,
        (Some(_), None) => false,
        _ => true,
    };
    same_length && part_of(def, sent, now)
}

/// A text that is cut before this many characters was cut by a user.
const LONG: usize = 100;

/// Whether `now` holds nothing that `sent` does not: what a write that stopped half way, or a side
/// that holds only some of it, leaves.
pub(crate) fn part_of(def: &FieldDef, sent: Option<&Value>, now: Option<&Value>) -> bool {
    match (sent, now) {
        (Some(_), None) => true,
        (None, _) => false,
        (Some(sent), Some(now)) => degraded_value(def, sent, now),
    }
}

fn degraded_value(def: &FieldDef, sent: &Value, now: &Value) -> bool {
    match (sent, now) {
        (Value::String(sent), Value::String(now)) => degraded_text(sent, now),
        (Value::Array(sent), Value::Array(now)) => now.iter().all(|n| sent.iter().any(|s| degraded_value(def, s, n))),
        (Value::Object(sent), Value::Object(now)) if def.shape == Shape::Overrides => now.iter().all(|(k, n)| sent.get(k) == Some(n)),
        (Value::Object(_), Value::Object(_)) if def.shape == Shape::Time => day_of(sent).as_ref() == Some(now) || trimmed_time(sent, now),
        (Value::Object(sent), Value::Object(now)) => now.iter().all(|(k, n)| match sent.get(k) {
            Some(s) => degraded_value(def, s, n),
            // What it adds by itself: a kind, a default, an id.
            None => !n.is_object(),
        }),
        _ => sent == now,
    }
}

fn trimmed_time(sent: &Value, now: &Value) -> bool {
    let at = |v: &Value| v.get("at").and_then(Value::as_str).map(|t| t.chars().take(16).collect::<String>());
    at(sent).is_some() && at(sent) == at(now)
}

fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn degraded_text(sent: &str, now: &str) -> bool {
    let (sent, now) = (plain(sent), plain(now));
    sent == now || (!now.is_empty() && sent.starts_with(&now))
}

/// The fields of one side, for reading and comparing by pair.
pub(crate) fn value<'a>(fields: &'a pimkit_core::Fields, field: &Field) -> Option<&'a Value> {
    fields.get(field).filter(|v| !v.is_null())
}

#[cfg(test)]
mod tests {
    use super::*;
    use pimkit_core::{Contact, Record, Task};
    use serde_json::json;

    fn contact(field: &str) -> &'static FieldDef {
        Contact::catalogue().field(field).unwrap()
    }

    #[test]
    fn a_fourth_value_stays_on_the_hub_while_the_far_side_edits_its_three() {
        let def = contact("emails");
        let three = FieldSupport { many: Some(3), ..FieldSupport::full("emails") };
        let hub = json!([{"address": "a"}, {"address": "b", "label": "b!"}, {"address": "c"}, {"address": "d"}]);
        let far = project(def, &three, Some(&hub), None).unwrap();
        assert_eq!(far, json!([{"address": "a"}, {"address": "b", "label": "b!"}, {"address": "c"}]));
        let edited = json!([{"address": "a"}, {"address": "x"}, {"address": "c"}]);
        let bare = json!([{"address": "a"}, {"address": "b"}, {"address": "c"}]);
        assert_eq!(
            lift(def, Some(&hub), Some(&bare), Some(&edited)).unwrap(),
            json!([{"address": "a"}, {"address": "x", "label": "b!"}, {"address": "c"}, {"address": "d"}])
        );
        assert_eq!(lift(def, Some(&hub), Some(&far), None).unwrap(), json!([{"address": "d"}]));
    }

    #[test]
    fn those_held_already_stay_when_there_are_too_many() {
        let def = contact("notes");
        let one = FieldSupport { many: Some(1), ..FieldSupport::full("notes") };
        let hub = json!(["first", "second"]);
        assert_eq!(project(def, &one, Some(&hub), Some(&json!(["second"]))).unwrap(), json!(["second"]));
        assert_eq!(project(def, &one, Some(&hub), None).unwrap(), json!(["first"]));
    }

    #[test]
    fn a_cut_entry_is_the_one_that_it_was_cut_from() {
        let def = contact("notes");
        let five = FieldSupport { max_len: Some(5), ..FieldSupport::full("notes") };
        let hub = json!(["first of all", "other"]);
        let far = project(def, &five, Some(&hub), None).unwrap();
        assert_eq!(far, json!(["first", "other"]));
        let lifted = |now: Value| lift(def, Some(&hub), Some(&far), Some(&now));
        assert_eq!(lifted(json!(["other"])), Some(json!(["other"])));
        assert_eq!(lifted(json!(["third", "other"])), Some(json!(["third of all", "other"])));
        assert_eq!(lifted(json!(["first"])), Some(json!(["first of all"])));
        assert_eq!(lifted(json!(["first", "other", "new"])), Some(json!(["first of all", "other", "new"])));
    }

    #[test]
    fn a_cut_text_keeps_its_end() {
        let def = Task::catalogue().field("description").unwrap();
        let five = FieldSupport { max_len: Some(5), ..FieldSupport::full("description") };
        let hub = json!("äbcde fghi");
        let far = project(def, &five, Some(&hub), None).unwrap();
        assert_eq!(far, json!("äbcde"));
        assert_eq!(lift(def, Some(&hub), Some(&far), Some(&json!("xbcde"))).unwrap(), json!("xbcde fghi"));
    }

    #[test]
    fn a_date_only_side_moves_the_day_and_leaves_the_time() {
        let def = Task::catalogue().field("due").unwrap();
        let day = FieldSupport { precision: Some(Precision::Day), ..FieldSupport::full("due") };
        let hub = json!({"at": "2026-03-01T17:00:00", "zone": {"id": "Europe/Vienna"}});
        let far = project(def, &day, Some(&hub), None).unwrap();
        assert_eq!(far, json!({"on": "2026-03-01"}));
        assert_eq!(
            lift(def, Some(&hub), Some(&far), Some(&json!({"on": "2026-03-05"}))).unwrap(),
            json!({"at": "2026-03-05T17:00:00", "zone": {"id": "Europe/Vienna"}})
        );
    }

    #[test]
    fn what_a_server_makes_of_a_value_is_told_from_an_edit() {
        let text = Task::catalogue().field("title").unwrap();
        for (sent, now, by_itself) in
            [("Call  Bob", "call bob", true), ("Call Bob", "Call", false), ("Call Bob", "Call Rob", false), ("Call", "Call Bob", false)]
        {
            assert_eq!(degraded(text, Some(&json!(sent)), Some(&json!(now))), by_itself, "{sent} -> {now}");
        }
        let emails = contact("emails");
        let sent = json!([{"address": "A@b", "label": "x"}, {"address": "c"}]);
        assert!(degraded(emails, Some(&sent), Some(&json!([{"address": "c"}, {"address": "a@b"}]))));
        assert!(!degraded(emails, Some(&sent), Some(&json!([{"address": "a@b"}]))), "an entry less is an edit");
        assert!(part_of(emails, Some(&sent), Some(&json!([{"address": "a@b"}]))), "and it may be a half-done write");
        assert!(!degraded(emails, Some(&json!([{"address": "a@b"}])), Some(&json!([{"address": "z@b"}]))));
    }
}
