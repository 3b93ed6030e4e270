//! One logical line, with its bytes.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;

use super::content::ContentLine;
use super::tokenise;
use super::unfold::{Join, Span, is_unfinished, unfold};
use super::{Charset, charset};

/// One logical line of a document: as read (its bytes kept), or as authored by an edit.
///
/// `Debug` shows the name and the length, never the text.
#[derive(Clone)]
pub struct Line {
    number: usize,
    source: Source,
}

#[derive(Clone)]
enum Source {
    Read(Read),
    Authored(Box<ContentLine>),
}

#[derive(Clone)]
struct Read {
    raw: Bytes,
    join: Join,
    bare_cr: bool,
    head: Head,
}

/// Where group and name stand.
#[derive(Clone)]
enum Head {
    /// `raw[..dot]` is the group when `dot` is not 0; the name ends at `end`. No name when `end` is 0.
    Span { dot: u32, end: u32 },
    /// Split by a fold, not ASCII, or surrounded by blanks.
    Owned(Box<(Option<String>, String)>),
}

impl Line {
    pub(super) fn read(document: &Bytes, span: Span, bare_cr: bool) -> Self {
        let raw = document.slice(span.start..span.end);
        let head = Head::find(&raw, &span, bare_cr);
        Self { number: span.number, source: Source::Read(Read { raw, join: span.join, bare_cr, head }) }
    }

    /// A line that is written from `content`, folded with the line end of the document it stands in.
    #[must_use]
    pub fn authored(content: ContentLine) -> Self {
        Self { number: 0, source: Source::Authored(Box::new(content)) }
    }

    /// The physical line number in the file that was read, starting at 1; 0 for an authored line.
    #[must_use]
    pub const fn number(&self) -> usize {
        self.number
    }

    /// The property name as it is spelt, without group; empty for a line without `;` and `:`.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.source {
            Source::Authored(content) => content.name(),
            Source::Read(read) => match &read.head {
                Head::Span { dot: 0, end } => read.str(0, *end),
                Head::Span { dot, end } => read.str(dot.saturating_add(1), *end),
                Head::Owned(head) => &head.1,
            },
        }
    }

    /// The group before the name (`item1` in `item1.TEL:…`).
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        match &self.source {
            Source::Authored(content) => content.group(),
            Source::Read(read) => match &read.head {
                Head::Span { dot, .. } => (*dot > 0).then(|| read.str(0, *dot)),
                Head::Owned(head) => head.0.as_deref(),
            },
        }
    }

    /// Is this the property `name`? Names are case-insensitive (RFC 5545 section 1.3, RFC 6350 section 3.3).
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    /// The bytes as read, with folds and line end; `None` for an authored line.
    #[must_use]
    pub fn raw(&self) -> Option<&[u8]> {
        match &self.source {
            Source::Read(read) => Some(&read.raw),
            Source::Authored(_) => None,
        }
    }

    /// Was the line written by an edit, so that it has no bytes of the file?
    #[must_use]
    pub const fn is_authored(&self) -> bool {
        matches!(self.source, Source::Authored(_))
    }

    /// The line without folds, soft line breaks and line end.
    #[must_use]
    pub fn logical(&self) -> Cow<'_, [u8]> {
        match &self.source {
            Source::Read(read) => unfold(&read.raw, read.join, read.bare_cr),
            Source::Authored(content) => Cow::Owned(content.unfolded().into_bytes()),
        }
    }

    /// Does the logical line consist of valid UTF-8? If not, [`content`](Self::content) decodes it by its CHARSET
    /// parameter, else as windows-1252.
    #[must_use]
    pub fn is_utf8(&self) -> bool {
        std::str::from_utf8(&self.logical()).is_ok()
    }

    /// Group, name, parameters and value.
    ///
    /// `None` for a line that is not `name[;parameters]:value`: blank lines and junk. Such a line stays in the
    /// document as it is. Nothing is cached: an untouched line costs nothing.
    #[must_use]
    pub fn content(&self) -> Option<ContentLine> {
        match &self.source {
            Source::Authored(content) => Some((**content).clone()),
            Source::Read(read) => {
                let logical = unfold(&read.raw, read.join, read.bare_cr);
                match std::str::from_utf8(&logical) {
                    Ok(text) => tokenise::tokenise(text),
                    Err(_) => {
                        let charset = charset::declared(&logical).unwrap_or(Charset::Windows1252);
                        tokenise::tokenise(&charset.decode(&logical))
                    }
                }
            }
        }
    }

    /// The value as it is written (escapes and transfer encoding not undone), empty when there is none.
    #[must_use]
    pub fn value(&self) -> String {
        self.content().map(|content| content.value().to_owned()).unwrap_or_default()
    }

    /// Replaces the content. A content equal to what stands there leaves the bytes of the line untouched.
    ///
    /// Returns whether the line changed.
    pub fn set_content(&mut self, content: ContentLine) -> bool {
        if self.content().as_ref() == Some(&content) {
            return false;
        }
        self.source = Source::Authored(Box::new(content));
        true
    }

    pub(super) fn authored_content(&self) -> Option<&ContentLine> {
        match &self.source {
            Source::Authored(content) => Some(content),
            Source::Read(_) => None,
        }
    }

    /// Would a reader take the line written behind this one as its continuation?
    pub(super) fn swallows_next(&self) -> bool {
        let ends = match &self.source {
            Source::Read(read) => {
                let content = read.raw.iter().rev().find(|byte| !matches!(byte, b'\r' | b'\n'));
                content == Some(&b'=')
            }
            Source::Authored(content) => content.value().ends_with('='),
        };
        ends && is_unfinished(&self.logical())
    }

    /// The name of the component that a BEGIN or END line speaks of.
    pub(super) fn component_name(&self) -> String {
        let logical = self.logical();
        let text = String::from_utf8_lossy(&logical);
        let value = text.split_once(':').map_or("", |(_, value)| value);
        value.trim().to_owned()
    }
}

