//! Reading and writing records as the engine does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::executor::block_on;
use pimkit_core::{
    Change, ChangeOptions, Connector, Contact, ContactKind, Delete, EmailAddress, ErrorKind, Event, Fetched, ItemId, Key, Kind, Mark,
    Message, Outcome, Position, Record, Removal, Task, When, Write,
};
use pimkit_local::{FieldType, Local, Options};
use serde_json::json;
use world::*;

#[test]
fn a_create_with_the_same_mark_gives_back_the_first_item_while_it_is_there_and_makes_another_when_it_was_deleted() {
    let store = store();
    let ada = person("Ada", "ada@example.org");
    let (id, revision) = create(&store, "contacts", "m1", &ada);
    assert_eq!(create(&store, "contacts", "m1", &ada), (id.clone(), revision.clone()));
    let found = find::<Contact>(&store, "contacts", Key::Mark("m1".into()));
    assert_eq!((found.len(), &found[0].record, &found[0].mark), (1, &ada, &Some(Mark::from("m1"))));

    for mode in [Delete::Trash, Delete::Permanent] {
        let mark = format!("{mode:?}");
        let (id, revision) = create(&store, "contacts", &mark, &ada);
        assert!(matches!(write(&store, "contacts", Write::<Contact>::Delete { id: id.clone(), revision, mode }), Outcome::Written { .. }));
        let again = create(&store, "contacts", &mark, &ada);
        assert_ne!(again.0, id, "a deleted item stays deleted");
        assert!(matches!(fetch::<Contact>(&store, "contacts", &id), Fetched::Gone));
        assert!(matches!(fetch::<Contact>(&store, "contacts", &again.0), Fetched::Found(_)));
        assert_eq!(create(&store, "contacts", &mark, &ada), again, "the second one holds the mark");
        if mode == Delete::Trash {
            // Back from the trash it is another item, and the mark is not its own any more.
            block_on(store.restore(Kind::Contact, &id)).unwrap();
            assert_eq!(block_on(store.get::<Contact>(&id)).unwrap().mark, None);
        }
        let found = find::<Contact>(&store, "contacts", Key::Mark(mark.as_str().into()));
        assert_eq!(found.iter().map(|s| &s.id).collect::<Vec<_>>(), [&again.0]);
    }
}

#[test]
fn every_kind_comes_back_as_it_was_written() {
    let store = store();
    fn round_trip<R: Record>(store: &Local, collection: &str, record: R) {
        let (id, revision) = create(store, collection, "m", &record);
        let Fetched::Found(stored) = fetch::<R>(store, collection, &id) else { panic!("{collection}") };
        assert_eq!((stored.record, stored.revision), (record, revision));
    }
    round_trip(&store, "contacts", person("Ada", "ada@example.org"));
    round_trip(
        &store,
        "calendar",
        Event::build(|e| {
            e.uid = Some("e1".into());
            e.start = Some(When::floating("2026-03-02T10:00".parse().unwrap()));
            e.sequence = 3;
        }),
    );
    round_trip(&store, "tasks", Task::build(|t| t.title = Some("Call".into())));
    round_trip(&store, "activities", Message::build(|m| m.subject = Some("Hello".into())));
    round_trip(&store, "users", pimkit_core::User::build(|u| u.login = Some("ann".into())));
}

#[test]
fn an_update_changes_only_the_fields_in_which_base_and_target_differ() {
    let store = store();
    let base = person("Ada", "ada@example.org");
    let (id, revision) = create(&store, "contacts", "m1", &base);
    let edited = block_on(store.edit::<Contact>(&id, |c| c.notes = vec!["kept".into()])).unwrap();
    let target = base.with(&[("nicknames".into(), json!(["A"]))].into()).unwrap();
    let update = |revision| Write::Update {
        id: id.clone(),
        revision,
        base: Box::new(base.clone()),
        target: Box::new(target.clone()),
        mark: Some("m2".into()),
    };
    // Planned against the version before the edit: a conflict that shows the item.
    let Outcome::Conflict { now: Some(now) } = write(&store, "contacts", update(revision)) else { panic!("no conflict") };
    assert_eq!(now.record.notes, ["kept"]);
    let Outcome::Written { now: Some(now), left_out, .. } = write(&store, "contacts", update(edited.revision)) else {
        panic!("not written")
    };
    assert!(left_out.is_empty());
    assert_eq!(
        (now.record.notes.clone(), now.record.nicknames.clone(), now.mark),
        (vec!["kept".into()], vec!["A".into()], Some("m2".into()))
    );
    // Nothing to change: the version stays.
    let same = Write::Update {
        id: id.clone(),
        revision: now.revision.clone(),
        base: Box::new(target.clone()),
        target: Box::new(target.clone()),
        mark: None,
    };
    assert!(matches!(write(&store, "contacts", same), Outcome::Written { revision: Some(r), .. } if r == now.revision));
    let gone = Write::Delete::<Contact> { id: "999".into(), revision: "1".into(), mode: Delete::Permanent };
    assert!(matches!(write(&store, "contacts", gone), Outcome::Conflict { now: None }));
}

