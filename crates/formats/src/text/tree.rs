//! Components from BEGIN and END.

use bytes::Bytes;

use super::content::ContentLine;
use super::line::Line;
use super::unfold::{LineEnd, Unfold};
use super::value::Dialect;
use super::write;
use crate::error::ParseError;

/// The UTF-8 byte order mark.
pub(super) const BOM: &[u8] = b"\xEF\xBB\xBF";

/// What a document may have at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the document; default 64 MiB.
    pub max_bytes: usize,
    /// Logical lines; default 4 million.
    pub max_lines: usize,
    /// Levels of components; default 64.
    pub max_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bytes: 64 << 20, max_lines: 4_000_000, max_depth: 64 }
    }
}

/// A line or a component, in the order of the file.
#[derive(Debug, Clone)]
pub enum Node {
    /// A property line, a blank line or junk.
    Line(Line),
    /// A component with everything in it.
    Component(Component),
}

/// Everything from a BEGIN to its END.
#[derive(Debug, Clone)]
pub struct Component {
    pub(super) nodes: Vec<Node>,
    /// Boxed, so that a [`Node`] is not much larger than a [`Line`].
    frame: Box<Frame>,
}

#[derive(Debug, Clone)]
struct Frame {
    name: String,
    begin: Line,
    end: Line,
}

/// A whole file: components, and whatever stands between them.
#[derive(Debug, Clone, Default)]
pub struct Document {
    nodes: Vec<Node>,
    line_end: LineEnd,
    bom: bool,
}

struct Open {
    name: String,
    begin: Line,
    nodes: Vec<Node>,
}

impl Document {
    /// Reads a document within the default [`Limits`].
    ///
    /// # Errors
    ///
    /// See [`ParseError`]. A line that is not a content line is no error; only broken nesting and the limits are.
    pub fn parse(bytes: impl Into<Bytes>) -> Result<Self, ParseError> {
        Self::parse_with(bytes, &Limits::default())
    }

    /// Reads a document.
    ///
    /// # Errors
    ///
    /// See [`ParseError`].
    pub fn parse_with(bytes: impl Into<Bytes>, limits: &Limits) -> Result<Self, ParseError> {
        let bytes: Bytes = bytes.into();
        if bytes.len() > limits.max_bytes {
            return Err(ParseError::TooLarge { size: bytes.len(), limit: limits.max_bytes });
        }
        if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
            return Err(ParseError::Utf16);
        }
        let line_end = LineEnd::dominant(&bytes);
        let bare_cr = line_end == LineEnd::Cr;
        let bom = bytes.starts_with(BOM);
        let mut nodes = Vec::new();
        let mut open: Vec<Open> = Vec::new();
        for (count, span) in Unfold::new(&bytes, if bom { BOM.len() } else { 0 }, bare_cr).enumerate() {
            if count >= limits.max_lines {
                return Err(ParseError::TooManyLines { line: span.number, limit: limits.max_lines });
            }
            let line = Line::read(&bytes, span, bare_cr);
            if line.is("BEGIN") {
                if open.len() >= limits.max_depth {
                    return Err(ParseError::TooDeep { line: span.number, limit: limits.max_depth });
                }
                open.push(Open { name: line.component_name(), begin: line, nodes: Vec::new() });
                continue;
            }
            let node = if line.is("END") {
                let Some(inner) = open.pop() else {
                    return Err(ParseError::UnexpectedEnd { line: span.number });
                };
                if !inner.name.eq_ignore_ascii_case(&line.component_name()) {
                    return Err(ParseError::MismatchedEnd { line: span.number, begun: inner.begin.number() });
                }
                Node::Component(Component {
                    nodes: inner.nodes,
                    frame: Box::new(Frame { name: inner.name, begin: inner.begin, end: line }),
                })
            } else {
                Node::Line(line)
            };
            match open.last_mut() {
                Some(outer) => outer.nodes.push(node),
                None => nodes.push(node),
            }
        }
        match open.last() {
            Some(inner) => Err(ParseError::Unclosed { line: inner.begin.number() }),
            None => Ok(Self { nodes, line_end, bom }),
        }
    }

    /// An empty document whose authored lines end with CRLF.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The line end of authored lines: the one that most lines of the file have.
    #[must_use]
    pub const fn line_end(&self) -> LineEnd {
        self.line_end
    }

    /// Everything in the order of the file.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Everything, for editing.
    pub const fn nodes_mut(&mut self) -> &mut Vec<Node> {
        &mut self.nodes
    }

    /// The root components.
    pub fn components(&self) -> impl Iterator<Item = &Component> {
        self.nodes.iter().filter_map(Node::as_component)
    }

    /// The root components, for editing.
    pub fn components_mut(&mut self) -> impl Iterator<Item = &mut Component> {
        self.nodes.iter_mut().filter_map(Node::as_component_mut)
    }

    /// The root components of that name.
    pub fn components_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Component> {
        self.components().filter(move |component| component.is(name))
    }

    /// The first root component of that name.
    #[must_use]
    pub fn component(&self, name: &str) -> Option<&Component> {
        self.components().find(|component| component.is(name))
    }

    /// The first root component of that name, for editing.
    pub fn component_mut(&mut self, name: &str) -> Option<&mut Component> {
        self.components_mut().find(|component| component.is(name))
    }

    /// Appends a root component.
    pub fn push(&mut self, component: Component) {
        self.nodes.push(Node::Component(component));
    }

    /// The bytes of the document: what was not edited, as it was read.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.bom {
            out.extend_from_slice(BOM);
        }
        write::nodes(&self.nodes, true, self.line_end, &mut out);
        out
    }
}

