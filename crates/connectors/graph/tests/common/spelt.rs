//! How Graph spells what it was given: without what it has no place for.

use jiff::civil::Weekday;
use pimkit_core::{
    AnniversaryKind, Contact, Day, Event, EventStatus, FreeBusy, Frequency, NthDay, ParticipationStatus, TitleKind, When, Zone,
};

pub fn contact(mut c: Contact) -> Contact {
    c.nicknames.truncate(1);
    c.notes.truncate(1);
    c.emails.truncate(3);
    for email in &mut c.emails {
        email.contexts.clear();
        (email.label, email.pref) = (None, None);
    }
    for organization in &mut c.organizations {
        organization.units.truncate(1);
    }
    for phone in &mut c.phones {
        (phone.label, phone.pref) = (None, None);
        if phone.features.contains("mobile") {
            phone.contexts.clear();
        }
    }
    for service in &mut c.online_services {
        service.service = None;
        if service.uri.is_some() {
            service.user = None;
        }
        service.contexts.clear();
        (service.label, service.pref) = (None, None);
    }
    for address in &mut c.addresses {
        if let Some(apartment) = address.apartment.take() {
            let street = address.street.take().map_or(apartment.clone(), |street| format!("{street}\n{apartment}"));
            address.street = Some(street);
        }
        (address.label, address.pref, address.coordinates) = (None, None, None);
    }
    c.anniversaries.retain(|a| matches!(a.kind, AnniversaryKind::Birth | AnniversaryKind::Wedding) && a.date.day.is_some());
    let mut seen: Vec<TitleKind> = Vec::new();
    c.titles.retain(|title| {
        !seen.contains(&title.kind) && {
            seen.push(title.kind);
            true
        }
    });
    for link in &mut c.links {
        link.contexts.retain(|context| context == "private");
        (link.label, link.pref, link.rel, link.media_type) = (None, None, None, None);
    }
    c
}

/// The zone of the mailbox's settings.
const OWN_ZONE: &str = "UTC";

fn weekday(start: &When) -> Day {
    match start.date().weekday() {
        Weekday::Monday => Day::Mo,
        Weekday::Tuesday => Day::Tu,
        Weekday::Wednesday => Day::We,
        Weekday::Thursday => Day::Th,
        Weekday::Friday => Day::Fr,
        Weekday::Saturday => Day::Sa,
        Weekday::Sunday => Day::Su,
    }
}

/// An event without what Exchange has no word for: "perhaps" for a time that is free, and a start beside its rule.
pub fn sayable(mut e: Event) -> Event {
    if e.free_busy_status == Some(FreeBusy::Free) {
        e.status = None;
    }
    if let Some(start) = &e.start {
        for rule in e.recurrence_rules.iter_mut().filter(|rule| rule.frequency == Frequency::Weekly && !rule.by_day.is_empty()) {
            rule.by_day = vec![NthDay { day: weekday(start), nth_of_period: None }];
        }
    }
    e
}

/// An event as Exchange says it again.
pub fn event(mut e: Event) -> Event {
    if e.status == Some(EventStatus::Confirmed) {
        e.status = None;
    }
    e.priority = match e.priority {
        Some(1..=4) => Some(1),
        Some(6..) => Some(9),
        _ => None,
    };
    if e.participants.is_empty() {
        // An event of one has no organiser.
        e.organizer = None;
    }
    let asks = e.participants.iter().any(|p| p.expect_reply);
    for participant in &mut e.participants {
        // What guests answer is theirs to say.
        (participant.participation_status, participant.expect_reply) = (ParticipationStatus::NeedsAction, asks);
    }
    for time in [&mut e.start, &mut e.end].into_iter().flatten() {
        if let When::Floating { at } = time {
            *time = When::Zoned { at: *at, zone: Zone::iana(OWN_ZONE) };
        }
    }
    if let Some(start) = &e.start {
        for rule in e.recurrence_rules.iter_mut().filter(|rule| rule.frequency == Frequency::Weekly && rule.by_day.is_empty()) {
            rule.by_day = vec![NthDay { day: weekday(start), nth_of_period: None }];
        }
    }
    e
}
