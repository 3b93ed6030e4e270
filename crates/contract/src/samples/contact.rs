//! Sample cards. Domains are of RFC 2606, numbers of the ranges kept for films and examples.

use super::{pick, spread, uid};
use pimkit_core::{
    Address, Anniversary, AnniversaryKind, BlobRef, Contact, ContactKind, EmailAddress, Link, Name, OnlineService, Organization,
    PartialDate, Phone, Record, Relation, Title, TitleKind,
};
use std::collections::BTreeSet;

const GIVEN: &[&str] = &["Ada", "Grace", "Émilie", "Mary", "Sofia", "Søren", "Jürgen", "Nikolai", "José", "Wei", "Aiko", "Fatima", "Olu"];
const SURNAME: &[&str] =
    &["Lovelace", "Hopper", "du Châtelet", "O'Neil", "Kovalevskaya", "Kierkegaard", "Müller", "Lobachevsky", "Núñez", "Zhang", "Tanaka"];
const COMPANY: &[&str] = &["Acme", "Globex", "Initech", "Umbrella & Sons", "Müller; Söhne, GmbH", "Stark"];
const CITY: &[&str] = &["Wien", "Graz", "São Paulo", "Zürich", "Lyon", "Kraków"];
const COUNTRY: &[(&str, &str)] = &[("Austria", "AT"), ("Brazil", "BR"), ("Switzerland", "CH"), ("France", "FR"), ("Poland", "PL")];

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

fn text(words: impl Into<String>) -> Option<String> {
    Some(words.into())
}

fn email(n: u64, domain: &str, context: &str) -> EmailAddress {
    EmailAddress { address: format!("person{n}@{domain}"), contexts: set(&[context]), label: None, pref: None }
}

/// A person with name, two e-mail addresses, a telephone number, a company and now and then a note.
#[must_use]
pub fn contact(n: u64) -> Contact {
    let (given, surname) = (pick(GIVEN, n, 1), pick(SURNAME, n, 2));
    Contact::build(|c| {
        c.uid = text(uid("contact", n));
        c.name.full = text(format!("{given} {surname} {n}"));
        c.name.given = text(given);
        c.name.surname = text(format!("{surname} {n}"));
        c.emails = vec![email(n, "work.example.com", "work"), email(n, "home.example.org", "private")];
        c.phones = vec![Phone { number: format!("+1 202 555 {:04}", n % 10_000), contexts: set(&["work"]), ..Phone::default() }];
        c.organizations = vec![Organization { name: text(pick(COMPANY, n, 3)), units: Vec::new() }];
        if n.is_multiple_of(3) {
            c.notes = vec![format!("Met in {}.\nLikes tea; not coffee, \"never\" coffee.", pick(CITY, n, 4))];
        }
    })
}

/// A company.
#[must_use]
pub fn company(n: u64) -> Contact {
    let name = format!("{} {n}", pick(COMPANY, n, 3));
    Contact::build(|c| {
        c.uid = text(uid("company", n));
        c.kind = ContactKind::Org;
        c.name.full = text(name.clone());
        c.organizations = vec![Organization { name: text(name), units: Vec::new() }];
        c.emails =
            vec![EmailAddress { address: format!("office{n}@company.example"), contexts: set(&["work"]), ..EmailAddress::default() }];
    })
}

