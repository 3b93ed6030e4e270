//! One entry under one label is one thing: the address at work, the number at home.
//!
//! Entries are named by what they say, so that two sides that each replaced the address at work
//! would end up with two of them. Where both agreed on the one entry of a label, and both replaced
//! it, that is one conflict and not two new entries. It cannot harm anybody who keeps several entries
//! under one label, or none: those are still told apart by what they say.

use pimkit_core::Value;
use std::collections::BTreeSet;

/// The elements of one version of a set, by name.
type Elements = Vec<(String, Value)>;

/// What tells an entry from the others of its kind; none for one that has no label.
fn label(element: &Value) -> Option<String> {
    let words = |key: &str| -> Vec<String> {
        let list = element.get(key).and_then(Value::as_array);
        let mut words: Vec<String> = list.into_iter().flatten().filter_map(Value::as_str).map(str::to_lowercase).collect();
        words.sort();
        words
    };
    let (contexts, own) = (words("contexts"), element.get("label").and_then(Value::as_str).unwrap_or_default().trim().to_lowercase());
    if contexts.is_empty() && own.is_empty() {
        return None;
    }
    Some(format!("{} {own} {}", contexts.join("+"), words("features").join("+")))
}

/// The name of the one entry under a label; none where there is none, or several.
fn only<'a>(elements: &'a Elements, wanted: &str) -> Option<&'a str> {
    let mut of = elements.iter().filter(|(_, element)| label(element).as_deref() == Some(wanted));
    match (of.next(), of.next()) {
        (Some((name, _)), None) => Some(name),
        _ => None,
    }
}

/// Gives the entries of a label one name in all versions, where both sides replaced the one that they had agreed on.
pub(super) fn join(h0: &mut Elements, h1: &mut Elements, f0: &mut Elements, f1: &mut Elements) {
    let labels: BTreeSet<String> = h0.iter().filter_map(|(_, element)| label(element)).collect();
    for wanted in labels {
        let (Some(a0), Some(a1), Some(b0), Some(b1)) = (only(h0, &wanted), only(h1, &wanted), only(f0, &wanted), only(f1, &wanted)) else {
            continue;
        };
        if a0 != b0 || a0 == a1 || b0 == b1 || a1 == b1 {
            continue;
        }
        // A line break is in no name of an element of these fields.
        let name = format!("\n{wanted}");
        for elements in [&mut *h0, &mut *h1, &mut *f0, &mut *f1] {
            for (named, _) in elements.iter_mut().filter(|(_, element)| label(element).as_deref() == Some(wanted.as_str())) {
                named.clone_from(&name);
            }
        }
    }
}
