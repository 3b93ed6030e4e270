//! RELATED (RFC 6350 section 6.6.6), Apple's X-ABRELATEDNAMES with a label, and one property per relation (X-SPOUSE,
//! X-MANAGER, X-ASSISTANT) as Evolution, KDE and Outlook's exporters write them.
//!
//! 4.0 is written as RELATED with TYPE; 3.0 as X-ABRELATEDNAMES, labelled with Apple's word where it has one, else with
//! TYPE, which others ignore.

use super::card::{Card, Groups, Plain, has_scheme, set_uri};
use super::element::{Element, Located};
use super::marks::{self, Sort};
use crate::text::{ContentLine, Dialect};
use pimkit_core::Relation;
use std::collections::BTreeSet;

/// Apple's labels, the relation each means (RFC 9553 section 2.1.8), and what of the label that does not say.
const APPLE: [(&str, Option<&str>, Option<&str>); 15] = [
    ("Spouse", Some("spouse"), None),
    ("Child", Some("child"), None),
    ("Parent", Some("parent"), None),
    ("Friend", Some("friend"), None),
    ("Sibling", Some("sibling"), None),
    ("Partner", Some("spouse"), Some("Partner")),
    ("Mother", Some("parent"), Some("Mother")),
    ("Father", Some("parent"), Some("Father")),
    ("Son", Some("child"), Some("Son")),
    ("Daughter", Some("child"), Some("Daughter")),
    ("Brother", Some("sibling"), Some("Brother")),
    ("Sister", Some("sibling"), Some("Sister")),
    ("Assistant", Some("agent"), Some("Assistant")),
    ("Manager", None, Some("Manager")),
    ("Other", None, Some("Other")),
];

/// Properties of one relation each.
const OWN: [(&str, &str); 9] = [
    ("X-SPOUSE", "Spouse"),
    ("X-MANAGER", "Manager"),
    ("X-ASSISTANT", "Assistant"),
    ("X-EVOLUTION-SPOUSE", "Spouse"),
    ("X-EVOLUTION-MANAGER", "Manager"),
    ("X-EVOLUTION-ASSISTANT", "Assistant"),
    ("X-KADDRESSBOOK-X-SpouseName", "Spouse"),
    ("X-KADDRESSBOOK-X-ManagersName", "Manager"),
    ("X-KADDRESSBOOK-X-AssistantsName", "Assistant"),
];

pub(super) const PROPERTIES: [&str; 11] = [
    "RELATED",
    "X-ABRELATEDNAMES",
    "X-SPOUSE",
    "X-MANAGER",
    "X-ASSISTANT",
    "X-EVOLUTION-SPOUSE",
    "X-EVOLUTION-MANAGER",
    "X-EVOLUTION-ASSISTANT",
    "X-KADDRESSBOOK-X-SpouseName",
    "X-KADDRESSBOOK-X-ManagersName",
    "X-KADDRESSBOOK-X-AssistantsName",
];

/// The words of the registry (RFC 9553 section 2.1.8).
const WORDS: [&str; 20] = [
    "acquaintance",
    "agent",
    "child",
    "co-resident",
    "co-worker",
    "colleague",
    "contact",
    "crush",
    "date",
    "emergency",
    "friend",
    "kin",
    "me",
    "met",
    "muse",
    "neighbor",
    "parent",
    "sibling",
    "spouse",
    "sweetheart",
];

/// For relations outside the registry.
const BESIDE: &str = "X-PIMKIT-RELATION";

fn apple(word: &str) -> Option<(Option<&'static str>, Option<&'static str>)> {
    APPLE.iter().find(|(known, ..)| known.eq_ignore_ascii_case(word)).map(|(_, relation, label)| (*relation, *label))
}

impl Element for Relation {
    fn locate(card: &Card) -> Vec<Located<Self>> {
        let groups: Groups = card.groups();
        let lines = card.named(&PROPERTIES).filter_map(|(at, line)| {
            let to = line.plain(card.dialect).trim().to_owned();
            let mut relation: BTreeSet<String> = line.types().into_iter().filter(|word| WORDS.contains(&word.as_str())).collect();
            relation.extend(line.param_values(BESIDE));
            let label_at = marks::label(card, &groups, line);
            let mut label = None;
            let own = OWN.iter().find(|(property, _)| line.is(property)).map(|(_, word)| *word);
            let word = label_at.as_ref().and_then(|(_, text)| marks::wrapped(text)).or(own);
            match (word, &label_at) {
                (Some(word), _) => match apple(word) {
                    Some((meant, said)) => {
                        relation.extend(meant.map(str::to_owned));
                        label = said.map(str::to_owned);
                    }
                    None => label = Some(marks::canonical(word)),
                },
                (None, Some((_, text))) => label = Some(text.clone()),
                (None, None) => {}
            }
            let with = label_at.map(|(at, _)| at).into_iter().collect();
            (!to.is_empty()).then_some(Located { value: Self { to, relation, label }, at, with })
        });
        lines.collect()
    }

    fn key(&self) -> String {
        self.to.clone()
    }

    fn lines(&self, card: &Card) -> Vec<ContentLine> {
        let dialect = card.dialect;
        let mut line = ContentLine::new(if card.is_v4() { "RELATED" } else { "X-ABRELATEDNAMES" }, "");
        set_value(&mut line, &self.to, dialect);
        let word = APPLE.iter().find(|(_, relation, label)| {
            let same = match relation {
                Some(relation) => self.relation.len() == 1 && self.relation.contains(*relation),
                None => self.relation.is_empty(),
            };
            same && self.label.as_deref() == *label
        });
        if let (Some((word, ..)), false) = (word, card.is_v4()) {
            let mut lines = marks::labelled(card, line, Some(word), Sort::Relation);
            if let Some(label) = lines.get_mut(1) {
                label.set_value(&format!("_$!<{word}>!$_"));
            }
            return lines;
        }
        let (known, unknown): (Vec<&String>, Vec<&String>) = self.relation.iter().partition(|word| WORDS.contains(&word.as_str()));
        let known: Vec<String> = known.into_iter().map(|word| marks::spelt(word, dialect)).collect();
        marks::set_type_words(&mut line, &known, dialect);
        line.set_param(BESIDE, unknown.into_iter().map(String::as_str));
        marks::labelled(card, line, self.label.as_deref(), Sort::Relation)
    }

    fn edit(card: &mut Card, found: &Located<Self>, to: &Self) -> bool {
        if found.value.relation != to.relation || found.value.label != to.label {
            return false;
        }
        let dialect = card.dialect;
        let Some(mut line) = card.line(found.at).cloned() else { return false };
        line.remove_param("VALUE");
        set_value(&mut line, &to.to, dialect);
        card.set(found.at, line);
        true
    }
}

fn set_value(line: &mut ContentLine, to: &str, dialect: Dialect) {
    if has_scheme(to) {
        set_uri(line, to, dialect);
    } else {
        line.set_text(to, dialect);
        if line.is("RELATED") {
            line.set_param("VALUE", ["text"]);
        }
    }
}
