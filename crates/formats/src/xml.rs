//! XML that strangers wrote, read within bounds: elements by namespace and local name, whatever their prefixes.
//!
//! [`Reader`] gives one token after the other and never holds a tree. What it does not take is refused with an error that
//! says what and where: a document type (and with it every entity of somebody's own, RFC 4918 section 20.6), a document
//! that is deeper or has more elements than [`Bounds`] allow, and one that ends too early. A cut-off document is never a
//! short one.
//!
//! Servers write what XML does not allow, and is harmless: control characters, white space or a byte order mark before the
//! declaration, a bare `&`. Those are read.

use quick_xml::{
    NsReader, XmlVersion,
    events::{BytesStart, Event},
    name::ResolveResult,
};
use smol_str::SmolStr;
use std::{borrow::Cow, fmt};
use thiserror::Error;

/// How large a document may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bounds {
    /// Elements within elements. 64.
    pub depth: usize,
    /// Elements. 4 million: a listing of 400,000 items.
    pub elements: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { depth: 64, elements: 4_000_000 }
    }
}

/// Why a text was not read. It holds nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum XmlError {
    /// The bytes are not UTF-8.
    #[error("the document is not UTF-8")]
    Encoding,
    /// It is a web page, or begins with a document type.
    #[error("the document has a document type, as web pages do")]
    DocumentType,
    /// An element that was opened is not closed.
    #[error("the document ends too early, at byte {at}")]
    Truncated {
        /// Where.
        at: u64,
    },
    /// It is not well-formed.
    #[error("the document is not well-formed, at byte {at}")]
    Malformed {
        /// Where.
        at: u64,
    },
    /// It is deeper than [`Bounds::depth`], or has more elements than [`Bounds::elements`].
    #[error("the document has more elements than are read, at byte {at}")]
    TooLarge {
        /// Where.
        at: u64,
    },
    /// Its first element is another one than expected.
    #[error("the document is of another kind")]
    Foreign,
}

/// The name of an element.
#[derive(Clone, PartialEq, Eq)]
pub struct Name {
    /// Which of the reader's namespaces; none for any other, and for no namespace.
    pub namespace: Option<usize>,
    /// The local name.
    pub local: SmolStr,
}

impl Name {
    /// Whether it is this element.
    #[must_use]
    pub fn is(&self, namespace: usize, local: &str) -> bool {
        self.namespace == Some(namespace) && self.local == local
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace {
            Some(n) => write!(f, "{n}:{}", self.local),
            None => write!(f, "?:{}", self.local),
        }
    }
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// An element begins.
    Open(Name),
    /// Text, or a part of one: a text comes in several where it has references.
    Text(Cow<'a, str>),
    /// The element that is open ends.
    Close,
    /// The document ends.
    End,
}

/// Reads a document token by token.
pub struct Reader<'a> {
    inner: NsReader<&'a [u8]>,
    namespaces: &'static [&'static str],
    bounds: Bounds,
    depth: usize,
    elements: usize,
    /// The end of an element that was written as one tag.
    empty: bool,
    /// The tag that was opened last.
    tag: Option<BytesStart<'a>>,
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("depth", &self.depth).field("elements", &self.elements).finish_non_exhaustive()
    }
}

/// Bytes as text that can be read: UTF-8, without a byte order mark, without white space before the first character, and
/// without the control characters that XML 1.0 section 2.2 forbids.
///
/// # Errors
/// [`XmlError::Encoding`].
pub fn clean(bytes: &[u8]) -> Result<Cow<'_, str>, XmlError> {
    let text = std::str::from_utf8(bytes).map_err(|_| XmlError::Encoding)?;
    let text = text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_ascii_whitespace());
    let forbidden = |c: char| c < ' ' && !matches!(c, '\t' | '\n' | '\r');
    if text.bytes().any(|b| forbidden(char::from(b))) {
        return Ok(Cow::Owned(text.chars().filter(|c| !forbidden(*c)).collect()));
    }
    Ok(Cow::Borrowed(text))
}

