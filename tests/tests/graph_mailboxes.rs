//! Mailboxes that are not those of who signed in: an application's, which names a user, and one that somebody shares with a delegate.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod graph;

use futures::executor::block_on;
use graph::{ALICE, Kit, Thing};
use pimkit::{
    Access, Contact, ErrorKind, Event, Outcome, Sharing, Task, Write, WriteOptions,
    sync::{NotPrivate, Verdict},
};
use pimkit_simulators::GraphSeen;
use serde_json::json;

/// Whom alice lets at her mailbox.
const BOB: &str = "bob@example.com";
const BOBS: &str = "a-token-of-bobs";
const APPLICATIONS: &str = "a-token-of-an-application";

/// What a delegate consents to.
const DELEGATE: [&str; 4] = ["User.Read", "Contacts.ReadWrite.Shared", "Calendars.ReadWrite.Shared", "Tasks.ReadWrite.Shared"];

/// An application that signed in as itself, at alice's mailbox.
fn of_an_application() -> Kit {
    Kit::let_in(APPLICATIONS, |builder| builder.application(APPLICATIONS), |config| config.mailbox(ALICE))
}

/// Bob, at alice's mailbox; he has not been let in yet.
fn of_bob(scopes: &[&str]) -> Kit {
    let build = |builder: pimkit_simulators::GraphBuilder| builder.user(BOB, "unused").grant(BOBS, BOB, Some(scopes));
    Kit::let_in(BOBS, build, |config| config.mailbox(ALICE))
}

/// Bob, whom alice has let in.
fn of_a_delegate() -> Kit {
    let kit = of_bob(&DELEGATE);
    assert!(kit.simulator.share(ALICE, BOB, true));
    kit
}

/// Methods and paths without ids, those of batches beside those within them.
fn told(asked: &[GraphSeen]) -> Vec<String> {
    // Within a batch an address is spelt as it is, elsewhere as a path has it.
    let named = |path: &str| {
        let words = path.split('/').map(|word| if word.len() > 40 { "{id}".to_owned() } else { word.replace("%40", "@") });
        words.collect::<Vec<_>>().join("/")
    };
    let mut told: Vec<String> = asked.iter().map(|seen| format!("{} {}", seen.method, named(&seen.path))).collect();
    told.sort();
    told
}

/// A first sync, edits of both sides at once, a deletion on each, and runs that find nothing to do.
fn lives<R: Thing>(kit: &Kit, at_rest: &[&str]) {
    for n in 0..5 {
        kit.make(R::nth(n));
        kit.put(&R::path(kit), &R::other(n));
    }
    let report = kit.run::<R>();
    assert_eq!((report.created.left, report.created.right, report.writes()), (5, 5, 10), "{report:?}");
    kit.settle::<R>();
    let [here, there] = kit.names::<R>();
    assert_eq!((here.len(), &here), (10, &there));
    // Each side writes a field of its own into one item.
    let name = here[1].clone();
    let item = kit.there::<R>().remove(&name).unwrap().id;
    let path = format!("{}/{item}", R::path(kit));
    let [(ours, word, _), (theirs, _, body)] = R::edits();
    kit.edit::<R>(&name, ours, word.clone());
    kit.change(&path, &body);
    let report = kit.run::<R>();
    assert_eq!((report.updated.left, report.updated.right, report.conflicts), (1, 1, 0), "{report:?}");
    kit.settle::<R>();
    for side in [kit.here::<R>(), kit.there::<R>()] {
        let (_, stored) = side.into_iter().find(|(_, stored)| stored.record.get(ours) == Some(word.clone())).unwrap();
        assert_ne!(stored.record.get(theirs), None, "{theirs} arrived as well");
    }
    // A deletion on each side; there of one that carries a mark, as tasks that are moved have other ids.
    kit.delete::<R>(&here[0]);
    let marked = kit.there::<R>()[&here[2]].id.clone();
    assert!(kit.simulator.delete(ALICE, &format!("{}/{marked}", R::path(kit))));
    let report = kit.run::<R>();
    assert_eq!((report.deleted.left, report.deleted.right), (1, 1), "{report:?}");
    kit.settle::<R>();
    assert_eq!(kit.names::<R>().map(|names| names.len()), [8, 8]);
    kit.simulator.reset_requests();
    kit.rests::<R>("nothing has changed");
    assert_eq!(told(&kit.simulator.requests()), at_rest);
    kit.silent("nobody is mailed");
    kit.stayed_home("all of it");
}

