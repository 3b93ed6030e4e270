//! N, FN and how a name sounds (RFC 2426 sections 3.1.1 and 3.1.2, RFC 6350 sections 6.2.1 and 6.2.2, RFC 9554
//! section 2.2).
//!
//! FN is required, but a record may have no name in full. Then FN is minted from what the card has and carries
//! DERIVED=TRUE (RFC 9554 section 4.4), by which it is known and not read back. Such an FN follows the name's parts.
//!
//! A second surname is a second value of N's first component; in 4.0 also its sixth one (RFC 9554).
//!
//! The N of a group card that only repeats FN is no person's name (Apple writes `N:Name` there).

use super::card::{Card, Plain, joined, set_components};
use crate::text::{ContentLine, Dialect};
use pimkit_core::{Contact, ContactKind, Name};

const GIVEN_SOUND: &str = "X-PHONETIC-FIRST-NAME";
const SURNAME_SOUND: &str = "X-PHONETIC-LAST-NAME";

/// The first N that is the name itself; one with PHONETIC says only how it sounds (RFC 9554 section 4.6).
fn structured(card: &Card) -> Option<(usize, &ContentLine)> {
    card.named(&["N"]).find(|(_, line)| line.param("PHONETIC").is_none())
}

fn is_derived(line: &ContentLine) -> bool {
    line.param_value("DERIVED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// The first FN that says something.
fn full(card: &Card) -> Option<(usize, &ContentLine)> {
    card.named(&["FN"]).find(|(_, line)| !line.plain(card.dialect).trim().is_empty())
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn parts(line: &ContentLine, dialect: Dialect) -> Name {
    let components = line.plain_structured(dialect);
    let list = |at: usize| components.get(at).map(Vec::as_slice).unwrap_or_default();
    let text = |at: usize, separator: &str| some(joined(list(at), separator));
    let (mut family, second) = (list(0), list(5));
    let mut surname2 = text(5, " ");
    if surname2.is_some() {
        // It stands behind the first one too, for readers that know five components.
        if family.len() > second.len() && family.ends_with(second) {
            family = family.get(..family.len() - second.len()).unwrap_or_default();
        }
    } else if let [_, others @ ..] = family
        && others.first().is_some_and(|next| !next.starts_with(' '))
    {
        surname2 = some(joined(others, " "));
        family = family.get(..1).unwrap_or_default();
    }
    Name {
        surname: some(joined(family, " ")),
        surname2,
        given: text(1, " "),
        given2: text(2, " "),
        title: text(3, " "),
        credential: text(4, ", "),
        ..Name::default()
    }
}

/// The name of the card.
pub(super) fn read(card: &Card, kind: ContactKind) -> Name {
    let dialect = card.dialect;
    let written = full(card).map(|(_, line)| (line.plain(dialect).trim().to_owned(), is_derived(line)));
    let mut name = structured(card).map(|(_, line)| parts(line, dialect)).unwrap_or_default();
    let full = written.filter(|(_, derived)| !derived).map(|(text, _)| text);
    if kind == ContactKind::Group && mirrors(&name, full.as_deref()) {
        name = Name::default();
    }
    name.full = full;
    name.given_phonetic = card.first_text(GIVEN_SOUND);
    name.surname_phonetic = card.first_text(SURNAME_SOUND);
    name
}

/// Whether the parts only repeat the name in full.
pub(super) fn mirrors(parts: &Name, full: Option<&str>) -> bool {
    let only = Name { surname: parts.surname.clone(), ..Name::default() };
    let bare = Name { full: None, given_phonetic: None, surname_phonetic: None, ..parts.clone() };
    bare == only && full.is_some() && parts.surname.as_deref() == full
}

/// An FN for a record without one: the name's parts, else what else names it.
fn minted(contact: &Contact) -> String {
    let name = &contact.name;
    let parts = [&name.title, &name.given, &name.given2, &name.surname, &name.surname2];
    let mut text = parts.into_iter().filter_map(Option::as_deref).collect::<Vec<_>>().join(" ");
    if let Some(credential) = &name.credential {
        text = if text.is_empty() { credential.clone() } else { format!("{text}, {credential}") };
    }
    let other = || {
        let organization = contact.organizations.iter().find_map(|organization| organization.name.clone());
        organization
            .or_else(|| contact.nicknames.first().cloned())
            .or_else(|| contact.emails.first().map(|email| email.address.clone()))
            .or_else(|| contact.phones.first().map(|phone| phone.number.clone()))
            .or_else(|| contact.online_services.first().and_then(|service| service.user.clone().or_else(|| service.uri.clone())))
            .or_else(|| contact.uid.clone())
    };
    if text.is_empty() { other().unwrap_or_else(|| "Unnamed".to_owned()) } else { text }
}

/// Makes the card say this name; `contact` is the whole card as it will be.
pub(super) fn write(card: &mut Card, contact: &Contact, made: bool) {
    let wanted = &contact.name;
    let before = read(card, contact.kind);
    if !made && before == *wanted {
        return;
    }
    let dialect = card.dialect;
    let old_full = full(card).filter(|(_, line)| !is_derived(line)).map(|(_, line)| line.plain(dialect).trim().to_owned());
    write_parts(card, contact, made, old_full.as_deref());
    write_full(card, contact, made, &before);
    for (property, wanted) in [(GIVEN_SOUND, &wanted.given_phonetic), (SURNAME_SOUND, &wanted.surname_phonetic)] {
        if card.first_text(property) != *wanted {
            set_text(card, property, wanted.as_deref());
        }
    }
}

fn write_full(card: &mut Card, contact: &Contact, made: bool, before: &Name) {
    let dialect = card.dialect;
    let at = full(card).map(|(at, _)| at).or_else(|| card.first("FN"));
    let current = at.and_then(|at| card.line(at)).cloned();
    match &contact.name.full {
        Some(text) => {
            let mut line = current.clone().unwrap_or_else(|| ContentLine::new("FN", ""));
            if current.is_none() || line.plain(dialect).trim() != text.as_str() || is_derived(&line) {
                line.remove_param("DERIVED");
                line.set_text(text, dialect);
                match at {
                    Some(at) => card.set(at, line),
                    None => card.add(vec![line]),
                }
            }
        }
        // vCard 2.1 can do without.
        None if dialect == Dialect::VCard21 => card.remove_named(&["FN"]),
        None => {
            let derived = current.as_ref().is_some_and(is_derived);
            if !made && before.full.is_none() && !derived {
                // The card has no FN, and none was asked for.
                return;
            }
            let line = ContentLine::text_line("FN", &minted(contact), dialect).with_param("DERIVED", "TRUE");
            match at {
                Some(at) => {
                    // Another FN would be read in its place.
                    let others: Vec<usize> = card.lines().filter(|(own, line)| *own != at && line.is("FN")).map(|(own, _)| own).collect();
                    others.into_iter().for_each(|other| card.remove(other));
                    card.set(at, line);
                }
                None => card.add(vec![line]),
            }
        }
    }
}

fn write_parts(card: &mut Card, contact: &Contact, made: bool, old_full: Option<&str>) {
    let (dialect, wanted) = (card.dialect, &contact.name);
    let nameless = parts_of(wanted) == Name::default();
    let mirror = contact.kind == ContactKind::Group && nameless;
    let Some((at, line)) = structured(card) else {
        if !made && nameless {
            return;
        }
        let mut line = ContentLine::new("N", "");
        if !mirror {
            set_components(&mut line, &components(wanted, dialect, None), true, dialect);
        } else if let Some(full) = &wanted.full {
            line.set_text(full, dialect);
        }
        card.add(vec![line]);
        return;
    };
    let current = parts(line, dialect);
    let mut line = line.clone();
    if mirror && mirrors(&current, old_full) {
        let full = wanted.full.clone().unwrap_or_default();
        if current.surname.as_deref() != Some(full.as_str()) {
            set_components(&mut line, &[(0, vec![full.as_str()])], true, dialect);
            card.set(at, line);
        }
        return;
    }
    if current == parts_of(wanted) {
        return;
    }
    set_components(&mut line, &components(wanted, dialect, Some(&current)), true, dialect);
    // How to order and compose the old name (RFC 6350 section 5.9, RFC 9555 section 3.3.1).
    line.remove_param("SORT-AS");
    line.remove_param("JSCOMPS");
    card.set(at, line);
}

fn parts_of(name: &Name) -> Name {
    Name { full: None, given_phonetic: None, surname_phonetic: None, ..name.clone() }
}

/// The components that differ from `current`.
fn components<'n>(name: &'n Name, dialect: Dialect, current: Option<&'n Name>) -> Vec<(usize, Vec<&'n str>)> {
    let one = |part: &'n Option<String>| vec![part.as_deref().unwrap_or_default()];
    let surnames = match &name.surname2 {
        Some(second) if dialect != Dialect::VCard21 => vec![name.surname.as_deref().unwrap_or_default(), second.as_str()],
        _ => one(&name.surname),
    };
    let mut all = Vec::new();
    let family_differs = current.is_none_or(|current| current.surname != name.surname || current.surname2 != name.surname2);
    if family_differs {
        all.push((0, surnames));
        let had = current.is_some_and(|current| current.surname2.is_some());
        if dialect != Dialect::VCard30 && (name.surname2.is_some() || had) {
            all.push((5, one(&name.surname2)));
        }
    }
    let rest = |name: &'n Name| [&name.given, &name.given2, &name.title, &name.credential];
    let had = current.map(rest);
    for (at, part) in rest(name).into_iter().enumerate() {
        if had.is_none_or(|had| had.get(at) != Some(&part)) {
            all.push((at + 1, one(part)));
        }
    }
    all
}

/// Sets, adds or removes a property that has one text.
pub(super) fn set_text(card: &mut Card, property: &str, text: Option<&str>) {
    let Some(text) = text else {
        card.remove_named(&[property]);
        return;
    };
    let dialect = card.dialect;
    let first = card.named(&[property]).find(|(_, line)| !line.plain(dialect).trim().is_empty()).map(|(at, _)| at);
    match first.or_else(|| card.first(property)) {
        Some(at) => {
            if let Some(mut line) = card.line(at).cloned() {
                line.set_text(text, dialect);
                card.set(at, line);
            }
        }
        None => card.add(vec![ContentLine::text_line(property, text, dialect)]),
    }
}
