//! Sample cards, and contacts of every sort.

#![allow(dead_code)]

use pimkit_core::{
    Address, Anniversary, AnniversaryKind, BlobId, BlobRef, Contact, ContactKind, Digest, EmailAddress, Link, Name, OnlineService,
    Organization, PartialDate, Phone, Record, Relation, Title, TitleKind, Value,
};
use pimkit_formats::vcard::normalised;
use pimkit_formats::{Authoring, CardVersion, GroupModel, InlineBlob, InlineBlobs};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeSet;

/// Cards in the style of the programs that write them.
pub(crate) const CARDS: [(&str, &[u8]); 10] = [
    ("android", include_bytes!("../cards/android.vcf")),
    ("apple", include_bytes!("../cards/apple.vcf")),
    ("apple-group", include_bytes!("../cards/apple-group.vcf")),
    ("evolution", include_bytes!("../cards/evolution.vcf")),
    ("google", include_bytes!("../cards/google.vcf")),
    ("nextcloud", include_bytes!("../cards/nextcloud.vcf")),
    ("notes", include_bytes!("../cards/notes.vcf")),
    ("outlook2003", include_bytes!("../cards/outlook2003.vcf")),
    ("outlook2007", include_bytes!("../cards/outlook2007.vcf")),
    ("thunderbird", include_bytes!("../cards/thunderbird.vcf")),
];

pub(crate) fn options() -> Authoring {
    Authoring::new("2026-03-01T10:00:00Z".parse().unwrap(), "-//example//test//EN")
}

pub(crate) fn v4() -> Authoring {
    options().with_card_version(CardVersion::V4).with_groups(GroupModel::Kind)
}

/// Every way to author a card that keeps all fields.
pub(crate) fn every_option() -> [Authoring; 4] {
    let kind = GroupModel::Kind;
    [options(), v4(), options().with_groups(kind), v4().with_groups(GroupModel::Apple)]
}

/// Text with everything that a format could trip over.
fn text() -> BoxedStrategy<String> {
    prop_oneof![
        3 => "[a-zA-Z]{1,12}",
        2 => "[a-zA-Z ,;:.\\\\\"'^=%\n\t<>_$!äß日ø€😀-]{1,40}",
        1 => "\\PC{1,12}",
        1 => "[a-z ,]{70,200}",
        1 => select(vec!["\\n", "\\", "a\\", "^n", "=0D=0A", "urn:uuid:x", "tel:1", "Home", "_$!<Home>!$_", "a,b;c", "\u{feff}x", "x\ry", "x\r\ny"])
            .prop_map(str::to_owned),
    ]
    .boxed()
}

fn uri() -> impl Strategy<Value = String> {
    prop_oneof!["https://[a-z]{1,8}\\.example/[a-z,;%=&?]{0,30}", "mailto:[a-z]{1,5}@example\\.org", text()]
}

fn contexts(words: &'static [&'static str]) -> impl Strategy<Value = BTreeSet<String>> {
    let known = btree_set(select(words).prop_map(str::to_owned), 0..3);
    prop_oneof![6 => known, 1 => btree_set(text(), 0..2)]
}

fn pref() -> impl Strategy<Value = Option<u8>> {
    prop_oneof![2 => Just(None), 1 => Just(Some(1)), 1 => (1_u8..=100).prop_map(Some)]
}

fn label() -> impl Strategy<Value = Option<String>> {
    prop_oneof![4 => Just(None), 2 => text().prop_map(Some), 1 => select(vec!["Other", "HomePage", "Mother", "Anniversary"]).prop_map(|s| Some(s.to_owned()))]
}

const USES: &[&str] = &["private", "work"];
const PLACES: &[&str] = &["private", "work", "billing", "delivery"];
const FEATURES: &[&str] = &["mobile", "voice", "text", "video", "main-number", "textphone", "fax", "pager"];

