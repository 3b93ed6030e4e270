//! Where an event is ([`location`](https://learn.microsoft.com/graph/api/resources/location)), and the call that belongs to it.

use crate::mapping::Item;
use pimkit_core::{Location, Result, VirtualLocation};
use serde_json::{Map, Value, json};

/// The places of an event. `locations` has all of them; a server that says only `location` has one.
///
/// # Errors
/// `InvalidData` when a property is of another type than it should be.
pub(crate) fn read(item: &Item<'_>) -> Result<Vec<Location>> {
    let mut all = item.items("locations")?;
    if all.is_empty() {
        all.extend(item.item("location")?);
    }
    let mut found = Vec::new();
    for one in all {
        let location = Location { name: name(&one)?, coordinates: coordinates(&one)? };
        if location != Location::default() && !found.contains(&location) {
            found.push(location);
        }
    }
    Ok(found)
}

fn name(item: &Item<'_>) -> Result<Option<String>> {
    if let Some(name) = item.text("displayName")? {
        return Ok(Some(name.to_owned()));
    }
    let Some(address) = item.item("address")? else { return Ok(None) };
    let mut parts = Vec::new();
    for part in ["street", "postalCode", "city", "state", "countryOrRegion"] {
        parts.extend(address.text(part)?);
    }
    Ok((!parts.is_empty()).then(|| parts.join(", ")))
}

fn coordinates(item: &Item<'_>) -> Result<Option<String>> {
    let Some(at) = item.item("coordinates")? else { return Ok(None) };
    Ok(match (at.number("latitude")?, at.number("longitude")?) {
        (Some(latitude), Some(longitude)) => Some(format!("geo:{latitude},{longitude}")),
        _ => None,
    })
}

/// The call that the provider made for an event. Of another one there is only the text of whoever wrote it.
///
/// # Errors
/// As [`read`].
pub(crate) fn call(item: &Item<'_>) -> Result<Option<VirtualLocation>> {
    let own = item.item("onlineMeeting")?.map(|meeting| meeting.text("joinUrl")).transpose()?.flatten();
    let uri = match own {
        Some(uri) => Some(uri),
        None => item.text("onlineMeetingUrl")?,
    };
    Ok(uri.map(|uri| VirtualLocation { uri: uri.to_owned(), name: None }))
}

/// The places to write, each as it is there already where one of the same name is: what else Outlook knows of a room stays with it.
pub(crate) fn write(locations: &[Location], now: Option<&Value>) -> Vec<Value> {
    let there = now.and_then(|now| now.get("locations")).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    locations
        .iter()
        .map(|location| {
            let is = |one: &&Value| one.get("displayName").and_then(Value::as_str) == location.name.as_deref() && location.name.is_some();
            let mut place = there.iter().find(is).and_then(Value::as_object).cloned().unwrap_or_default();
            write_one(location, &mut place);
            Value::Object(place)
        })
        .collect()
}

fn write_one(location: &Location, place: &mut Map<String, Value>) {
    place.insert("displayName".to_owned(), location.name.as_deref().unwrap_or_default().into());
    match location.coordinates.as_deref().and_then(geo) {
        Some((latitude, longitude)) => {
            place.insert("coordinates".to_owned(), json!({ "latitude": latitude, "longitude": longitude }));
        }
        None => {
            place.remove("coordinates");
        }
    }
}

/// Latitude and longitude of a `geo:` URI (RFC 5870).
fn geo(uri: &str) -> Option<(f64, f64)> {
    let rest = uri.get(..4).filter(|scheme| scheme.eq_ignore_ascii_case("geo:")).and_then(|_| uri.get(4..))?;
    let (latitude, rest) = rest.split_once(',')?;
    let longitude = rest.split([',', ';']).next()?;
    Some((latitude.trim().parse().ok()?, longitude.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &Value) -> Vec<Location> {
        read(&Item::new(value).unwrap()).unwrap()
    }

    fn named(name: &str) -> Location {
        Location { name: Some(name.to_owned()), coordinates: None }
    }

    #[test]
    fn places_are_read_by_name_address_or_coordinates() {
        let value = json!({
            "location": {"displayName": "Room 1"},
            "locations": [
                {"displayName": "Room 1", "coordinates": {"latitude": 48.2, "longitude": 16.37}, "locationEmailAddress": "r1@x.example"},
                {"displayName": "", "address": {"street": "Ring 1", "city": "Vienna", "postalCode": null}},
                {"displayName": "", "locationType": "default", "coordinates": {"latitude": null}},
            ],
        });
        let room = Location { coordinates: Some("geo:48.2,16.37".to_owned()), ..named("Room 1") };
        assert_eq!(of(&value), [room, named("Ring 1, Vienna")]);
        assert_eq!(of(&json!({"location": {"displayName": "Garden"}, "locations": []})), [named("Garden")]);
        assert!(of(&json!({"location": {"displayName": ""}, "locations": null})).is_empty());
    }

    #[test]
    fn what_else_is_known_of_a_room_stays_with_it() {
        let now = json!({"locations": [{"displayName": "Room 1", "locationEmailAddress": "r1@x.example"}]});
        let written = write(&[named("Room 1"), named("Garden")], Some(&now));
        assert_eq!(written, [json!({"displayName": "Room 1", "locationEmailAddress": "r1@x.example"}), json!({"displayName": "Garden"})]);
        let there = Location { coordinates: Some("geo:48.2,16.37;u=35".to_owned()), ..named("Hill") };
        assert_eq!(write(&[there], None), [json!({"displayName": "Hill", "coordinates": {"latitude": 48.2, "longitude": 16.37}})]);
    }

    #[test]
    fn the_providers_call_is_read() {
        for (value, expected) in [
            (json!({"onlineMeeting": {"joinUrl": "https://teams.example/1"}, "onlineMeetingUrl": null}), Some("https://teams.example/1")),
            (json!({"onlineMeeting": null, "onlineMeetingUrl": "https://skype.example/1"}), Some("https://skype.example/1")),
            (json!({"onlineMeeting": {"joinUrl": null}}), None),
        ] {
            assert_eq!(call(&Item::new(&value).unwrap()).unwrap().map(|call| call.uri).as_deref(), expected);
        }
    }
}
