//! SELL: what of a mailbox's account is switched on, and which of its folders take part.

use super::{
    FarSide, Mailbox, Stage,
    far::everything,
    people::{event, names, person, the},
};
use pimkit::{Contact, ErrorKind, Event, Sharing, sync::NotPrivate};

pub fn sell_02_calendar_and_contacts_are_switched_on_each_for_itself<F: FarSide>() {
    let stage = Stage::<F>::new("sell_02");
    let (ann, contacts) = stage.set_up::<Contact>("sell");
    let events = stage.sync::<Event>(&ann, "sell");
    let mailbox = &contacts.mailbox;
    ann.put("contacts", person("Ada Lovelace"));
    ann.put("calendar", event("Lunch", &stage.clock, 3));
    mailbox.put(&mailbox.home::<Contact>(), person("Grace Hopper"));
    mailbox.put(&mailbox.home::<Event>(), event("Dinner", &stage.clock, 4));
    // The calendar alone.
    for _ in 0..2 {
        events.run();
        for items in [ann.items::<Event>(), mailbox.items::<Event>()] {
            assert_eq!(names(&items), ["Dinner", "Lunch"]);
            assert!(items.iter().all(|stored| stored.record.keywords.is_empty()), "categories of contacts are no matter of a calendar");
        }
        assert_eq!((names(&ann.items::<Contact>()), names(&mailbox.items::<Contact>())), (vec!["Ada Lovelace"], vec!["Grace Hopper"]));
    }
    // The contacts as well.
    contacts.run();
    let both = ["Ada Lovelace", "Grace Hopper"];
    assert_eq!((names(&ann.items::<Contact>()), names(&mailbox.items::<Contact>())), (both.to_vec(), both.to_vec()));
    // The calendar off again: the contacts go on.
    events.disable();
    ann.put("calendar", event("Supper", &stage.clock, 5));
    ann.put("contacts", person("Mary Somerville"));
    events.rest();
    contacts.run();
    assert_eq!(names(&mailbox.items::<Event>()), ["Dinner", "Lunch"]);
    assert_eq!(names(&mailbox.items::<Contact>()), ["Ada Lovelace", "Grace Hopper", "Mary Somerville"]);
    // And the contacts without the calendar, in an account where it was never on.
    let stage = Stage::<F>::new("sell_02");
    let (ann, contacts) = stage.set_up::<Contact>("sell");
    ann.put("contacts", person("Ada Lovelace"));
    ann.put("calendar", event("Lunch", &stage.clock, 3));
    contacts.run();
    assert_eq!(names(&contacts.mailbox.items::<Contact>()), ["Ada Lovelace"]);
    assert!(contacts.mailbox.items::<Event>().is_empty());
}

pub fn sell_19_only_the_private_folders_of_the_own_mailbox_take_part<F: FarSide>() {
    let stage = Stage::<F>::new("sell_19");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    let mailbox = &sync.mailbox.clone();
    let own = mailbox.make_collection::<Contact>("Own");
    mailbox.put(&mailbox.home::<Contact>(), person("Grace Hopper"));
    mailbox.put(&own, person("Mary Somerville"));
    assert!(mailbox.sharing::<Contact>().iter().all(|sharing| *sharing == Sharing::Private));
    let foreign = mailbox.foreign(Sharing::Shared, person("Somebody Else"));
    if foreign.is_none() {
        stage.skip("no folders that others share");
    }
    ann.put("contacts", person("Ada Lovelace"));
    // Whatever the mailbox shows.
    let sync = sync.over(&[]);
    for _ in 0..2 {
        sync.run();
        assert_eq!(names(&ann.items::<Contact>()), ["Ada Lovelace", "Grace Hopper", "Mary Somerville"]);
        assert_eq!(names(&mailbox.items_in::<Contact>(&own)), ["Mary Somerville"]);
        assert_eq!(names(&mailbox.items_in::<Contact>(&mailbox.home::<Contact>())), ["Ada Lovelace", "Grace Hopper"]);
    }
    if let Some((shows, folder)) = foreign {
        let there: Vec<_> = everything::<Contact>(shows.as_ref()).into_iter().filter(|stored| stored.collection == folder).collect();
        assert_eq!(names(&there), ["Somebody Else"], "nothing was written there");
        assert!(there[0].record.keywords.is_empty());
    }
}

