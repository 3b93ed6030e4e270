//! Lists whose elements come and go one by one.

use super::card::Card;
use crate::text::ContentLine;

/// An element as it stands in a card.
#[derive(Debug)]
pub(super) struct Located<T> {
    pub(super) value: T,
    /// Its line.
    pub(super) at: usize,
    /// Lines beside it that belong to it: a label, a country code, the same thing said twice.
    pub(super) with: Vec<usize>,
}

/// An element of a many-valued field that has a line of its own.
pub(super) trait Element: Clone + PartialEq {
    /// Every element of the card.
    fn locate(card: &Card) -> Vec<Located<Self>>;
    /// What names the element among its like.
    fn key(&self) -> String;
    /// The element's lines in a card that has not got it.
    fn lines(&self, card: &Card) -> Vec<ContentLine>;
    /// Changes the element where it stands, keeping what the record does not know; false when it must be written anew.
    fn edit(card: &mut Card, found: &Located<Self>, to: &Self) -> bool;
}

/// What a list is after the step from `base` to `target` is made on what the text has. What the text has beyond `base`
/// stays; an element that the text spells otherwise than `base` is found by its key.
pub(super) fn merged<T: Clone + PartialEq>(text: &[T], base: &[T], target: &[T], key: impl Fn(&T) -> String) -> Vec<T> {
    if text == base {
        return target.to_vec();
    }
    let removed = without(base, target);
    let mut added = without(target, base);
    let mut result: Vec<Option<T>> = text.iter().cloned().map(Some).collect();
    let mut extra = vec![true; result.len()];
    for known in base {
        let same = result.iter().zip(&extra).position(|(value, extra)| *extra && value.as_ref() == Some(known));
        if let Some(flag) = same.and_then(|at| extra.get_mut(at)) {
            *flag = false;
        }
    }
    for gone in &removed {
        let exact = result.iter().position(|value| value.as_ref() == Some(gone));
        let found = exact.or_else(|| {
            let wanted = key(gone);
            result.iter().zip(&extra).position(|(value, extra)| *extra && value.as_ref().is_some_and(|value| key(value) == wanted))
        });
        if let Some(found) = found {
            // The place stays for an element of the same key.
            let replacement = added.iter().position(|new| key(new) == key(gone)).map(|at| added.remove(at));
            if let Some(place) = result.get_mut(found) {
                *place = replacement;
            }
            if let Some(flag) = extra.get_mut(found) {
                *flag = false;
            }
        }
    }
    for new in added {
        let place = result.iter().zip(&extra).position(|(value, extra)| *extra && value.as_ref() == Some(&new));
        let place = place.or_else(|| {
            let wanted = key(&new);
            result.iter().zip(&extra).position(|(value, extra)| *extra && value.as_ref().is_some_and(|value| key(value) == wanted))
        });
        match place.and_then(|at| Some((result.get_mut(at)?, extra.get_mut(at)?))) {
            Some((place, extra)) => {
                *place = Some(new);
                *extra = false;
            }
            None => {
                result.push(Some(new));
                extra.push(false);
            }
        }
    }
    result.into_iter().flatten().collect()
}

/// The elements of `all` that `others` has not, each counted.
pub(super) fn without<T: Clone + PartialEq>(all: &[T], others: &[T]) -> Vec<T> {
    let mut others: Vec<Option<&T>> = others.iter().map(Some).collect();
    let mut left = Vec::new();
    for value in all {
        match others.iter_mut().find(|other| **other == Some(value)) {
            Some(found) => *found = None,
            None => left.push(value.clone()),
        }
    }
    left
}

/// Makes the card say exactly `all`, touching only the lines of elements that differ.
pub(super) fn patch<T: Element>(card: &mut Card, all: &[T]) {
    let mut wanted: Vec<T> = all.to_vec();
    let mut found = T::locate(card);
    found.retain(|found| match wanted.iter().position(|value| *value == found.value) {
        Some(at) => {
            wanted.remove(at);
            false
        }
        None => true,
    });
    if wanted.is_empty() && found.is_empty() {
        return;
    }
    let mut pairs: Vec<(Located<T>, T)> = Vec::new();
    let mut alone: Vec<Located<T>> = Vec::new();
    for found in found {
        let key = found.value.key();
        match wanted.iter().position(|value| value.key() == key) {
            Some(at) => pairs.push((found, wanted.remove(at))),
            None => alone.push(found),
        }
    }
    if alone.len() == wanted.len() {
        pairs.extend(alone.drain(..).zip(wanted.drain(..)));
    }
    for gone in &alone {
        card.remove_with(gone.at, &gone.with);
    }
    let mut anew = Vec::new();
    for (found, to) in pairs {
        let edited = T::edit(card, &found, &to) && T::locate(card).iter().any(|now| now.at == found.at && now.value == to);
        if !edited {
            card.remove_with(found.at, &found.with);
            anew.push(to);
        }
    }
    for value in anew.iter().chain(&wanted) {
        let lines = value.lines(card);
        card.add(lines);
    }
    // A line may have come to belong to another element than before (a LABEL without a group): then all are written anew.
    let now = T::locate(card);
    let values: Vec<T> = now.iter().map(|found| found.value.clone()).collect();
    if values.len() != all.len() || !without(&values, all).is_empty() {
        for found in &now {
            card.remove_with(found.at, &found.with);
        }
        for value in all {
            let lines = value.lines(card);
            card.add(lines);
        }
    }
}
