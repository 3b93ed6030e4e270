//! Extended properties as Graph's queries and bodies say them
//! (<https://learn.microsoft.com/graph/api/resources/extended-properties-overview>).

use crate::calls::path::literal;
use pimkit_exchange::property::Property;
use serde_json::{Value, json};

/// The name of the list that they are in.
pub(crate) const LIST: &str = "singleValueExtendedProperties";

/// What `$expand` takes to bring these along. There is no "all of them".
pub(crate) fn expand<'p>(properties: impl IntoIterator<Item = &'p Property>) -> String {
    let ids: Vec<String> = properties.into_iter().map(|property| format!("id eq {}", literal(&property.graph_id()))).collect();
    format!("{LIST}($filter={})", ids.join(" or "))
}

/// What `$filter` takes to find items by a property. Servers compare without case: what is found is to be looked at.
pub(crate) fn filter(property: &Property, value: &str) -> String {
    format!("{LIST}/Any(ep: ep/id eq {} and ep/value eq {})", literal(&property.graph_id()), literal(value))
}

/// One property in a body.
pub(crate) fn entry(property: &Property, value: Value) -> Value {
    json!({ "id": property.graph_id(), "value": value })
}

/// The properties that an item came with, those without a value left out.
pub(crate) fn read(item: &Value) -> Vec<(Property, &str)> {
    item.get(LIST)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let property = Property::of_graph_id(entry.get("id")?.as_str()?)?;
            Some((property, entry.get("value")?.as_str().filter(|value| !value.is_empty())?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pimkit_exchange::property::{MARK, Type};

    #[test]
    fn queries_and_bodies_name_properties_by_their_ids() {
        let pager = Property::tag(0x3a21, Type::String);
        assert_eq!(expand([&pager]), "singleValueExtendedProperties($filter=id eq 'String 0x3A21')");
        assert!(expand([&pager, &MARK]).contains("id eq 'String 0x3A21' or id eq 'String {"));
        assert_eq!(filter(&pager, "O'Neil"), "singleValueExtendedProperties/Any(ep: ep/id eq 'String 0x3A21' and ep/value eq 'O''Neil')");
        let item = json!({ LIST: [entry(&pager, "1".into()), entry(&MARK, "".into()), {"id": 5}, {"id": "String 0x3A1F", "value": null}] });
        assert_eq!(read(&item), [(pager, "1")]);
        assert_eq!(read(&json!({ LIST: null })), []);
    }
}