/// A card in which every field of the catalogue is there. The photo is one by its address; bytes
/// need a source.
#[must_use]
pub fn full_contact(n: u64) -> Contact {
    let (given, surname) = (pick(GIVEN, n, 1), pick(SURNAME, n, 2));
    let (country, code) = COUNTRY.get(spread(n, 9, 5) as usize).copied().unwrap_or(("Austria", "AT"));
    let day = 1 + (n % 28) as i8;
    let mut full = contact(n);
    // Any kind but a person's, which is what a card is of when it says nothing.
    full.kind = match n % 3 {
        0 => ContactKind::Group,
        1 => ContactKind::Org,
        _ => ContactKind::Location,
    };
    full.name = Name {
        full: text(format!("Dr. {given} {n} M{n}. {surname} {n} y Díaz {n}, PhD {n}")),
        title: text(format!("Dr. {n}")),
        given: text(format!("{given} {n}")),
        given2: text(format!("M{n}.")),
        surname: text(format!("{surname} {n}")),
        surname2: text(format!("Díaz {n}")),
        credential: text(format!("PhD {n}")),
        given_phonetic: text(format!("gi-ven {n}")),
        surname_phonetic: text(format!("sur-name {n}")),
    };
    full.nicknames = vec![format!("Nick{n}"), format!("N, {n}")];
    full.organizations =
        vec![Organization { name: text(format!("{} {n}", pick(COMPANY, n, 3))), units: vec![format!("Research {n}"), "Tea".to_owned()] }];
    full.titles =
        vec![Title { name: format!("Engineer {n}"), kind: TitleKind::Title }, Title { name: format!("Chair {n}"), kind: TitleKind::Role }];
    full.phones = vec![
        Phone {
            number: format!("+1 202 555 {:04}", n % 10_000),
            features: set(&["mobile"]),
            contexts: set(&["private"]),
            label: None,
            pref: Some(1),
        },
        Phone {
            number: format!("+43 1 555 {:04}", n % 10_000),
            features: set(&["fax"]),
            contexts: set(&["work"]),
            label: None,
            pref: None,
        },
    ];
    full.emails = vec![
        EmailAddress { pref: Some(1), ..email(n, "work.example.com", "work") },
        EmailAddress { label: text("Boat"), contexts: BTreeSet::new(), ..email(n, "home.example.org", "private") },
    ];
    full.online_services = vec![OnlineService {
        service: text("Mastodon"),
        uri: text(format!("https://social.example/@person{n}")),
        user: text(format!("person{n}")),
        ..OnlineService::default()
    }];
    full.preferred_languages = if n.is_multiple_of(2) { vec!["de-AT".to_owned(), "en".to_owned()] } else { vec!["fr".to_owned()] };
    full.addresses = vec![Address {
        full: None,
        post_office_box: text(format!("{}", 100 + n)),
        apartment: text(format!("Top {n}")),
        street: text(format!("Teststraße {n}\nHinterhof")),
        locality: text(pick(CITY, n, 4)),
        region: text("Region, West"),
        postcode: text(format!("{:05}", n % 100_000)),
        country: text(country),
        country_code: text(code),
        coordinates: None,
        contexts: set(&["work"]),
        label: None,
        pref: None,
    }];
    full.anniversaries = vec![
        Anniversary { kind: AnniversaryKind::Birth, date: PartialDate::yearless(1 + (n % 12) as i8, day), text: None, label: None },
        Anniversary { kind: AnniversaryKind::Wedding, date: PartialDate::full(2001 + (n % 20) as i16, 6, day), text: None, label: None },
    ];
    full.links = vec![Link { uri: format!("https://people.example/{n}?a=1,2;3"), ..Link::default() }];
    full.photo =
        Some(BlobRef { media_type: "image/jpeg".to_owned(), uri: text(format!("https://people.example/{n}.jpg")), ..BlobRef::default() });
    full.notes = vec![format!("First line {n}\nSecond line; with, separators and \\ a backslash.")];
    full.keywords = [format!("Friends {n}"), "Tea, black".to_owned()].into();
    full.members = [format!("urn:uuid:{}", uid("contact", n + 1)), format!("urn:uuid:{}", uid("contact", n + 2))].into();
    full.related_to = vec![Relation { to: format!("urn:uuid:{}", uid("contact", n + 3)), relation: set(&["spouse"]), label: None }];
    full.custom = [("Region".to_owned(), format!("North {n}").into())].into();
    full
}
