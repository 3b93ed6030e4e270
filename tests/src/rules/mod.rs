//! The tests of the rules, written once over any far side.
//!
//! A rule test is a function named after its rule. It sets a profile, acts as users do at the app and in their
//! mailboxes, and reads nothing but what the two sides hold, the app's notices and the provider's outbox. Each runs over
//! every far side that calls [`every_rule!`](crate::every_rule); a new provider implements [`FarSide`] and calls it too.

pub mod dav;
pub mod far;
pub mod graph;
pub mod guests;
pub mod people;
pub mod sage;
pub mod sell;
pub mod sell_account;
pub mod sell_categories;
pub mod sell_merges;
pub mod sell_picked;
pub mod sell_values;
pub mod stage;
pub mod vdir;
pub mod worst;
pub mod zoho_contacts;
pub mod zoho_ends;
pub mod zoho_events;
pub mod zoho_google;
pub mod zoho_parts;

pub use far::{FarSide, Item, Mailbox};
pub use stage::{Desk, Stage, Sync};

/// Makes a test of each rule over a far side.
#[macro_export]
macro_rules! every_rule {
    ($far:ty) => {
        $crate::meeting_rules!($far);
        $crate::category_rules!($far);
        $crate::contact_rules!($far);
    };
}

/// Makes a test of each rule about contacts, but for those about their categories.
#[macro_export]
macro_rules! contact_rules {
    ($far:ty) => {
        $crate::rule_tests! { $far;
            sell_account {
                sell_19_only_the_private_folders_of_the_own_mailbox_take_part,
                sell_20_shared_and_public_folders_and_the_directory_are_refused_with_a_typed_reason,
            }
            sell_merges {
                sell_27_users_merge_duplicate_contacts_and_leads_in_the_app,
                sell_28_a_merge_in_the_app_leaves_the_mailboxes_duplicates_where_they_are,
                sell_29_after_a_merge_exactly_one_duplicate_keeps_syncing,
                sell_36_an_item_under_base_lead_edits_the_lead_and_stays_the_same_item_when_it_is_converted,
            }
            sell_values {
                sell_24_every_contact_that_the_user_may_see_is_exported_and_no_other,
                sell_25_a_manager_finds_the_teams_contacts_in_the_own_mailbox,
                sell_32_of_two_addresses_under_one_label_the_newest_stays,
                sell_33_the_value_that_was_replaced_is_kept_in_a_custom_field_of_the_app,
            }
            zoho_contacts {
                zo_33_set_up_offers_a_map_of_fields_that_can_be_edited,
                zo_34_fields_that_the_mailbox_cannot_hold_are_not_offered,
                zo_35_switching_on_makes_one_contact_folder_of_its_own,
                zo_36_contacts_made_on_either_side_come_to_the_other,
                zo_37_synced_contacts_lie_in_the_own_folder_alone,
                zo_38_only_the_users_own_contacts_are_synced_and_another_owner_is_no_deletion,
                zo_39_the_first_run_exports_no_more_than_10000_contacts,
                zo_40_imported_contacts_are_not_synced,
                zo_41_contacts_made_singly_or_mass_updated_are_synced_as_the_policy_says,
            }
            zoho_parts {
                zo_32_any_user_switches_on_the_contact_sync_of_the_own_two_accounts,
            }
            zoho_ends {
                zo_42_the_user_disables_the_contact_sync,
                zo_43_deleting_the_own_folder_disables_the_contact_sync,
                zo_44_disabling_deletes_the_folder,
                zo_45_the_app_keeps_its_contacts_when_the_sync_ends,
            }
            zoho_google {
                zg_01_the_direction_is_chosen,
                zg_02_the_chosen_side_overwrites_the_whole_contact,
                zg_07_fields_are_mapped_and_pairs_can_be_added,
                zg_08_a_sync_that_is_set_up_again_makes_no_duplicates,
                zg_09_the_apps_first_address_is_held_against_the_mailboxes_address_at_work,
                zg_10_the_first_run_moves_no_more_than_10000_contacts,
                zg_11_each_later_run_moves_no_more_than_500_contacts_and_forgets_none,
                zg_14_contacts_are_synced_as_far_as_the_users_rights_go,
            }
        }
    };
}