impl From<Component> for Document {
    fn from(component: Component) -> Self {
        Self { nodes: vec![Node::Component(component)], ..Self::default() }
    }
}

impl Node {
    /// The line, if it is one.
    #[must_use]
    pub const fn as_line(&self) -> Option<&Line> {
        match self {
            Self::Line(line) => Some(line),
            Self::Component(_) => None,
        }
    }

    /// The component, if it is one.
    #[must_use]
    pub const fn as_component(&self) -> Option<&Component> {
        match self {
            Self::Component(component) => Some(component),
            Self::Line(_) => None,
        }
    }

    /// The line, for editing.
    pub const fn as_line_mut(&mut self) -> Option<&mut Line> {
        match self {
            Self::Line(line) => Some(line),
            Self::Component(_) => None,
        }
    }

    /// The component, for editing.
    pub const fn as_component_mut(&mut self) -> Option<&mut Component> {
        match self {
            Self::Component(component) => Some(component),
            Self::Line(_) => None,
        }
    }
}

impl Component {
    /// An authored component without lines.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            nodes: Vec::new(),
            frame: Box::new(Frame {
                name: name.to_owned(),
                begin: Line::authored(ContentLine::new("BEGIN", name)),
                end: Line::authored(ContentLine::new("END", name)),
            }),
        }
    }

    /// The name as it is spelt in BEGIN.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.frame.name
    }

    /// Is this a component `name`? Case-insensitive.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.frame.name.eq_ignore_ascii_case(name)
    }

    /// The BEGIN line.
    #[must_use]
    pub fn begin(&self) -> &Line {
        &self.frame.begin
    }

    /// The END line.
    #[must_use]
    pub fn end(&self) -> &Line {
        &self.frame.end
    }

    /// Lines and components in the order of the file.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Lines and components, for editing.
    pub const fn nodes_mut(&mut self) -> &mut Vec<Node> {
        &mut self.nodes
    }

    /// The lines of this component, without those of inner components.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.nodes.iter().filter_map(Node::as_line)
    }

    /// The lines of that name.
    pub fn lines_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Line> {
        self.lines().filter(move |line| line.is(name))
    }

    /// The lines of that group (`item1`); groups are case-insensitive.
    pub fn lines_in_group<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a Line> {
        self.lines().filter(move |line| line.group().is_some_and(|own| own.eq_ignore_ascii_case(group)))
    }

    /// The first line of that name.
    #[must_use]
    pub fn line(&self, name: &str) -> Option<&Line> {
        self.lines().find(|line| line.is(name))
    }

    /// The content of the first line of that name that has one.
    #[must_use]
    pub fn content(&self, name: &str) -> Option<ContentLine> {
        self.lines_named(name).find_map(Line::content)
    }

    /// The contents of all lines of that name.
    pub fn contents<'a>(&'a self, name: &'a str) -> impl Iterator<Item = ContentLine> + 'a {
        self.lines_named(name).filter_map(Line::content)
    }

    /// The inner components.
    pub fn components(&self) -> impl Iterator<Item = &Component> {
        self.nodes.iter().filter_map(Node::as_component)
    }

    /// The inner components, for editing.
    pub fn components_mut(&mut self) -> impl Iterator<Item = &mut Component> {
        self.nodes.iter_mut().filter_map(Node::as_component_mut)
    }

    /// The inner components of that name.
    pub fn components_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Component> {
        self.components().filter(move |component| component.is(name))
    }

    /// The first inner component of that name.
    #[must_use]
    pub fn component(&self, name: &str) -> Option<&Component> {
        self.components().find(|component| component.is(name))
    }

    /// The first inner component of that name, for editing.
    pub fn component_mut(&mut self, name: &str) -> Option<&mut Component> {
        self.components_mut().find(|component| component.is(name))
    }

    /// Which value rules hold here: by VERSION in a VCARD (a card without VERSION is read as 3.0, the most common one),
    /// vCard 2.1 rules in a vCalendar 1.0 VCALENDAR, else iCalendar. Ask the root component for its children.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        let version = self.line("VERSION").map(|line| line.value().trim().to_owned()).unwrap_or_default();
        if self.is("VCARD") {
            match version.as_str() {
                "2.1" | "2.0" => Dialect::VCard21,
                "4.0" => Dialect::VCard40,
                _ => Dialect::VCard30,
            }
        } else if self.is("VCALENDAR") && version == "1.0" {
            Dialect::VCard21
        } else {
            Dialect::ICalendar
        }
    }

    /// The bytes of this component alone, authored lines with that line end.
    #[must_use]
    pub fn to_bytes(&self, line_end: LineEnd) -> Vec<u8> {
        let mut out = Vec::new();
        write::component(self, line_end, &mut out);
        out
    }
}
