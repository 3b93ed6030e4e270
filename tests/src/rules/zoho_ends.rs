//! ZO: how the syncs of a calendar and of a contact folder of their own end.

use super::{
    FarSide, Mailbox, Stage,
    far::address_of,
    people::{Named as _, event, meeting, names, person},
    zoho_contacts::{FOLDER, folder},
    zoho_events::{CALENDAR, PROFILE, calendar, synced},
};
use pimkit::{Contact, Event};

pub fn zo_28_the_user_disables_the_calendar_sync<F: FarSide>() {
    let stage = Stage::<F>::new("zo_28");
    let (ann, sync) = stage.set_up::<Event>(PROFILE);
    ann.put("calendar", event("Lunch", &stage.clock, 3));
    sync.run();
    sync.disable();
    let after = sync.mailbox.collections::<Event>();
    ann.put("calendar", event("Dinner", &stage.clock, 4));
    sync.rest();
    assert_eq!(sync.mailbox.collections::<Event>(), after, "nothing runs any more");
    assert!(!sync.mailbox.items::<Event>().iter().any(|e| e.record.name() == "Dinner"));
}

pub fn zo_29_deleting_the_own_calendar_disables_the_sync_and_deletes_nothing_in_the_app<F: FarSide>() {
    let stage = Stage::<F>::new("zo_29");
    let (ann, sync) = stage.set_up::<Event>(PROFILE);
    for day in 1..8 {
        ann.put("calendar", event(&format!("{day}"), &stage.clock, day));
    }
    sync.run();
    sync.mailbox.delete_collection::<Event>(&calendar(&sync.mailbox));
    for _ in 0..3 {
        sync.rest();
        assert_eq!(ann.items::<Event>().len(), 7);
        assert_eq!(sync.mailbox.collection::<Event>(CALENDAR), None, "it is not made again");
    }
}

pub fn zo_30_disabling_removes_the_synced_events_from_the_mailbox_whichever_side_they_came_from<F: FarSide>() {
    let stage = Stage::<F>::new("zo_30");
    let (ann, sync) = stage.set_up::<Event>(PROFILE);
    let home = sync.mailbox.home::<Event>();
    sync.mailbox.put(&home, event("Private", &stage.clock, 2));
    ann.put("calendar", meeting("Lunch", &stage.clock, 3, &address_of("ann")));
    sync.run();
    sync.mailbox.put(&calendar(&sync.mailbox), event("Dinner", &stage.clock, 4));
    sync.run();
    assert_eq!(synced(&sync.mailbox), ["Dinner", "Lunch"]);
    // Nothing goes before its user has agreed to it; until then the sync goes on.
    sync.ask_to_disable();
    assert_eq!(synced(&sync.mailbox), ["Dinner", "Lunch"]);
    ann.put("calendar", event("Supper", &stage.clock, 5));
    sync.run();
    assert_eq!(synced(&sync.mailbox), ["Dinner", "Lunch", "Supper"]);
    sync.disable();
    sync.rest();
    assert_eq!(names(&sync.mailbox.items::<Event>()), ["Private"], "the user's own events stay");
    assert!(sync.mailbox.outbox().is_empty(), "and nobody is mailed");
    assert_eq!(names(&ann.items::<Event>()), ["Dinner", "Lunch", "Supper"]);

    // A meeting that was made in the calendar has guests there, who would hear that it is cancelled.
    let stage = Stage::<F>::new("zo_30");
    let (ann, sync) = stage.set_up::<Event>(PROFILE);
    let sync = sync.mailing();
    ann.put("calendar", event("Lunch", &stage.clock, 3));
    sync.run();
    let own = calendar(&sync.mailbox);
    sync.mailbox.put(&own, meeting("Board", &stage.clock, 4, &address_of("ann")));
    sync.run();
    assert!(sync.mailbox.outbox().is_empty());
    let silent = sync.mailbox.keeps_silent_of_own::<Event>(&own);
    sync.disable();
    sync.rest();
    let left = sync.mailbox.items::<Event>();
    assert_eq!(left.iter().any(|e| e.record.name() == "Board"), !silent, "what cannot go silently stays");
    assert_eq!(sync.mailbox.outbox().len(), usize::from(F::MAILS_UNASKED), "{:?}", sync.mailbox.outbox());
    assert_eq!(names(&ann.items::<Event>()), ["Board", "Lunch"]);
}

