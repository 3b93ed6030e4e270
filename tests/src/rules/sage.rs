//! SG: a CRM and a mailbox's calendar.

use super::{
    Desk, FarSide, Item, Mailbox, Stage,
    far::address_of,
    people::{Named, event, mail, names, person, the},
    stage::done,
};
use pimkit::{
    Contact, ErrorKind, Event, Frequency, ItemId, Kind, Organizer, Override, Participant, ParticipationStatus, Record as _, RecurrenceId,
    RecurrenceRule, Task, Value, local::UserRole,
};
use std::collections::BTreeSet;

const PROFILE: &str = "sage";

fn guest(address: &str, status: ParticipationStatus) -> Participant {
    Participant { address: address.to_owned(), participation_status: status, ..Participant::default() }
}

/// A meeting that this address organises, with Ann and a stranger invited.
fn meeting<F: FarSide>(stage: &Stage<F>, title: &str, organizer: &str, answer: ParticipationStatus) -> Event {
    let mut meeting = event(title, &stage.clock, 3);
    meeting.organizer = Some(Organizer { address: organizer.to_owned(), name: None });
    meeting.participants = vec![
        guest(organizer, ParticipationStatus::Accepted),
        guest(&address_of("ann"), answer),
        guest("stranger@elsewhere.example", ParticipationStatus::NeedsAction),
    ];
    let mut seen = BTreeSet::new();
    meeting.participants.retain(|p| seen.insert(p.address.clone()));
    meeting
}

/// A meeting of the app's own, with a stranger invited.
fn hosted<F: FarSide>(stage: &Stage<F>, title: &str) -> Event {
    let mut meeting = meeting(stage, title, &address_of("ann"), ParticipationStatus::Accepted);
    meeting.participants.retain(|p| p.address != address_of("ann"));
    meeting
}

fn put(mailbox: &impl Mailbox, event: Event) -> ItemId {
    mailbox.put(&mailbox.home::<Event>(), event)
}

/// A weekly series.
fn series<F: FarSide>(stage: &Stage<F>, title: &str) -> Event {
    let mut series = event(title, &stage.clock, 3);
    series.recurrence_rules = vec![RecurrenceRule { frequency: Frequency::Weekly, count: Some(5), ..RecurrenceRule::default() }];
    series
}

/// Whether the app lets its user change the record.
fn can_edit(ann: &Desk, id: &ItemId) -> bool {
    match futures::executor::block_on(ann.local.edit::<Event>(id, |e| e.description = Some("mine".into()))) {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
            false
        }
    }
}

/// Something of a kind is made on either side, and then edited on the other.
fn made_and_managed<F: FarSide, R: Item + Named>(
    rule: &'static str,
    collection: &str,
    make: fn(&str, &Stage<F>) -> R,
    call: fn(&mut R, &str),
) {
    let stage = Stage::<F>::new(rule);
    let (ann, sync) = stage.set_up::<R>(PROFILE);
    ann.put(collection, make("Of the app", &stage));
    sync.mailbox.put(&sync.mailbox.home::<R>(), make("Of the mailbox", &stage));
    sync.run();
    for items in [ann.items::<R>(), sync.mailbox.items::<R>()] {
        assert_eq!(names(&items), ["Of the app", "Of the mailbox"], "{:?}", R::KIND);
    }
    let theirs = the(&ann.items::<R>(), "Of the mailbox").id;
    ann.edit::<R>(&theirs, |r| call(r, "Renamed in the app"));
    let ours = the(&sync.mailbox.items::<R>(), "Of the app").id;
    sync.mailbox.edit::<R>(&ours, |r| call(r, "Renamed in the mailbox"));
    sync.run();
    for items in [ann.items::<R>(), sync.mailbox.items::<R>()] {
        assert_eq!(names(&items), ["Renamed in the app", "Renamed in the mailbox"], "{:?}", R::KIND);
    }
    sync.rest();
}

pub fn sg_14_events_and_tasks_are_made_and_managed_on_either_side<F: FarSide>() {
    let event = |title: &str, stage: &Stage<F>| event(title, &stage.clock, 3);
    made_and_managed::<F, Event>("sg_14", "calendar", event, |e, title| e.title = Some(title.to_owned()));
    let task = |title: &str, _: &Stage<F>| Task::build(|t| t.title = Some(title.to_owned()));
    made_and_managed::<F, Task>("sg_14", "tasks", task, |t, title| t.title = Some(title.to_owned()));
}

