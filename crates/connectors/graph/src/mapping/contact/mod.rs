//! Contacts (<https://learn.microsoft.com/graph/api/resources/contact>).
//!
//! | property | what becomes of it |
//! |---|---|
//! | displayName, title, givenName, middleName, surname, generation, yomiGivenName, yomiSurname | the name |
//! | nickName, companyName and department, jobTitle and profession (a role), personalNotes | managed, one value each |
//! | emailAddresses, businessPhones, homePhones, mobilePhone, imAddresses, businessAddress, homeAddress, otherAddress | managed, as many as there is room for |
//! | birthday; extended: wedding anniversary | managed, to the day |
//! | businessHomePage; extended: personal home page | links |
//! | spouseName, children, manager, assistantName | relations |
//! | categories | keywords |
//! | photo | managed, by requests of its own |
//! | extended: pager, car, other and assistant's telephone, three faxes, the company's number, boxes and codes of countries | managed, beside what they belong to |
//! | extended of our own: mark, UID, custom fields | managed |
//! | extended of our own: what there is no place for of e-mail addresses, telephones and their like (work or private, labels) | kept aside, as long as the value is said as it was |
//! | fileAs, the names of e-mail addresses | the provider's own: kept through every change of ours |
//! | initials, officeLocation, yomiCompanyName | custom fields of these names, when they are texts |
//! | flag, extensions, whatever is newer | the provider's own: never written |
//! | id, changeKey, createdDateTime, lastModifiedDateTime, parentFolderId | made by the provider |
//! | second family name, languages, members, the kind of a card, other relations and days, labels | there is no place: they stay on the other side |

mod addresses;
mod emails;
mod phones;
pub(crate) mod properties;

use crate::{
    calls::odata,
    mapping::{Item, Slots, aside, extended},
};
use pimkit_core::{
    Anniversary, AnniversaryKind, Contact, Custom, Error, ErrorKind, Field, FieldSupport, Link, Mark, OnlineService, Organization, Record,
    Relation, Result, Title, TitleKind,
};
use pimkit_exchange::{
    birthday,
    property::{self, CUSTOM, MARK, UID},
};
use properties::{ASIDE, PERSONAL_HOME_PAGE, WEDDING};
use serde_json::{Map, Value};

/// What a contact is read with. Properties that came to v1.0 late (`primaryEmailAddress`) are not in it: a tenant or cloud without
/// them refuses the whole question.
pub(crate) const SELECT: &str = "id,changeKey,createdDateTime,lastModifiedDateTime,parentFolderId,categories,displayName,fileAs,title,\
    givenName,middleName,surname,generation,yomiGivenName,yomiSurname,nickName,companyName,department,jobTitle,profession,\
    personalNotes,emailAddresses,businessPhones,homePhones,mobilePhone,imAddresses,businessAddress,homeAddress,otherAddress,birthday,\
    businessHomePage,spouseName,children,manager,assistantName,initials,officeLocation,yomiCompanyName";

/// Custom fields that Outlook has a place for, under its own names.
const OWN_CUSTOM: [&str; 3] = ["initials", "officeLocation", "yomiCompanyName"];

/// What the mapping holds, with its limits.
pub(crate) fn fields() -> Vec<FieldSupport> {
    let some = |field: &'static str, most: u32| FieldSupport { many: Some(most), ..FieldSupport::full(field) };
    let mut all: Vec<FieldSupport> = [
        "name.full",
        "name.title",
        "name.given",
        "name.given2",
        "name.surname",
        "name.credential",
        "name.givenPhonetic",
        "name.surnamePhonetic",
        "uid",
        "photo",
        "keywords",
        "relatedTo",
        FieldSupport::ANY_CUSTOM,
    ]
    .map(FieldSupport::full)
    .into();
    let emails = u32::try_from(emails::MOST).unwrap_or(u32::MAX);
    all.extend([
        some("nicknames", 1),
        some("organizations", 1),
        some("titles", 2),
        some("emails", emails),
        some("phones", phones::MOST),
        some("onlineServices", 3),
        some("addresses", addresses::MOST),
        some("anniversaries", 2),
        some("links", 2),
        some("notes", 1),
    ]);
    all
}

/// The contact in a resource; its photo is elsewhere.
///
/// # Errors
/// `InvalidData` when a property is of another type than it should be.
pub(crate) fn read(value: &Value) -> Result<Contact> {
    let item = Item::new(value)?;
    let mut error = None;
    let contact = Contact::build(|c| {
        if let Err(e) = fill(&item, c) {
            error = Some(e);
        }
    });
    match error {
        Some(error) => Err(error),
        None => Ok(match item.extended(&ASIDE) {
            Some(kept) => aside::restore(contact, kept),
            None => contact,
        }),
    }
}

