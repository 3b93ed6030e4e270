//! A card as a record, and a record's changes as edits of a card.

use super::card::{Card, has_scheme};
use super::element::{self, merged};
use super::texts::{self, Note};
use super::{custom, dates, groups, names, normal, photo};
use crate::resource::{Authoring, CardVersion, FormatError, InlineBlobs};
use crate::text::{ContentLine, Dialect};
use pimkit_core::{Address, Anniversary, Contact, EmailAddress, Link, OnlineService, Organization, Phone, Record, Relation, Title};

/// The elements of a many-valued field.
fn all<T: element::Element>(card: &Card) -> Vec<T> {
    T::locate(card).into_iter().map(|found| found.value).collect()
}

/// What the card says.
pub(super) fn read(card: &Card) -> Contact {
    Contact::build(|c| {
        c.uid = card.first_text("UID");
        c.kind = groups::kind(card);
        c.name = names::read(card, c.kind);
        c.nicknames = texts::list(card, "NICKNAME");
        c.organizations = all(card);
        c.titles = all(card);
        c.emails = all(card);
        c.phones = all(card);
        c.online_services = all(card);
        c.preferred_languages = texts::languages(card);
        c.addresses = all(card);
        c.anniversaries = all(card);
        c.links = all(card);
        c.photo = photo::read(card);
        c.notes = all::<Note>(card).into_iter().map(|note| note.0).collect();
        c.keywords = texts::list(card, "CATEGORIES").into_iter().collect();
        c.members = groups::members(card);
        c.related_to = all(card);
        c.custom = custom::read(card);
        c.created = card.first_text("CREATED").and_then(|text| dates::instant(&text));
        c.updated = card.first_text("REV").and_then(|text| dates::instant(&text));
    })
}

/// A card of its own for a record, and what it must say.
pub(super) fn author(record: &Contact, options: &Authoring, blobs: &InlineBlobs) -> Result<(Card, Contact), FormatError> {
    let (dialect, version) = match options.card_version {
        CardVersion::V3 => (Dialect::VCard30, "3.0"),
        CardVersion::V4 => (Dialect::VCard40, "4.0"),
    };
    let mut wanted = normal::normalised(record);
    if !groups::writes_members(options) {
        wanted.members.clear();
    }
    let mut card = Card::new(dialect);
    // RFC 6350 section 6.7.9: VERSION comes first.
    card.add(vec![ContentLine::new("VERSION", version)]);
    if !options.product_id.trim().is_empty() {
        card.add(vec![ContentLine::text_line("PRODID", options.product_id.trim(), dialect)]);
    }
    write(&mut card, &wanted, options, blobs, true)?;
    let v4 = card.is_v4();
    if let (Some(created), true) = (record.created, v4) {
        card.add(vec![ContentLine::new("CREATED", &dates::stamp(created, true))]);
    }
    card.add(vec![ContentLine::new("REV", &dates::stamp(options.now, v4))]);
    Ok((card, wanted))
}

/// Makes the steps from `base` to `target` on the card. Returns what it must say then.
pub(super) fn patch(
    card: &mut Card,
    base: &Contact,
    target: &Contact,
    options: &Authoring,
    blobs: &InlineBlobs,
) -> Result<Contact, FormatError> {
    let (base, target) = (normal::normalised(base), normal::normalised(target));
    let before = read(card);
    let wanted = step(&before, &base, &target, options);
    write(card, &wanted, options, blobs, false)?;
    if card.is_changed() {
        dates::touch(card, options.now);
    }
    Ok(wanted)
}

/// What the card says after the fields in which base and target differ are changed.
fn step(before: &Contact, base: &Contact, target: &Contact, options: &Authoring) -> Contact {
    let mut wanted = before.clone();
    macro_rules! lists {
        ($($path:literal, $field:ident, $key:expr;)*) => {
            fn list(wanted: &mut Contact, base: &Contact, target: &Contact, path: &str) {
                match path {
                    $($path => wanted.$field = merged(&wanted.$field, &base.$field, &target.$field, $key),)*
                    _ => {}
                }
            }
        };
    }
    lists! {
        "nicknames", nicknames, String::clone;
        "organizations", organizations, element::Element::key;
        "titles", titles, element::Element::key;
        "emails", emails, element::Element::key;
        "phones", phones, element::Element::key;
        "onlineServices", online_services, element::Element::key;
        "preferredLanguages", preferred_languages, String::clone;
        "addresses", addresses, element::Element::key;
        "anniversaries", anniversaries, element::Element::key;
        "links", links, element::Element::key;
        "notes", notes, |note: &String| note.trim().to_owned();
        "relatedTo", related_to, element::Element::key;
    }
    for field in base.differing(target) {
        match field.as_str() {
            "uid" => wanted.uid.clone_from(&target.uid),
            "kind" => wanted.kind = target.kind,
            "name.full" => wanted.name.full.clone_from(&target.name.full),
            "name.title" => wanted.name.title.clone_from(&target.name.title),
            "name.given" => wanted.name.given.clone_from(&target.name.given),
            "name.given2" => wanted.name.given2.clone_from(&target.name.given2),
            "name.surname" => wanted.name.surname.clone_from(&target.name.surname),
            "name.surname2" => wanted.name.surname2.clone_from(&target.name.surname2),
            "name.credential" => wanted.name.credential.clone_from(&target.name.credential),
            "name.givenPhonetic" => wanted.name.given_phonetic.clone_from(&target.name.given_phonetic),
            "name.surnamePhonetic" => wanted.name.surname_phonetic.clone_from(&target.name.surname_phonetic),
            "photo" => wanted.photo.clone_from(&target.photo),
            "keywords" => set(&mut wanted.keywords, &base.keywords, &target.keywords),
            "members" if groups::writes_members(options) => set(&mut wanted.members, &base.members, &target.members),
            "members" => {}
            path => match path.strip_prefix("custom.") {
                Some(name) => match target.custom.get(name) {
                    Some(value) => _ = wanted.custom.insert(name.to_owned(), value.clone()),
                    None => _ = wanted.custom.remove(name),
                },
                None => list(&mut wanted, base, target, path),
            },
        }
    }
    normal::normalised(&wanted)
}

