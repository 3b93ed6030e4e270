//! What users do in Outlook: they write into the service's own properties, and share no mapping with the connector.

use crate::{far::Entry, slot::thing_of};
use pimkit_core::{Field, Fields, ItemId, Kind};
use pimkit_simulators::Graph;
use serde_json::{Map, Value, json};

/// Where our marks, uids and custom fields are, and what else has no property of its own.
const OWN: &str = "String {6e31f0cc-c033-4411-aca9-852d9bedaaaf} Name pimkit.";
const OTHER_PHONE: &str = "String 0x3A1F";
const PERSONAL_PAGE: &str = "String 0x3A50";
const EXTENDED: &str = "singleValueExtendedProperties";
/// The one custom field of these plays.
const CUSTOM: &str = "Region";

/// What a copy has of its original, beside the extended properties.
const COPIED: [&str; 18] = [
    "displayName",
    "middleName",
    "generation",
    "nickName",
    "personalNotes",
    "emailAddresses",
    "businessPhones",
    "homePhones",
    "mobilePhone",
    "jobTitle",
    "profession",
    "businessHomePage",
    "categories",
    "subject",
    "body",
    "start",
    "end",
    "locations",
];

fn own(name: &str) -> String {
    format!("{OWN}{name}")
}

fn collection(kind: Kind) -> &'static str {
    if kind == Kind::Event { "events" } else { "contacts" }
}

/// The property that says what an item is called.
fn title(kind: Kind) -> &'static str {
    if kind == Kind::Event { "subject" } else { "displayName" }
}

/// Where an item is, below the user.
pub(super) fn path(kind: Kind, id: &ItemId) -> String {
    format!("{}/{id}", collection(kind))
}

/// All items.
pub(super) fn list(graph: &Graph, owner: &str, kind: Kind) -> Vec<Entry> {
    let rows = graph.list(owner, &format!("{}?$select=id,{}", collection(kind), title(kind)));
    let entry = |row: &Value| Some(Entry { id: ItemId::from(text(row, "id")?), thing: text(row, title(kind)).and_then(thing_of) });
    rows.iter().filter_map(entry).collect()
}

/// An item with all that these plays are about.
fn whole(graph: &Graph, owner: &str, kind: Kind, id: &ItemId) -> Option<Value> {
    let ids = ["mark", "uid", "custom", "aside", "zone", "unsaid"].map(own).into_iter();
    let ids: Vec<String> = ids.chain([OTHER_PHONE.to_owned(), PERSONAL_PAGE.to_owned()]).map(|id| format!("id eq '{id}'")).collect();
    let filter = ids.join(" or ").replace(' ', "%20").replace('{', "%7B").replace('}', "%7D");
    graph.get(owner, &format!("{}?$expand={EXTENDED}($filter={filter})", path(kind, id)))
}

/// What an item says.
pub(super) fn look(graph: &Graph, owner: &str, kind: Kind, id: &ItemId) -> Option<Fields> {
    let item = whole(graph, owner, kind, id)?;
    let mut fields = Fields::new();
    let mut say = |field: &str, value: Value| {
        if !matches!(&value, Value::Null) && value.as_array().is_none_or(|list| !list.is_empty()) {
            fields.insert(Field::from(field), value);
        }
    };
    say("uid", extended(&item, &own("uid")).into());
    say(&format!("custom.{CUSTOM}"), custom(&item).get(CUSTOM).cloned().unwrap_or_default());
    say("keywords", item.get("categories").cloned().unwrap_or_default());
    if kind == Kind::Event {
        let read = |name: &str| Some(json!({ "at": item.get(name)?.get("dateTime")?, "zone": { "id": "UTC" } }));
        let body = item.get("body").and_then(|body| text(body, "content")).map(stripped).filter(|text| !text.is_empty());
        let places = rows(&item, "locations").filter_map(|place| Some(json!({ "name": text(place, "displayName")? })));
        say("title", text(&item, "subject").into());
        say("description", body.into());
        say("start", read("start").unwrap_or_default());
        say("end", read("end").unwrap_or_default());
        say("locations", places.collect());
        return Some(fields);
    }
    let one = |name: &str| text(&item, name).into_iter().map(Value::from).collect::<Value>();
    say("name.full", text(&item, "displayName").into());
    say("name.given2", text(&item, "middleName").into());
    say("name.credential", text(&item, "generation").into());
    say("nicknames", one("nickName"));
    say("notes", one("personalNotes"));
    say("titles", titles(&item).into_iter().flatten().map(|name| json!({ "name": name })).collect());
    say("emails", rows(&item, "emailAddresses").filter_map(|one| Some(json!({ "address": text(one, "address")? }))).collect());
    say("phones", numbers(&item).into_iter().flatten().map(|number| json!({ "number": number })).collect());
    say("links", pages(&item).into_iter().flatten().map(|uri| json!({ "uri": uri })).collect());
    Some(fields)
}