/// Makes a test of each rule about the categories of contacts, and of those about contacts that they build on.
#[macro_export]
macro_rules! category_rules {
    ($far:ty) => {
        $crate::rule_tests! { $far;
            sell {
                sell_21_contacts_and_their_edits_flow_both_ways,
                sell_22_deletes_are_carried_to_neither_side,
                sell_23_a_deleted_contact_does_not_come_back_and_goes_for_good_when_both_sides_delete_it,
                sell_26_duplicates_of_the_mailbox_come_into_the_app_as_duplicates,
                sell_30_runs_recognise_who_is_the_same_on_both_sides,
                sell_31_a_contact_on_both_sides_is_linked_and_not_made_twice,
            }
            sell_categories {
                sell_09_people_carry_base_person,
                sell_10_companies_carry_base_company,
                sell_11_contacts_with_active_deals_carry_base_current_prospect,
                sell_12_contacts_with_lost_or_unqualified_deals_carry_base_lost_prospect,
                sell_13_contacts_with_won_deals_and_the_status_carry_base_current_customer,
                sell_14_past_customers_carry_base_past_customer,
                sell_15_leads_are_exported_under_base_lead,
                sell_16_the_names_of_the_seven_categories_are_fixed,
                sell_17_a_renamed_managed_category_gets_its_name_back,
                sell_18_managed_categories_follow_the_app_and_leave_the_users_own_alone,
                sell_35_all_seven_categories_are_there_after_set_up_even_while_empty,
            }
            sell_picked {
                sell_05_the_user_picks_which_of_the_mailboxes_categories_come_into_the_app,
                sell_06_what_comes_from_a_picked_category_is_a_contact_and_no_lead,
                sell_07_contacts_that_the_mailbox_did_not_have_get_a_category_of_the_apps_making,
                sell_08_a_mailbox_without_categories_is_offered_no_choice_which_is_no_failure,
            }
            zoho_google {
                zg_04_one_list_of_the_mailbox_and_one_view_of_the_app_are_picked,
                zg_05_leaving_the_list_or_the_view_is_no_deletion_and_entering_no_copy,
                zg_06_contacts_of_the_app_join_the_picked_list,
            }
        }
    };
}

/// Makes a test of each rule about events over a far side, and of what becomes of their guests.
#[macro_export]
macro_rules! meeting_rules {
    ($far:ty) => {
        $crate::rule_tests! { $far;
            sell_account {
                sell_02_calendar_and_contacts_are_switched_on_each_for_itself,
                sell_34_an_outside_calendar_is_added_and_its_appointments_are_managed_in_the_app,
            }
            zoho_parts {
                zo_01_users_calendar_and_contacts_are_switched_on_each_for_itself,
                zo_18_any_user_switches_on_the_calendar_sync_of_the_own_two_accounts,
            }
            zoho_events {
                zo_19_switching_on_makes_one_calendar_of_its_own,
                zo_20_events_made_on_either_side_come_to_the_other,
                zo_21_synced_events_lie_in_the_own_calendar_and_in_no_other,
                zo_22_only_events_that_the_user_owns_are_synced,
                zo_23_the_first_run_exports_no_more_than_5000_events,
                zo_24_events_to_come_go_first,
                zo_25_past_events_follow_the_latest_first,
                zo_26_imported_events_are_never_synced,
                zo_27_events_made_singly_or_mass_updated_are_synced_as_the_policy_says,
            }
            zoho_ends {
                zo_28_the_user_disables_the_calendar_sync,
                zo_29_deleting_the_own_calendar_disables_the_sync_and_deletes_nothing_in_the_app,
                zo_30_disabling_removes_the_synced_events_from_the_mailbox_whichever_side_they_came_from,
                zo_31_the_app_keeps_its_events_when_the_sync_ends,
            }
            sage {
                sg_14_events_and_tasks_are_made_and_managed_on_either_side,
                sg_24_calendars_of_this_provider_can_be_the_calendar,
                sg_15_an_apps_event_takes_its_edits_in_the_app_to_the_calendar,
                sg_16_an_apps_event_takes_its_edits_in_the_calendar_to_the_app,
                sg_17_a_meeting_to_which_the_user_is_only_invited_is_shown_and_cannot_be_edited,
                sg_18_guests_from_outside_are_shown_by_address_without_a_persons_record,
                sg_19_a_series_from_outside_is_shown_and_cannot_be_edited,
                sg_20_one_edited_occurrence_of_a_series_from_outside_changes_nothing_in_the_app,
                sg_21_a_new_event_that_comes_in_notifies_its_own_user,
                sg_22_changes_of_events_that_are_there_notify_nobody,
                sg_23_invitations_that_are_not_answered_are_shown_all_the_same,
                sg_26_an_event_from_outside_that_the_user_organises_can_be_edited,
                sg_27_guests_of_an_apps_event_are_linked_to_their_records,
            }
            guests {
                guests_of_the_apps_meetings_are_mailed_by_no_policy_but_real,
                what_an_organiser_does_in_the_mailbox_is_answered_with_no_write,
            }
        }
    };
}

/// Makes a test of each of these functions over a far side.
#[macro_export]
macro_rules! rule_tests {
    ($far:ty; $($module:ident { $($name:ident),* $(,)? })*) => {
        $($(
            #[test]
            fn $name() {
                $crate::rules::$module::$name::<$far>();
            }
        )*)*
    };
}
