//! Guests of meetings over every far side: whether somebody is mailed depends on the policy `attendees` alone. It is the
//! negative control of every rule by which nobody is mailed.

use super::{
    Desk, FarSide, Mailbox, Stage, Sync,
    far::address_of,
    people::{GUESTS, event, invited, meeting, names, the},
};
use pimkit::{Event, ItemId};

const POLICIES: [&str; 4] = ["real", "as_text", "hidden", "drop"];

/// Ann's calendar sync, under one policy of attendees.
fn under<'s, F: FarSide>(stage: &'s Stage<F>, attendees: &str) -> (Desk, Sync<'s, F, Event>) {
    let (ann, sync) = stage.set_up::<Event>("sage");
    let sync = sync.with(|p| {
        p.set("attendees", attendees).unwrap();
        p.set("deletes", "delete").unwrap();
    });
    // So that a deletion leaves no empty calendar, which would be held.
    ann.put("calendar", event("Lunch", &stage.clock, 3));
    (ann, if attendees == "real" { sync.mailing() } else { sync })
}

/// What was mailed, by what it is: `Invitation`, `Update`, `Cancellation`.
fn mailed(mailbox: &impl Mailbox) -> Vec<String> {
    let all = mailbox.outbox();
    for mail in &all {
        assert!(GUESTS.iter().all(|guest| mail.contains(guest)) && !mail.contains(&address_of("ann")), "{mail}");
    }
    all.iter().filter_map(|mail| mail.split_whitespace().next()).map(str::to_owned).collect()
}

/// Who is invited beside the mailbox's own user, whom some providers name in the user's copy and some do not.
fn others(event: &Event) -> Vec<&str> {
    let own = address_of("ann");
    invited(event).into_iter().filter(|address| *address != own).collect()
}

fn titled(title: &str) -> impl FnOnce(&mut Event) + Send + use<> {
    let title = Some(title.to_owned());
    move |e| e.title = title
}

/// The app makes, changes and deletes a meeting of its own. Where guests are guests there too, a provider that mails
/// unasked mails them each time; where its connector knows that, nothing is written.
pub fn guests_of_the_apps_meetings_are_mailed_by_no_policy_but_real<F: FarSide>() {
    for attendees in POLICIES {
        let stage = Stage::<F>::new("guests");
        let (ann, sync) = under(&stage, attendees);
        let mailbox = &sync.mailbox;
        let board = ann.put("calendar", meeting("Board", &stage.clock, 4, &address_of("ann")));
        sync.run();
        let real = attendees == "real";
        if real && !mailbox.keeps_silent::<Event>(&mailbox.home::<Event>()) {
            ann.edit::<Event>(&board, titled("Late board"));
            sync.run();
            assert_eq!(names(&mailbox.items::<Event>()), ["Lunch"], "it waits, and mails nobody");
            assert_eq!((mailed(mailbox).len(), names(&ann.items::<Event>())), (0, vec!["Late board", "Lunch"]));
            continue;
        }
        let there = the(&mailbox.items::<Event>(), "Board").record;
        assert_eq!(invited(&there), if real { GUESTS.to_vec() } else { vec![] }, "{attendees}");
        assert_eq!(there.description.is_some_and(|text| text.contains(GUESTS[0])), attendees == "as_text", "{attendees}");
        ann.edit::<Event>(&board, titled("Late board"));
        sync.run();
        assert_eq!(names(&mailbox.items::<Event>()), ["Late board", "Lunch"], "{attendees}");
        assert_eq!(invited(&ann.get::<Event>(&board)), GUESTS, "{attendees}: the app keeps its guests");
        ann.delete::<Event>(&board);
        sync.run();
        assert_eq!(names(&mailbox.items::<Event>()), ["Lunch"], "{attendees}");
        let expected: &[&str] = if real && F::MAILS_UNASKED { &["Invitation", "Update", "Cancellation"] } else { &[] };
        assert_eq!(mailed(mailbox), expected, "{attendees}");
    }
}

/// Somebody else's meeting comes into the app, and its organiser moves and cancels it: nothing of that is an answer to it.
pub fn what_an_organiser_does_in_the_mailbox_is_answered_with_no_write<F: FarSide>() {
    for attendees in POLICIES {
        let stage = Stage::<F>::new("guests");
        let (ann, sync) = under(&stage, attendees);
        let mailbox = &sync.mailbox;
        let put = |title, organizer: &str| -> ItemId { mailbox.put(&mailbox.home::<Event>(), meeting(title, &stage.clock, 4, organizer)) };
        let there = [put("Board", "boss@elsewhere.example"), put("Mine", &address_of("ann"))];
        sync.run();
        assert_eq!(names(&ann.items::<Event>()), ["Board", "Lunch", "Mine"], "{attendees}");
        let guests = if attendees == "drop" { vec![] } else { GUESTS.to_vec() };
        assert_eq!(others(&the(&ann.items::<Event>(), "Board").record), guests, "{attendees}");
        for id in &there {
            mailbox.edit::<Event>(id, |e| e.description = Some("in room 2".into()));
        }
        sync.run();
        for title in ["Board", "Mine"] {
            assert_eq!(the(&ann.items::<Event>(), title).record.description.as_deref(), Some("in room 2"), "{attendees}");
            assert_eq!(others(&the(&mailbox.items::<Event>(), title).record), GUESTS, "{attendees}");
        }
        // What its organiser cancels goes; a copy that is thrown away says nothing of the meeting.
        there.iter().for_each(|id| mailbox.delete::<Event>(id));
        sync.run();
        assert_eq!(names(&ann.items::<Event>()), ["Board", "Lunch"], "{attendees}");
        assert_eq!(names(&mailbox.items::<Event>()), ["Lunch"], "{attendees}");
        assert!(mailbox.outbox().is_empty(), "{attendees}: {:?}", mailbox.outbox());
    }
}
