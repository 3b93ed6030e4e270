//! How Graph spells what it was given: without what it has no place for.

use pimkit_core::{AnniversaryKind, Contact, TitleKind};

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
