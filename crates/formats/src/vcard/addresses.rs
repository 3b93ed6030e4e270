//! ADR with what belongs to it: the address in one piece, the country's code, the place on the globe.
//!
//! - In one piece: the LABEL parameter (RFC 6350 section 6.3.1), or a LABEL line in the same group, or the first LABEL
//!   line of the same TYPE words, neither in a group (RFC 2426 section 3.2.2). 3.0 is written with a LABEL line in the address's group.
//! - Country code: the CC parameter (RFC 8605 section 3.1), or Apple's X-ABADR in the group. 3.0 is written with X-ABADR,
//!   small as Apple has it.
//! - Place: the GEO parameter (RFC 6350 section 5.10), or a GEO line in the group; a GEO line without a group belongs to
//!   the first address without one, and is an address of its own in a card that has no address.

use super::card::{Card, Groups, Plain, joined, set_components};
use super::element::{Element, Located};
use super::marks::{self, Marks, Sort};
use crate::text::{ContentLine, Dialect, unescape};
use pimkit_core::Address;
use std::collections::{HashMap, VecDeque};

fn marks_of(address: &Address) -> Marks {
    Marks { contexts: address.contexts.clone(), label: address.label.clone(), pref: address.pref, ..Marks::default() }
}

fn parts(address: &Address) -> [Option<&str>; 7] {
    let parts = [
        &address.post_office_box,
        &address.apartment,
        &address.street,
        &address.locality,
        &address.region,
        &address.postcode,
        &address.country,
    ];
    parts.map(Option::as_deref)
}

/// A `geo:` URI of what GEO says: a URI in 4.0, `latitude;longitude` before; a comma between them is seen too.
fn coordinates(line: &ContentLine, dialect: Dialect) -> Option<String> {
    let text = line.plain(dialect).trim().to_owned();
    if text.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("geo:")) {
        return Some(text);
    }
    let (latitude, longitude) = text.split_once([';', ','])?;
    let plain = |part: &str| part.parse::<f64>().is_ok_and(f64::is_finite).then(|| part.to_owned());
    Some(format!("geo:{},{}", plain(latitude.trim())?, plain(longitude.trim())?))
}

