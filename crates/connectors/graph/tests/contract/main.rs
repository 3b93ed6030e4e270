//! The behaviour suite of all connectors, on the stand-in for Microsoft Graph.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../todo/desk.rs"]
mod desk;
mod tasks;

use common::{ROOT, Simulated};
use pimkit_contract::suite::{self, Report};
use pimkit_graph::{Config, Quirks};
use pimkit_simulators::{ContactRules, DeltaRules, GraphLimits, GraphRules};

/// What the suite cannot ask of contacts: they have no guests and no series, creates are found and not repeated, and v1.0 has
/// no search in contacts.
const LEFT_OUT: [&str; 9] = [
    "contacts::a_mark_of_a_deleted_item_makes_an_item_or_is_a_conflict",
    "contacts::a_repeated_create_makes_one_item",
    "contacts::a_series_with_overrides_comes_back",
    "contacts::a_side_that_is_only_read_refuses_writes",
    "contacts::nobody_is_mailed_unless_wanted",
    "contacts::search_finds_by_words",
    "events::a_side_that_is_only_read_refuses_writes",
    "events::search_finds_by_words",
    // Those of tasks are asked over accounts of their own.
    "tasks::*",
];

/// Fields that Graph has no place for.
const NO_PLACE: [&str; 9] = [
    "contacts::field_kind",
    "contacts::field_members",
    "contacts::field_name.surname2",
    "contacts::field_preferredLanguages",
    "events::field_color",
    "events::field_excludedRecurrenceRules",
    "events::field_links",
    // Read, and made by the service alone.
    "events::field_organizer",
    "events::field_virtualLocations",
];

/// A case more that is left out is a capability that was lost.
fn left_out_are(report: &Report, beyond: &[&str]) {
    let mut told: Vec<&str> = report.skipped.iter().map(|(case, _)| case.as_str()).collect();
    let mut expected: Vec<&str> = LEFT_OUT.iter().chain(&NO_PLACE).chain(beyond).copied().collect();
    told.sort_unstable();
    expected.sort_unstable();
    assert_eq!(told, expected);
}

async fn over(name: &'static str, rules: GraphRules, config: Config) {
    let report = suite::run(&Simulated { name, rules, config }).await;
    left_out_are(&report, &[]);
}

#[tokio::test]
async fn the_suite_holds_on_a_simulated_graph() {
    over("as documented", GraphRules::default(), Config::new(ROOT)).await;
}

#[tokio::test]
async fn the_suite_holds_where_delta_has_every_oddity() {
    let delta =
        DeltaRules { empty_first_page: true, null_value: true, tells_twice: true, removed_as_changed: true, ..GraphRules::default().delta };
    over("odd delta", GraphRules { delta, ..GraphRules::default() }, Config::new(ROOT).page_size(2)).await;
}

#[tokio::test]
async fn the_suite_holds_where_delta_brings_everything_along() {
    let delta = DeltaRules { expands: true, ..GraphRules::default().delta };
    let mut quirks = Quirks::default();
    quirks.expands_in_delta = true;
    over("delta that expands", GraphRules { delta, ..GraphRules::default() }, Config::new(ROOT).quirks(quirks)).await;
}

#[tokio::test]
async fn the_suite_holds_where_batches_are_refused_in_part_and_deleted_items_stay_readable() {
    let limits = GraphLimits { batch_at_once: Some(4), ..GraphRules::default().limits };
    let contacts = ContactRules { refuses_surplus: false, ..GraphRules::default().contacts };
    over("small batches", GraphRules { limits, contacts, deleted_stay_readable: true, ..GraphRules::default() }, Config::new(ROOT)).await;
}

#[tokio::test]
async fn the_suite_holds_with_ids_that_do_not_stay_and_one_call_to_a_request() {
    let mut quirks = Quirks::default();
    (quirks.immutable_ids, quirks.batch, quirks.contacts_by_name) = (false, 1, false);
    over("default ids", GraphRules::default(), Config::new(ROOT).quirks(quirks)).await;
}

#[tokio::test]
async fn the_suite_holds_in_a_mailbox_by_name() {
    over("by name", GraphRules::default(), Config::new(ROOT).mailbox(common::ALICE)).await;
}

async fn over_events(name: &'static str, change: impl FnOnce(&mut GraphRules), quirks: impl FnOnce(&mut Quirks)) {
    let mut rules = GraphRules::default();
    change(&mut rules);
    let mut known = Quirks::default();
    quirks(&mut known);
    over(name, rules, Config::new(ROOT).quirks(known).page_size(3)).await;
}

#[tokio::test]
async fn the_suite_holds_where_rounds_of_events_want_a_start() {
    over_events("dated rounds", |rules| rules.delta.events_need_start = true, |_| {}).await;
}

#[tokio::test]
async fn the_suite_holds_where_only_views_of_a_calendar_have_rounds() {
    over_events("views", |rules| rules.delta.events_missing = true, |_| {}).await;
}

#[tokio::test]
async fn the_suite_holds_where_a_second_create_is_refused_and_exceptions_are_not_told() {
    let change = |rules: &mut GraphRules| {
        (rules.events.repeats_answer_first, rules.events.tells_exceptions) = (false, false);
        (rules.events.new_calendars_change_ids, rules.events.attendee_change) = (true, 400);
    };
    over_events("odd events", change, |_| {}).await;
}
