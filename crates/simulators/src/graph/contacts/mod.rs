//! Contacts (<https://learn.microsoft.com/graph/api/resources/contact>).

mod folders;
mod names;
mod photo;

pub(crate) use folders::folders;
pub(crate) use photo::{Pictured, metadata, picture};

use crate::graph::answer::{Answer, Result, Says, invalid, no_such_method, no_such_path, refuse};
use crate::graph::delta::Followed;
use crate::graph::odata::View;
use crate::graph::store::{Gone, Item, Kind, Mailbox, Scope};
use crate::graph::world::Call;
use crate::graph::{extended, show};
use serde_json::{Map, Value};

/// Properties that are the service's own.
const OWN: &[&str] = &["id", "changeKey", "createdDateTime", "lastModifiedDateTime", "parentFolderId"];
/// How many of each a contact takes.
const MOST: &[(&str, usize)] = &[("emailAddresses", 3), ("businessPhones", 2), ("homePhones", 2), ("imAddresses", 3)];
/// The e-mail addresses as properties of their own.
const EMAILS: &[&str] = &["primaryEmailAddress", "secondaryEmailAddress", "tertiaryEmailAddress"];
/// Options that change tracking does not take.
const NOT_TRACKED: &[&str] = &["filter", "orderby", "search", "skip", "count"];
const NOT_EXPANDED: &[&str] = &["filter", "orderby", "search", "skip", "count", "expand"];

/// Requests below a collection of contacts: those of `folder`, or for single ones of any where that is None.
pub(crate) fn contacts(call: &mut Call<'_>, folder: Option<u64>, rest: &[&str]) -> Result {
    let method = call.ask.method.as_str();
    let home = match folder {
        Some(folder) => folder,
        None => call.mailbox()?.known("contacts"),
    };
    let [id, rest @ ..] = rest else {
        return match method {
            "GET" => list(call, home),
            "POST" => create(call, home),
            _ => Err(no_such_method()),
        };
    };
    match (method, id.to_lowercase().as_str(), rest) {
        ("GET", "delta", []) => return delta(call, home),
        ("GET", "$count", []) => return count(call, home),
        _ => {}
    }
    let key = call.key(id, Kind::Contact)?;
    if folder.is_some_and(|folder| call.item(key).is_ok_and(|item| item.parent != folder)) {
        return Err(crate::graph::answer::not_found());
    }
    one(call, key, rest)
}

fn one(call: &mut Call<'_>, key: u64, rest: &[&str]) -> Result {
    let method = call.ask.method.as_str();
    match (method, rest) {
        ("GET", []) => {
            let view = View::read(call.ask, "contact")?;
            answer(call, key, &view, 200)
        }
        ("PATCH", []) => update(call, key),
        ("DELETE", []) => {
            call.matches_item(key)?;
            let bin = call.mailbox()?.known("deleteditems");
            call.mailbox_mut()?.relocate(key, bin, Gone::Deleted);
            Ok(Answer::empty(204))
        }
        ("POST", [action]) if action.eq_ignore_ascii_case("permanentDelete") => {
            call.mailbox_mut()?.remove(key);
            Ok(Answer::empty(204))
        }
        (_, [name, rest @ ..]) if name.eq_ignore_ascii_case("photo") => photo::of_contact(call, key, rest),
        (_, [name, rest @ ..]) if name.eq_ignore_ascii_case("extensions") => crate::graph::extensions::extensions(call, key, rest),
        (_, []) => Err(no_such_method()),
        (_, [name, ..]) => Err(no_such_path(name)),
    }
}

fn list(call: &Call<'_>, folder: u64) -> Result {
    let mailbox = call.mailbox()?;
    let view = View::read(call.ask, "contact")?;
    if call.ask.option("search").is_some() {
        return refuse(400, "ErrorInvalidUrlQuery", "$search is not supported on contacts.");
    }
    let context = call.context(&format!("users('{}')/contacts", call.owner));
    let all = mailbox.of(Kind::Contact, Some(folder));
    show::listing(call.ask, "contact", context, all, &|item, name| value(mailbox, item, name, &view), &|item| shown(mailbox, item, &view))
}

fn count(call: &Call<'_>, folder: u64) -> Result {
    let (mailbox, view) = (call.mailbox()?, View::whole(call.ask));
    show::count(call.ask, "contact", &mailbox.of(Kind::Contact, Some(folder)), &|item, name| value(mailbox, item, name, &view))
}

fn delta(call: &Call<'_>, folder: u64) -> Result {
    let mailbox = call.mailbox()?;
    let refused = if call.rules().delta.expands { NOT_TRACKED } else { NOT_EXPANDED };
    let scope = Scope { kind: Kind::Contact, parent: Some(folder) };
    let followed = Followed { scope, of: "contact", refused, context: call.context("Collection(contact)") };
    let there = |key: u64| mailbox.items.get(&key).filter(|item| item.parent == folder);
    followed.answer(call.world, mailbox, call.ask, &|key, view, _| there(key).map(|item| shown(mailbox, item, view)))
}

