//! Another parser reads the cards that we author.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod vcard_support;

use calcard::vcard::{VCard, VCardProperty};
use pimkit_core::{Contact, EmailAddress, Record};
use pimkit_formats::{InlineBlobs, TextRecord};
use proptest::prelude::*;
use vcard_support::{options, v4};

fn texts(card: &VCard, property: &VCardProperty) -> Vec<String> {
    let entries = card.entries.iter().filter(|entry| entry.name == *property);
    entries.map(|entry| entry.values.iter().filter_map(|value| value.as_text()).collect::<Vec<_>>().join(",")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn another_parser_sees_the_same_name_and_addresses(
        full in "[A-Za-zäöß日本;\\\\\"':]([A-Za-zäöß日本 ;\\\\\"':]{0,120}[a-z])?",
        addresses in proptest::collection::vec("[a-z]{1,8}@[a-z]{1,60}\\.example", 0..4),
    ) {
        let contact = Contact::build(|c| {
            c.name.full = Some(full.clone());
            c.emails = addresses.iter().map(|address| EmailAddress { address: address.clone(), ..EmailAddress::default() }).collect();
        });
        for options in [options(), v4()] {
            let text = String::from_utf8(Contact::author(&contact, &options, &InlineBlobs::new()).unwrap()).unwrap();
            let card = VCard::parse(&text).unwrap();
            prop_assert_eq!(texts(&card, &VCardProperty::Fn), vec![full.clone()], "{}", text);
            prop_assert_eq!(texts(&card, &VCardProperty::Email), addresses.clone(), "{}", text);
        }
    }
}

#[test]
fn another_parser_reads_every_sample_card_that_we_author_anew() {
    for (name, text) in vcard_support::CARDS {
        let read = Contact::read(text).unwrap();
        let mut blobs = InlineBlobs::new();
        if let Some(photo) = &read.photo {
            blobs.extend(Contact::blob(text, &photo.id).unwrap().map(|blob| (photo.id.clone(), blob)));
        }
        for options in vcard_support::every_option() {
            let text = String::from_utf8(Contact::author(&read, &options, &blobs).unwrap()).unwrap();
            let card = VCard::parse(&text).unwrap_or_else(|_| panic!("{name}: refused\n{text}"));
            assert_eq!(texts(&card, &VCardProperty::Fn).first(), read.name.full.as_ref(), "{name}");
            assert_eq!(texts(&card, &VCardProperty::Email).len(), read.emails.len(), "{name}");
        }
    }
}
