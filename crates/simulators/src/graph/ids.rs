//! Ids of items in their two forms, change keys and GUIDs: all made from the seed, so that the same calls give the same ids.
//!
//! An id says what it is of and is proven by a hash: one of another mailbox, or of an item that has moved, is well-formed and finds
//! nothing, as at the service. Lengths as seen there: 152 characters by default, 72 where ids are immutable
//! (<https://learn.microsoft.com/graph/outlook-immutable-id>).

use crate::graph::bytes;
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

/// Which of an item's two ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Form {
    /// Changes when the item moves.
    Default,
    /// Stays for as long as the item stays in its mailbox.
    Immutable,
}

impl Form {
    const fn length(self) -> usize {
        match self {
            Self::Default => 113,
            Self::Immutable => 54,
        }
    }

    const fn head(self) -> [u8; 6] {
        match self {
            // "AAMkAGI1" and "AAkALgAA", as such ids begin.
            Self::Default => [0x00, 0x03, 0x24, 0x00, 0x62, 0x35],
            Self::Immutable => [0x00, 0x09, 0x00, 0x2e, 0x00, 0x00],
        }
    }
}

/// What an id is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Named {
    pub(crate) key: u64,
    /// The occurrence of a series, by the day in the rule that it stands for.
    pub(crate) day: Option<Date>,
    pub(crate) form: Form,
}

/// The id of an item. `secret` is the mailbox's, `generation` counts the item's moves and matters to default ids alone.
pub(crate) fn write(secret: &[u8], key: u64, day: Option<Date>, generation: u32, form: Form) -> String {
    bytes::encode_for_url(&raw(secret, key, day, generation, form))
}

fn raw(secret: &[u8], key: u64, day: Option<Date>, generation: u32, form: Form) -> Vec<u8> {
    let mut out = form.head().to_vec();
    out.extend(key.to_be_bytes());
    out.extend(number(day).to_be_bytes());
    let mut hash = Sha256::new().chain_update(secret).chain_update(&out);
    if form == Form::Default {
        hash.update(generation.to_be_bytes());
    }
    let mut block = hash.finalize();
    while out.len() < form.length() {
        out.extend(block.iter());
        block = Sha256::digest(block);
    }
    out.truncate(form.length());
    out
}

/// What an id claims to be of; None if it is malformed. Whether it is true, [`write`] says.
pub(crate) fn read(text: &str) -> Option<Named> {
    let raw = bytes::decode_for_url(text)?;
    let form = [Form::Default, Form::Immutable].into_iter().find(|form| form.length() == raw.len() && raw.starts_with(&form.head()))?;
    let key = u64::from_be_bytes(raw.get(6..14)?.try_into().ok()?);
    let day = u32::from_be_bytes(raw.get(14..18)?.try_into().ok()?);
    Some(Named { key, day: date(day), form })
}

/// A day as a number: 0 is none.
fn number(day: Option<Date>) -> u32 {
    day.map_or(0, |day| {
        let year = u32::try_from(day.year()).unwrap_or_default();
        year * 10_000 + u32::from(day.month().unsigned_abs()) * 100 + u32::from(day.day().unsigned_abs())
    })
}

fn date(number: u32) -> Option<Date> {
    let year = i16::try_from(number / 10_000).ok()?;
    let month = i8::try_from(number / 100 % 100).ok()?;
    Date::new(year, month, i8::try_from(number % 100).ok()?).ok()
}

/// The change key of a version.
pub(crate) fn change_key(secret: &[u8], key: u64, version: u64) -> String {
    let hash =
        Sha256::new().chain_update(secret).chain_update(b"version").chain_update(key.to_be_bytes()).chain_update(version.to_be_bytes());
    let hash = hash.finalize();
    let mut raw = vec![0x11, 0x00, 0x00, 0x00, 0x16, 0x00, 0x00, 0x00];
    raw.extend(hash.iter().take(20));
    bytes::encode(&raw)
}

/// A GUID for a word.
pub(crate) fn guid(secret: &[u8], word: &str) -> String {
    let hash = Sha256::new().chain_update(secret).chain_update(word).finalize();
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// The secret that a word has under a seed.
pub(crate) fn secret(seed: u64, word: &str) -> Vec<u8> {
    Sha256::new().chain_update(seed.to_be_bytes()).chain_update(word).finalize().to_vec()
}

/// Upper-case digits of base 16, as in `iCalUId`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The identifier of a meeting (MS-OXOCAL section 2.2.1.27): `day` is the occurrence's, none for the series.
pub(crate) fn global_object_id(secret: &[u8], key: u64, day: Option<Date>) -> String {
    let mut raw: Vec<u8> = vec![0x04, 0x00, 0x00, 0x00, 0x82, 0x00, 0xE0, 0x00, 0x74, 0xC5, 0xB7, 0x10, 0x1A, 0x82, 0xE0, 0x08];
    match day {
        Some(day) => {
            raw.extend(day.year().to_be_bytes());
            raw.extend([day.month().unsigned_abs(), day.day().unsigned_abs()]);
        }
        None => raw.extend([0; 4]),
    }
    let hash = Sha256::new().chain_update(secret).chain_update(b"meeting").chain_update(key.to_be_bytes()).finalize();
    raw.extend(hash.iter().take(8));
    raw.extend([0; 8]);
    raw.extend([0x10, 0x00, 0x00, 0x00]);
    raw.extend(hash.iter().skip(8).take(16));
    hex(&raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_two_forms_of_the_lengths_seen_and_say_what_they_are_of() {
        let day = Date::new(2026, 11, 3).ok();
        for (form, length) in [(Form::Default, 152), (Form::Immutable, 72)] {
            let id = write(b"s", 7, day, 0, form);
            assert_eq!((id.len(), read(&id)), (length, Some(Named { key: 7, day, form })));
            assert_ne!(id, write(b"t", 7, day, 0, form), "of another mailbox");
            assert_eq!(id == write(b"s", 7, day, 1, form), form == Form::Immutable, "a move");
        }
        for malformed in ["", "x", "contacts", "AAkALgAA", &write(b"s", 7, None, 0, Form::Default)[..150]] {
            assert_eq!(read(malformed), None, "{malformed}");
        }
    }

    #[test]
    fn the_identifiers_of_a_series_and_its_occurrences_differ_in_four_bytes() {
        let (series, one) = (global_object_id(b"s", 1, None), global_object_id(b"s", 1, Date::new(2026, 11, 3).ok()));
        assert_eq!((&series[32..40], &one[32..40]), ("00000000", "07EA0B03"));
        assert_eq!((&series[..32], &series[40..]), (&one[..32], &one[40..]));
        assert_eq!(series.len(), 112);
    }
}
