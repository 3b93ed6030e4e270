//! All the ways in which a text may stand in traffic.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use std::fmt::Write;

/// Below this, a piece of base64 stands for too many texts to be looked for.
const SHORTEST_PIECE: usize = 8;

/// The text itself, and as it stands in addresses, forms, JSON and XML. Longest first, so that a whole is found before its
/// part.
pub(super) fn of(text: &str) -> Vec<String> {
    let mut found = vec![
        text.to_owned(),
        percent(text, |byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)),
        // As browsers write paths: most punctuation stays.
        percent(text, |byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte)),
        percent(text, |byte| byte.is_ascii_alphanumeric() || b"-._~ ".contains(&byte)).replace(' ', "+"),
        json(text),
        json(text).replace('/', "\\/"),
        json_ascii(text),
        json_ascii(text).replace('/', "\\/"),
        xml(text),
        xml(text).replace("&quot;", "\"").replace("&#39;", "'"),
    ];
    found.extend(found.iter().filter(|spelling| spelling.contains('%')).map(|spelling| lower_escapes(spelling)).collect::<Vec<_>>());
    longest_first(found)
}

/// The text in base64, alone or inside of something longer.
pub(super) fn packed(text: &str) -> Vec<String> {
    let mut found = vec![STANDARD.encode(text), STANDARD_NO_PAD.encode(text), URL_SAFE.encode(text), URL_SAFE_NO_PAD.encode(text)];
    // Two letters of base64 stand in half of all bodies.
    found.retain(|spelling| spelling.len() >= SHORTEST_PIECE);
    found.extend(pieces(text));
    longest_first(found)
}

fn longest_first(mut found: Vec<String>) -> Vec<String> {
    found.retain(|spelling| !spelling.is_empty());
    found.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    found.dedup();
    found
}

/// What is left of the text when it lies somewhere inside of a longer one that was packed in base64: three cases, by where it
/// begins, each without the letters that its neighbours have a part in.
fn pieces(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for before in 0..3_usize {
        let mut bytes = vec![0_u8; before];
        bytes.extend_from_slice(text.as_bytes());
        let whole = bytes.len() / 3 * 3;
        for engine in [&STANDARD, &URL_SAFE] {
            let packed = engine.encode(bytes.get(..whole).unwrap_or_default());
            let own = packed.get(if before == 0 { 0 } else { 4 }..).unwrap_or_default();
            if own.len() >= SHORTEST_PIECE {
                found.push(own.to_owned());
            }
        }
    }
    found
}

fn percent(text: &str, plain: impl Fn(u8) -> bool) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// `%3a` for `%3A`.
fn lower_escapes(text: &str) -> String {
    let mut rest = 0;
    text.chars()
        .map(|c| {
            if c == '%' {
                rest = 2;
                return c;
            }
            if rest > 0 {
                rest -= 1;
                return c.to_ascii_lowercase();
            }
            c
        })
        .collect()
}

fn json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default().to_owned()
}

/// JSON by writers that keep to ASCII.
fn json_ascii(text: &str) -> String {
    json(text).chars().fold(String::new(), |mut out, c| {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
        out
    })
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// The text with every escape of addresses, JSON and XML undone, whichever of them it is written in: not to be read, but to
/// be looked through for what no list of spellings foresaw.
pub(super) fn undressed(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, behind)) = rest.split_first() {
        let undone = match first {
            b'%' => hex(behind.get(..2)).and_then(|byte| u8::try_from(byte).ok()).map(|byte| (vec![byte], 3)),
            b'\\' => unescaped(behind),
            b'&' => dereferenced(behind),
            _ => None,
        };
        let (bytes, length) = undone.unwrap_or_else(|| (vec![*first], 1));
        out.extend_from_slice(&bytes);
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}

/// RFC 8259 §7, after the backslash. A pair of surrogates is left as it is: no letter of a password that was seen is there.
fn unescaped(behind: &[u8]) -> Option<(Vec<u8>, usize)> {
    match behind.first()? {
        sign @ (b'/' | b'"' | b'\\') => Some((vec![*sign], 2)),
        // vCard and iCalendar write a new line as `\\N` too.
        b'n' | b'N' | b'r' | b't' | b'b' | b'f' => Some((vec![b' '], 2)),
        b'u' => Some((utf8(hex(behind.get(1..5))?)?, 6)),
        _ => None,
    }
}

/// XML 1.0 §4.1 and §4.6, after the ampersand.
fn dereferenced(behind: &[u8]) -> Option<(Vec<u8>, usize)> {
    let end = behind.iter().take(10).position(|byte| *byte == b';')?;
    let name = behind.get(..end)?;
    let bytes = match name {
        b"amp" => b"&".to_vec(),
        b"lt" => b"<".to_vec(),
        b"gt" => b">".to_vec(),
        b"quot" => b"\"".to_vec(),
        b"apos" => b"'".to_vec(),
        [b'#', b'x' | b'X', digits @ ..] => utf8(hex(Some(digits))?)?,
        [b'#', digits @ ..] => utf8(std::str::from_utf8(digits).ok()?.parse().ok()?)?,
        _ => return None,
    };
    Some((bytes, end + 2))
}

fn hex(digits: Option<&[u8]>) -> Option<u32> {
    let digits = std::str::from_utf8(digits?).ok()?;
    // `from_str_radix` takes a sign.
    if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) { u32::from_str_radix(digits, 16).ok() } else { None }
}

fn utf8(number: u32) -> Option<Vec<u8>> {
    char::from_u32(number).map(|c| c.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_in_every_dress() {
        let found = of("pä/ss <w&rd>:1 2");
        for expected in [
            "pä/ss <w&rd>:1 2",
            "p%C3%A4%2Fss%20%3Cw%26rd%3E%3A1%202",
            "p%c3%a4%2fss%20%3cw%26rd%3e%3a1%202",
            "p%C3%A4/ss%20%3Cw&rd%3E:1%202",
            "p%C3%A4%2Fss+%3Cw%26rd%3E%3A1+2",
            "pä\\/ss <w&rd>:1 2",
            "p\\u00e4/ss <w&rd>:1 2",
            "pä/ss &lt;w&amp;rd&gt;:1 2",
        ] {
            assert!(found.iter().any(|spelling| spelling == expected), "{expected}");
        }
    }

    #[test]
    fn a_text_is_found_at_any_place_inside_of_base64() {
        let secret = "correct-horse";
        let found = packed(secret);
        for before in ["", "u:", "us:", "user:", "somebody@example.org:"] {
            for after in ["", ".", "..", "...more"] {
                let packed = STANDARD.encode(format!("{before}{secret}{after}"));
                assert!(found.iter().any(|spelling| packed.contains(spelling.as_str())), "{before} {after}");
            }
        }
    }
}
