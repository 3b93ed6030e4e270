//! The lines of one card while it is read, edited or made.

use crate::text::{Component, ContentLine, Dialect, Node, escape, split_unescaped};
use std::collections::{HashMap, HashSet};

/// One line of a card, or something that is none (an inner component, junk), in the order of the file.
#[derive(Debug)]
struct Slot {
    /// What stands in the file; absent for a line that is added, and while only reading.
    kept: Option<Node>,
    /// The line in parts; absent for what is no content line.
    line: Option<ContentLine>,
    changed: bool,
    gone: bool,
}

/// A card as a list of lines that can be changed one by one. A line keeps its number whatever is added or removed.
#[derive(Debug)]
pub(super) struct Card {
    pub(super) dialect: Dialect,
    slots: Vec<Slot>,
    /// The numbers in the order of the file.
    order: Vec<usize>,
}

/// Values with one sort of line end: CRLF inside QUOTED-PRINTABLE (`=0D=0A`, Outlook) is a line end like any other.
pub(super) trait Plain {
    fn plain(&self, dialect: Dialect) -> String;
    fn plain_list(&self, dialect: Dialect) -> Vec<String>;
    fn plain_structured(&self, dialect: Dialect) -> Vec<Vec<String>>;
}

impl Plain for ContentLine {
    fn plain(&self, dialect: Dialect) -> String {
        line_feeds(self.text(dialect))
    }

    fn plain_list(&self, dialect: Dialect) -> Vec<String> {
        self.list(dialect).into_iter().map(line_feeds).collect()
    }

    fn plain_structured(&self, dialect: Dialect) -> Vec<Vec<String>> {
        self.structured(dialect).into_iter().map(|texts| texts.into_iter().map(line_feeds).collect()).collect()
    }
}

/// The text with LF for every line end.
pub(super) fn line_feeds(text: String) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

/// The first line of a name in a group: by the group in small letters (groups have no case, RFC 6350 section 3.3) and
/// the name in large ones.
pub(super) type Groups = HashMap<(String, String), usize>;

/// Lines that say something about another line of their group, never anything by themselves.
const ATTACHED: [&str; 4] = ["X-ABLabel", "X-ABADR", "LABEL", "GEO"];

impl Card {
    /// A card without lines.
    pub(super) fn new(dialect: Dialect) -> Self {
        Self { dialect, slots: Vec::new(), order: Vec::new() }
    }

    /// The lines of a component, for reading.
    pub(super) fn of(component: &Component) -> Self {
        let slots = component.lines().map(|line| Slot { kept: None, line: line.content(), changed: false, gone: false });
        Self::in_order(component.dialect(), slots.collect())
    }

    /// The lines of a component, taken out of it for editing.
    pub(super) fn take(component: &mut Component) -> Self {
        let dialect = component.dialect();
        let nodes = std::mem::take(component.nodes_mut());
        let slots = nodes.into_iter().map(|node| {
            let line = node.as_line().and_then(crate::text::Line::content);
            Slot { kept: Some(node), line, changed: false, gone: false }
        });
        Self::in_order(dialect, slots.collect())
    }

    fn in_order(dialect: Dialect, slots: Vec<Slot>) -> Self {
        let order = (0..slots.len()).collect();
        Self { dialect, slots, order }
    }

    /// Gives the lines back to a component: what was not changed, as it was read.
    pub(super) fn give(self, component: &mut Component) {
        let mut slots: Vec<Option<Slot>> = self.slots.into_iter().map(Some).collect();
        let slots = self.order.into_iter().filter_map(|at| slots.get_mut(at)?.take()).filter(|slot| !slot.gone);
        let nodes = slots.filter_map(|slot| match (slot.kept, slot.line) {
            (Some(node), _) if !slot.changed => Some(node),
            (_, Some(line)) => Some(Node::Line(crate::text::Line::authored(line))),
            (kept, None) => kept,
        });
        *component.nodes_mut() = nodes.collect();
    }

    /// Whether anything was edited, added or removed.
    pub(super) fn is_changed(&self) -> bool {
        self.slots.iter().any(|slot| slot.changed || slot.gone)
    }

    pub(super) fn is_v4(&self) -> bool {
        self.dialect == Dialect::VCard40
    }

