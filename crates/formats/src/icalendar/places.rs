//! LOCATION, GEO and VLOCATION (RFC 5545 sections 3.8.1.6 and 3.8.1.7, RFC 9073 section 7.2).
//!
//! The first place is LOCATION with GEO, which every client shows; each further one a VLOCATION. X-APPLE-STRUCTURED-LOCATION
//! and the like are not touched.

use pimkit_core::Location;

use super::Context;
use super::lines::equal_sets;
use crate::text::{Component, ContentLine, Dialect, Node};

/// The place as a `geo:` URI (RFC 5870) where GEO cannot say all of it.
const URI: &str = "X-PIMKIT-URI";
/// Coordinates that are no latitude and longitude. Not `X-PIMKIT-…`: that is how custom fields are named.
const COORDINATES: &str = "X-PIMKITGEO";

/// The `lat;lon` of a `geo:` URI.
fn pair(uri: &str) -> Option<String> {
    let numbers = uri.strip_prefix("geo:")?.split(';').next()?;
    let mut numbers = numbers.split(',').map(str::trim);
    let (lat, lon) = (numbers.next()?, numbers.next()?);
    let plain = |n: &str| n.parse::<f64>().is_ok_and(f64::is_finite) && n.bytes().all(|b| b.is_ascii_digit() || b"+-.".contains(&b));
    (plain(lat) && plain(lon)).then(|| format!("{lat};{lon}"))
}

fn read_coordinates(c: &Component) -> Option<String> {
    if let Some(line) = c.content("GEO") {
        let value: String = line.value().chars().filter(|c| !c.is_whitespace()).collect();
        if let Some(uri) = line.param_value(URI).filter(|uri| pair(uri).as_deref() == Some(value.as_str())) {
            return Some(uri);
        }
        // `lat,lon` and `lat\;lon` are seen too.
        let value = value.replace("\\;", ";").replace("\\,", ",");
        let (lat, lon) = value.split_once([';', ','])?;
        let uri = format!("geo:{lat},{lon}");
        return pair(&uri).map(|_| uri);
    }
    c.content(COORDINATES).map(|line| line.text(Dialect::ICalendar)).filter(|text| !text.is_empty())
}

fn write_coordinates(c: &mut Component, coordinates: Option<&str>) {
    if read_coordinates(c).as_deref() == coordinates {
        return;
    }
    c.remove("GEO");
    c.remove(COORDINATES);
    let Some(uri) = coordinates else { return };
    match pair(uri) {
        Some(value) => {
            let mut line = ContentLine::new("GEO", &value);
            if format!("geo:{}", value.replace(';', ",")) != uri {
                line.set_param(URI, [uri]);
            }
            c.add(line);
        }
        None => c.add(ContentLine::text_line(COORDINATES, uri, Dialect::ICalendar)),
    }
}

/// The place of a component, its name in the property `name`.
fn read_one(c: &Component, name: &str, dialect: Dialect) -> Option<Location> {
    let name = c.content(name).map(|line| line.text(dialect)).filter(|text| !text.trim().is_empty());
    let place = Location { name, coordinates: read_coordinates(c) };
    (place != Location::default()).then_some(place)
}

fn write_one(c: &mut Component, property: &str, place: &Location, dialect: Dialect) {
    match place.name.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => {
            let mut line = c.content(property).unwrap_or_else(|| ContentLine::new(property, ""));
            if line.text(dialect) != name {
                line.set_text(name, dialect);
                // What ALTREP leads to describes the place that it was (RFC 5545 section 3.8.1.7).
                line.remove_param("ALTREP");
            }
            c.set(property, line);
        }
        None => {
            c.remove(property);
        }
    }
    write_coordinates(c, place.coordinates.as_deref());
}

pub(super) fn read(c: &Component, context: &Context) -> Vec<Location> {
    let mut places: Vec<Location> = read_one(c, "LOCATION", context.dialect).into_iter().collect();
    for inner in c.components_named("VLOCATION") {
        // A VLOCATION may say more about the LOCATION (RFC 9073 section 7.2): the same name is the same place.
        if let Some(place) = read_one(inner, "NAME", context.dialect)
            && !places.iter().any(|known| known.name.is_some() && known.name == place.name && inner.line(OWN).is_none())
        {
            places.push(place);
        }
    }
    places
}

/// Marks a VLOCATION that is a place of its own although its name is the LOCATION's.
const OWN: &str = "X-PIMKITPLACE";

pub(super) fn patch(c: &mut Component, base: &[Location], target: &[Location], context: &Context) {
    if equal_sets(base, target, &|a, b| a == b) {
        return;
    }
    let dialect = context.dialect;
    let mut wanted: Vec<Option<&Location>> = target.iter().filter(|place| **place != Location::default()).map(Some).collect();
    let mut take = |by: &dyn Fn(&Location) -> bool| wanted.iter_mut().find(|w| w.is_some_and(by)).and_then(Option::take);
    let main = read_one(c, "LOCATION", dialect);
    // What stays, stays where it is.
    let main_stays = main.as_ref().is_some_and(|main| take(&|w| w == main).is_some());
    let mut open = Vec::new();
    let known_as_main = |place: &Location| main.as_ref().is_some_and(|m| m.name.is_some() && m.name == place.name);
    for (at, node) in c.nodes().iter().enumerate() {
        let Some(inner) = node.as_component().filter(|inner| inner.is("VLOCATION")) else { continue };
        let Some(place) = read_one(inner, "NAME", dialect) else { continue };
        if known_as_main(&place) && inner.line(OWN).is_none() {
            continue;
        }
        if take(&|w| *w == place).is_none() && base.contains(&place) {
            open.push(at);
        }
    }
    for at in open.into_iter().rev() {
        c.nodes_mut().remove(at);
    }
    let known = |place: &Location| base.contains(place) || target.is_empty();
    if !main_stays && main.as_ref().is_none_or(known) {
        let next = take(&|_| true).cloned().unwrap_or_default();
        write_one(c, "LOCATION", &next, dialect);
    }
    for place in wanted.into_iter().flatten() {
        let mut inner = Component::new("VLOCATION");
        // RFC 9073 wants a UID; it names the place inside this component.
        let count = c.components_named("VLOCATION").count();
        inner.add(ContentLine::new("UID", &format!("place-{}", count + 1)));
        inner.add(ContentLine::new(OWN, "TRUE"));
        write_one(&mut inner, "NAME", place, dialect);
        c.nodes_mut().push(Node::Component(inner));
    }
}
