//! Names that say the zone themselves: IANA, prefixed, fixed offsets.

use jiff::tz::Offset;

use super::{Zone, database};

/// A zone of the database, case-insensitive, in the spelling of the database.
pub(super) fn iana(name: &str) -> Option<Zone> {
    // `Etc/Unknown` is what the database returns for "no zone".
    if name.is_empty() || name.eq_ignore_ascii_case("Etc/Unknown") || name.eq_ignore_ascii_case("Factory") {
        return None;
    }
    let rules = database().get(name).ok()?;
    let name = rules.iana_name().unwrap_or(name).to_owned();
    Some(Zone::Iana { name, rules })
}

/// The longest IANA suffix: `/mozilla.org/20050126_1/Europe/Berlin`, `/freeassociation.sourceforge.net/Europe/Vienna`,
/// `/softwarestudio.org/Olson_20011030_5/America/Chicago`; also `custom_America/New_York` (collective/icalendar) and
/// `America-Chicago`, `US-Eastern` (libical's test data).
pub(super) fn prefixed(name: &str) -> Option<Zone> {
    if name.eq_ignore_ascii_case("tzone://Microsoft/Utc") {
        return iana("Etc/UTC");
    }
    let registered = name.starts_with('/');
    let mut rest = name;
    while let Some((_, suffix)) = rest.split_once('/') {
        // One word alone (`EST`) behind something that is no registry may mean anything.
        if (suffix.contains('/') || registered)
            && let Some(zone) = iana(suffix)
        {
            return Some(zone);
        }
        rest = suffix;
    }
    if let Some(zone) = name.strip_prefix("custom_").and_then(iana) {
        return Some(zone);
    }
    let dashed = name.contains('-') && !name.contains(['/', ' ', '+']) && !name.contains(|c: char| c.is_ascii_digit());
    if dashed { iana(&name.replacen('-', "/", 1)) } else { None }
}

/// `GMT+0100`, `UTC+1`, `UTC-05:30`, `(GMT +01:00)`, `+0100`, `Z`: east of Greenwich is plus, unlike in `Etc/GMT-1`.
pub(super) fn fixed(name: &str) -> Option<Offset> {
    let compact: String = name.chars().filter(|c| !c.is_whitespace() && !matches!(c, '(' | ')')).collect();
    let upper = compact.to_ascii_uppercase();
    if matches!(upper.as_str(), "Z" | "UTC" | "GMT" | "COORDINATEDUNIVERSALTIME") {
        return Some(Offset::UTC);
    }
    let rest = upper.strip_prefix("UTC").or_else(|| upper.strip_prefix("GMT")).unwrap_or(&upper);
    let signed = rest.replace('\u{2212}', "-").replace('.', ":");
    if !signed.starts_with(['+', '-']) {
        return None;
    }
    Offset::from_seconds(offset_seconds(&signed)?).ok().filter(|offset| offset.seconds().abs() <= 14 * 3600)
}

/// `Etc/GMT-1` for an offset of whole hours that the database has.
pub(super) fn etc(offset: Offset) -> Option<String> {
    let seconds = offset.seconds();
    if seconds == 0 {
        return Some("Etc/UTC".to_owned());
    }
    let hours = seconds / 3600;
    (seconds % 3600 == 0 && (-12..=14).contains(&hours)).then(|| format!("Etc/GMT{:+}", -hours))
}

/// Seconds of `±hhmm[ss]` and what is written instead of it: `+01:00`, `+1`, `0100`, and `+5730` for `+005730`, which a
/// Synology calendar wrote (hours beyond 23 are read as minutes and seconds).
pub(super) fn offset_seconds(text: &str) -> Option<i32> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut parts = [0_i32; 3];
    if digits.contains(':') {
        for (part, digits) in parts.iter_mut().zip(digits.split(':')) {
            *part = digits.parse().ok().filter(|value| *value >= 0)?;
        }
    } else {
        if digits.is_empty() || digits.len() > 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        // An odd number of digits lacks the leading zero of the hours.
        let padded = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits.to_owned() };
        for (at, part) in parts.iter_mut().enumerate() {
            *part = padded.get(at * 2..at * 2 + 2).map_or(Some(0), |two| two.parse().ok())?;
        }
    }
    let [hours, minutes, seconds] = parts;
    let total = if hours > 23 && seconds == 0 && digits.len() == 4 { hours * 60 + minutes } else { hours * 3600 + minutes * 60 + seconds };
    (minutes < 60 && seconds < 60 && total < 26 * 3600).then_some(sign * total)
}
