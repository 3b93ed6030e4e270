//! What the service does otherwise than one would think, as data.
//!
//! Where a fact is only reported and was not measured, its switch says so; a host that knows better sets it
//! ([`Config::quirks`](crate::Config::quirks)).

use serde::{Deserialize, Serialize};

/// How the service differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Quirks {
    /// Ids that stay when an item is moved within its mailbox are asked for, with every request. Never change it for an account
    /// that was synced: links hold ids of the one sort (documented: "Obtain immutable identifiers for Outlook resources").
    pub immutable_ids: bool,
    /// Calls in one batch, 20 at most. Outlook runs four of them at a time (documented), and was seen to refuse the rest of larger
    /// ones with 429 (microsoft-graph-docs 2886 and 8760): what is refused so is asked again, and later batches of the session
    /// have four.
    pub batch: u32,
    /// Rounds of contacts carry extended properties, so that no item has to be read by itself. Not documented for contacts, and a
    /// server that passes over the wish would look like one where every pager and every mark is gone: only for who has measured it.
    pub expands_in_delta: bool,
    /// The default folder of contacts answers under the name `contactFolders/contacts` (reported). Where it does not, its id is taken
    /// from a contact in it.
    pub contacts_by_name: bool,
    /// A contact that has a picture says so in a property (`PidLidHasPicture`; DavMail relies on it), so that others are not asked
    /// for one. Where it does not, every contact is asked
    /// (`every_contact_is_asked_for_a_picture_where_none_says_that_it_has_one`).
    pub pictures_by_flag: bool,
    /// A picture can be taken away from a contact. No reference page has a request for it
    /// (`a_picture_is_taken_away_only_where_somebody_knows_that_it_can_be`).
    pub removes_pictures: bool,
    /// How changes of events are asked for. `events/delta` is documented for beta, and is in the metadata of v1.0; some tenants want a
    /// start with it (msgraph-sdk-dotnet 3130). What a server refuses is given up for the next way by itself
    /// (`a_calendar_that_can_only_be_listed_is_listed_whole_each_time` is the last one).
    pub event_rounds: EventRounds,
    /// After how many days everything in a calendar is named anew; 0 for never. Rounds of events have missed deletions, those of single
    /// occurrences above all (microsoft-graph-docs 2963, 5951 and 11728).
    pub event_reread_days: u32,
    /// What an organiser changes of a meeting mails its guests even where nobody else sees it (reminder, categories, how the time
    /// shows, properties of our own): reported (microsoft-graph-docs 7339 and 7968). Without, such changes are written in silence.
    pub own_changes_mail: bool,
    /// A guest who deletes a copy of a meeting declines it by mail; whether it does is said to depend on settings. Without, copies
    /// are deleted in silence.
    pub deletions_decline: bool,
    /// How long an item that was made may stay unseen by a search, in seconds. Not documented; a minute is a guess on the safe side
    /// (`how_long_a_create_stays_unseen_is_what_its_host_knows`).
    pub settles_seconds: u32,
    /// A task is answered with its steps and links when `$expand` asks for them. Not documented for tasks; without, each sort is a
    /// request of its own.
    pub tasks_expand: bool,
    /// When a repeating task is due may be changed. A change of it was seen to make a second task (microsoft-graph-docs 5424,
    /// RogerSelwyn/MS365-ToDo 133; `when_a_repeating_task_is_due_stays_unless_somebody_knows_better`).
    pub due_of_series: bool,
    /// Users are read with their pictures: a request more for each, and a right that not every app has.
    pub pictures_of_users: bool,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            immutable_ids: true,
            batch: 20,
            expands_in_delta: false,
            contacts_by_name: true,
            pictures_by_flag: true,
            removes_pictures: false,
            event_rounds: EventRounds::Delta,
            event_reread_days: 7,
            own_changes_mail: true,
            deletions_decline: true,
            settles_seconds: 60,
            tasks_expand: true,
            due_of_series: false,
            pictures_of_users: true,
        }
    }
}

/// How changes of events are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EventRounds {
    /// `events/delta`: series and single events.
    #[default]
    Delta,
    /// `calendarView/delta`, after a listing of everything.
    View,
    /// A listing of everything each time.
    Listing,
}
