//! What holds for every contact and every card.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod vcard_support;

use pimkit_core::{Contact, Field, Fields, Record};
use pimkit_formats::text::Document;
use pimkit_formats::vcard::{normalised, properties};
use pimkit_formats::{FormatError, InlineBlobs, TextRecord};
use proptest::prelude::*;
use proptest::sample::select;
use vcard_support::{CARDS, blobs, contact, every_option, options, raw_contact};

fn said(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// The record with these of the other's fields in place of its own.
fn with_fields_of(base: &Contact, other: &Contact, paths: &[String]) -> Contact {
    let mut fields = Fields::new();
    for path in paths {
        fields.insert(Field::from(path.clone()), other.get(path).unwrap_or(serde_json::Value::Null));
    }
    base.with(&fields).unwrap()
}

/// Every line of the card as it stands in the file, with its name and group.
fn lines(text: &[u8]) -> Vec<(String, Option<String>, Vec<u8>)> {
    let document = Document::parse(text.to_vec()).unwrap();
    let card = document.component("VCARD").unwrap();
    let raw = card.lines().map(|line| {
        let group = line.group().map(str::to_ascii_lowercase);
        (line.name().to_ascii_uppercase(), group, line.raw().unwrap().to_vec())
    });
    raw.collect()
}

/// The lines that an edit of these fields must leave alone, in order.
fn outside(text: &[u8], fields: &[Field]) -> Vec<Vec<u8>> {
    let owned: Vec<String> = fields.iter().flat_map(|field| properties(field.as_str())).map(|name| name.to_ascii_uppercase()).collect();
    let all = lines(text);
    let is_owned =
        |name: &str| name == "REV" || owned.iter().any(|own| own == name || (own.ends_with('-') && name.starts_with(own.as_str())));
    let groups: Vec<&String> = all.iter().filter(|(name, ..)| is_owned(name)).filter_map(|(_, group, _)| group.as_ref()).collect();
    let free = all.iter().filter(|(name, group, _)| {
        let beside = matches!(name.as_str(), "X-ABLABEL" | "X-ABADR" | "LABEL" | "GEO");
        let attached = beside && group.as_ref().is_some_and(|group| groups.contains(&group));
        !(is_owned(name) || attached)
    });
    free.map(|(_, _, raw)| raw.clone()).collect()
}

/// 48, since each case makes several cards; PROPTEST_CASES asks for more.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(48)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_authored_card_gives_the_record_back(contact in contact()) {
        let all = blobs(&contact);
        for options in every_option() {
            let text = Contact::author(&contact, &options, &all).unwrap();
            let read = Contact::read(&text).unwrap();
            prop_assert_eq!(contact.differing(&read), vec![], "{}", said(&text));
        }
    }

    #[test]
    fn a_record_as_it_comes_is_given_back_in_normal_form(contact in raw_contact()) {
        let normal = normalised(&contact);
        prop_assert_eq!(&normalised(&normal), &normal);
        let all = blobs(&contact);
        for options in every_option() {
            let text = Contact::author(&contact, &options, &all).unwrap();
            let read = Contact::read(&text).unwrap();
            prop_assert_eq!(normal.differing(&read), vec![], "{}", said(&text));
        }
    }

    #[test]
    fn a_patched_authored_card_says_the_target(from in contact(), to in contact()) {
        for options in every_option() {
            let text = Contact::author(&from, &options, &blobs(&from)).unwrap();
            let base = Contact::read(&text).unwrap();
            let patched = Contact::patch(&text, &base, &to, &options, &blobs(&to)).unwrap();
            let read = Contact::read(&patched).unwrap();
            prop_assert_eq!(to.differing(&read), vec![], "{}\n-> {}", said(&text), said(&patched));
        }
    }

    #[test]
    fn a_patch_of_some_fields_says_them_and_leaves_all_other_lines_alone(
        (name, text) in select(&CARDS[..]),
        to in contact(),
        paths in proptest::collection::vec(select(field_paths()), 1..4),
    ) {
        let base = Contact::read(text).unwrap();
        let target = normalised(&with_fields_of(&base, &to, &paths));
        let patched = match Contact::patch(text, &base, &target, &options(), &blobs(&to)) {
            Ok(patched) => patched,
            // vCard 2.1 cannot escape a comma in a list: the error names the field and nothing is written.
            Err(FormatError::Unwritable { field, .. }) if said(text).contains("VERSION:2.1") => {
                prop_assert!(properties(&field) != [""; 0], "{field}");
                return Ok(());
            }
            Err(error) => panic!("{name}: {error}"),
        };
        let read = Contact::read(&patched).unwrap();
        prop_assert_eq!(target.differing(&read), vec![], "{}: {}", name, said(&patched));
        let changed = base.differing(&target);
        if changed.is_empty() {
            prop_assert_eq!(said(&patched), said(text));
        }
        let after: Vec<Vec<u8>> = lines(&patched).into_iter().map(|(_, _, raw)| raw).collect();
        let mut rest = after.iter();
        for line in outside(text, &changed) {
            prop_assert!(rest.any(|kept| *kept == line), "{name}: {} is gone or moved in {}", said(&line), said(&patched));
        }
    }

    #[test]
    fn no_bytes_make_reading_or_patching_panic(bytes in "\\PC{0,200}", to in contact()) {
        let text = format!("BEGIN:VCARD\n{bytes}\nEND:VCARD\n");
        for text in [bytes.as_bytes(), text.as_bytes()] {
            if let Ok(base) = Contact::read(text) {
                _ = Contact::patch(text, &base, &to, &options(), &blobs(&to));
            }
        }
    }
}

fn field_paths() -> Vec<String> {
    let paths = Contact::catalogue().fields().iter().map(|field| field.path.to_owned());
    paths.chain(["custom.shoeSize".to_owned(), "custom.a b".to_owned()]).collect()
}

#[test]
fn a_patch_without_a_difference_is_the_same_bytes() {
    for (name, text) in CARDS {
        let base = Contact::read(text).unwrap();
        let patched = Contact::patch(text, &base, &base, &options(), &InlineBlobs::new()).unwrap();
        assert_eq!(said(&patched), said(text), "{name}");
    }
}

#[test]
fn a_card_that_is_read_is_in_normal_form() {
    for (name, text) in CARDS {
        let read = Contact::read(text).unwrap();
        assert_eq!(read.differing(&normalised(&read)), vec![], "{name}");
    }
}

#[test]
fn the_fields_of_a_sample_card_survive_a_card_of_either_version() {
    for (name, text) in CARDS {
        let read = Contact::read(text).unwrap();
        let mut all = InlineBlobs::new();
        if let Some(photo) = &read.photo {
            all.extend(Contact::blob(text, &photo.id).unwrap().map(|blob| (photo.id.clone(), blob)));
        }
        for options in every_option() {
            let again = Contact::read(&Contact::author(&read, &options, &all).unwrap()).unwrap();
            assert_eq!(read.differing(&again), vec![], "{name}");
        }
    }
}
