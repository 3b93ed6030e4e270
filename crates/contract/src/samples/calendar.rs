//! Sample events and tasks. They lie in 2026, mostly in Vienna.

use super::{pick, spread, uid};
use jiff::{Timestamp, ToSpan, civil};
use pimkit_core::{
    Alert, AlertAction, Attachment, BlobRef, Day, Event, EventStatus, Field, FreeBusy, Frequency, Link, Location, NthDay, Organizer,
    Override, Overrides, Participant, ParticipationStatus, Privacy, Progress, Record, RecurrenceId, RecurrenceRule, Task, Trigger, Until,
    Value, VirtualLocation, When,
};
use std::collections::BTreeSet;

const ABOUT: &[&str] = &["Jour fixe", "Lunch; with Zoë", "Review, part two", "Dentist", "Call \"Acme\"", "Planning 🗓"];
const PLACE: &[&str] = &["Room 1", "Café Central", "Lab, 2nd floor", "Garden"];
const ZONE: &str = "Europe/Vienna";

fn text(words: impl Into<String>) -> Option<String> {
    Some(words.into())
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

/// A wall time in 2026, on a quarter of an hour, the same for the same number.
fn moment(n: u64) -> civil::DateTime {
    let first = civil::date(2026, 1, 5).at(8, 0, 0, 0);
    let days = i64::try_from(n % 350).unwrap_or(0);
    let quarters = i64::try_from(spread(n, 5, 32)).unwrap_or(0);
    first.checked_add(days.days().minutes(15 * quarters)).unwrap_or(first)
}

/// The day of the week.
fn weekday(wall: civil::DateTime) -> Day {
    match wall.weekday() {
        civil::Weekday::Monday => Day::Mo,
        civil::Weekday::Tuesday => Day::Tu,
        civil::Weekday::Wednesday => Day::We,
        civil::Weekday::Thursday => Day::Th,
        civil::Weekday::Friday => Day::Fr,
        civil::Weekday::Saturday => Day::Sa,
        civil::Weekday::Sunday => Day::Su,
    }
}

fn after(wall: civil::DateTime, minutes: i64) -> civil::DateTime {
    wall.checked_add(minutes.minutes()).unwrap_or(wall)
}

/// An instant in 2026, to the second.
fn instant(n: u64) -> Timestamp {
    When::zoned(moment(n), "UTC").instant().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A meeting of one, with a place; every seventh is a whole day, every eleventh floats.
#[must_use]
pub fn event(n: u64) -> Event {
    let start = moment(n);
    let end = after(start, 30 + 15 * i64::try_from(n % 5).unwrap_or(0));
    Event::build(|e| {
        e.uid = text(uid("event", n));
        e.title = text(format!("{} {n}", pick(ABOUT, n, 6)));
        if n % 7 == 6 {
            e.start = Some(When::all_day(start.date()));
            e.end = Some(When::all_day(start.date().saturating_add(1.day())));
        } else if n % 11 == 10 {
            e.start = Some(When::floating(start));
            e.end = Some(When::floating(end));
        } else {
            e.start = Some(When::zoned(start, ZONE));
            e.end = Some(When::zoned(end, ZONE));
        }
        e.locations = vec![Location { name: text(pick(PLACE, n, 7)), coordinates: None }];
    })
}

/// An event with two guests and an organiser: a provider that mails would mail them.
#[must_use]
pub fn meeting(n: u64) -> Event {
    let mut meeting = event(n);
    meeting.organizer = Some(Organizer { address: "me@example.com".to_owned(), name: text("Me") });
    meeting.participants = vec![
        Participant {
            address: format!("guest{n}@example.net"),
            name: text(format!("Guest {n}")),
            roles: set(&["attendee"]),
            expect_reply: true,
            ..Participant::default()
        },
        Participant {
            address: format!("other{n}@example.net"),
            roles: set(&["optional"]),
            participation_status: ParticipationStatus::Accepted,
            ..Participant::default()
        },
    ];
    meeting
}

fn weekly(n: u64) -> RecurrenceRule {
    RecurrenceRule { frequency: Frequency::Weekly, count: Some(10 + (n % 20) as u32), ..RecurrenceRule::default() }
}

/// The keys of three occurrences of a series that comes every week, or every other week.
fn weeks(start: civil::DateTime) -> [RecurrenceId; 3] {
    [2, 4, 6].map(|week| RecurrenceId(start.checked_add((7 * week).days()).unwrap_or(start)))
}

/// A weekly series of which the second occurrence is moved and renamed, and the third does not take place.
#[must_use]
pub fn series(n: u64) -> Event {
    let start = moment(n);
    let mut series = Event::build(|e| {
        e.uid = text(uid("series", n));
        e.title = text(format!("{} {n}", pick(ABOUT, n, 6)));
        e.start = Some(When::zoned(start, ZONE));
        e.end = Some(When::zoned(after(start, 60), ZONE));
        e.recurrence_rules = vec![weekly(n)];
    });
    let [second, third, _] = weeks(start);
    let moved = [
        ("title", Value::from(format!("Moved {n}"))),
        ("start", json(&When::zoned(after(second.0, 90), ZONE))),
        ("end", json(&When::zoned(after(second.0, 150), ZONE))),
    ];
    series.recurrence_overrides = Overrides::from([
        (second, Override::Changed(moved.into_iter().map(|(f, v)| (Field::from(f), v)).collect())),
        (third, Override::Excluded),
    ]);
    series
}

fn json<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

fn file(n: u64) -> Attachment {
    Attachment {
        blob: BlobRef {
            media_type: "application/pdf".to_owned(),
            uri: text(format!("https://files.example/{n}.pdf")),
            ..BlobRef::default()
        },
        name: text(format!("file {n}.pdf")),
    }
}

fn alerts(n: u64) -> Vec<Alert> {
    vec![Alert { trigger: Trigger::Start(-60 * i64::try_from(5 + n % 50).unwrap_or(5)), action: AlertAction::Display }]
}

/// An event in which every field of the catalogue is there: a meeting that repeats. Attachments
/// are by their addresses; bytes need a source.
#[must_use]
pub fn full_event(n: u64) -> Event {
    let start = moment(n);
    let odd = n % 2 == 1;
    let mut full = meeting(n);
    full.start = Some(When::zoned(start, ZONE));
    full.end = Some(When::zoned(after(start, 45), ZONE));
    full.description = text(format!("What it is about {n}\nsecond line; with, separators."));
    full.recurrence_rules = vec![RecurrenceRule {
        interval: Some(2),
        first_day_of_week: Some(Day::Su),
        by_day: vec![NthDay { day: weekday(start), nth_of_period: None }],
        ..weekly(n)
    }];
    full.excluded_recurrence_rules =
        vec![RecurrenceRule { frequency: Frequency::Monthly, by_month_day: vec![1 + (n % 28) as i8], ..RecurrenceRule::default() }];
    let [second, third, _] = weeks(start);
    full.recurrence_overrides = Overrides::from([
        (second, Override::Changed([(Field::from("title"), Value::from(format!("Other {n}")))].into())),
        (third, Override::Excluded),
    ]);
    full.status = Some(if odd { EventStatus::Tentative } else { EventStatus::Confirmed });
    full.free_busy_status = Some(if odd { FreeBusy::Free } else { FreeBusy::Busy });
    full.privacy = Some(if odd { Privacy::Private } else { Privacy::Secret });
    full.priority = Some(1 + (n % 9) as u8);
    full.color = text(if odd { "tomato" } else { "steelblue" });
    full.keywords = [format!("Project {n}"), "Tea, green".to_owned()].into();
    full.locations = vec![Location { name: text(format!("{} {n}", pick(PLACE, n, 7))), coordinates: None }];
    full.virtual_locations = vec![VirtualLocation { uri: format!("https://meet.example/{n}"), name: text("Call") }];
    full.links = vec![Link { uri: format!("https://events.example/{n}"), ..Link::default() }];
    full.attachments = vec![file(n)];
    full.organizer = Some(Organizer { address: "me@example.com".to_owned(), name: text(format!("Me {n}")) });
    full.alerts = alerts(n);
    full.custom = [("Region".to_owned(), Value::from(format!("North {n}")))].into();
    full
}

/// Something to do, due on a day; every fifth is done.
#[must_use]
pub fn task(n: u64) -> Task {
    Task::build(|t| {
        t.uid = text(uid("task", n));
        t.title = text(format!("{} {n}", pick(ABOUT, n, 8)));
        t.due = Some(When::all_day(moment(n).date()));
        if n % 5 == 4 {
            t.progress = Some(Progress::Completed);
            t.percent_complete = Some(100);
            t.completed = Some(instant(n));
        } else {
            t.progress = Some(Progress::NeedsAction);
        }
    })
}

/// A task that comes back every week, of which one occurrence is left out.
#[must_use]
pub fn task_series(n: u64) -> Task {
    let start = moment(n);
    let [second, ..] = weeks(start);
    let mut series = task(n);
    series.uid = text(uid("task series", n));
    series.start = Some(When::zoned(start, ZONE));
    series.due = Some(When::zoned(after(start, 120), ZONE));
    series.recurrence_rules = vec![weekly(n)];
    series.recurrence_overrides = Overrides::from([(second, Override::Excluded)]);
    series
}

/// A task in which every field of the catalogue is there. Attachments are by their addresses.
#[must_use]
pub fn full_task(n: u64) -> Task {
    let start = moment(n);
    let odd = n % 2 == 1;
    let mut full = task(n);
    full.description = text(format!("How to do it {n}\nsecond line; with, separators."));
    full.start = Some(When::zoned(start, ZONE));
    full.due = Some(When::zoned(after(start, 240), ZONE));
    full.recurrence_rules = vec![RecurrenceRule { until: Some(Until::At(after(start, 60 * 24 * 7 * 30))), count: None, ..weekly(n) }];
    full.excluded_recurrence_rules =
        vec![RecurrenceRule { frequency: Frequency::Monthly, by_month_day: vec![1 + (n % 28) as i8], ..RecurrenceRule::default() }];
    let [second, third, _] = weeks(start);
    full.recurrence_overrides = Overrides::from([
        (second, Override::Changed([(Field::from("title"), Value::from(format!("Other {n}")))].into())),
        (third, Override::Excluded),
    ]);
    full.progress = Some(if odd { Progress::InProcess } else { Progress::Completed });
    full.percent_complete = Some(if odd { 1 + (n % 98) as u8 } else { 100 });
    full.completed = Some(instant(n));
    full.priority = Some(1 + (n % 9) as u8);
    full.privacy = Some(if odd { Privacy::Private } else { Privacy::Secret });
    full.color = text(if odd { "tomato" } else { "steelblue" });
    full.keywords = [format!("Project {n}"), "Tea, white".to_owned()].into();
    full.locations = vec![Location { name: text(format!("{} {n}", pick(PLACE, n, 7))), coordinates: None }];
    full.links = vec![Link { uri: format!("https://tasks.example/{n}"), ..Link::default() }];
    full.attachments = vec![file(n)];
    full.parent = text(uid("task", n + 1));
    full.alerts = alerts(n);
    full.custom = [("Region".to_owned(), Value::from(format!("North {n}")))].into();
    full
}
