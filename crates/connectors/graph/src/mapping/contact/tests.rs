//! What becomes of each property, in tables.

use super::*;
use crate::mapping::extended::{LIST, entry};
use pimkit_core::{EmailAddress, Fields, PartialDate, Phone};
use pimkit_exchange::property::Property;
use serde_json::json;

fn body(contact: &Contact) -> Value {
    Value::Object(create(contact, &Mark::of("m")).unwrap())
}

/// What a contact comes back as.
fn again(contact: &Contact) -> Contact {
    read(&body(contact)).unwrap()
}

fn patch(base: &Contact, target: &Contact, now: Option<&Value>) -> Value {
    Value::Object(change(base, target, None, now).unwrap())
}

fn full() -> Contact {
    Contact::build(|c| {
        c.uid = Some("u-1".to_owned());
        c.name.full = Some("Dr. Ada M. Lovelace PhD".to_owned());
        c.name.title = Some("Dr.".to_owned());
        c.name.given = Some("Ada".to_owned());
        c.name.given2 = Some("M.".to_owned());
        c.name.surname = Some("Lovelace".to_owned());
        c.name.credential = Some("PhD".to_owned());
        c.name.given_phonetic = Some("eida".to_owned());
        c.name.surname_phonetic = Some("lavleis".to_owned());
        c.nicknames = vec!["A".to_owned()];
        c.organizations = vec![Organization { name: Some("Acme".to_owned()), units: vec!["Engines".to_owned()] }];
        c.titles =
            vec![Title { name: "Engineer".to_owned(), kind: TitleKind::Title }, Title { name: "Chair".to_owned(), kind: TitleKind::Role }];
        c.emails = vec![EmailAddress { address: "ada@example.org".to_owned(), ..EmailAddress::default() }];
        c.phones = vec![Phone { number: "1".to_owned(), contexts: ["work".to_owned()].into(), ..Phone::default() }];
        c.online_services = vec![
            OnlineService { uri: Some("xmpp:ada@example.org".to_owned()), ..OnlineService::default() },
            OnlineService { user: Some("ada".to_owned()), ..OnlineService::default() },
        ];
        c.anniversaries = vec![
            Anniversary { kind: AnniversaryKind::Birth, date: PartialDate::yearless(12, 10), ..Anniversary::default() },
            Anniversary { kind: AnniversaryKind::Wedding, date: PartialDate::full(1835, 7, 8), ..Anniversary::default() },
        ];
        c.links = vec![
            Link { uri: "https://a.example/".to_owned(), ..Link::default() },
            Link { uri: "https://b.example/".to_owned(), contexts: ["private".to_owned()].into(), ..Link::default() },
        ];
        c.notes = vec!["one\ntwo".to_owned()];
        c.keywords = ["Tea, green".to_owned(), "VIP".to_owned()].into();
        c.related_to = vec![
            Relation { to: "William".to_owned(), relation: ["spouse".to_owned()].into(), label: None },
            Relation { to: "Byron".to_owned(), relation: ["child".to_owned()].into(), label: None },
            Relation { to: "Annabella".to_owned(), relation: ["child".to_owned()].into(), label: None },
            Relation { to: "Charles".to_owned(), relation: [].into(), label: Some("Manager".to_owned()) },
            Relation { to: "Mary".to_owned(), relation: ["agent".to_owned()].into(), label: Some("Assistant".to_owned()) },
        ];
        c.custom = [("Region".to_owned(), json!("North")), ("Size".to_owned(), json!(3)), ("Vip".to_owned(), json!(true))].into();
    })
}

#[test]
fn what_is_managed_comes_back_as_it_was() {
    assert_eq!(again(&full()), full());
    assert_eq!(again(&Contact::default()), Contact::default());
    assert_eq!(body(&Contact::default()), json!({LIST: [entry(&MARK, "m".into())]}), "nothing else is written");
    assert_eq!(mark(&body(&full())), Some(Mark::of("m")));
}

#[test]
fn nulls_everywhere_and_properties_that_nobody_knows_are_no_trouble() {
    let mut value = json!({"id": "1", "@odata.etag": "W/\"1\"", "newer": {"deep": [1, null]}, "flag": {"flagStatus": "unheardOf"}});
    for name in SELECT.split(',').filter(|name| *name != "id") {
        value[name] = Value::Null;
    }
    value[LIST] = Value::Null;
    assert_eq!(read(&value).unwrap(), Contact::default());
    value["emailAddresses"] = json!([null, {"name": null, "address": null}]);
    value["homeAddress"] = json!({"street": null});
    value["categories"] = json!([null]);
    assert_eq!(read(&value).unwrap(), Contact::default());
}

