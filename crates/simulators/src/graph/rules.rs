//! What the service was seen to do in one way here and in another there, and what nobody has shown: as data.

use std::time::Duration;

/// Switches of the service. The default is what most reports say, and where they are silent, what is least kind to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphRules {
    /// What happens to contacts.
    pub contacts: ContactRules,
    /// What delta tells.
    pub delta: DeltaRules,
    /// What happens to events.
    pub events: EventRules,
    /// What happens to tasks.
    pub tasks: TaskRules,
    /// What is notified.
    pub push: PushRules,
    /// How much is taken.
    pub limits: GraphLimits,
    /// Whether an id that stays finds an item that was deleted, in Deleted Items, until it is removed from there.
    pub deleted_stay_readable: bool,
}

/// What happens to contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactRules {
    /// `displayName` and `fileAs` are made anew when a part of the name is written without them.
    pub recomputes_names: bool,
    /// More than three e-mail addresses, two business or home phones or three instant messenger addresses: refused, or cut.
    pub refuses_surplus: bool,
}

/// What delta tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeltaRules {
    /// A round begins with a page without rows that has a `nextLink` (seen in DavMail's logs).
    pub empty_first_page: bool,
    /// A page without rows has `"value": null` (mguessan/davmail#458).
    pub null_value: bool,
    /// Every row comes twice in its round.
    pub tells_twice: bool,
    /// With immutable ids, an item that left and came back between two rounds is told as removed
    /// (microsoftgraph/microsoft-graph-docs#21752).
    pub forgets_returns: bool,
    /// What a removed row says instead of `deleted`.
    pub removed_as_changed: bool,
    /// Extended properties can be expanded on contacts and messages: said for messages by Evolution, unproven for contacts.
    pub expands: bool,
    /// `events/delta` is refused without `startDateTime` (microsoftgraph/msgraph-sdk-dotnet#3130).
    pub events_need_start: bool,
    /// `events/delta` is not there: 501, as before it came to v1.0.
    pub events_missing: bool,
    /// The deletion of an occurrence changes nothing that delta tells (microsoftgraph/microsoft-graph-docs#2963).
    pub cancelled_silently: bool,
}

/// What happens to events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRules {
    /// An organiser's change of what nobody else sees (categories, reminder, show-as, extended properties) mails too.
    pub private_changes_mail: bool,
    /// An attendee who deletes a meeting declines it by mail.
    pub deleting_declines: bool,
    /// The status that an attendee's change of the organiser's properties is refused with.
    pub attendee_change: u16,
    /// A second POST with one `transactionId` answers with the first event; else 409.
    pub repeats_answer_first: bool,
    /// Names of zones that are refused although they are of IANA (microsoftgraph/microsoft-graph-docs-contrib#1609).
    pub refused_zones: Vec<String>,
    /// A `/cancelledOccurrences` and `exceptionOccurrences` are there.
    pub tells_exceptions: bool,
    /// A calendar has another id in the answer to its POST than later (microsoftgraph/microsoft-graph-docs#5580).
    pub new_calendars_change_ids: bool,
}

/// What happens to tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRules {
    /// `If-Match` is looked at; nobody has shown that it is.
    pub checks_versions: bool,
    /// Another due date of a task that recurs makes another task (microsoftgraph/microsoft-graph-docs#5424).
    pub due_change_makes_another: bool,
}

/// What is notified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushRules {
    /// What was made is notified as updated as well (microsoftgraph/microsoft-graph-docs#8497).
    pub made_is_updated_too: bool,
    /// The longest life of a subscription to mail, events and contacts, in minutes; it was 4,230 for years and is said to be 10,080.
    pub outlook_minutes: i64,
}

/// How much is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphLimits {
    /// Requests at a time for one mailbox.
    pub concurrent: usize,
    /// Requests for one mailbox within [`GraphLimits::window`].
    pub requests: usize,
    /// See [`GraphLimits::requests`].
    pub window: Duration,
    /// Requests in a batch.
    pub batch: usize,
    /// How many requests of one batch a mailbox takes that do not wait for each other; the rest answers 429 inside
    /// (microsoftgraph/microsoft-graph-docs#2886). None: all of them, four at a time.
    pub batch_at_once: Option<usize>,
    /// `Retry-After` of 429 answers, as it is spelled there.
    pub retry_after: String,
    /// Attendees of an event.
    pub attendees: usize,
    /// Bytes of an attachment that is posted whole, and of one that is listed with its content.
    pub attachment: usize,
    /// The fewest bytes of an attachment for which an upload session is made (microsoftgraph/msgraph-sdk-java#52).
    pub upload: usize,
    /// What the bytes of every part of an upload but the last are a multiple of.
    pub upload_parts: usize,
    /// The host of the addresses that uploads are given, over https; None for the service's own.
    pub upload_host: Option<String>,
    /// Subscriptions of a mailbox.
    pub subscriptions: usize,
}

impl Default for GraphRules {
    fn default() -> Self {
        Self {
            contacts: ContactRules { recomputes_names: true, refuses_surplus: true },
            delta: DeltaRules {
                empty_first_page: false,
                null_value: false,
                tells_twice: false,
                forgets_returns: false,
                removed_as_changed: false,
                expands: false,
                events_need_start: false,
                events_missing: false,
                cancelled_silently: false,
            },
            events: EventRules {
                private_changes_mail: true,
                deleting_declines: true,
                attendee_change: 403,
                repeats_answer_first: true,
                refused_zones: vec!["Africa/Casablanca".to_owned()],
                tells_exceptions: true,
                new_calendars_change_ids: false,
            },
            tasks: TaskRules { checks_versions: false, due_change_makes_another: true },
            push: PushRules { made_is_updated_too: true, outlook_minutes: 4230 },
            limits: GraphLimits {
                concurrent: 4,
                requests: 10_000,
                window: Duration::from_secs(600),
                batch: 20,
                batch_at_once: None,
                retry_after: "2.128".to_owned(),
                attendees: 500,
                attachment: 3 * 1024 * 1024,
                upload: 2 * 1024 * 1024,
                upload_parts: 320 * 1024,
                upload_host: None,
                subscriptions: 1000,
            },
            deleted_stay_readable: false,
        }
    }
}

/// Why a mailbox cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It lies on the company's own server, or has no licence.
    NotHere,
    /// The account is disabled.
    Disabled,
    /// It is being moved.
    Moving,
    /// It is full: reading works, writing does not.
    Full,
    /// The application was not let at it.
    Denied,
}
