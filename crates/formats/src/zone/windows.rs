//! Windows names and their display names (MS-OXOCAL, CLDR `windowsZones`).

use windows_timezones::WindowsTimezone;

use super::names::offset_seconds;
use super::table::{ALIASES, WINDOWS};

/// The IANA zone of a Windows name in no particular territory, in current spelling (`FLE Standard Time` is
/// `Europe/Kyiv`). Case-insensitive.
#[must_use]
pub fn windows_default(name: &str) -> Option<&'static str> {
    WINDOWS.iter().find(|(windows, _, _)| windows.eq_ignore_ascii_case(name)).map(|(_, iana, _)| *iana)
}

/// The Windows name of an IANA zone of any territory and any spelling. Case-insensitive.
#[must_use]
pub fn windows_name(iana: &str) -> Option<&'static str> {
    let direct = |wanted: &str| {
        let defaults = WINDOWS.iter().find(|(_, default, _)| default.eq_ignore_ascii_case(wanted));
        let all = || WINDOWS.iter().find(|(_, _, rest)| rest.iter().any(|zone| zone.eq_ignore_ascii_case(wanted)));
        defaults.or_else(all).map(|(windows, _, _)| *windows)
    };
    direct(iana).or_else(|| {
        let (_, target) = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(iana))?;
        direct(target)
    })
}

/// A Windows name, tolerating `Daylight Time` for `Standard Time` and the number that Windows appends to a zone that it
/// imported twice (`Eastern Standard Time 1`).
pub(super) fn by_name(name: &str) -> Option<&'static str> {
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end();
    let numbered = plain.len() < name.len() && plain.to_ascii_lowercase().ends_with(" time");
    let name = if numbered { plain } else { name };
    windows_default(name).or_else(|| {
        let at = name.to_ascii_lowercase().find(" daylight time")?;
        windows_default(&format!("{} Standard Time", name.get(..at)?))
    })
}

/// Display names: `(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna`, the older `(GMT+01:00)`, `(GMT+01.00)
/// Sarajevo/Warsaw/Zagreb`, or the cities alone. The lists changed from version to version, so the zone with the same offset
/// and the most places in common is meant; without offset, at least two places must agree.
pub(super) fn by_display_name(name: &str) -> Option<&'static str> {
    let (offset, places) = split_display(name);
    if places.is_empty() {
        return None;
    }
    let needed = if offset.is_some() { 1 } else { 2 };
    let mut best: Option<(usize, &'static str)> = None;
    for (windows, iana, _) in WINDOWS {
        let Ok(known) = windows.parse::<WindowsTimezone>() else { continue };
        let (own_offset, own_places) = split_display(known.description());
        if offset.is_some() && offset != own_offset {
            continue;
        }
        let common = places.iter().filter(|place| own_places.contains(place)).count();
        // One place that is the whole name (`Eastern Time (US & Canada)`) is as good as two cities.
        let common = if common > 0 && places == own_places { common.max(2) } else { common };
        if common >= needed && best.is_none_or(|(most, _)| common > most) {
            best = Some((common, iana));
        }
    }
    best.map(|(_, iana)| iana)
}

/// Offset in seconds and places in lower case.
fn split_display(name: &str) -> (Option<i32>, Vec<String>) {
    let (offset, rest) = match name.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
        Some((bracket, rest)) => {
            let upper = bracket.to_ascii_uppercase().replace('.', ":").replace(' ', "");
            let digits = upper.strip_prefix("UTC").or_else(|| upper.strip_prefix("GMT"));
            match digits {
                Some("") => (Some(0), rest),
                Some(digits) => (offset_seconds(digits), rest),
                None => (None, name),
            }
        }
        None => (None, name),
    };
    let places = rest.split([',', '/']).map(|place| plain(place.trim())).filter(|place| !place.is_empty()).collect();
    (offset, places)
}

/// Lower case without the accents that some versions write (`Brasília`).
fn plain(place: &str) -> String {
    let letter = |c: char| match c {
        'á' | 'à' | 'ã' | 'â' | 'ä' => 'a',
        'é' | 'è' | 'ê' => 'e',
        'í' => 'i',
        'ó' | 'õ' | 'ô' | 'ö' => 'o',
        'ú' | 'ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        other => other,
    };
    place.to_lowercase().chars().map(letter).collect()
}
