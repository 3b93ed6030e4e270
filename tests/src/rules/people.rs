//! Records of the rule tests, and short words for what a test looks at.

use pimkit::{Contact, ContactKind, EmailAddress, Event, Organizer, Participant, Phone, Record, Stored, Task, User, When};
use pimkit_contract::FakeClock;

/// An e-mail address for work.
#[must_use]
pub fn mail(address: &str) -> EmailAddress {
    EmailAddress { address: address.to_owned(), contexts: ["work".to_owned()].into(), ..EmailAddress::default() }
}

/// A telephone number.
#[must_use]
pub fn phone(number: &str) -> Phone {
    Phone { number: number.to_owned(), ..Phone::default() }
}

/// A person of this first and last name, with an e-mail address made of the first one.
#[must_use]
pub fn person(name: &str) -> Contact {
    let (given, surname) = name.split_once(' ').unwrap();
    Contact::build(|c| {
        c.name.full = Some(name.to_owned());
        c.name.given = Some(given.to_owned());
        c.name.surname = Some(surname.to_owned());
        c.emails = vec![mail(&format!("{}@work.example", given.to_lowercase()))];
    })
}

/// A company.
#[must_use]
pub fn company(name: &str) -> Contact {
    Contact::build(|c| {
        c.kind = ContactKind::Org;
        c.name.full = Some(name.to_owned());
    })
}

/// An event of an hour, so many days from what the clock shows.
#[must_use]
pub fn event(title: &str, clock: &FakeClock, days: i64) -> Event {
    use pimkit::Clock as _;
    let hour = jiff::SignedDuration::from_hours(1);
    let start = clock.now() + jiff::SignedDuration::from_hours(24 * days);
    // Files say times to the second.
    let start = jiff::Timestamp::from_second(start.as_second()).unwrap();
    Event::build(|e| {
        e.title = Some(title.to_owned());
        e.start = Some(When::utc(start));
        e.end = Some(When::utc(start + hour));
    })
}

/// An event of an hour that this address called, with two guests whom the app does not know.
#[must_use]
pub fn meeting(title: &str, clock: &FakeClock, days: i64, organizer: &str) -> Event {
    let mut meeting = event(title, clock, days);
    meeting.organizer = Some(Organizer { address: organizer.to_owned(), name: None });
    meeting.participants = GUESTS.map(|address| Participant { address: address.to_owned(), ..Participant::default() }).into();
    meeting
}

/// Who is invited to a [`meeting`].
pub const GUESTS: [&str; 2] = ["guest@elsewhere.example", "other@elsewhere.example"];

/// Who is invited to an event.
#[must_use]
pub fn invited(event: &Event) -> Vec<&str> {
    event.participants.iter().map(|p| p.address.as_str()).collect()
}

/// What a record is called.
pub trait Named {
    /// Its full name or title; empty when it has none.
    fn name(&self) -> &str;
}

impl Named for Contact {
    fn name(&self) -> &str {
        self.name.full.as_deref().unwrap_or_default()
    }
}

impl Named for Event {
    fn name(&self) -> &str {
        self.title.as_deref().unwrap_or_default()
    }
}

impl Named for Task {
    fn name(&self) -> &str {
        self.title.as_deref().unwrap_or_default()
    }
}

impl Named for User {
    fn name(&self) -> &str {
        self.name.full.as_deref().or(self.login.as_deref()).unwrap_or_default()
    }
}

/// What the records are called, sorted.
#[must_use]
pub fn names<R: Named>(items: &[Stored<R>]) -> Vec<&str> {
    let mut names: Vec<_> = items.iter().map(|stored| stored.record.name()).collect();
    names.sort_unstable();
    names
}

/// The one record of this name.
///
/// # Panics
/// When there is none, or several.
#[must_use]
pub fn the<R: Named + Clone>(items: &[Stored<R>], name: &str) -> Stored<R> {
    let named: Vec<_> = items.iter().filter(|stored| stored.record.name() == name).collect();
    assert_eq!(named.len(), 1, "records of the name {name} among {:?}", names(items));
    named[0].clone()
}
