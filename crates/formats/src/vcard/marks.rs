//! TYPE words, PREF and labels: what a line says of the use of its value.
//!
//! - TYPE is read in every spelling (`TYPE=home,work`, repeated, quoted, bare in 2.1) and in any case; words that the
//!   record does not know stay on the line.
//! - Preference: `PREF=n` (RFC 6350 section 5.3), or the word `pref` (RFC 2426 section 3.3.1), which stands for 1.
//! - A label is an X-ABLabel line in the group of the property (Apple; also RFC 9554 via RFC 9555 section 2.3.14).
//!   Apple wraps the words that it translates: `_$!<HomePage>!$_`. A server may upper-case them (seen from iCloud), so
//!   they are compared without case.
//! - Contexts and features outside the vocabulary go into the parameters X-PIMKIT-CONTEXT and X-PIMKIT-FEATURE.

use super::card::{Card, Groups, Plain};
use crate::text::{ContentLine, Dialect, Param};
use std::collections::BTreeSet;

/// Of which sort a property is: the same TYPE word means different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Email,
    Phone,
    Address,
    Link,
    Service,
    Date,
    Relation,
}

/// What a line says beside its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) contexts: BTreeSet<String>,
    pub(super) features: BTreeSet<String>,
    pub(super) label: Option<String>,
    pub(super) pref: Option<u8>,
}