/// What Graph says of a contact, without what is kept aside of it.
fn said(contact: &Contact) -> Result<Contact> {
    read(&Value::Object(slots(contact, None)?.whole()))
}

fn kept_aside(contact: &Contact) -> Result<Map<String, Value>> {
    aside::of(contact, &said(contact)?, said)
}

fn fill(item: &Item<'_>, c: &mut Contact) -> Result<()> {
    let text = |name: &str| Ok::<_, Error>(item.text(name)?.map(str::to_owned));
    c.uid = item.extended(&UID).map(str::to_owned);
    c.name.full = text("displayName")?;
    c.name.title = text("title")?;
    c.name.given = text("givenName")?;
    c.name.given2 = text("middleName")?;
    c.name.surname = text("surname")?;
    c.name.credential = text("generation")?;
    c.name.given_phonetic = text("yomiGivenName")?;
    c.name.surname_phonetic = text("yomiSurname")?;
    c.nicknames = text("nickName")?.into_iter().collect();
    let organization = Organization { name: text("companyName")?, units: text("department")?.into_iter().collect() };
    c.organizations = Some(organization).filter(|o| *o != Organization::default()).into_iter().collect();
    for (name, kind) in [("jobTitle", TitleKind::Title), ("profession", TitleKind::Role)] {
        c.titles.extend(text(name)?.map(|name| Title { name, kind }));
    }
    c.emails = emails::read(item)?;
    c.phones = phones::read(item)?;
    c.online_services = item.texts("imAddresses")?.into_iter().map(service).collect();
    c.addresses = addresses::read(item)?;
    if let Some(at) = item.instant("birthday")? {
        c.anniversaries.push(Anniversary { kind: AnniversaryKind::Birth, date: birthday::read(at), ..Anniversary::default() });
    }
    // What another program wrote there is not worth the whole contact.
    if let Some(at) = item.extended(&WEDDING).and_then(|text| text.parse().ok()) {
        c.anniversaries.push(Anniversary { kind: AnniversaryKind::Wedding, date: birthday::read(at), ..Anniversary::default() });
    }
    let link = |uri: &str, context: Option<&str>| Link {
        uri: uri.to_owned(),
        contexts: context.map(str::to_owned).into_iter().collect(),
        ..Link::default()
    };
    c.links.extend(item.text("businessHomePage")?.map(|uri| link(uri, None)));
    c.links.extend(item.extended(&PERSONAL_HOME_PAGE).map(|uri| link(uri, Some("private"))));
    c.notes = item.lines("personalNotes")?.into_iter().collect();
    c.keywords = item.texts("categories")?.into_iter().map(str::to_owned).collect();
    relations(item, c)?;
    c.custom = custom(item)?;
    c.created = item.instant("createdDateTime")?;
    c.updated = item.instant("lastModifiedDateTime")?;
    Ok(())
}

/// The custom fields: those of our property, and those that Outlook has a place for.
fn custom(item: &Item<'_>) -> Result<Custom> {
    let mut custom = item.extended(&CUSTOM).map(property::read_custom).unwrap_or_default();
    for name in OWN_CUSTOM {
        if let Some(text) = item.text(name)? {
            custom.insert(name.to_owned(), text.into());
        }
    }
    Ok(custom)
}

/// What of custom fields has a place of Outlook's: a text that is not empty.
fn own_custom<'c>(custom: &'c Custom, name: &str) -> Option<&'c str> {
    custom.get(name).filter(|_| OWN_CUSTOM.contains(&name)).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// An account as it is written there: a URI when it looks like one.
fn service(text: &str) -> OnlineService {
    let is_uri = text.split_once(':').is_some_and(|(scheme, rest)| {
        !rest.is_empty() && scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    });
    match is_uri {
        true => OnlineService { uri: Some(text.to_owned()), ..OnlineService::default() },
        false => OnlineService { user: Some(text.to_owned()), ..OnlineService::default() },
    }
}

const MANAGER: &str = "Manager";
const ASSISTANT: &str = "Assistant";

fn relations(item: &Item<'_>, c: &mut Contact) -> Result<()> {
    let relation = |to: &str, word: Option<&str>, label: Option<&str>| Relation {
        to: to.to_owned(),
        relation: word.map(str::to_owned).into_iter().collect(),
        label: label.map(str::to_owned),
    };
    c.related_to.extend(item.text("spouseName")?.map(|to| relation(to, Some("spouse"), None)));
    c.related_to.extend(item.texts("children")?.into_iter().map(|to| relation(to, Some("child"), None)));
    c.related_to.extend(item.text("manager")?.map(|to| relation(to, None, Some(MANAGER))));
    c.related_to.extend(item.text("assistantName")?.map(|to| relation(to, Some("agent"), Some(ASSISTANT))));
    Ok(())
}

