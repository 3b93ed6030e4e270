//! ZO: a CRM and an office mailbox with a calendar of the sync's own.

use super::{
    FarSide, Mailbox, Stage,
    far::address_of,
    people::{GUESTS, event, invited, meeting, names, person, the},
    stage::done,
};
use pimkit::{CollectionId, Contact, Event, Kind, Provenance, local::UserRole, sync::Policy};

pub(super) const PROFILE: &str = "zoho-office365";
pub(super) const CALENDAR: &str = "Zoho CRM";

/// The sync's own calendar, which must be there.
pub(super) fn calendar(mailbox: &impl Mailbox) -> CollectionId {
    mailbox.collection::<Event>(CALENDAR).unwrap()
}

/// What is in the sync's own calendar.
pub(super) fn synced(mailbox: &impl Mailbox) -> Vec<String> {
    names(&mailbox.items_in::<Event>(&calendar(mailbox))).into_iter().map(str::to_owned).collect()
}

pub fn zo_19_switching_on_makes_one_calendar_of_its_own<F: FarSide>() {
    let stage = Stage::<F>::new("zo_19");
    let (ann, sync) = stage.set_up::<Event>(PROFILE);
    let bobs = stage.far.mailbox("bob");
    let before = sync.mailbox.collections::<Event>();
    assert!(!before.iter().any(|(_, name)| name == CALENDAR));
    // Until it is switched on there is none: not for the contacts' sake, and not for what is there to be synced.
    let contacts = stage.sync::<Contact>(&ann, PROFILE);
    ann.put("contacts", person("Ada Lovelace"));
    ann.put("calendar", event("Lunch", &stage.clock, 3));
    contacts.run();
    let events = |mailbox: &F::Mailbox| mailbox.collection::<Event>(CALENDAR);
    assert_eq!(events(&sync.mailbox), None);
    sync.run();
    let made = calendar(&sync.mailbox);
    let there = sync.mailbox.collections::<Event>().len();
    for _ in 0..2 {
        sync.run();
        contacts.run();
        assert_eq!(calendar(&sync.mailbox), made, "one calendar, and the same one");
        assert_eq!(sync.mailbox.collections::<Event>().len(), there);
    }
    assert!(before.iter().all(|was| *was != (made.clone(), CALENDAR.to_owned()) && sync.mailbox.collections::<Event>().contains(was)));
    assert_eq!(events(&bobs), None, "in the mailbox of the one who switched it on");
    // Nor is a second one made for one that its user calls otherwise.
    sync.mailbox.rename_collection::<Event>(&made, "My CRM");
    ann.put("calendar", event("Dinner", &stage.clock, 4));
    for _ in 0..2 {
        sync.run();
        assert_eq!(sync.mailbox.collections::<Event>().len(), there);
        assert_eq!(names(&sync.mailbox.items::<Event>()), ["Dinner", "Lunch"], "it is synced, and nothing in it is made twice");
    }
}

pub fn zo_20_events_made_on_either_side_come_to_the_other<F: FarSide>() {
    let stage = Stage::<F>::new("zo_20");
    let (ann, sync) = stage.set_up::<Event>(PROFILE);
    // With guests or without; they stay the app's own matter, and are not mailed.
    let lunch = ann.put("calendar", meeting("Lunch", &stage.clock, 3, &address_of("ann")));
    sync.run();
    sync.mailbox.put(&calendar(&sync.mailbox), event("Dinner", &stage.clock, 4));
    sync.run();
    assert_eq!(synced(&sync.mailbox), ["Dinner", "Lunch"]);
    assert_eq!(names(&ann.items::<Event>()), ["Dinner", "Lunch"]);
    assert!(the(&sync.mailbox.items::<Event>(), "Lunch").record.participants.is_empty());
    // Edits too, both ways.
    let dinner = the(&ann.items::<Event>(), "Dinner").id;
    let there = the(&sync.mailbox.items::<Event>(), "Lunch").id;
    ann.edit::<Event>(&dinner, |e| e.description = Some("at eight".into()));
    sync.mailbox.edit::<Event>(&there, |e| e.description = Some("at noon".into()));
    sync.run();
    assert_eq!(the(&sync.mailbox.items::<Event>(), "Dinner").record.description.as_deref(), Some("at eight"));
    let ours = ann.get::<Event>(&lunch);
    assert_eq!((ours.description.as_deref(), invited(&ours)), (Some("at noon"), GUESTS.to_vec()));
}

pub fn zo_21_synced_events_lie_in_the_own_calendar_and_in_no_other<F: FarSide>() {
    let stage = Stage::<F>::new("zo_21");
    let (ann, sync) = stage.set_up::<Event>(PROFILE);
    let home = sync.mailbox.home::<Event>();
    sync.mailbox.put(&home, event("Private", &stage.clock, 2));
    ann.put("calendar", event("Lunch", &stage.clock, 3));
    for _ in 0..2 {
        sync.run();
        assert_eq!(synced(&sync.mailbox), ["Lunch"]);
        assert_eq!(names(&sync.mailbox.items_in::<Event>(&home)), ["Private"], "the user's calendar is not written");
        assert_eq!(names(&ann.items::<Event>()), ["Lunch"], "nor read");
    }
}