#[test]
fn logged_mail_is_never_changed_deleted_or_moved() {
    let store = store();
    let mail = Message::build(|m| m.subject = Some("Hello".into()));
    let (id, revision) = create(&store, "activities", "m1", &mail);
    let mut keyword = mail.clone();
    keyword.keywords.insert("$seen".into());
    let (base, target) = (Box::new(mail.clone()), Box::new(keyword));
    for refused in [
        Write::Update { id: id.clone(), revision: revision.clone(), base, target, mark: None },
        Write::Delete { id: id.clone(), revision: revision.clone(), mode: Delete::Trash },
        Write::Delete { id: id.clone(), revision: revision.clone(), mode: Delete::Permanent },
        Write::Move { id: id.clone(), revision, to: "activities".into() },
    ] {
        assert!(matches!(write(&store, "activities", refused), Outcome::Refused(e) if e.kind() == ErrorKind::Unsupported));
    }
    assert_eq!(block_on(store.delete(Kind::Message, &id)).unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(block_on(store.edit::<Message>(&id, |m| m.subject = None)).unwrap_err().kind(), ErrorKind::Unsupported);
    let Fetched::Found(stored) = fetch::<Message>(&store, "activities", &id) else { panic!("gone") };
    assert_eq!((stored.record, stored.access), (mail, pimkit_core::Access::Read));
}

#[test]
fn the_feed_names_what_happened_since_and_a_whole_round_names_everything() {
    let store = store();
    let ids: Vec<ItemId> =
        (0..5).map(|n| create(&store, "contacts", &format!("m{n}"), &person(&format!("P{n}"), "p@example.org")).0).collect();
    create(&store, "companies", "other", &person("Acme", "acme@example.org"));
    let (first, cursor, complete) = round::<Contact>(&store, "contacts", None);
    assert_eq!((said(&first), complete), (ids.iter().map(|id| format!("{id}")).collect::<Vec<_>>(), true));
    let (nothing, cursor, complete) = round::<Contact>(&store, "contacts", Some(&cursor));
    assert_eq!((nothing.len(), complete), (0, false));

    block_on(store.edit::<Contact>(&ids[1], |c| c.notes = vec!["x".into()])).unwrap();
    block_on(store.delete(Kind::Contact, &ids[2])).unwrap();
    let revision = block_on(store.get::<Contact>(&ids[3])).unwrap().revision;
    let moved = write(&store, "contacts", Write::<Contact>::Move { id: ids[3].clone(), revision, to: "companies".into() });
    assert!(matches!(&moved, Outcome::Written { id, .. } if *id == ids[3]));
    let (changes, cursor, _) = round::<Contact>(&store, "contacts", Some(&cursor));
    assert_eq!(said(&changes), [ids[1].to_string(), format!("-{}", ids[2]), format!("-{}", ids[3])]);
    let reasons: Vec<_> =
        changes.iter().filter_map(|c| if let Change::Removed { reason, .. } = c { Some(*reason) } else { None }).collect();
    assert_eq!(reasons, [Removal::Deleted, Removal::Left]);
    // A company is of kind org, wherever it came from.
    let Fetched::Found(company) = fetch::<Contact>(&store, "companies", &ids[3]) else { panic!("not moved") };
    assert_eq!(company.record.kind, ContactKind::Org);
    assert!(matches!(fetch::<Contact>(&store, "contacts", &ids[3]), Fetched::Gone));

    block_on(store.restore(Kind::Contact, &ids[2])).unwrap();
    let (changes, _, _) = round::<Contact>(&store, "contacts", Some(&cursor));
    assert_eq!(said(&changes), [ids[2].to_string()]);
}

#[test]
fn a_token_of_another_collection_or_store_or_of_an_older_copy_is_expired() {
    let store = store();
    create(&store, "contacts", "m", &person("Ada", "a@example.org"));
    let (_, cursor, _) = round::<Contact>(&store, "contacts", None);
    let ask = |store: &Local, collection: &str| {
        block_on(store.contacts().unwrap().changes(&collection.into(), Position::Since(&cursor), &ChangeOptions::default()))
            .map_err(|e| e.kind())
            .err()
    };
    assert_eq!(ask(&store, "contacts"), None);
    assert_eq!(ask(&store, "leads"), Some(ErrorKind::CursorExpired));
    assert_eq!(ask(&store, "nowhere"), Some(ErrorKind::CollectionGone));
    let other = Local::in_memory(Options::default().account("b")).unwrap();
    assert_eq!(ask(&other, "contacts"), Some(ErrorKind::CursorExpired));
    // The same account, but its feed has not come that far.
    let older = Local::in_memory(Options::default().account("test")).unwrap();
    assert_eq!(ask(&older, "contacts"), Some(ErrorKind::CursorExpired));
}

#[test]
fn a_window_names_only_the_events_that_touch_it() {
    let store = store();
    let event = |day: &str| {
        Event::build(|e| {
            e.start = Some(When::zoned(format!("{day}T10:00").parse().unwrap(), "UTC"));
            e.end = Some(When::zoned(format!("{day}T11:00").parse().unwrap(), "UTC"));
        })
    };
    let (inside, _) = create(&store, "calendar", "m1", &event("2026-03-03"));
    create(&store, "calendar", "m2", &event("2026-05-03"));
    let mut options = ChangeOptions::default();
    options.window = Some(("2026-03-01T00:00:00Z".parse().unwrap(), "2026-04-01T00:00:00Z".parse().unwrap()));
    let events = store_events(&store);
    let page = block_on(events.changes(&"calendar".into(), Position::Start, &options)).unwrap();
    assert_eq!(said(&page.changes), [inside.to_string()]);
    let pimkit_core::Next::Done { cursor, .. } = page.next else { panic!("more") };
    block_on(store.edit::<Event>(&inside, |e| e.start = Some(When::zoned("2026-07-01T10:00".parse().unwrap(), "UTC")))).unwrap();
    block_on(store.edit::<Event>(&inside, |e| e.end = None)).unwrap();
    let page = block_on(events.changes(&"calendar".into(), Position::Since(&cursor), &options)).unwrap();
    assert_eq!(said(&page.changes), [format!("-{inside}")], "out of the window is out of view");
}

#[test]
fn custom_fields_take_what_they_are_made_for_and_say_what_they_leave_out() {
    let store = store();
    let contacts = store.contacts().unwrap();
    let place = "contacts".into();
    block_on(store.define_field(Kind::Contact, "Shoe size", FieldType::Number)).unwrap();
    assert_eq!(block_on(contacts.ensure_field(&place, "Old e-mail")).unwrap().as_str(), "custom.Old e-mail");
    assert_eq!(block_on(store.define_field(Kind::Contact, "Shoe size", FieldType::Text)).unwrap_err().kind(), ErrorKind::InvalidData);
    let fields = block_on(contacts.fields(&place)).unwrap();
    assert!(fields.iter().any(|f| f.field.as_str() == "custom.Shoe size" && f.write));

    let mut record = person("Ada", "ada@example.org");
    record.custom = [
        ("Shoe size".to_owned(), json!("wide")),
        ("Old e-mail".to_owned(), json!("old@example.org")),
        ("Made by the way".to_owned(), json!(1)),
        ("A list".to_owned(), json!([1])),
    ]
    .into();
    let Outcome::Written { left_out, now: Some(now), .. } = write(&store, "contacts", Write::Create { mark: "m".into(), record }) else {
        panic!("not written")
    };
    let left_out: Vec<_> = left_out.iter().map(|(field, error)| (field.as_str(), error.kind())).collect();
    assert_eq!(left_out, [("custom.A list", ErrorKind::Unavailable), ("custom.Shoe size", ErrorKind::InvalidData)]);
    let kept = [("Old e-mail".to_owned(), json!("old@example.org")), ("Made by the way".to_owned(), json!(1))];
    assert_eq!(now.record.custom, kept.into());
    assert!(block_on(contacts.fields(&place)).unwrap().iter().any(|f| f.field.as_str() == "custom.Made by the way"));
}

#[test]
fn records_are_found_by_uid_and_by_words_of_names_and_addresses() {
    let store = store();
    let mut ada = person("Ada Lovelace", "ada@example.org");
    ada.uid = Some("u-1".into());
    let (id, _) = create(&store, "contacts", "m1", &ada);
    create(&store, "contacts", "m2", &person("100%_Grace", "grace@example.org"));
    assert_eq!(find::<Contact>(&store, "contacts", Key::Uid("u-1".into()))[0].id, id);
    assert!(find::<Contact>(&store, "leads", Key::Uid("u-1".into())).is_empty());
    let contacts = store.contacts().unwrap();
    for (text, hits) in [("LOVE", 1), ("ada example", 1), ("example.org", 2), ("%", 1), ("_grace", 1), ("a_a", 0), ("", 0), ("nobody", 0)] {
        assert_eq!(block_on(contacts.search().unwrap().search(text, 10)).unwrap().len(), hits, "{text}");
    }
    assert_eq!(block_on(contacts.search().unwrap().search("example", 1)).unwrap().len(), 1);
}

#[test]
fn what_names_a_record_is_set_once() {
    let store = store();
    let base = person("Ada", "ada@example.org");
    let (id, revision) = create(&store, "contacts", "m", &base);
    let with_uid = |uid: &str| base.with(&[("uid".into(), json!(uid))].into()).unwrap();
    let update = |revision, from: &Contact, to: &Contact| {
        write(
            &store,
            "contacts",
            Write::Update { id: id.clone(), revision, base: Box::new(from.clone()), target: Box::new(to.clone()), mark: None },
        )
    };
    let Outcome::Written { revision: Some(revision), left_out, .. } = update(revision, &base, &with_uid("u1")) else { panic!() };
    assert!(left_out.is_empty());
    let Outcome::Written { left_out, now: Some(now), .. } = update(revision, &with_uid("u1"), &with_uid("u2")) else { panic!() };
    assert_eq!((left_out[0].0.as_str(), now.record.uid.as_deref()), ("uid", Some("u1")));
}

#[test]
fn calendars_are_made_once_per_mark_renamed_and_deleted_with_what_is_in_them() {
    let store = store();
    let events = store_events(&store);
    let folders = events.folders().unwrap();
    let options = Default::default();
    let made = |mark: &str| match block_on(folders.create(&mark.into(), "CRM", &options)) {
        Outcome::Written { id, .. } => id,
        other => panic!("{other:?}"),
    };
    let id = made("m1");
    assert_eq!(made("m1"), id);
    assert_ne!(made("m2"), id);
    let calendar = pimkit_core::CollectionId::from(id.as_str());
    let (event, _) = create(&store, id.as_str(), "e1", &Event::build(|e| e.title = Some("x".into())));
    assert!(matches!(block_on(folders.rename(&calendar, "Work", &options)), Outcome::Written { .. }));
    assert!(block_on(events.collections()).unwrap().iter().any(|c| c.id == calendar && c.name == "Work"));
    assert!(matches!(block_on(folders.delete(&calendar, &options)), Outcome::Written { .. }));
    assert!(matches!(fetch::<Event>(&store, id.as_str(), &event), Fetched::Failed(e) if e.kind() == ErrorKind::CollectionGone));
    assert!(matches!(block_on(folders.delete(&"calendar".into(), &options)), Outcome::Refused(e) if e.kind() == ErrorKind::Unavailable));
    assert!(store.contacts().unwrap().folders().is_none());
}

#[test]
fn a_category_is_renamed_and_removed_on_every_record_that_has_it() {
    let store = store();
    let mut ada = person("Ada", "ada@example.org");
    ada.keywords = ["VIP".to_owned(), "Math".to_owned()].into();
    let (id, _) = create(&store, "contacts", "m", &ada);
    let contacts = store.contacts().unwrap();
    let (categories, place) = (contacts.categories().unwrap(), "contacts".into());
    let made = block_on(categories.ensure(&place, "Empty")).unwrap();
    assert_eq!(block_on(categories.ensure(&place, "Empty")).unwrap(), made);
    let list = block_on(categories.list(&place)).unwrap();
    assert_eq!(list.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["Empty", "Math", "VIP"]);
    block_on(categories.rename(&place, &list[2].id, "Very important")).unwrap();
    block_on(categories.remove(&place, &list[1].id)).unwrap();
    assert_eq!(block_on(store.get::<Contact>(&id)).unwrap().record.keywords, ["Very important".to_owned()].into());
    let taken = block_on(categories.rename(&place, &made.id, "Very important")).unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::InvalidData);
    assert_eq!(block_on(categories.list(&"nowhere".into())).unwrap_err().kind(), ErrorKind::CollectionGone);
}