/// The job title and the profession. A second one of a sort lies where the other sort would: Outlook has two places, and it is
/// better kept there than dropped for the first; what it is, is kept aside.
fn titles(c: &Contact) -> [Option<&str>; 2] {
    let first = |kind| c.titles.iter().position(|title| title.kind == kind);
    let places = [first(TitleKind::Title), first(TitleKind::Role)];
    let mut others = (0..c.titles.len()).filter(|place| !places.contains(&Some(*place)));
    places.map(|place| place.or_else(|| others.next()).and_then(|place| c.titles.get(place)).map(|title| title.name.as_str()))
}

/// What a contact says in each property, but for its photo. `now` is the resource as it is there, for what Outlook keeps beside.
fn slots(c: &Contact, now: Option<&Item<'_>>) -> Result<Slots> {
    let mut slots = Slots::default();
    let name = &c.name;
    for (property, text) in [
        ("displayName", &name.full),
        ("title", &name.title),
        ("givenName", &name.given),
        ("middleName", &name.given2),
        ("surname", &name.surname),
        ("generation", &name.credential),
        ("yomiGivenName", &name.given_phonetic),
        ("yomiSurname", &name.surname_phonetic),
    ] {
        slots.text(property, text.as_deref());
    }
    slots.text("nickName", c.nicknames.first().map(String::as_str));
    let organization = c.organizations.first();
    slots.text("companyName", organization.and_then(|o| o.name.as_deref()));
    slots.text("department", organization.and_then(|o| o.units.first()).map(String::as_str));
    let [job, profession] = titles(c);
    slots.text("jobTitle", job);
    slots.text("profession", profession);
    slots.put("emailAddresses", emails::write(c, now)?);
    phones::write(&c.phones, &mut slots);
    let services = c.online_services.iter().filter_map(|s| s.uri.as_deref().or(s.user.as_deref())).take(3);
    slots.put("imAddresses", services.collect::<Vec<_>>());
    addresses::write(&c.addresses, &mut slots);
    let day = |kind| c.anniversaries.iter().filter(|a| a.kind == kind).find_map(|a| birthday::write(&a.date)).map(|at| at.to_string());
    slots.text("birthday", day(AnniversaryKind::Birth).as_deref());
    slots.extend(&WEDDING, day(AnniversaryKind::Wedding).as_deref());
    let personal = |link: &&Link| link.contexts.contains("private") && !link.contexts.contains("work");
    let (own, other): (Vec<&Link>, Vec<&Link>) = c.links.iter().partition(personal);
    let first = other.first().or(own.get(1)).map(|link| link.uri.as_str());
    let second = own.first().or(other.get(1)).map(|link| link.uri.as_str());
    slots.text("businessHomePage", first);
    slots.extend(&PERSONAL_HOME_PAGE, second);
    slots.text("personalNotes", c.notes.first().map(String::as_str));
    slots.put("categories", c.keywords.iter().map(String::as_str).collect::<Vec<_>>());
    let related = |is: &dyn Fn(&Relation) -> bool| c.related_to.iter().filter(|r| is(r)).map(|r| r.to.as_str()).collect::<Vec<_>>();
    let labelled = |r: &Relation, label: &str| r.label.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(label));
    slots.text("spouseName", related(&|r| r.relation.contains("spouse")).first().copied());
    slots.put("children", related(&|r| r.relation.contains("child")));
    slots.text("manager", related(&|r| labelled(r, MANAGER)).first().copied());
    slots.text("assistantName", related(&|r| r.relation.contains("agent") || labelled(r, ASSISTANT)).first().copied());
    for name in OWN_CUSTOM {
        slots.text(name, own_custom(&c.custom, name));
    }
    let mut other = c.custom.clone();
    other.retain(|name, _| own_custom(&c.custom, name).is_none());
    slots.extend(&CUSTOM, filled(&property::write_custom(&other)));
    Ok(slots)
}

/// The body of a new contact.
///
/// # Errors
/// None in practice: nothing is there yet that could be odd.
pub(crate) fn create(contact: &Contact, mark: &Mark) -> Result<Map<String, Value>> {
    let mut slots = slots(contact, None)?;
    slots.extend(&MARK, Some(mark.as_str()));
    slots.extend(&UID, contact.uid.as_deref());
    slots.extend(&ASIDE, filled(&aside::text(&kept_aside(contact)?)));
    Ok(slots.whole())
}