pub fn zo_22_only_events_that_the_user_owns_are_synced<F: FarSide>() {
    let stage = Stage::<F>::new("zo_22");
    let ann = stage.user("ann", UserRole::Manager, Some("north"));
    let bob = stage.user("bob", UserRole::Member, Some("north"));
    let sync = stage.sync::<Event>(&ann, PROFILE);
    let mine = ann.put("calendar", event("Mine", &stage.clock, 3));
    ann.put("calendar", event("Mine too", &stage.clock, 3));
    let his = bob.put("calendar", event("His", &stage.clock, 3));
    done(stage.app.create(&"calendar".into(), event("Nobody's", &stage.clock, 3)));
    assert_eq!(names(&ann.items::<Event>()), ["His", "Mine", "Mine too", "Nobody's"], "she sees them all, and may change his");
    for _ in 0..2 {
        sync.run();
        assert_eq!(synced(&sync.mailbox), ["Mine", "Mine too"]);
    }
    // What she does with his is not hers for that.
    ann.edit::<Event>(&his, |e| e.description = Some("by a colleague".into()));
    sync.run();
    assert_eq!(synced(&sync.mailbox), ["Mine", "Mine too"]);
    // What is made in her calendar is hers.
    sync.mailbox.put(&calendar(&sync.mailbox), event("Made there", &stage.clock, 4));
    sync.run();
    let made = the(&ann.items::<Event>(), "Made there").id;
    ann.edit::<Event>(&made, |e| e.description = Some("edited here".into()));
    sync.run();
    assert_eq!(the(&sync.mailbox.items::<Event>(), "Made there").record.description.as_deref(), Some("edited here"));

    // With the owner it comes and goes: what is no longer hers is told neither way, and nothing of it is deleted in the app.
    done(ann.local.set_owner(Kind::Event, &his, Some("ann")));
    done(ann.local.set_owner(Kind::Event, &mine, Some("bob")));
    bob.edit::<Event>(&mine, |e| e.description = Some("his now".into()));
    sync.run();
    assert!(synced(&sync.mailbox).contains(&"His".to_owned()));
    let left: Vec<_> = sync.mailbox.items::<Event>().into_iter().filter(|e| e.record.title.as_deref() == Some("Mine")).collect();
    for stored in &left {
        assert_eq!(stored.record.description, None);
        sync.mailbox.edit::<Event>(&stored.id, |e| e.description = Some("told by her mailbox".into()));
    }
    sync.run();
    assert_eq!(bob.get::<Event>(&mine).description.as_deref(), Some("his now"));
    assert_eq!(ann.items::<Event>().len(), 5);
}

/// The titles in the sync's calendar after a first run that makes at most `most`.
fn first_run<F: FarSide>(rule: &'static str, days: &[i64], most: u64) -> Vec<String> {
    let stage = Stage::<F>::new(rule);
    let (ann, sync) = stage.set_up::<Event>(PROFILE);
    let sync = sync.with(|p| p.caps.kinds.get_mut(&Kind::Event).unwrap().initial_right = Some(most));
    for day in days {
        ann.put("calendar", event(&format!("{day:+}"), &stage.clock, *day));
    }
    sync.run();
    let first = synced(&sync.mailbox);
    // What was left behind comes later, and is not lost.
    sync.run();
    assert_eq!(synced(&sync.mailbox).len(), days.len());
    first
}

pub fn zo_23_the_first_run_exports_no_more_than_5000_events<F: FarSide>() {
    let own = Policy::profile(PROFILE).unwrap();
    assert_eq!(own.caps.of(Kind::Event).unwrap().initial_right, Some(5_000));
    assert_eq!(first_run::<F>("zo_23", &[1, 2, 3, 4, 5], 3).len(), 3);
}

pub fn zo_24_events_to_come_go_first<F: FarSide>() {
    assert_eq!(first_run::<F>("zo_24", &[-1, 9, -2, 2, 5], 3), ["+2", "+5", "+9"]);
    assert_eq!(first_run::<F>("zo_24", &[9, -1, 2, 5], 2), ["+2", "+5"], "the nearest of them first");
}

pub fn zo_25_past_events_follow_the_latest_first<F: FarSide>() {
    assert_eq!(first_run::<F>("zo_25", &[-30, -2, 4, -9], 3), ["+4", "-2", "-9"]);
}

pub fn zo_26_imported_events_are_never_synced<F: FarSide>() {
    let stage = Stage::<F>::new("zo_26");
    let (ann, sync) = stage.set_up::<Event>(PROFILE);
    done(ann.local.import(&"calendar".into(), &[event("Imported", &stage.clock, 3)], Provenance::Imported));
    ann.put("calendar", event("Made", &stage.clock, 3));
    for _ in 0..2 {
        sync.run();
        assert_eq!(synced(&sync.mailbox), ["Made"]);
    }
    assert_eq!(names(&ann.items::<Event>()), ["Imported", "Made"]);
}

pub fn zo_27_events_made_singly_or_mass_updated_are_synced_as_the_policy_says<F: FarSide>() {
    for (imported, expected) in [("exclude_until_changed", vec!["Imported", "Made"]), ("exclude", vec!["Made"])] {
        let stage = Stage::<F>::new("zo_27");
        let (ann, sync) = stage.set_up::<Event>(PROFILE);
        let sync = sync.with(|p| p.set("imported", imported).unwrap());
        let ids = done(ann.local.import(&"calendar".into(), &[event("Imported", &stage.clock, 3)], Provenance::Imported));
        ann.put("calendar", event("Made", &stage.clock, 3));
        sync.run();
        assert_eq!(synced(&sync.mailbox), ["Made"]);
        done(ann.local.mass_update::<Event>(&ids, &[("description".into(), "changed".into())].into()));
        sync.run();
        assert_eq!(synced(&sync.mailbox), expected, "{imported}");
    }
}