fn name() -> impl Strategy<Value = Name> {
    (of(text()), of(text()), of(text()), of(text()), of(text()), of(text()), of(text()), of(text()), of(text())).prop_map(
        |(full, title, given, given2, surname, surname2, credential, given_phonetic, surname_phonetic)| Name {
            full,
            title,
            given,
            given2,
            surname,
            surname2,
            credential,
            given_phonetic,
            surname_phonetic,
        },
    )
}

fn address() -> impl Strategy<Value = Address> {
    let code = prop_oneof![Just(None), Just(Some("AT".to_owned())), of("[a-z]{2,4}")];
    let place = prop_oneof![Just(None), Just(Some("geo:48.2010,16.3695".to_owned())), Just(Some("geo:1,2;u=40".to_owned()))];
    (
        (of(text()), of(text()), of(text()), of(text()), of(text())),
        (of(text()), of(text()), of(text()), code, place),
        (contexts(PLACES), label(), pref()),
    )
        .prop_map(
            |((full, post_office_box, apartment, street, locality), (region, postcode, country, country_code, coordinates), marks)| {
                Address {
                    full,
                    post_office_box,
                    apartment,
                    street,
                    locality,
                    region,
                    postcode,
                    country,
                    country_code,
                    coordinates,
                    contexts: marks.0,
                    label: marks.1,
                    pref: marks.2,
                }
            },
        )
}

fn date() -> impl Strategy<Value = PartialDate> {
    let (year, month, day) = (prop_oneof![Just(1604_i16), 0_i16..=9999], 1_i8..=12, 1_i8..=31);
    (year, month, day, 0..6_u8).prop_map(|(year, month, day, shape)| match shape {
        0 => PartialDate::yearless(month, day),
        1 => PartialDate { year: Some(year), month: Some(month), day: None },
        2 => PartialDate { year: Some(year), month: None, day: None },
        3 => PartialDate { year: None, month: Some(month), day: None },
        4 => PartialDate { year: None, month: None, day: Some(day) },
        _ => PartialDate::full(year, month, day),
    })
}

fn anniversaries() -> impl Strategy<Value = Vec<Anniversary>> {
    use AnniversaryKind::{Birth, Death, Other, Wedding};
    let one = |kind: AnniversaryKind| {
        (of(date()), of(text()), label()).prop_map(move |(date, text, label)| Anniversary {
            kind,
            date: date.unwrap_or_default(),
            text,
            label,
        })
    };
    (of(one(Birth)), of(one(Death)), of(one(Wedding)), vec(one(Other), 0..3))
        .prop_map(|(birth, death, wedding, others)| birth.into_iter().chain(death).chain(wedding).chain(others).collect())
}

fn service() -> impl Strategy<Value = OnlineService> {
    let name = prop_oneof![select(vec!["AIM", "Jabber", "Skype", "twitter", "Mastodon", "home", "a, b"]).prop_map(str::to_owned), text()];
    let uri = prop_oneof![uri(), select(vec!["xmpp:a@b.example", "x-apple:me", "aim:me"]).prop_map(str::to_owned)];
    (of(name), of(uri), of(text()), contexts(USES), label(), pref()).prop_map(|(service, uri, user, contexts, label, pref)| OnlineService {
        service,
        uri,
        user,
        contexts,
        label,
        pref,
    })
}

fn relation() -> impl Strategy<Value = Relation> {
    let to = prop_oneof![text(), Just("urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6".to_owned())];
    let words = prop_oneof![
        4 => btree_set(select(vec!["spouse", "child", "parent", "sibling", "agent", "colleague"]).prop_map(str::to_owned), 0..3),
        1 => btree_set(text(), 0..2),
    ];
    (to, words, label()).prop_map(|(to, relation, label)| Relation { to, relation, label })
}

fn custom_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        text().prop_map(Value::String),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e300_f64..1e300).prop_map(Value::from),
        Just(Value::String("true".to_owned())),
        Just(Value::String("42".to_owned())),
    ]
}

/// A picture, its bytes known by their digest.
pub(crate) fn picture(bytes: &[u8]) -> BlobRef {
    BlobRef {
        id: BlobId::from(format!("far-{}", bytes.len())),
        media_type: "image/png".to_owned(),
        size: Some(bytes.len() as u64),
        digest: Some(Digest::of(bytes)),
        uri: None,
    }
}