    /// Every line with its number.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &ContentLine)> {
        self.order.iter().filter_map(|at| Some((*at, self.line(*at)?)))
    }

    /// Every line of one of these names. Of alternatives with one ALTID (RFC 6350 section 5.4) only the first: the
    /// others say the same in another language, and stay as they are.
    pub(super) fn named<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = (usize, &'a ContentLine)> {
        let mut seen: HashSet<(String, String)> = HashSet::new();
        self.lines().filter(move |(_, line)| {
            if !names.iter().any(|name| line.is(name)) {
                return false;
            }
            let Some(alternative) = line.param_value("ALTID") else { return true };
            seen.insert((line.name().to_ascii_uppercase(), alternative))
        })
    }

    /// The line and its alternatives, by ALTID.
    fn with_alternatives(&self, at: usize) -> Vec<usize> {
        let Some(line) = self.line(at) else { return Vec::new() };
        let Some(alternative) = line.param_value("ALTID") else { return vec![at] };
        let same = |(_, other): &(usize, &ContentLine)| {
            other.is(line.name()) && other.param_value("ALTID").as_deref() == Some(alternative.as_str())
        };
        self.lines().filter(same).map(|(at, _)| at).collect()
    }

    /// The text of the first line of that name that has one, trimmed.
    pub(super) fn first_text(&self, name: &str) -> Option<String> {
        self.named(&[name]).map(|(_, line)| line.plain(self.dialect).trim().to_owned()).find(|text| !text.is_empty())
    }

    pub(super) fn first(&self, name: &str) -> Option<usize> {
        self.named(&[name]).map(|(at, _)| at).next()
    }

    pub(super) fn line(&self, at: usize) -> Option<&ContentLine> {
        self.slots.get(at).filter(|slot| !slot.gone).and_then(|slot| slot.line.as_ref())
    }

    /// The first line of each name in each group.
    pub(super) fn groups(&self) -> Groups {
        let mut groups = Groups::new();
        for (at, line) in self.lines() {
            if let Some(group) = line.group() {
                groups.entry((group.to_ascii_lowercase(), line.name().to_ascii_uppercase())).or_insert(at);
            }
        }
        groups
    }

    /// The line of that name in the group of `line`.
    pub(super) fn in_group(&self, groups: &Groups, line: &ContentLine, name: &str) -> Option<usize> {
        groups.get(&(line.group()?.to_ascii_lowercase(), name.to_ascii_uppercase())).copied()
    }

    /// Whether the group of this line has another line that can stand alone, so that a label there is not only its own.
    pub(super) fn shares_group(&self, at: usize) -> bool {
        let Some(group) = self.line(at).and_then(ContentLine::group) else { return false };
        self.lines().any(|(other, line)| {
            other != at && line.group().is_some_and(|own| own.eq_ignore_ascii_case(group)) && !ATTACHED.iter().any(|name| line.is(name))
        })
    }

    /// A group name that no line has: `item1`, as Apple names them.
    pub(super) fn fresh_group(&self) -> String {
        let taken: HashSet<String> = self.lines().filter_map(|(_, line)| line.group().map(str::to_ascii_lowercase)).collect();
        let mut number = 1;
        while taken.contains(&format!("item{number}")) {
            number += 1;
        }
        format!("item{number}")
    }

    /// Replaces a line; an equal one keeps its bytes.
    pub(super) fn set(&mut self, at: usize, line: ContentLine) {
        if let Some(slot) = self.slots.get_mut(at)
            && slot.line.as_ref() != Some(&line)
        {
            slot.line = Some(line);
            slot.changed = true;
        }
    }

    /// Removes one line.
    pub(super) fn remove(&mut self, at: usize) {
        if let Some(slot) = self.slots.get_mut(at) {
            slot.gone = true;
        }
    }

    /// Removes every line of one of these names.
    pub(super) fn remove_named(&mut self, names: &[&str]) {
        let found: Vec<usize> = self.lines().filter(|(_, line)| names.iter().any(|name| line.is(name))).map(|(at, _)| at).collect();
        found.into_iter().for_each(|at| self.remove(at));
    }

    /// Removes a line with its alternatives and with what says something about it alone.
    pub(super) fn remove_with(&mut self, at: usize, with: &[usize]) {
        let shared = self.shares_group(at);
        for at in self.with_alternatives(at) {
            self.remove(at);
        }
        for &beside in with {
            let label_of_others = shared && self.line(beside).is_some_and(|line| line.group().is_some());
            if !label_of_others {
                self.remove(beside);
            }
        }
    }

    /// Adds lines behind the line `at`.
    pub(super) fn add_behind(&mut self, at: usize, lines: Vec<ContentLine>) {
        let place = self.order.iter().position(|own| *own == at).map_or(self.order.len(), |place| place + 1);
        self.insert(place, lines);
    }

    /// Adds lines that belong together: behind the last line named as the first of them, else at the end.
    pub(super) fn add(&mut self, lines: Vec<ContentLine>) {
        let Some(first) = lines.first() else { return };
        let same = self.order.iter().rposition(|at| self.line(*at).is_some_and(|line| line.is(first.name())));
        let place = match same {
            Some(last) => {
                let group = |at: usize| self.line(at).and_then(|line| line.group()).map(str::to_ascii_lowercase);
                let own = self.order.get(last).and_then(|at| group(*at));
                let rest = self.order.get(last + 1..).unwrap_or_default();
                last + 1 + rest.iter().take_while(|at| own.is_some() && group(**at) == own).count()
            }
            None => {
                let is_inner =
                    |at: &usize| self.slots.get(*at).and_then(|slot| slot.kept.as_ref()).is_some_and(|node| node.as_component().is_some());
                let before = self.order.iter().position(is_inner).unwrap_or(self.order.len());
                let before = self.order.get(..before).unwrap_or_default();
                before.iter().rposition(|at| self.line(*at).is_some()).map_or(0, |last| last + 1)
            }
        };
        self.insert(place, lines);
    }

    fn insert(&mut self, place: usize, lines: Vec<ContentLine>) {
        let first = self.slots.len();
        self.slots.extend(lines.into_iter().map(|line| Slot { kept: None, line: Some(line), changed: true, gone: false }));
        let place = place.min(self.order.len());
        self.order.splice(place..place, first..self.slots.len());
    }
}