pub fn sg_24_calendars_of_this_provider_can_be_the_calendar<F: FarSide>() {
    let event = |title: &str, stage: &Stage<F>| event(title, &stage.clock, 3);
    made_and_managed::<F, Event>("sg_24", "calendar", event, |e, title| e.title = Some(title.to_owned()));
}

pub fn sg_15_an_apps_event_takes_its_edits_in_the_app_to_the_calendar<F: FarSide>() {
    let stage = Stage::<F>::new("sg_15");
    let (ann, sync) = stage.set_up::<Event>(PROFILE);
    let id = ann.put("calendar", hosted(&stage, "Lunch"));
    sync.run();
    let moved = event("Dinner", &stage.clock, 4);
    ann.edit::<Event>(&id, |e| (e.title, e.start, e.end) = (moved.title.clone(), moved.start.clone(), moved.end.clone()));
    sync.run();
    let there = the(&sync.mailbox.items::<Event>(), "Dinner").record;
    assert_eq!((there.start, there.end), (moved.start, moved.end));
    assert_eq!(sync.mailbox.items::<Event>().len(), 1);
    assert_eq!(ann.get::<Event>(&id).participants, hosted(&stage, "Lunch").participants, "and its guests are the app's own matter");
}

pub fn sg_16_an_apps_event_takes_its_edits_in_the_calendar_to_the_app<F: FarSide>() {
    let stage = Stage::<F>::new("sg_16");
    let (ann, sync) = stage.set_up::<Event>(PROFILE);
    let id = ann.put("calendar", hosted(&stage, "Lunch"));
    sync.run();
    let moved = event("Dinner", &stage.clock, 4);
    let there = the(&sync.mailbox.items::<Event>(), "Lunch").id;
    sync.mailbox.edit::<Event>(&there, |e| (e.title, e.start, e.end) = (moved.title.clone(), moved.start.clone(), moved.end.clone()));
    sync.run();
    let ours = ann.get::<Event>(&id);
    assert_eq!((ours.title, ours.start, ours.end), (moved.title, moved.start, moved.end));
    assert_eq!(ours.participants, hosted(&stage, "Lunch").participants, "the calendar knows nothing of its guests");
    assert_eq!(ann.items::<Event>().len(), 1);
}

pub fn sg_17_a_meeting_to_which_the_user_is_only_invited_is_shown_and_cannot_be_edited<F: FarSide>() {
    let stage = Stage::<F>::new("sg_17");
    let (ann, sync) = stage.set_up::<Event>(PROFILE);
    let there = put(&sync.mailbox, meeting(&stage, "Board", "boss@elsewhere.example", ParticipationStatus::Accepted));
    sync.run();
    let ours = the(&ann.items::<Event>(), "Board").id;
    assert!(!can_edit(&ann, &ours));
    // The organiser's changes still come in.
    sync.mailbox.edit::<Event>(&there, |e| e.title = Some("Board, moved".into()));
    sync.run();
    assert_eq!(ann.get::<Event>(&ours).name(), "Board, moved");
    assert!(!can_edit(&ann, &ours));
}

pub fn sg_19_a_series_from_outside_is_shown_and_cannot_be_edited<F: FarSide>() {
    let stage = Stage::<F>::new("sg_19");
    let (ann, sync) = stage.set_up::<Event>(PROFILE);
    put(&sync.mailbox, series(&stage, "Jour fixe"));
    sync.run();
    let ours = the(&ann.items::<Event>(), "Jour fixe");
    assert_eq!(ours.record.recurrence_rules.len(), 1);
    assert!(!can_edit(&ann, &ours.id));
    // The app's own series can be, as anything of its own.
    let own = ann.put("calendar", series(&stage, "Stand-up"));
    sync.run();
    assert!(can_edit(&ann, &own));
}

pub fn sg_20_one_edited_occurrence_of_a_series_from_outside_changes_nothing_in_the_app<F: FarSide>() {
    let stage = Stage::<F>::new("sg_20");
    let (ann, sync) = stage.set_up::<Event>(PROFILE);
    let there = put(&sync.mailbox, series(&stage, "Jour fixe"));
    sync.run();
    let before = the(&ann.items::<Event>(), "Jour fixe").record;
    let second = before.start.clone().unwrap().wall().checked_add(jiff::Span::new().days(7)).unwrap();
    let edit: pimkit::Fields = [("title".into(), Value::from("Jour fixe with cake"))].into();
    sync.mailbox.edit::<Event>(&there, |e| {
        e.recurrence_overrides.insert(RecurrenceId(second), Override::Changed(edit.clone()));
    });
    for _ in 0..2 {
        sync.run();
        assert_eq!(the(&ann.items::<Event>(), "Jour fixe").record.recurrence_overrides, before.recurrence_overrides);
        // And it is not undone outside.
        assert_eq!(the(&sync.mailbox.items::<Event>(), "Jour fixe").record.recurrence_overrides.len(), 1);
    }
    // The series itself is followed.
    sync.mailbox.edit::<Event>(&there, |e| e.description = Some("in room 2".into()));
    sync.run();
    assert_eq!(the(&ann.items::<Event>(), "Jour fixe").record.description.as_deref(), Some("in room 2"));
}

