//! ORG, TITLE, ROLE and NOTE; NICKNAME and CATEGORIES, of which one line holds several; LANG.

use super::card::{Card, Plain, joined};
use super::element::{Element, Located};
use super::marks;
use crate::text::{ContentLine, Dialect, escape, split_unescaped};
use pimkit_core::{Organization, Title, TitleKind};
use std::collections::HashSet;

impl Element for Organization {
    fn locate(card: &Card) -> Vec<Located<Self>> {
        let lines = card.named(&["ORG"]).filter_map(|(at, line)| {
            let mut parts = line.plain_structured(card.dialect).into_iter().map(|part| joined(&part, ","));
            let name = parts.next().filter(|name| !name.is_empty());
            let units: Vec<String> = parts.filter(|unit| !unit.is_empty()).collect();
            (name.is_some() || !units.is_empty()).then(|| Located { value: Self { name, units }, at, with: Vec::new() })
        });
        lines.collect()
    }

    fn key(&self) -> String {
        self.name.clone().unwrap_or_default()
    }

    fn lines(&self, card: &Card) -> Vec<ContentLine> {
        let mut line = ContentLine::new("ORG", "");
        set_organization(&mut line, self, card.dialect);
        vec![line]
    }

    fn edit(card: &mut Card, found: &Located<Self>, to: &Self) -> bool {
        let dialect = card.dialect;
        let Some(mut line) = card.line(found.at).cloned() else { return false };
        set_organization(&mut line, to, dialect);
        line.remove_param("SORT-AS");
        card.set(found.at, line);
        true
    }
}

fn set_organization(line: &mut ContentLine, to: &Organization, dialect: Dialect) {
    let texts: Vec<[&str; 1]> =
        std::iter::once(to.name.as_deref().unwrap_or_default()).chain(to.units.iter().map(String::as_str)).map(|text| [text]).collect();
    let components: Vec<&[&str]> = texts.iter().map(<[&str; 1]>::as_slice).collect();
    line.set_structured(&components, dialect);
}

fn title_property(kind: TitleKind) -> &'static str {
    match kind {
        TitleKind::Title => "TITLE",
        TitleKind::Role => "ROLE",
    }
}

impl Element for Title {
    fn locate(card: &Card) -> Vec<Located<Self>> {
        let lines = card.named(&["TITLE", "ROLE"]).filter_map(|(at, line)| {
            let name = line.plain(card.dialect).trim().to_owned();
            let kind = if line.is("ROLE") { TitleKind::Role } else { TitleKind::Title };
            (!name.is_empty()).then(|| Located { value: Self { name, kind }, at, with: Vec::new() })
        });
        lines.collect()
    }

    fn key(&self) -> String {
        format!("{}\n{}", title_property(self.kind), self.name)
    }

    fn lines(&self, card: &Card) -> Vec<ContentLine> {
        vec![ContentLine::text_line(title_property(self.kind), &self.name, card.dialect)]
    }

    fn edit(card: &mut Card, found: &Located<Self>, to: &Self) -> bool {
        found.value.kind == to.kind && set_text(card, found.at, &to.name)
    }
}

/// One NOTE.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Note(pub(super) String);

impl Element for Note {
    fn locate(card: &Card) -> Vec<Located<Self>> {
        let lines = card.named(&["NOTE"]).filter_map(|(at, line)| {
            let text = line.plain(card.dialect);
            (!text.trim().is_empty()).then(|| Located { value: Self(text), at, with: Vec::new() })
        });
        lines.collect()
    }

    fn key(&self) -> String {
        self.0.trim().to_owned()
    }

    fn lines(&self, card: &Card) -> Vec<ContentLine> {
        vec![ContentLine::text_line("NOTE", &self.0, card.dialect)]
    }

    fn edit(card: &mut Card, found: &Located<Self>, to: &Self) -> bool {
        set_text(card, found.at, &to.0)
    }
}

fn set_text(card: &mut Card, at: usize, text: &str) -> bool {
    let dialect = card.dialect;
    let Some(mut line) = card.line(at).cloned() else { return false };
    line.set_text(text, dialect);
    card.set(at, line);
    true
}

/// The texts of every line of that name, in order, each once.
pub(super) fn list(card: &Card, name: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut seen = HashSet::new();
    for (_, line) in card.named(&[name]) {
        for text in line.plain_list(card.dialect) {
            let text = text.trim();
            if !text.is_empty() && seen.insert(text.to_owned()) {
                all.push(text.to_owned());
            }
        }
    }
    all
}