/// Sets a URI: only what would end or change the value is escaped, since commas and semicolons are its own (RFC 6350
/// section 4.2).
pub(super) fn set_uri(line: &mut ContentLine, uri: &str, dialect: Dialect) {
    if dialect == Dialect::VCard21 {
        line.set_text(uri, dialect);
        return;
    }
    for encoding in ["ENCODING", "CHARSET"] {
        line.remove_param(encoding);
    }
    line.set_value(&uri.replace('\\', "\\\\").replace("\r\n", "\\n").replace(['\r', '\n'], "\\n"));
}

/// A line that holds a URI.
pub(super) fn uri_line(name: &str, uri: &str, dialect: Dialect) -> ContentLine {
    let mut line = ContentLine::new(name, "");
    set_uri(&mut line, uri, dialect);
    line
}

/// Whether a text is a URI by its look: a scheme, and no blanks.
pub(super) fn has_scheme(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        && !rest.is_empty()
        && !text.contains(char::is_whitespace)
}

/// Whether the VALUE parameter says so.
pub(super) fn value_is(line: &ContentLine, kind: &str) -> bool {
    line.param_value("VALUE").is_some_and(|value| value.eq_ignore_ascii_case(kind))
}

/// A component that is a list as one text. Commas that a sloppy writer did not escape (`Main St, Apt 4`, seen from many
/// clients) come back as they were: a blank follows them.
pub(super) fn joined(parts: &[String], separator: &str) -> String {
    let mut out = String::new();
    for part in parts {
        if !out.is_empty() {
            let plain = part.starts_with(' ');
            if plain {
                out.push(',');
            } else if !part.is_empty() {
                out.push_str(separator);
            }
        }
        out.push_str(part);
    }
    out.trim().to_owned()
}

/// Sets some components of a structured value; the others keep their spelling, down to their escapes. With `keep`
/// absent components behind the last of `wanted` go.
pub(super) fn set_components(line: &mut ContentLine, wanted: &[(usize, Vec<&str>)], keep: bool, dialect: Dialect) {
    let plain = line.param("ENCODING").is_none() && line.param("CHARSET").is_none();
    let width = wanted.iter().map(|(at, _)| at + 1).max().unwrap_or_default();
    if plain && dialect != Dialect::VCard21 {
        let mut components: Vec<String> = split_unescaped(line.value(), ';', dialect).into_iter().map(str::to_owned).collect();
        if !keep {
            components.truncate(width);
        }
        components.resize(components.len().max(width), String::new());
        for (at, texts) in wanted {
            let texts: Vec<String> = texts.iter().map(|text| escape(text, dialect)).collect();
            if let Some(component) = components.get_mut(*at) {
                *component = texts.join(",");
            }
        }
        line.set_value(&components.join(";"));
        return;
    }
    // A transfer encoding covers the whole value: it is written anew.
    let mut components = line.plain_structured(dialect);
    if !keep {
        components.truncate(width);
    }
    components.resize(components.len().max(width), Vec::new());
    for (at, texts) in wanted {
        if let Some(component) = components.get_mut(*at) {
            *component = texts.iter().map(|text| (*text).to_owned()).collect();
        }
    }
    let components: Vec<Vec<&str>> = components.iter().map(|texts| texts.iter().map(String::as_str).collect()).collect();
    let components: Vec<&[&str]> = components.iter().map(Vec::as_slice).collect();
    line.set_structured(&components, dialect);
}
