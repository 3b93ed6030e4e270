//! Where in an entity a value of some sort stands: for whoever tries what a client makes of each.

use super::{Member, members_of, shape};

/// How deep is looked.
const DEEPEST: usize = 4;

/// The names that lead to a value, as `homeAddress/city`: of collections, to every member.
fn places(of: &str, wanted: &impl Fn(&Member) -> bool, at: &str, depth: usize, found: &mut Vec<String>) {
    let Some(shape) = shape(of).filter(|_| depth > 0) else { return };
    for member in shape.members.iter().filter(|member| !member.relation) {
        let at = if at.is_empty() { member.name.to_owned() } else { format!("{at}/{}", member.name) };
        if wanted(member) {
            found.push(at.clone());
        }
        places(member.of, wanted, &at, depth - 1, found);
    }
}

/// Where null may stand in an entity of this type (`contact`), by the service's metadata; none for a type that is not in it.
#[must_use]
pub fn graph_nullable(of: &str) -> Vec<String> {
    let mut found = Vec::new();
    places(of, &|member| member.nullable && !member.many, "", DEEPEST, &mut found);
    found
}

/// Where a member of an enumeration stands in an entity of this type, alone or in a collection.
#[must_use]
pub fn graph_enumerated(of: &str) -> Vec<String> {
    let mut found = Vec::new();
    places(of, &|member| members_of(member.of).is_some(), "", DEEPEST, &mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_named_from_the_outside_in_without_relations() {
        let nullable = graph_nullable("contact");
        for place in ["birthday", "homeAddress", "homeAddress/city", "emailAddresses/address"] {
            assert!(nullable.iter().any(|found| found == place), "{place}: {nullable:?}");
        }
        assert!(!nullable.iter().any(|place| place == "id" || place == "businessPhones" || place.starts_with("photo")), "{nullable:?}");
        let enumerated = graph_enumerated("event");
        assert!(["showAs", "recurrence/pattern/daysOfWeek"].iter().all(|wanted| enumerated.iter().any(|found| found == wanted)));
        assert!(graph_nullable("nothing").is_empty());
    }
}
