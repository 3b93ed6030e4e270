//! MKCALENDAR (RFC 4791 section 5.3.1) and MKCOL, plain and extended (RFC 5689).

use super::Call;
use crate::answer::Answer;
use crate::path;
use crate::world::{Collection, Kind, Target, World};
use crate::xml::{CAL, CARD, DAV, Element};

pub(super) fn make(call: &mut Call<'_>, calendar: bool) -> Answer {
    let rules = call.world.personality.collections.clone();
    let style = call.world.personality.xml.clone();
    let refuse = |status: u16, space: &str, name: &str| Answer::precondition(status, Element::new(space, name), &style);
    if let Some(status) = if calendar { rules.no_mkcalendar } else { rules.no_mkcol } {
        return Answer::of(status);
    }
    let (parent, name) = match call.target() {
        Target::Nothing(parent, name) => (parent, name),
        // RFC 4918 section 9.3.1 and RFC 4791 section 5.3.1.1 differ.
        _ if calendar => return refuse(rules.exists, DAV, "resource-must-be-null"),
        _ => return Answer::text(405, "There is something already"),
    };
    let root = match call.body() {
        Err(bad) => return bad,
        Ok(None) if calendar && rules.body_required => return Answer::html(500, "Server Error"),
        Ok(root) => root,
    };
    let wanted = if calendar { (CAL, "mkcalendar") } else { (DAV, "mkcol") };
    if root.as_ref().is_some_and(|root| !root.name.is(wanted.0, wanted.1)) {
        return Answer::text(415, "Unexpected body");
    }
    let properties: Vec<Element> = root
        .iter()
        .flat_map(|root| root.named(DAV, "set"))
        .flat_map(|set| set.named(DAV, "prop"))
        .flat_map(|prop| prop.children().cloned())
        .collect();
    let kind = if calendar { Some(Kind::Calendar) } else { kind(&properties) };
    let Some(kind) = kind else { return refuse(403, DAV, "valid-resourcetype") };
    if !call.world.tree.collections.contains_key(&parent) {
        return Answer::text(rules.no_parent, "The parent collection does not exist");
    }
    if !call.fits(&parent, kind) {
        return if kind == Kind::AddressBook {
            refuse(403, CARD, "addressbook-collection-location-ok")
        } else {
            refuse(403, CAL, "calendar-collection-location-ok")
        };
    }
    if let (Some(status), Kind::Folder) = (rules.no_plain, kind) {
        return Answer::of(status);
    }
    let mut components = components(&properties);
    if rules.one_component && kind == Kind::Calendar {
        if components.len() > 1 {
            return Answer::html(400, "only one calendar component type supported");
        }
        if components.is_empty() {
            components.push("VEVENT".to_owned());
        }
    } else if components.is_empty() {
        components = ["VEVENT", "VTODO", "VJOURNAL"].map(str::to_owned).to_vec();
    }
    call.insert(&format!("{parent}{name}/"), kind, components, properties)
}

impl Call<'_> {
    /// Calendars go into calendar homes and books into theirs; neither goes into another.
    fn fits(&self, parent: &str, kind: Kind) -> bool {
        let layout = &self.world.personality.layout;
        let within = |homes: &[String]| homes.iter().any(|home| World::path_of(home, &self.user) == parent);
        match kind {
            Kind::Calendar => within(&layout.calendar_homes),
            Kind::AddressBook => within(&layout.book_homes),
            _ => matches!(self.kind(parent), Some(Kind::Folder | Kind::Principal)),
        }
    }

    fn insert(&mut self, at: &str, kind: Kind, components: Vec<String>, properties: Vec<Element>) -> Answer {
        let rules = self.world.personality.collections.clone();
        let made = self.world.tree.made.entry(self.user.clone()).or_default();
        *made += 1;
        if rules.most_creations.is_some_and(|most| *made > most) {
            return Answer::text(403, "Too many calendars created");
        }
        if self.world.tree.slugs.contains(at) {
            return Answer::text(405, "The resource you tried to create already exists");
        }
        let now = self.world.now();
        let mut collection = Collection::new(kind, Some(&self.user), now);
        if kind == Kind::Calendar {
            collection.components = components;
        }
        for property in properties {
            let structural = property.name.is(DAV, "resourcetype") || property.name.is(CAL, "supported-calendar-component-set");
            let ignored = rules.ignores_name && property.name.is(DAV, "displayname");
            if !structural && !ignored {
                collection.properties.insert(property.name.clone(), property);
            }
        }
        if rules.ignores_name {
            let name = crate::xml::Name::new(DAV, "displayname");
            collection.properties.insert(name.clone(), Element::empty(&name).text(path::last(at)));
        }
        self.world.remember();
        self.world.tree.collections.insert(at.to_owned(), collection);
        Answer::of(201)
    }
}

/// What `resourcetype` asks for; None for what no server has.
fn kind(properties: &[Element]) -> Option<Kind> {
    let Some(types) = properties.iter().find(|property| property.name.is(DAV, "resourcetype")) else { return Some(Kind::Folder) };
    let mut kind = Kind::Folder;
    for wanted in types.children().filter(|wanted| !wanted.name.is(DAV, "collection")) {
        kind = match (wanted.name.space.as_str(), wanted.name.local.as_str(), kind) {
            (CAL, "calendar", Kind::Folder) => Kind::Calendar,
            (CARD, "addressbook", Kind::Folder) => Kind::AddressBook,
            _ => return None,
        };
    }
    types.child(DAV, "collection").map(|_| kind)
}

fn components(properties: &[Element]) -> Vec<String> {
    let set = properties.iter().find(|property| property.name.is(CAL, "supported-calendar-component-set"));
    set.into_iter().flat_map(|set| set.named(CAL, "comp")).filter_map(|comp| comp.get("name")).map(str::to_uppercase).collect()
}
