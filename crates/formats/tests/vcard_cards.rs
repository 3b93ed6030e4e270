//! What the cards of real programs say, and what edits of them leave behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod vcard_support;

use pimkit_core::{
    AnniversaryKind, BlobId, BlobRef, Contact, ContactKind, Digest, EmailAddress, Kind, PartialDate, Record, TitleKind, Value,
};
use pimkit_formats::vcard::{cards, group_model, normalised, same_uid};
use pimkit_formats::{FormatError, GroupModel, InlineBlob, InlineBlobs, ParseError, TextRecord};
use vcard_support::{CARDS, options, picture, v4};

fn sample(name: &str) -> &'static [u8] {
    CARDS.iter().find(|(known, _)| *known == name).unwrap().1
}

fn read(name: &str) -> Contact {
    Contact::read(sample(name)).unwrap()
}

fn card(version: &str, lines: &[&str]) -> Vec<u8> {
    format!("BEGIN:VCARD\r\nVERSION:{version}\r\n{}\r\nEND:VCARD\r\n", lines.join("\r\n")).into_bytes()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn set(words: &[&str]) -> std::collections::BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The lines of `after` that are not in `before`, and the other way round.
fn difference(before: &[u8], after: &[u8]) -> (Vec<String>, Vec<String>) {
    let lines = |bytes: &[u8]| text(bytes).lines().map(str::to_owned).collect::<Vec<_>>();
    let (before, after) = (lines(before), lines(after));
    let gone = before.iter().filter(|line| !after.contains(line)).cloned().collect();
    let added = after.iter().filter(|line| !before.contains(line)).cloned().collect();
    (gone, added)
}

/// Reads, changes and patches a card.
fn edited(bytes: &[u8], change: impl FnOnce(&mut Contact)) -> Vec<u8> {
    let base = Contact::read(bytes).unwrap();
    let mut target = base.clone();
    change(&mut target);
    Contact::patch(bytes, &base, &target, &options(), &InlineBlobs::new()).unwrap()
}

#[test]
fn an_apple_card_is_read_with_labels_dates_and_relations() {
    let c = read("apple");
    assert_eq!(c.name.full.as_deref(), Some("Dr. Maja Lindqvist MSc"));
    assert_eq!((c.name.surname.as_deref(), c.name.given2.as_deref()), (Some("Lindqvist"), Some("Sofia")));
    assert_eq!(c.name.surname_phonetic.as_deref(), Some("Lindkvist"));
    assert_eq!(c.organizations[0].units, ["Inköp"]);
    assert_eq!((c.emails[0].contexts.clone(), c.emails[0].pref), (set(&["work"]), Some(1)));
    assert_eq!(c.emails[1].label.as_deref(), Some("Summer house"));
    assert_eq!(c.phones[1].features, set(&["mobile", "voice"]));
    // The property name in capitals and the word in capitals: as a server gave it back.
    assert_eq!((c.phones[2].features.clone(), c.phones[2].label.clone()), (set(&["main-number"]), None));
    assert_eq!(c.addresses[0].country_code.as_deref(), Some("SE"));
    assert_eq!(c.addresses[0].street.as_deref(), Some("Storgatan 5\nport 3"));
    assert_eq!((c.links[0].uri.as_str(), c.links[0].label.as_deref()), ("https://www.granholm.example/maja", Some("HomePage")));
    let dates: Vec<_> = c.anniversaries.iter().map(|day| (day.kind, day.date, day.label.as_deref())).collect();
    assert_eq!(
        dates,
        [
            (AnniversaryKind::Birth, PartialDate::yearless(6, 21), None),
            (AnniversaryKind::Wedding, PartialDate::full(2011, 8, 13), None),
            (AnniversaryKind::Other, PartialDate::full(2015, 5, 2), Some("First boat")),
        ]
    );
    let related: Vec<_> = c.related_to.iter().map(|r| (r.to.as_str(), r.relation.clone(), r.label.as_deref())).collect();
    assert_eq!(related, [("Oskar", set(&["spouse"]), None), ("Vera", set(&["parent"]), Some("Mother"))]);
    // The account that Apple writes twice is one.
    let accounts: Vec<_> = c.online_services.iter().map(|s| (s.service.as_deref(), s.uri.as_deref(), s.user.as_deref())).collect();
    assert_eq!(
        accounts,
        [(Some("Jabber"), Some("xmpp:maja@chat.example"), None), (Some("twitter"), Some("http://twitter.com/majalin"), Some("majalin")),]
    );
    assert_eq!(c.notes, ["Likes tea, not coffee.\nSails."]);
    assert_eq!(c.updated, Some("2025-11-02T08:15:00Z".parse().unwrap()));
    let photo = c.photo.unwrap();
    assert_eq!((photo.media_type.as_str(), photo.size), ("image/jpeg", Some(22)));
    let bytes = Contact::blob(sample("apple"), &photo.id).unwrap().unwrap().bytes;
    assert_eq!(photo.digest, Some(Digest::of(&bytes)));
    assert_eq!(Contact::blob(sample("apple"), &BlobId::from("other")).unwrap(), None);
}

#[test]
fn a_thunderbird_card_of_version_4_is_read() {
    let c = read("thunderbird");
    assert_eq!(c.uid.as_deref(), Some("urn:uuid:2b4c3d10-1111-4222-8333-444455556666"));
    assert_eq!(c.phones[1].number, "+34-91-000-00-00;ext=12");
    assert_eq!((c.phones[1].features.clone(), c.phones[1].contexts.clone()), (set(&["voice"]), set(&["work"])));
    assert_eq!(c.preferred_languages, ["es", "en"]);
    assert_eq!(c.addresses[0].full.as_deref(), Some("Calle Mayor 1\n28013 Madrid"));
    assert_eq!(c.addresses[0].coordinates.as_deref(), Some("geo:40.41,-3.70"));
    assert_eq!(c.anniversaries[0].date, PartialDate::yearless(4, 12));
    assert_eq!(c.related_to[1].to, "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
    assert_eq!(c.photo.unwrap().uri.as_deref(), Some("https://example.es/ines.png"));
}

#[test]
fn outlook_cards_of_version_2_1_are_read_in_their_charset() {
    let c = read("outlook2003");
    assert_eq!(c.name.given.as_deref(), Some("Jörg"));
    assert_eq!(c.titles[0].name, "Geschäftsführer");
    assert_eq!(c.notes, ["Erste Zeile\nZweite; Zeile, lang genug für einen weichen Umbruch"]);
    assert_eq!(c.addresses[0].full.as_deref(), Some("Hauptstraße 7\n10115 Berlin\nDeutschland"));
    assert_eq!(c.emails[0].pref, Some(1));
    let c = read("outlook2007");
    assert_eq!(c.photo.unwrap().media_type, "image/gif");
    assert_eq!(c.phones[1].pref, Some(1));
    let c = read("android");
    assert_eq!((c.name.surname.as_deref(), c.name.given.as_deref()), (Some("田中"), Some("太郎")));
}

#[test]
fn alternatives_and_several_lines_of_a_field_are_read() {
    let c = read("nextcloud");
    assert_eq!(c.name.full.as_deref(), Some("Petra Vogel"));
    assert_eq!((c.name.given2.as_deref(), c.name.credential.as_deref()), (Some("Maria Luise"), Some("Jr., M.D.")));
    assert_eq!(c.keywords, set(&["Chor", "Familie", "Nachbarn"]));
    assert_eq!(c.anniversaries[0].text.as_deref(), Some("circa 1970"));
    assert_eq!(c.anniversaries[1].date, PartialDate { year: Some(2020), month: Some(1), day: None });
    assert_eq!((c.online_services[0].service.as_deref(), c.online_services[0].user.as_deref()), (Some("SKYPE"), Some("petra.vogel")));
    assert_eq!(c.custom["shoeSize"], Value::from(39));
    assert_eq!(c.created, Some("2020-01-02T03:04:05Z".parse().unwrap()));
    let c = read("evolution");
    assert_eq!(c.addresses[0].full.as_deref(), Some("Rua das Flores 1\nPorto"));
    assert_eq!(c.addresses[0].street.as_deref(), Some("Rua das Flores 1, 2.º"));
    assert_eq!(c.addresses[0].coordinates.as_deref(), Some("geo:41.1458,-8.6110"));
    assert_eq!(c.nicknames, ["Ruizinho", "Rui, o alto"]);
    assert_eq!(c.titles[0].kind, TitleKind::Role);
    assert_eq!(c.related_to.len(), 2);
    assert_eq!(read("notes").notes, ["first\nsecond"]);
}

#[test]
fn each_spelling_of_a_date_is_read_and_kept_in_both_versions() {
    let full = PartialDate::full(1985, 4, 12);
    let cases = [
        ("3.0", "BDAY:1985-04-12", full),
        ("4.0", "BDAY:19850412", full),
        ("4.0", "BDAY:1985-04-12", full),
        ("3.0", "BDAY:1985-04-12T23:10:00Z", full),
        ("4.0", "BDAY:19850412T102200-0800", full),
        ("3.0", "BDAY;VALUE=date:19850412", full),
        ("4.0", "BDAY:--0412", PartialDate::yearless(4, 12)),
        ("4.0", "BDAY:--04-12", PartialDate::yearless(4, 12)),
        ("3.0", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-12", PartialDate::yearless(4, 12)),
        ("3.0", "BDAY:1604-04-12", PartialDate::yearless(4, 12)),
        ("4.0", "BDAY:16040412", PartialDate::full(1604, 4, 12)),
        ("4.0", "BDAY:1985", PartialDate { year: Some(1985), month: None, day: None }),
        ("4.0", "BDAY:1985-04", PartialDate { year: Some(1985), month: Some(4), day: None }),
        ("4.0", "BDAY:---12", PartialDate { year: None, month: None, day: Some(12) }),
        ("4.0", "BDAY:--04", PartialDate { year: None, month: Some(4), day: None }),
    ];
    for (version, line, date) in cases {
        let c = Contact::read(&card(version, &[line])).unwrap();
        assert_eq!((c.anniversaries[0].date, &c.anniversaries[0].text), (date, &None), "{line}");
        for options in [options(), v4()] {
            let again = Contact::read(&Contact::author(&c, &options, &InlineBlobs::new()).unwrap()).unwrap();
            assert_eq!(again.anniversaries, c.anniversaries, "{line}");
        }
    }
    for line in ["BDAY:12.04.1985", "BDAY;VALUE=text:1985", "BDAY:1985-13-01"] {
        let c = Contact::read(&card("4.0", &[line])).unwrap();
        assert_eq!(c.anniversaries[0].date, PartialDate::default(), "{line}");
        assert!(c.anniversaries[0].text.is_some(), "{line}");
    }
}

#[test]
fn an_anniversary_that_a_server_says_twice_is_one_and_goes_at_once() {
    let before = card("3.0", &["FN:A", "X-ANNIVERSARY:2011-08-13", "item1.X-ABDATE:2011-08-13", "item1.X-ABLabel:_$!<Anniversary>!$_"]);
    assert_eq!(Contact::read(&before).unwrap().anniversaries.len(), 1);
    let after = edited(&before, |c| c.anniversaries.clear());
    assert_eq!(text(&after), text(&card("3.0", &["FN:A"])));
    let after = edited(&before, |c| c.anniversaries[0].date = PartialDate::full(2012, 8, 13));
    assert_eq!(text(&after), text(&card("3.0", &["FN:A", "X-ANNIVERSARY:2012-08-13"])));
}

#[test]
fn a_changed_element_keeps_its_label_group_and_foreign_parameters() {
    let after = edited(sample("apple"), |c| c.emails[1].address = "maja@new.example".to_owned());
    let (gone, added) = difference(sample("apple"), &after);
    assert_eq!(gone, ["item1.EMAIL;type=INTERNET;X-SEEN-BY=filter:maja.private@example.org", "REV:2025-11-02T08:15:00Z"]);
    assert_eq!(added, ["item1.EMAIL;type=INTERNET;X-SEEN-BY=filter:maja@new.example", "REV:2026-03-01T10:00:00Z"]);
}

#[test]
fn a_changed_use_keeps_the_type_words_that_the_record_does_not_know() {
    let after = edited(sample("apple"), |c| c.emails[0].contexts = set(&["private"]));
    let (gone, added) = difference(sample("apple"), &after);
    assert_eq!(gone[0], "EMAIL;type=INTERNET;type=WORK;type=pref:maja@granholm.example");
    assert_eq!(added[0], "EMAIL;TYPE=INTERNET,pref,HOME:maja@granholm.example");
}

#[test]
fn a_label_is_changed_added_and_removed_with_its_line() {
    let label = |label: Option<&str>| {
        let label = label.map(str::to_owned);
        edited(sample("apple"), |c| c.emails[1].label = label)
    };
    assert_eq!(difference(sample("apple"), &label(Some("Boat"))).1, ["item1.X-ABLabel:Boat", "REV:2026-03-01T10:00:00Z"]);
    let (gone, added) = difference(sample("apple"), &label(None));
    assert_eq!((gone[0].as_str(), added.len()), ("item1.X-ABLabel:Summer house", 1));
    let after = text(&edited(sample("apple"), |c| c.emails[0].label = Some("Desk".to_owned())));
    assert!(after.contains("item9.EMAIL;type=INTERNET;type=WORK;type=pref:maja@granholm.example\nitem9.X-ABLabel:Desk\n"), "{after}");
}

#[test]
fn an_added_element_stands_beside_its_like_and_a_removed_one_takes_its_label() {
    let after = edited(sample("google"), |c| {
        c.emails.push(EmailAddress { address: "third@example.org".to_owned(), ..EmailAddress::default() });
        c.phones.remove(1);
    });
    let (gone, added) = difference(sample("google"), &after);
    assert_eq!(gone, ["item1.TEL:+234 1 270 0000", "item1.X-ABLabel:Grand Central", "REV:2024-01-30T17:00:00.123Z"]);
    assert_eq!(added, ["EMAIL;TYPE=INTERNET:third@example.org", "REV:2026-03-01T10:00:00Z"]);
    let after = text(&after);
    assert!(after.find("c.okafor").unwrap() < after.find("third@").unwrap() && after.find("third@").unwrap() < after.find("TEL").unwrap());
}

#[test]
fn one_part_of_a_name_is_changed_and_the_others_keep_their_spelling() {
    let after = edited(sample("nextcloud"), |c| c.name.given = Some("Petra Ann".to_owned()));
    let (gone, added) = difference(sample("nextcloud"), &after);
    assert_eq!(gone, ["N:Vogel;Petra;Maria,Luise;;Jr.,M.D.", "REV:20240506T070809Z"]);
    assert_eq!(added, ["N:Vogel;Petra Ann;Maria,Luise;;Jr.,M.D.", "REV:20260301T100000Z"]);
}

#[test]
fn an_alternative_in_another_language_stays_when_the_first_is_edited() {
    let after = edited(sample("nextcloud"), |c| c.name.full = Some("Petra V.".to_owned()));
    let (gone, added) = difference(sample("nextcloud"), &after);
    assert_eq!((gone[0].as_str(), added[0].as_str()), ("FN;LANGUAGE=de;ALTID=1:Petra Vogel", "FN;LANGUAGE=de;ALTID=1:Petra V."));
    assert!(text(&after).contains("FN;LANGUAGE=en;ALTID=1:Petra Bird\n"));
}

#[test]
fn a_keyword_comes_and_goes_without_its_neighbours_being_rewritten() {
    let after = edited(sample("nextcloud"), |c| {
        c.keywords.remove("Chor");
        c.keywords.insert("neu, wichtig".to_owned());
    });
    let (gone, added) = difference(sample("nextcloud"), &after);
    assert_eq!(gone[..2], ["CATEGORIES:Familie,Chor".to_owned(), "CATEGORIES:Nachbarn".to_owned()]);
    assert_eq!(added[..2], ["CATEGORIES:Familie".to_owned(), "CATEGORIES:Nachbarn,neu\\, wichtig".to_owned()]);
}

#[test]
fn an_edited_line_of_a_2_1_card_is_valid_2_1() {
    let after = edited(sample("outlook2007"), |c| {
        c.name.given = Some("Hélène".to_owned());
        c.phones[0].contexts = set(&["private"]);
    });
    let (gone, added) = difference(sample("outlook2007"), &after);
    assert_eq!(gone, ["N;LANGUAGE=en-us:Marsh;Helen;K.;Ms.", "TEL;WORK;VOICE:01632 960001", "REV:20100521T073000Z"]);
    assert_eq!(
        added,
        [
            "N;LANGUAGE=en-us;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Marsh;H=C3=A9l=C3=",
            "=A8ne;K.;Ms.",
            "TEL;VOICE;HOME:01632 960001",
            "REV:20260301T100000Z"
        ]
    );
}

#[test]
fn a_name_in_full_is_minted_where_there_is_none_and_not_read_back() {
    let contact = |set: &dyn Fn(&mut Contact)| Contact::build(|c| set(c));
    let cases: [(Contact, &str); 6] = [
        (contact(&|c| (c.name.given, c.name.surname) = (Some("Jane".to_owned()), Some("Doe".to_owned()))), "Jane Doe"),
        (contact(&|c| c.organizations = vec![pimkit_core::Organization { name: Some("Acme".to_owned()), units: vec![] }]), "Acme"),
        (contact(&|c| c.nicknames = vec!["Jay".to_owned()]), "Jay"),
        (contact(&|c| c.emails = vec![EmailAddress { address: "j@example.org".to_owned(), ..EmailAddress::default() }]), "j@example.org"),
        (contact(&|c| c.uid = Some("u-1".to_owned())), "u-1"),
        (Contact::default(), "Unnamed"),
    ];
    for (contact, minted) in cases {
        for options in [options(), v4()] {
            let written = Contact::author(&contact, &options, &InlineBlobs::new()).unwrap();
            assert!(text(&written).contains(&format!("FN;DERIVED=TRUE:{minted}\r\n")), "{}", text(&written));
            assert_eq!(Contact::read(&written).unwrap().name.full, None);
        }
    }
    // It follows the parts, and gives way to a real one.
    let derived = card("4.0", &["N:Doe;Jane;;;", "FN;DERIVED=TRUE:Jane Doe"]);
    assert!(text(&edited(&derived, |c| c.name.surname = Some("Roe".to_owned()))).contains("FN;DERIVED=TRUE:Jane Roe\r\n"));
    assert!(text(&edited(&derived, |c| c.name.full = Some("Mrs. Doe".to_owned()))).contains("FN:Mrs. Doe\r\n"));
    let real = card("4.0", &["N:Doe;Jane;;;", "FN:Mrs. Doe"]);
    assert!(text(&edited(&real, |c| c.name.full = None)).contains("FN;DERIVED=TRUE:Jane Doe\r\n"));
    // A card without FN is not given one by an edit elsewhere.
    let without = card("3.0", &["N:Doe;Jane;;;"]);
    assert!(!text(&edited(&without, |c| c.notes.push("x".to_owned()))).contains("FN"));
}

#[test]
fn a_second_surname_is_told_from_the_first() {
    let contact = Contact::build(|c| {
        c.name.full = Some("Gabriel García García".to_owned());
        c.name.surname = Some("García".to_owned());
        c.name.surname2 = Some("García".to_owned());
    });
    let v3 = Contact::author(&contact, &options(), &InlineBlobs::new()).unwrap();
    assert!(text(&v3).contains("N:García,García;;;;\r\n"));
    let v4 = Contact::author(&contact, &v4(), &InlineBlobs::new()).unwrap();
    assert!(text(&v4).contains("N:García,García;;;;;García\r\n"));
    // A comma that was not escaped is none.
    let sloppy = Contact::read(&card("3.0", &["N:Doe, Jr.;John;;;"])).unwrap();
    assert_eq!((sloppy.name.surname.as_deref(), sloppy.name.surname2), (Some("Doe, Jr."), None));
}

#[test]
fn an_apple_group_is_read_changed_and_written_in_its_form() {
    let group = read("apple-group");
    assert_eq!((group.kind, group.name.surname.as_deref()), (ContactKind::Group, None));
    assert_eq!(group.members, set(&["6E2F1A7C-94F1-4A0C-9F6D-0C3C1E0B7A11", "0B1D2E3F-0000-4000-8000-00000000ABCD-ABPlugin"]));
    let after = edited(sample("apple-group"), |c| {
        c.name.full = Some("Rowing club".to_owned());
        c.members.insert("F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6".to_owned());
    });
    let (_, added) = difference(sample("apple-group"), &after);
    let member = "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6";
    assert_eq!(added, ["N:Rowing club", "FN:Rowing club", member, "REV:2026-03-01T10:00:00Z"]);
}

#[test]
fn each_group_model_writes_members_in_its_way_or_not_at_all() {
    let group = Contact::build(|c| {
        c.kind = ContactKind::Group;
        c.name.full = Some("Club".to_owned());
        c.members = set(&["f81d4fae-7dec-11d0-a765-00a0c91e6bf6"]);
        c.keywords = set(&["Sport"]);
    });
    let cases = [
        (options().with_groups(GroupModel::Apple), "X-ADDRESSBOOKSERVER-KIND:group", Some("X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:f81d4fae")),
        (v4().with_groups(GroupModel::Kind), "KIND:group", Some("MEMBER:urn:uuid:f81d4fae")),
        (options().with_groups(GroupModel::Categories), "X-ADDRESSBOOKSERVER-KIND:group", None),
        (v4().with_groups(GroupModel::Collections), "KIND:group", None),
    ];
    for (options, kind, member) in cases {
        let written = text(&Contact::author(&group, &options, &InlineBlobs::new()).unwrap());
        assert!(written.contains(&format!("\r\n{kind}\r\n")) && written.contains("CATEGORIES:Sport"), "{written}");
        assert_eq!(written.contains("MEMBER"), member.is_some(), "{written}");
        assert!(member.is_none_or(|member| written.contains(member)), "{written}");
        let members = Contact::text_fields(&options).into_iter().find(|field| field.field.as_str() == "members").unwrap();
        assert_eq!(members.write, member.is_some());
    }
}

#[test]
fn an_address_book_tells_its_group_model_by_its_cards() {
    let v4_group = card("4.0", &["FN:A", "KIND:group"]);
    let model = |cards: &[&[u8]]| group_model(cards.iter().copied()).unwrap();
    assert_eq!(model(&[sample("google"), sample("apple-group")]), Some(GroupModel::Apple));
    assert_eq!(model(&[sample("google"), &v4_group]), Some(GroupModel::Kind));
    assert_eq!(model(&[sample("google"), sample("apple")]), Some(GroupModel::Categories));
    assert_eq!(model(&[sample("apple")]), None);
    assert!(same_uid("urn:uuid:F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"));
    assert!(!same_uid("a", "A"));
}

#[test]
fn photos_of_every_spelling_are_read() {
    let png = "iVBORw0KGgo=";
    let cases = [
        ("3.0", format!("PHOTO;ENCODING=b;TYPE=PNG:{png}")),
        ("3.0", format!("PHOTO;ENCODING=b,b;TYPE=JPEG,jpeg:{png}")),
        ("3.0", format!("PHOTO;ENCODING=BASE64;TYPE=PNG:{png}")),
        ("3.0", format!("PHOTO;VALUE=binary:{png}")),
        ("3.0", format!("PHOTO;VALUE=URI:DATA:IMAGE/PNG;BASE64\\,{png}")),
        ("4.0", format!("PHOTO:data:image/png;base64,{png}")),
        ("4.0", "PHOTO:data:image/png,%89PNG%0D%0A%1A%0A".to_owned()),
        ("2.1", format!("PHOTO;PNG;BASE64:{png}")),
    ];
    for (version, line) in cases {
        let photo = Contact::read(&card(version, &[&line])).unwrap().photo.unwrap();
        assert_eq!((photo.media_type.as_str(), photo.size), ("image/png", Some(8)), "{line}");
    }
    for line in ["PHOTO:", "PHOTO;VALUE=binaryþuri:x", "PHOTO;ENCODING=b:!!"] {
        assert_eq!(Contact::read(&card("3.0", &[line])).unwrap().photo, None, "{line}");
    }
}

#[test]
fn a_photo_is_replaced_only_when_its_bytes_differ_and_never_without_bytes() {
    let base = read("apple");
    let bytes = Contact::blob(sample("apple"), &base.photo.as_ref().unwrap().id).unwrap().unwrap().bytes;
    // The other side's reference to the same bytes: nothing to do, nothing to open.
    let same = Contact::build(|c| {
        *c = base.clone();
        c.photo = Some(BlobRef { digest: Some(Digest::of(&bytes)), ..picture(b"elsewhere") });
    });
    let patch = |target: &Contact, blobs: &InlineBlobs| Contact::patch(sample("apple"), &base, target, &options(), blobs);
    assert_eq!(text(&patch(&same, &InlineBlobs::new()).unwrap()), text(sample("apple")));
    let mut other = base.clone();
    other.photo = Some(picture(b"GIF89a..."));
    assert_eq!(patch(&other, &InlineBlobs::new()), Err(FormatError::MissingBlob { field: "photo" }));
    let given = InlineBlob { media_type: String::new(), bytes: b"GIF89a...".to_vec() };
    let blobs = InlineBlobs::from([(other.photo.as_ref().unwrap().id.clone(), given)]);
    let after = patch(&other, &blobs).unwrap();
    let (_, added) = difference(sample("apple"), &after);
    assert_eq!(added, ["PHOTO;ENCODING=b;TYPE=GIF:R0lGODlhLi4u", "REV:2026-03-01T10:00:00Z"]);
    // Bytes that are not those of the digest are not the picture.
    let wrong = InlineBlob { media_type: String::new(), bytes: b"other".to_vec() };
    let blobs = InlineBlobs::from([(other.photo.as_ref().unwrap().id.clone(), wrong)]);
    assert_eq!(patch(&other, &blobs), Err(FormatError::MissingBlob { field: "photo" }));
    let mut none = base.clone();
    none.photo = None;
    assert!(!text(&patch(&none, &InlineBlobs::new()).unwrap()).contains("PHOTO"));
}

#[test]
fn custom_fields_of_any_name_and_type_are_written_as_documented() {
    let contact = Contact::build(|c| {
        c.name.full = Some("A".to_owned());
        c.custom.insert("colour".to_owned(), Value::from("blue"));
        c.custom.insert("shoeSize".to_owned(), Value::from(43));
        c.custom.insert("靴; \"x\"\n".to_owned(), Value::from(true));
    });
    let written = Contact::author(&contact, &options(), &InlineBlobs::new()).unwrap();
    let lines = text(&written);
    assert!(lines.contains("X-PIMKIT-COLOUR:blue\r\n"), "{lines}");
    assert!(lines.contains("X-PIMKIT-SHOESIZE;X-NAME=shoeSize;VALUE=integer:43\r\n"), "{lines}");
    assert!(lines.contains("X-PIMKIT-X;X-NAME=\"靴; ^'x^'^n\";VALUE=boolean:TRUE\r\n"), "{lines}");
    assert_eq!(Contact::read(&written).unwrap().custom, contact.custom);
}

#[test]
fn what_the_text_has_beyond_the_base_stays() {
    // The base is what the caller saw: one address. The text has two, one of them spelt otherwise.
    let before = card("3.0", &["FN:A", "EMAIL;TYPE=HOME:Seen@example.org", "EMAIL:unseen@example.org"]);
    let mut base = Contact::read(&before).unwrap();
    base.emails = vec![EmailAddress { address: "seen@example.org".to_owned(), ..EmailAddress::default() }];
    let mut target = base.clone();
    target.emails[0].pref = Some(1);
    let patched = Contact::patch(&before, &base, &target, &options(), &InlineBlobs::new()).unwrap();
    assert_eq!(text(&patched), text(&card("3.0", &["FN:A", "EMAIL;TYPE=PREF:seen@example.org", "EMAIL:unseen@example.org"])));
    target.emails.clear();
    let patched = Contact::patch(&before, &base, &target, &options(), &InlineBlobs::new()).unwrap();
    assert_eq!(text(&patched), text(&card("3.0", &["FN:A", "EMAIL:unseen@example.org"])));
}

#[test]
fn a_label_that_two_lines_share_is_not_changed_for_the_other() {
    let before = card("3.0", &["FN:A", "item1.EMAIL:a@example.org", "item1.TEL:1", "item1.X-ABLabel:Both"]);
    let after = Contact::read(&edited(&before, |c| c.emails[0].label = Some("Mail".to_owned()))).unwrap();
    assert_eq!((after.emails[0].label.as_deref(), after.phones[0].label.as_deref()), (Some("Mail"), Some("Both")));
    let after = Contact::read(&edited(&before, |c| c.emails.clear())).unwrap();
    assert_eq!(after.phones[0].label.as_deref(), Some("Both"));
}

#[test]
fn resources_that_are_no_single_card_are_refused_with_a_reason() {
    let read = |text: &str| Contact::read(text.as_bytes()).unwrap_err();
    let event = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    assert_eq!(read(event), FormatError::OtherKind { found: Kind::Event });
    assert_eq!(read(&event.replace("VEVENT", "VTODO")), FormatError::OtherKind { found: Kind::Task });
    assert_eq!(read(""), FormatError::Nothing { component: "VCARD" });
    assert_eq!(read("BEGIN:VLIST\r\nEND:VLIST\r\n"), FormatError::Nothing { component: "VCARD" });
    let two = "BEGIN:VCARD\r\nFN:A\r\nEND:VCARD\r\nBEGIN:VCARD\r\nFN:B\r\nEND:VCARD\r\n";
    assert_eq!(read(two), FormatError::Several { component: "VCARD", line: 4 });
    assert_eq!(read("BEGIN:VCARD\r\nFN:secret\r\n"), FormatError::Parse(ParseError::Unclosed { line: 1 }));
    assert!(!read("BEGIN:VCARD\r\nFN:secret\r\n").to_string().contains("secret"));
    let each = cards(two.as_bytes()).unwrap();
    assert_eq!(each.iter().map(|card| Contact::read(card).unwrap().name.full.unwrap()).collect::<Vec<_>>(), ["A", "B"]);
}

#[test]
fn a_date_that_a_vcard_cannot_say_is_an_error_and_not_another_date() {
    let contact = Contact::build(|c| {
        c.anniversaries.push(pimkit_core::Anniversary {
            date: PartialDate { year: Some(1990), month: None, day: Some(3) },
            ..pimkit_core::Anniversary::default()
        });
    });
    let error = Contact::author(&contact, &options(), &InlineBlobs::new()).unwrap_err();
    assert!(matches!(error, FormatError::Unwritable { field, .. } if field == "anniversaries"));
}

#[test]
fn the_normal_form_takes_away_only_what_a_card_cannot_say() {
    let contact = Contact::build(|c| {
        c.name.full = Some("  Jane ".to_owned());
        c.notes = vec!["one\r\ntwo".to_owned(), "  ".to_owned()];
        c.emails = vec![EmailAddress { label: Some("empty".to_owned()), ..EmailAddress::default() }];
        c.members = set(&["urn:uuid:1"]);
    });
    let normal = normalised(&contact);
    assert_eq!(normal.name.full.as_deref(), Some("Jane"));
    assert_eq!((normal.notes, normal.emails, normal.members), (vec!["one\ntwo".to_owned()], vec![], set(&["1"])));
}

#[test]
fn a_line_of_no_address_does_not_come_to_belong_to_an_added_one() {
    let after = edited(sample("evolution"), |c| {
        c.addresses.push(pimkit_core::Address {
            locality: Some("Lisboa".to_owned()),
            contexts: set(&["work"]),
            ..pimkit_core::Address::default()
        });
    });
    let read = Contact::read(&after).unwrap();
    assert_eq!((read.addresses.len(), read.addresses[1].full.as_deref()), (2, None));
    assert!(text(&after).contains("LABEL;TYPE=WORK:somewhere else\n"));
    // A place that was an address of its own stays one.
    let after = edited(&card("3.0", &["FN:A", "GEO:1;2"]), |c| {
        c.addresses.push(pimkit_core::Address { locality: Some("Lisboa".to_owned()), ..pimkit_core::Address::default() });
    });
    let places: Vec<_> = Contact::read(&after).unwrap().addresses.into_iter().map(|a| (a.locality, a.coordinates)).collect();
    assert_eq!(places, [(None, Some("geo:1,2".to_owned())), (Some("Lisboa".to_owned()), None)]);
}

#[test]
fn a_card_of_very_many_lines_of_one_sort_is_read_without_comparing_each_with_each() {
    // With each line compared with each other one, this would take minutes.
    let many = |line: &dyn Fn(usize) -> String| {
        card("3.0", &(0..30_000).map(line).collect::<Vec<_>>().iter().map(String::as_str).collect::<Vec<_>>())
    };
    let cases: [&dyn Fn(usize) -> String; 6] = [
        &|n| format!("item1.EMAIL;ALTID={n}:{n}@example.org"),
        &|n| format!("CATEGORIES:c{n}"),
        &|n| format!("LANG:x-{n}"),
        &|n| if n % 2 == 0 { format!("ADR;TYPE=x{n}:;;{n}") } else { format!("LABEL;TYPE=x{}:{n}", n - 1) },
        &|n| if n % 2 == 0 { format!("IMPP;X-SERVICE-TYPE=AIM:aim:{n}") } else { format!("X-AIM:{}", n - 1) },
        &|n| format!("BDAY;VALUE=text:{n}"),
    ];
    for case in cases {
        let read = Contact::read(&many(case)).unwrap();
        assert!(!read.fields().is_empty());
        assert_eq!(read.differing(&normalised(&read)), vec![]);
    }
}