/// Of the fields that a write is about, those of which something finds no place: a second job title, a sixth number of one sort, a
/// friend. `base` is absent for a new contact.
pub(crate) fn without_place(base: Option<&Contact>, target: &Contact) -> Vec<(Field, Error)> {
    let kept = || -> Result<Contact> {
        let mut slots = slots(target, None)?;
        slots.extend(&UID, target.uid.as_deref());
        slots.extend(&ASIDE, filled(&aside::text(&kept_aside(target)?)));
        read(&Value::Object(slots.whole()))
    };
    let Ok(kept) = kept() else { return Vec::new() };
    let managed = fields();
    // What is over the limit that a field has by itself is known before; of phones, links and the like each sort has its own.
    let is_list = |field: &Field| {
        let Some(Value::Array(list)) = target.get(field.as_str()) else { return false };
        let within = |most: u32| usize::try_from(most).is_ok_and(|most| list.len() <= most);
        managed.iter().any(|support| support.field == *field && support.many.is_none_or(within))
    };
    let written: Vec<Field> = base.map(|base| base.differing(target)).unwrap_or_default();
    let is_written = |field: &Field| base.is_none() || written.contains(field);
    let lacking = target.differing(&kept).into_iter().filter(|field| is_list(field) && is_written(field));
    lacking
        .map(|field| (field, crate::error::unavailable("Outlook has no place for all of it; what has none stays on the other side")))
        .collect()
}

