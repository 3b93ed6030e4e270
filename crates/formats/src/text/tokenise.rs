//! One logical line to group, name, parameters and value.
//!
//! A result counts only if our own writer gives the same text back, so that no line that is touched changes beside.

use super::content::ContentLine;
use super::param::{Param, ParamValue};

/// `None` when the line is not `name[;parameters]:value`.
pub(super) fn tokenise(line: &str) -> Option<ContentLine> {
    split(line).filter(|content| is_written_as(content, line))
}

/// The guard: the parts, written, are the line. A bare CR inside the value is part of the value here.
fn is_written_as(content: &ContentLine, line: &str) -> bool {
    line.strip_prefix(&content.head()) == Some(content.value())
}

/// Group and name; `None` when the name has characters that no name has.
fn names(head: &str) -> Option<(Option<&str>, &str)> {
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'));
    match head.split_once('.') {
        Some((group, name)) if is_name(group) && is_name(name) => Some((Some(group), name)),
        Some(_) => None,
        None => is_name(head).then_some((None, head)),
    }
}

fn split(line: &str) -> Option<ContentLine> {
    let (head, mut rest) = line.split_at(line.find([';', ':'])?);
    let (group, name) = names(head)?;
    let mut params = Vec::new();
    while let Some(after) = rest.strip_prefix(';') {
        let (param, left) = split_param(after)?;
        params.push(param);
        rest = left;
    }
    let value = rest.strip_prefix(':')?;
    Some(ContentLine::written(group, name, params, value))
}

/// One parameter at the start of `text`, and what follows it (`;` or `:` first).
fn split_param(text: &str) -> Option<(Param, &str)> {
    let (name, mut rest) = text.split_at(text.find(['=', ';', ':'])?);
    if !rest.starts_with('=') {
        return Some((Param::bare(name), rest));
    }
    let mut values = Vec::new();
    while let Some(after) = rest.strip_prefix(['=', ',']) {
        let (value, left) = split_value(after)?;
        values.push(value);
        rest = left;
        if !rest.starts_with(',') {
            break;
        }
    }
    Some((Param::written(name, values), rest))
}

fn split_value(text: &str) -> Option<(ParamValue, &str)> {
    let inner = text.strip_prefix('"');
    if let Some((quoted, left)) = inner.and_then(|inner| inner.split_once('"'))
        && left.starts_with([',', ';', ':'])
    {
        return Some((ParamValue::written(quoted, true), left));
    }
    // A quote inside an unquoted value, or one that is never closed, is kept as it stands.
    let (value, left) = text.split_at(text.find([',', ';', ':'])?);
    Some((ParamValue::written(value, false), left))
}
