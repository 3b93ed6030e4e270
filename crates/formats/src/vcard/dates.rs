//! BDAY, ANNIVERSARY, DEATHDATE (RFC 6350 section 6.2.5 and 6.2.6, RFC 6474 section 2.3) and what came before them; REV
//! and CREATED.
//!
//! - A year that is not known: `--0412` in 4.0; before, 1604 with X-APPLE-OMIT-YEAR. A 3.0 card with 1604 and no such
//!   parameter means the same (iOS 12.4 and later).
//! - The wedding day: ANNIVERSARY in 4.0; in 3.0, Apple's X-ABDATE labelled `_$!<Anniversary>!$_`. Nextcloud turns the
//!   first into X-ABDATE and X-ANNIVERSARY at once: equal days are one day.
//! - What is no date is kept as text.

use super::card::{Card, Groups, Plain, value_is};
use super::element::{Element, Located};
use super::marks::{self, Marks, Sort};
use crate::text::{ContentLine, Dialect};
use jiff::{Timestamp, civil, tz::TimeZone};
use pimkit_core::{Anniversary, AnniversaryKind, PartialDate};

const BIRTH: &str = "BDAY";
const DEATH: [&str; 2] = ["DEATHDATE", "X-DEATHDATE"];
const WEDDING: [&str; 4] = ["ANNIVERSARY", "X-ANNIVERSARY", "X-EVOLUTION-ANNIVERSARY", "X-KADDRESSBOOK-X-Anniversary"];
const LABELLED: &str = "X-ABDATE";
pub(super) const PROPERTIES: [&str; 8] = [
    "BDAY",
    "DEATHDATE",
    "X-DEATHDATE",
    "ANNIVERSARY",
    "X-ANNIVERSARY",
    "X-EVOLUTION-ANNIVERSARY",
    "X-KADDRESSBOOK-X-Anniversary",
    "X-ABDATE",
];
const OMIT: &str = "X-APPLE-OMIT-YEAR";
/// A leap year before the Gregorian calendar's first century ends: Apple's year for "none".
const NO_YEAR: i16 = 1604;
/// What was written, where a date is known too.
const TEXT: &str = "X-PIMKIT-TEXT";

