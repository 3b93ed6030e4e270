//! ZO: three parts that are switched on each for itself, by whoever has the two accounts.

use super::{
    Desk, FarSide, Item, Mailbox, Stage, Sync,
    people::{Named, event, names, person},
    stage::done,
    zoho_contacts::{FOLDER, PROFILE},
    zoho_events::CALENDAR,
};
use pimkit::{Action, Contact, Event, User, local::UserRole};

pub fn zo_01_users_calendar_and_contacts_are_switched_on_each_for_itself<F: FarSide>() {
    // Each of them alone, and what the others would have done is not done.
    for part in ["users", "calendar", "contacts"] {
        let stage = Stage::<F>::new("zo_01");
        let (ann, contacts) = stage.set_up::<Contact>(PROFILE);
        let events = stage.sync::<Event>(&ann, PROFILE);
        let mailbox = &contacts.mailbox;
        ann.put("contacts", person("Ada Lovelace"));
        ann.put("calendar", event("Lunch", &stage.clock, 3));
        let users = stage.everything::<User>();
        let mut imported = 0;
        for _ in 0..2 {
            match part {
                "users" => match stage.import(mailbox, PROFILE) {
                    Some(done) => {
                        done.unwrap();
                        imported = stage.everything::<User>().len() - users.len();
                        assert!(imported > 0, "the directory has people whom the app does not");
                    }
                    None => stage.skip("no directory"),
                },
                "calendar" => events.run(),
                _ => contacts.run(),
            }
            assert_eq!(stage.everything::<User>().len(), users.len() + imported, "{part}");
            assert_eq!(mailbox.collection::<Event>(CALENDAR).is_some(), part == "calendar", "{part}");
            assert_eq!(mailbox.collection::<Contact>(FOLDER).is_some(), part == "contacts", "{part}");
            assert_eq!(names(&mailbox.items::<Event>()), if part == "calendar" { vec!["Lunch"] } else { vec![] }, "{part}");
            assert_eq!(names(&mailbox.items::<Contact>()), if part == "contacts" { vec!["Ada Lovelace"] } else { vec![] }, "{part}");
        }
    }
    // All of them, and one off again.
    let stage = Stage::<F>::new("zo_01");
    let (ann, contacts) = stage.set_up::<Contact>(PROFILE);
    let events = stage.sync::<Event>(&ann, PROFILE);
    contacts.run();
    events.run();
    let _ = stage.import(&contacts.mailbox, PROFILE).map(Result::unwrap);
    let users = stage.everything::<User>();
    contacts.disable();
    ann.put("contacts", person("Ada Lovelace"));
    ann.put("calendar", event("Lunch", &stage.clock, 3));
    contacts.rest();
    events.run();
    assert_eq!(contacts.mailbox.collection::<Contact>(FOLDER), None);
    assert_eq!(names(&contacts.mailbox.items::<Event>()), ["Lunch"], "the others go on");
    assert_eq!(stage.everything::<User>(), users, "and who came stays");
}

/// Whoever it is, the sync of the own two accounts is switched on, and nobody else's.
fn anybody<F: FarSide, R: Item + Named>(rule: &'static str, make: fn(&Stage<F>, &Desk), made: &str, own: &str) {
    let stage = Stage::<F>::new(rule);
    let ann = stage.user("ann", UserRole::Member, Some("sales"));
    let bob = stage.user("bob", UserRole::Member, None);
    // Nor does it take the rights that others ask for: who may not delete in the app may have a sync all the same.
    done(stage.app.deny("bob", R::KIND, Action::Delete, true));
    let theirs: Vec<(&Desk, Sync<'_, F, R>)> = [&ann, &bob].map(|desk| (desk, stage.sync::<R>(desk, PROFILE))).into();
    let has = |sync: &Sync<'_, F, R>| sync.mailbox.collection::<R>(own).is_some();
    for (desk, _) in &theirs {
        make(&stage, desk);
    }
    for (n, (_, sync)) in theirs.iter().enumerate() {
        assert!(!has(sync), "it is on for nobody who did not switch it on");
        sync.run();
        assert!(has(sync));
        assert_eq!(names(&sync.mailbox.items::<R>()), [made]);
        let on = theirs.iter().filter(|(_, sync)| has(sync)).count();
        assert_eq!(on, n + 1, "and for no other");
    }
    // Nor off.
    theirs[0].1.disable();
    assert!(!has(&theirs[0].1) && has(&theirs[1].1));
}

pub fn zo_18_any_user_switches_on_the_calendar_sync_of_the_own_two_accounts<F: FarSide>() {
    let make = |stage: &Stage<F>, desk: &Desk| drop(desk.put("calendar", event("Lunch", &stage.clock, 3)));
    anybody::<F, Event>("zo_18", make, "Lunch", CALENDAR);
}

pub fn zo_32_any_user_switches_on_the_contact_sync_of_the_own_two_accounts<F: FarSide>() {
    let make = |_: &Stage<F>, desk: &Desk| drop(desk.put("contacts", person("Ada Lovelace")));
    anybody::<F, Contact>("zo_32", make, "Ada Lovelace", FOLDER);
}