#[test]
fn one_bad_write_does_not_stop_the_others() {
    let store = store();
    let (id, revision) = create(&store, "contacts", "m0", &person("Ada", "ada@example.org"));
    let writes = vec![
        Write::Create { mark: "m1".into(), record: person("Grace", "g@example.org") },
        Write::Move { id: id.clone(), revision: revision.clone(), to: "nowhere".into() },
        Write::Delete { id: id.clone(), revision: "77".into(), mode: Delete::Trash },
        Write::Create { mark: "m2".into(), record: person("Joan", "j@example.org") },
    ];
    let outcomes = block_on(store.contacts().unwrap().write(&"contacts".into(), writes, &Default::default()));
    assert!(matches!(outcomes[0], Outcome::Written { .. }));
    assert!(matches!(&outcomes[1], Outcome::Refused(e) if e.kind() == ErrorKind::CollectionGone));
    assert!(matches!(outcomes[2], Outcome::Conflict { now: Some(_) }));
    assert!(matches!(outcomes[3], Outcome::Written { .. }));
    let emails = vec![EmailAddress { address: "g@example.org".into(), ..Default::default() }];
    let Fetched::Found(ada) = fetch::<Contact>(&store, "contacts", &id) else { panic!() };
    assert_eq!((ada.revision, ada.record.emails == emails), (revision, false), "the refused move left nothing behind");
}