pub fn sg_21_a_new_event_that_comes_in_notifies_its_own_user<F: FarSide>() {
    let stage = Stage::<F>::new("sg_21");
    let (ann, sync) = stage.set_up::<Event>(PROFILE);
    let bob = stage.user("bob", UserRole::Member, None);
    // What was there before the sync comes with one notice for all of it.
    put(&sync.mailbox, event("Breakfast", &stage.clock, 2));
    put(&sync.mailbox, event("Tea", &stage.clock, 2));
    sync.run();
    assert_eq!(ann.notices(), ["sync.first"]);

    put(&sync.mailbox, event("Lunch", &stage.clock, 3));
    ann.put("calendar", event("Dinner", &stage.clock, 4));
    sync.run();
    let ours = the(&ann.items::<Event>(), "Lunch").id;
    let told: Vec<_> = done(ann.local.notices()).into_iter().skip(1).map(|n| (n.topic, n.item)).collect();
    assert_eq!(told, [("event.created".to_owned(), Some((Kind::Event, ours)))], "of what comes in, not of what goes out");
    sync.run();
    assert_eq!((ann.notices().len(), bob.notices().len()), (2, 0), "once, and nobody else");
}

pub fn sg_22_changes_of_events_that_are_there_notify_nobody<F: FarSide>() {
    let stage = Stage::<F>::new("sg_22");
    let (ann, sync) = stage.set_up::<Event>(PROFILE);
    let there = put(&sync.mailbox, meeting(&stage, "Lunch", "boss@elsewhere.example", ParticipationStatus::Accepted));
    let dinner = ann.put("calendar", hosted(&stage, "Dinner"));
    sync.run();
    assert_eq!(ann.notices().len(), 1);
    sync.mailbox.edit::<Event>(&there, |e| e.title = Some("Late lunch".into()));
    ann.edit::<Event>(&dinner, |e| e.title = Some("Late dinner".into()));
    sync.run();
    for side in [ann.items::<Event>(), sync.mailbox.items::<Event>()] {
        assert_eq!(names(&side), ["Late dinner", "Late lunch"], "the changes arrived");
    }
    assert_eq!(ann.notices().len(), 1, "and nobody was told");
    assert!(sync.mailbox.outbox().is_empty(), "in the app or outside of it");
}

pub fn sg_23_invitations_that_are_not_answered_are_shown_all_the_same<F: FarSide>() {
    let stage = Stage::<F>::new("sg_23");
    let (ann, sync) = stage.set_up::<Event>(PROFILE);
    put(&sync.mailbox, meeting(&stage, "Unanswered", "boss@elsewhere.example", ParticipationStatus::NeedsAction));
    put(&sync.mailbox, meeting(&stage, "Perhaps", "boss@elsewhere.example", ParticipationStatus::Tentative));
    sync.run();
    for (title, status) in [("Unanswered", ParticipationStatus::NeedsAction), ("Perhaps", ParticipationStatus::Tentative)] {
        let ours = the(&ann.items::<Event>(), title).record;
        let me = ours.participants.iter().find(|p| p.address == address_of("ann")).unwrap();
        assert_eq!(me.participation_status, status, "with the answer as it stands");
    }
}

pub fn sg_26_an_event_from_outside_that_the_user_organises_can_be_edited<F: FarSide>() {
    let stage = Stage::<F>::new("sg_26");
    let (ann, sync) = stage.set_up::<Event>(PROFILE);
    let sync = sync.mailing();
    put(&sync.mailbox, meeting(&stage, "Mine", &address_of("ann"), ParticipationStatus::Accepted));
    put(&sync.mailbox, event("Alone", &stage.clock, 5));
    sync.run();
    assert!(sync.mailbox.outbox().is_empty(), "to be shown is no write");
    for title in ["Mine", "Alone"] {
        let ours = the(&ann.items::<Event>(), title).id;
        assert!(can_edit(&ann, &ours), "{title}");
        sync.run();
        let there = the(&sync.mailbox.items::<Event>(), title).record;
        // Where her guests would hear of it, the edit waits.
        let waits = title == "Mine" && !sync.mailbox.keeps_silent_of_own::<Event>(&sync.mailbox.home::<Event>());
        assert_eq!(there.description.as_deref(), if waits { None } else { Some("mine") }, "{title}");
        assert_eq!(ann.get::<Event>(&ours).description.as_deref(), Some("mine"), "{title}");
    }
    assert_eq!(sync.mailbox.outbox().len(), usize::from(F::MAILS_UNASKED), "{:?}", sync.mailbox.outbox());
}

