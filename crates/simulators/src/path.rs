//! Paths: one canonical form inside, as many spellings outside as servers have.

use serde::{Deserialize, Serialize};

/// How a personality spells the hrefs of its answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HrefStyle {
    /// Scheme and host in front: legal, and seen (python-caldav/caldav#435).
    pub absolute: bool,
    /// `%40` for `@`; else the sign itself (iCloud writes the one and its GET wanted the other).
    pub escaped_at: bool,
    /// One slash too many between collection and member (python-caldav/caldav#302).
    pub double_slash: bool,
    /// Percent signs escaped once more: `%2540` (ownCloud, pimutils/vdirsyncer#240).
    pub double_encoded: bool,
}

/// The canonical form of a request target's path: percent-decoded, without double slashes, beginning with `/`; a trailing
/// slash stays. None for `..`, for NUL and for bytes that are not UTF-8.
pub(crate) fn canonical(raw: &str) -> Option<String> {
    let raw = raw.split(['?', '#']).next().unwrap_or(raw);
    let decoded = decode(raw)?;
    let mut out = String::from("/");
    let mut segments = decoded.split('/').filter(|segment| !segment.is_empty()).peekable();
    let trailing = decoded.ends_with('/');
    while let Some(segment) = segments.next() {
        if segment == ".." || segment == "." || segment.contains('\0') {
            return None;
        }
        out.push_str(segment);
        if segments.peek().is_some() || trailing {
            out.push('/');
        }
    }
    Some(out)
}

/// The canonical path of an href that a client sent: an absolute URL or a path.
pub(crate) fn of_href(href: &str) -> Option<String> {
    let href = href.trim();
    let path = match href.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => href,
    };
    canonical(path)
}

fn decode(raw: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut ahead = rest.clone();
        let digits = ahead.next().and_then(hex).zip(ahead.next().and_then(hex));
        match digits {
            Some((high, low)) => {
                bytes.push(high * 16 + low);
                rest = ahead;
            }
            None => bytes.push(b'%'),
        }
    }
    String::from_utf8(bytes).ok()
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// `path` percent-encoded for an href.
pub(crate) fn encode(path: &str, style: HrefStyle) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            b'!' | b'$' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' => out.push(char::from(byte)),
            b'@' if !style.escaped_at => out.push('@'),
            other if style.double_encoded => out.push_str(&format!("%25{other:02X}")),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// The collection that holds `path`, with its trailing slash: `/a/b` and `/a/b/` are both in `/a/`.
pub(crate) fn parent(path: &str) -> String {
    let bare = path.trim_end_matches('/');
    bare.rfind('/').and_then(|at| bare.get(..=at)).unwrap_or("/").to_owned()
}

/// The last segment, without slashes.
pub(crate) fn last(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// `path` with exactly one slash at its end.
pub(crate) fn folder(path: &str) -> String {
    format!("{}/", path.trim_end_matches('/'))
}
