//! What an account is over several processes, what it may not write, and whom it must not mail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod dav;

use dav::{Kit, SERVERS, Thing, named, reopened, table::Table};
use futures::executor::block_on;
use pimkit::{
    Connector, Contact, Event, Participant, State,
    dav::Endpoints,
    formats::{Authoring, InlineBlobs, TextRecord},
    sync::SyncReport,
};
use pimkit_contract::samples;
use pimkit_simulators::{Personality, Seen};
use std::{sync::Arc, time::Duration};

const PEOPLE: usize = 12;

/// Twelve people on both sides.
fn at_rest(server: &str) -> Kit {
    let kit = Kit::new(server);
    (0..PEOPLE).for_each(|n| kit.put(n));
    kit.run();
    kit.run();
    kit
}

/// What the state kept of the account.
fn kept(kit: &Kit) -> Endpoints {
    let row = block_on(kit.state.account(&"far".into())).unwrap().expect("the account has a row");
    serde_json::from_value(row.endpoints.expect("the row has endpoints")).unwrap()
}

/// Whether a request looks for where things are, instead of at them.
fn discovers(seen: &Seen, collection: &str) -> bool {
    let asks_for_one = seen.method == "PROPFIND" && seen.depth.as_deref() == Some("0") && seen.path != collection;
    seen.method == "OPTIONS" || seen.path == "/" || seen.path.starts_with("/.well-known/") || asks_for_one
}

#[test]
fn another_process_discovers_nothing_that_the_state_kept() {
    let mut table = Table::default();
    for server in SERVERS {
        table.row(server, || {
            let mut kit = at_rest(server);
            let first = kit.simulator.requests();
            assert!(first.iter().any(|seen| discovers(seen, kit.home.as_str())), "{server}: the first process discovers: {first:?}");
            let endpoints = kept(&kit);
            assert_eq!(Some(&endpoints), kit.far.discovered().as_ref(), "{server}");
            for change in [false, true] {
                kit.far = Arc::new(reopened(kit.portal.clone(), &kit.clock, "http://localhost/", Some(endpoints.clone())));
                if change {
                    kit.edit_there(3);
                    kit.edit_here("Person 5");
                }
                kit.simulator.reset_requests();
                let report = kit.run();
                assert_eq!((report.updated.left, report.updated.right), (u64::from(change), u64::from(change)), "{server}: {report:?}");
                let asked = kit.simulator.requests();
                assert!(!asked.iter().any(|seen| discovers(seen, kit.home.as_str())), "{server}: {asked:?}");
            }
        });
    }
}

#[test]
fn what_was_found_from_another_address_is_not_believed() {
    let kit = at_rest("radicale");
    let endpoints = kept(&kit);
    for (url, same) in [
        ("http://localhost/", true),
        ("http://localhost", true),
        (" http://LOCALHOST/ ", true),
        ("http://localhost/alice/", false),
        ("http://localhost:5232/", false),
        ("http://127.0.0.1/", false),
        ("https://localhost/", false),
        ("https://dav.example.org/", false),
    ] {
        let dav = reopened(kit.portal.clone(), &kit.clock, url, Some(endpoints.clone()));
        assert_eq!(dav.discovered().is_some(), same, "{url}");
    }
    // And then it is looked for again.
    kit.simulator.reset_requests();
    let dav = reopened(kit.portal.clone(), &kit.clock, "http://localhost/alice/", Some(endpoints.clone()));
    let anew = block_on(dav.discover()).unwrap();
    assert_ne!(anew.asked, endpoints.asked);
    assert!(!kit.simulator.requests().is_empty());
}

/// Discovery never finds nothing: endpoints without any home are damaged, or another version's.
#[test]
fn endpoints_that_name_no_home_are_looked_for_again() {
    let kit = at_rest("radicale");
    let dav = reopened(kit.portal.clone(), &kit.clock, "http://localhost/", Some(serde_json::from_str("{}").unwrap()));
    let contacts = Connector::contacts(&dav).unwrap();
    assert_eq!(block_on(contacts.collections()).unwrap().len(), 1, "they hide the address book");
}

/// What the report says of what it could not do.
fn is_told(report: &SyncReport) -> bool {
    report.verdict().exit_code() != 0 && (!report.quarantined.is_empty() || report.held > 0 || !report.notes.is_empty())
}

fn writes(kit: &Kit) -> Vec<Seen> {
    let writing = |seen: &Seen| matches!(seen.method.as_str(), "PUT" | "DELETE" | "POST" | "MOVE" | "PROPPATCH");
    kit.simulator.requests().into_iter().filter(writing).collect()
}

/// What a user of the hub does to a collection that may only be read.
#[derive(Clone, Copy, Debug)]
enum Here {
    Edits,
    Deletes,
    Adds,
}