pub fn sg_18_guests_from_outside_are_shown_by_address_without_a_persons_record<F: FarSide>() {
    let stage = Stage::<F>::new("sg_18");
    let (ann, sync) = stage.set_up::<Event>(PROFILE);
    // Not even where the app knows somebody of that address, and not where the calendar says so.
    let mut stranger = person("Mary Somerville");
    stranger.emails = vec![mail("stranger@elsewhere.example")];
    let known = ann.put("contacts", stranger);
    let mut board = meeting(&stage, "Board", "boss@elsewhere.example", ParticipationStatus::Accepted);
    board.participants[0].person = Some(known.clone());
    put(&sync.mailbox, board);
    for _ in 0..2 {
        sync.run();
        let ours = the(&ann.items::<Event>(), "Board").record;
        let shown: BTreeSet<_> = ours.participants.iter().map(|p| p.address.as_str()).collect();
        assert_eq!(shown, ["ann@example.com", "boss@elsewhere.example", "stranger@elsewhere.example"].into());
        assert!(ours.participants.iter().all(|p| p.person.is_none()), "{:?}", ours.participants);
    }
    assert_eq!(ann.items::<Contact>().len(), 1, "no person is made of a guest");
    assert_eq!(done(ann.local.activities(&known)), []);
}

pub fn sg_27_guests_of_an_apps_event_are_linked_to_their_records<F: FarSide>() {
    for attendees in ["hidden", "real"] {
        let stage = Stage::<F>::new("sg_27");
        let (ann, sync) = stage.set_up::<Event>(PROFILE);
        let sync = sync.with(|p| p.set("attendees", attendees).unwrap());
        let sync = if attendees == "real" { sync.mailing() } else { sync };
        let ada = ann.put("contacts", person("Ada Lovelace"));
        let mut lunch = event("Lunch", &stage.clock, 3);
        lunch.organizer = Some(Organizer { address: address_of("ann"), name: None });
        lunch.participants = vec![Participant { person: Some(ada.clone()), ..guest("ada@work.example", ParticipationStatus::NeedsAction) }];
        let id = ann.put("calendar", lunch);
        done(ann.local.relate(Kind::Event, &id, &ada));
        let linked = |say: &str| {
            let ours = ann.get::<Event>(&id);
            let ours: Vec<_> = ours.participants.iter().map(|p| (p.address.as_str(), p.person.as_ref())).collect();
            assert_eq!(ours, [("ada@work.example", Some(&ada))], "{attendees} {say}");
            assert_eq!(done(ann.local.activities(&ada)), [(Kind::Event, id.clone())], "{attendees} {say}");
        };
        sync.run();
        linked("after it was exported");
        if attendees == "real" && !sync.mailbox.keeps_silent::<Event>(&sync.mailbox.home::<Event>()) {
            assert_eq!((sync.mailbox.items::<Event>().len(), sync.mailbox.outbox().len()), (0, 0), "it waits, and mails nobody");
            continue;
        }
        let there = the(&sync.mailbox.items::<Event>(), "Lunch");
        assert_eq!(there.record.participants.len(), usize::from(attendees == "real"));
        assert!(there.record.participants.iter().all(|p| p.person.is_none()), "whom the app knows is the app's own matter");
        // What comes back from the calendar does not undo the link.
        sync.mailbox.edit::<Event>(&there.id, |e| e.title = Some("Late lunch".into()));
        sync.run();
        assert_eq!(ann.get::<Event>(&id).name(), "Late lunch");
        linked("after an edit in the calendar");
        if attendees == "real" {
            sync.mailbox.edit::<Event>(&there.id, |e| e.participants[0].participation_status = ParticipationStatus::Accepted);
            sync.run();
            assert_eq!(ann.get::<Event>(&id).participants[0].participation_status, ParticipationStatus::Accepted);
            linked("after the guest answered");
        }
    }
}