/// Makes an item. What there is no place for is left out.
pub(super) fn make(graph: &Graph, owner: &str, kind: Kind, fields: &Fields) -> Option<ItemId> {
    let mut body = Map::new();
    for (field, value) in fields {
        let mut with = body.clone();
        if write(kind, &Value::Null, field.as_str(), value, &mut with).is_some() {
            body = with;
        }
    }
    graph.create(owner, collection(kind), &Value::Object(body)).map(ItemId::from)
}

/// Writes fields of an item; false where there is no place, or no room.
pub(super) fn edit(graph: &Graph, owner: &str, kind: Kind, id: &ItemId, fields: &Fields) -> bool {
    let Some(item) = whole(graph, owner, kind, id) else { return false };
    let mut body = Map::new();
    if !fields.iter().all(|(field, value)| write(kind, &item, field.as_str(), value, &mut body).is_some()) {
        return false;
    }
    if kind != Kind::Event && !body.contains_key("displayName") {
        // Else it is made anew of the parts of the name.
        body.insert("displayName".to_owned(), item.get("displayName").cloned().unwrap_or_default());
    }
    graph.change(owner, &path(kind, id), &Value::Object(body))
}

/// Copies an item with all that is on it, as Outlook does.
pub(super) fn copy(graph: &Graph, owner: &str, kind: Kind, id: &ItemId) -> Option<ItemId> {
    let item = whole(graph, owner, kind, id)?;
    let has = |name: &&str| item.get(*name).is_some_and(|value| !value.is_null());
    let copied = COPIED.iter().chain([&EXTENDED]).copied().filter(has);
    let body: Map<String, Value> = copied.map(|name| (name.to_owned(), item.get(name).cloned().unwrap_or_default())).collect();
    graph.create(owner, collection(kind), &Value::Object(body)).map(ItemId::from)
}

/// Puts a field into the body of a write; nothing where there is no place or room for it.
fn write(kind: Kind, now: &Value, field: &str, value: &Value, body: &mut Map<String, Value>) -> Option<()> {
    let list = || value.as_array().map(Vec::as_slice).unwrap_or_default();
    let strings = |key: &str| list().iter().filter_map(|one| one.get(key).unwrap_or(one).as_str()).collect::<Vec<&str>>();
    let first = |key: &str| match strings(key).as_slice() {
        [] => Some(Value::from("")),
        [one] => Some(Value::from(*one)),
        _ => None,
    };
    let plain = || Value::from(value.as_str().unwrap_or_default());
    if field == format!("custom.{CUSTOM}") {
        let mut all = custom(now);
        match value {
            Value::Null => all.remove(CUSTOM),
            value => all.insert(CUSTOM.to_owned(), value.clone()),
        };
        extend(body, &own("custom"), Some(Value::Object(all).to_string()).filter(|text| text != "{}").unwrap_or_default());
        return Some(());
    }
    let (name, written) = match (kind, field) {
        (_, "uid") => {
            extend(body, &own("uid"), value.as_str()?.to_owned());
            return Some(());
        }
        (_, "keywords") => ("categories", json!(strings(""))),
        (Kind::Event, "title") => ("subject", plain()),
        (Kind::Event, "description") => ("body", json!({ "contentType": "text", "content": plain() })),
        (Kind::Event, "start" | "end") => {
            let zone = value.get("zone").and_then(|zone| text(zone, "id")).unwrap_or("UTC");
            (if field == "start" { "start" } else { "end" }, json!({ "dateTime": text(value, "at")?, "timeZone": zone }))
        }
        (Kind::Event, "locations") => match strings("name") {
            none if none.is_empty() => ("location", json!({ "displayName": "" })),
            names => ("locations", names.into_iter().map(|name| json!({ "displayName": name })).collect()),
        },
        (Kind::Contact, "name.full") => ("displayName", plain()),
        (Kind::Contact, "name.given2") => ("middleName", plain()),
        (Kind::Contact, "name.credential") => ("generation", plain()),
        (Kind::Contact, "nicknames") => ("nickName", first("")?),
        (Kind::Contact, "notes") => ("personalNotes", first("")?),
        (Kind::Contact, "titles") => {
            let [job, profession] = placed(titles(now), &strings("name"))?;
            body.insert("jobTitle".to_owned(), job.unwrap_or_default().into());
            body.insert("profession".to_owned(), profession.unwrap_or_default().into());
            return Some(());
        }
        (Kind::Contact, "emails") => {
            let wanted = Some(strings("address")).filter(|all| all.len() <= 3)?;
            ("emailAddresses", wanted.into_iter().map(|address| json!({ "address": address, "name": address })).collect())
        }
        (Kind::Contact, "phones") => {
            let [other, work, work2, home, home2] = placed(numbers(now), &strings("number"))?;
            let both = |one: Option<String>, two: Option<String>| json!(one.into_iter().chain(two).collect::<Vec<_>>());
            body.insert("businessPhones".to_owned(), both(work, work2));
            body.insert("homePhones".to_owned(), both(home, home2));
            extend(body, OTHER_PHONE, other.unwrap_or_default());
            return Some(());
        }
        (Kind::Contact, "links") => {
            let [page, own] = placed(pages(now), &strings("uri"))?;
            body.insert("businessHomePage".to_owned(), page.unwrap_or_default().into());
            extend(body, PERSONAL_PAGE, own.unwrap_or_default());
            return Some(());
        }
        _ => return None,
    };
    body.insert(name.to_owned(), written);
    Some(())
}

