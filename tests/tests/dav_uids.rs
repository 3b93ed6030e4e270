//! A UID is in a collection once (RFC 4791 section 5.3.2.1): what becomes of a record whose UID is taken.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod dav;

use dav::{Kit, Thing, table::Table};
use pimkit::{Contact, Event, sync::SyncReport};
use pimkit_simulators::Personality;

fn puts(kit: &Kit) -> usize {
    kit.simulator.requests().iter().filter(|seen| seen.method == "PUT").count()
}

fn says(report: &SyncReport, word: &str) -> bool {
    report.quarantined.iter().any(|item| item.error.contains(word))
}

#[test]
fn a_uid_that_is_only_in_the_trash_is_told_and_not_tried_for_ever() {
    let kit = Kit::of::<Event>(Personality::named("nextcloud").unwrap());
    // Another program's event, with the UID that the app's will have, is deleted: the server keeps it in its trash.
    kit.store::<Event>(3);
    let path = kit.simulator.list(kit.home.as_str()).remove(0);
    let (_, text) = kit.simulator.get(&path).unwrap();
    let uid = text.lines().find_map(|line| line.strip_prefix("UID:")).unwrap().trim().to_owned();
    assert!(kit.simulator.delete(&path));
    let mut event = Event::nth(5);
    event.uid = Some(uid);
    kit.hub.put_all(std::iter::once(event));
    let told = (0..6).find(|_| says(&kit.try_run_of::<Event>().unwrap().sync, "trash"));
    assert!(told.is_some(), "nobody is told: {:?}", kit.try_run_of::<Event>().unwrap().sync);
    kit.simulator.reset_requests();
    (0..16).for_each(|_| drop(kit.try_run_of::<Event>().unwrap()));
    assert!(puts(&kit) <= 4, "{} tries in sixteen runs after it was told", puts(&kit));
    assert_eq!(kit.hub.0.by_hand::<Event>().records().len(), 1, "the record is the app's still");
}

#[test]
fn two_records_of_one_uid_never_come_to_one_item() {
    let mut table = Table::default();
    for server in ["radicale", "sabre", "cyrus", "nextcloud"] {
        table.row(server, || {
            let kit = Kit::new(server);
            let mut twins = [Kit::person(1), Kit::person(2)];
            twins.iter_mut().for_each(|twin| twin.uid = Some("one-and-the-same".to_owned()));
            kit.hub.put_all(twins.into_iter());
            let reports: Vec<SyncReport> = (0..4).map(|_| kit.try_run().unwrap().sync).collect();
            let here = kit.hub.names();
            assert_eq!(here, ["Person 1", "Person 2"], "the app keeps both: {reports:?}");
            let there: Vec<Contact> = kit.there::<Contact>().into_iter().map(|stored| stored.record).collect();
            let names = dav::named(&there);
            // One of them has the place; the other waits, and says why.
            assert!(names == ["Person 1"] || names == ["Person 2"], "{names:?}: {reports:?}");
            assert!(says(&reports[0], "uid") || says(&reports[1], "uid"), "{reports:?}");
            // An edit of each goes to its own item, and to no other's.
            kit.edit_here("Person 1");
            kit.try_run().unwrap();
            let edited = kit.there::<Contact>().into_iter().filter(|stored| stored.record.note() == Some("edited here")).count();
            assert_eq!(edited, usize::from(names == ["Person 1"]));
        });
    }
}