fn number<T: std::str::FromStr>(digits: &str, width: usize) -> Option<T> {
    (digits.len() == width && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

/// A date in the basic, the extended or a reduced form (ISO 8601:2004; RFC 6350 section 4.3.1); a time behind it is
/// dropped.
pub(super) fn partial(text: &str) -> Option<PartialDate> {
    let text = text.trim();
    let day = text.split_once(['T', 't', ' ']).map_or(text, |(day, _)| day);
    let (year, month, date) = if let Some(rest) = day.strip_prefix("---") {
        (None, None, Some(number::<i8>(rest, 2)?))
    } else if let Some(rest) = day.strip_prefix("--") {
        match (rest.split_once('-'), rest.len()) {
            (Some((month, day)), _) => (None, Some(number(month, 2)?), Some(number(day, 2)?)),
            (None, 2) => (None, Some(number(rest, 2)?), None),
            _ => (None, Some(number(rest.get(..2)?, 2)?), Some(number(rest.get(2..)?, 2)?)),
        }
    } else {
        let mut parts = day.split('-');
        match (parts.next()?, parts.next(), parts.next(), parts.next()) {
            (year, None, ..) if year.len() == 4 => (Some(number::<i16>(year, 4)?), None, None),
            (all, None, ..) => (Some(number(all.get(..4)?, 4)?), Some(number(all.get(4..6)?, 2)?), Some(number(all.get(6..)?, 2)?)),
            (year, Some(month), None, _) => (Some(number(year, 4)?), Some(number(month, 2)?), None),
            (year, Some(month), Some(day), None) => (Some(number(year, 4)?), Some(number(month, 2)?), Some(number(day, 2)?)),
            _ => return None,
        }
    };
    let sound = month.is_none_or(|month: i8| (1..=12).contains(&month)) && date.is_none_or(|day| (1..=31).contains(&day));
    sound.then_some(PartialDate { year, month, day: date })
}

/// A date as this version writes it, and the year that stands for none; `None` when vCard has no form for it.
fn written(date: PartialDate, dialect: Dialect) -> Option<(String, Option<i16>)> {
    let v4 = dialect == Dialect::VCard40;
    let sound = date.year.is_none_or(|year| (0..=9999).contains(&year))
        && date.month.is_none_or(|month| (1..=12).contains(&month))
        && date.day.is_none_or(|day| (1..=31).contains(&day));
    let text = match (date.year, date.month, date.day) {
        _ if !sound => return None,
        (Some(year), Some(month), Some(day)) if v4 => format!("{year:04}{month:02}{day:02}"),
        (Some(year), Some(month), Some(day)) => format!("{year:04}-{month:02}-{day:02}"),
        (Some(year), Some(month), None) => format!("{year:04}-{month:02}"),
        (Some(year), None, None) => format!("{year:04}"),
        (None, Some(month), Some(day)) if v4 => format!("--{month:02}{day:02}"),
        (None, Some(month), Some(day)) => return Some((format!("{NO_YEAR}-{month:02}-{day:02}"), Some(NO_YEAR))),
        (None, Some(month), None) => format!("--{month:02}"),
        (None, None, Some(day)) => format!("---{day:02}"),
        _ => return None,
    };
    // Somebody who was born in 1604: then another year stands for none.
    let other = (!v4 && date.year == Some(NO_YEAR)).then_some(0);
    Some((text, other))
}

/// Whether vCard has a form for this date; an absent one needs none.
pub(super) fn can_be_written(date: PartialDate, dialect: Dialect) -> bool {
    date == PartialDate::default() || written(date, dialect).is_some()
}

fn read(line: &ContentLine, dialect: Dialect) -> Option<(PartialDate, Option<String>)> {
    let text = line.plain(dialect).trim().to_owned();
    if text.is_empty() {
        return None;
    }
    let date = if value_is(line, "text") { None } else { partial(&text) };
    let Some(mut date) = date else { return Some((PartialDate::default(), Some(text))) };
    let omitted = line.param_value(OMIT).and_then(|year| year.trim().parse::<i16>().ok());
    let none = omitted.or((dialect != Dialect::VCard40).then_some(NO_YEAR));
    if date.year.is_some() && date.year == none {
        date.year = None;
    }
    Some((date, line.param_value(TEXT).filter(|text| !text.is_empty())))
}

fn marks_of(anniversary: &Anniversary) -> Marks {
    Marks { label: anniversary.label.clone(), ..Marks::default() }
}

fn set(line: &mut ContentLine, to: &Anniversary, dialect: Dialect) {
    for name in ["VALUE", OMIT, TEXT, "CALSCALE"] {
        line.remove_param(name);
    }
    match (written(to.date, dialect), &to.text) {
        (Some((date, no_year)), text) => {
            line.set_value(&date);
            line.set_param(OMIT, no_year.map(|year| year.to_string()).as_deref());
            line.set_param(TEXT, text.as_deref());
        }
        (None, text) => {
            line.set_text(text.as_deref().unwrap_or_default(), dialect);
            line.set_param("VALUE", ["text"]);
        }
    }
}

impl Element for Anniversary {
    fn locate(card: &Card) -> Vec<Located<Self>> {
        let groups: Groups = card.groups();
        let mut found: Vec<Located<Self>> = Vec::new();
        // The order tells which of equal days is the one, and which only says it again.
        for names in [&[BIRTH][..], &DEATH, &WEDDING, &[LABELLED]] {
            for (at, line) in card.named(names) {
                let Some((date, text)) = read(line, card.dialect) else { continue };
                let (marks, label_at) = marks::read(card, &groups, line, Sort::Date);
                let mut label = marks.label;
                let kind = if line.is(BIRTH) {
                    AnniversaryKind::Birth
                } else if DEATH.iter().any(|name| line.is(name)) {
                    AnniversaryKind::Death
                } else if !line.is(LABELLED) {
                    AnniversaryKind::Wedding
                } else if is_wedding(card, label_at) {
                    label = None;
                    AnniversaryKind::Wedding
                } else {
                    AnniversaryKind::Other
                };
                let value = Self { kind, date, text, label };
                // Nobody says a day more often; a hostile card might.
                let again = found.iter_mut().take(8).find(|first| kind != AnniversaryKind::Other && first.value == value);
                match again {
                    Some(first) => {
                        first.with.push(at);
                        first.with.extend(label_at);
                    }
                    None => found.push(Located { value, at, with: label_at.into_iter().collect() }),
                }
            }
        }
        found
    }

    fn key(&self) -> String {
        match self.kind {
            AnniversaryKind::Other => format!("{:?}\n{:?}\n{:?}", self.kind, self.label, self.date),
            kind => format!("{kind:?}"),
        }
    }

    fn lines(&self, card: &Card) -> Vec<ContentLine> {
        let property = match self.kind {
            AnniversaryKind::Birth => BIRTH,
            AnniversaryKind::Death => "DEATHDATE",
            // With a label of its own, Apple's line cannot say both.
            AnniversaryKind::Wedding if card.is_v4() || self.label.is_some() => "ANNIVERSARY",
            AnniversaryKind::Wedding => {
                let mut line = ContentLine::new(LABELLED, "");
                set(&mut line, self, card.dialect);
                let mut lines = marks::labelled(card, line, Some("Anniversary"), Sort::Date);
                if let Some(label) = lines.get_mut(1) {
                    label.set_value("_$!<Anniversary>!$_");
                }
                return lines;
            }
            AnniversaryKind::Other => LABELLED,
        };
        let mut line = ContentLine::new(property, "");
        set(&mut line, self, card.dialect);
        marks::labelled(card, line, self.label.as_deref(), Sort::Date)
    }

    fn edit(card: &mut Card, found: &Located<Self>, to: &Self) -> bool {
        let from = &found.value;
        let Some(mut line) = card.line(found.at).cloned() else { return false };
        if from.kind != to.kind || (from.label != to.label && from.kind == AnniversaryKind::Wedding) {
            return false;
        }
        if from.date != to.date || from.text != to.text {
            set(&mut line, to, card.dialect);
        }
        let own_group = line.group().map(str::to_ascii_lowercase);
        let mut label = None;
        for at in &found.with {
            let Some(beside) = card.line(*at) else { continue };
            let own = beside.is("X-ABLabel") && beside.group().map(str::to_ascii_lowercase) == own_group;
            if own {
                label = Some(*at);
            } else {
                // It said the old day once more.
                card.remove(*at);
            }
        }
        marks::edit(card, found.at, label, line, &marks_of(from), &marks_of(to), Sort::Date)
    }
}

fn is_wedding(card: &Card, label: Option<usize>) -> bool {
    let text = label.and_then(|at| card.line(at)).map(|line| line.plain(card.dialect).trim().to_owned());
    text.as_deref().and_then(marks::wrapped).is_some_and(|word| word.eq_ignore_ascii_case("Anniversary"))
}

/// An instant as REV and CREATED write it, basic or extended; a date alone is its midnight in UTC.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let utc = text.trim_end_matches(['Z', 'z']);
    let at = utc.parse::<civil::DateTime>().or_else(|_| utc.parse::<civil::Date>().map(|day| day.to_datetime(civil::Time::midnight())));
    at.ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// An instant to the second, as 3.0 (extended) or 4.0 (basic) writes it.
pub(super) fn stamp(at: Timestamp, basic: bool) -> String {
    let at = TimeZone::UTC.to_datetime(at);
    let (date, time) = (at.date(), at.time());
    let (dash, colon) = if basic { ("", "") } else { ("-", ":") };
    format!(
        "{:04}{dash}{:02}{dash}{:02}T{:02}{colon}{:02}{colon}{:02}Z",
        date.year(),
        date.month(),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// Sets REV where there is one, in the form it has.
pub(super) fn touch(card: &mut Card, now: Timestamp) {
    let Some((at, mut line)) = card.first("REV").and_then(|at| Some((at, card.line(at)?.clone()))) else { return };
    let old = line.value().trim().to_owned();
    let basic = if old.is_empty() { card.is_v4() } else { !old.contains('-') };
    for name in ["VALUE", "ENCODING", "CHARSET"] {
        line.remove_param(name);
    }
    line.set_value(&stamp(now, basic));
    card.set(at, line);
}
