//! Reading: strict about well-formedness, bounded, and deaf to DTDs.

use super::{Element, Inside, Name};
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;

/// Elements within elements; deeper bodies are refused like malformed ones.
const DEPTH: usize = 64;
/// Elements of one body.
const ELEMENTS: usize = 200_000;

/// Why a body is not the XML it should be; servers answer 400.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadXml {
    #[error("the body is not well-formed XML: {0}")]
    Malformed(String),
    #[error("the body has a document type declaration")]
    Dtd,
    #[error("the body is too large or too deep")]
    Bounds,
}

/// The root element of `bytes`.
pub(crate) fn read(bytes: &[u8]) -> Result<Element, BadXml> {
    let text = std::str::from_utf8(bytes).map_err(malformed)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = NsReader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root: Option<Element> = None;
    let mut elements = 0_usize;
    loop {
        let (space, event) = reader.read_resolved_event().map_err(malformed)?;
        match event {
            Event::Start(start) => {
                let space = space_of(space)?;
                elements += 1;
                if open.len() >= DEPTH || elements > ELEMENTS {
                    return Err(BadXml::Bounds);
                }
                open.push(element(space, &start)?);
            }
            Event::Empty(start) => {
                let space = space_of(space)?;
                elements += 1;
                if elements > ELEMENTS {
                    return Err(BadXml::Bounds);
                }
                let done = element(space, &start)?;
                close(done, &mut open, &mut root)?;
            }
            Event::End(_) => {
                let done = open.pop().ok_or_else(|| BadXml::Malformed("an end without a start".to_owned()))?;
                close(done, &mut open, &mut root)?;
            }
            Event::Text(text) => {
                push_text(&text.xml10_content(), &mut open)?;
            }
            Event::CData(data) => {
                push_text(&data.xml10_content(), &mut open)?;
            }
            Event::GeneralRef(reference) => {
                let resolved = if let Some(c) = reference.resolve_char_ref().map_err(malformed)? {
                    c.to_string()
                } else {
                    let known = quick_xml::escape::resolve_predefined_entity(&reference);
                    known.ok_or_else(|| BadXml::Malformed("unknown entity".to_owned()))?.to_owned()
                };
                push_text(&resolved, &mut open)?;
            }
            Event::DocType(_) => return Err(BadXml::Dtd),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    if !open.is_empty() {
        return Err(BadXml::Malformed("the body ends within an element".to_owned()));
    }
    root.ok_or_else(|| BadXml::Malformed("no element".to_owned()))
}

fn malformed(error: impl std::fmt::Display) -> BadXml {
    BadXml::Malformed(error.to_string())
}

fn space_of(resolved: ResolveResult<'_>) -> Result<String, BadXml> {
    match resolved {
        ResolveResult::Bound(Namespace(bytes)) => Ok(bytes.to_owned()),
        ResolveResult::Unbound => Ok(String::new()),
        ResolveResult::Unknown(prefix) => Err(BadXml::Malformed(format!("unbound prefix {prefix}"))),
    }
}

fn element(space: String, start: &BytesStart<'_>) -> Result<Element, BadXml> {
    let local = start.local_name().as_ref().to_owned();
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(malformed)?;
        let name = attribute.key.as_ref().to_owned();
        if name == "xmlns" || name.starts_with("xmlns:") {
            continue;
        }
        let value = quick_xml::escape::unescape(&attribute.value).map_err(malformed)?.into_owned();
        attributes.push((name, value));
    }
    Ok(Element { name: Name { space, local }, attributes, inside: Vec::new() })
}

fn close(done: Element, open: &mut [Element], root: &mut Option<Element>) -> Result<(), BadXml> {
    if let Some(parent) = open.last_mut() {
        parent.inside.push(Inside::Element(done));
    } else if root.is_none() {
        *root = Some(done);
    } else {
        return Err(BadXml::Malformed("two root elements".to_owned()));
    }
    Ok(())
}

fn push_text(text: &str, open: &mut [Element]) -> Result<(), BadXml> {
    match open.last_mut() {
        Some(parent) => match parent.inside.last_mut() {
            Some(Inside::Text(last)) => last.push_str(text),
            _ => parent.inside.push(Inside::Text(text.to_owned())),
        },
        None if text.trim().is_empty() => {}
        None => return Err(BadXml::Malformed("text outside of the root".to_owned())),
    }
    Ok(())
}