fn read_only(server: &str, from_the_start: bool, here: Here) {
    let kit = Kit::new(server);
    (0..PEOPLE).for_each(|n| kit.put(n));
    if from_the_start {
        assert!(kit.simulator.set_read_only(kit.home.as_str(), true));
    }
    kit.run();
    kit.run();
    let all = named(&(0..PEOPLE).map(Kit::person).collect::<Vec<_>>());
    assert_eq!(kit.hub.names(), all, "what may be read comes");
    assert!(kit.simulator.set_read_only(kit.home.as_str(), true));
    let before: Vec<_> = kit.simulator.list(kit.home.as_str()).iter().map(|path| kit.simulator.get(path)).collect();
    match here {
        Here::Edits => kit.edit_here("Person 4"),
        Here::Deletes => kit.hub.delete::<Contact>("Person 4"),
        Here::Adds => kit.hub.put_all(std::iter::once(Kit::person(100))),
    }
    kit.simulator.reset_requests();
    for round in 0..3 {
        let report = kit.try_run().unwrap().sync;
        assert_eq!(report.created.right + report.updated.right + report.deleted.right + report.deleted.left, 0, "{round}: {report:?}");
        assert!(is_told(&report), "run {round} says nothing: {report:?}");
    }
    assert!(writes(&kit).is_empty(), "{:?}", writes(&kit));
    let after: Vec<_> = kit.simulator.list(kit.home.as_str()).iter().map(|path| kit.simulator.get(path)).collect();
    assert_eq!(before, after, "the server");
    let people = kit.hub.0.by_hand::<Contact>().records();
    match here {
        Here::Edits => {
            assert_eq!(named(&people), all);
            assert_eq!(people.iter().filter(|c| c.note() == Some("edited here")).count(), 1, "the edit is the hub's still");
        }
        Here::Deletes => assert!(all.iter().filter(|name| *name != "Person 4").all(|name| named(&people).contains(name))),
        Here::Adds => assert_eq!(people.len(), PEOPLE + 1),
    }
    // Others go on writing there, and that comes.
    kit.edit_there(7);
    kit.try_run().unwrap();
    assert_eq!(kit.hub.0.by_hand::<Contact>().records().iter().filter(|c| c.note() == Some("edited there")).count(), 1);
    // With the right to write, what waited is done.
    assert!(kit.simulator.set_read_only(kit.home.as_str(), false));
    kit.clock.advance(Duration::from_secs(24 * 3600));
    let reports = [kit.try_run().unwrap().sync, kit.try_run().unwrap().sync];
    let there: Vec<Contact> = kit.there::<Contact>().into_iter().map(|s| s.record).collect();
    let mut expected = all;
    match here {
        Here::Edits => assert!(there.iter().any(|c| c.note() == Some("edited here")), "the edit never arrives: {reports:?}"),
        Here::Deletes => expected.retain(|name| name != "Person 4"),
        Here::Adds => expected.push("Person 100".to_owned()),
    }
    expected.sort();
    assert_eq!((named(&there), kit.hub.names()), (expected.clone(), expected), "{reports:?}");
    assert_eq!(reports[1].verdict().exit_code(), 0, "{reports:?}");
}

#[test]
fn a_collection_that_may_only_be_read_is_read_and_never_written() {
    let mut table = Table::default();
    for server in SERVERS {
        for from_the_start in [true, false] {
            for here in [Here::Edits, Here::Deletes, Here::Adds] {
                table.row(&format!("{server}, from the start: {from_the_start}, {here:?}"), || read_only(server, from_the_start, here));
            }
        }
    }
}

/// A server that nobody knows, and that mails what is stored.
fn mailing() -> Personality {
    let mut personality = Personality::default();
    personality.scheduling.automatic = true;
    personality
}

/// A meeting of alice's with two guests.
fn meeting() -> Event {
    let mut meeting = samples::meeting(3);
    meeting.title = Some("Event 3".to_owned());
    meeting.organizer.as_mut().unwrap().address = "alice@example.com".to_owned();
    assert_eq!(meeting.participants.iter().filter(|p| p.address != "alice@example.com").count(), 2);
    meeting
}

fn kit(personality: Personality) -> Kit {
    let mut kit = Kit::of::<Event>(personality);
    kit.policy.set("attendees", "real").unwrap();
    kit
}

/// Stores a meeting as a calendar program does, which wants its server to mail. Who got mail for it.
fn stored_aloud(kit: &Kit, name: &str) -> usize {
    let mut meeting = meeting();
    meeting.uid = Some(format!("{name}@example.com"));
    meeting.title = Some(name.to_owned());
    let text = Event::author(&meeting, &Authoring::new(pimkit::Clock::now(&kit.clock), "-//A user//1.0//EN"), &InlineBlobs::new()).unwrap();
    let path = format!("{}{name}.ics", kit.home);
    let answer = block_on(kit.far.request("PUT", &path, &[("content-type", "text/calendar; charset=utf-8")], text)).unwrap();
    assert!(answer.status.is_success(), "{}", answer.status);
    let mails = kit.simulator.outbox().len();
    kit.simulator.reset_outbox();
    mails
}

