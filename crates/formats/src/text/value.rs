//! Values: escapes, lists and structured values (RFC 5545 section 3.3.11, RFC 6350 section 3.4, vCard 2.1).

/// Which rules a value follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// vCard 2.1 and vCalendar 1.0: only `\;` is an escape; QUOTED-PRINTABLE carries the rest.
    VCard21,
    /// vCard 3.0 (RFC 2426).
    VCard30,
    /// vCard 4.0 (RFC 6350).
    VCard40,
    /// iCalendar (RFC 5545).
    ICalendar,
}

impl Dialect {
    /// Is the backslash an escape before more than `;`?
    #[must_use]
    pub const fn escapes_all(self) -> bool {
        !matches!(self, Self::VCard21)
    }
}

/// A text as it is written in a value: `\\`, `\;`, `\,` and `\n`; in vCard 2.1 only `\;`.
///
/// CRLF, LF and CR all become `\n`. vCard 2.1 has no escape for a line end: use
/// [`ContentLine::set_text`](super::ContentLine::set_text), which turns to QUOTED-PRINTABLE there.
#[must_use]
pub fn escape(text: &str, dialect: Dialect) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ';' => out.push_str("\\;"),
            ',' | '\\' if dialect.escapes_all() => {
                out.push('\\');
                out.push(c);
            }
            '\r' | '\n' if dialect.escapes_all() => {
                if c == '\r' && chars.peek() == Some(&'\n') {
                    chars.next();
                }
                out.push_str("\\n");
            }
            other => out.push(other),
        }
    }
    out
}

/// The meaning of an escaped text. `\:` is accepted too (seen from old clients); a backslash before any other
/// character, or at the end, stays.
#[must_use]
pub fn unescape(value: &str, dialect: Dialect) -> String {
    if !value.contains('\\') {
        return value.to_owned();
    }
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        let meant = match (c, chars.peek()) {
            ('\\', Some(';')) => ';',
            ('\\', Some('n' | 'N')) if dialect.escapes_all() => '\n',
            ('\\', Some(&next @ ('\\' | ',' | ':'))) if dialect.escapes_all() => next,
            _ => {
                out.push(c);
                continue;
            }
        };
        chars.next();
        out.push(meant);
    }
    out
}

/// Splits at every `separator` that no backslash escapes; the parts keep their escapes.
#[must_use]
pub fn split_unescaped(value: &str, separator: char, dialect: Dialect) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut chars = value.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            let escaped = chars.peek().is_some_and(|&(_, next)| dialect.escapes_all() || next == ';');
            if escaped {
                chars.next();
            }
        } else if c == separator {
            parts.push(value.get(start..at).unwrap_or_default());
            start = at + c.len_utf8();
        }
    }
    parts.push(value.get(start..).unwrap_or_default());
    parts
}