pub fn sell_20_shared_and_public_folders_and_the_directory_are_refused_with_a_typed_reason<F: FarSide>() {
    let stage = Stage::<F>::new("sell_20");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    let mailbox = &sync.mailbox;
    ann.put("contacts", person("Ada Lovelace"));
    for (sharing, reason) in [(Sharing::Shared, NotPrivate::Shared), (Sharing::Public, NotPrivate::Public)] {
        let Some((shows, folder)) = mailbox.foreign(sharing, person("Somebody Else")) else {
            stage.skip(if sharing == Sharing::Shared { "no folders that others share" } else { "no public folders" });
            continue;
        };
        let foreign = stage.sync::<Contact>(&ann, "sell").named("foreign").through(shows.clone()).over(&[&folder]);
        for _ in 0..2 {
            let error = foreign.try_run().unwrap_err();
            assert_eq!((error.kind(), NotPrivate::of(&error)), (ErrorKind::PermissionDenied, Some(reason)), "{error}");
        }
        let there: Vec<_> = everything::<Contact>(shows.as_ref()).into_iter().filter(|stored| stored.collection == folder).collect();
        assert_eq!((names(&ann.items::<Contact>()), names(&there)), (vec!["Ada Lovelace"], vec!["Somebody Else"]));
    }
    match stage.import(mailbox, "sell") {
        Some(imported) => {
            let before = stage.everything::<pimkit::User>();
            let error = imported.unwrap_err();
            assert_eq!((error.kind(), NotPrivate::of(&error)), (ErrorKind::PermissionDenied, Some(NotPrivate::Directory)), "{error}");
            assert_eq!(before.len(), 1, "the app's own user alone: {before:?}");
        }
        None => stage.skip("no directory"),
    }
    // The own ones go on.
    sync.run();
    assert_eq!(names(&mailbox.items_in::<Contact>(&mailbox.home::<Contact>())), ["Ada Lovelace"]);
}

pub fn sell_34_an_outside_calendar_is_added_and_its_appointments_are_managed_in_the_app<F: FarSide>() {
    let stage = Stage::<F>::new("sell_34");
    let (ann, contacts) = stage.set_up::<Contact>("sell");
    let mailbox = &contacts.mailbox;
    let (home, outside) = (mailbox.home::<Event>(), mailbox.make_collection::<Event>("Outside"));
    mailbox.put(&home, event("Private", &stage.clock, 2));
    mailbox.put(&outside, event("Lunch", &stage.clock, 3));
    contacts.run();
    assert!(ann.items::<Event>().is_empty(), "until it is added, nothing of it is in the app");

    let calendar = stage.sync::<Event>(&ann, "sell").over(&[&outside]);
    calendar.run();
    assert_eq!(names(&ann.items::<Event>()), ["Lunch"]);
    // Changed, moved and made in the app.
    let lunch = the(&ann.items::<Event>(), "Lunch").id;
    let later = event("Lunch", &stage.clock, 6);
    ann.edit::<Event>(&lunch, |e| {
        e.title = Some("A late lunch".to_owned());
        (e.start, e.end) = (later.start.clone(), later.end.clone());
    });
    ann.put("calendar", event("Dinner", &stage.clock, 4));
    calendar.run();
    let there = mailbox.items_in::<Event>(&outside);
    assert_eq!(names(&there), ["A late lunch", "Dinner"]);
    assert_eq!(the(&there, "A late lunch").record.start, later.start);
    assert_eq!(names(&mailbox.items_in::<Event>(&home)), ["Private"], "the user's other calendar has no part in it");
    // And changed there.
    let dinner = the(&there, "Dinner").id;
    mailbox.edit::<Event>(&dinner, |e| e.description = Some("with Ada".to_owned()));
    for _ in 0..2 {
        calendar.run();
        assert_eq!(names(&ann.items::<Event>()), ["A late lunch", "Dinner"]);
        assert_eq!(the(&ann.items::<Event>(), "Dinner").record.description.as_deref(), Some("with Ada"));
        assert_eq!(names(&mailbox.items_in::<Event>(&outside)), ["A late lunch", "Dinner"]);
    }
}