/// Runs, whatever comes of it, and nobody is mailed.
fn silently(kit: &Kit, what: &str) -> SyncReport {
    let report = kit.try_run_of::<Event>().unwrap().sync;
    let mails: Vec<_> = kit.simulator.outbox().into_iter().map(|mail| (mail.method, mail.to)).collect();
    assert_eq!(mails, [], "{what}: {report:?}");
    report
}

fn edit(kit: &Kit, name: &str, change: impl FnOnce(&mut Event)) {
    assert!(kit.hub.0.by_hand::<Event>().edit(&kit.hub.id::<Event>(name), change));
}

/// A meeting of the hub's is copied, changed and deleted.
fn mirrored(kit: &Kit) {
    kit.hub.put_all(std::iter::once(meeting()));
    let report = silently(kit, "made");
    assert_eq!(kit.simulator.list(kit.home.as_str()).len(), 1, "the copy is there: {report:?}");
    edit(kit, "Event 3", |e| e.description = Some("another text".to_owned()));
    silently(kit, "changed");
    edit(kit, "Event 3", |e| e.start = Event::nth(20).start);
    edit(kit, "Event 3", |e| e.end = Event::nth(20).end);
    silently(kit, "moved");
    edit(kit, "Event 3", |e| {
        e.participants.push(Participant { address: "late@example.net".to_owned(), expect_reply: true, ..Participant::default() });
    });
    silently(kit, "with one guest more");
    edit(kit, "Event 3", |e| drop(e.participants.remove(0)));
    silently(kit, "with one guest less");
    kit.hub.delete::<Event>("Event 3");
    silently(kit, "deleted");
    silently(kit, "deleted, once more");
}

/// A meeting that alice's calendar program made is changed and deleted at the hub.
fn own(kit: &Kit, name: &str, change_first: bool) {
    assert!(stored_aloud(kit, name) > 0, "the server does mail");
    silently(kit, "it comes");
    if change_first {
        edit(kit, name, |e| e.locations.clear());
        silently(kit, "its place is taken away");
    }
    kit.hub.delete::<Event>(name);
    let reports = [silently(kit, "it is deleted"), silently(kit, "it is deleted, once more")];
    // Without a word to anybody, it cannot be deleted there; who deleted it here is told so.
    assert_eq!(kit.simulator.list(kit.home.as_str()).iter().filter(|path| path.contains(name)).count(), 1, "{reports:?}");
    assert!(reports.iter().any(|report| report.verdict().exit_code() != 0), "nobody is told: {reports:?}");
}

#[test]
fn a_server_that_does_not_say_whether_it_mails_is_kept_from_mailing() {
    let mut table = Table::default();
    for options in [404, 503, 400, 500, 401, 200] {
        for told in [false, true] {
            let personality = || {
                let mut personality = mailing();
                personality.collections.options = Some(options);
                if told {
                    personality.dav += ", calendar-auto-schedule";
                }
                personality
            };
            let what = format!("OPTIONS {options}, said elsewhere: {told}");
            table.row(&format!("{what}: a copy"), || mirrored(&kit(personality())));
            for change in [false, true] {
                table.row(&format!("{what}: an own meeting, changed: {change}"), || own(&kit(personality()), "planning", change));
            }
            // The names that make it a proof: the server is none that is known, and it did mail.
            let kit = kit(personality());
            assert_eq!(block_on(kit.far.discover()).unwrap().server, "");
            assert!(stored_aloud(&kit, "control") > 0);
        }
    }
}

#[test]
fn who_organises_under_another_name_mails_nobody_by_deleting() {
    let mut table = Table::default();
    for name in [
        "urn:uuid:2c8a9a4c-0000-4000-8000-{user}",
        "urn:x-uid:2c8a9a4c-{user}",
        "/principals/{user}/",
        "/principals/{user}",
        "/principals/__uids__/2c8a9a4c-{user}/",
        "http://localhost/principals/{user}/",
        "mailto:{user}@elsewhere.example",
        "mailto:A.Liddell@example.com",
    ] {
        let personality = || {
            let mut personality = mailing();
            personality.dav += ", calendar-auto-schedule";
            personality.scheduling.organizer_as = Some(name.to_owned());
            personality
        };
        table.row(&format!("{name}: a copy"), || mirrored(&kit(personality())));
        for change in [false, true] {
            table.row(&format!("{name}: an own meeting, changed: {change}"), || own(&kit(personality()), "planning", change));
        }
    }
}
