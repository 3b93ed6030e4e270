//! What of an item is shown.

use super::filter::Filter;
use crate::graph::answer::{Result, refuse};
use crate::graph::ask::Ask;
use crate::graph::ids::Form;
use crate::graph::shape;

/// `$select` and `$expand` of a request, and its preferences.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) form: Form,
    /// The name of the zone that start and end are shown in; UTC if it is None.
    pub(crate) zone: Option<String>,
    pub(crate) text_body: bool,
    /// The properties that were asked for; None for those that come by themselves.
    pub(crate) select: Option<Vec<String>>,
    pub(crate) expand: Vec<Expand>,
}

/// A relation that was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Expand {
    pub(crate) name: &'static str,
    pub(crate) filter: Option<Filter>,
    pub(crate) select: Option<Vec<String>>,
}

impl View {
    /// What a request for `of` wants to see.
    ///
    /// # Errors
    /// 400 for properties and relations that `of` does not have.
    pub(crate) fn read(ask: &Ask, of: &str) -> Result<Self> {
        let select = ask.option("select").map(|text| selected(text, of)).transpose()?.flatten();
        let expand = ask.option("expand").map(|text| expanded(text, of)).transpose()?.unwrap_or_default();
        let prefer = &ask.prefer;
        Ok(Self { form: ask.form(), zone: prefer.zone.clone(), text_body: prefer.text_body, select, expand })
    }

    /// Everything that comes by itself, for the answer to a write.
    pub(crate) fn whole(ask: &Ask) -> Self {
        let prefer = &ask.prefer;
        Self { form: ask.form(), zone: prefer.zone.clone(), text_body: prefer.text_body, select: None, expand: Vec::new() }
    }

    pub(crate) fn expands(&self, name: &str) -> Option<&Expand> {
        self.expand.iter().find(|expand| expand.name == name)
    }

    /// Whether a property is shown; `optional` ones only by their name.
    pub(crate) fn shows(&self, name: &str, optional: bool) -> bool {
        self.select.as_ref().map_or(!optional, |names| names.iter().any(|other| other == name))
    }
}

/// The names of `$select`; None for all.
pub(crate) fn selected(text: &str, of: &str) -> Result<Option<Vec<String>>> {
    let mut names = Vec::new();
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        if name == "*" {
            return Ok(None);
        }
        // A property of a derived type comes with its name before it.
        let (on, bare) = match name.strip_prefix("microsoft.graph.").and_then(|rest| rest.split_once('/')) {
            Some((derived, bare)) if shape::is_a(derived, of) => (derived, bare),
            _ => (of, name),
        };
        let known = shape::shape(on).and_then(|shape| shape.members.iter().find(|member| member.name.eq_ignore_ascii_case(bare)));
        match known {
            Some(member) => names.push(member.name.to_owned()),
            None => {
                return refuse(
                    400,
                    "RequestBroker--ParseUri",
                    format!("Could not find a property named '{bare}' on type 'microsoft.graph.{on}'."),
                );
            }
        }
    }
    Ok((!names.is_empty()).then_some(names))
}

fn expanded(text: &str, of: &str) -> Result<Vec<Expand>> {
    let mut out = Vec::new();
    for one in outside_parentheses(text, ',') {
        let (name, inside) = one.split_once('(').unwrap_or((one, ""));
        let inside = inside.strip_suffix(')').unwrap_or(inside);
        let member =
            shape::shape(of).and_then(|shape| shape.members.iter().find(|m| m.relation && m.name.eq_ignore_ascii_case(name.trim())));
        let cast = name.trim().strip_prefix("microsoft.graph.").and_then(|rest| rest.split_once('/'));
        let item =
            cast.filter(|(of, _)| of.eq_ignore_ascii_case("itemAttachment")).and_then(|(_, name)| shape::member("itemAttachment", name));
        let Some(member) = member.or(item) else {
            return refuse(
                400,
                "BadRequest",
                format!(
                    "Parsing OData Select and Expand failed: Could not find a property named '{}' on type 'microsoft.graph.{of}'.",
                    name.trim()
                ),
            );
        };
        let mut expand = Expand { name: member.name, filter: None, select: None };
        for option in outside_parentheses(inside, ';') {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            match name.trim().trim_start_matches('$').to_lowercase().as_str() {
                "filter" => expand.filter = Some(Filter::read(value, member.of)?),
                "select" => expand.select = selected(value, member.of)?,
                _ => return refuse(400, "BadRequest", format!("The option '{}' is not supported within $expand.", name.trim())),
            }
        }
        if member.name.ends_with("ExtendedProperties") && expand.filter.as_ref().is_none_or(|filter| filter.equals("id").is_empty()) {
            return refuse(400, "ErrorInvalidProperty", "Extended properties must be asked for by their ids: $filter=id eq '...'.");
        }
        out.push(expand);
    }
    Ok(out)
}

/// The parts of a text between separators that stand outside of parentheses and quotes.
fn outside_parentheses(text: &str, separator: char) -> Vec<&str> {
    let (mut depth, mut quoted) = (0_i32, false);
    text.split(|c: char| {
        quoted ^= c == '\'';
        match c {
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        c == separator && depth == 0 && !quoted
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_relations_with_options_are_read() {
        let text = "singleValueExtendedProperties($filter=id eq 'String {00020329-0000-0000-C000-000000000046} Name x,y' or id eq 'Integer 0x1'),attachments($select=id,name;)";
        let expand = expanded(text, "event").unwrap();
        assert_eq!(expand.iter().map(|e| e.name).collect::<Vec<_>>(), ["singleValueExtendedProperties", "attachments"]);
        assert_eq!(expand[0].filter.as_ref().unwrap().equals("id").len(), 2);
        assert_eq!(expand[1].select.as_deref().unwrap(), ["id", "name"]);
    }

    #[test]
    fn what_a_type_does_not_have_is_refused() {
        assert!(expanded("phones", "contact").is_err() && expanded("surname", "contact").is_err());
        assert!(expanded("singleValueExtendedProperties", "contact").is_err(), "there is no asking for all");
        assert!(selected("surname,phones", "contact").is_err());
        assert_eq!(selected("microsoft.graph.fileAttachment/contentId,name", "attachment").unwrap().unwrap(), ["contentId", "name"]);
        assert_eq!(selected("surname,*", "contact").unwrap(), None);
    }
}
