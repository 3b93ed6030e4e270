//! Null, and members of enumerations that nobody knows, in every place where the metadata of Microsoft Graph lets them be: each place
//! is reached, what becomes of the app's record is known for each, nothing else of it changes, and all is as it was afterwards.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod graph;
mod places;

use graph::{retold, served};
use pimkit::{Contact, Event, Message, Task, User};
use pimkit_simulators::{graph_enumerated, graph_nullable};
use places::{
    tables,
    world::{Part, Whole},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// What is put into a place: false where nothing is there.
type Put = fn(&mut Value) -> bool;

fn null(value: &mut Value) -> bool {
    !value.is_null() && {
        *value = Value::Null;
        true
    }
}

fn unheard(value: &mut Value) -> bool {
    match value {
        Value::Null => return false,
        Value::Array(members) => members.push(json!("unknownFutureValue")),
        member => *member = json!("unknownFutureValue"),
    }
    true
}

/// Puts it into a place of a value; how often there was something.
fn put(value: &mut Value, place: &[&str], what: Put) -> usize {
    let Some((name, rest)) = place.split_first() else { return usize::from(what(value)) };
    match value {
        Value::Array(all) => all.iter_mut().map(|one| put(one, place, what)).sum(),
        Value::Object(object) => object.get_mut(*name).map_or(0, |inner| put(inner, rest, what)),
        _ => 0,
    }
}

/// Puts it into a place of every value of a part in an answer.
fn everywhere(value: &mut Value, part: Part, place: &[&str], what: Put) -> usize {
    let inner = match value {
        Value::Array(all) => all.iter_mut().map(|one| everywhere(one, part, place, what)).sum(),
        Value::Object(object) => object.values_mut().map(|one| everywhere(one, part, place, what)).sum(),
        _ => 0,
    };
    inner + if part.is(value) { put(value, place, what) } else { 0 }
}

/// What comes of it: `-` where the connector asks for nothing there, `=` where nothing changes, else the fields of the app's records
/// that do, and `!` where it is told of.
fn outcome<R: Whole>(kit: &graph::Kit, part: Part, place: &str, what: Put) -> String {
    let before = R::snapshot(kit);
    let met = Arc::new(AtomicUsize::new(0));
    R::touched(kit);
    {
        let (met, place) = (met.clone(), place.to_owned());
        kit.stand_between(move |request, simulator| {
            retold(served(simulator, request), |answer| {
                let place: Vec<&str> = place.split('/').collect();
                met.fetch_add(everywhere(answer, part, &place, what), Ordering::Relaxed);
            })
        });
    }
    let told = [R::harmless(kit, place), R::harmless(kit, place)];
    let during = R::snapshot(kit);
    assert_eq!(during.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>(), "{place}: nothing comes or goes");
    let mut changed: BTreeSet<String> = BTreeSet::new();
    for (id, was) in &before {
        let is = &during[id];
        let names = was.keys().chain(is.keys()).filter(|name| was.get(*name) != is.get(*name));
        changed.extend(names.cloned());
    }
    kit.free();
    R::healed(kit, place);
    assert_eq!(R::snapshot(kit), before, "{place}: all is as it was");
    if told.iter().any(|told| *told) {
        changed.insert("!".to_owned());
    }
    let reached = met.load(Ordering::Relaxed) > 0;
    assert!(reached || changed.is_empty(), "{place}: {changed:?} without a reason");
    match (reached, changed.is_empty()) {
        (false, _) => "-".to_owned(),
        (_, true) => "=".to_owned(),
        _ => changed.into_iter().collect::<Vec<_>>().join(" "),
    }
}

/// Every place of a part, and what came of it, held against the table.
fn play<R: Whole>(part: Part, places: Vec<String>, what: Put, table: &str) {
    assert!(!places.is_empty(), "{part:?} is not in the metadata");
    let mut kit = None;
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for place in places {
        let there = kit.take().unwrap_or_else(R::world);
        let came = catch_unwind(AssertUnwindSafe(|| outcome::<R>(&there, part, &place, what)));
        // A world in which something failed tells nothing of the next place.
        kit = came.is_ok().then_some(there);
        found.entry(came.unwrap_or_else(|_| "FAILED".to_owned())).or_default().insert(place);
    }
    let told: Vec<String> =
        found.iter().map(|(outcome, all)| format!("{outcome}: {}", all.iter().cloned().collect::<Vec<_>>().join(" "))).collect();
    let lines = |text: &str| text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect::<Vec<_>>();
    // A line of the table may go over several, each with the outcome before it.
    let mut expected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in lines(table) {
        let (outcome, all) = line.split_once(": ").unwrap();
        expected.entry(outcome.to_owned()).or_default().extend(all.split(' ').map(str::to_owned));
    }
    assert_eq!(found, expected, "{part:?}:\n{}", told.join("\n"));
}

fn nulls<R: Whole>(part: Part, table: &str) {
    play::<R>(part, graph_nullable(part.of), null, table);
}

fn unknowns<R: Whole>(part: Part, table: &str) {
    play::<R>(part, graph_enumerated(part.of), unheard, table);
}

#[test]
fn null_in_any_place_of_a_contact_loses_nothing_else() {
    nulls::<Contact>(Part::CONTACT, tables::CONTACT);
}

#[test]
fn null_in_any_place_of_an_event_loses_nothing_else() {
    nulls::<Event>(Part::EVENT, tables::EVENT);
}

#[test]
fn null_in_any_place_of_an_exception_of_a_series_loses_nothing_else() {
    nulls::<Event>(Part::EXCEPTION, tables::EXCEPTION);
}

#[test]
fn null_in_any_place_of_a_file_of_an_event_loses_nothing_else() {
    nulls::<Event>(Part::FILE, tables::FILE_OF_AN_EVENT);
}

#[test]
fn null_in_any_place_of_a_task_and_its_parts_loses_nothing_else() {
    nulls::<Task>(Part::TASK, tables::TASK);
    nulls::<Task>(Part::STEP, tables::STEP);
    nulls::<Task>(Part::LINK, tables::LINK);
}

#[test]
fn null_in_any_place_of_a_message_and_its_files_loses_nothing_else() {
    nulls::<Message>(Part::MESSAGE, tables::MESSAGE);
    nulls::<Message>(Part::FILE, tables::FILE_OF_A_MESSAGE);
}

#[test]
fn null_in_any_place_of_a_user_loses_nothing_else() {
    nulls::<User>(Part::USER, tables::USER);
}

#[test]
fn members_of_enumerations_that_nobody_knows_lose_nothing_else() {
    unknowns::<Event>(Part::EVENT, tables::UNKNOWN_OF_AN_EVENT);
    unknowns::<Event>(Part::EXCEPTION, tables::UNKNOWN_OF_AN_EXCEPTION);
    unknowns::<Task>(Part::TASK, tables::UNKNOWN_OF_A_TASK);
    unknowns::<Message>(Part::MESSAGE, tables::UNKNOWN_OF_A_MESSAGE);
}
