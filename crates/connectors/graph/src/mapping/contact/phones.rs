//! Telephone numbers: Graph has five places for them, and Exchange behind it some more.

use super::properties::{ASSISTANT_PHONE, BUSINESS_FAX, CAR, COMPANY_MAIN, HOME_FAX, OTHER_FAX, OTHER_PHONE, PAGER};
use crate::mapping::{Item, Slots};
use pimkit_core::{Phone, Result};
use pimkit_exchange::property::Property;

/// Where a number lies.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// A list of at most two.
    Two(&'static str),
    One(&'static str),
    Extended(&'static Property),
}

/// A place, and what a number in it is.
struct Slot {
    place: Place,
    sort: Sort,
    context: Option<&'static str>,
    label: Option<&'static str>,
}

/// What a number is for, as far as places tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Voice,
    Mobile,
    Fax,
    Pager,
    Main,
}

impl Sort {
    fn of(phone: &Phone) -> Self {
        let has = |feature: &str| phone.features.contains(feature);
        if has("fax") {
            Self::Fax
        } else if has("pager") {
            Self::Pager
        } else if has("main-number") {
            Self::Main
        } else if has("mobile") || has("text") {
            Self::Mobile
        } else {
            Self::Voice
        }
    }

    fn feature(self) -> Option<&'static str> {
        match self {
            Self::Voice => None,
            Self::Mobile => Some("mobile"),
            Self::Fax => Some("fax"),
            Self::Pager => Some("pager"),
            Self::Main => Some("main-number"),
        }
    }
}

const fn slot(place: Place, sort: Sort, context: Option<&'static str>, label: Option<&'static str>) -> Slot {
    Slot { place, sort, context, label }
}

const WORK: Option<&str> = Some("work");
const PRIVATE: Option<&str> = Some("private");

static SLOTS: [Slot; 11] = [
    slot(Place::Two("businessPhones"), Sort::Voice, WORK, None),
    slot(Place::Two("homePhones"), Sort::Voice, PRIVATE, None),
    slot(Place::One("mobilePhone"), Sort::Mobile, None, None),
    slot(Place::Extended(&OTHER_PHONE), Sort::Voice, None, None),
    slot(Place::Extended(&PAGER), Sort::Pager, None, None),
    slot(Place::Extended(&BUSINESS_FAX), Sort::Fax, WORK, None),
    slot(Place::Extended(&HOME_FAX), Sort::Fax, PRIVATE, None),
    slot(Place::Extended(&OTHER_FAX), Sort::Fax, None, None),
    slot(Place::Extended(&COMPANY_MAIN), Sort::Main, WORK, None),
    slot(Place::Extended(&CAR), Sort::Voice, None, Some("Car")),
    slot(Place::Extended(&ASSISTANT_PHONE), Sort::Voice, None, Some("Assistant")),
];

/// How many numbers there is room for.
pub(super) const MOST: u32 = 13;

impl Slot {
    fn room(&self) -> usize {
        if matches!(self.place, Place::Two(_)) { 2 } else { 1 }
    }

    /// How well a number fits, best first; none when it must not lie here: nobody calls a fax.
    fn fits(&self, phone: &Phone) -> Option<u8> {
        let sort = Sort::of(phone);
        let label = |own: &str| phone.label.as_deref().is_some_and(|label| label.eq_ignore_ascii_case(own));
        if let Some(own) = self.label {
            return (sort == Sort::Voice && label(own)).then_some(0);
        }
        let own_context = match self.context {
            Some(context) => phone.contexts.contains(context),
            None => !phone.contexts.contains("work") && !phone.contexts.contains("private"),
        };
        match (self.sort, sort) {
            (Sort::Mobile, Sort::Mobile) => Some(1),
            (Sort::Main, Sort::Main) | (Sort::Pager, Sort::Pager) => Some(1),
            (Sort::Fax, Sort::Fax) | (Sort::Voice, Sort::Voice) => Some(if own_context { 2 } else { 4 }),
            // A second mobile number is better kept as a number of its context than not at all.
            (Sort::Voice, Sort::Mobile | Sort::Main) => Some(if own_context { 3 } else { 5 }),
            _ => None,
        }
    }
}