#[test]
fn what_is_of_another_type_makes_the_contact_unreadable_and_not_emptier() {
    for (name, odd) in [
        ("displayName", json!(5)),
        ("emailAddresses", json!("a@example.org")),
        ("emailAddresses", json!([5])),
        ("businessPhones", json!({})),
        ("homeAddress", json!("street")),
        ("birthday", json!("yesterday")),
        ("categories", json!("x")),
        (LIST, json!("x")),
    ] {
        let error = read(&json!({"id": "1", name: odd})).unwrap_err();
        assert!(error.kind() == ErrorKind::InvalidData && error.to_string().contains(name), "{name}: {error}");
    }
}

#[test]
fn a_birthday_is_its_day_whatever_zone_it_was_written_in() {
    for (written, expected) in [
        ("1815-12-10T11:59:00Z", PartialDate::full(1815, 12, 10)),
        ("1815-12-10T00:00:00Z", PartialDate::full(1815, 12, 10)),
        ("1815-12-09T22:00:00Z", PartialDate::full(1815, 12, 10)),
        ("1604-02-29T11:59:00Z", PartialDate::yearless(2, 29)),
    ] {
        let read = read(&json!({"birthday": written})).unwrap();
        assert_eq!(read.anniversaries.first().map(|a| a.date), Some(expected), "{written}");
    }
    assert_eq!(body(&full())["birthday"], "1604-12-10T11:59:00Z");
}

#[test]
fn a_change_writes_what_differs_and_nothing_else() {
    let field = |path: &str, value: Value| full().with(&Fields::from([(Field::from(path), value)])).unwrap();
    for (target, expected) in [
        (full(), json!({})),
        (field("notes", json!(["other"])), json!({"personalNotes": "other"})),
        (field("notes", Value::Null), json!({"personalNotes": null})),
        (field("keywords", Value::Null), json!({"categories": []})),
        (field("nicknames", json!(["B", "C"])), json!({"nickName": "B"})),
        (field("titles", json!([{"name": "Engineer"}])), json!({"profession": null})),
        (field("organizations", json!([{"name": "Acme"}])), json!({"department": null})),
        (field("anniversaries", Value::Null), json!({"birthday": null, LIST: [entry(&properties::WEDDING, Value::Null)]})),
        (field("links", json!([{"uri": "https://a.example/"}])), json!({LIST: [entry(&properties::PERSONAL_HOME_PAGE, "".into())]})),
        (
            field("relatedTo", json!([{"to": "William", "relation": ["spouse"]}])),
            json!({"children": [], "manager": null, "assistantName": null}),
        ),
        // There is no place for these.
        (field("members", json!(["urn:uuid:1"])), json!({})),
        (field("preferredLanguages", json!(["de"])), json!({})),
    ] {
        assert_eq!(patch(&full(), &target, None), expected);
    }
}

