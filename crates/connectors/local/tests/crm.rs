//! Deals, status, merges, conversions, views, provenance, trash, notices.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::executor::block_on;
use pimkit_core::{
    App, AppEvent, Blob, Change, Contact, ErrorKind, Event, Facts, ItemId, Key, Kind, Message, Notice, Provenance, Record, Task, Value,
};
use pimkit_local::{CustomerStatus, FieldType, Filter, Local, SavedView, Stage, Who};
use world::*;

fn facts(store: &Local, id: &ItemId) -> Option<Facts> {
    block_on(store.facts(Kind::Contact, std::slice::from_ref(id))).unwrap().remove(0)
}

fn add(store: &Local, collection: &str, name: &str) -> ItemId {
    block_on(store.create(&collection.into(), person(name, "x@example.org"))).unwrap().id
}

#[test]
fn deals_and_status_are_facts_and_bring_the_contact_into_the_feed_without_a_new_version() {
    let store = store();
    let id = add(&store, "contacts", "Ada");
    let (_, cursor, _) = round::<Contact>(&store, "contacts", None);
    let before = block_on(store.get::<Contact>(&id)).unwrap().revision;
    let deal = block_on(store.add_deal(&id, "Engine", Stage::Active)).unwrap();
    block_on(store.add_deal(&id, "Loom", Stage::Lost)).unwrap();
    block_on(store.set_stage(&deal.id, Stage::Won)).unwrap();
    block_on(store.set_status(&id, CustomerStatus::Current)).unwrap();
    let more = facts(&store, &id).unwrap().more;
    let expected = [
        ("collection", Value::from("contacts")),
        ("customer_status", Value::from("current")),
        ("deals.active", Value::from(0)),
        ("deals.lost", Value::from(1)),
        ("deals.unqualified", Value::from(0)),
        ("deals.won", Value::from(1)),
    ];
    assert_eq!(more.into_iter().collect::<Vec<_>>(), expected.map(|(k, v)| (k.to_owned(), v)));
    let (changes, ..) = round::<Contact>(&store, "contacts", Some(&cursor));
    let [Change::Upserted(stored)] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!(stored.revision, before, "the record itself did not change");
    assert_eq!(block_on(store.add_deal(&"99".into(), "x", Stage::Won)).unwrap_err().kind(), ErrorKind::InvalidData);
}

