//! The behaviour suite over To Do.

use crate::{
    common::{self, ROOT},
    desk::Desks,
};
use pimkit_contract::suite::{self, Report};
use pimkit_graph::{Config, Quirks};
use pimkit_simulators::{DeltaRules, GraphLimits, GraphRules};

/// What the suite cannot ask of tasks: nothing is conditional, creates are found and not repeated, a task that is moved is another
/// one, and there are no guests, no overrides, no files, no list of categories and no search.
const LEFT_OUT: [&str; 11] = [
    "tasks::a_deletion_of_a_superseded_version_is_a_conflict",
    "tasks::a_mark_of_a_deleted_item_makes_an_item_or_is_a_conflict",
    "tasks::a_repeated_create_makes_one_item",
    "tasks::a_series_with_overrides_comes_back",
    "tasks::a_side_that_is_only_read_refuses_writes",
    "tasks::an_update_of_a_superseded_version_is_a_conflict",
    "tasks::bytes_stream_and_survive_an_unrelated_edit",
    "tasks::bytes_without_a_source_are_left_out",
    "tasks::categories_are_made_once_renamed_and_removed",
    "tasks::nobody_is_mailed_unless_wanted",
    "tasks::search_finds_by_words",
];

/// Fields that To Do has no place for, and one that it makes itself.
const NO_PLACE: [&str; 11] = [
    "tasks::field_attachments",
    "tasks::field_color",
    "tasks::field_completed",
    "tasks::field_custom",
    "tasks::field_excludedRecurrenceRules",
    "tasks::field_locations",
    "tasks::field_parent",
    "tasks::field_percentComplete",
    "tasks::field_privacy",
    "tasks::field_recurrenceOverrides",
    "tasks::field_uid",
];

fn left_out_are(report: &Report) {
    // The other kinds have test programs of their own.
    let mut told: Vec<&str> = report.skipped.iter().map(|(case, _)| case.as_str()).filter(|case| !case.ends_with("::*")).collect();
    let mut expected: Vec<&str> = LEFT_OUT.iter().chain(&NO_PLACE).copied().collect();
    told.sort_unstable();
    expected.sort_unstable();
    assert_eq!(told, expected);
}

async fn over(name: &'static str, rules: GraphRules, config: Config) {
    left_out_are(&suite::run(&Desks { name, rules, config }).await);
}

#[tokio::test]
async fn the_suite_holds_on_a_simulated_to_do() {
    over("as documented", GraphRules::default(), Config::new(ROOT)).await;
}

#[tokio::test]
async fn the_suite_holds_where_delta_has_every_oddity() {
    let delta =
        DeltaRules { empty_first_page: true, null_value: true, tells_twice: true, removed_as_changed: true, ..GraphRules::default().delta };
    over("odd delta", GraphRules { delta, ..GraphRules::default() }, Config::new(ROOT).page_size(2)).await;
}

#[tokio::test]
async fn the_suite_holds_where_what_hangs_on_a_task_is_asked_for_by_itself() {
    let mut quirks = Quirks::default();
    quirks.tasks_expand = false;
    let limits = GraphLimits { batch_at_once: Some(4), ..GraphRules::default().limits };
    over("without expand", GraphRules { limits, ..GraphRules::default() }, Config::new(ROOT).quirks(quirks)).await;
}

#[tokio::test]
async fn the_suite_holds_in_a_mailbox_by_name_with_one_call_to_a_request() {
    let mut quirks = Quirks::default();
    quirks.batch = 1;
    over("by name", GraphRules::default(), Config::new(ROOT).mailbox(common::ALICE).quirks(quirks)).await;
}
