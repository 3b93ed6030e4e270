//! What a card is of, and the members of a group, in the models that address books use ([`GroupModel`]).

use super::card::{Card, Plain, uri_line};
use super::names::set_text;
use crate::resource::{Authoring, FormatError, GroupModel};
use crate::text::Document;
use pimkit_core::ContactKind;
use std::collections::BTreeSet;

const APPLE_KIND: &str = "X-ADDRESSBOOKSERVER-KIND";
const APPLE_MEMBER: &str = "X-ADDRESSBOOKSERVER-MEMBER";
const SHOW_AS: &str = "X-ABShowAs";
pub(super) const KINDS: [&str; 3] = ["KIND", APPLE_KIND, SHOW_AS];
pub(super) const MEMBERS: [&str; 2] = ["MEMBER", APPLE_MEMBER];

/// The words of RFC 6350 section 6.1.4, RFC 6473 and RFC 6869.
const WORDS: [(&str, ContactKind); 6] = [
    ("individual", ContactKind::Individual),
    ("group", ContactKind::Group),
    ("org", ContactKind::Org),
    ("location", ContactKind::Location),
    ("device", ContactKind::Device),
    ("application", ContactKind::Application),
];

fn by_word(word: &str) -> Option<ContactKind> {
    WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, kind)| *kind)
}

/// What the card is of.
pub(super) fn kind(card: &Card) -> ContactKind {
    let stated = ["KIND", APPLE_KIND].into_iter().find_map(|name| card.first_text(name)).and_then(|word| by_word(&word));
    let company = || card.first_text(SHOW_AS).filter(|word| word.eq_ignore_ascii_case("company")).map(|_| ContactKind::Org);
    stated.or_else(company).unwrap_or_default()
}

pub(super) fn set_kind(card: &mut Card, wanted: ContactKind, options: &Authoring) {
    if kind(card) == wanted {
        return;
    }
    let word = WORDS.iter().find(|(_, kind)| *kind == wanted).map_or("individual", |(word, _)| word);
    let has_kind = card.first("KIND").is_some();
    let property = match wanted {
        ContactKind::Individual => None,
        _ if has_kind => Some("KIND"),
        ContactKind::Group if apple(card, options) => Some(APPLE_KIND),
        // Apple's way to say that a card is a company's.
        ContactKind::Org if !card.is_v4() => Some(SHOW_AS),
        _ => Some("KIND"),
    };
    for other in KINDS {
        if property != Some(other) {
            card.remove_named(&[other]);
        }
    }
    if let Some(property) = property {
        set_text(card, property, Some(if property == SHOW_AS { "COMPANY" } else { word }));
    }
}

/// Which form a group takes: the one that the card has, else the one that is asked for.
fn apple(card: &Card, options: &Authoring) -> bool {
    if MEMBERS.iter().chain(&["KIND", APPLE_KIND]).any(|name| card.first(name).is_some()) {
        return card.first(APPLE_KIND).is_some() || card.first(APPLE_MEMBER).is_some();
    }
    match options.groups {
        GroupModel::Apple => true,
        GroupModel::Kind => false,
        GroupModel::Categories | GroupModel::Collections => !card.is_v4(),
    }
}

/// A member's uid without `urn:uuid:`, with which members are written and uids sometimes.
pub(super) fn bare(member: &str) -> &str {
    let member = member.trim();
    match member.get(..9) {
        Some(scheme) if scheme.eq_ignore_ascii_case("urn:uuid:") => member.get(9..).unwrap_or_default(),
        _ => member,
    }
}

/// Whether two uids name the same card: `urn:uuid:` before one of them, and the case of a UUID, are spelling.
#[must_use]
pub fn same_uid(a: &str, b: &str) -> bool {
    let (a, b) = (bare(a), bare(b));
    a == b || (is_uuid(a) && a.eq_ignore_ascii_case(b))
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// The members of the group, by uid.
pub(super) fn members(card: &Card) -> BTreeSet<String> {
    let lines = card.named(&MEMBERS).map(|(_, line)| bare(&line.plain(card.dialect)).to_owned());
    lines.filter(|member| !member.is_empty()).collect()
}

/// Whether this model has a place for members.
pub(super) fn writes_members(options: &Authoring) -> bool {
    matches!(options.groups, GroupModel::Kind | GroupModel::Apple)
}

pub(super) fn set_members(card: &mut Card, wanted: &BTreeSet<String>, options: &Authoring) {
    let known = members(card);
    if known == *wanted {
        return;
    }
    let apple = apple(card, options);
    let dialect = card.dialect;
    let gone: Vec<usize> = card
        .lines()
        .filter(|(_, line)| MEMBERS.iter().any(|name| line.is(name)))
        .filter(|(_, line)| !wanted.contains(bare(&line.plain(dialect))))
        .map(|(at, _)| at)
        .collect();
    gone.into_iter().for_each(|at| card.remove(at));
    for member in wanted.difference(&known) {
        let uri = is_uuid(member) || (apple && !super::card::has_scheme(member));
        let text = if uri { format!("urn:uuid:{member}") } else { member.clone() };
        card.add(vec![uri_line(if apple { APPLE_MEMBER } else { "MEMBER" }, &text, dialect)]);
    }
}

/// The model of an address book, by its cards: group cards tell theirs; else CATEGORIES do. `None` when no card tells.
///
/// # Errors
/// [`FormatError::Parse`] when a text is no tree of components.
pub fn group_model<'t>(cards: impl IntoIterator<Item = &'t [u8]>) -> Result<Option<GroupModel>, FormatError> {
    let mut categories = false;
    for text in cards {
        let document = Document::parse(text.to_vec())?;
        for component in document.components_named("VCARD") {
            let card = Card::of(component);
            let is_group = |name: &str| card.first_text(name).is_some_and(|word| word.eq_ignore_ascii_case("group"));
            if is_group(APPLE_KIND) {
                return Ok(Some(GroupModel::Apple));
            }
            if is_group("KIND") {
                return Ok(Some(GroupModel::Kind));
            }
            categories |= card.first_text("CATEGORIES").is_some();
        }
    }
    Ok(categories.then_some(GroupModel::Categories))
}