/// The bytes of [`picture`]s.
pub(crate) fn blobs(contact: &Contact) -> InlineBlobs {
    let bytes = |n: usize| [b"\x89PNG\r\n\x1a\n".as_slice(), &vec![7_u8; n]].concat();
    let all = (0..200).map(bytes).map(|bytes| (picture(&bytes).id, InlineBlob { media_type: "image/png".to_owned(), bytes }));
    let wanted = contact.photo.as_ref().map(|photo| photo.id.clone());
    all.filter(|(id, _)| Some(id) == wanted.as_ref()).collect()
}

fn photo() -> impl Strategy<Value = BlobRef> {
    let address = Just(BlobRef { id: "x".into(), uri: Some("https://example.org/a,b.png".to_owned()), ..BlobRef::default() });
    let inline = (0_usize..200).prop_map(|n| picture(&[b"\x89PNG\r\n\x1a\n".as_slice(), &vec![7_u8; n]].concat()));
    prop_oneof![address, inline]
}

fn kind() -> impl Strategy<Value = ContactKind> {
    use ContactKind::{Application, Device, Group, Individual, Location, Org};
    prop_oneof![4 => Just(Individual), 3 => select(vec![Group, Org, Location, Device, Application])]
}

/// A contact as records come: nothing trimmed, nothing left out.
pub(crate) fn raw_contact() -> BoxedStrategy<Contact> {
    let email = (text(), contexts(USES), label(), pref()).prop_map(|(address, contexts, label, pref)| EmailAddress {
        address,
        contexts,
        label,
        pref,
    });
    let number = prop_oneof!["\\+?[0-9 ()/.-]{3,15}", text()];
    let phone = (number, contexts(FEATURES), contexts(USES), label(), pref()).prop_map(|(number, features, contexts, label, pref)| Phone {
        number,
        features,
        contexts,
        label,
        pref,
    });
    let organization = (of(text()), vec(text(), 0..3)).prop_map(|(name, units)| Organization { name, units });
    let title =
        (text(), any::<bool>()).prop_map(|(name, role)| Title { name, kind: if role { TitleKind::Role } else { TitleKind::Title } });
    let rel = prop_oneof![2 => Just(None), 1 => Just(Some("contact".to_owned())), 1 => of(text())];
    let link = (uri(), rel, of(text()), contexts(USES), label(), pref()).prop_map(|(uri, rel, media_type, contexts, label, pref)| Link {
        uri,
        rel,
        media_type,
        contexts,
        label,
        pref,
    });
    let identity =
        (of(prop_oneof!["[0-9A-F]{8}", text(), Just("urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6".to_owned())]), kind(), name());
    let lists = (vec(text(), 0..3), vec(organization, 0..3), vec(title, 0..3), vec(email, 0..4), vec(phone, 0..4));
    let more = (vec(service(), 0..3), vec("[a-z]{2}(-[A-Z]{2})?", 0..3), vec(address(), 0..3), anniversaries(), vec(link, 0..3));
    let rest = (of(photo()), vec(text(), 0..3), btree_set(text(), 0..4), btree_set(text(), 0..3), vec(relation(), 0..3));
    let (identity, lists, more, rest) = (identity.boxed(), lists.boxed(), more.boxed(), rest.boxed());
    (identity, lists, more, rest, btree_map(text(), custom_value(), 0..3))
        .prop_map(|(identity, lists, more, rest, custom)| {
            Contact::build(|c| {
                (c.uid, c.kind, c.name) = identity;
                (c.nicknames, c.organizations, c.titles, c.emails, c.phones) = lists;
                (c.online_services, c.preferred_languages, c.addresses, c.anniversaries, c.links) = more;
                (c.photo, c.notes, c.keywords, c.members, c.related_to) = rest;
                c.custom = custom;
            })
        })
        .boxed()
}

/// A contact in its normal form.
pub(crate) fn contact() -> BoxedStrategy<Contact> {
    raw_contact().prop_map(|contact| normalised(&contact)).boxed()
}
