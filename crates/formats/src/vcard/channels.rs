//! EMAIL, TEL and URL: one value with marks.

use super::card::{Card, Groups, Plain, set_uri, value_is};
use super::element::{Element, Located};
use super::marks::{self, Marks, Sort};
use crate::text::{ContentLine, Dialect};
use pimkit_core::{EmailAddress, Link, Phone};

fn located<T>(card: &Card, names: &[&str], sort: Sort, make: impl Fn(&ContentLine, String, Marks) -> T) -> Vec<Located<T>> {
    let groups: Groups = card.groups();
    let lines = card.named(names).filter_map(|(at, line)| {
        let text = line.plain(card.dialect).trim().to_owned();
        let (marks, label) = marks::read(card, &groups, line, sort);
        (!text.is_empty()).then(|| Located { value: make(line, text, marks), at, with: label.into_iter().collect() })
    });
    lines.collect()
}

/// Edits value and marks in place.
fn edited(card: &mut Card, at: usize, with: &[usize], from: &Marks, to: &Marks, sort: Sort, set: impl Fn(&mut ContentLine)) -> bool {
    let Some(mut line) = card.line(at).cloned() else { return false };
    set(&mut line);
    marks::edit(card, at, with.first().copied(), line, from, to, sort)
}

fn email_marks(email: &EmailAddress) -> Marks {
    Marks { contexts: email.contexts.clone(), label: email.label.clone(), pref: email.pref, ..Marks::default() }
}

impl Element for EmailAddress {
    fn locate(card: &Card) -> Vec<Located<Self>> {
        located(card, &["EMAIL"], Sort::Email, |_, address, marks| Self {
            address,
            contexts: marks.contexts,
            label: marks.label,
            pref: marks.pref,
        })
    }

    fn key(&self) -> String {
        self.address.to_lowercase()
    }

    fn lines(&self, card: &Card) -> Vec<ContentLine> {
        let mut line = ContentLine::text_line("EMAIL", &self.address, card.dialect);
        if !card.is_v4() {
            // RFC 2426 section 3.3.2: the default, which many readers want to see.
            marks::set_type_words(&mut line, &["INTERNET".to_owned()], card.dialect);
        }
        marks::mark(&mut line, &email_marks(self), Sort::Email, card.dialect);
        marks::labelled(card, line, self.label.as_deref(), Sort::Email)
    }

    fn edit(card: &mut Card, found: &Located<Self>, to: &Self) -> bool {
        let dialect = card.dialect;
        edited(card, found.at, &found.with, &email_marks(&found.value), &email_marks(to), Sort::Email, |line| {
            if found.value.address != to.address {
                line.set_text(&to.address, dialect);
            }
        })
    }
}

fn phone_marks(phone: &Phone) -> Marks {
    Marks { contexts: phone.contexts.clone(), features: phone.features.clone(), label: phone.label.clone(), pref: phone.pref }
}

/// A number without the scheme of `tel:` (RFC 3966).
pub(super) fn without_scheme(number: &str) -> &str {
    match number.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => number.get(4..).unwrap_or_default().trim(),
        _ => number,
    }
}

impl Element for Phone {
    fn locate(card: &Card) -> Vec<Located<Self>> {
        let mut found = located(card, &["TEL"], Sort::Phone, |_, number, marks| Self {
            number: without_scheme(&number).to_owned(),
            features: marks.features,
            contexts: marks.contexts,
            label: marks.label,
            pref: marks.pref,
        });
        found.retain(|found| !found.value.number.is_empty());
        found
    }

    fn key(&self) -> String {
        let plain: String = self.number.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '+').collect();
        if plain.is_empty() { self.number.clone() } else { plain.to_lowercase() }
    }

    fn lines(&self, card: &Card) -> Vec<ContentLine> {
        let mut line = ContentLine::text_line("TEL", &self.number, card.dialect);
        marks::mark(&mut line, &phone_marks(self), Sort::Phone, card.dialect);
        marks::labelled(card, line, self.label.as_deref(), Sort::Phone)
    }

    fn edit(card: &mut Card, found: &Located<Self>, to: &Self) -> bool {
        let dialect = card.dialect;
        edited(card, found.at, &found.with, &phone_marks(&found.value), &phone_marks(to), Sort::Phone, |line| {
            if found.value.number == to.number {
                return;
            }
            let plain = to.number.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '(' | ')' | ';' | '='));
            if value_is(line, "uri") && plain {
                line.set_value(&format!("tel:{}", to.number));
            } else {
                line.remove_param("VALUE");
                line.set_text(&to.number, dialect);
            }
        })
    }
}

/// What a link is of, where it is neither a web page nor a contact address (RFC 8605 section 2.1).
const REL: &str = "X-PIMKIT-REL";
const CONTACT: &str = "CONTACT-URI";

fn link_marks(link: &Link) -> Marks {
    Marks { contexts: link.contexts.clone(), label: link.label.clone(), pref: link.pref, ..Marks::default() }
}

fn link_line(line: &mut ContentLine, from: &Link, to: &Link, dialect: Dialect) {
    if from.uri != to.uri {
        set_uri(line, &to.uri, dialect);
    }
    if from.media_type != to.media_type {
        line.set_param("MEDIATYPE", to.media_type.as_deref());
    }
    if from.rel != to.rel {
        line.set_param(REL, to.rel.as_deref().filter(|rel| *rel != "contact"));
    }
}

impl Element for Link {
    fn locate(card: &Card) -> Vec<Located<Self>> {
        located(card, &["URL", CONTACT], Sort::Link, |line, uri, marks| Self {
            uri,
            rel: if line.is(CONTACT) { Some("contact".to_owned()) } else { line.param_value(REL).filter(|rel| !rel.is_empty()) },
            media_type: line.param_value("MEDIATYPE").filter(|kind| !kind.is_empty()),
            contexts: marks.contexts,
            label: marks.label,
            pref: marks.pref,
        })
    }

    fn key(&self) -> String {
        self.uri.clone()
    }

    fn lines(&self, card: &Card) -> Vec<ContentLine> {
        let mut line = ContentLine::new(if self.rel.as_deref() == Some("contact") { CONTACT } else { "URL" }, "");
        link_line(&mut line, &Self::default(), self, card.dialect);
        marks::mark(&mut line, &link_marks(self), Sort::Link, card.dialect);
        marks::labelled(card, line, self.label.as_deref(), Sort::Link)
    }

    fn edit(card: &mut Card, found: &Located<Self>, to: &Self) -> bool {
        let contact = |link: &Self| link.rel.as_deref() == Some("contact");
        if contact(&found.value) != contact(to) {
            return false;
        }
        let dialect = card.dialect;
        edited(card, found.at, &found.with, &link_marks(&found.value), &link_marks(to), Sort::Link, |line| {
            link_line(line, &found.value, to, dialect);
        })
    }
}