const CONTACTS_AT_REST: [&str; 5] = [
    "GET /users/alice@example.com/contactFolders",
    "GET /users/alice@example.com/contactFolders/contacts",
    "GET /users/alice@example.com/contactFolders/{id}/childFolders",
    "GET /users/alice@example.com/contacts/delta",
    "POST /$batch",
];
const EVENTS_AT_REST: [&str; 4] = [
    "GET /users/alice@example.com/calendarGroups",
    "GET /users/alice@example.com/calendarGroups/{id}/calendars",
    "GET /users/alice@example.com/calendars",
    "GET /users/alice@example.com/calendars/{id}/events/delta",
];
const TASKS_AT_REST: [&str; 2] = ["GET /users/alice@example.com/todo/lists", "GET /users/alice@example.com/todo/lists/{id}/tasks/delta"];

#[test]
fn an_application_keeps_a_users_mailbox_in_step() {
    lives::<Contact>(&of_an_application(), &CONTACTS_AT_REST);
    lives::<Event>(&of_an_application(), &EVENTS_AT_REST);
    lives::<Task>(&of_an_application(), &TASKS_AT_REST);
}

#[test]
fn a_delegate_keeps_a_shared_mailbox_in_step() {
    lives::<Contact>(&of_a_delegate(), &CONTACTS_AT_REST);
    lives::<Event>(&of_a_delegate(), &EVENTS_AT_REST);
}

/// Who sees the collections of a kind, and whose they are.
fn whose<R: Thing>(kit: &Kit) -> Vec<(Sharing, Option<String>)> {
    let all = block_on(R::repository(&*kit.graph).unwrap().collections()).unwrap();
    assert!(!all.is_empty());
    all.into_iter().map(|collection| (collection.sharing, collection.owner)).collect()
}

#[test]
fn the_mailbox_that_an_application_names_is_its_own_and_that_of_another_user_is_shared() {
    let (own, alices) = ((Sharing::Private, None), (Sharing::Shared, Some(ALICE.to_owned())));
    let me = || Kit::default();
    let by_name = || Kit::new(|builder| builder, |config| config.mailbox(ALICE));
    let by_id = || {
        // A user's id is as good as a name.
        let id = by_name().simulator.get(ALICE, "").map(|user| user["id"].as_str().unwrap().to_owned());
        let id = id.unwrap_or_else(|| {
            let (_, user) = by_name().plainly("GET", "me", &[], Vec::new());
            user["id"].as_str().unwrap().to_owned()
        });
        Kit::new(|builder| builder, |config| config.mailbox(id))
    };
    for (what, kit, expected) in [
        ("one's own", me(), &own),
        ("one's own, by name", by_name(), &own),
        ("one's own, by id", by_id(), &own),
        ("an application's", of_an_application(), &own),
        ("a delegate's", of_a_delegate(), &alices),
    ] {
        for all in [whose::<Contact>(&kit), whose::<Event>(&kit), whose::<Task>(&kit)] {
            assert!(all.iter().all(|one| one == expected), "{what}: {all:?}");
        }
        // Who signed in is asked once, and only where a mailbox is named.
        let asked = kit.simulator.requests().iter().filter(|seen| seen.path == "/me").count();
        assert_eq!(asked, usize::from(what != "one's own"), "{what}");
    }
}

/// Under `folders = private` a delegate's sync is refused before anything is read, and an application's is not.
#[test]
fn a_shared_mailbox_takes_no_part_where_only_private_ones_do() {
    let mut kit = of_a_delegate();
    kit.policy.set("folders", "private").unwrap();
    kit.make(Contact::nth(1));
    kit.put("contacts", &Contact::other(1));
    kit.simulator.reset_requests();
    let error = kit.try_run::<Contact>().unwrap_err();
    assert_eq!((error.kind(), NotPrivate::of(&error)), (ErrorKind::PermissionDenied, Some(NotPrivate::Shared)), "{error}");
    assert!(!error.to_string().contains(ALICE), "{error}");
    assert!(kit.simulator.requests().iter().all(|seen| seen.method == "GET" || seen.path == "/$batch"));
    assert!(!kit.simulator.requests().iter().any(|seen| seen.path.contains("delta")), "nothing of it is read");
    let mut kit = of_an_application();
    kit.policy.set("folders", "private").unwrap();
    kit.make(Contact::nth(1));
    assert_eq!(kit.run::<Contact>().created.right, 1);
}