pub(super) fn read(item: &Item<'_>) -> Result<Vec<Phone>> {
    let mut phones = Vec::new();
    for slot in &SLOTS {
        let numbers = match slot.place {
            Place::Two(name) => item.texts(name)?,
            Place::One(name) => item.text(name)?.into_iter().collect(),
            Place::Extended(property) => item.extended(property).into_iter().collect(),
        };
        phones.extend(numbers.into_iter().map(|number| Phone {
            number: number.to_owned(),
            features: slot.sort.feature().map(str::to_owned).into_iter().collect(),
            contexts: slot.context.map(str::to_owned).into_iter().collect(),
            label: slot.label.map(str::to_owned),
            pref: None,
        }));
    }
    Ok(phones)
}

pub(super) fn write(phones: &[Phone], slots: &mut Slots) {
    let mut held: Vec<Vec<&str>> = SLOTS.iter().map(|_| Vec::new()).collect();
    let mut open: Vec<&Phone> = phones.iter().filter(|phone| !phone.number.is_empty()).collect();
    // Those that fit best first: nobody is driven out of their own place by one that only might lie there.
    for rank in 0..=5 {
        open.retain(|phone| {
            let mut places = SLOTS.iter().zip(held.iter_mut());
            match places.find(|(slot, held)| slot.fits(phone) == Some(rank) && held.len() < slot.room()) {
                Some((_, held)) => {
                    held.push(&phone.number);
                    false
                }
                None => true,
            }
        });
    }
    for (slot, held) in SLOTS.iter().zip(held) {
        match slot.place {
            Place::Two(name) => slots.put(name, held),
            Place::One(name) => slots.text(name, held.first().copied()),
            Place::Extended(property) => slots.extend(property, held.first().copied()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn phone(number: &str, features: &[&str], contexts: &[&str], label: Option<&str>) -> Phone {
        let set = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
        Phone { number: number.to_owned(), features: set(features), contexts: set(contexts), label: label.map(str::to_owned), pref: None }
    }

    fn round_trip(phones: &[Phone]) -> Vec<Phone> {
        let mut slots = Slots::default();
        write(phones, &mut slots);
        let value = serde_json::Value::Object(slots.whole());
        read(&Item::new(&value).unwrap()).unwrap()
    }

    #[test]
    fn every_place_comes_back_as_what_it_is() {
        let mut all = vec![
            phone("1", &[], &["work"], None),
            phone("2", &[], &["work"], None),
            phone("3", &[], &["private"], None),
            phone("4", &["mobile"], &[], None),
            phone("5", &[], &[], None),
            phone("6", &["pager"], &[], None),
            phone("7", &["fax"], &["work"], None),
            phone("8", &["fax"], &["private"], None),
            phone("9", &["fax"], &[], None),
            phone("10", &["main-number"], &["work"], None),
            phone("11", &[], &[], Some("Car")),
            phone("12", &[], &[], Some("Assistant")),
        ];
        assert_eq!(round_trip(&all), all);
        // In whatever order they are named.
        let expected = all.clone();
        all.reverse();
        all.swap(10, 11);
        assert_eq!(round_trip(&all), expected);
    }

    #[test]
    fn what_finds_its_place_taken_lies_nearby_and_no_fax_becomes_a_telephone() {
        let numbers = |phones: &[Phone]| round_trip(phones).into_iter().map(|p| p.number).collect::<Vec<_>>();
        let mobiles: Vec<Phone> = (1..=8).map(|n| phone(&n.to_string(), &["mobile"], &["private"], None)).collect();
        assert_eq!(numbers(&mobiles), ["4", "5", "2", "3", "1", "6"], "business, home, mobile, other");
        let faxes: Vec<Phone> = (1..=5).map(|n| phone(&n.to_string(), &["fax"], &["work"], None)).collect();
        assert_eq!(numbers(&faxes), ["1", "2", "3"]);
        assert_eq!(numbers(&[phone("1", &["pager"], &[], None), phone("2", &["pager"], &[], None)]), ["1"]);
        let own = [
            phone("1", &["mobile"], &["work"], None),
            phone("2", &["mobile"], &["work"], None),
            phone("3", &[], &["work"], None),
            phone("4", &[], &["work"], None),
        ];
        assert_eq!(numbers(&own), ["3", "4", "2", "1"], "a number keeps its own place");
    }

    #[test]
    fn an_empty_place_is_cleared_and_an_equal_one_not_written() {
        let (mut before, mut after) = (Slots::default(), Slots::default());
        write(&[phone("1", &[], &["work"], None), phone("2", &["pager"], &[], None)], &mut before);
        write(&[phone("1", &[], &["work"], None)], &mut after);
        assert_eq!(
            serde_json::Value::Object(after.since(&before)),
            json!({"singleValueExtendedProperties": [{"id": "String 0x3A21", "value": ""}]})
        );
    }
}
