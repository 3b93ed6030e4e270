//! From bytes to logical lines (RFC 5545 section 3.1, RFC 6350 section 3.2, vCard 2.1 section 2.1.3).

use std::borrow::Cow;

/// How the physical lines of a document end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineEnd {
    /// CR LF, what the RFCs ask for.
    #[default]
    CrLf,
    /// LF alone.
    Lf,
    /// CR alone: only in a document without any LF.
    Cr,
}

impl LineEnd {
    /// The bytes of the line end.
    #[must_use]
    pub const fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::CrLf => b"\r\n",
            Self::Lf => b"\n",
            Self::Cr => b"\r",
        }
    }

    /// The line end that most lines of `bytes` have, CRLF when there is none.
    #[must_use]
    pub fn dominant(bytes: &[u8]) -> Self {
        let lf = bytes.iter().filter(|&&byte| byte == b'\n').count();
        let cr = bytes.iter().filter(|&&byte| byte == b'\r').count();
        if lf == 0 && cr > 0 {
            Self::Cr
        } else if lf > 2 * cr {
            Self::Lf
        } else {
            Self::CrLf
        }
    }
}

/// How the physical lines of one logical line hang together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    /// One physical line.
    Single,
    /// Folds: line end and one space or tab.
    Folded,
    /// Folds and QUOTED-PRINTABLE soft line breaks.
    QuotedPrintable,
    /// Folds and unindented base64 lines.
    Base64,
}

/// One logical line as a range of the document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    /// First byte.
    pub(crate) start: usize,
    /// One past the last byte, line end included.
    pub(crate) end: usize,
    /// One past the last byte of the first physical line, line end excluded.
    pub(crate) first_end: usize,
    /// Physical line number of the first byte, starting at 1.
    pub(crate) number: usize,
    /// How its physical lines hang together.
    pub(crate) join: Join,
}

/// End of the physical line at `from`: (content end, start of the next line).
fn physical(bytes: &[u8], from: usize, bare_cr: bool) -> (usize, usize) {
    let stop = if bare_cr { b'\r' } else { b'\n' };
    let rest = bytes.get(from..).unwrap_or_default();
    match rest.iter().position(|&byte| byte == stop) {
        None => (bytes.len(), bytes.len()),
        Some(at) if bare_cr => (from + at, from + at + 1),
        Some(at) => {
            // CR CR LF comes from line ends converted twice: all CRs belong to the line end.
            let content = rest.get(..at).unwrap_or_default();
            let keep = content.len() - content.iter().rev().take_while(|&&byte| byte == b'\r').count();
            (from + keep, from + at + 1)
        }
    }
}

/// The part before the first `:` outside quotes.
fn head(line: &[u8]) -> &[u8] {
    let mut quoted = false;
    let outside = line.iter().position(|&byte| {
        quoted ^= byte == b'"';
        byte == b':' && !quoted
    });
    // A quote that is never closed is no quote.
    let end = outside.or_else(|| line.iter().position(|&byte| byte == b':'));
    end.and_then(|end| line.get(..end)).unwrap_or_default()
}

/// Does a parameter of the line say one of `words` (`ENCODING=word` or bare `word`)?
fn says(line: &[u8], words: &[&[u8]]) -> bool {
    head(line).split(|&byte| byte == b';').skip(1).any(|param| {
        let value = match param.iter().position(|&byte| byte == b'=') {
            Some(at) if param.get(..at).is_some_and(|name| name.eq_ignore_ascii_case(b"ENCODING")) => {
                param.get(at + 1..).unwrap_or_default()
            }
            Some(_) => return false,
            None => param,
        };
        // iOS wrote `ENCODING=b,b`.
        value.split(|&byte| byte == b',').any(|word| words.iter().any(|known| word.eq_ignore_ascii_case(known)))
    })
}

/// Does a logical line want the next line as its own: QUOTED-PRINTABLE with a soft line break at its end?
pub(crate) fn is_unfinished(logical: &[u8]) -> bool {
    logical.last() == Some(&b'=') && says(logical, &[b"QUOTED-PRINTABLE"])
}

fn is_frame(line: &[u8]) -> bool {
    [b"BEGIN:".as_slice(), b"END:".as_slice()]
        .iter()
        .any(|frame| line.get(..frame.len()).is_some_and(|start| start.eq_ignore_ascii_case(frame)))
}

/// Does a line of nothing but base64 letters start here?
fn starts_base64(rest: &[u8]) -> bool {
    let letters = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')).count();
    letters > 0 && rest.get(letters).is_none_or(|byte| matches!(byte, b'\r' | b'\n'))
}

/// Walks the logical lines of a document.
#[derive(Debug)]
pub(crate) struct Unfold<'a> {
    bytes: &'a [u8],
    at: usize,
    number: usize,
    bare_cr: bool,
}

impl<'a> Unfold<'a> {
    pub(crate) const fn new(bytes: &'a [u8], start: usize, bare_cr: bool) -> Self {
        Self { bytes, at: start, number: 1, bare_cr }
    }
}

impl Iterator for Unfold<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let start = self.at;
        let number = self.number;
        let (first_end, mut next) = physical(self.bytes, start, self.bare_cr);
        let first = self.bytes.get(start..first_end).unwrap_or_default();
        self.number += 1;
        let mut join = Join::Single;
        let mut content_end = first_end;
        let (mut quoted_printable, mut base64) = (None, None);
        while let Some(&byte) = self.bytes.get(next) {
            let rest = self.bytes.get(next..).unwrap_or_default();
            let soft = content_end > start
                && self.bytes.get(content_end - 1) == Some(&b'=')
                && !is_frame(rest)
                && *quoted_printable.get_or_insert_with(|| says(first, &[b"QUOTED-PRINTABLE"]));
            if soft {
                join = Join::QuotedPrintable;
            } else if matches!(byte, b' ' | b'\t') {
                if join == Join::Single {
                    join = Join::Folded;
                }
            } else if starts_base64(rest) && *base64.get_or_insert_with(|| says(first, &[b"BASE64", b"B"])) {
                join = Join::Base64;
            } else {
                break;
            }
            (content_end, next) = physical(self.bytes, next, self.bare_cr);
            self.number += 1;
        }
        self.at = next;
        Some(Span { start, end: next, first_end, number, join })
    }
}

/// The logical line of raw bytes: line ends, fold blanks and soft line breaks removed.
pub(crate) fn unfold(raw: &[u8], join: Join, bare_cr: bool) -> Cow<'_, [u8]> {
    let (end, mut next) = physical(raw, 0, bare_cr);
    let first = raw.get(..end).unwrap_or_default();
    if join == Join::Single {
        return Cow::Borrowed(first);
    }
    let mut out = Vec::with_capacity(raw.len());
    out.extend_from_slice(first);
    while next < raw.len() {
        let (end, after) = physical(raw, next, bare_cr);
        let line = raw.get(next..end).unwrap_or_default();
        if join == Join::QuotedPrintable && out.last() == Some(&b'=') {
            // RFC 2045 section 6.7 rule 5: a blank after a soft line break is data.
            out.pop();
            out.extend_from_slice(line);
        } else if let Some((b' ' | b'\t', rest)) = line.split_first() {
            out.extend_from_slice(rest);
        } else {
            out.extend_from_slice(line);
        }
        next = after;
    }
    Cow::Owned(out)
}