fn filled(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// Whether the body of a change can only be made with the contact at hand as it is there: what Outlook keeps beside the changed
/// fields would be lost, or made anew.
pub(crate) fn needs_now(base: &Contact, target: &Contact) -> bool {
    let beside = |field: &Field| {
        aside::LISTS.contains(&field.as_str())
            || field.as_str() == "photo"
            || field.as_str().starts_with("name.")
            || field.as_str().starts_with("custom.")
    };
    base.differing(target).iter().any(beside) || is_aside_changed(base, target)
}

fn is_aside_changed(base: &Contact, target: &Contact) -> bool {
    let may = base.differing(target).iter().any(|field| aside::LISTS.contains(&field.as_str()));
    may && !matches!((kept_aside(base), kept_aside(target)), (Ok(base), Ok(target)) if base == target)
}

/// The body of a change: what differs, and what must go along for the rest to stay. `now` is the resource as it is there, where
/// [`needs_now`] says so.
///
/// # Errors
/// `InvalidData` when the resource as it is there cannot be read.
pub(crate) fn change(base: &Contact, target: &Contact, mark: Option<&Mark>, now: Option<&Value>) -> Result<Map<String, Value>> {
    let now = now.map(Item::new).transpose()?;
    let mut target = target.clone();
    if base.custom != target.custom {
        // Custom fields share one property: those that this write does not speak of stay.
        let there = now.as_ref().map(custom).transpose()?.unwrap_or_default();
        target.custom = merged(&base.custom, &target.custom, there);
    }
    // Both against the same addresses that are there, so that their names are no difference.
    let mut to = slots(&target, now.as_ref())?;
    let mut from = slots(&as_it_lies(base, &target, now.as_ref())?, now.as_ref())?;
    if base.emails == target.emails {
        let same = Value::Array(Vec::new());
        (from, to) = (with(from, "emailAddresses", same.clone()), with(to, "emailAddresses", same));
    }
    if let Some(mark) = mark {
        to.extend(&MARK, Some(mark.as_str()));
    }
    if is_aside_changed(base, &target) {
        let there = now.as_ref().and_then(|item| item.extended(&ASIDE));
        let kept = aside::merged(base, &target, kept_aside(&target)?, there);
        to.extend(&ASIDE, filled(&aside::text(&kept)));
        from.extend(&ASIDE, there);
    }
    let mut body = to.since(&from);
    let parts = ["title", "givenName", "middleName", "surname", "generation", "yomiGivenName", "yomiSurname"];
    if body.keys().any(|name| parts.contains(&name.as_str()) || name == "displayName") {
        names_stay(&mut body, base, &target, now.as_ref())?;
    }
    Ok(body)
}

/// What a contact was, with the lists that change as they lie there: a number, a link or a title that found its own place taken
/// lies in another one than it would today.
fn as_it_lies(base: &Contact, target: &Contact, now: Option<&Item<'_>>) -> Result<Contact> {
    let Some(now) = now else { return Ok(base.clone()) };
    let mut result = Ok(());
    let there = Contact::build(|c| result = fill(now, c));
    result?;
    let changed = base.differing(target);
    let lists = changed.iter().filter(|field| aside::LISTS.contains(&field.as_str()));
    let fields = lists.map(|field| (field.clone(), there.get(field.as_str()).unwrap_or(Value::Null)));
    base.with(&fields.collect())
}

fn with(mut slots: Slots, name: &'static str, value: Value) -> Slots {
    slots.put(name, value);
    slots
}

fn merged(base: &Custom, target: &Custom, mut there: Custom) -> Custom {
    for name in base.keys().chain(target.keys()) {
        match target.get(name) {
            value if value == base.get(name) => {}
            Some(value) => {
                there.insert(name.clone(), value.clone());
            }
            None => {
                there.remove(name);
            }
        }
    }
    there
}

/// The server makes `displayName` and `fileAs` anew from the parts when these are written without them.
fn names_stay(body: &mut Map<String, Value>, base: &Contact, target: &Contact, now: Option<&Item<'_>>) -> Result<()> {
    let Some(now) = now else { return Ok(()) };
    let full = now.text("displayName")?;
    if !body.contains_key("displayName")
        && let Some(full) = target.name.full.as_deref().or(full.filter(|_| base.name.full.is_none()))
    {
        body.insert("displayName".to_owned(), full.into());
    }
    if let Some(old) = now.text("fileAs")? {
        let new = filed(old, now, target)?;
        body.insert("fileAs".to_owned(), new.unwrap_or_else(|| old.to_owned()).into());
    }
    Ok(())
}

/// Under what a contact is filed after a change, where it is filed under a form of its name; none where somebody chose another.
fn filed(old: &str, now: &Item<'_>, target: &Contact) -> Result<Option<String>> {
    let (given, middle, surname) = (now.text("givenName")?, now.text("middleName")?, now.text("surname")?);
    let forms = |full: Option<&str>, given: Option<&str>, middle: Option<&str>, surname: Option<&str>| {
        let join = |parts: &[Option<&str>]| parts.iter().copied().flatten().collect::<Vec<_>>().join(" ");
        let first = join(&[given, middle]);
        let last_first = match surname {
            Some(surname) if !first.is_empty() => format!("{surname}, {first}"),
            Some(surname) => surname.to_owned(),
            None => first.clone(),
        };
        [full.unwrap_or_default().to_owned(), last_first, join(&[given, middle, surname]), join(&[given, surname])]
    };
    let name = &target.name;
    let old_forms = forms(now.text("displayName")?, given, middle, surname);
    let new_forms = forms(name.full.as_deref(), name.given.as_deref(), name.given2.as_deref(), name.surname.as_deref());
    Ok(old_forms.iter().zip(new_forms).find(|(form, new)| *form == old && !new.is_empty()).map(|(_, new)| new))
}

/// The resource as it is after a write that was answered with `answer`: answers bring no extended properties along, so that those
/// that were sent, and those that were there before, are put beside them.
pub(crate) fn after(mut answer: Value, before: Option<&Value>, body: &Map<String, Value>) -> Value {
    let entries = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let sent = entries(body.get(extended::LIST));
    let is_sent = |old: &Value| sent.iter().any(|new| new.get("id") == old.get("id") || same_property(new, old));
    let mut all: Vec<Value> = entries(before.and_then(|b| b.get(extended::LIST))).into_iter().filter(|old| !is_sent(old)).collect();
    all.extend(sent.iter().cloned());
    if let Some(object) = answer.as_object_mut() {
        object.insert(extended::LIST.to_owned(), all.into());
    }
    answer
}

fn same_property(one: &Value, other: &Value) -> bool {
    let read = |value: &Value| odata::text(value, "id").and_then(property::Property::of_graph_id);
    read(one).is_some_and(|one| read(other) == Some(one))
}

/// The mark of a resource.
pub(crate) fn mark(value: &Value) -> Option<Mark> {
    extended::read(value).into_iter().find(|(property, _)| *property == MARK).map(|(_, mark)| Mark::from(mark))
}

/// Whether a resource has a picture.
pub(crate) fn has_picture(value: &Value) -> bool {
    Item::new(value).is_ok_and(|item| item.flag(&properties::HAS_PICTURE))
}

/// A resource that has no id cannot be spoken of.
///
/// # Errors
/// `InvalidData` when there is none.
pub(crate) fn id(value: &Value) -> Result<&str> {
    odata::text(value, "id").ok_or_else(|| Error::new(ErrorKind::InvalidData, "an item of the answer has no id; report this"))
}

#[cfg(test)]
mod tests;
