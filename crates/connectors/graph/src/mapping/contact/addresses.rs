//! Postal addresses: three, of which each has a place of its own.

use super::properties::{BUSINESS_BOX, BUSINESS_COUNTRY, HOME_BOX, HOME_COUNTRY, OTHER_BOX, OTHER_COUNTRY};
use crate::mapping::{Item, Slots};
use pimkit_core::{Address, Result};
use pimkit_exchange::property::Property;
use serde_json::{Value, json};

/// A place for an address.
struct Slot {
    name: &'static str,
    context: Option<&'static str>,
    post_office_box: &'static Property,
    country_code: &'static Property,
}

static SLOTS: [Slot; 3] = [
    Slot { name: "businessAddress", context: Some("work"), post_office_box: &BUSINESS_BOX, country_code: &BUSINESS_COUNTRY },
    Slot { name: "homeAddress", context: Some("private"), post_office_box: &HOME_BOX, country_code: &HOME_COUNTRY },
    Slot { name: "otherAddress", context: None, post_office_box: &OTHER_BOX, country_code: &OTHER_COUNTRY },
];

/// How many addresses there is room for.
pub(super) const MOST: u32 = 3;

pub(super) fn read(item: &Item<'_>) -> Result<Vec<Address>> {
    let mut all = Vec::new();
    for slot in &SLOTS {
        let mut address = Address::default();
        if let Some(there) = item.item(slot.name)? {
            let text = |name: &str| Ok::<_, pimkit_core::Error>(there.text(name)?.map(str::to_owned));
            address.street = there.lines("street")?;
            address.locality = text("city")?;
            address.region = text("state")?;
            address.postcode = text("postalCode")?;
            address.country = text("countryOrRegion")?;
        }
        address.post_office_box = item.extended(slot.post_office_box).map(str::to_owned);
        if address == Address::default() {
            continue;
        }
        // A code without an address is left over from one.
        address.country_code = item.extended(slot.country_code).map(str::to_owned);
        address.contexts = slot.context.map(str::to_owned).into_iter().collect();
        all.push(address);
    }
    Ok(all)
}

/// Puts addresses into their places: each into its own where it is free, into another where it is not.
pub(super) fn write(addresses: &[Address], slots: &mut Slots) {
    let mut held: [Option<&Address>; 3] = [None; 3];
    let mut rest = Vec::new();
    for address in addresses {
        let own = |slot: &Slot| match slot.context {
            Some(context) => address.contexts.contains(context),
            None => !address.contexts.contains("work") && !address.contexts.contains("private"),
        };
        match SLOTS.iter().zip(held.iter_mut()).find(|(slot, held)| own(slot) && held.is_none()) {
            Some((_, held)) => *held = Some(address),
            None => rest.push(address),
        }
    }
    // The last place first: "other" says nothing that is wrong.
    for (held, address) in held.iter_mut().rev().filter(|held| held.is_none()).zip(rest) {
        *held = Some(address);
    }
    for (slot, address) in SLOTS.iter().zip(held) {
        slots.put(slot.name, address.map_or_else(none, said));
        slots.extend(slot.post_office_box, address.and_then(|a| a.post_office_box.as_deref()));
        slots.extend(slot.country_code, address.and_then(|a| a.country_code.as_deref()));
    }
}

fn none() -> Value {
    json!({ "street": null, "city": null, "state": null, "postalCode": null, "countryOrRegion": null })
}

fn said(address: &Address) -> Value {
    // There is no place for an apartment; a line of its own in the street is where people write it.
    let lines: Vec<&str> = address.street.as_deref().into_iter().chain(address.apartment.as_deref()).collect();
    let street = if lines.is_empty() { None } else { Some(lines.join("\n")) };
    let in_parts = [&address.locality, &address.region, &address.postcode, &address.country];
    let street = street.or_else(|| address.full.clone().filter(|_| in_parts.iter().all(|part| part.is_none())));
    json!({
        "street": street,
        "city": address.locality,
        "state": address.region,
        "postalCode": address.postcode,
        "countryOrRegion": address.country.as_deref().or(address.country_code.as_deref()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(street: &str, context: &str) -> Address {
        Address {
            street: Some(street.to_owned()),
            contexts: Some(context.to_owned()).filter(|c| !c.is_empty()).into_iter().collect(),
            ..Address::default()
        }
    }

    fn round_trip(addresses: &[Address]) -> Vec<Address> {
        let mut slots = Slots::default();
        write(addresses, &mut slots);
        let value = Value::Object(slots.whole());
        read(&Item::new(&value).unwrap()).unwrap()
    }

    #[test]
    fn every_place_comes_back_with_its_parts() {
        let work = Address {
            post_office_box: Some("9".to_owned()),
            locality: Some("Wien".to_owned()),
            region: Some("W".to_owned()),
            postcode: Some("1010".to_owned()),
            country: Some("Austria".to_owned()),
            country_code: Some("AT".to_owned()),
            ..address("a\nb", "work")
        };
        let all = [work, address("c", "private"), address("d", "")];
        assert_eq!(round_trip(&all), all);
    }

    #[test]
    fn what_finds_its_place_taken_lies_elsewhere_and_a_fourth_nowhere() {
        let streets = |all: &[Address]| round_trip(all).into_iter().filter_map(|a| a.street).collect::<Vec<_>>();
        let two = [address("a", "work"), address("b", "work")];
        assert_eq!(streets(&two), ["a", "b"]);
        let four = [address("a", "work"), address("b", "work"), address("c", "work"), address("d", "private")];
        assert_eq!(streets(&four), ["a", "d", "b"]);
    }

    #[test]
    fn what_has_no_place_of_its_own_is_said_in_the_street_and_nothing_is_lost_of_an_address_in_one_piece() {
        let with = Address { apartment: Some("Top 3".to_owned()), ..address("a", "work") };
        assert_eq!(round_trip(&[with])[0].street.as_deref(), Some("a\nTop 3"));
        let whole = Address { full: Some("a\n1010 Wien".to_owned()), ..Address::default() };
        assert_eq!(round_trip(&[whole])[0].street.as_deref(), Some("a\n1010 Wien"));
        let code = Address { country: None, country_code: Some("AT".to_owned()), ..address("a", "") };
        assert_eq!(round_trip(&[code])[0].country.as_deref(), Some("AT"));
    }

    #[test]
    fn an_address_that_is_gone_is_cleared_part_by_part() {
        let (mut before, mut after) = (Slots::default(), Slots::default());
        write(&[address("a", "work")], &mut before);
        write(&[], &mut after);
        assert_eq!(Value::Object(after.since(&before)), json!({ "businessAddress": none() }));
        assert_eq!(round_trip(&[]), []);
    }
}