fn set(
    wanted: &mut std::collections::BTreeSet<String>,
    base: &std::collections::BTreeSet<String>,
    target: &std::collections::BTreeSet<String>,
) {
    wanted.retain(|value| target.contains(value) || !base.contains(value));
    wanted.extend(target.difference(base).cloned());
}

/// Makes the card say this. `made`: the card is new, and gets what its version requires.
fn write(card: &mut Card, wanted: &Contact, options: &Authoring, blobs: &InlineBlobs, made: bool) -> Result<(), FormatError> {
    for day in &wanted.anniversaries {
        if !dates::can_be_written(day.date, card.dialect) {
            return Err(FormatError::Unwritable {
                field: "anniversaries".to_owned(),
                reason: "a vCard has a year of four digits, a month and a day, or the first or the last of them: correct the date",
            });
        }
    }
    write_uid(card, wanted.uid.as_deref());
    groups::set_kind(card, wanted.kind, options);
    names::write(card, wanted, made);
    texts::set_list(card, "NICKNAME", &wanted.nicknames);
    element::patch::<Organization>(card, &wanted.organizations);
    element::patch::<Title>(card, &wanted.titles);
    element::patch::<EmailAddress>(card, &wanted.emails);
    element::patch::<Phone>(card, &wanted.phones);
    element::patch::<OnlineService>(card, &wanted.online_services);
    texts::set_languages(card, &wanted.preferred_languages);
    element::patch::<Address>(card, &wanted.addresses);
    element::patch::<Anniversary>(card, &wanted.anniversaries);
    element::patch::<Link>(card, &wanted.links);
    photo::write(card, wanted.photo.as_ref(), blobs)?;
    let notes: Vec<Note> = wanted.notes.iter().cloned().map(Note).collect();
    element::patch::<Note>(card, &notes);
    let keywords: Vec<String> = wanted.keywords.iter().cloned().collect();
    texts::set_list(card, "CATEGORIES", &keywords);
    if made || groups::writes_members(options) {
        groups::set_members(card, &wanted.members, options);
    }
    element::patch::<Relation>(card, &wanted.related_to);
    custom::write(card, &wanted.custom);
    Ok(())
}

fn write_uid(card: &mut Card, wanted: Option<&str>) {
    if card.first_text("UID").as_deref() == wanted {
        return;
    }
    names::set_text(card, "UID", wanted);
    let v4 = card.is_v4();
    let line = card.first("UID").and_then(|at| Some((at, card.line(at)?.clone())));
    if let (Some((at, mut line)), Some(uid)) = (line, wanted) {
        line.remove_param("VALUE");
        if has_scheme(uid) {
            super::card::set_uri(&mut line, uid, card.dialect);
        } else if v4 {
            // RFC 6350 section 6.7.6: a URI, unless it says that it is none.
            line.set_param("VALUE", ["text"]);
        }
        card.set(at, line);
    }
}

/// The written card must say what was asked for: better an error than a value that silently became another.
pub(super) fn check(card: &Card, wanted: &Contact, blobs: &InlineBlobs) -> Result<(), FormatError> {
    let mut said = read(card);
    let given = wanted.photo.as_ref().filter(|photo| photo.digest.is_none()).and_then(|photo| blobs.get(&photo.id));
    if given.is_some() || photo::same(said.photo.as_ref(), wanted.photo.as_ref()) {
        // The bytes are those that were given; their digest was not known before.
        said.photo.clone_from(&wanted.photo);
    }
    if said == *wanted {
        return Ok(());
    }
    match said.differing(wanted).into_iter().next() {
        None => Ok(()),
        Some(field) => Err(FormatError::Unwritable {
            field: field.into(),
            reason: "it would be read back otherwise; shorten or simplify it, or turn the card into vCard 3.0 or 4.0",
        }),
    }
}