enum Meaning {
    Context(&'static str),
    Feature(&'static str),
}

/// Apple's words for labels that are neither contexts nor features.
const LABELS: [&str; 21] = [
    "Other",
    "HomePage",
    "School",
    "Anniversary",
    "Mother",
    "Father",
    "Parent",
    "Brother",
    "Sister",
    "Sibling",
    "Child",
    "Son",
    "Daughter",
    "Friend",
    "Spouse",
    "Partner",
    "Assistant",
    "Manager",
    "AppleWatch",
    "iPhone",
    "OtherFAX",
];

const CONTEXT: &str = "X-PIMKIT-CONTEXT";
const FEATURE: &str = "X-PIMKIT-FEATURE";

fn meaning(sort: Sort, word: &str) -> Option<Meaning> {
    use Meaning::{Context, Feature};
    match word {
        "home" => return Some(Context("private")),
        "work" => return Some(Context("work")),
        _ => {}
    }
    match (sort, word) {
        (Sort::Address, "billing") => Some(Context("billing")),
        (Sort::Address, "delivery") => Some(Context("delivery")),
        // Apple writes `type=IPHONE` beside, or instead of, `type=CELL`.
        (Sort::Phone, "cell" | "iphone" | "mobile") => Some(Feature("mobile")),
        (Sort::Phone, "voice") => Some(Feature("voice")),
        (Sort::Phone, "text") => Some(Feature("text")),
        (Sort::Phone, "video") => Some(Feature("video")),
        (Sort::Phone, "main" | "main-number") => Some(Feature("main-number")),
        (Sort::Phone, "textphone") => Some(Feature("textphone")),
        (Sort::Phone, "fax") => Some(Feature("fax")),
        (Sort::Phone, "pager") => Some(Feature("pager")),
        _ => None,
    }
}

/// The TYPE word of a context or feature; `None` when it is outside the vocabulary of the sort.
fn word(sort: Sort, mark: &str, dialect: Dialect) -> Option<String> {
    let word = match mark {
        "private" => "home",
        "mobile" => "cell",
        "main-number" if dialect != Dialect::VCard40 => "main",
        other => other,
    };
    let known = match meaning(sort, word)? {
        Meaning::Context(meant) | Meaning::Feature(meant) => meant == mark,
    };
    known.then(|| spelt(word, dialect))
}

/// vCard 4.0 writes words small, the older ones large, as their RFCs and most programs do.
pub(super) fn spelt(word: &str, dialect: Dialect) -> String {
    if dialect == Dialect::VCard40 { word.to_ascii_lowercase() } else { word.to_ascii_uppercase() }
}

/// Every TYPE word as it is spelt; words that are quoted together are told apart (`TYPE="HOME,VOICE"` in a 3.0 card,
/// seen from sabre/dav).
pub(super) fn type_words(line: &ContentLine) -> Vec<String> {
    let values = line.param_values("TYPE");
    values.iter().flat_map(|value| value.split(',')).map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Sets the TYPE words: bare in vCard 2.1.
pub(super) fn set_type_words(line: &mut ContentLine, words: &[String], dialect: Dialect) {
    if dialect == Dialect::VCard21 {
        line.remove_param("TYPE");
        for word in words {
            // A bare word is a TYPE only when it is none of the other parameters' words.
            let bare = Param::bare(word);
            line.add_param(if bare.is("TYPE") { bare } else { Param::new("TYPE", [word.as_str()]) });
        }
    } else {
        line.set_param("TYPE", words.iter().map(String::as_str));
    }
}

/// The preference that a line states.
pub(super) fn pref(line: &ContentLine) -> Option<u8> {
    let stated = line.param_value("PREF").and_then(|value| value.trim().parse::<u8>().ok()).filter(|pref| (1..=100).contains(pref));
    stated.or_else(|| type_words(line).iter().any(|word| word.eq_ignore_ascii_case("pref")).then_some(1))
}

/// What Apple's label says: contexts and features, or a label.
fn unlabelled(text: &str, sort: Sort, marks: &mut Marks) {
    let Some(word) = wrapped(text) else {
        marks.label = Some(text.to_owned());
        return;
    };
    let mut context = |word: &str| marks.contexts.insert(word.to_owned());
    let plain = !matches!(sort, Sort::Date | Sort::Relation);
    match word.to_ascii_lowercase().as_str() {
        "home" if plain => _ = context("private"),
        "work" if plain => _ = context("work"),
        "homefax" if sort == Sort::Phone => {
            context("private");
            marks.features.insert("fax".to_owned());
        }
        "workfax" if sort == Sort::Phone => {
            context("work");
            marks.features.insert("fax".to_owned());
        }
        "mobile" if sort == Sort::Phone => _ = marks.features.insert("mobile".to_owned()),
        "main" if sort == Sort::Phone => _ = marks.features.insert("main-number".to_owned()),
        "pager" if sort == Sort::Phone => _ = marks.features.insert("pager".to_owned()),
        _ => marks.label = Some(canonical(word)),
    }
}

/// The word inside Apple's wrapping.
pub(super) fn wrapped(label: &str) -> Option<&str> {
    label.strip_prefix("_$!<")?.strip_suffix(">!$_").filter(|word| !word.trim().is_empty())
}

/// Apple's spelling of one of its words.
pub(super) fn canonical(word: &str) -> String {
    LABELS.iter().find(|known| known.eq_ignore_ascii_case(word)).map_or_else(|| word.to_owned(), |known| (*known).to_owned())
}

/// A label as it is written: wrapped where Apple has a word for it.
fn written_label(label: &str, sort: Sort) -> String {
    // On a date, the wrapped word is the wedding day, which is a kind of its own; relations have their own table.
    let own = sort != Sort::Relation && !(sort == Sort::Date && label == "Anniversary");
    if own && LABELS.contains(&label) { format!("_$!<{label}>!$_") } else { label.to_owned() }
}

/// The label line of a property, and its text.
pub(super) fn label(card: &Card, groups: &Groups, line: &ContentLine) -> Option<(usize, String)> {
    let at = card.in_group(groups, line, "X-ABLabel")?;
    let text = card.line(at)?.plain(card.dialect).trim().to_owned();
    (!text.is_empty()).then_some((at, text))
}

/// What a line says beside its value, and its label's line.
pub(super) fn read(card: &Card, groups: &Groups, line: &ContentLine, sort: Sort) -> (Marks, Option<usize>) {
    let mut marks = Marks { pref: pref(line), ..Marks::default() };
    for word in type_words(line) {
        match meaning(sort, &word.to_ascii_lowercase()) {
            Some(Meaning::Context(context)) => _ = marks.contexts.insert(context.to_owned()),
            Some(Meaning::Feature(feature)) => _ = marks.features.insert(feature.to_owned()),
            None => {}
        }
    }
    marks.contexts.extend(line.param_values(CONTEXT));
    marks.features.extend(line.param_values(FEATURE));
    let found = label(card, groups, line);
    if let Some((_, text)) = &found {
        unlabelled(text, sort, &mut marks);
    }
    (marks, found.map(|(at, _)| at))
}

/// Puts contexts, features and preference on a line in place of those it has.
pub(super) fn mark(line: &mut ContentLine, to: &Marks, sort: Sort, dialect: Dialect) {
    let mut words = type_words(line);
    let keep_pref = pref(line) == to.pref;
    words.retain(|word| match meaning(sort, &word.to_ascii_lowercase()) {
        Some(Meaning::Context(context)) => to.contexts.contains(context),
        Some(Meaning::Feature(feature)) => to.features.contains(feature),
        None => keep_pref || !word.eq_ignore_ascii_case("pref"),
    });
    let has = |words: &[String], mark: &str| {
        words.iter().any(|word| match meaning(sort, &word.to_ascii_lowercase()) {
            Some(Meaning::Context(meant) | Meaning::Feature(meant)) => meant == mark,
            None => false,
        })
    };
    for (marks, beside) in [(&to.contexts, CONTEXT), (&to.features, FEATURE)] {
        let mut unknown: Vec<&str> = Vec::new();
        for mark in marks {
            match word(sort, mark, dialect) {
                Some(word) if !has(&words, mark) => words.push(word),
                Some(_) => {}
                None => unknown.push(mark),
            }
        }
        line.set_param(beside, unknown);
    }
    if !keep_pref {
        let word = to.pref == Some(1) && dialect != Dialect::VCard40;
        if word {
            words.push(spelt("pref", dialect));
        }
        let number = to.pref.filter(|_| !word).map(|pref| pref.to_string());
        line.set_param("PREF", number.as_deref());
    }
    if words != type_words(line) {
        set_type_words(line, &words, dialect);
    }
}

/// The lines of a property that is added: itself, in a group of its own when it has a label.
pub(super) fn labelled(card: &Card, mut line: ContentLine, label: Option<&str>, sort: Sort) -> Vec<ContentLine> {
    let Some(label) = label else { return vec![line] };
    let group = line.group().map_or_else(|| card.fresh_group(), str::to_owned);
    line.set_group(Some(&group));
    let mut beside = ContentLine::text_line("X-ABLabel", &written_label(label, sort), card.dialect);
    beside.set_group(Some(&group));
    vec![line, beside]
}

/// Changes marks and label of the property at `at`, whose line is already edited to `line`. False when the label is
/// not its own.
pub(super) fn edit(
    card: &mut Card,
    at: usize,
    label_at: Option<usize>,
    mut line: ContentLine,
    from: &Marks,
    to: &Marks,
    sort: Sort,
) -> bool {
    let dialect = card.dialect;
    let same = from.contexts == to.contexts && from.features == to.features && from.label == to.label;
    if !same || from.pref != to.pref {
        mark(&mut line, to, sort, dialect);
    }
    if same {
        card.set(at, line);
        return true;
    }
    if card.shares_group(at) {
        return false;
    }
    match (&to.label, label_at) {
        (Some(label), Some(label_at)) => {
            if let Some(mut beside) = card.line(label_at).cloned() {
                beside.set_text(&written_label(label, sort), dialect);
                card.set(label_at, beside);
            }
            card.set(at, line);
        }
        (Some(label), None) => {
            let mut lines = labelled(card, line, Some(label), sort);
            let beside = lines.split_off(1.min(lines.len()));
            lines.into_iter().for_each(|line| card.set(at, line));
            card.add_behind(at, beside);
        }
        (None, label_at) => {
            label_at.into_iter().for_each(|at| card.remove(at));
            card.set(at, line);
        }
    }
    true
}
