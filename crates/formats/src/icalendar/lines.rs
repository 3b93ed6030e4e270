//! Patching one property: whole, or element by element.

use pimkit_core::BlobId;

use super::Context;
use crate::FormatError;
use crate::text::{Component, ContentLine, Line, Node};

/// Makes one text property say `target`, when that is something else than `base`; says whether it was.
///
/// ALTREP, the same text in another form (RFC 5545 section 3.2.1), goes with the text that it said: Thunderbird shows it in
/// the text's place.
pub(super) fn set_text(c: &mut Component, name: &str, base: Option<&str>, target: Option<&str>, context: &Context) -> bool {
    if base.unwrap_or_default() == target.unwrap_or_default() {
        return false;
    }
    match target.filter(|text| !text.is_empty()) {
        Some(text) => {
            let mut line = c.content(name).unwrap_or_else(|| ContentLine::new(name, ""));
            line.set_text(text, context.dialect);
            line.remove_param("ALTREP");
            c.set(name, line);
        }
        None => {
            c.remove(name);
        }
    }
    true
}

/// Makes one property say a value that is written as it stands, when that is something else than `base`.
pub(super) fn set_value(c: &mut Component, name: &str, base: Option<&str>, target: Option<&str>) {
    if base != target {
        put_value(c, name, target);
    }
}

/// Makes one property say a value that is written as it stands.
pub(super) fn put_value(c: &mut Component, name: &str, target: Option<&str>) {
    match target {
        Some(value) => {
            let mut line = c.content(name).unwrap_or_else(|| ContentLine::new(name, ""));
            line.set_value(value);
            c.set(name, line);
        }
        None => {
            c.remove(name);
        }
    }
}

/// Makes the line of an element.
type Write<'f, T> = dyn Fn(Option<ContentLine>, &T) -> Result<ContentLine, FormatError> + 'f;

/// How the elements of a many-valued field stand in lines, one each.
pub(super) struct Elements<'f, T> {
    /// The lines that may hold one.
    pub(super) lines: &'f dyn Fn(&Line) -> bool,
    /// The element of a line; `None` for a line that holds none that a record can say: it stays.
    pub(super) read: &'f dyn Fn(&ContentLine) -> Option<T>,
    /// Are they the same?
    pub(super) same: &'f dyn Fn(&T, &T) -> bool,
    /// Do they name the same element, perhaps with other values?
    pub(super) akin: &'f dyn Fn(&T, &T) -> bool,
    /// The line of an element, from the one that held its former self.
    pub(super) write: &'f Write<'f, T>,
}

impl<T> Elements<'_, T> {
    /// Patches the lines: an element that stays keeps its bytes, one that changed its line and parameters, one that neither
    /// `base` nor `target` knows is left alone.
    pub(super) fn patch(&self, c: &mut Component, base: &[T], target: &[T]) -> Result<(), FormatError> {
        if equal_sets(base, target, self.same) {
            return Ok(());
        }
        let mut wanted: Vec<Option<&T>> = target.iter().map(Some).collect();
        let mut take = |by: &dyn Fn(&T) -> bool| wanted.iter_mut().find(|w| w.is_some_and(by)).and_then(Option::take);
        let nodes = c.nodes_mut();
        let mut open = Vec::new();
        for (at, node) in nodes.iter().enumerate() {
            let Some(line) = node.as_line().filter(|line| (self.lines)(line)) else { continue };
            let Some(content) = line.content() else { continue };
            let Some(element) = (self.read)(&content) else { continue };
            if take(&|w| (self.same)(w, &element)).is_none() {
                open.push((at, content, element));
            }
        }
        let mut gone = Vec::new();
        for (at, content, element) in open {
            if let Some(new) = take(&|w| (self.akin)(w, &element)) {
                let content = (self.write)(Some(content), new)?;
                if let Some(line) = nodes.get_mut(at).and_then(Node::as_line_mut) {
                    line.set_content(content);
                }
            } else if base.iter().any(|b| (self.akin)(b, &element)) {
                gone.push(at);
            }
        }
        for at in gone.into_iter().rev() {
            nodes.remove(at);
        }
        for new in wanted.into_iter().flatten() {
            c.add((self.write)(None, new)?);
        }
        Ok(())
    }
}

/// The same elements, each as often, in any order.
pub(super) fn equal_sets<T>(a: &[T], b: &[T], same: &dyn Fn(&T, &T) -> bool) -> bool {
    let mut left: Vec<&T> = b.iter().collect();
    a.len() == b.len()
        && a.iter().all(|x| match left.iter().position(|y| same(x, y)) {
            Some(at) => {
                left.swap_remove(at);
                true
            }
            None => false,
        })
}

/// The id of bytes that stand inside the text.
pub(super) fn inline_id(digest: &pimkit_core::Digest) -> BlobId {
    BlobId::from(digest.to_string())
}