impl<'a> Reader<'a> {
    /// A reader of a [`clean`] text. `namespaces` are those that are told apart, by their place.
    #[must_use]
    pub fn new(text: &'a str, namespaces: &'static [&'static str], bounds: Bounds) -> Self {
        let mut inner = NsReader::from_str(text);
        inner.config_mut().allow_dangling_amp = true;
        Self { inner, namespaces, bounds, depth: 0, elements: 0, empty: false, tag: None }
    }

    fn at(&self) -> u64 {
        self.inner.buffer_position()
    }

    fn open(&mut self) -> Result<(), XmlError> {
        self.depth += 1;
        self.elements += 1;
        if self.depth > self.bounds.depth || self.elements > self.bounds.elements {
            return Err(XmlError::TooLarge { at: self.at() });
        }
        Ok(())
    }

    /// The next token.
    ///
    /// # Errors
    /// [`XmlError`]; nothing can be read after it.
    pub fn next_token(&mut self) -> Result<Token<'a>, XmlError> {
        if std::mem::take(&mut self.empty) {
            self.depth = self.depth.saturating_sub(1);
            return Ok(Token::Close);
        }
        loop {
            let namespaces = self.namespaces;
            let at = self.inner.buffer_position();
            let depth = self.depth;
            let early = if depth > 0 { XmlError::Truncated { at } } else { XmlError::Malformed { at } };
            let (resolved, event) = self.inner.read_resolved_event().map_err(|error| match error {
                quick_xml::Error::Syntax(_) | quick_xml::Error::IllFormed(quick_xml::errors::IllFormedError::MissingEndTag(_)) => early,
                _ => XmlError::Malformed { at },
            })?;
            let namespace = match resolved {
                ResolveResult::Bound(bound) => namespaces.iter().position(|known| *known == bound.as_ref()),
                _ => None,
            };
            match event {
                Event::Start(start) => {
                    let name = Name { namespace, local: SmolStr::new(start.local_name().as_ref()) };
                    self.open()?;
                    self.tag = Some(start);
                    return Ok(Token::Open(name));
                }
                Event::Empty(start) => {
                    let name = Name { namespace, local: SmolStr::new(start.local_name().as_ref()) };
                    self.open()?;
                    self.tag = Some(start);
                    self.empty = true;
                    return Ok(Token::Open(name));
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Token::Close);
                }
                Event::Text(text) => {
                    if depth > 0 {
                        return Ok(Token::Text(text.into_inner()));
                    }
                    if !text.trim().is_empty() {
                        return Err(XmlError::Malformed { at });
                    }
                }
                Event::CData(text) => return Ok(Token::Text(text.into_inner())),
                Event::GeneralRef(reference) => {
                    let text = match reference.resolve_char_ref() {
                        // What XML forbids as a character is forbidden as a reference too, and as harmless to leave out.
                        Ok(Some(c)) if c < ' ' && !matches!(c, '\t' | '\n' | '\r') => continue,
                        Ok(Some(c)) => Cow::Owned(c.to_string()),
                        Ok(None) => match quick_xml::escape::resolve_predefined_entity(&reference) {
                            Some(known) => Cow::Borrowed(known),
                            // An entity of nobody's: the text had a bare `&`.
                            None => Cow::Owned(format!("&{};", &*reference)),
                        },
                        Err(_) => Cow::Owned(format!("&{};", &*reference)),
                    };
                    return Ok(Token::Text(text));
                }
                Event::DocType(_) => return Err(XmlError::DocumentType),
                Event::Comment(_) | Event::PI(_) => {}
                Event::Decl(declaration) => {
                    // XML 1.1 would allow other characters; nobody sends it, and it reads alike.
                    let _ = declaration.xml_version().unwrap_or(XmlVersion::Explicit1_0);
                }
                Event::Eof if depth > 0 => return Err(XmlError::Truncated { at }),
                Event::Eof => return Ok(Token::End),
            }
        }
    }

    /// An attribute of the element that was opened last, by its local name.
    #[must_use]
    pub fn attribute(&self, local: &str) -> Option<String> {
        let tag = self.tag.as_ref()?;
        let found = tag.attributes().with_checks(false).filter_map(Result::ok).find(|a| a.key.local_name().as_ref() == local)?;
        found.normalized_value(XmlVersion::Explicit1_0).ok().map(Cow::into_owned)
    }

    /// The rest of the text of the element that is open, up to its end. Elements in it are passed over.
    ///
    /// # Errors
    /// As [`next_token`](Self::next_token).
    pub fn text(&mut self) -> Result<String, XmlError> {
        let mut all = String::new();
        loop {
            match self.next_token()? {
                Token::Text(part) if all.is_empty() => all = part.into_owned(),
                Token::Text(part) => all.push_str(&part),
                Token::Open(_) => self.skip()?,
                Token::Close | Token::End => return Ok(all),
            }
        }
    }

    /// Passes over the rest of the element that is open, up to its end.
    ///
    /// # Errors
    /// As [`next_token`](Self::next_token).
    pub fn skip(&mut self) -> Result<(), XmlError> {
        let mut open = 1_usize;
        while open > 0 {
            match self.next_token()? {
                Token::Open(_) => open += 1,
                Token::Close => open -= 1,
                Token::Text(_) => {}
                Token::End => return Ok(()),
            }
        }
        Ok(())
    }

    /// The next element within the one that is open; none at its end. Text between is passed over.
    ///
    /// # Errors
    /// As [`next_token`](Self::next_token).
    pub fn child(&mut self) -> Result<Option<Name>, XmlError> {
        loop {
            match self.next_token()? {
                Token::Open(name) => return Ok(Some(name)),
                Token::Close | Token::End => return Ok(None),
                Token::Text(_) => {}
            }
        }
    }
}

