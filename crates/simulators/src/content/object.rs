//! What makes a body a calendar object resource (RFC 4791 section 4.1) or an address object (RFC 6352 section 5.1).

use super::lines::{Component, parse};

/// Which rules of content a server has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kinds {
    pub(crate) refuses_method: bool,
    pub(crate) fn_required: bool,
    pub(crate) uid_required: bool,
    pub(crate) end_required: bool,
    pub(crate) one_object: bool,
    pub(crate) takes_lists: bool,
}

/// Why a body is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// It does not parse, or lacks what it must have.
    Invalid(String),
    /// It parses, but is not one object: METHOD, two UIDs, two types.
    NotOneObject(String),
    /// An event without an end, where the server wants one.
    NoEnd,
}

/// The VCALENDAR of `text` and the type of its components.
pub(crate) fn calendar_object(text: &str, kinds: Kinds) -> Result<(Component, String), Problem> {
    let mut roots = parse(text).map_err(Problem::Invalid)?.into_iter();
    let (Some(root), None) = (roots.next(), roots.next()) else {
        return Err(Problem::Invalid("one VCALENDAR is expected".to_owned()));
    };
    let invalid = |why: &str| Err(Problem::Invalid(why.to_owned()));
    let not_one = |why: &str| Err(Problem::NotOneObject(why.to_owned()));
    if !kinds.one_object {
        let name = root.children.iter().map(|child| child.name.clone()).find(|name| name != "VTIMEZONE").unwrap_or_default();
        return Ok((root, name));
    }
    if root.name != "VCALENDAR" {
        return invalid("not a VCALENDAR");
    }
    if root.value("VERSION").is_none_or(|version| version.trim() != "2.0") {
        return invalid("VERSION:2.0 is missing");
    }
    if kinds.refuses_method && root.line("METHOD").is_some() {
        return not_one("METHOD must not be stored");
    }
    let mut found: Option<(&str, Option<&str>)> = None;
    let mut instances: Vec<Option<&str>> = Vec::new();
    for child in root.children.iter().filter(|child| child.name != "VTIMEZONE") {
        let uid = child.value("UID").filter(|uid| !uid.is_empty());
        if uid.is_none() && kinds.uid_required {
            return invalid("UID is missing");
        }
        if matches!(child.name.as_str(), "VEVENT") && child.line("DTSTART").is_none() {
            return invalid("DTSTART is missing");
        }
        for name in ["DTSTART", "DTEND", "DUE", "RECURRENCE-ID"] {
            if child.line(name).is_some_and(|line| super::time::Moment::of(line).is_none()) {
                return invalid(&format!("{name} is no time"));
            }
        }
        match found {
            Some((name, _)) if name != child.name => return not_one("components of two types"),
            Some((_, first)) if first != uid => return not_one("two UIDs"),
            _ => found = Some((&child.name, uid)),
        }
        let instance = child.value("RECURRENCE-ID");
        if instances.contains(&instance) {
            return not_one("one instance twice");
        }
        instances.push(instance);
        if kinds.end_required && child.name == "VEVENT" && child.line("DTEND").is_none() {
            return Err(Problem::NoEnd);
        }
    }
    let Some((name, _)) = found else { return invalid("no component") };
    let name = name.to_owned();
    Ok((root, name))
}

/// The VCARD of `text`.
pub(crate) fn card(text: &str, kinds: Kinds) -> Result<Component, Problem> {
    let mut roots = parse(text).map_err(Problem::Invalid)?.into_iter();
    let (Some(root), None) = (roots.next(), roots.next()) else {
        return Err(Problem::Invalid("one VCARD is expected".to_owned()));
    };
    // SOGo's lists are no cards, but lie in its address books.
    if kinds.takes_lists && root.name == "VLIST" {
        return Ok(root);
    }
    let problem = if root.name != "VCARD" {
        Some("not a VCARD")
    } else if root.line("VERSION").is_none() {
        Some("VERSION is missing")
    } else if kinds.fn_required && root.value("FN").is_none_or(|name| name.trim().is_empty()) {
        Some("FN is missing")
    } else if kinds.uid_required && root.value("UID").is_none_or(|uid| uid.trim().is_empty()) {
        Some("UID is missing")
    } else {
        None
    };
    problem.map_or(Ok(root), |why| Err(Problem::Invalid(why.to_owned())))
}

/// The UID of a stored body.
pub(crate) fn uid(root: &Component) -> Option<&str> {
    let of = |component: &'_ Component| component.lines.iter().position(|line| line.name == "UID");
    if let Some(at) = of(root) {
        return root.lines.get(at).map(|line| line.value.trim());
    }
    root.children.iter().filter(|child| child.name != "VTIMEZONE").find_map(|child| child.value("UID")).map(str::trim)
}