#[test]
fn a_merge_keeps_the_winner_with_what_it_lacked_and_remembers_who_went() {
    let store = store();
    let (winner, loser) = (add(&store, "contacts", "Ada"), add(&store, "leads", "Ada L."));
    block_on(store.edit::<Contact>(&loser, |c| c.nicknames = vec!["Countess".into()])).unwrap();
    block_on(store.set_photo(&loser, Some(Blob::whole("image/png", b"picture".to_vec())))).unwrap();
    block_on(store.add_deal(&loser, "Engine", Stage::Won)).unwrap();
    let mail = block_on(store.create(&"activities".into(), Message::build(|m| m.subject = Some("Hi".into())))).unwrap().id;
    block_on(store.relate(Kind::Message, &mail, &loser)).unwrap();
    let (_, leads, _) = round::<Contact>(&store, "leads", None);
    let (none, since) = block_on(App::events(&store, None)).unwrap();
    assert!(none.is_empty());

    let merged = block_on(store.merge(&winner, std::slice::from_ref(&loser))).unwrap();
    assert_eq!((merged.record.name.full.as_deref(), &merged.record.nicknames[..]), (Some("Ada"), &["Countess".to_owned()][..]));
    let photo = merged.record.photo.unwrap();
    let repository = repository::<Contact>(&store);
    let blob = block_on(repository.blobs().unwrap().open(&"contacts".into(), &winner, &photo.id)).unwrap();
    assert_eq!(block_on(blob.collect(100)).unwrap(), b"picture");
    assert_eq!(block_on(store.deals(&winner)).unwrap().len(), 1);
    assert_eq!(block_on(store.activities(&winner)).unwrap(), [(Kind::Message, mail)]);
    assert_eq!(said(&round::<Contact>(&store, "leads", Some(&leads)).0), [format!("-{loser}")]);
    assert_eq!(facts(&store, &loser), None);

    let event = AppEvent::Merged { kind: Kind::Contact, winner: winner.clone(), losers: vec![loser.clone()] };
    let (events, cursor) = block_on(App::events(&store, Some(&since))).unwrap();
    assert_eq!(events, [event]);
    assert!(block_on(App::events(&store, Some(&cursor))).unwrap().0.is_empty());
    for (winner, losers) in [(&winner, vec![]), (&winner, vec![winner.clone()]), (&winner, vec![loser.clone()])] {
        assert_eq!(block_on(store.merge(winner, &losers)).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}

#[test]
fn a_refused_merge_changes_nothing() {
    let store = store();
    let (winner, loser) = (add(&store, "contacts", "Ada"), add(&store, "contacts", "Ada L."));
    assert!(block_on(store.merge(&winner, &[loser.clone(), "99".into()])).is_err());
    assert!(block_on(store.get::<Contact>(&loser)).is_ok());
    assert!(block_on(App::events(&store, None)).unwrap().0.is_empty());
}

#[test]
fn a_converted_lead_is_a_contact_with_its_photo_mark_deals_and_activities() {
    let store = store();
    let (lead, _) = create(&store, "leads", "mark-1", &person("Ada", "ada@example.org"));
    block_on(store.set_photo(&lead, Some(Blob::whole("image/png", b"picture".to_vec())))).unwrap();
    block_on(store.add_deal(&lead, "Engine", Stage::Active)).unwrap();
    block_on(store.set_status(&lead, CustomerStatus::Prospect)).unwrap();
    let task = block_on(store.create(&"tasks".into(), Task::build(|t| t.title = Some("Call".into())))).unwrap().id;
    block_on(store.relate(Kind::Task, &task, &lead)).unwrap();
    let contact = block_on(store.convert(&lead)).unwrap();
    assert_eq!(contact.collection.as_str(), "contacts");
    assert_ne!(contact.id, lead);
    assert_eq!(create(&store, "leads", "mark-1", &person("Ada", "ada@example.org")).0, contact.id, "sent again");
    let found = find::<Contact>(&store, "contacts", Key::Mark("mark-1".into()));
    assert_eq!(found.iter().map(|s| &s.id).collect::<Vec<_>>(), [&contact.id]);
    let photo = contact.record.photo.unwrap();
    let repository = repository::<Contact>(&store);
    let blob = block_on(repository.blobs().unwrap().open(&"contacts".into(), &contact.id, &photo.id)).unwrap();
    assert_eq!(block_on(blob.collect(100)).unwrap(), b"picture");
    assert_eq!(facts(&store, &contact.id).unwrap().more.get("customer_status"), Some(&Value::from("prospect")));
    assert_eq!(block_on(store.activities(&contact.id)).unwrap(), [(Kind::Task, task)]);
    let (events, _) = block_on(App::events(&store, None)).unwrap();
    assert_eq!(events, [AppEvent::Converted { kind: Kind::Contact, from: lead.clone(), to: contact.id.clone() }]);
    for id in [&lead, &contact.id] {
        assert_eq!(block_on(store.convert(id)).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}

#[test]
fn records_say_how_they_came_and_a_mass_update_of_imported_ones_is_told_apart() {
    let store = store();
    let made = add(&store, "contacts", "Made");
    let (synced, _) = create(&store, "contacts", "m", &person("Synced", "s@example.org"));
    let records = [person("One", "1@example.org"), person("Two", "2@example.org")];
    let imported = block_on(store.import(&"contacts".into(), &records, Provenance::Imported)).unwrap();
    let fields = [("notes".into(), serde_json::json!(["all"]))].into();
    block_on(store.mass_update::<Contact>(&[imported[0].clone(), made.clone()], &fields)).unwrap();
    let provenance = |id: &ItemId| facts(&store, id).unwrap().provenance;
    assert_eq!(
        [&made, &synced, &imported[0], &imported[1]].map(provenance),
        [Provenance::Created, Provenance::Synced, Provenance::MassUpdated, Provenance::Imported]
    );
    assert_eq!(block_on(store.get::<Contact>(&made)).unwrap().record.notes, ["all"]);
    // All or none: the second id is not there.
    let fields = [("notes".into(), serde_json::json!(["none"]))].into();
    assert!(block_on(store.mass_update::<Contact>(&[made.clone(), "99".into()], &fields)).is_err());
    assert_eq!(block_on(store.get::<Contact>(&made)).unwrap().record.notes, ["all"]);
}

#[test]
fn a_view_shows_the_records_that_meet_all_its_conditions() {
    let store = store();
    block_on(store.define_field(Kind::Contact, "Region", FieldType::Text)).unwrap();
    let id = block_on(
        store.create(
            &"contacts".into(),
            person("Ada", "a@example.org")
                .with(&[("keywords".into(), serde_json::json!(["VIP"])), ("custom.Region".into(), "North".into())].into())
                .unwrap(),
        ),
    )
    .unwrap()
    .id;
    let other = add(&store, "leads", "Grace");
    let cases: Vec<(&str, Filter, [bool; 2])> = vec![
        ("all", Filter::default(), [true, true]),
        ("leads", Filter { collections: vec!["leads".into()], ..Filter::default() }, [false, true]),
        ("vip", Filter { keywords: vec!["VIP".into(), "Press".into()], ..Filter::default() }, [true, false]),
        ("north", Filter { custom: [("Region".to_owned(), "North".into())].into(), ..Filter::default() }, [true, false]),
        ("unowned", Filter { owners: vec![Who::Me], ..Filter::default() }, [true, true]),
        ("bob's", Filter { owners: vec![Who::User("bob".into())], ..Filter::default() }, [false, false]),
        ("imported", Filter { provenance: vec![Provenance::Imported], ..Filter::default() }, [false, false]),
        ("both", Filter { keywords: vec!["VIP".into()], collections: vec!["leads".into()], ..Filter::default() }, [false, false]),
    ];
    for (name, filter, _) in &cases {
        block_on(store.save_view(&SavedView { name: (*name).to_owned(), kind: Kind::Contact, filter: filter.clone() })).unwrap();
    }
    assert_eq!(block_on(store.views()).unwrap().len(), cases.len());
    for (name, _, expected) in &cases {
        let shown = [&id, &other].map(|id| facts(&store, id).unwrap().views.iter().any(|v| v == name));
        assert_eq!(shown, *expected, "{name}");
    }
    block_on(store.remove_view(Kind::Contact, "all")).unwrap();
    assert_eq!(block_on(store.remove_view(Kind::Contact, "all")).unwrap_err().kind(), ErrorKind::InvalidData);
}

#[test]
fn what_is_trashed_can_be_brought_back_or_deleted_for_good() {
    let store = store();
    let id = add(&store, "contacts", "Ada");
    block_on(store.add_deal(&id, "Engine", Stage::Won)).unwrap();
    assert!(block_on(store.purge(Kind::Contact, &id)).is_err(), "only what is in the trash");
    block_on(store.delete(Kind::Contact, &id)).unwrap();
    assert_eq!(block_on(store.trash(Kind::Contact)).unwrap(), std::slice::from_ref(&id));
    assert_eq!((facts(&store, &id), block_on(store.get::<Contact>(&id)).is_err()), (None, true));
    block_on(store.restore(Kind::Contact, &id)).unwrap();
    assert_eq!(block_on(store.deals(&id)).unwrap().len(), 1);
    block_on(store.delete(Kind::Contact, &id)).unwrap();
    block_on(store.purge(Kind::Contact, &id)).unwrap();
    assert!(block_on(store.trash(Kind::Contact)).unwrap().is_empty());
    assert_eq!(block_on(store.restore(Kind::Contact, &id)).unwrap_err().kind(), ErrorKind::InvalidData);
    let next = add(&store, "contacts", "Next");
    assert_ne!(next, id, "an id is never used again");
}

#[test]
fn notices_are_kept_for_the_user_they_are_for() {
    let store = store();
    for name in ["ann", "bob"] {
        block_on(store.put_user(&pimkit_local::AppUser { name: name.into(), ..Default::default() })).unwrap();
    }
    let ann = store.acting("ann").unwrap();
    let notice = |user: Option<&str>| Notice {
        user: user.map(str::to_owned),
        topic: "event.created".into(),
        item: Some((Kind::Event, "7".into())),
        text: "A meeting came in.".into(),
    };
    let at = "2026-03-02T12:00:00Z".parse().unwrap();
    block_on(ann.notify(notice(None), at)).unwrap();
    block_on(ann.notify(notice(Some("bob")), at)).unwrap();
    assert_eq!(block_on(ann.notices()).unwrap(), [notice(Some("ann"))]);
    assert_eq!(block_on(store.acting("bob").unwrap().notices()).unwrap(), [notice(Some("bob"))]);
    assert_eq!(block_on(store.notices()).unwrap().len(), 2);
}

#[test]
fn a_person_at_the_screen_is_told_what_cannot_be_kept_and_nothing_is_made() {
    let store = store();
    let record = person("Ada", "a@example.org").with(&[("custom.Unknown".into(), "x".into())].into()).unwrap();
    let error = block_on(store.create(&"contacts".into(), record)).unwrap_err();
    assert!(error.context().contains(&("field", "custom.Unknown".to_owned())));
    assert!(round::<Contact>(&store, "contacts", None).0.is_empty());
    assert_eq!(block_on(store.create(&"nowhere".into(), Event::default())).unwrap_err().kind(), ErrorKind::CollectionGone);
}