/// A text as it stands between tags, or in an attribute between double quotes.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    quick_xml::escape::escape(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPACES: &[&str] = &["DAV:", "urn:x"];

    /// The document as one line: names with the number of their namespace, texts, and `/` for ends.
    fn read(text: &str) -> Result<String, XmlError> {
        let text = clean(text.as_bytes())?;
        let mut reader = Reader::new(&text, SPACES, Bounds::default());
        let mut said = Vec::new();
        loop {
            match reader.next_token()? {
                Token::Open(name) => said.push(format!("{name:?}")),
                Token::Text(text) => said.push(format!("'{text}'")),
                Token::Close => said.push("/".to_owned()),
                Token::End => return Ok(said.join(" ")),
            }
        }
    }

    #[test]
    fn elements_are_told_by_their_namespace_whatever_the_prefix() {
        for text in [
            r#"<D:a xmlns:D="DAV:"><b xmlns="urn:x"/></D:a>"#,
            r#"<a xmlns="DAV:"><b xmlns="urn:x"></b></a>"#,
            "\u{feff} \r\n<?xml version='1.0'?><!-- c --><Z:a xmlns:Z='DAV:' xmlns:q='urn:x'><q:b/></Z:a>\n",
        ] {
            assert_eq!(read(text).unwrap(), "0:a 1:b / /", "{text}");
        }
        assert_eq!(read("<a><b xmlns='other'/></a>").unwrap(), "?:a ?:b / /");
    }

    #[test]
    fn texts_come_whole_with_references_sections_and_what_xml_does_not_allow() {
        let text = "<a xmlns='DAV:'>x&#13;\n&amp;<![CDATA[<y>]]>\u{1}&#1;&nbsp; A & B<c>no</c>z</a>";
        let text = clean(text.as_bytes()).unwrap();
        let mut reader = Reader::new(&text, SPACES, Bounds::default());
        assert!(reader.child().unwrap().unwrap().is(0, "a"));
        assert_eq!(reader.text().unwrap(), "x\r\n&<y>&nbsp; A & Bz");
        assert_eq!(reader.next_token().unwrap(), Token::End);
    }

    #[test]
    fn attributes_are_those_of_the_element_that_was_opened_last() {
        let mut reader = Reader::new("<a n='1'><b x:n='t &amp; &quot;u'/><c/></a>", SPACES, Bounds::default());
        reader.child().unwrap();
        assert_eq!(reader.attribute("n").as_deref(), Some("1"));
        reader.child().unwrap();
        assert_eq!(reader.attribute("n").as_deref(), Some("t & \"u"));
        reader.skip().unwrap();
        reader.child().unwrap();
        assert_eq!(reader.attribute("n"), None);
    }

    #[test]
    fn a_document_that_is_cut_anywhere_is_no_document() {
        let whole = "<D:a xmlns:D=\"DAV:\"><D:b>text &amp; more</D:b><D:c/></D:a>";
        assert!(read(whole).is_ok());
        for end in 1..whole.len() {
            assert!(read(&whole[..end]).is_err(), "{}", &whole[..end]);
        }
    }

    #[test]
    fn web_pages_entities_and_other_encodings_are_refused() {
        assert_eq!(read("<!DOCTYPE html><html></html>"), Err(XmlError::DocumentType));
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;\">]><a>&c;</a>";
        assert_eq!(read(bomb), Err(XmlError::DocumentType));
        assert_eq!(clean(b"<a>\xff</a>"), Err(XmlError::Encoding));
        assert!(read("not xml").is_err());
        assert!(read("<html><br></html>").is_err());
    }

    #[test]
    fn depth_and_number_of_elements_are_bounded() {
        let deep = format!("{}{}", "<a>".repeat(65), "</a>".repeat(65));
        assert!(matches!(read(&deep), Err(XmlError::TooLarge { .. })));
        let text = format!("<a>{}</a>", "<b/>".repeat(20));
        let mut reader = Reader::new(&text, SPACES, Bounds { elements: 10, ..Bounds::default() });
        let end = loop {
            match reader.next_token() {
                Ok(Token::End) => break Ok(()),
                Ok(_) => {}
                Err(error) => break Err(error),
            }
        };
        assert!(matches!(end, Err(XmlError::TooLarge { .. })));
    }
}