/// The texts in places: what is there stays in its own. Nothing where there are too few.
fn placed<const N: usize>(mut places: [Option<String>; N], wanted: &[&str]) -> Option<[Option<String>; N]> {
    for place in &mut places {
        if !place.as_deref().is_some_and(|text| wanted.contains(&text)) {
            *place = None;
        }
    }
    for text in wanted {
        if !places.iter().any(|place| place.as_deref() == Some(*text)) {
            *places.iter_mut().find(|place| place.is_none())? = Some((*text).to_owned());
        }
    }
    Some(places)
}

/// The other number, two of work, two of home.
fn numbers(item: &Value) -> [Option<String>; 5] {
    let two = |name: &str| {
        let mut all = rows(item, name).filter_map(Value::as_str).map(str::to_owned);
        [all.next(), all.next()]
    };
    let ([work, work2], [home, home2]) = (two("businessPhones"), two("homePhones"));
    [extended(item, OTHER_PHONE).map(str::to_owned), work, work2, home, home2]
}

/// The job title, and the profession.
fn titles(item: &Value) -> [Option<String>; 2] {
    ["jobTitle", "profession"].map(|name| text(item, name).map(str::to_owned))
}

/// The page of work, and the own one.
fn pages(item: &Value) -> [Option<String>; 2] {
    [text(item, "businessHomePage"), extended(item, PERSONAL_PAGE)].map(|page| page.map(str::to_owned))
}

fn rows<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn extended<'v>(item: &'v Value, id: &str) -> Option<&'v str> {
    let found = rows(item, EXTENDED).find(|one| text(one, "id").is_some_and(|known| known.eq_ignore_ascii_case(id)))?;
    text(found, "value")
}

fn extend(body: &mut Map<String, Value>, id: &str, value: String) {
    if let Value::Array(all) = body.entry(EXTENDED).or_insert_with(|| Value::Array(Vec::new())) {
        all.push(json!({ "id": id, "value": value }));
    }
}

fn custom(item: &Value) -> Map<String, Value> {
    extended(item, &own("custom")).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// The text of a page, without its tags and the blanks at its ends.
fn stripped(html: &str) -> String {
    let mut plain = String::new();
    let mut is_tag = false;
    for one in html.chars() {
        match one {
            '<' => is_tag = true,
            '>' => is_tag = false,
            other if !is_tag => plain.push(other),
            _ => {}
        }
    }
    plain.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stays_in_its_place_and_one_too_many_has_none() {
        let now = || [Some("1".to_owned()), None, Some("2".to_owned())];
        let own = |texts: [Option<&str>; 3]| texts.map(|text| text.map(str::to_owned));
        assert_eq!(placed(now(), &["2", "3"]), Some(own([Some("3"), None, Some("2")])));
        assert_eq!(placed(now(), &["1", "2", "3"]), Some(own([Some("1"), Some("3"), Some("2")])));
        assert_eq!(placed(now(), &["1", "2", "3", "4"]), None);
    }

    #[test]
    fn what_a_user_writes_in_outlook_is_read_there_again() {
        let graph = Graph::builder().seed(1).user("a@x.example", "token").build();
        let span = |hour: u8| json!({ "at": format!("2030-01-02T{hour:02}:00:00"), "zone": { "id": "Europe/Vienna" } });
        for (kind, fields) in [
            (
                Kind::Contact,
                json!({
                    "name.full": "A", "name.given2": "B", "name.credential": "C", "uid": "u", "nicknames": ["D"], "notes": ["E"],
                    "emails": [{"address": "f@x.example"}], "phones": [{"number": "1"}, {"number": "2"}], "titles": [{"name": "G"}],
                    "links": [{"uri": "https://h.example/"}, {"uri": "https://i.example/"}], "keywords": ["J"], "custom.Region": "K",
                }),
            ),
            (
                Kind::Event,
                json!({
                    "title": "A", "uid": "u", "description": "B", "keywords": ["C"], "locations": [{"name": "D"}, {"name": "E"}],
                    "custom.Region": "F", "start": span(9), "end": span(10),
                }),
            ),
        ] {
            let fields: Fields = serde_json::from_value(fields).unwrap();
            let id = make(&graph, "a@x.example", kind, &fields).unwrap();
            let copy = copy(&graph, "a@x.example", kind, &id).unwrap();
            for id in [id, copy] {
                let there = look(&graph, "a@x.example", kind, &id).unwrap();
                for (field, value) in &fields {
                    let is_time = matches!(field.as_str(), "start" | "end");
                    assert!(there.contains_key(field) && (is_time || there.get(field) == Some(value)), "{field}: {there:?}");
                }
            }
        }
        assert_eq!(graph.violations(), []);
    }
}
