//! The behaviour suite of all connectors, on the stand-in for Microsoft Graph.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::{ROOT, Simulated};
use pimkit_contract::suite::{self, Report};
use pimkit_graph::{Config, Quirks};
use pimkit_simulators::{ContactRules, DeltaRules, GraphLimits, GraphRules};

/// What the suite cannot ask of contacts: they have no guests and no series, creates are found and not repeated, and v1.0 has
/// no search in contacts.
const LEFT_OUT: [&str; 6] = [
    "contacts::a_mark_of_a_deleted_item_makes_an_item_or_is_a_conflict",
    "contacts::a_repeated_create_makes_one_item",
    "contacts::a_series_with_overrides_comes_back",
    "contacts::a_side_that_is_only_read_refuses_writes",
    "contacts::nobody_is_mailed_unless_wanted",
    "contacts::search_finds_by_words",
];

/// Fields that Graph has no place for.
const NO_PLACE: [&str; 4] =
    ["contacts::field_kind", "contacts::field_members", "contacts::field_name.surname2", "contacts::field_preferredLanguages"];

/// What it cannot ask of events, and what they have no place for.
const OF_EVENTS: [&str; 7] = [
    "events::a_side_that_is_only_read_refuses_writes",
    "events::field_color",
    "events::field_excludedRecurrenceRules",
    "events::field_links",
    "events::field_organizer",
    "events::field_virtualLocations",
    "events::search_finds_by_words",
];

/// The stand-in has no tasks yet.
const COMING: &str = "tasks::*";

/// A case more that is left out is a capability that was lost.
fn left_out_are(report: &Report, beyond: &[&str]) {
    let mut told: Vec<&str> = report.skipped.iter().map(|(case, _)| case.as_str()).collect();
    let mut expected: Vec<&str> = LEFT_OUT.iter().chain(&NO_PLACE).chain(&OF_EVENTS).chain([&COMING]).chain(beyond).copied().collect();
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
