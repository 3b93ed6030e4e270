//! Which IANA zone has the rules of a `VTIMEZONE`.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};

use super::names::{etc, iana};
use super::rules::VTimeZone;
use super::table::WINDOWS;
use super::{Zone, database};

/// Zones that stand for their rules when nothing else decides.
const PREFERRED: [&str; 16] = [
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "Europe/Kyiv",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Sydney",
    "America/Halifax",
    "America/Anchorage",
    "America/Phoenix",
    "Pacific/Auckland",
    "America/Sao_Paulo",
];

/// The zone whose offsets agree with `own` in all of `years`.
///
/// Several zones share their rules: one whose city stands in the TZID wins, then one with the same abbreviations, then the
/// best known one. Rules without any change of a whole-hour offset are that offset, unless the TZID names a city.
pub(super) fn same_rules(own: &VTimeZone, tzid: &str, years: RangeInclusive<i16>) -> Option<Zone> {
    let from = start_of(*years.start())?;
    let to = start_of(years.end().checked_add(1)?)?;
    let first = Timestamp::from_second(from).ok()?;
    let initial = own.offset_at(first);
    let changes = own.changes(from + 1, to);
    let text = tzid.to_lowercase();
    let named = |zone: &str| {
        let city = zone.rsplit('/').next().unwrap_or_default().replace('_', " ").to_lowercase();
        city.len() > 3 && text.contains(&city)
    };
    let own_names: Vec<&String> = own.observances().iter().flat_map(|observance| observance.names()).collect();
    let mut best: Option<(u32, &str)> = None;
    let defaults = WINDOWS.iter().map(|(_, zone, _)| *zone);
    let others = WINDOWS.iter().flat_map(|(_, _, zones)| zones.iter().copied());
    for (zone, score) in defaults.map(|zone| (zone, 2)).chain(others.map(|zone| (zone, 1))) {
        let Ok(rules) = database().get(zone) else { continue };
        if rules.to_offset(first) != initial || zone_changes(&rules, first, to) != changes {
            continue;
        }
        let preferred = PREFERRED.iter().rev().position(|known| *known == zone).and_then(|at| u32::try_from(at + 1).ok()).unwrap_or(0);
        let mut score = score + preferred * 4;
        if !own_names.is_empty() && abbreviations(&rules, first, to).iter().all(|name| own_names.contains(&name)) {
            score += 1000;
        }
        if named(zone) {
            score += 10_000;
        }
        if best.is_none_or(|(highest, _)| score > highest) {
            best = Some((score, zone));
        }
    }
    if changes.is_empty() && etc(initial).is_some() && best.is_none_or(|(score, _)| score < 10_000) {
        return Some(Zone::Fixed(initial));
    }
    best.and_then(|(_, zone)| iana(zone))
}

/// Midnight UTC of 1 January.
fn start_of(year: i16) -> Option<i64> {
    let date = Date::new(year, 1, 1).ok()?;
    Some(Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?.as_second())
}

fn zone_changes(rules: &TimeZone, from: Timestamp, to: i64) -> Vec<(i64, i32)> {
    let mut current = rules.to_offset(from).seconds();
    let mut changes = Vec::new();
    for change in rules.following(from).take_while(|change| change.timestamp().as_second() < to) {
        let offset = change.offset().seconds();
        if offset != current {
            changes.push((change.timestamp().as_second(), offset));
            current = offset;
        }
    }
    changes
}

fn abbreviations(rules: &TimeZone, from: Timestamp, to: i64) -> Vec<String> {
    let mut names = vec![rules.to_offset_info(from).abbreviation().to_owned()];
    for change in rules.following(from).take_while(|change| change.timestamp().as_second() < to) {
        let name = change.abbreviation().to_owned();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
