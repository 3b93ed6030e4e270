//! Marks as names: of files, and of resources on a server. A mark stays on an item as its name.

use pimkit_core::{Mark, cursor::binding};

/// What a mark of the engine starts with; it is a name as it stands.
const OWN: &str = "pk-";
/// What the name of any other mark starts with.
const OTHER: &str = "pk_";

/// What a mark is called, without extension: letters, digits, `-`, `_` and inner dots as they are, all else as `escape` and two
/// hexadecimal digits; a mark that would be too long is cut and told apart by a hash.
///
/// `escape` is a byte that is kept as it is where the name lives: `%` for files, `=` in a URL's path, where `%` would be taken
/// for an escape of the URL's own.
#[must_use]
pub fn stem(mark: &Mark, escape: char) -> String {
    let mut stem = String::from(if mark.as_str().starts_with(OWN) { "" } else { OTHER });
    for byte in mark.as_str().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => stem.push(char::from(byte)),
            _ => stem.push_str(&format!("{escape}{byte:02X}")),
        }
    }
    if stem.len() > 180 {
        // All ASCII: any cut is on a character boundary.
        stem.truncate(160);
        stem.push_str(&format!("~~{:016x}", binding(&[mark.as_str()])));
    }
    stem
}

/// Another name for the same mark, or for an item that is to lie beside one of its name.
#[must_use]
pub fn apart(stem: &str, salt: &str) -> String {
    format!("{stem}~{:08x}", binding(&[salt]) >> 32)
}

/// The mark that an item of this name (without extension) was made with; none when the name is not one that a mark gets.
#[must_use]
pub fn mark(whole: &str, escape: char) -> Option<Mark> {
    let plain = match whole.split_once('~') {
        // Cut marks cannot be read back.
        Some((_, rest)) if rest.starts_with('~') => return None,
        Some((stem, _)) => stem,
        None => whole,
    };
    let coded = if plain.starts_with(OWN) { plain } else { plain.strip_prefix(OTHER)? };
    let mut bytes = Vec::with_capacity(coded.len());
    let mut rest = coded.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if char::from(*first) == escape {
            let (digits, tail) = rest.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = tail;
        } else {
            bytes.push(*first);
        }
    }
    let mark = Mark::from(String::from_utf8(bytes).ok()?);
    // Only what comes back the same: what somebody else called `pk-…` in another spelling has no mark.
    (stem(&mark, escape) == plain).then_some(mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_comes_back_from_its_name_in_both_spellings() {
        for escape in ['%', '='] {
            for text in ["pk-00000000000000aa-00000000000000bb-0", "people/17/0", "ä ~%=.#", "..", "", "UPPER"] {
                let name = stem(&Mark::from(text), escape);
                assert!(!name.contains('/') && !name.starts_with('.'), "{name}");
                assert_eq!(mark(&name, escape), Some(Mark::from(text)), "{name}");
                assert_eq!(mark(&apart(&name, "salt"), escape), Some(Mark::from(text)), "{name}");
            }
        }
    }

    #[test]
    fn a_name_that_we_did_not_give_has_no_mark() {
        for name in ["ada", "20260101T000000Z-1@example.org", "pk_%zz", "pk-a%41", "pk-ä", "pk_%4", "pk-x "] {
            assert_eq!(mark(name, '%'), None, "{name}");
        }
    }
}
