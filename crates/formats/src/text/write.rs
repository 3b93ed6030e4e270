//! Back to bytes: untouched lines as they were, authored lines folded at 75 octets.

use super::content::{ContentLine, Encoding};
use super::line::Line;
use super::tree::{Component, Node};
use super::unfold::LineEnd;
use super::value::Dialect;

/// Longest physical line in octets, line end not counted (RFC 5545 section 3.1, RFC 6350 section 3.2).
const WIDTH: usize = 75;

pub(super) fn nodes(nodes: &[Node], fold: bool, line_end: LineEnd, out: &mut Vec<u8>) {
    let mut before: Option<&Line> = None;
    for node in nodes {
        match node {
            Node::Line(written) => {
                // A soft line break before END is harmless until an edit puts a line behind it: an empty line ends it.
                if before.is_some_and(Line::swallows_next) {
                    out.extend_from_slice(line_end.as_bytes());
                }
                line(written, fold, line_end, out);
                before = Some(written);
            }
            Node::Component(inner) => {
                component(inner, line_end, out);
                before = None;
            }
        }
    }
}

pub(super) fn component(component: &Component, line_end: LineEnd, out: &mut Vec<u8>) {
    // A fold of vCard 2.1 keeps its blank in some readers and loses it in others: authored lines stay whole there.
    let authored = component.lines().any(Line::is_authored);
    let fold = !authored || component.dialect() != Dialect::VCard21;
    line(component.begin(), fold, line_end, out);
    nodes(component.nodes(), fold, line_end, out);
    line(component.end(), fold, line_end, out);
}

fn line(line: &Line, fold: bool, line_end: LineEnd, out: &mut Vec<u8>) {
    // The last line of the file that was read may have no line end.
    if out.last().is_some_and(|last| !matches!(last, b'\n' | b'\r')) && !is_only_bom(out) {
        out.extend_from_slice(line_end.as_bytes());
    }
    match (line.raw(), line.authored_content()) {
        (Some(raw), _) => out.extend_from_slice(raw),
        (None, Some(content)) => authored(content, fold, line_end, out),
        (None, None) => {}
    }
}

fn is_only_bom(out: &[u8]) -> bool {
    out == super::tree::BOM
}

fn authored(content: &ContentLine, fold: bool, line_end: LineEnd, out: &mut Vec<u8>) {
    let text = content.unfolded();
    if content.encoding() == Encoding::QuotedPrintable {
        soft_break(&text, content.head().len(), line_end, out);
    } else if fold {
        fold_line(&text, line_end, out);
    } else {
        out.extend_from_slice(text.as_bytes());
    }
    out.extend_from_slice(line_end.as_bytes());
}

/// Folds on character boundaries, at most 75 octets with the blank of the continuation.
fn fold_line(text: &str, line_end: LineEnd, out: &mut Vec<u8>) {
    let mut width = 0;
    for c in text.chars() {
        let size = c.len_utf8();
        if width + size > WIDTH {
            out.extend_from_slice(line_end.as_bytes());
            out.push(b' ');
            width = 1;
        }
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        width += size;
    }
}

/// Soft line breaks, never inside `=XX` and never inside the name and parameters (RFC 2045 section 6.7).
fn soft_break(text: &str, head: usize, line_end: LineEnd, out: &mut Vec<u8>) {
    let (head, value) = text.split_at_checked(head).unwrap_or((text, ""));
    out.extend_from_slice(head.as_bytes());
    let mut width = head.len();
    let mut rest = value;
    while let Some(c) = rest.chars().next() {
        let unit = if c == '=' { rest.get(..3).unwrap_or(rest) } else { rest.get(..c.len_utf8()).unwrap_or(rest) };
        if width + unit.len() > WIDTH {
            out.push(b'=');
            out.extend_from_slice(line_end.as_bytes());
            width = 0;
        }
        out.extend_from_slice(unit.as_bytes());
        width += unit.len();
        rest = rest.get(unit.len()..).unwrap_or_default();
    }
}
