//! What of a record a vCard can say.

use super::card::line_feeds;
use super::{addresses, channels, groups, marks, names, services};
use pimkit_core::{Anniversary, AnniversaryKind, Contact, ContactKind, Name, PartialDate, Value};
use std::collections::{BTreeSet, HashSet};

/// The record as a vCard gives it back: `read(author(c))` is `normalised(c)` in every field of the catalogue.
///
/// Most records are their own normal form. What differs:
/// - line ends are LF; names, addresses, numbers and other one-line texts are trimmed; blank ones are not there;
/// - an element that has only labels and no value is not there;
/// - a preference is 1 to 100; a `tel:` before a number goes; a two-letter country code is large;
/// - Apple's wrapping of a label (`_$!<Other>!$_`) goes;
/// - an account that is said twice, by address and by name, is there once; so is an anniversary;
/// - a member is a uid without `urn:uuid:`;
/// - of a group, a family name that only repeats the name in full goes.
#[must_use]
pub fn normalised(contact: &Contact) -> Contact {
    let mut c = contact.clone();
    c.uid = one(c.uid);
    let Name { full, title, given, given2, surname, surname2, credential, given_phonetic, surname_phonetic } = c.name;
    c.name = Name {
        full: one(full),
        title: one(title),
        given: one(given),
        given2: one(given2),
        surname: one(surname),
        surname2: one(surname2),
        credential: one(credential),
        given_phonetic: one(given_phonetic),
        surname_phonetic: one(surname_phonetic),
    };
    if c.kind == ContactKind::Group && names::mirrors(&c.name, c.name.full.as_deref()) {
        c.name.surname = None;
    }
    c.nicknames = each_once(c.nicknames);
    c.preferred_languages = each_once(c.preferred_languages);
    for organization in &mut c.organizations {
        organization.name = one(organization.name.take());
        organization.units = texts(std::mem::take(&mut organization.units));
    }
    c.organizations.retain(|organization| organization.name.is_some() || !organization.units.is_empty());
    for title in &mut c.titles {
        trim(&mut title.name);
    }
    c.titles.retain(|title| !title.name.is_empty());
    for email in &mut c.emails {
        trim(&mut email.address);
        beside(&mut email.contexts, &mut email.label, &mut email.pref);
    }
    c.emails.retain(|email| !email.address.is_empty());
    for phone in &mut c.phones {
        trim(&mut phone.number);
        phone.number = channels::without_scheme(&phone.number).to_owned();
        words(&mut phone.features);
        beside(&mut phone.contexts, &mut phone.label, &mut phone.pref);
    }
    c.phones.retain(|phone| !phone.number.is_empty());
    for service in &mut c.online_services {
        service.service = one(service.service.take());
        service.uri = one(service.uri.take());
        service.user = one(service.user.take());
        beside(&mut service.contexts, &mut service.label, &mut service.pref);
    }
    c.online_services.retain(|service| service.uri.is_some() || service.user.is_some());
    let first: HashSet<_> = c.online_services.iter().filter_map(services::said_by_address).collect();
    c.online_services.retain(|service| services::said_by_name(service).is_none_or(|said| !first.contains(&said)));
    addresses_of(&mut c);
    for day in &mut c.anniversaries {
        day.text = one(day.text.take());
        label(&mut day.label);
    }
    let mut days: Vec<Anniversary> = Vec::new();
    for day in std::mem::take(&mut c.anniversaries) {
        let empty = day.date == PartialDate::default() && day.text.is_none();
        let again = day.kind != AnniversaryKind::Other && days.iter().take(8).any(|known| *known == day);
        if !empty && !again {
            days.push(day);
        }
    }
    c.anniversaries = days;
    for link in &mut c.links {
        trim(&mut link.uri);
        link.rel = one(link.rel.take());
        link.media_type = one(link.media_type.take());
        beside(&mut link.contexts, &mut link.label, &mut link.pref);
    }
    c.links.retain(|link| !link.uri.is_empty());
    c.notes = c.notes.into_iter().map(|note| lines(&note)).filter(|note| !note.trim().is_empty()).collect();
    c.keywords = texts(c.keywords).into_iter().collect();
    c.members = c.members.iter().map(|member| groups::bare(&lines(member)).to_owned()).filter(|member| !member.is_empty()).collect();
    for relation in &mut c.related_to {
        trim(&mut relation.to);
        words(&mut relation.relation);
        label(&mut relation.label);
    }
    c.related_to.retain(|relation| !relation.to.is_empty());
    c.custom = c.custom.into_iter().filter_map(custom).collect();
    c
}

fn addresses_of(c: &mut Contact) {
    for address in &mut c.addresses {
        let parts = [
            &mut address.full,
            &mut address.post_office_box,
            &mut address.apartment,
            &mut address.street,
            &mut address.locality,
            &mut address.region,
            &mut address.postcode,
            &mut address.country,
            &mut address.country_code,
            &mut address.coordinates,
        ];
        for part in parts {
            *part = one(part.take());
        }
        address.country_code = address.country_code.as_deref().map(addresses::country_code);
        beside(&mut address.contexts, &mut address.label, &mut address.pref);
    }
    c.addresses.retain(addresses::says_something);
}

fn custom((name, value): (String, Value)) -> Option<(String, Value)> {
    let value = match value {
        Value::String(text) => Value::String(lines(&text)),
        other => other,
    };
    let blank = match &value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    };
    (!blank && !name.is_empty()).then(|| (lines(&name), value))
}

fn lines(text: &str) -> String {
    line_feeds(text.to_owned())
}

fn trim(text: &mut String) {
    *text = lines(text).trim().to_owned();
}

fn one(text: Option<String>) -> Option<String> {
    text.map(|text| lines(&text).trim().to_owned()).filter(|text| !text.is_empty())
}

fn texts(all: impl IntoIterator<Item = String>) -> Vec<String> {
    all.into_iter().filter_map(|text| one(Some(text))).collect()
}

fn each_once(all: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    texts(all).into_iter().filter(|text| seen.insert(text.clone())).collect()
}

fn words(words: &mut BTreeSet<String>) {
    *words = texts(std::mem::take(words)).into_iter().collect();
}

fn label(label: &mut Option<String>) {
    *label = one(label.take()).map(|text| marks::wrapped(&text).map(marks::canonical).unwrap_or(text));
}

fn beside(contexts: &mut BTreeSet<String>, text: &mut Option<String>, pref: &mut Option<u8>) {
    words(contexts);
    label(text);
    *pref = pref.filter(|pref| *pref > 0).map(|pref| pref.min(100));
}