#[test]
fn fields_that_nobody_read_stay_even_where_they_share_a_property() {
    let now = json!({LIST: [entry(&CUSTOM, r#"{"Region":"North","Unread":1}"#.into())]});
    let base = Contact::build(|c| c.custom = [("Region".to_owned(), json!("North"))].into());
    let target = Contact::build(|c| c.custom = [("New".to_owned(), json!("x"))].into());
    assert!(needs_now(&base, &target));
    assert_eq!(patch(&base, &target, Some(&now)), json!({LIST: [entry(&CUSTOM, r#"{"New":"x","Unread":1}"#.into())]}));
}

#[test]
fn a_name_goes_with_its_display_name_and_stays_filed_as_it_was() {
    let now = |file_as: &str| json!({"displayName": "Ada Lovelace", "givenName": "Ada", "surname": "Lovelace", "fileAs": file_as});
    let base = read(&now("")).unwrap();
    let target = base.with(&Fields::from([(Field::of("name.surname"), "King".into())])).unwrap();
    assert!(needs_now(&base, &target));
    for (file_as, expected) in [("Lovelace, Ada", "King, Ada"), ("Ada Lovelace", "Ada Lovelace"), ("Countess", "Countess")] {
        let body = patch(&base, &target, Some(&now(file_as)));
        assert_eq!(body, json!({"surname": "King", "displayName": "Ada Lovelace", "fileAs": expected}), "{file_as}");
    }
    let renamed = target.with(&Fields::from([(Field::of("name.full"), "Ada King".into())])).unwrap();
    assert_eq!(
        patch(&base, &renamed, Some(&now("Ada Lovelace"))),
        json!({"surname": "King", "displayName": "Ada King", "fileAs": "Ada King"})
    );
    // A display name that was not read is not cleared, and not made anew.
    let (base, target) = (Contact::default(), Contact::build(|c| c.name.given = Some("Augusta".to_owned())));
    let body = patch(&base, &target, Some(&now("")));
    assert_eq!(body, json!({"givenName": "Augusta", "displayName": "Ada Lovelace"}));
}

#[test]
fn addresses_that_stay_are_not_written() {
    let now = json!({"emailAddresses": [{"name": "Ada (work)", "address": "ada@example.org"}]});
    let base = read(&now).unwrap();
    let target = Contact::build(|c| {
        c.emails = base.emails.clone();
        c.notes = vec!["n".to_owned()];
    });
    assert!(!needs_now(&base, &target));
    assert_eq!(patch(&base, &target, None), json!({"personalNotes": "n"}));
    let target = Contact::build(|c| {
        c.emails = base.emails.clone();
        c.emails.push(EmailAddress { address: "b@example.org".to_owned(), ..EmailAddress::default() });
    });
    let expected = json!([{"name": "Ada (work)", "address": "ada@example.org"}, {"name": "b@example.org", "address": "b@example.org"}]);
    assert_eq!(patch(&base, &target, Some(&now)), json!({"emailAddresses": expected}));
}

#[test]
fn a_written_contact_is_known_with_the_properties_that_no_answer_brings_along() {
    let other = Property::of_graph_id("String 0x3a21").unwrap();
    let before = json!({LIST: [entry(&MARK, "m".into()), {"id": "string 0x3A21", "value": "old"}]});
    let sent = json!({LIST: [entry(&other, "new".into())]}).as_object().cloned().unwrap();
    let now = after(json!({"id": "1"}), Some(&before), &sent);
    let item = Item::new(&now).unwrap();
    assert_eq!((item.extended(&MARK), item.extended(&other)), (Some("m"), Some("new")));
}

#[test]
fn limits_are_declared_for_fields_that_there_are() {
    let all = fields();
    let many = |path: &str| all.iter().find(|f| f.field.as_str() == path).and_then(|f| f.many);
    assert_eq!((many("emails"), many("addresses"), many("notes"), many("keywords")), (Some(3), Some(3), Some(1), None));
    assert!(!all.iter().any(|f| f.field.as_str() == "members"));
}

fn labelled() -> Contact {
    full()
        .with(&Fields::from([
            (
                Field::of("emails"),
                json!([{"address": "ada@example.org", "contexts": ["work"], "pref": 1}, {"address": "b@example.org", "label": "Boat"}]),
            ),
            (
                Field::of("phones"),
                json!([{"number": "1", "features": ["mobile"], "contexts": ["private"]}, {"number": "2", "features": ["mobile"]}]),
            ),
            (Field::of("onlineServices"), json!([{"service": "Mastodon", "uri": "https://social.example/@ada", "user": "ada"}])),
            (Field::of("addresses"), json!([{"street": "a", "apartment": "Top 3", "label": "Summer", "contexts": ["work"]}])),
            (Field::of("organizations"), json!([{"name": "Acme", "units": ["Engines", "Tea"]}])),
        ]))
        .unwrap()
}

#[test]
fn what_there_is_no_place_for_is_kept_aside_of_every_value() {
    assert_eq!(again(&labelled()).emails, labelled().emails);
    assert_eq!(again(&labelled()), labelled());
}

#[test]
fn a_value_that_was_changed_in_outlook_is_read_as_it_is_there() {
    let mut value = body(&labelled());
    // Its mobile number is another; the address at work is spelt otherwise.
    value["mobilePhone"] = json!("3");
    value["emailAddresses"][0]["address"] = json!("ada@example.com");
    let read = read(&value).unwrap();
    assert_eq!(read.phones.iter().find(|p| p.number == "3").map(|p| p.contexts.len()), Some(0));
    assert_eq!(
        read.emails.iter().map(|e| (e.address.as_str(), e.label.as_deref())).collect::<Vec<_>>(),
        [("ada@example.com", None), ("b@example.org", Some("Boat"))]
    );
    value[LIST] = json!([entry(&ASIDE, "{\"emails\": 5, \"phones\": [5, {\"as\": 1}]}".into())]);
    assert_eq!(super::read(&value).unwrap().emails.len(), 2, "whatever somebody wrote there");
}

#[test]
fn a_change_keeps_what_is_aside_of_other_fields() {
    let now = body(&labelled());
    let base = super::read(&now).unwrap();
    let of = |field: &'static str, value: Value| base.with(&Fields::from([(Field::of(field), value)])).unwrap();
    let target = of("phones", json!([]));
    assert!(needs_now(&base, &target));
    let written = patch(&base, &target, Some(&now));
    let after = after(now.clone(), Some(&now), written.as_object().unwrap());
    let mut after = after.as_object().cloned().unwrap();
    after.extend(written.as_object().cloned().unwrap().into_iter().filter(|(name, _)| name != LIST));
    assert_eq!(super::read(&Value::Object(after)).unwrap(), target);
    // Only what is kept aside differs: an address becomes one of work.
    let target =
        of("emails", json!([{"address": "ada@example.org", "contexts": ["private"]}, {"address": "b@example.org", "label": "Boat"}]));
    let written = patch(&base, &target, Some(&now));
    assert_eq!(written.as_object().unwrap().keys().collect::<Vec<_>>(), [LIST]);
    // Nothing of it changes: nothing is read before.
    assert!(!needs_now(&base, &of("notes", json!(["x"]))));
}

#[test]
fn what_finds_no_place_is_named() {
    let named = |base: Option<&Contact>, target: &Contact| {
        without_place(base, target).into_iter().map(|(field, _)| field.to_string()).collect::<Vec<_>>()
    };
    let title = |name: &str| Title { name: name.to_owned(), kind: TitleKind::Title };
    let whole = full();
    assert_eq!(named(None, &whole), Vec::<String>::new());
    let mut more = whole.clone();
    more.titles.push(title("Chair of another"));
    more.phones = (0..6).map(|n| Phone { number: n.to_string(), ..Phone::default() }).collect();
    more.related_to.push(Relation { to: "Mary".to_owned(), relation: ["friend".to_owned()].into(), label: None });
    assert_eq!(named(None, &more), ["phones", "relatedTo"], "of titles two are said to be kept, and everybody knows");
    let mut other = more.clone();
    other.phones[0].number = "9".to_owned();
    assert_eq!(named(Some(&more), &other), ["phones"], "what a write does not speak of is not its matter");
}

#[test]
fn a_second_title_of_a_sort_lies_in_the_other_place_and_stays_what_it_is() {
    let title = |name: &str, kind| Title { name: name.to_owned(), kind };
    for kind in [TitleKind::Title, TitleKind::Role] {
        let two = Contact::build(|c| c.titles = vec![title("One", kind), title("Two", kind)]);
        let written = body(&two);
        assert!(written["jobTitle"].is_string() && written["profession"].is_string(), "{written}");
        let mut there = again(&two).titles;
        there.sort_by(|a, b| a.name.cmp(&b.name));
        assert_eq!(there, two.titles);
        assert_eq!(without_place(None, &two).len(), 0);
    }
}

#[test]
fn a_number_that_lies_in_anothers_place_is_changed_where_it_lies() {
    let phone = |number: &str| Phone { number: number.to_owned(), ..Phone::default() };
    let mut there = body(&Contact::build(|c| c.phones = vec![phone("1"), phone("2")]));
    there["id"] = "c".into();
    let mut base = read(&there).unwrap();
    // Two that are alike, in whatever order a record names them.
    base.phones.reverse();
    for left in ["1", "2"] {
        let target = Contact::build(|c| c.phones = vec![phone(left)]);
        let change = change(&base, &target, None, Some(&there)).unwrap();
        let mut after = there.clone();
        for (name, value) in &change {
            after[name] = value.clone();
        }
        after["singleValueExtendedProperties"] = self::after(json!({}), Some(&there), &change)["singleValueExtendedProperties"].clone();
        let numbers: Vec<String> = read(&after).unwrap().phones.into_iter().map(|phone| phone.number).collect();
        assert_eq!(numbers, [left]);
    }
}