impl Read {
    fn str(&self, from: u32, to: u32) -> &str {
        let range = usize::try_from(from).unwrap_or(usize::MAX)..usize::try_from(to).unwrap_or(usize::MAX);
        self.raw.get(range).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl Head {
    const NONE: Self = Self::Span { dot: 0, end: 0 };

    fn find(raw: &[u8], span: &Span, bare_cr: bool) -> Self {
        let first = raw.get(..span.first_end - span.start).unwrap_or_default();
        let Some(end) = first.iter().position(|byte| matches!(byte, b';' | b':')) else {
            if span.join == Join::Single {
                return Self::NONE;
            }
            return Self::owned(&unfold(raw, span.join, bare_cr));
        };
        let head = first.get(..end).unwrap_or_default();
        let dot = head.iter().position(|&byte| byte == b'.');
        let plain = head.iter().all(|byte| byte.is_ascii_graphic()) && dot != Some(0);
        match (u32::try_from(dot.unwrap_or(0)), u32::try_from(end)) {
            (Ok(dot), Ok(end)) if plain => Self::Span { dot, end },
            _ => Self::owned(first),
        }
    }

    fn owned(logical: &[u8]) -> Self {
        let head = String::from_utf8_lossy(head_of(logical)).trim().to_owned();
        Self::Owned(Box::new(match head.split_once('.') {
            Some((group, name)) if !group.is_empty() => (Some(group.to_owned()), name.to_owned()),
            Some((_, name)) => (None, name.to_owned()),
            None => (None, head),
        }))
    }
}

/// Everything before the first `;` or `:`, empty when there is none.
fn head_of(logical: &[u8]) -> &[u8] {
    let end = logical.iter().position(|byte| matches!(byte, b';' | b':'));
    logical.get(..end.unwrap_or(0)).unwrap_or_default()
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.raw().map(<[u8]>::len);
        f.debug_struct("Line").field("number", &self.number).field("name", &self.name()).field("bytes", &bytes).finish_non_exhaustive()
    }
}