/// A parameter that holds text with line ends: `^n` (RFC 6868), or `\n` as RFC 6350 section 6.3.1 shows it.
fn text_param(line: &ContentLine, name: &str) -> Option<String> {
    let text = unescape(&line.param_value(name)?, Dialect::VCard40).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

fn set_text_param(line: &mut ContentLine, name: &str, text: Option<&str>) {
    let text = text.map(|text| text.replace('\\', "\\\\"));
    line.set_param(name, text.as_deref());
}

fn use_words(line: &ContentLine) -> Vec<String> {
    let mut words = line.types();
    words.retain(|word| word != "pref");
    words.sort();
    words
}

/// What of the lines beside an address says which of its parts.
#[derive(Default)]
struct Beside {
    label: Option<usize>,
    full: Option<usize>,
    code: Option<usize>,
    place: Option<usize>,
}

fn beside(card: &Card, with: &[usize]) -> Beside {
    let find = |name: &str| with.iter().copied().find(|at| card.line(*at).is_some_and(|line| line.is(name)));
    Beside { label: find("X-ABLabel"), full: find("LABEL"), code: find("X-ABADR"), place: find("GEO") }
}

impl Element for Address {
    fn locate(card: &Card) -> Vec<Located<Self>> {
        let groups: Groups = card.groups();
        let dialect = card.dialect;
        let mut labels: HashMap<Vec<String>, VecDeque<usize>> = HashMap::new();
        let mut places: Vec<usize> = Vec::new();
        let alone = |line: &ContentLine| line.group().is_none() || card.in_group(&groups, line, "ADR").is_none();
        for (at, line) in card.lines() {
            if line.is("LABEL") && alone(line) {
                labels.entry(use_words(line)).or_default().push_back(at);
            } else if line.is("GEO") && line.group().is_none() && coordinates(line, dialect).is_some() {
                places.push(at);
            }
        }
        let mut places = places.into_iter();
        let mut found = Vec::new();
        for (at, line) in card.named(&["ADR"]) {
            let components = line.plain_structured(dialect);
            let part = |n: usize| components.get(n).map(|part| joined(part, ", ")).filter(|text| !text.is_empty());
            let (marks, label) = marks::read(card, &groups, line, Sort::Address);
            let mut with: Vec<usize> = label.into_iter().collect();
            let mut full = text_param(line, "LABEL");
            if full.is_none() {
                let in_group = card.in_group(&groups, line, "LABEL");
                let own = in_group.or_else(|| {
                    if line.group().is_some() {
                        return None;
                    }
                    labels.get_mut(&use_words(line))?.pop_front()
                });
                full = own.and_then(|own| card.line(own)).map(|line| line.plain(dialect).trim().to_owned()).filter(|text| !text.is_empty());
                with.extend(own);
            }
            let code_at = card.in_group(&groups, line, "X-ABADR");
            let code = line.param_value("CC").or_else(|| Some(card.line(code_at?)?.plain(dialect)));
            let code = code.map(|code| country_code(code.trim())).filter(|code| !code.is_empty());
            with.extend(code_at);
            let mut place = text_param(line, "GEO");
            if place.is_none() {
                let own = card.in_group(&groups, line, "GEO").or_else(|| if line.group().is_none() { places.next() } else { None });
                place = own.and_then(|own| coordinates(card.line(own)?, dialect));
                with.extend(own);
            }
            let value = Self {
                full,
                post_office_box: part(0),
                apartment: part(1),
                street: part(2),
                locality: part(3),
                region: part(4),
                postcode: part(5),
                country: part(6),
                country_code: code,
                coordinates: place,
                contexts: marks.contexts,
                label: marks.label,
                pref: marks.pref,
            };
            if says_something(&value) {
                found.push(Located { value, at, with });
            }
        }
        if found.is_empty()
            && let Some(at) = places.next()
        {
            let coordinates = card.line(at).and_then(|line| coordinates(line, dialect));
            found.push(Located { value: Self { coordinates, ..Self::default() }, at, with: Vec::new() });
        }
        found
    }

    fn key(&self) -> String {
        format!("{:?}\n{:?}", parts(self), self.full)
    }

    fn lines(&self, card: &Card) -> Vec<ContentLine> {
        let dialect = card.dialect;
        let mut line = ContentLine::new("ADR", "");
        let components: Vec<(usize, Vec<&str>)> =
            parts(self).into_iter().enumerate().map(|(at, part)| (at, vec![part.unwrap_or_default()])).collect();
        set_components(&mut line, &components, true, dialect);
        marks::mark(&mut line, &marks_of(self), Sort::Address, dialect);
        set_text_param(&mut line, "GEO", self.coordinates.as_deref());
        let code = self.country_code.as_deref();
        if card.is_v4() {
            set_text_param(&mut line, "LABEL", self.full.as_deref());
            line.set_param("CC", code);
        }
        let mut lines = marks::labelled(card, line, self.label.as_deref(), Sort::Address);
        let mut beside = Vec::new();
        if !card.is_v4() {
            beside.extend(self.full.as_deref().map(|full| ContentLine::text_line("LABEL", full, dialect)));
            beside.extend(code.map(|code| ContentLine::text_line("X-ABADR", &apple_code(code), dialect)));
        }
        // A line that belongs to no address yet must not come to belong to this one.
        let loose = card.lines().any(|(_, line)| line.group().is_none() && (line.is("LABEL") || line.is("GEO")));
        if loose || !beside.is_empty() {
            let group = lines.first().and_then(|line| line.group()).map_or_else(|| card.fresh_group(), str::to_owned);
            lines.append(&mut beside);
            for line in &mut lines {
                line.set_group(Some(&group));
            }
        }
        lines
    }

    fn edit(card: &mut Card, found: &Located<Self>, to: &Self) -> bool {
        let (from, dialect) = (&found.value, card.dialect);
        let Some(mut line) = card.line(found.at).cloned() else { return false };
        if !line.is("ADR") || card.shares_group(found.at) {
            return false;
        }
        let near = beside(card, &found.with);
        let changed: Vec<(usize, Vec<&str>)> = parts(from)
            .into_iter()
            .zip(parts(to))
            .enumerate()
            .filter(|(_, (from, to))| from != to)
            .map(|(at, (_, to))| (at, vec![to.unwrap_or_default()]))
            .collect();
        if !changed.is_empty() {
            // What RFC 9554 section 2.1 appends says the old address once more, in other parts.
            let all: Vec<(usize, Vec<&str>)> =
                parts(to).into_iter().enumerate().map(|(at, part)| (at, vec![part.unwrap_or_default()])).collect();
            let long = line.plain_structured(dialect).len() > 7;
            if long {
                set_components(&mut line, &all, false, dialect);
            } else {
                set_components(&mut line, &changed, true, dialect);
            }
            line.remove_param("JSCOMPS");
        }
        if from.coordinates != to.coordinates {
            near.place.into_iter().for_each(|at| card.remove(at));
            set_text_param(&mut line, "GEO", to.coordinates.as_deref());
        }
        if from.country_code != to.country_code {
            line.remove_param("CC");
            near.code.into_iter().for_each(|at| card.remove(at));
            if card.is_v4() {
                line.set_param("CC", to.country_code.as_deref());
            }
        }
        if from.full != to.full {
            line.remove_param("LABEL");
            near.full.into_iter().for_each(|at| card.remove(at));
            if card.is_v4() {
                set_text_param(&mut line, "LABEL", to.full.as_deref());
            }
        }
        let mut behind = Vec::new();
        if !card.is_v4() {
            if from.full != to.full {
                behind.extend(to.full.as_deref().map(|full| ContentLine::text_line("LABEL", full, dialect)));
            }
            if from.country_code != to.country_code {
                behind.extend(to.country_code.as_deref().map(|code| ContentLine::text_line("X-ABADR", &apple_code(code), dialect)));
            }
        }
        // A LABEL that is known by its TYPE words alone must not lose its address when those change.
        let kept_label = near.full.filter(|_| from.full == to.full && from.contexts != to.contexts);
        if !behind.is_empty() || kept_label.is_some() {
            let group = line.group().map_or_else(|| card.fresh_group(), str::to_owned);
            line.set_group(Some(&group));
            for line in &mut behind {
                line.set_group(Some(&group));
            }
            if let Some((at, mut label)) = kept_label.and_then(|at| Some((at, card.line(at)?.clone()))) {
                label.set_group(Some(&group));
                card.set(at, label);
            }
        }
        card.add_behind(found.at, behind);
        marks::edit(card, found.at, near.label, line, &marks_of(from), &marks_of(to), Sort::Address)
    }
}

/// Whether there is more than marks.
pub(super) fn says_something(address: &Address) -> bool {
    parts(address).iter().any(Option::is_some) || address.full.is_some() || address.country_code.is_some() || address.coordinates.is_some()
}

/// ISO 3166-1 codes are large; Apple writes them small.
pub(super) fn country_code(code: &str) -> String {
    if code.len() == 2 { code.to_ascii_uppercase() } else { code.to_owned() }
}

fn apple_code(code: &str) -> String {
    if code.len() == 2 { code.to_ascii_lowercase() } else { code.to_owned() }
}
