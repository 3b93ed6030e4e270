//! The shapes of v1.0: what a body may say and what an answer may name.

mod bend;
mod check;
mod places;
mod read;
mod table;

pub(crate) use bend::{nulls, unknowns};
pub(crate) use check::{check, is_guid};
pub use places::{graph_enumerated, graph_nullable};
pub(crate) use read::{Wrong, read};

use std::collections::BTreeMap;
use std::sync::OnceLock;

/// A property or relation.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    /// The name of its type: one of the table, or a primitive one.
    pub(crate) of: &'static str,
    pub(crate) many: bool,
    pub(crate) nullable: bool,
    /// A relation to other entities, which is there when it was asked for.
    pub(crate) relation: bool,
}

/// A type with properties.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(crate) base: Option<&'static str>,
    /// Its own and those of its bases, bases first.
    pub(crate) members: Vec<Member>,
}

/// All types.
#[derive(Debug, Default)]
struct Shapes {
    types: BTreeMap<&'static str, Shape>,
    enums: BTreeMap<&'static str, Vec<&'static str>>,
}

fn shapes() -> &'static Shapes {
    static SHAPES: OnceLock<Shapes> = OnceLock::new();
    SHAPES.get_or_init(|| parse(table::TABLE))
}

fn parse(text: &'static str) -> Shapes {
    let mut shapes = Shapes::default();
    let mut open: Option<&'static str> = None;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let indented = line.starts_with(' ');
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        match (indented, first) {
            (false, "enum") => {
                let name = words.next().unwrap_or_default();
                shapes.enums.insert(name, words.collect());
            }
            (false, _) => {
                let name = words.next().unwrap_or_default();
                let rest: Vec<&str> = words.collect();
                let base = rest.iter().position(|word| *word == "is").and_then(|at| rest.get(at + 1)).copied();
                let shape = Shape { base, members: Vec::new() };
                shapes.types.insert(name, shape);
                open = Some(name);
            }
            (true, _) => {
                let (head, names) = line.split_once(':').unwrap_or((line, ""));
                let relation = head.trim_start().starts_with('>');
                let of = head.trim().trim_start_matches('>').trim();
                let many = of.starts_with('[');
                let of = of.trim_start_matches('[').trim_end_matches(']');
                let Some(shape) = open.and_then(|name| shapes.types.get_mut(name)) else { continue };
                for name in names.split_whitespace() {
                    let nullable = !name.ends_with('!');
                    shape.members.push(Member { name: name.trim_end_matches('!'), of, many, nullable, relation });
                }
            }
        }
    }
    inherit(&mut shapes);
    shapes
}

/// Gives every type the members of its bases.
fn inherit(shapes: &mut Shapes) {
    let own: BTreeMap<&'static str, (Option<&'static str>, Vec<Member>)> =
        shapes.types.iter().map(|(name, shape)| (*name, (shape.base, shape.members.clone()))).collect();
    for shape in shapes.types.values_mut() {
        let mut base = shape.base;
        while let Some((next, members)) = base.and_then(|name| own.get(name)) {
            shape.members.splice(0..0, members.iter().cloned());
            base = *next;
        }
    }
}

/// The shape of a type; None for primitive types, enumerations and unknown ones.
pub(crate) fn shape(of: &str) -> Option<&'static Shape> {
    shapes().types.get(of)
}

/// The members of an enumeration.
pub(crate) fn members_of(of: &str) -> Option<&'static [&'static str]> {
    shapes().enums.get(of).map(Vec::as_slice)
}

/// A member of a type.
pub(crate) fn member(of: &str, name: &str) -> Option<&'static Member> {
    shape(of)?.members.iter().find(|member| member.name == name)
}

/// Whether `of` is `base` or comes from it.
pub(crate) fn is_a(of: &str, base: &str) -> bool {
    let mut at = Some(of);
    while let Some(name) = at {
        if name == base {
            return true;
        }
        at = shape(name).and_then(|shape| shape.base);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Primitive types, in the table's words.
    const PRIMITIVE: &[&str] = &["String", "Boolean", "Int32", "Int64", "Double", "Instant", "Date", "TimeOfDay", "Guid", "Binary"];

    #[test]
    fn every_type_that_a_member_names_is_in_the_table() {
        for (name, shape) in &shapes().types {
            for member in &shape.members {
                let known = PRIMITIVE.contains(&member.of) || super::shape(member.of).is_some() || members_of(member.of).is_some();
                assert!(known, "{name}.{}: {}", member.name, member.of);
            }
            assert!(shape.base.is_none_or(|base| super::shape(base).is_some()), "{name}");
        }
    }

    #[test]
    fn members_of_bases_come_first_and_tell_whether_they_may_be_null() {
        let contact = shape("contact").unwrap();
        assert_eq!(contact.members[0].name, "id");
        assert!(!contact.members[0].nullable);
        assert!(member("contact", "categories").unwrap().many);
        assert!(member("contact", "photo").unwrap().relation);
        assert!(member("contact", "phones").is_none(), "only the beta has them");
        assert!(is_a("fileAttachment", "attachment") && !is_a("attachment", "fileAttachment"));
    }
}
