//! Writing, in the spellings that servers use: the same element has many bytes.

use super::{CAL, CARD, CS, DAV, Element, ICAL, Inside};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How an answer declares its namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spelling {
    /// `<d:multistatus xmlns:d="DAV:">`, as sabre and most of PHP do.
    LowerPrefix,
    /// `<D:multistatus xmlns:D="DAV:">`, as Cyrus and Apple's server do.
    UpperPrefix,
    /// `<multistatus xmlns="DAV:">` with prefixes for all others, as Radicale does.
    DavIsDefault,
    /// `xmlns` on every element, no prefix anywhere: seen at iCloud (dengste/org-caldav#269).
    DefaultOnEach,
    /// `<ns0:multistatus xmlns:ns0="DAV:">`, as Python's ElementTree and so Xandikos do.
    Numbered,
}

/// The document with `root`, declaration included.
pub(crate) fn write(root: &Element, spelling: Spelling) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    let mut prefixes = BTreeMap::new();
    if spelling != Spelling::DefaultOnEach {
        gather(root, spelling, &mut prefixes);
    }
    element(root, &prefixes, true, spelling, &mut out);
    out
}

fn gather(at: &Element, spelling: Spelling, prefixes: &mut BTreeMap<String, String>) {
    let space = at.name.space.as_str();
    if !space.is_empty() && !prefixes.contains_key(space) {
        let n = prefixes.len();
        let known = match space {
            DAV => Some("d"),
            CAL => Some("cal"),
            CARD => Some("card"),
            CS => Some("cs"),
            ICAL => Some("ic"),
            _ => None,
        };
        let prefix = match (spelling, known) {
            (Spelling::DavIsDefault, Some("d")) => String::new(),
            (Spelling::Numbered, _) | (_, None) => format!("ns{n}"),
            (Spelling::UpperPrefix, Some(known)) => known.to_uppercase(),
            (_, Some(known)) => known.to_owned(),
        };
        prefixes.insert(space.to_owned(), prefix);
    }
    for child in at.children() {
        gather(child, spelling, prefixes);
    }
}

fn element(at: &Element, prefixes: &BTreeMap<String, String>, root: bool, spelling: Spelling, out: &mut String) {
    let prefix = prefixes.get(&at.name.space).filter(|prefix| !prefix.is_empty());
    let tag = prefix.map_or_else(|| at.name.local.clone(), |prefix| format!("{prefix}:{}", at.name.local));
    out.push('<');
    out.push_str(&tag);
    if spelling == Spelling::DefaultOnEach {
        declare("xmlns", &at.name.space, out);
    } else if root {
        for (space, prefix) in prefixes {
            let name = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
            declare(&name, space, out);
        }
    }
    if at.name.space.is_empty() && !root && spelling == Spelling::DavIsDefault {
        declare("xmlns", "", out);
    }
    for (name, value) in &at.attributes {
        // Foreign prefixes of attributes are not declared here; what clients store with them loses them.
        declare(name.rsplit(':').next().unwrap_or(name), value, out);
    }
    if at.inside.is_empty() {
        out.push_str("/>");
        return;
    }
    out.push('>');
    for inside in &at.inside {
        match inside {
            Inside::Element(child) => element(child, prefixes, false, spelling, out),
            Inside::Text(text) => escape(text, out),
        }
    }
    out.push_str("</");
    out.push_str(&tag);
    out.push('>');
}

fn declare(name: &str, value: &str, out: &mut String) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    escape(value, out);
    out.push('"');
}

/// Text with what XML cannot hold left out and what it must escape escaped; a CR would be normalised away by any reader.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' => {}
            other => out.push(other),
        }
    }
}