/// Makes the lines of that name say exactly `wanted`. What stays keeps its spelling; what is added goes to the last
/// line, and in vCard 2.1, which cannot escape a comma, to a line of its own.
pub(super) fn set_list(card: &mut Card, name: &str, wanted: &[String]) {
    let dialect = card.dialect;
    let known = list(card, name);
    let missing: Vec<&String> = wanted.iter().filter(|text| !known.contains(text)).collect();
    if missing.is_empty() && known.iter().all(|text| wanted.contains(text)) {
        return;
    }
    let lines: Vec<usize> = card.named(&[name]).map(|(at, _)| at).collect();
    let mut last = None;
    for at in lines {
        let Some(line) = card.line(at).cloned() else { continue };
        let texts = line.plain_list(dialect);
        let stays = |text: &String| text.trim().is_empty() || wanted.iter().any(|wanted| wanted == text.trim());
        let kept: Vec<bool> = texts.iter().map(stays).collect();
        if texts.iter().zip(&kept).all(|(text, kept)| *kept && text.trim().is_empty()) && texts.len() < 2 {
            continue;
        }
        if kept.iter().all(|kept| *kept) {
            last = Some(at);
        } else if texts.iter().zip(&kept).any(|(text, kept)| *kept && !text.trim().is_empty()) {
            card.set(at, with_parts(&line, &texts, &kept, &[], dialect));
            last = Some(at);
        } else {
            card.remove_with(at, &[]);
        }
    }
    if missing.is_empty() {
        return;
    }
    match last.and_then(|at| Some((at, card.line(at)?.clone()))).filter(|_| dialect != Dialect::VCard21) {
        Some((at, line)) => {
            let texts = line.plain_list(dialect);
            card.set(at, with_parts(&line, &texts, &vec![true; texts.len()], &missing, dialect));
        }
        None if dialect == Dialect::VCard21 => {
            for text in missing {
                card.add(vec![ContentLine::text_line(name, text, dialect)]);
            }
        }
        None => {
            let texts: Vec<&str> = missing.iter().map(|text| text.as_str()).collect();
            let mut line = ContentLine::new(name, "");
            line.set_list(&texts, dialect);
            card.add(vec![line]);
        }
    }
}

fn with_parts(line: &ContentLine, texts: &[String], kept: &[bool], added: &[&String], dialect: Dialect) -> ContentLine {
    let mut line = line.clone();
    if line.param("ENCODING").is_some() || line.param("CHARSET").is_some() {
        let kept = texts.iter().zip(kept).filter(|(_, kept)| **kept).map(|(text, _)| text.as_str());
        let texts: Vec<&str> = kept.chain(added.iter().map(|text| text.as_str())).collect();
        line.set_list(&texts, dialect);
        return line;
    }
    let raw = split_unescaped(line.value(), ',', dialect);
    let parts: Vec<String> = raw.into_iter().zip(kept).filter(|(_, kept)| **kept).map(|(part, _)| part.to_owned()).collect();
    let added = added.iter().map(|text| escape(text, dialect));
    let value = parts.into_iter().chain(added).collect::<Vec<_>>().join(",");
    line.set_value(&value);
    line
}

/// Languages, the preferred first (RFC 6350 section 6.4.4; registered for every version).
pub(super) fn languages(card: &Card) -> Vec<String> {
    let mut all: Vec<(u8, String)> = Vec::new();
    let mut seen = HashSet::new();
    for (_, line) in card.named(&["LANG"]) {
        let tag = line.plain(card.dialect).trim().to_owned();
        if !tag.is_empty() && seen.insert(tag.clone()) {
            all.push((marks::pref(line).unwrap_or(u8::MAX), tag));
        }
    }
    all.sort_by_key(|(pref, _)| *pref);
    all.into_iter().map(|(_, tag)| tag).collect()
}

/// Makes the card say these languages in this order.
pub(super) fn set_languages(card: &mut Card, wanted: &[String]) {
    if languages(card) == wanted {
        return;
    }
    let dialect = card.dialect;
    let lines: Vec<(usize, String)> = card.named(&["LANG"]).map(|(at, line)| (at, line.plain(dialect).trim().to_owned())).collect();
    for (at, tag) in &lines {
        if !tag.is_empty() && !wanted.contains(tag) {
            card.remove_with(*at, &[]);
        }
    }
    let missing = wanted.iter().filter(|tag| !lines.iter().any(|(_, known)| known == *tag));
    for tag in missing {
        card.add(vec![ContentLine::text_line("LANG", tag, dialect)]);
    }
    if languages(card) == wanted {
        return;
    }
    for (rank, tag) in wanted.iter().enumerate() {
        let rank = u8::try_from(rank + 1).unwrap_or(100).min(100);
        let lines: Vec<usize> =
            card.named(&["LANG"]).filter(|(_, line)| line.plain(dialect).trim() == tag.as_str()).map(|(at, _)| at).collect();
        for at in lines {
            if let Some(mut line) = card.line(at).cloned() {
                line.set_param("PREF", [rank.to_string().as_str()]);
                card.set(at, line);
            }
        }
    }
}