pub fn zo_31_the_app_keeps_its_events_when_the_sync_ends<F: FarSide>() {
    for by_hand in [false, true] {
        let stage = Stage::<F>::new("zo_31");
        let (ann, sync) = stage.set_up::<Event>(PROFILE);
        let lunch = event("Lunch", &stage.clock, 3);
        let id = ann.put("calendar", lunch.clone());
        sync.run();
        sync.mailbox.put(&calendar(&sync.mailbox), event("Dinner", &stage.clock, 4));
        sync.run();
        if by_hand {
            sync.mailbox.delete_collection::<Event>(&calendar(&sync.mailbox));
            sync.rest();
        } else {
            sync.disable();
        }
        sync.rest();
        assert_eq!(names(&ann.items::<Event>()), ["Dinner", "Lunch"], "deleted by hand: {by_hand}");
        let kept = ann.get::<Event>(&id);
        assert_eq!((kept.title, kept.start, kept.end), (lunch.title, lunch.start, lunch.end));
    }
}

pub fn zo_42_the_user_disables_the_contact_sync<F: FarSide>() {
    let stage = Stage::<F>::new("zo_42");
    let (ann, sync) = stage.set_up::<Contact>(PROFILE);
    ann.put("contacts", person("Ada Lovelace"));
    sync.run();
    sync.disable();
    let after = sync.mailbox.collections::<Contact>();
    ann.put("contacts", person("Grace Hopper"));
    sync.rest();
    assert_eq!(sync.mailbox.collections::<Contact>(), after);
    assert!(!sync.mailbox.items::<Contact>().iter().any(|c| c.record.name() == "Grace Hopper"));
}

pub fn zo_43_deleting_the_own_folder_disables_the_contact_sync<F: FarSide>() {
    let stage = Stage::<F>::new("zo_43");
    let (ann, sync) = stage.set_up::<Contact>(PROFILE);
    for name in ["Ada Lovelace", "Charles Babbage", "Grace Hopper", "Mary Somerville", "Sofia Kovalevskaya", "Emmy Noether"] {
        ann.put("contacts", person(name));
    }
    sync.run();
    sync.mailbox.delete_collection::<Contact>(&folder(&sync.mailbox));
    for _ in 0..3 {
        sync.rest();
        assert_eq!(ann.items::<Contact>().len(), 6);
        assert_eq!(sync.mailbox.collection::<Contact>(FOLDER), None, "it is not made again");
    }
}

pub fn zo_44_disabling_deletes_the_folder<F: FarSide>() {
    let stage = Stage::<F>::new("zo_44");
    let (ann, sync) = stage.set_up::<Contact>(PROFILE);
    let home = sync.mailbox.home::<Contact>();
    sync.mailbox.put(&home, person("Mary Somerville"));
    ann.put("contacts", person("Ada Lovelace"));
    sync.run();
    sync.disable();
    assert_eq!(sync.mailbox.collection::<Contact>(FOLDER), None);
    assert_eq!(names(&sync.mailbox.items::<Contact>()), ["Mary Somerville"], "the user's own folder stays");
}

pub fn zo_45_the_app_keeps_its_contacts_when_the_sync_ends<F: FarSide>() {
    for by_hand in [false, true] {
        let stage = Stage::<F>::new("zo_45");
        let (ann, sync) = stage.set_up::<Contact>(PROFILE);
        let id = ann.put("contacts", person("Ada Lovelace"));
        sync.run();
        sync.mailbox.put(&folder(&sync.mailbox), person("Charles Babbage"));
        sync.run();
        if by_hand {
            sync.mailbox.delete_collection::<Contact>(&folder(&sync.mailbox));
            sync.rest();
        } else {
            sync.disable();
        }
        sync.rest();
        assert_eq!(names(&ann.items::<Contact>()), ["Ada Lovelace", "Charles Babbage"], "deleted by hand: {by_hand}");
        assert_eq!(ann.get::<Contact>(&id).emails, person("Ada Lovelace").emails);
    }
}
