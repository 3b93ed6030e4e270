//! Items as answers show them, and listings of them.

use crate::graph::answer::{Answer, Result, Says};
use crate::graph::ask::Ask;
use crate::graph::odata::{Filter, Order, Page, View, comparable};
use crate::graph::shape;
use crate::graph::store::{Extended, Item, Mailbox};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Complex properties that are an empty object when nothing is in them.
const HOLLOW: &[&str] = &["physicalAddress", "location", "onPremisesExtensionAttributes"];

/// The properties of an entity that `view` shows, in the words of `value`; `optional` ones only when they are named.
pub(crate) fn entity(of: &str, view: &View, optional: &[&str], value: &dyn Fn(&str) -> Value) -> Map<String, Value> {
    let mut out = Map::new();
    for member in shape::shape(of).into_iter().flat_map(|shape| &shape.members).filter(|member| !member.relation) {
        let always = member.name == "id";
        if always || view.shows(member.name, optional.contains(&member.name)) {
            out.insert(member.name.to_owned(), value(member.name));
        }
    }
    out
}

/// What a property is that nobody set.
pub(crate) fn unset(of: &str, name: &str) -> Value {
    match shape::member(of, name) {
        Some(member) if member.many => json!([]),
        Some(member) if HOLLOW.contains(&member.of) => json!({}),
        _ => Value::Null,
    }
}

/// A property of an item that is kept as it was written, or what every Outlook item has.
pub(crate) fn kept(mailbox: &Mailbox, item: &Item, name: &str, view: &View) -> Value {
    match name {
        "id" => Value::from(mailbox.id_of(item, None, view.form)),
        "changeKey" => Value::from(mailbox.change_key(item.key, item.version)),
        "createdDateTime" => Value::from(whole_seconds(item.created)),
        "lastModifiedDateTime" => Value::from(whole_seconds(item.modified)),
        "parentFolderId" => Value::from(mailbox.container_id(item.parent)),
        "singleValueExtendedProperties" => extended(&item.extended, false),
        "multiValueExtendedProperties" => extended(&item.extended, true),
        "extensions" => Value::from(item.extensions.values().cloned().map(Value::Object).collect::<Vec<_>>()),
        _ => item.properties.get(name).cloned().unwrap_or_else(|| unset(item.kind.of(), name)),
    }
}

/// The annotation of an item's version.
pub(crate) fn etag(mailbox: &Mailbox, item: &Item) -> String {
    format!("W/\"{}\"", mailbox.change_key(item.key, item.version))
}

/// An instant as the service writes it.
pub(crate) fn whole_seconds(at: jiff::Timestamp) -> String {
    jiff::Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// Extended properties as a relation shows them: those with one value, or those with several.
pub(crate) fn extended(properties: &BTreeMap<String, Extended>, many: bool) -> Value {
    let shown = properties.values().filter(|one| one.value.is_array() == many);
    Value::from(shown.map(|one| json!({"id": one.id, "value": one.value})).collect::<Vec<_>>())
}

/// Puts the relations that were asked for into an entity, where `value` knows them.
pub(crate) fn relations(out: &mut Map<String, Value>, view: &View, value: &dyn Fn(&str) -> Value) {
    for expand in &view.expand {
        let Value::Array(values) = value(expand.name) else { continue };
        let values: Vec<Value> = values.into_iter().filter(|one| wanted(one, expand.filter.as_ref())).collect();
        // An item without the property that was asked for comes without the relation.
        if values.is_empty() && expand.name.ends_with("ExtendedProperties") {
            continue;
        }
        let values = values.into_iter().map(|one| picked(one, expand.select.as_deref())).collect();
        out.insert(expand.name.to_owned(), Value::Array(values));
    }
}

fn wanted(one: &Value, filter: Option<&Filter>) -> bool {
    let comparable = comparable(one.clone());
    filter.is_none_or(|filter| filter.holds(&|name| comparable.get(name).cloned().unwrap_or(Value::Null)))
}

fn picked(one: Value, select: Option<&[String]>) -> Value {
    match (one, select) {
        (Value::Object(mut object), Some(names)) => {
            object.retain(|name, _| name == "id" || name.contains('@') || names.contains(name));
            Value::Object(object)
        }
        (one, _) => one,
    }
}

/// A listing: filtered, in order, a page of it.
///
/// # Errors
/// What reading the options fails with.
pub(crate) fn listing<T>(
    ask: &Ask,
    of: &'static str,
    context: Value,
    all: Vec<T>,
    look: &dyn Fn(&T, &str) -> Value,
    show: &dyn Fn(&T) -> Value,
) -> Result {
    let page = Page::read(ask)?;
    let order = Order::read(ask, of)?;
    let filter = ask.option("filter").map(|text| Filter::read(text, of)).transpose()?;
    let mut all: Vec<T> = match &filter {
        Some(filter) => all.into_iter().filter(|one| filter.holds(&|name| look(one, name))).collect(),
        None => all,
    };
    if !order.0.is_empty() {
        all.sort_by(|one, other| order.of(&|name| look(one, name), &|name| look(other, name)));
    }
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), context);
    if ask.option("count").is_some_and(|count| count.eq_ignore_ascii_case("true")) {
        body.insert("@odata.count".to_owned(), Value::from(all.len()));
    }
    if let Some(next) = page.next(ask, all.len()) {
        body.insert("@odata.nextLink".to_owned(), Value::from(next));
    }
    let rows: Vec<Value> = all.iter().skip(page.skip).take(page.size).map(show).collect();
    body.insert("value".to_owned(), Value::Array(rows));
    Ok(Answer::json(200, Value::Object(body), Says::Many(of)))
}

/// How many there are, as `/$count` says it.
///
/// # Errors
/// What reading the filter fails with.
pub(crate) fn count<T>(ask: &Ask, of: &str, all: &[T], look: &dyn Fn(&T, &str) -> Value) -> Result {
    let filter = ask.option("filter").map(|text| Filter::read(text, of)).transpose()?;
    let count = all.iter().filter(|one| filter.as_ref().is_none_or(|filter| filter.holds(&|name| look(one, name)))).count();
    Ok(Answer::text(200, &count.to_string(), "text/plain"))
}