fn create(call: &mut Call<'_>, folder: u64) -> Result {
    let mut body = call.ask.read("contact")?;
    let mut properties = Map::new();
    let mut kept = std::collections::BTreeMap::new();
    extended::take(&mut body, &mut kept)?;
    let extensions = crate::graph::extensions::take(&mut body)?;
    apply(call, &mut properties, body)?;
    let now = call.now;
    let mailbox = call.mailbox_mut()?;
    let key = mailbox.add(Kind::Contact, folder, properties, now);
    if let Some(item) = mailbox.items.get_mut(&key) {
        item.extended = kept;
        item.extensions = extensions;
    }
    let view = View::whole(call.ask);
    answer(call, key, &view, 201)
}

fn update(call: &mut Call<'_>, key: u64) -> Result {
    let mut body = call.ask.read("contact")?;
    call.matches_item(key)?;
    let item = call.item(key)?;
    let (mut properties, mut kept) = (item.properties.clone(), item.extended.clone());
    extended::take(&mut body, &mut kept)?;
    apply(call, &mut properties, body)?;
    let item = call.item_mut(key)?;
    item.properties = properties;
    item.extended = kept;
    call.touch(key)?;
    let view = View::whole(call.ask);
    answer(call, key, &view, 200)
}

/// Writes a body into the properties of a contact.
fn apply(call: &mut Call<'_>, properties: &mut Map<String, Value>, mut body: Map<String, Value>) -> Result<()> {
    crate::graph::strip_own(call, &mut body, OWN);
    if let Some(name) = ["extensions", "multiValueExtendedProperties", "photo", "singleValueExtendedProperties"]
        .into_iter()
        .find(|name| body.contains_key(*name))
    {
        return Err(invalid(format!("The relation '{name}' cannot be written here.")));
    }
    let rules = call.rules().contacts.clone();
    let mut emails = properties.get("emailAddresses").and_then(Value::as_array).cloned().unwrap_or_default();
    for (index, name) in EMAILS.iter().enumerate() {
        let Some(value) = body.remove(*name) else { continue };
        while emails.len() <= index {
            emails.push(Value::Null);
        }
        if let Some(slot) = emails.get_mut(index) {
            *slot = value;
        }
        body.entry("emailAddresses").or_insert_with(|| Value::Array(emails.clone()));
    }
    for (name, most) in MOST {
        let Some(Value::Array(values)) = body.get_mut(*name) else { continue };
        values.retain(|value| !value.is_null());
        if values.len() > *most {
            if rules.refuses_surplus {
                return refuse(400, "ErrorInvalidRequest", format!("The property '{name}' takes {most} values at most."));
            }
            values.truncate(*most);
        }
    }
    names::complete(properties, &mut body, rules.recomputes_names);
    for (name, value) in body {
        merge(properties, name, value);
    }
    properties.remove("@odata.type");
    Ok(())
}

/// Writes a property: complex ones keep what was not said of them (OData 4.01 protocol section 11.4.3), null clears.
pub(crate) fn merge(properties: &mut Map<String, Value>, name: String, value: Value) {
    match (properties.get_mut(&name), value) {
        (Some(Value::Object(kept)), Value::Object(written)) => kept.extend(written),
        (_, Value::Null) => {
            properties.remove(&name);
        }
        (_, value) => {
            properties.insert(name, value);
        }
    }
}

/// A property of a contact.
fn value(mailbox: &Mailbox, item: &Item, name: &str, view: &View) -> Value {
    if let Some(index) = EMAILS.iter().position(|known| *known == name) {
        let emails = item.properties.get("emailAddresses").and_then(Value::as_array);
        return emails.and_then(|emails| emails.get(index)).cloned().unwrap_or(Value::Null);
    }
    show::kept(mailbox, item, name, view)
}

fn shown(mailbox: &Mailbox, item: &Item, view: &View) -> Value {
    let mut out = show::entity("contact", view, &[], &|name| value(mailbox, item, name, view));
    out.insert("@odata.etag".to_owned(), Value::from(show::etag(mailbox, item)));
    show::relations(&mut out, view, &|name| value(mailbox, item, name, view));
    if view.expands("photo").is_some()
        && let Some(photo) = &item.photo
    {
        out.insert("photo".to_owned(), Value::Object(photo::metadata(photo)));
    }
    Value::Object(out)
}

fn answer(call: &Call<'_>, key: u64, view: &View, status: u16) -> Result {
    let (mailbox, item) = (call.mailbox()?, call.item(key)?);
    let mut body = shown(mailbox, item, view);
    if let Some(object) = body.as_object_mut() {
        object.insert("@odata.context".to_owned(), call.context(&format!("users('{}')/contacts/$entity", call.owner)));
    }
    Ok(Answer::json(status, body, Says::One("contact")).header("etag", show::etag(mailbox, item)))
}