/// A calendar that the delegate may only look at says so; what is edited in the app all the same is told of and not sent.
#[test]
fn a_calendar_that_a_delegate_may_not_write_is_declared_and_only_read() {
    let kit = of_a_delegate();
    for n in 0..3 {
        kit.put(&Event::path(&kit), &Event::other(n));
    }
    let home = Event::home(&kit);
    assert!(kit.simulator.set_read_only(ALICE, home.as_str(), true));
    let all = block_on(pimkit::Connector::events(&*kit.graph).unwrap().collections()).unwrap();
    let declared = all.iter().find(|collection| collection.id == home).unwrap();
    assert_eq!((declared.access, declared.capabilities.write), (Access::Read, false));
    assert_eq!(kit.run::<Event>().created.left, 3);
    kit.edit::<Event>("Outlook 1", "description", json!("a note of the app"));
    kit.make(Event::nth(7));
    kit.simulator.reset_requests();
    let report = kit.try_run::<Event>().unwrap().sync;
    assert_eq!((report.writes(), report.verdict()), (0, Verdict::LeftOver), "{report:?}");
    assert!(kit.simulator.requests().iter().all(|seen| seen.method == "GET" || seen.path == "/$batch"), "nothing was sent");
    assert_eq!(kit.here::<Event>()["Outlook 1"].record.description.as_deref(), Some("a note of the app"), "and it is not taken back");
    // What alice changes comes in as before.
    let id = kit.there::<Event>()["Outlook 2"].id.clone();
    assert!(kit.simulator.set_read_only(ALICE, home.as_str(), false));
    kit.change(&format!("{}/{id}", Event::path(&kit)), &json!({"location": {"displayName": "Room 2"}}));
    assert!(kit.simulator.set_read_only(ALICE, home.as_str(), true));
    kit.try_run::<Event>().unwrap();
    assert_eq!(kit.here::<Event>()["Outlook 2"].record.locations[0].name.as_deref(), Some("Room 2"));
    // Once she lets him, what waited goes.
    assert!(kit.simulator.set_read_only(ALICE, home.as_str(), false));
    kit.clock.advance(std::time::Duration::from_secs(24 * 3600));
    kit.run::<Event>();
    kit.settle::<Event>();
    assert_eq!(kit.there::<Event>()["Outlook 1"].record.description.as_deref(), Some("a note of the app"));
    assert!(kit.there::<Event>().contains_key("App 7"));
    kit.silent("nobody is mailed");
}

/// Graph does not say of a folder of contacts that it is only read: the first write is refused, each with its reason.
#[test]
fn contacts_that_a_delegate_may_not_write_are_refused_one_by_one_and_nothing_is_lost() {
    let kit = of_bob(&["User.Read", "Contacts.Read.Shared"]);
    assert!(kit.simulator.share(ALICE, BOB, true));
    kit.put("contacts", &Contact::other(1));
    kit.put("contacts", &Contact::other(2));
    let create = Write::Create { mark: "a-mark".into(), record: Contact::nth(1) };
    let contacts = pimkit::Connector::contacts(&*kit.graph).unwrap();
    let outcome = block_on(contacts.write(&Contact::home(&kit), vec![create], &WriteOptions::default())).pop();
    let Some(Outcome::Refused(error)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    kit.make(Contact::nth(5));
    let report = kit.try_run::<Contact>().unwrap().sync;
    assert_eq!((report.created.left, report.created.right), (2, 0), "{report:?}");
    assert_ne!(report.verdict().exit_code(), 0, "and it is told: {report:?}");
    kit.edit::<Contact>("Olga Outlook 1", "nicknames", json!(["Nick"]));
    for _ in 0..2 {
        let report = kit.try_run::<Contact>().unwrap().sync;
        assert_eq!((report.writes(), report.deleted.left), (0, 0), "{report:?}");
    }
    assert_eq!(kit.here::<Contact>().len(), 3);
    assert_eq!(kit.here::<Contact>()["Olga Outlook 1"].record.nicknames, ["Nick"]);
}

#[test]
fn a_mailbox_that_is_not_shared_or_no_longer_is_refused_and_nothing_is_deleted() {
    fn play<R: Thing>() {
        let kit = of_bob(&DELEGATE);
        kit.put(&R::path(&kit), &R::other(1));
        kit.make(R::nth(1));
        let denied = |kit: &Kit, what: &str| {
            let error = kit.try_run::<R>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{what}: {error}");
            assert!(!error.is_temporary() && !error.to_string().contains(ALICE), "{what}: {error}");
        };
        denied(&kit, "never");
        assert!(kit.simulator.share(ALICE, BOB, true));
        kit.run::<R>();
        kit.settle::<R>();
        assert!(kit.simulator.share(ALICE, BOB, false));
        for _ in 0..3 {
            denied(&kit, "no longer");
            assert_eq!(kit.here::<R>().len(), 2);
        }
        assert!(kit.simulator.share(ALICE, BOB, true));
        kit.rests::<R>("again");
        assert_eq!(kit.names::<R>().map(|names| names.len()), [2, 2]);
    }
    play::<Contact>();
    play::<Event>();
}
