//! ZO: a CRM and an office mailbox with a calendar of the sync's own.

use super::{
    FarSide, Mailbox, Stage,
    people::{event, names, the},
    stage::done,
};
use pimkit::{CollectionId, Event, Kind, Provenance, local::UserRole, sync::Policy};

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
    let (_, sync) = stage.set_up::<Event>(PROFILE);
    let before = sync.mailbox.collections::<Event>();
    assert!(!before.iter().any(|(_, name)| name == CALENDAR));
    sync.run();
    let made = calendar(&sync.mailbox);
    for _ in 0..2 {
        sync.run();
        assert_eq!(calendar(&sync.mailbox), made, "one calendar, and the same one");
        assert_eq!(sync.mailbox.collections::<Event>().len(), before.len() + 1);
    }
}

pub fn zo_20_events_made_on_either_side_come_to_the_other<F: FarSide>() {
    let stage = Stage::<F>::new("zo_20");
    let (ann, sync) = stage.set_up::<Event>(PROFILE);
    ann.put("calendar", event("Lunch", &stage.clock, 3));
    sync.run();
    sync.mailbox.put(&calendar(&sync.mailbox), event("Dinner", &stage.clock, 4));
    sync.run();
    assert_eq!(synced(&sync.mailbox), ["Dinner", "Lunch"]);
    assert_eq!(names(&ann.items::<Event>()), ["Dinner", "Lunch"]);
    // Edits too, both ways.
    let dinner = the(&ann.items::<Event>(), "Dinner").id;
    let lunch = the(&sync.mailbox.items::<Event>(), "Lunch").id;
    ann.edit::<Event>(&dinner, |e| e.description = Some("at eight".into()));
    sync.mailbox.edit::<Event>(&lunch, |e| e.description = Some("at noon".into()));
    sync.run();
    assert_eq!(the(&sync.mailbox.items::<Event>(), "Dinner").record.description.as_deref(), Some("at eight"));
    assert_eq!(the(&ann.items::<Event>(), "Lunch").record.description.as_deref(), Some("at noon"));
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
    ann.put("calendar", event("Mine", &stage.clock, 3));
    bob.put("calendar", event("His", &stage.clock, 3));
    assert_eq!(names(&ann.items::<Event>()), ["His", "Mine"], "she sees both");
    sync.run();
    assert_eq!(synced(&sync.mailbox), ["Mine"]);
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
