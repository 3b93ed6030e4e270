//! What the provider makes of a record: what it can hold of it, how it rewrites it, what it shows of it.

use super::options::WorstOptions;
use pimkit_core::{Field, Fields, Record, Shape, Value, When};

/// Text cut to so many characters.
fn cut(value: &mut Value, most: usize) {
    match value {
        Value::String(text) => {
            if let Some((end, _)) = text.char_indices().nth(most) {
                text.truncate(end);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|v| cut(v, most)),
        _ => {}
    }
}

/// True when a field holds more values than the provider takes.
pub(crate) fn overflows(options: &WorstOptions, field: &Field, value: &Value) -> bool {
    options.at_most.get(field).zip(value.as_array()).is_some_and(|(most, list)| list.len() > *most as usize)
}

/// What the provider can hold of a record: values over the limit are dropped, texts cut, times reduced to days.
pub(crate) fn hold<R: Record>(options: &WorstOptions, record: R) -> R {
    if options.at_most.is_empty() && options.cut_at.is_empty() && options.date_only.is_empty() {
        return record;
    }
    let mut changed = Fields::new();
    for (field, value) in record.fields() {
        let mut held = value.clone();
        if let (Some(most), Value::Array(list)) = (options.at_most.get(&field), &mut held) {
            list.truncate(*most as usize);
        }
        if let Some(most) = options.cut_at.get(&field) {
            cut(&mut held, *most as usize);
        }
        if options.date_only.contains(&field)
            && let Ok(time) = serde_json::from_value::<When>(held.clone())
        {
            held = serde_json::to_value(When::all_day(time.date())).unwrap_or(held);
        }
        if held != value {
            changed.insert(field, held);
        }
    }
    record.with(&changed).unwrap_or(record)
}

fn tidy(text: &str) -> String {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("\n").trim().to_owned()
}

fn rewrite(value: &mut Value, label: bool) {
    match value {
        Value::String(text) => {
            *text = tidy(text);
            if label {
                *text = text.to_uppercase();
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|v| rewrite(v, label)),
        Value::Object(map) => map.iter_mut().for_each(|(key, v)| rewrite(v, key == "label")),
        _ => {}
    }
}

/// The record as a normalising provider rewrites it: texts without spaces at their ends or in runs,
/// labels in capitals, sets in the reverse order of their values. Doing it twice changes nothing more.
#[must_use]
pub fn normalised<R: Record>(record: &R) -> R {
    let mut fields = Fields::new();
    for (field, mut value) in record.fields() {
        let Some(def) = R::catalogue().field(field.as_str()) else { continue };
        let texts = matches!(def.shape, Shape::Text | Shape::Texts | Shape::List(_) | Shape::Any);
        if def.identity || !texts || field.as_str().starts_with("recurrence") || field.as_str().starts_with("excluded") {
            continue;
        }
        rewrite(&mut value, false);
        if let (Value::Array(list), Some(_)) = (&mut value, def.element) {
            list.sort_by_cached_key(|v| std::cmp::Reverse(v.to_string()));
        }
        fields.insert(field, value);
    }
    record.with(&fields).unwrap_or_else(|_| record.clone())
}

/// The record without the fields that the provider keeps from us.
pub(crate) fn shown<R: Record>(options: &WorstOptions, record: &R, unread: &[Field]) -> R {
    if unread.is_empty() && !options.withholds_anything() {
        return record.clone();
    }
    let hidden: Fields = record
        .fields()
        .into_keys()
        .filter(|field| unread.contains(field) || options.withholds(field.as_str()))
        .map(|field| (field, Value::Null))
        .collect();
    record.with(&hidden).unwrap_or_else(|_| record.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{Sample, contact, full_contact, full_event, full_task};
    use pimkit_core::{Contact, EmailAddress, Event, Task};

    #[test]
    fn what_is_over_the_limits_is_dropped_cut_and_reduced() {
        let options = WorstOptions::only(&["at_most", "cut_at", "date_only"]).unwrap();
        let mut many = contact(3);
        many.notes = vec!["ä".repeat(50)];
        many.emails = (0..5).map(|n| EmailAddress { address: format!("{n}@example.com"), ..EmailAddress::default() }).collect();
        let held = hold(&options, many.clone());
        assert_eq!(held.emails, many.emails[..3]);
        assert_eq!(held.notes, ["ä".repeat(40)]);
        let due = full_task(1).due.unwrap();
        assert_eq!(hold(&options, full_task(1)).due, Some(When::all_day(due.date())));
    }

    #[test]
    fn normalising_rewrites_labels_spaces_and_order_and_is_stable() {
        let mut spelt = full_contact(1);
        spelt.notes = vec!["  two  words ".into()];
        let once = normalised(&spelt);
        assert_eq!(once.notes, ["two words"]);
        assert!(once.emails.iter().any(|e| e.label.as_deref() == Some("BOAT")), "{:?}", once.emails);
        assert_eq!(normalised(&once), once);
        assert_eq!(once.uid, spelt.uid);
        fn stable<R: Sample>() {
            let once = normalised(&R::full(3));
            assert_eq!(normalised(&once), once);
        }
        stable::<Contact>();
        stable::<Event>();
        stable::<Task>();
    }

    #[test]
    fn hidden_and_unread_fields_are_not_shown() {
        let options = WorstOptions::only(&["hidden_fields", "no_exceptions"]).unwrap();
        let shown = shown(&options, &full_event(1), &[Field::from("title")]);
        assert!(shown.virtual_locations.is_empty() && shown.priority.is_none() && shown.recurrence_overrides.is_empty());
        assert!(shown.title.is_none() && shown.description.is_some());
    }
}
